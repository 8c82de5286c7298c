"""Kernels of the plane: summed exactly, or over a raster by a Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from geo.pieces import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.hotspots.method import Points

    Floats = NDArray[np.float64]

Kernel = Literal["quartic", "gaussian"]

STEPS_PER_SIGMA = {"quartic": 12.0, "gaussian": 6.0}
"""How fine a raster must be: with it one point's kernel is right to 2e-4 of its peak (quartic,
at the centre and the rim) or 7e-5 (Gaussian), and many points' sum is better."""
_REACH = 6.0
"""The Gaussian is cut at six standard deviations, where 1.5e-8 of its mass is left."""
_CHUNK = 16_384
_AT_ONCE = 2_000_000
"""Pairs of place and point whose distances are in memory together."""
_PLACES = 64
"""Places summed together: few enough to lie close, many enough to be worth a call."""
_PAIRS_PER_NODE = 2.0
"""A pair of point and node, summed exactly, costs about half a node of the transform."""
_MOST_NODES = 50_000_000
"""A raster of more is worked out in parts: a transform holds some 60 bytes a node."""
_NEAR_ZERO = 0.5


def kernel_density(distance_squared: Floats, kernel: Kernel, bandwidth: float | Floats) -> Floats:
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


def as_sigma(kernel: Kernel, bandwidth: float) -> float:
    """Give the standard deviation per axis of a kernel of this bandwidth, metres."""
    return bandwidth / 8**0.5 if kernel == "quartic" else bandwidth


def as_bandwidth(kernel: Kernel, sigma: float) -> float:
    """Give the bandwidth with which a kernel has this standard deviation per axis, metres."""
    return sigma * 8**0.5 if kernel == "quartic" else sigma


def reach(kernel: Kernel, bandwidth: float) -> float:
    """Give the distance (metres) beyond which the kernel is 0."""
    return bandwidth if kernel == "quartic" else _REACH * bandwidth


