"""Reads sheets of OpenDocument spreadsheets (LibreOffice), as the text that their cells hold."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING

from defusedxml import ElementTree

from geo.errors import LagesbildError
from layers.formats import Format
from layers.formats.opening import first_bytes, refuse
from layers.formats.sheets import (
    ERROR,
    MOST_COLUMNS,
    Sheet,
    cell_text,
    check_unpacked,
    damaged,
    read_sheets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from layers.formats.sheets import Row
    from layers.layer import RawTable

_OASIS = "{urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE = f"{_OASIS}office:1.0}}", f"{_OASIS}table:1.0}}"
_TEXT, _STYLE = f"{_OASIS}text:1.0}}", f"{_OASIS}style:1.0}}"
_ERROR_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")

_MANIFEST, _CONTENT = "META-INF/manifest.xml", "content.xml"
_FLAT = b"<office:document "
_HEAD_BYTES = 512

_FAILED = re.compile(r"#\S+[!?]|#N/A|#SAKNAS!?|(?:Err|Fel):\d{3}")
_DURATION = re.compile(
    r"(?P<minus>-?)P(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?"
)
_PIECE_BYTES = 1 << 16
_MOST_CELLS = 50_000_000
"""A sheet can say "the same a million times" in a line: what is repeated must end somewhere."""


def read(
    path: Path,
    *,
    sheet: str | None = None,
    layer: str | None = None,  # noqa: ARG001 - every format takes the same
) -> Iterator[RawTable]:
    """Give the rows of one sheet in batches, every cell as text, as ``read_sheets`` promises.

    Dates, times, numbers and formulas are as in Excel's workbooks: the value counts, not how it is
    shown. Of cells merged into one, the first has the value. Rows that repeat are given each.

    Raises ``SourceError`` for locked, damaged or enormous files, what is no spreadsheet, an unknown
    sheet, and a sheet without a header.
    """
    _check(path)
    try:
        titles = _titles(path)
    except Exception as error:  # noqa: BLE001 - a damaged file raises whatever it met first
        raise damaged(path, error) from None
    sheets = [
        Sheet(title, visible, partial(_rows, path, number))
        for number, (title, visible) in enumerate(titles)
    ]
    return read_sheets(path, sheets, sheet, ExitStack())


FORMAT = Format(
    name="opendocument",
    summary="OpenDocument spreadsheets, as LibreOffice saves them (.ods, and flat as .fods)",
    endings=(".ods", ".ots", ".fods"),
    read=read,
)


def _check(path: Path) -> None:
    """Refuse what is no spreadsheet, what is locked, and what unpacks without end."""
    cure = "open it in LibreOffice and save it as .ods or .xlsx"
    head = first_bytes(path, _HEAD_BYTES)
    if _FLAT in head:
        return
    if not head.startswith(b"PK"):
        raise refuse(path, "expected an OpenDocument spreadsheet, found something else", cure)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = {part.filename: part.file_size for part in archive.infolist()}
            check_unpacked(path, sum(parts.values()))
            manifest = archive.read(_MANIFEST) if _MANIFEST in parts else b""
    except LagesbildError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged archive raises whatever it met first
        raise damaged(path, error) from None
    if b"encryption-data" in manifest or "encrypted-package" in parts:
        raise refuse(
            path,
            "expected a spreadsheet, found one locked with a password",
            "open it in LibreOffice, save it without a password",
        )
    if _CONTENT not in parts:
        raise refuse(path, "expected an OpenDocument spreadsheet, found another archive", cure)


@contextmanager
def _content(path: Path) -> Iterator[IO[bytes]]:
    """Open what the sheets hold: a part of an archive, or a flat file itself."""
    with ExitStack() as stack:
        if _FLAT in first_bytes(path, _HEAD_BYTES):
            yield stack.enter_context(path.open("rb"))
        else:
            archive = stack.enter_context(zipfile.ZipFile(path))
            yield stack.enter_context(archive.open(_CONTENT))


class _Sheets:
    """Gathers every sheet's name, and whether it can be seen, while a parser reads the content."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bool]] = []
        self._style: str | None = None
        self._hidden: set[str | None] = set()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Look at what begins."""
        if tag == f"{_STYLE}style":
            self._style = attributes.get(f"{_STYLE}name")
        elif tag == f"{_STYLE}table-properties":
            if attributes.get(f"{_TABLE}display") == "false":
                self._hidden.add(self._style)
        elif tag == f"{_TABLE}table":
            shown = attributes.get(f"{_TABLE}style-name") not in self._hidden
            self.found.append((attributes.get(f"{_TABLE}name", ""), shown))


def _titles(path: Path) -> list[tuple[str, bool]]:
    sheets = _Sheets()
    parser = ElementTree.DefusedXMLParser(target=sheets)
    with _content(path) as file:
        while piece := file.read(_PIECE_BYTES):
            parser.feed(piece)
    parser.close()
    return sheets.found


def _rows(path: Path, sheet: int) -> Iterator[Row]:
    """Give the rows of a sheet that hold anything, with their numbers."""
    seen = number = given = 0
    with _content(path) as file:
        for _, element in ElementTree.iterparse(file, ("end",)):
            if element.tag == f"{_TABLE}table-row":
                again = int(element.get(f"{_TABLE}number-rows-repeated") or 1)
                values = _cells(element) if seen == sheet else []
                given += again * len(values)
                if given > _MOST_CELLS:
                    raise _too_many(path)
                if values:
                    yield from ((number + i, values) for i in range(1, again + 1))
                number += again
                element.clear()
            elif element.tag == f"{_TABLE}table":
                seen, number = seen + 1, 0
                element.clear()
                if seen > sheet:
                    return


def _too_many(path: Path) -> Exception:
    return refuse(
        path,
        f"expected at most {_MOST_CELLS} cells, found more",
        "delete the rows below the table that only repeat, or export the sheet as CSV",
    )


def _cells(row: Element) -> list[str]:
    """Give a row's cells as text, up to the last that holds anything."""
    values: list[str] = []
    empty = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        again = int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
        text = "" if cell.tag == _CELLS[1] else _cell(cell)
        if not text:
            empty += again
            continue
        if len(values) + empty + again > MOST_COLUMNS:
            raise ValueError(f"more than {MOST_COLUMNS} columns")
        values += [""] * empty + [text] * again
        empty = 0
    return values


