"""Promises of the ways in for what services answer: HaV, Open311, the police, STRADA, the EU."""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo.errors import SourceError
from geo.months import UNKNOWN_HOUR, month_text
from layers.categories import Vocabulary, known_categories, known_words
from layers.events import open_events
from layers.formats import formats, hav, json_records, open311, polisen, strada
from layers.project import load_project
from layers.reading import format_of, read_project_layers
from layers.rows import REASONS
from layers.sources import kinds
from maps.words import words

if TYPE_CHECKING:
    from layers.formats import Format
    from layers.layer import Layer

SAMPLES = Path(__file__).parent / "samples"
MULTEN, LILLSJON, LANNA = "SE0241814000003849", "SE0241814000003850", "SE0241814000004068"
ASKED = (hav.FORMAT, open311.FORMAT, polisen.FORMAT)
SERVICES = (*ASKED, strada.FORMAT)


def read(folder: Path, kind: str, name: str, more: str = "") -> Layer:
    """Read a file of the folder, or a sample, as a layer in a box round Lekeberg."""
    square = shapely.geometry.mapping(shapely.box(14.6, 59.1, 15.0, 59.3))
    (folder / "area.geojson").write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": square})
    )
    if not (folder / "hav_results").exists():
        shutil.copytree(SAMPLES / "hav_results", folder / "hav_results")
    if not (folder / name).exists():
        shutil.copy(SAMPLES / name, folder)
    (folder / "p.toml").write_text(
        'municipality = "Lekeberg"\n[area]\nfile = "area.geojson"\n'
        f'[[layers]]\nkind = "{kind}"\nfile = "{name}"\n{more}',
        "utf-8",
    )
    return read_project_layers(load_project(folder / "p.toml"))[1]


def sample(name: str) -> str:
    """Give a sample's text."""
    return (SAMPLES / name).read_text("utf-8")


def reasons(layer: Layer) -> dict[int, str]:
    """Give the reason of each row left out."""
    return dict(zip(layer.left_out["row"], layer.left_out["reason"], strict=True))


def claims(one: Format, path: Path) -> bool:
    """Say whether a format that looks into files takes one for its own, by ending and content."""
    if one.claims is None or path.suffix not in one.endings:
        return False
    return one.claims(path)


def by_id(layer: Layer) -> pd.DataFrame:
    """Give a layer's table by its ids, missing values as None."""
    table = layer.table.set_index("id").astype(object)
    return table.where(table.notna(), None)


def values(table: pd.DataFrame, row: str, columns: str) -> list[object]:
    """Give some values of a row, the columns in one string."""
    found = table.to_dict("index")[row]
    return [found[column] for column in columns.split()]


# --- all of them ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("hav_waters.json", "hav"),
        ("hav_results/multen.json", "hav"),
        (f"hav_results/{LILLSJON}.json", "hav"),
        ("hav_results/detail_lanna.json", "hav"),
        ("hav_feature.json", "vector"),
        ("open311.json", "open311"),
        ("open311.xml", "open311"),
        ("polisen.json", "polisen"),
        ("strada_olyckor.csv", "strada"),
        ("strada_personer.csv", "strada"),
    ],
)
def test_each_answer_is_known_by_what_it_holds(name: str, of: str) -> None:
    """Files that share an ending find their own way in, and only one claims each."""
    assert format_of(SAMPLES / name).name == of
    claiming = [one.name for one in formats().values() if claims(one, SAMPLES / name)]
    assert claiming == ([] if of == "vector" else [of])


def test_each_says_which_kind_of_layer_it_holds() -> None:
    """A first project file can be written from it."""
    assert all(one.holds in kinds() for one in SERVICES)


def test_every_new_reason_and_column_has_words() -> None:
    """Nothing is left out, and nothing is shown, without words in both languages."""
    for language in ("sv", "en"):
        said = words(language)
        new = ("no_event", "county_only", "same_accident", "earlier_season")
        assert set(new) <= set(REASONS)
        assert all(said.has(f"reasons.{reason}") for reason in new)
        assert all(said.has(f"columns.{column}") for column in hav.FINDINGS)


