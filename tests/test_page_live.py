"""The page as an instrument: filters, statistics, comparison, patrols, search, links, files."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer
from situations import CATEGORIES, MONTH, layer

from geo.calendar import parse_period
from geo.cells import polygon_cells
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence
from geo.places import compare_two, contiguous
from layers.layer import Events
from layers.project import PageWish
from maps import phrases, surfaces
from maps.assemble import Frame, Wish, assemble
from maps.naming import Gazetteer
from maps.packing import Streams
from maps.situation import Peak
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
    put(QUARRY, range(FIRST, MONTH), 26, LITTERING, [6 * 24 + 13, 6 * 24 + 14])
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
    size: float = 500.0,
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
        cell_size=size,
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
    total: rest.counted?.total, unknown: rest.counted?.unknown,
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
        page.locator(".by-month").scroll_into_view_if_needed()
        box = page.locator(".by-month svg").bounding_box()
        # Not at its middle: on a narrow screen the handles beside the outermost reach into them.
        part = 0.3 if 2 * bin_ > of else 0.7
        page.mouse.click(box["x"] + (bin_ + part) * box["width"] / of, box["y"] + 10)

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
    assert page.locator("[data-ramp=bin] li").all_inner_texts() == [
        *("90 % ganska säker", "95 % säker", "99 % mycket säker")
    ]
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
    told = words(page.evaluate("() => document.documentElement.lang"))
    assert told("page.events", n=int(some.sum())) in view["summary"], note
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


def checker(page: Any) -> Callable[..., None]:
    """Give check(act, note, **what is then chosen): everything on the page is as in Python.

    Counts, Gi* classes and hot cells equal Python's on the same events, cell by cell; what is drawn
    covers as many cells of each class as there are.
    """
    found = invented()
    compare_with_python(page, shown(page), chosen(found), "as it opens")
    pixels = drawn_cells(page)["bin-3"] / (usual().views[0].columns["gi_bin"] == 3).sum()

    def check(act: Callable[[], None], note: str, **wanted: Any) -> None:
        view = turned(page, act)
        assert view["live"], note
        compare_with_python(page, view, chosen(found, **wanted), note)
        covered = drawn_cells(page)
        for step in (1, 2, 3):
            cells = view["bin"].count(step)
            assert covered.get(f"bin-{step}", 0) / pixels == pytest.approx(cells, abs=0.2), note

    return check


def test_kinds_and_months_change_map_list_and_statistics_as_in_python(read: Opener) -> None:
    """Through the real controls: family, kinds, months by handle, as a window, by bar."""
    found, page = invented(), read(usual(), before=WATCH)
    check = checker(page)
    many = page.locator("#filters .filters-total")
    littering = "Nedskräpning"
    check(within(page, "kinds", littering), "without littering", kinds=(1, 2, 3))
    n = words("sv").number(int(chosen(found, kinds=(1, 2, 3)).sum()))
    assert many.inner_text() == f"{n} händelser"
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
    order = {"months": (MONTH - 11, MONTH - 1), "kinds": (LITTERING, VANDALISM)}
    turned(page, page.locator("#families label", has_text="Ordning").click)
    check(pressed(page, ".by-month input.to", ["ArrowLeft"]), "a family", **order)


def test_days_hours_and_holidays_change_the_statistics_as_in_python(read: Opener) -> None:
    """Through the real controls: weekdays, hours over midnight, presets, school holidays."""
    found, page = invented(), read(usual(), before=WATCH)
    check = checker(page)
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
    assert "Hotspots, Alla slag" in page.locator("#table caption").inner_text()


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
    """The page says how many there are and how many it takes; points, and no number or class.

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


# --- 3. understand --------------------------------------------------------------------------------


