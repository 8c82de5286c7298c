"""Promises of patrol tracks and of GPX."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import SourceError
from geo.months import parse_month
from layers import tracks
from layers.formats.gpx import read as read_gpx
from layers.project import load_project
from layers.reading import read_layer, read_project_layers, study_area

if TYPE_CHECKING:
    from pathlib import Path

    from layers.layer import Layer, RawTable

LON, LAT = 14.8, 59.2
BOX = shapely.box(14.6, 59.1, 15.0, 59.3)


def read(folder: Path, name: str, text: str = "", more: str = "", kind: str = "") -> Layer:
    """Read one file as a layer of tracks, in an area of one box."""
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(BOX)}
    (folder / "area.geojson").write_text(json.dumps(feature))
    if text:
        (folder / name).write_text(text, "utf-8")
    (folder / "p.toml").write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n[[layers]]\n'
        f'kind = "{kind or "patrol_tracks"}"\nfile = "{name}"\n{more}',
        "utf-8",
    )
    return read_project_layers(load_project(folder / "p.toml"))[1]


def table(times: list[str], *, unit: str = "A", lon: float = LON) -> str:
    """Write a table of one unit that stands still."""
    return "time,unit,lon,lat\n" + "".join(f"{t},{unit},{lon},{LAT}\n" for t in times)


def stamps(begin: str, minutes: int, zone: str = "Z") -> list[str]:
    """Give a moment for every minute from the first on, the last included."""
    first = np.datetime64(begin, "s")
    return [f"{first + np.timedelta64(60 * i, 's')}{zone}" for i in range(minutes + 1)]


def gpx(points: list[tuple[str, float, float]], before: str = "", name: str = "A") -> str:
    """Write one track of one segment."""
    rows = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><ele>3</ele><time>{t}</time></trkpt>\n'
        for t, lon, lat in points
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"{before}<trk><name>{name}</name><trkseg>\n{rows}</trkseg></trk></gpx>"
    )


def by_hour(layer: Layer) -> dict[int, float]:
    """Add up minutes by hour of the week."""
    assert layer.presence is not None
    hours = np.bincount(layer.presence.hour, weights=layer.presence.weight)
    return {int(h): round(float(hours[h]), 6) for h in np.flatnonzero(hours)}


SUNDAY = 6 * 24


# --- hours on the wall ------------------------------------------------------------------------


def test_the_hour_that_comes_twice_has_120_minutes(tmp_path: Path) -> None:
    """23:30Z to 02:30Z on the night when summer time ends, by universal times."""
    layer = read(tmp_path, "t.csv", table(stamps("2021-10-30T23:30", 180)))
    assert by_hour(layer) == {SUNDAY + 1: 30, SUNDAY + 2: 120, SUNDAY + 3: 30}
    assert layer.presence is not None
    assert set(layer.presence.month) == {parse_month("2021-10")}


def test_the_hour_that_is_skipped_has_no_minutes(tmp_path: Path) -> None:
    """00:30Z to 01:30Z on the night when summer time begins; offsets say the same."""
    layer = read(tmp_path, "t.csv", table(stamps("2021-03-28T00:30", 60)))
    assert by_hour(layer) == {SUNDAY + 1: 30, SUNDAY + 3: 30}
    offsets = [
        *stamps("2021-03-28T01:30", 30, "+01:00")[:-1],
        *stamps("2021-03-28T03:00", 30, "+0200"),
    ]
    assert by_hour(read(tmp_path, "o.csv", table(offsets))) == by_hour(layer)


def test_times_without_a_zone_are_swedish_unless_told(tmp_path: Path) -> None:
    """A summer noon: 12 on the wall, or 14 where the file's times are universal."""
    text = table(stamps("2021-06-06 12:00:00", 10, ""))
    layer = read(tmp_path, "t.csv", text)
    assert by_hour(layer) == {SUNDAY + 12: 10}
    assert "tracks_local_time" in [note.key for note in layer.report.notes]
    assert by_hour(read(tmp_path, "t.csv", text, "utc = true\n")) == {SUNDAY + 14: 10}


def test_zoneless_times_that_may_mean_two_moments_are_left_out(tmp_path: Path) -> None:
    """In October from 02 to 03; before and after it minutes count."""
    layer = read(tmp_path, "t.csv", table(stamps("2021-10-31 01:50:00", 80, "")))
    assert dict(layer.report.left_out) == {"ambiguous_time": 60}
    assert by_hour(layer) == {SUNDAY + 1: 9, SUNDAY + 3: 10}


