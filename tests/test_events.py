"""Promises of the stream of events from one plain table."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.cells import lattice_cells
from geo.crs import transform
from geo.errors import LagesbildError, PlaceError, SourceError
from geo.grid import Grid
from geo.months import UNKNOWN_DAY, UNKNOWN_HOUR, UNKNOWN_MONTH, parse_month
from layers.events import EventStream, open_events
from layers.formats import csv
from layers.layer import Events, RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")


def stream(folder: Path, text: str, **asked: Any) -> tuple[EventStream, Events]:
    """Read a whole table; give the stream and its events in one."""
    path = folder / "e.csv"
    path.write_text(text, "utf-8")
    found = open_events(path, **asked)
    parts = list(found.batches())
    names = tuple(found.categories)
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("x", "y", "month", "hour", "day", "category", "weight")
    }
    return found, Events(**joined, categories=names)


def keys(found: EventStream) -> set[str]:
    """Give the keys of the notes."""
    return {note.key for note in found.notes}


@needs_reference
def test_the_memphis_robberies_need_no_option() -> None:
    """Longitude and latitude are taken, in the metres that the table's own columns name."""
    path = REFERENCE / "memphis" / "memphis_robberies_2019.csv"
    found = open_events(path)
    events = list(found.batches())
    assert sum(map(len, events)) == found.accepted == found.read == 2245
    assert found.epsg == 32615
    assert found.position.columns == ("lon", "lat")
    assert found.columns == {"category": "offense_type", "time": "datetime"}
    raw = pd.read_csv(path)
    x = np.concatenate([part.x for part in events])
    assert np.abs(x - raw["x_32615"].to_numpy()).max() < 0.01
    assert found.area_level == 0
    assert {"columns_found", "position_chosen", "metres_chosen"} <= keys(found)


@needs_reference
def test_metres_can_be_asked_for_by_name() -> None:
    """The columns' names tell their coordinate system."""
    path = REFERENCE / "memphis" / "memphis_robberies_2019.csv"
    found = open_events(path, x="x_32615", y="y_32615")
    (events,) = found.batches()
    assert found.epsg == 32615
    assert events.x[0] == pytest.approx(778585.727924)


@needs_reference
def test_notices_on_areas_centres_give_no_hotspots() -> None:
    """The public police notices are refused, and the reason is said."""
    found = open_events(REFERENCE / "sweden" / "police_events_lekeberg.csv")
    with pytest.raises(SourceError, match="area_level \\(30\\)"):
        list(found.batches())


def test_a_centre_among_exact_points_is_kept_out(tmp_path: Path) -> None:
    """Forty different events on one coordinate among a hundred others."""
    rows = [f"14.{800 + i},59.2,2021-06-{i % 28 + 1:02d},a" for i in range(100)]
    rows += [f"14.75,59.25,2021-06-{i % 28 + 1:02d},b" for i in range(40)]
    found, events = stream(tmp_path, "\n".join(["lon,lat,date,type", *rows]))
    assert (found.area_level, len(events)) == (40, 100)
    assert "area_level" in keys(found)


def test_counts_on_a_raster_are_events(tmp_path: Path) -> None:
    """Where most coordinates repeat, that is how the table is made."""
    rows = [f"14.{800 + i % 8},59.2,2021-06-{i % 28 + 1:02d},a" for i in range(200)]
    found, events = stream(tmp_path, "\n".join(["lon,lat,date,type", *rows]))
    assert (found.area_level, len(events)) == (0, 200)


def test_an_event_with_a_position_is_kept_whatever_its_date(tmp_path: Path) -> None:
    """Its month and hour are then unknown, and a note counts such events."""
    text = (
        "lon;lat;Datum;Typ\n14.8;59.2;2021-06-07 14:30;a\n14.81;59.2;igår;b\n14.82;59.2;;\n"
        "14.83;59.2;2021-06-08;a\n"
    )
    found, events = stream(tmp_path, text)
    june = parse_month("2021-06")
    assert list(events.month) == [june, UNKNOWN_MONTH, UNKNOWN_MONTH, june]
    assert list(events.hour) == [14, UNKNOWN_HOUR, UNKNOWN_HOUR, UNKNOWN_HOUR]
    assert [events.categories[c] for c in events.category] == ["a", "b", "other", "a"]
    assert {"dates_unreadable_kept", "dates_missing"} <= keys(found)


def test_without_categories_and_times_all_events_are_alike(tmp_path: Path) -> None:
    """One category, months unknown, and both are said."""
    found, events = stream(tmp_path, "x,y\n487000,6560000\n488000,6561000\n")
    assert events.categories == ("events",)
    assert (events.month == UNKNOWN_MONTH).all()
    assert found.epsg == 3006
    assert {"no_category_column", "no_time_column"} <= keys(found)


