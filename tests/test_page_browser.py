"""The page as a reader has it: opened from a file in Chromium with the network cut."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pages import big_situation
from pyproj import Transformer
from situations import BADGRUVA, situation

from geo.cells import polygon_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Opener = Callable[..., Any]

pytestmark = pytest.mark.browser


def names(page: Any) -> list[str]:
    """Names in the list, in their order."""
    return page.locator("#spots .spot-name").all_inner_texts()


def drawn(page: Any) -> dict[str, str]:
    """Outline of each class of cells."""
    return page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('path.cell')]"
        ".map((p) => [p.getAttribute('class'), p.getAttribute('d')]))"
    )


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("grid", ["square", "hex"])
def test_the_page_opens_silently_with_map_and_list(read: Opener, language: str, grid: str) -> None:
    """No request, no complaint; cells, numbers and list are there in both languages."""
    page = read(situation(grid=grid), language)
    assert len(names(page)) == 3
    assert page.locator("g.badge").count() == 3
    hot = drawn(page)
    assert any(path.startswith("M") for path in hot.values())
    corners = hot["cell bin-3"].split("Z")[0].count("L") + 1
    assert corners == (4 if grid == "square" else 6)
    assert page.locator("#state").is_hidden()


def test_cells_lie_where_leaflet_puts_their_coordinates(read: Opener) -> None:
    """A known place, drawn by our polynomial, lies under Leaflet's own projection of it."""
    lon, lat = Transformer.from_crs(3006, 4326, always_xy=True).transform(*BADGRUVA)
    page = read(situation())
    page.evaluate("(at) => map_0.setView(at, 13, {animate: false})", [lat, lon])
    x, y, left, top = page.evaluate(
        """(at) => {
          const { x, y } = map_0.latLngToLayerPoint(at);
          const box = document.querySelector("#map_0 path.symbol.circle").getBBox();
          return [x, y, box.x + box.width / 2, box.y + box.height / 2];
        }""",
        [lat, lon],
    )
    assert abs(left - x) < 1
    assert abs(top - y) < 1


def test_a_family_has_its_own_list_and_cells(read: Opener) -> None:
    """The picker changes summary, list, numbers on the map, and cells."""
    page = read(situation())
    before, cells = page.locator("#summary").inner_text(), drawn(page)
    page.locator("#families label", has_text="Trafik").click()
    assert names(page) == ["Fjugesta, norra delen"]
    assert page.locator("g.badge").count() == 1
    assert page.locator("#summary").inner_text() != before
    assert drawn(page) != cells


def test_the_list_shows_a_place_on_the_map(read: Opener) -> None:
    """Pointing at an item marks its outline; clicking it goes there."""
    page = read(situation())
    item = page.locator("#spots .spot").nth(1)
    item.hover()
    assert page.locator("path.outline.pointed").get_attribute("data-rank") == "2"
    zoom = page.evaluate("map_0.getZoom()")
    item.locator(".spot-name").click()
    assert page.evaluate("map_0.getZoom()") > zoom
    assert page.locator("g.badge.chosen").get_attribute("data-rank") == "2"
    assert item.locator(".spot-name").get_attribute("aria-current") == "true"


def test_a_number_on_the_map_opens_its_panel(read: Opener) -> None:
    """The way back: from the map to what is said, focus follows, and Escape leads to the list."""
    page = read(situation())
    page.locator("g.badge[data-rank='3']").click()
    assert page.locator("#panel .name-of").inner_text() == "Fjugesta, norra delen"
    assert page.evaluate("document.activeElement.id") == "panel"
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Fjugesta, norra delen"


def test_the_keyboard_reaches_everything_in_order(read: Opener) -> None:
    """Skip link, search, downloads, family, map, zoom, legend, filters, list; Enter opens."""
    page = read(situation())
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "((e) => e.name || e.closest('#filters, #search, #table, #compare-picker')?.id ||"
                " e.className || e.localName)(document.activeElement)"
            ).split(" ")[0]
        )
    order = ["skip", "search", "download-toggle", "family", "folium-map", "button", "surface"]
    order += ["layer", "filters", "alert-name", "order", "spot-name", "table"]
    firsts = [seen.index(name) for name in order]
    assert firsts == sorted(firsts), seen
    page.locator("#families input").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#families input").nth(1).is_checked()
    page.locator("#spots .spot-name").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    assert page.locator("#panel").is_visible()
    assert page.evaluate("document.activeElement.id") == "panel"


