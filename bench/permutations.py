"""Gi* with conditional permutation beside esda, with numba and without, and how ours grows.

Square cells with queen neighbours, Poisson counts. Both sides are given the neighbours, esda as a
Graph, made before the clock starts; esda's functions are compiled by a call of their own first.
esda computes one-sided p of 999 permutations, ours are two-sided: the cost is the same. All times
are of the processor, both sides on one thread. Ends with 1 when a bar is missed.

    python bench/permutations.py [--numba PYTHON]    # PYTHON: one that has esda and numba
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from geo.hotspots.gi_star import gi_star_of  # noqa: E402 - found only with the line above
from geo.neighbours import LatticeNeighbours  # noqa: E402 - likewise
from geo.permutation import exact_p, permuted_p, whole  # noqa: E402 - likewise
from geo.significance import two_sided_p  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = (100, 317)
"""10,000 and 100,489 cells."""
FULL = 999
BARS = {
    "permutations, numba": 200.0,
    "permutations, no numba": 20.0,
    "analytic": 100.0,
    "analytic, ours with p": 60.0,
}
_OURS = {"analytic": "analyse", "analytic, ours with p": "analyse_with_p"}


def counts(side: int) -> np.ndarray:
    """Give two events a cell on average, seeded."""
    return np.random.default_rng(side).poisson(2.0, side * side).astype(np.float64)


def lattice(side: int) -> LatticeNeighbours:
    """Lay out side x side squares; their sizes are counted now, as weights are made."""
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    neighbours = LatticeNeighbours("square", column, row)
    assert neighbours.sizes.max() == 9  # noqa: S101, PLR2004 - eight neighbours and the cell
    return neighbours


def best(work: Callable[[], object], times: int) -> float:
    """Give the least processor time of some runs, seconds; wall time would be other work's too."""
    costs = []
    for _ in range(times):
        start = time.process_time()
        work()
        costs.append(time.process_time() - start)
    return min(costs)


def peer(side: int, permutations: int, times: int) -> dict[str, float]:
    """Time esda in this interpreter; at most ``times`` runs of each."""
    import esda  # noqa: PLC0415 - only the peer's process needs it
    import libpysal  # noqa: PLC0415 - likewise
    from scipy import sparse  # noqa: PLC0415 - likewise

    warnings.simplefilter("ignore")

    def graph(side: int) -> libpysal.graph.Graph:
        first, second = lattice(side).pairs()
        here, there = np.concatenate([first, second]), np.concatenate([second, first])
        matrix = sparse.coo_array((np.ones(len(here)), (here, there)), shape=(side**2, side**2))
        return libpysal.graph.Graph.from_sparse(matrix.tocsr())

    def once(side: int, weights: libpysal.graph.Graph, permutations: int) -> np.ndarray:
        one = esda.G_Local(
            counts(side),
            weights,
            transform="B",
            star=True,
            permutations=permutations,
            keep_simulations=False,
            n_jobs=1,
            seed=1,
        )
        return np.asarray(one.Zs)

    warm, weights = graph(10), graph(side)
    once(10, warm, permutations)
    z = once(side, weights, 0)
    difference = float(abs(z - gi_star_of(counts(side), lattice(side))).max())
    analytic = best(lambda: once(side, weights, 0), 5)
    permuted = best(lambda: once(side, weights, permutations), times) - analytic
    return {"analytic": analytic, "permuted": permuted, "difference": difference}


def ask(python: str, *, side: int, permutations: int, times: int, numba: bool) -> dict[str, float]:
    """Time esda in a process of its own; without numba, numba is made impossible to import."""
    block = "" if numba else "sys.modules['numba'] = None; "
    program = (
        f"import sys; {block}sys.path.insert(0, {str(Path(__file__).parent)!r}); import json; "
        f"from permutations import peer; print(json.dumps(peer({side}, {permutations}, {times})))"
    )
    done = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def has_numba(python: str) -> bool:
    """Tell whether an interpreter can import esda and numba."""
    done = subprocess.run([python, "-c", "import esda, numba"], check=False, capture_output=True)
    return done.returncode == 0


