"""One plain table of points without a project: its columns found, and streamed as events."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import shapely

from geo.crs import (
    SWEDEN,
    WGS84,
    Finding,
    find_coordinates,
    metric_crs_for,
    require_metres,
    system_name,
    to_metres,
)
from geo.cube import CubeBuilder
from geo.errors import PlaceError, Problem, SourceError
from geo.months import UNKNOWN_DAY, UNKNOWN_HOUR, day_of, month_and_hour
from geo.note import Note
from layers.arealevel import Known, area_level
from layers.categories import most_common
from layers.columns import Position, find_columns, find_position, listed, misnamed
from layers.layer import Events
from layers.numbers import read_numbers
from layers.positions import area_of_use, as_told, read_position, share_in
from layers.reading import format_of
from layers.rows import no_times
from layers.sources import CATEGORY, CLOCK, TIME, WEIGHT
from layers.sources.incidents import CLOCK_FROM, CLOCK_TO, TIME_FROM, TIME_TO
from layers.when import (
    Times,
    between_note,
    from_to,
    is_of_day,
    of_day,
    or_days,
    past_midnight,
    read_days,
    read_times,
    says_midnight,
    unsaid,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from geo.aoristic import Between
    from geo.cells import Cells
    from geo.cube import Cube
    from layers.layer import RawTable

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Box = tuple[float, float, float, float]

_Item = TypeVar("_Item")

NO_CATEGORY = "events"
"""The one category of a table that has none."""

MISSING_CATEGORY = "other"
"""The category of a row that says none."""

_SPAN = (TIME_FROM, TIME_TO, CLOCK_FROM, CLOCK_TO)
_FIELDS = (CATEGORY, TIME, CLOCK, WEIGHT, *_SPAN)
_TOO_MANY_CATEGORIES = 200
_SAME_PLACE_M = 50.0
_A_RASTER = 5
_SURELY = 0.9
_FAR_M = 500_000.0
_LOOK = 5000
_YEAR_FIRST = r"\s*\d{4}-?\d{2}-?\d{2}"
_EPSG_IN_NAME = re.compile(r"(?<!\d)(\d{4,5})(?!\d)")


class _Dates(NamedTuple):
    """When the events of some rows happened; ``turned`` and ``vague`` as in ``FromTo``."""

    times: Times
    between: Between | None
    turned: Mask
    vague: Mask

    def take(self, mine: slice) -> _Dates:
        """Give those of some of the rows."""
        whole = self.times
        return _Dates(
            Times(whole.local[mine], whole.has_hour[mine], whole.unreadable[mine]),
            None if self.between is None else self.between.take(mine),
            self.turned[mine],
            self.vague[mine],
        )


@dataclass(eq=False)
class EventStream:
    """A table that is being read: what was chosen at the start, what was counted on the way.

    ``epsg`` is the coordinate system of the events, in metres. ``clocks`` are the fields among
    time_from and time_to that hold the time of day only. ``notes`` grow while the batches
    are taken: read them afterwards. Then ``read == accepted + sum(left_out.values()) +
    area_level``. ``categories`` grows too, and never changes its order.
    """

    path: Path
    epsg: int
    position: Position
    columns: dict[str, str]
    finding: Finding
    notes: list[Note]
    waiting: list[RawTable]
    rest: Iterator[RawTable]
    clocks: frozenset[str] = frozenset()
    categories: list[str] = field(default_factory=list)
    read: int = 0
    accepted: int = 0
    area_level: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    _places: dict[str, int] = field(default_factory=dict)
    _centres: Floats | None = None
    _undated: int = 0
    _unreadable_dates: int = 0
    _turned: int = 0
    _extent: tuple[int, int, int] = (0, 0, 0)
    _dates: _Dates | None = None
    _dated: int = 0
    _midnight: dict[str, bool | None] = field(default_factory=dict)

    def batches(self) -> Iterator[Events]:
        """Give the events batch by batch.

        An event with a position is kept whatever its date: one that is missing or unreadable, or
        an end before the start, leaves the month and the hour unknown, and a note counts them.
        Where a table has no time but two, from and to, or a date beside two times of day, events
        are counted and spread as incidents are (``layers.when.from_to``). Whether midnight is an
        hour is told by the first rows that tell it, for all of the table. Rows that stand twice
        are both kept: a stream remembers no rows.

        Raises
        ------
        SourceError
            At the end, if no event could be used.
        """
        self._settle_dates()
        yield from _ahead(self._events_of(_ahead(self._tables())))
        self._conclude()

    def count(self, cells: Cells) -> Cube:
        """Count all events by cell, month, category and hour, and keep nothing but the counts.

        Raises as ``batches`` does.
        """
        builder = CubeBuilder(len(cells), ())
        for batch in self.batches():
            builder.name(batch.categories)
            builder.add(
                cells.locate(batch.x, batch.y),
                month=batch.month,
                category=batch.category,
                hour=batch.hour,
                weight=batch.weight,
                between=batch.between,
            )
        return builder.build()

    def _tables(self) -> Iterator[RawTable]:
        while self.waiting:
            yield self.waiting.pop(0)
        yield from self.rest

    def _events_of(self, tables: Iterator[RawTable]) -> Iterator[Events]:
        for table in tables:
            yield from self._events(table)

    def _settle_dates(self) -> None:
        """Read dates that do not begin with the year as one column: they must agree on an order."""
        dates = [name for name in self._dating if name not in self.clocks]
        names = [self.columns[name] for name in dates if self.waiting]
        firsts = [self.waiting[0].data[name].head(_LOOK).dropna().astype("str") for name in names]
        if all(first.str.match(_YEAR_FIRST).all() for first in firsts):
            return
        self.waiting += list(self.rest)
        self._dates = self._read_times(
            pd.concat([table.data for table in self.waiting], ignore_index=True)
        )

    @property
    def _dating(self) -> list[str]:
        """The fields that date the events: one time, or two, or none."""
        return [name for name in ("time", "time_from", "time_to") if name in self.columns]

    def _read_times(self, data: pd.DataFrame) -> _Dates:
        nothing = unsaid(len(data))
        begun = ended = nothing
        if "time" in self.columns:
            begun = self._column(data, "time")
        if not self.columns.keys() & {"time_from", "time_to"}:
            none = np.zeros(len(data), dtype=bool)
            return _Dates(begun, None, none, none)
        if "time_from" in self.clocks:
            begun = or_days(self._of_day(data, "time_from", begun), begun)
        elif "time_from" in self.columns:
            begun = self._column(data, "time_from")
        if "time_to" in self.clocks:
            ended = past_midnight(begun, self._of_day(data, "time_to", begun))
        elif "time_to" in self.columns:
            ended = self._column(data, "time_to")
        found = from_to(begun, ended)
        lost = found.turned | found.times.unreadable
        known = replace(
            found.times,
            local=np.where(lost, np.datetime64("NaT", "s"), found.times.local),
            has_hour=found.times.has_hour & ~lost,
        )
        turned = found.turned & ~found.times.unreadable
        return _Dates(known, found.between, turned, found.vague)

    def _column(self, data: pd.DataFrame, name: str) -> Times:
        """Read a column of dates, and that of the times of day which belongs to it."""
        dates = data[self.columns[name]]
        clock = self.columns.get(name.replace("time", "clock"))
        if self.clocks and name == "time":
            times = read_days(dates)
        elif clock is not None:
            times = read_times(dates, data[clock])
        else:
            told = self._midnight.get(name)
            times = read_times(dates, midnight=told)
            if told is None:
                self._midnight[name] = says_midnight(times)
        for note in times.notes:
            self._note(note)
        return times

    def _of_day(self, data: pd.DataFrame, name: str, days: Times) -> Times:
        """Read times of day on given days; what is none is said, and costs the hour alone."""
        times = of_day(days.local, data[self.columns[name]])
        for note in times.notes:
            self._note(note)
        return replace(times, unreadable=np.zeros_like(times.unreadable))

    def _times_of(self, data: pd.DataFrame) -> _Dates:
        """Read the times of a batch, or take them from the whole column where it was read."""
        if self._dates is None:
            return self._read_times(data)
        mine = slice(self._dated, self._dated + len(data))
        self._dated = mine.stop
        return self._dates.take(mine)

    def _events(self, table: RawTable) -> Iterator[Events]:
        self.left_out.update(table.left_out["reason"].tolist())
        n = len(table.data)
        self.read += n + len(table.left_out)
        if not n:
            return
        a, b, keep = self._positions(table)
        weight = np.ones(n)
        if "weight" in self.columns:
            own, bad = read_numbers(table.data[self.columns["weight"]])
            keep = self._out(keep, bad, "unreadable_number")
            keep = self._out(keep, own < 0, "negative_number")
            weight = np.where(np.isnan(own), 1.0, own)
        month, hour, day, local, between = self._times(table.data, keep)
        category = self._categorise(table.data)
        if table.area_level:
            self._centres = np.unique(np.column_stack([a[keep], b[keep]]), axis=0)
        elif self._centres is None:
            self._centres = _centres(a, b, keep, category, local)
        for centre_a, centre_b in self._centres:
            here = keep & (a == centre_a) & (b == centre_b)
            self.area_level += int(here.sum())
            keep = keep & ~here
        x, y = self.finding.place(a, b, self.epsg)
        keep = self._out(keep, np.isnan(x), "unreadable_position")
        west, south, east, north = _reach(self.epsg)
        near = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        keep = self._out(keep, ~near, "far_away")
        self.accepted += int(keep.sum())
        if not keep.any():
            return
        names = tuple(self.categories)
        if between is not None:
            between = between.take(keep)
        if between is not None:
            n, months, days = between.extent()
            self._extent = self._extent[0] + n, self._extent[1] + months, max(self._extent[2], days)
        if keep.all():
            yield Events(x, y, month, hour, category, names, weight, between, day=day)
        else:
            x, y, month, hour = x[keep], y[keep], month[keep], hour[keep]
            category, weight, day = category[keep], weight[keep], day[keep]
            yield Events(x, y, month, hour, category, names, weight, between, day=day)

    def _out(self, keep: Mask, bad: Mask, reason: str) -> Mask:
        n = int((keep & bad).sum())
        if not n:
            return keep
        self.left_out[reason] += n
        return keep & ~bad

    def _positions(self, table: RawTable) -> tuple[Floats, Floats, Mask]:
        keep = np.ones(len(table.data), dtype=bool)
        a, b, missing, bad, zero = _position_of(table, self.position)
        keep = self._out(keep, missing, "no_position")
        keep = self._out(keep, bad, "unreadable_position")
        keep = self._out(keep, zero, "zero_position")
        return a, b, keep

    def _times(
        self, data: pd.DataFrame, keep: Mask
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.int16],
        NDArray[np.int32],
        NDArray[np.datetime64],
        Between | None,
    ]:
        if not self._dating:
            month, hour = no_times(len(data))
            nothing = np.full(len(data), np.datetime64("NaT"), dtype="datetime64[s]")
            return month, hour, day_of(nothing), nothing, None
        times, between, turned, vague = self._times_of(data)
        self._unreadable_dates += int((keep & times.unreadable).sum())
        self._turned += int((keep & turned).sum())
        undated = np.isnat(times.local) & ~times.unreadable & ~turned
        self._undated += int((keep & undated).sum())
        month, hour = month_and_hour(times.local)
        if not times.has_hour.all():
            hour[~times.has_hour] = UNKNOWN_HOUR
        day = day_of(times.local)
        if vague.any():
            day[vague] = UNKNOWN_DAY
        return month, hour, day, times.local, between

    def _note(self, note: Note) -> None:
        """Keep a note of a batch; a second one of its kind adds to the first one's number."""
        before = next((i for i, old in enumerate(self.notes) if old.key == note.key), None)
        if before is None:
            self.notes.append(note)
        elif "n" in note.values:
            old = self.notes[before]
            total = {**old.values, "n": old.values["n"] + note.values["n"]}
            self.notes[before] = replace(old, values=total)

    def _categorise(self, data: pd.DataFrame) -> NDArray[np.int32]:
        """Number the words of a batch in the list of all categories so far."""
        if "category" not in self.columns:
            self._place_of(NO_CATEGORY)
            return np.zeros(len(data), dtype=np.int32)
        codes, words = pd.factorize(data[self.columns["category"]])
        places = [self._place_of(" ".join(str(word).split())) for word in words]
        missing = self._place_of(MISSING_CATEGORY) if (codes < 0).any() else -1
        return np.array([*places, missing], dtype=np.int32)[codes]

    def _place_of(self, word: str) -> int:
        word = word or MISSING_CATEGORY
        if word not in self._places:
            self._places[word] = len(self.categories)
            self.categories.append(word)
        return self._places[word]

    def _conclude(self) -> None:
        column = ", ".join(self.columns[name] for name in self._dating)
        if self._unreadable_dates:
            values = {"n": self._unreadable_dates, "column": column}
            self.notes.append(Note("dates_unreadable_kept", values, "warning"))
        if self._turned:
            values = {"n": self._turned, "column": column}
            self.notes.append(Note("ends_before_start_kept", values, "warning"))
        if self._extent[0]:
            self.notes.append(between_note(*self._extent))
        if self._undated:
            self.notes.append(Note("dates_missing", {"n": self._undated}))
        if self.area_level:
            points = 0 if self._centres is None else len(self._centres)
            values = {"n": self.area_level, "total": self.read, "points": points}
            self.notes.append(Note("area_level", values, "warning"))
        if self.accepted:
            return
        found = dict(self.left_out.most_common())
        if self.area_level:
            found = {"area_level": self.area_level, **found}
        raise SourceError(
            f"no row of {self.path.name} can be placed on a map of hotspots",
            (
                Problem(
                    self.path.name,
                    f"expected events with positions of their own, found none among {self.read} "
                    f"rows: {most_common(found)}",
                    "events on an area's centre say nothing about where in it they happened"
                    if self.area_level
                    else "name the columns with --x and --y, or --lon and --lat",
                ),
            ),
        )


