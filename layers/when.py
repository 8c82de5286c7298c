"""Reads dates and times as people in Sweden write them, and never guesses without saying so."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo.aoristic import Between
from geo.note import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Instants = NDArray[np.datetime64]

ZONE = "Europe/Stockholm"
FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years outside these, both included, are taken for mistakes."""

_DAY = 86_400
_EXCEL_DAY_ZERO = np.datetime64("1899-12-30", "s").astype(np.int64)
_EXCEL_DAYS = (30_000, 60_000)
_MIDNIGHTS = 5
"""So many times, all of them midnight, are dates that a program gave a time."""

_MONTHS = {
    word: month
    for month, words in enumerate(
        (
            "jan januari january",
            "feb febr februari february",
            "mar mars march",
            "apr april",
            "maj may",
            "jun juni june",
            "jul juli july",
            "aug augusti august",
            "sep sept september",
            "okt oktober oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for word in words.split()
}

_CLOCK = r"""
    (?:(?P<hour>\d{1,2})
        (?:[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?
        (?:\s*(?P<half>[ap]\.?m\.?|[fe]\.?m\.?))?
      | (?P<hour4>\d{2})(?P<minute4>\d{2})(?P<second4>\d{2})?)
    (?:\s*(?P<zone>z|[+-]\d{2}(?::?\d{2})?))?
"""
_WEEKDAY = r"(?:(?:mån|tis|ons|tor|fre|lör|sön|mon|tue|wed|thu|fri|sat|sun)[a-zåäö]*\.?,?\s+)?"
_AFTER = rf"(?:(?:t|,?\s+)(?:(?:kl\.?|klockan)\s*)?{_CLOCK})?"
_ALL_DIGITS = (
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
)
_IN_WORDS = (
    r"(?:den\s+)?(?P<day>\d{1,2})(?::?[ea])?\.?[\s-]+(?P<word>[a-zåäö]+)\.?,?[\s-]+"
    rf"(?P<year>\d{{4}}|'?\d{{2}}){_AFTER}"
)
_FORMS = tuple(
    re.compile(_WEEKDAY + form, re.VERBOSE)
    for form in (
        rf"(?P<year>\d{{4}})(?P<sep>[-/.])(?P<month>\d{{1,2}})(?P=sep)(?P<day>\d{{1,2}}){_AFTER}",
        rf"(?P<year>\d{{4}}|\d{{2}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_AFTER}",
        _ALL_DIGITS,
        rf"(?P<one>\d{{1,2}})(?P<sep>[/-])(?P<two>\d{{1,2}})(?P=sep)(?P<year>\d{{4}}){_AFTER}",
        rf"(?P<one>\d{{1,2}})(?P<sep>/)(?P<two>\d{{1,2}})/(?P<year>\d{{2}}){_AFTER}",
        rf"(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>\d{{4}}|\d{{2}}){_AFTER}",
        rf"(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})\s*-\s*'?(?P<year>\d{{4}}|\d{{2}}){_AFTER}",
        rf"(?P<day>\d{{1,2}})[/.](?P<month>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_AFTER}",
        _IN_WORDS,
    )
)
_TIME = re.compile(
    rf"(?:(?:kl\.?|klockan)\s*)?(?:{_CLOCK}|(?P<hour3>\d)(?P<minute3>\d{{2}}))", re.VERBOSE
)
_OF_DAY = r"^(?i:kl\.?\s*|klockan\s*)?(?:[01]?[0-9]|2[0-4])[:.][0-5][0-9](?:[:.][0-5][0-9])?$"
_MOSTLY = 0.8
"""A column is what more than this share of its values are."""

_DAY_FRACTION = re.compile(r"0[.,]\d{2,}")

_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$"
_ISO_LOOSE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{1,2}:[0-9]{2}"
_NOT_STRICT = r"[ T][0-9]:|[.,][0-9]|[+-][0-9]{4}$| -"
_DATE_LENGTH = 10
_PROBED = 64


@dataclass(frozen=True, eq=False)
class Times:
    """When each row happened, as clocks in Sweden showed it; all arrays are parallel.

    ``local`` is ``datetime64[s]``, NaT where there is no date or it is unreadable; midnight where
    only the date is known, then ``has_hour`` is False. ``unreadable`` marks what was written but
    cannot be read, so that NaT without it means nothing was written.
    """

    local: NDArray[np.datetime64]
    has_hour: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.local)


def unsaid(n: int) -> Times:
    """Give the times of rows that say none."""
    none = np.zeros(n, dtype=bool)
    return Times(np.full(n, "NaT", "datetime64[s]"), none, none.copy())


class _Moment(NamedTuple):
    """A date read from text: seconds since 1970 on the clock it was written by."""

    seconds: int
    has_hour: bool
    zoned: bool


class _Column(NamedTuple):
    """A column being read: seconds since 1970 (wall clock unless zoned), and what is known."""

    seconds: Ints
    known: Bools
    has_hour: Bools
    zoned: Bools
    missing: Bools

    def put(self, here: Bools, part: _Column) -> None:
        """Write a part of the column into its rows."""
        for whole, values in zip(self, part, strict=True):
            whole[here] = values

    @classmethod
    def empty(cls, missing: Bools) -> _Column:
        nothing = np.zeros((3, len(missing)), dtype=bool)
        seconds = np.zeros(len(missing), dtype=np.int64)
        return cls(seconds, nothing[0], nothing[1], nothing[2], missing)


def read_times(
    date: pd.Series | None,
    time: pd.Series | None = None,
    *,
    day_first: bool | None = None,
    midnight: bool | None = None,
) -> Times:
    """Read a column of dates, with or without times, and perhaps a second column of times.

    Text is read in every form in which the year is plain: ISO 8601 (``2021-06-07``,
    ``20210607``, ``210607``, with ``14:30``, seconds, fractions, ``T`` and offsets), Swedish
    (``7/6-21 kl 14.30``, ``7/6 2021``, ``7.6.2021``, ``den 7 juni 2021 kl. 14:30``) and 12-hour
    clocks. Times with an offset become Swedish time. A time in the second column replaces one in
    the first. Columns that have types (dates, datetimes) are taken as they are.

    ``7/6/2021`` is day first unless a value of the column tells that the month is (or
    ``day_first`` says it); when no value tells, a note says so. A column of nothing but numbers
    30 000 to 60 000 is Excel's days, with a note. Times that no clock showed (in the hour skipped
    in March) are moved an hour forward, with a note. When every time is midnight, they are dates
    (``midnight`` says whether it is an hour, whatever the column holds).
    Years outside 1990 to 2100 are unreadable, and so is everything else; pandas is never asked to
    guess.

    Several of these are decided by the column as a whole: give all of it at once.
    """
    if date is None:
        return unsaid(0 if time is None else len(time))
    notes: list[Note] = []
    column = _typed(date) or _text(date, notes, day_first)
    seconds = _to_local(column)
    known, has_hour = column.known, column.has_hour
    if time is not None:
        seconds, has_hour, unread = _with_times(seconds, has_hour, time)
        if unread:
            notes.append(Note("times_unreadable", {"n": unread}, "warning"))
    else:
        none = known & has_hour & (seconds % _DAY == 0)
        if midnight is None:
            midnight = none.sum() < _MIDNIGHTS or bool((known & has_hour & ~none).any())
        if none.any() and not midnight:
            has_hour = has_hour & ~none
            notes.append(Note("midnight_is_no_hour", {"n": int(none.sum())}))
    skipped = known & has_hour & _skipped(seconds)
    if time is None:
        skipped &= ~column.zoned
    if skipped.any():
        seconds = np.where(skipped, seconds + 3600, seconds)
        notes.append(Note("times_in_skipped_hour", {"n": int(skipped.sum())}))
    local = seconds.astype("datetime64[s]")
    years = (np.datetime64(f"{FIRST_YEAR}", "s"), np.datetime64(f"{LAST_YEAR + 1}", "s"))
    known = known & (local >= years[0]) & (local < years[1])
    local[~known] = np.datetime64("NaT")
    return Times(local, has_hour & known, ~known & ~column.missing, tuple(notes))


def _typed(date: pd.Series) -> _Column | None:
    """Take a column of datetimes as it is; None for other columns."""
    if not pd.api.types.is_datetime64_any_dtype(date.dtype):
        return None
    zoned = getattr(date.dtype, "tz", None) is not None
    index = pd.DatetimeIndex(date)
    if zoned:
        index = index.tz_convert("UTC").tz_localize(None)
    seconds = index.to_numpy().astype("datetime64[s]")
    missing = np.isnat(seconds)
    known = ~missing
    return _Column(
        np.where(missing, 0, seconds.astype(np.int64)), known, known, known & zoned, missing
    )


def _text(
    date: pd.Series,
    notes: list[Note],
    day_first: bool | None,  # noqa: FBT001 - handed on
) -> _Column:
    """Read text: plain ISO at once, the rest each distinct value by itself."""
    text = _bare(date)
    whole = _plain(text)  # no time has space around it where this succeeds
    if whole is not None:
        return whole
    text = _trimmed(text)
    missing = _mask(pc.is_null(text))
    column = _Column.empty(missing)
    days = _excel_days(text)
    if days is not None:
        notes.append(Note("dates_are_excel_days", {"n": int((~missing).sum())}))
        seconds = np.rint(days * _DAY).astype(np.int64) + _EXCEL_DAY_ZERO
        return _Column(seconds, ~missing, ~missing & (days % 1 != 0), column.zoned, missing)
    for pattern, tidy in ((_ISO, _same), (_ISO_LOOSE, _tidied)):
        fits = pc.match_substring_regex(text, pattern)
        here = _mask(pc.fill_null(fits, pa.scalar(value=False)))
        here &= ~column.known
        part = _plain(tidy(text.filter(pa.array(here)))) if here.any() else None
        if part is not None:
            column.put(here, part)
    rest = ~column.known & ~missing
    if rest.any():
        column.put(rest, _distinct(text.filter(pa.array(rest)), notes, day_first))
    return column


def _arrow(values: pd.Series) -> pa.LargeStringArray:
    """Give text without space around it; nothing is null. What is not text is written out."""
    return _trimmed(_bare(values))


def _bare(values: pd.Series) -> pa.LargeStringArray:
    """Give text as it is. What is not text is written out."""
    if values.dtype == object:
        values = values.map(str, na_action="ignore").astype("str")
    array = pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.large_string())


