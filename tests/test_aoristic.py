"""Events known only from one time to another: spread evenly, exactly, and none lost."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.aoristic import Between, cut_by_hour, spread
from geo.months import UNKNOWN_HOUR, month_text, parse_month

FIRST = np.datetime64("2019-12-01T00:00", "s")
INTERVAL = st.tuples(
    st.integers(0, 3 * 365 * 24 * 60),
    st.one_of(st.integers(0, 60), st.integers(0, 3000), st.integers(9_900, 10_200)),
)


def times(*texts):
    """Make times of texts."""
    return np.array(texts, dtype="datetime64[s]")


def shares(start, end, **more):
    """Spread one event: what lies in each (month, hour of the week)."""
    found = spread(times(start), times(end), **more)
    assert (found.event == 0).all()
    keys = [(month_text(m), int(h)) for m, h in zip(found.month, found.hour, strict=True)]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found.share.tolist(), strict=True))


def hour(day, clock):
    """Number an hour of the week; Monday is 0."""
    return day * 24 + clock


def near(expected):
    """Compare shares to the precision of floating point."""
    return pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (  # a Friday night: half an hour, two hours, half an hour, of three
            "2021-07-02T23:30",
            "2021-07-03T02:30",
            {
                ("2021-07", hour(4, 23)): 1 / 6,
                ("2021-07", hour(5, 0)): 2 / 6,
                ("2021-07", hour(5, 1)): 2 / 6,
                ("2021-07", hour(5, 2)): 1 / 6,
            },
        ),
        (  # half an hour within one hour
            "2021-07-02T14:10",
            "2021-07-02T14:40",
            {("2021-07", hour(4, 14)): 1.0},
        ),
        (  # the end is not included
            "2021-07-02T14:10",
            "2021-07-02T15:00",
            {("2021-07", hour(4, 14)): 1.0},
        ),
        (  # Wednesday 30 June to Thursday 1 July: months follow the clock
            "2021-06-30T23:00",
            "2021-07-01T00:15",
            {("2021-06", hour(2, 23)): 0.8, ("2021-07", hour(3, 0)): 0.2},
        ),
        (  # Sunday night into Monday: the week wraps
            "2021-07-04T23:20",
            "2021-07-05T00:40",
            {("2021-07", hour(6, 23)): 0.5, ("2021-07", hour(0, 0)): 0.5},
        ),
        (  # a moment
            "2021-12-31T23:59:59",
            "2021-12-31T23:59:59",
            {("2021-12", hour(4, 23)): 1.0},
        ),
        (  # a week and two hours: two hours come twice
            "2021-07-05T10:00",
            "2021-07-12T12:00",
            {
                ("2021-07", h): (2 if h in {hour(0, 10), hour(0, 11)} else 1) / 170
                for h in range(168)
            },
        ),
    ],
)
def test_shares_worked_by_hand(start, end, expected):
    """2 July 2021 was a Friday."""
    assert shares(start, end) == near(expected)


def test_the_example_of_the_methods_author():
    """From 8 to 16 o'clock: 0.125 for each of eight hours (J. Ratcliffe, jratcliffe.net)."""
    found = shares("2021-03-01T08:00", "2021-03-01T16:00")
    assert found == near({("2021-03", h): 0.125 for h in range(8, 16)})


