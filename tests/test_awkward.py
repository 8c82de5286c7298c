"""Promises about awkward files: every one is read right, row by row, or refused with its cure."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import struct
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from mutants import a_spreadsheet
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from geo.errors import SourceError
from layers.events import open_events
from layers.project import load_project
from layers.reading import format_of, read_project_layers
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.layer import Layer

LON, LAT = 14.87, 59.17
EAST, NORTH = 492568.05, 6558989.10
"""One place in Lekeberg in WGS 84 and in SWEREF 99 TM, by PROJ's own ``cs2cs``."""

HEAD = "typ;tid;lon;lat"
ROW = "klotter;2021-06-07 14:30;14.87;59.17"
TWO = f"{HEAD}\n{ROW}\nklotter;2021-06-08 15:30;14.88;59.18\n"


@dataclass(frozen=True)
class Case:
    """An awkward file, and what must come of it.

    ``left_out`` counts rows by reason; ``says`` are pieces of what the command prints in English.
    ``place`` is where the first accepted row is, in metres; ``times`` are the rows' times.
    """

    about: str
    name: str
    make: Any
    accepted: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    says: Sequence[str] = ()
    more: str = ""
    kind: str = "incidents"
    place: tuple[float, float] | None = (EAST, NORTH)
    times: Sequence[str] = ()


def rows(*values: str, head: str = HEAD) -> str:
    """Write lines below a header."""
    return "\n".join([head, *values, ""])


def dated(*times: str) -> str:
    """Write rows that differ in their times alone."""
    return rows(*(f"klotter;{time};14.{870 + i};59.17" for i, time in enumerate(times)))


def placed(*places: str, head: str = "typ;tid;lon;lat") -> str:
    """Write rows that differ in their places alone."""
    return rows(
        *(f"klotter;2021-06-{7 + i:02d} 14:30;{p}" for i, p in enumerate(places)), head=head
    )


def book(*table: Sequence[Any], **more: Any) -> Any:
    """Make a workbook of one sheet; ``more`` changes it before it is saved."""

    def make(path: Path) -> None:
        made = openpyxl.Workbook()
        for row in table:
            made.active.append(row)
        for change in more.values():
            change(made)
        made.save(path)

    return make


def frame(*shapes: Any, crs: Any = 4326, **columns: Any) -> gpd.GeoDataFrame:
    """Make features of vandalism, one a day."""
    n = len(shapes)
    own = {"typ": ["klotter"] * n, "tid": [f"2021-06-{7 + i:02d} 14:30" for i in range(n)]}
    return gpd.GeoDataFrame({**own, **columns}, geometry=list(shapes), crs=crs)


def saved(of: gpd.GeoDataFrame, after: Any = None, **options: Any) -> Any:
    """Write features, and perhaps change the files afterwards."""

    def make(path: Path) -> None:
        of.to_file(path, engine="pyogrio", **options)
        if after is not None:
            after(path)

    return make


def collection(*features: Any, **more: Any) -> str:
    """Write GeoJSON of geometries as they are given."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"typ": "klotter", "tid": f"2021-06-{7 + i:02d} 14:30"},
                    "geometry": geometry,
                }
                for i, geometry in enumerate(features)
            ],
            **more,
        }
    )


def point(*xy: float) -> dict[str, Any]:
    """Write a point of GeoJSON."""
    return {"type": "Point", "coordinates": list(xy)}


CURVE = (
    bytes([0x47, 0x50, 0, 1])
    + struct.pack("<i", 4326)
    + struct.pack("<BII", 1, 10, 1)  # a curve polygon of one ring
    + struct.pack("<BII", 1, 8, 5)  # a circular string of five corners: a circle
    + struct.pack("<10d", 14.87, 59.16, 14.88, 59.17, 14.87, 59.18, 14.86, 59.17, 14.87, 59.16)
)
"""A circle, as well-known binary in a GeoPackage has it."""


def _drop_triggers(file: sqlite3.Connection) -> None:
    """Let rows be changed without the functions of a spatial database."""
    found = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in found:
        file.execute(f'DROP TRIGGER "{name}"')


def _curved(path: Path) -> None:
    frame(shapely.Polygon([(0, 0), (1, 0), (1, 1)])).to_file(path, engine="pyogrio")
    with closing(sqlite3.connect(path)) as file:
        _drop_triggers(file)
        file.execute("UPDATE t SET geom = ?", (CURVE,))
        file.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        file.commit()


FEATURE = {
    "type": "Feature",
    "properties": {"typ": "klotter", "tid": "2021-06-07 14:30"},
    "geometry": point(LON, LAT),
}


def zeros(name: str, size: int, *others: tuple[str, bytes]) -> Any:
    """Make an archive that unpacks to so many bytes of nothing, without making these."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, content in others:
                archive.writestr(other, content)
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(bytes(1 << 20))
        content = bytearray(path.read_bytes())
        for entry in re.finditer(rb"PK\x01\x02", bytes(content)):
            content[entry.start() + 24 : entry.start() + 28] = struct.pack("<I", size)
        path.write_bytes(content)

    return make


