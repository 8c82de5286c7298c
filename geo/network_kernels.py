"""Kernels along a network: events spread over the roads around them, split where roads meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo.pieces import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geo.network import Graph, Lixels

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LineKernel = Literal["quartic", "epanechnikov"]
Split = Literal["continuous", "discontinuous"]

_ALIKE_M = 1e-6
"""Waves that leave by one arc after ways this alike are one wave."""
_OFF_M = 1e-9
"""Events at a node are moved this far into their edge, to turn there as all others do."""
_AT_ONCE = 100
"""Events whose waves are followed together; more cost memory."""
_MOST = 40_000
"""Waves of those events that are followed from one node to the next; the weakest are given up."""
SMALL = 1e-5
"""A wave that carries less of an event than this is not followed further (continuous only)."""


def line_density(distance: Floats, kernel: LineKernel, bandwidth: float) -> Floats:
    """Give the kernel's density per metre at distances from 0 up; both sides sum to 1.

    Quartic ``15 / (16 b) (1 - u^2)^2``, Epanechnikov ``3 / (4 b) (1 - u^2)``, u = d / b below 1.
    """
    inside = np.maximum(1.0 - (distance / bandwidth) ** 2, 0.0)
    if kernel == "quartic":
        return np.asarray(15.0 / (16.0 * bandwidth) * inside * inside)
    return np.asarray(0.75 / bandwidth * inside)


def line_mass(distance: Floats, kernel: LineKernel, bandwidth: float) -> Floats:
    """Give the kernel's mass between 0 and each distance: its antiderivative, at most a half."""
    u = np.minimum(distance / bandwidth, 1.0)
    square = u * u
    if kernel == "quartic":
        return np.asarray(u * (15.0 + square * (3.0 * square - 10.0)) / 16.0)
    return np.asarray(u * (3.0 - square) / 4.0)


@dataclass(frozen=True, eq=False)
class _Waves:
    """Parts of kernels that run along arcs from ``at`` metres from the edge's start.

    Each has come ``distance`` metres from its event and carries ``factor`` times the kernel.
    """

    arc: Ints
    at: Floats
    distance: Floats
    factor: Floats

    def only(self, keep: NDArray[np.bool_]) -> _Waves:
        return _Waves(self.arc[keep], self.at[keep], self.distance[keep], self.factor[keep])


