"""What people edit in a delivered GeoPackage is read as they saved it, and no build destroys it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest
import shapely
from in_qgis import told_by
from situations import situation
from test_operations import project
from test_publish import contents, write_all

from geo.errors import OutputError
from layers.project import load_project
from layers.reading import read_project_layers
from maps import publish as module
from maps.exports import chosen, exports
from maps.geopackage import write_geopackage
from maps.manifest import write_manifest
from maps.projects import EXAMPLE, build_project, copy_example
from maps.projects import write_all as write_all_outputs
from maps.publish import publish

KILLED = Path(__file__).with_name("publish_killed.py")
OPERATIONS = 'kind = "operations"\nfile = "lagesbild.gpkg"\nlayer = "{0}"\nname = "edited_{0}"'

EDIT = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[3]:
    file.execute("PRAGMA journal_mode = wal")
    file.execute("PRAGMA wal_autocheckpoint = 0")
for (trigger,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    file.execute(f'DROP TRIGGER "{trigger}"')
file.execute("UPDATE hotspots SET name = ?", (sys.argv[2],))
os._exit(0)
"""


def deliver(folder: Path) -> None:
    """Write what a build delivers of the small situation, without the page."""
    one = situation()
    write_geopackage(one, folder / "lagesbild.gpkg", "sv")
    write_manifest(one, folder / "manifest.json")


def edit(path: Path, name: str = "Ändrad på Ön", *, unmerged: bool = False) -> None:
    """Rename every hotspot through SQLite; ``unmerged`` dies with the edit in the -wal only."""
    subprocess.run([sys.executable, "-c", EDIT, path, name, "x" * unmerged], check=True)


def named(path: Path) -> set[str]:
    """Give the names of the hotspots of a GeoPackage."""
    return set(pyogrio.read_dataframe(path, layer="hotspots")["name"])


@pytest.mark.qgis
def test_edits_made_in_qgis_come_back_whole(qgis_python: str, tmp_path: Path) -> None:
    """A moved corner, a new name, a drawn polygon with å ä ö and a date: all read as saved."""
    path = tmp_path / "lagesbild.gpkg"
    write_geopackage(situation(), path, "sv")
    told = told_by("qgis_edit.py", qgis_python, path, runtime=tmp_path)
    _, drawn, hotspots = project(
        tmp_path, OPERATIONS.format("operations"), OPERATIONS.format("hotspots")
    )
    assert drawn.report.usable
    assert hotspots.report.usable
    assert drawn.table[["name", "purpose"]].to_numpy().tolist() == [[told["name"], told["purpose"]]]
    assert drawn.table["begins"].tolist() == [pd.Timestamp("2022-01-14")]
    near(drawn.geometry[0], told["drawn"])
    table = hotspots.table.set_index("id")
    assert table.loc[told["id"], "name"] == told["name"]
    near(hotspots.geometry[list(table.index).index(told["id"])], told["moved"])
    spots = {spot.id: spot for view in situation().views for spot in view.hotspots}
    assert list(table.index) == list(spots)
    assert not shapely.equals(spots[told["id"]].geometry, hotspots.geometry[0])
    for key, shape in zip(table.index[1:], hotspots.geometry[1:], strict=True):
        assert shapely.hausdorff_distance(shape, spots[key].geometry) < 0.001


def near(found: shapely.Geometry, told: str) -> None:
    """Check that two shapes have the same corners to the millimetre."""
    assert shapely.hausdorff_distance(found, shapely.from_wkt(told)) < 0.001


def test_edits_that_lie_in_the_wal_are_read(tmp_path: Path) -> None:
    """A program that was killed leaves what it saved in a -wal beside the file: nothing is lost."""
    path = tmp_path / "lagesbild.gpkg"
    write_geopackage(situation(), path, "sv")
    edit(path, unmerged=True)
    assert (tmp_path / "lagesbild.gpkg-wal").stat().st_size
    layer = project(tmp_path, OPERATIONS.format("hotspots"))[1]
    assert set(layer.table["name"]) == {"Ändrad på Ön"}


def test_the_manifest_tells_the_sum_of_every_file_beside_it(tmp_path: Path) -> None:
    """SHA-256 of the very bytes, of every file but itself and hidden ones."""
    (tmp_path / ".unfinished").touch()
    (tmp_path / "a.csv").write_text("å", "utf-8")
    write_manifest(situation(), tmp_path / "manifest.json")
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert told["outputs"] == {"a.csv": hashlib.sha256("å".encode()).hexdigest()}


def test_the_manifest_tells_every_format_that_was_wanted(tmp_path: Path) -> None:
    """It is written last: what is made beside the usual files has its sum, too."""
    write_all_outputs(situation(), tmp_path, "sv", lambda _: None, chosen(["geojson"]))
    told = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["outputs"]
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in contents(tmp_path).items()}
    del sums["manifest.json"]
    assert told == sums
    assert set(exports()["geojson"].files) < set(told)


