"""Colocation quotients by hand, by brute force and by enumeration; events near sites."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import spatial, stats

from geo import colocation
from geo.cells import lattice_cells
from geo.colocation import (
    count_within,
    global_quotients,
    hypergeometric_p,
    kth_nearest,
    local_quotient,
    local_quotient_of_cells,
    near_sites,
    random_layouts,
    share_within,
    share_within_of_centres,
    sites_together,
)
from geo.grid import Grid

SQUARE = lattice_cells(Grid("square", 100), shapely.box(0, 0, 800, 800))


def global_quotient(*given, **settings):
    """Of both directions, from A towards B."""
    return global_quotients(*given, **settings)[0]


def events(n):
    """List the position of every event, one by one."""
    return np.repeat(np.arange(len(n)), n)


def labels(a, b, n):
    """Type of every event, position by position: A first, then B, then neither."""
    return np.concatenate(
        [list("A" * i + "B" * j + "-" * (k - i - j)) for i, j, k in zip(a, b, n, strict=True)]
    )


def local_by_loops(x, y, kind, bandwidth):
    """Cromley et al. and Wang et al., event by event: the quotient of every event of A."""
    answer = {}
    part = (kind == "B").sum() / (len(x) - 1)
    for i in range(len(x)):
        if kind[i] != "A":
            continue
        near = other = 0.0
        for j in range(len(x)):
            if j != i:
                w = np.exp(-((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2) / (2 * bandwidth**2))
                near += w * (kind[j] == "B")
                other += w
        answer[i] = near / other / part
    return answer


def global_by_loops(x, y, kind):
    """Leslie & Kronenfeld, event by event, with shared nearest neighbours."""
    total = 0.0
    for i in range(len(x)):
        if kind[i] != "A":
            continue
        distance = np.hypot(x - x[i], y - y[i])
        distance[i] = np.inf
        nearest = np.isclose(distance, distance.min(), rtol=1e-9, atol=0)
        total += (kind[nearest] == "B").sum() / nearest.sum()
    return total / (kind == "A").sum() / ((kind == "B").sum() / (len(x) - 1))


@st.composite
def patterns(draw):
    """Some positions on a coarse lattice (many equal distances), with counts of three types."""
    places = draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=9, unique=True
        )
    )
    x, y = 100.0 * np.array(places, dtype=float).T
    count = st.lists(st.integers(0, 3), min_size=len(places), max_size=len(places))
    a, b, rest = (np.array(draw(count)) for _ in range(3))
    a[0] += 1
    b[1] += 1
    return x, y, a, b, a + b + rest


def test_four_events_in_a_row_by_hand():
    """A at 0, B at 100, B at 200, A at 350: nearest are B, (A, B shared), (B), B.

    Both A have a B nearest: 2 / 2 over 2 / 3 is 1.5. From B: the first has A and B at equal
    distance, half; the second has B; so 0.5 / 2 over 2 / 3 is 0.375.
    """
    x, y = np.array([0.0, 100, 200, 350]), np.zeros(4)
    a, b, one = np.array([1, 0, 0, 1]), np.array([0, 1, 1, 0]), np.ones(4, dtype=int)
    assert global_quotient(x, y, a, b, one)[0] == pytest.approx(1.5)
    assert global_quotient(x, y, b, a, one)[0] == pytest.approx(0.375)
    assert [q for q, _ in global_quotients(x, y, a, b, one)] == pytest.approx([1.5, 0.375])


def test_a_local_quotient_by_hand():
    """A with a B one bandwidth off and another A two off: e^-.5 / (e^-.5 + e^-2) over 1 / 2."""
    x, y = np.array([0.0, 100, 200]), np.zeros(3)
    a, b, one = np.array([1, 0, 1]), np.array([0, 1, 0]), np.ones(3, dtype=int)
    found = local_quotient(x, y, a, b, one, 100.0)
    by_hand = np.exp(-0.5) / (np.exp(-0.5) + np.exp(-2)) * 2
    assert found.quotient == pytest.approx([by_hand, np.nan, by_hand], nan_ok=True)


def test_an_event_with_nobody_within_reach_has_no_quotient():
    """Ten bandwidths from the next event there is nothing to take a part of."""
    x, one = np.array([0.0, 1000]), np.ones(2, dtype=int)
    found = local_quotient(x, 0 * x, np.array([1, 0]), np.array([0, 1]), one, 100.0)
    assert np.isnan(found.quotient).all()
    assert np.isnan(found.p).all()


def test_a_cell_and_its_neighbours_by_hand():
    """In the cell 2 A and 1 B, beside it 3 B and 1 other: 4 of 6 around are B, 5 of 19 in all."""
    a, b, n = (np.zeros(len(SQUARE), dtype=int) for _ in range(3))
    middle, beside, far = 27, 28, 63
    a[middle], b[middle], n[middle] = 2, 1, 3
    b[beside], n[beside] = 3, 4
    b[far], n[far] = 1, 13
    found = local_quotient_of_cells(a, b, n, SQUARE.neighbours)
    assert found.quotient[middle] == pytest.approx((4 / 6) / (5 / 19))
    law = stats.hypergeom(19, 5, 6)
    assert found.p[middle] == pytest.approx(2 * law.sf(3))
    assert found.least_p[middle] == pytest.approx(min(2 * law.sf(4), 1))
    assert np.isnan(np.delete(found.quotient, middle)).all()


@given(patterns(), st.floats(120, 500))
def test_quotients_agree_with_plain_loops(pattern, bandwidth):
    """Positions with counts give what their events give one by one, equal distances shared."""
    x, y, a, b, n = pattern
    at, kind = events(n), labels(a, b, n)
    found = local_quotient(x, y, a, b, n, bandwidth, relabellings=1).quotient
    for i, value in local_by_loops(x[at], y[at], kind, bandwidth).items():
        assert found[at[i]] == pytest.approx(value, rel=1e-9)
    assert np.isnan(found[a == 0]).all()
    (whole, _), (back, _) = global_quotients(x, y, a, b, n, relabellings=1)
    assert whole == pytest.approx(global_by_loops(x[at], y[at], kind), rel=1e-9)
    turned = np.select([kind == "A", kind == "B"], ["B", "A"], "-")
    assert back == pytest.approx(global_by_loops(x[at], y[at], turned), rel=1e-9)
    single = ((kind == "A").astype(int), (kind == "B").astype(int), np.ones(len(at), dtype=int))
    again, _ = global_quotient(x[at], y[at], *single, relabellings=1)
    assert again == pytest.approx(whole, rel=1e-9)


@given(patterns(), st.floats(-1e4, 1e4), st.sampled_from([1.0, 1000.0]), st.randoms())
def test_where_and_in_which_order_does_not_matter(pattern, shift, scale, random):
    """Moved, enlarged or reordered positions have the same quotients."""
    x, y, a, b, n = pattern
    order = list(range(len(x)))
    random.shuffle(order)
    local = local_quotient(x, y, a, b, n, 150.0, relabellings=1).quotient
    moved = (scale * np.round(x + shift))[order], (scale * np.round(y - shift))[order]
    again = local_quotient(
        *moved, a[order], b[order], n[order], 150.0 * scale, relabellings=1
    ).quotient
    assert again == pytest.approx(local[order], rel=1e-9, nan_ok=True)
    whole = global_quotient(x, y, a, b, n, relabellings=1)[0]
    assert global_quotient(*moved, a[order], b[order], n[order], relabellings=1)[0] == (
        pytest.approx(whole, rel=1e-9)
    )


def every_labelling(count, all_a, all_b):
    """All ways to give types to the events."""
    for first in combinations(range(count), all_a):
        rest = [i for i in range(count) if i not in first]
        for second in combinations(rest, all_b):
            kind = np.full(count, "-")
            kind[list(first)], kind[list(second)] = "A", "B"
            yield kind


def counted(kind, at, places):
    """Counts of A and B by position."""
    return (np.bincount(at[kind == k], minlength=places) for k in "AB")


X, Y, N = (
    np.array([0.0, 100, 100, 300, 650]),
    np.array([0.0, 0, 100, 50, 0]),
    np.array([2, 1, 1, 2, 1]),
)


def test_over_all_labellings_both_quotients_are_one_on_average():
    """The exact mean of the global quotient, and of the local one of an event that stays A."""
    at = events(N)
    whole, local, cells = [], [], []
    for kind in every_labelling(len(at), 2, 3):
        a, b = counted(kind, at, len(N))
        whole.append(global_quotient(X, Y, a, b, N, relabellings=1)[0])
        if kind[0] == "A":
            local.append(local_quotient(X, Y, a, b, N, 120.0, relabellings=1).quotient[0])
        if kind[3] == "A":
            cells.append(local_quotient(X, Y, a, b, N, 120.0, relabellings=1).quotient[2])
    assert np.mean(whole) == pytest.approx(1.0)
    assert np.mean(local) == pytest.approx(1.0)
    assert np.mean(cells) == pytest.approx(1.0)


@pytest.mark.parametrize("all_b", [3, 5])
def test_p_by_random_relabelling_is_that_of_all_labellings(all_b):
    """9,999 relabellings against every labelling there is; local: the event stays what it is."""
    at = events(N)
    rng = np.random.default_rng(6)
    kind = rng.permutation(np.array(list("AA" + "B" * all_b + "-" * (5 - all_b))))
    a, b = counted(kind, at, len(N))
    found = local_quotient(X, Y, a, b, N, 120.0, relabellings=9999)
    (whole, whole_p), (back, back_p) = global_quotients(X, Y, a, b, N, relabellings=9999)
    own = int(at[np.flatnonzero(kind == "A")[0]])
    every_local, every_whole, every_back = [], [], []
    first = int(np.flatnonzero(kind == "A")[0])
    for other in every_labelling(len(at), 2, all_b):
        one, two = counted(other, at, len(N))
        every_whole.append(global_quotient(X, Y, one, two, N, relabellings=1)[0])
        every_back.append(global_quotient(X, Y, two, one, N, relabellings=1)[0])
        if other[first] == "A":
            every_local.append(local_by_loops(X[at], Y[at], other, 120.0)[first])
    for value, p, law in (
        (found.quotient[own], found.p[own], np.array(every_local)),
        (whole, whole_p, np.array(every_whole)),
        (back, back_p, np.array(every_back)),
    ):
        tails = (law >= value - 1e-9).mean(), (law <= value + 1e-9).mean()
        exact = min(2 * min(tails), 1.0)
        assert p == pytest.approx(exact, abs=5 * (exact / 5000) ** 0.5)


@given(st.integers(1, 60), st.data())
def test_hypergeometric_p_agrees_with_another_library(total, data):
    """Twice scipy's smaller tail, far into it; the least is that of the ends."""
    good = data.draw(st.integers(0, total))
    drawn = data.draw(st.integers(0, total))
    first, last = max(0, drawn + good - total), min(drawn, good)
    k = np.arange(first, last + 1)
    law = stats.hypergeom(total, good, drawn)
    p, least = hypergeometric_p(k, np.full(len(k), drawn), good, total)
    expected = np.minimum(2 * np.minimum(law.sf(k - 1), law.cdf(k)), 1)
    assert p == pytest.approx(expected, rel=1e-7)
    assert least == pytest.approx(np.full(len(k), min(expected[0], expected[-1])), rel=1e-7)


