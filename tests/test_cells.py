"""The cells of a study area: which take part, who is beside whom, where a point falls."""

from __future__ import annotations

import geopandas as gpd
import libpysal
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import Cells, lattice_cells, polygon_cells
from geo.grid import Grid

AREA = shapely.Polygon([(120, 80), (2300, 210), (2750, 1900), (1400, 2600), (260, 1700)])


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_exactly_the_cells_that_share_ground_with_the_area_take_part(kind):
    """Every cell of a wide lattice is in if and only if it shares area with the polygon."""
    cells = lattice_cells(Grid(kind, 200), AREA)
    column, row = (a.ravel() for a in np.meshgrid(np.arange(-40, 60), np.arange(-10, 40)))
    polygons = Grid(kind, 200).polygons(column, row)
    shares = shapely.area(shapely.intersection(polygons, AREA)) > 0
    expected = set(zip(column[shares].tolist(), row[shares].tolist(), strict=True))
    assert set(zip(cells.column.tolist(), cells.row.tolist(), strict=True)) == expected
    assert cells.area_m2.sum() == pytest.approx(AREA.area, rel=1e-9)
    assert len(set(cells.ids.tolist())) == len(cells)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_neighbours_agree_with_another_library(kind):
    """Sums and pairs equal queen contiguity by libpysal over the same polygons."""
    cells = lattice_cells(Grid(kind, 200), AREA)
    frame = gpd.GeoDataFrame(geometry=list(cells.polygons))
    graph = libpysal.graph.Graph.build_contiguity(frame, rook=False, strict=True)
    x = np.random.default_rng(1).integers(0, 9, len(cells)).astype(float)
    lag = graph.sparse @ x + x
    assert np.array_equal(cells.neighbours.sums(x), lag)
    assert np.array_equal(cells.neighbours.sizes, graph.cardinalities.to_numpy() + 1)
    first, second = cells.neighbours.pairs()
    assert (first < second).all()
    assert len(first) == graph.n_edges / 2


def test_drawn_polygons_have_the_same_neighbours_as_the_lattice_they_draw():
    """Contiguity of polygons equals the lattice's when the polygons are the lattice."""
    cells = lattice_cells(Grid("square", 200), AREA)
    drawn = polygon_cells(cells.polygons, cells.ids)
    x = np.arange(len(cells), dtype=float)
    assert np.array_equal(drawn.neighbours.sums(x), cells.neighbours.sums(x))


@given(st.lists(st.tuples(st.floats(-500, 3200), st.floats(-500, 3200)), min_size=1, max_size=40))
def test_a_point_is_located_in_the_one_cell_that_holds_it(points):
    """Lattice and drawn polygons agree on where a point is, up to the cells' own edges."""
    x, y = np.array(points, dtype=float).T
    cells = lattice_cells(Grid("square", 200), AREA)
    drawn = polygon_cells(cells.polygons, cells.ids)
    here, there = cells.locate(x, y), drawn.locate(x, y)
    for px, py, a, b in zip(x, y, here, there, strict=True):
        if a >= 0:
            assert shapely.distance(cells.polygons[a], shapely.Point(px, py)) < 1e-9
        if a != b:  # only on an edge, where the lattice and the first polygon may differ
            assert min(px % 200, 200 - px % 200, py % 200, 200 - py % 200) < 1e-9


def test_no_cell_is_an_answer_too():
    """An area without cells locates nothing and does not fail."""
    empty = np.zeros(0, dtype=np.int64)
    cells = Cells(empty.astype(str), *(np.zeros(0),) * 3, Grid("square", 100), empty, empty)
    assert cells.locate(np.array([5.0]), np.array([5.0])).tolist() == [-1]
    assert cells.neighbours.sums(np.zeros(0)).tolist() == []
