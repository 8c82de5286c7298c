"""Sentences about hotspots, put together the same way for the page, the GeoPackage and tables."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from maps.situation import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from maps.situation import Alert, Hotspot, Peak, PlaceName, Situation, View
    from maps.words import Words

_MOST_CATEGORIES = 3
_LEAST_P = 0.001
_LONG_MINUTES = 300
_EVEN = 0.05
"""What is this near a whole number is written without decimals."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def valid(text: str) -> str:
    """Replace what neither XML nor UTF-8 can hold: most control characters, half characters."""
    return _NOT_XML.sub("\ufffd", text)


def summary(view: View, situation: Situation, words: Words) -> str:
    """Say how many hotspots there are among how many events, or why there are none."""
    period = month_run(situation.months, words) if situation.month else ""
    events = ", ".join(filter(None, (words("page.events", n=view.n), period)))
    if not view.tested:
        key = "page.summary_no_test"
    elif not view.enough:
        key = "page.summary_few"
    else:
        key = "page.summary" if view.hotspots else "page.summary_none"
    return words(key, n=len(view.hotspots), events=events)


def cause(reason: str, words: Words) -> str:
    """Say why a row was left out; a reason without words is told by its key."""
    return words(f"reasons.{reason}") if words.has(f"reasons.{reason}") else reason


def place_name(place: PlaceName, words: Words) -> str:
    """Name a place: "Lanna badgruva", "Fjugesta, norra delen", "2 km SV om Mullhyttan"."""
    values = {
        "base": place.base,
        "road": place.road or "",
        "part": words(f"compass_part.{place.compass}") if place.compass else "",
        "direction": words(f"compass_short.{place.compass}") if place.compass else "",
        "distance": distance(place.distance_m or 0.0, words),
    }
    # "The road east of Fjugesta near Fjugesta" says it twice.
    said = place.how == "road" and place.base in (place.road or "")
    name = values["road"] if said else words(f"phrases.place.{place.how}", **values)
    return f"{name} ({place.number})" if place.number else name


def distance(metres: float, words: Words) -> str:
    """Write a distance as a person would say it: ``350 m``, ``1,5 km``, ``12 km``."""
    if metres < 950:  # noqa: PLR2004 - rounds to 1 km from here
        return f"{words.number(max(round(metres / 50) * 50, 50))}\u00a0m"
    km = metres / 1000
    halves = round(km * 2) / 2 if km < 10 else float(round(km))  # noqa: PLR2004
    return f"{words.number(halves)}\u00a0km"


def duration(minutes: float, words: Words) -> str:
    """Write minutes as ``35 min``, ``2 tim 5 min`` or, from five hours, ``65 tim``."""
    unit = 1 if minutes < _LONG_MINUTES else 60
    whole = math.floor(minutes / unit + 0.5) * unit  # halves up, as the page's script has it
    hours, rest = divmod(whole, 60)
    if not hours:
        return words("phrases.minutes", minutes=rest)
    if not rest:
        return words("phrases.hours", hours=hours)
    return words("phrases.hours_minutes", hours=hours, minutes=rest)


def times(ratio: float, words: Words) -> str:
    """Write a ratio with the precision that it deserves: ``6,2``, ``140``."""
    return words.number(ratio, 1 if ratio < 10 else 0)  # noqa: PLR2004 - two figures


def peak(value: Peak | None, words: Words) -> str:
    """Say when most happens: ``fre–lör 20–24``; empty where nothing stands out."""
    if value is None:
        return ""
    days = words.entries["weekdays_short"]
    if (value.last_day - value.first_day) % 7 == 6:  # noqa: PLR2004 - a whole week
        day = words("phrases.every_day")
    elif value.first_day == value.last_day:
        day = days[value.first_day]
    else:
        day = f"{days[value.first_day]}–{days[value.last_day]}"
    return f"{day} {value.first_hour:02d}–{value.last_hour + 1:02d}"


def trend(hotspot: Hotspot, words: Words) -> str:
    """Say whether the month differs from the months before it."""
    return words(f"phrases.trend.{hotspot.trend}")


def change(hotspot: Hotspot, words: Words, month: int) -> str:
    """Set the month beside the month before and the same month a year ago, as plain counts."""
    parts = [words("phrases.change.month", n=hotspot.n_month, month=words.month(month))]
    if hotspot.n_month_before is not None:
        parts.append(
            words("phrases.change.before", n=hotspot.n_month_before, month=words.month(month - 1))
        )
    if hotspot.n_year_before is not None:
        parts.append(
            words("phrases.change.year", n=hotspot.n_year_before, month=words.month(month - 12))
        )
    return ", ".join(parts)


