"""What is said of bathing sites: seasons of their own, reach from their shapes, and the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
import situations as made

from geo.aoristic import Between
from geo.cells import lattice_cells
from geo.grid import Grid
from geo.months import parse_month
from layers.layer import Events
from maps import bathing
from maps.words import words

YEAR = (parse_month("2021-01"), parse_month("2021-12"))
CELLS = lattice_cells(Grid("square", 500), shapely.box(0, 0, 20_000, 20_000))
HERE, THERE = (5_000.0, 5_000.0), (15_000.0, 15_000.0)
EN = words("en")


def sites(*shapes, **columns):
    """Make a layer of bathing sites."""
    ids = [str(i) for i in range(len(shapes))]
    table = pd.DataFrame({"id": ids, "name": [f"Site {i}" for i in ids], **columns})
    return made.layer("bathing_sites", table, np.array(shapes, dtype=object))


def incidents(*events, between=None):
    """Make a layer of incidents, each (x, y, time)."""
    x, y, time = zip(*events, strict=True)
    n = len(events)
    table = pd.DataFrame({"id": [str(i) for i in range(n)], "time": pd.to_datetime(list(time))})
    counted = Events(
        np.array(x), np.array(y), np.zeros(n, np.int32), np.zeros(n, np.int16),
        np.zeros(n, np.int32), ("littering",), np.ones(n), between,
    )  # fmt: skip
    layer = made.layer("incidents", table, shapely.points(x, y))
    return replace(layer, events=counted)


def told(*layers, found=None, reach_m=500.0, months=YEAR):
    """Give the table of the first layer, which is of bathing sites."""
    given = bathing.with_findings(layers, found or {}, CELLS, reach_m=reach_m, months=months)
    assert [layer.name for layer in given] == [layer.name for layer in layers]
    return given[0].table


def at(site, *days):
    """Make events at a site, one a day."""
    return [(*site, f"{day} 14:00") for day in days]


# --- seasons ----------------------------------------------------------------------------------


def test_each_site_has_its_own_season_or_the_longest_of_the_country():
    """July 1 to August 15 is 46 days, June 21 to August 20 is 61, both ends included."""
    days = ("2021-06-20", "2021-06-21", "2021-07-01", "2021-08-15", "2021-08-16", "2021-08-20")
    layers = (
        sites(
            shapely.Point(HERE), shapely.Point(THERE),
            season_start=["07-01", None], season_end=["08-15", None],
        ),
        incidents(*at(HERE, *days), *at(THERE, *days)),
    )  # fmt: skip
    table = told(*layers)
    assert table["season_n"].tolist() == [2, 5]
    assert table["season_days"].tolist() == [46, 61]
    assert table["per_season_day"].tolist() == [2 / 46, 5 / 61]
    assert told(sites(shapely.Point(HERE)), layers[1])["season_n"].tolist() == [5]


def test_only_the_season_of_the_period_counts():
    """Of two years the events and the days of one; without months nothing is said of seasons."""
    layers = (
        sites(shapely.Point(HERE)),
        incidents(*at(HERE, "2020-07-15", "2021-07-15", "2021-12-24")),
    )
    july = parse_month("2021-07")
    assert told(*layers)["season_n"].tolist() == [1]
    assert told(*layers, months=(july, july))["season_days"].tolist() == [31]
    winter = told(*layers, months=(july + 4, july + 5))
    assert winter["season_days"].tolist() == [0]
    assert winter["per_season_day"].isna().all()
    assert list(told(*layers, months=(0, 0))) == ["id", "name"]


def test_reach_is_from_the_shore_of_a_polygon():
    """A beach of 4 km: an event 400 m off its end is near, 600 m off is not; a point has no end."""
    beach = shapely.box(3_000, 5_000, 7_000, 5_100)
    july = "2021-07-15 14:00"
    events = incidents((7_400.0, 5_050.0, july), (7_600.0, 5_050.0, july), (5_000.0, 5_050.0, july))
    point = sites(shapely.centroid(beach))
    assert told(sites(beach), events)["season_n"].tolist() == [2]
    assert told(sites(beach), events, reach_m=700)["season_n"].tolist() == [3]
    assert told(point, events)["season_n"].tolist() == [1]


def test_an_event_by_two_sites_counts_for_both_and_for_no_other():
    """Sites a few metres apart share what is near; one far away has none of it."""
    near = (HERE[0] + 0.2, HERE[1])
    layer = sites(shapely.Point(HERE), shapely.Point(near), shapely.Point(THERE))
    assert told(layer, incidents(*at(HERE, "2021-07-15")))["season_n"].tolist() == [1, 1, 0]


def test_an_incident_from_one_time_to_another_lies_at_its_midpoint():
    """As its month does: from 10 June to 10 July is 25 June, in the season it began before."""
    start = np.array(["2021-06-10T12:00", "2021-08-10T12:00", "NaT"], dtype="datetime64[s]")
    end = np.array(["2021-07-10T12:00", "2021-09-10T12:00", "NaT"], dtype="datetime64[s]")
    spans = Between(start, end, np.ones(3, dtype=bool))
    events = at(HERE, "2021-06-10", "2021-08-10", "2021-07-15")
    layer = sites(shapely.Point(HERE))
    assert told(layer, incidents(*events))["season_n"].tolist() == [2]
    assert told(layer, incidents(*events, between=spans))["season_n"].tolist() == [2]
    only = Between(start[:1], end[:1], spans.timed[:1])
    assert told(layer, incidents(events[0]))["season_n"].tolist() == [0]
    assert told(layer, incidents(events[0], between=only))["season_n"].tolist() == [1]
    late = Between(start[1:2], end[1:2], spans.timed[1:2])
    assert told(layer, incidents(events[1], between=late))["season_n"].tolist() == [0]


def test_what_is_undated_in_no_cell_or_without_a_place_is_in_no_season():
    """An event without a date, one outside the cells, one known for the area only."""
    events = incidents(
        *at(HERE, "2021-07-15"), (*HERE, None), (-100.0, 5_000.0, "2021-07-15 14:00")
    )
    layer = sites(shapely.Point(HERE), shapely.Point(0, 5_000))
    assert told(layer, events)["season_n"].tolist() == [1, 0]
    table = pd.DataFrame({"id": ["a"], "time": pd.to_datetime(["2021-07-15"])})
    crowd = made.layer("incidents", table, np.array([None], dtype=object))
    crowd = replace(crowd, events=replace(events.events, between=None))
    assert told(layer, crowd)["season_n"].tolist() == [0, 0]


def test_layers_that_are_no_events_are_not_counted():
    """Patrols have times and points, and are no trouble."""
    patrols = made.layer(
        "patrols",
        pd.DataFrame({"id": ["1"], "start": pd.to_datetime(["2021-07-15 14:00"])}),
        shapely.points([HERE]),
    )
    assert told(sites(shapely.Point(HERE)), patrols)["season_n"].tolist() == [0]


# --- findings ---------------------------------------------------------------------------------


def test_findings_stand_with_their_sites_over_all_layers():
    """In the order of layers and rows; a site without a place has none."""
    first = sites(shapely.Point(HERE), None, shapely.Point(THERE))
    second = replace(sites(shapely.Point(6_000, 6_000)), name="more")
    found = {name: [1, 2, 3] if name == "n" else [0.1, 0.2, np.nan] for name in bathing.FOUND}
    events = incidents(*at(HERE, "2021-07-15"))
    given = bathing.with_findings(
        (first, events, second), found, CELLS, reach_m=500.0, months=(0, 0)
    )
    assert given[1] is events
    assert given[0].table["near_n"].dtype == "Int64"
    assert given[0].table["near_n"].fillna(-1).tolist() == [1, -1, 2]
    assert given[0].table["near_ratio"].fillna(-1).tolist() == [0.1, -1, 0.2]
    assert given[2].table["near_n"].tolist() == [3]
    assert given[2].table["near_q"].isna().all()
    assert list(first.table) == ["id", "name"]  # what was given is as it was


def test_without_sites_nothing_is_said():
    """Layers come back as they are, and there are no sites to analyse."""
    layers = (incidents(*at(HERE, "2021-07-15")),)
    assert bathing.with_findings(layers, {}, CELLS, reach_m=500.0, months=YEAR) == layers
    assert bathing.sites(layers) is None
    assert bathing.sites((sites(None),)) is None


def test_the_joint_analysis_gets_the_middles():
    """A polygon's centroid; a site without a place is none."""
    found = bathing.sites((sites(shapely.box(0, 0, 10, 20), None), sites(shapely.Point(HERE))))
    assert (found.x.tolist(), found.y.tolist()) == ([5, HERE[0]], [10, HERE[1]])


