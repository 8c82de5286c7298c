"""Exposure: inhabitants shared out over cells, rates, and days of the bathing season."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import lattice_cells, polygon_cells
from geo.exposure import (
    in_season,
    rate,
    season_days,
    season_rates,
    smoothed_rate,
    spread_over_cells,
)
from geo.grid import Grid

AREA = shapely.Polygon([(150, 120), (4300, 300), (3900, 3100), (2000, 2200), (300, 3700)])
SQUARES = lattice_cells(Grid("square", 250), AREA)
HEXAGONS = lattice_cells(Grid("hex", 300), AREA)
DRAWN = polygon_cells(SQUARES.polygons, SQUARES.ids)


def objects(*shapes):
    """Make an array of shapes."""
    return np.array(shapes, dtype=object)


def overlaid(shape, value, cells):
    """Share one polygon out the slow and plain way."""
    return value * shapely.area(shapely.intersection(cells.polygons, shape)) / shapely.area(shape)


@pytest.mark.parametrize("cells", [SQUARES, HEXAGONS, DRAWN], ids=["square", "hex", "drawn"])
@given(
    st.lists(
        st.tuples(
            st.floats(-500, 5000), st.floats(-500, 5000), st.floats(1, 2000), st.floats(1, 2000),
            st.sampled_from(["box", "disc", "notch"]), st.floats(0, 1000),
        ),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_polygons_are_shared_out_by_area(cells, drawn):
    """As a plain overlay has it; inside and outside sum to what was there."""
    shapes = []
    for x, y, wide, high, form, _ in drawn:
        box = shapely.box(x, y, x + wide, y + high)
        middle = shapely.Point(x + wide / 2, y + high / 2)
        shapes.append(
            {
                "box": box,
                "disc": shapely.buffer(middle, wide),
                "notch": shapely.difference(box, shapely.buffer(middle, min(wide, high) / 3)),
            }[form]
        )
    values = np.array([row[5] for row in drawn])
    found = spread_over_cells(objects(*shapes), values, cells)
    expected = sum(overlaid(s, v, cells) for s, v in zip(shapes, values, strict=True))
    assert found.per_cell == pytest.approx(expected, abs=1e-6)
    assert found.per_cell.sum() + found.outside == pytest.approx(values.sum())


def test_a_square_over_four_cells_by_hand():
    """A 1 km square with 800 inhabitants over cells of 500 m: 200 each; half outside is told."""
    cells = lattice_cells(Grid("square", 500), shapely.box(1, 1, 999, 999))
    whole = spread_over_cells(objects(shapely.box(0, 0, 1000, 1000)), np.array([800.0]), cells)
    assert whole.per_cell == pytest.approx([200.0] * 4)
    assert whole.outside == 0.0
    half = spread_over_cells(objects(shapely.box(500, 0, 1500, 1000)), np.array([800.0]), cells)
    assert half.per_cell == pytest.approx([0, 200.0, 0, 200.0])
    assert half.outside == pytest.approx(400.0)


def test_points_give_all_to_their_cell():
    """Each to the cell that holds it, those outside are told; lines and empty shapes as well."""
    cells = lattice_cells(Grid("square", 500), shapely.box(1, 1, 999, 499))
    shapes = objects(
        shapely.Point(10, 10), shapely.Point(20, 20), shapely.Point(500, 0), shapely.Point(-5, 0),
        shapely.LineString([(0, 0), (9, 9)]), shapely.Polygon(), shapely.box(0, 0, 500, 500),
    )  # fmt: skip
    found = spread_over_cells(shapes, np.array([1.0, 2, 4, 8, 16, 32, 64]), cells)
    assert found.per_cell == pytest.approx([67.0, 4.0])
    assert found.outside == pytest.approx(56.0)


def test_a_hundred_thousand_squares_take_moments():
    """The population of 100 m squares of a big municipality onto 250 m cells, in seconds."""
    cells = lattice_cells(Grid("square", 250), shapely.box(0, 0, 31_000, 33_000))
    x, y = (a.ravel() * 100.0 for a in np.meshgrid(np.arange(310), np.arange(330)))
    squares = shapely.box(x, y, x + 100, y + 100)
    values = np.random.default_rng(1).integers(0, 50, len(squares)).astype(float)
    start = time.process_time()
    found = spread_over_cells(squares, values, cells)
    assert time.process_time() - start < 5
    assert found.per_cell.sum() == pytest.approx(values.sum())
    assert found.outside == pytest.approx(0.0, abs=1e-6)


def test_rates_by_hand():
    """Events per 1,000; below the floor, and without inhabitants, no rate at all."""
    found = rate(np.array([2, 0, 3, 1]), np.array([500.0, 100.0, 9.0, 0.0]), floor=10.0)
    assert found == pytest.approx([4.0, 0.0, np.nan, np.nan], nan_ok=True)


def test_smoothed_rates_are_spdeps():
    """Six areas, as spdep has them.

    spdep 1.2.7: ``EBest(c(0,3,8,2,15,1), c(120,400,900,1500,1000,80))`` has a 2.000694444e-05,
    b 0.00725.
    """
    events, people = np.array([0, 3, 8, 2, 15, 1]), np.array([120.0, 400, 900, 1500, 1000, 80])
    expected = [0.005446420862, 0.007381169186, 0.008418433281, 0.002484577393, 0.012938598726,
                0.008199422510]  # fmt: skip
    assert smoothed_rate(events, people, per=1.0) == pytest.approx(expected, rel=1e-9)
    with_none = smoothed_rate(np.append(events, 1), np.append(people, 0.0), per=1.0)
    assert with_none == pytest.approx([*expected, np.nan], rel=1e-9, nan_ok=True)
    even = smoothed_rate(np.array([1, 2, 3]), np.array([100.0, 200.0, 300.0]))
    assert even == pytest.approx([10.0] * 3)
    assert np.isnan(smoothed_rate(np.array([1]), np.zeros(1))).all()


def days(first, last):
    """Give a period of two ISO dates."""
    return np.datetime64(first), np.datetime64(last)


def test_the_season_by_the_calendar():
    """21 June to 20 August has 61 days, one in New Year's season of 1 Dec to 29 Feb in all."""
    assert season_days((6, 21), (8, 20), days("2021-01-01", "2021-12-31")) == 61
    assert season_days((6, 21), (8, 20), days("2019-01-01", "2021-12-31")) == 183
    assert season_days((6, 21), (8, 20), days("2021-07-01", "2022-06-30")) == 31 + 20 + 10
    assert season_days((6, 21), (8, 20), days("2021-09-01", "2022-05-31")) == 0
    assert season_days((12, 1), (2, 29), days("2020-01-01", "2020-12-31")) == 31 + 29 + 31


