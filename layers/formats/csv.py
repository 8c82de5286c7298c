"""Reads tables of separated text: CSV in all the ways in which Swedish exports write it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from geo.note import Note
from layers.formats import Format
from layers.formats.opening import TEXT, LeftOutRow, Numbers, first_bytes, left_out_rows, refuse
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

DELIMITERS = (";", "\t", ",", "|")

_BLOCK_BYTES = 1 << 22
_SCAN_BYTES = 1 << 24
_HEAD_BYTES = 1 << 20
_BATCH_ROWS = 10_000  # larger ones make the garbage collector work for nothing
_PEEKED_ROWS = 200
_NOT_IN_CP1252 = bytes([0x81, 0x8D, 0x8F, 0x90, 0x9D])
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (
    (b"PK\x03\x04", "a workbook or another packed file", ".xlsx, .ods, .zip"),
    (b"\xd0\xcf\x11\xe0", "a workbook of the older form", ".xls"),
    (b"SQLite format 3", "a GeoPackage or another database", ".gpkg, .sqlite"),
    (b"PAR1", "a Parquet file", ".parquet"),
    (b"%PDF", "a PDF document", ".pdf"),
)
_UNKNOWN = (b"", "binary data", ".xlsx, .gpkg …")
_AS_CP1252 = "lagesbild_cp1252"
_UTF8_LETTER = re.compile(rb"\xc3[\x84\x85\x89\x96\xa4\xa5\xa9\xb6]")
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How the bytes are to be read; ``lost`` counts bytes that mean nothing in it.

    A ``mixed`` one is UTF-8 in which what is no UTF-8 is Windows-1252.
    """

    name: str
    bom: int
    quotes: bool
    lost: int
    mixed: bool = False

    @property
    def plain(self) -> bool:
        """Whether every byte means something in an encoding that Arrow knows."""
        return self.name in {"utf-8", "cp1252"} and not self.lost and not self.mixed

    @property
    def errors(self) -> str:
        """How to decode what means nothing."""
        if self.mixed:
            return _AS_CP1252
        return "strict" if self.plain else "replace"

    @property
    def exactly(self) -> str:
        """How to decode what means nothing so that it can be encoded again, byte for byte."""
        return "surrogatepass" if self.name.startswith("utf-16") else "surrogateescape"

    def shown(self, text: str) -> str:
        """Write text that was decoded exactly as it is shown, what means nothing as �."""
        return text.encode(self.name, self.exactly).decode(self.name, self.errors).strip()


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the rows begin and how they are cut.

    ``names`` are the columns that are kept, ``fields`` the number of fields that most rows have
    (empty ones at the end beyond the names are tolerated), ``start`` the byte after the header,
    ``header_row`` the number of its record.
    """

    encoding: _Encoding
    delimiter: str
    names: tuple[str, ...]
    fields: int
    start: int
    header_row: int
    notes: tuple[Note, ...]


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give the rows of a table of separated text in batches, every field as text.

    Encoding: by its mark, else UTF-8 if it is valid UTF-8, else Windows-1252; where both are mixed,
    each byte by what it can be, with a note. The delimiter is
    the commonest of ``; tab , |`` in the header, or what a first line ``sep=`` says. Empty fields
    are NA; empty lines are no rows, but count in the numbering, in which the header is row 1
    as in a spreadsheet. A row with too few or too many fields is left out as
    ``wrong_number_of_fields``, the line at which a quote opens that never closes as
    ``unclosed_quote``. At least one batch is given, if only with the columns.

    Raises ``SourceError`` when the file cannot be opened, is empty or is not text.
    """
    layout = _layout(path, _encoding(path, first_bytes(path)))
    return _read_rows(path, layout)


FORMAT = Format(
    name="csv",
    summary="Text tables separated by semicolon, comma, tab or bar",
    endings=(".csv", ".tsv", ".txt"),
    read=read,
)


