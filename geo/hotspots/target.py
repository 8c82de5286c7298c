"""Target: the ground that another method puts first, as far as patrols reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geo.backtest import score_of
from geo.errors import Problem, ProjectError
from geo.hotspots.claims import Settings, chance, too_few, with_events
from geo.hotspots.method import Evidence, Method, Parameter, Result
from geo.note import Note
from geo.schema import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TARGET = Column("target", "real")
TARGET_RANK = Column("target_rank", "integer")

BUDGET_M2 = 320_000.0
"""What two hours a week reach: eight visits of 15 minutes (Koper 1995), 200 m by 200 m each."""


def read_by(by: str) -> tuple[Method, Mapping[str, Any]]:
    """Read ``kde bandwidth=300``: a method that ranks cells, and its settings.

    Raises ``ProjectError`` where there is no such method or setting.
    """
    from geo.hotspots import methods  # noqa: PLC0415 - which finds this file, too

    name, *words = by.split()
    ranking = {one.name: one for one in methods().values() if one.score and not one.needs_roads}
    if name not in ranking:
        raise _wrong(f"expected a method among {', '.join(ranking)}, found {name!r}")
    known = {one.name: one for one in ranking[name].parameters}
    settings: dict[str, Any] = {}
    for word in words:
        key, _, text = word.partition("=")
        if key not in known:
            raise _wrong(f"expected a setting of {name}, found {word!r}")
        try:
            settings[key] = _value(known[key], text)
        except ValueError:
            raise _wrong(f"expected a value for {key}, found {text!r}") from None
    return ranking[name], settings


def write_by(method: str, settings: Mapping[str, Any]) -> str:
    """Write what ``read_by`` reads."""
    told = (
        f"{key}={str(value).lower() if isinstance(value, bool) else _plain(value)}"
        for key, value in settings.items()
    )
    return " ".join([method, *told])


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(parameter: Parameter, text: str) -> float | int | bool | str:
    if parameter.kind == "real":
        return float(text)
    if parameter.kind == "integer":
        return int(text)
    if parameter.kind == "yes/no":
        return (
            {"true": True, "false": False}[text] if text in ("true", "false") else bool(int(text))
        )
    if parameter.choices and text not in parameter.choices:
        raise ValueError(text)
    return text


def _wrong(what: str) -> ProjectError:
    problem = Problem("[methods.target] by", what, 'by = "kde bandwidth=300"')
    return ProjectError("the target cannot be ranked so", (problem,))


def afforded(score: Floats, around: Ints, area_m2: Floats, budget_m2: float) -> Ints:
    """Give the cells that rank highest, as many as the area pays for (rounded, one at least).

    Of equal scores those with more events ``around`` them go first, then those that come first.
    """
    order = np.lexsort((-around, -np.nan_to_num(score, nan=-np.inf)))
    middle = np.cumsum(area_m2[order]) - area_m2[order] / 2.0
    return order[: max(int((middle <= budget_m2).sum()), 1)]


def run(
    evidence: Evidence,
    *,
    by: str = "count",
    budget_m2: float = BUDGET_M2,
    alpha: float = 0.05,
    min_events: int = 30,
    min_place: int = 3,
) -> Result:
    """Rank cells by another method, and claim the first ones where chance explains the events less.

    ``by`` names the method with its settings; ``budget_m2`` is how much ground can be looked after.
    Of the cells that rank highest on so much ground those are claimed where they and their
    neighbours hold more events than an even spread by ``evidence.share`` explains (exact binomial,
    Benjamini-Hochberg over all cells), in places of at least ``min_place`` events. So a target is
    never larger than the budget, and smaller where the data carry no more. It is where to go first
    with the means there are, not everywhere that something is wrong; a place that just misses it
    differs little from one that is in. ``target`` is the other method's score.
    """
    method, settings = read_by(by)
    ranked = method.run(evidence, **settings)
    score = score_of(method, evidence, ranked)
    asked = Settings(alpha=alpha, min_events=min_events, min_place=min_place)
    cells, n = evidence.cells, evidence.n
    neighbours = cells.neighbours
    by_chance = chance(evidence, neighbours, asked)
    few = too_few(n, "target", asked)
    around = neighbours.sums(n.astype(np.float64)).astype(np.int64)
    first = afforded(score, around, cells.area_m2, budget_m2)
    chosen = np.zeros(len(n), dtype=bool)
    chosen[first] = not few
    chosen &= (by_chance.more > 0) & (by_chance.q < alpha)
    chosen = with_events(chosen, n, neighbours, min_place)
    rank = np.zeros(len(n), dtype=np.int64)
    taken = first[chosen[first]]
    rank[taken] = np.arange(1, len(taken) + 1)
    told = {"ranking": by, "km2": budget_m2 / 1e6, "n": len(taken)}
    return Result(
        columns={TARGET.name: score, TARGET_RANK.name: rank},
        hot=chosen,
        p=by_chance.p,
        q=by_chance.q,
        enough=not few,
        notes=(Note("target_by", told), *few),
        used={
            "by": by,
            "budget_m2": budget_m2,
            "alpha": alpha,
            "min_events": min_events,
            "min_place": min_place,
        },
    )


METHOD = Method(
    name="target",
    summary="The ground that another method puts first, as much as patrols can look after, where "
    "chance does not explain the events.",
    source="Chainey, Tompson & Uhlig (2008); Koper (1995)",
    columns=(TARGET, TARGET_RANK),
    run=run,
    parameters=(
        Parameter("by", "text", "count", 'the method that ranks, as "kde bandwidth=300"'),
        Parameter("budget_m2", "real", BUDGET_M2, "ground that can be looked after", above=0.0),
        Parameter("alpha", "real", 0.05, "share of false claims that is accepted", above=0.0),
        Parameter("min_events", "integer", 30, "with fewer events nothing is claimed", above=0),
        Parameter("min_place", "integer", 3, "no place is hot with fewer events", above=0),
    ),
    needs_points=True,
    points_for=lambda settings: read_by(settings.get("by", "count"))[0].needs_points,
    order=35,
)
