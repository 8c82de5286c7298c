"""Results are delivered whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from geo.errors import LagesbildError, OutputError
from maps import publish as module
from maps.publish import publish, recover, replace_file

OLD = {"karta.html": b"old page", "lagesbild.gpkg": b"old package", "gone.csv": b"old table"}
NEW = {"karta.html": b"new page", "lagesbild.gpkg": b"new package"}
NOTES = {"anteckningar.docx": b"a planner's notes", "bilder/a.png": b"a picture"}
OURS = tuple(OLD)

posix = pytest.mark.skipif(os.name != "posix", reason="kills a process as POSIX does")


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write files, making folders on the way."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    """Read everything below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Lay out a delivered result with a planner's files among it."""
    path = tmp_path / "ut" / "2021-12"
    write_all(path, OLD | NOTES)
    return path


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Deliver in both ways: by one exchange, and by two renames where there is none."""
    if request.param == "two renames":
        monkeypatch.setattr(module, "_exchange", lambda _a, _b: False)
    elif sys.platform != "linux":
        pytest.skip("folders are exchanged in one step on Linux only")
    return str(request.param)


def test_a_first_result_is_made_with_its_folders(tmp_path: Path) -> None:
    """Folders on the way are made, and nothing but the result is left in them."""
    target = tmp_path / "a" / "b" / "2021-12"
    publish(target, lambda folder: write_all(folder, NEW))
    assert contents(tmp_path) == {f"a/b/2021-12/{name}": data for name, data in NEW.items()}


@pytest.mark.usefixtures("way")
def test_a_new_result_replaces_the_old_and_keeps_what_others_put_there(target: Path) -> None:
    """Ours are replaced or removed; a planner's notes and pictures survive."""
    publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert contents(target.parent) == {f"2021-12/{n}": c for n, c in (NEW | NOTES).items()}
    assert [p.name for p in target.parent.iterdir()] == ["2021-12"]


@pytest.mark.usefixtures("way")
def test_a_database_s_leftovers_do_not_follow_to_the_new_database(target: Path) -> None:
    """A -wal of the previous GeoPackage beside the new one would corrupt it."""
    (target / "lagesbild.gpkg-wal").write_bytes(b"of the old one")
    publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert "lagesbild.gpkg-wal" not in contents(target)


@pytest.mark.usefixtures("way")
def test_the_folder_keeps_the_permissions_it_was_given(target: Path) -> None:
    """A folder opened to a group stays open to it."""
    target.chmod(0o770)
    publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert target.stat().st_mode & 0o777 == 0o770


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, LagesbildError])
def test_a_failure_leaves_the_previous_result_and_nothing_else(
    target: Path, error: type[BaseException]
) -> None:
    """Whatever goes wrong while writing is passed on, and the folder is as it was."""

    def fail(folder: Path) -> None:
        write_all(folder, {"karta.html": b"half"})
        raise error("no")

    with pytest.raises(error):
        publish(target, fail, ours=OURS)
    assert contents(target.parent) == {f"2021-12/{n}": c for n, c in (OLD | NOTES).items()}
    assert [p.name for p in target.parent.iterdir()] == ["2021-12"]


def test_a_full_disk_is_an_output_error_that_names_the_cure(target: Path) -> None:
    """The system's error becomes ours, with what to do."""

    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device", str(folder))

    with pytest.raises(OutputError, match="make room on the disk"):
        publish(target, fail)


