"""Promises of the project file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geo.errors import ProjectError
from layers.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from geo.errors import Problem
    from layers.project import Project

GOOD = """
municipality = "Lekeberg"
[area]
file = "kommun.geojson"
[[layers]]
kind = "incidents"
file = "rapporter.csv"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder in which the files that projects name are there."""
    for name in ("kommun.geojson", "rapporter.csv", "patruller.csv"):
        (tmp_path / name).write_text("")
    return tmp_path


def load(folder: Path, text: str, *overrides: str) -> Project:
    """Write a project file and load it."""
    path = folder / "lagesbild.toml"
    path.write_text(text, "utf-8")
    return load_project(path, overrides)


def problems_of(folder: Path, text: str, *overrides: str) -> tuple[Problem, ...]:
    """Give what is wrong with a project file."""
    with pytest.raises(ProjectError) as error:
        load(folder, text, *overrides)
    return error.value.problems


def test_the_least_project_gets_the_documented_defaults(folder: Path) -> None:
    """A municipality, an area and one layer are enough."""
    project = load(folder, GOOD)
    assert project.title == "Lägesbild Lekeberg"
    assert (project.language, project.crs, project.window_months) == ("sv", 3006, 12)
    assert project.grid.cell_size is None
    assert project.hotspots.methods == (
        *("count", "kde", "gi_star", "local_moran"),
        *("scan", "change", "joint", "concentration"),
    )
    assert (project.hotspots.exposure, project.hotspots.stability) == (None, True)
    assert project.layers[0].name == "incidents"
    assert project.layers[0].path == folder / "rapporter.csv"


def test_all_problems_are_told_at_once_each_at_its_place(folder: Path) -> None:
    """Unknown keys, wrong types, missing files and bad codes come in one error."""
    text = """
municipality = 7
languge = "sv"
crs = 4326
[area]
file = "komun.geojson"
buffer_m = -1
[grid]
cell_size = "big"
kind = "squares"
[[layers]]
kind = "incident"
file = "rapporter.csv"
[[layers]]
kind = "patrols"
[oops]
"""
    found = {p.where: p for p in problems_of(folder, text)}
    assert set(found) == {
        "lagesbild.toml municipality",
        "lagesbild.toml languge",
        "lagesbild.toml crs",
        "lagesbild.toml [area] file",
        "lagesbild.toml [area] buffer_m",
        "lagesbild.toml [grid] cell_size",
        "lagesbild.toml [grid] kind",
        "lagesbild.toml [[layers]] 1 (incident) kind",
        "lagesbild.toml [[layers]] 2 (patrols) file",
        "lagesbild.toml oops",
    }
    assert "language" in found["lagesbild.toml languge"].cure
    assert "kommun.geojson" in found["lagesbild.toml [area] file"].cure
    assert "incidents" in found["lagesbild.toml [[layers]] 1 (incident) kind"].cure
    assert "expected text, found 7" in found["lagesbild.toml municipality"].what
    assert '"auto"' in found["lagesbild.toml [grid] cell_size"].what


def test_a_project_must_name_its_area(folder: Path) -> None:
    """The study area is never the hull of the data."""
    (problem,) = problems_of(folder, GOOD.replace('file = "kommun.geojson"', ""))
    assert problem.where == "lagesbild.toml [area] file"


def test_a_syntax_error_is_told_with_its_line(folder: Path) -> None:
    """The reader can go to the line."""
    (problem,) = problems_of(folder, 'title = "a"\nmunicipality = Lekeberg\n')
    assert problem.where == "lagesbild.toml line 2"
    assert problem.cure


def test_a_windows_path_in_double_quotes_is_explained(folder: Path) -> None:
    """Backslashes escape in TOML; the message says what to write instead."""
    (problem,) = problems_of(folder, GOOD.replace("rapporter.csv", r"data\xrapporter.csv"))
    assert "forward slashes" in problem.cure


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_file_may_come_from_any_editor(folder: Path, encoding: str) -> None:
    """Byte order marks and old Windows encodings are no hindrance."""
    path = folder / "lagesbild.toml"
    path.write_bytes(GOOD.replace("Lekeberg", "Örebro").replace("\n", "\r\n").encode(encoding))
    assert load_project(path).municipality == "Örebro"


def test_set_overrides_tables_and_layers(folder: Path) -> None:
    """Values are read as TOML, else as text; layers are reached by name or kind."""
    project = load(
        folder,
        GOOD,
        "grid.cell_size=250",
        "municipality=Örebro",
        "layers.incidents.crs=3009",
        "hotspots.methods=['count']",
        "title=2021",
    )
    assert project.grid.cell_size == 250
    assert project.municipality == "Örebro"
    assert project.layers[0].crs == 3009
    assert project.hotspots.methods == ("count",)
    assert project.title == "2021"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("grid.cellsize=250", "cell_size"),
        ("grid.cell_size=-1", "above 0"),
        ("layers.patrols.crs=3009", "no table or layer"),
        ("nothing", "key=value"),
        ("area.file.deep=1", "no table"),
    ],
)
def test_a_wrong_override_is_told_as_it_was_written(folder: Path, override: str, said: str) -> None:
    """The problem points at the option, not at the file."""
    (problem,) = problems_of(folder, GOOD, override)
    assert problem.where == f"--set {override}"
    assert said in str(problem)


def test_overrides_leave_the_file_as_it_was(folder: Path) -> None:
    """Loading again without them gives the file's own values."""
    load(folder, GOOD, "grid.cell_size=250")
    assert load_project(folder / "lagesbild.toml").grid.cell_size is None


