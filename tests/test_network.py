"""The network against what was drawn, and its kernels against a slow second implementation."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import network_kernels
from geo.network import (
    Graph,
    lixel_lines,
    lixels_of,
    network_of,
    snap,
    touching,
    within_reach,
)
from geo.network_kernels import LineKernels, line_density, line_mass

SPLITS = ("continuous", "discontinuous")
KERNELS = ("quartic", "epanechnikov")


def lines(*wkt):
    """Make lines of their coordinates."""
    return np.array([shapely.from_wkt(f"LINESTRING ({one})") for one in wkt], dtype=object)


@st.composite
def graphs(draw):
    """Draw a graph of up to six nodes, with loops, parallel edges and dead ends, and an event."""
    count = draw(st.integers(1, 8))
    node = st.integers(0, 5)
    ends = draw(st.lists(st.tuples(node, node), min_size=count, max_size=count))
    length = draw(st.lists(st.floats(20.0, 150.0), min_size=count, max_size=count))
    start, end = np.array(ends, dtype=np.int64).T
    edge = draw(st.integers(0, count - 1))
    at = draw(st.floats(0.0, 1.0)) * length[edge]
    return Graph(start, end, np.array(length)), edge, at


def slowly(graph, edge, at, place_edge, place_at, *, kernel, bandwidth, split):
    """Follow each way in turn, as the definition has it: the density at one place."""
    total = 0.0

    def walk(edge, start, forward, gone, factor):
        nonlocal total
        length = graph.length[edge]
        if place_edge == edge:
            ahead = place_at - start if forward else start - place_at
            if ahead > 0:
                total += factor * line_density(np.array([gone + ahead]), kernel, bandwidth)[0]
        gone += length - start if forward else start
        if gone >= bandwidth:
            return
        node = graph.end[edge] if forward else graph.start[edge]
        arms = [(e, True) for e in range(len(graph.length)) if graph.start[e] == node]
        arms += [(e, False) for e in range(len(graph.length)) if graph.end[e] == node]
        for other, onward in arms:
            back = other == edge and onward != forward
            if split == "continuous":
                part = 2 / len(arms) - (1 if back else 0)
            elif len(arms) == 1:
                part = 1.0
            else:
                part = 0.0 if back else 1 / (len(arms) - 1)
            if abs(factor * part) > 1e-12:
                at = 0.0 if onward else graph.length[other]
                walk(other, at, onward, gone, factor * part)

    walk(edge, at, True, 0.0, 1.0)  # noqa: FBT003 - forward
    walk(edge, at, False, 0.0, 1.0)  # noqa: FBT003 - backward
    return total


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_is_the_slope_of_its_mass(kernel):
    """Each half holds a half, and the density is the derivative of the mass."""
    d = np.linspace(0, 130, 1301)
    mass = line_mass(d, kernel, 100.0)
    assert (mass[0], mass[-1]) == (0.0, pytest.approx(0.5, abs=1e-15))
    between = line_density((d[1:] + d[:-1]) / 2, kernel, 100.0)
    assert np.diff(mass) / 0.1 == pytest.approx(between, abs=1e-7)


@pytest.mark.parametrize("split", SPLITS)
def test_the_cross(reference, split):
    """The analytic densities on a cross of four arms, to every digit that is given."""
    case = json.loads((reference / "small" / "expected.json").read_text())["network_kde_cross"]
    arms, length = case["arms"], float(case["arms_m"])
    graph = Graph(np.zeros(arms, np.int64), np.arange(1, arms + 1), np.full(arms, length))
    kernels = LineKernels("epanechnikov", case["bandwidth_m"], split)
    found = kernels.at_places(
        graph,
        np.array([0]),
        np.array([10.0]),
        np.array([0, 0, 1]),
        np.array([10.0, 30.0, 10.0]),
    )
    assert found == pytest.approx(list(case[split].values()), abs=5.1e-7)


SPATSTAT = {
    "continuous": [
        0.00838525491562421,
        0.00614918693812442,
        0.00838525491562421,
        0.0185034625138108,
        0.0075956434110696,
    ],
    "discontinuous": [
        0.00838525491562421,
        0.00838525491562421,
        0.00838525491562421,
        0.0112519639399032,
        0.0112519639399032,
    ],
}


@pytest.mark.parametrize("split", SPLITS)
def test_spatstat(split):
    """What R's spatstat.linnet finds at five events, two of which share a street, one at a node.

    ``densityEqualSplit(X, sigma = 40, kernel = "epanechnikov", at = "points", leaveoneout = FALSE,
    epsilon = 1e-12)``. With the discontinuous split it loses what reaches a dead end, so there the
    dead ends go on beyond the kernel.
    """
    xy = np.array([[0, 0], [100, 0], [60, 80], [180, 0], [260, 40], [180, 90], [20, 150]])
    start, end = np.array([[0, 1], [1, 2], [0, 2], [1, 3], [3, 4], [4, 5], [3, 5], [2, 6]]).T
    length = np.hypot(*(xy[end] - xy[start]).T)
    edge, way = np.array([0, 3, 5, 7, 7]), np.array([0.3, 0.75, 0.5, 0.9, 0.0])
    at = way * length[edge]
    if split == "discontinuous":
        start, end, length = np.append(start, 6), np.append(end, 7), np.append(length, 200.0)
    kernels = LineKernels("epanechnikov", 40.0 * 5**0.5, split, small=0.0)
    found = kernels.at_places(Graph(start, end, length), edge, at, edge, at)
    assert found == pytest.approx(SPATSTAT[split], rel=1e-9)


def test_a_road_that_ends_keeps_its_events():
    """By hand: a dead end sends all back, so that density near it is doubled and the sum is one."""
    graph = Graph(np.array([0]), np.array([1]), np.array([500.0]))
    for split in SPLITS:
        kernels = LineKernels("epanechnikov", 100.0, split)
        event = np.array([0]), np.array([20.0])
        found = kernels.at_places(graph, *event, np.array([0, 0, 0]), np.array([0.0, 10.0, 80.0]))
        # 0.0075 (1 - (d / 100)^2) at the distance and at that by the end
        by_hand = [2 * 0.96, 0.99 + 0.91, 0.64 + 0.0]
        assert found == pytest.approx(0.0075 * np.array(by_hand), rel=1e-7)
        mass, _ = kernels.on_lixels(graph, lixels_of(graph, 50.0), *event)
        assert mass.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=40, deadline=None)
@given(drawn=graphs(), bandwidth=st.floats(20.0, 400.0), longest=st.floats(3.0, 80.0))
def test_an_event_weighs_one(split, kernel, drawn, bandwidth, longest):
    """However roads branch, the density over all lixels integrates to the number of events."""
    graph, edge, at = drawn
    lixels = lixels_of(graph, longest)
    kernels = LineKernels(kernel, bandwidth, split)
    mass, _ = kernels.on_lixels(graph, lixels, np.array([edge, edge]), np.array([at, 0.0]))
    assert mass.sum() == pytest.approx(2.0, abs=1e-9)


@pytest.mark.parametrize("split", SPLITS)
@settings(max_examples=40, deadline=None)
@given(drawn=graphs(), bandwidth=st.floats(20.0, 160.0), way=st.floats(0.01, 0.99))
def test_every_way_is_followed(split, drawn, bandwidth, way):
    """The density is that of a recursion over all ways, one after the other."""
    graph, edge, at = drawn
    kernels = LineKernels("quartic", bandwidth, split, small=0.0)
    own, places = np.arange(len(graph.length)), way * graph.length
    places = np.where((own == edge) & (np.abs(places - at) < 1e-6), places * 0.999, places)
    found = kernels.at_places(graph, np.array([edge]), np.array([at]), own, places)
    slow = [
        slowly(graph, edge, at, e, places[e], kernel="quartic", bandwidth=bandwidth, split=split)
        for e in own
    ]
    assert found == pytest.approx(slow, abs=1e-9)


@pytest.mark.parametrize("split", SPLITS)
def test_a_lixel_holds_the_mean_of_its_places(split):
    """The mass on a lixel is the density at its places, integrated."""
    graph = Graph(
        np.array([0, 1, 1, 3]), np.array([1, 2, 3, 1]), np.array([70.0, 40.0, 55.0, 90.0])
    )
    lixels = lixels_of(graph, 20.0)
    kernels = LineKernels("quartic", 150.0, split, small=0.0)
    event = np.array([0]), np.array([33.0])
    mass, moved = kernels.on_lixels(graph, lixels, *event)
    fine = np.arange(2000) / 2000 + 1 / 4000
    edge = np.repeat(lixels.edge, len(fine))
    at = (lixels.number[:, None] + fine).ravel() * np.repeat(lixels.length, len(fine))
    mean = kernels.at_places(graph, *event, edge, at).reshape(len(lixels), -1).mean(axis=1)
    assert mass / lixels.length == pytest.approx(mean, rel=1e-4)
    assert moved == 0.0


@pytest.mark.parametrize("split", SPLITS)
def test_a_node_of_two_changes_nothing(split):
    """A road cut in two spreads an event as the whole road does."""
    whole = Graph(np.array([0]), np.array([1]), np.array([300.0]))
    cut = Graph(np.array([0, 2]), np.array([1, 1]), np.array([120.0, 180.0]))
    kernels = LineKernels("quartic", 200.0, split)
    at = np.arange(5.0, 300.0, 10.0)
    one = kernels.at_places(whole, np.array([0]), np.array([50.0]), np.zeros(30, int), at)
    beyond = at > 120
    other = kernels.at_places(
        cut,
        np.array([0]),
        np.array([50.0]),
        beyond.astype(int),
        np.where(beyond, 300.0 - at, at),
    )
    assert other == pytest.approx(one, abs=1e-15)


def test_the_continuous_split_is_continuous():
    """At a crossing all arms have one density, whichever the event is on; else they differ."""
    graph = Graph(np.zeros(3, np.int64), np.arange(1, 4), np.full(3, 500.0))
    event, ends = (np.array([0]), np.array([20.0])), (np.arange(3), np.full(3, 1e-9))
    same = LineKernels("quartic", 100.0, "continuous").at_places(graph, *event, *ends)
    other = LineKernels("quartic", 100.0, "discontinuous").at_places(graph, *event, *ends)
    assert same == pytest.approx(same[0], rel=1e-6)
    assert other[1] == pytest.approx(other[0] / 2, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_given_up_is_told(seed):
    """Waves that are not followed leave their mass behind, and the error is within what is told."""
    rng = np.random.default_rng(seed)
    graph = Graph(rng.integers(0, 8, 14), rng.integers(0, 8, 14), rng.uniform(20, 60, 14))
    lixels, event = lixels_of(graph, 10.0), (np.array([3, 5]), np.array([7.0, 11.0]))
    exact, nothing = LineKernels("quartic", 150.0, small=1e-9).on_lixels(graph, lixels, *event)
    rough, moved = LineKernels("quartic", 150.0, small=1e-3).on_lixels(graph, lixels, *event)
    assert (nothing, rough.sum()) == pytest.approx((0.0, 2.0), abs=1e-5)
    assert 0.0 < np.abs(rough - exact).sum() / 2 <= moved


@pytest.mark.parametrize("split", SPLITS)
def test_too_many_waves_are_cut_down(split, monkeypatch):
    """More waves than are followed at once: the weakest are left where they are, and it is told."""
    monkeypatch.setattr(network_kernels, "_MOST", 40)
    start, end = np.triu_indices(7, 1)  # each of seven crossings with each
    graph = Graph(start, end, np.linspace(30.0, 51.0, len(start)))
    lixels, event = lixels_of(graph, 10.0), (np.array([4]), np.array([9.0]))
    kernels = LineKernels("quartic", 150.0, split, small=0.0)
    most = max(len(waves.arc) for waves, _ in kernels._followed(graph, *event))
    mass, moved = kernels.on_lixels(graph, lixels, *event)
    assert most < 40
    assert mass.sum() == pytest.approx(1.0, abs=1e-9)
    monkeypatch.undo()
    exact, nothing = kernels.on_lixels(graph, lixels, *event)
    assert nothing == 0.0
    assert 0.0 < np.abs(mass - exact).sum() / 2 <= moved


# --- the network ------------------------------------------------------------------------------


def test_where_roads_meet():
    """Ends that touch a road cut it, shared vertices join, and lines that only cross do not."""
    network = network_of(
        lines("0 0, 100 0", "50 0, 50 80", "20 -10, 20 10", "80 -10, 80 0, 80 10", "0 0, 100 0")
    )
    graph = network.graph
    assert sorted(graph.degree.tolist()) == [1, 1, 1, 1, 1, 1, 1, 3]
    assert graph.length.sum() == pytest.approx(100 + 80 + 20 + 20)
    assert sorted(graph.length.tolist()) == [20, 20, 50, 50, 80]
    assert network.road.tolist() == [0, 0, 1, 2, 3]
    shared = network_of(lines("0 0, 80 0, 100 0", "80 -10, 80 0, 80 10"))
    assert sorted(shared.graph.degree.tolist()) == [1, 1, 1, 1, 4]


def test_a_road_that_comes_back_to_itself():
    """A loop leaves its node twice; a ring alone has one node of degree two."""
    loop = network_of(lines("0 0, 100 0, 100 50, 50 50, 50 0")).graph
    assert (sorted(loop.degree.tolist()), loop.nodes) == ([1, 3], 2)
    ring = network_of(lines("0 0, 10 0, 10 10, 0 0")).graph
    assert (ring.degree.tolist(), len(ring.length)) == ([2], 1)


def test_lixels_cover_the_roads():
    """Equal pieces no longer than asked, end to end, bends kept; each place is in its own."""
    network = network_of(lines("0 0, 30 0, 30 45, 90 45", "30 0, 200 0"))
    lixels = lixels_of(network.graph, 20.0)
    drawn = lixel_lines(network, lixels)
    assert shapely.length(drawn) == pytest.approx(lixels.length, rel=1e-12)
    assert lixels.length.max() <= 20.0
    whole = shapely.union_all(network.geometry)
    assert shapely.union_all(drawn).hausdorff_distance(whole) < 1e-9
    middles = shapely.line_interpolate_point(drawn, 0.5, normalized=True)
    found = snap(network, shapely.get_x(middles), shapely.get_y(middles))
    assert lixels.holding(found.edge, found.at).tolist() == list(range(len(lixels)))


def test_points_are_moved_to_the_nearest_road():
    """Edge, way along it and distance, as drawn by hand."""
    network = network_of(lines("0 0, 100 0", "0 50, 100 50"))
    found = snap(network, np.array([30.0, 70.0, 120.0]), np.array([10.0, 45.0, 0.0]))
    assert (found.edge.tolist(), found.at.tolist()) == ([0, 1, 0], [30.0, 70.0, 100.0])
    assert found.distance.tolist() == [10.0, 5.0, 20.0]


@settings(max_examples=40, deadline=None)
@given(drawn=graphs(), reach=st.floats(5.0, 250.0), seed=st.integers(0, 99))
def test_what_is_within_reach(drawn, reach, seed):
    """Events and metres within a walk, as all shortest ways between places have it."""
    graph, _, _ = drawn
    rng = np.random.default_rng(seed)
    edge = rng.integers(0, len(graph.length), 30)
    at = rng.uniform(0.001, 0.999, 30) * graph.length[edge]
    lixels = lixels_of(graph, 25.0)
    counts = rng.random(len(lixels)) < 0.7
    found = within_reach(graph, lixels, reach, edge, at, counts)
    walk = np.full((graph.nodes, graph.nodes), np.inf)
    np.minimum.at(walk, (graph.start, graph.end), graph.length)
    np.minimum.at(walk, (graph.end, graph.start), graph.length)
    np.fill_diagonal(walk, 0.0)
    for k in range(graph.nodes):
        walk = np.minimum(walk, walk[:, k, None] + walk[k])

    def ways(e, t):
        """Measure from each lixel's middle to places."""
        own, middle, length = lixels.edge, lixels.middle, graph.length
        best = np.where(own[:, None] == e, np.abs(middle[:, None] - t), np.inf)
        for node, spent in ((graph.start, middle), (graph.end, length[own] - middle)):
            for other, rest in ((graph.start, t), (graph.end, length[e] - t)):
                best = np.minimum(best, spent[:, None] + walk[node[own]][:, other[e]] + rest)
        return best

    away = ways(edge, at)
    if np.abs(away - reach).min() > 1e-3:
        assert found.events.tolist() == (away <= reach).sum(axis=1).tolist()
    fine = (np.arange(50) + 0.5) / 50
    on = np.repeat(lixels.edge, 50)
    place = (lixels.number[:, None] + fine).ravel() * np.repeat(lixels.length, 50)
    metres = np.repeat(np.where(counts, lixels.length, 0.0) / 50, 50)
    brute = ((ways(on, place) <= reach) * metres).sum(axis=1)
    assert found.length == pytest.approx(brute, abs=2.0 * len(graph.length))


def test_marked_pieces_that_touch_are_one():
    """Along an edge, and over a node, but not over a gap, nor where the label changes."""
    graph = Graph(np.array([0, 1]), np.array([1, 2]), np.array([50.0, 30.0]))
    lixels = lixels_of(graph, 10.0)
    marked = np.array([1, 1, 0, 0, 1, 1, 0, 1], dtype=bool)

    def groups(label):
        return [group.tolist() for group in touching(graph, lixels, marked, np.array(label))]

    assert groups([0] * 8) == [[0, 1], [4, 5], [7]]
    assert groups([0, 1, 0, 0, 0, 2, 0, 0]) == [[0], [1], [4], [5], [7]]
    assert touching(graph, lixels, np.zeros(8, dtype=bool), np.zeros(8, np.int64)) == []
