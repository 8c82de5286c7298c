"""Promises of reading dates and times."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.when import (
    Times,
    elapsed_minutes,
    from_to,
    read_times,
    says_midnight,
    universal_to_wall,
    wall_to_universal,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

STOCKHOLM = ZoneInfo("Europe/Stockholm")
FIRST, LAST = (dt.datetime.fromisoformat(day) for day in ("1990-01-01", "2100-12-31"))
SECOND, LAST_KNOWN = (dt.datetime.fromisoformat(day) for day in ("1990-01-02", "2037-12-30"))


def read(*values: str | None, time: Sequence[str | None] | None = None) -> Times:
    """Read a column of text, perhaps with a second one of times."""
    second = None if time is None else pd.Series(list(time), dtype="str")
    return read_times(pd.Series(list(values), dtype="str"), second)


def one(value: str) -> str | None:
    """Read one value: the date, with the time if it has one; None if it is unreadable."""
    times = read(value)
    if times.unreadable[0]:
        assert np.isnat(times.local[0])
        return None
    text = str(times.local[0]).replace("T", " ")
    return text if times.has_hour[0] else text[:10]


def keys(times: Times) -> list[str]:
    """Give the keys of the notes."""
    return [note.key for note in times.notes]


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-07", " 2021-06-07 ", "20210607", "210607", "2021-6-7", "2021/06/07", "2021.06.07",
        "7/6-21", "7/6 -21", "7/6 2021", "07/06 2021", "7.6.2021", "07.06.2021", "7.6.21",
        "7. 6. 2021",
        "7 juni 2021", "7 jun 2021", "7 jun. 2021", "den 7 juni 2021", "Den 7:e juni 2021",
        "måndag 7 juni 2021", "Måndagen den 7 juni 2021", "mån 7/6-21", "7 June 2021", "7-jun-21",
        "7/6-'21",
    ],
)  # fmt: skip
def test_a_swedish_date_is_read_and_has_no_hour(written: str) -> None:
    """However it is written where the year is plain, it is the seventh of June 2021."""
    assert one(written) == "2021-06-07"


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-07 14:30", "2021-06-07T14:30", "2021-06-07 14:30:00", "2021-06-07T14:30:00.123",
        "2021-06-07 14.30", "2021-06-07 kl 14:30", "2021-06-07, kl. 14.30", "20210607 1430",
        "20210607T143000", "202106071430", "7/6-21 kl 14.30", "7/6 2021 kl. 14:30",
        "den 7 juni 2021 kl. 14:30", "den 7 juni 2021 klockan 14.30", "7.6.2021 14:30",
        "2021-06-07 2:30 PM", "2021-06-07 02:30 p.m.", "2021-06-07T12:30Z",
        "2021-06-07T14:30+02:00",
        "2021-06-07 14:30 +0200", "2021-06-07 12:30:00 +00:00", "2021-06-07T07:30:00-05:00",
        "2021-06-07 14:30:00,5+02",
    ],
)  # fmt: skip
def test_a_time_in_any_of_its_forms_is_half_past_two(written: str) -> None:
    """Points, colons, kl, 12-hour clocks and offsets all give the clock on the wall in Sweden."""
    assert one(written) == "2021-06-07 14:30:00"


def test_the_police_api_writes_hours_with_one_digit() -> None:
    """polisen.se gives ``2023-08-04 9:06:23 +02:00``."""
    assert one("2023-08-04 9:06:23 +02:00") == "2023-08-04 09:06:23"


@pytest.mark.parametrize(
    "written",
    [
        "2021-W23", "7/6", "7 juni", "2021-06", "2021", "igår", "2021-02-29", "31/6-21", "21-06-07",
        "2021-06-07 25:00", "2021-06-07 14:60", "2021-06-07 24:01", "2021-06-07 13:00 PM",
        "2021-06-07 kvällen", "1989-12-31", "2101-01-01", "9999-12-31", "0001-01-01", "7 foo 2021",
        "2021-13-01", "2021-06-07 14:30 CET", "-", "?",
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_date_is_unreadable_not_guessed(written: str) -> None:
    """Weeks, days without a year, days that do not exist, and years outside 1990 to 2100."""
    assert one(written) is None


def test_missing_is_not_unreadable() -> None:
    """Empty cells have no date, and that is said apart from dates nobody can read."""
    times = read(None, "", "   ", "x", "2021-06-07")
    assert np.isnat(times.local).tolist() == [True, True, True, True, False]
    assert times.unreadable.tolist() == [False, False, False, True, False]


@given(st.lists(st.datetimes(FIRST, LAST), min_size=1, max_size=9))
def test_every_way_of_writing_a_moment_gives_the_same_moment(moments: list[dt.datetime]) -> None:
    """ISO at once, ISO among others, and Swedish forms are read alike."""
    # the hour that no clock shows is another promise, and so is nothing but midnights
    moments = [m.replace(microsecond=0) for m in moments if (m.month, m.hour) != (3, 2)]
    if not moments or all(m.time() == dt.time() for m in moments):
        return
    expected = np.array(moments, dtype="datetime64[s]")
    forms = [
        [m.isoformat(" ") for m in moments],
        [m.isoformat() for m in moments],
        [m.isoformat(" ") for m in moments] + ["7/6-21"],
        [f"{m.day}/{m.month} {m.year} kl {m:%H.%M.%S}" for m in moments],
        [f"den {m.day} {SV[m.month - 1]} {m.year} kl. {m:%H:%M:%S}" for m in moments],
        [f"{m:%Y%m%d%H%M%S}" for m in moments],
    ]
    for form in forms:
        np.testing.assert_array_equal(read(*form).local[: len(moments)], expected)
    dates = [f"{m:%Y%m%d}" for m in moments]
    clocks = [f"{m:%H.%M.%S}" for m in moments]
    np.testing.assert_array_equal(read(*dates, time=clocks).local, expected)


SV = (
    "januari", "februari", "mars", "april", "maj", "juni",
    "juli", "augusti", "september", "oktober", "november", "december",
)  # fmt: skip


@given(st.datetimes(SECOND, LAST_KNOWN))
def test_offsets_become_swedish_time_as_the_time_zone_database_says(utc: dt.datetime) -> None:
    """Python's own zone rules agree, summer and winter and in both odd nights."""
    utc = utc.replace(microsecond=0, tzinfo=dt.UTC)
    wall = utc.astimezone(STOCKHOLM).replace(tzinfo=None)
    for text in (f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d} {utc.hour}:{utc:%M:%S} +00:00"):
        assert read(text).local[0] == np.datetime64(wall, "s")


