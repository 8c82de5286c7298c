"""Gives the rows of the tables of time: when it happens, and what comes back near and soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maps import phrases
from maps.rhythm import contrasts_of
from maps.styles import yes_no

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from maps.situation import Situation, View
    from maps.words import Words

PROFILES = {"hours": "by_hour", "clock": "clock", "weekdays": "weekdays", "months": "months"}
"""What a rhythm compares item by item, and the page's word for it."""

Row = dict[str, Any]


def key_words(situation: Situation, words: Words) -> dict[str, dict[str, str]]:
    """Say the keys of these tables' columns in words."""
    profiles = {name: words(f"page.script.rhythm.{word}") for name, word in PROFILES.items()}
    return {
        "family": phrases.map_names(words, situation),
        "profile": profiles | {"contrasts": words("page.script.rhythm.contrasts")},
        "mark": {str(i): words(f"classes.mark_{i}".replace("-", "m")) for i in (1, 0, -1)},
        "significant": yes_no("significant", words),
    }


def rhythm_rows(situation: Situation, words: Words) -> list[Row]:
    """Give what a rhythm says of every map, as the columns of ``geo.schema.RHYTHM``.

    ``item`` is a key: of hours the weekday (1 is Monday) and the hour, as ``5-22``; of the clock
    the hour; of weekdays and months their number from 1; of contrasts the kind of time. Profiles
    have ``q``, contrasts ``p`` and an interval of the ratio; ``mark`` is 1 or -1 for what chance
    does not explain.
    """
    return [row for view in situation.views for row in _rhythm(view, words)]


def _rhythm(view: View, words: Words) -> Iterator[Row]:
    facts = view.facts.get("rhythm", {})
    nothing = {"family": view.family, "ratio_low": None, "ratio_high": None, "p": None, "q": None}
    for profile in PROFILES:
        found = facts.get(profile, {})
        for i, row in enumerate(zip(*found.values(), strict=True)):
            item, label = _item(profile, i, words)
            told = dict(zip(found, row, strict=True))
            yield nothing | told | {"profile": profile, "item": item, "label": label}
    for kind, label, found in contrasts_of(facts, words):
        yield nothing | {"item": kind, "label": label} | _contrast(found)


def _item(profile: str, i: int, words: Words) -> tuple[str, str]:
    """Give the key of a part of a profile, and what people call it."""
    if profile == "weekdays":
        return str(i + 1), words.entries["weekdays"][i]
    if profile == "months":
        return str(i + 1), words.entries["months"][i]
    day, hour = divmod(i, 24)
    clock = f"{hour:02d}–{hour + 1:02d}"
    if profile == "clock":
        return str(hour), clock
    return f"{day + 1}-{hour}", f"{words.entries['weekdays_short'][day]} {clock}"


def _contrast(found: Mapping[str, Any]) -> Row:
    return {
        "profile": "contrasts",
        **{name: found[name] for name in ("n", "expected", "ratio", "p")},
        "ratio_low": found["low"],
        "ratio_high": found["high"],
        "mark": int(found["low"] > 1) - int(found["high"] < 1),
    }


def near_repeat_rows(situation: Situation) -> list[Row]:
    """Give every map's pairs by distance and days, as the columns of ``geo.schema.NEAR_REPEAT``.

    Distances (metres) and days are half-open, as they are counted; ``p`` is adjusted for all of a
    map's rows.
    """
    return [row for view in situation.views for row in _near_repeat(view)]


def _near_repeat(view: View) -> Iterator[Row]:
    facts = view.facts.get("near_repeat", {})
    for i, distance in enumerate(facts.get("distance_labels", ())):
        for j, days in enumerate(facts["day_labels"]):
            names = ("observed", "expected", "ratio", "p")
            told = {name: facts[name][i][j] for name in names}
            yes = int(facts["significant"][i][j])
            row = {"family": view.family, "distance": distance, "days": days, "significant": yes}
            yield row | told
