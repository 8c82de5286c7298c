"""Pages for the tests: a big made-up situation, hostile texts, and a browser without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
import shapely
from situations import MONTHS, situation

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid
from maps.situation import Hotspot, PlaceName, Situation, View

if TYPE_CHECKING:
    from collections.abc import Iterator


def _texts(path: Path) -> tuple[str, ...]:
    """Read a file of texts: JSON a line, a string or a string and how many times; # remarks."""
    lines = path.read_text("utf-8").split("\n")
    found = [json.loads(line) for line in lines if line and not line.startswith("#")]
    return tuple(one if isinstance(one, str) else one[0] * one[1] for one in found)


HOSTILE = _texts(Path(__file__).with_name("hostile.txt"))
"""Texts that would do something where they were taken for anything but text; all different."""

SETTLED = """() => new Promise((done) => {
  const frame = requestAnimationFrame;
  frame(() => frame(() => setTimeout(() => frame(done), 200)));
})"""
"""Waits for the frame in which a choice is taken up, and for what follows it a little later."""

_SILENT = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def absent(what: str) -> NoReturn:
    """Skip a test for want of a tool; where everything must be there (CI), fail instead."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def by_node(*words: str | Path, given: object) -> Any:
    """Run a script of Node on a value, and give what it says; both cross as JSON."""
    node = shutil.which("node")
    if node is None:
        absent("node")
    done = subprocess.run(
        [node, *map(str, words)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, which finds no host at all."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - may be absent
    except ImportError:
        absent("playwright")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        absent("chromium")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=list(_SILENT))
        yield chromium
        chromium.close()


def big_situation(*, across: int = 300, spots: int = 80) -> Situation:
    """Make 90,000 cells with a million events in three families, and many hotspots."""
    area = shapely.box(470_000, 6_540_000, 470_000 + 100 * across, 6_540_000 + 100 * across)
    cells = lattice_cells(Grid("square", 100), area)
    rng = np.random.default_rng(1)
    small = situation()
    views = tuple(_big_view(view, cells, rng, spots) for view in small.views)
    cube = CubeBuilder(len(cells), small.cube.categories).build()
    return replace(small, area=area, cells=cells, views=views, cube=cube)


def _big_view(view: View, cells: Any, rng: np.random.Generator, spots: int) -> View:
    share = 11.0 if view.family == "all" else 3.0
    wave = np.sin(cells.x / 2300) * np.cos(cells.y / 3100)
    n = rng.poisson(share * np.exp(wave))
    z = cells.neighbours.sums(n.astype(float))
    z = (z - z.mean()) / z.std()
    bins = np.select([z > 2.6, z > 2, z > 1.6, z < -1.6], [3, 2, 1, -1], 0)
    at = rng.choice(len(cells), spots, replace=False)
    made = tuple(_spot(view.family, rank, int(i), cells) for rank, i in enumerate(at, 1))
    columns = {"n": n, "weight": n.astype(float), "kde": n * 99.5, "gi_bin": bins}
    return View(view.family, int(n.sum()), columns, bins > 1, True, made, np.zeros((0, 2)), ())  # noqa: FBT003 - enough


def _spot(family: str, rank: int, i: int, cells: Any) -> Hotspot:
    x, y = float(cells.x[i]), float(cells.y[i])
    return Hotspot(
        id=f"{family}-{cells.ids[i]}", family=family, rank=rank,
        place=PlaceName("at", f"Plats nummer {i}"), cells=np.array([i]),
        geometry=shapely.Point(x, y).buffer(400), x=x, y=y, n=900 - rank, weight=1.0,
        expected=100.0, ratio=8.0, p=1e-9, q=1e-6, area_m2=5e5,
        categories=(("littering", 500), ("vandalism", 300)), families=(("order", 800),),
        hours=np.full((7, 24), 5), unknown_hours=3,
        monthly=np.arange(MONTHS[1] - MONTHS[0] + 1) + 60, peak=None, n_month=71,
        n_month_before=70, n_year_before=60, trend="up", near=(), patrol_minutes=30.0,
        gap_rank=rank,
    )  # fmt: skip
