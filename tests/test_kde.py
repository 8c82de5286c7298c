"""Kernel density: proper densities, exact where it can be, close where it must be fast."""

from __future__ import annotations

import csv
import math
import tracemalloc

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j0, ndtr
from shapely import affinity
from sklearn.neighbors import KernelDensity

from geo import kernels
from geo.bandwidths import abramson, likelihood_scores, likelihood_sigma, scott_sigma
from geo.cells import Cells, lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence, Points
from geo.hotspots import kde as module
from geo.hotspots.kde import adaptive_bandwidth, kde_on_cells, mass_inside, run
from geo.kernels import coverage, kde_on_raster, kernel_density, kernel_spectrum, kernel_sum

AREA = shapely.box(0, 0, 20_000, 16_000)
KERNELS = [("quartic", 900.0), ("gaussian", 320.0)]


def cloud(n=3000, seed=1):
    """Points, some in a town and some anywhere, with weights."""
    rng = np.random.default_rng(seed)
    town = rng.normal((8000, 7000), 700, (n * 2 // 3, 2))
    anywhere = rng.uniform((0, 0), (20_000, 16_000), (n - len(town), 2))
    xy = np.vstack([town, anywhere])
    return Points(xy[:, 0], xy[:, 1], rng.uniform(0.5, 2.0, len(xy)))


@pytest.mark.parametrize(("kernel", "bandwidth"), KERNELS)
def test_a_kernel_integrates_to_one(kernel, bandwidth):
    """Summed over the plane a kernel holds one event."""
    step = bandwidth / 100
    r = np.arange(0, 6 * bandwidth, step) + step / 2
    mass = (kernel_density(r**2, kernel, bandwidth) * 2 * np.pi * r * step).sum()
    assert mass == pytest.approx(1.0, abs=1e-4)


def test_a_kernel_by_hand():
    """Quartic of radius 2 at distance 1: 3 / (4 pi) * (3/4)^2; at and beyond 2: nothing."""
    values = kernel_density(np.array([1.0, 4.0, 9.0]), "quartic", 2.0)
    assert values == pytest.approx([27 / (64 * np.pi), 0.0, 0.0])


def test_another_library_agrees():
    """The Gaussian surface equals scikit-learn's with the same bandwidth and weights."""
    points = cloud(400)
    other = KernelDensity(bandwidth=900.0)
    other.fit(np.column_stack([points.x, points.y]), sample_weight=points.weight)
    at = np.random.default_rng(3).uniform(5000, 10_000, (50, 2))
    expected = np.exp(other.score_samples(at)) * points.weight.sum()
    found = kernel_sum(points, *at.T, kernel="gaussian", bandwidth=900.0)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", ["square", "hex", "drawn"])
@pytest.mark.parametrize(("kernel", "bandwidth"), [*KERNELS, ("quartic", 2500.0)])
def test_the_fast_way_is_the_exact_way(monkeypatch, shape, kernel, bandwidth):
    """The Fourier way differs from the exact sum by less than 1e-4 of the peak."""
    cells = lattice_cells(Grid("hex" if shape == "hex" else "square", 250), AREA)
    if shape == "drawn":
        cells = polygon_cells(cells.polygons, cells.ids)
    points = cloud()
    exact = kernel_sum(points, cells.x, cells.y, kernel=kernel, bandwidth=bandwidth)
    monkeypatch.setattr(module, "_EXACT_PAIRS", 0)
    fast = kde_on_cells(points, cells, kernel=kernel, bandwidth=bandwidth)
    assert abs(fast - exact).max() < 1e-4 * exact.max()


@pytest.mark.parametrize(("kernel", "bandwidth"), KERNELS)
def test_mass_is_conserved(kernel, bandwidth):
    """Density times area sums to the weights; edge-corrected also for points at the border."""
    cells = lattice_cells(Grid("square", 100), AREA)
    middle = Points(np.array([9000.0, 9100.0]), np.array([8000.0, 8050.0]), np.array([1.0, 2.5]))
    density = kde_on_cells(middle, cells, kernel=kernel, bandwidth=bandwidth)
    assert (density * cells.area_m2).sum() == pytest.approx(3.5, rel=0.01)
    border = Points(np.array([0.0, 19_990.0]), np.array([0.0, 9000.0]), np.array([4.0, 1.0]))
    evidence = Evidence(cells, np.zeros(len(cells), np.int64), np.zeros(len(cells)), border, AREA)
    plain, corrected = (
        run(evidence, kernel=kernel, bandwidth=bandwidth, edge_correction=on).columns["kde"] / 1e6
        for on in (False, True)
    )
    assert (plain * cells.area_m2).sum() == pytest.approx(1.5, rel=0.05)  # a corner keeps a quarter
    assert (corrected * cells.area_m2).sum() == pytest.approx(5.0, rel=0.02)


def test_the_mass_inside_by_hand():
    """A point far inside keeps all, on a straight border half, in a corner a quarter."""
    points = Points(np.array([9000.0, 0.0, 0.0]), np.array([8000.0, 8000.0, 0.0]), np.ones(3))
    for bandwidth in (1000.0, np.array([700.0, 1000.0, 2500.0])):
        share = mass_inside(points, AREA, kernel="quartic", bandwidth=bandwidth)
        assert share == pytest.approx([1.0, 0.5, 0.25], abs=1e-4)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_moving_everything_moves_the_surface(dx, dy):
    """Shifted points and places have the same densities."""
    points, at = cloud(50), np.array([[8000.0, 7500.0], [7000.0, 7200.0]])
    moved = Points(points.x + dx, points.y + dy, points.weight)
    here = kernel_sum(points, *at, kernel="quartic", bandwidth=800.0)
    there = kernel_sum(moved, at[0] + dx, at[1] + dy, kernel="quartic", bandwidth=800.0)
    assert there == pytest.approx(here, rel=1e-6)


def test_scotts_rule_by_hand():
    """Four corners of a square of side 2: n^(-1/6) times 1."""
    corners = Points(np.array([0.0, 2, 0, 2]), np.array([0.0, 0, 2, 2]), np.ones(4))
    assert scott_sigma(corners) == pytest.approx(4 ** (-1 / 6))


def test_the_bandwidth_follows_the_data():
    """Tight towns far apart ask for a narrow kernel, one round cloud for about Scott's."""
    rng = np.random.default_rng(4)
    towns = rng.normal(0, 200, (600, 2)) + rng.choice([0, 15_000], (600, 2))
    tight = Points(towns[:, 0], towns[:, 1], np.ones(600))
    assert 50 < likelihood_sigma(tight, 50) < 300 < scott_sigma(tight)
    cloud_xy = rng.normal(0, 5000, (600, 2))
    wide = Points(cloud_xy[:, 0], cloud_xy[:, 1], np.ones(600))
    assert likelihood_sigma(wide, 50) > 0.5 * scott_sigma(wide)
    same = Points(np.zeros(20), np.zeros(20), np.ones(20))
    assert likelihood_sigma(same, 125) == 125


def test_the_chosen_bandwidth_is_said():
    """Without a bandwidth the result names the one it chose, and uses it."""
    cells = lattice_cells(Grid("square", 250), AREA)
    zero = np.zeros(len(cells))
    points = cloud(200)
    result = run(Evidence(cells, zero.astype(np.int64), zero, points, AREA))
    chosen = result.notes[0].values["bandwidth"]
    assert result.used["bandwidth"] == chosen
    again = kernel_sum(points, cells.x, cells.y, kernel="quartic", bandwidth=chosen) * 1e6
    assert result.columns["kde"] == pytest.approx(again)


def test_no_points_make_a_flat_surface():
    """An empty layer has density 0 everywhere and does not fail."""
    cells = lattice_cells(Grid("square", 1000), AREA)
    zero = np.zeros(len(cells))
    nothing = Points(np.zeros(0), np.zeros(0), np.zeros(0))
    result = run(Evidence(cells, zero.astype(np.int64), zero, nothing, AREA))
    assert not result.columns["kde"].any()


# --- bandwidths -------------------------------------------------------------------------------


@pytest.fixture
def robberies(reference) -> Points:
    """The 2,245 robberies of Memphis in 2019."""
    with (reference / "memphis" / "memphis_robberies_2019.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, y = (np.array([float(row[name]) for row in rows]) for name in ("x_32615", "y_32615"))
    return Points(x, y, np.ones(len(x)))


def test_the_likelihood_is_spatstats(robberies):
    """Leave-one-out sums of logarithms equal spatstat's, to its cut at 8 sigma.

    spatstat.explore 3.0.6: ``sum(log(density(X, sigma=s, at="points", leaveoneout=TRUE,
    edge=FALSE)))``. With edge correction spatstat has -26788.476, -26909.193, -27159.301: the
    same order, a hair wider.
    """
    scores = likelihood_scores(robberies.x, robberies.y, np.array([300.0, 500.0, 800.0]))
    assert scores == pytest.approx([-26794.2477666, -26917.3724322, -27171.800354], rel=1e-9)


def test_the_chosen_bandwidth_is_near_spatstats(robberies):
    """Within a step of the search (a factor of 1.2) and the sample's luck: 20 % of bw.ppl.

    spatstat.explore 3.0.6: ``bw.ppl(X, edge=FALSE, srange=c(100,2000), ns=60)`` gives 321.50 (with
    edge correction the same), ``bw.scott(X, isotropic=TRUE)`` 1759.17: the geometric mean of two
    standard deviations with divisor n - 1, where ours is the quadratic mean with divisor n.
    """
    assert likelihood_sigma(robberies, 100.0) == pytest.approx(321.50, rel=0.2)
    assert scott_sigma(robberies) == pytest.approx(1759.16768481, rel=2e-3)
    deviations = np.array([robberies.x.std(ddof=1), robberies.y.std(ddof=1)])
    geometric = np.sqrt(deviations.prod()) * len(robberies) ** (-1 / 6)
    assert geometric == pytest.approx(1759.16768481, rel=1e-9)


def test_on_a_small_pattern_the_choice_is_spatstats():
    """The 62 redwood seedlings (Strauss 1975, Ripley 1977, to two digits as published).

    spatstat.explore 3.0.6, ``X <- unmark(redwood)``: ``bw.ppl(X, edge=FALSE, ns=64)`` gives
    0.04674 and the likelihoods at 0.03, 0.05, 0.1 are 280.397748173, 292.424055517, 268.641750616.
    """
    x = np.array(
        [.36, .44, .48, .48, .5, .76, .78, .78, .84, .86, .9, .9, .9, .9, .18, .18, .2, .6, .62,
         .64, .64, .68, .68, .7, .72, .1, .12, .12, .14, .18, .18, .2, .2, .22, .24, .52, .5, .58,
         .94, .96, .22, .22, .26, .44, .48, .5, .9, .9, .48, .52, .56, .999, .44, .48, .34, .38,
         .26, .4, .28, .74, .86, .96]
    )  # fmt: skip
    y = np.array(
        [-.08, -.1, -.08, -.14, -.1, -.14, -.12, -.16, -.08, -.18, -.08, -.1, -.16, -.2, -.4, -.38,
         -.42, -.34, -.34, -.36, -.28, -.32, -.24, -.28, -.26, -.58, -.58, -.62, -.58, -.56, -.54,
         -.52, -.5, -.46, -.48, -.58, -.6, -.58, -.52, -.54, -.8, -.84, -.7, -.76, -.78, -.76,
         -.76, -.78, -.68, -.66, -.64, -.84, -.82, -.82, -.84, -.84, -.86, -.86, -.86, -.9, -.9,
         -.96]
    )  # fmt: skip
    scores = likelihood_scores(x, y, np.array([0.03, 0.05, 0.1]))
    assert scores == pytest.approx([280.397748173, 292.424055517, 268.641750616], abs=1e-6)
    chosen = likelihood_sigma(Points(x, y, np.ones(62)), 0.02)
    assert chosen == pytest.approx(0.0467422656296, rel=0.05)


def test_scotts_rule_can_be_asked_for():
    """The result uses it, never below half a cell, and says so."""
    cells = lattice_cells(Grid("square", 250), AREA)
    points, zero = cloud(300), np.zeros(len(cells))
    evidence = Evidence(cells, zero.astype(np.int64), zero, points, AREA)
    result = run(evidence, rule="scott", kernel="gaussian")
    assert result.used["rule"] == "scott"
    assert result.used["bandwidth"] == pytest.approx(scott_sigma(points), rel=0.05)
    assert result.used["bandwidth"] > run(evidence, kernel="gaussian").used["bandwidth"]


def test_abramsons_rule_by_hand():
    """Densities 1, 4, 16 with geometric mean 4: twice, once, half the bandwidth; then clipped."""
    pilot = np.array([1.0, 4.0, 16.0])
    assert abramson(pilot, 300.0) == pytest.approx([600.0, 300.0, 150.0])
    assert abramson(pilot, 300.0, least=0.8, most=1.5) == pytest.approx([450.0, 300.0, 240.0])


def test_abramsons_bandwidths_are_spatstats(robberies):
    """With its pilot at the points, and the surface at the points, to its cut at 8 sigma.

    spatstat.explore 3.0.6: ``pl <- density(X, sigma=800, edge=FALSE, at="points",
    leaveoneout=FALSE); g <- pl^-0.5 / exp(mean(log(pl^-0.5)))`` gives g; ``bw.abram(X, h0=800,
    hp=800, dimyx=2048, edge=FALSE)`` reads its pilot off pixels: 849.485, 650.268, 516.496.
    """
    found = adaptive_bandwidth(robberies, kernel="gaussian", bandwidth=800.0)
    g = np.array([1.058254516, 0.8121259147, 0.6446850931, 1.426046392, 1.051880832, 0.9449062339])
    assert found[:6] / 800.0 == pytest.approx(g, rel=1e-7)
    assert found[:3] == pytest.approx([849.4852156, 650.2680195, 516.4959535], rel=5e-3)
    assert (found / 800.0).min() == pytest.approx(0.5412885112, rel=1e-7)
    assert (found / 800.0).max() == 4.0  # 4.757 before it is clipped


# --- one bandwidth a point --------------------------------------------------------------------


def test_with_one_bandwidth_a_point_the_exact_sum_is_a_loop():
    """Each point's own kernel, added one by one."""
    points, at = cloud(60), np.random.default_rng(5).uniform(5000, 10_000, (40, 2))
    widths = np.random.default_rng(6).uniform(200, 2000, 60)
    expected = [
        math.fsum(
            w * 3 / (math.pi * h * h) * max(1 - ((x - px) ** 2 + (y - py) ** 2) / (h * h), 0) ** 2
            for px, py, w, h in zip(points.x, points.y, points.weight, widths, strict=True)
        )
        for x, y in at
    ]
    found = kernel_sum(points, *at.T, kernel="quartic", bandwidth=widths)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", ["square", "hex", "drawn"])
@pytest.mark.parametrize(("kernel", "bandwidth"), KERNELS)
def test_the_fast_adaptive_way_is_the_exact_way(monkeypatch, shape, kernel, bandwidth):
    """Twenty classes of bandwidths, mixed, differ from the exact sum by under 1e-3 of the peak."""
    cells = lattice_cells(Grid("hex" if shape == "hex" else "square", 250), AREA)
    if shape == "drawn":
        cells = polygon_cells(cells.polygons, cells.ids)
    points = cloud()
    widths = adaptive_bandwidth(points, kernel=kernel, bandwidth=bandwidth, floor=bandwidth / 2)
    assert widths.max() > 6 * widths.min()
    exact = kernel_sum(points, cells.x, cells.y, kernel=kernel, bandwidth=widths)
    monkeypatch.setattr(module, "_EXACT_PAIRS", 0)
    fast = kde_on_cells(points, cells, kernel=kernel, bandwidth=widths)
    assert abs(fast - exact).max() < 1e-3 * exact.max()
    assert fast.sum() == pytest.approx(exact.sum(), rel=1e-4)


def test_the_fast_pilot_is_the_exact_pilot(monkeypatch):
    """Bandwidths of many points, from a raster, are those of the exact sum."""
    points = cloud()
    exact = adaptive_bandwidth(points, kernel="quartic", bandwidth=1200.0)
    monkeypatch.setattr(module, "_EXACT_PAIRS", 0)
    assert adaptive_bandwidth(points, kernel="quartic", bandwidth=1200.0) == pytest.approx(
        exact, rel=2e-3
    )


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    kernel=st.sampled_from(["quartic", "gaussian"]),
    adaptive=st.booleans(),
    edge=st.booleans(),
    rule=st.sampled_from(["likelihood", "scott", None]),
    fast=st.booleans(),
)
def test_no_choice_makes_or_loses_mass(seed, kernel, adaptive, edge, rule, fast):
    """Density times area is the sum of weights: corrected at the border, else far from it."""
    rng = np.random.default_rng(seed)
    low, high = ((0, 0), (20_000, 16_000)) if edge else ((9000, 7000), (11_000, 9000))
    xy = rng.uniform(low, high, (40, 2))
    points = Points(xy[:, 0], xy[:, 1], rng.uniform(0, 3, 40))
    cells = lattice_cells(Grid("square", 250), AREA)
    zero = np.zeros(len(cells))
    evidence = Evidence(cells, zero.astype(np.int64), zero, points, AREA)
    width = {"bandwidth": 500.0} if rule is None else {"rule": rule}
    with pytest.MonkeyPatch.context() as patch:
        if fast:
            patch.setattr(module, "_EXACT_PAIRS", 0)
        result = run(evidence, kernel=kernel, adaptive=adaptive, edge_correction=edge, **width)
    mass = (result.columns["kde"] * cells.area_m2 / 1e6).sum()
    assert mass == pytest.approx(points.weight.sum(), rel=0.01)


def test_adaptive_shows_a_street_in_town_and_no_lone_bump():
    """The peak in town rises, the height of a lone event falls, and the note says how wide."""
    rng = np.random.default_rng(7)
    street = np.column_stack([rng.normal(8000, 60, 300), rng.normal(8000, 60, 300)])
    lone = rng.uniform((1000, 1000), (19_000, 15_000), (30, 2))
    xy = np.vstack([street, lone, [[17_900.0, 14_100.0]]])
    points = Points(xy[:, 0], xy[:, 1], np.ones(len(xy)))
    cells = lattice_cells(Grid("square", 200), AREA)
    zero = np.zeros(len(cells))
    evidence = Evidence(cells, zero.astype(np.int64), zero, points, AREA)
    fixed, adaptive = (run(evidence, bandwidth=800.0, adaptive=on) for on in (False, True))
    at = cells.locate(np.array([8000.0, 17_900.0]), np.array([8000.0, 14_100.0]))
    town, country = adaptive.columns["kde"][at] / fixed.columns["kde"][at]
    assert town > 1.3
    assert country < 0.5
    note = next(n for n in adaptive.notes if n.key == "bandwidth_adaptive")
    assert note.values["least"] < 800 < note.values["most"]
    assert "bandwidth_adaptive" not in {n.key for n in fixed.notes}


# --- the border -------------------------------------------------------------------------------


def test_edge_correction_is_spatstats(robberies):
    """Diggle's correction at the first six robberies in a window with a notch.

    spatstat.explore 3.0.6, W an owin of the polygon below, X the 1,753 robberies in it:
    ``density(X, sigma=1500, edge=TRUE, diggle=TRUE, at="points", leaveoneout=FALSE, dimyx=2048)``;
    its pixels leave 1e-3 (with 512 a side its own first value is 2.90474e-06).
    """
    corners = [
        (765_000, 3_878_000), (790_000, 3_878_000), (796_000, 3_888_000), (789_000, 3_903_000),
        (780_000, 3_893_000), (765_000, 3_904_000),
    ]  # fmt: skip
    window = shapely.Polygon(corners)
    inside = shapely.contains_xy(window, robberies.x, robberies.y)
    x, y = robberies.x[inside], robberies.y[inside]
    points = Points(x, y, np.ones(len(x)))
    assert len(points) == 1753
    share = mass_inside(points, window, kernel="gaussian", bandwidth=1500.0)
    raised = Points(x, y, 1.0 / share)
    found = kernel_sum(raised, x[:6], y[:6], kernel="gaussian", bandwidth=1500.0)
    expected = [2.905974748e-06, 5.97531961e-06, 9.425477305e-06, 4.306278296e-06, 1.807278585e-06,
                8.741927047e-06]  # fmt: skip
    assert found == pytest.approx(expected, rel=1e-3)
    plain = kernel_sum(points, x[:6], y[:6], kernel="gaussian", bandwidth=1500.0)
    assert plain == pytest.approx(
        [2.173708165e-06, 5.965676159e-06, 9.420293441e-06, 3.656960436e-06, 1.605322398e-06,
         8.741222141e-06], rel=1e-7,
    )  # fmt: skip


@pytest.mark.parametrize("nodes", [1_000_000, 20_000])
@pytest.mark.parametrize("bandwidth", [300.0, 700.0, 2000.0])
def test_the_mass_inside_a_box_is_two_error_functions(monkeypatch, bandwidth, nodes):
    """The Gaussian's closed form, near and at the border of a box off the raster; also in parts."""
    monkeypatch.setattr(module, "_TILE_NODES", nodes)
    west, south, east, north = 3.7, 11.3, 19_959.0, 15_983.0
    rng = np.random.default_rng(10)
    x, y = (
        np.append(rng.uniform(west, 900, 60), west),
        np.append(rng.uniform(south, 900, 60), south),
    )
    points = Points(x, y, np.ones(61))
    box = shapely.box(west, south, east, north)
    found = mass_inside(points, box, kernel="gaussian", bandwidth=bandwidth)
    expected = (ndtr((east - x) / bandwidth) - ndtr((west - x) / bandwidth)) * (
        ndtr((north - y) / bandwidth) - ndtr((south - y) / bandwidth)
    )
    assert found == pytest.approx(expected, abs=2e-4)


@given(
    st.lists(st.tuples(st.floats(-3, 23), st.floats(-3, 17)), min_size=3, max_size=7),
    st.booleans(),
)
def test_coverage_is_the_area_of_the_overlay(corners, with_hole):
    """Each pixel's part inside the hull of any corners, with and without a hole, as GEOS has it."""
    area = shapely.convex_hull(shapely.MultiPoint(corners))
    if shapely.area(area) < 1:
        return
    if with_hole:
        area = shapely.difference(area, affinity.scale(area, 0.4, 0.3))
    share = coverage(area, 0.0, 0.0, (2.0, 1.5), (8, 13))
    boxes = shapely.box(
        np.arange(13) * 1.5 - 0.75, (np.arange(8) * 2.0 - 1)[:, None],
        np.arange(13) * 1.5 + 0.75, (np.arange(8) * 2.0 + 1)[:, None],
    )  # fmt: skip
    expected = shapely.area(shapely.intersection(boxes, area)) / 3.0
    assert share == pytest.approx(expected, abs=1e-9)


# --- the raster -------------------------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_the_spectrum_is_the_kernels_transform(kernel):
    """Hankel's integral of the kernel, summed by hand at six frequencies."""
    step = 0.001
    r = (np.arange(6000) + 0.5) * step
    density = kernel_density(r**2, kernel, 1.0)
    frequency = np.array([0.0, 0.02, 0.079, 0.081, 0.4, 1.1])
    expected = [(density * j0(2 * np.pi * f * r) * 2 * np.pi * r * step).sum() for f in frequency]
    assert kernel_spectrum(frequency**2, kernel, 1.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
@pytest.mark.parametrize("bandwidth", [25.0, 140.0, 700.0, 2500.0])
def test_any_raster_holds_the_exact_density(kernel, bandwidth):
    """Finer and coarser than the kernel, points outside it and far away: 1e-4 of the peak."""
    points = cloud(4000, seed=8)
    x0, y0, step, shape = 3017.0, 4011.0, (50.0, 80.0), (90, 180)
    density = kde_on_raster(points, x0, y0, step, shape, kernel=kernel, bandwidth=bandwidth)
    row, column = np.divmod(np.random.default_rng(9).choice(90 * 180, 1500), 180)
    near = np.flatnonzero(
        (abs(points.x - x0 - 4500) < 4000) & (abs(points.y - y0 - 3600) < 3000)
    )[:300]  # fmt: skip
    row = np.append(row, np.rint((points.y[near] - y0) / step[1]).astype(int))
    column = np.append(column, np.rint((points.x[near] - x0) / step[0]).astype(int))
    exact = kernel_sum(
        points, x0 + column * step[0], y0 + row * step[1], kernel=kernel, bandwidth=bandwidth
    )
    assert abs(density[row, column] - exact).max() < 1e-4 * exact.max()


def test_a_raster_without_points_near_is_empty():
    """Far points leave it at 0, as no points do."""
    far = Points(np.array([1e6]), np.array([1e6]), np.ones(1))
    none = Points(np.zeros(0), np.zeros(0), np.zeros(0))
    for points in (far, none):
        assert not kde_on_raster(points, 0.0, 0.0, 10.0, (3, 4), bandwidth=50.0).any()


def test_what_was_used_can_be_used_again():
    """A second map takes the first one's settings as they are and gives the same."""
    cells = lattice_cells(Grid("square", 500), AREA)
    zero = np.zeros(len(cells))
    evidence = Evidence(cells, zero.astype(np.int64), zero, cloud(200), AREA)
    first = run(evidence, adaptive=True, edge_correction=True)
    again = run(evidence, **first.used)
    assert again.columns["kde"] == pytest.approx(first.columns["kde"])
    assert {p.name for p in module.METHOD.parameters} == set(first.used)


def seen(points, size=250.0):
    """What the method sees of points, on squares over the area."""
    cells = lattice_cells(Grid("square", size), AREA)
    zero = np.zeros(len(cells))
    return Evidence(cells, zero.astype(np.int64), zero, points, AREA)


@pytest.mark.parametrize("adaptive", [False, True])
def test_events_outside_are_not_drawn_in_over_the_border(adaptive):
    """Corrected, ten events just outside change nothing; with none inside there is nothing."""
    rng = np.random.default_rng(12)
    x, y = rng.uniform(1000, 15_000, (2, 60))
    x, y = np.append(x, [0.0, 20_000.0]), np.append(y, [500.0, 16_000.0])  # on the border: inside
    beside = np.full(10, -880.0), np.linspace(8000, 8090, 10)
    inside = Points(x, y, np.ones(62))
    both = Points(np.append(x, beside[0]), np.append(y, beside[1]), np.ones(72))
    given = {"edge_correction": True, "adaptive": adaptive}
    alone, mixed = (run(seen(points), **given) for points in (inside, both))
    assert mixed.columns["kde"].tobytes() == alone.columns["kde"].tobytes()
    mass = (alone.columns["kde"] * seen(inside).cells.area_m2 / 1e6).sum()
    assert mass == pytest.approx(62.0, rel=0.01)
    nothing = run(seen(Points(*beside, np.ones(10))), bandwidth=900.0, **given)
    assert not nothing.columns["kde"].any()
    assert nothing.used["edge_correction"]


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_a_raster_in_parts_is_the_exact_density(monkeypatch, kernel):
    """What is too large for one raster is the same from many, at nodes and between them."""
    points = cloud(4000, seed=8)
    rng = np.random.default_rng(13)
    x, y = (
        np.append(rng.uniform(0, 20_000, 3000), 60_000.0),
        np.append(rng.uniform(0, 16_000, 3000), 7000.0),
    )
    exact = kernel_sum(points, x, y, kernel=kernel, bandwidth=600.0)
    made = []

    def noted(*given, **named):
        made.append(given[4])
        return kde_on_raster(*given, **named)

    monkeypatch.setattr(module, "kde_on_raster", noted)
    monkeypatch.setattr(module, "_TILE_NODES", 10_000)
    found = module._kde_between(points, x, y, kernel, 600.0)
    assert abs(found - exact).max() < 1e-4 * exact.max()
    assert len(made) > 1
    assert max(rows * columns for rows, columns in made) <= 10_000
    whole = kde_on_raster(points, 0.0, 0.0, 50.0, (320, 400), kernel=kernel, bandwidth=600.0)
    monkeypatch.setattr(kernels, "_MOST_NODES", 20_000)
    parts = kde_on_raster(points, 0.0, 0.0, 50.0, (320, 400), kernel=kernel, bandwidth=600.0)
    assert parts.shape == whole.shape
    assert 0 < abs(parts - whole).max() < 1e-4 * whole.max()


def test_a_wide_country_and_a_narrow_kernel_need_little_memory():
    """Drawn cells and 4,000 points over 100 km, radius 60 m: exact, where one raster is 30 GB."""
    rng = np.random.default_rng(14)
    x, y = rng.uniform(0, 100_000, (2, 4000))
    points = Points(x, y, np.ones(4000))
    area = shapely.box(0, 0, 100_000, 100_000)
    squares = lattice_cells(Grid("square", 1250), area)
    cells = polygon_cells(squares.polygons, squares.ids)
    assert len(points) * len(cells) > module._EXACT_PAIRS
    exact = kernel_sum(points, cells.x, cells.y, kernel="quartic", bandwidth=60.0)
    tracemalloc.start()
    found = kde_on_cells(points, cells, kernel="quartic", bandwidth=60.0)
    assert found == pytest.approx(exact, abs=1e-4 * exact.max())
    far = Points(np.append(x, 9e5), np.append(y, 9e5), np.ones(4001))
    share = mass_inside(far, area, kernel="quartic", bandwidth=1000.0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 400e6
    deep = (np.minimum(x, y) > 1000) & (np.maximum(x, y) < 99_000)
    assert (share[:-1][deep] == 1.0).all()
    assert (share[:-1][~deep] < 1.0).any()
    assert share[-1] == 1e-3


def test_a_sparse_lattice_is_no_raster():
    """Two places 2,000 km apart with cells of 50 m: the exact density, not a raster of 30 GB."""
    ends = [shapely.box(0, 0, 2000, 2000), shapely.box(2e6, 2e6, 2.002e6, 2.002e6)]
    parts = [lattice_cells(Grid("square", 50), end) for end in ends]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("ids", "x", "y", "area_m2", "column", "row")
    }
    cells = Cells(grid=parts[0].grid, **joined)
    xy = np.random.default_rng(15).uniform(0, 2000, (8000, 2))
    points = Points(*xy.T, np.ones(8000))
    found = kde_on_cells(points, cells, kernel="quartic", bandwidth=200.0)
    exact = kernel_sum(points, cells.x, cells.y, kernel="quartic", bandwidth=200.0)
    assert abs(found - exact).max() < 1e-4 * exact.max()