DAMAGED = {
    "html.json": b"<!DOCTYPE html><html><title>502 Bad Gateway</title>",
    "half.json": b'{"watersAndAdvisories": [{"bathingWater": {"id": "SE0',
    "word.json": b'"watersAndAdvisories"',
    "empty.json": b"",
    "nul.json": b"\0" * 40,
    "latin.json": '{"watersAndAdvisories": "Lillsjön"}'.encode("latin-1"),
    "deep.json": b'{"watersAndAdvisories":' + b"[" * 5_000_000,
    "other.json": b'{"service_requests_count": 3}',
    "number.json": b'{"bathingWater": ' + b"9" * 5000 + b"}",
    "half.xml": b"<service_requests><request><lat>59",
    "other.xml": b"<errors><error><code>404</code></error></errors>",
    "bomb.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><service_requests>&b;</service_requests>',
    "unknown.xml": b"<?xml version='1.0' encoding='x-none'?><service_requests/>",
}


@pytest.mark.parametrize(
    ("name", "one"),
    [(name, one) for name in DAMAGED for one in ASKED if Path(name).suffix in one.endings],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_what_is_no_answer_is_refused_with_a_cure(name: str, one: Format, tmp_path: Path) -> None:
    """A web page, half a file, another encoding, nesting without end: said, never raised raw."""
    path = tmp_path / name
    path.write_bytes(DAMAGED[name])
    assert claims(one, path) in (True, False)
    with pytest.raises(SourceError) as caught:
        list(one.read(path))
    (problem,) = caught.value.problems
    assert problem.what.startswith("expected ")
    assert ", found " in problem.what
    assert problem.cure


@pytest.mark.parametrize("name", [name for name in DAMAGED if name.endswith(".json")])
def test_a_damaged_answer_makes_an_unusable_layer(name: str, tmp_path: Path) -> None:
    """Whichever way in is chosen for it, the project's check goes on."""
    (tmp_path / name).write_bytes(DAMAGED[name])
    layer = read(tmp_path, "bathing_sites", name)
    assert not layer.report.usable
    assert layer.report.problems


def test_an_answer_too_large_to_be_read_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is said, before the file is read."""
    path = tmp_path / "a.json"
    path.write_text(sample("polisen.json"))
    monkeypatch.setattr(json_records, "LARGEST_BYTES", 100)
    with pytest.raises(SourceError) as caught:
        list(polisen.read(path))
    assert "expected at most" in caught.value.problems[0].what


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_an_answer_saved_in_another_unicode_is_the_same(encoding: str, tmp_path: Path) -> None:
    """A byte order mark, or two bytes a letter, change nothing."""
    (tmp_path / "a.json").write_text(sample("hav_waters.json"), encoding)
    assert format_of(tmp_path / "a.json").name == "hav"
    (table,) = hav.read(tmp_path / "a.json")
    (plain,) = hav.read(SAMPLES / "hav_waters.json")
    pd.testing.assert_frame_equal(table.data, plain.data)


KEYS = """
    watersAndAdvisories bathingWater id name municipality samplingPointPosition latitude longitude
    adviceAgainstBathing startsAt description results takenAt waterTemp profile year sampleDate
    lastFourClassifications testResult dissuasion startdate nutsCode classificationText
    service_requests requests request service_request_id service_name lat long datetime type
    location gps
"""

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["59.2,14.8", "2021-06-07T12:00:00Z", LANNA, "\ud800", "NaN"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(sorted(KEYS.split())),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(answer=ANY, one=st.sampled_from(ASKED))
def test_whatever_json_comes_becomes_rows_or_a_named_error(
    tmp_path_factory: pytest.TempPathFactory, answer: object, one: Format
) -> None:
    """Values of any kind in any place: every record is a row or is left out."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(answer))
    assert claims(one, path) in (True, False)
    try:
        (table,) = one.read(path)
    except SourceError:
        return
    assert len(table.data) == len(table.rows)
    numbers = sorted([*table.rows.tolist(), *table.left_out["row"].tolist()])
    assert numbers == list(range(1, len(numbers) + 1))
    assert table.data.to_csv().encode()  # all text can be written


@given(content=st.binary(max_size=200))
def test_claims_never_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the bytes and the ending, the answer is yes or no."""
    for one in SERVICES:
        for ending in one.endings:
            path = tmp_path_factory.getbasetemp() / f"any{ending}"
            path.write_bytes(content)
            assert claims(one, path) in (True, False)
        assert not claims(one, Path("not/there.json"))


# --- bathing sites ----------------------------------------------------------------------------


def test_the_list_of_hav_tells_where_bathing_is_advised_against(tmp_path: Path) -> None:
    """Sites with the advice in force, its day by Swedish clocks, and what is abnormal."""
    layer = read(tmp_path, "bathing_sites", "hav_waters.json")
    assert layer.report.usable
    table = by_id(layer)
    assert list(table.index) == [MULTEN, LILLSJON, LANNA]
    assert list(layer.table.columns) == [
        "id", "name", "municipality", "eu_id", "advice", "advice_since", "abnormal",
    ]  # fmt: skip
    assert values(table, MULTEN, "advice advice_since abnormal") == [None] * 3
    assert table.loc[LILLSJON, "advice"] == "Algblomning: Misstänkt algblomning"
    assert table.loc[LILLSJON, "advice_since"] == "2021-07-16"  # 22:28 UTC is past midnight
    assert table.loc[LANNA, "abnormal"] == "Skyfall"
    assert reasons(layer) == {3: "duplicate", 5: "outside_area"}
    to_metres = Transformer.from_crs(4326, 3006, always_xy=True).transform
    np.testing.assert_allclose(
        shapely.get_coordinates(layer.geometry)[2], to_metres(14.9233, 59.2449), atol=0.01
    )


def test_the_whole_country_comes_out_as_from_its_table(tmp_path: Path, reference: Path) -> None:
    """All 2,684 bathing waters, as a list of the second version and as a table."""
    table = pd.read_csv(reference / "sweden" / "badplatser_hav_2021.csv", dtype=str)
    answer = {
        "watersAndAdvisories": [
            {"bathingWater": {
                "id": row["nutskod"], "name": row["namn"], "municipality": {"name": row["kommun"]},
                "samplingPointPosition": {"latitude": row["lat"], "longitude": row["lon"]}}}
            for row in table.to_dict("records")
        ]
    }  # fmt: skip
    (tmp_path / "waters.json").write_text(json.dumps(answer))
    shutil.copy(reference / "sweden" / "badplatser_hav_2021.csv", tmp_path / "waters.csv")
    one = read(tmp_path, "bathing_sites", "waters.json")
    other = read(tmp_path, "bathing_sites", "waters.csv")
    assert one.report.read == other.report.read == 2684
    pd.testing.assert_frame_equal(one.table, other.table)
    assert shapely.equals(one.geometry, other.geometry).all()


def test_contacts_are_not_carried(tmp_path: Path) -> None:
    """Addresses and telephone numbers of those who answer for a site stay in the file."""
    layer = read(tmp_path, "bathing_sites", "hav_waters.json", 'results = "hav_results"\n')
    assert "example.se" in sample("hav_waters.json")
    everything = layer.table.astype("str").to_csv()
    assert "example.se" not in everything
    assert "0000-000 00" not in everything


def test_answers_about_single_sites_are_joined_by_their_identifier(tmp_path: Path) -> None:
    """The latest sample, the latest class, the season: of an id within, or in the file's name."""
    layer = read(tmp_path, "bathing_sites", "hav_waters.json", 'results = "hav_results"\n')
    table = by_id(layer)
    assert table.to_dict("index")[MULTEN] == {
        "name": "Multen Sixtorp",
        "municipality": "Lekeberg",
        "eu_id": MULTEN,
        "season_start": "06-21",
        "season_end": "08-15",
        "advice": None,
        "advice_since": None,
        "abnormal": None,
        "quality": "Utmärkt kvalitet",
        "quality_year": "2020",
        "sample_date": "2021-07-12",
        "sample_assessment": "Tjänligt m. anm.",
        "water_temperature": 19.5,
        "e_coli": "460",
        "enterococci": "<10",
        "algae": "Ingen blomning",
    }
    assert values(table, LILLSJON, "sample_date water_temperature e_coli") == [
        "2021-07-12", None, "<1",
    ]  # fmt: skip
    assert table.loc[LILLSJON, "advice"] == "Algblomning: Misstänkt algblomning"
    notes = {note.key: note.values for note in layer.report.notes}
    assert (notes["answers_joined"]["n"], notes["answers_joined"]["total"]) == (3, 3)
    assert notes["season_unknown"] == {"n": 2, "total": 3}
    for language in ("sv", "en"):
        assert "hav_results" in words(language).note(
            next(n for n in layer.report.notes if n.key == "answers_joined")
        )


def test_details_of_the_first_version_are_joined_to_its_list(tmp_path: Path) -> None:
    """``/api/feature`` is GeoJSON; ``/detail`` has no position, but instants in milliseconds."""
    more = 'results = "hav_results/detail_lanna.json"\n'
    layer = read(tmp_path, "bathing_sites", "hav_feature.json", more)
    table = by_id(layer)
    assert list(table["name"]) == ["Multen Sixtorp", "Lanna badgruva"]
    assert values(table, LANNA, "advice advice_since quality quality_year") == [
        "Otjänligt badvattenprov: Nytt prov tas", "2021-07-13", "Utmärkt kvalitet", "2020",
    ]  # fmt: skip
    sampled = "sample_date sample_assessment water_temperature e_coli enterococci"
    assert values(table, LANNA, sampled) == ["2021-07-12", "Otjänligt", 21.0, ">1200", "40"]
    assert values(table, MULTEN, sampled) == [None] * 5
    assert "season_start" not in table


def test_the_answer_about_one_site_is_a_list_of_one(tmp_path: Path) -> None:
    """Also several of them, joined by hand in one list."""
    layer = read(tmp_path, "bathing_sites", "hav_results/multen.json")
    assert layer.table["quality"].tolist() == ["Utmärkt kvalitet"]
    assert layer.table["season_start"].tolist() == ["06-21"]
    both = [json.loads(sample("hav_results/multen.json")), json.loads(sample("hav_waters.json"))]
    (tmp_path / "both.json").write_text(json.dumps(both))
    assert list(by_id(read(tmp_path, "bathing_sites", "both.json")).index) == [
        MULTEN, LILLSJON, LANNA,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["detail_lanna.json", f"{LILLSJON}.json"])
def test_answers_without_a_position_say_how_to_use_them(tmp_path: Path, name: str) -> None:
    """They are no sites; the cure names the option."""
    layer = read(tmp_path, "bathing_sites", f"hav_results/{name}")
    (problem,) = layer.report.problems
    assert f'results = "{name}"' in problem.cure


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("prov.json", '{"results": [{"takenAt": "2021-06-07"}]}', "a bathing water's id"),
        (f"{LANNA}.json", '{"a": 1}', "answers about bathing waters"),
        (f"{LANNA}.json", "<html>", "a web page"),
    ],
)
def test_a_saved_answer_that_cannot_be_joined_is_named(
    tmp_path: Path, name: str, text: str, what: str
) -> None:
    """Of a folder, the one file that is wrong is told."""
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / name).write_text(text)
    layer = read(tmp_path, "bathing_sites", "hav_waters.json", 'results = "answers"\n')
    (problem,) = layer.report.problems
    assert what in problem.what
    assert name in problem.where


