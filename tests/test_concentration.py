"""The 80-20 curve and Gini against published numbers, definitions, and their own laws."""

from __future__ import annotations

import csv

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from scipy import stats

import geo.concentration
from geo.cells import lattice_cells, polygon_cells
from geo.concentration import chance, concentration, curve, generalised_gini, places
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.concentration import run

COUNTS = st.lists(st.integers(0, 40), min_size=2, max_size=25).filter(any)
CELLS = st.lists(
    st.tuples(st.integers(0, 40), st.floats(0.01, 100)), min_size=1, max_size=25
).filter(lambda cells: any(n for n, _ in cells))


def even(counts):
    """Give every place the same area."""
    return np.array(counts), np.ones(len(counts))


def by_differences(n, area):
    """Gini by its definition: mean difference of density between any two bits of ground."""
    density, part = n / area, area / area.sum()
    apart = abs(density[:, None] - density)
    return float((part[:, None] * part * apart).sum() / (2 * (part * density).sum()))


@pytest.mark.parametrize(
    ("counts", "gini", "adjusted"),
    [
        ([10, 8, 2] + [0] * 7, 0.78, 0.78),
        ([5, 2, 1] + [0] * 7, 0.8, 0.75),
        ([10] + [0] * 9, 0.9, 0.9),
    ],
)
def test_published_gini_of_crimes_in_places(counts, gini, adjusted):
    """The examples of R's lorenzgini 0.1.2 (``?gini``, unbiased = FALSE), plain and generalised."""
    found = concentration(*even(counts))
    assert found.gini == pytest.approx(gini, abs=1e-12)
    assert found.gini_adjusted == pytest.approx(adjusted, abs=1e-12)


def test_published_gini_of_incomes():
    """The ten incomes of the example in R's ineq (``?Gini``) have 0.4620911."""
    incomes = [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]
    assert curve(*even(incomes)).gini == pytest.approx(0.4620911, abs=5e-8)


@given(CELLS)
def test_gini_is_half_the_relative_mean_difference(cells):
    """The area under the curve equals the definition by all pairs, for cells of any area."""
    n, area = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    assert curve(n, area).gini == pytest.approx(by_differences(n, area), abs=1e-9)


def test_a_curve_by_hand():
    """Four cells of 1, 1, 2, 6 ha with 6, 0, 2, 2 events: densities 6, 0, 1 and a third."""
    line = curve(np.array([6, 0, 2, 2]), np.array([1.0, 1, 2, 6]) * 1e4)
    assert line.area == pytest.approx([0, 0.1, 0.3, 0.9, 1])
    assert line.events == pytest.approx([0, 0.6, 0.8, 1, 1])
    assert line.on_top(0.05) == pytest.approx(0.3)  # half of the first cell, and of its events
    assert line.on_top(0.2) == pytest.approx(0.7)
    assert line.on_top(0.95) == 1
    assert line.to_hold(0.5) == pytest.approx(0.5 / 6)
    assert line.to_hold(0.8) == pytest.approx(0.3)
    assert line.to_hold(1.0) == pytest.approx(0.9)  # not the empty ground behind it
    assert line.gini == pytest.approx(0.1 * 0.6 + 0.2 * 1.4 + 0.6 * 1.8 + 0.1 * 2 - 1)


@given(st.integers(1, 30), st.integers(2, 30))
def test_even_is_nothing_and_one_place_is_everything(each, count):
    """As many everywhere: Gini 0. All in one of n equal places: 1 - 1/n."""
    assert concentration(*even([each] * count)).gini == pytest.approx(0, abs=1e-12)
    alone = concentration(*even([each] + [0] * (count - 1)))
    assert alone.gini == pytest.approx(1 - 1 / count, abs=1e-12)


@given(st.integers(1, 30), st.integers(0, 60))
def test_a_place_for_every_event_is_no_concentration(events, empty):
    """The generalised Gini is 0 where no two events share a place, plain Gini is not."""
    found = concentration(*even([1] * events + [0] * empty))
    assert found.gini_adjusted == pytest.approx(0, abs=1e-9)
    assert found.gini == pytest.approx(empty / (events + empty), abs=1e-12)


