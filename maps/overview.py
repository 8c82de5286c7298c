"""Sentences about a whole map: how concentrated, whether it grows, where kinds of trouble meet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.forecasts.trial import BASELINE
from maps import phrases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maps.situation import View
    from maps.words import Words

_CERTAIN = 0.05
_LEAST_PERCENT = 0.1
_WHOLE_KM = 10
_NEARLY_ALL = 0.9
"""Where chance puts so much on one per cent of the area, there are too few events to compare."""
_SAME_M = 1.0
"""So near is the same place."""


def sentences(view: View, words: Words) -> list[str]:
    """Say what the methods found out about the map as a whole, and what they could not tell."""
    told = {
        "concentration": _concentration,
        "change": _change,
        "joint": _joint,
        "emerging": _emerging,
        "near_repeat": _near_repeat,
        "network_kde": _streets,
        "forecast": _forecast,
    }
    found = [
        sentence
        for method, tell in told.items()
        if method in view.facts
        for sentence in tell(view, view.facts[method], words)
    ]
    # Methods that lack the same say so once, and not again below the map's own warning.
    warned = {note.key for note in view.notes if note.level == "warning"}
    limits = (words.note(note) for note in view.limits if note.key not in warned)
    return list(dict.fromkeys([*found, *limits]))


def _concentration(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    del view
    certain = facts["gini_p"] < _CERTAIN
    said = words(
        "overview.concentrated" if certain else "overview.even",
        half=_percent(facts["area_50"], words),
        half_even=_percent(facts["area_50_even"], words),
    )
    if certain and facts["top_1_even"] < _NEARLY_ALL:
        top, by_chance = (_percent(facts[name], words) for name in ("top_1", "top_1_even"))
        said += " " + words("overview.top", top=top, top_even=by_chance)
    yield said


def _change(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    del view
    yield words("overview.change", said=phrases.compared(facts, facts, words))


def _joint(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    both = int((np.asarray(view.columns["joint_class"]) == "both").sum())
    yield words("overview.both", n=both) if both else words("overview.not_both")
    if "sites_ratio" in facts and math.isfinite(facts["sites_ratio"]):
        ratio = facts["sites_ratio"]
        key = "sites" if ratio > 1 else "sites_less"
        key = key if facts["sites_p"] < _CERTAIN else "sites_same"
        key += "_exposure" if facts.get("by") == "exposure" else ""
        yield words(f"overview.{key}", ratio=phrases.times(ratio, words))


def _emerging(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    del view
    months = phrases.month_run(facts["months"], words)
    found = [
        words(f"overview.emerging_{key}", n=n)
        for key in ("new", "persistent", "recurring", "former")
        if (n := facts["summary"].get(key, 0))
    ]
    if found:
        yield words("overview.emerging", months=months, found=", ".join(found))
    else:
        yield words("overview.not_emerging", months=months)


def _near_repeat(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Tell how often the nearest and soonest events follow that chance does not explain."""
    sure = np.argwhere(np.asarray(facts["significant"], dtype=bool)).tolist()
    if not sure:
        yield words("overview.not_near_repeat")
        return
    row, column = min(sure, key=lambda at: (sum(at), at))
    (nearest, metres), (first, days) = (
        facts[name][at : at + 2] for name, at in (("distance_m", row), ("days", column))
    )
    place = "same" if metres <= _SAME_M else "within" if nearest <= _SAME_M else "ring"
    said = words(
        "overview.near_repeat",
        ratio=phrases.times(facts["ratio"][row][column], words),
        near=words(f"overview.near_repeat_{place}", first=nearest, metres=metres),
        soon=words(f"overview.near_repeat_{'later' if first else 'soon'}", first=first, n=days),
    )
    watched = any(alert.method == "near_repeat" for alert in view.alerts)
    yield said if watched else f"{said} {words('overview.not_watched')}"


def _streets(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    if view.streets is None:
        return
    hot = float(view.streets.length_m[view.streets.hot].sum()) / 1000
    km = words.number(facts["length_km"], 0 if facts["length_km"] >= _WHOLE_KM else 1)
    if hot > 0:
        yield words("overview.streets", hot=words.number(hot, 1), km=km)
    else:
        yield words("overview.no_streets", km=km)


def _forecast(view: View, facts: Mapping[str, Any], words: Words) -> Iterator[str]:
    del view
    total, low, high = (
        words.number(round(facts[name])) for name in ("total", "total_low", "total_high")
    )
    key = "average" if facts["model"] == BASELINE else "not_better"
    yield " ".join(
        (
            words(
                "overview.forecast",
                month=words.month(facts["month"]),
                total=total,
                low=low,
                high=high,
                level=round(100 * facts["level"]),
            ),
            words(f"overview.forecast_{'better' if facts['better'] else key}"),
        )
    )


def _percent(share: float, words: Words) -> str:
    """Write a share as per cent with two figures: ``0,4``, ``12``; a little is not nothing."""
    percent = 100 * share
    if 0 < percent < _LEAST_PERCENT / 2:
        return f"<\u00a0{words.number(_LEAST_PERCENT, 1)}"
    return words.number(percent, 1 if percent < 10 else 0)  # noqa: PLR2004 - two figures
