"""Models of the coming month: hand-worked, against other libraries, never from the future."""

from __future__ import annotations

import calendar
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.forecasts import History, Target, models
from geo.forecasts.intervals import dispersion, quantile
from geo.forecasts.levels import levels
from geo.forecasts.model import days_of
from geo.forecasts.recent import HALF_LIVES, half_lives, weighted
from geo.forecasts.scores import poisson_score
from geo.forecasts.seasonal import season_factors
from geo.forecasts.self_exciting import Mixture, mixture
from geo.forecasts.trial import Trial, compare, trial
from geo.grid import Grid
from geo.months import UNKNOWN_MONTH, parse_month
from geo.neighbours import PolygonNeighbours

CELLS = lattice_cells(Grid("square", 500), shapely.box(0, 0, 7_500, 7_250))
FIRST = parse_month("2017-01")


def history(n, months=None):
    """Make a history of counts on the grid, over months that follow each other unless told."""
    n = np.asarray(n, dtype=np.float64)
    months = FIRST + np.arange(n.shape[1]) if months is None else np.asarray(months)
    return History(n, months, CELLS.area_m2 / CELLS.area_m2.sum(), CELLS.neighbours)


def alone(n, share=None):
    """Make a history of cells that have no neighbours."""
    n = np.asarray(n, dtype=np.float64)
    share = np.full(len(n), 1 / len(n)) if share is None else np.asarray(share)
    nobody = PolygonNeighbours(len(n), np.zeros(0, np.int64), np.zeros(0, np.int64))
    return History(n, FIRST + np.arange(n.shape[1]), share, nobody)


