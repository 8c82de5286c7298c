"""The law of a cell's neighbours when all other cells change places: exact, and by drawing."""

from __future__ import annotations

import itertools

import esda
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo import permutation
from geo.neighbours import LatticeNeighbours, PolygonNeighbours
from geo.permutation import (
    AFFORDABLE,
    around,
    draws,
    exact_cost,
    exact_p,
    exact_tails,
    permuted_p,
    permuted_tails,
    two_sided,
    whole,
)


def some_pairs(n, chance, seed):
    """Let any two of n cells be neighbours by chance; cell 0 is beside nobody."""
    first, second = np.triu_indices(n, 1)
    beside = (np.random.default_rng(seed).random(len(first)) < chance) & (first > 0)
    return PolygonNeighbours(n, first[beside], second[beside])


def lattice(side):
    """Lay out side x side squares."""
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    return LatticeNeighbours("square", column, row)


@given(
    st.lists(st.integers(0, 4) | st.sampled_from([0, 30]), min_size=2, max_size=9),
    st.floats(0.1, 1.0),
    st.integers(0, 99),
)
def test_the_exact_law_equals_listing_every_draw(counts, chance, seed):
    """Both tails of every cell are the share of all draws, listed one by one, to 1e-12."""
    values, neighbours = np.array(counts), some_pairs(len(counts), chance, seed)
    sums, k = around(values.astype(float), neighbours)
    upper, lower = exact_tails(values, neighbours)
    for cell in range(len(counts)):
        others = np.delete(values, cell)
        all_sums = np.array([sum(drawn) for drawn in itertools.combinations(others, k[cell])])
        assert upper[cell] == pytest.approx((all_sums >= sums[cell]).mean(), rel=1e-12)
        assert lower[cell] == pytest.approx((all_sums <= sums[cell]).mean(), rel=1e-12)


