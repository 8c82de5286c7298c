"""Parquet and GeoParquet: as geopandas and shapely read them, whatever writes them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import lattice_cells
from geo.errors import SourceError
from geo.grid import Grid
from layers.events import open_events
from layers.formats.parquet import read
from layers.formats.shapes import points_of, read_wkb
from layers.when import read_times

if TYPE_CHECKING:
    from pathlib import Path

    from layers.layer import RawTable

POINTS = [shapely.Point(14.9, 59.2), None, shapely.Point(15.1, 59.3)]
SQUARE = shapely.box(500_000, 6_550_000, 501_000, 6_551_000)


def one(path: Path) -> RawTable:
    """Read a file that is one batch."""
    (table,) = read(path)
    return table


def geo(path: Path, column: dict[str, Any], shapes: list[Any] = POINTS) -> Path:
    """Write a GeoParquet by hand: its metadata as given."""
    wkb = pa.array([None if s is None else s.wkb for s in shapes], pa.binary())
    told = {"version": "1.1.0", "primary_column": "where", "columns": {"where": column}}
    table = pa.table({"where": wkb, "kind": ["a"] * len(shapes)})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(told)}), path)
    return path


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("crs", [3006, 4326, None])
@pytest.mark.parametrize(
    "shapes",
    [
        POINTS,
        [SQUARE, None, SQUARE.buffer(10)],
        [shapely.LineString([(0, 0), (1, 1)]), None],
        [shapely.MultiPolygon([SQUARE])],
    ],
    ids=["points", "polygons", "lines", "multipolygons"],
)
def test_what_geopandas_writes_comes_back(tmp_path, encoding, crs, shapes):
    """Shapes, coordinate system and columns, in both encodings; bounding boxes are no column."""
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=crs)
    path = tmp_path / "a.parquet"
    frame.to_parquet(path, geometry_encoding=encoding, write_covering_bbox=True)
    table = one(path)
    assert list(table.data.columns) == ["n"]
    assert table.rows.tolist() == list(range(1, len(shapes) + 1))
    assert table.geometry is not None
    for found, written in zip(table.geometry, shapes, strict=True):
        assert found is written is None or shapely.equals(found, written)
    far = np.abs(shapely.bounds(shapes[0])).max() > 360
    believed = None if crs == 4326 and far else crs
    assert (table.crs and table.crs.to_epsg()) == believed


def test_points_are_numbers_until_somebody_asks_for_shapes(tmp_path):
    """No shapely object is made for counting; asked for, they are shapely's, None if missing."""
    table = one(geo(tmp_path / "a.parquet", {"encoding": "WKB", "geometry_types": ["Point"]}))
    assert table.points is not None
    np.testing.assert_array_equal(table.points, [[14.9, 59.2], [np.nan, np.nan], [15.1, 59.3]])
    assert table.geometry is not None
    assert table.geometry.tolist() == POINTS


@pytest.mark.parametrize(
    ("column", "epsg"),
    [
        ({}, 4326),
        ({"crs": None}, None),
        ({"crs": {"$schema": "no such", "type": "nonsense"}}, None),
        ({"crs": "OGC:CRS84"}, 4326),
    ],
)
def test_a_missing_system_is_degrees_and_none_is_unknown(tmp_path, column, epsg):
    """As GeoParquet 1.1 says: left out is OGC:CRS84, null is unknown."""
    table = one(geo(tmp_path / "a.geoparquet", {"encoding": "WKB", **column}))
    assert (table.crs and table.crs.to_epsg()) == epsg


