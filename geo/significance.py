"""Turning statistics into claims: p-values, and what survives looking in many places at once."""

from __future__ import annotations

from math import lgamma, pi
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


_ALIKE = 1e-9
_NOTHING = 1e-17
"""A term this small beside the sum no longer changes it."""


_AT_ONCE = 1 << 14
"""So many values stay in the processor's cache from step to step."""
_SMALL, _LARGE, _NOUGHT = 0.46875, 4.0, 28.0
"""Where Cody's approximations meet, and where erfc is nought in double precision."""
_SMALL_ABOVE = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_SMALL_BELOW = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_MIDDLE_ABOVE = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_MIDDLE_BELOW = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
_LARGE_ABOVE = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_LARGE_BELOW = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346047e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)
_STEPS = 16
_SQUARES = np.exp(-((np.arange(_NOUGHT * _STEPS + 1.0) / _STEPS) ** 2))
"""exp(-t^2) at every sixteenth."""


def two_sided_p(z: Floats) -> Floats:
    """Give the two-sided normal p-value of each z; nought where |z| is above 38.5."""
    return erfc(np.abs(z) * 0.5**0.5)


def erfc(x: Floats) -> Floats:
    """Give the complementary error function of values from 0 up, within 1e-15 relatively.

    Rational approximations by Cody (1969), as in his CALERF; below 1e-307 the last digits are lost
    with those of the numbers themselves. Here because NumPy has none, and importing SciPy takes
    longer than the whole map does.
    """
    parts = [_erfc(x[first : first + _AT_ONCE]) for first in range(0, len(x), _AT_ONCE)]
    return np.concatenate([np.zeros(0), *parts])


def _erfc(x: Floats) -> Floats:
    """Give it by the approximation that each value asks for."""
    answer = np.empty(len(x))
    beyond = x > _SMALL
    at = np.flatnonzero(~beyond)
    near = x[at]
    answer[at] = 1.0 - near * _fraction(_SMALL_ABOVE, _SMALL_BELOW, near * near)
    at = np.flatnonzero(beyond)
    far = np.minimum(x[at], _NOUGHT)
    scaled = _fraction(_MIDDLE_ABOVE, _MIDDLE_BELOW, far)
    last = np.flatnonzero(far > _LARGE)
    if len(last):
        square = far[last] ** -2.0
        rest = square * _fraction(_LARGE_ABOVE, _LARGE_BELOW, square)
        scaled[last] = (pi**-0.5 - rest) / far[last]
    # exp(-x^2) in two parts: rounding x^2 itself would cost up to three digits.
    step = (far * _STEPS).astype(np.int64)
    whole = step / _STEPS
    answer[at] = scaled * np.exp((whole - far) * (whole + far)) * _SQUARES[step]
    return answer


