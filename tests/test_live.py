"""What the page counts and claims by itself is what Python counts and claims."""

from __future__ import annotations

import base64
import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import by_node
from situations import MONTH, MONTHS, situation

from geo.cells import Cells, lattice_cells, polygon_cells
from geo.cube import CubeBuilder
from geo.grid import Grid
from geo.hotspots import gi_star
from geo.hotspots.method import Evidence, Points
from geo.kernels import kernel_sum
from geo.places import busiest_blocks, compare_two, contiguous
from layers.layer import Category, Events
from maps import live as module
from maps import packing
from maps.assemble import Frame, Wish, assemble
from maps.html import _cells as pack_cells
from maps.live import live, month_bins, rows_of
from maps.packing import Streams, bytes_block
from maps.words import words

if TYPE_CHECKING:
    from maps.situation import Situation

RECOUNT = Path(__file__).parent / "js" / "recount.js"
KEYS = ("a", "b", "c", "d", "e")
FAMILIES = {"a": "order", "b": "order", "c": "traffic", "d": "narcotics", "e": "traffic"}
CATEGORIES = {key: Category(key, family) for key, family in FAMILIES.items()}
WHOLE = {
    "family": "all",
    "off": [],
    "days": [True] * 7,
    "hours": [0, 24],
    "holidays": "any",
}


def node(given: dict[str, Any]) -> dict[str, Any]:
    """Run the page's functions on what is given."""
    return by_node(RECOUNT, given=given)


