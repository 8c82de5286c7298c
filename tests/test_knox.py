"""Knox against published tables, counting by brute force, and the laws of its permutations."""

from __future__ import annotations

import csv
import gzip
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

import geo.knox
from geo.knox import TooManyPairs, interval_labels, knox, products, split


def table(path):
    """Read a CSV, compressed or not, as columns of text."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def burglaries(reference, year):
    """Give x, y and day of Chicago's burglaries in a year."""
    columns = table(reference / "chicago_burglary" / f"burglary_{year}.csv.gz")
    day = columns["date"].astype("datetime64[D]").astype(np.int64)
    return columns["x"].astype(float), columns["y"].astype(float), day


def brute(x, y, day, distance_edges, day_edges, closed):
    """Count pairs one by one, as the intervals are read aloud."""

    def band(value, edges):
        for k, (low, high) in enumerate(pairwise(edges)):
            if closed == "left" and low <= value < high:
                return k
            if closed == "right" and (low < value <= high or (k == 0 and value == low)):
                return k
        return None

    counts = np.zeros((len(distance_edges) - 1, len(day_edges) - 1), dtype=int)
    for i in range(len(x)):
        for j in range(i):
            row = band(np.hypot(x[i] - x[j], y[i] - y[j]), distance_edges)
            column = band(abs(day[i] - day[j]), day_edges)
            if row is not None and column is not None:
                counts[row, column] += 1
    return counts


def some_events(seed, n=60, width=12):
    """Scatter events on whole metres and days, where many pairs lie on an edge."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, width, (2, n)).astype(float)
    return x, y, rng.integers(0, 40, n)


# --- published answers ------------------------------------------------------------------------


def test_the_table_of_chicago_2016(reference):
    """Every published count exactly, and the published median ratios to the error of simulation."""
    case = json.loads((reference / "small" / "expected.json").read_text())
    case = case["chicago_burglary_2016_knox"]
    x, y, day = burglaries(reference, 2016)
    found = knox(x, y, day, [0, 0.1, 200, 400, 600], [0, 7, 14, 21], closed="right")
    assert len(x) == case["n"]
    assert found.observed.tolist() == case["pairs"]
    assert list(found.distance_labels) == [
        label.replace(",", ", ") for label in case["distance_bands_m"]
    ]
    assert list(found.day_labels) == [label.replace(",", ", ") for label in case["time_bands_days"]]
    # A median of 48 or of 49: 97 over the one is 2.02, over the other 1.98.
    published = np.array(case["median_ratio_first_rows"])
    assert found.ratio_median[:2] == pytest.approx(published, rel=0.025)
    assert found.ratio[:2] == pytest.approx(published, rel=0.025)
    assert found.p_adjusted[0].tolist()[:2] == [0.002, 0.002]


def test_the_count_of_chicago_2014(reference):
    """The 2,170 pairs within 200 m and 7 days; chance gives the published 1,536.7 on average."""
    x, y, day = burglaries(reference, 2014)
    found = knox(x, y, day, [0, 200], [0, 7], closed="right", permutations=99)
    assert (len(x), found.observed.item(), found.p.item()) == (12334, 2170, 0.01)
    assert found.expected.item() == pytest.approx(1536.7, rel=0.003)


def test_burkitts_lymphoma(reference):
    """Knox's 13 for 188 cases within 20 km and 5 days.

    The published p of .17 is of 99 permutations: its standard error is .04.
    """
    columns = table(reference / "inputs" / "knox" / "burkitt.csv")
    x, y, day = (columns[name].astype(float) for name in "xyt")
    found = knox(x, y, day.astype(int), [0, 20], [0, 5], closed="right", permutations=9999)
    assert (len(x), found.observed.item()) == (188, 13)
    assert found.p.item() == pytest.approx(0.17, abs=0.08)


def test_the_counts_of_chicagos_arsons(reference):
    """The 522 fires of 2016, in the bands of the published burglaries, by SciPy's distances."""
    columns = table(reference / "inputs" / "knox" / "chicago_arson.csv")
    xy = np.column_stack([columns["X"], columns["Y"]]).astype(float)
    day = columns["date"].astype("datetime64[D]").astype(np.int64)
    found = knox(*xy.T, day, [0, 0.1, 200, 400, 600], [0, 7, 14, 21], closed="right")
    # No day lies on these edges, and no pair does: it is the same which end belongs to a band.
    expected, *_ = np.histogram2d(
        distance.pdist(xy),
        distance.pdist(day[:, None], "cityblock"),
        bins=([-1, 0.1, 200, 400, 600], [-1, 7.5, 14.5, 21.5]),
    )
    assert len(day) == 522
    assert found.observed.tolist() == expected.tolist()
    assert expected.sum() == 96