@pytest.mark.parametrize("missing", ["none", "empty"])
def test_results_that_are_not_there_are_a_problem(tmp_path: Path, missing: str) -> None:
    """A folder without answers, and a file that is not there."""
    (tmp_path / "empty").mkdir()
    layer = read(tmp_path, "bathing_sites", "hav_waters.json", f'results = "{missing}"\n')
    assert "found none" in layer.report.problems[0].what


@pytest.mark.parametrize("column", ["hov_ref", "nutskod"])
def test_results_are_joined_to_a_municipalitys_own_table(tmp_path: Path, column: str) -> None:
    """The national table of bathing sites 1.0 has the identifier, under either of its names."""
    (tmp_path / "badplatser.csv").write_text(
        f"place_id,name,latitude,longitude,{column},toilet,email\n"
        f"17,Multen Sixtorp,59.1803,14.6481,{MULTEN},true,kommunen@example.se\n"
        "18,Lilla viken,59.21,14.8,,false,\n",
        "utf-8-sig",
    )
    layer = read(tmp_path, "bathing_sites", "badplatser.csv", 'results = "hav_results"\n')
    table = by_id(layer)
    assert table["water_temperature"].tolist() == [19.5, None]
    assert list(table.index) == [MULTEN, "18"]
    assert not {"toilet", "email"} & set(table)


