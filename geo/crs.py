"""Reprojects, and finds out which coordinate system a pair of columns is in; nothing else does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from geo.errors import PlaceError, Problem
from geo.note import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Box = tuple[float, float, float, float]

WGS84 = 4326
SWEREF99_TM = 3006
RT90 = 3021
WEB_MERCATOR = 3857
SWEREF99_LOCAL = tuple(range(3007, 3019))
"""The twelve local zones, SWEREF 99 12 00 to 23 15; they share false easting and shape."""

CANDIDATES = (WGS84, SWEREF99_TM, *SWEREF99_LOCAL, RT90, WEB_MERCATOR)
"""Coordinate systems that Swedish tables come in."""

SWEDEN: Box = (10.5, 55.2, 24.2, 69.1)
"""West, south, east, north, degrees."""

ENOUGH = 0.9
"""Share of the points that must lie where they should for a coordinate system to be believed."""

_LOOKED_AT = 5000
_METRES_PER_DEGREE = 111_320.0
_SAME_PLACE_METRES = 1.0
_HIGHEST_UTM_LATITUDE = 84.0
_CURE = "say it: crs = 3006 in the layer's entry of the project file, or --crs 3006"


@dataclass(frozen=True, slots=True)
class Finding:
    """Which coordinate system two columns are in, and in which order.

    ``swapped`` means that the first column holds the north coordinate (latitude) and the second
    the east (longitude). ``share_inside`` is the share of the points looked at that lie where they
    should; NaN when there was no point to look at. ``notes`` say the choice aloud.
    """

    epsg: int
    swapped: bool
    share_inside: float
    notes: tuple[Note, ...] = ()

    def place(self, a: ArrayLike, b: ArrayLike, epsg: int) -> tuple[Floats, Floats]:
        """Give east and north of the columns in the coordinate system ``epsg``."""
        return (
            transform(b, a, self.epsg, epsg) if self.swapped else transform(a, b, self.epsg, epsg)
        )


def transform(
    a: ArrayLike, b: ArrayLike, from_crs: CRS | int, to_crs: CRS | int
) -> tuple[Floats, Floats]:
    """Reproject arrays; always east (longitude) before north (latitude), whatever the authority.

    What cannot be reprojected, and what was not finite, is NaN in both results. The input stays
    as it was. Raises ``PlaceError`` for an unknown coordinate system.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if from_crs == to_crs:
        x, y = a.copy(), b.copy()
    else:
        x, y = (np.asarray(c) for c in _transformer(from_crs, to_crs).transform(a, b))
    lost = ~(np.isfinite(x) & np.isfinite(y))
    return np.where(lost, np.nan, x), np.where(lost, np.nan, y)


