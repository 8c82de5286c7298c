"""Local Moran: where high cells lie among high ones, and where a cell is unlike its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots.claims import (
    PARAMETERS,
    ROUNDING,
    Settings,
    chance,
    deviations,
    infer,
    inference_parameter,
    tested,
    too_few,
    with_events,
)
from geo.hotspots.method import Evidence, Method, Result
from geo.schema import LISA_CLASS, LISA_I, LISA_P, LISA_Q, LISA_Z
from geo.significance import two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def local_moran(x: Floats, sums: Floats, sizes: Ints) -> tuple[Floats, Floats]:
    """Give local Moran's I of each cell, and its z, from sums over each cell and its neighbours.

    With d the deviations from the mean, m2 their mean square and k the neighbours without the
    cell, ``I = d / m2 x (mean of d over the neighbours)``. z is I less its mean, over its standard
    deviation, when all other cells change places (conditional): ``E = -d^2 / ((n - 1) m2)`` and
    ``Var = (d / m2)^2 n / (n - 2) (1 / k - 1 / (n - 1)) (m2 - d^2 / (n - 1))``. A cell without
    neighbours has I = z = 0, and so has every cell of a constant surface. Source: Anselin (1995);
    the moments: Sokal and others (1998).

    z is far from normal where counts are sparse: use ``geo.permutation`` for p.
    """
    n, k = len(x), (sizes - 1).astype(np.float64)
    d = deviations(x)
    m2 = float((d * d).mean()) if n else 0.0
    if n < 3 or m2 == 0.0:  # noqa: PLR2004 - the variance divides by n - 2
        return np.zeros(n), np.zeros(n)
    alone = k == 0
    k[alone] = 1.0
    lag = (sums - x) / k - x.mean()
    lag[alone] = 0.0
    moran = d / m2 * lag
    expected = np.where(alone, 0.0, -d * d / ((n - 1) * m2))
    # If all other cells are alike, or all are neighbours, no exchange changes anything.
    rest = np.maximum(m2 - d * d / (n - 1), 0.0)
    rest[rest <= ROUNDING * m2] = 0.0
    variance = (d / m2) ** 2 * (n / (n - 2)) * np.maximum(1.0 / k - 1.0 / (n - 1), 0.0) * rest
    known = (variance > 0.0) & ~alone
    z = np.divide(moran - expected, np.sqrt(variance), out=np.zeros(n), where=known)
    return moran, z


def run(evidence: Evidence, **settings: Any) -> Result:  # noqa: ANN401 - ``Settings`` checks them
    """Ask of every cell whether its neighbours are unusual for it, and sort the cells by kind.

    p is two-sided, of the neighbours' sum given the cell's own value: exact over all permutations
    where values are whole numbers (``inference`` auto or exact), over some of them, or from z
    (``analytic``); what could not be had is replaced, and said (``geo.hotspots.claims.infer``).

    ``lisa_class`` is HH or LL (high or low, its neighbours too), HL or LH (a cell unlike its
    neighbours) where ``lisa_q`` is below ``alpha``, else ns. All but HL must also be beyond chance:
    could so many (HH, LH), or so few (LL), events fall on the cell and its neighbours if events
    fell anywhere in the area (or by exposure)? That asks the exact binomial, with the same
    correction. And HH needs ``min_place`` events in the place. Where the data are too few, every
    cell is ns.

    ``hot`` are the HH cells. HL is no hotspot: the test holds the cell's own value fixed and finds
    its neighbours *low*, so it brings no evidence that the cell itself is higher than chance makes
    it; on sparse counts any cell with an event is high. What HL and LH show is a sharp border.
    ``lisa_i``, ``lisa_z``, ``lisa_p`` and ``lisa_q`` are plain local Moran. Exposure is treated as
    in Gi*.
    """
    asked = Settings(**settings)
    given = tested(evidence, asked)
    neighbours, n = given.neighbours, evidence.n
    moran, z = local_moran(given.x, neighbours.sums(given.x), neighbours.sizes)
    found = infer(given, two_sided_p(z), asked, auto="exact", seed=evidence.seed)
    by_chance = chance(evidence, neighbours, asked)
    high, beside = np.sign(deviations(given.x)), given.sides
    borne_out = np.where(beside == by_chance.more, np.maximum(found.q, by_chance.q), 1.0)
    worst = np.where(high == beside, borne_out, 1.0)
    few = too_few(n, "local_moran", asked)
    high_high = (high > 0) & (worst < asked.alpha) & (not few)
    hot = with_events(high_high, n, evidence.cells.neighbours, asked.min_place)
    classes = np.select(
        [
            hot,
            (high < 0) & (worst < asked.alpha) & (not few),
            (high > 0) & (beside < 0) & (found.q < asked.alpha) & (not few),
            (high < 0) & (beside > 0) & (borne_out < asked.alpha) & (not few),
        ],
        ["HH", "LL", "HL", "LH"],
        "ns",
    )
    return Result(
        columns={
            LISA_I.name: moran,
            LISA_Z.name: z,
            LISA_P.name: found.p,
            LISA_Q.name: found.q,
            LISA_CLASS.name: classes.astype(object),
        },
        hot=hot,
        p=np.where(worst < 1.0, np.maximum(found.p, by_chance.p), 1.0),
        q=worst,
        enough=not few,
        notes=(*given.notes, *found.notes, *few),
        used={**asked.thresholds, **given.used, **found.used},
    )


METHOD = Method(
    name="local_moran",
    summary="High cells among high ones, and cells unlike their neighbours, beyond chance.",
    source="Anselin (1995); Sokal and others (1998); Benjamini & Hochberg (1995)",
    columns=(LISA_I, LISA_Z, LISA_P, LISA_Q, LISA_CLASS),
    run=run,
    parameters=(
        *PARAMETERS,
        inference_parameter(
            "how p is found: exactly (also auto, where values are whole), by permutation, from z"
        ),
    ),
    order=35,
)
