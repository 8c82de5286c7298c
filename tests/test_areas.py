"""Promises of joining rows that name an area by its code with the areas' polygons."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from layers.project import load_project
from layers.reading import read_project_layers
from maps.manifest import manifest_text
from maps.projects import analyse_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from layers.layer import Layer
    from layers.project import Project

CODES = ("1814A0010", "1814A0020", "1814B1010", "1814C1010")
REGSO = ("1814R001", "1814R001", "1814R002", "1814R002")
WEST, SOUTH = 480_000, 6_560_000


def square(number: int) -> shapely.Polygon:
    """Give the area of a number: strips of a kilometre by two, from west to east."""
    x = WEST + 1000 * number
    return shapely.box(x, SOUTH, x + 1000, SOUTH + 2000)


def write_areas(file: Path, codes: Sequence[str] = CODES, **columns: Sequence[object]) -> Path:
    """Write areas as Statistics Sweden's DeSO_2025.gpkg has them."""
    table = {"desokod": codes, "regsokod": REGSO, "kommunkod": ["1814"] * len(codes), **columns}
    shapes = [square(i) for i in range(len(codes))]
    frame = gpd.GeoDataFrame(
        {name: list(values)[: len(codes)] for name, values in table.items()},
        geometry=shapes,
        crs=3006,
    )
    frame.to_file(file, layer="DeSO_2025")
    return file


def project(
    folder: Path,
    table: str,
    *,
    kind: str = "population",
    settings: str = "",
    areas: str = "DeSO_2025.gpkg",
    more: str = "",
) -> Project:
    """Write a project round the four areas, with one layer that is joined with them."""
    whole = gpd.GeoDataFrame(geometry=[shapely.union_all([square(i) for i in range(4)])], crs=3006)
    whole.to_file(folder / "area.gpkg")
    if not (folder / "DeSO_2025.gpkg").exists():
        write_areas(folder / "DeSO_2025.gpkg")
    (folder / "tabell.csv").write_text(table, "utf-8")
    path = folder / "p.toml"
    path.write_text(
        f'municipality = "Lekeberg"\n[area]\nfile = "area.gpkg"\n{more}\n[[layers]]\n'
        f'kind = "{kind}"\nfile = "tabell.csv"\nareas = "{areas}"\n{settings}\n',
        "utf-8",
    )
    return load_project(path)


def read(folder: Path, table: str, **options: str) -> Layer:
    """Read the layer of a project."""
    return read_project_layers(project(folder, table, **options))[1]


def note(layer: Layer, key: str) -> dict[str, object]:
    """Give the values of a note."""
    return next(dict(n.values) for n in layer.report.notes if n.key == key)


@pytest.mark.parametrize(
    "form", ["{}", " {} ", "{}_DeSO2025", "{} Fjugesta norra", "{} (DeSO 2025)", "{}: Lanna"]
)
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_rows_get_the_polygons_whose_codes_they_name(
    tmp_path: Path, form: str, case: object
) -> None:
    """Each has the shape that stands in the file beside its code, in whatever form it is written.

    The file of areas is told in the report with its SHA-256.
    """
    named = [form.format(case(code)) for code in reversed(CODES)]  # type: ignore[operator]  # a function
    layer = read(tmp_path, "område;invånare\n" + "".join(f"{n};{i}\n" for i, n in enumerate(named)))
    assert layer.report.problems == ()
    frame = pyogrio.read_dataframe(tmp_path / "DeSO_2025.gpkg")
    wanted = frame.set_index("desokod").loc[list(reversed(CODES))].geometry.to_numpy()
    assert shapely.equals(layer.geometry, wanted).all()
    assert list(layer.table["population"]) == [0, 1, 2, 3]
    assert note(layer, "areas_joined") == {
        "n": 4, "total": 4, "column": "område", "code": "desokod", "file": "DeSO_2025.gpkg",
        "areas": 4,
    }  # fmt: skip
    sha256 = hashlib.sha256((tmp_path / "DeSO_2025.gpkg").read_bytes()).hexdigest()
    assert layer.report.areas == ("DeSO_2025.gpkg", sha256)


def test_rows_of_unknown_areas_and_of_none_are_left_out_with_their_value(tmp_path: Path) -> None:
    """The sum of the municipality and a code of another year are no areas; a blank names none."""
    text = "kod;antal\n1814;500\n" + "".join(f"{code};1\n" for code in CODES) + "1814Z9;7\n;3\n"
    layer = read(tmp_path, text)
    assert layer.report.left_out == {"no_position": 1, "unknown_area": 2}
    unknown = layer.left_out[layer.left_out["reason"] == "unknown_area"]
    assert list(unknown["value"]) == ["1814", "1814Z9"]
    assert list(unknown["row"]) == [2, 7]
    assert layer.table["population"].sum() == 4


def test_a_column_that_says_the_same_in_every_row_is_not_the_areas_code(tmp_path: Path) -> None:
    """The municipality's code is in both files and agrees everywhere, and tells nothing."""
    rows = "".join(f"1814;Lekeberg;{code};{i}\n" for i, code in enumerate(CODES, 1))
    layer = read(tmp_path, "kommunkod;kommun;deso;antal\n" + rows)
    assert note(layer, "areas_joined")["code"] == "desokod"
    assert shapely.area(shapely.union_all(layer.geometry)) == pytest.approx(8e6)


