"""Network KDE: events spread along the roads, and the streets that hold more than their share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.hotspots.method import Cluster, Evidence, Method, Parameter, Result, Streets
from geo.network import lixel_lines, lixels_of, network_of, snap, touching, within_reach
from geo.network_kernels import LineKernel, LineKernels, Split
from geo.note import Note
from geo.schema import Column
from geo.significance import benjamini_hochberg, chance_p

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from geo.cells import Cells
    from geo.network import Graph, Lixels, Network

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Geometries = NDArray[np.object_]

NKDE = Column("nkde", "real")

_BANDWIDTH_M, _LIXEL_M, _SNAP_M = 300.0, 50.0, 50.0
_MOST_LIXELS = 40_000
_MANY_BEYOND = 0.2
_MUCH_MOVED = 0.01
_STEP_M = 10.0
"""How densely lines are looked at to see which cells they cross."""
_OUTLINE_M = 15.0


def run(
    evidence: Evidence,
    *,
    kernel: LineKernel = "quartic",
    split: Split = "continuous",
    bandwidth: float | None = None,
    lixel_m: float | None = None,
    snap_m: float = _SNAP_M,
    alpha: float = 0.05,
    min_events: int = 30,
    min_place: int = 3,
) -> Result:
    """Spread events along the roads, and claim the pieces that more happened around than by chance.

    Each event is moved to the nearest road; those farther off than ``snap_m`` are set aside, and
    counted. The density is the mean on each piece of road (lixel), events per km; it sums to the
    events. The split is ``continuous`` unless told otherwise: accidents gather at crossings, and
    only then it does not matter to which arm one was moved. ``discontinuous`` is faster.

    A piece is hot where the events within a walk of ``bandwidth`` of its middle are more than
    chance would put there (exact binomial, Benjamini-Hochberg over the pieces in the area), its
    density is above the mean. A place is the hot pieces of one street that touch and hold
    ``min_place`` events, more than their length gives; what then is left, as the arms of a crossing
    with two events each, is held together by touch alone. Other pieces are not called hot: they are
    near a place, as the first metres of its side streets. A street that something without its name
    interrupts, a roundabout say, is as many places.

    Chance spreads events evenly along the roads: it knows no traffic. A busy road is then hot
    because it is busy, not because it is dangerous; and a piece is hot for what happened up to the
    bandwidth away. Where roads are drawn as two lines, one for each direction, there is twice the
    road to hold the same events. Source: Okabe, Satoh & Sugihara (2009).
    """
    if evidence.points is None:
        raise ValueError("network_kde needs the points")
    asked = _Asked(kernel, split, bandwidth or _BANDWIDTH_M, lixel_m or _LIXEL_M, snap_m,
                   alpha, min_events, min_place)  # fmt: skip
    network = None if evidence.roads is None else network_of(evidence.roads.geometry)
    if network is None or not len(network.geometry):
        return _nothing(evidence, Note("network_no_roads", {}, "warning"), asked)
    notes = []
    if bandwidth is None:
        notes.append(Note("network_bandwidth", {"bandwidth": asked.bandwidth}))
    if lixel_m is None:
        coarse = float(network.graph.length.sum()) / _MOST_LIXELS
        asked = _Asked(**{**asdict(asked), "lixel_m": max(_LIXEL_M, float(np.ceil(coarse)))})
        notes.append(Note("network_lixel", {"lixel": asked.lixel_m}))
    return _on_roads(evidence, network, asked, notes)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The settings as they are used."""

    kernel: LineKernel
    split: Split
    bandwidth: float
    lixel_m: float
    snap_m: float
    alpha: float
    min_events: int
    min_place: int


@dataclass(frozen=True, eq=False)
class _Pieces:
    """What was found on each lixel; ``cell`` and ``of`` pair cells with lixels that cross them."""

    lines: Geometries
    names: NDArray[np.object_]
    length: Floats
    n: Ints
    density: Floats
    p: Floats
    q: Floats
    inside: Bools
    of: Ints
    cell: Ints


