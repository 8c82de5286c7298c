"""Change: where the latest months hold more or less than the same months of earlier years."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.hotspots.claims import with_events
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.months import month_text
from geo.note import Note
from geo.rates import can_tell, e_test_p, exact_p, rate_ratio
from geo.schema import Column
from geo.significance import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHANGE_N = Column("change_n", "integer")
CHANGE_BASE = Column("change_base", "real")
CHANGE_RATIO = Column("change_ratio", "real")
CHANGE_LOW = Column("change_low", "real")
CHANGE_HIGH = Column("change_high", "real")
CHANGE_P = Column("change_p", "real")
CHANGE_E_P = Column("change_e_p", "real")
CHANGE_Q = Column("change_q", "real")
CHANGE_CLASS = Column("change_class", "text")

_YEAR = 12


@dataclass(frozen=True, eq=False)
class Changes:
    """Two counts of each place against each other; all arrays are parallel to the places.

    ``expected`` is what the base gives for as many days as now, with the change that is no news.
    ``ratio`` is n over expected, from ``low`` to ``high`` (each place for itself): the exact test's
    interval, which leaves 1 out just where ``p``, exact too, is below alpha. ``p_e`` is the
    E-test's: where that decides, the interval is still the exact test's and may hold 1 although a
    change is claimed. ``q`` is Benjamini-Hochberg over the places that can tell (NaN elsewhere).
    ``label`` is ``up``, ``down`` or ``same`` (no change that chance does not explain), or
    ``few``: whatever had happened with so few events, one could not tell.
    """

    expected: Floats
    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    p_e: Floats
    q: Floats
    label: NDArray[np.str_]


def compare_places(
    now: Ints,
    base: Ints,
    days_now: float,
    days_base: float,
    *,
    null_ratio: float = 1.0,
    alpha: float = 0.05,
    test: str = "exact",
) -> Changes:
    """Compare counts now with counts in a base period, place by place.

    ``null_ratio`` is the change that is no news (the area's own, say): expected counts hold it, so
    that a ratio of 1 is as much as expected. ``test`` (``exact`` or ``e-test``) decides q and the
    label.

    Places that were chosen because they hold many events now tend to show a rise that is none
    (regression towards the mean). For hotspots of a whole year against three months it is little:
    of 1,259 such places without any change 10 were ``up``, on 3 % of 300 maps.
    """
    expected = np.asarray(base * (null_ratio * days_now / days_base), dtype=np.float64)
    ratio, low, high = (
        part / null_ratio for part in rate_ratio(now, base, days_now, days_base, alpha)
    )
    p = exact_p(now, base, days_now, days_base, null_ratio)
    p_e = e_test_p(now, base, days_now, days_base, null_ratio)
    deciding = e_test_p if test == "e-test" else exact_p
    telling = can_tell(now + base, days_now, days_base, null_ratio, alpha, test=deciding)
    q = benjamini_hochberg(np.where(telling, p_e if test == "e-test" else p, np.nan))
    label = np.where(telling, np.where(now > expected, "up", "down"), "few")
    label[telling & (q >= alpha)] = "same"
    return Changes(expected, ratio, low, high, p, p_e, q, label)


def days(first: int, last: int) -> int:
    """Count the days of the months from first to last, both included (``geo.months``)."""
    start, end = (np.datetime64(month - 1970 * _YEAR, "M") for month in (first, last + 1))
    return int((end.astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Base:
    """What the latest months are compared with.

    ``seasons`` tells whether the ``periods`` are the same months of earlier years. ``dropped``
    counts those that the data reach back to and that hold a month of which nothing is known.
    """

    periods: tuple[tuple[int, int], ...]
    seasons: bool
    dropped: int


def base_periods(first: int, last: int, known: Collection[int], years: int) -> Base:
    """Choose what the months ``first`` to ``last`` are compared with, of the ``known`` months.

    The same months one to ``years`` years earlier, as far as the data reach, so that the seasons
    cancel. A period of more than a year steps back by as many whole years as it fills, so that no
    two overlap. Where no such period is known: the months right before, a year at most, as far as
    all of them are known. No period where the month before is not.
    """
    step = _YEAR * ceil((last - first + 1) / _YEAR)
    reaches = min(known, default=first)
    same = [(first - step * k, last - step * k) for k in range(1, years + 1)]
    same = [period for period in same if period[0] >= reaches]
    whole = tuple(period for period in same if _holes(*period, known) == [])
    dropped = len(same) - len(whole)
    if whole:
        return Base(whole, seasons=True, dropped=dropped)
    start = max([first - _YEAR - 1, *_holes(first - _YEAR, first - 1, known)]) + 1
    return Base(((start, first - 1),) if start < first else (), seasons=False, dropped=dropped)


def _holes(first: int, last: int, known: Collection[int]) -> list[int]:
    """List the months from first to last of which nothing is known."""
    return [month for month in range(first, last + 1) if month not in known]


def run(
    evidence: Evidence,
    *,
    months: int = 3,
    years: int = 3,
    against: str = "own",
    test: str = "exact",
    alpha: float = 0.05,
    min_place: int = 3,
) -> Result:
    """Compare each cell with its neighbours now with the same ground in the base periods.

    A single cell holds too few events to say anything, so cells are pooled with their neighbours
    as Gi* does: the counts overlap, and the change may lie in the cell beside. Exposure is days.
    ``against`` says what is no news: ``own`` that the cell stays as it was, so that a rise of all
    reporting shows as a rise everywhere; ``area`` that the cell changes as the whole area does,
    whose ratio is then taken as known (conservative, as the cell is a part of the area).

    Only cells that hold enough in all to tell anything are tests; the others are ``few``. ``hot``
    are the cells that went up, where the place has ``min_place`` events now.

    Months outside ``evidence.known`` are not months in which nothing happened: where the latest
    months hold one nothing is compared, and a base period that holds one is left out; both are
    said. Without ``known`` all months from the first event here to the last are taken as known. The
    first and last month of the data count with all their days, though an extract may begin or end
    in the middle of one: then that month seems to hold less.

    Events without a date are not counted. A change in reporting looks like a change in trouble, and
    so does a place that was picked because it was unusual (regression towards the mean).
    """
    used = {
        "months": months,
        "years": years,
        "against": against,
        "test": test,
        "alpha": alpha,
        "min_place": min_place,
    }
    cube = evidence.cube
    if cube is None or cube.span is None or evidence.months is None:
        return _nothing(evidence, Note("change_no_months", {}, "warning"), used)
    last = evidence.months[1]
    first = last - months + 1
    known = evidence.known_months
    if last > max(known):
        ends = Note("change_ends", {"month": month_text(max(known))}, "warning")
        return _nothing(evidence, ends, used)
    base_of = base_periods(first, last, known, years)
    periods, missing = base_of.periods, _holes(first, last, known)
    gaps = [Note("change_gaps", {"n": base_of.dropped}, "warning")] if base_of.dropped else []
    if min(known) > first or not (missing or periods):
        no_base = Note("change_no_base", {"n": months}, "warning")
        return _nothing(evidence, no_base, used, *gaps)
    if missing:
        hole = Note("change_hole", {"month": month_text(missing[0])}, "warning")
        return _nothing(evidence, hole, used)
    days_now, days_base = days(first, last), sum(days(*period) for period in periods)
    own = cube.select(months=(first, last)).per_cell()[0]
    was = np.sum([cube.select(months=period).per_cell()[0] for period in periods], axis=0)
    total, total_was = int(own.sum()), int(was.sum())
    notes = [
        Note(
            "change_periods" if base_of.seasons else "change_before",
            {"n": months, "years": len(periods)},
        ),
        *gaps,
    ]
    null_ratio = 1.0
    if against == "area":
        if not (total and total_was):
            few = Note("change_too_few", {"n": total + total_was}, "warning")
            return _nothing(evidence, few, used, *gaps)
        null_ratio = total / total_was * days_base / days_now
    neighbours = evidence.cells.neighbours
    now, base = (
        np.rint(neighbours.sums(n.astype(np.float64))).astype(np.int64) for n in (own, was)
    )
    changes = compare_places(
        now, base, days_now, days_base, null_ratio=null_ratio, alpha=alpha, test=test
    )
    enough = bool((changes.label != "few").any())
    if not enough:
        notes.append(Note("change_too_few", {"n": total + total_was}, "warning"))
    whole = compare_places(
        np.array([total]), np.array([total_was]), days_now, days_base, alpha=alpha, test=test
    )
    tested = np.where(np.isnan(changes.q), 1.0, changes.p_e if test == "e-test" else changes.p)
    return Result(
        columns=_columns(now, changes),
        hot=with_events(changes.label == "up", own, neighbours, min_place),
        p=tested,
        q=np.where(np.isnan(changes.q), 1.0, changes.q),
        enough=enough,
        notes=tuple(notes),
        facts={
            "n": total,
            "base": total_was,
            "months": (first, last),
            "base_months": periods,
            "days": days_now,
            "base_days": days_base,
            "expected": float(whole.expected[0]),
            "ratio": float(whole.ratio[0]),
            "low": float(whole.low[0]),
            "high": float(whole.high[0]),
            "p": float(whole.p[0]),
            "p_e": float(whole.p_e[0]),
            "class": str(whole.label[0]),
            "null_ratio": null_ratio,
            "alpha": alpha,
            "test": test,
        },
        used=used,
    )


def _columns(now: Ints, changes: Changes) -> dict[str, NDArray[Any]]:
    """Name the columns; a ratio or an end of its interval without a number is empty (NaN)."""
    ratio, high = (
        np.where(np.isfinite(value), value, np.nan) for value in (changes.ratio, changes.high)
    )
    return {
        CHANGE_N.name: now,
        CHANGE_BASE.name: changes.expected,
        CHANGE_RATIO.name: ratio,
        CHANGE_LOW.name: changes.low,
        CHANGE_HIGH.name: high,
        CHANGE_P.name: changes.p,
        CHANGE_E_P.name: changes.p_e,
        CHANGE_Q.name: changes.q,
        CHANGE_CLASS.name: changes.label,
    }


def _nothing(evidence: Evidence, note: Note, used: dict[str, Any], *more: Note) -> Result:
    """Answer that nothing can be compared: every column is empty, the counts too (NaN)."""
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
        notes=(note, *more),
        used=used,
    )


METHOD = Method(
    name="change",
    summary="Cells that with their neighbours hold more or less than in earlier years.",
    source="Przyborowski & Wilenski (1940); Krishnamoorthy & Thomson (2004); "
    "Benjamini & Hochberg (1995)",
    columns=(
        CHANGE_N,
        CHANGE_BASE,
        CHANGE_RATIO,
        CHANGE_LOW,
        CHANGE_HIGH,
        CHANGE_P,
        CHANGE_E_P,
        CHANGE_Q,
        CHANGE_CLASS,
    ),
    run=run,
    parameters=(
        Parameter("months", "integer", 3, "how many of the latest months are now", above=0),
        Parameter(
            "years", "integer", 3, "how many earlier years are the base, as data reach", above=0
        ),
        Parameter(
            "against",
            "choice",
            "own",
            "what is no news: own level kept, or the area's own change",
            choices=("own", "area"),
        ),
        Parameter(
            "test",
            "choice",
            "exact",
            "which test decides; the E-test finds more, its level is approximate",
            choices=("exact", "e-test"),
        ),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter(
            "min_place", "integer", 3, "no place is hot with fewer events of its own", above=0
        ),
    ),
    by_month=True,
    order=60,
)
