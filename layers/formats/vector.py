"""Reads files of geometries: GeoPackage, GeoJSON, Shapefile and whatever else GDAL can open."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
import shapely.geometry
from pyproj import CRS, Transformer

from geo.note import Note
from layers.formats import Format
from layers.formats.documents import passing
from layers.formats.json_records import LARGEST_BYTES, as_list
from layers.formats.opening import TEXT, first_bytes, left_out_rows, quietly, refuse
from layers.formats.shapes import (
    UNREADABLE,
    believed_crs,
    plain,
    repaired_note,
    table_of,
    understood_crs,
)
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.formats import Box
    from layers.formats.opening import LeftOutRow

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

_BATCH_ROWS = 65_536
_PACKED = (".zip", ".kmz", ".shz")
_ALONE = (".gpkg", ".geojson", ".fgb", ".gml", ".kml", ".sqlite", ".tab", ".mif")
_TOKENS = (b'"geometry"', b'"Feature"', b'"type"', b'"FeatureCollection"', b'"crs"')
_JSON = (".json", ".geojson", ".geojsonl", ".topojson")
_FEATURES = (
    "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection",
)  # fmt: skip
_XML = (".gml", ".kml", ".osm")
_CHUNK_BYTES = 1 << 20
LARGEST_UNPACKED_BYTES = 8 << 30
"""A packed file that unpacks to more than this is refused."""

_TROUBLE = (
    pa.ArrowException,
    OSError,
    NameError,  # a slip of pyogrio's where the coordinate system cannot be read
    NotImplementedError,
    RuntimeError,  # pyogrio's are of its kind
    ValueError,
    shapely.errors.GEOSException,
)
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
    _check(path)
    name, notes = _choose(path, layers_of(path), layer)
    return _batches(path, name, notes)


def read_within(path: Path, box: Box, *, layer: str | None = None) -> Iterator[RawTable]:
    """Give the features of one layer, as ``read`` does, that meet a box in degrees."""
    _check(path)
    name, notes = _choose(path, layers_of(path), layer)
    return _batches(path, name, notes, _Part(box=box))


def read_several(
    path: Path, wanted: Mapping[str, str | None], box: Box | None = None
) -> Iterator[RawTable]:
    """Give the features of several layers, one after the other, as if they were of one.

    ``wanted`` says of each which features, in SQL; None is all. They are numbered throughout.
    """
    _check(path)
    done = 0
    for name, where in wanted.items():
        last = done
        for table in _batches(path, name, (), _Part(where, box)):
            left_out = table.left_out.assign(row=table.left_out["row"] + done)
            yield replace(table, rows=table.rows + done, left_out=left_out)
            last = max([last, *(table.rows[-1:] + done), *left_out["row"].iloc[-1:]])
        done = last


@dataclass(frozen=True, slots=True)
class _Part:
    """Which features of a layer are asked for: those of an SQL condition, those that meet a box."""

    where: str | None = None
    box: Box | None = None

    def options(self, path: Path, layer: str) -> dict[str, Any]:
        """Say it as GDAL wants it: the box in the layer's own coordinate system."""
        told: dict[str, Any] = {"where": self.where} if self.where else {}
        if self.box is not None:
            options = {"layer": layer, **_told(path)}
            info = quietly(_pyogrio().read_info, _within_archive(path), **options)
            crs = understood_crs(info["crs"])
            if crs is not None:
                to_own = Transformer.from_crs(4326, crs, always_xy=True)
                told["bbox"] = to_own.transform_bounds(*self.box)
        return told


def _check(path: Path) -> None:
    """Refuse what is no readable file, lacks its companions, or unpacks without end."""
    if path.suffix.lower() == ".gdb" and path.is_dir():
        return
    first_bytes(path)
    _check_companions(path)
    if path.suffix.lower() in _PACKED:
        _check_unpacked(path)
    if path.suffix.lower() in _XML:
        _check_xml(path)
    if path.suffix.lower() == ".geojsonl":
        _check_lines(path)
    if path.suffix.lower() in {".geojson", ".json"}:
        _check_features(path)
    _check_journal(path)


