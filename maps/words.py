"""All words that a reader sees, by language; numbers and dates in that language's manner."""

from __future__ import annotations

import string
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geo.note import Note
    from layers.layer import Category

LANGUAGES = ("sv", "en")
_NO_BREAK = "\u00a0"
_MINUS = "\u2212"


class _Filler(string.Formatter):
    """Fills ``{blanks}``: numbers as the language writes them unless a format says otherwise."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - as in string.Formatter
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return format(value, format_spec)
        if format_spec == "g":
            return self.words.short(value)
        if format_spec.startswith("."):
            return self.words.number(value, int(format_spec[1:].rstrip("f")))
        return self.words.number(value) if not format_spec else format(value, format_spec)


@dataclass(frozen=True, eq=False)
class Words:
    """One language's words. ``words("page.title", n=3)`` gives a sentence with its blanks filled.

    An entry may be a table ``{one = "…", other = "…"}``: the value ``n`` then chooses.
    Numbers in blanks are written as the language does; ``{x:.1}`` asks for one decimal, ``{x:g}``
    for ``short``.
    """

    language: str
    entries: Mapping[str, Any]

    def __call__(self, key: str, /, **values: object) -> str:
        """Give the sentence of a key; raises ``KeyError`` where the language lacks it."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry[part]
        if isinstance(entry, dict):
            entry = entry["one" if values.get("n") == 1 else "other"]
        return _Filler(self).format(entry, **values)

    def has(self, key: str, /) -> bool:
        """Say whether the language has words for a key."""
        entry: Any = self.entries
        for part in key.split("."):
            if not isinstance(entry, dict) or part not in entry:
                return False
            entry = entry[part]
        return True

    def section(self, key: str, /) -> Mapping[str, Any]:
        """Give a whole section, for writers that hand words on (the page)."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry[part]
        return entry  # type: ignore[no-any-return]  # a TOML table

    def number(self, value: float, decimals: int | None = None) -> str:
        """Write a number: ``1 234,5`` in Swedish, ``1,234.5`` in English."""
        if decimals is None:
            decimals = 0 if float(value).is_integer() else 1
        text = f"{abs(value):,.{decimals}f}"
        if self.language == "sv":
            text = text.replace(",", _NO_BREAK).replace(".", ",")
        negative = value < 0 and any(c in "123456789" for c in text)
        return _MINUS + text if negative else text

    def short(self, value: float) -> str:
        """Write a number to three digits, whole ones always, without decimals that are nought."""
        decimals = 2 - floor(log10(abs(value))) if value else 0
        text = f"{value:.{max(decimals, 0)}f}"
        return self.number(value, len(text.partition(".")[2].rstrip("0")))

    def month(self, month: int) -> str:
        """Write a month number as ``december 2021``."""
        return f"{self.entries['months'][month % 12]} {month // 12}"

    def note(self, note: Note) -> str:
        """Say a note in this language; a family that it names is named as people do."""
        values = dict(note.values)
        key = f"families.{values.get('family')}"
        if "family" in values and "." not in str(values["family"]) and self.has(key):
            values["family"] = self(key).lower()
        if "ranking" in values:
            values["ranking"] = self.ranking(str(values["ranking"]))
        return self(f"notes.{note.key}", **values)

    def ranking(self, by: str) -> str:
        """Name a method that ranks cells, written as ``kde bandwidth=300``, with its settings."""
        method, *settings = by.split()
        name = self(f"rankings.{method}") if self.has(f"rankings.{method}") else method
        told = []
        for setting in settings:
            key, _, value = setting.partition("=")
            known = self.has(f"rankings.settings.{key}")
            if self.has(f"rankings.values.{value}"):
                value = self(f"rankings.values.{value}")
            told.append(self(f"rankings.settings.{key}", value=value) if known else setting)
        return f"{name} ({', '.join(told)})" if told else name

    def category(self, key: str, categories: Mapping[str, Category]) -> str:
        """Name a category: the project's own words first, then the built-in, then its key."""
        own = categories.get(key)
        return self._own("categories", key, (own.sv, own.en) if own else (None, None))

    def family(self, key: str, families: Mapping[str, tuple[str | None, str | None]]) -> str:
        """Name a family: the project's own words first, then the built-in, then its key."""
        return self._own("families", key, families.get(key, (None, None)))

    def _own(self, section: str, key: str, named: tuple[str | None, str | None]) -> str:
        sv, en = named
        chosen = (sv or en) if self.language == "sv" else (en or sv)
        if chosen:
            return chosen
        return self(f"{section}.{key}") if self.has(f"{section}.{key}") else key


@cache
def words(language: str) -> Words:
    """Load a language's words (``sv`` or ``en``)."""
    if language not in LANGUAGES:
        raise ValueError(f"expected a language of {LANGUAGES}, found {language!r}")
    text = resources.files("maps").joinpath("text", f"{language}.toml").read_text("utf-8")
    return Words(language, tomllib.loads(text))
