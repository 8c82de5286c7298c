"""Where rows are: positions from columns or shapes, their coordinate system found, in metres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS

from geo.crs import WGS84, Finding, find_coordinates, reproject, system_name
from geo.errors import PlaceError
from geo.note import Note
from layers.columns import Position
from layers.numbers import read_numbers, read_pair
from layers.rows import as_text

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.rows import Rows

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Geometries = NDArray[np.object_]
    Box = tuple[float, float, float, float]

_SHAPES = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon"}
_MULTIPOINT = 4
_MOSTLY = 0.5
_NEARLY_ALL = 0.9


@dataclass(frozen=True, eq=False)
class StudyArea:
    """The ground that a project is about: its polygon in metres, its box in degrees, its edge.

    ``reach`` is the polygon widened by the project's buffer, prepared for questions; ``box`` is
    west, south, east, north.
    """

    name: str
    geometry: BaseGeometry
    reach: BaseGeometry
    box: Box
    crs: int


def read_position(
    data: pd.DataFrame, position: Position
) -> tuple[Floats, Floats, Mask, Mask, Mask]:
    """Read a position's columns: two arrays, and which are missing, unreadable, and 0, 0."""
    if position.scheme == "pair":
        a, b, bad = read_pair(data[position.a])
        missing = np.isnan(a) & ~bad
    else:
        a, bad_a = read_numbers(data[position.a])
        b, bad_b = read_numbers(data[position.b])
        bad = bad_a | bad_b
        missing = (np.isnan(a) | np.isnan(b)) & ~bad
    return a, b, missing, bad, (a == 0) & (b == 0)


def place_columns(rows: Rows, position: Position, epsg: int, area: StudyArea | None) -> Geometries:
    """Read positions from columns, find their system, and place them; the rest are left out."""
    if position.scheme == "wkt":
        return _place_wkt(rows, position, epsg, area)
    a, b, missing, bad, zero = read_position(rows.data, position)
    first = position.a
    rows.leave_out(missing, "no_position", first)
    rows.leave_out(bad, "unreadable_position", _at_fault(rows.data, position))
    rows.leave_out(zero, "zero_position", first)
    finding = system_of(rows, position, a, b, area)
    rows.notes += finding.notes
    usable = rows.usable
    x, y = finding.place(np.where(usable, a, np.nan), np.where(usable, b, np.nan), epsg)
    rows.leave_out(np.isnan(x), "unreadable_position", first)
    geometry = np.full(len(rows), None, dtype=object)
    there = ~np.isnan(x)
    geometry[there] = shapely.points(x[there], y[there])
    if area is not None:
        astray = usable & ~shapely.intersects(area.reach, geometry)
        _say_turned(rows, position, finding, a[astray], b[astray], area)
    return geometry


def _say_turned(
    rows: Rows, position: Position, finding: Finding, a: Floats, b: Floats, area: StudyArea
) -> None:
    """Count the rows outside the area that would be in it if north and east were swapped."""
    turned = replace(finding, swapped=not finding.swapped)
    n = int(shapely.contains_xy(area.reach, *turned.place(a, b, area.crs)).sum())
    if n:
        columns = ", ".join(position.columns)
        rows.notes.append(Note("axes_turned", {"n": n, "columns": columns}, "warning"))


def _at_fault(data: pd.DataFrame, position: Position) -> str:
    """Name the column of a position in which more values cannot be read."""
    if position.scheme == "pair":
        return position.a
    bad = [int(read_numbers(data[name])[1].sum()) for name in position.columns]
    return position.columns[int(np.argmax(bad))]


def system_of(
    rows: Rows, position: Position, a: Floats, b: Floats, area: StudyArea | None
) -> Finding:
    """Find the coordinate system: as the settings say, by the area's box, else by the names.

    A list of the whole country lies mostly outside the box; then the columns' names are believed
    where they leave no doubt (longitude and latitude, or a system by its name).
    """
    where = rows.settings.path.name
    box = None if area is None else area.box
    if rows.settings.crs is not None:
        return as_told(rows.settings.crs, a, b, box)
    two = (position.a, position.b) if position.scheme in ("lonlat", "xy") else None
    target = None if area is None else area.crs
    try:
        return find_coordinates(
            a,
            b,
            box=box,
            target_epsg=target,
            names=two,
            where=f"{where} {', '.join(position.columns)}",
        )
    except PlaceError:
        if box is None or two is None:
            raise
        try:
            finding = find_coordinates(a, b, box=None, names=two, where=where)
        except PlaceError:
            finding = None
        if finding is None or (finding.epsg != WGS84 and position.scheme != "xy"):
            raise
        return finding