def read(folder: Path, case: Case) -> Layer:
    """Read a file by the whole road: in a project about a box round Lekeberg."""
    square = shapely.geometry.mapping(shapely.box(14.6, 59.1, 15.0, 59.3))
    (folder / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": square})
    )
    path = folder / case.name
    if callable(case.make):
        case.make(path)
    else:
        path.write_bytes(case.make if isinstance(case.make, bytes) else case.make.encode())
    (folder / "p.toml").write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n'
        f'[[layers]]\nkind = "{case.kind}"\nfile = "{case.name}"\n{case.more}',
        "utf-8",
    )
    return read_project_layers(load_project(folder / "p.toml"))[1]


def said(layer: Layer) -> str:
    """Give all that the command says of a layer, in English."""
    notes = [words("en").note(note) for note in layer.report.notes]
    return "\n".join([*notes, *map(str, layer.report.problems)])


# --- the files --------------------------------------------------------------------------------


def _rename_cpg(path: Path) -> None:
    path.with_suffix(".cpg").write_text("UTF-8")


def _cut(share: float) -> Any:
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def _wal(path: Path) -> None:
    """Leave half of the rows in a log that is not yet merged, as QGIS does while it is open."""
    frame(shapely.Point(LON, LAT)).to_file(path, engine="pyogrio")
    open_one = sqlite3.connect(path)
    open_one.execute("PRAGMA journal_mode=WAL")
    open_one.execute("PRAGMA wal_autocheckpoint=0")
    (blob,) = open_one.execute(f"SELECT geom FROM {path.stem}").fetchone()  # noqa: S608 - our own
    _drop_triggers(open_one)
    open_one.execute(
        f"INSERT INTO {path.stem} (geom, typ, tid) VALUES (?, 'klotter', '2021-06-09 10:00')",  # noqa: S608 - the same
        (blob,),
    )
    open_one.commit()
    kept = {p: p.read_bytes() for p in (path, path.with_name(path.name + "-wal"))}
    open_one.close()
    for file, content in kept.items():
        file.write_bytes(content)


def _hidden_first(made: Any) -> None:
    first = made.create_sheet("Dolt", 0)
    first.append(["a", "b"])
    first.append(["1", "2"])
    first.sheet_state = "hidden"


def _mac(made: Any) -> None:
    made.epoch = CALENDAR_MAC_1904


def _two_layers(path: Path) -> None:
    for name in ("bad", "brott"):
        frame(shapely.Point(LON, LAT)).to_file(path, layer=name, engine="pyogrio")


def _no_dbf(path: Path) -> None:
    frame(shapely.Point(LON, LAT)).to_file(path, engine="pyogrio")
    path.with_suffix(".dbf").unlink()


def _with_entities(path: Path, part: str) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    root = parts[part].decode().partition("?>")[2] or parts[part].decode()
    parts[part] = (BILLION + root).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


