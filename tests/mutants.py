"""Damaged files of every format, and what must hold whatever is in them.

A seed is a sound file. A mutant is one with bytes changed, cut, doubled or shuffled; of a packed
file (workbooks, zips) the parts inside are changed as often. The reader must give rows or a
``LagesbildError``: nothing else is raised, no row is numbered twice, and where an independent
count of the rows is possible it is the reader's.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sqlite3
import warnings
import zipfile
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import shapely

from geo.errors import LagesbildError
from layers.reading import format_of

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).with_name("samples")
_TOKENS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xe5",
    b'"',
    b"'",
    b";",
    b",",
    b"\n",
    b"\r",
    b"\t",
    b"<",
    b"&#0;",
    b"]]>",
    b"{",
    b"[[[[[[[[",
    b"null",
    b"NaN",
    b"1e999",
    b"-0",
    b"99999999999999999999",
    b"2021-02-30",
    b"9999-12-31T23:59:60Z",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x92\xa9",
)


@dataclass(frozen=True)
class Seed:
    """A sound file: its name (the ending tells the format), its bytes, and who can count its rows.

    ``count`` counts the rows of a mutant by other means, or gives None where these fail.
    """

    name: str
    content: bytes
    count: Callable[[Path], int | None] | None = None


@cache
def seeds() -> tuple[Seed, ...]:
    """Make a small sound file of every format that is a file of bytes."""
    found = [
        Seed("a.csv", _csv("utf-8-sig", ";").encode("utf-8-sig"), _count_csv),
        Seed("b.csv", _csv("cp1252", ",").encode("cp1252"), _count_csv),
        Seed("c.tsv", _csv("utf-16", "\t").encode("utf-16")),
        Seed("d.xlsx", _xlsx()),
        Seed("e.ods", _ods()),
        Seed("f.gpkg", _vector("x.gpkg", "GPKG"), _count_gpkg),
        Seed("g.geojson", _vector("x.geojson", "GeoJSON"), _count_features),
        Seed("h.fgb", _vector("x.fgb", "FlatGeobuf")),
        Seed("i.kml", _vector("x.kml", "KML")),
        Seed("j.gml", _vector("x.gml", "GML")),
        Seed("k.zip", _shapefile()),
        Seed("l.parquet", _parquet(), _count_parquet),
        Seed("m.gpx", _GPX.encode(), _count_trkpt),
    ]
    found += [
        Seed(path.name, path.read_bytes(), _count_json if path.suffix == ".json" else None)
        for path in sorted(SAMPLES.iterdir())
        if path.is_file()
    ]
    return tuple(found)


def mutant(seed: Seed, rng: random.Random) -> bytes:
    """Change a seed in one to four places."""
    if zipfile.is_zipfile(io.BytesIO(seed.content)) and rng.random() < 2 / 3:
        return _repacked(seed.content, rng)
    return _changed(seed.content, rng)


def judge(seed: Seed, content: bytes, folder: Path) -> str:
    """Read a mutant; give what is wrong with how it was read, "" where nothing is."""
    path = folder / seed.name
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tables = list(format_of(path).read(path))
        except LagesbildError as error:
            return "" if error.problems else f"an error without a problem: {error}"
        except BaseException as error:  # noqa: BLE001 - this is what is looked for
            return f"{type(error).__name__}: {error}"[:300]
        if not tables:
            return "no batch"
        return _unlawful(tables) or _miscounted(seed, path, tables)


def _unlawful(tables: list) -> str:
    for table in tables:
        if len(table.rows) != len(table.data):
            return "rows and data differ in length"
        if table.geometry is not None and len(table.geometry) != len(table.data):
            return "geometry and data differ in length"
        if not {"row", "reason", "column", "value"} <= set(table.left_out.columns):
            return "left_out lacks columns"
    numbers = np.concatenate(
        [part for t in tables for part in (t.rows, t.left_out["row"].to_numpy(dtype=np.int64))]
    )
    return "" if len(np.unique(numbers)) == len(numbers) else "a row is numbered twice"


def _miscounted(seed: Seed, path: Path, tables: list) -> str:
    mine = sum(len(table.data) + len(table.left_out) for table in tables)
    other = None
    if seed.count is not None:
        with suppress(Exception):
            other = seed.count(path)
    return "" if other is None or other == mine else f"{mine} rows read, {other} counted"


# --- changes ----------------------------------------------------------------------------------


def _changed(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice((1, 2, 8, 64, 512)))
        kind = rng.randrange(7)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:to] = rng.randbytes(to - at)
        elif kind == 2:  # noqa: PLR2004 - the kinds of change are numbered
            del data[at:to]
        elif kind == 3:  # noqa: PLR2004 - the same
            data[at:at] = data[at:to]
        elif kind == 4:  # noqa: PLR2004 - the same
            data[at:at] = rng.choice(_TOKENS)
        elif kind == 5:  # noqa: PLR2004 - the same
            found = list(re.finditer(rb"\d+", data))
            if found:
                number = rng.choice(found)
                data[number.start() : number.end()] = rng.choice(_TOKENS)
        elif rng.random() < 0.3:  # noqa: PLR2004 - now and then
            del data[at:]
    return bytes(data)


def _repacked(content: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(parts))
    if rng.random() < 0.1:  # noqa: PLR2004 - now and then
        del parts[name]
    else:
        parts[name] = _changed(parts[name], rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return packed.getvalue()


# --- seeds ------------------------------------------------------------------------------------

_ROWS = [
    (f"2021-06-{day:02d} 14:30", "skadegörelse", 14.87 + day / 1000, 59.17, f"å, ä & \u201dö\u201d {day}")
    for day in range(1, 13)
]
_GPX = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="x" '
    'xmlns="http://www.topografix.com/GPX/1/1"><trk><name>P1</name><trkseg>'
    + "".join(
        f'<trkpt lat="{59.17 + i / 1e4:.5f}" lon="14.87"><time>2021-06-07T12:{i:02d}:00Z</time></trkpt>'
        for i in range(12)
    )
    + "</trkseg></trk></gpx>\n"
)


def _frame() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"tid": [row[0] for row in _ROWS], "typ": [row[1] for row in _ROWS], "n": range(len(_ROWS))},
        geometry=shapely.points([row[2] for row in _ROWS], [row[3] for row in _ROWS]),
        crs=4326,
    )


def _csv(encoding: str, delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["tid", "typ", "lon", "lat", "text"])
    for row in _ROWS:
        writer.writerow([*row[:4], row[4] if encoding != "cp1252" else row[4].replace("\u201d", "'")])
    return text.getvalue()


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    for row in [("tid", "typ", "lon", "lat", "text"), *_ROWS]:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _ods() -> bytes:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
            for value in row
        )
        + "</table:table-row>"
        for row in [("tid", "typ", "lon", "lat"), *(row[:4] for row in _ROWS)]
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        f'<office:body><office:spreadsheet><table:table table:name="A">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return packed.getvalue()


def _vector(name: str, driver: str) -> bytes:
    import tempfile  # noqa: PLC0415 - for the seeds only

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        _frame().to_file(path, driver=driver, engine="pyogrio")
        return path.read_bytes()


def _shapefile() -> bytes:
    import tempfile  # noqa: PLC0415 - for the seeds only

    with tempfile.TemporaryDirectory() as folder:
        _frame().to_file(Path(folder) / "x.shp", engine="pyogrio")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
    return packed.getvalue()


def _parquet() -> bytes:
    packed = io.BytesIO()
    _frame().to_parquet(packed)
    return packed.getvalue()


# --- counts by other means --------------------------------------------------------------------


def _count_csv(path: Path) -> int | None:
    """Count records with Python's own module, where every quote and every byte is sound."""
    content = path.read_bytes()
    if b'"' in content or b"\0" in content or b"sep=" in content.lower():
        return None
    text = content.decode("utf-8-sig", "replace")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    lines = [line for line in re.split(r"\r\n|\r|\n", text)]
    delimiters = re.escape(";,\t|")
    filled = [line for line in lines if re.sub(rf"[\s{delimiters}]", "", line)]
    return len(filled) - 1


