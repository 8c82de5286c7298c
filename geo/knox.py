"""Knox: how many pairs of events are close in both place and time, and how many chance gives."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo.pieces import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Small = NDArray[np.int32]
    Days = NDArray[Any]

Closed = Literal["left", "right"]

MOST_PAIRS = 50_000_000
"""Pairs that are held at once, at nine bytes each; 999 permutations of as many take a minute."""
_SAME_M = 5e-7
"""Distances are told apart to a micrometre: what lies on an edge does so wherever the map is."""
_AT_ONCE = 1 << 15
"""Pairs whose distances are computed in one go: what stays in the cache of a core."""
_BLOCK = 1 << 19
"""Days of pairs that are compared in one go: few calls, and most of them stay in the cache."""
_MOST_IN_A_BYTE = 255


class TooManyPairs(ValueError):  # noqa: N818 - what happened, not that it is an error
    """More pairs lie within the largest distance than can be held in memory."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of events by distance band; ``start`` (bands + 1) tells where each band begins.

    ``first`` and ``second`` are positions of events; every pair is there once.
    """

    first: Small
    second: Small
    start: Ints

    @property
    def band(self) -> Ints:
        """The distance band of each pair."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


@dataclass(frozen=True, eq=False)
class Knox:
    """Pairs by distance band (rows) and time band (columns), beside what permuted times give.

    ``observed`` are counts, ``expected`` the exact mean over all permutations (not only those that
    were made), ``simulated`` (R x rows x columns) the counts of each that was made. ``independent``
    is Knox's own expectation, the mean were all times to change places freely; without groups it
    is ``expected``.
    ``distance_edges`` (metres) and ``day_edges`` bound the bands, ``closed`` says which end of a
    band belongs to it; see ``distance_labels`` and ``day_labels``.
    """

    distance_edges: tuple[float, ...]
    day_edges: tuple[float, ...]
    closed: Closed
    observed: Ints
    expected: Floats
    independent: Floats
    simulated: Ints
    pairs: Pairs
    day: Ints

    @property
    def distance_labels(self) -> tuple[str, ...]:
        """The distance bands as intervals, ``[0, 100)`` for 0 and more, but less than 100."""
        return interval_labels(self.distance_edges, self.closed)

    @property
    def day_labels(self) -> tuple[str, ...]:
        """The time bands as intervals."""
        return interval_labels(self.day_edges, self.closed)

    @property
    def p(self) -> Floats:
        """Each band's own p: ``(1 + #{simulated >= observed}) / (1 + R)``."""
        reached = (self.simulated >= self.observed).sum(axis=0)
        return np.asarray((1.0 + reached) / (1.0 + len(self.simulated)), dtype=np.float64)

    @property
    def median(self) -> Floats:
        """The median of the simulated counts."""
        return np.asarray(np.median(self.simulated, axis=0), dtype=np.float64)

    @property
    def ratio(self) -> Floats:
        """Observed over expected; NaN where no pair was expected and none was found."""
        return _over(self.observed, self.expected)

    @property
    def ratio_median(self) -> Floats:
        """Observed over the simulated median, as near-repeat calculators print it."""
        return _over(self.observed, self.median)

    @cached_property
    def p_adjusted(self) -> Floats:
        """Each band's p given that all bands were looked at (Westfall & Young 1993, least p).

        The share of data sets, permuted or observed, whose least p over all bands is as small.
        The chance of any false claim is at most alpha, however the bands depend on one another;
        no band is asked to pay for one that says the same.
        """
        every = np.concatenate([self.observed[None], self.simulated])
        every = every.reshape(len(every), -1)
        ordered = np.sort(every, axis=0)
        reached = [
            len(every) - np.searchsorted(ordered[:, k], every[:, k]) for k in range(every.shape[1])
        ]
        least = np.sort(np.min(reached, axis=0))
        own = np.array([of_band[0] for of_band in reached])
        adjusted = np.searchsorted(least, own, side="right") / len(every)
        return np.asarray(adjusted.reshape(self.observed.shape), dtype=np.float64)

    def close(self, bands: Bools) -> tuple[Ints, Ints]:
        """List the pairs that lie in some of the bands (rows x columns), as positions of events."""
        first, second = self.pairs.first, self.pairs.second
        limits = day_limits(self.day_edges, self.closed)
        column = np.searchsorted(limits, np.abs(self.day[first] - self.day[second])) - 1
        wanted = np.pad(bands, ((0, 0), (0, 2)))  # beyond the last edge, and before the first
        chosen = wanted[self.pairs.band, column]
        return first[chosen].astype(np.int64), second[chosen].astype(np.int64)


