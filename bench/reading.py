"""Events from CSV, GeoPackage and GeoParquet into counts: this project, geopandas and DuckDB.

Makes seeded events, lets every contender (``readers.py``) read and count them in turn, each as a
program of its own, checks once that all counts are the same, combination by combination, and
prints a table. Ends with 1 when they differ or a bar is missed.

DuckDB is no dependency of the project. In an environment of its own::

    python -m venv DIR && DIR/bin/pip install duckdb duckdb-extension-spatial pandas pyarrow
    python bench/reading.py --duckdb DIR/bin/python

Without it the other two are compared, and its bar is said to be unmeasured.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Cost, run

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
READERS = HERE / "readers.py"
ENDINGS = (".csv", ".gpkg", ".parquet")
OURS = "lagesbild"
PEERS = {
    ".csv": ("geopandas", "geopandas+arrow", "duckdb", "duckdb+join"),
    ".gpkg": ("geopandas", "geopandas+arrow", "duckdb", "duckdb+join"),
    ".parquet": ("geopandas", "duckdb", "duckdb+join"),
}
SLOW = ("geopandas", "geopandas+arrow", "duckdb+join")
"""Contenders that are timed in the first round only: they are far from their bars."""

BARS = {"geopandas": 0.2, "duckdb": 1.0}
"""Our seconds after imports in parts of those of the best of each family."""
MEMORY_BAR_MIB = 1500.0


def main() -> int:
    """Time all contenders on all files and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--duckdb", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--in", dest="folder", type=Path, help="make the files there, and keep")
    asked = parser.parse_args()
    there = subprocess.run(
        [asked.duckdb, "-c", "import duckdb, duckdb_extension_spatial"],
        capture_output=True,
        check=False,
    )
    if there.returncode:
        print("DuckDB and its spatial extension are not there: see bench/reading.py --help")
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder.resolve() if asked.folder else Path(made)
        for n in asked.events:
            events = folder / f"events{n}.csv"
            if not events.exists():
                words = [HERE / "make_events.py", str(n), events, folder / "area.geojson"]
                run([sys.executable, *words], folder)
                run([sys.executable, READERS, "make", events], folder)
            print(f"\n{n:,} events, medians of {asked.rounds} rounds\n")
            print("| | s | our part | with imports, s | our part | processor, s | MiB |")
            print("|---|---:|---:|---:|---:|---:|---:|")
            for ending in ENDINGS:
                peers = [p for p in PEERS[ending] if not (p[:6] == "duckdb" and there.returncode)]
                missed += _one_file(events.with_suffix(ending), peers, asked, folder)
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


def _one_file(
    path: Path, peers: Sequence[str], asked: argparse.Namespace, folder: Path
) -> list[str]:
    """Time all on one file, in an order that turns; give the bars that were missed."""
    python = {"duckdb": asked.duckdb}
    costs: dict[str, list[Cost]] = {who: [] for who in (OURS, *peers)}
    inner: dict[str, list[float]] = {who: [] for who in costs}
    for i in range(asked.rounds):
        turn = [OURS, *(p for p in peers if not i or p not in SLOW)]
        for who in turn if i % 2 else reversed(turn):
            program = python.get(who.partition("+")[0], sys.executable)
            cost, said = run([program, READERS, who, path], folder)
            costs[who].append(cost)
            inner[who].append(float(said.split()[-1]))
    _same_counts(path, peers, python, folder)
    ours = costs[OURS]
    for who, found in costs.items():
        walls = [cost.wall for cost in found]
        row = [
            f"{path.suffix[1:]}: {who}",
            f"{statistics.median(inner[who]):.2f}",
            f"{_ratio(inner[OURS], inner[who]):.2f}",
            f"{statistics.median(walls):.2f}",
            f"{_ratio([cost.wall for cost in ours], walls):.2f}",
            f"{statistics.median(cost.cpu for cost in found):.2f}",
            f"{statistics.median(cost.peak for cost in found):.0f}",
        ]
        print(f"| {' | '.join(row)} |", flush=True)
    missed = []
    for family, bar in BARS.items():
        ratios = [_ratio(inner[OURS], inner[p]) for p in peers if p.partition("+")[0] == family]
        if ratios and max(ratios) > bar:
            missed.append(f"{path.name} beside {family}")
    if max(c.peak for c in ours) > MEMORY_BAR_MIB:
        missed.append(f"{path.name} memory")
    return missed


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Give our time in parts of theirs: the median over the rounds that both ran."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=False))


def _same_counts(path: Path, peers: Sequence[str], python: dict[str, str], folder: Path) -> None:
    """Let all write their counts, and stop where they are not the same."""
    first = folder / f"{OURS}.parquet"
    run([sys.executable, READERS, OURS, path, first], folder)
    for who in peers:
        program = python.get(who.partition("+")[0], sys.executable)
        other = folder / f"{who}.parquet"
        run([program, READERS, who, path, other], folder)
        run([sys.executable, READERS, "compare", first, other], folder)
        other.unlink()


if __name__ == "__main__":
    sys.exit(main())
