"""Conditional permutation: how unusual a cell's neighbours are, were all other cells shuffled.

The cell keeps its value, its k neighbours get k values drawn without replacement from the other
n - 1 cells. Gi* and local Moran are both monotone in the sum of the neighbours' values, so both
ask the same question, and both get their p here: simulated (``permuted_tails``), or without any
simulation where values are whole numbers (``exact_tails``). Source of the test: Anselin (1995).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_UNITS = (1, 10, 100, 1000)
_LARGEST = 2.0**52
"""Whole numbers and their sums stay exact in floating point below this."""
_TIE = 1e-10
_TABLE = 1 << 20
_AT_ONCE = 1_000_000
"""Ids drawn at once: what bounds the memory, and so a part of what a seed means."""
_MOST_NEIGHBOURS = 300
AFFORDABLE = 2e8
"""Multiplications that the exact law may take: a fifth of a second or so."""


def whole(x: Floats) -> Ints | None:
    """Give values as whole numbers from 0 up, in the largest unit that fits; None if there is none.

    Counts, and weights with at most three decimals, are moved to a least value of 0 and divided by
    their common divisor. Sums of as many values each keep their order, and their ties are exact.
    """
    if not len(x):
        return np.zeros(0, dtype=np.int64)
    if not np.isfinite(x).all() or float(np.abs(x).max()) * len(x) * _UNITS[-1] > _LARGEST:
        return None
    for unit in _UNITS:
        scaled = np.rint(x * unit)
        if (np.abs(scaled - x * unit) <= 1e-12 * np.abs(scaled)).all():
            values = scaled.astype(np.int64)
            values -= values.min()
            divisor = int(np.gcd.reduce(values))
            return values // divisor if divisor > 1 else values
    return None


def around(x: Floats, neighbours: Neighbours) -> tuple[Floats, Ints]:
    """Give the sum over each cell's neighbours, without the cell itself, and their number."""
    return neighbours.sums(x) - x, neighbours.sizes - 1


def two_sided(upper: Floats, lower: Floats) -> Floats:
    """Give the two-sided p: twice the smaller tail, at most 1."""
    return np.minimum(2.0 * np.minimum(upper, lower), 1.0)


def permuted_p(x: Floats, neighbours: Neighbours, permutations: int, seed: int) -> Floats:
    """Give each cell's two-sided p by conditional permutation, never below 2 / (R + 1).

    ``min(1, 2 min((1 + #{S >= s}) / (R + 1), (1 + #{S <= s}) / (R + 1)))`` over R permutations: no
    p is 0 (Phipson & Smyth 2010). Sums are compared exactly where ``whole`` finds a unit. All cells
    share their draws, as is usual: each p is right, p of different cells go up and down together.
    """
    values = whole(x)
    upper, lower = permuted_tails(x if values is None else values, neighbours, permutations, seed)
    r = float(permutations) + 1.0
    return two_sided((upper + 1).astype(np.float64) / r, (lower + 1).astype(np.float64) / r)


