"""Positions of patrols to minutes by square and hour: memory that does not follow the file.

Makes seeded positions (``make_tracks.py``), reads ever longer files of them (``read_tracks.py``),
and the shortest also with a peer (``peer_tracks.py``), each as a program of its own; checks that
both put the minutes in the same squares, and prints a table. Ends with 1 when a bar is missed. The
longest file of ``--positions`` takes about 45 bytes each on the disk.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

from measure import Cost, run

HERE = Path(__file__).parent
WALL_BAR = 0.5
MEMORY_BAR = 0.5
GROWTH_BAR = 2.0
AGREEMENT = 0.02
PROJECT = """municipality = "Lekeberg"
[area]
file = "area.geojson"
[[layers]]
kind = "patrol_tracks"
file = "tracks.csv"
"""


def minutes(path: Path) -> dict[str, float]:
    """Read minutes by square."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: float(row["minutes"]) for row in csv.DictReader(file)}


def apart(one: dict[str, float], other: dict[str, float]) -> float:
    """Give the share of the minutes that lie in another square by the other."""
    off = sum(abs(one.get(key, 0.0) - other.get(key, 0.0)) for key in {*one, *other})
    return off / (sum(one.values()) + sum(other.values()))


def main() -> int:
    """Read ever longer files and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--positions", type=int, nargs="+", default=[2_000_000, 20_000_000])
    parser.add_argument("--folder", help="where the files are made; default: the system's")
    asked = parser.parse_args()
    costs: list[tuple[int, str, Cost, str]] = []
    off = 0.0
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        folder = Path(made)
        tracks, area, project = folder / "tracks.csv", folder / "area.geojson", folder / "p.toml"
        project.write_text(PROJECT, encoding="utf-8")
        for n in sorted(asked.positions):
            run([sys.executable, HERE / "make_tracks.py", str(n), tracks, area], folder)
            ours = [sys.executable, HERE / "read_tracks.py", project, folder / "ours.csv"]
            cost, said = run(ours, folder)
            costs.append((n, "lagesbild", cost, said.split()[2]))
            print(f"{n:,} positions: {cost.wall:.0f} s, {cost.peak:.0f} MiB", flush=True)
            if n == min(asked.positions):
                peer = [sys.executable, HERE / "peer_tracks.py", tracks, area, folder / "peer.csv"]
                costs.append((n, "peer", run(peer, folder)[0], ""))
                off = apart(minutes(folder / "ours.csv"), minutes(folder / "peer.csv"))
    print("\n| positions | | wall time, s | processor time, s | peak memory, MiB | combinations |")
    print("|---:|---|---:|---:|---:|---:|")
    for n, who, cost, combinations in costs:
        took = f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:.0f}"
        print(f"| {n:,} | {who} | {took} | {combinations} |")
    ours, peer = costs[0][2], costs[1][2]
    growth = costs[-1][2].peak / ours.peak
    print(f"\nminutes in other squares than the peer's: {off:.4f} (bar {AGREEMENT})")
    print(f"wall time {ours.wall / peer.wall:.2f} of the peer's (bar {WALL_BAR}), ", end="")
    print(f"memory {ours.peak / peer.peak:.2f} (bar {MEMORY_BAR})")
    print(f"memory of the longest file, times the shortest's: {growth:.2f} (bar {GROWTH_BAR})")
    kept = {
        "wall time": ours.wall <= WALL_BAR * peer.wall,
        "memory": ours.peak <= MEMORY_BAR * peer.peak,
        "growth": growth <= GROWTH_BAR,
        "agreement": off <= AGREEMENT,
    }
    missed = [name for name, good in kept.items() if not good]
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
