"""Kulldorff's scan: the circle and time window that hold most beyond what is expected."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[Any]
    Simulate = Callable[[np.random.Generator], Ints]

Direction = Literal["prospective", "retrospective"]

_SAME_M = 1e-6
"""Distances closer than this are one distance: a circle takes all places on its edge, or none."""
_TIE = 1e-9
"""Likelihood ratios closer than this are equal: a tie counts against the claim."""
_PILOT = 32
_BATCH = 1 << 18
"""Counts that are compared in one go: what the cache of a core holds."""
_WAITING = 1 << 14
_EULER = 0.5772156649015329


# --- zones ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Zones:
    """Nested circles around centres: places by distance, and how many of them each circle holds.

    ``centre[i]`` is a place; its neighbours, itself first, are ``member[begin[i]:begin[i + 1]]``.
    Its circles are ``first[i]`` to ``first[i + 1]``; circle z holds the ``size[z]`` nearest and
    reaches ``radius[z]`` metres, to the centre of the furthest. ``places`` is how many there are.
    """

    places: int
    centre: Ints
    begin: Ints
    member: Ints
    first: Ints
    size: Ints
    radius: Floats

    def __len__(self) -> int:
        return len(self.size)

    @property
    def of_centre(self) -> Ints:
        """For each circle, the position of its centre in ``centre``."""
        return np.repeat(np.arange(len(self.centre)), np.diff(self.first))

    def members(self, zone: int) -> Ints:
        """The places in a circle, nearest first."""
        begin = self.begin[int(np.searchsorted(self.first, zone, side="right")) - 1]
        return self.member[begin : begin + self.size[zone]]

    def sums(self, values: Numbers) -> Numbers:
        """Add one value a place over every circle, in the values' own type."""
        running = np.concatenate(
            [np.zeros(1, values.dtype), np.cumsum(values[self.member], dtype=values.dtype)]
        )
        begin = self.begin[self.of_centre]
        return np.asarray(running[begin + self.size] - running[begin])

    def distinct(self, occupied: NDArray[np.bool_]) -> Zones:
        """Leave out places that cannot matter, then circles that hold the same places as another.

        Of equal circles the one with the least radius stays. Equality is by sums of 64 random
        bits a place: two unlike circles of a million would pass for one in 3 of 100 million runs.
        """
        kept = occupied[self.member]
        running = np.concatenate([[0], np.cumsum(kept)])
        of_centre = self.of_centre
        begin = running[self.begin]
        size = running[self.begin[of_centre] + self.size] - begin[of_centre]
        code = np.random.default_rng(0).integers(
            0, 2**64, self.places, dtype=np.uint64, endpoint=False
        )
        same = self.sums(np.where(occupied, code, np.uint64(0)))
        order = np.lexsort((of_centre, self.radius, same))
        new = np.ones(len(order), dtype=bool)
        new[1:] = same[order[1:]] != same[order[:-1]]
        zone = np.sort(order[new & (size[order] > 0)])
        counts = np.bincount(of_centre[zone], minlength=len(self.centre))
        with_any = np.flatnonzero(counts)
        first = np.concatenate([[0], np.cumsum(counts[with_any])])
        most = size[zone][first[1:] - 1] if len(zone) else np.zeros(0, np.int64)
        at = np.repeat(begin[with_any] - np.concatenate([[0], np.cumsum(most)[:-1]]), most)
        member = self.member[kept][at + np.arange(len(at))] if len(zone) else self.member[:0]
        return Zones(
            self.places,
            self.centre[with_any],
            np.concatenate([[0], np.cumsum(most)]).astype(np.int64),
            member,
            first.astype(np.int64),
            size[zone].astype(np.int64),
            self.radius[zone],
        )


