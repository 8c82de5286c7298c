"""How long units stayed where, from their timed positions: square by square and hour by hour."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geo.aoristic import cut_by_hour
from geo.months import HOURS
from geo.pieces import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]
    Clock = Callable[[Ints], tuple[NDArray[np.int32], NDArray[np.int16]]]

SQUARE_M = 25.0
"""Side of the squares in which time is added up, and the longest piece of a way."""

FARTHEST_M = SQUARE_M * 2**20
"""Coordinates must be nearer to the origin than this."""

_HOUR = 3600
_AXIS = 1 << 20
_AXIS_BITS = 21
_SLOT_BITS = 21
_FIRST_MONTH = 1970 * 12
_MOST_PIECES = 1 << 20
_MOST_WAITING = 1 << 21


@dataclass(frozen=True, slots=True)
class Rules:
    """When nothing is known between two positions, and which positions no vehicle can reach."""

    longest_gap_s: float = 300.0
    fastest_mps: float = 200 / 3.6


@dataclass(frozen=True, eq=False)
class Judged:
    """Positions of a batch that say nothing; masks parallel to it, at most one true for each.

    ``late``: older than what its unit had when the batch began. ``again``: its unit has a position
    of that time. ``fast``: no way there from the last good position.
    """

    late: Mask
    again: Mask
    fast: Mask


@dataclass(frozen=True, eq=False)
class Dwell:
    """Seconds by square, month and hour of the week; each combination once, sorted.

    ``x`` and ``y`` are where the time in the square was spent on average, ``month`` and ``hour``
    as in ``geo.months``.
    """

    x: Floats
    y: Floats
    month: NDArray[np.int32]
    hour: NDArray[np.int16]
    seconds: Floats

    def __len__(self) -> int:
        return len(self.seconds)


class _Sums(NamedTuple):
    """Seconds, and seconds times the way from the square's corner, by packed key."""

    key: Ints
    seconds: Floats
    east: Floats
    north: Floats

    def take(self, which: Mask | Ints) -> _Sums:
        return _Sums(self.key[which], self.seconds[which], self.east[which], self.north[which])

    def total(self, first: Ints) -> _Sums:
        """Add up runs of equal keys that begin at ``first``."""
        if not len(first):
            return self
        sums = (np.add.reduceat(values, first) for values in self[1:])
        return _Sums(self.key[first], *sums)


class _Way(NamedTuple):
    """Positions sorted by unit and time; ``whose`` is each one's place in its batch, or -1."""

    unit: Ints
    time: Floats
    x: Floats
    y: Floats
    whose: Ints

    def take(self, which: Mask | Ints) -> _Way:
        return _Way(*(values[which] for values in self))  # type: ignore[arg-type]  # of its own types


