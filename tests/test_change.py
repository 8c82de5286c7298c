"""Change between periods: seasons, days, level, power, and what cannot be said."""

from __future__ import annotations

import calendar

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.change import base_periods, compare_places, days, run
from geo.months import parse_month
from geo.rates import e_test_p, exact_p, rate_ratio

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])
CELLS = lattice_cells(Grid("square", 420), AREA)
LAST = parse_month("2021-09")
SPOT = int(CELLS.locate(np.array([8_250.0]), np.array([9_250.0]))[0])


def evidence(cell, month, window=12):
    """What a method sees of events in cells and months, for the period that ends in LAST."""
    builder = CubeBuilder(len(CELLS), ("a",))
    builder.add(np.asarray(cell), month=np.asarray(month))
    cube = builder.build()
    months = (LAST - window + 1, LAST)
    n, weight = cube.select(months=months).per_cell()
    return Evidence(CELLS, n, weight, cube=cube, months=months)


def even(rng, per_year, months_back):
    """Events spread evenly over the area and the months."""
    n = rng.poisson(per_year * months_back / 12)
    cell = rng.choice(len(CELLS), n, p=CELLS.area_m2 / CELLS.area_m2.sum())
    return cell, LAST - rng.integers(0, months_back, n)


@given(st.integers(1900 * 12, 2200 * 12), st.integers(0, 40))
def test_days_are_those_of_the_calendar(first, more):
    """Month by month as Python's calendar has them, leap years too."""
    months = range(first, first + more + 1)
    assert days(first, first + more) == sum(
        calendar.monthrange(m // 12, m % 12 + 1)[1] for m in months
    )


def test_base_months_are_those_of_earlier_years():
    """July to September 2021 against the same of 2020, 2019 and 2018, as far as the data reach."""
    first, last = LAST - 2, LAST
    month = parse_month
    years = [(month(f"{y}-07"), month(f"{y}-09")) for y in (2020, 2019, 2018)]
    assert base_periods(first, last, month("2015-01"), 3) == (years, True)
    assert base_periods(first, last, month("2019-07"), 3) == (years[:2], True)
    assert base_periods(first, last, month("2019-08"), 3) == (years[:1], True)
    assert base_periods(first, last, month("2015-01"), 1) == (years[:1], True)
    before = ([(month("2021-01"), month("2021-06"))], False)
    assert base_periods(first, last, month("2021-01"), 3) == before
    assert base_periods(first, last, month("2021-07"), 3) == ([], False)


def test_a_base_never_overlaps_the_present():
    """Eighteen months against the same a year earlier would count six of them twice."""
    first, last = LAST - 17, LAST
    periods, seasons = base_periods(first, last, LAST - 100, 3)
    assert periods == [(first - 24, last - 24), (first - 36, last - 36)]
    assert seasons


def test_places_are_compared_as_the_tests_say():
    """Columns equal ``geo.rates``; q is scipy's over those that can tell; words follow."""
    now, base = np.array([30, 1, 12, 2, 0]), np.array([20, 2, 36, 40, 0])
    found = compare_places(now, base, 92, 276)
    assert found.p == pytest.approx(exact_p(now, base, 92, 276), abs=0)
    assert found.p_e == pytest.approx(e_test_p(now, base, 92, 276), abs=0)
    assert found.expected == pytest.approx(base / 3)
    for part, whole in zip(
        (found.ratio, found.low, found.high), rate_ratio(now, base, 92, 276), strict=True
    ):
        np.testing.assert_array_equal(part, whole)
    assert found.label.tolist() == ["up", "same", "same", "down", "few"]
    tested = found.label != "few"
    assert found.q[tested] == pytest.approx(stats.false_discovery_control(found.p[tested]))
    assert np.isnan(found.q[~tested]).all()


def test_the_e_test_may_decide():
    """With 8 against 3 in equal periods neither does; 9 against 2 only the E-test."""
    now, base = np.array([9]), np.array([2])
    assert compare_places(now, base, 30, 30).label.tolist() == ["same"]
    assert compare_places(now, base, 30, 30, test="e-test").label.tolist() == ["up"]
    assert compare_places(now - 1, base + 1, 30, 30, test="e-test").label.tolist() == ["same"]


def test_the_e_test_can_tell_from_fewer_events():
    """All of five events now: the exact test cannot tell (2 / 2^5), the E-test can (p .020)."""
    now, base = np.array([5]), np.array([0])
    assert compare_places(now, base, 30, 30).label.tolist() == ["few"]
    assert compare_places(now, base, 30, 30, test="e-test").label.tolist() == ["up"]


def test_a_rise_and_a_fall_are_found_and_nothing_else():
    """One place gets thirty more events now, one loses the forty it had: up, down, no more."""
    rng = np.random.default_rng(1)
    cell, month = even(rng, 300, 48)
    other = SPOT + 30
    cell = np.concatenate([cell, np.full(30, SPOT), np.full(120, other)])
    month = np.concatenate([month, np.full(30, LAST), LAST - 12 * rng.integers(1, 4, 120)])
    result = run(evidence(cell, month))
    label = result.columns["change_class"]
    assert label[SPOT] == "up"
    assert label[other] == "down"
    for word, place in (("up", SPOT), ("down", other)):
        near = np.hypot(CELLS.x - CELLS.x[place], CELLS.y - CELLS.y[place]) < 420 * 1.5
        assert not (label[~near] == word).any()
    assert result.enough
    assert result.hot[SPOT]
    assert not result.hot[other]
    assert result.q[SPOT] < 0.05
    assert result.columns["change_low"][SPOT] > 1
    assert result.columns["change_high"][other] < 1
    assert [note.key for note in result.notes] == ["change_periods"]


def test_the_season_cancels():
    """Ten times as much every summer is no change in summer; without a year before it seems one."""
    rng = np.random.default_rng(2)
    months = LAST - np.arange(48)
    per_month = np.where(np.isin(months % 12, [6, 7, 8]), 200, 20)
    month = np.repeat(months, rng.poisson(per_month))
    cell = rng.choice(CELLS.neighbours.pairs()[0][:40], len(month))
    result = run(evidence(cell, month))
    assert result.facts["class"] == "same"
    assert not np.isin(result.columns["change_class"], ["up", "down"]).any()
    late = month > LAST - 12
    short = run(evidence(cell[late], month[late]))
    assert short.facts["class"] == "up"
    assert [note.key for note in short.notes] == ["change_before"]


def test_what_happened_is_counted_by_days():
    """92 days now against 91 in a base of the months before: by hand."""
    cell = np.full(60, SPOT)
    month = np.concatenate([np.full(40, LAST), np.full(20, LAST - 3)])  # April to June: from span
    early = np.full(1, LAST - 5)
    result = run(evidence(np.append(cell, SPOT), np.append(month, early)))
    facts = result.facts
    assert (facts["days"], facts["base_days"]) == (92, 91)
    assert (facts["n"], facts["base"]) == (40, 21)
    assert facts["ratio"] == pytest.approx(40 / 92 / (21 / 91))
    assert facts["months"] == (LAST - 2, LAST)
    assert facts["base_months"] == ((LAST - 5, LAST - 3),)
    assert result.columns["change_n"][SPOT] == 40
    assert result.columns["change_base"][SPOT] == pytest.approx(21 * 92 / 91)


def test_a_rise_of_the_whole_area_is_no_news_against_the_area():
    """When reporting doubles everywhere, ``own`` says so everywhere and ``area`` nowhere."""
    rng = np.random.default_rng(3)
    places = CELLS.neighbours.pairs()[0][:: len(CELLS) // 20]
    cell = np.concatenate([rng.choice(places, 1500), rng.choice(places, 3000)])
    month = np.concatenate([np.full(1500, LAST - 12), np.full(3000, LAST)])
    month[:2] = LAST - 14
    seen = evidence(cell, month)
    own, area = run(seen), run(seen, against="area")
    assert (own.columns["change_class"] == "up").sum() > 50
    assert not np.isin(area.columns["change_class"], ["up", "down"]).any()
    assert own.facts["class"] == area.facts["class"] == "up"


@pytest.mark.parametrize("against", ["own", "area"])
@pytest.mark.parametrize("events", [50, 200, 1000])
def test_even_months_make_a_change_on_at_most_one_map_in_twenty(events, against):
    """60 maps without change each; the bound is 5 % plus three standard errors."""
    false = 0
    for i in range(60):
        cell, month = even(np.random.default_rng([events, i]), events, 48 if i % 2 else 10)
        label = run(evidence(cell, month), against=against).columns["change_class"]
        false += bool(np.isin(label, ["up", "down"]).any())
    assert false / 60 <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_what_was_too_little_to_say_is_said():
    """Two events in four years: every cell is few, nothing is claimed, a warning tells."""
    result = run(evidence([SPOT, SPOT], [LAST, LAST - 40]))
    assert set(result.columns["change_class"].tolist()) == {"few"}
    assert not result.enough
    assert not result.hot.any()
    assert [(note.key, note.level) for note in result.notes][1] == ("change_too_few", "warning")
    assert result.notes[1].values == {"n": 1}


@pytest.mark.parametrize(
    ("month", "key"), [(np.full(40, -1), "change_no_months"), (np.full(40, LAST), "change_no_base")]
)
def test_without_dates_or_a_base_nothing_is_claimed(month, key):
    """A warning says which; all columns are there, and parallel."""
    result = run(evidence(np.arange(40), month))
    assert not result.enough
    assert not result.hot.any()
    assert [(note.key, note.level) for note in result.notes] == [(key, "warning")]
    assert {len(column) for column in result.columns.values()} == {len(CELLS)}


def test_a_rise_needs_events_of_its_own_to_be_a_place():
    """Cells beside the rise go up with it, but the place is where events are."""
    cell, month = even(np.random.default_rng(5), 100, 48)
    cell, month = np.append(cell, np.full(20, SPOT)), np.append(month, np.full(20, LAST))
    seen = evidence(cell, month)
    assert run(seen).hot[SPOT]
    assert not run(seen, min_place=30).hot.any()
