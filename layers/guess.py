"""Guesses what the files of a folder are, and says why: for a first project file, and for check."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from geo.errors import LagesbildError, Problem
from layers.areas import names_areas
from layers.categories import (
    Vocabulary,
    known_categories,
    known_words,
    merge_words,
    squeeze,
)
from layers.columns import find_columns, listed
from layers.formats.hav import read_findings
from layers.guess_area import AreaGuess, guess_area
from layers.look import Look, files_of, look_into, titled, word_in_name
from layers.reading import format_of
from layers.sources import kinds
from layers.sources.population import year_columns
from layers.when import read_times

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from layers.sources import Kind, Shape

_MOSTLY = 0.5
_NEARLY_ALL = 0.75
_ENOUGH = 1.0
"""A kind is believed when its columns, its file's name and its values speak for it this much."""

_A_WORD = 2.0
_A_SIGN = 2.0
_FEW = 10
_DENSE = np.timedelta64(60, "s")
_LONG = 6
"""Letters of a word that may stand at the beginning of a longer one and still mean the same."""


@dataclass(frozen=True, eq=False)
class Guess:
    """What a file seems to be: a kind of layer or None, and why, in words.

    ``signs`` are what speaks for the kind beside its columns. ``columns`` are those that have to be
    named since their names alone do not tell. ``areas`` is the layer of polygons that its rows name
    by a code, where they have no position of their own; ``results`` a folder of answers about
    single bathing sites.
    """

    look: Look
    kind: str | None
    why: str
    signs: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    areas: Look | None = None
    results: str = ""


def guess(look: Look) -> Guess:
    """Guess which kind of layer a table is: by its shape, its columns, its name and its words."""
    if look.table.data.columns.empty:
        return Guess(look, None, "it has no columns")
    holds = format_of(look.path).holds
    fits = {name: fit for name, kind in kinds().items() if (fit := _fit(kind, look, look.shape))}
    if holds:
        best = holds
        fits.setdefault(holds, _Fit(0.0, {}, {}, ("files of this format hold nothing else",)))
    elif fits:
        best = max(fits, key=lambda name: fits[name].score)
    else:
        names = listed(look.data.columns)
        if look.shape is None:
            return Guess(look, None, f"no column tells a position among {names}")
        return Guess(look, None, f"its columns fit no kind of layer: {names}")
    fit = fits[best]
    if fit.score < _ENOUGH and not holds:
        names = listed(look.data.columns)
        return Guess(look, None, f"too little tells what it is, perhaps {best}: {names}")
    return Guess(look, best, fit.text, fit.signs, fit.named)


def guess_with_areas(look: Look, looks: Sequence[Look]) -> Guess | None:
    """Guess what a table without positions is whose rows name the areas of another file.

    Only kinds that hold a number for each area come into question.
    """
    if look.shape is not None:
        return None
    for areas in looks:
        if areas.shape != "polygon" or not names_areas(look.data, areas.data):
            continue
        numbered = [
            kind
            for kind in kinds().values()
            if any(one.required and one.kind == "number" for one in kind.fields)
        ]
        fits = {kind.name: fit for kind in numbered if (fit := _fit(kind, look, "polygon"))}
        if fits:
            best = max(fits, key=lambda name: fits[name].score)
            signs = (*fits[best].signs, f"its rows name the areas of {titled(areas)}")
            fit = replace(fits[best], signs=signs)
            return Guess(look, best, fit.text, signs, fit.named, areas)
    return None


@dataclass(frozen=True)
class _Fit:
    """How well a kind fits: a score, the columns found, those found by their values, and words."""

    score: float
    columns: Mapping[str, str]
    named: Mapping[str, str]
    signs: tuple[str, ...]

    @property
    def text(self) -> str:
        """Say why it fits: its columns, and what else speaks for it."""
        pairs = ", ".join(f"{name} = {column}" for name, column in self.columns.items())
        return "; ".join([*([f"columns {pairs}"] if pairs else []), *self.signs])


