"""The methods of time and of streets as planners see them: surfaces, lines, lists and sentences."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from pages import HOSTILE, SETTLED
from pyproj import Transformer
from situations import over_time, situation
from test_html import content_of, read_varints

from geo.hotspots import Streets
from geo.note import Note
from maps.html import page_html
from maps.overview import sentences
from maps.packing import Streams
from maps.rhythm import hours_said, rhythm_of, rhythm_said
from maps.street_lines import street_lines
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Opener = Callable[..., Any]

NEW = ("emerging", "forecast", "streets", "rhythm")
LINES, EDGES = (f".leaflet-streets-pane path.{name}" for name in ("street", "street-edge"))


def stream(streams: Streams, place: Sequence[int]) -> list[int]:
    """Read a stream of whole numbers back the plain way."""
    start, count, deltas = place
    values = read_varints(streams.data[start:])[:count]
    return np.cumsum(values).tolist() if deltas else values


def pieces(density: Sequence[float], names: Sequence[str], hot: Sequence[bool]) -> Streets:
    """Lay pieces of 50 m after each other, eastwards."""
    n = len(density)
    at = 50.0 * np.arange(n + 1)
    lines = [shapely.LineString([(a, 0), (a + 25, 0.4), (a + 50, 0)]) for a in at[:-1]]
    return Streets(
        np.array(lines, dtype=object), np.array(names, dtype=object), np.full(n, 50.0),
        np.ones(n, dtype=np.int64), np.array(density), np.ones(n), np.ones(n), np.array(hot),
    )  # fmt: skip


def test_a_map_without_the_methods_of_time_has_nothing_of_them() -> None:
    """What nobody asked for is neither drawn nor offered nor said."""
    page = page_html(situation(), "sv")
    for view in content_of(page)["views"]:
        assert [view[name] for name in NEW] == [None] * 4
        assert all(spot["course"] is None for spot in view["spots"])
    for value in ("emerging", "forecast", "streets"):
        assert f'value="{value}"' not in page


def test_pieces_of_a_street_become_one_line_a_class() -> None:
    """Neighbours of the same name, class and claim are one line; what is thinner is left out."""
    found = pieces(
        [0.1, 3, 3, 10, 10, 10, 3], ["A"] * 6 + ["B"], [False] * 3 + [True] * 3 + [False]
    )
    streams = Streams()
    told = street_lines(found, words("sv"), streams)
    assert told is not None
    assert told["names"] == ["A", "B"]
    assert stream(streams, told["name"]) == [0, 1, 0]
    assert stream(streams, told["hot"]) == [0, 0, 1]
    classes = stream(streams, told["class"])
    assert classes[0] == classes[1] < classes[2] == len(told["labels"]) - 1
    assert stream(streams, told["shapes"]["parts"]) == [1, 1, 1]
    # A bend of 40 cm in 50 m is below what the page shows.
    assert stream(streams, told["shapes"]["lengths"]) == [2, 2, 2]
    assert stream(streams, told["shapes"]["x"]) == [50, 150, 300, 350, 150, 300]


def test_streets_without_any_event_are_not_drawn() -> None:
    """No density, no lines."""
    assert street_lines(pieces([0, 0], ["A", "A"], [False] * 2), words("sv"), Streams()) is None
    assert street_lines(None, words("sv"), Streams()) is None


def test_the_page_grows_with_streets_not_with_their_events() -> None:
    """A hundred times as many events along the same streets: the same lines."""
    few, many = (
        pieces([d * times for d in (0.1, 3, 10)], ["A", "A", "B"], [False] * 3)
        for times in (1, 100)
    )
    sizes = []
    for found in (few, many):
        streams = Streams()
        told = street_lines(found, words("sv"), streams)
        assert told is not None
        sizes.append((len(streams.data), len(json.dumps(told["shapes"]))))
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    ("hot", "said"),
    [
        ([], ""),
        ([0], "mån 00–01"),
        ([23, 24], "mån 23–24, tis 00–01"),
        ([4 * 24 + h for h in (20, 21)] + [5 * 24 + h for h in (20, 21)], "fre–lör 20–22"),
        (range(168), "mån–sön 00–24"),
    ],
)
def test_hours_are_told_in_runs(hot: Sequence[int], said: str) -> None:
    """Hours of a day in a row are one, and so are days in a row with the same hours."""
    assert hours_said(hot, words("sv")) == said


def test_few_runs_of_hours_are_told_and_the_rest_counted() -> None:
    """Of many the longest are told, in the order of the week."""
    hot = [24 * day + hour for day in range(7) for hour in (day, day + 10)]
    said = hours_said([*hot, 13], words("en"))
    assert said.startswith("Mon 00–01, Mon 10–11, Mon 13–14")
    assert said.endswith(", 9 other times")


@pytest.mark.parametrize(
    ("ratio", "low", "high", "p", "said"),
    [
        (2.14, 1.52, 2.9, 0.001, "2.1 times as many as expected (1.5–2.9)"),
        (1.2, 1.04, 1.4, 0.01, "1.2 times as many as expected (1.04–1.4)"),
        (1.0, 0.8, 1.3, 0.9, "no certain difference (0.8–1.3 times)"),
        (0.4, 0.1, 0.9, 0.02, "fewer: 0.4 times as many as expected (0.1–0.9)"),
        (15.0, 3.0, np.inf, 0.01, "15 times as many as expected (3.0–∞)"),
    ],
)
def test_a_kind_of_time_is_compared_in_words(
    ratio: float, low: float, high: float, p: float, said: str
) -> None:
    """More, fewer, or no certain difference; an interval without 1 is not written with 1.0."""
    found = {"n": 12, "ratio": ratio, "low": low, "high": high, "p": p}
    one = situation().views[0]
    hours = {"n": [1] * 168, "mark": [0] * 168}
    view = replace(one, facts={"rhythm": {"hours": hours, "weather_wet": found}})
    told = rhythm_of(view, words("en"), Streams())
    assert told is not None
    assert told["contrasts"] == [[words("en")("page.rhythm.when.weather_wet"), "12", said]]


def test_a_place_tells_the_course_of_most_of_its_cells() -> None:
    """Three of five cells are newly hot: that is said, of how many, and what it means."""
    one = over_time(situation())
    spot = one.views[0].hotspots[0]
    kinds = np.full(len(one.cells), "none", dtype=object)
    kinds[spot.cells] = "sporadic_hot"
    kinds[spot.cells[: len(spot.cells) // 2 + 1]] = "new_hot"
    views = tuple(
        replace(view, columns={**view.columns, "emerging_class": kinds}) for view in one.views
    )
    told = content_of(page_html(replace(one, views=views), "en"))["views"][0]["spots"][0]["course"]
    mine = len(spot.cells) // 2 + 1
    rule = words("en")("classes.emerging_rule_new_hot")
    assert told == [rule, f"{mine} of {len(spot.cells)} cells"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "sv",
            [
                "I januari 2022 väntas omkring 41 händelser; 80 % chans att de blir 31–52.",
                "stämde det bättre än det långsiktiga genomsnittet",
            ],
        ),
        (
            "en",
            [
                "About 41 events are expected in January 2022, with a chance of 80 %",
                "closer than the long-run average",
            ],
        ),
    ],
)
def test_the_forecast_says_whether_it_was_any_good(language: str, said: list[str]) -> None:
    """Total, interval, and what the trial gave; another map's model that failed says so."""
    views = content_of(page_html(over_time(situation()), language))["views"]
    for text in said:
        assert any(text in fact for fact in views[0]["facts"]), text
    assert any("inget annat sätt" in f or "no other way" in f for f in views[1]["facts"])


