"""Ways out beside the usual files: one file per format, found by its ``EXPORT``."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from geo.errors import OutputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from maps.situation import Situation


class _Write(Protocol):
    def __call__(self, situation: Situation, folder: Path, language: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Export:
    """One way out: what it is asked for by, the files that it makes, and their writer.

    ``write`` makes exactly ``files`` in a folder, texts in a language; the same situation gives the
    same bytes. What it cannot write is an ``OutputError``.
    """

    name: str
    summary: str
    files: tuple[str, ...]
    write: _Write


@cache
def exports() -> dict[str, Export]:
    """Give every way out by its name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        declared = getattr(importlib.import_module(f"{__name__}.{module.name}"), "EXPORT", None)
        if isinstance(declared, Export):
            found[declared.name] = declared
    return dict(sorted(found.items()))


def chosen(names: Sequence[str]) -> tuple[Export, ...]:
    """Give the ways out of these names; raises ``OutputError`` with every name that is none."""
    known = exports()
    problems = []
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            cure = f"did you mean {near[0]!r}?" if near else "lagesbild formats lists them"
            what = f"expected one of {', '.join(known)}, found {name!r}"
            problems.append(Problem("--format, or formats under [output]", what, cure))
    if problems:
        raise OutputError("there is no such format to write", tuple(problems))
    return tuple(known[name] for name in dict.fromkeys(names))