def _ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """Give the same items, and let a thread make the next one meanwhile."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


@cache
def _reach(epsg: int) -> Box:
    """Box (metres) of the ground on which a coordinate system holds, and 500 km around it."""
    outline = shapely.segmentize(shapely.box(*area_of_use(epsg)), 0.5)
    lon, lat = shapely.get_coordinates(outline).T
    x, y = to_metres(lon, lat, epsg)
    return (
        float(np.nanmin(x)) - _FAR_M,
        float(np.nanmin(y)) - _FAR_M,
        float(np.nanmax(x)) + _FAR_M,
        float(np.nanmax(y)) + _FAR_M,
    )


def open_events(
    path: Path,
    *,
    x: str | None = None,
    y: str | None = None,
    lon: str | None = None,
    lat: str | None = None,
    time: str | None = None,
    category: str | None = None,
    weight: str | None = None,
    crs: int | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    box: Box | None = None,
    into: int | None = None,
) -> EventStream:
    """Open a table of events: find its columns and its coordinate system, and say both.

    Columns of a time from and a time to are used where there is none of the time itself, or where
    they hold times of day beside a date.

    Longitude and latitude are preferred to metres where a table has both. ``crs`` is the system
    in metres to work in, and the one that columns in metres are in; else the events come in
    SWEREF 99 TM in Sweden, in the UTM zone elsewhere, or in the metres that the table has. A
    ``crs`` that is not in metres (degrees, feet) says what the columns are in. ``box`` (degrees;
    west, south, east, north) is where the events should lie: it decides between readings, swapped
    axes too. ``into`` is the system to work in whatever the columns are in.

    Raises
    ------
    SourceError
        Where a file cannot be read, or a column is not there.
    PlaceError
        Where the coordinate system cannot be found.
    """
    told_source: int | None = None
    if crs is not None and not _is_metres(crs):
        told_source, crs = crs, None
    asked = {"x": x, "y": y, "lon": lon, "lat": lat}
    given = {name: column for name, column in asked.items() if column is not None}
    named = {"time": time, "category": category, "weight": weight}
    wanted = {name: column for name, column in named.items() if column is not None}
    tables = iter(format_of(path).read(path, sheet=sheet, layer=layer))
    first = next(tables, None)
    if first is None:
        raise SourceError(
            f"{path.name} has no rows", (Problem(path.name, "expected a table, found nothing"),)
        )
    names = [str(name) for name in first.data.columns]
    problems = misnamed(given | wanted, names, [*asked, *named], path.name)
    problems += _halves(given, path)
    if problems:
        cured = tuple(replace(p, cure=_as_option(p.cure)) for p in problems)
        raise SourceError(f"{path.name} lacks what was asked for", cured)
    waiting, a, b, position, others = _first_positions(path, first, tables, given)
    columns = find_columns(_FIELDS, names, wanted, taken=position.columns)
    notes = list(first.notes)
    table = waiting[0].data
    clocks = _choose_times(columns, table, notes)
    if "category" in columns and "category" not in wanted:
        distinct = table[columns["category"]].nunique()
        if distinct > min(_TOO_MANY_CATEGORIES, max(len(table) // 2, 2)):
            ignored = columns.pop("category")
            notes.append(Note("category_ignored", {"column": ignored, "n": distinct}))
    finding, epsg = _system(
        waiting[-1], position, a, b, crs, path, told=bool(given), source=told_source, box=box
    )
    if into is not None:
        epsg = into
    elif crs is None and position.scheme == "lonlat":
        epsg = _metres_of_its_own(waiting[-1].data, finding, a, b) or epsg
    return EventStream(
        path=path,
        epsg=epsg,
        position=position,
        columns=columns,
        finding=finding,
        notes=[*notes, *_said(position, others, columns, finding, epsg)],
        waiting=waiting,
        rest=tables,
        clocks=clocks,
    )


def _choose_times(
    columns: dict[str, str], table: pd.DataFrame, notes: list[Note]
) -> frozenset[str]:
    """Take the times of a span only where they hold times; give those that are clocks alone.

    Beside a date, times of day belong to it; beside a time of its own, a span is not taken. Of
    two times without one, the first must hold dates, and the second dates or times of day.
    """
    span = [one.name for one in (TIME_FROM, TIME_TO) if one.name in columns]
    clocks = {name for name in span if is_of_day(table[columns[name]].head(_LOOK))}
    if "time" in columns:
        whole = bool(clocks) and clocks == set(span) and "clock" not in columns
    else:
        # Words like "from" and "till" also head streets, stops and amounts.
        dated = [name in clocks or _holds_dates(table[columns[name]]) for name in span]
        whole = len(span) == 2 and TIME_FROM.name not in clocks and all(dated)  # noqa: PLR2004 - from and to
    if whole:
        return frozenset(clocks)
    if clocks:
        unused = ", ".join(columns[name] for name in span if name in clocks)
        notes.append(Note("clocks_not_used", {"columns": unused}, "warning"))
    for one in _SPAN:
        columns.pop(one.name, None)
    return frozenset()


def _holds_dates(values: pd.Series) -> bool:
    return bool((~np.isnat(read_times(values.head(_LOOK)).local)).any())


def _halves(given: dict[str, str], path: Path) -> list[Problem]:
    """Refuse one half of a pair of columns."""
    return [
        Problem(path.name, f"expected --{other} beside --{one}, found --{one} alone")
        for one, other in (("x", "y"), ("y", "x"), ("lon", "lat"), ("lat", "lon"))
        if one in given and other not in given
    ]


def _as_option(cure: str) -> str:
    """Say a cure as an option of the command instead of a line of a project file."""
    found = re.fullmatch(r'write columns = \{ (\w+) = "(.*)" \}', cure)
    return f'--{found[1]} "{found[2]}"' if found else cure


def _first_positions(
    path: Path, first: RawTable, tables: Iterator[RawTable], given: dict[str, str]
) -> tuple[list[RawTable], Floats, Floats, Position, tuple[str, ...]]:
    """Read batches until one has a position to look at, and keep them for later."""
    names = [str(name) for name in first.data.columns]
    shaped = first.positions is not None and not given
    position, others = (Position("none"), ()) if shaped else find_position(names, given)
    if position.scheme == "wkt" or (position.scheme == "none" and not shaped):
        raise SourceError(
            f"{path.name} has no columns for a position that are known",
            (
                Problem(
                    path.name,
                    f"expected lon and lat, or x and y, found {listed(names)}",
                    "name them: --lon COLUMN --lat COLUMN, or --x COLUMN --y COLUMN",
                ),
            ),
        )
    waiting = [first]
    while True:
        a, b, missing, bad, zero = _position_of(waiting[-1], position)
        if (~(missing | bad | zero)).any():
            return waiting, a, b, position, others
        table = next(tables, None)
        if table is None:
            return waiting, a, b, position, others
        waiting.append(table)


def _position_of(table: RawTable, position: Position) -> tuple[Floats, Floats, Mask, Mask, Mask]:
    """Read the positions of a batch, from its columns or its points."""
    if position.scheme != "none":
        return read_position(table.data, position)
    if table.points is not None:
        a, b = table.points.T.copy()
        missing = np.isnan(a) & np.isnan(b)
        return a, b, missing, ~missing & np.isnan(a), (a == 0) & (b == 0)
    shapes = table.geometry
    if shapes is None:
        nothing = np.full(len(table.data), np.nan)
        none = np.zeros(len(nothing), dtype=bool)
        return nothing, nothing, ~none, none, none
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    single = (shapely.get_type_id(shapes) == 4) & (shapely.get_num_geometries(shapes) == 1)  # noqa: PLR2004 - multipoint
    if single.any():
        shapes = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    a, b = shapely.get_x(shapes), shapely.get_y(shapes)
    return a, b, missing, ~missing & np.isnan(a), (a == 0) & (b == 0)


def _system(
    table: RawTable,
    position: Position,
    a: Floats,
    b: Floats,
    crs: int | None,
    path: Path,
    *,
    told: bool,
    source: int | None,
    box: Box | None,
) -> tuple[Finding, int]:
    """Find the system that the positions are in, and the one in metres to work in."""
    if position.scheme == "none" and table.crs is not None:
        code = table.crs.to_epsg(min_confidence=70)
        if code is None:
            raise PlaceError(
                f"{path.name} is in a coordinate system that is not in the EPSG register",
                (
                    Problem(
                        path.name,
                        f"expected an EPSG code, found {table.crs.name}",
                        "save it as EPSG:3006 or EPSG:4326",
                    ),
                ),
            )
        finding = Finding(code, swapped=False, share_inside=np.nan)
    elif source is not None:
        finding = as_told(source, a, b, box)
    else:
        finding = _of_columns(position, a, b, crs, path, told=told, box=box)
    if crs is not None:
        return finding, crs
    if _is_metres(finding.epsg):
        return finding, finding.epsg
    lon, lat = finding.place(a, b, WGS84)
    return finding, metric_crs_for(lon, lat)


def _of_columns(
    position: Position,
    a: Floats,
    b: Floats,
    crs: int | None,
    path: Path,
    *,
    told: bool,
    box: Box | None,
) -> Finding:
    """Find the system of columns: degrees by their names, metres as told, by name, or by sight."""
    where = f"{path.name} {', '.join(position.columns)}"
    if position.scheme == "lonlat" and told:
        return find_coordinates(a, b, box=None, names=("lon", "lat"), where=where)
    code = crs if position.scheme == "xy" else None
    if position.scheme == "xy" and code is None:
        code = _code_in(position)
    there = np.isfinite(a) & np.isfinite(b)
    degrees = there.any() and max(abs(a[there]).max(), abs(b[there]).max()) <= 180  # noqa: PLR2004 - degrees
    if code is not None and not degrees:
        return as_told(code, a, b, box)
    two = (position.a, position.b) if position.b else None
    if box is None and _only_turned_in_sweden(a, b):
        box = SWEDEN
    if box is not None:
        with suppress(PlaceError):  # mostly elsewhere: then the values alone must tell
            return find_coordinates(a, b, box=box, names=two, where=where)
    return find_coordinates(a, b, box=None, names=two, target_epsg=crs, where=where)


def _only_turned_in_sweden(a: Floats, b: Floats) -> bool:
    """Whether degrees lie in Sweden with the axes swapped, and not as they are labelled."""
    turned, plain = (Finding(WGS84, swapped=s, share_inside=np.nan) for s in (True, False))
    return share_in(turned, a, b, SWEDEN) >= _SURELY and share_in(plain, a, b, SWEDEN) == 0.0


def _metres_of_its_own(data: pd.DataFrame, finding: Finding, a: Floats, b: Floats) -> int | None:
    """Find the system in metres of a table's other columns, where they name it and agree with it.

    A table that gives ``lon``, ``lat``, ``x_32615`` and ``y_32615`` is best measured in 32615.
    """
    coded = [str(name) for name in data.columns if _EPSG_IN_NAME.search(str(name))]
    rest, _ = find_position(coded, {})
    code = _code_in(rest) if rest.scheme == "xy" else None
    if code is None:
        return None
    x, y, missing, bad, _ = read_position(data, rest)
    there = ~(missing | bad | np.isnan(a) | np.isnan(b))
    if not there.any():
        return None
    east, north = finding.place(a[there], b[there], code)
    apart = np.hypot(east - x[there], north - y[there])
    return code if np.nanmedian(apart) < _SAME_PLACE_M else None


def _is_metres(epsg: int) -> bool:
    """Say whether a system can be measured in; raises ``PlaceError`` for one that is not there."""
    system_name(epsg)
    try:
        require_metres(epsg)
    except PlaceError:
        return False
    return True


def _code_in(position: Position) -> int | None:
    """Read an EPSG code that both columns' names carry, as in ``x_32615`` and ``y_32615``."""
    codes = [_EPSG_IN_NAME.findall(name) for name in position.columns]
    if len(codes) != 2 or not codes[0] or codes[0] != codes[1]:  # noqa: PLR2004 - a pair
        return None
    code = int(codes[0][-1])
    try:
        return code if _is_metres(code) else None
    except PlaceError:
        return None