def test_what_calls_for_eyes_now_comes_before_what_is_new() -> None:
    """Places of raised risk, then what is new, then streets; each with its own letter."""
    groups = content_of(page_html(over_time(situation()), "sv"))["views"][0]["alerts"]
    assert groups[0]["items"][0]["brief"].startswith("28 december 2021–7 januari 2022: ")
    assert [[item["letter"] for item in group["items"]] for group in groups] == [
        ["H1"], ["N1"], ["V1"],
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["near_repeat", "network_kde"])
def test_what_was_not_found_has_no_card(method: str) -> None:
    """Nothing to watch, no street: the sentences say so, and the list starts higher up."""
    one = over_time(situation())
    quiet = tuple(
        replace(view, alerts=tuple(a for a in view.alerts if a.method != method))
        for view in one.views
    )
    view = content_of(page_html(replace(one, views=quiet), "sv"))["views"][0]
    letter = {"near_repeat": "H", "network_kde": "V"}[method]
    assert not any(
        item["letter"][0] == letter for group in view["alerts"] for item in group["items"]
    )
    told = any("Just nu har ingen plats förhöjd risk" in fact for fact in view["facts"])
    assert told == (method == "near_repeat")


def test_a_map_with_too_few_events_says_it_once() -> None:
    """What the map's own warning says is not among the sentences again."""
    one = situation(enough=False)
    view = one.views[0]
    warning = next(note for note in view.notes if note.level == "warning")
    again = replace(warning, values={**warning.values, "n": 3})
    told = sentences(replace(view, limits=(again, Note("change_too_few", {"n": 2}))), words("sv"))
    assert len(told) == 1