def test_separate_types_are_apart_and_mixed_ones_together():
    """A all west and B all east: quotient near 0, small p; pairs of A and B: near 2, small p."""
    rng = np.random.default_rng(7)
    x, y = rng.uniform(0, 1000, (2, 80))
    west, one = (x < 500).astype(int), np.ones(80, dtype=int)
    quotient, p = global_quotient(x, y, west, 1 - west, one)
    assert quotient < 0.3
    assert p == pytest.approx(2 / 1000)
    x, y = np.concatenate([x[:40], x[:40] + 1]), np.concatenate([y[:40], y[:40]])
    first = np.repeat([1, 0], 40)
    quotient, p = global_quotient(x, y, first, 1 - first, one)
    assert quotient > 1.6
    assert p == pytest.approx(2 / 1000)


def test_without_one_of_the_types_there_is_no_quotient():
    """NaN, not 0 and not an error."""
    x, none, one = np.arange(5.0), np.zeros(5, dtype=int), np.ones(5, dtype=int)
    assert np.isnan(global_quotient(x, x, one, none, one)).all()
    assert np.isnan(local_quotient(x, x, one, none, one, 1.0).quotient).all()
    assert np.isnan(local_quotient(x, x, none, one, one, 1.0).p).all()
    a = np.zeros(len(SQUARE), dtype=int)
    assert np.isnan(local_quotient_of_cells(a, a, a, SQUARE.neighbours).p).all()


