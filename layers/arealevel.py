"""Recognises coordinates that stand for a whole area: many different events on one centre point."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layers.categories import squeeze

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MANY = 10
"""Fewer events than this on one exact coordinate are no sign of anything."""

SHARE = 0.03
"""Nor is a smaller share of the layer's events: a busy address gathers a per cent or two."""

ALL_OF_A_FEW = 3
"""Even so few events are a sign when they are all that the file has."""

SITE_M = 50.0
"""Within this distance of a known site (a bathing place) its reports are expected to gather."""

CENTRE_M = 1.0
"""A coordinate this close to a locality's own point was given for the locality."""

ADDRESS_SHARE = 0.8
"""When so many of a coordinate's events name one and the same place, it is that place."""

_SETTLEMENTS = {
    squeeze(word)
    for word in (
        "tätort|småort|ort|by|stad|samhälle|kommun|kommundel|församling|socken|distrikt|stadsdel|"
        "område|postort|centralort|kyrkby|region|län|locality|settlement|city|town|village|hamlet|"
        "suburb|municipality|district|neighbourhood|parish|county|urban area"
    ).split("|")
}


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the ground when a coordinate is judged; metres.

    ``sites`` are places where reports rightly gather; ``centres`` (x, y) are points that stand for
    more than themselves (localities); ``names`` are squeezed names of areas and localities.
    """

    sites: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    centres: Floats = field(default_factory=lambda: np.empty((0, 2)))
    names: Collection[str] = frozenset()


def is_settlement(kinds: pd.Series, population: Floats) -> Mask:
    """Say which places are localities: by population, by their kind, or because no kind is said.

    A place whose kind says that it is a spot (school, square, bathing site) is none.
    """
    said = kinds.notna().to_numpy()
    listed = np.array([squeeze(str(k)) in _SETTLEMENTS for k in kinds], dtype=bool)
    settled: Mask = ~np.isnan(population) | ~said | listed
    return settled


def area_level(
    x: Floats,
    y: Floats,
    *,
    known: Known,
    place: pd.Series | None = None,
    different: tuple[NDArray[np.generic], ...] = (),
) -> Mask:
    """Say which events stand on a coordinate that is an area's centre and not where they happened.

    A coordinate (to the centimetre) is area-level when all of this holds:

    1. *Many*: at least ``MANY`` events and ``SHARE`` of all lie on it; on a locality's own point
       ``MANY`` are enough; or it holds every event of the layer, at least ``ALL_OF_A_FEW``.
    2. *Different*: its events differ in at least one of ``different`` (category, time) or in the
       words for the place.
    3. *Not a place*: no known site lies within ``SITE_M``, and not ``ADDRESS_SHARE`` of its events
       name one and the same place. A name that is an area's or a locality's excuses nothing, and
       neither does any when the whole layer stands on the one coordinate.

    The rule can mislead in both ways: one address with very many reports of many sorts and no
    place in words is taken for a centre; a file that is spread over many small areas' centres,
    each with less than ``SHARE`` of the events, is not recognised.
    """
    marked = np.zeros(len(x), dtype=bool)
    if len(x) < ALL_OF_A_FEW:
        return marked
    crowds = _crowds(x, y, known)
    if not crowds:
        return marked
    words = None if place is None else place.map(squeeze, na_action="ignore").to_numpy(dtype=object)
    tree = shapely.STRtree(known.sites)
    for members in crowds:
        spot = shapely.Point(x[members[0]], y[members[0]])
        if len(known.sites) and len(tree.query(spot, predicate="dwithin", distance=SITE_M)):
            continue
        named = None if words is None else words[members]
        same_place = named is None or _agree(named)
        if same_place and all(_agree(values[members]) for values in different):
            continue
        if len(members) < len(x) and named is not None and _is_address(named, known.names):
            continue
        marked[members] = True
    return marked


def _crowds(x: Floats, y: Floats, known: Known) -> list[NDArray[np.int64]]:
    """Find coordinates that carry suspiciously many events: the events' positions for each."""
    key = np.round(x * 100).astype(np.int64) * 2**31 + np.round(y * 100).astype(np.int64)
    _, first, where, counts = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    enough = (counts >= MANY) & (counts >= SHARE * len(x))
    if len(known.centres):
        tree = shapely.STRtree(shapely.points(known.centres))
        tested = np.flatnonzero((counts >= MANY) & ~enough)
        spots = shapely.points(x[first[tested]], y[first[tested]])
        hits = tree.query(spots, predicate="dwithin", distance=CENTRE_M)[0]
        enough[tested[np.unique(hits)]] = True
    if len(counts) == 1:
        enough[:] = counts[0] >= ALL_OF_A_FEW
    return [np.flatnonzero(where == group) for group in np.flatnonzero(enough)]


def _agree(values: NDArray[np.generic]) -> bool:
    """Say whether all values are one and the same; missing ones agree with each other."""
    return len(pd.unique(pd.Series(values))) <= 1


def _is_address(names: NDArray[np.generic], areas: Collection[str]) -> bool:
    """Say whether nearly all events name one place that is not a whole area or locality."""
    counts = pd.Series(names).value_counts()
    if not len(counts):
        return False
    return bool(counts.iloc[0] >= ADDRESS_SHARE * len(names)) and counts.index[0] not in areas
