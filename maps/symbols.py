"""Describes bathing sites, traffic spots, patrols and their like for the page's map."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geo.grid import Grid
from geo.months import UNKNOWN_MONTH
from maps import phrases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from layers.layer import Layer
    from maps.live import Months
    from maps.packing import Streams
    from maps.situation import Situation
    from maps.words import Words

MOST_SYMBOLS = 2000
"""Symbols of one kind; beyond that they are gathered on a grid, with counts."""

SHAPES = {"bathing_sites": "circle", "traffic_spots": "triangle", "patrols": "diamond"}
"""The shape of each kind of layer; kinds that are not named here get a square."""

NOT_DRAWN = frozenset({"incidents", "area", "survey", "patrol_tracks"})
"""Kinds whose rows may tell of people, or are no places: they reach the page by cells at most."""


def all_symbols(
    situation: Situation, words: Words, streams: Streams, months: Months | None
) -> list[dict[str, Any]]:
    """Describe all that is drawn as symbols, one entry a kind, in the order of the layers.

    With ``months``, the bins in which the page counts, those of all its months are there and the
    page shows the chosen ones; without, those of the period. What has no date is always there.
    """
    by_kind: dict[str, list[Layer]] = {}
    for layer in situation.layers:
        if layer.kind not in NOT_DRAWN and len(layer.geometry):
            by_kind.setdefault(layer.kind, []).append(layer)
    return [
        _symbols(kind, layers, situation, words, streams, months)
        for kind, layers in by_kind.items()
    ]


def _months(layer: Layer) -> NDArray[np.int64]:
    """Give the month of each row (``geo.months``); unknown where it has no date."""
    column = layer.time_column
    if column is None:
        return np.full(len(layer.table), UNKNOWN_MONTH, dtype=np.int64)
    when = pd.to_datetime(layer.table[column])
    month = when.dt.year * 12 + when.dt.month - 1
    return np.asarray(month.fillna(UNKNOWN_MONTH), dtype=np.int64)


def _kept(layer: Layer, span: tuple[int, int]) -> Layer:
    """Keep the rows of some months, and those without a date."""
    month = _months(layer)
    keep = (month == UNKNOWN_MONTH) | ((month >= span[0]) & (month <= span[1]))
    return replace(layer, table=layer.table[keep], geometry=layer.geometry[keep])


def _symbols(
    kind: str,
    layers: Sequence[Layer],
    situation: Situation,
    words: Words,
    streams: Streams,
    months: Months | None,
) -> dict[str, Any]:
    """Describe one kind of symbols: where, when, and a line or two about each. Never who.

    Where there are too many, those of the period are gathered, and stay whatever is chosen.
    """
    if situation.months[0]:
        period = [_kept(layer, situation.months) for layer in layers]
        dated = [span for span in months.spans if span is not None] if months else []
        many = sum(len(layer.geometry) for layer in layers) > MOST_SYMBOLS
        layers = (
            [_kept(layer, (dated[0][0], dated[-1][1])) for layer in layers]
            if dated and not many
            else period
        )
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
        "label": kind_label(kind, words),
        "shape": SHAPES.get(kind, "square"),
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
    if months is not None and situation.months[0]:
        month = np.concatenate([_months(layer)[known] for layer, known in pairs])
        bins = np.where(month == UNKNOWN_MONTH, -1, months.bins(month))
        described["months"] = streams.add(bins)
        first, last = months.period
        described["n"] = int(((bins < 0) | ((bins >= first) & (bins <= last))).sum())
    return described | {
        "points": streams.points(x, y),
        "lines": streams.shapes(shapely.simplify(geometry[linear], 5.0), unit=1.0),
        "line_of": np.flatnonzero(linear).tolist(),
        "titles": [title for table in tables for title in _titles(table, kind, words)],
        "texts": [text for table in tables for text in _texts(table, situation, words)],
    }


def kind_label(kind: str, words: Words) -> str:
    """Name a kind of layer, as people do."""
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
        next((plain(row[c]) for c in columns if there(row[c])), fallback)
        for row in table[columns].to_dict("records")
    ] or [fallback] * len(table)


def _texts(table: pd.DataFrame, situation: Situation, words: Words) -> list[str]:
    """Say the little more that a row tells: category, purpose, month, advice, minutes."""

    def said(row: Mapping[Any, Any]) -> str:
        parts = []
        if there(row.get("category")):
            parts.append(words.category(row["category"], situation.categories))
        if there(row.get("purpose")):
            key = f"purposes.{row['purpose']}"
            parts.append(words(key) if words.has(key) else plain(row["purpose"]))
        when = row.get("start") if there(row.get("start")) else row.get("time")
        if isinstance(when, datetime) and there(when):
            parts.append(words.month(when.year * 12 + when.month - 1))
        if there(row.get("advice")):
            parts.append(f"{words('columns.advice')}: {plain(row['advice'])}")
        if there(row.get("minutes")):
            parts.append(phrases.duration(float(row["minutes"]), words))
        return " · ".join(parts)

    wanted = [
        c for c in ("category", "purpose", "start", "time", "advice", "minutes") if c in table
    ]
    if not wanted:
        return [""] * len(table)
    return [said(row) for row in table[wanted].to_dict("records")]


def there(value: object) -> bool:
    """Say whether a table's value is not missing."""
    return value is not None and value == value and str(value) != "NaT"  # noqa: PLR0124 - NaN


def plain(value: object) -> str:
    """Write a user's text on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(value)).strip()
