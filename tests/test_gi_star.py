"""Gi* against published tables, other implementations, and its own laws."""

from __future__ import annotations

import csv
import gzip
import json
import math
import subprocess
import sys
from dataclasses import replace

import esda
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from scipy import stats

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence, claims
from geo.hotspots.claims import deviations, fewest_permutations, rerun_cost
from geo.hotspots.gi_star import METHOD, gi_star_of, run
from geo.neighbours import LatticeNeighbours, PolygonNeighbours
from geo.permutation import exact_p, permuted_p, whole
from geo.significance import (
    benjamini_hochberg,
    benjamini_yekutieli,
    chance_p,
    erfc,
    evidence_bins,
    two_sided_p,
)

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])


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
    z = gi_star_of(y, PolygonNeighbours.within(*np.array(case["points"]).T, case["threshold"]))
    assert z == pytest.approx(case["spdep_Gstar_B"], abs=1e-8)


@pytest.mark.parametrize("distance", [30, 60, 90, 120, 150])
def test_the_raster_of_getis_and_ord(reference, distance):
    """All 256 cells of the 1996 raster at five distances, to nine digits, as lattice or points."""
    columns = table(reference / "getisord" / "getisord_16x16_expected.csv")
    column, row = (np.rint(columns[name] / 30).astype(np.int64) for name in ("x", "y"))
    for neighbours in (
        LatticeNeighbours("square", column, row).within(distance, 30.0),
        PolygonNeighbours.within(columns["x"], columns["y"], distance),
    ):
        z = gi_star_of(columns["val"], neighbours)
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


@pytest.mark.parametrize("shift", [1e8, -1e8, 1e11])
def test_large_values_that_are_alike_lose_nothing(shift):
    """With the same large number added to every count z stays, to ten digits."""
    cells = lattice_cells(Grid("hex", 1000), AREA)
    x = np.random.default_rng(5).poisson(2.0, len(cells)).astype(float)
    z = gi_star_of(x, cells.neighbours)
    assert gi_star_of(x + shift, cells.neighbours) == pytest.approx(z, rel=1e-10, abs=1e-10)


def test_equal_sums_have_equal_z():
    """However the counts are spread, and whoever adds them up: no ranking by rounding."""
    cells = lattice_cells(Grid("square", 500), AREA)
    x = np.random.default_rng(5).poisson(1.3, len(cells)).astype(float)
    z, sums = gi_star_of(x, cells.neighbours), cells.neighbours.sums(x)
    for size in (6, 9):
        some = cells.neighbours.sizes == size
        assert len(set(z[some].tolist())) == len(set(sums[some].tolist()))
    drawn = polygon_cells(cells.polygons, cells.ids)
    assert np.array_equal(z, gi_star_of(x, drawn.neighbours))


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1 / 3])
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


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_q_values_under_any_dependence_agree_with_another_library(p):
    """Benjamini-Yekutieli equals scipy's; missing p-values stay missing and are no tests."""
    q = benjamini_yekutieli(np.array([np.nan, *p]))
    assert np.isnan(q[0])
    assert q[1:] == pytest.approx(stats.false_discovery_control(p, method="by"), abs=1e-12)


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


def test_the_error_function_is_right_to_the_last_digits():
    """Within 1e-15 of Python's, relatively, wherever a double has all its digits; then nought."""
    borders = [0.0, 5e-324, 1e-300, 0.46875, np.nextafter(0.46875, 1), 4.0, np.nextafter(4.0, 5)]
    dense = np.random.default_rng(1).random(50_000) * 5
    x = np.concatenate([borders, np.linspace(0, 38 / 2**0.5, 100_001), dense])
    exact, found = np.array([math.erfc(value) for value in x.tolist()]), erfc(x)
    normal = exact > 1e-307
    assert (abs(found - exact)[normal] / exact[normal]).max() < 1.5e-15
    assert abs(found - exact)[~normal].max() < 1e-321
    assert erfc(np.array([27.3, 30.0, 1e10, np.inf])).tolist() == [0.0] * 4
    assert np.isnan(erfc(np.array([np.nan]))[0])
    assert erfc(np.zeros(0)).tolist() == []


def test_one_value_or_many_have_the_same_p():
    """Values are taken in blocks; a block's border changes nothing."""
    z = np.random.default_rng(2).normal(0, 3, 40_000)
    p = two_sided_p(z)
    some = np.arange(16_000, 17_000)
    assert np.array_equal(p[some], two_sided_p(z[some]))
    assert two_sided_p(-z).tobytes() == p.tobytes()


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


