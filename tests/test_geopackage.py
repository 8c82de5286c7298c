"""The GeoPackage holds what the situation holds, in the form that other programs expect."""

from __future__ import annotations

import dataclasses
import io
import os
import re
import sqlite3
import subprocess
import sys
import tomllib
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import fiona
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from osgeo_utils.samples import validate_gpkg
from situations import MONTH, hostile_situation, layer, over_time, situation

from geo import schema
from geo.cells import polygon_cells
from geo.errors import OutputError
from geo.grid import Grid
from geo.schema import HOTSPOT
from maps import gis_tables, styles
from maps.geopackage import write_geopackage
from maps.manifest import manifest_text
from maps.situation import Followed, Situation, View
from maps.words import words

HOSTILE = "<b onload=x>&amp; \"'; DROP TABLE cells;--\x01\r\n]]> åäö [% 1 %] \U0001f600"
ROOT = Path(__file__).parents[1]


def plain() -> Situation:
    """Make what the command for one table makes: one view, no layers, only counts."""
    full = situation()
    view = full.views[0]
    columns = {name: view.columns[name] for name in ("n", "weight")}
    only = View("all", view.n, columns, view.hot & False, True, (), view.points, ())  # noqa: FBT003
    return dataclasses.replace(
        full, views=(only,), layers=(), background=(), month=0, months=(0, 0)
    )


def drawn(id_name: str = "TARGET_FID") -> Situation:
    """Make cells that someone else drew, one of two parts, with whole numbers as ids."""
    full = situation()
    parts = [shapely.box(x, 6555000, x + 1000, 6556000) for x in (486000, 488000)]
    polygons = np.array(
        [
            shapely.box(480000, 6555000, 485000, 6560000),
            shapely.MultiPolygon(parts),
        ],
        dtype=object,
    )
    cells = polygon_cells(polygons, np.array([17, 4], dtype=object), id_name)
    columns = {"n": np.array([3, 1]), "weight": np.array([3.0, np.nan]), "gi_bin": np.array([0, 3])}
    view = View("all", 4, columns, np.array([False, True]), True, (), np.zeros((0, 2)), ())  # noqa: FBT003
    return dataclasses.replace(full, cells=cells, views=(view,), layers=(), background=())


def followed() -> Situation:
    """Make a situation in which two hotspots are known from three months."""
    one = situation()
    told = tuple(
        Followed(
            month=month, place_id=spot.id, id=spot.id, family=spot.family, rank=spot.rank,
            place=spot.place, cells=spot.cells, geometry=spot.geometry, n=spot.n,
            expected=spot.expected, ratio=spot.ratio, p=spot.p, q=spot.q, area_m2=spot.area_m2,
            first_seen=MONTH - 2, months_running=month - MONTH + 3,
        )
        for month in range(MONTH - 2, MONTH + 1)
        for view in one.views[:2]
        for spot in view.hotspots[:2]
    )  # fmt: skip
    return dataclasses.replace(one, history=told)


SITUATIONS = {
    "square": situation,
    "hex": lambda: situation(grid="hex"),
    "hostile": lambda: situation(text=HOSTILE),
    "too little": lambda: situation(enough=False),
    "plain": plain,
    "drawn": drawn,
    "followed": followed,
    "over time": lambda: over_time(situation()),
}


@pytest.fixture(scope="module", params=SITUATIONS)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Situation, Path]:
    """Write each situation once."""
    path = tmp_path_factory.mktemp("geopackage") / "lagesbild.gpkg"
    one = SITUATIONS[request.param]()
    write_geopackage(one, path, "sv")
    return one, path


def rows(path: Path, sql: str, *values: str) -> list[tuple[object, ...]]:
    """Ask the file as a database."""
    with closing(sqlite3.connect(path)) as file:
        return file.execute(sql, values).fetchall()


def parsed(text: object) -> ET.Element:
    """Read XML of ours."""
    return ET.fromstring(str(text))  # noqa: S314 - our own


def count(path: Path, table: str) -> int:
    """Count the rows of a table."""
    return int(str(rows(path, f'SELECT count(*) FROM "{table}"')[0][0]))  # noqa: S608 - our names