def test_the_list_of_the_eu_gives_the_latest_quality(tmp_path: Path) -> None:
    """One column a year, as in the countries' workbooks (SE_BW2019.xlsx)."""
    book = openpyxl.Workbook()
    book.active.append(
        ["countryCode", "bathingWaterIdentifier", "groupIdentifier", "nameText",
         "specialisedZoneType", "geographicalConstraint", "lon", "lat", "bwProfileUrl",
         "quality2018", "monitoringCalendar2018", "quality2019", "management2019"]
    )  # fmt: skip
    for row in (
        ["SE", MULTEN, None, "MULTEN SIXTORP", "lakeBathingWater", False, 14.6481, 59.1803, "u",
         "2 - Good", "1 - Implemented", "1 - Excellent", "0"],
        ["SE", "SE0441264000000306", None, "MOSSBYLUND", "coastalBathingWater", False, 13.6253,
         55.4133, "u", "1 - Excellent", "1 - Implemented", "1 - Excellent", "0"],
    ):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "SE_BW2019.xlsx")
    layer = read(tmp_path, "bathing_sites", "SE_BW2019.xlsx")
    assert reasons(layer) == {3: "outside_area"}
    assert values(by_id(layer), MULTEN, "name quality quality_year") == [
        "MULTEN SIXTORP", "1 - Excellent", "2019",
    ]  # fmt: skip


