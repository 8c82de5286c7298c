"""Promises of the kinds of layer."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003 - hypothesis reads it
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.months import UNKNOWN_DAY, UNKNOWN_HOUR, UNKNOWN_MONTH, month_text, parse_month
from layers.project import load_project
from layers.reading import read_project_layers
from layers.sources import kinds
from layers.sources.patrols import PURPOSES, STEP_M, spread
from maps.words import words

if TYPE_CHECKING:
    from layers.layer import Events, Layer

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
NOT_A_TIME = np.datetime64("NaT", "s")


def read(folder: Path, kind: str, text: str, more: str = "", name: str = "t.csv") -> Layer:
    """Read one table as a layer, in an area of one box round Lekeberg."""
    square = shapely.geometry.mapping(shapely.box(14.6, 59.1, 15.0, 59.3))
    (folder / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": square})
    )
    (folder / name).write_text(text, "utf-8")
    path = folder / "p.toml"
    path.write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n'
        f'[[layers]]\nkind = "{kind}"\nfile = "{name}"\n{more}',
        "utf-8",
    )
    return read_project_layers(load_project(path))[1]


def features(*rows: tuple[dict[str, object], shapely.Geometry]) -> str:
    """Write features as GeoJSON."""
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": p, "geometry": json.loads(shapely.to_geojson(g))}
                for p, g in rows
            ],
        }
    )


# --- all kinds --------------------------------------------------------------------------------


def test_every_kind_declares_itself_fully() -> None:
    """Eleven kinds; each has words in both languages, fields with help, and shapes."""
    assert list(kinds()) == [
        "bathing_sites", "traffic_spots", "patrols", "operations", "patrol_tracks", "incidents",
        "area", "places", "survey", "population", "background",
    ]  # fmt: skip
    for name, kind in kinds().items():
        assert kind.summary.endswith(".")
        assert kind.shapes
        names = [field.name for field in kind.fields]
        assert len(set(names)) == len(names)
        assert all(field.help for field in kind.fields)
        for language in ("sv", "en"):
            assert words(language).has(f"kinds.{name}")


def test_counted_kinds_are_events() -> None:
    """Only traffic spots and incidents are counted in cells."""
    assert [name for name, kind in kinds().items() if kind.counted] == [
        "traffic_spots",
        "incidents",
    ]


def test_every_purpose_has_words_in_both_languages() -> None:
    """What patrols were for is shown in the reader's language."""
    for language in ("sv", "en"):
        assert all(words(language).has(f"purposes.{purpose}") for purpose in PURPOSES)


# --- bathing sites ----------------------------------------------------------------------------


def test_the_national_table_of_bathing_sites_is_read(tmp_path: Path) -> None:
    """Columns as the specification for municipalities names them; the id is the EU's, if any."""
    text = (
        "place_id,name,latitude,longitude,hov_ref,wikidata,updated,description,city,toilet\n"
        "17,Lanna badgruva,59.2449,14.9233,SE0241814000004068,Q1,2021-05-01,Grus,Lekeberg,true\n"
        "18,Lilla viken,59.21,14.8,,,2021-05-01,Sand,Lekeberg,false\n"
    )
    layer = read(tmp_path, "bathing_sites", text)
    assert list(layer.table.columns) == ["id", "name", "municipality", "eu_id"]
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["season_unknown"] == {"n": 2, "total": 2}
    assert list(layer.table["id"]) == ["SE0241814000004068", "18"]
    assert list(layer.table["name"]) == ["Lanna badgruva", "Lilla viken"]
    assert layer.events is None


