"""What all tests share: the reference data, and programs that not every machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maps.situation import Situation

CI = bool(os.environ.get("CI"))

hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if CI else "dev")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of real data with published answers, or a skip that says so."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip("the reference data are not beside this checkout")
    return folder


@cache
def find_chromium() -> str | None:
    """Find a Chromium to open pages in."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
    return next((found for name in names if (found := shutil.which(name))), None)


@cache
def find_qgis_python() -> str | None:
    """Find the Python that QGIS is installed for; on Debian that is the system's own."""
    for python in dict.fromkeys(("/usr/bin/python3", sys.executable)):
        if Path(python).exists():
            done = subprocess.run(
                [python, "-c", "import qgis.core"], capture_output=True, check=False
            )
            if done.returncode == 0:
                return python
    return None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for all pages of a file of tests marked ``browser``."""
    from pages import browser  # noqa: PLC0415 - only the pages' tests need it

    with browser() as started:
        yield started


@pytest.fixture
def read(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """Open a situation's page; in the end it must have asked for and complained of nothing.

    ``at`` is the text after the address's "#", ``before`` a script that runs before the page's,
    ``network`` tells whether there is one. What a page asks for beyond its file is in ``asked``,
    and only who looks there may leave something in it.
    """
    from maps.html import write_page  # noqa: PLC0415 - only the pages' tests need it

    contexts: list[Any] = []
    asked: list[str] = []
    complaints: list[str] = []

    def opened(
        one: Situation | Path,
        language: str = "sv",
        *,
        at: str = "",
        before: str = "",
        network: bool = False,
        **options: Any,
    ) -> Any:
        path = one if isinstance(one, Path) else tmp_path / f"karta-{len(contexts)}.html"
        if not isinstance(one, Path):
            write_page(one, path, language)
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = chromium.new_context(offline=not network, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        if before:
            page.add_init_script(before)
        page.goto(path.as_uri() + (f"#{at}" if at else ""))
        page.wait_for_selector("html[data-ready], .state.failed")
        assert complaints == []
        return page

    opened.asked = asked  # type: ignore[attr-defined] - a function has room for more
    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    beyond = [url for url in asked if not url.startswith(("file:", "blob:file:", "blob:null"))]
    assert beyond == []
    assert sum(url.startswith("file:") for url in asked) == len(contexts), asked


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """The path of a Python with QGIS; for tests marked ``qgis``."""
    found = find_qgis_python()
    assert found, "mark the test with pytest.mark.qgis"
    return found


NEEDED = {
    "browser": (find_chromium, "Chromium is not installed"),
    "qgis": (find_qgis_python, "QGIS and its Python are not installed"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not here; where CI promises it, fail instead."""
    for mark, (find, reason) in NEEDED.items():
        if item.get_closest_marker(mark) and not find():
            if CI:
                pytest.fail(f"{reason}, but CI must not skip this test", pytrace=False)
            pytest.skip(reason)
