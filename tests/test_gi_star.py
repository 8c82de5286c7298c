"""Gi* against published tables, other implementations, and its own laws."""

from __future__ import annotations

import csv
import gzip
import json

import esda
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from scipy import spatial, stats

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.gi_star import gi_star, gi_star_of, run
from geo.significance import (
    benjamini_hochberg,
    chance_p,
    evidence_bins,
    two_sided_p,
)

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])


def sums_within(points, y, distance):
    """Sum y over all points within a distance, each point itself included."""
    near = spatial.distance_matrix(points, points) <= distance
    return near @ y, near.sum(axis=1)


def table(path):
    """Read a gzipped or plain CSV as columns of numbers."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def test_the_six_points_of_the_literature(reference):
    """Six points, threshold 15: the z-values that R spdep gives for binary weights."""
    case = json.loads((reference / "small" / "expected.json").read_text())["getis_ord_six_points"]
    y = np.array(case["y"])
    z = gi_star(y, *sums_within(np.array(case["points"]), y, case["threshold"]))
    assert z == pytest.approx(case["spdep_Gstar_B"], abs=1e-8)


@pytest.mark.parametrize("distance", [30, 60, 90, 120, 150])
def test_the_raster_of_getis_and_ord(reference, distance):
    """All 256 cells of the 1996 raster at five distances, to nine digits."""
    columns = table(reference / "getisord" / "getisord_16x16_expected.csv")
    points = np.column_stack([columns["x"], columns["y"]])
    z = gi_star(columns["val"], *sums_within(points, columns["val"], distance))
    assert abs(z - columns[f"Gstar_{distance}"]).max() < 1e-9


@pytest.fixture(scope="module")
def memphis(reference):
    """The robberies of Memphis 2019 counted on the reference grid, and the expected columns."""
    folder = reference / "memphis"
    _, _, wkb, _ = pyogrio.raw.read(folder / "grid_square_500.gpkg")
    polygons = shapely.from_wkb(wkb)
    cells = polygon_cells(polygons, np.arange(len(polygons)))
    with (folder / "memphis_robberies_2019.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    project = Transformer.from_crs(4326, 32615, always_xy=True)
    x, y = project.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    at = cells.locate(np.array(x), np.array(y))
    n = np.bincount(at, minlength=len(cells))
    return cells, n, table(folder / "gi_star_square_500_expected.csv.gz")


def test_the_robberies_of_memphis(memphis):
    """3,302 cells equal R spdep's z, p and q to 1e-9; 425 below .05 by p, 278 by q."""
    cells, n, expected = memphis
    assert np.array_equal(n, expected["n"])
    result = run(Evidence(cells, n, n.astype(float)))
    assert abs(result.columns["gi_z"] - expected["gi_star_z"]).max() < 1e-9
    assert abs(result.columns["gi_p"] - expected["p_two_sided"]).max() < 1e-9
    assert abs(result.columns["gi_q"] - expected["q_bh"]).max() < 1e-9
    assert (result.columns["gi_p"] < 0.05).sum() == 425
    assert (result.columns["gi_q"] < 0.05).sum() == 278


def test_another_library_agrees_on_hexagons():
    """Gi* over hexagons equals esda with binary weights and the cell itself included."""
    cells = lattice_cells(Grid("hex", 1000), AREA)
    x = np.random.default_rng(5).poisson(2.0, len(cells)).astype(float)
    first, second = cells.neighbours.pairs()
    beside = {i: [] for i in range(len(cells))}
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        beside[a].append(b)
        beside[b].append(a)
    weights = libpysal.weights.W(
        {i: [i, *others] for i, others in beside.items()}, silence_warnings=True
    )
    other = esda.G_Local(x, weights, transform="B", star=None, permutations=0)
    assert abs(gi_star_of(x, cells.neighbours) - other.Zs).max() < 1e-10


COUNTS = st.lists(st.integers(0, 30), min_size=12, max_size=12)


