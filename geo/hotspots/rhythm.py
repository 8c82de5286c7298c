"""Rhythm: when the whole map has more than chance explains, by clock, week, year, dark and free."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.months import HOURS, UNKNOWN_DAY, UNKNOWN_HOUR
from geo.note import Note
from geo.rhythm import Contrast, Profile, contrast, profile, seasons, week_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.days import Days

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

_YEAR = 12
_MOSTLY = 0.5
_WET_MM = 1.0
"""A wet day, as meteorologists count them (WMO)."""


def run(evidence: Evidence, *, alpha: float = 0.05, min_events: int = 30) -> Result:
    """Give facts about the whole map's time, each as ``geo.rhythm`` tests it; claims no place.

    ``hours`` (168, Monday 00 first; tested with an hour on both sides), ``clock``, ``weekdays`` and
    ``months`` (January first) are compared with how often each came in the months of which
    something is known. ``dark`` compares dark hours with light ones: at night people sleep, so it
    tells the clock as much as the light. ``dark_same_clock`` compares them at clock hours that are
    dark in one part of the period and light in another (after Grogger & Ridgeway 2006), given how
    many events each month had. A month in which people keep later hours can still look like one in
    which they dread the dark. ``public`` holidays, ``school`` holidays, ``weather_wet`` days (1 mm
    or more), and the third of each month that was ``weather_warm`` or ``weather_cold`` are
    compared with other days of the same weekday and month.

    Hours and darkness need events whose hour is known: ``n`` of them; the others ``dated`` to a
    day. Events that are spread over a time are left out of all. In a single year a month's mark may
    be that year's, not the season's. Night work and reporting have rhythms, too: where the time is
    that of the report, it is the office's hours that show.
    """
    used = {"alpha": alpha, "min_events": min_events}
    points, days = evidence.points, evidence.days
    if points is None or points.day is None or points.hour is None or days is None:
        return _nothing(Note("rhythm_no_dates", {}, "warning"), used)
    calendar = _Calendar(days, evidence.known)
    dated = (points.day != UNKNOWN_DAY) & calendar.holds(points.day)
    day = points.day[dated].astype(np.int64)
    timed = points.hour[dated] != UNKNOWN_HOUR
    n, total = int(timed.sum()), len(points)
    if len(day) < min_events:
        few = Note("rhythm_too_few", {"n": len(day), "needed": min_events}, "warning")
        return _nothing(few, used)
    facts: dict[str, Any] = {"n": n, "dated": len(day), "total": total}
    notes = []
    found: dict[str, Profile | Contrast | None] = {}
    if n >= min_events:
        hour = points.hour[dated][timed].astype(np.int64)
        found |= _hours(calendar, day[timed], hour, alpha)
    if n < total:
        values = {"n": total - n, "total": total}
        level: Literal["info", "warning"] = "info" if n >= min_events else "warning"
        notes.append(Note("rhythm_hours_unknown", values, level))
    found |= _by_day(calendar, day, alpha)
    if calendar.years < 2:  # noqa: PLR2004 - of one year no season can be told
        notes.append(Note("rhythm_one_year"))
    if days.dark is None:
        notes.append(Note("rhythm_abroad"))
    facts |= {name: _plain(one) for name, one in found.items() if one is not None}
    return Result({}, notes=tuple(notes), facts=facts, used=used)


class _Calendar:
    """The days of the period of which something is known, by what they are."""

    def __init__(self, days: Days, known: frozenset[int] | None) -> None:
        day = days.first + np.arange(len(days))
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * _YEAR
        told = np.ones(len(day), dtype=bool) if known is None else np.isin(month, list(known))
        self.days, self.day, self.month, self.known = days, day, month, told
        self.weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        self.week = week_of(day)
        months = np.unique(month[told]) % _YEAR
        self.years = int(np.bincount(months, minlength=_YEAR).min())

    def holds(self, day: NDArray[np.int32]) -> Bools:
        """Mark events that lie in a day of which something is known."""
        at = day.astype(np.int64) - self.days.first
        inside = (at >= 0) & (at < len(self.day))
        inside[inside] = self.known[at[inside]]
        return inside

    @property
    def stratum(self) -> Ints:
        """Number the days so that those of the same weekday and month are alike."""
        return self.month * 7 + self.weekday


def _hours(
    calendar: _Calendar, day: Ints, hour: Ints, alpha: float
) -> dict[str, Profile | Contrast | None]:
    """Test what needs the hour. The nights on which clocks change count as any other."""
    week = week_of(day)
    weekdays = np.bincount(calendar.weekday[calendar.known], minlength=7)
    clock = np.full(24, calendar.known.sum())
    found: dict[str, Profile | Contrast | None] = {
        "hours": profile(hour, week, np.repeat(weekdays, HOURS // 7), pool=1, alpha=alpha),
        "clock": profile(hour % 24, week, clock, alpha=alpha),
    }
    dark = calendar.days.dark
    if dark is None:
        return found
    # An hour is dark or light as most of it is: by that rule both the events and the time.
    told = np.repeat(calendar.known, 24)
    flag = (dark.ravel() >= _MOSTLY)[told]
    at = (day - calendar.days.first) * 24 + hour % 24
    n = np.bincount(at, minlength=len(told))[told]
    weeks = np.repeat(calendar.week, 24)[told]
    hours = np.tile(np.arange(24), len(calendar.day))[told]
    months = np.repeat(calendar.month, 24)[told]
    _, which = np.unique(months, return_inverse=True)
    rate = np.bincount(which, n) / np.bincount(which)
    found["dark"] = contrast(n, flag, np.zeros_like(hours), weeks)
    found["dark_same_clock"] = contrast(n, flag, hours, weeks, rate[which])
    return found


def _by_day(calendar: _Calendar, day: Ints, alpha: float) -> dict[str, Profile | Contrast | None]:
    """Test what needs the day alone."""
    known, days = calendar.known, calendar.days
    at = day - days.first
    week = calendar.week[at]
    season = calendar.month % _YEAR
    n = np.bincount(at, minlength=len(known))
    found: dict[str, Profile | Contrast | None] = {
        "weekdays": profile(
            calendar.weekday[at], week, np.bincount(calendar.weekday[known], minlength=7),
            alpha=alpha,
        ),
        "months": seasons(n[known], season[known], calendar.week[known], _YEAR, alpha=alpha),
    }  # fmt: skip
    kinds = {"public": (days.public, known), "school": (days.school, known)}
    rain, warmth = days.weather.get("precipitation"), days.weather.get("temperature")
    if rain is not None:
        kinds["weather_wet"] = (rain >= _WET_MM, known & ~np.isnan(rain))
    if warmth is not None:
        told = known & ~np.isnan(warmth)
        rank = _rank_within(calendar.month, np.where(told, warmth, np.nan))
        kinds["weather_warm"] = (rank > 2 / 3, told)
        kinds["weather_cold"] = (rank <= 1 / 3, told)
    for name, (flag, told) in kinds.items():
        if flag is not None:
            found[name] = contrast(n[told], flag[told], calendar.stratum[told], calendar.week[told])
    return found


def _rank_within(group: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each value's rank within its group as a share from above 0 to 1; NaN stays NaN."""
    rank = np.full(len(values), np.nan)
    for one in np.unique(group):
        mine = np.flatnonzero((group == one) & ~np.isnan(values))
        rank[mine[np.argsort(values[mine], kind="stable")]] = (1 + np.arange(len(mine))) / len(mine)
    return rank


def _plain(found: Profile | Contrast) -> dict[str, Any]:
    """Give it in values that JSON knows; a number that is none is None."""
    if isinstance(found, Contrast):
        return asdict(found)
    told = {"n": found.n, "expected": found.expected, "ratio": found.ratio, "q": found.q}
    plain = {
        name: [None if np.isnan(value) else value for value in values.tolist()]
        for name, values in told.items()
    }
    return {**plain, "mark": found.mark.tolist()}


def _nothing(note: Note, used: dict[str, Any]) -> Result:
    return Result({}, enough=False, notes=(note,), used=used)


METHOD = Method(
    name="rhythm",
    summary="Hours, days and months with more than chance explains; darkness, holidays. No places.",
    source="Korn & Graubard (1998); Grogger & Ridgeway (2006); Benjamini & Hochberg (1995)",
    columns=(),
    run=run,
    parameters=(
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is said", above=0),
    ),
    needs_points=True,
    needs_days=True,
    resamples=False,
    order=95,
)