def _said(
    position: Position,
    others: tuple[str, ...],
    columns: dict[str, str],
    finding: Finding,
    epsg: int,
) -> list[Note]:
    """Say every choice: columns, coordinate system, metres."""
    pairs = [*columns.items()]
    if position.columns:
        pairs = [*zip(position.fields, position.columns, strict=True), *pairs]
    notes = []
    if pairs:
        text = ", ".join(f"{name} = {column}" for name, column in pairs)
        notes.append(Note("columns_found", {"columns": text}))
    if others:
        values = {"chosen": ", ".join(position.columns), "others": ", ".join(others)}
        notes.append(Note("position_chosen", values))
    notes += finding.notes
    notes.append(Note("metres_chosen", {"epsg": epsg, "name": system_name(epsg)}))
    if "category" not in columns:
        notes.append(Note("no_category_column"))
    if not columns.keys() & {"time", "time_from"}:
        notes.append(Note("no_time_column"))
    return notes


def _centres(
    a: Floats, b: Floats, keep: Mask, category: NDArray[np.int32], local: NDArray[np.datetime64]
) -> Floats:
    """Find coordinates in the first batch that stand for an area (``layers.arealevel``).

    Not where most of five or more coordinates repeat: counts on a raster, say, are spread over
    areas by intention.
    """
    a, b = a[keep], b[keep]
    if not len(a):
        return np.empty((0, 2))
    counts = np.unique(a + 1j * b, return_counts=True)[1]
    if len(counts) >= _A_RASTER and np.median(counts) > 1:
        return np.empty((0, 2))
    scale = 1e5 if np.abs(a).max() <= 180 and np.abs(b).max() <= 180 else 1.0  # noqa: PLR2004 - degrees
    crowd = area_level(a * scale, b * scale, known=Known(), different=(category[keep], local[keep]))
    return np.unique(np.column_stack([a[crowd], b[crowd]]), axis=0)
