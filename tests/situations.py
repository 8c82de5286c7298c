"""Small hand-made situations for the tests of writers: no analysis behind them, every field set."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid, GridKind
from geo.hotspots import Streets
from geo.months import parse_month
from geo.note import Note
from layers.categories import known_categories
from layers.layer import LEFT_OUT_COLUMNS, Category, Events, Layer, Report
from layers.project import PageWish
from maps.assemble import Frame, Wish, assemble
from maps.situation import (
    ALL,
    Alert,
    Change,
    Hotspot,
    Near,
    Peak,
    PlaceName,
    Situation,
    Stability,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

# Lekeberg, coarse, EPSG:3006
RING = [
    (475800, 6552000),
    (474900, 6558100),
    (473300, 6566200),
    (477600, 6567900),
    (488300, 6576000),
    (492200, 6574300),
    (497200, 6565900),
    (503400, 6560300),
    (499400, 6554900),
    (491800, 6550100),
    (482800, 6543700),
    (485000, 6555200),
]
MONTH = parse_month("2021-12")
MONTHS = (MONTH - 11, MONTH)
BADGRUVA = (495630.0, 6567250.0)
LEKEN = (487610.0, 6570790.0)
FJUGESTA = (492670.0, 6559530.0)
CATEGORIES = {
    "littering": Category("littering", "order"),
    "vandalism": Category("vandalism", "order"),
    "speeding": Category("speeding", "traffic"),
    "narcotics": Category("narcotics", "narcotics"),
}


def no_rows() -> pd.DataFrame:
    """Make an empty table of rows left out."""
    return pd.DataFrame({name: [] for name in LEFT_OUT_COLUMNS})


def layer(kind: str, table: pd.DataFrame, geometry: np.ndarray) -> Layer:
    """Make a layer in which every row was accepted."""
    report = Report(kind, kind, f"{kind}.csv", "0" * 64, len(table), len(table), {})
    return Layer(kind, kind, table, geometry, no_rows(), report)


def situation(*, text: str = "", enough: bool = True, grid: GridKind = "square") -> Situation:
    """Make a situation of three hotspots in Lekeberg; ``text`` is put into every user text."""
    area = shapely.Polygon(RING)
    cells = lattice_cells(Grid(grid, 500), area)
    rng = np.random.default_rng(7)
    centres = np.array([BADGRUVA, LEKEN, FJUGESTA])
    which = rng.integers(0, 3, 600)
    points = centres[which] + rng.normal(0, 350, (600, 2))
    hour = rng.choice([4 * 24 + 22, 5 * 24 + 23, 5 * 24 + 20, 40, 168], 600)
    keys = tuple(CATEGORIES)
    category = np.array([[0, 1], [0, 3], [2, 2]])[which, rng.integers(0, 2, 600)]
    month = rng.integers(MONTHS[0] - 12, MONTH + 1, 600)
    builder = CubeBuilder(len(cells), keys)
    at = cells.locate(points[:, 0], points[:, 1])
    builder.add(at, month=month, category=category, hour=hour)
    cube = builder.build()
    families = [ALL, "order", "traffic", "narcotics"]
    views = tuple(_view(f, cube, cells, points, enough=enough, text=text) for f in families)
    names = [f"Lanna badgruva{text}", f"Leken{text}"]
    bathing = layer(
        "bathing_sites",
        pd.DataFrame(
            {
                "id": ["SE0241814000004068", "SE0241814000003852"],
                "name": names,
                "municipality": ["Lekeberg" + text] * 2,
                "eu_id": ["SE0241814000004068", None],
                "near_n": pd.array([41, 3], dtype="Int64"),
                "near_expected": [1.5, 1.4],
                "near_ratio": [27.3, 2.1],
                "near_p": [1e-9, 0.2],
                "near_q": [2e-9, 0.2],
                "season_n": pd.array([30, 1], dtype="Int64"),
                "season_days": pd.array([61, 61], dtype="Int64"),
                "per_season_day": [0.4918, 0.0164],
            }
        ),
        shapely.points([BADGRUVA, LEKEN]),
    )
    traffic = layer(
        "traffic_spots",
        pd.DataFrame(
            {
                "id": ["1", "2"],
                "category": ["speeding", "speeding"],
                "family": ["traffic", "traffic"],
                "place": [f"E18 vid Lanna{text}", f"Bergsgatan{text}"],
                "time": pd.to_datetime(["2021-06-07 14:30", None]),
                "month": ["2021-06", None],
                "reporter": [f"boende{text}", None],
                "weight": [1.0, 2.0],
            }
        ),
        shapely.points([(495700.0, 6566500.0), (492800.0, 6559600.0)]),
    )
    patrols = layer(
        "patrols",
        pd.DataFrame(
            {
                "id": ["1", "2"],
                "purpose": ["speed_control", "bathing_place"],
                "unit": [f"Områdespolis 1{text}", None],
                "start": pd.to_datetime(["2021-07-02 20:00", "2021-07-03 21:00"]),
                "minutes": [35.0, 120.0],
            }
        ),
        np.array(
            [
                shapely.Point(495700, 6566500),
                shapely.LineString([(492000, 6559000), (492600, 6559600), (493400, 6559900)]),
            ],
            dtype=object,
        ),
    )
    broken = pd.DataFrame(
        {
            "row": [17, 40],
            "reason": ["no_position", "unreadable_date"],
            "column": [None, "Datum"],
            "value": [None, f"igår{text}"],
        }
    )
    incidents = Layer(
        "incidents",
        "incidents",
        pd.DataFrame(
            {
                "id": [str(i) for i in range(600)],
                "category": [keys[c] for c in category],
                "family": [CATEGORIES[keys[c]].family for c in category],
                "month": [f"{m // 12}-{m % 12 + 1:02d}" for m in month],
                "place": [f"vid stranden{text}"] * 600,
                "weight": np.ones(600),
            }
        ),
        shapely.points(points),
        broken,
        Report(
            "incidents",
            "incidents",
            f"rapporter{text}.csv",
            "1" * 64,
            602,
            600,
            {"no_position": 1, "unreadable_date": 1},
        ),
    )
    roads = layer(
        "roads",
        pd.DataFrame(
            {
                "id": ["1", "2", "3"],
                "class": ["road_major", "road_minor", "water"],
                "name": [f"E18{text}", None, f"Multen{text}"],
            }
        ),
        np.array(
            [
                shapely.LineString(
                    [(478000, 6567500), (488000, 6570600), (496000, 6566600), (503000, 6563000)]
                ),
                shapely.LineString([(490000, 6555000), (492700, 6559500), (495600, 6567000)]),
                shapely.Point(479500, 6559500).buffer(1200),
            ],
            dtype=object,
        ),
    )
    places = layer(
        "places",
        pd.DataFrame(
            {"id": ["1", "2"], "name": [f"Fjugesta{text}", "Mullhyttan"], "population": [2422, 533]}
        ),
        shapely.points([FJUGESTA, (481700.0, 6557800.0)]),
    )
    layers = (bathing, traffic, patrols, incidents)
    return Situation(
        title=f"Lägesbild Lekeberg{text}",
        municipality=f"Lekeberg{text}",
        notice=f"Rapporterna är påhittade.{text}",
        month=MONTH,
        months=MONTHS,
        crs=3006,
        area=area,
        area_name=f"Lekeberg{text}",
        cells=cells,
        views=views,
        layers=layers,
        background=(
            Layer("background", "background", roads.table, roads.geometry, no_rows(), roads.report),
            places,
        ),
        categories=CATEGORIES,
        families={},
        reports=tuple(one.report for one in layers),
        cube=cube,
        notes=(Note("cell_size_chosen", {"size": 500, "kind": grid}),),
        settings={
            "grid": {"kind": grid, "cell_size": 500.0},
            "methods": {"gi_star": {"alpha": 0.05}, "scan": {}, "change": {}},
            "reach_m": 500.0,
            "sites_reach_m": 500.0,
        },
    )


def _view(family, cube, cells, points, *, enough, text):
    wanted = [key for key, c in CATEGORIES.items() if family in (ALL, c.family)]
    part = cube.select(months=MONTHS, categories=wanted)
    n, weight = part.per_cell()
    z = cells.neighbours.sums(n.astype(float)) / 4
    hot = (z > 2.0) & enough
    columns = {
        "n": n,
        "weight": weight,
        "kde": z * 2,
        "gi_z": z,
        "gi_p": np.exp(-z),
        "gi_q": np.exp(-z / 2),
        "gi_chance_q": np.exp(-z / 2),
        "gi_bin": np.select([z > 6, z > 4, z > 2], [3, 2, 1], 0) * hot,
        "risk": np.where(z > 0, z, np.nan),
        "lisa_class": np.select([z > 5, (n > 0) & (z < 1)], ["HH", "HL"], "ns"),
        "change_class": np.select([z > 6, z > 4], ["up", "down"], "few"),
    }
    if family == ALL:
        columns["joint_class"] = np.select([z > 6, z > 4, z > 2], ["both", "one", "other"], "")
    spots = []
    targets = [
        ("at", "Lanna badgruva", BADGRUVA),
        ("at", "Leken", LEKEN),
        ("part", "Fjugesta", FJUGESTA),
    ]
    for rank, (how, base, (x, y)) in enumerate(targets if enough else [], 1):
        near = np.hypot(cells.x - x, cells.y - y) < 800
        mine = np.flatnonzero(near & (n > 0))
        if not len(mine):
            continue
        chosen = np.isin(np.arange(len(cells)), mine)
        inside = part.select(cells=chosen)
        total = inside.total
        spots.append(
            Hotspot(
                id=f"{family}-{cells.ids[mine[0]]}",
                family=family,
                rank=rank,
                place=PlaceName(how, base + text, "n" if how == "part" else None),
                cells=mine,
                geometry=shapely.union_all(cells.polygons[mine]),
                x=x,
                y=y,
                n=total,
                weight=float(total),
                expected=total / 6.2,
                ratio=6.2,
                p=1e-6,
                q=1e-4,
                area_m2=float(cells.area_m2[mine].sum()),
                categories=tuple(
                    (k, int(c))
                    for k, c in zip(cube.categories, inside.per_category(), strict=True)
                    if c
                ),
                families=((CATEGORIES[wanted[0]].family, total),),
                hours=inside.per_hour()[:168].reshape(7, 24),
                unknown_hours=int(inside.per_hour()[168]),
                monthly=inside.per_month(*MONTHS),
                peak=Peak(4, 5, 20, 23, total // 2, total),
                n_month=3,
                n_month_before=0,
                n_year_before=None if rank == 3 else 5,
                trend=("up", "few", "same")[rank - 1],
                near=(
                    Near("bathing_sites", f"Lanna badgruva{text}", 0.0),
                    Near("traffic_spots", f"E18{text}", 420.0),
                ),
                patrol_minutes=(0.0, 35.0, 120.0)[rank - 1],
                gap_rank=rank,
                change=(
                    Change(12, 5.0, 2.4, 1.1, 5.6, 0.02, 0.06, "up"),
                    Change(1, 0.0, np.inf, 0.0, np.inf, 1.0, 1.0, "few"),
                    None,
                )[rank - 1],
                stability=(
                    Stability(1.0, 0.9, "stable"),
                    Stability(0.62, 0.55, "fairly"),
                    Stability(0.3, None, "fragile"),
                )[rank - 1],
            )
        )
    notes = (
        ()
        if enough
        else (Note("too_few_events", {"method": "gi_star", "n": 12, "needed": 30}, "warning"),)
    )
    shown = np.zeros((0, 2)) if enough else points[:12]
    alerts = tuple(_alert(family, rank, BADGRUVA, cells, n, text) for rank in (1, 2) if enough)
    facts = {
        "scan": {"searched": 1},
        "change": {
            "months": (MONTH - 2, MONTH),
            "base_months": ((MONTH - 14, MONTH - 12),),
            "class": "up",
            "n": 40,
            "expected": 21.5,
            "ratio": 1.9,
            "low": 1.2,
            "high": 3.0,
        },
    }
    return View(
        family=family,
        n=int(n.sum()),
        columns=columns,
        hot=hot,
        enough=enough,
        hotspots=tuple(spots),
        points=shown,
        notes=notes,
        alerts=alerts,
        facts=facts if enough else {},
    )


def _alert(family, rank, place, cells, n, text):
    x, y = place
    inside = np.flatnonzero(np.hypot(cells.x - x, cells.y - y) < 800)
    return Alert(
        id=f"scan-{family}-{rank}",
        method="scan",
        family=family,
        rank=rank,
        place=PlaceName("at", f"Lanna badgruva{text}", number=rank),
        cells=inside,
        geometry=shapely.Point(x, y).buffer(800),
        x=x,
        y=y,
        n=int(n[inside].sum()),
        expected=3.1,
        ratio=float(n[inside].sum() / 3.1),
        p=(0.004, 0.4)[rank - 1],
        score=8.2,
        radius_m=800.0,
        months=(MONTH - 1, MONTH),
        recurrence_months=(250.0, 2.5)[rank - 1],
        categories=(("littering", 3), ("vandalism", 2)),
        near=(Near("bathing_sites", f"Lanna badgruva{text}", 0.0),),
        significant=rank == 1,
    )


STREET = (np.array([490000.0, 6555000.0]), np.array([492700.0, 6559500.0]))
DEVELOPMENT = {
    "new": "new_hot",
    "persistent": "persistent_hot",
    "recurring": "sporadic_hot",
    "former": "historical_hot",
}


def over_time(one: Situation, *, names: Sequence[str] = ("Bergsgatan", "")) -> Situation:
    """Add what the methods of time and streets answer; ``names`` are those of streets."""
    asked = ("emerging", "forecast", "near_repeat", "network_kde", "rhythm")
    methods = one.settings["methods"] | {name: {} for name in asked}
    settings = {**one.settings, "methods": methods}
    views = tuple(_view_over_time(view, one, names) for view in one.views)
    return replace(one, views=views, settings=settings)


def _view_over_time(view: View, one: Situation, names: Sequence[str]) -> View:
    """Give every surface its classes, a street its pieces, and the week its hot hours."""
    z = np.asarray(view.columns["gi_z"])
    summary = np.select([z > 8, z > 5, z > 3, z > 1.5], [*DEVELOPMENT], "")
    kinds = np.array([DEVELOPMENT.get(key, "none") for key in summary])
    expected = np.asarray(view.columns["n"]) / 12
    streets = _streets(names)
    n = np.asarray(one.cube.select(months=one.months).per_hour()[:168])
    hot = np.zeros(168, dtype=int)
    hot[[4 * 24 + 22, 5 * 24 + 20, 5 * 24 + 23, 6 * 24 + 1]] = 1
    facts = {
        "emerging": {
            "months": one.months,
            "steps": 12,
            "counts": {},
            "summary": {key: int((summary == key).sum()) for key in DEVELOPMENT},
        },
        "forecast": {
            "month": one.month + 1,
            "model": "seasonal" if view.family == ALL else "average",
            "better": view.family == ALL,
            "level": 0.8,
            "total": 41.3,
            "total_low": 31.0,
            "total_high": 52.0,
        },
        "near_repeat": {
            "distance_m": [0, 100, 200, 400],
            "days": [0, 7, 14],
            "distance_labels": ["[0, 100)", "[100, 200)", "[200, 400)"],
            "day_labels": ["[0, 7)", "[7, 14)"],
            "observed": [[30, 11], [28, 18], [40, 0]],
            "expected": [[14.0, 10.0], [20.0, 20.0], [40.0, 0.0]],
            "ratio": [[2.14, 1.1], [1.4, 0.9], [1.0, None]],
            "p": [[0.001, 0.4], [0.02, 0.9], [1.0, 1.0]],
            "significant": [[True, False], [True, False], [False, False]],
            "today": "2021-12-31",
        },
        "network_kde": {"length_km": 61.4, "pieces": 90, "hot_pieces": 20},
        "rhythm": {
            "hours": _profile(n, hot),
            "clock": _profile(n.reshape(7, 24).sum(0), hot.reshape(7, 24).any(0)),
            "weekdays": _profile(n.reshape(7, 24).sum(1), np.arange(7) > 3),
            "months": _profile(np.arange(12) + 20, np.isin(np.arange(12), (5, 6, 7))),
            "dark": _contrast(120, 2.1, 1.5, 2.9, 0.001),
            "dark_same_clock": _contrast(80, 1.2, 0.8, 1.7, 0.4),
            "public": _contrast(12, 0.6, 0.4, 0.9, 0.01),
            "school": _contrast(60, 1.4, 1.1, 1.9, 0.01),
        },
    }
    alerts = tuple(
        _alert_over_time(method, view, one, names) for method in ("near_repeat", "network_kde")
    )
    return replace(
        view,
        columns={
            **view.columns,
            "emerging_class": kinds,
            "emerging_summary": summary,
            "forecast": expected,
            "forecast_low": np.floor(expected / 2),
            "forecast_high": np.ceil(expected * 2),
        },
        hotspots=tuple(
            replace(spot, hot_hours=_evenings() if spot.rank == 1 else None)
            for spot in view.hotspots
        ),
        alerts=view.alerts + alerts,
        facts={**view.facts, **facts},
        streets=streets,
    )


def _evenings() -> np.ndarray:
    hours = np.zeros((7, 24), dtype=bool)
    hours[4:6, 20:22] = True
    return hours


def _profile(n: np.ndarray, mark: np.ndarray) -> dict[str, list[float]]:
    expected = np.full(len(n), n.mean())
    q = np.where(mark, 0.01, 0.5)
    told = {"n": n.astype(int), "expected": expected, "ratio": n / expected, "q": q}
    return {name: values.tolist() for name, values in (told | {"mark": mark.astype(int)}).items()}


def _contrast(n: int, ratio: float, low: float, high: float, p: float) -> dict[str, float]:
    return {"n": n, "total": 300, "expected": n / ratio, "ratio": ratio, "low": low, "high": high,
            "p": p}  # fmt: skip


def _streets(names: Sequence[str]) -> Streets:
    """Cut a road into pieces, the densest in the middle, each with the name whose turn it is."""
    pieces = 90
    from_, to = STREET
    along = np.linspace(0, 1, pieces + 1)[:, None]
    at = from_ + along * (to - from_)
    bend = 120 * np.sin(9 * along[:, 0])
    at = at + np.column_stack([bend, -bend])
    near = np.exp(-(((np.arange(pieces) - 55) / 14.0) ** 2))
    return Streets(
        geometry=shapely.linestrings(np.stack([at[:-1], at[1:]], axis=1)),
        names=np.array([names[i * len(names) // pieces] for i in range(pieces)], dtype=object),
        length_m=np.hypot(*(at[1:] - at[:-1]).T),
        n=np.rint(20 * near).astype(np.int64),
        density=40 * near,
        p=1 - near,
        q=1 - near,
        hot=near > 0.6,
    )


def _alert_over_time(method: str, view: View, one: Situation, names: Sequence[str]) -> Alert:
    near = method == "near_repeat"
    model = _alert(view.family, 1, LEKEN if near else FJUGESTA, one.cells, view.columns["n"], "")
    street = shapely.union_all(shapely.buffer(_streets(names).geometry[46:64], 10.0))
    return replace(
        model,
        id=f"{method}-{view.family}-1",
        method=method,
        place=PlaceName("at", "Leken") if near else PlaceName("road", "Fjugesta", road=names[0]),
        geometry=one.cells.union(model.cells) if near else street,
        radius_m=None,
        months=None,
        days=(date(2021, 12, 28), date(2022, 1, 7)) if near else None,
    )


_SITES = 15
_NAMED = ("at", "part", "from", "road_from", "cell", "road")


def hostile_situation(texts: Sequence[str]) -> Situation:
    """Make a situation in which every kind of field that people fill in carries every text.

    Where there are many of a thing (hotspots, sites, roads, sources, remarks, categories) each
    carries one, where there is one of it (title, notice, a family's label) it carries all of them.
    Two situations of equally many texts differ in nothing but the texts. At most forty.
    """
    one, many = over_time(situation(), names=texts), " ¦ ".join(texts)
    if len(texts) > 40:
        raise ValueError("at most forty texts")
    categories = {
        **CATEGORIES,
        **{text: Category(text, "order") for text in texts},
        **{f"own-{i}": Category(f"own-{i}", many, sv=t, en=t) for i, t in enumerate(texts)},
    }
    kept = {"all": "all", "order": "order", "traffic": "traffic", "narcotics": many}
    row = np.arange(len(one.cube.n))
    builder = CubeBuilder(len(one.cells), tuple(categories))
    builder.merge(replace(one.cube, categories=tuple(categories), category=row % len(categories)))
    cube = builder.build()
    patrolled = CubeBuilder(len(one.cells), ("patrols",))
    places = one.cells.locate(*np.array([BADGRUVA, LEKEN, FJUGESTA]).T)
    patrolled.add(
        np.repeat(places, 4), month=np.full(12, MONTH), hour=np.arange(12) * 13,
        weight=np.full(12, 40.0),
    )  # fmt: skip
    return replace(
        one,
        title=many,
        municipality=many,
        notice=many,
        area_name=many,
        views=tuple(
            _hostile_view(view, kept[view.family], number, one, texts)
            for number, view in enumerate(one.views)
        ),
        layers=tuple(_hostile_layer(layer, one, texts) for layer in one.layers),
        background=tuple(_hostile_layer(layer, one, texts) for layer in one.background),
        categories=categories,
        families={"order": (many, many)},
        reports=tuple(_hostile_report(one.reports[0], text) for text in texts),
        cube=cube,
        holidays=cube.select(months=(MONTH - 6, MONTH - 5)),
        presence=patrolled.build(),
        notes=tuple(
            note
            for text in texts
            for note in (
                Note("columns_found", {"columns": text}),
                Note("position_chosen", {"chosen": text, "others": text}, "warning"),
            )
        ),
        settings={**one.settings, "own": {text: text for text in texts}, "list": list(texts)},
        page=PageWish(tiles="https://tiles.example/{z}/{x}/{y}.png", attribution=many),
    )


def _hostile_view(
    view: View, family: str, number: int, one: Situation, texts: Sequence[str]
) -> View:
    """Name as many hotspots as there are texts, and the ten clusters whose turn it is."""
    models, cells = cycle(one.views[0].hotspots), one.cells
    near = tuple(Near("bathing_sites", text, 30.0) for text in texts)
    spots, alerts = [], []
    for i, (model, text) in enumerate(zip(models, texts, strict=False)):
        at = 40 * i + number
        here = {"family": family, "x": float(cells.x[at]), "y": float(cells.y[at]), "near": near}
        how = _NAMED[(i + number) % len(_NAMED)]
        place = PlaceName(how, text, "n", 700.0, text if how == "road_from" else f"{text} E18")
        inside = {"cells": np.array([at]), "geometry": cells.polygons[at]}
        mine = ((text, 9), (f"own-{i}", 7), ("littering", 5))
        spots.append(
            replace(
                model, id=f"{family}-{text}", rank=i + 1, gap_rank=i + 1, place=place,
                categories=mine, **here, **inside,
            )
        )  # fmt: skip
        if number * 10 <= i < number * 10 + 10:
            alert = _alert(family, 1, (here["x"], here["y"]), cells, view.columns["n"], "")
            named = {"id": f"scan-{text}", "place": place, "categories": mine, "near": near}
            alerts.append(replace(alert, ratio=2.0, **named, **inside))
    remarks = tuple(Note("joint_no_family", {"family": text}, "warning") for text in texts)
    limits = tuple(Note("risk_no_family", {"family": text}, "warning") for text in texts)
    return replace(
        view, family=family, hotspots=tuple(spots), alerts=tuple(alerts), notes=remarks,
        limits=limits, n=100,
    )  # fmt: skip


def _hostile_layer(layer: Layer, one: Situation, texts: Sequence[str]) -> Layer:
    """Fill every column of people's words; of sites, as many rows as the page's table holds."""
    n = _SITES if layer.kind == "bathing_sites" else max(len(texts), 1)
    said = [" ¦ ".join(texts[i::n]) or str(i) for i in range(n)]
    words = [c for c, values in layer.table.items() if values.dropna().map(type).eq(str).any()]
    rows = np.arange(n) % len(layer.table)
    table = layer.table.iloc[rows].reset_index(drop=True)
    for column in words:
        if column not in {"month", "class", "family"}:
            table[column] = said
    if layer.kind == "bathing_sites":
        table["near_n"] = pd.array(range(n), dtype="Int64")
    if layer.kind == "places":
        table["population"] = 900
    at = 43 * np.arange(n) + 7
    geometry = shapely.points(one.cells.x[at], one.cells.y[at])
    if layer.kind in {"patrols", "background"}:
        geometry = layer.geometry[rows]
    report = Report(layer.kind, layer.kind, f"{layer.kind}.csv", "0" * 64, n, n, {})
    return replace(layer, table=table, geometry=geometry, left_out=no_rows(), report=report)


def _hostile_report(report: Report, text: str) -> Report:
    """Name a source's file, and say what was found in it."""
    remarks = (
        Note("characters_lost", {"file": text}, "warning"),
        Note("unknown_categories", {"n": 2, "column": text, "words": text}, "warning"),
        Note("sheet_chosen", {"sheet": text, "sheets": text}),
    )
    return replace(report, name=text, path=f"/home/x/{text}.csv", notes=remarks)


SIDE_CELLS, CELL_M, OCCUPIED = 150, 100, 20_000
CORNER = (480_000, 6_555_000)
KINDS = (
    *("speeding", "traffic_noise", "moped"),
    *("littering", "vandalism", "disorder", "noise"),
    *("narcotics", "alcohol"),
    *("burglary", "theft", "graffiti"),
)
"""Twelve categories of the five families traffic, order, narcotics, alcohol and theft."""


def many_events(n: int, *, seed: int = 20211231) -> Events:
    """Invent events of 24 months that end with ``MONTH``, seeded.

    They lie in 20,000 cells of 100 m (as many as there are events, if fewer), most in few of them.
    Evenings and nights before a day off have most, one in twenty has no known hour, summers have
    more than winters, and about every fourth happens in school holidays.
    """
    rng = np.random.default_rng(seed)
    occupied = rng.permutation(SIDE_CELLS**2)[:OCCUPIED]
    share = rng.lognormal(0, 1.4, OCCUPIED)
    each = np.arange(OCCUPIED)[: min(n, OCCUPIED)]
    more = rng.choice(OCCUPIED, n - len(each), p=share / share.sum())
    at = occupied[rng.permutation(np.concatenate([each, more]))]
    row, column = np.divmod(at, SIDE_CELLS)
    day = np.repeat([1.0, 1.0, 1.1, 1.2, 2.0, 2.2, 1.2], 24)
    hour = np.tile(1.2 + np.cos((np.arange(24) - 20) * np.pi / 12), 7)
    hour[[119, *range(120, 124), 143, *range(144, 148)]] *= 3
    week = np.append(day * hour, 0.0)
    week[168] = week.sum() / 19
    season = 1.5 - np.cos(np.arange(24) * np.pi / 6)
    month = rng.choice(24, n, p=season / season.sum())
    kind = np.arange(len(KINDS), 0, -1.0)
    return Events(
        x=CORNER[0] + CELL_M * (column + rng.uniform(0.01, 0.99, n)),
        y=CORNER[1] + CELL_M * (row + rng.uniform(0.01, 0.99, n)),
        month=(MONTH - 23 + month).astype(np.int32),
        hour=rng.choice(169, n, p=week / week.sum()).astype(np.int16),
        category=rng.choice(len(KINDS), n, p=kind / kind.sum()).astype(np.int32),
        categories=KINDS,
        weight=np.ones(n),
        holiday=(month % 12 == 6) | (rng.random(n) < 0.15),
    )


@cache
def million(n: int = 1_000_000) -> Situation:
    """Analyse many invented events as any others: a map a family, hot cells, density, counts.

    The period is the last twelve of 24 months. Made once a process: a few seconds.
    """
    west, south = CORNER
    far = SIDE_CELLS * CELL_M - 1
    frame = Frame(
        title="En miljon",
        municipality="Lekeberg",
        crs=3006,
        area=shapely.box(west + 1, south + 1, west + far, south + far),
        area_name="En ruta på 15 km",
        categories=known_categories(),
        reports=(Report("events", "incidents", "handelser.csv", "0" * 64, n, n, {}),),
    )
    wish = Wish(
        cell_size=CELL_M,
        month=MONTH,
        methods={"count": {}, "kde": {}, "gi_star": {}},
        stability=False,
    )
    return assemble(frame, wish, (), events=(many_events(n),))