def test_the_gap_list_is_an_order_of_the_ranking(read: Opener) -> None:
    """Most trouble and least patrol comes first; the numbers stay those on the map."""
    one = situation()
    view = one.views[0]
    spots = tuple(replace(s, gap_rank=4 - s.rank) for s in view.hotspots)
    page = read(replace(one, views=(replace(view, hotspots=spots), *one.views[1:])))
    page.locator("#order input[value=gap]").check()
    ranks = page.locator("#spots .rank").all_inner_texts()
    assert ranks == ["3", "2", "1"]


def test_surfaces_and_layers_can_be_chosen(read: Opener) -> None:
    """One surface at a time; a layer that is off is not drawn."""
    page = read(situation())
    page.check("[name=surface][value=n]")
    assert all("step-" in name for name in drawn(page))
    assert page.locator("[data-ramp=n] li").count() >= 3
    page.check("[name=surface][value=risk]")
    assert all("step-" in name for name in drawn(page))
    risks = page.locator("[data-ramp=risk] li").all_inner_texts()
    assert risks == ["1,5–2", "2–3", "3–5", "5–10", "≥ 10"]
    page.check("[name=surface][value='']")
    assert drawn(page) == {}
    page.uncheck("[name=layer][value=spots]")
    assert page.locator("g.badge").count() == 0
    page.uncheck("[name=layer][value=background]")
    assert not page.locator("path.ground.water").first.is_visible()


def test_surfaces_of_named_classes_have_their_names_in_the_legend(read: Opener) -> None:
    """Where traffic and other trouble meet: three classes, drawn and named; other maps lack it."""
    page = read(situation())
    page.check("[name=surface][value=joint]")
    assert set(drawn(page)) == {f"cell joint-{name}" for name in ("both", "one", "other")}
    assert all(drawn(page).values())
    labels = page.locator("[data-ramp=joint] li").all_inner_texts()
    assert labels == ["Båda", "Bara trafik", "Bara annat"]
    page.locator("#families label").nth(1).click()
    assert page.locator("[name=surface][value=joint]").is_disabled()
    assert page.locator("[name=surface][value=bin]").is_checked()
    page.check("[name=surface][value=lisa]")
    assert "cell lisa-hh" in drawn(page)


def test_what_is_new_stands_above_the_list_and_on_the_map(read: Opener) -> None:
    """The significant cluster has a letter in both; the one within chance is not even told."""
    page = read(situation())
    box = page.locator("#alerts")
    assert box.locator("h2").inner_text() == "Nytt till och med december 2021"
    assert box.locator(".alert").count() == 1
    assert "3,1 väntades" in box.inner_text()
    box.get_by_role("button", name="Mer").click()
    assert "en gång på 21 år" in box.inner_text()
    assert page.locator(".alert-badge text").all_text_contents() == ["N1"]
    before = page.evaluate("document.querySelector('path.alert-line').getAttribute('d')")
    box.locator("h3 button").click()
    after = page.evaluate("document.querySelector('path.alert-line').getAttribute('d')")
    assert before != after
    page.uncheck("[name=layer][value=alerts]")
    assert page.locator(".alert-badge").count() == 0


def test_nothing_new_is_an_answer_too(read: Opener) -> None:
    """Where the strongest cluster is within chance, the page says so and draws none."""
    one = situation()
    view = one.views[0]
    quiet = replace(view, alerts=tuple(a for a in view.alerts if not a.significant))
    page = read(replace(one, views=(quiet, *one.views[1:])))
    text = page.locator("#alerts").inner_text()
    assert "Inget nytt sticker ut den här månaden. Närmast är:" in text
    assert "40 fall av 100" in text
    assert page.locator(".alert-badge").count() == 0


def test_a_hotspot_says_how_steady_it_is_and_how_it_changes(read: Opener) -> None:
    """Badges in words; the latest months with their uncertainty; too little where it is so."""
    page = read(situation())
    assert page.locator("#spots .steady").all_inner_texts() == [
        *("Stabil", "Ganska stabil", "Osäker"),
    ]
    page.locator("#spots .spot-name").first.click()
    told = page.locator("#panel").inner_text()
    assert "12 i oktober–december 2021, 5 samma månader året före: 2,4 gånger" in told
    assert "osäkerhet 1,1–5,6" in told
    page.locator("#panel [data-way=next]").click()
    assert "för litet för att säga något" in page.locator("#panel").inner_text()


def test_bathing_sites_stand_in_a_table(read: Opener) -> None:
    """Events within reach, times expected, and events per ten days of the season."""
    rows = read(situation()).locator(".sites tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["Lanna badgruva", "41", "27", "4,9"],
        ["Leken", "3", "2,1", "0,2"],
    ]


