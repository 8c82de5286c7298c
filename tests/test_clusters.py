"""Clusters against another library, brute force, the theory of chance, and their own laws."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.cluster import DBSCAN

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence, Points, clusters
from geo.hotspots.clusters import (
    METHOD,
    Ground,
    dbscan,
    hdbscan,
    likelihood_ratio,
    outlines,
    pairs_within,
    run,
)
from geo.note import Note

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])
CELLS = lattice_cells(Grid("square", 500), AREA)
EVEN = CELLS.area_m2 / CELLS.area_m2.sum()


def evidence(x, y, cells=CELLS, area=AREA, exposure=None, seed=1):
    """What a method sees of points."""
    at = cells.locate(x, y)
    n = np.bincount(at[at >= 0], minlength=len(cells))
    points = Points(x, y, np.ones(len(x)))
    return Evidence(cells, n, n.astype(float), points, area, exposure=exposure, seed=seed)


def anywhere(count, rng, area=AREA):
    """Points evenly over an area, by rejection."""
    west, south, east, north = area.bounds
    x, y = rng.uniform(west, east, 9 * count), rng.uniform(south, north, 9 * count)
    inside = np.flatnonzero(shapely.contains_xy(area, x, y))[:count]
    assert len(inside) == count
    return x[inside], y[inside]


def planted(rng, count=180, more=15, at=(9000.0, 9000.0), radius=150.0):
    """Points evenly over the area, and more of them in a disc."""
    x, y = anywhere(count, rng)
    turn, far = rng.uniform(0, 2 * np.pi, more), radius * rng.uniform(0, 1, more) ** 0.5
    return np.append(x, at[0] + far * np.cos(turn)), np.append(y, at[1] + far * np.sin(turn))


def same_groups(one, other):
    """Tell whether two labellings group alike, whatever the names of the groups."""
    pairs = set(zip(one.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(other.tolist()))


@pytest.fixture(scope="module")
def burglaries(reference):
    """The 11,701 burglaries of Chicago 2016, metres."""
    path = reference / "chicago_burglary" / "burglary_2016.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row["x"]), float(row["y"])] for row in rows])


@pytest.mark.parametrize(("eps", "least"), [(30, 4), (150, 10), (250, 25)])
def test_another_library_finds_the_same_clusters_of_burglaries(burglaries, eps, least):
    """Cores and noise equal scikit-learn's, cores are grouped alike, borders lie near their own."""
    label, core = dbscan(*burglaries.T, eps, least)
    other = DBSCAN(eps=eps, min_samples=least).fit(burglaries)
    assert np.array_equal(np.flatnonzero(core), other.core_sample_indices_)
    assert np.array_equal(label == -1, other.labels_ == -1)
    assert same_groups(label[core], other.labels_[core])
    assert core.any()
    assert (label == -1).any()
    border = np.flatnonzero((label >= 0) & ~core)
    for point in border[:200]:
        far = np.hypot(*(burglaries[core] - burglaries[point]).T)
        assert far.min() <= eps
        assert label[point] in label[core][far == far.min()]


def by_definition(points, eps, least):
    """DBSCAN's cores, and for each point the set of cores that it is tied to, by brute force."""
    far = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    core = (far <= eps).sum(axis=1) >= least
    tied = (far <= eps) & core & core[:, None]
    for _ in range(len(points)):
        tied |= (tied.astype(int) @ tied.astype(int)) > 0
    return far, core, tied


POINTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30)


@given(POINTS, st.integers(0, 4), st.integers(1, 5))
def test_clusters_are_what_the_definition_says(points, eps, least):
    """Cores, ties between cores, noise and nearest cores equal brute force; labels by first."""
    xy = np.array(points, dtype=float)
    far, core, tied = by_definition(xy, eps, least)
    label, found = dbscan(*xy.T, eps, least)
    assert np.array_equal(found, core)
    assert np.array_equal((label[core][:, None] == label[core]), tied[core][:, core])
    for point in np.flatnonzero(~core):
        near = np.flatnonzero(core & (far[point] <= eps))
        if not len(near):
            assert label[point] == -1
        else:
            nearest = near[far[point][near] == far[point][near].min()]
            assert label[point] == label[nearest[0]]
    firsts = [np.argmax(label == one) for one in range(label.max() + 1)]
    assert firsts == sorted(firsts)
    assert set(label.tolist()) <= set(range(-1, len(firsts)))


