"""What a method is given, what it answers, and how it declares itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.note import Note
    from geo.schema import Column

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """Events as coordinates in metres with weights, for methods that look inside the cells."""

    x: Floats
    y: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a method sees: counts and weights per cell of the study area, and the points if asked.

    ``n`` and ``weight`` have one entry per cell, empty cells as zeros. ``area`` (metres) is the
    study area, where it is known.
    """

    cells: Cells
    n: Ints
    weight: Floats
    points: Points | None = None
    area: BaseGeometry | None = None


@dataclass(frozen=True, eq=False)
class Result:
    """A method's answer: one array per column, parallel to the cells.

    ``hot`` marks the cells for which a hotspot is claimed (None where the method claims nothing,
    as a plain count does); ``p`` and ``q`` go with it. ``enough`` is False where the data cannot
    carry a claim; then ``hot`` is all False and a note says why.
    """

    columns: Mapping[str, NDArray[Any]]
    hot: NDArray[np.bool_] | None = None
    p: Floats | None = None
    q: Floats | None = None
    enough: bool = True
    notes: tuple[Note, ...] = ()
    used: Mapping[str, Any] = field(default_factory=dict)
    """Every parameter as it was used, chosen values included."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a method; ``None`` as default means: chosen from the data, and said."""

    name: str
    kind: Literal["real", "integer", "choice", "yes/no"]
    default: float | int | str | bool | None
    help: str
    choices: tuple[str, ...] = ()
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its name, what it promises in a sentence, its source, settings and columns."""

    name: str
    summary: str
    source: str
    columns: tuple[Column, ...]
    run: Callable[..., Result]
    parameters: tuple[Parameter, ...] = ()
    needs_points: bool = False
    order: int = 100
