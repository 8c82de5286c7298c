"""Reads sheets of Excel workbooks, as the text that their cells hold."""

from __future__ import annotations

import datetime as dt
import zipfile
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.note import Note
from layers.formats import Format
from layers.formats.csv import column_names
from layers.formats.opening import TEXT, first_bytes, left_out_rows, quietly, refuse
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

LARGEST_UNPACKED_BYTES = 1 << 30
"""A workbook that unpacks to more than this is refused."""

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ZIP = b"PK"
_BATCH_ROWS = 20_000
_PEEKED_ROWS = 1000
_HEADER_CELLS = 2


def read(
    path: Path,
    *,
    sheet: str | None = None,
    layer: str | None = None,  # noqa: ARG001 - every format takes the same
) -> Iterator[RawTable]:
    """Give the rows of one sheet in batches, every cell as text; empty cells are NA.

    The sheet is the one named, else the first visible one that holds anything (told when there
    are several). The header is the first row with at least two cells of text. Dates become
    ``YYYY-MM-DD``, with ``HH:MM:SS`` where the cell shows or holds a time; whole numbers have no
    decimals; formulas give the value that Excel last stored. ``rows`` are Excel's row numbers;
    empty rows are no rows. At least one batch is given, if only with the columns.

    Raises ``SourceError`` for ``.xls``, locked, damaged or enormous files, an unknown sheet, and a
    sheet without a header.
    """
    import openpyxl  # noqa: PLC0415 - slow to import, and only workbooks need it

    _check(path)
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        try:
            book = quietly(openpyxl.load_workbook, file, read_only=True, data_only=True)
        except Exception as error:  # noqa: BLE001 - a damaged workbook raises whatever it met first
            raise _damaged(path, error) from None
        stack.callback(book.close)
        chosen, notes = _choose(path, book, sheet)
        rows = _rows(path, chosen)
        header_row, header, peeked = _header(path, chosen, rows)
        to_close = stack.pop_all()
    names, named = column_names(header, [values for _, values in peeked])
    notes = (*notes, *named)
    if header_row > 1:
        notes = (*notes, Note("header_row", {"row": header_row, "sheet": chosen.title}))
    return _batches(to_close, names, peeked, rows, notes)


FORMAT = Format(
    name="excel",
    summary="Excel workbooks (.xlsx, .xlsm)",
    endings=(".xlsx", ".xlsm", ".xls", ".xlsb"),
    read=read,
)


