"""What all tests share: the reference data, and programs that not every machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import hypothesis
import pytest

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


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; for tests marked ``browser``."""
    found = find_chromium()
    assert found, "mark the test with pytest.mark.browser"
    return found


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
