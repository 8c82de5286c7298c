"""The normal form: a file becomes a checked layer in metres once, and nothing later re-checks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.calendar import in_periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from pyproj import CRS

    from geo.aoristic import Between
    from geo.calendar import Period
    from geo.errors import Problem
    from geo.note import Note

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

LEFT_OUT_COLUMNS = ("row", "reason", "column", "value")
"""Of a table of rows left out: the row as the file's reader counts it, the reason's key (words
under ``[reasons]`` in ``maps/text/*.toml``), the column and the value that were at fault."""


@dataclass(frozen=True, eq=False)
class RawTable:
    """A batch of rows as a format found them; nothing is interpreted yet.

    ``data`` has one string column per field of the file (missing values are NA), or typed columns
    where the format has types. ``rows`` numbers them as the file's reader counts: in CSV and
    Excel the header is row 1; in vector files features count from 1. ``positions`` and ``crs`` are
    set by formats that have them: shapes, None where there is none, or x and y in two columns where
    all are points, NaN where there is none. ``left_out`` are rows that could not even be read.
    Where ``area_level``, every position is the centre of an area, whatever it looks like: the rows
    are counted for the area and never analysed as points.
    """

    data: pd.DataFrame
    rows: NDArray[np.int64]
    left_out: pd.DataFrame
    positions: Geometries | Floats | None = None
    crs: CRS | None = None
    notes: tuple[Note, ...] = ()
    area_level: bool = False

    @property
    def points(self) -> Floats | None:
        """Positions as x and y, where they were given so."""
        given = self.positions
        return None if given is None or given.dtype == object else given.astype(float, copy=False)

    @cached_property
    def geometry(self) -> Geometries | None:
        """Positions as shapes, made when they are asked for.

        A shapely point costs many times what its two numbers do, and who only counts needs none.
        """
        points, given = self.points, self.positions
        if points is None:
            return None if given is None else given.astype(object, copy=False)
        shapes: Geometries = np.full(len(points), None, dtype=object)
        there = ~np.isnan(points).all(axis=1)
        shapes[there] = shapely.points(points[there])
        return shapes

    def told(self, crs: CRS | None, notes: Sequence[Note]) -> RawTable:
        """Give the same rows with their coordinate system, and notes before their own."""
        return replace(self, crs=crs, notes=(*notes, *self.notes))


@dataclass(frozen=True, eq=False)
class Events:
    """What the cube counts: parallel arrays, one entry an event, coordinates in metres.

    ``category`` are positions in ``categories``; ``month``, ``hour`` and ``day`` as in
    ``geo.months`` (``day`` is None where nothing has dates).
    ``between`` says of events known only from one time to another, from when to when: they are
    counted in their month, at their hour, and spread beside; None where there is none. ``holiday``
    marks those in school holidays; None where nobody has said when these are.
    """

    x: Floats
    y: Floats
    month: NDArray[np.int32]
    hour: NDArray[np.int16]
    category: NDArray[np.int32]
    categories: tuple[str, ...]
    weight: Floats
    between: Between | None = None
    holiday: NDArray[np.bool_] | None = None
    day: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Report:
    """How the reading of one source went. Always ``read == accepted + sum(left_out.values())``.

    ``left_out`` counts rows by reason. ``area_level`` counts accepted events whose coordinate is
    an area's centre: they are part of ``accepted``, counted for the area, and in no cell. ``areas``
    are the name and the SHA-256 of the file whose polygons the rows were joined with.
    ``usable`` is False when nothing can be built on it; ``problems`` say why and what mends it.
    """

    name: str
    kind: str
    path: str
    sha256: str
    read: int
    accepted: int
    left_out: Mapping[str, int]
    area_level: int = 0
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    areas: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.read != self.accepted + sum(self.left_out.values()):
            raise AssertionError(
                f"{self.path}: {self.read} rows read, but {self.accepted} accepted and "
                f"{sum(self.left_out.values())} left out; a row was lost"
            )

    @property
    def usable(self) -> bool:
        """Whether a picture can be built on this source."""
        return not self.problems


@dataclass(frozen=True, eq=False)
class Layer:
    """One checked layer: geometries in metres, readable columns, and the rows left out.

    ``name`` is a technical name, also of its table in the GeoPackage; ``kind`` one of
    ``layers.sources``. ``table`` has one row per accepted row of the source, with the kind's own
    column names and a first column ``id`` (text, unique, stable); ``geometry`` is parallel to it
    (None for an area-level event). ``events`` are what the cube counts, for kinds that are
    counted; ``presence`` likewise for patrols, where weight is minutes (a patrol may have several
    entries: its minutes spread over hours and along its line). ``left_out`` has
    ``LEFT_OUT_COLUMNS``.
    """

    name: str
    kind: str
    table: pd.DataFrame
    geometry: NDArray[np.object_]
    left_out: pd.DataFrame
    report: Report
    events: Events | None = None
    presence: Events | None = None

    def with_holidays(self, periods: Sequence[Period]) -> Layer:
        """Mark the events whose local day lies in school holidays; none given, none are known.

        Events that are spread from one time to another count by their midpoint, as for their
        month; others by the time that their row shows. Events without a date are in none.
        """
        if self.events is None or not periods:
            return self
        holiday = in_periods(self._days(self.events), periods)
        return replace(self, events=replace(self.events, holiday=holiday))

    @property
    def time_column(self) -> str | None:
        """The column that says when a row was, or began; None where the kind has none."""
        return next((name for name in ("time", "start") if name in self.table), None)

    def _days(self, events: Events) -> NDArray[np.datetime64]:
        """Give the day of each event; what stands for a whole area is a row and no event."""
        if not len(events):
            return np.empty(0, dtype="datetime64[D]")
        table = self.table if "area_level" not in self.table else self.table[~self.table.area_level]
        times = table["time"].to_numpy(dtype="datetime64[s]")
        if events.between is not None:
            times = np.where(events.between.needed, events.between.midpoint, times)
        return np.asarray(times.astype("datetime64[D]"))


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of trouble: its key, family, weight, and words for it where the user gave them."""

    key: str
    family: str
    weight: float = 1.0
    sv: str | None = None
    en: str | None = None


@dataclass(frozen=True, eq=False)
class LayerSettings:
    """One ``[[layers]]`` entry of a project file, as it was asked for.

    ``areas`` is a file of polygons that gives its shapes to rows which name them by a code alone.
    """

    kind: str
    path: Path
    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    crs: int | None = None
    sheet: str | None = None
    layer: str | None = None
    category: str | None = None
    areas: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
