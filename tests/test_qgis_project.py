"""The project in the GeoPackage: QGIS opens it from there, and a map to print comes with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from in_qgis import told_by
from situations import hostile_situation, layer, situation
from test_geopackage import HOSTILE, SITUATIONS, followed, parsed, project

from cli import main
from maps.geopackage import write_geopackage
from maps.qgis_project import _bar

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Situation

GROUPS = {
    "Hotspots": ["hotspots", "clusters", "history"],
    "Lager": ["bathing_sites", "traffic_spots", "patrols", "incidents", "patrols_lines"],
    "Analys": ["area", "cells"],
    "Bakgrund": ["places", "background", "background_polygons", "area"],
    "Tabeller": ["manifest"],
}
LEGEND = [
    *("Badplatser", "Problemplatser i trafiken", "Patrullplatser", "Patrullplatser, linjer"),
    *("Område", "Orter och platser"),
    *("Platser som sticker ut", "Alla slag", "Nya och täta grupper", "Mer än slumpen ger"),
    *("Rutor", "Het, 99 % säkerhet", "Het, 95 %", "Het, 90 %", "Sticker inte ut"),
    *("Bakgrundskarta", "Större väg", "Mindre väg"),
    *("Bakgrundskarta, ytor", "Vatten"),
]
"""What is seen on the printed map, and nothing else; layers of one symbol come first."""
Look = dict[str, Any]


def look(python: str, path: Path, folder: Path) -> Look:
    """Let QGIS open the project of a file, and draw and print it into a folder."""
    return told_by("qgis_project_open.py", python, path, folder, runtime=folder)


@pytest.fixture(scope="module")
def opened(qgis_python: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Look]:
    """Write a file in one folder, open it in another."""
    before = tmp_path_factory.mktemp("before") / "lagesbild.gpkg"
    write_geopackage(followed(), before, "sv")
    path = tmp_path_factory.mktemp("after") / "lagesbild.gpkg"
    shutil.move(before, path)
    return path, look(qgis_python, path, path.parent)


def counted(colours: dict[str, int], wanted: str) -> int:
    """Count the picture's points within three steps of a colour in each channel."""
    channels = bytes.fromhex(wanted.removeprefix("#"))
    return sum(
        count
        for one, count in colours.items()
        if all(abs(a - b) <= 3 for a, b in zip(bytes.fromhex(one[1:]), channels, strict=True))
    )


def table(layer: Look) -> str:
    """Name the table that a layer shows."""
    return str(layer["source"]).rpartition("layername=")[2]


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_project_is_whole_xml_over_tables_of_the_file(tmp_path: Path, name: str) -> None:
    """Whatever people wrote; it names no folder and every layer's table is there."""
    path = tmp_path / "robberies.gpkg"
    write_geopackage(SITUATIONS[name](), path, "sv", name=path.name)
    root = parsed(project(path))
    layers = root.findall("projectlayers/maplayer")
    files, names = zip(
        *(str(one.findtext("datasource")).split("|layername=") for one in layers), strict=True
    )
    assert set(files) == {"./robberies.gpkg"}
    tables = [table for table, _ in pyogrio.list_layers(path) if table != "layer_styles"]
    assert sorted(names) == sorted([*tables, "area"])  # the area lies below everything, too
    ids = [str(one.findtext("id")) for one in layers]
    assert len(set(ids)) == len(ids)
    assert min(map(len, ids)) > 10  # QGIS drops shorter ones
    assert [one.get("id") for one in root.find("layer-tree-group").iter("layer-tree-layer")] == ids
    assert root.findtext("properties/Paths/Absolute") == "false"


def test_a_file_of_another_name_has_a_project_over_itself(tmp_path: Path) -> None:
    """It is written under a name for the time being; the project knows the name that it gets."""
    events = tmp_path / "events.csv"
    events.write_text("x,y\n" + "".join(f"{490000 + 40 * i},{6560000 + i}\n" for i in range(50)))
    path = tmp_path / "robberies.gpkg"
    done = CliRunner().invoke(main, ["hotspots", str(events), "-o", str(path)])
    assert done.exit_code == 0, done.output
    sources = {str(one.text) for one in parsed(project(path)).iter("datasource")}
    assert "./robberies.gpkg|layername=cells" in sources
    assert all(one.startswith("./robberies.gpkg|") for one in sources)


