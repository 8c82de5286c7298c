"""How far what happens lies from what was expected: the counts that a forecast leaves room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_POISSON = 1e-6
"""Less dispersion than this is none."""


def dispersion(n: Floats, mean: Floats) -> float:
    """Estimate d where counts vary by ``mean + d mean^2`` about their forecasts; 0 if no more.

    By moments, so that the places where most happens decide.
    """
    beyond = float((np.square(n - mean) - mean).sum())
    return max(beyond, 0.0) / max(float(np.square(mean).sum()), 1e-300)


def quantile(mean: Floats, spread: float, chance: float) -> Floats:
    """Give the least count that a negative binomial does not pass with at least this chance.

    ``spread`` is its dispersion, 0 for Poisson; means are 0 or more. Counts are whole, so that an
    interval between two quantiles holds more than it promises, far more where means are small.
    """
    from scipy import special  # noqa: PLC0415 - takes longer to import than most maps take

    def below(count: Floats, mean: Floats) -> Floats:
        if spread < _POISSON:
            return np.asarray(special.pdtr(count, mean))
        return np.asarray(special.betainc(1.0 / spread, count + 1.0, 1.0 / (1.0 + spread * mean)))

    answer = np.zeros(len(mean))
    at = np.flatnonzero(below(np.zeros(len(mean)), mean) < chance)
    mean = mean[at]
    low, high = np.zeros(len(at)), np.ceil(mean) + 1.0
    while (short := below(high, mean) < chance).any():
        high[short] *= 2.0
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        enough = below(middle, mean) >= chance
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    answer[at] = high
    return answer
