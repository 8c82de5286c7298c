"""Promises of the old and the binary form of Excel's workbooks, written here byte by byte."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from geo.errors import SourceError
from layers.formats import binary_excel, excel

if TYPE_CHECKING:
    from pathlib import Path

GENERAL, DATE, MOMENT, CLOCK, SPAN = range(5)
FORMATS = (0, 14, 22, 20, 46)
"""Built-in number formats: General, a date, a date and time, h:mm, [h]:mm:ss."""

DAY = 44354.0
"""7 June 2021, as Excel counts days: 1 January 1970 is 25569, and 18785 days follow."""

Sheet = tuple[str, bool, list[tuple[int, int, object]]]
"""Name, whether it is hidden, and cells: row, column, and text, truth or (number, format)."""


# --- .xls: BIFF8 ([MS-XLS] 2.4) in a compound file ([MS-CFB])


def biff(kind: int, body: bytes = b"") -> bytes:
    """Write one record."""
    return struct.pack("<HH", kind, len(body)) + body


def xls_cell(row: int, column: int, value: object) -> bytes:
    """Write one cell: Label, BoolErr or Number; None is #N/A."""
    if isinstance(value, str):
        text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
        return biff(0x204, struct.pack("<HHH", row, column, GENERAL) + text)
    if value is None or isinstance(value, bool):
        said = (0x2A, 1) if value is None else (int(value), 0)
        return biff(0x205, struct.pack("<HHHBB", row, column, GENERAL, *said))
    number, form = value  # type: ignore[misc]  # a pair
    return biff(0x203, struct.pack("<HHHd", row, column, form, number))


def xls_stream(sheets: list[Sheet]) -> bytes:
    """Write the stream "Workbook": globals, then the sheets."""
    opening = struct.pack("<HHHIII", 0x600, 5, 0, 0, 0, 0)[:16]
    forms = b"".join(biff(0xE0, struct.pack("<HHH", 0, f, 0) + bytes(14)) for f in FORMATS)
    names = [title.encode("utf-16-le") for title, _, _ in sheets]
    size = len(biff(0x809, opening) + forms + biff(0x0A))
    at = size + sum(4 + 8 + len(name) for name in names)
    listed, bodies = b"", b""
    for (title, hidden, cells), name in zip(sheets, names, strict=True):
        entry = struct.pack("<IBBBB", at + len(bodies), hidden, 0, len(title), 1) + name
        listed += biff(0x85, entry)
        body = biff(0x809, struct.pack("<HHHIII", 0x600, 0x10, 0, 0, 0, 0)[:16])
        bodies += body + b"".join(xls_cell(*cell) for cell in cells) + biff(0x0A)
    return biff(0x809, opening) + forms + listed + biff(0x0A) + bodies


