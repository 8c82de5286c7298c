"""Packs all counted events, and what the statistics need, so that the page can count anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots.claims import Settings, tested
from geo.hotspots.method import Evidence
from geo.months import HOURS, UNKNOWN_MONTH
from geo.neighbours import LatticeNeighbours, ring_reach
from maps import phrases
from maps.packing import letters_of
from maps.situation import ALL
from maps.symbols import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from geo.cube import Cube
    from geo.neighbours import Neighbours
    from maps.packing import Streams
    from maps.situation import Situation
    from maps.words import Words

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_BYTES = 2_600_000
"""Characters (compressed, in letters) that the cube may take of a page of at most 4 MB."""
MOST_BACK = 120
"""Months up to the month of the meeting that the page can count; the period is always whole."""
MOST_BINS = 240
"""Bins of months that a page tells apart: a byte says which."""
HOUR_STEPS = (1, 3, 6, 24, 168)
MONTH_STEPS = (1, 3, 6, 12, 24, 60, 120, 600, 6_000, 60_000, 600_000)
"""Hours and months that are counted together, from the finest down."""

_SCALES = (1, 2, 10, 100, 1000)
_NONE, _ALL, _MIXED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Months:
    """Bins of months in time order, each its first and last month; None: those without a date.

    ``period`` are the bins of the statistics, first and last: together exactly its months.
    """

    spans: tuple[tuple[int, int] | None, ...]
    period: tuple[int, int]

    def bins(self, month: Ints) -> Ints:
        """Give the bin of each month; -1 where the page does not count it."""
        if self.spans == (None,):
            return np.zeros(len(month), dtype=np.int64)
        undated = int(self.spans[0] is None)
        dated = [span for span in self.spans if span is not None]
        found = np.searchsorted([first for first, _ in dated], month, side="right") - 1 + undated
        inside = (month >= dated[0][0]) & (month <= dated[-1][1])
        return np.where(
            inside, found, np.where((month == UNKNOWN_MONTH) & bool(undated), 0, -1)
        ).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Rows:
    """The events as the page counts them: sorted by cell, category, hour and month, all in bins.

    ``held`` and ``held_weight`` are those of a row in school holidays; None where nobody has said
    when these are.
    """

    cell: Ints
    category: Ints
    hour: Ints
    month: Ints
    n: Ints
    weight: Floats
    held: Ints | None = None
    held_weight: Floats | None = None


def live(
    situation: Situation, words: Words, streams: Streams, most: int | None = None
) -> dict[str, Any] | None:
    """Describe all events by cell, month, category and hour; the numbers go into the streams.

    Months run from the first with an event (``MOST_BACK`` at most, but always the whole period) to
    that of the meeting. An event known only from one time to another counts once, whole, at an
    unknown hour in its month. Events without a date are left out unless the statistics count them
    too: then they have a bin of their own, the first. So the period's bins together hold exactly
    the events of the first view.

    Where that would be more than ``most`` (``MOST_BYTES`` unless told), hours are counted
    together, then months, and ``coarse`` says so. None where there are no events, or where even
    that does not help.
    """
    most = MOST_BYTES if most is None else most
    for hours, step in _ladder(situation):
        months = month_bins(situation, step)
        categories = _categories(situation, months)
        rows = rows_of(situation, categories, months, hours)
        if not len(rows.n):
            return None
        trial = streams.beside()
        packed = _pack(situation, rows, months, trial)
        # What is far too large needs no compression to tell.
        if len(rows.n) <= 4 * most and letters_of(trial.data) <= most:
            streams.join(trial)
            return _told(situation, categories, months, hours, step, words) | packed
    return None


def _ladder(situation: Situation) -> Iterator[tuple[int, int]]:
    """Give hours and months that are counted together, from the finest to the coarsest."""
    fits = [s for s in MONTH_STEPS if len(month_bins(situation, s).spans) <= MOST_BINS]
    yield from ((hours, fits[0]) for hours in HOUR_STEPS)
    if situation.month:
        yield from ((HOUR_STEPS[-1], step) for step in fits[1:])


def month_bins(situation: Situation, step: int) -> Months:
    """Lay bins of ``step`` months, counted back from the month of the meeting.

    The bin in which the period begins is cut there, and counting goes on before it.
    """
    if not situation.month:
        return Months((None,), (0, 0))
    begin, last = situation.months[0], situation.month
    span = situation.cube.span or (begin, last)
    first = min(begin, max(span[0], last - MOST_BACK + 1))
    edges = [*_back(last, begin, step), *_back(begin - 1, first, step)][::-1]
    undated = _counts_undated(situation)
    spans: list[tuple[int, int] | None] = [None, *edges] if undated else [*edges]
    inside = [i for i, one in enumerate(spans) if one is None or one[0] >= begin]
    return Months(tuple(spans), (inside[0], inside[-1]))


def _back(last: int, first: int, step: int) -> Iterator[tuple[int, int]]:
    """Cut the months into bins, the latest first."""
    for end in range(last, first - 1, -step):
        yield max(first, end - step + 1), end


def _counts_undated(situation: Situation) -> bool:
    """Say whether the statistics count events without a date, as they do without a period."""
    cube = situation.cube
    undated = int(cube.n[cube.month == UNKNOWN_MONTH].sum())
    if not undated:
        return False
    return situation.views[0].n == cube.select(months=situation.months).total + undated


def _categories(situation: Situation, months: Months) -> Ints:
    """Give the categories that are counted, as positions in the cube, the most frequent first."""
    cube = situation.cube
    kept = months.bins(cube.month) >= 0
    n = np.bincount(cube.category[kept], weights=cube.n[kept], minlength=len(cube.categories))
    return np.lexsort((np.arange(len(n)), -n))[: int((n > 0).sum())].astype(np.int64)


def rows_of(situation: Situation, categories: Ints, months: Months, hours: int) -> Rows:
    """Bring the cube's rows to bins of months and hours, and add up those that fall together."""
    cube = situation.cube
    number = np.zeros(max(len(cube.categories), 1), dtype=np.int64)
    number[categories] = np.arange(len(categories))
    slots = HOURS // hours + 1

    def keyed(cube: Cube) -> tuple[Ints, Ints, Floats]:
        month = months.bins(cube.month)
        kept = np.flatnonzero(month >= 0)
        key = cube.cell[kept] * len(categories) + number[cube.category[kept]]
        key = key * slots + cube.hour[kept] // hours
        key = key * len(months.spans) + month[kept]
        unique, at = np.unique(key, return_inverse=True)
        n = np.bincount(at, weights=cube.n[kept], minlength=len(unique)).astype(np.int64)
        weight = np.bincount(at, weights=cube.weight[kept], minlength=len(unique))
        return unique, n, weight.astype(np.float64)

    key, n, weight = keyed(cube)
    rest, month = np.divmod(key, len(months.spans))
    rest, hour = np.divmod(rest, slots)
    cell, category = np.divmod(rest, len(categories))
    rows = Rows(cell, category, hour, month, n, weight)
    if situation.holidays is None:
        return rows
    mine, held_n, held_weight = keyed(situation.holidays)
    at = np.searchsorted(key, mine)
    held, weights = np.zeros(len(n), dtype=np.int64), np.zeros(len(n))
    held[at], weights[at] = held_n, held_weight
    return Rows(cell, category, hour, month, n, weight, held, weights)