def test_small_chances_are_exact_too():
    """Of zeros and ones the sum is hypergeometric: tails as small as 1e-65 agree with scipy."""
    n, k = 2000, 80
    values = np.zeros(n, dtype=np.int64)
    values[1 : k + 1 : 2] = 1
    values[-300:] = 1
    star = PolygonNeighbours(n, np.zeros(k, dtype=np.int64), np.arange(1, k + 1))
    full = PolygonNeighbours(n, np.zeros(k, dtype=np.int64), np.arange(n - k, n))
    for neighbours, held in ((star, k // 2), (full, k)):
        upper, lower = exact_tails(values, neighbours)
        law = stats.hypergeom(n - 1, values.sum(), k)
        assert upper[0] == pytest.approx(law.sf(held - 1), rel=1e-9)
        assert lower[0] == pytest.approx(law.cdf(held), rel=1e-9)
    assert exact_tails(values, full)[0][0] < 1e-60


def brute(x, neighbours, permutations, seed, tie):
    """Count cell by cell over the same draws: the first k of each that are not the cell."""
    observed, k = around(x.astype(float), neighbours)
    upper, lower = np.zeros(len(x), dtype=int), np.zeros(len(x), dtype=int)
    for block in draws(len(x), int(k.max()) + 1, permutations, seed):
        for row, cell in itertools.product(block.tolist(), range(len(x))):
            others = [other for other in row if other != cell][: k[cell]]
            total = x[others].sum()
            upper[cell] += total >= observed[cell] - tie
            lower[cell] += total <= observed[cell] + tie
    return upper, lower


@pytest.mark.parametrize("values", ["counts", "far counts", "continuous", "tenths"])
@pytest.mark.parametrize(("n", "chance"), [(40, 0.15), (60, 0.03), (12, 0.9)])
def test_the_fast_count_equals_a_plain_loop_over_the_same_draws(values, n, chance):
    """In all cells: those among their own draws, those alone, and those beside all others."""
    rng = np.random.default_rng(n)
    x = {
        "counts": rng.poisson(1.5, n),
        "far counts": rng.integers(0, 2**40, n),
        "continuous": rng.random(n),
        "tenths": rng.integers(0, 9, n) * 0.1,  # sums that are equal but for rounding
    }[values]
    neighbours = some_pairs(n, chance, 1)
    tie = 0 if x.dtype.kind == "i" else 1e-9
    expected = brute(x, neighbours, 199, 5, tie)
    found = permuted_tails(x, neighbours, 199, 5)
    assert np.array_equal(found, expected)
    if values == "tenths":
        assert np.array_equal(found, permuted_tails(whole(x), neighbours, 199, 5))


@pytest.mark.parametrize(("n", "length"), [(7, 3), (5, 4), (9, 2)])
def test_every_order_of_distinct_cells_is_drawn_equally_often(n, length):
    """Chi-square over all ordered draws, by both ways of drawing; no cell comes twice in a row."""
    rows = np.concatenate(list(draws(n, length, 60_000, 3)))
    assert all((np.diff(np.sort(rows, axis=1), axis=1) > 0).ravel())
    code = (rows * n ** np.arange(length)).sum(axis=1)
    _, times = np.unique(code, return_counts=True)
    assert len(times) == np.prod(np.arange(n, n - length, -1))
    assert stats.chisquare(times).pvalue > 1e-4


def test_what_a_cell_gets_is_a_fair_draw_of_the_others():
    """Once the cell itself is passed over, every set of the others is as likely, for every cell."""
    neighbours = some_pairs(6, 0.6, 2)
    values = 2 ** np.arange(6)  # the sum tells who was drawn
    sums, k = around(values.astype(float), neighbours)
    permutations = 40_000
    upper, lower = permuted_tails(values, neighbours, permutations, 8)
    expected_upper, expected_lower = exact_tails(values, neighbours)
    error = 5 * (0.25 / permutations) ** 0.5
    assert abs(upper / permutations - expected_upper).max() < error
    assert abs(lower / permutations - expected_lower).max() < error
    assert len(set(sums.tolist())) > 1
    assert k[0] == 0
    assert (upper[0], lower[0]) == (permutations, permutations)


@pytest.mark.parametrize("permutations", [999, 99_999])
def test_permutations_agree_with_the_exact_law(permutations):
    """In all 900 cells both tails lie within five standard errors of their chance."""
    neighbours = lattice(30)
    values = np.random.default_rng(7).negative_binomial(0.7, 0.3, 900)
    for found, law in zip(
        permuted_tails(values, neighbours, permutations, 4),
        exact_tails(values, neighbours),
        strict=True,
    ):
        error = np.sqrt(np.maximum(law * (1 - law), 1 / permutations) / permutations)
        assert (abs(found / permutations - law) / error).max() < 5


def test_drawing_in_blocks_is_as_fair(monkeypatch):
    """Many small blocks, the last one cut short, still make the number of draws asked for."""
    monkeypatch.setattr(permutation, "_AT_ONCE", 1000)
    neighbours = lattice(12)
    values = np.random.default_rng(7).poisson(2.0, 144)
    upper, lower = permuted_tails(values, neighbours, 20_001, 4)
    assert ((upper + lower) >= 20_001).all()
    exact = exact_tails(values, neighbours)
    assert abs(upper / 20_001 - exact[0]).max() < 5 * (0.25 / 20_001) ** 0.5


def test_p_is_two_sided_never_zero_and_known_by_hand():
    """Four cells in a row of 5, 1, 1, 0: the end beside the 5 is its own only neighbour's law."""
    chain = PolygonNeighbours(4, np.array([0, 1, 2]), np.array([1, 2, 3]))
    x = np.array([5.0, 1, 1, 0])
    # Cell 3 sees 1 of {5, 1, 1}: upper 1, lower 2/3. Cell 0 sees 1 of {1, 1, 0}: upper 2/3.
    # Cell 1 sees 6 of {5, 1, 0} taken two at a time (6, 5, 1): upper 1/3.
    # Cell 2 sees 1 of {5, 1, 0} taken two at a time: lower 1/3.
    assert exact_p(whole(x), chain) == pytest.approx([1.0, 2 / 3, 2 / 3, 1.0])
    assert two_sided(np.array([0.01, 1.0]), np.array([1.0, 0.6])) == pytest.approx([0.02, 1.0])
    values = np.zeros(900)
    values[:40] = 100.0
    p = permuted_p(values, lattice(30), 999, 1)
    assert p.min() == pytest.approx(2 / 1000)


def test_same_seed_same_bytes_another_seed_other_draws():
    """The seed rules all chance."""
    x = np.random.default_rng(1).random(400)
    one, again, other = (permuted_p(x, lattice(20), 999, seed) for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes()
    assert (one != other).any()


def test_p_holds_its_level():
    """Over 200 shuffled maps at most 5 % of all cells have p <= .05, as a valid test must."""
    rng = np.random.default_rng(12)
    neighbours, skewed = lattice(12), rng.negative_binomial(0.5, 0.2, 144)
    exact, drawn = [], []
    for seed in range(200):
        values = rng.permutation(skewed)
        exact.append((exact_p(values, neighbours) <= 0.05).mean())
        drawn.append((permuted_p(values.astype(float), neighbours, 199, seed) <= 0.05).mean())
    for shares in (exact, drawn):
        assert np.mean(shares) <= 0.05 + 3 * np.std(shares) / 200**0.5
        assert np.mean(shares) > 0.02  # a test that never rejects would pass too


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=20), st.sampled_from([1, 0.5, 0.01]))
def test_whole_numbers_keep_order_and_ties(numbers, unit):
    """Values become numbers from 0 without a common divisor, and differ in proportion."""
    x = np.array(numbers) * unit
    values = whole(x)
    assert values.min() == 0
    assert np.gcd.reduce(values) in (0, 1)
    step = np.ptp(x) / max(values.max(), 1)
    assert x.min() + values * step == pytest.approx(x, abs=1e-9)


def test_what_has_no_unit_is_not_whole():
    """Irrational values, missing ones and those too large for exact sums are refused."""
    assert whole(np.array([0.0, 2**0.5])) is None
    assert whole(np.array([1.0, np.nan])) is None
    assert whole(np.array([0.0, 1e17])) is None
    assert whole(np.zeros(0)).tolist() == []


def test_the_cost_of_the_exact_law_is_foreseen():
    """A map of reports is affordable; widely spread values or vast neighbourhoods are not."""
    rng = np.random.default_rng(3)
    neighbours = lattice(60)
    assert exact_cost(rng.poisson(3.0, 3600), neighbours) < AFFORDABLE / 100
    assert exact_cost(rng.integers(0, 2**30, 3600), neighbours) > AFFORDABLE
    assert exact_cost(rng.poisson(3.0, 3600), neighbours.rings(20)) == np.inf


def columbus(reference):
    """Crime in 49 neighbourhoods of Columbus, Ohio, and who touches whom."""
    _, _, wkb, fields = pyogrio.raw.read(
        reference / "inputs" / "lisa" / "columbus.geojson", columns=["CRIME"]
    )
    return np.array(fields[0], dtype=float), PolygonNeighbours.of(shapely.from_wkb(wkb), 1e-9)


FROM_R = """
0.36782 0.33718 0.48704 0.9487 0.30128 0.64798 0.07582 0.32696 0.75318 0.23384 0.02682 0.18346
0.69258 0.20316 0.016 0.00082 0.06632 0.04306 0.21884 0.46034 0.37694 0.90898 0.07208 0.00042
0.00304 0.03378 0.85728 0.0097 0.00178 0.03544 0.07654 0.00414 0.77758 0.09916 0.74852 0.01484
0.011 0.1679 0.03476 0.0406 0.12976 0.16564 0.87012 0.95332 0.70832 0.09358 0.1245 0.41242
0.40036
"""


def test_the_crimes_of_columbus_as_r_has_them(reference):
    """Two-sided p of 99,999 permutations in all 49 places agree with R's, both being random.

    R 4.2.2, ``set.seed(1)``, for each i in turn, with spdep's poly2nb for nb and s the observed sum
    of ``x[nb[[i]]]``: ``d <- replicate(99999, sum(sample(x[-i], length(nb[[i]]))))``, then
    ``min(1, 2 * min(1 + sum(d >= s - 1e-9), 1 + sum(d <= s + 1e-9)) / 1e5)``. Not spdep's own
    localmoran_perm: 1.2.7 draws with replacement, which is another law (p off by up to 0.04 here).
    """
    x, neighbours = columbus(reference)
    p, theirs = permuted_p(x, neighbours, 99_999, 1), np.array(FROM_R.split(), dtype=float)
    one_sided = theirs / 2
    error = 2 * np.sqrt(2 * one_sided * (1 - one_sided) / 99_999)
    assert (abs(p - theirs) / error).max() < 5


def test_another_library_draws_the_same_law(reference):
    """The smaller tail of 9,999 permutations agrees with esda's one-sided p, both being random."""
    x, neighbours = columbus(reference)
    beside = {i: [] for i in range(len(x))}
    for a, b in zip(*(at.tolist() for at in neighbours.pairs()), strict=True):
        beside[a].append(b)
        beside[b].append(a)
    weights = libpysal.weights.W(beside, silence_warnings=True)
    with pytest.warns(DeprecationWarning, match="alternative hypothesis"):
        other = esda.G_Local(
            x, weights, transform="B", star=True, permutations=9999, n_jobs=1, seed=3
        )
    upper, lower = permuted_tails(x, neighbours, 9999, 1)
    smaller = (np.minimum(upper, lower) + 1) / 10_000
    error = np.sqrt(2 * smaller * (1 - smaller) / 9999)
    assert (abs(smaller - other.p_sim) / error).max() < 5
