"""Measures of how well a map foretells: published toys, laws, and what may be called a winner."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.accuracy import (
    best_of_p,
    hits_within,
    interval,
    month_draws,
    most_within,
    pai,
    pei_star,
    ratio,
    recapture,
)

OBSERVED = np.array([6, 7, 3, 2, 1, 0])
PREDICTED = np.array([8, 4, 4, 2, 1, 0])
ONES = np.ones(6)

some_cells = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0, -3.0]),
        st.integers(0, 9),
        st.floats(0.1, 10.0),
    ),
    min_size=1,
    max_size=12,
)


def test_the_published_toy_is_met(reference):
    """PAI and PEI* of ptools' example, as printed, for one to six cells in its own order."""
    toy = json.loads((reference / "small" / "expected.json").read_text("utf-8"))
    toy = toy["prediction_accuracy_toy"]
    observed = np.array(toy["observed"])
    areas = np.arange(1.0, 7.0)
    hits = hits_within(-np.arange(6.0), observed, ONES, areas)
    assert pai(hits, observed.sum(), areas / 6).round(4).tolist() == toy["pai"]
    best = most_within(observed, ONES, areas)
    assert pei_star(hits, best).round(4).tolist() == toy["pei_star"]


def test_recapture_compares_the_same_ground_by_rates():
    """20 of 100 events before and 5 of 50 now: a tenth where a fifth was, so a half."""
    assert recapture(5, 50, 20, 100) == pytest.approx(0.5)


def test_cells_of_one_score_share_the_room():
    """Two cells of score 4 with 7 and 3 events: one cell's room holds five of them on average."""
    hits = hits_within(PREDICTED, OBSERVED, ONES, np.arange(1.0, 7.0))
    assert hits.tolist() == [6, 11, 16, 18, 19, 19]


def test_equal_scores_are_what_random_order_gives_on_average():
    """Against every order of four cells that score alike, their areas equal."""
    n = np.array([5, 0, 2, 1])
    for room in (1.0, 2.0, 2.5):
        orders = [
            np.interp(room, range(5), [0, *np.cumsum(n[list(order)])])
            for order in itertools.permutations(range(4))
        ]
        assert hits_within(np.zeros(4), n, np.ones(4), room) == pytest.approx(np.mean(orders))


def test_the_last_cell_counts_by_its_part():
    """A quarter of a cell of 400 events and 4 km2 on 1 km2."""
    found = hits_within(np.array([2.0, 1.0]), np.array([400, 9]), np.array([4e6, 1e6]), 1e6)
    assert found == pytest.approx(100)


def test_rounding_breaks_no_tie():
    """Scores that differ in their last digits are one score; one that is no number comes last."""
    score = np.array([1.0, 1.0 + 1e-13, np.nan])
    assert hits_within(score, np.array([4, 0, 9]), np.ones(3), [1.0, 2.0]).tolist() == [2, 4]
    score = np.array([0.0, -1e-17, 1e-17, 5.0])
    assert hits_within(score, np.array([3, 0, 0, 0]), np.ones(4), 2.0) == pytest.approx(1.0)


@given(some_cells, st.floats(0.0, 1.0))
def test_hits_keep_within_nothing_and_everything(cells, part):
    """Never more than the best choice, which never falls behind even spread; all on all ground."""
    score, n, area = (np.array(column, dtype=float) for column in zip(*cells, strict=True))
    room = part * area.sum()
    hits, best = hits_within(score, n, area, room), most_within(n, area, room)
    assert -1e-9 <= hits <= best + 1e-6
    assert best >= part * n.sum() - 1e-6
    assert hits_within(score, n, area, area.sum()) == pytest.approx(n.sum())


@given(some_cells, st.randoms(use_true_random=False), st.floats(0.1, 9.0))
def test_neither_order_nor_scale_of_scores_matters(cells, random, factor):
    """The cells in another order, or all scores times a number: the same hits everywhere."""
    other = list(cells)
    random.shuffle(other)
    rooms = np.linspace(0, 20, 7)
    found = []
    for some, times in ((cells, 1.0), (other, factor)):
        score, n, area = (np.array(column, dtype=float) for column in zip(*some, strict=True))
        found.append(hits_within(score * times, n, area, rooms))
    assert found[0] == pytest.approx(found[1])


