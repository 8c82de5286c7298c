"""Packs where and when patrols were, so that the page can set them against trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.months import HOURS
from maps.counting import presence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cube import Cube
    from maps.packing import Streams
    from maps.situation import Situation
    from maps.words import Words

    Ints = NDArray[np.int64]

_TENTHS = 10
_SLOTS = HOURS + 1


def packed(
    situation: Situation,
    streams: Streams,
    words: Words,
    *,
    first_month: int,
    months_per_bin: int,
    months: int,
) -> dict[str, Any] | None:
    """Pack patrol minutes by cell, bin of months and hour of the week; None without patrols.

    The bins are those of the page's cube: ``months`` of them, each of ``months_per_bin`` months
    from ``first_month`` on. Minutes of other months are left out; where events have no dates, there
    is one bin, and all patrols are in it. Rows are sorted by cell, month and hour: ``cell`` are
    the cells that have any, ``rows`` how many each has; ``month`` (bin), ``hour`` (168 is unknown)
    and ``tenths`` (of a minute) run over the rows.

    Not each row is rounded but the running sum, so that a cell's minutes, and any other run of
    rows, are wrong by at most 0.1 and the whole by at most 0.05. What rounds to nothing is no row.

    ``days`` are the calendar days of each bin (None without dates), ``outside`` a sentence
    on the minutes of these months that lie in no cell (empty where none do).
    """
    cube = situation.presence
    if cube is None:
        return None
    dated = bool(situation.month)
    window = (first_month, first_month + months * months_per_bin - 1) if dated else None
    part = cube.select(months=window)
    bins = (part.month - first_month) // months_per_bin if dated else np.zeros_like(part.month)
    cell, month, hour, tenths = _rows(part, bins)
    cells, rows = np.unique(cell, return_counts=True)
    return {
        "cell": streams.add(cells, deltas=True),
        "rows": streams.add(rows),
        "month": streams.add(month),
        "hour": streams.add(hour),
        "tenths": streams.add(tenths),
        "days": _days(first_month, months_per_bin, months) if dated else None,
        "reach_m": situation.settings["reach_m"],
        "promise_minutes_per_week": situation.settings.get("promise_minutes_per_week"),
        "outside": _outside(situation, part, window, words),
    }


def _rows(part: Cube, bins: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Give cell, bin of months, hour and tenths of a minute of every row that is not nothing."""
    width = int(bins.max(initial=0)) + 1
    key, at = np.unique((part.cell * width + bins) * _SLOTS + part.hour, return_inverse=True)
    minutes = np.bincount(at, weights=part.weight, minlength=len(key))
    running = np.rint(np.cumsum(minutes) * _TENTHS)
    tenths = np.diff(running, prepend=0.0)
    rest, hour = np.divmod(key[tenths > 0], _SLOTS)
    cell, month = np.divmod(rest, width)
    return cell, month, hour, tenths[tenths > 0].astype(np.int64)


def _days(first_month: int, months_per_bin: int, months: int) -> list[int]:
    """Count the days of each bin of months."""
    starts = first_month + np.arange(months + 1) * months_per_bin
    days = (starts - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    return [int(n) for n in np.diff(days).astype(np.int64)]


def _outside(situation: Situation, part: Cube, window: tuple[int, int] | None, words: Words) -> str:
    """Say how many minutes of the window lie in no cell."""
    found = presence(situation.layers, window)
    everything = 0.0 if found is None else float(found[2].sum())
    minutes = round(everything - float(part.weight.sum()))
    return words("page.presence.outside", n=minutes) if minutes > 0 else ""
