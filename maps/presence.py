"""Packs where and when patrols were, so that the page can set them against trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.months import HOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cube import Cube
    from maps.live import Months
    from maps.packing import Streams
    from maps.situation import Situation
    from maps.words import Words

    Ints = NDArray[np.int64]

_TENTHS = 10
_SLOTS = HOURS + 1


def packed(
    situation: Situation, streams: Streams, words: Words, months: Months
) -> dict[str, Any] | None:
    """Pack patrol minutes by cell, bin of months and hour of the week; None without patrols.

    The bins of months are those in which the page counts events; minutes of other months are left
    out. Rows are sorted by cell, month and hour: ``cell`` are the cells that have any, ``rows``
    how many each has; ``month`` (bin), ``hour`` (168 is unknown) and ``tenths`` (of a minute) run
    over the rows.

    Not each row is rounded but the running sum, so that a cell's minutes, and any other run of
    rows, are wrong by at most 0.1 and the whole by at most 0.05. What rounds to nothing is no row.

    ``days`` are the calendar days of each bin (0 of the one without dates), ``outside`` a sentence
    on the minutes of these months that lie in no cell (empty where none do).
    """
    cube = situation.presence
    if cube is None:
        return None
    cell, month, hour, tenths = _rows(cube, months.bins(cube.month))
    cells, rows = np.unique(cell, return_counts=True)
    return {
        "cell": streams.add(cells, deltas=True),
        "rows": streams.add(rows),
        "month": streams.add(month),
        "hour": streams.add(hour),
        "tenths": streams.add(tenths),
        "days": [0 if span is None else _days(*span) for span in months.spans],
        "reach_m": situation.settings["reach_m"],
        "promise_minutes_per_week": situation.settings.get("promise_minutes_per_week"),
        "outside": _outside(situation, cube, months, words),
    }


def _rows(cube: Cube, bins: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Give cell, bin of months, hour and tenths of a minute of every row that is not nothing."""
    kept = bins >= 0
    width = int(bins.max(initial=0)) + 1
    place = (cube.cell[kept] * width + bins[kept]) * _SLOTS + cube.hour[kept]
    key, at = np.unique(place, return_inverse=True)
    minutes = np.bincount(at, weights=cube.weight[kept], minlength=len(key))
    running = np.rint(np.cumsum(minutes) * _TENTHS)
    tenths = np.diff(running, prepend=0.0)
    rest, hour = np.divmod(key[tenths > 0], _SLOTS)
    cell, month = np.divmod(rest, width)
    return cell, month, hour, tenths[tenths > 0].astype(np.int64)


def _days(first: int, last: int) -> int:
    """Count the days from the first month to the last, both included."""
    ends = np.array([first - 1970 * 12, last + 1 - 1970 * 12]).astype("datetime64[M]")
    return int(np.diff(ends.astype("datetime64[D]").astype(np.int64))[0])


def _outside(situation: Situation, cube: Cube, months: Months, words: Words) -> str:
    """Say how many minutes of the bins lie in no cell."""
    found = [layer.presence for layer in situation.layers if layer.presence is not None]
    everything = 0.0
    for part in found:
        kept = months.bins(part.month.astype(np.int64)) >= 0
        everything += float(part.weight[kept].sum())
    inside = float(cube.weight[months.bins(cube.month) >= 0].sum())
    minutes = round(everything - inside)
    return words("page.presence.outside", n=minutes) if minutes > 0 else ""
