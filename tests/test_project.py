"""Promises of the project file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from geo.calendar import parse_period
from geo.errors import ProjectError
from layers.project import PageWish, load_project

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
        *(
            "scan",
            "change",
            "joint",
            "emerging",
            "forecast",
            "near_repeat",
            "network_kde",
            "rhythm",
            "concentration",
        ),
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


def test_without_wishes_the_page_has_filters_and_asks_no_server(folder: Path) -> None:
    """Nothing is known of holidays or promises, and no address is in the page's policy."""
    project = load(folder, GOOD)
    assert project.page == PageWish(filters=True, tiles=None, attribution=None, tile_max_zoom=None)
    assert project.page.tile_origin is None
    assert (project.school_holidays, project.promise_minutes) == ((), None)


def test_school_holidays_are_sorted_and_united_where_they_meet(folder: Path) -> None:
    """Order, overlap and a day by itself mean no difference; the days are what counts."""
    days = (
        '["2021-06-12/2021-08-17", "2021-02-15/2021-02-19", "2021-08-17/2021-08-20", "2021-02-20"]'
    )
    project = load(folder, f"{GOOD}[calendar]\nschool_holidays = {days}\n")
    told = [str(period) for period in project.school_holidays]
    assert told == ["2021-02-15/2021-02-20", "2021-06-12/2021-08-20"]
    assert load(folder, GOOD, 'calendar.school_holidays="2021-05-14"').school_holidays == (
        parse_period("2021-05-14"),
    )


def test_every_wrong_holiday_is_told_at_once(folder: Path) -> None:
    """Reversed, unreadable, impossible, of another century, longer than any: each with its text."""
    wrong = {
        "2021-02-19/2021-02-15": "first day before the last",
        "sportlov": "YYYY-MM-DD/YYYY-MM-DD",
        "2021-02-30": "a day that exists",
        "1921-02-15/1921-02-19": "years from 1990 to 2100",
        "2020-06-12/2021-08-17": "at most 200 days, found 432",
    }
    found = problems_of(folder, f"{GOOD}[calendar]\nschool_holidays = {[*wrong]}\nautumn = 1\n")
    told = [str(p) for p in found if p.where == "lagesbild.toml [calendar] school_holidays"]
    for (text, said), problem in zip(wrong.items(), told, strict=True):
        assert said in problem
        assert text in problem
    assert [p.where for p in found if str(p) not in told] == ["lagesbild.toml [calendar] autumn"]


def test_an_online_map_is_an_address_with_its_attribution(folder: Path) -> None:
    """The page's policy gets the origin alone; the port is part of it, the path is not."""
    told = 'tiles = "https://Tiles.Example.se:8443/a/{z}/{x}/{y}@2x.png?key=1"\n'
    told += 'attribution = "© Alla"\n'
    page = load(folder, f"{GOOD}[page]\nfilters = false\n{told}tile_max_zoom = 18\n").page
    assert page.tile_origin == "https://tiles.example.se:8443"
    assert (page.filters, page.attribution, page.tile_max_zoom) == (False, "© Alla", 18)
    assert not load(folder, GOOD, "page.filters=false").page.filters


@pytest.mark.parametrize(
    ("tiles", "said"),
    [
        ("http://a.se/{z}/{x}/{y}.png", "an address of https://"),
        ("//a.se/{z}/{x}/{y}.png", "an address of https://"),
        ("https://me:secret@a.se/{z}/{x}/{y}.png", "an address of https://"),
        ("https://a.se;script-src/{z}/{x}/{y}.png", "an address of https://"),
        ("https://a.se *.se/{z}/{x}/{y}.png", "an address of https://"),
        ("https://*/{z}/{x}/{y}.png", "an address of https://"),
        ("https://{s}.a.se/{z}/{x}/{y}.png", "an address of https://"),
        ("https://a.se/{z}/{y}.png", "found no {x}"),
        ("https://a.se/map.png", "found no {z} and no {x} and no {y}"),
        ("https://a.se/{s}/{z}/{x}/{y}{r}.png", "found {r}, {s}"),
    ],
)
def test_an_address_that_is_none_for_tiles_is_refused(folder: Path, tiles: str, said: str) -> None:
    """Anything but a plain https host, and anything but level, column and row in braces."""
    (problem,) = problems_of(folder, f'{GOOD}[page]\ntiles = "{tiles}"\nattribution = "©"\n')
    assert problem.where == "lagesbild.toml [page] tiles"
    assert said in problem.what
    assert problem.cure


def test_what_belongs_to_an_online_map_comes_with_it(folder: Path) -> None:
    """Neither tiles without attribution, nor attribution or a level without tiles."""
    tiles = 'tiles = "https://a.se/{z}/{x}/{y}.png"\n'

    def places(text: str) -> list[str]:
        found = problems_of(folder, f"{GOOD}[page]\n{text}")
        return [problem.where.removeprefix("lagesbild.toml [page] ") for problem in found]

    assert places(tiles) == ["tiles"]
    assert places(tiles + 'attribution = " "') == ["attribution"]
    assert places('attribution = "©"\ntile_max_zoom = 18\n') == ["attribution", "tile_max_zoom"]
    assert places(f'{tiles}attribution = "©"\ntile_max_zoom = 40\n') == ["tile_max_zoom"]
    assert places("filters = 1\nfilter = true\n") == ["filters", "filter"]


def test_a_promise_is_minutes_of_each_week(folder: Path) -> None:
    """More than none; it is kept as a number."""
    assert load(folder, GOOD, "promise.patrol_minutes_per_week=120").promise_minutes == 120.0
    (problem,) = problems_of(folder, GOOD, "promise.patrol_minutes_per_week=0")
    assert "minutes above 0" in problem.what
