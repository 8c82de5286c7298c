"""Promises of the ways in: separated text, Excel workbooks, and files of geometries."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import zipfile
from typing import TYPE_CHECKING, Any

import fiona
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import SourceError
from layers.formats import csv as csv_format
from layers.formats import excel, formats, vector
from layers.layer import LEFT_OUT_COLUMNS, RawTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Cells = list[list[Any]]


def cells(table: RawTable) -> Cells:
    """Give the data as rows of plain values, None where there is nothing."""
    frame = table.data.astype(object)
    return frame.where(frame.notna(), None).to_numpy().tolist()


def whole(
    tables: Iterable[RawTable],
) -> tuple[Cells, list[int], list[tuple[int, str, str]], list[str]]:
    """Put batches together: cells, row numbers, rows left out, keys of notes."""
    values: Cells = []
    rows: list[int] = []
    out: list[tuple[int, str, str]] = []
    notes: list[str] = []
    for table in tables:
        assert len(table.data) == len(table.rows)
        assert tuple(table.left_out.columns) == LEFT_OUT_COLUMNS
        values += cells(table)
        rows += table.rows.tolist()
        left = table.left_out
        out += list(zip(left["row"], left["reason"], left["value"], strict=True))
        notes += [note.key for note in table.notes]
    return values, rows, sorted(out), notes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a file that can be written."""
    return tmp_path / "händelser.csv"


def write(file: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text to a file, with its line ends as they are."""
    file.write_bytes(text.encode(encoding))
    return file


def test_every_format_declares_its_endings_and_no_two_claim_the_same() -> None:
    """A file's ending finds one way in, unless a look into the file tells whose it is."""
    claimed = [ending for f in formats().values() if f.claims is None for ending in f.endings]
    assert {"csv", "excel", "vector"} <= set(formats())
    assert len(claimed) == len(set(claimed))


# --- separated text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_swedish_export_is_read_alike(
    file: Path, encoding: str, delimiter: str, end: str
) -> None:
    """Encoding, delimiter and line ends are found out, never asked for."""
    lines = [["nr", "plats", "ärende"], ["1", "Åsbro – väg 51", "Skräp"], ["2", "", "Öl"]]
    write(file, end.join(delimiter.join(line) for line in lines) + end, encoding)
    (table,) = csv_format.read(file)
    assert list(table.data.columns) == ["nr", "plats", "ärende"]
    assert cells(table) == [["1", "Åsbro – väg 51", "Skräp"], ["2", None, "Öl"]]
    assert table.rows.tolist() == [2, 3]
    assert table.left_out.empty
    assert not table.notes


