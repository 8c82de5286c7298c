"""The commands as they are typed: what they write, what they say, how they end."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
from click.testing import CliRunner

import cli
from cli import main
from geo.crs import transform

ROOT = Path(__file__).resolve().parents[1]


def call(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def files_of(folder):
    """Every file of a folder and its bytes."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The Lekeberg example, written and built once."""
    folder = tmp_path_factory.mktemp("demo") / "lekeberg"
    result = call("demo", folder)
    assert result.exit_code == 0, result.output
    return folder, result


def test_the_demo_writes_the_whole_result_and_says_where(built):
    """Five files in the month's folder, named on the screen."""
    folder, result = built
    out = folder / "out" / "2021-12"
    assert {p.name for p in out.iterdir()} == {
        "karta.html",
        "lagesbild.gpkg",
        "hotspots.csv",
        "left_out.csv",
        "manifest.json",
    }
    assert str(out / "karta.html") in result.stderr
    assert "hotspots in 2021-12" in result.stderr


def test_no_row_is_lost(built):
    """In the manifest and the table of rows left out: read = accepted + left out, per source."""
    out = built[0] / "out" / "2021-12"
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    with (out / "left_out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(manifest["inputs"]) == 9
    for source in manifest["inputs"]:
        left = sum(source["left_out"].values())
        assert source["read"] == source["accepted"] + left
        assert left == sum(1 for row in rows if row["source"] == source["path"])
    assert sum(len(s["left_out"]) for s in manifest["inputs"]) >= 6


def test_the_same_input_gives_the_same_bytes(built):
    """A second build changes nothing, to the last byte."""
    folder, _ = built
    before = files_of(folder / "out")
    assert call("build", folder / "lagesbild.toml").exit_code == 0
    assert files_of(folder / "out") == before


def test_a_failed_build_leaves_the_earlier_result(built, tmp_path):
    """A source that has gone bad: exit 1, the file named, nothing of the old result touched."""
    folder = tmp_path / "copy"
    for name, content in files_of(built[0]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    before = files_of(folder / "out")
    (folder / "trafik.csv").write_text("hej\nhopp\n", "utf-8")
    (folder / "rapporter_2020.csv").write_bytes(b"\x00\x01\x02")
    result = call("build", folder / "lagesbild.toml")
    assert result.exit_code == 1
    assert "trafik.csv" in result.stderr
    assert "rapporter_2020.csv" in result.stderr  # all problems at once
    assert files_of(folder / "out") == before
    assert call("check", folder / "lagesbild.toml").exit_code == 1


def test_check_writes_nothing_and_counts_everything(tmp_path):
    """A table on stdout with read, accepted and left out; no file is made."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in (ROOT / "examples" / "lekeberg").iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    before = files_of(folder)
    result = call("check", folder / "lagesbild.toml")
    assert result.exit_code == 0
    assert files_of(folder) == before
    header = result.stdout.splitlines()[0].split()
    assert header[:4] == ["source", "file", "read", "accepted"]
    assert "unknown" in result.stdout or "left out" in result.stdout


@pytest.mark.parametrize(
    "setting", ["grid.cell_size=1000", "grid.kind=hex", "period.window_months=24"]
)
def test_settings_can_be_overridden(built, tmp_path, setting):
    """``--set`` is used and recorded in the manifest."""
    out = tmp_path / "out"
    result = call(
        "build", built[0] / "lagesbild.toml", "--out", out, "--set", setting, "--lang", "en"
    )
    assert result.exit_code == 0, result.output
    text = (out / "2021-12" / "manifest.json").read_text("utf-8")
    settings = json.loads(text)["settings"]
    found = {
        "grid.cell_size=1000": settings["grid"].get("cell_size") == 1000,
        "grid.kind=hex": settings["grid"]["kind"] == "hex",
        "period.window_months=24": settings["period"]["months"] == ["2020-01", "2021-12"],
    }
    assert found[setting]


def test_an_earlier_month_can_be_asked_for(built, tmp_path):
    """``--month 2021-07`` builds July in its own folder."""
    result = call("build", built[0] / "lagesbild.toml", "--out", tmp_path, "--month", "2021-07")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "2021-07" / "karta.html").is_file()


@pytest.mark.parametrize("month", ["2021", "juli", "2021-13"])
def test_a_month_that_is_none_is_wrong_use(built, month):
    """Wrong use ends with 2 and says what was expected."""
    result = call("build", built[0] / "lagesbild.toml", "--month", month)
    assert result.exit_code == 2
    assert "YYYY-MM" in result.stderr


def test_an_empty_project_tells_what_it_lacks(tmp_path):
    """``init`` writes a project; ``check`` names the missing polygon; ``init`` again refuses."""
    folder = tmp_path / "ny"
    assert call("init", folder).exit_code == 0
    result = call("check", folder / "lagesbild.toml")
    assert result.exit_code == 1
    assert "kommun.geojson" in result.stderr
    before = files_of(folder)
    assert call("init", folder).exit_code == 1
    assert files_of(folder) == before


def test_a_project_with_one_report_and_empty_tables_builds(tmp_path):
    """Too little is a picture too: a point, no claim, and layers that are there but empty."""
    folder = tmp_path / "ny"
    call("init", folder)
    outline = (ROOT / "examples" / "lekeberg" / "kommun.geojson").read_bytes()
    (folder / "kommun.geojson").write_bytes(outline)
    (folder / "rapporter.csv").write_text(
        "Datum;Typ;Longitud;Latitud\n2021-06-07 14:30;Skadegörelse;14,92;59,245\n", "cp1252"
    )
    result = call("build", folder / "lagesbild.toml")
    assert result.exit_code == 0, result.output
    assert "0 hotspots in 2021-06" in result.stderr
    assert "Only 1 event" in result.stderr
    assert (folder / "out" / "2021-06" / "karta.html").stat().st_size > 100_000
    names = pyogrio.list_layers(folder / "out" / "2021-06" / "lagesbild.gpkg")[:, 0].tolist()
    assert {"cells", "hotspots", "area", "incidents"} <= set(names)


def write_points(path, header, rows):
    """Write a table of points."""
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_swapped_degrees_in_sweden_are_turned_and_said(tmp_path):
    """Columns labelled the wrong way round are not taken to another continent."""
    rows = [f"{14.87 + i / 9000},{59.17 + i / 9000}" for i in range(40)]
    table = write_points(tmp_path / "t.csv", "lat,lon", rows)
    out = tmp_path / "o.gpkg"
    result = call("hotspots", table, "-o", out)
    assert result.exit_code == 0, result.output
    assert "with north before east" in result.stderr
    assert pyogrio.read_info(out, layer="cells")["crs"] == "EPSG:3006"


def test_the_area_tells_which_zone_coordinates_are_in(tmp_path):
    """SWEREF 99 15 00 cannot be told from its neighbours by sight; the area's box tells."""
    lon, lat = np.full(40, 14.87) + np.arange(40) / 9000, np.full(40, 59.17)
    x, y = transform(lon, lat, 4326, 3009)
    rows = [f"{n:.1f},{e:.1f}" for e, n in zip(x, y, strict=True)]
    table = write_points(tmp_path / "t.csv", "N,E", rows)
    area = ROOT / "examples" / "lekeberg" / "kommun.geojson"
    result = call("hotspots", table, "-o", tmp_path / "o.gpkg", "--area", area)
    assert result.exit_code == 0, result.output
    frame = pyogrio.read_dataframe(tmp_path / "o.gpkg", layer="cells", read_geometry=False)
    assert frame["n"].sum() == 40
    away = write_points(tmp_path / "u.csv", "lon,lat", ["18.1,59.3"] * 9 + ["18.2,59.4"] * 9)
    refused = call("hotspots", away, "-o", tmp_path / "u.gpkg", "--area", area)
    assert refused.exit_code == 1
    assert "lies in kommun.geojson" in refused.stderr


def test_a_run_never_writes_over_what_it_reads(tmp_path):
    """Input and output of one name, or page and GeoPackage of one name: refused, untouched."""
    table = write_points(tmp_path / "t.csv", "lon,lat", ["14.8,59.2"])
    twice = call("hotspots", table, "-o", tmp_path / "a.gpkg", "--page", tmp_path / "a.gpkg")
    over = call("hotspots", table, "-o", table)
    assert (twice.exit_code, over.exit_code) == (1, 1)
    assert "written over" in over.stderr
    assert table.read_text("utf-8") == "lon,lat\n14.8,59.2\n"
    assert not (tmp_path / "a.gpkg").exists()


def test_an_area_without_features_and_an_empty_background_are_no_crash(tmp_path):
    """The first is a named problem, the second nothing to draw."""
    folder = tmp_path / "ny"
    call("init", folder)
    empty = '{"type": "FeatureCollection", "features": []}'
    (folder / "kommun.geojson").write_text(empty, "utf-8")
    result = call("check", folder / "lagesbild.toml")
    assert result.exit_code == 1
    assert "found no features" in result.stderr
    outline = (ROOT / "examples" / "lekeberg" / "kommun.geojson").read_bytes()
    (folder / "kommun.geojson").write_bytes(outline)
    (folder / "vatten.geojson").write_text(empty, "utf-8")
    with (folder / "lagesbild.toml").open("a", encoding="utf-8") as file:
        file.write('[[layers]]\nkind = "background"\nfile = "vatten.geojson"\nsubtract = true\n')
    write_points(
        folder / "rapporter.csv", "tid;kategori;lon;lat", ["2021-06-07;Klotter;14.92;59.245"]
    )
    assert call("build", folder / "lagesbild.toml").exit_code == 0


def test_positions_at_the_end_of_the_world_are_left_out(reference, tmp_path):
    """Five Swedish bathing waters lie off Africa or at the pole: left out, counted, and said."""
    out, page = tmp_path / "out.gpkg", tmp_path / "out.html"
    path = reference / "sweden" / "badplatser_hav_2021.csv"
    result = call("hotspots", path, "-o", out, "--page", page)
    assert result.exit_code == 0, result.output
    assert "11 left out, position 0, 0" in result.stderr
    assert "5 left out, more than 500 km outside" in result.stderr
    frame = pyogrio.read_dataframe(out, layer="cells", read_geometry=False)
    assert frame["n"].sum() == 2684 - 16
    assert page.stat().st_size < 1_500_000
    assert "januari 0" not in page.read_text("utf-8")  # no dates, so no month is named


def test_hotspots_of_the_robberies_of_memphis_on_the_reference_grid(reference, tmp_path):
    """The command's Gi* equals R spdep's for all 3,302 cells; 425 by p, 278 by q."""
    folder = reference / "memphis"
    out = tmp_path / "out.gpkg"
    result = call(
        "hotspots",
        folder / "memphis_robberies_2019.csv",
        "-o",
        out,
        "--cells",
        folder / "grid_square_500.gpkg",
        "--method",
        "gi_star",
    )
    assert result.exit_code == 0, result.output
    frame = pyogrio.read_dataframe(out, layer="cells", read_geometry=False)
    with gzip.open(folder / "gi_star_square_500_expected.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    expected = {k: np.array([float(row[k]) for row in rows]) for k in rows[0]}
    assert frame["cell"].tolist() == expected["cell"].astype(int).tolist()
    assert np.array_equal(frame["n"], expected["n"])
    for ours, theirs in (("gi_z", "gi_star_z"), ("gi_p", "p_two_sided"), ("gi_q", "q_bh")):
        assert abs(frame[ours] - expected[theirs]).max() < 1e-9
    assert (frame["gi_p"] < 0.05).sum() == 425
    assert (frame["gi_q"] < 0.05).sum() == 278


def test_hotspots_needs_no_option(reference, tmp_path):
    """A table alone: columns, coordinate system, cell size and area are chosen and named."""
    out = tmp_path / "out.gpkg"
    result = call("hotspots", reference / "memphis" / "memphis_robberies_2019.csv", "-o", out)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(out)
    for said in ("lon", "lat", "offense_type", "datetime", "32615", "Cell size", "hull"):
        assert said in result.stderr, said
    info = pyogrio.read_info(out, layer="cells")
    assert info["crs"] == "EPSG:32615"
    frame = pyogrio.read_dataframe(out, layer="cells", read_geometry=False)
    assert frame["n"].sum() == 2245
    assert len(pyogrio.read_dataframe(out, layer="hotspots", read_geometry=False)) > 3


def test_the_bathing_waters_of_sweden_land_in_their_municipalities(reference):
    """All 2,684 waters fall in the municipality that another program found for them."""
    import shapely  # noqa: PLC0415 - only here

    from geo.cells import polygon_cells  # noqa: PLC0415 - only here
    from geo.crs import to_metres  # noqa: PLC0415 - only here
    from layers.polygons import read_polygons  # noqa: PLC0415 - only here

    kommuner = read_polygons(reference / "sweden" / "kommuner_scb_3006.gpkg", 3006)
    names = pyogrio.read_dataframe(
        reference / "sweden" / "kommuner_scb_3006.gpkg", read_geometry=False
    )["name"].to_numpy()
    with (reference / "sweden" / "badplatser_hav_2021.csv").open(encoding="utf-8") as file:
        waters = list(csv.DictReader(file))
    with (reference / "sweden" / "pip_expected_scb_sf.csv").open(encoding="utf-8") as file:
        expected = {row["nutskod"]: row["scb_pip"] for row in csv.DictReader(file)}
    x, y = to_metres(
        np.array([float(w["lon"]) for w in waters]),
        np.array([float(w["lat"]) for w in waters]),
        3006,
    )
    assert shapely.is_valid(kommuner.geometry).all()
    at = polygon_cells(kommuner.geometry, kommuner.ids).locate(x, y)
    found = ["NA" if i < 0 else str(names[i]) for i in at]
    assert len(waters) == 2684
    assert found == [expected[w["nutskod"]] for w in waters]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hotspots", "missing.csv", "-o", "x.gpkg"], "missing.csv"),
        (["build", "missing.toml"], "missing.toml"),
        (["hotspots", "README.md", "-o", "x.gpkg"], "README.md"),
        (["hotspots", "README.md", "-o", "x.gpkg", "--method", "magic"], "magic"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(words, said, monkeypatch):
    """Exit 1, one clear headline, no traceback."""
    monkeypatch.chdir(ROOT)
    result = call(*words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_long_work_says_what_it_is_doing_even_in_one_step(capsys, monkeypatch):
    """After a second (here, less) the present step is told, and those that follow; then silence."""
    monkeypatch.setattr(cli, "_SOON_S", 0.05)
    with cli._work() as tell:
        tell("reading [bold]reports.csv")
        time.sleep(0.3)
        tell("counting")
    assert capsys.readouterr().err.splitlines() == ["… reading [bold]reports.csv", "… counting"]
    monkeypatch.setattr(cli, "_SOON_S", 5.0)
    with cli._work() as tell:
        tell("quick")
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["layers", "methods"])
def test_what_exists_is_listed_from_the_declarations(command):
    """Every kind, format, method and parameter appears."""
    from geo.hotspots import methods  # noqa: PLC0415 - only here
    from layers.formats import formats  # noqa: PLC0415 - only here
    from layers.sources import kinds  # noqa: PLC0415 - only here

    listed = call(command).stdout
    if command == "layers":
        names = [*kinds(), *formats(), *(f.name for k in kinds().values() for f in k.fields)]
    else:
        names = [*methods(), *(p.name for m in methods().values() for p in m.parameters)]
    assert all(name in listed for name in names)


HEAVY = (
    "numpy pandas geopandas shapely pyproj pyogrio fiona folium scipy pyarrow jinja2 rich openpyxl"
)


def test_help_imports_click_only():
    """``--help`` is instant: none of the heavy libraries is loaded."""
    code = f"""
import sys
from cli import main
try:
    main(["--help"])
except SystemExit:
    pass
print("LOADED", sorted(set("{HEAVY} geo layers maps".split()) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "LOADED []" in done.stdout


def test_a_table_with_foreign_columns_is_refused_even_when_it_is_empty(tmp_path):
    """A header without any place for a position is unusable, with or without rows: exit 1."""
    folder = tmp_path / "ny"
    call("init", folder)
    outline = (ROOT / "examples" / "lekeberg" / "kommun.geojson").read_bytes()
    (folder / "kommun.geojson").write_bytes(outline)
    assert call("check", folder / "lagesbild.toml").exit_code == 0
    (folder / "trafik.csv").write_text("foo;bar\n", "utf-8")
    result = call("check", folder / "lagesbild.toml")
    assert result.exit_code == 1
    assert "trafik.csv" in result.stderr


def test_a_cover_sheet_is_not_taken_for_the_table(tmp_path):
    """The first sheet that looks like a table is read, and its name is said."""
    book = openpyxl.Workbook()
    book.active.append(["Rapporter för 2021, sammanställda av kommunen"])
    sheet = book.create_sheet("Data")
    sheet.append(["lon", "lat"])
    for i in range(5):
        sheet.append([14.8 + i / 100, 59.2])
    book.save(tmp_path / "t.xlsx")
    result = call("hotspots", tmp_path / "t.xlsx", "-o", tmp_path / "o.gpkg")
    assert result.exit_code == 0, result.output
    assert "Data" in result.stderr
    assert "5 events" in result.stderr
