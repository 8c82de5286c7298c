"""What all tests share: the reference data, and programs that not every machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from postgres import find_postgis

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


@dataclass
class Reader:
    """Opens pages, and keeps what they ask for and complain of.

    ``at`` is the text after the address's "#", ``before`` a script that runs before the page's,
    ``network`` tells whether there is one; ``options`` are those of the browser's context.
    """

    chromium: Any
    folder: Path
    contexts: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __call__(
        self,
        one: Situation | Path,
        language: str = "sv",
        *,
        at: str = "",
        before: str = "",
        network: bool = False,
        **options: Any,
    ) -> Any:
        """Write a situation's page, or take one that is there, and open it."""
        from maps.html import write_page  # noqa: PLC0415 - only the pages' tests need it

        path = one if isinstance(one, Path) else self.folder / f"karta-{len(self.contexts)}.html"
        if not isinstance(one, Path):
            write_page(one, path, language)
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = self.chromium.new_context(offline=not network, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        if before:
            page.add_init_script(before)
        page.goto(path.as_uri() + (f"#{at}" if at else ""))
        page.wait_for_selector("html[data-ready], .state.failed")
        assert self.complaints == []
        return page


@pytest.fixture
def read(chromium: Any, tmp_path: Path) -> Iterator[Reader]:
    """Open pages; in the end they must have asked for nothing and complained of nothing.

    Beyond each page's own file, and the files that it makes itself: a test of an online map takes
    what it expects out of ``asked``.
    """
    reader = Reader(chromium, tmp_path)
    yield reader
    for context in reader.contexts:
        context.close()
    assert reader.complaints == []
    beyond = [url for url in reader.asked if not url.startswith("blob:")]
    assert all(url.startswith("file:") for url in beyond), beyond
    assert len(beyond) == len(reader.contexts), beyond


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """The path of a Python with QGIS; for tests marked ``qgis``."""
    found = find_qgis_python()
    assert found, "mark the test with pytest.mark.qgis"
    return found


NEEDED = {
    "browser": (find_chromium, "Chromium is not installed"),
    "qgis": (find_qgis_python, "QGIS and its Python are not installed"),
    "postgis": (find_postgis, "PostgreSQL and PostGIS are not installed"),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a program that is not here; where CI promises it, fail instead."""
    for mark, (find, reason) in NEEDED.items():
        if item.get_closest_marker(mark) and not find():
            if CI:
                pytest.fail(f"{reason}, but CI must not skip this test", pytrace=False)
            pytest.skip(reason)
