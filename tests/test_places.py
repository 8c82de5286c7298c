"""Places: contiguous, with a direction, a busiest time and an honest comparison."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage, stats

from geo.aoristic import spread
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


def every_block(hours):
    """Score every block by the formula, one at a time."""
    whole = float(hours.sum())
    for days in (1, 2, 3, 4, 5, 7):
        for length in range(1, 9):
            expected = whole * days * length / 168
            for day in range(7):
                for clock in range(24):
                    n = sum(
                        hours[(day + d + (clock + h) // 24) % 7, (clock + h) % 24]
                        for d in range(days)
                        for h in range(length)
                    )
                    rest = whole - n
                    if n < 2 * expected or n < whole / 4:
                        continue
                    inside = n * math.log(n / expected)
                    outside = rest * math.log(rest / (whole - expected)) if rest > 1e-9 else 0
                    yield inside + outside, (day, days, clock, length), n


@pytest.mark.parametrize("seed", range(6))
def test_the_block_is_the_best_of_all_blocks(seed):
    """Mass in parts, most of it in one night: the best score of a loop over every block."""
    rng = np.random.default_rng(seed)
    hours = np.zeros((7, 24))
    hours[4, 20:24] = rng.random(4) * 5
    hours[5, :3] = rng.random(3) * 5
    hours[rng.integers(0, 7, 3), rng.integers(0, 24, 3)] += rng.random(3) * (0.2 if seed % 2 else 3)
    score, (day, days, clock, length), n = max(every_block(hours))
    assert score > 8.3
    block = busiest_block(hours)
    assert (block.first_day, block.last_day) == (day, (day + days - 1) % 7)
    assert (block.first_hour, block.last_hour) == (clock, (clock + length - 1) % 24)
    assert block.n == pytest.approx(n)


def test_ten_events_in_parts_are_ten_events():
    """Parts that add up to 9.999… are as many events as are asked for."""
    hours = np.zeros((7, 24))
    hours[2, 20] = np.nextafter(10.0, 0.0)
    assert busiest_block(hours) is not None


def test_less_than_an_event_outside_is_weighed_as_it_is():
    """9.18 at 20 and 0.82 at 21: both hours score 44.31, the first alone 44.21 (worked by hand)."""
    hours = np.zeros((7, 24))
    hours[2, 20:22] = 9.18, 0.82
    block = busiest_block(hours)
    assert (block.first_hour, block.last_hour) == (20, 21)
    hours[2, 20:22] = 9.22, 0.78
    block = busiest_block(hours)
    assert (block.first_hour, block.last_hour) == (20, 20)


def test_nights_that_are_known_by_their_ends_are_found():
    """Twenty events from Friday 22:30 to Saturday 01:30: all mass is in the block."""
    start = np.full(20, np.datetime64("2021-07-02T22:30", "s"))
    found = spread(start, start + np.timedelta64(3, "h"))
    hours = np.bincount(found.hour, weights=found.share, minlength=168)
    block = busiest_block(hours.reshape(7, 24))
    assert (block.first_day, block.last_day, block.first_hour, block.last_hour) == (4, 4, 22, 1)
    assert block.n == pytest.approx(20)


@given(st.lists(st.integers(0, 167), min_size=10, max_size=60))
def test_whole_mass_is_read_as_counts_are(hours):
    """Parts of events that add up to whole ones, but for rounding, give the same block."""
    counts = np.bincount(hours, minlength=168).reshape(7, 24)
    parts = counts / 3.0
    assert busiest_block(parts + parts + parts) == busiest_block(counts)
    assert busiest_block((counts * 0.1 + counts * 0.2) / 0.3) == busiest_block(counts)


@pytest.mark.parametrize("longest_h", [4, 24])
@pytest.mark.parametrize("events", [10, 40])
def test_an_even_week_has_no_busiest_time_when_events_are_spread(events, longest_h):
    """Of 400 even weeks at most 5 % show a block; spreading only evens them out."""
    rng = np.random.default_rng(events + longest_h)
    n = 400 * events
    moment = rng.integers(0, 168 * 3600, n)
    length = rng.integers(1, longest_h * 3600, n)
    # Half of them known to the second, as where some are seen and some are found.
    length[rng.random(n) < 0.5] = 0
    start = np.datetime64("2021-03-01", "s") + (moment - rng.random(n) * length).astype(
        "timedelta64[s]"
    )
    found = spread(start, start + length.astype("timedelta64[s]"))
    weeks = np.bincount(
        found.event // events * 168 + found.hour, weights=found.share, minlength=400 * 168
    )
    blocks = busiest_blocks(weeks.reshape(400, 7, 24))
    assert sum(block is not None for block in blocks) <= 20


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
