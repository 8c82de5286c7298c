"""What a model of the coming month is given, what it answers, and how it declares itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geo.cells import Cells
    from geo.cube import Cube
    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_EPOCH = 1970 * 12


class Target(NamedTuple):
    """A month to forecast (``geo.months``), from the first ``seen`` months of a history only."""

    month: int
    seen: int


@dataclass(frozen=True, eq=False)
class History:
    """Events per cell (rows) and known month (columns, the oldest first); empty cells too.

    ``months`` are the known ones, ascending; between them there may be others of which nothing is
    known, and these are no columns. ``share`` is each cell's part of the area's ground, above 0.
    """

    n: Floats
    months: Ints
    share: Floats
    neighbours: Neighbours

    @classmethod
    def of(cls, cube: Cube, cells: Cells, months: Ints) -> History:
        """Count the events of a cube in the given months; undated events are in none of them."""
        column = np.searchsorted(months, cube.month)
        column[column == len(months)] = 0
        at = np.flatnonzero(months[column] == cube.month)
        n = np.bincount(
            cube.cell[at] * len(months) + column[at],
            weights=cube.n[at],
            minlength=cube.cells * len(months),
        ).astype(np.float64)
        share = cells.area_m2 / cells.area_m2.sum()
        return cls(n.reshape(cube.cells, len(months)), months, share, cells.neighbours)

    @cached_property
    def days(self) -> Floats:
        """Number of days of each month."""
        return days_of(self.months)

    @cached_property
    def around(self) -> Floats:
        """Events in the cells that lie beside each cell, without its own."""
        around = np.empty_like(self.n)
        for column in range(len(self.months)):
            own = np.ascontiguousarray(self.n[:, column])
            around[:, column] = self.neighbours.sums(own) - own
        return around

    @cached_property
    def nearby(self) -> Floats:
        """Events that the whole area would hold if all of it were as the cells beside each cell.

        Beside an island lies the whole area.
        """
        ground = self.neighbours.sums(self.share) - self.share
        alone = self.neighbours.sizes == 1
        nearby = self.around / np.where(alone, 1.0, ground)[:, None]
        nearby[alone] = self.n.sum(axis=0)
        return nearby

    def ages(self, targets: Sequence[Target]) -> Floats:
        """Tell how many months before each target (columns) a month lies; NaN if it is not seen."""
        month = np.array([target.month for target in targets], dtype=np.float64)
        seen = np.array([target.seen for target in targets])
        unseen = np.arange(len(self.months))[:, None] >= seen[None, :]
        return np.where(unseen, np.nan, month[None, :] - self.months[:, None])

    def target(self, column: int) -> Target:
        """Ask for a month of the history itself, from the months before it."""
        return Target(int(self.months[column]), column)


@dataclass(frozen=True, slots=True)
class Model:
    """One model: ``forecast`` gives the expected events of each cell (rows) and target (columns).

    The targets come in the order of time; each is answered from the months that it has seen alone.
    A column is NaN where fewer than ``least_months`` are seen: there the model is not tried.
    """

    name: str
    summary: str
    source: str
    forecast: Callable[[History, Sequence[Target]], Floats]
    least_months: int = 1
    order: int = 100


def days_of(months: Ints) -> Floats:
    """Count the days of each month (``geo.months``)."""
    start, end = ((months + after - _EPOCH).astype("datetime64[M]") for after in (0, 1))
    days = end.astype("datetime64[D]") - start.astype("datetime64[D]")
    return np.asarray(days.astype(np.int64), dtype=np.float64)


def month_days(targets: Sequence[Target]) -> Floats:
    """Count the days of each month that is asked for."""
    return days_of(np.array([target.month for target in targets], dtype=np.int64))