def test_a_panel_tells_everything_about_a_hotspot(read: Opener) -> None:
    """By click and by Enter: reasons, hours, months with last year, kinds, places near, patrols.

    Coordinates in both systems are copied by a button; Escape leads back to the item in the list.
    """
    page = read(
        usual(), before=WATCH, permissions=["clipboard-read", "clipboard-write"], network=True
    )
    python = usual().views[0].hotspots
    leken = next(spot for spot in python if said(spot) == "Leken")
    item = page.locator("#spots .spot-name", has_text="Leken")
    item.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    assert page.evaluate("document.activeElement.id") == "panel"
    assert panel.get_attribute("aria-label") == "Leken"
    told = panel.inner_text()
    reason = phrases.reason(leken, words("sv"), usual())
    assert reason in told
    assert f"Tätast {phrases.peak(leken.peak, words('sv'))}" in told.replace("\u2060", "")
    for text in ("Nedskräpning", "Badplatser: Leken", "december 2021", "4 tim"):
        assert text.replace("\xa0", " ") in told.replace("\xa0", " "), text
    assert phrases.change(leken, words("sv"), MONTH) in told
    assert panel.locator(".matrix rect[class^=step]").count() == 168
    assert panel.locator(".bars rect.bar").count() == 12
    assert panel.locator(".bars path.then").count() == 12
    series = page.evaluate("() => { const { now, before } = seen.view.spots.find(({ name }) => "
                           "name === 'Leken').series; return [now, before]; }")  # fmt: skip
    found = invented()
    inside = np.isin(usual().cells.locate(found["x"], found["y"]), leken.cells)
    counts = [int((inside & (found["month"] == m)).sum()) for m in range(FIRST, MONTH + 1)]
    assert series == [counts[12:], counts[:12]]
    east, north = round(leken.x), round(leken.y)
    to_degrees = Transformer.from_crs(3006, 4326, always_xy=True).transform
    lon, lat = to_degrees(leken.x, leken.y)
    assert f"N {north}, E {east}" in told
    degrees = panel.locator(".positions .position").nth(1).inner_text()
    for mine, true in zip(degrees.split(", "), (lat, lon), strict=True):
        assert float(mine) == pytest.approx(true, abs=2e-5)
    for i, text in enumerate((f"N {north}, E {east}", degrees)):
        panel.locator(".positions button").nth(i).click()
        panel.get_by_role("status").filter(has_text="kopierat").wait_for()
        assert page.evaluate("() => navigator.clipboard.readText()") == text
    names = [said(spot) for spot in python]
    at = names.index("Leken")
    panel.locator("[data-way=next]").click()
    assert panel.locator(".name-of").inner_text() == names[(at + 1) % len(names)]
    assert page.evaluate("document.activeElement.dataset.way") == "next"
    panel.locator("[data-way=previous]").click()
    assert panel.locator(".name-of").inner_text() == "Leken"
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Leken"
    item.click()
    assert panel.is_visible()
    panel.locator("[data-way=back]").click()
    assert panel.is_hidden()


# --- 4. compare -----------------------------------------------------------------------------------


def groups(page: Any) -> dict[str, list[str]]:
    """Give the names in each group of the comparison."""
    return {
        group.get_attribute("class").split("is-")[1]: group.locator(
            ".compare-name"
        ).all_inner_texts()
        for group in page.locator("#compare .compare-group").all()
    }


@pytest.mark.parametrize(("choice", "back"), [("month", 1), ("year", 12)])
def test_a_month_is_compared_with_another(read: Opener, choice: str, back: int) -> None:
    """New, gone, grown and the rest are what two analyses in Python say; the line clips the map."""
    page = read(usual(), before=WATCH)
    turned(page, on_bar(page, 23))
    view = turned(page, page.locator(f"#compare-picker input[value={choice}]").check)
    found = invented()
    now = hotspots(chosen(found, months=(MONTH, MONTH)), (MONTH, MONTH))
    then_month = (MONTH - back, MONTH - back)
    then = hotspots(chosen(found, months=then_month), then_month)
    assert [spot["count"] for spot in view["then"]["spots"]] == [spot.n for spot in then]
    hot = [{cell for spot in some for cell in spot.cells} for some in (now, then)]
    told = groups(page)
    new = [said(spot) for spot in now if not hot[1] & {*spot.cells}]
    gone = [said(spot) for spot in then if not hot[0] & {*spot.cells}]
    assert sorted(told.get("new", [])) == sorted(new)
    assert sorted(told.get("gone", [])) == sorted(gone)
    assert new
    assert gone
    at = usual().cells.locate(found["x"], found["y"])
    rest: dict[str, list[str]] = {}
    for spot in now:
        others = [other for other in then if {*other.cells} & {*spot.cells}]
        if others:
            assert len(others) == 1
            cells = {*spot.cells} | {*others[0].cells}
            n = [
                int((np.isin(at, [*cells]) & (found["month"] == month)).sum())
                for month in (MONTH, MONTH - back)
            ]
            group = {"up": "grown", "down": "fewer"}.get(compare_two(*n), compare_two(*n))
            rest.setdefault(group, []).append(said(spot))
            button = page.locator("#compare .compare-place", has_text=said(spot))
            assert f"{n[1]} då, {n[0]} nu" in button.text_content()
    assert {name: sorted(some) for name, some in rest.items()} == {
        name: sorted(some) for name, some in told.items() if name not in {"new", "gone"}
    }


def test_a_line_over_the_map_is_swiped(read: Opener) -> None:
    """Then on its left, now on its right, both named; arrow keys move it; none leaves no trace."""
    page = read(usual(), before=WATCH)
    turned(page, on_bar(page, 23))
    turned(page, page.locator("#compare-picker input[value=month]").check)
    labels = page.locator(".swipe-label").all_inner_texts()
    first = "november 2021"
    assert labels == [f"Då {first}", "Nu december 2021"]

    def edges() -> list[str]:
        found: list[str] = page.evaluate(
            "() => ['cellsThen', 'cells'].map((name) => map_0.getPane(name))"
            ".map((pane) => pane.style.clipPath)"
        )
        return found

    before = edges()
    assert all(path.startswith("polygon") for path in before)
    grip = page.locator(".swipe-grip")
    grip.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    assert float(grip.input_value()) < 50
    assert all(a != b for a, b in zip(before, edges(), strict=True))
    assert first in grip.get_attribute("aria-valuetext")
    assert page.locator("path.outline.then").count() == 1
    page.locator("#compare .compare-place").first.click()
    assert page.locator("#panel").is_visible()
    page.keyboard.press("Escape")
    view = turned(page, page.locator("#compare-picker input[value='']").check)
    assert view["then"] is None
    assert edges() == ["", ""]
    assert page.locator(".swipe-grip").count() == 0
    assert page.locator("#list").is_visible()