# --- counting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", ["left", "right"])
@pytest.mark.parametrize("edges", [([0, 1, 5, 10], [0, 7, 14]), ([3, 5, 13], [2, 9])])
@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_brute_force(closed, edges, seed):
    """Pairs on an edge (3-4-5, 5-12-13) fall where the printed interval says."""
    x, y, day = some_events(seed)
    found = knox(x, y, day, *edges, closed=closed, permutations=9)
    assert found.observed.tolist() == brute(x, y, day, *edges, closed).tolist()


def test_an_edge_is_an_edge_wherever_the_map_is():
    """Coordinates in the millions do not push a pair at exactly 0.1 or 100 m over the edge."""
    x = np.array([672345.3, 672345.4, 672405.3, 672345.3])
    y = np.array([6580123.7, 6580123.7, 6580203.7, 6580023.7])
    day = np.zeros(4, dtype=int)
    left = knox(x, y, day, [0, 0.1, 100, 100.00001], [0, 1], permutations=9)
    right = knox(x, y, day, [0, 0.1, 100], [0, 1], closed="right", permutations=9)
    assert left.observed[:, 0].tolist() == [0, 2, 2]
    assert right.observed[:, 0].tolist() == [1, 3]


def test_intervals_are_printed_with_their_open_end():
    """A square bracket holds its edge, a round one does not."""
    assert interval_labels([0, 1, 100], "left") == ("[0, 1)", "[1, 100)")
    assert interval_labels([0, 0.1, 200], "right") == ("[0, 0.1]", "(0.1, 200]")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), closed=st.sampled_from(["left", "right"]))
def test_the_order_of_events_and_the_origin_of_the_map_say_nothing(seed, closed):
    """The same events in another order and elsewhere: the same answer, simulated counts too."""
    x, y, day = some_events(seed, n=40)
    mixed = np.random.default_rng(seed).permutation(len(x))
    one = knox(x, y, day, [0, 2, 6], [0, 5, 9], closed=closed, permutations=9)
    other = knox(
        x[mixed] + 6.5e6, y[mixed] - 123, day[mixed] + 999, *[[0, 2, 6], [0, 5, 9]],
        closed=closed, permutations=9,
    )  # fmt: skip
    assert np.array_equal(one.observed, other.observed)
    assert np.array_equal(one.simulated, other.simulated)
    assert one.expected == pytest.approx(other.expected)


def test_many_pairs_are_counted_in_many_blocks(monkeypatch):
    """Where the blocks end makes no difference."""
    x, y, day = some_events(3, n=300, width=40)
    wide = knox(x, y, day, [0, 3, 15], [0, 3, 9], permutations=99)
    monkeypatch.setattr(geo.knox, "_AT_ONCE", 100)
    monkeypatch.setattr(geo.knox, "_BLOCK", 255 * 100)
    narrow = knox(x, y, day, [0, 3, 15], [0, 3, 9], permutations=99)
    assert np.array_equal(wide.simulated, narrow.simulated)
    assert np.array_equal(wide.observed, brute(x, y, day, [0, 3, 15], [0, 3, 9], "left"))


def test_long_histories_do_not_overflow():
    """Days more than 32,767 apart are as far apart as they are."""
    x = y = np.zeros(4)
    day = np.array([0, 3, 40_000, 65_537])
    found = knox(x, y, day, [0, 1], [0, 7, 30_000, 70_000], permutations=9)
    assert found.observed.tolist() == [[1, 1, 4]]


def test_the_pairs_of_a_band_are_known():
    """Bands give their own pairs, also where the first begins above nought."""
    x, y = np.array([0.0, 50, 300, 50]), np.zeros(4)
    day = np.array([10, 12, 12, 30])
    found = knox(x, y, day, [0, 1, 100, 400], [2, 7, 19], permutations=9)

    def close(*bands):
        chosen = np.zeros((3, 2), dtype=bool)
        chosen[tuple(np.transpose(bands))] = True
        return sorted(sorted(pair) for pair in zip(*map(list, found.close(chosen)), strict=True))

    assert found.observed.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert close((1, 0), (0, 0)) == [[0, 1]]
    assert close((0, 1)) == [[1, 3]]
    assert close((2, 0), (2, 1)) == [[0, 2], [2, 3]]