@given(COUNTS, st.lists(st.floats(0.01, 100), min_size=12, max_size=12))
def test_scaling_the_weights_of_a_row_does_not_matter(counts, scales):
    """Ord and Getis' formula for any weights gives our z however each row is scaled."""
    cells = lattice_cells(Grid("square", 1), shapely.box(0, 0, 4, 3))
    x, n = np.array(counts, dtype=float), 12
    near = np.eye(n)
    first, second = cells.neighbours.pairs()
    near[first, second] = near[second, first] = 1
    weights = near * np.array(scales)[:, None]
    total, squares = weights.sum(axis=1), (weights**2).sum(axis=1)
    spread = x.std() * np.sqrt((n * squares - total**2) / (n - 1))
    z = np.divide(weights @ x - x.mean() * total, spread, out=np.zeros(n), where=spread > 1e-9)
    assert gi_star_of(x, cells.neighbours) == pytest.approx(z, abs=1e-6)


def test_robberies_on_hexagons_as_r_has_them(reference):
    """3,811 hexagons: the sums of z and its square, extremes, and 440 cells below .05.

    R 4.2.2, spdep 1.2.7: ``nb <- poly2nb(h, snap = 0.01)``, ``g <- localG(n,
    nb2listw(include.self(nb), style = "B"))`` with n the robberies inside each polygon.
    """
    _, _, wkb, _ = pyogrio.raw.read(reference / "inputs" / "lisa" / "memphis_hex_500.gpkg")
    polygons = shapely.from_wkb(wkb)
    cells = polygon_cells(polygons, np.arange(len(polygons)))
    with (reference / "memphis" / "memphis_robberies_2019.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    project = Transformer.from_crs(4326, 32615, always_xy=True)
    x, y = project.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    n = np.bincount(cells.locate(np.array(x), np.array(y)), minlength=len(cells))
    z = gi_star_of(n.astype(float), cells.neighbours)
    told = (z.max(), z.min(), z.sum(), (z**2).sum(), (two_sided_p(z) < 0.05).sum())
    assert told == pytest.approx((14.39862009, -1.102040759, 41.46943356, 10582.51943, 440))


def a_map(side=20, seed=1):
    """Square kilometres with one crowded corner of 3 x 3 cells."""
    cells = lattice_cells(Grid("square", 1000), shapely.box(0, 0, side * 1000, side * 1000))
    n = np.random.default_rng(seed).poisson(0.5, len(cells))
    n[(cells.x < 3000) & (cells.y < 3000)] += 8
    return cells, n, Evidence(cells, n, n.astype(float), seed=7)


def test_the_plain_answer_is_analytic_over_queen_neighbours():
    """Nothing asked is z's own p, and the result says so without a remark."""
    _, _, evidence = a_map()
    plain, told = run(evidence), run(evidence, inference="analytic", neighbourhood="queen")
    for name, values in plain.columns.items():
        assert np.array_equal(values, told.columns[name])
    assert plain.notes == ()
    assert plain.used == told.used
    assert plain.used["inference"] == "analytic"
    assert np.array_equal(plain.columns["gi_p"], two_sided_p(plain.columns["gi_z"]))


@pytest.mark.parametrize("correction", ["bh", "by"])
def test_p_and_q_are_those_of_the_inference_asked_for(correction):
    """Exact p, permuted p with enough permutations for the number of cells, and their q."""
    cells, n, evidence = a_map()
    x, adjust = n.astype(float), {"bh": benjamini_hochberg, "by": benjamini_yekutieli}[correction]
    exact = run(evidence, inference="exact", correction=correction)
    assert np.array_equal(exact.columns["gi_p"], exact_p(whole(x), cells.neighbours))
    drawn = run(evidence, inference="permutation", correction=correction)
    # More than 2 x 400 / .05 = 16,000; 6.57 times that where any dependence is allowed.
    made = 16_999
    if correction == "bh":
        assert drawn.used["permutations"] == made
        assert [note.key for note in drawn.notes] == ["inference_permutation"]
        assert np.array_equal(
            drawn.columns["gi_p"], permuted_p(x, cells.neighbours, made, evidence.seed)
        )
    else:  # more than are ever made
        assert drawn.used["inference"] == "exact"
        assert [note.key for note in drawn.notes] == ["permutations_too_many_exact"]
        assert np.array_equal(drawn.columns["gi_p"], exact.columns["gi_p"])
    for result in (exact, drawn):
        assert np.array_equal(result.columns["gi_q"], adjust(result.columns["gi_p"]))
        assert result.hot[(cells.x < 2000) & (cells.y < 2000)].all()
        assert (result.hot & (cells.x > 5000)).sum() == 0


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.3])
def test_enough_permutations_can_claim_a_lone_cell(alpha):
    """With as many q of a lone cell is below alpha, not equal to it; with one less it is not."""
    for m in range(1, 2501):
        needed = fewest_permutations(m, alpha, "bh")
        p = np.ones(m)
        p[0] = 2.0 / (needed + 1)
        assert benjamini_hochberg(p)[0] < alpha
        p[0] = 2.0 / needed
        assert benjamini_hochberg(p)[0] > alpha * (1 - 1e-12)
    p = np.ones(300)
    p[0] = 2.0 / (fewest_permutations(300, alpha, "by") + 1)
    assert benjamini_yekutieli(p)[0] < alpha