@pytest.mark.parametrize(
    ("opens", "closes", "season"),
    [
        ("2021-07-01", "2021-08-15", ("07-01", "08-15")),
        ("1 juli", "den 15:e augusti", ("07-01", "08-15")),
        ("07-01", "--08-15", ("07-01", "08-15")),
        ("1/7", "15.8", ("07-01", "08-15")),
        ("1/7-21", "15 aug 2021", ("07-01", "08-15")),
        ("29 februari", "1/7", ("02-29", "07-01")),
        ("midsommar", "15 augusti", None),
        ("31/6", "15/8", None),
        ("1 juli", "", None),
        ("", "", None),
    ],
)
def test_a_site_may_have_a_season_of_its_own(
    tmp_path: Path, opens: str, closes: str, season: tuple[str, str] | None
) -> None:
    """Month and day from year to year; a site without both has none, and that is counted."""
    text = (
        "namn;säsongsstart;badsäsong_slut;lat;lon\n"
        f"Leken;{opens};{closes};59.2;14.8\nLanna;2021-06-21;20 augusti;59.21;14.8\n"
    )
    layer = read(tmp_path, "bathing_sites", text)
    found = layer.table[["season_start", "season_end"]]
    assert tuple(found.iloc[1]) == ("06-21", "08-20")
    notes = {note.key: note.values for note in layer.report.notes}
    if season is None:
        assert found.iloc[0].isna().all()
        assert notes["season_unknown"] == {"n": 1, "total": 2}
    else:
        assert tuple(found.iloc[0]) == season
        assert "season_unknown" not in notes


def test_a_season_that_excel_has_as_days_is_read(tmp_path: Path) -> None:
    """44378 is 1 July 2021, 44423 is 15 August."""
    text = "namn,bathingSeasonStart,bathingSeasonEnd,lat,lon\nLeken,44378,44423,59.2,14.8\n"
    layer = read(tmp_path, "bathing_sites", text)
    assert tuple(layer.table[["season_start", "season_end"]].iloc[0]) == ("07-01", "08-15")


@needs_reference
def test_the_published_list_is_read(tmp_path: Path) -> None:
    """HaV's list: the sites of the municipality are found among those of the country."""
    text = (REFERENCE / "sweden" / "badplatser_hav_2021.csv").read_text("utf-8-sig")
    layer = read(tmp_path, "bathing_sites", text)
    assert layer.report.read == 2684
    assert {"Lanna badgruva", "Leken", "Lillsjön"} <= set(layer.table["name"])
    assert layer.table["id"].str.startswith("SE0").all()


# --- traffic spots ----------------------------------------------------------------------------


def test_a_traffic_spot_needs_no_date(tmp_path: Path) -> None:
    """Its month and hour are then unknown, and it is counted all the same."""
    text = (
        "Datum;Tid;Problem;Plats;Anmälare;Vikt;lat;lon\n"
        "2021-06-07;14.30;Buskörning;E18 vid Lanna;boende;2;59.2;14.8\n"
        ";;A-traktor;Torget;skola;;59.21;14.81\n"
    )
    layer = read(tmp_path, "traffic_spots", text)
    assert list(layer.table["category"]) == ["reckless_driving", "moped"]
    assert list(layer.table["reporter"]) == ["boende", "skola"]
    assert list(layer.table["weight"]) == [2.0, 1.0]
    assert layer.events is not None
    assert list(layer.events.month) == [parse_month("2021-06"), UNKNOWN_MONTH]
    assert list(layer.events.hour) == [14, UNKNOWN_HOUR]


def test_a_rows_weight_is_multiplied_by_its_categorys(tmp_path: Path) -> None:
    """The project may weigh a category, the source a row."""
    text = "Problem;Vikt;lat;lon\nKlotter;2;59.2;14.8\nKlotter;;59.21;14.8\nKlotter;-1;59.2;14.9\n"
    layer = read(tmp_path, "traffic_spots", text, "[categories.graffiti]\nweight = 0.5\n")
    assert list(layer.table["weight"]) == [1.0, 0.5]
    assert layer.report.left_out == {"negative_number": 1}


# --- incidents --------------------------------------------------------------------------------


def moment(tmp_path: Path, begin: str, end: str) -> tuple[str | None, int]:
    """Give the month and the hour of the week of one incident from one time to another."""
    text = f"Från;Till;Typ;lat;lon\n{begin};{end};Inbrott;59.2;14.8\n"
    layer = read(tmp_path, "incidents", text)
    assert layer.events is not None
    if not len(layer.events):
        return None, 0
    return month_text(int(layer.events.month[0])), int(layer.events.hour[0])