def _check_journal(path: Path) -> None:
    """Refuse a database whose latest edits lie beside it where they cannot be brought into it.

    GDAL would read it as if they were not there, and say nothing.
    """
    journal = path.with_name(f"{path.name}-wal")
    if not journal.exists() or not journal.stat().st_size:
        return
    if not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-shm").exists():
        raise refuse(
            path,
            f"expected a file that is saved whole, found edits beside it in {journal.name}",
            "close it in QGIS, or copy both files to a folder of your own",
        )


def _check_xml(path: Path) -> None:
    """Refuse a document that breaks off: GDAL gives what comes before, or nothing, and is silent.

    Also one that defines its own entities, which can be made to fill the memory.
    """
    for _ in passing(path, "XML", "export it again, without a DOCTYPE"):
        pass


def _check_features(path: Path) -> None:
    """Refuse GeoJSON with something among its features that is none: GDAL passes it over too."""
    shapes, features, types, *others = _times(path, *_TOKENS)
    if features >= shapes and types >= 2 * shapes + sum(others):
        return  # every shape stands in a feature, and both say what they are
    if path.stat().st_size > LARGEST_BYTES:
        return
    try:
        found = json.loads(path.read_bytes())["features"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return  # what is no collection is GDAL's to say
    for number, one in enumerate(as_list(found), start=1):
        if not isinstance(one, dict) or one.get("type") != "Feature":
            what = f"expected features only, found something else as number {number}"
            raise refuse(path, what, "export it again")


def _times(path: Path, *tokens: bytes) -> list[int]:
    """Count how many times each token stands in a file."""
    counts, last = [0] * len(tokens), b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            for i, token in enumerate(tokens):
                seam = last[1 - len(token) :] + chunk[: len(token) - 1]
                counts[i] += chunk.count(token) + seam.count(token)
            last = chunk
    return counts


def _check_lines(path: Path) -> None:
    """Refuse a file of one feature a line where GDAL would pass a line over in silence."""
    with path.open("rb") as file:
        if file.read(1) == b"\x1e":
            return  # features behind marks of their own may span lines
        file.seek(0)
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                sound = json.loads(line)["type"] in _FEATURES
            except (ValueError, TypeError, LookupError, RecursionError):
                sound = False
            if not sound:
                what = f"expected a feature in every line, found something else in line {number}"
                raise refuse(path, what, "export it again, or save it as .geojson")


def _check_unpacked(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path, error) from None
    if size > LARGEST_UNPACKED_BYTES:
        raise refuse(
            path,
            f"expected at most {LARGEST_UNPACKED_BYTES / 1e9:.0f} GB when unpacked, "
            f"found {size / 1e9:.1f} GB",
            "unpack it, look at what it is, and name the file itself",
        )


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
    beside = path.with_suffix(".gfs")
    new = path.suffix.lower() == ".gml" and not beside.exists()
    try:
        listed = quietly(_pyogrio().list_layers, _within_archive(path))
    except _TROUBLE as error:
        raise _damaged(path, error) from None
    finally:
        if new:
            beside.unlink(missing_ok=True)  # what GDAL notes of a GML; nobody asked for it
    found = {str(name): kind is not None for name, kind in listed}
    if not found:
        raise refuse(path, "expected a layer of features, found none", "export it again")
    return found


FORMAT = Format(
    name="vector",
    summary="GeoPackage, GeoJSON, Shapefile (also zipped), file geodatabase, GML, FlatGeobuf, "
    "MapInfo, KML, TopoJSON, SpatiaLite, DXF",
    endings=(
        ".gpkg", ".geojson", ".json", ".geojsonl", ".topojson", ".shp", ".shz", ".zip", ".gdb",
        ".gml", ".fgb", ".tab", ".mif", ".kml", ".kmz", ".sqlite", ".dxf",
    ),
    read=read,
    layers=layers_of,
    read_within=read_within,
)  # fmt: skip


def _told(path: Path) -> dict[str, str]:
    """Tell GDAL's reader of GML not to write a description of it into the user's folder."""
    return {"WRITE_GFS": "NO"} if path.suffix.lower() == ".gml" else {}


@cache
def _pyogrio() -> Any:  # noqa: ANN401 - a module
    """Give pyogrio, with GDAL's own words for a damaged file kept from the terminal."""
    import pyogrio.raw  # noqa: PLC0415 - slow to import, and only vector files need it

    pyogrio.set_gdal_config_options({"CPL_LOG": os.devnull})
    return pyogrio


@cache
def _fiona() -> Any:  # noqa: ANN401 - the same
    """Give fiona, which carries a GDAL of its own, kept as quiet."""
    import fiona._env  # noqa: PLC0415 - slow to import, and only damaged files need it

    fiona._env.set_gdal_config("CPL_LOG", os.devnull)  # noqa: SLF001 - fiona.Env ends in its thread
    return fiona


def _within_archive(path: Path) -> Path | str:
    """Name what GDAL is to open: of an archive the data, which lie in a folder or beside others."""
    if path.suffix.lower() != ".zip":
        return path
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return path
    found = set()
    for name in names:
        folder, _, file = name.rpartition("/")
        if ".gdb/" in name.casefold():
            found.add(name[: name.casefold().index(".gdb/") + len(".gdb")])
        elif file.casefold().endswith(".shp"):
            found.add(folder)
        elif file.casefold().endswith(_ALONE):
            found.add(name)
    inside = found.pop() if len(found) == 1 else ""
    return f"/vsizip/{path.resolve()}/{inside}" if inside else path


def _damaged(path: Path, error: Exception) -> Exception:
    why = str(error).split("; It might help")[0]  # advice for those who call GDAL by themselves
    if "not recognized as being in a supported file format" in why:
        why = "nothing that GDAL knows"
    return refuse(
        path,
        f"expected a file of geometries, found one that is damaged or of another kind ({why})",
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
                'name one of these: layer = "…" in the layer\'s entry, or --layer',
            )
        return chosen, ()
    drawn = [name for name, has_geometry in found.items() if has_geometry] or list(found)
    named = [name for name in drawn if name.casefold() == path.stem.casefold()]
    if len(drawn) > 1 and len(named) != 1:
        raise refuse(
            path,
            f"expected one layer, found {len(drawn)}: {', '.join(drawn)}",
            'choose one: layer = "…" in the layer\'s entry, or --layer',
        )
    chosen = drawn[0] if len(drawn) == 1 else named[0]
    note = Note("layer_chosen", {"layer": chosen, "layers": titles})
    return chosen, (note,) if len(found) > 1 else ()


def _batches(
    path: Path, layer: str, notes: tuple[Note, ...], part: _Part | None = None
) -> Iterator[RawTable]:
    """Read in bulk; where that fails, go on feature by feature from there."""
    options = part.options(path, layer) if part else {}
    done = 0
    crs: CRS | None = None
    try:
        with _opened(path, layer, options) as (meta, batches):
            crs, kind = understood_crs(meta["crs"]), meta["geometry_name"] or "wkb_geometry"
            while True:
                batch = quietly(next, batches, None)
                if batch is None:
                    break
                batch, misread = _as_utf8(batch, path)
                notes = (*notes, *misread)
                table = table_of(batch, kind, done)
                if not done:
                    crs, doubt = believed_crs(crs, table)
                    notes = (*notes, *doubt)
                yield table.told(crs, notes)
                notes = ()
                done += batch.num_rows
            whole = bool(options) or done >= _promised(path, layer)
            if whole and not done:
                empty = pa.RecordBatch.from_pylist([], batches.schema)
                yield table_of(empty, kind, 0).told(crs, notes)
            if whole:
                return
    except _TROUBLE:
        pass
    for table in _one_by_one(path, layer, done, options):
        if not done:
            crs, doubt = believed_crs(crs or table.crs, table)
            notes = (*notes, *doubt)
        yield table.told(crs, notes)
        notes = ()
        done += len(table.data)


def _promised(path: Path, layer: str) -> int:
    """Give how many features a file says it has: of a damaged one GDAL gives fewer in silence.

    Of JSON it is not asked: that would be to read it once more.
    """
    if path.suffix.lower() in _JSON:
        return 0
    info = quietly(_pyogrio().read_info, _within_archive(path), layer=layer, **_told(path))
    return int(info["features"])


@contextmanager
def _opened(
    path: Path, layer: str, options: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Any]]:
    opened = _pyogrio().raw.open_arrow(
        _within_archive(path),
        layer=layer,
        batch_size=_BATCH_ROWS,
        use_pyarrow=True,
        **options,
        **_told(path),
    )
    meta, reader = quietly(opened.__enter__)
    try:
        yield meta, reader
    finally:
        quietly(opened.__exit__, None, None, None)