def test_the_number_chosen_can_claim_a_lone_cell():
    """One crowd on a row of cells, where 2 m / alpha is a round number: the map is not silent."""
    cells = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 20_000, 20_000))
    n = np.zeros(len(cells), dtype=np.int64)
    n[:30] = 1
    drawn = run(Evidence(cells, n, n.astype(float)), inference="permutation")
    permutations = drawn.used["permutations"]
    assert permutations == 16_999
    assert 2 / (permutations + 1) * len(cells) < 0.05


def test_too_few_permutations_never_silence_the_map():
    """999 over 400 cells cannot claim a lone cell: p are theirs, q the exact ones, and it says."""
    cells, n, evidence = a_map()
    result = run(evidence, inference="permutation", permutations=999)
    assert [(note.key, note.level) for note in result.notes] == [
        ("permutations_too_few_exact", "warning")
    ]
    x = n.astype(float)
    assert np.array_equal(result.columns["gi_p"], permuted_p(x, cells.neighbours, 999, 7))
    assert np.array_equal(
        result.columns["gi_q"], benjamini_hochberg(exact_p(whole(x), cells.neighbours))
    )
    weight = n * 2**0.5
    weighted = run(Evidence(cells, n, weight), inference="permutation", permutations=999)
    assert [note.key for note in weighted.notes][1:] == ["permutations_too_few_analytic"]
    z = weighted.columns["gi_z"]
    assert np.array_equal(weighted.columns["gi_q"], benjamini_hochberg(two_sided_p(z)))


def test_exact_p_need_whole_numbers_and_say_so():
    """Irrational weights are permuted instead; thousands of cells then get analytic p."""
    cells, n, _ = a_map()
    result = run(Evidence(cells, n, n * 2**0.5), inference="exact")
    assert result.used["inference"] == "permutation"
    keys = [note.key for note in result.notes]
    assert keys == ["gi_star_weighted", "exact_not_whole", "inference_permutation"]
    cells, n, _ = a_map(side=60)
    result = run(Evidence(cells, n, n * 2**0.5), inference="exact")
    assert result.used["inference"] == "analytic"
    assert result.notes[2].key == "permutations_too_many_analytic"
    assert result.notes[2].values == {"needed": 144_000, "most": 99_999}