@dataclass(eq=False)
class DwellBuilder:
    """Adds up time batch by batch; holds each unit's last position, and sums.

    However many positions come, memory follows the number of different squares, months and hours
    of the week in which units were (about 100 bytes each at most), and the number of units.

    The time between two consecutive positions of a unit is spread evenly along the straight line
    between them, in pieces of at most ``SQUARE_M``; standing is a line of one piece. Of more than
    ``longest_gap_s`` nothing is known (``gap_s``); time in squares whose centre is not in
    ``reach`` is counted apart (``outside_s``). A position that is too fast from the last good one
    is passed over; as a gap is not judged by speed, one wrong position can cost no more than
    ``longest_gap_s`` of good ones. So always, for each unit: seconds, gap and outside add up to
    the time from its first good position to its last.

    Positions are taken in the order of time within a batch; batches come oldest first, or newest
    first, as the first of them tells. ``clock`` gives month and hour of the week at the beginning
    of hours (counted from 1970, universal time; zones whole hours apart).

    A straight line cuts corners: the farther apart positions are, the less the squares between
    them are believed (Hutt, Bowers & Johnson 2021, "The effect of GPS refresh rate on measuring
    police patrol in micro-places"). A receiver at rest wanders by some metres.
    """

    rules: Rules
    clock: Clock
    reach: BaseGeometry | None = None
    gap_s: float = 0.0
    outside_s: float = 0.0
    _last: Floats = field(default_factory=lambda: np.empty((3, 0)))
    _sign: float = 0.0
    _waiting: list[_Sums] = field(default_factory=list)
    _done: _Sums = field(default_factory=lambda: _nothing())  # noqa: PLW0108 - defined below

    def add(self, unit: Ints, at: Floats, x: Floats, y: Floats) -> Judged:
        """Take a batch of positions; say which of them tell nothing.

        ``unit`` are 0, 1, …; ``at`` seconds since 1970, universal time, up to the year 2200;
        ``x`` and ``y`` metres, nearer to the origin than ``FARTHEST_M``. All are finite.
        """
        judged = Judged(*(np.zeros(len(unit), dtype=bool) for _ in range(3)))
        if not len(unit):
            return judged
        self._sign = self._sign or _direction(unit, at)
        self._make_room(int(unit.max()) + 1)
        before = self._last[0, unit]
        time = self._sign * at
        judged.late[:] = time < before  # never of NaN
        whose = np.flatnonzero(~judged.late)
        met = np.zeros(self._last.shape[1], dtype=bool)
        met[unit[whose]] = True
        known = np.flatnonzero(met & ~np.isnan(self._last[0]))
        # The last position of each unit comes before its first of the batch.
        way = _Way(
            np.concatenate([known, unit[whose]]),
            np.concatenate([self._last[0, known], time[whose]]),
            np.concatenate([self._last[1, known], x[whose]]),
            np.concatenate([self._last[2, known], y[whose]]),
            np.concatenate([np.full(len(known), -1), whose]),
        )
        way = way.take(_in_order(way.unit, way.time))
        again = np.zeros(len(way.unit), dtype=bool)
        again[1:] = (np.diff(way.unit) == 0) & (np.diff(way.time) == 0)
        judged.again[way.whose[again]] = True
        way = way.take(~again)
        fast = self._too_fast(way)
        judged.fast[way.whose[fast]] = True
        self._take(way.take(~fast))
        return judged

    def build(self) -> Dwell:
        """Give the sums of everything added so far."""
        self._merge()
        key, seconds, east, north = self._done
        slot = key & ((1 << _SLOT_BITS) - 1)
        month = (slot // HOURS + _FIRST_MONTH).astype(np.int32)
        hour = (slot % HOURS).astype(np.int16)
        del slot
        column, row = _corner(key >> _SLOT_BITS)
        x, y = _mean(column, east, seconds), _mean(row, north, seconds)
        return Dwell(x, y, month, hour, seconds)

    def _make_room(self, units: int) -> None:
        have = self._last.shape[1]
        if units > have:
            more = np.full((3, max(units - have, have)), np.nan)
            self._last = np.concatenate([self._last, more], axis=1)

    def _too_fast(self, way: _Way) -> Mask:
        """Mark positions that cannot be reached from the last good one before them."""
        unit, time, x, y, _ = way
        span = np.diff(time)
        apart = np.hypot(np.diff(x), np.diff(y))
        near = (unit[1:] == unit[:-1]) & (span <= self.rules.longest_gap_s)
        fast = np.zeros(len(unit), dtype=bool)
        done = 0
        for suspect in (
            np.flatnonzero(near & (apart > self.rules.fastest_mps * span)) + 1
        ).tolist():
            if suspect <= done:  # was judged from an earlier one
                continue
            good, done = suspect - 1, suspect
            while done < len(unit) and unit[done] == unit[good]:
                span_s = time[done] - time[good]
                far = np.hypot(x[done] - x[good], y[done] - y[good])
                if span_s > self.rules.longest_gap_s or far <= self.rules.fastest_mps * span_s:
                    break
                fast[done] = True
                done += 1
        return fast

    def _take(self, way: _Way) -> None:
        """Lay out the time between good positions, and remember the last of each unit."""
        unit, time, x, y, _ = way
        ends = np.flatnonzero(np.diff(unit, append=-1))
        self._last[:, unit[ends]] = time[ends], x[ends], y[ends]
        first = np.flatnonzero(unit[1:] == unit[:-1])
        span = time[first + 1] - time[first]
        gap = span > self.rules.longest_gap_s
        self.gap_s += float(span[gap].sum())
        first, span = first[~gap], span[~gap]
        second = first + 1
        if self._sign < 0:
            first, second = second, first
        dx, dy = x[second] - x[first], y[second] - y[first]
        pieces = np.maximum(np.ceil(np.hypot(dx, dy) / SQUARE_M), 1).astype(np.int64)
        for part in _portions(pieces):
            self._lay(
                self._sign * time[first[part]],
                span[part],
                (x[first[part]], dx[part]),
                (y[first[part]], dy[part]),
                pieces[part],
            )

    def _lay(
        self,
        begin: Floats,
        span: Floats,
        x: tuple[Floats, Floats],
        y: tuple[Floats, Floats],
        pieces: Ints,
    ) -> None:
        """Cut stretches into pieces and add them up by square and hour."""
        whose, nth = numbered(pieces)
        middle = (nth + 0.5) / pieces[whose]
        east = x[0][whose] + middle * x[1][whose]
        north = y[0][whose] + middle * y[1][whose]
        seconds = (span / pieces)[whose]
        whole, hour, seconds = _by_hour(begin[whose] + nth * seconds, seconds)
        if whole is not None:
            east, north = east[whole], north[whole]
        column, row = np.floor(east / SQUARE_M), np.floor(north / SQUARE_M)
        square = _square(column.astype(np.int64), row.astype(np.int64))
        sums = _Sums(
            (square << _SLOT_BITS) + hour,
            seconds,
            (east - column * SQUARE_M) * seconds,
            (north - row * SQUARE_M) * seconds,
        )
        # Most pieces follow one of the same square and hour: sorting is for what is left.
        self._push(self._inside(_together([sums.total(_runs(sums.key))])))

    def _inside(self, sums: _Sums) -> _Sums:
        """Keep squares within reach."""
        if self.reach is None:
            return sums
        square = sums.key >> _SLOT_BITS
        first = _runs(square)
        column, row = _corner(square[first])
        here = shapely.intersects_xy(self.reach, (column + 0.5) * SQUARE_M, (row + 0.5) * SQUARE_M)
        inside = np.repeat(here, np.diff(first, append=len(square)))
        self.outside_s += float(sums.seconds[~inside].sum())
        return sums.take(inside)

    def _push(self, sums: _Sums) -> None:
        """Put month and hour of the week in the place of the hour, and let sums wait."""
        square, hour = np.divmod(sums.key, 1 << _SLOT_BITS)
        hours, at = np.unique(hour, return_inverse=True)
        month, of_week = self.clock(hours)
        slot = (month.astype(np.int64) - _FIRST_MONTH) * HOURS + of_week
        self._waiting.append(sums._replace(key=(square << _SLOT_BITS) + slot[at]))
        if sum(len(one.key) for one in self._waiting) > _MOST_WAITING:
            self._merge()

    def _merge(self) -> None:
        """Add what waits to what is there, in its place where its combination is there already."""
        if not self._waiting:
            return
        new = _together(self._waiting)
        self._waiting = []
        key = self._done.key
        at = np.searchsorted(key, new.key)
        there = np.zeros(len(at), dtype=bool)
        within = at < len(key)
        there[within] = key[at[within]] == new.key[within]
        for whole, more in zip(self._done[1:], new[1:], strict=True):
            whole[at[there]] += more[there]
        pairs = zip(self._done, new.take(~there), strict=True)
        self._done = _Sums(*(np.insert(whole, at[~there], more) for whole, more in pairs))


def _nothing() -> _Sums:
    return _Sums(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0))