def row(what: str, side: int, theirs: float, ours: list[float], bar: float | None) -> bool:
    """Print one comparison; tell whether its bar is kept."""
    mine = statistics.median(ours)
    ratio = theirs / mine
    print(
        f"| {what} | {side * side:,} | {theirs:.3f} | {mine * 1000:.2f} | {min(ours) * 1000:.2f} "
        f"| {ratio:.0f} | {bar or '':} |",
        flush=True,
    )
    return bar is None or ratio >= bar


def compare(python: str | None) -> list[str]:
    """Print the ratios; give the names of the bars that were missed.

    Bars are held at the larger size. Ours is timed before and after each of esda's runs.
    """
    missed, notes = [], []
    print("| | cells | esda, s | ours, ms (median) | least | times faster | bar |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for side in SIDES:
        x, neighbours = counts(side), lattice(side)

        def permute(x: np.ndarray = x, neighbours: LatticeNeighbours = neighbours) -> object:
            return permuted_p(x, neighbours, FULL, 1)

        def analyse(x: np.ndarray = x, neighbours: LatticeNeighbours = neighbours) -> object:
            return gi_star_of(x, neighbours)

        permute()

        def analyse_with_p(x: np.ndarray = x, neighbours: LatticeNeighbours = neighbours) -> object:
            return two_sided_p(gi_star_of(x, neighbours))

        works = {"permute": permute, "analyse": analyse, "analyse_with_p": analyse_with_p}
        ours = {name: [best(work, 5)] for name, work in works.items()}
        found: dict[str, float] = {}
        if python is not None:
            told = ask(python, side=side, permutations=FULL, times=1, numba=True)
            found["permutations, numba"] = told["permuted"]
            ours["permute"].append(best(permute, 5))
        # In full, once: esda's cost without numba grows faster than the cells, and is not foretold.
        told = ask(sys.executable, side=side, permutations=FULL, times=1, numba=False)
        found["permutations, no numba"] = told["permuted"]
        found["analytic"] = told["analytic"]
        found["analytic, ours with p"] = told["analytic"]
        for name, work in works.items():
            ours[name].append(best(work, 5))
        notes.append(f"{side * side:,} cells: z equal to {told['difference']:.1e}")
        for what, theirs in found.items():
            mine = ours[_OURS.get(what, "permute")]
            bar = BARS[what] if side == SIDES[-1] else None
            if not row(what, side, theirs, mine, bar):
                missed.append(what)
    if python is None:
        print("\nno row with numba: this interpreter has none; name one with --numba")
    print("\n" + "; ".join(notes))
    return missed


def grow() -> None:
    """Print how ours grows with cells and permutations, and what the exact law takes."""
    steps = (999, 9_999, 99_999)
    print("\n| cells | " + " | ".join(f"{r:,}, ms" for r in steps) + " | exact, ms |")
    print("|---:" * (len(steps) + 2) + "|")
    for side in (100, 317, 1000):
        x, neighbours = counts(side), lattice(side)
        values = whole(x)
        assert values is not None  # noqa: S101 - counts are whole
        times = 5 if side < 1000 else 3  # noqa: PLR2004 - a million cells
        costs = [best(lambda r=r: permuted_p(x, neighbours, r, 1), times) for r in steps]  # type: ignore[misc] # noqa: B023 - at once
        costs.append(best(lambda: exact_p(values, neighbours), times))  # noqa: B023 - at once
        print(f"| {side * side:,} | " + " | ".join(f"{c * 1000:.1f}" for c in costs) + " |")


def main() -> int:
    """Compare, then grow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numba", metavar="PYTHON", help="an interpreter with esda and numba")
    wanted = parser.parse_args().numba
    if wanted is None and importlib.util.find_spec("numba") is not None:
        wanted = sys.executable
    if wanted is not None and not has_numba(wanted):
        print(f"{wanted} cannot import esda and numba")
        return 1
    missed = compare(wanted)
    grow()
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bars kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
