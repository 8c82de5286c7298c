"""Describes when a whole map has more events than its clock and calendar explain, for the page."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from maps import phrases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from maps.packing import Streams
    from maps.situation import View
    from maps.words import Words

CONTRASTS = ("dark", "dark_same_clock", "public", "school")
"""What days and hours are compared by, in the order of the page; the weather's after them."""

MOST_RUNS = 6
"""Runs of hours that are told in words; the chart marks all of them."""

_TENTHS = 10
_CERTAIN = 0.05
_RATIOS = ("ratio", "low", "high")


def rhythm_of(view: View, words: Words, streams: Streams) -> dict[str, Any] | None:
    """Describe the hours and months of a map, and how dark and free days compare with others.

    Counts are streams with ``unit`` to one, ``hot`` the positions of what is beyond chance. None
    where the method was not asked or could say nothing.
    """
    facts = view.facts.get("rhythm", {})
    hours, months = facts.get("hours"), facts.get("months")
    if not hours and not months:
        return None
    names = words.entries["months"]
    return {
        "hours": hours and _profile(hours, streams),
        "months": months and _profile(months, streams) | {"labels": list(names)},
        "more": more_of(facts, words),
        "contrasts": [
            _contrast(label, found, words) for _, label, found in contrasts_of(facts, words)
        ],
    }


def more_of(facts: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Write what holds more than chance explains; empty texts where nothing does."""
    return {
        "clock": _clock(_hot(facts.get("clock"))),
        "weekdays": _spans(facts.get("weekdays"), words.entries["weekdays_short"]),
        "hours": hours_said(_hot(facts.get("hours")), words),
        "months": _spans(facts.get("months"), words.entries["months"]),
    }


def rhythm_said(view: View, words: Words) -> str:
    """Write when a map has more than chance explains, in a line; empty where nobody asked."""
    facts = view.facts.get("rhythm", {})
    if "clock" not in facts and "months" not in facts:
        return ""
    more = more_of(facts, words)
    told = [f"{words(f'page.script.rhythm.{key}')} {text}" for key, text in more.items() if text]
    if not told:
        return words("page.script.rhythm.none")
    return f"{words('page.script.rhythm.more')}: {'; '.join(told)}."


def hours_said(hot: ArrayLike, words: Words) -> str:
    """Write hours of the week (positions, Monday 00 first) as runs: ``fre–lör 20–24, sön 02–03``.

    At most ``MOST_RUNS``, the longest ones; empty where there is none.
    """
    week = np.zeros(7 * 24, dtype=bool)
    week[np.asarray(hot, dtype=np.int64)] = True
    days: dict[tuple[int, int], list[int]] = {}
    for day, row in enumerate(week.reshape(7, 24)):
        for run in _runs(np.flatnonzero(row).tolist()):
            days.setdefault(run, []).append(day)
    found = [(run, span) for run, held in days.items() for span in _runs(held)]
    found.sort(key=lambda one: (-_length(one[0]) * _length(one[1]), one[1], one[0]))
    short = words.entries["weekdays_short"]
    told = [
        f"{_between(short, *span)} {_between_hours(*run)}"
        for run, span in sorted(found[:MOST_RUNS], key=lambda one: (one[1], one[0]))
    ]
    more = len(found) - len(told)
    return ", ".join([*told, *([words("page.rhythm.more", n=more)] if more else [])])


def _clock(hot: Sequence[int]) -> str:
    """Write hours of the day as runs, one over midnight as one: ``07–09, 20–02``."""
    runs = _runs(hot)
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][1] == 23:  # noqa: PLR2004 - the last hour
        runs = [*runs[1:-1], (runs[-1][0], runs[0][1])]
    return ", ".join(_between_hours(*run) for run in runs)


def _length(run: tuple[int, int]) -> int:
    return run[1] - run[0] + 1


def _spans(profile: Mapping[str, Any] | None, names: Sequence[str]) -> str:
    """Write the days or months that have more than expected; empty where none has."""
    return ", ".join(_between(names, *span) for span in _runs(_hot(profile)))


def _between(names: Sequence[str], first: int, last: int) -> str:
    return names[first] if first == last else f"{names[first]}–{names[last]}"


def _between_hours(first: int, last: int) -> str:
    return f"{first:02d}–{last + 1:02d}"


def _hot(profile: Mapping[str, Any] | None) -> list[int]:
    marks = () if profile is None else profile["mark"]
    return [i for i, mark in enumerate(marks) if mark > 0]


def _runs(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Join neighbours: first and last of each run."""
    groups = groupby(enumerate(positions), key=lambda one: one[1] - one[0])
    runs = [[position for _, position in run] for _, run in groups]
    return [(run[0], run[-1]) for run in runs]


def _profile(profile: Mapping[str, Any], streams: Streams) -> dict[str, Any]:
    n = np.asarray(profile["n"], dtype=np.float64)
    unit = 1 if (n == np.rint(n)).all() else _TENTHS
    return {
        "unit": unit,
        "n": streams.add(np.rint(n * unit)),
        "hot": streams.add(_hot(profile), deltas=True),
    }


def _ratio(value: float, words: Words, *, sure: bool) -> str:
    """Write a ratio; what is surely not 1 is not written as 1,0."""
    if not math.isfinite(value):
        return "∞"
    return words.number(value, 2) if sure and round(value, 1) == 1 else phrases.times(value, words)


def contrasts_of(
    facts: Mapping[str, Any], words: Words
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give each kind of time that was compared with the rest: its key, its name, what was found."""
    for kind in (*CONTRASTS, *(key for key in facts if key.startswith("weather_"))):
        if kind in facts:
            label = f"page.rhythm.when.{kind}"
            said = words(label) if words.has(label) else kind.removeprefix("weather_")
            yield kind, said, facts[kind]


def _contrast(label: str, found: Mapping[str, Any], words: Words) -> list[str]:
    """Set one kind of time beside the rest: its name, its events, and what that is in words."""
    key = "same"
    if found["p"] < _CERTAIN:
        key = "greater" if found["ratio"] > 1 else "fewer"
    told = {part: _ratio(found[part], words, sure=key != "same") for part in _RATIOS}
    return [
        label,
        words.number(found["n"]),
        words(f"page.rhythm.{key}", **told),
    ]
