"""How well a map foretells: what share of the next events falls on how little of the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

DRAWS = 1999
"""Times that the months are drawn anew for an interval."""

_ALL_FLIPS = 12
"""Of so many months at most, every way of turning differences round is tried."""

_SOME_FLIPS = 4095
_ALIKE = 1e-9
"""Scores that differ by less than this part of the largest are the same but for rounding."""


def hits_within(score: Floats, n: ArrayLike, area_m2: Floats, budget_m2: ArrayLike) -> Floats:
    """Give how many events lie on the ground that scores highest, for each area that is afforded.

    ``n`` are the events per cell, ``budget_m2`` areas in square metres. Cells are taken from the
    highest score down, the last one by the part of it that the area still pays for. Cells of one
    score are taken together, each by the same part: it is what random order gives on average, so
    that no tie is broken by luck. A score that is not a number comes last.
    """
    ranked = np.nan_to_num(score, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    finite = np.abs(ranked[np.isfinite(ranked)])
    step = _ALIKE * float(finite.max(initial=0.0)) or 1.0
    level, group = np.unique(-np.round(ranked / step), return_inverse=True)
    ground = np.bincount(group, weights=area_m2, minlength=len(level))
    found = np.bincount(group, weights=np.asarray(n, dtype=np.float64), minlength=len(level))
    until = np.concatenate([[0.0], np.cumsum(ground)])
    held = np.concatenate([[0.0], np.cumsum(found)])
    return np.asarray(np.interp(np.asarray(budget_m2, dtype=np.float64), until, held))


def most_within(n: ArrayLike, area_m2: Floats, budget_m2: ArrayLike) -> Floats:
    """Give the most events that any choice of these cells (or parts) holds within each area."""
    counts = np.asarray(n, dtype=np.float64)
    return hits_within(counts / area_m2, counts, area_m2, budget_m2)


def ratio(above: ArrayLike, below: ArrayLike) -> Floats:
    """Divide; NaN where the divisor is nought."""
    a, b = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    return np.asarray(np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0))


def pai(hits: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Give the predictive accuracy index: the share of events over the share of the ground.

    ``hits`` of ``n`` events on ``share`` of the area. 1 is no better than chance. It grows without
    bound as the ground shrinks: never compare it between different shares.
    Source: Chainey, Tompson & Uhlig (2008).
    """
    return ratio(ratio(hits, n), share)


def pei_star(hits: ArrayLike, best: ArrayLike) -> Floats:
    """Give the predictive efficiency index: hits over the most that the same area could hold.

    From 0 to 1 (perfect). ``best`` is by ``most_within``: smaller cells can hold more on the same
    area, so it is harder for them. Source: Hunt (2016); Joshi and others (2021).
    """
    return ratio(hits, best)


def recapture(hits: ArrayLike, n: ArrayLike, before: ArrayLike, n_before: ArrayLike) -> Floats:
    """Give the recapture rate index: the hit rate now over that of the same ground before.

    Below 1 the ground holds less of the next events than of those by which it was chosen; how far
    below tells how much of the choice was chance. Source: Levine (2008).
    """
    return ratio(ratio(hits, n), ratio(before, n_before))


def month_draws(months: int, seed: int, draws: int = DRAWS) -> Floats:
    """Draw the months anew, with replacement: how often each is in each draw (draws x months).

    Months and not events are drawn, for what makes one month like the maps before it (a series, a
    closed street) moves many of its events together.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(months, np.full(months, 1.0 / months), size=draws).astype(np.float64)


def interval(drawn: Floats, months: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Give the ends of the interval of statistics that were drawn (draws along the first axis).

    Percentiles, spread as far as so few months ask for: plain ones are too narrow by about the
    square root of (months - 1) / months, and by the normal's tails for Student's.
    Source: Hesterberg (2015), "expanded percentile".
    """
    from scipy.special import ndtr, stdtrit  # noqa: PLC0415 - slow to import; asked once a run

    tail = (1.0 - level) / 2.0
    wide = stdtrit(months - 1, tail) * (months / (months - 1)) ** 0.5 if months > 1 else -np.inf
    at = float(ndtr(wide))
    low, high = np.nanquantile(drawn, (at, 1.0 - at), axis=0)
    return low, high


def best_of_p(gain: Floats, seed: int) -> float:
    """Give the chance that the best of many trials gains as much though none is better at all.

    ``gain`` (trials x months) is what each trial hits more than the benchmark in each month. The
    statistic is the largest sum of a trial (White 2000, "reality check"). Were a trial no better,
    each month's difference might as well have had the other sign; the signs of a month are turned
    for all trials at once, so that how alike the trials are is kept: all 2^months ways, or 4,095
    seeded ones beside the real one. Trials that are worse on the whole are first put level with
    the benchmark, or a bad one's large differences would hide a good one (Hansen 2005). The least
    p is 2^-months: with few months nothing can be shown. A trial that swings much from month to
    month makes it harder for all, so that p may be large beside an interval that leaves out nought.
    Exact where the months' differences are as often on either side of nought. A benchmark that
    catches its events in rare bursts loses most months, not on the whole: p is then too small.
    """
    trials, months = gain.shape
    if not trials or not months:
        return 1.0
    mean = gain.mean(axis=1, keepdims=True)
    level = gain - np.minimum(mean, 0.0)
    if months <= _ALL_FLIPS:
        signs = 1.0 - 2.0 * ((np.arange(2**months)[:, None] >> np.arange(months)) & 1)
    else:
        rng = np.random.default_rng(seed)
        signs = rng.choice((-1.0, 1.0), size=(_SOME_FLIPS + 1, months))
        signs[0] = 1.0
    best = float(gain.sum(axis=1).max())
    by_chance = (signs @ level.T).max(axis=1)
    return float((by_chance >= best - _ALIKE * max(abs(best), 1.0)).mean())