def to_metres(lon: ArrayLike, lat: ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Reproject longitude and latitude (WGS 84, degrees) to east and north of a projected system.

    The unit is that of the system; ``require_metres`` makes sure that it is metres.
    """
    return transform(lon, lat, WGS84, epsg)


def to_lonlat(x: ArrayLike, y: ArrayLike, epsg: int) -> tuple[Floats, Floats]:
    """Reproject east and north to longitude and latitude (WGS 84, degrees)."""
    return transform(x, y, epsg, WGS84)


def reproject(
    geometries: NDArray[np.object_], from_crs: CRS | int, to_crs: CRS | int
) -> NDArray[np.object_]:
    """Reproject shapely geometries; None stays None and heights are dropped."""
    if from_crs == to_crs:
        return np.asarray(shapely.force_2d(geometries), dtype=object)

    def move(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return transform(x, y, from_crs, to_crs)

    moved = shapely.transform(
        geometries,
        move,  # type: ignore[arg-type]  # the types know interleaved points only
        interleaved=False,
    )
    return np.asarray(moved, dtype=object)


def require_metres(epsg: int) -> CRS:
    """Give a coordinate system in which a metre is about a metre on the ground.

    Raises ``PlaceError``, with the cure, for unknown codes, degrees, other units, and for
    Mercator, whose metres grow with latitude (in Sweden one on the ground is about two).
    """
    crs = _crs(epsg)
    if not crs.is_projected:
        found = "degrees" if crs.is_geographic else "no plane coordinates"
    elif any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        found = f"the unit {crs.axis_info[0].unit_name}"
    elif _stretches(crs):
        found = "metres that grow with latitude"
    else:
        return crs
    raise PlaceError(
        f"EPSG:{epsg} ({crs.name}) cannot be measured in",
        (
            Problem(
                f"EPSG:{epsg}",
                f"expected a projected coordinate system in metres, found {found}",
                "use crs = 3006 (SWEREF 99 TM) or a local zone 3007 to 3018; abroad the UTM zone",
            ),
        ),
    )


def metric_crs_for(lon: ArrayLike, lat: ArrayLike) -> int:
    """Choose a coordinate system in metres for points (degrees): EPSG:3006 in Sweden, else UTM.

    The UTM zone is that of the median point. With no finite point it is EPSG:3006. Raises
    ``PlaceError`` where there is no UTM (beyond 84 degrees). Points spread over more than a few
    zones get true distances in none.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    there = np.isfinite(lon) & np.isfinite(lat)
    if not there.any() or _share_in(lon[there], lat[there], SWEDEN) >= ENOUGH:
        return SWEREF99_TM
    middle_lon, middle_lat = float(np.median(lon[there])), float(np.median(lat[there]))
    if abs(middle_lat) > _HIGHEST_UTM_LATITUDE:
        raise PlaceError(
            "No coordinate system in metres is known for these points",
            (
                Problem(
                    "coordinates",
                    f"expected latitudes within ±84 degrees, found {middle_lat:.2f} in the middle",
                    "check that longitude and latitude are in their own columns, or give --crs",
                ),
            ),
        )
    zone = int((middle_lon + 180) % 360 // 6) + 1
    return (32600 if middle_lat >= 0 else 32700) + zone


def find_coordinates(
    a: ArrayLike,
    b: ArrayLike,
    *,
    box: Box | None,
    target_epsg: int | None = None,
    names: tuple[str, str] | None = None,
    where: str = "coordinates",
) -> Finding:
    """Find out which coordinate system two columns are in, and which of them is east.

    A system is believed when at least 90 % of the points (finite, not 0, 0) lie inside ``box``
    (longitude and latitude: west, south, east, north; widened by a tenth). ``target_epsg`` is
    tried beside ``CANDIDATES``. Without a box the ranges of degrees and of Sweden decide, each
    local zone within its own area of use; there ``names``, the columns' names, are believed about
    the order of degrees and may name the system. ``where`` names the source in errors.

    At most 5 000 points, chosen by a fixed seed, are looked at. With none to look at the answer
    is ``target_epsg`` (or WGS 84), with a warning. Raises ``PlaceError`` when no system fits and
    when several do that put the points more than a metre apart: it never picks one of them.

    The 90 % rule can mislead when most rows hold one default point inside the box.
    """
    a, b = _worth_looking_at(a, b)
    if not len(a):
        nothing = Note("coordinates_absent", {}, "warning")
        return Finding(target_epsg or WGS84, swapped=False, share_inside=np.nan, notes=(nothing,))
    systems = CANDIDATES
    if target_epsg is not None and target_epsg not in systems:
        systems = (*systems, target_epsg)
    if box is None:
        fitting = _fitting_anywhere(a, b, systems, names)
        expected = "coordinates of Sweden, or longitude and latitude"
    else:
        fitting = _fitting(a, b, systems, dict.fromkeys(systems, _widened(box)))
        expected = f"points inside the area, {_box_text(box)}"
    if not fitting:
        raise PlaceError(
            "The coordinate system of the points could not be found",
            (Problem(where, f"expected {expected}; found {_look(a, b, box)}", _CURE),),
        )
    best = max(fitting, key=lambda f: f.share_inside)
    if any(_apart(a, b, best, other) > _SAME_PLACE_METRES for other in fitting):
        raise PlaceError(
            "The coordinate system of the points is ambiguous",
            (
                Problem(
                    where, f"expected one answer, found {_list(fitting)}", _ambiguity_cure(fitting)
                ),
            ),
        )
    # The same place by several names: the first in the list of candidates is the best known.
    chosen = fitting[0]
    values = {"epsg": chosen.epsg, "name": system_name(chosen.epsg), "swapped": chosen.swapped}
    key = "coordinates_found_swapped" if chosen.swapped else "coordinates_found"
    return Finding(chosen.epsg, chosen.swapped, chosen.share_inside, (Note(key, values),))


@cache
def system_name(epsg: int) -> str:
    """Name a coordinate system as people do: ``SWEREF99 15 00`` becomes ``SWEREF 99 15 00``."""
    return re.sub(r"^SWEREF99\b", "SWEREF 99", _crs(epsg).name)


@cache
def _crs(epsg: int) -> CRS:
    try:
        return CRS.from_epsg(epsg)
    except CRSError:
        raise PlaceError(
            f"There is no coordinate system EPSG:{epsg}",
            (
                Problem(
                    f"EPSG:{epsg}",
                    "expected the number of a coordinate system in the EPSG register, found none",
                    "SWEREF 99 TM is 3006, the local zones are 3007 to 3018",
                ),
            ),
        ) from None


@cache
def _transformer(from_crs: CRS | int, to_crs: CRS | int) -> Transformer:
    source = _crs(from_crs) if isinstance(from_crs, int) else from_crs
    target = _crs(to_crs) if isinstance(to_crs, int) else to_crs
    return Transformer.from_crs(source, target, always_xy=True)


def _stretches(crs: CRS) -> bool:
    operation = crs.coordinate_operation
    method = operation.method_name if operation is not None else ""
    return method.startswith(("Mercator", "Popular Visualisation Pseudo Mercator"))


def _worth_looking_at(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Keep finite points that are not 0, 0, at most ``_LOOKED_AT`` of them, by a fixed seed."""
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    keep = np.flatnonzero(np.isfinite(a) & np.isfinite(b) & ((a != 0) | (b != 0)))
    if len(keep) > _LOOKED_AT:
        keep = np.sort(np.random.default_rng(0).choice(keep, _LOOKED_AT, replace=False))
    return a[keep], b[keep]


def _share_in(lon: Floats, lat: Floats, box: Box) -> float:
    """Share of points inside a box; its edges belong to it."""
    west, south, east, north = box
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return float(inside.mean())


def _widened(box: Box) -> Box:
    """Widen a box by a tenth on each side, at least by about a kilometre."""
    west, south, east, north = box
    across, up = max(0.1 * (east - west), 0.02), max(0.1 * (north - south), 0.01)
    return west - across, south - up, east + across, north + up


def _fitting(a: Floats, b: Floats, systems: Sequence[int], boxes: dict[int, Box]) -> list[Finding]:
    """Give every system and order that puts enough of the points inside the system's box."""
    found = []
    for epsg in systems:
        for swapped in (False, True):
            x, y = (b, a) if swapped else (a, b)
            if epsg == WGS84:
                lon, lat = x, y
            elif max(np.abs(x).max(), np.abs(y).max()) < 360:  # noqa: PLR2004 - degrees
                continue  # degrees, which as metres would lie in the sea off Africa
            else:
                lon, lat = to_lonlat(x, y, epsg)
            share = _share_in(lon, lat, boxes[epsg])
            if share >= ENOUGH:
                found.append(Finding(epsg, swapped, share))
    return found


def _fitting_anywhere(
    a: Floats, b: Floats, systems: Sequence[int], names: tuple[str, str] | None
) -> list[Finding]:
    """Give what fits when no area is known: degrees by their range, metres by Sweden."""
    told = _system_in(names)
    if told in {None, WGS84}:
        fitting = _fitting(a, b, (WGS84,), {WGS84: (-180, -90, 180, 90)})
        if fitting:
            return _order_of_degrees(a, b, fitting, names)
    systems = [s for s in systems if s != WGS84] if told is None else [told]
    return _fitting(a, b, systems, {s: _area_of_use(s) for s in systems})


def _order_of_degrees(
    a: Floats, b: Floats, fitting: list[Finding], names: tuple[str, str] | None
) -> list[Finding]:
    """Choose between lon, lat and lat, lon: by the names, else by which of them is in Sweden."""
    axes = [_axis(name) for name in names] if names else []
    if {"east", "north"} == set(axes):
        by_name = [f for f in fitting if f.swapped == (axes[0] == "north")]
        if by_name:
            return by_name
    in_sweden = _fitting(a, b, (WGS84,), {WGS84: SWEDEN})
    return in_sweden if len(in_sweden) == 1 else fitting


def _axis(name: str) -> str | None:
    """Tell from a column's name whether it holds the east or the north coordinate of degrees."""
    word = re.sub(r"[\W_\d]+", "", name).casefold()
    if word.startswith(("lon", "lng")) or word.endswith(("lon", "lng", "long", "longitude")):
        return "east"
    if word.startswith("lat") or word.endswith(("lat", "latitude", "latitud")):
        return "north"
    return None


def _system_in(names: tuple[str, str] | None) -> int | None:
    """Tell the coordinate system that both columns' names name, if they do."""
    if names is None:
        return None
    told = {_system_in_name(name) for name in names}
    return told.pop() if len(told) == 1 else None


def _system_in_name(name: str) -> int | None:
    word = re.sub(r"[\W_]+", "", name).casefold()
    code = re.search(r"(?<!\d)(4326|3006|30(?:0[7-9]|1[0-8])|3021|3857)(?!\d)", name)
    if code:
        return int(code[1])
    zone = re.search(r"sweref(?:99)?(\d{4})(?!\d)", word)
    if zone:
        wanted = f"SWEREF99 {zone[1][:2]} {zone[1][2:]}"
        return next((epsg for epsg in SWEREF99_LOCAL if _crs(epsg).name == wanted), None)
    known = {"sweref99tm": SWEREF99_TM, "swereftm": SWEREF99_TM, "rt90": RT90, "wgs84": WGS84}
    return next((epsg for text, epsg in known.items() if text in word), None)


def _area_of_use(epsg: int) -> Box:
    """Box in which a system is used: the register's, a degree wider; Sweden for world maps."""
    area = _crs(epsg).area_of_use
    if area is None or epsg in {WGS84, WEB_MERCATOR}:
        return SWEDEN
    return area.west - 1, area.south - 1, area.east + 1, area.north + 1


def _apart(a: Floats, b: Floats, one: Finding, other: Finding) -> float:
    """Give the greatest distance in metres between two readings of the points; inf if one fails."""
    lon, lat = one.place(a, b, WGS84)
    lon_other, lat_other = other.place(a, b, WGS84)
    if not np.array_equal(np.isnan(lon), np.isnan(lon_other)):
        return np.inf
    east = (lon - lon_other) * np.cos(np.radians(lat))
    distance = np.hypot(east, lat - lat_other) * _METRES_PER_DEGREE
    return float(np.nanmax(distance)) if np.isfinite(distance).any() else 0.0


def _reading(finding: Finding) -> str:
    name = f"{system_name(finding.epsg)} (EPSG:{finding.epsg})"
    return f"{name} with north before east" if finding.swapped else name


def _list(findings: Sequence[Finding]) -> str:
    return f"{len(findings)}: " + ", ".join(_reading(f) for f in findings)


def _ambiguity_cure(fitting: Sequence[Finding]) -> str:
    if {f.epsg for f in fitting} == {WGS84}:
        return "say which column is which: --lon COLUMN --lat COLUMN"
    codes = ", ".join(str(e) for e in dict.fromkeys(f.epsg for f in fitting))
    return f"{_CURE} (one of {codes})"


def _box_text(box: Box) -> str:
    west, south, east, north = box
    return f"longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}"


def _look(a: Floats, b: Floats, box: Box | None) -> str:
    """Describe values that fit nothing: their ranges, and where the likeliest readings put them."""
    ranges = " and ".join(f"{v.min():.10g} to {v.max():.10g}" for v in (a, b))
    said = []
    for epsg in (WGS84, SWEREF99_TM, RT90, WEB_MERCATOR):
        for swapped in (False, True):
            reading = Finding(epsg, swapped, 0.0)
            lon, lat = reading.place(a, b, WGS84)
            if _share_in(lon, lat, SWEDEN) >= 0.5:  # noqa: PLR2004 - most of them
                middle = f"{np.nanmedian(lon):.2f} E {np.nanmedian(lat):.2f} N"
                inside = "" if box is None else f", {_count_in(lon, lat, _widened(box))} inside"
                said.append(f"as {_reading(reading)} they lie round {middle}{inside}")
    if not said:
        said = ["they lie in Sweden as neither degrees, SWEREF 99 TM, RT 90 nor Web Mercator"]
    return f"values {ranges} (points: {len(a)}); {'; '.join(said)}"


def _count_in(lon: Floats, lat: Floats, box: Box) -> str:
    return f"{round(_share_in(lon, lat, box) * len(lon))} of {len(lon)}"