@pytest.mark.parametrize(
    ("begin", "end", "month", "hour"),
    [
        ("2021-06-07 14:05", "2021-06-07 14:50", "2021-06", 14),
        ("2021-06-07 14:05", "2021-06-07 15:05", "2021-06", UNKNOWN_HOUR),
        ("2021-06-07 14:05", "2021-06-14 14:05", "2021-06", UNKNOWN_HOUR),
        ("2021-06-20 10:00", "2021-07-20 10:00", "2021-07", UNKNOWN_HOUR),
        ("2021-06-10 10:00", "2021-07-03 10:00", "2021-06", UNKNOWN_HOUR),
        ("2021-06-07 14:05", "", "2021-06", 14),
        ("", "2021-06-07 14:05", "2021-06", UNKNOWN_HOUR),  # found then, whenever it happened
        ("2021-06-07", "2021-06-07", "2021-06", UNKNOWN_HOUR),
        ("2021-06-07 14:05", "2021-06-07", "2021-06", UNKNOWN_HOUR),
        ("2021-06-08", "2021-06-07", None, 0),
    ],
)
def test_from_and_to_give_what_both_ends_agree_on(
    tmp_path: Path, begin: str, end: str, month: str | None, hour: int
) -> None:
    """Same month, same hour: kept. Else the midpoint's month, and no hour."""
    assert moment(tmp_path, begin, end) == (month, hour)


def test_an_incident_between_two_times_is_spread(tmp_path: Path) -> None:
    """From and to go with the event; a time of its own, or one hour, leaves nothing to spread."""
    text = (
        "Från;Till;Tidpunkt;Typ;lat;lon\n"
        "2021-06-07 22:00;2021-06-08 06:30;;Inbrott;59.2;14.8\n"
        "2021-06-07 22:00;2021-06-08 06:30;2021-06-08 02:10;Inbrott;59.21;14.8\n"
        "2021-06-07 22:05;2021-06-07 22:30;;Inbrott;59.22;14.8\n"
        "2021-06-08 06:30;2021-06-07 22:00;;Inbrott;59.23;14.8\n"
        "2021-06-29;2021-07-02;;Inbrott;59.24;14.8\n"
    )
    layer = read(tmp_path, "incidents", text)
    assert layer.events is not None
    between = layer.events.between
    assert between is not None
    assert len(between.start) == len(layer.events) == 4
    assert between.needed.tolist() == [True, False, False, True]
    assert between.timed[[0, 3]].tolist() == [True, False]
    assert [str(t) for t in (between.start[0], between.end[0])] == [
        "2021-06-07T22:00:00",
        "2021-06-08T06:30:00",
    ]
    assert layer.events.hour.tolist() == [UNKNOWN_HOUR, 24 + 2, 22, UNKNOWN_HOUR]
    assert layer.events.day is not None
    first = np.datetime64("2021-06-07").astype(int)
    assert layer.events.day.tolist() == [first, first + 1, first, UNKNOWN_DAY]
    assert layer.report.left_out == {"ends_before_start": 1}
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["incidents_between"] == {"n": 2, "months": 1, "days": 4}
    assert notes["hours_unknown"] == {"n": 1, "total": 4}


def test_a_span_of_any_length_is_kept_and_the_longest_is_said(tmp_path: Path) -> None:
    """A slip of the pen in a year is seen in the note; the event is neither lost nor cut."""
    text = "Från;Till;Typ;lat;lon\n2012-06-07 22:00;2021-06-07 22:00;Inbrott;59.2;14.8\n"
    layer = read(tmp_path, "incidents", text)
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["incidents_between"] == {"n": 1, "months": 1, "days": 3287}
    assert "hours_unknown" not in notes
    assert layer.report.accepted == 1


def test_times_of_day_with_a_date_may_cross_midnight(tmp_path: Path) -> None:
    """A date and two clocks: the end is after the beginning."""
    text = "Datum;Från;Till;Typ;lat;lon\n2021-06-07;23:10;23:40;Inbrott;59.2;14.8\n"
    layer = read(tmp_path, "incidents", text)
    assert layer.events is not None
    assert list(layer.events.hour) == [23]
    late = read(tmp_path, "incidents", text.replace("23:40", "00:40"))
    assert late.report.left_out == {}
    assert late.events is not None
    assert list(late.events.hour) == [UNKNOWN_HOUR]