def test_random_labels_rarely_make_a_cell_that_is_significant():
    """200 maps of random labels: raw p below .05 in at most 5 % of the cells with A."""
    share = np.full(len(SQUARE), 1 / len(SQUARE))
    below = tested = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n = rng.multinomial(300, share)
        a = rng.multivariate_hypergeometric(n, 120)
        p = local_quotient_of_cells(a, n - a, n, SQUARE.neighbours).p
        below += int((p < 0.05).sum())
        tested += int(np.isfinite(p).sum())
    assert 0.01 < below / tested <= 0.05


def test_the_kth_nearest_is_that_of_a_tree():
    """With single events scipy's tree says the same; events at one position lie at distance 0."""
    x, y = np.random.default_rng(8).uniform(0, 1000, (2, 60))
    tree = spatial.cKDTree(np.column_stack([x, y]))
    far = tree.query(np.column_stack([x, y]), k=6)[0][:, 5]
    assert kth_nearest(x, y, np.ones(60, dtype=int), 5) == pytest.approx(far)
    line = np.array([0.0, 100, 300])
    n = np.array([3, 1, 1])
    assert kth_nearest(line, 0 * line, n, 2).tolist() == [0.0, 100.0, 300.0]
    assert kth_nearest(line, 0 * line, n, 5).tolist() == [np.inf] * 3
    assert kth_nearest(line, 0 * line, 0 * n, 1).tolist() == [np.inf] * 3
    assert kth_nearest(line, 0 * line, np.array([0, 1, 1]), 1).tolist() == [100.0, 200.0, 200.0]


