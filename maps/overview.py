"""Sentences about a whole map: how concentrated, whether it grows, where kinds of trouble meet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from maps import phrases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maps.situation import View
    from maps.words import Words

_CERTAIN = 0.05
_LEAST_PERCENT = 0.1
_NEARLY_ALL = 0.9
"""Where chance puts so much on one per cent of the area, there are too few events to compare."""


def sentences(view: View, words: Words) -> list[str]:
    """Say what the methods found out about the map as a whole, and what they could not tell."""
    told = {"concentration": _concentration, "change": _change, "joint": _joint}
    found = [
        sentence
        for method, tell in told.items()
        if method in view.facts
        for sentence in tell(view, view.facts[method], words)
    ]
    # Methods that lack the same say so once.
    return list(dict.fromkeys([*found, *(words.note(note) for note in view.limits)]))


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


def _percent(share: float, words: Words) -> str:
    """Write a share as per cent with two figures: ``0,4``, ``12``; a little is not nothing."""
    percent = 100 * share
    if 0 < percent < _LEAST_PERCENT / 2:
        return f"<\u00a0{words.number(_LEAST_PERCENT, 1)}"
    return words.number(percent, 1 if percent < 10 else 0)  # noqa: PLR2004 - two figures
