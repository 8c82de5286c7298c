"""How unevenly events lie over an area: the 80-20 curve, Gini, and what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_SUMS = 20_000_000
"""Counts that are laid by chance in all, a few seconds; then fewer replicates."""
_LEAST_REPLICATES = 39


@dataclass(frozen=True, eq=False)
class Curve:
    """Share of the events against share of the area, densest ground first; from (0, 0) to (1, 1).

    Between the corners events lie evenly over each cell. Source: Lorenz (1905), turned so that it
    runs above the diagonal.
    """

    area: Floats
    events: Floats

    def on_top(self, share: float) -> float:
        """Give the share of the events on the densest ``share`` of the area, exactly that much."""
        return float(np.interp(share, self.area, self.events))

    def to_hold(self, share: float) -> float:
        """Give the least share of the area that holds ``share`` of the events."""
        # A curve that has reached 1 runs on level over empty ground: its first point counts.
        rising = np.concatenate([[True], np.diff(self.events) > 0])
        return float(np.interp(share, self.events[rising], self.area[rising]))

    @property
    def gini(self) -> float:
        """Twice the area between curve and diagonal: 0 where even, towards 1 where in one place."""
        between = np.diff(self.area) * (self.events[1:] + self.events[:-1])
        return max(float(between.sum()) - 1.0, 0.0)


def curve(n: Ints | Floats, area_m2: Floats) -> Curve:
    """Sort cells by density and add up; cells of no area and no events change nothing.

    Raises ``ValueError`` where there are no events, no area, or a negative number.
    """
    n, area = np.asarray(n, dtype=np.float64), np.asarray(area_m2, dtype=np.float64)
    if (n < 0).any() or (area < 0).any() or not n.sum() > 0 or not area.sum() > 0:
        raise ValueError("expected events and areas, none negative and not all 0")
    some = np.flatnonzero(n)  # of the empty ground only its size matters
    order = some[np.argsort(-n[some] / np.maximum(area[some], 1e-300), kind="stable")]
    return Curve(
        np.concatenate([[0.0], np.cumsum(area[order]) / area.sum(), [1.0]]),
        np.concatenate([[0.0], np.cumsum(n[order]) / n.sum(), [1.0]]),
    )


def generalised_gini(gini: float, events: float, places: float) -> float:
    """Adjust Gini for fewer events than places, where not even the most even spread gives 0.

    ``max(places / events, 1) (G - 1) + 1``: 0 where every event has a place of its own.
    Source: Bernasco & Steenbeek (2017). It does not take away what chance alone brings
    together: events that fall anywhere share places now and then, see :func:`chance`.
    """
    return max(places / events, 1.0) * (gini - 1.0) + 1.0


def places(area_m2: Floats) -> float:
    """Give how many of the largest cells make up the area: the places of ``generalised_gini``.

    On a lattice the largest cell is a whole one, and then Gini cannot be less than 1 - events /
    places. Where cells differ much this is few, and little is adjusted.
    """
    area = np.asarray(area_m2, dtype=np.float64)
    return float(area.sum() / area.max())


@dataclass(frozen=True, slots=True)
class Concentration:
    """The numbers of one curve. ``top`` by share of area, ``holding`` by share of events."""

    gini: float
    gini_adjusted: float
    top: tuple[float, ...]
    holding: tuple[float, ...]


TOP = (0.01, 0.02, 0.05)
HOLDING = (0.5, 0.8)


def concentration(n: Ints | Floats, area_m2: Floats) -> Concentration:
    """Measure how concentrated events are: Gini, on the top 1, 2, 5 %, area holding 50, 80 %.

    Compare only with what :func:`chance` gives for as many events over the same cells: a hundred
    events can lie in no more than a hundred of ten thousand cells, so a "law of concentration"
    holds for any few of them. Smaller cells give greater concentration, too.
    """
    line = curve(n, area_m2)
    gini = line.gini
    return Concentration(
        gini,
        generalised_gini(gini, float(np.sum(n)), places(area_m2)),
        tuple(line.on_top(share) for share in TOP),
        tuple(line.to_hold(share) for share in HOLDING),
    )


@dataclass(frozen=True, slots=True)
class Chance:
    """What events that fall by chance give: the mean, and of Gini p and the range of 95 %."""

    mean: Concentration
    gini_low: float
    gini_high: float
    p: float
    replicates: int


def chance(
    n: Ints, area_m2: Floats, share: Floats, *, replicates: int = 199, seed: int = 1
) -> Chance:
    """Let as many events fall by ``share`` over the cells, again and again, and measure each time.

    ``p`` is the chance that Gini comes out at least as great, (1 + r) / (1 + R). With many events
    over many cells fewer replicates are made than asked for, by their number alone.
    """
    total = int(np.sum(n))
    done = max(min(replicates, int(_SUMS / max(len(n), 1))), min(replicates, _LEAST_REPLICATES))
    rng = np.random.default_rng(seed)
    edges = np.cumsum(share) / np.sum(share)

    def lay() -> Ints:
        if total > len(edges):
            return rng.multinomial(total, np.diff(edges, prepend=0.0))
        at = np.searchsorted(edges[:-1], rng.random(total), side="right")
        return np.bincount(at, minlength=len(edges))

    laid = [concentration(lay(), area_m2) for _ in range(done)]
    gini = np.array([one.gini for one in laid])
    reached = int((gini >= curve(n, area_m2).gini - 1e-12).sum())
    low, high = np.quantile(gini, [0.025, 0.975])
    mean = Concentration(
        float(gini.mean()),
        float(np.mean([one.gini_adjusted for one in laid])),
        tuple(np.mean([one.top for one in laid], axis=0).tolist()),
        tuple(np.mean([one.holding for one in laid], axis=0).tolist()),
    )
    return Chance(mean, float(low), float(high), (1 + reached) / (1 + done), done)