def test_times_are_read_in_other_forms_too(tmp_path: Path) -> None:
    """As people write them, with fractions, and with the clock in a column of its own."""
    plain = by_hour(read(tmp_path, "t.csv", table(stamps("2021-06-06T10:00", 2))))
    forms = {
        "time;unit;lon;lat\n": ["6/6-21 kl 12.00", "6/6-21 kl 12.01", "6/6-21 kl 12.02"],
        "datum;tid;unit;lon;lat\n": ["2021-06-06;12:00", "2021-06-06;12:01", "2021-06-06;12:02"],
        "tidpunkt;unit;lon;lat\n": [
            "2021-06-06T10:00:00.25Z", " 2021-06-06 12:01:00+02:00 ", "2021-06-06 12:02:00.250",
        ],
    }  # fmt: skip
    for head, times in forms.items():
        text = head + "".join(f"{t};A;{LON};{LAT}\n" for t in times)
        assert by_hour(read(tmp_path, "t.csv", text)) == plain


# --- rows and minutes -------------------------------------------------------------------------


def test_every_position_is_accounted_for(tmp_path: Path) -> None:
    """Read is accepted and left out, each reason by its rows, and none with its position."""
    text = table(stamps("2021-06-06T10:00", 3)) + (
        f"2021-06-06T10:03:00Z,A,{LON},{LAT}\n"
        f"2021-06-06T10:03:10Z,A,14.95,{LAT}\n"
        f",A,{LON},{LAT}\n"
        f"soon,A,{LON},{LAT}\n"
        f"2021-06-06,A,{LON},{LAT}\n"
        f"1980-01-06T00:00:00Z,A,{LON},{LAT}\n"
        "2021-06-06T10:04:00Z,A,,\n"
        "2021-06-06T10:04:00Z,A,0,0\n"
        "2021-06-06T10:04:00Z,A,east,north\n"
        f"2021-06-06T10:09:01Z,A,13.1,{LAT}\n"
    )
    layer = read(tmp_path, "t.csv", text)
    assert dict(layer.report.left_out) == {
        "no_position": 1, "unreadable_position": 1, "zero_position": 1, "outside_area": 1,
        "no_date": 1, "unreadable_date": 3, "too_fast": 1, "duplicate": 1,
    }  # fmt: skip
    assert (layer.report.read, layer.report.accepted) == (14, 4)
    assert layer.left_out.set_index("row")["reason"].to_dict()[6] == "duplicate"
    shown = set(layer.left_out["value"].dropna())
    assert shown <= {"soon", "2021-06-06", "1980-01-06T00:00:00Z", "east"}


def test_a_gap_and_the_ground_outside_count_for_nothing_and_are_told(tmp_path: Path) -> None:
    """Five minutes in, a gap of ten, then a drive of four minutes out of the area."""
    text = table([*stamps("2021-06-06T10:00", 5), "2021-06-06T10:15:00Z"])
    text += f"2021-06-06T10:19:00Z,A,14.9,{LAT}\n2021-06-06T10:23:00Z,A,15.1,{LAT}\n"
    layer = read(tmp_path, "t.csv", text)
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["tracks_not_counted"]["gap"] == 10
    inside = sum(by_hour(layer).values())
    # The buffer of 250 m reaches about 0.0044 degrees beyond 15.0.
    assert inside == pytest.approx(5 + 4 + 4 * (15.0044 - 14.9) / 0.2, abs=0.05)
    assert notes["tracks_not_counted"]["outside"] == round(13 - inside)


def test_options_rule(tmp_path: Path) -> None:
    """A longer gap counts where the project says so, and a slower limit leaves more out."""
    text = table(["2021-06-06T10:00:00Z", "2021-06-06T10:20:00Z"])
    assert by_hour(read(tmp_path, "t.csv", text, "gap_minutes = 30\n")) == {SUNDAY + 12: 20}
    text += f"2021-06-06T10:21:00Z,A,{LON + 0.01},{LAT}\n"  # 570 m in a minute
    layer = read(tmp_path, "t.csv", text, "most_kmh = 20\n")
    assert dict(layer.report.left_out) == {"too_fast": 1}