def test_of_one_row_a_site_and_year_the_latest_counts(tmp_path: Path) -> None:
    """The newer list of the EU has a row for each season."""
    (tmp_path / "eea.csv").write_text(
        "countryCode,bathingWaterIdentifier,bathingWaterName,season,qualityStatus,lon,lat\n"
        f"SE,{MULTEN},Multen,2021,Excellent,14.6481,59.1803\n"
        f"SE,{MULTEN},Multen,2022,Good,14.6481,59.1803\n"
        f"SE,{LILLSJON},Lillsjön,2021,Sufficient,14.7261,59.2303\n"
    )
    layer = read(tmp_path, "bathing_sites", "eea.csv")
    assert reasons(layer) == {2: "earlier_season"}
    assert by_id(layer)["quality"].to_dict() == {MULTEN: "Good", LILLSJON: "Sufficient"}


def test_a_temperature_that_is_no_number_is_told_and_its_site_stays(tmp_path: Path) -> None:
    """A site is not lost for a remark in one of its cells."""
    (tmp_path / "bad.csv").write_text(
        "namn;lat;lon;vattentemperatur\nA;59,21;14,8;19,5\nB;59,22;14,8;kallt\n"
    )
    layer = read(tmp_path, "bathing_sites", "bad.csv")
    np.testing.assert_array_equal(layer.table["water_temperature"], [19.5, np.nan])
    notes = {note.key: note.values for note in layer.report.notes}
    assert notes["numbers_not_read"] == {"n": 1, "column": "vattentemperatur"}


