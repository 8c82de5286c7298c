"""Forecast: how many events the coming month may bring to each cell, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.forecasts import History, Target, models
from geo.forecasts.intervals import dispersion, quantile
from geo.forecasts.trial import BASELINE, FEWEST, trial
from geo.hotspots.average import known_months
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.months import month_text
from geo.note import Note
from geo.schema import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geo.forecasts.trial import Trial

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FORECAST = Column("forecast", "real")
FORECAST_LOW = Column("forecast_low", "real")
FORECAST_HIGH = Column("forecast_high", "real")


def run(
    evidence: Evidence,
    *,
    model: str = "auto",
    level: float = 0.8,
    min_months: int = 6,
    min_events: int = 30,
) -> Result:
    """Forecast the month after the period by the model that has earned it.

    Every model first forecasts up to twelve of the latest months, each from the months before it
    (``geo.forecasts.trial``); ``auto`` takes the best of those that beat the long-run average
    beyond chance there, else the average. A ``model`` that is asked for by name is used, with a
    warning where it has not beaten the average, and not used where it cannot be tried.

    ``forecast`` is the expected number, ``forecast_low`` and ``forecast_high`` hold the number that
    comes with a chance of at least ``level``: a negative binomial about the forecast, whose spread
    is that of the trial's errors. Counts are whole, so in most cells the interval holds far more
    than promised; the fact ``coverage`` tells how often it held in the trial, cells and months
    taken together, and ``total_coverage`` how often that of the whole map did. Both intervals were
    fitted to these months, and may hold less of the next.

    Months of which nothing is known are not learned from: neither zero nor anything else. Where
    ``known`` is not given all months from the first event here to the last are taken as known.

    It forecasts reports, not crime. Where reporting changes the forecast follows, late. Where
    officers are sent because of a forecast they see more, and more is reported: the next forecast
    then confirms the last (Lum & Isaac 2016). Most cells expect far less than one event: that one
    happens there proves nothing, nor that none does. The data's last month counts with all its
    days, though an extract may end in the middle of it: then the forecast is too low.
    """
    used = {"model": model, "level": level, "min_months": min_months, "min_events": min_events}
    months = known_months(evidence)
    cube = evidence.cube
    if cube is None or evidence.months is None or not len(months):
        return _nothing(evidence, Note("forecast_no_months", {}, "warning"), used)
    events = int(cube.n[np.isin(cube.month, months)].sum())
    if len(months) < max(min_months, 2) or events < min_events:
        values = {"n": events, "months": len(months), "events": min_events, "least": min_months}
        return _nothing(evidence, Note("forecast_too_few", values, "warning"), used)
    history = History.of(cube, evidence.cells, months)
    target = Target(evidence.months[1] + 1, len(months))
    tried = trial(history)
    chosen, notes = _choose(tried, model, len(months))
    if target.month > months[-1] + 1:
        notes = (*notes, Note("forecast_late", {"month": month_text(int(months[-1]))}, "warning"))
    mean = models()[chosen].forecast(history, [target])[:, 0]
    low, high = _interval(mean, tried.n, tried.means[chosen], level)
    total = np.array([mean.sum()])
    totals = tried.n.sum(axis=0), tried.means[chosen].sum(axis=0)
    total_low, total_high = _interval(total, *totals, level)
    compared = tried.comparisons.items()
    return Result(
        columns={FORECAST.name: mean, FORECAST_LOW.name: low, FORECAST_HIGH.name: high},
        notes=notes,
        facts={
            "month": target.month,
            "model": chosen,
            "better": chosen in tried.comparisons and tried.comparisons[chosen].better,
            "total": float(total[0]),
            "total_low": float(total_low[0]),
            "total_high": float(total_high[0]),
            "level": level,
            "trained": len(months),
            "origins": tried.n.shape[1],
            "scores": {
                name: float(score.mean())
                for name, score in tried.scores.items()
                if np.isfinite(score).all()
            },
            "differences": {name: (c.difference, c.low, c.high) for name, c in compared},
            "coverage": _coverage(tried.n, tried.means[chosen], level),
            "total_coverage": _coverage(*totals, level),
        },
        used={**used, "model": chosen},
    )


def at_once(evidence: Evidence, months: Sequence[int], *, model: str) -> Floats:
    """Give what a model expects of each cell in several months, each from those before it.

    Months x cells. The evidence must reach to the last of the months. As in a trial nothing is
    judged, and the self-exciting model goes on learning from the first of the months to the last.
    """
    if evidence.cube is None:
        raise ValueError("a forecast needs months")
    known = known_months(evidence)
    history = History.of(evidence.cube, evidence.cells, known)
    seen = np.searchsorted(known, months)
    targets = [Target(month, int(n)) for month, n in zip(months, seen, strict=True)]
    return np.ascontiguousarray(models()[model].forecast(history, targets).T)


def _choose(tried: Trial, model: str, months: int) -> tuple[str, tuple[Note, ...]]:
    """Say which model forecasts, and why."""
    origins = tried.n.shape[1]
    chosen = tried.best if model == "auto" else model
    if not np.isfinite(tried.means[chosen]).all():
        least = models()[model].least_months + origins
        return BASELINE, (Note("forecast_untried", {"n": months, "least": least}, "warning"),)
    if chosen in tried.comparisons and tried.comparisons[chosen].better:
        return chosen, (Note(f"forecast_by_{chosen}", {"n": origins}),)
    if chosen != BASELINE:
        return chosen, (Note("forecast_not_better", {"n": origins}, "warning"),)
    if not tried.comparisons:
        return chosen, (Note("forecast_untested", {"n": months, "least": 2 * FEWEST}),)
    return chosen, (Note("forecast_none_better", {"n": origins}),) if model == "auto" else ()


def _interval(mean: Floats, n: Floats, means: Floats, level: float) -> tuple[Floats, Floats]:
    """Give the ends of the interval about a mean, as wide as the trial's errors ask for."""
    spread = dispersion(n, means)
    tail = (1.0 - level) / 2.0
    return quantile(mean, spread, tail), quantile(mean, spread, 1.0 - tail)