def test_too_many_pairs_are_refused_before_memory_is_gone():
    """A thousand events in one place are half a million pairs."""
    x = np.zeros(1000)
    with pytest.raises(TooManyPairs, match="more than 1000 pairs within 10 m"):
        knox(x, x, np.zeros(1000, dtype=int), [0, 10], [0, 1], most_pairs=1000)


@pytest.mark.parametrize("edges", [[0], [5, 1], [-1, 2], [0, 1, 1]])
def test_edges_must_rise(edges):
    """Bands that overlap or are empty are refused."""
    x, y, day = some_events(1)
    with pytest.raises(ValueError, match="expected edges that rise"):
        knox(x, y, day, edges, [0, 7])


# --- chance -----------------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
def test_simulated_counts_are_those_of_a_plain_loop(grouped):
    """Each product of shuffles, applied by hand, gives the count that was told.

    The first of them are the observed times; where groups are given, times stay in theirs.
    """
    x, y, day = some_events(5)
    group = day // 10 if grouped else np.zeros(len(day), dtype=np.int64)
    found = knox(x, y, day, [0, 2, 6], [0, 5, 9], permutations=17, group=group, seed=7)
    square = ((x / 6.000005).astype(int), (y / 6.000005).astype(int))
    order = np.lexsort((day, y, x, *square))
    x, y, day, group = x[order], y[order], day[order] - day.min(), group[order]
    base, orders = products(day, group, (3, 3, 2), 7)
    permuted = np.concatenate([base[turn].T for turn in orders])
    assert permuted[0].tolist() == day.tolist()
    assert len(found.simulated) == len(permuted) - 1 == 17
    assert len(np.unique(permuted, axis=0)) == 18
    for days, counts in zip(permuted[1:], found.simulated, strict=True):
        assert np.array_equal(np.sort(days), np.sort(day))
        if grouped:
            for g in np.unique(group):
                assert np.array_equal(np.sort(days[group == g]), np.sort(day[group == g]))
        assert np.array_equal(counts, brute(x, y, days, [0, 2, 6], [0, 5, 9], "left"))


def test_the_expected_count_is_ns_times_nt_over_all_pairs():
    """Knox's own formula, with the pairs close in space and those close in time by brute force."""
    x, y, day = some_events(2)
    found = knox(x, y, day, [0, 3, 8], [0, 4, 9], permutations=9)
    near = brute(x, y, day * 0, [0, 3, 8], [0, 1], "left")
    soon = brute(x * 0, y * 0, day, [0, 1], [0, 4, 9], "left")
    assert found.expected == pytest.approx(near * soon / (60 * 59 / 2))


@pytest.mark.parametrize("grouped", [False, True])
def test_permutations_give_the_expected_count_on_average(grouped):
    """Within four standard errors in every band, whether times move freely or within groups."""
    x, y, day = some_events(11, n=120)
    group = day // 8 if grouped else None
    found = knox(x, y, day, [0, 2, 4], [0, 3, 9, 20], permutations=3999, group=group)
    error = found.simulated.std(axis=0) / np.sqrt(len(found.simulated))
    assert (np.abs(found.simulated.mean(axis=0) - found.expected) < 4 * error + 1e-12).all()


def test_products_of_shuffles_spread_as_single_shuffles_do():
    """Variance and p of the products agree with those of plain shuffles, one by one."""
    x, y, day = some_events(4, n=80)
    found = knox(x, y, day, [0, 3], [0, 5], permutations=3999)
    pairs = [(i, j) for i in range(80) for j in range(i) if np.hypot(x[i] - x[j], y[i] - y[j]) < 3]
    i, j = np.array(pairs).T
    rng = np.random.default_rng(0)
    plain = np.array(
        [
            np.count_nonzero(np.abs(days[i] - days[j]) < 5)
            for days in (rng.permutation(day) for _ in range(4000))
        ]
    )
    assert stats.ks_2samp(plain, found.simulated.ravel()).pvalue > 0.01
    assert found.simulated.var() == pytest.approx(plain.var(), rel=0.15)


