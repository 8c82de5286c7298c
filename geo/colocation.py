"""Who is found beside whom: colocation quotients of two types of events, and events near sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from geo.significance import benjamini_hochberg, chance_p

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_BLOCK = 1 << 22
"""Numbers held at once in a table of distances."""
_PAIRS = 20_000_000
"""With more pairs of position and place than this, scipy's tree counts: its import pays off."""
_LIKE = 1.25
"""A place holds about as much as a site where neither holds more than this times the other."""
_FEWEST = 50
"""Each site is compared with at least so many places."""
_CROWD = 20
"""With more events a position than this, their types are drawn by position, not one by one."""
_TIE = 1e-9
"""Distances that differ by less than this, relatively, are the same distance."""


@dataclass(frozen=True, eq=False)
class Quotients:
    """A local colocation quotient for each position; NaN where it is not defined.

    ``p`` is two-sided. ``least_p`` is the smallest p that the place could have had with as many
    events, whatever their types: where it is not below alpha there is nothing to test.
    """

    quotient: Floats
    p: Floats
    least_p: Floats


@dataclass(frozen=True, eq=False)
class SiteCounts:
    """Events within reach of each site against what its share of the ground would give."""

    n: Ints
    expected: Floats
    ratio: Floats
    p: Floats
    q: Floats