@given(st.randoms())
def test_the_order_of_points_does_not_matter(random):
    """A border point goes to its nearest core, whichever cluster is met first."""
    x = np.array([0.0, 1, 2, 3, 5.9, 8.5, 9.5, 10.5, 11.5, 30])
    order = np.array(random.sample(range(10), 10))
    label, _ = dbscan(x[order], np.zeros(10), 3.1, 4)
    original = np.empty(10, dtype=int)
    original[order] = label
    assert same_groups(original, np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, -1]))


def test_many_patterns_at_once_are_each_alone():
    """Patterns in one call give the clusters that each has by itself."""
    rng = np.random.default_rng(1)
    x, y, group = rng.uniform(0, 1000, 900), rng.uniform(0, 1000, 900), np.repeat(np.arange(6), 150)
    label, core = dbscan(x, y, 60, 4, group)
    seen = set()
    for one in range(6):
        own = group == one
        alone, alone_core = dbscan(x[own], y[own], 60, 4)
        assert same_groups(label[own], alone)
        assert np.array_equal(core[own], alone_core)
        here = set(label[own].tolist()) - {-1}
        assert here
        assert not seen & here
        seen |= here


def test_no_points_have_no_clusters():
    """Neither algorithm stumbles over nothing, or over a single point."""
    none = np.zeros(0)
    assert [len(part) for part in dbscan(none, none, 1.0, 3)] == [0, 0]
    assert hdbscan(none, none, 5).tolist() == []
    assert hdbscan(np.zeros(1), np.zeros(1), 5).tolist() == [-1]


def test_hierarchy_finds_clusters_of_different_density():
    """HDBSCAN finds a dense and a sparse cluster, which no single eps separates from noise."""
    rng = np.random.default_rng(2)
    dense, sparse = rng.normal(0, 5, (60, 2)), rng.normal(0, 150, (60, 2)) + np.array([3000, 0])
    x, y = np.vstack([dense, sparse]).T
    label = hdbscan(x, y, 5)
    assert (label[:60] == 0).mean() > 0.7
    assert (label[60:] == 1).mean() > 0.7
    assert label.max() == 1


@given(st.integers(0, 50), st.integers(1, 50), st.floats(0.001, 0.999))
def test_the_score_is_a_likelihood_ratio(n, more, share):
    """It is the log of how much likelier the count is at its own share than at the expected."""
    total = n + more
    law = stats.binom.logpmf
    expected = law(n, total, n / total) - law(n, total, share) if n > total * share else 0.0
    found = likelihood_ratio(np.array([float(n)]), np.array([total * share]), total)[0]
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", ["square", "hex", "drawn"])
def test_chance_lays_points_by_share_and_evenly_within(kind):
    """All points lie in the area, cells get their shares, and within half the area half of all."""
    cells = lattice_cells(Grid("hex" if kind == "hex" else "square", 2500), AREA)
    area = AREA
    if kind == "drawn":
        pieces = shapely.intersection(AREA, cells.polygons)
        cells = polygon_cells(pieces, cells.ids)
        area = None
    share = cells.area_m2 * (1 + (cells.x > 12_000))
    share /= share.sum()
    ground = Ground.of(cells, area, share, even=False)
    assert shapely.area(ground.pieces) == pytest.approx(cells.area_m2)
    x, y = ground.draw(40_000, np.random.default_rng(3))
    assert shapely.dwithin(AREA, shapely.points(x, y), 1e-6).all()
    n = np.bincount(cells.locate(x, y), minlength=len(cells))
    common = share * 40_000 > 5
    observed = np.append(n[common], n[~common].sum())
    wanted = np.append(share[common], share[~common].sum()) * 40_000
    if not wanted[-1]:
        observed, wanted = observed[:-1], wanted[:-1]
    assert stats.chisquare(observed, wanted).pvalue > 0.001
    for piece in (shapely.box(0, 0, 26_000, 7_000), shapely.Point(9000, 9000).buffer(3100)):
        expected = ground.expected(np.array([piece]), 40_000)[0]
        inside = shapely.contains_xy(piece, x, y).sum()
        assert stats.binomtest(int(inside), 40_000, expected / 40_000).pvalue > 0.001


def test_what_is_expected_in_a_shape_is_its_part_of_the_ground():
    """Even ground: by area, clipped to the study area; the same whether summed over cells."""
    quick = Ground.of(CELLS, AREA, EVEN, even=True)
    slow = Ground.of(CELLS, AREA, EVEN, even=False)
    shapes = np.array(
        [
            shapely.box(5000, 5000, 6000, 5500),
            shapely.Point(0, 0).buffer(900),
            shapely.box(-1e5, -1e5, 1e5, 1e5),
            shapely.box(-900, 0, -100, 900),
        ]
    )
    by_hand = 300 * shapely.area(shapely.intersection(AREA, shapes)) / AREA.area
    assert quick.expected(shapes, 300) == pytest.approx(by_hand)
    assert slow.expected(shapes, 300) == pytest.approx(by_hand)
    assert by_hand[2:] == pytest.approx([300, 0])
    assert quick.crowding() == pytest.approx(1 / AREA.area)


