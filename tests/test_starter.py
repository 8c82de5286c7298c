"""``init`` looks at a folder and writes a project that builds; ``check`` explains every guess."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner

from cli import main
from layers.guess import closest_category, guess_folder
from layers.look import look_into
from layers.project import load_project

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "lekeberg"
DATA = sorted(path for path in EXAMPLE.iterdir() if path.suffix in (".csv", ".geojson"))
HEADER = "Datum;Typ;Longitud;Latitud\n"
ROWS = "".join(f"2021-06-{day:02d};skadegörelse;14,87;59,17\n" for day in range(1, 20))


def call(*words: object):
    """Run the command."""
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the example's data, and nothing that tells what they are."""
    mine = tmp_path / "min-kommun"
    mine.mkdir()
    for path in DATA:
        shutil.copy(path, mine)
    return mine


def test_every_file_of_the_example_is_taken_for_what_it_is(folder: Path) -> None:
    """The example's own project file, written by hand, names the same area and the same kinds."""
    assert call("init", folder).exit_code == 0
    guessed = load_project(folder / "lagesbild.toml")
    truth = load_project(EXAMPLE / "lagesbild.toml")
    assert guessed.municipality == truth.municipality
    assert guessed.area.path.name == truth.area.path.name
    assert {(one.path.name, one.kind) for one in guessed.layers} == {
        (one.path.name, one.kind) for one in truth.layers
    }


def test_words_are_given_the_category_that_a_person_gave_them(folder: Path) -> None:
    """No word is guessed otherwise than in the example's project; most are guessed at all."""
    call("init", folder)
    text = (folder / "lagesbild.toml").read_text("utf-8")
    guessed = {
        word.casefold(): key
        for key, one in tomllib.loads(text)["categories"].items()
        for word in one["words"]
    }
    by_hand = tomllib.loads((EXAMPLE / "lagesbild.toml").read_text("utf-8"))["categories"]
    truth = {word.casefold(): key for key, one in by_hand.items() for word in one["words"]}
    assert set(guessed) <= set(truth)
    assert {word: truth[word] for word in guessed} == guessed
    assert len(guessed) >= len(truth) / 2
    assert '"otrygg samling", 118 rows' in text, "what cannot be guessed is listed with its number"


def test_the_project_builds_and_check_says_why(folder: Path) -> None:
    """What ``init`` wrote gives a map at once; ``check`` names for each file what it looks like."""
    call("init", folder)
    built = call("build", folder / "lagesbild.toml", "--set", "hotspots.stability=false")
    assert built.exit_code == 0, built.output
    assert (folder / "out" / "2021-12" / "karta.html").is_file()
    checked = call("check", folder / "lagesbild.toml")
    assert checked.exit_code == 0
    for name in ("trafik.csv", "patrullvagar.geojson", "vagar.geojson"):
        said = checked.stderr.split(f"\n{name}\n")[1].split("\n")[0]
        assert "Looks like" in said, name
    assert "Cell size 500 m, chosen from the extent." in checked.stderr
    assert "Month 2021-12, the latest with events." in checked.stderr


def test_check_doubts_a_layer_that_looks_like_another(folder: Path) -> None:
    """A table of patrols that is called bathing sites is read so, and doubted aloud."""
    (folder / "lagesbild.toml").write_text(
        'municipality = "L"\n[area]\nfile = "kommun.geojson"\n[[layers]]\nkind = "places"\n'
        'file = "badplatser.csv"\n[[layers]]\nkind = "traffic_spots"\nfile = "trafik.csv"\n',
        "utf-8",
    )
    said = call("check", folder / "lagesbild.toml").stderr
    assert "! Read as places, but looks more like bathing_sites" in said
    assert "Looks like traffic_spots" in said
    assert "Not used: orter.csv, patruller.csv, patrullvagar.geojson" in said


def test_init_tells_what_it_found_and_keeps_a_project(folder: Path) -> None:
    """Each file with its kind on stderr; nothing but the project and its schema is written."""
    before = {path.name for path in folder.iterdir()}
    said = call("init", folder)
    assert {p.name for p in folder.iterdir()} - before == {
        "lagesbild.toml",
        "lagesbild.schema.json",
    }
    assert "bathing_sites: badplatser.csv" in said.stderr
    text = (folder / "lagesbild.toml").read_bytes()
    assert call("init", folder).exit_code == 1
    assert (folder / "lagesbild.toml").read_bytes() == text


