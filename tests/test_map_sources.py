"""Maps to draw below: OpenStreetMap, Lantmäteriet and NVDB, by their own layers and attributes."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
from shapely.geometry import LineString, Point, Polygon, box

from geo.errors import SourceError
from layers.formats import vector
from layers.project import load_project
from layers.reading import format_of, read_project_layers

if TYPE_CHECKING:
    from layers.layer import Layer

SAMPLES = Path(__file__).with_name("samples")
EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "lekeberg"
HERE = (14.87, 59.17)
FAR = (18.07, 59.33)


def read(folder: Path, name: str, more: str = "", kind: str = "background") -> Layer:
    """Read one file of a folder as a layer of a project about Lekeberg."""
    shutil.copy(EXAMPLE / "kommun.geojson", folder)
    project = folder / "lagesbild.toml"
    project.write_text(
        f'municipality = "Lekeberg"\n[area]\nfile = "kommun.geojson"\n'
        f'[[layers]]\nkind = "{kind}"\nfile = "{name}"\n{more}',
        "utf-8",
    )
    return read_project_layers(load_project(project))[1]


def classes(layer: Layer) -> dict[str, str]:
    """Give the class of each thing by its name."""
    return dict(zip(layer.table["name"].fillna(""), layer.table["class"], strict=True))


def line(x: float, y: float) -> LineString:
    """Draw a line of some hundred metres from a point in degrees."""
    return LineString([(x, y), (x + 0.005, y + 0.002)])


def patch(x: float, y: float) -> Polygon:
    """Draw a patch of some hundred metres at a point in degrees."""
    return box(x, y, x + 0.004, y + 0.002)


def write(path: Path, layer: str, rows: list[tuple]) -> None:
    """Write a layer in SWEREF 99 TM of rows that end with their shape in degrees."""
    names = [f"{name}" for name in rows[0]]
    frame = gpd.GeoDataFrame(
        [dict(zip(names, row, strict=True)) for row in rows[1:]], geometry="geometry", crs=4326
    )
    frame.to_crs(3006).to_file(path, layer=layer, engine="pyogrio")


@pytest.mark.parametrize("name", ["lekeberg.osm.pbf", "lekeberg.osm"])
def test_openstreetmap_gives_what_is_drawn(name: str, tmp_path: Path) -> None:
    """Roads, railway, water and built-up ground of the extract, not its fence and its building."""
    shutil.copy(SAMPLES / name, tmp_path)
    layer = read(tmp_path, name)
    assert sorted(zip(layer.table["name"].fillna(""), layer.table["class"], strict=True)) == [
        ("", "railway"),
        ("E18", "road_major"),
        ("Fjugesta", "built_up"),
        ("Lanna badgruva", "water"),
        ("Lannabäcken", "water"),
        ("Storgatan", "road_minor"),
    ]
    keys = {note.key for note in layer.report.notes}
    assert {"osm_credit", "osm_selected"} <= keys
    assert layer.report.left_out == {"outside_area": 1}
    assert layer.report.read == layer.report.accepted + sum(layer.report.left_out.values())


def test_openstreetmap_s_localities_name_places(tmp_path: Path) -> None:
    """``layer = "points"`` gives towns and villages with their inhabitants."""
    shutil.copy(SAMPLES / "lekeberg.osm.pbf", tmp_path)
    layer = read(tmp_path, "lekeberg.osm.pbf", 'layer = "points"\n', "places")
    assert layer.table[["name", "population"]].to_numpy().tolist() == [["Fjugesta", 2422.0]]


@pytest.mark.parametrize("content", [b"", b"\0\0\0\rhello", b"<html><body>Too many requests"])
def test_what_is_no_extract_is_refused(content: bytes, tmp_path: Path) -> None:
    """An empty file, another file, and the error page that a server gave instead."""
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        list(format_of(path).read(path))


def topo(path: Path) -> Path:
    """Write a small Topografi 50 with some of its layers, forest and what lies far away."""
    head = ("objektidentitet", "objekttypnr", "objekttyp", "vardvagnummer", "geometry")
    write(
        path,
        "mark",
        [
            head,
            ("a", 2632, "Sjö", None, patch(*HERE)),
            ("b", 2640, "Barr- och blandskog", None, patch(14.88, 59.18)),
            ("c", 2638, "Låg bebyggelse", None, patch(14.88, 59.16)),
            ("d", 2632, "Sjö", None, patch(*FAR)),
        ],
    )
    write(
        path,
        "vaglinje",
        [
            head,
            ("e", 1801, "Motorväg", "E18", line(*HERE)),
            ("f", 1808, "Landsväg", "204", line(14.86, 59.17)),
            ("g", 1812, "Småväg", None, line(14.85, 59.17)),
            ("h", 1801, "Motorväg", "E4", line(*FAR)),
        ],
    )
    write(path, "ralstrafik", [head, ("i", 1850, "Järnväg", None, line(14.84, 59.17))])
    write(path, "vagpunkt", [head, ("j", 1860, "Vägbom", None, Point(*HERE))])
    return path


def test_topografi_50_is_read_by_its_own_layers(tmp_path: Path) -> None:
    """Water, built-up ground, roads and railway of several layers at once; no forest, no bars."""
    path = topo(tmp_path / "topografi_50.gpkg")
    assert format_of(path).name == "lantmateriet"
    layer = read(tmp_path, path.name)
    found = layer.table[["class", "name"]].fillna("").to_numpy().tolist()
    assert sorted(map(tuple, found)) == [
        ("built_up", ""),
        ("railway", ""),
        ("road_major", "204"),
        ("road_major", "E18"),
        ("road_minor", ""),
        ("water", ""),
    ]
    assert layer.table["id"].is_unique
    (said,) = [note for note in layer.report.notes if note.key == "layers_read"]
    assert said.values["layers"] == "mark, vaglinje, ralstrafik"


def test_one_layer_of_a_map_can_be_asked_for(tmp_path: Path) -> None:
    """``layer`` gives that layer alone, forest and all, within the area."""
    topo(tmp_path / "t.gpkg")
    layer = read(tmp_path, "t.gpkg", 'layer = "mark"\n')
    assert sorted(layer.table["class"]) == ["built_up", "other", "water"]


def test_an_ordinary_geopackage_is_not_taken_for_a_map(tmp_path: Path) -> None:
    """The map's layers need the map's own column; anything else is read as any other file."""
    plain = tmp_path / "mark.gpkg"
    write(plain, "mark", [("klass", "geometry"), ("Sjö", patch(*HERE))])
    assert format_of(plain).name == "vector"
    broken = tmp_path / "b.gpkg"
    broken.write_bytes(b"SQLite format 3\0" + b"\1" * 200)
    assert format_of(broken).name == "vector"


def test_nvdb_s_roads_have_classes_and_numbers(tmp_path: Path) -> None:
    """The functional road class tells major from minor; E roads get their letter."""
    head = (
        "ROUTE_ID",
        "Gatunamn_Namn",
        "Vagnummer_Huvudnummer_Vard",
        "Vagnummer_Europavag",
        "FunkVagklass_Klass",
        "geometry",
    )
    write(
        tmp_path / "nvdb.gpkg",
        "SverigepaketTP",
        [
            head,
            ("r1", None, 18, 1, 0, line(*HERE)),
            ("r2", None, 204, 0, 3, line(14.86, 59.17)),
            ("r3", "Storgatan", 690, 0, 6, line(14.85, 59.17)),
            ("r4", None, None, None, 9, line(14.84, 59.17)),
        ],
    )
    layer = read(tmp_path, "nvdb.gpkg")
    assert classes(layer) == {
        "E18": "road_major",
        "204": "road_major",
        "Storgatan": "road_minor",
        "": "road_minor",
    }


def test_a_country_s_file_is_read_around_the_area_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 5,000 lakes all over Sweden only those near are read; cut, they are geopandas' own."""
    monkeypatch.setattr("layers.reading.LARGE_BYTES", 1000)
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(12, 18, 5000), rng.uniform(56, 66, 5000)
    shapes = [patch(x, y) for x, y in [*zip(lon, lat, strict=True), HERE, (14.86, 59.2)]]
    frame = gpd.GeoDataFrame({"klass": "sjö"}, index=range(len(shapes)), geometry=shapes, crs=4326)
    frame.to_crs(3006).to_file(tmp_path / "sjoar.gpkg", engine="pyogrio")
    frame.to_file(tmp_path / "sjoar.geojsonl", driver="GeoJSONSeq", engine="pyogrio")
    layer = read(tmp_path, "sjoar.gpkg")
    assert layer.report.read < 100
    assert "read_within" in {note.key for note in layer.report.notes}
    area = gpd.read_file(EXAMPLE / "kommun.geojson").to_crs(3006).buffer(250).iloc[0]
    near = frame.to_crs(3006).intersection(area)
    expected = near[~near.is_empty]
    assert len(layer.table) == len(expected) >= 2
    assert sum(g.area for g in layer.geometry) == pytest.approx(expected.area.sum(), rel=1e-9)
    again = read(tmp_path, "sjoar.geojsonl")
    assert len(again.table) == len(expected)