def test_a_folder_held_by_another_program_is_left_alone(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to rename a folder in use: the old result stays, and the error says why."""
    rename = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if self == target:
            raise PermissionError(13, "Access is denied", str(self))
        return rename(self, to)

    monkeypatch.setattr(module, "_exchange", lambda _a, _b: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="close QGIS"):
        publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert contents(target.parent) == {f"2021-12/{n}": c for n, c in (OLD | NOTES).items()}


def test_a_second_rename_that_fails_is_rolled_back(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The previous result is moved back when the new one cannot take its place."""
    rename = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if ".new-" in self.name:
            raise PermissionError(13, "Access is denied", str(self))
        return rename(self, to)

    monkeypatch.setattr(module, "_exchange", lambda _a, _b: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError):
        publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert contents(target.parent) == {f"2021-12/{n}": c for n, c in (OLD | NOTES).items()}


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is someone's; it is not replaced."""
    (tmp_path / "2021-12").write_text("mine")
    with pytest.raises(OutputError, match="expected a folder, found a file"):
        publish(tmp_path / "2021-12", lambda folder: write_all(folder, NEW))
    assert (tmp_path / "2021-12").read_text() == "mine"


def test_two_runs_for_one_place_do_not_mix(target: Path) -> None:
    """The second is told to wait, and recovery does not disturb the first."""

    def meanwhile(folder: Path) -> None:
        write_all(folder, NEW)
        with pytest.raises(OutputError, match="another run"):
            publish(target, lambda other: write_all(other, {"karta.html": b"other"}))
        recover(target, ours=OURS)

    publish(target, meanwhile, ours=OURS)
    assert contents(target) == NEW | NOTES


def test_a_lock_that_its_holder_deletes_as_we_come_is_not_taken(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock on a deleted file would keep no one out: the next run would make its own."""
    lock = target.with_name(".2021-12.lock")
    take = module._try_lock
    taken = []

    def late(descriptor: int) -> bool:
        taken.append(descriptor)
        if len(taken) == 1:
            lock.unlink()
        return take(descriptor)

    monkeypatch.setattr(module, "_try_lock", late)
    publish(target, lambda _: lock.stat() and None)
    assert len(taken) == 2


def test_folders_with_names_like_ours_are_left_alone(target: Path) -> None:
    """Cleaning up takes only names that a run makes."""
    write_all(target.parent / ".2021-12.new-version", {"a.txt": b"mine"})
    write_all(target.parent / ".2021-11.new-00000000", {"a.txt": b"of another month"})
    publish(target, lambda folder: write_all(folder, NEW), ours=OURS)
    assert (target.parent / ".2021-12.new-version" / "a.txt").exists()
    assert (target.parent / ".2021-11.new-00000000" / "a.txt").exists()


def test_one_file_is_replaced_whole(tmp_path: Path) -> None:
    """The writer's file ends as the target does; the old file stays until the new is done."""
    path = tmp_path / "ut.gpkg"
    path.write_bytes(b"old")

    def write(new: Path) -> None:
        assert new.suffix == ".gpkg"
        assert not new.exists()
        assert path.read_bytes() == b"old"
        new.write_bytes(b"new")

    replace_file(path, write)
    assert contents(tmp_path) == {"ut.gpkg": b"new"}


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    """Not a byte is changed, and neither the half file nor its journal stays."""
    path = tmp_path / "ut.gpkg"
    path.write_bytes(b"old")

    def fail(new: Path) -> None:
        new.write_bytes(b"half")
        new.with_name(new.name + "-journal").write_bytes(b"half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        replace_file(path, fail)
    assert contents(tmp_path) == {"ut.gpkg": b"old"}


def test_a_database_that_someone_edits_is_not_replaced(tmp_path: Path) -> None:
    """Replacing it would lose the edits or corrupt the new file; the error says what to close."""
    path = tmp_path / "ut.gpkg"
    path.write_bytes(b"old")
    (tmp_path / "ut.gpkg-wal").write_bytes(b"edits")
    with pytest.raises(OutputError, match="close QGIS"):
        replace_file(path, lambda new: new.write_bytes(b"new") and None)
    assert contents(tmp_path) == {"ut.gpkg": b"old", "ut.gpkg-wal": b"edits"}


def killed(tmp_path: Path, way: str, old: dict[str, bytes], notes: dict[str, bytes]) -> list[Any]:
    """Kill a delivery before each of its touches of the file system; tell what each left."""
    texts = {"old": old, "new": NEW, "notes": notes}
    wish: dict[str, Any] = {
        key: {name: data.decode() for name, data in files.items()} for key, files in texts.items()
    }
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [
            sys.executable,
            Path(__file__).with_name("publish_killed.py"),
            tmp_path / "folder",
            json.dumps(wish | {"way": way, "ours": OURS}),
        ],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told: list[Any] = json.loads(done.stdout)
    assert len(told) > 5
    return told


@posix
@pytest.mark.parametrize("first", [False, True], ids=["replacing", "first"])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_whole(
    tmp_path: Path, way: str, *, first: bool
) -> None:
    """At once with an exchange, else after recovery, even if that is killed too; no leftovers."""
    old, notes = ({}, {}) if first else (OLD, NOTES)
    before, after, beside = (
        {name: data.decode() for name, data in files.items()} for files in (old, NEW, notes)
    )
    whole = [{f"2021-12/{n}": c for n, c in (one | beside).items()} for one in (before, after)]
    outcomes = []
    for step, told in enumerate(killed(tmp_path, way, old, notes), 1):
        ours = {n: c for n, c in told["now"].items() if n not in {*beside, ".unfinished"}}
        assert ours in (before, after, *([] if way == "exchange" else [{}])), f"step {step}"
        for found in (told["after"], *told["twice"]):
            assert found in whole, f"step {step}"
        outcomes.append(told["after"] == whole[1])
    assert outcomes == sorted(outcomes), "from some step on it is the new one"
    assert not outcomes[0]
    assert outcomes[-1]


@posix
def test_a_kill_at_any_moment_leaves_one_whole_file(tmp_path: Path) -> None:
    """The old or the new file at once; the next run removes what the killed one left."""
    for step, told in enumerate(killed(tmp_path, "file", {}, {}), 1):
        assert told["now"] in {"old", "new"}, f"step {step}"
        for found in (told["after"], *told["twice"]):
            assert found == {"ut.gpkg": "newer"}, f"step {step}"
