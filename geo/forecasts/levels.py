"""How much a cell holds in the long run, when few events have to speak for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.forecasts.model import History

    Floats = NDArray[np.float64]

_MOST = 0.9
"""At least the rest of what is expected lies anywhere: nowhere is an event impossible."""
_LEAST_TOTAL = 0.5
"""Where nothing has been seen yet, half an event is."""


def levels(history: History, weights: Floats) -> Floats:
    """Estimate the weighted sum of events that each cell stands for; its total is kept.

    ``weights`` has a row for each month of the history and a column for each question; answers are
    cells by questions. A cell's rate is taken as gamma distributed about a prior mean, and the
    answer is its posterior mean (empirical Bayes: Clayton & Kaldor 1987). The prior mean is the
    area's own rate, drawn towards that of the cells beside by least squares; its spread comes by
    moments from how much the cells differ beyond Poisson chance. Empty cells are so no certain
    zeros, and few events no certain place. A column whose weights are all 0 says half an event.

    A place that lies alone among quiet cells is drawn towards them more than it deserves.
    """
    counts, near = history.n @ weights, history.nearby @ weights
    share, days = history.share, history.days
    held = days @ weights
    # A weighted sum varies by this factor of its mean, where a plain one varies by its mean.
    noise = np.divide(days @ weights**2, held, out=np.ones_like(held), where=held > 0)
    total = np.maximum(counts.sum(axis=0), _LEAST_TOTAL)
    # Least squares of counts - even on near - even, each weighed by 1 / even (even = share total).
    mean_near = share @ near
    firm = np.maximum(share @ np.square(near) / total - 2.0 * mean_near + total, 0.0)
    agree = _sums(counts, near) / total - mean_near
    lean = np.clip(np.divide(agree, firm, out=np.zeros_like(firm), where=firm > 0), 0.0, _MOST)
    prior = near
    prior *= lean
    prior += (1.0 - lean) * total
    prior *= share[:, None]
    squared = _sums(prior, prior)
    beyond = _sums(counts, counts) - 2.0 * _sums(counts, prior) + squared
    spread = np.maximum(beyond - noise * prior.sum(axis=0), 0.0) / squared
    found = counts
    found *= spread
    found += noise
    found *= prior
    prior *= spread
    prior += noise
    found /= prior
    found *= total / found.sum(axis=0)
    return found


def _sums(a: Floats, b: Floats) -> Floats:
    """Sum the products of two tables, column by column."""
    return np.asarray(np.einsum("ij,ij->j", a, b), dtype=np.float64)