def test_the_municipality_is_picked_out_of_all_by_where_events_lie(
    reference: Path, tmp_path: Path
) -> None:
    """Of the country's 290 municipalities, the one in which the reports lie."""
    shutil.copy(reference / "sweden" / "kommuner_scb_3006.gpkg", tmp_path)
    (tmp_path / "rapporter.csv").write_text(HEADER + ROWS, "utf-8")
    call("init", tmp_path)
    project = load_project(tmp_path / "lagesbild.toml")
    assert project.area.select == ("code", "1814")
    assert project.municipality == "Lekeberg"


def test_a_table_of_areas_finds_their_polygons(folder: Path) -> None:
    """Inhabitants by code, and a survey, are joined with the file that has the areas' outlines."""
    squares = [shapely.box(14.8 + i / 20, 59.1, 14.85 + i / 20, 59.2) for i in range(3)]
    codes = ["1814A0010", "1814A0020", "1814C1010"]
    frame = gpd.GeoDataFrame({"desokod": codes}, geometry=squares, crs=4326)
    frame.to_file(folder / "omraden.gpkg", engine="pyogrio")
    rows = "".join(f"{code}_DeSO2025;{n}\n" for code, n in zip(codes, (700, 900, 800), strict=True))
    (folder / "folkmangd.csv").write_text(f"region;Folkmängd\n{rows}", "utf-8")
    rows = "".join(f"{code};Otrygg ute sent;2,5;40;2021\n" for code in codes)
    (folder / "enkat.csv").write_text(f"område;fråga;index;antal svar;år\n{rows}", "utf-8")
    assert call("init", folder).exit_code == 0
    found = {one.path.name: one for one in load_project(folder / "lagesbild.toml").layers}
    assert (found["folkmangd.csv"].kind, found["enkat.csv"].kind) == ("population", "survey")
    assert found["folkmangd.csv"].areas == found["enkat.csv"].areas == folder / "omraden.gpkg"
    said = call("check", folder / "lagesbild.toml")
    assert said.exit_code == 0, said.output
    assert "Not used" not in said.stderr


def test_results_of_an_earlier_run_are_no_sources(folder: Path) -> None:
    """Last month's GeoPackage and tables, copied into the folder, are told and passed over."""
    call("init", folder)
    call("build", folder / "lagesbild.toml", "--set", "hotspots.stability=false")
    (folder / "lagesbild.toml").unlink()
    for path in (folder / "out" / "2021-12").iterdir():
        shutil.copy(path, folder)
    said = call("init", folder).stderr
    assert "! not used: lagesbild.gpkg, a result of an earlier run" in said
    assert "! not used: hotspots.csv, a result of an earlier run" in said
    project = load_project(folder / "lagesbild.toml")
    assert {one.path.name for one in project.layers} <= {path.name for path in DATA}
    assert "gpkg" not in call("check", folder / "lagesbild.toml").stderr


def test_a_copy_of_a_table_is_not_counted_twice(folder: Path) -> None:
    """It stands in the project as a comment; who takes that away is warned by check and build."""
    (folder / "rapporter_2020 kopia.csv").write_bytes((folder / "rapporter_2020.csv").read_bytes())
    call("init", folder)
    path = folder / "lagesbild.toml"
    text = path.read_text("utf-8")
    entry = text.split("# Not used: its events stand in rapporter_2020")[1].split("\n\n")[0]
    assert len(load_project(path).layers) == len(DATA) - 1
    back = "\n".join(line.removeprefix("# ") for line in entry.split("\n")[1:])
    path.write_text(f"{text}\n{back}\n", "utf-8")
    assert "are counted twice" in call("check", path).stderr


