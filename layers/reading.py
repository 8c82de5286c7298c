"""The common road from a file to a checked layer: columns, positions, kinds, rows left out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geo.crs import WGS84, reproject
from geo.errors import LagesbildError, Problem, SourceError
from geo.months import UNKNOWN_HOUR, UNKNOWN_MONTH
from geo.note import Note
from layers.arealevel import Known, area_level, is_settlement
from layers.areas import AREA_FIELD, join_areas
from layers.categories import most_common, squeeze
from layers.columns import (
    POSITION_FIELDS,
    Position,
    find_columns,
    find_position,
    listed,
    misnamed,
)
from layers.formats import formats
from layers.formats.opening import refuse
from layers.layer import LEFT_OUT_COLUMNS, Events, Layer, LayerSettings, Report
from layers.overlap import doubled
from layers.positions import StudyArea, keep_inside, place_columns, place_shapes, without
from layers.rows import REASONS, Built, Rows, as_text
from layers.sources import Kind, kinds
from layers.when import between_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray
    from pyproj import CRS

    from layers.formats import Format
    from layers.layer import RawTable
    from layers.project import Project

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Geometries = NDArray[np.object_]
    Box = tuple[float, float, float, float]

LARGE_BYTES = 50_000_000
"""Of a map to be drawn that is larger only what touches the area and its surroundings is read."""

_DEGREE_M = 111_000.0
_BEYOND_M = 2000.0
_VALUE = re.compile(r"-?\d+[.,]\d+|\d{4}-\d\d-\d\d.*")
"""What is a coordinate or a date, and heads no column."""

_SAME_ID = 0.1
"""A column in which more than this share of rows repeats an earlier one identifies nothing."""


def study_area(layer: Layer, project: Project) -> StudyArea:
    """Make the study area of a project from its area layer."""
    geometry = shapely.union_all(layer.geometry)
    reach = shapely.buffer(geometry, project.area.buffer_m)
    shapely.prepare(reach)
    outline = reproject(np.array([geometry], dtype=object), project.crs, WGS84)
    west, south, east, north = shapely.total_bounds(outline).tolist()
    return StudyArea(
        project.area.name or project.municipality,
        geometry,
        reach,
        (west, south, east, north),
        project.crs,
    )


def read_project_layers(
    project: Project, progress: Callable[[str], None] | None = None
) -> list[Layer]:
    """Read all layers of a project: the area first, then the others in the project's order.

    Whatever is wrong with a source is in its report's ``problems``: nothing is raised, so that the
    problems of all sources are known at once. ``progress`` is told each file's name.
    """
    tell = progress or (lambda _: None)
    tell(project.area.path.name)
    first = read_area(project)
    area = study_area(first, project) if first.report.usable else None
    done: dict[str, Layer] = {}
    known = Known() if area is None else _known(area, ())
    # Places come first: they are needed to judge the coordinates of events.
    late = [s for s in project.layers if kinds()[s.kind].counted]
    for settings in [*(s for s in project.layers if s not in late), *late]:
        if late and settings is late[0] and area is not None:
            known = _known(area, tuple(done.values()))
        tell(settings.path.name)
        done[settings.name] = read_layer(settings, project, area, known=known)
    return doubled([first, *(done[settings.name] for settings in project.layers)])


def read_area(project: Project) -> Layer:
    """Read the area's polygons and dissolve them into one, the layer's only row.

    ``accepted`` counts the polygons that were dissolved; those that ``select`` does not pick are
    left out.
    """
    wish = project.area
    settings = LayerSettings("area", wish.path, "area", crs=wish.crs, layer=wish.layer)
    layer = read_layer(settings, project, None)
    if not layer.report.usable:
        return layer
    if not len(layer.table):
        problem = Problem(wish.path.name, "expected the municipality's polygon, found no features")
        return replace(layer, report=replace(layer.report, problems=(problem,)))
    name = wish.name or project.municipality
    table = pd.DataFrame({"id": [layer.table["id"].iloc[0]], "name": [name]})
    union = shapely.union_all(layer.geometry)
    return replace(layer, table=table, geometry=np.array([union], dtype=object))


def _known(area: StudyArea, layers: Sequence[Layer]) -> Known:
    """Gather what is known of the ground: bathing sites, localities, names of areas."""
    names = {squeeze(area.name), squeeze(f"{area.name} kommun"), squeeze(f"{area.name}s kommun")}
    sites: list[Geometries] = []
    centres: list[Floats] = []
    for layer in layers:
        if layer.kind == "bathing_sites":
            sites.append(layer.geometry)
        elif layer.kind == "places" and len(layer.table):
            population = layer.table["population"].to_numpy(dtype=np.float64)
            settled = is_settlement(layer.table["kind"], population)
            sites.append(layer.geometry[~settled])
            middle = shapely.centroid(layer.geometry[settled])
            centres.append(np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]))
            names |= {squeeze(name) for name in layer.table["name"][settled]}
    return Known(
        np.concatenate([np.empty(0, dtype=object), *sites]),
        np.concatenate([np.empty((0, 2)), *centres]),
        frozenset(names),
    )


def refuse_unusable(layers: Sequence[Layer]) -> None:
    """Raise ``SourceError`` with every problem of the layers, where there is any."""
    problems = tuple(problem for layer in layers for problem in layer.report.problems)
    if problems:
        raise SourceError("some sources cannot be used", problems)


def read_layer(
    settings: LayerSettings,
    project: Project,
    area: StudyArea | None,
    *,
    known: Known | None = None,
) -> Layer:
    """Read one source into a checked layer in the project's metres.

    Rows that cannot be used are left out, each for the first of ``layers.rows.REASONS`` that
    holds. Without an ``area`` nothing is outside of it. ``known`` is the ground by which
    coordinates of events are judged (``layers.arealevel``). A source that cannot be used gives a
    layer without rows whose report says why.
    """
    kind = kinds()[settings.kind]
    raw = _Raw()
    try:
        if kind.stream is not None:
            return _judged(kind.stream(settings, project, area, _batches), settings, kind)
        raw = _read_raw(settings, None if area is None else _within(area, kind))
        return _layer(raw, settings, kind, project, area, known)
    except LagesbildError as error:
        problems = error.problems or (Problem(settings.path.name, error.headline),)
        return _unusable(raw, settings, kind, problems)


def _judged(layer: Layer, settings: LayerSettings, kind: Kind) -> Layer:
    """Say of a layer that was streamed when none of its rows could be used."""
    report = layer.report
    problems = _nothing_left(settings, kind, report.accepted, report.left_out)
    return replace(layer, report=replace(report, problems=problems))


# --- the file ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Raw:
    """All rows of a file as its format gave them."""

    left_out: pd.DataFrame = field(default_factory=lambda: _no_rows())  # noqa: PLW0108 - defined below
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    geometry: Geometries | None = None
    crs: CRS | None = None
    notes: tuple[Note, ...] = ()
    area_level: bool = False
    sha256: str = ""
    areas: tuple[str, str] | None = None


def format_of(path: Path) -> Format:
    """Choose the format of a file by its ending, and by a look into it where formats share one.

    Raises ``SourceError`` with the known endings.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        # Whatever looked into it would wait for what may never come.
        what = "expected a file, found a pipe or a device"
        raise refuse(path, what, "write what it gives to a file, and name that")
    name = path.name.casefold()
    claimed = [(ending, one) for one in formats().values() for ending in one.endings]
    fitting = [(len(ending), one) for ending, one in claimed if name.endswith(ending.casefold())]
    own = next((one for _, one in fitting if one.claims is not None and one.claims(path)), None)
    general = [item for item in fitting if item[1].claims is None]
    if own is not None:
        return own
    if general:
        return max(general, key=lambda item: item[0])[1]
    if fitting:
        return fitting[0][1]  # it says what it had expected
    endings = " ".join(sorted({ending for ending, _ in claimed}))
    raise SourceError(
        f"{path.name} is of no known format",
        (
            Problem(
                path.name,
                f"expected an ending among {endings}, found {path.suffix or 'none'}",
                "save it as CSV, Excel (.xlsx) or GeoPackage",
            ),
        ),
    )


