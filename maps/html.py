"""Writes the page that planners have: one file with map, ranking, legend and notes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.calendar import parse_period
from geo.crs import system_name
from geo.months import month_text
from maps import bathing, phrases, presence
from maps.ground import background, names
from maps.live import MOST_BYTES, live, month_bins
from maps.mercator import fit_mercator
from maps.naming import Gazetteer
from maps.offline import OfflineMap, OfflinePage
from maps.overview import sentences
from maps.packing import Streams, bytes_block, json_block
from maps.rhythm import rhythm_of
from maps.situation import ALL
from maps.spots import alerts_of, spot_of
from maps.street_lines import street_lines
from maps.surfaces import SURFACE_NAMES, holds, significance, surfaces
from maps.symbols import all_symbols, kind_label, plain
from maps.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from layers.layer import Report
    from maps.situation import Situation, View
    from maps.words import Words

    Bounds = tuple[float, float, float, float]

MOST_ANCHORS = 1000
"""Names of one kind that the page can name places after."""

MOST_SPOTS = 60
"""Hotspots of one map that the page lists and draws; the tables hold all of them."""

MOST_PAGE = 4_000_000
"""Bytes of a page; where it would be more, the page counts more coarsely, or not at all."""

_SHARES = (1.0, 0.6, 0.3, 0.1, 0.0)
"""Shares of the room for counting that are tried in turn."""

_MARGIN = 0.12


def write_page(situation: Situation, path: Path, language: str) -> None:
    """Write the page to a file. The same situation gives the same bytes."""
    path.write_text(page_html(situation, language), encoding="utf-8", newline="\n")


def page_html(situation: Situation, language: str) -> str:
    """Make the page: one HTML file of at most ``MOST_PAGE`` bytes that asks for nothing else.

    Only a page whose finished maps alone are larger is larger.
    """
    words = words_of(language)
    for share in _SHARES:
        page = _rendered(situation, words, round(MOST_BYTES * share))
        if len(page.encode("utf-8")) <= MOST_PAGE:
            break
    return page


def _rendered(situation: Situation, words: Words, room: int) -> str:
    """Render the page with so many bytes of room for what it counts anew."""
    streams = Streams()
    content = _content(situation, words, streams, room)
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
        surfaces=_surfaces(content),
        first_surface=_first_surface(content),
        next_month=_next_month(situation, words),
        has_streets=_any(content["views"], "streets"),
        cold=any((significance(view) < 0).any() for view in situation.views),
        tiles=situation.page.tiles,
        images=situation.page.tile_origin or "",
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


def _surfaces(content: dict[str, Any]) -> list[str]:
    """List the surfaces that any map has, or the page can make: hot cells and counts anew."""
    counted = {"bin", "n"} if content["cube"] else set()
    counted |= {"needs", "presence"} if content["presence"] else set()
    names = (*SURFACE_NAMES, "needs", "presence")
    return [name for name in names if name in counted or _any(content["views"], name)]


def _first_surface(content: dict[str, Any]) -> str:
    """Choose what the map opens with: hot cells, or where nobody looked for any, what there is."""
    found = _surfaces(content)
    tested = any(view["tested"] for view in content["views"])
    wanted = ("bin",) if tested else (*reversed(SURFACE_NAMES),)
    return next((name for name in wanted if name in found), "")


def _content(situation: Situation, words: Words, streams: Streams, room: int) -> dict[str, Any]:
    """Gather all that the page's script needs; numbers go into the streams."""
    window = _window(situation)
    cube = _cube(situation, words, streams, room)
    months = None if cube is None else month_bins(situation, cube["monthsPerBin"])
    return {
        "cube": cube,
        "tiles": _tiles(situation),
        "presence": months and presence.packed(situation, streams, words, months),
        "reach": situation.settings.get("reach_m", 0),
        "language": words.language,
        "projection": _projection(situation),
        "area": streams.shapes(np.array([situation.area], dtype=object), unit=1.0),
        "cells": _cells(situation, streams),
        "views": [
            _view(view, situation, words, streams, counts=cube is None) for view in situation.views
        ],
        "symbols": all_symbols(situation, words, streams, months),
        "background": background(situation, window, streams),
        "names": names(situation, window, streams),
        "anchors": _anchors(situation, streams),
        "title": plain(situation.title),
        "meeting": month_text(situation.month) if situation.month else "",
        "crsName": system_name(situation.crs),
        "words": _words(words),
        "weekdays_short": list(words.entries["weekdays_short"]),
        "months": [
            words.month(m)
            for m in range(situation.months[0], situation.months[1] + 1)
            if situation.month
        ],
        "month": situation.month - situation.months[0],
    }


def _cube(situation: Situation, words: Words, streams: Streams, room: int) -> dict[str, Any] | None:
    """Pack the events for the filters; None where the project wants none, or there are none."""
    if not situation.page.filters:
        return None
    cube = live(situation, words, streams, room)
    if cube is None:
        return None
    dated = [i for i, span in enumerate(cube["monthSpans"]) if span is not None]
    first = cube["monthSpans"][dated[0]][0] - dated[0] * cube["monthsPerBin"] if dated else 0
    return cube | {"firstMonth": first, "holidayLabel": _holidays(situation, words)}


