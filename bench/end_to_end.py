"""A million events to a GeoPackage and a page: this project beside what an analyst would write.

Makes seeded events, runs the peer (``peer.py``) and ``lagesbild hotspots`` in turn, each as a
program of its own, checks that both agree cell by cell, and prints a table. Ends with 1 when they
do not agree or a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pyproj
from measure import LAGESBILD, Cost, run

EPSG = 3006
CELL = 100
SIDE = 30_000
WEST, SOUTH = 480_000, 6_540_000
CATEGORIES = ("speeding", "littering", "vandalism", "noise", "alcohol", "burglary", "disorder")

WALL_BAR = 0.10
MEMORY_BAR = 0.50
PAGE_BAR_MB = 1.5
AGREEMENT = 1e-9


def make_events(path: Path, n: int, seed: int = 20211231) -> None:
    """Write ``n`` events: 70 % in 60 clusters, 30 % evenly over a box of 30 by 30 km."""
    rng = np.random.default_rng(seed)
    clustered = int(0.7 * n)
    centres = rng.uniform(1500, SIDE - 1500, (60, 2))
    spread = rng.uniform(100, 900, 60)
    which = rng.integers(0, 60, clustered)
    offsets = rng.normal(0, 1, (clustered, 2)) * spread[which, None]
    xy = np.vstack([centres[which] + offsets, rng.uniform(0, SIDE, (n - clustered, 2))])
    xy = rng.permutation(np.clip(xy, 5, SIDE - 5)) + (WEST, SOUTH)
    to_degrees = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
    minutes = rng.integers(0, 730 * 24 * 60, n)
    time = np.datetime64("2020-01-01T00:00") + minutes.astype("timedelta64[m]")
    pd.DataFrame(
        {
            "lon": lon.round(6),
            "lat": lat.round(6),
            "time": pd.Series(time).dt.strftime("%Y-%m-%d %H:%M"),
            "category": rng.choice(CATEGORIES, n),
        }
    ).to_csv(path, index=False)


def make_area(path: Path) -> None:
    """Write the box as GeoJSON, a metre smaller on each side so that it touches 300 by 300 cells."""
    along = np.append(np.arange(1, SIDE - 1, 500), SIDE - 1)
    low, high = np.full(len(along), 1), np.full(len(along), SIDE - 1)
    x = np.concatenate([along, high, along[::-1], low])
    y = np.concatenate([low, along, high, along[::-1]])
    to_degrees = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(x + WEST, y + SOUTH)
    ring = np.column_stack([lon, lat]).tolist()
    ring.append(ring[0])
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "box"}, "geometry": geometry}
    collection = {"type": "FeatureCollection", "features": [feature]}
    path.write_text(json.dumps(collection), encoding="utf-8")


def cells(path: Path) -> pd.DataFrame:
    """Read a result's cells: count and z, by the cell's column and row in the grid."""
    frame = pyogrio.read_dataframe(path, layer="cells", columns=["n", "gi_z"])
    centre = frame.geometry.centroid
    keys = [np.floor(centre.x / CELL).astype(int), np.floor(centre.y / CELL).astype(int)]
    return pd.DataFrame(frame[["n", "gi_z"]]).set_index(pd.MultiIndex.from_arrays(keys))


def disagreement(ours: Path, peers: Path) -> tuple[int, float]:
    """Compare two results cell by cell: the number of cells, and the largest difference of z.

    Stops where they have other cells or other counts: then the comparison means nothing.
    """
    a, b = cells(ours).sort_index(), cells(peers).sort_index()
    if not a.index.equals(b.index):
        sys.exit(f"other cells: {len(a)} here, {len(b)} at the peer")
    if (a["n"] != b["n"]).any():
        sys.exit(f"other counts in {(a['n'] != b['n']).sum()} of {len(a)} cells")
    return len(a), float((a["gi_z"] - b["gi_z"]).abs().max())


def main() -> int:
    """Run the pairs and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        events, area = folder / "events.csv", folder / "area.geojson"
        make_events(events, asked.events)
        make_area(area)
        peer = [sys.executable, Path(__file__).with_name("peer.py"), events, area]
        peer += [folder / "peer.gpkg", folder / "peer.html"]
        ours = [*LAGESBILD, "hotspots", events, "-o", folder / "ours.gpkg"]
        ours += ["--page", folder / "ours.html", "--cell-size", str(CELL)]
        ours += ["--area", area, "--crs", str(EPSG)]
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
        n_cells, apart = disagreement(folder / "ours.gpkg", folder / "peer.gpkg")
        sizes = {name: (folder / name).stat().st_size / 1e6 for name in (
            "peer.gpkg", "ours.gpkg", "peer.html", "ours.html")}  # fmt: skip

    def median(what: str, side: int) -> float:
        return statistics.median(getattr(pair[side], what) for pair in pairs)

    def ratio(what: str) -> float:
        return statistics.median(getattr(b, what) / getattr(a, what) for a, b in pairs)

    print(f"\n{asked.events:,} events, {n_cells:,} cells, medians of {asked.pairs} pairs\n")
    print("| | peer | lagesbild | ratio | bar |")
    print("|---|---:|---:|---:|---:|")
    for what, label, bar in (
        ("wall", "wall time, s", f"{WALL_BAR:.2f}"),
        ("cpu", "processor time, s", ""),
        ("peak", "peak memory, MiB", f"{MEMORY_BAR:.2f}"),
    ):
        row = f"| {label} | {median(what, 0):.1f} | {median(what, 1):.1f} | {ratio(what):.3f} | {bar} |"
        print(row)
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
        "wall time": ratio("wall") <= WALL_BAR,
        "memory": ratio("peak") <= MEMORY_BAR,
        "page": sizes["ours.html"] <= PAGE_BAR_MB,
        "agreement": apart <= AGREEMENT,
    }
    missed = [name for name, good in kept.items() if not good]
    print(f"missed: {', '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