def _on_roads(evidence: Evidence, network: Network, asked: _Asked, notes: list[Note]) -> Result:
    """Measure along the roads, and gather what is hot."""
    points, roads = evidence.points, evidence.roads
    assert points is not None  # noqa: S101 - run has seen to it
    assert roads is not None  # noqa: S101 - likewise
    graph, cells = network.graph, evidence.cells
    lixels = lixels_of(graph, asked.lixel_m)
    lines = lixel_lines(network, lixels)
    of, cell = _crossed(cells, lines)
    inside = np.zeros(len(lixels), dtype=bool)
    inside[of] = True
    snapped = snap(network, points.x, points.y)
    near = snapped.distance <= asked.snap_m
    edge, at = snapped.edge[near], snapped.at[near]
    holder = lixels.holding(edge, at)
    kernels = LineKernels(asked.kernel, asked.bandwidth, asked.split)
    mass, moved = kernels.on_lixels(graph, lixels, edge, at)
    counted = inside[holder]
    reach = within_reach(graph, lixels, asked.bandwidth, edge[counted], at[counted], inside)
    total, metres = int(counted.sum()), float(lixels.length[inside].sum())
    share = reach.length / max(metres, 1e-300)
    p = chance_p(reach.events, total, share)
    q = benjamini_hochberg(np.where(inside, p, np.nan))
    density = mass / lixels.length * 1000.0
    pieces = _Pieces(
        lines,
        roads.names[network.road[lixels.edge]],
        lixels.length,
        np.bincount(holder, minlength=len(lixels)),
        density,
        p,
        q,
        inside,
        of,
        cell,
    )
    beyond = int((~near).sum())
    notes += _warnings(len(points), beyond, moved, asked)
    n, enough = int(near.sum()), total >= asked.min_events
    hot = np.zeros(len(lixels), dtype=bool)
    if enough:
        hot = inside & (q < asked.alpha) & (reach.events > total * share)
        hot &= density > 1000.0 * n / float(graph.length.sum())
    else:
        values = {"method": "network_kde", "n": total, "needed": asked.min_events}
        notes.append(Note("too_few_events", values, "warning"))
    x, y = points.x[near], points.y[near]
    event_cell = cells.locate(x, y)
    clusters = []
    groups = _places(graph, lixels, hot, pieces, asked.min_place)
    hot = np.zeros(len(lixels), dtype=bool)
    for group in groups:
        of_group = np.isin(holder, group)
        expected = total * float(lixels.length[group].sum()) / metres
        if of_group.sum() > expected and (event_cell[of_group] >= 0).any():
            hot[group] = True
            clusters.append(
                _cluster(pieces, group, x[of_group], y[of_group], event_cell[of_group], expected)
            )
    clusters.sort(key=lambda found: found.expected - found.n)
    return _answer(evidence, pieces, hot, clusters, notes, asked, enough=enough, facts={
        "n": n,
        "beyond": beyond,
        "snap_m": asked.snap_m,
        "snap_median_m": float(np.median(snapped.distance[near])) if n else 0.0,
        "snap_max_m": float(snapped.distance[near].max(initial=0.0)),
        "length_km": metres / 1000.0,
        "lixel_m": asked.lixel_m,
        "bandwidth_m": asked.bandwidth,
        "split": asked.split,
        "pieces": int(inside.sum()),
        "hot_pieces": int(hot.sum()),
    })  # fmt: skip


def _warnings(count: int, beyond: int, moved: float, asked: _Asked) -> list[Note]:
    """Say what limits the answer, and how the test can mislead."""
    notes = [Note("network_even")]
    if beyond:
        values = {"n": beyond, "of": count, "snap": asked.snap_m}
        many = beyond > _MANY_BEYOND * count
        notes.append(Note("network_beyond", values, "warning" if many else "info"))
    if moved > _MUCH_MOVED * (count - beyond):
        percent = float(min(np.ceil(100.0 * moved / (count - beyond)), 100.0))
        notes.append(Note("network_moved", {"percent": percent}, "warning"))
    return notes


def _places(
    graph: Graph, lixels: Lixels, hot: Bools, pieces: _Pieces, min_place: int
) -> list[Ints]:
    """Part hot pieces into places with enough events: street by street, then what is left."""
    names, street = np.unique(pieces.names.astype(str), return_inverse=True)
    rest, places = hot.copy(), []
    for group in touching(graph, lixels, hot, street):
        if names[street[group[0]]] and pieces.n[group].sum() >= min_place:
            places.append(group)
            rest[group] = False
    others = touching(graph, lixels, rest, np.zeros(len(lixels), dtype=np.int64))
    return places + [group for group in others if pieces.n[group].sum() >= min_place]


