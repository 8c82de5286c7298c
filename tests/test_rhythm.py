"""Rhythm: exact where events are single, cautious where they come together, blind to the season."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from scipy import stats

from geo.calendar import parse_period
from geo.cells import lattice_cells
from geo.days import days_of
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.method import Points
from geo.hotspots.rhythm import METHOD, run
from geo.months import UNKNOWN_DAY, UNKNOWN_HOUR, parse_month
from geo.rhythm import contrast, profile, seasons, stands_out, week_of
from maps.words import words

MONTHS = (parse_month("2023-01"), parse_month("2024-12"))
DAYS = days_of(
    MONTHS, lon=15.0, lat=59.2, school=[parse_period("2023-02-13/2023-02-17"),
                                        parse_period("2023-06-12/2023-08-17"),
                                        parse_period("2024-06-12/2024-08-17")],
)  # fmt: skip
CELLS = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 3000, 3000))


def evidence(day, hour, days=DAYS, **more):
    """What the method sees of events on days at hours of the day."""
    day, hour = np.asarray(day), np.asarray(hour)
    of_week = np.where(hour < 0, UNKNOWN_HOUR, (day + 3) % 7 * 24 + hour)
    zero = np.zeros(len(day))
    points = Points(zero, zero, zero + 1, day.astype(np.int32), of_week.astype(np.int16))
    n = np.zeros(len(CELLS), dtype=np.int64)
    return Evidence(CELLS, n, n.astype(float), points=points, months=MONTHS, days=days, **more)


def even(rng, n):
    """Events at even chance over all hours of the days."""
    return DAYS.first + rng.integers(0, len(DAYS), n), rng.integers(0, 24, n)


def test_events_in_weeks_of_their_own_are_tested_exactly():
    """No two in a week: then p and q are the binomial's, as SciPy has it."""
    part = np.repeat(np.arange(7), [3, 4, 2, 5, 20, 6, 1])
    found = profile(part, np.arange(len(part)), np.ones(7))
    tails = stats.binom(41, 1 / 7)
    p = [2 * min(tails.cdf(n), tails.sf(n - 1)) for n in found.n]
    assert found.q == pytest.approx(stats.false_discovery_control(np.minimum(p, 1)), rel=1e-9)
    assert found.mark.tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert found.expected.sum() == pytest.approx(found.n.sum())


