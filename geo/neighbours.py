"""Who lies beside whom, or near: lattices by shifted sums, polygons and points by pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.grid import GridKind

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Reach = tuple[tuple[int, int, int], ...]

_FORGIVING = 1.0 + 1e-9
"""Distances that differ by less are the same."""


class Neighbours(Protocol):
    """Which cells are neighbours, symmetric, without the cell itself.

    ``sums(x)`` adds x over each cell and its neighbours (the cell itself included), exactly for
    whole numbers. ``sizes`` counts them, so an island has size 1. ``pairs()`` lists every
    neighbouring pair once as two arrays of cell positions, first < second. ``rings(k)`` gives the
    cells at most k steps away.
    """

    @property
    def sizes(self) -> Ints: ...  # noqa: D102 - said in the class

    def sums(self, x: Floats) -> Floats: ...  # noqa: D102 - said in the class

    def pairs(self) -> tuple[Ints, Ints]: ...  # noqa: D102 - said in the class

    def rings(self, rings: int) -> Neighbours: ...  # noqa: D102 - said in the class


@dataclass(frozen=True, eq=False)
class LatticeNeighbours:
    """The lattice cells within reach of each cell, over the cells that take part.

    Without ``reach``: queen contiguity of squares, or the six sides of hexagons. ``reach`` holds,
    for each step in rows, the first and last step in columns (``ring_reach``, ``disc_reach``), the
    cell itself included; it must be the same seen from either side.
    """

    kind: GridKind
    column: Ints
    row: Ints
    reach: Reach | None = None

    def rings(self, rings: int) -> LatticeNeighbours:
        """Widen to the cells that a king (on squares) or ``rings`` steps over sides reach."""
        return LatticeNeighbours(self.kind, self.column, self.row, ring_reach(self.kind, rings))

    def within(self, distance_m: float, size_m: float) -> LatticeNeighbours:
        """Take the cells whose centres lie within a distance, on a grid of cells of ``size_m``."""
        reach = disc_reach(self.kind, distance_m / size_m)
        return LatticeNeighbours(self.kind, self.column, self.row, reach)

    @cached_property
    def _layout(self) -> _Layout:
        """Lay the cells out in one long row, so that every step is a shift of the whole row."""
        column, row = self.column - self.column.min(), self.row - self.row.min()
        wide, high = int(column.max()) + 1, int(row.max()) + 1
        reach = ring_reach(self.kind, 1) if self.reach is None else self.reach
        # Steps that leave the bounding box from everywhere meet nothing.
        clipped = [
            (up, max(first, 1 - wide), min(last, wide - 1))
            for up, first, last in reach
            if abs(up) < high
        ]
        runs = tuple((up, first, last) for up, first, last in clipped if first <= last)
        margin_rows = max(abs(up) for up, _, _ in runs)
        margin = max(max(abs(first), abs(last)) for _, first, last in runs)
        pitch = wide + margin  # what leaves a row on the right, or left, falls between two rows
        start = margin_rows * pitch + margin
        return _Layout(
            at=row * pitch + column,
            runs=tuple((up * pitch + first, last - first + 1) for up, first, last in runs),
            start=start,
            inner=high * pitch,
            length=high * pitch + 2 * start,
        )

    def sums(self, x: Floats) -> Floats:
        """Add x over each cell and its neighbours; whole numbers stay exact.

        Runs of cells are added once for all rows that use them, by adding only: nothing is lost
        to differences of running totals.
        """
        if not len(self.column):
            return np.zeros(0)
        layout = self._layout
        raster = np.zeros(layout.length, dtype=np.float64)
        raster[layout.start + layout.at] = x
        total = np.zeros(layout.inner, dtype=np.float64)
        run = raster.copy()
        longest = max(length for _, length in layout.runs)
        for length in range(1, longest + 1):
            for shift, needed in layout.runs:
                if needed == length:
                    total += run[layout.start + shift : layout.start + shift + layout.inner]
            if length < longest:
                run[: layout.length - length] += raster[length:]
        return total[layout.at]

    @cached_property
    def sizes(self) -> Ints:
        """Number of cells in each sum, the cell itself included."""
        return self.sums(np.ones(len(self.column))).astype(np.int64)

    def pairs(self) -> tuple[Ints, Ints]:
        """List every neighbouring pair once, first < second."""
        return self._pairs

    @cached_property
    def _pairs(self) -> tuple[Ints, Ints]:
        if not len(self.column):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        layout = self._layout
        position = np.full(layout.length, -1, dtype=np.int64)
        position[layout.start + layout.at] = np.arange(len(layout.at))
        here, there = [], []
        for shift, length in layout.runs:
            for step in range(shift, shift + length):
                other = position[layout.start + layout.at + step]
                found = np.flatnonzero(other > np.arange(len(layout.at)))
                here.append(found)
                there.append(other[found])
        return np.concatenate(here), np.concatenate(there)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Cells in one long row with margins: positions, shifts and lengths of runs, and sizes."""

    at: Ints
    runs: tuple[tuple[int, int], ...]
    start: int
    inner: int
    length: int


