"""The cube: counts that merge by addition and lose nothing."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import cube as cubes
from geo.aoristic import Between, spread
from geo.cube import CubeBuilder
from geo.months import UNKNOWN_HOUR, UNKNOWN_MONTH, month_and_hour, month_text, parse_month

EVENT = st.tuples(
    st.integers(-1, 5),
    st.sampled_from([UNKNOWN_MONTH, 24240, 24241, 24252]),
    st.integers(0, 2),
    st.integers(0, UNKNOWN_HOUR),
    st.sampled_from([0.5, 1.0, 3.0]),
)
EVENTS = st.lists(EVENT, max_size=60)


def cube_of(*batches):
    """Count batches of events one by one."""
    builder = CubeBuilder(6, ("a", "b", "c"))
    for batch in batches:
        cell, month, category, hour, weight = (
            (np.array(c) for c in zip(*batch, strict=True)) if batch else (np.zeros(0, int),) * 5
        )
        builder.add(cell, month=month, category=category, hour=hour, weight=weight)
    return builder.build()


def same(a, b):
    """Whether two cubes hold the same."""
    return (
        a.beside == b.beside
        and all(
            np.array_equal(getattr(a, name), getattr(b, name))
            for name in ("cell", "month", "category", "hour", "n")
        )
        and np.allclose(a.weight, b.weight)
    )


@given(EVENTS, EVENTS)
def test_batches_merge_by_addition_in_any_order(first, second):
    """One pass, two batches, either order or two cubes added: the same cube."""
    whole = cube_of(first + second)
    assert same(whole, cube_of(first, second))
    assert same(whole, cube_of(second, first))
    assert same(whole, cube_of(first) + cube_of(second))


@given(st.lists(EVENTS, max_size=5))
def test_how_often_combinations_are_brought_together_changes_nothing(batches):
    """With room for two events, and with room for all."""
    whole = cube_of(*batches)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cubes, "_MOST_WAITING", 2)
        assert same(cube_of(*batches), whole)
        patch.setattr(cubes, "_SORTED_AT_ONCE", 2)
        assert same(cube_of(*batches), whole)


def test_memory_follows_the_combinations_and_not_the_events(monkeypatch):
    """Four times as many events of the same 24 combinations need no more at any time."""
    monkeypatch.setattr(cubes, "_MOST_WAITING", 20_000)
    monkeypatch.setattr(cubes, "_SORTED_AT_ONCE", 5_000)
    batch = np.arange(5_000, dtype=np.int64)

    def peak(batches):
        builder = CubeBuilder(6, ("a",))
        tracemalloc.start()
        for _ in range(batches):
            builder.add(batch % 6, hour=batch // 6 % 4)
        cube = builder.build()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (cube.total, len(cube.n)) == (len(batch) * batches, 24)
        return most

    peak(15)  # what is imported and cached once is not counted
    assert peak(60) < 1.1 * peak(15)


@given(EVENTS)
def test_every_event_is_counted_once(events):
    """Cells, categories, hours, months and those beside the area all add up to what was given."""
    cube = cube_of(events)
    inside = [e for e in events if e[0] >= 0]
    n, weight = cube.per_cell()
    assert (
        cube.total == len(inside) == n.sum() == cube.per_category().sum() == cube.per_hour().sum()
    )
    assert cube.beside == len(events) - len(inside)
    assert weight.sum() == pytest.approx(sum(e[4] for e in inside))
    dated = [e for e in inside if e[1] != UNKNOWN_MONTH]
    assert cube.per_month(24240, 24252).sum() == len(dated)
    assert cube.span == ((min(e[1] for e in dated), max(e[1] for e in dated)) if dated else None)


@given(EVENTS, st.sets(st.sampled_from("abc")))
def test_a_selection_and_the_rest_make_the_whole(events, chosen):
    """Selecting some categories and selecting the others splits the cube in two."""
    cube = cube_of(events)
    part = cube.select(categories=sorted(chosen))
    rest = cube.select(categories=sorted(set("abc") - chosen))
    assert part.total + rest.total == cube.total
    assert part.total == sum(1 for e in events if e[0] >= 0 and "abc"[e[2]] in chosen)


FIRST = np.datetime64("2020-01-25T00:00", "s")
SPANNED = st.lists(
    st.tuples(
        st.integers(-1, 5),
        st.sampled_from([24240, 24241, 24242]),
        st.integers(0, 2),
        st.integers(0, UNKNOWN_HOUR),
        st.sampled_from([0.0, 1.0, 3.0]),
        st.none() | st.tuples(st.integers(0, 60 * 24 * 70), st.integers(1, 60 * 24 * 40)),
        st.booleans(),
    ),
    max_size=25,
)


def between_of(events):
    """Make the spans of events; those without one have NaT."""
    minutes = np.array([e[5] or (0, 0) for e in events], dtype=np.int64).reshape(-1, 2)
    start = FIRST + minutes[:, 0].astype("timedelta64[m]")
    end = start + minutes[:, 1].astype("timedelta64[m]")
    none = np.array([e[5] is None for e in events], dtype=bool)
    start[none] = np.datetime64("NaT")
    return Between(start, end, np.array([e[6] for e in events], dtype=bool))


def spread_cube(*batches, without=False):
    """Count batches of events of which some are known only from one time to another."""
    builder = CubeBuilder(6, ("a", "b", "c"))
    for batch in batches:
        columns = np.array([e[:5] for e in batch]).reshape(-1, 5).T
        cell, month, category, hour = columns[:4].astype(np.int64)
        builder.add(
            cell,
            month=month,
            category=category,
            hour=hour,
            weight=columns[4],
            between=None if without else between_of(batch),
        )
    return builder.build()


def laid_out(mass):
    """Sum mass by cell, month, category and hour; what adds up to nothing is not there."""
    found: dict[tuple[int, ...], float] = {}
    for *key, part in zip(*mass, strict=True):
        place = tuple(int(k) for k in key)
        found[place] = found.get(place, 0.0) + part
    return {key: value for key, value in found.items() if abs(value) > 1e-12}


@given(SPANNED)
def test_mass_lies_where_each_event_may_have_happened(events):
    """Event by event: whole at its month and hour, or its shares; together as many as events."""
    expected: dict[tuple[int, ...], float] = {}
    for event in events:
        cell, month, category, hour, _, span, _ = event
        if cell < 0:
            continue
        parts = [(month, hour, 1.0)]
        if span is not None:
            one = between_of([event])
            parts = list(zip(*spread(one.start, one.end, one.timed)[1:], strict=True))
        for m, h, share in parts:
            key = (cell, int(m), category, int(h))
            expected[key] = expected.get(key, 0.0) + share
    cube = spread_cube(events)
    assert laid_out(cube.mass) == pytest.approx(expected, abs=1e-12)
    hours, months = cube.mass_per_hour(), cube.mass_per_month(24240, 24245)
    assert (hours >= 0).all()
    assert (months >= 0).all()
    assert hours.sum() == pytest.approx(cube.total, abs=1e-12 * (1 + len(events)))
    assert months.sum() == pytest.approx(cube.total, abs=1e-12 * (1 + len(events)))
    for h in range(UNKNOWN_HOUR + 1):
        there = sum(v for key, v in expected.items() if key[3] == h)
        assert hours[h] == pytest.approx(there, abs=1e-12)


@given(SPANNED)
def test_spreading_leaves_the_counts_alone(events):
    """Counts, weights, months and hours are those of the same events without their spans."""
    cube, plain = spread_cube(events), spread_cube(events, without=True)
    assert same(cube, plain)
    assert cube.span == plain.span
    assert plain.between is None
    assert (plain.mass_per_hour() == plain.per_hour()).all()
    assert (plain.mass_per_month(24240, 24242) == plain.per_month(24240, 24242)).all()


@given(SPANNED, SPANNED)
def test_mass_merges_by_addition(first, second):
    """Batches in either order, or two cubes added, lay the same mass."""
    whole = laid_out(spread_cube(first + second).mass)
    for other in (
        spread_cube(first, second),
        spread_cube(second, first),
        spread_cube(first) + spread_cube(second),
    ):
        assert laid_out(other.mass) == pytest.approx(whole, abs=1e-12)


@given(SPANNED, st.integers(24239, 24244))
def test_a_selection_keeps_the_mass_that_lies_in_it(events, month):
    """By month, category and cell, mass is split in two as rows are, and none is lost."""
    cube = spread_cube(events)
    whole = laid_out(cube.mass)
    early = laid_out(cube.select(months=(UNKNOWN_MONTH, month)).mass)
    late = laid_out(cube.select(months=(month + 1, 30000)).mass)
    assert {**early, **late} == pytest.approx(whole, abs=1e-12)
    assert all(key[1] <= month for key in early)
    assert all(key[1] > month for key in late)
    only = laid_out(cube.select(categories=["b"]).mass)
    assert only == pytest.approx({k: v for k, v in whole.items() if k[2] == 1}, abs=1e-12)
    some = laid_out(cube.select(cells=np.arange(6) < 2).mass)
    assert some == pytest.approx({k: v for k, v in whole.items() if k[0] < 2}, abs=1e-12)


@given(SPANNED)
def test_shares_are_made_a_few_at_a_time(events):
    """However few shares may be made at once, the mass is the same."""
    whole = laid_out(spread_cube(events).mass)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cubes, "_MOST_SHARES", 3)
        patch.setattr(cubes, "_MOST_WAITING", 5)
        assert laid_out(spread_cube(events).mass) == pytest.approx(whole, abs=1e-12)


def test_a_window_counts_the_event_and_holds_its_part():
    """From noon on 30 January to noon on 3 February: counted in February, 1.5 of 4 days before."""
    builder = CubeBuilder(1, ("a",))
    start, end = np.array([["2021-01-30T12:00"], ["2021-02-03T12:00"]], dtype="datetime64[s]")
    zero = np.zeros(1, dtype=np.int64)
    months = np.array([parse_month("2021-02")])
    builder.add(zero, month=months, between=Between(start, end, np.ones(1, dtype=bool)))
    january, february = (
        builder.build().select(months=(m, m)) for m in map(parse_month, ("2021-01", "2021-02"))
    )
    assert (january.total, february.total) == (0, 1)
    assert january.mass_per_hour().sum() == pytest.approx(1.5 / 4)
    assert february.mass_per_hour().sum() == pytest.approx(2.5 / 4)
    assert february.mass_per_hour()[UNKNOWN_HOUR] == 0
    assert february.per_hour()[UNKNOWN_HOUR] == 1


def test_cubes_over_different_cells_are_not_added():
    """A cube of another area is refused."""
    with pytest.raises(ValueError, match="different cells"):
        cube_of([]) + CubeBuilder(7, ("a", "b", "c")).build()


def test_months_and_hours_of_the_week_by_hand():
    """7 June 2021 was a Monday; 2020-12-31 a Thursday; NaT is unknown."""
    month, hour = month_and_hour(
        np.array(
            ["2021-06-07T00:30", "2021-06-13T23:59", "2020-12-31T05:00", "NaT"], "datetime64[s]"
        )
    )
    assert [month_text(m) for m in month[:3]] == ["2021-06", "2021-06", "2020-12"]
    assert hour.tolist() == [0, 167, 3 * 24 + 5, UNKNOWN_HOUR]
    assert month[3] == UNKNOWN_MONTH
    assert parse_month("2021-06") == month[0]
    with pytest.raises(ValueError, match="found '2021-13'"):
        parse_month("2021-13")