def test_units_are_kept_apart_and_unsorted_rows_are_sorted(tmp_path: Path) -> None:
    """Two units far from each other, rows in any order: each stands where it stands."""
    rows = [*table(stamps("2021-06-06T10:00", 30)).splitlines()[1:]]
    rows += [*table(stamps("2021-06-06T10:00", 30), unit="B", lon=14.7).splitlines()[1:]]
    np.random.default_rng(2).shuffle(rows)
    layer = read(tmp_path, "t.csv", "time,unit,lon,lat\n" + "\n".join(rows))
    assert layer.report.accepted == 62
    assert layer.table["minutes"].tolist() == pytest.approx([30.0, 30.0])
    assert "unit" not in layer.table


def test_a_standing_track_is_the_presence_of_a_patrol_there(tmp_path: Path) -> None:
    """As a row of the patrols' own table that says from when to when: minutes and hours."""
    track = read(tmp_path, "t.csv", table(stamps("2021-06-06T09:40", 95)))
    text = f"start,end,lon,lat\n2021-06-06 11:40,2021-06-06 13:15,{LON},{LAT}\n"
    patrol = read(tmp_path, "p.csv", text, kind="patrols")
    assert by_hour(track) == by_hour(patrol)
    assert track.presence is not None
    assert patrol.presence is not None
    assert track.presence.x == pytest.approx(np.full(3, patrol.presence.x[0]))


def test_the_table_has_squares_of_100_m_and_all_minutes(tmp_path: Path) -> None:
    """What the GeoPackage shows is minutes by square, no time and no unit."""
    rows = [(s, LON + i * 0.001, LAT) for i, s in enumerate(stamps("2021-06-06T10:00", 30))]
    layer = read(tmp_path, "t.gpx", gpx(rows))
    assert list(layer.table.columns) == ["id", "minutes"]
    assert layer.table["id"].is_unique
    assert layer.table["minutes"].sum() == pytest.approx(30)
    assert set(shapely.area(layer.geometry)) == {10_000.0}
    assert layer.presence is not None
    points = shapely.points(layer.presence.x, layer.presence.y)
    assert shapely.intersects(shapely.union_all(layer.geometry), points).all()


