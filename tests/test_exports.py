"""Ways out beside the usual files: other programs read in each what the situation holds."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from datetime import datetime
from html.parser import HTMLParser
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import python_calamine
import shapely
from click.testing import CliRunner
from defusedxml import ElementTree
from pages import HOSTILE
from situations import hostile_situation, situation

from cli import main
from geo.cells import polygon_cells
from geo.schema import HOTSPOT
from maps import workbook
from maps.exports import exports
from maps.phrases import place_name
from maps.situation import Situation, View
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from maps.situation import Hotspot

ROOT = Path(__file__).parents[1]
GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"
BACK = pyproj.Transformer.from_crs(4326, 3006, always_xy=True)
NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def bent() -> Situation:
    """Give hotspots shapes that are hard to write: a ring, one with an island, and a horseshoe."""
    x, y = 490_000, 6_560_000
    ring = shapely.box(x, y, x + 1500, y + 1500).difference(
        shapely.box(x + 500, y + 500, x + 1000, y + 1000)
    )
    island = shapely.union(ring, shapely.box(x + 5000, y, x + 5500, y + 500)).reverse()
    horseshoe = ring.difference(shapely.box(x + 500, y + 900, x + 1000, y + 1500))
    one = situation()
    spots = tuple(
        dataclasses.replace(spot, geometry=shape, x=x + 750.0, y=y + 750.0)
        for spot, shape in zip(one.views[0].hotspots, (ring, island, horseshoe), strict=True)
    )
    views = (dataclasses.replace(one.views[0], hotspots=spots), *one.views[1:])
    return dataclasses.replace(one, views=views)


def plain() -> Situation:
    """Make what the command for one table makes: one map, no layers, only counts, no dates."""
    full = situation()
    view = full.views[0]
    columns = {name: view.columns[name] for name in ("n", "weight")}
    nowhere = np.zeros(len(full.cells), dtype=bool)
    only = View("all", view.n, columns, nowhere, True, (), view.points, (), tested=False)  # noqa: FBT003
    return dataclasses.replace(
        full, views=(only,), layers=(), background=(), month=0, months=(0, 0)
    )


SITUATIONS = {
    "usual": situation,
    "bent": bent,
    "hostile": lambda: hostile_situation(HOSTILE[:40]),
    "too little": lambda: situation(enough=False),
    "plain": plain,
}


@dataclasses.dataclass
class Written:
    """A situation, the folder that holds it in every format, and its language."""

    one: Situation
    folder: Path
    language: str

    @property
    def spots(self) -> list[Hotspot]:
        """All hotspots, as they stand in tables."""
        return [spot for view in self.one.views for spot in view.hotspots]


@pytest.fixture(
    scope="module", params=[(name, lang) for name in SITUATIONS for lang in ("sv", "en")], ids=str
)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write each situation once, in both languages."""
    name, language = request.param
    folder = tmp_path_factory.mktemp("exports")
    one = SITUATIONS[name]()
    for export in exports().values():
        export.write(one, folder, language)
    return Written(one, folder, language)


def write(one: Situation, name: str, folder: Path, language: str = "sv") -> Path:
    """Write one format; give its first file."""
    exports()[name].write(one, folder, language)
    return folder / exports()[name].files[0]


def number_of(spot: Hotspot, column: str) -> float | None:
    """Give a hotspot's number; what is endless is no number for other programs."""
    holder: Any = spot
    for part, start in ((spot.change, "recent_"), (spot.stability, "stability_")):
        if column.startswith(start):
            holder, column = part, column.removeprefix(start)
    value = None if holder is None else getattr(holder, column)
    return None if value is None or not math.isfinite(value) else float(value)


def same_numbers(found: Iterable[Any], spots: list[Hotspot], column: str) -> None:
    """Compare a column that was read with the situation's own numbers."""
    wanted = np.array([number_of(spot, column) for spot in spots], float)
    np.testing.assert_allclose(np.array(list(found), float), wanted, rtol=1e-12, err_msg=column)


NUMBERS = [column.name for column in HOTSPOT if column.kind in {"integer", "real"}]


