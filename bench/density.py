"""Kernel density on a raster of 2000 x 2000 nodes, against KDEpy and spatstat in the same run.

Usage: ``density.py [--kdepy PYTHON] [--points N] [--repeats N]``; PYTHON is one that has KDEpy,
where the running one has not. Prints seconds, and errors against the exact sum; ends with 1 when a
bar is missed. A peer that is not here is skipped, and said.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.hotspots.method import Points  # noqa: E402 - the checkout comes first
from geo.kernels import kde_on_raster, kernel_sum  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIDE, NODES, SIGMA = 30_000.0, 2000, 500.0
STEP = SIDE / NODES
CHECKED = 200
BAR_ERROR, BAR_KDEPY, BAR_SPATSTAT = 1e-4, 0.2, 0.05
"""Largest error in parts of the peak; time in parts of each peer's."""

# In units of sigma: KDEpy cuts its kernel where it is below an absolute 1e-4, which at 500 m is all
# of it; in metres its error is 4e-2 of the peak.
KDEPY = """
import sys, time
import numpy as np
from KDEpy import FFTKDE
at = np.fromfile(sys.argv[2], dtype=np.int64).reshape(2, -1)
step, nodes, sigma = float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
xy = np.fromfile(sys.argv[1]).reshape(2, -1).T / sigma
axis = (np.arange(nodes) + 0.5) * step / sigma
grid = np.column_stack([a.ravel() for a in np.meshgrid(axis, axis, indexing="ij")])
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    density = FFTKDE(kernel="gaussian", bw=1.0).fit(xy).evaluate(grid)
    seconds = time.perf_counter() - start
    values = density.reshape(nodes, nodes)[at[1], at[0]] * len(xy) / sigma**2
    print(seconds, *values, flush=True)
"""

SPATSTAT = """
suppressMessages(library(spatstat))
args <- commandArgs(trailingOnly = TRUE)
xy <- readBin(args[1], "double", file.size(args[1]) / 8)
at <- readBin(args[2], "integer", file.size(args[2]) / 8, size = 8)
side <- as.numeric(args[3]) * as.numeric(args[4])
n <- length(xy) / 2; k <- length(at) / 2
X <- ppp(xy[1:n], xy[n + 1:n], window = owin(c(0, side), c(0, side)), check = FALSE)
cat("ready\\n")
input <- file("stdin", "r")
while (length(readLines(input, 1)) > 0) {
  seconds <- system.time(Z <- density(X, sigma = as.numeric(args[5]), edge = FALSE,
                                      dimyx = as.integer(args[4])))[["elapsed"]]
  cat(seconds, format(Z$v[cbind(at[1:k], at[k + 1:k]) + 1], digits = 12), "\\n")
}
"""


@dataclass(frozen=True)
class Case:
    """Points, the nodes at which densities are checked (rows, columns), and the exact ones."""

    points: Points
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    exact: Floats


def make_case(n: int, seed: int = 20211231) -> Case:
    """Lay 70 % of the points in 60 clusters and the rest evenly; check half at points."""
    rng = np.random.default_rng(seed)
    clustered = int(0.7 * n)
    which = rng.integers(0, 60, clustered)
    centres, spread = rng.uniform(1500, SIDE - 1500, (60, 2)), rng.uniform(100, 900, 60)
    offsets = rng.normal(0, 1, (clustered, 2)) * spread[which, None]
    xy = np.vstack([centres[which] + offsets, rng.uniform(0, SIDE, (n - clustered, 2))])
    x, y = np.clip(rng.permutation(xy), STEP, SIDE - STEP).T.copy()
    row, column = rng.integers(0, NODES, (2, CHECKED))
    half = CHECKED // 2
    row[:half], column[:half] = (y[:half] / STEP).astype(int), (x[:half] / STEP).astype(int)
    points = Points(x, y, np.ones(n))
    exact = kernel_sum(
        points, (column + 0.5) * STEP, (row + 0.5) * STEP, kernel="gaussian", bandwidth=SIGMA
    )
    return Case(points, row, column, exact)


def ours(case: Case) -> tuple[float, Floats]:
    """Time the product; give seconds and the densities at the checked nodes."""
    start = time.perf_counter()
    density = kde_on_raster(
        case.points, STEP / 2, STEP / 2, STEP, (NODES, NODES), kernel="gaussian", bandwidth=SIGMA
    )
    return time.perf_counter() - start, density[case.row, case.column]


