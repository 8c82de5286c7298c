"""The study area where nobody drew one, and a cell size where nobody chose one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.grid import SIZES_M

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]

_CELLS_ACROSS = 50


def suggest_cell_size(area: BaseGeometry) -> float:
    """Choose the cell size (metres) that lays about 50 cells along the area's shorter side.

    Rounded to the nearest of ``geo.grid.SIZES_M``. Source: the default of R's sfhotspot
    (Ashby 2023). The size matters: try the neighbours of the chosen one before you believe a map.
    """
    west, south, east, north = area.bounds
    wanted = max(min(east - west, north - south), 1.0) / _CELLS_ACROSS
    sizes = np.array(SIZES_M, dtype=np.float64)
    return float(sizes[int(np.argmin(abs(np.log(sizes / wanted))))])


def buffered_hull(x: Floats, y: Floats) -> BaseGeometry:
    """Wrap the points in their convex hull, widened by a twentieth of its longer side (metres).

    A hull follows the data: it leaves out empty ground where something could have happened, so
    that statistics over it understate how special the busy places are. Name an area instead.
    """
    hull = shapely.MultiPoint(np.column_stack(_extremes(x, y))).convex_hull
    west, south, east, north = hull.bounds
    margin = max(east - west, north - south) / 20.0
    return hull.buffer(max(margin, 1.0))


def _extremes(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Drop points that cannot lie on the hull: those inside a ring of others (Akl & Toussaint)."""
    if len(x) < 10_000:  # noqa: PLR2004 - few enough as they are
        return x, y
    angles = np.linspace(0.0, 2 * np.pi, 32, endpoint=False)
    ends = [int(np.argmax(np.cos(a) * x + np.sin(a) * y)) for a in angles]
    inner = shapely.MultiPoint(np.column_stack([x[ends], y[ends]])).convex_hull
    shapely.prepare(inner)
    keep = ~shapely.contains_xy(inner, x, y)
    return x[keep], y[keep]
