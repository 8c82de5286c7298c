"""A million events to a GeoPackage and a page: this project beside what an analyst would write.

Makes seeded events, runs the peer (``peer.py``) and ``lagesbild hotspots`` in turn, each as a
program of its own, checks that both agree cell by cell, and prints a table. Ends with 1 when they
do not agree or a bar is missed. ``--permutations 999`` asks both for simulated p-values.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from measure import LAGESBILD, Cost, run

HERE = Path(__file__).parent
EPSG = 3006
CELL = 100

WALL_BAR = 0.10
PERMUTED_BAR = 0.05
MEMORY_BAR = 0.50
PAGE_BAR_MB = 4.0
AGREEMENT = 1e-9


def main() -> int:
    """Run the pairs and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--permutations", type=int, default=0, help="p by so many, 0: analytic")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        events, area = folder / "events.csv", folder / "area.geojson"
        run([sys.executable, HERE / "make_events.py", str(asked.events), events, area], folder)
        peer = [sys.executable, HERE / "peer.py", events, area]
        peer += [folder / "peer.gpkg", folder / "peer.html", str(asked.permutations)]
        ours = [*LAGESBILD, "hotspots", events, "-o", folder / "ours.gpkg"]
        ours += ["--page", folder / "ours.html", "--cell-size", str(CELL)]
        ours += ["--area", area, "--crs", str(EPSG)]
        if asked.permutations:
            ours += [
                "--set",
                "inference=permutation",
                "--set",
                f"permutations={asked.permutations}",
            ]
        pairs: list[tuple[Cost, Cost]] = []
        steps = ""
        for i in range(asked.pairs):
            if i % 2:  # who goes first changes, so that neither always finds the files warm
                second, _ = run(ours, folder)
                first, steps = run(peer, folder)
            else:
                first, steps = run(peer, folder)
                second, _ = run(ours, folder)
            pairs.append((first, second))
            print(
                f"pair {i + 1}: peer {first.wall:.1f} s, lagesbild {second.wall:.1f} s", flush=True
            )
        both = [folder / "ours.gpkg", folder / "peer.gpkg"]
        _, said = run([sys.executable, HERE / "compare.py", *both, str(CELL)], folder)
        n_cells, apart = int(said.split()[0]), float(said.split()[1])
        names = ("peer.gpkg", "ours.gpkg", "peer.html", "ours.html")
        sizes = {name: (folder / name).stat().st_size / 1e6 for name in names}

    wall_bar = PERMUTED_BAR if asked.permutations else WALL_BAR

    def median(what: str, side: int) -> float:
        return statistics.median(getattr(pair[side], what) for pair in pairs)

    def ratio(what: str) -> float:
        return statistics.median(getattr(b, what) / getattr(a, what) for a, b in pairs)

    print(f"\n{asked.events:,} events, {n_cells:,} cells, medians of {asked.pairs} pairs\n")
    print("| | peer | lagesbild | ratio | bar |")
    print("|---|---:|---:|---:|---:|")
    for what, label, bar in (
        ("wall", "wall time, s", f"{wall_bar:.2f}"),
        ("cpu", "processor time, s", ""),
        ("peak", "peak memory, MiB", f"{MEMORY_BAR:.2f}"),
    ):
        a, b = median(what, 0), median(what, 1)
        print(f"| {label} | {a:.1f} | {b:.1f} | {ratio(what):.3f} | {bar} |")
    for ending, label, bar in (
        ("gpkg", "GeoPackage, MB", ""),
        ("html", "page, MB", f"{PAGE_BAR_MB} MB"),
    ):
        a, b = sizes[f"peer.{ending}"], sizes[f"ours.{ending}"]
        print(f"| {label} | {a:.1f} | {b:.2f} | {b / a:.3f} | {bar} |")
    print(f"\nlargest difference of Gi* z over all cells: {apart:.1e} (bar {AGREEMENT:g})")
    print("\nthe peer's steps in its last run, s:")
    print(steps.expandtabs(24))
    kept = {
        "wall time": ratio("wall") <= wall_bar,
        "memory": ratio("peak") <= MEMORY_BAR,
        "page": sizes["ours.html"] <= PAGE_BAR_MB,
        "agreement": apart <= AGREEMENT,
    }
    missed = [name for name, good in kept.items() if not good]
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
