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
_MONTHS = 1 << 17
"""Room for months in a packed key: years up to ten thousand."""
_MOST_WAITING = 1 << 21
"""Events that may wait to be brought together."""


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
        everything = categories is not None and set(categories) >= set(self.categories)
        categories = None if everything else categories
        if months is None and categories is None and cells is None:
            return self
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

    @cached_property
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
    """Collects events batch by batch; holds combinations and at most a few batches of events."""

    cells: int
    categories: tuple[str, ...]
    beside: int = 0
    _keys: list[Ints] = field(default_factory=list)
    _n: list[Ints] = field(default_factory=list)
    _weight: list[Floats] = field(default_factory=list)
    _waiting: int = 0

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
        all_inside = bool(inside.all())
        self.beside += 0 if all_inside else int(len(cell) - inside.sum())

        def part(values: NDArray[np.integer] | None, missing: int) -> Ints | int:
            if values is None:
                return missing
            return (values if all_inside else values[inside]).astype(np.int64)

        key = self._key(
            np.asarray(part(cell, 0)),
            part(month, UNKNOWN_MONTH),
            part(category, 0),
            part(hour, UNKNOWN_HOUR),
        )
        n = np.ones(len(key), dtype=np.int64)
        weight = np.ones(len(cell)) if weight is None else weight
        self._push(key, n, weight if all_inside else weight[inside])

    def merge(self, cube: Cube) -> None:
        """Add what another cube has counted."""
        self.beside += cube.beside
        key = self._key(cube.cell, cube.month, cube.category, cube.hour)
        self._push(key, cube.n, cube.weight)

    def build(self) -> Cube:
        """Give the cube of everything added so far."""
        self._compact()
        key = self._keys[0] if self._keys else np.zeros(0, dtype=np.int64)
        rest, month = np.divmod(key, _MONTHS)
        rest, hour = np.divmod(rest, _SLOTS)
        cell, category = np.divmod(rest, max(len(self.categories), 1))
        return Cube(
            self.cells,
            self.categories,
            cell,
            month + UNKNOWN_MONTH,
            category,
            hour,
            self._n[0] if self._n else key,
            self._weight[0] if self._weight else np.zeros(0),
            self.beside,
        )

    def _key(self, cell: Ints, month: Ints | int, category: Ints | int, hour: Ints | int) -> Ints:
        """Pack a combination into one whole number."""
        place = cell * max(len(self.categories), 1) + category
        return (place * _SLOTS + hour) * _MONTHS + (month - UNKNOWN_MONTH)

    def _push(self, key: Ints, n: Ints, weight: Floats) -> None:
        self._keys.append(key)
        self._n.append(n)
        self._weight.append(weight)
        self._waiting += len(key)
        if self._waiting > max(_MOST_WAITING, len(self._keys[0])):
            self._compact()

    def _compact(self) -> None:
        """Bring equal combinations together; done again when as much has come as there is."""
        if not self._waiting:
            return
        key, n = np.concatenate(self._keys), np.concatenate(self._n)
        weight = np.concatenate(self._weight)
        self._waiting = 0
        if not np.array_equal(n, weight):
            unique, at = np.unique(key, return_inverse=True)
            total = np.bincount(at, weights=n, minlength=len(unique)).astype(np.int64)
            weights = np.bincount(at, weights=weight, minlength=len(unique)).astype(np.float64)
        else:
            if (n > 1).any():
                key = np.repeat(key, n)
            unique, counts = np.unique(key, return_counts=True)
            total, weights = counts.astype(np.int64), counts.astype(np.float64)
        self._keys, self._n, self._weight = [unique], [total], [weights]
