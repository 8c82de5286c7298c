"""Two counts against each other: whether the rate has changed, by how much, if one can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TIE = 1e-9
"""Outcomes whose statistics differ by less than this, relatively, are equally far out."""


def exact_p(
    n1: ArrayLike, n2: ArrayLike, t1: ArrayLike, t2: ArrayLike, ratio: float = 1.0
) -> Floats:
    """Give the exact two-sided p of counts ``n1`` over ``t1`` and ``n2`` over ``t2``.

    The null hypothesis is that the first rate is ``ratio`` times the second. Given their sum,
    n1 is then binomial with chance ``ratio t1 / (ratio t1 + t2)`` (Przyborowski & Wilenski 1940).
    Twice the smaller tail, at most 1, so that p < alpha just where :func:`rate_ratio` leaves
    ``ratio`` out; R's ``poisson.test`` adds up the outcomes that are no more likely instead.
    Arguments broadcast; exposures (days, say) are positive. Conservative, because counts are
    whole. Events that come in bursts vary more than Poisson counts: then p is too small.
    """
    from scipy import special  # noqa: PLC0415 - takes longer to import than most maps take

    n1, n2, odds = _pairs(n1, n2, t1, t2, ratio)
    one, two, odd, back = _once(n1, n2, odds)
    share = odd / (1.0 + odd)
    # The chance of at least k of s: the incomplete beta function, but for k = 0.
    upper = np.where(one > 0, special.betainc(np.maximum(one, 1), two + 1.0, share), 1.0)
    lower = np.where(two > 0, special.betaincc(one + 1.0, np.maximum(two, 1), share), 1.0)
    p = np.minimum(2.0 * np.minimum(upper, lower), 1.0)
    return np.asarray(p[back], dtype=np.float64).reshape(n1.shape)


def rate_ratio(
    n1: ArrayLike, n2: ArrayLike, t1: ArrayLike, t2: ArrayLike, alpha: float = 0.05
) -> tuple[Floats, Floats, Floats]:
    """Give ``(n1 / t1) / (n2 / t2)`` with its exact interval at confidence ``1 - alpha``.

    The interval of Clopper & Pearson (1934) for n1's share of the sum, turned into a ratio: it
    holds every ratio that :func:`exact_p` does not reject. Without events in the second count the
    ratio and its upper end are infinite; without any the ratio is not a number and the interval
    goes from 0 to infinity. Wider than needed on average, never too narrow for Poisson counts.
    """
    from scipy import special  # noqa: PLC0415 - as above

    n1, n2, odds = _pairs(n1, n2, t1, t2, 1.0)
    one, two, odd, back = _once(n1, n2, odds)
    low = np.where(one > 0, special.betaincinv(np.maximum(one, 1), two + 1.0, alpha / 2), 0.0)
    high = np.where(two > 0, special.betainccinv(one + 1.0, np.maximum(two, 1), alpha / 2), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        answers = (one / two / odd, low / (1.0 - low) / odd, high / (1.0 - high) / odd)
    ratio, least, most = (np.asarray(a[back], dtype=np.float64).reshape(n1.shape) for a in answers)
    return ratio, least, most


def e_test_p(
    n1: ArrayLike,
    n2: ArrayLike,
    t1: ArrayLike,
    t2: ArrayLike,
    ratio: float = 1.0,
    *,
    variance: Literal["null", "sample"] = "null",
) -> Floats:
    """Give the two-sided p of the E-test: more powerful than the exact test, almost exact.

    Both counts are taken as Poisson with the rates that fit best under the null hypothesis, and p
    is the chance of a standardised difference at least as large (Krishnamoorthy & Thomson 2004).
    The difference is standardised by its variance under the null hypothesis (Gu, Ng, Tang &
    Schucany 2008; the published values and statsmodels' default) or by that of the sample, as in
    the first paper and SciPy. With equal exposures and ``ratio`` 1 both are the same.

    The absolute error is below 1e-12. The level can be passed by a little where counts are small.
    Cost grows with the square root of the counts, once for each pair that differs.
    """
    n1, n2, odds = _pairs(n1, n2, t1, t2, ratio)
    one, two, odd, back = _once(n1, n2, odds)
    pairs = zip(one.tolist(), two.tolist(), odd.tolist(), strict=True)
    p = np.array([_e_test(a, b, c, pooled=variance == "null") for a, b, c in pairs])
    return np.asarray(p[back], dtype=np.float64).reshape(n1.shape)


def can_tell(
    total: ArrayLike,
    t1: ArrayLike,
    t2: ArrayLike,
    ratio: float = 1.0,
    alpha: float = 0.05,
    *,
    test: Callable[..., Floats] = exact_p,
) -> NDArray[np.bool_]:
    """Mark the totals of two counts that could show a change if they were split unevenly enough.

    Where even all events on one side give ``test`` a p >= ``alpha``, there is too little to say,
    and nothing to test. Tests given the total are none the worse for such a choice, because it
    looks at the total alone.
    """
    total = np.asarray(total, dtype=np.int64)
    nothing = np.zeros_like(total)
    all_first = test(total, nothing, t1, t2, ratio)
    all_second = test(nothing, total, t1, t2, ratio)
    return np.asarray(np.minimum(all_first, all_second) < alpha)


def _pairs(
    n1: ArrayLike, n2: ArrayLike, t1: ArrayLike, t2: ArrayLike, ratio: float
) -> tuple[Ints, Ints, Floats]:
    """Broadcast two counts and the odds that an event belongs to the first under the null."""
    first, second = (np.asarray(t, dtype=np.float64) for t in (t1, t2))
    if not (ratio > 0 and (first > 0).all() and (second > 0).all()):
        raise ValueError("expected exposures and a ratio above 0")
    one, two, odds = np.broadcast_arrays(
        np.asarray(n1, dtype=np.int64), np.asarray(n2, dtype=np.int64), ratio * first / second
    )
    if (one < 0).any() or (two < 0).any():
        raise ValueError("expected counts of 0 or more")
    return one, two, odds


def _once(n1: Ints, n2: Ints, odds: Floats) -> tuple[Ints, Ints, Floats, Ints]:
    """List each pair that differs once, and where each of the given stands in that list."""
    odd, odd_of = np.unique(odds.ravel(), return_inverse=True)
    width, height = int(n2.max(initial=0)) + 1, int(n1.max(initial=0)) + 1
    keys = (odd_of * height + n1.ravel()) * width + n2.ravel()
    unique, back = np.unique(keys, return_inverse=True)
    rest, two = np.divmod(unique, width)
    which, one = np.divmod(rest, height)
    return one, two, odd[which], back


def _e_test(n1: int, n2: int, odds: float, *, pooled: bool) -> float:
    """Sum the chance of every pair of counts at least as far out as this one.

    With x the first count, y the second and c the odds, the statistic is
    ``(x - c y) / sqrt(c (x + y))`` (pooled) or ``(x - c y) / sqrt(x + c^2 y)``. It grows with x,
    so for every y the pairs that are less far out have x between two roots of a quadratic.
    """
    difference = n1 - odds * n2
    spread = odds * (n1 + n2) if pooled else n1 + odds**2 * n2
    if spread == 0 or abs(difference) <= _TIE * spread**0.5:
        return 1.0
    squared = difference**2 / spread
    mean2 = (n1 + n2) / (1.0 + odds)
    first_x, chance_x = _poisson(mean2 * odds)
    first_y, chance_y = _poisson(mean2)
    y = first_y + np.arange(len(chance_y))
    half = squared * (odds if pooled else 1.0) / 2.0
    root = np.sqrt(half**2 + 2.0 * half * (1.0 if pooled else odds) * (1.0 + odds) * y)
    middle = odds * y + half
    # Rounding must not part outcomes that are equally far out; (0, 0) is not far out at all.
    slack = _TIE * (1.0 + middle + root)
    below = np.floor(np.where(y > 0, middle - root, -1.0) + slack).astype(np.int64) - first_x
    above = np.ceil(middle + root - slack).astype(np.int64) - first_x
    up_to = np.concatenate([[0.0], np.cumsum(chance_x)])
    from_on = np.concatenate([np.cumsum(chance_x[::-1])[::-1], [0.0]])
    tails = up_to[np.clip(below + 1, 0, len(chance_x))] + from_on[np.clip(above, 0, len(chance_x))]
    return float(min(chance_y @ tails, 1.0))


def _poisson(mean: float) -> tuple[int, Floats]:
    """Give the Poisson chances of all counts that matter, and the first of those counts."""
    reach = 9.0 * mean**0.5
    first = max(int(mean - reach), 0)
    k = np.arange(first, int(mean + reach) + 40)
    log_chance = np.concatenate([[0.0], np.cumsum(np.log(mean / k[1:]))])
    chance = np.exp(log_chance - log_chance.max())
    return first, np.asarray(chance / chance.sum(), dtype=np.float64)
