"""Describes hotspots, and places that methods found as a whole, in finished words for the page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.crs import to_lonlat
from maps import phrases
from maps.rhythm import hours_said
from maps.surfaces import course_rules, rule_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from maps.packing import Streams
    from maps.situation import Alert, Hotspot, Situation, View
    from maps.words import Words

MOST_ALERTS = 10
"""Places of one method, found as a whole, that the page tells; the GeoPackage holds all."""

FIRST_ALERTS = 2
"""So many of them are told before the reader asks for all: the hotspots must stay in sight."""

ALERTING = ("near_repeat", "scan", "clusters", "network_kde")
"""Methods whose places are told above the hotspots: what calls for eyes now comes first."""

_ASKED_ANEW = ("scan", "clusters")
"""Methods that answer when they found nothing, too; of the others, the sentences tell it."""

_TENTHS = 10
_LEAST_P = 0.001
_SURE_P = 0.1
"""Below this a p-value is written with three decimals."""


def spot_of(spot: Hotspot, situation: Situation, words: Words, streams: Streams) -> dict[str, Any]:
    """Describe a hotspot in finished words, and in the numbers that the page sorts and draws.

    ``hours`` (168, Monday 00 first) and ``monthly`` are streams with ``unit`` to one, ``cells`` a
    stream of positions among the situation's cells. ``at`` is in metres of the situation's
    coordinate system, ``lngLat`` in degrees (WGS 84, six decimals: a decimetre); both are the same
    point to the metre. ``hot`` are the hours in which it has more than the whole map's rhythm
    explains. ``block`` bounds the hours of ``peak``, the last hour included.
    """
    whole = all((values == np.rint(values)).all() for values in (spot.hours, spot.monthly))
    unit = 1 if whole else _TENTHS
    hot = None if spot.hot_hours is None else np.flatnonzero(spot.hot_hours)
    x, y = round(spot.x), round(spot.y)
    lon, lat = to_lonlat(x, y, situation.crs)
    return {
        "id": spot.id,
        "rank": spot.rank,
        "name": phrases.place_name(spot.place, words),
        "reason": phrases.reason(spot, words, situation),
        "n": words.number(spot.n),
        "count": spot.n,
        "times": phrases.times(spot.ratio, words),
        "ratio": round(spot.ratio, 3),
        "p": _chance(spot.p, words),
        "peak": phrases.peak(spot.peak, words),
        "block": None
        if spot.peak is None
        else {
            "firstDay": spot.peak.first_day,
            "lastDay": spot.peak.last_day,
            "firstHour": spot.peak.first_hour,
            "lastHour": spot.peak.last_hour,
        },
        "change": phrases.change(spot, words, situation.month) if situation.month else "",
        "trend": phrases.trend(spot, words) if situation.month else "",
        "trend_kind": spot.trend if situation.month else "unknown",
        "categories": [
            [words.category(key, situation.categories), n] for key, n in spot.categories
        ],
        "near": phrases.near(spot, words),
        "around": _around(spot, words),
        "patrol": (
            None if spot.patrol_minutes is None else phrases.duration(spot.patrol_minutes, words)
        ),
        "minutes": None if spot.patrol_minutes is None else round(spot.patrol_minutes, 1),
        "gap": spot.gap_rank,
        "new": bool(spot.new),
        "recent": phrases.recent(spot, words, situation),
        "stability": None
        if spot.stability is None
        else {
            "kind": spot.stability.kind,
            "word": phrases.steadiness(spot, words),
            "means": phrases.stability(spot, words),
        },
        "course": _course(spot, situation, words),
        "weighted": "" if spot.weight == spot.n else words.number(spot.weight),
        "at": [x, y],
        "lngLat": [round(float(lon), 6), round(float(lat), 6)],
        "area": words("page.area", hectares=_figure(spot.area_m2 / 1e4, words)),
        "cells": streams.add(spot.cells, deltas=True),
        "unit": unit,
        "hours": streams.add(np.rint(spot.hours.ravel() * unit)),
        "hot": None if hot is None else streams.add(hot, deltas=True),
        "hot_said": "" if hot is None else hours_said(hot, words),
        "unknown_hours": spot.unknown_hours,
        "monthly": streams.add(np.rint(spot.monthly * unit)),
    }


def _chance(p: float, words: Words) -> str:
    """Write a p-value: ``p < 0,001``, ``p = 0,012``, ``p = 0,24``; empty where there is none."""
    if not math.isfinite(p):
        return ""
    if p < _LEAST_P:
        return f"p\u00a0<\u00a0{words.number(_LEAST_P, 3)}"
    return f"p\u00a0=\u00a0{words.number(p, 3 if p < _SURE_P else 2)}"


def _course(spot: Hotspot, situation: Situation, words: Words) -> list[str] | None:
    """Say how a place has been hot over time: the rule of most of its cells, and of how many.

    None where the months were not compared, or no cell of it has a course.
    """
    view = next(view for view in situation.views if view.family == spot.family)
    if "emerging_class" not in view.columns:
        return None
    mine = course_rules(view, spot.cells)
    kinds, count = np.unique(mine[mine != ""], return_counts=True)
    if not len(kinds):
        return None
    most = int(np.argmax(count))
    n, of = int(count[most]), len(mine)
    rule = rule_of(str(kinds[most]), words)
    return [rule, words("page.course_of", n=n, of=of) if n < of else ""]


def _around(spot: Hotspot, words: Words) -> list[list[str]]:
    """List what lies within reach by kind, with the kind's name, nearest first."""
    kinds = dict.fromkeys(one.kind for one in spot.near)
    return [
        [
            words(f"kinds.{kind}") if words.has(f"kinds.{kind}") else kind,
            phrases.near(replace(spot, near=tuple(n for n in spot.near if n.kind == kind)), words),
        ]
        for kind in kinds
    ]