@dataclass(frozen=True, slots=True)
class LineKernels:
    """How events spread along a graph; ``bandwidth`` is the kernel's half width, metres.

    At a node of degree n ``discontinuous`` sends 1 / (n - 1) into each other arm, and at a dead end
    all back; ``continuous`` sends 2 / n into each other arm and 2 / n - 1 back. Neither makes or
    loses mass, and a node of degree 2 changes nothing. Only the continuous one gives the same
    density on all sides of a crossing, so that it does not matter to which arm an event there was
    snapped. Source: Okabe, Satoh & Sugihara (2009); McSwiggan, Baddeley & Nair (2017).

    The number of ways grows fast with the bandwidth over the length of edges, most for the
    continuous split, whose waves turn at every node. There a wave that carries less than ``small``
    of an event is left at the node that it came to, as are the weakest of either split where too
    many run at once: no mass is lost, and what moved is told.
    """

    kernel: LineKernel = "quartic"
    bandwidth: float = 300.0
    split: Split = "continuous"
    small: float = SMALL

    def on_lixels(
        self, graph: Graph, lixels: Lixels, edge: Ints, at: Floats
    ) -> tuple[Floats, float]:
        """Give the mass of events (edge, metres from its start) on each lixel, and what moved.

        The masses sum to the number of events. ``moved`` is what the waves that were given up left
        on each lixel, summed, in events. Less than that lies elsewhere than the exact kernel has
        it: at most three quarters on 1,800 drawn graphs, a tenth on a city's roads. It is no proven
        bound, as waves above and below 0 that were left on one lixel cancel.
        """
        mass, moved = np.zeros(len(lixels)), np.zeros(len(lixels))
        for waves, weak in self._followed(graph, edge, at):
            mass += self._laid(graph, lixels, waves)
            left = weak.factor * (0.5 - line_mass(weak.distance, self.kernel, self.bandwidth))
            place = lixels.holding(weak.arc >> 1, weak.at)
            moved += np.bincount(place, left, minlength=len(lixels))
        return mass + moved, float(np.abs(moved).sum())

    def _laid(self, graph: Graph, lixels: Lixels, waves: _Waves) -> Floats:
        """Integrate waves over the lixels that they run through."""
        edge, way = waves.arc >> 1, 1 - 2 * (waves.arc & 1)
        reach = np.minimum(_run(graph, waves), self.bandwidth - waves.distance)
        width = lixels.width[edge]
        low, high = (np.minimum(waves.at, waves.at + way * reach) / width,
                     np.maximum(waves.at, waves.at + way * reach) / width)  # fmt: skip
        first = np.floor(low + 1e-9).astype(np.int64)
        count = np.maximum(np.ceil(high - 1e-9).astype(np.int64) - first, 1)
        wave, number = numbered(count)
        number += first[wave]
        # The first and the last part end where the wave does, so that nothing is lost to rounding.
        ends = [np.maximum(number, low[wave]), np.minimum(number + 1, high[wave])]
        gone = [np.abs(end * width[wave] - waves.at[wave]) + waves.distance[wave] for end in ends]
        near, far = (line_mass(d, self.kernel, self.bandwidth) for d in gone)
        mass = np.abs(far - near) * waves.factor[wave]
        place = np.minimum(lixels.first[edge[wave]] + number, lixels.last[edge[wave]])
        return np.bincount(place, mass, minlength=len(lixels)).astype(np.float64)

    def at_places(
        self, graph: Graph, edge: Ints, at: Floats, place_edge: Ints, place_at: Floats
    ) -> Floats:
        """Give the density (events per metre) of events at places of the network, exactly.

        But for what ``small`` leaves out; an event counts at its own place.
        """
        at = np.clip(at, _OFF_M, graph.length[edge] - _OFF_M)
        order = np.argsort(place_edge, kind="stable")
        first = np.searchsorted(place_edge[order], np.arange(len(graph.length) + 1))
        density = np.zeros(len(place_edge))
        for waves, _ in self._followed(graph, edge, at):
            own = waves.arc >> 1
            wave, number = numbered(np.diff(first)[own])
            place = order[first[own[wave]] + number]
            ahead = (place_at[place] - waves.at[wave]) * (1 - 2 * (waves.arc[wave] & 1))
            # Both of an event's own waves start where it is: there each is half of it.
            part = np.where(ahead > 0, 1.0, np.where(ahead < 0, 0.0, 0.5))
            part[(ahead == 0) & (waves.distance[wave] > 0)] = 1.0
            value = line_density(waves.distance[wave] + ahead, self.kernel, self.bandwidth)
            density += np.bincount(place, waves.factor[wave] * part * value, len(density))
        return density

    def _followed(self, graph: Graph, edge: Ints, at: Floats) -> Iterator[tuple[_Waves, _Waves]]:
        """Follow events' waves edge by edge: those that run on, and those that are given up."""
        order = np.argsort(edge, kind="stable")
        for low in range(0, len(edge), _AT_ONCE):
            own, place = edge[order[low : low + _AT_ONCE]], at[order[low : low + _AT_ONCE]]
            now = _Waves(
                np.concatenate([2 * own, 2 * own + 1]),
                np.concatenate([place, place]),
                np.zeros(2 * len(own)),
                np.ones(2 * len(own)),
            )
            weak = now.only(np.zeros(2 * len(own), dtype=bool))
            while len(now.arc) or len(weak.arc):
                yield now, weak
                now = self._beyond(graph, now)
                if self.split == "continuous":
                    now = _merged(now)
                left = 0.5 - line_mass(now.distance, self.kernel, self.bandwidth)
                carried = np.abs(now.factor) * left
                strong = carried >= (self.small if self.split == "continuous" else 0.0)
                if len(carried) > _MOST:
                    strong &= carried > np.partition(carried, -_MOST)[-_MOST]
                now, weak = now.only(strong), now.only(~strong)

    def _beyond(self, graph: Graph, waves: _Waves) -> _Waves:
        """Split the waves that reach the next node before their kernel ends."""
        distance = waves.distance + _run(graph, waves)
        on = distance < self.bandwidth
        back, factor, distance = waves.arc[on] ^ 1, waves.factor[on], distance[on]
        arcs, first = graph.leaving
        node = graph.tail[back]
        wave, number = numbered(graph.degree[node])
        arc = arcs[first[node[wave]] + number]
        degree = graph.degree[node[wave]]
        returns = arc == back[wave]
        if self.split == "continuous":
            share = 2.0 / degree - returns
        else:
            share = np.where(returns, degree == 1, 1.0 / np.maximum(degree - 1, 1))
        keep = share != 0.0
        arc, wave = arc[keep], wave[keep]
        at = np.where(arc & 1, graph.length[arc >> 1], 0.0)
        return _Waves(arc, at, distance[wave], factor[wave] * share[keep])


def _run(graph: Graph, waves: _Waves) -> Floats:
    """Give the metres of its edge that each wave has before it."""
    return np.where(waves.arc & 1, waves.at, graph.length[waves.arc >> 1] - waves.at)


def _merged(waves: _Waves) -> _Waves:
    """Add up waves that leave by the same arc after the same way: turns taken in another order."""
    if not len(waves.arc):
        return waves
    key = np.rint(waves.distance / _ALIKE_M).astype(np.int64)
    order = np.lexsort((key, waves.arc))
    arc, key = waves.arc[order], key[order]
    new = np.flatnonzero(np.diff(arc, prepend=-1) | np.diff(key, prepend=-1))
    kept = order[new]
    factor = np.add.reduceat(waves.factor[order], new)
    return _Waves(waves.arc[kept], waves.at[kept], waves.distance[kept], factor)