def spatial(path: Path) -> dict[str, str]:
    """List the tables that have geometry, with its type."""
    return {name: kind for name, kind in pyogrio.list_layers(path) if kind}


def test_gdal_s_validator_finds_nothing(written: tuple[Situation, Path]) -> None:
    """The file is a GeoPackage in every respect that GDAL's validator checks."""
    assert validate_gpkg.check(str(written[1]), abort_at_first_error=False) == []


def test_it_is_version_1_3_with_no_journal_beside_it(written: tuple[Situation, Path]) -> None:
    """Older QGIS warns about 1.4 at every opening; a write-ahead log freezes on network drives."""
    path = written[1]
    assert rows(path, "PRAGMA user_version") == [(10300,)]
    assert rows(path, "PRAGMA journal_mode") == [("delete",)]
    assert [file.name for file in path.parent.iterdir()] == ["lagesbild.gpkg"]


def test_every_table_has_one_type_of_geometry_an_index_and_no_missing_place(
    written: tuple[Situation, Path],
) -> None:
    """What is declared is what every row holds; in the situation's coordinate system."""
    one, path = written
    for name, kind in spatial(path).items():
        frame = pyogrio.read_dataframe(path, layer=name)
        assert set(frame.geom_type) <= {kind}, name
        assert frame.crs.to_epsg() == one.crs
        assert count(path, f"rtree_{name}_geom") == len(frame)


def test_fiona_reads_the_same_rows(written: tuple[Situation, Path]) -> None:
    """Another GDAL agrees on tables, counts and coordinate system."""
    path = written[1]
    expected = {name for name, _ in pyogrio.list_layers(path)}
    assert set(fiona.listlayers(path)) == expected
    for name in spatial(path):
        with fiona.open(path, layer=name) as source:
            assert len(source) == pyogrio.read_info(path, layer=name)["features"]
            assert source.crs.to_epsg() == 3006
            assert len(list(source)) == len(source)


def test_cells_are_the_situation_s_cells(written: tuple[Situation, Path]) -> None:
    """Every cell in its order with its id, whole shape and every number unchanged."""
    one, path = written
    frame = pyogrio.read_dataframe(path, layer="cells")
    assert frame[one.cells.id_name].tolist() == one.cells.ids.tolist()
    shapes = np.array(frame.geometry)
    assert shapely.equals(shapes, one.cells.polygons).all()
    view = one.views[0]
    assert list(frame.columns)[: len(view.columns) + 1] == [one.cells.id_name, *view.columns]
    for name, values in view.columns.items():
        np.testing.assert_array_equal(frame[name], values)
    assert frame["n"].dtype == np.int64
    for other in one.views[1:]:
        for name in ("n", "gi_z", "gi_q", "gi_bin"):
            np.testing.assert_array_equal(frame[f"{name}_{other.family}"], other.columns[name])


def test_hotspots_have_the_columns_of_the_contract(written: tuple[Situation, Path]) -> None:
    """One row a hotspot of every map; whole numbers stay whole where some are missing."""
    one, path = written
    hotspots = [spot for view in one.views for spot in view.hotspots]
    frame = pyogrio.read_dataframe(path, layer="hotspots")
    assert [*frame.columns] == [*(column.name for column in HOTSPOT), "geometry"]
    assert frame["hotspot_id"].tolist() == [spot.id for spot in hotspots]
    assert shapely.equals(np.array(frame.geometry), [spot.geometry for spot in hotspots]).all()
    types = {name: kind for _, name, kind, *_ in rows(path, "PRAGMA table_info(hotspots)")}
    declared = {"text": "TEXT", "integer": "INTEGER", "real": "REAL"}
    assert {c.name: types[c.name] for c in HOTSPOT} == {c.name: declared[c.kind] for c in HOTSPOT}
    found = [n for (n,) in rows(path, "SELECT n_year_before FROM hotspots ORDER BY fid")]
    assert found == [spot.n_year_before for spot in hotspots]


