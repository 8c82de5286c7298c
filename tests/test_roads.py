"""Roads from a file of one's own: what is read of it, what is refused, and a whole run on them."""

from __future__ import annotations

import csv

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner

from cli import main
from geo.crs import transform
from geo.errors import SourceError
from layers.roads import read_roads
from maps.streets import roads_of

EAST, NORTH, SIDE, BLOCK = 500_000.0, 6_580_000.0, 1500.0, 250.0
CORNER = np.array([EAST, NORTH])
BOX = shapely.box(EAST - 10, NORTH - 10, EAST + SIDE, NORTH + SIDE)


def line(*xy):
    """Draw a line, metres from the corner of the box."""
    return shapely.LineString(np.array(xy) + CORNER)


def written(path, geometry, crs=3006, to=None, **columns):
    """Write shapes (metres) as a file, in another coordinate system where asked."""
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)
    (frame if to is None else frame.to_crs(to)).to_file(path, engine="pyogrio")
    return path


def test_lines_are_roads_with_their_names(tmp_path):
    """Whatever the name's column and the coordinate system; lines elsewhere are counted out."""
    shapes = [line((0, 0), (100, 0)), line((0, 50), (90, 80)), line((9e4, 0), (9e4, 50))]
    names = {"GATUNAMN": ["Storgatan", None, "Fjärran"]}
    path = written(tmp_path / "v.gpkg", shapes, to=4326, **names)
    layer = read_roads(path, 3006, BOX)
    assert layer.report.left_out == {"outside_area": 1}
    assert (layer.report.read, layer.report.accepted) == (3, 2)
    roads = roads_of([layer])
    assert roads.names.tolist() == ["Storgatan", ""]
    assert shapely.length(roads.geometry) == pytest.approx(
        [100.0, 8100**0.5 * 10**0.5 / 3], abs=1e-3
    )


def test_what_is_no_road(tmp_path):
    """Points and areas are counted out; a railway is drawn, but nothing is measured along it."""
    shapes = [line((0, 0), (100, 0)), line((0, 50), (90, 80)), BOX, shapely.Point(EAST, NORTH)]
    kinds = {"fclass": ["residential", "rail", "residential", "residential"]}
    layer = read_roads(written(tmp_path / "v.gpkg", shapes, **kinds), 3006, BOX)
    assert layer.report.left_out == {"wrong_shape": 2}
    assert layer.table["class"].tolist() == ["road_minor", "railway"]
    assert shapely.length(roads_of([layer]).geometry).tolist() == [100.0]


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
@pytest.mark.parametrize(
    ("shapes", "crs", "found"),
    [
        ([shapely.Point(EAST, NORTH)], 3006, "found 1 features that are not lines"),
        ([], 3006, "found 0 features that are not lines"),
        ([line((0, 0), (100, 0))], None, "expected a coordinate system, found none"),
        ([line((9e4, 0), (9e4, 50))], 3006, "expected lines around the events"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, shapes, crs, found):
    """Points only, nothing at all, lines of no known place, lines of another place."""
    path = tmp_path / "v.gpkg"
    frame = gpd.GeoDataFrame({"name": ["x"] * len(shapes)}, geometry=shapes, crs=crs)
    frame.to_file(path, engine="pyogrio", geometry_type=None if shapes else "LineString")
    with pytest.raises(SourceError) as refused:
        read_roads(path, 3006, BOX)
    assert found in str(refused.value.problems[0])


def test_a_table_and_its_streets_give_named_places(tmp_path):
    """The command, from a CSV and streets in another system to hotspots with the streets' names."""
    streets, names = [], []
    for i, at in enumerate(np.arange(0, SIDE + 1, BLOCK)):
        for low in np.arange(0, SIDE, BLOCK):
            streets += [line((low, at), (low + BLOCK, at)), line((at, low), (at, low + BLOCK))]
            names += [f"Gata {i}", f"Gränd {i}"]
    roads = written(tmp_path / "gator.gpkg", streets, to=3011, namn=names)
    rng = np.random.default_rng(1)
    spread = rng.uniform(0, SIDE, (60, 2))
    spread[:, 1] = np.rint(spread[:, 1] / BLOCK) * BLOCK
    many = np.column_stack([rng.uniform(600, 750, 25), 1000 + rng.normal(0, 3, 25)])
    xy = np.concatenate([spread, many]) + CORNER
    lon, lat = transform(xy[:, 0], xy[:, 1], 3006, 4326)
    events = tmp_path / "events.csv"
    with events.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["lon", "lat", "date"])
        table.writerows(zip(lon, lat, ["2021-05-05"] * len(lon), strict=True))
    out = tmp_path / "o.gpkg"
    words = ["hotspots", events, "-o", out, "--method", "network_kde", "--roads", roads]
    answer = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    for table in ("clusters", "hotspots"):
        found = pyogrio.read_dataframe(out, layer=table, read_geometry=False)
        assert found["name"].iloc[0] == "Gata 4"
        assert found["n"].iloc[0] >= 25
    drawn = pyogrio.read_dataframe(out, layer="roads", read_geometry=False)
    assert len(drawn) == len(streets)
    assert pyogrio.read_dataframe(out, layer="cells", read_geometry=False)["nkde"].max() > 0