def test_one_evening_with_many_reports_is_no_hot_hour():
    """Twenty reports at once are one event; as many in twenty weeks mark the hour and its sides."""
    rng = np.random.default_rng(3)
    part, week = rng.integers(0, 168, 200), rng.integers(0, 52, 200)
    friday = np.full(20, 4 * 24 + 21)
    at_once = profile(np.r_[part, friday], np.r_[week, np.full(20, 7)], np.ones(168), pool=1)
    spread = profile(np.r_[part, friday], np.r_[week, np.arange(20)], np.ones(168), pool=1)
    assert not at_once.mark.any()
    assert spread.mark[117] == 1
    assert set(np.flatnonzero(spread.mark)) <= {116, 117, 118}


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 5])
def test_contrasts_and_months_are_wrong_as_seldom_as_they_say(size):
    """Of 200 maps without any rhythm, alone or in clusters, 5 % show any one of them at most."""
    rng = np.random.default_rng(14)
    wrong = dict.fromkeys(("dark", "dark_same_clock", "public", "school", "months"), 0)
    for _ in range(200):
        day, hour = (np.repeat(one, size) for one in even(rng, 600 // size))
        facts = run(evidence(day, hour)).facts
        for name in wrong:
            found = facts[name]
            wrong[name] += any(found["mark"]) if name == "months" else found["p"] < 0.05
    assert max(wrong.values()) <= stats.binom(200, 0.05).ppf(0.999), wrong


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 4])
def test_at_most_few_even_weeks_show_a_hot_hour(size):
    """Of 300 profiles without any rhythm, alone or in clusters, 5 % show a mark at most."""
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(300):
        hour, week = (np.repeat(rng.integers(0, top, 240 // size), size) for top in (168, 52))
        wrong += profile(hour, week, np.ones(168), pool=1).mark.any()
    assert wrong <= stats.binom(300, 0.05).ppf(0.99)


def wrongly(claims):
    """Say whether so many of 300 maps without any rhythm claim something that 5 % cannot be it."""
    return sum(claims) > stats.binom(300, 0.05).ppf(0.999)


def test_what_a_few_weeks_have_in_common_can_be_chance():
    """Events come three or five at a time: a free week of nine, and eight holidays of a year.

    With the free days' own level fitted, their weeks would differ from it by nothing: one week in
    five would be claimed.
    """
    rng = np.random.default_rng(21)
    week_off, holidays = np.arange(63) // 7 == 4, np.isin(np.arange(364), np.arange(8) * 45 + 9)
    school, public = [], []
    for _ in range(300):
        n = np.bincount(np.repeat(rng.integers(0, 63, 50), 3), minlength=63)
        found = contrast(n, week_off, np.arange(63) % 7, np.arange(63) // 7)
        school.append(found.p < 0.05)
        n = np.bincount(np.repeat(rng.integers(0, 364, 60), 5), minlength=364)
        stratum = np.arange(364) // 28 * 7 + np.arange(364) % 7
        found = contrast(n, holidays, stratum, np.arange(364) // 7)
        public.append(found is not None and found.p < 0.05)
    assert not wrongly(school)
    assert not wrongly(public)


def test_two_months_that_differ_by_a_few_clusters_are_alike():
    """Nine weeks in two months, events three at a time: the difference has seven to tell it."""
    rng = np.random.default_rng(22)
    day, claims = np.arange(61), []
    for _ in range(300):
        n = np.bincount(np.repeat(rng.integers(0, 61, 50), 3), minlength=61)
        claims.append(seasons(n, day // 31, day // 7, 12).mark.any())
    assert not wrongly(claims)


def test_a_month_three_times_as_busy_is_told():
    """Of one year and 150 events on their own; a whole month in a single piece tells nothing."""
    rng = np.random.default_rng(23)
    part, week = np.arange(360) // 30, np.arange(360) // 7
    n = rng.poisson(np.where(part == 6, 1.2, 0.4))
    assert seasons(n, part, week, 12).mark.tolist() == [0] * 6 + [1] + [0] * 5
    assert not seasons(n, part, part, 12).mark.any()


def test_one_week_tells_no_rhythm():
    """Forty events of one evening, and no other week to say whether that is usual."""
    found = profile(np.full(40, 20), np.zeros(40, int), np.ones(24))
    assert found.q.tolist() == [1.0] * 24
    assert not found.mark.any()


def test_a_stratum_with_one_kind_of_time_only_tells_nothing():
    """Days of July, all free: neither their events nor their expectation count."""
    n = np.array([1, 0, 2, 1, 9, 9])
    flag = np.array([True, False, False, False, True, True])
    found = contrast(n, flag, np.array([0, 0, 0, 0, 1, 1]), np.arange(6))
    assert (found.n, found.total, found.expected) == (1, 4, 1.0)
    assert contrast(n[4:], flag[4:], np.zeros(2, int), np.arange(2)) is None


def test_the_interval_leaves_one_out_where_p_is_small():
    """The two come from the same test: Clopper and Pearson's, by SciPy, for events on their own."""
    rng = np.random.default_rng(5)
    for times in (0.5, 1.0, 1.4, 2.0):
        flag = np.arange(400) % 4 == 0
        n = rng.poisson(np.where(flag, times, 1.0))
        found = contrast(n, flag, np.zeros(400, int), np.arange(400))
        assert (found.low <= 1 <= found.high) == (found.p >= 0.05)
        exact = stats.binomtest(found.n, found.total, 0.25)
        assert found.p >= min(1, 2 * min(
            stats.binom(found.total, 0.25).cdf(found.n),
            stats.binom(found.total, 0.25).sf(found.n - 1),
        )) - 1e-12  # fmt: skip
        assert found.low <= exact.proportion_ci().low / 0.25 + 1e-9


def test_summer_is_not_taken_for_school_holidays():
    """Twice as much from June to August on every day: free days differ from no others."""
    rng = np.random.default_rng(6)
    day, hour = even(rng, 3000)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    summer = np.isin(month, [5, 6, 7])
    day, hour = np.r_[day, day[summer]], np.r_[hour, hour[summer]]
    facts = run(evidence(day, hour)).facts
    # Doubled events are pairs on one day: that costs certainty, not truth.
    assert facts["school"]["low"] < 1 < facts["school"]["high"]
    assert [facts["months"]["mark"][i] for i in (5, 6, 7)] == [1, 1, 1]


def test_night_is_not_taken_for_darkness():
    """Trouble at 20 to 24 the year round: dark hours have more, but not at the same clock."""
    rng = np.random.default_rng(7)
    day, hour = even(rng, 2000)
    facts = run(evidence(day, 20 + hour // 6)).facts
    assert facts["dark"]["low"] > 1
    assert facts["dark_same_clock"]["low"] < 1 < facts["dark_same_clock"]["high"]
    assert [i for i, mark in enumerate(facts["clock"]["mark"]) if mark > 0] == [20, 21, 22, 23]


def test_darkness_is_found_where_it_counts():
    """Events that come three times as often in the dark are so at the same clock, too."""
    rng = np.random.default_rng(8)
    day, hour = even(rng, 6000)
    keep = (DAYS.dark[day - DAYS.first, hour] > 0.5) | (rng.random(6000) < 1 / 3)
    facts = run(evidence(day[keep], hour[keep])).facts
    assert facts["dark_same_clock"]["low"] > 1


def test_holidays_with_more_are_told():
    """Five times as much on public holidays, compared with the same weekdays of the month."""
    rng = np.random.default_rng(9)
    day, hour = even(rng, 3000)
    more = np.repeat(np.flatnonzero(DAYS.public) + DAYS.first, 16)
    found = run(evidence(np.r_[day, more], np.r_[hour, rng.integers(0, 24, len(more))])).facts
    assert found["public"]["low"] > 1
    assert found["public"]["n"] <= found["public"]["total"] <= found["dated"]


def test_rain_and_warmth_are_compared_where_they_are_known():
    """Events on wet days only; of days without a reading nothing is said."""
    rng = np.random.default_rng(10)
    rain = np.where(rng.random(len(DAYS)) < 0.4, 5.0, 0.0)
    rain[:100] = np.nan
    wet = np.flatnonzero(rain > 0) + DAYS.first
    day = rng.choice(wet, 300)
    days = replace(DAYS, weather={"precipitation": rain})
    facts = run(evidence(day, np.full(300, 12), days)).facts
    assert facts["weather_wet"]["n"] == facts["weather_wet"]["total"]
    assert facts["weather_wet"]["low"] > 1
    assert "weather_warm" not in facts


def test_unknown_months_are_no_calm_months():
    """Half of the months are not known: their days are not expected to hold anything."""
    rng = np.random.default_rng(11)
    day, hour = even(rng, 2000)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) + 1970 * 12
    known = frozenset(range(MONTHS[0], MONTHS[0] + 6))
    inside = np.isin(month, list(known))
    facts = run(evidence(day[inside], hour[inside], known=known)).facts
    assert facts["months"]["expected"][6:] == [0.0] * 6
    assert facts["months"]["q"][6:] == [None] * 6
    assert not any(facts["months"]["mark"])


def test_what_is_not_known_takes_no_part_and_is_told():
    """Without an hour the day still counts; without a day nothing does."""
    rng = np.random.default_rng(12)
    day, hour = even(rng, 100)
    hour[:20] = -1
    day[:5] = UNKNOWN_DAY
    seen = evidence(day, hour)
    found = run(seen)
    assert [found.facts[name] for name in ("n", "dated", "total")] == [80, 95, 100]
    assert found.notes[0].values == {"n": 20, "total": 100}
    json.dumps(found.facts, allow_nan=False)
    few = run(evidence(day[20:40], hour[20:40]))
    assert not few.enough
    assert [note.key for note in few.notes] == ["rhythm_too_few"]
    assert not run(replace(seen, days=None)).enough
    for note in (*found.notes, *few.notes):
        assert words("sv").note(note) != words("en").note(note)


def test_a_place_stands_out_by_its_own_hours_only():
    """The map is busy on evenings; the school is on weekday mornings, and that alone is marked."""
    rng = np.random.default_rng(13)
    hour = rng.integers(0, 7, 2000) * 24 + rng.integers(18, 24, 2000)
    school = rng.integers(0, 5, 60) * 24 + 8
    inside = np.r_[np.arange(2000) < 40, np.ones(60, dtype=bool)]
    week = rng.integers(0, 52, 2060)
    found = stands_out(np.r_[hour, school], week, inside)
    assert np.argwhere(found).tolist() == [[day, 8] for day in range(5)]
    assert not stands_out(hour, week[:2000], np.arange(2000) < 200).any()


def test_weeks_begin_on_mondays():
    """1970-01-05 was a Monday."""
    assert np.diff(week_of(np.arange(0, 12))).nonzero()[0].tolist() == [3, 10]


def test_it_declares_what_it_needs():
    """Points and days; it claims no place and has no column."""
    assert METHOD.needs_points
    assert METHOD.needs_days
    assert METHOD.columns == ()
