"""Change between periods: seasons, days, level, power, and what cannot be said."""

from __future__ import annotations

import calendar
from dataclasses import replace

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
from geo.hotspots.change import METHOD, Base, base_periods, compare_places, days, run
from geo.months import parse_month
from geo.rates import e_test_p, exact_p, rate_ratio
from maps.gis_tables import _array

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
    years = tuple((month(f"{y}-07"), month(f"{y}-09")) for y in (2020, 2019, 2018))

    def since(start, count=3):
        return base_periods(first, last, range(month(start), LAST + 1), count)

    assert since("2015-01") == Base(years, seasons=True, dropped=0)
    assert since("2019-07") == Base(years[:2], seasons=True, dropped=0)
    assert since("2019-08") == Base(years[:1], seasons=True, dropped=0)
    assert since("2015-01", 1) == Base(years[:1], seasons=True, dropped=0)
    before = ((month("2021-01"), month("2021-06")),)
    assert since("2021-01") == Base(before, seasons=False, dropped=0)
    assert since("2021-07") == Base((), seasons=False, dropped=0)


def test_base_periods_with_a_hole_are_left_out():
    """Of August 2020 nothing is known: that year is dropped; without another, the months before.

    The months before are taken back to the last one of which nothing is known.
    """
    first, last = LAST - 2, LAST
    month = parse_month
    gone = {month("2020-08")}
    known = frozenset(range(month("2019-01"), LAST + 1)) - gone
    year = (month("2019-07"), month("2019-09"))
    assert base_periods(first, last, known, 3) == Base((year,), seasons=True, dropped=1)
    known = frozenset(range(month("2020-01"), LAST + 1)) - gone
    before = (month("2020-09"), month("2021-06"))
    assert base_periods(first, last, known, 3) == Base((before,), seasons=False, dropped=1)
    known -= {month("2021-06")}
    assert base_periods(first, last, known, 3) == Base((), seasons=False, dropped=1)


@given(st.integers(1, 36), st.integers(1, 5), st.integers(0, 300))
def test_periods_never_overlap_and_keep_the_season(months, years, back):
    """Eighteen months against the same a year earlier would count six of them twice."""
    first, last = LAST - months + 1, LAST
    base = base_periods(first, last, range(first - back, last + 1), years)
    all_months = [m for start, end in (*base.periods, (first, last)) for m in range(start, end + 1)]
    assert len(set(all_months)) == len(all_months)
    assert min(all_months) >= first - back
    if base.seasons:
        assert len(base.periods) <= years
        assert {(first - start) % 12 for start, _ in base.periods} == {0}
        assert {end - start for start, end in base.periods} == {months - 1}


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


@given(
    st.integers(0, 60),
    st.integers(1, 60),
    st.sampled_from([28, 92, 400]),
    st.floats(0.05, 20.0),
    st.sampled_from([0.01, 0.05, 0.2]),
)
def test_ratio_interval_and_p_speak_of_what_was_expected(now, base, days_now, null, alpha):
    """The ratio is n over expected, and 1 lies outside its interval just where p < alpha."""
    found = compare_places(
        np.array([now]), np.array([base]), days_now, 276, null_ratio=null, alpha=alpha
    )
    assert found.ratio[0] == pytest.approx(now / found.expected[0])
    assert found.low[0] <= found.ratio[0] <= found.high[0]
    if abs(found.p[0] / alpha - 1) > 1e-9:
        assert (found.p[0] < alpha) == (not found.low[0] <= 1 <= found.high[0])
    if found.label[0] in {"up", "down"}:
        assert found.label[0] == ("up" if found.ratio[0] > 1 else "down")


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
    assert own.facts["null_ratio"] == 1.0
    held = area.columns["change_base"] > 0
    ratio, n = area.columns["change_ratio"][held], area.columns["change_n"][held]
    assert ratio == pytest.approx(n / area.columns["change_base"][held])


