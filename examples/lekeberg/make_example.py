"""Makes the invented part of the Lekeberg example; the same files, byte for byte, every time.

Run it without arguments to write the files beside it, or give it a folder to write them there.
It reads the real part (``badplatser.csv``, ``orter.csv``, ``kommun.geojson``) and invents the
rest: two years of reports, traffic problems and patrols, and a schematic background map. Where
and when the invented trouble is, stands in ``TROUBLE`` below.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import sys
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

HERE = Path(__file__).parent
SEED = 1814
FIRST, LAST = date(2020, 1, 1), date(2021, 12, 31)

LonLat = tuple[float, float]

CENTRE = (14.743407, 59.16539)
"""The centre of the municipality, as the police publish it for notices without a place."""

OUTSIDE = (15.21, 59.274)
"""A point in the next municipality, some 15 km outside this one."""


def read_points(name: str) -> dict[str, LonLat]:
    """Read the named points of one of the real files."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return {row["namn"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)}


SITES = read_points("badplatser.csv")
TOWNS = read_points("orter.csv")
OUTLINE: list[LonLat] = [
    (lon, lat)
    for lon, lat in json.loads((HERE / "kommun.geojson").read_text(encoding="utf-8"))["features"][
        0
    ]["geometry"]["coordinates"][0]
]


# ---------------------------------------------------------------------------------------- ground


def shift(place: LonLat, east: float, north: float) -> LonLat:
    """Move a place by metres (good to a few centimetres within a kilometre)."""
    lon, lat = place
    return (lon + east / (111_320 * math.cos(math.radians(lat))), lat + north / 111_420)


def inside(place: LonLat) -> bool:
    """Whether a place lies within the municipality's outline."""
    x, y = place
    odd = False
    for (x1, y1), (x2, y2) in pairwise(OUTLINE):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            odd = not odd
    return odd


def sweref(place: LonLat) -> tuple[int, int]:
    """Give N and E in SWEREF 99 TM, in whole metres (Gauss conformal projection, GRS 80).

    After Lantmäteriet's published formulas (Krüger's series); the central meridian is 15°, the
    scale 0.9996 and the false easting 500,000 m.
    """
    lon, lat = (math.radians(degrees) for degrees in place)
    f = 1 / 298.257222101
    e2 = f * (2 - f)
    n = f / (2 - f)
    radius = 6_378_137 / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    s2 = math.sin(lat) ** 2
    conformal = lat - math.sin(lat) * math.cos(lat) * (
        e2 + (5 * e2**2 - e2**3) / 6 * s2 + (104 * e2**3 - 45 * e2**4) / 120 * s2**2
    )
    away = lon - math.radians(15)
    xi = math.atan2(math.tan(conformal), math.cos(away))
    eta = math.atanh(math.cos(conformal) * math.sin(away))
    series = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16,
        13 * n**2 / 48 - 3 * n**3 / 5,
        61 * n**3 / 240,
    )
    north, east = xi, eta
    for k, b in enumerate(series, 1):
        north += b * math.sin(2 * k * xi) * math.cosh(2 * k * eta)
        east += b * math.cos(2 * k * xi) * math.sinh(2 * k * eta)
    return round(0.9996 * radius * north), round(0.9996 * radius * east + 500_000)


# ------------------------------------------------------------------- the schematic background map

ROADS: dict[str, tuple[str, list[LonLat]]] = {
    "E18": (
        "road_major",
        [(14.76107, 59.2745), (14.7826, 59.2715), (14.84, 59.2635), (14.904, 59.26), OUTLINE[10]],
    ),
    "Vägen Vintrosa–Fjugesta": (
        "road_major",
        [(14.904, 59.26), TOWNS["Vintrosa"], (14.901, 59.222), (14.881, 59.199), TOWNS["Fjugesta"]],
    ),
    "Vägen Fjugesta–Mullhyttan": (
        "road_major",
        [
            TOWNS["Fjugesta"],
            (14.85, 59.1645),
            TOWNS["Gropen"],
            (14.76, 59.149),
            TOWNS["Mullhyttan"],
        ],
    ),
    "Vägen österut från Fjugesta": (
        "road_minor",
        [TOWNS["Fjugesta"], (14.93, 59.169), (15.01, 59.174), (15.0555, 59.169)],
    ),
    "Vägen söderut från Gropen": (
        "road_minor",
        [TOWNS["Gropen"], (14.812, 59.12), (14.78, 59.08), (14.757, 59.0426)],
    ),
    "Vägen Mullhyttan–Leken": (
        "road_minor",
        [
            TOWNS["Mullhyttan"],
            (14.688, 59.195),
            SITES["Lillsjön"],
            (14.755, 59.255),
            (14.7826, 59.2715),
            SITES["Leken"],
        ],
    ),
    "Vägen till Lanna badgruva": (
        "road_minor",
        [TOWNS["Vintrosa"], (14.914, 59.2477), SITES["Lanna badgruva"]],
    ),
    "Vägen till Multen Brogalandet": (
        "road_minor",
        [TOWNS["Mullhyttan"], (14.667, 59.1596), SITES["Multen Brogalandet"]],
    ),
    "Vägen till Multen Sixtorp": (
        "road_minor",
        [TOWNS["Mullhyttan"], (14.667, 59.1735), SITES["Multen Sixtorp"]],
    ),
}