def _within(area: StudyArea, kind: Kind) -> Box | None:
    """Give the box (degrees) beyond which nothing of a kind that is only drawn is of use."""
    if kind.counted or kind.name == "area" or not kind.repeats:
        return None
    west, south, east, north = area.box
    up = (_BEYOND_M + kind.beyond_m) / _DEGREE_M
    across = up / np.cos(np.radians(north))
    return west - across, south - up, east + across, north + up


def checksum(path: Path) -> str:
    """Give the SHA-256 of a file; of a folder that is one source, of its files' names and sums."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    inside = sorted(one for one in path.rglob("*") if one.is_file())
    sums = [f"{one.relative_to(path).as_posix()} {checksum(one)}\n" for one in inside]
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def _read_raw(settings: LayerSettings, box: Box | None = None) -> _Raw:
    path = settings.path
    batches = list(_batches(settings, box))
    sha256 = checksum(path)
    if not batches:
        return _Raw(sha256=sha256)
    data = pd.concat([b.data for b in batches], ignore_index=True)
    geometry = None
    if any(b.geometry is not None for b in batches):
        geometry = np.concatenate(
            [np.full(len(b.data), None) if b.geometry is None else b.geometry for b in batches]
        )
    lost = [b.left_out for b in batches if len(b.left_out)]
    return _Raw(
        left_out=pd.concat(lost, ignore_index=True) if lost else _no_rows(),
        data=data,
        rows=np.concatenate([b.rows for b in batches]),
        geometry=geometry,
        crs=next((b.crs for b in batches if b.crs is not None), None),
        notes=tuple({repr(n): n for b in batches for n in b.notes}.values()),
        area_level=any(b.area_level for b in batches),
        sha256=sha256,
    )


def _batches(settings: LayerSettings, box: Box | None = None) -> Iterator[RawTable]:
    path = settings.path
    form = format_of(path)
    try:
        if box is not None and form.read_within is not None and _is_large(path):
            for table in form.read_within(path, box, layer=settings.layer):
                yield replace(table, notes=(*table.notes, Note("read_within")))
            return
        yield from format_of(path).read(path, sheet=settings.sheet, layer=settings.layer)
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read",
            (Problem(path.name, f"expected a readable file, found: {error.strerror or error}"),),
        ) from error


def _is_large(path: Path) -> bool:
    inside = path.rglob("*") if path.is_dir() else [path]
    return sum(one.stat().st_size for one in inside if one.is_file()) > LARGE_BYTES


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({name: [] for name in LEFT_OUT_COLUMNS})


# --- the layer --------------------------------------------------------------------------------


def _layer(
    raw: _Raw,
    settings: LayerSettings,
    kind: Kind,
    project: Project,
    area: StudyArea | None,
    known: Known | None,
) -> Layer:
    names = [str(name) for name in raw.data.columns]
    where = settings.path.name
    columns = dict(settings.columns)
    named = () if settings.areas is None else (AREA_FIELD,)
    allowed = [*(f.name for f in kind.fields), *POSITION_FIELDS, *named]
    problems = misnamed(columns, names, allowed, where) if names else []
    if problems:
        raise SourceError(f"{where} lacks columns", tuple(problems))
    shapes = raw.geometry
    shaped = shapes is not None and not shapely.is_missing(shapes).all()
    given = {k: v for k, v in columns.items() if k in POSITION_FIELDS}
    areas = None if shaped or given else settings.areas
    by_column = bool(given) or not (shaped or areas)
    position, others = find_position(names, given) if by_column else (Position("none"), ())
    found = find_columns(kind.fields, names, columns, taken=position.columns)
    rows = Rows(
        settings,
        kind,
        project.vocabulary,
        raw.data,
        raw.rows,
        found,
        notes=[
            *raw.notes,
            *columns_note(found, position, others),
            *_areas_note(settings.areas, areas),
        ],
        positions=position.columns,
    )
    if not len(rows):
        lost = position.scheme == "none" and raw.geometry is None and areas is None
        if lost and not len(raw.left_out):
            raise SourceError(f"{where} lacks columns", (lacks_position(where, names),))
        rows.notes.append(Note("no_rows", {}, "warning"))
        return _finish(raw, rows, Built({}), np.empty(0, dtype=object), known)
    if areas is not None:
        raw, geometry = _join(raw, rows, areas, project, area)
    elif position.scheme != "none":
        geometry = place_columns(rows, position, project.crs, area)
    elif shapes is not None and shaped:
        geometry = place_shapes(rows, shapes, raw.crs, project.crs, area)
    else:
        rows.problems.append(lacks_position(where, names))
        geometry = np.full(len(rows), None, dtype=object)
    if area is not None:
        geometry = keep_inside(rows, geometry, area)
    if kind.name == "area":
        _select(rows, project)
    assert kind.build is not None  # noqa: S101 - kinds without one stream
    built = kind.build(rows)
    if rows.problems:
        return _unusable(raw, settings, kind, tuple(rows.problems), tuple(rows.notes))
    return _finish(raw, rows, built, geometry, known)


def _join(
    raw: _Raw, rows: Rows, path: Path, project: Project, area: StudyArea | None
) -> tuple[_Raw, Geometries]:
    """Place rows by the areas that they name; tell of the areas' file in what was read."""
    areas = _read_raw(replace(rows.settings, path=path, sheet=None))
    rows.notes += areas.notes
    shapes = join_areas(rows, areas.data, areas.geometry, path.name)
    geometry = place_shapes(rows, shapes, areas.crs, project.crs, area)
    return replace(raw, areas=(path.name, areas.sha256)), geometry


