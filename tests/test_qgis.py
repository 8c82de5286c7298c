"""A real QGIS opens the GeoPackage and shows it as it should look, with nothing done to it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from in_qgis import told_by
from situations import BADGRUVA, layer, situation

from geo.schema import HOTSPOT
from maps.geopackage import write_geopackage
from maps.words import words

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<b>&\"'\x01%]</b>"

pytestmark = pytest.mark.qgis

Look = dict[str, Any]


def look(python: str, path: Path, *where: float) -> Look:
    """Let QGIS open every layer of a file, and draw it in a picture beside it."""
    picture = path.with_suffix(".png")
    return told_by("qgis_open.py", python, path, picture, *where, runtime=path.parent)


@pytest.fixture(scope="module")
def opened(qgis_python: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Look]:
    """Open the situation at the scale of the whole municipality."""
    path = tmp_path_factory.mktemp("qgis") / "lagesbild.gpkg"
    write_geopackage(situation(), path, "sv")
    return path, look(qgis_python, path)


@pytest.fixture(scope="module")
def near(qgis_python: str, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Open the same in English around one hotspot."""
    path = tmp_path_factory.mktemp("qgis") / "near.gpkg"
    write_geopackage(situation(), path, "en")
    return look(qgis_python, path, 8000, *BADGRUVA)


def layers(found: Look) -> dict[str, Look]:
    """Take what was found of layers."""
    return {name: one for name, one in found.items() if isinstance(one, dict) and "valid" in one}


def counted(found: Look, colour: str) -> int:
    """Count the picture's points within three steps of a colour in each channel."""
    wanted = bytes.fromhex(colour.removeprefix("#"))
    return sum(
        count
        for one, count in found["colours"].items()
        if all(abs(a - b) <= 3 for a, b in zip(bytes.fromhex(one[1:]), wanted, strict=True))
    )


def greys(found: Look) -> int:
    """Count the picture's light grey points: what thin lines on white make."""
    light = {f"#{grey:02x}{grey:02x}{grey:02x}" for grey in range(0xB0, 0xF8)}
    return sum(count for one, count in found["colours"].items() if one in light)


def test_every_layer_is_valid_and_has_all_its_features(opened: tuple[Path, Look]) -> None:
    """QGIS sees the tables that were written, each whole and in its coordinate system."""
    path, found = opened
    seen = layers(found)
    assert set(seen) == {name for name, _ in pyogrio.list_layers(path)} - {"layer_styles"}
    for name, one in seen.items():
        assert one["valid"], name
        assert one["count"] == pyogrio.read_info(path, layer=name)["features"], name
        assert one["crs"] == ("EPSG:3006" if one["renderer"] else ""), name
    assert found["errors"] == []


def test_every_layer_comes_with_our_style(opened: tuple[Path, Look]) -> None:
    """A renderer of ours, not the random colour that QGIS gives a layer without one."""
    seen = layers(opened[1])
    cells = seen["cells"]
    assert cells["renderer"] == "categorizedSymbol"
    assert cells["colours"]["3"] == "#b30000"
    assert cells["legend"][0] == words("sv")("classes.gi_bin_3")
    hotspots = seen["hotspots"]
    assert (hotspots["renderer"], hotspots["shown"]) == ("categorizedSymbol", ["all"])
    assert hotspots["legend"] == ["Alla slag", "Ordning", "Trafik", "Narkotika"]
    assert hotspots["labels"]
    assert seen["incidents"]["renderer"] == "categorizedSymbol"
    assert set(seen["incidents"]["legend"]) == {"Ordning", "Trafik", "Narkotika"}
    assert seen["background"]["legend"] == ["Större väg", "Mindre väg"]
    assert seen["background_polygons"]["legend"] == ["Vatten"]
    single = {"bathing_sites": "#56b4e9", "traffic_spots": "#d55e00", "patrols": "#009e73"}
    for name, colour in single.items():
        assert (seen[name]["renderer"], seen[name]["colour"]) == ("singleSymbol", colour)
    assert seen["area"]["parts"] == 2


def test_columns_are_named_in_the_reader_s_language(opened: tuple[Path, Look], near: Look) -> None:
    """Every column of ours has an alias, Swedish or English by choice; keys are shown as words."""
    swedish, english = layers(opened[1]), layers(near)
    for name, one in swedish.items():
        empty = [column for column, alias in one["aliases"].items() if not alias]
        assert empty == ["fid"], name
    assert {column.name for column in HOTSPOT} <= set(swedish["hotspots"]["aliases"])
    assert swedish["cells"]["aliases"]["n"] == "Antal händelser"
    assert english["cells"]["aliases"]["n"] == "Events"
    assert english["cells"]["aliases"]["gi_z_order"] == "Gi* z-score: Public order"
    assert swedish["incidents"]["widgets"]["category"] == "ValueMap"
    assert swedish["cells"]["types"]["gi_bin"] == "Integer64"
    assert swedish["patrols"]["types"]["start"] == "DateTime"


