"""Reads files of geometries: GeoPackage, GeoJSON, Shapefile, GML, FlatGeobuf, MapInfo and KML."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyogrio.raw
import shapely
import shapely.geometry
from pyogrio.errors import DataLayerError, DataSourceError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.note import Note
from layers.formats import Format
from layers.formats.opening import TEXT, first_bytes, left_out_rows, quietly, refuse
from layers.formats.shapes import plain, read_wkb, repaired_note
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.formats.opening import LeftOutRow

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

_BATCH_ROWS = 65_536
_LONGITUDES = 360.0
_UNREADABLE = "unreadable_feature"
_TROUBLE = (
    pa.ArrowException,
    DataSourceError,
    DataLayerError,
    GeometryError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    shapely.errors.GEOSException,
)
_TYPES = {
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.bool_(): pd.BooleanDtype(),
    pa.int16(): pd.Int64Dtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.int64(): pd.Int64Dtype(),
}
_FIONA_TYPES: dict[str, Any] = {
    "int": pd.Int64Dtype(),
    "float": pd.Float64Dtype(),
    "bool": pd.BooleanDtype(),
}


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,
) -> Iterator[RawTable]:
    """Give the features of one layer in batches, with their geometry and coordinate system.

    The layer is the one named, else the only one with geometries, else the one named as the file.
    Columns keep their types (whole numbers and truths may be NA); features count from 1 in the
    file's order. Geometries are plane and straight: heights are dropped, curves cut into chords,
    unclosed rings closed, and invalid polygons repaired (counted in a note). Empty geometries are
    None. A feature that cannot be read is left out as ``unreadable_feature``. ``crs`` is None when
    the file does not tell, or says degrees of values that cannot be. At least one batch is given.

    Raises ``SourceError`` when the file cannot be opened, lacks a companion (Shapefile), or has
    several layers of which none is chosen.
    """
    first_bytes(path)
    _check_companions(path)
    name, notes = _choose(path, layers_of(path), layer)
    return _batches(path, name, notes)


def _check_companions(path: Path) -> None:
    if path.suffix.lower() != ".shp":
        return
    there = {p.suffix.lower() for p in path.parent.iterdir() if p.stem == path.stem}
    missing = [ending for ending in (".shx", ".dbf") if ending not in there]
    if missing:
        raise refuse(
            path,
            f"expected {path.stem}.shx and {path.stem}.dbf beside it, found no "
            + " and no ".join(missing),
            "copy all files of the Shapefile together, or export as GeoPackage",
        )


def layers_of(path: Path) -> dict[str, bool]:
    """Give the layers of a file, and whether each has geometries."""
    import fiona  # noqa: PLC0415 - slow to import, and only vector files need it
    from fiona.errors import FionaError  # noqa: PLC0415 - the same

    try:
        found = {}
        for name in quietly(fiona.listlayers, path):
            with quietly(fiona.open, path, layer=name) as source:
                found[name] = source.schema["geometry"] != "None"
    except (FionaError, UnicodeDecodeError):
        # Fiona lacks some drivers (KML); what neither can open is damaged.
        try:
            listed = quietly(pyogrio.list_layers, path)
        except _TROUBLE as error:
            raise _damaged(path, error) from None
        found = {str(name): kind is not None for name, kind in listed}
    if not found:
        raise refuse(path, "expected a layer of features, found none", "export it again")
    return found


FORMAT = Format(
    name="vector",
    summary="GeoPackage, GeoJSON, Shapefile, GML, FlatGeobuf, MapInfo, KML",
    endings=(".gpkg", ".geojson", ".json", ".shp", ".gml", ".fgb", ".tab", ".mif", ".kml"),
    read=read,
    layers=layers_of,
)


def _damaged(path: Path, error: Exception) -> Exception:
    return refuse(
        path,
        f"expected a file of geometries, found one that is damaged or of another kind ({error})",
        "open it in QGIS to see what is left, and export it as GeoPackage",
    )


def _choose(path: Path, found: dict[str, bool], wanted: str | None) -> tuple[str, tuple[Note, ...]]:
    titles = ", ".join(found)
    if wanted is not None:
        chosen = next((n for n in found if n.casefold() == wanted.strip().casefold()), None)
        if chosen is None:
            raise refuse(
                path,
                f"expected the layer {wanted!r}, found {titles}",
                'name one of these: layer = "…" in the layer\'s entry',
            )
        return chosen, ()
    drawn = [name for name, has_geometry in found.items() if has_geometry] or list(found)
    named = [name for name in drawn if name.casefold() == path.stem.casefold()]
    if len(drawn) > 1 and len(named) != 1:
        raise refuse(
            path,
            f"expected one layer, found {len(drawn)}: {', '.join(drawn)}",
            'choose one: layer = "…" in the layer\'s entry',
        )
    chosen = drawn[0] if len(drawn) == 1 else named[0]
    note = Note("layer_chosen", {"layer": chosen, "layers": titles})
    return chosen, (note,) if len(found) > 1 else ()


def _batches(path: Path, layer: str, notes: tuple[Note, ...]) -> Iterator[RawTable]:
    """Read in bulk; where that fails, go on feature by feature from there."""
    done = 0
    crs: CRS | None = None
    try:
        with _opened(path, layer) as (meta, batches):
            crs, kind = _crs(meta["crs"]), meta["geometry_name"] or "wkb_geometry"
            while True:
                batch = quietly(next, batches, None)
                if batch is None:
                    break
                table = _bulk(batch, kind, done)
                if not done:
                    crs, doubt = _believed(crs, table)
                    notes = (*notes, *doubt)
                yield _with(table, crs, notes)
                notes = ()
                done += batch.num_rows
            if not done:
                empty = pa.RecordBatch.from_pylist([], batches.schema)
                yield _with(_bulk(empty, kind, 0), crs, notes)
            return
    except _TROUBLE:
        pass
    for table in _one_by_one(path, layer, done):
        if not done:
            crs, doubt = _believed(crs or table.crs, table)
            notes = (*notes, *doubt)
        yield _with(table, crs, notes)
        notes = ()
        done += len(table.data)


def _with(table: RawTable, crs: CRS | None, notes: tuple[Note, ...]) -> RawTable:
    return RawTable(
        table.data, table.rows, table.left_out, table.positions, crs, (*notes, *table.notes)
    )


@contextmanager
def _opened(path: Path, layer: str) -> Iterator[tuple[dict[str, Any], Any]]:
    opened = pyogrio.raw.open_arrow(path, layer=layer, batch_size=_BATCH_ROWS, use_pyarrow=True)
    meta, reader = quietly(opened.__enter__)
    try:
        yield meta, reader
    finally:
        quietly(opened.__exit__, None, None, None)


def _bulk(batch: pa.RecordBatch, geometry_name: str, done: int) -> RawTable:
    """Make a table of a batch whose geometries are well-known binary."""
    rows = np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64)
    geometry: Geometries | Floats = np.full(batch.num_rows, None, dtype=object)
    unreadable = np.zeros(batch.num_rows, dtype=bool)
    repaired = 0
    if geometry_name in batch.schema.names:
        geometry, unreadable, repaired = read_wkb(batch.column(geometry_name))
        batch = batch.drop_columns([geometry_name])
    data = batch.to_pandas(types_mapper=_TYPES.get)
    left_out = [(int(n), _UNREADABLE, "geometry") for n in rows[unreadable]]
    keep = ~unreadable
    return RawTable(
        data[keep].reset_index(drop=True),
        rows[keep],
        left_out_rows(left_out),
        geometry[keep],
        notes=repaired_note(repaired),
    )


def _crs(told: Any) -> CRS | None:  # noqa: ANN401 - text, mapping or nothing
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
    return crs


def _believed(crs: CRS | None, table: RawTable) -> tuple[CRS | None, tuple[Note, ...]]:
    """Doubt degrees that are beyond all degrees: metres in a GeoJSON that does not say so."""
    if crs is None or not crs.is_geographic or table.positions is None:
        return crs, ()
    found = shapely.total_bounds(table.geometry) if table.points is None else table.points
    if np.nanmax(np.abs(found), initial=0.0) <= _LONGITUDES:
        return crs, ()
    return None, (Note("crs_disbelieved", {"name": crs.name}, "warning"),)


def _one_by_one(path: Path, layer: str, done: int) -> Iterator[RawTable]:
    """Read the features after the first ``done`` one by one, leaving out what fails."""
    import fiona  # noqa: PLC0415 - slow to import, and only vector files need it
    from fiona.errors import FionaError  # noqa: PLC0415 - the same

    try:
        source = quietly(fiona.open, path, layer=layer)
    except (FionaError, ValueError) as error:
        raise _damaged(path, error) from None
    with source:
        crs = _crs(source.crs.to_wkt() if source.crs else None)
        types = {n: t.partition(":")[0] for n, t in source.schema["properties"].items()}
        expected = _count(source)
        features = iter(source)
        number = 0
        more, given = True, False
        while more:
            rows: list[int] = []
            values: list[dict[str, Any]] = []
            shapes: list[Any] = []
            left_out: list[LeftOutRow] = []
            while len(rows) + len(left_out) < _BATCH_ROWS:
                try:
                    feature = quietly(next, features)
                    number += 1
                    if number <= done:
                        continue
                    shape = feature.geometry and quietly(shapely.geometry.shape, feature.geometry)
                except StopIteration:
                    more = False
                    gone = range(max(number, done) + 1, expected + 1)
                    left_out += [(n, _UNREADABLE, "missing") for n in gone]
                    break
                except Exception as error:  # noqa: BLE001 - any feature may fail in its own way
                    if number <= done or (left_out and left_out[-1][0] == number):
                        number += 1
                    if number > max(expected, done) + 1:
                        raise _damaged(path, error) from None
                    left_out.append((number, _UNREADABLE, str(error)[:200]))
                    continue
                rows.append(number)
                values.append(dict(feature.properties))
                shapes.append(shape)
            if given and not rows and not left_out:
                return
            given = True
            array: Geometries = np.full(len(shapes), None, dtype=object)
            array[:] = shapes
            geometry, repaired, lost = plain(array)
            left_out += [(rows[i], _UNREADABLE, "geometry") for i in np.flatnonzero(lost)]
            yield RawTable(
                _typed(values, types)[~lost].reset_index(drop=True),
                np.array(rows, dtype=np.int64)[~lost],
                left_out_rows(sorted(left_out)),
                geometry[~lost],
                crs,
                repaired_note(repaired),
            )


def _count(source: Any) -> int:  # noqa: ANN401 - fiona has no types
    """Give the number of features that a source promises; 0 where it promises none."""
    try:
        return quietly(len, source)
    except TypeError:
        return 0


def _typed(values: Sequence[dict[str, Any]], types: dict[str, str]) -> pd.DataFrame:
    """Make typed columns of attributes; dates come as text, as fiona gives them."""
    return pd.DataFrame(
        {
            name: pd.array(
                [row.get(name) for row in values],
                dtype=_FIONA_TYPES.get(kind.rstrip("0123456789"), TEXT),
            )
            for name, kind in types.items()
        },
        columns=list(types),
    )
