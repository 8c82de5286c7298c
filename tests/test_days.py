"""Days: holidays as the law has them, darkness as the almanac has it, clocks that change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from astral import Observer
from astral.sun import dawn, dusk, elevation

from geo.calendar import parse_period
from geo.days import darkness, days_of, public_holidays, sun_height
from geo.months import parse_month

ZONE = ZoneInfo("Europe/Stockholm")
STOCKHOLM = {"lon": 18.07, "lat": 59.33}
KIRUNA = {"lon": 20.23, "lat": 67.86}

MOVABLE = {  # Good Friday, Ascension Day, midsummer's eve, All Saints' Day: printed calendars
    2019: ("04-19", "05-30", "06-21", "11-02"),
    2020: ("04-10", "05-21", "06-19", "10-31"),
    2021: ("04-02", "05-13", "06-25", "11-06"),
    2022: ("04-15", "05-26", "06-24", "11-05"),
    2023: ("04-07", "05-18", "06-23", "11-04"),
    2024: ("03-29", "05-09", "06-21", "11-02"),
    2025: ("04-18", "05-29", "06-20", "11-01"),
    2026: ("04-03", "05-14", "06-19", "10-31"),
}
FIXED = ("01-01", "01-06", "05-01", "06-06", "12-24", "12-25", "12-26", "12-31")


def number(day: date) -> int:
    """Number a day from 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def year(of: int) -> np.ndarray:
    """Number all days of a year."""
    return np.arange(number(date(of, 1, 1)), number(date(of + 1, 1, 1)))


@pytest.mark.parametrize("of", MOVABLE)
def test_public_holidays_are_those_of_printed_calendars(of):
    """With the three eves of the holidays act; no ordinary Sunday, no Walpurgis night."""
    friday, ascension, eve, saints = (date.fromisoformat(f"{of}-{day}") for day in MOVABLE[of])
    expected = {date.fromisoformat(f"{of}-{day}") for day in FIXED}
    expected |= {friday, ascension, eve, saints, eve + timedelta(1)}
    expected |= {friday + timedelta(days) for days in (2, 3, 51)}  # Easter and Whit Sunday
    days = year(of)
    found = set(days[public_holidays(days)].astype("datetime64[D]").tolist())
    assert found == expected


@pytest.mark.parametrize(
    ("utc", "place"),
    [  # sunrise and sunset in Stockholm as almanacs print them, in UTC
        ("2024-06-20T01:31", STOCKHOLM),
        ("2024-06-20T20:08", STOCKHOLM),
        ("2024-12-21T07:43", STOCKHOLM),
        ("2024-12-21T13:48", STOCKHOLM),
    ],
)
def test_the_sun_stands_at_the_horizon_when_almanacs_say(utc, place):
    """At sunrise and sunset the centre is 0.83 degrees down; it moves that in ten minutes."""
    seconds = np.array([np.datetime64(utc, "s").astype(np.int64)])
    assert sun_height(seconds, **place)[0] == pytest.approx(-0.83, abs=0.25)


@pytest.mark.parametrize("day", ["2024-01-15", "2024-03-31", "2024-07-20", "2024-10-27"])
def test_dark_hours_are_those_between_dusk_and_dawn(day):
    """To within three minutes of another library; also on the days when clocks change."""
    one = date.fromisoformat(day)
    observer = Observer(STOCKHOLM["lat"], STOCKHOLM["lon"])
    shares = darkness(np.array([number(one)]), **STOCKHOLM)[0]
    rise, fall = (f(observer, one, depression=6, tzinfo=ZONE) for f in (dawn, dusk))
    for hour in range(24):
        if day == "2024-03-31" and hour == 2:
            assert shares[hour] == 0
            continue
        up = np.clip((rise.hour - hour) + rise.minute / 60, 0, 1)
        down = np.clip(1 - ((fall.hour - hour) + fall.minute / 60), 0, 1)
        assert shares[hour] == pytest.approx(up + down, abs=0.05), hour


@pytest.mark.parametrize("day", ["2024-03-31", "2024-05-20", "2024-10-27", "2024-12-31"])
def test_darkness_in_the_far_north_is_that_of_every_other_minute(day):
    """Kiruna, by another library; on nights with 23 and 25 hours, at midnight sun, at New Year."""
    shares = darkness(np.array([number(date.fromisoformat(day))]), **KIRUNA)[0]
    observer = Observer(KIRUNA["lat"], KIRUNA["lon"])
    start = datetime.fromisoformat(day).replace(tzinfo=ZONE).astimezone(UTC)
    dark: list[list[bool]] = [[] for _ in range(24)]
    for minute in range(1, 25 * 60, 2):
        moment = start + timedelta(minutes=minute)
        local = moment.astimezone(ZONE)
        if local.date().isoformat() == day:
            dark[local.hour].append(elevation(observer, moment, with_refraction=False) < -6)
    expected = [np.mean(hour) if hour else 0 for hour in dark]
    assert shares == pytest.approx(expected, abs=0.04)


def test_the_clock_moves_an_hour_and_the_sun_does_not():
    """From Saturday to Sunday the morning's darkness ends an hour later by the clock in spring."""
    before, after = darkness(np.array([number(date(2024, 3, 30))]) + np.arange(2), **STOCKHOLM)
    assert after[3:7].sum() - before[2:6].sum() == pytest.approx(0.0, abs=0.1)


def test_midnight_sun_and_polar_night_have_an_answer():
    """In Kiruna it is dark at no hour of midsummer; at Christmas it is light at noon only."""
    dark = darkness(year(2024), **KIRUNA)
    assert not dark[number(date(2024, 6, 20)) - year(2024)[0]].any()
    winter = dark[number(date(2024, 12, 22)) - year(2024)[0]]
    assert winter[12] == 0
    assert winter[[6, 16, 20]].tolist() == [1, 1, 1]
    assert np.isfinite(dark).all()


def test_days_of_months_are_whole_and_know_what_they_were_told():
    """February 2024 has 29 days; a break of five, rain on one, nothing known of the others."""
    month = parse_month("2024-02")
    first = number(date(2024, 2, 1))
    days = days_of(
        (month, month),
        **STOCKHOLM,
        school=[parse_period("2024-02-26/2024-03-01")],
        weather={"precipitation": {first + 3: 4.5, first - 1: 9.0}},
    )
    assert (days.first, len(days)) == (first, 29)
    assert np.flatnonzero(days.school).tolist() == [25, 26, 27, 28]
    rain = days.weather["precipitation"]
    assert rain[3] == 4.5
    assert np.isnan(rain).sum() == 28


def test_elsewhere_neither_clock_nor_holidays_are_known():
    """Memphis has other clocks and other holidays: nothing is said of them."""
    days = days_of((parse_month("2019-01"),) * 2, lon=-90.0, lat=35.1)
    assert (days.public, days.dark, days.school) == (None, None, None)
    assert len(days) == 31