def test_rows_without_a_position_are_left_out_with_their_reasons(tmp_path: Path) -> None:
    """Missing, unreadable, 0/0, weights that cannot be, too few fields."""
    text = "lon,lat,weight\n14.8,59.2,2\n,59.2,1\nx,59.2,1\n0,0,1\n14.8,59.2,x\n14.8,59.2,-1\n1\n"
    found, events = stream(tmp_path, text)
    assert list(events.weight) == [2.0]
    assert found.left_out == {
        "no_position": 1,
        "unreadable_position": 1,
        "zero_position": 1,
        "unreadable_number": 1,
        "negative_number": 1,
        "wrong_number_of_fields": 1,
    }


def test_swedish_columns_and_north_first_are_recognised(tmp_path: Path) -> None:
    """X is north in Swedish tables; decimal commas are read."""
    found, events = stream(tmp_path, "X;Y;Händelse\n6560000,5;487000,5;Klotter\n6561000;488000;a\n")
    assert list(events.x) == [487000.5, 488000.0]
    assert found.finding.swapped


def test_the_asked_for_metres_are_used(tmp_path: Path) -> None:
    """Degrees are projected into them; columns in metres are taken to be in them."""
    _, events = stream(tmp_path, "lon,lat\n14.8,59.2\n", crs=3009)
    assert events.x[0] == pytest.approx(transform([14.8], [59.2], 4326, 3009)[0][0])
    _, events = stream(tmp_path, "x,y\n340000,4430000\n", crs=26916)
    assert events.x[0] == 340000


def test_a_system_that_is_not_in_metres_is_what_the_columns_are_in(tmp_path: Path) -> None:
    """Feet of Illinois are measured in the UTM zone of Chicago."""
    found, events = stream(tmp_path, "X,Y\n1176000,1900000\n", crs=3435)
    assert found.epsg == 32616
    assert 440_000 < events.x[0] < 455_000
    assert stream(tmp_path, "lon,lat\n14.8,59.2\n", crs=4326)[0].epsg == 3006


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("a,b\n1,2\n", {}, "--lon COLUMN"),
        ("lon,lat\n14.8,59.2\n", {"time": "Tid"}, "expected a column 'Tid'"),
        ("lon,lat,Tidd\n14.8,59.2,\n", {"time": "Tid"}, '--time "Tidd"'),
        ("a,b\n14.8,59.2\n", {"lon": "a"}, "--lat beside --lon"),
        ("lon,lat\n14.8,59.2\n", {"crs": 4}, "no coordinate system EPSG:4"),
        ("x,y\n1,2\n3,4\n", {}, "ambiguous"),
        ("lon,lat,a\n,,b\n", {}, "no_position (1)"),
    ],
)
def test_what_cannot_be_is_refused_with_the_cure(
    tmp_path: Path, text: str, asked: dict[str, Any], said: str
) -> None:
    """The message names the option."""
    with pytest.raises(LagesbildError) as error:
        stream(tmp_path, text, **asked)
    assert said in str(error.value)


def test_a_file_of_no_known_format_is_refused_with_those_that_are(tmp_path: Path) -> None:
    """By its ending."""
    (tmp_path / "e.docx").write_text("x")
    with pytest.raises(SourceError, match=r"\.csv"):
        open_events(tmp_path / "e.docx")


def test_free_text_is_no_category(tmp_path: Path) -> None:
    """A column in which nearly every row differs is not used unless it is named."""
    rows = [f"14.{800 + i},59.2,Berättelse {i}" for i in range(30)]
    text = "\n".join(["lon,lat,type", *rows])
    found, events = stream(tmp_path, text)
    assert events.categories == ("events",)
    assert "category_ignored" in keys(found)
    _, named = stream(tmp_path, text, category="type")
    assert len(named.categories) == 30