def _direction(unit: Ints, at: Floats) -> float:
    """Say whether units' times mostly grow (1) or fall (-1)."""
    order = np.argsort(unit, kind="stable")
    steps = np.sign(np.diff(at[order]))[np.diff(unit[order]) == 0]
    return -1.0 if steps.sum() < 0 else 1.0


def _in_order(unit: Ints, time: Floats) -> Ints:
    """Sort by unit and time; what is of the same time stays in its order."""
    small = unit.astype(np.int16) if unit.max(initial=0) < 2**15 else unit  # sorted much faster
    order = np.argsort(small, kind="stable")
    if ((np.diff(time[order]) < 0) & (np.diff(unit[order]) == 0)).any():
        order = np.lexsort((time, unit))
    return order


def _portions(pieces: Ints) -> Iterator[slice]:
    """Cut stretches into portions of about so many pieces that memory stays bounded."""
    reach = np.cumsum(pieces)
    last = int(reach[-1]) if len(reach) else 0
    cuts = np.searchsorted(reach, np.arange(_MOST_PIECES, last, _MOST_PIECES)) + 1
    bounds = np.unique(np.concatenate([[0], cuts, [len(pieces)]])).tolist()
    yield from (slice(a, b) for a, b in pairwise(bounds))


def _by_hour(begin: Floats, seconds: Floats) -> tuple[Ints | None, Ints, Floats]:
    """Cut the few pieces that an hour ends in: whose (None: no piece is cut), hour, seconds."""
    hour = np.floor(begin / _HOUR).astype(np.int64)
    over = np.flatnonzero(begin + seconds > (hour + 1) * float(_HOUR))
    if not len(over):
        return None, hour, seconds
    into = begin[over] - hour[over] * _HOUR
    whose, start, within = cut_by_hour(hour[over] * _HOUR, into + seconds[over])
    start = start // _HOUR
    within = within - np.where(start == hour[over][whose], into[whose], 0.0)
    kept = np.delete(np.arange(len(hour)), over)
    return (
        np.concatenate([kept, over[whose]]),
        np.concatenate([hour[kept], start]),
        np.concatenate([seconds[kept], within]),
    )


def _square(column: Ints, row: Ints) -> Ints:
    """Pack a square's address into one whole number."""
    return ((column + _AXIS) << _AXIS_BITS) + (row + _AXIS)


def _corner(square: Ints) -> tuple[Ints, Ints]:
    """Give column and row of packed squares."""
    column, row = np.divmod(square, 1 << _AXIS_BITS)
    return column - _AXIS, row - _AXIS


def _mean(axis: Ints, way: Floats, seconds: Floats) -> Floats:
    """Give the mean position along an axis; rounding must not push it over the square's edge."""
    within = np.clip(way / seconds, 0.0, np.nextafter(SQUARE_M, 0))
    mean: Floats = axis * SQUARE_M + within
    return mean


def _runs(key: Ints) -> Ints:
    """Give where runs of equal keys begin."""
    return np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else key


def _together(parts: Sequence[_Sums]) -> _Sums:
    """Add up equal keys; they come sorted, each once. One column at a time, to save memory."""
    key = np.concatenate([part.key for part in parts])
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = _runs(key)
    if not len(first):
        return _nothing()
    columns = zip(*(part[1:] for part in parts), strict=True)
    sums = (np.add.reduceat(np.concatenate(column)[order], first) for column in columns)
    return _Sums(key[first], *sums)
