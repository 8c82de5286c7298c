"""Emerging: which places are newly hot, hot month after month, on and off, or no longer."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.emerging import CLASSES, SUMMARIES, classify, summarize
from geo.hotspots.claims import Settings, too_few, with_events
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.months import month_text
from geo.note import Note
from geo.schema import Column
from geo.significance import benjamini_hochberg, chance_p, two_sided_p
from geo.trends import mann_kendall

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from geo.cube import Cube
    from geo.neighbours import Neighbours

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

EMERGING_CLASS = Column("emerging_class", "text")
EMERGING_SUMMARY = Column("emerging_summary", "text")
EMERGING_MONTHS = Column("emerging_months", "integer")
EMERGING_COLD = Column("emerging_cold", "integer")
EMERGING_Z = Column("emerging_z", "real")
EMERGING_P = Column("emerging_p", "real")

FEWEST_STEPS = 10
"""With fewer steps than Esri advises, nine tenths of them are all of them."""
SEASON_APART = 3
"""Months that are not hot in a row, and part two seasons; one or two may be a lull in the same."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of time of which all is known, the latest last.

    ``ends`` are their last months. ``windows`` list, for each, the steps that are looked at
    together: itself, and those right before it that are known. ``dropped`` counts the steps left
    out because nothing is known of some month.
    """

    ends: tuple[int, ...]
    windows: tuple[tuple[int, ...], ...]
    dropped: int


def steps_of(
    last: int, known: Collection[int], *, length: int, most: int, steps_back: int
) -> Steps:
    """Divide the months up to ``last`` into steps of ``length`` months, ``most`` at most.

    They reach back to the first month known. A step with a month of which nothing is known is left
    out, and is nobody's earlier step: what lies on its other side is not right before.
    """
    reach = (last - min(known, default=last + 1) + 1) // length
    asked = [last - length * back for back in range(min(reach, most) - 1, -1, -1)]
    ends = [end for end in asked if all(end - month in known for month in range(length))]
    at = {end: step for step, end in enumerate(ends)}
    windows = []
    for end in ends:
        window = [at[end]]
        while len(window) <= steps_back and (before := end - length * len(window)) in at:
            window.append(at[before])
        windows.append(tuple(window))
    return Steps(tuple(ends), tuple(windows), len(asked) - len(ends))


def nearby(x: Floats, neighbours: Neighbours) -> Floats:
    """Add x (steps by cells) over each cell and its neighbours, step by step."""
    sums = np.empty(x.shape)
    for step, row in enumerate(x):
        sums[step] = neighbours.sums(row)
    return sums


def pooled(near: Floats, windows: Sequence[Sequence[int]]) -> Floats:
    """Add what is nearby (steps by cells) over the steps of each window."""
    sums = np.empty((len(windows), near.shape[1]))
    for step, window in enumerate(windows):
        near[list(window)].sum(axis=0, out=sums[step])
    return sums


def space_time_gi_star(x: Floats, sums: Floats, sizes: Ints) -> Floats:
    """Give Gi* of each cell in each step, as z-values over all of them together.

    ``x`` (steps by cells) are the values, ``sums`` those of each one and what is around it in space
    and before it in time, itself included (``pooled``), ``sizes`` how many are in each sum. The
    formula is that of the plain map (``geo.hotspots.gi_star``) with the bins, cells times steps,
    as n; sums over everything and constant values have z = 0; equal sums of as many have equal z.
    Source: Ord & Getis (1995), eq. 14.
    """
    n = x.size
    mean = float(x.mean())
    variance = float(x.var())
    if variance <= (_ROUNDING * float(max(x.max(), -x.min()))) ** 2:
        return np.zeros(x.shape)
    size = np.arange(int(sizes.max()) + 1, dtype=np.float64)
    spread = np.sqrt(variance / (n - 1) * (n - size) * size)
    scale = np.divide(1.0, spread, out=np.zeros(len(size)), where=spread > 0.0)
    z = np.empty(x.shape)
    for step, many in enumerate(sizes):
        np.subtract(sums[step], np.take(mean * size, many), out=z[step])
        z[step] *= np.take(scale, many)
    return z


@dataclass(frozen=True, eq=False)
class _Bins:
    """What is known of each cell in each step.

    ``z`` is steps by cells; ``p`` and ``q`` are those of the few at the positions ``at`` in all of
    ``z``, one step after the other. The others have 1.
    """

    z: Floats
    at: Ints
    p: Floats
    q: Floats

    def beyond(self, alpha: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Mark what is hot, and what is cold."""
        sure = self.at[self.q < alpha]
        hot, cold = np.zeros(self.z.shape, dtype=bool), np.zeros(self.z.shape, dtype=bool)
        hot.ravel()[sure] = self.z.ravel()[sure] > 0
        cold.ravel()[sure] = self.z.ravel()[sure] < 0
        return hot, cold

    def last(self, values: Floats) -> Floats:
        """Give the last step's p or q, a value a cell."""
        here = self.at - (self.z.size - self.z.shape[1])
        found = np.ones(self.z.shape[1])
        found[here[here >= 0]] = values[here >= 0]
        return found