def test_a_bandwidth_of_nothing_sees_its_own_position_only():
    """With the second nearest at the same position, only those there count."""
    x = np.array([0.0, 100, 300])
    a, b, n = np.array([1, 1, 0]), np.array([1, 0, 2]), np.array([3, 1, 2])
    bandwidth = kth_nearest(x, 0 * x, n, 2)
    found = local_quotient(x, 0 * x, a, b, n, bandwidth)
    assert found.quotient[0] == pytest.approx((1 / 2) / (3 / 5))


@pytest.mark.parametrize("pairs", [0, 10**9])
def test_events_within_reach_are_those_of_plain_distances(monkeypatch, pairs):
    """Every pair of event and place, the edge included; counted by either tree."""
    monkeypatch.setattr(colocation, "_PAIRS", pairs)
    rng = np.random.default_rng(9)
    x, y = rng.integers(0, 20, (2, 300)) * 50.0
    at_x, at_y = rng.integers(0, 20, (2, 40)) * 50.0
    n = rng.integers(0, 4, 300)
    near = np.hypot(at_x[:, None] - x, at_y[:, None] - y) <= 250
    assert count_within(x, y, n, at_x, at_y, 250).tolist() == (near @ n).tolist()
    assert count_within(x, y, 0 * n, at_x, at_y, 250).tolist() == [0] * 40


@pytest.mark.parametrize("kind", ["square", "hex"])
@pytest.mark.parametrize("reach", [30, 100, 260])
def test_circles_around_centres_cut_the_lattice_as_any_circles_do(kind, reach):
    """Shares that differ from cell to cell, near the border too; some of the cells."""
    cells = lattice_cells(Grid(kind, 100), shapely.box(30, 30, 950, 820))
    share = np.random.default_rng(12).dirichlet(np.full(len(cells), 0.5))
    at = np.arange(0, len(cells), 3)
    assert share_within_of_centres(cells, share, at, reach) == pytest.approx(
        share_within(cells, share, cells.x[at], cells.y[at], reach), rel=1e-9
    )


def test_the_share_of_the_ground_is_the_area_of_the_circle():
    """Inside pi r^2, in a corner a quarter of it; by cells and by the area alike."""
    area = shapely.box(0, 0, 800, 800)
    at_x, at_y = np.array([400.0, 0, 0, -300]), np.array([400.0, 0, 400, 400])
    share = SQUARE.area_m2 / SQUARE.area_m2.sum()
    circle = np.pi * 200**2 / 800**2
    for found in (
        share_within(SQUARE, share, at_x, at_y, 200, area),
        share_within(SQUARE, share, at_x, at_y, 200),
    ):
        assert found == pytest.approx([circle, circle / 4, circle / 2, 0], rel=1e-3)
    people = np.where(np.arange(len(SQUARE)) == 0, 1.0, 0.0)
    assert share_within(SQUARE, people, at_x, at_y, 200) == pytest.approx([0, 1, 0, 0], abs=1e-9)


def test_sites_are_judged_by_their_ground():
    """20 of 100 events on a hundredth of the ground: 20 times what was expected (binomial).

    A site with no ground within reach is no test, and makes the others no less certain.
    """
    found = near_sites(np.array([20, 1, 0]), 100, np.array([0.01, 0.01, 0.0]))
    assert found.expected == pytest.approx([1, 1, 0])
    assert found.ratio == pytest.approx([20, 1, np.nan], nan_ok=True)
    p = 2 * stats.binom(100, 0.01).sf(19)
    assert found.p == pytest.approx([p, 1, np.nan], nan_ok=True)
    assert found.q == pytest.approx([2 * p, 1, np.nan], nan_ok=True)