def columns_note(
    found: Mapping[str, str], position: Position, others: tuple[str, ...]
) -> list[Note]:
    """Say which columns were chosen for what, and which others could have held the position."""
    notes = []
    pairs = {**dict(zip(position.fields, position.columns, strict=True)), **found}
    if pairs:
        text = ", ".join(f"{name} = {column}" for name, column in pairs.items())
        notes.append(Note("columns_found", {"columns": text}))
    if others:
        notes.append(
            Note(
                "position_chosen",
                {"chosen": ", ".join(position.columns), "others": ", ".join(others)},
            )
        )
    return notes


def _areas_note(given: Path | None, used: Path | None) -> list[Note]:
    if given is None or used is not None:
        return []
    return [Note("areas_unused", {"file": given.name}, "warning")]


def lacks_position(where: str, names: Sequence[str]) -> Problem:
    """Say that no column tells where the rows are, and what mends it."""
    if any(map(_VALUE.fullmatch, names)):
        return Problem(
            where,
            f"expected the names of the columns in the first row, found values: {listed(names)}",
            "write names above the columns: lon, lat, …",
        )
    return Problem(
        where,
        f"expected columns for a position (lon and lat, x and y, or one), found {listed(names)}",
        'name them in the project file: columns = { lon = "…", lat = "…" } or { x = "…", y = "…" }'
        '; rows that name an area by its code need a file of areas: areas = "…"',
    )


