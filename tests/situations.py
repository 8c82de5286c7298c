"""Small hand-made situations for the tests of writers: no analysis behind them, every field set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from geo.cells import lattice_cells
from geo.cube import CubeBuilder
from geo.grid import Grid, GridKind
from geo.months import parse_month
from geo.note import Note
from layers.layer import LEFT_OUT_COLUMNS, Category, Layer, Report
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
