"""What each day was like: holidays, darkness by the hour, and weather where it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from geo.calendar import in_periods

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from geo.calendar import Period

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CIVIL = -6.0
"""Below this height of the sun (degrees) one cannot do without lamps: civil twilight has ended."""

_ZONE = ZoneInfo("Europe/Stockholm")
_SWEDEN = (10.5, 55.0, 24.5, 69.5)
"""West, south, east, north, degrees: beyond these the clocks and holidays are surely others."""

_HOUR = 3600
_DAY = 24 * _HOUR
_HALF = _HOUR // 2
"""So often is the sun looked at; between, its height is taken to change evenly (0.06 degrees)."""


@dataclass(frozen=True, eq=False)
class Days:
    """The days from ``first`` on (numbered from 1970-01-01), without a gap; parallel arrays.

    ``public`` marks public holidays, ``school`` school holidays (None where nobody has said when
    these are). ``dark`` (days x 24) is the share of each local clock hour that is dark; of the hour
    that comes twice in autumn, of both; 0 of the one that is skipped in spring. ``weather`` holds a
    number for each day by its name, NaN where nothing is known. ``public`` and ``dark`` are None
    outside Sweden, whose holidays and clocks they go by.
    """

    first: int
    length: int
    public: NDArray[np.bool_] | None
    school: NDArray[np.bool_] | None
    dark: Floats | None
    weather: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.length


def days_of(
    months: tuple[int, int],
    *,
    lon: float,
    lat: float,
    school: Iterable[Period] = (),
    weather: Mapping[str, Mapping[int, float]] | None = None,
) -> Days:
    """Describe the days of the months, first and last included, at a place (degrees, WGS 84).

    ``weather`` gives numbers by name and day (numbered as ``Days``).
    """
    first, end = (
        int(np.datetime64(month - 1970 * 12, "M").astype("datetime64[D]").astype(np.int64))
        for month in (months[0], months[1] + 1)
    )
    days = np.arange(first, end)
    west, south, east, north = _SWEDEN
    swedish = west <= lon <= east and south <= lat <= north
    periods = tuple(school)
    return Days(
        first,
        len(days),
        public_holidays(days) if swedish else None,
        in_periods(days.astype("datetime64[D]"), periods) if periods else None,
        darkness(days, lon=lon, lat=lat) if swedish else None,
        {
            name: np.array([values.get(day, np.nan) for day in days.tolist()])
            for name, values in (weather or {}).items()
        },
    )


def public_holidays(days: Ints) -> NDArray[np.bool_]:
    """Mark Sweden's public holidays, and the eves that the law on holidays puts on a par with them.

    These are the eves of midsummer, Christmas and the new year (SFS 1977:480, section 7). Ordinary
    Sundays are none, though the law calls them so. Others (Walpurgis night, say) are working days.
    """
    from holidays import (  # noqa: PLC0415 - slow to import, and asked for by one method only
        DE_FACTO,
        PUBLIC,
        country_holidays,
    )

    years = np.unique(days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)) + 1970
    found = country_holidays("SE", years=years.tolist(), categories=(PUBLIC, DE_FACTO))
    return np.isin(days.astype("datetime64[D]"), np.array(list(found), dtype="datetime64[D]"))


def darkness(days: Ints, *, lon: float, lat: float) -> Floats:
    """Give the share of each local clock hour in which the sun is more than 6 degrees down.

    ``days`` run on without a gap. Time is counted where there are no gaps (UTC), so that the nights
    on which clocks change need no rule of their own. Weather, hills and street lamps play no part.
    """
    # An hour of UTC is an hour by Swedish clocks; a day more at both ends holds all that are local.
    begin, end = (int(days[0]) - 1) * _DAY, (int(days[-1]) + 2) * _DAY
    start = np.arange(begin, end, _HOUR)
    depth = CIVIL - sun_height(np.arange(begin, end + 1, _HALF), lon=lon, lat=lat)
    deeper, higher = np.maximum(depth[1:], depth[:-1]), np.minimum(depth[1:], depth[:-1])
    share = np.clip(deeper / np.maximum(deeper - higher, 1e-12), 0.0, 1.0)
    dark = share.reshape(-1, _HOUR // _HALF).mean(axis=1)
    offset = [
        datetime.fromtimestamp(second, _ZONE).utcoffset().total_seconds()  # type: ignore[union-attr]  # a zone has one
        for second in start.tolist()
    ]
    local = (start + np.array(offset)) // _HOUR - int(days[0]) * 24
    local = local.astype(np.int64)
    inside = (local >= 0) & (local < len(days) * 24)
    size = len(days) * 24
    total = np.bincount(local[inside], dark[inside], size)
    hours = np.bincount(local[inside], minlength=size)
    return np.asarray((total / np.maximum(hours, 1)).reshape(-1, 24), dtype=np.float64)


def sun_height(seconds: Ints, *, lon: float, lat: float) -> Floats:
    """Give how high the sun's centre stands (degrees) at seconds since 1970 (UTC).

    Without refraction, which plays no part below the horizon. Within 0.02 degrees from 1950 to
    2050, that is 0.3 minutes at Swedish latitudes: the Astronomical Almanac's low-precision
    formulas (Michalsky 1988). Answers everywhere, also where the sun never sets or never rises.
    """
    n = seconds / _DAY + 2440587.5 - 2451545.0  # days from noon on 1 January 2000
    mean_anomaly = np.radians((357.528 + 0.9856003 * n) % 360)
    longitude = np.radians(
        280.460 + 0.9856474 * n + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly)
    )
    obliquity = np.radians(23.439 - 4e-7 * n)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    sidereal = np.radians((15.0 * (18.697374558 + 24.06570982441908 * n) + lon) % 360)
    phi = np.radians(lat)
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(
        sidereal - ascension
    )
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), dtype=np.float64)
