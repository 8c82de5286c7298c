"""Reads numbers and coordinate pairs as Swedish tables write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

_MINUSES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-"})
_SPACES = r"[\s\u00a0\u2007\u2009\u202f']"
_GROUP_SPACE = re.compile(rf"(?<=\d){_SPACES}(?=\d{{3}}(?!\d))")
_PROBED = 64
_EASY = r"^[+-]?[0-9]+([.,][0-9]+)?$"
_PLAIN = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_POINTS_COMMA = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")
_COMMAS_POINT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+")
_SEVERAL_GROUPS = re.compile(r"[+-]?\d{1,3}(?:(?:\.\d{3}){2,}|(?:,\d{3}){2,})")

_DEGREE, _PRIME, _SECOND = r"[°º]", r"['′’´]", r"(?:[\"″”]|''|′′)"
_ANGLE = re.compile(
    rf"(?P<first>[NSEWOÖV])?\s*(?P<sign>-)?(?P<degrees>\d{{1,3}}(?:[.,]\d+)?)\s*{_DEGREE}"
    rf"(?:\s*(?P<minutes>\d{{1,2}}(?:[.,]\d+)?)\s*{_PRIME}"
    rf"(?:\s*(?P<seconds>\d{{1,2}}(?:[.,]\d+)?)\s*{_SECOND})?)?"
    r"(?(first)|\s*(?P<last>[NSEWOÖV])?)",
    re.IGNORECASE,
)
_NEGATIVE = frozenset("SWV")
_NORTH = frozenset("NS")
_POINT = re.compile(r"(?:SRID=\d+;\s*)?POINT(?:\s*(?:Z|M|ZM))?\s*\(([^()]*)\)", re.IGNORECASE)
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_DECIMAL_COMMA = r"[+-]?\d+(?:,\d+)?"
_PAIRS = tuple(
    re.compile(form)
    for form in (
        rf"({_NUMBER})\s*[,;|/]\s*({_NUMBER})",
        rf"({_NUMBER})\s+({_NUMBER})",
        rf"({_DECIMAL_COMMA})\s*(?:[;|/]|\s)\s*({_DECIMAL_COMMA})",
        rf"({_DECIMAL_COMMA}),\s+({_DECIMAL_COMMA})",
    )
)
_BRACKETS = (("(", ")"), ("[", "]"))


def read_numbers(values: pd.Series) -> tuple[Floats, Bools]:
    """Read a column of numbers: the numbers, NaN where there are none, and what is unreadable.

    Spaces (also no-break ones) around a number and between its thousands, the typographic minus,
    and a comma or a point before the decimals are all right: ``1 234,5``, ``1.234,5``,
    ``−3``. A single point or comma is always the decimals' (``1.234`` is a little more than one).
    Degrees, minutes and seconds are read as degrees: ``59°14'42"N``. What is missing is NaN and
    not unreadable; "inf" and "nan" are unreadable. Columns of numbers are taken as they are.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.isinf(numbers)
        return np.where(infinite, np.nan, numbers), infinite
    text = _arrow(values)
    at_once = _cast(text)  # no number has space around it where this succeeds
    if at_once is None:
        text = _trimmed(text)
        at_once = _cast(text)
    if at_once is not None:
        return at_once, np.zeros(len(at_once), dtype=bool)
    numbers = np.full(len(text), np.nan)
    unreadable = np.zeros(len(text), dtype=bool)
    plain = pc.fill_null(pc.match_substring_regex(text, _EASY), False)  # noqa: FBT003 - the value to fill in
    easy = np.array(plain.to_numpy(zero_copy_only=False), dtype=bool)
    cast = _cast(text.filter(plain))
    if cast is None:
        easy[:] = False
    else:
        numbers[easy] = cast
    (numbers[~easy],), unreadable[~easy] = _each(
        text.filter(pa.array(~easy)), lambda value: _one(_number(value)), 1
    )
    return numbers, unreadable


def read_pair(values: pd.Series) -> tuple[Floats, Floats, Bools]:
    """Read a column of coordinate pairs: first, second, and what is unreadable.

    The order is as written, for ``geo.crs.find_coordinates`` to judge, but where letters tell
    (``59°14'42"N 14°55'24"E``) east comes first. Read are ``59.2449, 14.9233``,
    ``59,2449 14,9233``, ``59,2449; 14,9233``, pairs in brackets, and ``POINT(14.9 59.2)``,
    also with SRID and height. ``59,2449,14,9233`` could be cut in more ways and is unreadable,
    like everything else. What is missing is NaN and not unreadable.
    """
    (first, second), unreadable = _each(_trimmed(_arrow(values)), _pair, 2)
    return first, second, unreadable


