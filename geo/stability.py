"""How often a hotspot comes back when the events or the grid had fallen a little differently."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from shapely import affinity

from geo.cells import lattice_cells
from geo.hotspots.method import Points
from geo.note import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.grid import Grid
    from geo.hotspots.method import Evidence, Result

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SAMPLES, FEWEST_SAMPLES = 100, 20
"""Resampled sets of events: where the work allows, and where it does not."""
FEWEST_GRIDS = 4
"""Grids that are tried even so."""
WORK = 400_000
"""How many cells resampling may go through on one map, and other grids as many again.

A measure of work and not of time, so that the same input gives the same answer everywhere."""
MOST_CELLS = 50_000
"""With more cells nothing is tried again; where a run costs as much as two, with half as many."""
STABLE, FAIRLY = 0.8, 0.5
"""A hotspot that comes back at least so often is stable, or fairly so."""

_EVENTS_A_CELL = 20
"""So many events cost about as much as one cell."""
_GRID_WORK = 4
"""To lay a grid costs about as much as to run a plain method so often."""
_THIRDS = ((1, 1), (2, 2), (1, 2), (2, 1), (1, 0), (0, 1), (2, 0), (0, 2))
"""Thirds of a cell by which the grid is moved east and north, the most telling first."""
_DEGREES = (45, 30, 60, 15, 75)
"""Turns of a grid of squares, the most telling first."""


@dataclass(frozen=True, eq=False)
class Stability:
    """How often each hotspot comes back; all arrays are parallel to the hotspots.

    ``bootstrap`` is the share of the ``samples`` resampled sets of events, ``grids`` that of the
    ``layouts`` moved and turned grids; NaN where none was tried. ``label`` goes by the lower of
    the two: ``stable`` from 0.8, ``fairly`` from 0.5, else ``fragile``; ``unknown`` where neither
    was tried.
    """

    bootstrap: Floats
    grids: Floats
    label: NDArray[np.str_]
    samples: int
    layouts: int
    notes: tuple[Note, ...]


def stability(
    run: Callable[[Evidence], Result],
    evidence: Evidence,
    groups: Sequence[Ints],
    *,
    points: Points | None = None,
    layouts: Layouts | None = None,
    samples: int = SAMPLES,
    work: int = WORK,
    cost: float = 1.0,
) -> Stability:
    """Try each hotspot again on resampled events and on other grids.

    ``run`` is the method with its settings as used; it must answer from counts, weights or points,
    not from months or families. ``groups`` are the hotspots as positions of cells, no cell in
    two. ``points`` are the events behind ``evidence.n``; without them no other grid can be tried
    and resampled weights are the cell's mean. ``layouts`` are the other grids, laid once for
    several maps of one area. ``evidence.seed`` rules the randomness.

    1. Bootstrap (Efron 1979): as many events are drawn from the events, with replacement, counted
       on the same cells, and the method is run again.
    2. Grids: the lattice is moved by thirds of a cell and, of squares, turned about the area's
       centre; the same events are counted again, and the method is run again. Not for drawn
       cells, nor with ``evidence.exposure``, which is known for the first cells only.

    A hotspot comes back when at least half of its own events, as first observed, lie in cells
    that are hot again. How many samples and grids are tried follows from ``work`` and ``cost``:
    how many plain runs (Gi* from z) one run costs. Where it is too much, nothing is tried.

    It does not say that a hotspot is real. Resampling knows only what was reported, and repeats
    it, so it is kind to clusters; a place that barely passed its test comes back about half of
    the time. Other grids tell of the choice of cells alone.
    """
    cells, n = evidence.cells, evidence.n
    possible = bool(groups) and len(cells) * cost <= MOST_CELLS
    size = max(len(cells) + int(n.sum()) // _EVENTS_A_CELL, 1)
    group = np.full(len(cells), -1, dtype=np.int64)
    for i, own in enumerate(groups):
        group[own] = i
    kept = None if points is None else _inside(cells, points)

    tried = min(samples, max(int(work / (size * cost)), FEWEST_SAMPLES)) if possible else 0
    back = np.zeros(len(groups))
    for sample in _resampled(evidence, kept, tried):
        back += _returns(group, n, _hot(run(sample), len(cells)), len(groups))
    bootstrap = back / tried if tried else np.full(len(groups), np.nan)

    laid = 0
    back = np.zeros(len(groups))
    if layouts is None and evidence.area is not None and cells.grid is not None:
        layouts = Layouts(evidence.area, cells.grid)
    # Exposure is known for the cells as they lie.
    if possible and kept is not None and layouts is not None and evidence.exposure is None:
        most = max(int(work / (size * (cost + _GRID_WORK))), FEWEST_GRIDS)
        mine, ones = group[cells.locate(kept.x, kept.y)], np.ones(len(kept), dtype=np.int64)
        for other, area, moved in layouts.each(kept, most):
            at = other.locate(moved.x, moved.y)
            new = _counted(replace(evidence, cells=other, area=area), moved, at)
            hot = np.append(_hot(run(new), len(other)), False)  # -1 is in no cell
            back += _returns(mine, ones, hot[at], len(groups))
            laid += 1
    grids = back / laid if laid else np.full(len(groups), np.nan)
    return Stability(
        bootstrap,
        grids,
        _labels(bootstrap, grids),
        tried,
        laid,
        _notes(evidence, groups, min(tried, samples), samples, int(MOST_CELLS / cost)),
    )


def _inside(cells: Cells, points: Points) -> Points:
    """Keep the points that lie in a cell."""
    at = cells.locate(points.x, points.y) >= 0
    return Points(points.x[at], points.y[at], points.weight[at])


def _returns(group: Ints, held: Ints, hot: Bools, count: int) -> Bools:
    """Say of each group whether at least half of the events it holds are hot again."""
    own = group >= 0
    total = np.bincount(group[own], weights=held[own], minlength=count)
    again = np.bincount(group[own], weights=(held * hot)[own], minlength=count)
    return np.asarray((total > 0) & (2 * again >= total))


def _hot(result: Result, count: int) -> Bools:
    """Mark the cells that a method claims, one by one or as parts of places."""
    if not result.clusters:
        return np.zeros(count, dtype=bool) if result.hot is None else result.hot
    hot = np.zeros(count, dtype=bool)
    for cluster in result.clusters:
        if cluster.significant:
            hot[cluster.cells] = True
    return hot


def _resampled(evidence: Evidence, points: Points | None, times: int) -> Iterator[Evidence]:
    """Draw as many events as there are from those there are, with replacement."""
    rng = np.random.default_rng(evidence.seed)
    cells, n = evidence.cells, evidence.n
    total = int(n.sum())
    if points is not None:
        at = cells.locate(points.x, points.y)
        for _ in range(times):
            drawn = rng.integers(0, len(points), len(points))
            some = Points(points.x[drawn], points.y[drawn], points.weight[drawn])
            yield _counted(evidence, some, at[drawn])
        return
    mean_weight = np.divide(evidence.weight, n, out=np.zeros(len(n)), where=n > 0)
    for _ in range(times):
        again = rng.multinomial(total, n / max(total, 1))
        yield replace(evidence, n=again, weight=np.asarray(again * mean_weight))


@dataclass(frozen=True, slots=True)
class _Move:
    """A step east and north (metres), or a turn (degrees) about a point."""

    east: float = 0.0
    north: float = 0.0
    degrees: float = 0.0

    def of_area(self, area: BaseGeometry, origin: Floats) -> BaseGeometry:
        if self.degrees:
            return affinity.rotate(area, self.degrees, origin=tuple(origin))
        return affinity.translate(area, self.east, self.north)

    def of_points(self, xy: Floats, origin: Floats) -> Floats:
        if not self.degrees:
            return np.asarray(xy + np.array([self.east, self.north]))
        angle = np.deg2rad(self.degrees)
        cos, sin = np.cos(angle), np.sin(angle)
        return np.asarray((xy - origin) @ np.array([[cos, sin], [-sin, cos]]) + origin)


class Layouts:
    """Other grids over one area, each laid once, when it is first asked for.

    The area and the points are moved under the grid, which comes to the same.
    """

    def __init__(self, area: BaseGeometry, grid: Grid) -> None:
        self._area, self._grid = area, grid
        self._origin = np.array([area.centroid.x, area.centroid.y])
        self._moves = _moves(grid)
        self._laid: list[Cells] = []

    def each(self, points: Points, most: int) -> Iterator[tuple[Cells, BaseGeometry, Points]]:
        """Give cells, area and points on at most ``most`` other grids, the most telling first."""
        xy = np.column_stack([points.x, points.y])
        for i, move in enumerate(self._moves[:most]):
            area = move.of_area(self._area, self._origin)
            if i == len(self._laid):
                self._laid.append(lattice_cells(self._grid, area))
            x, y = np.ascontiguousarray(move.of_points(xy, self._origin).T)
            yield self._laid[i], area, Points(x, y, points.weight)


def _moves(grid: Grid) -> list[_Move]:
    """List moves and, of squares, turns by turns."""
    step = grid.size / 3
    turns = _DEGREES if grid.kind == "square" else ()
    moves = []
    for (east, north), degrees in zip_longest(_THIRDS, turns):
        moves.append(_Move(east=east * step, north=north * step))
        if degrees is not None:
            moves.append(_Move(degrees=degrees))
    return moves


def _counted(evidence: Evidence, points: Points, at: Ints) -> Evidence:
    """Give the evidence that these points make; ``at`` are their cells, -1 in none."""
    inside, count = at >= 0, len(evidence.cells)
    n = np.bincount(at[inside], minlength=count).astype(np.int64)
    weight = np.bincount(at[inside], weights=points.weight[inside], minlength=count)
    return replace(
        evidence,
        n=n,
        weight=weight.astype(np.float64),
        points=None if evidence.points is None else points,
    )


def _labels(bootstrap: Floats, grids: Floats) -> NDArray[np.str_]:
    """Say how stable by the lower share."""
    lower = np.fmin(bootstrap, grids)
    labels = ["unknown", "stable", "fairly"]
    return np.select([np.isnan(lower), lower >= STABLE, lower >= FAIRLY], labels, "fragile")


def _notes(
    evidence: Evidence, groups: Sequence[Ints], tried: int, wanted: int, most: int
) -> tuple[Note, ...]:
    """Tell what was not tried; ``most`` cells would have been."""
    if groups and not tried:
        return (Note("stability_untried", {"n": len(evidence.cells), "most": most}),)
    if groups and tried < wanted:
        return (Note("stability_fewer", {"n": tried, "wanted": wanted}),)
    return ()
