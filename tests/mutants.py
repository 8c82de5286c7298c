"""Damaged files of every format, and what must hold whatever is in them.

A seed is a sound file. A mutant is one with bytes changed, cut, doubled or shuffled; of a packed
file (workbooks, zips) the parts inside are changed as often. The reader must give rows or a
``LagesbildError``: nothing else is raised, no row is numbered twice, and where an independent
count of the rows is possible it is the reader's. A format with two roads, a fast and a careful
one, finds the same rows on both; so do a project and the command ``hotspots``.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import struct
import tempfile
import warnings
import zipfile
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pyarrow.parquet as pq
import shapely
from defusedxml import ElementTree
from test_binary_excel import compound, write_xlsb, xls_stream

from geo.errors import LagesbildError
from layers.events import open_events
from layers.formats import csv as separated
from layers.formats import vector
from layers.formats.opening import first_bytes
from layers.layer import LayerSettings
from layers.project import Project, load_project
from layers.reading import format_of, read_layer

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from layers.layer import RawTable

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
_KML = "{http://www.opengis.net/kml/2.2}"
_OGR = "{http://ogr.maptools.org/}"
_TOPOGRAFIX = "{http://www.topografix.com/GPX/1/1}"
_ONE_IN = 10
"""So many files for one that is also read by the whole of a project, and by ``hotspots``."""


@dataclass(frozen=True)
class Seed:
    """A sound file: its name (the ending tells the format), its bytes, and who can count its rows.

    ``count`` counts the rows of a mutant by other means, or gives None where what a row is cannot
    be told. ``share`` says how many files are made of it beside the others: few where it is slow.
    """

    name: str
    content: bytes
    count: Callable[[Path], int | None] | None = None
    share: int = 40


@cache
def seeds() -> tuple[Seed, ...]:
    """Make a small sound file of every format that is a file of bytes."""
    kml, gml = _vector("x.kml", "KML"), _vector("x.gml", "GML")
    found = [
        Seed("a.csv", _csv("utf-8-sig", ";").encode("utf-8-sig"), _count_csv, 100),
        Seed("b.csv", _csv("cp1252", ",").encode("cp1252"), _count_csv, 100),
        Seed("c.tsv", _csv("utf-16", "\t").encode("utf-16"), share=50),
        Seed("d.xlsx", _xlsx(), _count_sheet, 60),
        Seed("e.ods", a_spreadsheet(), _count_sheet, 60),
        Seed("f.xls", compound("Workbook", xls_stream([_sheet()])), share=4),
        Seed("f.xlsb", _xlsb(), share=4),
        Seed("g.gpkg", _vector("x.gpkg", "GPKG"), _count_gpkg),
        Seed("h.geojson", _vector("x.geojson", "GeoJSON"), _count_features, 60),
        Seed("i.geojsonl", _vector("x.geojsonl", "GeoJSONSeq")),
        Seed("i.topojson", json.dumps(_TOPOLOGY).encode(), share=20),
        Seed("j.fgb", _vector("x.fgb", "FlatGeobuf")),
        Seed("k.kml", kml, _count_tags(f"{_KML}Placemark", kml)),
        Seed("l.gml", gml, _count_tags(f"{_OGR}featureMember", gml)),
        Seed("m.dxf", _vector("x.dxf", "DXF"), share=20),
        Seed("n.sqlite", _vector("x.sqlite", "SQLite"), share=30),
        Seed("o.zip", _shapefile(), _count_shapefile),
        Seed("p.parquet", _parquet(), _count_parquet, 60),
        Seed("q.gpx", _GPX.encode(), _count_tags(f"{_TOPOGRAFIX}trkpt", _GPX.encode()), 60),
    ]
    requests = (SAMPLES / "open311.xml").read_bytes()
    counts = {
        "open311.xml": _count_tags("request", requests),
        "open311.json": _count_records,
        "polisen.json": _count_records,
    }
    found += [
        Seed(
            path.name,
            path.read_bytes(),
            counts.get(path.name),
            share=4 if ".osm" in path.name else 40,
        )
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
            try:
                tables = list(format_of(path).read(path))
            except LagesbildError as error:
                tables = []
                said = [problem.what.startswith("expected ") for problem in error.problems]
                if not (said and all(said)):
                    return f"an error that does not say what was expected: {error}"
            wrong = _unlawful(tables) or _miscounted(seed, path, tables) if tables else ""
            if not wrong and zlib.crc32(content) % _ONE_IN == 0:
                wrong = _by_other_roads(path, tables)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            return f"{type(error).__name__}: {error}"[:300]
        return wrong


def _unlawful(tables: list[RawTable]) -> str:
    for table in tables:
        if len(table.rows) != len(table.data):
            return "rows and data differ in length"
        if table.geometry is not None and len(table.geometry) != len(table.data):
            return "geometry and data differ in length"
        if not {"row", "reason", "column", "value"} <= set(table.left_out.columns):
            return "left_out lacks columns"
    numbers = _numbers(tables)
    return "" if len(np.unique(numbers)) == len(numbers) else "a row is numbered twice"


def _numbers(tables: Iterable[RawTable]) -> np.ndarray[Any, Any]:
    """Give the numbers of all rows of a file, also of those left out."""
    parts = [p for t in tables for p in (t.rows, t.left_out["row"].to_numpy(dtype=np.int64))]
    return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *parts]))


def _miscounted(seed: Seed, path: Path, tables: list[RawTable]) -> str:
    mine = len(_numbers(tables))
    other = None
    if seed.count is not None:
        with suppress(Exception):
            other = seed.count(path)
    return (
        "" if other is None or other == mine else f"rows read and counted differ: {mine}, {other}"
    )


# --- other roads ------------------------------------------------------------------------------


def _by_other_roads(path: Path, tables: list[RawTable]) -> str:
    mine = len(_numbers(tables))
    name = format_of(path).name
    if tables and name == "csv":
        layout = separated._layout(path, separated._encoding(path, first_bytes(path)))
        exact = [row for row, *_ in separated._records(path, layout)]
        found = _numbers(tables) - layout.header_row
        if found.tolist() != exact:
            return "fast and exact find different rows"
    if tables and name == "vector":
        chosen, _ = vector._choose(path, vector.layers_of(path), None)
        try:
            slow = _numbers(vector._one_by_one(path, chosen, 0, {}))
        except LagesbildError:
            slow = _numbers(tables)  # fiona lacks some drivers
        if len(slow) != mine:
            return f"in bulk and one by one differ: {mine}, {len(slow)}"
    settings = LayerSettings("incidents", path, "incidents", options={})
    report = read_layer(settings, _project(), None).report
    if tables and report.read != mine and (report.usable or report.read):
        return f"the project counts {report.read} rows, the format {mine}"
    with suppress(LagesbildError):
        stream = open_events(path)
        with suppress(LagesbildError):
            list(stream.batches())
        if tables and stream.read != mine:
            return f"hotspots counts {stream.read} rows, the format {mine}"
    return ""


@cache
def _project() -> Project:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.toml"
        for name in ("area.geojson", "x.csv"):
            (path.parent / name).write_text("{}", "utf-8")
        path.write_text(
            'municipality = "X"\n[area]\nfile = "area.geojson"\n'
            '[[layers]]\nkind = "incidents"\nfile = "x.csv"\n',
            "utf-8",
        )
        return load_project(path)


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
        elif kind == 2:
            del data[at:to]
        elif kind == 3:
            data[at:at] = data[at:to]
        elif kind == 4:
            data[at:at] = rng.choice(_TOKENS)
        elif kind == 5:
            found = list(re.finditer(rb"\d+", data))
            if found:
                number = rng.choice(found)
                data[number.start() : number.end()] = rng.choice(_TOKENS)
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def _repacked(content: bytes, rng: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(parts))
    if rng.random() < 0.1:
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
    (
        f"2021-06-{day:02d} 14:30",
        "skadegörelse",
        14.87 + day / 1000,
        59.17,
        f"å, ä & \u201dö\u201d {day}",
    )
    for day in range(1, 13)
]
_GPX = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="x" '
    'xmlns="http://www.topografix.com/GPX/1/1"><trk><name>P1</name><trkseg>'
    + "".join(
        f'<trkpt lat="{59.17 + i / 1e4:.5f}" lon="14.87">'
        f"<time>2021-06-07T12:{i:02d}:00Z</time></trkpt>"
        for i in range(12)
    )
    + "</trkseg></trk></gpx>\n"
)


_TOPOLOGY = {
    "type": "Topology",
    "arcs": [],
    "objects": {
        "x": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Point", "coordinates": row[2:4], "properties": {"tid": row[0]}}
                for row in _ROWS
            ],
        }
    },
}


def _frame() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "tid": [row[0] for row in _ROWS],
            "typ": [row[1] for row in _ROWS],
            "n": range(len(_ROWS)),
        },
        geometry=shapely.points([row[2] for row in _ROWS], [row[3] for row in _ROWS]),
        crs=4326,
    )


def _csv(encoding: str, delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["tid", "typ", "lon", "lat", "text"])
    for row in _ROWS:
        writer.writerow(
            [*row[:4], row[4] if encoding != "cp1252" else row[4].replace("\u201d", "'")]
        )
    return text.getvalue()


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    for row in [("tid", "typ", "lon", "lat", "text"), *_ROWS]:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def a_spreadsheet() -> bytes:
    """Make a spreadsheet as LibreOffice saves it."""
    rows = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{value}</text:p></table:table-cell>"
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        frame = _frame() if driver != "DXF" else _frame()[["geometry"]]  # which has no table
        frame.to_file(path, driver=driver, engine="pyogrio")
        return path.read_bytes()


def _shapefile() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        _frame().to_file(Path(folder) / "x.shp", engine="pyogrio")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
    return packed.getvalue()


def _sheet() -> tuple[str, bool, list[tuple[int, int, object]]]:
    rows = [("tid", "typ", "lon", "lat"), *(row[:4] for row in _ROWS)]
    return "A", False, [
        (i, j, value if isinstance(value, str) else (value, 0))
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    ]  # fmt: skip


def _xlsb() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_xlsb(Path(folder) / "x.xlsb", [_sheet()]).read_bytes()


def _parquet() -> bytes:
    packed = io.BytesIO()
    _frame().to_parquet(packed)
    return packed.getvalue()


# --- counts by other means --- ------------------------------------------


def _count_csv(path: Path) -> int | None:
    """Count the lines that hold anything, below the first; None where a title blurs them."""
    content = path.read_bytes()
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in content or b"sep=" in content.lower() or marked:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    lines = re.split(r"\r\n|\r|\n", text)
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not "".join(lines[first + 1 : first + 2]).strip():
        return None
    bare = re.sub('"[^"]*"', "", lines[first])
    delimiter = max(";\t,|", key=bare.count)
    records = list(csv.reader([f"{line}\n" for line in lines], delimiter=delimiter, strict=True))
    filled = sum(any(map(str.strip, fields)) for fields in records)
    return filled - 1 if len(records) == len(lines) else None


def _count_sheet(path: Path) -> int | None:
    """Count the rows of the only sheet by another library, where its header is sound."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - of the counts only

    with zipfile.ZipFile(path) as archive:
        own = [name for name in archive.namelist() if name.endswith(("sheet1.xml", "content.xml"))]
        cells = b"".join(archive.read(name) for name in own)
    if re.search(rb'(?:\br|repeated)="[A-Z]*\d{4}|\br="[A-Z]{2}|\bt="e"', cells):
        return None  # a cell far out fills that library's memory
    row = b""
    for of_row, of_cell in re.findall(rb'<row r="(\d+)"|<c r="[A-Z]+(\d+)"', cells):
        row = of_row or row
        if of_cell not in {b"", row}:
            return None  # a cell in another's row is where each library wants it
    book = CalamineWorkbook.from_path(path)
    if len(book.sheet_names) != 1:
        return None
    rows = [row for row in book.get_sheet_by_index(0).to_python() if any(v != "" for v in row)]
    return len(rows) - 1 if rows[0][:4] == ["tid", "typ", "lon", "lat"] else None


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


