"""Who lies beside whom: lattices by shifted sums, polygons by contiguity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.grid import GridKind

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_STEPS: dict[str, tuple[tuple[int, int], ...]] = {
    "square": ((-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)),
    "hex": ((1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1)),
}


class Neighbours(Protocol):
    """Contiguity of cells, symmetric, without the cell itself.

    ``sums(x)`` adds x over each cell and its neighbours (the cell itself included), exactly for
    whole numbers. ``sizes`` counts them, so an island has size 1. ``pairs()`` lists every
    neighbouring pair once as two arrays of cell positions, first < second.
    """

    @property
    def sizes(self) -> Ints: ...  # noqa: D102 - said in the class

    def sums(self, x: Floats) -> Floats: ...  # noqa: D102 - said in the class

    def pairs(self) -> tuple[Ints, Ints]: ...  # noqa: D102 - said in the class


@dataclass(frozen=True, eq=False)
class LatticeNeighbours:
    """Queen contiguity of squares, or the six sides of hexagons, over the cells that take part."""

    kind: GridKind
    column: Ints
    row: Ints

    def _flat(self) -> tuple[Ints, int, tuple[int, int]]:
        """Positions in a dense raster with a margin of one, its width, and its shape."""
        column = self.column - self.column.min() + 1
        row = self.row - self.row.min() + 1
        width = int(column.max()) + 2
        return row * width + column, width, (int(row.max()) + 2, width)

    def sums(self, x: Floats) -> Floats:
        """Add x over each cell and its neighbours; whole numbers stay exact."""
        if not len(self.column):
            return np.zeros(0)
        flat, width, shape = self._flat()
        raster = np.zeros(shape[0] * shape[1], dtype=np.float64)
        raster[flat] = x
        total = raster[flat].copy()
        for step_column, step_row in _STEPS[self.kind]:
            total += raster[flat + step_row * width + step_column]
        return total

    @property
    def sizes(self) -> Ints:
        """Number of cells in each sum, the cell itself included."""
        return self.sums(np.ones(len(self.column))).astype(np.int64)

    def pairs(self) -> tuple[Ints, Ints]:
        """List every neighbouring pair once, first < second."""
        if not len(self.column):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        flat, width, shape = self._flat()
        position = np.full(shape[0] * shape[1], -1, dtype=np.int64)
        position[flat] = np.arange(len(flat))
        here, there = [], []
        for step_column, step_row in _STEPS[self.kind]:
            other = position[flat + step_row * width + step_column]
            found = np.flatnonzero(other > np.arange(len(flat)))
            here.append(found)
            there.append(other[found])
        return np.concatenate(here), np.concatenate(there)


@dataclass(frozen=True, eq=False)
class PolygonNeighbours:
    """Queen contiguity of any polygons: those that share at least a point."""

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

    def sums(self, x: Floats) -> Floats:
        """Add x over each cell and its neighbours; whole numbers stay exact."""
        total = np.array(x, dtype=np.float64)
        total += np.bincount(self.first, weights=x[self.second], minlength=self.count)
        total += np.bincount(self.second, weights=x[self.first], minlength=self.count)
        return total

    @property
    def sizes(self) -> Ints:
        """Number of cells in each sum, the cell itself included."""
        return self.sums(np.ones(self.count)).astype(np.int64)

    def pairs(self) -> tuple[Ints, Ints]:
        """List every neighbouring pair once, first < second."""
        return self.first, self.second