def events(layer: Layer) -> list[tuple[str, int]]:
    """Give month and hour of the week of each event."""
    assert layer.events is not None
    found = zip(layer.events.month, layer.events.hour, strict=True)
    return [(month_text(int(month)), int(hour)) for month, hour in found]


def test_when_something_was_found_is_not_when_it_happened(tmp_path: Path) -> None:
    """A table that has only an end tells the month; the hour is unknown, and that is said."""
    layer = read(tmp_path, "incidents", "Till;Typ;lat;lon\n2021-06-07 07:00;Inbrott;59.2;14.8\n")
    assert events(layer) == [("2021-06", UNKNOWN_HOUR)]
    assert {n.key: n.values for n in layer.report.notes}["hours_unknown"] == {"n": 1, "total": 1}


def test_a_date_without_times_of_day_is_a_day(tmp_path: Path) -> None:
    """Beside rows that say their times, the others keep their date; 7 June 2021 was a Monday."""
    rows = [
        "2021-06-07;23:10;23:40",
        "2021-06-07;20:00;",
        "2021-06-08;;",
        "2021-07-09;;07:00",
        ";;",
        "2021-06-08;kväll;",
        "2021-06-08;20:00;natt",
        "2021-06-09;21:00;21:30",
        "2021-06-10;21:00;21:30",
        "2021-06-11;21:00;21:30",
        "2021-06-11;21:00;21:30",
        "2021-06-11;21:00;21:30",
    ]
    text = "\n".join(
        ["Datum;Från;Till;Typ;lat;lon"]
        + [f"{row};Inbrott;59.2;14.{800 + i}" for i, row in enumerate(rows)]
    )
    layer = read(tmp_path, "incidents", text)
    assert events(layer)[:4] == [
        ("2021-06", 23), ("2021-06", 20), ("2021-06", UNKNOWN_HOUR), ("2021-07", UNKNOWN_HOUR),
    ]  # fmt: skip
    assert list(layer.left_out["row"]) == [6, 7, 8]
    assert list(layer.left_out["reason"]) == ["no_date", "unreadable_date", "unreadable_date"]
    assert list(layer.left_out["column"][1:]) == ["Från", "Till"]


def test_an_end_by_the_clock_goes_with_a_beginning_that_has_its_day(tmp_path: Path) -> None:
    """Where the beginning is not written, the date's day stands for it."""
    text = (
        "Datum;Från;Till;Typ;lat;lon\n"
        "2021-06-01;2021-06-07 23:10;23:40;Inbrott;59.2;14.8\n"
        "2021-06-01;2021-06-07 23:10;00:40;Inbrott;59.21;14.8\n"
        "2021-05-01;;23:40;Inbrott;59.22;14.8\n"
        "2021-05-02;;;Inbrott;59.23;14.8\n"
        "igår;2021-06-07 23:10;;Inbrott;59.24;14.8\n"
        "igår;;23:40;Inbrott;59.25;14.8\n"
    )
    layer = read(tmp_path, "incidents", text)
    assert events(layer) == [
        ("2021-06", 23),
        ("2021-06", UNKNOWN_HOUR),
        ("2021-05", UNKNOWN_HOUR),
        ("2021-05", UNKNOWN_HOUR),
        ("2021-06", 23),
    ]
    assert layer.report.left_out == {"unreadable_date": 1}
    assert layer.events is not None
    assert layer.events.between is not None
    assert str(layer.events.between.end[1]) == "2021-06-08T00:40:00"


def test_an_end_that_is_no_time_of_day_is_left_out(tmp_path: Path) -> None:
    """It is not taken for the beginning's own time."""
    ends = ["ca nio", *["20:30"] * 6]
    rows = [f"2021-06-07 20:15;{end};Inbrott;59.2;14.8{i}" for i, end in enumerate(ends)]
    layer = read(tmp_path, "incidents", "\n".join(["Från;Till;Typ;lat;lon", *rows]))
    assert layer.report.left_out == {"unreadable_date": 1}