def test_an_outline_is_the_widened_hull():
    """The hull of a cluster grows by the reach on all sides (Steiner's formula for its area)."""
    x, y = np.array([0.0, 40, 40, 0, 20, 500, 7]), np.array([0.0, 0, 30, 30, 10, 500, 7])
    label, shapes = outlines(x, y, np.array([0, 0, 0, 0, 0, 2, -1]), 10)
    assert label.tolist() == [0, 2]
    assert shapes[0].area == pytest.approx(1200 + 140 * 10 + np.pi * 100, rel=0.005)
    assert shapes[1].area == pytest.approx(np.pi * 100, rel=0.01)


@pytest.mark.parametrize(
    ("algorithm", "most", "reach"), [("dbscan", 18, 500), ("hdbscan", 35, 5000)]
)
def test_a_planted_cluster_is_found_and_told(algorithm, most, reach):
    """Fifteen in a disc of 150 m among 195 events: claimed, at the place, with its numbers.

    HDBSCAN takes in some of the noise around.
    """
    x, y = planted(np.random.default_rng(1))
    result = run(evidence(x, y), algorithm=algorithm, replicates=199)
    (cluster,) = result.clusters
    assert cluster.significant
    assert cluster.p == 1 / 200
    assert np.hypot(cluster.x - 9000, cluster.y - 9000) < reach / 3
    assert 15 <= cluster.n <= most
    assert cluster.expected == pytest.approx(195 * cluster.shape.area / AREA.area)
    score = likelihood_ratio(np.array([float(cluster.n)]), np.array([cluster.expected]), 195)
    assert cluster.score == pytest.approx(score[0])
    assert result.hot.any()
    assert (np.hypot(CELLS.x - 9000, CELLS.y - 9000)[result.hot] < reach + 500).all()
    assert set(np.flatnonzero(result.hot)) <= set(cluster.cells)
    assert (result.columns["cluster"][result.hot] == 1).all()
    assert not result.columns["cluster"][~result.hot].any()
    assert (result.columns["cluster_p"][result.hot] == 1 / 200).all()
    assert result.enough


def test_the_nearer_disc_of_events_holds_more_of_its_cell():
    """A cell with events of two clusters has the rank of the one that most of them belong to."""
    rng = np.random.default_rng(5)
    x, y = planted(rng, more=30, at=(9050.0, 9250.0), radius=30)
    x, y = np.append(x, 9480 + rng.uniform(0, 60, 14)), np.append(y, 9250 + rng.uniform(0, 9, 14))
    result = run(evidence(x, y), eps=60, replicates=99)
    assert [cluster.n for cluster in result.clusters] == [30, 14]
    both, second = CELLS.locate(np.array([9250.0, 9750.0]), np.array([9250.0, 9250.0]))
    assert set(np.flatnonzero(result.hot)) >= {both, second}
    assert result.columns["cluster"][both] == 1
    assert result.columns["cluster"][second] == 2


@pytest.mark.parametrize("exposed", [False, True])
@pytest.mark.parametrize("events", [50, 200])
def test_random_points_make_a_cluster_on_at_most_one_map_in_twenty(events, exposed):
    """100 random maps each; the bound is 5 % plus three standard errors (11.5 %).

    Where more is exposed more is expected. Without being told, the crowd would be taken for
    clusters, and that is why exposure is asked for.
    """
    rng = np.random.default_rng(events)
    exposure = CELLS.area_m2 * np.where(np.hypot(CELLS.x - 9000, CELLS.y - 9000) < 1500, 60, 1)
    even = Ground.of(CELLS, AREA, exposure / exposure.sum() if exposed else EVEN, even=False)
    false, untold = 0, 0
    for number in range(100):
        x, y = even.draw(events, rng)
        told = exposure if exposed else None
        result = run(evidence(x, y, exposure=told, seed=number), replicates=99)
        false += bool(result.hot.any())
        if exposed and number < 10:
            untold += bool(run(evidence(x, y), replicates=99).hot.any())
    assert false / 100 <= 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5
    assert untold == 10 * exposed


def test_the_cells_do_not_decide_what_is_a_cluster():
    """Even ground cut into other cells: the same clusters, with the same numbers but for p."""
    x, y = planted(np.random.default_rng(8))
    told = [
        [
            (c.n, round(c.expected, 6), round(c.score, 6))
            for c in run(evidence(x, y, cells)).clusters
        ]
        for cells in (CELLS, lattice_cells(Grid("hex", 800), AREA))
    ]
    assert told[0] == told[1]
    assert told[0]


