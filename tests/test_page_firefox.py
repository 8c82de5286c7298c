"""The page in the Firefox that readers have: opened from a file with the network cut."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from firefox import Firefox, firefox
from situations import situation

from maps.html import write_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

_NAMES = "return [...document.querySelectorAll('#spots .spot-name')].map((e) => e.textContent)"
_READY = "document.documentElement.hasAttribute('data-ready')"


@pytest.fixture(scope="module")
def fox() -> Iterator[Firefox]:
    """One Firefox for all pages."""
    with firefox() as started:
        yield started


def test_the_page_opens_silently_with_map_and_list(fox: Firefox, tmp_path: Path) -> None:
    """Ready, with numbers on the map and the list; a family has its own; no request, no word."""
    path = tmp_path / "karta.html"
    write_page(situation(), path, "sv")
    fox.complaints()
    before = len(fox.requests)
    fox.goto(path)
    fox.wait_for(_READY)
    names = fox.script(_NAMES)
    assert len(names) == 3
    assert fox.script("return document.querySelectorAll('g.badge').length") == 3
    assert fox.script(
        "return [...document.querySelectorAll('path.cell')]"
        ".some((path) => path.getAttribute('d').startsWith('M'))"
    )
    fox.script("document.querySelectorAll('#families input')[2].click()")
    fox.wait_for("document.querySelectorAll('#spots .spot-name').length === 1")
    assert fox.script(_NAMES) == ["Fjugesta, norra delen"]
    assert fox.script("return document.querySelectorAll('g.badge').length") == 1
    assert fox.complaints() == []
    assert fox.requests[before:] == []


def test_a_page_that_calls_out_or_fails_is_noticed(fox: Firefox, tmp_path: Path) -> None:
    """The silence above means something: requests, errors, console and policy are all heard."""
    path = tmp_path / "loud.html"
    path.write_text(
        "<!DOCTYPE html><meta charset=utf-8><title>x</title>"
        "<meta http-equiv=Content-Security-Policy content=\"font-src 'none'; style-src 'none'\">"
        "<img src=http://one.example/x.png>"
        "<script>console.warn('spoken'); setTimeout(() => { throw new Error('thrown'); });</script>"
        "<p style='color: red'>",
        "utf-8",
    )
    before = len(fox.requests)
    fox.goto(path)
    heard: list[str] = []
    until = time.monotonic() + 20
    wanted = ("spoken", "thrown", "Content-Security-Policy")
    while time.monotonic() < until and not all(any(w in h for h in heard) for w in wanted):
        heard += fox.complaints()
        time.sleep(0.05)
    assert all(any(word in one for one in heard) for word in wanted), heard
    assert any("one.example" in one for one in fox.requests[before:])
