"""The cube: counts that merge by addition and lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