@given(CELLS, st.floats(0.01, 100), st.integers(2, 9))
def test_units_and_order_do_not_matter(cells, scale, times):
    """Other units of area, each event told several times, cells in reverse: the same curve."""
    n, area = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    one, other = curve(n, area), curve(n[::-1] * times, area[::-1] * scale)
    at = np.linspace(0, 1, 41)
    assert [other.on_top(a) for a in at] == pytest.approx([one.on_top(a) for a in at], abs=1e-9)
    assert other.gini == pytest.approx(one.gini, abs=1e-9)


@given(CELLS)
def test_the_curve_rises_ever_less_and_halves_are_no_news(cells):
    """It is concave above the diagonal; a cell cut into equal halves changes nothing."""
    n, area = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    line = curve(n, area)
    at = np.linspace(0, 1, 41)
    on_top = np.array([line.on_top(a) for a in at])
    assert (np.diff(on_top) >= -1e-12).all()
    assert (np.diff(on_top, 2) <= 1e-9).all()
    assert (on_top >= at - 1e-9).all()
    halved = curve(np.repeat(n / 2, 2), np.repeat(area / 2, 2))
    assert halved.gini == pytest.approx(line.gini, abs=1e-9)
    for share in (0.5, 0.8):
        assert line.on_top(line.to_hold(share)) == pytest.approx(share, abs=1e-9)


@given(COUNTS)
def test_the_adjusted_gini_lies_between_nothing_and_gini(counts):
    """Fewer events than places can only take away, and never more than there is."""
    found = concentration(*even(counts))
    assert -1e-9 <= found.gini_adjusted <= found.gini + 1e-12


def test_slivers_on_the_border_leave_the_adjusted_gini_above_nothing():
    """On a clipped lattice a place is a whole cell, so no map comes out below 0."""
    cells = lattice_cells(Grid("hex", 700), shapely.Point(0, 0).buffer(5000))
    assert places(cells.area_m2) == pytest.approx(np.pi * 25e6 / cells.grid.cell_area_m2, rel=0.01)
    rng = np.random.default_rng(1)
    for events in (1, 5, 30, 100):
        n = np.bincount(rng.choice(len(cells), events), minlength=len(cells))
        assert concentration(n, cells.area_m2).gini_adjusted >= -1e-12
    assert generalised_gini(0.9, 10, 5) == 0.9


@pytest.mark.parametrize("n", [[0, 0], [-1, 2]])
def test_nothing_to_measure_is_an_error(n):
    """No events, or fewer than none, have no curve."""
    with pytest.raises(ValueError, match="events and areas"):
        curve(*even(n))


@pytest.mark.parametrize(("events", "cells"), [(20, 200), (200, 200), (800, 50)])
def test_what_chance_gives_is_what_theory_says(events, cells):
    """The simulated mean Gini equals the exact expectation over even cells, within its error.

    Two cells hold s of c events with binomial chance 2/m, and split them evenly at random; Gini is
    the mean difference of all pairs over twice the mean.
    """
    s = np.arange(events + 1)
    together = stats.binom(events, 2 / cells).pmf(s)
    k = np.arange(events + 1)[:, None]
    split = stats.binom(s, 0.5).pmf(k)
    apart = float((together * (abs(2 * k - s) * split).sum(axis=0)).sum())
    exact = (cells - 1) * apart / (2 * events)
    n = np.zeros(cells, dtype=np.int64)
    n[0] = events
    found = chance(n, np.ones(cells), np.ones(cells), replicates=400)
    error = (found.gini_high - found.gini_low) / 4 / 400**0.5
    assert found.mean.gini == pytest.approx(exact, abs=4 * error)
    assert found.gini_low < exact < found.gini_high
    assert found.p == 1 / 401