def test_a_comparison_that_cannot_be_made_says_why(read: Opener) -> None:
    """Before the first month there is nothing; a choice made earlier falls back to none."""
    page = read(usual(), before=WATCH)
    turned(page, on_bar(page, 12))
    turned(page, page.locator("#compare-picker input[value=year]").check)
    turned(page, on_bar(page, 5))
    year = page.locator("#compare-picker input[value=year]")
    assert year.is_disabled()
    assert page.locator("#compare-picker input[value='']").is_checked()
    assert shown(page)["then"] is None
    why = page.locator(f"#{year.get_attribute('aria-describedby')}").inner_text()
    assert why.startswith("Ett år tidigare går inte att välja")
    assert "januari 2020" in why
    assert page.locator("#compare-picker input[value=month]").is_enabled()
    turned(page, on_bar(page, 0))
    assert page.locator("#compare-picker input[value=month]").is_disabled()


# --- 5. patrols -----------------------------------------------------------------------------------


def test_patrols_stand_against_need(read: Opener) -> None:
    """Minutes by hand (five of 40 a month, and six), a sentence, the week, gaps, two surfaces."""
    page = read(usual(), before=WATCH)
    section = page.locator("#presence")
    section.locator(".presence-summary").wait_for()
    told = section.inner_text().replace("\xa0", " ").replace("\u2060", "")
    assert f"de {12 * 200 + 240} patrullminuterna" in told.replace("2 640", "2640")
    assert section.locator("svg.presence-matrix rect").count() == 168
    assert section.locator("svg.presence-matrix circle").count() == 6
    items = section.locator(".gap")
    assert 1 <= items.count() <= 8
    # Nobody was ever at the quarry, where everything happens on Sunday afternoons.
    assert "helg dag, 06–18" in items.first.inner_text()
    assert items.first.inner_text().endswith("0\xa0min patrull")
    assert said(usual().views[0].hotspots[1]) in items.first.inner_text()
    page.check("[name=surface][value=needs]")
    drawn = page.locator("path.cell")
    assert drawn.count() > 0
    assert all("need-" in drawn.nth(i).get_attribute("class") for i in range(drawn.count()))
    assert "händelser, ingen patrull" in page.locator("[data-ramp=needs]").inner_text()
    page.check("[name=surface][value=presence]")
    assert drawn.count() >= 1
    at = {int(c) for c in usual().cells.locate(*np.array([TOWN, BEACH]).T)}
    assert set(page.evaluate("() => [...seen.view.surface('presence').cell]")) == at
    turned(page, on_bar(page, 23))
    page.wait_for_timeout(300)
    told = section.inner_text().replace("\xa0", " ")
    assert "de 200 patrullminuterna" in told
    assert section.locator("svg.presence-matrix circle").count() == 5
    items.first.locator("button").click()
    assert page.locator("#panel").is_visible()


def test_a_project_without_patrols_says_so(read: Opener) -> None:
    """Words instead of a chart, and no surface to choose."""
    page = read(analysed(patrolled=False))
    page.locator("#presence .empty").wait_for()
    assert "Projektet har inga patruller" in page.locator("#presence").inner_text()
    assert page.locator("[name=surface][value=needs]").count() == 0


# --- 6. find --------------------------------------------------------------------------------------


def test_a_search_leads_to_hotspots_and_places(read: Opener) -> None:
    """Control+K, some letters, arrows and Enter: a hotspot's panel opens, a place is gone to."""
    page = read(usual(), before=WATCH)
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    page.keyboard.type("lek")
    options = page.get_by_role("option")
    assert options.count() == 2  # the hotspot and the bathing site
    assert page.locator(".search-kind").all_inner_texts() == ["Hotspots", "Badplatser"]
    page.keyboard.press("ArrowDown")
    active = field.get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    assert page.locator("#panel .name-of").inner_text() == "Leken"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("BYN")
    kinds = page.locator(".search-kind").all_inner_texts()
    assert kinds == ["Hotspots", "Orter och platser"]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    to_degrees = Transformer.from_crs(3006, 4326, always_xy=True).transform
    lon, lat = to_degrees(*VILLAGE)
    centre = page.evaluate("() => { const { lat, lng } = map_0.getCenter(); return [lng, lat]; }")
    away = page.evaluate(
        "([lng, lat]) => map_0.distance(map_0.getCenter(), [lat, lng])", [lon, lat]
    )
    assert away < 1500, (centre, away)
    assert page.locator("#panel").is_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("finns inte")
    assert page.locator(".search-note").inner_text() == "Inget med det namnet"


