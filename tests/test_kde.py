"""Kernel density: proper densities, exact where it can be, close where it must be fast."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KernelDensity

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence, Points
from geo.hotspots import kde as module
from geo.hotspots.kde import (
    kde,
    kde_on_cells,
    kernel_density,
    likelihood_sigma,
    mass_inside,
    run,
    scott_sigma,
)

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
    found = kde(points, *at.T, kernel="gaussian", bandwidth=900.0)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", ["square", "hex", "drawn"])
@pytest.mark.parametrize(("kernel", "bandwidth"), [*KERNELS, ("quartic", 2500.0)])
def test_the_fast_way_is_the_exact_way(monkeypatch, shape, kernel, bandwidth):
    """The Fourier way differs from the exact sum by less than 1e-4 of the peak."""
    cells = lattice_cells(Grid("hex" if shape == "hex" else "square", 250), AREA)
    if shape == "drawn":
        cells = polygon_cells(cells.polygons, cells.ids)
    points = cloud()
    exact = kde(points, cells.x, cells.y, kernel=kernel, bandwidth=bandwidth)
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
    cells = lattice_cells(Grid("square", 250), AREA)
    points = Points(np.array([9000.0, 0.0, 0.0]), np.array([8000.0, 8000.0, 0.0]), np.ones(3))
    share = mass_inside(points, cells, AREA, kernel="quartic", bandwidth=1000)
    assert share == pytest.approx([1.0, 0.5, 0.25], abs=0.02)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_moving_everything_moves_the_surface(dx, dy):
    """Shifted points and places have the same densities."""
    points, at = cloud(50), np.array([[8000.0, 7500.0], [7000.0, 7200.0]])
    moved = Points(points.x + dx, points.y + dy, points.weight)
    here = kde(points, *at, bandwidth=800.0)
    there = kde(moved, at[0] + dx, at[1] + dy, bandwidth=800.0)
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
    again = kde(points, cells.x, cells.y, bandwidth=chosen) * 1e6
    assert result.columns["kde"] == pytest.approx(again)


def test_no_points_make_a_flat_surface():
    """An empty layer has density 0 everywhere and does not fail."""
    cells = lattice_cells(Grid("square", 1000), AREA)
    zero = np.zeros(len(cells))
    nothing = Points(np.zeros(0), np.zeros(0), np.zeros(0))
    result = run(Evidence(cells, zero.astype(np.int64), zero, nothing, AREA))
    assert not result.columns["kde"].any()
