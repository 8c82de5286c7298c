"""Nested circles around places: which places each circle holds, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[Any]

_SAME_M = 1e-6
"""Distances closer than this are one distance: a circle takes all places on its edge, or none."""


@dataclass(frozen=True, eq=False)
class Zones:
    """Nested circles around centres: places by distance, and how many of them each circle holds.

    ``centre[i]`` is a place; its neighbours, itself first, are ``member[begin[i]:begin[i + 1]]``.
    Its circles are ``first[i]`` to ``first[i + 1]``; circle z holds the ``size[z]`` nearest and
    reaches ``radius[z]`` metres, to the centre of the furthest. ``places`` is how many there are.
    """

    places: int
    centre: Ints
    begin: Ints
    member: Ints
    first: Ints
    size: Ints
    radius: Floats

    def __len__(self) -> int:
        return len(self.size)

    @property
    def of_centre(self) -> Ints:
        """For each circle, the position of its centre in ``centre``."""
        return np.repeat(np.arange(len(self.centre)), np.diff(self.first))

    def members(self, zone: int) -> Ints:
        """The places in a circle, nearest first."""
        begin = self.begin[int(np.searchsorted(self.first, zone, side="right")) - 1]
        return self.member[begin : begin + self.size[zone]]

    def sums(self, values: Numbers) -> Numbers:
        """Add one value a place over every circle, in the values' own type."""
        running = np.concatenate(
            [np.zeros(1, values.dtype), np.cumsum(values[self.member], dtype=values.dtype)]
        )
        begin = self.begin[self.of_centre]
        return np.asarray(running[begin + self.size] - running[begin])

    def distinct(self, occupied: NDArray[np.bool_]) -> Zones:
        """Leave out places that cannot matter, then circles that hold the same places as another.

        Of equal circles the one with the least radius stays. Equality is by sums of 64 random
        bits a place: two unlike circles of a million would pass for one in 3 of 100 million runs.
        """
        kept = occupied[self.member]
        running = np.concatenate([[0], np.cumsum(kept)])
        of_centre = self.of_centre
        begin = running[self.begin]
        size = running[self.begin[of_centre] + self.size] - begin[of_centre]
        code = np.random.default_rng(0).integers(
            0, 2**64, self.places, dtype=np.uint64, endpoint=False
        )
        same = self.sums(np.where(occupied, code, np.uint64(0)))
        order = np.lexsort((of_centre, self.radius, same))
        new = np.ones(len(order), dtype=bool)
        new[1:] = same[order[1:]] != same[order[:-1]]
        zone = np.sort(order[new & (size[order] > 0)])
        counts = np.bincount(of_centre[zone], minlength=len(self.centre))
        with_any = np.flatnonzero(counts)
        first = np.concatenate([[0], np.cumsum(counts[with_any])])
        most = size[zone][first[1:] - 1] if len(zone) else np.zeros(0, np.int64)
        at = np.repeat(begin[with_any] - np.concatenate([[0], np.cumsum(most)[:-1]]), most)
        member = self.member[kept][at + np.arange(len(at))] if len(zone) else self.member[:0]
        return Zones(
            self.places,
            self.centre[with_any],
            np.concatenate([[0], np.cumsum(most)]).astype(np.int64),
            member,
            first.astype(np.int64),
            size[zone].astype(np.int64),
            self.radius[zone],
        )


def zones(
    x: Floats,
    y: Floats,
    *,
    centres: Ints | None = None,
    among: Ints | None = None,
    max_radius_m: float | None = None,
    max_share: float | None = None,
    weights: Floats | None = None,
    most: int | None = None,
) -> Zones:
    """Give all circles around places (metres) that reach no further than the limits.

    ``among`` are the places that count (all), in order: the others are in no circle, and weigh
    nothing; ``centres`` those of them to draw around (all). ``max_share`` limits the part of the
    ``weights`` (cases or population, one each place; else places count alike) that a circle may
    hold, ``most`` the number of places. Places at one distance come together. The smallest circle
    of a centre, the place alone, always takes part, so that no place is beyond looking at.
    """
    among = np.arange(len(x)) if among is None else among
    centres = among if centres is None else centres
    near_x, near_y = x[among], y[among]
    chunk = max(1, 4_000_000 // max(len(among), 1))
    joined = _join(
        [
            zones_of(
                np.hypot(x[c, None] - near_x, y[c, None] - near_y),
                centres=np.searchsorted(among, c),
                max_radius=max_radius_m,
                max_share=max_share,
                weights=None if weights is None else weights[among],
                most=most,
            )
            for c in (centres[i : i + chunk] for i in range(0, max(len(centres), 1), chunk))
        ]
    )
    member, centre = among[joined.member], among[joined.centre]
    return replace(joined, places=len(x), centre=centre, member=member)


def zones_of(
    distance: Floats,
    *,
    centres: Ints | None = None,
    max_radius: float | None = None,
    max_share: float | None = None,
    weights: Floats | None = None,
    most: int | None = None,
) -> Zones:
    """Give the circles from a table of distances, one row a centre, one column a place.

    As :func:`zones`, for distances of any kind: great circles, walking.
    """
    places = distance.shape[1]
    centres = np.arange(places) if centres is None else centres
    near = distance <= (np.inf if max_radius is None else max_radius + _SAME_M)
    near[np.arange(len(centres)), centres] = True
    row, member = near.nonzero()
    far = distance[row, member]
    order = np.lexsort((member, far, row))
    member, far = member[order], far[order]
    begin = np.searchsorted(row, np.arange(len(centres) + 1))
    rank = np.arange(len(row)) - begin[row]
    last = np.ones(len(row), dtype=bool)
    last[:-1] = (row[1:] != row[:-1]) | (far[1:] - far[:-1] > _SAME_M)
    weight = np.ones(places) if weights is None else np.asarray(weights, dtype=np.float64)
    running = np.concatenate([[0.0], np.cumsum(weight[member])])
    held = running[1:] - running[begin[row]]
    allowed = last.copy()
    if max_share is not None:
        allowed &= held <= max_share * weight.sum() * (1 + 1e-9)
    if most is not None:
        allowed &= rank < most
    ends = np.flatnonzero(last)
    allowed[ends[np.searchsorted(ends, begin[:-1])]] = True
    zone = np.flatnonzero(allowed)
    first = np.searchsorted(row[zone], np.arange(len(centres) + 1))
    size = rank[zone] + 1
    longest = size[first[1:] - 1]
    kept = rank < longest[row]
    return Zones(
        places,
        np.asarray(centres, dtype=np.int64),
        np.concatenate([[0], np.cumsum(longest)]).astype(np.int64),
        member[kept].astype(np.int64),
        first.astype(np.int64),
        size.astype(np.int64),
        far[zone],
    )


def _join(parts: Sequence[Zones]) -> Zones:
    """Put circles around different centres together."""

    def offsets(name: str) -> Ints:
        steps = np.concatenate([np.diff(getattr(part, name)) for part in parts])
        return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)

    def together(name: str) -> Numbers:
        return np.concatenate([getattr(part, name) for part in parts])

    return Zones(
        parts[0].places,
        together("centre").astype(np.int64),
        offsets("begin"),
        together("member").astype(np.int64),
        offsets("first"),
        together("size").astype(np.int64),
        together("radius").astype(np.float64),
    )
