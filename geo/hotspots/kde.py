"""Kernel density: events per square kilometre as a smooth surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.bandwidths import Rule, abramson, chosen_sigma
from geo.hotspots.method import Evidence, Method, Parameter, Points, Result
from geo.kernels import (
    STEPS_PER_SIGMA,
    Kernel,
    as_bandwidth,
    as_sigma,
    coverage,
    kde_on_raster,
    kernel_sum,
    mass_inside_raster,
    reach,
)
from geo.note import Note
from geo.schema import KDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_EXACT_PAIRS = 20_000_000
_TILE_NODES = 1_000_000
"""A raster between places of more is laid in parts, only where there are places."""
_SPARSE = 10
"""A lattice that fills less than a tenth of its rows and columns is treated as places."""
_CLASSES = 20
_LEAST_MASS = 1e-3
"""A point whose kernel lies outside to all but this much is not raised further."""


def kde_on_cells(
    points: Points,
    cells: Cells,
    *,
    kernel: Kernel = "quartic",
    bandwidth: float | Floats,
) -> Floats:
    """Give the density per square metre at the centres of cells, for any number of points.

    ``bandwidth`` is one for all or one a point, metres. Few points are summed exactly; many go
    through a raster and a Fourier transform, whose error is below 1e-4 of the peak, with a
    bandwidth for each point below 1e-3 (measured in the tests against the exact sum). Memory does
    not grow with the extent: what is too wide for one raster is done in parts.
    """
    if not len(points):
        return np.zeros(len(cells))
    if len(points) * len(cells) <= _EXACT_PAIRS:
        return kernel_sum(points, cells.x, cells.y, kernel=kernel, bandwidth=bandwidth)
    if isinstance(bandwidth, np.ndarray):
        total = np.zeros(len(cells))
        for width, some, share in _by_class(bandwidth):
            part = Points(points.x[some], points.y[some], points.weight[some] * share)
            total += _kde_on_many_cells(part, cells, kernel, width)
        return np.maximum(total, 0.0)
    return np.maximum(_kde_on_many_cells(points, cells, kernel, bandwidth), 0.0)


def _by_class(bandwidth: Floats) -> Iterator[tuple[float, Ints, Floats]]:
    """Share points among few bandwidths in geometric steps: bandwidth, points, their shares.

    Each point's kernel is mixed from the four bandwidths around its own (Lagrange's cubic in the
    logarithm); shares sum to 1 for each point, so that no mass is made or lost. Some are negative.
    """
    logs = np.log(bandwidth)
    low, high = float(logs.min()), float(logs.max())
    if high - low < 1e-9:  # noqa: PLR2004 - all alike but for rounding
        yield float(bandwidth[0]), np.arange(len(bandwidth)), np.ones(len(bandwidth))
        return
    at = (logs - low) / (high - low) * (_CLASSES - 1)
    first = np.clip(np.floor(at).astype(np.int64) - 1, 0, _CLASSES - 4)
    t = at - first
    shares = np.array(
        [
            (t - 1) * (t - 2) * (t - 3) / -6.0,
            t * (t - 2) * (t - 3) / 2.0,
            t * (t - 1) * (t - 3) / -2.0,
            t * (t - 1) * (t - 2) / 6.0,
        ]
    )
    for i, width in enumerate(np.exp(np.linspace(low, high, _CLASSES))):
        some = np.flatnonzero((first <= i) & (first > i - 4))
        if len(some):
            yield float(width), some, shares[i - first[some], some]


def _kde_on_many_cells(points: Points, cells: Cells, kernel: Kernel, bandwidth: float) -> Floats:
    """Give the density at the centres of cells by a raster; on a lattice centres are its nodes."""
    if cells.grid is None:
        return _kde_between(points, cells.x, cells.y, kernel, bandwidth)
    size = cells.grid.size
    dx, dy = (size, size) if cells.grid.kind == "square" else (size / 2, size * 3**0.5 / 2)
    x0, y0 = float(cells.x.min()), float(cells.y.min())
    column = np.rint((cells.x - x0) / dx).astype(np.int64)
    row = np.rint((cells.y - y0) / dy).astype(np.int64)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    if shape[0] * shape[1] > max(_TILE_NODES, _SPARSE * len(cells)):
        return _kde_between(points, cells.x, cells.y, kernel, bandwidth)
    density = kde_on_raster(points, x0, y0, (dx, dy), shape, kernel=kernel, bandwidth=bandwidth)
    return density[row, column]


def _kde_between(points: Points, x: Floats, y: Floats, kernel: Kernel, bandwidth: float) -> Floats:
    """Give the density at any places by a raster over them and cubic splines.

    Exact where that costs no more than the raster; else in halves while the raster is too large.
    """
    step = as_sigma(kernel, bandwidth) / STEPS_PER_SIGMA[kernel]
    x0, y0 = float(x.min()) - 4 * step, float(y.min()) - 4 * step
    shape = (int((y.max() - y0) / step) + 6, int((x.max() - x0) / step) + 6)
    points = _within(points, (x.min(), y.min(), x.max(), y.max()), reach(kernel, bandwidth))
    if len(points) * len(x) <= shape[0] * shape[1]:
        return kernel_sum(points, x, y, kernel=kernel, bandwidth=bandwidth)
    if shape[0] * shape[1] > _TILE_NODES:
        density = np.empty(len(x))
        for half in _halves(x, y):
            density[half] = _kde_between(points, x[half], y[half], kernel, bandwidth)
        return density
    density = kde_on_raster(points, x0, y0, step, shape, kernel=kernel, bandwidth=bandwidth)
    return _between(density, (y - y0) / step, (x - x0) / step)


def _within(points: Points, bounds: tuple[float, float, float, float], far: float) -> Points:
    """Keep the points within bounds (west, south, east, north) widened by a distance, metres."""
    west, south, east, north = bounds
    near = (points.x >= west - far) & (points.x <= east + far)
    near &= (points.y >= south - far) & (points.y <= north + far)
    return points if near.all() else _some(points, near)


def _some(points: Points, which: Bools) -> Points:
    return Points(points.x[which], points.y[which], points.weight[which])


def _halves(x: Floats, y: Floats) -> tuple[Bools, Bools]:
    """Mark the two halves of places, cut across the longer side of what they extend over."""
    along = x if np.ptp(x) > np.ptp(y) else y
    first = along < (along.min() + along.max()) / 2.0
    return first, ~first


def _between(values: Floats, row: Floats, column: Floats) -> Floats:
    """Interpolate a raster at fractions of rows and columns by cubic splines."""
    from scipy import ndimage  # noqa: PLC0415 - slow to import, and rarely needed

    return np.asarray(ndimage.map_coordinates(values, (row, column), order=3, mode="nearest"))


def mass_inside(
    points: Points, area: BaseGeometry, *, kernel: Kernel, bandwidth: float | Floats
) -> Floats:
    """Give for each point the share of its kernel that lies inside the study area, above 0 to 1.

    ``bandwidth`` is one for all or one a point, metres. Right to 2e-4; shares below 0.001
    are given as that.
    """
    share = np.zeros(len(points))
    if isinstance(bandwidth, np.ndarray):
        for width, some, part in _by_class(bandwidth):
            share[some] += part * _mass_inside(points.x[some], points.y[some], area, kernel, width)
    else:
        share = _mass_inside(points.x, points.y, area, kernel, bandwidth)
    return np.clip(share, _LEAST_MASS, 1.0)


def _mass_inside(
    x: Floats, y: Floats, area: BaseGeometry, kernel: Kernel, bandwidth: float
) -> Floats:
    """Give each point's share: all or nothing unless its kernel reaches the border."""
    border = shapely.boundary(area)
    shapely.prepare((area, border))
    share = shapely.contains_xy(area, x, y).astype(np.float64)
    cut = shapely.dwithin(border, shapely.points(x, y), reach(kernel, bandwidth))
    if cut.any():
        share[cut] = _mass_at_border(x[cut], y[cut], area, kernel, bandwidth)
    return share