def even(seed=1, months=36, mean=0.3):
    """Draw months that differ by chance alone, over cells that differ much."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.5, 2 * mean, len(CELLS))
    return history(rng.poisson(rate[:, None] * np.ones(months)))


def after(of):
    """Ask for the month after a history."""
    return Target(int(of.months[-1]) + 1, len(of.months))


# --- histories ----------------------------------------------------------------------------------


def test_a_history_counts_events_by_cell_and_known_month():
    """Months that are not asked for, and events without a date, are in none of the columns."""
    builder = CubeBuilder(len(CELLS), ("a", "b"))
    cell = np.array([3, 3, 3, 5, 5, 7, 8])
    month = FIRST + np.array([0, 0, 2, 2, 1, 9, 0])
    month[-1] = UNKNOWN_MONTH
    builder.add(cell, month=month, category=np.array([0, 1, 0, 0, 0, 0, 0]))
    found = History.of(builder.build(), CELLS, FIRST + np.array([0, 2, 3]))
    expected = np.zeros((len(CELLS), 3))
    expected[3] = [2, 1, 0]
    expected[5] = [0, 1, 0]
    np.testing.assert_array_equal(found.n, expected)
    assert found.share.sum() == pytest.approx(1)


@given(st.integers(1900 * 12, 2200 * 12))
def test_days_are_those_of_the_calendar(month):
    """As Python's calendar has them, leap years too."""
    found = days_of(np.array([month]))
    assert found.tolist() == [calendar.monthrange(month // 12, month % 12 + 1)[1]]


def test_what_lies_beside_is_the_ring_of_cells():
    """By plain loops over pairs; an island has the whole area beside it."""
    of = even(months=2)
    first, second = CELLS.neighbours.pairs()
    ring, ground = np.zeros_like(of.n), np.zeros(len(CELLS))
    for i, j in zip(first, second, strict=True):
        ring[i] += of.n[j]
        ring[j] += of.n[i]
        ground[i] += of.share[j]
        ground[j] += of.share[i]
    np.testing.assert_allclose(of.around, ring)
    np.testing.assert_allclose(of.nearby, ring / ground[:, None])
    island = alone([[1, 0], [3, 2]])
    np.testing.assert_array_equal(island.nearby, [[4, 2], [4, 2]])


# --- levels and the average ---------------------------------------------------------------------


def test_levels_are_the_hand_worked_posterior_means():
    """Counts 0, 0, 2, 6 on even ground: spread 1, so (prior 2) each becomes (2 + 2n) / 3.

    The prior is 2 each; the squares off it sum to 24, less 8 for chance leaves 16, over
    16 (the priors' squares) is a dispersion of 1: 2 (1 + n) / (1 + 2) is 2/3, 2/3, 2, 14/3.
    """
    found = levels(alone([[0], [0], [2], [6]]), np.ones((1, 1)))
    np.testing.assert_allclose(found[:, 0], [2 / 3, 2 / 3, 2, 14 / 3])


def test_cells_that_differ_by_chance_alone_all_get_the_share_of_their_ground():
    """Counts closer to each other than Poisson say nothing about their cells."""
    found = levels(alone([[1], [3], [4]], share=[0.2, 0.3, 0.5]), np.ones((1, 1)))
    np.testing.assert_allclose(found[:, 0], [1.6, 2.4, 4.0])


def test_levels_lean_on_the_cells_beside_as_least_squares_says():
    """The weight of the surroundings is that of numpy's weighted regression."""
    of = even(months=4, mean=1.0)
    total = of.n.sum()
    near, base = of.nearby.sum(axis=1), of.share * total
    x, y = of.share * near - base, of.n.sum(axis=1) - base
    lean = np.linalg.lstsq((x / base**0.5)[:, None], y / base**0.5, rcond=None)[0][0]
    prior = base + min(max(lean, 0.0), 0.9) * x
    n = of.n.sum(axis=1)
    spread = max(((n - prior) ** 2).sum() - prior.sum(), 0) / (prior**2).sum()
    expected = prior * (1 + spread * n) / (1 + spread * prior)
    expected *= total / expected.sum()
    np.testing.assert_allclose(levels(of, np.ones((4, 1)))[:, 0], expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.001, 3.0), st.integers(1, 30))
def test_levels_keep_the_total_and_leave_no_cell_without_a_chance(seed, mean, months):
    """The weighted sums add up to the events seen (half an event where there is none)."""
    of = even(seed, months, mean)
    weights = np.random.default_rng(seed).uniform(0.1, 1.0, (months, 2))
    found = levels(of, weights)
    np.testing.assert_allclose(found.sum(axis=0), np.maximum((of.n @ weights).sum(axis=0), 0.5))
    assert (found > 0).all()


def test_the_average_month_has_the_average_days_rate():
    """31 + 28 days with 59 events, alike in both cells: March expects 31 events."""
    of = alone([[15, 14], [16, 14]])
    found = models()["average"].forecast(of, [after(of)])
    np.testing.assert_allclose(found[:, 0], [15.5, 15.5])


def test_unknown_months_are_not_zeros():
    """The average of ten known months is the same whether they lie together or apart."""
    n = even(months=10).n
    together, apart = history(n), history(n, FIRST + 36 * np.arange(10))
    found = [models()["average"].forecast(h, [Target(FIRST + 480, 10)]) for h in (together, apart)]
    rate = n.sum() / np.array([h.days.sum() for h in (together, apart)]) * 31
    np.testing.assert_allclose([f.sum() for f in found], rate)


# --- recency ------------------------------------------------------------------------------------


def test_an_endless_half_life_is_the_average():
    """With no forgetting both are the same numbers."""
    of = even()
    targets = [of.target(7), of.target(20), after(of)]
    np.testing.assert_allclose(
        weighted(of, targets, np.inf), models()["average"].forecast(of, targets)
    )


def test_a_month_a_half_life_older_counts_half():
    """Two Julys, 12 months apart, with 30 and 60 events: (30 / 4 + 60 / 2) / (1 / 4 + 1 / 2)."""
    of = replace(alone([[30, 60]]), months=np.array([FIRST + 6, FIRST + 18]))
    found = weighted(of, [Target(FIRST + 30, 2)], 12.0)
    np.testing.assert_allclose(found, [[50.0]])


def test_the_half_life_is_the_one_that_forecast_best():
    """Chosen by brute force over the twelve months before; a sudden rise makes it short."""
    n = even(months=30).n
    n[:, 24:] *= 4
    of = history(n)
    chosen = half_lives(of, [of.target(18), of.target(29)])

    def score(half_life, column):
        mean = weighted(of, [of.target(column)], half_life)[:, 0]
        return -stats.poisson.logpmf(of.n[:, column], mean).mean()

    for target, found in zip((18, 29), chosen, strict=True):
        sums = [sum(score(h, column) for column in range(target - 12, target)) for h in HALF_LIVES]
        assert found == HALF_LIVES[int(np.argmin(sums))]
    assert chosen[1] < chosen[0]


# --- seasons ------------------------------------------------------------------------------------


def test_seasons_are_hand_worked():
    """Two equal years: the noise is at its floor of 1, and the ratios are drawn a little to 1."""
    months = FIRST + np.arange(24)
    total = np.tile([10.0] * 6 + [50.0] * 2 + [10.0] * 4, 2)
    found = season_factors(total, months)
    expected = total.sum() * days_of(months) / 730
    held, hoped = total[:12] + total[12:], expected[:12] + expected[12:]
    true = (((held - hoped) ** 2).sum() - hoped.sum()) / (hoped**2).sum()
    trust = true / (true + 1 / hoped)
    np.testing.assert_allclose(found, 1 + trust * (held / hoped - 1))
    assert found[6] == pytest.approx(2.9, abs=0.1)


def test_years_that_differ_as_much_as_their_months_have_no_season():
    """July once full and once empty is no season."""
    total = np.full(24, 20.0)
    total[6] = 60.0
    total[18] = 0.0
    assert np.abs(season_factors(total, FIRST + np.arange(24)) - 1).max() < 0.02


def test_the_season_is_found_and_used():
    """Summers three times as full: July's forecast is three times January's."""
    rng = np.random.default_rng(3)
    months = np.arange(60)
    season = np.where(np.isin(months % 12, [5, 6, 7]), 3.0, 1.0)
    of = history(rng.poisson(rng.gamma(0.5, 2, len(CELLS))[:, None] * season))
    july, january = (
        models()["seasonal"]
        .forecast(of, [Target(FIRST + 66, 60), Target(FIRST + 72, 60)])
        .sum(axis=0)
    )
    assert july / january == pytest.approx(3.0, rel=0.1)
    average = models()["average"].forecast(of, [Target(FIRST + 66, 60)]).sum()
    assert july / average == pytest.approx(2.0, rel=0.1)


def test_less_than_two_years_have_no_season():
    """With 23 months the model is not tried, with 24 it is."""
    of = even(months=24)
    found = models()["seasonal"].forecast(of, [of.target(23), after(of)])
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()


# --- self-exciting ------------------------------------------------------------------------------


def hawkes(seed, months, *, own=0.35, beside=0.15, decay=0.0, shape=0.5):
    """Simulate events that raise what is expected in their cell, and beside it."""
    rng = np.random.default_rng(seed)
    ring = CELLS.neighbours.sizes.mean() - 1
    background = rng.gamma(shape, 1 / shape, len(CELLS)) * (1 - own - beside)
    raised, n = np.zeros(len(CELLS)), np.zeros((len(CELLS), months))
    for month in range(months):
        n[:, month] = rng.poisson(background + raised)
        new = n[:, month]
        spread = CELLS.neighbours.sums(new) - new
        raised = decay * raised + (1 - decay) * (own * new + beside * spread / ring)
    return history(n)


def mixed(of, decay, first=3):
    """Lay out the mixture for all months from the fourth on."""
    targets = [of.target(column) for column in range(first, len(of.months))]
    return mixture(of, targets, decay, models()["average"].forecast(of, targets))


def test_the_likelihood_is_that_of_a_hawkes_process_by_brute_force():
    """Every event of every earlier month raises its cell and those beside it, one by one."""
    of = hawkes(2, 7)
    of = replace(of, months=FIRST + np.array([0, 1, 2, 4, 5, 7, 9]))
    parts, weights, decay = mixed(of, 0.4), np.array([0.6, 0.25, 0.1]), 0.4
    first, second = CELLS.neighbours.pairs()
    beside = [[] for _ in range(len(CELLS))]
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        beside[i].append(j)
        beside[j].append(i)
    ring = 2 * len(first) / len(CELLS)
    total = 0.0
    for column in range(3, 6):
        background = models()["average"].forecast(of, [of.target(column)])[:, 0]
        for i in range(len(CELLS)):
            mean = weights[0] * background[i]
            for before in range(column):
                lag = of.months[column] - of.months[before]
                left = (1 - decay) * decay ** (lag - 1)
                mean += left * weights[1] * of.n[i, before]
                mean += left * weights[2] * sum(of.n[j, before] for j in beside[i]) / ring
            total += of.n[i, column] * np.log(mean) - mean
    assert parts.log_likelihood(weights, 3) == pytest.approx(total)


def test_every_step_of_the_fit_raises_the_likelihood():
    """And where it ends no small step to any side is better."""
    of = hawkes(4, 24)
    parts, weights = mixed(of, 0.4), np.array([0.3, 0.3, 0.3])
    reached = [parts.log_likelihood(weights, 21)]
    for _ in range(30):
        weights = parts.fit(weights, 21, steps=1)
        reached.append(parts.log_likelihood(weights, 21))
    assert (np.diff(reached) > -1e-9).all()
    best = parts.fit(weights, 21)
    top = parts.log_likelihood(best, 21)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.02:
        assert parts.log_likelihood(np.maximum(best + step, 1e-9), 21) < top + 0.01


@pytest.mark.parametrize(("own", "beside", "shape"), [(0.5, 0.0, 0.5), (0.35, 0.15, 1e6)])
def test_what_was_simulated_is_recovered(own, beside, shape):
    """Ten years: half the events are raised by earlier ones, and how soon is told, too.

    In the cell itself where the cells differ much; also beside it where they are alike.
    """
    of = hawkes(5, 120, own=own, beside=beside, decay=0.4, shape=shape)
    found = mixed(of, 0.4).fit(np.array([0.7, 0.2, 0.1]), 117)
    np.testing.assert_allclose(found, [0.5, own, beside], atol=0.05)
    likelihoods = []
    for decay in (0.0, 0.4, 0.85):
        parts = mixed(of, decay)
        likelihoods.append(parts.log_likelihood(parts.fit(found, 117), 117))
    assert int(np.argmax(likelihoods)) == 1


def test_without_excitement_the_background_explains_it_all():
    """Of events that come evenly next to nothing is said to be raised."""
    found = mixed(even(6, 120), 0.4).fit(np.array([0.7, 0.2, 0.1]), 117)
    assert found[0] == pytest.approx(1.0, abs=0.05)
    assert found[1:].sum() < 0.08


def test_an_event_never_leads_to_one_more():
    """Where all that happens follows what happened, the weights stay below an explosion."""
    n = np.ones((4, 20))
    growing = Mixture((n * 1e-3, n, n), n * 3)
    found = growing.fit(np.array([0.7, 0.2, 0.1]), 20)
    assert found[1:].sum() == pytest.approx(0.95)


# --- laws for all models ------------------------------------------------------------------------


@pytest.mark.parametrize("name", models())
def test_no_model_sees_the_future(name):
    """Events in the months from a target on change nothing of its forecast."""
    of = even(8, 36)
    columns = [26, 30, 34]
    targets = [of.target(column) for column in columns]
    before = models()[name].forecast(of, targets)
    assert np.isfinite(before).all()
    for i, column in enumerate(columns):
        n = of.n.copy()
        n[:, column:] = np.random.default_rng(1).poisson(5, n[:, column:].shape)
        found = models()[name].forecast(history(n), targets)
        np.testing.assert_allclose(found[:, : i + 1], before[:, : i + 1], rtol=1e-12)


@pytest.mark.parametrize("name", models())
def test_the_order_of_the_cells_does_not_matter(name):
    """Cells that are shuffled, neighbours with them, get the same forecasts."""
    of = even(9, 30)
    order = np.random.default_rng(2).permutation(len(CELLS))
    at = np.argsort(order)
    first, second = CELLS.neighbours.pairs()
    pairs = np.sort(np.column_stack([at[first], at[second]]), axis=1)
    beside = PolygonNeighbours(len(CELLS), pairs[:, 0], pairs[:, 1])
    shuffled = replace(of, n=of.n[order], share=of.share[order], neighbours=beside)
    targets = [of.target(28), after(of)]
    found = [models()[name].forecast(h, targets) for h in (of, shuffled)]
    np.testing.assert_allclose(found[1], found[0][order], rtol=1e-9)


@pytest.mark.parametrize("name", models())
def test_where_nothing_changes_the_forecast_is_what_always_was(name):
    """The same events every January: every model forecasts their number for the next."""
    of = history(np.tile(even(10, 1, 1.0).n, 36), FIRST + 12 * np.arange(36))
    january = Target(int(of.months[-1]) + 12, 36)
    found = models()[name].forecast(of, [january])
    assert found.sum() == pytest.approx(of.n[:, 0].sum(), rel=0.01)


# --- scores, comparison, intervals --------------------------------------------------------------


def test_the_score_is_scipys():
    """Minus the mean log chance of each month's counts."""
    rng = np.random.default_rng(1)
    mean = rng.gamma(0.5, 2, (200, 3))
    n = rng.poisson(mean).astype(np.float64)
    np.testing.assert_allclose(poisson_score(n, mean), -stats.poisson.logpmf(n, mean).mean(axis=0))


def test_comparisons_are_paired_t_intervals_wide_enough_for_all():
    """As scipy has them at 1 - 0.05 / 2 for two models; one tried in five months is left out."""
    rng = np.random.default_rng(2)
    average = rng.normal(1, 0.1, 12)
    worse, better = average + rng.normal(0.1, 0.05, 12), average - rng.normal(0.1, 0.05, 12)
    better[:3] = np.nan
    short = np.where(np.arange(12) < 7, np.nan, average - 1)
    found = compare({"average": average, "a": worse, "b": better, "c": short})
    assert set(found) == {"a", "b"}
    for name, score in (("a", worse), ("b", better)):
        tried = np.isfinite(score)
        test = stats.ttest_rel(score[tried], average[tried])
        interval = test.confidence_interval(1 - 0.05 / 2)
        assert (found[name].low, found[name].high) == pytest.approx((interval.low, interval.high))
        assert found[name].better == (name == "b")


def test_the_best_is_the_average_unless_another_beats_it():
    """A model that scores better by chance alone is not offered."""
    steady, noisy = np.full(12, 1.0), np.tile([0.0, 1.9], 6)
    scores = {"average": steady, "recent": noisy}
    nothing = np.zeros((1, 12))
    assert Trial(nothing, {}, scores, compare(scores)).best == "average"
    scores = {"average": steady, "recent": noisy, "seasonal": np.tile([0.8, 0.9], 6)}
    assert Trial(nothing, {}, scores, compare(scores)).best == "seasonal"


def test_a_trial_forecasts_at_most_twelve_months_and_half_of_all():
    """36 months: the last 12; 10 months: the last 5, and nothing is compared."""
    assert trial(even(months=36)).n.shape[1] == 12
    short = trial(even(months=10))
    assert short.n.shape[1] == 5
    assert short.comparisons == {}
    np.testing.assert_array_equal(short.n, even(months=10).n[:, 5:])


@given(
    st.lists(st.floats(0.0, 3000.0), min_size=1, max_size=20),
    st.sampled_from([0.0, 1e-3, 0.1, 1.0, 5.0]),
    st.sampled_from([0.025, 0.1, 0.5, 0.9, 0.975]),
)
def test_quantiles_are_scipys(means, spread, chance):
    """Negative binomial, or Poisson without dispersion."""
    mean = np.array(means)
    if spread:
        expected = stats.nbinom.ppf(chance, 1 / spread, 1 / (1 + spread * mean))
    else:
        expected = stats.poisson.ppf(chance, mean)
    expected = np.where(mean > 0, np.maximum(expected, 0.0), 0.0)
    np.testing.assert_array_equal(quantile(mean, spread, chance), expected)


def test_dispersion_is_recovered():
    """Counts drawn with dispersion 0.5 about their means; Poisson counts have none."""
    rng = np.random.default_rng(3)
    mean = rng.gamma(1, 3, (20_000, 4))
    n = rng.poisson(mean * rng.gamma(2, 0.5, mean.shape)).astype(np.float64)
    assert dispersion(n, mean) == pytest.approx(0.5, abs=0.03)
    assert dispersion(np.round(mean), mean) == 0.0