def _check(path: Path) -> None:
    """Refuse what is not an .xlsx workbook, by its first bytes, and what unpacks without end."""
    head = first_bytes(path)
    if head.startswith(_OLE):
        if path.suffix.lower() == ".xls":
            found, cure = "the old .xls format", "open it in Excel and save it as .xlsx"
        else:
            found = "a workbook locked with a password, or .xls under another name"
            cure = "open it in Excel, remove the password, and save it as .xlsx"
        raise refuse(path, f"expected an .xlsx workbook, found {found}", cure)
    if not head.startswith(_ZIP):
        raise refuse(
            path,
            "expected an .xlsx workbook, found something else",
            "open it in Excel and save it as .xlsx; if it is text, give it the ending .csv",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(path, error) from None
    unpacked = sum(part.file_size for part in parts)
    if unpacked > LARGEST_UNPACKED_BYTES:
        raise refuse(
            path,
            f"expected at most {LARGEST_UNPACKED_BYTES / 1e9:.1f} GB when unpacked, "
            f"found {unpacked / 1e9:.1f} GB",
            "export the sheet as CSV",
        )
    if any(part.filename.endswith(".bin") and "workbook" in part.filename for part in parts):
        raise refuse(
            path,
            "expected an .xlsx workbook, found the binary .xlsb format",
            "open it in Excel and save it as .xlsx",
        )


def _damaged(path: Path, error: Exception) -> Exception:
    return refuse(
        path,
        f"expected an .xlsx workbook, found a damaged one ({error or type(error).__name__})",
        "open it in Excel, let it repair the file, and save it as .xlsx",
    )


def _choose(path: Path, book: Any, wanted: str | None) -> tuple[Any, tuple[Note, ...]]:  # noqa: ANN401 - untyped
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    titles = ", ".join(sheets)
    if wanted is not None:
        by_name = {title.strip().casefold(): sheet for title, sheet in sheets.items()}
        chosen = sheets.get(wanted) or by_name.get(wanted.strip().casefold())
        if chosen is None:
            raise refuse(
                path,
                f"expected the sheet {wanted!r}, found {titles or 'no sheets'}",
                'name one of these: sheet = "…" in the layer\'s entry',
            )
        return chosen, ()
    visible = [s for s in sheets.values() if s.sheet_state == "visible"] or list(sheets.values())
    # A cover sheet has a line or two; a table has a header and rows.
    for fits in (_is_table, any):
        for chosen in visible:
            if fits(any(values) and values for _, values in _rows(path, chosen)):
                others = len(sheets) > 1
                note = Note("sheet_chosen", {"sheet": chosen.title, "sheets": titles})
                return chosen, (note,) if others else ()
    raise refuse(path, "expected a table, found only empty sheets", "export it again")


def _is_table(rows: Iterable[list[str] | bool]) -> bool:
    """Whether at least two rows have at least two cells with something in them."""
    wide = (row for row in rows if isinstance(row, list) and sum(map(bool, row)) > 1)
    return next(wide, None) is not None and next(wide, None) is not None


def _rows(path: Path, sheet: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 - untyped
    """Give every row with Excel's number, its cells as text, "" where empty."""
    sheet.reset_dimensions()  # what a file says about its size is often wrong
    found = enumerate(sheet.iter_rows(), start=1)
    while True:
        try:
            chunk = quietly(list, islice(found, _PEEKED_ROWS))
        except Exception as error:  # noqa: BLE001 - a damaged sheet raises whatever it met first
            raise _damaged(path, error) from None
        if not chunk:
            return
        for number, cells in chunk:
            yield number, [_text(cell) for cell in cells]


def _text(cell: Any) -> str:  # noqa: ANN401, PLR0911 - openpyxl's cells are untyped; a case a type
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        from openpyxl.styles.numbers import is_datetime  # noqa: PLC0415 - the same

        value = _whole_second(value)
        bare = value.time() == dt.time() and is_datetime(cell.number_format) == "date"
        return value.date().isoformat() if bare else value.isoformat(" ")
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _whole_second(value: dt.datetime) -> dt.datetime:
    """Round away what the serial number of a time loses: 14:29:59.999999 is 14:30."""
    return (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)


def _header(
    path: Path,
    sheet: Any,  # noqa: ANN401 - untyped
    rows: Iterator[tuple[int, list[str]]],
) -> tuple[int, list[str], list[tuple[int, list[str]]]]:
    """Find the header, and look at the rows below it to know how wide the table is."""
    seen = []
    for number, values in islice(rows, _PEEKED_ROWS):
        texts = sum(1 for v in values if v.strip() and not _is_number(v))
        if texts >= _HEADER_CELLS:
            return number, [v.strip() for v in values], list(islice(rows, _PEEKED_ROWS))
        if any(values):
            seen.append((number, values))
    if seen and not _is_number("".join(seen[0][1])):
        number, values = seen[0]  # a table of one column
        return number, [v.strip() for v in values], seen[1:]
    raise refuse(
        path,
        f"expected a row of column names in the sheet {sheet.title!r}, found none",
        'write names above the columns, or choose another sheet: sheet = "…"',
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _batches(
    to_close: ExitStack,
    names: Sequence[str],
    peeked: list[tuple[int, list[str]]],
    rest: Iterator[tuple[int, list[str]]],
    notes: tuple[Note, ...],
) -> Iterator[RawTable]:
    with to_close:
        given = False
        waiting = iter(peeked)
        while True:
            batch = list(islice(waiting, _BATCH_ROWS)) + list(islice(rest, _BATCH_ROWS))
            if not batch and given:
                return
            given = True
            yield _table(names, batch, notes)
            notes = ()


def _table(
    names: Sequence[str], batch: list[tuple[int, list[str]]], notes: tuple[Note, ...]
) -> RawTable:
    width = len(names)
    numbers, columns, beyond = [], [], []
    for number, values in batch:
        if any(values[width:]):
            beyond.append((number, len(values)))
        elif any(values):
            numbers.append(number)
            columns.append(values[:width] + [""] * (width - len(values)))
    by_column = list(zip(*columns, strict=True)) or [()] * width
    data = pd.DataFrame(
        {
            name: pd.array([v if v.strip() else None for v in column], dtype=TEXT)
            for name, column in zip(names, by_column, strict=True)
        },
        columns=list(names),
    )
    left_out = left_out_rows(
        [(number, "wrong_number_of_fields", f"{n} of {width}") for number, n in beyond]
    )
    return RawTable(data, np.array(numbers, dtype=np.int64), left_out, notes=notes)
