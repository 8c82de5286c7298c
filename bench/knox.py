"""Knox beside pointpats and beside cKDTree with NumPy, and how ours grows.

Chicago's 12,334 burglaries of 2014 where the reference data are beside the checkout, else as many
made up. All give the same count of close pairs, or the run ends. cKDTree with NumPy finds the
pairs once, and for each permutation shuffles the days, takes both ends, subtracts and counts.
pointpats is timed with 99 permutations, ours with 999: its ratio is a lower bound. Bars are of wall
time, ours on all cores, the peers on the one that they use; the ratio of processor time stands
beside it. Ends with 1 when a bar is missed. The growth is measured a process each.

    python -m venv DIR && DIR/bin/pip install pointpats numba
    python bench/knox.py [--pointpats DIR/bin/python]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from measure import run
from scipy.spatial import cKDTree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.knox import knox  # noqa: E402 - found only with the line above

if TYPE_CHECKING:
    from collections.abc import Callable

CHICAGO = ROOT.parent / "shared" / "reference" / "chicago_burglary" / "burglary_2014.csv.gz"
NEAR_M, SOON_DAYS = 200.0, 7
FULL, THEIRS = 999, 99
BARS = {"pointpats": 100.0, "cKDTree with NumPy": 5.0}
SIZES = ((3_000, 200.0), (12_334, 200.0), (100_000, 100.0), (100_000, 200.0), (1_000_000, 50.0))

Events = tuple[np.ndarray, np.ndarray, np.ndarray]


def made_up(n: int) -> Events:
    """Lay events round a thousand places of a city, over a year."""
    rng = np.random.default_rng(n)
    centres = rng.uniform(0, 25_000, (1000, 2))
    xy = centres[rng.integers(0, 1000, n)] + rng.normal(0, 600, (n, 2))
    return xy[:, 0], xy[:, 1], rng.integers(0, 365, n)


def events() -> Events:
    """Read Chicago's, or make as many up."""
    if not CHICAGO.exists():
        return made_up(12_334)
    with gzip.open(CHICAGO, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x, y = (np.array([float(row[name]) for row in rows]) for name in "xy")
    day = np.array([row["date"] for row in rows], dtype="datetime64[D]")
    return x, y, day.astype(np.int64)


def ours(x: np.ndarray, y: np.ndarray, day: np.ndarray) -> int:
    """Count and permute."""
    found = knox(x, y, day, [0, NEAR_M], [0, SOON_DAYS], closed="right", permutations=FULL)
    return int(found.observed.item())


def plain(x: np.ndarray, y: np.ndarray, day: np.ndarray) -> int:
    """Do the same with SciPy's tree and a loop of whole-array operations."""
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(NEAR_M, output_type="ndarray")
    first, second = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    rng = np.random.default_rng(1)

    def close(days: np.ndarray) -> int:
        return int(np.count_nonzero(np.abs(days[first] - days[second]) <= SOON_DAYS))

    observed = close(day)
    simulated = np.array([close(rng.permutation(day)) for _ in range(FULL)])
    assert 0 < (1 + (simulated >= observed).sum()) / (FULL + 1) <= 1  # noqa: S101 - a p
    return observed


def peer(path: str) -> tuple[float, float, int]:
    """Time pointpats' Knox in this interpreter, once it is warm."""
    from pointpats import Knox  # noqa: PLC0415 - only the peer's process has it

    x, y, day = np.load(path)

    def pointpats(x: np.ndarray, y: np.ndarray, day: np.ndarray) -> int:
        where, when = np.column_stack([x, y]), day.astype(np.int64)[:, None]
        return int(Knox(where, when, NEAR_M, SOON_DAYS, permutations=THEIRS).nst)

    pointpats(x[:200], y[:200], day[:200])
    return timed(pointpats, (x, y, day), 1)


def ask(python: str, data: Events) -> tuple[float, float, int]:
    """Time pointpats in its own interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.npy"
        np.save(path, np.array(data, dtype=np.float64))
        program = (
            f"import sys, json; sys.path[:0] = {[str(Path(__file__).parent), str(ROOT)]!r}; "
            f"from knox import peer; print(json.dumps(peer({str(path)!r})))"
        )
        done = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    wall, cpu, observed = json.loads(done.stdout.splitlines()[-1])
    return wall, cpu, observed


def timed(work: Callable[..., int], data: Events, times: int) -> tuple[float, float, int]:
    """Give the least wall and processor time of some runs, and the answer."""
    costs, answer = [], 0
    for _ in range(times):
        start = time.perf_counter(), time.process_time()
        answer = work(*data)
        costs.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, cpu = (min(one) for one in zip(*costs, strict=True))
    return wall, cpu, answer


def compare(python: str | None) -> list[str]:
    """Print the ratios; give the names of the bars that were missed. Ours is timed in between."""
    data = events()
    ours(*data)
    mine = [timed(ours, data, 9)]
    theirs = {"cKDTree with NumPy": (*timed(plain, data, 5), FULL)}
    mine.append(timed(ours, data, 9))
    if python is not None:
        theirs["pointpats"] = (*ask(python, data), THEIRS)
        mine.append(timed(ours, data, 9))
    wall, cpu, observed = (min(one) for one in zip(*mine, strict=True))
    print(f"{len(data[0]):,} events, {observed:,} pairs within {NEAR_M:g} m and {SOON_DAYS} days\n")
    print("| | permutations | s | ours with 999, ms | times faster | processor time | bar |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    missed = []
    for name, (their_wall, their_cpu, found, permutations) in theirs.items():
        if found != observed:
            sys.exit(f"{name} finds other pairs: {found}")
        print(
            f"| {name} | {permutations} | {their_wall:.2f} | {wall * 1000:.0f} "
            f"| {their_wall / wall:,.1f} | {their_cpu / cpu:,.1f} | {BARS[name]:g} |"
        )
        if their_wall / wall < BARS[name]:
            missed.append(name)
    return missed


def alone(n: int, near_m: float) -> None:
    """Time one size in this process, and print it."""
    x, y, day = made_up(n)
    start = time.perf_counter()
    found = knox(x, y, day, [0, near_m], [0, 14], permutations=FULL, most_pairs=200_000_000)
    print(json.dumps([time.perf_counter() - start, len(found.pairs.first)]))


def grow() -> None:
    """Print time and memory by size, 14 days and 999 permutations."""
    print("\n| events | m | pairs | s | ns a pair and permutation | MiB at most |")
    print("|---:|---:|---:|---:|---:|---:|")
    for n, near_m in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            words = [sys.executable, __file__, "--alone", str(n), str(near_m)]
            cost, out = run(words, Path(folder))
        wall, pairs = json.loads(out)
        each = wall / pairs / FULL * 1e9
        print(f"| {n:,} | {near_m:g} | {pairs:,} | {wall:.2f} | {each:.2f} | {cost.peak:,.0f} |")


def main() -> int:
    """Compare, then grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pointpats", metavar="PYTHON", help="an interpreter with pointpats")
    parser.add_argument("--alone", nargs=2, metavar=("N", "METRES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        alone(int(asked.alone[0]), float(asked.alone[1]))
        return 0
    missed = compare(asked.pointpats)
    grow()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
