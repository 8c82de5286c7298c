"""WCAG 2.2 A and AA, as far as a program can tell, in every state that the page can be in."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from pages import SETTLED, absent
from situations import over_time, situation
from test_page_live import analysed, some_polygons, usual

from layers.project import PageWish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maps.situation import Situation

    Opener = Callable[..., Any]
    Act = Callable[[Any], object]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

_RUN = """(tags) => axe.run({ runOnly: tags }).then(({ violations, passes }) => [
  passes.length,
  violations.map((v) => [v.id, v.tags.includes("best-practice"), v.nodes.map((n) =>
    `${n.html.slice(0, 160)} ${n.failureSummary}`)]),
])"""


# --- what a reader does ---------------------------------------------------------------------------


def as_it_opens(page: Any) -> None:
    """Do nothing: the page is judged as it opens."""
    del page


def press(selector: str) -> Act:
    """Press what a selector finds first."""

    def act(page: Any) -> None:
        page.locator(selector).first.click()

    return act


def typed(text: str) -> Act:
    """Search for a text."""

    def act(page: Any) -> None:
        page.locator("#search input").fill(text)
        page.locator("#search .search-popup").wait_for()

    return act


def choose(selector: str) -> Act:
    """Choose a radio button or a checkbox, whose label may be all that is seen of it."""

    def act(page: Any) -> None:
        page.locator(selector).locator("xpath=ancestor::label").click()

    return act


def surface(name: str) -> Act:
    """Choose a surface, by the name that its radio button has."""
    return choose(f"[name=surface][value='{name}']")


def hour(page: Any) -> None:
    """Let the events of a single hour of the day through: too few to test."""
    box = page.locator(".by-hour svg").bounding_box()
    page.mouse.click(box["x"] + 3.5 * box["width"] / 24, box["y"] + 10)
    page.locator("#view-notes .remark").first.wait_for()


def opened(page: Any) -> None:
    """Open everything that is folded."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def printed(page: Any) -> None:
    """Look at it as paper does."""
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


# --- situations -----------------------------------------------------------------------------------

TILES = PageWish(tiles="https://kartor.example/{z}/{x}/{y}.png", attribution="© Exempel")

MADE: Mapping[str, Callable[[], Situation]] = {
    "usual": usual,
    "by hand": situation,
    "over time": lambda: over_time(situation()),
    "too little": lambda: situation(enough=False),
    "hexagons": lambda: analysed(grid="hex"),
    "drawn cells": lambda: analysed(cells=some_polygons()),
    "no patrols, tiles offered": lambda: analysed(patrolled=False, page=TILES),
    "no filters": lambda: analysed(page=PageWish(filters=False)),
}


@dataclass(frozen=True)
class Scene:
    """What is done with a page one after the other, each step judged; ``options`` of its window."""

    steps: Mapping[str, Act]
    made: str = "usual"
    language: str = "sv"
    at: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

FILTERS: Mapping[str, Act] = {
    "as it opens": as_it_opens,
    "presets": press(".of-presets .disclosure-button"),
    "holidays": choose("[name=filters-holidays][value=only]"),
    "evenings": press(".chip.evening"),
    "kinds": press(".of-kinds .disclosure-button"),
    "a kind off": press(".of-kinds .kind-list label"),
    "no kinds": press(".of-kinds .kind-tools button:last-child"),
}
COMPARE: Mapping[str, Act] = {
    "with the month before": choose("#compare-picker input[value=month]"),
    "a place of it": press("#compare .compare-place:has(.rank:not(.then))"),
    "back": press("#panel [data-way=back]"),
    "with a year ago": choose("#compare-picker input[value=year]"),
}
PANEL: Mapping[str, Act] = {
    "a panel": press("#spots .spot-name"),
    "the next": press("#panel [data-way=next]"),
    "all hours": choose("#presence [data-key='scope true']"),
    "all unfolded": opened,
}
TAKEN: Mapping[str, Act] = {
    "found": typed("n"),
    "not found": typed("qqqq"),
    "downloads": press("#downloads .download-toggle"),
    "sorted": press("#table th.of-times button"),
}
HAND = ("bin", "n", "kde", "risk", "change", "lisa", "joint", "")
LIVE = ("n", "kde", "needs", "presence", "")


def surfaces(*names: str) -> dict[str, Act]:
    """Choose one surface after the other."""
    return {f"surface {name or 'none'}": surface(name) for name in names}


PHONED: Mapping[str, Act] = {
    "as it opens": as_it_opens,
    "filters": press("#filters summary"),
    "kinds": press(".of-kinds .disclosure-button"),
    "presets": press(".of-presets .disclosure-button"),
    "evenings": press(".chip.evening"),
    "downloads": press("#downloads .download-toggle"),
    "found": typed("n"),
    "a panel": press("#spots .spot-name"),
}
OVER_TIME: Mapping[str, Act] = {
    **surfaces("emerging", "forecast"),
    "a panel": press("#spots .spot-name"),
    "all unfolded": opened,
}
MONTH = "m=2021-12"
EVENINGS = "t=18-06"

