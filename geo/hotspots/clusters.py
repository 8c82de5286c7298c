"""Clusters: events that lie closer together than chance would lay so many of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from geo.hotspots.method import Cluster, Evidence, Method, Parameter, Result
from geo.note import Note
from geo.schema import Column
from geo.significance import fewest_replicates, log_likelihood_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Geometries = NDArray[np.object_]
    Find = Callable[[Floats, Floats, Ints], tuple[Ints, ...]]

Algorithm = Literal["dbscan", "hdbscan"]

CLUSTER = Column("cluster", "integer")
CLUSTER_P = Column("cluster_p", "real")

_CHANCE_NEIGHBOURS = 0.5
"""How many others chance alone lays within eps of an event, where nobody chose eps.

Chosen by power, of 0.05 to 2: over 200 events, even on Lekeberg's ground, with 5, 10 or 20 of them
in a disc of 150, 300 or 600 m, the disc was found on 93 % of maps (0.1: 75 %, 2: 76 %). Scored by
size in place of the likelihood ratio, at most 78 %; over towns 47 % in place of 61 %."""
_BATCH = 1 << 17
"""Points and pairs that are looked at together; more cost memory and save no time."""
_WORK = 10_000_000
"""Points and pairs laid by chance, in all, beyond which there are fewer replicates: some twenty
seconds. No bound: ``_LEAST_REPLICATES`` are made whatever they cost, up to ``_MOST_WORK``."""
_MOST_WORK = 100_000_000
"""If even the fewest replicates cost more (some minutes), nothing is claimed."""
_MOST_PAIRS = 20_000_000
"""Pairs within eps in one pattern, held at once: 60 bytes each, a gigabyte or more."""
_HDBSCAN_WORK = 40
"""How many times DBSCAN's work a point costs there: two runs of some 20 microseconds a point."""
_HDBSCAN_MOST = 15_000_000
"""If the fewest replicates cost more than this there, DBSCAN is used: with 99, 3,000 events."""
_LEAST_REPLICATES = 99
_ROUNDS = 200
"""Attempts at placing a point inside a sliver before its inner point must do."""


def dbscan(
    x: Floats, y: Floats, eps: float, min_points: int, group: Ints | None = None
) -> tuple[Ints, Bools]:
    """Give the cluster of each point (-1 for none, else 0, 1 ... by first point), and the cores.

    A core has at least ``min_points`` points within ``eps`` metres, itself included; cores within
    eps of one another are of one cluster. Source: Ester, Kriegel, Sander & Xu (1996), where a
    point on the border of two clusters goes to the one found first; here to its nearest core, the
    first of equally near ones, so that the order of points does not matter. Points of different
    ``group`` never meet: many patterns are asked at once. Memory grows with the pairs within eps.
    """
    from scipy import sparse, spatial  # noqa: PLC0415 - slow to import, and only this needs it

    count = len(x)
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    # Each group steps aside, farther than the groups are wide: they never meet.
    aside = x if group is None else x + group * (float(np.ptp(x)) + 2.0 * eps + 1.0)
    places, place, weight = _places(aside, y)
    size = len(places)
    pairs = spatial.cKDTree(places).query_pairs(eps, output_type="ndarray")
    first, second = pairs[:, 0], pairs[:, 1]
    within = weight + np.bincount(first, weights=weight[second], minlength=size)
    within += np.bincount(second, weights=weight[first], minlength=size)
    core = within >= min_points
    both = core[first] & core[second]
    links = sparse.coo_matrix(
        (np.ones(int(both.sum()), dtype=np.int8), (first[both], second[both])), shape=(size, size)
    )
    _, component = sparse.csgraph.connected_components(links, directed=False)
    label = np.where(core, component, -1).astype(np.int64)
    # Border: not a core, but within eps of one.
    one = core[first] != core[second]
    inner = np.where(core[first[one]], first[one], second[one])
    outer = np.where(core[first[one]], second[one], first[one])
    far = np.hypot(*(places[inner] - places[outer]).T)
    earliest = np.full(size, count, dtype=np.int64)
    np.minimum.at(earliest, place, np.arange(count))
    order = np.lexsort((earliest[inner], far, outer))
    _, nearest = np.unique(outer[order], return_index=True)
    label[outer[order][nearest]] = label[inner[order][nearest]]
    return _by_first(label[place]), core[place]


