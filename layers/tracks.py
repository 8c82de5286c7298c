"""Timed positions of patrols, read as a stream, become minutes by place, month and hour."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.crs import Finding
from geo.dwell import FARTHEST_M, DwellBuilder, Rules
from geo.errors import Problem, SourceError
from geo.grid import Grid
from geo.months import month_and_hour
from geo.note import Note
from layers.columns import POSITION_FIELDS, Position, find_columns, find_position, listed, misnamed
from layers.formats import formats
from layers.layer import LEFT_OUT_COLUMNS, Events, Layer, Report
from layers.positions import place_shapes, read_position, system_of
from layers.reading import columns_note, in_order, lacks_position
from layers.rows import Rows
from layers.sources import kinds
from layers.when import FIRST_YEAR, LAST_YEAR, read_times, universal_to_wall, wall_to_universal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from geo.dwell import Dwell
    from layers.layer import LayerSettings, RawTable
    from layers.positions import StudyArea
    from layers.project import Project
    from layers.sources import Kind

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SHOWN_M = 100.0
"""Side of the squares that the layer's table has, with the minutes of all its time."""

LISTED = 1000
"""So many rows that were left out for one reason are listed; all of them are counted."""

_ZONED = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
)
_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?$"
_PROBED = 64
_HOUR = 3600


def read_tracks(
    settings: LayerSettings,
    project: Project,
    area: StudyArea | None,
    batches: Callable[[LayerSettings], Iterator[RawTable]],
) -> Layer:
    """Add up how long units were where, by square of 25 m, month and hour of the week.

    The rules are those of ``geo.dwell``, and the options of the kind: the time between consecutive
    positions of a unit lies along the straight line between them, unless it is more than
    ``gap_minutes``; a position that needs more than ``most_kmh`` is left out as ``too_fast``, a
    second one of the same time as ``duplicate``. Driving through counts by its minutes. Time
    outside the area and its buffer is not counted; a way that leaves it is cut there. Rows need
    not be sorted within a batch of the format (some ten thousand); beyond, units' times must grow
    (or fall: newest first), else they are ``out_of_order``. Of times without a zone those in the
    hour that comes twice in autumn are left out as ``ambiguous_time``.

    ``settings.path`` may be a folder: each of its files is read by itself, in the order of their
    names. The layer's table has one row per square of ``SHOWN_M`` with its minutes; no unit, no
    position and no time of any row is kept. The report counts positions. Of each reason at most
    ``LISTED`` rows are listed as left out, without their positions.
    """
    chosen = {o.name: settings.options.get(o.name, o.default) for o in _kind(settings).options}
    rules = Rules(chosen["gap_minutes"] * 60, chosen["most_kmh"] / 3.6)
    builder = DwellBuilder(rules, _wall_clock, None if area is None else area.reach)
    tally = _Tally()
    tally.say(Note("tracks_rules", {n: _short(chosen[n]) for n in ("gap_minutes", "most_kmh")}))
    for path in _files(settings.path):
        own = replace(settings, path=path)
        stream = _Stream(own, project, area, tally, builder)
        for batch in batches(own):
            stream.add(batch)
        with path.open("rb") as file:
            tally.digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return _layer(settings, builder, tally)


def _kind(settings: LayerSettings) -> Kind:
    return kinds()[settings.kind]


def _short(number: float) -> str:
    return f"{number:g}"


def _files(path: Path) -> list[Path]:
    """Give the file, or those of a folder that some format reads, by name."""
    if not path.is_dir():
        return [path]
    endings = tuple(ending.casefold() for one in formats().values() for ending in one.endings)
    found = sorted(p for p in path.iterdir() if p.is_file() and p.name.casefold().endswith(endings))
    if not found:
        raise SourceError(
            f"{path.name} cannot be read",
            (Problem(path.name, "expected files of tracks, found none", "put GPX or CSV there"),),
        )
    return found


