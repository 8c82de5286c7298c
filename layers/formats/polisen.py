"""Reads the police's own notices (polisen.se/api/events): where is never more than an area."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS

from geo.crs import WGS84
from layers.formats import Format
from layers.formats.json_records import beginning, has_keys, load_json, said, table_of
from layers.formats.opening import refuse
from layers.numbers import read_pair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from layers.layer import RawTable

_COLUMNS = {
    "id": ("id",),
    "datetime": ("datetime",),
    "type": ("type",),
    "place": ("location", "name"),
    "gps": ("location", "gps"),
}
_NO_EVENT = re.compile(r"(?i)^\s*(?:sammanfattning\b|uppdatering\b|tillfälligt obemannat\b)")
"""Types of notice that sum up others, add to one, or tell opening hours."""

_COUNTY = re.compile(r"(?i)\slän\s*$")


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give the notices of one answer, or of several joined in one list; rows count from 1.

    The position is the centre of the municipality or county, hence ``area_level``. Notices that
    are no event of their own are left out as ``no_event``, those of which only the county is
    known as ``county_only``. Headings, summaries and links, which tell of people, are not carried.

    Raises ``SourceError`` for anything else than a list of notices.
    """
    records = load_json(path, "notices of the police (a list)")
    if not isinstance(records, list):
        raise refuse(
            path,
            "expected notices of the police (a list), found something else",
            "save the answer of polisen.se/api/events as it comes",
        )
    table = table_of(records, _taken, tuple(_COLUMNS), out=_no_event)
    geometry = _centres(table.data.pop("gps"))
    yield replace(table, positions=geometry, crs=CRS.from_epsg(WGS84), area_level=True)


def _taken(record: dict[str, Any]) -> dict[str, str | None]:
    return {name: said(record, *keys) for name, keys in _COLUMNS.items()}


def _centres(gps: pd.Series) -> NDArray[np.object_]:
    """Place "59.16539,14.743407", which is always latitude and longitude; None what is neither."""
    north, east, _ = read_pair(gps)
    there = ~np.isnan(north)
    geometry = np.full(len(gps), None, dtype=object)
    geometry[there] = shapely.points(east[there], north[there])
    return geometry


def _no_event(record: dict[str, Any]) -> tuple[str, str] | None:
    kind, place = said(record, "type") or "", said(record, "location", "name") or ""
    if _NO_EVENT.match(kind):
        return "no_event", kind
    return ("county_only", place) if _COUNTY.search(place) else None


def _claims(path: Path) -> bool:
    """Know notices by their keys; a day without any is an empty list."""
    empty = re.fullmatch(r"\ufeff?\s*\[\s*\]\s*", beginning(path))
    return bool(empty) or has_keys(path, "datetime", "type", "location", "gps")


FORMAT = Format(
    name="polisen",
    summary="Notices of the Swedish police (polisen.se/api/events), counted for the area",
    endings=(".json",),
    read=read,
    claims=_claims,
    holds="incidents",
)
