"""A network of lines: where roads meet, what lies beside them, and the short pieces they are of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.pieces import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Geometries = NDArray[np.object_]

_MEETS_M = 0.01
"""Ends this near a line, or each other, meet it."""
_LIXELS_AT_ONCE = 4_000
_AT_ONCE = 4_000_000
"""Distances between nodes that are held at once."""


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges of some ``length`` (metres, above 0) between the nodes ``start`` and ``end``.

    Loops and parallel edges are edges as others. Arc 2 e is edge e from its start, arc 2 e + 1 the
    same edge from its end: a loop leaves its node twice. ``base`` places edges one after the other
    on one long line, so that a place on the network is one number.
    """

    start: Ints
    end: Ints
    length: Floats

    @cached_property
    def nodes(self) -> int:
        """How many nodes there are."""
        return int(max(self.start.max(initial=-1), self.end.max(initial=-1))) + 1

    @cached_property
    def base(self) -> Floats:
        """Where each edge starts on the long line, and where the last one ends."""
        return np.concatenate([[0.0], np.cumsum(self.length)])

    @cached_property
    def tail(self) -> Ints:
        """The node that each arc leaves; it reaches the one that ``arc ^ 1`` leaves."""
        return np.column_stack([self.start, self.end]).ravel()

    @cached_property
    def degree(self) -> Ints:
        """How many arcs leave each node."""
        return np.bincount(self.tail, minlength=self.nodes)

    @cached_property
    def leaving(self) -> tuple[Ints, Ints]:
        """The arcs sorted by the node that they leave, and where each node's begin."""
        return np.argsort(self.tail, kind="stable"), np.cumsum(self.degree) - self.degree

    def near(self, reach_m: float) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Give all pairs of nodes within a walk of ``reach_m``, and its length, some at a time.

        Sorted by the first node, each of which stands in one batch only, itself among its pairs.
        """
        from scipy import sparse  # noqa: PLC0415 - slow to import, and only this needs it
        from scipy.sparse import csgraph  # noqa: PLC0415 - likewise

        ends = np.sort(np.column_stack([self.start, self.end]), axis=1)
        order = np.lexsort((self.length, ends[:, 1], ends[:, 0]))
        _, first = np.unique(ends[order], axis=0, return_index=True)
        shortest = order[first]  # of parallel edges; a sparse matrix would add them up
        matrix = sparse.csr_array(
            (self.length[shortest], (ends[shortest, 0], ends[shortest, 1])),
            shape=(self.nodes, self.nodes),
        )
        step = max(_AT_ONCE // max(self.nodes, 1), 1)
        for low in range(0, self.nodes, step):
            some = np.arange(low, min(low + step, self.nodes))
            walk = csgraph.dijkstra(matrix, directed=False, indices=some, limit=reach_m)
            source, node = np.nonzero(np.isfinite(walk))
            yield some[source], node, walk[source, node]


@dataclass(frozen=True, eq=False)
class Network:
    """A graph with the line of each edge, and the position of the road that it is a part of."""

    graph: Graph
    geometry: Geometries
    road: Ints


@dataclass(frozen=True, eq=False)
class Snapped:
    """Points moved to the network: edge, metres from its start, and how far each was moved."""

    edge: Ints
    at: Floats
    distance: Floats


@dataclass(frozen=True, eq=False)
class Lixels:
    """Edges cut into equal pieces, edge by edge from their starts; ``first`` is each edge's first.

    ``width`` is one per edge, ``edge`` one per lixel. Source: Xie & Yan (2008).
    """

    edge: Ints
    number: Ints
    first: Ints
    width: Floats

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def length(self) -> Floats:
        """The length of each lixel, metres."""
        return self.width[self.edge]

    @property
    def middle(self) -> Floats:
        """Metres from the edge's start to the middle of each lixel."""
        return (self.number + 0.5) * self.length

    @property
    def last(self) -> Ints:
        """The last lixel of each edge."""
        return np.append(self.first[1:], len(self)) - 1

    def holding(self, edge: Ints, at: Floats) -> Ints:
        """Give the lixel of each place; a place between two is in the latter."""
        number = np.floor(at / self.width[edge]).astype(np.int64)
        return np.asarray(np.minimum(self.first[edge] + number, self.last[edge]), dtype=np.int64)


