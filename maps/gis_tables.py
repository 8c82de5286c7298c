"""The tables that GIS programs are given: every layer with its columns, words, style and shapes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.hotspots.near_repeat import UNTIL
from geo.months import month_text
from geo.schema import (
    CLUSTER,
    GI_BIN,
    GI_Q,
    GI_Z,
    HISTORY,
    HOTSPOT,
    NEAR_REPEAT,
    RHYTHM,
    STREET,
    N,
)
from maps import phrases, styles
from maps.manifest import manifest_text
from maps.situation import ALL
from maps.tables import cluster_values, history_values, hotspot_values
from maps.time_tables import key_words, near_repeat_rows, rhythm_rows
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from geo.schema import Column
    from layers.layer import Layer, Report
    from maps.situation import Alert, Followed, Hotspot, Situation
    from maps.styles import Shape, Style
    from maps.words import Words

Group = Literal["hotspots", "layers", "analysis", "background", "tables"]

GEOMETRY = "geom"
_SHAPES: tuple[Shape, ...] = ("point", "line", "polygon")
_SIMPLE = {"point": "Point", "line": "LineString", "polygon": "Polygon"}
_MULTI: dict[str, Callable[..., Any]] = {
    "point": shapely.multipoints,
    "line": shapely.multilinestrings,
    "polygon": shapely.multipolygons,
}
_KINDS: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "date": pa.date32(),
    "time": pa.timestamp("ms", "UTC"),
}
_OF_FAMILY = (N.name, GI_Z.name, GI_Q.name, GI_BIN.name)
"""What ``cells`` says of each family apart, as ``gi_z_traffic``."""

_LONGEST = 40
"""Letters in a name of a table or column; an ending may follow, and some programs stop at 57."""

_FEW = 60
"""Columns of keys with at most so many different values get words for them in QGIS."""


@dataclass(frozen=True, eq=False)
class GisTable:
    """One table to be written: columns in their order, WKB and its type where it has geometry.

    ``name`` and the columns' names are technical, ``title`` and ``aliases`` are what people read.
    ``group`` is where it stands among others, ``about`` the words under ``[metadata]`` that say
    what it holds, ``reports`` how the sources that it is made from were read. What would
    cover the map is not ``shown`` at first. ``parts`` are values of columns by which rows that lie
    over each other are told apart, each to be seen alone. ``others`` are styles to choose in place
    of ``style``, by their names.
    """

    name: str
    title: str
    columns: Mapping[str, pa.Array]
    aliases: Mapping[str, str]
    style: Style
    wkb: pa.Array | None = None
    geometry_type: str | None = None
    group: Group = "layers"
    about: str = "layer"
    reports: tuple[Report, ...] = ()
    shown: bool = True
    parts: tuple[Mapping[str, str], ...] = ()
    others: Mapping[str, Style] = field(default_factory=dict)


def gis_tables(situation: Situation, language: str) -> list[GisTable]:
    """Give every table of a situation, in the order in which they are written.

    ``cells``, ``hotspots``, ``clusters`` where a method found places as a whole, ``history`` where
    there are earlier months, ``streets`` where a method measured along them, ``area``, one per
    layer by its name, ``rhythm`` and ``near_repeat`` where methods have told of time. A table
    holds one type of geometry: of a layer with several, points keep the layer's name and others
    go to ``NAME_lines`` and ``NAME_polygons`` (a layer without points gives its name to its
    lines, else to its polygons); rows without a position, counted for the area only, go to
    ``NAME_area_level``. Times are UTC; beside each stands ``..._local``, the wall clock in
    Sweden as text. Keys (``category``, ``family``) are the same in every language. Of events
    known by date only the clock stands at midnight.
    """
    said = words(language)
    tables = [_cells(situation, said), _hotspots(situation, said)]
    if any(view.alerts for view in situation.views):
        tables.append(_clusters(situation, said))
    if situation.history:
        tables.append(_history(situation, said))
    if any(view.streets is not None for view in situation.views):
        tables.append(_streets(situation, said))
    tables.append(_area(situation, said))
    times = _of_time(situation, said)
    taken = {table.name for table in (*tables, *times)}
    taken |= {"layer_styles", "manifest", "qgis_projects"}
    for layer in situation.layers:
        tables += _layer(layer, "layers", situation, said, taken)
    for layer in situation.background:
        tables += _layer(layer, "background", situation, said, taken)
    return tables + times


def manifest_table(situation: Situation, language: str) -> GisTable:
    """Give the manifest as rows that people can read: a section, what is told, and its value."""
    said = words(language)
    rows = list(_leaves(json.loads(manifest_text(situation))))
    rows.sort(key=lambda row: row[0][0] == "findings")  # sources and settings are found first
    values = {
        "section": [path[0] for path, _ in rows],
        "item": [" › ".join(path[1:]) or path[0] for path, _ in rows],
        "value": [value for _, value in rows],
    }
    aliases = {name: _alias(name, said) for name in values}
    return GisTable(
        "manifest",
        said("tables.manifest"),
        {name: _array(column, pa.string()) for name, column in values.items()},
        aliases,
        styles.Style(aliases=aliases),
        group="tables",
        about="manifest",
        reports=situation.reports,
    )


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str | None]]:  # noqa: ANN401 - JSON
    """Give every value of a JSON document with the names above it; plain lists are one value."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inner = [(one.get("name", str(i)), one) for i, one in enumerate(value, 1)]
    else:
        plain = isinstance(value, str) or value is None
        yield path, value if plain else json.dumps(value, ensure_ascii=False)
        return
    for name, one in inner:
        yield from _leaves(one, (*path, name))


