"""Kinds of layer: one file each, found by its ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from layers.rows import Built, Rows

Shape = Literal["point", "line", "polygon"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a layer may hold: its name, what it is, and the words files use for its column.

    ``synonyms`` are tried in their order, without regard to case, accents or punctuation. ``kind``
    says how the column is read: ``time`` is a moment or a date, ``clock`` an hour of the day.
    """

    name: str
    kind: Literal["text", "number", "time", "clock", "category"]
    help: str
    synonyms: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of one kind of layer beside those that all kinds have."""

    name: str
    kind: Literal["text", "number", "yes/no"]
    default: str | float | bool | None
    help: str
    choices: tuple[str, ...] = ()


class Build(Protocol):
    """Makes a kind's own table of the rows that are usable so far."""

    def __call__(self, rows: Rows) -> Built: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of layer: what it is, what it may hold, which shapes it takes.

    ``counted`` kinds hold events: they have a category, and their points are counted in cells.
    ``clipped`` kinds are cut at the edge of the area and its buffer; of others, whole objects are
    in or out. ``build`` makes the table's columns.
    """

    name: str
    summary: str
    fields: tuple[Field, ...]
    shapes: tuple[Shape, ...]
    build: Build
    counted: bool = False
    clipped: bool = False
    options: tuple[Option, ...] = ()
    order: int = 100

    def default(self, option: str) -> Any:  # noqa: ANN401 - an option's value is of its own kind
        """Give the default of one of the kind's options."""
        return next(one.default for one in self.options if one.name == option)


@cache
def kinds() -> dict[str, Kind]:
    """Give every kind of layer by its name, in the order in which a reader meets them."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        declared = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if isinstance(declared, Kind):
            found.append(declared)
    return {kind.name: kind for kind in sorted(found, key=lambda k: (k.order, k.name))}