def kernel_sum(
    points: Points, x: Floats, y: Floats, *, kernel: Kernel, bandwidth: float | Floats
) -> Floats:
    """Sum the kernels of all points at the places (x, y); density per square metre, exact.

    ``bandwidth`` is one for all or one a point, metres. Integrates to the sum of weights over the
    whole plane. Cost: places times the points within reach of them, north and south.
    """
    total = np.zeros(len(x))
    far = reach(kernel, float(np.max(bandwidth, initial=0.0)))
    by = np.argsort(points.y, kind="stable")
    px, py, weight = points.x[by], points.y[by], points.weight[by]
    width = bandwidth[by] if isinstance(bandwidth, np.ndarray) else bandwidth
    places = np.argsort(y, kind="stable")
    step = min(max(_AT_ONCE // max(len(points), 1), 1), _PLACES)
    for start in range(0, len(x), step):
        part = places[start : start + step]
        ends = y[part[0]] - far, y[part[-1]] + far
        near = slice(np.searchsorted(py, ends[0]), np.searchsorted(py, ends[1], side="right"))
        d2 = (x[part, None] - px[near]) ** 2 + (y[part, None] - py[near]) ** 2
        mine = width[near] if isinstance(width, np.ndarray) else width
        total[part] = kernel_density(d2, kernel, mine) @ weight[near]
    return total


def kernel_spectrum(frequency_squared: Floats, kernel: Kernel, bandwidth: float) -> Floats:
    """Give the kernel's Fourier transform at squared frequencies (cycles per metre); 1 at 0.

    Gaussian ``exp(-2 pi^2 s^2 f^2)``; quartic ``48 J3(z) / z^3`` with ``z = 2 pi h f``
    (the transform of ``(1 - r^2)^2`` on the disc, Stein & Weiss 1971, theorem IV.4.15).
    """
    if kernel == "gaussian":
        return np.exp(-2.0 * np.pi**2 * bandwidth**2 * frequency_squared)
    from scipy.special import j0, j1  # noqa: PLC0415 - slow to import, and only many points need it

    z = 2.0 * np.pi * bandwidth * np.sqrt(frequency_squared)
    far = np.maximum(z, _NEAR_ZERO)  # nearer to 0 the recurrence loses digits
    first = j1(far)
    third = 4.0 * (2.0 * first / far - j0(far)) / far - first
    small = np.minimum(z, _NEAR_ZERO) ** 2
    series = 1.0 - small / 16.0 + small**2 / 640.0 - small**3 / 46_080.0
    return np.where(z < _NEAR_ZERO, series, 48.0 * third / far**3)


def kde_on_raster(
    points: Points,
    x0: float,
    y0: float,
    step: float | tuple[float, float],
    shape: tuple[int, int],
    *,
    kernel: Kernel = "gaussian",
    bandwidth: float,
) -> Floats:
    """Give the density per square metre at the nodes of a raster, rows from the south.

    Node (0, 0) lies at (x0, y0), metres; ``step`` is the distance between nodes (along x, along y
    where two are given); ``shape`` is rows, columns. Points outside count where their kernel
    reaches in; points may have any weight. Cost: points plus nodes times their logarithm; memory:
    the answer's, and a bounded amount beside it.

    Each point is spread by a quadratic B-spline over nine nodes of a raster just fine enough for
    the kernel (coarser than the asked one where that suffices), smoothed by the kernel's own
    transform divided by the spline's, and taken back to the asked nodes by its Fourier series,
    which is exact for what it holds (as in non-uniform FFTs: Dutt & Rokhlin 1993). The error is
    below 1e-4 of the peak (tests compare with the exact sum); where the density is 0, the quartic
    leaves a ripple of that size, and unless a weight is negative what is below 0 is set to 0.
    """
    from scipy import fft  # noqa: PLC0415 - slow to import, and only many points need it

    dx, dy = step if isinstance(step, tuple) else (step, step)
    far = reach(kernel, bandwidth)
    near = (
        (points.x >= x0 - far)
        & (points.x <= x0 + (shape[1] - 1) * dx + far)
        & (points.y >= y0 - far)
        & (points.y <= y0 + (shape[0] - 1) * dy + far)
    )
    if not near.any():
        return np.zeros(shape)
    x, y, weight = points.x, points.y, points.weight
    if not near.all():
        x, y, weight = x[near], y[near], weight[near]
    beside = (int(far / dy) + 1, int(far / dx) + 1)
    fine = as_sigma(kernel, bandwidth) / STEPS_PER_SIGMA[kernel]
    pairs = len(x) * (2 * beside[0]) * (2 * beside[1])
    if pairs < _PAIRS_PER_NODE * shape[0] * shape[1] * max(dx / fine, 1) * max(dy / fine, 1):
        place = ((y - y0) / dy, (x - x0) / dx)
        return _stamp(place, weight, shape, beside, (dy, dx), kernel, bandwidth)
    across = _Axis.over(x0, dx, shape[1], float(x.min()), float(x.max()), far, fine)
    along = _Axis.over(y0, dy, shape[0], float(y.min()), float(y.max()), far, fine)
    if across.size * along.size > _MOST_NODES and max(shape) > 1:
        return _in_halves(points, x0, y0, (dx, dy), shape, kernel, bandwidth)
    nodes = _spread(
        (x - across.start) / across.step,
        (y - along.start) / along.step,
        weight,
        (along.size, across.size),
    )
    spectrum = fft.rfft2(nodes, workers=2)
    spectrum *= _transfer(nodes.shape, (along.step, across.step), kernel, bandwidth, 3)
    density = _at_nodes(spectrum, along, across)
    return density if weight.min() < 0.0 else np.maximum(density, 0.0)


def _in_halves(
    points: Points,
    x0: float,
    y0: float,
    step: tuple[float, float],
    shape: tuple[int, int],
    kernel: Kernel,
    bandwidth: float,
) -> Floats:
    """Give the density as ``kde_on_raster`` does, one half of the longer side after the other."""
    long = int(shape[1] * step[0] > shape[0] * step[1])
    cut = shape[long] // 2
    near, rest = (cut, shape[1]), (shape[0] - cut, shape[1])
    if long:
        near, rest = (shape[0], cut), (shape[0], shape[1] - cut)
    x1, y1 = (x0 + cut * step[0], y0) if long else (x0, y0 + cut * step[1])
    halves = [
        kde_on_raster(points, x, y, step, part, kernel=kernel, bandwidth=bandwidth)
        for x, y, part in ((x0, y0, near), (x1, y1, rest))
    ]
    return np.concatenate(halves, axis=long)


def _stamp(
    place: tuple[Floats, Floats],
    weight: Floats,
    shape: tuple[int, int],
    beside: tuple[int, int],
    steps: tuple[float, float],
    kernel: Kernel,
    bandwidth: float,
) -> Floats:
    """Add each point's kernel to the nodes around it, exact; for kernels that reach few nodes."""
    down, right = 2 * beside[0], 2 * beside[1]  # a margin for points outside and their reach
    width = shape[1] + 2 * right
    total = np.zeros((shape[0] + 2 * down) * width)
    for start in range(0, len(weight), _CHUNK):
        part = slice(start, start + _CHUNK)
        row, column = np.floor(place[0][part]), np.floor(place[1][part])
        y, x = place[0][part] - row, place[1][part] - column
        at = ((row + down) * width + column + right).astype(np.int64)
        for i in range(1 - beside[0], beside[0] + 1):
            for j in range(1 - beside[1], beside[1] + 1):
                d2 = ((i - y) * steps[0]) ** 2 + ((j - x) * steps[1]) ** 2
                density = kernel_density(d2, kernel, bandwidth) * weight[part]
                np.add.at(total, at + (i * width + j), density)
    return total.reshape(-1, width)[down : down + shape[0], right : right + shape[1]]


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of the working raster: where it starts, its step, and where the asked nodes are.

    ``step`` is the asked step times ``coarser`` or divided by ``finer``. The raster is periodic:
    ``size`` leaves room for the kernel's reach once, so that what leaves on one side does not
    come in on the other. ``asked`` are the asked nodes when each step is cut into ``coarser``.
    """

    start: float
    step: float
    size: int
    coarser: int
    asked: slice

    @classmethod
    def over(
        cls, start: float, step: float, count: int, low: float, high: float, far: float, fine: float
    ) -> _Axis:
        """Lay an axis over the asked nodes and all points between ``low`` and ``high``."""
        from scipy import fft  # noqa: PLC0415 - as above

        coarser = max(int(fine / step), 1)
        finer = int(np.ceil(step / fine)) if coarser == 1 else 1
        own = step * coarser / finer
        first = max(int(np.ceil((start - low) / own)), 0) + 2  # two for the spline's feet
        end = max(start + (count - 1) * step, high)
        needed = int(np.ceil((end - start + far) / own)) + first + 3
        asked = first * coarser
        return cls(
            start=start - first * own,
            step=own,
            size=int(fft.next_fast_len(needed, real=True)),
            coarser=coarser,
            asked=slice(asked, asked + (count - 1) * finer + 1, finer),
        )


def _spread(column: Floats, row: Floats, weight: Floats, shape: tuple[int, int]) -> Floats:
    """Share each weight among the nine nodes around its point by a quadratic B-spline."""
    total = np.zeros(shape[0] * shape[1])
    for start in range(0, len(row), _CHUNK):  # what fits in the processor's cache is far faster
        part = slice(start, start + _CHUNK)
        r, rows = _spline(row[part])
        c, columns = _spline(column[part])
        at = (r * shape[1] + c).astype(np.int64)
        for i, down in enumerate(rows, -1):
            carried = down * weight[part]
            for j, right in enumerate(columns, -1):
                np.add.at(total, at + (i * shape[1] + j), carried * right)
    return total.reshape(shape)


def _spline(at: Floats) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """Give the nearest node and the quadratic B-spline's values at it and its two neighbours."""
    node = np.rint(at)
    off = at - node
    mean, half = 0.125 + 0.5 * off * off, 0.5 * off
    return node, (mean - half, 0.75 - off * off, mean + half)


def _transfer(
    shape: tuple[int, int], steps: tuple[float, float], kernel: Kernel, bandwidth: float, order: int
) -> Floats:
    """Give the kernel's transform per square metre, divided by that of the spline of an order."""
    down = np.fft.fftfreq(shape[0], steps[0])[:, None]
    right = np.fft.rfftfreq(shape[1], steps[1])[None, :]
    spectrum = kernel_spectrum(down**2 + right**2, kernel, bandwidth)
    spectrum /= np.sinc(down * steps[0]) ** order
    spectrum /= np.sinc(right * steps[1]) ** order * (steps[0] * steps[1])
    return spectrum


def _at_nodes(spectrum: NDArray[np.complex128], along: _Axis, across: _Axis) -> Floats:
    """Evaluate a Fourier series at the asked nodes; only rows that are asked are transformed."""
    from scipy import fft  # noqa: PLC0415 - as above

    if along.coarser > 1:
        wide = np.zeros((along.size * along.coarser, spectrum.shape[1]), dtype=np.complex128)
        half = (along.size + 1) // 2
        wide[:half] = spectrum[:half]
        wide[half - along.size :] = spectrum[half:]
        spectrum = wide
    rows = fft.ifft(spectrum, axis=0, workers=2, overwrite_x=True)[along.asked]
    width = across.size * across.coarser
    full = fft.irfft(rows, width, axis=1, workers=2)
    return np.asarray(full[:, across.asked] * (along.coarser * across.coarser))


def mass_inside_raster(
    share: Floats, steps: tuple[float, float], kernel: Kernel, bandwidth: float
) -> Floats:
    """Give the kernel's mass inside an area, for a kernel at each node of a raster; 0 to 1.

    ``share`` is the part of each pixel (around its node) that lies inside, see ``coverage``;
    ``steps`` along y and x, metres. Outside the raster nothing is inside. Shares put an edge on
    two pixels in proportion, as a linear spline would; so much is taken back from the kernel.
    """
    from scipy import fft  # noqa: PLC0415 - as above

    far = reach(kernel, bandwidth)
    shape = tuple(
        int(fft.next_fast_len(n + int(np.ceil(far / step)) + 1, real=True))
        for n, step in zip(share.shape, steps, strict=True)
    )
    spectrum = fft.rfft2(share, shape, workers=2)
    spectrum *= _transfer((shape[0], shape[1]), steps, kernel, bandwidth, 2)
    mass = fft.irfft2(spectrum, shape, workers=2)[: share.shape[0], : share.shape[1]]
    return np.asarray(np.clip(mass * (steps[0] * steps[1]), 0.0, 1.0))


def coverage(
    area: BaseGeometry, x0: float, y0: float, steps: tuple[float, float], shape: tuple[int, int]
) -> Floats:
    """Give the part of each pixel that lies inside an area, exact; pixels are centred on nodes.

    ``steps`` and ``shape`` along y, then x. Every edge is cut at the pixels' borders; each piece
    covers what lies to its right, upward pieces taking away and downward pieces adding.
    """
    covered = np.zeros(shape[0] * shape[1])
    rings, of = shapely.get_rings(shapely.get_parts(area), return_index=True)
    hole = np.append(False, of[1:] == of[:-1])
    for ring, is_hole in zip(rings, hole, strict=True):
        corners = shapely.get_coordinates(ring)
        column = (corners[:, 0] - x0) / steps[1] + 0.5
        row = (corners[:, 1] - y0) / steps[0] + 0.5
        sign = -1.0 if shapely.is_ccw(ring) != is_hole else 1.0
        _add_pieces(covered, column, row, sign, shape)
    return np.clip(np.cumsum(covered.reshape(shape), axis=1), 0.0, 1.0)


def _add_pieces(
    covered: Floats, column: Floats, row: Floats, sign: float, shape: tuple[int, int]
) -> None:
    """Add a ring's edges, cut at whole columns and rows, to the steps of coverage along rows."""
    edge, at = _cuts(column)
    more_edge, more_at = _cuts(row)
    ends = np.arange(len(row) - 1)
    edge = np.concatenate([ends, edge, more_edge, ends])
    at = np.concatenate([np.zeros(len(ends)), at, more_at, np.ones(len(ends))])
    order = np.lexsort((at, edge))
    edge, at = edge[order], at[order]
    c = column[edge] + at * np.diff(column)[edge]
    r = row[edge] + at * np.diff(row)[edge]
    piece = edge[1:] == edge[:-1]
    rise = sign * np.diff(r)[piece]
    middle = (c[1:] + c[:-1])[piece] / 2.0
    in_row = np.floor((r[1:] + r[:-1])[piece] / 2.0).astype(np.int64)
    keep = (in_row >= 0) & (in_row < shape[0]) & (middle < shape[1])
    middle = np.maximum(middle[keep], 0.0)  # what lies left of the raster covers whole rows of it
    in_column = np.floor(middle).astype(np.int64)
    flat, rise, part = in_row[keep] * shape[1] + in_column, rise[keep], middle - in_column
    np.add.at(covered, flat, rise * (1.0 - part))
    beside = in_column + 1 < shape[1]
    np.add.at(covered, flat[beside] + 1, (rise * part)[beside])


def _cuts(at: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Give where edges between successive values cross whole numbers: edge and part of its way."""
    low, high = np.minimum(at[1:], at[:-1]), np.maximum(at[1:], at[:-1])
    first = np.floor(low).astype(np.int64) + 1
    count = np.maximum(np.ceil(high).astype(np.int64) - first, 0)
    edge, within = numbered(count)
    way = (first[edge] + within - at[:-1][edge]) / np.diff(at)[edge]
    return edge, np.clip(way, 0.0, 1.0)