@pytest.fixture(params=["exchange", "two renames"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Deliver the small situation, to be replaced in either way."""
    if request.param == "two renames":
        monkeypatch.setattr(module, "_exchange", lambda _a, _b: False)
    elif sys.platform != "linux":
        pytest.skip("folders are exchanged in one step on Linux only")
    path = tmp_path / "ut" / "2021-12"
    publish(path, deliver)
    return path


def test_an_untouched_result_is_replaced(target: Path) -> None:
    """Reading, and opening to read, are no edits: nothing is kept, nothing is left behind."""
    assert named(target / "lagesbild.gpkg")
    before = contents(target.parent)
    assert publish(target, deliver) == []
    assert contents(target.parent) == before


@pytest.mark.parametrize("unmerged", [False, True])
def test_an_edited_geopackage_is_kept_beside_the_new_one(target: Path, *, unmerged: bool) -> None:
    """Under a name with the time of the edit; also where the edit lies in the -wal alone."""
    edit(target / "lagesbild.gpkg", unmerged=unmerged)
    moment = 1_641_000_000
    for one in target.glob("lagesbild.gpkg*"):
        os.utime(one, (moment, moment))
    (kept,) = publish(target, deliver, edited="redigerad")
    when = pd.Timestamp(moment, unit="s", tz="UTC").to_pydatetime().astimezone()
    assert kept == target / f"lagesbild (redigerad {when:%Y-%m-%d %H%M}).gpkg"
    assert named(kept) == {"Ändrad på Ön"}
    assert "Lanna badgruva" in named(target / "lagesbild.gpkg")
    left = {kept.name, "lagesbild.gpkg", "manifest.json"}
    assert {one.name for one in target.iterdir()} == left
    assert publish(target, deliver) == []
    assert {one.name for one in target.iterdir()} == left


def test_two_edits_of_one_minute_are_both_kept(target: Path) -> None:
    """The second gets a number."""
    for name in ("en", "två"):
        edit(target / "lagesbild.gpkg", name)
        os.utime(target / "lagesbild.gpkg", (0, 0))
        publish(target, deliver)
    kept = sorted(target.glob("lagesbild (*"))
    assert [named(one) for one in kept] == [{"en"}, {"två"}]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"outputs": 3}', '{"outputs": {"../b.csv": "", "..": "", "c": 1}}']
)
def test_a_manifest_that_tells_nothing_of_use_does_no_harm(tmp_path: Path, text: str) -> None:
    """Damaged, of an older program, or pointing out of its folder: nothing outside is touched."""
    target = tmp_path / "2021-12"
    write_all(tmp_path, {"b.csv": b"another's", "2021-12/manifest.json": text.encode()})
    assert publish(target, lambda folder: (folder / "a").touch(), ours=["manifest.json"]) == []
    assert contents(tmp_path) == {"2021-12/a": b"", "b.csv": b"another's"}


@pytest.mark.skipif(os.name != "posix", reason="kills a process as POSIX does")
@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_an_edited_file_survives_a_run_that_is_killed_anywhere(tmp_path: Path, way: str) -> None:
    """Wherever a delivery, and the recovery after it, is killed: edited text is there after all."""
    sums = {"a.csv": hashlib.sha256(b"as delivered").hexdigest()}
    wish = {
        "way": way,
        "old": {"a.csv": "edited by hand", "manifest.json": json.dumps({"outputs": sums})},
        "new": {"a.csv": "new", "manifest.json": "{}"},
        "notes": {},
        "ours": ["a.csv", "manifest.json"],
    }
    done = subprocess.run(
        [sys.executable, KILLED, tmp_path / "root", json.dumps(wish)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    steps: list[dict[str, Any]] = json.loads(done.stdout)
    after = [found for step in steps for found in (step["after"], *step["twice"])]
    assert len(after) > 20
    seen = set()
    for found in after:
        assert "edited by hand" in found.values()
        seen.add(found["2021-12/a.csv"])
    assert seen == {"edited by hand", "new"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the example once, with the fewest methods."""
    path = copy_example(tmp_path_factory.mktemp("example") / "a")
    build(path)
    return path


def build(path: Path, *overrides: str, month: int | None = None) -> Any:
    """Build a project with the fewest methods."""
    methods = ('hotspots.methods=["gi_star"]', "hotspots.stability=false")
    project = load_project(path, [*methods, *overrides])
    return build_project(project, read_project_layers(project), month, None, None, lambda _: None)


def test_a_build_says_which_edited_files_it_kept(example: Path) -> None:
    """A warning names them; an untouched result is built to the same bytes, without a warning."""
    target = example.parent / "out" / "2021-12"
    before = contents(target)
    told = {name for name in before if name != "manifest.json"}
    assert set(json.loads(before["manifest.json"])["outputs"]) == told
    quiet, _ = build(example)
    assert contents(target) == before
    assert "edited_kept" not in [note.key for note in quiet.notes]
    edit(target / "lagesbild.gpkg")
    loud, _ = build(example)
    (note,) = [note for note in loud.notes if note.key == "edited_kept"]
    assert note.level == "warning"
    (kept,) = target.glob("lagesbild (redigerad *).gpkg")
    assert note.values["files"] == kept.name
    kept.unlink()
    assert contents(target) == before


@pytest.mark.parametrize("month", [None, 2021 * 12 + 11])
def test_a_build_never_writes_over_its_own_input(example: Path, month: int | None) -> None:
    """A layer read from the very file that the build writes is refused, with the cure."""
    path = example.with_name("eget.toml")
    text = (EXAMPLE / "lagesbild.toml").read_text("utf-8")
    layer = (
        '\n[[layers]]\nkind = "operations"\nfile = "out/{}/lagesbild.gpkg"\nlayer = "hotspots"\n'
    )
    first, rest = text.split("[[layers]]", 1)
    path.write_text(first + layer.format("2021-12") + "[[layers]]" + rest, "utf-8")
    before = contents(example.parent / "out")
    with pytest.raises(OutputError) as refused:
        build(path, month=month)
    (problem,) = refused.value.problems
    assert problem.where.endswith("lagesbild.gpkg")
    assert "copy it to another folder" in (problem.cure or "")
    assert contents(example.parent / "out") == before
    shutil.copytree(example.parent / "out" / "2021-12", example.parent / "out" / "2021-11")
    path.write_text(first + layer.format("2021-11") + "[[layers]]" + rest, "utf-8")
    result, _ = build(path, month=month)
    shutil.rmtree(example.parent / "out" / "2021-11")
    assert [one.name for one in result.layers if one.kind == "operations"] == ["operations"]