def _select(rows: Rows, project: Project) -> None:
    """Leave out the polygons that ``[area] select`` does not pick."""
    wish = project.area.select
    if wish is None:
        if rows.usable.sum() > 1:
            rows.notes.append(Note("area_dissolved", {"n": int(rows.usable.sum())}))
        return
    column, value = wish
    names = [str(name) for name in rows.data.columns]
    where = f"{project.path.name} [area.select]"
    if column not in names:
        rows.problems.append(
            Problem(where, f"expected a column {column!r} in {rows.settings.path.name}, found "
                    f"{listed(names)}")
        )  # fmt: skip
        return
    values = as_text(rows.data[column])
    picked = (values.map(squeeze, na_action="ignore") == squeeze(value)).to_numpy(dtype=bool)
    rows.leave_out(~picked, "not_selected", column)
    if not picked.any():
        shown = most_common({str(k): int(v) for k, v in values.value_counts().items()}, 5)
        rows.problems.append(
            Problem(where, f"expected a row in which {column} is {value!r}, found {shown}")
        )


# --- the end of the road ----------------------------------------------------------------------


def _finish(
    raw: _Raw, rows: Rows, built: Built, geometry: Geometries, known: Known | None
) -> Layer:
    """Give ids, leave duplicates out, judge area-level coordinates, and count everything."""
    settings, kind = rows.settings, rows.kind
    identity = _identify(rows, geometry)
    left_out = _joined(raw.left_out, rows.left_out())
    at = np.flatnonzero(rows.usable)
    table = pd.DataFrame({"id": identity.iloc[at].reset_index(drop=True)})
    for name, values in built.columns.items():
        table[name] = _taken(values, at)
    geometry = geometry[at]
    events = presence = None
    crowd = np.zeros(len(at), dtype=bool)
    if kind.counted and built.category is not None:
        crowd = _area_level(rows, built, table, geometry, at, known, all_of_it=raw.area_level)
        geometry = without(geometry, crowd)
        table["area_level"] = crowd
        events = _events(rows, built, geometry[~crowd], at[~crowd])
        _say_what_is_known_of_hours(rows, events)
    elif kind.counted:
        events = _events(rows, Built({}), geometry, at)
    if built.presence is not None:
        presence = built.presence(at, geometry)
    counts = left_out["reason"].value_counts()
    reasons = {reason: int(counts[reason]) for reason in in_order(counts.index)}
    problems = tuple(rows.problems) or _nothing_left(settings, kind, len(at), reasons)
    report = Report(
        name=settings.name,
        kind=settings.kind,
        path=settings.path.name,
        sha256=raw.sha256,
        areas=raw.areas,
        read=len(rows) + len(raw.left_out),
        accepted=len(at),
        left_out=reasons,
        area_level=int(crowd.sum()),
        notes=tuple(rows.notes),
        problems=problems,
    )
    return Layer(settings.name, settings.kind, table, geometry, left_out, report, events, presence)


