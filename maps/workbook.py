"""Writes the picture as an Excel workbook, formatted for people who read and print it."""

from __future__ import annotations

import io
import json
import re
from datetime import date, datetime, time
from itertools import islice
from textwrap import wrap
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.writer.excel import ExcelWriter

from geo.crs import to_lonlat
from geo.months import last_day
from geo.schema import CLUSTER, HOTSPOT, NEAR_REPEAT, RHYTHM
from maps import phrases
from maps.exports.places import hotspots, plain, rows, title
from maps.manifest import manifest_text, portable
from maps.tables import cluster_values
from maps.time_tables import key_words, near_repeat_rows, rhythm_rows
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from geo.schema import Column
    from layers.layer import Report
    from maps.situation import Situation
    from maps.words import Words

_SHARED = ("rank", "family", "name", "reason", "n", "ratio")
_HOTSPOT = (*_SHARED, "peak", "trend", "patrol_minutes", "gap_rank")
_CLUSTER = (*_SHARED, "expected", "p", "first_month", "last_month")
"""What comes first of a place, and is all that is printed of it: more would be too small."""

_WIDTHS = {
    "rank": 7,
    "family": 17,
    "name": 26,
    "reason": 56,
    "n": 11,
    "ratio": 11,
    "peak": 18,
    "trend": 20,
    "expected": 11,
    "p": 10,
    "first_month": 11,
    "last_month": 11,
    "near": 40,
    "categories": 36,
    "recent": 40,
    "hotspot_id": 28,
    "profile": 20,
    "label": 40,
    "mark": 20,
    "significant": 20,
}
_FORMATS = {
    "rank": "0",
    "area_m2": "#,##0",
    "patrol_minutes": "#,##0",
    "radius_m": "#,##0",
    "first_day": "yyyy-mm-dd",
    "last_day": "yyyy-mm-dd",
    "stability_bootstrap": "0%",
    "stability_grids": "0%",
}
_MONTH, _DEGREES = "yyyy-mm", "0.000000"
_A4, _HEAD_ROW = "9", 4
_LONGEST_CELL, _LONGEST_HEADER = 32_767, 80
"""Excel's own limit of a cell; of a page's header it is 255 with all codes."""

_MOST_LEFT_OUT = 10_000
"""Nobody reads more rows in a workbook; ``left_out.csv`` has them all."""

_BOLD, _TITLE = Font("Calibri", 11, bold=True), Font("Calibri", 14, bold=True)
_LINE, _HIGHEST = 15.0, 409.0
"""Points from one line of text to the next, and of the highest row that Excel has."""
_FILL = PatternFill("solid", fgColor="E8E8E8")
_NUMBER, _ONE_LINE = Alignment(vertical="top"), Alignment()
_TEXT = Alignment("left", "top", wrap_text=True, indent=1)


def write_workbook(situation: Situation, folder: Path, language: str) -> None:
    """Write ``lagesbild.xlsx``: hotspots, groups and times if any, sources, left out, settings.

    Every text is a cell of text, whatever it looks like, and there is no formula. The time of
    writing is the end of the month of the meeting, so the same situation gives the same bytes.
    """
    said = words(language)
    book = Workbook(write_only=True)
    book.properties.creator = "lägesbild"
    book.properties.title = title(situation, said)
    # Excel knows no zones; zip nothing earlier than 1980.
    written = last_day(situation.month) if situation.month else date(1980, 1, 1)
    book.properties.created = book.properties.modified = datetime.combine(written, time())
    _hotspots(book, situation, said)
    if any(view.alerts for view in situation.views):
        _clusters(book, situation, said)
    _times(book, situation, said)
    _sources(book, situation, said)
    if situation.layers:
        _left_out(book, situation, said)
    _about(book, situation, said)
    (folder / "lagesbild.xlsx").write_bytes(_packed(book, book.properties.created))


def _hotspots(book: Workbook, situation: Situation, words: Words) -> None:
    columns = _printed_first(HOTSPOT, _HOTSPOT)
    spots = hotspots(situation)
    place = to_lonlat([one.x for one in spots], [one.y for one in spots], situation.crs)
    table = []
    for spot, row, lon, lat in zip(spots, rows(situation, words), *place, strict=True):
        row["family"] = phrases.map_name(spot.family, words, situation)
        table.append([*(row[column.name] for column in columns), float(lon), float(lat)])
    degrees = [
        (words(f"page.script.download.column_{one}"), 12, _DEGREES) for one in ("lon", "lat")
    ]
    _sheet(
        book,
        words("page.ranking"),
        (title(situation, words), phrases.summary(situation.views[0], situation, words)),
        [*_columns(columns, words), *degrees],
        table,
        printed=len(_HOTSPOT),
        frozen=_SHARED.index("name") + 1,
    )


def _printed_first(schema: Sequence[Column], printed: Sequence[str]) -> list[Column]:
    """Put the columns that are printed before the others."""
    known = {column.name: column for column in schema}
    first = [known.pop(name) for name in printed]
    return [*first, *known.values()]