def _coverage(n: Floats, means: Floats, level: float) -> float:
    """Tell how many of the counts of the trial lay within their intervals."""
    low, high = _interval(means.ravel(), n, means, level)
    return float(((n.ravel() >= low) & (n.ravel() <= high)).mean())


def _nothing(evidence: Evidence, note: Note, used: dict[str, Any]) -> Result:
    """Answer that nothing can be forecast: every column is empty."""
    empty = np.full(len(evidence.cells), np.nan)
    columns = {column.name: empty.copy() for column in METHOD.columns}
    return Result(columns, enough=False, notes=(note,), used=used)


METHOD = Method(
    name="forecast",
    summary="Events expected in the coming month, with intervals, by what beats the average.",
    source="Clayton & Kaldor (1987); Mohler et al. (2011); Diebold & Mariano (1995)",
    columns=(FORECAST, FORECAST_LOW, FORECAST_HIGH),
    run=run,
    parameters=(
        Parameter(
            "model",
            "choice",
            "auto",
            "what forecasts; auto takes what beats the average where it was tried",
            choices=("auto", *models()),
        ),
        Parameter("level", "real", 0.8, "chance with which an interval holds", above=0.0),
        Parameter("min_months", "integer", 6, "with fewer known months none is made", above=0),
        Parameter("min_events", "integer", 30, "with fewer events none is made", above=0),
    ),
    own=("model",),
    score=FORECAST.name,
    # The seasonal model ranks as the average does: its season is that of the whole map.
    variants=tuple({"model": name} for name in ("average", "recent", "self_exciting")),
    at_once=at_once,
    by_month=True,
    resamples=False,
    order=65,
)
