"""Promises of the layer of inhabitants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from layers.project import load_project
from layers.reading import read_project_layers
from layers.sources import kinds

if TYPE_CHECKING:
    from pathlib import Path

    from layers.layer import Layer


def read(folder: Path, text: str, name: str) -> Layer:
    """Read one file of inhabitants, in an area of one box round Lekeberg."""
    square = shapely.geometry.mapping(shapely.box(14.6, 59.1, 15.0, 59.3))
    (folder / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": square})
    )
    (folder / name).write_text(text, "utf-8")
    path = folder / "p.toml"
    path.write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n'
        f'[[layers]]\nkind = "population"\nfile = "{name}"\n',
        "utf-8",
    )
    return read_project_layers(load_project(path))[1]


def squares(*properties: dict[str, object]) -> str:
    """Write one square of a hundredth of a degree for each row, beside each other, as GeoJSON."""
    features = []
    for i, row in enumerate(properties):
        box = shapely.box(14.7 + i / 100, 59.2, 14.71 + i / 100, 59.21)
        features.append(
            {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(box)}
        )
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_deso_areas_with_their_inhabitants_are_read(tmp_path: Path) -> None:
    """As Statistics Sweden's areas come: the code is the id, and nothing is an event."""
    text = squares(
        {"desokod": "1814A0010", "kommunnamn": "Lekeberg", "Folkmängd": 1800},
        {"desokod": "1814C1010", "kommunnamn": "Lekeberg", "Folkmängd": 2402},
    )
    layer = read(tmp_path, text, "deso.geojson")
    assert layer.report.problems == ()
    assert list(layer.table["id"]) == ["1814A0010", "1814C1010"]
    assert list(layer.table["population"]) == [1800.0, 2402.0]
    assert layer.events is None
    assert not kinds()["population"].counted
    assert (shapely.get_dimensions(layer.geometry) == 2).all()


@pytest.mark.parametrize(
    "column",
    ["Befolkning", "folkmängd", "Invånare", "population", "POP", "beftotalt", "Antal",
     "Totalt", "Antal invånare", "inhabitants"],
)  # fmt: skip
def test_the_number_is_found_by_its_usual_names(tmp_path: Path, column: str) -> None:
    """Whatever the publisher calls it; the square's code is not taken for it."""
    layer = read(tmp_path, squares({"rutid": "48610006552000", column: 31}), "rutor.geojson")
    assert list(layer.table["population"]) == [31.0]
    assert list(layer.table["id"]) == ["48610006552000"]


def test_points_blanks_and_wrong_numbers(tmp_path: Path) -> None:
    """Points will do; a blank is 0, a word or less than nobody is left out and told."""
    text = (
        "Ruta;Invånare;lat;lon\na;12;59.2;14.8\nb;;59.21;14.8\nc;få;59.22;14.8\nd;-3;59.23;14.8\n"
    )
    layer = read(tmp_path, text, "punkter.csv")
    assert layer.report.left_out == {"unreadable_number": 1, "negative_number": 1}
    assert np.array_equal(layer.table["population"], [12.0, 0.0])


def test_a_square_that_stands_twice_is_counted_once(tmp_path: Path) -> None:
    """Else its inhabitants would be doubled."""
    rows = [{"rutid": f"{i}", "antal": 5} for i in range(20)]
    text = json.loads(squares(*rows))
    text["features"].append(text["features"][3])
    layer = read(tmp_path, json.dumps(text), "rutor.geojson")
    assert layer.report.left_out == {"duplicate": 1}
    assert layer.table["population"].sum() == 100


def test_squares_on_the_border_stay_whole(tmp_path: Path) -> None:
    """Cut, their inhabitants would all be moved inside; how much lies outside is told later."""
    box = shapely.box(14.995, 59.2, 15.005, 59.21)
    feature = {"type": "Feature", "properties": {"antal": 8}, "geometry": json.loads(
        shapely.to_geojson(box))}  # fmt: skip
    layer = read(
        tmp_path, json.dumps({"type": "FeatureCollection", "features": [feature]}), "r.json"
    )
    west, _, east, _ = shapely.bounds(layer.geometry[0])
    assert east - west == pytest.approx(570, abs=15)


def test_without_a_number_the_cure_is_told(tmp_path: Path) -> None:
    """The problem names the field, and the columns that are there."""
    layer = read(tmp_path, squares({"desokod": "1814A0010"}), "deso.geojson")
    (problem,) = layer.report.problems
    assert "population" in problem.what
    assert "columns = { population" in problem.cure


# --- tables of Statistics Sweden in which an area has several rows

AREA = "POLYGON((480000 6560000, 481000 6560000, 481000 6561000, 480000 6561000, 480000 6560000))"
OTHER = AREA.replace("481000", "482000").replace("480000", "481000")
SHAPES = {"1814A0010": AREA, "1814B1010": OTHER.replace("481000 6560000", "481001 6560000")}


