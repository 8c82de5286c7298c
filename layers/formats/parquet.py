"""Reads Parquet, with geometries (GeoParquet) or plain."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from layers.formats import Format
from layers.formats.csv import column_names
from layers.formats.opening import TEXT, first_bytes, left_out_rows, refuse
from layers.formats.shapes import (
    believed_crs,
    plain,
    read_wkb,
    repaired_note,
    understood_crs,
)
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from pyproj import CRS

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

_BATCH_ROWS = 131_072
_MAGIC, _LOCKED = b"PAR1", b"PARE"
_OWN_TYPES = ("GEOMETRY", "GEOGRAPHY")
_LONLAT = 4326
_TROUBLE = (
    pa.ArrowException,
    OSError,
    ValueError,
    AttributeError,
    KeyError,
    TypeError,
    shapely.errors.GEOSException,
)
"""What Arrow raises, and what metadata does that are not what they should be."""
_TYPES = {
    pa.large_string(): TEXT,
    pa.bool_(): pd.BooleanDtype(),
    pa.int64(): pd.Int64Dtype(),
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which column holds the geometry, written how, in which system; ``beside`` only repeat it."""

    column: str
    encoding: str
    crs: CRS | None
    beside: frozenset[str] = frozenset()


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give the rows of a Parquet file in batches, with geometry and coordinate system if it has.

    Numbers, truths and times keep their types; dates, times of day and decimals become text as
    they are written by hand, lists and records JSON, and bytes text where they are UTF-8, else
    hexadecimal. Rows count from 1. The geometry is GeoParquet's primary column (well-known binary
    or native), or a column of Parquet's own type for geometries; its bounding boxes are dropped.
    Geometries are made plain as those of ``layers.formats.vector``. ``crs`` is longitude and
    latitude where the file leaves it out, None where it says that it is unknown.

    Raises ``SourceError`` for what is not Parquet, is damaged, or is encrypted.
    """
    head = first_bytes(path, len(_MAGIC))
    if head == _LOCKED:
        raise _encrypted(path)
    if head != _MAGIC:
        raise refuse(
            path,
            f"expected a Parquet file, which begins with PAR1, found {head!r}",
            "give the file its true ending, or export it again",
        )
    try:
        file = pq.ParquetFile(path)
        shape = _shape(file)
    except _TROUBLE as error:
        raise _damaged(path, error) from None
    return _batches(path, file, shape)


FORMAT = Format(
    name="parquet",
    summary="GeoParquet, and plain Parquet with columns for a position",
    endings=(".parquet", ".geoparquet", ".pq"),
    read=read,
)


def _encrypted(path: Path) -> Exception:
    cure = "export it without encryption"
    return refuse(path, "expected a Parquet file that can be read, found an encrypted one", cure)


def _damaged(path: Path, error: Exception) -> Exception:
    if "encrypt" in str(error).lower():
        return _encrypted(path)
    said = str(error).partition("\n")[0][:200]
    return refuse(
        path,
        f"expected a Parquet file, found one that is damaged or cut off ({said})",
        "copy or export it again",
    )


def _batches(path: Path, file: pq.ParquetFile, shape: _Shape | None) -> Iterator[RawTable]:
    done = 0
    with file:
        names = file.schema_arrow.names
        wanted = [name for name in names if shape is None or name not in shape.beside]
        batches = file.iter_batches(_BATCH_ROWS, columns=wanted)
        try:
            while (batch := next(batches, None)) is not None:
                table = _table(batch, shape, done)
                if not done:
                    crs, notes = believed_crs(table.crs, table)
                    shape = shape and replace(shape, crs=crs)
                    table = table.told(crs, notes)
                yield table
                done += batch.num_rows
            if not done:
                schema = pa.schema([file.schema_arrow.field(name) for name in wanted])
                yield _table(pa.RecordBatch.from_pylist([], schema), shape, 0)
        except _TROUBLE as error:
            raise _damaged(path, error) from None


def _shape(file: pq.ParquetFile) -> _Shape | None:
    """Find the geometry: as GeoParquet says, else a column of Parquet's own type for it."""
    metadata = file.schema_arrow.metadata or {}
    if b"geo" in metadata:
        geo = json.loads(metadata[b"geo"])
        name = str(geo["primary_column"])
        column = geo["columns"][name]
        file.schema_arrow.field(name)
        crs = understood_crs(_exact(column["crs"])) if "crs" in column else understood_crs(_LONLAT)
        boxes = (one.get("covering", {}).get("bbox", {}) for one in geo["columns"].values())
        beside = frozenset(str(path[0]) for box in boxes for path in box.values())
        return _Shape(name, str(column["encoding"]), crs, beside - {name})
    for column in map(file.schema.column, range(len(file.schema.names))):
        if column.logical_type.type in _OWN_TYPES:
            told = json.loads(column.logical_type.to_json()).get("crs") or _LONLAT
            key = str(told).removeprefix("projjson:").encode()
            told = metadata[key].decode() if key in metadata else told
            return _Shape(column.path, "WKB", understood_crs(_exact(told)))
    return None