def compound(name: str, stream: bytes) -> bytes:
    """Put one stream into a compound file of sectors of 512 bytes."""
    stream = stream.ljust(max(4096, -len(stream) // 512 * -512), b"\0")
    sectors = len(stream) // 512
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (title + "\0").encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
        ids = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        return head + ids + bytes(36) + struct.pack("<IQ", start, size)

    root = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
    folder = (root + entry(name, 2, 0xFFFFFFFF, 2, len(stream))).ljust(512, b"\0")
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                          0xFFFFFFFE, 0, 0xFFFFFFFE, 0)  # fmt: skip
    header += struct.pack("<I", 0) + b"\xff" * 432
    return header + table + folder + stream


# --- .xlsb: records ([MS-XLSB] 2.1.4) in an archive


def record(kind: int, body: bytes = b"") -> bytes:
    """Write one record; kind and length take as many bytes as they need."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(body)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
        rest >>= 7
        if not rest:
            return head + size + body


def wide(text: str) -> bytes:
    """Write text with its length."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(column: int, value: object) -> bytes:
    """Write one cell; None is #N/A."""
    if isinstance(value, str):
        return record(6, struct.pack("<II", column, GENERAL) + wide(value))
    if value is None:
        return record(3, struct.pack("<IIB", column, GENERAL, 0x2A))
    if isinstance(value, bool):
        return record(4, struct.pack("<IIB", column, GENERAL, value))
    number, form = value  # type: ignore[misc]  # a pair
    return record(5, struct.pack("<IId", column, form, number))


def xlsb_sheet(cells: list[tuple[int, int, object]]) -> bytes:
    """Write a sheet's part."""
    body = b""
    for row in sorted({row for row, _, _ in cells}):
        body += record(0, struct.pack("<I", row) + bytes(13))
        body += b"".join(xlsb_cell(column, value) for r, column, value in cells if r == row)
    size = record(148, struct.pack("<IIII", 0, 0, 0, 0))
    return record(129) + size + record(145) + body + record(146) + record(130)


def write_xlsb(file: Path, sheets: list[Sheet]) -> Path:
    """Write an archive with the parts that a reader needs."""
    kin = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    numbers = range(1, len(sheets) + 1)
    parts = [f'<Relationship Id="r{i}" Type="{kin}/worksheet" Target="worksheets/s{i}.bin"/>'
             for i in numbers]  # fmt: skip
    parts.append(f'<Relationship Id="r99" Type="{kin}/styles" Target="styles.bin"/>')
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    forms = b"".join(record(47, struct.pack("<HH", 0, form) + bytes(12)) for form in FORMATS)
    listed = b"".join(
        record(156, struct.pack("<II", hidden, i) + wide(f"r{i}") + wide(title))
        for i, (title, hidden, _) in enumerate(sheets, 1)
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        kin = f'<Relationships xmlns="{space}">{"".join(parts)}</Relationships>'
        archive.writestr("xl/_rels/workbook.bin.rels", kin)
        archive.writestr(
            "xl/workbook.bin",
            record(131) + record(143) + listed + record(144) + record(132),
        )
        archive.writestr(
            "xl/styles.bin",
            record(278) + record(617, struct.pack("<I", 5)) + forms + record(618) + record(279),
        )
        for i, (_, _, cells) in zip(numbers, sheets, strict=True):
            archive.writestr(f"xl/worksheets/s{i}.bin", xlsb_sheet(cells))
    return file


def write(file: Path, sheets: list[Sheet]) -> Path:
    """Write a workbook of the form that the ending says."""
    if file.suffix == ".xlsb":
        return write_xlsb(file, sheets)
    file.write_bytes(compound("Workbook", xls_stream(sheets)))
    return file


# --- what is promised

BOTH = pytest.mark.parametrize("ending", [".xls", ".xlsb"])
TABLE: list[tuple[int, int, object]] = [
    (0, 0, "Rapport 2021"),
    (2, 0, "plats"), (2, 1, "dag"), (2, 2, "tid"), (2, 3, "kl"), (2, 4, "hur länge"),
    (2, 5, "antal"), (2, 6, "ja"), (2, 7, "fel"),
    (3, 0, "Åkern"), (3, 1, (DAY, DATE)), (3, 2, (DAY + 870 / 1440, MOMENT)),
    (3, 3, (0.75, CLOCK)), (3, 4, (1.25, SPAN)), (3, 5, (3.0, GENERAL)), (3, 6, True),
    (3, 7, None),
    (5, 0, "Lanna"), (5, 5, (2.5, GENERAL)), (5, 6, False),
]  # fmt: skip


@BOTH
def test_cells_become_the_same_text_as_in_other_workbooks(tmp_path: Path, ending: str) -> None:
    """Dates as ISO, 30 hours as hours, whole numbers without decimals, #N/A as nothing.

    The first visible sheet is taken, the header found below a title, rows numbered as Excel does.
    """
    sheets = [("Gömd", True, [(0, 0, "a"), (0, 1, "b"), (1, 0, "c"), (1, 1, "d")]),
              ("Tom", False, []), ("Data", False, TABLE)]  # fmt: skip
    (table,) = excel.read(write(tmp_path / f"bok{ending}", sheets))
    assert table.data.astype(object).where(table.data.notna(), None).to_numpy().tolist() == [
        ["Åkern", "2021-06-07", "2021-06-07 14:30:00", "18:00:00", "30:00:00", "3", "true", None],
        ["Lanna", None, None, None, None, "2.5", "false", None],
    ]
    assert list(table.data.columns)[4:] == ["hur länge", "antal", "ja", "fel"]
    assert table.rows.tolist() == [4, 6]
    assert [note.key for note in table.notes] == ["sheet_chosen", "header_row"]
    assert table.notes[0].values == {"sheet": "Data", "sheets": "Gömd, Tom, Data"}


@BOTH
def test_a_hidden_sheet_is_read_when_it_is_named(tmp_path: Path, ending: str) -> None:
    """Whatever the case of its name; and one that is not there is refused with those that are."""
    file = write(tmp_path / f"bok{ending}", [("Gömd", True, TABLE), ("Data", False, TABLE)])
    (table,) = excel.read(file, sheet="gömd")
    assert len(table.rows) == 2
    with pytest.raises(SourceError, match="expected the sheet 'Blad9', found Gömd, Data"):
        excel.read(file, sheet="Blad9")


@BOTH
def test_the_form_is_seen_in_the_file_not_in_its_ending(tmp_path: Path, ending: str) -> None:
    """Files are renamed; an old workbook called .xlsx is read all the same."""
    file = write(tmp_path / f"bok{ending}", [("Data", False, TABLE)])
    (table,) = excel.read(file.rename(tmp_path / "bok.xlsx"))
    assert table.rows.tolist() == [4, 6]


@BOTH
def test_a_table_that_begins_far_to_the_right_keeps_its_columns(
    tmp_path: Path, ending: str
) -> None:
    """Empty columns before it are nameless columns, as in other workbooks."""
    cells: list[tuple[int, int, object]] = [(1, 2, "a"), (1, 3, "b"), (2, 2, "c"), (2, 3, "d")]
    (table,) = excel.read(write(tmp_path / f"bok{ending}", [("D", False, cells)]))
    assert list(table.data.columns) == ["column_1", "column_2", "a", "b"]
    assert table.rows.tolist() == [3]


def test_a_stray_cell_in_the_last_corner_is_refused_not_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reader would ask for half a terabyte: that ends its own process, not ours.

    A sheet that could be held but is too large for any table is refused in other words.
    """
    cells: list[tuple[int, int, object]] = [(0, 0, "a"), (1_048_575, 16_383, "b")]
    with pytest.raises(SourceError, match="let it repair the file"):
        list(excel.read(write(tmp_path / "bok.xlsb", [("D", False, cells)])))
    monkeypatch.setattr(binary_excel, "_LARGEST_CELLS", 47)
    with pytest.raises(SourceError, match="expected at most 47 cells"):
        list(excel.read(write(tmp_path / "bok.xls", [("D", False, TABLE)])))


def test_workbooks_that_are_none_or_locked_are_refused_with_a_cure(tmp_path: Path) -> None:
    """Pages and text under the ending .xls, passwords, and what is cut off."""

    def refused(data: bytes, name: str = "x.xls") -> str:
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(SourceError) as error:
            list(excel.read(file))
        return str(error.value)

    page = "<html><body><table><tr><td>plats</td></tr></table></body></html>"
    assert "a web page that only has the ending" in refused(page.encode())
    assert "save it as .xlsx" in refused(b"\xef\xbb\xbf\r\n<TABLE><TR>")
    assert "an XML document" in refused(b'<?xml version="1.0"?><?mso-application?><Workbook/>')
    assert "give it the ending .csv" in refused("plats\tantal\nÅkern\t3\n".encode("cp1252"))
    assert "remove the password" in refused(compound("EncryptedPackage", b"secret"), "x.xlsx")
    locked = xls_stream([("D", False, TABLE)])
    locked = locked[:20] + biff(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48)) + locked[20:]
    assert "remove the password" in refused(compound("Workbook", locked))
    whole = compound("Workbook", xls_stream([("D", False, TABLE)]))
    assert "let it repair the file" in refused(whole[:1500])
    assert "let it repair the file" in refused(whole[:8] + bytes(600))
