"""Two Poisson counts: published values, other libraries, R, brute force, and laws."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from geo.places import compare_two
from geo.rates import can_tell, e_test_p, exact_p, rate_ratio

COUNT = st.integers(0, 60)
TIME = st.sampled_from([1, 2, 28, 92, 276])
RATIO = st.sampled_from([0.5, 1.0, 1.7])
R_POISSON_TEST = [
    # counts, exposures, interval, p of "less", p of "greater"
    ((11, 21), (800, 3011), (0.8584264034, 4.2772659437), None, None),
    ((6, 2), (1, 1), (0.5364386529, 30.3932057490), 0.96484375, 0.14453125),
    ((3, 0), (1, 1), (0.413231355, np.inf), 1.0, 0.125),
    ((100, 25), (10, 5), (1.279856061, 3.236663438), 0.9996587691, 0.0007187763609),
    ((12, 30), (92, 276), (0.5595273205, 2.4135872701), 0.7664101409, 0.3512960165),
]
"""R 4.2.2, ``poisson.test(c(n1, n2), c(t1, t2), alternative = ...)``. The first: its help."""


def test_the_published_values_of_the_e_test(reference):
    """Counts alone (Krishnamoorthy & Thomson 2004 have .1749 and .0884) to every digit printed."""
    published = json.loads((reference / "small" / "expected.json").read_text())
    for case in published["e_test_two_poisson_counts"]:
        found = e_test_p(*case["counts"], 1, 1)
        assert found == pytest.approx(case["p"], abs=5e-8)


def test_the_published_values_of_the_e_test_with_exposures():
    """100 in 10 against 25 in 5, and 15 against 5: .00153807 and .02503511.

    The first tells which variance stands below the difference: that of the null hypothesis. With
    the sample's own, as in the first paper and SciPy, it is .00057472.
    """
    assert e_test_p([100, 15], [25, 5], [10, 1], [5, 1]) == pytest.approx(
        [0.00153807, 0.02503511], abs=5e-9
    )
    assert e_test_p(100, 25, 10, 5, variance="sample") == pytest.approx(
        stats.poisson_means_test(100, 10, 25, 5).pvalue, abs=1e-9
    )


@pytest.mark.parametrize("variance", ["null", "sample"])
def test_the_e_test_agrees_with_another_library(variance):
    """300 pairs of counts, exposures and ratios as statsmodels has them, within 1e-11."""
    rates = pytest.importorskip("statsmodels.stats.rates", reason="statsmodels is not installed")
    rng = np.random.default_rng(4)
    method = "etest-score" if variance == "null" else "etest-wald"
    for _ in range(150):
        n1, n2 = rng.integers(1, 60, 2).tolist()
        t1, t2 = rng.choice([1.0, 2.0, 3.5, 92.0, 276.0], 2).tolist()
        ratio = float(rng.choice([0.5, 1.0, 1.7]))
        other = rates.test_poisson_2indep(n1, t1, n2, t2, value=ratio, method=method).pvalue
        found = e_test_p(n1, n2, t1, t2, ratio, variance=variance)
        assert found == pytest.approx(other, abs=1e-11), (n1, n2, t1, t2, ratio)


@pytest.mark.parametrize(
    ("n1", "n2", "odds"),
    [(6, 2, (1, 1)), (2, 6, (1, 1)), (18, 32, (1, 1)), (5, 43, (4, 7)), (9, 3, (1, 3))],
)
@pytest.mark.parametrize("pooled", [True, False])
def test_no_outcome_as_far_out_is_lost_to_rounding(n1, n2, odds, pooled):
    """Sum over all pairs of counts, compared as fractions: ties count. SciPy 1.17 loses some.

    18 against 32 is the same distance as 32 against 18, which SciPy's rounding leaves out.
    """
    c = Fraction(*odds)
    spread = c * (n1 + n2) if pooled else n1 + c * c * n2
    reach = range(150)
    mean2 = (n1 + n2) / float(1 + c)
    first, second = stats.poisson(mean2 * float(c)).pmf(reach), stats.poisson(mean2).pmf(reach)
    far = np.zeros((150, 150), dtype=bool)
    for x in reach:
        for y in reach:
            own = c * (x + y) if pooled else x + c * c * y
            far[x, y] = own > 0 and (x - c * y) ** 2 * spread >= (n1 - c * n2) ** 2 * own
    found = e_test_p(n1, n2, odds[0], odds[1], variance="null" if pooled else "sample")
    assert found == pytest.approx(first @ far @ second, abs=1e-12)


@given(COUNT, COUNT, TIME, TIME, RATIO)
def test_the_exact_p_is_twice_the_smaller_binomial_tail(n1, n2, t1, t2, ratio):
    """Given the sum, the first count is binomial (scipy's), far into the tails."""
    law = stats.binom(n1 + n2, ratio * t1 / (ratio * t1 + t2))
    expected = min(2 * min(law.sf(n1 - 1), law.cdf(n1)), 1.0)
    assert exact_p(n1, n2, t1, t2, ratio) == pytest.approx(expected, rel=1e-9)


@given(COUNT, COUNT)
def test_equal_exposures_are_the_sign_test_and_the_trend_of_places(n1, n2):
    """The binomial test of scipy, and the words that ``geo.places`` finds for two months."""
    p = float(exact_p(n1, n2, 31, 31))
    if n1 + n2:
        assert p == pytest.approx(stats.binomtest(n1, n1 + n2).pvalue, rel=1e-9)
    telling = bool(can_tell(n1 + n2, 31, 31))
    word = "few" if not telling else "same" if p >= 0.05 else "up" if n1 > n2 else "down"
    assert compare_two(n1, n2) == word


@pytest.mark.parametrize(("counts", "times", "interval", "less", "greater"), R_POISSON_TEST)
def test_r_gives_the_same_interval_and_tails(counts, times, interval, less, greater):
    """R's ``poisson.test``: intervals to nine digits, and our p is twice its smaller tail."""
    _, low, high = rate_ratio(*counts, *times)
    assert (float(low), float(high)) == pytest.approx(interval, rel=1e-8)
    if less is not None:
        assert exact_p(*counts, *times) == pytest.approx(2 * min(less, greater), rel=1e-8)


@given(COUNT, COUNT, TIME, TIME, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_interval_is_that_of_clopper_and_pearson(n1, n2, t1, t2, alpha):
    """The first count's share of the sum, from scipy, turned into a ratio of rates."""
    assume(n1 + n2 > 0)
    share = stats.binomtest(n1, n1 + n2).proportion_ci(1 - alpha, "exact")
    ratio, low, high = rate_ratio(n1, n2, t1, t2, alpha)
    assert low == pytest.approx(share.low / (1 - share.low) * t2 / t1, rel=1e-7)
    expected = share.high / (1 - share.high) * t2 / t1 if n2 else np.inf
    assert high == pytest.approx(expected, rel=1e-7)
    assert low <= ratio <= high
    assert ratio == pytest.approx(n1 / t1 / (n2 / t2) if n2 else np.inf)


@given(COUNT, COUNT, TIME, TIME, RATIO, st.sampled_from([0.01, 0.05, 0.2]))
def test_interval_and_test_say_the_same(n1, n2, t1, t2, ratio, alpha):
    """The interval leaves a ratio out just where the exact test rejects it."""
    p = float(exact_p(n1, n2, t1, t2, ratio))
    assume(abs(p / alpha - 1) > 1e-9)
    _, low, high = rate_ratio(n1, n2, t1, t2, alpha)
    assert (p < alpha) == (not low <= ratio <= high)


@given(COUNT, COUNT, TIME, TIME)
def test_swapping_the_periods_changes_nothing_but_the_direction(n1, n2, t1, t2):
    """Both p-values stay; ratio and interval turn upside down."""
    assert exact_p(n1, n2, t1, t2) == pytest.approx(exact_p(n2, n1, t2, t1), rel=1e-9)
    assert e_test_p(n1, n2, t1, t2) == pytest.approx(e_test_p(n2, n1, t2, t1), abs=1e-12)
    assume(n1 and n2)
    ratio, low, high = rate_ratio(n1, n2, t1, t2)
    back = rate_ratio(n2, n1, t2, t1)
    turned = np.array([1 / back[0], 1 / back[2], 1 / back[1]])
    assert turned == pytest.approx(np.array([ratio, low, high]), rel=1e-8)


@given(st.integers(1, 80), TIME, TIME, RATIO)
def test_p_falls_away_from_what_was_expected(total, t1, t2, ratio):
    """For a given sum, no split farther out on the same side has a larger p, in either test."""
    n1 = np.arange(total + 1)
    expected = total * ratio * t1 / (ratio * t1 + t2)
    for p in (exact_p(n1, total - n1, t1, t2, ratio), e_test_p(n1, total - n1, t1, t2, ratio)):
        assert (np.diff(p[n1 >= expected]) <= 1e-12).all()
        assert (np.diff(p[n1 <= expected]) >= -1e-12).all()
        assert ((p >= 0) & (p <= 1)).all()


@given(st.integers(0, 40), TIME, TIME, RATIO)
def test_too_little_to_say_is_when_no_split_could_tell(total, t1, t2, ratio):
    """Every split of the sum is tried."""
    n1 = np.arange(total + 1)
    for test in (exact_p, e_test_p):
        smallest = test(n1, total - n1, t1, t2, ratio).min()
        assume(abs(smallest - 0.05) > 1e-9)
        assert bool(can_tell(total, t1, t2, ratio, test=test)) == (smallest < 0.05)


def test_six_events_can_tell_and_five_cannot():
    """In equally long periods 2 / 2^5 is above .05 and 2 / 2^6 below."""
    assert can_tell([0, 5, 6], 30, 30).tolist() == [False, False, True]


def test_many_pairs_at_once_are_as_one_by_one():
    """Shapes broadcast, and each pair gets its own answer, repeated or not."""
    rng = np.random.default_rng(2)
    n1, n2 = rng.integers(0, 9, (2, 7, 30))
    t1 = rng.choice([30.0, 90.0], (7, 1))
    for test in (exact_p, e_test_p):
        found = test(n1, n2, t1, 90)
        assert found.shape == (7, 30)
        one = [test(a, b, t, 90) for a, b, t in zip(n1.flat, n2.flat, t1.repeat(30), strict=True)]
        assert found.ravel() == pytest.approx(np.array(one), abs=0)
    assert [part.shape for part in rate_ratio(n1, n2, t1, 90)] == [(7, 30)] * 3


def test_nothing_in_either_period_says_nothing():
    """No ratio, every ratio possible, p 1."""
    ratio, low, high = rate_ratio(0, 0, 1, 1)
    assert np.isnan(ratio)
    assert (low, high) == (0, np.inf)
    assert exact_p(0, 0, 1, 2) == e_test_p(0, 0, 1, 2) == 1


def test_a_million_events_are_no_trouble():
    """There the tests agree with the normal one to three digits."""
    z = 2_000 / 2_002_000**0.5
    for test in (exact_p, e_test_p):
        assert test(1_002_000, 1_000_000, 1, 1) == pytest.approx(2 * stats.norm.sf(z), rel=2e-2)


@pytest.mark.parametrize("times", [(0, 1), (1, 0), (1, -1), (np.nan, 1)])
def test_exposures_must_be_positive(times):
    """A period of no days is refused."""
    with pytest.raises(ValueError, match="above 0"):
        exact_p(1, 1, *times)


def test_counts_must_not_be_negative():
    """Less than nothing is refused."""
    with pytest.raises(ValueError, match="0 or more"):
        rate_ratio(-1, 1, 1, 1)


@pytest.mark.parametrize("mean", [1.0, 3.0, 8.0])
@pytest.mark.parametrize("times", [(1, 1), (1, 3)])
def test_the_level_holds(mean, times):
    """The chance of p < .05 without change, summed over all pairs of counts.

    The exact test stays below 5 %; the E-test is nearer to it and passes it by little.
    """
    n = np.arange(int(3 * mean + 30) * times[1])
    n1, n2 = (a.ravel() for a in np.meshgrid(n[: len(n) // times[1]], n, indexing="ij"))
    chance = stats.poisson(mean * times[0]).pmf(n1) * stats.poisson(mean * times[1]).pmf(n2)
    exact = chance[exact_p(n1, n2, *times) < 0.05].sum()
    e_test = chance[e_test_p(n1, n2, *times) < 0.05].sum()
    assert exact <= 0.05
    assert exact <= e_test <= 0.055