@given(COUNTS, st.floats(0.01, 1000), st.floats(-1000, 1000))
def test_units_do_not_matter(counts, scale, shift):
    """Z is the same when every count is multiplied, or has the same added."""
    cells = lattice_cells(Grid("square", 1), shapely.box(0, 0, 4, 3))
    x = np.array(counts, dtype=float)
    z = gi_star_of(x, cells.neighbours)
    assert gi_star_of(x * scale + shift, cells.neighbours) == pytest.approx(z, abs=1e-5)
    assert gi_star_of(-x, cells.neighbours) == pytest.approx(-z, abs=1e-9)


@given(st.permutations(range(12)), COUNTS)
def test_the_order_of_cells_does_not_matter(order, counts):
    """Relabelled polygons give the same z, relabelled."""
    polygons = lattice_cells(Grid("square", 1), shapely.box(0, 0, 4, 3)).polygons
    x, order = np.array(counts, dtype=float), np.array(order)
    one = gi_star_of(x, polygon_cells(polygons, np.arange(12)).neighbours)
    other = gi_star_of(x[order], polygon_cells(polygons[order], order).neighbours)
    assert other == pytest.approx(one[order], abs=1e-9)


@pytest.mark.parametrize("value", [0.0, 3.0, 1 / 3])
def test_a_constant_surface_has_no_hotspot(value):
    """Where every cell is alike z is 0, not rounding noise divided by rounding noise."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 1000, 1000))
    assert (gi_star_of(np.full(len(cells), value), cells.neighbours) == 0).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_q_values_agree_with_another_library(p):
    """Benjamini-Hochberg equals scipy's, never falls below p, and keeps the order."""
    p = np.array(p)
    q = benjamini_hochberg(p)
    assert q == pytest.approx(stats.false_discovery_control(p), abs=1e-12)
    assert (q >= p - 1e-15).all()


def test_missing_p_values_are_not_counted_as_tests():
    """NaN stays NaN and does not make the others less significant."""
    q = benjamini_hochberg(np.array([0.01, np.nan, 0.04]))
    assert q[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(q[1])


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.001, 0.999))
def test_the_chance_of_a_count_is_the_binomial_tail(n, more, share):
    """Twice the smaller exact tail, as scipy's binomial distribution has it, at most 1."""
    total = n + more
    law = stats.binom(total, share)
    expected = min(2 * min(law.sf(n - 1), law.cdf(n)), 1.0)
    assert chance_p(np.array([n]), total, np.array([share]))[0] == pytest.approx(
        expected, rel=1e-9, abs=1e-300
    )


@pytest.mark.parametrize("total", [0, 1, 30, 1000, 100_000, 1_000_000])
def test_tails_are_right_far_out_and_for_a_million_events(total):
    """From certain to 1e-200, p agrees with scipy's tails to eight digits."""
    shares = np.array([0.0, 1e-5, 1e-4, 0.003, 0.2, 0.5, 0.97, 1.0])
    counts = np.concatenate([np.arange(0, 12), np.geomspace(1, max(total, 1), 30).astype(int)])
    k, share = (a.ravel() for a in np.meshgrid(np.unique(counts[counts <= total]), shares))
    law = stats.binom(total, share)
    exact = np.minimum(2 * np.minimum(law.sf(k - 1), law.cdf(k)), 1.0)
    found = chance_p(k, total, share)
    telling = exact > 1e-200
    assert found[telling] == pytest.approx(exact[telling], rel=1e-8)
    assert (found[~telling] < 1e-190).all()


def test_two_sided_p_agrees_with_another_library():
    """The normal tail equals scipy's to the last digits, far out too."""
    z = np.linspace(-38, 38, 1001)
    assert two_sided_p(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-11)


def test_two_sided_p_and_bins_by_hand():
    """1.96 is p .05; bins are 1, 2, 3 at q below .10, .05, .01, with the sign of z."""
    assert two_sided_p(np.array([-1.959963984540054, 0.0])) == pytest.approx([0.05, 1.0])
    bins = evidence_bins(np.array([2.0, 3, 4, -4, 1]), np.array([0.09, 0.04, 0.009, 0.009, 0.2]))
    assert bins.tolist() == [1, 2, 3, -3, 0]


