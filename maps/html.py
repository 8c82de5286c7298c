"""Writes the page that planners have: one file with map, ranking, legend and notes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.grid import Grid
from maps import phrases
from maps.mercator import fit_mercator
from maps.offline import OfflineMap, OfflinePage
from maps.packing import Streams, bytes_block, json_block, lines_of
from maps.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from layers.layer import Layer, Report
    from maps.situation import Hotspot, Situation, View
    from maps.words import Words

    Bounds = tuple[float, float, float, float]

MOST_SPOTS = 60
"""Hotspots of one map that the page lists and draws; the tables hold all of them."""

MOST_SYMBOLS = 2000
"""Symbols of one layer; beyond that they are gathered on a grid, with counts."""

MOST_VERTICES = 60_000
"""Corners of the background; it is simplified until it fits."""

SYMBOLS = {"bathing_sites": "circle", "traffic_spots": "triangle", "patrols": "diamond"}
"""The shape of each kind of layer; kinds that are not named here get a square."""

NOT_DRAWN = frozenset({"incidents", "area", "survey"})
"""Kinds whose rows may be single reports of people: they reach the page as counts in cells only."""

LINES = ("road_major", "road_minor", "railway", "water")
AREAS = ("water", "built_up")
"""Classes of the background that the page has a manner for; others are drawn plainly."""

SURFACES = 6
"""Classes of the count and of the density."""

_MARGIN = 0.12


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
        title=_plain(situation.title),
        municipality=_plain(situation.municipality),
        notice=_plain(situation.notice),
        area_name=_plain(situation.area_name),
        month=words.month(situation.month),
        period=_period(situation, words),
        views=content["views"],
        symbols=content["symbols"],
        has_patrols=any(one["patrol"] for view in content["views"] for one in view["spots"]),
        surfaces=[name for name in ("bin", "n", "kde") if _any(content["views"], name)],
        cold=any((_significance(view) < 0).any() for view in situation.views),
        has_background=bool(content["background"]),
        has_names=bool(content["names"]),
        sources=[_source(report, words) for report in situation.reports],
        notes=_remarks(situation, words),
        settings=list(_settings(situation.settings)),
        content=json_block(content),
        streams=bytes_block(streams.data),
    )
    return str(page.render())


def _content(situation: Situation, words: Words, streams: Streams) -> dict[str, Any]:
    """Gather all that the page's script needs; numbers go into the streams."""
    bounds = _bounds(situation)
    return {
        "language": words.language,
        "projection": _projection(situation.crs, bounds),
        "bounds": list(situation.area.bounds),
        "area": streams.shapes(np.array([situation.area], dtype=object), unit=1.0),
        "cells": _cells(situation, streams),
        "views": [_view(view, situation, words, streams) for view in situation.views],
        "symbols": _all_symbols(situation, words, streams),
        "background": _background(situation, bounds, streams),
        "names": _names(situation, bounds, streams),
        "words": dict(words.section("page.script")),
        "weekdays": list(words.entries["weekdays"]),
        "weekdays_short": list(words.entries["weekdays_short"]),
        "months": [words.month(m) for m in range(situation.months[0], situation.months[1] + 1)],
        "month": situation.month - situation.months[0],
    }


def _bounds(situation: Situation) -> Bounds:
    """Box everything that may be drawn: the area and some ground around it."""
    west, south, east, north = situation.area.bounds
    margin = max(east - west, north - south) * _MARGIN
    return (west - margin, south - margin, east + margin, north + margin)


def _projection(crs: int, bounds: Bounds) -> dict[str, Any]:
    fitted = fit_mercator(crs, bounds)
    return asdict(fitted) | {"east": fitted.east.tolist(), "north": fitted.north.tolist()}


# --- cells -----------------------------------------------------------------------------------


def _shown(situation: Situation) -> NDArray[np.int64]:
    """Positions of the cells that hold something on any of the maps."""
    shown = np.zeros(len(situation.cells), dtype=bool)
    for view in situation.views:
        shown |= (view.columns["n"] > 0) | (_significance(view) != 0)
    return np.flatnonzero(shown)


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