def test_texts_are_no_expressions(tmp_path: Path) -> None:
    """A label of a printed map runs what stands in [% %]; a title is not run."""
    path = tmp_path / "a.gpkg"
    write_geopackage(situation(text="[% 1 + 1 %]"), path, "sv")
    labels = [one.get("labelText", "") for one in parsed(project(path)).iter("LayoutItem")]
    assert any("Lägesbild Lekeberg[ % 1 + 1 %]" in one for one in labels)
    assert [one[:12] for one in labels if "[%" in one] == ["[% aggregate"]


@pytest.mark.parametrize(
    ("metres", "expected"),
    [(10_000, ("km", 5)), (9_999, ("km", 2)), (2_100, ("km", 1)), (1_999, ("meters", 500))],
)
def test_a_scale_bar_has_round_steps_that_fit(metres: float, expected: tuple[str, float]) -> None:
    """Two segments of 1, 2 or 5 times a power of ten, as long as there is room for."""
    bar = _bar(metres)
    assert (bar.unit, bar.segment) == expected


@pytest.mark.qgis
def test_the_project_opens_from_the_file_wherever_it_lies(opened: tuple[Path, Look]) -> None:
    """Groups, order and words as meant; no layer is missing; the area fills the view."""
    path, found = opened
    assert (found["read"], found["error"]) == (True, "")
    assert (found["title"], found["crs"]) == ("Lägesbild Lekeberg", "EPSG:3006")
    assert {name: [table(one) for one in group] for name, group in found["groups"].items()} == (
        GROUPS
    )
    for one in (one for group in found["groups"].values() for one in group):
        assert one["valid"], one["name"]
        assert one["source"].startswith(str(path))
        info = pyogrio.read_info(path, layer=table(one))
        assert one["count"] == info["features"]
        assert one["crs"] == ("EPSG:3006" if info["geometry_type"] else "")
        assert one["empty"] == ["fid"]
        assert one["abstract"]
    west, south, east, north = found["extent"]
    assert shapely.box(west, south, east, north).contains(situation().area)
    assert (east - west) * (north - south) < 1.2 * shapely.envelope(situation().area).area


@pytest.mark.qgis
def test_what_matters_is_on_and_what_is_many_waits(opened: tuple[Path, Look]) -> None:
    """Hotspots, sites, area and cells are drawn at once, 600 incidents only near by."""
    layers = {table(one): one for group in opened[1]["groups"].values() for one in group}
    assert [name for name, one in layers.items() if not one["shown"]] == ["history"]
    assert {n: one["closer_than"] for n, one in layers.items() if one["closer_than"]} == {
        "incidents": 50_000
    }
    assert opened[1]["order"][:2] == ["hotspots_lagesbild", "clusters_lagesbild"]
    assert opened[1]["order"][-1] == "lagesbild_ground"
    assert layers["hotspots"]["labels"]
    assert layers["cells"]["renderer"] == "categorizedSymbol"


@pytest.mark.qgis
def test_the_history_can_be_played_month_by_month(opened: tuple[Path, Look]) -> None:
    """QGIS's temporal controller is set: by month, over the months that there are."""
    layers = {table(one): one for group in opened[1]["groups"].values() for one in group}
    assert layers["history"]["played"] == ["month_start", 1.0, "mon"]
    assert opened[1]["played"] == ["2021-10-01", "2022-01-01", "mon"]


@pytest.mark.qgis
def test_the_first_picture_is_calm_with_hot_places_on_it(opened: tuple[Path, Look]) -> None:
    """White ground on quiet grey; hot cells, water, sites and numbers stand out."""
    path, found = opened
    seen = found["colours"]
    assert found["errors"] == []
    everything = sum(seen.values())
    assert counted(seen, "#eceae5") > 0.3 * everything
    assert counted(seen, "#ffffff") > 0.3 * everything
    for colour in ("#c94c4c", "#d1e5f1", "#222222"):
        assert counted(seen, colour) > 100, colour
    assert counted(seen, "#56b4e9") > 10  # two bathing sites, small at this scale
    assert (path.parent / "canvas.png").exists()


