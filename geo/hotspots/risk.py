"""Relative risk: where one kind of event is common beside another, or beside inhabitants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.bandwidths import likelihood_sigma
from geo.exposure import smoothed_rate
from geo.hotspots.kde import cell_width, kde_on_cells, rounded
from geo.hotspots.method import Evidence, Method, Parameter, Points, Result
from geo.kernels import Kernel, as_bandwidth
from geo.note import Note
from geo.schema import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.cells import Cells

    Floats = NDArray[np.float64]

RISK = Column("risk", "real")
KDE_RATE = Column("kde_rate", "real")
EB_RATE = Column("eb_rate", "real")

ALL = "all"
EXPOSURE = "exposure"
_FLOOR = {EXPOSURE: 100.0}
_FLOOR_OF_EVENTS = 10.0
_SAMPLE = 1000
"""More places are not needed to choose a bandwidth; ``likelihood_sigma`` takes no more."""


def relative_risk(
    of: Floats, against: Floats, cells: Cells, *, kernel: Kernel, bandwidth: float, floor: float
) -> tuple[Floats, Floats]:
    """Give each cell's relative risk, and events per unit of what they are held against.

    ``of`` and ``against`` are amounts per cell (events, inhabitants), taken to lie in its centre.
    Both are smoothed with the same kernel and bandwidth (metres); the rate is the ratio of the two
    densities f / g, the risk the ratio of the two shares ``(f / F) / (g / G)`` with the sums F
    and G: 1 is as everywhere (Bithell 1990; Kelsall & Diggle 1995). NaN where the kernel holds
    less than ``floor`` of ``against`` (its density there times the area over which the kernel
    averages, 1 over the integral of its square: 4 pi s^2 or 5 pi h^2 / 9), or where F or G is 0.

    Being a ratio it needs no edge correction: both lose the same part. It is rough where the
    floor is low: with 10 to compare with, chance alone gives factors of two.
    """
    f, g = (
        kde_on_cells(_at_centres(amount, cells), cells, kernel=kernel, bandwidth=bandwidth)
        for amount in (of, against)
    )
    area = np.pi * bandwidth**2 * (5.0 / 9.0 if kernel == "quartic" else 4.0)
    known = (g * area >= floor) & (g > 0.0)
    rate = np.divide(f, g, out=np.full(len(cells), np.nan), where=known)
    totals = float(of.sum()), float(against.sum())
    risk = rate * (totals[1] / totals[0]) if min(totals) > 0 else np.full(len(cells), np.nan)
    return risk, rate


def _at_centres(amount: Floats, cells: Cells) -> Points:
    some = np.flatnonzero(amount)
    return Points(cells.x[some], cells.y[some], np.asarray(amount[some], dtype=np.float64))


def common_sigma(amounts: tuple[Floats, ...], cells: Cells, seed: int) -> float:
    """Choose one standard deviation (metres) for several kinds of events counted in cells.

    The widest of those that each would choose by likelihood, for a ratio is as rough as the
    thinner of its two sides; never narrower than a cell. Events are strewn over their cells at
    random (seeded), because many on one centre would look like one place.
    """
    width = cell_width(cells)
    return max(likelihood_sigma(_strewn(n, cells, width, seed), width) for n in amounts)


def _strewn(amount: Floats, cells: Cells, width: float, seed: int) -> Points:
    rng = np.random.default_rng(seed)
    at = np.repeat(np.arange(len(cells)), amount.astype(np.int64))
    if len(at) > _SAMPLE:
        at = rng.choice(at, _SAMPLE, replace=False)
    x, y = rng.uniform(-width / 2, width / 2, (2, len(at)))
    return Points(cells.x[at] + x, cells.y[at] + y, np.ones(len(at)))


def run(
    evidence: Evidence,
    *,
    of: str | None = None,
    against: str | None = None,
    kernel: Kernel = "quartic",
    bandwidth: float | None = None,
    floor: float | None = None,
    min_events: int = 30,
) -> Result:
    """Compare two densities cell by cell; see ``relative_risk``.

    ``of`` is a family (None: this map's events), ``against`` another, ``all`` families together,
    or ``exposure``, the inhabitants; None takes inhabitants where they are known, else all
    families. ``risk`` is how many times the whole area's average; against inhabitants
    ``kde_rate`` is smoothed events per 1,000 of them over the period, and ``eb_rate`` the same
    cell by cell, drawn to the area's where few live (``geo.exposure.smoothed_rate``; Marshall
    1991): it borrows from all cells, not from those around. Too few events, a family that does
    not occur or the same on both sides leave all cells unknown, and a note says so.

    It claims nothing, and is no test. People are counted where they live, but trouble meets
    them where they go: in a centre with few homes the rate is high for that reason alone.
    """
    cells = evidence.cells
    if against is None:
        against = ALL if evidence.exposure is None else EXPOSURE
    top, bottom = _amount(evidence, of), _amount(evidence, against)
    if floor is None:
        floor = _FLOOR.get(against, _FLOOR_OF_EVENTS)
    note = _hindrance((of, top), (against, bottom), min_events)
    notes = [] if note is None else [note]
    risk = rate = bayes = np.full(len(cells), np.nan)
    if note is None and top is not None and bottom is not None:
        if bandwidth is None:
            sides = (top,) if against == EXPOSURE else (top, bottom)
            bandwidth = rounded(as_bandwidth(kernel, common_sigma(sides, cells, evidence.seed)))
            notes.append(Note("risk_bandwidth", {"bandwidth": bandwidth}))
        risk, rate = relative_risk(
            top, bottom, cells, kernel=kernel, bandwidth=bandwidth, floor=floor
        )
        bayes = smoothed_rate(top, bottom)
        if not np.isfinite(risk).any():
            notes.append(Note("risk_nowhere", {"floor": floor, "radius": bandwidth}, "warning"))
    columns = {RISK.name: risk}
    if evidence.exposure is not None and against == EXPOSURE:
        columns[KDE_RATE.name] = rate * 1000.0
        columns[EB_RATE.name] = bayes
    return Result(
        columns=columns,
        enough=note is None or note.level == "info",
        notes=tuple(notes),
        used={
            "of": of,
            "against": against,
            "kernel": kernel,
            "bandwidth": bandwidth,
            "floor": floor,
            "min_events": min_events,
        },
    )


def _amount(evidence: Evidence, name: str | None) -> Floats | None:
    """Give what a name stands for, per cell; None where it is not there."""
    if name is None:
        return evidence.n.astype(np.float64)
    if name == EXPOSURE:
        return evidence.exposure
    if name == ALL:
        together = sum(evidence.families.values(), np.zeros(len(evidence.cells), dtype=np.int64))
        return (together if together.any() else evidence.n).astype(np.float64)
    found = evidence.families.get(name)
    return None if found is None else found.astype(np.float64)


def _hindrance(
    of: tuple[str | None, Floats | None], against: tuple[str, Floats | None], least: int
) -> Note | None:
    """Say why the two cannot be compared; None where they can."""
    amounts = []
    for name, amount in (of, against):
        if name == EXPOSURE and (amount is None or not amount.any()):
            return Note("risk_no_exposure", {}, "warning")
        if amount is None:
            return Note("risk_no_family", {"family": name}, "warning")
        amounts.append(amount)
    if np.array_equal(amounts[0], amounts[1]):
        return Note("risk_same")
    events = [a for a, name in zip(amounts, (of[0], against[0]), strict=True) if name != EXPOSURE]
    fewest = int(min(a.sum() for a in events))
    if fewest >= least:
        return None
    return Note("too_few_events", {"method": "risk", "n": fewest, "needed": least}, "warning")


METHOD = Method(
    name="risk",
    summary="Relative risk: how common one kind of event is beside another, beside all, or per "
    "inhabitant, in times the area's average. Claims nothing.",
    source="Bithell (1990); Kelsall & Diggle (1995); Marshall (1991)",
    columns=(RISK, KDE_RATE, EB_RATE),
    run=run,
    parameters=(
        Parameter("of", "text", None, "a family; by default the map's own events"),
        Parameter(
            "against",
            "text",
            None,
            "a family, all, or exposure (inhabitants, which are taken where they are known)",
        ),
        Parameter(
            "kernel", "choice", "quartic", "shape of the kernel", choices=("quartic", "gaussian")
        ),
        Parameter("bandwidth", "real", None, "of both densities, metres; as of kde", above=0.0),
        Parameter(
            "floor",
            "real",
            None,
            "cells whose kernel holds less to compare with are left blank (10 events, 100 "
            "inhabitants)",
            above=0.0,
        ),
        Parameter("min_events", "integer", 30, "with fewer events nothing is shown", above=0),
    ),
    by_family=True,
    own=("bandwidth",),
    order=25,
)
