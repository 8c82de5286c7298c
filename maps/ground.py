"""Makes the ground that the page's map stands on: water, built-up areas, roads, names."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from maps.packing import Streams
from maps.symbols import plain, there

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.layer import Layer
    from maps.situation import Situation

    Bounds = tuple[float, float, float, float]
    Floats = NDArray[np.float64]
    Geometries = NDArray[np.object_]
    Shapes = dict[tuple[str, int], Geometries]

MOST_BYTES = 300_000
"""Letters of the page that the background's shapes may take, packed as the page packs them."""

MOST_NAMES = 400
LONGEST_NAME = 60
"""Letters of a name on the map; the rest of a longer one is left out."""

LINES = ("road_major", "road_minor", "railway", "water")
AREAS = ("water", "built_up")
"""Classes of the background that the page has a manner for, the uppermost first; others are
drawn plainly, below these."""

_DISPENSABLE = (("plain", 1), ("plain", 2), ("road_minor", 1), ("water", 1))
"""What gives way, the smallest first and in this order, before anything else gets coarse."""

_FINEST, _COARSEST = 1 / 8000, 1 / 2000
"""How far a line may be moved, as a part of the map's longer side: unseen, and a pixel."""

_STEPS = 1.1, 1.5
"""The least and the most by which lines are moved farther at a time."""

_TRIES = 6
_LINKS = 3

_ROAD_NUMBER = 8
"""Letters of a road's name that is written on the map: ``E18``, ``Lv 204``; streets are not."""


def background(situation: Situation, bounds: Bounds, streams: Streams) -> list[dict[str, Any]]:
    """Clip and simplify what lies below the data to ``MOST_BYTES``; the lowest comes first.

    Lines outside the area are apart from those inside: they are dimmed with the ground, while
    those inside are drawn over the cells.

    First everything is simplified as far as cannot be seen on the whole map; then what matters
    least gives way, the smallest of it first; only then does the rest get coarser.
    """
    found = {
        key: _joined(_clipped(some, bounds), key[1])
        for key, some in _by_manner(situation.background).items()
        if len(some)
    }
    extent = max(bounds[2] - bounds[0], bounds[3] - bounds[1])
    shapes, unit = _fitted(found, situation.area, extent)
    return _pack(shapes, situation.area, unit, streams)


def _pack(
    shapes: Shapes, area: BaseGeometry, unit: float, streams: Streams
) -> list[dict[str, Any]]:
    """Append shapes to the streams, rounded to ``unit`` metres; the lowest comes first."""
    drawn: list[dict[str, Any]] = []

    def draw(manner: str, where: str, some: Geometries) -> None:
        kept = some[~shapely.is_empty(some)]
        if len(kept):
            packed = streams.shapes(kept, unit=unit)
            drawn.append({"class": manner, "where": where, "shapes": packed})

    nothing = np.empty(0, dtype=object)
    for manner in ("plain", *reversed(AREAS)):
        draw(manner, "area", shapes.get((manner, 2), nothing))
    for manner in ("plain", *reversed(LINES)):
        inside, outside = _divided(shapes.get((manner, 1), nothing), area)
        draw(manner, "outside", outside)
        draw(manner, "inside", inside)
    return drawn


def _divided(lines: Geometries, area: BaseGeometry) -> tuple[Geometries, Geometries]:
    """Cut lines at the edge of the area: what lies inside, and what outside."""
    shapely.prepare(area)
    inside, outside = shapely.contains_properly(area, lines), shapely.disjoint(area, lines)
    across = lines[~inside & ~outside]
    return (
        np.concatenate([lines[inside], shapely.intersection(across, area)]),
        np.concatenate([lines[outside], shapely.difference(across, area)]),
    )


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
    window = shapely.box(*bounds)
    shapely.prepare(window)
    whole = shapely.contains_properly(window, geometries)
    near = geometries[~whole & shapely.intersects(window, geometries)]
    cut, owner = shapely.get_parts(shapely.intersection(near, window), return_index=True)
    same = shapely.get_dimensions(cut) == shapely.get_dimensions(near)[owner]
    parts = np.concatenate([shapely.get_parts(geometries[whole]), cut[same]])
    return np.asarray(parts[~shapely.is_empty(parts)])


def _joined(parts: Geometries, dimension: int) -> Geometries:
    """Join lines end to end and areas edge to edge: sources cut them where no reader would.

    Pieces that share an edge would be simplified apart.
    """
    lines = dimension == 1
    whole = (
        shapely.line_merge(shapely.multilinestrings(parts)) if lines else shapely.union_all(parts)
    )
    found = shapely.get_parts(whole)
    return np.asarray(found[shapely.get_dimensions(found) == dimension])


