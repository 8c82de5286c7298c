"""Polygons from any vector file: cells that someone drew, or a study area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.crs import metric_crs_for, reproject, require_metres
from geo.errors import Problem, SourceError
from layers.formats.vector import FORMAT

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_WGS84 = 4326


@dataclass(frozen=True, eq=False)
class Polygons:
    """Polygons in metres in their file's order, with the ids of their own column."""

    geometry: NDArray[np.object_]
    ids: NDArray[np.object_]
    id_name: str
    epsg: int


def read_polygons(path: Path, epsg: int | None) -> Polygons:
    """Read the polygons of a file into ``epsg``, or into the file's own system if that is metres.

    Ids come from the first column whose values are all different, else they count from 1.
    Raises ``SourceError`` where the file holds no polygons or says no coordinate system.
    """
    tables = list(FORMAT.read(path))
    frame = pd.concat([table.data for table in tables], ignore_index=True)
    shapes = np.concatenate(
        [np.zeros(0, object), *(t.geometry for t in tables if t.geometry is not None)]
    )
    crs = next((table.crs for table in tables if table.crs is not None), None)
    polygonal = (
        np.array([s is not None and shapely.get_dimensions(s) == 2 for s in shapes], dtype=bool)  # noqa: PLR2004 - surfaces
    )
    if not len(shapes) or not polygonal.all():
        lost = int((~polygonal).sum())
        raise SourceError(
            f"{path.name} does not hold polygons only",
            (
                Problem(
                    path.name,
                    f"expected polygons, found {lost} of {len(shapes)} features that are not",
                    "export the polygon layer alone",
                ),
            ),
        )
    if crs is None:
        raise SourceError(
            f"{path.name} does not say its coordinate system",
            (
                Problem(
                    path.name,
                    "expected a coordinate system, found none",
                    "set it in QGIS: Layer CRS",
                ),
            ),
        )
    own = crs.to_epsg()
    if epsg is None:
        if crs.is_projected and own is not None:
            epsg = int(own)
        else:
            centre = reproject(shapely.centroid(shapes), crs, _WGS84)
            epsg = metric_crs_for(shapely.get_x(centre), shapely.get_y(centre))
    require_metres(epsg)
    geometry = shapes if own == epsg else reproject(shapes, crs, epsg)
    name, ids = _ids(frame, len(shapes))
    return Polygons(geometry, ids, name, epsg)


def _ids(frame: pd.DataFrame, count: int) -> tuple[str, NDArray[np.object_]]:
    for name in frame.columns:
        values = frame[name]
        if values.notna().all() and values.is_unique:
            return str(name), values.to_numpy(dtype=object)
    return "cell_id", np.array([str(i) for i in range(1, count + 1)], dtype=object)