def ring_reach(kind: GridKind, rings: int) -> Reach:
    """List the steps to all cells within ``rings`` rings of a lattice cell, itself included."""
    steps = range(-rings, rings + 1)
    if kind == "square":
        return tuple((up, -rings, rings) for up in steps)
    return tuple((up, max(-rings, -rings - up), min(rings, rings - up)) for up in steps)


def disc_reach(kind: GridKind, radius: float) -> Reach:
    """List the steps to all centres within ``radius`` cell sizes, the cell itself included.

    Centres exactly at the distance belong to it (a billionth is forgiven).
    """
    furthest = int(radius * 1.2) + 1  # rows of hexagons lie sqrt(3) / 2 apart
    steps = np.arange(-furthest, furthest + 1)
    slant = 0 if kind == "square" else 1
    reach = []
    for up in steps.tolist():
        inside = steps[steps * steps + slant * steps * up + up * up <= (radius * _FORGIVING) ** 2]
        if len(inside):
            reach.append((up, int(inside[0]), int(inside[-1])))
    return tuple(reach)


def least_distance(x: Floats, y: Floats) -> float:
    """Find the smallest distance within which every point has another; 0 for fewer than two."""
    if len(x) < 2:  # noqa: PLR2004 - one point has no other
        return 0.0
    from scipy import spatial  # noqa: PLC0415 - slow to import, and rarely needed

    points = np.column_stack([x, y])
    nearest, _ = spatial.cKDTree(points).query(points, k=[2])
    return float(np.max(nearest))


@dataclass(frozen=True, eq=False)
class PolygonNeighbours:
    """Neighbours of any polygons or points, as pairs; by ``of`` those that share a point."""

    count: int
    first: Ints
    second: Ints

    @classmethod
    def of(cls, polygons: NDArray[np.object_], tolerance_m: float = 0.001) -> PolygonNeighbours:
        """Find the polygons that touch; ``tolerance_m`` forgives rounded coordinates."""
        tree = shapely.STRtree(polygons)
        here, there = tree.query(polygons, predicate="dwithin", distance=tolerance_m)
        once = here < there
        order = np.lexsort((there[once], here[once]))
        return cls(len(polygons), here[once][order], there[once][order])

    @classmethod
    def within(cls, x: Floats, y: Floats, distance_m: float) -> PolygonNeighbours:
        """Pair the points (metres) at most a distance apart; a billionth is forgiven."""
        from scipy import spatial  # noqa: PLC0415 - slow to import, and rarely needed

        tree = spatial.cKDTree(np.column_stack([x, y]))
        found = tree.query_pairs(distance_m * _FORGIVING, output_type="ndarray").astype(np.int64)
        here, there = found.min(axis=1), found.max(axis=1)
        order = np.lexsort((there, here))
        return cls(len(x), here[order], there[order])

    def rings(self, rings: int) -> PolygonNeighbours:
        """Widen to the cells that at most ``rings`` steps over these pairs reach."""
        from scipy import sparse  # noqa: PLC0415 - slow to import, and rarely needed

        here = np.concatenate([self.first, self.second, np.arange(self.count)])
        there = np.concatenate([self.second, self.first, np.arange(self.count)])
        step = sparse.csr_array(
            (np.ones(len(here), dtype=np.int32), (here, there)), shape=(self.count, self.count)
        )
        reached = step
        for _ in range(rings - 1):
            reached = reached @ step
            reached.data[:] = 1  # only whether there is a way, not how many
        pairs = sparse.triu(reached, k=1).tocoo()
        first, second = (at.astype(np.int64) for at in pairs.coords)
        order = np.lexsort((second, first))
        return PolygonNeighbours(self.count, first[order], second[order])

    def sums(self, x: Floats) -> Floats:
        """Add x over each cell and its neighbours; whole numbers stay exact."""
        total = np.array(x, dtype=np.float64)
        total += np.bincount(self.first, weights=x[self.second], minlength=self.count)
        total += np.bincount(self.second, weights=x[self.first], minlength=self.count)
        return total

    @cached_property
    def sizes(self) -> Ints:
        """Number of cells in each sum, the cell itself included."""
        return self.sums(np.ones(self.count)).astype(np.int64)

    def pairs(self) -> tuple[Ints, Ints]:
        """List every neighbouring pair once, first < second."""
        return self.first, self.second
