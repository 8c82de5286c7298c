"""Writes the page that planners have: one file with map, ranking, legend and notes."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from maps import bathing, phrases
from maps.ground import background, names
from maps.mercator import fit_mercator
from maps.offline import OfflineMap, OfflinePage
from maps.overview import sentences
from maps.packing import Streams, bytes_block, json_block
from maps.situation import ALL
from maps.symbols import all_symbols, kind_label, plain
from maps.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from layers.layer import Report
    from maps.situation import Alert, Hotspot, Situation, View
    from maps.words import Words

    Bounds = tuple[float, float, float, float]

MOST_SPOTS = 60
"""Hotspots of one map that the page lists and draws; the tables hold all of them."""

MOST_ALERTS = 10
"""Places of one method, found as a whole, that the page tells; the GeoPackage holds all."""

SURFACES = 6
"""Classes of the count and of the density."""

RISKS = (1.5, 2.0, 3.0, 5.0, 10.0)
"""Limits between the classes of relative risk; up to half above the average is usual."""

CLASSES = {
    "lisa": ("lisa_class", ("HH", "HL", "LH", "LL")),
    "change": ("change_class", ("up", "down")),
    "joint": ("joint_class", ("both", "one", "other")),
}
"""Surfaces of named classes: the column and its classes, in the order of the legend."""

_SURFACES = ("bin", "n", "kde", "risk", *CLASSES)
_MARGIN = 0.12
_TENTHS = 10


def write_page(situation: Situation, path: Path, language: str) -> None:
    """Write the page to a file. The same situation gives the same bytes."""
    path.write_text(page_html(situation, language), encoding="utf-8", newline="\n")


def page_html(situation: Situation, language: str) -> str:
    """Make the page: one HTML file that asks for nothing outside itself."""
    words = words_of(language)
    streams = Streams()
    content = _content(situation, words, streams)
    shown = OfflineMap(
        location=[0.0, 0.0],
        zoom_start=8,
        min_zoom=5,
        max_zoom=17,
        zoom_snap=0.25,
        zoom_control=False,
        attribution_control=False,
    )
    page = OfflinePage(
        "page.html",
        shown,
        words=words,
        title=plain(situation.title),
        municipality=plain(situation.municipality),
        notice=plain(situation.notice),
        area_name=plain(situation.area_name),
        month=words.month(situation.month) if situation.month else "",
        period=_period(situation, words),
        views=content["views"],
        symbols=content["symbols"],
        has_patrols=any(one["patrol"] for view in content["views"] for one in view["spots"]),
        surfaces=[name for name in _SURFACES if _any(content["views"], name)],
        cold=any((_significance(view) < 0).any() for view in situation.views),
        has_background=bool(content["background"]),
        has_names=bool(content["names"]),
        sites=bathing.table(situation, words),
        sources=[_source(report, words) for report in situation.reports],
        how=_how(situation, words),
        notes=_remarks(situation, words),
        settings=list(_settings(situation.settings)),
        content=json_block(content),
        streams=bytes_block(streams.data),
    )
    return str(page.render())


def _content(situation: Situation, words: Words, streams: Streams) -> dict[str, Any]:
    """Gather all that the page's script needs; numbers go into the streams."""
    window = _window(situation)
    return {
        "language": words.language,
        "projection": _projection(situation),
        "area": streams.shapes(np.array([situation.area], dtype=object), unit=1.0),
        "cells": _cells(situation, streams),
        "views": [_view(view, situation, words, streams) for view in situation.views],
        "symbols": all_symbols(situation, words, streams),
        "background": background(situation, window, streams),
        "names": names(situation, window, streams),
        "words": dict(words.section("page.script")),
        "weekdays_short": list(words.entries["weekdays_short"]),
        "months": [
            words.month(m)
            for m in range(situation.months[0], situation.months[1] + 1)
            if situation.month
        ],
        "month": situation.month - situation.months[0],
    }


def _window(situation: Situation) -> Bounds:
    """Box the area and some ground around it: what is drawn of the background."""
    west, south, east, north = situation.area.bounds
    margin = max(east - west, north - south) * _MARGIN
    return (west - margin, south - margin, east + margin, north + margin)


def _extent(situation: Situation) -> Bounds:
    """Box everything that may be drawn: a polynomial is worth nothing outside its box."""
    cells = situation.cells
    reach = cells.grid.size if cells.grid else 0.0
    boxes = [_window(situation)]
    if cells.drawn is not None:
        boxes.append(tuple(shapely.total_bounds(cells.drawn)))
    elif len(cells):
        west, south = cells.x.min() - reach, cells.y.min() - reach
        boxes.append((west, south, cells.x.max() + reach, cells.y.max() + reach))
    for layer in situation.layers:
        drawn = [shape for shape in layer.geometry if shape is not None and not shape.is_empty]
        if drawn:
            boxes.append(tuple(shapely.total_bounds(drawn)))
    every = np.array(boxes, dtype=np.float64)
    west, south = every[:, :2].min(axis=0).tolist()
    east, north = every[:, 2:].max(axis=0).tolist()
    return (west, south, east, north)