def test_an_incident_without_a_date_is_left_out(tmp_path: Path) -> None:
    """The monthly picture has no place for it."""
    text = "Datum;Typ;lat;lon\n;Inbrott;59.2;14.8\n2021-06-07;Inbrott;59.21;14.8\n"
    assert read(tmp_path, "incidents", text).report.left_out == {"no_date": 1}


def test_a_table_of_one_category_needs_no_column(tmp_path: Path) -> None:
    """The settings say what all of it is."""
    text = "Datum;lat;lon\n2021-06-07;59.2;14.8\n"
    layer = read(tmp_path, "incidents", text, 'category = "Klotter"\n')
    assert list(layer.table["category"]) == ["graffiti"]


# --- patrols ----------------------------------------------------------------------------------


def one(start: str, minutes: float, shape: shapely.Geometry | None = None) -> Events:
    """Spread one patrol."""
    return spread(
        np.array([shape or shapely.Point(500000, 6560000)], dtype=object),
        start=np.array([start], dtype="datetime64[s]"),
        date=np.array([start], dtype="datetime64[s]"),
        minutes=np.array([minutes]),
        category=np.array([0], dtype=np.int32),
    )


def test_minutes_are_split_where_hours_end() -> None:
    """From 22:40 on a Sunday to 00:25: 20, 60 and 25 minutes, the last on Monday."""
    found = one("2021-07-04 22:40", 105)
    assert list(found.hour) == [6 * 24 + 22, 6 * 24 + 23, 0]
    assert list(found.weight) == [20, 60, 25]


def test_the_end_of_the_year_is_split_between_months() -> None:
    """Months follow the clock."""
    found = one("2021-12-31 23:30", 60)
    assert [month_text(int(m)) for m in found.month] == ["2021-12", "2022-01"]
    assert list(found.weight) == [30, 30]


def test_a_line_is_shared_out_evenly() -> None:
    """100 m in four stretches: points at 12.5, 37.5, 62.5 and 87.5 m."""
    found = one("2021-07-04 22:00", 60, shapely.LineString([(0, 0), (4 * STEP_M, 0)]))
    assert list(found.x) == [12.5, 37.5, 62.5, 87.5]
    assert list(found.weight) == [15, 15, 15, 15]


