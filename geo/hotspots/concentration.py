"""Concentration: how much of the trouble lies on how little of the ground."""

from __future__ import annotations

import numpy as np

from geo.concentration import HOLDING, TOP, chance, concentration, curve
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.note import Note

_STEPS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Shares of the area at which the curve is told; it bends most where they are close."""


def run(evidence: Evidence, *, replicates: int = 99, min_events: int = 30) -> Result:
    """Give facts about the whole map, beside what events that fall by chance would give.

    ``gini``, ``gini_adjusted`` (Bernasco & Steenbeek 2017), ``top_1``, ``top_2``, ``top_5`` (share
    of the events on so many per cent of the area), ``area_50``, ``area_80`` (share of the area that
    holds so many per cent of the events); each also as ``..._even``: the mean over events that fall
    by ``evidence.share``. ``gini_even_low`` and ``gini_even_high`` hold 95 % of those, ``gini_p``
    says how often chance gives as much. ``curve`` are pairs of shares, area and events. Claims no
    hotspot: events can be concentrated without a place that stands out, and the reverse.
    """
    n, area_m2 = evidence.n, evidence.cells.area_m2
    total = int(n.sum())
    used = {"replicates": replicates, "min_events": min_events}
    if total < min_events:
        few = Note("concentration_too_few", {"n": total, "needed": min_events}, "warning")
        return Result({}, enough=False, notes=(few,), used=used)
    found = concentration(n, area_m2)
    by_chance = chance(n, area_m2, evidence.share, replicates=replicates, seed=evidence.seed)
    facts = {"n": total, "gini_p": by_chance.p, "replicates": by_chance.replicates}
    facts |= {"gini_even_low": by_chance.gini_low, "gini_even_high": by_chance.gini_high}
    for ending, one in (("", found), ("_even", by_chance.mean)):
        facts |= {f"gini{ending}": one.gini, f"gini_adjusted{ending}": one.gini_adjusted}
        facts |= {f"top_{s:.0%}"[:-1] + ending: v for s, v in zip(TOP, one.top, strict=True)}
        facts |= {
            f"area_{s:.0%}"[:-1] + ending: v for s, v in zip(HOLDING, one.holding, strict=True)
        }
    line = curve(n, area_m2)
    told = np.interp(_STEPS, line.area, line.events)
    points = tuple(zip(_STEPS, told.tolist(), strict=True))
    return Result({}, facts={**facts, "curve": points}, used=used)


METHOD = Method(
    name="concentration",
    summary="Share of the events on the densest ground, Gini, and what chance gives. No places.",
    source="Lorenz (1905); Bernasco & Steenbeek (2017)",
    columns=(),
    run=run,
    parameters=(
        Parameter("replicates", "integer", 99, "maps that are laid by chance", above=0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is said", above=0),
    ),
    order=90,
)