@pytest.mark.parametrize("test", ["exact", "e-test"])
@pytest.mark.parametrize("against", ["own", "area"])
def test_what_is_told_of_the_comparison_repeats_it(against, test):
    """By the facts alone any place is compared as the cells were."""
    cell, month = even(np.random.default_rng(8), 2000, 48)
    seen = evidence(np.append(cell, np.full(40, SPOT)), np.append(month, np.full(40, LAST)))
    result = run(seen, against=against, test=test, alpha=0.1)
    facts, columns = result.facts, result.columns
    assert (facts["alpha"], facts["test"]) == (0.1, test)
    was = np.sum([seen.cube.select(months=p).per_cell()[0] for p in facts["base_months"]], axis=0)
    base = np.rint(CELLS.neighbours.sums(was.astype(float))).astype(int)
    settings = {name: facts[name] for name in ("null_ratio", "alpha", "test")}
    again = compare_places(columns["change_n"], base, facts["days"], facts["base_days"], **settings)
    assert again.label.tolist() == columns["change_class"].tolist()
    assert again.expected == pytest.approx(columns["change_base"])
    np.testing.assert_array_equal(again.q, columns["change_q"])


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
    """A warning says which; all columns are there, and empty: not even a count is nought."""
    result = run(evidence(np.arange(40), month))
    assert not result.enough
    assert not result.hot.any()
    assert [(note.key, note.level) for note in result.notes] == [(key, "warning")]
    assert list(result.columns) == [column.name for column in METHOD.columns]
    for name, column in result.columns.items():
        assert len(column) == len(CELLS)
        assert (column == "").all() if name == "change_class" else np.isnan(column).all()


def known(without=(), since=LAST - 47, until=LAST):
    """Months of which something is known."""
    return frozenset(range(since, until + 1)) - set(without)


@pytest.mark.parametrize(
    ("without", "key", "told"),
    [([LAST, LAST - 1], "change_ends", "2021-07"), ([LAST - 1], "change_hole", "2021-08")],
)
def test_months_without_data_are_not_months_without_events(without, key, told):
    """An extract that ends in July, or has a hole, is no fall; nothing is compared, and said."""
    cell, month = even(np.random.default_rng(6), 1000, 48)
    kept = ~np.isin(month, without)
    result = run(replace(evidence(cell[kept], month[kept]), known=known(without)))
    assert [(note.key, note.values, note.level) for note in result.notes] == [
        (key, {"month": told}, "warning")
    ]
    assert set(result.columns["change_class"].tolist()) == {""}
    assert not result.enough


def test_a_family_without_recent_events_may_still_fall():
    """Where other families show that the data go on, no event is no event."""
    seen = evidence(np.full(90, SPOT), np.repeat(LAST - 12 * np.arange(1, 4), 30))
    assert run(seen).notes[0].key == "change_ends"
    result = run(replace(seen, known=known()))
    assert result.columns["change_class"][SPOT] == "down"


def test_a_base_period_without_data_is_left_out_and_told():
    """With a year lost the others still give what was expected, not two thirds of it."""
    seen = evidence(np.full(40, SPOT), np.repeat([LAST, LAST - 12, LAST - 36], [20, 10, 10]))
    result = run(replace(seen, known=known((LAST - 24,))))
    assert [(note.key, note.values, note.level) for note in result.notes] == [
        ("change_periods", {"n": 3, "years": 2}, "info"),
        ("change_gaps", {"n": 1}, "warning"),
    ]
    assert result.columns["change_base"][SPOT] == pytest.approx(10)
    alone = run(replace(seen, known=known((LAST - 24, LAST - 3), since=LAST - 26)), years=2)
    assert [note.key for note in alone.notes] == ["change_periods", "change_gaps"]
    none = run(replace(seen, known=known((LAST - 12, LAST - 3), since=LAST - 14)))
    assert [note.key for note in none.notes] == ["change_no_base", "change_gaps"]


def test_an_empty_change_is_written_as_null():
    """The writer of GeoPackages takes the empty columns: numbers are null, not NaN or nought."""
    columns = run(evidence(np.arange(40), np.full(40, -1))).columns
    for name, column in columns.items():
        array = _array(column)
        assert array.null_count == (0 if name == "change_class" else len(CELLS))


def test_a_rise_needs_events_of_its_own_to_be_a_place():
    """Cells beside the rise go up with it, but the place is where events are."""
    cell, month = even(np.random.default_rng(5), 100, 48)
    cell, month = np.append(cell, np.full(20, SPOT)), np.append(month, np.full(20, LAST))
    seen = evidence(cell, month)
    assert run(seen).hot[SPOT]
    assert not run(seen, min_place=30).hot.any()
