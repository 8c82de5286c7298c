"""Reads Lantmäteriet's topographic maps as they are downloaded: what a background is drawn of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from geo.note import Note
from layers.formats import Format
from layers.formats.vector import layers_of, read_several

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.formats import Box
    from layers.layer import RawTable

_DRAWN: dict[str, str | None] = {
    "mark": "objekttyp IN ('Sjö', 'Hav', 'Vattendragsyta', 'Anlagt vatten') "
    "OR objekttyp LIKE '%bebyggelse%'",
    "vaglinje": None,
    "ovrig_vag": None,
    "ralstrafik": None,
    "hydrolinje": None,
}
"""The layers of Topografi 10 to 250 that a background is drawn of, from below to above."""


def claims(path: Path) -> bool:
    """Say whether a GeoPackage holds one of the layers, with the map's own column of classes."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
            named = file.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type = 'features'"
            ).fetchall()
            mine = [name for (name,) in named if name in _DRAWN]
            columns = [
                column
                for name in mine
                for (column,) in file.execute("SELECT name FROM pragma_table_info(?)", (name,))
            ]
    except (sqlite3.Error, OSError, ValueError):
        return False
    return "objekttyp" in columns


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,
) -> Iterator[RawTable]:
    """Give the features that a background is drawn of, or those of one layer.

    Of ``mark`` only water and built-up ground; all of ``vaglinje``, ``ovrig_vag``,
    ``ralstrafik`` and ``hydrolinje``, as far as the file has them. Which were read is said.
    """
    return _read(path, layer, None)


def read_within(path: Path, box: Box, *, layer: str | None = None) -> Iterator[RawTable]:
    """Give the same as ``read`` of what meets a box in degrees; a map of all Sweden is huge."""
    return _read(path, layer, box)


FORMAT = Format(
    name="lantmateriet",
    summary="Lantmäteriet's Topografi 10 to 250 (GeoPackage): roads, railways, water, built-up "
    "ground",
    endings=(".gpkg",),
    read=read,
    claims=claims,
    read_within=read_within,
    holds="background",
)


def _read(path: Path, layer: str | None, box: Box | None) -> Iterator[RawTable]:
    there = layers_of(path)
    wanted = {name: where for name, where in _DRAWN.items() if name in there}
    if layer is not None:
        wanted = {layer: None}
    notes = (Note("layers_read", {"layers": ", ".join(wanted)}),) if layer is None else ()
    for table in read_several(path, wanted, box):
        yield replace(table, notes=(*table.notes, *notes))
        notes = ()
