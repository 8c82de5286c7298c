"""Recognises coordinates that stand for a whole area: many different events on one centre point."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from layers.categories import squeeze

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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

NEARLY_ALL = 0.8
"""A source of which this share is area-level gives areas' centres for positions."""

_SETTLEMENTS = """
    tätort småort ort by stad samhälle kommun kommundel församling socken distrikt stadsdel
    område postort centralort kyrkby region län locality settlement city town village hamlet
    suburb municipality district neighbourhood parish county
"""


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
    settlements = _SETTLEMENTS.split()
    listed = np.array([squeeze(str(k)) in settlements for k in kinds], dtype=bool)
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

    A layer of which ``NEARLY_ALL`` is area-level gives centres, not places: then two different
    events on one coordinate are enough for it to be area-level too.

    The rule can mislead in both ways: one address with very many reports of many sorts and no
    place in words is taken for a centre; a file that is spread over many small areas' centres,
    each with less than ``SHARE`` of the events, is not recognised.
    """
    marked = np.zeros(len(x), dtype=bool)
    if len(x) < ALL_OF_A_FEW:
        return marked
    words = None if place is None else place.map(squeeze, na_action="ignore").to_numpy(dtype=object)
    judge = _Judge(x, y, known, words, different)
    spots, counts = _spots(x, y)
    crowded = _crowded(x, y, spots, counts, known)
    for members in _members(spots, crowded):
        marked[members] = judge.is_centre(members)
    if marked.mean() >= NEARLY_ALL and not marked.all():
        shared = np.flatnonzero(counts > 1)
        for members in _members(spots, shared[~np.isin(shared, crowded)]):
            marked[members] = judge.is_centre(members)
    return marked


@dataclass(frozen=True, eq=False)
class _Judge:
    """Judges the events on one coordinate by the second and third condition."""

    x: Floats
    y: Floats
    known: Known
    words: NDArray[np.object_] | None
    different: tuple[NDArray[np.generic], ...]

    @cached_property
    def _sites(self) -> shapely.STRtree:
        return shapely.STRtree(self.known.sites.tolist())

    def is_centre(self, members: NDArray[np.int64]) -> bool:
        """Say whether events on one coordinate are different and are not at a place."""
        spot = shapely.Point(self.x[members[0]], self.y[members[0]])
        if len(self._sites.query(spot, predicate="dwithin", distance=SITE_M)):
            return False
        named = None if self.words is None else self.words[members]
        same_place = named is None or _agree(named)
        if same_place and all(_agree(values[members]) for values in self.different):
            return False
        everything = len(members) == len(self.x)
        return everything or named is None or not _is_address(named, self.known.names)


def _spots(x: Floats, y: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the distinct coordinates, to the centimetre: each event's, and how many each has."""
    key = np.round(x * 100).astype(np.int64) * 2**31 + np.round(y * 100).astype(np.int64)
    _, spots, counts = np.unique(key, return_inverse=True, return_counts=True)
    return spots, counts


def _crowded(
    x: Floats, y: Floats, spots: NDArray[np.int64], counts: NDArray[np.int64], known: Known
) -> NDArray[np.int64]:
    """Find the coordinates that carry suspiciously many events."""
    if len(counts) == 1:
        return np.zeros(1, dtype=np.int64)
    enough = (counts >= MANY) & (counts >= SHARE * len(x))
    tested = np.flatnonzero((counts >= MANY) & ~enough)
    if len(known.centres) and len(tested):
        first = np.array([np.argmax(spots == spot) for spot in tested])
        tree = shapely.STRtree(np.asarray(shapely.points(known.centres), dtype=object))
        here = np.asarray(shapely.points(x[first], y[first]), dtype=object)
        hits = tree.query(here, predicate="dwithin", distance=CENTRE_M)[0]
        enough[tested[np.unique(hits)]] = True
    return np.flatnonzero(enough)


def _members(spots: NDArray[np.int64], wanted: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Give the events of each of the wanted coordinates."""
    if not len(wanted):
        return
    at = np.flatnonzero(np.isin(spots, wanted))
    at = at[np.argsort(spots[at], kind="stable")]
    yield from np.split(at, np.flatnonzero(np.diff(spots[at])) + 1)


def _agree(values: NDArray[np.generic]) -> bool:
    """Say whether all values are one and the same; missing ones agree with each other."""
    return len(pd.unique(pd.Series(values))) <= 1


def _is_address(names: NDArray[np.generic], areas: Collection[str]) -> bool:
    """Say whether nearly all events name one place that is not a whole area or locality."""
    counts = pd.Series(names).value_counts()
    if not len(counts):
        return False
    return bool(counts.iloc[0] >= ADDRESS_SHARE * len(names)) and counts.index[0] not in areas
