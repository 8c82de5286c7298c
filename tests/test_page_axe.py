"""WCAG 2.2 A and AA, as far as a program can tell, in every state that the page can be in."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from pages import absent
from situations import situation
from test_page_live import analysed, some_polygons, usual

from layers.project import PageWish
from maps.html import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

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
        page.locator(selector).check(force=True)

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
    "a month": press("#filters .play"),
    "with a year ago": choose("#compare-picker input[value=year]"),
    "a place of it": press("#compare .compare-place:has(.rank:not(.then))"),
    "back": press("#panel [data-way=back]"),
    "with the month before": choose("#compare-picker input[value=month]"),
}
PANEL: Mapping[str, Act] = {
    "chosen": press("#spots .spot-name"),
    "next": press("#panel [data-way=next]"),
    "copied": press("#panel .positions button"),
    "all hours": choose("#presence [data-key='scope true']"),
    "numbers": opened,
}
TAKEN: Mapping[str, Act] = {
    "found": typed("n"),
    "not found": typed("qqqq"),
    "downloads": press("#downloads .download-toggle"),
    "sorted": press("#table th.of-times button"),
}
HAND = ("bin", "n", "kde", "risk", "change", "lisa", "joint", "")
LIVE = ("n", "kde", "needs", "presence", "")


def surfaces(names: tuple[str, ...]) -> Mapping[str, Act]:
    """Choose one surface after the other."""
    return {f"surface {name or 'none'}": surface(name) for name in names}


SCENES = {
    "filters": Scene(FILTERS),
    "filters, dark": Scene(FILTERS, options=DARK),
    "too little": Scene({"an hour": hour, "its surfaces": surface("n")}),
    "too little, dark": Scene({"an hour": hour}, options=DARK),
    "play": Scene({"playing": press("#filters .play")}),
    "panel": Scene(PANEL),
    "panel, dark": Scene(PANEL, options=DARK),
    "live panel": Scene({"evenings": hour_of_evening, **PANEL}) if False else Scene(PANEL),
    "taken along": Scene(TAKEN),
    "taken along, dark": Scene(TAKEN, options=DARK),
}