def test_every_row_of_every_layer_is_there(written: tuple[Situation, Path]) -> None:
    """A layer's tables together have its rows, each id once."""
    one, path = written
    names = {name for name, _ in pyogrio.list_layers(path)}
    for each in (*one.layers, *one.background):
        ends = ("", "_lines", "_polygons", "_area_level")
        mine = [f"{each.name}{end}" for end in ends if f"{each.name}{end}" in names]
        frames = [pyogrio.read_dataframe(path, layer=name) for name in mine]
        ids = [one for frame in frames for one in frame["id"]]
        assert sorted(ids) == sorted(each.table["id"])


def test_hostile_texts_survive(tmp_path: Path) -> None:
    """Markup, quotes, line breaks and emoji come back as they were; a NUL does not cut a text."""
    write_geopackage(situation(text=HOSTILE), tmp_path / "a.gpkg", "sv")
    names = rows(tmp_path / "a.gpkg", "SELECT name FROM bathing_sites")
    assert names == [(f"Lanna badgruva{HOSTILE}",), (f"Leken{HOSTILE}",)]
    write_geopackage(situation(text="a\0b"), tmp_path / "b.gpkg", "sv")
    assert rows(tmp_path / "b.gpkg", "SELECT name FROM area") == [("Lekeberga\ufffdb",)]


def test_the_same_situation_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Whatever the day, the time zone, the folder or the hash seed."""
    script = (
        "import sys; from pathlib import Path; from situations import situation;"
        "from maps.geopackage import write_geopackage;"
        "write_geopackage(situation(text='<&'), Path(sys.argv[1]), 'en')"
    )
    files = [tmp_path / "a.gpkg", tmp_path / "b" / "other.gpkg"]
    files[1].parent.mkdir()
    for path, zone, seed in zip(files, ["UTC", "Asia/Tokyo"], ["1", "2"], strict=True):
        environment = {
            "TZ": zone,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        }
        subprocess.run(
            [sys.executable, "-c", script, path], check=True, cwd=ROOT, env=os.environ | environment
        )
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_earlier_file_is_replaced_not_added_to(tmp_path: Path) -> None:
    """Writing twice to one place gives the same bytes as once."""
    path = tmp_path / "a.gpkg"
    write_geopackage(situation(), path, "sv")
    once = path.read_bytes()
    write_geopackage(situation(text="x"), path, "sv")
    write_geopackage(situation(), path, "sv")
    assert path.read_bytes() == once


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    """What GDAL says becomes an error of ours, with what to do."""
    with pytest.raises(OutputError, match="room on the disk"):
        write_geopackage(situation(), tmp_path / "missing" / "a.gpkg", "sv")


def test_times_are_utc_with_the_swedish_clock_beside_them(tmp_path: Path) -> None:
    """Summer is two hours ahead, winter one; the year's two odd nights have one answer each."""
    local = ["2021-06-07 14:30", "2021-12-24 15:00", "2021-10-31 02:30", "2021-03-28 02:30", None]
    table = pd.DataFrame({"id": list("abcde"), "time": pd.to_datetime(local)})
    points = shapely.points(np.full((5, 2), [490000.0, 6560000.0]))
    one = dataclasses.replace(situation(), layers=(layer("incidents", table, points),))
    write_geopackage(one, tmp_path / "a.gpkg", "sv")
    utc = [
        "2021-06-07T12:30:00.000Z",
        "2021-12-24T14:00:00.000Z",
        "2021-10-31T00:30:00.000Z",
        "2021-03-28T01:00:00.000Z",
        None,
    ]
    found = rows(tmp_path / "a.gpkg", "SELECT time, time_local FROM incidents ORDER BY fid")
    assert found == list(zip(utc, local, strict=True))
    info = pyogrio.read_info(tmp_path / "a.gpkg", layer="incidents")
    assert dict(zip(info["fields"], info["ogr_types"], strict=True))["time"] == "OFTDateTime"


