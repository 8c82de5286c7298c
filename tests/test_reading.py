"""Promises of the road from a file to a checked layer."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.crs import transform
from layers.layer import LEFT_OUT_COLUMNS
from layers.project import load_project
from layers.reading import read_area, read_project_layers, study_area
from layers.rows import REASONS
from maps.words import words

if TYPE_CHECKING:
    from layers.layer import Layer

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")

BOX = (14.6, 59.1, 15.0, 59.3)
HEAD = "id;Datum;Typ;Plats;lat;lon"


def write_area(folder: Path, features: list[dict[str, Any]] | None = None) -> None:
    """Write an area of one box, or of the given features."""
    square = shapely.geometry.mapping(shapely.box(*BOX))
    one: dict[str, Any] = {"type": "Feature", "properties": {"code": "1814"}, "geometry": square}
    collection = {"type": "FeatureCollection", "features": features or [one]}
    (folder / "area.geojson").write_text(json.dumps(collection))


def read(folder: Path, layers: str, area: str = "") -> list[Layer]:
    """Read a project of the given layers."""
    if not (folder / "area.geojson").exists():
        write_area(folder)
    path = folder / "p.toml"
    head = f'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n{area}\n'
    path.write_text(head + layers, "utf-8")
    return read_project_layers(load_project(path))


def incidents(folder: Path, text: str, more: str = "") -> Layer:
    """Read a table of incidents."""
    (folder / "r.csv").write_text(text, "utf-8")
    return read(folder, f'[[layers]]\nkind = "incidents"\nfile = "r.csv"\n{more}')[1]


def left_out(layer: Layer) -> list[tuple[int, str]]:
    """Give row and reason of what was left out."""
    return list(zip(layer.left_out["row"], layer.left_out["reason"], strict=True))


def test_every_reason_is_found_and_each_row_has_one(tmp_path: Path) -> None:
    """Rows are numbered as in a spreadsheet; the first reason in the stated order counts."""
    text = f"""{HEAD}
