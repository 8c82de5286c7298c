"""The peer: minutes of tracks by square as an analyst would write it with pandas and geopandas.

Plain, documented calls: sort, difference by unit, drop gaps and speeds that cannot be, the middle
of each step, ``sjoin`` with the area and with a fishnet of 100 m, group by square, month and hour.
A step lies whole where its middle is. Usage: ``peer_tracks.py TRACKS AREA SQUARES.csv``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import box

EPSG = 3006
CELL = 100


def main(tracks: Path, area: Path, squares: Path) -> None:
    """Do all of it, one step after the other."""
    table = pd.read_csv(tracks, parse_dates=["time"]).sort_values(["unit", "time"])
    ground = gpd.read_file(area).to_crs(EPSG).buffer(250).union_all()
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=4326).to_crs(EPSG)
    table["x"], table["y"] = points.x, points.y
    step = table.groupby("unit")[["time", "x", "y"]].diff()
    table["seconds"] = step["time"].dt.total_seconds()
    speed = np.hypot(step["x"], step["y"]) / table["seconds"] * 3.6
    kept = (table["seconds"] > 0) & (table["seconds"] <= 300) & (speed <= 200)  # noqa: PLR2004 - the rules
    table["x"] -= step["x"] / 2
    table["y"] -= step["y"] / 2
    table = table[kept]
    middle = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["x"], table["y"]), crs=EPSG)
    x0, y0, x1, y1 = ground.bounds
    fishnet = [
        (f"{CELL}mN{y}E{x}", box(x, y, x + CELL, y + CELL))
        for x in range(int(x0 // CELL) * CELL, int(x1) + 1, CELL)
        for y in range(int(y0 // CELL) * CELL, int(y1) + 1, CELL)
    ]
    grid = gpd.GeoDataFrame(fishnet, columns=["id", "geometry"], crs=EPSG)
    joined = gpd.sjoin(middle, grid[grid.intersects(ground)], predicate="within")
    local = joined["time"].dt.tz_convert("Europe/Stockholm")
    hour = local.dt.dayofweek * 24 + local.dt.hour
    cube = joined.groupby(["id", local.dt.month.rename("month"), hour.rename("hour")])["seconds"]
    minutes = cube.sum().groupby("id").sum() / 60
    minutes.rename("minutes").to_csv(squares)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
