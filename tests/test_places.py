"""Places: contiguous, with a direction, a busiest time and an honest comparison."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, stats

from geo.cells import lattice_cells
from geo.extent import buffered_hull, suggest_cell_size
from geo.grid import Grid
from geo.places import busiest_blocks, compare_two, compass, contiguous


def busiest_block(hours):
    """Find the busiest block of one week."""
    return busiest_blocks(hours[None])[0]


@given(st.lists(st.booleans(), min_size=48, max_size=48))
def test_contiguous_groups_agree_with_image_labelling(marks):
    """Groups of marked squares equal scipy's labels with eight neighbours."""
    cells = lattice_cells(Grid("square", 10), shapely.box(0, 0, 80, 60))
    mask = np.array(marks)
    labels, count = ndimage.label(mask.reshape(6, 8), structure=np.ones((3, 3)))
    groups = contiguous(mask, cells.neighbours)
    assert len(groups) == count
    for group in groups:
        label = set(labels.ravel()[group].tolist())
        assert len(label) == 1
        assert len(group) == (labels == label.pop()).sum()


@pytest.mark.parametrize(
    ("dx", "dy", "name"),
    [
        (0, 1, "n"),
        (1, 1, "ne"),
        (1, 0, "e"),
        (1, -1, "se"),
        (0, -5, "s"),
        (-2, -2, "sw"),
        (-1, 0, "w"),
        (-1, 1, "nw"),
        (0.3, 1, "n"),
    ],
)
def test_directions_by_hand(dx, dy, name):
    """East is x, north is y; eight points of the compass."""
    assert compass(dx, dy) == name


def test_a_weekend_night_is_found_across_midnight():
    """Friday and Saturday nights 20-02 stand out, and belong to the day they begin on."""
    hours = np.zeros(168, dtype=np.int64)
    for day in (4, 5):
        hours[np.arange(day * 24 + 20, day * 24 + 26)] = 4
    hours[[3, 30, 57, 80]] = 1
    block = busiest_block(hours.reshape(7, 24))
    assert (block.first_day, block.last_day, block.first_hour, block.last_hour) == (4, 5, 20, 1)
    assert block.n == 48


def test_a_run_over_the_end_of_the_week():
    """Sunday night into Monday wraps around the week."""
    hours = np.zeros(168, dtype=np.int64)
    hours[[166, 167, 0, 1]] = 10
    block = busiest_block(hours.reshape(7, 24))
    assert (block.first_day, block.last_day, block.first_hour, block.last_hour) == (6, 6, 22, 1)
    assert block.n == 40


@pytest.mark.parametrize("events", [30, 100])
def test_an_even_week_has_no_busiest_time(events):
    """Of 200 even weeks at most 5 % (plus three standard errors) show a block."""
    rng = np.random.default_rng(events)
    found = sum(
        busiest_block(rng.multinomial(events, np.full(168, 1 / 168)).reshape(7, 24)) is not None
        for _ in range(200)
    )
    assert found / 200 <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


def test_few_events_have_no_busiest_time():
    """Nine events in one hour are not yet a rhythm."""
    hours = np.zeros((7, 24), dtype=np.int64)
    hours[2, 20] = 9
    assert busiest_block(hours) is None
    hours[2, 20] = 10
    assert busiest_block(hours) is not None


@given(st.integers(0, 60) | st.integers(0, 20_000), st.integers(0, 60))
def test_two_months_are_compared_exactly(now, then):
    """Up or down exactly where the doubled binomial tail by scipy is at most .05; else not."""
    said = compare_two(now, then)
    law = stats.binom(now + then, 0.5)
    p = 2 * min(law.sf(now - 1), law.cdf(now))
    if said in {"up", "down"}:
        assert p <= 0.05
        assert (said == "up") == (now > then)
    else:
        assert p > 0.05
    assert (said == "few") == (now + then <= 5)


@pytest.mark.parametrize("n", [3, 50, 20_000])
def test_the_hull_holds_every_point(n):
    """The widened hull equals shapely's hull of all points, widened, however many there are."""
    x, y = np.random.default_rng(n).normal(0, 1000, (2, n))
    full = shapely.convex_hull(shapely.multipoints(np.column_stack([x, y])))
    west, south, east, north = full.bounds
    expected = full.buffer(max(east - west, north - south) / 20)
    assert shapely.equals(buffered_hull(x, y), expected)


@pytest.mark.parametrize(
    ("side", "size"), [(25_000, 500), (2_000, 50), (100, 25), (1_500_000, 20_000)]
)
def test_the_cell_size_follows_the_extent(side, size):
    """About fifty cells across the shorter side, in sizes that people can read."""
    assert suggest_cell_size(shapely.box(0, 0, side, 3 * side)) == size
