"""Names for places: the bathing site, locality or road there, else direction and distance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.places import compass
from maps.situation import Near, PlaceName
from maps.streets import is_road

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.layer import Layer

    Floats = NDArray[np.float64]

_AT_SITE_M = 400.0
_AT_ROAD_M = 150.0
_ROAD_BY_M = 3000.0
"""A road is "by" a place this near; farther away the name says how far, and in which direction."""
_LOCALITY_RADIUS_M = 500.0
_MIDDLE = 0.4
"""A place within this share of a locality's radius is its middle, not a part of it."""


@dataclass(frozen=True, eq=False)
class _Named:
    """Named geometries of one kind, those without a name left out."""

    kind: str
    names: NDArray[np.object_]
    geometry: NDArray[np.object_]

    @classmethod
    def of(cls, layers: Sequence[Layer], kind: str, column: str = "name") -> _Named:
        names: list[str] = []
        geometry: list[BaseGeometry] = []
        for layer in layers:
            if layer.kind == kind and column in layer.table:
                for name, shape in zip(layer.table[column], layer.geometry, strict=True):
                    if shape is not None and isinstance(name, str) and name.strip():
                        names.append(" ".join(name.split()))
                        geometry.append(shape)
        return cls(kind, np.array(names, dtype=object), _objects(geometry))

    def distances(self, shape: BaseGeometry) -> Floats:
        return np.asarray(shapely.distance(self.geometry, shape), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """What the project knows by name, for naming hotspots and for listing what is near."""

    sites: _Named
    spots: _Named
    places: _Named
    radius: Floats
    roads: _Named

    @classmethod
    def of(cls, layers: Sequence[Layer], background: Sequence[Layer]) -> Gazetteer:
        """Gather the names of all layers."""
        everything = [*layers, *background]
        places = _Named.of(everything, "places")
        return cls(
            _Named.of(everything, "bathing_sites"),
            _Named.of(everything, "traffic_spots", "place"),
            places,
            _radii(everything, places),
            _roads(background),
        )

    def near(self, geometry: BaseGeometry, reach_m: float, most: int) -> tuple[Near, ...]:
        """List bathing sites and traffic spots within reach, each name once, nearest first."""
        found: dict[tuple[str, str], float] = {}
        for named in (self.sites, self.spots):
            if not len(named.names):
                continue
            away = named.distances(geometry)
            for i in np.flatnonzero(away <= reach_m):
                key = (named.kind, str(named.names[i]))
                found[key] = min(found.get(key, np.inf), float(away[i]))
        ordered = sorted(found.items(), key=lambda item: (item[0][0], item[1], item[0][1]))
        kept = [Near(kind, name, distance) for (kind, name), distance in ordered]
        sites = [one for one in kept if one.kind == "bathing_sites"][:most]
        return tuple(sites + [one for one in kept if one.kind == "traffic_spots"][:most])

    def anchors(self, most: int) -> dict[str, list[tuple[str, float, float, float]]]:
        """List what a page can name places after itself: name, x, y and radius (metres) by kind.

        At most so many of a kind, as they come; traffic spots that share a name are all listed.
        """
        found = {}
        for named in (self.sites, self.spots, self.places):
            middle = shapely.centroid(named.geometry)
            radius = self.radius if named is self.places else np.zeros(len(named.names))
            x, y = shapely.get_x(middle), shapely.get_y(middle)
            there = np.flatnonzero(np.isfinite(x))[:most]
            found[named.kind] = [
                (str(named.names[i]), float(x[i]), float(y[i]), float(radius[i])) for i in there
            ]
        return found

    def name(
        self,
        geometry: BaseGeometry,
        x: float,
        y: float,
        cell: str,
        *,
        slack_m: float,
        roads_first: bool = False,
    ) -> PlaceName:
        """Name a hotspot whose events centre on (x, y), metres.

        A bathing site within 400 m of the centre (or half a cell, if that is more); else the
        locality that it lies in, and which part of it; else a named road within 150 m of the
        hotspot; else distance and direction from the nearest locality or bathing site; else the
        cell's id. Of traffic, a road outside the localities comes before a bathing site.
        """
        centre = shapely.Point(x, y)
        ways = [
            self._site(centre, max(_AT_SITE_M, slack_m)),
            self._locality(centre, slack_m),
            self._road(geometry, centre),
        ]
        if roads_first:
            ways = [ways[1], ways[2], ways[0]]
        for way in ways:
            if way is not None:
                return way
        return self._away(centre) or PlaceName("cell", cell)

    def on_road(self, road: str, x: float, y: float) -> PlaceName:
        """Name a part of a named road by what is nearest to (x, y), metres."""
        nearest = self._away(shapely.Point(x, y))
        if nearest is None:
            return PlaceName("at", road)
        by = (nearest.distance_m or 0.0) <= _ROAD_BY_M
        return replace(nearest, how="road" if by else "road_from", road=road)

    def _site(self, centre: shapely.Point, within_m: float) -> PlaceName | None:
        if not len(self.sites.names):
            return None
        away = self.sites.distances(centre)
        i = int(np.argmin(away))
        return PlaceName("at", str(self.sites.names[i])) if away[i] <= within_m else None

    def _locality(self, centre: shapely.Point, slack_m: float) -> PlaceName | None:
        if not len(self.places.names):
            return None
        away = self.places.distances(centre)
        inside = np.flatnonzero(away <= np.where(self._is_point, self.radius + slack_m, 0.0))
        if not len(inside):
            return None
        i = int(inside[np.argmin(away[inside])])
        middle = shapely.centroid(self.places.geometry[i])
        dx, dy = centre.x - middle.x, centre.y - middle.y
        if np.hypot(dx, dy) <= max(_MIDDLE * self.radius[i], slack_m / 2):
            return PlaceName("at", str(self.places.names[i]))
        return PlaceName("part", str(self.places.names[i]), compass(dx, dy))

    @property
    def _is_point(self) -> NDArray[np.bool_]:
        return np.asarray(shapely.get_dimensions(self.places.geometry) == 0)

    def _road(self, geometry: BaseGeometry, centre: shapely.Point) -> PlaceName | None:
        if not len(self.roads.names):
            return None
        away = self.roads.distances(geometry)
        near = np.flatnonzero(away <= _AT_ROAD_M)
        if not len(near):
            return None
        i = int(near[np.argmin(self.roads.distances(centre)[near])])
        return self.on_road(str(self.roads.names[i]), centre.x, centre.y)

    def _away(self, centre: shapely.Point) -> PlaceName | None:
        """Distance and direction from the nearest locality or bathing site."""
        best: PlaceName | None = None
        for named in (self.places, self.sites):
            if not len(named.names):
                continue
            i = int(np.argmin(named.distances(centre)))
            middle = shapely.centroid(named.geometry[i])
            dx, dy = centre.x - middle.x, centre.y - middle.y
            away = float(np.hypot(dx, dy))
            if best is None or away < (best.distance_m or 0.0):
                best = PlaceName("from", str(named.names[i]), compass(dx, dy), away)
        return best


def tell_apart(places: Sequence[PlaceName]) -> list[PlaceName]:
    """Number the second and later places that would share a name."""
    seen: dict[Any, int] = {}
    told = []
    for place in places:
        away = round((place.distance_m or 0.0) / 500) if "from" in place.how else 0
        compass_told = None if place.how == "road" else place.compass
        key = (place.how, place.base, place.road, compass_told, away)
        seen[key] = seen.get(key, 0) + 1
        told.append(replace(place, number=seen[key]) if seen[key] > 1 else place)
    return told


def _roads(background: Sequence[Layer]) -> _Named:
    roads = [
        replace(layer, table=table, geometry=layer.geometry[keep])
        for layer in background
        if "class" in layer.table
        for keep in [is_road(layer)]
        for table in [layer.table[keep]]
    ]
    return _Named.of(roads, "background")


def _radii(layers: Sequence[Layer], places: _Named) -> Floats:
    """Radius of each named place: of the circle of its area where that is known, else 500 m."""
    known: dict[str, float] = {}
    for layer in layers:
        if layer.kind == "places" and "area_ha" in layer.table:
            for name, hectares in zip(layer.table["name"], layer.table["area_ha"], strict=True):
                if isinstance(name, str) and hectares == hectares and hectares:  # noqa: PLR0124 - NaN
                    known[" ".join(name.split())] = float(np.sqrt(float(hectares) * 1e4 / np.pi))
    return np.array(
        [
            known.get(str(name))
            or (float(np.sqrt(shape.area / np.pi)) if shape.area else _LOCALITY_RADIUS_M)
            for name, shape in zip(places.names, places.geometry, strict=True)
        ],
        dtype=np.float64,
    )


def _objects(shapes: Sequence[BaseGeometry]) -> NDArray[np.object_]:
    array = np.empty(len(shapes), dtype=object)
    array[:] = list(shapes)
    return array