def _view(
    view: View, situation: Situation, words: Words, streams: Streams
) -> dict[str, Any]:
    """Describe one map: its cells, hotspots, and sentences."""
    n, bins = np.asarray(view.columns["n"]), _significance(view)
    everywhere = _shown(situation)
    here = (n[everywhere] > 0) | (bins[everywhere] != 0)
    mine = everywhere[here]
    spots = view.hotspots[:MOST_SPOTS]
    shapes = np.array([spot.geometry for spot in spots], dtype=object)
    label = phrases.map_name(view.family, words, situation)
    result = {
        "family": view.family,
        "label": label,
        "enough": view.enough,
        "summary": _summary(view, label, situation, words),
        "warnings": [words.note(note) for note in view.notes if note.level == "warning"],
        "more": (
            words("page.more_spots", n=len(view.hotspots) - MOST_SPOTS, shown=MOST_SPOTS)
            if len(view.hotspots) > MOST_SPOTS
            else ""
        ),
        "hotspots": len(view.hotspots),
        "cell": streams.add(np.flatnonzero(here), deltas=True),
        "n": _classes(n[mine], words, streams, whole=True),
        "bin": streams.add(bins[mine]) if (bins != 0).any() else None,
        "kde": None,
        "points": streams.points(*view.points.reshape(-1, 2).T) if len(view.points) else None,
        "shapes": streams.shapes(shapes, unit=0.1),
        "spots": [_spot(spot, situation, words, streams) for spot in spots],
    }
    if "kde" in view.columns:
        density = np.asarray(view.columns["kde"], dtype=np.float64)[mine]
        result["kde"] = _classes(density, words, streams, whole=False)
    return result


def _classes(
    values: NDArray[Any], words: Words, streams: Streams, *, whole: bool
) -> dict[str, Any] | None:
    """Sort values into classes whose limits double or so, rounded to numbers that people read."""
    top = float(values.max(initial=0))
    if top <= 0:
        return None
    limits = [top * 0.45**step for step in range(SURFACES - 1, 0, -1)]
    rounded = sorted({max(_round(limit), 2.0 if whole else 0.0) for limit in limits})
    limits = [limit for limit in rounded if limit < top or (whole and limit == top)]
    if whole:
        edges = [1, *map(int, limits), int(top) + 1]
        labels = [
            words.number(low) if high - low == 1 else f"{words.number(low)}–{words.number(high - 1)}"
            for low, high in zip(edges, edges[1:], strict=False)
        ]
    else:
        texts = [words.number(limit, 0 if limit >= 10 else 1 if limit >= 1 else 2) for limit in limits]  # noqa: PLR2004 - two figures
        labels = [f"< {texts[0]}"] if texts else [f"≤ {words.number(top, 1)}"]
        labels += [f"{a}–{b}" for a, b in zip(texts, texts[1:], strict=False)]
        labels += [f"≥ {texts[-1]}"] if texts else []
    of = np.searchsorted(np.array(limits, dtype=np.float64), values, side="right")
    found = {"class": streams.add(of), "labels": labels}
    return found | {"value": streams.add(values)} if whole else found


