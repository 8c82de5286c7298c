"""Ways in: one file per format, found by its ``FORMAT``."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from layers.layer import RawTable

    Box = tuple[float, float, float, float]


class _Read(Protocol):
    def __call__(
        self, path: Path, *, sheet: str | None = None, layer: str | None = None
    ) -> Iterator[RawTable]: ...


class _ReadWithin(Protocol):
    def __call__(self, path: Path, box: Box, *, layer: str | None = None) -> Iterator[RawTable]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """One way in: file endings it claims, and a reader that yields batches of raw rows.

    ``read`` is tolerant: a row that cannot be read is in ``RawTable.left_out``. It raises
    ``geo.errors.SourceError`` when the file as a whole cannot be read, with the cure. A format that
    shares its endings with others has ``claims``, which looks into a file (its beginning, mostly)
    and says whether it is its own; it never raises. Such a format is asked before those without.
    ``layers`` lists the layers of a file and whether each has geometries, where there can be
    several. ``read_within`` reads only what meets a box (degrees; west, south, east, north), for
    files of a whole country of which one municipality is drawn. ``holds`` is the kind of layer
    that files of this format hold, where it is one only.
    """

    name: str
    summary: str
    endings: tuple[str, ...]
    read: _Read
    claims: Callable[[Path], bool] | None = None
    layers: Callable[[Path], dict[str, bool]] | None = None
    read_within: _ReadWithin | None = None
    holds: str = ""


@cache
def formats() -> dict[str, Format]:
    """Give every format by its name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        declared = getattr(importlib.import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if isinstance(declared, Format):
            found[declared.name] = declared
    return dict(sorted(found.items()))
