"""Reads traffic accidents as exported from STRADA, without what is said of the people in them."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from geo.note import Note
from layers.formats import Format, csv, excel
from layers.formats.json_records import beginning
from layers.formats.opening import TEXT, left_out_rows, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.layer import RawTable

_NUMBER, _YEAR, _MONTH, _DAY = "Olycksnummer", "År", "Månad", "Dag"
_HOUR = "Klockslag grupp (timme)"
_PERSONAL = re.compile(
    r"(?i)ålder|kön|händelseförlopp|mais|skadegrad|trafikant|trafikelement|konflikt|person"
)
_LOOK_BYTES = 1 << 16
_PARTS = 8
_PART = re.compile(r"xl/(?:sharedStrings|worksheets/[^/]+)\.xml")
_WORKBOOKS = (".xlsx", ".xlsm")
_TROUBLE = (
    OSError,
    ValueError,
    KeyError,
    RuntimeError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
)


def read(
    path: Path,
    *,
    sheet: str | None = None,
    layer: str | None = None,  # noqa: ARG001 - every format takes the same
) -> Iterator[RawTable]:
    """Give one row an accident, with ``datetime`` of its year, month, day and hour.

    Read are both tables, accidents and persons; of several persons in one accident the first row
    stands for it, the others are left out as ``same_accident``. Columns about people (age, sex,
    injury, role, what happened in words) are dropped here, and a note says so. All rows are of
    the category ``collision``.

    Raises ``SourceError`` as the reader of the file does, and for a table without the columns.
    """
    workbook = path.suffix.casefold() in _WORKBOOKS
    tables = excel.read(path, sheet=sheet) if workbook else csv.read(path)
    seen: set[str] = set()
    notes: tuple[Note, ...] = ()
    for number, table in enumerate(tables):
        if not number:
            notes = _dropped(path, table)
        yield _accidents(table, seen, notes)
        notes = ()


def _dropped(path: Path, table: RawTable) -> tuple[Note, ...]:
    """Check the columns, and say which are dropped for being about people."""
    names = [str(name) for name in table.data]
    missing = [name for name in (_NUMBER, _YEAR, _MONTH, _DAY) if name not in names]
    if missing:
        raise refuse(
            path,
            f"expected a STRADA table with {', '.join(missing)}, found {', '.join(names)}",
            "export it again with these columns"
            + (
                '; or choose the sheet: sheet = "…"' if path.suffix.casefold() in _WORKBOOKS else ""
            ),
        )
    personal = [name for name in names if _PERSONAL.search(name)]
    return (Note("personal_columns_dropped", {"columns": ", ".join(personal)}),) if personal else ()


def _accidents(table: RawTable, seen: set[str], notes: tuple[Note, ...]) -> RawTable:
    """Keep the first row of each accident not seen before, and join the parts of its date."""
    numbers = table.data[_NUMBER].fillna("").astype("str").str.strip()
    again = ((numbers != "") & (numbers.duplicated() | numbers.isin(seen))).to_numpy(dtype=bool)
    seen.update(numbers)
    others = [
        (int(row), "same_accident", value)
        for row, value in zip(table.rows[again], numbers[again], strict=True)
    ]
    kept = table.data[~again].reset_index(drop=True)
    data = kept[[name for name in kept if not _PERSONAL.search(str(name))]]
    data = data.drop(columns=[n for n in (_YEAR, _MONTH, _DAY, _HOUR) if n in data])
    joined = data.assign(
        datetime=_moments(kept), category=pd.array(["collision"] * len(kept), TEXT)
    )
    left_out = [part for part in (table.left_out, left_out_rows(others)) if len(part)]
    return replace(
        table,
        data=joined,
        rows=table.rows[~again],
        left_out=pd.concat(left_out, ignore_index=True) if left_out else table.left_out,
        notes=(*table.notes, *notes),
    )


def _moments(data: pd.DataFrame) -> pd.Series:
    """Write year, month, day and the hour's beginning as one text; a month may be a word."""
    parts = {name: _whole(data[name]) for name in (_YEAR, _MONTH, _DAY)}
    year, month, day = parts.values()
    text = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    words = (day + " " + month + " " + year).where(~month.str.fullmatch(r"\d+").fillna(value=True))
    text = words.fillna(text)
    if _HOUR in data:
        hour = data[_HOUR].astype("str").str.extract(r"^\D{0,4}(\d{1,2})(?!\d)")[0].str.zfill(2)
        hour = hour.where(hour.le("23").fillna(value=False))
        text = (text + " " + hour + ":00").fillna(text)
    return text.astype(TEXT)


def _whole(values: pd.Series) -> pd.Series:
    return values.astype("str").str.strip().str.replace(r"\.0$", "", regex=True)


def _claims(path: Path) -> bool:
    """Know an export by the names of two columns, at the beginning of the table."""
    workbook = path.suffix.casefold() in _WORKBOOKS
    heads = _texts(path) if workbook else [beginning(path)]
    return any(_NUMBER in head and _HOUR in head for head in heads)


def _texts(path: Path) -> list[str]:
    """Give the beginnings of the parts of a workbook that may hold the names of its columns."""
    try:
        with zipfile.ZipFile(path) as book:
            parts = [name for name in book.namelist() if _PART.fullmatch(name)]
            return [_beginning_of(book, name) for name in parts[:_PARTS]]
    except _TROUBLE:
        return []


def _beginning_of(book: zipfile.ZipFile, name: str) -> str:
    with book.open(name) as part:
        return part.read(_LOOK_BYTES).decode("utf-8", "replace")


FORMAT = Format(
    name="strada",
    summary="Traffic accidents exported from STRADA (the tables Olyckor or Personer), one a row",
    endings=(".csv", ".xlsx", ".xlsm"),
    read=read,
    claims=_claims,
    holds="incidents",
)