def test_sites_are_drawn_places_with_about_as_much_around_them():
    """Within a quarter, each as often as its weight says; of too few like it, the nearest fifty."""
    around = np.repeat([1.0, 2.0, 2.4, 4.0], 100)
    weight = np.tile([1.0, 3.0], 200) / 800
    weight[:20] = 0
    at = random_layouts(weight, around, np.array([2.2, 4.1, 1.1]), placements=20_000)
    assert at.shape == (20_000, 3)
    for column, allowed in zip(at.T, ((100, 300), (300, 400), (20, 100)), strict=True):
        counts = np.bincount(column, minlength=400)
        assert counts[: allowed[0]].sum() == counts[allowed[1] :].sum() == 0
        expected = 20_000 * weight / weight[slice(*allowed)].sum()
        seen = slice(*allowed)
        assert stats.chisquare(counts[seen], expected[seen]).pvalue > 1e-4
    doubling = 2.0 ** np.arange(100)
    sites = np.array([2.0**50.5, 0.1, 1e40])
    far = random_layouts(np.full(100, 0.01), doubling, sites, placements=2000)
    for column, first in zip(far.T, (26, 0, 50), strict=True):
        assert set(column.tolist()) == set(range(first, first + 50))
    few = random_layouts(np.full(3, 1 / 3), np.ones(3), np.array([9.0]), placements=99)
    assert set(few[:, 0].tolist()) == {0, 1, 2}


def test_sites_together_by_hand():
    """6 of 20 events on a tenth of the ground: 3 times; of 9 layouts 2 give as much: 2 (1+2)/10.

    A site without ground is left out, with what its layouts hold.
    """
    n, share = np.array([4, 2, 5]), np.array([0.05, 0.05, 0.0])
    elsewhere = np.array([[3, 3, 0], [5, 5, 0], *[[1, 0, 99]] * 7])
    ratio, p = sites_together(n, share, elsewhere, np.full((9, 3), 0.05), 20)
    assert (ratio, p) == (pytest.approx(3.0), pytest.approx(0.6))
    # On half the ground half as much is as much, and a layout without any ground is none.
    halved = np.full((9, 3), 0.025)
    halved[8] = 0
    ratio, p = sites_together(n, share, np.array([[3, 0, 0]] * 9), halved, 20)
    assert (ratio, p) == (pytest.approx(3.0), pytest.approx(1.0))
    alone = sites_together(n[2:], share[2:], elsewhere[:, 2:], halved[:, 2:], 20)
    assert np.isnan(alone).all()
    assert np.isnan(sites_together(n * 0, share, elsewhere * 0, halved, 0)).all()


def test_layouts_with_more_ground_are_thinned_to_as_much():
    """On four times the ground: a quarter of the events, whose number varies as a quarter does.

    The p of k events is then that of the Poisson law of the sites' own ground.
    """
    rng = np.random.default_rng(13)
    elsewhere = rng.poisson(8.0, (20_000, 1))
    for k in (0, 2, 5):
        _, p = sites_together(
            np.array([k]), np.array([0.01]), elsewhere, np.full((20_000, 1), 0.04), 200
        )
        law = stats.poisson(2.0)
        assert p == pytest.approx(min(2 * min(law.sf(k - 1), law.cdf(k)), 1), rel=0.15)


def test_sites_amid_the_trouble_meet_it():
    """Sites on the events: ratio above 1, small p; sites far from them: below 1, small p."""
    rng = np.random.default_rng(10)
    n = rng.multinomial(400, rng.dirichlet(np.full(len(SQUARE), 0.2)))
    share = SQUARE.area_m2 / SQUARE.area_m2.sum()
    around = count_within(SQUARE.x, SQUARE.y, n, SQUARE.x, SQUARE.y, 150)
    ground = SQUARE.neighbours.sums(share)
    order = np.argsort(around / ground)
    for some, above in ((order[-4:], True), (order[:4], False)):
        at = random_layouts(share, ground, ground[some])
        ratio, p = sites_together(around[some], ground[some], around[at], ground[at], 400)
        assert ratio == pytest.approx(around[some].sum() / 400 / ground[some].sum())
        assert (ratio > 1) == above
        assert p < 0.01


def test_the_same_seed_gives_the_same_p():
    """And another seed another: p is drawn, not invented."""
    rng = np.random.default_rng(11)
    n = rng.poisson(2.0, len(SQUARE))
    a = rng.binomial(n, 0.4)

    def p(seed):
        whole = global_quotient(SQUARE.x, SQUARE.y, a, n - a, n, relabellings=99, seed=seed)[1]
        local = local_quotient(SQUARE.x, SQUARE.y, a, n - a, n, 150.0, relabellings=99, seed=seed)
        return [whole, *local.p.tolist()]

    assert np.array_equal(p(1), p(1), equal_nan=True)
    assert not np.array_equal(p(1), p(2), equal_nan=True)