@settings(max_examples=5)
@given(st.randoms())
def test_the_same_points_in_any_order_give_the_same_bytes(random):
    """Nothing depends on the order of events; the seed alone rules chance."""
    x, y = planted(np.random.default_rng(1), more=12)
    x, y = np.append(x, 15_000 + 300 * np.arange(5)), np.append(y, np.full(5, 7000.0))
    order = np.array(random.sample(range(len(x)), len(x)))
    one = run(evidence(x, y), replicates=99)
    other = run(evidence(x[order], y[order]), replicates=99)
    assert one.hot.any()
    assert ((one.p > 0.01) & (one.p < 1)).any()  # where another seed would tell
    for name, column in one.columns.items():
        assert column.tobytes() == other.columns[name].tobytes()


def test_points_in_no_cell_do_not_count():
    """Ten events outside the area are no cluster of it, and change nothing."""
    x, y = planted(np.random.default_rng(1))
    one = run(evidence(x, y), replicates=99)
    far = np.full(10, -5000.0)
    other = run(evidence(np.append(x, far), np.append(y, far)), replicates=99)
    assert one.columns["cluster_p"].tobytes() == other.columns["cluster_p"].tobytes()


def test_many_reports_from_one_address_are_a_cluster():
    """Six reports on one coordinate: they do not fall one by one, and the map says where."""
    x, y = anywhere(194, np.random.default_rng(3))
    result = run(evidence(np.append(x, np.full(6, 9000.0)), np.append(y, np.full(6, 9000.0))))
    assert [cluster.n >= 6 for cluster in result.clusters] == [True]
    assert result.hot[CELLS.locate(np.array([9000.0]), np.array([9000.0]))].all()


def test_too_few_events_claim_nothing_and_say_so():
    """Twenty-nine on one spot are no map of hotspots: no claim, a warning."""
    spot = np.full(29, 9000.0)
    result = run(evidence(spot, spot))
    assert not result.enough
    assert not result.hot.any()
    assert not result.clusters
    assert (result.p == 1).all()
    assert [(note.key, note.level) for note in result.notes] == [("too_few_events", "warning")]


def test_choices_are_told(monkeypatch):
    """The chosen eps, unused weights, and fewer patterns where there is much work."""
    x, y = anywhere(200, np.random.default_rng(3))
    given = evidence(x, y)
    result = run(given, replicates=99)
    half = (0.5 * AREA.area / (np.pi * 200)) ** 0.5
    assert result.facts["eps_m"] == pytest.approx(half, rel=0.05)
    assert [note.key for note in result.notes] == ["eps_chosen"]
    heavy = Points(x, y, np.full(200, 2.0))
    weighted = Evidence(CELLS, given.n, given.weight, heavy, AREA)
    monkeypatch.setattr(clusters, "_WORK", 30_000)
    result = run(weighted, replicates=999, eps=400.0)
    assert [note.key for note in result.notes] == ["clusters_unweighted", "fewer_replicates"]
    assert result.facts["replicates"] < 200
    assert result.used["eps"] == 400


def test_starting_does_not_wait_for_what_is_seldom_needed():
    """Neither SciPy nor scikit-learn is imported before clusters are asked for."""
    asked = "import sys, geo.hotspots.clusters; print({'scipy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("seed", range(3))
def test_the_only_clump_is_one_cluster(seed):
    """Sixty in a disc and ten anywhere: HDBSCAN claims one cluster, most of them, not a part."""
    x, y = planted(np.random.default_rng(seed), 10, 60, radius=300)
    (cluster,) = run(evidence(x, y), algorithm="hdbscan", replicates=39).clusters
    assert 40 <= cluster.n <= 60
    assert np.hypot(cluster.x - 9000, cluster.y - 9000) < 100
    among = planted(np.random.default_rng(seed), 40, 60, radius=300)
    most = run(evidence(*among), algorithm="hdbscan", replicates=39).clusters[0]
    assert most.n >= 60
    assert np.hypot(most.x - 9000, most.y - 9000) < 1500