def _cluster(
    pieces: _Pieces, group: Ints, x: Floats, y: Floats, event_cell: Ints, expected: float
) -> Cluster:
    """Make a place of hot pieces, named by the street with most of their events."""
    names, which = np.unique(pieces.names[group].astype(str), return_inverse=True)
    held = np.bincount(which, pieces.n[group])
    held[names == ""] = -1.0
    street = str(names[np.argmax(held)])
    crossed = pieces.cell[np.isin(pieces.of, group)]
    return Cluster(
        cells=np.unique(np.concatenate([crossed, event_cell[event_cell >= 0]])),
        x=float(x.mean()),
        y=float(y.mean()),
        n=len(x),
        expected=expected,
        p=float(pieces.p[group].min()),
        score=float(pieces.density[group].max()),
        shape=shapely.union_all(shapely.buffer(pieces.lines[group], _OUTLINE_M)),
        street=street,
    )


def _crossed(cells: Cells, lines: Geometries) -> tuple[Ints, Ints]:
    """Pair lines with the cells that they cross, each pair once."""
    xy, of = shapely.get_coordinates(shapely.segmentize(lines, _STEP_M), return_index=True)
    cell = cells.locate(xy[:, 0], xy[:, 1])
    pairs = np.unique(of[cell >= 0] * len(cells) + cell[cell >= 0])
    return pairs // len(cells), pairs % len(cells)


def _answer(
    evidence: Evidence,
    pieces: _Pieces,
    hot: Bools,
    clusters: list[Cluster],
    notes: list[Note],
    asked: _Asked,
    *,
    enough: bool,
    facts: dict[str, Any],
) -> Result:
    """Write into cells the highest density that crosses each, and p and q of the place it is in."""
    count = len(evidence.cells)
    nkde, p, q = np.zeros(count), np.ones(count), np.ones(count)
    np.maximum.at(nkde, pieces.cell, pieces.density[pieces.of])
    cells, keep = np.zeros(count, dtype=bool), pieces.inside
    for found in clusters:  # also cells that hold its events beside the road
        cells[found.cells] = True
        p[found.cells] = np.minimum(p[found.cells], found.p)
        same = pieces.q[keep & (pieces.p == found.p)].max()
        q[found.cells] = np.minimum(q[found.cells], same)
    return Result(
        columns={NKDE.name: nkde},
        hot=cells,
        p=p,
        q=q,
        enough=enough,
        notes=tuple(notes),
        clusters=tuple(clusters),
        streets=Streets(
            pieces.lines[keep],
            pieces.names[keep],
            pieces.length[keep],
            pieces.n[keep],
            pieces.density[keep],
            pieces.p[keep],
            pieces.q[keep],
            hot[keep],
        ),
        facts=facts,
        used=asdict(asked),
    )


def _nothing(evidence: Evidence, note: Note, asked: _Asked) -> Result:
    """Answer that there is no road to measure along."""
    count = len(evidence.cells)
    return Result(
        columns={NKDE.name: np.zeros(count)},
        hot=np.zeros(count, dtype=bool),
        p=np.ones(count),
        q=np.ones(count),
        enough=False,
        notes=(note,),
        used=asdict(asked),
    )


METHOD = Method(
    name="network_kde",
    summary="Density of events along the roads, and streets with more than their length gives.",
    source="Okabe, Satoh & Sugihara (2009); McSwiggan, Baddeley & Nair (2017)",
    columns=(NKDE,),
    run=run,
    parameters=(
        Parameter(
            "kernel",
            "choice",
            "quartic",
            "shape of the kernel; the quartic falls smoothly to 0",
            choices=("quartic", "epanechnikov"),
        ),
        Parameter(
            "split",
            "choice",
            "continuous",
            "how an event is shared where roads meet; continuous is the same on all arms, "
            "discontinuous is faster",
            choices=("continuous", "discontinuous"),
        ),
        Parameter("bandwidth", "real", None, "how far an event reaches, metres: 300", above=0.0),
        Parameter(
            "lixel_m", "real", None, "no piece of road is longer, metres: from 50", above=0.0
        ),
        Parameter("snap_m", "real", _SNAP_M, "events farther from any road are left", above=0.0),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
        Parameter(
            "min_place", "integer", 3, "no place is hot with fewer events of its own", above=0
        ),
    ),
    needs_points=True,
    needs_roads=True,
    families=("traffic",),
    score="nkde",
    order=75,
)