def hashed(page: Any) -> str:
    """Give the text after the "#", when it has come to rest."""
    page.wait_for_timeout(600)
    text: str = page.evaluate("() => location.hash.slice(1)")
    return text


def test_a_link_opens_the_same_again(read: Opener) -> None:
    """Filters, surface, order, hidden layers, hotspot and the map's view all come back."""
    page = read(usual(), before=WATCH)
    turned(page, page.locator("#families label", has_text="Ordning").click)
    turned(page, pressed(page, ".by-month input.from", ["ArrowRight"] * 3))
    turned(page, within(page, "kinds", "Skadegörelse"))
    turned(page, within(page, "presets", "Helg lör–sön"))
    turned(page, within(page, "presets", "Ej skollov"))
    page.keyboard.press("Escape")
    page.check("[name=surface][value=n]")
    page.uncheck("[name=layer][value=names]")
    page.check("#order [value=gap]")
    page.locator("#spots .spot-name").first.click()
    name = page.locator("#panel .name-of").inner_text()
    page.locator("#map_0").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    text = hashed(page)
    assert all(part in text for part in ("v=order", "m=2021-04..2021-12", "d=67", "h=not", "spot="))
    state = """() => [document.querySelector(".filters-short").textContent,
      document.querySelector("#summary").textContent,
      document.querySelector("[name=surface]:checked").value,
      document.querySelector("#order :checked").value,
      document.querySelector("[name=layer][value=names]").checked,
      document.querySelector("#panel .name-of").textContent,
      [...document.querySelectorAll("#spots .spot-name")].map((one) => one.textContent),
      [map_0.getCenter().lat, map_0.getCenter().lng].map((x) => x.toFixed(3)), map_0.getZoom()]"""
    again = read(usual(), before=WATCH, at=text)
    assert again.evaluate(state) == page.evaluate(state)
    assert again.locator("#panel .name-of").inner_text() == name
    # The map's middle is known to a pixel: the last of its decimals may differ.
    parts, others = (
        dict(part.split("=") for part in one.split("&")) for one in (hashed(again), text)
    )
    places = [[float(x) for x in some.pop("at").split(",")] for some in (parts, others)]
    assert places[0] == pytest.approx(places[1], abs=5e-4)
    assert parts == others
    # A bookmark of the same page, while it is open.
    again.evaluate("() => { location.hash = 'm=2021-12&k=month'; }")
    again.wait_for_function("() => seen.then !== null")
    assert again.locator("#compare-picker input[value=month]").is_checked()
    assert again.locator(".filters-short").inner_text() == "Alla slag · december 2021"
    again.evaluate("() => { location.hash = ''; }")
    again.wait_for_function("() => seen.then === null")
    assert again.locator("#spots .spot").count() == 4


HASHES = (
    "m=9999-99&d=88&t=99-99&h=<img src=x onerror=alert(1)>&v=constructor",
    "s=__proto__&k=toString&at=NaN,NaN,NaN&spot=%E0%A4%A&hide=%00,,,&o=gap;",
    "javascript:alert(1)",
    "%",
    "m=2021-01..2020-01&at=91,181,99&off=" + "x," * 500,
    "=&=&&&m=&d=&t=&h=&at=&spot=&hide&o",
)


def test_hostile_links_change_nothing(read: Opener) -> None:
    """What this page does not know is left out, in the first address and in later ones."""
    page = read(usual(), before=WATCH, at=HASHES[0])
    usual_view = shown(page)
    assert not usual_view["live"]
    for text in HASHES[1:]:
        page.evaluate("(text) => { location.hash = text; }", text)
        page.wait_for_timeout(120)
        view = shown(page)
        assert view["summary"] == usual_view["summary"]
        assert view["surface"] == "bin"
        assert page.locator("#panel").is_hidden()
        assert page.evaluate("() => Number.isFinite(map_0.getCenter().lat)")


# --- 7. take along --------------------------------------------------------------------------------


def taken(page: Any, key: str) -> tuple[str, bytes]:
    """Take something along from the menu: the file's name and its bytes."""
    page.locator("#downloads .download-toggle").click()
    with page.expect_download() as started:
        page.locator(f"#downloads [data-key={key}]").click()
    download = started.value
    with open(download.path(), "rb") as file:  # noqa: PTH123 - a path of text
        return download.suggested_filename, file.read()


