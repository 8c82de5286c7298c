"""The page as an instrument: filters, statistics, comparison, patrols, search, links, files."""

from __future__ import annotations

import csv
import io
import json
import math
import re
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

    from geo.cells import Cells
    from geo.grid import GridKind
    from maps.situation import Situation

    Opener = Callable[..., Any]

pytestmark = pytest.mark.browser

KEYS = tuple(CATEGORIES)
LITTERING, VANDALISM, SPEEDING, NARCOTICS = range(4)
WEST, SOUTH, SIDE = 480_000, 6_555_000, 20_000
AREA = shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
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
wrap("liveViews", (make) => (data, content) => {
  seen.content = content;
  return make(data, content);
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


def those(found: dict[str, np.ndarray], some: np.ndarray) -> dict[str, np.ndarray]:
    """Give some of the events."""
    return {name: column[some] for name, column in found.items()}


def events_of(found: dict[str, np.ndarray]) -> Events:
    """Give the events as a source does."""
    return Events(
        x=found["x"],
        y=found["y"],
        month=found["month"].astype(np.int32),
        hour=found["hour"].astype(np.int16),
        category=found["kind"].astype(np.int32),
        categories=KEYS,
        weight=found["weight"],
        holiday=found["holiday"],
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
    found: dict[str, np.ndarray] | None = None,
    *,
    months: tuple[int, int] | None = YEAR,
    patrolled: bool = True,
    grid: GridKind = "square",
    cells: Cells | None = None,
    page: PageWish | None = None,
) -> Situation:
    """Analyse events as the program does; ``months`` None takes all, dated or not."""
    bathing = layer(
        "bathing_sites",
        pd.DataFrame({"id": ["SE1"], "name": ["Leken"], "municipality": ["Provet"]}),
        shapely.points([BEACH]),
    )
    traffic = layer(
        "traffic_spots",
        pd.DataFrame(
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
        area=AREA,
        area_name="Provet",
        categories=CATEGORIES,
        settings={"school_holidays": ["2021-06-14/2021-08-20"]},
        school_holidays=(parse_period("2020-06-14/2021-08-20"),),
        page=page or PageWish(),
    )
    wish = Wish(
        grid=grid,
        cell_size=500.0,
        cells=cells,
        month=None if months is None else months[1],
        window_months=None if months is None else months[1] - months[0] + 1,
        methods={"count": {}, "kde": {"bandwidth": 1_000.0}, "gi_star": {}},
        stability=False,
    )
    layers = (bathing, traffic, *([patrols()] if patrolled else []))
    events = events_of(invented() if found is None else found)
    return assemble(frame, wish, layers, (places,), (events,))


@cache
def usual() -> Situation:
    """Give the situation of most tests, made once."""
    return analysed()


# --- what a test does and sees --------------------------------------------------------------------

_SEEN = """() => {
  const { view, then, surface, shows } = seen;
  const list = (values) => values && Array.from(values);
  const told = (rest) => ({
    ...Object.fromEntries(["live", "enough", "summary", "warnings", "more"].map((key) =>
      [key, rest[key]])),
    n: list(rest.counted?.n), weight: list(rest.counted?.weight),
    total: rest.counted?.total, perMonth: list(rest.counted?.perMonth), unknown: rest.counted?.unknown,
    bin: list(rest.claims?.bin), hot: list(rest.claims?.hot), points: rest.points?.length ?? 0,
    spots: rest.spots.map((spot) => ({ ...spot, series: null, xy: null, hours: list(spot.hours),
      cells: list(spot.cells), monthly: null })),
  });
  return { ...told(view), then: then && told(then), surface, shows };
}"""


def shown(page: Any) -> dict[str, Any]:
    """Give what the page has on its map and in its lists: the view that it draws."""
    found: dict[str, Any] = page.evaluate(_SEEN)
    return found


def turned(page: Any, act: Callable[[], object]) -> dict[str, Any]:
    """Do something that changes the view, and give the view after it."""
    before = page.evaluate("seen.shows")
    act()
    page.wait_for_function("(before) => seen.shows > before", arg=before)
    return shown(page)


def pressed(page: Any, selector: str, keys: list[str]) -> Callable[[], None]:
    """Press keys on a control that has the focus."""

    def act() -> None:
        page.locator(selector).focus()
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(60)  # several keys may fall into one frame, or into two

    return act


def on_bar(page: Any, bin_: int, of: int = 24) -> Callable[[], None]:
    """Click a month's bar."""

    def act() -> None:
        box = page.locator(".by-month svg").bounding_box()
        page.mouse.click(box["x"] + (bin_ + 0.5) * box["width"] / of, box["y"] + 10)

    return act


def within(page: Any, name: str, label: str) -> Callable[[], None]:
    """Press something in one of the two panels that open: ``presets`` or ``kinds``."""

    def act() -> None:
        opener = page.locator(f".of-{name} .disclosure-button")
        if opener.get_attribute("aria-expanded") == "false":
            opener.click()
        choices = page.locator(f".of-{name} .disclosure-panel").locator("button, label")
        choices.filter(has_text=re.compile(rf"^{re.escape(label)}[\d\s]*$")).click()

    return act


def reset(page: Any) -> None:
    """Let everything through again."""
    turned(page, page.locator("#filters .reset").click)


def truth(made: Situation, some: np.ndarray) -> dict[str, Any]:
    """Count and test some of the events by Python's own functions, the map's own parameters."""
    found = invented()
    at = made.cells.locate(found["x"][some], found["y"][some])
    many = len(made.cells)
    n = np.bincount(at, minlength=many)
    weight = np.bincount(at, weights=found["weight"][some], minlength=many)
    result = gi_star.run(Evidence(made.cells, n, weight), **made.settings["methods"]["gi_star"])
    return {
        "n": n,
        "weight": weight,
        "bin": result.columns["gi_bin"],
        "hot": result.hot,
        "enough": result.enough,
    }


def said(spot: Any) -> str:
    """Give the Swedish name of a hotspot."""
    return phrases.place_name(spot.place, words("sv"))


def hotspots(some: np.ndarray, months: tuple[int, int], family: str = "all") -> list[Any]:
    """Analyse some of the events alone, and give the hotspots."""
    found = invented()
    part = analysed(those(found, some), months=months)
    (view,) = (view for view in part.views if view.family == family)
    return list(view.hotspots)


# --- 1. see ---------------------------------------------------------------------------------------


def test_the_first_sight_tells_where_when_and_what_not(read: Opener) -> None:
    """Title, municipality, period, a summary, numbers on the map, classes in words, and limits."""
    page = read(usual(), before=WATCH)
    assert page.title() == "Lägesbild Provet, december 2021"
    assert page.locator("h1").inner_text() == "Lägesbild Provet"
    when = page.locator(".when").inner_text()
    for text in ("Läget i december 2021", "Provet", "januari–december 2021"):
        assert text in when
    summary = page.locator("#summary").inner_text().replace("\u2060", "")
    assert summary.startswith("4 hotspots")
    assert "Starkast: Staden, östra delen" in summary
    assert page.locator("g.badge text").all_text_contents() != []
    assert page.locator("g.badge").count() == 4
    assert page.locator("#spots .spot-name").all_inner_texts() == [
        said(spot) for spot in usual().views[0].hotspots
    ]
    assert page.locator("[data-ramp=bin] li").all_inner_texts() == ["90 %", "95 %", "99 %"]
    page.check("[name=surface][value=n]")
    classes = page.locator("[data-ramp=n] li").all_inner_texts()
    assert classes[0].startswith("1")
    top = int(usual().views[0].columns["n"].max())
    assert classes[-1].endswith(f"–{top}")
    cannot = page.locator(".about .prose").first.inner_text()
    assert "Det säger inte varför" in cannot
    assert page.locator(".leaflet-control-scale-line").inner_text().endswith("km")
    assert page.locator(".north").is_visible()
    assert page.locator("#map_0").get_attribute("aria-describedby") == "summary map-help"
    assert "Kartan visar samma hotspots" in page.locator("#map-help").text_content()


# --- 2. filter ------------------------------------------------------------------------------------


def compare_with_python(
    page: Any, view: dict[str, Any], some: np.ndarray, note: str, made: Situation | None = None
) -> None:
    """Counts, weights, classes and hot cells of the page are those of Python for these events."""
    expected = truth(made or usual(), some)
    np.testing.assert_array_equal(view["n"], expected["n"], note)
    np.testing.assert_allclose(view["weight"], expected["weight"], rtol=1e-9)
    assert view["total"] == some.sum(), note
    if view["live"]:
        np.testing.assert_array_equal(view["bin"], expected["bin"], note)
        np.testing.assert_array_equal(view["hot"], expected["hot"], note)
        assert view["enough"] == expected["enough"]
    assert page.locator("#spots .spot").count() == len(view["spots"])
    names = page.locator("#spots .spot-name").all_inner_texts()
    assert names == [spot["name"] for spot in view["spots"]]
    assert page.locator("#summary").inner_text() == view["summary"].replace("\n", " ")


def drawn_cells(page: Any) -> dict[str, float]:
    """Measure the area that each class of hot cells covers on the screen, in square pixels."""
    found: dict[str, float] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("path.cell")].map((path) => {
          let area = 0;
          for (const ring of path.getAttribute("d").split("Z")) {
            if (!ring) continue;
            const probe = document.createElementNS("http://www.w3.org/2000/svg", "path");
            probe.setAttribute("d", ring);
            path.parentNode.append(probe);
            const { width, height } = probe.getBBox();
            area += width * height;
            probe.remove();
          }
          return [path.getAttribute("class").split(" ")[1], area];
        }))"""
    )
    return found


def test_every_filter_changes_map_list_and_statistics_as_python_would(read: Opener) -> None:
    """Through the real controls: family, kinds, months, weekdays, hours, presets, holidays.

    Counts, Gi* classes and hot cells equal Python's on the same events, cell by cell; what is drawn
    covers as many cells of each class as there are.
    """
    found, page = invented(), read(usual(), before=WATCH)
    one = shown(page)
    pixels = drawn_cells(page)["bin-3"] / (usual().views[0].columns["gi_bin"] == 3).sum()
    compare_with_python(page, one, chosen(found), "as it opens")

    def check(act: Callable[[], None], note: str, **wanted: Any) -> dict[str, Any]:
        view = turned(page, act)
        assert view["live"], note
        compare_with_python(page, view, chosen(found, **wanted), note)
        covered = drawn_cells(page)
        for step in (1, 2, 3):
            cells = view["bin"].count(step)
            assert covered.get(f"bin-{step}", 0) / pixels == pytest.approx(cells, abs=0.2), note
        return view

    many = page.locator("#filters .filters-total")
    littering = "Nedskräpning"
    check(within(page, "kinds", littering), "without littering", kinds=(1, 2, 3))
    assert (
        many.inner_text().replace("\xa0", "") == f"{chosen(found, kinds=(1, 2, 3)).sum()} händelser"
    )
    assert "utan nedskräpning" in page.locator("#chosen-text").inner_text()
    assert "Räknat på nytt" in page.locator("#chosen-text").inner_text()
    reset(page)
    assert page.locator("#chosen-text").is_hidden()

    last = (MONTH - 11, MONTH - 4)
    check(pressed(page, ".by-month input.to", ["ArrowLeft"] * 4), "earlier end", months=last)
    both = (MONTH - 8, MONTH - 4)
    check(pressed(page, ".by-month input.from", ["ArrowRight"] * 3), "later start", months=both)
    moved = (MONTH - 10, MONTH - 6)
    check(pressed(page, ".by-month input.to", ["Shift+ArrowLeft"] * 2), "moved", months=moved)
    assert page.locator(".by-month input.from").get_attribute("aria-valuetext") == "februari 2021"
    check(on_bar(page, 23), "one month", months=(MONTH, MONTH))
    reset(page)

    weekdays = ("mån", "tis", "ons", "tors", "fre", "lör", "sön")
    days = page.locator(".toggles .toggle")
    assert [text[:2] for text in days.all_inner_texts()] == [day[:2] for day in weekdays]
    check(days.nth(5).click, "no Saturdays", days=(0, 1, 2, 3, 4, 6))
    unknown = ((found["hour"] == 168) & chosen(found)).sum()
    assert f"{unknown} händelser utan känd tid är inte med" in (
        page.locator(".filters-notes").inner_text()
    )
    check(
        pressed(page, ".by-hour input.from", ["End"]),
        "late",
        days=(0, 1, 2, 3, 4, 6),
        hours=(23, 24),
    )
    reset(page)
    check(
        pressed(page, ".by-hour input.from", ["End", "ArrowLeft", "ArrowLeft", "ArrowLeft"]),
        "evening", hours=(20, 24),
    )  # fmt: skip
    check(
        pressed(page, ".by-hour input.to", ["Home", "ArrowRight"]), "over midnight", hours=(20, 2)
    )
    reset(page)
    check(within(page, "presets", "Helg lör–sön"), "weekend", days=(5, 6))
    check(within(page, "presets", "Natt 22–06"), "weekend nights", days=(5, 6), hours=(22, 6))
    page.keyboard.press("Escape")
    reset(page)
    check(within(page, "presets", "Skollov"), "holidays", holidays=True)
    assert "14 juni–20 augusti 2021" in page.locator(".filters-notes").inner_text()
    check(within(page, "presets", "Ej skollov"), "school", holidays=False)
    page.keyboard.press("Escape")
    reset(page)
    order = {"months": (MONTH - 11, MONTH - 1), "kinds": (LITTERING, VANDALISM)}
    turned(page, page.locator("#families label", has_text="Ordning").click)
    check(pressed(page, ".by-month input.to", ["ArrowLeft"]), "a family", **order)


SELECTIONS = {
    "a quarter": {"months": (MONTH - 2, MONTH)},
    "a month": {"months": (MONTH, MONTH)},
    "two kinds": {"months": (MONTH - 5, MONTH), "kinds": (LITTERING, SPEEDING)},
    "holidays": {"months": (MONTH - 6, MONTH - 4), "holidays": True},
}


def test_what_the_page_finds_is_what_python_finds_in_the_same_events(read: Opener) -> None:
    """Names, counts, order, reasons and times of the page's hotspots equal a whole new analysis."""
    found, page = invented(), read(analysed(patrolled=False), before=WATCH)
    narrow = {
        "a quarter": [pressed(page, ".by-month input.from", ["ArrowRight"] * 9)],
        "a month": [on_bar(page, 23)],
        "two kinds": [
            pressed(page, ".by-month input.from", ["ArrowRight"] * 6),
            within(page, "kinds", "Skadegörelse"),
            within(page, "kinds", "Narkotika"),
        ],
        "holidays": [
            pressed(page, ".by-month input.to", ["ArrowLeft"] * 4),
            pressed(page, ".by-month input.from", ["ArrowRight"] * 5),
            within(page, "presets", "Skollov"),
        ],
    }
    for name, wanted in SELECTIONS.items():
        for act in narrow[name]:
            view = turned(page, act)
        page.keyboard.press("Escape")
        some = chosen(found, **wanted)
        part = analysed(those(found, some), months=wanted["months"], patrolled=False)
        python = part.views[0].hotspots
        assert python, name
        mine = view["spots"]
        told = words("sv")
        assert [spot["count"] for spot in mine] == [spot.n for spot in python], name
        assert [spot["cells"] for spot in mine] == [spot.cells.tolist() for spot in python], name
        assert [spot["name"] for spot in mine] == [said(spot) for spot in python], name
        assert [spot["peak"] for spot in mine] == [phrases.peak(s.peak, told) for s in python]
        assert [spot["near"] for spot in mine] == [
            ", ".join(near.name for near in spot.near) for spot in python
        ]
        for spot, other in zip(mine, python, strict=True):
            assert spot["ratio"] == pytest.approx(other.ratio, rel=1e-9)
            np.testing.assert_array_equal(np.reshape(spot["hours"], (7, 24)), other.hours)
            reason = phrases.reason(replace(other, new=None, trend="unknown"), told, part)
            assert spot["reason"] == reason, name
        assert any(spot["peak"] for spot in mine) or name == "holidays"
        reset(page)


def test_charts_table_and_summary_follow_a_filter(read: Opener) -> None:
    """A chosen hotspot stays chosen while months change, and its charts are those of the filter."""
    page = read(usual(), before=WATCH)
    page.locator("#spots .spot-name", has_text="Leken").click()
    before = page.locator("#panel .figures").inner_text()
    view = turned(page, pressed(page, ".by-month input.from", ["ArrowRight"] * 6))
    assert page.locator("#panel .name-of").inner_text() == "Leken"
    assert page.locator("#panel .figures").inner_text() != before
    (leken,) = (spot for spot in view["spots"] if spot["name"] == "Leken")
    assert page.locator("#panel .bars rect.bar").count() == 6
    assert str(leken["count"]) in page.locator("#panel .figures").inner_text()
    page.locator("#table tbody tr").first.wait_for()
    page.wait_for_timeout(300)
    rows = page.locator("#table tbody tr").all_inner_texts()
    assert len(rows) == len(view["spots"])
    for row, spot in zip(rows, view["spots"], strict=True):
        assert spot["name"] in row
        assert spot["n"] in row


def test_months_play_and_pause(read: Opener) -> None:
    """Play shows one month at a time, in order; pause stops where it is; nothing is announced."""
    page = read(usual(), before=WATCH)
    play = page.locator("#filters .play")
    assert play.get_attribute("aria-label") == "Spela upp månad för månad"
    view = turned(page, play.click)
    assert play.get_attribute("aria-label") == "Pausa"
    assert page.locator("#summary").get_attribute("aria-live") == "off"
    found = invented()
    assert view["total"] == chosen(found, months=(FIRST, FIRST)).sum()
    page.wait_for_function("() => seen.shows >= 4", timeout=10_000)
    play.click()
    view = shown(page)
    month = int(page.locator(".by-month input.from").input_value())
    assert month >= 1
    assert view["total"] == chosen(found, months=(FIRST + month, FIRST + month)).sum()
    page.wait_for_timeout(900)
    assert shown(page)["shows"] == view["shows"]


def test_too_little_data_makes_no_claims(read: Opener) -> None:
    """The page says how many there are and how many it takes; points, and no number, name or class.

    Nothing at all is said too.
    """
    found, page = invented(), read(usual(), before=WATCH)
    turned(page, on_bar(page, 20))
    view = turned(page, pressed(page, ".by-hour input.to", ["Home", "ArrowRight"]))
    some = chosen(found, months=(FIRST + 20, FIRST + 20), hours=(0, 2))
    assert 0 < some.sum() < 30
    assert not view["enough"]
    told = page.locator("#view-notes .remark").inner_text()
    assert f"Bara {some.sum()} händelser i urvalet; 30 behövs" in told
    assert page.locator("g.badge").count() == 0
    assert page.locator("path.cell").count() == 0
    assert page.locator("#spots .spot").count() == 0
    cells = len(np.unique(usual().cells.locate(found["x"][some], found["y"][some])))
    assert view["points"] == 2 * cells
    assert page.locator("path.point").count() == 1
    assert page.locator("#summary").inner_text().endswith("för få för att peka ut platser.")
    for day in range(7):
        view = turned(page, page.locator(".toggles .toggle").nth(day).click)
    assert view["total"] == 0
    assert page.locator("#summary").inner_text() == "Inga händelser i urvalet."