def test_areas_that_hold_all_events_are_the_area_together(folder: Path) -> None:
    """Statistical areas alone, without the municipality's own polygon."""
    outline = gpd.read_file(folder / "kommun.geojson").geometry[0]
    (folder / "kommun.geojson").unlink()
    west, south, east, north = outline.bounds
    middle, centre = (west + east) / 2, (south + north) / 2
    boxes = [
        shapely.box(x, y, x + (east - west) / 2, y + (north - south) / 2)
        for x in (west, middle)
        for y in (south, centre)
    ]
    parts = [box.intersection(outline) for box in boxes]
    frame = gpd.GeoDataFrame({"kod": list("abcd")}, geometry=parts, crs=4326)
    frame.to_file(folder / "deso.gpkg", engine="pyogrio")
    said = call("init", folder).stderr
    assert "in 4 polygons together" in said
    project = load_project(folder / "lagesbild.toml")
    assert (project.area.path.name, project.area.select) == ("deso.gpkg", None)


def test_abroad_the_project_works_in_the_metres_there(reference: Path, tmp_path: Path) -> None:
    """Memphis: nine precincts are the area, and its word for a crime is known by a part of it."""
    for name in ("memphis_precincts.geojson", "memphis_robberies_2019.csv"):
        shutil.copy(reference / "memphis" / name, tmp_path)
    call("init", tmp_path)
    project = load_project(tmp_path / "lagesbild.toml")
    assert project.crs == 32616
    said = call("check", tmp_path / "lagesbild.toml")
    assert said.exit_code == 0, said.output
    assert said.stdout.split("\n")[2].split()[-4:] == ["2245", "2245", "0", "0"]


def test_positions_second_by_second_are_tracks(tmp_path: Path) -> None:
    """Columns that patrols and tracks share: how close the times are decides."""
    head = "Enhet;Tid;Lat;Long\n"
    close = [f"7;2021-06-01 12:{i // 4:02d}:{i % 4 * 15:02d};59.17;14.87\n" for i in range(40)]
    (tmp_path / "export.csv").write_text(head + "".join(close), "utf-8")
    (found,) = guess_folder(tmp_path).layers
    assert found.kind == "patrol_tracks"
    assert "its times follow each other within seconds" in found.signs


def test_inhabitants_under_a_year_are_found(folder: Path) -> None:
    """Statistics Sweden names the column of the numbers by the year."""
    squares = [shapely.box(14.8 + i / 20, 59.1, 14.85 + i / 20, 59.2) for i in range(2)]
    codes = ["1814A0010", "1814A0020"]
    frame = gpd.GeoDataFrame({"desokod": codes}, geometry=squares, crs=4326)
    frame.to_file(folder / "omraden.gpkg", engine="pyogrio")
    rows = "".join(f'"{one}","{sex}",{n}\n' for n, one in enumerate(codes) for sex in ("m", "k"))
    table = f'"Folkmängd efter region"\n\n"region","kön","2024"\n{rows}'
    (folder / "000007ZE.csv").write_text(table, "utf-8")
    call("init", folder)
    found = {one.path.name: one for one in load_project(folder / "lagesbild.toml").layers}
    assert found["000007ZE.csv"].kind == "population"
    assert found["000007ZE.csv"].areas == folder / "omraden.gpkg"


def test_saved_answers_about_bathing_sites_are_joined(folder: Path) -> None:
    """A folder of HaV's answers beside the list; a folder of other JSON is none."""
    (folder / "a").mkdir()
    (folder / "a" / "x.json").write_text('{"x": 1}', "utf-8")
    shutil.copytree(ROOT / "tests" / "samples" / "hav_results", folder / "hav")
    call("init", folder)
    layers = load_project(folder / "lagesbild.toml").layers
    told = {one.path.name: one.options.get("results") for one in layers}
    assert told["badplatser.csv"] == "hav"
    assert "sites have details from hav" in call("check", folder / "lagesbild.toml").stderr


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("platser.csv", "places"),
        ("badplatser.csv", "bathing_sites"),
        ("blad1.csv", None),
    ],
)
def test_names_in_a_municipality_are_no_bathing_sites_by_themselves(
    table: str, kind: str | None, tmp_path: Path
) -> None:
    """A name and a municipality say nothing; the file's name does."""
    rows = "".join(f"Plats {n};Lekeberg;59.1{n};14.8{n}\n" for n in range(9))
    (tmp_path / table).write_text(f"namn;kommun;lat;lon\n{rows}", "utf-8")
    found = guess_folder(tmp_path)
    assert [one.kind for one in found.layers] == ([kind] if kind else [])


