"""How long the scan takes: with 999 maps by chance, beside a plain loop over circles in numpy.

Prints seconds, how much faster than the plain loop each map by chance is, and how time grows.
Checks that both find the same best score. Ends with 1 when a bar is missed or they differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from geo.circles import Zones, zones
from geo.scan import Scan, scan_permutation

REPLICATES = 999
KM = 1000.0


def make(places: int, steps: int, events: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make seeded places in 30 by 30 km, and events that are many at some and few at others."""
    rng = np.random.default_rng(places + events)
    x, y = rng.random(places) * 30 * KM, rng.random(places) * 30 * KM
    level = np.repeat(rng.gamma(2.0, size=places), steps)
    counts = rng.multinomial(events, level / level.sum()).reshape(places, steps)
    return x, y, counts


def plain(counts: np.ndarray, circles: Zones, longest: int, *, ending: bool) -> float:
    """Score one map the plain way: every circle and every window, whole arrays at a time."""
    total, steps, best = int(counts.sum()), counts.shape[1], 0.0
    per_place = counts.sum(axis=1)
    until = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    first, last = np.triu_indices(steps)
    keep = (last - first < longest) & ((last == steps - 1) | (not ending))
    first, last = first[keep], last[keep]
    window = until[last + 1] - until[first]
    for i in range(len(circles.centre)):
        members = circles.member[circles.begin[i] : circles.begin[i + 1]]
        size = circles.size[circles.first[i] : circles.first[i + 1]] - 1
        held = np.cumsum(counts[members], axis=0)[size]
        rows = np.concatenate([np.zeros((len(size), 1), int), np.cumsum(held, axis=1)], axis=1)
        c = (rows[:, last + 1] - rows[:, first]).astype(float)
        e = np.cumsum(per_place[members])[size][:, None] * window / total
        with np.errstate(divide="ignore", invalid="ignore"):
            score = c * np.log(c / e) + (total - c) * np.log((total - c) / (total - e))
        best = max(best, float(np.where((c > e) & (c > 1) & (c < total), score, 0.0).max()))
    return best


def main() -> int:
    """Time each case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the first two cases")
    asked = parser.parse_args()
    cases = (
        ("192 places, 24 days, 194 cases, to 7 days at the end", 192, 24, 194, 3.22, 7, True, 2.0),
        ("1,400 places, 24 months, 2,300 events, to 3 at the end", 1400, 24, 2300, 3, 3, True, 1.5),
        ("1,000 places, 60 months, 20,000 events, any 12", 1000, 60, 20_000, 50, 12, False, 20.0),
        ("200 places, 60 months, 4,000 events, any 12", 200, 60, 4000, 50, 12, False, None),
        ("1,000 places, 60 months, 2,000 events, any 12", 1000, 60, 2000, 50, 12, False, None),
    )
    missed = []
    print("| | circles | cylinders | s | ns a cylinder | plain / ours, a map | bar, s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, places, steps, events, reach, longest, ending, bar in cases[
        : 2 if asked.quick else 5
    ]:
        x, y, counts = make(places, steps, events)
        limit = {"most": int(reach)} if not ending else {"max_radius_m": reach * KM}
        circles = zones(x, y, **limit)
        start = time.perf_counter()
        found: Scan = scan_permutation(
            counts,
            circles,
            longest=longest,
            direction="prospective" if ending else "retrospective",
            replicates=REPLICATES,
        )
        wall = time.perf_counter() - start
        start = time.perf_counter()
        best = plain(counts, circles, longest, ending=ending)
        ratio = (time.perf_counter() - start) / (wall / (REPLICATES + 1))
        each = wall / REPLICATES / found.cylinders * 1e9
        sizes = f"{len(circles):,} | {found.cylinders:,}"
        print(
            f"| {name} | {sizes} | {wall:.2f} | {each:.2f} | {ratio:.0f} | {bar or ''} |",
            flush=True,
        )
        ours = found.clusters[0].llr if found.clusters else 0.0
        if abs(ours - best) > 1e-9 * max(best, 1.0):
            missed.append(f"{name}: {ours} is not {best}")
        if bar is not None and wall > bar:
            missed.append(name)
    print(f"missed: {'; '.join(missed)}" if missed else "all bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
