"""Emerging hotspots: how long a whole run takes, beside esda and pymannkendall, and false claims.

300 by 300 cells of 100 m over 24 months, 1,000,000 seeded events (70 % in 60 clusters) and 20,000:
``run`` as the program calls it, after the cube is made. Peers on smaller cubes, given the same
numbers: esda's ``G_Local`` over a graph of bins (cells times months; making the graph not counted),
libpysal's weights made by hand, and pymannkendall's ``original_test`` row by row. Then random maps:
how many have any class, any word for planners, or any hot or cold bin at all; and steady places:
how many get a trend. Times are of the processor. Ends with 1 when a bar is missed.

    python bench/emerging.py [--peer PYTHON]    # PYTHON: one with esda and pymannkendall
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.cells import Cells, lattice_cells  # noqa: E402 - found only with the line above
from geo.cube import CubeBuilder  # noqa: E402 - likewise
from geo.grid import Grid  # noqa: E402 - likewise
from geo.hotspots import Evidence  # noqa: E402 - likewise
from geo.hotspots.emerging import nearby, pooled, run, space_time_gi_star  # noqa: E402 - likewise
from geo.trends import mann_kendall  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, STEPS = 2020 * 12, 24
BAR_S, BAR_GI, BAR_TREND, BAR_FALSE = 1.0, 20.0, 100.0, 0.05
MAPS = 300


def best(work: Callable[[], object], times: int) -> float:
    """Give the least processor time of some runs, seconds."""
    costs = []
    for _ in range(times):
        start = time.process_time()
        work()
        costs.append(time.process_time() - start)
    return min(costs)


def square(side: int) -> Cells:
    """Lay out side x side cells of 100 m."""
    return lattice_cells(Grid("square", 100), shapely.box(0, 0, 100 * side, 100 * side))


def evidence(cells: Cells, cell: np.ndarray, month: np.ndarray) -> Evidence:
    """Give what the method sees of events in cells and months (0 to 23), all of them known."""
    builder = CubeBuilder(len(cells), ("a",))
    builder.add(cell, month=FIRST + month)
    cube = builder.build()
    n, weight = cube.per_cell()
    months = (FIRST + STEPS - 12, FIRST + STEPS - 1)
    known = frozenset(range(FIRST, FIRST + STEPS))
    return Evidence(cells, n, weight, cube=cube, months=months, known=known)


def whole(events: int) -> tuple[float, float]:
    """Time a run on 90,000 cells: the first, with fresh memory, and the best of five."""
    cells = square(300)
    rng = np.random.default_rng(events)
    crowd = events * 7 // 10
    centres = rng.uniform(0, 30_000, (60, 2))
    near = centres[rng.integers(0, 60, crowd)] + rng.normal(0, 300, (crowd, 2))
    x, y = np.concatenate([near, rng.uniform(0, 30_000, (events - crowd, 2))]).T
    seen = evidence(cells, cells.locate(x, y), rng.integers(0, STEPS, events))
    first = best(lambda: run(seen), 1)
    return first, best(lambda: run(seen), 5)


def windows() -> list[tuple[int, ...]]:
    """Pair each month with the one before."""
    return [(step, step - 1) if step else (0,) for step in range(STEPS)]


def counts(side: int) -> np.ndarray:
    """Give two events a cell and month on average, seeded."""
    return np.random.default_rng(side).poisson(2.0, (STEPS, side * side)).astype(np.float64)


def gi_star(side: int) -> np.ndarray:
    """Give ours, a row a month."""
    cells, x = square(side), counts(side)
    sizes = np.array([len(window) for window in windows()])[:, None] * cells.neighbours.sizes
    return space_time_gi_star(x, pooled(nearby(x, cells.neighbours), windows()), sizes)


def peer(side: int, folder: str) -> None:
    """Time esda and pymannkendall in this interpreter; leave their values in a file."""
    import esda  # noqa: PLC0415 - only the peer's process needs it
    import libpysal  # noqa: PLC0415 - likewise
    import pymannkendall  # noqa: PLC0415 - likewise

    warnings.simplefilter("ignore")

    def graph(side: int) -> libpysal.weights.W:
        cells = side * side
        first, second = square(side).neighbours.pairs()
        near: list[list[int]] = [[cell] for cell in range(cells)]
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            near[a].append(b)
            near[b].append(a)
        around = {
            step * cells + cell: [at * cells + other for at in window for other in near[cell]]
            for step, window in enumerate(windows())
            for cell in range(cells)
        }
        return libpysal.weights.W(around, silence_warnings=True)

    def zs(side: int, weights: libpysal.weights.W) -> np.ndarray:
        x = counts(side)
        found = esda.G_Local(x.ravel(), weights, transform="B", star=None, permutations=0)
        return np.asarray(found.Zs).reshape(x.shape)

    zs(5, graph(5))
    weights = graph(side)
    seconds = best(lambda: zs(side, weights), 3)
    z = zs(side, weights)
    rows = gi_star(side).T
    start = time.process_time()
    trends = [pymannkendall.original_test(row) for row in rows]
    trend_seconds = time.process_time() - start
    np.savez(
        Path(folder) / "peer.npz",
        seconds=[seconds, trend_seconds],
        z=z,
        trend=[(one.s, one.var_s, one.z, one.p) for one in trends],
    )


def beside(python: str, side: int) -> list[str]:
    """Print the ratios to the peers on one cube, and the largest differences."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        "from emerging import peer; peer(int(sys.argv[1]), sys.argv[2])"
    )
    cells, x = square(side), counts(side)
    sizes = np.array([len(window) for window in windows()])[:, None] * cells.neighbours.sizes
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-c", program, str(side), folder], check=True)
        with np.load(Path(folder) / "peer.npz") as told:
            (gi_s, trend_s), z, trend = told["seconds"].tolist(), told["z"], told["trend"].T
    ours = space_time_gi_star(x, pooled(nearby(x, cells.neighbours), windows()), sizes)
    found = mann_kendall(ours.T)
    gi_ms = best(
        lambda: space_time_gi_star(x, pooled(nearby(x, cells.neighbours), windows()), sizes), 9
    )
    trend_ms = best(lambda: mann_kendall(ours.T), 9)
    rows = (
        ("Gi* of all bins, esda", gi_s, gi_ms, BAR_GI, abs(z - ours).max()),
        (
            "Mann-Kendall, pymannkendall",
            trend_s,
            trend_ms,
            BAR_TREND,
            max(
                abs(theirs - mine).max()
                for theirs, mine in zip(
                    trend, (found.s, found.variance, found.z, found.p), strict=True
                )
            ),
        ),
    )
    print(f"\n| {side} x {side} x {STEPS} | peer, s | ours, s | times faster | bar | difference |")
    print("|---|---:|---:|---:|---:|---:|")
    missed = []
    for what, theirs, mine, bar, difference in rows:
        print(f"| {what} | {theirs:.3f} | {mine:.4f} | {theirs / mine:.0f} | {bar:.0f} | "
              f"{difference:.1e} |")  # fmt: skip
        if theirs / mine < bar or difference > 1e-9:  # noqa: PLR2004 - all that rounding may do
            missed.append(what)
    return missed


