"""Network KDE beside R's spNetwork and a plain walk in Python, 1,000 events on a city's roads.

Montreal's streets as spNetwork ships them, events drawn along them, a quartic kernel. Ours and
spNetwork are timed from lines and points to densities on lixels of 50 m or at their middles:
joining the lines and snapping are within the time of both. spNetwork stops after 15 crossings and
follows each event alone. Two things of it are undone before values are compared: an event's mass is
lost where a road ends (ours turns back, so that an event weighs one), so ours runs here on roads
whose dead ends go on for a bandwidth; and its discontinuous densities are divided by the bandwidth
twice, as ``div`` is not passed on. The plain walk (the definition's recursion, with our limit for
weak waves) starts from the joined network, with events snapped. Where spNetwork has not ended after
ten minutes, the ratio is a lower bound. Ends with 1 when the bar is missed.

    python bench/network.py FOLDER [--library R_LIBRARY]    # FOLDER holds mtl_network.gpkg
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyogrio
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.network import Graph, Network, lixels_of, network_of, snap  # noqa: E402 - found with the line above
from geo.network_kernels import LineKernels, Split  # noqa: E402 - likewise

if TYPE_CHECKING:
    from geo.network import Lixels

EVENTS, LIXEL_M, BANDWIDTH_M, BAR, LIMIT_S = 1000, 50.0, 300.0, 20.0, 600.0
SPLITS: tuple[Split, ...] = ("discontinuous", "continuous")


def drawn(network: Network) -> np.ndarray:
    """Draw events evenly along the roads, seeded."""
    place = np.random.default_rng(1).uniform(0.0, network.graph.base[-1], EVENTS)
    edge = np.searchsorted(network.graph.base, place, side="right") - 1
    at = place - network.graph.base[edge]
    return shapely.get_coordinates(shapely.line_interpolate_point(network.geometry[edge], at))


def ours(lines: np.ndarray, xy: np.ndarray, split: Split) -> tuple[np.ndarray, float]:
    """Go from lines and points to the density on each lixel, and the mass that moved."""
    network = network_of(lines)
    lixels = lixels_of(network.graph, LIXEL_M)
    found = snap(network, xy[:, 0], xy[:, 1])
    kernels = LineKernels("quartic", BANDWIDTH_M, split)
    mass, moved = kernels.on_lixels(network.graph, lixels, found.edge, found.at)
    return mass / lixels.length, moved


def without_dead_ends(graph: Graph) -> Graph:
    """Let roads that end go on for a bandwidth, so that what reaches their end is lost there."""
    dead = np.flatnonzero(graph.degree == 1)
    start = np.concatenate([graph.start, dead])
    end = np.concatenate([graph.end, graph.nodes + np.arange(len(dead))])
    return Graph(start, end, np.concatenate([graph.length, np.full(len(dead), BANDWIDTH_M)]))


def plain(
    network: Network, lixels: Lixels, edges: np.ndarray, places: np.ndarray, split: Split
) -> np.ndarray:
    """Walk every way of every event in turn, in plain Python, down to one of 100,000."""
    graph, mass = network.graph, np.zeros(len(lixels))
    arcs, leaving = graph.leaving
    length, tail, degree = graph.length.tolist(), graph.tail.tolist(), graph.degree.tolist()
    leave = [arcs[a : a + d].tolist() for a, d in zip(leaving, degree, strict=True)]
    first, width = lixels.first.tolist(), lixels.width.tolist()

    def kernel(distance: float) -> float:
        u = min(distance / BANDWIDTH_M, 1.0)
        return u * (15.0 + u * u * (3.0 * u * u - 10.0)) / 16.0

    for event_edge, event_at in zip(edges.tolist(), places.tolist(), strict=True):
        ways = [(2 * event_edge, event_at, 0.0, 1.0), (2 * event_edge + 1, event_at, 0.0, 1.0)]
        while ways:
            arc, at, gone, factor = ways.pop()
            edge, forward = arc >> 1, not arc & 1
            run = min(length[edge] - at if forward else at, BANDWIDTH_M - gone)
            low, high = (at, at + run) if forward else (at - run, at)
            wide = width[edge]
            for number in range(int(low / wide + 1e-9), max(int(np.ceil(high / wide - 1e-9)), 1)):
                part = max(low, number * wide), min(high, (number + 1) * wide)
                mass[first[edge] + number] += factor * abs(
                    kernel(gone + abs(part[1] - at)) - kernel(gone + abs(part[0] - at))
                )
            gone += length[edge] - at if forward else at
            left = 0.5 - kernel(gone)
            if gone >= BANDWIDTH_M:
                continue
            n = degree[tail[arc ^ 1]]
            for other in leave[tail[arc ^ 1]]:
                back = other == arc ^ 1
                if split == "continuous":
                    share = 2.0 / n - back
                else:
                    share = 1.0 if n == 1 else (0.0 if back else 1.0 / (n - 1))
                if share and (split == "discontinuous" or abs(factor * share) * left >= 1e-5):  # noqa: PLR2004 - as ours
                    start = length[other >> 1] if other & 1 else 0.0
                    ways.append((other, start, gone, factor * share))
    return mass / lixels.length


def spnetwork(
    folder: Path, split: Split, library: str | None
) -> tuple[float, np.ndarray | None] | None:
    """Time spNetwork in a process of its own; None where R or the package is absent.

    Without densities where it did not end in time.
    """
    script = Path(__file__).with_name("peer_network.R")
    words = ["Rscript", str(script), str(folder), split, str(BANDWIDTH_M)]
    if shutil.which("Rscript") is None:
        return None
    words += [library] if library else []
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return LIMIT_S, None
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1:], file=sys.stderr)
        return None
    return float(done.stdout.split()[-1]), pd.read_csv(folder / f"{split}.csv")[
        "density"
    ].to_numpy()


def main() -> int:
    """Compare both splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", help="where R finds spNetwork")
    asked = parser.parse_args()
    frame = pyogrio.read_dataframe(asked.folder / "mtl_network.gpkg")
    lines = frame.geometry.to_numpy()
    network = network_of(lines)
    lixels = lixels_of(network.graph, LIXEL_M)
    xy = drawn(network)
    found = snap(network, xy[:, 0], xy[:, 1])
    print(f"{len(lines):,} lines, {len(lixels):,} lixels, {EVENTS:,} events, {BANDWIDTH_M:.0f} m\n")
    print("| split | peer | peer, s | ours, s (median) | times faster | values differ by | bar |")
    print("|---|---|---:|---:|---:|---|---:|")
    kept = True
    with tempfile.TemporaryDirectory() as name:
        middles = shapely.line_interpolate_point(network.geometry[lixels.edge], lixels.middle)
        kinds = {"lines": network.geometry, "events": shapely.points(xy), "samples": middles}
        for kind, shapes in kinds.items():
            table = frame.iloc[np.zeros(len(shapes), int)].set_geometry(shapes, crs=frame.crs)
            pyogrio.write_dataframe(table[["geometry"]], Path(name) / f"{kind}.gpkg")
        for split in SPLITS:
            costs = []
            for _ in range(3):
                start = time.perf_counter()
                density, moved = ours(lines, xy, split)
                costs.append(time.perf_counter() - start)
            mine = float(np.median(costs))
            start = time.perf_counter()
            slow = plain(network, lixels, found.edge, found.at, split)
            walked = time.perf_counter() - start
            apart = np.abs(slow - density).max() / density.max()
            told = f"{apart:.0e} of the peak; {moved / EVENTS:.1%} moved"
            seconds = f"{walked:.1f} | {mine:.2f} | {walked / mine:.0f}"
            print(f"| {split} | plain walk | {seconds} | {told} | |", flush=True)
            peer = spnetwork(Path(name), split, asked.library)
            if peer is None:
                print(f"| {split} | spNetwork | not here | {mine:.2f} | | | |")
                continue
            at = LineKernels("quartic", BANDWIDTH_M, split).at_places(
                without_dead_ends(network.graph),
                found.edge,
                found.at,
                lixels.edge,
                lixels.middle,
            )
            told = "did not end"
            if peer[1] is not None:
                theirs = peer[1] * (BANDWIDTH_M if split == "discontinuous" else 1.0)
                apart = np.abs(theirs - at) / at.max()
                told = f"{np.median(apart):.0e} of the peak (median), {apart.max():.0e} (most)"
            ratio = peer[0] / mine
            kept &= ratio >= BAR
            seconds = f"{peer[0]:.1f} | {mine:.2f} | {ratio:.0f}"
            print(f"| {split} | spNetwork | {seconds} | {told} | {BAR:.0f} |", flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
