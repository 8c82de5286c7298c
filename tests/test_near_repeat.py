"""Near repeat: what it claims, what it must not, and which places are at risk now."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
import shapely

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence, Points, methods
from geo.hotspots.near_repeat import METHOD, run
from geo.months import UNKNOWN_DAY

SIDE = 6000.0
AREA = shapely.box(0, 0, SIDE, SIDE)
CELLS = lattice_cells(Grid("square", 200), AREA)
YEAR = 2023
NEW_YEAR = (date(YEAR, 1, 1) - date(1970, 1, 1)).days
MONTHS = (YEAR * 12, YEAR * 12 + 11)
LAST = NEW_YEAR + 364


def evidence(x, y, day, *, cells=CELLS, months=MONTHS, known=None, seed=1):
    """Give what the method sees of events on some days."""
    at = cells.locate(x, y)
    n = np.bincount(at[at >= 0], minlength=len(cells))
    points = Points(x, y, np.ones(len(x)), np.asarray(day, dtype=np.int32))
    return Evidence(cells, n, n.astype(float), points=points, months=months, known=known, seed=seed)


def scattered(seed, n=300):
    """Scatter events over the ground and the year, away from the border."""
    rng = np.random.default_rng(seed)
    return *rng.uniform(500, SIDE - 500, (2, n)), NEW_YEAR + rng.integers(0, 360, n)


def contagious(seed, n=300, followed=60):
    """Give events, some followed within 80 m and a week."""
    x, y, day = scattered(seed, n)
    rng = np.random.default_rng(seed + 1)
    first = rng.choice(n, followed, replace=False)
    x = np.r_[x, x[first] + rng.uniform(-55, 55, followed)]
    y = np.r_[y, y[first] + rng.uniform(-55, 55, followed)]
    return x, y, np.r_[day, np.minimum(day[first] + rng.integers(1, 6, followed), LAST)]


def seasonal(seed, n=400):
    """Give events at places that have their trouble in summer, in winter, or all the year."""
    rng = np.random.default_rng(seed)
    summer, winter = rng.integers(151, 243, n), rng.integers(300, 455, n) % 365
    kind = rng.integers(0, 3, n)
    day = np.choose(kind, [summer, winter, rng.integers(0, 365, n)])
    places = rng.uniform(500, 19_500, (2, 3, 15))
    x, y = places[:, kind, rng.integers(0, 15, n)] + rng.normal(0, 60, (2, n))
    wide = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 20_000, 20_000))
    return evidence(x, y, NEW_YEAR + day, cells=wide, seed=seed)


def keys(result):
    """Name what is said."""
    return [note.key for note in result.notes]


# --- claims -----------------------------------------------------------------------------------


def test_contagion_is_claimed_near_and_soon():
    """Of 360 events 60 follow another within 80 m and a week: that band is told, and no far one."""
    found = run(evidence(*contagious(1)))
    significant = np.array(found.facts["significant"])
    assert found.enough
    assert significant[1, 0]
    assert not significant[3:].any()
    assert found.facts["ratio"][1][0] > 2
    assert found.facts["distance_labels"][:3] == ["[0, 1)", "[1, 100)", "[100, 200)"]
    assert found.facts["day_labels"] == ["[0, 7)", "[7, 14)", "[14, 21)", "[21, 28)"]
    assert (found.facts["n"], found.facts["today"]) == (360, "2023-12-31")
    json.dumps(found.facts, allow_nan=False)


def test_nothing_is_claimed_where_times_say_nothing():
    """Over 60 maps by chance hardly more than one in twenty claims anything."""
    maps = (evidence(*scattered(seed), seed=seed) for seed in range(60))
    claims = [np.any(run(one, permutations=399).facts["significant"]) for one in maps]
    assert sum(claims) <= 7  # of 60 at 5 %, more than 7 come once in a hundred


def test_seasons_are_not_taken_for_repeats():
    """Places with trouble in summer only: no claim within months, always one over the period."""
    claimed = {
        within: sum(
            bool(np.any(run(seasonal(seed), within=within, permutations=399).facts["significant"]))
            for seed in range(12)
        )
        for within in ("month", "period")
    }
    assert claimed["month"] <= 3  # of 12 at 5 %, more than 3 come less than once in a hundred
    assert claimed["period"] == 12


def test_a_ratio_that_is_too_low_is_not_claimed():
    """However sure it is that there are more pairs, a few more are no news."""
    everything = contagious(1)
    ratio = run(evidence(*everything)).facts["ratio"][1][0]
    found = run(evidence(*everything), min_ratio=ratio + 0.01)
    assert not found.facts["significant"][1][0]
    assert found.facts["p"][1][0] < 0.05


# --- places at risk now -----------------------------------------------------------------------


def with_recent(day, x=3100.0, y=3100.0, **settings):
    """Give the answer where one event more lies apart, days before the end of the year."""
    xs, ys, days = contagious(1)
    away = (np.hypot(xs - x, ys - y) > 900) & (days < LAST - 40)
    days = np.r_[days[away], day]
    return run(evidence(np.r_[xs[away], x], np.r_[ys[away], y], days), **settings)


def test_the_place_of_a_recent_event_is_at_risk_for_the_days_of_the_band():
    """Three days before the end: its own cell, from New Year's Day to the sixth day after it."""
    found = with_recent(LAST - 3, distance_bands=1, day_bands=1)
    assert found.facts["significant"][1][0]
    (place,) = found.clusters
    assert place.cells.tolist() == CELLS.locate(np.array([3100.0]), np.array([3100.0])).tolist()
    assert place.days == (date(2024, 1, 1), date(2024, 1, 3))
    assert (place.n, place.score) == (1, found.facts["ratio"][1][0])
    assert place.expected == pytest.approx(1 / place.score)
    assert place.p == found.facts["p"][1][0]
    cell = place.cells[0]
    assert found.columns["near_repeat_until"][cell] == "2024-01-03"
    assert found.columns["near_repeat_ratio"][cell] == place.score
    assert (found.columns["near_repeat_until"] != "").sum() == 1
    assert np.isfinite(found.columns["near_repeat_ratio"]).sum() == 1