@pytest.mark.parametrize(
    ("text", "values", "rows", "left_out"),
    [
        pytest.param("a;b\n\n1;2\n \n;\n3;4\n\n", [["1", "2"], ["3", "4"]], [3, 6], [], id="blank"),
        pytest.param("\n\na;b\n1;2\n", [["1", "2"]], [4], [], id="blank first"),
        pytest.param("sep=;\r\na;b,c\r\n1;2\r\n", [["1", "2"]], [2], [], id="sep line"),
        pytest.param(
            "a;b\n1\n2;3\n4;5;6\n7;8",
            [["2", "3"], ["7", "8"]],
            [3, 5],
            [(2, "wrong_number_of_fields", "1 of 2"), (4, "wrong_number_of_fields", "3 of 2")],
            id="too few and too many",
        ),
        pytest.param("a;b;\n1;2;\n3;4;\n", [["1", "2"], ["3", "4"]], [2, 3], [], id="trailing"),
        pytest.param("a;b\n1;2;;\n3;4;;\n", [["1", "2"], ["3", "4"]], [2, 3], [], id="in rows"),
        pytest.param(
            "a;b\n1;2;\n3;4;x\n5;6\n",
            [["1", "2"], ["5", "6"]],
            [2, 4],
            [(3, "wrong_number_of_fields", "3 of 2")],
            id="trailing with text",
        ),
        pytest.param('a;b\n"1\n2";3\n4;5\n', [["1\n2", "3"], ["4", "5"]], [2, 3], [], id="newline"),
        pytest.param('a;b\n"x;""y""";3\n', [['x;"y"', "3"]], [2], [], id="quoted delimiter"),
        pytest.param('a;b\nx 5" y;3\n', [['x 5" y', "3"]], [2], [], id="an inch"),
        pytest.param(
            'a;b\n1;"2\n3;4\n5;6\n',
            [["3", "4"], ["5", "6"]],
            [3, 4],
            [(2, "unclosed_quote", '1;"2')],
            id="quote never closed",
        ),
        pytest.param(
            'a;b\n1;"2\n3;4\n5;"6"\n',
            [["3", "4"], ["5", "6"]],
            [3, 4],
            [(2, "unclosed_quote", '1;"2')],
            id="quote closed rows later",
        ),
        pytest.param("a\n1\n\n2\n", [["1"], ["2"]], [2, 4], [], id="one column"),
        pytest.param("a;b\n", [], [], [], id="only a header"),
        pytest.param("a;b", [], [], [], id="only a header, no line end"),
    ],
)  # fmt: skip
def test_awkward_rows_keep_their_numbers_and_are_left_out_with_a_reason(
    file: Path, text: str, values: Cells, rows: list[int], left_out: list[tuple[int, str, str]]
) -> None:
    """Rows are numbered as a spreadsheet shows them; the header is row 1."""
    assert whole(csv_format.read(write(file, text)))[:3] == (values, rows, left_out)


def test_a_comma_too_many_in_free_text_costs_that_row_only(file: Path) -> None:
    """Unquoted commas in descriptions, as in published lists of bathing sites."""
    write(file, "namn,text\nMulten,fint\nLeken,fint, men kallt\nLanna,djupt\n", "utf-8-sig")
    _, rows, left_out, _ = whole(csv_format.read(file))
    assert rows == [2, 4]
    assert left_out == [(3, "wrong_number_of_fields", "3 of 2")]


def test_names_of_columns_become_unique_and_it_is_said(file: Path) -> None:
    """Nameless and repeated columns are told apart; nothing is overwritten."""
    (table,) = csv_format.read(write(file, "datum; datum ;;datum_2;\n1;2;3;4;\n"))
    assert list(table.data.columns) == ["datum", "datum_3", "column_3", "datum_2"]
    assert cells(table) == [["1", "2", "3", "4"]]
    assert {n.key: n.values["columns"] for n in table.notes} == {
        "columns_without_name": "column_3",
        "columns_of_same_name": "datum_3",
    }


def test_bytes_that_mean_nothing_are_told(file: Path) -> None:
    """Text in no known encoding is read as far as it goes, with a warning."""
    file.write_bytes("a;b\nå;".encode("cp1252") + b"\x81\n")
    values, _, _, notes = whole(csv_format.read(file))
    assert values == [["å", "\ufffd"]]
    assert notes == ["characters_lost"]


PIECES = [
    "a",
    "å",
    '"',
    ";",
    "\n",
    '"a"',
    " ",
    "b;c\n",
    "1;2\n",
    "\r\n",
    '""',
    ';"',
    '";',
    "\r",
    "1;2;\n",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=24), st.sampled_from(["x;y\n", "x;y;\r\n", "x\n"])
)
def test_the_fast_and_the_exact_way_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], header: str
) -> None:
    """On any jumble of quotes, delimiters and line ends, both ways give the same rows."""
    file = write(tmp_path_factory.getbasetemp() / "jumble.csv", header + "".join(pieces))
    layout = csv_format._layout(file, csv_format._encoding(file, b""))
    exact = [csv_format._table(layout, *b, ()) for b in csv_format._exact_batches(file, layout, 0)]
    values, rows, left_out, _ = whole(exact)
    assert whole(csv_format.read(file))[:3] == (values, rows, left_out)
    numbers = rows + [row for row, _, _ in left_out]
    assert len(numbers) == len(set(numbers)), "a row is accepted or left out, once"


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_what_a_csv_writer_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    """Read = accepted: every row of a well-formed file comes back, whatever its text."""
    frame = pd.DataFrame(table, columns=["ett", "två"], dtype="str")
    file = tmp_path_factory.getbasetemp() / "written.csv"
    frame.to_csv(file, sep=";", index=False, quoting=1, lineterminator="\n")
    values, _, left_out, _ = whole(csv_format.read(file))
    written = [row for row in table if any(v.strip() for v in row)]  # a blank row is no row
    expected = [[v or None for v in row] for row in written]
    assert values == expected
    assert left_out == []