def test_zipped_shapefiles_are_read_and_bombs_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Shapefile as it is downloaded, in a zip; one that unpacks without end is refused."""
    folder = tmp_path / "shp"
    folder.mkdir()
    frame = gpd.GeoDataFrame({"klass": ["sjö"]}, geometry=[patch(*HERE)], crs=4326)
    frame.to_crs(3006).to_file(folder / "sjo.shp", engine="pyogrio")
    with zipfile.ZipFile(tmp_path / "sjo.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    assert read(tmp_path, "sjo.zip").table["class"].tolist() == ["water"]
    monkeypatch.setattr("layers.formats.vector.LARGEST_UNPACKED_BYTES", 100)
    (problem,) = read(tmp_path, "sjo.zip").report.problems
    assert "when unpacked" in problem.what
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 no zip at all")
    (problem,) = read(tmp_path, "b.zip").report.problems
    assert "damaged" in problem.what


@pytest.mark.parametrize(
    ("name", "within", "beside"),
    [
        ("sjo.shp", "leverans/2024/", ["__MACOSX/leverans/2024/._sjo.shp"]),
        ("sjo.gpkg", "", ["läs mig.txt"]),
        ("sjo.gpkg", "leverans/", ["leverans/metadata.pdf"]),
        ("sjo.gdb", "leverans/", []),
    ],
)
def test_what_is_zipped_in_a_folder_or_beside_other_files_is_found(
    name: str, within: str, beside: list[str], tmp_path: Path
) -> None:
    """As authorities deliver it: in a folder, with a description, from a Mac."""
    folder = tmp_path / "data"
    folder.mkdir()
    frame = gpd.GeoDataFrame({"klass": ["sjö"]}, geometry=[patch(*HERE)], crs=4326)
    frame.to_crs(3006).to_file(folder / name, engine="pyogrio")
    with zipfile.ZipFile(tmp_path / "sjö.zip", "w") as archive:
        for part in folder.rglob("*"):
            if part.is_file():
                archive.write(part, f"{within}{part.relative_to(folder).as_posix()}")
        for other in beside:
            archive.writestr(other, "x")
    assert read(tmp_path, "sjö.zip").table["class"].tolist() == ["water"]


def test_a_file_geodatabase_is_read(tmp_path: Path) -> None:
    """A folder that ends in .gdb is one source, also for its checksum."""
    frame = gpd.GeoDataFrame({"klass": ["sjö"]}, geometry=[patch(*HERE)], crs=4326)
    frame.to_crs(3006).to_file(
        tmp_path / "karta.gdb", driver="OpenFileGDB", layer="mark", engine="pyogrio"
    )
    layer = read(tmp_path, "karta.gdb")
    assert layer.table["class"].tolist() == ["water"]
    assert len(layer.report.sha256) == 64
    assert pyogrio.list_layers(tmp_path / "karta.gdb")[0][0] == "mark"


def test_edits_that_lie_beside_a_file_are_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a write-ahead log cannot be brought in, the file is refused, not read as it was."""
    frame = gpd.GeoDataFrame({"klass": ["Sjö"]}, geometry=[patch(*HERE)], crs=4326)
    frame.to_file(tmp_path / "m.gpkg", engine="pyogrio", SPATIAL_INDEX="NO")
    there = tmp_path / "share"
    there.mkdir()
    with closing(sqlite3.connect(tmp_path / "m.gpkg")) as file:
        file.execute("PRAGMA journal_mode = wal")
        file.execute("UPDATE m SET klass = 'Hav'")
        file.commit()
        for name in ("m.gpkg", "m.gpkg-wal"):
            shutil.copy(tmp_path / name, there)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SourceError, match="found edits beside it in"):
        list(vector.read(there / "m.gpkg"))
    monkeypatch.undo()
    (table,) = vector.read(there / "m.gpkg")
    assert table.data["klass"].tolist() == ["Hav"]
