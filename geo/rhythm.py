"""Which hours, days and months hold more than chance explains, and what dark or free days change.

Events come in clusters: one evening, ten reports. Taken one by one they make chance look too small,
so counts are first brought to the number of independent events that they are worth: divided by the
design effect between whole weeks, never below 1, then tested as binomial (Korn & Graubard 1998).
That is exact where all events are on their own; else the size is no whole number, the binomial's
tail is the incomplete beta function's, and few weeks tell the effect only roughly. Of maps without
rhythm, 9 weeks to 2 years, 40 to 3,000 events, alone or in clusters, 5 % show a claim of a kind at
most, within the error of simulation. What lasts longer than a week (a month of unrest) is still
believed to be many events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.months import HOURS
from geo.significance import benjamini_hochberg

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_DAYS, _CLOCK = 7, 24
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, eq=False)
class Profile:
    """Counts of each part of the week or the year beside what is expected; parallel arrays.

    ``mark`` is 1 where more was found than chance explains, -1 where less, else 0; ``q`` is
    Benjamini-Hochberg over the profile (NaN for a part of which nothing is known).
    """

    n: Ints
    expected: Floats
    q: Floats
    mark: Ints

    @property
    def ratio(self) -> Floats:
        """Give n / expected; NaN where nothing is expected."""
        return np.asarray(self.n / np.where(self.expected > 0, self.expected, np.nan))


@dataclass(frozen=True, slots=True)
class Contrast:
    """What one kind of time holds of ``total`` events, ``expected`` if it changed nothing.

    ``low`` to ``high`` is the 95 % interval of ``ratio``, which leaves 1 out just where ``p`` is
    below 0.05. ``ratio`` is n / expected, which is closer to 1 than the rate in this time over
    the rate in other time.
    """

    n: int
    total: int
    expected: float
    ratio: float
    low: float
    high: float
    p: float


def week_of(day: Ints) -> Ints:
    """Number the weeks, Monday to Sunday, of days numbered from 1970-01-01 (a Thursday)."""
    return np.asarray((day + 3) // _DAYS)


def profile(
    part: Ints, week: Ints, exposure: ArrayLike, *, pool: int = 0, alpha: float = 0.05
) -> Profile:
    """Compare the parts of a day or week with even time; ``part`` and ``week`` are the events'.

    ``exposure`` is how often each part came in the period (a part that never came is no test).
    ``pool`` tests each part together with so many on both sides (the last is beside the first), as
    Gi* does with cells: a mark then also asks that the part itself lies on that side of what is
    expected. Parts beside a hot one share its events: of 300 events, eight hours of two nights
    three times as busy, 31 % of these hours were marked (5 % without pooling, 51 % with two hours
    on both sides), and 2 % of the marks lay outside them (0 and 4 %).
    """
    held = np.asarray(exposure, dtype=np.float64)
    share = held / held.sum()
    by_week = _by_week(part, week, len(share))
    n = by_week.sum(axis=0)
    expected = share * n.sum()
    steps = range(-pool, pool + 1)
    pooled = np.sum([np.roll(by_week, step, axis=1) for step in steps], axis=0)
    pooled_share = np.sum([np.roll(share, step) for step in steps], axis=0)
    p = _chance(pooled, pooled_share)
    q = benjamini_hochberg(np.where(held > 0, p, np.nan))
    side = np.sign(n - expected)
    agrees = side == np.sign(pooled.sum(axis=0) - pooled_share * n.sum())
    mark = np.where((q < alpha) & agrees, side, 0).astype(np.int64)
    return Profile(n, expected, q, mark)


def seasons(n: Ints, part: Ints, week: Ints, parts: int, *, alpha: float = 0.05) -> Profile:
    """Compare each part of the year with the rest; the arrays are parallel to days.

    A whole week lies in one part, so that its events' spread over the parts tells nothing of how
    they cluster; how the weeks of each part differ does, of this part or of all together, whichever
    is more. Where few weeks tell it, the test is Student's: of one week a part, nothing is told.
    """
    held = np.bincount(part, n, parts).astype(np.int64)
    length = np.bincount(part, minlength=parts)
    expected = length * (n.sum() / len(n))
    share = length / len(n)
    p = np.full(parts, np.nan)
    told = (share > 0) & (share < 1)
    pieces, at = np.unique(week * parts + part, return_inverse=True)
    piece, of = np.bincount(at), pieces % parts
    fitted = held[of] * piece / length[of]
    spread = np.bincount(of, (np.bincount(at, n) - fitted) ** 2, parts)
    alone = np.bincount(of, fitted * (1 - piece / length[of]), parts)
    free = len(pieces) - int((length > 0).sum())
    own = np.divide(spread, alone, out=np.zeros(parts), where=alone > 0)
    effect = np.maximum(np.maximum(own, spread.sum() / max(float(alone.sum()), 1.0)), 1.0)
    p[told] = _two_sided(held[told], int(n.sum()), share[told], effect[told], free)
    q = benjamini_hochberg(p)
    mark = np.where(q < alpha, np.sign(held - expected), 0).astype(np.int64)
    return Profile(held, np.asarray(expected, dtype=np.float64), q, mark)


def stands_out(
    hour: Ints, week: Ints, inside: NDArray[np.bool_], *, pool: int = 1, alpha: float = 0.05
) -> NDArray[np.bool_]:
    """Mark the hours (7 x 24) in which a place holds more than the whole map's hours explain.

    ``hour`` (of the week) and ``week`` are all events', ``inside`` marks the place's. Given how
    many the place has, each hour's share would be the whole map's: places drawn so would differ
    less than the binomial here (Hoeffding 1963), so claims are rather too few. Hours are pooled
    as by ``profile``; a place that is most of the map can hardly stand out from it.
    """
    whole = np.bincount(hour, minlength=HOURS).astype(np.float64)
    found = profile(hour[inside], week[inside], whole, pool=pool, alpha=alpha)
    more: NDArray[np.bool_] = found.mark > 0
    return more.reshape(_DAYS, _CLOCK)


def contrast(
    n: Ints,
    flag: NDArray[np.bool_],
    stratum: Ints,
    week: Ints,
    base: Floats | None = None,
) -> Contrast | None:
    """Compare the time that is flagged with other time of the same stratum.

    All arrays are parallel to pieces of time (days, or hours of days). Within a stratum (the same
    weekday of the same month, say) events are expected by ``base`` (None: the same in each piece).
    Strata that are flagged throughout or not at all tell nothing and are left out of ``n``,
    ``total`` and ``expected``. None where none is left or they hold no event.

    The sum over strata spreads less than one binomial of the mean share (Hoeffding 1956), which is
    what is used. Counts are brought down by the design effect between weeks, as it is where the
    flag changes nothing: so a difference that lies in fewer than four weeks is never claimed, and
    some that are there are not told. Of one year with 600 events on their own, twice as many on
    public holidays were told on 75 % of maps, three times as many on all.
    """
    weight = np.ones(len(n)) if base is None else base
    _, at = np.unique(stratum, return_inverse=True)
    whole = np.bincount(at, weight)
    flagged = np.bincount(at, weight * flag)
    share = flagged / np.maximum(whole, _LEAST_SHARE)
    telling = ((share > 0) & (share < 1) & (whole > 0))[at] & (weight > 0)
    n, week, at = n[telling], week[telling], at[telling]
    flag, weight = flag[telling], weight[telling]
    total, held = int(n.sum()), int(n[flag].sum())
    if not total:
        return None
    events = np.bincount(at, n, len(share))
    expected = float((events * share).sum())
    effect = _weekly_effect(n, flag, week, weight, at)
    p = float(_two_sided(np.array([held]), total, np.array([expected / total]), effect)[0])
    low, high = _interval(held, total, effect)
    even = expected / total
    return Contrast(held, total, expected, held / expected, low / even, high / even, p)


def _weekly_effect(n: Ints, flag: NDArray[np.bool_], week: Ints, weight: Floats, at: Ints) -> float:
    """Give how much more the difference varies between weeks than single events would make it.

    What each week is compared with is what it would hold if the flag changed nothing: where the
    flag lies in a few weeks only, what they have in common could be chance as well.
    """
    events, whole, flagged = (np.bincount(at, one) for one in (n, weight, weight * flag))
    share = flagged / np.maximum(whole, _LEAST_SHARE)
    fitted = (events / np.maximum(whole, _LEAST_SHARE))[at] * weight
    _, weeks = np.unique(week, return_inverse=True)
    score = np.bincount(weeks, (flag - share[at]) * (n - fitted))
    alone = float((events * share * (1 - share)).sum())
    strata = int((np.bincount(at) > 0).sum())
    free = len(n) / max(len(n) - strata, 1)  # what is left varies less than what was there
    return max(1.0, free * float((score**2).sum()) / alone) if alone > 0 else 1.0


def _by_week(part: Ints, week: Ints, parts: int) -> Ints:
    """Count events by week and part."""
    if not len(part):
        return np.zeros((1, parts), dtype=np.int64)
    start = int(week.min())
    weeks = int(week.max()) - start + 1
    counts = np.bincount((week - start) * parts + part, minlength=weeks * parts)
    return counts.reshape(weeks, parts).astype(np.int64)


def _chance(by_week: Ints, share: Floats) -> Floats:
    """Give the two-sided p of each column's sum, brought down by its design effect."""
    n = by_week.sum(axis=0)
    # Pooled columns count each event as often as they overlap: the total is that of one pass.
    total = round(float(n.sum() / share.sum()))
    if not total:
        return np.ones(len(share))
    found = n / total
    weekly = by_week.sum(axis=1) / share.sum()
    spread = ((by_week - weekly[:, None] * found) ** 2).sum(axis=0)
    alone = total * found * (1 - found)
    # The share is fitted to the same weeks, which brings them nearer to it: one week is all of it.
    among = 1 - float((weekly**2).sum()) / total**2
    if among <= 0:
        return np.ones(len(share))
    free = (1 - 1 / total) / among
    own = free * spread / np.where(alone > 0, alone, np.inf)
    pooled = free * spread.sum() / max(float(alone.sum()), 1.0)
    return _two_sided(n, total, share, np.maximum(np.maximum(own, pooled), 1.0))