def _read_rows(path: Path, layout: _Layout) -> Iterator[RawTable]:
    """Read fast as long as the rows are plain, then exactly; the first batch carries the notes."""
    notes = layout.notes
    done = 0
    if layout.encoding.plain:
        fast = _Fast(path, layout)
        for batch in fast.batches():
            yield _table(layout, *batch, notes)
            notes = ()
        done = fast.done
        if fast.finished:
            return
    for batch in _exact_batches(path, layout, done):
        yield _table(layout, *batch, notes)
        notes = ()


def _table(
    layout: _Layout,
    data: pd.DataFrame,
    rows: Numbers,
    left_out: Sequence[LeftOutRow],
    notes: tuple[Note, ...],
) -> RawTable:
    """Number the records (the first after the header is 1) as the file's reader does."""
    out = left_out_rows([(n + layout.header_row, why, value) for n, why, value in left_out])
    return RawTable(data=data, rows=rows + layout.header_row, left_out=out, notes=notes)


def _encoding(path: Path, head: bytes) -> _Encoding:
    """Read the whole file once: is it text, in which encoding, and does it quote anything."""
    bom, name = next(((len(b), n) for b, n in _BOMS if head.startswith(b)), (0, "utf-8"))
    if name != "utf-8":
        return _Encoding(name, bom, quotes=True, lost=0)
    utf8 = codecs.getincrementaldecoder("utf-8")()
    valid, quotes = True, False
    with path.open("rb") as file:
        while chunk := file.read(_SCAN_BYTES):
            if b"\0" in chunk:
                found, ending = next((k for k in _BINARY if head.startswith(k[0])), _UNKNOWN)[1:]
                raise refuse(
                    path,
                    f"expected a table as text, found {found}",
                    f"give it its true ending ({ending}), or export it as CSV (UTF-8)",
                )
            quotes = quotes or b'"' in chunk
            if valid and (utf8.getstate()[0] or not chunk.isascii()):
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
    if valid:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            valid = False
    if valid or bom:
        # A marked file with a broken character is still UTF-8; only that character is lost.
        return _Encoding("utf-8", bom, quotes, 0 if valid else 1)
    if _has_utf8(path):
        return _Encoding("utf-8", 0, quotes, 0, mixed=True)
    return _Encoding("cp1252", 0, quotes, _lost_in_cp1252(path))


def _has_utf8(path: Path) -> bool:
    """Whether letters of UTF-8 stand among others: as if someone had put two files together."""
    with path.open("rb") as file:
        return any(map(_UTF8_LETTER.search, iter(partial(file.read, _SCAN_BYTES), b"")))


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode what is no UTF-8 as Windows-1252."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - nothing is encoded so
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_AS_CP1252, _as_cp1252)


def _lost_in_cp1252(path: Path) -> int:
    """Count the bytes that mean nothing in cp1252."""
    lost = 0
    with path.open("rb") as file:
        while chunk := file.read(_SCAN_BYTES):
            lost += len(chunk) - len(chunk.translate(None, _NOT_IN_CP1252))
    return lost