def _places(x: Floats, y: Floats) -> tuple[Floats, Ints, Ints]:
    """Give the distinct places, which of them each point is at, and how many points each holds.

    Many reports come from one address: every place is looked at once, with its count.
    """
    spots, place, weight = np.unique(x + 1j * y, return_inverse=True, return_counts=True)
    return np.column_stack([spots.real, spots.imag]), place, weight


def pairs_within(x: Floats, y: Floats, eps: float) -> int:
    """Count the pairs of distinct places within ``eps`` metres, without listing them."""
    from scipy import spatial  # noqa: PLC0415 - slow to import, and only this needs it

    places = _places(x, y)[0]
    tree = spatial.cKDTree(places)
    return (int(tree.count_neighbors(tree, eps)) - len(places)) // 2


def hdbscan(x: Floats, y: Floats, min_points: int, *, alone: bool = False) -> Ints:
    """Give the cluster of each point (-1 for none), each at the density where it lasts longest.

    scikit-learn's, with the smallest cluster and the neighbours of a core both ``min_points``.
    Clusters among noise take in some of it, and so more ground than DBSCAN's. There are two or
    none, so that one clump in the emptiness is split; unless a cluster may stand ``alone``: then
    all but some noise is often one, and small ones in it are lost.
    Source: Campello, Moulavi & Sander (2013).
    """
    import sklearn.cluster  # noqa: PLC0415 - slow to import, and rarely needed

    least = max(min_points, 2)
    if len(x) < least:
        return np.full(len(x), -1, dtype=np.int64)
    model = sklearn.cluster.HDBSCAN(
        min_cluster_size=least, min_samples=min_points, allow_single_cluster=alone, copy=True
    )
    return _by_first(model.fit_predict(np.column_stack([x, y])).astype(np.int64))


def _by_first(label: Ints) -> Ints:
    """Number the clusters by their first point; -1 stays."""
    found, first, which = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.argsort(first + len(label) * (found < 0), kind="stable")] = np.arange(len(found))
    return np.where(label < 0, -1, rank[which])


def likelihood_ratio(n: Floats, expected: Floats, total: int) -> Floats:
    """Score n of ``total`` where some are expected, nowhere less than a billionth: so it is finite.

    See ``geo.significance.log_likelihood_ratio``.
    """
    return log_likelihood_ratio(n, np.clip(expected, 1e-9, total * (1.0 - 1e-12)), total)