def test_the_order_of_categories_never_changes(tmp_path: Path) -> None:
    """A later batch only adds to the list."""
    n = 400_000
    rows = pd.DataFrame(
        {
            "lon": np.linspace(14.7, 14.9, n).round(7),
            "lat": np.linspace(59.1, 59.3, n).round(7),
            "type": np.where(np.arange(n) < n // 2, "b", "a"),
        }
    )
    path = tmp_path / "e.csv"
    rows.to_csv(path, index=False)
    parts = list(open_events(path).batches())
    assert len(parts) > 1
    for part, later in pairwise(parts):
        assert later.categories[: len(part.categories)] == part.categories
    named = np.concatenate([np.array(p.categories)[p.category] for p in parts])
    assert (named == rows["type"].to_numpy()).all()


VALUES = st.sampled_from(["", "0", "x", "59.2", "14.8", "2021-06-07", "-1", "nan", "1e400"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(damage=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4), VALUES), max_size=40))
def test_no_row_is_lost_however_a_table_is_damaged(
    tmp_path: Path, damage: list[tuple[int, int, str]]
) -> None:
    """Rows read are accepted, left out or area-level; coordinates are finite."""
    rows = [[f"{14.7 + i / 99}", "59.2", "2021-06-07", f"t{i % 3}", "1"] for i in range(21)]
    for row, column, value in damage:
        rows[row][column] = value
    text = "\n".join(["lon,lat,date,type,weight", *(",".join(row) for row in rows)]) + "\n"
    try:
        found, events = stream(tmp_path, text)
    except (SourceError, PlaceError):
        return
    blank = sum(not any(row) for row in rows)
    assert found.read == 21 - blank
    assert found.read == len(events) + sum(found.left_out.values()) + found.area_level
    assert np.isfinite(events.x).all()
    assert (events.weight >= 0).all()


def test_dates_with_the_day_first_are_read_alike_in_every_batch(tmp_path, monkeypatch):
    """A day above 12 that stands far down in the file decides the order for all of it."""
    rows = [f"{14.6 + i % 7 / 100},59.2,{i % 12 + 1}/{i % 11 + 1}/2021" for i in range(150_000)]
    rows[-1] = "14.61,59.21,25/3/2021"
    path = tmp_path / "dates.csv"
    path.write_text("lon,lat,time\n" + "\n".join(rows) + "\n", "utf-8")
    monkeypatch.setattr(csv, "_BLOCK_BYTES", 1 << 18)
    stream = open_events(path)
    batches = list(stream.batches())
    assert len(batches) > 1
    month = np.concatenate([batch.month for batch in batches])
    expected = [2021 * 12 + i % 11 for i in range(150_000)]
    expected[-1] = 2021 * 12 + 2
    assert month.tolist() == expected


SPANS = (
    "lon;lat;Starttid;Sluttid\n"
    "14.80;59.2;{};{}\n"
    "14.81;59.2;2021-06-07 14:05;2021-06-07 14:50\n"
    "14.82;59.2;2021-06-08 10:00;2021-06-08 09:00\n"
    "14.83;59.2;igår;2021-06-08 09:00\n"
    "14.84;59.2;;\n"
    "14.85;59.2;2021-06-08 10:00;\n"
    ";;2021-06-30 22:00;2021-07-08 06:00\n"
)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2021-06-30 22:00", "2021-07-01 06:00"),
        ("30/6/2021 22:00", "1/7/2021 06:00"),  # both columns are read as wholes
    ],
)
def test_two_times_are_counted_once_and_spread(tmp_path: Path, start: str, end: str) -> None:
    """Columns of from and to serve where there is none of the time; no event is lost."""
    path = tmp_path / "e.csv"
    path.write_text(SPANS.format(start, end), "utf-8")
    found = open_events(path)
    (events,) = found.batches()
    june = parse_month("2021-06")
    assert found.columns == {"time_from": "Starttid", "time_to": "Sluttid"}
    assert list(events.month) == [
        june + 1, june, UNKNOWN_MONTH, UNKNOWN_MONTH, UNKNOWN_MONTH, june,
    ]  # fmt: skip
    assert list(events.hour[[0, 1, 5]]) == [UNKNOWN_HOUR, 14, 24 + 10]
    assert events.between is not None
    assert events.between.needed.tolist() == [True] + 5 * [False]
    assert str(events.between.end[0]) == "2021-07-01T06:00:00"
    notes = {note.key: note.values for note in found.notes}
    both = "Starttid, Sluttid"
    assert notes["incidents_between"] == {"n": 1, "months": 1, "days": 1}
    assert notes["ends_before_start_kept"] == {"n": 1, "column": both}
    assert notes["dates_unreadable_kept"] == {"n": 1, "column": both}
    assert notes["dates_missing"] == {"n": 1}
    assert "no_time_column" not in notes
    assert found.read == 7 == len(events) + found.left_out["no_position"]


