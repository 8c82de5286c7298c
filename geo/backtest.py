"""Asks every method month by month what it would have said, and counts what then happened there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.accuracy import (
    best_of_p,
    hits_within,
    interval,
    month_draws,
    most_within,
    pai,
    pei_star,
    ratio,
    recapture,
)
from geo.hotspots.method import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.cube import Cube
    from geo.hotspots.method import Method, Points, Result, Roads

    Floats = NDArray[np.float64]

MONTHS = 12
"""Months that are foretold, the latest ones."""
LEAST_BEFORE = 6
"""Months with data that must lie just before a month that is foretold."""
LEAST_MONTHS = 6
"""With fewer months that were foretold, no method is called better than another."""
SHARES = (0.005, 0.01, 0.02, 0.05)
"""Parts of the area at which methods are compared."""
BENCHMARK = "count"
"""The method that others must beat."""
ALPHA = 0.05


def origins(
    known: Collection[int],
    *,
    window: int = MONTHS,
    most: int = MONTHS,
    least: int = LEAST_BEFORE,
) -> tuple[int, ...]:
    """Choose the months to foretell: the last known ones with enough known months just before them.

    Just before: within the ``window`` of the statistics, or within ``least`` months where that is
    longer. After a gap a plain count of the window would know nothing, and any other method win.
    """
    reach = max(window, least)
    ready = [one for one in sorted(known) if sum(0 < one - k <= reach for k in known) >= least]
    return tuple(ready[-most:])


@dataclass(frozen=True, eq=False)
class Ground:
    """One layout of the study area, and every event on it; ``exposure`` as in ``Evidence``."""

    cells: Cells
    cube: Cube
    exposure: Floats | None = None

    @cached_property
    def area_m2(self) -> float:
        """The ground of all cells."""
        return float(self.cells.area_m2.sum())


@dataclass(frozen=True, eq=False)
class Past:
    """What is handed to every method alike, whatever the layout.

    ``window`` is how many months the statistics cover. ``points`` gives the events of a span of
    months; ``known`` are the months of which anything is known.
    """

    window: int
    known: frozenset[int]
    points: Callable[[tuple[int, int]], Points]
    area: BaseGeometry | None = None
    roads: Roads | None = None
    seed: int = 1

    def evidence(self, ground: Ground, method: Method, month: int) -> Evidence:
        """Give what a method could have seen on the first day of a month, and nothing later."""
        span = ground.cube.span
        first = month - self.window if span is None else max(month - self.window, span[0])
        months = (first, month - 1)
        before = ground.cube.select(months=(0, month - 1))
        n, weight = before.select(months=months).per_cell()
        return Evidence(
            ground.cells,
            n,
            weight,
            points=self.points(months) if method.needs_points else None,
            area=self.area,
            exposure=ground.exposure,
            cube=before,
            months=months,
            known=frozenset(one for one in self.known if one < month),
            roads=self.roads if method.needs_roads else None,
            seed=self.seed,
        )


def can_replay(method: Method, *, roads: bool = False) -> bool:
    """Say whether a method ranks cells by what a back-test can give it."""
    asks_more = method.needs_days or method.by_family or method.together
    return bool(method.score) and not asks_more and (roads or not method.needs_roads)


def score_of(method: Method, evidence: Evidence, result: Result) -> Floats:
    """Give the numbers by which a method ranks the cells, the highest first."""
    columns: Mapping[str, NDArray[Any]] = {
        "n": evidence.n,
        "weight": evidence.weight,
        **result.columns,
    }
    return np.asarray(columns[method.score], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Trial:
    """A method with its settings on one layout, and what it hit.

    ``hits`` (months x areas) are the month's events on the ground it put first, ``best`` the most
    that these cells could have held, ``before`` the events of the period it saw, on that ground.
    """

    method: str
    settings: Mapping[str, Any]
    cell_size: float
    hits: Floats
    best: Floats
    before: Floats


def replay(
    ground: Ground,
    asked: Iterable[tuple[Method, Mapping[str, Any]]],
    past: Past,
    months: Sequence[int],
    budgets_m2: Floats,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Trial]:
    """Have methods foretell each month on one layout; ``budgets_m2`` are areas to look at.

    Each sees the months before (``Past.evidence``); only then the month's events are counted.
    """
    size = ground.cells.grid.size if ground.cells.grid else 0.0
    area = ground.cells.area_m2
    after = [ground.cube.select(months=(month, month)).per_cell()[0] for month in months]
    best = np.array([most_within(n, area, budgets_m2) for n in after])
    tell(f"cells of {size:g} m")

    def try_out(one: tuple[Method, Mapping[str, Any]]) -> Trial:
        method, settings = one
        hits, before = np.zeros_like(best), np.zeros_like(best)
        known = None
        if method.at_once is not None:
            last = past.evidence(ground, method, months[-1])
            known = method.at_once(last, months, **settings)
        for i, month in enumerate(months):
            evidence = past.evidence(ground, method, month)
            if known is None:
                score = score_of(method, evidence, method.run(evidence, **settings))
            else:
                score = known[i]
            hits[i] = hits_within(score, after[i], area, budgets_m2)
            before[i] = hits_within(score, evidence.n, area, budgets_m2)
        return Trial(method.name, settings, size, hits, best, before)

    # Trials know nothing of each other, and most of their time goes into arrays.
    with ThreadPoolExecutor(max_workers=2) as threads:
        return list(threads.map(try_out, asked))


@dataclass(frozen=True, eq=False)
class Measure:
    """A measure of every trial at every area (trials x areas), with the ends of its interval."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who wins: positions among the trials, and by how much of all events (parts, not percent).

    ``benchmark`` is the best plain count, ``leader`` the best of the others. The gain's interval
    is of the leader alone; ``p`` also reckons with its having been chosen as the best of many.
    ``winner`` is the leader where it is better beyond chance, else None.
    """

    benchmark: int
    leader: int | None
    gain: float
    low: float
    high: float
    p: float
    winner: int | None
    enough: bool


@dataclass(frozen=True, eq=False)
class Comparison:
    """All trials on the same months and areas.

    ``n`` are the events of each month, ``n_before`` those of the period before it. ``shares`` are
    the parts of the area that were looked at: ``told`` of them are measured, by number ``decisive``
    the winner is chosen, and the others are points of the curves.
    """

    trials: Sequence[Trial]
    months: Sequence[int]
    n: Floats
    n_before: Floats
    area_m2: float
    shares: Floats
    told: int
    decisive: int
    seed: int = 1

    @cached_property
    def _drawn(self) -> Floats:
        """How often each month is in each draw; the first row is what really was."""
        real = np.ones((1, len(self.months)))
        return np.concatenate([real, month_draws(len(self.months), self.seed)])

    def _sums(self, name: str) -> Floats:
        """Sum hits over the months: draws x trials x areas."""
        values = np.array([getattr(trial, name)[:, : self.told] for trial in self.trials])
        return np.asarray(np.einsum("dm,tma->dta", self._drawn, values))

    def _with_interval(self, drawn: Floats) -> Measure:
        low, high = interval(drawn[1:], len(self.months))
        return Measure(drawn[0], low, high)

    @cached_property
    def _events(self) -> Floats:
        return np.asarray((self._drawn @ self.n)[:, None, None])

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """Give hit_rate, pai, pei and rri: of all months together, not the mean of months."""
        hits, best, before = (self._sums(name) for name in ("hits", "best", "before"))
        n_before = (self._drawn @ self.n_before)[:, None, None]
        return {
            "hit_rate": self._with_interval(ratio(hits, self._events)),
            "pai": self._with_interval(pai(hits, self._events, self.shares[: self.told])),
            "pei": self._with_interval(pei_star(hits, best)),
            "rri": self._with_interval(recapture(hits, self._events, before, n_before)),
        }

    def curve(self, trial: int) -> Measure:
        """Give a trial's hit rate along the curve: at all areas that are not in ``measures``."""
        hits = self._drawn @ self.trials[trial].hits[:, self.told :]
        return self._with_interval(ratio(hits, self._events[:, 0]))

    @cached_property
    def order(self) -> list[int]:
        """The trials, the best at the decisive area first; of equals the coarser cells."""
        rate = self.measures["hit_rate"].value[:, self.decisive].round(12)
        size = [trial.cell_size for trial in self.trials]
        return sorted(range(len(self.trials)), key=lambda i: (-rate[i], -size[i], i))

    def best_of(self, method: str) -> int:
        """Give the position of a method's best trial."""
        return next(i for i in self.order if self.trials[i].method == method)

    @cached_property
    def verdict(self) -> Verdict:
        """Say whether anything beats the plain count, at the count's own best cell size.

        That count is chosen after the fact as the others are, which makes it harder to beat.
        """
        benchmark = self.best_of(BENCHMARK)
        others = [i for i in self.order if self.trials[i].method != BENCHMARK]
        enough = len(self.months) >= LEAST_MONTHS
        if not others:
            return Verdict(benchmark, None, 0.0, 0.0, 0.0, 1.0, None, enough)
        leader = others[0]
        hits = np.array([trial.hits[:, self.decisive] for trial in self.trials])
        gains = hits - hits[benchmark]
        gain = self._with_interval(ratio(self._drawn @ gains[leader], self._events[:, 0, 0]))
        p = best_of_p(gains[others], self.seed)
        better = enough and p < ALPHA and float(gain.value) > 0
        return Verdict(
            benchmark,
            leader,
            float(gain.value),
            float(gain.low),
            float(gain.high),
            p,
            leader if better else None,
            enough,
        )
