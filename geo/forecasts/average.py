"""The long-run average: every month is like the months before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.forecasts.levels import levels
from geo.forecasts.model import History, Model, Target, month_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def forecast(history: History, targets: Sequence[Target]) -> Floats:
    """Give the average day of all months seen, times the days of the month to come."""
    seen = np.where(np.isnan(history.ages(targets)), 0.0, 1.0)
    return np.asarray(levels(history, seen) * (month_days(targets) / (history.days @ seen)))


MODEL = Model(
    name="average",
    summary="The long-run average of the cell: what every other model has to beat.",
    source="Clayton & Kaldor (1987)",
    forecast=forecast,
    order=10,
)
