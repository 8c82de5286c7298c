"""Every event that counts, by cell, month, kind and hour; and where patrols were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.cube import Cube, CubeBuilder
from geo.hotspots import Points
from geo.months import UNKNOWN_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.cells import Cells
    from layers.layer import Events, Layer

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


PATROLS = "patrols"
"""The category of what ``presence_cube`` adds up."""


@dataclass(frozen=True, eq=False)
class Everything:
    """All counted events, and their cube; ``codes`` number each part's categories in the cube.

    ``holidays`` is a cube of those in school holidays alone, over the same cells and categories;
    None where nobody has said when these are.
    """

    parts: Sequence[Events]
    codes: Sequence[Ints]
    cube: Cube
    holidays: Cube | None = None

    @classmethod
    def of(cls, parts: Sequence[Events], cells: Cells) -> Everything:
        """Number the categories of all parts together and count."""
        names = tuple(sorted({name for part in parts for name in part.categories}))
        number = {name: i for i, name in enumerate(names)}
        builder, free = CubeBuilder(len(cells), names), CubeBuilder(len(cells), names)
        all_codes = []
        for part in parts:
            codes = np.array([number[name] for name in part.categories] or [0], dtype=np.int64)
            all_codes.append(codes)
            cell, category = cells.locate(part.x, part.y), codes[part.category]
            builder.add(
                cell,
                month=part.month,
                category=category,
                hour=part.hour,
                weight=part.weight,
                between=part.between,
            )
            if part.holiday is not None:
                mine = part.holiday
                free.add(
                    cell[mine],
                    month=part.month[mine],
                    category=category[mine],
                    hour=part.hour[mine],
                    weight=part.weight[mine],
                    between=None if part.between is None else part.between.take(mine),
                )
        told = any(part.holiday is not None for part in parts)
        return cls(parts, all_codes, builder.build(), free.build() if told else None)

    def points(self, categories: Sequence[str], window: tuple[int, int] | None) -> Points:
        """Give the events of some categories in a window of months."""
        wanted = [self.cube.categories.index(name) for name in categories]
        kept = [
            np.isin(codes[part.category], wanted) & within(part.month, window)
            for part, codes in zip(self.parts, self.codes, strict=True)
        ]

        def joined(name: str) -> Floats:
            values = [getattr(p, name)[keep] for p, keep in zip(self.parts, kept, strict=True)]
            return np.concatenate([np.zeros(0), *values])

        days = [
            np.full(len(p), UNKNOWN_DAY, dtype=np.int32) if p.day is None else p.day
            for p in self.parts
        ]
        day = [of_part[keep] for of_part, keep in zip(days, kept, strict=True)]
        return Points(
            joined("x"),
            joined("y"),
            joined("weight"),
            np.concatenate([np.zeros(0, dtype=np.int32), *day]),
            joined("hour").astype(np.int16),
        )


def presence(
    layers: Sequence[Layer], window: tuple[int, int] | None
) -> tuple[Floats, Floats, Floats] | None:
    """Gather x, y and minutes of the patrols of the period; None where no layer has patrols."""
    found = [layer.presence for layer in layers if layer.presence is not None]
    if not found:
        return None
    parts = [(p, within(p.month, window)) for p in found]
    return (
        np.concatenate([p.x[keep] for p, keep in parts]),
        np.concatenate([p.y[keep] for p, keep in parts]),
        np.concatenate([p.weight[keep] for p, keep in parts]),
    )


def presence_cube(layers: Sequence[Layer], cells: Cells) -> Cube | None:
    """Add up the patrols' minutes by cell, month and hour; None where no layer has patrols.

    ``weight`` is minutes, and ``PATROLS`` the only category. ``n`` and ``beside`` count pieces of
    patrols (their minutes are spread over hours and along lines) and say little.
    """
    found = [layer.presence for layer in layers if layer.presence is not None]
    if not found:
        return None
    builder = CubeBuilder(len(cells), (PATROLS,))
    for part in found:
        at = cells.locate(part.x, part.y)
        builder.add(at, month=part.month, hour=part.hour, weight=part.weight)
    return builder.build()


def within(month: NDArray[np.integer], window: tuple[int, int] | None) -> NDArray[np.bool_]:
    """Mark the months in a window, both its ends included; all where there is none."""
    if window is None:
        return np.ones(len(month), dtype=bool)
    return (month >= window[0]) & (month <= window[1])