def recounted(made: Situation, filters: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Pack a situation, and let the page count it by each filter."""
    streams = Streams()
    content = {"cells": pack_cells(made, streams), "cube": live(made, words("sv"), streams)}
    found = node(
        {
            "content": content,
            "streams": base64.b64encode(streams.data).decode(),
            "cells": len(made.cells),
            "filters": filters,
            **more,
        }
    )
    return found | {"content": content}


# --- situations ----------------------------------------------------------------------------------

AREA = shapely.Point(500_000, 6_560_000).buffer(4_321.0, quad_segs=9)


def drawn_cells() -> Cells:
    """Draw some hundred polygons that share borders, and two islands."""
    rng = np.random.default_rng(3)
    points = shapely.multipoints(rng.uniform([496e3, 6556e3], [504e3, 6564e3], (300, 2)))
    parts = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=AREA))
    shapes = shapely.intersection(parts, AREA)
    shapes = shapes[shapely.area(shapes) > 1.0]
    apart = shapely.box(np.array([510e3, 512e3]), 6560e3, np.array([511e3, 513e3]), 6561e3)
    shapes = np.concatenate([shapes, apart])
    return polygon_cells(shapes, np.array([f"p{i}" for i in range(len(shapes))], dtype=object))


def cells_of(kind: str) -> Cells:
    """Make cells of a kind: square, hex or drawn."""
    return drawn_cells() if kind == "drawn" else lattice_cells(Grid(kind, 250.0), AREA)


def events_of(cells: Cells, seed: int, n: int, *, weighted: bool) -> dict[str, np.ndarray]:
    """Make events: three clusters and many strewn, some undated, of unknown hour, or on leave."""
    rng = np.random.default_rng(seed)
    centre = rng.choice(len(cells), 3)
    near = [
        np.argsort(np.hypot(cells.x - cells.x[c], cells.y - cells.y[c]))[:14].tolist()
        for c in centre
    ]
    cell = np.concatenate(
        [rng.integers(0, len(cells), n), rng.choice(np.concatenate(near), n // 2)]
    ).astype(np.int64)
    many = len(cell)
    month = rng.integers(MONTHS[0] - 13, MONTH + 3, many)
    month[rng.random(many) < 0.03] = -1
    hour = rng.choice(169, many, p=np.append(np.full(168, 0.9 / 168), 0.1))
    mixed = np.isin(month % 12, (5, 11, 0))
    weight = np.ones(many)
    if weighted:
        weight = rng.choice([1.0, 2.0, 0.5, 0.1, 1.25, 1 / 3, np.pi, 0.0], many)
    return {
        "cell": cell,
        "month": month,
        "category": rng.choice(5, many, p=[0.4, 0.05, 0.3, 0.15, 0.1]),
        "hour": hour,
        "weight": weight,
        "holiday": (month % 12 == 6) | (mixed & (rng.random(many) < 0.4)),
    }


def cube_of(cells: Cells, events: dict[str, np.ndarray], some: np.ndarray | slice) -> Any:
    """Count some of the events."""
    builder = CubeBuilder(len(cells), KEYS)
    builder.add(
        events["cell"][some],
        month=events["month"][some],
        category=events["category"][some],
        hour=events["hour"][some],
        weight=events["weight"][some],
    )
    return builder.build()


def made_of(
    cells: Cells,
    events: dict[str, np.ndarray],
    methods: dict[str, Any] | None = None,
    exposure: np.ndarray | None = None,
    *,
    holidays: bool = True,
) -> Situation:
    """Put a situation around the events."""
    base = situation()
    columns = {"n": np.zeros(len(cells), dtype=np.int64), "weight": np.zeros(len(cells))}
    return replace(
        base,
        cells=cells,
        views=(
            replace(
                base.views[0],
                n=0,
                columns=columns,
                hot=np.zeros(len(cells), dtype=bool),
                hotspots=(),
                alerts=(),
            ),
        ),
        cube=cube_of(cells, events, slice(None)),
        holidays=cube_of(cells, events, events["holiday"]) if holidays else None,
        categories=CATEGORIES,
        settings={"methods": methods or {}, "exposure": None},
        exposure=exposure,
    )


def asked(
    made: Situation, rng: np.random.Generator, months: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Ask at random: every part of a filter, often left alone."""
    bins = len(month_bins(made, 1).spans)
    begin, end = sorted(rng.integers(0, bins, 2).tolist()) if months is None else months
    quiet = rng.random(5) < 0.5
    start, stop = int(rng.integers(0, 24)), int(rng.integers(1, 25))
    return {
        "family": "all" if quiet[0] else str(rng.choice(["order", "traffic", "narcotics"])),
        "off": [] if quiet[1] else rng.choice(5, 2, replace=False).tolist(),
        "months": [begin, end],
        "days": [True] * 7 if quiet[2] else (rng.random(7) < 0.6).tolist(),
        "hours": [0, 24] if quiet[3] else [start, stop],
        "holidays": "any" if quiet[4] else str(rng.choice(["only", "not"])),
    }


def truth(
    events: dict[str, np.ndarray],
    filtered: dict[str, Any],
    content: dict[str, Any],
    cells: int,
) -> dict[str, np.ndarray]:
    """Count the events themselves, one by one, as the filter says; hours as a clock that turns."""
    keys = np.array(content["categoryKeys"])
    spans = content["monthSpans"]
    first, last = spans[filtered["months"][0]][0], spans[filtered["months"][1]][1]
    dated = (events["month"] >= spans[0][0]) & (events["month"] <= spans[-1][1])
    name = np.array(KEYS)[events["category"]]
    kind = np.isin(name, [key for i, key in enumerate(keys) if i not in filtered["off"]])
    if filtered["family"] != "all":
        kind &= np.array([FAMILIES[one] == filtered["family"] for one in name])
    when = (events["month"] >= first) & (events["month"] <= last)
    begin, end = filtered["hours"]
    since = (events["hour"] - begin) % 168
    inside = since % 24 < ((end - begin) % 24 or 24)
    inside &= np.array(filtered["days"])[since // 24]
    known = events["hour"] < 168
    everything = filtered["hours"] == [0, 24] and all(filtered["days"])
    week = np.where(known, inside, everything)
    leave = dated.copy()
    if filtered["holidays"] != "any":
        leave &= events["holiday"] == (filtered["holidays"] == "only")

    def counted(some: np.ndarray, by: np.ndarray, length: int) -> np.ndarray:
        return np.bincount(by[some], minlength=length)

    every = leave & kind & when & week
    bins = np.array([np.flatnonzero(keys == key)[0] for key in KEYS])
    return {
        "n": counted(every, events["cell"], cells),
        "weight": np.bincount(
            events["cell"][every], weights=events["weight"][every], minlength=cells
        ),
        "total": every.sum(),
        "unknown": (leave & kind & when & ~known & ~week).sum(),
        "perMonth": counted(leave & kind & week, events["month"] - spans[0][0], len(spans)),
        "perHour": counted(leave & kind & when, events["hour"], 169),
        "perCategory": counted(leave & when & week, bins[events["category"]], len(keys)),
    }


# --- counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "weighted", "seed"),
    [("square", False, 1), ("hex", True, 2), ("drawn", True, 3), ("drawn", False, 4)],
)
def test_every_filter_counts_as_the_events_themselves_do(kind, weighted, seed):
    """Family, categories, months, days, hours over midnight and holidays; and what each ignores."""
    cells = cells_of(kind)
    events = events_of(cells, seed, 3_000, weighted=weighted)
    made = made_of(cells, events)
    rng = np.random.default_rng(seed)
    filters = [asked(made, rng) for _ in range(60)]
    filters += [
        asked(made, rng) | {"hours": hours} for hours in ([22, 6], [8, 8], [0, 1], [23, 24])
    ]
    some = rng.choice(len(cells), 40, replace=False).tolist()
    found = recounted(made, filters, some=some)
    content = found["content"]["cube"]
    for filtered, answer in zip(filters, found["filters"], strict=True):
        expected = truth(events, filtered, content, len(cells))
        counts = answer["counts"]
        for name in ("n", "perMonth", "perHour", "perCategory", "total", "unknown"):
            np.testing.assert_array_equal(counts[name], expected[name], str((name, filtered)))
        np.testing.assert_allclose(counts["weight"], expected["weight"], rtol=1e-12, atol=1e-12)
        inside = np.isin(events["cell"], some)
        few = {name: column[inside] for name, column in events.items()}
        expected = truth(few, filtered, content, len(cells))
        for name in ("perMonth", "perHour", "perCategory", "unknown"):
            np.testing.assert_array_equal(answer["in"][name], expected[name])
        assert answer["in"]["n"] == expected["n"].sum()
        assert answer["in"]["weight"] == pytest.approx(expected["weight"].sum(), abs=1e-9)
    assert not any(a["counts"]["total"] == 0 for a in found["filters"][-4:])


@pytest.mark.parametrize("holidays", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_packed_value_comes_back(weighted, holidays):
    """Rows, counts, weights to the last bit, holidays, shares and centres."""
    cells = cells_of("drawn")
    events = events_of(cells, 7, 4_000, weighted=weighted)
    events["cell"][:700] = 5  # a row of more than a byte
    for name, value in (("month", MONTH), ("hour", 20), ("category", 0), ("holiday", 0)):
        events[name][:700] = value
    made = made_of(cells, events, holidays=holidays)
    found = recounted(made, [])
    cube = found["cube"]
    rows = rows_of(made, module._categories(made, month_bins(made, 1)), month_bins(made, 1), 1)
    for name in ("category", "month", "hour", "n"):
        np.testing.assert_array_equal(cube[name], getattr(rows, name), name)
    np.testing.assert_array_equal(
        np.repeat(np.arange(len(cells)), np.diff(cube["start"])), rows.cell
    )
    assert rows.n.max() >= 700
    if weighted:
        np.testing.assert_array_equal(cube["weight"], rows.weight)
    else:
        assert cube["weight"] is None
    if holidays:
        np.testing.assert_array_equal(cube["holiday"], rows.held)
        if weighted:
            np.testing.assert_allclose(cube["holidayWeight"], rows.held_weight, rtol=1e-12)
    else:
        assert cube["holiday"] is None
    evidence = Evidence(cells, np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells)))
    np.testing.assert_array_equal(found["stats"]["share"], evidence.share)
    np.testing.assert_array_equal(found["stats"]["area"], np.rint(cells.area_m2))
    np.testing.assert_array_equal(found["stats"]["x"], cells.x)
    np.testing.assert_array_equal(found["stats"]["y"], cells.y)