def _projection(situation: Situation) -> dict[str, Any]:
    fitted = fit_mercator(situation.crs, _extent(situation))
    return asdict(fitted) | {"east": fitted.east.tolist(), "north": fitted.north.tolist()}


# --- cells -----------------------------------------------------------------------------------


def _shown(situation: Situation) -> NDArray[np.int64]:
    """Positions of the cells that hold something on any of the maps."""
    shown = np.zeros(len(situation.cells), dtype=bool)
    for view in situation.views:
        shown |= _holds(view)
    return np.flatnonzero(shown)


def _holds(view: View) -> NDArray[np.bool_]:
    """Mark the cells that have something to draw: events, confidence, or density."""
    holds: NDArray[np.bool_] = (np.asarray(view.columns["n"]) > 0) | (_significance(view) != 0)
    if "kde" in view.columns:
        holds |= _kde(view) >= min(_limits(_kde(view)), default=np.inf)
    if "risk" in view.columns:
        holds |= np.nan_to_num(view.columns["risk"]) >= RISKS[0]
    for column, classes in CLASSES.values():
        if column in view.columns:
            holds |= np.isin(view.columns[column], classes)
    return holds


def _significance(view: View) -> NDArray[np.int64]:
    """Classes -3 to 3 of confidence; methods without classes mark what is hot as 2."""
    if "gi_bin" in view.columns:
        return np.asarray(view.columns["gi_bin"]).astype(np.int64)
    return view.hot.astype(np.int64) * 2


def _cells(situation: Situation, streams: Streams) -> dict[str, Any]:
    cells, shown = situation.cells, _shown(situation)
    if cells.grid is None:
        return {"kind": "drawn", "shapes": streams.shapes(cells.polygons[shown], unit=1.0)}
    grid, column, row = cells.lattice
    return {
        "kind": grid.kind,
        "size": grid.size,
        "column": streams.add(column[shown], deltas=True),
        "row": streams.add(row[shown], deltas=True),
    }


def _view(view: View, situation: Situation, words: Words, streams: Streams) -> dict[str, Any]:
    """Describe one map: its cells, hotspots, and sentences."""
    n, bins = np.asarray(view.columns["n"]), _significance(view)
    everywhere, here = _shown(situation), _holds(view)
    spots = view.hotspots[:MOST_SPOTS]
    more = len(view.hotspots) - len(spots)
    shapes = np.array([spot.geometry for spot in spots], dtype=object)
    label = phrases.map_name(view.family, words, situation)
    return {
        "family": view.family,
        "label": label,
        "enough": view.enough,
        "tested": view.tested,
        "summary": _summary(view, label, situation, words),
        "warnings": [words.note(note) for note in view.notes if note.level == "warning"],
        "more": words("page.more_spots", n=more, shown=len(spots)) if more else "",
        "hotspots": len(view.hotspots),
        "cell": streams.add(np.flatnonzero(here[everywhere]), deltas=True),
        "bin": streams.add(bins[here]) if bins.any() else None,
        "n": _count(n[here], words, streams),
        "kde": _density(_kde(view)[here], words, streams) if "kde" in view.columns else None,
        "risk": _risk(np.asarray(view.columns["risk"])[here], words, streams)
        if "risk" in view.columns
        else None,
        **{name: _named_classes(name, view, here, words, streams) for name in CLASSES},
        "points": streams.points(*view.points.reshape(-1, 2).T) if len(view.points) else None,
        "shapes": streams.shapes(shapes, unit=0.1),
        "alerts": _alerts(view, situation, words, streams),
        "facts": sentences(view, words),
        "spots": [_spot(spot, situation, words, streams) for spot in spots],
    }


def _kde(view: View) -> NDArray[np.float64]:
    return np.asarray(view.columns["kde"], dtype=np.float64)


def _limits(values: NDArray[Any]) -> list[float]:
    """Choose limits between classes: each about twice the one before, and round."""
    top = float(values.max(initial=0))
    if top <= 0:
        return []
    wanted = {_round(top * 0.45**step) for step in range(1, SURFACES)}
    return sorted(limit for limit in wanted if limit < top)


