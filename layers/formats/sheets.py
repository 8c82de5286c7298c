"""Finds the table in a workbook's sheets, whatever program wrote them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geo.errors import LagesbildError
from geo.note import Note
from layers.formats.csv import column_names
from layers.formats.opening import TEXT, left_out_rows, quietly, refuse
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from geo.errors import SourceError

Row = tuple[int, list[str]]
"""A row's number as the spreadsheet shows it, and its cells as text, "" where empty."""

ERROR = "\0"
"""What a cell holds whose formula failed (``#N/A``): no text has a NUL."""

LARGEST_UNPACKED_BYTES = 1 << 30
"""A workbook that unpacks to more than this is refused."""

MOST_COLUMNS = 16_384
"""No program has more."""

_BATCH_ROWS = 20_000
_PEEKED_ROWS = 1000
_HEADER_CELLS = 2
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: ``rows`` reads it from its top, as often as it is asked."""

    title: str
    visible: bool
    rows: Callable[[], Iterator[Row]]


def read_sheets(
    path: Path, sheets: Sequence[Sheet], wanted: str | None, to_close: ExitStack
) -> Iterator[RawTable]:
    """Give the rows of one sheet in batches, every cell as text; empty cells are NA.

    The sheet is the one named, else the first visible one that holds a table (told when there
    are several). The header is the first row with at least two cells of text; where that names
    groups of columns only, the row below it. Rows keep the spreadsheet's numbers; empty rows are
    no rows. Cells whose formula failed are NA, and counted in a note. At least one batch is given,
    if only with the columns. What is ``to_close`` is closed at the end.

    Raises ``SourceError`` for an unknown sheet, and a sheet without a header.
    """
    with to_close:
        chosen, notes = _choose(path, sheets, wanted)
        rows = _guarded(path, chosen)
        header_row, header, peeked = _header(path, chosen, rows)
        if len(header) > MOST_COLUMNS:
            raise damaged(path, ValueError(f"{len(header)} columns"))
        later = to_close.pop_all()
    names, named = column_names(header, [values for _, values in peeked])
    notes = (*notes, *named)
    if header_row > 1:
        notes = (*notes, Note("header_row", {"row": header_row, "sheet": chosen.title}))
    return _batches(later, chosen.title, names, peeked, rows, notes)


def cell_text(value: Any) -> str:  # noqa: ANN401, PLR0911 - a cell holds anything; a case a type
    """Write a cell's value as the text that other readers expect.

    Dates are ``YYYY-MM-DD``, times ``HH:MM:SS`` to the nearest second, spans of time the same with
    any number of hours; whole numbers have no decimals.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return _whole_second(value).isoformat(" ")
    if isinstance(value, dt.time):
        return _whole_second(dt.datetime.combine(dt.date(2000, 1, 1), value)).time().isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def damaged(path: Path, error: BaseException) -> SourceError:
    """Make the error for a workbook that breaks while it is read."""
    why = " ".join(str(error).split())[:300] or type(error).__name__
    return refuse(
        path,
        f"expected a workbook, found a damaged one ({why})",
        "open it in Excel or LibreOffice, let it repair the file, and save it as .xlsx",
    )


def check_unpacked(path: Path, size: int) -> None:
    """Refuse a workbook that unpacks without end."""
    if size > LARGEST_UNPACKED_BYTES:
        raise refuse(
            path,
            f"expected at most {LARGEST_UNPACKED_BYTES / 1e9:.1f} GB when unpacked, "
            f"found {size / 1e9:.1f} GB",
            "export the sheet as CSV",
        )


def _whole_second(value: dt.datetime) -> dt.datetime:
    """Round away what the serial number of a time loses: 14:29:59.999999 is 14:30."""
    return (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)


