"""The forecast of the coming month: what earns its place, what it promises, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.forecasts import models
from geo.grid import Grid
from geo.hotspots import Evidence, methods
from geo.hotspots import average as average_method
from geo.hotspots.forecast import METHOD, run
from geo.months import parse_month
from maps.words import LANGUAGES, words

CELLS = lattice_cells(Grid("square", 500), shapely.box(0, 0, 10_000, 10_000))
LAST = parse_month("2021-09")
CHICAGO = Path(__file__).parents[2] / "shared/reference/chicago_burglary"


def evidence(n, last=LAST, **more):
    """What a method sees of counts, cells by months, the last of which is ``last``."""
    n = np.asarray(n, dtype=np.int64)
    cell, month = np.nonzero(n)
    times = n[cell, month]
    builder = CubeBuilder(len(CELLS), ("a",))
    first = last - n.shape[1] + 1
    builder.add(np.repeat(cell, times), month=np.repeat(month + first, times))
    cube = builder.build()
    months = (LAST - 11, LAST)
    now, weight = cube.select(months=months).per_cell()
    known = frozenset(range(first, last + 1))
    return Evidence(CELLS, now, weight, **{"cube": cube, "months": months, "known": known} | more)


def even(seed=1, months=36, mean=0.3, factor=1.0):
    """Draw months that differ by chance alone, or by a factor for each month."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.5, 2 * mean, len(CELLS))[:, None] * np.ones(months) * factor)


def keys(result):
    """Name what is said."""
    return [note.key for note in result.notes]


def forced(n):
    """Forecast by each model, asked for by name."""
    return {name: run(evidence(n), model=name) for name in models()}


def test_both_methods_are_found_and_rank_by_their_column():
    """They declare what they need, and every column they promise is there."""
    for name, score in (("forecast", "forecast"), ("average", "average")):
        method = methods()[name]
        assert method.score == score
        assert method.by_month
        assert not method.resamples
        result = method.run(evidence(even()))
        assert list(result.columns) == [column.name for column in method.columns]
        assert result.hot is None


def test_nothing_beats_the_average_of_what_does_not_change():
    """On eight maps without trend, season or repeats the average forecasts, and it is said."""
    for seed in range(8):
        result = run(evidence(even(seed)))
        assert keys(result) == ["forecast_none_better"]
        assert result.facts["model"] == result.used["model"] == "average"
        assert not result.facts["better"]


def test_the_season_is_offered_where_there_is_one():
    """Summers four times as full for four years: the seasonal model wins, and is named."""
    season = np.where(np.isin((LAST - 47 + np.arange(48)) % 12, [5, 6, 7]), 4.0, 1.0)
    n = even(2, 48, factor=season)
    result = run(evidence(n))
    assert keys(result) == ["forecast_by_seasonal"]
    assert result.facts["better"]
    assert result.facts["differences"]["seasonal"][2] < 0
    september_to_may = n.sum(axis=0)[season == 1].mean()
    assert result.facts["total"] == pytest.approx(september_to_may, rel=0.1)


def test_recency_is_offered_where_places_come_and_go():
    """Half-way through the last year but one the places change: recent months forecast better."""
    n = np.column_stack([even(3, 18), even(4, 18)])
    result = run(evidence(n))
    assert keys(result) == ["forecast_by_recent"]
    new = even(4, 18).mean(axis=1)
    old = even(3, 18).mean(axis=1)
    guess = result.columns["forecast"]
    assert np.corrcoef(guess, new)[0, 1] > 0.9 > np.corrcoef(guess, old)[0, 1]


def test_a_model_that_is_forced_says_whether_it_beat_the_average():
    """What did not beat it comes with a warning, the average itself with none."""
    for name, result in forced(even()).items():
        assert result.facts["model"] == result.used["model"] == name
        assert keys(result) == ([] if name == "average" else ["forecast_not_better"])
        assert all(note.level == "warning" for note in result.notes)


def test_a_model_that_cannot_be_tried_is_not_used():
    """Thirty months hold no twelve that two years precede: the average, and a warning."""
    result = run(evidence(even(months=30)), model="seasonal")
    assert keys(result) == ["forecast_untried"]
    assert dict(result.notes[0].values) == {"n": 30, "least": 36}
    assert result.facts["model"] == "average"
    assert run(evidence(even(months=36)), model="seasonal").facts["model"] == "seasonal"


def test_the_forecast_is_for_the_month_after_the_period():
    """October has 31 days: the average day of all that is known, 31 times."""
    n = even(months=12)
    facts = run(evidence(n)).facts
    assert facts["month"] == LAST + 1
    assert facts["trained"] == 12
    assert facts["total"] == pytest.approx(n.sum() / 365 * 31)
    assert facts["total_low"] <= facts["total"] <= facts["total_high"]


def test_what_comes_after_the_period_changes_nothing():
    """Events in later months are not seen, whatever their number."""
    n = even(months=36)
    later = np.column_stack([n, np.full((len(CELLS), 3), 7)])
    known = frozenset(range(LAST - 35, LAST + 4))
    found = run(evidence(n)), run(evidence(later, LAST + 3, known=known))
    for name in found[0].columns:
        np.testing.assert_array_equal(found[0].columns[name], found[1].columns[name])
    assert found[0].facts == found[1].facts


