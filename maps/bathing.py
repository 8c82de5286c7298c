"""What happens by the bathing sites: within reach of each, beyond chance, and per season-day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geo.exposure import season_rates
from geo.hotspots import Points
from geo.months import month_text
from maps import phrases
from maps.symbols import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from layers.layer import Layer
    from maps.situation import Situation
    from maps.words import Words

    Floats = NDArray[np.float64]

KIND = "bathing_sites"
MOST_ROWS = 15
_CERTAIN = 0.05
FOUND = ("n", "expected", "ratio", "p", "q")
"""What ``geo.hotspots.joint`` says of each site; columns ``near_...``."""


def sites(layers: Sequence[Layer]) -> Points | None:
    """Gather the middles of the bathing sites, in the order of their layers and rows."""
    shapes = np.concatenate(
        [np.zeros(0, object), *(one.geometry[_placed(one)] for one in layers if one.kind == KIND)]
    )
    if not len(shapes):
        return None
    middle = shapely.centroid(shapes)
    return Points(shapely.get_x(middle), shapely.get_y(middle), np.ones(len(shapes)))


def with_findings(
    layers: Sequence[Layer],
    found: Mapping[str, Sequence[Any]],
    reach_m: float,
    months: tuple[int, int],
) -> tuple[Layer, ...]:
    """Give the layers, the bathing sites with what happened within reach of them in the period.

    ``near_n`` to ``near_q`` are what the joint analysis found, in the order of ``sites``.
    ``season_n`` events fell within reach on the ``season_days`` of the bathing season in the
    period (``geo.exposure``), ``per_season_day`` is their ratio. Events without a date are in no
    season.
    """
    place = sites(layers)
    if place is None:
        return tuple(layers)
    columns: dict[str, NDArray[Any]] = {}
    if found:
        columns = {f"near_{name}": np.asarray(found[name]) for name in FOUND}
    if months[0]:
        x, y, day = _dated(layers)
        first, last = (np.datetime64(month_text(m), "D") for m in (months[0], months[1] + 1))
        season = season_rates(
            (place.x, place.y), (x, y), day, period=(first, last - 1), reach_m=reach_m
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
    """Give the bathing sites as a table in words, most events first; empty without sites."""
    parts = [layer.table for layer in situation.layers if layer.kind == KIND]
    if not parts or not all("near_n" in part for part in parts):
        return {"rows": []}
    rows = pd.concat(parts).dropna(subset=["near_n"])
    rows = rows.sort_values(["near_n", "name"], ascending=[False, True], kind="stable")
    seasonal = "per_season_day" in rows and bool((rows["season_n"].fillna(0) > 0).any())
    heads = ["name", "n", "ratio", *(["season"] if seasonal else [])]
    reach = situation.settings["reach_m"]
    return {
        "about": words("page.sites_table.about", reach=reach),
        "heads": [words(f"page.sites_table.{head}") for head in heads],
        "rows": [
            {
                "name": plain(row["name"]),
                "sure": row["near_q"] < _CERTAIN and row["near_ratio"] > 1,
                "numbers": [
                    words.number(row["near_n"]),
                    phrases.times(row["near_ratio"], words),
                    *([_per_ten(row["per_season_day"], words)] if seasonal else []),
                ],
            }
            for row in rows.head(MOST_ROWS).to_dict("records")
        ],
        "more": words("page.sites_table.more", n=len(rows) - MOST_ROWS)
        if len(rows) > MOST_ROWS
        else "",
    }


def _per_ten(per_day: float, words: Words) -> str:
    return "–" if np.isnan(per_day) else words.number(10 * per_day, 1)


def _placed(layer: Layer) -> NDArray[np.bool_]:
    return ~(shapely.is_missing(layer.geometry) | shapely.is_empty(layer.geometry))


def _dated(layers: Sequence[Layer]) -> tuple[Floats, Floats, NDArray[np.datetime64]]:
    """Gather x, y and day of the counted points."""
    x, y, day = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, "datetime64[D]")]
    for layer in layers:
        column = next((c for c in ("time", "start") if c in layer.table), None)
        if layer.events is None or column is None:
            continue
        points = np.flatnonzero(_placed(layer) & (shapely.get_dimensions(layer.geometry) == 0))
        x.append(shapely.get_x(layer.geometry[points]))
        y.append(shapely.get_y(layer.geometry[points]))
        times = layer.table[column].to_numpy(dtype="datetime64[s]")
        day.append(times[points].astype("datetime64[D]"))
    return np.concatenate(x), np.concatenate(y), np.concatenate(day)