def _clusters(book: Workbook, situation: Situation, words: Words) -> None:
    columns = _printed_first(CLUSTER, _CLUSTER)
    table = []
    for view in situation.views:
        for one in view.alerts:
            row = plain(cluster_values(one, situation, words))
            row["family"] = phrases.map_name(view.family, words, situation)
            row["first_month"], row["last_month"] = map(_day, one.months or (0, 0))
            table.append([row[column.name] for column in columns])
    _sheet(
        book,
        words("tables.clusters"),
        (title(situation, words), words("tables.clusters")),
        _columns(columns, words),
        table,
        printed=len(_CLUSTER),
        frozen=_SHARED.index("name") + 1,
    )


def _times(book: Workbook, situation: Situation, words: Words) -> None:
    """Tell when it happens and what comes back, where methods have; keys as people say them."""
    said = key_words(situation, words)
    tables = [
        ("rhythm", RHYTHM, rhythm_rows(situation, words)),
        ("near_repeat", NEAR_REPEAT, near_repeat_rows(situation)),
    ]
    for name, schema, table in tables:
        shown = [column for column in schema if column.name != "item"]
        keyed = ({**row, **{k: said[k][str(row[k])] for k in said if k in row}} for row in table)
        if table:
            _sheet(
                book,
                words(f"tables.{name}"),
                (title(situation, words), words(f"tables.{name}")),
                _columns(shown, words),
                [[row[column.name] for column in shown] for row in map(plain, keyed)],
            )


def _columns(schema: Iterable[Column], words: Words) -> list[tuple[str, int, str | None]]:
    """Give what people read above each column, its width, and how its numbers are shown."""
    return [
        (words(f"columns.{one.name}"), _WIDTHS.get(one.name, 14), _format(one, words))
        for one in schema
    ]


def _sources(book: Workbook, situation: Situation, words: Words) -> None:
    """Say of every source how many rows were read, used and left out, and why."""
    _sheet(
        book,
        words("page.sources"),
        (title(situation, words), words("page.sources")),
        [
            (words("page.source"), 28, None),
            (words("workbook.file"), 28, None),
            *((words(f"page.{name}"), 14, "#,##0") for name in ("read", "accepted", "left_out")),
            (words("columns.area_level"), 14, "#,##0"),
            (words("page.notes"), 90, None),
        ],
        [_source(report, words) for report in situation.reports],
    )


def _source(report: Report, words: Words) -> list[Any]:
    kind = f"kinds.{report.kind}"
    reasons = ", ".join(
        f"{phrases.cause(key, words)} ({words.number(n)})"
        for key, n in sorted(report.left_out.items(), key=lambda one: (-one[1], one[0]))
    )
    remarks = [words("page.reasons", reasons=reasons)] if reasons else []
    return [
        words(kind) if words.has(kind) else report.name,
        portable(report.path),
        report.read,
        report.accepted,
        sum(report.left_out.values()),
        report.area_level,
        "\n".join([*remarks, *(words.note(note) for note in report.notes)]),
    ]


def _left_out(book: Workbook, situation: Situation, words: Words) -> None:
    layers = (*situation.layers, *situation.background)
    every = (
        [
            portable(layer.report.path),
            row,
            phrases.cause(key, words),
            *(None if pd.isna(one) else str(one) for one in (column, value)),
        ]
        for layer in layers
        for row, key, column, value in layer.left_out[
            ["row", "reason", "column", "value"]
        ].itertuples(index=False, name=None)
    )
    more = sum(len(layer.left_out) for layer in layers) - _MOST_LEFT_OUT
    told = [words("workbook.more", n=more)] if more > 0 else []
    _sheet(
        book,
        words("page.left_out"),
        (title(situation, words), " ".join([words("tables.left_out"), *told])),
        [
            (words(f"columns.{name}"), width, kind)
            for name, width, kind in (
                ("source", 32, None),
                ("row", 10, "0"),
                ("explanation", 44, None),
                ("column", 24, None),
                ("value", 44, None),
            )
        ],
        islice(every, _MOST_LEFT_OUT),
    )


def _about(book: Workbook, situation: Situation, words: Words) -> None:
    """Tell what the picture is of, what limits it, and every setting with which it was made."""
    first, last = situation.months
    known = [
        (words("columns.title"), situation.title),
        (words("columns.municipality"), situation.municipality),
        (words("tables.area"), situation.area_name),
        (words("columns.month"), _day(situation.month)),
        (words("columns.first_month"), _day(first)),
        (words("columns.last_month"), _day(last)),
        (words("columns.notice"), situation.notice),
    ]
    everything, *families = situation.views
    remarks = dict.fromkeys(map(words.note, (*situation.notes, *everything.notes)))
    for view in families:
        name = phrases.map_name(view.family, words, situation)
        own = [note for note in map(words.note, view.notes) if note not in remarks]
        remarks |= dict.fromkeys(f"{name}: {note}" for note in own)
    manifest = json.loads(manifest_text(situation))
    made = {key: manifest[key] for key in ("settings", "seed", "crs", "versions")}
    _sheet(
        book,
        words("page.about"),
        (title(situation, words), words("page.about")),
        [(words("page.setting"), 52, None), (words("page.value"), 110, None)],
        [
            *([name, value] for name, value in known if value),
            *([words("page.notes"), remark] for remark in remarks),
            *([name, value] for name, value in _flat(made)),
        ],
        alignment=_TEXT,
    )


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any JSON
    """Give the leaves of the manifest, each by its path: ``settings.grid.cell_size``."""
    if isinstance(value, dict | list) and value:
        inner = value.items() if isinstance(value, dict) else enumerate(value, 1)
        for key, one in inner:
            yield from _flat(one, f"{name}.{key}" if name else str(key))
    elif value is not None and value not in ({}, []):
        yield name, str(value).lower() if isinstance(value, bool) else value


