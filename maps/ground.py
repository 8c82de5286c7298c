"""Makes the ground that the page's map stands on: water, built-up areas, roads, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from maps.symbols import plain, there

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.layer import Layer
    from maps.packing import Streams
    from maps.situation import Situation

    Bounds = tuple[float, float, float, float]
    Geometries = NDArray[np.object_]

MOST_VERTICES = 60_000
"""Corners of the background; it is simplified until it fits."""

MOST_NAMES = 400

LINES = ("road_major", "road_minor", "railway", "water")
AREAS = ("water", "built_up")
"""Classes of the background that the page has a manner for, the uppermost first; others are
drawn plainly, below these."""

_ROAD_NUMBER = 8
"""Letters of a road's name that is written on the map: ``E18``, ``Lv 204``; streets are not."""


def background(situation: Situation, bounds: Bounds, streams: Streams) -> list[dict[str, Any]]:
    """Clip and simplify what lies below the data until it fits; what is drawn first comes first.

    Lines outside the area are apart from those inside: they are dimmed with the ground, while
    those inside are drawn over the cells.
    """
    found = {key: _clipped(some, bounds) for key, some in _by_manner(situation.background).items()}
    fitted = _fitted(found, tolerance=max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 8000)
    drawn: list[dict[str, Any]] = []

    def draw(manner: str, where: str, shapes: Geometries) -> None:
        kept = shapes[~shapely.is_empty(shapes)]
        if len(kept):
            packed = streams.shapes(kept, unit=1.0)
            drawn.append({"class": manner, "where": where, "shapes": packed})

    nothing = np.empty(0, dtype=object)
    for manner in ("plain", *reversed(AREAS)):
        draw(manner, "area", fitted.get((manner, 2), nothing))
    for manner in ("plain", *reversed(LINES)):
        lines = fitted.get((manner, 1), nothing)
        draw(manner, "outside", shapely.difference(lines, situation.area))
        draw(manner, "inside", shapely.intersection(lines, situation.area))
    return drawn


def _by_manner(layers: tuple[Layer, ...]) -> dict[tuple[str, int], Geometries]:
    """Sort the background's geometries by class and by their dimension."""
    found: dict[tuple[str, int], list[Geometries]] = {}
    for layer in layers:
        if layer.kind != "background":
            continue
        dimension = shapely.get_dimensions(layer.geometry)
        classes = _column(layer, "class")
        for wanted, manners in ((1, LINES), (2, AREAS)):
            manner = np.array([c if c in manners else "plain" for c in classes], dtype=object)
            for one in (*manners, "plain"):
                some = layer.geometry[(dimension == wanted) & (manner == one)]
                found.setdefault((one, wanted), []).append(some)
    return {key: np.concatenate(some) for key, some in found.items()}


def _column(layer: Layer, name: str) -> list[Any]:
    """Give a column's values, None where the layer lacks it or a value is missing."""
    if name not in layer.table:
        return [None] * len(layer.table)
    return [value if there(value) else None for value in layer.table[name].astype(object)]


def _clipped(geometries: Geometries, bounds: Bounds) -> Geometries:
    """Cut to the bounds, and take apart; what touches them only is left out."""
    inside = shapely.intersection(geometries, shapely.box(*bounds))
    parts, owner = shapely.get_parts(inside, return_index=True)
    same = shapely.get_dimensions(parts) == shapely.get_dimensions(geometries)[owner]
    return np.asarray(parts[same & ~shapely.is_empty(parts)])


def _fitted(
    found: dict[tuple[str, int], Geometries], tolerance: float
) -> dict[tuple[str, int], Geometries]:
    """Simplify more and more until all corners fit."""
    while True:
        fitted = {key: _simplified(some, tolerance) for key, some in found.items()}
        corners = sum(int(shapely.get_num_coordinates(some).sum()) for some in fitted.values())
        if corners <= MOST_VERTICES:
            return fitted
        tolerance *= 1.5


def _simplified(geometries: Geometries, tolerance: float) -> Geometries:
    """Simplify, and leave out what would be smaller than a few pixels of the whole map."""
    size = np.sqrt(shapely.area(geometries)) + shapely.length(geometries) / 4
    simple = shapely.simplify(geometries[size > tolerance * 2], tolerance)
    return np.asarray(simple[~shapely.is_empty(simple)])


def names(situation: Situation, bounds: Bounds, streams: Streams) -> dict[str, Any]:
    """Collect names to write on the map, each once, the most important first."""
    window = shapely.box(*bounds)
    found: dict[tuple[str, str], tuple[float, float, float]] = {}
    for layer in situation.background:
        columns = (_column(layer, name) for name in ("name", "class", "population"))
        for name, kind, people, geometry in zip(*columns, layer.geometry, strict=True):
            manner, weight = _manner(layer.kind, kind)
            if not manner or name is None or not shapely.intersects(geometry, window):
                continue
            text = plain(name)
            if manner == "road" and len(text) > _ROAD_NUMBER:
                continue
            weight += float(np.log10(people)) if people and people > 0 else 0.0
            at = _label_point(shapely.intersection(geometry, window))
            one = (-weight, shapely.get_x(at), shapely.get_y(at))
            found[manner, text] = min(one, found.get((manner, text), one))
    kept = sorted((place, key) for key, place in found.items())[:MOST_NAMES]
    if not kept:
        return {}
    return {
        "points": streams.points([x for (_, x, _), _ in kept], [y for (_, _, y), _ in kept]),
        "texts": [text for _, (_, text) in kept],
        "manners": [manner for _, (manner, _) in kept],
    }


def _manner(kind: str, background_class: object) -> tuple[str, float]:
    """Choose how a name is written, and how important it is."""
    if kind == "places":
        return "place", 2.0
    if background_class == "water":
        return "water", 1.5
    if background_class == "road_major":
        return "road", 1.8
    return "", 0.0


def _label_point(geometry: shapely.Geometry) -> shapely.Geometry:
    """Find a point on a geometry where its name can stand."""
    part = max(shapely.get_parts(geometry), key=lambda p: (p.area, p.length))
    point: shapely.Geometry = (
        shapely.line_interpolate_point(part, 0.5, normalized=True)
        if shapely.get_dimensions(part) == 1
        else shapely.point_on_surface(part)
    )
    return point