def _layout(path: Path, encoding: _Encoding) -> _Layout:
    """Find the header, the delimiter and the number of fields."""
    with path.open("rb") as file:
        file.seek(encoding.bom)
        decoder = codecs.getincrementaldecoder(encoding.name)(encoding.exactly)
        head = file.read(_HEAD_BYTES)
    text = decoder.decode(head)
    lines = _Lines(io.StringIO(text, newline=""))
    delimiter = None
    blank = used = 0
    for line in lines:
        said = _SEP_LINE.fullmatch(line.rstrip("\r\n"))
        if said and delimiter is None:
            delimiter = said[1]
        elif line.strip():
            lines.put_back(line)
            break
        else:
            blank += 1
        used += len(line.encode(encoding.name, encoding.exactly))
    else:
        raise refuse(path, "expected a header, found only empty lines", "export it again")
    title, skipped = _title(lines, delimiter)
    used += len(skipped.encode(encoding.name, encoding.exactly))
    blank += 2 if skipped else 0
    delimiter = delimiter or _sniff(lines)
    lines.taken.clear()
    records = csv.reader(lines, delimiter=delimiter)
    try:
        header = [encoding.shown(name).strip("\ufeff").strip() for name in next(records)]
        used += sum(len(line.encode(encoding.name, encoding.exactly)) for line in lines.taken)
    except csv.Error:
        raise refuse(
            path,
            "expected a header in the first row, found a quote that is never closed",
            "close the quote in the first rows, or export the file again",
        ) from None
    peeked = _peek(records, cut=len(head) == _HEAD_BYTES)
    if not any(header):
        cure = "write names above the columns"
        raise refuse(path, "expected column names in the first row, found none", cure)
    names, notes = column_names(header, peeked)
    counts = Counter(len(row) for row in peeked if _fits(row, len(names)))
    fields = counts.most_common(1)[0][0] if counts else max(len(names), 1)
    if title:
        notes = (*notes, Note("title_skipped", {"title": encoding.shown(title), "row": blank + 1}))
    if encoding.mixed:
        notes = (*notes, Note("encodings_mixed", {"file": path.name}, "warning"))
    if encoding.lost:
        notes = (*notes, Note("characters_lost", {"file": path.name}, "warning"))
    return _Layout(encoding, delimiter, names, fields, encoding.bom + used, blank + 1, notes)


def _title(lines: _Lines, delimiter: str | None) -> tuple[str, str]:
    """Take a title off that stands above the table, as Statistics Sweden's exports have it.

    It is one field in a line of its own, with an empty line below it, then a header of several
    fields. Gives its text, and all that was taken.
    """
    first = list(islice(lines, 3))
    title = first[0].strip()
    if len(first) == 3 and not first[1].strip() and first[2].strip():  # noqa: PLR2004 - so many
        cut = delimiter or _sniff(_Lines(first[2:]))
        names = [name.strip() for name in _QUOTED.sub('"', first[2]).split(cut)]
        if sum(map(bool, names)) > 1 and cut not in _QUOTED.sub("", title):
            lines.put_back(first[2])
            return title.strip('"'), "".join(first[:2])
    lines.put_back(*first)
    return "", ""


def _peek(records: Iterator[list[str]], *, cut: bool) -> list[list[str]]:
    """Give the first rows; without the last where the text was ``cut`` off, perhaps inside it."""
    rows = []
    try:
        for row in islice(records, _PEEKED_ROWS):
            rows.append(row)  # noqa: PERF402 - what came before an error is kept
    except csv.Error:
        cut = False  # a field longer than the csv module takes; Arrow may
    return [row for row in (rows[:-1] if cut else rows) if any(row)]


def _sniff(lines: _Lines) -> str:
    """Give the delimiter that is commonest in the header outside quotes."""
    line = next(lines)
    lines.put_back(line)
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=bare.count)


