"""Hostile texts in every field, and in the address: the page shows them, and does nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from pages import HOSTILE, SETTLED
from pyproj import Transformer
from situations import hostile_situation, situation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Opener = Callable[..., Any]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = 7
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360"
    "6060f80f0001040100bf2d9b0a0000000049454e44ae426082"
)

# How many of each element there are; what is written on the map comes and goes by its width, so
# there only the kinds count. And all text.
_SEEN = """() => {
  const count = {};
  const onMap = new Set();
  const texts = [];
  const panes = ".leaflet-names-pane, .leaflet-badges-pane, .leaflet-symbols-pane";
  for (const element of document.querySelectorAll("*")) {
    const { localName } = element;
    if (element.closest(panes)) onMap.add(localName);
    else count[localName] = (count[localName] ?? 0) + 1;
    if (["script", "style", "noscript"].includes(localName)) continue;
    for (const node of element.childNodes) if (node.nodeType === 3) texts.push(node.data);
  }
  return [count, [...onMap], texts.join("\\n")];
}"""
DRAWN = {"div", "svg", "g", "path", "text", "circle", "rect"}


def printable(texts: Sequence[str]) -> list[str]:
    """Give the texts that can be read as they are written."""
    return [text.strip() for text in texts if text.isprintable() and text.strip()]


class Tour:
    """A walk through everything that a page opens; ``counts`` of elements after each step."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.counts: dict[str, dict[str, int]] = {}
        self.texts: dict[str, str] = {}

    def seen(self, step: str) -> None:
        """Look at the page: nothing has run; how many elements, which text."""
        self.page.evaluate(SETTLED)
        assert self.page.evaluate("window.hit") is None, step
        count, drawn, self.texts[step] = self.page.evaluate(_SEEN)
        assert set(drawn) <= DRAWN, step
        self.counts[step] = count

    def press(self, selector: str, step: str) -> None:
        """Press something, wherever the long titles have pushed it, and look."""
        self.page.locator(selector).first.evaluate("(one) => one.click()")
        self.seen(step)

    def walk(self) -> None:
        """Open everything that texts reach."""
        page = self.page
        self.seen("as it opens")
        for family in (1, 2, 3, 0):
            self.press(f"#families [value='{family}']", f"family {family}")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        self.press("#spots .spot-name", "panel")
        self.press("#panel [data-way=next]", "next panel")
        self.press("#panel .positions button", "copied")
        self.press("#presence [data-key='scope true']", "everything's hours")
        self.press("#panel [data-way=back]", "list")
        self.press(".of-kinds .disclosure-button", "kinds")
        self.press(".of-kinds li:nth-child(3) label", "a kind off")
        self.press("#spots .spot-name", "live panel")
        self.press("#panel [data-way=back]", "live list")
        self.press(".of-presets .disclosure-button", "presets")
        self.press("[name=filters-holidays][value=not]", "holidays")
        self.press("#filters .reset", "reset")
        page.locator(".by-month input.from").focus()
        page.keyboard.press("ArrowRight")
        self.seen("months")
        self.press("#compare-picker [value=year]", "compared")
        self.press("#compare .compare-place", "a place of it")
        page.keyboard.press("Escape")
        self.press("#compare-picker [value='']", "not compared")
        self.press("#table th.of-name button", "sorted")
        self.press("#table tbody button", "from the table")
        page.keyboard.press("Escape")
        for name in page.locator("[name=surface]:enabled").evaluate_all(
            "(all) => all.map((one) => one.value)"
        ):
            self.press(f"[name=surface][value='{name}']", f"surface {name}")
        self.press("[name=layer][value=tiles]", "tiles")
        self.press("[name=layer][value=tiles]", "no tiles")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        self.seen("printed")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")

    def take(self, key: str) -> bytes:
        """Take something along."""
        with self.page.expect_download() as started:
            self.page.locator(f"#downloads [data-key={key}]").evaluate("(one) => one.click()")
        with open(started.value.path(), "rb") as file:  # noqa: PTH123 - a path of text
            return file.read()

    def search(self, text: str) -> str:
        """Search for a text; give what is offered, of harmless elements alone."""
        self.page.locator("#search input").fill(text)
        names = self.page.locator("#search .search-popup *").evaluate_all(
            "(all) => all.map((one) => one.localName)"
        )
        assert set(names) <= {"div", "span", "small", "mark", "p"}
        offered: str = self.page.locator("#search .search-popup").text_content()
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        return offered


def toured(read: Opener, texts: Sequence[str]) -> Tour:
    """Walk through the page of some texts; an online map is there, and answers."""
    page = read(
        hostile_situation(texts), network=True,
        permissions=["clipboard-read", "clipboard-write"],
    )  # fmt: skip
    page.context.route(
        re.compile("^https:"), lambda route: route.fulfill(body=PIXEL, content_type="image/png")
    )
    tour = Tour(page)
    tour.walk()
    return tour


@pytest.fixture(scope="module")
def usual() -> dict[int, dict[str, dict[str, int]]]:
    """Keep how many elements a page of so many harmless texts has after each step."""
    return {}


