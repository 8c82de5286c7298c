"""The contenders of ``reading.py``: each reads a file of events and counts them, one a process.

Usage: ``readers.py WHO FILE [RESULT.parquet]``. Counted is by square cell of 200 m in SWEREF 99 TM,
month, category and hour of the week on Swedish clocks. Prints the number of combinations, of
events, and the seconds it took after imports; writes the counts where a result is asked for. The
fastest plain way counts: for a CSV, ``geopandas`` reads with pandas, and ``geopandas+arrow`` with
``geopandas.read_file``. ``make`` as WHO writes the GeoPackage and the GeoParquet of a CSV beside
it, ``compare`` compares two results.
"""

# ruff: noqa: PLC0415, S608 - every contender pays for its own imports only; paths are our own

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EPSG = 3006
CELL = 200
WEST, SOUTH, SIDE = 480_000, 6_540_000, 30_000
ZONE = "Europe/Stockholm"
COLUMNS = ["x", "y", "month", "category", "hour", "n"]


def make(events: Path) -> None:
    """Write the GeoPackage (times in UTC, as it wants them) and the GeoParquet (local times)."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyogrio.raw
    import shapely

    table = pd.read_csv(events, parse_dates=["time"])
    wkb = pa.array(shapely.to_wkb(shapely.points(table["lon"], table["lat"])), pa.binary())
    geo = {"encoding": "WKB", "geometry_types": ["Point"]}
    whole = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geo}}
    category, time = pa.array(table["category"]), pa.array(table["time"]).cast(pa.timestamp("ms"))
    local = pa.table({"time": time, "category": category, "geometry": wkb})
    pq.write_table(
        local.replace_schema_metadata({"geo": json.dumps(whole)}), events.with_suffix(".parquet")
    )
    zoned = table["time"].dt.tz_localize(ZONE, ambiguous="NaT")
    first = zoned.fillna(table["time"].dt.tz_localize("Etc/GMT-2").dt.tz_convert(ZONE))
    utc = pa.array(first.dt.tz_convert("UTC")).cast(pa.timestamp("ms", "UTC"))
    pyogrio.raw.write_arrow(
        pa.table({"time": utc, "category": category, "geom": wkb}),
        events.with_suffix(".gpkg"),
        layer="events",
        geometry_name="geom",
        geometry_type="Point",
        crs="EPSG:4326",
    )


def lagesbild(path: Path) -> pd.DataFrame | None:
    """Count with this project, as the command does: events and their counts come in batches."""
    gc.disable()  # as the command does
    import shapely

    from geo.cells import lattice_cells
    from geo.grid import Grid
    from layers.events import open_events

    started = time.perf_counter()
    area = shapely.box(WEST + 1, SOUTH + 1, WEST + SIDE - 1, SOUTH + SIDE - 1)
    cells = lattice_cells(Grid("square", CELL), area)
    cube = open_events(path, into=EPSG).count(cells)
    print(len(cube.n), cube.total, time.perf_counter() - started)
    if not asked_for_result():
        return None
    import pandas as pd

    names = pd.Series(cube.categories)
    return pd.DataFrame(
        {
            "x": cells.column[cube.cell],
            "y": cells.row[cube.cell],
            "month": cube.month,
            "category": names.to_numpy()[cube.category],
            "hour": cube.hour,
            "n": cube.n,
        }
    )


def geopandas(path: Path, *, arrow: bool = False) -> pd.DataFrame | None:
    """Count as an analyst would: points in a frame, reprojected, joined to the cells, grouped."""
    import geopandas as gpd
    import numpy as np
    import pandas as pd
    import shapely

    started = time.perf_counter()
    if path.suffix == ".csv" and arrow:
        points = gpd.read_file(
            path, use_arrow=True, X_POSSIBLE_NAMES="lon", Y_POSSIBLE_NAMES="lat", engine="pyogrio"
        ).set_crs(4326)
        points["time"] = pd.to_datetime(points["time"])
    elif path.suffix == ".csv":
        table = pd.read_csv(path, parse_dates=["time"])
        points = gpd.GeoDataFrame(
            table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
        )
    elif path.suffix == ".parquet":
        points = gpd.read_parquet(path)
    else:
        points = gpd.read_file(path, use_arrow=arrow)
        points["time"] = points["time"].dt.tz_convert(ZONE)
    points = points.to_crs(EPSG)
    x, y = (a.ravel() for a in np.meshgrid(*(s + np.arange(0, SIDE, CELL) for s in (WEST, SOUTH))))
    grid = gpd.GeoDataFrame(geometry=shapely.box(x, y, x + CELL, y + CELL), crs=EPSG)
    joined = gpd.sjoin(points, grid, predicate="within")
    when = joined["time"].dt
    keys = [
        joined["index_right"].rename("cell"),
        (when.year * 12 + when.month - 1).rename("month"),
        joined["category"],
        (when.day_of_week * 24 + when.hour).rename("hour"),
    ]
    counts = joined.groupby(keys, observed=True).size()
    print(len(counts), counts.sum(), time.perf_counter() - started)
    if not asked_for_result():
        return None
    frame = counts.rename("n").reset_index()
    return frame.assign(x=x[frame["cell"]] // CELL, y=y[frame["cell"]] // CELL)


def duckdb(path: Path, *, join: bool = False) -> pd.DataFrame | None:
    """Count in SQL with DuckDB's spatial extension: by division, or joined to the cells."""
    import duckdb as engine
    import duckdb_extension_spatial

    started = time.perf_counter()
    folder = Path(duckdb_extension_spatial.__file__).parent / "extensions"
    extension = next(folder.glob("*/spatial.duckdb_extension"))
    source, point, when = {
        ".csv": (f"read_csv('{path}')", "ST_Point(lon, lat)", "time"),
        ".parquet": (f"read_parquet('{path}')", "geometry", "time"),
        ".gpkg": (f"ST_Read('{path}')", "geom", f"timezone('{ZONE}', time)"),
    }[path.suffix]
    events = (
        f"SELECT ST_Transform({point}, 'EPSG:4326', 'EPSG:{EPSG}', always_xy := true) AS g, "
        f"{when} AS t, category FROM {source}"
    )
    where = f"floor(ST_X(g) / {CELL})::INTEGER AS x, floor(ST_Y(g) / {CELL})::INTEGER AS y"
    among = "events"
    database = engine.connect()
    database.execute(f"LOAD '{extension}'")
    if join:
        cell = f"{WEST} + {CELL} * c, {SOUTH} + {CELL} * r"
        database.execute(
            f"CREATE TABLE cells AS SELECT {WEST // CELL} + c AS x, {SOUTH // CELL} + r AS y, "
            f"ST_MakeEnvelope({cell}, {WEST} + {CELL} * (c + 1), {SOUTH} + {CELL} * (r + 1)) AS p "
            f"FROM range({SIDE // CELL}) a(c), range({SIDE // CELL}) b(r)"
        )
        where, among = "x, y", "events JOIN cells ON ST_Within(g, p)"
    database.execute(
        f"CREATE TEMP TABLE counts AS WITH events AS ({events}) SELECT {where}, "
        "(year(t) * 12 + month(t) - 1)::INTEGER AS month, category, "
        "((isodow(t) - 1) * 24 + hour(t))::INTEGER AS hour, "
        f"count(*) AS n FROM {among} GROUP BY ALL"
    )
    found = database.execute("SELECT count(*), sum(n) FROM counts").fetchone()
    print(*found, time.perf_counter() - started)
    return database.execute("FROM counts").df() if asked_for_result() else None


def compare(one: Path, other: Path) -> None:
    """Fail where two results differ in any combination or count."""
    import pandas as pd

    frames = [pd.read_parquet(path) for path in (one, other)]
    first, second = (f.sort_values(COLUMNS, ignore_index=True) for f in frames)
    if not first.equals(second):
        sys.exit(f"{one.name} and {other.name} differ: {len(first)} and {len(second)} rows")


def asked_for_result() -> bool:
    """Say whether the counts are to be written."""
    return len(sys.argv) > 3  # noqa: PLR2004 - program, who, file, result


def main() -> None:
    """Let one contender read one file."""
    who, path = sys.argv[1], Path(sys.argv[2])
    if who == "make":
        make(path)
    elif who == "compare":
        compare(path, Path(sys.argv[3]))
    else:
        name, _, variant = who.partition("+")
        counts = globals()[name](path, **({variant: True} if variant else {}))
        if counts is not None:
            types = {c: "str" if c == "category" else "int64" for c in COLUMNS}
            counts[COLUMNS].astype(types).to_parquet(sys.argv[3])


if __name__ == "__main__":
    main()
