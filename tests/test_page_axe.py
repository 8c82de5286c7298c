"""WCAG 2.2 A and AA, as far as a program can tell, in every state that the page can be in."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pages import absent, browser
from situations import situation

from maps.html import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

_RUN = """(tags) => axe.run({ runOnly: tags }).then(({ violations, passes }) => [
  passes.length,
  violations.map((v) => [v.id, v.tags.includes("best-practice"), v.nodes.map((n) =>
    `${n.html.slice(0, 160)} ${n.failureSummary}`)]),
])"""


def as_it_opens(page: Any) -> None:
    """Do nothing: the page is judged as it opens."""
    del page


def chosen(page: Any) -> None:
    """Choose the first hotspot."""
    page.locator("#spots .spot-name").first.click()


def opened(page: Any) -> None:
    """Open everything that is folded."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def surface(name: str) -> Callable[[Any], None]:
    """Choose a surface, by the name that its radio button has."""

    def choose(page: Any) -> None:
        page.check(f"[name=surface][value='{name}']")

    return choose


def printed(page: Any) -> None:
    """Look at it as paper does."""
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


@dataclass(frozen=True)
class State:
    """What is done with a page that was opened so; ``options`` are those of its browser context."""

    act: Callable[[Any], None] = as_it_opens
    language: str = "sv"
    enough: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SURFACES = ("bin", "n", "kde", "risk", "change", "lisa", "joint", "")

STATES = {
    "default": State(),
    "english": State(language="en"),
    "dark": State(options=DARK),
    "chosen": State(chosen),
    "chosen, dark": State(chosen, options=DARK),
    "opened": State(opened),
    "opened, dark": State(opened, options=DARK),
    "phone": State(options=PHONE),
    "phone, opened": State(opened, options=PHONE),
    "printed": State(printed),
    "too little": State(enough=False),
    "too little, dark": State(enough=False, options=DARK),
    **{f"surface {name or 'none'}": State(surface(name)) for name in SURFACES},
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all states."""
    with browser() as started:
        yield started


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


def violations(page: Any, axe: str) -> tuple[list[Any], list[Any]]:
    """Give what axe-core finds against WCAG 2.2 A and AA, and against its own good practice."""
    page.evaluate(axe)
    checked, found = page.evaluate(_RUN, [*WCAG, "best-practice"])
    assert checked > 20, "axe-core has hardly looked"
    told = [[name, nodes] for name, practice, nodes in found if not practice]
    return told, [[name, nodes] for name, practice, nodes in found if practice]


@pytest.fixture
def page_in(chromium: Any, tmp_path: Path) -> Iterator[Callable[[State], Any]]:
    """Open a page in a state."""
    contexts = []

    def page(state: State) -> Any:
        path = tmp_path / "karta.html"
        write_page(situation(enough=state.enough), path, state.language)
        options = {"viewport": {"width": 1280, "height": 800}, **state.options}
        context = chromium.new_context(
            offline=True, reduced_motion="reduce", bypass_csp=True, **options
        )
        contexts.append(context)
        made = context.new_page()
        made.goto(path.as_uri())
        made.wait_for_selector("html[data-ready]")
        state.act(made)
        return made

    yield page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing(page_in: Callable[[State], Any], axe: str, name: str) -> None:
    """Neither against WCAG 2.2 AA nor against axe-core's good practice."""
    wcag, practice = violations(page_in(STATES[name]), axe)
    assert wcag == [], json.dumps(wcag, indent=1)
    assert practice == [], "good practice: " + json.dumps(practice, indent=1)


def test_axe_would_find_something(page_in: Callable[[State], Any], axe: str) -> None:
    """A field without a name and pale text are found: the silence above means something."""
    page = page_in(STATES["default"])
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
    wcag, _ = violations(page, axe)
    assert {name for name, _ in wcag} == {"color-contrast", "label"}