def test_the_ranking_and_the_map_are_taken_along(read: Opener) -> None:
    """CSV, GeoJSON and GPX tell of the hotspots that are shown, PNG shows them; names tell what."""
    page = read(
        usual(), before=WATCH + "window.print = () => { seen.printed = true; };", network=True,
        permissions=["clipboard-read", "clipboard-write"],
    )  # fmt: skip
    view = turned(page, pressed(page, ".by-month input.from", ["ArrowRight"] * 9))
    name, data = taken(page, "csv")
    assert name == "lagesbild-provet-2021-12-rangordning-oktober-december-2021.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    names = [spot["name"].replace("\xa0", " ") for spot in view["spots"]]
    assert [row["Namn"] for row in rows] == names
    assert [int(row["Händelser"]) for row in rows] == [spot["count"] for spot in view["spots"]]
    assert all("oktober–december 2021" in row["Urval"] for row in rows)
    assert "{" not in data.decode("utf-8")
    name, data = taken(page, "geojson")
    features = json.loads(data)["features"]
    to_metres = Transformer.from_crs(4326, 3006, always_xy=True).transform
    for feature, spot in zip(features, view["spots"], strict=True):
        assert feature["properties"]["name"] == spot["name"].replace("\xa0", " ")
        shape = shapely.transform(
            shapely.geometry.shape(feature["geometry"]), to_metres, interleaved=False
        )
        union = usual().cells.union(np.array(spot["cells"]))
        assert shapely.area(shapely.symmetric_difference(shape, union)) < 0.01 * union.area
    name, data = taken(page, "gpx")
    points = ET.fromstring(data).findall("{*}wpt")  # noqa: S314 - our own text, to be tested
    assert len(points) == len(features)
    name, data = taken(page, "png")
    assert name.endswith(".png")
    assert data.startswith(b"\x89PNG")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert width > 700
    assert height > 500
    assert len(data) > 20_000
    page.locator("#downloads .download-toggle").click()
    page.locator("#downloads [data-key=link]").click()
    page.get_by_text("Länken är kopierad").wait_for()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link.startswith("file:")
    assert link.endswith("#m=2021-10..2021-12")
    page.locator("#downloads .download-toggle").click()
    page.locator("#downloads [data-key=print]").click()
    assert page.evaluate("() => seen.printed")


# --- 8. read --------------------------------------------------------------------------------------


def test_the_table_carries_what_the_map_says(read: Opener) -> None:
    """A row for every hotspot, all its columns; headers order it; a name opens its panel."""
    page = read(usual(), before=WATCH)
    table = page.locator("#table table")
    table.wait_for()
    heads = [text.strip("↑↓ \n") for text in table.locator("thead th").all_inner_texts()]
    wanted = {"Nr", "Plats", "Händelser", "p-värde", "Tätast", "Månaden", "Mest", "Patrull", "Läge"}
    assert wanted <= set(heads)
    spots = shown(page)["spots"]
    rows = table.locator("tbody tr")
    assert rows.count() == len(spots)
    for i, spot in enumerate(spots):
        told = rows.nth(i).inner_text().replace("\xa0", " ")
        for text in (spot["name"], spot["n"], spot["times"], spot["peak"], spot["area"]):
            assert text.replace("\xa0", " ").replace("\u2060", "") in told.replace("\u2060", "")
    events = table.locator("thead th", has_text="Händelser")
    assert events.get_attribute("aria-sort") is None
    events.locator("button").click()
    assert events.get_attribute("aria-sort") == "descending"
    at = heads.index("Händelser")
    counts = [
        int(rows.nth(i).locator("th, td").nth(at).inner_text().replace("\xa0", ""))
        for i in range(rows.count())
    ]
    assert counts == sorted(counts, reverse=True)
    events.locator("button").press("Enter")
    assert events.get_attribute("aria-sort") == "ascending"
    rows.first.locator("button").click()
    (least,) = (spot for spot in spots if spot["count"] == min(counts))
    assert page.locator("#panel .name-of").inner_text() == least["name"]


# --- 9. without filters, and with an online map ---------------------------------------------------


def test_a_page_without_filters_has_the_finished_maps(read: Opener) -> None:
    """No controls, no comparison; families, panels, downloads, table and links still work."""
    page = read(analysed(page=PageWish(filters=False)))
    for name in ("filters", "compare-picker", "presence"):
        assert page.locator(f"#{name}").is_hidden()
    assert page.locator("#spots .spot").count() == 4
    assert page.locator("[name=surface][value=needs]").count() == 0
    page.locator("#families label", has_text="Ordning").click()
    assert page.locator("#spots .spot").count() == 3
    page.locator("#spots .spot-name").first.click()
    assert page.locator("#panel .bars rect.bar").count() == 12
    text = hashed(page)
    assert page.locator("#table tbody tr").count() == 3
    assert "v=order" in text
    name, data = taken(page, "csv")
    assert name == "lagesbild-provet-2021-12-rangordning-ordning.csv"
    assert data.count(b"\r\n") == 4
    again = read(analysed(page=PageWish(filters=False)), at=text + "&m=2021-03&k=month")
    assert again.locator("#panel").is_visible()
    assert again.locator("#spots .spot").count() == 3