def _exact(told: Any) -> Any:  # noqa: ANN401 - text, mapping or nothing
    """Give what a file says of its system; plain longitude and latitude by their own number."""
    if isinstance(told, str):
        told = told.removeprefix("srid:")
        told = int(told) if told.isdecimal() else told
    identity = told.get("id", {}) if isinstance(told, dict) else {}
    lonlat = told == "OGC:CRS84" or (identity.get("authority"), identity.get("code")) == (
        "OGC",
        "CRS84",
    )
    return _LONLAT if lonlat else told


def _table(batch: pa.RecordBatch, shape: _Shape | None, done: int) -> RawTable:
    """Make a table of a batch, with its geometry apart."""
    rows = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
    if shape is None:
        return RawTable(_frame(batch), rows, left_out_rows([]))
    geometry, unreadable, repaired = _geometry(batch, shape)
    table = RawTable(
        _frame(batch.drop_columns([shape.column])),
        rows,
        left_out_rows([(int(n), "unreadable_feature", "geometry") for n in rows[unreadable]]),
        geometry,
        shape.crs,
        repaired_note(repaired),
    )
    if not unreadable.any():
        return table
    keep = ~unreadable
    return replace(
        table,
        data=table.data[keep].reset_index(drop=True),
        rows=rows[keep],
        positions=geometry[keep],
    )


def _geometry(batch: pa.RecordBatch, shape: _Shape) -> tuple[Geometries | Floats, Bools, int]:
    """Give the shapes of a batch, or x and y of points; which are unreadable; how many mended."""
    column = batch.column(shape.column)
    if shape.encoding.upper() == "WKB":
        binary = column if pa.types.is_large_binary(column.type) else column.cast(pa.binary())
        return read_wkb(binary)
    if shape.encoding == "point" and pa.types.is_struct(column.type):
        ordinates = (pc.struct_field(column, name).cast(pa.float64()) for name in ("x", "y"))
        points = np.column_stack([one.to_numpy(zero_copy_only=False) for one in ordinates])
        return points, np.zeros(len(points), dtype=bool), 0
    import geopandas  # noqa: PLC0415 - slow to import, and only rare encodings need it

    field = pa.field("geometry", column.type, metadata=_extension(shape.encoding))
    native = pa.table([column], schema=pa.schema([field]))
    given = geopandas.GeoDataFrame.from_arrow(native).geometry.to_numpy()
    shapes, repaired, lost = plain(np.asarray(given, dtype=object))
    return shapes, lost, repaired


def _extension(encoding: str) -> dict[str, str]:
    return {"ARROW:extension:name": f"geoarrow.{encoding}", "ARROW:extension:metadata": "{}"}


def _frame(batch: pa.RecordBatch) -> pd.DataFrame:
    """Make a frame of simple columns; names that stand twice or are empty are made different."""
    names, _ = column_names(batch.schema.names, [batch.schema.names])
    simple = pa.RecordBatch.from_arrays([_simple(one) for one in batch.columns], list(names))
    frame: pd.DataFrame = simple.to_pandas(types_mapper=_TYPES.get)
    return frame


def _simple(column: pa.Array) -> pa.Array:
    """Give a column as text, whole numbers, numbers, truths or times."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return column.cast(pa.int64())
    if pa.types.is_floating(kind):
        return column.cast(pa.float64())
    if pa.types.is_boolean(kind) or pa.types.is_timestamp(kind):
        return column
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array(map(_as_text, column.to_pylist()), pa.large_string())


def _as_text(value: Any) -> str | None:  # noqa: ANN401 - whatever a file holds
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_within)


def _within(value: Any) -> str | None:  # noqa: ANN401 - the same
    return value.hex() if isinstance(value, bytes) else str(value)
