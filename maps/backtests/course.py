"""Back-tests a project's or a table's events, and says in words what came out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.backtest import (
    LEAST_BEFORE,
    LEAST_MONTHS,
    SHARES,
    Comparison,
    Ground,
    Past,
    Trial,
    can_replay,
    origins,
    replay,
)
from geo.cells import lattice_cells
from geo.errors import LagesbildError, Problem
from geo.extent import suggest_cell_size
from geo.grid import Grid, GridKind
from geo.hotspots import methods
from geo.hotspots.target import BUDGET_M2, write_by
from geo.months import UNKNOWN_MONTH, month_text
from geo.note import Note
from maps.counting import Everything, within
from maps.situation import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.hotspots import Method, Roads
    from layers.layer import Events

    Floats = NDArray[np.float64]
    Tell = Callable[[str], None]

PROMISE_MINUTES = 120.0
"""Minutes a week where nothing was promised: two hours."""
VISIT_MINUTES = 15.0
"""What one visit takes: its effect grows up to about 15 minutes (Koper 1995)."""
VISIT_M2 = BUDGET_M2 * VISIT_MINUTES / PROMISE_MINUTES
"""Ground that one visit looks after, 200 m by 200 m."""

MOST_CELLS = 150_000
"""A lattice of more cells is not compared."""
FEWEST_HITS = 30
"""Where fewer events lie on the ground that decides, methods can hardly be told apart."""

_VISIT_SIZE_M = VISIT_M2**0.5
_FURTHEST = 0.10
_POINTS = 41
_ONLY_CLAIMS = ("inference", "permutations", "alpha", "correction", "level")
"""Settings that change what is claimed and how long it takes, but not the ranking."""

CURVE = tuple((np.linspace(0.0, 1.0, _POINTS) ** 2 * _FURTHEST).tolist())
"""Parts of the area at which the curves have their points."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is asked of a back-test; None means chosen, and said.

    ``cell_sizes`` in metres, ``budget_m2`` the ground that can be looked after. ``parameters`` are
    settings of methods that are tried besides their own. ``month`` is the last one that is seen.
    """

    cell_sizes: tuple[float, ...] = ()
    budget_m2: float | None = None
    promise_minutes: float | None = None
    window_months: int = 12
    grid: GridKind = "square"
    parameters: Mapping[str, Mapping[str, Any]] | None = None
    month: int | None = None
    family: str = ALL
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Course:
    """A whole back-test: on what, with which settings, and what came out."""

    title: str
    comparison: Comparison
    wanted: Wanted
    budget_m2: float
    crs: int
    notes: tuple[Note, ...]
    inputs: tuple[tuple[str, str], ...] = ()

    @property
    def sentence(self) -> Note:
        """Say who wins and by how much, or that nothing beats the plain count."""
        return _sentence(self)


def minutes_to_ground(minutes: float) -> float:
    """Give the square metres that patrols of so many minutes a week can look after."""
    return minutes / VISIT_MINUTES * VISIT_M2


def compare(
    title: str,
    events: Sequence[Events],
    area: BaseGeometry,
    crs: int,
    wanted: Wanted,
    *,
    family_of: Callable[[str], str] = lambda _: ALL,
    exposure: Callable[[Cells], Floats] | None = None,
    roads: Roads | None = None,
    inputs: tuple[tuple[str, str], ...] = (),
    tell: Tell = lambda _: None,
) -> Course:
    """Back-test every method that ranks cells on some events, at several cell sizes.

    Raises ``LagesbildError`` where no month has enough months before it.
    """
    notes: list[Note] = []
    tell("cells")
    layouts = _layouts(area, wanted, notes)
    kept = _on_all(events, layouts, wanted, family_of, notes)
    known = known_months(events, wanted.month)
    months = origins(known, window=wanted.window_months)
    if not months:
        raise LagesbildError(
            "there are too few months to foretell any",
            (
                Problem(
                    title,
                    f"expected a month with events in at least {LEAST_BEFORE} of those just before "
                    f"it, found events in {len(known)} months",
                    "name the column of dates with --time, or come back with more data",
                ),
            ),
        )
    notes += _about_months(months, known)
    grounds = []
    for cells in layouts:
        everything = Everything.of(kept, cells)
        held = None if exposure is None else exposure(cells)
        grounds.append(Ground(cells, everything.cube, held))
    budget_m2 = _budget(wanted, notes)
    size = grounds[0].area_m2
    shares = np.array([*SHARES, budget_m2 / size, *CURVE])
    past = Past(
        window=wanted.window_months,
        known=known,
        points=lambda span: everything.points(everything.cube.categories, span),
        area=area,
        roads=roads,
        seed=wanted.seed,
    )
    asked = list(_asked(wanted, roads=roads is not None))
    trials: list[Trial] = []
    for ground in grounds:
        trials += replay(ground, asked, past, months, shares * ground.area_m2, tell)
    month = np.concatenate([part.month for part in kept])
    comparison = Comparison(
        trials,
        months,
        n=np.array([(month == one).sum() for one in months], dtype=np.float64),
        n_before=np.array(
            [within(month, (one - wanted.window_months, one - 1)).sum() for one in months],
            dtype=np.float64,
        ),
        area_m2=size,
        shares=shares,
        told=len(SHARES) + 1,
        decisive=len(SHARES),
        seed=wanted.seed,
    )
    hits = float(trials[comparison.order[0]].hits[:, comparison.decisive].sum())
    if hits < FEWEST_HITS:
        told = {"n": round(hits), "km2": budget_m2 / 1e6}
        notes.append(Note("backtest_few_hits", told, "warning"))
    return Course(title, comparison, wanted, budget_m2, crs, tuple(notes), inputs)


def _layouts(area: BaseGeometry, wanted: Wanted, notes: list[Note]) -> list[Cells]:
    """Lay cells of every size that is compared, the smallest first."""
    sizes = wanted.cell_sizes
    if not sizes:
        middle = suggest_cell_size(area)
        sizes = (middle / 2, middle, middle * 2, _VISIT_SIZE_M)
    sizes = tuple(sorted(dict.fromkeys(sizes)))
    fitting = [size for size in sizes if area.area / size**2 <= MOST_CELLS]
    left = [size for size in sizes if size not in fitting]
    if left:
        told = ", ".join(f"{size:g}" for size in left)
        notes.append(Note("backtest_sizes_left", {"sizes": told, "most": MOST_CELLS}))
    if not fitting:
        raise LagesbildError(
            "the cells are too small for so large an area",
            (
                Problem(
                    "--cell-size", f"expected at most {MOST_CELLS} cells", "ask for larger ones"
                ),
            ),
        )
    told = ", ".join(f"{size:g}" for size in fitting)
    notes.append(Note("backtest_sizes", {"sizes": told}))
    return [lattice_cells(Grid(wanted.grid, size), area) for size in fitting]


def _on_all(
    events: Sequence[Events],
    layouts: Sequence[Cells],
    wanted: Wanted,
    family_of: Callable[[str], str],
    notes: list[Note],
) -> list[Events]:
    """Keep the dated events of the family that lie in a cell of every layout.

    Cells on the border reach differently far beyond it: no size may be judged by other events.
    """
    kept, outside, undated = [], 0, 0
    for part in events:
        mine = np.array([wanted.family in (ALL, family_of(one)) for one in part.categories])
        of_family = mine[part.category] if len(mine) else np.zeros(len(part), dtype=bool)
        dated = of_family & (part.month != UNKNOWN_MONTH)
        if wanted.month is not None:
            dated &= part.month <= wanted.month
        inside = dated.copy()
        for cells in layouts:
            inside &= cells.locate(part.x, part.y) >= 0
        undated += int((of_family & (part.month == UNKNOWN_MONTH)).sum())
        outside += int((dated & ~inside).sum())
        kept.append(_take(part, inside))
    if outside:
        notes.append(Note("beside_area", {"n": outside}))
    if undated:
        notes.append(Note("undated", {"n": undated}, "warning"))
    return kept


def _take(events: Events, which: NDArray[np.bool_]) -> Events:
    names = ("x", "y", "month", "hour", "category", "weight")
    return replace(
        events,
        between=None if events.between is None else events.between.take(which),
        holiday=None if events.holiday is None else events.holiday[which],
        day=None if events.day is None else events.day[which],
        **{name: getattr(events, name)[which] for name in names},
    )


def known_months(events: Sequence[Events], last: int | None) -> frozenset[int]:
    """Find the months of which anything is known, up to the last that is seen (None: all)."""
    months = {int(one) for part in events for one in np.unique(part.month)} - {UNKNOWN_MONTH}
    return frozenset(one for one in months if last is None or one <= last)


def _about_months(months: Sequence[int], known: frozenset[int]) -> list[Note]:
    """Say which months are foretold, and where they are fewer than they should be."""
    told = {"n": len(months), "first": month_text(months[0]), "last": month_text(months[-1])}
    notes = [Note("backtest_months", told)]
    if len(months) < LEAST_MONTHS:
        values = {"n": len(months), "needed": LEAST_MONTHS, "known": len(known)}
        notes.append(Note("backtest_few_months", values, "warning"))
    return notes


def _budget(wanted: Wanted, notes: list[Note]) -> float:
    """Give the ground that patrols can look after, and say where it comes from."""
    if wanted.budget_m2 is not None:
        return wanted.budget_m2
    minutes = wanted.promise_minutes or PROMISE_MINUTES
    budget_m2 = minutes_to_ground(minutes)
    told = {"minutes": minutes, "visits": minutes / VISIT_MINUTES, "km2": budget_m2 / 1e6}
    key = "backtest_budget_promised" if wanted.promise_minutes else "backtest_budget_assumed"
    notes.append(Note(key, told))
    return budget_m2


def _asked(wanted: Wanted, *, roads: bool) -> Iterator[tuple[Method, Mapping[str, Any]]]:
    """Give every method that ranks cells with each of its settings, and the project's own."""
    for method in methods().values():
        if not can_replay(method, roads=roads):
            continue
        if method.families and wanted.family not in method.families:
            continue
        defaults = {parameter.name: parameter.default for parameter in method.parameters}
        own = {
            key: value
            for key, value in (wanted.parameters or {}).get(method.name, {}).items()
            if key not in _ONLY_CLAIMS and value != defaults.get(key)
        }
        tried: list[Mapping[str, Any]] = []
        for settings in (*method.variants, *([own] if own else [])):
            if settings not in tried:
                tried.append(settings)
                yield method, settings