def in_order(reasons: Iterable[object]) -> list[str]:
    """Give reasons in the order in which they are looked for."""
    order = {reason: i for i, reason in enumerate(REASONS)}
    return sorted((str(r) for r in reasons), key=lambda r: (order.get(r, len(order)), r))


def _taken(values: ArrayLike | pd.Series, at: NDArray[np.int64]) -> Any:  # noqa: ANN401 - a column
    if isinstance(values, pd.Series):
        return values.iloc[at].reset_index(drop=True)
    return np.asarray(values)[at]


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    parts = [part[list(LEFT_OUT_COLUMNS)] for part in (first, second) if len(part)]
    if not parts:
        return _no_rows()
    joined = pd.concat([p.astype({"row": np.int64}) for p in parts], ignore_index=True)
    return joined.sort_values("row", kind="stable", ignore_index=True)


def _identify(rows: Rows, geometry: Geometries) -> pd.Series:
    """Give every row its id: the source's own, else its number; repeated rows are left out."""
    numbered = pd.Series(rows.rows).astype("str")
    own: pd.Series | None = None
    column = ""
    for name in rows.kind.identifiers:
        if rows.has(name):
            values = rows.text(name)
            column = column or rows.columns[name]
            own = values if own is None else own.fillna(values)
    if rows.kind.repeats:
        return numbered if own is None or own.isna().any() or own.duplicated().any() else own
    usable = rows.usable
    if own is not None:
        there = own.notna().to_numpy()
        repeated = own.where(usable).duplicated().to_numpy() & there & usable
        told = any(name in rows.settings.columns for name in rows.kind.identifiers)
        again = int(repeated.sum())
        if told or again <= max(_SAME_ID * int((there & usable).sum()), 1):
            rows.leave_out(repeated, "duplicate", column)
            if own.isna().any():
                _leave_out_copies(rows, geometry, own.isna().to_numpy())
            return own.fillna("row-" + numbered)
        rows.notes.append(Note("id_not_unique", {"column": column, "n": again}, "warning"))
    _leave_out_copies(rows, geometry, np.ones(len(rows), dtype=bool))
    return numbered


def _leave_out_copies(rows: Rows, geometry: Geometries, among: Mask) -> None:
    """Leave out rows that are wholly the same as an earlier usable one."""
    at = np.flatnonzero(rows.usable & among)
    if not len(at):
        return
    if "line" not in rows.kind.shapes and "polygon" not in rows.kind.shapes:
        # Only points that share their coordinates can be wholly the same.
        spots = shapely.get_x(geometry[at]) + 1j * shapely.get_y(geometry[at])
        _, which, counts = np.unique(spots, return_inverse=True, return_counts=True)
        at = at[counts[which] > 1]
    seen = rows.data.iloc[at].copy()
    if rows.positions == ():
        seen["\0shape"] = shapely.to_wkb(geometry[at])
    copies = np.zeros(len(rows), dtype=bool)
    copies[at] = seen.duplicated().to_numpy()
    rows.leave_out(copies, "duplicate")