def same_ground(found: Any, spots: list[Hotspot]) -> None:
    """Degrees that were read lie within two centimetres of the situation's own outlines."""
    back = geopandas.GeoSeries(np.asarray(found), crs=4326).to_crs(3006)
    for read, spot in zip(back, spots, strict=True):
        assert shapely.hausdorff_distance(read, spot.geometry) < 0.02
        assert read.area == pytest.approx(spot.geometry.area, rel=1e-4)


def test_each_makes_exactly_its_files(written: Written) -> None:
    """What an export says that it makes is what it makes."""
    promised = {name for export in exports().values() for name in export.files}
    assert {path.name for path in written.folder.iterdir()} == promised
    assert set(exports()) >= {"geojson", "geoparquet", "gpx", "kml", "xlsx"}


def test_the_same_situation_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    """Whatever the time, the time zone, the folder or the hash seed."""
    script = (
        "import sys; from pathlib import Path; from situations import situation;"
        "from maps.exports import exports;"
        "[e.write(situation(text='<&'), Path(sys.argv[1]), 'en') for e in exports().values()]"
    )
    found = []
    for zone, seed in (("UTC", "1"), ("Asia/Tokyo", "2")):
        folder = tmp_path / seed
        folder.mkdir()
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        environment = {"TZ": zone, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        subprocess.run(
            [sys.executable, "-c", script, folder],
            check=True,
            cwd=ROOT,
            env=os.environ | environment,
        )
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert found[0] == found[1]


# --- GeoJSON -------------------------------------------------------------------------------------


def turn(ring: list[list[float]]) -> float:
    """Twice the signed area of a closed ring: positive when counter-clockwise."""
    x0, y0 = ring[0]
    return sum((x - x0) * (v - y0) - (u - x0) * (y - y0) for (x, y), (u, v) in pairwise(ring))


def test_geojson_keeps_to_rfc_7946(written: Written) -> None:
    """Rings closed and turned by the right-hand rule, seven decimals, no crs, a true bbox."""
    text = (written.folder / "hotspots.geojson").read_bytes().decode("utf-8")
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert read["type"] == "FeatureCollection"
    assert "crs" not in read
    assert len({one["id"] for one in read["features"]}) == len(read["features"])
    corners = []
    for one in read["features"]:
        assert set(one) == {"type", "id", "geometry", "properties"}
        assert one["type"] == "Feature"
        shape = one["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        assert shape["type"] in {"Polygon", "MultiPolygon"}
        for rings in parts:
            for i, ring in enumerate(rings):
                assert len(ring) >= 4
                assert ring[0] == ring[-1]
                assert (turn(ring) > 0) == (i == 0)
                corners += ring
    assert [[round(x, 7), round(y, 7)] for x, y in corners] == corners
    if corners:
        west, south = np.min(corners, axis=0)
        east, north = np.max(corners, axis=0)
        assert read["bbox"] == [west, south, east, north]
        assert 14 < west < east < 16
        assert 59 < south < north < 60


def test_gdal_reads_every_hotspot_from_geojson(written: Written) -> None:
    """The columns of the contract, numbers as numbers, gaps where missing, on the right ground."""
    frame = pyogrio.read_dataframe(written.folder / "hotspots.geojson")
    if not written.spots:
        assert len(frame) == 0
        return
    assert [name for name in frame if name != "geometry"][-len(HOTSPOT) :] == [
        column.name for column in HOTSPOT
    ]
    for name in NUMBERS:
        same_numbers(frame[name], written.spots, name)
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
    same_ground(frame.geometry, written.spots)


# --- GPX -----------------------------------------------------------------------------------------


def test_gpx_is_a_list_of_waypoints_and_nothing_else(written: Written) -> None:
    """Elements in the order of the GPX 1.1 schema; no route, no track, no reported event."""
    root = ElementTree.parse(written.folder / "hotspots.gpx").getroot()
    assert (root.tag, root.get("version"), bool(root.get("creator"))) == (f"{GPX}gpx", "1.1", True)
    assert [one.tag for one in root] == [f"{GPX}metadata"] + [f"{GPX}wpt"] * len(written.spots)
    assert [one.tag for one in root[0]] == [f"{GPX}name", f"{GPX}desc"]
    for one in root[1:]:
        assert [part.tag for part in one] == [f"{GPX}{name}" for name in ("name", "desc", "type")]
        assert all(re.fullmatch(r"\d+\.\d{7}", one.get(name, "")) for name in ("lat", "lon"))


def test_gpx_leads_to_a_point_within_each_hotspot(written: Written) -> None:
    """Also where the middle of a bent one lies beside it; else to its middle, as the page does."""
    frame = pyogrio.read_dataframe(written.folder / "hotspots.gpx", layer="waypoints")
    for point, spot in zip(frame.geometry, written.spots, strict=True):
        x, y = BACK.transform(point.x, point.y)
        assert shapely.distance(spot.geometry, shapely.Point(x, y)) < 0.02
        if spot.geometry.contains(shapely.Point(spot.x, spot.y)):
            assert (x, y) == pytest.approx((spot.x, spot.y), abs=0.02)


def test_gpx_names_begin_with_the_rank(tmp_path: Path) -> None:
    """Those of one family say so, since they often lie where those of all do."""
    frame = pyogrio.read_dataframe(write(situation(), "gpx", tmp_path), layer="waypoints")
    assert frame["name"].tolist()[:4] == [
        "1. Lanna badgruva",
        "2. Leken",
        "3. Fjugesta, norra delen",
        "1. Lanna badgruva (Ordning)",
    ]
    assert frame["desc"].str.contains("gånger så många").all()
    assert frame["type"].iloc[0] == "Alla slag"


# --- KML -----------------------------------------------------------------------------------------

ORDER = {
    "kml": ["Document"],
    "Document": ["name", "open", "description", "Style", "Schema", "Folder"],
    "Style": ["LineStyle", "PolyStyle", "BalloonStyle"],
    "LineStyle": ["color", "width"],
    "PolyStyle": ["color"],
    "BalloonStyle": ["text"],
    "Schema": ["SimpleField"],
    "SimpleField": ["displayName"],
    "Folder": ["name", "visibility", "description", "Placemark"],
    "Placemark": [
        *("name", "visibility", "description", "styleUrl", "ExtendedData", "MultiGeometry"),
    ],
    "ExtendedData": ["SchemaData"],
    "SchemaData": ["SimpleData"],
    "MultiGeometry": ["Polygon"],
    "Polygon": ["outerBoundaryIs", "innerBoundaryIs"],
    "outerBoundaryIs": ["LinearRing"],
    "innerBoundaryIs": ["LinearRing"],
    "LinearRing": ["coordinates"],
}
"""Of what is used of KML 2.2 (OGC 07-147r2), which elements stand in which, in which order."""


def test_kml_has_every_element_where_the_standard_has_it(written: Written) -> None:
    """In the order of the schema, with styles and columns that are declared, rings closed."""
    root = ElementTree.parse(written.folder / "hotspots.kml").getroot()
    for one in root.iter():
        order = ORDER.get(one.tag.removeprefix(KML), [])
        places = [order.index(part.tag.removeprefix(KML)) for part in one]
        assert places == sorted(places)
    declared = {one.get("name") for one in root.iter(f"{KML}SimpleField")}
    assert {one.get("name") for one in root.iter(f"{KML}SimpleData")} <= declared
    assert {one.text for one in root.iter(f"{KML}styleUrl")} <= {"#hotspot"}
    for one in root.iter(f"{KML}coordinates"):
        corners = str(one.text).split(" ")
        assert corners[0] == corners[-1]
        assert len(corners) >= 4


def test_google_earth_s_own_library_reads_every_hotspot_from_kml(written: Written) -> None:
    """A folder a map; whole numbers and decimals as such; outlines on the right ground."""
    path = written.folder / "hotspots.kml"
    assert pyogrio.read_info(path, layer=0)["driver"] == "LIBKML"
    layers = [name for name, _ in pyogrio.list_layers(path)]
    assert len(layers) == len(written.one.views)
    for layer, view in zip(layers, written.one.views, strict=True):
        frame = pyogrio.read_dataframe(path, layer=layer)
        assert len(frame) == len(view.hotspots)
        if len(frame):
            assert frame["n"].tolist() == [spot.n for spot in view.hotspots]
            same_numbers(frame["recent_ratio"], list(view.hotspots), "recent_ratio")
            same_ground(frame.geometry, list(view.hotspots))


class Balloon(HTMLParser):
    """Shows a description as a viewer does: its tags, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Note a tag with all that stands in it."""
        self.tags.append(" ".join([tag, *(str(one) for one in attrs)]))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_no_text_becomes_markup_in_a_balloon(written: Written) -> None:
    """Viewers render descriptions as HTML: there are our two tags, and texts as they were."""
    root = ElementTree.parse(written.folder / "hotspots.kml").getroot()
    for one in root.iter(f"{KML}Placemark"):
        shown = Balloon(one.findtext(f"{KML}description", ""))
        assert shown.tags == ["b", "br"]
        assert shown.text.startswith(one.findtext(f"{KML}name", "?"))
    for one in (*root.iter(f"{KML}Folder"), *root.iter(f"{KML}Document")):
        assert Balloon(one.findtext(f"{KML}description", "")).tags == []
    assert root.findtext(f".//{KML}BalloonStyle/{KML}text") == "$[description]"


# --- Excel ---------------------------------------------------------------------------------------


def test_the_workbook_holds_texts_and_numbers_and_no_formula(written: Written) -> None:
    """Whatever a text begins with, openpyxl and the XML itself have it as text."""
    path = written.folder / "lagesbild.xlsx"
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "inlineStr", "n", "d"}
            assert not any(cell.hyperlink for cell in row)
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            text = parts.read(name).decode("utf-8")
            assert not NOT_XML.search(text)
            if name.startswith("xl/worksheets"):
                assert not re.search(r"<f[ >/]", text)
        assert not [name for name in parts.namelist() if "external" in name or "vba" in name]


def test_another_reader_finds_the_hotspots_under_readable_headers(written: Written) -> None:
    """Below two lines that say of what; every column of the contract, numbers unrounded."""
    said = words(written.language)
    book = python_calamine.CalamineWorkbook.from_path(str(written.folder / "lagesbild.xlsx"))
    sheet = book.get_sheet_by_name(said("page.ranking")).to_python(skip_empty_area=False)
    header, rows = sheet[3], sheet[4:]
    assert sheet[0][0].startswith(written.one.title[:4])
    assert len(rows) == len(written.spots)
    assert len(header) == len(HOTSPOT) + 2
    for column in HOTSPOT:
        at = header.index(said(f"columns.{column.name}"))
        if column.name in NUMBERS:
            same_numbers([row[at] if row[at] != "" else np.nan for row in rows], written.spots,
                         column.name)  # fmt: skip
    for row, spot in zip(rows, written.spots, strict=True):
        assert BACK.transform(*row[-2:]) == pytest.approx((spot.x, spot.y), abs=0.01)


def test_the_workbook_is_made_for_reading_and_for_paper(tmp_path: Path) -> None:
    """The header stays and prints on each page of A4; numbers are shown as people write."""
    book = openpyxl.load_workbook(write(situation(), "xlsx", tmp_path))
    names = ["Hotspots", "Nya och täta grupper", "Källor", "Utelämnade", "Om underlaget"]
    assert book.sheetnames == names
    for sheet in book:
        assert sheet.auto_filter.ref.startswith("A4:")
        assert sheet.print_title_rows == "$4:$4"
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {(None, 0), (1, 0)}
    sheet = book["Hotspots"]
    assert sheet.freeze_panes == "D5"
    assert sheet.print_area == "'Hotspots'!$A$1:$J$11"
    cells = {sheet.cell(4, i).value: sheet.cell(5, i) for i in range(1, sheet.max_column + 1)}
    assert cells["Varför"].alignment.wrap_text
    assert cells["Antal händelser"].number_format == "#,##0"
    assert cells["Gånger väntat"].number_format == "#,##0.0"
    assert cells["p-värde"].number_format == '[<0.0001]"<0,0001";0.0000'
    assert cells["Slag"].value == "Alla slag"
    group = book["Nya och täta grupper"]
    at = [cell.value for cell in group[4]].index("Periodens första månad") + 1
    assert group.cell(5, at).value == datetime(2021, 11, 1)  # noqa: DTZ001 - Excel knows no zones
    assert group.cell(5, at).number_format == "yyyy-mm"
    about = {row[0].value: row[1].value for row in book["Om underlaget"].iter_rows(min_row=5)}
    assert about["settings.methods.gi_star.alpha"] == 0.05
    assert about["Månad"] == datetime(2021, 12, 1)  # noqa: DTZ001 - the same
    assert book.properties.modified == datetime(2021, 12, 31)  # noqa: DTZ001 - the same


def test_every_text_in_the_workbook_has_room_for_its_lines(tmp_path: Path) -> None:
    """Not every program makes rows higher by itself; the two lines above run over their cells."""
    book = openpyxl.load_workbook(write(situation(), "xlsx", tmp_path))
    high = 0
    for sheet in book:
        for number, row in enumerate(sheet.iter_rows(min_row=4), 4):
            for cell in (one for one in row if isinstance(one.value, str)):
                width = int(sheet.column_dimensions[cell.column_letter].width)
                lines = [textwrap.wrap(line, width) or [""] for line in cell.value.split("\n")]
                needed = 15 * sum(map(len, lines))
                assert sheet.row_dimensions[number].height >= needed, cell.value
                high += needed > 15
        assert not sheet["A1"].alignment.wrap_text
    assert high > 5


def test_the_workbook_counts_every_source_and_every_row_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read = used + left out; where rows are too many for a workbook, it says how many more."""
    one = situation(text="=1+1")
    book = openpyxl.load_workbook(write(one, "xlsx", tmp_path, "en"))
    sources = [[cell.value for cell in row] for row in book["Sources"].iter_rows(min_row=5)]
    assert [row[2:5] for row in sources] == [[2, 2, 0], [2, 2, 0], [2, 2, 0], [602, 600, 2]]
    assert sources[3][6] == "Left out: no position (1), unreadable date (1)."
    left = [[cell.value for cell in row] for row in book["Left out"].iter_rows(min_row=5)]
    assert left == [
        ["rapporter=1+1.csv", 17, "no position", None, None],
        ["rapporter=1+1.csv", 40, "unreadable date", "Datum", "igår=1+1"],
    ]
    monkeypatch.setattr(workbook, "_MOST_LEFT_OUT", 1)
    sheet = openpyxl.load_workbook(write(one, "xlsx", tmp_path, "en"))["Left out"]
    assert sheet.max_row == 5
    assert str(sheet["A2"].value).endswith("1 more row is in left_out.csv.")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "=1+1"),
        ("#N/A", "#N/A"),
        ("_x0041_ and _x000D_", "_x0041_ and _x000D_"),
        ("a\x01b\ud800c\ufffed", "a\ufffdb\ufffdc\ufffdd"),
        ("2021-01-01", "2021-01-01"),
        ("00123", "00123"),
        (" a ", " a "),
        ("å" * 40_000, "å" * 32_766 + "…"),
    ],
)
def test_a_text_in_the_workbook_is_shown_as_it_was(tmp_path: Path, text: str, shown: str) -> None:
    """Formulas, errors, escapes, dates and codes are texts; what no workbook holds is marked."""
    one = dataclasses.replace(situation(), notice=text)
    path = write(one, "xlsx", tmp_path)
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    about = book.get_sheet_by_name("Om underlaget").to_python()
    assert dict(row[:2] for row in about)["Anmärkning"] == shown


# --- GeoParquet ----------------------------------------------------------------------------------


def drawn() -> Situation:
    """Make cells that someone else drew, one of two parts, with whole numbers as ids."""
    parts = [shapely.box(x, 6_555_000, x + 1000, 6_556_000) for x in (486_000, 488_000)]
    polygons = [shapely.box(480_000, 6_555_000, 485_000, 6_560_000), shapely.MultiPolygon(parts)]
    cells = polygon_cells(np.array(polygons, dtype=object), np.array([17, 4], dtype=object), "nr")
    columns = {"n": np.array([3, 1]), "weight": np.array([3.0, np.nan])}
    none = np.zeros((0, 2))
    view = View("all", 4, columns, np.array([False, True]), True, (), none, ())  # noqa: FBT003
    return dataclasses.replace(situation(), cells=cells, views=(view,), layers=(), background=())


@pytest.mark.parametrize("make", [situation, bent, plain, drawn])
def test_geoparquet_has_the_metadata_of_its_standard(make: Any, tmp_path: Path) -> None:
    """Version, primary column, encoding, types, PROJJSON and extent, as 1.1.0 asks for them."""
    one = make()
    exports()["geoparquet"].write(one, tmp_path, "sv")
    for name in ("cells", "hotspots"):
        file = pq.ParquetFile(tmp_path / f"{name}.parquet")
        geo = json.loads(file.schema_arrow.metadata[b"geo"])
        assert geo["version"] == "1.1.0"
        column = geo["columns"][geo["primary_column"]]
        assert list(geo["columns"]) == [geo["primary_column"]]
        assert column["encoding"] == "WKB"
        assert pyproj.CRS.from_json_dict(column["crs"]) == pyproj.CRS.from_epsg(3006)
        at = file.schema.names.index(geo["primary_column"])
        assert file.schema.column(at).physical_type == "BYTE_ARRAY"
        assert file.schema.column(at).max_repetition_level == 0
        frame = geopandas.read_parquet(tmp_path / f"{name}.parquet")
        assert set(frame.geom_type) <= set(column["geometry_types"])
        if len(frame):
            assert column["bbox"] == frame.total_bounds.tolist()
        else:
            assert "bbox" not in column


@pytest.mark.parametrize("make", [situation, bent, drawn])
def test_geopandas_reads_from_geoparquet_what_the_situation_holds(
    make: Any, tmp_path: Path
) -> None:
    """Every cell and hotspot in its order, with whole shapes and unrounded numbers."""
    one = make()
    exports()["geoparquet"].write(one, tmp_path, "sv")
    cells = geopandas.read_parquet(tmp_path / "cells.parquet")
    assert cells[one.cells.id_name].tolist() == one.cells.ids.tolist()
    assert shapely.equals(np.array(cells.geometry), one.cells.polygons).all()
    for name, values in one.views[0].columns.items():
        np.testing.assert_array_equal(cells[name], values)
    spots = [spot for view in one.views for spot in view.hotspots]
    hotspots = geopandas.read_parquet(tmp_path / "hotspots.parquet")
    assert hotspots["hotspot_id"].tolist() == [spot.id for spot in spots]
    assert shapely.equals(np.array(hotspots.geometry), [spot.geometry for spot in spots]).all()
    for name in NUMBERS:
        same_numbers(hotspots[name], spots, name)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: situation(enough=False), "för få för att peka ut platser"),
        (plain, "De valda metoderna pekar inte ut några platser"),
    ],
)
def test_a_file_without_hotspots_says_why(make: Any, told: str, tmp_path: Path) -> None:
    """Valid, empty, and honest, wherever the format has room for a sentence."""
    one = make()
    assert told in json.loads(write(one, "geojson", tmp_path).read_text("utf-8"))["description"]
    assert told in str(ElementTree.parse(write(one, "gpx", tmp_path)).findtext(f".//{GPX}desc"))
    assert told in str(
        ElementTree.parse(write(one, "kml", tmp_path)).findtext(f".//{KML}description")
    )
    sheet = openpyxl.load_workbook(write(one, "xlsx", tmp_path))["Hotspots"]
    assert told in str(sheet["A2"].value)
    assert sheet.max_row == 4


def test_texts_follow_the_language_and_keys_do_not(tmp_path: Path) -> None:
    """Swedish and English say the same of the same places."""
    for language, word in (("sv", "Nedskräpning"), ("en", "Littering")):
        read = pyogrio.read_dataframe(write(situation(), "geojson", tmp_path, language))
        assert read["categories"].str.contains(word).any()
        assert set(read["family"]) == {"all", "order", "traffic", "narcotics"}


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 40))
def test_hostile_texts_are_kept_where_they_can_be(start: int, tmp_path: Path) -> None:
    """Names come back as they were, but for characters that XML has no room for."""
    texts = HOSTILE[start : start + 40]
    one = hostile_situation(texts)
    spots = [spot for view in one.views for spot in view.hotspots]
    wanted = [NOT_XML.sub("\ufffd", place_name(spot.place, words("sv"))) for spot in spots]
    wanted = [name.replace("\u00a0", " ") for name in wanted]
    read = json.loads(write(one, "geojson", tmp_path).read_bytes())
    assert [feature["properties"]["name"] for feature in read["features"]] == wanted
    # An XML reader makes one kind of line break of all.
    wanted = [name.replace("\r\n", "\n").replace("\r", "\n") for name in wanted]
    gpx = ElementTree.parse(write(one, "gpx", tmp_path))
    found = [str(name.text) for name in gpx.findall(f".//{GPX}wpt/{GPX}name")]
    for told, name, spot in zip(found, wanted, spots, strict=True):
        assert told.startswith(f"{spot.rank}. {name}")
    kml = ElementTree.parse(write(one, "kml", tmp_path))
    found = [str(name.text) for name in kml.findall(f".//{KML}SimpleData[@name='name']")]
    assert found == wanted
    book = python_calamine.CalamineWorkbook.from_path(str(write(one, "xlsx", tmp_path)))
    sheet = book.get_sheet_by_name("Hotspots").to_python()
    # Calamine takes a cell of nothing but blanks for an empty one.
    assert [row[2] for row in sheet[4:]] == [name.strip(" \t\n") and name for name in wanted]


# --- by command ----------------------------------------------------------------------------------

PROJECT = """
title = "Prov"
municipality = "Lekeberg"
crs = 3006
[area]
file = "area.geojson"
[grid]
cell_size = 500
[[layers]]
kind = "incidents"
file = "events.csv"
"""


def call(*told: object) -> Any:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(one) for one in told], catch_exceptions=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project: an area of ten kilometres, and 80 events of which 60 lie together."""
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.uniform(490_000, 500_000, 20), rng.uniform(494_000, 494_400, 60)])
    y = np.concatenate(
        [rng.uniform(6_555_000, 6_565_000, 20), rng.uniform(6_559_000, 6_559_400, 60)]
    )
    events = pd.DataFrame(
        {"x": x.round(1), "y": y.round(1), "datum": "2021-06-07", "typ": "Klotter"}
    )
    events.to_csv(tmp_path / "events.csv", index=False)
    area = shapely.box(490_000, 6_555_000, 500_000, 6_565_000)
    geopandas.GeoDataFrame({"name": ["Lekeberg"]}, geometry=[area], crs=3006).to_crs(4326).to_file(
        tmp_path / "area.geojson"
    )
    path = tmp_path / "lagesbild.toml"
    path.write_text(PROJECT, "utf-8")
    return path