def test_a_page_without_hotspots_opens_with_what_it_has() -> None:
    """Where nobody looked for hot cells the map shows what is expected, and names places."""
    one = over_time(situation())
    views = tuple(replace(view, tested=False, hotspots=()) for view in one.views)
    page = page_html(replace(one, views=views), "sv")
    assert re.findall(r'name="surface" value="(\w*)" checked', page) == ["forecast"]
    assert "Platserna att titta på står nedan." in content_of(page)["views"][0]["summary"]
    assert 'value="bin" checked' in page_html(one, "sv")


@pytest.mark.parametrize(
    ("hot", "said"), [((0, 1, 20, 21, 22, 23), "20–02"), ((0, 7, 8), "00–01, 07–09"), ((), "")]
)
def test_hours_of_the_clock_go_on_over_midnight(hot: Sequence[int], said: str) -> None:
    """An evening that goes on after midnight is one time, not two."""
    clock = {"n": [1] * 24, "mark": [int(hour in hot) for hour in range(24)]}
    hours = {"n": [1] * 168, "mark": [0] * 168}
    view = replace(situation().views[0], facts={"rhythm": {"hours": hours, "clock": clock}})
    told = rhythm_of(view, words("sv"), Streams())
    assert told is not None
    assert told["more"]["clock"] == said


@pytest.mark.parametrize(
    ("hot", "said"),
    [
        ((20, 21), "More than expected: Time of day 20–22."),
        ((), "No time stands out more than chance can explain."),
        (None, ""),  # nobody asked
    ],
)
def test_the_terminal_tells_the_rhythm_in_a_line(hot: Sequence[int] | None, said: str) -> None:
    """What stands out, that nothing does, or nothing at all."""
    facts = {}
    if hot is not None:
        clock = {"n": [1] * 24, "mark": [int(hour in hot) for hour in range(24)]}
        facts = {"rhythm": {"clock": clock}}
    assert rhythm_said(replace(situation().views[0], facts=facts), words("en")) == said


def open_time(read: Opener, language: str = "sv", **options: Any) -> Any:
    """Open the page of every method."""
    return read(over_time(situation()), language, **options)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("surface", ["emerging", "forecast"])
def test_a_surface_of_time_has_its_cells_and_its_legend(
    read: Opener, language: str, surface: str
) -> None:
    """Every class of the legend is drawn in its ink, and says what it means."""
    page = open_time(read, language)
    page.locator(f"[name=surface][value={surface}]").check()
    inks = page.locator(f"[data-ramp={surface}] .swatch").evaluate_all(
        "(all) => all.map((one) => one.classList[1])"
    )
    drawn = page.evaluate("[...document.querySelectorAll('path.cell')].map((p) => p.classList[1])")
    assert len(inks) >= 4
    assert set(drawn) == set(inks)
    legend = page.locator(f"[data-ramp={surface}]").inner_text()
    meaning = {"emerging": words(language)("page.means.new"), "forecast": "≥"}[surface]
    assert meaning in legend


@pytest.mark.browser
def test_streets_are_drawn_and_can_be_taken_away(read: Opener) -> None:
    """Lines with a dark edge, the key of their widths, and a choice that a link keeps."""
    page = open_time(read)
    choice = page.locator("[name=layer][value=streets]")
    assert page.locator(LINES).count() == page.locator(EDGES).count() > 2
    assert page.locator(f"{LINES}.hot").count() > 0
    assert page.locator(".street-key li").count() > 2
    choice.focus()
    page.keyboard.press("Space")
    assert page.locator(".leaflet-streets-pane path").count() == 0
    assert page.locator(".street-key").is_hidden()
    page.wait_for_url(re.compile("streets"))


@pytest.mark.browser
def test_a_card_tells_two_places_until_asked_for_all(read: Opener) -> None:
    """Two places, a line each; the button, by keyboard, too, shows all places and all words."""
    one = over_time(situation())
    view = one.views[0]
    street = next(alert for alert in view.alerts if alert.method == "network_kde")
    many = tuple(replace(street, id=f"street-{i}", rank=i) for i in range(2, 6))
    views = (replace(view, alerts=view.alerts + many), *one.views[1:])
    page = read(replace(one, views=views))
    card = page.locator("#alerts .alerts").nth(2)
    places, words_of = card.locator("li:visible"), card.locator(".full:visible")
    assert (places.count(), words_of.count()) == (2, 0)
    button = card.get_by_role("button", name="Alla 5: Gator där det händer mest", expanded=False)
    button.focus()
    page.keyboard.press("Enter")
    assert (places.count(), words_of.count()) == (5, 5)
    assert card.locator(".brief:visible").count() == 0
    page.keyboard.press("Enter")
    assert (places.count(), words_of.count()) == (2, 0)
    page.emulate_media(media="print")
    assert (places.count(), words_of.count()) == (5, 5)