def _round(value: float) -> float:
    """Round to one of 1, 2, 3, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((1, 2, 3, 5, 10), key=lambda step: abs(step * power - value)) * power)


# --- hotspots ----------------------------------------------------------------------------------


def _spot(
    spot: Hotspot, situation: Situation, words: Words, streams: Streams
) -> dict[str, Any]:
    """Describe a hotspot in finished words, with its two charts as numbers."""
    return {
        "id": spot.id,
        "rank": spot.rank,
        "name": phrases.place_name(spot.place, words),
        "reason": phrases.reason(spot, words, situation),
        "n": words.number(spot.n),
        "times": phrases.times(spot.ratio, words),
        "peak": phrases.peak(spot.peak, words),
        "change": f"{phrases.change(spot, words, situation.month)}; {phrases.trend(spot, words)}",
        "categories": [
            [words.category(key, situation.categories), n] for key, n in spot.categories
        ],
        "near": phrases.near(spot, words),
        "patrol": (
            None if spot.patrol_minutes is None else phrases.duration(spot.patrol_minutes, words)
        ),
        "gap": spot.gap_rank,
        "at": [round(spot.x), round(spot.y)],
        "area": words("page.area", hectares=_figure(spot.area_m2 / 1e4, words)),
        "hours": streams.add(spot.hours.ravel()),
        "unknown_hours": spot.unknown_hours,
        "monthly": streams.add(spot.monthly),
    }


def _figure(value: float, words: Words) -> str:
    return words.number(value, 0 if value >= 10 else 1)  # noqa: PLR2004 - two figures


def _summary(view: View, label: str, situation: Situation, words: Words) -> str:
    """Sum the map up in a sentence or two."""
    values = {
        "events": words("page.events", n=view.n),
        "period": _period(situation, words),
        "label": label,
    }
    if not view.enough:
        return words("page.summary_few", **values)
    if not view.hotspots:
        return words("page.summary_none", **values)
    first = view.hotspots[0]
    when = phrases.peak(first.peak, words)
    return words("page.summary", n=len(view.hotspots), **values) + " " + words(
        "page.summary_top_when" if when else "page.summary_top",
        name=phrases.place_name(first.place, words),
        when=when,
    )


# --- layers ------------------------------------------------------------------------------------


def _all_symbols(
    situation: Situation, words: Words, streams: Streams
) -> list[dict[str, Any]]:
    """Describe all that is drawn as symbols, one entry a kind, in the order of the layers."""
    by_kind: dict[str, list[Layer]] = {}
    for layer in situation.layers:
        if layer.kind not in NOT_DRAWN and len(layer.geometry):
            by_kind.setdefault(layer.kind, []).append(layer)
    return [
        _symbols(kind, layers, situation, words, streams) for kind, layers in by_kind.items()
    ]


def _symbols(
    kind: str, layers: Sequence[Layer], situation: Situation, words: Words, streams: Streams
) -> dict[str, Any]:
    """Describe one kind of symbols: where, and a line or two about each. Never who."""
    all_known = [
        np.array([g is not None and not g.is_empty for g in layer.geometry], dtype=bool)
        for layer in layers
    ]
    pairs = list(zip(layers, all_known, strict=True))
    geometry = np.concatenate([layer.geometry[known] for layer, known in pairs])
    areal = shapely.get_dimensions(geometry) == 2  # noqa: PLR2004 - two dimensions
    linear = shapely.get_dimensions(geometry) == 1
    at = shapely.centroid(geometry)
    at[areal] = shapely.point_on_surface(geometry[areal])
    at[linear] = shapely.line_interpolate_point(_longest(geometry[linear]), 0.5, normalized=True)
    x, y = shapely.get_x(at), shapely.get_y(at)
    described: dict[str, Any] = {
        "kind": kind,
        "label": _kind_label(kind, words),
        "shape": SYMBOLS.get(kind, "square"),
        "n": len(geometry),
        "gathered": "",
    }
    if len(geometry) > MOST_SYMBOLS:
        x, y, count, size = gather(x, y, most=MOST_SYMBOLS)
        return described | {
            "points": streams.points(x, y),
            "counts": streams.add(count),
            "gathered": words("page.gathered", size=size),
        }
    tables = [layer.table.loc[known] for layer, known in pairs]
    return described | {
        "points": streams.points(x, y),
        "lines": streams.shapes(shapely.simplify(geometry[linear], 5.0), unit=1.0),
        "titles": [title for table in tables for title in _titles(table, kind, words)],
        "texts": [text for table in tables for text in _texts(table, situation, words)],
    }


def _kind_label(kind: str, words: Words) -> str:
    return words(f"kinds.{kind}") if words.has(f"kinds.{kind}") else kind


def gather(
    x: NDArray[np.float64], y: NDArray[np.float64], *, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], float]:
    """Gather points on the finest grid that leaves at most ``most``: x, y, count and its size."""
    size = 125.0
    while True:
        grid = Grid("square", size)
        places, count = np.unique(np.column_stack(grid.index(x, y)), axis=0, return_counts=True)
        if len(places) <= most:
            return *grid.centres(places[:, 0], places[:, 1]), count, size
        size *= 2


def _longest(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Take the longest part of each multi-line."""
    parts = [max(shapely.get_parts(line), key=shapely.length) for line in lines]
    return np.array(parts, dtype=object)