def test_formats_are_written_beside_and_do_not_outlive_the_wish(project: Path) -> None:
    """Asked for on the line or in the project file; a later build without it leaves no old file."""
    out = project.parent / "out" / "2021-06"
    done = call("build", project, "--format", "geojson", "--format", "gpx")
    assert done.exit_code == 0, done.output
    assert len(pyogrio.read_dataframe(out / "hotspots.geojson")) > 0
    assert (out / "hotspots.gpx").exists()
    (out / "own.txt").write_text("mine", "utf-8")
    project.write_text(f'{PROJECT}\n[output]\nformats = ["xlsx"]\n', "utf-8")
    done = call("build", project)
    assert done.exit_code == 0, done.output
    assert (out / "lagesbild.xlsx").exists()
    assert (out / "own.txt").exists()
    assert not (out / "hotspots.geojson").exists()
    assert not (out / "hotspots.gpx").exists()


def test_a_format_that_there_is_not_is_told_before_any_work(project: Path) -> None:
    """With what there is, and what was probably meant; nothing is written."""
    done = call("build", project, "--format", "xslx", "--format", "dwg")
    assert done.exit_code == 1
    assert "found 'xslx'" in done.stderr
    assert "did you mean 'xlsx'?" in done.stderr
    assert "found 'dwg'" in done.stderr
    assert not (project.parent / "out").exists()


def test_a_plain_table_s_formats_stand_beside_its_geopackage(project: Path) -> None:
    """Each file bears the name of the GeoPackage before its own."""
    folder = project.parent
    done = call(
        *("hotspots", folder / "events.csv", "-o", folder / "x.gpkg", "--crs", 3006),
        *("--area", folder / "area.geojson", "--format", "geojson", "--format", "geoparquet"),
    )
    assert done.exit_code == 0, done.output
    assert len(pyogrio.read_dataframe(folder / "x-hotspots.geojson")) > 0
    cells = geopandas.read_parquet(folder / "x-cells.parquet")
    assert len(cells) == pyogrio.read_info(folder / "x.gpkg", layer="cells")["features"]


def test_the_command_lists_every_format_with_its_files() -> None:
    """What can be asked for is found without the manual."""
    told = call("formats").stdout.splitlines()
    lines = list(dropwhile(lambda line: not line.startswith("written"), told))
    for export in exports().values():
        at = lines.index(f"  {export.name:<13} {export.summary}")
        assert lines[at + 1].split() == list(export.files)