def permuted_tails(
    x: Floats | Ints, neighbours: Neighbours, permutations: int, seed: int
) -> tuple[Ints, Ints]:
    """Count the permutations whose sum over a cell's neighbours is >= and <= the observed one.

    Whole numbers (from 0 up, as ``whole`` gives them) are compared exactly. Other sums count as
    equal, in both tails, where they differ by at most 1e-10 of the largest sum that as many values
    could have.

    A draw is an order of distinct cells, the same for all cells; a cell's neighbours get the first
    k of it that are not the cell itself. So one sorted list of sums serves all cells with as many
    neighbours, and only where a cell is among its own first k is its sum corrected: by putting
    cell k + 1 of the draw in its place. Time: (cells + permutations x neighbours) x log.
    """
    n = len(x)
    observed, k = around(x.astype(np.float64), neighbours)
    largest = float(np.abs(x).max(initial=0.0)) * k.astype(np.float64)
    tie = largest * (0.0 if x.dtype.kind == "i" else _TIE)
    wide = x.dtype.kind != "i" or float(largest.max(initial=0.0)) > _TABLE
    high, low = observed - tie, observed + tie
    upper, lower = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    groups = [np.flatnonzero(k == count) for count in np.flatnonzero(np.bincount(k))]
    for drawn in draws(n, int(k.max(initial=0)) + 1, permutations, seed):
        at = x[drawn]
        running = np.zeros((len(drawn), drawn.shape[1]), dtype=np.float64)
        np.cumsum(at[:, :-1], axis=1, out=running[:, 1:])
        for group in groups:
            below, upto = _ranks(running[:, k[group[0]]], high[group], low[group], wide=wide)
            upper[group] += len(drawn) - below
            lower[group] += upto
        draw, place = np.nonzero(np.arange(drawn.shape[1]) < k[drawn])
        cell = drawn[draw, place]
        without = running[draw, k[cell]]
        own = without - x[cell] + at[draw, k[cell]]
        for tail, more, less in (
            (upper, own >= high[cell], without >= high[cell]),
            (lower, own <= low[cell], without <= low[cell]),
        ):
            changed = more != less
            np.add.at(tail, cell[changed], np.where(more[changed], 1, -1))
    return upper, lower


def _ranks(sums: Floats, high: Floats, low: Floats, *, wide: bool) -> tuple[Ints, Ints]:
    """Count the sums below each of ``high``, and those up to each of ``low``.

    Unless the numbers range too widely they are whole, and a table tells at once.
    """
    if wide:
        ordered = np.sort(sums)
        below = np.searchsorted(ordered, high, side="left")
        return below, np.searchsorted(ordered, low, side="right")
    at = high.astype(np.int64)
    found = np.bincount(sums.astype(np.int64), minlength=int(at.max()) + 1)
    upto = found.cumsum()
    return (upto - found)[at], upto[at]