def _fitted(found: Shapes, area: BaseGeometry, extent: float) -> tuple[Shapes, float]:
    """Simplify and leave out until all fits; give it, and the unit (metres) to round it to."""
    worth = {key: _worth(some, key[1]) for key, some in found.items()}
    tolerance = extent * _FINEST
    first = {key: _simplified(some, tolerance / 2) for key, some in found.items()}

    def simplified(key: tuple[str, int]) -> Geometries:
        """Leave out what is too small to see, and move the rest no farther than that."""
        return _simplified(first[key][worth[key] > tolerance], tolerance)

    def coarser() -> float:
        """Move lines farther, the more so the more is too much."""
        return tolerance * float(np.clip((total / MOST_BYTES) ** 0.7, *_STEPS))

    def size(shapes: Shapes) -> int:
        streams = Streams()
        _pack(shapes, area, _unit(tolerance), streams)
        return -(-len(zlib.compress(streams.data, 9)) // 3) * 4

    shapes = {key: simplified(key) for key in found}
    while (total := size(shapes)) > MOST_BYTES and tolerance < extent * _COARSEST:
        tolerance = min(coarser(), extent * _COARSEST)
        shapes = {key: simplified(key) for key in found}
    for key in _DISPENSABLE:
        if total <= MOST_BYTES or key not in shapes:
            continue
        some = shapes.pop(key)
        rest = size(shapes)
        share = (MOST_BYTES - rest) / max(total - rest, 1)
        total = rest
        for _ in range(_TRIES if share > 0 else 0):
            largest = {**shapes, key: _largest(some, key[1], share)}
            tried = size(largest)
            if tried <= MOST_BYTES:
                shapes, total = largest, tried
                break
            share *= 0.98 * (MOST_BYTES - rest) / (tried - rest)
    while total > MOST_BYTES:
        tolerance = coarser()
        shapes = {key: simplified(key) for key in shapes}
        total = size(shapes)
    return shapes, _unit(tolerance)


def _simplified(shapes: Geometries, tolerance: float) -> Geometries:
    """Move no point farther than the tolerance; rings stay rings that touch nowhere."""
    simple = shapely.simplify(
        shapes, tolerance, preserve_topology=bool((shapely.get_dimensions(shapes) > 1).any())
    )
    return np.asarray(simple)


def _unit(tolerance: float) -> float:
    """Choose whole metres to round to: fine beside what simplifying has moved already."""
    return max(1.0, float(np.floor(tolerance / 4)))


def _largest(shapes: Geometries, dimension: int, share: float) -> Geometries:
    """Keep those that are worth most, as many as have a share of all corners."""
    order = np.argsort(-_worth(shapes, dimension), kind="stable")
    corners = np.cumsum(shapely.get_num_coordinates(shapes[order]))
    kept = order[corners <= share * corners[-1]] if len(order) else order
    return np.asarray(shapes[np.sort(kept)])


def _worth(shapes: Geometries, dimension: int) -> Floats:
    """Say how large each shape is, in metres of a square's side.

    Of lines an eighth of their length counts. A short one that links two longer ones is worth as
    much as the shorter of these, and so on over a few links, so that roads keep no gaps where
    others meet them.
    """
    if dimension != 1:
        return np.asarray(np.sqrt(shapely.area(shapes)) / 2 + shapely.length(shapes) / 8)
    worth = np.asarray(shapely.length(shapes) / 8)
    if not len(shapes):
        return worth
    ends = [shapely.get_point(shapes, at) for at in (0, -1)]
    places = np.concatenate([shapely.get_x(p) + 1j * shapely.get_y(p) for p in ends])
    _, node = np.unique(places, return_inverse=True)
    whose = np.tile(np.arange(len(shapes)), 2)
    for _ in range(_LINKS):
        beyond = _best_other(node, whose, worth).reshape(2, -1).min(axis=0)
        worth = np.maximum(worth, beyond)
    return worth


def _best_other(node: NDArray[np.intp], whose: NDArray[np.intp], worth: Floats) -> Floats:
    """Give what the best of the other lines is worth that end where each end lies; 0 for none."""
    order = np.lexsort((-worth[whose], node))
    first = np.searchsorted(node[order], np.arange(node.max() + 1))
    best = whose[order[first]]
    second = np.minimum(first + 1, len(order) - 1)
    there = node[order[second]] == np.arange(node.max() + 1)
    next_best = np.where(there & (second > first), worth[whose[order[second]]], 0.0)
    return np.where(best[node] == whose, next_best[node], worth[best[node]])


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
            if len(text) > LONGEST_NAME:
                text = f"{text[: LONGEST_NAME - 1].rstrip()}…"
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
