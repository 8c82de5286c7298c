"""The page as an instrument: filters, statistics, comparison, patrols, search, links, files."""

from __future__ import annotations

import csv
import io
import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from situations import CATEGORIES, MONTH, layer, situation

from geo.calendar import parse_period
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence
from layers.layer import Events
from layers.project import PageWish
from maps import phrases
from maps.assemble import Frame, Wish, assemble
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from maps.situation import Situation

    Opener = Callable[..., Any]

pytestmark = pytest.mark.browser

KEYS = tuple(CATEGORIES)
LITTERING, VANDALISM, SPEEDING, NARCOTICS = range(4)
WEST, SOUTH, SIDE = 480_000, 6_555_000, 20_000
BEACH, TOWN, VILLAGE, FOREST, QUARRY = (
    (484_600.0, 6_560_300.0),
    (492_250.0, 6_566_250.0),
    (496_750.0, 6_558_750.0),
    (498_250.0, 6_572_250.0),
    (483_250.0, 6_571_250.0),
)
YEAR = (MONTH - 11, MONTH)
FIRST = MONTH - 23

# What the page shows is seen where it is handed over to the map, and what it carries where it is
# handed over to the counting; the page itself is as it is.
WATCH = """
globalThis.lagesbild = {};
globalThis.seen = { shows: 0 };
const wrap = (name, around) => {
  let made = null;
  Object.defineProperty(globalThis.lagesbild, name, {
    get: () => made, set: (value) => { made = around(value); }, enumerable: true,
  });
};
wrap("situationMap", (make) => (...given) => {
  const drawn = make(...given);
  const { show } = drawn;
  seen.data = given[1];
  drawn.show = (view, then, surface) => {
    Object.assign(seen, { view, then, surface, shows: seen.shows + 1 });
    return show(view, then, surface);
  };
  return drawn;
});
"""


def invented(seed: int = 7) -> dict[str, np.ndarray]:
    """Invent events of two years: five places, each with its kind, time and months, and noise.

    The beach and the town are there always, the village only in the last year, the forest only in
    the last month, the quarry until the month before. One in fifteen has no known hour.
    """
    rng = np.random.default_rng(seed)
    parts: list[tuple[np.ndarray, ...]] = []

    def put(at: tuple[float, float], months: range, each: int, kind: int, hours: list[int]) -> None:
        for month in months:
            n = int(rng.poisson(each)) + 1
            xy = rng.normal(at, 260, (n, 2))
            hour = rng.choice(hours, n)
            parts.append((*xy.T, np.full(n, month), hour, np.full(n, kind)))

    weekend = [24 * day + hour for day in (4, 5) for hour in (20, 21, 22, 23)]
    mornings = [24 * day + hour for day in range(5) for hour in (7, 8, 9)]
    put(BEACH, range(FIRST, MONTH + 1), 16, LITTERING, weekend)
    put(TOWN, range(FIRST, MONTH + 1), 22, VANDALISM, list(range(168)))
    put(VILLAGE, range(YEAR[0], MONTH + 1), 14, SPEEDING, mornings)
    put(FOREST, range(MONTH, MONTH + 1), 30, NARCOTICS, [5 * 24 + 1, 5 * 24 + 2])
    put(QUARRY, range(FIRST, MONTH), 12, LITTERING, [6 * 24 + 13, 6 * 24 + 14])
    many = 60 * 24
    xy = rng.uniform((WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE), (many, 2))
    when = np.repeat(np.arange(FIRST, MONTH + 1), 60)
    parts.append((*xy.T, when, rng.integers(0, 168, many), rng.integers(0, 4, many)))
    x, y, month, hour, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    hour = np.where(rng.random(len(x)) < 1 / 15, 168, hour)
    holiday = (month % 12 == 6) | (np.isin(month % 12, (5, 7)) & (rng.random(len(x)) < 0.5))
    inside = (np.abs(x - WEST - SIDE / 2) < SIDE / 2) & (np.abs(y - SOUTH - SIDE / 2) < SIDE / 2)
    weight = np.where(kind == VANDALISM, 2.0, 1.0)
    named = {"x": x, "y": y, "month": month, "hour": hour, "kind": kind}
    named |= {"holiday": holiday, "weight": weight}
    return {name: column[inside] for name, column in named.items()}


