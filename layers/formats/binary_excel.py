"""Reads the workbooks that are no text inside, .xls and .xlsb, in a process of their own."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from layers.formats.opening import refuse
from layers.formats.sheets import Sheet, cell_text, damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from layers.formats.sheets import Row

# The reader keeps a sheet as one full rectangle: a stray cell far out makes it ask for more memory
# than there is, which ends its process, and so might a damaged file.
_PROGRAM = """
import datetime as dt, json, sys
from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

def plain(value):
    if isinstance(value, dt.timedelta):
        return {"timedelta": value.total_seconds()}
    if isinstance(value, (dt.date, dt.time)):
        return {type(value).__name__: value.isoformat()}
    return str(value)

def say(value):
    print(json.dumps(value, default=plain))

def opened(path):
    try:
        return CalamineWorkbook.from_filelike(open(path, "rb"))  # whatever its ending
    except Exception:
        return CalamineWorkbook.from_path(path)  # says more of what is wrong

try:
    book = opened(sys.argv[1])
    if len(sys.argv) == 3:
        for one in book.sheets_metadata:
            say([one.name, one.visible == SheetVisibleEnum.Visible])
    else:
        sheet = book.get_sheet_by_index(int(sys.argv[3]))
        if sheet.start and (sheet.end[0] + 1) * (sheet.end[1] + 1) > int(sys.argv[2]):
            say({"refused": "size"})
        elif sheet.start:
            for number, row in enumerate(sheet.iter_rows(), 1):
                if row.count("") < len(row):
                    while row[-1] == "":
                        row.pop()
                    say([number, [""] * sheet.start[1] + row])
except PasswordError:
    say({"refused": "password"})
except Exception as error:
    say({"refused": str(error)})
"""

_LARGEST_CELLS = 1 << 24
"""As many as a sheet of an .xls has places for."""

_READERS: dict[str, Callable[[Any], Any]] = {
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": lambda seconds: dt.timedelta(seconds=seconds),
}


def binary_sheets(path: Path) -> list[Sheet]:
    """Give the sheets of a workbook of the old or the binary form.

    Raises ``SourceError`` for a locked, damaged or enormous one.
    """
    return [
        Sheet(title, visible, partial(_rows, path, number))
        for number, (title, visible) in enumerate(_said(path))
    ]


def _rows(path: Path, sheet: int) -> Iterator[Row]:
    for number, cells in _said(path, str(sheet)):
        yield number, [_text(cell) for cell in cells]


def _text(cell: Any) -> str:  # noqa: ANN401 - a cell holds anything
    if isinstance(cell, dict):
        ((kind, value),) = cell.items()
        return cell_text(_READERS[kind](value))
    return cell_text(cell)


def _said(path: Path, *wanted: str) -> Iterator[Any]:
    """Give what the reading process says, line by line."""
    command = [sys.executable, "-P", "-X", "utf8", "-c", _PROGRAM]
    with subprocess.Popen(  # noqa: S603 - our own program; the file's name is no option of it
        [*command, str(path.resolve()), str(_LARGEST_CELLS), *wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            for line in process.stdout:
                yield _heard(path, line)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise damaged(path, RuntimeError("its reader failed"))


def _heard(path: Path, line: str) -> Any:  # noqa: ANN401 - a list of whatever cells hold
    """Give what was said, unless it is why the file cannot be read."""
    said = json.loads(line)
    if isinstance(said, list):
        return said
    why = said["refused"]
    if why == "password":
        raise refuse(
            path,
            "expected a workbook, found one locked with a password",
            "open it in Excel, remove the password, and save it as .xlsx",
        )
    if why == "size":
        raise refuse(
            path,
            f"expected at most {_LARGEST_CELLS} cells, found more",
            "delete what stands far outside the table, or export the sheet as CSV",
        )
    raise damaged(path, ValueError(why))
