"""Near repeat: whether trouble comes back close by and soon, and where that is likely now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots.method import Cluster, Evidence, Method, Parameter, Result
from geo.knox import Knox, TooManyPairs, knox
from geo.months import UNKNOWN_DAY, last_day
from geo.note import Note
from geo.places import contiguous
from geo.schema import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cells import Cells

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

PAIRS = Column("near_repeat_pairs", "integer")
RATIO = Column("near_repeat_ratio", "real")
UNTIL = Column("near_repeat_until", "text")

_SAME_PLACE_M = 1.0
"""Closer than this is the same place: the same address, whoever wrote down its coordinates."""
_MOST_PLACES = 20
"""So many places at most: nobody watches more, and the map must be readable."""
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class _Alarms:
    """What recent events say about the cells around them: one row an event, cell and band.

    ``cell`` and ``event`` are positions; ``ratio`` and ``p`` are the band's, which holds from the
    day ``first`` to the day ``last``.
    """

    cell: Ints
    event: Ints
    ratio: Floats
    p: Floats
    first: Ints
    last: Ints


def run(
    evidence: Evidence,
    *,
    distance_m: float = 100.0,
    distance_bands: int = 4,
    days: int = 7,
    day_bands: int = 4,
    within: str = "month",
    permutations: int = 999,
    alpha: float = 0.05,
    min_ratio: float = 1.2,
    min_events: int = 50,
) -> Result:
    """Ask whether events draw others after them nearby, and mark where that holds from now on.

    Pairs of events are counted by distance (the same place, less than 1 m; then bands of
    ``distance_m``) and days apart (bands of ``days``), ``[a, b)`` each, against permuted times. A
    band is claimed where it holds at least ``min_ratio`` times the expected pairs and its p,
    adjusted for all bands, is at most ``alpha``. ``expected`` is the mean over all permutations.
    Each event counts once, whatever its weight.

    Times change places ``within`` each calendar month. Were they to move over the whole ``period``,
    as is usual, bathing sites with trouble in summer only would look like contagion: without any,
    on all of 60 made-up maps of 400 events with such seasons, against 3 within months (and 7 where
    half of the events came in one July). The price is power: where 2 % of 400 events had a
    follower within a week, it was found on 55 % of maps in place of 85 %; at 5 % on 98 %. The ratio
    is over what the place's own month gives, followers included: too low rather than too high, and
    lower than the ``ratio_period`` among the facts, which is over what the whole period gives.
    Later bands of a month that holds followers have fewer pairs than expected for that alone.

    A place is at raised risk *now* where a cell's centre lies as far from a recent event as a band
    that is claimed says, or is the event's own and so wide (its diagonal), until the days of that
    band have passed. Of all bands that do, a cell takes the one with the highest ratio. Now is the
    day after the last month of the period, or after the last event where nothing is known of that
    month. Only events of the period count, and only those whose day is known.

    A cluster's ``n`` are the recent events that raise the risk, not events in a place that expects
    fewer: ``expected`` is ``n`` over the highest ratio there, ``p`` is of that ratio's band and of
    the whole map, and neither tests this place. Where ``n`` is 1, the last day tells on which day
    that event was: for those who may see the reports.

    It can mislead: one event that is entered twice looks like a repeat at once (the number of such
    pairs is told). Where followers come in series, bands further out fill with pairs of pairs.
    That events follow one another does not say that one causes the next, and a ratio of 2 on a
    quiet street is still a small risk. Changes of the pattern within a month still count as
    repeats. Source: Knox (1964); Johnson et al. (2007).
    """
    used: dict[str, Any] = {
        "distance_m": distance_m,
        "distance_bands": distance_bands,
        "days": days,
        "day_bands": day_bands,
        "within": within,
        "permutations": permutations,
        "alpha": alpha,
        "min_ratio": min_ratio,
        "min_events": min_events,
    }
    notes: list[Note] = []
    x, y, day = _dated(evidence)
    without = (0 if evidence.points is None else len(evidence.points)) - len(day)
    if without:
        notes.append(Note("near_repeat_without_day", {"n": without}, "warning"))
    if len(day) < max(min_events, 2):
        few = {"n": len(day), "needed": max(min_events, 2)}
        return _nothing(evidence, used, [*notes, Note("near_repeat_too_few", few, "warning")])
    # The least p that can be had, adjusted for all bands, must not be above alpha.
    least = int(np.ceil((distance_bands + 1) * day_bands / alpha)) - 1
    if permutations < least:
        notes.append(Note("replicates_raised", {"n": least, "asked": permutations}))
        permutations = least
    near = np.unique([0.0, _SAME_PLACE_M, *(distance_m * np.arange(1, distance_bands + 1))])
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    try:
        found = knox(
            x,
            y,
            day,
            near.tolist(),
            (float(days) * np.arange(day_bands + 1)).tolist(),
            permutations=permutations,
            group=month if within == "month" else None,
            seed=evidence.seed,
        )
    except TooManyPairs:
        many = Note("near_repeat_too_many", {"n": len(day), "distance": round(near[-1])}, "warning")
        return _nothing(evidence, used, [*notes, many])
    used["permutations"] = len(found.simulated)
    significant = (found.ratio >= min_ratio) & (found.p_adjusted <= alpha)
    twice = _entered_twice(found)
    if twice:
        notes.append(Note("near_repeat_twice", {"n": twice}, "warning"))
    today = _today(evidence, day)
    reach = {"distance": round(near[-1]), "days": days * day_bands, "today": _iso(today)}
    notes.append(Note(f"near_repeat_within_{within}", reach))
    alarms = _alarms(evidence.cells, x, y, day, found, significant, today)
    clusters = _clusters(evidence.cells, alarms)
    if len(clusters) > _MOST_PLACES:
        notes.append(Note("near_repeat_most", {"n": len(clusters), "shown": _MOST_PLACES}))
    return Result(
        columns=_columns(evidence.cells, x, y, found, significant, alarms),
        notes=tuple(notes),
        clusters=clusters[:_MOST_PLACES],
        facts={
            "n": len(day),
            "without_day": without,
            "same_place_and_day": twice,
            "distance_m": list(found.distance_edges),
            "days": list(found.day_edges),
            "distance_labels": list(found.distance_labels),
            "day_labels": list(found.day_labels),
            "observed": found.observed.tolist(),
            "expected": found.expected.tolist(),
            "ratio": _or_none(found.observed, found.expected),
            "ratio_period": _or_none(found.observed, found.independent),
            "p": found.p_adjusted.tolist(),
            "p_alone": found.p.tolist(),
            "significant": significant.tolist(),
            "permutations": len(found.simulated),
            "within": within,
            "today": _iso(today),
            "places": len(clusters),
        },
        used=used,
    )


def _dated(evidence: Evidence) -> tuple[Floats, Floats, Ints]:
    """Give the events whose day is known: x, y (metres) and day."""
    points = evidence.points
    if points is None or points.day is None:
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)
    known = points.day != UNKNOWN_DAY
    return points.x[known], points.y[known], points.day[known].astype(np.int64)


def _today(evidence: Evidence, day: Ints) -> int:
    """Give the last day of the period, or that of the last event where its month is not known."""
    month = None if evidence.months is None else evidence.months[1]
    if month is None or (evidence.known is not None and month not in evidence.known):
        return int(day.max())
    return (last_day(month) - _EPOCH).days


def _iso(day: int) -> str:
    return _date(day).isoformat()


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _or_none(observed: Ints, expected: Floats) -> list[list[float | None]]:
    """List observed over expected; None where nothing was expected, as JSON knows no infinity."""
    return [
        [int(n) / e if e else None for n, e in zip(*row, strict=True)]
        for row in zip(observed, expected.tolist(), strict=True)
    ]


def _entered_twice(found: Knox) -> int:
    """Count the pairs in the same place on the same day."""
    same = slice(0, int(found.pairs.start[1]))
    day = found.day
    return int((day[found.pairs.first[same]] == day[found.pairs.second[same]]).sum())


def _alarms(
    cells: Cells, x: Floats, y: Floats, day: Ints, found: Knox, significant: Bools, today: int
) -> _Alarms:
    """Find the cells around recent events, for every band that is claimed and not over yet."""
    from scipy import spatial  # noqa: PLC0415 - slow to import, and only this needs it

    tree = spatial.cKDTree(np.column_stack([cells.x, cells.y]))
    rows: list[tuple[NDArray[Any], ...]] = []
    for near, soon in np.argwhere(significant).tolist():
        least, most = found.distance_edges[near], found.distance_edges[near + 1]
        starts, ends = (int(edge) for edge in found.day_edges[soon : soon + 2])
        recent = np.flatnonzero(day + ends - 1 > today)
        own = cells.locate(x[recent], y[recent])
        around: Any = tree.query_ball_point(np.column_stack([x[recent], y[recent]]), most)
        event = np.repeat(np.arange(len(recent)), [len(some) for some in around])
        cell = np.array([one for some in around for one in some], dtype=np.int64)
        far = np.hypot(cells.x[cell] - x[recent][event], cells.y[cell] - y[recent][event])
        band = (far >= least) & (far < most) & (cell != own[event])
        reaches = least < np.sqrt(2.0 * cells.area_m2[own])
        inside = np.flatnonzero((own >= 0) & reaches)
        cell = np.concatenate([cell[band], own[inside]])
        event = recent[np.concatenate([event[band], inside])]
        same = np.ones(len(cell))
        rows.append(
            (
                cell,
                event,
                same * found.ratio[near, soon],
                same * found.p_adjusted[near, soon],
                np.maximum(day[event] + starts, today + 1),
                day[event] + ends - 1,
            )
        )
    if not rows:
        whole, real = np.zeros(0, dtype=np.int64), np.zeros(0)
        return _Alarms(whole, whole, real, real, whole, whole)
    return _Alarms(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))


def _clusters(cells: Cells, alarms: _Alarms) -> tuple[Cluster, ...]:
    """Join contiguous cells at risk to places, those with most events beyond chance first."""
    at_risk = np.zeros(len(cells), dtype=bool)
    at_risk[alarms.cell] = True
    place_of = np.full(len(cells), -1, dtype=np.int64)
    groups = contiguous(at_risk, cells.neighbours)
    for number, group in enumerate(groups):
        place_of[group] = number
    order = np.argsort(place_of[alarms.cell], kind="stable")
    ends = np.cumsum(np.bincount(place_of[alarms.cell], minlength=len(groups)))
    clusters = []
    for group, rows in zip(groups, np.split(order, ends[:-1]), strict=False):
        best = rows[np.argmax(alarms.ratio[rows])]
        n = len(np.unique(alarms.event[rows]))
        ratio = float(alarms.ratio[best])
        clusters.append(
            Cluster(
                cells=group,
                x=float(cells.x[group].mean()),
                y=float(cells.y[group].mean()),
                n=n,
                expected=n / ratio,
                p=float(alarms.p[best]),
                score=ratio,
                shape=cells.union(group),
                days=(_date(int(alarms.first[rows].min())), _date(int(alarms.last[rows].max()))),
            )
        )
    return tuple(sorted(clusters, key=lambda c: (c.expected - c.n, int(c.cells[0]))))


def _columns(
    cells: Cells, x: Floats, y: Floats, found: Knox, significant: Bools, alarms: _Alarms
) -> dict[str, NDArray[Any]]:
    """Write into cells what their events take part in, and the risk that holds there now.

    A pair within one cell counts once there, one across two cells once in each.
    """
    own = cells.locate(x, y)
    first, second = (own[ends] for ends in found.close(significant))
    second = second[second != first]
    pairs = np.bincount(np.concatenate([first, second]) + 1, minlength=len(cells) + 1)[1:]
    ratio = np.full(len(cells), np.nan)
    np.fmax.at(ratio, alarms.cell, alarms.ratio)
    until = np.full(len(cells), np.iinfo(np.int64).min)
    np.maximum.at(until, alarms.cell, alarms.last)
    text = np.full(len(cells), "", dtype="U10")
    now = np.unique(alarms.cell)
    text[now] = until[now].astype("datetime64[D]").astype("U10")
    return {PAIRS.name: pairs, RATIO.name: ratio, UNTIL.name: text}


def _nothing(evidence: Evidence, used: dict[str, Any], notes: list[Note]) -> Result:
    """Claim nothing, and say why: every column is empty, the counts too (NaN)."""
    count = len(evidence.cells)
    columns = {
        column.name: np.full(count, "" if column.kind == "text" else np.nan)
        for column in METHOD.columns
    }
    return Result(columns, enough=False, notes=tuple(notes), used=used)


METHOD = Method(
    name="near_repeat",
    summary="Whether trouble comes back close by and soon, and the places at raised risk now.",
    source="Knox (1964); Johnson et al. (2007)",
    columns=(PAIRS, RATIO, UNTIL),
    run=run,
    parameters=(
        Parameter("distance_m", "real", 100.0, "width of a band of distances, metres", above=0.0),
        Parameter("distance_bands", "integer", 4, "bands beside that of the same place", above=0),
        Parameter("days", "integer", 7, "width of a band of days", above=0),
        Parameter("day_bands", "integer", 4, "how many bands of days", above=0),
        Parameter(
            "within",
            "choice",
            "month",
            "where times change places: a month keeps seasons out of it",
            choices=("month", "period"),
        ),
        Parameter("permutations", "integer", 999, "how often times are dealt anew", above=0),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_ratio", "real", 1.2, "no band with less over expected is claimed", above=0),
        Parameter("min_events", "integer", 50, "with fewer dated events nothing is said", above=0),
    ),
    needs_points=True,
    resamples=False,
    order=80,
)