def run(
    evidence: Evidence,
    *,
    max_steps: int = 24,
    step_months: int = 1,
    steps_back: int = 1,
    alpha: float = 0.05,
    min_events: int = 30,
    min_occupied: int = 10,
    min_place: int = 3,
) -> Result:
    """Find where and when it is hot, and name each cell by its course (``geo.emerging``).

    1. Gi* of each cell and month: its events and those of its neighbours, in the month and the
       ``steps_back`` months before, never after, against all cells and months.
    2. Chance: could so many of these months' events fall on the cell and its neighbours if they
       fell anywhere in the area? Exact binomial, given how many the months hold: a month in which
       there is more of everything is no place.
    3. p of a bin is the larger of the two (1 where they disagree on the side), q is
       Benjamini-Hochberg over all bins, cells times months. Hot and cold are bins with q below
       ``alpha``; hot ones in places with ``min_place`` events of these months.
    4. Mann-Kendall of each cell's Gi* over the months (``emerging_z``, ``emerging_p``).
    5. One of 17 classes, and one of four words for planners, which tell of places that are not hot
       in the last step as well: ``new``, ``persistent``, ``recurring``, ``former``
       (``geo.emerging.summarize``; three months that are not hot part two seasons).

    ``hot`` are cells whose last step is hot; ``p`` and ``q`` are that step's (1 where p is not
    below ``alpha``). A cell without any
    event of its own is of no hot class, though it may hold a place together. ``emerging_months``
    and ``emerging_cold`` count the steps in which it was hot or cold; where events are few no place
    can be cold.

    Months outside ``evidence.known`` are left out: they are neither quiet nor a break in a run, and
    not the month before of any. With fewer than ten steps, or where the latest is not known,
    nothing is said. Neighbouring months share events, and the first has no month before it, which
    makes Mann-Kendall too ready to see a trend: intensifying or diminishing asks for it in the
    months taken one by one as well.

    How it misleads: a place of the summer, such as a bathing site, is ``former`` after its first
    summer, ``recurring`` from the second on, and never ``persistent`` (``step_months`` = 12 would
    compare years, of which ten are needed). All months are measured against one average, so a crowd
    in one of them makes others look less hot. ``new`` may have lasted nearly all the time, or one
    month that was busy: ``emerging_months`` tells. What is persistently hot may be where people
    are. Random maps have a class or a word somewhere far more seldom than ``alpha``.
    Source: Ord & Getis (1995); Mann (1945); Kendall (1975); Esri's Emerging Hot Spot Analysis.
    """
    asked = Settings(
        alpha=alpha, min_events=min_events, min_occupied=min_occupied, min_place=min_place
    )
    used = {
        "max_steps": max_steps,
        "step_months": step_months,
        "steps_back": steps_back,
        **asked.thresholds,
    }
    cube = evidence.cube
    if cube is None or cube.span is None or evidence.months is None:
        return _nothing(evidence, used, Note("emerging_no_months", {}, "warning"))
    last = evidence.months[1]
    known = evidence.known_months
    missing = [last - back for back in range(step_months) if last - back not in known]
    if missing:
        ends = {"month": month_text(missing[0])}
        return _nothing(evidence, used, Note("emerging_ends", ends, "warning"))
    steps = steps_of(last, known, length=step_months, most=max_steps, steps_back=steps_back)
    gaps = [Note("emerging_gaps", {"n": steps.dropped}, "warning")] if steps.dropped else []
    if len(steps.ends) < FEWEST_STEPS:
        few = {"n": len(steps.ends), "needed": FEWEST_STEPS}
        return _nothing(evidence, used, Note("emerging_few_steps", few, "warning"), *gaps)
    n = _counts(cube, steps, step_months)
    little = too_few(n.sum(axis=0), "emerging", asked)
    if little:
        return _nothing(evidence, used, *little, *gaps)
    neighbours = evidence.cells.neighbours
    near = nearby(n, neighbours)
    bins = _bins(evidence, n, near, steps, alpha)
    hot, cold = bins.beyond(alpha)
    for step, window in enumerate(steps.windows):
        hot[step] = with_events(hot[step], n[list(window)].sum(axis=0), neighbours, min_place)
    trends = mann_kendall(bins.z.T)
    rising = np.where(trends.p < alpha, np.sign(trends.z), 0.0).astype(np.int64)
    _confirm(rising, near, alpha)
    now = hot[-1].copy()
    hot[:, ~n.any(axis=0)] = False  # they hold a place together, but nothing happened in them
    found = classify(hot, cold, rising)
    names = np.array(CLASSES)[found]
    apart = -(-SEASON_APART // step_months)
    summary = np.array(SUMMARIES)[summarize(hot, burst=1 + steps_back, long_break=apart)]
    first = steps.ends[0] - step_months + 1
    told = {"n": len(steps.ends), "first": month_text(first), "last": month_text(last)}
    return Result(
        columns={
            EMERGING_CLASS.name: names,
            EMERGING_SUMMARY.name: summary,
            EMERGING_MONTHS.name: hot.sum(axis=0),
            EMERGING_COLD.name: cold.sum(axis=0),
            EMERGING_Z.name: trends.z,
            EMERGING_P.name: trends.p,
        },
        hot=now,
        p=bins.last(bins.p),
        q=bins.last(bins.q),
        notes=(Note("emerging_steps", told), *gaps),
        facts={
            "months": (first, last),
            "steps": len(steps.ends),
            "counts": {name: int((names == name).sum()) for name in CLASSES},
            "summary": {key: int((summary == key).sum()) for key in SUMMARIES if key},
        },
        used=used,
    )


def _counts(cube: Cube, steps: Steps, length: int) -> Floats:
    """Count the events of each step and cell."""
    ends = np.array(steps.ends)
    step = np.minimum(np.searchsorted(ends, cube.month), len(ends) - 1)
    within = (cube.month <= ends[step]) & (cube.month > ends[step] - length)
    at = step[within] * cube.cells + cube.cell[within]
    n = np.bincount(at, weights=cube.n[within], minlength=len(ends) * cube.cells)
    return n.astype(np.float64, copy=False).reshape(len(ends), cube.cells)


def _bins(evidence: Evidence, n: Floats, near: Floats, steps: Steps, alpha: float) -> _Bins:
    """Test each cell in each step.

    Only bins whose p is below alpha are kept: no other has q below alpha, and none alters theirs.
    """
    neighbours = evidence.cells.neighbours
    sums = pooled(near, steps.windows)
    looked_at = np.array([len(window) for window in steps.windows])
    sizes = looked_at[:, None] * neighbours.sizes
    if evidence.exposure is None:
        z = space_time_gi_star(n, sums, sizes)
    else:
        # What is left when all events are shared out by exposure, evenly over the steps.
        expected = n.sum() / len(n) * evidence.share
        around = looked_at[:, None] * neighbours.sums(expected)
        z = space_time_gi_star(n - expected, sums - around, sizes)
    share = neighbours.sums(evidence.share)
    totals = n.sum(axis=1)
    kept, chances = [], []
    least = NormalDist().inv_cdf(1.0 - alpha / 2.0)
    for step, window in enumerate(steps.windows):
        at = np.flatnonzero(np.abs(z[step]) > least)
        total = int(totals[list(window)].sum())
        here = sums[step, at]
        agree = np.sign(here - total * share[at]) == np.sign(z[step, at])
        by_chance = chance_p(here.astype(np.int64), total, share[at])
        p = np.where(agree, np.maximum(two_sided_p(z[step, at]), by_chance), 1.0)
        kept.append(step * z.shape[1] + at[p < alpha])
        chances.append(p[p < alpha])
    p = np.concatenate(chances)
    # As among all bins: the others, with larger p, come after them in the order.
    q = np.minimum(benjamini_hochberg(p) * (z.size / max(len(p), 1)), 1.0)
    return _Bins(z, np.concatenate(kept), p, q)


def _confirm(rising: Ints, near: Floats, alpha: float) -> None:
    """Keep the trends that steps taken one by one show as well."""
    at = np.flatnonzero(rising)
    own = mann_kendall(near[:, at].T)
    rising[at[(own.p >= alpha) | (np.sign(own.z) != rising[at])]] = 0


def _nothing(evidence: Evidence, used: dict[str, Any], *notes: Note) -> Result:
    """Answer that nothing can be said: every column is empty (NaN, or no text)."""
    count = len(evidence.cells)
    ones = np.ones(count)
    return Result(
        columns={
            column.name: np.full(count, "" if column.kind == "text" else np.nan)
            for column in METHOD.columns
        },
        hot=np.zeros(count, dtype=bool),
        p=ones,
        q=ones,
        enough=False,
        notes=notes,
        used=used,
    )


METHOD = Method(
    name="emerging",
    summary="Cells that are newly hot, hot month after month, on and off, or no longer.",
    source="Ord & Getis (1995); Mann (1945); Kendall (1975); Benjamini & Hochberg (1995); "
    "classes of Esri's Emerging Hot Spot Analysis",
    columns=(
        EMERGING_CLASS,
        EMERGING_SUMMARY,
        EMERGING_MONTHS,
        EMERGING_COLD,
        EMERGING_Z,
        EMERGING_P,
    ),
    run=run,
    parameters=(
        Parameter(
            "max_steps",
            "integer",
            24,
            "how many steps back in time, at most",
            above=FEWEST_STEPS - 1,
        ),
        Parameter("step_months", "integer", 1, "months in a step", above=0),
        Parameter(
            "steps_back", "integer", 1, "how many earlier steps are taken with each", above=-1
        ),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
        Parameter(
            "min_occupied", "integer", 10, "with fewer cells that hold events, likewise", above=0
        ),
        Parameter(
            "min_place", "integer", 3, "no place is hot with fewer events of its own", above=0
        ),
    ),
    by_month=True,
    order=65,
)
