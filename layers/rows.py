"""The rows of one source on their way to a layer: what they hold, which are left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.errors import Problem
from geo.months import UNKNOWN_HOUR, UNKNOWN_MONTH
from geo.note import Note
from layers.categories import most_common
from layers.columns import listed
from layers.layer import LEFT_OUT_COLUMNS
from layers.numbers import read_numbers
from layers.when import is_of_day, of_day, or_days, past_midnight, read_days, read_times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from geo.aoristic import Between
    from layers.categories import Vocabulary
    from layers.layer import Events, LayerSettings
    from layers.sources import Kind
    from layers.when import Times

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Geometries = NDArray[np.object_]

REASONS = (
    "wrong_number_of_fields",
    "unreadable_feature",
    "no_position",
    "unknown_area",
    "unreadable_position",
    "zero_position",
    "wrong_shape",
    "outside_area",
    "not_selected",
    "no_event",
    "county_only",
    "same_accident",
    "earlier_season",
    "no_name",
    "no_category",
    "unknown_category",
    "no_date",
    "unreadable_date",
    "unreadable_number",
    "negative_number",
    "out_of_range",
    "ends_before_start",
    "too_long",
    "ambiguous_time",
    "out_of_order",
    "too_fast",
    "earlier_year",
    "part_of_total",
    "summed",
    "duplicate",
)
"""Why a row can be left out, in the order in which they are looked for: the first one counts.