def test_clocks_beside_the_dates_are_read(tmp_path: Path) -> None:
    """Each end may have its clock in a column of its own."""
    text = "lon;lat;start;kl från;slut;kl till\n14.8;59.2;2021-06-07;22:00;2021-06-08;06.30\n"
    _, events = stream(tmp_path, text)
    assert list(events.hour) == [UNKNOWN_HOUR]
    (part,) = open_events(tmp_path / "e.csv").batches()
    assert part.between is not None
    assert part.between.timed.all()
    assert str(part.between.end[0]) == "2021-06-08T06:30:00"


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat,from,to\n14.8,59.2,Storgatan,Torget\n",  # streets
        "lon,lat,start\n14.8,59.2,2021-06-07 14:05\n",  # one of the two
    ],
)
def test_other_columns_of_these_names_are_no_times(tmp_path: Path, text: str) -> None:
    """Both must be there and hold dates."""
    found, events = stream(tmp_path, text)
    assert (events.month == UNKNOWN_MONTH).all()
    assert "no_time_column" in keys(found)


def test_a_time_of_its_own_comes_before_from_and_to(tmp_path: Path) -> None:
    """Where the table has the time, nothing is spread."""
    text = "lon,lat,time,start,end\n14.8,59.2,2021-06-08 02:10,2021-06-07 22:00,2021-06-08 06:00\n"
    found, events = stream(tmp_path, text)
    assert found.columns == {"time": "time"}
    assert list(events.hour) == [24 + 2]


def test_times_of_day_beside_a_date_are_used_as_a_project_uses_them(tmp_path: Path) -> None:
    """An end past midnight, an end alone, neither, and what is no time of day."""
    text = (
        "lon;lat;Datum;Från;Till\n"
        "14.80;59.2;2021-06-07;22:10;22:40\n"
        "14.81;59.2;2021-06-30;22:00;06:00\n"
        "14.82;59.2;2021-06-08;;07:00\n"
        "14.83;59.2;2021-06-08;;\n"
        "14.84;59.2;2021-06-08;20:00;\n"
        "14.85;59.2;2021-06-08;kväll;\n"
        "14.86;59.2;;20:00;21:00\n" + "14.87;59.2;2021-06-07;22:10;22:40\n" * 6
    )
    found, events = stream(tmp_path, text)
    june = parse_month("2021-06")
    assert found.columns == {"time": "Datum", "time_from": "Från", "time_to": "Till"}
    assert list(events.month[:7]) == [june, june + 1, *[june] * 4, UNKNOWN_MONTH]
    assert list(events.hour[:7]) == [
        22, UNKNOWN_HOUR, UNKNOWN_HOUR, UNKNOWN_HOUR, 24 + 20, UNKNOWN_HOUR, UNKNOWN_HOUR,
    ]  # fmt: skip
    days = np.array(["2021-06-07", "2021-07-01", *["2021-06-08"] * 4], dtype="datetime64[D]")
    assert events.day is not None
    assert events.day[:7].tolist() == [*days.astype(int).tolist(), UNKNOWN_DAY]
    (part,) = open_events(tmp_path / "e.csv").batches()
    assert part.between is not None
    assert np.flatnonzero(part.between.needed).tolist() == [1]
    assert str(part.between.end[1]) == "2021-07-01T06:00:00"
    notes = {note.key: note.values for note in found.notes}
    assert notes["times_unreadable"] == {"n": 1}
    assert notes["dates_missing"] == {"n": 1}


def test_an_end_by_the_clock_needs_no_day_of_its_own(tmp_path: Path) -> None:
    """From a moment till a time of day: the same night."""
    text = "lon;lat;Från;Till\n14.8;59.2;2021-06-07 22:00;06:30\n14.9;59.2;2021-06-07 22:00;22:30\n"
    _, events = stream(tmp_path, text)
    assert list(events.hour) == [UNKNOWN_HOUR, 22]
    (part,) = open_events(tmp_path / "e.csv").batches()
    assert part.between is not None
    assert str(part.between.end[0]) == "2021-06-08T06:30:00"


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("lon;lat;Datum;Kl;Från;Till\n14.8;59.2;2021-06-07;22:05;22:00;06:30\n", "Från, Till"),
        ("lon;lat;Datum;Från;Till\n14.8;59.2;2021-06-07;torget;06:30\n", "Till"),
        ("lon;lat;Från;Till\n14.8;59.2;22:00;06:30\n", "Från, Till"),
    ],
)
def test_times_of_day_that_are_not_used_are_said(tmp_path: Path, text: str, unused: str) -> None:
    """Beside a time of day of its own, beside words, or without any date."""
    found, _ = stream(tmp_path, text)
    notes = {note.key: note.values for note in found.notes}
    assert notes["clocks_not_used"] == {"columns": unused}