def test_too_little_data_claims_nothing_and_says_so():
    """Twenty events in one place are no map of hotspots: no bin, no claim, a warning."""
    cells = lattice_cells(Grid("square", 500), AREA)
    n = np.zeros(len(cells), dtype=np.int64)
    n[50] = 20
    result = run(Evidence(cells, n, n.astype(float)))
    assert not result.enough
    assert not result.hot.any()
    assert not result.columns["gi_bin"].any()
    assert [(note.key, note.level) for note in result.notes] == [("too_few_events", "warning")]
    n[50] = 40
    assert run(Evidence(cells, n, n.astype(float))).notes[0].key == "too_few_cells"


@pytest.mark.parametrize("events", [50, 200, 1000])
def test_random_points_make_a_hotspot_on_at_most_one_map_in_twenty(events):
    """300 random maps: plain Gi* would cry wolf on sparse counts, the claim does not.

    The bound is 5 % plus three standard errors of 300 maps (8.8 %).
    """
    cells = lattice_cells(Grid("square", 500), AREA)
    rng = np.random.default_rng(events)
    share = cells.area_m2 / cells.area_m2.sum()
    false, plain = 0, 0
    for _ in range(300):
        n = rng.multinomial(events, share)
        result = run(Evidence(cells, n, n.astype(float)))
        false += bool(result.hot.any())
        plain += bool((result.columns["gi_q"] < 0.05).any())
    assert false / 300 <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
    if events == 50:
        assert plain / 300 > 0.5  # why the second question is asked


def test_a_planted_hotspot_is_found():
    """One place with ten times its share among 300 events is claimed, and nothing far from it."""
    cells = lattice_cells(Grid("square", 500), AREA)
    n = np.random.default_rng(1).multinomial(270, cells.area_m2 / cells.area_m2.sum())
    centre = int(cells.locate(np.array([8250.0]), np.array([9250.0]))[0])
    n[centre] += 30
    hot = run(Evidence(cells, n, n.astype(float))).hot
    assert hot[centre]
    assert (np.hypot(cells.x[hot] - 8250, cells.y[hot] - 9250) < 2000).all()


def test_a_place_needs_events_of_its_own():
    """Three events in a row make only their middle hot, one event: no place. Five make one."""
    cells = lattice_cells(Grid("square", 200), shapely.box(0, 0, 30_000, 30_000))
    n = np.zeros(len(cells), dtype=np.int64)
    n[np.random.default_rng(3).choice(len(cells), 40, replace=False)] = 1
    three, five = 50 * 150 + np.arange(60, 63), 100 * 150 + np.arange(60, 65)
    n[three] = n[five] = 1
    plain = run(Evidence(cells, n, n.astype(float)), min_place=1)
    result = run(Evidence(cells, n, n.astype(float)))
    assert plain.hot[three].tolist() == [False, True, False]
    assert not result.hot[three].any()
    assert result.hot[five].tolist() == [False, True, True, True, False]
    assert (n[result.columns["gi_bin"] > 0] > 0).all()
    assert (result.p >= result.columns["gi_p"]).all()


def test_weights_are_used_when_there_are_any_and_it_is_said():
    """With weights Gi* sums weights; the chance of the counts still guards the claim."""
    cells = lattice_cells(Grid("square", 500), AREA)
    n = np.random.default_rng(2).multinomial(300, cells.area_m2 / cells.area_m2.sum())
    weight = n * np.where(np.arange(len(cells)) == np.argmax(n), 50.0, 1.0)
    result = run(Evidence(cells, n, weight))
    assert result.used["values"] == "weight"
    assert [note.key for note in result.notes] == ["gi_star_weighted"]
    assert abs(result.columns["gi_z"] - gi_star_of(weight, cells.neighbours)).max() == 0
    assert not result.hot.any()  # one heavy report is not many reports