def _count_shapefile(path: Path) -> int | None:
    """Take the number of records upon which the shapes, their index and the table agree."""
    with zipfile.ZipFile(path) as archive:
        shapes, index, table = (archive.read(f"x.{ending}") for ending in ("shp", "shx", "dbf"))
    n, head, width = struct.unpack_from("<IHH", table, 4)
    told = [2 * struct.unpack_from(">I", part, 24)[0] for part in (shapes, index)]
    whole = len(index) == 100 + 8 * n and len(table) == head + 1 + n * width
    deleted = b"*" in table[head::width]
    return n if whole and told == [len(shapes), len(index)] and not deleted else None


def _count_parquet(path: Path) -> int | None:
    return pq.read_table(path).num_rows


def _count_tags(name: str, sound: bytes) -> Callable[[Path], int | None]:
    """Count the elements of a name in files that nest elements as a sound one does."""
    known = set(_paths(ElementTree.fromstring(sound)))

    def count(path: Path) -> int | None:
        paths = list(_paths(ElementTree.fromstring(path.read_bytes())))
        return sum(one[-1] == name for one in paths) if known.issuperset(paths) else None

    return count


def _paths(element: Element, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the names of every element and of those around it."""
    own = (*above, element.tag)
    yield own
    for child in element:
        yield from _paths(child, own)


def _count_records(path: Path) -> int | None:
    """Count the objects of a list, or of the only list in an object."""
    data = json.loads(path.read_bytes().decode("utf-8"))
    if isinstance(data, dict) and list(data) == ["service_requests"]:
        data = data["service_requests"]
    return len(data) if isinstance(data, list) and all(isinstance(x, dict) for x in data) else None