def chosen(
    events: dict[str, np.ndarray],
    *,
    months: tuple[int, int] = YEAR,
    kinds: tuple[int, ...] = (0, 1, 2, 3),
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6),
    hours: tuple[int, int] = (0, 24),
    holidays: bool | None = None,
) -> np.ndarray:
    """Mark the events that a filter lets through, as its words say it; night goes with its day."""
    kept = (events["month"] >= months[0]) & (events["month"] <= months[1])
    kept &= np.isin(events["kind"], kinds)
    begin, end = hours
    since = (events["hour"] - begin) % 168
    timed = (since % 24 < ((end - begin) % 24 or 24)) & np.isin(since // 24, days)
    always = len(days) == 7 and hours == (0, 24)
    kept &= np.where(events["hour"] == 168, always, timed)
    return kept if holidays is None else kept & (events["holiday"] == holidays)


def events_of(found: dict[str, np.ndarray], some: np.ndarray) -> Events:
    """Give some of the events as a source does."""
    return Events(
        x=found["x"][some],
        y=found["y"][some],
        month=found["month"][some].astype(np.int32),
        hour=found["hour"][some].astype(np.int16),
        category=found["kind"][some].astype(np.int32),
        categories=KEYS,
        weight=found["weight"][some],
        holiday=found["holiday"][some],
    )


def patrols() -> Any:
    """Weekly patrols on weekday mornings in the town, and a few by the beach."""
    many = 24 * 5
    where = np.concatenate([np.tile(TOWN, (many, 1)), np.tile(BEACH, (6, 1))])
    month = np.concatenate([np.repeat(np.arange(FIRST, MONTH + 1), 5), np.full(6, MONTH - 2)])
    hour = np.concatenate([np.tile(np.arange(5) * 24 + 9, 24), np.full(6, 30)])
    n = len(month)
    made = layer(
        "patrols",
        pd.DataFrame(
            {
                "id": [str(i) for i in range(n)],
                "purpose": ["bathing_place"] * n,
                "unit": ["Områdespolis 1"] * n,
                "start": pd.to_datetime(["2021-07-02 09:00"] * n),
                "minutes": [40.0] * n,
            }
        ),
        shapely.points(where),
    )
    presence = Events(
        *where.T, month.astype(np.int32), hour.astype(np.int16), np.zeros(n, np.int32),
        ("patrols",), np.full(n, 40.0),
    )  # fmt: skip
    return replace(made, presence=presence)


def analysed(
    some: np.ndarray | None = None,
    *,
    months: tuple[int, int] | None = YEAR,
    patrolled: bool = True,
    grid: str = "square",
    size: float = 500.0,
    page: PageWish | None = None,
) -> Situation:
    """Analyse the invented events (all, or some of them) as the program does."""
    found = invented()
    bathing = layer(
        "bathing_sites",
        pd.DataFrame({"id": ["SE1"], "name": ["Leken"], "municipality": ["Lekeberg"]}),
        shapely.points([BEACH]),
    )
    traffic = layer(
        "traffic_spots",
        pd.DataFrame({"id": ["1"], "category": ["speeding"], "family": ["traffic"]})
        | {"place": ["Byvägen"], "month": ["2021-06"], "weight": [1.0]}
        if False
        else pd.DataFrame(
            {
                "id": ["1"],
                "category": ["speeding"],
                "family": ["traffic"],
                "place": ["Byvägen"],
                "time": pd.to_datetime(["2021-06-07 14:30"]),
                "month": ["2021-06"],
                "reporter": ["boende"],
                "weight": [1.0],
            }
        ),
        shapely.points([VILLAGE]),
    )
    places = layer(
        "places",
        pd.DataFrame({"id": ["1", "2"], "name": ["Staden", "Byn"], "population": [2422, 533]}),
        shapely.points([(TOWN[0] - 400, TOWN[1]), VILLAGE]),
    )
    frame = Frame(
        title="Lägesbild Provet",
        municipality="Provet",
        crs=3006,
        area=shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE),
        area_name="Provet",
        categories=CATEGORIES,
        settings={"school_holidays": ["2021-06-14/2021-08-20"]},
        school_holidays=(parse_period("2020-06-14/2021-08-20"),),
        page=page or PageWish(),
    )
    wish = Wish(
        grid=grid,
        cell_size=size,
        month=None if months is None else months[1],
        window_months=None if months is None else months[1] - months[0] + 1,
        methods={"count": {}, "kde": {"bandwidth": 1_000.0}, "gi_star": {}},
        stability=False,
    )
    layers = (bathing, traffic, *([patrols()] if patrolled else []))
    every = np.ones(len(found["x"]), dtype=bool) if some is None else some
    return assemble(frame, wish, layers, (places,), (events_of(found, every),))


@cache
def usual() -> Situation:
    """Give the situation of most tests, made once."""
    return analysed()