def rounded_off(line: Sequence[LonLat], times: int = 3) -> list[LonLat]:
    """Cut a line's corners (Chaikin), so that it looks like a road; its ends stay."""
    for _ in range(times):
        cut = [line[0]]
        for (x1, y1), (x2, y2) in pairwise(line):
            cut.append((0.75 * x1 + 0.25 * x2, 0.75 * y1 + 0.25 * y2))
            cut.append((0.25 * x1 + 0.75 * x2, 0.25 * y1 + 0.75 * y2))
        line = [*cut, line[-1]]
    return list(line)


def road(name: str) -> list[LonLat]:
    """Give a road as it is drawn: corners at places that it must pass are kept."""
    points = ROADS[name][1]
    must = {*SITES.values(), *TOWNS.values()}
    drawn, start = [points[0]], 0
    for i in range(1, len(points)):
        if points[i] in must or i == len(points) - 1:
            drawn += rounded_off(points[start : i + 1])[1:]
            start = i
    return drawn


def blob(
    centre: LonLat, half_long: float, half_wide: float, turn: float, wobble: float
) -> list[LonLat]:
    """Draw a closed, somewhat uneven ellipse; ``turn`` in degrees from east, sizes in metres."""
    ring = []
    for i in range(48):
        angle = math.tau * i / 48
        size = 1 + wobble * (math.sin(3 * angle + 1) + 0.6 * math.sin(5 * angle + 2))
        a, b = half_long * size * math.cos(angle), half_wide * size * math.sin(angle)
        t = math.radians(turn)
        ring.append(
            shift(centre, a * math.cos(t) - b * math.sin(t), a * math.sin(t) + b * math.cos(t))
        )
    return [*ring, ring[0]]