1;2021-06-07 14:30;Klotter;a;59.2;14.8
2;2021-06-07 14:30;Klotter;b;;14.8
3;2021-06-07 14:30;Klotter;c;här;14.8
4;2021-06-07 14:30;Klotter;d;0;0
5;2021-06-07 14:30;Klotter;e;58.2;14.8
6;2021-06-07 14:30;;f;59.2;14.8
7;2021-06-07 14:30;Kråkor;g;59.2;14.8
8;;Klotter;h;59.2;14.8
9;igår;Klotter;i;59.2;14.8
1;2021-06-08 14:30;Klotter;j;59.21;14.81
10;igår;Kråkor;k;0;0
11;2021-06-07;Klotter;59.2;14.8
"""
    layer = incidents(tmp_path, text)
    assert left_out(layer) == [
        (3, "no_position"),
        (4, "unreadable_position"),
        (5, "zero_position"),
        (6, "outside_area"),
        (7, "no_category"),
        (8, "unknown_category"),
        (9, "no_date"),
        (10, "unreadable_date"),
        (11, "duplicate"),
        (12, "zero_position"),
        (13, "wrong_number_of_fields"),
    ]
    by_row = layer.left_out.set_index("row")
    assert by_row.loc[4, "column"] == "lat"
    assert by_row.loc[4, "value"] == "här"
    assert by_row.loc[10, "value"] == "igår"
    assert layer.report.read == 12
    assert layer.report.accepted == 1
    assert tuple(layer.left_out.columns) == LEFT_OUT_COLUMNS


def test_a_usable_layer_holds_metres_text_and_months(tmp_path: Path) -> None:
    """The table starts with the id; coordinates are the projection of what was written."""
    layer = incidents(tmp_path, f"{HEAD}\nA-7;2021-06-07 14:30;Klotter;Vid  skolan;59,2;14,8\n")
    assert next(iter(layer.table)) == "id"
    row = layer.table.iloc[0]
    assert (row["id"], row["category"], row["family"]) == ("A-7", "graffiti", "order")
    assert row["month"] == "2021-06"
    assert row["time"] == pd.Timestamp("2021-06-07 14:30")
    assert row["place"] == "Vid skolan"
    east, north = transform([14.8], [59.2], 4326, 3006)
    assert shapely.get_x(layer.geometry[0]) == pytest.approx(east[0])
    assert layer.events is not None
    assert layer.events.y[0] == pytest.approx(north[0])
    assert layer.events.hour[0] == 14  # 7 June 2021 was a Monday
    assert layer.events.categories[layer.events.category[0]] == "graffiti"
    content = (tmp_path / "r.csv").read_bytes()
    assert layer.report.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("epsg", [3006, 3009, 3021])
@pytest.mark.parametrize("swapped", [False, True])
def test_columns_in_metres_are_recognised_by_the_area(
    tmp_path: Path, epsg: int, *, swapped: bool
) -> None:
    """SWEREF 99 TM, the local zone and RT 90 land on the same ground, whichever column is north."""
    lon, lat = np.linspace(14.65, 14.95, 12), np.linspace(59.12, 59.28, 12)
    east, north = transform(lon, lat, 4326, epsg)
    a, b = (north, east) if swapped else (east, north)
    rows = [
        f"2021-06-07;Klotter;{i};{x:.2f};{y:.2f}" for i, (x, y) in enumerate(zip(a, b, strict=True))
    ]
    layer = incidents(tmp_path, "\n".join(["Datum;Typ;Plats;X;Y", *rows]))
    assert layer.report.accepted == 12
    true_x, true_y = transform(lon, lat, 4326, 3006)
    assert shapely.get_x(layer.geometry) == pytest.approx(true_x, abs=0.5)
    assert shapely.get_y(layer.geometry) == pytest.approx(true_y, abs=0.5)
    assert any(note.key.startswith("coordinates_found") for note in layer.report.notes)


def test_a_list_of_the_whole_country_is_believed_by_its_names(tmp_path: Path) -> None:
    """Columns lon and lat are degrees even when most rows lie far from the area."""
    rows = [f"b{i};{57 + i / 10};{12 + i / 20}" for i in range(40)]
    (tmp_path / "b.csv").write_text("\n".join(["namn;lat;lon", *rows, "här;59.2;14.8"]))
    layer = read(tmp_path, '[[layers]]\nkind = "bathing_sites"\nfile = "b.csv"\n')[1]
    assert layer.report.usable
    assert "här" in set(layer.table["name"])
    assert layer.report.accepted + layer.report.left_out["outside_area"] == 41


def test_the_buffer_decides_what_is_outside(tmp_path: Path) -> None:
    """Just beyond the edge is in, farther is out."""
    text = f"{HEAD}\n1;2021-06-07;Klotter;a;59.2;14.598\n2;2021-06-07;Klotter;b;59.2;14.59\n" + (
        "".join(f"{i};2021-06-07;Klotter;c{i};59.2;14.7\n" for i in range(3, 30))
    )
    assert left_out(incidents(tmp_path, text)) == [(3, "outside_area")]


def test_missing_columns_are_a_problem_with_the_cure_and_the_columns_there_are(
    tmp_path: Path,
) -> None:
    """All that is missing is told at once; nothing is raised."""
    layer = incidents(tmp_path, "a;b\n1;2\n")
    assert not layer.report.usable
    assert layer.report.accepted == 0
    said = " ".join(map(str, layer.report.problems))
    for word in ("position", "category", "time", "found a, b", "columns = {"):
        assert word in said
    assert layer.report.left_out == {"unusable_source": 1}


def test_a_named_column_must_be_there(tmp_path: Path) -> None:
    """A slip of the pen in the project file is met with the nearest column."""
    layer = incidents(
        tmp_path,
        f"{HEAD}\n1;2021-06-07;Klotter;a;59.2;14.8\n",
        'columns = { time = "Dattum", wehn = "Typ" }',
    )
    said = " ".join(map(str, layer.report.problems))
    assert 'time = "Datum"' in said
    assert "'wehn'" in said


def test_named_columns_come_before_found_ones(tmp_path: Path) -> None:
    """What the project says is done."""
    text = "Datum;Ändrad;Typ;lat;lon\n2021-06-07;2021-08-09;Klotter;59.2;14.8\n"
    assert incidents(tmp_path, text).table["month"][0] == "2021-06"
    changed = incidents(tmp_path, text, 'columns = { time = "Ändrad" }')
    assert changed.table["month"][0] == "2021-08"


def test_unknown_words_are_named_with_counts_and_the_cure(tmp_path: Path) -> None:
    """The most common come first."""
    rows = ["Kråkor"] * 3 + ["Älg"] + ["Klotter"]
    text = "\n".join([HEAD, *(f"{i};2021-06-07;{w};x;59.2;14.8" for i, w in enumerate(rows))])
    layer = incidents(tmp_path, text)
    (note,) = [n for n in layer.report.notes if n.key == "unknown_categories"]
    assert note.values["words"] == "Kråkor (3), Älg (1)"
    assert note.level == "warning"
    assert "[categories]" in words("en").note(note)


def test_ids_stay_the_sources_own_or_are_row_numbers(tmp_path: Path) -> None:
    """A column that repeats itself everywhere identifies nothing, and that is said."""
    rows = [f"K{i % 3};2021-06-{i + 1:02d};Klotter;x;59.2;14.8" for i in range(20)]
    layer = incidents(tmp_path, "\n".join([HEAD, *rows]))
    assert list(layer.table["id"][:2]) == ["2", "3"]
    assert layer.report.accepted == 20
    assert any(note.key == "id_not_unique" for note in layer.report.notes)


def test_of_identical_rows_the_first_is_kept(tmp_path: Path) -> None:
    """Without ids, only rows that agree in every column are duplicates."""
    text = (
        "Datum;Typ;Plats;lat;lon\n"
        "2021-06-07;Klotter;a;59.2;14.8\n"
        "2021-06-07;Klotter;b;59.2;14.8\n"
        "2021-06-07;Klotter;a;59.2;14.8\n"
    )
    assert left_out(incidents(tmp_path, text)) == [(4, "duplicate")]


def test_the_area_can_be_picked_out_and_is_dissolved(tmp_path: Path) -> None:
    """One row, one geometry; polygons that were not chosen are left out."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code},
            "geometry": shapely.geometry.mapping(shapely.box(x, 59.1, x + 0.2, 59.3)),
        }
        for code, x in (("1814", 14.6), ("1814", 14.8), ("1880", 15.0))
    ]
    write_area(tmp_path, features)
    (tmp_path / "r.csv").write_text(f"{HEAD}\n1;2021-06-07;Klotter;a;59.2;14.8\n")
    layers = '[[layers]]\nkind = "incidents"\nfile = "r.csv"\n'
    area = read(tmp_path, layers, 'select = { column = "code", value = "1814" }')[0]
    assert area.report.left_out == {"not_selected": 1}
    assert len(area.table) == len(area.geometry) == 1
    project = load_project(tmp_path / "p.toml")
    ground = study_area(area, project)
    assert ground.box == pytest.approx(BOX, abs=1e-9)
    assert ground.name == "Lekeberg"
    wrong = read(tmp_path, layers, 'select = { column = "code", value = "9999" }')[0]
    assert "1814 (2)" in str(wrong.report.problems[0])