def test_own_categories_add_to_the_built_in_ones_and_override_them(folder: Path) -> None:
    """A word goes to the category that the project gives it; others stay."""
    project = load(
        folder,
        GOOD
        + """
[categories.kayaks]
family = "water"
words = ["Kajak på villovägar", "Störande ljud"]
sv = "Kajaker"
[categories.littering]
weight = 0.5
words = ["Flaskor"]
[families.water]
sv = "Vatten"
""",
    )
    find = project.vocabulary.find
    assert find("kajak  på VILLOVÄGAR") == "kayaks"
    assert find("Kajaker") == "kayaks"
    assert find("Störande ljud") == "kayaks"
    assert find("flaskor") == find("Nedskräpning") == "littering"
    assert project.categories["littering"].family == "order"
    assert project.categories["littering"].weight == 0.5
    assert project.families["water"] == ("Vatten", None)


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("Nedskräpning", "littering"),
        ("Skadegörelse", "vandalism"),
        ("FORTKÖRNING", "speeding"),
        ("Buskörning", "reckless_driving"),
        ("A-traktor", "moped"),
        ("Rattfylleri", "drink_driving"),
        (" narkotika ", "narcotics"),
        ("Klotter", "graffiti"),
        ("Inbrott", "burglary"),
        ("Störande  ljud", "noise"),
        ("Trafikolycka, buss", "collision"),
        ("speeding", "speeding"),
        ("Drink driving", "drink_driving"),
    ],
)
def test_ordinary_words_need_no_category_table(folder: Path, word: str, key: str) -> None:
    """Common Swedish and English words are known."""
    assert load(folder, GOOD).vocabulary.find(word) == key


def test_a_word_cannot_belong_to_two_own_categories(folder: Path) -> None:
    """The second claim is a problem that names the first."""
    (problem,) = problems_of(
        folder,
        GOOD
        + """
[categories.a]
family = "order"
words = ["Kajak"]
[categories.b]
family = "order"
words = ["kajak"]
""",
    )
    assert "'a'" in problem.what


def test_an_own_category_needs_a_family_that_exists(folder: Path) -> None:
    """A slip of the pen is met with the nearest name."""
    (problem,) = problems_of(folder, GOOD + '[categories.a]\nfamily = "trafic"\n')
    assert "'traffic'" in problem.cure


def test_methods_are_checked_against_what_they_declare(folder: Path) -> None:
    """Unknown methods, unknown parameters and wrong values are told with what there is."""
    found = problems_of(
        folder,
        GOOD.replace("[area]", '[hotspots]\nmethods = ["count", "gistar"]\n[area]')
        + '[methods.kde]\nbandwith = 300\nkernel = "square"\n[methods.nothing]\n',
    )
    said = {p.where: str(p) for p in found}
    assert "'gi_star'" in said["lagesbild.toml [hotspots] methods"]
    assert "bandwidth" in said["lagesbild.toml [methods.kde] bandwith"]
    assert "quartic" in said["lagesbild.toml [methods.kde] kernel"]
    assert "lagesbild.toml [methods] nothing" in said


def test_a_method_may_take_a_text(folder: Path) -> None:
    """A family's name goes to the method as it is; anything but text is a problem there."""
    text = GOOD + '[methods.risk]\nof = "traffic"\nfloor = "auto"\n'
    assert load(folder, text).methods == {"risk": {"of": "traffic"}}
    (problem,) = problems_of(folder, text.replace('"traffic"', "7"))
    assert problem.where == "lagesbild.toml [methods.risk] of"
    assert "expected text, found 7" in problem.what


def test_layers_need_names_of_their_own(folder: Path) -> None:
    """They become tables of one GeoPackage."""
    (problem,) = problems_of(
        folder, GOOD + '[[layers]]\nkind = "incidents"\nfile = "patruller.csv"\n'
    )
    assert "a second time" in problem.what


def test_a_layer_may_be_all_one_category_by_any_of_its_words(folder: Path) -> None:
    """The word is translated to the category's key; an unknown one is a problem."""
    assert load(folder, GOOD + 'category = "Klotter"').layers[0].category == "graffiti"
    (problem,) = problems_of(folder, GOOD + 'category = "Kajak"')
    assert "[categories.kajak]" in problem.cure


def test_options_belong_to_their_kind(folder: Path) -> None:
    """Only a background can be subtracted."""
    background = GOOD.replace('"incidents"', '"background"') + 'subtract = true\nclass = "water"\n'
    assert load(folder, background).layers[0].options == {"subtract": True, "class": "water"}
    (problem,) = problems_of(folder, GOOD + "subtract = true")
    assert problem.where.endswith("subtract")


def test_a_missing_project_file_says_what_lies_there(folder: Path) -> None:
    """The cure names the file that was probably meant."""
    load(folder, GOOD)
    with pytest.raises(ProjectError, match=r"did you mean 'lagesbild.toml'"):
        load_project(folder / "lägesbild.toml")
    with pytest.raises(ProjectError, match="found a folder"):
        load_project(folder)