def network_of(lines: Geometries) -> Network:
    """Join lines (metres) to a network: they meet where they share a vertex or an end touches.

    Lines that only cross do not meet: one is a bridge, or so it must be taken. Touching is within
    a centimetre. Lines that are drawn twice count once; heights and lines without length are
    dropped. A line that is not drawn up to the road it leaves stays apart, as a dead end.
    """
    parts, road = shapely.get_parts(
        np.asarray(shapely.force_2d(lines), dtype=object), return_index=True
    )
    _, once = np.unique(shapely.to_wkb(shapely.normalize(parts)), return_index=True)
    keep = np.sort(once)
    keep = keep[shapely.length(parts[keep]) > _MEETS_M]
    parts, road = parts[keep], road[keep]
    line, at = _meetings(parts)
    first = np.lexsort((at, line))
    line, at = line[first], at[first]
    whole = shapely.length(parts)
    inner = (at > _MEETS_M) & (at < whole[line] - _MEETS_M)
    again = np.concatenate([[False], (np.diff(line) == 0) & (np.diff(at) <= _MEETS_M)])
    line, at = line[inner & ~again], at[inner & ~again]
    pieces = np.bincount(line, minlength=len(parts)) + 1
    of, number = numbered(pieces)
    low, high = np.zeros(len(of)), whole[of]
    low[number > 0] = at
    high[number < pieces[of] - 1] = at
    geometry = substrings(parts, of, low, high)
    ends = np.concatenate([shapely.get_point(geometry, 0), shapely.get_point(geometry, -1)])
    node = _joined(shapely.get_coordinates(ends))
    start, end = node[: len(geometry)], node[len(geometry) :]
    return Network(Graph(start, end, shapely.length(geometry)), geometry, road[of])


