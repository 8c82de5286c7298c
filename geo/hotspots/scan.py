"""Scan: the circles, and the last months, that hold more than chance would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.circles import zones
from geo.hotspots.method import Cluster, Evidence, Method, Parameter, Result
from geo.months import month_text
from geo.note import Note
from geo.scan import Scan, scan_expectation, scan_permutation, scan_poisson
from geo.schema import Column
from geo.significance import fewest_replicates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cells import Cells
    from geo.cube import Cube

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SCAN_P = Column("scan_p", "real")
SCAN_CLUSTER = Column("scan_cluster", "integer")

_RADIUS_M = 5000.0
"""Circles wider than this are no place to send anyone to."""
_MONTHS_BACK = 36
"""How far back the comparison goes: long enough for seasons, short enough to be the same town."""
_MOST_PLACES = 2500
"""With more places, neighbouring cells are taken together; a circle loses no more than a cell."""
_MOST_PAIRS = 4_000_000
_OTHERS = 3
"""Clusters within chance that are told too: a reader asks what the strongest was."""
_SEASON_MONTHS = 24
_SEASON_EVENTS = 20.0
"""So many events must a calendar month have had to move its season half of the way."""


@dataclass(frozen=True, eq=False)
class _Places:
    """What is scanned: cells, or blocks of cells; ``of_cell`` is the place of each cell."""

    of_cell: Ints
    x: Floats
    y: Floats
    side_m: float
    cells_wide: int

    def sums(self, values: NDArray[Any]) -> Floats:
        """Add one value a cell over the places."""
        sums = np.bincount(self.of_cell, weights=values, minlength=len(self.x))
        return np.asarray(sums, dtype=np.float64)


def run(  # noqa: C901, PLR0912, PLR0915 - it chooses, one thing after another
    evidence: Evidence,
    *,
    model: str = "auto",
    direction: str = "prospective",
    spatial: bool = False,
    max_radius_m: float | None = None,
    max_share: float = 0.1,
    max_months: int = 3,
    replicates: int = 999,
    alpha: float = 0.05,
    min_cases: int = 3,
    min_events: int = 10,
) -> Result:
    """Ask whether something is going on anywhere, and where and since when it is strongest.

    All circles around cells are tried, over all windows of whole months that end in the last month
    (prospective) or anywhere (retrospective); p says how often the best circle of a map by chance
    is as good. It is adjusted for having looked everywhere, so ``q`` is p. ``hot`` are cells with
    events in the window of a cluster with p below ``alpha``; of clusters within chance the
    strongest few are told, not claimed. Clusters share no place.

    Models: ``permutation`` (the events alone: more than the place's and the month's own numbers
    give; up to 36 months back), ``poisson`` (more than the exposure gives, else the ground;
    over time more than an even flow), ``expectation`` (more than the place's own history gives,
    whatever happens elsewhere; its windows lie within the last ``max_months`` in either direction,
    for the months before are the history). ``spatial`` asks where, not when, and is always
    ``poisson``.

    Circles reach no further than 5 km (for large cells, to the next but one) and hold at most a
    tenth of the events: half of them, the custom in epidemiology, finds half a municipality. A
    circle is a way of looking: trouble along a road, or in a part of a circle, marks all of it.
    Events that come in series are not independent, and can be a cluster for that alone. Monthly
    looks at windows that overlap raise alarms more often than once in 1/p months taken together.
    """
    dated = evidence.cube is not None and evidence.months is not None
    asked = model
    if spatial or not dated:
        model = "poisson"
    elif model == "auto":
        model = "permutation"
    over_time = dated and not spatial
    used = {
        "model": model,
        "direction": direction,
        "spatial": not over_time,
        "max_radius_m": max_radius_m,
        "max_share": max_share,
        "max_months": max_months,
        "replicates": replicates,
        "alpha": alpha,
        "min_cases": min_cases,
        "min_events": min_events,
    }
    notes = []
    least = fewest_replicates(alpha)
    if replicates < least:
        notes.append(Note("replicates_raised", {"n": least, "asked": replicates}))
        replicates = used["replicates"] = least
    if asked not in {"auto", model}:
        notes.append(Note("scan_needs_months", {"model": asked}, "warning"))
    first, last, per_month = _months(evidence) if over_time else (0, 0, None)
    total = int(evidence.n.sum()) if per_month is None else per_month.total
    longest = min(max_months, (last - first + 1) // 2) if over_time else 1
    if over_time and longest < 1:
        return _nothing(evidence, used, [*notes, Note("scan_few_months", {}, "warning")])
    if total < min_events:
        few = {"method": "scan", "n": total, "needed": min_events}
        return _nothing(evidence, used, [*notes, Note("too_few_events", few, "warning")])
    n = evidence.n if per_month is None else per_month.per_cell()[0]
    places = _places(evidence.cells, n if model == "permutation" else n + 1)
    radius = max(_RADIUS_M, 2.0 * places.side_m) if max_radius_m is None else max_radius_m
    counts = np.zeros((len(places.x), last - first + 1), dtype=np.int64)
    if per_month is None:
        counts[:, 0] = places.sums(evidence.n)
    else:
        np.add.at(counts, (places.of_cell[per_month.cell], per_month.month - first), per_month.n)
    share = places.sums(evidence.share)
    if model != "permutation" and (lost := int(counts[share <= 0].sum())):
        notes.append(Note("scan_without_exposure", {"n": lost}, "warning"))
        counts[share <= 0] = 0
    occupied = np.flatnonzero(counts.any(axis=1))
    circles = zones(
        places.x,
        places.y,
        centres=occupied,
        among=occupied if model == "permutation" else None,
        max_radius_m=radius,
        max_share=max_share,
        weights=counts.sum(axis=1) if model == "permutation" else share,
        most=max(1, _MOST_PAIRS // max(len(occupied), 1)),
    )
    settings = {
        "longest": longest,
        "direction": direction,
        "replicates": replicates,
        "seed": evidence.seed,
        "least": min_cases,
    }
    offset = first
    if model == "permutation":
        found = scan_permutation(counts, circles, **settings)  # type: ignore[arg-type]
    elif model == "poisson":
        even = _days(first, last) if over_time else np.ones(1)
        found = scan_poisson(counts, share[:, None] * even, circles, **settings)  # type: ignore[arg-type]
    else:
        history = counts[:, :-longest]
        expected, certainty = expected_from_history(history, share, longest)
        offset = last - longest + 1
        found = scan_expectation(
            counts[:, -longest:],
            expected,
            circles,
            certainty=certainty,
            **settings,  # type: ignore[arg-type]
        )
    used |= {"max_radius_m": float(radius), "max_months": longest, "cells_wide": places.cells_wide}
    if over_time:
        used |= {"first": month_text(first), "last": month_text(last)}
        reach = {"first": month_text(first), "last": month_text(last), "n": longest}
        looked = "scan_reach" if direction == "prospective" else "scan_reach_any"
        notes.append(Note(looked, {**reach, "radius": round(radius)}))
    else:
        notes.append(Note("scan_where_only", {"radius": round(radius)}))
    if places.cells_wide > 1:
        notes.append(Note("scan_blocks", {"n": places.cells_wide}))
    prospective = over_time and direction == "prospective"
    clusters = _clusters(places, found, offset, over_time, prospective, alpha)
    return _result(evidence, clusters, per_month, found, counts, used, notes)


def _nothing(evidence: Evidence, used: dict[str, object], notes: list[Note]) -> Result:
    """Claim nothing, and say why."""
    ones = np.ones(len(evidence.cells))
    return Result(
        columns={SCAN_P.name: ones, SCAN_CLUSTER.name: np.zeros(len(ones), dtype=np.int64)},
        hot=np.zeros(len(ones), dtype=bool),
        p=ones,
        q=ones,
        enough=False,
        notes=tuple(notes),
        used=used,
    )


def _months(evidence: Evidence) -> tuple[int, int, Cube]:
    """Choose the months: the period, and what came before it up to three years from its end."""
    cube, months = evidence.cube, evidence.months
    if cube is None or months is None:
        raise ValueError("these events have no dates")
    start, last = months
    # A kind of trouble that is new had months without any before, where other events are known.
    known = evidence.known or ({start} if cube.span is None else {cube.span[0]})
    first = min(start, max(min(known), last - _MONTHS_BACK + 1))
    return first, last, cube.select(months=(first, last))


def _places(cells: Cells, n: Ints) -> _Places:
    """Take cells as places, or on a lattice blocks of so many that not too many hold events."""
    side = float(np.sqrt(np.median(cells.area_m2))) if len(cells) else 0.0
    if cells.grid is None:
        return _Places(np.arange(len(cells)), cells.x, cells.y, side, 1)
    _, column, row = cells.lattice
    wide = 1
    while True:
        key = (row // wide) * (1 << 32) + column // wide
        _, of_cell = np.unique(key, return_inverse=True)
        if len(np.unique(of_cell[n > 0])) <= _MOST_PLACES:
            break
        wide += 1
    size = np.bincount(of_cell)
    return _Places(
        of_cell,
        np.bincount(of_cell, weights=cells.x) / size,
        np.bincount(of_cell, weights=cells.y) / size,
        float(np.sqrt(cells.grid.cell_area_m2)) * wide,
        wide,
    )


def _days(first: int, last: int) -> Floats:
    """Count the days of each month, both included."""
    edges = np.arange(first - 1970 * 12, last + 2 - 1970 * 12).astype("datetime64[M]")
    return np.diff(edges.astype("datetime64[D]")).astype(np.float64)


def expected_from_history(history: Ints, share: Floats, steps: int) -> tuple[Floats, Floats]:
    """Give what each place is to expect in the next months, and how many events say so.

    ``history`` are counts by place and month, ``share`` what each place would hold of all events
    if nothing stood out. A place's level is its own count drawn towards its share, the more the
    less history it has and the less places differ beyond chance (gamma-Poisson, empirical Bayes
    by moments): a place without any history is not expected to have none for ever. From two years
    of history the calendar month moves the level, with the whole area's season. Returns the
    expectations (places by ``steps``) and the gamma shape of each, infinite where the places do
    not differ beyond chance.
    """
    n, months = history.sum(axis=1).astype(np.float64), history.shape[1]
    total = max(float(n.sum()), 0.5)
    mean = total * share / max(float(share.sum()), 1e-300)
    beyond = float(((n - mean) ** 2 - n).sum())
    if beyond > 0:
        shape = float((mean**2).sum()) / beyond
        level = mean * (n + shape) / np.maximum(mean + shape, 1e-300)
        certainty = np.where(mean > 0, n + shape, np.inf)
    else:
        level, certainty = mean, np.full(len(n), np.inf)
    season = np.ones(steps)
    if months >= _SEASON_MONTHS:
        per_month = history.sum(axis=0).astype(np.float64)
        for step in range(steps):
            same = per_month[(np.arange(months) - months - step) % 12 == 0]
            usual = float(per_month.mean()) * len(same)
            season[step] = (same.sum() + _SEASON_EVENTS) / (usual + _SEASON_EVENTS)
    return level[:, None] / max(months, 1) * season, certainty


def _clusters(
    places: _Places,
    found: Scan,
    offset: int,
    over_time: bool,  # noqa: FBT001 - a property of the scan, not a switch
    prospective: bool,  # noqa: FBT001 - the same
    alpha: float,
) -> tuple[Cluster, ...]:
    """Turn circles of places into clusters of cells, significant ones first and a few others."""
    clusters: list[Cluster] = []
    others = 0
    for one in found.clusters:
        significant = one.p < alpha
        others += not significant
        if others > _OTHERS:
            break
        x, y = float(places.x[one.centre]), float(places.y[one.centre])
        inside = np.hypot(places.x - x, places.y - y) <= one.radius + 1e-6
        inside[one.places] = True
        radius = one.radius + places.side_m / 2
        clusters.append(
            Cluster(
                cells=np.flatnonzero(inside[places.of_cell]),
                x=x,
                y=y,
                n=one.n,
                expected=one.expected,
                p=one.p,
                score=one.llr,
                shape=shapely.Point(x, y).buffer(radius),
                radius_m=radius,
                months=(offset + one.first, offset + one.last) if over_time else None,
                recurrence_months=one.recurrence if prospective else None,
                significant=significant,
            )
        )
    return tuple(clusters)


def _result(
    evidence: Evidence,
    clusters: tuple[Cluster, ...],
    cube: Cube | None,
    found: Scan,
    counts: Ints,
    used: dict[str, object],
    notes: list[Note],
) -> Result:
    """Write clusters into cells: each cell belongs to the strongest that covers it."""
    p = np.ones(len(evidence.cells))
    rank = np.zeros(len(p), dtype=np.int64)
    hot = np.zeros(len(p), dtype=bool)
    for number, cluster in enumerate(clusters, start=1):
        free = cluster.cells[rank[cluster.cells] == 0]
        rank[free], p[free] = number, cluster.p
        if cluster.significant:
            within = cluster.months if cube is not None else None
            held = evidence.n if cube is None else cube.select(months=within).per_cell()[0]
            hot[free] = held[free] > 0
    return Result(
        columns={SCAN_P.name: p, SCAN_CLUSTER.name: rank},
        hot=hot,
        p=p,
        q=p,
        notes=tuple(notes),
        clusters=clusters,
        facts={
            "events": int(counts.sum()),
            "places": int((counts.sum(axis=1) > 0).sum()),
            "circles": found.zones,
            "cylinders": found.cylinders,
            "critical_score": float(np.quantile(found.maxima, 0.95)) if len(found.maxima) else 0.0,
        },
        used=used,
    )


METHOD = Method(
    name="scan",
    summary="Circles that in the last months hold more than chance gives, wherever one looks.",
    source="Kulldorff (1997); Kulldorff et al. (2005); Neill et al. (2005)",
    columns=(SCAN_P, SCAN_CLUSTER),
    run=run,
    parameters=(
        Parameter(
            "model",
            "choice",
            "auto",
            "what is expected: from the events' own places and months, from exposure or ground, "
            "or from each place's history; auto takes the first where events have dates",
            choices=("auto", "permutation", "poisson", "expectation"),
        ),
        Parameter(
            "direction",
            "choice",
            "prospective",
            "windows that end in the last month, or any",
            choices=("prospective", "retrospective"),
        ),
        Parameter("spatial", "yes/no", default=False, help="ask where only, not when"),
        Parameter("max_radius_m", "real", None, "no circle is wider", above=0.0),
        Parameter("max_share", "real", 0.1, "no circle holds a larger part of all", above=0.0),
        Parameter("max_months", "integer", 3, "no window is longer", above=0),
        Parameter("replicates", "integer", 999, "maps by chance to compare with", above=0),
        Parameter("alpha", "real", 0.05, "share of false alarms that is accepted", above=0.0),
        Parameter("min_cases", "integer", 3, "no cluster holds fewer events", above=0),
        Parameter("min_events", "integer", 10, "with fewer events nothing is claimed", above=0),
    ),
    by_month=True,
    order=55,
)