TILES = "https://kartor.example/{z}/{x}/{y}.png"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "6060f80f0001040100bf2d9b0a0000000049454e44ae426082"
)


def test_an_online_map_is_off_until_it_is_turned_on(read: Opener) -> None:
    """No request before; then only to the server that the project names, with its attribution."""
    without = read(usual())
    assert without.locator("[name=layer][value=tiles]").count() == 0
    policy = "meta[http-equiv=Content-Security-Policy]"
    assert "img-src data:;" in without.locator(policy).get_attribute("content") + ";"
    wish = PageWish(tiles=TILES, attribution="© Exempel <b>kartor</b>")
    page = read(analysed(page=wish), network=True)
    page.route(
        re.compile("^https:"), lambda route: route.fulfill(body=PIXEL, content_type="image/png")
    )
    online = page.locator("[name=layer][value=tiles]")
    assert not online.is_checked()
    page.wait_for_timeout(300)
    assert [url for url in read.asked if not url.startswith("file:")] == []
    online.check()
    page.locator(".leaflet-tile-loaded").first.wait_for()
    assert "© Exempel <b>kartor</b>" in page.locator(".leaflet-control-attribution").inner_text()
    tiles = [url for url in read.asked if not url.startswith("file:")]
    assert tiles
    assert all(url.startswith("https://kartor.example/") for url in tiles)
    read.asked[:] = [url for url in read.asked if url not in tiles]
    online.uncheck()
    assert page.locator(".leaflet-tile").count() == 0
    assert page.locator(".leaflet-control-attribution").count() == 0
    read.asked[:] = [url for url in read.asked if url.startswith("file:")]


# --- 10. other situations and screens -------------------------------------------------------------