def test_a_lone_high_cell_among_low_ones_is_not_claimed_by_its_own_height():
    """Its z is high, but its neighbours, which exact p are about, are low."""
    cells = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 20_000, 20_000))
    n = np.random.default_rng(1).poisson(6.0, len(cells))
    lone = int(cells.locate(np.array([10_500.0]), np.array([10_500.0]))[0])
    near = np.hypot(cells.x - 10_500, cells.y - 10_500) < 1500
    n[near] = 0
    n[lone] = 500
    evidence = Evidence(cells, n, n.astype(float))
    plain, exact = run(evidence), run(evidence, inference="exact")
    assert plain.hot[lone]
    assert exact.columns["gi_q"][lone] < 0.05
    assert exact.columns["gi_z"][lone] > 2
    assert not exact.hot[lone]
    assert exact.columns["gi_bin"][lone] <= 0


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_wider_neighbourhoods(kind):
    """Rings and distances are summed as asked, one ring is contiguity, and a distance is chosen."""
    cells = lattice_cells(Grid(kind, 500), AREA)
    drawn = polygon_cells(cells.polygons, cells.ids)
    n = np.random.default_rng(5).poisson(1.0, len(cells))
    evidence = Evidence(cells, n, n.astype(float))
    same = run(evidence, neighbourhood="ring")
    assert np.array_equal(same.columns["gi_z"], run(evidence).columns["gi_z"])
    assert (same.used["neighbourhood"], same.used["rings"]) == ("ring", 1)
    two = run(evidence, neighbourhood="ring", rings=2)
    near = np.hypot(cells.x[:, None] - cells.x, cells.y[:, None] - cells.y) <= 500 * 1.0001
    far = run(evidence, neighbourhood="distance", distance_m=1250.0)
    chosen = run(evidence, neighbourhood="distance")
    assert chosen.used["distance_m"] == 500.0
    assert [(note.key, note.values) for note in chosen.notes] == [
        ("distance_chosen", {"distance": 500.0})
    ]
    x = n.astype(float)
    assert np.array_equal(
        chosen.columns["gi_z"],
        gi_star_of(x, PolygonNeighbours(len(x), *np.nonzero(np.triu(near, 1)))),
    )
    as_drawn = run(Evidence(drawn, n, x), neighbourhood="ring", rings=2)
    assert two.columns["gi_z"] == pytest.approx(as_drawn.columns["gi_z"], abs=1e-9)
    within = LatticeNeighbours(kind, cells.column, cells.row).within(1250.0, 500.0)
    assert np.array_equal(far.columns["gi_z"], gi_star_of(x, within))
    share = within.sums(cells.area_m2) / cells.area_m2.sum()
    by_chance = benjamini_hochberg(chance_p(within.sums(x).astype(int), int(n.sum()), share))
    asked = far.columns["gi_chance_q"] < 1
    assert far.columns["gi_chance_q"][asked] == pytest.approx(by_chance[asked], rel=1e-6)


@pytest.mark.parametrize(("distance", "alone"), [(499.0, "all"), (501.0, 1), (5001.0, 0)])
def test_cells_without_neighbours_are_told(distance, alone):
    """A distance below the spacing leaves every cell alone: a warning; one far away: a remark."""
    squares = lattice_cells(Grid("square", 500), shapely.box(0, 0, 10_000, 10_000))
    far = shapely.box(14_500, 9_500, 15_000, 10_000)
    cells = polygon_cells(np.append(squares.polygons, far), np.arange(len(squares) + 1))
    n = np.arange(len(cells)) % 3
    evidence = Evidence(cells, n, n.astype(float))
    result = run(evidence, neighbourhood="distance", distance_m=distance)
    expected = {
        "all": [("islands", {"n": len(cells)}, "warning")],
        1: [("islands", {"n": 1}, "info")],
        0: [],
    }[alone]
    assert [(note.key, note.values, note.level) for note in result.notes] == expected
    lattice = Evidence(squares, n[:-1], n[:-1].astype(float))
    told = run(lattice, neighbourhood="distance", distance_m=distance).notes
    assert [note.key for note in told] == (["islands"] if alone == "all" else [])


def test_sides_do_not_depend_on_the_level():
    """A large number added to all values leaves it as it was who has more around it, or less."""
    _, _, evidence = a_map()

    def sides(shift):
        given = replace(evidence, weight=evidence.weight + shift)
        asked = claims.Settings(values="weight", neighbourhood="queen", rings=1, distance_m=None)
        return claims.tested(given, asked).sides

    assert set(sides(0.0).tolist()) == {-1.0, 1.0}
    assert np.array_equal(sides(1e8), sides(0.0))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=50), st.floats(-1e6, 1e6))
def test_deviations_are_those_from_the_mean(values, shift):
    """NumPy's own, to ten digits, whatever is added; and sum to nothing."""
    x = np.array(values, dtype=float)
    d = deviations(x + shift)
    assert d == pytest.approx(x - x.mean(), abs=1e-8)
    assert d.sum() == pytest.approx(0.0, abs=1e-8)


def test_a_rerun_costs_about_what_it_takes():
    """Nothing more from z; a few times for exact p of reports; far more for permutations.

    More permutations, wider neighbourhoods and wilder counts cost more.
    """
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 11_200, 11_200))
    n = np.random.default_rng(1).multinomial(825, np.ones(len(cells)) / len(cells))
    evidence = Evidence(cells, n, n.astype(float))
    wild = np.random.default_rng(1).negative_binomial(0.05, 0.008, len(cells))

    def cost(evidence=evidence, **settings):
        return rerun_cost(run(evidence, **settings).used, evidence)

    assert cost() == rerun_cost({"model": "space"}, evidence) == 1.0
    assert 1.5 < cost(inference="exact") < 3.5
    crowds = replace(evidence, n=wild, weight=wild.astype(float))
    assert cost(crowds, inference="exact") > 2 * cost(inference="exact")
    few, many, wide = (
        rerun_cost(
            {
                "inference": "permutation",
                "permutations": permutations,
                "values": "n",
                "neighbourhood": "ring",
                "rings": rings,
                "alpha": 0.05,
                "correction": "bh",
            },
            evidence,
        )
        for permutations, rings in ((9_999, 1), (600_000, 1), (600_000, 2))
    )
    assert few < many < wide
    assert many > 50


