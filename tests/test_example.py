"""The Lekeberg example: real places as published, invented reports that say so."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
from click.testing import CliRunner

from cli import main
from geo.calendar import in_periods, months_unnamed
from geo.months import parse_month
from layers.project import load_project

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "lekeberg"
SCRIPT = EXAMPLE / "make_example.py"
INVENTED = (
    "rapporter_2020.csv",
    "rapporter_2021.csv",
    "trafik.csv",
    "patruller.csv",
    "patrullvagar.geojson",
    "vagar.geojson",
)

Row = dict[str, str]


def read(name: str, encoding: str = "utf-8", separator: str = ",") -> list[Row]:
    """Read one of the example's tables."""
    with (EXAMPLE / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def script() -> Any:
    """Load the script that makes the invented part."""
    spec = importlib.util.spec_from_file_location("make_example", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_script_makes_the_files_that_lie_beside_it(tmp_path: Path, seed: str) -> None:
    """Byte for byte, whatever order Python's sets and hashes have in this run."""
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, SCRIPT, tmp_path], check=True, env=env)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(INVENTED)
    for name in INVENTED:
        assert (tmp_path / name).read_bytes() == (EXAMPLE / name).read_bytes(), name


def test_about_1500_reports_over_24_months(script: Any) -> None:
    """Reports and traffic problems together, and at least a few in every month."""
    tables = (
        read("rapporter_2020.csv", "cp1252", ";"),
        read("rapporter_2021.csv", "utf-8-sig", ";"),
        read("trafik.csv"),
    )
    assert 1400 <= sum(map(len, tables)) <= 1600
    months = [(r.when.year, r.when.month) for r in script.invent(script.random.Random(1))]
    assert set(months) == {(y, m) for y in (2020, 2021) for m in range(1, 13)}
    assert min(map(months.count, set(months))) > 20


def test_the_script_s_projection_is_sweref_99_tm(script: Any) -> None:
    """PROJ gives the same whole metres in the municipality, and all along Sweden."""
    to_metres = pyproj.Transformer.from_crs(4326, 3006, always_xy=True)
    places = [(14.5 + i / 20, 59.0 + j / 40) for i in range(12) for j in range(14)]
    for lon, lat in [*places, (11.2, 55.4), (24.1, 65.8), (20.0, 69.0)]:
        east, north = to_metres.transform(lon, lat)
        n, e = script.sweref((lon, lat))
        assert math.hypot(n - north, e - east) < 0.75  # both are rounded to the metre


def test_the_bathing_sites_are_as_published(reference: Path) -> None:
    """Identifiers and coordinates digit by digit; of names, only doubled spaces are mended."""
    with (reference / "sweden" / "badplatser_lekeberg.csv").open(encoding="utf-8") as file:
        published = {
            r["nutskod"]: (" ".join(r["namn"].split()), r["kommun"], r["lat"], r["lon"])
            for r in csv.DictReader(file)
        }
    ours = {
        r["nutskod"]: (r["namn"], r["kommun"], r["lat"], r["lon"]) for r in read("badplatser.csv")
    }
    assert ours == published
    assert len(ours) == 5
    assert all("HaV" in r["kalla"] for r in read("badplatser.csv"))


def test_the_outline_is_the_published_ring(reference: Path) -> None:
    """Every corner is a published coordinate rounded to five decimals, and the source is named."""
    published = read_json(reference / "sweden" / "lekeberg_1814.geojson")
    ours = read_json(EXAMPLE / "kommun.geojson")
    ring = published["features"][0]["geometry"]["coordinates"][0][0]
    assert ours["features"][0]["geometry"]["coordinates"] == [
        [[round(x, 5), round(y, 5)] for x, y in ring]
    ]
    assert "SCB" in ours["features"][0]["properties"]["kalla"]
    assert "CC0" in ours["features"][0]["properties"]["kalla"]


def test_the_localities_are_as_published(reference: Path) -> None:
    """All localities of the municipality, with their code, inhabitants, size and centre."""
    published = {
        f["properties"]["code"]: (
            f["properties"]["name"],
            f["properties"]["pop"],
            f["properties"]["area"],
            *(round(c, 5) for c in f["geometry"]["coordinates"]),
        )
        for f in read_json(reference / "sweden" / "tatorter_orebro_lan.geojson")["features"]
        if f["properties"]["mun_name"] == "Lekeberg"
    }
    ours = {
        r["tatortskod"]: (
            r["namn"],
            int(r["befolkning"]),
            int(r["area_ha"]),
            float(r["lon"]),
            float(r["lat"]),
        )
        for r in read("orter.csv")
    }
    assert ours == published


def test_every_drawn_thing_says_that_it_is_schematic() -> None:
    """No one can take the background for a survey: each feature says how it was made."""
    features = read_json(EXAMPLE / "vagar.geojson")["features"]
    assert {f["properties"]["class"] for f in features} == {
        "built_up",
        "road_major",
        "road_minor",
        "water",
    }
    for feature in features:
        assert feature["properties"]["schematisk"] is True
        assert feature["properties"]["hur"].startswith("Schematisk")


