"""How long a back-test takes, beside pandas, geopandas and scikit-learn; how often it errs.

``backtest.py`` times the command on 12,000 events (a year of months to foretell, every method, four
cell sizes), and the two methods that a plain script can have as well, plain count and Gaussian
density, in this program and in that script (needs scikit-learn; left out where it is not there).
Both must hit the same. ``backtest.py --null 200`` instead makes worlds in which no method is better
than the plain count, and worlds in which one is, and tells how often a winner is named.
Ends with 1 when a bar is missed or the two differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from measure import LAGESBILD, ROOT, run

sys.path.insert(0, str(ROOT))

from geo.accuracy import hits_within
from geo.backtest import Comparison, Ground, Past, can_replay, origins, replay
from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid
from geo.hotspots import Points, methods

EVENTS = 12_000
MONTHS = 24
WORLDS = (
    ("even", 900, 10),
    ("rough", 900, 10),
    ("rough", 3_600, 10),
    ("smooth", 900, None),
    ("smooth", 3_600, None),
    ("smooth", 14_400, None),
)
"""Kinds of worlds, their events, and the most per cent of them in which a winner may be named."""
SIDE = 30_000.0
CLUSTERED = 0.7
SIZES = (250.0, 500.0, 1000.0, 2000.0)
BAR_S = 30.0
BAR_RATIO = 5.0
BUDGET_M2 = 9e6
SIGMA = 300.0
JANUARY = 2020 * 12
AREA = shapely.box(0, 0, SIDE, SIDE)


def make(n: int, seed: int = 20211231) -> tuple[np.ndarray, np.ndarray]:
    """Make seeded events: 70 % in 60 clusters, the rest evenly; places and month numbers."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(1500, SIDE - 1500, (60, 2))
    which = rng.integers(0, 60, n)
    near = centres[which] + rng.normal(size=(n, 2)) * rng.uniform(100, 900, 60)[which, None]
    xy = np.where((rng.random(n) < CLUSTERED)[:, None], near, rng.uniform(0, SIDE, (n, 2)))
    return np.clip(xy, 1, SIDE - 1), JANUARY + rng.integers(0, MONTHS, n)


def past_of(xy: np.ndarray, month: np.ndarray) -> Past:
    """Hand events on, by months."""

    def points(span: tuple[int, int]) -> Points:
        inside = (month >= span[0]) & (month <= span[1])
        return Points(*xy[inside].T, np.ones(int(inside.sum())))

    return Past(12, frozenset(month.tolist()), points, AREA)


def ground_of(xy: np.ndarray, month: np.ndarray, size: float, area: shapely.Polygon) -> Ground:
    """Count events on a lattice."""
    cells = lattice_cells(Grid("square", size), area)
    builder = CubeBuilder(len(cells), ("a",))
    builder.add(cells.locate(*xy.T), month=month)
    return Ground(cells, builder.build())


def ours(xy: np.ndarray, month: np.ndarray, months: tuple[int, ...]) -> dict[tuple, np.ndarray]:
    """Have the two methods replayed on every lattice: hits by method and size."""
    past, found = past_of(xy, month), {}
    known = methods()
    asked = [(known["count"], {}), (known["kde"], {"kernel": "gaussian", "bandwidth": SIGMA})]
    for size in SIZES:
        ground = ground_of(xy, month, size, AREA)
        for trial in replay(ground, asked, past, months, np.array([BUDGET_M2])):
            found[trial.method, size] = trial.hits[:, 0]
    return found


def plain(xy: np.ndarray, month: np.ndarray, months: tuple[int, ...]) -> dict[tuple, np.ndarray]:
    """Do the same as a script does: a spatial join and a density for each month and cell size."""
    from sklearn.neighbors import KernelDensity  # noqa: PLC0415 - not in every environment

    events = gpd.GeoDataFrame({"month": month}, geometry=gpd.points_from_xy(*xy.T))
    found = {}
    for size in SIZES:
        along = np.arange(0, SIDE, size)
        x, y = (part.ravel() for part in np.meshgrid(along, along))
        cells = gpd.GeoDataFrame(geometry=shapely.box(x, y, x + size, y + size))
        area, middle = cells.area.to_numpy(), np.column_stack([x, y]) + size / 2
        hits: dict[str, list[float]] = {"count": [], "kde": []}
        for one in months:
            before = events[(events.month < one) & (events.month >= one - 12)]
            after = events[events.month == one]
            n, now = (
                gpd.sjoin(some, cells, predicate="within")
                .groupby("index_right")
                .size()
                .reindex(cells.index, fill_value=0)
                .to_numpy()
                for some in (before, after)
            )
            kde = KernelDensity(bandwidth=SIGMA, rtol=1e-4)
            kde.fit(np.column_stack([before.geometry.x, before.geometry.y]))
            for name, score in (("count", n), ("kde", np.exp(kde.score_samples(middle)))):
                hits[name].append(float(hits_within(score.astype(float), now, area, BUDGET_M2)))
        found |= {(name, size): np.array(values) for name, values in hits.items()}
    return found


