"""The JSON Schema says what the reader of project files says: no key more, no key less."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from cli import main
from geo.errors import ProjectError
from geo.hotspots import methods
from layers.project import load_project
from layers.project_schema import project_schema, schema_text
from layers.sources import kinds

ROOT = Path(__file__).resolve().parents[1]
CHECKER = jsonschema.Draft7Validator(project_schema())
BASE = (
    'municipality = "L"\n[area]\nfile = "a.geojson"\n[[layers]]\nkind = "{kind}"\nfile = "a.csv"\n'
)


def refused(tmp_path: Path, text: str) -> str:
    """Give what the reader of project files says of a text."""
    for name in ("a.geojson", "a.csv"):
        (tmp_path / name).write_text("x", "utf-8")
    path = tmp_path / "lagesbild.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProjectError) as caught:
        load_project(path)
    return str(caught.value)


def keys(said: str) -> set[str]:
    """Take the keys that the reader knows out of what it says of an unknown one."""
    (known,) = re.findall(r"expected one of ([^\n]*), found an unknown key", said)
    return set(known.split(", "))


def test_it_is_a_schema_and_is_published_as_it_is() -> None:
    """Valid by the rules of draft 7; the file in docs and the command give these very bytes."""
    jsonschema.Draft7Validator.check_schema(project_schema())
    assert (ROOT / "docs" / "lagesbild.schema.json").read_text("utf-8") == schema_text()
    assert CliRunner().invoke(main, ["schema"]).stdout == schema_text()
    assert json.loads(schema_text()) == project_schema()


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "examples" / "lekeberg" / "lagesbild.toml",
        ROOT / "maps" / "templates" / "project" / "lagesbild.toml",
    ],
    ids=["example", "template"],
)
def test_our_own_project_files_fit_it(path: Path) -> None:
    """The example and the empty project have nothing that the schema does not know."""
    assert list(CHECKER.iter_errors(tomllib.loads(path.read_text("utf-8")))) == []


TABLES = [
    *("area", "grid", "period", "hotspots", "methods", "calendar", "promise", "page", "output"),
    *(f"methods.{name}" for name, one in methods().items() if one.parameters),
]


@pytest.mark.parametrize("table", TABLES)
def test_the_reader_knows_the_same_keys_in_each_table(table: str, tmp_path: Path) -> None:
    """An unknown key is refused with the list of those that are known: the schema's."""
    text = BASE.format(kind="incidents")
    if table == "area":
        text = text.replace("[area]", "[area]\nzzz = 1")
    else:
        text += f"[{table}]\nzzz = 1\n"
    node = project_schema()
    for part in table.split("."):
        node = node["properties"][part]
    assert keys(refused(tmp_path, text)) == set(node["properties"])
    assert list(CHECKER.iter_errors(tomllib.loads(text)))


def test_the_reader_knows_the_same_keys_at_the_top(tmp_path: Path) -> None:
    """So it is with the keys that stand in no table."""
    said = refused(tmp_path, "zzz = 1\n" + BASE.format(kind="incidents"))
    assert keys(said) == set(project_schema()["properties"])


@pytest.mark.parametrize("kind", [name for name in kinds() if name != "area"])
def test_each_kind_of_layer_has_the_same_keys_and_columns(kind: str, tmp_path: Path) -> None:
    """Keys and names of columns that a kind may have; those of another kind are refused by both."""
    text = BASE.format(kind=kind)
    said = keys(refused(tmp_path, text + "zzz = 1\n"))
    of_kind = next(
        one["then"]
        for one in project_schema()["properties"]["layers"]["items"]["allOf"]
        if one["if"]["properties"]["kind"]["const"] == kind
    )
    allowed = set(of_kind["propertyNames"]["enum"])
    assert allowed == said - ({"category"} if not kinds()[kind].counted else set())
    data = tomllib.loads(text + "zzz = 1\n")
    assert list(CHECKER.iter_errors(data))
    data = tomllib.loads(text + 'columns = { zzz = "x" }\n')
    assert list(CHECKER.iter_errors(data))
    first = kinds()[kind].fields[0].name
    assert not list(CHECKER.iter_errors(tomllib.loads(text + f'columns = {{ {first} = "x" }}\n')))


@pytest.mark.parametrize(
    "wrong",
    [
        'language = "no"\n',
        "crs = 3006.5\n",
        "[grid]\ncell_size = 0\n",
        '[hotspots]\nmethods = ["gi"]\n',
        '[categories."Skräp"]\nfamily = "order"\n',
        "[page]\nfilters = 1\n",
        '[output]\npostgis = "Mitt schema"\n',
    ],
)
def test_wrong_values_are_wrong_for_both(wrong: str, tmp_path: Path) -> None:
    """A value that the reader refuses is marked by an editor, too."""
    text = BASE.format(kind="incidents")
    text = wrong + text if not wrong.startswith("[") else text + wrong
    refused(tmp_path, text)
    assert list(CHECKER.iter_errors(tomllib.loads(text)))
