"""Patrols on the page: no minute is lost on the way from the layer to the script's sums."""

from __future__ import annotations

import base64
import zlib
from calendar import monthrange
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from pages import by_node
from pyproj import Transformer
from situations import MONTH, MONTHS, situation

from geo.cells import polygon_cells
from geo.months import UNKNOWN_HOUR, UNKNOWN_MONTH
from layers.layer import Events
from maps.counting import presence, presence_cube
from maps.live import Months, month_bins
from maps.packing import Streams
from maps.presence import packed
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geo.cells import Cells
    from geo.grid import GridKind
    from maps.situation import Situation

STATIC = Path(__file__).resolve().parents[1] / "maps" / "static"
YEAR = Months(tuple((month, month) for month in range(MONTHS[0], MONTH + 1)), (0, 11))

DRIVER = """
for (const name of ["read", "presence"]) require(`${process.argv[1]}/${name}.js`);
const { bytes, packed, cells, n, masks, places } = JSON.parse(require("fs").readFileSync(0));
const lb = globalThis.lagesbild;
const presence = lb.unpackPresence(Buffer.from(bytes, "base64"), packed, n);
const plain = ({ perCell, total, perHour }) => ({
  perCell: perCell && [...perCell], total, perHour: [...perHour],
});
console.log(JSON.stringify({
  minutes: masks.map((mask) => plain(lb.minutes(presence, mask))),
  near: places.map((place) => plain(lb.minutesNear(presence, masks[0], cells, place))),
  weekly: masks.map((mask) => lb.perWeek(presence, mask, lb.minutes(presence, mask))),
}));
"""


def mask(first: int = 0, last: int = 11, hours: Sequence[int] = range(169)) -> dict[str, Any]:
    """Make a filter's mask over bins of months and hours of the week."""
    return {"months": [first, last], "week": np.isin(np.arange(169), list(hours)).tolist()}


def by_script(
    one: Situation,
    masks: Sequence[dict[str, Any]] = (),
    places: Sequence[Sequence[int]] = (),
    months: Months = YEAR,
) -> dict[str, Any]:
    """Pack a situation's patrols, and let the page's own script unpack and add them up."""
    streams = Streams()
    content = packed(one, streams, words("sv"), months)
    given = {
        "bytes": base64.b64encode(streams.data).decode(),
        "packed": content,
        "n": len(one.cells),
        "cells": cells_of(one),
        "masks": list(masks) or [mask()],
        "places": [list(place) for place in places],
    }
    return by_node("-e", DRIVER, STATIC, given=given)


def cells_of(one: Situation) -> dict[str, Any]:
    """Describe the cells as the page's script has them."""
    cells = one.cells
    if cells.grid is not None:
        grid, column, row = cells.lattice
        return {
            "kind": grid.kind,
            "size": grid.size,
            "column": column.tolist(),
            "row": row.tolist(),
        }
    to = Transformer.from_crs(one.crs, 3857, always_xy=True)
    shapes = []
    for polygon in cells.polygons:
        xy = np.column_stack(to.transform(*shapely.get_coordinates(polygon)[:-1].T))
        box = [*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist()]
        shapes.append({"xy": xy.ravel().tolist(), "rings": [[0, len(xy)]], "box": box})
    centre = np.column_stack(to.transform(cells.x, cells.y)).ravel().tolist()
    return {"kind": "drawn", "shapes": shapes, "centre": centre}


def patrols(x: Any, y: Any, seed: int = 3, scale: float = 20.0) -> Events:
    """Make patrols at places: two years of months, every hour, odd minutes; some know no hour."""
    rng = np.random.default_rng(seed)
    n = len(x)
    return Events(
        x=np.asarray(x, dtype=np.float64),
        y=np.asarray(y, dtype=np.float64),
        month=rng.integers(MONTHS[0] - 12, MONTH + 1, n).astype(np.int32),
        hour=np.where(rng.random(n) < 0.1, UNKNOWN_HOUR, rng.integers(0, 168, n)).astype(np.int16),
        category=np.zeros(n, dtype=np.int32),
        categories=("foot_patrol",),
        weight=rng.exponential(scale, n),
    )