@pytest.mark.parametrize("part", range(PAGES))
def test_hostile_texts_are_only_text(
    read: Opener, usual: dict[int, dict[str, dict[str, int]]], part: int
) -> None:
    """In every kind of field that people fill in, in everything that opens: text alone.

    Nothing runs, no element appears that a page of harmless texts lacks, and what can be printed
    is legible: in the title, the notice, the list, the table, the kinds, the panel, the search,
    the credit of the online map, and under the pointer.
    """
    texts = HOSTILE[part::PAGES]
    if len(texts) not in usual:
        harmless = toured(read, [f"text {i}" for i in range(len(texts))])
        usual[len(texts)] = harmless.counts
        harmless.page.context.close()
    tour = toured(read, texts)
    page, shown = tour.page, printable(texts)
    for step, counts in tour.counts.items():
        assert counts == usual[len(texts)][step], step
        assert [text for text in shown if text not in tour.texts[step]] == [], step
    for where in ("h1", "header .notice", "#spots", "#table", ".of-kinds"):
        legible = page.locator(where).first.text_content()
        lacking = [text for text in shown if text not in legible]
        assert len(lacking) < (1 if where in {"h1", "header .notice"} else len(shown)), where
    for text in shown:
        if len(text) < 60:
            assert text[:12].strip() in tour.search(text[:12])
    check_files(tour, len(texts))
    under_the_pointer(page, texts[0])
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.querySelectorAll('iframe, object, embed').length") == 0
    asked = [url for url in read.asked if url.startswith("https:")]
    assert all(url.startswith("https://tiles.example/") for url in asked)
    read.asked[:] = [url for url in read.asked if url not in asked]


def check_files(tour: Tour, n: int) -> None:
    """Take everything along: rows, features and points and no others, and no formula in a cell."""
    tour.press("#families [value='0']", "all again")
    tour.press("#filters .reset", "reset again")
    spots = tour.page.locator("#spots .spot")
    assert spots.count() == n
    rows = list(csv.reader(io.StringIO(tour.take("csv").decode("utf-8-sig")), delimiter=";"))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert len(rows) == n + 1
    assert not [cell for row in rows for cell in row if cell.lstrip(" ")[:1] in set("=+-@\t")]
    features = json.loads(tour.take("geojson"))["features"]
    assert len(features) == n
    root = ET.fromstring(tour.take("gpx"))  # noqa: S314 - our own text, to be tested
    names = [element.tag.split("}")[1] for element in root.iter()]
    assert set(names) == {"gpx", "metadata", "wpt", "name", "desc"}
    assert names.count("wpt") == n
    assert tour.take("png").startswith(b"\x89PNG")


def under_the_pointer(page: Any, text: str) -> None:
    """Point at the first bathing site and beside it: what is said there is text."""
    lon, lat = Transformer.from_crs(3006, 4326, always_xy=True).transform(
        situation().cells.x[7], situation().cells.y[7]
    )
    # The titles push the map off the screen, and where it gets another size it shows everything.
    page.evaluate("document.querySelector('.masthead').remove(); scrollTo(0, 0)")
    page.evaluate(SETTLED)
    page.evaluate("(at) => map_0.setView(at, 15, { animate: false })", [lat, lon])
    page.evaluate(SETTLED)
    box = page.locator("#map_0").bounding_box()
    for beside in (40, 0):
        page.mouse.move(box["x"] + box["width"] / 2 + beside, box["y"] + box["height"] / 2)
    if text.isprintable():
        assert text.strip() in page.locator("#readout").text_content()


KEYS = ("v", "off", "m", "d", "t", "h", "s", "k", "at", "spot", "hide", "o", "x")


def addresses(text: str) -> list[str]:
    """Write a text as an address, and as the value of every key, as it is and in percent."""
    return [text, *("&".join(f"{key}={one}" for key in KEYS) for one in (text, quote(text)))]


def test_hostile_addresses_change_nothing(read: Opener) -> None:
    """Every third text after the "#", and as what each key says, later and when the page opens."""
    page = read(situation())
    before = page.evaluate(_SEEN)
    assert before[0]["li"] > 3
    for text in HOSTILE[::3]:
        for address in addresses(text[:2000].encode("utf-8", "replace").decode("utf-8")):
            page.evaluate(
                """(text) => new Promise((done) => {
                  const old = location.hash;
                  location.hash = text;
                  if (location.hash === old) done();
                  else addEventListener("hashchange", done, { once: true });
                })""",
                address,
            )
        assert page.evaluate(_SEEN) == before, text
        assert page.evaluate("window.hit") is None, text
    page.context.close()
    for text in HOSTILE[::40]:
        for address in addresses(text[:2000].encode("utf-8", "replace").decode("utf-8"))[1:]:
            page = read(situation(), at=address)
            assert page.locator("#panel").is_hidden()
            assert page.locator("#spots .spot").count() == 3
            assert page.evaluate("window.hit") is None
            page.context.close()
