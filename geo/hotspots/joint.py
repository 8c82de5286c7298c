"""Joint: where one kind of trouble and all the others gather in the same places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.colocation import (
    count_within,
    global_quotients,
    kth_nearest,
    local_quotient,
    local_quotient_of_cells,
    near_sites,
    random_layouts,
    share_within,
    share_within_of_centres,
    sites_together,
)
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.neighbours import LatticeNeighbours, PolygonNeighbours, disc_reach
from geo.note import Note
from geo.schema import Column
from geo.significance import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.colocation import Quotients

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

JOINT_CLASS = Column("joint_class", "text")
JOINT_Q_ONE = Column("joint_q_one", "real")
JOINT_Q_OTHER = Column("joint_q_other", "real")
LCLQ = Column("lclq", "real")
LCLQ_P = Column("lclq_p", "real")
LCLQ_Q = Column("lclq_q", "real")
LCLQ_CLASS = Column("lclq_class", "text")

_NEAREST = 20
"""Gaussian weights reach to this nearest event where no radius is given."""
_WORK = 5_000_000
"""Cells with events times random relabellings of the whole map, about a second."""
_LEAST_RELABELLINGS = 99
_GAUSSIAN_WORK = 10_000_000_000
"""Pairs of cells with events times relabellings, a few seconds; above, weights are those of cells.
"""
_GAUSSIAN_ROWS = 1000
"""Fewer cells of the family than this still hold all relabellings in memory."""


def run(
    evidence: Evidence,
    *,
    one: str = "traffic",
    alpha: float = 0.05,
    min_events: int = 30,
    min_occupied: int = 10,
    min_place: int = 3,
    weights: str = "cells",
    bandwidth_m: float | None = None,
    reach_m: float = 500.0,
    relabellings: int = 999,
) -> Result:
    """Ask of each cell whether one family gathers there, whether the others do, and how they mix.

    Each side gets its own Gi* (``geo.hotspots.gi_star``) over its own counts. ``joint_class`` is
    ``both`` where both claim the cell: each already sums over the cell's neighbours, so the two
    may happen in cells beside each other. ``hot`` are those cells; their p and q are the weaker
    of the two sides', so a claim of both is no more often false than either.

    The local colocation quotient ``lclq`` asks another question, in cells that hold an event of
    the family: are the other families a larger part of the events around than of all events
    (``together``, above 1), or a smaller (``apart``)? Not how many there are. The cell and its
    neighbours count alike and p is exact; with ``weights`` ``gaussian`` they fall off with the
    distance (``bandwidth_m``, or to each event's 20th nearest) and p is by ``relabellings``
    random relabellings, too few to survive many cells; where that is too much work, ``cells`` is
    used and a note says so. ``few``: no mix of so few events could tell.

    ``facts``: ``clq_one``, ``clq_other`` (global quotients towards the other side) with their p,
    by fewer relabellings on large maps (a note says so);
    and, with sites, ``sites``: for each in order, events within ``reach_m``, expected by even
    spreading, ratio, p and q; and for all together ``sites_ratio`` and ``sites_p``; ``by`` says
    what even means: over ``ground`` or ``exposure``. Trouble, traffic and bathing all gather where
    people are: meeting is no cause.
    """
    cells = evidence.cells
    nothing = np.zeros(len(cells), dtype=np.int64)
    a = np.asarray(evidence.families.get(one, nothing), dtype=np.int64)
    b = sum((n for name, n in evidence.families.items() if name != one), nothing)
    n = a + b
    notes = []
    if weights != "cells" and _gaussian_work(a, n, relabellings) > _GAUSSIAN_WORK:
        weights = "cells"
        notes.append(Note("joint_gaussian_too_large", {}, "warning"))
    used = {
        "one": one,
        "alpha": alpha,
        "min_events": min_events,
        "min_occupied": min_occupied,
        "min_place": min_place,
        "weights": weights,
        "bandwidth_m": bandwidth_m,
        "reach_m": reach_m,
        "relabellings": relabellings,
    }
    settings: dict[str, Any] = {
        "alpha": alpha,
        "min_events": min_events,
        "min_occupied": min_occupied,
        "min_place": min_place,
    }
    sides = []
    for side, held in (("one", a), ("other", b)):
        own = replace(evidence, n=held, weight=held.astype(np.float64), points=None)
        result = gi_star.run(own, values="n", **settings)
        sides.append(result)
        if result.enough:
            continue
        few: dict[str, Any] = {"family": one}
        key = "joint_no_family"
        if side == "other" or one in evidence.families or not evidence.families:
            kind, count, needed = "events", int(held.sum()), min_events
            if count >= min_events:
                kind, count, needed = "cells", int((held > 0).sum()), min_occupied
            few |= {"n": count, "needed": needed}
            key = f"joint_few_{kind}_{side}"
        notes.append(Note(key, few, "warning"))
    hot, p, q = zip(*(_claims(side, len(cells)) for side in sides), strict=True)
    label = np.select([hot[0] & hot[1], hot[0], hot[1]], ["both", "one", "other"], "")
    label[n == 0] = ""
    mix = _mix(evidence, a, b, weights, bandwidth_m, relabellings)
    telling = mix.least_p < alpha
    mix_q = benjamini_hochberg(np.where(telling, mix.p, np.nan))
    mixed = np.where(mix.quotient > 1, "together", "apart")
    mix_class = np.select([~np.isfinite(mix.p), ~telling, mix_q < alpha], ["", "few", mixed], "")
    done = min(relabellings, max(_LEAST_RELABELLINGS, _WORK // max(int((n > 0).sum()), 1)))
    if done < relabellings:
        notes.append(Note("joint_fewer_relabellings", {"n": done, "asked": relabellings}))
    enough = all(side.enough for side in sides)
    return Result(
        columns={
            JOINT_CLASS.name: label,
            JOINT_Q_ONE.name: q[0],
            JOINT_Q_OTHER.name: q[1],
            LCLQ.name: mix.quotient,
            LCLQ_P.name: mix.p,
            LCLQ_Q.name: mix_q,
            LCLQ_CLASS.name: mix_class,
        },
        hot=hot[0] & hot[1],
        p=np.maximum(*p),
        q=np.maximum(*q),
        enough=enough,
        notes=tuple(notes),
        facts=_quotients(evidence, a, b, done) | _sites(evidence, n, reach_m, relabellings),
        used=used,
    )


def _claims(side: Result, count: int) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Give what one side claims, with p and q."""
    nowhere, ones = np.zeros(count, dtype=bool), np.ones(count)
    return (
        nowhere if side.hot is None else side.hot,
        ones if side.p is None else side.p,
        ones if side.q is None else side.q,
    )


def _gaussian_work(a: Ints, n: Ints, relabellings: int) -> int:
    """Count what Gaussian weights ask for: pairs of cells times relabellings."""
    rows, columns = int((a > 0).sum()), int((n > 0).sum())
    return max(rows, _GAUSSIAN_ROWS) * columns * relabellings


def _mix(
    evidence: Evidence,
    a: Ints,
    b: Ints,
    weights: str,
    bandwidth_m: float | None,
    relabellings: int,
) -> Quotients:
    """Compute the local colocation quotients of the cells."""
    cells, n = evidence.cells, a + b
    if weights == "cells":
        return local_quotient_of_cells(a, b, n, cells.neighbours)
    bandwidth = _radii(cells, n) if bandwidth_m is None else bandwidth_m
    return local_quotient(
        cells.x, cells.y, a, b, n, bandwidth, relabellings=relabellings, seed=evidence.seed
    )


def _radii(cells: Cells, n: Ints) -> Floats:
    """Measure from each cell that holds events to the 20th nearest other event."""
    here = np.flatnonzero(n > 0)
    radii = np.zeros(len(n))
    radii[here] = kth_nearest(cells.x[here], cells.y[here], n[here], _NEAREST)
    return radii


def _quotients(evidence: Evidence, a: Ints, b: Ints, relabellings: int) -> dict[str, Any]:
    """Compute the global quotients of each side towards the other."""
    cells = evidence.cells
    one, other = global_quotients(
        cells.x, cells.y, a, b, a + b, relabellings=relabellings, seed=evidence.seed
    )
    return {
        "n_one": int(a.sum()),
        "n_other": int(b.sum()),
        "clq_one": one[0],
        "clq_one_p": one[1],
        "clq_other": other[0],
        "clq_other_p": other[1],
    }


def _sites(evidence: Evidence, n: Ints, reach_m: float, placements: int) -> dict[str, Any]:
    """Compare what lies within reach of the sites with what their ground would give.

    With points, distances are to the events themselves and circles cut the cells; else both
    events and ground lie at the centres of their cells.
    """
    by = {"by": "ground" if evidence.exposure is None else "exposure"}
    sites, cells = evidence.sites, evidence.cells
    if sites is None or not len(sites):
        return by
    x, y, held = cells.x, cells.y, n
    if evidence.points is not None:
        inside = cells.locate(evidence.points.x, evidence.points.y) >= 0
        x, y = evidence.points.x[inside], evidence.points.y[inside]
        held = np.ones(len(x), dtype=np.int64)
        share = share_within(cells, evidence.share, sites.x, sites.y, reach_m, _ground(evidence))
    else:
        reached = np.hypot(sites.x[:, None] - x, sites.y[:, None] - y) <= reach_m
        share = np.minimum(reached @ evidence.share, 1.0)
    around = _around(evidence, reach_m)
    at = np.zeros((0, len(sites)), dtype=np.int64)
    if share.any():
        at = random_layouts(
            evidence.share, around, share, placements=placements, seed=evidence.seed
        )
    drawn, which = np.unique(at, return_inverse=True)
    which = which.reshape(at.shape)
    places = np.append(sites.x, cells.x[drawn]), np.append(sites.y, cells.y[drawn])
    near, elsewhere = np.split(count_within(x, y, held, *places, reach_m), [len(sites)])
    share_elsewhere = _exactly_around(evidence, around, drawn, reach_m)
    found = near_sites(near, int(held.sum()), share)
    ratio, p = sites_together(
        near,
        share,
        elsewhere[which],
        share_elsewhere[which],
        int(held.sum()),
        seed=evidence.seed,
    )
    lists = {
        "n": found.n.tolist(),
        "expected": found.expected.tolist(),
        "ratio": found.ratio.tolist(),
        "p": found.p.tolist(),
        "q": found.q.tolist(),
    }
    return {"sites": lists, "sites_ratio": ratio, "sites_p": p, **by}


def _ground(evidence: Evidence) -> BaseGeometry | None:
    """Give the area where it is what shares are of: polygons that were drawn may leave gaps."""
    even = evidence.exposure is None and evidence.cells.grid is not None
    return evidence.area if even else None


def _around(evidence: Evidence, reach_m: float) -> Floats:
    """Give the share within reach of the centre of each cell; of lattices with points about so."""
    cells, share = evidence.cells, evidence.share
    if cells.grid is None:
        if evidence.points is not None:
            return share_within(cells, share, cells.x, cells.y, reach_m)
        return PolygonNeighbours.within(cells.x, cells.y, reach_m).sums(share)
    grid, column, row = cells.lattice
    near = LatticeNeighbours(grid.kind, column, row).within(reach_m, grid.size)
    if evidence.points is None:
        return near.sums(share)
    reached = sum(last - first + 1 for _, first, last in disc_reach(grid.kind, reach_m / grid.size))
    return near.sums(share) * (np.pi * reach_m**2 / (reached * grid.cell_area_m2))


def _exactly_around(evidence: Evidence, around: Floats, at: Ints, reach_m: float) -> Floats:
    """Give the share within reach of the centres of some cells, measured as that of the sites."""
    cells, ground = evidence.cells, _ground(evidence)
    if evidence.points is None or cells.grid is None:
        return around[at]
    if ground is not None:
        return share_within(cells, evidence.share, cells.x[at], cells.y[at], reach_m, ground)
    return share_within_of_centres(cells, evidence.share, at, reach_m)


METHOD = Method(
    name="joint",
    summary="Cells where one family and all the others gather both, and how they mix.",
    source="Ord & Getis (1995); Wang, Hu, Wang & Li (2017); Leslie & Kronenfeld (2011)",
    columns=(JOINT_CLASS, JOINT_Q_ONE, JOINT_Q_OTHER, LCLQ, LCLQ_P, LCLQ_Q, LCLQ_CLASS),
    run=run,
    parameters=(
        Parameter("one", "text", "traffic", "the family that is set against all the others"),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_events", "integer", 30, "a side with fewer events claims nothing", above=0),
        Parameter(
            "min_occupied", "integer", 10, "with fewer cells that hold events, likewise", above=0
        ),
        Parameter(
            "min_place", "integer", 3, "no place is hot with fewer events of a side", above=0
        ),
        Parameter(
            "weights",
            "choice",
            "cells",
            "what counts around: a cell and its neighbours alike, or less by distance",
            choices=("cells", "gaussian"),
        ),
        Parameter(
            "bandwidth_m",
            "real",
            None,
            "radius (m) of Gaussian weights, else to the 20th nearest event",
            above=0.0,
        ),
        Parameter("reach_m", "real", 500.0, "how near a site is near (m)", above=0.0),
        Parameter("relabellings", "integer", 999, "random relabellings and layouts", above=0),
    ),
    needs_points=True,
    together=True,
    by_family=True,
    order=70,
)