def background() -> bytes:
    """Make the schematic background: roads, waters and built-up areas, each saying what it is."""
    features = []

    def add(kind: str, name: str, shape: str, coordinates: Iterable[LonLat], how: str) -> None:
        points = [[round(lon, 5), round(lat, 5)] for lon, lat in coordinates]
        features.append(
            {
                "type": "Feature",
                "properties": {"class": kind, "name": name, "schematisk": True, "hur": how},
                "geometry": {
                    "type": shape,
                    "coordinates": points if shape == "LineString" else [points],
                },
            }
        )

    with (HERE / "orter.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            radius = math.sqrt(float(row["area_ha"]) * 10_000 / math.pi)
            add(
                "built_up",
                row["namn"],
                "Polygon",
                blob(TOWNS[row["namn"]], radius, radius, 0, 0),
                "Schematisk: en cirkel med tätortens publicerade areal kring dess publicerade "
                "mittpunkt. Inte tätortens verkliga form.",
            )
    drawn = "Schematisk: ritad vid badplatsens publicerade läge. Inte sjöns verkliga form."
    (x1, y1), (x2, y2) = SITES["Multen Sixtorp"], SITES["Multen Brogalandet"]
    multen = ((x1 + x2) / 2, (y1 + y2) / 2)
    add("water", "Multen", "Polygon", blob(multen, 930, 330, 104, 0.05), drawn)
    leken, lillsjon = shift(SITES["Leken"], 40, 260), shift(SITES["Lillsjön"], 250, 30)
    add("water", "Leken", "Polygon", blob(leken, 420, 240, 12, 0.06), drawn)
    add("water", "Lillsjön", "Polygon", blob(lillsjon, 240, 150, 40, 0.06), drawn)
    quarry = shift(SITES["Lanna badgruva"], 20, -75)
    add("water", "Lanna badgruva", "Polygon", blob(quarry, 120, 62, -8, 0.04), drawn)
    for name, (kind, _) in ROADS.items():
        add(
            kind,
            name,
            "LineString",
            road(name),
            "Schematisk: en mjuk linje mellan orter, badplatser och några valda punkter. "
            "Inte vägens verkliga sträckning.",
        )
    return geojson(features)


def geojson(features: Sequence[Mapping[str, object]]) -> bytes:
    """Write features one to a line, so that a change is easy to see."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'.encode()


# -------------------------------------------------------------------------------- invented rhythm

NIGHT = {20: 3, 21: 5, 22: 6, 23: 6, 0: 5, 1: 3}
RUSH = {6: 1, 7: 6, 8: 4, 14: 1, 15: 3, 16: 6, 17: 5, 18: 2}
SCHOOL = {7: 5, 8: 2, 13: 1, 14: 3, 15: 4, 16: 1}
ANY_HOUR = {8: 2, 10: 2, 12: 2, 14: 2, 16: 3, 18: 3, 19: 3, 20: 3, 21: 3, 22: 3, 23: 2, 0: 1}

SUMMER = (0.03, 0.03, 0.06, 0.15, 0.5, 1.0, 1.25, 1.0, 0.35, 0.08, 0.03, 0.03)
ALL_YEAR = (0.8, 0.8, 0.9, 1, 1.1, 1.1, 0.9, 1.1, 1.1, 1, 0.9, 0.9)
FROM_SEPTEMBER = (0, 0, 0, 0, 0, 0, 0, 0, 0.5, 1, 1.3, 1.3)

THU_SAT = (0.15, 0.15, 0.25, 1.0, 1.6, 1.7, 0.4)
WEEKEND = (0.15, 0.15, 0.2, 0.35, 1.6, 1.9, 0.4)
WORKDAYS = (1, 1, 1, 1, 1.1, 0.15, 0.1)
FRI_SAT = (0.05, 0.05, 0.1, 0.2, 1.6, 1.7, 0.2)
EVEN = (1, 1, 1, 1, 1.1, 1.1, 1)


@dataclass(frozen=True)
class Trouble:
    """One cause of reports: where, how many each year, when, what, and who tells of it."""

    where: str
    spot: Callable[[random.Random], LonLat]
    years: tuple[int, int]
    what: Mapping[str, float]
    tellers: Sequence[str]
    months: Sequence[float] = ALL_YEAR
    days: Sequence[float] = EVEN
    hours: Mapping[int, float] | None = None
    only_date: float = 0.05
    traffic: bool = False


@dataclass(frozen=True)
class Report:
    """One invented report."""

    when: datetime
    only_date: bool
    what: str
    where: str
    text: str
    place: LonLat | None
    teller: str
    traffic: bool = False


def around(place: LonLat, spread: float) -> Callable[[random.Random], LonLat]:
    """Scatter about a place; ``spread`` in metres."""
    return lambda rng: shift(place, rng.gauss(0, spread), rng.gauss(0, spread))


def along(name: str, middle: float, spread: float) -> Callable[[random.Random], LonLat]:
    """Scatter along a road: about ``middle`` (0 to 1 of its points) with ``spread``, or evenly."""
    line = road(name)

    def spot(rng: random.Random) -> LonLat:
        share = rng.random() if spread == 0 else min(max(rng.gauss(middle, spread), 0), 1)
        at = share * (len(line) - 1)
        i = min(int(at), len(line) - 2)
        (x1, y1), (x2, y2) = line[i], line[i + 1]
        t = at - i
        on = (x1 + t * (x2 - x1), y1 + t * (y2 - y1))
        return shift(on, rng.gauss(0, 12), rng.gauss(0, 12))

    return spot


def anywhere(rng: random.Random) -> LonLat:
    """Scatter evenly over the municipality."""
    lons, lats = zip(*OUTLINE, strict=True)
    while True:
        place = (rng.uniform(min(lons), max(lons)), rng.uniform(min(lats), max(lats)))
        if inside(place):
            return place


BATHING = {"littering": 36, "disorder": 20, "alcohol": 18, "vandalism": 17, "noise": 9}
TOWN = {"disorder": 28, "narcotics": 18, "vandalism": 18, "graffiti": 14, "alcohol": 16, "noise": 6}
DRIVING = {"speeding": 52, "reckless_driving": 26, "traffic_noise": 18, "drink_driving": 4}
GATHERING = {"moped": 52, "traffic_noise": 24, "reckless_driving": 24}
THIN = {
    "burglary": 26,
    "theft": 22,
    "vandalism": 14,
    "littering": 14,
    "noise": 9,
    "fire": 6,
    "disorder": 5,
    "violence": 4,
}

BATHERS = ("boende", "parkförvaltningen", "nattvandrare", "fältassistent")
TOWNSFOLK = ("boende", "näringsidkare", "fältassistent", "bostadsbolaget", "nattvandrare")
ROAD_USERS = ("boende", "yrkesförare", "väghållaren", "bussförare")
AT_SCHOOL = ("skolan", "vårdnadshavare", "boende")

MEET = shift(TOWNS["Fjugesta"], 1150, 420)

TROUBLE = (
    Trouble(
        "Lanna badgruva",
        around(shift(SITES["Lanna badgruva"], 0, 40), 95),
        (80, 190),
        BATHING,
        BATHERS,
        SUMMER,
        THU_SAT,
        NIGHT,
    ),
    Trouble(
        "Leken",
        around(SITES["Leken"], 100),
        (60, 68),
        {**BATHING, "narcotics": 10},
        BATHERS,
        SUMMER,
        THU_SAT,
        NIGHT,
    ),
    Trouble(
        "Multen Sixtorp",
        around(SITES["Multen Sixtorp"], 110),
        (7, 8),
        BATHING,
        BATHERS,
        SUMMER,
        WEEKEND,
        NIGHT,
    ),
    Trouble(
        "Multen Brogalandet",
        around(SITES["Multen Brogalandet"], 110),
        (6, 6),
        BATHING,
        BATHERS,
        SUMMER,
        WEEKEND,
        NIGHT,
    ),
    Trouble(
        "Lillsjön",
        around(SITES["Lillsjön"], 110),
        (6, 7),
        BATHING,
        BATHERS,
        SUMMER,
        WEEKEND,
        NIGHT,
    ),
    Trouble(
        "Fjugesta centrum",
        around(TOWNS["Fjugesta"], 190),
        (122, 126),
        TOWN,
        TOWNSFOLK,
        ALL_YEAR,
        WEEKEND,
        NIGHT,
    ),
    Trouble(
        "Utkanten av Fjugesta",
        around(MEET, 80),
        (0, 22),
        {"disorder": 40, "littering": 40, "noise": 20},
        TOWNSFOLK,
        FROM_SEPTEMBER,
        FRI_SAT,
        NIGHT,
    ),
    Trouble("Fjugesta", around(TOWNS["Fjugesta"], 480), (48, 50), THIN, TOWNSFOLK, only_date=0.3),
    Trouble("Vintrosa", around(TOWNS["Vintrosa"], 560), (56, 58), THIN, TOWNSFOLK, only_date=0.3),
    Trouble(
        "Mullhyttan", around(TOWNS["Mullhyttan"], 350), (18, 20), THIN, TOWNSFOLK, only_date=0.3
    ),
    Trouble("Gropen", around(TOWNS["Gropen"], 280), (9, 10), THIN, TOWNSFOLK, only_date=0.3),
    Trouble("Landsbygden", anywhere, (56, 58), THIN, ("boende", "markägare"), only_date=0.4),
    Trouble(
        "E18 mellan Leken och Vintrosa",
        along("E18", 0.47, 0.025),
        (34, 36),
        DRIVING,
        ROAD_USERS,
        days=WORKDAYS,
        hours=RUSH,
        traffic=True,
    ),
    Trouble(
        "E18 norr om Vintrosa",
        along("E18", 0.7, 0.03),
        (24, 25),
        DRIVING,
        ROAD_USERS,
        days=FRI_SAT,
        hours=NIGHT,
        traffic=True,
    ),
    Trouble("E18", along("E18", 0, 0), (12, 12), DRIVING, ROAD_USERS, hours=ANY_HOUR, traffic=True),
    Trouble(
        "Vägen Vintrosa–Fjugesta",
        along("Vägen Vintrosa–Fjugesta", 0, 0),
        (26, 28),
        DRIVING,
        ROAD_USERS,
        days=WORKDAYS,
        hours=RUSH,
        traffic=True,
    ),
    Trouble(
        "Vägen Fjugesta–Mullhyttan",
        along("Vägen Fjugesta–Mullhyttan", 0, 0),
        (20, 22),
        DRIVING,
        ROAD_USERS,
        days=WORKDAYS,
        hours=RUSH,
        traffic=True,
    ),
    Trouble(
        "Genomfarten i Mullhyttan",
        around(TOWNS["Mullhyttan"], 90),
        (13, 14),
        {**DRIVING, "moped": 20},
        ROAD_USERS,
        days=FRI_SAT,
        hours=NIGHT,
        traffic=True,
    ),
    Trouble(
        "Vid skolan i Fjugesta",
        around(shift(TOWNS["Fjugesta"], -260, 240), 60),
        (18, 20),
        {"speeding": 60, "parking": 25, "reckless_driving": 15},
        AT_SCHOOL,
        (1, 1, 1, 1, 1, 0.4, 0, 0.6, 1.2, 1, 1, 0.7),
        (1, 1, 1, 1, 1, 0, 0),
        SCHOOL,
        traffic=True,
    ),
    Trouble(
        "Utkanten av Fjugesta",
        around(MEET, 80),
        (0, 46),
        GATHERING,
        ("boende", "näringsidkare"),
        FROM_SEPTEMBER,
        FRI_SAT,
        NIGHT,
        traffic=True,
    ),
    Trouble(
        "Vägen österut från Fjugesta",
        along("Vägen österut från Fjugesta", 0, 0),
        (8, 9),
        {**DRIVING, "moped": 25, "littering": 15},
        ROAD_USERS,
        hours=ANY_HOUR,
        traffic=True,
    ),
)

TEXTS: dict[str, tuple[str, ...]] = {
    "littering": (
        "Engångsgrillar och burkar kvar på gräset",
        "Skräp runt papperskorgarna, de är överfulla",
        "Krossat glas på marken, barn går här barfota",
        "Sopsäckar har ställts bredvid vägen",
        "Pizzakartonger och flaskor efter gårkvällen",
    ),
    "vandalism": (
        "Bänk sönderslagen",
        "Papperskorg nedbrunnen",
        "Belysningen sönderslagen",
        "Omklädningsrummets dörr uppbruten och trasig",
        "Staket nedsparkat, skylt uppdragen",
    ),
    "graffiti": ("Klotter på gaveln", 'Klotter: "MVH <3 & hej då"', "Tuschtaggar på väntkuren"),
    "disorder": (
        "Stor samling, stökigt och högljutt",
        "Ungdomar klättrar på taket",
        "Förbipasserande känner sig otrygga och tar en omväg",
        "Bråk mellan två grupper, lugnade sig efter en stund",
    ),
    "noise": ("Hög musik till långt in på natten", "Skrik och smällar", "Fest, grannar vaknar"),
    "alcohol": (
        "Berusade ungdomar",
        "Öldrickning trots förbudet",
        "En person så berusad att ambulans tillkallades",
    ),
    "narcotics": (
        "Misstänkt överlåtelse från bil",
        "Påsar och folie på marken",
        "Lukt av cannabis, flera personer gick därifrån",
    ),
    "burglary": ("Förråd uppbrutet", "Inbrott i bil, ruta krossad", "Inbrott i garage"),
    "theft": ("Cykel stulen", "Diesel stulen ur maskin", "Utombordare borta", "Verktyg stulna"),
    "fire": ("Eldning i torrt gräs", "Brand i container, släckt av boende"),
    "violence": ("Hot mot personal", "Slagsmål, polis på plats"),
    "speeding": (
        "Kör mycket fort",
        "Fort vid övergångsstället",
        "Fort och nära cyklister",
        "Lastbilar håller inte hastigheten",
    ),
    "reckless_driving": ("Vansinnig omkörning", "Sladdar och burnouts", "Kör på gångbanan"),
    "traffic_noise": ("Dånande avgassystem", "Hög musik från bilar", "Rusar motorer"),
    "moped": (
        "A-traktorer samlas, kör runt i timmar",
        "Trimmad moped på gångvägen",
        "A-traktor med flera på flaket",
    ),
    "drink_driving": ("Vinglig körning, misstänkt onykter förare",),
    "parking": ("Felparkerat så att barnen skyms", "Bilar på vändplatsen"),
}


def pick(rng: random.Random, weights: Mapping[str, float]) -> str:
    """Draw one key by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def moment(rng: random.Random, trouble: Trouble, year: int) -> datetime:
    """Draw a time of the year by the trouble's rhythm.

    Hours after midnight belong to the evening before, so they fall on the next date.
    """
    days = [FIRST + timedelta(d) for d in range((LAST - FIRST).days + 1)]
    days = [day for day in days if day.year == year]
    hours = trouble.hours or ANY_HOUR
    while True:
        day = rng.choices(
            days, [trouble.months[d.month - 1] * trouble.days[d.weekday()] for d in days]
        )[0]
        hour = rng.choices(list(hours), list(hours.values()))[0]
        minute = rng.choices(
            (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55), (4, *[1] * 5, 3, *[1] * 5)
        )[0]
        when = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - local, as files have it
        if hour < NIGHT[20]:
            when += timedelta(days=1)
        if when.date() <= LAST:
            return when


def invent(rng: random.Random) -> list[Report]:
    """Invent all sound reports, in the order of time."""
    reports = []
    for trouble in TROUBLE:
        for year, n in zip((2020, 2021), trouble.years, strict=True):
            for _ in range(n):
                what = pick(rng, trouble.what)
                place = trouble.spot(rng)
                while not inside(place):
                    place = trouble.spot(rng)
                reports.append(
                    Report(
                        when=moment(rng, trouble, year),
                        only_date=rng.random() < trouble.only_date,
                        what=what,
                        where=trouble.where,
                        text=rng.choice(TEXTS[what]),
                        place=place,
                        teller=rng.choice(trouble.tellers),
                        traffic=trouble.traffic,
                    )
                )
    return sorted(reports, key=lambda r: (r.when, r.where, r.what, r.text, r.place or CENTRE))


# -------------------------------------------------------------------------- files as offices keep

WORDS_2020 = {
    "littering": "Nedskräpning",
    "vandalism": "Skadegörelse",
    "graffiti": "Klotter",
    "disorder": "Samling av personer som stör ordningen",
    "noise": "Störande ljud",
    "alcohol": "Alkohol/berusade på allmän plats",
    "narcotics": "Misstänkt narkotikahantering",
    "burglary": "Inbrott (bostad, förråd, bil)",
    "theft": "Stöld/tillgrepp",
    "fire": "Brand/eldning",
    "violence": "Våld, hot, bråk",
}
WORDS_2021 = {
    "littering": "skräp",
    "vandalism": "sabotage/förstörelse",
    "graffiti": "klotter",
    "disorder": "otrygg samling",
    "noise": "oljud",
    "alcohol": "fylleri",
    "narcotics": "narkotika",
    "burglary": "inbrott",
    "theft": "stöld",
    "fire": "eldning",
    "violence": "hot och våld",
}
WORDS_TRAFFIC = {
    "speeding": "Fortkörning",
    "reckless_driving": "Buskörning",
    "traffic_noise": "Bullrande fordon",
    "moped": "A-traktor/moped",
    "drink_driving": "Misstänkt rattfylleri",
    "parking": "Felparkering",
    "littering": "Nedskräpning längs väg",
}
SEVERITY = {"drink_driving": 3, "reckless_driving": 2, "speeding": 2}

AREA_LEVEL = (
    ("narcotics", "Tips om försäljning, oklart var"),
    ("littering", "Allmänt skräpigt i kommunen"),
    ("burglary", "Inbrott anmält i efterhand, fritidshus"),
    ("theft", "Båtmotor stulen under vintern"),
    ("violence", "Hot via telefon"),
    ("disorder", "Oro bland boende, ingen plats angiven"),
    ("noise", "Smällare hördes från flera håll"),
    ("vandalism", "Flera brevlådor, på olika ställen"),
    ("theft", "Drivmedel stulet ur skogsmaskiner"),
    ("alcohol", "Langning till ungdomar, ingen plats"),
    ("fire", "Gräsbrand, platsen oklar"),
    ("narcotics", "Anonymt tips"),
    ("theft", "Cykel borta, ägaren vet inte varifrån"),
    ("burglary", "Källarförråd, adress saknas i anmälan"),
    ("littering", "Dumpade däck, någonstans längs grusvägen"),
    ("vandalism", "Vägvisare nedtagna på flera håll"),
    ("disorder", "Klagomål per brev, utan plats"),
    ("noise", "Musik på avstånd, riktningen oklar"),
    ("theft", "Släpvagn stulen under semestern"),
    ("violence", "Ordväxling, målsäganden minns inte var"),
    ("graffiti", "Klotter på flera elskåp"),
    ("burglary", "Sommarstuga, upptäckt vid höststädning"),
    ("fire", "Rök sågs från långt håll"),
    ("narcotics", "Orosanmälan om ungdomar"),
)


def on_centre(rng: random.Random, year: int) -> list[Report]:
    """Invent reports without a place of their own: the office put them on the centre."""
    rhythm = replace(TROUBLE[0], months=ALL_YEAR, days=EVEN, hours=None)
    return [
        Report(moment(rng, rhythm, year), False, what, "Lekeberg", text, CENTRE, "boende")  # noqa: FBT003 - a field's value
        for what, text in AREA_LEVEL
    ]


def rows_2020(rng: random.Random, reports: Sequence[Report]) -> list[list[str]]:
    """Write the reports of 2020 as rows, broken ones among them."""

    def degrees(value: float) -> str:
        return f"{value:.5f}".replace(".", ",")

    rows = []
    for i, r in enumerate(reports, 1):
        lon, lat = r.place or (0.0, 0.0)
        rows.append(
            [
                f"TR-2020-{i:04d}",
                f"{r.when:%Y-%m-%d}" if r.only_date else f"{r.when:%Y-%m-%d %H:%M}",
                WORDS_2020[r.what],
                r.where,
                r.text,
                degrees(lat),
                degrees(lon),
                r.teller,
            ]
        )
    spoiled = iter(rng.sample(range(len(rows)), 13))
    for _ in range(3):
        rows[next(spoiled)][5:7] = ["", ""]
    for _ in range(2):
        rows[next(spoiled)][5:7] = ["0", "0"]
    for text in ("någon gång i helgen", "2020-13-45 12:00"):
        rows[next(spoiled)][1] = text
    for word in ("Kor på vägen", "Gatlykta ur funktion"):
        rows[next(spoiled)][2] = word
    for _ in range(2):
        rows[next(spoiled)][5:7] = [degrees(OUTSIDE[1]), degrees(OUTSIDE[0])]
    for text in ("Trasig bänk; har hänt förut", "Skräp; städat av boende"):
        rows[next(spoiled)][4] = text  # written without quotes below: one field too many
    for i in sorted(rng.sample(range(len(rows)), 4), reverse=True):
        rows.insert(i + 1, list(rows[i]))  # the same report entered twice
    return rows


def rows_2021(rng: random.Random, reports: Sequence[Report]) -> list[list[str]]:
    """Write the reports of 2021 as rows, as another office would, broken ones among them."""
    rows = []
    for i, r in enumerate(reports, 1):
        north, east = sweref(r.place or CENTRE)
        day = f"{r.when.day}/{r.when.month}-{r.when:%y}"
        rows.append(
            [
                str(i),
                day if r.only_date else f"{day} kl {r.when:%H.%M}",
                WORDS_2021[r.what],
                r.where,
                str(north),
                str(east),
                r.teller,
                r.text,
            ]
        )
    spoiled = iter(rng.sample(range(len(rows)), 9))
    for _ in range(3):
        rows[next(spoiled)][4:6] = ["", ""]
    rows[next(spoiled)][4:6] = ["0", "0"]
    for text in ("i somras", "31/6-21 kl 22.00"):
        rows[next(spoiled)][1] = text
    for word in ("kor på vägen", "???"):
        rows[next(spoiled)][2] = word
    rows[next(spoiled)][4:6] = [str(value) for value in sweref(OUTSIDE)]
    for i in sorted(rng.sample(range(len(rows)), 3), reverse=True):
        rows.insert(i + 1, list(rows[i]))
    return rows


def rows_traffic(rng: random.Random, reports: Sequence[Report]) -> list[list[str]]:
    """Write the problem traffic spots as rows, broken ones among them."""
    rows = []
    for i, r in enumerate(reports, 1):
        lon, lat = r.place or CENTRE
        rows.append(
            [
                f"V{i}",
                f"{r.when:%Y-%m-%d}",
                "" if r.only_date else f"{r.when:%H:%M}",
                WORDS_TRAFFIC[r.what],
                r.where,
                r.teller,
                f"{lon:.5f}",
                f"{lat:.5f}",
                str(SEVERITY.get(r.what, 1)),
            ]
        )
    spoiled = iter(rng.sample(range(len(rows)), 6))
    rows[next(spoiled)][6:8] = ["", ""]
    rows[next(spoiled)][6:8] = ["0", "0"]
    rows[next(spoiled)][1] = "i tisdags"
    rows[next(spoiled)][3] = "Älg på vägen"
    rows[next(spoiled)][4] = "E18, vid avfarten"  # written without quotes below
    rows[next(spoiled)][6:8] = [f"{OUTSIDE[0]:.5f}", f"{OUTSIDE[1]:.5f}"]
    i = rng.randrange(len(rows))
    rows.insert(i + 1, list(rows[i]))
    return rows


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    separator: str,
    encoding: str,
    newline: str,
    quoted: bool = True,
) -> bytes:
    """Write a table as text; without quotes, a separator inside a field breaks its row."""
    text = io.StringIO()
    if quoted:
        csv.writer(text, delimiter=separator, lineterminator=newline).writerows([header, *rows])
    else:
        for row in (header, *rows):
            text.write(separator.join(row) + newline)
    return text.getvalue().encode(encoding)


