"""Writes cells and hotspots as GeoParquet 1.1, for DuckDB, pandas, R and others that compute."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from maps.exports import Export
from maps.gis_tables import GEOMETRY, GisTable, gis_tables

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Situation

_WRITTEN = ("cells", "hotspots")


def _write(situation: Situation, folder: Path, language: str) -> None:
    """Write ``cells.parquet`` and ``hotspots.parquet``, the tables of the GeoPackage.

    In the situation's coordinate system, which each file describes in full.
    """
    crs = pyproj.CRS.from_epsg(situation.crs).to_json_dict()
    bare = replace(situation, layers=(), background=())  # their tables would be made for nothing
    for table in gis_tables(bare, language):
        if table.name in _WRITTEN and table.wkb is not None:
            written = _arrow(table, table.wkb, crs)
            pq.write_table(written, folder / f"{table.name}.parquet", compression="zstd")


def _arrow(table: GisTable, wkb: pa.Array, crs: dict[str, Any]) -> pa.Table:
    """Join columns and geometry, and say in the file's metadata what the geometry is."""
    said = {"encoding": "WKB", "geometry_types": [table.geometry_type], "crs": crs}
    if len(wkb):
        shapes = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        said["bbox"] = shapely.total_bounds(shapes).tolist()
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: said}}
    columns = {**table.columns, GEOMETRY: wkb.cast(pa.binary())}
    return pa.table(columns, metadata={"geo": json.dumps(geo)})


EXPORT = Export(
    "geoparquet",
    "Cells and hotspots as GeoParquet 1.1, for those who compute on",
    tuple(f"{name}.parquet" for name in _WRITTEN),
    _write,
)