def test_a_large_file_is_read_in_batches_with_every_row_numbered(file: Path) -> None:
    """Bad rows far down keep their numbers across batches, and the notes are said once."""
    n = 300_000
    lines = [f"{i};{'x' * 20};{i}" for i in range(n)]
    lines[150_000] = "too;few"
    lines[n - 1] = "a;b;c;d"
    write(file, "id;text;id\n" + "\n".join(lines) + "\n", "cp1252")
    tables = list(csv_format.read(file))
    assert len(tables) > 1
    ids = np.concatenate([t.data["id"].to_numpy(dtype=np.int64) for t in tables])
    rows = np.concatenate([t.rows for t in tables])
    np.testing.assert_array_equal(rows, ids + 2)
    assert len(rows) == n - 2
    left_out = whole(t for t in tables)[2]
    assert [(row, value) for row, _, value in left_out] == [(150_002, "2 of 3"), (n + 1, "4 of 3")]
    assert [len(t.notes) for t in tables] == [1] + [0] * (len(tables) - 1)


def test_a_shape_written_out_in_a_field_may_be_long(file: Path) -> None:
    """Polygons as text pass the limit that Python's own reader sets."""
    long = "POLYGON((" + "14.5 59.1, " * 20_000 + "14.5 59.1))"
    write(file, f'namn;wkt\nA;"{long}"\nB;\n')
    values, rows, left_out, _ = whole(csv_format.read(file))
    assert values == [["A", long], ["B", None]]
    assert (rows, left_out) == ([2, 3], [])


@pytest.mark.parametrize(
    ("content", "found", "cure"),
    [
        (b"", "an empty file", "export it again"),
        (b"\n\n \n", "only empty lines", "export it again"),
        (b";;;\n1;2;3\n", "expected column names in the first row, found none", "write names"),
        (b"PK\x03\x04\0\0\0\0", "a workbook", ".xlsx"),
        (b"a;b\n1;\0\n", "binary data", "export it as CSV"),
        (b'"a;b\n' + b"1;2\n" * 50_000, "a quote that is never closed", "close the quote"),
    ],
)
def test_what_is_no_table_is_refused_with_a_cure(
    file: Path, content: bytes, found: str, cure: str
) -> None:
    """Empty, binary and headless files are named, with what to do."""
    file.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        list(csv_format.read(file))
    assert found in str(refused.value)
    assert cure in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("read", [csv_format.read, excel.read, vector.read])
def test_missing_files_and_directories_are_refused_with_a_cure(read: Any, tmp_path: Path) -> None:
    """Every format says that there is no file, before anything is read."""
    with pytest.raises(SourceError, match="check the path"):
        read(tmp_path / "none.gpkg")
    with pytest.raises(SourceError, match="found a directory"):
        read(tmp_path)


# --- Excel