# ---------------------------------------------------------------------------------------- patrols


@dataclass(frozen=True)
class Patrol:
    """A kind of presence: where, how often in two years, when, for how long, and why."""

    where: str
    place: LonLat
    times: int
    why: str
    unit: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    months: tuple[int, ...] = tuple(range(1, 13))


MIDWEEK, WEEKEND_DAYS = (1, 2, 3), (4, 5)
PATROLS = (
    Patrol(
        "Fjugesta centrum",
        TOWNS["Fjugesta"],
        104,
        "Fotpatrull",
        "områdespolis",
        (30, 45, 60),
        (10, 11, 13, 14),
    ),
    Patrol(
        "Fjugesta centrum",
        TOWNS["Fjugesta"],
        26,
        "Narkotika",
        "områdespolis",
        (60, 90),
        (19, 20, 21),
        WEEKEND_DAYS,
    ),
    Patrol(
        "E18 norr om Vintrosa",
        (14.885, 59.2609),
        44,
        "Hastighetskontroll",
        "trafikpolis",
        (45, 60, 90),
        (9, 10, 13),
        MIDWEEK,
    ),
    Patrol(
        "Vintrosa",
        TOWNS["Vintrosa"],
        34,
        "Fotpatrull",
        "områdespolis",
        (30, 45),
        (10, 14, 15),
    ),
    Patrol(
        "Vid skolan i Fjugesta",
        shift(TOWNS["Fjugesta"], -260, 240),
        30,
        "Hastighetskontroll",
        "områdespolis",
        (30, 45),
        (7, 14),
        months=(1, 2, 3, 4, 5, 9, 10, 11),
    ),
    Patrol(
        "Mullhyttan",
        TOWNS["Mullhyttan"],
        16,
        "Nykterhetskontroll",
        "trafikpolis",
        (45, 60),
        (8, 9, 20),
        (4, 5, 6),
    ),
    Patrol(
        "Lanna badgruva",
        SITES["Lanna badgruva"],
        10,
        "Badplats",
        "ordningsvakt",
        (30, 45),
        (14, 15, 16),
        (0, 1, 2, 6),
        (6, 7, 8),
    ),
    Patrol("Gropen", TOWNS["Gropen"], 8, "Fotpatrull", "områdespolis", (30,), (11, 13)),
    Patrol(
        "Multen Sixtorp",
        SITES["Multen Sixtorp"],
        4,
        "Badplats",
        "ordningsvakt",
        (30,),
        (15, 16),
        (2, 3),
        (7,),
    ),
)

