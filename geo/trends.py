"""Whether series rise or fall, by the order of their values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.significance import two_sided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_EXACT = 10
"""Series of at most so many values are compared with all their orders."""
_AT_ONCE = 1 << 12
"""So many series stay in the processor's cache while their values meet."""


@dataclass(frozen=True, eq=False)
class Trends:
    """Mann-Kendall of many series; arrays are parallel to them.

    ``s`` counts the pairs of values in which the later one is larger, less those in which it is
    smaller; ``variance`` is that of S when every order is as likely, ties allowed for. ``z`` is S,
    one closer to nought, over its standard deviation (0 where nothing varies). ``p`` is two-sided:
    exact for series of at most ten values, else that of z.
    """

    s: Ints
    variance: Floats
    z: Floats
    p: Floats


def mann_kendall(series: Floats) -> Trends:
    """Ask of each row whether its values rise or fall with time, by Mann-Kendall's test.

    ``series`` has a row a series and a column a time, at least one, without NaN. Only the order of
    values counts, not how far apart they are, nor the times. Exact p are over all orders of the
    row's own values, ties among them. Source: Mann (1945), Kendall (1975).

    It takes values as independent: those that carry over from one time to the next, or that come
    from windows that overlap, show trends where there are none.
    """
    length = series.shape[1]
    small = np.int8 if length < 128 else np.int32  # noqa: PLR2004 - the largest of eight bits
    s = np.empty(len(series), dtype=np.int64)
    tied = np.empty((length, len(series)), dtype=small)
    for start in range(0, len(series), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        s[part], tied[:, part] = _meet(np.ascontiguousarray(series[part].T), small)
    # Over the values, not over their groups: a group of t values counts t times.
    correction = np.take([(t - 1) * (2 * t + 5) for t in range(length + 1)], tied).sum(axis=0)
    variance = (length * (length - 1) * (2 * length + 5) - correction) / 18.0
    spread = np.sqrt(variance)
    z = np.divide(s - np.sign(s), spread, out=np.zeros(len(s)), where=spread > 0)
    p = two_sided_p(z) if length > _EXACT else _exact_p(s, tied)
    return Trends(s, variance, z, p)


def _meet(x: Floats, small: type[np.signedinteger]) -> tuple[Ints, NDArray[np.signedinteger]]:
    """Give S of each column, and of each value how many of its column are equal to it."""
    s = np.zeros(x.shape[1], dtype=np.int64)
    tied = np.ones(x.shape, dtype=small)
    for at in range(len(x) - 1):
        later = x[at + 1 :]
        same = (later == x[at]).view(np.int8)
        same_in_all = same.sum(axis=0, dtype=small)
        # Those larger twice, and those equal once, are those larger less those smaller, and all.
        s += 2 * (later > x[at]).view(np.int8).sum(axis=0, dtype=small).astype(np.int64)
        s += same_in_all
        s -= len(later)
        tied[at] += same_in_all
        tied[at + 1 :] += same
    return s, tied


def _exact_p(s: Ints, tied: NDArray[np.signedinteger]) -> Floats:
    """Look p up in the law of S that goes with the ties of each series."""
    length = len(tied)
    pattern = ((length + 1) ** tied.astype(np.int64)).sum(axis=0)
    patterns, first, which = np.unique(pattern, return_index=True, return_inverse=True)
    pairs = length * (length - 1) // 2
    tails = np.zeros((len(patterns), pairs + 1))
    for row, column in enumerate(first):
        sizes, values = np.unique(tied[:, column], return_counts=True)
        groups = np.repeat(sizes, values // sizes).tolist()
        law = score_law(groups)
        tails[row] = 2.0 * np.cumsum(law[: pairs + 1])[::-1]  # the law is symmetric
    tails[:, 0] = 1.0
    return np.asarray(tails[which, np.abs(s)], dtype=np.float64)


def score_law(groups: Sequence[int]) -> Floats:
    """Give the chance of each S, from the least up, of values tied in groups of given sizes.

    From ``-n (n - 1) / 2`` to as much, with n the values, every order as likely. The orders of
    tied values with so many inversions are counted by the Gaussian multinomial, the product of
    ``1 - x^k`` over k to n by those over k to each size (MacMahon 1916); S is the untied pairs
    less twice the inversions. Counted in whole numbers, which hold those of ten values and more.
    """
    n = sum(groups)
    pairs = n * (n - 1) // 2
    untied = pairs - sum(t * (t - 1) // 2 for t in groups)
    ways = np.zeros(untied + 1, dtype=np.int64)
    ways[0] = 1
    for k in range(1, n + 1):
        ways[k:] -= ways[:-k].copy()
    for k in (k for t in groups for k in range(1, t + 1)):
        for at in range(k, untied + 1):
            ways[at] += ways[at - k]
    law = np.zeros(2 * pairs + 1)
    law[pairs - untied : pairs + untied + 1 : 2] = ways[::-1] / ways.sum()
    return law