def _count(n: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort counts into classes; those without events get none (-1)."""
    if not n.any():
        return None
    edges = [1, *(int(limit) for limit in _limits(n) if limit >= 2), int(n.max()) + 1]  # noqa: PLR2004 - the class of 1 is there
    return {
        "value": streams.add(n),
        "class": streams.add(np.searchsorted(edges, n, side="right") - 1),
        "labels": [
            words.number(low)
            if high - low == 1
            else f"{words.number(low)}–{words.number(high - 1)}"
            for low, high in pairwise(edges)
        ],
    }


def _density(density: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort densities into classes; what is below the lowest limit gets none (-1)."""
    limits = _limits(density)
    if not limits:
        return None
    texts = [_significant(limit, words) for limit in limits]
    return {
        "class": streams.add(np.searchsorted(limits, density, side="right") - 1),
        "labels": [*(f"{a}–{b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}"],
    }


def _risk(risk: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort relative risks into classes of equal steps in all maps; what is usual gets none (-1)."""
    found = np.nan_to_num(risk)
    if not (found >= RISKS[0]).any():
        return None
    texts = [words.number(limit) for limit in RISKS]
    return {
        "class": streams.add(np.searchsorted(RISKS, found, side="right") - 1),
        "labels": [*(f"{a}–{b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}"],
    }


def _named_classes(
    name: str, view: View, here: NDArray[np.bool_], words: Words, streams: Streams
) -> dict[str, Any] | None:
    """Number a surface's named classes; cells of no class get none (-1)."""
    column, classes = CLASSES[name]
    if column not in view.columns:
        return None
    found = np.asarray(view.columns[column])[here]
    codes = np.full(len(found), -1, dtype=np.int64)
    for code, key in enumerate(classes):
        codes[found == key] = code
    if (codes < 0).all():
        return None
    return {
        "class": streams.add(codes),
        "labels": [words(f"classes.{column}_{key}") for key in classes],
        "inks": [f"{name}-{key.lower()}" for key in classes],
    }


def _significant(value: float, words: Words) -> str:
    """Write a limit with the decimals that it needs."""
    return words.number(value, max(0, -int(np.floor(np.log10(value)))))


def _round(value: float) -> float:
    """Round to one of 1, 2, 3, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((1, 2, 3, 5, 10), key=lambda step: abs(step * power - value)) * power)


# --- hotspots ----------------------------------------------------------------------------------


def _spot(spot: Hotspot, situation: Situation, words: Words, streams: Streams) -> dict[str, Any]:
    """Describe a hotspot in finished words, with its two charts as numbers (``unit`` to one)."""
    whole = all((values == np.rint(values)).all() for values in (spot.hours, spot.monthly))
    unit = 1 if whole else _TENTHS
    return {
        "id": spot.id,
        "rank": spot.rank,
        "name": phrases.place_name(spot.place, words),
        "reason": phrases.reason(spot, words, situation),
        "n": words.number(spot.n),
        "times": phrases.times(spot.ratio, words),
        "peak": phrases.peak(spot.peak, words),
        "change": (
            f"{phrases.change(spot, words, situation.month)}; {phrases.trend(spot, words)}"
            if situation.month
            else ""
        ),
        "categories": [
            [words.category(key, situation.categories), n] for key, n in spot.categories
        ],
        "near": phrases.near(spot, words),
        "patrol": (
            None if spot.patrol_minutes is None else phrases.duration(spot.patrol_minutes, words)
        ),
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
        "weighted": "" if spot.weight == spot.n else words.number(spot.weight),
        "at": [round(spot.x), round(spot.y)],
        "area": words("page.area", hectares=_figure(spot.area_m2 / 1e4, words)),
        "unit": unit,
        "hours": streams.add(np.rint(spot.hours.ravel() * unit)),
        "unknown_hours": spot.unknown_hours,
        "monthly": streams.add(np.rint(spot.monthly * unit)),
    }


def _alerts(
    view: View, situation: Situation, words: Words, streams: Streams
) -> list[dict[str, Any]]:
    """Describe what methods found as a whole, a group a method; one that found nothing says so."""
    groups = []
    asked = situation.settings.get("methods", {})
    for method in (name for name in ("scan", "clusters") if name in asked):
        found = [alert for alert in view.alerts if alert.method == method]
        if not (found or method in view.facts):
            continue
        if any(spot.found in found for spot in view.hotspots if spot.found is not None):
            continue  # the list of hotspots tells it
        timeless = method == "scan" and (not situation.month or any(not a.months for a in found))
        heading = f"page.alerts.{method}{'_where' if timeless else ''}"
        sure = [alert for alert in found if alert.significant]
        shown = sure[:MOST_ALERTS] or found[:1]
        none = words(f"{heading}.{'none' if shown else 'none_at_all'}")
        more = len(sure) - len(shown)
        groups.append(
            {
                "title": words(
                    f"{heading}.title",
                    month=words.month(situation.month) if situation.month else "",
                ),
                "none": "" if sure else none,
                "more": words("page.alerts.more", n=more) if more > 0 else "",
                "shapes": streams.shapes(
                    np.array([_drawn(alert, situation) for alert in shown], dtype=object), unit=0.1
                ),
                "items": [
                    {
                        "letter": f"{words(f'{heading}.letter')}{i}",
                        "name": phrases.place_name(alert.place, words),
                        "text": phrases.alert(alert, words, situation),
                        "significant": alert.significant,
                    }
                    for i, alert in enumerate(shown, 1)
                ],
            }
        )
    return groups


def _drawn(alert: Alert, situation: Situation) -> BaseGeometry:
    """Give a circle as it is, and a group of points as its cells: its outline would tell points."""
    return alert.geometry if alert.radius_m else situation.cells.union(alert.cells)


def _figure(value: float, words: Words) -> str:
    return words.number(value, 0 if value >= 10 else 1)  # noqa: PLR2004 - two figures


def _summary(view: View, label: str, situation: Situation, words: Words) -> str:
    """Sum the map up in a sentence or two."""
    told = (words("page.events", n=view.n), _period(situation, words))
    values = {"events": ", ".join(filter(None, told)), "label": label}
    if not view.tested:
        return words("page.summary_no_test", **values)
    if not view.enough:
        return words("page.summary_few", **values)
    if not view.hotspots:
        return words("page.summary_none", **values)
    first = view.hotspots[0]
    new = sum(bool(spot.new) for spot in view.hotspots)
    when = phrases.peak(first.peak, words).replace("–", "\u2060–\u2060")  # no break at a dash
    return (
        words("page.summary", n=len(view.hotspots), **values)
        + (" " + words("page.summary_new", n=new) if new else "")
        + " "
        + words(
            "page.summary_top_when" if when else "page.summary_top",
            name=phrases.place_name(first.place, words),
            when=when,
        )
    )


# --- words ---------------------------------------------------------------------------------------


def _period(situation: Situation, words: Words) -> str:
    """Write the period of the statistics: ``januari–december 2021``; empty without dates."""
    return phrases.month_run(situation.months, words) if situation.month else ""


def _how(situation: Situation, words: Words) -> list[str]:
    """Explain the methods that were used."""
    used = [*situation.settings.get("methods", {})]
    keys = [key for name in used for key in (name, *(f"{name}_{part}" for part in (1, 2, 3)))]
    if any(spot.stability is not None for view in situation.views for spot in view.hotspots):
        keys.append("stability")
    if situation.settings.get("exposure"):
        keys.append("exposure")
    return [words(f"page.how.{key}") for key in keys if words.has(f"page.how.{key}")]


def _remarks(situation: Situation, words: Words) -> list[tuple[str, str]]:
    """Say what was chosen and what limits the answer: once each, whichever maps it concerns."""
    warnings = {words.note(n): n.level for n in situation.notes if n.level == "warning"}
    chosen = [words.note(n) for n in situation.notes if n.level == "info"]
    for view in situation.views:
        told = [words.note(n) for n in view.notes if n.level == "info"]
        label = phrases.map_name(view.family, words, situation)
        # What a map chose for itself is said under its name.
        chosen += [t if view.family == ALL else f"{label}: {t}" for t in told if t not in chosen]
    return [(level, text) for text, level in (warnings | dict.fromkeys(chosen, "info")).items()]


def _source(report: Report, words: Words) -> dict[str, Any]:
    """Say how the reading of one source went."""
    reasons = [
        f"{words(f'reasons.{key}') if words.has(f'reasons.{key}') else key} ({words.number(n)})"
        for key, n in sorted(report.left_out.items(), key=lambda one: (-one[1], one[0]))
        if n
    ]
    remarks = [words.note(note) for note in report.notes if note.level == "warning"]
    if report.area_level and not any(note.key == "area_level" for note in report.notes):
        remarks.append(words("page.area_level", n=report.area_level))
    if reasons:
        remarks.insert(0, words("page.reasons", reasons=", ".join(reasons)))
    return {
        "label": kind_label(report.kind, words),
        "file": plain(PurePath(report.path.replace("\\", "/")).name),
        "read": report.read,
        "accepted": report.accepted,
        "left_out": sum(report.left_out.values()),
        "remarks": remarks,
        "told": [words.note(note) for note in report.notes if note.level == "info"],
    }


def _settings(settings: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, str]]:
    """Flatten the parameters to name and value."""
    flat: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            flat += _settings(value, f"{name}.")
        else:
            flat.append((name, _written(value)))
    return flat


def _written(value: object) -> str:
    """Write a setting as the project file does; what was left to the program as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(_written(one) for one in value)
    return plain(value)


def _any(views: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(view[name] for view in views)
