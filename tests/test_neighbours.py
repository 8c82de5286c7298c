"""Who is near whom: rings and distances, on lattices, polygons and points."""

from __future__ import annotations

import geopandas as gpd
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import spatial

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.neighbours import LatticeNeighbours, PolygonNeighbours, least_distance

AREA = shapely.Polygon([(120, 80), (2300, 210), (2750, 1900), (1400, 2600), (260, 1700)])
KINDS = st.sampled_from(["square", "hex"])
PLACES = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=60, unique=True
)


def steps_apart(kind, column, row):
    """Give how many rings lie between every two cells."""
    across, up = column[:, None] - column, row[:, None] - row
    third = abs(across + up) if kind == "hex" else 0
    return np.maximum(np.maximum(abs(across), abs(up)), third)


def check(neighbours, near, x):
    """Sums, sizes and pairs say what the matrix of who is near whom says."""
    assert np.array_equal(neighbours.sums(x), near @ x)
    assert np.array_equal(neighbours.sizes, near.sum(axis=1))
    first, second = neighbours.pairs()
    assert (first < second).all()
    found = np.eye(len(x), dtype=int)
    found[first, second] += 1
    found[second, first] += 1
    assert np.array_equal(found, near.astype(int))


@given(KINDS, PLACES, st.integers(1, 12))
def test_rings_of_a_lattice_are_the_cells_so_many_steps_away(kind, places, rings):
    """For any cells in any order, gaps and all, up to more rings than there is room for."""
    column, row = np.array(places).T
    x = np.random.default_rng(len(places)).integers(0, 99, len(places)).astype(float)
    wider = LatticeNeighbours(kind, column, row).rings(rings)
    check(wider, steps_apart(kind, column, row) <= rings, x)


@given(KINDS, PLACES, st.floats(0.3, 9), st.sampled_from([1.0, 500.0]))
def test_a_distance_on_a_lattice_is_between_centres(kind, places, radius, size):
    """The disc of cells equals all centres within the distance, by brute force and by points."""
    column, row = np.array(places).T
    x = np.random.default_rng(len(places)).integers(0, 99, len(places)).astype(float)
    centres = np.column_stack(Grid(kind, size).centres(column, row))
    near = spatial.distance_matrix(centres, centres) <= radius * size * (1 + 1e-9)
    check(LatticeNeighbours(kind, column, row).within(radius * size, size), near, x)
    check(PolygonNeighbours.within(*centres.T, radius * size), near, x)


@pytest.mark.parametrize(("kind", "size", "expected"), [("square", 200, 8), ("hex", 200, 12)])
def test_centres_exactly_at_the_distance_belong(kind, size, expected):
    """Within cell x sqrt(2) a square has eight neighbours; within sqrt(3) a hexagon has twelve."""
    cells = lattice_cells(Grid(kind, size), AREA)
    distance = size * (2**0.5 if kind == "square" else 3**0.5)
    near = LatticeNeighbours(kind, cells.column, cells.row).within(distance, size)
    assert near.sizes.max() == expected + 1
    assert np.array_equal(PolygonNeighbours.within(cells.x, cells.y, distance).sizes, near.sizes)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_rings_of_drawn_polygons_equal_those_of_the_lattice_they_draw(kind):
    """Two and three rings by steps over borders are the lattice's in a convex area."""
    cells = lattice_cells(Grid(kind, 200), AREA)
    drawn = polygon_cells(cells.polygons, cells.ids)
    x = np.arange(len(cells), dtype=float)
    for rings in (1, 2, 3):
        lattice = cells.neighbours.rings(rings)
        assert np.array_equal(drawn.neighbours.rings(rings).sums(x), lattice.sums(x))


def test_rings_and_distances_of_real_polygons_agree_with_another_library(reference):
    """The counties of North Carolina: two and three rings, and 0.6 degrees, equal libpysal's."""
    polygons = read(reference, "nc_sids.geojson")
    contiguity = libpysal.graph.Graph.build_contiguity(
        gpd.GeoDataFrame(geometry=polygons), rook=False, strict=True
    )
    ours = PolygonNeighbours.of(polygons, 1e-9)  # the coordinates are degrees
    for rings in (2, 3):
        theirs = contiguity.higher_order(rings, lower_order=True)
        assert np.array_equal(ours.rings(rings).sizes, theirs.cardinalities.to_numpy() + 1)
        x = np.arange(100.0)
        lag = theirs.sparse.astype(bool) @ x + x
        assert np.array_equal(ours.rings(rings).sums(x), lag)
    xy = shapely.get_coordinates(shapely.centroid(polygons))
    band = libpysal.graph.Graph.build_distance_band(
        gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T)), 0.6
    )
    assert np.array_equal(
        PolygonNeighbours.within(*xy.T, 0.6).sizes, band.cardinalities.to_numpy() + 1
    )
    # R 4.2.2, spdep 1.2.7: max(unlist(nbdists(knn2nb(knearneigh(xy, 1)), xy)))
    assert least_distance(*xy.T) == pytest.approx(0.422636526115, abs=1e-11)


def test_the_least_distance_leaves_nobody_alone():
    """At it every point has another, just below it one has none; one point has none at all."""
    x, y = np.random.default_rng(4).uniform(0, 1000, (2, 60))
    least = least_distance(x, y)
    assert PolygonNeighbours.within(x, y, least).sizes.min() == 2
    assert PolygonNeighbours.within(x, y, least * 0.999).sizes.min() == 1
    assert least_distance(x[:1], y[:1]) == 0.0


def test_a_large_value_far_away_does_not_disturb_small_sums():
    """Wide sums are added up, never taken as differences of running totals."""
    column, row = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(3)))
    x = np.where(column == 0, 1e17, 0.1)
    wide = LatticeNeighbours("square", column, row).rings(4).sums(x)
    inner = (column > 4) & (column < 36)
    assert wide[inner] == pytest.approx(27 * 0.1, rel=1e-14)


def read(reference, name):
    """Read the polygons of one of the real inputs."""
    _, _, wkb, _ = pyogrio.raw.read(reference / "inputs" / "lisa" / name)
    return shapely.from_wkb(wkb)
