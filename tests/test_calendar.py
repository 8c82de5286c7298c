"""Periods of whole days: read strictly, united where they touch, asked by day and by month."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.calendar import Period, in_periods, merged, months_unnamed, parse_period
from geo.months import parse_month

DAYS = st.dates(date(2019, 11, 1), date(2022, 2, 28))
PERIODS = st.lists(
    st.builds(lambda day, n: Period(day, day + timedelta(n)), DAYS, st.integers(0, 90)), max_size=6
)


def days_of(periods):
    """Every day of some periods, counted out one by one."""
    return {one.first + timedelta(i) for one in periods for i in range(one.days)}


def test_a_period_is_two_days_or_one():
    """Both ends belong to it; a day alone is a period of that day; it is written as it is read."""
    week = parse_period("2021-02-15/2021-02-19")
    assert week == (date(2021, 2, 15), date(2021, 2, 19))
    assert week.days == 5
    assert parse_period(" 2021-05-14 ").days == 1
    assert parse_period("2021-02-15 / 2021-02-19") == parse_period(str(week)) == week


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2021-02-19/2021-02-15", "first day before the last"),
        ("2021-02-30/2021-03-02", "a day that exists, found '2021-02-30'"),
        ("15/2-19/2", "YYYY-MM-DD/YYYY-MM-DD"),
        ("2021-02-15/2021-02-19/2021-02-20", "YYYY-MM-DD/YYYY-MM-DD"),
        ("20210215/20210219", "YYYY-MM-DD/YYYY-MM-DD"),
        ("", "YYYY-MM-DD/YYYY-MM-DD"),
    ],
)
def test_anything_else_is_refused_with_what_was_found(text, said):
    """Reversed, impossible and unreadable days are told apart."""
    with pytest.raises(ValueError, match=said):
        parse_period(text)


@given(PERIODS)
@example(
    [Period(date(2021, 2, 20), date(2021, 2, 21)), Period(date(2021, 2, 15), date(2021, 2, 19))]
)
def test_merging_keeps_the_days_and_leaves_gaps_between(periods):
    """The same days as counted one by one, sorted, with at least one day between two periods."""
    whole = merged(periods)
    assert days_of(whole) == days_of(periods)
    for one, following in pairwise(whole):
        assert (following.first - one.last).days > 1


@given(PERIODS, st.lists(DAYS, max_size=30))
def test_a_day_is_in_a_period_when_it_is_one_of_its_days(periods, days):
    """Against a set of days counted one by one; in any order, overlapping or not."""
    found = in_periods(np.array(days, dtype="datetime64[D]"), periods)
    assert found.tolist() == [day in days_of(periods) for day in days]


def test_an_unknown_day_is_in_no_period():
    """NaT is False, and does not disturb the days beside it."""
    days = np.array(["NaT", "2021-02-19", "2021-02-20"], dtype="datetime64[D]")
    assert in_periods(days, [parse_period("2021-02-15/2021-02-19")]).tolist() == [
        False,
        True,
        False,
    ]
    assert in_periods(days, []).tolist() == [False] * 3


def test_a_year_with_a_period_of_its_own_is_named_another_only_where_it_is_touched():
    """Sports week 2021 names 2021; Christmas to January names one month of 2022."""
    period = (parse_month("2020-11"), parse_month("2022-03"))
    christmas = parse_period("2021-12-22/2022-01-10")
    week = parse_period("2021-02-15/2021-02-19")

    def unnamed(*periods):
        return set(months_unnamed(period, periods))

    before = {parse_month("2020-11"), parse_month("2020-12")}
    after = {parse_month("2022-02"), parse_month("2022-03")}
    assert unnamed(week, christmas) == before | after
    assert unnamed(week) == before | after | {parse_month("2022-01")}
    assert unnamed(christmas) == before | after | {
        parse_month(f"2021-{m:02}") for m in range(1, 12)
    }
    assert len(unnamed()) == 17