# --- the table --------------------------------------------------------------------------------


def situation(*tables, by="ground"):
    """Make a situation with the given tables of bathing sites."""
    one = made.situation()
    layers = [
        made.layer("bathing_sites", table, shapely.points([HERE] * len(table))) for table in tables
    ]
    settings = {**one.settings, "sites_reach_m": 750.0, "sites_by": by}
    return replace(one, layers=(*layers, *one.layers[1:]), settings=settings)


def near(names, n, ratio=2.0, q=0.01):
    """Make a table of sites as the joint analysis leaves it."""
    return pd.DataFrame(
        {
            "id": names,
            "name": names,
            "near_n": pd.array(n, dtype="Int64"),
            "near_ratio": np.broadcast_to(ratio, len(names)).astype(float),
            "near_q": np.broadcast_to(q, len(names)).astype(float),
        }
    )


def seasonal(n, per_day):
    """Make the columns of a season."""
    return {"season_n": pd.array(n, dtype="Int64"), "per_season_day": per_day}


def test_most_events_first_then_by_name():
    """Over all layers; a site of which nothing is known is not shown."""
    found = bathing.table(
        situation(near(["B", "C", "lost"], [5, 9, pd.NA]), near(["A", "D"], [5, 0])), EN
    )
    assert [row["name"] for row in found["rows"]] == ["C", "A", "B", "D"]
    assert [row["numbers"][0] for row in found["rows"]] == ["9", "5", "5", "0"]
    assert found["heads"] == [EN(f"page.sites_table.{h}") for h in ("name", "n", "ratio")]
    assert found["more"] == ""
    assert "750" in found["about"]


