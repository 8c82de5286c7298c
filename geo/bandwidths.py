"""How wide a kernel should be: one width for all points, or one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.hotspots.method import Points

    Floats = NDArray[np.float64]

Rule = Literal["likelihood", "scott"]

_SAMPLE = 1000
_CANDIDATES = 24


def scott_sigma(points: Points) -> float:
    """Give Scott's (1992) standard deviation of a Gaussian kernel in the plane, metres.

    ``n^(-1/6) sqrt((var x + var y) / 2)``, variances with divisor n. Made for one round cloud:
    over towns it smooths far too much, and serves here as the upper bound of the search.
    (spatstat's ``bw.scott(isotropic=TRUE)`` takes the geometric mean of the two standard
    deviations with divisor n - 1; over a round cloud that is the same.)
    """
    spread = np.sqrt((points.x.var() + points.y.var()) / 2.0)
    return float(len(points) ** (-1.0 / 6.0) * spread)


def likelihood_scores(x: Floats, y: Floats, sigmas: Floats) -> Floats:
    """Give for each standard deviation how well the points foretell one another.

    The sum over points of the logarithm of the Gaussian density (per square metre, not divided by
    n) that the other points have there. Over the whole plane the density's integral is the number
    of points whatever the bandwidth, so this ranks bandwidths as spatstat's ``bw.ppl`` without
    edge correction does (Loader 1999, section 5.3).
    """
    d2 = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    np.fill_diagonal(d2, np.inf)
    return np.array(
        [
            np.log(
                np.maximum(np.exp(d2 / (-2.0 * s * s)).sum(axis=1), 1e-300) / (2.0 * np.pi * s * s)
            ).sum()
            for s in sigmas
        ]
    )


def likelihood_sigma(points: Points, floor: float, seed: int = 0) -> float:
    """Choose the Gaussian standard deviation (metres) that best foretells each point from the rest.

    Leave-one-out likelihood (Habbema and others 1974) over 24 values from ``floor`` to Scott's;
    of more than 1,000 points a seeded sample is used and the answer is scaled by n^(-1/6).
    Places with many points on one coordinate pull it to the floor.
    """
    top = scott_sigma(points)
    if len(points) < 2 or top <= floor:  # noqa: PLR2004 - one point has no rest
        return floor
    x, y = points.x, points.y
    if len(points) > _SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(points), _SAMPLE, replace=False)
        x, y = x[chosen], y[chosen]
    scale = (len(points) / len(x)) ** (-1.0 / 6.0)
    candidates = np.geomspace(floor, top, _CANDIDATES)
    return float(candidates[int(np.argmax(likelihood_scores(x, y, candidates / scale)))])


def chosen_sigma(points: Points, floor: float, rule: Rule) -> float:
    """Choose a standard deviation (metres) by a rule, never below the floor."""
    if not len(points):
        return floor
    return max(scott_sigma(points), floor) if rule == "scott" else likelihood_sigma(points, floor)


def abramson(pilot: Floats, bandwidth: float, *, least: float = 0.25, most: float = 4.0) -> Floats:
    """Give each point its own bandwidth (metres): narrow where points are dense, wide where few.

    The square root law (Abramson 1982; Silverman 1986, section 5.3.1): the bandwidth times
    ``(pilot / g)^(-1/2)``, where ``pilot`` is a first density at the points (all above 0) and g
    its geometric mean, so that the bandwidths' geometric mean is ``bandwidth``. Factors are
    clipped between ``least`` and ``most``, or a lone point would be spread over the whole map.
    """
    logs = np.log(pilot)
    return np.asarray(bandwidth * np.clip(np.exp(-0.5 * (logs - logs.mean())), least, most))