DRIVES = (
    ("E18", "2021-06-18 21:00", 90, "Hastighetskontroll", "trafikpolis"),
    ("Vägen Vintrosa–Fjugesta", "2021-09-24 20:30", 60, "Nykterhetskontroll", "trafikpolis"),
    ("Vägen Fjugesta–Mullhyttan", "2021-11-12 19:00", 75, "Nykterhetskontroll", "områdespolis"),
)


def patrols(rng: random.Random) -> list[list[str]]:
    """Invent the patrols, in the order of time."""
    all_days = [FIRST + timedelta(d) for d in range((LAST - FIRST).days + 1)]
    found = []
    for kind in PATROLS:
        days = [d for d in all_days if d.weekday() in kind.days and d.month in kind.months]
        for day in rng.sample(days, kind.times):
            lon, lat = shift(kind.place, rng.gauss(0, 25), rng.gauss(0, 25))
            start = f"{day:%Y-%m-%d} {rng.choice(kind.hours):02d}:{rng.choice((0, 15, 30)):02d}"
            minutes = str(rng.choice(kind.minutes))
            found.append(
                [start, minutes, kind.why, kind.unit, kind.where, f"{lat:.5f}", f"{lon:.5f}"]
            )
    return sorted(found)


def drives() -> bytes:
    """Write the patrols along roads, as lines with times."""
    return geojson(
        [
            {
                "type": "Feature",
                "properties": {
                    "start": start,
                    "minuter": minutes,
                    "uppdrag": why,
                    "enhet": unit,
                    "plats": name,
                },
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[round(lon, 5), round(lat, 5)] for lon, lat in road(name)],
                },
            }
            for name, start, minutes, why, unit in DRIVES
        ]
    )