def test_columns_of_all_types_become_what_readers_take(tmp_path):
    """Text, numbers, truths and times; exact decimals, dates and clocks as they are written."""
    when = dt.datetime(2021, 6, 7, 12, 30, tzinfo=dt.UTC)
    columns = {
        "text": pa.array(["å", None]),
        "dictionary": pa.array(["x", None]).dictionary_encode(),
        "decimal": pa.array([Decimal("12.50"), None]),
        "date": pa.array([dt.date(2021, 6, 7), None]),
        "clock": pa.array([dt.time(14, 30), None]),
        "zoned": pa.array([when, None], pa.timestamp("us", "UTC")),
        "small": pa.array([3, None], pa.int8()),
        "large": pa.array([2**64 - 1, None], pa.uint64()),
        "real": pa.array([0.5, None], pa.float32()),
        "true": pa.array([True, None]),
        "list": pa.array([["a", "ö"], None]),
        "record": pa.array([{"a": 1, "b": Decimal("0.1")}, None]),
        "utf8": pa.array(["ä".encode(), None], pa.binary()),
        "bytes": pa.array([b"\xff\x00", None], pa.binary()),
        "nothing": pa.nulls(2),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.pq")
    table = one(tmp_path / "a.pq")
    first = table.data.iloc[0]
    assert table.data.iloc[1].isna().all()
    assert (table.geometry, table.crs) == (None, None)
    assert first.drop("nothing").to_dict() == {
        "text": "å",
        "dictionary": "x",
        "decimal": "12.50",
        "date": "2021-06-07",
        "clock": "14:30:00.000000",
        "zoned": pd.Timestamp(when),
        "small": 3,
        "large": str(2**64 - 1),
        "real": 0.5,
        "true": True,
        "list": '["a", "ö"]',
        "record": '{"a": 1, "b": "0.1"}',
        "utf8": "ä",
        "bytes": "ff00",
    }
    assert str(read_times(table.data["zoned"]).local[0]) == "2021-06-07T14:30:00"
    dates = read_times(table.data["date"])
    assert (str(dates.local[0]), dates.has_hour.any()) == ("2021-06-07T00:00:00", np.False_)


def test_a_file_without_rows_tells_its_columns(tmp_path):
    """One batch, empty."""
    pq.write_table(pa.table({"a": pa.array([], pa.int32())}), tmp_path / "a.parquet")
    table = one(tmp_path / "a.parquet")
    assert (list(table.data.columns), len(table.data)) == (["a"], 0)


def test_an_unreadable_shape_is_left_out_with_its_row(tmp_path):
    """The others keep their numbers."""
    path = geo(tmp_path / "a.parquet", {"encoding": "WKB"}, POINTS)
    table = pq.read_table(path)
    broken = pa.array([POINTS[0].wkb, b"\x01\x01", POINTS[2].wkb], pa.binary())
    pq.write_table(table.set_column(0, "where", broken), path)
    read_back = one(path)
    assert read_back.rows.tolist() == [1, 3]
    assert read_back.left_out[["row", "reason"]].to_numpy().tolist() == [[2, "unreadable_feature"]]
    assert read_back.geometry is not None
    assert read_back.geometry.tolist() == [POINTS[0], POINTS[2]]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a;b\n1;2\n", "begins with PAR1"),
        (b"PAR1" + b"\0" * 40, "damaged or cut off"),
        (b"PARE" + b"\0" * 40, "encrypted"),
        (b"", "empty file"),
    ],
)
def test_what_is_no_parquet_is_refused_with_the_cause(tmp_path, content, found):
    """Another format, a damaged file, a locked one, an empty one."""
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        list(read(path))
    assert found in refused.value.problems[0].what
    assert refused.value.problems[0].cure