def _arrow(values: pd.Series) -> pa.LargeStringArray:
    """Give text as it is; what is not text is written out."""
    if values.dtype == object:
        values = values.map(str, na_action="ignore").astype("str")
    array = pa.array(values, from_pandas=True)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.large_string())


def _trimmed(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """Give text without space around it, null where nothing is left."""
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _cast(text: pa.LargeStringArray) -> Floats | None:
    """Read a whole column of finite numbers with a point or a comma; None if one is not."""
    for comma in (False, True):
        try:
            _maybe_comma(text.slice(0, _PROBED), comma=comma).cast(pa.float64())  # failing is slow
            cast = _maybe_comma(text, comma=comma).cast(pa.float64())
        except pa.ArrowInvalid:
            continue
        numbers = np.array(cast.to_numpy(zero_copy_only=False), dtype=np.float64)
        return numbers if np.isfinite(numbers).sum() == len(numbers) - cast.null_count else None
    return None


def _maybe_comma(text: pa.LargeStringArray, *, comma: bool) -> pa.LargeStringArray:
    return pc.replace_substring(text, ",", ".") if comma else text


def _each(
    text: pa.LargeStringArray, read: Callable[[str], tuple[float, ...] | None], width: int
) -> tuple[tuple[Floats, ...], Bools]:
    """Read each distinct value once."""
    coded = text.dictionary_encode()
    read_values = [read(value.translate(_MINUSES)) for value in coded.dictionary.to_pylist()]
    nothing = (np.nan,) * width
    table = np.array([v or nothing for v in read_values] + [nothing], dtype=np.float64)
    unreadable = np.array([v is None for v in read_values] + [False])
    codes = np.asarray(pc.fill_null(coded.indices, len(read_values)))
    return tuple(table[codes].T.copy()), unreadable[codes]


def _one(number: float | None) -> tuple[float, ...] | None:
    return None if number is None else (number,)


def _number(value: str) -> float | None:
    value = _GROUP_SPACE.sub("", value)
    if _PLAIN.fullmatch(value):
        number = float(value.replace(",", "."))
        return number if np.isfinite(number) else None
    if _POINTS_COMMA.fullmatch(value):
        return float(value.replace(".", "").replace(",", "."))
    if _COMMAS_POINT.fullmatch(value):
        return float(value.replace(",", ""))
    if _SEVERAL_GROUPS.fullmatch(value):
        return float(value.replace(".", "").replace(",", ""))
    match = _ANGLE.fullmatch(value)
    return _degrees(match) if match else None


def _degrees(match: re.Match[str]) -> float | None:
    """Give degrees with a fraction; south and west are negative."""
    degrees, minutes, seconds = (
        float((match[part] or "0").replace(",", ".")) for part in ("degrees", "minutes", "seconds")
    )
    if degrees > 180 or minutes >= 60 or seconds >= 60:  # noqa: PLR2004 - a circle
        return None
    size = degrees + minutes / 60 + seconds / 3600
    negative = bool(match["sign"]) != (_letter(match) in _NEGATIVE)
    return -size if negative else size


def _letter(match: re.Match[str]) -> str:
    return (match["first"] or match["last"] or "").upper()


def _pair(value: str) -> tuple[float, ...] | None:
    point = _POINT.fullmatch(value)
    if point:
        parts = point[1].split()
        numbers = [_number(part) for part in parts]
        if len(parts) not in {2, 3, 4} or None in numbers:
            return None
        return numbers[0], numbers[1]  # type: ignore[return-value]  # None was ruled out above
    for opening, closing in _BRACKETS:
        if value.startswith(opening) and value.endswith(closing):
            value = value[1:-1].strip()
    for form in _PAIRS:
        match = form.fullmatch(value)
        if match:
            return float(match[1].replace(",", ".")), float(match[2].replace(",", "."))
    return _angles(value)


def _angles(value: str) -> tuple[float, float] | None:
    """Read two angles, each written out; letters decide which is east."""
    for first in _ANGLE.finditer(value):
        rest = value[first.end() :].lstrip(" ,;")
        second = _ANGLE.fullmatch(rest)
        if first.start() or not second:
            return None
        a, b = _degrees(first), _degrees(second)
        if a is None or b is None:
            return None
        letters = (_letter(first) in _NORTH, _letter(second) in _NORTH)
        return (b, a) if letters == (True, False) and _letter(second) else (a, b)
    return None
