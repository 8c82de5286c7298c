"""Makes the benchmark's data, seeded. Usage: ``make_events.py N EVENTS.csv AREA.geojson``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj

EPSG = 3006
SIDE = 30_000
WEST, SOUTH = 480_000, 6_540_000
SKIPPED = np.array(["2020-03-29T02", "2021-03-28T02"], dtype="datetime64[h]")
"""Hours of summer time's first night that Swedish clocks leave out."""
CATEGORIES = ("speeding", "littering", "vandalism", "noise", "alcohol", "burglary", "disorder")


def make_events(path: Path, n: int, seed: int = 20211231) -> None:
    """Write ``n`` events: 70 % in 60 clusters, 30 % evenly over a box of 30 by 30 km."""
    rng = np.random.default_rng(seed)
    clustered = int(0.7 * n)
    centres = rng.uniform(1500, SIDE - 1500, (60, 2))
    spread = rng.uniform(100, 900, 60)
    which = rng.integers(0, 60, clustered)
    offsets = rng.normal(0, 1, (clustered, 2)) * spread[which, None]
    xy = np.vstack([centres[which] + offsets, rng.uniform(0, SIDE, (n - clustered, 2))])
    x, y = rng.permutation(np.clip(xy, 5, SIDE - 5)).T
    to_degrees = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(x + WEST, y + SOUTH)
    minutes = rng.integers(0, 730 * 24 * 60, n)
    time = np.datetime64("2020-01-01T00:00") + minutes.astype("timedelta64[m]")
    no_clock_shows = np.isin(time.astype("datetime64[h]"), SKIPPED)
    time[no_clock_shows] += np.timedelta64(1, "h")
    pd.DataFrame(
        {
            "lon": lon.round(6),
            "lat": lat.round(6),
            "time": pd.Series(time).dt.strftime("%Y-%m-%d %H:%M"),
            "category": rng.choice(CATEGORIES, n),
        }
    ).to_csv(path, index=False)


def make_area(path: Path) -> None:
    """Write the box, a metre smaller on each side so that it touches 300 by 300 cells."""
    along = np.append(np.arange(1, SIDE - 1, 500), SIDE - 1)
    low, high = np.full(len(along), 1), np.full(len(along), SIDE - 1)
    x = np.concatenate([along, high, along[::-1], low])
    y = np.concatenate([low, along, high, along[::-1]])
    to_degrees = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)
    lon, lat = to_degrees.transform(x + WEST, y + SOUTH)
    ring = np.column_stack([lon, lat]).tolist()
    ring.append(ring[0])
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"name": "box"}, "geometry": geometry}
    collection = {"type": "FeatureCollection", "features": [feature]}
    path.write_text(json.dumps(collection), encoding="utf-8")


if __name__ == "__main__":
    make_events(Path(sys.argv[2]), int(sys.argv[1]))
    make_area(Path(sys.argv[3]))
