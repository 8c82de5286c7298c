"""Squares and hexagons anchored to the coordinate system's own origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GridKind = Literal["square", "hex"]
SIZES_M = (25, 50, 100, 125, 200, 250, 400, 500, 1000, 2000, 5000, 10_000, 20_000)
"""The sizes that are chosen from; each makes ids that people can read."""

_ROOT3 = 3**0.5


@dataclass(frozen=True, slots=True)
class Grid:
    """A tiling of the plane by squares or pointy-top hexagons, one cell for every point.

    ``size`` (metres) is the distance between two opposite sides, so also the distance between
    the centres of neighbours. Square (0, 0) has its south-west corner in the coordinate system's
    origin; hexagon (0, 0) has its centre there. Cells are addressed by whole numbers
    ``(column, row)``: of squares eastwards and northwards; of hexagons axial (q, r) with q
    eastwards and r north-eastwards. The grid does not depend on data: a cell keeps its id from
    month to month and from one municipality to the next. A point on an edge belongs to exactly
    one cell (squares: the one to the east and north).
    """

    kind: GridKind
    size: float

    def __post_init__(self) -> None:
        if self.kind not in ("square", "hex"):
            raise ValueError(f"expected a grid of 'square' or 'hex', found {self.kind!r}")
        if not (np.isfinite(self.size) and self.size > 0):
            raise ValueError(f"expected a cell size above 0 m, found {self.size!r}")

    def index(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """Address the cell of each point (metres)."""
        if self.kind == "square":
            return (
                np.floor(np.asarray(x) / self.size).astype(np.int64),
                np.floor(np.asarray(y) / self.size).astype(np.int64),
            )
        r = np.asarray(y) / (self.size * _ROOT3 / 2)
        q = np.asarray(x) / self.size - r / 2
        s = -q - r
        q0, r0, s0 = np.rint(q), np.rint(r), np.rint(s)
        dq, dr, ds = abs(q0 - q), abs(r0 - r), abs(s0 - s)
        fix_q = (dq > dr) & (dq > ds)
        fix_r = ~fix_q & (dr > ds)
        column = np.where(fix_q, -r0 - s0, q0)
        row = np.where(fix_r, -q0 - s0, r0)
        return column.astype(np.int64), row.astype(np.int64)

    def centres(self, column: Ints, row: Ints) -> tuple[Floats, Floats]:
        """Give the centres (metres) of the addressed cells."""
        if self.kind == "square":
            x, y = (column + 0.5) * self.size, (row + 0.5) * self.size
        else:
            x, y = (column + row / 2) * self.size, row * (self.size * _ROOT3 / 2)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def corners(self, column: Ints, row: Ints) -> Floats:
        """Give the closed rings of the addressed cells, shape (cells, corners + 1, 2), metres.

        Rings run counter-clockwise. Shared corners of squares are equal to the last bit.
        """
        column, row = np.asarray(column), np.asarray(row)
        if self.kind == "square":
            x = np.stack([column, column + 1, column + 1, column, column], axis=1)
            y = np.stack([row, row, row + 1, row + 1, row], axis=1)
            return np.stack([x, y], axis=2) * float(self.size)
        # Corners lie on a lattice of half widths and of thirds of rows; whole numbers first, so
        # that cells that share a corner compute it from the same numbers.
        half = np.array([1, 0, -1, -1, 0, 1, 1])
        third = np.array([1, 2, 1, -1, -2, -1, 1])
        x = ((2 * column + row)[:, None] + half) * (self.size / 2)
        y = (3 * row[:, None] + third) * (self.size * _ROOT3 / 6)
        return np.stack([x, y], axis=2)

    def polygons(self, column: Ints, row: Ints) -> NDArray[np.object_]:
        """Give the addressed cells as polygons (metres)."""
        return np.asarray(shapely.polygons(self.corners(column, row)))

    def ids(self, column: Ints, row: Ints) -> NDArray[np.str_]:
        """Name the addressed cells: size and south-west corner, or size and axial address.

        ``500mN6543500E473000`` in the manner of the European grids; ``500mH947R-15112``.
        """
        size = np.format_float_positional(self.size, trim="-")
        if self.kind == "square":
            step = int(self.size) if float(self.size).is_integer() else self.size
            return np.array(
                [
                    f"{size}mN{r * step:g}E{c * step:g}"
                    if not isinstance(step, int)
                    else f"{size}mN{r * step}E{c * step}"
                    for c, r in zip(column.tolist(), row.tolist(), strict=True)
                ],
                dtype=np.str_,
            )
        return np.array(
            [f"{size}mH{c}R{r}" for c, r in zip(column.tolist(), row.tolist(), strict=True)],
            dtype=np.str_,
        )

    @property
    def cell_area_m2(self) -> float:
        """Area of one cell in square metres."""
        return self.size**2 * (1.0 if self.kind == "square" else _ROOT3 / 2)