def zones(
    x: Floats,
    y: Floats,
    *,
    centres: Ints | None = None,
    max_radius_m: float | None = None,
    max_share: float | None = None,
    weights: Floats | None = None,
    most: int | None = None,
) -> Zones:
    """Give all circles around places (metres) that reach no further than the limits.

    ``centres`` are the places to draw around (all). ``max_share`` limits the part of the
    ``weights`` (cases or population, one each place; else places count alike) that a circle may
    hold, ``most`` the number of places. Places at one distance come together. The smallest circle
    of a centre, the place alone, always takes part, so that no place is beyond looking at.
    """
    centres = np.arange(len(x)) if centres is None else centres
    chunk = max(1, 4_000_000 // max(len(x), 1))
    limits = {"max_radius": max_radius_m, "max_share": max_share, "weights": weights, "most": most}
    return _join(
        [
            zones_of(np.hypot(x[c, None] - x, y[c, None] - y), centres=c, **limits)  # type: ignore[arg-type]
            for c in (centres[i : i + chunk] for i in range(0, max(len(centres), 1), chunk))
        ]
    )


def zones_of(
    distance: Floats,
    *,
    centres: Ints | None = None,
    max_radius: float | None = None,
    max_share: float | None = None,
    weights: Floats | None = None,
    most: int | None = None,
) -> Zones:
    """Give the circles from a table of distances, one row a centre, one column a place.

    As :func:`zones`, for distances of any kind: great circles, walking.
    """
    places = distance.shape[1]
    centres = np.arange(places) if centres is None else centres
    near = distance <= (np.inf if max_radius is None else max_radius + _SAME_M)
    near[np.arange(len(centres)), centres] = True
    row, member = near.nonzero()
    far = distance[row, member]
    order = np.lexsort((member, far, row))
    member, far = member[order], far[order]
    begin = np.searchsorted(row, np.arange(len(centres) + 1))
    rank = np.arange(len(row)) - begin[row]
    last = np.ones(len(row), dtype=bool)
    last[:-1] = (row[1:] != row[:-1]) | (far[1:] - far[:-1] > _SAME_M)
    weight = np.ones(places) if weights is None else np.asarray(weights, dtype=np.float64)
    running = np.concatenate([[0.0], np.cumsum(weight[member])])
    held = running[1:] - running[begin[row]]
    allowed = last.copy()
    if max_share is not None:
        allowed &= held <= max_share * weight.sum() * (1 + 1e-9)
    if most is not None:
        allowed &= rank < most
    ends = np.flatnonzero(last)
    allowed[ends[np.searchsorted(ends, begin[:-1])]] = True
    zone = np.flatnonzero(allowed)
    first = np.searchsorted(row[zone], np.arange(len(centres) + 1))
    size = rank[zone] + 1
    longest = size[first[1:] - 1]
    kept = rank < longest[row]
    return Zones(
        places,
        np.asarray(centres, dtype=np.int64),
        np.concatenate([[0], np.cumsum(longest)]).astype(np.int64),
        member[kept].astype(np.int64),
        first.astype(np.int64),
        size.astype(np.int64),
        far[zone],
    )


def _join(parts: Sequence[Zones]) -> Zones:
    """Put circles around different centres together."""

    def offsets(name: str) -> Ints:
        steps = np.concatenate([np.diff(getattr(part, name)) for part in parts])
        return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)

    def together(name: str) -> Numbers:
        return np.concatenate([getattr(part, name) for part in parts])

    return Zones(
        parts[0].places,
        together("centre").astype(np.int64),
        offsets("begin"),
        together("member").astype(np.int64),
        offsets("first"),
        together("size").astype(np.int64),
        together("radius").astype(np.float64),
    )


# --- windows ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Windows:
    """The windows of time: all of at most ``longest`` steps, or only those that end at the end.

    Counts are kept as *rows* from which every window is one row or a difference of two:
    prospective, row i is the last i + 1 steps; retrospective, row i is all before step i (repeated
    at the end, so that windows by length and start make a full table; those beyond the end are
    not ``valid``).
    """

    steps: int
    longest: int
    prospective: bool

    @property
    def rows(self) -> int:
        return self.longest if self.prospective else self.steps + self.longest

    @property
    def shape(self) -> tuple[int, int]:
        """Of the table of windows: by length, then by first step."""
        return (self.longest, 1 if self.prospective else self.steps)

    @property
    def valid(self) -> NDArray[np.bool_]:
        length, start = np.indices(self.shape)
        return np.asarray(start + length < self.steps)

    def fill(self, counts: Numbers) -> Numbers:
        """Sum counts over time (the second axis) into rows, in the counts' own type."""
        kind = counts.dtype
        if self.prospective:
            ending = counts[:, ::-1][:, : self.longest]
            return np.cumsum(ending, axis=1, dtype=kind)
        rows = np.zeros((counts.shape[0], self.rows, *counts.shape[2:]), dtype=kind)
        for t in range(self.rows - 1):
            step = counts[:, t] if t < self.steps else 0
            np.add(rows[:, t], step, out=rows[:, t + 1])
        return rows

    def table(self, rows: Numbers, out: Numbers | None = None) -> Numbers:
        """Give every window's count from contiguous rows (any axes behind them stay)."""
        if self.prospective:
            return rows[:, None]
        step, rest = rows.strides[0], rows.strides[1:]
        ends = as_strided(
            rows[1:], (self.longest, self.steps, *rows.shape[1:]), (step, step, *rest)
        )
        return np.asarray(np.subtract(ends, rows[None, : self.steps], out=out))

    def pairs(self, longest: Ints) -> tuple[Ints, bool]:
        """Give the row in which the windows of these lengths (less one) end, for each start.

        And whether the row of the start is to be taken away. Windows end with the last step.
        """
        if self.prospective:
            return longest, False
        return (longest[:, None] + np.arange(1, self.steps + 1)).ravel(), True

    def one(self, rows: Numbers, at: tuple[Numbers, ...], window: Ints) -> Numbers:
        """Pick single windows' counts: ``at`` chooses before and behind the axis of rows."""
        before, behind = at[:1], at[1:]
        if self.prospective:
            return np.asarray(rows[(*before, window, *behind)])
        length, start = np.divmod(window, self.steps)
        ends = rows[(*before, start + length + 1, *behind)]
        return np.asarray(ends - rows[(*before, start, *behind)])

    def span(self, window: int) -> tuple[int, int]:
        """First and last step of a window, both included."""
        if self.prospective:
            return self.steps - 1 - window, self.steps - 1
        length, start = divmod(window, self.steps)
        return start, start + length