def some_polygons() -> Cells:
    """Draw some four hundred polygons that fill the area."""
    rng = np.random.default_rng(3)
    points = shapely.multipoints(rng.uniform((WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE), (400, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=AREA))
    shapes = shapely.intersection(parts, AREA)
    return polygon_cells(shapes, np.array([f"p{i}" for i in range(len(shapes))], dtype=object))


@pytest.mark.parametrize("kind", ["hex", "drawn"])
def test_other_cells_are_filtered_as_well(read: Opener, kind: str) -> None:
    """Hexagons and drawn polygons: counts, classes, hot cells, outlines, patrols and comparison."""
    made = analysed(grid="hex") if kind == "hex" else analysed(cells=some_polygons())
    page = read(made, "en", before=WATCH, color_scheme="dark")
    view = turned(page, on_bar(page, 23))
    compare_with_python(page, view, chosen(invented(), months=(MONTH, MONTH)), kind, made)
    assert page.locator("path.outline").count() == len(view["spots"]) > 0
    outlines = page.locator("path.outline").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('d').length)"
    )
    assert min(outlines) > 10
    page.check("[name=surface][value=needs]")
    assert page.locator("path.cell").count() > 0
    turned(page, page.locator("#compare-picker input[value=month]").check)
    assert page.locator("#compare .compare-group").count() > 1
    assert "December 2021" in page.locator("#compare h2").inner_text()
    box = page.locator("#map_0").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_every_state_without_scrolling_sideways(read: Opener, width: int) -> None:
    """As it opens, with filters unfolded, two times compared, and a hotspot's panel open."""
    page = read(usual(), before=WATCH, viewport={"width": width, "height": 844}, has_touch=True)

    def fits(state: str) -> None:
        page.wait_for_timeout(200)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, state
        cut = page.evaluate(
            """(width) => [...document.querySelectorAll("button, input, label, h1, h2, h3, p, li")]
              .filter((each) => each.getClientRects().length)
              .filter((each) => !each.closest(".hidden, .skip, svg, .table-region, .leaflet-container, .strip"))
              .filter((each) => !each.matches(".hidden"))
              .filter((each) => each.getBoundingClientRect().right > width + 1
                || each.getBoundingClientRect().left < -1)
              .map((each) => each.outerHTML.slice(0, 100))""",  # noqa: E501 - a script
            width,
        )
        assert cut == [], state

    fits("as it opens")
    assert page.locator("#filters details.filters-fold").get_attribute("open") is None
    page.locator("#filters summary").click()
    fits("filters unfolded")
    page.locator(".of-kinds .disclosure-button").click()
    page.locator(".of-presets .disclosure-button").click()
    fits("everything unfolded")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, summary")]
          .filter((each) => each.getClientRects().length && !each.closest(".hidden, svg, .skip"))
          .filter((each) => {
            const { width, height } = each.getBoundingClientRect();
            return Math.min(width, height) < 24 - 0.1;
          }).map((each) => each.outerHTML.slice(0, 100))"""
    )
    assert small == []
    turned(page, on_bar(page, 23))
    turned(page, page.locator("#compare-picker input[value=month]").check)
    fits("compared")
    page.locator("#compare .compare-place").first.click()
    fits("a panel")
    page.locator("#panel [data-way=back]").click()
    turned(page, page.locator("#compare-picker input[value='']").check)
    page.locator("#downloads .download-toggle").click()
    fits("downloads")


def test_a_page_without_dates_has_no_months(read: Opener) -> None:
    """Kinds and hours filter; no months, no comparison; nothing speaks of a month."""
    found = invented()
    undated = {**found, "month": np.full(len(found["month"]), -1)}
    made = analysed(undated, months=None)
    assert made.month == 0
    page = read(made, before=WATCH)
    assert page.locator(".by-month").count() == 0
    view = turned(page, within(page, "kinds", "Nedskräpning"))
    assert view["total"] == (found["kind"] != LITTERING).sum()
    assert view["spots"]
    page.locator("#spots .spot-name").first.click()
    assert page.locator("#panel .bars").count() == 0
    told = page.locator("body").inner_text()
    for text in ("undefined", "NaN", "null", "{", "utan datum mot"):
        assert text not in told, text
    assert page.locator("#compare-picker input:enabled").count() <= 1


def test_what_has_no_date_is_no_month(read: Opener) -> None:
    """Where the statistics count undated events too, they have a bar, but are called no month."""
    found = invented()
    rng = np.random.default_rng(1)
    month = np.where(rng.random(len(found["x"])) < 0.1, -1, found["month"])
    page = read(analysed({**found, "month": month}, months=None), before=WATCH)
    short, said = page.locator(".filters-short"), page.locator(".filters-said").first
    assert short.inner_text() == "Alla slag · januari 2020 – december 2021, utan datum"
    assert said.inner_text().endswith("24 månader")
    series = (
        "() => seen.view.spots.map(({ series: { labels, now, before } }) => "
        "[labels.length, now.length, labels[0], before?.[11] ?? null])"
    )
    for told in page.evaluate(series):
        assert told == [24, 24, "januari 2020", None]
    view = turned(page, on_bar(page, 0, 25))
    assert short.inner_text() == "Alla slag · utan datum"
    assert view["total"] == (month == -1).sum()
    assert all("månader" not in spot["reason"] for spot in view["spots"])
    turned(page, on_bar(page, 12, 25))
    for choice, why in (("month", False), ("year", True)):
        assert page.locator(f"#compare-picker input[value={choice}]").is_disabled() == why
    assert "börjar i januari 2020" in page.locator(".compare-reasons").inner_text()
    turned(page, pressed(page, ".by-month input.from", ["Home", "ArrowRight"]))
    for told in page.evaluate(series):
        assert told[:3] == [12, 12, "januari 2020"]


def test_an_area_where_nothing_stands_out_says_so(read: Opener) -> None:
    """Events everywhere alike: no list, no number, and words for it; filters still work."""
    found = invented()
    even = np.arange(len(found["x"])) >= len(found["x"]) - 1300
    made = analysed(those(found, even))
    assert made.views[0].enough
    assert made.views[0].hotspots == ()
    page = read(made, before=WATCH)
    assert "Ingen plats sticker ut" in page.locator("#view-notes").inner_text()
    assert page.locator("g.badge").count() == 0
    turned(page, pressed(page, ".by-month input.from", ["ArrowRight"]))
    assert "Ingen plats sticker ut" in page.locator("#view-notes").inner_text()
    assert "Det finns inga hotspots" in page.locator("#table").inner_text()
    _, data = taken(page, "csv")
    assert data.count(b"\r\n") == 1


def test_many_hotspots_are_cut_to_sixty_and_the_rest_are_told(read: Opener) -> None:
    """Seventy-two places: sixty in the list and on the map, twelve in words; finished and live."""
    rng = np.random.default_rng(5)
    columns, rows = (2_000 * np.arange(9) + WEST + 1_250, 2_000 * np.arange(8) + SOUTH + 1_250)
    x, y = (np.repeat(axis.ravel(), 30) for axis in np.meshgrid(columns, rows))
    n = len(x)
    made = analysed(
        {
            "x": x + rng.normal(0, 60, n),
            "y": y + rng.normal(0, 60, n),
            "month": rng.integers(FIRST, MONTH + 1, n),
            "hour": rng.integers(0, 168, n),
            "kind": rng.integers(0, 4, n),
            "holiday": np.zeros(n, dtype=bool),
            "weight": np.ones(n),
        },
        size=200.0,
    )
    many = len(made.views[0].hotspots)
    assert many > 60
    page = read(made, before=WATCH)
    assert page.locator("#spots .spot").count() == 60
    assert str(many) in page.locator("#summary").inner_text()
    assert str(many - 60) in page.locator("#more").inner_text()
    view = turned(page, pressed(page, ".by-month input.from", ["Home"]))
    groups = contiguous(np.array(view["hot"], dtype=bool), made.cells.neighbours)
    assert page.locator("#spots .spot").count() == 60
    assert f"{len(groups) - 60} till är heta" in page.locator("#more").inner_text()
    page.locator("#spots .spot-name").nth(59).click()
    assert page.locator("#panel").is_visible()


# --- the page's own words and classes, beside Python's --------------------------------------------

_SAID = """(given) => {
  const said = lagesbild.phrasesOf(seen.content);
  return {
    distances: given.distances.map(said.distance),
    durations: given.durations.map(said.duration),
    times: given.times.map(said.times),
    names: given.points.map(([x, y]) =>
      said.place(lagesbild.nameOf(seen.data.anchors, x, y, 250, "ruta"))),
    reasons: given.reasons.map(said.reason),
    classes: given.counts.map((n) => {
      const { labels, class: codes } =
        lagesbild.countSurface(Float64Array.from(n), (value) => said.number(value, 0));
      return [labels, [...codes]];
    }),
    densities: given.densities.map((values) => {
      const made = lagesbild.densitySurface(Float64Array.from(values), said.number);
      return [made.labels, [...made.class]];
    }),
  };
}"""


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_page_says_and_sorts_as_python_does(read: Opener, language: str) -> None:
    """Distances, durations, names without roads, whole reasons, classes of counts and densities."""
    page = read(usual(), language, before=WATCH)
    told = words(language)
    rng = np.random.default_rng(17)
    distances = np.exp(rng.uniform(0, 11, 300)).tolist()
    durations = [0.0, *np.exp(rng.uniform(0, 10, 300)).tolist()]
    ratios = np.exp(rng.uniform(-1, 7, 300)).tolist()
    corners = (WEST, SOUTH), (WEST + SIDE, SOUTH + SIDE)
    points = np.concatenate(
        [
            rng.uniform(*corners, (200, 2)),
            *(rng.normal(at, 600, (100, 2)) for at in (BEACH, TOWN, VILLAGE)),
        ]
    )
    python = usual().views[0].hotspots[0]
    spots, given = [], []
    for i in range(120):
        n = int(np.exp(rng.uniform(0, 9)))
        known = int(rng.integers(1, n + 1))
        share = int(rng.integers(1, known + 1))
        days, hours = rng.integers(0, 7, 2).tolist(), rng.integers(0, 24, 2).tolist()
        peak = None if i % 3 == 0 else Peak(*days, *hours, share, known)
        kinds = rng.permutation(4)[: i % 5].tolist()
        minutes = None if i % 4 == 0 else float(rng.integers(0, 3) * rng.uniform(0, 900))
        spots.append(
            replace(
                python, n=n, ratio=ratios[i], peak=peak, patrol_minutes=minutes, trend="unknown",
                new=None, categories=tuple((KEYS[kind], 9) for kind in kinds),
            )
        )  # fmt: skip
        names = ("firstDay", "lastDay", "firstHour", "lastHour", "n", "known")
        values = (*days, *hours, share, known)
        given.append(
            {
                "n": n,
                "months": 12,
                "ratio": ratios[i],
                "categories": [[told.category(KEYS[kind], CATEGORIES), 9] for kind in kinds],
                "block": None if peak is None else dict(zip(names, values, strict=True)),
                "minutes": minutes,
            }
        )
    counts = [rng.integers(0, top, 40).tolist() for top in (2, 3, 5, 9, 30, 77, 500, 9_000, 70_000)]
    densities = [(top * rng.random(30)).tolist() for top in 10 ** rng.uniform(-4, 5, 40)]
    found = page.evaluate(
        _SAID,
        {
            "distances": distances,
            "durations": durations,
            "times": ratios,
            "points": points.tolist(),
            "reasons": given,
            "counts": counts,
            "densities": densities,
        },
    )
    assert found["distances"] == [phrases.distance(one, told) for one in distances]
    assert found["durations"] == [phrases.duration(one, told) for one in durations]
    assert found["times"] == [phrases.times(one, told) for one in ratios]
    made = usual()
    gazetteer = Gazetteer.of(made.layers, made.background)
    expected = [
        gazetteer.name(shapely.Point(x, y).buffer(300), x, y, "ruta", slack_m=250.0)
        for x, y in points
    ]
    assert {place.how for place in expected} == {"at", "part", "from"}
    assert found["names"] == [phrases.place_name(place, told) for place in expected]
    assert found["reasons"] == [phrases.reason(spot, told, made) for spot in spots]
    for sort, values, mine in zip(
        [surfaces._count] * len(counts) + [surfaces._density] * len(densities),
        [*counts, *densities],
        [*found["classes"], *found["densities"]],
        strict=True,
    ):
        streams = Streams()
        answer = sort(np.array(values), told, streams)
        codes = streams_back(streams, answer["class"])
        assert mine[0] == answer["labels"]
        assert mine[1] == [code for code in codes if code >= 0]


def streams_back(streams: Streams, place: list[int]) -> list[int]:
    """Read a stream of small whole numbers again: a byte each, zigzag."""
    begin, count, _ = place
    return [(byte >> 1) ^ -(byte & 1) for byte in streams.data[begin : begin + count]]
