"""Weather: SMHI's files as they are downloaded, plain tables, local days, and errors that help."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import main
from geo.errors import SourceError
from layers.weather import read_weather
from maps.words import words

HOURLY = """\ufeffStationsnamn;Stationsnummer;Stationsnät;Mäthöjd (meter över marken)
Örebro A;95130;SMHIs stationsnät;2.0

Parameternamn;Beskrivning;Enhet
Lufttemperatur;momentanvärde, 1 gång/tim;celsius

Datum;Tid (UTC);Lufttemperatur;Kvalitet;;Tidsutsnitt:
"""
DAILY = """Stationsnamn;Stationsnummer
Örebro A;95130

Från Datum Tid (UTC);Till Datum Tid (UTC);Representativt dygn;Nederbördsmängd;Kvalitet;;Tidsutsnitt:
2024-01-01 06:00:01;2024-01-02 06:00:00;2024-01-01;4.2;G;;Kvalitetskontrollerade historiska data
2024-01-02 06:00:01;2024-01-03 06:00:00;2024-01-02;0.0;G;;
"""


def day(text: str) -> int:
    """Number a day from 1970-01-01."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def read(tmp_path, text, name="vader.csv"):
    """Read one file of weather."""
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_weather([path])


def test_hourly_readings_in_utc_become_local_days(tmp_path):
    """At 23 UTC a new day has begun in Sweden; a day with two of 24 readings is not known."""
    moments = [("2023-12-31", 23, 10.0)]
    moments += [("2024-01-01", hour, 10.0 + (hour == 0) * 24) for hour in range(23)]
    moments += [("2024-01-01", 23, -5.0), ("2024-01-02", 0, -5.0)]
    rows = "".join(f"{one};{hour:02d}:00:00;{value};G;;\n" for one, hour, value in moments)
    told, (report,) = read(tmp_path, HOURLY + rows + "\n")
    assert told == {"temperature": {day("2024-01-01"): pytest.approx(11.0)}}
    assert (report.read, report.accepted, report.kind) == (26, 26, "weather")


def test_controlled_and_raw_readings_count_alike_in_older_files_too(tmp_path):
    """Quality G and Y, Windows-1252, lines that end as Windows ends them, decimal commas."""
    rows = "2024-01-01;00:00:00;1,5;G;;\n2024-01-01;01:00:00;2,5;Y;;\n2024-01-01;02:00:00;;Y;;\n"
    text = (HOURLY.removeprefix("\ufeff") + rows).replace("\n", "\r\n")
    (tmp_path / "old.csv").write_bytes(text.encode("cp1252"))
    told, _ = read_weather([tmp_path / "old.csv"])
    assert told == {"temperature": {day("2024-01-01"): 2.0}}


def test_daily_rain_counts_for_the_day_that_it_stands_for(tmp_path):
    """The representative day, not the morning when the gauge was emptied."""
    told, _ = read(tmp_path, DAILY)
    assert told == {"precipitation": {day("2024-01-01"): 4.2, day("2024-01-02"): 0.0}}


@pytest.mark.parametrize(
    "text",
    [
        "date,temperature,precipitation\n2024-01-01,-3.5,1.2\n2024-01-02,,0\n",
        "Datum;Temperatur (°C);Nederbörd (mm)\n2024-01-01;-3,5;1,2\n2024-01-02;;0\n",
    ],
    ids=["en", "sv"],
)
def test_a_plain_table_is_read_in_either_language(tmp_path, text):
    """What is empty is not known."""
    told, _ = read(tmp_path, text)
    first, second = day("2024-01-01"), day("2024-01-02")
    assert told == {"temperature": {first: -3.5}, "precipitation": {first: 1.2, second: 0.0}}


def test_two_files_are_put_together(tmp_path):
    """SMHI gives one file for each thing that is measured; the first counts where both tell."""
    (tmp_path / "a.csv").write_text(DAILY, "utf-8")
    (tmp_path / "b.csv").write_text("date,temp,rain\n2024-01-01,1,99\n2024-01-03,2,7\n", "utf-8")
    told, reports = read_weather([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert told["precipitation"][day("2024-01-01")] == 4.2
    assert told["precipitation"][day("2024-01-03")] == 7.0
    assert told["temperature"][day("2024-01-03")] == 2.0
    assert [len(report.sha256) for report in reports] == [64, 64]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,rain\n2024-01-01,1\nsoon,2\n", "row 3"),
        ("date,rain\n2024-01-01,much\n", "row 2"),
        (DAILY + "2024-01-03 06:00:01;x;2024-01-03;?;G;;\n", "row 7"),
        ("date,wind\n2024-01-01,1\n", "wind"),
        ("date,temp\n2024-01-01,9999\n", "row 2"),
        ("date,rain\n2024-01-01,-1\n", "row 2"),
        (HOURLY, "none"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path, text, said):
    """The file, the row as an editor counts, and what had been expected."""
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    problem = caught.value.problems[0]
    assert said in f"{problem.where} {problem.what}"
    assert problem.where.startswith("vader.csv")
    assert problem.cure


@pytest.fixture
def project(tmp_path):
    """A project with an event a day in June, rain on every fifth, and its file of weather."""
    CliRunner().invoke(main, ["init", str(tmp_path / "ny")])
    folder = tmp_path / "ny"
    outline = Path(__file__).parents[1] / "examples" / "lekeberg" / "kommun.geojson"
    (folder / "kommun.geojson").write_bytes(outline.read_bytes())
    days = [f"2021-06-{number:02d}" for number in range(1, 31)]
    rows = "".join(
        f"{one} 14:30;Skadegörelse;14,92{i:02d};59,245\n"
        for i, one in enumerate([*days, *days[::5] * 9])
    )
    (folder / "rapporter.csv").write_text("Datum;Typ;Longitud;Latitud\n" + rows, "utf-8")
    rain = "".join(f"{one},{9 * (i % 5 == 0)}\n" for i, one in enumerate(days))
    (folder / "vader.csv").write_text("date,rain\n" + rain, "utf-8")
    return folder


def ask(verb, folder):
    """Run the command on the project, with its weather."""
    toml = str(folder / "lagesbild.toml")
    return CliRunner().invoke(main, [verb, toml, "--set", 'calendar.weather="vader.csv"'])


def test_a_project_compares_wet_days_and_names_the_file_in_its_manifest(project):
    """Read, checked, hashed, and on the page: the wet days held ten times as many."""
    checked = ask("check", project)
    assert checked.exit_code == 0, checked.output
    built = ask("build", project)
    assert built.exit_code == 0, built.output
    made = project / "out" / "2021-06"
    inputs = json.loads((made / "manifest.json").read_text("utf-8"))["inputs"]
    (weather,) = (one for one in inputs if one["kind"] == "weather")
    assert weather["path"] == "vader.csv"
    assert (weather["read"], weather["accepted"]) == (30, 30)
    assert weather["sha256"] == sha256((project / "vader.csv").read_bytes()).hexdigest()
    told = words("sv")("page.rhythm.when.weather_wet")
    assert told in (made / "karta.html").read_text("utf-8")


@pytest.mark.parametrize("verb", ["check", "build"])
def test_a_project_with_weather_that_cannot_be_used_is_refused_with_the_row(project, verb):
    """Before anything is built; so is a file that is not there."""
    (project / "vader.csv").write_text("date,rain\n2021-06-01,much\n", "utf-8")
    refused = ask(verb, project)
    assert refused.exit_code == 1
    assert "vader.csv, row 2" in refused.stderr
    assert not (project / "out").exists()
    (project / "vader.csv").unlink()
    assert ask(verb, project).exit_code == 1
