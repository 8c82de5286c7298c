"""The page of a back-test in a browser: readable by all, deaf to hostile texts, asking nobody."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from pages import HOSTILE, SETTLED
from situations import MONTHS
from test_page_axe import DARK, PHONE, axe, violations

from layers.layer import Events
from maps.backtests.course import Course, Wanted, compare
from maps.backtests.page import write_page, write_plot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Opener = Callable[..., Any]

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["axe"]

PAPER = {"viewport": {"width": 700, "height": 990}}


@pytest.fixture(scope="module")
def course() -> Course:
    """Back-test 800 events of eighteen months, most of them at two places."""
    rng = np.random.default_rng(1)
    near = rng.normal(np.array([[900.0, 900.0], [2100.0, 1500.0]])[rng.integers(0, 2, 800)], 120.0)
    xy = np.where((rng.random(800) < 0.6)[:, None], near, rng.uniform(0, 3000, (800, 2)))
    inside = np.clip(xy, 1, 2999)
    zero = np.zeros(800, dtype=np.int16)
    events = Events(
        x=inside[:, 0],
        y=inside[:, 1],
        month=(MONTHS[0] + rng.integers(0, 18, 800)).astype(np.int32),
        hour=zero,
        category=zero,
        categories=("littering",),
        weight=np.ones(800),
    )
    wanted = Wanted(cell_sizes=(300.0, 600.0))
    return compare("Prov", [events], shapely.box(0, 0, 3000, 3000), 3006, wanted)


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    """Open the page of a course; in the end it has asked for nothing and complained of nothing."""
    asked: list[str] = []
    complaints: list[str] = []
    contexts = []

    def open_page(course: Course, language: str = "sv", **options: Any) -> Any:
        path = tmp_path / f"backtest-{len(contexts)}.html"
        write_page(course, path, language)
        context = chromium.new_context(offline=True, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert len(asked) == len(contexts)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(
    ("options", "media"),
    [({}, "screen"), (DARK, "screen"), (PHONE, "screen"), (PHONE | DARK, "screen"), ({}, "print")],
    ids=["wide", "dark", "phone", "dark phone", "paper"],
)
def test_axe_finds_nothing(
    opened: Opener, axe: str, course: Course, language: str, options: Any, media: str
) -> None:
    """Neither against WCAG 2.2 AA nor against axe-core's good practice."""
    page = opened(course, language, bypass_csp=True, **options)
    page.emulate_media(media=media)
    page.evaluate(axe)
    wcag, practice = violations(page)
    assert not wcag + practice, json.dumps(wcag + practice, indent=1, ensure_ascii=False)


def test_what_is_too_wide_can_be_reached_by_keyboard(opened: Opener, course: Course) -> None:
    """On a phone plot and tables scroll by themselves, the page never sideways; Tab gets there."""
    page = opened(course, **PHONE)
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
        page.evaluate(SETTLED)
        assert page.evaluate("document.activeElement.scrollLeft") > 0
        reached.append(page.evaluate("document.activeElement.localName"))
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"
    assert reached == ["figure", "div", "div"]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_nothing_is_cut_on_paper(opened: Opener, course: Course, language: str) -> None:
    """On A4 every table is as wide as the page at most, and no label of the plot leaves it."""
    page = opened(course, language, **PAPER)
    page.emulate_media(media="print")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    outside = """() => {
      const paper = document.querySelector("svg").getBoundingClientRect();
      return [...document.querySelectorAll("svg text")].filter((one) => {
        const box = one.getBoundingClientRect();
        return box.left < paper.left || box.right > paper.right || box.bottom > paper.bottom;
      }).map((one) => one.textContent);
    }"""
    assert page.evaluate(outside) == []


def test_hostile_texts_are_only_text(opened: Opener, course: Course, tmp_path: Path) -> None:
    """As titles and as files' names they are shown as they are: nothing runs, nothing is added."""
    count = "document.querySelectorAll('*').length"
    usual = opened(replace(course, inputs=(("events.csv", "0" * 64),))).evaluate(count)
    inputs = tuple((text, "0" * 64) for text in HOSTILE)
    every = "\n".join(HOSTILE)
    for title in (every, *HOSTILE[::40]):
        page = opened(replace(course, title=title, inputs=inputs))
        assert page.evaluate("window.hit") is None
        assert page.evaluate(count) == usual + 2 * (len(HOSTILE) - 1)
        told = page.locator(".inputs li").all_text_contents()
        assert [
            text in shown for text, shown in zip(HOSTILE, told, strict=True) if text.isprintable()
        ] == [True] * sum(text.isprintable() for text in HOSTILE)
        write_plot(replace(course, title=title), tmp_path / "plot.svg", "sv")
        plot = ET.parse(tmp_path / "plot.svg")  # noqa: S314 - a file of ours
        names = {one.tag.split("}")[1] for one in plot.iter()}
        assert names == {"svg", "title", "desc", "rect", "g", "path", "text"}