def test_patrols_keep_the_promise_but_leave_gaps() -> None:
    """Two hours a week over the two years; none stops within a kilometre of Leken."""
    rows = read("patruller.csv", separator=";")
    weeks = ((date(2021, 12, 31) - date(2020, 1, 1)).days + 1) / 7
    assert sum(int(r["Minuter"]) for r in rows) / weeks >= 120
    leken = next(r for r in read("badplatser.csv") if r["namn"] == "Leken")
    geod = pyproj.Geod(ellps="GRS80")
    for r in rows:
        _, _, metres = geod.inv(
            float(leken["lon"]), float(leken["lat"]), float(r["Lon"]), float(r["Lat"])
        )
        assert metres > 1000


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the example as ``lagesbild demo`` does; the folder of its latest month."""
    folder = tmp_path_factory.mktemp("example") / "lekeberg"
    result = CliRunner().invoke(main, ["demo", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "out" / "2021-12"


def test_the_page_says_that_the_reports_are_invented(out: Path) -> None:
    """In plain Swedish words, where a reader meets them."""
    page = (out / "karta.html").read_text(encoding="utf-8")
    assert "Rapporterna, trafikproblemen och patrullerna är påhittade" in page


def test_what_was_put_in_comes_out(out: Path) -> None:
    """The places where trouble was invented are found, by name, and nothing at the quiet ones."""
    with (out / "hotspots.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    found = {family: [r for r in rows if r["family"] == family] for family in ("all", "traffic")}
    names = [r["name"] for r in found["all"]]
    assert {"Lanna badgruva", "Leken", "Fjugesta"} <= set(names)
    assert not any("Multen" in name or "Gropen" in name for name in names)
    gatherings = [r for r in found["traffic"] if "Moped och A-traktor" in r["categories"]]
    assert any("Fjugesta" in r["name"] and r["n_year_before"] == "0" for r in gatherings)


def test_exactly_the_spoiled_rows_are_left_out(out: Path) -> None:
    """Of each source, as many as the script spoiled, for the reason that it spoiled them."""
    sources = {s["name"]: s for s in read_json(out / "manifest.json")["inputs"]}
    for source in sources.values():
        assert source["read"] == source["accepted"] + sum(source["left_out"].values())
    assert sources["incidents_2020"]["left_out"] == {
        "duplicate": 4,
        "no_position": 3,
        "outside_area": 2,
        "unknown_category": 2,
        "unreadable_date": 2,
        "wrong_number_of_fields": 2,
        "zero_position": 2,
    }
    assert sources["incidents_2021"]["left_out"] == {
        "duplicate": 3,
        "no_position": 3,
        "outside_area": 1,
        "unknown_category": 2,
        "unreadable_date": 2,
        "zero_position": 1,
    }
    assert set(sources["traffic_spots"]["left_out"].values()) == {1}
    assert len(sources["traffic_spots"]["left_out"]) == 7
    for name in ("bathing_sites", "patrols", "patrol_routes", "places", "background"):
        assert sources[name]["left_out"] == {}


def test_reports_on_the_centre_count_for_the_area_only(out: Path) -> None:
    """Twenty-four each year were put on the centre, some of them spoiled; no cell has them."""
    sources = {s["name"]: s for s in read_json(out / "manifest.json")["inputs"]}
    for name in ("incidents_2020", "incidents_2021"):
        assert 18 <= sources[name]["area_level"] <= 24


def test_the_settings_are_told_as_they_were_used(out: Path) -> None:
    """School holidays, the promise and the page's wishes stand in the manifest."""
    used = read_json(out / "manifest.json")["settings"]
    assert len(used["school_holidays"]) == 11
    assert used["school_holidays"][0] == "2019-12-21/2020-01-07"
    assert used["promise_minutes_per_week"] == 120
    assert used["page"] == {"filters": True}


def test_the_page_s_settings_can_be_set_for_one_run(tmp_path: Path) -> None:
    """As any other setting; the key of a tile server is not told to those who get the manifest."""
    for file in EXAMPLE.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    wished = (
        "page.filters=false",
        "page.tiles=https://tiles.example.se/a=b/{z}/{x}/{y}.png?key=secret&size=2",
        "page.attribution=© Alla",
        "promise.patrol_minutes_per_week=60",
        "hotspots.methods=['count']",
        "hotspots.stability=false",
    )
    project = str(tmp_path / "lagesbild.toml")
    options = [word for one in wished for word in ("--set", one)]
    result = CliRunner().invoke(main, ["build", project, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    used = read_json(tmp_path / "out" / "2021-12" / "manifest.json")["settings"]
    assert used["page"] == {
        "filters": False,
        "tiles": "https://tiles.example.se/a=b/{z}/{x}/{y}.png?key=…&size=…",
        "attribution": "© Alla",
    }
    assert used["promise_minutes_per_week"] == 60


def test_the_example_names_its_holidays_for_every_month(out: Path) -> None:
    """Its reports of July are of the holidays, those of September are not."""
    project = load_project(EXAMPLE / "lagesbild.toml")
    days = np.array(["2021-07-10", "2021-09-10", "2021-02-23"], dtype="datetime64[D]")
    assert in_periods(days, project.school_holidays).tolist() == [True, False, True]
    span = (parse_month("2020-01"), parse_month("2021-12"))
    assert months_unnamed(span, project.school_holidays) == ()
    assert "inga skollov" not in (out / "karta.html").read_text(encoding="utf-8")