def patrolled(one: Situation, *parts: Events) -> Situation:
    """Give a situation's patrols their presence."""
    own = next(layer for layer in one.layers if layer.kind == "patrols")
    others = tuple(layer for layer in one.layers if layer.kind != "patrols")
    layers = (*others, *(replace(own, presence=part) for part in parts))
    return replace(one, layers=layers, presence=presence_cube(layers, one.cells))


def around(cells: Cells, n: int, seed: int = 5) -> tuple[Any, Any]:
    """Strew points over the box of the cells and a bit beyond, most of them in few places."""
    rng = np.random.default_rng(seed)
    low = np.array([cells.x.min(), cells.y.min()]) - 800
    high = np.array([cells.x.max(), cells.y.max()]) + 800
    busy = rng.uniform(low, high, (12, 2))[rng.integers(0, 12, n)] + rng.normal(0, 300, (n, 2))
    return tuple(np.where(rng.random((n, 1)) < 0.3, rng.uniform(low, high, (n, 2)), busy).T)


def frame(one: Situation, *parts: Events) -> pd.DataFrame:
    """List what patrols there were, with the column and row of their square: the plain way."""
    size = one.cells.grid.size
    return pd.concat(
        pd.DataFrame(
            {
                "column": np.floor(part.x / size).astype(int),
                "row": np.floor(part.y / size).astype(int),
                "month": part.month.astype(int),
                "hour": part.hour.astype(int),
                "minutes": part.weight,
            }
        )
        for part in parts
    )


def test_the_cube_holds_every_minute_in_a_cell() -> None:
    """Two layers of patrols, grouped by pandas, are the cube's rows; what lies beside is told."""
    one = situation()
    parts = [patrols(*around(one.cells, 900, seed), seed=seed) for seed in (5, 6)]
    cube = patrolled(one, *parts).presence
    _, column, row = one.cells.lattice
    keys = pd.DataFrame({"column": column, "row": row, "cell": np.arange(len(column))})
    inside = frame(one, *parts).merge(keys, on=["column", "row"])
    grouped = inside.groupby(["cell", "hour", "month"])["minutes"].agg(["sum", "size"])
    mine = pd.DataFrame({"cell": cube.cell, "hour": cube.hour, "month": cube.month})
    assert cube.categories == ("patrols",)
    assert mine.to_numpy().tolist() == [list(key) for key in grouped.index]
    np.testing.assert_allclose(cube.weight, grouped["sum"], rtol=1e-12)
    assert cube.beside == 1800 - len(inside) > 0


def test_without_patrols_there_is_no_cube_and_nothing_packed() -> None:
    """Layers of other kinds, and patrols that give no minutes, are no presence."""
    one = situation()
    assert presence_cube(one.layers, one.cells) is None
    assert packed(one, Streams(), words("sv"), YEAR) is None


@pytest.mark.parametrize(
    ("months", "hours"),
    [
        ((0, 11), range(169)),
        ((3, 7), range(169)),
        ((11, 11), range(168)),
        ((0, 11), range(90, 120)),
    ],
)
def test_the_script_counts_as_pandas_does(months: tuple[int, int], hours: Sequence[int]) -> None:
    """Per cell to a tenth of a minute, per hour and in all to a thousandth, under any mask."""
    one = situation()
    part = patrols(*around(one.cells, 4000))
    found = by_script(patrolled(one, part), [mask(*months, hours)])["minutes"][0]
    _, column, row = one.cells.lattice
    keys = pd.DataFrame({"column": column, "row": row, "cell": np.arange(len(column))})
    inside = frame(one, part).merge(keys, on=["column", "row"])
    inside = inside[inside["month"].between(MONTHS[0] + months[0], MONTHS[0] + months[1])]
    per_hour = inside.groupby("hour")["minutes"].sum().reindex(range(169), fill_value=0)
    np.testing.assert_allclose(found["perHour"], per_hour, rtol=2e-3, atol=0.4)
    inside = inside[inside["hour"].isin(list(hours))]
    per_cell = inside.groupby("cell")["minutes"].sum().reindex(range(len(column)), fill_value=0)
    # A filter takes rows apart, each of them rounded to a tenth.
    rows = inside.groupby("cell")["minutes"].size().reindex(range(len(column)), fill_value=0)
    assert (np.abs(found["perCell"] - per_cell) <= 0.1 * np.maximum(rows, 1)).all()
    assert found["total"] == pytest.approx(per_cell.sum(), rel=1e-3)
    assert found["total"] == pytest.approx(sum(found["perCell"]), rel=1e-9)