@dataclass(frozen=True, eq=False)
class Ground:
    """Where events may fall by chance: each cell's part of the study area, and its share.

    ``whole`` marks the squares that lie in the area entirely: in those a point is drawn directly.
    """

    pieces: Geometries
    bounds: Floats
    whole: Bools
    share: Floats
    area_m2: Floats
    area: BaseGeometry | None
    even: bool
    """The share of a piece is its share of the ground."""

    @classmethod
    def of(cls, cells: Cells, area: BaseGeometry | None, share: Floats, *, even: bool) -> Ground:
        """Cut the cells to the study area (metres)."""
        pieces = cells.polygons.copy()
        cut = np.zeros(len(cells), dtype=bool)
        if cells.grid is not None:
            cut = cells.area_m2 < cells.grid.cell_area_m2 * (1.0 - 1e-9)
        if area is not None and cut.any():
            pieces[cut] = shapely.intersection(area, pieces[cut])
        square = cells.grid is not None and cells.grid.kind == "square"
        bounds = shapely.bounds(pieces)
        shapely.prepare(pieces)
        if area is not None:
            shapely.prepare(area)
        extent = shapely.area(pieces)
        return cls(pieces, bounds, ~cut & square, share, extent, area, even and area is not None)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Let points fall by chance: a cell by its share, then anywhere in its piece."""
        edges = np.cumsum(self.share)
        cell = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
        cell = np.minimum(cell, len(edges) - 1)
        x, y = np.empty(count), np.empty(count)
        left = np.arange(count)
        for _ in range(_ROUNDS):
            west, south, east, north = self.bounds[cell[left]].T
            x[left] = west + (east - west) * rng.random(len(left))
            y[left] = south + (north - south) * rng.random(len(left))
            check = left[~self.whole[cell[left]]]
            inside = shapely.contains_xy(self.pieces[cell[check]], x[check], y[check])
            left = check[~inside]
            if not len(left):
                return x, y
        inner = shapely.point_on_surface(self.pieces[cell[left]])
        x[left], y[left] = shapely.get_x(inner), shapely.get_y(inner)
        return x, y

    def expected(self, shapes: Geometries, total: int) -> Floats:
        """Give how many of ``total`` events chance lays inside each shape."""
        if self.even and self.area is not None:
            extent = shapely.area(shapes)
            out = ~shapely.contains_properly(self.area, shapes)
            extent[out] = shapely.area(shapely.intersection(self.area, shapes[out]))
            return np.asarray(total * extent / max(self.area_m2.sum(), 1e-300))
        tree = shapely.STRtree(self.pieces)
        shape, piece = tree.query(shapes, predicate="intersects")
        density = self.share / np.maximum(self.area_m2, 1e-300)
        part = shapely.area(shapely.intersection(shapes[shape], self.pieces[piece]))
        inside = np.bincount(shape, weights=part * density[piece], minlength=len(shapes))
        return np.asarray(total * inside)

    def crowding(self) -> float:
        """Give the density (per square metre) that chance lays around an event, of its share."""
        return float((self.share**2 / np.maximum(self.area_m2, 1e-300)).sum())


def outlines(x: Floats, y: Floats, label: Ints, reach: float) -> tuple[Ints, Geometries]:
    """Wrap the points of each cluster in their convex hull, widened by ``reach`` metres.

    Gives the labels in order and their shapes. The hull of a cluster along a bend holds ground
    that no event lies on; then more is expected in it, and less is claimed.
    """
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    found, index = np.unique(label[order], return_inverse=True)
    points = shapely.multipoints(np.column_stack([x[order], y[order]]), indices=index)
    return found, np.asarray(shapely.buffer(shapely.convex_hull(points), reach, quad_segs=8))


def scores(
    x: Floats, y: Floats, label: Ints, group: Ints, *, ground: Ground, total: int, reach: float
) -> tuple[Ints, Floats, Floats, Geometries]:
    """Score each cluster (see ``likelihood_ratio``): its group, score, expected and outline."""
    found, shapes = outlines(x, y, label, reach)
    if not len(found):
        nothing = np.zeros(0)
        return np.zeros(0, dtype=np.int64), nothing, nothing, shapes
    clustered = np.flatnonzero(label >= 0)
    at = np.searchsorted(found, label[clustered])
    n = np.bincount(at, minlength=len(found)).astype(np.float64)
    of = np.zeros(len(found), dtype=np.int64)
    of[at] = group[clustered]
    expected = ground.expected(shapes, total)
    return of, likelihood_ratio(n, expected, total), expected, shapes


def chance_maxima(
    find: Find,
    ground: Ground,
    total: int,
    *,
    reach: float,
    replicates: int,
    at_once: int,
    rng: np.random.Generator,
) -> Floats:
    """Give the greatest score of each of many patterns of ``total`` events laid by chance.

    Where ``find`` gives more than one grouping, the greatest of them all.
    """
    best = np.zeros(replicates)
    for start in range(0, replicates, at_once):
        number = min(at_once, replicates - start)
        x, y = ground.draw(number * total, rng)
        group = np.repeat(np.arange(number), total)
        for label in find(x, y, group):
            of, score, _, _ = scores(x, y, label, group, ground=ground, total=total, reach=reach)
            np.maximum.at(best, start + of, score)
    return best


def run(
    evidence: Evidence,
    *,
    algorithm: Algorithm = "dbscan",
    eps: float | None = None,
    min_points: int = 5,
    alpha: float = 0.05,
    replicates: int = 999,
    min_events: int = 30,
) -> Result:
    """Find clusters of events, and claim those that chance would hardly lay anywhere in the area.

    The null hypothesis: as many events, each falling independently of the others, by
    ``evidence.share`` over the cells and anywhere within. Each cluster is scored by Kulldorff's
    likelihood ratio of its events against what chance lays inside its outline; each simulated
    pattern, treated likewise, gives its greatest score, so p is adjusted for all places that were
    looked at: on at most ``alpha`` of maps without hotspots is anything claimed. By size alone
    clusters would be found less often, most of all where much is expected. An exposure is known by
    cell only; where it varies within cells, over towns say, chance is understated (1,000 events
    over Lekeberg's towns: claims on one map in nine, not twenty), and a warning says so.

    ``eps`` (metres), if not given, is where chance lays half a neighbour around an event. HDBSCAN
    takes none; for it ``eps`` only widens outlines, and it finds small places less often (10 of
    200 events in a disc of 150 m: on four maps in five). It groups each pattern, real and
    simulated, twice, with and without leave to find one cluster only; the grouping with the
    greater score counts. With many events DBSCAN takes its place, and a warning says so.

    With fewer ``replicates`` than ``1 / alpha`` no p could be below ``alpha``: there are as many
    at least. Many events have fewer; too many, or too many within eps of one another, claim
    nothing. Five reports of one event, or from one address, are a cluster: the null says that
    reports fall one by one. Each event counts once, whatever its weight. A cluster shows where
    events crowd, against ground or exposure, not why.
    """
    if evidence.points is None:
        raise ValueError("clusters needs the points")
    cells = evidence.cells
    at = cells.locate(evidence.points.x, evidence.points.y)
    inside = at >= 0
    at, x, y = at[inside], evidence.points.x[inside], evidence.points.y[inside]
    total = len(x)
    used = {
        "algorithm": algorithm,
        "eps": eps,
        "min_points": min_points,
        "alpha": alpha,
        "replicates": replicates,
        "min_events": min_events,
    }
    if total < min_events:
        few = {"method": "clusters", "n": total, "needed": min_events}
        return _none(cells, used, (Note("too_few_events", few, "warning"),))
    notes = []
    if (evidence.points.weight[inside] != 1).any():
        notes.append(Note("clusters_unweighted"))
    ground = Ground.of(cells, evidence.area, evidence.share, even=evidence.exposure is None)
    if evidence.exposure is not None:
        notes.append(Note("clusters_exposure_by_cell", {}, "warning"))
    around = np.pi * total * ground.crowding()
    if eps is None:
        eps = used["eps"] = float(f"{(_CHANCE_NEIGHBOURS / around) ** 0.5:.2g}")
        notes.append(Note("eps_chosen", {"eps": eps}))
    able = fewest_replicates(alpha)
    if replicates < able:
        notes.append(Note("replicates_raised", {"n": able, "asked": replicates}))
    wanted = max(replicates, able)
    fewest = min(wanted, max(_LEAST_REPLICATES, able))
    pairs = total * around * eps**2 / 2.0
    work = total + pairs
    if algorithm == "hdbscan" and fewest * work * _HDBSCAN_WORK > _HDBSCAN_MOST:
        algorithm = used["algorithm"] = "dbscan"
        notes.append(Note("hdbscan_too_many", {"n": total}, "warning"))
    if fewest * work > _MOST_WORK or (algorithm == "dbscan" and _too_many(x, y, eps, pairs)):
        too_many = Note("clusters_too_many", {"n": total}, "warning")
        return _none(cells, used, (*notes, too_many))
    slow = _HDBSCAN_WORK if algorithm == "hdbscan" else 1
    done = used["replicates"] = min(wanted, max(fewest, int(_WORK / (work * slow))))
    if done < wanted:
        notes.append(Note("fewer_replicates", {"n": done, "asked": wanted, "events": total}))
    find = _finder(algorithm, eps, min_points)
    best = chance_maxima(
        find,
        ground,
        total,
        reach=eps / 2.0,
        replicates=done,
        at_once=max(1, int(_BATCH / work)),
        rng=np.random.default_rng(evidence.seed),
    )
    alone = np.zeros(total, dtype=np.int64)
    groupings = [
        (label, *scores(x, y, label, alone, ground=ground, total=total, reach=eps / 2.0)[1:])
        for label in find(x, y, alone)
    ]
    label, score, expected, shapes = max(groupings, key=lambda one: one[1].max(initial=0.0))
    reached = done - np.searchsorted(np.sort(best), score - 1e-9)
    p = np.asarray((1.0 + reached) / (1.0 + done), dtype=np.float64)
    picture = _Picture(x, y, at, label, score, expected, shapes, p)
    facts = {"eps_m": eps, "replicates": done, "clusters": len(p)}
    return _answer(_placed(picture, evidence, alpha), used, tuple(notes), facts=facts)


def _too_many(x: Floats, y: Floats, eps: float, by_chance: float) -> bool:
    """Tell whether so many pairs lie within eps, or would by chance, that memory may not do."""
    possible = len(x) * (len(x) - 1) // 2
    if possible <= _MOST_PAIRS:
        return False
    return by_chance > _MOST_PAIRS or pairs_within(x, y, eps) > _MOST_PAIRS


def _finder(algorithm: Algorithm, eps: float, min_points: int) -> Find:
    """Give the algorithm with its settings, for many patterns at once."""

    def by_density(x: Floats, y: Floats, group: Ints) -> tuple[Ints, ...]:
        return (dbscan(x, y, eps, min_points, group)[0],)

    def by_hierarchy(x: Floats, y: Floats, group: Ints) -> tuple[Ints, ...]:
        labels = np.full((2, len(x)), -1, dtype=np.int64)
        for one in range(int(group.max(initial=-1)) + 1):
            own = np.flatnonzero(group == one)
            for label, alone in zip(labels, (False, True), strict=True):
                found = hdbscan(x[own], y[own], min_points, alone=alone)
                label[own] = np.where(found < 0, -1, found + label.max() + 1)
        return tuple(labels)

    return by_density if algorithm == "dbscan" else by_hierarchy


@dataclass(frozen=True, eq=False)
class _Picture:
    """The points with their cell and cluster; and of each cluster its numbers."""

    x: Floats
    y: Floats
    at: Ints
    label: Ints
    score: Floats
    expected: Floats
    shapes: Geometries
    p: Floats


@dataclass(frozen=True, eq=False)
class _Found:
    """What is claimed: of each cell the rank of its cluster and p; and the clusters."""

    rank: Ints
    p: Floats
    clusters: tuple[Cluster, ...]


def _placed(picture: _Picture, evidence: Evidence, alpha: float) -> _Found:
    """Lay the significant clusters over the cells, the strongest first."""
    cells, at, label = evidence.cells, picture.at, picture.label
    cell_p = np.ones(len(cells))
    clustered = label >= 0
    np.minimum.at(cell_p, at[clustered], picture.p[label[clustered]])
    empty = np.bincount(at, minlength=len(cells)) == 0
    rank, most = np.zeros((2, len(cells)), dtype=np.int64)
    clusters: list[Cluster] = []
    for cluster in np.argsort(-picture.score, kind="stable").tolist():
        if picture.p[cluster] >= alpha:
            break
        own = np.flatnonzero(label == cluster)
        n = np.bincount(at[own], minlength=len(cells))
        shape = picture.shapes[cluster]
        if evidence.area is not None:
            shape = shapely.intersection(shape, evidence.area)
        clusters.append(
            Cluster(
                cells=np.flatnonzero((n > 0) | (empty & _centred(cells, shape))),
                x=float(picture.x[own].mean()),
                y=float(picture.y[own].mean()),
                n=len(own),
                expected=float(picture.expected[cluster]),
                p=float(picture.p[cluster]),
                score=float(picture.score[cluster]),
                shape=shape,
            )
        )
        rank[n > most] = len(clusters)
        most = np.maximum(most, n)
    return _Found(rank, cell_p, tuple(clusters))


def _centred(cells: Cells, shape: BaseGeometry) -> Bools:
    """Mark the cells whose centre lies in a shape."""
    west, south, east, north = shape.bounds
    near = (cells.x >= west) & (cells.x <= east) & (cells.y >= south) & (cells.y <= north)
    near[near] = shapely.contains_xy(shape, cells.x[near], cells.y[near])
    return near


def _none(cells: Cells, used: Mapping[str, Any], notes: tuple[Note, ...]) -> Result:
    """Claim nothing, because the events are too few or too many."""
    nothing = _Found(np.zeros(len(cells), dtype=np.int64), np.ones(len(cells)), ())
    return _answer(nothing, used, notes, enough=False)


def _answer(
    found: _Found,
    used: Mapping[str, Any],
    notes: tuple[Note, ...],
    *,
    enough: bool = True,
    facts: Mapping[str, Any] | None = None,
) -> Result:
    """Give the columns with what goes with them; p is adjusted already, so q is p."""
    return Result(
        columns={CLUSTER.name: found.rank, CLUSTER_P.name: found.p},
        hot=found.rank > 0,
        p=found.p,
        q=found.p,
        enough=enough,
        notes=notes,
        clusters=found.clusters,
        facts=facts or {},
        used=used,
    )


METHOD = Method(
    name="clusters",
    summary="Groups of events closer together than chance would lay so many anywhere in the area.",
    source="Ester and others (1996); Campello and others (2013); Kulldorff (1997)",
    columns=(CLUSTER, CLUSTER_P),
    run=run,
    parameters=(
        Parameter(
            "algorithm", "choice", "dbscan", "how groups are found", choices=("dbscan", "hdbscan")
        ),
        Parameter("eps", "real", None, "how near counts as together, metres (DBSCAN)", above=0.0),
        Parameter(
            "min_points", "integer", 5, "events that must lie so near, itself included", above=1
        ),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("replicates", "integer", 999, "patterns that are laid by chance", above=0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
    ),
    needs_points=True,
    own=("eps",),
    resamples=False,
    order=50,
)