def _mass_at_border(
    x: Floats, y: Floats, area: BaseGeometry, kernel: Kernel, bandwidth: float
) -> Floats:
    """Give each point's share by a raster over the points and what their kernels reach.

    In halves while the raster is too large, with what each half sees of the area.
    """
    step = as_sigma(kernel, bandwidth) / STEPS_PER_SIGMA["gaussian"]  # a mass has no sharp rim
    far = reach(kernel, bandwidth) + 4 * step
    x0, y0 = float(x.min()) - far, float(y.min()) - far
    shape = (int((y.max() + far - y0) / step) + 2, int((x.max() + far - x0) / step) + 2)
    if shape[0] * shape[1] > _TILE_NODES:
        share = np.empty(len(x))
        seen = shapely.box(x0, y0, x0 + shape[1] * step, y0 + shape[0] * step)
        area = shapely.intersection(area, shapely.buffer(seen, step, join_style="mitre"))
        for half in _halves(x, y):
            share[half] = _mass_at_border(x[half], y[half], area, kernel, bandwidth)
        return share
    inside = coverage(area, x0, y0, (step, step), shape)
    mass = mass_inside_raster(inside, (step, step), kernel, bandwidth)
    return _between(mass, (y - y0) / step, (x - x0) / step)


def adaptive_bandwidth(
    points: Points, *, kernel: Kernel, bandwidth: float, floor: float = 0.0
) -> Floats:
    """Give each point its own bandwidth by ``abramson``, none narrower than ``floor`` (metres).

    The pilot is a Gaussian that smooths as much as the kernel of this bandwidth (which pilot
    matters little: Silverman 1986, section 5.3.1), counting every point once, itself included.
    """
    if not len(points):
        return np.zeros(0)
    once = Points(points.x, points.y, np.ones(len(points)))
    sigma = as_sigma(kernel, bandwidth)
    if len(points) ** 2 <= _EXACT_PAIRS:
        pilot = kernel_sum(once, once.x, once.y, kernel="gaussian", bandwidth=sigma)
    else:
        pilot = _kde_between(once, once.x, once.y, "gaussian", sigma)
        pilot = np.maximum(pilot, 0.5 / (np.pi * sigma**2))  # its own kernel is always there
    return np.maximum(abramson(pilot, bandwidth), floor)


