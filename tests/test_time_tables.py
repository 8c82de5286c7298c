"""What methods tell of time and streets reaches people who work with tables and with GIS."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from in_qgis import told_by
from openpyxl import load_workbook
from situations import over_time, situation
from test_geopackage import parsed, rows

from geo import schema
from maps import phrases, styles
from maps.geopackage import write_geopackage
from maps.manifest import manifest_text
from maps.tables import cluster_values
from maps.time_tables import near_repeat_rows, rhythm_rows
from maps.words import words
from maps.workbook import write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Alert, Situation

PLAIN = situation()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Situation, Path]:
    """Write the situation once, with what the methods of time and streets answer."""
    path = tmp_path_factory.mktemp("time") / "lagesbild.gpkg"
    one = over_time(situation())
    until = np.array(["2022-01-07", *[""] * (len(one.cells) - 1)])
    first = replace(one.views[0], columns={**one.views[0].columns, "near_repeat_until": until})
    one = replace(one, views=(first, *one.views[1:]))
    write_geopackage(one, path, "sv")
    return one, path


def found_by(method: str, one: Situation) -> Alert:
    """Take what a method found on the first map."""
    return next(alert for alert in one.views[0].alerts if alert.method == method)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("streets", schema.STREET),
        ("rhythm", schema.RHYTHM),
        ("near_repeat", schema.NEAR_REPEAT),
        ("clusters", schema.CLUSTER),
    ],
)
def test_a_table_has_the_columns_of_its_schema(
    written: tuple[Situation, Path], name: str, columns: tuple[schema.Column, ...]
) -> None:
    """In its order, of its types, each with an alias that is no technical name."""
    path = written[1]
    kinds = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "date": "DATE"}
    info = rows(path, f"PRAGMA table_info({name})")
    found = {column: kind for _, column, kind, *_ in info if column not in {"fid", "geom"}}
    assert found == {column.name: kinds[column.kind] for column in columns}
    assert [*found] == [column.name for column in columns]
    sql = "SELECT column_name, name FROM gpkg_data_columns WHERE table_name = ?"
    aliases = dict(rows(path, sql, name))
    assert all(aliases[column] not in {column, None} for column in found)


def test_streets_are_the_pieces_that_were_measured(written: tuple[Situation, Path]) -> None:
    """Every piece of every map's roads with its own numbers, whole shape and claim."""
    one, path = written
    frame = pyogrio.read_dataframe(path, layer="streets")
    assert set(frame["family"]) == {view.family for view in one.views}
    for view in one.views:
        mine, streets = frame[frame["family"] == view.family], view.streets
        assert streets is not None
        assert shapely.equals(np.array(mine.geometry), streets.geometry).all()
        for name in ("length_m", "n", "density", "p", "q", "hot"):
            np.testing.assert_array_equal(mine[name], getattr(streets, name))
        assert mine["name"].tolist() == streets.names.tolist()


def test_the_rhythm_s_rows_are_its_facts(written: tuple[Situation, Path]) -> None:
    """Of each map 168 hours, 24, 7 and 12, then the contrasts; counts of a profile add up alike."""
    one, path = written
    found = rhythm_rows(one, words("sv"))
    assert len(found) == len(one.views) * (168 + 24 + 7 + 12 + 4)
    mine = [row for row in found if row["family"] == "order"]
    facts = next(view.facts["rhythm"] for view in one.views if view.family == "order")
    for profile in ("hours", "clock", "weekdays", "months"):
        part = [row for row in mine if row["profile"] == profile]
        for name in ("n", "expected", "ratio", "q", "mark"):
            assert [row[name] for row in part] == facts[profile][name]
    assert rows(path, "SELECT count(*) FROM rhythm") == [(len(found),)]
    total = "SELECT sum(n) FROM rhythm WHERE family = 'all' AND profile = ?"
    assert len({rows(path, total, name)[0] for name in ("hours", "clock", "weekdays")}) == 1


@pytest.mark.parametrize(
    ("profile", "item", "label"),
    [
        ("hours", "5-22", "fre 22–23"),
        ("hours", "1-0", "mån 00–01"),
        ("clock", "7", "07–08"),
        ("weekdays", "7", "söndag"),
        ("months", "6", "juni"),
        ("contrasts", "public", "Röda dagar"),
    ],
)
def test_a_time_has_a_key_and_a_name(profile: str, item: str, label: str) -> None:
    """Monday is 1, January is 1, and an hour of the week says both its day and its clock."""
    names = {(row["profile"], row["item"]): row["label"] for row in told("sv")}
    assert names[profile, item] == label


def told(language: str) -> list[dict[str, Any]]:
    """Give the rhythm of the first map."""
    one = over_time(situation())
    return rhythm_rows(replace(one, views=one.views[:1]), words(language))


