"""What Gi* and local Moran share: who is around, how p is found, and what may be claimed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo.hotspots.method import Parameter
from geo.neighbours import LatticeNeighbours, PolygonNeighbours, least_distance
from geo.note import Note
from geo.permutation import AFFORDABLE, around, exact_cost, exact_p, permuted_p, whole
from geo.places import contiguous
from geo.significance import benjamini_hochberg, benjamini_yekutieli, chance_p, harmonic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geo.cells import Cells
    from geo.hotspots.method import Evidence
    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Neighbourhood = Literal["queen", "ring", "distance"]
Inference = Literal["analytic", "permutation", "exact"]
Correction = Literal["bh", "by"]

FEWEST, MOST = 999, 99_999
"""Permutations that are made unless told otherwise: at least, and at most."""
_FORGIVEN = 1e-9
ROUNDING = 1e-12
"""What is this small beside the values it came from is nothing."""
_SOME = 1000
_CELLS_A_DRAW, _CELLS_AN_EXACT = 1 / 3, 1 / 150
"""To draw one neighbour, or to multiply once, in cells that an analytic run goes through."""

PARAMETERS = (
    Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
    Parameter(
        "values",
        "choice",
        "auto",
        "what is summed; auto takes weights where any differs from 1",
        choices=("auto", "n", "weight"),
    ),
    Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
    Parameter(
        "min_occupied", "integer", 10, "with fewer cells that hold events, likewise", above=0
    ),
    Parameter("min_place", "integer", 3, "no place is hot with fewer events of its own", above=0),
    Parameter(
        "neighbourhood",
        "choice",
        "queen",
        "who is around a cell: those that touch it, those within rings, or within a distance",
        choices=("queen", "ring", "distance"),
    ),
    Parameter("rings", "integer", 1, "how many rings, with neighbourhood = ring", above=0),
    Parameter(
        "distance_m",
        "real",
        None,
        "distance between centres, metres, with neighbourhood = distance",
        above=0.0,
    ),
    Parameter(
        "permutations",
        "integer",
        None,
        "how many, with inference = permutation; otherwise from the number of cells",
        above=0,
    ),
    Parameter(
        "correction",
        "choice",
        "bh",
        "false discovery rate: Benjamini-Hochberg, or Benjamini-Yekutieli (more cautious)",
        choices=("bh", "by"),
    ),
)
"""The settings that both methods have; ``inference`` differs in what auto means."""


def inference_parameter(told: str) -> Parameter:
    """Declare how p is found; ``told`` says what auto means."""
    return Parameter(
        "inference", "choice", "auto", told, choices=("auto", "analytic", "permutation", "exact")
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of both methods, by the names and with the defaults of their parameters."""

    alpha: float = 0.05
    values: str = "auto"
    min_events: int = 30
    min_occupied: int = 10
    min_place: int = 3
    inference: Inference | Literal["auto"] = "auto"
    permutations: int | None = None
    neighbourhood: Neighbourhood = "queen"
    rings: int = 1
    distance_m: float | None = None
    correction: Correction = "bh"

    def adjust(self, p: Floats) -> Floats:
        """Give q: p adjusted for false discovery."""
        return benjamini_hochberg(p) if self.correction == "bh" else benjamini_yekutieli(p)

    @property
    def thresholds(self) -> dict[str, Any]:
        """What decides over claims, as told in ``Result.used``."""
        names = ("alpha", "min_events", "min_occupied", "min_place")
        return {name: getattr(self, name) for name in names}