def _cell(cell: Element) -> str:
    kind = cell.get(f"{_OFFICE}value-type") or ""
    shown = "\n".join(_said(line) for line in cell.findall(f"{_TEXT}p"))
    failed = cell.get(f"{_TABLE}formula") is not None and _FAILED.fullmatch(shown.strip())
    if failed or cell.get(_ERROR_TYPE) == "error":
        return ERROR
    own = "value" if kind in {"float", "percentage", "currency"} else f"{kind}-value"
    value = cell.get(f"{_OFFICE}{own}")
    if value is None:
        return shown
    try:
        return _typed(kind, value)
    except (ValueError, OverflowError):
        return shown or value


def _typed(kind: str, value: str) -> str:
    if kind == "date":
        if "T" not in value:
            return dt.date.fromisoformat(value).isoformat()
        return cell_text(dt.datetime.fromisoformat(value))
    if kind == "time":
        match = _DURATION.fullmatch(value)
        if match is None:
            raise ValueError(value)
        parts = {
            unit: float((match[unit] or "0").replace(",", "."))
            for unit in ("days", "hours", "minutes", "seconds")
        }
        return match["minus"] + cell_text(dt.timedelta(**parts))
    if kind in {"float", "percentage", "currency"}:
        return cell_text(float(value))
    return value


def _said(line: Element) -> str:
    """Give a line's text with its spaces and breaks; what is noted about it is no part of it."""
    parts = [line.text or ""]
    for child in line:
        if child.tag == f"{_TEXT}s":
            count = min(int(child.get(f"{_TEXT}c") or 1), MOST_COLUMNS)
            parts.append(" " * count)
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag.startswith(_TEXT):
            parts.append(_said(child))
        parts.append(child.tail or "")
    return "".join(parts)
