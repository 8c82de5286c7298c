"""Gi*: where a cell and its neighbours hold more than the whole area would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.note import Note
from geo.places import contiguous
from geo.schema import GI_BIN, GI_CHANCE_Q, GI_P, GI_Q, GI_Z
from geo.significance import benjamini_hochberg, chance_p, evidence_bins, two_sided_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def gi_star(x: Floats, sums: Floats, sizes: Ints) -> Floats:
    """Give Gi* of each cell as a z-value, from sums over each cell and its neighbours.

    Binary weights, the cell itself included: with W the number of cells in a sum (``sizes``),
    ``z = (sum - mean W) / (s sqrt((n W - W^2) / (n - 1)))`` where mean and s are over all n cells
    (s with divisor n). A constant surface has z = 0 everywhere. Source: Ord & Getis (1995), eq. 14.

    z is normal only when sums hold enough events; on sparse counts it claims far too much, so
    ``run`` also asks ``geo.significance.chance_p``. Overlapping sums make neighbours alike.
    """
    n = len(x)
    size = sizes.astype(np.float64)
    mean = x.mean() if n else 0.0
    variance = (x * x).mean() - mean * mean if n else 0.0
    spread = np.sqrt(max(variance, 0.0) * np.maximum(n * size - size * size, 0.0) / max(n - 1, 1))
    excess = sums - mean * size
    # A spread that is only rounding (a constant surface, or one sum over everything) carries no z.
    known = spread > 1e-12 * max(abs(mean), 1e-300) * size
    return np.divide(excess, spread, out=np.zeros(n), where=known)


def gi_star_of(x: Floats, neighbours: Neighbours) -> Floats:
    """Give Gi* of each cell as a z-value, see :func:`gi_star`."""
    return gi_star(x, neighbours.sums(x), neighbours.sizes)


def run(
    evidence: Evidence,
    *,
    alpha: float = 0.05,
    values: str = "auto",
    min_events: int = 30,
    min_occupied: int = 10,
    min_place: int = 3,
) -> Result:
    """Test every cell, and claim a hotspot only where two independent questions agree.

    1. Gi* (two-sided normal p, Benjamini-Hochberg q over the cells of the study area).
    2. Chance: could so many events fall on the cell and its neighbours if events fell anywhere
       in the area? (exact binomial, Benjamini-Hochberg, ``gi_chance_q``).

    ``gi_z``, ``gi_p`` and ``gi_q`` are plain Gi*; ``gi_bin`` (and ``hot``) holds what may be
    claimed: the weaker of the two answers, 0 where the data are too few, in all or in the place.
    ``hot`` also marks empty cells that hold a place together; ``gi_bin`` does not.
    """
    cells, n = evidence.cells, evidence.n
    weighted = values == "weight" or (values == "auto" and bool((evidence.weight != n).any()))
    x = evidence.weight if weighted else n.astype(np.float64)
    neighbours = cells.neighbours
    sizes = neighbours.sizes
    z = gi_star(x, neighbours.sums(x), sizes)
    p = two_sided_p(z)
    q = benjamini_hochberg(p)
    total = int(n.sum())
    around = neighbours.sums(n.astype(np.float64)).astype(np.int64)
    share = neighbours.sums(cells.area_m2) / max(cells.area_m2.sum(), 1e-300)
    chance = chance_p(around, total, share)
    # With weights, Gi* can be high where events are few: that is no claim.
    agree = np.sign(around - total * share) == np.sign(z)
    chance_q = np.where(agree, benjamini_hochberg(chance), 1.0)
    notes = []
    if weighted:
        notes.append(Note("gi_star_weighted"))
    occupied = int((n > 0).sum())
    enough = total >= min_events and occupied >= min_occupied
    if total < min_events:
        notes.append(
            Note(
                "too_few_events", {"method": "gi_star", "n": total, "needed": min_events}, "warning"
            )
        )
    elif not enough:
        notes.append(
            Note(
                "too_few_cells",
                {"method": "gi_star", "n": occupied, "needed": min_occupied},
                "warning",
            )
        )
    worst = np.maximum(q, chance_q)
    bins = evidence_bins(z, worst) if enough else np.zeros(len(z), dtype=np.int64)
    bins[(bins > 0) & ~_with_events(bins > 0, n, neighbours, min_place)] = 0
    hot = _with_events((z > 0) & (worst < alpha) & (bins > 0), n, neighbours, min_place)
    bins[(bins > 0) & (n == 0)] = 0  # it holds a place together, but nothing happened in it
    return Result(
        columns={
            GI_Z.name: z,
            GI_P.name: p,
            GI_Q.name: q,
            GI_BIN.name: bins,
            GI_CHANCE_Q.name: chance_q,
        },
        hot=hot,
        p=np.where(agree, np.maximum(p, chance), 1.0),
        q=worst,
        enough=enough,
        notes=tuple(notes),
        used={
            "alpha": alpha,
            "values": "weight" if weighted else "n",
            "min_events": min_events,
            "min_occupied": min_occupied,
            "min_place": min_place,
        },
    )


def _with_events(
    mask: NDArray[np.bool_], n: Ints, neighbours: Neighbours, least: int
) -> NDArray[np.bool_]:
    """Keep the marked cells of contiguous groups that hold at least ``least`` events themselves.

    A cell can be high for its neighbours' sake. Empty cells may hold a group together.
    """
    kept = np.zeros(len(mask), dtype=bool)
    for group in contiguous(mask, neighbours):
        kept[group] = n[group].sum() >= least
    return kept


METHOD = Method(
    name="gi_star",
    summary="Cells that with their neighbours hold more than the area gives, beyond chance.",
    source="Ord & Getis (1995); Benjamini & Hochberg (1995)",
    columns=(GI_Z, GI_P, GI_Q, GI_BIN, GI_CHANCE_Q),
    run=run,
    parameters=(
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter(
            "values",
            "choice",
            "auto",
            "what is summed; auto takes weights where any differs from 1",
            choices=("auto", "n", "weight"),
        ),
        Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
        Parameter(
            "min_occupied", "integer", 10, "with fewer cells that hold events, likewise", above=0
        ),
        Parameter(
            "min_place", "integer", 3, "no place is hot with fewer events of its own", above=0
        ),
    ),
    order=30,
)