def test_a_cell_cut_in_four_changes_nothing():
    """What lies evenly in a cell is hit alike whatever the size of the cells."""
    score, n = np.array([3.0, 2.0, 1.0]), np.array([8, 4, 12])
    rooms = np.linspace(0.0, 3.0, 13)
    whole = hits_within(score, n, np.ones(3), rooms)
    cut = hits_within(np.repeat(score, 4), np.repeat(n / 4, 4), np.full(12, 0.25), rooms)
    assert cut == pytest.approx(whole)


def test_a_blind_choice_has_pai_one():
    """A map that tells no cell from another: PAI 1 at every share."""
    shares = np.array([0.005, 0.01, 0.2, 1.0])
    hits = hits_within(np.zeros(6), OBSERVED, ONES, 6 * shares)
    assert pai(hits, OBSERVED.sum(), shares) == pytest.approx(1.0)


def test_nothing_divided_by_nothing_is_unknown():
    """No event, no rate."""
    assert np.isnan(ratio([0.0, 3.0], 0.0)).all()


def test_months_are_drawn_with_replacement_and_alike_each_time():
    """Each draw holds as many months as there are, each month as often as the others."""
    drawn = month_draws(9, seed=3)
    assert (drawn.sum(axis=1) == 9).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(9), abs=0.08)
    assert (drawn == month_draws(9, seed=3)).all()


@pytest.mark.parametrize("months", [6, 12])
def test_intervals_hold_the_truth_as_often_as_they_say(months):
    """The mean of so few normal months: about 95 times of 100, where plain percentiles hold 86."""
    rng = np.random.default_rng(1)
    held = plain = 0
    for seed in range(400):
        values = rng.normal(size=months)
        drawn = month_draws(months, seed, draws=999) @ values / months
        low, high = interval(drawn, months)
        held += bool(low <= 0 <= high)
        ends = np.quantile(drawn, (0.025, 0.975))
        plain += bool(ends[0] <= 0 <= ends[1])
    assert 0.92 <= held / 400 <= 0.98
    assert plain < held - 8


def test_p_of_one_trial_is_that_of_every_way_to_turn_its_signs():
    """SciPy's exact permutation test of paired differences, one-sided."""
    gain = np.array([1.5, 0.5, -0.25, 2.0, 0.75, 1.0, -0.5])
    pairs = stats.permutation_test(
        (gain, np.zeros(7)),
        lambda a, b, axis: np.sum(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        alternative="greater",
        n_resamples=np.inf,
    )
    assert best_of_p(gain[None, :], seed=0) == pytest.approx(pairs.pvalue)


def test_the_best_of_many_must_lead_by_more():
    """The same lead among ten trials of noise proves less than alone; copies of it cost nothing."""
    rng = np.random.default_rng(5)
    lead = np.array([[3.0, 2.0, -0.5, 2.5, 1.0, 2.0, 1.5, -1.0, 2.0, 3.0]])
    alone = best_of_p(lead, 0)
    assert best_of_p(np.repeat(lead, 10, axis=0), 0) == alone
    noise = rng.normal(0, 2.5, (9, 10))
    noise -= noise.mean(axis=1, keepdims=True)
    assert best_of_p(np.vstack([lead, noise]), 0) > alone


def test_a_bad_trial_does_not_hide_a_good_one():
    """A trial that loses by much every month leaves the p of the others as it was."""
    lead = np.array([[3.0, 2.0, 1.5, 2.5, 1.0, 2.0, 1.5, 1.0, 2.0, 3.0]])
    bad = np.full((1, 10), -40.0)
    assert best_of_p(np.vstack([lead, bad]), 0) == best_of_p(lead, 0) == 2**-10


@pytest.mark.parametrize("months", [6, 12, 20])
def test_where_nothing_is_better_few_are_called_so(months):
    """Thirty trials of which none is better, alike in part: p below 0.05 in about 5 % of worlds."""
    rng = np.random.default_rng(months)
    called = 0
    for seed in range(150):
        shared = rng.normal(size=(1, months))
        called += best_of_p(shared + rng.normal(size=(30, months)), seed) < 0.05
    assert called / 150 < 0.10