def _count_gpkg(path: Path) -> int | None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        if file.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return None
        names = file.execute("SELECT table_name FROM gpkg_contents").fetchall()
        if len(names) != 1:
            return None
        return int(file.execute(f'SELECT count(*) FROM "{names[0][0]}"').fetchone()[0])  # noqa: S608 - a test


def _count_features(path: Path) -> int | None:
    data = json.loads(path.read_bytes().decode("utf-8"))
    if data.get("type") != "FeatureCollection":
        return None
    features = data["features"]
    sound = all(isinstance(one, dict) and one.get("type") == "Feature" for one in features)
    return len(features) if sound else None


def _count_parquet(path: Path) -> int | None:
    return len(pd.DataFrame(index=range(pq.read_table(path).num_rows)))


def _count_trkpt(path: Path) -> int | None:
    from xml.etree import ElementTree as ET  # noqa: N817, PLC0415, S405 - our own bytes, changed

    root = ET.parse(path).getroot()  # noqa: S314 - the same
    spaces = "{http://www.topografix.com/GPX/1/1}"
    if root.tag != f"{spaces}gpx":
        return None
    points = root.findall(f"{spaces}trk/{spaces}trkseg/{spaces}trkpt")
    return len(points) if len(points) == len(list(root.iter(f"{spaces}trkpt"))) else None


def _count_json(path: Path) -> int | None:
    data = json.loads(path.read_bytes().decode("utf-8"))
    return len(data) if isinstance(data, list) and all(isinstance(x, dict) for x in data) else None