def _trimmed(text: pa.LargeStringArray) -> pa.LargeStringArray:
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _mask(array: pa.BooleanArray) -> Bools:
    return np.array(array.to_numpy(zero_copy_only=False), dtype=bool)


def _same(text: pa.LargeStringArray) -> pa.LargeStringArray:
    return text


def _tidied(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """Write looser ISO times strictly: two digits of hour, no fractions, offset close behind."""
    text = pc.replace_substring(pc.replace_substring(text, " +", "+"), " Z", "Z")
    loose = pc.match_substring_regex(text, _NOT_STRICT)
    if not pc.any(loose).as_py():
        return text
    part = text.filter(loose)
    part = pc.replace_substring_regex(part, "([ T])([0-9]):", r"\10\2:")
    part = pc.replace_substring_regex(part, "(:[0-9]{2})[.,][0-9]+", r"\1")
    part = pc.replace_substring_regex(part, "([+-][0-9]{2})([0-9]{2})$", r"\1:\2")
    part = pc.replace_substring(part, " -", "-")
    return pc.replace_with_mask(text, loose, part)


def _plain(text: pa.LargeStringArray) -> _Column | None:
    """Read strict ISO 8601, all with an offset or all without; None if any value is not."""
    missing = _mask(pc.is_null(text))
    if missing.all():
        return _Column.empty(missing)
    read = _cast(text, zone=None), False
    if read[0] is None:
        read = _cast(text, zone="UTC"), True
    instants, zoned = read
    if instants is None:
        return None
    seconds = np.asarray(pc.fill_null(instants.cast(pa.int64()), 0), dtype=np.int64)
    lengths = np.asarray(pc.fill_null(pc.binary_length(text), 0))
    has_hour = lengths > _DATE_LENGTH
    known = ~missing
    return _Column(seconds, known, known & has_hour, np.full(len(known), zoned) & known, missing)


def _cast(text: pa.LargeStringArray, *, zone: str | None) -> pa.TimestampArray | None:
    """Let Arrow read a whole column, None if it cannot; a few first, for failing is slow."""
    kind = pa.timestamp("s", tz=zone)
    try:
        text.slice(0, _PROBED).cast(kind)
        return text.cast(kind)
    except pa.ArrowInvalid:
        return None


def _excel_days(text: pa.LargeStringArray) -> NDArray[np.float64] | None:
    """Give Excel's days when the whole column is numbers in their range."""
    fits = pc.match_substring_regex(text, r"^[3-6][0-9]{4}([.,][0-9]+)?$")
    if not pc.all(fits).as_py() or pc.all(fits).as_py() is None:
        return None
    days = pc.replace_substring(text, ",", ".").cast(pa.float64())
    values = np.asarray(pc.fill_null(days, 0.0), dtype=np.float64)
    written = values[_mask(pc.is_valid(text))]
    if not len(written) or written.min() < _EXCEL_DAYS[0] or written.max() > _EXCEL_DAYS[1]:
        return None
    return values


def _distinct(
    text: pa.LargeStringArray,
    notes: list[Note],
    day_first: bool | None,  # noqa: FBT001 - handed on
) -> _Column:
    """Read each distinct value once; the column decides whether day or month comes first."""
    coded = text.dictionary_encode()
    values = [value.casefold() for value in coded.dictionary.to_pylist()]
    matches = _matches(values)
    if day_first is None:
        often = np.bincount(np.asarray(coded.indices), minlength=len(matches))
        day_first = _day_first(matches, often, notes)
    read = [m and _moment(m, month_first=not day_first) for m in matches]
    codes = np.asarray(coded.indices)
    known = np.array([moment is not None for moment in read])
    filled = [moment or _Moment(0, has_hour=False, zoned=False) for moment in read]
    return _Column(
        np.array([m.seconds for m in filled], dtype=np.int64)[codes],
        known[codes],
        np.array([m.has_hour for m in filled])[codes],
        np.array([m.zoned for m in filled])[codes],
        np.zeros(len(codes), dtype=bool),
    )


def says_midnight(times: Times) -> bool | None:
    """Say of a column that was read whether midnight is an hour in it; None where nothing tells.

    For a file read in parts: what the first parts tell holds for the rest of them.
    """
    if any(note.key == "midnight_is_no_hour" for note in times.notes):
        return False
    timed = times.local[times.has_hour].astype(np.int64)
    return True if (timed % _DAY).any() else None


def is_of_day(values: pd.Series) -> bool:
    """Say whether a column holds the time of day only, as in ``20:15`` or ``kl 20.15``."""
    text = _arrow(values).drop_null()
    return len(text) > 0 and bool(np.mean(_mask(pc.match_substring_regex(text, _OF_DAY))) > _MOSTLY)


def read_days(date: pd.Series) -> Times:
    """Read a column of days beside which the times of day stand: midnight alone is no hour."""
    times = read_times(date)
    if says_midnight(times) is None:
        times = replace(times, has_hour=np.zeros_like(times.has_hour))
    return replace(times, notes=tuple(n for n in times.notes if n.key != "midnight_is_no_hour"))


def of_day(days: NDArray[np.datetime64], clock: pd.Series) -> Times:
    """Read times of day on given days; NaT where there is no day or nothing was written.

    ``unreadable`` marks what was written on a day and is no time of day.
    """
    day = days.astype("datetime64[D]")
    known = ~np.isnat(day)
    text = pd.Series(np.datetime_as_string(day), dtype="str").where(known, None)
    times = read_times(text, clock)
    written = _mask(pc.is_valid(_arrow(clock)))
    there = times.has_hour & written
    local = np.where(there, times.local, np.datetime64("NaT", "s"))
    return Times(local, there, known & written & ~there, times.notes)


def or_days(begun: Times | None, days: Times) -> Times:
    """Take the day of what has no beginning of its own; its hour is known where the day's is."""
    if begun is None:
        return days
    lacks = np.isnat(begun.local)
    return replace(
        begun,
        local=np.where(lacks, days.local, begun.local),
        has_hour=np.where(lacks, days.has_hour, begun.has_hour),
    )


def past_midnight(begun: Times, ended: Times) -> Times:
    """Move ends by the clock alone past midnight, where they are before the start."""
    past = begun.has_hour & ended.has_hour & (ended.local < begun.local)
    return replace(ended, local=np.where(past, ended.local + np.timedelta64(1, "D"), ended.local))


def wall_to_universal(clock: NDArray[np.datetime64], *, first: bool = True) -> Ints:
    """Give seconds since 1970 of clocks on the wall in Sweden; none may be NaT.

    In the hour that comes twice in autumn the first is meant, or the second; the hour that is
    skipped in spring is moved to its end.
    """
    index = pd.DatetimeIndex(clock.astype("datetime64[s]"))
    zoned = index.tz_localize(
        ZONE, ambiguous=np.full(len(clock), first), nonexistent="shift_forward"
    )
    told = zoned.tz_convert("UTC").tz_localize(None).to_numpy()
    return np.asarray(told.astype("datetime64[s]").astype(np.int64))


def universal_to_wall(seconds: Ints) -> NDArray[np.datetime64]:
    """Give what clocks on the wall in Sweden showed at seconds since 1970."""
    index = pd.DatetimeIndex(seconds.astype("datetime64[s]"), tz="UTC")
    local: NDArray[np.datetime64] = index.tz_convert(ZONE).tz_localize(None).to_numpy()
    return local.astype("datetime64[s]")


def elapsed_minutes(
    start: NDArray[np.datetime64], end: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Give the minutes that passed between two clocks on the wall in Sweden; NaN where one lacks.

    The night when summer time begins is an hour short, the night when it ends an hour long. In
    the hour that comes twice, the first is meant, unless the end would then lie before the start.
    """
    minutes = np.full(len(start), np.nan)
    at = np.flatnonzero(~(np.isnat(start) | np.isnat(end)))
    begin = wall_to_universal(start[at])
    span = wall_to_universal(end[at]) - begin
    span = np.where(span < 0, wall_to_universal(end[at], first=False) - begin, span)
    minutes[at] = span / 60.0
    return minutes


@dataclass(frozen=True, eq=False)
class FromTo:
    """Events that are known from one time to another, or by one of the two; parallel arrays.

    ``times`` count them: the one time there is, the beginning where both lie in one month, else
    the midpoint; an hour only where both ends lie in the same, or where there is but a beginning:
    an end alone is when something was found, which says its month and not its hour. ``between``
    holds those that are to be spread, None where none is. ``turned`` marks those that end before
    they start, ``vague`` those of which not even the day is known: more than a day lies between.
    """

    times: Times
    between: Between | None
    turned: Bools
    vague: Bools


def from_to(begun: Times, ended: Times) -> FromTo:
    """Place events that began, or were last seen whole, at one time, and were over at another.

    An end known by its date only is over when its day is. Where either clock is unknown, so are
    the hours, and only an event over several months is spread. Times are those of the clock on
    the wall (``geo.aoristic``); an end that is before the start by the clock alone, in the hour
    that comes twice in October, is not turned.
    """
    start, end = begun.local, ended.local
    one = np.where(np.isnat(start), end, start)
    both = ~np.isnat(start) & ~np.isnat(end)
    timed = begun.has_hour & ended.has_hour
    last = np.where(ended.has_hour, end, end + np.timedelta64(_DAY - 1, "s"))
    turned = both & (last < start)
    at = np.flatnonzero(turned)
    turned[at] = elapsed_minutes(start[at], last[at]) < 0
    same_hour = timed & (start.astype("datetime64[h]") == end.astype("datetime64[h]"))
    same_month = start.astype("datetime64[M]") == end.astype("datetime64[M]")
    halfway = np.where(both & ~same_month, start + (last - start) // 2, one)
    known = np.where(both, same_hour, begun.has_hour & ~np.isnat(start))
    needed = both & ~turned & np.where(timed, ~same_hour, ~same_month)
    over = np.where(ended.has_hour, end, end + np.timedelta64(_DAY, "s"))
    nothing = np.datetime64("NaT", "s")
    between = Between(np.where(needed, start, nothing), np.where(needed, over, nothing), timed)
    times = Times(halfway, known, begun.unreadable | ended.unreadable)
    vague = both & (over - start > np.timedelta64(_DAY, "s"))
    return FromTo(times, between if needed.any() else None, turned, vague)


def between_note(n: int, months: int, days: int) -> Note:
    """Say how many events are spread, how many of them over months, and the longest's days."""
    return Note("incidents_between", {"n": n, "months": months, "days": days})


_WITNESSES = 0.2
"""Of dates in the American order this share or more should have a day above 12; really 61 %."""


def _day_first(
    matches: Sequence[re.Match[str] | None], often: NDArray[np.int64], notes: list[Note]
) -> bool:
    """Say whether ``7/6/2021`` means June: as the column tells, else yes, with a note."""
    counted = [
        (m, int(n)) for m, n in zip(matches, often, strict=True) if m and "one" in m.re.groupindex
    ]
    open_ones = [m for m, _ in counted]
    day = any(int(m["one"]) > 12 for m in open_ones)  # noqa: PLR2004 - months
    month = [m for m in open_ones if int(m["two"]) > 12]  # noqa: PLR2004 - months
    # One odd value among many is a slip of the pen, not an American calendar.
    witnesses = sum(n for m, n in counted if int(m["two"]) > 12)  # noqa: PLR2004 - months
    american = bool(month) and not day and witnesses >= _WITNESSES * sum(n for _, n in counted)
    if open_ones and not american and (month or not day):
        key = "dates_in_both_orders" if month else "dates_read_day_first"
        notes.append(Note(key, {"example": (month or open_ones)[0].string}, "warning"))
    if american:
        notes.append(Note("dates_read_month_first", {"example": month[0].string}, "warning"))
    return not american


def _matches(values: Sequence[str]) -> list[re.Match[str] | None]:
    """Match each value with its form; no value has two, so the order is free."""
    forms = list(_FORMS)
    matches = []
    for value in values:
        for position, form in enumerate(forms):
            match = form.fullmatch(value)
            if match:
                if position:  # the next value is most likely written alike
                    forms.insert(0, forms.pop(position))
                break
        matches.append(match)
    return matches


def _moment(match: re.Match[str], *, month_first: bool) -> _Moment | None:
    """Make a moment of what a form matched, None where no such day or time exists."""
    found = match.groupdict()
    if "one" in found:
        month, day = ("one", "two") if month_first else ("two", "one")
        found |= {"month": found[month], "day": found[day]}
    elif "word" in found:
        found["month"] = str(_MONTHS.get(found["word"], 0))
    year = int(found["year"].lstrip("'"))
    if year < 100:  # noqa: PLR2004 - two digits
        year += 1900 if year >= FIRST_YEAR % 100 else 2000
    try:
        date = dt.date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    midnight = (date - dt.date(1970, 1, 1)).days * _DAY
    if (found.get("hour") or found.get("hour4")) is None:
        return _Moment(midnight, has_hour=False, zoned=False)
    clock = _clock(found)
    if clock is None:
        return None
    offset = _offset(found.get("zone"))
    if offset is None:
        return _Moment(midnight + clock, has_hour=True, zoned=False)
    return _Moment(midnight + clock - offset, has_hour=True, zoned=True)


def _clock(found: dict[str, str | None]) -> int | None:
    """Give seconds since midnight, None for a time that no clock shows; 24:00 ends the day."""
    hour, minute, second = (
        int(found.get(unit) or found.get(f"{unit}4") or found.get(f"{unit}3") or 0)
        for unit in ("hour", "minute", "second")
    )
    half = (found.get("half") or "").replace(".", "")
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a 12-hour clock
            return None
        hour = hour % 12 + (12 if half in {"pm", "em"} else 0)
    seconds = hour * 3600 + minute * 60 + second
    return None if minute > 59 or second > 59 or seconds > _DAY else seconds  # noqa: PLR2004 - clock


def _offset(zone: str | None) -> int | None:
    """Give the seconds that a zone is ahead of UTC, None without one."""
    if zone is None:
        return None
    if zone == "z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _to_local(column: _Column) -> Ints:
    """Turn moments with an offset into Swedish wall-clock time."""
    if not column.zoned.any():
        return column.seconds
    seconds = column.seconds.copy()
    seconds[column.zoned] = universal_to_wall(seconds[column.zoned]).astype(np.int64)
    return seconds


def _with_times(seconds: Ints, has_hour: Bools, time: pd.Series) -> tuple[Ints, Bools, int]:
    """Replace the time of day by the second column's; count what it holds but nobody can read."""
    coded = _arrow(time).dictionary_encode()
    clocks = [_time_of_day(value.casefold()) for value in coded.dictionary.to_pylist()]
    clocks.append(None)
    codes = np.asarray(pc.fill_null(coded.indices, len(clocks) - 1))
    read = np.array([clock is not None for clock in clocks])[codes]
    clock = np.array([clock or 0 for clock in clocks], dtype=np.int64)[codes]
    unread = int((~read & (codes != len(clocks) - 1)).sum())
    midnight = seconds - seconds % _DAY
    return np.where(read, midnight + clock, seconds), has_hour | read, unread


def _time_of_day(value: str) -> int | None:
    """Give the seconds since midnight of a time by itself, or of the time of a whole date."""
    if _DAY_FRACTION.fullmatch(value):
        return round(float(value.replace(",", ".")) * _DAY)
    match = _TIME.fullmatch(value)
    if match:
        return _clock(match.groupdict())
    (whole,) = _matches([value])
    moment = whole and _moment(whole, month_first=False)
    return moment.seconds % _DAY if moment and moment.has_hour else None


def _skipped(seconds: Ints) -> Bools:
    """Whether a wall-clock time lies in the hour that is skipped in spring (from 02 to 03)."""
    result = np.zeros(len(seconds), dtype=bool)
    at_two = np.flatnonzero(seconds // 3600 % 24 == 2)  # noqa: PLR2004 - two in the morning
    days = np.isin(seconds[at_two] // _DAY, _spring_days())
    result[at_two[days]] = True
    return result


@cache
def _spring_days() -> tuple[int, ...]:
    """Days since 1970 on which clocks go forward: the last Sunday in March."""
    last = [dt.date(year, 3, 31) for year in range(FIRST_YEAR, LAST_YEAR + 1)]
    return tuple((d - dt.timedelta((d.weekday() + 1) % 7) - dt.date(1970, 1, 1)).days for d in last)