def test_day_comes_first_unless_the_column_tells_otherwise() -> None:
    """One 13 in the second place turns the whole column; without one it is told."""
    times = read("7/6/2021", "25/12/2021")
    assert [str(t)[:10] for t in times.local] == ["2021-06-07", "2021-12-25"]
    assert keys(times) == []
    times = read("7/6/2021", "12/25/2021")
    assert [str(t)[:10] for t in times.local] == ["2021-07-06", "2021-12-25"]
    assert keys(times) == ["dates_read_month_first"]
    times = read(*["7/6/2021"] * 30, "12/31/2021")  # one slip does not turn thirty dates
    assert [str(t)[:10] for t in times.local[:30]] == ["2021-06-07"] * 30
    assert times.unreadable.tolist() == [False] * 30 + [True]
    assert keys(times) == ["dates_in_both_orders"]
    times = read("7/6/2021", "8/6/2021")
    assert [str(t)[:10] for t in times.local] == ["2021-06-07", "2021-06-08"]
    assert keys(times) == ["dates_read_day_first"]
    times = read("7/6/2021", "25/12/2021", "12/25/2021")
    assert times.unreadable.tolist() == [False, False, True]
    assert keys(times) == ["dates_in_both_orders"]


def test_a_swedish_dash_before_the_year_is_day_first_whatever_the_column_holds() -> None:
    """``7/6-21`` is never the sixth of July, which pandas would make of it."""
    times = read("7/6-21", "12/25/2021")
    assert str(times.local[0])[:10] == "2021-06-07"


def test_the_order_can_be_said() -> None:
    """For a file read in parts the caller decides, and there is nothing to remark."""
    column = pd.Series(["7/6/2021"], dtype="str")
    times = read_times(column, day_first=False)
    assert str(times.local[0])[:10] == "2021-07-06"
    assert keys(times) == []


def test_excel_days_are_read_only_when_the_whole_column_is_such() -> None:
    """44354 is 7 June 2021 in Excel; beside a real date it is a mistake."""
    times = read("44354", "44354.604166667", None)
    assert [str(t) for t in times.local[:2]] == ["2021-06-07T00:00:00", "2021-06-07T14:30:00"]
    assert times.has_hour.tolist() == [False, True, False]
    assert keys(times) == ["dates_are_excel_days"]
    assert read("44354", "2021-06-07").unreadable.tolist() == [True, False]
    assert read("12345").unreadable.all()


def test_the_hour_that_spring_skips_moves_forward_and_autumn_stays() -> None:
    """02:30 on 28 March 2021 was on no clock; 02:30 on 31 October was there twice."""
    times = read("2021-03-28 02:30", "2021-03-28 03:00", "2021-10-31 02:30", "2021-03-27 02:30")
    assert [str(t)[11:16] for t in times.local] == ["03:30", "03:00", "02:30", "02:30"]
    assert [(n.key, n.values["n"]) for n in times.notes] == [("times_in_skipped_hour", 1)]
    assert keys(read("2021-03-28")) == []