def column_names(
    header: Sequence[str], peeked: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Make every column's name unique and not empty, with a note for each kind of change.

    Nameless columns at the end that are empty in the rows ``peeked`` at are dropped.
    """
    width = len(header)
    while width > 1 and not header[width - 1]:
        if any(len(row) >= width and row[width - 1] for row in peeked):
            break
        width -= 1
    names: dict[str, None] = {}
    given = set(header)
    nameless, twice = [], []
    for position, name in enumerate(header[:width], start=1):
        own = name or f"column_{position}"
        unique, n = own, 1
        while unique in names or (unique != name and unique in given):
            n += 1
            unique = f"{own}_{n}"
        names[unique] = None
        if not name:
            nameless.append(unique)
        elif unique != name:
            twice.append(unique)
    notes = []
    if nameless:
        notes.append(Note("columns_without_name", {"columns": ", ".join(nameless)}))
    if twice:
        notes.append(Note("columns_of_same_name", {"columns": ", ".join(twice)}))
    return tuple(names), tuple(notes)


def _fits(fields: Sequence[str], width: int) -> bool:
    """Whether a record has all fields and beyond them only empty ones."""
    return len(fields) == width or (len(fields) > width and not any(fields[width:]))


def _is_blank(fields: Sequence[str]) -> bool:
    return not any(map(str.strip, fields))


class _Fast:
    """Reads plain rows with Arrow; stops, still right, where a row needs a closer look.

    ``done`` is the last record that was given, ``finished`` whether that was all.
    """

    def __init__(self, path: Path, layout: _Layout) -> None:
        self.path = path
        self.layout = layout
        self.done = 0
        self.finished = False
        self.unclear = False
        self.bad: list[LeftOutRow] = []
        self.blank: list[int] = []

    def batches(
        self,
    ) -> Iterator[tuple[pd.DataFrame, Numbers, list[LeftOutRow]]]:
        try:
            for batch in self._arrow():
                if self.unclear or self._has_line_breaks(batch):
                    return
                yield self._checked(batch)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return
        if self.unclear:
            return
        self.finished = True
        if self.bad or not self.done:
            empty = pd.DataFrame({n: pd.array([], dtype=TEXT) for n in self.layout.names})
            yield empty, np.zeros(0, dtype=np.int64), self.bad

    def _arrow(self) -> Iterator[pa.RecordBatch]:
        layout = self.layout
        columns = [str(i) for i in range(layout.fields)]
        with pa.OSFile(str(self.path)) as file:
            file.seek(layout.start)
            if file.tell() == file.size():
                return
            yield from arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,  # else invalid rows come without their number
                    block_size=_BLOCK_BYTES,
                    column_names=columns,
                    encoding=layout.encoding.name,
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=layout.delimiter,
                    quote_char='"' if layout.encoding.quotes else False,
                    newlines_in_values=layout.encoding.quotes,
                    ignore_empty_lines=False,
                    invalid_row_handler=self._judge,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.large_string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )

    def _judge(self, row: arrow_csv.InvalidRow) -> str:
        text = row.text
        if "\n" in text or "\r" in text or row.number is None:
            self.unclear = True
            return "skip"
        try:
            fields = next(csv.reader([text], delimiter=self.layout.delimiter, strict=True), [])
        except csv.Error:
            self.unclear = True
            return "skip"
        width = len(self.layout.names)
        if _is_blank(fields):
            self.blank.append(row.number)
        elif _fits(fields, width):
            self.unclear = True
        else:
            self.bad.append((row.number, *_wrong_number(fields, width)))
        return "skip"

    def _has_line_breaks(self, batch: pa.RecordBatch) -> bool:
        """Whether a quote spans lines: meant, or forgotten to close; only a closer look tells."""
        if not self.layout.encoding.quotes:
            return False
        return any(
            pc.any(pc.match_substring(column, mark)).as_py()
            for column in batch.columns
            for mark in ("\n", "\r")
        )

    def _checked(self, batch: pa.RecordBatch) -> tuple[pd.DataFrame, Numbers, list[LeftOutRow]]:
        """Number the rows, and take out those that are empty or have text beyond the columns."""
        width = len(self.layout.names)
        rows = self._numbers(batch.num_rows)
        empty = np.ones(len(rows), dtype=bool)
        for column in batch.columns:
            if not empty.any():
                break
            blank = pc.equal(pc.utf8_trim_whitespace(column), "")
            blank = pc.fill_null(blank, pa.scalar(value=True))
            empty &= blank.to_numpy(zero_copy_only=False)
        beyond = np.zeros(len(rows), dtype=bool)
        for column in batch.columns[width:]:
            beyond |= column.is_valid().to_numpy(zero_copy_only=False)
        beyond &= ~empty
        value = f"{self.layout.fields} of {width}"
        new = [(int(n), "wrong_number_of_fields", value) for n in rows[beyond]]
        last = int(rows[-1]) if len(rows) else self.done
        left_out = sorted([b for b in self.bad if b[0] < last] + new)
        self.bad = [b for b in self.bad if b[0] > last]
        self.done = last
        kept = batch.select(range(width)).rename_columns(list(self.layout.names))
        drop = beyond | empty
        if drop.any():
            kept, rows = kept.filter(pa.array(~drop)), rows[~drop]
        data = kept.to_pandas(types_mapper={pa.large_string(): TEXT}.get)
        return data, rows, left_out

    def _numbers(self, size: int) -> Numbers:
        skipped = [b[0] for b in self.bad] + self.blank
        rows = np.arange(self.done + 1, self.done + 1 + size + len(skipped), dtype=np.int64)
        if skipped:
            rows = rows[~np.isin(rows, skipped)]
        rows = rows[:size]
        if size:
            self.blank = [n for n in self.blank if n > rows[-1]]
        return rows


class _Lines:
    """Physical lines that remember what was taken since the record began, and take lines back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._source)
        self.taken.append(line)
        return line

    def put_back(self, *lines: str) -> None:
        self._waiting.extendleft(reversed(lines))