def test_a_year_covers_every_hour_and_its_own_weekday_once_more():
    """2021 began and ended on a Friday: its 24 hours came 53 times, the others 52."""
    found = shares("2021-01-01", "2022-01-01")
    assert len(found) == 12 * 168
    of_hour = defaultdict(float)
    of_month = defaultdict(float)
    for (month, at), share in found.items():
        of_hour[at] += share
        of_month[month] += share
    assert of_hour == near({h: (53 if h // 24 == 4 else 52) / 8760 for h in range(168)})
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assert of_month == near({f"2021-{m:02d}": d / 365 for m, d in enumerate(days, 1)})


def test_where_only_days_are_known_no_hour_is():
    """From 21 June to 9 July: ten days in June, nine in July, and no hours."""
    found = shares("2021-06-21", "2021-07-10", timed=np.array([False]))
    assert found == near({("2021-06", UNKNOWN_HOUR): 10 / 19, ("2021-07", UNKNOWN_HOUR): 9 / 19})


def test_the_odd_nights_are_as_the_clock_shows_them():
    """Each hour on the clock counts once on the nights of summer time, as on any other."""
    for night in ("2021-03-28", "2021-10-31", "2021-06-13"):
        found = shares(f"{night}T00:00", f"{night}T06:00")
        assert found == near({(night[:7], hour(6, h)): 1 / 6 for h in range(6)})


def by_minutes(start, minutes):
    """Count the minutes of an interval one by one."""
    found = defaultdict(int)
    for i in range(minutes):
        at = start + dt.timedelta(minutes=i)
        found[at.year * 12 + at.month - 1, at.weekday() * 24 + at.hour] += 1
    return {key: n / minutes for key, n in found.items()}


@settings(deadline=None)
@given(st.lists(INTERVAL, max_size=6))
def test_spreading_equals_a_loop_over_minutes(intervals):
    """Months and hours of every event are those of its minutes, counted one by one."""
    start = FIRST + np.array([at for at, _ in intervals], dtype=np.int64).astype("timedelta64[m]")
    minutes = np.array([max(m, 1) for _, m in intervals], dtype=np.int64)
    found = spread(start, start + minutes.astype("timedelta64[m]"))
    ours = [{} for _ in intervals]
    for event, month, at, share in zip(*found, strict=True):
        assert (month, at) not in ours[event]
        ours[event][month, at] = share
    pairs = zip(start.tolist(), minutes.tolist(), strict=True)
    expected = [by_minutes(at, m) for at, m in pairs]
    assert ours == [near(e) for e in expected]


@given(
    st.lists(
        st.tuples(
            st.integers(-(10**9), 10**9),
            st.one_of(st.integers(0, 10**5), st.integers(0, 10**8)),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_every_event_weighs_one_however_long_and_wherever_it_stands(events, random):
    """Shares are positive and add up to 1 within 1e-12; another order gives the same shares."""
    start = FIRST + np.array([e[0] for e in events]).astype("timedelta64[s]")
    end = start + np.array([e[1] for e in events]).astype("timedelta64[s]")
    timed = np.array([e[2] for e in events])
    found = spread(start, end, timed)
    assert (found.share > 0).all()
    total = np.bincount(found.event, weights=found.share, minlength=len(events))
    assert np.abs(total - 1).max() <= 1e-12
    assert ((found.hour == UNKNOWN_HOUR) == ~timed[found.event]).all()
    order = np.array(random.sample(range(len(events)), len(events)))
    other = spread(start[order], end[order], timed[order])
    rows = {(e, m, h): s for e, m, h, s in zip(*found, strict=True)}
    assert {(order[e], m, h): s for e, m, h, s in zip(*other, strict=True)} == rows


def test_what_has_one_time_or_none_has_no_share():
    """NaT at either end: the others keep their positions."""
    start = times("2021-07-02T10:00", "NaT", "2021-07-02T10:00")
    end = times("NaT", "2021-07-02T11:00", "2021-07-02T11:00")
    found = spread(start, end, np.array([True, True, False]))
    assert (found.event.tolist(), found.hour.tolist()) == ([2], [UNKNOWN_HOUR])
    assert len(spread(start[:0], end[:0]).share) == 0


def test_an_end_before_the_start_is_refused():
    """Who calls has sorted them out."""
    with pytest.raises(ValueError, match="before it starts"):
        spread(times("2021-07-02T10:00"), times("2021-07-02T09:59"))


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.floats(0, 10**6)), min_size=1, max_size=9)
)
def test_pieces_of_an_hour_make_up_the_whole(spans):
    """No piece is longer than its hour or lies outside it; those of a span add up to it."""
    begin = np.array([s[0] for s in spans])
    seconds = np.array([s[1] for s in spans])
    whose, at, part = cut_by_hour(begin, seconds)
    assert (at % 3600 == 0).all()
    assert ((part >= 0) & (part <= 3600)).all()
    assert np.bincount(whose, weights=part) == pytest.approx(seconds, abs=1e-6)
    assert (np.bincount(whose) == [len(np.unique(at[whose == i])) for i in range(len(spans))]).all()


def test_what_is_to_be_spread_can_be_taken_and_told():
    """Two of three: one over a month's end, the longest of two and a half days."""
    between = Between(
        times("2021-06-30T12:00", "NaT", "2021-07-02T10:00"),
        times("2021-07-03T00:00", "NaT", "2021-07-02T11:30"),
        np.ones(3, dtype=bool),
    )
    assert between.extent() == (2, 1, 3)
    assert between.take(np.array([False, True, False])) is None
    assert between.take(np.array([2, 1])).extent() == (1, 0, 1)
    rest = between.but(np.array([True, False, False]))
    assert rest.needed.tolist() == [False, False, True]
    assert rest.but(np.ones(3, dtype=bool)).extent() == (0, 0, 0)
    assert [str(t) for t in between.midpoint] == [
        "2021-07-01T18:00:00",
        "NaT",
        "2021-07-02T10:45:00",
    ]
    days = Between(times("2021-06-30"), times("2021-07-02"), np.zeros(1, dtype=bool))
    assert str(days.midpoint[0]) == "2021-06-30T23:59:59"  # two days: the last second of the first
    whole_month = Between(times("2021-06-01"), times("2021-07-01"), np.ones(1, dtype=bool))
    assert whole_month.extent() == (1, 0, 30)
    assert parse_month("2021-06") == spread(whole_month.start, whole_month.end).month[0]