def test_words_without_a_date_are_no_incidents(tmp_path: Path) -> None:
    """Schools by their type: nothing happened there at any time."""
    rows = "".join(f"Skola {n};skola;59.1{n};14.8{n}\n" for n in range(9))
    (tmp_path / "x.csv").write_text(f"namn;typ;lat;lon\n{rows}", "utf-8")
    assert all(one.kind != "incidents" for one in guess_folder(tmp_path).layers)


def test_without_a_polygon_the_project_says_what_is_missing(tmp_path: Path) -> None:
    """The layers are there; the area is asked for by name."""
    (tmp_path / "rapporter.csv").write_text(HEADER + ROWS, "utf-8")
    result = call("init", tmp_path)
    assert result.exit_code == 0
    assert "no file looks like the municipality's polygon" in result.stderr
    text = (tmp_path / "lagesbild.toml").read_text("utf-8")
    assert "No file here looks like the municipality's polygon" in text
    assert tomllib.loads(text)["layers"][0]["kind"] == "incidents"
    assert "kommun.geojson" in call("check", tmp_path / "lagesbild.toml").stderr


def test_what_cannot_be_used_stands_there_with_the_reason(folder: Path) -> None:
    """A damaged file, one without positions, and one whose rows all lie elsewhere."""
    (folder / "skadad.gpkg").write_bytes(b"SQLite format 3\0" + b"x" * 500)
    (folder / "anteckningar.csv").write_text("vem;vad\na;b\n", "utf-8")
    away = ROWS.replace("14,87", "18,10")
    (folder / "rapporter_bort.csv").write_text(HEADER + away, "utf-8")
    said = call("init", folder)
    text = (folder / "lagesbild.toml").read_text("utf-8")
    load_project(folder / "lagesbild.toml")
    assert "# skadad.gpkg: expected" in text
    assert "# anteckningar.csv: no column tells a position among vem, vad" in text
    assert "# Not used: expected usable rows" in text
    assert '# file = "rapporter_bort.csv"' in text
    assert "not used: anteckningar.csv" in said.stderr


def test_hostile_names_stay_comments_and_texts(tmp_path: Path) -> None:
    """Line breaks and quotes in names of columns and files change nothing but texts."""
    shutil.copy(EXAMPLE / "kommun.geojson", tmp_path)
    evil = tmp_path / "rapporter \"x\" ''' # [area].csv"
    header = '"Datum\n[evil]\nx = 1";"Vad ""har"" hänt\\";lon;lat\n'
    evil.write_text(header + ROWS.replace(",", "."), "utf-8")
    (tmp_path / "\u2028anteckning\x85.csv").write_text('"a\n[evil]";b\n1;2\n', "utf-8")
    assert call("init", tmp_path).exit_code == 0
    text = (tmp_path / "lagesbild.toml").read_text("utf-8")
    data = tomllib.loads(text)
    assert "evil" not in data
    assert data["layers"][0]["file"] == evil.name
    assert data["layers"][0]["columns"]["category"] == 'Vad "har" hänt\\'
    assert load_project(tmp_path / "lagesbild.toml").layers[0].path == evil


def test_columns_are_found_by_what_stands_in_them(tmp_path: Path) -> None:
    """Names that say nothing: one column's words are known, another's values are dates."""
    table = tmp_path / "x.csv"
    table.write_text("k1;k2;lon;lat\n" + ROWS.replace(",", "."), "utf-8")
    (found,) = guess_folder(tmp_path).layers
    assert found.kind == "incidents"
    assert dict(found.columns) == {"category": "k2", "time": "k1"}


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("skadegörelse", "vandalism"),
        ("Inbrott (bostad, förråd, bil)", "burglary"),
        ("Misstänkt narkotikahantering", "narcotics"),
        ("narkotika och inbrott", None),
        ("Älg på vägen", None),
        ("", None),
    ],
)
def test_a_word_is_guessed_where_it_names_one_category(word: str, category: str | None) -> None:
    """Two categories in one word, or none, are not for a program to choose between."""
    assert closest_category(word) == category


def test_every_layer_of_a_file_is_looked_at(reference: Path) -> None:
    """A file of one layer gives one look, without its name; its shape and rows are seen."""
    (look,) = look_into(reference / "sweden" / "tatorter_orebro_lan.geojson")
    assert (look.layer, look.whole) == (None, True)
    assert look.shape in ("point", "polygon")