def alerts_of(
    view: View, situation: Situation, words: Words, streams: Streams
) -> list[dict[str, Any]]:
    """Describe what methods found as a whole, a group a method, what is most sure first.

    ``brief`` is one line of an item's ``text``. What is new is asked for: nothing is an answer.
    """
    groups = []
    asked = situation.settings.get("methods", {})
    for method in (name for name in ALERTING if name in asked):
        found = [alert for alert in view.alerts if alert.method == method]
        if not (found or method in view.facts):
            continue
        if any(spot.found in found for spot in view.hotspots if spot.found is not None):
            continue  # the list of hotspots tells it
        timeless = method == "scan" and (not situation.month or any(not a.months for a in found))
        heading = f"page.alerts.{method}{'_where' if timeless else ''}"
        sure = [alert for alert in found if alert.significant]
        if not (sure or method in _ASKED_ANEW):
            continue
        shown = sure[:MOST_ALERTS] or found[:1]
        more = len(sure) - len(shown)
        groups.append(
            {
                "title": words(
                    f"{heading}.title",
                    month=words.month(situation.month) if situation.month else "",
                ),
                "layer": words(f"{heading}.layer"),
                "street": method == "network_kde",
                "none": "" if sure else words(f"{heading}.{'none' if shown else 'none_at_all'}"),
                "open": words(
                    "page.alerts.open" if len(shown) <= FIRST_ALERTS else "page.alerts.all",
                    n=len(shown),
                ),
                "first": FIRST_ALERTS,
                "more": words("page.alerts.more", n=more) if more > 0 else "",
                "shapes": streams.shapes(
                    np.array([drawn(alert, situation) for alert in shown], dtype=object), unit=0.1
                ),
                "items": [
                    {
                        "letter": f"{words(f'{heading}.letter')}{i}",
                        "name": phrases.place_name(alert.place, words),
                        "brief": _brief(alert, words, situation),
                        "text": phrases.alert(alert, words, situation),
                        "significant": alert.significant,
                    }
                    for i, alert in enumerate(shown, 1)
                ],
            }
        )
    return groups


def _brief(alert: Alert, words: Words, situation: Situation) -> str:
    """Say in one line what a method found: how many events, or the days to watch and the risk."""
    values = {
        "n": alert.n,
        "expected": phrases.times(alert.expected, words),
        "ratio": phrases.times(alert.ratio, words),
    }
    if alert.days is not None:
        return words("page.alerts.brief_days", days=phrases.days(*alert.days, words), **values)
    if alert.months is None or not situation.month:
        return words("page.alerts.brief", **values)
    since = alert.months[1] == situation.month
    return words(
        f"page.alerts.brief_{'since' if since else 'between'}",
        months=words.month(alert.months[0]) if since else phrases.month_run(alert.months, words),
        **values,
    )


def drawn(alert: Alert, situation: Situation) -> BaseGeometry:
    """Give a circle as it is, and a group of points as its cells: its outline would tell points.

    A street is itself.
    """
    whole = alert.radius_m or alert.method == "network_kde"
    return alert.geometry if whole else situation.cells.union(alert.cells)


def _figure(value: float, words: Words) -> str:
    return words.number(value, 0 if value >= 10 else 1)  # noqa: PLR2004 - two figures