def workbook(file: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    """Write a workbook of sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Name a workbook that can be written."""
    return tmp_path / "händelser.xlsx"


def test_cells_become_the_text_that_other_readers_expect(book: Path) -> None:
    """Dates as ISO, whole numbers without decimals, formulas without a value empty."""
    at = dt.datetime.fromisoformat("2021-06-07 14:29:59.999999")
    workbook(
        book,
        H=[
            ["datum", "tid", "antal", "lat", "ja", "summa"],
            [dt.date(2021, 6, 7), dt.time(14, 30), 3.0, 59.1803205823403, True, "=1+1"],
            [at, dt.timedelta(hours=26), -2, " text ", False, None],
        ],
    )
    values, rows, left_out, notes = whole(excel.read(book))
    assert values == [
        ["2021-06-07", "14:30:00", "3", "59.1803205823403", "true", None],
        ["2021-06-07 14:30:00", "26:00:00", "-2", " text ", "false", None],
    ]
    assert (rows, left_out, notes) == ([2, 3], [], [])


def test_titles_above_the_header_and_empty_rows_keep_excels_numbers(book: Path) -> None:
    """The header is found below a title, empty rows are skipped, numbering is Excel's."""
    workbook(book, H=[["Rapport 2021"], [], ["plats", "antal"], ["Leken", 1], [], ["Lanna", 2]])
    (table,) = excel.read(book)
    assert cells(table) == [["Leken", "1"], ["Lanna", "2"]]
    assert table.rows.tolist() == [4, 6]
    assert [(n.key, n.values["row"]) for n in table.notes] == [("header_row", 3)]


def test_the_first_sheet_that_holds_anything_is_taken_and_told(book: Path) -> None:
    """An empty sheet in front is passed over; a named one is found whatever its case."""
    workbook(book, Tom=[], Data=[["a", "b"], [1, 2]], Mer=[["c", "d"], [3, 4]])
    (table,) = excel.read(book)
    assert cells(table) == [["1", "2"]]
    assert [n.values for n in table.notes] == [{"sheet": "Data", "sheets": "Tom, Data, Mer"}]
    (table,) = excel.read(book, sheet="mer")
    assert cells(table) == [["3", "4"]]
    assert not table.notes
    with pytest.raises(SourceError, match="expected the sheet 'Blad9', found Tom, Data, Mer"):
        excel.read(book, sheet="Blad9")
    with pytest.raises(SourceError, match="found none"):
        excel.read(book, sheet="Tom")


def test_a_cell_beyond_the_columns_far_down_leaves_its_row_out(book: Path) -> None:
    """Nothing is dropped silently: a stray cell outside the table costs its row, with a reason."""
    many: list[list[object]] = [[1, 2]] * 1200
    rows: list[list[object]] = [["a", "b"], *many, [3, 4, "?"], [5, 6]]
    values, numbers, left_out, _ = whole(excel.read(workbook(book, H=rows)))
    assert left_out == [(1202, "wrong_number_of_fields", "3 of 2")]
    assert numbers[-1] == 1203
    assert len(values) == 1201


def test_cells_whose_formula_failed_are_empty_and_told(book: Path) -> None:
    """``#N/A`` is no text of anybody's, and no category; how many there are is said once."""
    many: list[list[object]] = [["x", 1]] * 25_000
    rows: list[list[object]] = [["plats", "antal"], *many, ["Lanna", "#N/A"], ["#REF!", "#DIV/0!"]]
    tables = list(excel.read(workbook(book, H=rows)))
    values, numbers, _, _ = whole(tables)
    assert values[-2:] == [["Lanna", None], [None, None]]
    assert numbers[-1] == 25_003
    notes = [(note.key, note.values) for table in tables for note in table.notes]
    assert notes == [("error_cells", {"n": 3, "sheet": "H"})]


def test_headings_merged_over_groups_of_columns_are_no_header(book: Path) -> None:
    """The row below, in which every column has its name, is; a row of the table never is."""
    sheet = openpyxl.Workbook().active
    for row in (["Läge", None, "Händelse"], ["lat", "lon", "typ", "antal"], [59.2, 14.9, "a", 1]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    sheet.merge_cells("C1:D1")
    sheet.parent.save(book)
    (table,) = excel.read(book)
    assert list(table.data.columns) == ["lat", "lon", "typ", "antal"]
    assert table.rows.tolist() == [3]
    rows: list[list[object]] = [["plats", None, "typ"], ["Lanna", "norr", "Klotter"], ["a", 1, 2]]
    (table,) = excel.read(workbook(book, H=rows))
    assert list(table.data.columns) == ["plats", "column_2", "typ"]


def test_a_header_alone_is_a_table_without_rows(book: Path) -> None:
    """No patrols this month is no error."""
    (table,) = excel.read(workbook(book, H=[["a", "b"]]))
    assert list(table.data.columns) == ["a", "b"]
    assert len(table.rows) == 0


def test_workbooks_that_cannot_be_read_are_refused_with_a_cure(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged, enormous and empty workbooks and Numbers documents each have their own words."""
    workbook(book, H=[["a", "b"], [1, 2]])
    content = book.read_bytes()

    def refused(data: bytes, name: str = "x.xlsx") -> str:
        file = book.with_name(name)
        file.write_bytes(data)
        with pytest.raises(SourceError) as error:
            list(excel.read(file))
        return str(error.value)

    ole = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600)
    assert "let it repair the file" in refused(ole)
    assert "give it the ending .csv" in refused(b"a;b\n1;2\n")
    numbers = book.with_name("numbers.xlsx")
    with zipfile.ZipFile(numbers, "w") as archive:
        archive.writestr("Index/Document.iwa", b"\0")
    assert "export it from Numbers as Excel" in refused(numbers.read_bytes())
    assert "let it repair the file" in refused(content[: len(content) // 2])
    broken = bytearray(content)
    with zipfile.ZipFile(book) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    broken[start + 60 : start + 120] = bytes(60)
    assert "let it repair the file" in refused(bytes(broken))
    assert "only empty sheets" in refused(workbook(book, H=[], I=[]).read_bytes())
    assert "write names above" in refused(workbook(book, H=[[1, 2], [3, 4]]).read_bytes())
    monkeypatch.setattr("layers.formats.sheets.LARGEST_UNPACKED_BYTES", 100)
    assert "export the sheet as CSV" in refused(content)


# --- files of geometries

POINT, OTHER = shapely.Point(495_630, 6_567_250), shapely.Point(487_610, 6_570_790)
BOWTIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def frame() -> gpd.GeoDataFrame:
    """Two places in Lekeberg with text, whole numbers and truths."""
    columns = {"namn": ["Lanna", "Leken"], "n": [1, 2]}
    return gpd.GeoDataFrame(columns, geometry=[POINT, OTHER], crs=3006)


@pytest.mark.parametrize("ending", [".gpkg", ".shp", ".fgb", ".gml", ".tab", ".mif"])
def test_every_kind_of_file_gives_the_same_points(tmp_path: Path, ending: str) -> None:
    """What goes in through any driver comes out: points, text, numbers, coordinate system."""
    folder = tmp_path / "file"
    folder.mkdir()
    file = folder / f"platser{ending}"
    pyogrio.write_dataframe(frame(), file)
    (table,) = vector.read(file)
    order = np.argsort(table.data["n"].to_numpy())
    assert table.data["namn"].iloc[order].tolist() == ["Lanna", "Leken"]
    assert table.data["n"].iloc[order].tolist() == [1, 2]
    assert table.geometry is not None
    coordinates = shapely.get_coordinates(table.geometry[order])
    np.testing.assert_allclose(coordinates, [[POINT.x, POINT.y], [OTHER.x, OTHER.y]], atol=0.01)
    assert table.rows.tolist() == [1, 2]
    assert table.crs is not None
    assert table.crs.is_projected


def test_kml_and_geojson_are_degrees(tmp_path: Path) -> None:
    """KML is read although fiona lacks its driver."""
    for name, driver in (("platser.kml", "LIBKML"), ("platser.geojson", "GeoJSON")):
        pyogrio.write_dataframe(frame().to_crs(4326), tmp_path / name, driver=driver)
        (table,) = vector.read(tmp_path / name)
        assert table.crs is not None
        assert table.crs.is_geographic
        assert len(table.data) == 2
        assert table.geometry is not None
        assert shapely.get_x(table.geometry[0]) == pytest.approx(14.9233, abs=1e-3)


def geojson(file: Path, *geometries: object, **more: object) -> Path:
    """Write features, numbered from 1, with any geometry, also impossible ones."""
    features = [
        {"type": "Feature", "properties": {"a": i}, "geometry": geometry}
        for i, geometry in enumerate(geometries, start=1)
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}))
    return file


def test_metres_in_a_geojson_that_does_not_say_so_are_not_believed_to_be_degrees(
    tmp_path: Path,
) -> None:
    """The system is then unknown, to be found out, with a warning."""
    point = {"type": "Point", "coordinates": [495630, 6567250]}
    (table,) = vector.read(geojson(tmp_path / "p.geojson", point))
    assert table.crs is None
    assert [(n.key, n.level) for n in table.notes] == [("crs_disbelieved", "warning")]


def test_a_missing_system_is_none(tmp_path: Path) -> None:
    """A Shapefile without .prj and a GeoPackage of unknown system say nothing."""
    for name in ("p.shp", "p.gpkg"):
        with pytest.warns(UserWarning, match="crs"):
            pyogrio.write_dataframe(frame().set_crs(None, allow_override=True), tmp_path / name)
        assert [t.crs for t in vector.read(tmp_path / name)] == [None]


def test_heights_go_curves_straighten_invalid_polygons_are_repaired(tmp_path: Path) -> None:
    """Geometries come out plane, straight and valid, and repairs are counted."""
    bowtie = shapely.geometry.mapping(BOWTIE)
    high = {"type": "Point", "coordinates": [14, 59, 30]}
    (table,) = vector.read(geojson(tmp_path / "p.geojson", high, bowtie, None))
    point, repaired, nothing = table.geometry  # type: ignore[misc]  # set by this format
    assert not point.has_z
    assert repaired.is_valid
    assert repaired.area == pytest.approx(0.5)
    assert nothing is None
    assert [(n.key, n.values["n"]) for n in table.notes] == [("geometries_repaired", 1)]


def test_curves_are_cut_into_chords(tmp_path: Path) -> None:
    """A circle of radius 1 keeps its area to a thousandth."""
    file = tmp_path / "curves.gpkg"
    pyogrio.write_dataframe(
        gpd.GeoDataFrame({"a": [1]}, geometry=[BOWTIE.envelope], crs=3006), file
    )
    circle = bytes.fromhex("010a000000010000000108000000050000") + bytes(2)
    ring = np.array([[0, 0], [1, 1], [2, 0], [1, -1], [0, 0]], dtype="<f8").tobytes()
    blob = b"GP\x00\x01" + (3006).to_bytes(4, "little") + circle[:-2] + b"\x00" + ring
    with sqlite3.connect(file) as base:
        for name in [
            r[0] for r in base.execute("select name from sqlite_master where type='trigger'")
        ]:
            base.execute(f'drop trigger "{name}"')
        base.execute("update curves set geom=?", [blob])
    base.close()
    (table,) = vector.read(file)
    (polygon,) = table.geometry  # type: ignore[misc]  # set by this format
    assert polygon.area == pytest.approx(np.pi, rel=1e-3)


def test_one_bad_feature_is_left_out_not_the_file(tmp_path: Path) -> None:
    """A geometry cut short in the database costs that feature, with its number."""
    file = tmp_path / "bad.gpkg"
    pyogrio.write_dataframe(frame(), file)
    with sqlite3.connect(file) as base:
        for name in [
            r[0] for r in base.execute("select name from sqlite_master where type='trigger'")
        ]:
            base.execute(f'drop trigger "{name}"')
        base.execute("update bad set geom=substr(geom, 1, 20) where n=1")
    base.close()
    values, rows, left_out, _ = whole(vector.read(file))
    assert values == [["Leken", 2]]
    assert rows == [2]
    assert left_out == [(1, "unreadable_feature", "geometry")]


def test_reading_in_bulk_and_one_by_one_agree(tmp_path: Path) -> None:
    """The tolerant way gives the same features, and also only the bad ones left out."""
    ring = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
    point = {"type": "Point", "coordinates": [14, 59]}
    file = geojson(tmp_path / "p.geojson", point, ring, None, square, point)
    bulk = list(vector.read(file))
    slow = list(vector._one_by_one(file, "p", 0, {}))
    assert whole(bulk)[:2] == whole(slow)[:2] == ([[1], [3], [4], [5]], [1, 3, 4, 5])
    for tables in (bulk, slow):
        assert [(row, why) for row, why, _ in whole(tables)[2]] == [(2, "unreadable_feature")]
        assert shapely.area(tables[0].geometry[2]) == 1  # type: ignore[index]  # set by this format
    assert whole(vector._one_by_one(file, "p", 3, {}))[1] == [4, 5]


def test_of_several_layers_the_one_with_geometries_or_the_files_name_is_taken(
    tmp_path: Path,
) -> None:
    """Two candidates are refused by name, with the option that chooses."""
    file = tmp_path / "lager.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"a": [1]}), file, layer="styles")
    pyogrio.write_dataframe(frame(), file, layer="stigar")
    (table,) = vector.read(file)
    assert [n.values for n in table.notes] == [{"layer": "stigar", "layers": "stigar, styles"}]
    pyogrio.write_dataframe(frame().iloc[:1], file, layer="bad")
    with pytest.raises(SourceError, match="expected one layer, found 2: stigar, bad") as refused:
        vector.read(file)
    assert 'layer = "…"' in str(refused.value)
    assert [len(t.data) for t in vector.read(file, layer="BAD")] == [1]
    with pytest.raises(SourceError, match="expected the layer 'x', found stigar, bad, styles"):
        vector.read(file, layer="x")
    pyogrio.write_dataframe(frame(), file, layer="lager")
    assert [n.values["layer"] for t in vector.read(file) for n in t.notes] == ["lager"]


def test_an_empty_layer_is_a_table_without_rows(tmp_path: Path) -> None:
    """No features this month is no error; the columns and the system are known."""
    file = tmp_path / "tom.gpkg"
    pyogrio.write_dataframe(frame().iloc[:0], file, geometry_type="Point")
    (table,) = vector.read(file)
    assert list(table.data.columns) == ["namn", "n"]
    assert len(table.data) == len(table.rows) == 0
    assert table.crs is not None


def test_damaged_files_are_refused_with_a_cure(tmp_path: Path) -> None:
    """Truncated databases, half Shapefiles and text under the wrong name."""
    whole_file = tmp_path / "p.gpkg"
    pyogrio.write_dataframe(frame(), whole_file)
    cut = tmp_path / "cut.gpkg"
    cut.write_bytes(whole_file.read_bytes()[:30_000])
    with pytest.raises(SourceError, match="export it as GeoPackage"):
        list(vector.read(cut))
    pyogrio.write_dataframe(frame(), tmp_path / "p.shp")
    (tmp_path / "p.dbf").unlink()
    with pytest.raises(SourceError, match=r"found no \.dbf"):
        list(vector.read(tmp_path / "p.shp"))
    for name in ("text.gpkg", "text.geojson", "text.shp", "text.gml", "text.kml"):
        (tmp_path / name).write_text("hej")
        with pytest.raises(SourceError):
            list(vector.read(tmp_path / name))


def test_the_real_boundary_and_fiona_agree(reference: Path) -> None:
    """The real municipality comes out as fiona sees it."""
    file = reference / "sweden" / "lekeberg_1814.geojson"
    (table,) = vector.read(file)
    with fiona.open(file) as source:
        seen = [shapely.geometry.shape(feature.geometry) for feature in source]
    assert table.geometry is not None
    assert shapely.equals_exact(
        table.geometry, np.array(seen), tolerance=1e-9, normalize=True
    ).all()