def test_numbers_are_no_codes_unless_they_are_called_the_same_or_named(tmp_path: Path) -> None:
    """That a count is also an area's number is chance; leading noughts are lost in Excel."""
    write_areas(tmp_path / "DeSO_2025.gpkg", CODES, nyko=["0001", "0002", "0003", "0004"])
    table = "del;svar;antal\n1;3;10\n2;4;20\n3;1;30\n"
    (problem,) = read(tmp_path, table).report.problems
    assert "desokod, regsokod, kommunkod, nyko" in problem.what
    assert 'columns = { area = "…" }' in problem.cure
    layer = read(tmp_path, table, settings='columns = { area = "del" }')
    assert shapely.equals(layer.geometry, np.array([square(i) for i in range(3)])).all()
    layer = read(tmp_path, table.replace("del", "NYKO"))
    assert note(layer, "areas_joined")["column"] == "NYKO"


def test_a_table_of_the_whole_country_is_joined_with_the_areas_of_one_municipality(
    tmp_path: Path,
) -> None:
    """Most rows name areas elsewhere; that the areas here are named is enough."""
    text = "".join(f"{i:04d}A0010;5\n" for i in range(100, 160)) + f"{CODES[0]};8\n{CODES[3]};9\n"
    layer = read(tmp_path, "region;antal\n" + text)
    assert layer.report.left_out == {"unknown_area": 60}
    assert list(layer.table["population"]) == [8, 9]


def test_a_code_that_stands_for_several_areas_is_an_error_with_its_cure(tmp_path: Path) -> None:
    """Which of them is meant cannot be known."""
    (problem,) = read(tmp_path, "regso;antal\n1814R001;5\n1814R002;7\n").report.problems
    assert "expected each area once in DeSO_2025.gpkg regsokod, found several for 2" in problem.what
    assert "dissolve" in problem.cure


def test_what_cannot_be_joined_is_refused_with_a_cure(tmp_path: Path) -> None:
    """No codes in common, no polygons, no such column, a kind of points."""
    table = "kod;antal\nx1;5\nx2;7\n"
    (problem,) = read(tmp_path, table).report.problems
    assert "found none among kod, antal" in problem.what
    (tmp_path / "koder.csv").write_text("kod\nx1\nx2\n")
    (problem,) = read(tmp_path, table, areas="koder.csv").report.problems
    assert "expected polygons in koder.csv, found none" in problem.what
    (problem,) = read(tmp_path, table, settings='columns = { area = "dse" }').report.problems
    assert "expected a column 'dse' for area" in problem.what
    text = "kod;tid;typ\n1814A0010;2024-01-01;klotter\n"
    (problem,) = read(tmp_path, text, kind="incidents").report.problems
    assert "expected positions of its own for the kind incidents" in problem.what


def test_rows_with_positions_of_their_own_keep_them(tmp_path: Path) -> None:
    """The file of areas is not used, and that is told."""
    shapes = gpd.GeoDataFrame({"antal": [3]}, geometry=[square(2)], crs=3006)
    shapes.to_file(tmp_path / "egna.gpkg")
    path = project(tmp_path, "").path
    path.write_text(path.read_text("utf-8").replace("tabell.csv", "egna.gpkg"), "utf-8")
    layer = read_project_layers(load_project(path))[1]
    assert shapely.equals(layer.geometry[0], square(2))
    assert note(layer, "areas_unused") == {"file": "DeSO_2025.gpkg"}
    assert layer.report.areas is None


PXWEB = (
    '"Folkmängd per region efter kön och år"\r\n\r\n"region","kön","2023","2024"\r\n'
    + "".join(
        f'"{code}_DeSO2025","{sex}",{n - 10},{n}\r\n'
        for code, whole in zip(CODES, (1800, 1200, 600, 400), strict=True)
        for sex, n in (("män", whole // 2), ("kvinnor", whole // 2), ("totalt", whole))
    )
    + '\r\n"Uppgifterna är per den 31 december."\r\n'
)


def test_events_are_measured_against_a_table_and_a_file_of_areas(tmp_path: Path) -> None:
    """From Statistics Sweden's two files to what is expected in a cell, and to the manifest.

    The areas have 1800, 1200, 600 and 400 inhabitants, and eight cells of 500 m each. One person
    in ten counts as evenly spread over the 32 cells.
    """
    at = [(WEST + 60 + 97 * i % 3900, SOUTH + 50 + 61 * i % 1900) for i in range(80)]
    rows = "".join(f"{x};{y};2024-05-{1 + i % 28:02d};klotter\n" for i, (x, y) in enumerate(at))
    (tmp_path / "handelser.csv").write_text("x;y;tid;typ\n" + rows, "utf-8")
    wish = project(
        tmp_path,
        PXWEB,
        settings='name = "folk"\n[[layers]]\nkind = "incidents"\nfile = "handelser.csv"',
        more='[grid]\ncell_size = 500\n[hotspots]\nexposure = "folk"',
    )
    layers = read_project_layers(wish)
    assert [problem for layer in layers for problem in layer.report.problems] == []
    situation = analyse_project(wish, layers, None, lambda _: None)
    used = next(one for one in situation.notes if one.key == "exposure_used")
    assert (used.values["n"], used.values["percent"]) == (4000, 10)
    assert used.values["outside"] == 0
    assert situation.exposure is not None
    people_in = dict(zip(situation.cells.ids.tolist(), situation.exposure, strict=True))
    assert len(people_in) == 32
    assert people_in["500mN6560000E480000"] == pytest.approx(0.9 * 1800 / 8 + 0.1 * 4000 / 32)
    assert people_in["500mN6561500E482500"] == pytest.approx(0.9 * 600 / 8 + 0.1 * 4000 / 32)
    manifest = json.loads(manifest_text(situation))
    (people,) = (one for one in manifest["inputs"] if one["name"] == "folk")
    assert people["areas"] == {
        "path": "DeSO_2025.gpkg",
        "sha256": hashlib.sha256((tmp_path / "DeSO_2025.gpkg").read_bytes()).hexdigest(),
    }
    assert people["left_out"] == {"part_of_total": 8, "wrong_number_of_fields": 1}