@pytest.mark.parametrize("hours", [False, True])
def test_midnight_is_decided_once_for_the_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hours: bool
) -> None:
    """A last batch of three rows, or one that is all midnights, is read as the first rows were."""
    rows = [f"{14.6 + i % 97 / 1000},59.2,2021-06-{i % 28 + 1:02d} 00:00:00" for i in range(20_000)]
    if hours:
        rows[7] = "14.7,59.2,2021-06-08 14:00:00"
    path = tmp_path / "e.csv"
    path.write_text("lon,lat,time\n" + "\n".join(rows) + "\n", "utf-8")
    monkeypatch.setattr(csv, "_BLOCK_BYTES", 1 << 18)
    found = open_events(path)
    found.waiting = [cut for table in found.waiting for cut in _cut(table, 3)]
    batches = list(found.batches())
    assert len(batches) > 3
    known = np.concatenate([batch.hour != UNKNOWN_HOUR for batch in batches])
    assert known.all() if hours else not known.any()
    notes = {note.key: note.values for note in found.notes}
    assert notes.get("midnight_is_no_hour") == (None if hours else {"n": 20_000})


def _cut(table: RawTable, last: int) -> list[RawTable]:
    """Cut the last rows of a batch off as a batch of their own."""
    n = len(table.data) - last
    return [
        replace(table, data=table.data.iloc[part].reset_index(drop=True), rows=table.rows[part])
        for part in (slice(0, n), slice(n, None))
    ]


@pytest.mark.parametrize("written", ["2021-{:02d}-{:02d}", "{1}/{0}/2021"])
def test_spans_are_counted_over_all_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Each batch has its own; the note adds up what all spread, and the longest is that of all."""
    days = [i % 28 + 1 for i in range(20_000)]
    rows = [
        f"{14.6 + i % 97 / 1000},59.2,{written.format(6, day)} 10:00,{written.format(7, day)} 12:00"
        for i, day in enumerate(days)
    ]
    rows[9] = f"14.61,59.21,{written.format(6, 10)} 10:00,{written.format(8, 10)} 12:00"
    path = tmp_path / "spans.csv"
    path.write_text("lon,lat,start,end\n" + "\n".join(rows) + "\n", "utf-8")
    monkeypatch.setattr(csv, "_BLOCK_BYTES", 1 << 18)
    found = open_events(path)
    batches = list(found.batches())
    assert len(batches) > 1
    notes = {note.key: note.values for note in found.notes}
    assert notes["incidents_between"] == {"n": 20_000, "months": 20_000, "days": 62}
    starts = np.concatenate([b.between.start for b in batches if b.between is not None])
    assert [int(str(t)[8:10]) for t in starts] == days


def test_counting_in_batches_is_counting_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Categories may turn up at any time, twenty of them in a hundred batches."""
    rng = np.random.default_rng(5)
    n = 4000
    kinds = [f"k{i * 20 // n}" for i in range(n)]  # one after the other
    lon, lat = rng.uniform(14.8, 15.0, n).round(5), rng.uniform(59.1, 59.2, n).round(5)
    table = pd.DataFrame({"lon": lon, "lat": lat, "time": "2021-06-07 12:30", "category": kinds})
    path = tmp_path / "e.csv"
    table.to_csv(path, index=False)
    area = shapely.box(400_000, 6_500_000, 600_000, 6_600_000)
    cells = lattice_cells(Grid("hex", 2000), area)
    whole = open_events(path).count(cells)
    monkeypatch.setattr(csv, "_BLOCK_BYTES", 2000)
    parts = open_events(path)
    cube = parts.count(cells)
    assert parts.accepted == cube.total == n
    assert cube.categories == whole.categories == tuple(dict.fromkeys(kinds))
    for name in ("cell", "month", "category", "hour", "n", "weight"):
        np.testing.assert_array_equal(getattr(cube, name), getattr(whole, name))
    x, y = transform(lon, lat, 4326, parts.epsg)
    by_hand = pd.DataFrame({"cell": cells.locate(x, y), "category": kinds}).value_counts()
    found = zip(cube.cell.tolist(), np.array(cube.categories)[cube.category], strict=True)
    assert dict(zip(found, cube.n.tolist(), strict=True)) == by_hand.to_dict()


def test_a_table_that_breaks_on_the_way_says_so(tmp_path: Path) -> None:
    """What is read ahead by a thread fails in front of who takes it, and events before it come."""
    path = tmp_path / "e.csv"
    path.write_text("lon,lat\n14.9,59.2\n", "utf-8")
    found = open_events(path)

    def breaking() -> Iterator[RawTable]:
        yield found.waiting[0]
        raise SourceError("the cable was pulled")

    taken = []
    broken = replace(found, waiting=[], rest=breaking())
    with pytest.raises(SourceError, match="cable"):
        taken.extend(broken.batches())
    assert sum(map(len, taken)) == 1
