"""Guesses which polygon of a folder's files is the municipality, by where the events lie."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.crs import WGS84, find_coordinates, metric_crs_for, reproject
from geo.errors import PlaceError
from layers.columns import plain
from layers.look import word_in_name
from layers.positions import read_position
from layers.project import DEFAULT_CRS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from layers.look import Look

    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]

_MOSTLY = 0.5
_NEARLY_ALL = 0.75
_AREA_WORDS = ("kommun", "gräns", "municipality", "boundary", "stadsdel", "lokalpolisområde")
_NAMES = ("kommunnamn", "knnamn", "kom_namn", "kommun_namn", "namn", "kommun", "name")
_CODES = ("kommunkod", "knkod", "kom_kod", "kod", "code", "municipality_code")


@dataclass(frozen=True, eq=False)
class AreaGuess:
    """The municipality's polygon: a file, which of its polygons, its name, and why.

    ``crs`` is the system in metres to work in there.
    """

    look: Look
    select: tuple[str, str] | None
    name: str
    why: str
    crs: int


def guess_area(
    looks: Sequence[Look], others: Sequence[Look], rest: Collection[Look] = ()
) -> AreaGuess | None:
    """Find the municipality among layers of polygons: the polygon in which most points lie.

    Where a file holds one polygon only it is the area, if its name or columns say so. Parts of it
    (districts, statistical areas) are the area together where nearly all points lie in them: for
    files that say what they are, and those of the ``rest``, which are of no other use.
    """
    best: tuple[float, AreaGuess] | None = None
    for look in looks:
        told = _may_be_area(look)
        if look.shape != "polygon" or not (told or (look.whole and look in rest)):
            continue
        outlines, within = _shares(look, others)
        if not len(outlines):
            continue
        if _are_parts(within):
            share = float(within.sum())
            if best is None or share + told > best[0]:
                best = share + told, _area_of(look, None, share, outlines)
            continue
        if not told:
            continue
        at = int(np.argmax(within)) if within.any() else 0
        if len(outlines) > 1 and not within.any():
            continue
        found = _area_of(look, at, float(within[at]), outlines)
        worth = float(within[at]) + 1.0 / len(outlines) + _named_as_area(look)
        if best is None or worth > best[0]:
            best = worth, found
    return best[1] if best else None


def _are_parts(within: Floats) -> bool:
    """Say whether polygons hold the points together: most some, none most, all nearly all."""
    return (
        len(within) > 1
        and within.max() < _NEARLY_ALL <= within.sum()
        and float((within > 0).mean()) >= _MOSTLY
    )


def _may_be_area(look: Look) -> bool:
    folded = {plain(str(name)) for name in look.data.columns}
    says = bool(folded & {plain(name) for name in (*_NAMES[:4], *_CODES[:3])})
    return look.whole and (says or len(look.data) == 1 or bool(_named_as_area(look)))


def _named_as_area(look: Look) -> float:
    return float(bool(word_in_name(look, _AREA_WORDS)))


def _area_of(look: Look, at: int | None, share: float, outlines: Geometries) -> AreaGuess:
    """Describe the area that one polygon is, or all together; ``outlines`` are in degrees."""
    middle = shapely.centroid(outlines if at is None else outlines[at : at + 1])
    crs = DEFAULT_CRS
    with suppress(PlaceError):
        crs = metric_crs_for(shapely.get_x(middle), shapely.get_y(middle))
    row = look.data.iloc[at or 0]
    columns = {plain(str(name)): str(name) for name in look.data.columns}
    names = _NAMES if at is not None else _NAMES[:4]
    named = next((columns[plain(name)] for name in names if plain(name) in columns), None)
    name = str(row[named]) if named is not None and pd.notna(row[named]) else ""
    name = re.sub(r"s? kommun$", "", name, flags=re.IGNORECASE)
    why = f"{share:.0%} of the points of the other files lie in it" if share else "by its name"
    if at is None:
        return AreaGuess(look, None, name, f"{why}, in {len(look.data)} polygons together", crs)
    if len(look.data) == 1:
        return AreaGuess(look, None, name, why, crs)
    for code in (*_CODES, *_NAMES):
        column = columns.get(plain(code))
        if column is not None and look.data[column].is_unique and pd.notna(row[column]):
            return AreaGuess(look, (column, str(row[column])), name, why, crs)
    return AreaGuess(look, None, name, f"{len(look.data)} polygons, taken together", crs)


def _shares(look: Look, others: Sequence[Look]) -> tuple[Geometries, Floats]:
    """Give the outlines of polygons in degrees, and which share of others' points lies in each."""
    outlines = np.array([], dtype=object)
    if look.geometry is None:
        return outlines, np.zeros(0)
    crs = look.table.crs or WGS84
    with suppress(PlaceError):
        outlines = reproject(look.geometry, crs, WGS84)
    counts = np.zeros(len(outlines))
    total = 0
    box = tuple(float(edge) for edge in shapely.total_bounds(outlines))
    if len(box) != 4 or not np.isfinite(box).all():  # noqa: PLR2004 - a box has four edges
        return np.array([], dtype=object), np.zeros(0)
    for other in others:
        lon, lat = _points(other, (box[0], box[1], box[2], box[3]))
        total += len(lon)
        for i, outline in enumerate(outlines):
            counts[i] += int(shapely.contains_xy(outline, lon, lat).sum())
    return outlines, counts / max(total, 1)


def _points(look: Look, box: tuple[float, float, float, float]) -> tuple[Floats, Floats]:
    """Give the positions of a table in degrees, as far as they can be told within a box."""
    nothing = np.zeros(0)
    if look.geometry is not None:
        if look.shape != "point":
            return nothing, nothing
        shapes = look.geometry
        with suppress(PlaceError):
            shapes = reproject(look.geometry, look.table.crs or WGS84, WGS84)
        points = shapely.get_coordinates(shapely.centroid(shapes))
        return points[:, 0], points[:, 1]
    if look.position.scheme in ("none", "wkt"):
        return nothing, nothing
    a, b, missing, bad, zero = read_position(look.data, look.position)
    there = ~(missing | bad | zero)
    names = (look.position.a, look.position.b) if look.position.b else None
    with suppress(PlaceError):
        found = find_coordinates(a[there], b[there], box=box, names=names, where=look.path.name)
        lon, lat = found.place(a[there], b[there], WGS84)
        kept = np.isfinite(lon)
        return lon[kept], lat[kept]
    return nothing, nothing
