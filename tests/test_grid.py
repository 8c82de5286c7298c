"""The grid: anchored, gapless, one cell for every point."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.grid import Grid

KINDS = st.sampled_from(["square", "hex"])
SIZES = st.sampled_from([50.0, 100.0, 250.0, 500.0, 1000.0])
METRES = st.floats(-2_000_000, 8_000_000, allow_nan=False)


@given(KINDS, SIZES, METRES, METRES)
def test_a_point_lies_in_the_cell_that_it_is_given(kind, size, x, y):
    """The address of a point leads back to a polygon that holds it, edges included."""
    grid = Grid(kind, size)
    column, row = grid.index(np.array([x]), np.array([y]))
    polygon = grid.polygons(column, row)[0]
    assert shapely.distance(polygon, shapely.Point(x, y)) < 1e-6 * size


@given(KINDS, SIZES, st.integers(-20000, 20000), st.integers(-20000, 20000))
def test_the_centre_of_a_cell_has_its_address(kind, size, column, row):
    """Centres and addresses are inverse."""
    grid = Grid(kind, size)
    x, y = grid.centres(np.array([column]), np.array([row]))
    assert [a.tolist() for a in grid.index(x, y)] == [[column], [row]]


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_cells_tile_the_plane(kind):
    """Areas add up and interiors are disjoint: no gap, no overlap."""
    grid = Grid(kind, 100)
    column, row = (a.ravel() for a in np.meshgrid(np.arange(-3, 4), np.arange(-3, 4)))
    polygons = grid.polygons(column, row)
    assert np.allclose(shapely.area(polygons), grid.cell_area_m2)
    union = shapely.union_all(polygons, grid_size=1e-6)
    assert shapely.area(union) == pytest.approx(49 * grid.cell_area_m2, rel=1e-9)
    assert shapely.get_num_interior_rings(union) == 0


def test_neighbouring_hexagons_are_as_far_apart_as_their_size():
    """The size of a hexagon is the distance from side to side."""
    grid = Grid("hex", 200)
    x, y = grid.centres(np.array([0, 1, 0, -1]), np.array([0, 0, 1, 1]))
    assert np.hypot(x[1:] - x[0], y[1:] - y[0]).tolist() == pytest.approx([200, 200, 200])


def test_a_point_on_an_edge_belongs_to_exactly_one_square():
    """Points on edges and corners belong to the cell east and north of them."""
    column, row = Grid("square", 100).index(
        np.array([100.0, 100.0, -100.0]), np.array([50.0, 100.0, 0.0])
    )
    assert column.tolist() == [1, 1, -1]
    assert row.tolist() == [0, 1, 0]


def test_ids_say_the_size_and_the_corner():
    """A cell's id can be read: size in metres and south-west corner, or axial address."""
    assert Grid("square", 500).ids(np.array([946]), np.array([13087])).tolist() == [
        "500mN6543500E473000"
    ]
    assert Grid("hex", 500).ids(np.array([-6590]), np.array([15112])).tolist() == [
        "500mH-6590R15112"
    ]
    assert Grid("square", 12.5).ids(np.array([1]), np.array([2])).tolist() == ["12.5mN25E12.5"]


@pytest.mark.parametrize(
    ("kind", "size"), [("triangle", 100), ("square", 0), ("hex", float("nan"))]
)
def test_a_grid_that_cannot_be_is_refused(kind, size):
    """Unknown shapes and sizes that are no size are refused with what was found."""
    with pytest.raises(ValueError, match=r"expected .*, found"):
        Grid(kind, size)