@pytest.mark.browser
def test_the_pointer_reads_streets_and_cells(read: Opener) -> None:
    """Over a street its name and density; over a cell what is expected there, and its pattern."""
    one = over_time(situation())
    page = read(one)
    assert one.views[0].streets is not None
    densest = one.views[0].streets.geometry[55].centroid
    said = pointed(page, densest.x, densest.y)
    assert said == "Gata utan namn≥ 20 händelser per km, fler än slumpen förklarar"
    page.locator("[name=layer][value=streets]").uncheck()
    for surface, told in (("forecast", r"\d väntas \("), ("emerging", r"\w: \w")):
        page.locator(f"[name=surface][value={surface}]").check()
        assert re.search(told, pointed(page, 492_750, 6_559_250)), surface


@pytest.mark.browser
@pytest.mark.parametrize("text", [one for one in HOSTILE if one.isprintable()][:3])
def test_a_street_s_name_is_only_text(read: Opener, text: str) -> None:
    """What a street is called runs nothing and makes no element, under the pointer and listed."""
    one = over_time(situation(), names=(text, text))
    page = read(one)
    assert one.views[0].streets is not None
    densest = one.views[0].streets.geometry[55].centroid
    assert text.strip() in pointed(page, densest.x, densest.y)
    assert text.strip() in page.locator("#alerts").text_content()
    kinds = page.locator("#readout *, #alerts h3 *").evaluate_all(
        "(all) => [...new Set(all.map((one) => one.localName))].sort()"
    )
    assert kinds == ["button", "span", "strong"]
    assert page.evaluate("window.hit") is None


def pointed(page: Any, x: float, y: float) -> str:
    """Bring a place to the middle of the map, point at it, and read what is said there."""
    lon, lat = Transformer.from_crs(3006, 4326, always_xy=True).transform(x, y)
    page.evaluate("(at) => map_0.setView(at, 15, { animate: false })", [lat, lon])
    page.evaluate(SETTLED)
    box = page.locator("#map_0").bounding_box()
    for beside in (2, 0):
        page.mouse.move(box["x"] + box["width"] / 2 + beside, box["y"] + box["height"] / 2)
    text: str = page.locator("#readout").text_content()
    return text


@pytest.mark.browser
def test_a_filter_leaves_the_whole_map_s_methods_out(read: Opener) -> None:
    """What is counted anew has no development, forecast, streets or rhythm; the usual view has."""
    page = open_time(read)
    assert page.locator("#rhythm").is_visible()
    page.locator(".by-month input.from").focus()
    page.keyboard.press("ArrowRight")
    page.evaluate(SETTLED)
    assert page.locator("[name=surface][value=emerging]").is_disabled()
    assert page.locator("[name=surface][value=forecast]").is_disabled()
    assert page.locator("[data-for=streets]").is_hidden()
    assert page.locator(LINES).count() == 0
    assert page.locator("#rhythm").is_hidden()
    assert page.locator("[data-for=whole-only]").is_visible()
    page.locator("#filters .reset").click()
    page.evaluate(SETTLED)
    assert page.locator("#rhythm").is_visible()
    assert page.locator(LINES).count() > 2


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_the_rhythm_is_told_in_words_and_in_dots(read: Opener, width: int) -> None:
    """Four hours and three months have a dot; who does not see the charts hears the same."""
    page = open_time(read, viewport={"width": width, "height": 800})
    rhythm = page.locator("#rhythm")
    assert rhythm.locator(".matrix circle.hot").count() == 4
    assert rhythm.locator(".bars circle.hot").count() == 3
    label = rhythm.locator(".matrix").get_attribute("aria-label")
    for said in ("fre 22–23", "sön 01–02"):
        assert said in label
        assert said in rhythm.inner_text()
    assert "juni–augusti" in rhythm.inner_text()
    rows = rhythm.locator(".contrasts tbody tr")
    assert "2,1 gånger så många som väntat (1,5–2,9)" in rows.first.inner_text()
    assert "ingen säker skillnad" in rows.nth(1).inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_a_place_marks_the_hours_that_are_its_own(read: Opener) -> None:
    """Dots in the panel's week, and in words; a place of which it is not known has neither."""
    page = open_time(read)
    page.locator("#spots .spot-name").first.click()
    assert page.locator("#panel .matrix circle.hot").count() == 4
    assert "fre–lör 20–22" in page.locator("#panel").inner_text()
    page.locator("#panel [data-way=next]").click()
    assert page.locator("#panel .matrix").count() == 1
    assert page.locator("#panel circle.hot").count() == 0


@pytest.mark.browser
def test_the_printed_legend_is_that_of_the_chosen_surface(read: Opener) -> None:
    """On paper: the classes of development and what they mean, and of no other surface."""
    page = open_time(read)
    page.locator("[name=surface][value=emerging]").check()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("[data-ramp=emerging]").is_visible()
    assert page.locator("[data-ramp=bin]").is_hidden()
    assert page.locator(".street-key").is_visible()
    assert page.locator("#rhythm").is_visible()