def speed() -> int:
    """Time the command and the two ways, and print a table."""
    xy, month = make(EVENTS)
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        table = pd.DataFrame({"x": xy[:, 0] + 480_000, "y": xy[:, 1] + 6_540_000}).round(2)
        day = np.random.default_rng(0).integers(1, 28, len(table))
        months = zip(month, day, strict=True)
        table["date"] = [f"{m // 12}-{m % 12 + 1:02d}-{d:02d}" for m, d in months]
        table.to_csv(Path(folder) / "events.csv", index=False)
        sizes = [word for size in SIZES for word in ("--cell-size", f"{size:g}")]
        words = [*LAGESBILD, "backtest", "events.csv", "--crs", "3006", *sizes]
        cost, text = run(words, Path(folder))
    trials = len(text.splitlines()) - 1
    names = {line.split()[0] for line in text.splitlines()[1:]}
    print("| | s | s of processor | peak, MiB | bar, s |\n|---|---:|---:|---:|---:|")
    what = f"{EVENTS:,} events, 12 months, {len(names)} methods, {trials} trials, 4 cell sizes"
    print(
        f"| {what} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:.0f} | {BAR_S:.0f} |", flush=True
    )
    if cost.wall > BAR_S:
        missed.append("the time of the command")
    if find_spec("sklearn") is not None:
        known = origins(set(month.tolist()))
        start = time.perf_counter()
        mine = ours(xy, month, known)
        wall = time.perf_counter() - start
        start = time.perf_counter()
        other = plain(xy, month, known)
        ratio = (time.perf_counter() - start) / wall
        apart = max(float(np.abs(mine[key] - other[key]).max()) for key in mine)
        print(
            "\n| | s | plain script / ours | bar | hits apart, at most |\n|---|---:|---:|---:|---:|"
        )
        what = "plain count and Gaussian density, 12 months, 4 cell sizes"
        print(f"| {what} | {wall:.2f} | {ratio:.1f} | {BAR_RATIO:.0f} | {apart:.2f} |")
        if ratio < BAR_RATIO:
            missed.append("the ratio")
        if apart > 0.5:  # noqa: PLR2004 - densities differ by 1e-4: a cell may change places
            missed.append("the same hits")
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


def surface(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Make how many events each cell of 200 m in 8 by 8 km expects, relatively (40 x 40)."""
    if kind == "even":
        return np.ones((40, 40))
    if kind == "rough":
        return rng.gamma(0.15, size=(40, 40))
    x, y = np.meshgrid(np.arange(40), np.arange(40))
    level = np.full((40, 40), 0.15)
    for a, b in rng.uniform(3, 37, (12, 2)):
        level += rng.gamma(1.0) * 6 * np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * 2.5**2))
    return level


def world(kind: str, events: int, seed: int) -> Comparison:
    """Back-test one world of 18 months, independent from month to month."""
    rng = np.random.default_rng(seed)
    level = surface(kind, rng).ravel()
    month = JANUARY + rng.integers(0, 18, events)
    at = rng.choice(1600, events, p=level / level.sum())
    xy = (np.column_stack([at % 40, at // 40]) + rng.random((events, 2))) * 200.0
    area = shapely.box(0, 0, 8000, 8000)
    months, past = origins(set(month.tolist())), past_of(xy, month)
    asked = [(one, settings) for one in methods().values() if can_replay(one)
             for settings in one.variants]  # fmt: skip
    shares = np.array([0.02])
    trials = []
    for size in (200.0, 400.0):
        ground = ground_of(xy, month, size, area)
        trials += replay(ground, asked, past, months, shares * ground.area_m2)
    n = np.array([(month == one).sum() for one in months], dtype=float)
    return Comparison(trials, months, n, n, 64e6, shares, 1, 0, seed)


def null(worlds: int) -> int:
    """Tell how often a winner is named: where none can be better, and where one is."""
    missed = []
    print("| world | events | how many | winner named, % | mean gain told, points | bar, % |")
    print("|---|---:|---:|---:|---:|---:|")
    for kind, events, bar in WORLDS:
        found = [world(kind, events, seed).verdict for seed in range(worlds)]
        named = 100 * float(np.mean([one.winner is not None for one in found]))
        gain = 100 * float(np.mean([one.gain for one in found]))
        what = f"{kind} | {events:,} | {worlds} | {named:.1f} | {gain:.1f}"
        print(f"| {what} | {bar or ''} |", flush=True)
        if bar is not None and named > bar:
            missed.append(kind)
    print(f"missed: {'; '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--null", type=int, metavar="N", help="make so many worlds of each kind")
    told = parser.parse_args()
    sys.exit(speed() if told.null is None else null(told.null))