Duplicates come last, so that of a row that stands twice the first usable one is kept.
"""

_LONGEST_VALUE = 120


@dataclass(frozen=True, eq=False)
class Built:
    """What a kind made of its rows: arrays parallel to all rows, also to those left out.

    ``columns`` become the layer's table (``id`` is put before them). A counted kind fills
    ``month``, ``hour``, ``category`` (positions in the vocabulary's keys) and ``weight``, and
    ``day`` where it has dates. ``between`` holds events to be spread over the time in which they
    may have happened.
    ``presence`` makes entries of the rows that were accepted, given which and their geometry.
    """

    columns: Mapping[str, ArrayLike | pd.Series]
    month: NDArray[np.int32] | None = None
    hour: NDArray[np.int16] | None = None
    category: NDArray[np.int32] | None = None
    weight: Floats | None = None
    day: NDArray[np.int32] | None = None
    between: Between | None = None
    presence: Callable[[Ints, Geometries], Events] | None = None


@dataclass(eq=False)
class Rows:
    """The rows of one source, the columns that were found, and what was said about them so far.

    ``columns`` maps a field to the file's column. A row is left out once, for the first reason
    that was found; ``notes`` and ``problems`` gather what the reader should know.
    """

    settings: LayerSettings
    kind: Kind
    vocabulary: Vocabulary
    data: pd.DataFrame
    rows: Ints
    columns: Mapping[str, str]
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    positions: tuple[str, ...] = ()
    _reason: NDArray[np.int16] = field(init=False)
    _column: NDArray[np.int16] = field(init=False)
    _column_names: list[str] = field(default_factory=lambda: [""])

    def __post_init__(self) -> None:
        self._reason = np.full(len(self.rows), -1, dtype=np.int16)
        self._column = np.zeros(len(self.rows), dtype=np.int16)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def usable(self) -> Mask:
        """Which rows have not been left out so far."""
        usable: Mask = self._reason < 0
        return usable

    def leave_out(self, which: Mask, reason: str, column: str = "") -> None:
        """Leave rows out that are not out already; ``column`` is the file's column at fault."""
        fresh = which & (self._reason < 0)
        if not fresh.any():
            return
        if column not in self._column_names:
            self._column_names.append(column)
        self._reason[fresh] = REASONS.index(reason)
        self._column[fresh] = self._column_names.index(column)

    def left_out(self) -> pd.DataFrame:
        """List the rows left out so far, with ``LEFT_OUT_COLUMNS``."""
        at = np.flatnonzero(self._reason >= 0)
        values = pd.Series([None] * len(at), dtype="str")
        for i, name in enumerate(self._column_names):
            mine = np.flatnonzero(self._column[at] == i)
            if name in self.data and len(mine):
                texts = self.data[name].iloc[at[mine]].astype("str")
                values.iloc[mine] = texts.str.slice(0, _LONGEST_VALUE).to_numpy()
        names = [None if name == "" else name for name in self._column_names]
        columns = pd.Series(np.array(names, dtype=object)[self._column[at]], dtype="str")
        reasons = pick(REASONS, self._reason[at].astype(np.int32))
        found = (self.rows[at], reasons, columns, values)
        return pd.DataFrame(dict(zip(LEFT_OUT_COLUMNS, found, strict=True)))

    def has(self, name: str) -> bool:
        """Say whether the file has a column for a field."""
        return name in self.columns

    def need(self, *names: str) -> bool:
        """Say whether there is a column for one of the fields; none is a problem."""
        if any(name in self.columns for name in names):
            return True
        free = [c for c in self.data.columns if c not in (*self.columns.values(), *self.positions)]
        first = names[0]
        guess = free[0] if len(free) == 1 else "…"
        self.problems.append(
            Problem(
                self.settings.path.name,
                f"expected a column for {' or '.join(names)}, found {listed(self.data.columns)}",
                f'name it in the project file: columns = {{ {first} = "{guess}" }}',
            )
        )
        return False

    def text(self, name: str) -> pd.Series:
        """Give a field as text, trimmed; blank and missing are missing."""
        if name not in self.columns:
            return pd.Series([None] * len(self), dtype="str")
        return as_text(self.data[self.columns[name]])

    def name_or_out(self, name: str = "name") -> pd.Series:
        """Give a field that each row must have as text; rows without it are left out."""
        values = self.text(name)
        self.leave_out(values.isna().to_numpy(), "no_name", self.columns.get(name, ""))
        return values

    def numbers(self, name: str, *, least: float | None = None) -> Floats:
        """Give a field as numbers, NaN where missing; what is no number is left out."""
        if name not in self.columns:
            return np.full(len(self), np.nan)
        values, unreadable = read_numbers(self.data[self.columns[name]])
        self.leave_out(unreadable, "unreadable_number", self.columns[name])
        if least is not None:
            self.leave_out(values < least, "negative_number", self.columns[name])
        return values

    def times(self, name: str, clock: str = "", *, required: bool = False) -> Times | None:
        """Give a field as local times; None where the file has no column for it.

        What is no time is left out, and what is missing too where it is ``required``.
        """
        if name not in self.columns:
            return None
        column = self.columns[name]
        of_day = self.data[self.columns[clock]] if clock in self.columns else None
        times = read_times(self.data[column], of_day)
        self.notes += times.notes
        if required:
            self.leave_out(np.isnat(times.local) & ~times.unreadable, "no_date", column)
        self.leave_out(times.unreadable, "unreadable_date", column)
        return times

    def span(
        self, begin: tuple[str, str], end: tuple[str, str], date: str
    ) -> tuple[Times | None, Times | None]:
        """Give two fields that bound a span of time, each (field, clock); None where not there.

        Where one holds nothing but the time of day, the day is that of the field ``date``, and
        where no time of day is written the day is known all the same; an end by the clock alone
        is on the day of the beginning, or after the midnight that follows.
        """
        clocks = [self.clocklike(name) for name, _ in (begin, end)]
        if not (any(clocks) and self.has(date)):
            begun = self.times(*begin)
        else:
            days = read_days(self.data[self.columns[date]])
            begun = self._of_day(days.local, begin[0]) if clocks[0] else self.times(*begin)
            begun = self._or_days(begun, days, date)
        if not clocks[1] or begun is None:
            return begun, self.times(*end)
        return begun, past_midnight(begun, self._of_day(begun.local, end[0]))

    def or_day(self, begun: Times | None, date: str) -> Times | None:
        """Give the day of the field ``date`` to rows that say no time; None where neither is."""
        if not self.has(date) or (begun is not None and not np.isnat(begun.local).any()):
            return begun
        return self._or_days(begun, read_days(self.data[self.columns[date]]), date)

    def _or_days(self, begun: Times | None, days: Times, date: str) -> Times:
        """Give rows that say no time their day; an unreadable day is left out where it is all."""
        lacks = np.ones(len(self), dtype=bool) if begun is None else np.isnat(begun.local)
        self.leave_out(lacks & days.unreadable, "unreadable_date", self.columns[date])
        self.notes += [note for note in days.notes if note not in self.notes]
        return or_days(begun, days)

    def clocklike(self, name: str) -> bool:
        """Say whether a field holds the time of day only, as in ``20:15`` or ``kl 20.15``."""
        if name not in self.columns:
            return False
        return is_of_day(self.data[self.columns[name]])

    def _of_day(self, days: NDArray[np.datetime64], clock: str) -> Times:
        """Read times of day on given days; what is no time of day is left out."""
        column = self.columns[clock]
        times = of_day(days, self.data[column])
        self.notes += [note for note in times.notes if note.key != "times_unreadable"]
        self.leave_out(times.unreadable, "unreadable_date", column)
        return times

    def categories(self, *, required: bool) -> NDArray[np.int32]:
        """Give each row's category as a position in the vocabulary's keys; -1 where it has none.

        A layer that is all one category has it in its settings. Words that are not known leave
        the row out; the most common of them are said in a note with the cure.
        """
        keys = self.vocabulary.keys
        if self.settings.category is not None:
            return np.full(len(self), keys.index(self.settings.category), dtype=np.int32)
        if "category" not in self.columns:
            if required:
                self._no_category()
            return np.full(len(self), -1, dtype=np.int32)
        column = self.columns["category"]
        found, unknown = self.vocabulary.read(self.data[column])
        if required:
            self.leave_out(found == -1, "no_category", column)
        self.leave_out(found == -2, "unknown_category", column)  # noqa: PLR2004 - as read() says
        if unknown:
            self.notes.append(
                Note(
                    "unknown_categories",
                    {"n": sum(unknown.values()), "column": column, "words": most_common(unknown)},
                    "warning",
                )
            )
        return np.where(found < 0, -1, found).astype(np.int32)

    def _no_category(self) -> None:
        self.problems.append(
            Problem(
                self.settings.path.name,
                f"expected a column for category, found {listed(self.data.columns)}",
                'name it in the project file: columns = { category = "…" }, or give the whole '
                'table one category: category = "littering"',
            )
        )

    def families(self, categories: NDArray[np.int32]) -> tuple[pd.Series, pd.Series]:
        """Give the keys and families of categories as columns of a table."""
        keys = self.vocabulary.keys
        families = [self.vocabulary.categories[key].family for key in keys]
        return pick(keys, categories), pick(families, categories)

    def weights(self, categories: NDArray[np.int32]) -> Floats:
        """Give each row's weight: its own (1 where it says none) times its category's."""
        own = self.numbers("weight", least=0.0)
        of_category = np.array([c.weight for c in self.vocabulary.categories.values()] + [1.0])
        weights: Floats = np.where(np.isnan(own), 1.0, own) * of_category[categories]
        return weights


def pick(words: Sequence[str], positions: NDArray[np.int32]) -> pd.Series:
    """Give the words at the positions as a column; -1 is missing."""
    distinct = list(dict.fromkeys(words))
    place = {word: i for i, word in enumerate(distinct)}
    codes = np.array([*(place[word] for word in words), -1], dtype=np.int32)
    return pd.Series(np.array([*distinct, None], dtype=object)[codes[positions]], dtype="str")


def as_text(values: pd.Series) -> pd.Series:
    """Give a column as trimmed text; blank is missing, a whole number has no decimals."""
    if pd.api.types.is_float_dtype(values.dtype):
        whole = values.dropna()
        if (whole == whole.round()).all():
            values = values.astype("Int64")
    text = values.astype("str").str.replace(r"\s+", " ", regex=True).str.strip()
    text = text.reset_index(drop=True)
    return text.where(values.notna().to_numpy() & (text != "").to_numpy(), None)


def month_column(months: NDArray[np.int32]) -> pd.Series:
    """Write month numbers as a column of ``YYYY-MM``; unknown is missing."""
    distinct, codes = np.unique(months, return_inverse=True)
    words = [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in distinct]
    positions = np.where(months == UNKNOWN_MONTH, -1, codes).astype(np.int32)
    return pick(words, positions)


def no_times(n: int) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Give months and hours of events of which neither is known."""
    return np.full(n, UNKNOWN_MONTH, dtype=np.int32), np.full(n, UNKNOWN_HOUR, dtype=np.int16)