def _cells(situation: Situation, words: Words) -> GisTable:
    cells, view = situation.cells, situation.views[0]
    columns: dict[str, Any] = dict(view.columns)
    if UNTIL.name in columns:
        columns[UNTIL.name] = np.asarray(columns[UNTIL.name]).astype("datetime64[D]")
    aliases = {name: _alias(name, words) for name in columns}
    for one in situation.views[1:]:
        family = phrases.map_name(one.family, words, situation)
        for name in _OF_FAMILY:
            if name in one.columns:
                own = free_name(_technical(f"{name}_{one.family}"), columns)
                columns[own] = one.columns[name]
                aliases[own] = words(
                    "geopackage.of_family", column=_alias(name, words), family=family
                )
    cell_id = free_name(cells.id_name, {*columns, GEOMETRY})
    columns = {cell_id: cells.ids, **columns}
    aliases = {cell_id: _alias(cells.id_name, words), **aliases}
    if cells.drawn is None:
        grid, column, row = cells.lattice
        wkb, geometry_type = _rings_wkb(grid.corners(column, row)), "Polygon"
    else:
        wkb, geometry_type = _wkb(cells.drawn, "polygon")
    style = styles.cells_style(view, words, aliases, cell_id)
    return GisTable(
        "cells",
        words("tables.cells"),
        {name: _array(values) for name, values in columns.items()},
        aliases,
        style,
        wkb,
        geometry_type,
        "analysis",
        "cells",
        situation.reports,
        others=styles.other_cells_styles(view, words, style, cell_id),
    )


def _hotspots(situation: Situation, words: Words) -> GisTable:
    found = [one for view in situation.views for one in view.hotspots]
    rows = [hotspot_values(one, situation, words) for one in found]
    aliases, families = _aliases(HOTSPOT, words), phrases.map_names(words, situation)
    style = styles.hotspots_style(families, aliases, ("reason", "near", "n", "ratio", "q"))
    return _places("hotspots", HOTSPOT, rows, found, style, situation, words)


def _clusters(situation: Situation, words: Words) -> GisTable:
    found = [one for view in situation.views for one in view.alerts]
    rows = [cluster_values(one, situation, words) for one in found]
    aliases, families = _aliases(CLUSTER, words), phrases.map_names(words, situation)
    style = styles.clusters_style(families, aliases, ("reason", "n", "expected", "p"), words)
    return _places("clusters", CLUSTER, rows, found, style, situation, words)


def _history(situation: Situation, words: Words) -> GisTable:
    rows = [history_values(one, words) for one in situation.history]
    aliases, families = _aliases(HISTORY, words), phrases.map_names(words, situation)
    months = sorted({one.month for one in situation.history}, reverse=True)
    style = styles.history_style(
        {month_text(month): words.month(month) for month in months},
        families,
        aliases,
        ("month", "n", "ratio", "q", "first_seen", "months_running"),
        "month_start",
    )
    table = _places("history", HISTORY, rows, situation.history, style, situation, words)
    return replace(table, shown=False)