@given(
    patrols=st.lists(
        st.tuples(
            st.datetimes(
                min_value=np.datetime64("2020-01-01", "s").item(),
                max_value=np.datetime64("2022-12-31", "s").item(),
            ),
            st.floats(0, 1440),
            st.sampled_from(["point", "line", "lines", "dot"]),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_minutes_are_neither_made_nor_lost(
    patrols: list[tuple[datetime, float, str, bool]],
) -> None:
    """The presence of all patrols is the sum of their minutes; no piece is longer than an hour."""
    shapes = {
        "point": shapely.Point(1, 1),
        "line": shapely.LineString([(0, 0), (130, 20), (10, 300)]),
        "lines": shapely.MultiLineString([[(0, 0), (40, 0)], [(0, 9), (0, 300)]]),
        "dot": shapely.LineString([(5, 5), (5, 5)]),
    }
    found = spread(
        np.array([shapes[p[2]] for p in patrols], dtype=object),
        start=np.array(
            [np.datetime64(p[0], "s") if p[3] else NOT_A_TIME for p in patrols],
            dtype="datetime64[s]",
        ),
        date=np.array([np.datetime64(p[0], "s") for p in patrols], dtype="datetime64[s]"),
        minutes=np.array([p[1] for p in patrols], dtype=np.float64),
        category=np.zeros(len(patrols), dtype=np.int32),
    )
    assert found.weight.sum() == pytest.approx(sum(p[1] for p in patrols), abs=1e-6)
    assert np.isfinite(found.x).all()
    assert (found.weight >= 0).all()
    assert (found.weight[found.hour != UNKNOWN_HOUR] <= 60 + 1e-9).all()


def test_patrols_are_read_with_start_and_end_or_minutes(tmp_path: Path) -> None:
    """The end decides where there is one; clocks alone belong to the date; the night goes on."""
    text = (
        "Datum;Start;Slut;Minuter;Enhet;Syfte;lat;lon\n"
        "2021-07-02;22:30;00:15;;Patrull 1;Hastighetskontroll;59.2;14.8\n"
        "2021-07-02;20:00;;35;Patrull 2;Fotpatrull;59.21;14.8\n"
        "2021-07-03;;;20;;Kaffe;59.22;14.8\n"
        "2021-07-03;20:00;;;;Badplats;59.23;14.8\n"
    )
    layer = read(tmp_path, "patrols", text)
    assert layer.report.left_out == {}
    assert list(layer.table["minutes"][:3]) == [105, 35, 20]
    assert list(layer.table["purpose"]) == [
        "speed_control", "foot_patrol", "other", "bathing_place",
    ]  # fmt: skip
    assert layer.table["purpose_words"][2] == "Kaffe"
    assert layer.presence is not None
    assert layer.presence.weight.sum() == pytest.approx(160)
    assert layer.presence.weight[layer.presence.hour == UNKNOWN_HOUR].sum() == 20
    keys = {note.key for note in layer.report.notes}
    assert {"unknown_purposes", "patrols_without_minutes"} <= keys


@pytest.mark.parametrize("rows", ["2021-07-20;;;30", "2021-07-20;;;30\n2021-07-21;20:00;20:30;"])
def test_a_patrol_without_a_start_lies_in_the_month_of_its_day(tmp_path: Path, rows: str) -> None:
    """Its minutes count in the period, at an unknown hour; with others that have one or alone."""
    lines = [f"{row};59.2;14.8{i}" for i, row in enumerate(rows.split("\n"))]
    text = "\n".join(["Datum;Start;Slut;Minuter;lat;lon", *lines])
    layer = read(tmp_path, "patrols", text)
    assert layer.report.left_out == {}
    assert layer.table["month"][0] == "2021-07"
    assert layer.presence is not None
    assert month_text(int(layer.presence.month[0])) == "2021-07"
    assert (layer.presence.hour[0], layer.presence.weight[0]) == (UNKNOWN_HOUR, 30)


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        ("2021-03-27", [22, 23, 24, 25, 27]),  # there is no hour from 02 to 03
        ("2021-10-30", [22, 23, 24, 25, 26, 26, 27]),  # and here it comes twice
        ("2021-06-12", [22, 23, 24, 25, 26, 27]),
    ],
)
def test_the_odd_nights_have_the_hours_that_they_have(
    tmp_path: Path, night: str, hours: list[int]
) -> None:
    """From 22 to 04, Saturday to Sunday: whole hours that the clock on the wall showed."""
    text = f"Datum;Start;Slut;lat;lon\n{night};22:00;04:00;59.2;14.8\n"
    layer = read(tmp_path, "patrols", text)
    assert layer.presence is not None
    assert [int(hour) - 5 * 24 for hour in layer.presence.hour] == hours
    assert list(layer.presence.weight) == [60] * len(hours)
    assert list(layer.table["minutes"]) == [60 * len(hours)]


def test_impossible_patrols_are_left_out(tmp_path: Path) -> None:
    """An end before the start, and a patrol of more than a day."""
    text = (
        "Start;Slut;lat;lon\n"
        "2021-07-02 22:00;2021-07-02 21:00;59.2;14.8\n"
        "2021-07-02 22:00;2021-07-04 21:00;59.2;14.8\n"
        "2021-07-02 22:00;2021-07-02 23:00;59.2;14.8\n"
    )
    layer = read(tmp_path, "patrols", text)
    assert layer.report.left_out == {"ends_before_start": 1, "too_long": 1}


def test_patrols_may_be_lines(tmp_path: Path) -> None:
    """From a vector file, or as text in a table."""
    line = shapely.LineString([(14.7, 59.2), (14.71, 59.2)])
    drawn = read(tmp_path, "patrols", features(({"minuter": 30}, line)), name="p.geojson")
    text = f"minuter;wkt\n30;{line.wkt}\n"
    written = read(tmp_path, "patrols", text)
    for layer in (drawn, written):
        assert layer.report.accepted == 1
        assert layer.presence is not None
        assert len(layer.presence) == int(np.ceil(shapely.length(layer.geometry[0]) / STEP_M))
        assert layer.presence.weight.sum() == pytest.approx(30)


# --- places and background --------------------------------------------------------------------


def test_places_need_names(tmp_path: Path) -> None:
    """Population and size are read where they are."""
    text = "Tätort;Befolkning;Hektar;lat;lon\nFjugesta;2 422;233;59.17;14.87\n;5;;59.2;14.8\n"
    layer = read(tmp_path, "places", text)
    assert layer.report.left_out == {"no_name": 1}
    assert list(layer.table["population"]) == [2422]
    assert list(layer.table["area_ha"]) == [233]


def test_places_across_the_border_can_name_what_lies_near_it(tmp_path: Path) -> None:
    """A locality 5 km outside the area is kept, one 60 km away is not."""
    text = "namn;lat;lon\nFjugesta;59.17;14.87\nNära;59.04;14.7\nLångt borta;58.4;14.8\n"
    layer = read(tmp_path, "places", text)
    assert list(layer.table["name"]) == ["Fjugesta", "Nära"]
    assert layer.report.left_out == {"outside_area": 1}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"objekttyp": "Sjö"}, "water"),
        ({"objekttyp": "Anlagt vatten"}, "water"),
        ({"objekttyp": "Hav"}, "water"),
        ({"objekttyp": "Låg bebyggelse"}, "built_up"),
        ({"objekttyp": "Motorväg"}, "road_major"),
        ({"objekttyp": "Landsväg"}, "road_major"),
        ({"objekttyp": "Landsväg liten"}, "road_minor"),
        ({"objekttyp": "Småväg"}, "road_minor"),
        ({"objekttyp": "Lokalgata stor"}, "road_minor"),
        ({"objekttyp": "Järnväg"}, "railway"),
        ({"objekttyp": "Skog"}, "other"),
        ({"highway": "trunk", "natural": None}, "road_major"),
        ({"highway": "residential"}, "road_minor"),
        ({"highway": "corridor"}, "road_minor"),
        ({"natural": "water"}, "water"),
        ({"landuse": "residential"}, "built_up"),
        ({"landuse": "forest"}, "other"),
        ({"railway": "rail"}, "railway"),
        ({"FunkVagklass_Klass": 2}, "road_major"),
        ({"FunkVagklass_Klass": 7}, "road_minor"),
        ({"class": "water"}, "water"),
    ],
)
def test_background_classes_come_from_known_attributes(
    tmp_path: Path, attributes: dict[str, object], expected: str
) -> None:
    """Lantmäteriet, OpenStreetMap and NVDB need no settings."""
    line = shapely.LineString([(14.7, 59.2), (14.8, 59.2)])
    layer = read(tmp_path, "background", features((attributes, line)), name="b.geojson")
    assert list(layer.table["class"]) == [expected]


