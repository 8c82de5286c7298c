"""What the events of each of several places add up to: hours, kinds, months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.months import HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.cube import Cube

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tallied:
    """What one place's events add up to; ``months`` count from ``first``, over all the data.

    ``hours`` and ``mass`` (by month, parallel to ``months``) hold events where they may have
    happened; the others count each once.
    """

    n: int
    weight: float
    hours: Floats
    categories: Ints
    months: Ints
    mass: Floats
    first: int

    def since(self, first: int, last: int) -> Ints:
        """Count each month from first to last; months beyond the data are empty."""
        return self._since(self.months, first, last)

    def mass_since(self, first: int, last: int) -> Floats:
        """Give the mass of each month from first to last; months beyond the data are empty."""
        return self._since(self.mass, first, last)

    def _since(self, values: NDArray[Any], first: int, last: int) -> NDArray[Any]:
        wanted = np.arange(first, last + 1) - self.first
        known = (wanted >= 0) & (wanted < len(values))
        if not len(values):
            return np.zeros(len(wanted), dtype=values.dtype)
        return np.where(known, values[np.clip(wanted, 0, len(values) - 1)], 0)


@dataclass(frozen=True, eq=False)
class Tally:
    """What the events of groups of cells add up to, in one pass over the cube for all groups."""

    n: Ints
    weight: Floats
    hours: Floats
    categories: Ints
    months: Ints
    mass: Floats
    first: int

    @classmethod
    def of(cls, groups: Sequence[Ints], history: Cube, part: Cube) -> Tally:
        """Tally ``part`` (the period) and, by month, ``history`` (all the data)."""
        group_of = np.full(part.cells, -1, dtype=np.int64)
        for i, group in enumerate(groups):
            group_of[group] = i
        count = len(groups)

        def table(cell: Ints, key: Ints, amount: Ints | Floats, width: int) -> Floats:
            at = group_of[cell]
            keep = (at >= 0) & (key >= 0) & (key < width)
            flat = np.bincount(
                at[keep] * width + key[keep], weights=amount[keep], minlength=count * width
            )
            return flat.astype(np.float64).reshape(count, width)

        at = group_of[part.cell]
        weight = np.bincount(at[at >= 0], weights=part.weight[at >= 0], minlength=count)
        span = history.span or (0, -1)
        now, ever, width = part.mass, history.mass, span[1] - span[0] + 1
        categories = table(part.cell, part.category, part.n, len(part.categories))
        months = table(history.cell, history.month - span[0], history.n, width)
        return cls(
            categories.sum(axis=1).astype(np.int64),
            weight.astype(np.float64),
            table(now.cell, now.hour, now.mass, HOURS + 1),
            categories.astype(np.int64),
            months.astype(np.int64),
            table(ever.cell, ever.month - span[0], ever.mass, width),
            span[0],
        )

    def within(self, first: int, last: int) -> Ints:
        """Count each place's events of the months from first to last, both included."""
        start, end = (
            int(np.clip(month - self.first, 0, self.months.shape[1])) for month in (first, last + 1)
        )
        return np.asarray(self.months[:, start:end].sum(axis=1), dtype=np.int64)

    def of_group(self, i: int) -> Tallied:
        """Give one group's."""
        return Tallied(
            int(self.n[i]),
            float(self.weight[i]),
            self.hours[i],
            self.categories[i],
            self.months[i],
            self.mass[i],
            self.first,
        )
