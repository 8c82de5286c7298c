"""Promises of the one module that reprojects."""

from __future__ import annotations

import csv

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import (
    CANDIDATES,
    SWEDEN,
    find_coordinates,
    metric_crs_for,
    reproject,
    require_metres,
    system_name,
    to_lonlat,
    to_metres,
    transform,
)
from geo.errors import PlaceError

# The five bathing sites of Lekeberg, as the authority for sea and water published them in 2021.
SITES = """nutskod,lat,lon
SE0241814000003849,59.1803205823403,14.6481448922352
SE0241814000003850,59.2303683653331,14.7261532549206
SE0241814000003851,59.16377906315,14.6556974956604
SE0241814000003852,59.2766089455894,14.782574439928
SE0241814000004068,59.2449628670858,14.9233684299016
"""
ROWS = list(csv.DictReader(SITES.splitlines()))
LON = np.array([float(row["lon"]) for row in ROWS])
LAT = np.array([float(row["lat"]) for row in ROWS])
LEKEBERG = (14.553, 59.020, 15.063, 59.332)


def in_system(epsg: int) -> tuple[np.ndarray, np.ndarray]:
    """Write the sites in a system with pyproj alone, by its authority's definition."""
    if epsg == 4326:
        return LON, LAT
    moved = pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{epsg}", always_xy=True)
    return moved.transform(LON, LAT)


def test_on_the_central_meridian_north_is_the_length_of_the_meridian() -> None:
    """East is the false easting, north the arc from the equator (integrated here), times scale."""
    major, flattening = 6_378_137.0, 1 / 298.257222101  # GRS 80
    squared = flattening * (2 - flattening)
    phi = np.radians(np.linspace(0, 59.2, 200_001))
    arc = np.trapezoid(major * (1 - squared) / (1 - squared * np.sin(phi) ** 2) ** 1.5, phi)
    for epsg, easting, scale in ((3006, 500_000, 0.9996), (3009, 150_000, 1.0)):
        x, y = to_metres([15.0], [59.2], epsg)
        assert x[0] == pytest.approx(easting, abs=1e-6)
        assert y[0] == pytest.approx(arc * scale, abs=1e-3)


@given(
    st.floats(SWEDEN[0], SWEDEN[2]), st.floats(SWEDEN[1], SWEDEN[3]), st.sampled_from(CANDIDATES)
)
def test_there_and_back_is_the_same_place(lon: float, lat: float, epsg: int) -> None:
    """A round trip through any known system ends within a millimetre (RT 90: its datum shift)."""
    x, y = transform([lon], [lat], 4326, epsg)
    back_lon, back_lat = to_lonlat(x, y, epsg)
    assert back_lon[0] == pytest.approx(lon, abs=1e-8 if epsg != 3021 else 1e-7)
    assert back_lat[0] == pytest.approx(lat, abs=1e-8 if epsg != 3021 else 1e-7)


def test_what_cannot_be_placed_is_nan_in_both_and_the_input_stays() -> None:
    """Infinite, missing and impossible coordinates become NaN, never infinity."""
    lon, lat = np.array([np.inf, np.nan, 15.0, 15.0]), np.array([59.0, 59.0, 59.0, np.nan])
    kept = lon.copy(), lat.copy()
    x, y = to_metres(lon, lat, 3006)
    assert np.isnan(x).tolist() == np.isnan(y).tolist() == [True, True, False, True]
    np.testing.assert_array_equal(lon, kept[0])
    np.testing.assert_array_equal(lat, kept[1])
    assert np.isnan(to_lonlat([1e30], [1e30], 3006)).all()


def test_geometries_move_as_their_points_do() -> None:
    """Every corner of a shape lands where the point would; heights go, None stays."""
    shapes = np.array(
        [shapely.Point(LON[0], LAT[0], 30), None, shapely.LineString(np.c_[LON, LAT])], dtype=object
    )
    moved = reproject(shapes, 4326, 3006)
    x, y = in_system(3006)
    assert moved[1] is None
    assert not moved[0].has_z
    assert (moved[0].x, moved[0].y) == pytest.approx((x[0], y[0]), abs=1e-6)
    np.testing.assert_allclose(shapely.get_coordinates(moved[2]), np.c_[x, y], atol=1e-6)


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("epsg", CANDIDATES)
def test_the_municipality_tells_every_system_and_order(epsg: int, swapped: bool) -> None:  # noqa: FBT001 - a case
    """All systems that Swedish tables come in are recognised, in both orders, by Lekeberg's box."""
    x, y = in_system(epsg)
    a, b = (y, x) if swapped else (x, y)
    found = find_coordinates(a, b, box=LEKEBERG, target_epsg=3006)
    assert (found.epsg, found.swapped, found.share_inside) == (epsg, swapped, 1.0)
    (note,) = found.notes
    assert note.key == ("coordinates_found_swapped" if swapped else "coordinates_found")
    assert note.values == {"epsg": epsg, "name": system_name(epsg), "swapped": swapped}
    east, north = found.place(a, b, 4326)
    np.testing.assert_allclose(np.c_[east, north], np.c_[LON, LAT], atol=1e-6)


def test_local_zones_cannot_be_told_apart_without_a_municipality() -> None:
    """The twelve local zones look alike nationally: it refuses, names them and the cure."""
    x, y = in_system(3009)
    with pytest.raises(PlaceError) as refused:
        find_coordinates(x, y, box=None, where="x, y")
    said = str(refused.value)
    assert all(text in said for text in ("EPSG:3009", "EPSG:3008", "crs = 3006", "--crs"))


