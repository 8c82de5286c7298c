"""The peer: what an analyst would write today for the same result, with the usual libraries.

Plain, documented calls of pandas, geopandas, libpysal, esda and folium; no tuning and no tricks,
and no mistakes either: binary weights, the cell itself included, false discovery rate over all
cells. Prints the seconds of each step. Usage: ``peer.py EVENTS AREA OUT.gpkg OUT.html [R]``: with R
permutations, p is esda's simulated one (esda uses numba where it is installed).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import esda
import folium
import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph
from scipy import stats
from shapely.geometry import box

EPSG = 3006
CELL = 100
COLOURS = {-3: "#2166ac", -2: "#67a9cf", -1: "#d1e5f0", 0: "#f7f7f7", 1: "#fddbc7", 2: "#ef8a62",
           3: "#b2182b"}  # fmt: skip


def false_discovery_rate(p: np.ndarray) -> np.ndarray:
    """Adjust p-values after Benjamini and Hochberg (1995)."""
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty_like(p)
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1)
    return q


def main(events: Path, area: Path, package: Path, page: Path, permutations: int) -> None:
    """Do all of it, one step after the other."""
    clock = time.perf_counter()

    def step(name: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        print(f"{name}\t{now - clock:.2f}", flush=True)
        clock = now

    table = pd.read_csv(events, parse_dates=["time"])
    points = gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=4326
    ).to_crs(EPSG)
    step("read and reproject")

    ground = gpd.read_file(area).to_crs(EPSG).union_all()
    x0, y0, x1, y1 = ground.bounds
    grid = gpd.GeoDataFrame(
        geometry=[
            box(x, y, x + CELL, y + CELL)
            for x in np.arange(np.floor(x0 / CELL) * CELL, x1, CELL)
            for y in np.arange(np.floor(y0 / CELL) * CELL, y1, CELL)
        ],
        crs=EPSG,
    )
    grid = grid[grid.intersects(ground)].reset_index(drop=True)
    step("fishnet")

    joined = gpd.sjoin(points[["geometry"]], grid, predicate="within")
    grid["n"] = joined.groupby("index_right").size().reindex(grid.index, fill_value=0)
    step("count with sjoin")

    graph = Graph.build_contiguity(grid, rook=False)
    local = esda.G_Local(
        grid["n"].to_numpy(dtype=float),
        graph,
        transform="B",
        star=True,
        permutations=permutations,
        n_jobs=1,
        keep_simulations=False,
        seed=1,
    )
    grid["gi_z"] = local.Zs
    grid["gi_p"] = local.p_sim if permutations else 2 * stats.norm.sf(np.abs(local.Zs))
    grid["gi_q"] = false_discovery_rate(grid["gi_p"].to_numpy())
    level = (grid["gi_q"] < 0.1).astype(int) + (grid["gi_q"] < 0.05) + (grid["gi_q"] < 0.01)  # noqa: PLR2004 - the usual levels
    grid["gi_bin"] = np.sign(grid["gi_z"]).astype(int) * level
    step("Gi* and FDR")

    grid.to_file(package, layer="cells", driver="GPKG")
    step("GeoPackage")

    shown = grid.to_crs(4326)
    centre = shown.total_bounds.reshape(2, 2).mean(axis=0)
    chart = folium.Map(location=[centre[1], centre[0]], zoom_start=10, prefer_canvas=True)
    folium.GeoJson(
        shown,
        style_function=lambda feature: {
            "fillColor": COLOURS[feature["properties"]["gi_bin"]],
            "fillOpacity": 0.7,
            "weight": 0,
        },
        tooltip=folium.GeoJsonTooltip(["n", "gi_z", "gi_q"]),
    ).add_to(chart)
    chart.save(page)
    step("page")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]), int(sys.argv[5]) if len(sys.argv) > 5 else 0)  # noqa: PLR2004
