"""The manifest says what a result was made of, and nothing about whose machine made it."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from situations import situation

from maps.manifest import portable, write_manifest


def manifest(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    """Write and read a manifest."""
    path = tmp_path / "manifest.json"
    write_manifest(dataclasses.replace(situation(), **changes), path)
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def test_inputs_are_told_with_checksums_and_counts(tmp_path: Path) -> None:
    """Every source in the order of the project, with what was read, accepted and left out."""
    found = manifest(tmp_path)["inputs"]
    assert [one["name"] for one in found] == [
        "bathing_sites", "traffic_spots", "patrols", "incidents",
    ]  # fmt: skip
    assert found[3] == {
        "accepted": 600,
        "area_level": 0,
        "kind": "incidents",
        "left_out": {"no_position": 1, "unreadable_date": 1},
        "name": "incidents",
        "path": "rapporter.csv",
        "read": 602,
        "sha256": "1" * 64,
    }


def test_the_numbers_about_whole_maps_are_told(tmp_path: Path) -> None:
    """By family and method: the whole area's change with its interval, for scripts to read."""
    found = manifest(tmp_path)["findings"]
    assert set(found) == {"all", "order", "traffic", "narcotics"}
    change = found["all"]["change"]
    assert (change["n"], change["ratio"], change["low"], change["high"]) == (40, 1.9, 1.2, 3.0)


def test_period_system_and_settings_are_told(tmp_path: Path) -> None:
    """Months as people write them, and every setting as it was used, whatever its type."""
    settings = {
        "seed": np.int64(7),
        "grid": {"kind": "hex", "cell_size": np.float64(500)},
        "gi_star": {"limits": np.array([0.1, 0.05]), "tuple": (1, 2), "on": np.bool_(True)},  # noqa: FBT003
        "odd": {"nan": float("nan"), "set": {"b", "a"}, "date": date(2021, 12, 31), "none": None},
    }
    found = manifest(tmp_path, settings=settings)
    assert (found["month"], found["months"]) == ("2021-12", ["2021-01", "2021-12"])
    assert (found["crs"], found["seed"]) == ("EPSG:3006", 7)
    assert found["settings"] == {
        "seed": 7,
        "grid": {"kind": "hex", "cell_size": 500.0},
        "gi_star": {"limits": [0.1, 0.05], "tuple": [1, 2], "on": True},
        "odd": {"nan": None, "set": ["a", "b"], "date": "2021-12-31", "none": None},
    }


def test_a_table_without_dates_has_no_months(tmp_path: Path) -> None:
    """Where no event has a date, none is made up."""
    found = manifest(tmp_path, month=0, months=(0, 0))
    assert (found["month"], found["months"]) == (None, None)


def test_versions_that_can_change_a_result_are_told(tmp_path: Path) -> None:
    """Ours, Python's, and those of the libraries that compute."""
    found = manifest(tmp_path)["versions"]
    assert found["numpy"] == np.__version__
    assert {"lagesbild", "python", "gdal", "geos", "proj", "shapely", "pyproj"} <= set(found)


def test_nothing_is_told_about_machine_user_or_passwords(tmp_path: Path) -> None:
    """Absolute paths shrink to their last part, credentials in addresses vanish."""
    one = situation()
    reports = tuple(
        dataclasses.replace(one.reports[0], path=path)
        for path in (str(Path.home() / "a.csv"), r"C:\Users\eva\b.csv", r"\\server\delat\c.csv")
    )
    settings = {
        "path": Path.cwd() / "data",
        "url": "postgresql://eva:hemligt@db.example/lage",
        "relative": PurePosixPath("data/d.csv"),
    }
    found = manifest(tmp_path, reports=reports, settings=settings)
    assert [report["path"] for report in found["inputs"]] == ["a.csv", "b.csv", "c.csv"]
    assert found["settings"] == {
        "path": "data",
        "url": "postgresql://db.example/lage",
        "relative": "data/d.csv",
    }
    text = (tmp_path / "manifest.json").read_text("utf-8")
    for secret in ("hemligt", "eva", str(Path.home()), str(tmp_path)):
        assert secret not in text


def test_keys_are_sorted_and_the_same_situation_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two manifests can be compared line by line; Swedish letters are readable."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_manifest(situation(text="å"), tmp_path / name / "manifest.json")
    data = (tmp_path / "a" / "manifest.json").read_bytes()
    assert data == (tmp_path / "b" / "manifest.json").read_bytes()
    assert "Lägesbild Lekebergå" in data.decode("utf-8")
    assert b"\r" not in data
    assert data.endswith(b"}\n")

    def ordered(value: object) -> bool:
        if isinstance(value, dict):
            return [*value] == sorted(value) and all(map(ordered, value.values()))
        return all(map(ordered, value)) if isinstance(value, list) else True

    assert ordered(json.loads(data))


def test_a_setting_without_a_form_in_json_is_refused(tmp_path: Path) -> None:
    """An object's address in memory would change from run to run."""
    with pytest.raises(TypeError, match="found object"):
        manifest(tmp_path, settings={"odd": object()})


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("data/a.csv", "data/a.csv"),
        ("../a.csv", "../a.csv"),
        ("/srv/x/a.csv", "a.csv"),
        (r"D:\x\a.csv", "a.csv"),
    ],
)
def test_relative_paths_stay_and_absolute_ones_shrink(path: str, told: str) -> None:
    """A path inside the project means the same to every reader; another does not."""
    assert portable(path) == told
