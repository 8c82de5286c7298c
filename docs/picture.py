# ruff: noqa: INP001, T201 - a script that says what it made, not part of a package
"""Makes the README's pictures of the page: builds the Lekeberg example and looks at it.

Usage: ``python docs/picture.py``; needs the test extra and Chromium. Writes ``karta.png`` and
``karta-en.png`` beside itself, 1600 by 1000 pixels, each at most 350 kB or ends with 1.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "tests")]

from pages import browser  # noqa: E402 - the tests' own browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MOST_BYTES = 350_000
PICTURES = {"sv": "karta.png", "en": "karta-en.png"}


def main() -> int:
    """Build, look, write, and weigh, in both languages."""
    heavy = []
    with tempfile.TemporaryDirectory() as made, browser() as chromium:
        for language, name in PICTURES.items():
            page = build(Path(made, language), language)
            size = take(chromium, page, HERE / name)
            print(f"{name}: {size / 1000:.0f} kB")
            if size > MOST_BYTES:
                heavy.append(name)
    return 1 if heavy else 0


def build(folder: Path, language: str) -> Path:
    """Build the example in a folder, and give its page."""
    words = [sys.executable, "-c", "from cli import run; run()", "demo", str(folder)]
    words += ["--lang", language]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own
    return next((folder / "out").glob("*/karta.html"))


def take(chromium: Browser, page: Path, path: Path) -> int:
    """Photograph a page as it opens on a light screen; give the picture's bytes."""
    context = chromium.new_context(
        offline=True,
        viewport={"width": 1600, "height": 1000},
        color_scheme="light",
        reduced_motion="reduce",
    )
    opened = context.new_page()
    opened.goto(page.as_uri())
    opened.wait_for_selector("html[data-ready]")
    opened.screenshot(path=path, animations="disabled")
    context.close()
    return path.stat().st_size


if __name__ == "__main__":
    sys.exit(main())
