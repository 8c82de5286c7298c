"""Recency: months count less the longer ago they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.forecasts.levels import levels
from geo.forecasts.model import History, Model, Target, month_days
from geo.forecasts.scores import poisson_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HALF_LIVES = (3.0, 6.0, 12.0, 24.0, np.inf)
"""Months after which a month counts half; the last is the long-run average."""
_TRIED = 12
"""So many of the latest months choose the half-life."""


def weighted(history: History, targets: Sequence[Target], half_life: float) -> Floats:
    """Give the weighted average day of the months seen, times the days of the month to come."""
    ages = history.ages(targets)
    weights = np.where(np.isnan(ages), 0.0, 0.5 ** (np.nan_to_num(ages) / half_life))
    return np.asarray(levels(history, weights) * (month_days(targets) / (history.days @ weights)))


def half_lives(history: History, targets: Sequence[Target]) -> list[float]:
    """Choose a half-life for each target: what would have served best in the months it has seen.

    Judged by the Poisson score of forecasts one month ahead, of up to twelve months. The longest
    one where nothing can be judged, or where two are alike.
    """
    last = max(target.seen for target in targets)
    first = max(1, min(target.seen for target in targets) - _TRIED)
    past = [history.target(column) for column in range(first, last)]
    if not past:
        return [HALF_LIVES[-1]] * len(targets)
    counts = history.n[:, first:last]
    scores = [poisson_score(counts, weighted(history, past, h)) for h in HALF_LIVES[::-1]]
    chosen = []
    for target in targets:
        judged = slice(max(target.seen - _TRIED - first, 0), target.seen - first)
        best = int(np.argmin([score[judged].sum() for score in scores]))
        chosen.append(HALF_LIVES[::-1][best])
    return chosen


def forecast(history: History, targets: Sequence[Target]) -> Floats:
    """Weigh the months seen by the half-life that would have served best in them."""
    answer = np.empty((len(history.n), len(targets)))
    chosen = half_lives(history, targets)
    for half_life in set(chosen):
        at = [i for i, other in enumerate(chosen) if other == half_life]
        answer[:, at] = weighted(history, [targets[i] for i in at], half_life)
    return answer


MODEL = Model(
    name="recent",
    summary="The average with recent months counting more; the half-life is chosen by the data.",
    source="Brown (1959)",
    forecast=forecast,
    order=20,
)
