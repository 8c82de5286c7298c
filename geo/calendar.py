"""Periods of whole days, such as school holidays: which days and which months lie in them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_PERIOD = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\s*/\s*(\d{4}-\d{2}-\d{2}))?")


class Period(NamedTuple):
    """A first and a last day, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


def parse_period(text: str) -> Period:
    """Read ``2021-02-15/2021-02-19``; one day alone is a period of that day.

    Raises ``ValueError`` on anything else, also on a day that does not exist and on a last day
    before the first.
    """
    match = _PERIOD.fullmatch(text.strip())
    if not match:
        raise ValueError(f"expected two days as YYYY-MM-DD/YYYY-MM-DD, found {text!r}")
    days = []
    for day in (match[1], match[2] or match[1]):
        try:
            days.append(date.fromisoformat(day))
        except ValueError as error:
            raise ValueError(f"expected a day that exists, found {day!r}") from error
    if days[1] < days[0]:
        raise ValueError(f"expected the first day before the last, found {text!r}")
    return Period(*days)


def merged(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Sort periods and unite those that share a day or follow on one another."""
    found: list[Period] = []
    for one in sorted(periods):
        if found and one.first.toordinal() <= found[-1].last.toordinal() + 1:
            found[-1] = Period(found[-1].first, max(found[-1].last, one.last))
        else:
            found.append(one)
    return tuple(found)


def in_periods(days: NDArray[np.datetime64], periods: Iterable[Period]) -> NDArray[np.bool_]:
    """Mark the days (``datetime64[D]``) that lie in one of the periods; NaT lies in none."""
    whole = merged(periods)
    first = np.array([one.first for one in whole], dtype="datetime64[D]")
    last = np.array([one.last for one in whole], dtype="datetime64[D]")
    known = ~np.isnat(days)
    inside = np.zeros(len(days), dtype=bool)
    at = np.searchsorted(first, days[known], side="right") - 1  # the latest that has begun
    begun = at >= 0
    inside[np.flatnonzero(known)[begun]] = days[known][begun] <= last[at[begun]]
    return inside


def months_unnamed(months: tuple[int, int], periods: Sequence[Period]) -> tuple[int, ...]:
    """Give the months (as in ``geo.months``), first and last included, that periods leave open.

    Where a period lies wholly within a year, somebody has gone through that year, and every month
    of it is taken to be known. Of another year only the months that a period touches are known:
    Christmas holidays from December to January tell nothing about the summers on either side.
    """
    years = {one.first.year for one in periods if one.first.year == one.last.year}
    touched = {
        month for one in periods for month in range(_month_of(one.first), _month_of(one.last) + 1)
    }
    return tuple(
        month
        for month in range(months[0], months[1] + 1)
        if month // 12 not in years and month not in touched
    )


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1