@pytest.mark.parametrize("told", ["{", "[]", "{}", '{"primary_column": "no", "columns": {}}'])
def test_nonsense_about_the_geometry_is_refused(tmp_path, told):
    """Metadata that cannot be understood is no crash."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata({"geo": told}), path)
    with pytest.raises(SourceError):
        list(read(path))


def test_a_file_changed_anywhere_gives_rows_or_a_refusal(tmp_path):
    """Cut off or with a byte changed, at two hundred places: never anything else."""
    path = geo(tmp_path / "a.parquet", {"encoding": "WKB"})
    whole = path.read_bytes()
    refused = 0
    for i in range(4, len(whole), max(len(whole) // 200, 1)):
        for broken in (whole[:i], whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1 :]):
            path.write_bytes(broken)
            try:
                list(read(path))
            except SourceError:
                refused += 1
    assert refused >= 200


ORDINATES = st.floats(allow_nan=False, width=64)
SHAPES = st.lists(
    st.none() | st.tuples(ORDINATES, ORDINATES).map(shapely.Point) | st.just(shapely.Point()),
    max_size=20,
)


@given(SHAPES, st.booleans(), st.sampled_from(["extended", "iso"]), st.integers(0, 3))
def test_points_by_numbers_are_the_points_of_shapely(shapes, high, flavor, cut):
    """Two or three ordinates, both ways to say so, missing and empty ones, part of an array."""
    points = np.array(shapes, dtype=object)
    if high:
        points = shapely.force_3d(points, 7.0)
    column = pa.array(
        shapely.to_wkb(points, flavor=flavor, output_dimension=3 if high else 2), pa.binary()
    )[cut:]
    found = points_of(column)
    if found is None:  # an empty point may be written in two dimensions among three
        assert any(s is not None and s.is_empty for s in shapes)
        return
    gone = [s is None or s.is_empty for s in shapes[cut:]]
    expected = np.where(gone, None, points[cut:])
    np.testing.assert_array_equal(found[:, 0], shapely.get_x(expected))
    np.testing.assert_array_equal(found[:, 1], shapely.get_y(expected))


@pytest.mark.parametrize("large", [False, True])
def test_what_is_not_points_alone_goes_to_shapely(large):
    """Another order of bytes, another shape of a point's size or not."""
    kind = pa.large_binary() if large else pa.binary()
    point, line = shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])
    odd = b"\x01" + (6).to_bytes(4, "little") + (0).to_bytes(4, "little") + b"\0" * 12
    for column in (
        pa.array([shapely.to_wkb(point, byte_order=0)], kind),
        pa.array([point.wkb, line.wkb], kind),
        pa.array([point.wkb, odd], kind),
    ):
        assert points_of(column) is None
    shapes, unreadable, repaired = read_wkb(pa.array([point.wkb, line.wkb, None], kind))
    assert shapes.tolist() == [point, line, None]
    assert (unreadable.any(), repaired) == (np.False_, 0)


def test_the_same_events_are_counted_alike_from_every_format(tmp_path):
    """CSV, GeoPackage, GeoParquet of both encodings and plain Parquet, as pandas counts them."""
    rng = np.random.default_rng(3)
    n = 3000
    lon, lat = rng.uniform(14.8, 15.0, n).round(6), rng.uniform(59.1, 59.2, n).round(6)
    time = np.datetime64("2021-05-01T00:00") + rng.integers(0, 90 * 1440, n).astype(
        "timedelta64[m]"
    )
    table = pd.DataFrame(
        {"lon": lon, "lat": lat, "time": time, "category": rng.choice(["a", "b"], n)}
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "plain.parquet")
    frame = gpd.GeoDataFrame(
        table[["time", "category"]], geometry=gpd.points_from_xy(lon, lat), crs=4326
    )
    frame.to_parquet(tmp_path / "wkb.parquet")
    frame.to_parquet(tmp_path / "native.parquet", geometry_encoding="geoarrow")
    zoned = frame.assign(time=frame["time"].dt.tz_localize("Europe/Stockholm"))
    zoned.to_file(tmp_path / "a.gpkg")

    placed = frame.to_crs(3006).geometry
    grid = Grid("square", 500)
    cells = lattice_cells(grid, shapely.box(*placed.total_bounds).buffer(100))
    keys = pd.DataFrame(
        {
            "x": np.floor(placed.x / 500).astype(int),
            "y": np.floor(placed.y / 500).astype(int),
            "month": table["time"].dt.year * 12 + table["time"].dt.month - 1,
            "category": table["category"],
            "hour": table["time"].dt.day_of_week * 24 + table["time"].dt.hour,
        }
    )
    expected = keys.value_counts().to_dict()
    for name in ("a.csv", "plain.parquet", "wkb.parquet", "native.parquet", "a.gpkg"):
        cube = open_events(tmp_path / name, into=3006).count(cells)
        _, column, row = cells.lattice
        category = np.array(cube.categories)[cube.category]
        found = zip(
            column[cube.cell].tolist(),
            row[cube.cell].tolist(),
            cube.month.tolist(),
            category.tolist(),
            cube.hour.tolist(),
            strict=True,
        )
        assert dict(zip(found, cube.n.tolist(), strict=True)) == expected, name
