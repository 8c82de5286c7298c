"""Makes geometries of well-known binary: of points their numbers, of others plain shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from geo.crs import WGS84
from geo.note import Note
from layers.formats.opening import TEXT, left_out_rows, quietly
from layers.layer import RawTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

UNREADABLE = "unreadable_feature"
_AREAL = (3, 6, 7)
_LONGITUDES = 360.0
_TYPES = {
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.bool_(): pd.BooleanDtype(),
    pa.int16(): pd.Int64Dtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.int64(): pd.Int64Dtype(),
}
_POINTS = {
    21: (1,),
    29: (1001, 2001, 0x80000001, 0x40000001),
    37: (3001, 0xC0000001),
}
"""Sizes of a point in well-known binary, and the numbers by which it says that it is one."""


def read_wkb(column: pa.Array) -> tuple[Geometries | Floats, Bools, int]:
    """Read a column of well-known binary as plain shapes, or as x and y where all are points.

    Gives also which cannot be read, and how many polygons were repaired.
    """
    points = points_of(column)
    if points is not None:
        return points, np.zeros(len(column), dtype=bool), 0
    written = column.is_valid().to_numpy(zero_copy_only=False)
    binary = column.to_numpy(zero_copy_only=False)
    geometry: Geometries = quietly(shapely.from_wkb, binary, on_invalid="fix")
    unreadable = shapely.is_missing(geometry) & written
    geometry, repaired, lost = plain(geometry)
    return geometry, unreadable | lost, repaired


def points_of(column: pa.Array) -> Floats | None:
    """Give x and y of well-known binary that is nothing but points, NaN where there is none.

    None where anything else is among them, or another order of bytes. Heights are dropped.
    """
    there = column.is_valid().to_numpy(zero_copy_only=False)
    written = column if there.all() else column.drop_null()
    points = np.full((len(column), 2), np.nan)
    if not len(written):
        return points
    _, offsets, data = written.buffers()
    width = "<i8" if pa.types.is_large_binary(written.type) else "<i4"
    ends = np.frombuffer(offsets, width)[written.offset : written.offset + len(written) + 1]
    size = int(ends[1] - ends[0])
    if size not in _POINTS or (np.diff(ends) != size).any():
        return None
    form = np.dtype(
        {
            "names": ["order", "kind", "xy"],
            "formats": ["u1", "<u4", ("<f8", 2)],
            "offsets": [0, 1, 5],
            "itemsize": size,
        }
    )
    found = np.frombuffer(data, form, count=len(written), offset=int(ends[0]))
    kind = int(found["kind"][0])
    if kind not in _POINTS[size] or (found["order"] != 1).any() or (found["kind"] != kind).any():
        return None
    points[there] = found["xy"]
    return points


def plain(geometry: Geometries) -> tuple[Geometries, int, Bools]:
    """Drop heights, make None of empty geometries, repair invalid polygons.

    Gives also how many were repaired, and which have nothing left after it.
    """
    flat = np.array(shapely.force_2d(geometry), dtype=object)
    areal = np.isin(shapely.get_type_id(flat), _AREAL)
    invalid = areal & ~shapely.is_valid(flat)
    if invalid.any():
        flat[invalid] = shapely.make_valid(flat[invalid], method="structure", keep_collapsed=False)
    empty = shapely.is_empty(flat)
    flat[empty] = None
    return flat, int((invalid & ~empty).sum()), invalid & empty


def repaired_note(n: int) -> tuple[Note, ...]:
    """Say how many polygons were repaired."""
    return (Note("geometries_repaired", {"n": n}),) if n else ()


def table_of(batch: pa.RecordBatch, geometry_name: str, done: int) -> RawTable:
    """Make a table of a batch whose geometries are well-known binary; rows count from ``done``."""
    rows = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
    geometry: Geometries | Floats = np.full(batch.num_rows, None, dtype=object)
    unreadable = np.zeros(batch.num_rows, dtype=bool)
    repaired = 0
    if geometry_name in batch.schema.names:
        geometry, unreadable, repaired = read_wkb(batch.column(geometry_name))
        batch = batch.drop_columns([geometry_name])
    data = batch.to_pandas(types_mapper=_TYPES.get)
    left_out = [(int(n), UNREADABLE, "geometry") for n in rows[unreadable]]
    keep = ~unreadable
    return RawTable(
        data[keep].reset_index(drop=True),
        rows[keep],
        left_out_rows(left_out),
        geometry[keep],
        notes=repaired_note(repaired),
    )


def understood_crs(told: Any) -> CRS | None:  # noqa: ANN401 - text, mapping or nothing
    """Understand what the file says of its coordinate system; heights and unknowns dropped."""
    if not told:
        return None
    try:
        crs = quietly(CRS.from_user_input, told)
    except CRSError:
        return None
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_projected or crs.is_geographic) or crs.name.lower().startswith("undefined"):
        return None
    try:
        Transformer.from_crs(crs, WGS84)
    except ProjError:
        return None  # a damaged one: it has a name, and leads nowhere
    return crs


def believed_crs(crs: CRS | None, table: RawTable) -> tuple[CRS | None, tuple[Note, ...]]:
    """Doubt degrees that are beyond all degrees: metres in a GeoJSON that does not say so."""
    if crs is None or not crs.is_geographic or table.positions is None or not len(table.data):
        return crs, ()
    found = shapely.total_bounds(table.geometry) if table.points is None else table.points
    if np.nanmax(np.abs(found), initial=0.0) <= _LONGITUDES:
        return crs, ()
    return None, (Note("crs_disbelieved", {"name": crs.name}, "warning"),)