def test_the_observed_is_any_one_of_the_products():
    """Its rank among them is even down to the ends, 1 of 8 and 8 of 8: so p is exact.

    Groups of three and of four days, none alike, and a statistic that differs with each order.
    """
    group, rng = np.array([0, 0, 0, 1, 1, 1, 1]), np.random.default_rng(0)
    ranks = np.zeros(8)
    for seed in range(1500):
        weight, day = rng.normal(size=7), np.r_[rng.permutation(3), 3 + rng.permutation(4)]
        base, orders = products(day, group, (2, 2, 2), seed)
        found = np.concatenate([weight @ base[order] for order in orders]).round(9)
        ties = int((found == found[0]).sum())
        ranks[int((found > found[0]).sum() + rng.integers(ties))] += 1
    assert stats.chisquare(ranks).pvalue > 0.001


def test_p_varies_with_the_seed_no_more_than_with_single_shuffles():
    """Given the events, p is a share of R = 99 draws: its variance is the binomial's."""
    rng = np.random.default_rng(1)
    weight, day = rng.normal(size=40), rng.integers(0, 300, 40)
    reached = []
    for seed in range(800):
        base, orders = products(day, day * 0, (5, 5, 4), seed)
        found = np.concatenate([weight @ base[order] for order in orders])
        reached.append((found[1:] >= found[0]).sum())
    share = np.mean(reached) / 99
    assert 0.05 < share < 0.95
    # With 800 draws the variance is known to 5 %, in a binomial.
    assert np.var(reached) == pytest.approx(99 * share * (1 - share), rel=0.2)


def test_two_products_are_independent():
    """Where one product puts an event says nothing of where any other of the eight does."""
    day = np.arange(4)
    together = np.zeros((8, 8, 4, 4))
    for seed in range(2500):
        base, orders = products(day, day * 0, (2, 2, 2), seed)
        made = np.concatenate([base[order].T for order in orders])
        for one in range(1, 8):
            for other in range(1, one):
                together[one, other, made[one, 0], made[other, 0]] += 1
    p = [
        stats.chisquare(counts.ravel()).pvalue
        for counts in together.reshape(64, 16)
        if counts.any()
    ]
    assert len(p) == 21
    assert min(p) > 0.001 / 21


def test_p_is_uniform_where_times_say_nothing_about_places():
    """Over 400 maps without any contagion p is below u in a share of u.

    So is the smallest of four bands, adjusted.
    """
    rng = np.random.default_rng(17)
    own, adjusted = [], []
    for seed in range(400):
        x, y = rng.uniform(0, 1000, (2, 150))
        day = rng.integers(0, 365, 150)
        found = knox(x, y, day, [0, 60, 120], [0, 30, 60], permutations=99, seed=seed)
        own.append(found.p[1, 1])
        adjusted.append(found.p_adjusted.min())
    for p in (own, adjusted):
        for u in (0.05, 0.1, 0.5):
            claimed = int(np.sum(np.array(p) <= u))
            assert stats.binomtest(claimed, 400, u, alternative="greater").pvalue > 0.01
    assert np.mean(np.array(own) <= 0.5) > 0.4


def test_adjusted_p_is_never_smaller_and_never_worse_than_bonferroni():
    """Between each band's own p and that times the number of bands."""
    for seed in range(5):
        x, y, day = some_events(seed, n=150, width=60)
        found = knox(x, y, day, [0, 2, 5, 9], [0, 3, 6], permutations=199, seed=seed)
        assert (found.p_adjusted >= found.p).all()
        assert (found.p_adjusted <= 6 * found.p + 1e-12).all()


def test_contagion_is_found():
    """Every other event is followed by one within 50 m and 5 days: that band stands out most."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 5000, (2, 200))
    day = rng.integers(0, 360, 200)
    x, y = (np.r_[at, at[::2] + rng.uniform(-30, 30, 100)] for at in (x, y))
    day = np.r_[day, day[::2] + rng.integers(0, 5, 100)]
    found = knox(x, y, day, [0, 50, 200, 400], [0, 7, 14, 28])
    assert found.p_adjusted[0, 0] < 0.01
    assert found.ratio[0, 0] > 10
    assert found.ratio.ravel()[1:].max() < 3


@pytest.mark.parametrize("asked", [1, 2, 19, 99, 199, 499, 999, 1008, 9999])
def test_permutations_are_raised_to_a_number_that_can_be_split(asked):
    """R + 1 is a product of three near factors; the usual numbers are left as they are."""
    factors = split(asked)
    used = int(np.prod(factors)) - 1
    assert max(factors) <= 2 * min(factors)
    assert (
        used == asked if asked in {1, 99, 199, 499, 999, 9999} else asked < used < 1.3 * asked + 2
    )
    x, y, day = some_events(1, n=20)
    assert len(knox(x, y, day, [0, 2], [0, 5], permutations=asked).simulated) == used
