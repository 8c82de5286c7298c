"""Writes the tables that people open in Excel and scripts read: hotspots, and rows left out."""

from __future__ import annotations

import csv
import io
import math
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyproj

from geo.months import month_text
from geo.schema import CLUSTER, HISTORY, HOTSPOT, LEFT_OUT
from maps import phrases
from maps.manifest import portable
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from maps.situation import Alert, Change, Followed, Hotspot, Situation, Stability
    from maps.words import Words

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def hotspot_values(hotspot: Hotspot, situation: Situation, words: Words) -> dict[str, Any]:
    """Give a hotspot's value for every column of ``geo.schema.HOTSPOT``, texts in a language.

    ``hotspot_id`` and ``family`` are keys, the same in every language.
    """
    said = {
        "hotspot_id": hotspot.id,
        "name": phrases.place_name(hotspot.place, words),
        "categories": phrases.categories(hotspot, words, situation),
        "peak": phrases.peak(hotspot.peak, words),
        "trend": phrases.trend(hotspot, words),
        "recent": phrases.recent(hotspot, words, situation),
        "stability": phrases.steadiness(hotspot, words),
        "near": phrases.near(hotspot, words),
        "reason": phrases.reason(hotspot, words, situation),
    }
    # What holds a line together on a page would only hide a name from a search in a table.
    said = {name: text.replace("\u00a0", " ") for name, text in said.items()}
    values = {**_change_values(hotspot.change), **_stability_values(hotspot.stability), **said}
    names = (column.name for column in HOTSPOT)
    return {name: values[name] if name in values else getattr(hotspot, name) for name in names}


def _change_values(change: Change | None) -> dict[str, Any]:
    names = ("n", "base", "ratio", "low", "high", "p", "q")
    return {f"recent_{name}": change and getattr(change, name) for name in names}


def _stability_values(steady: Stability | None) -> dict[str, Any]:
    return {
        f"stability_{name}": steady and getattr(steady, name) for name in ("bootstrap", "grids")
    }


def cluster_values(alert: Alert, situation: Situation, words: Words) -> dict[str, Any]:
    """Give a cluster's value for every column of ``geo.schema.CLUSTER``, texts in a language."""
    first, last = alert.months or (0, 0)
    first_day, last_day = alert.days or (None, None)
    said = {
        "name": phrases.place_name(alert.place, words),
        "categories": phrases.categories(alert, words, situation),
        "near": phrases.near(alert, words),
        "reason": phrases.alert(alert, words, situation),
    }
    values = {
        "cluster_id": alert.id,
        "significant": int(alert.significant),
        "first_month": month_text(first) if first else None,
        "last_month": month_text(last) if last else None,
        "first_day": first_day,
        "last_day": last_day,
        **{name: text.replace("\u00a0", " ") for name, text in said.items()},
    }
    names = (column.name for column in CLUSTER)
    return {name: values[name] if name in values else getattr(alert, name) for name in names}


def history_values(one: Followed, words: Words) -> dict[str, Any]:
    """Give the value of a place in a month for every column of ``geo.schema.HISTORY``."""
    values = {
        "month": month_text(one.month),
        "month_start": date(one.month // 12, one.month % 12 + 1, 1),
        "hotspot_id": one.id,
        "name": phrases.place_name(one.place, words).replace("\u00a0", " "),
        "first_seen": month_text(one.first_seen),
    }
    names = (column.name for column in HISTORY)
    return {name: values[name] if name in values else getattr(one, name) for name in names}


def write_hotspots_csv(situation: Situation, path: Path, language: str) -> None:
    """Write ``hotspots.csv``: one row a hotspot, the columns of ``geo.schema.HOTSPOT`` and place.

    ``lon``, ``lat`` (WGS 84 degrees) and ``x``, ``y`` (metres in the situation's coordinate
    system) are the place's middle. See ``_write`` for the form.
    """
    said = words(language)
    hotspots = [hotspot for view in situation.views for hotspot in view.hotspots]
    to_degrees = pyproj.Transformer.from_crs(situation.crs, 4326, always_xy=True)
    rows = []
    for one in hotspots:
        lon, lat = to_degrees.transform(one.x, one.y)
        place = [round(lon, 6), round(lat, 6), round(one.x, 1), round(one.y, 1)]
        rows.append([*hotspot_values(one, situation, said).values(), *place])
    header = [*(column.name for column in HOTSPOT), "lon", "lat", "x", "y"]
    _write(path, header, rows, language)


def write_left_out_csv(situation: Situation, path: Path, language: str) -> None:
    """Write ``left_out.csv``: every row of every layer that could not be used, and why.

    ``source`` is the file, ``row`` its row as the file's reader counts, ``reason`` a key,
    ``explanation`` the same in words. See ``_write`` for the form.
    """
    said = words(language)
    rows = [
        [portable(layer.report.path), row, reason, column, value, phrases.cause(reason, said)]
        for layer in (*situation.layers, *situation.background)
        for row, reason, column, value in layer.left_out[
            ["row", "reason", "column", "value"]
        ].itertuples(index=False, name=None)
    ]
    _write(path, [column.name for column in LEFT_OUT], rows, language)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], language: str) -> None:
    r"""Write CSV that Excel opens with a double click and a script reads with two options.

    Swedish Excel splits at semicolons and reads decimal commas, so that is what a Swedish file
    has; an English one has commas and points. Both are UTF-8 with a byte-order mark, without which
    Excel shows "Ã¶" for "ö", end their rows with ``\r\n`` on every system, and give numbers at
    most ten figures and no thousands' mark. In pandas: ``read_csv(path, encoding="utf-8-sig",
    sep=";", decimal=",")``. Text that a spreadsheet would run as a formula gets an apostrophe in
    front: strip it if you need the text as it was.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";" if language == "sv" else ",", lineterminator="\r\n")
    writer.writerow(header)
    decimal = "," if language == "sv" else "."
    writer.writerows([_field(value, decimal) for value in row] for row in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace"))


def _field(value: Any, decimal: str) -> str:  # noqa: ANN401 - a table's value
    if isinstance(value, str):
        value = value.replace("\0", "�")
        return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    if pd.isna(value) or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", decimal)
    return str(value)