def recent(hotspot: Hotspot, words: Words, situation: Situation) -> str:
    """Set the last months beside their base months, with what may be said of it."""
    change = hotspot.change
    if change is None:
        return ""
    periods = next(v.facts["change"] for v in situation.views if v.family == hotspot.family)
    found = {
        "class": change.kind,
        "n": change.n,
        "expected": change.base,
        "ratio": change.ratio,
        "low": change.low,
        "high": change.high,
    }
    return compared(found, periods, words)


def compared(found: Mapping[str, Any], periods: Mapping[str, Any], words: Words) -> str:
    """Say how a count compares with its base (names as in ``geo.hotspots.change``'s facts)."""
    key = found["class"]
    if key in {"up", "down"} and not math.isfinite(found["ratio"]):
        key = "from_none"
    said = {
        name: times(found[name], words) if math.isfinite(found[name]) else ""
        for name in ("ratio", "low", "high")
    }
    return words(
        f"phrases.recent.{key}",
        n=found["n"],
        months=month_run(periods["months"], words),
        before=_before(found["expected"], periods, words),
        **said,
    )


def _before(expected: float, periods: Mapping[str, Any], words: Words) -> str:
    """Say what the latest months are compared with: the same of earlier years, or those before."""
    base = periods["base_months"]
    number = words.number(expected, 0 if abs(expected - round(expected)) < _EVEN else 1)
    if (periods["months"][1] - base[0][1]) % 12 == 0:
        return words("phrases.recent.years", n=len(base), base=number)
    return words("phrases.recent.just_before", base=number, months=month_run(base[0], words))


def days(first: date, last: date, words: Words) -> str:
    """Write a run of days: ``15–19 februari 2021``, ``21 december 2020–10 januari 2021``."""
    told = f"{last.day} {words.month(last.year * 12 + last.month - 1)}"
    if first == last:
        return told
    month = words.month(first.year * 12 + first.month - 1)
    if (first.year, first.month) == (last.year, last.month):
        month = ""
    elif first.year == last.year:
        month = words.entries["months"][first.month - 1]
    return f"{first.day} {month}".rstrip() + f"–{told}"


def month_run(months: tuple[int, int], words: Words) -> str:
    """Write a run of months: ``december 2021``, ``juni–augusti 2021``, ``nov 2020 – jan 2021``."""
    first, last = months
    if first == last:
        return words.month(first)
    if first // 12 == last // 12:
        return f"{words.entries['months'][first % 12]}–{words.month(last)}"
    return f"{words.month(first)} – {words.month(last)}"


def stability(hotspot: Hotspot, words: Words) -> str:
    """Say what a hotspot's badge means, and how often it came back."""
    steady = hotspot.stability
    if steady is None:
        return ""
    values = {
        "means": words(f"phrases.stability.{steady.kind}_means"),
        "bootstrap": words.number(round(100 * steady.bootstrap)),
    }
    if steady.grids is None:
        return words("phrases.stability.resampled", **values)
    return words("phrases.stability.both", grids=words.number(round(100 * steady.grids)), **values)


def _found(found: Alert, words: Words, situation: Situation) -> str:
    """Say how many events a method found as a whole, against what it expected."""
    key, since, between = "undated", "", ""
    if found.method == "network_kde":
        key = found.method
    elif found.months is not None and situation.month:
        key = "dated" if found.months[1] == situation.month else "between"
        since, between = words.month(found.months[0]), month_run(found.months, words)
    return words(
        f"phrases.alert.{key}",
        n=found.n,
        expected=times(found.expected, words),
        ratio=times(found.ratio, words),
        radius=distance(found.radius_m or 0.0, words),
        since=since,
        months=between,
    )


def alert(found: Alert, words: Words, situation: Situation) -> str:
    """Say what a method found as a whole: how many, since when, within what, and how sure."""
    if found.method == "near_repeat" and found.days is not None:
        return _watched(found, found.days, words, situation)
    parts = [_found(found, words, situation)]
    names = [words.category(key, situation.categories) for key, _ in found.categories[:2]]
    main = [_in_a_sentence(name) for name in names]
    if main and len(situation.cube.categories) > 1:
        key = "one" if len(main) == 1 else "two"
        parts.append(words(f"phrases.reason.{key}", first=main[0], second=main[-1]))
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}. {chance(found, words)}"


