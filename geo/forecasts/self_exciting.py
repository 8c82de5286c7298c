"""Self-exciting: every event raises what is expected in its cell and beside it, for a while."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geo.forecasts import average
from geo.forecasts.model import History, Model, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DECAYS = (0.0, 0.4, 0.7, 0.85)
"""The part of what an event raises that is left for each month after the first."""
_FIRST = 3
"""An average of fewer months is no background to learn from."""
_MOST = 0.95
"""An event that led to one more on average would lead to endless ones."""
_START = (0.7, 0.2, 0.1)
_LEARNT = 12
_STEPS = 200
_ALIKE = 1e-4
_AWAKE = 0.01
"""A weight that has become nought would stay so; each fit begins with at least this."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """What the forecast of each cell (rows) and month (columns) is mixed from.

    ``parts`` are the background, what earlier events in the cell itself have raised, and what those
    beside it have; their weights are fitted on the ``n`` of the first months.
    """

    parts: tuple[Floats, Floats, Floats]
    n: Floats

    @cached_property
    def _events(self) -> tuple[Ints, Floats, Floats]:
        """Where something happened, by month: the month, how many, and what each part is there."""
        month, cell = np.nonzero(self.n.T)
        held = np.stack([part[cell, month] for part in self.parts])
        return month, self.n[cell, month], held

    @cached_property
    def _full(self) -> Floats:
        """What each part (rows) comes to over all cells in the months up to each (columns)."""
        return np.cumsum([part.sum(axis=0) for part in self.parts], axis=1)

    def log_likelihood(self, weights: Floats, months: int) -> float:
        """Give the Poisson log likelihood of the first months, without the factorials."""
        month, n, held = self._events
        until = int(np.searchsorted(month, months))
        gain = n[:until] @ np.log(weights @ held[:, :until])
        return float(gain - weights @ self._full[:, months - 1])

    def fit(self, start: Floats, months: int, steps: int = _STEPS) -> Floats:
        """Maximise the likelihood of the first months by expectation-maximisation.

        Every event is shared out over what may have caused it; a weight is then what was caused
        divided by what would have been caused at weight 1 (Mohler et al. 2011). The likelihood
        never falls, until it meets a bound: an event leads to at most 0.95 events, and the
        background weighs at least 0.05, so that nowhere is an event impossible.
        """
        month, n, held = self._events
        until = int(np.searchsorted(month, months))
        n, held, full = n[:until], held[:, :until], self._full[:, months - 1]
        weights = start
        for _ in range(steps):
            caused = weights * (held @ (n / (weights @ held)))
            new = np.divide(caused, full, out=np.zeros(len(full)), where=full > 0)
            new[0] = max(new[0], 1.0 - _MOST)
            raised = new[1:].sum()
            if raised > _MOST:
                new[1:] *= _MOST / raised
            moved = float(np.abs(new - weights).max())
            weights = new
            if moved < _ALIKE:
                break
        return weights


def mixture(
    history: History, targets: Sequence[Target], decay: float, background: Floats
) -> Mixture:
    """Lay out what is mixed, given the ``background`` of the targets.

    An event raises the month after it by 1 - decay of what it raises in all, the next by decay
    times that, and so on; a month without data raises nothing. What it raises beside its cell is
    shared equally over the cells that lie there.
    """
    ages = history.ages(targets)
    # The age is 1 or more where a month is seen; elsewhere the power is not used.
    lag = np.where(np.isnan(ages), 1.0, ages) - 1.0
    kernel = np.where(np.isnan(ages), 0.0, (1.0 - decay) * decay**lag)
    beside = max(float(history.neighbours.sizes.mean()) - 1.0, 1.0)
    first = targets[0].seen
    return Mixture(
        (background, history.n @ kernel, history.around @ (kernel / beside)),
        history.n[:, first:],
    )


def forecast(history: History, targets: Sequence[Target]) -> Floats:
    """Mix the average with what recent events raise, as would have served in the months seen.

    The background is the long-run average before each month, so that no event is its own
    background. The mixture is fitted anew for each target, on the months from the fourth on, and
    at most the twelve before the first target and those since; the decay on the former alone.

    A Hawkes process in steps of a month: what happens within the same month is not told apart, so
    near repeats within days are missed. The average already holds what the cells beside have raised
    in the long run, so that little is left for them where cells differ much.
    NaN where fewer than six months are seen.
    """
    answer = np.full((len(history.n), len(targets)), np.nan)
    able = [i for i, target in enumerate(targets) if target.seen >= 2 * _FIRST]
    if not able:
        return answer
    tried = [targets[i] for i in able]
    first = max(_FIRST, tried[0].seen - _LEARNT)
    past = [history.target(column) for column in range(first, tried[-1].seen)]
    background = average.forecast(history, [*past, *tried])
    learnt = tried[0].seen - first
    fitted = []
    for decay in DECAYS:
        mixed = mixture(history, [*past, *tried], decay, background)
        weights = mixed.fit(np.array(_START), learnt)
        fitted.append((mixed.log_likelihood(weights, learnt), mixed, weights))
    _, mixed, weights = max(fitted, key=lambda each: each[0])
    for column, (i, target) in enumerate(zip(able, tried, strict=True), len(past)):
        weights = mixed.fit(np.maximum(weights, _AWAKE), target.seen - first)
        parts = zip(weights, mixed.parts, strict=True)
        answer[:, i] = sum(weight * part[:, column] for weight, part in parts)
    return answer


MODEL = Model(
    name="self_exciting",
    summary="The average, and more for a while where something has happened, and beside it.",
    source="Hawkes (1971); Mohler et al. (2011)",
    forecast=forecast,
    least_months=2 * _FIRST,
    order=40,
)
