"""Kernel density: events per square kilometre as a smooth surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from geo.hotspots.method import Evidence, Method, Parameter, Points, Result
from geo.note import Note
from geo.schema import KDE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells

    Floats = NDArray[np.float64]

Kernel = Literal["quartic", "gaussian"]

_REACH = 6.0
"""The Gaussian is cut at six standard deviations, where 1.5e-8 of its mass is left."""
_EXACT_PAIRS = 20_000_000
_SAMPLE = 1000
_STEPS_PER_SIGMA = {"quartic": 24.0, "gaussian": 12.0}
"""How fine the raster of the fast way is; the quartic's sharp rim asks for more."""


def kernel_density(distance_squared: Floats, kernel: Kernel, bandwidth: float) -> Floats:
    """Give the kernel's density per square metre at squared distances (square metres).

    Both are proper densities of the plane: quartic ``3 / (pi h^2) (1 - d^2 / h^2)^2`` within its
    radius h (Silverman 1986, eq. 4.5), Gaussian ``exp(-d^2 / (2 s^2)) / (2 pi s^2)`` with
    standard deviation s. The quartic that smooths as much as the Gaussian has h = s sqrt(8).
    """
    if kernel == "quartic":
        inside = np.maximum(1.0 - distance_squared / bandwidth**2, 0.0)
        return np.asarray(3.0 / (np.pi * bandwidth**2) * inside * inside)
    scale = 2.0 * bandwidth**2
    density = np.exp(-distance_squared / scale) / (np.pi * scale)
    return np.where(distance_squared <= (_REACH * bandwidth) ** 2, density, 0.0)


