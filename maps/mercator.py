"""Teaches a page to turn a map's metres into Web Mercator with two small polynomials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.chebyshev import chebvander

from geo.crs import transform
from geo.errors import OutputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ERROR_M = 0.1
"""How far off a drawn point may lie, in metres of Web Mercator."""

_MOST = 14


@dataclass(frozen=True, eq=False)
class Projection:
    """Chebyshev polynomials in x and y, each scaled to -1..1 around ``centre`` by ``half``.

    Term k is T_i(u) T_j(v), i from 0 to ``degree``, j from 0 to ``degree`` - i, j running fastest.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    degree: int
    east: Floats
    north: Floats

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Give Web Mercator metres, as the page computes them."""
        terms = _terms(
            (x - self.centre[0]) / self.half[0], (y - self.centre[1]) / self.half[1], self.degree
        )
        return terms @ self.east, terms @ self.north


def fit_mercator(crs: int, bounds: tuple[float, float, float, float]) -> Projection:
    """Fit the polynomials within bounds (west, south, east, north; metres of ``crs``).

    The degree is the lowest whose error stays under ``ERROR_M``, checked between the points of
    the fit; over a continent the best is taken if it errs by less than a millionth of the extent.
    Raises ``OutputError`` where none does: there the coordinate system no longer holds.
    """
    west, south, east, north = bounds
    centre = ((west + east) / 2, (south + north) / 2)
    half = (max((east - west) / 2, 1.0), max((north - south) / 2, 1.0))

    def lattice(line: Floats) -> tuple[Floats, ...]:
        u, v = (a.ravel() for a in np.meshgrid(line, line))
        return (u, v, *transform(centre[0] + u * half[0], centre[1] + v * half[1], crs, 3857))

    between = lattice(np.linspace(-1, 1, 38))
    best, least = None, np.inf
    for degree in range(1, _MOST + 1):
        nodes = lattice(np.cos(np.pi * (np.arange(2 * degree + 3) + 0.5) / (2 * degree + 3)))
        terms = _terms(nodes[0], nodes[1], degree)
        solved: Floats = np.linalg.lstsq(terms, np.column_stack(nodes[2:]), rcond=None)[0].astype(
            np.float64
        )
        fitted = _terms(between[0], between[1], degree) @ solved
        error = float(abs(fitted - np.column_stack(between[2:])).max())
        if error < least:
            best, least = Projection(centre, half, degree, solved[:, 0], solved[:, 1]), error
        if error < ERROR_M:
            break
    if best is not None and least < max(ERROR_M, 2e-6 * max(half)):
        return best
    far = max(east - west, north - south) / 1000
    raise OutputError(
        "the map reaches farther than its coordinate system",
        (
            Problem(
                f"EPSG:{crs}",
                f"expected ground on which it holds, found {far:,.0f} km from end to end",
                "name an area, or leave out what lies far away",
            ),
        ),
    )


def _terms(u: Floats, v: Floats, degree: int) -> Floats:
    in_u, in_v = chebvander(u, degree), chebvander(v, degree)
    return np.stack(
        [in_u[:, i] * in_v[:, j] for i in range(degree + 1) for j in range(degree + 1 - i)], axis=1
    )
