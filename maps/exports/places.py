"""What several ways out say of hotspots: rows of plain values, outlines in degrees, a title."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.crs import WGS84, reproject
from maps import phrases
from maps.tables import hotspot_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from maps.situation import Hotspot, Situation
    from maps.words import Words

DECIMALS = 7
"""Of degrees: a centimetre on the ground."""


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Make a row plain: valid texts, numbers of Python, None for what is no number."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a table's value
    if isinstance(value, str):
        return phrases.valid(value)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def hotspots(situation: Situation) -> list[Hotspot]:
    """List the hotspots of every map, all families together first."""
    return [one for view in situation.views for one in view.hotspots]


def rows(situation: Situation, words: Words) -> list[dict[str, Any]]:
    """Give every hotspot's values for the columns of ``geo.schema.HOTSPOT``, made plain."""
    return [plain(hotspot_values(one, situation, words)) for one in hotspots(situation)]


def outlines(situation: Situation) -> NDArray[np.object_]:
    """Give every hotspot's outline in degrees, outer rings counter-clockwise, holes clockwise."""
    shapes = np.array([one.geometry for one in hotspots(situation)], dtype=object)
    degrees = shapely.set_precision(reproject(shapes, situation.crs, WGS84), 10**-DECIMALS)
    return np.asarray(shapely.orient_polygons(degrees), dtype=object)


def points(situation: Situation) -> NDArray[np.float64]:
    """Give a point within every hotspot, longitude and latitude, shape (n, 2).

    Its middle, or where that lies outside a bent or parted one, a point well inside.
    """
    spots = hotspots(situation)
    shapes = np.array([one.geometry for one in spots], dtype=object)
    middles = shapely.points([(one.x, one.y) for one in spots]) if spots else shapes
    inside = np.where(shapely.covers(shapes, middles), middles, shapely.point_on_surface(shapes))
    return shapely.get_coordinates(reproject(inside, situation.crs, WGS84)).round(DECIMALS)


def title(situation: Situation, words: Words) -> str:
    """Name the picture: its title and, where there are dates, the month of the meeting."""
    month = words.month(situation.month) if situation.month else ""
    return phrases.valid(", ".join(filter(None, (situation.title, month))))
