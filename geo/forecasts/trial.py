"""The models against each other: each forecasts months that have already been, from those before.

What has not been seen is never used (rolling origin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.forecasts import History, models
from geo.forecasts.scores import poisson_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BASELINE = "average"
MOST, FEWEST = 12, 6
"""Months that are forecast in a trial: at most, and for a model to be judged at all."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model's mean score less that of the average, over the same months, with its interval.

    Below 0 it forecasts better; ``better`` where the whole interval lies there.
    """

    difference: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        """Say whether chance is ruled out."""
        return self.high < 0.0


@dataclass(frozen=True, eq=False)
class Trial:
    """What each model forecast for the latest months, by model: cells by months (NaN: not tried).

    ``n`` are what happened, ``scores`` the Poisson score of each month.
    """

    n: Floats
    means: Mapping[str, Floats]
    scores: Mapping[str, Floats]
    comparisons: Mapping[str, Comparison]

    @property
    def best(self) -> str:
        """Name the best of the models that beat the average, or the average."""
        better = {name: c.difference for name, c in self.comparisons.items() if c.better}
        return min(better, key=better.__getitem__, default=BASELINE)


def trial(history: History, alpha: float = 0.05) -> Trial:
    """Let every model forecast up to twelve of the latest months, at most half of all."""
    count = len(history.months)
    first = count - min(MOST, count // 2)
    targets = [history.target(column) for column in range(first, count)]
    n = history.n[:, first:]
    means = {name: model.forecast(history, targets) for name, model in models().items()}
    scores = {name: poisson_score(n, mean) for name, mean in means.items()}
    return Trial(n, means, scores, compare(scores, alpha))


def compare(scores: Mapping[str, Floats], alpha: float = 0.05) -> dict[str, Comparison]:
    """Compare models with the average, month by month; those tried in too few months are left out.

    The interval of a paired t-test, which is the test of Diebold & Mariano (1995) with the
    correction for few forecasts of Harvey, Leybourne & Newbold (1997) at one step ahead. It is as
    wide as needed to hold for all models at once (Bonferroni), so that picking the best of them is
    allowed for. Months are taken as independent; where good and bad months come in runs the
    interval is too narrow.
    """
    from scipy import special  # noqa: PLC0415 - takes longer to import than most maps take

    differences = {
        name: (score - scores[BASELINE])[np.isfinite(score)]
        for name, score in scores.items()
        if name != BASELINE
    }
    tried = {name: d for name, d in differences.items() if len(d) >= FEWEST}
    found = {}
    for name, difference in tried.items():
        mean, months = float(difference.mean()), len(difference)
        reach = float(special.stdtrit(months - 1, 1.0 - alpha / 2.0 / len(tried)))
        reach *= float(difference.std(ddof=1)) / months**0.5
        found[name] = Comparison(mean, mean - reach, mean + reach)
    return found
