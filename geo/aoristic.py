"""Events known only from one time to another, spread over the months and hours between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.months import HOURS, UNKNOWN_HOUR, month_and_hour
from geo.pieces import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Moments = NDArray[np.datetime64]

_HOUR = 3600
_WEEK = HOURS * _HOUR
_FIRST_MONTH, _FIRST_HOUR = (
    int(part[0]) for part in month_and_hour(np.zeros(1, dtype="datetime64[s]"))
)
"""Month and hour of the week in which time is counted from."""


@dataclass(frozen=True, eq=False)
class Between:
    """From when to when each of some events may have happened; the arrays are parallel to them.

    ``start`` and ``end`` are ``datetime64[s]`` as clocks on the wall showed them, the end not
    included, and NaT for events that need no spreading. Where ``timed`` is False only the days
    are known: the months between are, and the hours are not.
    """

    start: Moments
    end: Moments
    timed: Bools

    @property
    def needed(self) -> Bools:
        """Which events are to be spread."""
        needed: Bools = ~(np.isnat(self.start) | np.isnat(self.end))
        return needed

    @property
    def midpoint(self) -> Moments:
        """The middle of each event's time; NaT where it is not to be spread.

        Of days alone, the middle between the first second and the last.
        """
        last = self.end - np.where(self.timed, 0, 1).astype("timedelta64[s]")
        return np.asarray(self.start + (last - self.start) // 2)

    def take(self, which: Bools | Ints | slice) -> Between | None:
        """Keep some of the events; None where none of them is to be spread."""
        part = Between(self.start[which], self.end[which], self.timed[which])
        return part if part.needed.any() else None

    def but(self, certain: Bools) -> Between:
        """Leave some of the events out of those to be spread."""
        return replace(self, start=np.where(certain, np.datetime64("NaT", "s"), self.start))

    def extent(self) -> tuple[int, int, int]:
        """Count the events to be spread, those over several months, and the days of the longest."""
        start, last = self.start[self.needed], self.end[self.needed] - np.timedelta64(1, "s")
        if not len(start):
            return 0, 0, 0
        months = start.astype("datetime64[M]") != last.astype("datetime64[M]")
        seconds = int((last - start).max().astype(np.int64)) + 1
        return len(start), int(months.sum()), -(-seconds // 86_400)


class Shares(NamedTuple):
    """Parts of events: whose, in which month and hour of the week, and how much of the event."""

    event: Ints
    month: NDArray[np.int32]
    hour: NDArray[np.int16]
    share: Floats


def spread(start: Moments, end: Moments, timed: Bools | None = None) -> Shares:
    """Spread each event evenly over the time in which it may have happened.

    The share of a month and hour of the week is the part of the interval, end not included, that
    lies in it, to the second: first and last hours count by the part that is covered, and a long
    interval may cover an hour of the week many times. The shares of an event add up to 1; no
    combination of event, month and hour comes twice; the order is not promised. Events that are
    not ``timed`` (all are if omitted) are spread over months and have ``UNKNOWN_HOUR``. An
    interval of no length is a moment. NaT at either end gives no share. No interval is too long:
    one of a year has a share in all 168 hours of each of its months, and says little of any.

    Time is that of the clock on the wall: the hour skipped in March counts as an hour, the one
    that comes twice in October as one.

    This is aoristic analysis (Ratcliffe & McCullagh 1998; Ratcliffe 2000). It takes every moment
    between the ends for equally likely. That flattens peaks: what is found broken in the morning
    is spread over the whole night, and over the day for those who were away. Shares are no counts:
    they come in bundles, so that neighbouring hours rise together, and a test for counts does not
    hold for them.

    Raises
    ------
    ValueError
        Where an event ends before it starts.
    """
    which = np.flatnonzero(~(np.isnat(start) | np.isnat(end)))
    low, high = (t[which].astype("datetime64[s]").astype(np.int64) for t in (start, end))
    if (high < low).any():
        raise ValueError("an event cannot end before it starts")
    high = np.maximum(high, low + 1)
    whole = high - low
    whose, month, low, high = _by_month(low, high)
    length = high - low
    clock = np.ones(len(whose), dtype=bool) if timed is None else timed[which][whose]
    # More than 167 hours touch all 168 hours of the week, some perhaps twice.
    long = clock & (length > _WEEK - _HOUR)
    short = np.flatnonzero(clock & ~long)
    dense = np.flatnonzero(long)
    days = np.flatnonzero(~clock)
    piece, hour, seconds = _by_hour_of_week(low[short], length[short].astype(np.float64))
    weeks, rest = np.divmod(length[dense], _WEEK)
    more, at, part = _by_hour_of_week(low[dense], rest.astype(np.float64))
    full = np.bincount(more * HOURS + at, weights=part, minlength=len(dense) * HOURS)
    full += np.repeat(weeks * _HOUR, HOURS)
    of = np.concatenate([short[piece], np.repeat(dense, HOURS), days])
    return Shares(
        which[whose[of]],
        month[of].astype(np.int32),
        np.concatenate(
            [hour, np.tile(np.arange(HOURS), len(dense)), np.full(len(days), UNKNOWN_HOUR)]
        ).astype(np.int16),
        np.concatenate([seconds, full, length[days]]) / whole[whose[of]],
    )


def cut_by_hour(begin: Ints, seconds: Floats) -> tuple[Ints, Ints, Floats]:
    """Cut spans of time where hours end: whose, the hour's beginning, the seconds within it.

    ``begin`` and the hours' beginnings are in seconds since 1970 on the same clock. A span of no
    length gives one piece of no length; the pieces of the others add up to their ``seconds``.
    """
    into = begin % _HOUR
    pieces = np.maximum(np.ceil((into + seconds) / _HOUR).astype(np.int64), 1)
    whose, nth = numbered(pieces)
    low = np.maximum(nth * float(_HOUR), into[whose])
    high = np.minimum((nth + 1) * float(_HOUR), (into + seconds)[whose])
    return whose, (begin - into)[whose] + nth * _HOUR, high - low


def _by_hour_of_week(begin: Ints, seconds: Floats) -> tuple[Ints, Ints, Floats]:
    """Cut spans where hours end: whose, hour of the week, seconds."""
    whose, hour, part = cut_by_hour(begin, seconds)
    return whose, (hour // _HOUR + _FIRST_HOUR) % HOURS, part


def _by_month(low: Ints, high: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut intervals (seconds since 1970) where months end: whose, month, from, to."""
    first, last = (
        moments.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        for moments in (low, high - 1)
    )
    whose, nth = numbered(last - first + 1)
    month = first[whose] + nth
    begins, ends = (
        m.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
        for m in (month, month + 1)
    )
    low, high = np.maximum(low[whose], begins), np.minimum(high[whose], ends)
    return whose, month + _FIRST_MONTH, low, high