def test_a_place_counts_the_events_that_cause_it_once_each():
    """Two events in one cell, each within reach of many bands, and of a cell side by side."""
    xs, ys, days = contagious(1)
    away = (np.hypot(xs - 3100, ys - 3100) > 900) & (days < LAST - 40)
    x, y = np.r_[xs[away], 3100, 3190, 3250], np.r_[ys[away], 3100, 3100, 3100]
    (place,) = run(evidence(x, y, np.r_[days[away], LAST, LAST - 2, LAST - 4])).clusters
    assert place.n == 3
    assert place.days[0] == date(2024, 1, 1)
    assert {15, 16} <= {int(CELLS.x[cell] // 200) for cell in place.cells}


def test_an_event_outside_the_cells_marks_none():
    """It is part of the comparison, and of no place."""
    x, y, day = contagious(1)
    early = day < LAST - 40
    seen = evidence(np.r_[x[early], -900.0], np.r_[y[early], 3000.0], np.r_[day[early], LAST])
    found = run(seen)
    assert found.facts["n"] == early.sum() + 1
    assert found.clusters == ()


def test_what_is_over_is_no_risk():
    """Seven days before New Year's Day the last day of a week has passed; six days before not."""
    assert with_recent(LAST - 6, distance_bands=1, day_bands=1).clusters == ()
    assert len(with_recent(LAST - 5, distance_bands=1, day_bands=1).clusters) == 1


def test_cells_as_near_as_the_band_are_at_risk():
    """With cells of 50 m, all whose centre is less than 100 m away, and the event's own."""
    fine = lattice_cells(Grid("square", 50), shapely.box(2000, 2000, 4000, 4000))
    xs, ys, days = contagious(1)
    away = days < LAST - 40
    seen = evidence(
        np.r_[xs[away], 3010.0], np.r_[ys[away], 3020.0], np.r_[days[away], LAST], cells=fine
    )
    found = run(seen, distance_bands=1, day_bands=1)
    (place,) = found.clusters
    near = np.hypot(fine.x - 3010, fine.y - 3020) < 100
    assert np.array_equal(place.cells, np.flatnonzero(near))
    assert shapely.equals(place.shape, fine.union(place.cells))


def test_the_events_own_cell_is_at_risk_where_it_is_as_wide_as_the_band_is_far():
    """Others follow 120 to 180 m away: the ground there is at risk, not 50 m in the middle.

    A cell of 200 m holds ground as far from the event.
    """
    rng = np.random.default_rng(1)
    x, y, day = scattered(1)
    away, turn = rng.uniform(120, 180, 60), rng.uniform(0, 2 * np.pi, 60)
    x, y = np.r_[x, x[:60] + away * np.cos(turn)], np.r_[y, y[:60] + away * np.sin(turn)]
    day = np.r_[day, day[:60] + 3]
    early = day < LAST - 40
    x, y, day = np.r_[x[early], 3010.0], np.r_[y[early], 3020.0], np.r_[day[early], LAST]
    for size, there in ((50, False), (200, True)):
        cells = lattice_cells(Grid("square", size), shapely.box(2000, 2000, 4000, 4000))
        found = run(evidence(x, y, day, cells=cells), distance_bands=3, day_bands=1)
        assert found.facts["significant"] == [[False], [False], [True], [False]]
        at_risk = found.columns["near_repeat_until"] != ""
        assert at_risk[cells.locate(x[-1:], y[-1:])[0]] == there
        far = np.hypot(cells.x - 3010, cells.y - 3020)
        assert at_risk[(far >= 100) & (far < 200)].all()


def test_places_are_whole_cells_and_join_what_lies_side_by_side():
    """No two places touch, each is the union of its cells, the strongest come first."""
    rng = np.random.default_rng(4)
    x, y, day = contagious(2)
    x, y = np.r_[x, rng.uniform(500, 5500, 60)], np.r_[y, rng.uniform(500, 5500, 60)]
    found = run(evidence(x, y, np.r_[day, np.full(60, LAST)]))
    assert len(found.clusters) == 20
    assert found.facts["places"] > 20
    assert "near_repeat_most" in keys(found)
    beyond = [place.n - place.expected for place in found.clusters]
    assert beyond == sorted(beyond, reverse=True)
    for place in found.clusters:
        assert place.shape.area == pytest.approx(200**2 * len(place.cells))
    for one in found.clusters:
        assert not any(
            shapely.intersects(one.shape, o.shape) for o in found.clusters if o is not one
        )


def test_polygons_serve_as_cells():
    """Districts that somebody drew: the event's own is at risk."""
    halves = np.array([shapely.box(0, 0, 3000, SIDE), shapely.box(3000, 0, SIDE, SIDE)])
    x, y, day = contagious(1)
    early = day < LAST - 40
    seen = evidence(
        np.r_[x[early], 5000.0], np.r_[y[early], 99.0], np.r_[day[early], LAST],
        cells=polygon_cells(halves, np.array(["west", "east"])),
    )  # fmt: skip
    (place,) = run(seen).clusters
    assert place.cells.tolist() == [1]


def test_where_the_last_month_is_not_known_today_is_the_day_of_the_last_event():
    """Nobody knows what happened in December: the risk counts from the last event."""
    x, y, day = contagious(1)
    early = day < NEW_YEAR + 330
    seen = evidence(x[early], y[early], day[early], known=frozenset(range(MONTHS[0], MONTHS[1])))
    last = date(1970, 1, 1).toordinal() + int(day[early].max())
    assert run(seen).facts["today"] == date.fromordinal(last).isoformat()


# --- columns and facts ------------------------------------------------------------------------


def test_pairs_are_counted_once_in_each_of_their_cells():
    """By brute force over the band that is claimed."""
    x, y, day = contagious(1)
    found = run(evidence(x, y, day), distance_bands=1, day_bands=1)
    assert found.facts["significant"] == [[False], [True]]
    at, pairs = CELLS.locate(x, y), np.zeros(len(CELLS), dtype=int)
    for i in range(len(x)):
        for j in range(i):
            if 1 <= np.hypot(x[i] - x[j], y[i] - y[j]) < 100 and abs(day[i] - day[j]) < 7:
                pairs[list({at[i], at[j]})] += 1
    assert found.columns["near_repeat_pairs"].tolist() == pairs.tolist()
    assert pairs.sum() > 60


def test_events_without_a_day_are_told_and_left_out():
    """They change nothing else."""
    x, y, day = contagious(1)
    known = run(evidence(x, y, day))
    more = run(evidence(np.r_[x, x[:9]], np.r_[y, y[:9]], np.r_[day, [UNKNOWN_DAY] * 9]))
    assert more.facts == {**known.facts, "without_day": 9}
    assert "near_repeat_without_day" in keys(more)


def test_events_entered_twice_are_told():
    """Forty events stand in the table twice: told, for they look like repeats."""
    x, y, day = scattered(1)
    found = run(evidence(*(np.r_[of, of[:40]] for of in (x, y, day))))
    assert found.facts["same_place_and_day"] == 40
    assert found.facts["significant"][0][0]
    assert "near_repeat_twice" in keys(found)


@pytest.mark.parametrize("n", [0, 1, 49])
def test_too_few_events_say_nothing(n):
    """Under fifty dated events: no claim, and a note says why."""
    x, y, day = scattered(1, n)
    found = run(evidence(x, y, day))
    assert not found.enough
    assert keys(found) == ["near_repeat_too_few"]
    assert found.clusters == ()
    assert set(found.columns) == {column.name for column in METHOD.columns}


def test_too_many_pairs_are_told_with_the_cure(monkeypatch):
    """More pairs than memory holds: nothing is worked out, and the note says what helps."""
    monkeypatch.setattr(run.__globals__["knox"], "__kwdefaults__", {
        **run.__globals__["knox"].__kwdefaults__, "most_pairs": 10,
    })  # fmt: skip
    found = run(evidence(*scattered(1)))
    assert not found.enough
    assert keys(found) == ["near_repeat_too_many"]


def test_permutations_that_could_never_show_anything_are_raised():
    """Twenty bands at 5 % need 399 permutations; told, and stated as used."""
    found = run(evidence(*contagious(1)), permutations=99)
    assert keys(found)[0] == "replicates_raised"
    assert found.used["permutations"] == found.facts["permutations"] >= 399


def test_narrow_bands_hold_the_same_place_among_them():
    """Bands of half a metre: the edge of the same place is one of theirs."""
    found = run(evidence(*contagious(1)), distance_m=0.5, distance_bands=3)
    assert found.facts["distance_m"] == [0.0, 0.5, 1.0, 1.5]


def test_the_same_seed_gives_the_same_answer():
    """And another seed other simulated counts, but the same observed."""
    one, same, other = (run(evidence(*contagious(1), seed=seed)) for seed in (1, 1, 2))
    assert one.facts == same.facts
    assert one.facts["observed"] == other.facts["observed"]
    assert one.facts["p"] != other.facts["p"]


def test_it_is_found_among_the_methods():
    """It declares that it looks at points, and that copies of events are no repeats."""
    assert methods()["near_repeat"] is METHOD
    assert METHOD.needs_points
    assert not METHOD.resamples