def _wall_clock(hours: Ints) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Give month and hour of the week, on Swedish walls, of hours since 1970."""
    return month_and_hour(universal_to_wall(hours * _HOUR))


@dataclass(eq=False)
class _Tally:
    """What is known of a whole source when all its rows have passed by."""

    read: int = 0
    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    listed: list[pd.DataFrame] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)
    units: dict[tuple[str, ...], int] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)

    def say(self, *notes: Note) -> None:
        """Keep the first note of each key: later batches and files say the same."""
        for note in notes:
            self.notes.setdefault(note.key, note)

    def out(self, rows: pd.DataFrame) -> None:
        """Count rows that are left out, and list the first of each reason."""
        for reason, part in rows.groupby("reason", sort=False):
            room = max(LISTED - self.reasons[str(reason)], 0)
            self.reasons[str(reason)] += len(part)
            if room:
                self.listed.append(part.iloc[:room])


@dataclass(eq=False)
class _Stream:
    """One file on its way: what its first batch tells holds for the rest of it."""

    settings: LayerSettings
    project: Project
    area: StudyArea | None
    tally: _Tally
    builder: DwellBuilder
    finding: Finding | None = None
    day_first: bool | None = None

    def add(self, raw: RawTable) -> None:
        """Take a batch of rows: judge each, and hand those that tell something to the builder."""
        self.tally.say(*raw.notes)
        self.tally.out(raw.left_out)
        self.tally.read += len(raw.left_out) + len(raw.rows)
        rows, position = self._rows(raw)
        if not len(rows):
            return
        x, y = self._place(rows, raw, position)
        there = rows.usable
        if self.area is not None:
            inside = np.zeros(len(rows), dtype=bool)
            inside[there] = shapely.intersects_xy(self.area.reach, x[there], y[there])
            rows.leave_out(~inside, "outside_area")
        moments = self._moments(rows)
        at = np.flatnonzero(there & ~np.isnan(moments))
        judged = self.builder.add(self._units(rows)[at], moments[at], x[at], y[at])
        for mask, reason in (
            (judged.late, "out_of_order"),
            (judged.fast, "too_fast"),
            (judged.again, "duplicate"),
        ):
            which = np.zeros(len(rows), dtype=bool)
            which[at[mask]] = True
            rows.leave_out(which, reason)
        usable = rows.usable
        self.tally.accepted += int(usable.sum())
        if not usable.all():
            self.tally.out(rows.left_out())
        self.tally.say(*rows.notes)

    def _rows(self, raw: RawTable) -> tuple[Rows, Position]:
        """Find the columns; raises ``SourceError`` where those that are needed are not there."""
        where = self.settings.path.name
        names = [str(name) for name in raw.data.columns]
        kind, columns = _kind(self.settings), dict(self.settings.columns)
        problems = misnamed(
            columns, names, [*(f.name for f in kind.fields), *POSITION_FIELDS], where
        )
        given = {k: v for k, v in columns.items() if k in POSITION_FIELDS}
        shaped = raw.geometry is not None and not given
        position, others = (Position("none"), ()) if shaped else find_position(names, given)
        found = find_columns(kind.fields, names, columns, taken=position.columns)
        notes = columns_note(found, position, others)
        vocabulary = self.project.vocabulary
        rows = Rows(self.settings, kind, vocabulary, raw.data, raw.rows, found, notes)
        rows.positions = position.columns
        if not shaped and position.scheme not in ("lonlat", "xy", "pair"):
            problems.append(lacks_position(where, names))
        if not rows.has("time"):
            cure = 'name it in the project file: columns = { time = "…" }'
            what = f"expected a column for time, found {listed(names)}"
            problems.append(Problem(where, what, cure))
        if problems:
            raise SourceError(f"{where} lacks columns", tuple(problems))
        if not rows.has("unit"):
            rows.notes.append(Note("tracks_one_unit", {"file": where}, "warning"))
        return rows, position

    def _place(self, rows: Rows, raw: RawTable, position: Position) -> tuple[Floats, Floats]:
        """Bring positions into the project's metres; those that have none are left out."""
        epsg = self.project.crs
        if position.scheme == "none" and raw.geometry is not None:
            geometry = place_shapes(rows, raw.geometry, raw.crs, epsg, self.area)
            point = shapely.get_type_id(geometry) == shapely.GeometryType.POINT
            x, y = shapely.get_x(geometry), shapely.get_y(geometry)
            rows.leave_out(~point, "wrong_shape")
        else:
            a, b, missing, bad, zero = read_position(rows.data, position)
            rows.leave_out(missing, "no_position")
            rows.leave_out(bad, "unreadable_position", position.a)
            rows.leave_out(zero, "zero_position")
            usable = rows.usable
            a, b = np.where(usable, a, np.nan), np.where(usable, b, np.nan)
            if self.finding is None and usable.any():
                self.finding = self.system_of(rows, position, a, b)
            finding = self.finding or Finding(epsg, swapped=False, share_inside=np.nan)
            x, y = finding.place(a, b, epsg)
        far = ~((np.abs(x) < FARTHEST_M) & (np.abs(y) < FARTHEST_M))  # NaN too
        rows.leave_out(far, "unreadable_position", position.a)
        return x, y

    def system_of(self, rows: Rows, position: Position, a: Floats, b: Floats) -> Finding:
        finding = system_of(rows, position, a, b, self.area)
        rows.notes += finding.notes
        return finding

    def _units(self, rows: Rows) -> Ints:
        """Number the units of rows; each file has its own, and so has each unbroken part."""
        keys: list[tuple[str, ...]] = [(self.settings.path.name,)]
        codes = np.zeros(len(rows), dtype=np.int64)
        for name in ("unit", "segment"):
            if rows.has(name):
                values = rows.data[rows.columns[name]]
                own, words = pd.factorize(values, use_na_sentinel=False)
                pairs = pd.factorize(codes * len(words) + own)
                codes = pairs[0].astype(np.int64)
                split = [divmod(pair, len(words)) for pair in pairs[1].tolist()]
                keys = [(*keys[before], str(words[word]).strip()) for before, word in split]
        known = self.tally.units
        numbers = [known.setdefault(key, len(known)) for key in keys]
        return np.array(numbers, dtype=np.int64)[codes]

    def _moments(self, rows: Rows) -> Floats:
        """Give seconds since 1970, universal time; NaN where a row is left out for its time."""
        column = rows.columns["time"]
        values = rows.data[column]
        universal, local = _typed(values) or _iso(values)
        missing = values.isna().to_numpy()
        rest = np.isnan(universal) & np.isnan(local) & ~missing
        if rest.any():
            of_day = rows.data[rows.columns["clock"]][rest] if rows.has("clock") else None
            times = read_times(values[rest], of_day, day_first=self.day_first, midnight=True)
            if self.day_first is None:
                keys = [note.key for note in times.notes]
                self.day_first = "dates_read_month_first" not in keys
            rows.notes += times.notes
            seconds = times.local.astype(np.int64).astype(np.float64)
            local[rest] = np.where(times.has_hour, seconds, np.nan)
        zoneless = ~np.isnan(local)
        if zoneless.any() and self.settings.options.get("utc"):
            universal[zoneless] = local[zoneless]
        elif zoneless.any():
            rows.notes.append(Note("tracks_local_time"))
            universal[zoneless], twice = _from_wall(local[zoneless])
            ambiguous = np.zeros(len(rows), dtype=bool)
            ambiguous[np.flatnonzero(zoneless)[twice]] = True
            rows.leave_out(ambiguous, "ambiguous_time", column)
            universal[ambiguous] = np.nan
        first, last = (np.datetime64(f"{year}", "s") for year in (FIRST_YEAR, LAST_YEAR + 1))
        known = (universal >= first.astype(np.int64)) & (universal < last.astype(np.int64))
        universal[~known] = np.nan
        rows.leave_out(missing, "no_date", column)
        rows.leave_out(np.isnan(universal), "unreadable_date", column)
        return universal


