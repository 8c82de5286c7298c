"""Turning statistics into claims: p-values, and what survives looking in many places at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, bdtrc, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def two_sided_p(z: Floats) -> Floats:
    """Give the two-sided normal p-value of each z."""
    return np.asarray(2.0 * ndtr(-np.abs(z)), dtype=np.float64)


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
    k, s = pairs % width, shares[pairs // width]
    above = np.where(k > 0, bdtrc(np.maximum(k - 1, 0), total, s), 1.0)
    p = np.minimum(2.0 * np.minimum(above, bdtr(k, total, s)), 1.0)
    return np.asarray(p[which], dtype=np.float64)


def evidence_bins(z: Floats, q: Floats) -> NDArray[np.int64]:
    """Sort cells by evidence: 1, 2, 3 where q is below 0.10, 0.05, 0.01; negative for z < 0."""
    level = np.select([q < 0.01, q < 0.05, q < 0.10], [3, 2, 1], 0)  # noqa: PLR2004 - the three levels
    return np.where(z < 0, -level, level).astype(np.int64)
