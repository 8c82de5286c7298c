"""Promises of the way in for OpenDocument spreadsheets."""

from __future__ import annotations

import random
import zipfile
from typing import TYPE_CHECKING

import pandas as pd
import pyogrio
import pytest

from geo.errors import SourceError
from layers.formats import opendocument

if TYPE_CHECKING:
    from pathlib import Path

OASIS = "urn:oasis:names:tc:opendocument:xmlns"
SPACES = "".join(
    f' xmlns:{name}="{OASIS}:{name}:1.0"' for name in ("office", "table", "text", "style")
)
CALC = ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
HIDDEN = (
    '<office:automatic-styles><style:style style:name="ta2" style:family="table">'
    '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
)


def text(*lines: str) -> str:
    """Write a cell of text, a paragraph a line."""
    said = "".join(f"<text:p>{line}</text:p>" for line in lines)
    return f'<table:table-cell office:value-type="string">{said}</table:table-cell>'


def cell(kind: str, value: str, shown: str = "", *, formula: str = "", more: str = "") -> str:
    """Write a cell with a value, and how the program shows it."""
    own = "value" if kind in {"float", "percentage", "currency"} else f"{kind}-value"
    formula = f' table:formula="of:{formula}"' if formula else ""
    return (
        f'<table:table-cell{formula} office:value-type="{kind}" office:{own}="{value}"{more}>'
        f"<text:p>{shown}</text:p></table:table-cell>"
    )


def row(*cells: str, again: int = 1) -> str:
    """Write a row, or one that stands for several."""
    repeated = f' table:number-rows-repeated="{again}"' if again > 1 else ""
    return f"<table:table-row{repeated}>{''.join(cells)}</table:table-row>"


def nothing(again: int) -> str:
    """Write empty cells."""
    return f'<table:table-cell table:number-columns-repeated="{again}"/>'


def sheet(name: str, *rows: str, hidden: bool = False) -> str:
    """Write a sheet."""
    style = ' table:style-name="ta2"' if hidden else ""
    return f'<table:table table:name="{name}"{style}>{"".join(rows)}</table:table>'


