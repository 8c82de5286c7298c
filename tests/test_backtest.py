"""The back-test: nobody peeks, sums are right, and a winner is named only where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.accuracy import hits_within
from geo.backtest import (
    LEAST_MONTHS,
    SHARES,
    Comparison,
    Ground,
    Past,
    Trial,
    can_replay,
    origins,
    replay,
    score_of,
)
from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid
from geo.hotspots import Method, Points, Result, methods
from geo.months import parse_month
from geo.schema import Column

JANUARY = parse_month("2020-01")
AREA = shapely.box(0, 0, 4000, 4000)
CELLS = lattice_cells(Grid("square", 500), AREA)


def world(n=1500, months=20, seed=1, focus=0.6):
    """Make events: a part of them around two places, the rest evenly; x, y and month."""
    rng = np.random.default_rng(seed)
    near = rng.random(n) < focus
    centres = np.array([[1200.0, 1300.0], [2900.0, 2600.0]])[rng.integers(0, 2, n)]
    xy = np.where(near[:, None], rng.normal(centres, 180.0), rng.uniform(0, 4000, (n, 2)))
    return np.clip(xy, 1, 3999), JANUARY + rng.integers(0, months, n)


def ground(xy, month, cells=CELLS):
    """Lay events on cells."""
    builder = CubeBuilder(len(cells), ("a",))
    builder.add(cells.locate(xy[:, 0], xy[:, 1]), month=month)
    return Ground(cells, builder.build())


def past(xy, month, window=12):
    """Hand events on, by months."""

    def points(span):
        inside = (month >= span[0]) & (month <= span[1])
        return Points(*xy[inside].T, np.ones(inside.sum()))

    return Past(window, frozenset(month.tolist()), points, AREA)


def every_trial():
    """Every method that can be replayed here, with each of its settings."""
    return [
        (method, settings)
        for method in methods().values()
        if can_replay(method) and not method.families
        for settings in method.variants
    ]


def compared(gains, n=100.0):
    """Compare a plain count with trials that hit so many more each month."""
    gains = np.atleast_2d(gains)
    months = gains.shape[1]
    hits = 20.0 + np.vstack([np.zeros(months), gains])
    trials = [
        Trial(name, {}, 200.0, row[:, None], np.full((months, 1), 60.0), np.full((months, 1), 50.0))
        for name, row in zip(["count", *(f"m{i}" for i in range(len(gains)))], hits, strict=True)
    ]
    return Comparison(
        trials,
        range(JANUARY, JANUARY + months),
        n=np.full(months, n),
        n_before=np.full(months, 200.0),
        area_m2=1e6,
        shares=np.array([0.01]),
        told=1,
        decisive=0,
    )


def test_the_last_months_with_enough_before_them_are_foretold():
    """Of 20 months the last 12; of 8, two; a month of which nothing is known is not foretold."""
    assert origins(range(100, 120)) == tuple(range(108, 120))
    assert origins(range(100, 108)) == (106, 107)
    assert origins(set(range(100, 110)) - {107}) == (106, 108, 109)
    assert origins(range(6)) == ()


def test_after_a_gap_months_are_foretold_again_when_enough_is_known():
    """Two years with a year of nothing between: the second half of both, never an empty window."""
    known = {*range(100, 112), *range(124, 136)}
    assert origins(known) == (*range(106, 112), *range(130, 136))
    assert origins(known, window=24) == tuple(range(124, 136))
    assert origins(range(100, 110), window=3) == (106, 107, 108, 109)


@pytest.mark.parametrize(("method", "settings"), every_trial(), ids=lambda one: str(one)[:40])
def test_no_method_sees_the_month_it_foretells(method, settings):
    """Whatever happens from that month on, nothing that a method is given or answers changes."""
    xy, month = world()
    target = JANUARY + 15
    other_xy, _ = world(seed=2, focus=0.0)
    later = month >= target
    changed = np.where(later[:, None], other_xy, xy)
    answers = []
    for places in (xy, changed, xy[~later]):
        when = month if len(places) == len(month) else month[~later]
        evidence = past(places, when).evidence(ground(places, when), method, target)
        answers.append(score_of(method, evidence, method.run(evidence, **settings)))
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])
    assert len(np.unique(answers[0])) > 1


ASKED_AT_ONCE = [one for one in every_trial() if one[0].at_once is not None]


@pytest.mark.parametrize(("method", "settings"), ASKED_AT_ONCE, ids=lambda one: str(one)[:40])
def test_no_month_sees_a_later_one_where_all_are_asked_at_once(method, settings):
    """Whatever happens from a month on, what is told of it and of those before it stays."""
    xy, month = world()
    asked = range(JANUARY + 10, JANUARY + 20)
    other_xy, _ = world(seed=2, focus=0.0)
    later = month >= asked[5]
    told = []
    for places in (xy, np.where(later[:, None], other_xy, xy)):
        last = past(places, month).evidence(ground(places, month), method, asked[-1])
        told.append(method.at_once(last, asked, **settings))
    assert told[0].shape == (10, len(CELLS))
    assert told[0][:6] == pytest.approx(told[1][:6], rel=1e-12)
    assert told[0][6:] != pytest.approx(told[1][6:], rel=0.01)


@pytest.mark.parametrize(("method", "settings"), ASKED_AT_ONCE, ids=lambda one: str(one)[:40])
def test_months_asked_at_once_are_told_as_one_by_one(method, settings):
    """The first always; the others too, but for the model that goes on learning from the first."""
    xy, month = world()
    asked = range(JANUARY + 13, JANUARY + 20)
    events, given = ground(xy, month), past(xy, month)
    told = method.at_once(given.evidence(events, method, asked[-1]), asked, **settings)
    alone = []
    for one in asked:
        evidence = given.evidence(events, method, one)
        alone.append(score_of(method, evidence, method.run(evidence, **settings)))
    same = 1 if settings["model"] == "self_exciting" else len(asked)
    assert told[:same] == pytest.approx(np.array(alone[:same]))
    assert [np.corrcoef(*pair)[0, 1] > 0.99 for pair in zip(told, alone, strict=True)] == [True] * 7


def test_a_method_is_given_the_window_and_all_months_before():
    """Twelve months in the counts and points, every earlier one in the cube, none later."""
    xy, month = world()
    target = JANUARY + 15
    given = past(xy, month).evidence(ground(xy, month), methods()["kde"], target)
    inside = (month >= target - 12) & (month < target)
    assert given.n.sum() == len(given.points) == inside.sum()
    assert given.months == (target - 12, target - 1)
    assert given.cube.total == (month < target).sum()
    assert max(given.known) == target - 1


def test_hits_are_counted_by_hand():
    """Plain count, two months: against sorting and adding in the plainest way."""
    xy, month = world()
    months = (JANUARY + 14, JANUARY + 15)
    rooms = np.array([250_000.0, 1e6, 16e6])
    (trial,) = replay(ground(xy, month), [(methods()["count"], {})], past(xy, month), months, rooms)
    at = CELLS.locate(*xy.T)
    for i, target in enumerate(months):
        before = np.bincount(at[(month < target) & (month >= target - 12)], minlength=64)
        after = np.bincount(at[month == target], minlength=64)
        order = np.argsort(-before, kind="stable")
        assert len(np.unique(before[order][:5])) == 5  # no ties where it is looked
        held = np.cumsum(after[order])
        assert trial.hits[i].tolist() == [held[0], held[3], after.sum()]
        assert trial.before[i, 1] == before[order][:4].sum()
        assert trial.best[i, 1] == np.sort(after)[::-1][:4].sum()


def test_measures_are_of_all_months_together():
    """Two months of 10 and 90 events, 10 and 9 of them hit: 19 of 100, not the mean of rates."""
    trial = Trial(
        "count",
        {},
        100.0,
        np.array([[10.0], [9.0]]),
        np.array([[10.0], [40.0]]),
        np.full((2, 1), 30.0),
    )
    c = Comparison(
        [trial],
        (1, 2),
        np.array([10.0, 90.0]),
        np.array([50.0, 100.0]),
        1e6,
        np.array([0.05]),
        1,
        0,
    )
    found = {name: float(one.value[0, 0]) for name, one in c.measures.items()}
    assert found == pytest.approx(
        {"hit_rate": 0.19, "pai": 3.8, "pei": 19 / 50, "rri": 0.19 / (60 / 150)}
    )


def test_a_steady_lead_wins():
    """Five of 100 events more each of twelve months: named, by five points, with its interval."""
    gains = np.array([5, 4, 6, 5, 7, 3, 5, 5, 4, 6, 5, 5.0])
    verdict = compared(gains).verdict
    assert verdict.winner == verdict.leader == 1
    assert verdict.gain == pytest.approx(0.05)
    assert 0.03 < verdict.low < 0.05 < verdict.high < 0.07
    assert verdict.p == 2**-12


def test_a_lead_by_one_lucky_month_does_not_win():
    """Sixty events more in one month and none in the others proves nothing."""
    verdict = compared([60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0]).verdict
    assert verdict.leader == 1
    assert verdict.winner is None
    assert verdict.p == 0.5


def test_the_count_may_lead():
    """Where every other loses, the best of them is told and none wins."""
    verdict = compared([[-3.0] * 12, [-1.0] * 12]).verdict
    assert (verdict.benchmark, verdict.leader, verdict.winner) == (0, 2, None)
    assert verdict.gain == pytest.approx(-0.01)
    assert verdict.p > 0.9


def test_with_few_months_nobody_wins():
    """Five months, however clear: too few. Six may be enough."""
    assert compared([9.0] * (LEAST_MONTHS - 1)).verdict.enough is False
    assert compared([9.0] * (LEAST_MONTHS - 1)).verdict.winner is None
    assert compared([9.0] * LEAST_MONTHS).verdict.winner == 1


def test_the_benchmark_is_the_best_of_the_counts():
    """Several cell sizes of the plain count: the one that hits most must be beaten."""
    c = compared([[-2.0] * 12, [3.0] * 12])
    coarse = replace(c.trials[2], method="count", cell_size=400.0)
    verdict = replace(c, trials=[*c.trials[:2], coarse]).verdict
    assert (verdict.benchmark, verdict.leader) == (2, 1)


def test_of_equals_the_coarser_cells_come_first():
    """A larger cell that catches as much is the simpler map."""
    c = compared([[0.0] * 12])
    wide = replace(c.trials[0], cell_size=400.0)
    assert replace(c, trials=[c.trials[0], wide]).order == [1, 0]


def test_intervals_hold_what_was_found():
    """Every measure lies within its interval, and copies of one month leave no doubt."""
    c = compared([[5.0] * 12])
    for found in c.measures.values():
        assert (found.low <= found.value + 1e-12).all()
        assert (found.value <= found.high + 1e-12).all()
    assert c.measures["hit_rate"].low == pytest.approx(c.measures["hit_rate"].high)


def test_a_method_that_knows_the_future_would_win():
    """An oracle (the true places) beats the count at the decisive area; chance alone does not."""
    xy, month = world(n=3000, months=24, focus=0.7)
    far = np.min(
        [np.hypot(CELLS.x - a, CELLS.y - b) for a, b in ((1200, 1300), (2900, 2600))], axis=0
    )
    oracle = Method(
        "oracle", "", "-", (Column("s", "real"),), lambda _: Result({"s": -far}), score="s"
    )
    blind = np.random.default_rng(0).random(len(CELLS))
    luck = replace(oracle, name="luck", run=lambda _: Result({"s": blind}))
    months = origins(set(month.tolist()))
    here, before = ground(xy, month), past(xy, month, window=1)
    shares = np.array([*SHARES, 0.125])
    asked = [(methods()["count"], {}), (oracle, {}), (luck, {})]
    trials = replay(here, asked, before, months, shares * here.area_m2)
    n = np.array([(month == one).sum() for one in months], dtype=float)
    c = Comparison(trials, months, n, n, here.area_m2, shares, 5, 4)
    assert c.verdict.winner == 1
    rate = c.measures["hit_rate"].value[:, 4]
    assert rate[1] > rate[0] > rate[2]


def test_the_same_seed_gives_the_same_numbers():
    """Two comparisons of the same trials agree to the last bit."""
    one, two = compared([[5.0, 3.0] * 6]), compared([[5.0, 3.0] * 6])
    assert np.array_equal(one.measures["pai"].low, two.measures["pai"].low)
    assert one.verdict == two.verdict


def test_a_method_that_asks_for_more_than_a_backtest_has_is_left_aside():
    """No score, days, families or roads that are not there: not replayed."""
    count = methods()["count"]
    assert can_replay(count)
    assert not can_replay(replace(count, score=""))
    assert not can_replay(replace(count, needs_days=True))
    assert not can_replay(replace(count, needs_roads=True))
    assert can_replay(replace(count, needs_roads=True), roads=True)


def test_points_of_the_curve_agree_with_the_measures():
    """The curve at an area is the hit rate that the table gives for it."""
    c = compared([[5.0] * 12])
    wider = [
        replace(t, **{k: np.repeat(getattr(t, k), 3, axis=1) for k in ("hits", "best", "before")})
        for t in c.trials
    ]
    c = replace(c, trials=wider, shares=np.array([0.01, 0.01, 0.01]))
    assert c.curve(1).value.tolist() == [c.measures["hit_rate"].value[1, 0]] * 2


def test_the_oracle_of_the_cells_is_the_best_there_is():
    """Ranking by the month's own events gives PEI* 1."""
    xy, month = world()
    here = ground(xy, month)
    after = here.cube.select(months=(JANUARY + 15, JANUARY + 15)).per_cell()[0]
    density = after / CELLS.area_m2
    (trial,) = replay(
        here, [(methods()["count"], {})], past(xy, month), (JANUARY + 15,), np.array([1e6])
    )
    assert trial.best[0, 0] == hits_within(density, after, CELLS.area_m2, 1e6)
