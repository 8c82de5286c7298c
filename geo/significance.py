"""Turning statistics into claims: p-values, and what survives looking in many places at once."""

from __future__ import annotations

from math import erfc, lgamma
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


_NOTHING = 1e-17
"""A term this small beside the sum no longer changes it."""


def two_sided_p(z: Floats) -> Floats:
    """Give the two-sided normal p-value of each z."""
    return np.fromiter(map(erfc, (np.abs(z) * 0.5**0.5).tolist()), np.float64, len(z))


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjust p-values for false discovery: q below 0.05 holds at most 5 % false claims on average.

    q_(i) is the least of m p_(j) / j over j >= i; never below p, monotone in p. Holds for
    independent and for positively dependent tests, which neighbouring cells are.
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
    # Most cells share their count and their area with others: ask once for each pair.
    shares, share_of = np.unique(np.clip(share, 0.0, 1.0), return_inverse=True)
    width = int(n.max(initial=0)) + 1
    pairs, which = np.unique(share_of * width + n, return_inverse=True)
    p = np.minimum(2.0 * _tail(pairs % width, total, shares[pairs // width]), 1.0)
    return np.asarray(p[which], dtype=np.float64)


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


def evidence_bins(z: Floats, q: Floats) -> NDArray[np.int64]:
    """Sort cells by evidence: 1, 2, 3 where q is below 0.10, 0.05, 0.01; negative for z < 0."""
    level = np.select([q < 0.01, q < 0.05, q < 0.10], [3, 2, 1], 0)  # noqa: PLR2004 - the three levels
    return np.where(z < 0, -level, level).astype(np.int64)