def test_long_lines_in_slivers_keep_their_minutes() -> None:
    """Rows far below a tenth of a minute, which each rounded alone would be nothing."""
    one = situation()
    part = patrols(*around(one.cells, 4000), scale=0.01)
    found = by_script(patrolled(one, part))["minutes"][0]
    cell = one.cells.locate(part.x, part.y)
    kept = (cell >= 0) & (part.month >= MONTHS[0])
    per_cell = np.bincount(cell[kept], weights=part.weight[kept], minlength=len(one.cells))
    assert found["total"] > 1
    assert abs(found["total"] - per_cell.sum()) <= 0.05 + 1e-9
    assert np.abs(found["perCell"] - per_cell).max() <= 0.1 + 1e-9


def test_the_sums_are_those_of_the_finished_statistics() -> None:
    """Where all patrols lie in cells, the page's total is that of ``presence``."""
    one = situation()
    rng = np.random.default_rng(2)
    at = rng.integers(0, len(one.cells), 3000)
    one = patrolled(one, patrols(one.cells.x[at], one.cells.y[at]))
    of_python = presence(one.layers, MONTHS)
    assert by_script(one)["minutes"][0]["total"] == pytest.approx(of_python[2].sum(), abs=0.06)


@pytest.mark.parametrize("kind", ["square", "hex", "drawn"])
@pytest.mark.parametrize("reach", [430.0, 900.0])
def test_within_reach_is_by_the_distance_from_the_place_to_the_centres(
    kind: GridKind, reach: float
) -> None:
    """As shapely has it: a place's cells, everything within reach of them, and whose centre is."""
    one = situation(grid="hex" if kind == "hex" else "square")
    if kind == "drawn":  # the same squares, as somebody's polygons
        some = one.cells.polygons[1000:1400]
        one = replace(one, cells=polygon_cells(some, np.arange(len(some)).astype(str)))
    rng = np.random.default_rng(4)
    at = rng.integers(0, len(one.cells), 2500)
    one = patrolled(one, patrols(one.cells.x[at], one.cells.y[at]))
    one = replace(one, settings={**one.settings, "reach_m": reach})
    middle = len(one.cells) // 2
    places = [[middle], [middle, middle + 1, middle + 2], [0], [len(one.cells) - 1, 5]]
    found = by_script(one, places=places)["near"]
    x, y, minutes = presence(one.layers, MONTHS)
    for place, mine in zip(places, found, strict=True):
        ground = shapely.buffer(one.cells.union(np.array(place)), reach, quad_segs=200)
        inside = shapely.contains_xy(ground, x, y)
        assert 0 < inside.sum() < len(x)
        assert mine["total"] == pytest.approx(minutes[inside].sum(), rel=1e-3, abs=0.3)
        assert sum(mine["perHour"]) == pytest.approx(mine["total"], rel=1e-9)