# --- Open311 ----------------------------------------------------------------------------------


def test_reports_of_open311_come_in_swedish_time(tmp_path: Path) -> None:
    """22:30 in the last evening of June in Greenwich is July in Sweden."""
    layer = read(tmp_path, "incidents", "open311.json")
    assert layer.report.usable
    table = by_id(layer)
    assert table["category"].to_dict() == {"4101": "graffiti", "4102": "littering"}
    assert table["month"].to_dict() == {"4101": "2021-06", "4102": "2021-07"}
    assert table.loc["4102", "time"] == pd.Timestamp("2021-07-01 00:30")
    assert table.loc["4102", "place"] == "Storgatan"
    assert reasons(layer) == {3: "duplicate", 4: "unknown_category", 5: "no_position"}


def test_what_is_personal_in_a_report_is_not_read() -> None:
    """Neither free text nor picture nor who reported reaches a table."""
    (table,) = open311.read(SAMPLES / "open311.json")
    assert "En medborgare" in sample("open311.json")
    assert list(table.data) == [
        "service_request_id", "service_name", "status", "requested_datetime", "address", "lat",
        "long",
    ]  # fmt: skip


def test_json_and_xml_of_open311_say_the_same(tmp_path: Path) -> None:
    """The same two requests, in each form that servers write them in."""
    (xml,) = open311.read(SAMPLES / "open311.xml")
    assert xml.data["service_request_id"].tolist() == ["638344", "638349"]
    records = [
        {name: value for name, value in row.items() if isinstance(value, str)}
        for row in xml.data.to_dict("records")
    ]
    wrapped = [{name: [value] for name, value in record.items()} for record in records]
    for form in (
        records,
        {"service_requests": records},
        {"requests": records},
        {"requests": [{"request": wrapped}]},
    ):
        (tmp_path / "a.json").write_text(json.dumps(form))
        (table,) = open311.read(tmp_path / "a.json")
        pd.testing.assert_frame_equal(table.data, xml.data)
    (tmp_path / "a.json").write_text(json.dumps(records[0]))
    (one,) = open311.read(tmp_path / "a.json")
    assert one.data["service_request_id"].tolist() == ["638344"]


def test_no_reports_are_no_rows(tmp_path: Path) -> None:
    """A month without any is no error."""
    (tmp_path / "a.json").write_text('{"service_requests": []}')
    (tmp_path / "b.xml").write_text("<service_requests></service_requests>")
    (tmp_path / "c.json").write_text("[]")
    for name in ("a.json", "b.xml", "c.json"):
        layer = read(tmp_path, "incidents", name)
        assert layer.report.usable, layer.report.problems
        assert layer.report.read == 0


# --- the police -------------------------------------------------------------------------------


def test_notices_of_the_police_are_counted_for_the_area_only(tmp_path: Path) -> None:
    """One hour of one digit, no cell, and no notice that is not an event in the municipality."""
    layer = read(tmp_path, "incidents", "polisen.json")
    assert layer.report.usable
    table = by_id(layer)
    assert table["category"].to_dict() == {"600001": "collision", "600002": "vandalism"}
    assert table.loc["600001", "time"] == pd.Timestamp("2026-09-27 09:00:24")
    assert table["place"].unique().tolist() == ["Lekeberg"]
    assert table["area_level"].all()
    assert layer.report.area_level == 2
    assert layer.events is not None
    assert len(layer.events) == 0
    assert reasons(layer) == {
        3: "no_event",
        4: "outside_area",
        5: "county_only",
        6: "unknown_category",
        7: "duplicate",
    }