def test_months_of_which_nothing_is_known_are_not_learned_from():
    """A year without data: the total is that of the known days; as zeros it would be less."""
    n = even(months=36)
    n[:, 12:24] = 0
    everything = frozenset(range(LAST - 35, LAST + 1))
    unknown = frozenset(range(LAST - 23, LAST - 11))
    known = run(evidence(n, known=everything - unknown), model="average")
    zeros = run(evidence(n, known=everything), model="average")
    assert known.facts["trained"] == 24
    assert known.facts["total"] == pytest.approx(n.sum() / (365 + 366) * 31, rel=0.003)
    assert zeros.facts["total"] == pytest.approx(known.facts["total"] * 2 / 3, rel=0.01)


def test_data_that_end_early_are_said():
    """The last known month is two before the period's end: a warning, and the later month."""
    n = even(months=24)
    result = run(evidence(n, LAST - 2))
    assert keys(result)[-1] == "forecast_late"
    assert result.notes[-1].values == {"month": "2021-07"}
    assert result.facts["month"] == LAST + 1


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (evidence(even(months=5)), "forecast_too_few"),
        (evidence(even(months=36, mean=0.0005)), "forecast_too_few"),
        (evidence(even(months=36), cube=None, months=None), "forecast_no_months"),
        (evidence(even(months=12), LAST + 24), "forecast_no_months"),
    ],
)
def test_too_little_is_forecast_by_nothing(given, key):
    """Five months, a dozen events, no dates, or only later ones: empty columns, and why."""
    result = run(given)
    assert not result.enough
    assert keys(result) == [key]
    assert all(np.isnan(column).all() for column in result.columns.values())


def test_a_short_history_is_forecast_by_the_average_alone():
    """Ten months hold no six to compare: the average, and it is said."""
    result = run(evidence(even(months=10)))
    assert keys(result) == ["forecast_untested"]
    assert result.enough
    assert result.facts["differences"] == {}


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_intervals_hold_what_comes(level):
    """Of forty maps the next month's total lies within as often as promised, or nearly."""
    within, cells = [], []
    for seed in range(40):
        n = even(seed, 13, 0.5)
        result = run(evidence(n[:, :-1]), level=level)
        facts, to_come = result.facts, n[:, -1]
        within.append(facts["total_low"] <= to_come.sum() <= facts["total_high"])
        low, high = result.columns["forecast_low"], result.columns["forecast_high"]
        cells.append(((to_come >= low) & (to_come <= high)).mean())
        assert (low <= high).all()
    assert np.mean(within) > level - 0.15
    assert np.mean(cells) > level


def test_the_average_is_events_divided_by_known_months():
    """Six events in a cell over four known months are 1.5 a month; two unknown do not count."""
    n = np.zeros((len(CELLS), 6), dtype=int)
    n[4] = [1, 0, 0, 2, 3, 0]
    n[5, 0] = 1
    known = frozenset(LAST - np.array([5, 2, 1, 0]))
    result = average_method.run(evidence(n, known=known))
    expected = np.zeros(len(CELLS))
    expected[4:6] = [1.5, 0.25]
    np.testing.assert_array_equal(result.columns["average"], expected)
    undated = average_method.run(evidence(n, cube=None, months=None))
    assert keys(undated) == ["average_no_months"]
    assert np.isnan(undated.columns["average"]).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_model_that_may_win_has_its_sentence(language):
    """Said in words in both languages."""
    told = words(language)
    for name in models():
        assert name == "average" or told.has(f"notes.forecast_by_{name}")
    assert {"auto", *models()} == set(METHOD.parameters[0].choices)


@pytest.mark.skipif(not CHICAGO.exists(), reason="reference data are not here")
@pytest.mark.parametrize("year", [2014, 2016])
def test_intervals_hold_on_real_burglaries(year):
    """Each month from July on, from those before: 80 % intervals hold at least 80 % of cells."""
    events = pd.read_csv(CHICAGO / f"burglary_{year}.csv.gz", parse_dates=["date"])
    x, y = events.x.to_numpy(), events.y.to_numpy()
    area = shapely.MultiPoint(np.column_stack([x, y])).convex_hull
    cells = lattice_cells(Grid("square", 500), area)
    month = year * 12 + events.date.dt.month.to_numpy() - 1
    cell = cells.locate(x, y)
    builder = CubeBuilder(len(cells), ("burglary",))
    builder.add(cell, month=month)
    seen = Evidence(cells, *builder.build().per_cell(), cube=builder.build())
    held = []
    for last in range(year * 12 + 5, year * 12 + 11):
        result = run(replace(seen, months=(year * 12, last)))
        to_come = np.bincount(cell[(month == last + 1) & (cell >= 0)], minlength=len(cells))
        busy = result.columns["forecast"] >= 0.5
        low, high = (result.columns[f"forecast_{end}"][busy] for end in ("low", "high"))
        held.append(((to_come[busy] >= low) & (to_come[busy] <= high)).mean())
    assert min(held) > 0.8