@given(st.dates(dt.date(1995, 1, 1), dt.date(2030, 12, 31)))
def test_a_date_is_in_season_as_python_says(date):
    """For a summer season, one over New Year, and one of a single day."""
    day = np.array([date], dtype="datetime64[D]")
    at = (date.month, date.day)
    assert in_season(day)[0] == ((6, 21) <= at <= (8, 20))
    assert in_season(day, (11, 5), (1, 31))[0] == (at >= (11, 5) or at <= (1, 31))
    assert in_season(day, (2, 29), (2, 29))[0] == (at == (2, 29))


def test_events_by_a_bathing_site_per_day_of_its_season():
    """Three summers' events within 500 m, in season only; the site with a short season by its own.

    Site one: 4 of the season's 122 days of two summers. Site two, 10 km off, open for ten days a
    summer: 1 in 20. What is far, before the season, of unknown date or out of the period is not in.
    """
    sites = np.array([0.0, 10_000.0]), np.array([0.0, 0.0])
    rows = [
        (100, 0, "2021-06-21"), (0, 499, "2021-08-20"), (0, 0, "2022-07-01"), (3, 4, "2022-07-02"),
        (0, 501, "2022-07-02"), (0, 0, "2021-06-20"), (0, 0, "2022-08-21"), (0, 0, "NaT"),
        (0, 0, "2023-07-01"), (10_000, 10, "2021-07-10"), (10_000, 10, "2021-07-11"),
    ]  # fmt: skip
    events = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows], float)
    dates = np.array([r[2] for r in rows], dtype="datetime64[s]")
    found = season_rates(
        shapely.points(*sites), events, dates, period=days("2021-01-01", "2022-12-31"),
        opens=((6, 21), (7, 1)), closes=((8, 20), (7, 10)),
    )  # fmt: skip
    assert found.n.tolist() == [4, 1]
    assert found.days.tolist() == [122, 20]
    assert found.per_day == pytest.approx([4 / 122, 1 / 20])


def test_no_season_in_the_period_is_no_rate():
    """A winter's events say nothing of the bathing season; no events and no sites are no error."""
    none = np.zeros(0), np.zeros(0)
    no_dates = np.zeros(0, dtype="datetime64[D]")
    one = objects(shapely.Point(0, 0))
    winter = season_rates(one, none, no_dates, period=days("2021-10-01", "2022-03-31"))
    assert winter.days.tolist() == [0]
    assert np.isnan(winter.per_day).all()
    summer = season_rates(one, none, no_dates, period=days("2021-01-01", "2021-12-31"))
    assert summer.per_day.tolist() == [0.0]
    event = np.zeros(1), np.zeros(1)
    nowhere = season_rates(objects(), event, np.array(["2021-07-01"], "datetime64[D]"),
                           period=days("2021-01-01", "2021-12-31"))  # fmt: skip
    assert len(nowhere.n) == 0


def test_several_points_share_their_value():
    """A multipoint's 90 inhabitants: 30 at each of three points, one of them outside."""
    cells = lattice_cells(Grid("square", 500), shapely.box(1, 1, 999, 499))
    shapes = objects(
        shapely.MultiPoint([(10, 10), (600, 20), (-50, 0)]), shapely.MultiPoint(),
        shapely.Point(700, 20), shapely.Point(),
    )  # fmt: skip
    found = spread_over_cells(shapes, np.array([90.0, 5.0, 7.0, 3.0]), cells)
    assert found.per_cell == pytest.approx([30.0, 37.0])
    assert found.outside == pytest.approx(38.0)