def test_notices_come_out_as_from_a_table_of_them(tmp_path: Path, reference: Path) -> None:
    """Thirty real ones: as the service wrote them, and as a table whose centre is found out."""
    table = pd.read_csv(reference / "sweden" / "police_events_lekeberg.csv", dtype=str)
    answer = [
        {"id": int(row["id"]), "datetime": row["datetime"], "name": row["name"],
         "type": row["type"],
         "location": {"name": row["location_name"], "gps": f"{row['lat']},{row['lon']}"}}
        for row in table.to_dict("records")
    ]  # fmt: skip
    (tmp_path / "events.json").write_text(json.dumps(answer))
    shutil.copy(reference / "sweden" / "police_events_lekeberg.csv", tmp_path / "events.csv")
    one = read(tmp_path, "incidents", "events.json")
    other = read(tmp_path, "incidents", "events.csv")
    assert one.report.area_level == other.report.area_level == 28
    assert dict(one.report.left_out) == {"county_only": 2}
    assert dict(other.report.left_out) == {"outside_area": 2}  # where the county's centre lies
    pd.testing.assert_frame_equal(one.table, other.table)


def test_a_single_notice_is_of_the_area_too(tmp_path: Path) -> None:
    """It is the service that tells, not how many share a point."""
    (tmp_path / "one.json").write_text(json.dumps(json.loads(sample("polisen.json"))[:1]))
    assert read(tmp_path, "incidents", "one.json").report.area_level == 1


def test_hotspots_of_notices_are_refused(tmp_path: Path) -> None:
    """The command without a project does not take an area's centre for a place either."""
    path = tmp_path / "polisen.json"
    path.write_text(json.dumps(json.loads(sample("polisen.json"))[:2]))
    stream = open_events(path)
    with pytest.raises(SourceError) as caught:
        list(stream.batches())
    assert "centre" in caught.value.problems[0].cure
    assert stream.area_level == stream.read == 2


def test_what_the_police_write_of_places_has_a_category() -> None:
    """The types of polisen.se/api/events that are trouble somewhere, in their families."""
    vocabulary = Vocabulary(known_categories(), known_words())
    for word, category in {
        "Trafikolycka, personskada": "collision",
        "Trafikolycka, smitning från": "collision",
        "Rattfylleri": "drink_driving",
        "Skadegörelse": "vandalism",
        "Misshandel, grov": "violence",
        "Narkotikabrott": "narcotics",
        "Brand": "fire",
        "Stöld/inbrott": "burglary",
        "Stöld ur fordon": "theft",
        "Stöld,  ringa": "theft",
        "Ofredande/förargelse": "disorder",
        "Olaga intrång/hemfridsbrott": "disorder",
        "Bombhot": "violence",
        "Fylleri/LOB": "alcohol",
        "Övrigt": "other",
    }.items():
        assert vocabulary.find(word) == category, word
    for word in ("Försvunnen person", "Sjukdom/olycksfall", "Räddningsinsats", "Trafikkontroll"):
        assert vocabulary.find(word) is None, word


# --- STRADA -----------------------------------------------------------------------------------


def test_accidents_get_one_time_of_the_parts_of_their_date(tmp_path: Path) -> None:
    """Year, month, day and hour; without an hour the day is known; no 30 February."""
    layer = read(tmp_path, "incidents", "strada_olyckor.csv")
    assert layer.report.usable
    table = by_id(layer)
    assert table.loc["2021-1001", "time"] == pd.Timestamp("2021-06-07 14:00")
    assert table["category"].tolist() == ["collision"] * 2
    assert table["family"].tolist() == ["traffic"] * 2
    assert reasons(layer) == {4: "unreadable_date"}
    assert layer.events is not None
    assert [month_text(m) for m in layer.events.month] == ["2021-06", "2021-12"]
    assert layer.events.hour.tolist() == [14, UNKNOWN_HOUR]  # of a week that begins on Monday