def draws(n: int, length: int, permutations: int, seed: int) -> Iterator[Ints]:
    """Draw rows of ``length`` distinct cells of n, every order equally likely, in blocks of rows.

    Cells are drawn with replacement, and what stands in a row already is drawn again. A value is
    only left where an earlier place holds it, and is held by an earlier place ever after; so each
    place ends with the first of its own draws that no earlier place has, as if drawn in turn.
    """
    rng = np.random.default_rng(seed)
    rows = max(_AT_ONCE // max(length, 1), 1)
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        if 2 * length > n:
            full = np.broadcast_to(np.arange(n), (count, n))
            yield rng.permuted(full, axis=1)[:, :length]
            continue
        drawn = rng.integers(0, n, (count, length))
        open_rows = np.arange(count)
        while len(open_rows):
            # Sorted with their places, so that of equal cells the first in the row comes first.
            key = np.sort(drawn[open_rows] * length + np.arange(length), axis=1)
            cell = key // length
            row, twin = np.nonzero(cell[:, 1:] == cell[:, :-1])
            place = key[row, twin + 1] % length
            drawn[open_rows[row], place] = rng.integers(0, n, len(row))
            open_rows = open_rows[np.unique(row)]
        yield drawn


def exact_cost(values: Ints, neighbours: Neighbours) -> float:
    """Estimate the multiplications that ``exact_tails`` takes; compare with ``AFFORDABLE``.

    Distinct values, each up to k times, x k x the range of sums x the logarithm of how many values.
    Infinite where k is above 300: chances of so many would be too small for a number.
    """
    sums, k = around(values.astype(np.float64), neighbours)
    most = int(k.max(initial=0))
    if most > _MOST_NEIGHBOURS:
        return float("inf")
    _, count = np.unique(values, return_counts=True)
    copies = float(np.minimum(count, most).sum())
    depth = max(float(np.ceil(np.log2(max(len(count), 2)))), 1.0)
    return copies * depth * (most + 1.0) * (float(sums.max(initial=0.0)) + 2.0)


def exact_p(values: Ints, neighbours: Neighbours) -> Floats:
    """Give each cell's two-sided p in the limit of all permutations: twice the smaller tail."""
    return two_sided(*exact_tails(values, neighbours))


def exact_tails(values: Ints, neighbours: Neighbours) -> tuple[Floats, Floats]:
    """Give the chance that a cell's neighbours sum to >= and <= the observed sum, exactly.

    ``values`` are whole numbers from 0 up. The law of the sum of k values drawn without replacement
    from the other n - 1 depends on the cell's own value and k only. Let every other cell be in the
    draw with chance pi, independently: number and sum of the values drawn have the generating
    function ``prod_v (1 - pi + pi y t^v)^m_v`` over the distinct values v, each held by m_v others;
    given that k are drawn, all draws of k are equally likely, whatever pi is. Products that leave
    one value out come by halving: each half is multiplied by the other. Only positive terms are
    added, so small tails are right to about twelve digits. Sums above all that were observed share
    one place.
    """
    n = len(values)
    upper, lower = np.ones(n), np.ones(n)
    if not n:
        return upper, lower
    sums, k = around(values.astype(np.float64), neighbours)
    observed = sums.astype(np.int64)
    most, largest = int(k.max()), int(observed.max())
    distinct, which, count = np.unique(values, return_inverse=True, return_counts=True)
    law = _Law(distinct, count, chance=most / n if most else 0.0, most=most, largest=largest)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(count)
    for at, table in law.without_each():
        cells = order[ends[at] - count[at] : ends[at]]
        used, of = np.unique(k[cells], return_inverse=True)
        rows = table[used]
        from_below, from_above = rows.cumsum(axis=1), rows[:, ::-1].cumsum(axis=1)[:, ::-1]
        lower[cells] = (from_below / from_below[:, -1:])[of, observed[cells]]
        upper[cells] = (from_above / from_above[:, :1])[of, observed[cells]]
    return np.minimum(upper, 1.0), np.minimum(lower, 1.0)


class _Law:
    """The chance of each number (rows, up to ``most``) and sum (columns) of values drawn."""

    def __init__(
        self, distinct: Ints, count: Ints, *, chance: float, most: int, largest: int
    ) -> None:
        self.distinct = distinct.tolist()
        self.count = count.tolist()
        self.chance = min(chance, 0.5)
        self.most = most
        self.largest = largest

    def without_each(self) -> Iterator[tuple[int, Floats]]:
        """Give, for each distinct value, the law of all cells but one that holds it."""
        start = np.zeros((self.most + 1, self.largest + 2))
        start[0, 0] = 1.0
        yield from self._without(0, len(self.distinct), start)

    def _without(self, first: int, end: int, others: Floats) -> Iterator[tuple[int, Floats]]:
        """Give it for the values from first to end, ``others`` being the law of all the rest."""
        if end - first == 1:
            yield first, self._times(others, first, self.count[first] - 1)
            return
        middle = (first + end) // 2
        for here, there in (((first, middle), (middle, end)), ((middle, end), (first, middle))):
            table = others
            for at in range(*there):
                table = self._times(table, at, self.count[at])
            yield from self._without(*here, table)

    def _times(self, table: Floats, at: int, copies: int) -> Floats:
        """Multiply by ``(1 - pi + pi y t^v)^copies``; sums beyond the last column stay in it."""
        value, last = self.distinct[at], self.largest + 1
        weight = (1.0 - self.chance) ** copies
        product = table * weight
        for drawn in range(1, min(copies, self.most) + 1):
            weight *= (copies - drawn + 1.0) / drawn * self.chance / (1.0 - self.chance)
            shift = min(value * drawn, last)
            rows = table[: self.most + 1 - drawn]
            product[drawn:, shift:last] += weight * rows[:, : last - shift]
            product[drawn:, last] += weight * rows[:, last - shift :].sum(axis=1)
        return product