def test_the_names_of_columns_may_name_the_system() -> None:
    """What the values leave open, a header such as ``E_SWEREF99_1500`` settles."""
    x, y = in_system(3009)
    for names in (("E_SWEREF99_1500", "N_SWEREF99_1500"), ("x_3009", "y_3009")):
        found = find_coordinates(x, y, box=None, names=names)
        assert (found.epsg, found.swapped) == (3009, False)


@pytest.mark.parametrize("epsg", [3006, 3021, 3857])
def test_national_systems_are_told_apart_without_a_municipality(epsg: int) -> None:
    """SWEREF 99 TM, RT 90 and Web Mercator have ranges of their own in Sweden."""
    x, y = in_system(epsg)
    assert find_coordinates(y, x, box=None).epsg == epsg
    assert find_coordinates(y, x, box=None).swapped


def test_the_order_of_degrees_is_told_by_range_then_names_then_sweden_and_never_guessed() -> None:
    """Memphis is told by its range; Lekeberg by Sweden; a place by 10, 20 not at all."""
    memphis = np.array([-90.05, -89.9]), np.array([35.1, 35.2])
    assert not find_coordinates(*memphis, box=None, names=("lon", "lat")).swapped
    assert find_coordinates(*memphis[::-1], box=None, names=("latitude", "longitude")).swapped
    assert find_coordinates(LAT, LON, box=None).swapped
    tokyo = np.array([139.7]), np.array([35.7])
    assert not find_coordinates(*tokyo, box=None).swapped
    with pytest.raises(PlaceError, match="--lon COLUMN --lat COLUMN"):
        find_coordinates([10.0], [20.0], box=None)


def test_points_elsewhere_are_refused_with_where_they_lie() -> None:
    """Stockholm is not in Lekeberg: the error says where the points would be."""
    with pytest.raises(PlaceError) as refused:
        find_coordinates([18.06, 18.08], [59.32, 59.34], box=LEKEBERG, where="a.csv lon, lat")
    said = str(refused.value)
    assert "a.csv lon, lat: expected points inside the area" in said
    assert "as WGS 84 (EPSG:4326) they lie round 18.07 E 59.33 N, 0 of 2 inside" in said


def test_nine_of_ten_inside_are_enough_and_fewer_are_not() -> None:
    """One default coordinate among ten does not hide the system; two do."""
    x, y = (np.resize(values, 10) for values in in_system(3006))
    x[0], y[0] = 1.0, 1.0
    assert find_coordinates(x, y, box=LEKEBERG).share_inside == pytest.approx(0.9)
    x[1], y[1] = 1.0, 1.0
    with pytest.raises(PlaceError):
        find_coordinates(x, y, box=LEKEBERG)


@pytest.mark.parametrize("box", [None, LEKEBERG])
@pytest.mark.parametrize("values", [[], [0.0, 0.0], [np.nan, 0.0], [np.inf, np.nan]])
def test_without_a_position_there_is_an_answer_with_a_warning(
    values: list[float], box: object
) -> None:
    """Nothing to go by is no crash: the target system, and a warning."""
    found = find_coordinates(values, values, box=box, target_epsg=3006)  # type: ignore[arg-type]
    assert found.epsg == 3006
    assert [(n.key, n.level) for n in found.notes] == [("coordinates_absent", "warning")]


def test_systems_that_put_the_points_at_the_same_place_are_one_answer() -> None:
    """ETRS89 / UTM 33 and SWEREF 99 TM are the same to a millimetre: no quarrel over the name."""
    x, y = in_system(3006)
    assert find_coordinates(x, y, box=LEKEBERG, target_epsg=25833).epsg == 3006


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (LON, LAT, 3006),
        ([-90.05], [35.15], 32615),  # Memphis
        ([-58.4], [-34.6], 32721),  # Buenos Aires
        ([179.99], [10.0], 32660),
        ([-180.0], [10.0], 32601),
        ([np.nan], [np.nan], 3006),
        ([], [], 3006),
    ],
)
def test_a_system_in_metres_is_chosen_for_the_place(lon: object, lat: object, epsg: int) -> None:
    """SWEREF 99 TM in Sweden, else the UTM zone of the middle."""
    assert metric_crs_for(lon, lat) == epsg  # type: ignore[arg-type]


def test_no_metres_are_promised_at_the_pole() -> None:
    """Beyond 84 degrees there is no UTM, and the error says so."""
    with pytest.raises(PlaceError, match="--crs"):
        metric_crs_for([0.0], [89.0])


@pytest.mark.parametrize(
    ("epsg", "found"),
    [
        (4326, "degrees"),
        (3857, "metres that grow with latitude"),
        (2263, "US survey foot"),
        (5613, "no plane coordinates"),
        (999_999, "found none"),
        (-1, "found none"),
    ],
)
def test_what_cannot_be_measured_in_is_refused_with_a_cure(epsg: int, found: str) -> None:
    """Degrees, feet, heights, Mercator and unknown codes are named, with what to use instead."""
    with pytest.raises(PlaceError, match=found) as refused:
        require_metres(epsg)
    assert "3006" in str(refused.value)


@pytest.mark.parametrize("epsg", [3006, 3007, 3018, 3021, 32633, 25833])
def test_swedish_systems_and_utm_can_be_measured_in(epsg: int) -> None:
    """The systems that a municipality may set are accepted."""
    assert require_metres(epsg).to_epsg() == epsg