def _sentence(course: Course) -> Note:
    """Choose the sentence and fill it; percentages of the events of the months foretold."""
    c = course.comparison
    verdict = c.verdict
    rate = c.measures["hit_rate"].value[:, c.decisive]
    bench = c.trials[verdict.benchmark]
    values: dict[str, Any] = {
        "km2": course.budget_m2 / 1e6,
        "count_percent": _percent(rate[verdict.benchmark]),
        "count_size": bench.cell_size,
        "n": len(c.months),
    }
    if verdict.leader is None:
        return Note("backtest_alone", values, "warning")
    leader = c.trials[verdict.leader]
    values |= {
        "ranking": write_by(leader.method, leader.settings),
        "size": leader.cell_size,
        "percent": _percent(rate[verdict.leader]),
        "points": _percent(verdict.gain),
        "low": _percent(verdict.low),
        "high": _percent(verdict.high),
        "p": _p(verdict.p),
    }
    if not verdict.enough:
        return Note("backtest_undecided", values | {"needed": LEAST_MONTHS}, "warning")
    if verdict.winner is not None:
        return Note("backtest_winner", values)
    return Note("backtest_nothing" if verdict.gain > 0 else "backtest_count_leads", values)


def _percent(part: float) -> float:
    return round(100.0 * float(part), 1)


def _p(p: float) -> float:
    """Round a p-value to what is told; never to nought."""
    return max(round(p, 3), 0.001)


def chosen(course: Course) -> tuple[str, float]:
    """Give what a project should rank by, as ``target`` reads it, and the cell size of that."""
    c = course.comparison
    best = c.verdict.benchmark if c.verdict.winner is None else c.verdict.winner
    trial = c.trials[best]
    return write_by(trial.method, trial.settings), trial.cell_size