def _watched(found: Alert, risk: tuple[date, date], words: Words, situation: Situation) -> str:
    """Say why a place calls for eyes now, and on which days.

    Its p-value is that of the whole map's pattern and its categories those of the whole period:
    neither is of these few events.
    """
    facts = next(v.facts["near_repeat"] for v in situation.views if v.family == found.family)
    last = max(i for row in facts["significant"] for i, yes in enumerate(row) if yes)
    return words(
        "phrases.alert.near_repeat",
        n=found.n,
        days=round(facts["days"][last + 1]),
        ratio=times(found.ratio, words),
        risk=days(*risk, words),
    )


def chance(found: Alert, words: Words) -> str:
    """Say how often chance alone would give as much."""
    if not found.significant:
        return words("phrases.alert.chance_often", percent=words.number(round(100 * found.p)))
    months = found.recurrence_months
    if months is None and found.p < _LEAST_P:
        return words("phrases.alert.chance_least")
    if months is None:
        return words("phrases.alert.chance_once", times=words.number(round(1 / found.p)))
    if months < 24:  # noqa: PLR2004 - two years
        return words("phrases.alert.chance_months", n=round(months))
    years = months / 12
    if years > 100:  # noqa: PLR2004 - nobody plans so far
        return words("phrases.alert.chance_rarely")
    return words("phrases.alert.chance_years", n=round(years))


def steadiness(hotspot: Hotspot, words: Words) -> str:
    """Name how steady a hotspot is, in a word or two; empty where it was not asked."""
    return "" if hotspot.stability is None else words(f"phrases.stability.{hotspot.stability.kind}")


def categories(hotspot: Alert | Hotspot, words: Words, situation: Situation) -> str:
    """List the main categories with their counts, most first."""
    named = [
        f"{words.category(key, situation.categories)} ({words.number(n)})"
        for key, n in hotspot.categories[:_MOST_CATEGORIES]
    ]
    return ", ".join(named)


def near(hotspot: Alert | Hotspot, words: Words) -> str:
    """List what lies within reach, nearest first."""
    return ", ".join(
        one.name if one.distance_m <= 0 else f"{one.name} ({distance(one.distance_m, words)})"
        for one in hotspot.near
    )


def reason(hotspot: Hotspot, words: Words, situation: Situation) -> str:
    """Say in one plain sentence why a place is a hotspot."""
    parts = [_how_many(hotspot, words, situation)]
    names = [words.category(key, situation.categories) for key, _ in hotspot.categories[:2]]
    main = [_in_a_sentence(name) for name in names]
    if main and len(situation.cube.categories) > 1:
        key = "one" if len(main) == 1 else "two"
        parts.append(words(f"phrases.reason.{key}", first=main[0], second=main[-1]))
    if hotspot.peak is not None:
        parts.append(
            words(
                "phrases.reason.peak",
                peak=peak(hotspot.peak, words),
                share=hotspot.peak.n,
                known=hotspot.peak.known,
            )
        )
    if hotspot.new:
        parts.append(words("phrases.reason.new"))
    if hotspot.trend in {"up", "down"} and hotspot.n_year_before is not None:
        parts.append(
            words(
                "phrases.reason.trend",
                now=hotspot.n_month,
                then=hotspot.n_year_before,
                month=words.entries["months"][situation.month % 12],
            )
        )
    if hotspot.patrol_minutes is not None:
        key = "patrol" if hotspot.patrol_minutes > 0 else "no_patrol"
        parts.append(words(f"phrases.reason.{key}", time=duration(hotspot.patrol_minutes, words)))
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:] + "."


def _how_many(hotspot: Hotspot, words: Words, situation: Situation) -> str:
    """Say how many events a hotspot has, and against what that is many."""
    if hotspot.found is not None:
        return _found(hotspot.found, words, situation)
    months = situation.months[1] - situation.months[0] + 1
    against = "_exposure" if situation.settings.get("exposure") else ""
    return words(
        f"phrases.reason.{'events' if situation.month else 'undated'}{against}",
        n=hotspot.n,
        months=words("phrases.months", n=months),
        ratio=times(hotspot.ratio, words),
    )


def _in_a_sentence(name: str) -> str:
    """Begin a label small, unless its first word is an abbreviation: ``EPA-traktor`` stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def map_name(family: str, words: Words, situation: Situation) -> str:
    """Name one map: all families together, or one of them."""
    return words("families.all") if family == ALL else words.family(family, situation.families)


def map_names(words: Words, situation: Situation) -> dict[str, str]:
    """Name every map of a situation, by its family."""
    return {view.family: map_name(view.family, words, situation) for view in situation.views}
