"""Mann-Kendall against published numbers, SciPy, and every order written out."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.trends import mann_kendall, score_law

WITH_TIES = st.lists(st.integers(0, 4), min_size=1, max_size=24)


def score(values):
    """S, pair by pair."""
    return sum((b > a) - (b < a) for a, b in itertools.combinations(values, 2))


def one(values):
    """The test of a single series."""
    return mann_kendall(np.array([values], dtype=float))


def sizes(n, most=None):
    """Every way to tie n values in groups."""
    if n == 0:
        yield ()
    for first in range(min(n, most or n), 0, -1):
        for rest in sizes(n - first, first):
            yield (first, *rest)


def test_the_hand_worked_case(reference):
    """Five rising values: S 10, variance 50 / 3; of 120 orders one rises and one falls."""
    case = json.loads((reference / "small" / "expected.json").read_text())["mann_kendall"]
    found = one(case["series"])
    assert found.s.tolist() == [case["s"]]
    assert found.variance[0] == pytest.approx(case["var_s_no_ties"])
    assert found.z[0] == pytest.approx(9 / (50 / 3) ** 0.5)
    assert found.p[0] == pytest.approx(2 / 120)


@pytest.mark.parametrize("groups", [g for n in range(1, 8) for g in sizes(n)])
def test_the_law_of_s_is_that_of_all_orders(groups):
    """However values are tied: S of every order counted, and the p it gives each of them."""
    values = np.repeat(np.arange(len(groups)), groups).tolist()
    orders = sorted(set(itertools.permutations(values)))
    pairs = len(values) * (len(values) - 1) // 2
    scores = np.array([score(order) for order in orders])
    law = np.bincount(scores + pairs, minlength=2 * pairs + 1) / len(orders)
    assert score_law(groups) == pytest.approx(law, abs=1e-12)
    found = mann_kendall(np.array(orders, dtype=float))
    assert found.s.tolist() == scores.tolist()
    assert found.variance == pytest.approx(np.full(len(orders), scores.var()), abs=1e-9)
    expected = [(abs(scores) >= abs(s)).mean() for s in scores]
    assert found.p == pytest.approx(np.array(expected), abs=1e-12)


@given(st.integers(2, 10).flatmap(lambda n: st.permutations(range(n))))
def test_short_series_have_the_exact_p_of_kendall(values):
    """Without ties, SciPy's exact p of tau against time, up to ten values."""
    exact = stats.kendalltau(np.arange(len(values)), values, method="exact")
    assert one(values).p[0] == pytest.approx(exact.pvalue, abs=1e-12)


@given(st.lists(st.integers(0, 6), min_size=11, max_size=40).filter(lambda v: len(set(v)) > 1))
def test_the_variance_with_ties_is_that_of_kendall(values):
    """SciPy's normal p of tau is that of S over our standard deviation; ours has S one less."""
    found = one(values)
    normal = stats.kendalltau(np.arange(len(values)), values, method="asymptotic")
    spread = found.variance[0] ** 0.5
    assert 2 * stats.norm.sf(abs(found.s[0]) / spread) == pytest.approx(normal.pvalue, rel=1e-9)
    z = np.sign(found.s[0]) * max(abs(found.s[0]) - 1, 0) / spread
    assert found.z[0] == pytest.approx(z)
    assert found.p[0] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


@given(WITH_TIES)
def test_backwards_in_time_a_rise_is_a_fall(values):
    """S and z change sign and p stays; only the order of values counts."""
    there, back = one(values), one(values[::-1])
    bent = one(np.exp(values))
    assert there.s[0] == -back.s[0] == bent.s[0] == score(values)
    assert there.z[0] == -back.z[0] == bent.z[0]
    assert there.p[0] == back.p[0] == bent.p[0]
    assert 0 < there.p[0] <= 1


@pytest.mark.parametrize("length", [1, 4, 10, 11, 200])
def test_a_series_that_never_changes_has_no_trend(length):
    """Z is 0 and p 1, however long it is."""
    found = one([3.0] * length)
    assert (found.s[0], found.variance[0], found.z[0], found.p[0]) == (0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("length", [10, 24, 150])
def test_many_series_are_tested_each_for_itself(length):
    """Ten thousand rows at once give what a row alone gives; long ones do not overflow."""
    rng = np.random.default_rng(length)
    rows = np.concatenate([rng.poisson(1.0, (9_998, length)), [range(length)], [[2] * length]])
    found = mann_kendall(rows.astype(float))
    assert found.s[-2] == length * (length - 1) // 2
    for at in [0, 4_095, 4_096, 8_192, 9_997, 9_998, 9_999]:
        alone = one(rows[at])
        assert found.s[at] == alone.s[0] == score(rows[at].tolist())
        assert (found.z[at], found.p[at]) == (alone.z[0], alone.p[0])


def test_no_series_at_all():
    """Nothing asked, nothing answered."""
    for length in (5, 20):
        assert len(mann_kendall(np.zeros((0, length))).p) == 0