def test_pointing_at_the_map_tells_what_is_there(read: Opener) -> None:
    """Symbols say their name, cells their count; both as text."""
    page = read(situation())
    page.locator("#spots .spot-name").first.click()
    box = page.locator("#map_0 path.symbol.circle").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "Lanna badgruva" in page.locator("#readout").inner_text()


def test_a_panel_has_its_charts(read: Opener) -> None:
    """168 hours and twelve months, each with words for those who do not see them."""
    page = read(situation())
    page.locator("#spots .spot-name").first.click()
    matrix = page.locator("#panel .matrix")
    assert matrix.locator("rect[class^=step]").count() == 168
    assert "Lanna badgruva" in matrix.get_attribute("aria-label")
    bars = page.locator("#panel .bars")
    assert bars.locator("rect.bar").count() == 12
    assert "Lanna badgruva" in bars.get_attribute("aria-label")


def test_too_little_data_has_words_and_points(read: Opener) -> None:
    """No list, no numbers, no hot cells; points and the reason."""
    page = read(situation(enough=False))
    assert names(page) == []
    assert page.locator("g.badge").count() == 0
    assert page.locator("path.point").count() == 1
    assert "Bara 12 händelser; 30 behövs" in page.locator("#view-notes").inner_text()
    assert "30" in page.locator("#view-notes .remark").inner_text()


def test_drawn_polygons_are_cells_too(read: Opener) -> None:
    """Cells that someone else drew are shown with their own outlines."""
    one = situation()
    cells = polygon_cells(one.cells.polygons, np.asarray(one.cells.ids, dtype=object))
    lattice = drawn(read(one))
    assert {k: v != "" for k, v in drawn(read(replace(one, cells=cells))).items()} == {
        k: v != "" for k, v in lattice.items()
    }


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_needs_no_scrolling_sideways(read: Opener, width: int) -> None:
    """Also with long words in every text."""
    page = read(situation(text="x" * 60), viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# Room for print on A4 within margins of 12 mm, in CSS pixels, and sheets that are enough.
SHEETS = {"portrait": (703, 1032, 3), "landscape": (1032, 703, 3)}


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_print_has_map_legend_ranking_and_notes(
    read: Opener, tmp_path: Path, sheet: str
) -> None:
    """Everything reaches the paper and nothing is cut; the map is vectors; dark prints light."""
    width, height, most = SHEETS[sheet]
    page = read(situation(), color_scheme="dark", viewport={"width": width, "height": height})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for words in ("Heta rutor", "Lanna badgruva", "Leken", "Fjugesta", "Vad kartan inte kan säga"):
        assert page.get_by_text(words).locator("visible=true").count() > 0, words
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 35)"
    assert page.locator(".frame canvas").count() == 0
    beyond = page.evaluate(
        """(width) => [...document.querySelectorAll("body *")]
          .filter((each) => !each.closest("svg, .frame, .hidden, .skip, noscript"))
          .filter((each) => each.getClientRects().length)
          .filter((each) => {
            const { left, right } = each.getBoundingClientRect();
            const wide = each.clientWidth && each.scrollWidth > each.clientWidth + 1;
            const cut = wide && getComputedStyle(each).overflowX !== "visible";
            return left < -1 || right > width + 1 || cut;
          })
          .map((each) => each.outerHTML.slice(0, 120))""",
        width,
    )
    assert beyond == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="null")
    landscape = sheet == "landscape"
    pdf = page.pdf(path=tmp_path / "karta.pdf", format="A4", landscape=landscape)
    assert pdf.startswith(b"%PDF")
    assert 1 <= pdf.count(b"/Type /Page\n") <= most
    assert b"/Subtype /Image" not in pdf
    if reader := shutil.which("pdftotext"):
        done = subprocess.run(
            [reader, tmp_path / "karta.pdf", "-"], capture_output=True, text=True, check=True
        )
        for words in ("Heta rutor", "Multen", "Lanna badgruva", "Mullhyttan", "5 km", "Källor"):
            assert words in done.stdout


def test_a_million_events_open_and_change_surface(read: Opener) -> None:
    """90,000 cells in four views: ready and redrawn in seconds, not minutes, on a busy machine."""
    page = read(big_situation())
    assert page.evaluate("performance.now()") < 20_000
    took = page.evaluate(
        """async () => {
          const begin = performance.now();
          document.querySelector("[name=surface][value=n]").click();
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          return performance.now() - begin;
        }"""
    )
    assert took < 15_000
    assert sum(map(len, drawn(page).values())) > 100_000