def test_months_together_and_months_beyond() -> None:
    """Bins of unlike months hold what their months hold; months outside all bins are left out."""
    one = situation()
    rng = np.random.default_rng(2)
    at = rng.integers(0, len(one.cells), 3000)
    part = patrols(one.cells.x[at], one.cells.y[at])
    one = patrolled(one, part)
    spans = ((MONTH - 6, MONTH - 3), (MONTH - 2, MONTH))
    found = by_script(one, [mask(0, 0), mask(1, 1)], months=Months(spans, (0, 1)))
    for i, (first, last) in enumerate(spans):
        kept = (part.month >= first) & (part.month <= last)
        assert found["minutes"][i]["total"] == pytest.approx(part.weight[kept].sum(), abs=6)
        assert part.weight[kept].sum() > 1000
        days = sum(monthrange(m // 12, m % 12 + 1)[1] for m in range(first, last + 1))
        weekly = part.weight[kept].sum() / days * 7
        assert found["weekly"][i] == pytest.approx(weekly, rel=1e-3)


def test_without_dates_every_patrol_counts_and_no_week_does() -> None:
    """A table without dates has one bin of months; minutes a week cannot be told."""
    one = replace(situation(), month=0, months=(0, 0))
    part = patrols(one.cells.x[:50], one.cells.y[:50])
    part = replace(part, month=np.where(np.arange(50) % 2, part.month, UNKNOWN_MONTH))
    one = patrolled(one, part)
    found = by_script(one, [mask(0, 0)], months=Months((None,), (0, 0)))
    assert found["minutes"][0]["total"] == pytest.approx(part.weight.sum(), abs=0.06)
    assert found["weekly"] == [None]


def test_a_bin_without_dates_stands_before_the_others() -> None:
    """Patrols without a date are in the bin of events without one, and in no week."""
    one = situation()
    part = patrols(one.cells.x[:6], one.cells.y[:6])
    month = np.array([UNKNOWN_MONTH, MONTH - 1, MONTH, MONTH, MONTH - 2, UNKNOWN_MONTH])
    part = replace(part, month=month.astype(np.int32), weight=np.array([1.0, 2, 4, 8, 16, 32]))
    months = Months((None, (MONTH - 1, MONTH - 1), (MONTH, MONTH)), (1, 2))
    masks = [mask(0, 0), mask(1, 1), mask(2, 2), mask(0, 2)]
    found = by_script(patrolled(one, part), masks, months=months)
    assert [each["total"] for each in found["minutes"]] == [33, 2, 12, 47]
    assert found["weekly"][:3] == [None, pytest.approx(2 / 30 * 7), pytest.approx(12 / 31 * 7)]


def test_what_lies_outside_the_cells_is_told() -> None:
    """Minutes beyond the area are in no cell; the page says how many of the period's there are."""
    one = situation()
    x, y = one.cells.x[:4] + np.array([0, 1e5, 1e5, 1e5]), one.cells.y[:4]
    part = replace(
        patrols(x, y),
        month=np.array([MONTH, MONTH, MONTHS[0] - 1, MONTH], dtype=np.int32),
        weight=np.array([10.0, 20.0, 40.0, 1980.0]),
    )
    content = packed(patrolled(one, part), Streams(), words("sv"), YEAR)
    assert "2\u00a0000 patrullminuter" in content["outside"]
    inside = replace(part, x=one.cells.x[:4])
    assert packed(patrolled(one, inside), Streams(), words("sv"), YEAR)["outside"] == ""


def test_reach_promise_and_days_go_along() -> None:
    """What "within reach" is, what was promised if anything, and the days of each month."""
    one = patrolled(situation(), patrols([495630.0], [6567250.0]))
    content = packed(one, Streams(), words("en"), YEAR)
    assert content["reach_m"] == 500.0
    assert content["promise_minutes_per_week"] is None
    assert content["days"] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    promised = {**one.settings, "promise_minutes_per_week": 120}
    content = packed(replace(one, settings=promised), Streams(), words("en"), YEAR)
    assert content["promise_minutes_per_week"] == 120


def test_much_patrolling_stays_small() -> None:
    """190,000 rows in 1,000 cells over two years: four and a half bytes each, three compressed."""
    one = situation()
    rng = np.random.default_rng(1)
    at = rng.integers(0, 1000, 200_000)
    one = patrolled(one, patrols(one.cells.x[at], one.cells.y[at]))
    streams = Streams()
    packed(one, streams, words("sv"), month_bins(one, 1))
    rows = len(one.presence.cell)
    assert month_bins(one, 1).spans[0] == (MONTHS[0] - 12, MONTHS[0] - 12)
    assert rows > 180_000
    assert len(streams.data) < 4.5 * rows
    assert len(zlib.compress(streams.data, 9)) < 3 * rows