def run(
    evidence: Evidence,
    *,
    kernel: Kernel = "quartic",
    bandwidth: float | None = None,
    rule: Rule = "likelihood",
    adaptive: bool = False,
    edge_correction: bool = False,
) -> Result:
    """Estimate the density at the centre of every cell, in events (weights) per square kilometre.

    ``bandwidth`` is the quartic's radius or the Gaussian's standard deviation, metres; without it
    the data choose by ``rule`` (never narrower than half a cell). ``adaptive`` makes it narrower
    where points are dense and wider where they are few, down to a quarter (and half a cell) and up
    to four times: it shows single streets in towns and no bumps of single points in the country,
    but a lone event is spread thin. ``edge_correction`` divides each event by its kernel's mass
    inside the area (Diggle 1985), so that no mass is lost over the border. Then only events inside
    the area count, for the bandwidth as for the density: one outside has little mass inside, and
    would be drawn in over the border many times over. A density claims nothing: peaks appear in
    random points too.
    """
    points, cells = evidence.points, evidence.cells
    if points is None:
        raise ValueError("kde needs the points")
    area = evidence.area if edge_correction else None
    if area is not None:
        points = _some(points, shapely.intersects_xy(area, points.x, points.y))
    notes = []
    half = cell_width(cells) / 2
    if bandwidth is None:
        bandwidth = rounded(as_bandwidth(kernel, chosen_sigma(points, half, rule)))
        notes.append(Note("bandwidth_chosen", {"bandwidth": bandwidth, "kernel": kernel}))
    widths: float | Floats = bandwidth
    if adaptive:
        floor = min(as_bandwidth(kernel, half), bandwidth)
        widths = adaptive_bandwidth(points, kernel=kernel, bandwidth=bandwidth, floor=floor)
        if len(points):
            notes.append(
                Note(
                    "bandwidth_adaptive",
                    {"least": rounded(widths.min()), "most": rounded(widths.max())},
                )
            )
    if area is not None and len(points):
        share = mass_inside(points, area, kernel=kernel, bandwidth=widths)
        points = Points(points.x, points.y, points.weight / share)
    density = kde_on_cells(points, cells, kernel=kernel, bandwidth=widths)
    return Result(
        columns={KDE.name: density * 1e6},
        notes=tuple(notes),
        used={
            "kernel": kernel,
            "bandwidth": bandwidth,
            "rule": rule,
            "adaptive": adaptive,
            "edge_correction": area is not None,
        },
    )


def rounded(bandwidth: float) -> float:
    """Round a chosen bandwidth to two digits, as it is told; below a metre it stays."""
    return float(f"{bandwidth:.2g}") if bandwidth >= 1 else float(bandwidth)


def cell_width(cells: Cells) -> float:
    """Give the width of a lattice's cells, of polygons that of a square of the median size."""
    if cells.grid is not None:
        return cells.grid.size
    return float(np.sqrt(np.median(cells.area_m2))) if len(cells) else 1.0


METHOD = Method(
    name="kde",
    summary="Density of events as a smooth surface, per square kilometre, with one bandwidth or "
    "one that follows the data. Claims nothing.",
    source="Silverman (1986); Abramson (1982); Diggle (1985)",
    columns=(KDE,),
    run=run,
    parameters=(
        Parameter(
            "kernel", "choice", "quartic", "shape of the kernel", choices=("quartic", "gaussian")
        ),
        Parameter(
            "bandwidth",
            "real",
            None,
            "radius of the quartic or standard deviation of the Gaussian, metres",
            above=0.0,
        ),
        Parameter(
            "rule",
            "choice",
            "likelihood",
            "how the data choose the bandwidth; scott suits one round cloud only",
            choices=("likelihood", "scott"),
        ),
        Parameter(
            "adaptive",
            "yes/no",
            default=False,
            help="narrower where points are dense, wider where they are few",
        ),
        Parameter(
            "edge_correction",
            "yes/no",
            default=False,
            help="give back the mass lost over the border; events outside the area do not count",
        ),
    ),
    needs_points=True,
    score="kde",
    variants=tuple({"bandwidth": metres} for metres in (150.0, 300.0, 600.0, 1200.0)),
    order=20,
)