def _streets(situation: Situation, words: Words) -> GisTable:
    """Make a table of the pieces of road along which a method measured."""
    measured = [(view.family, view.streets) for view in situation.views if view.streets is not None]
    arrays = {
        "family": np.repeat([family for family, _ in measured], [len(s.n) for _, s in measured])
    }
    for column in STREET[1:]:
        part = "names" if column.name == "name" else column.name
        arrays[column.name] = np.concatenate([getattr(streets, part) for _, streets in measured])
    aliases = _aliases(STREET, words)
    wkb, geometry_type = _wkb(np.concatenate([one.geometry for _, one in measured]), "line")
    return GisTable(
        "streets",
        words("tables.streets"),
        {column.name: _array(arrays[column.name], _KINDS[column.kind]) for column in STREET},
        aliases,
        styles.streets_style(
            arrays["density"], phrases.map_names(words, situation), aliases, words
        ),
        wkb,
        geometry_type,
        "analysis",
        "streets",
        situation.reports,
        shown=False,
    )


def _of_time(situation: Situation, words: Words) -> list[GisTable]:
    """Make the tables of when it happens and of what comes back, where methods have told."""
    said = key_words(situation, words)
    found = [
        ("rhythm", RHYTHM, rhythm_rows(situation, words)),
        ("near_repeat", NEAR_REPEAT, near_repeat_rows(situation)),
    ]
    tables = []
    for name, columns, rows in found:
        if not rows:
            continue
        arrays = {
            column.name: _array([row[column.name] for row in rows], _KINDS[column.kind])
            for column in columns
        }
        aliases = _aliases(columns, words)
        style = styles.Style(aliases=aliases, values={k: said[k] for k in said if k in arrays})
        tables.append(
            GisTable(
                name,
                words(f"tables.{name}"),
                arrays,
                aliases,
                style,
                group="tables",
                about=name,
                reports=situation.reports,
            )
        )
    return tables


def _aliases(columns: Sequence[Column], words: Words) -> dict[str, str]:
    return {column.name: _alias(column.name, words) for column in columns}


def _places(
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    found: Sequence[Hotspot | Alert | Followed],
    style: Style,
    situation: Situation,
    words: Words,
) -> GisTable:
    """Make a table of places that the analysis found."""
    shapes = np.array([one.geometry for one in found], dtype=object)
    wkb, geometry_type = _wkb(shapes, "polygon", multi=name != "clusters")
    arrays = {
        column.name: _array([row[column.name] for row in rows], _KINDS[column.kind])
        for column in columns
    }
    return GisTable(
        name,
        words(f"tables.{name}"),
        arrays,
        style.aliases,
        style,
        wkb,
        geometry_type,
        "hotspots",
        name,
        situation.reports,
    )


def _area(situation: Situation, words: Words) -> GisTable:
    dated = situation.month > 0
    first, last = situation.months
    values = {
        "name": situation.area_name,
        "title": situation.title,
        "notice": situation.notice,
        "month": month_text(situation.month) if dated else None,
        "first_month": month_text(first) if dated else None,
        "last_month": month_text(last) if dated else None,
    }
    aliases = {name: _alias(name, words) for name in values}
    wkb, geometry_type = _wkb(np.array([situation.area], dtype=object), "polygon", multi=True)
    return GisTable(
        "area",
        words("tables.area"),
        {name: _array([value], pa.string()) for name, value in values.items()},
        aliases,
        styles.area_style(aliases),
        wkb,
        geometry_type,
        "analysis",
        "area",
        tuple(one for one in situation.reports if one.kind == "area"),
    )


