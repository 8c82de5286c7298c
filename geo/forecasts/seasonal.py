"""Seasons: the long-run average times what the time of the year does to the whole map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.forecasts.levels import levels
from geo.forecasts.model import History, Model, Target, days_of, month_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_YEAR = 12
_LEAST = 24


def season_factors(total: Floats, months: Ints) -> Floats:
    """Tell for January to December how much more than the average day their days hold.

    ``total`` are the map's events in each of ``months``. Each month's ratio of observed to expected
    is drawn towards 1 by ``t / (t + v / E)``: t is how much the true ratios vary, v how much months
    of the same name vary beyond their mean (in Poisson units, at least 1), E the events expected.
    Both come by moments (as Buhlmann & Straub 1970 weigh what a class has shown), so that years
    that differ make weak seasons. A month that never occurs has 1.
    """
    days = days_of(months)
    even = total.sum() / days.sum() * days
    name = months % _YEAR
    held, expected = (np.bincount(name, weights=part, minlength=_YEAR) for part in (total, even))
    occurs = expected > 0
    ratio = np.divide(held, expected, out=np.ones(_YEAR), where=occurs)
    usual = even * ratio[name]
    off = np.divide(np.square(total - usual), usual, out=np.zeros(len(total)), where=usual > 0)
    noise = max(float(off.sum()) / max(len(total) - int(occurs.sum()), 1), 1.0)
    beyond = float(np.square(held - expected).sum() - noise * expected.sum())
    varies = max(beyond, 0.0) / max(float(np.square(expected).sum()), 1e-300)
    trust = varies * expected / (varies * expected + noise)
    return np.asarray(1.0 + trust * (ratio - 1.0), dtype=np.float64)


def forecast(history: History, targets: Sequence[Target]) -> Floats:
    """Give the average of the months seen, freed of their seasons, times that of the month to come.

    Two years at least must be seen. The season is that of the map as a whole: a bathing site that
    is full in July on a map whose July is quiet gets the map's July.
    """
    answer = np.full((len(history.n), len(targets)), np.nan)
    able = [i for i, target in enumerate(targets) if target.seen >= _LEAST]
    if not able:
        return answer
    tried = [targets[i] for i in able]
    seen = np.where(np.isnan(history.ages(tried)), 0.0, 1.0)
    total = history.n.sum(axis=0)
    factors = [season_factors(total[: t.seen], history.months[: t.seen]) for t in tried]
    of_month = np.column_stack([factor[history.months % _YEAR] for factor in factors])
    to_come = np.array([f[t.month % _YEAR] for f, t in zip(factors, tried, strict=True)])
    usual_days = history.days @ (seen * of_month)
    answer[:, able] = levels(history, seen) * (month_days(tried) * to_come / usual_days)
    return answer


MODEL = Model(
    name="seasonal",
    summary="The average times the whole map's season; needs two years.",
    source="Buhlmann & Straub (1970)",
    forecast=forecast,
    least_months=_LEAST,
    order=30,
)
