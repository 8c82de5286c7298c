"""The command backtest, and method = "auto" in a project: what they print, write and refuse."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from cli import main

ROOT = Path(__file__).resolve().parents[1]
AREA = shapely.box(480_000, 6_550_000, 486_000, 6_556_000)


def call(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def write_events(path, months=18, n=900, seed=1):
    """Write a table of events in SWEREF 99 TM from January 2020 on: two places, and noise."""
    rng = np.random.default_rng(seed)
    centres = np.array([[481_500, 6_551_500], [484_300, 6_554_100]])[rng.integers(0, 2, n)]
    near = rng.normal(centres, 150.0)
    far = rng.uniform(AREA.bounds[:2], AREA.bounds[2:], (n, 2))
    xy = np.where((rng.random(n) < 0.6)[:, None], near, far)
    month = rng.integers(0, months, n)
    day = rng.integers(1, 28, n)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["x", "y", "datum", "typ"])
        for (x, y), m, d in zip(xy.round(1), month, day, strict=True):
            writer.writerow([x, y, f"{2020 + m // 12}-{m % 12 + 1:02d}-{d:02d}", "buller"])
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of eighteen months, back-tested once."""
    folder = tmp_path_factory.mktemp("backtest")
    events = write_events(folder / "events.csv")
    out = folder / "out"
    words = ("backtest", events, "--crs", 3006, "--cell-size", 300, "--cell-size", 600)
    result = call(*words, "-o", out)
    assert result.exit_code == 0, result.output
    return events, out, result, words


def project(folder, more="", months=18):
    """Write a project of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    write_events(folder / "events.csv", months=months)
    corners = shapely.get_coordinates(AREA).tolist()
    shape = {"type": "Polygon", "coordinates": [corners]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}}
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    collection = {"type": "FeatureCollection", "crs": crs, "features": [feature]}
    (folder / "area.geojson").write_text(json.dumps(collection), "utf-8")
    path = folder / "lagesbild.toml"
    path.write_text(
        f"""municipality = "Prov"