BILLION = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{("&" + a + ";") * 10}">'
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
GPX = (
    '<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lat="59.17" lon="14.87"><time>2021-06-07T12:30:00Z</time><type>klotter</type></wpt></gpx>'
)
KML = (
    '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>'
    "<name>klotter</name>"
    "<description><![CDATA[<script>alert(1)</script><img src=x>]]></description>"
    "<TimeStamp><when>2021-06-07T12:30:00Z</when></TimeStamp>"
    "<Point><coordinates>14.87,59.17,0</coordinates></Point></Placemark></Document></kml>"
)
BOW = {
    "type": "Polygon",
    "coordinates": [
        [[14.87, 59.17], [14.89, 59.19], [14.89, 59.17], [14.87, 59.19], [14.87, 59.17]]
    ],
}
NOWHERE = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0]]'
)
"""A coordinate system whose degrees are nothing: it has a name, and no place."""

P, Q = shapely.Point(LON, LAT), shapely.Point(14.88, 59.18)

CASES = (
    # text and its encoding
    Case("UTF-16", "t.csv", TWO.encode("utf-16"), 2),
    Case("cp1252", "t.csv", rows("skadegörelse;2021-06-07 14:30;14.87;59.17").encode("cp1252"), 1),
    Case("UTF-8 with a mark", "t.csv", TWO.encode("utf-8-sig"), 2),
    Case(
        "a mark before UTF-8 that is broken",
        "t.csv",
        b"\xef\xbb\xbf" + rows(ROW, "sn\u00f6;x;14.87;59.17").encode("cp1252"),
        1,
        {"unknown_category": 1},
        ["shown as \ufffd"],
    ),
    Case(
        "two encodings in one file",
        "t.csv",
        (HEAD + ";plats\n" + ROW + ";Örebro\n").encode()
        + (ROW + ";Örebro\n").replace("14.87", "14.88").encode("cp1252"),
        2,
        says=["Parts of t.csv are UTF-8 and parts Windows-1252. Both were read as what they are."],
    ),
    Case("sep= in the first line", "t.csv", "sep=,\n" + TWO.replace(";", ","), 2),
    Case("tabs", "t.tsv", TWO.replace(";", "\t"), 2),
    Case("bars", "t.txt", TWO.replace(";", "|"), 2),
    Case(
        "a quote that never closes",
        "t.csv",
        rows(ROW, '"klotter;2021-06-08 14:30;14.88;59.17', "klotter;2021-06-09 14:30;14.88;59.17"),
        2,
        {"unclosed_quote": 1},
    ),
    Case(
        "ragged rows",
        "t.csv",
        rows(ROW, "klotter;2021-06-07", ROW + ";x;y", ROW.replace("14.87", "14.88") + ";;"),
        2,
        {"wrong_number_of_fields": 2},
    ),
    Case("a header alone", "t.csv", HEAD + "\n", 0, {}, ["The source has no rows."]),
    Case(
        "no header",
        "t.csv",
        ROW + "\n" + ROW.replace("07", "08") + "\n",
        0,
        {"unusable_source": 1},
        [
            "expected the names of the columns in the first row, found values: klotter",
            "write names above the columns",
        ],
    ),
    Case("empty", "t.csv", b"", says=["expected data, found an empty file", "export it again"]),
    Case(
        "NUL bytes",
        "t.csv",
        TWO.replace("klotter", "klot\0ter"),
        says=["expected a table as text, found binary data", "give it its true ending"],
    ),
    Case(
        "200 columns",
        "t.csv",
        rows(ROW + ";x" * 196, head=HEAD + "".join(f";k{i}" for i in range(196))),
        1,
    ),
    Case(
        "a text of a million characters",
        "t.csv",
        rows(f"{ROW};{'x' * 1_000_000}", ROW.replace("14.87", "14.88") + ";y", head=HEAD + ";text"),
        2,
    ),
    Case(
        "a quoted text of a million characters",
        "t.csv",
        rows(
            f'{ROW};"{"x" * 1_000_000}"', ROW.replace("14.87", "14.88") + ";y", head=HEAD + ";text"
        ),
        2,
    ),
    Case(
        "columns of the same name",
        "t.csv",
        rows(ROW + ";a;b", head=HEAD + ";not;not"),
        1,
        {},
        ["Several columns had the same name and were numbered: not_2."],
    ),
    Case(
        "ids that repeat",
        "t.csv",
        rows(
            *(f"{i // 3};{ROW.replace('14.87', f'14.8{7 + i}')}" for i in range(3)),
            "9;" + ROW.replace("14.87", "14.81"),
            head="id;" + HEAD,
        ),
        4,
        {},
        ["Column id repeats values 2 times and is no identifier"],
    ),
    Case(
        "an id that repeats once",
        "t.csv",
        rows(
            "1;" + ROW,
            "2;" + ROW.replace("14.87", "14.88"),
            "1;" + ROW.replace("14.87", "14.89"),
            head="id;" + HEAD,
        ),
        2,
        {"duplicate": 1},
    ),
    Case(
        "a row that stands twice",
        "t.csv",
        rows("1;" + ROW, "1;" + ROW, head="id;" + HEAD),
        1,
        {"duplicate": 1},
    ),
    # what is what
    Case(
        "a workbook that says it is CSV",
        "t.csv",
        book(HEAD.split(";"), ROW.split(";")),
        says=["expected a table as text, found a workbook or another packed file", "(.xlsx,"],
    ),
    Case(
        "CSV that says it is a workbook",
        "t.xlsx",
        TWO,
        says=["expected a workbook, found text", "give it the ending .csv"],
    ),
    Case(
        "a page that says it is a workbook",
        "t.xls",
        "<html><table><tr><td>typ</td></tr></table></html>",
        says=["found a web page"],
    ),
    Case(
        "Numbers",
        "t.xlsx",
        zeros("Index/Document.iwa", 9),
        says=["found a Numbers document", "export it from Numbers"],
    ),
    Case(
        "a password",
        "t.xlsx",
        bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        says=["locked with a password", "remove the password"],
    ),
    Case(
        "an unknown ending",
        "t.doc",
        b"x",
        says=["expected an ending among", "save it as CSV, Excel (.xlsx) or GeoPackage"],
    ),
    # workbooks
    Case(
        "a title above the header",
        "t.xlsx",
        book(["Anmälda brott"], [], HEAD.split(";"), ROW.split(";")),
        1,
        {},
        ["The names of the columns are in row 3"],
    ),
    Case(
        "two rows of headers, merged cells",
        "t.xlsx",
        book(
            ["Vad", None, "Var", None],
            HEAD.split(";"),
            ROW.split(";"),
            merged=lambda b: (b.active.merge_cells("A1:B1"), b.active.merge_cells("C1:D1")),
        ),
        1,
    ),
    Case(
        "a hidden sheet first",
        "t.xlsx",
        book(HEAD.split(";"), ROW.split(";"), hidden=_hidden_first),
        1,
        {},
        ["The sheet Sheet is used"],
    ),
    Case("empty sheets only", "t.xlsx", book(), says=["expected a table, found only empty sheets"]),
    Case(
        "formulas that failed",
        "t.xlsx",
        book(
            [*HEAD.split(";"), "vikt"],
            ["klotter", "2021-06-07 14:30", 14.87, 59.17, "=1/0"],
            failed=lambda b: setattr(b.active["E2"], "data_type", "e"),
        ),
        1,
        {},
        ["has a formula that failed"],
    ),
    Case(
        "days as Excel's numbers",
        "t.xlsx",
        book(HEAD.split(";"), ["klotter", 44354, 14.87, 59.17]),
        1,
        {},
        ["Excel's day number"],
        times=["2021-06-07T00:00:00"],
    ),
    Case(
        "days since 1904",
        "t.xlsx",
        book(
            HEAD.split(";"),
            ["klotter", pd.Timestamp("2021-06-07 14:30").to_pydatetime(), 14.87, 59.17],
            mac=_mac,
        ),
        1,
        times=["2021-06-07T14:30:00"],
    ),
    Case(
        "a workbook cut short",
        "t.xlsx",
        lambda p: (book(HEAD.split(";"), ROW.split(";"))(p), _cut(0.6)(p)),
        says=["expected a workbook, found a damaged one"],
    ),
    # positions
    Case("degrees, minutes, seconds", "t.csv", placed("14°52'12.0\"E;59°10'12.0\"N"), 1),
    Case(
        "both in one column",
        "t.csv",
        placed("59°10'12.0\"N 14°52'12.0\"E", "N59°10,8' E14°52,8'", head="typ;tid;koordinater"),
        2,
    ),
    Case(
        "letters against the order of the others",
        "t.csv",
        placed("59°10'12.0\"N 14°52'12.0\"E", "59.17, 14.88", head="typ;tid;koordinater"),
        0,
        {"unusable_source": 2},
        ["expected points inside the area", "crs = 3006"],
    ),
    Case("decimal commas", "t.csv", placed("14,87;59,17"), 1),
    Case(
        "axes swapped",
        "t.csv",
        placed("59.17;14.87", "59.18;14.88"),
        2,
        {},
        ["with north before east"],
    ),
    Case(
        "axes swapped in some rows",
        "t.csv",
        placed(*(f"14.{870 + i};59.17" for i in range(19)), "59.17;14.87"),
        19,
        {"outside_area": 1},
        [
            (
                "1 row outside the area would lie in it if north and east were swapped (lon, lat). "
                "Correct it in the source."
            )
        ],
    ),
    Case(
        "RT 90", "t.csv", placed("6561351;1446517", head="typ;tid;x;y"), 1, {}, ["RT90 2.5 gon V"]
    ),
    Case(
        "SWEREF 99 15 00",
        "t.csv",
        placed("142565;6561614", head="typ;tid;x;y"),
        1,
        {},
        ["SWEREF 99 15 00"],
    ),
    Case(
        "a system named wrongly",
        "t.csv",
        placed("492568;6558989", head="typ;tid;x;y"),
        0,
        {"outside_area": 1},
        [
            "SWEREF 99 18 00 (EPSG:3011), as the settings say",
            "check that the file is about the project's area, and its coordinate system (crs = …)",
        ],
        more="crs = 3011\n",
    ),
    Case(
        "Web Mercator",
        "t.csv",
        placed("1655320.83;8217221.48", head="typ;tid;x;y"),
        1,
        {},
        ["Pseudo-Mercator"],
    ),
    Case("null island", "t.csv", placed("14.87;59.17", "0;0", "0,0;0,0"), 1, {"zero_position": 2}),
    Case(
        "half a position",
        "t.csv",
        placed("14.87;59.17", ";59.17", "abc;59.17"),
        1,
        {"no_position": 1, "unreadable_position": 1},
    ),
    # times
    Case(
        "12-hour clocks",
        "t.csv",
        dated(
            "2021-06-07 2:30 PM",
            "2021-06-07 02:30 am",
            "7/6/2021 12:05 AM",
            "2021-06-07 12:05 p.m.",
        ),
        4,
        {},
        [],
        times=[
            "2021-06-07T14:30:00",
            "2021-06-07T02:30:00",
            "2021-06-07T00:05:00",
            "2021-06-07T12:05:00",
        ],
    ),
    Case(
        "12-hour clocks in a column of their own",
        "t.csv",
        rows(
            "klotter;2021-06-07;2:30 PM;14.87;59.17",
            "klotter;2021-06-07;11:15 em;14.88;59.17",
            head="typ;datum;kl;lon;lat",
        ),
        2,
        times=["2021-06-07T14:30:00", "2021-06-07T23:15:00"],
    ),
    Case(
        "24:00",
        "t.csv",
        dated("2021-06-07 24:00", "2021-06-07 13:00"),
        2,
        times=["2021-06-08T00:00:00", "2021-06-07T13:00:00"],
    ),
    Case(
        "25:00",
        "t.csv",
        dated("2021-06-07 25:00", "2021-06-07 13:00"),
        1,
        {"unreadable_date": 1},
        place=None,
    ),
    Case(
        "the hour that is skipped, and the one that comes twice",
        "t.csv",
        dated("2021-03-28 02:30", "2021-10-31 02:30"),
        2,
        {},
        ["was moved an hour forward"],
        times=["2021-03-28T03:30:00", "2021-10-31T02:30:00"],
    ),
    Case(
        "years of two digits",
        "t.csv",
        dated("7/6-21 kl 14.30", "210608 15:30"),
        2,
        times=["2021-06-07T14:30:00", "2021-06-08T15:30:00"],
    ),
    Case(
        "months in Swedish",
        "t.csv",
        dated("den 7 juni 2021 kl. 14:30", "8 okt 2021", "9 MAJ 2021 kl 9"),
        3,
        times=["2021-06-07T14:30:00", "2021-10-08T00:00:00", "2021-05-09T09:00:00"],
    ),
    Case(
        "day and month in both orders",
        "t.csv",
        dated("7/6/2021", "25/6/2021", "6/25/2021", "8/6/2021"),
        3,
        {"unreadable_date": 1},
        ["stand both with the day first and with the month first"],
    ),
    Case(
        "month first",
        "t.csv",
        dated("6/7/2021", "6/25/2021"),
        2,
        {},
        ["read with the month first"],
        times=["2021-06-07T00:00:00", "2021-06-25T00:00:00"],
    ),
    Case(
        "1900, 2199, 30 February",
        "t.csv",
        dated("1900-01-01", "2199-12-31", "2021-02-30", "2021-06-07"),
        1,
        {"unreadable_date": 3},
        place=None,
    ),
    # numbers
    Case(
        "weights",
        "t.csv",
        rows(
            *(
                f"klotter;2021-06-07 14:30;14.{870 + i};59.17;{w}"
                for i, w in enumerate(["1 234,5", "-3", "10 %", "1.234,5", ""])
            ),
            head=HEAD + ";vikt",
        ),
        3,
        {"negative_number": 1, "unreadable_number": 1},
    ),
    # shapes
    Case(
        "heights and measures",
        "t.gpkg",
        saved(
            frame(
                shapely.from_wkt("POINT Z (14.87 59.17 80)"),
                shapely.from_wkt("POINT Z (14.88 59.18 -5)"),
            )
        ),
        2,
    ),
    Case(
        "shapes as text, with heights and measures",
        "t.csv",
        placed(
            "POINT ZM (14.87 59.17 80 5)",
            "POINT M (14.88 59.18 5)",
            "POINT (14.89",
            head="typ;tid;wkt",
        ),
        2,
        {"unreadable_position": 1},
    ),
    Case(
        "points and a line",
        "t.geojson",
        collection(
            point(LON, LAT),
            {"type": "LineString", "coordinates": [[14.87, 59.17], [14.88, 59.18]]},
            {"type": "GeometryCollection", "geometries": [point(LON, LAT)]},
        ),
        1,
        {"wrong_shape": 2},
    ),
    Case(
        "no shape, an empty shape",
        "t.geojson",
        collection(point(LON, LAT), None, {"type": "Point", "coordinates": []}),
        1,
        {"no_position": 2},
    ),
    Case(
        "a bow tie",
        "t.geojson",
        collection(BOW),
        1,
        {},
        ["1 invalid shape was repaired."],
        kind="background",
        place=None,
    ),
    Case("a curved polygon", "t.gpkg", _curved, 1, kind="background", place=None),
    Case(
        "metres in GeoJSON that does not say so",
        "t.geojson",
        collection(point(EAST, NORTH), point(EAST + 500, NORTH)),
        2,
        {},
        ["too large for degrees", "SWEREF 99 TM"],
    ),
    Case(
        "GeoJSON that names its system",
        "t.geojson",
        collection(
            point(EAST, NORTH),
            crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}},
        ),
        1,
    ),
    Case(
        "swapped GeoJSON",
        "t.geojson",
        collection(point(LAT, LON), point(59.18, 14.88)),
        2,
        {},
        ["with north before east"],
    ),
    Case(
        "GeoJSON with something else among its features",
        "t.geojson",
        collection(point(LON, LAT), point(LON, LAT)).replace('"Feature"', '"feature"', 1),
        says=["expected features only, found something else as number 1"],
    ),
    Case(
        "lines of GeoJSON, one of them damaged",
        "t.geojsonl",
        f"{json.dumps(FEATURE)}\n{json.dumps(FEATURE)[:-9]}\n{json.dumps(FEATURE)}\n",
        says=["expected a feature in every line, found something else in line 2"],
    ),
    Case(
        "GeoJSON that breaks off",
        "t.geojson",
        collection(point(LON, LAT))[:-20],
        says=[
            "expected a file of geometries, found one that is damaged",
            "export it as GeoPackage",
        ],
    ),
    Case(
        "lone halves of characters",
        "t.geojson",
        collection(point(LON, LAT)).replace("klotter", "klot\\ud83dter"),
        0,
        {"unknown_category": 1},
        ["unknown word in the column “typ”: klot\ufffdter (1)"],
    ),
    Case(
        "a Shapefile without .prj",
        "t.shp",
        saved(frame(P, Q).to_crs(3006), lambda p: p.with_suffix(".prj").unlink()),
        2,
        {},
        ["SWEREF 99 TM"],
    ),
    Case(
        "a Shapefile with a damaged .prj",
        "t.shp",
        saved(frame(P, Q), lambda p: p.with_suffix(".prj").write_text(NOWHERE)),
        2,
        says=["The coordinates are in WGS 84 (EPSG:4326)."],
    ),
    Case(
        "a Shapefile without .dbf",
        "t.shp",
        _no_dbf,
        says=["found no .dbf", "copy all files of the Shapefile together"],
    ),
    Case(
        "a Shapefile with the wrong .cpg",
        "t.shp",
        saved(frame(P, plats=["Östra"]), _rename_cpg, encoding="cp1252"),
        1,
        {},
        ["is not UTF-8, as the file says, and was read as Windows-1252"],
    ),
    Case("a GeoPackage that is open elsewhere", "t.gpkg", _wal, 2),
    Case(
        "a GeoPackage of two layers",
        "t.gpkg",
        _two_layers,
        says=["expected one layer, found 2: bad, brott", 'layer = "…"'],
    ),
    Case(
        "a GeoPackage of two layers, one named", "t.gpkg", _two_layers, 1, more='layer = "brott"\n'
    ),
    Case(
        "a GeoPackage cut short",
        "t.gpkg",
        saved(frame(*[P] * 50), _cut(0.5)),
        says=["damaged", "open it in QGIS"],
    ),
    Case(
        "GeoParquet cut short",
        "t.parquet",
        lambda p: (frame(P).to_parquet(p), _cut(0.7)(p)),
        says=["expected"],
    ),
    Case("KML with hostile words", "t.kml", KML, 1, more='columns = { category = "Name" }\n'),
    # attacks
    Case(
        "entities in a workbook",
        "t.xlsx",
        lambda p: (
            book(HEAD.split(";"), ROW.split(";"))(p),
            _with_entities(p, "xl/worksheets/sheet1.xml"),
        ),
        says=["expected a workbook, found a damaged one", "invalid XML"],
    ),
    Case(
        "entities in a spreadsheet",
        "t.ods",
        lambda p: (p.write_bytes(a_spreadsheet()), _with_entities(p, "content.xml")),
        says=["expected a workbook, found a damaged one (EntitiesForbidden"],
    ),
    Case(
        "a part that unpacks to more than it says",
        "t.xlsx",
        zeros("xl/workbook.xml", 100),
        says=["expected a workbook, found a damaged one"],
    ),
    Case(
        "a workbook that unpacks without end",
        "t.xlsx",
        zeros("xl/worksheets/sheet1.xml", 4_000_000_000),
        says=["expected at most 1.1 GB when unpacked, found 4.0 GB", "export the sheet as CSV"],
    ),
    Case(
        "a spreadsheet that unpacks without end",
        "t.ods",
        zeros("content.xml", 4_000_000_000),
        says=["expected at most 1.1 GB when unpacked, found 4.0 GB"],
    ),
    Case(
        "a zip that unpacks without end",
        "t.zip",
        zeros("t.geojson", 4_200_000_000, ("a.geojson", b"{}"), ("b.geojson", b"{}")),
        says=["expected at most 9 GB when unpacked, found 12.6 GB"],
    ),
    Case(
        "entities in GPX",
        "t.gpx",
        BILLION + GPX.partition("?>")[2].replace("klotter", "&i;"),
        says=["defines its own entities"],
    ),
    Case(
        "entities in KML",
        "t.kml",
        BILLION + KML.partition("?>")[2].replace("klotter", "&i;"),
        says=["defines its own entities"],
    ),
    Case(
        "entities in Open311",
        "t.xml",
        BILLION
        + "<service_requests><request><service_request_id>&i;</service_request_id></request>"
        "</service_requests>",
        says=["declarations of its own (entities)"],
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_an_awkward_file_is_read_right_or_refused_with_its_cure(tmp_path: Path, case: Case) -> None:
    """Every row is accepted or left out for a reason, in its true place; what is said is said."""
    layer = read(tmp_path, case)
    heard = said(layer)
    assert dict(layer.report.left_out) == dict(case.left_out), heard
    assert layer.report.accepted == case.accepted, heard
    assert layer.report.read == case.accepted + sum(case.left_out.values())
    for piece in case.says:
        assert piece in heard
    if case.accepted and case.place:
        x, y = shapely.get_coordinates(layer.geometry[0])[0]
        assert np.hypot(x - case.place[0], y - case.place[1]) < 1
    if case.times:
        assert [str(t) for t in layer.table["time"].to_numpy("datetime64[s]")] == list(case.times)


@pytest.mark.parametrize(
    "name", ["t.csv", "t.xlsx", "t.ods", "t.gpkg", "t.shp", "t.json", "t.gpx", "t.parquet", "t.osm"]
)
def test_what_is_no_file_is_refused_by_every_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A directory, nothing, a pipe, a file held by another program: each is named, and its cure."""
    path = tmp_path / name

    def refused() -> str:
        with pytest.raises(SourceError) as caught:
            open_events(path)
        return str(caught.value)

    assert "expected a file, found none\n    check the path and its spelling" in refused()
    path.mkdir()
    assert "expected a file, found a directory\n    name a file in it" in refused()
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        assert "expected a file, found a pipe or a device\n    write what it gives" in refused()
        path.unlink()
    path.write_bytes(b"x")
    for ending in (".shx", ".dbf"):
        path.with_suffix(ending).touch()

    def held(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "The file is being used by another process", str(self))

    monkeypatch.setattr(Path, "open", held)
    assert "found one that may not be opened\n    close it in other programs" in refused()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_rights_is_refused(tmp_path: Path) -> None:
    """What may not be read is said to be so."""
    path = tmp_path / "t.csv"
    path.write_text(TWO)
    path.chmod(0)
    with pytest.raises(SourceError, match="ask for the right to read it"):
        open_events(path)


def test_a_geopackage_that_is_locked_is_read_as_it_was_saved(tmp_path: Path) -> None:
    """What another program has changed and not yet saved is no part of it."""
    path = tmp_path / "t.gpkg"
    frame(P, Q).to_file(path, engine="pyogrio")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        _drop_triggers(writer)
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("UPDATE t SET typ = 'buller'")
        (table,) = format_of(path).read(path)
    assert table.data["typ"].tolist() == ["klotter", "klotter"]


def test_a_curve_is_cut_into_chords(tmp_path: Path) -> None:
    """A circle of a hundredth of a degree has the area of one, to a thousandth."""
    _curved(tmp_path / "t.gpkg")
    (table,) = format_of(tmp_path / "t.gpkg").read(tmp_path / "t.gpkg")
    assert shapely.area(table.geometry[0]) == pytest.approx(np.pi * 0.01**2, rel=1e-3)  # type: ignore[index]  # set by this format


def test_hostile_words_are_only_words(tmp_path: Path) -> None:
    """Markup in a file's texts comes through as the text it is."""
    path = tmp_path / "t.kml"
    path.write_text(KML, "utf-8")
    (table,) = format_of(path).read(path)
    assert table.data["description"].tolist() == ["<script>alert(1)</script><img src=x>"]


@pytest.mark.parametrize("about", ["two encodings in one file", "a Shapefile with the wrong .cpg"])
def test_words_in_the_wrong_encoding_are_read_right(tmp_path: Path, about: str) -> None:
    """Every letter is what it was written as, whatever the file says or mixes."""
    layer = read(tmp_path, next(case for case in CASES if case.about == about))
    assert set(layer.table["place"]) <= {"Örebro", "Östra"}