def _area_level(
    rows: Rows,
    built: Built,
    table: pd.DataFrame,
    geometry: Geometries,
    at: NDArray[np.int64],
    known: Known | None,
    *,
    all_of_it: bool,
) -> Mask:
    """Mark the events whose coordinate is an area's centre, and say so plainly."""
    assert built.category is not None  # noqa: S101 - the caller saw it
    x, y = shapely.get_x(geometry), shapely.get_y(geometry)
    crowd: Mask = np.ones(len(at), dtype=bool)
    if not all_of_it:
        crowd = area_level(
            x,
            y,
            known=known or Known(),
            place=table.get("place"),
            different=(built.category[at], table["time"].to_numpy()),
        )
    if crowd.any():
        spots = len(np.unique(np.round(np.column_stack([x[crowd], y[crowd]]), 2), axis=0))
        values = {"n": int(crowd.sum()), "total": len(at), "points": spots}
        rows.notes.append(Note("area_level", values, "warning"))
    return crowd


def _events(rows: Rows, built: Built, geometry: Geometries, at: NDArray[np.int64]) -> Events:
    """Make what the cube counts of the rows at the given positions."""
    n = len(rows)
    month = np.full(n, UNKNOWN_MONTH, dtype=np.int32) if built.month is None else built.month
    hour = np.full(n, UNKNOWN_HOUR, dtype=np.int16) if built.hour is None else built.hour
    category = np.zeros(n, dtype=np.int32) if built.category is None else built.category
    weight = np.ones(n) if built.weight is None else built.weight
    return Events(
        x=shapely.get_x(geometry).astype(np.float64),
        y=shapely.get_y(geometry).astype(np.float64),
        month=month[at],
        hour=hour[at],
        category=category[at],
        categories=rows.vocabulary.keys,
        weight=weight[at],
        between=None if built.between is None else built.between.take(at),
        day=None if built.day is None else built.day[at],
    )


def _say_what_is_known_of_hours(rows: Rows, events: Events) -> None:
    """Count the events that are spread, and those of which not even a span of hours is known."""
    unknown = events.hour == UNKNOWN_HOUR
    if events.between is not None:
        rows.notes.append(between_note(*events.between.extent()))
        unknown &= ~(events.between.needed & events.between.timed)
    n = int(unknown.sum())
    if n:
        rows.notes.append(Note("hours_unknown", {"n": n, "total": len(events)}))


def _nothing_left(
    settings: LayerSettings, kind: Kind, accepted: int, reasons: Mapping[str, int]
) -> tuple[Problem, ...]:
    """Say that no row could be used, unless there is none, or all simply lie elsewhere.

    A list of the whole country's bathing sites may well have none in the municipality.
    """
    elsewhere = set(reasons) <= {"outside_area"} and not kind.counted
    if accepted or not reasons or elsewhere:
        return ()
    said = most_common(dict(sorted(reasons.items(), key=lambda item: -item[1])), 4)
    cure = "see left_out for each row"
    if "outside_area" in reasons:
        cure = (
            "check that the file is about the project's area, and its coordinate system (crs = …)"
        )
    elif "unknown_category" in reasons:
        cure = 'map the words in the project file: [categories.littering] words = ["…"]'
    elif "unreadable_date" in reasons or "no_date" in reasons:
        cure = 'name the column in the project file: columns = { time = "…" }'
    return (
        Problem(
            settings.path.name,
            f"expected usable rows, found none among {sum(reasons.values())}: {said}",
            cure,
        ),
    )


def _unusable(
    raw: _Raw,
    settings: LayerSettings,
    kind: Kind,
    problems: tuple[Problem, ...],
    notes: tuple[Note, ...] = (),
) -> Layer:
    """Make the layer of a source that cannot be used: no rows, every row left out."""
    rest = pd.DataFrame(
        {
            "row": raw.rows,
            "reason": "unusable_source",
            "column": pd.Series([None] * len(raw.rows), dtype="str"),
            "value": pd.Series([None] * len(raw.rows), dtype="str"),
        }
    )
    left_out = _joined(raw.left_out, rest)
    counts = left_out["reason"].value_counts()
    report = Report(
        name=settings.name,
        kind=kind.name,
        path=settings.path.name,
        sha256=raw.sha256,
        read=len(left_out),
        accepted=0,
        left_out={reason: int(counts[reason]) for reason in in_order(counts.index)},
        notes=notes,
        problems=problems,
    )
    empty = np.empty(0, dtype=object)
    return Layer(settings.name, kind.name, pd.DataFrame({"id": []}), empty, left_out, report)