def _titles(table: pd.DataFrame, kind: str, words: Words) -> list[str]:
    """Name each row by its name, place or purpose, whichever the layer has."""
    fallback = words(f"page.one.{kind}") if words.has(f"page.one.{kind}") else ""
    columns = [name for name in ("name", "place") if name in table]
    return [
        next((_plain(row[c]) for c in columns if _there(row[c])), fallback)
        for row in table[columns].to_dict("records")
    ] or [fallback] * len(table)


def _texts(table: pd.DataFrame, situation: Situation, words: Words) -> list[str]:
    """Say the little more that a row tells: category, purpose, month, minutes."""

    def said(row: Mapping[Any, Any]) -> str:
        parts = []
        if _there(row.get("category")):
            parts.append(words.category(row["category"], situation.categories))
        if _there(row.get("purpose")):
            key = f"purposes.{row['purpose']}"
            parts.append(words(key) if words.has(key) else _plain(row["purpose"]))
        when = row.get("start") if _there(row.get("start")) else row.get("time")
        if _there(when) and hasattr(when, "month"):
            parts.append(words.month(when.year * 12 + when.month - 1))
        if _there(row.get("minutes")):
            parts.append(phrases.duration(float(row["minutes"]), words))
        return " · ".join(parts)

    wanted = [c for c in ("category", "purpose", "start", "time", "minutes") if c in table]
    if not wanted:
        return [""] * len(table)
    return [said(row) for row in table[wanted].to_dict("records")]


def _there(value: object) -> bool:
    return value is not None and value == value and str(value) != "NaT"  # noqa: PLR0124 - NaN


def _background(
    situation: Situation, bounds: Bounds, streams: Streams
) -> list[dict[str, Any]]:
    """Clip and simplify what lies below the data until it fits the page's budget."""
    window = shapely.box(*bounds)
    groups: dict[tuple[str, bool], list[NDArray[np.object_]]] = {}
    for layer in situation.background:
        if layer.kind != "background":
            continue
        classes = (
            layer.table["class"].astype("object").to_numpy() if "class" in layer.table
            else np.full(len(layer.table), "", dtype=object)
        )
        geometry = layer.geometry
        for areal, manners in ((False, LINES), (True, AREAS)):
            fits = shapely.get_dimensions(geometry) == 1 + areal
            plain = np.array([str(c) if str(c) in manners else "plain" for c in classes], dtype=object)
            for manner in (*manners, "plain"):
                some = geometry[fits & (plain == manner)]
                if len(some):
                    groups.setdefault((manner, areal), []).append(some)
    clipped = {}
    for (manner, areal), found in groups.items():
        inside = shapely.intersection(np.concatenate(found), window)
        parts = shapely.get_parts(inside)
        parts = parts[shapely.get_dimensions(parts) == 1 + areal]
        clipped[manner, areal] = parts[~shapely.is_empty(parts)]
    tolerance = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 8000
    while sum(map(_vertices, clipped.values())) > 0:
        fitted = {key: _simplified(parts, tolerance) for key, parts in clipped.items()}
        if sum(map(_vertices, fitted.values())) <= MOST_VERTICES:
            break
        tolerance *= 1.5
    else:
        fitted = {}
    order = [(m, True) for m in ("plain", *reversed(AREAS))]
    order += [(m, False) for m in ("plain", *reversed(LINES))]
    drawn: list[dict[str, Any]] = []
    for manner, areal in order:
        shapes = fitted.get((manner, areal), np.empty(0, dtype=object))
        # Lines outside the area are dimmed with the ground; those inside lie over the cells.
        halves = (
            [("area", shapes)]
            if areal
            else [
                ("outside", shapely.difference(shapes, situation.area)),
                ("inside", shapely.intersection(shapes, situation.area)),
            ]
        )
        for where, some in halves:
            kept = some[~shapely.is_empty(some)]
            if len(kept):
                packed = streams.shapes(kept, unit=1.0)
                drawn.append({"class": manner, "where": where, "shapes": packed})
    return drawn


def _vertices(geometries: NDArray[np.object_]) -> int:
    return int(shapely.get_num_coordinates(geometries).sum())


def _simplified(geometries: NDArray[np.object_], tolerance: float) -> NDArray[np.object_]:
    """Simplify, and leave out what would be smaller than a few pixels of the whole map."""
    size = np.sqrt(shapely.area(geometries)) + shapely.length(geometries) / 4
    simple = shapely.simplify(geometries[size > tolerance * 2], tolerance)
    return np.asarray(simple[~shapely.is_empty(simple)])