def test_a_contrast_is_marked_where_its_interval_leaves_one_out() -> None:
    """More in the dark and in school holidays, less on public ones, nothing at the same clock."""
    marks = {row["item"]: row["mark"] for row in told("en") if row["profile"] == "contrasts"}
    assert marks == {"dark": 1, "dark_same_clock": 0, "public": -1, "school": 1}


def test_near_repeats_are_the_knox_table_row_by_row(written: tuple[Situation, Path]) -> None:
    """Distances and days half-open as they were counted; no ratio where nothing was expected."""
    one, path = written
    assert len(near_repeat_rows(one)) == 6 * len(one.views)
    sql = "SELECT distance, days, observed, expected, ratio, p, significant FROM near_repeat"
    found = rows(path, f"{sql} WHERE family = 'all'")
    assert found[0] == ("[0, 100)", "[0, 7)", 30, 14.0, 2.14, 0.001, 1)
    assert found[1] == ("[0, 100)", "[7, 14)", 11, 10.0, 1.1, 0.4, 0)
    assert found[5] == ("[200, 400)", "[7, 14)", 0, 0.0, None, 1.0, 0)


def test_without_these_methods_there_are_no_such_tables(tmp_path: Path) -> None:
    """No empty table, no empty sheet, no style that has nothing to show."""
    write_geopackage(situation(), tmp_path / "a.gpkg", "sv")
    names = {name for name, _ in pyogrio.list_layers(tmp_path / "a.gpkg")}
    assert not names & {"streets", "rhythm", "near_repeat"}
    sql = "SELECT count(*) FROM layer_styles WHERE useAsDefault = 0"
    assert rows(tmp_path / "a.gpkg", sql) == [(0,)]


def test_days_of_raised_risk_are_dates(written: tuple[Situation, Path]) -> None:
    """Of places and of cells; null where there is none."""
    path = written[1]
    sql = "SELECT first_day, last_day FROM clusters WHERE family = 'all' ORDER BY method"
    assert rows(path, sql)[0] == ("2021-12-28", "2022-01-07")
    assert rows(path, f"{sql} DESC")[0] == (None, None)
    types = {name: kind for _, name, kind, *_ in rows(path, "PRAGMA table_info(cells)")}
    assert types["near_repeat_until"] == "DATE"
    until = rows(path, "SELECT near_repeat_until FROM cells ORDER BY fid LIMIT 2")
    assert until == [("2022-01-07",), (None,)]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "sv",
            (
                "5 händelser de senaste 7 dagarna. Nya händelser är 6,7 gånger vanligare än väntat "
                "så nära och så snart efteråt. Gäller 28 december 2021–7 januari 2022."
            ),
        ),
        (
            "en",
            (
                "5 events in the last 7 days. New events are 6.7 times as common as expected "
                "so near and so soon after. Holds 28 December 2021–7 January 2022."
            ),
        ),
    ],
)
def test_a_place_to_watch_says_why_and_until_when(language: str, sentence: str) -> None:
    """The days are those of the longest band that is claimed; the map's p is not the place's."""
    one = over_time(situation())
    alert = replace(found_by("near_repeat", one), n=5, ratio=6.7)
    reason = cluster_values(alert, one, words(language))["reason"]
    assert reason == sentence


def test_a_street_is_compared_with_its_length() -> None:
    """Not with the ground around it, and with how often chance gives as much."""
    one = over_time(situation())
    alert = replace(found_by("network_kde", one), n=12, expected=2.1, recurrence_months=None)
    said = phrases.alert(alert, words("sv"), one)
    assert said.startswith("12 händelser längs vägen; 2,1 väntades om de låg jämnt längs alla väg")
    assert said.endswith(phrases.chance(alert, words("sv")))


def test_the_manifest_leaves_every_hour_to_its_table() -> None:
    """What a script asks for is there, each list of numbers on one line."""
    text = manifest_text(over_time(situation()))
    found = json.loads(text)["findings"]["all"]
    assert set(found["rhythm"]) == {"dark", "dark_same_clock", "public", "school"}
    assert found["near_repeat"]["expected"] == [[14.0, 10.0], [20.0, 20.0], [40.0, 0.0]]
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    assert "[ 14.0, 10.0 ]" in lines
    assert "[ true, false ]" in lines


LISTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(-1e300, 1e300)
    | st.text('[]{}",:\n 1e.t'),
    st.lists,
    max_leaves=30,
)


@given(LISTS)
def test_shorter_lists_say_the_same(value: object) -> None:
    """Whatever texts hold, brackets and line breaks too, JSON reads back what was written."""
    one = replace(PLAIN, settings={"own": value})
    assert json.loads(manifest_text(one))["settings"] == {"own": value}


