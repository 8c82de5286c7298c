"""Gi*: where a cell and its neighbours hold more than the whole area would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots.claims import (
    PARAMETERS,
    ROUNDING,
    Settings,
    chance,
    infer,
    inference_parameter,
    shifted,
    tested,
    too_few,
    with_events,
)
from geo.hotspots.method import Evidence, Method, Result
from geo.schema import GI_BIN, GI_CHANCE_Q, GI_P, GI_Q, GI_Z
from geo.significance import evidence_bins, two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]


def gi_star_of(x: Floats, neighbours: Neighbours) -> Floats:
    """Give Gi* of each cell as a z-value.

    Binary weights, the cell itself included: with W the number of cells in the sum over a cell and
    its neighbours, ``z = (sum - mean W) / (s sqrt((n W - W^2) / (n - 1)))`` where mean and s are
    over all n cells (s with divisor n). A constant surface has z = 0 everywhere, and so has a sum
    over everything. Nothing is lost where values are large and alike, and equal sums of whole
    numbers have equal z. Source: Ord & Getis (1995), eq. 14.

    z is normal only when sums hold enough events; on sparse counts it claims far too much, so
    ``run`` also asks ``geo.significance.chance_p``. Overlapping sums make neighbours alike.
    """
    n = len(x)
    if n < 2:  # noqa: PLR2004 - nothing to compare with
        return np.zeros(n)
    largest = float(max(x.max(), -x.min()))
    x = shifted(x)
    mean = float(x.mean())
    d = x - mean
    variance = float(np.square(d, out=d).mean())
    if variance <= (ROUNDING * largest) ** 2:
        return np.zeros(n)
    sizes = neighbours.sizes
    size = np.arange(int(sizes.max()) + 1, dtype=np.float64)
    spread = np.sqrt(variance / (n - 1) * (n - size) * size)
    # One sum over everything has no spread, and carries no z.
    scale = np.divide(1.0, spread, out=np.zeros(len(size)), where=spread > 0.0)
    z = neighbours.sums(x)
    z -= np.take(mean * size, sizes, out=d, mode="clip")
    z *= np.take(scale, sizes, out=d, mode="clip")
    return z


def run(evidence: Evidence, **settings: Any) -> Result:  # noqa: ANN401 - ``Settings`` checks them
    """Test every cell, and claim a hotspot only where two independent questions agree.

    1. Gi* (two-sided p, and q by ``correction`` over the cells of the study area). p is the
       normal one of z (``inference`` auto or analytic), or that of the neighbours' sum given the
       cell's own value: exact over all permutations, or over some (``geo.permutation``). Then the
       cell itself is no evidence, and p says nothing for z where the neighbours lie on the other
       side of what is expected; such a cell is not claimed.
    2. Chance: could so many events fall on the cell and its neighbours if events fell anywhere
       in the area? (exact binomial, same correction, ``gi_chance_q``).

    ``gi_z``, ``gi_p`` and ``gi_q`` are plain Gi*; ``gi_bin`` (and ``hot``) holds what may be
    claimed: the weaker of the two answers, 0 where the data are too few, in all or in the place.
    ``hot`` also marks empty cells that hold a place together; ``gi_bin`` does not. Both questions
    are asked of the same ``neighbourhood``; places are contiguous cells whatever it is. The wider
    it is, the more a hot cell speaks of its surroundings.

    Where ``evidence.exposure`` is given, Gi* tests what is left when the events are shared out by
    exposure (n - N share), and chance throws events by exposure instead of ground. Residuals vary
    more where exposure is large, which neither normal theory nor permutation knows: there the
    chance test decides. Events where nothing is exposed are always more than expected.
    """
    asked = Settings(**settings)
    given = tested(evidence, asked)
    neighbours, n = given.neighbours, evidence.n
    z = gi_star_of(given.x, neighbours)
    found = infer(given, two_sided_p(z), asked, auto="analytic", seed=evidence.seed)
    by_chance = chance(evidence, neighbours, asked)
    # With weights, Gi* can be high where events are few: that is no claim.
    agree = by_chance.more == np.sign(z)
    if found.used["inference"] != "analytic":
        agree &= given.sides == np.sign(z)
    chance_q = np.where(agree, by_chance.q, 1.0)
    worst = np.maximum(found.q, chance_q)
    few = too_few(n, "gi_star", asked)
    bins = np.zeros(len(z), dtype=np.int64) if few else evidence_bins(z, worst)
    beside = evidence.cells.neighbours
    bins[(bins > 0) & ~with_events(bins > 0, n, beside, asked.min_place)] = 0
    hot = with_events((z > 0) & (worst < asked.alpha) & (bins > 0), n, beside, asked.min_place)
    bins[(bins > 0) & (n == 0)] = 0  # it holds a place together, but nothing happened in it
    return Result(
        columns={
            GI_Z.name: z,
            GI_P.name: found.p,
            GI_Q.name: found.q,
            GI_BIN.name: bins,
            GI_CHANCE_Q.name: chance_q,
        },
        hot=hot,
        p=np.where(agree, np.maximum(found.p, by_chance.p), 1.0),
        q=worst,
        enough=not few,
        notes=(*given.notes, *found.notes, *few),
        used={**asked.thresholds, **given.used, **found.used},
    )


METHOD = Method(
    name="gi_star",
    summary="Cells that with their neighbours hold more than the area gives, beyond chance.",
    source="Ord & Getis (1995); Benjamini & Hochberg (1995)",
    columns=(GI_Z, GI_P, GI_Q, GI_BIN, GI_CHANCE_Q),
    run=run,
    parameters=(
        *PARAMETERS,
        inference_parameter(
            "how p is found: from z (analytic, also auto), by permutation, or exactly"
        ),
    ),
    score="gi_z",
    variants=({}, {"neighbourhood": "ring", "rings": 2}),
    order=30,
)