def _over(observed: Ints, expected: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(observed / expected, dtype=np.float64)


def interval_labels(edges: Sequence[float], closed: Closed) -> tuple[str, ...]:
    """Write bands as intervals; where the right end belongs, the first band has its left, too."""
    if closed == "left":
        return tuple(f"[{low:g}, {high:g})" for low, high in pairwise(edges))
    opening = ["[", *"(" * (len(edges) - 2)]
    return tuple(
        f"{at}{low:g}, {high:g}]" for at, (low, high) in zip(opening, pairwise(edges), strict=True)
    )


def day_limits(edges: Sequence[float], closed: Closed) -> list[int]:
    """Give the most days apart that lie before each edge: whole numbers, as days are."""
    limits = np.ceil(edges) - 1.0 if closed == "left" else np.floor(edges)
    limits[0] = np.ceil(edges[0]) - 1.0
    return [int(limit) for limit in limits]


def knox(
    x: Floats,
    y: Floats,
    day: Ints,
    distance_edges: Sequence[float],
    day_edges: Sequence[float],
    *,
    closed: Closed = "left",
    permutations: int = 999,
    group: Ints | None = None,
    seed: int = 1,
    most_pairs: int = MOST_PAIRS,
) -> Knox:
    """Count pairs of events by distance (metres) and days apart, and again with times permuted.

    A band holds its left edge and not its right, ``[a, b)``; with ``closed="right"`` its right and
    not its left, ``(a, b]``, but for the first, ``[a, b]``. With ``group`` times change places only
    within a group (a calendar month, say). Distances are straight lines.

    Permutations are the products y_i(s_j(t_k)) of times in a random order, y, and shuffles of
    places, s and t: a x b x c = R + 1, made so that the observed times are the first. Under the
    null hypothesis they are what any y would be, so each list's members can change places: the
    rank of the observed among the products is uniform, and p exact. Given the observed, any two
    others are independent: p spreads as much from seed to seed as with R shuffles one by one
    (only the far ends of that spread differ), at a thirtieth of the shuffling. ``permutations`` is
    raised until R + 1 can be split so.

    The null hypothesis is that times say nothing about places. It also fails where the pattern of
    places changes over the period for any reason: bathing sites in summer, a part of the town that
    is built. Events beyond the border are not seen, which is the same for all permutations.
    Source: Knox (1964); Johnson et al. (2007); permutation test after Hemerik & Goeman (2018).

    Raises ``TooManyPairs`` beyond ``most_pairs`` within the largest distance, ``ValueError`` for
    edges that do not rise from 0 or more, and for fewer than two events.
    """
    for edges in (distance_edges, day_edges):
        if len(edges) < 2 or edges[0] < 0 or (np.diff(edges) <= 0).any():  # noqa: PLR2004 - two ends
            raise ValueError(f"expected edges that rise from 0 or more, found {list(edges)}")
    if len(x) < 2:  # noqa: PLR2004 - a pair
        raise ValueError(f"expected at least two events, found {len(x)}")
    groups = np.zeros(len(x), dtype=np.int64) if group is None else group
    order, pairs = _pairs(x, y, day, distance_edges, closed, most_pairs)
    whole = np.asarray(day, dtype=np.int64)
    since = whole - whole.min()
    group_number = np.unique(groups, return_inverse=True)[1]
    limits = day_limits(day_edges, closed)
    counts = _permuted(since[order], group_number[order], pairs, limits, permutations, seed)
    expected = _expected(since[order], group_number[order], pairs, limits)
    named = Pairs(
        order[pairs.first].astype(np.int32), order[pairs.second].astype(np.int32), pairs.start
    )
    return Knox(
        tuple(map(float, distance_edges)),
        tuple(map(float, day_edges)),
        closed,
        counts[0],
        expected,
        expected if group is None else _expected(since[order], 0 * order, pairs, limits),
        counts[1:],
        named,
        whole,
    )


def _pairs(
    x: Floats,
    y: Floats,
    day: Ints,
    edges: Sequence[float],
    closed: Closed,
    most: int,
) -> tuple[Ints, Pairs]:
    """Find the pairs by distance band, among events ordered so that near ones are near in memory.

    Gives that order, too, which does not depend on the order in which events came. Events lie in
    squares as wide as the largest distance: partners are in the same square and the next, or in
    the three of the row above, and both are one stretch of the order.
    """
    limits = np.asarray(edges, dtype=np.float64) + (_SAME_M if closed == "right" else -_SAME_M)
    limits[0] = edges[0] - _SAME_M
    side = max(edges[-1] + 10.0 * _SAME_M, float(np.ptp(x)) * 1e-6, float(np.ptp(y)) * 1e-6)
    column = ((x - x.min()) / side).astype(np.int64) + 1
    width = int(column.max()) + 2
    square = ((y - y.min()) / side).astype(np.int64) * width + column
    order = np.lexsort((day, y, x, square))
    x, y, square = x[order], y[order], square[order]
    own = np.tile(np.arange(len(x)), 2)
    first = np.concatenate([own[: len(x)] + 1, np.searchsorted(square, square + width - 1)])
    after = np.searchsorted(square, np.concatenate([square + 1, square + width + 1]), side="right")
    pieces = after - first
    found: list[list[NDArray[np.int32]]] = [[], []]
    bands: list[NDArray[np.int16]] = []
    total = 0
    for low, high in _stretches(pieces, _AT_ONCE):
        whose, number = numbered(pieces[low:high])
        one, other = own[low:high][whose], first[low:high][whose] + number
        apart = np.sqrt((x[one] - x[other]) ** 2 + (y[one] - y[other]) ** 2)
        near = np.flatnonzero((apart < limits[-1]) & (apart >= limits[0]))
        total += len(near)
        if total > most:
            raise TooManyPairs(f"more than {most} pairs within {edges[-1]:g} m")
        bands.append((np.searchsorted(limits, apart[near], side="right") - 1).astype(np.int16))
        for held, ends in zip(found, (one, other), strict=True):
            held.append(ends[near].astype(np.int32))
    band = np.concatenate([np.zeros(0, dtype=np.int16), *bands])
    by_band = np.argsort(band, kind="stable")
    one_end, other_end = (
        np.concatenate([np.zeros(0, dtype=np.int32), *held])[by_band] for held in found
    )
    start = np.concatenate([[0], np.cumsum(np.bincount(band, minlength=len(edges) - 1))])
    return order, Pairs(one_end, other_end, start.astype(np.int64))


def _stretches(pieces: Ints, most: int) -> list[tuple[int, int]]:
    """Cut a list of pieces where they sum up to about ``most``."""
    reached = np.cumsum(pieces)
    steps = np.arange(most, reached[-1] + most, most)
    ends = np.unique(np.minimum(np.searchsorted(reached, steps) + 1, len(pieces)))
    return list(pairwise([0, *ends.tolist()]))


def _expected(day: Ints, group: Ints, pairs: Pairs, limits: list[int]) -> Floats:
    """Give the mean over all permutations: close pairs in space, times the share close in time.

    One group: ``NS x NT / (n (n - 1) / 2)``. Else so for each two groups that share a pair.
    """
    groups = int(group.max()) + 1
    per_day = np.zeros((groups, int(day.max()) + 1))
    np.add.at(per_day, (group, day), 1.0)
    size = per_day.sum(axis=1)
    both = np.outer(size, size) - np.diag(size)
    upto = np.concatenate([np.zeros((groups, 1)), np.cumsum(per_day, axis=1)], axis=1)
    share = np.zeros((len(limits), groups, groups))
    at = np.arange(per_day.shape[1])
    for k, limit in enumerate(limits):
        if limit >= 0:
            last = np.minimum(at + limit + 1, len(at))
            around = upto[:, last] - upto[:, np.maximum(at - limit, 0)]
            within = per_day @ around.T - np.diag(size)
            share[k] = np.divide(within, both, out=np.zeros_like(both), where=both > 0)
    code = group[pairs.first] * groups + group[pairs.second]
    close = np.array(
        [np.bincount(code[a:b], minlength=groups * groups) for a, b in pairwise(pairs.start)]
    )
    return np.asarray(close @ np.diff(share, axis=0).reshape(len(limits) - 1, -1).T)


def split(permutations: int) -> tuple[int, int, int]:
    """Give the three factors of R + 1 for the least R, as asked or more, that has near ones.

    The largest is at most twice the least: so the fewest shuffles serve the most permutations.
    """
    for total in count(permutations + 1):
        for least in range(round(total ** (1 / 3)), 0, -1):
            rest, over = divmod(total, least)
            middles = () if over else range(int(rest**0.5), least - 1, -1)
            for middle in middles:
                if rest % middle == 0 and rest // middle <= 2 * least:
                    return rest // middle, middle, least
    raise AssertionError  # pragma: no cover - every cube has three factors


def _permuted(
    day: Ints, group: Ints, pairs: Pairs, limits: list[int], permutations: int, seed: int
) -> Ints:
    """Count all products of shuffles, the observed times first; (R + 1) x rows x columns."""
    base, orders = products(day, group, split(permutations), seed)
    workers = min(os.cpu_count() or 1, len(orders))

    def count_some(worker: int) -> list[Ints]:
        days = np.empty_like(base)
        return [
            _count(np.take(base, order, axis=0, out=days, mode="clip"), pairs, limits)
            for order in orders[worker::workers]
        ]

    counts: list[Any] = [None] * len(orders)
    with ThreadPoolExecutor(workers) as pool:
        for worker, some in enumerate(pool.map(count_some, range(workers))):
            counts[worker::workers] = some
    every = np.concatenate(counts)
    return np.asarray(every[:, :, 1:] - every[:, :, :-1])


def products(
    day: Ints, group: Ints, factors: tuple[int, int, int], seed: int
) -> tuple[Days, list[Ints]]:
    """Shuffle days within groups: ``base[order]``, for each order, has a permutation a column.

    ``base`` holds the products of two lists of shuffles, the orders are a third. The first column
    of the first order's product is ``day`` itself.
    """
    rng = np.random.default_rng(seed)
    blocks = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])

    def shuffles(number: int) -> list[Ints]:
        orders = [np.empty(len(day), dtype=np.int64) for _ in range(number)]
        for order in orders:
            for block in blocks:
                order[block] = rng.permutation(block)
        return orders

    narrow = day.astype(np.int16 if day.max() <= np.iinfo(np.int16).max else np.int32)
    one, other, third = factors
    inner, orders = shuffles(other), shuffles(third)
    observed = np.empty_like(narrow)
    observed[inner[0][orders[0]]] = narrow
    outer = np.stack([observed, *(narrow[order] for order in shuffles(one - 1))], axis=1)
    base = np.take(outer, np.stack(inner, axis=1).ravel(), axis=0)
    return base.reshape(len(day), one * other), orders