def _fit(kind: Kind, look: Look, shape: Shape | None) -> _Fit | None:
    """Measure how well a kind fits rows of a shape; None where it cannot be."""
    if shape not in kind.shapes:
        return None
    names = [str(name) for name in look.data.columns]
    taken = look.position.columns
    columns = find_columns(kind.fields, names, {}, taken=taken)
    named = _by_values(kind, look, columns)
    columns = {**columns, **named}
    if kind.name == "population" and "population" not in columns and (years := year_columns(names)):
        columns["population"] = max(years, key=lambda name: years[name])
    if any(one.required and one.name not in columns for one in kind.fields):
        return None
    if kind.name == "incidents" and not any(name.startswith("time") for name in columns):
        return None  # without any date none of them could be used
    asked = [
        find_columns(other.fields, names, {}, taken=taken).values() for other in kinds().values()
    ]
    score = sum(
        1.0 / max(sum(column in one for one in asked), 1)  # what many kinds have tells little
        for name, column in columns.items()
        if name != "municipality"
    )
    word = word_in_name(look, kind.names)
    signs = _signs(kind, look, columns)
    score += _A_WORD * bool(word) + _A_SIGN * len(signs)
    said = (f"its name has {word!r} in it",) if word else ()
    return _Fit(score, columns, named, (*said, *signs))


def _by_values(kind: Kind, look: Look, found: Mapping[str, str]) -> dict[str, str]:
    """Find columns that their names do not tell by what stands in them: categories and times."""
    named: dict[str, str] = {}
    free = [
        str(name)
        for name in look.data.columns
        if name not in (*found.values(), *look.position.columns)
    ]
    for one in kind.fields:
        if one.name in found or one.name not in ("category", "time"):
            continue
        if one.name == "time" and any(name.startswith("time_") for name in found):
            continue
        measure = _known_share if one.kind == "category" else _dated_share
        shares = {name: measure(look.data[name]) for name in free}
        best = max(shares, key=lambda name: shares[name], default=None)
        if best is not None and shares[best] >= _MOSTLY:
            named[one.name] = best
            free.remove(best)
    return named


@cache
def _vocabulary() -> Vocabulary:
    return Vocabulary(known_categories(), merge_words(()))


def _known_share(values: pd.Series) -> float:
    """Give the share of a column's words that name a known category."""
    there = values.dropna()
    if there.empty or pd.api.types.is_numeric_dtype(there):
        return 0.0
    words = there.astype("str").value_counts()
    known = [closest_category(str(word)) is not None for word in words.index]
    return float(words[known].sum() / words.sum())