# --- packing -------------------------------------------------------------------------------------


def _pack(situation: Situation, rows: Rows, months: Months, streams: Streams) -> dict[str, Any]:
    """Append the rows, and what the statistics need.

    Each column holds steps within the same cell, category and hour: small numbers, most of them
    alike, each column by itself, which is what deflate's Huffman codes are good at.
    """
    new = np.append(True, np.diff(rows.cell) != 0)[: len(rows.n)]
    packed: dict[str, Any] = {
        "rows": streams.small(np.bincount(rows.cell, minlength=len(situation.cells)))
    }
    for name in ("category", "hour", "month"):
        column = getattr(rows, name)
        step = np.diff(column, prepend=0)
        packed[name] = streams.small(np.where(new, column, step))
        new = new | (step != 0)
    packed["n"] = streams.small(rows.n - 1)
    packed["weight"] = _weights(rows.weight, np.flatnonzero(rows.weight != rows.n), streams)
    packed["holidays"] = _holidays(rows, len(months.spans), streams)
    return {"packed": packed, "statistics": _statistics(situation, streams)}


def _weights(weight: Floats, at: Ints, streams: Streams) -> dict[str, Any] | None:
    """Pack the weights of some rows: whole numbers of a scale where that is exact, or every bit."""
    if not len(at):
        return None
    values = weight[at]
    with np.errstate(over="ignore"):
        fit = [_whole(values, scale) for scale in _SCALES]
    best = int(np.argmax([exact.sum() for exact in fit]))
    exact = fit[best]
    whole = np.rint(np.where(exact, values, 0.0) * _SCALES[best])
    return {
        "at": streams.add(at, deltas=True),
        "scale": _SCALES[best],
        "whole": streams.add(whole.astype(np.int64)),
        "not": streams.add(np.flatnonzero(~exact), deltas=True),
        "exact": streams.floats(values[~exact]),
    }


def _whole(values: Floats, scale: int) -> NDArray[np.bool_]:
    """Mark the values that a whole number, divided by the scale, gives back to the last bit."""
    whole = np.rint(values * scale)
    return np.asarray((np.abs(whole) < 2.0**40) & (whole / scale == values))


