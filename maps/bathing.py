"""What happens by the bathing sites: within reach of each, beyond chance, and per season-day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geo.exposure import SEASON_CLOSES, SEASON_OPENS, season_rates
from geo.hotspots import Points
from geo.months import month_text
from layers.sources.bathing_sites import SEASON
from maps import phrases
from maps.symbols import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geo.cells import Cells
    from layers.layer import Layer
    from maps.situation import Situation
    from maps.words import Words

    Floats = NDArray[np.float64]

KIND = "bathing_sites"
MOST_ROWS = 15
_CERTAIN = 0.05
_UNKNOWN = "–"
FOUND = ("n", "expected", "ratio", "p", "q")
"""What ``geo.hotspots.joint`` says of each site; columns ``near_...``."""


def sites(layers: Sequence[Layer]) -> Points | None:
    """Gather the middles of the bathing sites, in the order of their layers and rows.

    The joint analysis measures from a site's middle, where it is drawn as a polygon too: on a
    long beach, less of what happens at its ends is near.
    """
    shapes = _shapes(layers)
    if not len(shapes):
        return None
    middle = shapely.centroid(shapes)
    return Points(shapely.get_x(middle), shapely.get_y(middle), np.ones(len(shapes)))


def with_findings(
    layers: Sequence[Layer],
    found: Mapping[str, Sequence[Any]],
    cells: Cells,
    *,
    reach_m: float,
    months: tuple[int, int],
) -> tuple[Layer, ...]:
    """Give the layers, the bathing sites with what happened within reach of them in the period.

    ``near_n`` to ``near_q`` are what the joint analysis found, in the order of ``sites``.
    ``season_n`` events fell within reach of the point or polygon on the ``season_days`` of the
    site's own bathing season in the period, or else of the country's longest (``geo.exposure``);
    ``per_season_day`` is their ratio. An event known from one time to another lies at the
    midpoint. Events without a date are in no season, and those in no cell are not counted.
    """
    shapes = _shapes(layers)
    if not len(shapes):
        return tuple(layers)
    columns: dict[str, NDArray[Any]] = {}
    if found:
        columns = {f"near_{name}": np.asarray(found[name]) for name in FOUND}
    if months[0]:
        x, y, day = _dated(layers, cells)
        first, last = (np.datetime64(month_text(m), "D") for m in (months[0], months[1] + 1))
        opens, closes = _seasons(layers)
        season = season_rates(
            shapes,
            (x, y),
            day,
            period=(first, last - 1),
            reach_m=reach_m,
            opens=opens,
            closes=closes,
        )
        columns |= {
            "season_n": season.n,
            "season_days": season.days,
            "per_season_day": season.per_day,
        }
    start = 0
    told = []
    for layer in layers:
        if layer.kind != KIND:
            told.append(layer)
            continue
        placed = np.flatnonzero(_placed(layer))
        table = layer.table.copy()
        for name, values in columns.items():
            whole = np.full(len(table), np.nan)
            whole[placed] = values[start : start + len(placed)]
            exact = np.issubdtype(values.dtype, np.integer)
            table[name] = pd.array(whole, dtype="Int64") if exact else whole
        start += len(placed)
        told.append(replace(layer, table=table))
    return tuple(told)


def table(situation: Situation, words: Words) -> dict[str, Any]:
    """Give the bathing sites as a table in words, most events first.

    It holds what is known of all sites: events within reach, events of the season, or both. It is
    empty without sites, and where neither is known.
    """
    parts = [layer.table for layer in situation.layers if layer.kind == KIND]
    near = bool(parts) and all("near_n" in part for part in parts)
    seasonal = bool(parts) and all("season_n" in part for part in parts)
    seasonal = seasonal and any((part["season_n"].fillna(0) > 0).any() for part in parts)
    if not (near or seasonal):
        return {"rows": []}
    counted = "near_n" if near else "season_n"
    rows = pd.concat(parts).dropna(subset=[counted])
    rows = rows.sort_values([counted, "name"], ascending=[False, True], kind="stable")
    about = "about_exposure" if situation.settings.get("sites_by") == "exposure" else "about"
    about = about if near else "about_season"
    heads = ["name", *(["n", "ratio"] if near else ["season_n"]), *(["season"] if seasonal else [])]
    return {
        "about": words(f"page.sites_table.{about}", reach=situation.settings["sites_reach_m"]),
        "heads": [words(f"page.sites_table.{head}") for head in heads],
        "rows": [
            {
                "name": plain(row["name"]),
                "sure": near and bool(row["near_q"] < _CERTAIN and row["near_ratio"] > 1),
                "numbers": [
                    words.number(row[counted]),
                    *([_ratio(row["near_ratio"], words)] if near else []),
                    *([_per_ten(row["per_season_day"], words)] if seasonal else []),
                ],
            }
            for row in rows.head(MOST_ROWS).to_dict("records")
        ],
        "more": words("page.sites_table.more", n=len(rows) - MOST_ROWS)
        if len(rows) > MOST_ROWS
        else "",
    }


def _ratio(ratio: float, words: Words) -> str:
    return phrases.times(ratio, words) if np.isfinite(ratio) else _UNKNOWN


def _per_ten(per_day: float, words: Words) -> str:
    return _UNKNOWN if np.isnan(per_day) else words.number(10 * per_day, 1)


def _placed(layer: Layer) -> NDArray[np.bool_]:
    return ~(shapely.is_missing(layer.geometry) | shapely.is_empty(layer.geometry))


def _shapes(layers: Sequence[Layer]) -> NDArray[np.object_]:
    """Gather the bathing sites that have a place, in the order of their layers and rows."""
    found = [layer.geometry[_placed(layer)] for layer in layers if layer.kind == KIND]
    return np.concatenate([np.zeros(0, dtype=object), *found])


def _seasons(layers: Sequence[Layer]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Give month and day when each placed site's season opens, and when it closes."""
    found: tuple[list[tuple[int, int]], ...] = ([], [])
    for layer in layers:
        if layer.kind != KIND:
            continue
        table = layer.table[_placed(layer)]
        for own, name, default in zip(found, SEASON, (SEASON_OPENS, SEASON_CLOSES), strict=True):
            days = table[name] if name in table else pd.Series([None] * len(table))
            for day in days.astype("object").where(days.notna(), None):
                month, _, of_month = (day or "").partition("-")
                own.append((int(month), int(of_month)) if day else default)
    return tuple(map(tuple, found))


def _dated(layers: Sequence[Layer], cells: Cells) -> tuple[Floats, Floats, NDArray[np.datetime64]]:
    """Gather x, y and day of the points that are counted in cells."""
    x, y, day = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, "datetime64[D]")]
    for layer in layers:
        column = layer.time_column
        if layer.events is None or column is None:
            continue
        points = np.flatnonzero(_placed(layer) & (shapely.get_dimensions(layer.geometry) == 0))
        times = layer.table[column].to_numpy(dtype="datetime64[s]")[points]
        between = layer.events.between  # parallel to the points: others are no events
        if between is not None:
            times = np.where(between.needed, between.midpoint, times)
        east, north = (get(layer.geometry[points]) for get in (shapely.get_x, shapely.get_y))
        counted = cells.locate(east, north) >= 0
        x.append(east[counted])
        y.append(north[counted])
        day.append(times[counted].astype("datetime64[D]"))
    return np.concatenate(x), np.concatenate(y), np.concatenate(day)
