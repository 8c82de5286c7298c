"""Promises of the layer of survey answers by area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pyogrio
import pytest
import shapely

from layers.project import load_project
from layers.reading import read_project_layers
from layers.sources import kinds
from maps.geopackage import write_geopackage
from maps.html import write_page
from maps.projects import analyse_project

if TYPE_CHECKING:
    from pathlib import Path

    from layers.layer import Layer
    from layers.project import Project

NAMES = ("Fjugesta", "Lanna", "Mullhyttan")
HEADER = "område;fråga;index;antal svar;år\n"


def project(folder: Path, table: str) -> Project:
    """Write a project of three areas with incidents and a survey."""
    shapes = [shapely.box(480_000 + 2000 * i, 6_560_000, 482_000 + 2000 * i, 6_562_000)
              for i in range(3)]  # fmt: skip
    areas = gpd.GeoDataFrame({"namn": NAMES}, geometry=shapes, crs=3006)
    areas.to_file(folder / "omraden.gpkg")
    (folder / "enkat.csv").write_text(table, "utf-8")
    rows = "".join(
        f"{480_050 + 61 * i};{6_560_050 + 19 * i};2024-05-{1 + i % 28:02d};klotter\n"
        for i in range(90)
    )
    (folder / "handelser.csv").write_text("x;y;tid;typ\n" + rows, "utf-8")
    path = folder / "p.toml"
    path.write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "omraden.gpkg"\n'
        '[[layers]]\nkind = "survey"\nfile = "enkat.csv"\nareas = "omraden.gpkg"\n'
        '[[layers]]\nkind = "incidents"\nfile = "handelser.csv"\n',
        "utf-8",
    )
    return load_project(path)


def read(folder: Path, table: str) -> Layer:
    """Read the survey of a project."""
    return read_project_layers(project(folder, table))[1]


def test_answers_get_their_areas_and_are_never_counted(tmp_path: Path) -> None:
    """One row for each area and question, as the table says it; none is an event or a duplicate."""
    layer = read(
        tmp_path,
        HEADER + "Lanna;Buskörning;2,5;120;2024\nLanna;Nedskräpning;0;118;2024\n"
        "fjugesta;Buskörning;6;301;2024\n",
    )
    assert layer.report.problems == ()
    assert layer.report.left_out == {}
    assert list(layer.table["name"]) == ["Lanna", "Lanna", "fjugesta"]
    assert list(layer.table["question"]) == ["Buskörning", "Nedskräpning", "Buskörning"]
    assert list(layer.table["index"]) == [2.5, 0, 6]
    assert list(layer.table["answers"]) == [120, 118, 301]
    assert list(layer.table["year"]) == ["2024"] * 3
    assert shapely.get_x(shapely.centroid(layer.geometry)).tolist() == [483_000, 483_000, 481_000]
    assert layer.events is None
    assert not kinds()["survey"].counted


def test_of_few_answers_neither_index_nor_number_is_shown(tmp_path: Path) -> None:
    """Nine are too few, ten are not; the row stays, and how many there are is told."""
    rows = "Lanna;Buskörning;2;9;2024\nFjugesta;Buskörning;3;10;2024\nMullhyttan;Oro;;0;2024\n"
    layer = read(tmp_path, HEADER + rows)
    assert layer.table["index"].isna().tolist() == [True, False, True]
    assert layer.table["answers"].isna().tolist() == [True, False, True]
    (few,) = (n.values for n in layer.report.notes if n.key == "survey_few_answers")
    assert few == {"n": 2, "least": 10}
    assert layer.report.accepted == 3


def test_an_index_outside_the_scale_is_left_out_with_its_value(tmp_path: Path) -> None:
    """6.1 and -1 are no such index; a per cent is none either."""
    rows = "Lanna;a;6,1;50;2024\nLanna;b;-1;50;2024\nLanna;c;63;50;2024\nLanna;d;6,0;50;2024\n"
    layer = read(tmp_path, HEADER + rows)
    assert layer.report.left_out == {"out_of_range": 3}
    assert list(layer.left_out["value"]) == ["6,1", "-1", "63"]
    assert list(layer.table["index"]) == [6]


def test_without_numbers_of_answers_it_is_said_and_without_an_index_refused(tmp_path: Path) -> None:
    """An index alone can be of three people; a survey without any is none."""
    layer = read(tmp_path, "område;index\nLanna;2\n")
    assert "survey_without_answers" in [note.key for note in layer.report.notes]
    (problem,) = read(tmp_path, "område;svar\nLanna;20\n").report.problems
    assert "expected a column for index" in problem.what


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_geopackage_has_it_coloured_and_the_page_does_not_show_it(
    tmp_path: Path, language: str
) -> None:
    """Six classes from 0 to 6 by the index; on the page no word of the survey."""
    wish = project(
        tmp_path, HEADER + "Lanna;Motorbuller;2;50;2024\nFjugesta;Motorbuller;5;9;2024\n"
    )
    situation = analyse_project(wish, read_project_layers(wish), None, lambda _: None)
    write_geopackage(situation, tmp_path / "l.gpkg", language)
    table = pyogrio.read_dataframe(tmp_path / "l.gpkg", layer="survey")
    assert table["index"].isna().tolist() == [False, True]
    assert table.geometry.area.tolist() == [4e6, 4e6]
    styles = pyogrio.read_dataframe(tmp_path / "l.gpkg", layer="layer_styles")
    (style,) = styles[styles["f_table_name"] == "survey"]["styleQML"]
    assert 'attr="index"' in style
    assert [f'lower="{low}' in style and f'upper="{low + 1}' in style for low in range(6)] == [
        True
    ] * 6
    write_page(situation, tmp_path / "karta.html", language)
    assert "Motorbuller" not in (tmp_path / "karta.html").read_text("utf-8")