def test_midnight_in_every_row_is_no_hour() -> None:
    """Dates that a program exported with 00:00:00 must not all become midnight events."""
    days = [f"2021-06-{d:02d} 00:00:00" for d in range(1, 10)]
    times = read(*days)
    assert not times.has_hour.any()
    assert keys(times) == ["midnight_is_no_hour"]
    assert read(*days, "2021-06-10 07:00").has_hour.all()


def test_whether_midnight_is_an_hour_can_be_told_and_said() -> None:
    """What one part of a file tells holds for another, which by itself would tell otherwise."""
    midnights = [f"2021-06-{d:02d} 00:00:00" for d in range(1, 10)]
    dates, hours, few = read(*midnights), read(*midnights, "2021-06-10 07:00"), read(midnights[0])
    assert [says_midnight(part) for part in (dates, hours, few)] == [False, True, None]
    assert says_midnight(read("2021-06-07", None)) is None

    def told(*values: str, midnight: bool) -> list[bool]:
        column = pd.Series(values, dtype="str")
        return read_times(column, midnight=midnight).has_hour.tolist()

    assert told(midnights[0], midnight=False) == [False]
    assert told(midnights[0], "2021-06-10 07:00", midnight=False) == [False, True]
    assert told(*midnights, midnight=True) == [True] * 9


@given(
    st.datetimes(SECOND, LAST_KNOWN),
    st.sampled_from([None, (3, 28, 0), (3, 28, 1), (10, 31, 0), (10, 31, 1), (10, 31, 2)]),
)
def test_clocks_on_the_wall_are_those_of_the_time_zone_database(
    moment: dt.datetime, night: tuple[int, int, int] | None
) -> None:
    """There as Python's zoneinfo says, and back again, told which of two hours is meant."""
    if night is not None:
        month, day, hour = night
        moment = moment.replace(year=2021, month=month, day=day, hour=hour)
    utc = moment.replace(microsecond=0, tzinfo=dt.UTC)
    expected = utc.astimezone(STOCKHOLM)
    seconds = np.array([int(utc.timestamp())])
    wall = universal_to_wall(seconds)
    assert wall[0].item() == expected.replace(tzinfo=None)
    assert wall_to_universal(wall, first=not expected.fold).tolist() == seconds.tolist()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("14:30", 52200), ("14.30", 52200), ("kl 14.30", 52200), ("Kl. 14:30", 52200),
        ("1430", 52200),
        ("930", 34200), ("14", 50400), ("9", 32400), ("2:30 PM", 52200), ("12:15 am", 900),
        ("14:30:15", 52215), ("0.604166667", 52200), ("24:00", 86400), ("2021-06-07 14:30", 52200),
    ],
)  # fmt: skip
def test_a_column_of_times_gives_the_hour(written: str, seconds: int) -> None:
    """A second column's time replaces that of the date, whether or not the date has one."""
    midnight = np.datetime64("2021-05-01", "s")
    for date in ("2021-05-01", "1/5-21", "2021-05-01 00:00:00"):
        times = read(date, time=[written])
        assert times.local[0] == midnight + np.timedelta64(seconds, "s")
        assert times.has_hour[0]


def test_a_time_that_cannot_be_read_costs_the_hour_not_the_date() -> None:
    """The date stands, the hour is unknown, and they are counted."""
    times = read("2021-05-01", "2021-05-01", "x", time=["kvällen", None, "14:30"])
    assert times.has_hour.tolist() == [False, False, False]
    assert times.unreadable.tolist() == [False, False, True]
    assert [(n.key, n.values["n"]) for n in times.notes] == [("times_unreadable", 1)]


def test_columns_that_have_types_are_taken_as_they_are() -> None:
    """Dates, datetimes, and datetimes with a zone from files that have types."""
    plain = read_times(pd.Series(pd.DatetimeIndex(["2021-06-07 14:30", pd.NaT])))
    assert str(plain.local[0]) == "2021-06-07T14:30:00"
    assert np.isnat(plain.local[1])
    assert not plain.unreadable.any()
    zoned = read_times(pd.Series(pd.DatetimeIndex(["2021-06-07 12:30"], tz="UTC")))
    assert str(zoned.local[0]) == "2021-06-07T14:30:00"
    dates = read_times(pd.Series([dt.date(2021, 6, 7), None], dtype=object))
    assert str(dates.local[0]) == "2021-06-07T00:00:00"
    assert not dates.has_hour.any()


