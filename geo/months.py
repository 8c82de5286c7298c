"""Months as whole numbers, and the hours of the week."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOURS = 168
"""Hours of the week: 0 is Monday 00-01, 167 is Sunday 23-24."""

UNKNOWN_HOUR = HOURS
"""The hour of the week of an event whose hour is not known."""

UNKNOWN_MONTH = -1
"""The month of an event whose date is not known (years before 1 do not occur)."""

UNKNOWN_DAY = -(2**31)
"""The day of an event whose date is not known, or not known to within a day."""

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def parse_month(text: str) -> int:
    """Number the month written ``YYYY-MM``: twelve times the year plus 0 to 11.

    Raises ``ValueError`` on anything else.
    """
    match = _MONTH.fullmatch(text)
    if not match:
        raise ValueError(f"expected a month as YYYY-MM, found {text!r}")
    return int(match[1]) * 12 + int(match[2]) - 1


def month_text(month: int) -> str:
    """Write a month number as ``YYYY-MM``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def last_day(month: int) -> date:
    """Give the last day of a month."""
    year, after = divmod(month + 1, 12)
    return date(year, after + 1, 1) - timedelta(days=1)


def month_and_hour(local: NDArray[np.datetime64]) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Split local wall-clock times into month numbers and hours of the week.

    ``NaT`` becomes ``UNKNOWN_MONTH`` and ``UNKNOWN_HOUR``. The caller sets ``UNKNOWN_HOUR`` for
    events known by date only: midnight is an hour like any other here.
    """
    missing = np.isnat(local)
    month = local.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    hours = local.astype("datetime64[h]").astype(np.int64)
    hour = (hours + 72) % HOURS  # 1970-01-01 was a Thursday
    return (
        np.where(missing, UNKNOWN_MONTH, month).astype(np.int32),
        np.where(missing, UNKNOWN_HOUR, hour).astype(np.int16),
    )


def day_of(local: NDArray[np.datetime64]) -> NDArray[np.int32]:
    """Number the local days from 1970-01-01 on; ``NaT`` becomes ``UNKNOWN_DAY``."""
    days = local.astype("datetime64[D]").astype(np.int64)
    return np.where(np.isnat(local), UNKNOWN_DAY, days).astype(np.int32)
