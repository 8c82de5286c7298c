"""What is shipped: the wheel's exact content, the command run from it, and the pinned versions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def shipped() -> set[str]:
    """Give the files that belong in the wheel: of the tree as git sees it, the packages' own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout, so its own files cannot be told from others")
    folders = ("geo/", "layers/", "maps/", "examples/lekeberg/")
    return {
        name
        for name in listed.stdout.split("\0")
        if (name == "cli.py" or name.startswith(folders)) and (ROOT / name).is_file()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, with what is installed here and nothing fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own that borrows the dependencies from here."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False)
    scheme = sysconfig.get_preferred_scheme("prefix")
    where = {"base": str(folder), "platbase": str(folder)}
    if "venv" in sysconfig.get_scheme_names():
        scheme = "venv"
    site = Path(sysconfig.get_path("purelib", scheme, where))
    scripts = Path(sysconfig.get_path("scripts", scheme, where))
    python = scripts / Path(sys.executable).name
    subprocess.run(
        [sys.executable, "-m", "pip", f"--python={python}", "install", "-q", "--no-deps", wheel],
        check=True,
    )
    # Only the folder: .pth files in it, an editable checkout among them, are not followed.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts / "lagesbild"


def test_the_wheel_holds_exactly_the_program(wheel: Path) -> None:
    """Every module, text, template and example file; no test, cache or benchmark."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    info = f"lagesbild-{PROJECT['version']}.dist-info/"
    about = {name for name in names if name.startswith(info)}
    assert names - about == shipped()
    assert about == {
        info + name
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }


def test_the_wheel_is_the_same_each_time(wheel: Path, tmp_path: Path) -> None:
    """Two builds of one tree give the same bytes."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def elsewhere() -> dict[str, str]:
    """Give an environment in which nothing leads back to the checkout."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def test_the_installed_command_runs_outside_the_checkout(command: Path, tmp_path: Path) -> None:
    """From an empty folder, with its own copy of the code, it says what it can do."""
    done = subprocess.run(
        [command, "--help"],
        cwd=tmp_path,
        env=elsewhere(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_installed_command_builds_the_demo(command: Path, tmp_path: Path) -> None:
    """All that the demo needs is in the wheel: the example, the texts, the page's files."""
    done = subprocess.run(
        [command, "demo"],
        cwd=tmp_path,
        env=elsewhere(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {p.name for p in (tmp_path / "lekeberg" / "out" / "2021-12").iterdir()} == {
        "karta.html",
        "lagesbild.gpkg",
        "hotspots.csv",
        "left_out.csv",
        "manifest.json",
    }
    assert str(ROOT) not in done.stderr


def pins() -> dict[str, Requirement]:
    """Read the pinned versions, by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    assert len({canonicalize_name(one.name) for one in found}) == len(found), "pinned twice"
    return {canonicalize_name(one.name): one for one in found}


def test_pins_are_exact_and_name_no_index() -> None:
    """Each is ``name==version``; where to fetch from is the reader's choice."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|^\s*-|@", text, re.MULTILINE)
    for one in pins().values():
        (specifier,) = one.specifier
        assert specifier.operator == "=="
        assert "*" not in specifier.version


def test_pins_are_complete_and_fit_together() -> None:
    """All that the project, its tests and its build need, on every supported system and Python.

    GDAL is left out on purpose: ``gdal-utils`` asks for it, but the one file of it that is used
    does not.
    """
    pinned = pins()
    systems = (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    )
    environments = [
        {**system, "python_version": version, "python_full_version": f"{version}.0"}
        for system in systems
        for version in ("3.11", "3.12", "3.13")
    ]
    asked = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["test"],
        "hatchling",
        "editables",
    ]
    waiting = [Requirement(text) for text in asked]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name == "gdal":
            continue
        assert name in pinned, f"{one} is not pinned"
        (version,) = (specifier.version for specifier in pinned[name].specifier)
        assert one.specifier.contains(version, prereleases=True), f"{one}, but {version} is pinned"
        if (
            name,
            frozenset(one.extras),
        ) in seen or name == "colorama":  # Windows only, needs nothing
            continue
        seen.add((name, frozenset(one.extras)))
        for text in metadata.requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or any(
                needed.marker.evaluate({**environment, "extra": extra})
                for environment in environments
                for extra in ("", *one.extras)
            ):
                waiting.append(needed)
    unused = set(pinned) - {name for name, _ in seen} - {"colorama", "gdal-utils"}
    assert not unused, f"pinned, but nothing needs it: {sorted(unused)}"