@given(st.lists(st.integers(0, 2_000)), st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_streams_give_back_whole_numbers_and_floats(whole, real):
    """Small numbers as bytes with the rest beside; floats to the last bit, usual ones told once."""
    streams = Streams()
    streams.add([1, 2, 3])
    small, floats, mostly = streams.small(whole), streams.floats(real), streams.mostly(real)
    data = streams.data
    start, count = small["bytes"]
    low = np.frombuffer(data, np.uint8, count, start).astype(np.int64)
    assert (low < 255).sum() == (np.array(whole, dtype=np.int64) < 255).sum()
    assert small["more"][1] == (low == 255).sum()
    start, count = floats
    planes = np.frombuffer(data, np.uint8, 8 * count, start).reshape(8, count)
    np.testing.assert_array_equal(np.ascontiguousarray(planes.T).view("<f8").ravel(), real)
    assert mostly["count"] == len(real)
    assert len(real) - mostly["at"][1] == sum(value == mostly["usual"] for value in real)


def test_a_stream_of_small_numbers_takes_none_below_nought():
    """Bytes have no sign."""
    with pytest.raises(ValueError, match="below 0"):
        Streams().small([1, -1])


# --- statistics ----------------------------------------------------------------------------------

ASKED: list[tuple[str, bool, bool, dict[str, Any]]] = [
    ("square", False, False, {}),
    ("square", True, False, {"neighbourhood": "ring", "rings": 2, "correction": "by"}),
    ("square", False, True, {"neighbourhood": "distance", "distance_m": 800.0}),
    ("hex", False, False, {"correction": "by", "min_place": 6}),
    ("hex", True, True, {"neighbourhood": "ring", "rings": 3}),
    ("hex", False, False, {"neighbourhood": "distance", "distance_m": 900.0, "alpha": 0.01}),
    ("drawn", False, False, {}),
    ("drawn", True, True, {"neighbourhood": "ring", "rings": 2}),
    ("drawn", False, True, {"neighbourhood": "distance", "distance_m": 700.0}),
    ("drawn", True, False, {"min_events": 700, "min_occupied": 150}),
]


def exposure_of(cells: Cells) -> np.ndarray:
    """Make inhabitants: most cells have a few, some many, a tenth of them nobody at all."""
    rng = np.random.default_rng(11)
    people = rng.lognormal(2, 1.2, len(cells))
    people[rng.random(len(cells)) < 0.1] = 0.0
    return people


@pytest.mark.parametrize(("kind", "weighted", "exposed", "wanted"), ASKED)
def test_the_page_claims_what_gi_star_claims(kind, weighted, exposed, wanted):
    """z, p, q, chance, bins, hot cells, groups and density, on whatever a filter leaves."""
    cells = cells_of(kind)
    events = events_of(cells, 21, 1_500, weighted=weighted)
    if kind == "square":  # a few weights that sum without rounding
        events["weight"] = np.round(events["weight"] * 4) / 4
    kernel = "gaussian" if exposed else "quartic"
    kde = {"kernel": kernel, "bandwidth": 163.7 if exposed else 1_150.0}
    used = {"values": "weight" if weighted else "n", **wanted}
    exposure = exposure_of(cells) if exposed else None
    made = made_of(cells, events, {"gi_star": used, "kde": kde}, exposure)
    rng = np.random.default_rng(5)
    filters = [WHOLE | {"months": list(month_bins(made, 1).period)}]
    filters += [asked(made, rng) for _ in range(12)]
    filters += [WHOLE | {"months": [3, 3], "off": [0, 1], "hours": [3, 5]}]
    found = recounted(made, filters)
    few = enough = claimed = 0
    for answer in found["filters"]:
        n = np.array(answer["counts"]["n"], dtype=np.int64)
        weight = np.array(answer["counts"]["weight"])
        evidence = Evidence(cells, n, weight, exposure=exposure)
        result = gi_star.run(evidence, inference="analytic", **used)
        mine, columns = answer["claims"], result.columns
        np.testing.assert_allclose(mine["z"], columns["gi_z"], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(mine["p"], columns["gi_p"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(mine["q"], columns["gi_q"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(mine["chanceQ"], columns["gi_chance_q"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(mine["claimP"], result.p, rtol=0, atol=1e-9)
        np.testing.assert_allclose(mine["worst"], result.q, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(mine["bin"], columns["gi_bin"])
        np.testing.assert_array_equal(mine["hot"], result.hot)
        assert mine["enough"] == result.enough
        told = [note for note in result.notes if note.key.startswith("too_few")]
        if told:
            few += 1
            values = told[0].values
            assert mine["few"] == {
                "kind": told[0].key.removeprefix("too_few_"),
                "n": values["n"],
                "needed": values["needed"],
            }
        else:
            enough += 1
            assert mine["few"] is None
        groups = [own[n[own] > 0] for own in contiguous(result.hot, cells.neighbours)]
        assert answer["groups"] == [own.tolist() for own in groups if len(own)]
        claimed += len(answer["groups"])
        at = Points(cells.x, cells.y, weight)
        density = 1e6 * kernel_sum(at, cells.x, cells.y, **kde)
        np.testing.assert_allclose(
            answer["density"], density, rtol=0, atol=max(density.max(), 1e-12) * 1e-9
        )
    assert few
    assert enough
    assert claimed


def test_the_busiest_block_is_the_one_that_python_finds():
    """Even weeks, weeks with a peak, and mass spread over hours, whatever their size."""
    rng = np.random.default_rng(2)
    weeks = []
    for i in range(400):
        total = rng.choice([5, 9, 10, 30, 120, 2_000])
        week = rng.multinomial(total, np.full(168, 1 / 168)).astype(float)
        if i % 2:
            day, hour = rng.integers(0, 7), rng.integers(0, 24)
            inside = ((np.arange(168) - 24 * day - hour) % 168) % 24 < rng.integers(1, 9)
            inside &= (np.arange(168) - 24 * day - hour) % 168 < 24 * rng.integers(1, 6)
            week += rng.multinomial(total, inside / inside.sum())
        if i % 3 == 0:
            week = (week + np.roll(week, 1) + np.roll(week, 2)) / 3
        weeks.append(week)
    found = node({"weeks": [week.tolist() for week in weeks]})["blocks"]
    expected = busiest_blocks(np.array(weeks).reshape(-1, 7, 24))
    assert sum(block is not None for block in expected) > 100
    assert sum(block is None for block in expected) > 100
    for mine, block in zip(found, expected, strict=True):
        assert mine == (
            None
            if block is None
            else {
                "firstDay": block.first_day,
                "lastDay": block.last_day,
                "firstHour": block.first_hour,
                "lastHour": block.last_hour,
                "n": block.n,
            }
        )


def test_two_counts_compare_as_in_python():
    """All pairs up to 60, and some large ones."""
    pairs = [[a, b] for a in range(61) for b in range(61)] + [
        [900, 1_000],
        [880, 1_000],
        [0, 4_000],
    ]
    found = node({"pairs": pairs})["trends"]
    assert found == [compare_two(a, b) for a, b in pairs]
    assert set(found) == {"few", "same", "up", "down"}


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_outlines_hold_what_the_cells_hold(kind):
    """The same area as the union: holes, islands, and cells that meet in a corner only."""
    cells = cells_of(kind)
    events = events_of(cells, 1, 200, weighted=False)
    made = made_of(cells, events)
    rng = np.random.default_rng(9)
    chosen = [np.flatnonzero(rng.random(len(cells)) < part) for part in (0.01, 0.3, 0.5, 0.8)]
    chosen += [np.arange(len(cells)), np.array([7])]
    found = recounted(made, [], outlines=[some.tolist() for some in chosen])["outlines"]
    for some, shape in zip(chosen, found, strict=True):
        xy = np.array(shape["xy"]).reshape(-1, 2)
        rings = [shapely.LinearRing(xy[begin:end]) for begin, end in shape["rings"]]
        union = cells.union(some)
        signed = sum(shapely.Polygon(r).area * (1 if r.is_ccw else -1) for r in rings)
        assert signed == pytest.approx(union.area, rel=1e-9)
        assert sum(r.length for r in rings) == pytest.approx(union.length, rel=1e-9)
        np.testing.assert_allclose(shape["box"], union.bounds, rtol=1e-12)
        inside = shapely.contains_xy(union, cells.x, cells.y)
        mine = np.zeros(len(cells), dtype=int)
        for ring in rings:
            mine += shapely.contains_xy(shapely.Polygon(ring), cells.x, cells.y) * (
                1 if ring.is_ccw else -1
            )
        np.testing.assert_array_equal(mine, inside)
        corners = shapely.get_num_coordinates(shapely.simplify(union, 0.0))
        assert len(xy) < corners


def test_the_outline_of_drawn_cells_is_all_of_their_rings():
    """Every ring of the chosen shapes, one after the other."""
    cells = cells_of("drawn")
    made = made_of(cells, events_of(cells, 1, 2_000, weighted=False))
    found = recounted(made, [], outlines=[[3, 8, 20]])["outlines"][0]
    xy = np.array(found["xy"]).reshape(-1, 2)
    area = sum(shapely.Polygon(xy[begin:end]).area for begin, end in found["rings"])
    assert area == pytest.approx(cells.area_m2[[3, 8, 20]].sum(), rel=1e-3)  # rounded to metres


# --- the whole -----------------------------------------------------------------------------------

FRAME = Frame(
    title="T",
    municipality="M",
    crs=3006,
    area=AREA,
    area_name="M",
    categories=CATEGORIES,
)


def read_events(cells: Cells, events: dict[str, np.ndarray]) -> Events:
    """Give the events as a layer does, somewhere in their cells."""
    return Events(
        x=cells.x[events["cell"]],
        y=cells.y[events["cell"]],
        month=events["month"].astype(np.int32),
        hour=events["hour"].astype(np.int16),
        category=events["category"].astype(np.int32),
        categories=KEYS,
        weight=events["weight"],
    )


@pytest.mark.parametrize("window", [12, 5, None])
@pytest.mark.parametrize("dated", [True, False])
def test_the_full_filter_gives_the_finished_views(window, dated):
    """By family and in all: the period as it stands gives each view's own counts and hot cells."""
    cells = cells_of("square")
    inside = np.flatnonzero(shapely.contains_xy(AREA, cells.x, cells.y))
    events = events_of(cells, 31, 2_000, weighted=True)
    events["cell"] = inside[events["cell"] % len(inside)]
    if not dated:
        events["month"][:] = -1
        window = None
    month = None if window is None else MONTH
    wish = Wish(
        cell_size=250.0,
        month=month,
        window_months=window,
        methods={"count": {}, "kde": {}, "gi_star": {}},
        stability=False,
    )
    made = assemble(FRAME, wish, [], events=[read_events(cells, events)])
    months = month_bins(made, 1)
    filters = [
        WHOLE | {"months": list(months.period), "family": view.family} for view in made.views
    ]
    found = recounted(made, filters)
    assert found["content"]["cube"]["period"] == months.period
    for view, answer in zip(made.views, found["filters"], strict=True):
        np.testing.assert_array_equal(answer["counts"]["n"], view.columns["n"])
        np.testing.assert_allclose(answer["counts"]["weight"], view.columns["weight"], rtol=1e-12)
        np.testing.assert_array_equal(answer["claims"]["bin"], view.columns["gi_bin"])
        np.testing.assert_array_equal(answer["claims"]["hot"], view.hot)
        assert {tuple(group) for group in answer["groups"]} == {
            tuple(spot.cells.tolist()) for spot in view.hotspots
        }
    undated = window is None
    assert (found["content"]["cube"]["monthLabels"][0] == "utan datum") is undated
    if dated:
        assert found["content"]["cube"]["monthLabels"][-1].endswith(str(made.month // 12))


# --- size ----------------------------------------------------------------------------------------


def big_events(events: int, occupied: int, months: int, kinds: int) -> dict[str, np.ndarray]:
    """Make events as they come: 70 % in clusters, few kinds common, each with its hours and season.

    A cluster is twenty cells in a row, with its own mix of kinds; their sizes are heavy-tailed.
    """
    rng = np.random.default_rng(5)
    clusters, inside = occupied // 20, int(events * 0.7)
    size = rng.pareto(1.1, clusters) + 0.3
    cluster = rng.choice(clusters, inside, p=size / size.sum())
    cell = np.concatenate(
        [
            cluster * 20 + np.minimum(rng.geometric(0.25, inside) - 1, 19),
            np.arange(occupied),
            rng.integers(0, occupied, events - inside - occupied),
        ]
    )
    common = 1 / np.arange(1.0, kinds + 1)
    mix = np.cumsum(rng.dirichlet(common / common.sum() * 6, size=clusters), axis=1)
    category = (rng.random(events)[:, None] > mix[cell // 20]).sum(axis=1).clip(max=kinds - 1)
    season = 1 + 0.4 * np.cos((np.arange(months) % 12 - 6) / 6 * np.pi)
    clock, day = np.arange(168) % 24, np.arange(168) // 24
    daily = np.exp(-(((clock - 14) / 5) ** 2)) + 0.15
    late = np.exp(-((((clock - 11) % 24 - 12) / 3) ** 2)) * np.where(
        (day == 4) | (day == 5), 3, 0.6
    )
    profiles = np.stack([daily * np.where(day > 4, 0.6, 1.0), late + 0.05, daily + late + 0.05])
    profiles /= profiles.sum(axis=1, keepdims=True)
    hour = np.empty(events, dtype=np.int64)
    for i, profile in enumerate(profiles):
        mine = np.flatnonzero(category % 3 == i)
        hour[mine] = rng.choice(168, len(mine), p=profile)
    hour[rng.random(events) < 0.08] = 168
    month = MONTH - months + 1 + rng.choice(months, events, p=season / season.sum())
    return {"cell": cell, "month": month, "category": category, "hour": hour}


def big_situation(
    events: int = 1_000_000,
    occupied: int = 20_000,
    months: int = 24,
    kinds: int = 12,
    wide: int = 300,
) -> Situation:
    """Make a square of ``wide`` by ``wide`` cells of 100 m, some of them occupied by clusters."""
    area = shapely.box(500e3, 6500e3, 500e3 + 100 * wide, 6500e3 + 100 * wide)
    cells = lattice_cells(Grid("square", 100.0), area)
    told = big_events(events, occupied, months, kinds)
    rows = np.random.default_rng(1).permutation(len(cells) // 20)[: occupied // 20]
    place = (rows[:, None] * 20 + np.arange(20)).ravel()
    builder = CubeBuilder(len(cells), tuple(f"kind {i}" for i in range(kinds)))
    builder.add(place[told.pop("cell")], **told)
    return replace(
        situation(),
        area=area,
        cells=cells,
        cube=builder.build(),
        settings={"methods": {"kde": {"kernel": "quartic", "bandwidth": 2_000.0}}},
    )


def test_a_million_events_fit_without_coarsening():
    """20,000 occupied cells, 24 months, 12 categories, every hour: below 1.7 MB of the page."""
    made = big_situation()
    streams = Streams()
    found = live(made, words("sv"), streams)
    assert found is not None
    assert found["coarse"] == ""
    assert (found["hoursPerBin"], found["monthsPerBin"], len(found["monthLabels"])) == (1, 1, 24)
    assert len(bytes_block(streams.data).text) < 1_700_000


LADDER = [(3, 1), (6, 1), (24, 1), (168, 1), (168, 3), (168, 6), (168, 12)]


def test_too_large_a_cube_is_coarsened_step_by_step(monkeypatch):
    """Hours first, then months; sums stay, the period stays whole, and a sentence says it."""
    cells = lattice_cells(Grid("square", 1_000.0), AREA)
    events = events_of(cells, 5, 12_000, weighted=True)
    made = replace(made_of(cells, events), months=(MONTH - 9, MONTH))
    sizes = []
    monkeypatch.setattr(packing, "_SMALL", 0)  # always compressed: sizes can be compared
    for step in [(1, 1), *LADDER]:
        monkeypatch.setattr(module, "_ladder", lambda _, step=step: iter([step]))
        streams = Streams()
        assert live(made, words("sv"), streams) is not None
        sizes.append(len(bytes_block(streams.data).text))
    monkeypatch.undo()
    monkeypatch.setattr(packing, "_SMALL", 0)
    assert sizes == sorted(sizes, reverse=True)
    sentences = set()
    for step, size in zip(LADDER, sizes[1:], strict=True):
        monkeypatch.setattr(module, "MOST_BYTES", size)
        rng = np.random.default_rng(4)
        months = month_bins(made, step[1])
        filters = [WHOLE | {"months": list(months.period)}]
        aligned = {3: [[21, 6], [6, 12]], 6: [[18, 6]], 24: [[0, 24]], 168: [[0, 24]]}[step[0]]
        days = [True] * 7 if step[0] == 168 else (rng.random(7) < 0.6).tolist()
        filters += [WHOLE | {"months": [1, 1], "hours": h, "days": days} for h in aligned]
        filters += [WHOLE | {"months": [0, len(months.spans) - 1], "holidays": "only"}]
        found = recounted(made, filters)
        content = found["content"]["cube"]
        assert (content["hoursPerBin"], content["monthsPerBin"]) == step
        assert content["coarse"].startswith("För att sidan inte ska bli för stor ")
        sentences.add(content["coarse"])
        assert all(b[0] == a[1] + 1 for a, b in zip(months.spans, months.spans[1:], strict=False))
        assert months.spans[months.period[0]][0] == MONTH - 9
        assert months.spans[-1][1] == MONTH
        for filtered, answer in zip(filters, found["filters"], strict=True):
            expected = truth(events, filtered, content, len(cells))
            np.testing.assert_array_equal(answer["counts"]["n"], expected["n"])
            np.testing.assert_allclose(answer["counts"]["weight"], expected["weight"], atol=1e-9)
    assert len(sentences) == len(LADDER)


def test_what_no_coarsening_helps_is_not_packed(monkeypatch):
    """Then the page has its finished maps, and nothing is left in the streams."""
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    cells = cells_of("square")
    streams = Streams()
    assert (
        live(made_of(cells, events_of(cells, 5, 500, weighted=False)), words("sv"), streams) is None
    )
    assert streams.data == b""


def test_no_events_no_cube():
    """A situation without events has nothing to count."""
    cells = cells_of("square")
    events = {k: v[:0] for k, v in events_of(cells, 5, 500, weighted=False).items()}
    assert live(made_of(cells, events), words("sv"), Streams()) is None


@settings(deadline=None)
@given(
    back=st.integers(0, 400),
    window=st.integers(1, 400),
    step=st.sampled_from([1, 3, 6, 12, 24]),
)
def test_bins_cover_the_period_whatever_it_is(back, window, step):
    """Bins lie end to end, none is longer than asked, and the period begins with one."""
    cells = lattice_cells(Grid("square", 4_000.0), AREA)
    builder = CubeBuilder(len(cells), KEYS)
    builder.add(np.zeros(2, dtype=np.int64), month=np.array([MONTH - back, MONTH]))
    months = (MONTH - window + 1, MONTH)
    made = replace(situation(), cells=cells, cube=builder.build(), months=months)
    bins = month_bins(made, step)
    spans = [span for span in bins.spans if span is not None]
    assert spans[-1][1] == MONTH
    assert spans[bins.period[0]][0] == months[0]
    assert bins.period[1] == len(spans) - 1
    assert all(b[0] == a[1] + 1 for a, b in itertools.pairwise(spans))
    assert max(b - a + 1 for a, b in spans) <= step
    assert spans[0][0] == min(months[0], max(MONTH - back, MONTH - module.MOST_BACK + 1))
    for i, (a, b) in enumerate(spans):
        np.testing.assert_array_equal(bins.bins(np.array([a, b])), [i, i])
    np.testing.assert_array_equal(bins.bins(np.array([spans[0][0] - 1, MONTH + 1, -1])), [-1] * 3)


def test_years_beyond_counting_are_counted_together():
    """A period of two thousand years has bins of many months, not many bins."""
    cells = lattice_cells(Grid("square", 4_000.0), AREA)
    builder = CubeBuilder(len(cells), KEYS)
    builder.add(np.zeros(2, dtype=np.int64), month=np.array([12, MONTH]))
    made = replace(situation(), cells=cells, cube=builder.build(), months=(12, MONTH))
    found = live(made, words("en"), Streams())
    assert found is not None
    assert len(found["monthLabels"]) <= module.MOST_BINS
    assert found["coarse"].startswith("To keep the page small enough, months are counted")