def test_problems_of_all_sources_are_known_at_once(tmp_path: Path) -> None:
    """A broken area does not hide a broken table, nor the other way round."""
    write_area(tmp_path)
    (tmp_path / "r.csv").write_text("a;b\n1;2\n")
    (tmp_path / "p.csv").write_bytes(b"\x00\x01\x02")
    found = read(
        tmp_path,
        '[[layers]]\nkind = "incidents"\nfile = "r.csv"\n'
        '[[layers]]\nkind = "places"\nfile = "p.csv"\n',
        'select = { column = "kod", value = "1" }',
    )
    assert [layer.report.usable for layer in found] == [False, False, False]


def test_no_usable_row_makes_a_source_unusable(tmp_path: Path) -> None:
    """The problem counts the reasons and names the likeliest cure."""
    layer = incidents(tmp_path, f"{HEAD}\n1;2021-06-07;Kråkor;a;59.2;14.8\n")
    (problem,) = layer.report.problems
    assert "unknown_category (1)" in problem.what
    assert "[categories." in problem.cure


def test_an_empty_table_is_said_and_harmless(tmp_path: Path) -> None:
    """A month without reports is no error."""
    layer = incidents(tmp_path, f"{HEAD}\n")
    assert layer.report.usable
    assert len(layer.table) == 0
    assert [note.key for note in layer.report.notes if note.level == "warning"] == ["no_rows"]


def test_axes_that_a_file_has_turned_are_turned_back(tmp_path: Path) -> None:
    """A GeoJSON with latitude first lands in the area, and that is said."""
    features = [
        {
            "type": "Feature",
            "properties": {"namn": f"p{i}"},
            "geometry": {"type": "Point", "coordinates": [59.15 + i / 100, 14.7 + i / 100]},
        }
        for i in range(10)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    (tmp_path / "b.geojson").write_text(json.dumps(collection))
    layer = read(tmp_path, '[[layers]]\nkind = "places"\nfile = "b.geojson"\n')[1]
    assert layer.report.accepted == 10
    assert any("swapped" in note.key for note in layer.report.notes)


DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.integers(0, 5),
        st.sampled_from(["", "0", "x", "59.2", "14.8", "2021-06-07", "Klotter", "-", "1e9", "nan"]),
    ),
    max_size=60,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damage=DAMAGE, cut=st.sets(st.integers(0, 30), max_size=5))