[area]
file = "area.geojson"
[hotspots]
methods = ["count", "gi_star"]
stability = false
{more}
[promise]
patrol_minutes_per_week = 240
[[layers]]
kind = "incidents"
file = "events.csv"
""",
        "utf-8",
    )
    return path


def test_the_table_holds_every_method_and_size(table):
    """Plain count and long-run average among them, at each cell size, the best first."""
    lines = table[2].stdout.splitlines()
    assert lines[0].split()[:3] == ["method", "cell", "m"]
    found = {tuple(re.split(r"  +", line)[:2]) for line in lines[1:]}
    for name in ("count", "average", "kde bandwidth=300", "gi_star"):
        assert {(name, "300"), (name, "600")} <= found
    rates = [float(re.split(r"  +", line)[6]) for line in lines[1:]]
    assert rates == sorted(rates, reverse=True)


def test_it_says_what_was_chosen_and_who_wins(table):
    """Months, patrols' ground, the hull's warning, and one sentence about the plain count."""
    said = table[2].stderr
    assert "12 months are foretold, 2020-07 to 2021-06" in said
    assert "8 visits of 15 minutes cover 0.32 km²" in said.replace("\xa0", " ")
    assert "hull" in said
    assert len(re.findall(r"plain count", said)) == 1


def test_four_files_are_written(table):
    """Page, plot, CSV and JSON; the JSON names the input by its checksum."""
    _, out, _, _ = table
    assert {p.name for p in out.iterdir()} == {
        "backtest.html", "backtest.csv", "backtest.json", "backtest.svg",
    }  # fmt: skip
    told = json.loads((out / "backtest.json").read_text("utf-8"))
    assert [len(one["sha256"]) for one in told["inputs"]] == [64]
    assert told["settings"]["budget_m2"] == 320_000
    assert len(told["months"]) == 12


def test_the_files_agree(table):
    """CSV and JSON hold the same rows; shares and rates fit hits and events."""
    _, out, result, _ = table
    with (out / "backtest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = json.loads((out / "backtest.json").read_text("utf-8"))["results"]
    assert len(rows) == len(told) == 5 * (len(result.stdout.splitlines()) - 1)
    for row, other in zip(rows, told, strict=True):
        assert float(row["hit_rate"]) == pytest.approx(other["hit_rate"], rel=1e-5)
        assert other["hit_rate"] == pytest.approx(other["hits"] / other["events"])
        assert other["pai"] == pytest.approx(other["hit_rate"] / other["share"])
        assert 0 <= other["pei"] <= 1
        assert other["hit_rate_low"] <= other["hit_rate"] <= other["hit_rate_high"]


def test_the_same_input_gives_the_same_bytes(table, tmp_path):
    """A second run writes the very same files."""
    _, out, _, words = table
    assert call(*words, "-o", tmp_path / "again").exit_code == 0
    for file in out.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_page_asks_for_nothing(table, tmp_path, language):
    """No script, no link, a policy that lets only its own style in; every word is there."""
    _, _, _, words = table
    result = call(*words, "-o", tmp_path, "--lang", language)
    assert result.exit_code == 0
    page = (tmp_path / "backtest.html").read_text("utf-8")
    assert f'<html lang="{language}">' in page
    assert "default-src 'none'; style-src 'sha256-" in page.replace("&#39;", "'")
    assert not re.search(r"<script|<link|src=|url\(|https?://(?!www\.w3\.org/2000/svg)", page)
    assert page.count("<table>") == 3
    assert "<title id=" in page
    assert "<desc id=" in page


def test_the_plot_stands_alone_and_names_its_lines(table):
    """An SVG of its own, with a label for each method shown."""
    text = (table[1] / "backtest.svg").read_text("utf-8")
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    for name in ("Antal händelser", "Täthet", "Gi*", "Långtidsgenomsnitt"):
        assert name in text
    assert "nan" not in text


def test_without_a_folder_a_table_writes_nothing(table, tmp_path, monkeypatch):
    """Data on stdout, and no file anywhere."""
    monkeypatch.chdir(tmp_path)
    result = call("backtest", table[0], "--crs", 3006, "--cell-size", 600)
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_project_brings_its_promise_and_folder(tmp_path):
    """240 minutes a week are 0.64 km2; results lie in out/backtest."""
    path = project(tmp_path)
    result = call("backtest", path, "--cell-size", 300)
    assert result.exit_code == 0, result.output
    assert "The promise of 240 minutes a week is enough for 16 visits" in result.stderr
    assert (tmp_path / "out" / "backtest" / "backtest.html").is_file()


def test_auto_uses_the_result_and_says_so(tmp_path):
    """The map is ranked by the target, the notes say by what and why, the manifest too."""
    path = project(tmp_path, 'method = "auto"')
    result = call("build", path)
    assert result.exit_code == 0, result.output
    assert "method = auto" in result.stderr
    assert "plain count" in result.stderr
    manifest = json.loads((tmp_path / "out" / "2021-06" / "manifest.json").read_text("utf-8"))
    told = manifest["settings"]
    assert told["methods"]["target"]["by"] == told["auto"]["by"]
    assert told["auto"]["beats_count"] == (told["auto"]["p"] < 0.05)
    assert told["grid"]["cell_size"] == told["auto"]["cell_size"]
    assert told["methods"]["target"]["budget_m2"] == 640_000


def test_auto_sees_no_month_after_the_meeting(tmp_path):
    """The choice for March is the same whether April has come or not."""
    told = []
    for keep in (True, False):
        path = project(tmp_path / str(keep), 'method = "auto"\n[grid]\ncell_size = 300', months=24)
        if not keep:
            file = path.parent / "events.csv"
            rows = file.read_text("utf-8").splitlines()
            kept = [row for row in rows if not re.search(r",2021-(0[4-9]|1)", row)]
            assert len(kept) < len(rows)
            file.write_text("\n".join(kept) + "\n", "utf-8")
        assert call("build", path, "--month", "2021-03").exit_code == 0
        manifest = path.parent / "out" / "2021-03" / "manifest.json"
        told.append(json.loads(manifest.read_text("utf-8"))["settings"]["auto"])
    assert told[0] == told[1]
    assert told[0]["cell_size"] == 300


def test_auto_with_too_little_data_stays_with_gi_star(tmp_path):
    """Eight months: Gi* as usual, and a note that says why."""
    path = project(tmp_path, 'method = "auto"\n[grid]\ncell_size = 300', months=8)
    result = call("build", path)
    assert result.exit_code == 0, result.output
    assert "too short to try methods against each other" in result.stderr
    manifest = json.loads((tmp_path / "out" / "2020-08" / "manifest.json").read_text("utf-8"))
    assert "target" not in manifest["settings"]["methods"]


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (("--budget", -1), "--budget"),
        (("--cell-size", 0), "--cell-size"),
        (("--family", "order"), "--family"),
        (("--month", "March"), "--month"),
        (("--cell-size", 1), "--cell-size"),
        (("--month", "2020-03"), "at least 6 of those"),
    ],
)
def test_wishes_that_cannot_be_are_refused(table, words, cure):
    """Exit 1, the option is named, and nothing is written."""
    result = call("backtest", table[0], "--crs", 3006, *words)
    assert result.exit_code == 1
    assert cure in result.stderr


def test_a_project_is_not_asked_for_columns(tmp_path):
    """Options of a table do not go with a project; a family must exist."""
    path = project(tmp_path)
    assert "--time" in call("backtest", path, "--time", "datum").stderr
    result = call("backtest", path, "--family", "bathing")
    assert result.exit_code == 1
    assert "expected one of" in result.stderr


def test_the_example_can_be_back_tested(tmp_path):
    """Lekeberg's promise, months and layers: a verdict on twelve months."""
    folder = tmp_path / "lekeberg"
    shutil.copytree(ROOT / "examples" / "lekeberg", folder, ignore=shutil.ignore_patterns("out"))
    result = call("backtest", folder / "lagesbild.toml", "--cell-size", 400)
    assert result.exit_code == 0, result.output
    assert "Tried on 12 months." in result.stderr