def test_events_without_a_position_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    """They are rows without geometry, not rows with an empty one, and none is lost."""
    table = pd.DataFrame({"id": ["a", "b", "c"], "n": [1, None, 3]})
    places = np.array([shapely.Point(490000, 6560000), None, shapely.Point()], dtype=object)
    one = dataclasses.replace(situation(), layers=(layer("incidents", table, places),))
    path = tmp_path / "a.gpkg"
    write_geopackage(one, path, "sv")
    assert rows(path, "SELECT id FROM incidents") == [("a",)]
    assert rows(path, "SELECT id, n FROM incidents_area_level") == [("b", None), ("c", 3)]
    assert "incidents_area_level" not in spatial(path)


def test_geometries_of_one_layer_are_parted_by_their_kind(tmp_path: Path) -> None:
    """Points, lines and surfaces apart; one multi makes all multi; collections are taken apart."""
    shapes = [
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 3)]]),
        shapely.GeometryCollection([shapely.Point(0, 0), shapely.LineString([(5, 5), (6, 6)])]),
        shapely.LinearRing([(0, 0), (1, 0), (1, 1)]),
        shapely.Polygon([(0, 0, 9), (1, 0, 9), (1, 1, 9)]),
    ]
    table = pd.DataFrame({"id": [*"abcde"]})
    one = layer("patrols", table, np.array(shapes, dtype=object))
    path = tmp_path / "a.gpkg"
    write_geopackage(dataclasses.replace(situation(), layers=(one,)), path, "sv")
    found = spatial(path)
    assert (found["patrols"], found["patrols_polygons"]) == ("MultiLineString", "Polygon")
    lines = pyogrio.read_dataframe(path, layer="patrols")
    expected = ["LINESTRING (0 0, 1 1)", shapes[1], "LINESTRING (5 5, 6 6)", shapes[3]]
    expected = [shapely.from_wkt(s) if isinstance(s, str) else s for s in expected]
    assert lines["id"].tolist() == [*"abcd"]
    assert shapely.equals(np.array(lines.geometry), expected).all()


def test_odd_names_become_names_that_every_program_takes(tmp_path: Path) -> None:
    """Tables and columns get plain names; none meets a name of the format's own or another's."""
    columns = ["id", "Hjulångström (m²)", "fid", "GEOM", "ID", "1:a", "§"]
    table = pd.DataFrame([["a", 1, 2, 3, 4, 5, 6]], columns=columns)
    point = np.array([shapely.Point(490000, 6560000)], dtype=object)
    named = [
        dataclasses.replace(layer("incidents", table, point), name=name)
        for name in ("cells", "Håll i hatten!", "layer_styles")
    ]
    path = tmp_path / "a.gpkg"
    write_geopackage(dataclasses.replace(situation(), layers=tuple(named)), path, "sv")
    assert {"cells_2", "hall_i_hatten", "layer_styles_2"} <= set(spatial(path))
    found = [name for _, name, *_ in rows(path, "PRAGMA table_info(cells_2)")]
    assert found == [
        "fid",
        "geom",
        "id",
        "hjulangstrom_m2",
        "fid_2",
        "geom_2",
        "id_2",
        "x_1_a",
        "x",
    ]
    assert validate_gpkg.check(str(path), abort_at_first_error=False) == []


@pytest.mark.parametrize("name", ["fid", "FID", "geom", "n", 'a "b" ö'])
def test_cells_keep_their_own_id_column_unless_it_cannot_be(tmp_path: Path, name: str) -> None:
    """A file's own column keeps its name; only a name that is taken gets a number."""
    path = tmp_path / "a.gpkg"
    write_geopackage(drawn(name), path, "sv")
    frame = pyogrio.read_dataframe(path, layer="cells")
    kept = {"geom": "geom_2", "n": "n_2"}.get(name, name)
    assert frame[kept].tolist() == [17, 4]
    assert set(frame.geom_type) == {"MultiPolygon"}


