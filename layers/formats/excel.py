"""Reads sheets of Excel workbooks, as the text that their cells hold."""

from __future__ import annotations

import datetime as dt
import zipfile
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from layers.formats import Format
from layers.formats.binary_excel import binary_sheets
from layers.formats.opening import first_bytes, quietly, refuse
from layers.formats.sheets import ERROR, Sheet, cell_text, check_unpacked, damaged, read_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.formats.sheets import Row
    from layers.layer import RawTable

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ZIP = b"PK"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_HEAD_BYTES = 512


def read(
    path: Path,
    *,
    sheet: str | None = None,
    layer: str | None = None,  # noqa: ARG001 - every format takes the same
) -> Iterator[RawTable]:
    """Give the rows of one sheet in batches, every cell as text, as ``read_sheets`` promises.

    Dates become ``YYYY-MM-DD``, with ``HH:MM:SS`` where the cell shows or holds a time; whole
    numbers have no decimals; formulas give the value that Excel last stored. Which form of Excel
    it is (``.xlsx``, ``.xls``, ``.xlsb``) is seen in the file, whatever its ending. Of cells merged
    into one, the first has the value. Failed formulas are not counted in ``.xls`` and ``.xlsb``.

    Raises ``SourceError`` for locked, damaged or enormous files, what is no workbook, an unknown
    sheet, and a sheet without a header.
    """
    if _is_binary(path):
        return read_sheets(path, binary_sheets(path), sheet, ExitStack())
    import openpyxl  # noqa: PLC0415 - slow to import, and only workbooks need it

    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        try:
            book = quietly(openpyxl.load_workbook, file, read_only=True, data_only=True)
        except Exception as error:  # noqa: BLE001 - a damaged workbook raises whatever it met first
            raise damaged(path, error) from None
        stack.callback(book.close)
        sheets = [
            Sheet(one.title, one.sheet_state == "visible", partial(_rows, one))
            for one in book.worksheets
        ]
        return read_sheets(path, sheets, sheet, stack.pop_all())


FORMAT = Format(
    name="excel",
    summary="Excel workbooks (.xlsx, .xlsm, and the older or binary .xls and .xlsb)",
    endings=(".xlsx", ".xlsm", ".xls", ".xlsb"),
    read=read,
)


def _is_binary(path: Path) -> bool:
    """Say whether a workbook is .xls or .xlsb; refuse what is none, and what unpacks forever."""
    head = first_bytes(path, _HEAD_BYTES)
    if head.startswith(_OLE):
        if _LOCKED in path.read_bytes():
            raise refuse(
                path,
                "expected a workbook, found one locked with a password",
                "open it in Excel, remove the password, and save it as .xlsx",
            )
        return True
    if not head.startswith(_ZIP):
        raise _no_workbook(path, head)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(path, error) from None
    check_unpacked(path, sum(part.file_size for part in parts))
    if any(part.filename.endswith(".iwa") for part in parts):
        raise refuse(
            path,
            "expected a workbook, found a Numbers document",
            "export it from Numbers as Excel",
        )
    if any(part.filename.startswith("word/") for part in parts):
        raise refuse(
            path,
            "expected a workbook, found a Word document that only has the ending of one",
            "copy its table to a sheet of Excel and save that as .xlsx",
        )
    return any(part.filename.casefold() == "xl/workbook.bin" for part in parts)


def _no_workbook(path: Path, head: bytes) -> Exception:
    """Say what it is that calls itself a workbook: many systems export pages or text so."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found, cure = "something else", "open it in Excel and save it as .xlsx"
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<body")):
        found = "a web page that only has the ending of one"
    elif start.startswith(b"<?xml"):
        found = "an XML document that only has the ending of one"
    elif b"\0" not in head:
        found = "text that only has the ending of one"
        cure = "give it the ending .csv"
    return refuse(path, f"expected a workbook, found {found}", cure)


def _rows(sheet: Any) -> Iterator[Row]:  # noqa: ANN401 - openpyxl is untyped
    """Give every row with Excel's number."""
    sheet.reset_dimensions()  # what a file says about its size is often wrong
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [_text(cell) for cell in cells]


def _text(cell: Any) -> str:  # noqa: ANN401 - the same
    value = cell.value
    if cell.data_type == "e":
        return ERROR
    if isinstance(value, dt.datetime):
        from openpyxl.styles.numbers import is_datetime  # noqa: PLC0415 - the same

        if value.time() == dt.time() and is_datetime(cell.number_format) == "date":
            value = value.date()
    return cell_text(value)