def _layer(
    layer: Layer, group: Group, situation: Situation, words: Words, taken: set[str]
) -> list[GisTable]:
    """Part one layer into tables of one type of geometry each; always at least one."""
    columns: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for label in layer.table.columns:
        name = free_name(_technical(str(label)), {*columns, "fid", GEOMETRY})
        values = layer.table[label]
        columns[name] = values
        aliases[name] = _alias(str(label), words)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            local = free_name(f"{name}_local", columns)
            columns[local] = _clock(values.to_numpy())
            columns[name] = _utc(values)
            aliases[local] = words("geopackage.local", column=aliases[name])
            aliases[name] = words("geopackage.utc", column=aliases[name])
    arrays = {name: _array(values) for name, values in columns.items()}
    title = words(f"kinds.{layer.kind}") if words.has(f"kinds.{layer.kind}") else layer.name
    dimension = shapely.get_dimensions(layer.geometry)
    dimension[shapely.is_empty(layer.geometry)] = -1
    present = [shape for i, shape in enumerate(_SHAPES) if (dimension == i).any()]
    base = _technical(layer.name)
    tables: list[GisTable] = []
    for shape in present or ["point"]:
        chosen = np.flatnonzero(dimension == _SHAPES.index(shape))
        first = not tables
        wkb, geometry_type = _wkb(layer.geometry[chosen], shape)
        mine = {name: array.take(pa.array(chosen)) for name, array in arrays.items()}
        tables.append(
            GisTable(
                _take(base if first else f"{base}_{shape}s", taken),
                title if first else words(f"geopackage.{shape}s", title=title),
                mine,
                aliases,
                styles.layer_style(layer.kind, shape, mine, aliases, _said(mine, words, situation)),
                wkb,
                geometry_type,
                group,
                reports=(layer.report,),
                shown=layer.kind != "survey",
                parts=_parts(mine) if layer.kind == "survey" else (),
            )
        )
    without = np.flatnonzero(dimension < 0)
    if len(without):
        mine = {name: array.take(pa.array(without)) for name, array in arrays.items()}
        tables.append(
            GisTable(
                _take(f"{base}_area_level", taken),
                words("geopackage.area_level", title=title),
                mine,
                aliases,
                styles.layer_style(layer.kind, None, mine, aliases, _said(mine, words, situation)),
                group="tables",
                reports=(layer.report,),
            )
        )
    return tables


def _parts(columns: Mapping[str, pa.Array]) -> tuple[Mapping[str, str], ...]:
    """Give every question of a survey with its year, in the order of the source."""
    asked = pa.table({name: columns[name] for name in ("question", "year")}).to_pylist()
    known = ({name: one for name, one in row.items() if one} for row in asked)
    parts = {tuple(row.items()): row for row in known if row}
    return tuple(parts.values()) if len(parts) > 1 else ()


def _alias(name: str, words: Words) -> str:
    return words(f"columns.{name}") if "." not in name and words.has(f"columns.{name}") else name


def _said(
    columns: Mapping[str, pa.Array], words: Words, situation: Situation
) -> dict[str, dict[str, str]]:
    """Say the keys of a table's columns in words, where they are few."""
    keys = {
        name: pc.unique(columns[name]).drop_null().to_pylist()
        for name in ("category", "family", "class", "purpose")
        if name in columns and pa.types.is_string(columns[name].type)
    }
    return {
        name: {key: _word(name, key, words, situation) for key in sorted(found)}
        for name, found in keys.items()
        if 0 < len(found) <= _FEW
    }


def _word(column: str, key: str, words: Words, situation: Situation) -> str:
    if column == "category":
        return words.category(key, situation.categories)
    if column == "family":
        return words("families.all") if key == ALL else words.family(key, situation.families)
    section = "purposes" if column == "purpose" else "classes"
    return words(f"{section}.{key}") if "." not in key and words.has(f"{section}.{key}") else key