def as_told(epsg: int, a: Floats, b: Floats, box: Box | None) -> Finding:
    """Take the system that the settings name; the box decides which column is east."""
    plain = Finding(epsg, swapped=False, share_inside=np.nan)
    turned = Finding(epsg, swapped=True, share_inside=np.nan)
    box = box or area_of_use(epsg)
    swapped = share_in(turned, a, b, box) > max(share_in(plain, a, b, box), _MOSTLY)
    values = {"epsg": epsg, "name": system_name(epsg), "swapped": swapped}
    key = "coordinates_told_swapped" if swapped else "coordinates_told"
    return replace(turned if swapped else plain, notes=(Note(key, values),))


def area_of_use(epsg: int) -> Box:
    """Give the box (degrees) in which a coordinate system is meant to be used."""
    area = CRS.from_epsg(epsg).area_of_use
    return (-180.0, -90.0, 180.0, 90.0) if area is None else area.bounds


def share_in(finding: Finding, a: Floats, b: Floats, box: Box) -> float:
    """Give the share of the positions that a reading puts into a box (degrees)."""
    there = np.flatnonzero(np.isfinite(a) & np.isfinite(b) & ((a != 0) | (b != 0)))
    if not len(there):
        return 0.0
    lon, lat = finding.place(a[there], b[there], WGS84)
    west, south, east, north = box
    return float(((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).mean())


def _place_wkt(rows: Rows, position: Position, epsg: int, area: StudyArea | None) -> Geometries:
    """Read shapes written as text (WKT); their system is found from their first corners."""
    text = as_text(rows.data[position.a])
    missing = text.isna().to_numpy()
    written = text.to_numpy(dtype=object)
    written[missing] = None
    geometry = np.asarray(shapely.from_wkt(written, on_invalid="ignore"), dtype=object)
    rows.leave_out(missing, "no_position", position.a)
    return _place_geometry(rows, geometry, None, epsg, area, position)


def place_shapes(
    rows: Rows, shapes: Geometries, crs: CRS | None, epsg: int, area: StudyArea | None
) -> Geometries:
    """Bring the shapes of a file of geometries into the project's metres; the rest are left out."""
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    rows.leave_out(missing, "no_position")
    return _place_geometry(rows, shapes, crs, epsg, area, Position("none"))


def _place_geometry(
    rows: Rows,
    geometry: Geometries,
    crs: CRS | None,
    epsg: int,
    area: StudyArea | None,
    position: Position,
) -> Geometries:
    """Check shapes, mend invalid ones, and bring them into the project's metres."""
    column = position.a
    rows.leave_out(shapely.is_missing(geometry), "unreadable_position", column)
    rows.leave_out(shapely.is_empty(geometry), "no_position", column)
    kinds_of_shape = shapely.get_type_id(geometry)
    zero = (kinds_of_shape == 0) & (shapely.get_x(geometry) == 0) & (shapely.get_y(geometry) == 0)
    rows.leave_out(zero, "zero_position", column)
    geometry = _mended(rows, without(geometry, ~rows.usable))
    corner_x, corner_y = _corners(geometry)
    settings = rows.settings
    if settings.crs is not None:
        finding = as_told(settings.crs, corner_x, corner_y, None if area is None else area.box)
        rows.notes += finding.notes
        source: CRS | int = settings.crs
    elif crs is None:
        finding = system_of(rows, position, corner_x, corner_y, area)
        rows.notes += finding.notes
        source = finding.epsg
    else:
        finding = _order_of(crs, corner_x, corner_y, area)
        rows.notes += finding.notes
        source = crs
    if finding.swapped:
        geometry = shapely.transform(geometry, lambda xy: xy[:, ::-1])
    code = source if isinstance(source, int) else source.to_epsg(min_confidence=70)
    placed = reproject(geometry, source if code is None else code, epsg)
    lost = ~shapely.is_missing(placed) & ~np.isfinite(shapely.bounds(placed)).all(axis=1)
    rows.leave_out(lost, "unreadable_position", column)
    return _of_right_shape(rows, without(placed, lost), column)


def _order_of(crs: CRS, a: Floats, b: Floats, area: StudyArea | None) -> Finding:
    """Believe a file's own system, unless only turning the axes brings the shapes to the area."""
    as_is = Finding(crs.to_epsg(min_confidence=70) or WGS84, swapped=False, share_inside=np.nan)
    if area is None or crs.to_epsg(min_confidence=70) is None:
        return as_is
    turned = replace(as_is, swapped=True)
    if share_in(as_is, a, b, area.box) > 1 - _NEARLY_ALL:
        return as_is
    if share_in(turned, a, b, area.box) < _NEARLY_ALL:
        return as_is
    values = {"epsg": as_is.epsg, "name": system_name(as_is.epsg), "swapped": True}
    return replace(turned, notes=(Note("coordinates_found_swapped", values),))


def without(geometry: Geometries, gone: Mask) -> Geometries:
    """Give the shapes with None in the place of those that are gone."""
    kept = geometry.copy()
    kept[gone] = None
    return kept


def _corners(geometry: Geometries) -> tuple[Floats, Floats]:
    """Give one corner of every shape, NaN where there is no shape."""
    coordinates, whose = shapely.get_coordinates(geometry, return_index=True)
    a = np.full(len(geometry), np.nan)
    b = np.full(len(geometry), np.nan)
    owner, first = np.unique(whose, return_index=True)
    a[owner], b[owner] = coordinates[first, 0], coordinates[first, 1]
    return a, b


def _mended(rows: Rows, geometry: Geometries) -> Geometries:
    """Make invalid polygons valid and say how many there were."""
    broken = ~shapely.is_missing(geometry) & ~shapely.is_valid(geometry)
    broken &= shapely.get_dimensions(geometry) == 2  # noqa: PLR2004 - surfaces
    if not broken.any():
        return geometry
    rows.notes.append(Note("geometries_repaired", {"n": int(broken.sum())}))
    mended = geometry.copy()
    mended[broken] = [_surfaces(g) for g in shapely.make_valid(geometry[broken])]
    return mended


def _surfaces(geometry: BaseGeometry) -> BaseGeometry:
    """Keep the surfaces of what mending gave: it may leave lines behind."""
    parts = shapely.get_parts(geometry)
    flat = parts[shapely.get_dimensions(parts) == 2]  # noqa: PLR2004 - surfaces
    return shapely.union_all(flat) if len(flat) else geometry


def _of_right_shape(rows: Rows, geometry: Geometries, column: str) -> Geometries:
    """Leave out shapes that the kind of layer does not take; a multipoint of one is a point."""
    ids = shapely.get_type_id(geometry)
    single = (ids == _MULTIPOINT) & (shapely.get_num_geometries(geometry) == 1)
    if single.any():
        geometry = geometry.copy()
        geometry[single] = shapely.get_geometry(geometry[single], 0)
    taken = [number for number, shape in _SHAPES.items() if shape in rows.kind.shapes]
    wrong = ~shapely.is_missing(geometry) & ~np.isin(ids, taken)
    if rows.kind.counted:
        wrong |= (ids == _MULTIPOINT) & ~single
    rows.leave_out(wrong, "wrong_shape", column)
    return geometry


def keep_inside(rows: Rows, geometry: Geometries, area: StudyArea) -> Geometries:
    """Leave out what lies outside the area and its buffer; clip where the kind is clipped."""
    usable = rows.usable
    inside = np.zeros(len(rows), dtype=bool)
    beyond = rows.kind.beyond_m
    reach = shapely.buffer(area.reach, beyond) if beyond else area.reach
    inside[usable] = shapely.intersects(reach, geometry[usable])
    rows.leave_out(~inside, "outside_area", next(iter(rows.positions), ""))
    if not rows.kind.clipped:
        return geometry
    cut = np.flatnonzero(inside & ~shapely.covers(area.reach, geometry))
    clipped = geometry.copy()
    clipped[cut] = shapely.intersection(geometry[cut], area.reach)
    return clipped