def test_the_workbook_says_times_in_words(tmp_path: Path) -> None:
    """A sheet for each table of time, keys as people say them, days as days."""
    one = over_time(situation())
    write_workbook(one, tmp_path, "sv")
    book = load_workbook(io.BytesIO((tmp_path / "lagesbild.xlsx").read_bytes()))
    assert {"När det händer", "Upprepningar nära och snart"} <= set(book.sheetnames)
    first = [cell.value for cell in book["När det händer"][5]]
    assert first[:3] == ["Alla slag", "Timme och veckodag", "mån 00–01"]
    assert first[-1] == "Ingen säker skillnad"
    pairs = [cell.value for cell in book["Upprepningar nära och snart"][5]]
    assert pairs[:4] == ["Alla slag", "[0, 100)", "[0, 7)", 30]
    assert pairs[-1] == "Mer än slumpen ger"
    groups = book["Nya och täta grupper"]
    heads = [cell.value for cell in groups[4]]
    days = [row[heads.index("Gäller till och med")] for row in groups.iter_rows(min_row=5)]
    assert {(d.value.date(), d.number_format) for d in days if d.value} == {
        (date(2022, 1, 7), "yyyy-mm-dd")
    }


def test_cells_can_be_looked_at_in_two_more_ways(written: tuple[Situation, Path]) -> None:
    """Course and forecast are styles beside the usual one, which stays the default."""
    sql = "SELECT styleName, useAsDefault, styleQML FROM layer_styles WHERE f_table_name = 'cells'"
    found = {str(name): (default, parsed(qml)) for name, default, qml in rows(written[1], sql)}
    assert {name: default for name, (default, _) in found.items()} == {
        "cells": 1,
        "Förlopp": 0,
        "Prognos": 0,
    }
    course = found["Förlopp"][1].find("renderer-v2")
    assert course is not None
    keys = [one.get("value") for one in course.iter("category")]
    assert keys == ["new", "persistent", "recurring", "former"]
    expected = found["Prognos"][1].find("renderer-v2")
    assert expected is not None
    assert expected.get("attr") == "forecast"


@given(st.lists(st.tuples(st.floats(0, 1e4), st.booleans()), min_size=1, max_size=40))
@example([(5e-324, False)])
def test_a_piece_of_street_is_drawn_by_its_density_and_its_claim(
    pieces: list[tuple[float, bool]],
) -> None:
    """The densest has a class, hot or not, and no class mixes the two."""
    density = np.array([one for one, _ in pieces])
    aliases = {column.name: column.name for column in schema.STREET}
    style = styles.streets_style(density, {}, aliases, words("en"))
    if style.renderer == "singleSymbol":
        return
    for sign in (1, -1):
        assert any(part.lower <= sign * density.max() <= part.upper for part in style.classes)
    hot = [part for part in style.classes if part.label.endswith("than chance explains")]
    assert all(part.lower > 0 for part in hot)
    assert all(part.upper < 0 for part in style.classes if part not in hot)


@pytest.mark.qgis
def test_qgis_shows_each_style(written: tuple[Situation, Path], qgis_python: str) -> None:
    """It lists them under Styles in the project and loads them from the file; streets wait."""
    _, path = written
    found = told_by("qgis_project_open.py", qgis_python, path, path.parent, runtime=path.parent)
    layers = {one["name"]: one for group in found["groups"].values() for one in group}
    assert layers["Rutor"]["styles"] == {
        "Förlopp": ["categorizedSymbol", ["Ny", "Bestående", "Återkommande", "Tidigare"]],
        "Grundstil": ["categorizedSymbol", layers["Rutor"]["styles"]["Grundstil"][1]],
        "Prognos": ["graduatedSymbol", ["0,05–0,1", "0,1–0,2", "0,2–0,5", "0,5–1", "≥ 1"]],
    }
    assert layers["Rutor"]["styles"]["Grundstil"][1][0] == "Het, 99 % säkerhet"
    assert layers["Rutor"]["stored"] == ["cells", "Förlopp", "Prognos"]
    streets = layers["Gator, händelser per km"]
    assert (streets["valid"], streets["shown"]) == (True, False)
    assert streets["renderer"] == "graduatedSymbol"
    assert {"När det händer", "Upprepningar nära och snart"} <= {
        one["name"] for one in found["groups"]["Tabeller"]
    }


def test_the_same_situation_gives_the_same_tables(tmp_path: Path) -> None:
    """Byte for byte."""
    for name in ("a.gpkg", "b.gpkg"):
        write_geopackage(over_time(situation()), tmp_path / name, "en", name="a.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as file:
        labels = file.execute("SELECT label FROM rhythm WHERE item = '5-22' LIMIT 1").fetchall()
    assert labels == [("Fri 22–23",)]