def _holidays(situation: Situation, words: Words) -> str:
    """Say which days of the period count as school holidays; empty where none is named."""
    periods = [parse_period(text) for text in situation.settings.get("school_holidays") or ()]
    first, last = situation.months
    told = [
        phrases.days(one.first, one.last, words)
        for one in periods
        if _month(one.last) >= first and _month(one.first) <= last
    ]
    return words("page.cube.holidays", periods=", ".join(told)) if told else ""


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _tiles(situation: Situation) -> dict[str, Any] | None:
    """Name the server of the online map, if the project has one."""
    page = situation.page
    if not page.tiles:
        return None
    attribution = plain(page.attribution or "")
    return {"url": page.tiles, "attribution": attribution, "maxZoom": page.tile_max_zoom or 19}


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


def _cells(situation: Situation, streams: Streams) -> dict[str, Any]:
    """Pack every cell of the study area; of drawn ones, the outlines of those that hold something.

    Cells without events are part of the statistics, and the page does those again.
    """
    cells = situation.cells
    if cells.grid is None:
        shapes = cells.polygons.copy()
        shapes[~_held(situation)] = shapely.Polygon()
        return {
            "kind": "drawn",
            "shapes": streams.shapes(shapes, unit=1.0),
            "centres": streams.points(cells.x, cells.y, unit=0.1),
            "ids": [plain(one) for one in cells.ids],
        }
    grid, column, row = cells.lattice
    return {
        "kind": grid.kind,
        "size": grid.size,
        "column": streams.add(column, deltas=True),
        "row": streams.add(row, deltas=True),
    }


def _anchors(situation: Situation, streams: Streams) -> dict[str, Any]:
    """Pack what the page names places after, and what may be near them."""
    found = Gazetteer.of(situation.layers, situation.background).anchors(MOST_ANCHORS)
    return {
        kind: {
            "names": [plain(name) for name, *_ in some],
            "points": streams.points([x for _, x, _, _ in some], [y for _, _, y, _ in some]),
            "radius": [round(radius) for *_, radius in some],
        }
        for kind, some in found.items()
    }


def _words(words: Words) -> dict[str, Any]:
    """Hand the page the words that its scripts put together."""
    page = words.section("page")
    return {
        **words.section("page.script"),
        "bins": [page[f"bin_{step}"] for step in ("1", "2", "3", "cold")],
        "summary": {key: text for key, text in page.items() if key.startswith("summary")}
        | {"events": page["events"]},
        "area": page["area"],
        "kinds": words.section("kinds"),
        "legend": {"points": page["layer_points"], "cells": page["layer_cells"]},
        **{key: words.section(key) for key in ("phrases", "compass_short", "compass_part")},
    }


def _held(situation: Situation) -> NDArray[np.bool_]:
    """Mark the cells that hold something on any of the maps, in any month."""
    held = np.zeros(len(situation.cells), dtype=bool)
    held[situation.cube.cell] = True
    if situation.presence is not None:
        held[situation.presence.cell] = True
    for view in situation.views:
        held |= holds(view)
    return held


def _view(
    view: View, situation: Situation, words: Words, streams: Streams, *, counts: bool
) -> dict[str, Any]:
    """Describe one map: its cells, hotspots, and sentences; ``counts`` as in ``surfaces``."""
    here = holds(view)
    spots = view.hotspots[:MOST_SPOTS]
    more = len(view.hotspots) - len(spots)
    shapes = np.array([spot.geometry for spot in spots], dtype=object)
    label = phrases.map_name(view.family, words, situation)
    return {
        "family": view.family,
        "label": label,
        "enough": view.enough,
        "tested": view.tested,
        "summary": _summary(view, situation, words),
        "warnings": [words.note(note) for note in view.notes if note.level == "warning"],
        "more": words("page.more_spots", n=more, shown=len(spots)) if more else "",
        "hotspots": len(view.hotspots),
        "cell": streams.add(np.flatnonzero(here), deltas=True),
        **surfaces(view, here, words, streams, counts=counts),
        "points": streams.points(*view.points.reshape(-1, 2).T) if len(view.points) else None,
        "shapes": streams.shapes(shapes, unit=0.1),
        "alerts": alerts_of(view, situation, words, streams),
        "streets": street_lines(view.streets, words, streams),
        "rhythm": rhythm_of(view, words, streams),
        "facts": sentences(view, words),
        "spots": [spot_of(spot, situation, words, streams) for spot in spots],
    }


def _summary(view: View, situation: Situation, words: Words) -> str:
    """Sum the map up in a sentence or two."""
    said = phrases.summary(view, situation, words)
    if not view.tested and any(alert.significant for alert in view.alerts):
        events = [words("page.events", n=view.n), _period(situation, words)]
        return words("page.summary_alerts", events=", ".join(filter(None, events)))
    if not (view.tested and view.enough and view.hotspots):
        return said
    first = view.hotspots[0]
    new = sum(bool(spot.new) for spot in view.hotspots)
    when = phrases.peak(first.peak, words).replace("–", "\u2060–\u2060")  # no break at a dash
    return (
        said
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
    if situation.page.filters:
        keys.append("live")
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
        f"{phrases.cause(key, words)} ({words.number(n)})"
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


def _next_month(situation: Situation, words: Words) -> str:
    """Name the month that a forecast is for; empty where there is none."""
    told = [view.facts["forecast"] for view in situation.views if "forecast" in view.facts]
    return words.month(told[0]["month"]) if told else ""


def _any(views: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(view.get(name) for view in views)
