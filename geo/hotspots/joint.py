"""Joint: where one kind of trouble and all the others gather in the same places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.colocation import (
    count_within,
    global_quotient,
    kth_nearest,
    local_quotient,
    local_quotient_of_cells,
    near_sites,
    share_within,
    sites_together,
)
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.note import Note
from geo.schema import Column
from geo.significance import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cells import Cells

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
    random relabellings, too few to survive many cells. ``few``: no mix
    of so few events could tell.

    ``facts``: ``clq_one``, ``clq_other`` (global quotients towards the other side) with their p;
    and, with sites, ``sites``: for each in order, events within ``reach_m``, expected by even
    spreading, ratio, p and q; and for all together ``sites_ratio`` and ``sites_p``. Trouble,
    traffic and bathing all gather where people are: meeting is no cause.
    """
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
    cells = evidence.cells
    nothing = np.zeros(len(cells), dtype=np.int64)
    a = np.asarray(evidence.families.get(one, nothing), dtype=np.int64)
    b = sum((n for name, n in evidence.families.items() if name != one), nothing)
    settings: dict[str, Any] = {
        "alpha": alpha,
        "min_events": min_events,
        "min_occupied": min_occupied,
        "min_place": min_place,
    }
    sides = []
    notes = []
    for side, n in (("one", a), ("other", b)):
        own = replace(evidence, n=n, weight=n.astype(np.float64), points=None)
        result = gi_star.run(own, values="n", **settings)
        sides.append(result)
        if not result.enough:
            values = {"family": one, "n": int(n.sum())}
            notes.append(Note(f"joint_too_few_{side}", values, "warning"))
    hot, p, q = zip(*(_claims(side, len(cells)) for side in sides), strict=True)
    n = a + b
    label = np.select([hot[0] & hot[1], hot[0], hot[1]], ["both", "one", "other"], "")
    label[n == 0] = ""
    if weights == "cells":
        mix = local_quotient_of_cells(a, b, n, cells.neighbours)
    else:
        mix = local_quotient(
            cells.x,
            cells.y,
            a,
            b,
            n,
            _radii(cells, n) if bandwidth_m is None else bandwidth_m,
            relabellings=relabellings,
            seed=evidence.seed,
        )
    telling = mix.least_p < alpha
    mix_q = benjamini_hochberg(np.where(telling, mix.p, np.nan))
    mixed = np.where(mix.quotient > 1, "together", "apart")
    mix_class = np.select([~np.isfinite(mix.p), ~telling, mix_q < alpha], ["", "few", mixed], "")
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
        facts=_quotients(evidence, a, b, relabellings) | _sites(evidence, n, reach_m, relabellings),
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


def _radii(cells: Cells, n: Ints) -> Floats:
    """Measure from each cell that holds events to the 20th nearest other event."""
    here = np.flatnonzero(n > 0)
    radii = np.zeros(len(n))
    radii[here] = kth_nearest(cells.x[here], cells.y[here], n[here], _NEAREST)
    return radii


def _quotients(evidence: Evidence, a: Ints, b: Ints, relabellings: int) -> dict[str, Any]:
    """Compute the global quotients of each side towards the other."""
    facts: dict[str, Any] = {"n_one": int(a.sum()), "n_other": int(b.sum())}
    for name, first, second in (("clq_one", a, b), ("clq_other", b, a)):
        facts[name], facts[f"{name}_p"] = global_quotient(
            evidence.cells.x,
            evidence.cells.y,
            first,
            second,
            a + b,
            relabellings=relabellings,
            seed=evidence.seed,
        )
    return facts


def _sites(evidence: Evidence, n: Ints, reach_m: float, placements: int) -> dict[str, Any]:
    """Compare what lies within reach of the sites with what their ground would give.

    With points, distances are to the events themselves, else to the centres of their cells.
    """
    sites, cells = evidence.sites, evidence.cells
    if sites is None or not len(sites):
        return {}
    x, y, held = cells.x, cells.y, n
    if evidence.points is not None:
        inside = cells.locate(evidence.points.x, evidence.points.y) >= 0
        x, y = evidence.points.x[inside], evidence.points.y[inside]
        held = np.ones(len(x), dtype=np.int64)
        ground = evidence.area if evidence.exposure is None else None
        share = share_within(cells, evidence.share, sites.x, sites.y, reach_m, ground)
    else:
        reached = np.hypot(sites.x[:, None] - x, sites.y[:, None] - y) <= reach_m
        share = np.minimum(reached @ evidence.share, 1.0)
    near = count_within(x, y, held, sites.x, sites.y, reach_m)
    found = near_sites(near, int(held.sum()), share)
    elsewhere = count_within(x, y, held, cells.x, cells.y, reach_m)
    ratio, p = sites_together(
        near, elsewhere, evidence.share, placements=placements, seed=evidence.seed
    )
    lists = {
        "n": found.n.tolist(),
        "expected": found.expected.tolist(),
        "ratio": found.ratio.tolist(),
        "p": found.p.tolist(),
        "q": found.q.tolist(),
    }
    return {"sites": lists, "sites_ratio": ratio, "sites_p": p}


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
