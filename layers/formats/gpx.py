"""Reads GPX, the format of satellite receivers: the points of tracks, else the waypoints."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from xml.sax.handler import ContentHandler

import numpy as np
import pandas as pd
from pyproj import CRS

from geo.crs import WGS84
from geo.note import Note
from layers.formats import Format
from layers.formats.documents import passing
from layers.formats.opening import TEXT, LeftOutRow, first_bytes, left_out_rows, refuse
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAYERS = ("track_points", "waypoints")

_TEXTS = {"trkpt": ("time",), "wpt": ("name", "desc", "cmt", "type", "sym", "time")}
_COLUMNS = {"trkpt": ("unit", "segment", "time"), "wpt": _TEXTS["wpt"]}
_ZONELESS = re.compile(r"[^T]*T[0-9:.]+")
_BATCH_ROWS = 50_000
_LONGEST_TEXT = 10_000


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,
) -> Iterator[RawTable]:
    """Give the points of all tracks in batches, or the waypoints where there is no track.

    ``layer`` names one of ``LAYERS`` where both are there. A point of a track has ``unit`` (the
    name of its track, else its number), ``segment`` (numbered through the file: between two
    segments the receiver lost its way) and ``time`` (universal, also where no zone is written); a
    waypoint has its name and description. GPX 1.0 and 1.1, with any prefix; points are longitude
    and latitude, and count from 1. One without a position that can be is left out. Routes are
    plans, and are passed over with a note, as are waypoints beside tracks. At least one batch is
    given.

    Raises ``SourceError`` with the line where the file is damaged or cut off, where it is no GPX,
    and where it defines entities, which can be made to fill the memory.
    """
    first_bytes(path)
    if layer is not None and layer not in LAYERS:
        cure = f'layer = "{LAYERS[0]}" or "{LAYERS[1]}"'
        raise refuse(path, f"expected the layer {' or '.join(LAYERS)}, found {layer!r}", cure)
    return _batches(path, layer)


FORMAT = Format(
    name="gpx",
    summary="GPX: the points of tracks, else the waypoints",
    endings=(".gpx",),
    read=read,
)


def _batches(path: Path, layer: str | None) -> Iterator[RawTable]:
    points = _Points()
    given = 0
    for _ in passing(path, "GPX", "export it from the receiver's own program", points):
        if layer == LAYERS[1]:
            points.forget("trkpt")
        elif points.count("trkpt") >= _BATCH_ROWS:
            yield points.table("trkpt")
            given += 1
    if not points.is_gpx:
        what = "expected GPX, found another kind of XML"
        raise refuse(path, what, "export the tracks as GPX")
    tracks = layer == LAYERS[0] or (layer is None and points.seen["trkpt"] > 0)
    notes = []
    if tracks and points.seen["wpt"]:
        notes.append(Note("gpx_waypoints_aside", {"n": points.seen["wpt"]}))
    if points.seen["rtept"]:
        notes.append(Note("gpx_routes_aside", {"n": points.seen["rtept"]}))
    wanted = "trkpt" if tracks else "wpt"
    if points.count(wanted) or notes or not given:
        yield points.table(wanted, tuple(notes))


class _Points(ContentHandler):
    """Gathers points while a document passes by; of what is around them only names stay."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = {"trkpt": 0, "wpt": 0, "rtept": 0}
        self.is_gpx = False
        self._rows: dict[str, list[tuple[Any, ...]]] = {"trkpt": [], "wpt": []}
        self._bad: dict[str, list[LeftOutRow]] = {"trkpt": [], "wpt": []}
        self._open: list[str] = []
        self._tracks = self._segments = 0
        self._unit = ""
        self._point: tuple[float, float] | None = None
        self._texts: dict[str, str] = {}
        self._text: list[str] | None = None

    def count(self, what: str) -> int:
        """Count the points that wait."""
        return len(self._rows[what]) + len(self._bad[what])

    def forget(self, what: str) -> None:
        """Drop the points that wait."""
        self._rows[what], self._bad[what] = [], []

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: ANN401, N802 - as xml.sax has it
        name = name.rpartition(":")[2]
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if parent == "":
            self.is_gpx = name == "gpx"
        elif name in self.seen:
            self.seen[name] += 1
            self._texts = {}
            self._point = self._position(name, attrs) if name in self._rows else None
        elif name == "trk":
            self._tracks += 1
            self._unit = str(self._tracks)
        elif name == "trkseg":
            self._segments += 1
        elif name in _TEXTS.get(parent, ()) or (parent == "trk" and name == "name"):
            self._text = []

    def characters(self, content: str) -> None:
        if self._text is not None and len(self._text) < _LONGEST_TEXT:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - as xml.sax has it
        name = self._open.pop()
        if self._text is not None and self._open:
            said = "".join(self._text).strip()
            self._text = None
            if name == "time" and _ZONELESS.fullmatch(said):
                said += "Z"  # all times of GPX are universal
            if self._open[-1] == "trk":
                self._unit = said or self._unit
            else:
                self._texts[name] = said
        if self._point is not None and name in self._rows:
            said_of = [self._texts.get(column) or None for column in _TEXTS[name]]
            own = [self._unit, self._segments] if name == "trkpt" else []
            self._rows[name].append((self.seen[name], *self._point, *own, *said_of))
            self._point = None

    def _position(self, name: str, attrs: Any) -> tuple[float, float] | None:  # noqa: ANN401 - of xml.sax
        written = [attrs.get("lon", "").strip(), attrs.get("lat", "").strip()]
        try:
            lon, lat = map(float, written)
        except ValueError:
            lon = lat = math.nan
        if abs(lon) <= 180 and abs(lat) <= 90:  # noqa: PLR2004 - degrees
            return lon, lat
        reason = "unreadable_position" if all(written) else "no_position"
        self._bad[name].append((self.seen[name], reason, " ".join(written)[:120]))
        return None

    def table(self, what: str, notes: tuple[Note, ...] = ()) -> RawTable:
        """Give the points that wait as rows, and forget them."""
        names = _COLUMNS[what]
        columns = list(zip(*self._rows[what], strict=True)) or [()] * (3 + len(names))
        number, lon, lat, *texts = columns
        data = pd.DataFrame(
            {
                name: pd.array(list(values), dtype="Int64" if name == "segment" else TEXT)
                for name, values in zip(names, texts, strict=True)
            }
        )
        left_out = left_out_rows(self._bad[what])
        self.forget(what)
        return RawTable(
            data=data,
            rows=np.array(number, dtype=np.int64),
            left_out=left_out,
            positions=np.column_stack([np.array(lon, float), np.array(lat, float)]),
            crs=CRS.from_epsg(WGS84),
            notes=notes,
        )
