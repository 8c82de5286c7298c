"""The cells of one study area: a lattice clipped to it, or polygons that someone else drew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.neighbours import LatticeNeighbours, Neighbours, PolygonNeighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.grid import Grid

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells that take part in the statistics, in a stable order; all arrays are parallel.

    ``ids`` names them (``id_name`` is the column they came in), ``x`` and ``y`` are centres in
    metres, ``area_m2`` is the part of each inside the study area. On a lattice ``grid``,
    ``column`` and ``row`` are set; else ``drawn`` holds the polygons.
    """

    ids: NDArray[np.object_] | NDArray[np.str_]
    x: Floats
    y: Floats
    area_m2: Floats
    grid: Grid | None = None
    column: Ints | None = None
    row: Ints | None = None
    drawn: NDArray[np.object_] | None = None
    id_name: str = "cell_id"

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def polygons(self) -> NDArray[np.object_]:
        """The cells as whole polygons (not clipped), metres."""
        return self.some_polygons(np.arange(len(self)))

    def some_polygons(self, positions: Ints) -> NDArray[np.object_]:
        """Some of the cells as whole polygons (not clipped), metres."""
        if self.drawn is not None:
            return self.drawn[positions]
        grid, column, row = self.lattice
        return grid.polygons(column[positions], row[positions])

    def union(self, positions: Ints) -> BaseGeometry:
        """Dissolve some of the cells into one geometry, metres."""
        polygons = self.some_polygons(positions)
        if self.drawn is not None:
            return shapely.union_all(polygons)
        return shapely.coverage_union_all(polygons)

    @property
    def lattice(self) -> tuple[Grid, Ints, Ints]:
        """Grid, column and row of lattice cells; only for those."""
        if self.grid is None or self.column is None or self.row is None:
            raise ValueError("these cells are not a lattice")
        return self.grid, self.column, self.row

    @cached_property
    def neighbours(self) -> Neighbours:
        """Contiguity: eight neighbours of a square, six of a hexagon, queen of polygons."""
        if self.drawn is not None:
            return PolygonNeighbours.of(self.drawn)
        grid, column, row = self.lattice
        return LatticeNeighbours(grid.kind, column, row)

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Position of the cell of each point, -1 where no cell takes part; one cell a point.

        On a lattice an edge belongs to the grid's choice of cell, among polygons to the first.
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if self.drawn is not None:
            return self._locate_among_polygons(x, y)
        grid, column, row = self.lattice
        if not len(column):
            return np.full(len(x), -1, dtype=np.int64)
        found = np.full(len(x), -1, dtype=np.int64)
        at_column, at_row = grid.index(x, y)
        at_column -= column.min()
        at_row -= row.min()
        width, height = self._raster.shape[1], self._raster.shape[0]
        inside = (at_column >= 0) & (at_column < width) & (at_row >= 0) & (at_row < height)
        found[inside] = self._raster[at_row[inside], at_column[inside]]
        return found

    @cached_property
    def _raster(self) -> Ints:
        """Position of the cell at each (row, column) of the bounding lattice, else -1."""
        _, column, row = self.lattice
        c, r = column - column.min(), row - row.min()
        raster = np.full((int(r.max()) + 1, int(c.max()) + 1), -1, dtype=np.int64)
        raster[r, c] = np.arange(len(c))
        return raster

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.polygons)

    def _locate_among_polygons(self, x: Floats, y: Floats) -> Ints:
        found = np.full(len(x), len(self), dtype=np.int64)
        point, cell = self._tree.query(shapely.points(x, y), predicate="intersects")
        np.minimum.at(found, point, cell)
        found[found == len(self)] = -1
        return found


def lattice_cells(grid: Grid, area: BaseGeometry) -> Cells:
    """Lay the grid over a study area (metres): every cell that shares some of its area takes part.

    Cells come row by row from the south-west, so that the same area always gives the same order.
    """
    west, south, east, north = area.bounds
    if grid.kind == "square":
        columns = np.arange(np.floor(west / grid.size), np.floor(east / grid.size) + 1)
        rows = np.arange(np.floor(south / grid.size), np.floor(north / grid.size) + 1)
        row, column = (
            a.ravel().astype(np.int64) for a in np.meshgrid(rows, columns, indexing="ij")
        )
    else:
        step = grid.size * 3**0.5 / 2
        rows = np.arange(np.floor(south / step) - 1, np.ceil(north / step) + 2).astype(np.int64)
        width = int(np.ceil((east - west) / grid.size)) + 3
        first = np.floor(west / grid.size - rows / 2).astype(np.int64) - 1
        row = np.repeat(rows, width)
        column = (first[:, None] + np.arange(width)).ravel()
    # Only cells on the border need a true overlay; of the others the centre tells.
    centre_x, centre_y = grid.centres(column, row)
    border = _near_border(grid, area, column, row)
    shapely.prepare(area)
    share = np.where(shapely.contains_xy(area, centre_x, centre_y), grid.cell_area_m2, 0.0)
    polygons = grid.polygons(column[border], row[border])
    share[border] = shapely.area(shapely.intersection(area, polygons))
    keep = np.flatnonzero(share > 0)
    column, row = column[keep], row[keep]
    x, y = grid.centres(column, row)
    return Cells(
        ids=grid.ids(column, row),
        x=x,
        y=y,
        area_m2=share[keep],
        grid=grid,
        column=column,
        row=row,
    )


def _near_border(grid: Grid, area: BaseGeometry, column: Ints, row: Ints) -> NDArray[np.bool_]:
    """Mark every cell that the area's border can touch, and few others.

    The border is sampled at half a cell: any of its points lies in the cell of a sample or in one
    beside it.
    """
    points = shapely.get_coordinates(shapely.segmentize(area.boundary, grid.size / 2))
    at_column, at_row = grid.index(points[:, 0], points[:, 1])
    west, south = int(column.min()) - 2, int(row.min()) - 2
    raster = np.zeros((int(row.max()) - south + 3, int(column.max()) - west + 3), dtype=bool)
    for up in (-1, 0, 1):
        for right in (-1, 0, 1):
            r, c = at_row - south + up, at_column - west + right
            inside = (r >= 0) & (c >= 0) & (r < raster.shape[0]) & (c < raster.shape[1])
            raster[r[inside], c[inside]] = True
    return raster[row - south, column - west]


def polygon_cells(
    polygons: NDArray[np.object_], ids: NDArray[np.object_], id_name: str = "cell_id"
) -> Cells:
    """Take polygons (metres) as the cells, in their order, with their own ids."""
    centre = shapely.point_on_surface(polygons)
    return Cells(
        ids=ids,
        x=shapely.get_x(centre),
        y=shapely.get_y(centre),
        area_m2=shapely.area(polygons),
        drawn=polygons,
        id_name=id_name,
    )
