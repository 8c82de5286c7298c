"""Reads OpenStreetMap extracts: the roads, railways, water and built-up ground to draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from geo.note import Note
from layers.formats import Format
from layers.formats.opening import TEXT, first_bytes, refuse
from layers.formats.vector import read_several

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.formats import Box
    from layers.layer import RawTable

_WANTED: dict[str, str | None] = {
    "lines": "highway IS NOT NULL OR railway IS NOT NULL OR waterway IS NOT NULL",
    "multipolygons": "natural IN ('water', 'bay') OR place IS NOT NULL OR landuse IN "
    "('residential', 'industrial', 'commercial', 'retail', 'reservoir', 'basin')",
}
_POINTS: dict[str, str | None] = {"points": "place IS NOT NULL"}
_KEPT = ("osm_id", "name", "highway", "railway", "waterway", "natural", "landuse", "place")
_TAGS = ("ref", "population")


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,
) -> Iterator[RawTable]:
    """Give what a background is drawn of, or with ``layer = "points"`` the named localities.

    Lines of roads, railways and waterways, then polygons of water and of built-up ground; of
    their tags name, class, number and inhabitants. Everything else of the extract (buildings,
    fences, trees) is not read, which a note says. Any other layer is one of GDAL's (``lines``,
    ``multipolygons``, ``multilinestrings``, ``other_relations``) and read whole.

    Raises ``SourceError`` where the file is no extract.
    """
    return _read(path, layer, None)


def read_within(path: Path, box: Box, *, layer: str | None = None) -> Iterator[RawTable]:
    """Give the same as ``read`` of what meets a box in degrees."""
    return _read(path, layer, box)


FORMAT = Format(
    name="osm",
    summary="OpenStreetMap extracts: roads, railways, water, built-up ground; "
    'with layer = "points" localities',
    endings=(".osm.pbf", ".pbf", ".osm"),
    read=read,
    read_within=read_within,
    holds="background",
)


def _read(path: Path, layer: str | None, box: Box | None) -> Iterator[RawTable]:
    head = first_bytes(path, 64)
    if b"OSMHeader" not in head and b"<" not in head:
        raise refuse(
            path,
            "expected an extract of OpenStreetMap, found something else",
            "download it again, as .osm.pbf",
        )
    wanted = _WANTED if layer is None else _POINTS if layer == "points" else {layer: None}
    notes: tuple[Note, ...] = (Note("osm_credit"), Note("osm_selected"))
    for table in read_several(path, wanted, box):
        yield replace(table, data=_tags(table.data), notes=(*table.notes, *notes))
        notes = ()


def _tags(data: pd.DataFrame) -> pd.DataFrame:
    """Keep the tags that are used, also those that GDAL leaves among the others."""

    def column(name: str) -> pd.Series:
        return (
            data[name].astype(TEXT) if name in data else pd.Series(TEXT.na_value, data.index, TEXT)
        )

    kept = {name: column(name) for name in _KEPT}
    kept["osm_id"] = kept["osm_id"].fillna(column("osm_way_id"))
    for tag in _TAGS:
        other = column("other_tags").str.extract(rf'"{tag}"=>"((?:[^"\\]|\\.)*)"', expand=False)
        kept[tag] = column(tag).fillna(other)
    return pd.DataFrame(kept)