def _choose(
    path: Path, sheets: Sequence[Sheet], wanted: str | None
) -> tuple[Sheet, tuple[Note, ...]]:
    titles = ", ".join(sheet.title for sheet in sheets)
    if wanted is not None:
        by_name = {sheet.title.strip().casefold(): sheet for sheet in sheets}
        by_name |= {sheet.title: sheet for sheet in sheets}
        named = by_name.get(wanted) or by_name.get(wanted.strip().casefold())
        if named is None:
            raise refuse(
                path,
                f"expected the sheet {wanted!r}, found {titles or 'no sheets'}",
                'name one of these: sheet = "…" in the layer\'s entry, or --sheet',
            )
        return named, ()
    visible = [sheet for sheet in sheets if sheet.visible] or list(sheets)
    # A cover sheet has a line or two; a table has a header and rows.
    for fits in (_is_table, any):
        for chosen in visible:
            if fits(any(values) and values for _, values in _guarded(path, chosen)):
                note = Note("sheet_chosen", {"sheet": chosen.title, "sheets": titles})
                return chosen, (note,) if len(sheets) > 1 else ()
    raise refuse(path, "expected a table, found only empty sheets", "export it again")


def _is_table(rows: Iterable[list[str] | bool]) -> bool:
    """Whether at least two rows have at least two cells with something in them."""
    wide = (row for row in rows if isinstance(row, list) and sum(map(bool, row)) > 1)
    return next(wide, None) is not None and next(wide, None) is not None


def _guarded(path: Path, sheet: Sheet) -> Iterator[Row]:
    """Give a sheet's rows; whatever a damaged file raises becomes an error of ours."""
    found = sheet.rows()
    while True:
        try:
            chunk = quietly(list, islice(found, _PEEKED_ROWS))
        except LagesbildError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged sheet raises whatever it met first
            raise damaged(path, error) from None
        if not chunk:
            return
        yield from chunk


def _header(path: Path, sheet: Sheet, rows: Iterator[Row]) -> tuple[int, list[str], list[Row]]:
    """Find the header, and look at the rows below it to know how wide the table is."""
    seen = []
    for number, values in islice(rows, _PEEKED_ROWS):
        if sum(map(_is_text, values)) >= _HEADER_CELLS:
            peeked = list(islice(rows, _PEEKED_ROWS))
            if peeked and _names_groups(values, peeked[0][1]):
                number, values = peeked.pop(0)  # noqa: PLW2901 - the row below is the header
            return number, [_name(v) for v in values], peeked
        if any(values):
            seen.append((number, values))
    if seen and _is_text("".join(seen[0][1])):
        number, values = seen[0]  # a table of one column
        return number, [_name(v) for v in values], seen[1:]
    raise refuse(
        path,
        f"expected a row of column names in the sheet {sheet.title!r}, found none",
        'write names above the columns, or choose another sheet: sheet = "…"',
    )


def _names_groups(values: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row names groups of columns (cells merged across), and the row below each one.

    Names are all different and without figures, and twice as many as the groups; a row of the
    table hardly ever is all of that.
    """
    names = [v.strip().casefold() for v in below if v.strip()]
    return (
        len(names) >= 2 * sum(bool(v.strip()) for v in values)
        and len(set(names)) == len(names)
        and all(_is_text(name) and not _DIGIT.search(name) for name in names)
        and all(b.strip() for v, b in zip(values, below, strict=False) if v.strip())
    )


def _name(value: str) -> str:
    return "" if value == ERROR else value.strip()


def _is_text(text: str) -> bool:
    if not text.strip() or text == ERROR:
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False


def _batches(
    to_close: ExitStack,
    title: str,
    names: Sequence[str],
    peeked: list[Row],
    rest: Iterator[Row],
    notes: tuple[Note, ...],
) -> Iterator[RawTable]:
    with to_close:
        waiting = iter(peeked)
        failed = 0
        batch = [*islice(waiting, _BATCH_ROWS), *islice(rest, _BATCH_ROWS)]
        while True:
            following = [*islice(waiting, _BATCH_ROWS), *islice(rest, _BATCH_ROWS)]
            failed += sum(values.count(ERROR) for _, values in batch)
            if failed and not following:
                notes = (*notes, Note("error_cells", {"n": failed, "sheet": title}, "warning"))
            yield _table(names, batch, notes)
            if not following:
                return
            batch, notes = following, ()


def _table(names: Sequence[str], batch: list[Row], notes: tuple[Note, ...]) -> RawTable:
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
            name: pd.array([v if v.strip() and v != ERROR else None for v in column], dtype=TEXT)
            for name, column in zip(names, by_column, strict=True)
        },
        columns=list(names),
    )
    left_out = left_out_rows(
        [(number, "wrong_number_of_fields", f"{n} of {width}") for number, n in beyond]
    )
    return RawTable(data, np.array(numbers, dtype=np.int64), left_out, notes=notes)
