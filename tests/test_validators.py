"""Validators that others wrote for others' rules find nothing in the GeoPackage."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from situations import situation
from test_geopackage import SITUATIONS

from maps.geopackage import write_geopackage

if TYPE_CHECKING:
    from pathlib import Path

AGAINST_THE_DESIGN = {
    "RQ22": "a Dutch list of coordinate systems, which has no Swedish one",
    "RQ2": "no hotspots is a result: the table is there, and empty",
    "RC25": "what the validator takes an empty table's key for",
    "RQ6": "cells that someone drew keep the name of their own id column",
}


@pytest.fixture(scope="session")
def pdok() -> str:
    """The validator of the Dutch national platform (package pdok-geopackage-validator)."""
    found = os.environ.get("LAGESBILD_PDOK") or shutil.which("geopackage-validator")
    if found is None and os.environ.get("CI"):
        pytest.fail("geopackage-validator is not installed, but CI must not skip this test")
    if found is None:
        pytest.skip("geopackage-validator is not installed")
    return found


def complaints(pdok: str, path: Path) -> dict[str, list[str]]:
    """Ask the validator for every rule that a file breaks, and where."""
    done = subprocess.run(
        [pdok, "validate", "--gpkg-path", path], check=True, capture_output=True, text=True
    )
    answer = json.loads(done.stdout)
    assert len(answer["validations_executed"]) > 15
    return {one["validation_code"]: one["locations"] for one in answer["results"]}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_dutch_validator_finds_only_what_is_meant(pdok: str, tmp_path: Path, name: str) -> None:
    """Names, keys, geometries, their directions, indexes and declared types are as they should be.

    Recommendations are kept as well as requirements.
    """
    write_geopackage(SITUATIONS[name](), tmp_path / "a.gpkg", "sv")
    found = complaints(pdok, tmp_path / "a.gpkg")
    assert set(found) - set(AGAINST_THE_DESIGN) == set(), found
    for code in ("RQ2", "RC25"):
        assert all("hotspots" in where for where in found.get(code, [])), found
    assert all("TARGET_FID" in where for where in found.get("RQ6", [])), found


def test_names_from_people_are_short_enough_for_every_program(pdok: str, tmp_path: Path) -> None:
    """A long name of a family becomes columns of at most 57 characters, and no two are one."""
    one = situation()
    views = tuple(
        replace(view, family="x" * 200 + str(number), hotspots=(), alerts=()) if number else view
        for number, view in enumerate(one.views)
    )
    write_geopackage(replace(one, views=views), tmp_path / "a.gpkg", "sv")
    assert set(complaints(pdok, tmp_path / "a.gpkg")) == {"RQ22"}