def test_a_background_is_clipped_and_may_be_all_one_class(tmp_path: Path) -> None:
    """Nothing reaches beyond the area by more than its buffer."""
    lake = shapely.box(14.9, 59.2, 16.0, 59.25)
    text = features(({"namn": "Sjön"}, lake), ({"namn": "Borta"}, shapely.box(20, 60, 21, 61)))
    layer = read(tmp_path, "background", text, 'class = "water"\n', name="b.geojson")
    assert list(layer.table["class"]) == ["water"]
    assert list(layer.table["name"]) == ["Sjön"]
    assert layer.report.left_out == {"outside_area": 1}
    assert shapely.area(layer.geometry[0]) < 6100 * 5800


def test_shapes_of_another_kind_are_left_out(tmp_path: Path) -> None:
    """An incident is a point; a line among them is left out."""
    both = features(
        ({"typ": "Klotter", "datum": "2021-06-07"}, shapely.Point(14.8, 59.2)),
        ({"typ": "Klotter", "datum": "2021-06-07"}, shapely.box(14.7, 59.2, 14.8, 59.3)),
        ({"typ": "Klotter", "datum": "2021-06-08"}, shapely.MultiPoint([(14.8, 59.2)])),
    )
    layer = read(tmp_path, "incidents", both, name="b.geojson")
    assert layer.report.left_out == {"wrong_shape": 1}
    assert list(shapely.get_type_id(layer.geometry)) == [0, 0]