def ods(file: Path, *sheets: str, **parts: str) -> Path:
    """Write a spreadsheet of sheets, and further parts of its archive."""
    content = (
        f'<?xml version="1.0"?><office:document-content{SPACES}{CALC}>{HIDDEN}<office:body>'
        f"<office:spreadsheet>{''.join(sheets)}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a spreadsheet that can be written."""
    return tmp_path / "händelser.ods"


def cells(table: object) -> list[list[str | None]]:
    """Give a table's values, None where missing."""
    data = table.data.astype(object)  # type: ignore[attr-defined]  # a RawTable
    return data.where(data.notna(), None).to_numpy().tolist()  # type: ignore[no-any-return]


def test_values_count_not_how_they_are_shown(file: Path) -> None:
    """Dates as ISO, any number of hours, whole numbers without decimals, failed formulas empty.

    A failed formula is marked as one, or holds 0 and shows an error, by which program wrote it.
    """
    ods(
        file,
        sheet(
            "Blad1",
            row(*map(text, ("dag", "tid", "kl", "länge", "antal", "andel", "ja", "fel", "text"))),
            row(
                cell("date", "2021-06-07", "7/6"),
                cell("date", "2021-06-07T14:29:59.999999", "7/6 14:30"),
                cell("time", "PT18H00M00S", "18:00"),
                cell("time", "PT30H00M05.2S", "30:00"),
                cell("float", "3", "3,00"),
                cell("percentage", "0.25", "25 %"),
                cell("boolean", "true", "SANT"),
                cell("string", "", "#N/A", formula="=NA()", more=' calcext:value-type="error"'),
                text("Å<text:s text:c='3'/>kern <text:span>norr</text:span><text:tab/>!", "rad 2"),
            ),
            row(
                nothing(4),
                cell("currency", "12.5", "12,50 kr"),
                nothing(2),
                cell("float", "0", "#DIV/0!", formula="=1/0"),
                text("<office:annotation>nej</office:annotation>#ute"),
            ),
            row(nothing(4), cell("float", "7", "7", formula="=3+4")),
        ),
    )
    (table,) = opendocument.read(file)
    assert cells(table) == [
        ["2021-06-07", "2021-06-07 14:30:00", "18:00:00", "30:00:05", "3", "0.25", "true", None,
         "Å   kern norr\t!\nrad 2"],
        [None, None, None, None, "12.5", None, None, None, "#ute"],
        [None, None, None, None, "7", None, None, None, None],
    ]  # fmt: skip
    assert [(n.key, n.values) for n in table.notes] == [("error_cells", {"n": 2, "sheet": "Blad1"})]


def test_rows_keep_the_numbers_that_the_program_shows(file: Path) -> None:
    """Empty rows count, also those that one row stands for; rows that repeat are there each."""
    ods(
        file,
        sheet(
            "D",
            row(text("Rapport 2021")),
            row(nothing(1024), again=3),
            row(text("plats"), text("antal")),
            row(text("Åkern"), cell("float", "1"), again=2),
            row(nothing(1), again=10),
            row(text("Lanna"), cell("float", "2"), nothing(1022)),
            row(nothing(1024), again=1_048_500),
        ),
    )
    (table,) = opendocument.read(file)
    assert cells(table) == [["Åkern", "1"], ["Åkern", "1"], ["Lanna", "2"]]
    assert table.rows.tolist() == [6, 7, 18]
    assert [(n.key, n.values["row"]) for n in table.notes] == [("header_row", 5)]


def test_what_another_program_writes_is_read_back(file: Path) -> None:
    """GDAL writes a table as .ods; its names, texts, numbers and dates are all there."""
    table = pd.DataFrame(
        {
            "plats": ["Fjugesta", "Lanna & <Lund>", "Mullhyttan"],
            "antal": [3, 14, 159],
            "mått": [1.5, -0.25, 1e-3],
            "dag": pd.to_datetime(
                ["2021-06-07 14:30:00", "2020-02-29 00:00:01", "1999-12-31 23:59:59"]
            ),
        }
    )
    pyogrio.write_dataframe(table, file, driver="ODS")
    (read,) = opendocument.read(file)
    assert list(read.data.columns) == list(table.columns)
    assert list(read.data["plats"]) == list(table["plats"])
    assert list(read.data["antal"].astype(int)) == list(table["antal"])
    assert list(read.data["mått"].astype(float)) == list(table["mått"])
    assert list(pd.to_datetime(read.data["dag"])) == list(table["dag"])
    assert read.rows.tolist() == [2, 3, 4]


def test_the_first_visible_sheet_with_a_table_is_taken_and_told(file: Path) -> None:
    """Hidden and empty ones and a cover are passed over; a named one is found, also hidden."""
    table = (row(text("a"), text("b")), row(cell("float", "1"), cell("float", "2")))
    ods(file, sheet("Gömd", *table, hidden=True), sheet("Tom"),
        sheet("Omslag", row(text("Rapport"))), sheet("Data", *table))  # fmt: skip
    (read,) = opendocument.read(file)
    assert [n.values for n in read.notes] == [
        {"sheet": "Data", "sheets": "Gömd, Tom, Omslag, Data"}
    ]
    (read,) = opendocument.read(file, sheet=" gömd ")
    assert cells(read) == [["1", "2"]]
    with pytest.raises(SourceError, match="expected the sheet 'X', found Gömd, Tom, Omslag, Data"):
        opendocument.read(file, sheet="X")


def test_merged_headings_above_the_header_are_passed_over(file: Path) -> None:
    """Of headings over groups of columns, the row that names each column is the header."""
    ods(
        file,
        sheet(
            "D",
            row(text("Läge"), "<table:covered-table-cell/>", text("Händelse"),
                "<table:covered-table-cell/>"),
            row(text("lat"), text("lon"), text("typ"), text("antal")),
            row(cell("float", "59.2"), cell("float", "14.9"), text("Klotter"), cell("float", "1")),
        ),
    )  # fmt: skip
    (table,) = opendocument.read(file)
    assert list(table.data.columns) == ["lat", "lon", "typ", "antal"]
    assert table.rows.tolist() == [3]


def test_a_cell_that_repeats_a_million_times_is_refused(file: Path) -> None:
    """A line of the file can say more cells than any memory holds; it costs none."""
    header = row(text("a"), text("b"))
    many = cell("float", "1", more=' table:number-columns-repeated="16000"')
    ods(file, sheet("D", header, row(many, again=1_000_000)))
    with pytest.raises(SourceError, match="expected at most 50000000 cells"):
        list(opendocument.read(file))
    endless = cell("float", "1", more=' table:number-columns-repeated="99999999999"')
    ods(file, sheet("D", header, row(endless)))
    with pytest.raises(SourceError, match="more than 16384 columns"):
        list(opendocument.read(file))


def test_files_that_cannot_be_read_are_refused_with_a_cure(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked, damaged, enormous, of another kind, with entities: each has its own words."""
    rows = (row(text("a"), text("b")), row(text("c"), text("d")))

    def refused() -> str:
        with pytest.raises(SourceError) as error:
            list(opendocument.read(file))
        return str(error.value)

    ods(file, sheet("D", *rows), **{"META-INF__manifest_xml": "<m:encryption-data/>"})
    assert "save it without a password" in refused()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("encrypted-package", "secret")
    assert "save it without a password" in refused()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert "found another archive" in refused()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    assert "let it repair the file" in refused()
    file.write_bytes(b"plats;antal\n")
    assert "found something else" in refused()
    whole = ods(file, sheet("D", *rows)).read_bytes()
    file.write_bytes(whole[:-40])
    assert "let it repair the file" in refused()
    ods(file, sheet("D"))
    assert "only empty sheets" in refused()
    ods(file, sheet("D", *rows))
    monkeypatch.setattr("layers.formats.sheets.LARGEST_UNPACKED_BYTES", 100)
    assert "export the sheet as CSV" in refused()


def test_whatever_is_broken_in_a_file_it_is_read_or_refused(file: Path) -> None:
    """No damage raises anything but our own error."""
    ods(file, sheet("D", row(text("a"), text("b")), row(cell("date", "2021-06-07"), text("d"))))
    with zipfile.ZipFile(file) as archive:
        whole = archive.read("content.xml")
    random_ = random.Random(7)  # noqa: S311 - damage, not a secret
    outcomes = set()
    for _ in range(300):
        at = random_.randrange(len(whole))
        broken = whole[:at] + bytes([random_.randrange(32, 127)]) + whole[at + 1 :]
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("content.xml", broken)
        try:
            outcomes.add(sum(len(table.rows) for table in opendocument.read(file)))
        except SourceError:
            outcomes.add(-1)
    assert {-1, 1} <= outcomes


def test_a_flat_file_is_read_as_the_packed_one(file: Path) -> None:
    """The same content without the archive around it, as ``.fods``."""
    ods(file, sheet("D", row(text("a"), text("b")), row(cell("date", "2021-06-07"), text("d"))))
    with zipfile.ZipFile(file) as archive:
        content = archive.read("content.xml")
    flat = file.with_suffix(".fods")
    flat.write_bytes(content.replace(b"office:document-content", b"office:document"))
    (packed,), (same,) = opendocument.read(file), opendocument.read(flat)
    pd.testing.assert_frame_equal(packed.data, same.data)
    assert len(same.data) == 1