def test_exposure_is_what_events_are_measured_against():
    """Where events follow the inhabitants nothing is hot, whatever the ground would say."""
    cells = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 20_000, 20_000))
    people = np.where((cells.x < 5000) & (cells.y < 5000), 100.0, 1.0)
    n = people.astype(np.int64)
    by_ground = run(Evidence(cells, n, n.astype(float)))
    by_people = run(Evidence(cells, n, n.astype(float), exposure=people))
    assert by_ground.hot.sum() > 10
    assert not by_people.columns["gi_z"].any()
    assert by_people.columns["gi_p"].min() == by_people.columns["gi_chance_q"].min() == 1.0
    crowd = n + np.where((cells.x > 15_000) & (cells.y > 15_000), 9, 0)
    found = run(Evidence(cells, crowd, crowd.astype(float), exposure=people)).hot
    assert found[(cells.x > 16_000) & (cells.y > 16_000)].all()
    assert not found[cells.x < 13_000].any()
    share = people / people.sum()
    expected = gi_star_of(crowd - crowd.sum() * share, cells.neighbours)
    result = run(Evidence(cells, crowd, crowd.astype(float), exposure=people))
    assert result.columns["gi_z"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("settings", [{}, {"inference": "exact"}, {"inference": "permutation"}])
@pytest.mark.parametrize("neighbourhood", ["queen", "ring", "distance"])
def test_what_was_used_gives_the_same_answer_again(settings, neighbourhood):
    """Every setting used is a parameter, and asking for it again repeats every number."""
    _, _, evidence = a_map()
    once = run(evidence, **settings, neighbourhood=neighbourhood)
    assert set(once.used) <= {parameter.name for parameter in METHOD.parameters}
    again = run(evidence, **once.used)
    assert once.used == again.used
    for name, values in once.columns.items():
        assert values.tobytes() == again.columns[name].tobytes()


def test_the_plain_answer_does_not_wait_for_scipy():
    """Importing SciPy takes longer than a whole map: on a lattice neither method needs it."""
    program = """
import sys
import numpy as np, shapely
from geo.cells import lattice_cells
from geo.grid import Grid
from geo.hotspots import Evidence, gi_star, local_moran
cells = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 9000, 9000))
n = np.arange(len(cells)) % 7
for method in (gi_star, local_moran):
    method.run(Evidence(cells, n, n.astype(float)))
gi_star.run(Evidence(cells, n, n.astype(float)), inference="permutation", neighbourhood="ring")
sys.exit("scipy" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@given(COUNTS, st.sampled_from(["auto", "exact", "permutation"]), st.integers(1, 3))
def test_any_small_map_has_an_answer(counts, inference, rings):
    """Constant, empty or wild: p and q lie between 0 and 1, and nothing fails."""
    cells = lattice_cells(Grid("hex", 1), shapely.box(0, 0, 2.5, 1.6))
    n = np.array(counts[: len(cells)])
    result = run(
        Evidence(cells, n, n.astype(float)),
        inference=inference,
        neighbourhood="ring",
        rings=rings,
        permutations=99,
    )
    for name in ("gi_p", "gi_q", "gi_chance_q"):
        values = result.columns[name]
        assert ((values > 0) & (values <= 1)).all()


def test_a_map_of_one_cell_or_none_has_an_answer():
    """No cell, or one: nothing to compare with, nothing claimed."""
    for count in (0, 1):
        cells = polygon_cells(shapely.box(np.arange(count), 0, np.arange(count) + 1.0, 1), ["a"])
        n = np.full(count, 50)
        for inference in ("analytic", "exact", "permutation"):
            for neighbourhood in ("queen", "ring", "distance"):
                result = run(
                    Evidence(cells, n, n.astype(float)),
                    inference=inference,
                    neighbourhood=neighbourhood,
                )
                assert result.columns["gi_p"].tolist() == [1.0] * count
                assert not result.hot.any()