def _count(days: Days, pairs: Pairs, limits: list[int]) -> Ints:
    """Count for each column of days the pairs of each band that are at most so many days apart.

    Answers lanes x rows x limits. Counts of up to 255 pairs are added in bytes.
    """
    lanes = days.shape[1]
    block = max(_BLOCK // (lanes * _MOST_IN_A_BYTE), 1) * _MOST_IN_A_BYTE
    counts = np.zeros((lanes, len(pairs.start) - 1, len(limits)), dtype=np.int64)
    one, other = (np.empty((block, lanes), dtype=days.dtype) for _ in range(2))
    close = np.empty((block, lanes), dtype=bool)
    for row, (start, end) in enumerate(pairwise(pairs.start.tolist())):
        for low in range(start, end, block):
            high = min(low + block, end)
            apart, there, yes = one[: high - low], other[: high - low], close[: high - low]
            np.take(days, pairs.first[low:high], axis=0, out=apart, mode="clip")
            np.take(days, pairs.second[low:high], axis=0, out=there, mode="clip")
            np.subtract(apart, there, out=apart)
            np.abs(apart, out=apart)
            for k, limit in enumerate(limits):
                if limit >= 0:
                    np.less_equal(apart, limit, out=yes)
                    counts[:, row, k] += _column_sums(yes.view(np.uint8))
    return counts


def _column_sums(ones: NDArray[np.uint8]) -> Ints:
    """Add up rows of noughts and ones."""
    rows, lanes = ones.shape
    tall = rows // _MOST_IN_A_BYTE
    rest = tall * _MOST_IN_A_BYTE
    sums = np.add.reduce(ones[rest:], axis=0, dtype=np.uint8).astype(np.int64)
    if tall:
        stacked = ones[:rest].reshape(_MOST_IN_A_BYTE, tall * lanes)
        part = np.add.reduce(stacked, axis=0, dtype=np.uint8)
        sums = sums + part.reshape(tall, lanes).sum(axis=0, dtype=np.int64)
    return np.asarray(sums)