def _fraction(above: tuple[float, ...], below: tuple[float, ...], x: Floats) -> Floats:
    """Divide two polynomials, coefficients from the highest power down."""
    return _polynomial(above, x) / _polynomial(below, x)


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    total = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjust p-values for false discovery: q below 0.05 holds at most 5 % false claims on average.

    q_(i) is the least of m p_(j) / j over j >= i; never below p, monotone in p. Proven for
    independent tests and for positively dependent one-sided ones (Benjamini & Yekutieli 2001).
    Two-sided tests of overlapping neighbourhoods are neither exactly; there it is known to hold in
    practice, not by proof; ``benjamini_yekutieli`` needs no such assumption.
    Source: Benjamini & Hochberg (1995). ``NaN`` stays ``NaN`` and is not counted as a test.
    """
    q = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m = len(order)
    adjusted = p[order] * m / np.arange(1, m + 1)
    q[order] = np.minimum(np.minimum.accumulate(adjusted[::-1])[::-1], 1.0)
    return q


def benjamini_yekutieli(p: Floats) -> Floats:
    """Adjust p-values for false discovery under any dependence between the tests.

    Benjamini-Hochberg times the sum of 1 / i over the m tests, at most 1: far more cautious (8
    times at 2,000 cells). Source: Benjamini & Yekutieli (2001). ``NaN`` stays ``NaN`` and is not
    counted as a test.
    """
    tests = int((~np.isnan(p)).sum())
    return np.minimum(benjamini_hochberg(p) * harmonic(tests), 1.0)


def harmonic(n: int) -> float:
    """Sum 1 / i over i from 1 to n: what any dependence costs, see ``benjamini_yekutieli``."""
    return float((1.0 / np.arange(1, n + 1)).sum())


def chance_p(n: Ints, total: int, share: Floats) -> Floats:
    """Give the exact two-sided p of n of ``total`` events falling where ``share`` of the area is.

    The null hypothesis is complete spatial randomness given the number of events: each lies
    anywhere in the area with equal chance, so n is binomial. Twice the smaller tail, at most 1;
    conservative because counts are whole. It says nothing about why a place has more: people,
    roads and reporting differ from place to place.
    """
    p = np.ones(len(n))
    if not total:
        return p
    share = np.clip(share, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        empty = np.exp(total * np.log1p(-share))
    p[:] = np.minimum(2.0 * empty, 1.0)  # of most cells, which hold nothing, the lower tail
    # Others share their count and their area with many: ask once for each pair.
    held = np.flatnonzero(n)
    shares, share_of = np.unique(share[held], return_inverse=True)
    width = int(n.max(initial=0)) + 1
    pairs, which = np.unique(share_of * width + n[held], return_inverse=True)
    p[held] = np.minimum(2.0 * _tail(pairs % width, total, shares[pairs // width]), 1.0)[which]
    return p


def _tail(k: Ints, total: int, share: Floats) -> Floats:
    """Chance of a binomial count at least as far from its mean as k, on k's side of the mean.

    The other tail holds half or more, so it never decides. Terms are summed outwards from k, where
    they only fall; none is lost to cancellation. Within 1e-8 of SciPy's, relatively, for totals up
    to a million; here because importing SciPy takes longer than the whole map does.
    """
    log_gamma = {n: lgamma(n + 1.0) for n in {total, *k.tolist(), *(total - k).tolist()}}

    def log_factorial(n: Ints) -> Floats:
        return np.fromiter(map(log_gamma.__getitem__, n.tolist()), np.float64, len(n))

    upwards = k >= total * share
    steps = np.where(upwards, total - k, k).astype(np.float64)  # how many terms there are beyond k
    other = total - steps
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log(share) - np.log1p(-share)
        log_term = log_gamma[total] - log_factorial(k) - log_factorial(total - k)
        log_term += np.where(k > 0, k * np.log(share), 0.0)
        log_term += np.where(k < total, (total - k) * np.log1p(-share), 0.0)
        odds = np.exp(np.where(upwards, log_odds, -log_odds))
    term = np.ones(len(k))
    tail = np.ones(len(k))
    active = np.flatnonzero(steps > 0)
    done = 0
    while len(active):
        term[active] *= (steps[active] - done) / (other[active] + done + 1.0) * odds[active]
        tail[active] += term[active]
        done += 1
        active = active[(term[active] > tail[active] * _NOTHING) & (steps[active] > done)]
    return np.asarray(np.exp(log_term) * tail, dtype=np.float64)


def log_likelihood_ratio(
    count: Floats, expected: Floats, total: float | Floats | None = None
) -> Floats:
    """Score counts above their expectation; 0 where they are not above.

    Kulldorff's log likelihood ratio. With a ``total`` that is given (Kulldorff 1997; Kulldorff et
    al. 2005): ``c ln(c/e) + (C - c) ln((C - c)/(C - e))``. Without one, each count against its own
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


def fewest_replicates(alpha: float) -> int:
    """Give the least R for which 1 / (R + 1), the least p of R simulations, is below alpha."""
    return int(1.0 / alpha + _ALIKE)


def evidence_bins(z: Floats, q: Floats) -> NDArray[np.int64]:
    """Sort cells by evidence: 1, 2, 3 where q is below 0.10, 0.05, 0.01; negative for z < 0."""
    level = np.select([q < 0.01, q < 0.05, q < 0.10], [3, 2, 1], 0)  # noqa: PLR2004 - the three levels
    return np.where(z < 0, -level, level).astype(np.int64)