def shifted(x: Floats) -> Floats:
    """Give each value less one of them, which is about the mean.

    Sums of large values that are alike then lose nothing to rounding, and those of whole numbers
    stay exact, so that equal ones stay equal.
    """
    if not len(x):
        return x
    some = x[:: len(x) // _SOME + 1]
    return np.asarray(x - some[np.argmin(np.abs(some - x.mean()))], dtype=np.float64)


def deviations(x: Floats) -> Floats:
    """Give each value less the mean; exactly 0 where only rounding is left."""
    if not len(x):
        return x
    d = shifted(x)
    d -= d.mean()
    return np.where(np.abs(d) <= ROUNDING * float(np.abs(x).max()), 0.0, d)


@dataclass(frozen=True, eq=False)
class Tested:
    """The values that are tested, one per cell, and who is around each cell."""

    x: Floats
    neighbours: Neighbours
    used: Mapping[str, Any]
    notes: tuple[Note, ...]

    @cached_property
    def sides(self) -> Floats:
        """Tell whether a cell's neighbours hold more (1) or less (-1) than the others would give.

        The cell itself set aside: what they hold against k times the mean of the other n - 1.
        """
        x = shifted(self.x)
        sums, k = around(x, self.neighbours)
        others = (x.sum() - x) / max(len(x) - 1, 1)
        excess = sums - k * others
        rounding = ROUNDING * float(np.abs(x).max(initial=0.0)) * k
        return np.where(np.abs(excess) <= rounding, 0.0, np.sign(excess))


def tested(evidence: Evidence, asked: Settings) -> Tested:
    """Choose values and neighbours.

    Values are counts, or weights. Where an exposure is given they are what is left of them when
    the total is shared out by exposure: n - N share, events more (or fewer) than expected. Cells
    without neighbours are told.
    """
    n, weight, notes = evidence.n, evidence.weight, []
    auto = asked.values == "auto" and bool((weight != n).any())
    weighted = asked.values == "weight" or auto
    x = weight if weighted else n.astype(np.float64)
    if weighted:
        notes.append(Note("gi_star_weighted"))
    if evidence.exposure is not None:
        expected = x.sum() * evidence.share
        # Counts that follow the exposure leave nothing, not rounding.
        x = np.where(np.abs(x - expected) <= _FORGIVEN * expected, 0.0, x - expected)
    used: dict[str, Any] = {
        "values": "weight" if weighted else "n",
        "neighbourhood": asked.neighbourhood,
    }
    cells = evidence.cells
    neighbours = cells.neighbours
    if asked.neighbourhood == "ring":
        used["rings"] = asked.rings
        neighbours = neighbours.rings(asked.rings)
    elif asked.neighbourhood == "distance":
        distance_m = asked.distance_m
        if distance_m is None:
            distance_m = _chosen_distance(cells)
            notes.append(Note("distance_chosen", {"distance": distance_m}))
        used["distance_m"] = distance_m
        neighbours = _within(cells, distance_m)
    alone = int((neighbours.sizes == 1).sum())
    if alone:
        notes.append(Note("islands", {"n": alone}, "warning" if alone == len(cells) else "info"))
    return Tested(x, neighbours, used, tuple(notes))


def _within(cells: Cells, distance_m: float) -> Neighbours:
    """Find the cells whose centres lie within a distance of each other."""
    if cells.grid is None:
        return PolygonNeighbours.within(cells.x, cells.y, distance_m)
    grid, column, row = cells.lattice
    return LatticeNeighbours(grid.kind, column, row).within(distance_m, grid.size)


def _chosen_distance(cells: Cells) -> float:
    """Give the least distance at which every cell has a neighbour, rounded up to three digits."""
    least = least_distance(cells.x, cells.y)
    if not least:
        return 1.0
    unit = 10.0 ** (np.floor(np.log10(least)) - 2.0)
    return float(f"{np.ceil(least / unit - _FORGIVEN) * unit:.6g}")


@dataclass(frozen=True, eq=False)
class Inferred:
    """p and q of each cell, by which inference, and what a reader should know about it."""

    p: Floats
    q: Floats
    used: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def infer(
    given: Tested, analytic: Floats, asked: Settings, *, auto: Inference, seed: int
) -> Inferred:
    """Find p and q of the cells' neighbours; ``analytic`` are the p from z, ``auto`` what it means.

    ``exact`` needs whole numbers and a table of bearable size; else permutations are made.
    Permutations cannot give a p below 2 / (R + 1), so with few of them no false discovery rate
    over many cells can ever claim a lone cell. Unless told, their number R is at least 999 and such
    that one could be claimed (``fewest_permutations``); where that asks for more than 99,999, exact
    p take their place, or analytic p where those are not to be had. With a number told that is too
    small, p are the permutations' but q are of the exact, or analytic, p. All of it is said.
    """
    x, neighbours, notes = given.x, given.neighbours, []
    inference = auto if asked.inference == "auto" else asked.inference
    kind, permutations = inference, asked.permutations
    values = None if inference == "analytic" else whole(x)
    exact = values is not None and exact_cost(values, neighbours) <= AFFORDABLE
    if inference == "exact" and not exact:
        notes.append(Note("exact_not_whole" if values is None else "exact_too_large"))
        kind = "permutation"
    better: Inference = "exact" if exact else "analytic"
    needed = fewest_permutations(len(x), asked.alpha, asked.correction)
    if kind == "permutation" and permutations is None:
        permutations = max(FEWEST, ceil((needed + 1) / 1000) * 1000 - 1)
        if permutations > MOST:
            kind = better
            notes.append(Note(f"permutations_too_many_{better}", {"needed": needed, "most": MOST}))

    def p_by(kind: Inference) -> Floats:
        if kind == "exact" and values is not None:
            return exact_p(values, neighbours)
        if kind == "permutation" and permutations is not None:
            return permuted_p(x, neighbours, permutations, seed)
        return analytic

    p = p_by(kind)
    q = asked.adjust(p)
    used: dict[str, Any] = {"inference": kind, "correction": asked.correction}
    if kind == "permutation" and permutations is not None:
        used["permutations"] = permutations
        if permutations < needed:
            q = asked.adjust(p_by(better))
            notes.append(
                Note(
                    f"permutations_too_few_{better}",
                    {"permutations": permutations, "needed": needed},
                    "warning",
                )
            )
        else:
            notes.append(Note("inference_permutation", {"n": permutations}))
    elif kind == "exact" and not notes:
        notes.append(Note("inference_exact"))
    return Inferred(p, q, used, tuple(notes))


def fewest_permutations(cells: int, alpha: float, correction: Correction) -> int:
    """Give the least number of permutations R by which a lone cell can have q below alpha.

    Its p is 2 / (R + 1) at least, its q that times the cells (times the sum of 1 / i over them
    where any dependence is allowed).
    """
    tests = cells * (harmonic(cells) if correction == "by" else 1.0)
    return floor(2.0 * tests / alpha * (1.0 + ROUNDING))


def rerun_cost(used: Mapping[str, Any], evidence: Evidence) -> float:
    """Tell what one run costs, in runs with analytic p on as many cells; 1 for other methods.

    ``used`` are the settings as used (``Result.used``). A rough measure of work, not of time, so
    that the same input gives the same answer everywhere; for ``geo.stability``.
    """
    inference = used.get("inference", "analytic")
    if inference == "analytic":
        return 1.0
    given = tested(evidence, Settings(**used))
    cells, cost, both = max(len(given.x), 1), 1.0, False
    if inference == "permutation":
        drawn = used["permutations"] * float(given.neighbours.sizes.max(initial=0))
        cost += _CELLS_A_DRAW * drawn / cells
        both = used["permutations"] < fewest_permutations(cells, used["alpha"], used["correction"])
    values = whole(given.x) if inference == "exact" or both else None
    if values is not None:
        multiplied = exact_cost(values, given.neighbours)
        cost += 1.0 + _CELLS_AN_EXACT * multiplied / cells if multiplied <= AFFORDABLE else 0.0
    return cost


@dataclass(frozen=True, eq=False)
class Chance:
    """How easily chance alone puts so many events on a cell and those around it.

    ``more`` is 1 where they hold more events than their share, -1 where fewer. p from the exact
    binomial, q over the cells.
    """

    more: Floats
    p: Floats
    q: Floats


def chance(evidence: Evidence, neighbours: Neighbours, asked: Settings) -> Chance:
    """Ask of each cell and its neighbours whether events spread by ``evidence.share`` explain it.

    The share is that of the ground, or of the exposure where one is given.
    """
    total = int(evidence.n.sum())
    n = neighbours.sums(evidence.n.astype(np.float64)).astype(np.int64)
    share = neighbours.sums(evidence.share)
    p = chance_p(n, total, share)
    return Chance(np.sign(n - total * share), p, asked.adjust(p))


def too_few(n: Ints, method: str, asked: Settings) -> tuple[Note, ...]:
    """Say why the counts cannot carry a claim; nothing where they can."""
    total, occupied = int(n.sum()), int((n > 0).sum())
    if total < asked.min_events:
        values = {"method": method, "n": total, "needed": asked.min_events}
        return (Note("too_few_events", values, "warning"),)
    if occupied < asked.min_occupied:
        values = {"method": method, "n": occupied, "needed": asked.min_occupied}
        return (Note("too_few_cells", values, "warning"),)
    return ()


def with_events(
    mask: NDArray[np.bool_], n: Ints, neighbours: Neighbours, least: int
) -> NDArray[np.bool_]:
    """Keep the marked cells of contiguous groups that hold at least ``least`` events themselves.

    A cell can be high for its neighbours' sake. Empty cells may hold a group together.
    """
    kept = np.zeros(len(mask), dtype=bool)
    for group in contiguous(mask, neighbours):
        kept[group] = n[group].sum() >= least
    return kept
