"""How good a forecast was: the smaller its score, the better."""

from __future__ import annotations

from math import lgamma
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def poisson_score(n: Floats, mean: Floats) -> Floats:
    """Give the mean Poisson log score of each month (column) over all cells (rows).

    Minus the log of the chance that a Poisson count with the forecast mean gives what happened.
    Its expectation is least at the true mean, whether or not counts are Poisson (Gneiting &
    Raftery 2007; for the mean alone: Gneiting 2011). NaN where the forecast is.
    """
    largest = int(n.max(initial=0))
    log_factorial = np.array([lgamma(k + 1.0) for k in range(largest + 1)])
    cell, month = np.nonzero(n)
    count = n[cell, month]
    gain = count * np.log(mean[cell, month]) - log_factorial[count.astype(np.int64)]
    happened = np.bincount(month, weights=gain, minlength=n.shape[1])
    return np.asarray((mean.sum(axis=0) - happened) / len(n), dtype=np.float64)