@pytest.mark.slow
def test_random_points_make_a_cluster_by_hierarchy_on_at_most_one_map_in_twenty():
    """60 random maps of 100 events; the bound is 5 % plus three standard errors (13.4 %)."""
    rng = np.random.default_rng(9)
    ground = Ground.of(CELLS, AREA, EVEN, even=True)
    false = 0
    for number in range(60):
        given = evidence(*ground.draw(100, rng), seed=number)
        false += bool(run(given, algorithm="hdbscan", replicates=39).hot.any())
    assert false / 60 <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_with_many_events_dbscan_takes_the_place_of_hdbscan():
    """What would take many minutes is not begun: DBSCAN's clusters, and a warning."""
    x, y = planted(np.random.default_rng(1), 3500, 40)
    given = evidence(x, y)
    result = run(given, algorithm="hdbscan", replicates=99)
    assert Note("hdbscan_too_many", {"n": 3540}, "warning") in result.notes
    assert result.used["algorithm"] == "dbscan"
    plain = run(given, replicates=99)
    assert plain.hot.any()
    assert result.columns["cluster_p"].tobytes() == plain.columns["cluster_p"].tobytes()
    assert "hdbscan_too_many" not in {note.key for note in plain.notes}


@given(POINTS, st.integers(0, 6))
def test_pairs_are_counted_as_brute_force_counts_them(points, eps):
    """Pairs of distinct places within eps, each once."""
    places = np.array(sorted(set(points)), dtype=float)
    far = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    expected = (np.triu(far <= eps, 1)).sum()
    assert pairs_within(*np.array(points, dtype=float).T, eps) == expected


@pytest.mark.parametrize(("spread", "eps"), [(40.0, 90.0), (12_000.0, 9000.0)])
def test_too_many_pairs_claim_nothing_and_say_so(spread, eps):
    """8,000 events within eps of one another, really or by chance: no pairs listed, a warning."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(6000 - spread / 2, 6000 + spread / 2, (2, 8000))
    counted = int((CELLS.locate(x, y) >= 0).sum())
    tracemalloc.start()
    result = run(evidence(x, y), eps=eps)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not result.enough
    assert not result.hot.any()
    assert not result.clusters
    assert result.notes == (Note("clusters_too_many", {"n": counted}, "warning"),)
    assert most < 100e6
    piled = run(evidence(np.full(8000, 9000.0), np.full(8000, 9000.0)), eps=90.0, replicates=20)
    assert piled.enough  # one address is one place


def test_too_much_work_by_chance_claims_nothing(monkeypatch):
    """Where even the fewest patterns would take too long, none is laid, and a warning says so."""
    x, y = planted(np.random.default_rng(1))
    monkeypatch.setattr(clusters, "_MOST_WORK", 195 * 99)
    result = run(evidence(x, y))
    assert not result.enough
    assert result.notes[-1] == Note("clusters_too_many", {"n": 195}, "warning")


@pytest.mark.parametrize(("alpha", "able"), [(0.05, 20), (0.01, 100), (0.3, 3), (0.1, 10)])
def test_so_few_replicates_that_nothing_can_be_claimed_are_raised(monkeypatch, alpha, able):
    """One more than could never claim: p is 1 / (1 + R), which must be below alpha."""
    assert 1 / (1 + able) < alpha <= 1 / able + 1e-9 or able == 3
    x, y = planted(np.random.default_rng(1))
    result = run(evidence(x, y), alpha=alpha, replicates=2)
    assert result.clusters
    assert result.clusters[0].p == 1 / (1 + able)
    assert Note("replicates_raised", {"n": able, "asked": 2}) in result.notes
    assert result.used["replicates"] == able
    monkeypatch.setattr(clusters, "_WORK", 1)  # nor does much work make them too few
    fewest = run(evidence(x, y), alpha=alpha, replicates=999)
    assert fewest.used["replicates"] == max(99, able)
    assert fewest.clusters
    assert "replicates_raised" not in {note.key for note in fewest.notes}


def test_what_was_used_is_told_and_can_be_used_again():
    """Chosen values as numbers; eps is each map's own; copies of events are no clusters.

    Events of even ground drawn anew with replacement nearly always make a cluster: why the
    answer is not tried that way.
    """
    x, y = planted(np.random.default_rng(1))
    first = run(evidence(x, y), replicates=99)
    assert first.used["eps"] == first.facts["eps_m"]
    assert first.used["replicates"] == 99
    again = run(evidence(x, y), **first.used)
    assert again.columns["cluster_p"].tobytes() == first.columns["cluster_p"].tobytes()
    assert {p.name for p in METHOD.parameters} == set(first.used)
    assert METHOD.own == ("eps",)
    assert not METHOD.resamples
    rng = np.random.default_rng(3)
    x, y = anywhere(200, rng)
    assert not run(evidence(x, y), replicates=39).hot.any()
    drawn = [rng.integers(0, 200, 200) for _ in range(5)]
    assert all(run(evidence(x[some], y[some]), replicates=39).hot.any() for some in drawn)