def global_quotients(
    x: Floats, y: Floats, a: Ints, b: Ints, n: Ints, *, relabellings: int = 999, seed: int = 1
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the colocation quotient of type A towards type B and of B towards A, each with p.

    Each position (metres) holds ``n`` events, ``a`` of type A and ``b`` of type B. The quotient
    is the part of A's nearest neighbours that are B, over the part of B among all other events,
    ``N_B / (N - 1)``; events equally near share the place of the nearest (those at the same
    position are nearest of all). Above 1: A is found beside B more than events in general are.
    It is not symmetric. Source: Leslie & Kronenfeld (2011).

    p is ``(1 + r) / (1 + R)`` over random relabellings of the events with their positions fixed,
    the same for both directions, the smaller tail doubled. Under them the quotient is 1 on
    average, exactly. One nearest neighbour is a short look; NaN where a type is missing.
    """
    here = np.flatnonzero(n > 0)
    places, at = np.unique(np.column_stack([x[here], y[here]]), axis=0, return_inverse=True)
    a, b, n = (
        np.bincount(at, weights=v[here], minlength=len(places)).astype(np.int64) for v in (a, b, n)
    )
    total, all_a, all_b = int(n.sum()), int(a.sum()), int(b.sum())
    if not (all_a and all_b):
        nothing = float("nan"), float("nan")
        return nothing, nothing
    beside, of, events = _nearest(places, n)
    ones = np.flatnonzero(np.diff(of, prepend=-1))  # where each position's neighbours begin

    def shared(types: Ints) -> Floats:
        """Part of a type among the nearest of an event of the other, a row a relabelling."""
        part = types / np.maximum(n - 1, 1)
        part[:, of[ones]] = np.add.reduceat(types[:, beside], ones, axis=1) / events[of[ones]]
        return part

    def both(a: Ints, b: Ints) -> Floats:
        """Quotients in both directions, a column a relabelling."""
        towards = np.einsum("rp,rp->r", a, shared(b)), np.einsum("rp,rp->r", b, shared(a))
        return np.stack(towards) * (total - 1) / (float(all_a) * all_b)

    observed = both(a[None, :], b[None, :])[:, 0]
    rng = np.random.default_rng(seed)
    dealt = _relabelled(n, all_a, all_b, relabellings, rng)
    p = _simulated_p(observed, np.concatenate([both(one, two) for one, two in dealt], axis=1))
    return (float(observed[0]), float(p[0])), (float(observed[1]), float(p[1]))


def local_quotient(
    x: Floats,
    y: Floats,
    a: Ints,
    b: Ints,
    n: Ints,
    bandwidth_m: float | Floats,
    *,
    relabellings: int = 999,
    seed: int = 1,
) -> Quotients:
    """Give the local colocation quotient at each position that holds an event of type A.

    Positions and counts as in :func:`global_quotients`; single points are positions of one event.
    The weighted part of B among all other events around an event of A, with Gaussian weights
    ``exp(-d^2 / (2 bandwidth^2))``, over ``N_B / (N - 1)``; the event itself is left out, others
    at its position weigh 1. ``bandwidth_m`` is one for all or one for each position, such as
    :func:`kth_nearest`. NaN where no other event is near enough to weigh anything. Sources:
    Cromley, Hanink & Bentley (2014); Wang, Hu, Wang & Li (2017).

    p by random relabelling of all events but the one looked at, as there: never below
    ``2 / (R + 1)``, so that after Benjamini-Hochberg over many positions little can remain.
    High says that the mix of events is unusual there, not that there are many.
    """
    focal = np.flatnonzero(a > 0)
    here = np.flatnonzero(n > 0)
    total, all_a, all_b = int(n.sum()), int(a.sum()), int(b.sum())
    quotient, p, least = (np.full(len(n), np.nan) for _ in range(3))
    bandwidth = np.broadcast_to(np.asarray(bandwidth_m, dtype=np.float64), len(n))
    if not (len(focal) and all_b):
        return Quotients(quotient, p, least)
    rng = np.random.default_rng(seed)
    held = n[here]
    found = {int(cell): i for i, cell in enumerate(here)}
    own = np.array([found[int(cell)] for cell in focal], dtype=np.int64)
    draws = [
        np.concatenate(types)
        for types in zip(*_relabelled(held, all_a, all_b, relabellings, rng), strict=True)
    ]
    types = draws[1].T.astype(np.float64)
    # An event looked at is of type A. Where a relabelling made it B, it changes with an event of
    # A drawn at random, which makes every relabelling of the others equally likely.
    swapped = rng.random((len(focal), relabellings)) * held[own][:, None] < types[own]
    partner = np.column_stack(
        [
            np.searchsorted(np.cumsum(one), rng.integers(0, all_a, len(focal)), side="right")
            for one in draws[0]
        ]
    )
    for rows in _blocks(len(focal), len(here)):
        at = focal[rows]
        weights = _gaussian(x[at], y[at], x[here], y[here], bandwidth[at])
        around = weights @ held - 1.0
        known = around > _TIE
        scale = np.where(known, around, 1.0) * all_b / (total - 1)
        moved = np.take_along_axis(weights, partner[rows], axis=1) - 1.0
        simulated = (weights @ types + np.where(swapped[rows], moved, 0.0)) / scale[:, None]
        value = (weights @ b[here]) / scale
        quotient[at] = np.where(known, value, np.nan)
        p[at] = np.where(known, _simulated_p(value, simulated), np.nan)
        least[at] = np.where(known, min(2.0 / (relabellings + 1), 1.0), np.nan)
    return Quotients(quotient, p, least)


def local_quotient_of_cells(a: Ints, b: Ints, n: Ints, neighbours: Neighbours) -> Quotients:
    """Give the local colocation quotient of cells: equal weights over a cell and its neighbours.

    As :func:`local_quotient` with weight 1 for the events in the cell and in those beside it, 0
    farther off. Then relabelling need not be simulated: the number of B among the m other events
    around is hypergeometric, and p is exact (twice the smaller tail, at most 1), however small.
    """
    total, all_b = int(n.sum()), int(b.sum())
    around, near = (np.rint(neighbours.sums(v.astype(np.float64))).astype(np.int64) for v in (n, b))
    others = around - 1
    known = (a > 0) & (others > 0)
    quotient, p, least = (np.full(len(n), np.nan) for _ in range(3))
    if not (known.any() and all_b):
        return Quotients(quotient, p, least)
    quotient[known] = near[known] / others[known] * (total - 1) / all_b
    p[known], least[known] = hypergeometric_p(near[known], others[known], all_b, total - 1)
    return Quotients(quotient, p, least)


def hypergeometric_p(k: Ints, drawn: Ints, good: int, total: int) -> tuple[Floats, Floats]:
    """Give the exact two-sided p of ``k`` good among ``drawn`` of ``total``, and the least p.

    Twice the smaller tail, at most 1. The least p is that of the most unusual k there could be.
    """
    p, least = np.ones(len(k)), np.ones(len(k))
    for m in np.unique(drawn).tolist():
        these = np.flatnonzero(drawn == m)
        first, last = max(0, m - (total - good)), min(m, good)
        j = np.arange(first, last, dtype=np.float64)
        steps = np.log((good - j) * (m - j) / ((j + 1) * (total - good - m + j + 1)))
        log_chance = np.concatenate([[0.0], np.cumsum(steps)])
        chance = np.exp(log_chance - log_chance.max())
        up_to, from_on = np.cumsum(chance), np.cumsum(chance[::-1])[::-1]
        both = np.minimum(2.0 * np.minimum(up_to, from_on) / chance.sum(), 1.0)
        p[these] = both[k[these] - first]
        least[these] = min(both[0], both[-1])
    return p, least


def kth_nearest(x: Floats, y: Floats, n: Ints, k: int) -> Floats:
    """Measure from each position how far its k-th nearest other event lies (metres).

    Events at the same position lie at distance 0, so the result can be 0: then only those count.
    Infinite where there are fewer than k others.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import, and rarely needed

    held = np.flatnonzero(n > 0)
    if not len(held):
        return np.full(len(x), np.inf)
    # Each position holds an event, so the nearest k + 1 hold the event itself and k others.
    tree = cKDTree(np.column_stack([x[held], y[held]]))
    distance, near = tree.query(np.column_stack([x, y]), k=np.arange(1, k + 2))
    events = np.cumsum(np.append(n[held], 0)[near], axis=1) - (n > 0)[:, None]
    reached = np.argmax(events >= k, axis=1)
    far = np.take_along_axis(np.asarray(distance), reached[:, None], axis=1)[:, 0]
    return np.where(events[:, -1] >= k, far, np.inf)


def count_within(x: Floats, y: Floats, n: Ints, at_x: Floats, at_y: Floats, reach_m: float) -> Ints:
    """Count the events within reach of each place, ``n`` events at each (x, y); edge included."""
    position, held = np.unique(np.repeat(x + 1j * y, n), return_counts=True)
    total = np.zeros(len(at_x), dtype=np.int64)
    if len(position) * len(at_x) <= _PAIRS:
        events = shapely.STRtree(_points(position.real, position.imag))
        for rows in _blocks(len(at_x), len(position)):
            places = _points(at_x[rows], at_y[rows])
            place, event = events.query(places, predicate="dwithin", distance=reach_m)
            total[rows] = np.bincount(place, weights=held[event], minlength=len(places))
        return total
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import, and only many need it

    there = np.column_stack([position.real, position.imag])
    at = np.column_stack([at_x, at_y])
    # A tree counts positions, not what they hold: one for each binary digit of that.
    for digit in range(int(held.max()).bit_length()):
        tree = cKDTree(there[held >> digit & 1 == 1], balanced_tree=False)
        total += np.asarray(tree.query_ball_point(at, reach_m, return_length=True)) << digit
    return total


def share_within(
    cells: Cells,
    share: Floats,
    at_x: Floats,
    at_y: Floats,
    reach_m: float,
    area: BaseGeometry | None = None,
) -> Floats:
    """Give the part of the events that even spreading puts within reach of each place.

    ``share`` is each cell's part and is even within the cell, so that a cell cut by the circle
    counts for the part inside. Give ``area`` where shares are ground and the cells cover it, to
    cut by it exactly.
    """
    if area is not None:
        # Only circles that meet the border need a true overlay; of the others the centre tells.
        border = area.boundary
        for shape in (area, border):
            shapely.prepare(shape)
        whole = shapely.area(_discs(np.zeros(1), np.zeros(1), reach_m))
        held = np.where(shapely.contains_xy(area, at_x, at_y), whole, 0.0)
        cut = np.flatnonzero(shapely.dwithin(border, _points(at_x, at_y), reach_m))
        discs = _discs(at_x[cut], at_y[cut], reach_m)
        held[cut] = shapely.area(shapely.intersection(area, discs))
        return np.asarray(held / area.area, dtype=np.float64)
    discs = _discs(at_x, at_y, reach_m)
    polygons = cells.polygons
    place, cell = shapely.STRtree(polygons).query(discs, predicate="intersects")
    inside = shapely.area(shapely.intersection(polygons[cell], discs[place]))
    part = share[cell] * inside / shapely.area(polygons[cell])
    return np.minimum(np.bincount(place, weights=part, minlength=len(discs)), 1.0)


def share_within_of_centres(cells: Cells, share: Floats, at: Ints, reach_m: float) -> Floats:
    """Give what :func:`share_within` gives at the centres of some lattice cells, but fast.

    Around every centre the circle cuts the lattice alike, so it is cut once.
    """
    grid, _, _ = cells.lattice
    furthest = int(2 * reach_m / grid.size) + 2  # rows of hexagons are slanted and lie closer
    steps = np.arange(-furthest, furthest + 1)
    column, row = (v.ravel() for v in np.meshgrid(steps, steps))
    polygons = grid.polygons(column, row)
    (x,), (y,) = grid.centres(np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    (disc,) = _discs(np.array([x]), np.array([y]), reach_m)
    part = shapely.area(shapely.intersection(polygons, disc)) / grid.cell_area_m2
    step_x, step_y = grid.centres(column, row)
    total = np.zeros(len(at))
    for i in np.flatnonzero(part > 0).tolist():
        cell = cells.locate(cells.x[at] + (step_x[i] - x), cells.y[at] + (step_y[i] - y))
        total += part[i] * np.where(cell >= 0, share[cell], 0.0)
    return np.minimum(total, 1.0)


def near_sites(n: Ints, total: int, share: Floats) -> SiteCounts:
    """Judge whether more of ``total`` events lie within reach of each site than ground explains.

    ``n`` events lie within reach, where ``share`` of the ground (or whatever events are measured
    against) is. Exact binomial p, two-sided; Benjamini-Hochberg over the sites. A site with
    nothing of the ground within reach is no test: NaN. Sites that lie close count the same
    events. It can mislead: bathing sites lie where people and roads are, so a ratio above 1 may
    show where people are and nothing about bathing.
    """
    expected = total * share
    held = share > 0
    p, ratio = (np.full(len(n), np.nan) for _ in range(2))
    p[held] = chance_p(n[held], total, share[held])
    np.divide(n, expected, out=ratio, where=expected > 0)
    return SiteCounts(n, expected, ratio, p, benjamini_hochberg(p))


def random_layouts(
    weight: Floats, around: Floats, share: Floats, *, placements: int = 999, seed: int = 1
) -> Ints:
    """Draw a place for every site, at random among those with about as much around them.

    Places have the chance ``weight``; ``around`` is the share of the ground within reach of each,
    ``share`` that within reach of each site. Each site is drawn a place with at most a
    quarter more or less, or one of the nearest 50. So sites at a shore or border, whose circles
    hold little and vary much, are held against others that do. Gives positions of places, shape
    (placements, sites); needs a place with a weight and something around it.
    """
    usable = np.flatnonzero((weight > 0) & (around > 0))
    order = usable[np.argsort(around[usable], kind="stable")]
    ranked = around[order]
    first = np.searchsorted(ranked, share / _LIKE, side="left")
    last = np.searchsorted(ranked, share * _LIKE, side="right")
    middle = np.searchsorted(ranked, share)
    nearest = np.clip(middle - _FEWEST // 2, 0, max(len(order) - _FEWEST, 0))
    few = last - first < _FEWEST
    first = np.where(few, nearest, first)
    last = np.where(few, np.minimum(nearest + _FEWEST, len(order)), last)
    edges = np.concatenate([[0.0], np.cumsum(weight[order])])
    drawn = np.random.default_rng(seed).random((placements, len(share)))
    drawn = edges[first] + drawn * (edges[last] - edges[first])
    at = np.searchsorted(edges[1:], drawn, side="right")
    return np.asarray(order[np.clip(at, first, last - 1)], dtype=np.int64)


def sites_together(
    n: Ints,
    share: Floats,
    n_elsewhere: Ints,
    share_elsewhere: Floats,
    total: int,
    *,
    seed: int = 1,
) -> tuple[float, float]:
    """Compare what lies within reach of all sites with as much ground elsewhere.

    ``n`` of ``total`` events lie within reach of each site, where ``share`` of the ground is;
    ``n_elsewhere`` and ``share_elsewhere`` are the same around the places of random layouts
    (:func:`random_layouts`), a row each. Gives the ratio of the events to what the ground would
    give, and its two-sided p over the layouts: a cross-K function at one distance. The events stay
    where they are, so their own clustering makes no false meeting. Where a random place holds
    more ground than its site, its events are thinned to as much, so that both vary alike.

    It still misleads as :func:`near_sites` does, and sites that lie close together say less than
    their number suggests. Sites without ground are left out; NaN if none is left or no event is.
    """
    held = share > 0
    n, share = n[held], share[held]
    n_elsewhere, share_elsewhere = n_elsewhere[:, held], share_elsewhere[:, held]
    if not (len(n) and total):
        return float("nan"), float("nan")
    part = np.divide(
        share, share_elsewhere, out=np.ones(share_elsewhere.shape), where=share_elsewhere > share
    )
    thinned = np.random.default_rng([seed, 1]).binomial(n_elsewhere, part).sum(axis=1)
    ground = np.minimum(share, share_elsewhere).sum(axis=1)
    known = ground > 0
    observed = np.array([n.sum() / (total * share.sum())])
    p = _simulated_p(observed, (thinned[known] / (total * ground[known]))[None, :])
    return float(observed[0]), float(p[0])


def _points(x: Floats, y: Floats) -> NDArray[np.object_]:
    """Give the places as shapes."""
    return np.asarray(shapely.points(x, y), dtype=np.object_)


def _discs(x: Floats, y: Floats, radius_m: float) -> NDArray[np.object_]:
    """Give circles around the places as shapes, a thousandth too small."""
    return np.asarray(shapely.buffer(_points(x, y), radius_m, quad_segs=32), dtype=np.object_)


def _nearest(places: Floats, n: Ints) -> tuple[Ints, Ints, Ints]:
    """List the places nearest to each place of one event, and how many events they hold.

    Gives pairs (place beside, place), by place, and the number of events beside each place.
    """
    everywhere = _points(places[:, 0], places[:, 1])
    single = np.flatnonzero(n == 1)
    tree = shapely.STRtree(everywhere)
    (found, _), distance = tree.query_nearest(
        everywhere[single], exclusive=True, return_distance=True, all_matches=False
    )
    centre, near = tree.query(
        everywhere[single[found]], predicate="dwithin", distance=distance * (1 + _TIE)
    )
    centre = single[found[centre]]
    other = centre != near
    order = np.lexsort((near[other], centre[other]))
    near, centre = near[other][order], centre[other][order]
    events = np.bincount(centre, weights=n[near], minlength=len(n)).astype(np.int64)
    return near, centre, events


def _relabelled(
    n: Ints, all_a: int, all_b: int, times: int, rng: np.random.Generator
) -> Iterator[tuple[Ints, Ints]]:
    """Deal the types out anew over the events, ``times`` times, a row each, block by block.

    Gives counts of A and B by position.
    """
    dealt: Literal["count", "marginals"] = "count" if n.sum() < _CROWD * len(n) else "marginals"
    for rows in _blocks(times, len(n)):
        size = min(rows.stop, times) - rows.start
        b = rng.multivariate_hypergeometric(n, all_b, size=size, method=dealt)
        if all_a + all_b == n.sum():
            yield n - b, b
        else:
            yield np.array([rng.multivariate_hypergeometric(n - two, all_a) for two in b]), b


def _simulated_p(observed: Floats, simulated: Floats) -> Floats:
    """Give ``(1 + r) / (1 + R)``, the smaller tail doubled; ``simulated`` has one row each."""
    slack = _TIE * np.maximum(abs(observed), 1.0)
    above = (simulated >= (observed - slack)[:, None]).sum(axis=1)
    below = (simulated <= (observed + slack)[:, None]).sum(axis=1)
    p = 2.0 * (1.0 + np.minimum(above, below)) / (1.0 + simulated.shape[1])
    return np.asarray(np.minimum(p, 1.0), dtype=np.float64)


def _gaussian(x: Floats, y: Floats, other_x: Floats, other_y: Floats, bandwidth: Floats) -> Floats:
    """Weigh the others by distance, one row for each (x, y); with bandwidth 0 only distance 0."""
    squared = (x[:, None] - other_x) ** 2 + (y[:, None] - other_y) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.exp(-squared / (2.0 * bandwidth[:, None] ** 2))
    return np.where(squared == 0, 1.0, np.where(bandwidth[:, None] > 0, weights, 0.0))


def _blocks(rows: int, width: int) -> Iterator[slice]:
    """Cut rows of a wide table into blocks that fit into memory."""
    step = max(1, _BLOCK // max(width, 1))
    for start in range(0, rows, step):
        yield slice(start, start + step)