def false_claims() -> list[str]:
    """Print how many random maps hold a claim, and how many steady places get a trend."""
    cells = square(20)
    missed = []
    print(
        f"\n| {MAPS} random maps, 20 x 20 x {STEPS} | any class | any word | any hot or cold bin |"
    )
    print("|---|---:|---:|---:|")
    for season in (1.0, 8.0):
        per_month = np.where(np.arange(STEPS) % 12 < 3, season, 1.0)  # noqa: PLR2004 - a summer
        for events in (100, 1_000, 10_000, 50_000):
            classes = told = bins = 0
            for seed in range(MAPS):
                rng = np.random.default_rng([events, seed])
                n = rng.poisson(events)
                month = rng.choice(STEPS, n, p=per_month / per_month.sum())
                found = run(evidence(cells, rng.integers(0, len(cells), n), month))
                columns = found.columns
                told += bool((columns["emerging_summary"] != "").any())
                classes += bool((columns["emerging_class"] != "none").any())
                bins += bool((columns["emerging_months"] + columns["emerging_cold"]).any())
            what = f"{events:,} events" + (", eight times as many in summer" if season > 1 else "")
            print(
                f"| {what} | {classes / MAPS:.3f} | {told / MAPS:.3f} | {bins / MAPS:.3f} |",
                flush=True,
            )
            if (
                max(classes, told) / MAPS
                > BAR_FALSE + 3 * (BAR_FALSE * (1 - BAR_FALSE) / MAPS) ** 0.5
            ):
                missed.append(what)
    claimed = alone = 0
    for seed in range(MAPS):
        rng = np.random.default_rng([7, seed])
        cell, month = rng.integers(0, len(cells), 2000), rng.integers(0, STEPS, 2000)
        crowd = np.repeat(np.arange(STEPS), rng.poisson(20, STEPS))
        cell, month = np.append(cell, np.full(len(crowd), 210)), np.append(month, crowd)
        columns = run(evidence(cells, cell, month)).columns
        claimed += columns["emerging_class"][210] != "persistent_hot"
        alone += columns["emerging_p"][210] < BAR_FALSE
    print(
        f"\n{MAPS} steady places: {claimed / MAPS:.3f} get a trend or another class; Mann-Kendall"
    )
    print(f"of months that overlap would alone give {alone / MAPS:.3f}")
    return missed


def main() -> int:
    """Time a whole run, compare, and count false claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON", default=sys.executable)
    python = parser.parse_args().peer
    asked = [python, "-c", "import esda, libpysal, pymannkendall"]
    if subprocess.run(asked, check=False, capture_output=True).returncode:
        print(f"{python} cannot import esda and pymannkendall; name another with --peer")
        return 1
    missed = []
    print(f"| 300 x 300 x {STEPS}, whole run | first, s | best of five, s | bar |")
    print("|---|---:|---:|---:|")
    for events in (20_000, 1_000_000):
        first, least = whole(events)
        print(f"| {events:,} events | {first:.2f} | {least:.2f} | {BAR_S} |", flush=True)
        if first > BAR_S:
            missed.append(f"{events:,} events")
    missed += beside(python, 60)
    missed += false_claims()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