def _as_utf8(batch: pa.RecordBatch, path: Path) -> tuple[pa.RecordBatch, tuple[Note, ...]]:
    """Read text as Windows-1252 that is no UTF-8, though the file says so (Shapefiles mostly)."""
    n = 0
    for position, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            binary = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
            texts = [None if v is None else _text(v) for v in column.view(binary).to_pylist()]
            n += sum(misread for _, misread in filter(None, texts))
            values = pa.array([text and text[0] for text in texts], column.type)
            batch = batch.set_column(position, name, values)
    return batch, (Note("text_as_cp1252", {"n": n, "file": path.name}, "warning"),) if n else ()


def _text(value: bytes) -> tuple[str, bool]:
    """Read text; say whether it was no UTF-8."""
    try:
        return value.decode("utf-8"), False
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace"), True


def _one_by_one(
    path: Path, layer: str, done: int, options: Mapping[str, Any]
) -> Iterator[RawTable]:
    """Read the features after the first ``done`` one by one, leaving out what fails."""
    with ExitStack() as stack:
        try:
            source = quietly(_fiona().open, _within_archive(path), layer=layer, **_told(path))
            stack.callback(_close, source)
            crs = understood_crs(source.crs.to_wkt() if source.crs else None)
            types = {n: t.partition(":")[0] for n, t in source.schema["properties"].items()}
        except Exception as error:  # noqa: BLE001 - a damaged file raises whatever it met first
            raise _damaged(path, error) from None
        expected = 0 if options else _count(source)
        features = source.filter(**options) if options else iter(source)
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
                    left_out += [(n, UNREADABLE, "missing") for n in gone]
                    break
                except Exception as error:  # noqa: BLE001 - any feature may fail in its own way
                    if number <= done or (left_out and left_out[-1][0] == number):
                        number += 1
                    if number > max(expected, done) + 1:
                        raise _damaged(path, error) from None
                    left_out.append((number, UNREADABLE, str(error)[:200]))
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
            left_out += [(rows[i], UNREADABLE, "geometry") for i in np.flatnonzero(lost)]
            yield RawTable(
                _typed(values, types)[~lost].reset_index(drop=True),
                np.array(rows, dtype=np.int64)[~lost],
                left_out_rows(sorted(left_out)),
                geometry[~lost],
                crs,
                repaired_note(repaired),
            )


def _close(source: Any) -> None:  # noqa: ANN401 - fiona has no types
    """Close a source, also in another thread than that which opened it."""
    from fiona.errors import EnvError  # noqa: PLC0415 - slow to import

    with suppress(EnvError):
        source.close()


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