@given(
    kind=st.sampled_from(["square", "hex"]),
    size=st.floats(1, 5000),
    at=st.lists(st.tuples(st.integers(-9000, 9000), st.integers(-9000, 9000)), max_size=5),
)
def test_cells_written_as_bytes_are_the_grid_s_polygons(
    kind: str, size: float, at: list[tuple[int, int]]
) -> None:
    """The short way to well-known binary gives what GEOS gives."""
    grid = Grid(kind, size)
    column, row = np.array(at, dtype=np.int64).reshape(-1, 2).T
    short = gis_tables._rings_wkb(grid.corners(column, row)).to_pylist()
    assert short == shapely.to_wkb(grid.polygons(column, row), byte_order=1).tolist()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_column_has_words_in_each_language(tmp_path: Path, language: str) -> None:
    """No technical name meets a reader: columns, tables and classes are all said in words."""
    said = words(language)
    known = {c.name for c in vars(schema).values() if isinstance(c, schema.Column)}
    known |= {column.name for column in (*schema.HOTSPOT, *schema.LEFT_OUT)}
    assert [name for name in sorted(known) if not said.has(f"columns.{name}")] == []
    path = tmp_path / "a.gpkg"
    write_geopackage(situation(), path, language)
    aliased = rows(path, "SELECT table_name, column_name, name FROM gpkg_data_columns")
    have = {(table, column): alias for table, column, alias in aliased}
    for name in spatial(path):
        for column in pyogrio.read_info(path, layer=name)["fields"]:
            assert "_" not in str(have[name, column]), (name, column)
    styled = rows(path, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'cells'")
    assert said("classes.gi_bin_3") in str(styled)


def test_every_key_has_its_word_in_the_format_s_own_tables(written: tuple[Situation, Path]) -> None:
    """Whatever a column of keys holds is allowed by its domain, with the words of the style."""
    path = written[1]
    domains = rows(
        path,
        "SELECT table_name, column_name, constraint_name FROM gpkg_data_columns "
        "WHERE constraint_name IS NOT NULL",
    )
    keys = {name for name in written[0].views[0].columns if name.endswith(("_bin", "_class"))}
    wanted = {("hotspots", "family"), *(("cells", name) for name in keys)}
    assert wanted <= {(table, column) for table, column, _ in domains}
    for table, column, domain in domains:
        words = dict(
            rows(
                path,
                "SELECT value, description FROM gpkg_data_column_constraints "
                "WHERE constraint_name = ? AND constraint_type = 'enum'",
                str(domain),
            )
        )
        held = pyogrio.read_dataframe(path, layer=table, columns=[column], read_geometry=False)
        assert set(held[column].dropna().astype(str)) <= set(words), (table, column)
        sql = "SELECT styleQML FROM layer_styles WHERE f_table_name = ?"
        style = parsed(rows(path, sql, str(table))[0][0])
        said = style.findall(f"fieldConfiguration/field[@name='{column}']//Option[@type='List']//*")
        assert {o.get("value"): o.get("name") for o in said if o.get("value") is not None} == words


def test_extensions_are_declared(written: tuple[Situation, Path]) -> None:
    """The format wants a row for each table of its own that is used beyond the core."""
    found = dict(rows(written[1], "SELECT table_name, extension_name FROM gpkg_extensions"))
    assert found["gpkg_data_columns"] == found["gpkg_data_column_constraints"] == "gpkg_schema"
    assert found["gpkg_metadata"] == found["gpkg_metadata_reference"] == "gpkg_metadata"


def test_metadata_say_what_a_table_is_and_what_it_comes_from(tmp_path: Path) -> None:
    """Period, methods with parameters, and of each source the rows read, accepted and left out."""
    path = tmp_path / "a.gpkg"
    write_geopackage(followed(), path, "en")
    found = dict(
        rows(
            path,
            "SELECT coalesce(table_name, reference_scope), metadata FROM gpkg_metadata_reference "
            "JOIN gpkg_metadata ON md_file_id = id WHERE md_standard_uri = 'http://mrcc.com/qgis.dtd'",
        )
    )
    tables = {name for (name,) in rows(path, "SELECT table_name FROM gpkg_contents")}
    assert set(found) == tables - {"layer_styles"} | {"geopackage"}
    cells = parsed(found["cells"])
    assert cells.findtext("title") == "Cells"
    abstract = cells.findtext("abstract") or ""
    assert "Period: January–December 2021." in abstract
    assert "Method gi_star: alpha = 0.05." in abstract
    assert cells.findtext("extent/temporal/period/start") == "2021-01-01T00:00:00"
    assert cells.findtext("extent/temporal/period/end") == "2021-12-31T23:59:59"
    told = [one.text for one in parsed(found["incidents"]).findall("history")]
    counts = "602 rows read, 600 accepted, 2 left out (no position: 1; unreadable date: 1)"
    assert told == [f"rapporter.csv: {counts}."]
    assert len(parsed(found["geopackage"]).findall("history")) == 4


def test_texts_from_people_stay_texts_in_metadata(written: tuple[Situation, Path]) -> None:
    """Every document is whole XML whatever stands in titles, notices and names of files."""
    sql = "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'text/xml'"
    for (text,) in rows(written[1], sql):
        names = {one.tag for one in parsed(text).iter()}
        assert "b" not in names


def test_nobody_s_folders_are_told(tmp_path: Path) -> None:
    """Neither tables, metadata nor the project name the folder that a source lay in."""
    path = tmp_path / "a.gpkg"
    write_geopackage(hostile_situation(["a", "b"]), path, "sv")
    assert b"/home/x" not in path.read_bytes()
    assert str(tmp_path).encode() not in path.read_bytes()
    assert "/home/x" not in project(path)


def project(path: Path) -> str:
    """Unpack the project that a file holds."""
    ((content,),) = rows(path, "SELECT content FROM qgis_projects WHERE name = 'lagesbild'")
    with zipfile.ZipFile(io.BytesIO(bytes.fromhex(str(content)))) as archive:
        assert archive.namelist() == ["lagesbild.qgs"]
        return archive.read("lagesbild.qgs").decode()


def test_the_manifest_is_a_table_to_read_and_a_document_for_programs(tmp_path: Path) -> None:
    """Each of its values is a row; the document is that of manifest.json to the letter."""
    path, one = tmp_path / "a.gpkg", situation()
    write_geopackage(one, path, "sv")
    ((whole,),) = rows(
        path, "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'application/json'"
    )
    assert whole == manifest_text(one)
    found = {(a, b): c for a, b, c in rows(path, "SELECT section, item, value FROM manifest")}
    assert found["inputs", "incidents › read"] == "602"
    assert found["inputs", "incidents › left_out › no_position"] == "1"
    assert found["settings", "methods › gi_star › alpha"] == "0.05"
    assert found["title", "title"] == "Lägesbild Lekeberg"
    assert found["months", "months"] == '["2021-01", "2021-12"]'
    assert found["versions", "gdal"] == pyogrio.__gdal_version_string__


def test_the_history_has_a_row_for_each_place_and_month(tmp_path: Path) -> None:
    """Its months are true dates, so that QGIS can play them; without a history there is none."""
    path = tmp_path / "a.gpkg"
    write_geopackage(followed(), path, "sv")
    frame = pyogrio.read_dataframe(path, layer="history")
    assert set(frame.geom_type) == {"MultiPolygon"}
    assert frame["month"].tolist() == [m for m in ("2021-10", "2021-11", "2021-12") for _ in "1234"]
    assert frame["months_running"].tolist() == [n for n in (1, 2, 3) for _ in "1234"]
    types = {name: kind for _, name, kind, *_ in rows(path, "PRAGMA table_info(history)")}
    assert types["month_start"] == "DATE"
    assert rows(path, "SELECT month_start FROM history LIMIT 1") == [("2021-10-01",)]
    write_geopackage(situation(), path, "sv")
    assert "history" not in spatial(path)


def test_surfaces_go_counter_clockwise(written: tuple[Situation, Path]) -> None:
    """As the simple features standard has it, whatever way a file that was read went."""
    for name, kind in spatial(written[1]).items():
        if "Polygon" in kind:
            parts = shapely.get_parts(
                np.array(pyogrio.read_dataframe(written[1], layer=name).geometry)
            )
            assert shapely.is_ccw(shapely.get_exterior_ring(parts)).all(), name


def test_both_languages_have_the_same_words() -> None:
    """The sections of this writer have the same keys in Swedish and English."""
    texts = [
        tomllib.loads((ROOT / "maps" / "text" / f"{one}.toml").read_text("utf-8"))
        for one in ("sv", "en")
    ]
    for section in ("columns", "tables", "geopackage", "classes"):
        assert texts[0][section].keys() == texts[1][section].keys()


def test_every_table_has_the_style_that_qgis_looks_for(written: tuple[Situation, Path]) -> None:
    """One default each, with the empty schema and true column that QGIS needs, as whole XML."""
    path = written[1]
    found = rows(
        path,
        "SELECT f_table_name, f_table_schema, f_geometry_column, useAsDefault, styleQML "
        "FROM layer_styles WHERE useAsDefault = 1 ORDER BY id",
    )
    kinds = dict(pyogrio.list_layers(path))
    assert [name for name, *_ in found] == [name for name in kinds if name != "layer_styles"]
    for name, empty, column, default, text in found:
        assert (empty, default) == ("", 1)
        assert column == ("geom" if kinds[name] else "")
        root = parsed(text)
        geometry = root.findtext("layerGeometryType")
        expected = {"Point": "0", "LineString": "1", "Polygon": "2", None: None}
        assert geometry == expected[kinds[name] and str(kinds[name]).removeprefix("Multi")]


def test_a_map_tip_runs_no_markup_from_the_data(written: tuple[Situation, Path]) -> None:
    """A tip holds column names only, and QGIS escapes what stands in the columns."""
    for (text,) in rows(written[1], "SELECT styleQML FROM layer_styles"):
        tip = parsed(text).findtext("mapTip") or ""
        assert "onload" not in tip
        for expression in re.findall(r"\[%(.*?)%\]", tip, re.DOTALL):
            assert "'<','&lt;'" in expression
            assert "'&','&amp;'" in expression


@given(st.lists(st.integers(0, 500), max_size=60))
def test_classes_of_counts_hold_every_cell_with_events_once(counts: list[int]) -> None:
    """At most five classes, apart from each other, with no count above zero outside them."""
    steps = styles._steps(np.array(counts, dtype=np.int64))
    assert 1 <= len(steps) <= 5
    for n in counts:
        assert sum(low <= n <= high for low, high in steps) == (n > 0)


@given(st.lists(st.floats(0.01, 5000), min_size=1, max_size=60))
def test_every_square_of_patrol_tracks_has_a_colour(minutes: list[float]) -> None:
    """The classes of minutes leave no gap between least and most."""
    columns = {"minutes": pa.array(minutes)}
    style = styles.layer_style("patrol_tracks", "polygon", columns, {"minutes": "Minuter"}, {})
    assert (style.renderer, style.attribute) == ("graduatedSymbol", "minutes")
    for one in minutes:
        assert sum(part.lower < one <= part.upper for part in style.classes) == 1


def test_where_there_is_too_little_cells_tell_counts_and_claim_nothing(tmp_path: Path) -> None:
    """To say that a cell does not stand out would be a claim, too."""
    write_geopackage(situation(enough=False), tmp_path / "a.gpkg", "en")
    style = "SELECT styleQML FROM layer_styles WHERE f_table_name = 'cells'"
    renderer = parsed(rows(tmp_path / "a.gpkg", style)[0][0]).find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("graduatedSymbol", "n")
    labels = [one.get("label", "") for one in renderer.iter("range")]
    assert labels
    assert all(label.endswith((" event", " events")) for label in labels)


def test_hotter_is_darker_to_any_eye() -> None:
    """Lightness alone (CIE, of sRGB) tells the classes apart, so colour need not be seen."""

    def lightness(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        y = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        return float(116 * y ** (1 / 3) - 16)

    for sign in (1, -1):
        ramp = [lightness(styles._HOT[sign * step]) for step in (1, 2, 3)]
        assert ramp[0] - ramp[1] > 10
        assert ramp[1] - ramp[2] > 10
