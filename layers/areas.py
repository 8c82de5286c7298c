"""Joins rows that name an area by its code with the polygons of a file of areas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.errors import Problem, SourceError
from geo.note import Note
from layers.columns import listed, plain
from layers.rows import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from layers.rows import Rows

    Geometries = NDArray[np.object_]
    Ints = NDArray[np.int64]

AREA_FIELD = "area"
"""The name under which ``columns`` in a project file may name where a row's area stands."""

_CODE = re.compile(r"[^\s_(:;,]+")
_ENOUGH = 0.5
"""Of the rows, or of the areas, at least so many must be found for two columns to belong."""


@dataclass(frozen=True, eq=False)
class _Codes:
    """A column of the areas' file: where each of its values stands, and which stand twice."""

    name: str
    position: Mapping[str, int]
    twice: frozenset[str]


@dataclass(frozen=True, eq=False)
class _Pair:
    """A column of the rows beside one of the areas: each row's area, -1 where there is none."""

    column: str
    codes: _Codes
    place: Ints
    named: int
    exact: int
    twice: tuple[str, ...]

    @property
    def found(self) -> int:
        """How many rows have an area."""
        return int((self.place >= 0).sum())

    @property
    def belongs(self) -> bool:
        """Whether so many are found that it cannot be chance."""
        areas = len(set(self.codes.position.values()))
        own = np.unique(self.place[self.place >= 0])
        return self.found > 0 and (
            self.found >= _ENOUGH * self.named or len(own) >= _ENOUGH * areas
        )


def join_areas(
    rows: Rows, areas: pd.DataFrame, shapes: Geometries | None, where: str
) -> Geometries:
    """Give each row the shape of the area that it names, None where it names none.

    The two columns are those whose values agree best, unless ``columns = { area = "…" }`` says
    which of the rows' it is. Values are the same without regard to case, space at the ends and
    noughts before a number; a code may be followed by more (``1814A0010_DeSO2025``, ``1814A0010
    Fjugesta``). Columns of nothing but numbers belong together by their name only. Rows that name
    an area that is not there are left out as ``unknown_area``.

    Raises ``SourceError`` where no two columns belong together, a code that is named stands for
    several areas, or the kind of layer takes no areas.
    """
    if "polygon" not in rows.kind.shapes:
        raise _refused(
            rows,
            f"expected positions of its own for the kind {rows.kind.name}, found areas = …",
            "remove areas = …; areas are for layers of polygons, as population and survey",
        )
    if shapes is None:
        raise _refused(rows, f"expected polygons in {where}, found none", "name a file of polygons")
    told = AREA_FIELD in rows.settings.columns
    pairs = sorted(
        (pair for pair in _pairs(rows.data, _own(rows), areas, told=told) if pair.belongs),
        key=lambda pair: (not pair.twice, pair.found, pair.exact),
        reverse=True,
    )
    if not pairs:
        raise _refused(
            rows,
            f"expected a column that names the areas of {where} ({listed(areas.columns)}), found "
            f"none among {listed(rows.data.columns)}",
            f'name it: columns = {{ {AREA_FIELD} = "…" }}, and check that both are of one year',
        )
    best = pairs[0]
    if best.twice:
        some = ", ".join(best.twice[:3])
        raise _refused(
            rows,
            f"expected each area once in {where} {best.codes.name}, found several for "
            f"{len(best.twice)}, as {some}",
            "dissolve them by that column in QGIS, or choose the file of the areas that are named",
        )
    column = rows.data[best.column]
    missing = as_text(column).isna().to_numpy()
    rows.leave_out(missing, "no_position", best.column)
    rows.leave_out(best.place < 0, "unknown_area", best.column)
    values = {
        "n": best.found,
        "total": len(rows),
        "column": best.column,
        "code": best.codes.name,
        "file": where,
        "areas": len(np.unique(best.place[best.place >= 0])),
    }
    rows.notes.append(Note("areas_joined", values))
    joined = np.full(len(rows), None, dtype=object)
    joined[best.place >= 0] = shapes[best.place[best.place >= 0]]
    return joined


def names_areas(data: pd.DataFrame, areas: pd.DataFrame) -> bool:
    """Say whether a column of a table names the areas of another, each by a code of its own."""
    names = [str(name) for name in data.columns]
    return any(pair.belongs and not pair.twice for pair in _pairs(data, names, areas, told=False))


def _refused(rows: Rows, what: str, cure: str) -> SourceError:
    name = rows.settings.path.name
    return SourceError(f"{name} cannot be joined with areas", (Problem(name, what, cure),))


def _own(rows: Rows) -> list[str]:
    """Give the columns that may name a row's area: the one that is told, else all but measures."""
    if AREA_FIELD in rows.settings.columns:
        return [rows.settings.columns[AREA_FIELD]]
    measures = {
        rows.columns[f.name]
        for f in rows.kind.fields
        if f.name in rows.columns and f.kind in {"number", "time", "clock"}
    }
    return [name for name in map(str, rows.data.columns) if name not in measures]


def _pairs(
    data: pd.DataFrame, own: Sequence[str], areas: pd.DataFrame, *, told: bool
) -> Iterator[_Pair]:
    codes = [_codes(str(name), areas[name]) for name in areas.columns]
    for column in own:
        numbers, values = pd.factorize(as_text(data[column]))
        keys = [(_key(str(value)), _code(str(value))) for value in values]
        counts = np.bincount(numbers[numbers >= 0], minlength=len(keys))
        for one in codes:
            hits = [key if key in one.position else code for key, code in keys]
            at = np.array([one.position.get(hit, -1) for hit in hits] + [-1], dtype=np.int64)
            real = [hit for hit in hits if hit in one.position]
            if all(map(str.isdigit, real)) and not told and plain(column) != plain(one.name):
                continue
            exact = np.array([key in one.position for key, _ in keys], dtype=bool)
            yield _Pair(
                column,
                one,
                at[numbers],
                int(counts.sum()),
                int(counts[exact].sum()),
                tuple(sorted({hit for hit in real if hit in one.twice})),
            )


def _codes(name: str, values: pd.Series) -> _Codes:
    """Look up a column's values, and the codes with which they begin where these are their own."""
    position: dict[str, int] = {}
    twice = set()
    texts = as_text(values)
    keys = [(i, _key(str(text))) for i, text in enumerate(texts) if not pd.isna(text)]
    for i, key in keys:
        if position.setdefault(key, i) != i:
            twice.add(key)
    begun: dict[str, int] = {}
    for i, key in keys:
        code = _code(key)
        if code not in position:
            begun[code] = -1 if code in begun else i
    position |= {code: i for code, i in begun.items() if code and i >= 0}
    return _Codes(name, position, frozenset(twice))


def _key(value: str) -> str:
    text = " ".join(value.split()).casefold()
    return text.lstrip("0") or "0" if text.isdigit() else text


def _code(value: str) -> str:
    """Give the code with which a value begins; a word without figures is none."""
    match = _CODE.match(value.strip())
    return _key(match[0]) if match and any(map(str.isdigit, match[0])) else ""
