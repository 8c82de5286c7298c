"""Promises of the recognition of coordinates that stand for whole areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from layers.arealevel import Known, area_level, is_settlement
from layers.project import load_project
from layers.reading import read_project_layers
from maps.words import words

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")

CENTRE = (487000.0, 6560000.0)
RNG = np.random.default_rng(3)


def layer_of(crowd: int, others: int) -> tuple[np.ndarray, np.ndarray]:
    """Put a crowd on one point and others on points of their own."""
    x = np.concatenate([np.full(crowd, CENTRE[0]), RNG.uniform(480000, 500000, others)])
    y = np.concatenate([np.full(crowd, CENTRE[1]), RNG.uniform(6550000, 6570000, others)])
    return x, y


def marked(crowd: int, others: int, **more: object) -> int:
    """Count what is recognised, where all events differ in time."""
    x, y = layer_of(crowd, others)
    known = more.pop("known", Known())
    different = more.pop("different", (np.arange(len(x)),))
    found = area_level(x, y, known=known, different=different, **more)  # type: ignore[arg-type]
    assert not found[crowd:].any()
    return int(found.sum())


@pytest.mark.parametrize(
    ("crowd", "others", "expected"),
    [
        (60, 940, 60),
        (9, 100, 0),  # too few
        (20, 980, 0),  # 2 per cent: a busy address
        (30, 970, 30),  # 3 per cent
        (3, 0, 3),  # all of a small file
        (2, 0, 0),
    ],
)
def test_many_different_events_on_one_point_are_an_area(
    crowd: int, others: int, expected: int
) -> None:
    """At least ten and three per cent, or all of at least three."""
    assert marked(crowd, others) == expected


def test_a_bathing_site_may_gather_its_reports() -> None:
    """Sixty reports exactly on a registered point, or 40 m from it, are about the site."""
    for away in (0, 40):
        site = shapely.Point(CENTRE[0] + away, CENTRE[1])
        assert marked(60, 300, known=Known(np.array([site], dtype=object))) == 0
    far = shapely.Point(CENTRE[0] + 60, CENTRE[1])
    assert marked(60, 300, known=Known(np.array([far], dtype=object))) == 60


def test_a_localitys_own_point_stands_for_the_locality() -> None:
    """Ten are enough there, whatever their share."""
    known = Known(centres=np.array([CENTRE]))
    assert marked(20, 1980, known=known) == 20
    assert marked(9, 1980, known=known) == 0


def test_one_and_the_same_event_is_no_area() -> None:
    """A repeated event (equal in every respect) says nothing about the coordinate."""
    assert marked(60, 940, different=(np.zeros(1000),)) == 0


def test_an_address_that_is_named_is_a_place() -> None:
    """Unless the name is that of the municipality or a locality."""
    other = [f"Vägen {i}" for i in range(940)]
    known = Known(names=frozenset({"lekeberg", "fjugesta"}))
    assert marked(60, 940, place=pd.Series(["Storgatan 1"] * 60 + other), known=known) == 0
    assert marked(60, 940, place=pd.Series([" LEKEBERG"] * 60 + other), known=known) == 60
    assert marked(60, 940, place=pd.Series([f"G {i}" for i in range(60)] + other)) == 60
    assert marked(60, 940, place=pd.Series([None] * 60 + other)) == 60


def test_a_source_of_centres_gives_centres_only() -> None:
    """Where nearly all is area-level, two events on another point are too; one alone is not."""
    x, y = layer_of(28, 1)
    x, y = np.append(x, [x[0] + 9000] * 2), np.append(y, [y[0] + 9000] * 2)
    found = area_level(x, y, known=Known(), different=(np.arange(31),))
    assert list(np.flatnonzero(~found)) == [28]


def test_places_without_a_kind_are_localities() -> None:
    """A list of localities often says no more than names; a school says what it is."""
    kinds = pd.Series([None, "Tätort", "Skola", "Skola"])
    population = np.array([np.nan, np.nan, np.nan, 12])
    assert list(is_settlement(kinds, population)) == [True, True, False, True]


@needs_reference
def test_the_police_notices_of_lekeberg_are_recognised(tmp_path: Path) -> None:
    """No notice of the public interface is drawn in a cell: they carry areas' centres."""
    sweden = REFERENCE / "sweden"
    path = tmp_path / "p.toml"
    path.write_text(
        f'municipality = "Lekeberg"\n[area]\nfile = "{sweden}/lekeberg_1814.geojson"\n'
        f'[[layers]]\nkind = "incidents"\nfile = "{sweden}/police_events_lekeberg.csv"\n'
        f'[[layers]]\nkind = "bathing_sites"\nfile = "{sweden}/badplatser_hav_2021.csv"\n'
        f'[[layers]]\nkind = "places"\nfile = "{sweden}/tatorter_orebro_lan.geojson"\n'
    )
    layer = read_project_layers(load_project(path))[1]
    # 28 carry the municipality's centre, two the county's, which lies outside.
    assert layer.report.read == 30
    assert layer.report.left_out == {"outside_area": 2}
    assert layer.report.area_level == layer.report.accepted == 28
    assert layer.table["area_level"].all()
    assert all(shape is None for shape in layer.geometry)
    assert layer.events is not None
    assert len(layer.events) == 0
    (note,) = [n for n in layer.report.notes if n.key == "area_level"]
    assert note.level == "warning"
    assert "28 av 28" in words("sv").note(note)


@needs_reference
def test_reports_at_the_real_bathing_sites_are_kept(tmp_path: Path) -> None:
    """Sixty reports on the registered point of Lanna badgruva stay points."""
    sweden = REFERENCE / "sweden"
    sites = pd.read_csv(sweden / "badplatser_hav_2021.csv")
    site = sites[sites["namn"].str.contains("Lanna badgruva")].iloc[0]
    rows = [f"2021-06-{i % 28 + 1:02d} 2{i % 4}:00;Skräp;{site.lat};{site.lon}" for i in range(60)]
    rows += [f"2021-06-01 12:00;Klotter;{59.15 + i / 900};{14.8 + i / 999}" for i in range(60)]
    (tmp_path / "r.csv").write_text("\n".join(["id;Datum;Typ;lat;lon", *(
        f"{i};{row}" for i, row in enumerate(rows)
    )]))  # fmt: skip
    path = tmp_path / "p.toml"
    path.write_text(
        f'municipality = "Lekeberg"\n[area]\nfile = "{sweden}/lekeberg_1814.geojson"\n'
        '[[layers]]\nkind = "incidents"\nfile = "r.csv"\n'
        f'[[layers]]\nkind = "bathing_sites"\nfile = "{sweden}/badplatser_hav_2021.csv"\n'
    )
    layer = read_project_layers(load_project(path))[1]
    assert layer.report.area_level == 0
    assert layer.report.accepted == 120