SCENES = {
    "filters": Scene(FILTERS),
    "filters, dark": Scene(FILTERS, options=DARK),
    "too little": Scene({"an hour": hour, "its cells": surface("n")}),
    "too little, dark": Scene({"an hour": hour}, options=DARK),
    "playing": Scene({"play": press("#filters .play")}),
    "compared": Scene(COMPARE, at=MONTH),
    "compared, dark": Scene(COMPARE, at=MONTH, options=DARK),
    "panel": Scene(PANEL),
    "panel, dark": Scene(PANEL, options=DARK),
    "live panel": Scene(PANEL, at=EVENINGS),
    "taken along": Scene(TAKEN),
    "taken along, dark": Scene(TAKEN, options=DARK),
    "surfaces": Scene(surfaces(*LIVE)),
    "surfaces, dark": Scene(surfaces(*LIVE), options=DARK),
    "live surfaces": Scene(surfaces(*LIVE), at=EVENINGS),
    "all surfaces of Python": Scene(surfaces(*HAND), made="by hand"),
    "by hand": Scene({"chosen": press("#spots .spot-name"), "opened": opened}, made="by hand"),
    "by hand, dark": Scene({"as it opens": as_it_opens, "opened": opened}, "by hand", options=DARK),
    "over time": Scene(OVER_TIME, "over time"),
    "over time, dark": Scene(OVER_TIME, "over time", "en", options=DARK),
    "over time, phone": Scene({"as it opens": as_it_opens}, "over time", options=PHONE),
    "too little from the start": Scene({"as it opens": as_it_opens}, made="too little"),
    "phone": Scene(PHONED, options=PHONE),
    "phone, dark": Scene(PHONED, options=PHONE | DARK),
    "phone, compared": Scene(COMPARE, at=MONTH, options=PHONE),
    "English": Scene(FILTERS, language="en"),
    "English, panel": Scene(PANEL, language="en"),
    "English, compared": Scene(COMPARE, at=MONTH, language="en"),
    "printed": Scene({"on paper": printed}),
    "printed, filtered": Scene({"on paper": printed}, at=EVENINGS),
    "no patrols, tiles offered": Scene({"as it opens": as_it_opens}, "no patrols, tiles offered"),
    "no filters": Scene({"as it opens": as_it_opens, **TAKEN}, "no filters"),
    "hexagons": Scene({"as it opens": as_it_opens}, "hexagons"),
    "drawn cells": Scene({"as it opens": as_it_opens}, "drawn cells"),
}


# --- judging --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Fetch axe-core by npm."""
    if shutil.which("npm") is None:
        absent("npm")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        absent("axe-core")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@cache
def made(name: str) -> Situation:
    """Make a situation once."""
    return MADE[name]()


def violations(page: Any) -> tuple[list[Any], list[Any]]:
    """Give what axe-core finds against WCAG 2.2 A and AA, and against its own good practice.

    From the top of the page: what the window's edge cuts is measured as if it were that small.
    """
    page.evaluate("scrollTo(0, 0)")
    checked, found = page.evaluate(_RUN, [*WCAG, "best-practice"])
    assert checked > 20, "axe-core has hardly looked"
    told = [[name, nodes] for name, practice, nodes in found if not practice]
    return told, [[name, nodes] for name, practice, nodes in found if practice]


@pytest.mark.parametrize("name", SCENES)
def test_axe_finds_nothing(read: Opener, axe: str, name: str) -> None:
    """Neither against WCAG 2.2 AA nor against axe-core's good practice, in each state."""
    scene = SCENES[name]
    page = read(made(scene.made), scene.language, at=scene.at, bypass_csp=True, **scene.options)
    page.evaluate(axe)
    found = {}
    for state, act in scene.steps.items():
        act(page)
        page.evaluate(SETTLED)
        wcag, practice = violations(page)
        if wcag or practice:
            found[state] = {"WCAG": wcag, "good practice": practice}
    assert found == {}, json.dumps(found, indent=1, ensure_ascii=False)


def test_the_scenes_are_what_they_are_called(read: Opener) -> None:
    """A filter, a comparison, a panel, a search and a menu are there when axe-core looks."""

    def after(*acts: Act, at: str = "", of: str = "usual", **options: Any) -> Any:
        page = read(made(of), at=at, **options)
        for act in acts:
            act(page)
            page.evaluate(SETTLED)
        return page

    page = after(*FILTERS.values())
    assert page.locator(".of-kinds .disclosure-panel").is_visible()
    assert page.locator(".chip.evening").get_attribute("aria-pressed") == "true"
    assert page.locator("[name=filters-holidays][value=only]").is_checked()
    assert page.locator("#spots .spot").count() == 0
    page = after(hour)
    assert page.locator("#legend [data-for=points]").is_visible()
    page = after(*COMPARE.values(), at=MONTH)
    assert page.locator("#compare .compare-place").count() > 2
    assert page.locator(".swipe-grip").is_visible()
    assert page.locator("#compare h2").inner_text() == "December 2021 mot december 2020"
    page = after(*PANEL.values(), at=EVENINGS)
    assert page.locator("#panel h3").count() > 3
    assert page.locator("#presence [name=presence-scope]").count() == 2
    page = after(*PHONED.values(), **PHONE)
    assert page.locator("#panel").is_visible()
    assert page.locator(".of-presets .disclosure-panel").is_visible()
    page = after(*list(TAKEN.values())[:1])
    assert page.locator("#search [role=option]").count() > 1
    page = after(*list(TAKEN.values())[:3])
    assert page.locator("#downloads li").count() > 4
    page = after(press("#filters .play"))
    assert page.locator("#filters.playing").count() == 1
    page = after(of="no patrols, tiles offered")
    assert page.locator("[name=layer][value=tiles]").is_visible()


def test_axe_would_find_something(read: Opener, axe: str) -> None:
    """A field without a name and pale text are found: the silence above means something."""
    page = read(made("usual"), bypass_csp=True)
    page.evaluate(axe)
    page.evaluate(
        """() => {
          const pale = document.createElement("p");
          pale.append("pale");
          pale.style.color = "#ddd";
          pale.style.background = "#fff";
          const field = document.createElement("input");
          document.querySelector("main").append(pale, field);
        }"""
    )
    wcag, _ = violations(page)
    assert {name for name, _ in wcag} == {"color-contrast", "label"}