def _technical(name: str) -> str:
    """Make a name of a table or column that every program takes: lower-case ASCII."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    parts = "".join(c if c.isalnum() else " " for c in plain).split()
    joined = "_".join(parts)[:_LONGEST].rstrip("_") or "x"
    return joined if joined[0].isalpha() else f"x_{joined}"


def free_name(name: str, taken: object) -> str:
    """Give a name that differs from those taken by more than case."""
    lower = {str(one).lower() for one in taken}  # type: ignore[attr-defined]  # any collection
    free, number = name, 2
    while free.lower() in lower:
        free, number = f"{name}_{number}", number + 1
    return free


def _take(name: str, taken: set[str]) -> str:
    free = free_name(name, taken)
    taken.add(free)
    return free


def _clock(local: NDArray[np.datetime64]) -> pa.Array:
    """Write wall-clock times as ``2021-06-07 14:30``; null where missing."""
    minutes = local.astype("datetime64[m]")
    missing = np.isnat(minutes)
    minutes[missing] = np.datetime64(0, "m")
    text = np.datetime_as_string(minutes).astype("U16")
    text.view("U1").reshape(len(text), 16)[:, 10] = " "
    return pa.array(text, pa.string(), mask=missing)


def _utc(local: pd.Series[Any]) -> pd.Series[Any]:
    """Turn Swedish wall-clock times to UTC.

    Of the hour that autumn has twice the first is taken; one in the hour that spring lacks is
    moved to its end.
    """
    twice = np.ones(len(local), dtype=bool)
    zoned = local.dt.tz_localize("Europe/Stockholm", ambiguous=twice, nonexistent="shift_forward")
    return pd.Series(zoned.dt.tz_convert("UTC"))


def _array(values: Any, kind: pa.DataType | None = None) -> pa.Array:  # noqa: ANN401 - a column
    """Turn a column to Arrow: missing values are null, integers stay integers, text is valid."""
    try:
        given = isinstance(values, pa.Array)
        array = values if given else pa.array(values, kind, from_pandas=True)
    except (pa.ArrowException, TypeError, UnicodeError):
        said = [None if pd.api.types.is_scalar(v) and pd.isna(v) else str(v) for v in values]
        array = pa.array([v and v.encode("utf-8", "replace").decode() for v in said], pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        array = array.cast(kind or pa.string())
    if pa.types.is_large_string(array.type):
        array = array.cast(pa.string())
    if pa.types.is_timestamp(array.type):
        array = array.cast(_KINDS["time"], safe=False)
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_finite(array), array, None).cast(pa.float64())
    if pa.types.is_integer(array.type):
        array = array.cast(pa.int64())
    if pa.types.is_string(array.type):
        # SQLite would end the text at the first NUL.
        array = pc.replace_substring(array, "\0", "\ufffd")
    return array


def _rings_wkb(corners: NDArray[np.float64]) -> pa.Array:
    """Write closed rings of equal length, shape (cells, corners, 2), as WKB polygons."""
    count, length, _ = corners.shape
    layout = np.dtype(
        [
            ("order", "u1"),
            ("type", "<u4"),
            ("rings", "<u4"),
            ("points", "<u4"),
            ("xy", "<f8", (length, 2)),
        ]
    )
    polygons = np.empty(count, dtype=layout)
    polygons["order"] = 1  # little endian
    polygons["type"] = 3  # polygon
    polygons["rings"] = 1
    polygons["points"] = length
    polygons["xy"] = corners
    offsets = np.arange(count + 1, dtype=np.int64) * layout.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(polygons.tobytes())]
    return pa.Array.from_buffers(pa.large_binary(), count, buffers)


def _wkb(shapes: NDArray[np.object_], shape: Shape, *, multi: bool = False) -> tuple[pa.Array, str]:
    """Write geometries of one dimension as WKB of one type, all multi where one is.

    Polygons go counter-clockwise around what they cover.
    """
    simple = _SIMPLE[shape]
    kinds = shapely.get_type_id(shapes)
    kinds[kinds == shapely.GeometryType.LINEARRING] = shapely.GeometryType.LINESTRING  # in WKB too
    multi = multi or bool((kinds != shapely.GeometryType[simple.upper()]).any())
    if multi and len(shapes):
        parts, owner = shapely.get_parts(shapes, return_index=True)
        while (shapely.get_type_id(parts) > shapely.GeometryType.POLYGON).any():
            parts, inner = shapely.get_parts(parts, return_index=True)
            owner = owner[inner]
        mine = shapely.get_dimensions(parts) == _SHAPES.index(shape)
        shapes = _MULTI[shape](parts[mine], indices=owner[mine])
    shapes = shapely.orient_polygons(shapes)
    wkb = shapely.to_wkb(shapes, output_dimension=2, byte_order=1)
    return pa.array(wkb, pa.large_binary()), f"Multi{simple}" if multi else simple