def test_a_layer_tells_what_it_is(opened: tuple[Path, Look], near: Look) -> None:
    """What stands under Information: the layer in words, its period, and what it was made from."""
    swedish, english = layers(opened[1]), layers(near)
    assert "Period: januari–december 2021." in swedish["cells"]["abstract"]
    assert "Method gi_star: alpha = 0.05." in english["hotspots"]["abstract"]
    (told,) = english["incidents"]["history"]
    assert "602 rows read, 600 accepted, 2 left out" in told
    assert all(one["abstract"] for one in swedish.values())


def test_programs_without_styles_find_words_for_keys(opened: tuple[Path, Look]) -> None:
    """GDAL reads the format's own domains: the same words as QGIS shows."""
    domains = opened[1]["domains"]
    assert domains["cells.gi_bin"]["3"] == words("sv")("classes.gi_bin_3")
    assert domains["cells.gi_bin_order"] == domains["cells.gi_bin"]
    assert domains["cells.lisa_class"]["HH"] == words("sv")("classes.lisa_class_HH")
    assert domains["hotspots.family"]["order"] == "Ordning"
    assert domains["background.class"] == {"road_major": "Större väg", "road_minor": "Mindre väg"}


def test_tables_without_a_place_are_styled_too(qgis_python: str, tmp_path: Path) -> None:
    """Aliases and words for keys hold for a table that has no geometry."""
    table = pd.DataFrame({"id": ["a", "b"], "category": ["noise", "noise"]})
    places = np.array([shapely.Point(490000, 6560000), None], dtype=object)
    one = dataclasses.replace(situation(), layers=(layer("incidents", table, places),))
    path = tmp_path / "a.gpkg"
    write_geopackage(one, path, "sv")
    seen = layers(look(qgis_python, path))
    assert seen["incidents_area_level"]["aliases"]["category"] == "Händelse"
    assert seen["incidents_area_level"]["widgets"]["category"] == "ValueMap"
    assert seen["manifest"]["aliases"]["value"] == "Värde"


def test_from_afar_the_hot_cells_are_seen_without_a_grid(opened: tuple[Path, Look]) -> None:
    """Dark orange on white ground, water blue; cell edges are not drawn at this scale."""
    found = opened[1]
    assert found["scale"] > 100_000
    everything = sum(found["colours"].values())
    assert counted(found, "#ffffff") > 0.9 * everything
    assert counted(found, "#c94c4c") > 200  # 70 % of #b30000 over white
    assert counted(found, "#d1e5f1") > 1000  # 80 % of #c6dfee over white
    assert greys(found) < 500


def test_labels_come_at_scales_where_there_is_room(opened: tuple[Path, Look]) -> None:
    """Hotspots and localities are always named, bathing sites from 1:150,000, others near by."""
    named = {
        name: one["labels_between"] for name, one in layers(opened[1]).items() if one["labels"]
    }
    assert named == {
        "hotspots": None,
        "clusters": [100_000, 0],
        "places": None,
        "bathing_sites": [150_000, 0],
        "traffic_spots": [10_000, 0],
        "patrols": [10_000, 0],
        "patrols_lines": [10_000, 0],
        "background": [100_000, 0],
        "background_polygons": [100_000, 0],
    }


def test_near_by_the_cells_have_edges(near: Look) -> None:
    """Close to a place the grid is seen, and the hot cells fill much of the picture."""
    assert near["scale"] < 60_000
    assert greys(near) > 5_000
    assert counted(near, "#c94c4c") > 5000


def test_hostile_texts_do_not_break_a_style(qgis_python: str, tmp_path: Path) -> None:
    """Markup and characters that XML cannot hold leave every style readable."""
    path = tmp_path / "a.gpkg"
    write_geopackage(situation(text=HOSTILE, grid="hex"), path, "sv")
    seen = layers(look(qgis_python, path))
    assert seen["cells"]["renderer"] == "categorizedSymbol"
    assert seen["hotspots"]["renderer"] == "categorizedSymbol"
    assert all(one["aliases"]["fid"] == "" for one in seen.values())
    assert seen["traffic_spots"]["colour"] == "#d55e00"


def test_without_a_method_cells_are_coloured_by_their_events(
    qgis_python: str, tmp_path: Path
) -> None:
    """A plain count gives graduated classes whose limits are whole numbers."""
    from test_geopackage import plain  # noqa: PLC0415 - the one situation that both need

    path = tmp_path / "a.gpkg"
    write_geopackage(plain(), path, "sv")
    cells = layers(look(qgis_python, path))["cells"]
    assert cells["renderer"] == "graduatedSymbol"
    assert 1 <= len(cells["legend"]) <= 5