def test_only_more_than_chance_is_sure():
    """Fewer is not, nor what may be chance, nor what cannot be told."""
    table = near(
        ["more", "fewer", "chance", "unknown"],
        [9, 8, 7, 6],
        ratio=[2.04, 0.2, 2.0, np.nan],
        q=[0.04, 0.01, 0.06, np.nan],
    )
    rows = bathing.table(situation(table), EN)["rows"]
    assert [row["sure"] for row in rows] == [True, False, False, False]
    assert [row["numbers"][1] for row in rows] == ["2.0", "0.2", "2.0", "–"]


def test_the_measure_is_said():
    """Ground, or inhabitants where the project names them."""
    table = near(["A"], [5])
    assert bathing.table(situation(table), EN)["about"] == EN("page.sites_table.about", reach=750.0)
    by = bathing.table(situation(table, by="exposure"), EN)
    assert by["about"] == EN("page.sites_table.about_exposure", reach=750.0)


def test_fifteen_are_shown_and_the_rest_counted():
    """The others are in the GeoPackage."""
    names = [f"S{i:02d}" for i in range(17)]
    found = bathing.table(situation(near(names, range(17))), EN)
    assert len(found["rows"]) == bathing.MOST_ROWS == 15
    assert found["rows"][0]["name"] == "S16"
    assert found["more"] == EN("page.sites_table.more", n=2)
    assert bathing.table(situation(near(names[:15], range(15))), EN)["more"] == ""


def test_a_season_is_shown_where_anything_happened_in_it():
    """Per ten days with one decimal; a dash where the period holds no day of the season."""
    table = near(["A", "B"], [5, 4]).assign(**seasonal([3, 0], [3 / 61, np.nan]))
    found = bathing.table(situation(table), EN)
    assert found["heads"][-1] == EN("page.sites_table.season")
    assert [row["numbers"][-1] for row in found["rows"]] == ["0.5", "–"]
    quiet = near(["A"], [5]).assign(**seasonal([0], [0.0]))
    assert len(bathing.table(situation(quiet), EN)["heads"]) == 3


def test_a_season_alone_makes_a_table():
    """Without the joint analysis: events of the season, most first, and none is called sure."""
    table = pd.DataFrame({"id": ["a", "b", "c"], "name": ["A", "B", "C"]}).assign(
        **seasonal([1, 30, pd.NA], [1 / 61, 30 / 61, np.nan])
    )
    found = bathing.table(situation(table), EN)
    assert [(row["name"], row["sure"]) for row in found["rows"]] == [("B", False), ("A", False)]
    assert [row["numbers"] for row in found["rows"]] == [["30", "4.9"], ["1", "0.2"]]
    heads = [EN(f"page.sites_table.{head}") for head in ("name", "season_n", "season")]
    assert found["heads"] == heads
    assert found["about"] == EN("page.sites_table.about_season", reach=750.0)


@pytest.mark.parametrize(
    "tables",
    [
        (),
        (pd.DataFrame({"id": ["a"], "name": ["A"]}),),
        (pd.DataFrame({"id": ["a"], "name": ["A"]}).assign(**seasonal([0], [0.0])),),
    ],
)
def test_without_anything_to_say_there_is_no_table(tables):
    """No sites, no months and no analysis, or nothing in the season."""
    assert bathing.table(situation(*tables), EN) == {"rows": []}