def _exact_batches(
    path: Path, layout: _Layout, done: int
) -> Iterator[tuple[pd.DataFrame, Numbers, list[LeftOutRow]]]:
    """Read record by record from the beginning, giving what comes after record ``done``."""
    given = 0
    records = _records(path, layout)
    if done:
        records = (r for r in records if r[0] > done)
    while True:
        rows: list[int] = []
        values: list[Sequence[str]] = []
        left_out: list[LeftOutRow] = []
        for number, fields, reason, value in islice(records, _BATCH_ROWS):
            if fields is None:
                left_out.append((number, reason, value))
            else:
                rows.append(number)
                values.append(fields)
        if given and not rows and not left_out:
            return
        given += 1
        columns = list(zip(*values, strict=False)) or [()] * len(layout.names)
        data = pd.DataFrame(
            {name: _texts(column) for name, column in zip(layout.names, columns, strict=False)},
            columns=list(layout.names),
        )
        yield data, np.array(rows, dtype=np.int64), left_out


def _texts(values: Sequence[str]) -> pd.Series[str]:
    """Make a column of text in which empty fields are missing."""
    column = pa.array(values, pa.large_string())
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.large_string()), column)
    return pd.Series(pd.array(column, dtype=TEXT))


def _records(path: Path, layout: _Layout) -> Iterator[tuple[int, Sequence[str] | None, str, str]]:
    """Give every record that is not blank: number, fields or None, else reason and value."""
    width = len(layout.names)
    encoding = layout.encoding
    with path.open("rb") as file:
        file.seek(layout.start)
        lines = _Lines(io.TextIOWrapper(file, encoding.name, encoding.errors, newline=""))
        reader = csv.reader(lines, delimiter=layout.delimiter)
        number = 0
        while True:
            lines.taken.clear()
            fields: Sequence[str] | None
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                fields = None  # longer than a field may be
            number += 1
            taken = lines.taken
            if len(taken) > 1 and _swallowed(taken, fields, layout):
                lines.put_back(*taken[1:])
                yield number, None, "unclosed_quote", taken[0].strip()[:200]
            elif fields is None:
                yield number, None, "unreadable_row", taken[0].strip()[:200]
            elif _is_blank(fields):
                continue
            elif len(fields) == width:
                yield number, fields, "", ""
            elif _fits(fields, width):
                yield number, fields[:width], "", ""
            else:
                yield number, None, *_wrong_number(fields, width)


def _swallowed(taken: Sequence[str], fields: Sequence[str] | None, layout: _Layout) -> bool:
    """Whether a record over several lines has swallowed rows behind a quote that never closed.

    So it is when the record is not well formed, and one of its later lines is a row by itself.
    """
    width = len(layout.names)
    if fields is not None and _fits(fields, width) and _well_formed(taken, layout.delimiter):
        return False
    if fields is None and width == 1:
        return True
    alone = (next(csv.reader([line], delimiter=layout.delimiter), []) for line in taken[1:])
    return any(_fits(row, width) and not _is_blank(row) for row in alone)


def _well_formed(lines: Sequence[str], delimiter: str) -> bool:
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _wrong_number(fields: Sequence[str], width: int) -> tuple[str, str]:
    return "wrong_number_of_fields", f"{len(fields)} of {width}"