@cache
def closest_category(word: str) -> str | None:
    """Give the category that a word names, or that one part of it names, if only one does.

    "Inbrott (bostad, förråd, bil)" has a part that is known; "våld, narkotika" has two and is none.
    """
    whole = _vocabulary().find(word)
    if whole is not None:
        return whole
    parts = [part for part in re.split(r"[/,;:()&+]|\boch\b|\band\b", word) if part.strip()]
    tokens = [squeeze(token) for part in parts for token in part.split()]
    found = {_vocabulary().find(part.strip()) for part in (*parts, *tokens)}
    if found == {None}:  # "narkotikahantering" begins with a word that is known
        begun = [word for word in known_words() if len(word) >= _LONG and " " not in word]
        found |= {known_words()[w] for w in begun for token in tokens if token.startswith(w)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _dated_share(values: pd.Series) -> float:
    """Give the share of a column's values that are dates; numbers are none."""
    there = values.dropna()
    if there.empty or pd.to_numeric(there, errors="coerce").notna().mean() > _MOSTLY:
        return 0.0
    return float((~np.isnat(read_times(there.reset_index(drop=True)).local)).mean())


def _follow_closely(values: pd.Series) -> bool:
    """Say whether moments are as dense as a receiver's, not as what people report."""
    local = read_times(values.dropna().reset_index(drop=True)).local
    steps = np.diff(np.sort(local[~np.isnat(local)]))
    return len(steps) >= _FEW and bool(np.median(steps) <= _DENSE)


def _signs(kind: Kind, look: Look, columns: Mapping[str, str]) -> list[str]:
    """Tell what else in a table speaks for a kind: its words, its classes, its being a line."""
    if kind.counted and "category" in columns:
        words = look.data[columns["category"]].dropna().astype("str")
        keys = [key for word in words if (key := closest_category(word)) is not None]
        families = [known_categories()[key].family for key in keys]
        of_traffic = families.count("traffic") / max(len(families), 1)
        if (of_traffic >= _NEARLY_ALL) == (kind.name == "traffic_spots"):
            if of_traffic:
                return [f"{of_traffic:.0%} of the words that are known are about traffic"]
            return [f"its words are {'of other things than traffic' if families else 'not known'}"]
    if kind.name == "patrol_tracks" and _follow_closely(look.data[columns["time"]]):
        return ["its times follow each other within seconds"]
    if kind.name == "background":
        from layers.sources.background import CLASSES, classes_of  # noqa: PLC0415 - for this kind only

        known = classes_of(look.data) != CLASSES.index("other")
        if len(known) and known.mean() >= _MOSTLY:
            return ["its attributes tell roads, water or built-up ground"]
    return []


@dataclass(frozen=True, eq=False)
class FolderGuess:
    """What a folder holds: the area, the layers in the order of their kinds, and the rest.

    ``unused`` are names and why they are not used.
    """

    area: AreaGuess | None
    layers: tuple[Guess, ...]
    unused: tuple[tuple[str, str], ...]


def guess_folder(folder: Path, ours: Collection[str] = ()) -> FolderGuess:
    """Look into every file of a folder and guess what it is; ``ours`` are passed over."""
    looks: list[Look] = []
    there = files_of(folder, ours)
    results = set(files_of(folder)) - set(there)
    unused = [(path.name, "a result of an earlier run") for path in sorted(results)]
    for path in there:
        try:
            looks += look_into(path)
        except LagesbildError as error:
            problems = error.problems or (Problem(path.name, error.headline),)
            unused.append((path.name, "; ".join(problem.what for problem in problems)))
    guesses = [guess_with_areas(look, looks) or guess(look) for look in looks]
    drawn = [one.areas for one in guesses if one.areas is not None]
    counted = [one.look for one in guesses if one.kind and kinds()[one.kind].counted]
    pointed = counted or [one.look for one in guesses if one.look.shape == "point"]
    rest = [one.look for one in guesses if one.kind in (None, "area")]
    area = guess_area(looks, pointed, rest)
    order = list(kinds())
    layers = []
    for one in guesses:
        nothing = one.kind in (None, "area")
        if (area is not None and one.look is area.look) or (nothing and one.look in drawn):
            continue
        if one.kind == "area":
            unused.append((titled(one.look), "polygons, neither the area nor named by any rows"))
        elif nothing:
            unused.append((titled(one.look), one.why))
        elif one.kind == "bathing_sites" and "eu_id" in _columns(one):
            layers.append(replace(one, results=_results(folder)))
        else:
            layers.append(one)
    layers.sort(key=lambda one: order.index(str(one.kind)))
    return FolderGuess(area, tuple(layers), tuple(unused))


def _columns(one: Guess) -> Mapping[str, str]:
    """Give the columns of a guess by the fields of its kind."""
    fields = kinds()[str(one.kind)].fields
    return find_columns(fields, [str(name) for name in one.look.data.columns], {})


def _results(folder: Path) -> str:
    """Name the folder in it that holds saved answers of HaV about single sites, if one does."""
    for path in sorted(folder.iterdir()):
        files = sorted(path.glob("*.json")) if path.is_dir() else []
        with suppress(LagesbildError):
            if files and read_findings(files):
                return path.name
    return ""


Verdict = Literal["as told", "otherwise", "unclear"]


def judge(look: Look, kind: str, areas: Look | None = None) -> tuple[Verdict, Guess]:
    """Say whether a table looks like the kind that it is said to be, and what it looks like.

    ``areas`` are the polygons that its rows name, where it has some.
    """
    own = guess(look)
    if areas is not None:
        own = guess_with_areas(look, (areas,)) or own
    if own.kind is None:
        return "unclear", own
    return ("as told" if own.kind == kind else "otherwise"), own