def make() -> dict[str, bytes]:
    """Make every invented file: its name and its bytes."""
    rng = random.Random(SEED)
    reports = invent(rng)
    order = [r for r in reports if not r.traffic]
    by_time = {
        year: sorted(
            [r for r in order if r.when.year == year] + on_centre(rng, year),
            key=lambda r: (r.when, r.text),
        )
        for year in (2020, 2021)
    }
    by_time = {
        year: [r for r in found if r.when.year == year] for year, found in by_time.items()
    }  # a night that ends in the next year is not in this year's book
    return {
        "rapporter_2020.csv": table(
            [
                "Diarienummer",
                "Datum och tid",
                "Vad har hänt",
                "Plats",
                "Beskrivning",
                "Latitud",
                "Longitud",
                "Rapporterat av",
            ],
            rows_2020(rng, by_time[2020]),
            separator=";",
            encoding="cp1252",
            newline="\r\n",
            quoted=False,
        ),
        "rapporter_2021.csv": table(
            ["Nr", "När", "Kategori", "Plats", "N", "E", "Anmält av", "Beskrivning"],
            rows_2021(rng, by_time[2021]),
            separator=";",
            encoding="utf-8-sig",
            newline="\r\n",
        ),
        "trafik.csv": table(
            ["id", "datum", "tid", "problem", "plats", "rapporterat av", "lon", "lat", "vikt"],
            rows_traffic(rng, [r for r in reports if r.traffic]),
            separator=",",
            encoding="utf-8",
            newline="\n",
            quoted=False,
        ),
        "patruller.csv": table(
            ["Start", "Minuter", "Uppdrag", "Enhet", "Plats", "Lat", "Lon"],
            patrols(rng),
            separator=";",
            encoding="utf-8",
            newline="\n",
        ),
        "patrullvagar.geojson": drives(),
        "vagar.geojson": background(),
    }


def main(arguments: Sequence[str]) -> None:
    """Write the files into the folder that is given, else beside this script."""
    folder = Path(arguments[0]) if arguments else HERE
    for name, content in make().items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