def _two_sided(
    n: Ints, total: int, share: Floats, effect: Floats | float, free: float = np.inf
) -> Floats:
    """Give twice the smaller tail of the binomial, for counts that are worth 1 / effect each.

    Where the effect is known by ``free`` degrees of freedom only, the tail is Student's beyond the
    same number of standard deviations.
    """
    from scipy.special import betainc, ndtri, stdtr  # noqa: PLC0415 - slow to import

    held, size = n / effect, total / effect
    share = np.clip(share, 0.0, 1.0)
    with np.errstate(invalid="ignore"):
        upper = np.where(held > 0, betainc(held, size - held + 1, share), 1.0)
        lower = np.where(n < total, 1 - betainc(held + 1, size - held, share), 1.0)
    tail = np.minimum(np.minimum(upper, lower), 0.5)
    if np.isfinite(free):
        tail = stdtr(free, ndtri(tail)) if free > 0 else np.full_like(tail, 0.5)
    return np.asarray(2 * tail, dtype=np.float64)


def _interval(n: int, total: int, effect: float) -> tuple[float, float]:
    """Give the 95 % interval of a share (Clopper & Pearson 1934), for counts worth 1 / effect."""
    from scipy.special import betaincinv  # noqa: PLC0415 - slow to import

    held, size = n / effect, total / effect
    low = float(betaincinv(held, size - held + 1, 0.025)) if n else 0.0
    high = float(betaincinv(held + 1, size - held, 0.975)) if n < total else 1.0
    return low, high
