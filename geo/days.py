"""What each day was like: holidays, darkness by the hour, and weather where it is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from geo.calendar import Period


@dataclass(frozen=True, eq=False)
class Days:
    """The days from ``first`` on (numbered from 1970-01-01), without a gap; parallel arrays.

    ``public`` marks public holidays, ``school`` school holidays (None where nobody has said when
    these are). ``dark`` (days x 24) is the share of each local clock hour that is dark. ``weather``
    holds a number for each day by its name, NaN where nothing is known.
    """

    first: int
    public: NDArray[np.bool_]
    school: NDArray[np.bool_] | None
    dark: NDArray[np.float64]
    weather: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.public)


def days_of(
    months: tuple[int, int],
    *,
    lon: float,
    lat: float,
    school: Iterable[Period] = (),
    weather: Mapping[str, Mapping[int, float]] | None = None,
) -> Days:
    """Describe the days of the months, first and last included, at a place (degrees)."""
    raise NotImplementedError
