"""Weather by day, from a file that the user has: SMHI's downloads, or a plain table."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.errors import Problem, SourceError
from geo.months import UNKNOWN_DAY, day_of
from layers.columns import find_columns, listed
from layers.layer import Report
from layers.numbers import read_numbers
from layers.reading import checksum, format_of
from layers.sources import Field
from layers.when import of_day, read_days, read_times, universal_to_wall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_HEADER = re.compile(r'^"?(Datum|Från Datum Tid \(UTC\));', re.MULTILINE)
"""Where the table begins in a file of SMHI's: above it stand the station and the period."""

_FIELDS = (
    Field(
        "day",
        "time",
        "the day, or the moment",
        ("representativt dygn", "datum", "date", "dag", "day", "tidpunkt", "datetime", "time"),
    ),
    Field("clock", "clock", "the time of day", ("tid", "klockslag", "time", "clock", "hour")),
    Field(
        "temperature",
        "number",
        "degrees Celsius",
        ("lufttemperatur", "temperatur", "medeltemperatur", "temperature", "temp",
         "air temperature", "mean temperature"),
    ),
    Field(
        "precipitation",
        "number",
        "millimetres",
        ("nederbördsmängd", "nederbörd", "regn", "precipitation", "rain", "rainfall", "precip"),
    ),
)  # fmt: skip
_MEASURED = {"temperature": (-60, 50), "precipitation": (0, 500)}
"""What can be measured in Sweden: least and most. Beyond lie codes for "no reading" (9999)."""
_TOLD = 3
"""So many rows at fault are named."""

_MOST_OF = 0.75
"""A day with fewer of the readings that days have is not known."""


def read_weather(
    paths: Iterable[Path],
) -> tuple[Mapping[str, Mapping[int, float]], tuple[Report, ...]]:
    """Give the mean temperature and the sum of precipitation by local day, and what was read.

    Days are numbered from 1970-01-01. Times are local, unless their column's name says UTC. Days
    that lack more than a quarter of the readings that days have are unknown. Where two files tell
    the same of a day, the first counts. Raises ``SourceError`` with the rows at fault.
    """
    told: dict[str, dict[int, float]] = {}
    reports = []
    for path in paths:
        data, rows = _table(path)
        for name, values in _days(path, data, rows).items():
            told[name] = values | told.get(name, {})
        n = len(data)
        reports.append(Report("weather", "weather", path.name, checksum(path), n, n, {}))
    return told, tuple(reports)


def _table(path: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Read the rows as text, and how the file counts them."""
    try:
        head = path.read_bytes() if path.suffix.casefold() in (".csv", ".txt") else b""
        text = head.decode("utf-8-sig", "replace")
        begins = _HEADER.search(text)
        if begins and begins.start():
            skipped = text.count("\n", 0, begins.start())
            lines = list(csv.reader(io.StringIO(text[begins.start() :]), delimiter=";"))
            # To the right of SMHI's table stand remarks, behind a column without a name.
            names = lines[0][: lines[0].index("") if "" in lines[0] else None]
            at = [i for i, line in enumerate(lines[1:], 1) if any(line[: len(names)])]
            cut = [(lines[i] + [""] * len(names))[: len(names)] for i in at]
            data = pd.DataFrame(cut, columns=names, dtype="str").replace("", None)
            return data, np.array(at, dtype=np.int64) + skipped + 1
        batches = list(format_of(path).read(path))
    except OSError as error:
        what = f"expected a readable file, found: {error.strerror or error}"
        raise _refused(path, Problem(path.name, what)) from error
    lost = [row for batch in batches for row in batch.left_out["row"].tolist()]
    if not batches or lost:
        where = path.name if not lost else f"{path.name}, row {lost[0]}"
        raise _refused(path, Problem(where, "expected a table of days, found none that is whole"))
    data = pd.concat([batch.data for batch in batches], ignore_index=True)
    return data, np.concatenate([batch.rows for batch in batches])


def _days(path: Path, data: pd.DataFrame, rows: NDArray[np.int64]) -> dict[str, dict[int, float]]:
    """Sum up the readings by local day."""
    columns = find_columns(_FIELDS, [str(name) for name in data.columns], {})
    if "day" not in columns or not any(name in columns for name in _MEASURED):
        names = listed(map(str, data.columns))
        what = f"expected columns of date and temperature or precipitation, found {names}"
        cure = "name them date, temperature (°C) and precipitation (mm)"
        raise _refused(path, Problem(path.name, what, cure))
    days = read_days(data[columns["day"]])
    times = days if "clock" not in columns else of_day(days.local, data[columns["clock"]])
    if "clock" not in columns:
        times = read_times(data[columns["day"]])
    wrong = np.isnat(times.local)
    problems = _at_fault(path, rows, data[columns["day"]], wrong, "a date (YYYY-MM-DD)")
    local = times.local
    if any("utc" in columns[name].casefold() for name in ("day", "clock") if name in columns):
        local = universal_to_wall(np.where(wrong, 0, local.astype(np.int64)))
    day = np.where(wrong, UNKNOWN_DAY, day_of(local))
    found = {}
    for name in (one for one in _MEASURED if one in columns):
        values, unreadable = read_numbers(data[columns[name]])
        low, high = _MEASURED[name]
        with np.errstate(invalid="ignore"):
            wrong = unreadable | (values < low) | (values > high)
        expected = f"a number from {low} to {high} or nothing"
        problems += _at_fault(path, rows, data[columns[name]], wrong, expected)
        found[name] = _by_day(day, values, mean=name == "temperature")
    if problems:
        raise _refused(path, *problems)
    if not any(found.values()):
        what = "expected readings of temperature or precipitation, found none"
        raise _refused(path, Problem(path.name, what, "download the file again"))
    return found


def _by_day(day: NDArray[np.int64], values: Floats, *, mean: bool) -> dict[int, float]:
    there = ~np.isnan(values)
    which, at = np.unique(day[there], return_inverse=True)
    n = np.bincount(at)
    if not len(n):
        return {}
    total = np.bincount(at, values[there]) / (n if mean else 1)
    whole = n >= _MOST_OF * np.median(n)
    return dict(zip(which[whole].tolist(), total[whole].tolist(), strict=True))


def _at_fault(
    path: Path,
    rows: NDArray[np.int64],
    values: pd.Series,
    wrong: NDArray[np.bool_],
    expected: str,
) -> list[Problem]:
    """Name the first rows that hold something else."""
    return [
        Problem(
            f"{path.name}, row {rows[i]}",
            f"expected {expected}, found {values.iloc[i]!r}",
            "mend it, or leave the cell empty",
        )
        for i in np.flatnonzero(wrong)[:_TOLD]
    ]


def _refused(path: Path, *problems: Problem) -> SourceError:
    return SourceError(f"{path.name} cannot be used as weather", problems)