def test_chance_is_called_uneven_on_one_map_in_twenty():
    """Over 200 random maps p is below .05 on 5 %, and has no favourite value."""
    rng = np.random.default_rng(4)
    share = np.repeat([1.0, 3.0], 30)
    laid = rng.multinomial(100, share / share.sum(), size=200)
    p = np.array(
        [chance(n, np.ones(60), share, replicates=99, seed=i).p for i, n in enumerate(laid)]
    )
    assert stats.binomtest(int((p <= 0.05).sum()), 200, 0.05).pvalue > 0.01
    assert stats.kstest(p, "uniform").pvalue > 0.01
    wrong = [chance(n, np.ones(60), np.ones(60), replicates=39).p <= 0.05 for n in laid[:30]]
    assert np.mean(wrong) > 0.4  # against even ground instead, the crowded half is seen


def test_many_cells_are_laid_fewer_times(monkeypatch):
    """A million cells do not make a reader wait: fewer replicates, by their number alone."""
    n = np.repeat([1, 0], [50, 4950])
    monkeypatch.setattr(geo.concentration, "_SUMS", 250_000)
    assert chance(n, np.ones(5000), np.ones(5000), replicates=199).replicates == 50
    assert chance(n, np.ones(5000), np.ones(5000), replicates=20).replicates == 20
    monkeypatch.setattr(geo.concentration, "_SUMS", 0)
    assert chance(n, np.ones(5000), np.ones(5000), replicates=199).replicates == 39


def test_the_robberies_of_memphis(reference):
    """Facts about 2,245 robberies equal the plain sums over sorted cells of equal area."""
    _, _, wkb, _ = pyogrio.raw.read(reference / "memphis" / "grid_square_500.gpkg")
    polygons = shapely.from_wkb(wkb)
    cells = polygon_cells(polygons, np.arange(len(polygons)))
    with (reference / "memphis" / "memphis_robberies_2019.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    project = Transformer.from_crs(4326, 32615, always_xy=True)
    x, y = project.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    at = cells.locate(np.array(x), np.array(y))
    n = np.bincount(at, minlength=len(cells))
    facts = run(Evidence(cells, n, n.astype(float))).facts
    fallen = np.sort(n)[::-1]
    assert facts["n"] == 2245
    for percent in (1, 2, 5):
        whole, part = divmod(len(n) * percent / 100, 1)
        held = fallen[: int(whole)].sum() + part * fallen[int(whole)]
        assert facts[f"top_{percent}"] == pytest.approx(held / 2245, abs=1e-6)
    rank = np.arange(1, len(n) + 1)
    gini = 2 * (np.sort(n) * rank).sum() / (len(n) * n.sum()) - (len(n) + 1) / len(n)
    assert facts["gini"] == pytest.approx(gini, abs=1e-6)
    assert facts["gini"] > facts["gini_even_high"] > facts["gini_even"] > facts["gini_even_low"]
    assert facts["top_5"] > 2 * facts["top_5_even"]
    assert facts["area_80"] < facts["area_80_even"]
    assert dict(facts["curve"])[0.05] == pytest.approx(facts["top_5"])


def test_few_events_lie_on_little_ground_by_chance_alone():
    """A hundred events at random over 2,500 cells: 5 % of the area holds all, and it is no news."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 5000, 5000))
    n = np.random.default_rng(2).multinomial(100, np.full(2500, 1 / 2500))
    result = run(Evidence(cells, n, n.astype(float)))
    assert result.facts["top_5"] == 1
    assert result.facts["top_5_even"] == pytest.approx(1)
    assert result.facts["gini"] > 0.95
    assert result.facts["gini_adjusted"] < 0.1
    assert result.facts["gini_p"] > 0.05
    assert result.hot is None


def test_too_few_events_say_nothing_about_concentration():
    """Below the least number of events there are no facts, but a warning."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 1000, 1000))
    n = np.zeros(100, dtype=np.int64)
    n[3] = 29
    result = run(Evidence(cells, n, n.astype(float)))
    assert not result.enough
    assert not result.facts
    assert [(note.key, note.level) for note in result.notes] == [
        ("concentration_too_few", "warning")
    ]
    n[3] = 30
    assert run(Evidence(cells, n, n.astype(float))).facts["gini"] == pytest.approx(0.99)