def kde(
    points: Points, x: Floats, y: Floats, *, kernel: Kernel = "quartic", bandwidth: float
) -> Floats:
    """Sum the kernels of all points at the places (x, y); density per square metre, exact.

    Integrates to the sum of weights over the whole plane. Cost: points times places.
    """
    total = np.zeros(len(x))
    step = max(int(2_000_000 // max(len(points), 1)), 1)
    for start in range(0, len(x), step):
        part = slice(start, start + step)
        d2 = (x[part, None] - points.x) ** 2 + (y[part, None] - points.y) ** 2
        total[part] = kernel_density(d2, kernel, bandwidth) @ points.weight
    return total


@dataclass(frozen=True, slots=True)
class _Raster:
    """A fine raster whose nodes hold densities: origin, steps (metres), rows and columns."""

    x0: float
    y0: float
    dx: float
    dy: float
    rows: int
    columns: int

    def place(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give row and column, in fractions of a step."""
        return (y - self.y0) / self.dy, (x - self.x0) / self.dx


def _between(values: Floats, at: tuple[Floats, Floats], *, order: Literal[1, 3]) -> Floats:
    """Interpolate a raster at fractions of rows and columns."""
    from scipy import ndimage  # noqa: PLC0415 - slow to import, and rarely needed

    return np.asarray(ndimage.map_coordinates(values, at, order=order, mode="nearest"))


def _reach_and_sigma(kernel: Kernel, bandwidth: float) -> tuple[float, float]:
    if kernel == "quartic":
        return bandwidth, bandwidth / 8**0.5
    return _REACH * bandwidth, bandwidth


def _raster_for(cells: Cells, points: Points, kernel: Kernel, bandwidth: float) -> _Raster:
    """Lay a raster over cells and points; on a lattice every centre is a node."""
    reach, sigma = _reach_and_sigma(kernel, bandwidth)
    fine = sigma / _STEPS_PER_SIGMA[kernel]
    if cells.grid is not None:
        size = cells.grid.size
        wide, high = (size, size) if cells.grid.kind == "square" else (size / 2, size * 3**0.5 / 2)
    else:
        wide = high = fine
    dx, dy = (step / np.ceil(step / fine) for step in (wide, high))
    west = min(points.x.min(), cells.x.min()) - reach
    south = min(points.y.min(), cells.y.min()) - reach
    east = max(points.x.max(), cells.x.max()) + reach
    north = max(points.y.max(), cells.y.max()) + reach
    x0 = cells.x[0] - np.ceil((cells.x[0] - west) / dx) * dx
    y0 = cells.y[0] - np.ceil((cells.y[0] - south) / dy) * dy
    return _Raster(
        x0, y0, dx, dy, int(np.ceil((north - y0) / dy)) + 2, int(np.ceil((east - x0) / dx)) + 2
    )


def _spread(raster: _Raster, x: Floats, y: Floats, weight: Floats) -> Floats:
    """Share each weight among the four nodes around its point (linear binning)."""
    row, column = raster.place(x, y)
    r, c = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    up, right = row - r, column - c
    flat = r * raster.columns + c
    total = np.zeros(raster.rows * raster.columns)
    for offset, part in (
        (0, (1 - up) * (1 - right)),
        (1, (1 - up) * right),
        (raster.columns, up * (1 - right)),
        (raster.columns + 1, up * right),
    ):
        total += np.bincount(flat + offset, weights=weight * part, minlength=len(total))
    return total.reshape(raster.rows, raster.columns)


def _smooth(raster: _Raster, values: Floats, kernel: Kernel, bandwidth: float) -> Floats:
    """Convolve a raster with the kernel; density per square metre at the nodes.

    Linear binning widens the kernel by step^2 / 6 in each direction; as much is taken from the
    kernel's own variance (s^2, or h^2 / 8), which leaves errors of fourth order.
    """
    reach, sigma = _reach_and_sigma(kernel, bandwidth)
    kx = np.sqrt(1.0 - raster.dx**2 / (6.0 * sigma**2))
    ky = np.sqrt(1.0 - raster.dy**2 / (6.0 * sigma**2))
    half_columns, half_rows = int(np.ceil(reach / raster.dx)), int(np.ceil(reach / raster.dy))
    u = np.arange(-half_columns, half_columns + 1) * raster.dx / kx
    v = np.arange(-half_rows, half_rows + 1) * raster.dy / ky
    stamp = kernel_density(v[:, None] ** 2 + u[None, :] ** 2, kernel, bandwidth) / (kx * ky)
    from scipy import fft  # noqa: PLC0415 - slow to import, and only many points need it

    shape = [
        fft.next_fast_len(size + 2 * half, real=True)
        for size, half in zip(values.shape, (half_rows, half_columns), strict=True)
    ]
    product = fft.rfft2(values, shape, workers=-1) * fft.rfft2(stamp, shape, workers=-1)
    full = fft.irfft2(product, shape, workers=-1)
    kept = full[half_rows : half_rows + raster.rows, half_columns : half_columns + raster.columns]
    return np.maximum(kept, 0.0)


def kde_on_cells(
    points: Points, cells: Cells, *, kernel: Kernel = "quartic", bandwidth: float
) -> Floats:
    """Give the density per square metre at the centres of cells, for any number of points.

    Few points are summed exactly; many go through a fine raster and a Fourier transform, whose
    error is below 1e-4 of the peak (measured in the tests against the exact sum).
    """
    if not len(points):
        return np.zeros(len(cells))
    if len(points) * len(cells) <= _EXACT_PAIRS:
        return kde(points, cells.x, cells.y, kernel=kernel, bandwidth=bandwidth)
    raster = _raster_for(cells, points, kernel, bandwidth)
    values = _spread(raster, points.x, points.y, points.weight)
    density = _smooth(raster, values, kernel, bandwidth)
    at = raster.place(cells.x, cells.y)
    if cells.grid is not None:
        return density[np.rint(at[0]).astype(np.int64), np.rint(at[1]).astype(np.int64)]
    return np.maximum(_between(density, at, order=3), 0.0)


def mass_inside(
    points: Points, cells: Cells, area: BaseGeometry, *, kernel: Kernel, bandwidth: float
) -> Floats:
    """Give for each point the share of its kernel that lies inside the study area, above 0 to 1."""
    raster = _raster_for(cells, points, kernel, bandwidth)
    shapely.prepare(area)
    inside = np.zeros((raster.rows, raster.columns))
    for up in (-0.25, 0.25):  # four samples a node, so that a border through it counts half
        for right in (-0.25, 0.25):
            x = raster.x0 + (np.arange(raster.columns) + right) * raster.dx
            y = raster.y0 + (np.arange(raster.rows) + up) * raster.dy
            inside += shapely.contains_xy(area, x[None, :], y[:, None]) / 4.0
    share = _smooth(raster, inside * (raster.dx * raster.dy), kernel, bandwidth)
    row, column = raster.place(points.x, points.y)
    return np.clip(_between(share, (row, column), order=1), 1e-3, 1.0)


def scott_sigma(points: Points) -> float:
    """Give Scott's (1992) standard deviation of a Gaussian kernel in the plane, metres.

    ``n^(-1/6) sqrt((var x + var y) / 2)``. Made for one round cloud: over towns it smooths
    far too much, and serves here as the upper bound of the search.
    """
    spread = np.sqrt((points.x.var() + points.y.var()) / 2.0)
    return float(len(points) ** (-1.0 / 6.0) * spread)


def likelihood_sigma(points: Points, floor: float, seed: int = 0) -> float:
    """Choose the Gaussian standard deviation (metres) that best foretells each point from the rest.

    Leave-one-out likelihood (Habbema and others 1974) over 24 values from ``floor`` to Scott's;
    of more than 1,000 points a seeded sample is used and the answer is scaled by n^(-1/6).
    Places with many points on one coordinate pull it to the floor.
    """
    top = scott_sigma(points)
    if len(points) < 2 or top <= floor:  # noqa: PLR2004 - one point has no rest
        return floor
    x, y = points.x, points.y
    if len(points) > _SAMPLE:
        chosen = np.random.default_rng(seed).choice(len(points), _SAMPLE, replace=False)
        x, y = x[chosen], y[chosen]
    scale = (len(points) / len(x)) ** (-1.0 / 6.0)
    d2 = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    np.fill_diagonal(d2, np.inf)
    candidates = np.geomspace(floor, top, 24)
    scores = [
        np.log(np.maximum(np.exp(-d2 / (2 * s * s)).sum(axis=1), 1e-300) / (s * s)).sum()
        for s in candidates / scale
    ]
    return float(candidates[int(np.argmax(scores))])


def run(
    evidence: Evidence,
    *,
    kernel: Kernel = "quartic",
    bandwidth: float | None = None,
    edge_correction: bool = False,
) -> Result:
    """Estimate the density at the centre of every cell, in events (weights) per square kilometre.

    ``bandwidth`` is the quartic's radius or the Gaussian's standard deviation, metres; without it
    the data choose (``likelihood_sigma``, never narrower than half a cell). ``edge_correction``
    divides each event by its kernel's mass inside the area (Diggle 1985), so that no mass is lost
    over the border. A density claims nothing: peaks appear in random points too.
    """
    points, cells = evidence.points, evidence.cells
    if points is None:
        raise ValueError("kde needs the points")
    notes = []
    typical = float(np.sqrt(np.median(cells.area_m2))) if len(cells) else 1.0
    if cells.grid is not None:
        typical = cells.grid.size
    if bandwidth is None:
        sigma = likelihood_sigma(points, typical / 2) if len(points) else typical / 2
        exact = sigma * (8**0.5 if kernel == "quartic" else 1.0)
        bandwidth = float(f"{exact:.2g}") if exact >= 1 else exact
        notes.append(Note("bandwidth_chosen", {"bandwidth": bandwidth, "kernel": kernel}))
    corrected = edge_correction and evidence.area is not None and len(points) > 0
    if corrected and evidence.area is not None:
        share = mass_inside(points, cells, evidence.area, kernel=kernel, bandwidth=bandwidth)
        points = Points(points.x, points.y, points.weight / share)
    density = kde_on_cells(points, cells, kernel=kernel, bandwidth=bandwidth)
    return Result(
        columns={KDE.name: density * 1e6},
        notes=tuple(notes),
        used={"kernel": kernel, "bandwidth": bandwidth, "edge_correction": corrected},
    )


METHOD = Method(
    name="kde",
    summary="Density of events as a smooth surface, per square kilometre. Claims nothing.",
    source="Silverman (1986); Diggle (1985)",
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
            "edge_correction",
            "yes/no",
            default=False,
            help="give back the mass lost over the border",
        ),
    ),
    needs_points=True,
    order=20,
)
