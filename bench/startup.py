"""How long a person waits: ``lagesbild --help``, and the whole Lekeberg demo.

Prints medians; ends with 1 when a bar is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from measure import LAGESBILD, run

BARS = (
    ("python -c pass", [sys.executable, "-c", "pass"], 15, None),
    ("python -c 'import click'", [sys.executable, "-c", "import click"], 15, None),
    ("lagesbild --help", [*LAGESBILD, "--help"], 15, 0.15),
    ("lagesbild demo", [*LAGESBILD, "demo"], 5, 4.0),
)


def main() -> int:
    """Run each a few times, the first time uncounted, and print a table."""
    missed = []
    print("| | runs | median, s | least, s | peak memory, MiB | bar, s |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, words, times, bar in BARS:
        costs = []
        for _ in range(times + 1):
            with tempfile.TemporaryDirectory() as folder:
                costs.append(run(words, Path(folder))[0])
        walls = [cost.wall for cost in costs[1:]]
        median = statistics.median(walls)
        peak = max(cost.peak for cost in costs)
        print(
            f"| `{name}` | {times} | {median:.3f} | {min(walls):.3f} | {peak:.0f} | {bar or ''} |",
            flush=True,
        )
        if bar is not None and median > bar:
            missed.append(name)
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