def _meetings(lines: Geometries) -> tuple[Ints, Floats]:
    """Give places, as a line and metres along it, where another line's end or vertex lies."""
    tree = shapely.STRtree(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    end, line = tree.query(ends, predicate="dwithin", distance=_MEETS_M)
    coordinates = shapely.get_coordinates(lines)
    places, count = np.unique(np.round(coordinates / _MEETS_M), axis=0, return_counts=True)
    shared = np.asarray(shapely.points(places[count > 1] * _MEETS_M), dtype=object)
    vertex, other = tree.query(shared, predicate="dwithin", distance=_MEETS_M)
    points = np.concatenate([ends[end], shared[vertex]])
    line = np.concatenate([line, other])
    return line, shapely.line_locate_point(lines[line], points)


def _joined(xy: Floats) -> Ints:
    """Number places from 0; those within a few centimetres of each other are one."""
    from scipy import sparse, spatial  # noqa: PLC0415 - slow to import, and only this needs it

    pairs = spatial.cKDTree(xy).query_pairs(3 * _MEETS_M, output_type="ndarray")
    links = sparse.coo_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy))
    )
    return np.asarray(sparse.csgraph.connected_components(links, directed=False)[1], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Reach:
    """What lies within a walk of each lixel's middle: events, and metres of road that count."""

    events: Ints
    length: Floats


def within_reach(
    graph: Graph, lixels: Lixels, reach_m: float, edge: Ints, at: Floats, counts: NDArray[np.bool_]
) -> Reach:
    """Count the events and measure the road within ``reach_m`` by the shortest way, of each lixel.

    Events are places (edge, metres from its start); ``counts`` marks the lixels whose length is
    measured. What is not reached of an edge is what its two ends leave between them.
    """
    off_end = np.clip(at, 1e-4, graph.length[edge] - 1e-4)  # an end belongs to its edge, as a gap
    place = np.sort(graph.base[edge] + off_end)
    ends = np.append(graph.base[lixels.edge] + lixels.number * lixels.length, graph.base[-1])
    metres = np.concatenate([[0.0], np.cumsum(np.where(counts, lixels.length, 0.0))])
    pairs = [np.concatenate(parts) for parts in zip(*graph.near(reach_m), strict=True)]
    source, node, walk = pairs
    row = np.searchsorted(source, np.arange(graph.nodes + 1))
    arcs, leaving = graph.leaving
    events, length = np.zeros(len(lixels), dtype=np.int64), np.zeros(len(lixels))
    for low in range(0, len(lixels), _LIXELS_AT_ONCE):
        some = np.arange(low, min(low + _LIXELS_AT_ONCE, len(lixels)))
        own, middle = lixels.edge[some], lixels.middle[some]
        # From the middle by either end to the nodes, and from those into each of their arcs.
        begin = np.concatenate([graph.start[own], graph.end[own]])
        spent = np.concatenate([middle, graph.length[own] - middle])
        which, number = numbered(np.diff(row)[begin])
        pair = row[begin[which]] + number
        left = reach_m - spent[which] - walk[pair]
        which, pair, left = which[left > 0], pair[left > 0], left[left > 0]
        via, number = numbered(graph.degree[node[pair]])
        arc = arcs[leaving[node[pair[via]]] + number]
        lixel = which[via] % len(some)
        # Its own edge is there for each lixel, though no node may be within reach.
        keys = np.concatenate([lixel * len(graph.tail) + arc,
                               np.arange(len(some)) * len(graph.tail) + 2 * own])  # fmt: skip
        left = np.concatenate([left[via], np.zeros(len(some))])
        pairs_of, where = np.unique(keys >> 1, return_inverse=True)
        into = np.zeros((len(pairs_of), 2))
        np.maximum.at(into, (where, keys & 1), left)
        lixel, on = np.divmod(pairs_of, len(graph.length))
        first, last = into[:, 0], graph.length[on] - into[:, 1]
        at_home = own[lixel] == on
        back = np.where(at_home, middle[lixel] - reach_m, last)
        ahead = np.where(at_home, middle[lixel] + reach_m, np.inf)
        n = np.bincount(edge, minlength=len(graph.length))[on]
        m = np.diff(np.interp(graph.base, ends, metres))[on]
        for start, stop in ((first, np.minimum(back, last)), (np.maximum(ahead, first), last)):
            start, stop = graph.base[on] + start, graph.base[on] + np.maximum(start, stop)  # noqa: PLW2901
            gap = stop > start
            start, stop = start[gap], stop[gap]  # noqa: PLW2901
            n[gap] -= np.searchsorted(place, stop) - np.searchsorted(place, start, "right")
            m[gap] -= np.interp(stop, ends, metres) - np.interp(start, ends, metres)
        np.add.at(events, some[lixel], n)
        np.add.at(length, some[lixel], m)
    return Reach(events, length)


def touching(graph: Graph, lixels: Lixels, marked: NDArray[np.bool_], label: Ints) -> list[Ints]:
    """Group the marked lixels of one label that touch, end to end or where roads meet.

    ``label`` is one per lixel, from 0. Groups are in the order of their first lixels.
    """
    from scipy import sparse  # noqa: PLC0415 - slow to import, and only this needs it

    number = np.flatnonzero(marked)
    edge = lixels.edge[number]
    starts = number == lixels.first[edge]
    stops = number == lixels.last[edge]
    start = np.where(starts, graph.start[edge], graph.nodes + number)
    stop = np.where(stops, graph.end[edge], graph.nodes + number + 1)
    apart = label[number] * (graph.nodes + len(lixels) + 1)
    ends, joint = np.unique([start + apart, stop + apart], return_inverse=True)
    start, stop = joint.reshape(2, -1)
    links = sparse.coo_array((np.ones(len(number)), (start, stop)), shape=(len(ends), len(ends)))
    group = sparse.csgraph.connected_components(links, directed=False)[1][start]
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    return [number[of == one] for one in np.argsort(first)]


def substrings(lines: Geometries, of: Ints, low: Floats, high: Floats) -> Geometries:
    """Cut lines into pieces from ``low`` to ``high`` metres along the lines ``of``.

    The pieces must come line by line, in their order along it, and cover it.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    step[np.diff(line, prepend=-1) > 0] = 0.0
    base = np.concatenate([[0.0], np.cumsum(shapely.length(lines))])
    total = np.cumsum(step)
    along = total - total[np.searchsorted(line, line)]
    piece = np.searchsorted(base[of] + low, base[line] + along, side="right") - 1
    piece = np.clip(piece, np.searchsorted(of, line), np.searchsorted(of, line, "right") - 1)
    inside = (along > low[piece] + 1e-6) & (along < high[piece] - 1e-6)
    ends = [shapely.line_interpolate_point(lines[of], at) for at in (low, high)]
    number = np.arange(len(of))
    which = np.concatenate([number, piece[inside], number])
    places = np.concatenate([low, along[inside], high])
    order = np.lexsort((places, which))
    points = np.concatenate(
        [shapely.get_coordinates(ends[0]), xy[inside], shapely.get_coordinates(ends[1])]
    )
    return np.asarray(shapely.linestrings(points[order], indices=which[order]), dtype=object)


def snap(network: Network, x: Floats, y: Floats) -> Snapped:
    """Move points to the nearest place on the network, to the first of edges equally near."""
    points = shapely.points(x, y)
    found, distance = shapely.STRtree(network.geometry).query_nearest(points, return_distance=True)
    order = np.lexsort((found[1], found[0]))
    _, first = np.unique(found[0][order], return_index=True)
    nearest = order[first]
    edge = found[1][nearest]
    at = shapely.line_locate_point(network.geometry[edge], points)
    return Snapped(edge, np.minimum(at, network.graph.length[edge]), distance[nearest])


def lixels_of(graph: Graph, longest_m: float) -> Lixels:
    """Cut every edge into equal pieces, as few as are no longer than ``longest_m``."""
    count = np.maximum(np.ceil(graph.length / longest_m - 1e-9), 1).astype(np.int64)
    edge, number = numbered(count)
    return Lixels(edge, number, np.cumsum(count) - count, graph.length / count)


def lixel_lines(network: Network, lixels: Lixels) -> Geometries:
    """Draw the lixels, metres."""
    low = lixels.number * lixels.length
    return substrings(network.geometry, lixels.edge, low, low + lixels.length)
