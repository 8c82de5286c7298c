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