def test_no_column_no_dates() -> None:
    """Without a date column nothing is known, and nothing is wrong."""
    times = read_times(None, pd.Series(["14:30"], dtype="str"))
    assert np.isnat(times.local).tolist() == [True]
    assert not times.unreadable.any()
    assert len(read_times(None)) == len(read()) == 0


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2021-03-28T01:30", "2021-03-28T03:30", 60),  # an hour short
        ("2021-10-31T01:30", "2021-10-31T03:30", 180),  # an hour long
        ("2021-10-31T02:45", "2021-10-31T02:15", 30),  # from the first 02:45 to the second 02:15
        ("2021-06-07T22:00", "2021-06-08T00:30", 150),
        ("2021-06-07T22:00", "2021-06-07T21:00", -60),
    ],
)
def test_the_odd_nights_are_an_hour_short_and_an_hour_long(start, end, minutes) -> None:  # type: ignore[no-untyped-def]
    """What passed between two clocks on the wall is what a watch would show."""
    clock = [np.array([text], dtype="datetime64[s]") for text in (start, end)]
    assert elapsed_minutes(*clock).tolist() == [minutes]
    missing = np.array(["NaT"], dtype="datetime64[s]")
    assert np.isnan(elapsed_minutes(clock[0], missing)).all()


@pytest.mark.parametrize(
    ("start", "end", "counted", "hour", "spread"),
    [
        # one hour: a moment like any other
        ("2021-06-07 14:05", "2021-06-07 14:50", "2021-06-07T14:05", True, None),
        ("2021-06-07 14:05", "2021-06-07 14:05", "2021-06-07T14:05", True, None),
        # hours known at both ends
        (
            "2021-06-07 14:05", "2021-06-08 09:00", "2021-06-07T14:05", False,
            ("2021-06-07T14:05", "2021-06-08T09:00", True),
        ),
        (
            "2021-06-20 10:00", "2021-07-20 12:00", "2021-07-05T11:00", False,
            ("2021-06-20T10:00", "2021-07-20T12:00", True),
        ),
        # an hour unknown at one end: no hours, months where there are two
        ("2021-06-07 14:05", "2021-06-08", "2021-06-07T14:05", False, None),
        (
            "2021-06-29", "2021-07-02", "2021-06-30T23:59:59", False,
            ("2021-06-29T00:00", "2021-07-03T00:00", False),
        ),
        # one end is missing
        ("2021-06-07 14:05", None, "2021-06-07T14:05", True, None),
        (None, "2021-06-07", "2021-06-07", False, None),
        (None, "2021-06-07 07:00", "2021-06-07T07:00", False, None),  # found then
        (None, None, "NaT", False, None),
        # the autumn night: the second 02:15 comes after the first 02:45
        ("2021-10-31 02:45", "2021-10-31 02:15", "2021-10-31T02:45", True, None),
    ],
)  # fmt: skip
def test_from_and_to_count_once_and_spread_where_there_is_something_to_spread(  # type: ignore[no-untyped-def]
    start, end, counted, hour, spread
) -> None:
    """The end known by its date only is the end of that day; nothing here is turned."""
    found = from_to(read(start), read(end))
    assert found.turned.tolist() == [False]
    local = found.times.local
    assert local.tolist() == np.array([counted], dtype="datetime64[s]").tolist()
    assert found.times.has_hour.tolist() == [hour]
    if spread is None:
        assert found.between is None
    else:
        assert found.between is not None
        ends = np.array([found.between.start[0], found.between.end[0]])
        assert ends.tolist() == np.array(spread[:2], dtype="datetime64[s]").tolist()
        assert found.between.timed.tolist() == [spread[2]]


@pytest.mark.parametrize(
    ("start", "end", "vague"),
    [
        ("2021-06-07 22:00", "2021-06-08 06:00", False),  # overnight: the day it began
        ("2021-06-07 22:00", "2021-06-08 22:00", False),  # a day and no more
        ("2021-06-07 22:00", "2021-06-08 22:01", True),
        ("2021-06-07", "2021-06-07", False),
        ("2021-06-07", "2021-06-08", True),  # two whole days, though both lie in one month
        (None, "2021-06-08", False),
        ("2021-06-08", None, False),
    ],
)
def test_a_day_is_known_where_no_more_than_a_day_lies_between(start, end, vague) -> None:  # type: ignore[no-untyped-def]
    """Of what may have happened on several days none is its day."""
    assert from_to(read(start), read(end)).vague.tolist() == [vague]


def test_an_end_before_the_start_is_turned_and_never_spread() -> None:
    """By the clock, or by the day where the end has no clock; the same day is not turned."""
    found = from_to(
        read("2021-06-08", "2021-06-07 14:05", "2021-06-07 14:05", "2021-07-30 14:05"),
        read("2021-06-07", "2021-06-07 13:00", "2021-06-07", "2021-06-30 14:05"),
    )
    assert found.turned.tolist() == [True, True, False, True]
    assert found.between is None