def test_many_left_out_rows_are_counted_and_few_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of everything would grow with the file."""
    monkeypatch.setattr(tracks, "LISTED", 5)
    layer = read(tmp_path, "t.csv", table([*stamps("2021-06-06T10:00", 5), *["?"] * 40]))
    assert layer.report.left_out["unreadable_date"] == 40
    assert len(layer.left_out) == 5
    assert "left_out_shortened" in [note.key for note in layer.report.notes]


def test_missing_columns_are_told(tmp_path: Path) -> None:
    """Without a time or a position there is no track; the cure names the option."""
    layer = read(tmp_path, "t.csv", "unit,lon,lat\nA,14.8,59.2\n")
    assert "columns = { time" in layer.report.problems[0].cure
    layer = read(tmp_path, "t.csv", "time,unit\n2021-06-06T10:00Z,A\n")
    assert "lon and lat" in layer.report.problems[0].what


def test_a_folder_of_files_is_one_layer(tmp_path: Path) -> None:
    """Each file by itself, in the order of names; units of the same name are not joined."""
    shifts = tmp_path / "shifts"
    shifts.mkdir()
    for i, begin in enumerate(("08:00", "08:32")):  # two minutes later: no gap by itself
        rows = [(s, LON, LAT) for s in stamps(f"2021-06-06T{begin}", 30)]
        (shifts / f"shift_{i}.gpx").write_text(gpx(rows))
    (shifts / "read me.pdf").write_text("not a track")
    single = read(tmp_path, "t.csv", table(stamps("2021-06-06T08:00", 30)))
    project = load_project(tmp_path / "p.toml")
    area = study_area(read_project_layers(project)[0], project)
    layer = read_layer(replace(project.layers[0], path=shifts), project, area)
    assert (layer.report.read, layer.report.accepted) == (62, 62)
    assert layer.table["minutes"].tolist() == pytest.approx([60.0])
    assert layer.table["id"].tolist() == single.table["id"].tolist()
    empty = tmp_path / "empty"
    empty.mkdir()
    layer = read_layer(replace(project.layers[0], path=empty), project, area)
    assert not layer.report.usable


@pytest.mark.parametrize("ending", ["csv", "gpx", "geojson", "gpkg"])
def test_every_way_in_gives_the_same(tmp_path: Path, ending: str) -> None:
    """A table, GPX and files of points with times: minutes by place and hour are one."""
    rng = np.random.default_rng(4)
    lon = LON + np.cumsum(rng.normal(0, 0.0005, 200))
    lat = LAT + np.cumsum(rng.normal(0, 0.0003, 200))
    rows = [
        (s, round(float(a), 6), round(float(b), 6))
        for s, a, b in zip(stamps("2021-06-05T21:00", 199), lon, lat, strict=True)
    ]
    text = "time,unit,lon,lat\n" + "".join(f"{t},A,{x},{y}\n" for t, x, y in rows)
    expected = read(tmp_path, "t.csv", text)
    if ending == "gpx":
        (tmp_path / "s.gpx").write_text(gpx(rows))
    elif ending != "csv":
        frame = pd.DataFrame(rows, columns=["time", "x", "y"])
        pyogrio.raw.write(
            tmp_path / f"s.{ending}",
            shapely.to_wkb(shapely.points(frame["x"], frame["y"])),
            [pd.to_datetime(frame["time"]).dt.tz_localize(None).to_numpy("datetime64[ms]"),
             np.full(len(frame), "A", dtype=object)],
            ["time", "unit"],
            geometry_type="Point", crs="EPSG:4326", gdal_tz_offsets={"time": np.full(200, 100)},
        )  # fmt: skip
    layer = expected if ending == "csv" else read(tmp_path, f"s.{ending}")
    assert layer.report.accepted == 200
    assert by_hour(layer) == by_hour(expected)
    pd.testing.assert_frame_equal(layer.table, expected.table)


# --- GPX --------------------------------------------------------------------------------------


def rows_of(folder: Path, text: str | bytes, layer: str | None = None) -> list[RawTable]:
    """Read GPX as the format does."""
    path = folder / "t.gpx"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_gpx(path, layer=layer))


WAYPOINT = f'<wpt lat="{LAT}" lon="{LON}"><name>Badet</name><type>bad</type></wpt>\n'
ROUTE = f'<rte><rtept lat="{LAT}" lon="{LON}"/></rte>\n'


def test_gpx_gives_what_gdal_gives(tmp_path: Path) -> None:
    """Positions, in order, of a file with several tracks and segments, heights and extensions."""
    text = gpx([("2021-06-06T10:00:00Z", 14.81, 59.21)], WAYPOINT).replace(
        "</gpx>",
        '<trk><name>B &amp; C</name><trkseg><trkpt lat="59.22" lon="14.82"><time>2021-06-06T10:00'
        ":01.5Z</time><extensions><speed>3</speed></extensions></trkpt></trkseg><trkseg>"
        '<trkpt lat="59.23" lon="14.83"/></trkseg></trk></gpx>',
    )
    (batch,) = rows_of(tmp_path, text)
    frame = pyogrio.read_dataframe(tmp_path / "t.gpx", layer="track_points")
    assert batch.geometry is not None
    assert shapely.equals(batch.geometry, frame.geometry.to_numpy()).all()
    assert batch.data["unit"].tolist() == ["A", "B & C", "B & C"]
    assert batch.data["segment"].tolist() == [1, 2, 3]
    assert batch.data["time"].tolist()[:2] == ["2021-06-06T10:00:00Z", "2021-06-06T10:00:01.5Z"]
    assert batch.data["time"].isna().tolist() == [False, False, True]
    assert batch.rows.tolist() == [1, 2, 3]
    assert batch.crs is not None
    assert batch.crs.to_epsg() == 4326
    assert [(n.key, n.values["n"]) for n in batch.notes] == [("gpx_waypoints_aside", 1)]


def test_between_two_segments_nothing_is_known(tmp_path: Path) -> None:
    """The receiver lost its way: a minute between segments is no minute of presence."""
    points = [(s, LON, LAT) for s in stamps("2021-06-06T10:00", 3)]
    whole = gpx(points)
    cut = whole.replace("10:01:00Z</time></trkpt>", "10:01:00Z</time></trkpt></trkseg><trkseg>")
    assert sum(by_hour(read(tmp_path, "t.gpx", whole)).values()) == pytest.approx(3)
    assert sum(by_hour(read(tmp_path, "t.gpx", cut)).values()) == pytest.approx(2)


def test_times_of_gpx_are_universal_also_where_no_zone_is_written(tmp_path: Path) -> None:
    """GPX 1.1 has no other times; some receivers leave the Z out."""
    points = [(s, LON, LAT) for s in stamps("2021-06-06T10:00", 3, "")]
    assert by_hour(read(tmp_path, "t.gpx", gpx(points))) == {SUNDAY + 12: 3}


def test_a_track_in_which_no_unit_comes_twice_is_a_warning(tmp_path: Path) -> None:
    """As when the number of the row is taken for the unit."""
    rows = [
        table([s], unit=f"{i}").splitlines()[1] for i, s in enumerate(stamps("2021-06-06T10:00", 3))
    ]
    layer = read(tmp_path, "t.csv", "time,unit,lon,lat\n" + "\n".join(rows))
    assert [note.level for note in layer.report.notes if note.key == "tracks_read"] == ["warning"]
    assert not len(layer.table)


def test_waypoints_are_read_where_there_is_no_track_or_where_told(tmp_path: Path) -> None:
    """As places; a route is a plan."""
    alone = f'<gpx version="1.0">{WAYPOINT}{ROUTE}</gpx>'
    (batch,) = rows_of(tmp_path, alone)
    assert batch.data["name"].tolist() == ["Badet"]
    assert batch.data["type"].tolist() == ["bad"]
    assert [note.key for note in batch.notes] == ["gpx_routes_aside"]
    both = gpx([("2021-06-06T10:00:00Z", LON, LAT)], WAYPOINT)
    (batch,) = rows_of(tmp_path, both, "waypoints")
    assert batch.data["name"].tolist() == ["Badet"]
    with pytest.raises(SourceError, match="track_points or waypoints"):
        rows_of(tmp_path, both, "tracks")


def test_prefixes_encodings_and_the_older_version_are_read(tmp_path: Path) -> None:
    """``gpx:trkpt`` in UTF-16, and ``trkpt`` of GPX 1.0 without any namespace."""
    point = '<{0}trkpt lat="59.2" lon="14.8"><{0}time>2021-06-06T10:00:00Z</{0}time></{0}trkpt>'
    text = "<{0}gpx{1}><{0}trk><{0}name>Å</{0}name><{0}trkseg>" + point
    text += "</{0}trkseg></{0}trk></{0}gpx>"
    old = text.format("", ' version="1.0"')
    named = text.format("g:", ' xmlns:g="http://www.topografix.com/GPX/1/1"')
    for data in (old, named, named.encode("utf-16"), b"\xef\xbb\xbf" + old.encode()):
        (batch,) = rows_of(tmp_path, data)
        assert batch.data["unit"].tolist() == ["Å"]
        assert batch.data["time"].tolist() == ["2021-06-06T10:00:00Z"]


def test_points_that_cannot_be_are_left_out(tmp_path: Path) -> None:
    """No position, none that is a number, and none on this earth."""
    text = gpx([("2021-06-06T10:00:00Z", LON, LAT)]).replace(
        "</trkseg>",
        '<trkpt lat="59"/><trkpt lat="north" lon="15"/><trkpt lat="nan" lon="15"/>'
        '<trkpt lat="59" lon="181"/></trkseg>',
    )
    (batch,) = rows_of(tmp_path, text)
    assert len(batch.data) == 1
    assert batch.left_out["reason"].tolist() == ["no_position", *["unreadable_position"] * 3]
    assert batch.left_out["row"].tolist() == [2, 3, 4, 5]


BOMB = '<!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><gpx><wpt lat="1" lon="1"/></gpx>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (gpx([("2021-06-06T10:00:00Z", LON, LAT)])[:-20], "line 5"),
        (BOMB, "defines its own entities"),
        ("<kml></kml>", "another kind of XML"),
        ("lon,lat\n1,2\n", "line 1"),
        ('<?xml version="1.0" encoding="klingon"?><gpx/>', "unknown encoding"),
    ],
)
def test_damaged_and_hostile_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    """With the line, and as a whole: half a track would look like the whole one."""
    with pytest.raises(SourceError) as error:
        rows_of(tmp_path, text)
    assert said in str(error.value)


def test_gpx_of_nothing_has_no_rows(tmp_path: Path) -> None:
    """One batch is given all the same."""
    (batch,) = rows_of(tmp_path, "<gpx></gpx>")
    assert len(batch.data) == 0
    assert read(tmp_path, "t.gpx", "<gpx></gpx>").report.read == 0


SAMPLE = gpx([(s, LON, LAT) for s in stamps("2021-06-06T10:00", 5)], WAYPOINT + ROUTE).encode()


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(max_size=6)), max_size=5))
def test_whatever_bytes_come_it_is_rows_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    """Bytes put in the place of others anywhere."""
    data = SAMPLE
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) :]
    folder = tmp_path_factory.mktemp("gpx")
    try:
        batches = rows_of(folder, data)
    except SourceError:
        return
    assert all(len(b.data) == len(b.rows) for b in batches)
