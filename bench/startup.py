"""How long a person waits: ``lagesbild --help``, and the whole Lekeberg demo.

Each beside what Python needs for the libraries alone, in the same run. Prints medians; ends with 1
when a bar is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from measure import LAGESBILD, run

CLICK, LIBRARIES = "import click", "import geopandas, fiona, folium"
CASES = (
    (CLICK, [sys.executable, "-c", CLICK], 15, None),
    ("lagesbild --help", [*LAGESBILD, "--help"], 15, (CLICK, 2.0)),
    (LIBRARIES, [sys.executable, "-c", LIBRARIES], 5, None),
    ("lagesbild demo", [*LAGESBILD, "demo"], 5, (LIBRARIES, 5.0)),
)
"""Name, words, runs; and what it is measured against, with the bar as a multiple of its time."""


def main() -> int:
    """Run each a few times, the first time uncounted, and print a table."""
    missed = []
    medians: dict[str, float] = {}
    print("| | runs | median, s | least, s | peak memory, MiB | times the libraries | bar |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, words, times, against in CASES:
        costs = []
        for _ in range(times + 1):
            with tempfile.TemporaryDirectory() as folder:
                costs.append(run(words, Path(folder))[0])
        walls = [cost.wall for cost in costs[1:]]
        medians[name] = statistics.median(walls)
        peak = max(cost.peak for cost in costs)
        row = [f"`{name}`", f"{times}", f"{medians[name]:.3f}", f"{min(walls):.3f}", f"{peak:.0f}"]
        if against is not None:
            peer, bar = against
            ratio = medians[name] / medians[peer]
            row += [f"{ratio:.1f}", f"{bar:.0f}"]
            if ratio > bar:
                missed.append(name)
        print("| " + " | ".join([*row, "", ""][:7]) + " |", flush=True)
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