def test_no_row_is_lost_however_a_file_is_damaged(
    tmp_path: Path, damage: list[tuple[int, int, str]], cut: set[int]
) -> None:
    """Each row is accepted or left out, once, and has a reason with words."""
    rows = [
        [str(i), f"2021-06-{i % 28 + 1:02d}", "Klotter", f"p{i}", f"{59.15 + i / 300}", "14.8"]
        for i in range(31)
    ]
    for row, column, value in damage:
        rows[row][column] = value
    lines = [";".join(row[:3] if i in cut else row) for i, row in enumerate(rows)]
    layer = incidents(tmp_path, "\n".join([HEAD, *lines]) + "\n")
    report = layer.report
    assert report.read == 31 == report.accepted + sum(report.left_out.values())
    assert len(layer.table) == len(layer.geometry) == report.accepted
    assert layer.left_out["row"].is_unique
    assert layer.table["id"].is_unique
    if layer.events is not None:
        assert len(layer.events) == report.accepted - report.area_level
        assert np.isfinite(layer.events.x).all()
    for reason in report.left_out:
        assert all(words(language).has(f"reasons.{reason}") for language in ("sv", "en"))


def test_spans_stay_with_their_events_when_others_are_left_out(tmp_path: Path) -> None:
    """Rows left out before and between, duplicates and area-level events take theirs along."""
    centre = "".join(
        f"c{i};2021-06-{i % 28 + 1:02d} 10:00;2021-06-{i % 28 + 1:02d} 13:00;Klotter;59.2;14.8\n"
        for i in range(40)
    )
    text = (
        "id;Från;Till;Typ;lat;lon\n"
        "a;2021-06-07 22:00;2021-06-08 06:00;Klotter;;\n"
        "b;2021-06-07 21:00;2021-06-08 06:00;Klotter;59.21;14.81\n"
        "b;2021-06-07 20:00;2021-06-08 06:00;Klotter;59.22;14.82\n"
        f"{centre}"
        "d;2021-06-07 19:00;;Klotter;59.23;14.83\n"
        "e;2021-06-07 18:00;2021-06-08 06:00;Klotter;59.24;14.84\n"
    )
    layer = incidents(tmp_path, text)
    assert layer.report.area_level == 40
    events = layer.events
    assert events is not None
    assert events.between is not None
    assert [str(t)[11:13] for t in events.between.start] == ["21", "", "18"]
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["incidents_between"]["n"] == 2


def test_every_reason_has_words_in_both_languages() -> None:
    """A row is never left out for a reason that nobody can read."""
    for language in ("sv", "en"):
        for reason in (*REASONS, "unusable_source", "unclosed_quote"):
            assert words(language).has(f"reasons.{reason}"), (language, reason)


def test_every_note_has_words_in_both_languages() -> None:
    """No remark about a source is shown as a bare key."""
    root = Path(__file__).parents[1]
    keys = {
        node.args[0].value
        for path in [*root.glob("layers/**/*.py"), *root.glob("geo/**/*.py")]
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note"
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert len(keys) > 20
    for language in ("sv", "en"):
        assert [key for key in sorted(keys) if not words(language).has(f"notes.{key}")] == []


@needs_reference
def test_every_bathing_water_of_sweden_lands_in_its_municipality(tmp_path: Path) -> None:
    """HaV's list as published, with all of Sweden as the area: 2 684 rows, 11 of them at 0, 0."""
    sweden = REFERENCE / "sweden"
    path = tmp_path / "p.toml"
    path.write_text(
        f'municipality = "Sverige"\n[area]\nfile = "{sweden}/kommuner_scb_3006.gpkg"\n'
        "buffer_m = 5000\n"
        f'[[layers]]\nkind = "bathing_sites"\nfile = "{sweden}/badplatser_hav_2021.csv"\n'
    )
    layer = read_project_layers(load_project(path))[1]
    assert layer.report.read == 2684
    assert layer.report.left_out["zero_position"] == 11
    assert layer.report.accepted >= 2650  # the others lie off the coarse coast
    import pyogrio  # noqa: PLC0415 - only where the data are

    frame = pyogrio.read_dataframe(sweden / "kommuner_scb_3006.gpkg")
    tree = shapely.STRtree(frame.geometry.to_numpy())
    point, polygon = tree.query(layer.geometry, predicate="intersects")
    found = pd.Series(frame["name"].to_numpy()[polygon], index=layer.table["id"].to_numpy()[point])
    expected = pd.read_csv(sweden / "pip_expected_scb_sf.csv").set_index("nutskod")["scb_pip"]
    placed = expected.dropna()  # where the coarse polygons have land
    assert len(placed) > 2000
    assert (found[placed.index] == placed).all()


@needs_reference
def test_the_reference_area_is_read_as_it_is(tmp_path: Path) -> None:
    """Lekeberg's polygon comes into metres: about 480 km² with its lakes."""
    path = tmp_path / "p.toml"
    (tmp_path / "r.csv").write_text(HEAD)
    path.write_text(
        f'municipality = "Lekeberg"\n[area]\nfile = "{REFERENCE}/sweden/lekeberg_1814.geojson"\n'
        '[[layers]]\nkind = "incidents"\nfile = "r.csv"\n'
    )
    area = read_area(load_project(path))
    assert 430e6 < shapely.area(area.geometry[0]) < 530e6