def test_accidents_are_counted_and_not_the_people_in_them(tmp_path: Path) -> None:
    """Two in one car are one accident; age, sex and injury are never read, and it is said."""
    layer = read(tmp_path, "traffic_spots", "strada_personer.csv")
    assert list(by_id(layer).index) == ["2021-1001", "2021-1002"]
    assert layer.table["place"].tolist() == ["E 18", "Storgatan"]
    assert layer.table["month"].tolist() == ["2021-06", "2021-12"]
    assert reasons(layer) == {3: "same_accident"}
    (note,) = [n for n in layer.report.notes if n.key == "personal_columns_dropped"]
    assert note.values["columns"].split(", ") == [
        "Ålder", "Kön", "Trafikantroll (P)", "Händelseförlopp (P)", "MAIS",
        "Sammanvägd skadegrad",
    ]  # fmt: skip
    (raw,) = strada.read(SAMPLES / "strada_personer.csv")
    assert not raw.data.astype("str").isin(["Kvinna", "41", "Fritext"]).any(axis=None)


def test_the_workbook_of_strada_is_read_as_the_csv(tmp_path: Path) -> None:
    """As many download it; the sheet of accidents stands first."""
    book = openpyxl.Workbook()
    book.active.title = "Olyckor"
    for line in (SAMPLES / "strada_olyckor.csv").read_text("utf-8-sig").splitlines():
        book.active.append([int(v) if v.isdigit() else v or None for v in line.split(",")])
    book.save(tmp_path / "uttag.xlsx")
    assert format_of(tmp_path / "uttag.xlsx").name == "strada"
    (excel,) = strada.read(tmp_path / "uttag.xlsx")
    (csv,) = strada.read(SAMPLES / "strada_olyckor.csv")
    assert excel.data["datetime"].tolist() == csv.data["datetime"].tolist()
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("a", "b")
    assert not claims(strada.FORMAT, tmp_path / "other.xlsx")


def test_accidents_of_several_batches_are_counted_once(tmp_path: Path) -> None:
    """A person of an accident may stand thousands of rows after the first."""
    head, first, *_ = (SAMPLES / "strada_personer.csv").read_text("utf-8-sig").splitlines()
    rest = [first.replace("2021-1001", f"2021-{n}") for n in range(2000, 62_000)]
    (tmp_path / "p.csv").write_text("\n".join([head, first, *rest, first]), "utf-8")
    tables = list(strada.read(tmp_path / "p.csv"))
    assert len(tables) > 1
    assert sum(len(table.data) for table in tables) == 60_001
    assert pd.concat([t.left_out for t in tables])["row"].tolist() == [60_003]
    assert [note.key for table in tables for note in table.notes].count(
        "personal_columns_dropped"
    ) == 1  # fmt: skip


def test_a_table_of_strada_without_its_date_is_refused(tmp_path: Path) -> None:
    """The columns that are missing are named."""
    (tmp_path / "p.csv").write_text(
        "Olycksnummer,Klockslag grupp (timme),År\n1,2,2021\n", "utf-8-sig"
    )
    with pytest.raises(SourceError) as caught:
        list(strada.read(tmp_path / "p.csv"))
    assert "Månad, Dag" in caught.value.problems[0].what


def test_a_table_of_strada_without_positions_says_so(tmp_path: Path) -> None:
    """The usual tables have none; the cure names the option."""
    (tmp_path / "p.csv").write_text(
        "Olycksnummer,År,Månad,Dag,Klockslag grupp (timme)\n1,2021,6,7,14\n", "utf-8-sig"
    )
    (problem,) = read(tmp_path, "incidents", "p.csv").report.problems
    assert "columns for a position" in problem.what
    assert tomllib.loads(problem.cure.split(": ", 1)[1].split(" or ")[0])