class Peer:
    """A peer in a program of its own, with the points in memory, that answers when asked."""

    def __init__(self, words: list[str], case: Case, folder: Path) -> None:
        places = folder / "points.f64", folder / "nodes.i64"
        np.concatenate([case.points.x, case.points.y]).tofile(places[0])
        np.concatenate([case.row, case.column]).tofile(places[1])
        self.process = subprocess.Popen(
            [*words, *map(str, places), str(STEP), str(NODES), str(SIGMA)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )  # fmt: skip
        self._answer()

    def _answer(self) -> str:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            sys.exit(f"{self.process.args!r} ended")
        return line

    def __call__(self, _: Case) -> tuple[float, Floats]:
        """Ask once; give seconds and the densities at the checked nodes."""
        if self.process.stdin is not None:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        numbers = np.array(self._answer().split(), dtype=np.float64)
        return float(numbers[0]), numbers[1:]

    def end(self) -> None:
        """Let the program end."""
        self.process.communicate()


def peers(case: Case, folder: Path, kdepy: str | None) -> dict[str, Peer]:
    """Start the peers that are here, and say which are not."""
    found = {}
    if kdepy is None and importlib.util.find_spec("KDEpy") is not None:
        kdepy = sys.executable
    if kdepy is None:
        print("KDEpy FFTKDE: skipped, not installed here; name a Python that has it by --kdepy\n")
    else:
        found["KDEpy FFTKDE"] = Peer([kdepy, "-c", KDEPY], case, folder)
    rscript = shutil.which("Rscript")
    asked = [rscript or "", "-e", "stopifnot(requireNamespace('spatstat', quietly = TRUE))"]
    if rscript is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        print("spatstat density.ppp: skipped, R with spatstat is not installed here\n")
    else:
        script = folder / "spatstat.R"
        script.write_text(SPATSTAT, encoding="utf-8")
        found["spatstat density.ppp"] = Peer([rscript, str(script)], case, folder)
    return found


def compare(case: Case, folder: Path, kdepy: str | None, repeats: int) -> list[str]:
    """Run all in turn, a first time uncounted; print a table; give the bars that were missed."""
    others = peers(case, folder, kdepy)
    runs: dict[str, Callable[[Case], tuple[float, Floats]]] = {"lagesbild": ours, **others}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    error = {}
    for i in range(repeats + 1):
        for name, run in runs.items():
            took, values = run(case)
            error[name] = float(abs(values - case.exact).max() / case.exact.max())
            if i:
                seconds[name].append(took)
    for peer in others.values():
        peer.end()
    own = statistics.median(seconds["lagesbild"])
    bars = {"KDEpy FFTKDE": BAR_KDEPY, "spatstat density.ppp": BAR_SPATSTAT}
    missed = [] if error["lagesbild"] < BAR_ERROR else ["error"]
    print(f"{len(case.points):,} points, sigma {SIGMA:.0f} m, {NODES} x {NODES} nodes\n")
    print("| | median, s | least, s | ours in parts of it | bar | error in parts of the peak |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, times in seconds.items():
        median = statistics.median(times)
        part = "" if name == "lagesbild" else f"{own / median:.3f}"
        print(
            f"| {name} | {median:.3f} | {min(times):.3f} | {part} | {bars.get(name, '')} "
            f"| {error[name]:.1e} |"
        )
        if name in bars and own / median > bars[name]:
            missed.append(name)
    return missed


def growth() -> None:
    """Print how time grows with the number of points."""
    print("\n| points | median of 5, s | error in parts of the peak |")
    print("|---:|---:|---:|")
    for n in (1_000, 10_000, 100_000, 1_000_000, 4_000_000):
        case = make_case(n)
        answers = [ours(case) for _ in range(6)][1:]
        error = abs(answers[0][1] - case.exact).max() / case.exact.max()
        print(f"| {n:,} | {statistics.median(a[0] for a in answers):.3f} | {error:.1e} |")


def main() -> int:
    """Compare, show the growth, and say which bars were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kdepy", metavar="PYTHON", help="a Python that has KDEpy")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        missed = compare(make_case(wish.points), Path(folder), wish.kdepy, wish.repeats)
    growth()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
