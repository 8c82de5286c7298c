"""Sparse counts by cell, month, category and hour of the week: the one step that reads events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo.months import HOURS, UNKNOWN_HOUR, UNKNOWN_MONTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_SLOTS = HOURS + 1
_MOST_PARTS = 16


@dataclass(frozen=True, eq=False)
class Cube:
    """Counts and weights of events; one row per non-empty combination, sorted, no duplicates.

    ``cell`` are positions among the ``cells`` of the study area, ``month`` as in ``geo.months``
    (``UNKNOWN_MONTH`` allowed), ``category`` positions in ``categories``, ``hour`` the hour of the
    week (``UNKNOWN_HOUR`` allowed). ``beside`` counts events that lie in no cell that takes part.
    """

    cells: int
    categories: tuple[str, ...]
    cell: Ints
    month: Ints
    category: Ints
    hour: Ints
    n: Ints
    weight: Floats
    beside: int = 0

    def select(
        self,
        *,
        months: tuple[int, int] | None = None,
        categories: Sequence[str] | None = None,
        cells: NDArray[np.bool_] | None = None,
    ) -> Cube:
        """Keep what lies in the months (first and last, both included), categories and cells."""
        keep = np.ones(len(self.n), dtype=bool)
        if months is not None:
            keep &= (self.month >= months[0]) & (self.month <= months[1])
        if categories is not None:
            wanted = np.isin(np.array(self.categories, dtype=object), list(categories))
            keep &= wanted[self.category] if len(wanted) else False
        if cells is not None:
            keep &= cells[self.cell]
        columns = ("cell", "month", "category", "hour", "n", "weight")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})

    @cached_property
    def total(self) -> int:
        """Number of events."""
        return int(self.n.sum())

    def per_cell(self) -> tuple[Ints, Floats]:
        """Count and weight of every cell, empty cells as zeros."""
        n = np.bincount(self.cell, weights=self.n, minlength=self.cells)
        weight = np.bincount(self.cell, weights=self.weight, minlength=self.cells)
        return n.astype(np.int64), weight.astype(np.float64)

    def per_category(self) -> Ints:
        """Count of every category."""
        n = np.bincount(self.category, weights=self.n, minlength=len(self.categories))
        return n.astype(np.int64)

    def per_hour(self) -> Ints:
        """Count of each of the 168 hours of the week, and last of those whose hour is unknown."""
        return np.bincount(self.hour, weights=self.n, minlength=_SLOTS).astype(np.int64)

    def weight_per_hour(self) -> Floats:
        """Weight of each of the 168 hours of the week, and last of those of unknown hour."""
        weight = np.bincount(self.hour, weights=self.weight, minlength=_SLOTS)
        return weight.astype(np.float64)

    def per_month(self, first: int, last: int) -> Ints:
        """Count of each month from first to last, both included."""
        inside = (self.month >= first) & (self.month <= last)
        n = np.bincount(
            self.month[inside] - first, weights=self.n[inside], minlength=last - first + 1
        )
        return n.astype(np.int64)

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last month that hold an event, or None when no event has a date."""
        known = self.month[self.month != UNKNOWN_MONTH]
        return (int(known.min()), int(known.max())) if len(known) else None

    def __add__(self, other: Cube) -> Cube:
        """Merge two cubes over the same cells and categories."""
        if (self.cells, self.categories) != (other.cells, other.categories):
            raise ValueError("cubes over different cells or categories cannot be added")
        builder = CubeBuilder(self.cells, self.categories)
        builder.merge(self)
        builder.merge(other)
        return builder.build()


@dataclass(eq=False)
class CubeBuilder:
    """Collects events batch by batch; holds combinations, never events."""

    cells: int
    categories: tuple[str, ...]
    beside: int = 0
    _parts: list[Cube] = field(default_factory=list)

    def add(
        self,
        cell: Ints,
        *,
        month: NDArray[np.integer] | None = None,
        category: NDArray[np.integer] | None = None,
        hour: NDArray[np.integer] | None = None,
        weight: Floats | None = None,
    ) -> None:
        """Count a batch of events; ``cell`` is -1 for those in no cell that takes part.

        Omitted months and hours are unknown, omitted categories the first, omitted weights 1.
        """
        inside = cell >= 0
        self.beside += int(len(cell) - inside.sum())
        cell = cell[inside].astype(np.int64)
        size = len(cell)

        def part(values: NDArray[np.integer] | None, missing: int) -> Ints:
            if values is None:
                return np.full(size, missing, dtype=np.int64)
            return values[inside].astype(np.int64)

        self._push(
            cell,
            part(month, UNKNOWN_MONTH),
            part(category, 0),
            part(hour, UNKNOWN_HOUR),
            None,
            None if weight is None else weight[inside].astype(np.float64),
        )

    def merge(self, cube: Cube) -> None:
        """Add what another cube has counted."""
        self.beside += cube.beside
        self._push(cube.cell, cube.month, cube.category, cube.hour, cube.n, cube.weight)

    def build(self) -> Cube:
        """Give the cube of everything added so far."""
        self._compact()
        if not self._parts:
            empty = np.zeros(0, dtype=np.int64)
            return Cube(
                self.cells,
                self.categories,
                empty,
                empty,
                empty,
                empty,
                empty,
                weight=np.zeros(0),
                beside=self.beside,
            )
        only = self._parts[0]
        return Cube(
            self.cells,
            self.categories,
            only.cell,
            only.month,
            only.category,
            only.hour,
            only.n,
            only.weight,
            self.beside,
        )

    def _push(
        self,
        cell: Ints,
        month: Ints,
        category: Ints,
        hour: Ints,
        n: Ints | None,
        weight: Floats | None,
    ) -> None:
        if not len(cell):
            return
        first = int(month.min())
        months = int(month.max()) - first + 1
        key = ((cell * months + (month - first)) * max(len(self.categories), 1) + category) * _SLOTS
        key += hour
        unique, inverse = np.unique(key, return_inverse=True)
        size = len(unique)
        counts = np.bincount(inverse, weights=n, minlength=size).astype(np.int64)
        weights = (
            counts if weight is None else np.bincount(inverse, weights=weight, minlength=size)
        ).astype(np.float64)
        rest, hour_of = np.divmod(unique, _SLOTS)
        rest, category_of = np.divmod(rest, max(len(self.categories), 1))
        cell_of, month_of = np.divmod(rest, months)
        self._parts.append(
            Cube(
                self.cells,
                self.categories,
                cell_of,
                month_of + first,
                category_of,
                hour_of,
                counts,
                weights,
            )
        )
        # Parts are merged when they double, so the work stays n log n and the memory bounded.
        grown = len(self._parts) > 1 and len(self._parts[-1].n) >= len(self._parts[0].n)
        if grown or len(self._parts) > _MOST_PARTS:
            self._compact()

    def _compact(self) -> None:
        if len(self._parts) <= 1:
            return
        parts, self._parts = self._parts, []
        self._push(
            *(
                np.concatenate([getattr(p, name) for p in parts])
                for name in ("cell", "month", "category", "hour", "n", "weight")
            )
        )
