"""The page on the Lekeberg example, as the command makes it, and on a million events."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from situations import million

from cli import main
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence
from geo.months import UNKNOWN_HOUR
from geo.places import contiguous
from maps.html import page_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Opener = Callable[..., Any]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def numbers(text: str) -> list[int]:
    """Read the whole numbers of a sentence, whatever stands between their digits."""
    return [int(re.sub(r"\D", "", one)) for one in re.findall(r"\d[\d\u00a0 ]*", text)]


def test_the_lekeberg_page_is_an_instrument(read: Opener, tmp_path: Path) -> None:
    """From the command to the screen: small, the ranking of the table, and every part answers."""
    done = CliRunner().invoke(main, ["demo", str(tmp_path / "lekeberg"), "--lang", "sv"])
    assert done.exit_code == 0, done.output
    folder = next((tmp_path / "lekeberg" / "out").iterdir())
    assert (folder / "karta.html").stat().st_size <= 700_000
    page = read(folder / "karta.html")
    with (folder / "hotspots.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    names = page.locator("#spots .spot-name").all_inner_texts()
    ranked = [row["name"] for row in rows if row["family"] == "all"]
    assert [name.replace("\u00a0", " ") for name in names] == ranked
    before = page.locator("#summary").inner_text()

    page.evaluate("document.querySelectorAll('#filters .toggles button')[0].click()")
    page.locator("#chosen-text:not([hidden])").wait_for()
    assert numbers(page.locator("#summary").inner_text())[1] < numbers(before)[1]
    page.evaluate("document.querySelectorAll('#filters .toggles button')[0].click()")
    page.locator("#chosen-text").wait_for(state="hidden")
    assert page.locator("#summary").inner_text() == before

    page.locator("#spots .spot-name").first.click()
    assert page.locator("#panel h2").inner_text().startswith(names[0])
    page.keyboard.press("Escape")
    page.locator("#compare-picker input[value=year]").check(force=True)
    assert page.locator(".swipe-grip").count() == 1
    assert "2020" in page.locator("#compare h2").inner_text()
    page.locator("#compare-picker input[value='']").check(force=True)
    page.locator("#presence h2").wait_for()
    assert "2 tim i veckan" in page.locator("#presence").inner_text().replace("\u00a0", " ")
    page.locator("#search input").fill("lanna")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "Lanna" in page.locator("#panel h2").inner_text()
    assert page.locator("#table tbody tr").count() == len(names)


def test_a_million_events_are_filtered_as_in_python(read: Opener) -> None:
    """20,000 cells, 24 months, 12 kinds, 168 hours in 2.5 MB; the same Gi* without Mondays."""
    one = million()
    assert len(page_html(one, "sv").encode()) <= 2_500_000
    page = read(one)
    page.evaluate("document.querySelectorAll('#filters .toggles button')[0].click()")
    page.locator("#chosen-text:not([hidden])").wait_for()

    cube = one.cube
    first, last = one.months
    kept = (cube.month >= first) & (cube.month <= last)
    kept &= (cube.hour // 24 != 0) & (cube.hour != UNKNOWN_HOUR)
    n = np.bincount(cube.cell[kept], weights=cube.n[kept], minlength=cube.cells).astype(np.int64)
    weight = np.bincount(cube.cell[kept], weights=cube.weight[kept], minlength=cube.cells)
    result = gi_star.run(Evidence(one.cells, n, weight))
    places = [own for own in contiguous(result.hot, one.cells.neighbours) if n[own].sum()]
    assert numbers(page.locator("#summary").inner_text())[:2] == [len(places), n.sum()]
