"""The tables open in Excel as they are and are read by a script with two options."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from situations import BADGRUVA, situation

from geo.schema import HOTSPOT, LEFT_OUT
from maps import tables
from maps.tables import write_hotspots_csv, write_left_out_csv

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Hotspot

FORM = {"sv": {"sep": ";", "decimal": ","}, "en": {"sep": ",", "decimal": "."}}


def value_of(spot: Hotspot, column: str) -> float | None:
    """Give a hotspot's number; those on change and stability stand in parts of their own."""
    for part, start in ((spot.change, "recent_"), (spot.stability, "stability_")):
        if column.startswith(start):
            return None if part is None else getattr(part, column.removeprefix(start))
    return getattr(spot, column)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_script_reads_every_hotspot_with_its_numbers(tmp_path: Path, language: str) -> None:
    """All columns of the contract, then the place; numbers to ten figures, gaps where missing."""
    one = situation()
    path = tmp_path / "hotspots.csv"
    write_hotspots_csv(one, path, language)
    frame = pd.read_csv(path, encoding="utf-8-sig", **FORM[language])
    spots = [spot for view in one.views for spot in view.hotspots]
    assert [*frame.columns] == [*(column.name for column in HOTSPOT), "lon", "lat", "x", "y"]
    assert frame["hotspot_id"].tolist() == [spot.id for spot in spots]
    for column in HOTSPOT:
        if column.kind != "text":
            expected = np.array([value_of(spot, column.name) for spot in spots], float)
            expected[np.isinf(expected)] = np.nan  # no number for a spreadsheet
            np.testing.assert_allclose(frame[column.name], expected, rtol=1e-9)
    assert frame["family"].tolist() == [spot.family for spot in spots]


def test_the_place_is_in_degrees_and_in_metres(tmp_path: Path) -> None:
    """Lanna badgruva lies at 59.244 N, 14.923 E; metres are those of the situation."""
    write_hotspots_csv(situation(), tmp_path / "a.csv", "en")
    first = pd.read_csv(tmp_path / "a.csv").iloc[0]
    assert (first["x"], first["y"]) == BADGRUVA
    assert (first["lon"], first["lat"]) == pytest.approx((14.9234, 59.2442), abs=1e-4)


@pytest.mark.parametrize(
    ("language", "start"), [("sv", "hotspot_id;family;"), ("en", "hotspot_id,family,")]
)
def test_excel_opens_it_with_a_double_click(tmp_path: Path, language: str, start: str) -> None:
    """Byte-order mark, the language's separator, rows ended alike on every system."""
    path = tmp_path / "a.csv"
    write_hotspots_csv(situation(), path, language)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf" + start.encode())
    assert data.count(b"\r\n") == data.count(b"\n") == 8
    assert data.endswith(b"\r\n")


def test_swedish_words_for_swedes_english_for_others(tmp_path: Path) -> None:
    """Texts follow the language, keys do not."""
    for language, word in (("sv", "Nedskräpning"), ("en", "Littering")):
        write_hotspots_csv(situation(), tmp_path / "a.csv", language)
        frame = pd.read_csv(tmp_path / "a.csv", encoding="utf-8-sig", **FORM[language])
        assert frame["categories"].str.contains(word).any()
        assert set(frame["family"]) == {"all", "order", "traffic", "narcotics"}


def test_too_little_gives_a_table_without_rows(tmp_path: Path) -> None:
    """The header stands; nothing is claimed."""
    write_hotspots_csv(situation(enough=False), tmp_path / "a.csv", "sv")
    assert len(pd.read_csv(tmp_path / "a.csv", sep=";")) == 0


@given(st.text(max_size=30))
def test_no_text_is_run_as_a_formula_and_none_is_lost(text: str) -> None:
    """No cell begins as a formula does; without its apostrophe a text is what it was."""
    field = tables._field(text, ",")
    assert not field.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    back = field[1:] if field != text.replace("\0", "\ufffd") else field
    assert back == text.replace("\0", "\ufffd")
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=";", lineterminator="\r\n").writerow([field, "next"])
    line.seek(0)
    assert next(csv.reader(line, delimiter=";")) == [field, "next"]


@pytest.mark.parametrize(
    ("value", "sv", "en"),
    [
        (-1.5, "-1,5", "-1.5"),
        (1e-7, "1e-07", "1e-07"),
        (249999.99999999997, "250000", "250000"),
        (float("nan"), "", ""),
        (float("inf"), "", ""),
        (None, "", ""),
        (pd.NA, "", ""),
        (np.int64(17), "17", "17"),
        (np.float64(0.25), "0,25", "0.25"),
        ("-1,5", "'-1,5", "'-1,5"),
    ],
)
def test_values_are_written_plainly(value: object, sv: str, en: str) -> None:
    """A negative number is a number; a text that looks like one stays a text."""
    assert (tables._field(value, ","), tables._field(value, ".")) == (sv, en)


def test_every_row_left_out_is_told_with_its_file_and_row(tmp_path: Path) -> None:
    """Rows of all layers, background too; an absolute path says no more than its name."""
    one = situation(text=";\"'\n=1+1")
    incidents = one.layers[3]
    report = dataclasses.replace(incidents.report, path="/home/someone/rapporter.csv")
    ground = dataclasses.replace(
        one.background[0],
        left_out=pd.DataFrame(
            {"row": [3], "reason": ["made_up_reason"], "column": ["geom"], "value": ["=cmd()"]}
        ),
    )
    one = dataclasses.replace(
        one,
        layers=(*one.layers[:3], dataclasses.replace(incidents, report=report)),
        background=(ground,),
    )
    write_left_out_csv(one, tmp_path / "a.csv", "sv")
    frame = pd.read_csv(tmp_path / "a.csv", encoding="utf-8-sig", sep=";", keep_default_na=False)
    assert [*frame.columns] == [column.name for column in LEFT_OUT]
    assert frame["source"].tolist() == ["rapporter.csv", "rapporter.csv", "roads.csv"]
    assert frame["row"].tolist() == [17, 40, 3]
    assert frame["reason"].tolist() == ["no_position", "unreadable_date", "made_up_reason"]
    assert frame["value"].tolist() == ["", "igår;\"'\n=1+1", "'=cmd()"]
    assert frame["explanation"].iloc[2] == "made_up_reason", "a key without words stands for itself"
    assert (frame["explanation"] != "").all()


def test_the_same_situation_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the moment or the place of writing is in a table."""
    for write in (write_hotspots_csv, write_left_out_csv):
        write(situation(), tmp_path / "a.csv", "sv")
        write(situation(), tmp_path / "b.csv", "sv")
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
