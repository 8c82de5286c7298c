"""Makes seeded positions of 200 vehicles every five seconds. Usage: ``make_tracks.py N CSV AREA``.

Each drives eight hours a day along streets 250 m apart in a town of 6 by 6 km, every tenth along
roads 2 km apart that lead beyond the area, and stands half of its time. Receivers err by some
metres, one position in a thousand by kilometres, and one minute in a hundred is lost.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from pyarrow import csv
from pyproj import Transformer

UNITS = 200
EVERY = 5
WRONG, LOST = 0.001, 0.01
SHIFT = 8 * 3600
START = 1_619_827_200  # 2021-05-01 00:00 UTC
X0, Y0 = 500_000.0, 6_560_000.0
TO_DEGREES = Transformer.from_crs(3006, 4326, always_xy=True)


def drive(rng: np.random.Generator, seconds: np.ndarray, step: float, blocks: int) -> tuple:
    """Give x and y at some seconds of one who drives from crossing to crossing, and stands."""
    legs = 400
    goal = rng.integers(-blocks, blocks + 1, (2, legs)).repeat(2, axis=1) * step
    x, y = goal[0, :-1], goal[1, 1:]  # now along the one street, now along the other
    driven = np.abs(np.diff(x)) + np.abs(np.diff(y))
    takes = driven / rng.uniform(6, 20, len(driven))
    stands = rng.exponential(takes.mean(), len(driven))
    at = np.cumsum(np.column_stack([takes, stands]).ravel())
    at = np.concatenate([[0.0], at])
    x = np.concatenate([x[:1], x[1:].repeat(2)])
    y = np.concatenate([y[:1], y[1:].repeat(2)])
    return np.interp(seconds, at, x), np.interp(seconds, at, y)


def main(n: int, table: Path, area: Path) -> None:
    """Write so many positions, day by day, in the order of their times."""
    rng = np.random.default_rng(1)
    ring = shapely.box(X0 - 10_000, Y0 - 10_000, X0 + 10_000, Y0 + 10_000).segmentize(100)
    ring = shapely.transform(
        ring, lambda c: np.column_stack(TO_DEGREES.transform(c[:, 0], c[:, 1]))
    )
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": json.loads(shapely.to_geojson(ring)),
    }
    area.write_text(json.dumps(feature), encoding="utf-8")
    seconds = np.arange(0, SHIFT, EVERY)
    writer = None
    left, day = n, 0
    while left:
        parts = []
        for unit in range(UNITS):
            far = unit % 10 == 0
            x, y = drive(rng, seconds, 2000.0 if far else 250.0, 10 if far else 12)
            begin = START + day * 86_400 + (unit % 3) * SHIFT + unit % EVERY
            parts.append((np.full(len(x), unit), begin + seconds, X0 + x, Y0 + y))
        unit, time, x, y = (np.concatenate(values) for values in zip(*parts, strict=True))
        x += rng.normal(0, 3, len(x))
        y += rng.normal(0, 3, len(y))
        wrong = rng.random(len(x)) < WRONG
        x[wrong] += rng.normal(0, 20_000, wrong.sum())
        heard = (
            (rng.random(86_400 * UNITS // 60)[(time // 60 * UNITS + unit) % (1440 * UNITS)]) > LOST
        )
        order = np.lexsort((unit, time))
        order = order[heard[order]][:left]
        lon, lat = TO_DEGREES.transform(x[order], y[order])
        rows = pa.table(
            {
                "time": pa.array(time[order], pa.timestamp("s", tz="UTC")),
                "unit": unit[order],
                "lon": np.round(lon, 6),
                "lat": np.round(lat, 6),
            }
        )
        writer = writer or csv.CSVWriter(table, rows.schema)
        writer.write_table(rows)
        left, day = left - len(order), day + 1
    writer.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