def _typed(values: pd.Series) -> tuple[Floats, Floats] | None:
    """Take a column of moments as it is: universal and local seconds, NaN in one; None for text."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        return None
    zoned = getattr(values.dtype, "tz", None) is not None
    index = pd.DatetimeIndex(values)
    index = index.tz_convert("UTC").tz_localize(None) if zoned else index
    moments = index.to_numpy().astype("datetime64[us]")
    seconds = np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    nothing = np.full(len(seconds), np.nan)
    return (seconds, nothing) if zoned else (nothing, seconds)


def _iso(values: pd.Series) -> tuple[Floats, Floats]:
    """Read ISO 8601 with hours: universal seconds where there is a zone, else local ones.

    What is written otherwise is NaN in both. Arrow takes a whole column at once; a column of
    several forms is parted first.
    """
    text = pa.array(values.astype("str"), pa.large_string(), from_pandas=True)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    nothing = np.full(len(text), np.nan)
    zoned = _cast(text, "UTC")
    if zoned is not None:
        return zoned, nothing
    text = pc.utf8_trim_whitespace(text)
    read = []
    for pattern, zone in ((_ZONED, "UTC"), (_NAIVE, None)):
        seconds = nothing.copy()
        fits = pc.fill_null(pc.match_substring_regex(text, pattern), fill_value=False)
        part = _cast(text.filter(fits), zone)
        if part is not None:
            seconds[np.asarray(fits.to_numpy(zero_copy_only=False))] = part
        read.append(seconds)
    return read[0], read[1]


def _cast(text: pa.LargeStringArray, zone: str | None) -> Floats | None:
    """Let Arrow read moments, with fractions; None if one is no such moment."""
    kind = pa.timestamp("ns", tz=zone)
    try:
        text.slice(0, _PROBED).cast(kind)  # failing is slow
        moments = text.cast(kind).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    seconds: Floats = moments.to_numpy(zero_copy_only=False) / 1e9
    return seconds


def _from_wall(local: Floats) -> tuple[Floats, Mask]:
    """Turn clocks on Swedish walls into universal time; mark those that may mean two moments.

    Summer time moves the clock by whole hours, so that an hour is turned as a whole.
    """
    hours, at = np.unique(np.floor(local / _HOUR).astype(np.int64) * _HOUR, return_inverse=True)
    walls = hours.astype("datetime64[s]")
    first, second = wall_to_universal(walls), wall_to_universal(walls, first=False)
    return local + (first - hours)[at], (first != second)[at]


def _layer(settings: LayerSettings, builder: DwellBuilder, tally: _Tally) -> Layer:
    """Make the layer of all that was added up."""
    dwell = builder.build()
    minutes = dwell.seconds / 60
    units = len({key[:2] for key in tally.units})
    hours = _whole(dwell.seconds.sum() / 3600)
    level: Literal["info", "warning"] = "info" if len(dwell) or not tally.accepted else "warning"
    tally.say(Note("tracks_read", {"units": units, "hours": hours}, level))
    values = {"gap": _whole(builder.gap_s / 60), "outside": _whole(builder.outside_s / 60)}
    if any(values.values()):
        tally.say(Note("tracks_not_counted", values))
    if max(tally.reasons.values(), default=0) > LISTED:
        tally.say(Note("left_out_shortened", {"most": LISTED}))
    listed = pd.DataFrame({name: [] for name in LEFT_OUT_COLUMNS})
    if tally.listed:
        listed = pd.concat(tally.listed, ignore_index=True)
    digest = tally.digests[0]
    if len(tally.digests) > 1:
        digest = hashlib.sha256("\n".join(tally.digests).encode()).hexdigest()
    report = Report(
        name=settings.name,
        kind=settings.kind,
        path=settings.path.name,
        sha256=digest,
        read=tally.read,
        accepted=tally.accepted,
        left_out={reason: tally.reasons[reason] for reason in in_order(tally.reasons)},
        notes=tuple(tally.notes.values()),
    )
    table, geometry = _squares(dwell, minutes)
    n = len(dwell)
    presence = Events(
        x=dwell.x,
        y=dwell.y,
        month=dwell.month,
        hour=dwell.hour,
        category=np.zeros(n, dtype=np.int32),
        categories=("other",),
        weight=minutes,
    )
    return Layer(settings.name, settings.kind, table, geometry, listed, report, presence=presence)


def _whole(number: float) -> int:
    return round(float(number))


def _squares(dwell: Dwell, minutes: Floats) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Gather minutes in the squares that are shown, from south-west to north-east."""
    grid = Grid("square", SHOWN_M)
    column, row = grid.index(dwell.x, dwell.y)
    change = (np.diff(column) != 0) | (np.diff(row) != 0)
    first = np.flatnonzero(np.concatenate([[len(dwell) > 0], change]))
    places = pd.DataFrame({"column": column[first], "row": row[first]})
    places["minutes"] = np.add.reduceat(minutes, first) if len(first) else 0.0
    total = places.groupby(["column", "row"])["minutes"].sum()
    column, row = (total.index.get_level_values(i).to_numpy() for i in (0, 1))
    table = pd.DataFrame({"id": grid.ids(column, row), "minutes": total.to_numpy()})
    return table, grid.polygons(column, row)