# --- likelihood -------------------------------------------------------------------------------


def log_likelihood_ratio(count: Floats, expected: Floats, total: float | None = None) -> Floats:
    """Score counts above their expectation; 0 where they are not above.

    With a ``total`` that is given (Kulldorff 1997; Kulldorff et al. 2005):
    ``c ln(c/e) + (C - c) ln((C - c)/(C - e))``. Without one, each count against its own
    expectation (Neill et al. 2005): ``c ln(c/e) + e - c``. Infinite where nothing was expected.
    """
    c, e = np.asarray(count, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    above = c > e
    c, e = np.where(above, c, 1.0), np.where(above, e, 1.0)
    with np.errstate(divide="ignore"):
        score = c * np.log(c / e)
    if total is None:
        score += e - c
    else:
        rest, hoped = total - c, total - e
        inside = above & (rest > 0)
        rest, hoped = np.where(inside, rest, 1.0), np.where(inside, hoped, 1.0)
        score += rest * np.log(rest / hoped)
    return np.where(above, np.maximum(score, 0.0), 0.0)


@dataclass(frozen=True, eq=False)
class _Limits:
    """The largest count whose score is at most a bound, by expectation; never too large.

    Scores grow with the count and fall with the expectation, so one table over expectations
    (by the first bits of their binary form) replaces two logarithms a cylinder. Within a step of
    the table the least limit holds: it lets a few too many through to the exact score.
    """

    bound: float
    table: Ints
    lowest: int

    _SHIFT = 13
    _LEAST = np.float32(2.0**-20)

    @classmethod
    def of(cls, bound: float, highest: float, total: float | None, least: int) -> _Limits:
        """Tabulate for expectations up to ``highest``; counts under ``least`` never pass."""
        reach = highest + bound + (bound * bound + 2 * bound * highest) ** 0.5
        most = int(reach) + 2 + least
        most = most if total is None else min(most, int(total))
        c = np.arange(max(most, least) + 1, dtype=np.float64)
        low, high = np.zeros(len(c)), c.copy()
        for _ in range(64):
            middle = (low + high) / 2
            beyond = log_likelihood_ratio(c, middle, total) > bound
            low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
        enough = high * (1 + 1e-6)
        enough[:least] = 0.0
        lowest = int(cls._LEAST.view(np.int32)) >> cls._SHIFT
        last = int(np.float32(max(highest, 1.0) * 1.01).view(np.int32)) >> cls._SHIFT
        steps = np.arange(lowest, last + 1, dtype=np.int32) << cls._SHIFT
        edge = steps.view(np.float32).astype(np.float64)
        edge[0] = 0.0
        table = np.searchsorted(np.maximum.accumulate(enough), edge, side="right") - 1
        return cls(bound, table.astype(np.int64), lowest)

    def __call__(self, expected: Floats) -> Ints:
        short = np.maximum(expected.astype(np.float32), self._LEAST)
        return np.asarray(self.table[(short.view(np.int32) >> self._SHIFT) - self.lowest])


# --- the search -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Search:
    """Everything that stays the same over replicates: circles, windows and expectations.

    ``expected`` are rows of time of each place; a cylinder's expectation is its sum divided by
    ``divisor``: whole numbers stay exact so, and equal cylinders score equal.
    """

    zones: Zones
    windows: _Windows
    expected: Floats
    divisor: float
    total: float | None
    least: int

    def score(self, count: Floats, expected: Floats) -> Floats:
        """Score counts; ``expected`` is not yet divided."""
        ratio = log_likelihood_ratio(count, expected / self.divisor, self.total)
        return np.where(count >= self.least, ratio, 0.0)


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Runs of a centre's circles, by runs of lengths of time, that are asked together.

    A cylinder holds what the cylinders inside it hold, and a larger one needs more to pass a
    bound. So if the largest circle over the longest window stays within the limit of the smallest
    over the shortest, none between them passes. ``outer`` and ``inner`` are the circles of a run,
    ``limit`` what may be held by run, run of lengths and start; ``expected`` are the rows of
    ``outer``; runs of centre i are ``first[i]`` to ``first[i + 1]``. Runs of lengths (less one)
    go from ``shortest`` to ``longest``.
    """

    limits: _Limits
    first: Ints
    inner: Ints
    outer: Ints
    shortest: Ints
    longest: Ints
    limit: NDArray[np.int32]
    expected: Floats

    @classmethod
    def of(cls, search: _Search, bound: float) -> _Boxes:
        zones, windows = search.zones, search.windows
        valid = windows.valid
        place = windows.table(np.moveaxis(search.expected, 1, 0)) / search.divisor
        heaviest = np.asarray(zones.sums(place[valid].max(axis=0)), dtype=np.float64)
        highest = float(heaviest.max(initial=0.0))
        limits = _Limits.of(bound, highest, search.total, search.least)
        level, shortest, longest = _runs(limits, heaviest, windows.longest)
        new = np.ones(len(zones), dtype=bool)
        new[1:] = level[1:] != level[:-1]
        new[zones.first[:-1]] = True
        inner = np.flatnonzero(new)
        outer = np.append(inner[1:], len(zones)) - 1
        first = np.searchsorted(inner, zones.first)
        rows = np.empty((len(inner), windows.rows))
        limit = np.empty((len(inner), len(shortest), windows.shape[1]), dtype=np.int32)
        for i in range(len(zones.centre)):
            members = zones.member[zones.begin[i] : zones.begin[i + 1]]
            running = np.cumsum(search.expected[members], axis=0)
            here = slice(first[i], first[i + 1])
            rows[here] = running[zones.size[outer[here]] - 1]
            smallest = np.moveaxis(running[zones.size[inner[here]] - 1], 1, 0)
            held = windows.table(smallest)[shortest] / search.divisor
            limit[here] = np.moveaxis(limits(held), 2, 0)
        limit[:, ~valid[shortest]] = np.iinfo(np.int32).max
        return cls(limits, first, inner, outer, shortest, longest, limit, rows)


def _runs(limits: _Limits, heaviest: Floats, lengths: int) -> tuple[Ints, Ints, Ints]:
    """Choose runs of circles and of lengths of time so that few questions are asked.

    Within a box a chance count should seldom pass the limit (four standard deviations): wider
    boxes would ask fewer questions and answer more of them twice. Gives each circle's level, and
    the runs of lengths less one, from and to; circles of one centre and level are one run.
    """
    highest = float(heaviest.max(initial=0.0))
    best: tuple[int, Ints, Ints, Ints] | None = None
    for ratio in (1.0, 1.15, 1.35, 1.6, 2.0, 3.0, 4.0, 6.0, float(lengths)):
        low, high = [], [lengths]
        while high:
            low.append(min(int(np.ceil(high[-1] / ratio)), high[-1]))
            if low[-1] == 1:
                break
            high.append(low[-1] - 1)
        shortest, longest = np.array(low[::-1]), np.array(high[::-1])
        levels = [0.0]
        while levels[-1] < highest:
            root = np.maximum(-2.0 + (4.0 + limits(levels[-1] * shortest / lengths)) ** 0.5, 0.0)
            reach = float((root * root * lengths / longest).min())  # m + 4 sqrt(m) = limit
            if reach < levels[-1] and ratio > 1.0:
                break  # even a single circle would pass too often over so many lengths
            levels.append(max(reach, levels[-1] * 1.02, 2.0**-8))
        if levels[-1] < highest:
            continue
        level = np.searchsorted(np.array(levels[1:]), heaviest, side="right")
        cost = (1 + int((np.diff(level) != 0).sum())) * (len(low) + 1)
        if best is None or cost < best[0]:
            best = (cost, level, shortest - 1, longest - 1)
    if best is None:
        raise AssertionError("windows asked one by one always do")
    return best[1:]


def _maxima(  # noqa: C901, PLR0915 - one loop; calls inside it would cost what it saves
    search: _Search,
    boxes: _Boxes,
    rows: dict[np.dtype[Any], Numbers],
    most: Ints,
    centres: Ints,
) -> Floats:
    """Give each replicate's best score around some centres where above the boxes' bound, else 0.

    ``rows`` are places by rows by replicates, twice: in bytes and in a type that holds every
    count. ``most`` is the largest circle's count that may occur, by run: bytes are used as long as
    they hold it. A sum over all time may wrap around in them, that of a window cannot.
    """
    zones, windows = search.zones, search.windows
    small, wide = rows
    replicates = rows[wide].shape[2]
    best = np.zeros(replicates)
    ends, starts = windows.pairs(boxes.longest)
    shape = (len(boxes.longest), windows.shape[1], replicates)
    questions = shape[0] * shape[1] * replicates
    batch = max(1, _BATCH // questions)
    passed = np.empty((batch, *shape), dtype=bool)
    space = {
        kind: (
            np.empty((batch, windows.rows, replicates), dtype=kind),
            np.empty((batch, len(ends), replicates), dtype=kind),
        )
        for kind in rows
    }
    found: list[tuple[Ints, Ints]] = []
    waiting = 0
    for i in centres.tolist():
        members = zones.member[zones.begin[i] : zones.begin[i + 1]]
        runs = np.arange(boxes.first[i], boxes.first[i + 1])
        sizes = zones.size[boxes.outer[runs]].tolist()
        fit = int(np.searchsorted(most[runs], 1 << 8))
        for kind, begin, end in ((small, 0, fit), (wide, fit, len(runs))):
            if begin == end:
                continue
            sums, table = space[kind]
            top = np.iinfo(kind).max
            near = rows[kind][members[: sizes[end - 1]]]
            held = 0
            before = np.zeros_like(sums[0])
            for at in range(begin, end, batch):
                here = min(batch, end - at)
                for j, size in enumerate(sizes[at : at + here]):
                    if size - held == 1:
                        np.add(before, near[held], out=sums[j])
                    else:
                        np.add.reduce(near[held:size], axis=0, dtype=kind, out=sums[j])
                        np.add(sums[j], before, out=sums[j])
                    held, before = size, sums[j]
                before = before.copy()  # its place is needed for the next batch
                window = table[:here]
                if starts:
                    np.take(sums[:here], ends, axis=1, out=window, mode="clip")
                    window = window.reshape(here, *shape)
                    np.subtract(window, sums[:here, None, : shape[1]], out=window)
                else:
                    window = sums[:here, boxes.longest, None]
                these = runs[at : at + here]
                limit = np.minimum(boxes.limit[these], top).astype(kind)
                np.greater(window, limit[..., None], out=passed[:here])
                flat = passed[:here].reshape(-1)
                if flat[flat.argmax()]:
                    run, hit = np.divmod(flat.nonzero()[0], questions)
                    found.append((these[run], hit))
                    waiting += len(hit)
        if waiting > _WAITING:
            _score(search, boxes, rows[wide], found, best)
            found, waiting = [], 0
    if found:
        _score(search, boxes, rows[wide], found, best)
    return best


def _most(windows: _Windows, rows: Numbers) -> Ints:
    """Give the most events that any window of each place holds in any replicate."""
    if windows.prospective:
        return np.asarray(rows[:, -1].max(axis=1), dtype=np.int64)
    longest = rows[:, windows.longest :] - rows[:, : windows.steps]
    return np.asarray(longest.max(axis=(1, 2)), dtype=np.int64)


def _score(
    search: _Search,
    boxes: _Boxes,
    rows: Numbers,
    found: list[tuple[Ints, Ints]],
    best: Floats,
) -> None:
    """Raise the replicates' best scores by all cylinders of the boxes that were let through."""
    windows = search.windows
    run, hit = (np.concatenate(part) for part in zip(*found, strict=True))
    hit, replicate = np.divmod(hit, rows.shape[2])
    lengths, start = np.divmod(hit, windows.shape[1])
    for shorter in range(int((boxes.longest - boxes.shortest).max()) + 1):
        length = boxes.longest[lengths] - shorter
        fits = np.flatnonzero((length >= boxes.shortest[lengths]) & windows.valid[length, start])
        if len(fits):
            window = length[fits] * windows.shape[1] + start[fits]
            _descend(search, boxes, rows, run[fits], window, replicate[fits], best)


def _descend(
    search: _Search,
    boxes: _Boxes,
    rows: Numbers,
    run: Ints,
    window: Ints,
    replicate: Ints,
    best: Floats,
) -> None:
    """Score the circles of runs: the largest first, then without its outermost place, and so on."""
    zones, windows = search.zones, search.windows
    zone, inner = boxes.outer[run], boxes.inner[run]
    size = zones.size[zone]
    begin = zones.begin[np.searchsorted(zones.first, zone, side="right") - 1]
    of = np.repeat(np.arange(len(run)), size)
    place = zones.member[np.arange(len(of)) + np.repeat(begin - (np.cumsum(size) - size), size)]
    each = windows.one(rows, (place, replicate[of]), window[of])
    count = np.add.reduceat(each.astype(np.int64), np.cumsum(size) - size)
    expected = windows.one(boxes.expected, (run,), window).astype(np.float64)
    while len(zone):
        whole = np.flatnonzero(size == zones.size[zone])
        near = whole[count[whole] > boxes.limits(expected[whole] / search.divisor)]
        if len(near):
            score = search.score(count[near].astype(np.float64), expected[near])
            np.maximum.at(best, replicate[near], np.where(score > boxes.limits.bound, score, 0.0))
        zone[whole] -= 1
        stay = zone >= inner
        window, replicate, zone, inner = (a[stay] for a in (window, replicate, zone, inner))
        expected = expected[stay]
        count, begin, size = (a[stay] for a in (count, begin, size))
        size = size - 1
        place = zones.member[begin + size]
        count = count - windows.one(rows, (place, replicate), window).astype(np.int64)
        expected = expected - windows.one(search.expected, (place,), window)


def _all_maxima(
    search: _Search, simulate: Simulate, replicates: int, seed: int, threads: int | None
) -> Floats:
    """Simulate the replicates and give the best score of each, exactly.

    A first few replicates are asked with a falling bound until it is known what maxima look like;
    then the others with a bound that most of them pass; those that do not, again with a lower one.
    Each replicate has a generator of its own, so neither threads nor blocks change a number.
    """
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    best = np.zeros(replicates)
    threads = threads or min(os.cpu_count() or 1, 8)
    zones, windows = search.zones, search.windows
    block = int(np.clip((1 << 18) // (windows.shape[0] * windows.shape[1]), 256, 1024))
    centres = np.array_split(np.arange(len(zones.centre)), threads * 4)
    cylinders = max(len(zones) * int(windows.valid.sum()), 2)

    def draw(wanted: Ints) -> Numbers:
        return np.stack([simulate(np.random.default_rng(seeds[r])) for r in wanted], axis=-1)

    def ask(wanted: Ints, bound: float) -> None:
        boxes = _Boxes.of(search, bound)
        for part in np.array_split(wanted, -(-len(wanted) // block)):
            parts = np.array_split(part, min(threads, len(part)))
            wide = windows.fill(np.concatenate(list(pool.map(draw, parts)), axis=-1))
            most = zones.sums(_most(windows, wide))[boxes.outer]
            small: np.dtype[Any] = np.dtype(np.uint8)
            rows = {small: wide.astype(small), wide.dtype: wide}
            around = pool.map(lambda c: _maxima(search, boxes, rows, most, c), centres)  # noqa: B023
            best[part] = np.max(list(around), axis=0)

    def ask_all(wanted: Ints, bound: float) -> None:
        while len(wanted):
            ask(wanted, bound)
            wanted = wanted[best[wanted] == 0.0] if bound else wanted[:0]
            bound = bound * 0.7 if bound > 1.0 else 0.0

    with ThreadPoolExecutor(threads) as pool:
        ask_all(np.arange(min(_PILOT, replicates)), 0.5 * float(np.log(cylinders)))
        ask_all(np.arange(_PILOT, replicates), 0.97 * float(np.quantile(best[:_PILOT], 0.05)))
    return best


# --- the answer -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ScanCluster:
    """One circle and window; ``first`` and ``last`` are steps of time, both included.

    ``expected`` is by the scan's model, ``p_mc`` the share of maps by chance whose best circle
    is at least as good, ``p_gumbel`` the same from a Gumbel law fitted to their best. ``p`` is
    ``p_mc``, but where no map by chance was as good, ``p_gumbel`` if that is less.
    ``recurrence`` is how many steps of time would pass between such alarms by chance alone.
    """

    centre: int
    places: Ints
    radius: float
    first: int
    last: int
    n: int
    expected: float
    llr: float
    p: float
    p_mc: float
    p_gumbel: float

    @property
    def recurrence(self) -> float:
        """Steps of time between alarms by chance, if a scan is made at every step."""
        return 1.0 / self.p


@dataclass(frozen=True, eq=False)
class Scan:
    """What a scan found: clusters that share no place, best first, and the maxima by chance."""

    clusters: tuple[ScanCluster, ...]
    maxima: Floats
    zones: int
    cylinders: int


def scan_permutation(
    counts: Ints,
    circles: Zones,
    *,
    longest: int,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than the place's and the time's own numbers would give together.

    ``counts`` are events by place (rows) and step of time. Expected in a cylinder: its circle's
    events of all times, times its window's events of all places, divided by all events. No
    population is needed; what lasts all the time, or comes everywhere at once, is no cluster.
    Chance is the same events with their times dealt anew. ``longest`` is the longest window,
    which ends at the last step (prospective) or anywhere (retrospective). Clusters hold at least
    ``least`` events; at most ``most`` are told. Source: Kulldorff, Heffernan, Hartman, Assuncao &
    Mostashari (2005).

    Events that come in series (one night, one gang, ten reports of one thing) are not independent,
    and can be a cluster for that reason alone. If people move into a part of the area, that part
    becomes one too.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    counts = _bins(counts, windows)
    total = int(counts.sum())
    per_place, per_time = counts.sum(axis=1), counts.sum(axis=0)
    expected = windows.fill(per_place[:, None] * per_time.astype(np.float64))
    search, used = _search(circles, windows, expected, per_place > 0, max(total, 1), total, least)
    at, when = np.nonzero(counts[used])
    place = np.repeat(at, counts[used][at, when])
    time = np.repeat(when, counts[used][at, when])
    shape = (int(used.sum()), counts.shape[1])
    kind = np.uint16 if total < 1 << 16 else np.int32
    many = total > 25 * shape[0] * shape[1]  # then it is faster to deal whole places at once

    def simulate(rng: np.random.Generator) -> Ints:
        if many:
            left, dealt = per_place[used].copy(), np.empty(shape, dtype=kind)
            for t in range(shape[1] - 1):
                dealt[:, t] = rng.multivariate_hypergeometric(left, per_time[t], method="marginals")
                left -= dealt[:, t]
            dealt[:, -1] = left
            return dealt
        flat = place * shape[1] + rng.permutation(time)
        return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(kind)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def scan_poisson(
    counts: Ints,
    expected: Floats,
    circles: Zones,
    *,
    longest: int = 1,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than the population (or whatever ``expected`` is in proportion to) gives.

    As :func:`scan_permutation`; ``expected`` has the shape of ``counts`` and is scaled to their
    total. One column is the purely spatial scan. Chance is the same number of events, each
    anywhere in proportion to ``expected``. Source: Kulldorff (1997; 2001).

    Raises ``ValueError`` where something happened although nothing can. A place that always has
    more than its population gives is a cluster here, new or not.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    hoped = _expectation(counts, expected)
    counts, hoped = _bins(counts, windows), _bins(hoped, windows)
    total = int(counts.sum())
    hoped = hoped * (total / max(float(hoped.sum()), 1e-300))
    used = hoped.sum(axis=1) > 0
    search, used = _search(circles, windows, windows.fill(hoped), used, 1.0, total, least)
    # Places in no circle matter for the total only: all of them are dealt to, these are kept.
    chance = hoped.ravel() / max(float(hoped.sum()), 1e-300)
    kind = np.uint16 if total < 1 << 16 else np.int32

    def simulate(rng: np.random.Generator) -> Ints:
        return rng.multinomial(total, chance).reshape(hoped.shape)[used].astype(kind)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def scan_expectation(
    counts: Ints,
    expected: Floats,
    circles: Zones,
    *,
    certainty: Floats | None = None,
    longest: int = 1,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than each place is expected to have at each time, whatever the total.

    As :func:`scan_permutation`; ``expected`` has the shape of ``counts`` and is taken as it is,
    so that a rise everywhere is found too. Chance is a Poisson count for every place and time.
    Expectations that were estimated from little history are uncertain themselves: ``certainty``
    (one each place) is about how many events stand behind them, and chance then also moves each
    place's level by a gamma variable of that shape and mean 1 (infinite: not at all). Source:
    Neill, Moore, Sabhnani & Daniel (2005); the gamma as in empirical Bayes.

    Raises ``ValueError`` where something happened although nothing was expected.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    hoped = _expectation(counts, expected)
    counts, hoped = _bins(counts, windows), _bins(hoped, windows)
    used = hoped.sum(axis=1) > 0
    search, used = _search(circles, windows, windows.fill(hoped), used, 1.0, None, least)
    level = hoped[used]
    shape = None if certainty is None else np.asarray(certainty, dtype=np.float64)[used]
    vague = None if shape is None else np.flatnonzero(np.isfinite(shape))

    def simulate(rng: np.random.Generator) -> Ints:
        drawn = level
        if shape is not None and vague is not None and len(vague):
            drawn = level.copy()
            drawn[vague] *= (rng.gamma(shape[vague]) / shape[vague])[:, None]
        return rng.poisson(drawn).astype(np.int32)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def _windows(counts: Ints, longest: int, direction: Direction) -> _Windows:
    steps = counts.shape[1]
    return _Windows(steps, max(1, min(longest, steps)), direction == "prospective")


def _expectation(counts: Ints, expected: Floats) -> Floats:
    """Check expectations against counts."""
    hoped = np.asarray(expected, dtype=np.float64)
    if hoped.shape != counts.shape:
        raise ValueError(f"expected the shape {counts.shape} of the counts, found {hoped.shape}")
    if not (np.isfinite(hoped) & (hoped >= 0)).all():
        raise ValueError("expectations are numbers from 0")
    if (counts[hoped == 0] > 0).any():
        raise ValueError("there are events where none are expected")
    return hoped


def _bins(values: Numbers, windows: _Windows) -> Numbers:
    """Bring the steps before all prospective windows together: they are never told apart."""
    before = windows.steps - windows.longest
    if not windows.prospective or before < 2:  # noqa: PLR2004 - one step is together already
        return values
    first = values[:, :before].sum(axis=1, keepdims=True)
    return np.concatenate([first, values[:, before:]], axis=1)


def _search(
    circles: Zones,
    windows: _Windows,
    expected: Floats,
    occupied: NDArray[np.bool_],
    divisor: float,
    total: float | None,
    least: int,
) -> tuple[_Search, NDArray[np.bool_]]:
    """Keep the circles that differ and the places in them, numbered anew; mark these places."""
    kept = circles.distinct(occupied)
    used = np.zeros(circles.places, dtype=bool)
    used[kept.member] = True
    number = np.cumsum(used) - 1
    fewer = Zones(
        int(used.sum()),
        kept.centre,
        kept.begin,
        number[kept.member],
        kept.first,
        kept.size,
        kept.radius,
    )
    rows = np.ascontiguousarray(expected[used])
    return _Search(fewer, windows, rows, float(divisor), total, max(least, 1)), used


def _answer(
    search: _Search,
    used: NDArray[np.bool_],
    counts: Ints,
    windows: _Windows,
    simulate: Simulate,
    replicates: int,
    seed: int,
    most: int,
    threads: int | None,
) -> Scan:
    """Find the clusters, then ask chance how good its best ones are."""
    zones = search.zones
    rows = windows.fill(counts[used])
    score, window = _best_windows(search, rows, threads)
    maxima = np.zeros(0)
    if len(zones):
        maxima = _all_maxima(search, simulate, replicates, seed, threads)
    place_of = np.flatnonzero(used)
    clusters = []
    for zone in _apart(zones, score, most):
        members = zones.members(zone)
        at = np.array([window[zone]])
        n = windows.one(rows[members].sum(axis=0), (), at)[0]
        expected = windows.one(search.expected[members].sum(axis=0), (), at)[0]
        first, last = windows.span(int(window[zone]))
        p_mc, p_gumbel = p_values(score[zone], maxima)
        none = p_mc * (len(maxima) + 1) < 1.5  # noqa: PLR2004 - no map by chance was as good
        clusters.append(
            ScanCluster(
                centre=int(zones.centre[zones.of_centre[zone]]),
                places=np.sort(place_of[members]),
                radius=float(zones.radius[zone]),
                first=first,
                last=last,
                n=int(n),
                expected=float(expected) / search.divisor,
                llr=float(score[zone]),
                p=min(p_mc, p_gumbel) if none else p_mc,
                p_mc=p_mc,
                p_gumbel=p_gumbel,
            )
        )
    return Scan(tuple(clusters), maxima, len(zones), len(zones) * int(windows.valid.sum()))


def _best_windows(search: _Search, rows: Numbers, threads: int | None) -> tuple[Floats, Ints]:
    """Give each circle's best score over all windows, and that window (the first of equals)."""
    zones, windows = search.zones, search.windows
    best, which = np.zeros(len(zones)), np.zeros(len(zones), dtype=np.int64)
    valid = windows.valid[..., None]

    def ask(centres: Ints) -> None:
        for i in centres:
            members = zones.member[zones.begin[i] : zones.begin[i + 1]]
            here = slice(zones.first[i], zones.first[i + 1])
            ends = zones.size[here] - 1
            held = np.cumsum(rows[members], axis=0)[ends]
            hoped = np.cumsum(search.expected[members], axis=0)[ends]
            count = windows.table(np.moveaxis(held, 1, 0))
            expected = windows.table(np.moveaxis(hoped, 1, 0))
            above = valid & (count >= search.least) & (count * search.divisor > expected)
            score: Numbers = np.zeros(count.shape)
            score[above] = search.score(count[above].astype(np.float64), expected[above])
            flat = score.reshape(-1, score.shape[-1])
            which[here] = flat.argmax(axis=0)
            best[here] = flat.max(axis=0)

    parts = np.array_split(np.arange(len(zones.centre)), threads or min(os.cpu_count() or 1, 8))
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(ask, parts))
    return best, which


def _apart(zones: Zones, score: Floats, most: int) -> list[int]:
    """Choose circles by falling score, none that shares a place with one chosen before.

    Of equally good ones the one with fewer places, then the smaller, then the earlier centre.
    """
    order = np.lexsort((zones.of_centre, zones.radius, zones.size, -np.round(score, 9)))
    taken = np.zeros(zones.places, dtype=np.int64)
    chosen: list[int] = []
    while len(chosen) < most:
        free = order[(zones.sums(taken)[order] == 0) & (score[order] > 0)]
        if not len(free):
            break
        chosen.append(int(free[0]))
        taken[zones.members(chosen[-1])] = 1
    return chosen


def p_values(score: float, maxima: Floats) -> tuple[float, float]:
    """Give p by Monte Carlo, (1 + how many maxima are at least the score)/(1 + all), and by Gumbel.

    The Gumbel law is fitted by moments (Abrams, Kleinman & Kulldorff 2010); it tells how small a
    p is that the number of replicates cannot tell, and is only as true as its shape far out.
    """
    as_good = int((maxima >= score - _TIE * max(score, 1.0)).sum())
    p_mc = (1 + as_good) / (1 + len(maxima))
    spread = float(maxima.std(ddof=1)) * 6**0.5 / np.pi if len(maxima) > 1 else 0.0
    if spread <= 0.0:
        return p_mc, p_mc
    where = float(maxima.mean()) - _EULER * spread
    return p_mc, float(-np.expm1(-np.exp(-(score - where) / spread)))