@pytest.mark.qgis
def test_the_map_prints(opened: tuple[Path, Look]) -> None:
    """One A4 landscape with title, period, the numbered places, legend, sources, as PNG and PDF."""
    path, found = opened
    assert (found["layouts"], found["printed"]) == (["Karta A4 liggande"], [0, 0])
    assert found["labels"] == {
        "title": "Lägesbild Lekeberg",
        "period": "Händelser januari–december 2021",
        "named": "Hotspots (antal händelser)",
        "list": "1. Lanna badgruva (94)\n2. Leken (93)\n3. Fjugesta, norra delen (104)",
        "sources": "Rapporterna är påhittade.\nKällor: bathing_sites.csv, traffic_spots.csv, "
        "patrols.csv, rapporter.csv. Koordinatsystem EPSG:3006. Gjord med lägesbild.",
    }
    assert found["legend"] == LEGEND
    assert (path.parent / "layout.pdf").read_bytes().startswith(b"%PDF")
    for colour in ("#eceae5", "#c94c4c", "#56b4e9"):
        assert counted(found["layout_colours"], colour) > 40, colour


@pytest.mark.qgis
def test_qgis_left_the_file_as_it_was(qgis_python: str, tmp_path: Path) -> None:
    """Opening, drawing and printing writes nothing into the file and leaves nothing beside it."""
    path = tmp_path / "a.gpkg"
    write_geopackage(situation(), path, "en", name="a.gpkg")
    before = path.read_bytes()
    (tmp_path / "out").mkdir()
    found = look(qgis_python, path, tmp_path / "out")
    assert list(found["groups"]) == ["Hotspots", "Layers", "Analysis", "Background", "Tables"]
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.gpkg", "out"]


@pytest.mark.qgis
@pytest.mark.parametrize("name", ["hostile", "plain", "too little", "drawn", "many"])
def test_any_situation_opens_and_prints(qgis_python: str, tmp_path: Path, name: str) -> None:
    """Without hotspots, dates or layers, and whatever people wrote."""
    path = tmp_path / "lagesbild.gpkg"
    hostile = [HOSTILE, "[% 1 %]", "</maplayer>", "a|b", "%PROJECT%"]
    one = SITUATIONS[name]() if name in SITUATIONS else hostile_situation(hostile)
    write_geopackage(one, path, "en")
    found = look(qgis_python, path, tmp_path)
    assert (found["read"], found["error"], found["printed"]) == (True, "", [0, 0])
    layers = [one for group in found["groups"].values() for one in group]
    assert [one["name"] for one in layers if not one["valid"]] == []
    assert {one["name"] for one in layers if one["empty"] != ["fid"]} == set()


def asked() -> Situation:
    """Make a situation with a survey of two questions in two years, and operations by hand."""
    one = situation()
    square = shapely.box(*one.area.bounds)
    table = pd.DataFrame(
        {
            "question": ["Klotter", "Klotter", "Är det | 'otryggt'?"],
            "year": ["2020", "2021", "2021"],
            "index": [1.0, 2.5, 6.0],
        }
    )
    survey = layer("survey", table, np.array([square] * 3))
    drawn = [
        replace(layer("operations", pd.DataFrame({"name": ["A"]}), np.array([square])), name=name)
        for name in ("first", "second")
    ]
    return replace(one, layers=(*one.layers, survey, *drawn))


@pytest.mark.qgis
def test_each_question_of_a_survey_is_a_layer_that_waits(qgis_python: str, tmp_path: Path) -> None:
    """They lie over each other and over the hot cells; each has its own rows only."""
    write_geopackage(asked(), tmp_path / "lagesbild.gpkg", "sv")
    found = look(qgis_python, tmp_path / "lagesbild.gpkg", tmp_path)
    survey = [one for one in found["groups"]["Lager"] if one["name"].startswith("Enkätsvar")]
    assert [(one["name"], one["valid"], one["count"], one["shown"]) for one in survey] == [
        ("Enkätsvar om trygghet: Klotter, 2020", True, 1, False),
        ("Enkätsvar om trygghet: Klotter, 2021", True, 1, False),
        ("Enkätsvar om trygghet: Är det | 'otryggt'?, 2021", True, 1, False),
    ]


@pytest.mark.qgis
def test_a_legend_keeps_below_the_list_and_tells_layers_apart(
    qgis_python: str, tmp_path: Path
) -> None:
    """With more than there is room for it becomes smaller; names that are alike get the table's."""
    one = asked()
    many = [replace(one.layers[0], name=f"sites_{i}") for i in range(14)]
    write_geopackage(replace(one, layers=(*one.layers, *many)), tmp_path / "lagesbild.gpkg", "sv")
    found = look(qgis_python, tmp_path / "lagesbild.gpkg", tmp_path)
    assert {"Insatser (first)", "Insatser (second)", "Badplatser (sites_13)"} <= {*found["legend"]}
    listed = found["labels"]["list"].count("\n") + 1
    assert found["legend_top"] > [33 + 4 * listed]