def table(folder: Path, header: str, *rows: str) -> Layer:
    """Read rows that begin with an area's code; the shape is put behind."""
    lines = [f"{header};wkt", *(f"{row};{SHAPES[row[:9]]}" for row in rows)]
    return read(folder, "\n".join(lines) + "\n", "folkmangd.csv")


def told(layer: Layer) -> dict[str, object]:
    """Give the notes about how areas became one row each."""
    return {n.key: dict(n.values) for n in layer.report.notes if n.key.startswith("population")}


def test_of_classes_with_a_total_the_total_counts(tmp_path: Path) -> None:
    """Men, women and both are not added; what has no total is. 7 + 8 and 1 + 2 by hand."""
    layer = table(
        tmp_path,
        "region;kön;ålder;Folkmängd",
        "1814A0010;män;0-64 år;4", "1814A0010;kvinnor;0-64 år;3", "1814A0010;totalt;0-64 år;7",
        "1814A0010;män;65+ år;3", "1814A0010;kvinnor;65+ år;5", "1814A0010;totalt;65+ år;8",
        "1814B1010;män och kvinnor;0-64 år;1", "1814B1010;män och kvinnor;65+ år;2",
    )  # fmt: skip
    assert dict(zip(layer.table["id"], layer.table["population"], strict=True)) == {
        "1814A0010": 15,
        "1814B1010": 3,
    }
    assert layer.report.left_out == {"part_of_total": 4, "summed": 2}
    assert told(layer) == {
        "population_totals": {"column": "kön"},
        "population_summed": {"n": 4, "areas": 2},
    }


def test_of_years_in_rows_the_latest_counts(tmp_path: Path) -> None:
    """People of two years are not twice as many."""
    layer = table(
        tmp_path,
        "region;år;Folkmängd",
        "1814A0010;2023;90", "1814A0010;2024;100", "1814B1010;2023;40", "1814B1010;2024;50",
    )  # fmt: skip
    assert list(layer.table["population"]) == [100, 50]
    assert layer.report.left_out == {"earlier_year": 2}
    assert told(layer) == {"population_latest": {"column": "år", "year": "2024"}}


@pytest.mark.parametrize("header", ["2024;2023", "Totalt 2023;Totalt 2024", "Folkmängd 2024;x"])
def test_of_years_in_columns_the_latest_counts(tmp_path: Path, header: str) -> None:
    """As a table comes that has a column for each year."""
    layer = table(tmp_path, f"region;{header}", "1814A0010;100;90", "1814B1010;50;40")
    latest = next(name for name in header.split(";") if "2024" in name)
    wanted = [100, 50] if header.startswith(latest) else [90, 40]
    assert list(layer.table["population"]) == wanted
    assert told(layer)["population_column"]["column"] == latest  # type: ignore[index]  # a note's values


def test_classes_without_a_total_are_added_once(tmp_path: Path) -> None:
    """A row that stands twice is a duplicate and no more people."""
    rows = ("1814A0010;män;4", "1814A0010;kvinnor;3", "1814A0010;kvinnor;3", "1814B1010;män;1",
            "1814B1010;kvinnor;1")  # fmt: skip
    layer = table(tmp_path, "region;kön;antal", *rows)
    assert list(layer.table["population"]) == [7, 2]
    assert layer.report.left_out == {"summed": 2, "duplicate": 1}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig"])
def test_a_title_above_the_table_and_notes_below_are_no_rows(tmp_path: Path, encoding: str) -> None:
    """As Statistics Sweden exports "CSV with heading": rows keep their numbers in the file."""
    lines = [
        '"Folkmängd efter region, kön och år"', "", '"region","2024","lat","lon"',
        '"1814A0010",1800,59.2,14.8', '"1814B1010",..,59.2,14.9', "", '"Källa: SCB, Örebro"',
    ]  # fmt: skip
    text = "\r\n".join(lines) + "\r\n"
    (tmp_path / "tabell.csv").write_bytes(text.encode(encoding))
    read(tmp_path, text, "annan.csv")
    path = tmp_path / "p.toml"
    path.write_text(path.read_text("utf-8").replace("annan.csv", "tabell.csv"), "utf-8")
    layer = read_project_layers(load_project(path))[1]
    assert list(layer.table["population"]) == [1800]
    assert list(zip(layer.left_out["row"], layer.left_out["reason"], strict=True)) == [
        (5, "unreadable_number"),
        (7, "wrong_number_of_fields"),
    ]
    (said,) = (n.values for n in layer.report.notes if n.key == "title_skipped")
    assert said == {"title": "Folkmängd efter region, kön och år", "row": 3}
