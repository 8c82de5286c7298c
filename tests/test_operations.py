"""Operations drawn by hand are read as they were drawn, and hotspots given back likewise."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from situations import RING, situation
from test_sources import features, read

from layers.project import load_project
from layers.reading import read_project_layers
from layers.sources import kinds
from maps.geopackage import write_geopackage
from maps.html import write_page

if TYPE_CHECKING:
    from pathlib import Path

    from layers.layer import Layer

POINT = shapely.Point(14.92, 59.24)
LINE = shapely.LineString([(14.85, 59.17), (14.87, 59.18), (14.9, 59.18)])
FIELD = shapely.box(14.80, 59.20, 14.82, 59.21)


def project(folder: Path, *entries: str) -> list[Layer]:
    """Read layers in the area of the small situation, metres in EPSG:3006."""
    area = {"type": "Polygon", "coordinates": [[*RING, RING[0]]]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}}
    feature = {"type": "Feature", "properties": {}, "geometry": area}
    text = json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]})
    (folder / "area.geojson").write_text(text)
    path = folder / "p.toml"
    parts = "".join(f"[[layers]]\n{entry}\n" for entry in entries)
    path.write_text(f'municipality = "L"\n[area]\nfile = "area.geojson"\n{parts}', "utf-8")
    return read_project_layers(load_project(path))


def test_points_lines_and_polygons_are_read_with_all_that_is_said(tmp_path: Path) -> None:
    """Swedish columns, three shapes in one file, å ä ö, a date alone and a moment."""
    text = features(
        (
            {"Namn": "Båtöl på ängen", "Från": "2022-01-14", "Till": "2022-01-15",
             "Åtgärd": "nykterhetskontroll", "Enhet": "Områdespolis 1", "Status": "planerad"},
            POINT,
        ),
        ({"Namn": "Slinga", "Från": "2021-12-03 20:00", "Till": "2021-12-04 02:30"}, LINE),
        ({"Kommentar": "släckt belysning"}, FIELD),
    )  # fmt: skip
    layer = read(tmp_path, "operations", text, name="t.geojson")
    assert layer.report.usable
    assert layer.report.left_out == {}
    table = layer.table
    assert list(table["name"].fillna("")) == ["Båtöl på ängen", "Slinga", ""]
    assert table.loc[0, ["purpose", "unit", "status"]].tolist() == [
        "nykterhetskontroll", "Områdespolis 1", "planerad",
    ]  # fmt: skip
    assert table["begins"].map(str).tolist() == [
        "2022-01-14 00:00:00",
        "2021-12-03 20:00:00",
        "NaT",
    ]
    assert table["ends"].map(str).tolist() == ["2022-01-15 00:00:00", "2021-12-04 02:30:00", "NaT"]
    assert table["note"][2] == "släckt belysning"
    assert shapely.get_dimensions(layer.geometry).tolist() == [0, 1, 2]


def test_operations_are_never_counted(tmp_path: Path) -> None:
    """They are no events and no presence: what is planned has not happened."""
    layer = read(tmp_path, "operations", features(({"namn": "a"}, POINT)), name="t.geojson")
    assert layer.events is None
    assert layer.presence is None
    assert not kinds()["operations"].counted


@pytest.mark.parametrize(
    ("begins", "ends", "kept"),
    [
        ("2022-01-14 20:00", "2022-01-14", True),  # a day that is named is included
        ("2022-01-14", "2022-01-14", True),
        ("2022-01-14 20:00", "2022-01-14 19:59", False),
        ("2022-01-14", "2022-01-13", False),
        ("2022-01-14 20:00", "", True),
    ],
)
def test_an_end_before_the_beginning_is_left_out(
    tmp_path: Path, begins: str, ends: str, *, kept: bool
) -> None:
    """By the clock where both have one, else by the day; the row is told."""
    text = features(({"namn": "a", "start": begins, "slut": ends}, POINT), ({"namn": "b"}, LINE))
    layer = read(tmp_path, "operations", text, name="t.geojson")
    assert ("a" in set(layer.table["name"])) == kept
    assert layer.report.left_out == ({} if kept else {"ends_before_start": 1})


def test_hotspots_of_a_delivered_geopackage_are_read_as_operations(tmp_path: Path) -> None:
    """The very table that was written: same shapes to the millimetre, same ids, names, reasons."""
    one = situation()
    write_geopackage(one, tmp_path / "lagesbild.gpkg", "sv")
    entry = 'kind = "operations"\nfile = "lagesbild.gpkg"\nlayer = "hotspots"'
    layer = project(tmp_path, entry)[1]
    spots = [spot for view in one.views for spot in view.hotspots]
    assert layer.report.usable
    assert (layer.report.read, layer.report.accepted) == (len(spots), len(spots))
    assert list(layer.table["id"]) == [spot.id for spot in spots]
    assert set(layer.table["name"]) >= {"Lanna badgruva", "Leken"}
    assert layer.table["note"].notna().all()
    for spot, shape in zip(spots, layer.geometry, strict=True):
        assert shapely.hausdorff_distance(spot.geometry, shape) < 0.001


def test_hotspots_of_a_delivered_geopackage_can_name_places(tmp_path: Path) -> None:
    """The same table as ``places``: names and shapes."""
    write_geopackage(situation(), tmp_path / "lagesbild.gpkg", "sv")
    layer = project(tmp_path, 'kind = "places"\nfile = "lagesbild.gpkg"\nlayer = "hotspots"')[1]
    assert layer.report.usable
    assert "Lanna badgruva" in set(layer.table["name"])


def test_operations_are_drawn_in_the_geopackage_and_on_the_page(tmp_path: Path) -> None:
    """A planned one, after the month of the meeting, is on the page like one that is done."""
    text = features(
        ({"namn": "Båtöl", "från": "2022-02-01", "åtgärd": "kontroll <b>"}, POINT),
        ({"namn": "Fält", "från": "2021-11-01"}, FIELD),
    )
    (tmp_path / "o.geojson").write_text(text, "utf-8")
    layer = project(tmp_path, 'kind = "operations"\nfile = "o.geojson"')[1]
    one = replace(situation(), layers=(*situation().layers, layer))
    write_geopackage(one, tmp_path / "a.gpkg", "sv")
    tables = dict(pyogrio.list_layers(tmp_path / "a.gpkg"))
    assert (tables["operations"], tables["operations_polygons"]) == ("Point", "Polygon")
    drawn = pyogrio.read_dataframe(tmp_path / "a.gpkg", layer="operations")
    assert drawn["name"].tolist() == ["Båtöl"]
    assert drawn["begins_local"].tolist() == ["2022-02-01 00:00"]
    write_page(one, tmp_path / "a.html", "sv")
    page = (tmp_path / "a.html").read_text("utf-8")
    assert '"Båtöl"' in page
    assert '"Fält"' in page
    assert "kontroll <b>" not in page
    assert "Insatser" in page


def test_a_table_of_centres_is_read_too(tmp_path: Path) -> None:
    """A list with lon and lat from a spreadsheet is as good as a drawing."""
    text = "Insats;Startdatum;lon;lat\nFotpatrull;2022-01-14;14,92;59,24\n"
    layer = read(tmp_path, "operations", text)
    assert layer.table["purpose"].tolist() == ["Fotpatrull"]
    assert layer.table["begins"][0] == pd.Timestamp("2022-01-14")
    assert np.hypot(*(shapely.get_coordinates(layer.geometry)[0] - (495600, 6567000))) < 3000