def _names(
    situation: Situation, bounds: Bounds, streams: Streams
) -> dict[str, Any]:
    """Collect names to write on the map, the most important first."""
    window = shapely.box(*bounds)
    found: list[tuple[float, str, str, float, float]] = []
    for layer in situation.background:
        if "name" not in layer.table:
            continue
        table = layer.table
        names = table["name"].to_numpy(dtype=object)
        people = table["population"].to_numpy(dtype=float) if "population" in table else None
        classes = table["class"].to_numpy(dtype=object) if "class" in table else None
        for i, (name, geometry) in enumerate(zip(names, layer.geometry, strict=True)):
            if not _there(name) or geometry is None or geometry.is_empty:
                continue
            manner, weight = _manner(layer.kind, None if classes is None else classes[i])
            if people is not None and people[i] > 0:
                weight += float(np.log10(people[i]))
            inside = shapely.intersection(geometry, window)
            if manner and not inside.is_empty:
                at = _label_point(inside)
                found.append((-weight, _plain(name), manner, at.x, at.y))
    found.sort()
    once: dict[tuple[str, str], tuple[float, str, str, float, float]] = {}
    for one in found:
        once.setdefault((one[1], one[2]), one)
    kept = sorted(once.values())[:400]
    if not kept:
        return {}
    return {
        "points": streams.points([k[3] for k in kept], [k[4] for k in kept]),
        "texts": [k[1] for k in kept],
        "manners": [k[2] for k in kept],
    }


def _manner(kind: str, background_class: object) -> tuple[str, float]:
    """Choose how a name is written, and how important it is."""
    if kind == "places":
        return "place", 2.0
    if background_class in {"water", "wetland"}:
        return "water", 1.5
    if background_class in {"motorway", "road_major"}:
        return "road", 1.8
    return "", 0.0


def _label_point(geometry: shapely.Geometry) -> shapely.Point:
    if shapely.get_dimensions(geometry) == 1:
        line = max(shapely.get_parts(geometry), key=shapely.length)
        return shapely.line_interpolate_point(line, 0.5, normalized=True)
    return shapely.point_on_surface(geometry)


# --- words ---------------------------------------------------------------------------------------


def _period(situation: Situation, words: Words) -> str:
    """Write the period of the statistics: ``januari–december 2021``."""
    first, last = situation.months
    if first == last:
        return words.month(first)
    if first // 12 == last // 12:
        return f"{words.entries['months'][first % 12]}–{words.month(last)}"
    return f"{words.month(first)} – {words.month(last)}"


def _remarks(situation: Situation, words: Words) -> list[tuple[str, str]]:
    """Say what was chosen and what limits the answer: once each, whichever maps it concerns."""
    notes = [*situation.notes, *(n for view in situation.views for n in view.notes)]
    once = {words.note(note): note.level for note in notes if note.level == "info"}
    warnings = {words.note(n): n.level for n in situation.notes if n.level == "warning"}
    return [(level, text) for text, level in (warnings | once).items()]


def _source(report: Report, words: Words) -> dict[str, Any]:
    """Say how the reading of one source went."""
    reasons = [
        f"{words(f'reasons.{key}') if words.has(f'reasons.{key}') else key}: {words.number(n)}"
        for key, n in sorted(report.left_out.items(), key=lambda one: (-one[1], one[0]))
        if n
    ]
    return {
        "label": _kind_label(report.kind, words),
        "file": _plain(PurePath(report.path.replace("\\", "/")).name),
        "read": report.read,
        "accepted": report.accepted,
        "left_out": sum(report.left_out.values()),
        "reasons": reasons,
        "area_level": report.area_level,
        "notes": [words.note(note) for note in report.notes],
    }


def _settings(settings: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, str]]:
    """Flatten the parameters to name and value."""
    flat: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{above}{key}"
        if isinstance(value, dict):
            flat += _settings(value, f"{name}.")
        else:
            flat.append((name, _plain(value)))
    return flat


def _plain(value: object) -> str:
    """Write a user's text on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(value)).strip()


def _any(views: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(view[name] for view in views)


__all__ = ["gather", "lines_of", "page_html", "write_page"]