def _day(month: int) -> date | None:
    """Give the first day of a month; None for the month that stands for none."""
    return date(month // 12, month % 12 + 1, 1) if month else None


def _format(column: Column, words: Words) -> str | None:
    """Choose how a column's numbers are shown: p-values as they are told, whole, or a decimal."""
    if column.name in {"p", "q"} or column.name.endswith(("_p", "_q")):
        return f'[<0.0001]"<{words("workbook.least")}";0.0000'
    by_kind = {"integer": "#,##0", "real": "#,##0.0"}
    return _FORMATS.get(column.name, by_kind.get(column.kind))


def _sheet(
    book: Workbook,
    name: str,
    above: tuple[str, str],
    columns: Sequence[tuple[str, int, str | None]],
    table: Iterable[Sequence[Any]],
    *,
    printed: int | None = None,
    frozen: int = 0,
    **style: Any,  # noqa: ANN401 - of the rows' cells
) -> None:
    """Write a sheet: two lines above, a header that stays and prints on every page, and rows.

    ``columns`` are header, width and the format of numbers; of them the first ``printed`` are
    printed, the first ``frozen`` stay when one scrolls.
    """
    sheet = book.create_sheet(name)
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.freeze_panes = f"{get_column_letter(frozen + 1)}{_HEAD_ROW + 1}"
    for i, (_, width, _) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    sheet.row_dimensions[1].height = 1.4 * _LINE
    sheet.append([_cell(sheet, above[0], font=_TITLE, alignment=_ONE_LINE)])
    sheet.append([_cell(sheet, above[1], alignment=_ONE_LINE)])
    sheet.append([])
    heads = [head for head, *_ in columns]
    sheet.row_dimensions[_HEAD_ROW].height = _height(heads, columns)
    sheet.append([_cell(sheet, head, font=_BOLD, fill=_FILL) for head in heads])
    last = _HEAD_ROW
    for row in table:
        last += 1
        sheet.row_dimensions[last].height = _height(row, columns)
        cells = zip(row, columns, strict=True)
        sheet.append([_cell(sheet, one, form=form, **style) for one, (*_, form) in cells])
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{get_column_letter(len(columns))}{last}"
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    sheet.print_area = f"A1:{get_column_letter(printed or len(columns))}{last}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(0.4, 0.4, 0.7, 0.6, header=0.3, footer=0.3)  # inches
    sheet.oddHeader.left.text = " ".join(above[0].split())[:_LONGEST_HEADER].replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def _height(row: Sequence[Any], columns: Sequence[tuple[str, int, str | None]]) -> float:
    """Give room for every line of a row's texts: not every program finds it by itself."""
    lines = (
        sum(len(wrap(line, width)) or 1 for line in value.split("\n"))
        for value, (_, width, _) in zip(row, columns, strict=True)
        if isinstance(value, str)
    )
    return min(_LINE * max((1, *lines)), _HIGHEST)


def _cell(sheet: Any, value: Any, *, form: str | None = None, **style: Any) -> WriteOnlyCell:  # noqa: ANN401
    """Make a cell; a text is one of type text, never a formula or an error value."""
    cell = WriteOnlyCell(sheet)
    if isinstance(value, str):
        cell.value = _text(value) or None
        cell.data_type = "s" if value else "n"
        cell.alignment = _TEXT
    else:
        cell.value = value
        cell.alignment = _NUMBER
        if form is not None or isinstance(value, date):
            cell.number_format = form or _MONTH
    for name, one in style.items():
        setattr(cell, name, one)
    return cell


def _text(text: str) -> str:
    """Make a text one that a workbook can hold; what would be read as an escape stays as it is."""
    text = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", phrases.valid(text))
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _packed(book: Workbook, moment: datetime) -> bytes:
    """Save a workbook with one time on all its parts: openpyxl's are of the moment of writing."""
    made, packed = io.BytesIO(), io.BytesIO()
    ExcelWriter(book, ZipFile(made, "w", ZIP_DEFLATED)).save()
    with ZipFile(made) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = ZipInfo(name, moment.timetuple()[:6])
            part.create_system, part.external_attr = 3, 0o600 << 16  # wherever it is made
            part.compress_type = ZIP_DEFLATED
            target.writestr(part, source.read(name))
    return packed.getvalue()