def _holidays(rows: Rows, months: int, streams: Streams) -> dict[str, Any] | None:
    """Pack how many of each row fell in school holidays; whole months are told once.

    Of rows of one event a bit, of others a number. Weights only of rows that are divided.
    """
    if rows.held is None or rows.held_weight is None:
        return None
    n = np.bincount(rows.month, weights=rows.n, minlength=months)
    held = np.bincount(rows.month, weights=rows.held, minlength=months)
    kind = np.where(held == 0, _NONE, np.where(held == n, _ALL, _MIXED))
    mixed = kind[rows.month] == _MIXED
    lone = mixed & (rows.n == 1)
    divided = mixed & (rows.held > 0) & (rows.held < rows.n)
    weighted = bool((rows.weight != rows.n).any())
    return {
        "months": kind.tolist(),
        "bits": streams.small(np.packbits(rows.held[lone] > 0, bitorder="little")),
        "told": streams.small(rows.held[mixed & ~lone]),
        "weight": streams.mostly(rows.held_weight[divided]) if weighted else None,
    }


def _statistics(situation: Situation, streams: Streams) -> dict[str, Any]:
    """Describe how hotspots are tested, cell by cell, so that the page tests them alike."""
    cells = situation.cells
    methods: Mapping[str, Mapping[str, Any]] = situation.settings.get("methods", {})
    used = dict(methods.get("gi_star", {}))
    asked = Settings(**used)
    n, weight = situation.cube.select(
        months=None if _counts_undated(situation) or not situation.month else situation.months
    ).per_cell()
    evidence = Evidence(cells, n, weight, exposure=situation.exposure)
    found = tested(evidence, asked)
    alike = asked.neighbourhood == "queen"
    centres = None
    if cells.grid is None:
        centres = {"x": streams.floats(cells.x), "y": streams.floats(cells.y)}
    return {
        "share": streams.mostly(evidence.share),
        "area": streams.mostly(np.rint(cells.area_m2)),
        "centres": centres,
        "beside": _neighbours(cells.neighbours, streams),
        "neighbours": None if alike else _neighbours(found.neighbours, streams),
        "alpha": asked.alpha,
        "minEvents": asked.min_events,
        "minOccupied": asked.min_occupied,
        "minPlace": asked.min_place,
        "correction": asked.correction,
        "values": found.used["values"],
        "exposure": situation.exposure is not None,
        "inference": "analytic" if asked.inference == "auto" else asked.inference,
        "kde": _kde(methods.get("kde", {})),
    }


def _neighbours(neighbours: Neighbours, streams: Streams) -> dict[str, Any]:
    """Describe who is around a cell: of a lattice the reach, of other cells every pair once."""
    if isinstance(neighbours, LatticeNeighbours):
        reach = ring_reach(neighbours.kind, 1) if neighbours.reach is None else neighbours.reach
        return {"reach": [list(run) for run in reach]}
    first, second = neighbours.pairs()
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    before = np.append(-1, second[:-1])[: len(first)]
    alone = np.append(True, np.diff(first) != 0)[: len(first)]
    return {
        "count": streams.small(np.bincount(first, minlength=len(neighbours.sizes))),
        "step": streams.small(second - np.where(alone, first, before) - 1),
    }


def _kde(used: Mapping[str, Any]) -> dict[str, Any] | None:
    """Describe the density, where one kernel serves all events."""
    if not used.get("bandwidth") or used.get("adaptive") or used.get("edge_correction"):
        return None
    return {"kernel": used["kernel"], "bandwidth": used["bandwidth"]}


# --- words ---------------------------------------------------------------------------------------


def _told(
    situation: Situation,
    categories: Ints,
    months: Months,
    hours: int,
    step: int,
    words: Words,
) -> dict[str, Any]:
    """Name months, categories and families, and say what was counted together."""
    keys = [situation.cube.categories[i] for i in categories]
    known = [situation.categories.get(key) for key in keys]
    family = ["other" if one is None else one.family for one in known]
    shown = [view.family for view in situation.views if view.family != ALL]
    order = [key for key in dict.fromkeys([*shown, *family]) if key in family]
    return {
        "monthLabels": [
            words("page.cube.undated") if span is None else phrases.month_run(span, words)
            for span in months.spans
        ],
        "monthSpans": months.spans,
        "monthsPerBin": step,
        "hoursPerBin": hours,
        "categoryKeys": [plain(key) for key in keys],
        "categoryLabels": [plain(words.category(key, situation.categories)) for key in keys],
        "categoryFamily": family,
        "families": [
            {"key": key, "label": plain(phrases.map_name(key, words, situation))} for key in order
        ],
        "period": months.period,
        "coarse": _coarse(hours, step, words),
    }


def _coarse(hours: int, step: int, words: Words) -> str:
    """Say what is counted together lest the page be too large; empty where nothing is."""
    said = [words(f"page.cube.hours_{hours}")] if hours > 1 else []
    if step > 1:
        said.append(words("page.cube.months_too" if said else "page.cube.months", months=step))
    return " ".join(said)
