"""From layers to a situation: counted once, compared honestly, ranked by what can be claimed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
import situations as made

from geo.aoristic import Between
from geo.calendar import parse_period
from geo.errors import LagesbildError
from geo.months import UNKNOWN_MONTH, month_and_hour, parse_month
from layers.layer import Category, Events, Layer
from layers.project import PageWish
from maps.assemble import Frame, Wish, assemble
from maps.situation import ALL

AREA = shapely.Polygon(made.RING)
METHODS = {"count": {}, "kde": {}, "gi_star": {}}
DECEMBER = parse_month("2021-12")


def events(at, months, categories=("littering",), hour=22, spread=150.0, seed=1):
    """Events scattered around points: ``at`` maps (x, y) to a count per month."""
    rng = np.random.default_rng(seed)
    rows = [
        (x + dx, y + dy, month, rng.integers(len(categories)))
        for (x, y), per_month in at.items()
        for month in months
        for dx, dy in rng.normal(
            0, spread, (per_month[month] if isinstance(per_month, dict) else per_month, 2)
        )
    ]
    x, y, month, category = (np.array(c) for c in zip(*rows, strict=True))
    return Events(
        x,
        y,
        month.astype(np.int32),
        np.full(len(x), hour, np.int16),
        category.astype(np.int32),
        tuple(categories),
        np.ones(len(x)),
    )


def background_noise(n, months, categories, seed=2):
    """Events anywhere in the area."""
    rng = np.random.default_rng(seed)
    west, south, east, north = AREA.bounds
    xy = rng.uniform((west, south), (east, north), (n * 4, 2))
    xy = xy[shapely.contains_xy(AREA, *xy.T)][:n]
    return Events(
        xy[:, 0],
        xy[:, 1],
        rng.choice(np.array(months), len(xy)).astype(np.int32),
        rng.integers(0, 168, len(xy)).astype(np.int16),
        rng.integers(0, len(categories), len(xy)).astype(np.int32),
        tuple(categories),
        np.ones(len(xy)),
    )


YEAR = range(DECEMBER - 11, DECEMBER + 1)
TWO_YEARS = range(DECEMBER - 23, DECEMBER + 1)


def picture(parts, layers=(), **wish):
    """Assemble with the built-in frame of Lekeberg."""
    frame = Frame("Lägesbild", "Lekeberg", 3006, AREA, "Lekeberg", categories=made.CATEGORIES)
    return assemble(frame, Wish(**{"methods": METHODS, **wish}), layers, events=parts)


def test_a_planted_place_is_the_first_hotspot_with_numbers_that_add_up():
    """Count, expected, ratio, months, hours and categories of the hotspot equal a count by hand."""
    planted = events({made.BADGRUVA: 8}, YEAR, ("littering", "vandalism"))
    noise = background_noise(120, YEAR, ("littering", "speeding"))
    result = picture([planted, noise])
    view = result.views[0]
    assert view.family == ALL
    spot = view.hotspots[0]
    assert np.hypot(spot.x - made.BADGRUVA[0], spot.y - made.BADGRUVA[1]) < 250
    x = np.concatenate([planted.x, noise.x])
    y = np.concatenate([planted.y, noise.y])
    month = np.concatenate([planted.month, noise.month])
    inside = shapely.contains_xy(spot.geometry, x, y)
    assert spot.n == inside.sum() == sum(n for _, n in spot.categories) == spot.hours.sum()
    assert spot.n_month == (inside & (month == DECEMBER)).sum()
    assert spot.n_month_before == (inside & (month == DECEMBER - 1)).sum()
    assert spot.monthly.sum() == spot.n
    total = int((result.cells.locate(x, y) >= 0).sum())
    assert spot.expected == pytest.approx(total * spot.area_m2 / AREA.area)
    assert spot.ratio == pytest.approx(spot.n / spot.expected)
    assert view.n == total


def dated(at, clock, n, seed, spread=150.0):
    """Give events of 2021 around a place, on any day, at some hours of the day."""
    rng = np.random.default_rng(seed)
    day = np.datetime64("2021-01-01").astype(int) + rng.integers(0, 365, n)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) + 1970 * 12
    hour = (day + 3) % 7 * 24 + rng.choice(clock, n)
    x, y = np.array(at)[:, None] + rng.normal(0, spread, (2, n))
    place = Events(x, y, month.astype(np.int32), hour.astype(np.int16), np.zeros(n, np.int32),
                   ("littering",), np.ones(n))  # fmt: skip
    return replace(place, day=day.astype(np.int32))


def test_a_hotspots_hot_hours_are_those_that_the_whole_map_does_not_explain():
    """A place of the night is told so; one as the whole map not, and one with too few not asked."""
    nights, leken, few = made.BADGRUVA, made.LEKEN, made.FJUGESTA
    parts = [
        dated(nights, [22, 23], 80, 1),
        dated(leken, range(24), 80, 2),
        dated(few, [3], 22, 3),
        dated(AREA.centroid.coords[0], range(24), 500, 4, spread=8000.0),
    ]
    view = picture(parts, methods={**METHODS, "rhythm": {}}).views[0]
    hot = {}
    for spot in view.hotspots:
        place = min((nights, leken, few), key=lambda at: np.hypot(spot.x - at[0], spot.y - at[1]))
        hot[place] = spot.hot_hours
    assert np.flatnonzero(hot[nights].any(axis=0)).tolist() == [22, 23]
    assert hot[nights].sum() >= 10
    assert hot[leken].shape == (7, 24)
    assert not hot[leken].any()
    assert hot[few] is None
    assert all(spot.hot_hours is None for spot in picture(parts).views[0].hotspots)


def test_the_statistics_see_only_the_period():
    """Trouble of the year before is no hotspot of this period, but is there to compare with."""
    past = events({made.LEKEN: 10}, range(DECEMBER - 23, DECEMBER - 11))
    now = events({made.BADGRUVA: 10}, YEAR, seed=3)
    names = [
        h.id
        for h in picture([past, now, background_noise(150, TWO_YEARS, ("littering",))])
        .views[0]
        .hotspots
    ]
    at = picture([past, now]).cells
    leken = at.ids[at.locate(np.array([made.LEKEN[0]]), np.array([made.LEKEN[1]]))[0]]
    assert len(names) == 1
    assert leken not in names[0]


def test_the_month_is_compared_with_the_same_month_a_year_ago():
    """3 against 20 in December before: down. Without data that reach back: unknown."""
    two = dict.fromkeys(TWO_YEARS, 3) | {DECEMBER - 12: 20}
    result = picture(
        [
            events({made.BADGRUVA: two}, TWO_YEARS, spread=30),
            background_noise(150, YEAR, ("littering",)),
        ]
    )
    spot = result.views[0].hotspots[0]
    assert (spot.n_month, spot.n_year_before, spot.trend) == (3, 20, "down")
    short = picture([events({made.BADGRUVA: 5}, YEAR), background_noise(150, YEAR, ("littering",))])
    assert short.views[0].hotspots[0].n_year_before is None
    assert short.views[0].hotspots[0].trend == "unknown"


def test_a_place_that_has_just_become_hot_is_new():
    """Trouble that began this month is new, of the whole year is not; unknown without a past."""
    old = events({made.BADGRUVA: 6}, TWO_YEARS)
    fresh = events({made.FJUGESTA: 25}, [DECEMBER], seed=4)
    noise = background_noise(200, TWO_YEARS, ("littering",))
    spots = picture([old, fresh, noise]).views[0].hotspots
    told = {np.hypot(h.x - made.FJUGESTA[0], h.y - made.FJUGESTA[1]) < 500: h.new for h in spots}
    assert told == {True: True, False: False}
    short = picture([events({made.BADGRUVA: 6}, YEAR), background_noise(100, YEAR, ("littering",))])
    assert [h.new for h in short.views[0].hotspots] == [None]


def test_families_have_their_own_maps_and_add_up():
    """One map for all and one per family; the families partition the events."""
    parts = [
        events({made.BADGRUVA: 6}, YEAR),
        events({made.FJUGESTA: 6}, YEAR, ("speeding",), seed=5),
        background_noise(100, YEAR, ("littering", "speeding")),
    ]
    result = picture(parts)
    assert [v.family for v in result.views] == [ALL, "order", "traffic"]
    assert result.views[0].n == result.views[1].n + result.views[2].n
    for view, place in ((result.views[1], made.BADGRUVA), (result.views[2], made.FJUGESTA)):
        assert len(view.hotspots) == 1
        assert np.hypot(view.hotspots[0].x - place[0], view.hotspots[0].y - place[1]) < 400
    both = np.column_stack([v.columns["n"] for v in result.views[1:]]).sum(axis=1)
    assert np.array_equal(both, result.views[0].columns["n"])


def test_one_family_alone_needs_no_second_map():
    """With a single family there is one map, not two alike."""
    assert len(picture([events({made.BADGRUVA: 6}, YEAR)]).views) == 1


def test_too_little_data_shows_points_and_claims_nothing():
    """Ten reports give no hotspot; the map gets their places, rounded to 100 m, and a warning."""
    few = events({made.BADGRUVA: 1}, range(DECEMBER - 9, DECEMBER + 1))
    view = picture([few]).views[0]
    assert not view.enough
    assert view.hotspots == ()
    assert not view.hot.any()
    assert 0 < len(view.points) <= 10
    assert np.array_equal(view.points, np.round(view.points / 100) * 100)
    assert "too_few_events" in [note.key for note in view.notes]


def patrols(minutes):
    """A patrol layer: minutes at places in December."""
    x, y = (np.array(c, dtype=float) for c in zip(*minutes, strict=True))
    presence = Events(
        x,
        y,
        np.full(len(x), DECEMBER, np.int32),
        np.zeros(len(x), np.int16),
        np.zeros(len(x), np.int32),
        ("patrol",),
        np.array(list(minutes.values()), dtype=float),
    )
    table = pd.DataFrame({"id": [str(i) for i in range(len(x))]})
    plain = made.layer("patrols", table, shapely.points(x, y))
    return Layer(
        "patrols", "patrols", table, plain.geometry, plain.left_out, plain.report, presence=presence
    )


def test_the_gap_is_where_trouble_is_and_patrols_are_not():
    """Two equal places, one patrolled within reach: the other has gap rank 1 and no minutes."""
    parts = [
        events({made.BADGRUVA: 8, made.LEKEN: 7}, YEAR),
        background_noise(100, YEAR, ("littering",)),
    ]
    far = (made.LEKEN[0] + 3000, made.LEKEN[1])
    layer = patrols({made.BADGRUVA: 90.0, far: 500.0})
    spots = picture(parts, [layer]).views[0].hotspots
    near = {round(np.hypot(h.x - made.BADGRUVA[0], h.y - made.BADGRUVA[1])) < 500: h for h in spots}
    assert (near[True].patrol_minutes, near[True].gap_rank) == (90.0, 2)
    assert (near[False].patrol_minutes, near[False].gap_rank) == (0.0, 1)
    without = picture(parts).views[0].hotspots
    assert {(h.patrol_minutes, h.gap_rank) for h in without} == {(None, None)}


def test_ids_of_hotspots_stay_when_data_are_added_elsewhere():
    """A place keeps its id from one run to the next: it is its family and busiest cell."""
    here = events({made.BADGRUVA: 8}, YEAR, spread=60)
    one = picture([here, background_noise(100, YEAR, ("littering",))]).views[0].hotspots
    two = (
        picture(
            [
                here,
                background_noise(100, YEAR, ("littering",)),
                events({made.FJUGESTA: 9}, YEAR, seed=9),
            ]
        )
        .views[0]
        .hotspots
    )
    assert {h.id for h in one} < {h.id for h in two}


def test_categories_without_an_entry_belong_to_other():
    """A category that the project does not know is counted, in the family of the rest."""
    frame = Frame("", "", 3006, AREA, "", categories={"littering": Category("littering", "order")})
    parts = [events({made.BADGRUVA: 4}, YEAR, ("littering", "odd"))]
    result = assemble(frame, Wish(methods=METHODS), (), events=parts)
    assert {v.family for v in result.views} == {ALL, "order", "other"}


def test_a_month_without_events_is_refused_with_the_months_that_have_some():
    """The error names the months from which one can choose."""
    with pytest.raises(LagesbildError) as caught:
        picture([events({made.BADGRUVA: 4}, YEAR)], month=parse_month("2019-05"))
    assert "events run from 2021-01 to 2021-12" in str(caught.value)


def test_a_period_that_the_data_do_not_fill_is_said():
    """Six months of data make a period of six months and a warning."""
    result = picture([events({made.BADGRUVA: 9}, range(DECEMBER - 5, DECEMBER + 1))])
    assert result.months == (DECEMBER - 5, DECEMBER)
    assert [n.values["n"] for n in result.notes if n.key == "short_period"] == [6]


def test_events_without_a_date_count_in_no_period_and_it_is_said():
    """A traffic spot may lack a date: it is in no month, and a warning counts it."""
    dated = events({made.BADGRUVA: 6}, YEAR)
    undated = replace(dated, month=np.full(len(dated), UNKNOWN_MONTH, np.int32))
    result = picture([dated, undated])
    assert result.views[0].n == 72
    assert [n.values["n"] for n in result.notes if n.key == "undated"] == [72]


def test_events_beside_the_area_are_counted_and_said():
    """Events in no cell take no part and are not silently gone."""
    outside = events({(460_000.0, 6_500_000.0): 2}, YEAR)
    result = picture([events({made.BADGRUVA: 6}, YEAR), outside])
    assert result.cube.beside == 24
    assert [n.values["n"] for n in result.notes if n.key == "beside_area"] == [24]
    assert result.views[0].n == 72


def test_what_is_new_is_told_with_its_place_and_its_months():
    """Steady noise for two years, and 12 events a month by Leken since November: that is new."""
    parts = [
        background_noise(400, TWO_YEARS, ("littering",)),
        events({made.LEKEN: 12}, (DECEMBER - 1, DECEMBER), spread=60),
    ]
    result = picture(parts, methods={"gi_star": {}, "scan": {"replicates": 199}})
    alert = result.views[0].alerts[0]
    assert alert.significant
    assert alert.months == (DECEMBER - 1, DECEMBER)
    assert np.hypot(alert.x - made.LEKEN[0], alert.y - made.LEKEN[1]) < 600
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in "xy")
    month = np.concatenate([part.month for part in parts])
    inside = np.isin(result.cells.locate(x, y), alert.cells)
    assert alert.n == (inside & (month >= DECEMBER - 1)).sum()
    assert alert.ratio == pytest.approx(alert.n / alert.expected)
    assert 1 / alert.p <= alert.recurrence_months <= 100.1 / alert.p
    quiet = picture([background_noise(400, TWO_YEARS, ("littering",))], methods={"scan": {}})
    assert not [one for one in quiet.views[0].alerts if one.significant]


def test_a_scan_alone_makes_its_clusters_the_hotspots():
    """The cells of a hotspot are those of the cluster that hold events, and p is the cluster's."""
    parts = [
        background_noise(400, TWO_YEARS, ("littering",)),
        events({made.LEKEN: 12}, (DECEMBER - 1, DECEMBER), spread=60),
    ]
    view = picture(parts, methods={"scan": {"replicates": 199}}).views[0]
    assert len(view.hotspots) == 1
    assert set(view.hotspots[0].cells) <= set(view.alerts[0].cells)
    assert view.hotspots[0].p == pytest.approx(view.alerts[0].p)
    assert view.hotspots[0].stability is None


def test_a_hotspot_s_change_is_counted_from_the_same_months_of_the_year_before():
    """12 a month for the last three, 3 a month in the same three a year ago: up, 36 to 9."""
    per_month = {m: 12 if m > DECEMBER - 3 else 3 for m in TWO_YEARS}
    parts = [
        events({made.BADGRUVA: per_month}, TWO_YEARS, spread=20),
        background_noise(150, TWO_YEARS, ("littering",)),
    ]
    change = picture(parts, methods={"gi_star": {}, "change": {}}).views[0].hotspots[0].change
    assert change.n == pytest.approx(36, abs=2)  # a little noise lies there too
    assert change.base == pytest.approx(9, abs=2)
    assert change.kind == "up"
    assert change.low < change.ratio < change.high
    assert change.ratio == pytest.approx(change.n / change.base)


def test_a_crowded_place_is_steady_and_nobody_asks_where_it_is_not_wished():
    """Many events on one place come back in every sample and on every grid."""
    parts = [events({made.BADGRUVA: 12}, YEAR), background_noise(100, YEAR, ("littering",))]
    steady = picture(parts).views[0].hotspots[0].stability
    assert (steady.bootstrap, steady.kind) == (1.0, "stable")
    assert steady.grids >= 0.9
    assert picture(parts, stability=False).views[0].hotspots[0].stability is None


def test_with_inhabitants_a_town_s_trouble_is_no_news():
    """Trouble that follows the people is a hotspot against ground, and none against inhabitants."""
    noise = background_noise(160, YEAR, ("littering",))
    moved = np.random.default_rng(5).uniform(-1000, 1000, (120, 2)) + made.FJUGESTA
    lived = np.concatenate([moved, np.column_stack([noise.x, noise.y])[120:]])
    parts = [replace(noise, x=lived[:, 0].copy(), y=lived[:, 1].copy())]
    town = shapely.box(*(c + d for d in (-1000, 1000) for c in made.FJUGESTA))
    people = made.layer(
        "population",
        pd.DataFrame({"id": ["1", "2"], "population": [1000.0, 400.0]}),
        np.array([town, shapely.difference(AREA, town)], dtype=object),
    )
    against_ground = picture(parts).views[0].hotspots
    assert against_ground
    result = picture(parts, exposure=people)
    assert not result.views[0].hotspots
    note = next(note for note in result.notes if note.key == "exposure_used")
    assert note.values["n"] == 1400


def test_bathing_sites_are_told_what_happened_by_them():
    """Events within reach of each site equal a count by hand; the season counts by its days."""
    sites = made.layer(
        "bathing_sites",
        pd.DataFrame({"id": ["1", "2"], "name": ["Leken", "Lanna badgruva"]}),
        shapely.points([made.LEKEN, made.BADGRUVA]),
    )
    july = DECEMBER - 5
    parts = [
        events({made.BADGRUVA: 40}, (july,), ("littering", "speeding")),
        background_noise(100, YEAR, ("littering", "speeding")),
    ]
    table = made.layer(
        "incidents",
        pd.DataFrame(
            {
                "id": [str(i) for i in range(40)],
                "time": pd.to_datetime(["2021-07-15 22:00"] * 40),
            }
        ),
        shapely.points(parts[0].x, parts[0].y),
    )
    layers = [sites, replace(table, events=parts[0])]
    result = picture(parts[1:], layers, methods={"gi_star": {}, "joint": {}})
    told = result.layers[0].table
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in "xy")
    counted = result.cells.locate(x, y) >= 0
    by_hand = [
        int((np.hypot(x - east, y - north)[counted] <= 500).sum())
        for east, north in (made.LEKEN, made.BADGRUVA)
    ]
    assert told["near_n"].tolist() == by_hand
    assert told["near_q"][1] < 0.001
    near = np.hypot(parts[0].x - made.BADGRUVA[0], parts[0].y - made.BADGRUVA[1]) <= 500
    assert told["season_n"].tolist() == [0, near.sum()]
    assert told["season_days"].tolist() == [61, 61]  # 21 June to 20 August
    assert told["per_season_day"][1] == pytest.approx(near.sum() / 61)


def test_events_from_one_time_to_another_fill_the_hours_between():
    """30 reports of Friday 22 to Saturday 02: a quarter of them in each of the four hours."""
    start = np.full(30, np.datetime64("2021-12-03T22:00", "m"))
    where = np.array([made.BADGRUVA] * 30) + np.random.default_rng(1).normal(0, 50, (30, 2))
    some = Events(
        where[:, 0],
        where[:, 1],
        np.full(30, DECEMBER, np.int32),
        np.full(30, 168, np.int16),
        np.zeros(30, np.int32),
        ("littering",),
        np.ones(30),
        between=Between(start, start + np.timedelta64(4, "h"), np.ones(30, dtype=bool)),
    )
    spot = picture([some, background_noise(60, YEAR, ("littering",))]).views[0].hotspots[0]
    night = [(4, 22), (4, 23), (5, 0), (5, 1)]
    assert [round(spot.hours[day, hour]) for day, hour in night] == pytest.approx([7.5] * 4, abs=1)
    assert spot.n >= 30
    assert spot.peak is not None
    assert (spot.peak.first_day, spot.peak.first_hour) == (4, 22)


def on(day, n, where=made.BADGRUVA, **more):
    """A table of incidents and its events: ``n`` at one place and on one day."""
    at = np.array([where] * n) + np.random.default_rng(n).normal(0, 150, (n, 2))
    times = np.full(n, np.datetime64(day, "s"))
    month, hour = month_and_hour(times)
    some = Events(
        *at.T.copy(), month, hour, np.zeros(n, np.int32), ("littering",), np.ones(n), **more
    )
    table = pd.DataFrame({"id": [str(i) for i in range(n)], "time": times})
    plain = made.layer("incidents", table, shapely.points(at))
    return replace(plain, events=some)


HOLIDAYS = (parse_period("2021-02-15/2021-02-19"), parse_period("2021-06-12/2021-08-17"))


def test_the_events_of_school_holidays_are_counted_again_by_themselves():
    """First and last day belong to them, the day after does not; same cells, same categories."""
    layers = [
        on("2021-02-15T00:00", 5),
        on("2021-02-19T23:59", 7),
        on("2021-02-20T00:00", 11),
        on("2021-07-01T22:00", 13),
        on("2021-12-03T22:00", 17),
        on("NaT", 19),
    ]
    marked = [layer.with_holidays(HOLIDAYS) for layer in layers]
    counted = [int(layer.events.holiday.sum()) for layer in marked]
    assert counted == [5, 7, 0, 13, 0, 0]
    result = picture([], marked)
    assert (result.cube.total, result.holidays.total) == (72, 25)
    assert result.holidays.categories == result.cube.categories
    months = {parse_month("2021-02"): 12, parse_month("2021-07"): 13}
    for month, n in months.items():
        one = result.holidays.select(months=(month, month))
        assert one.total == n
        every, _ = result.cube.select(months=(month, month)).per_cell()
        assert (one.per_cell()[0] <= every).all()


def test_events_from_one_time_to_another_are_in_holidays_by_their_midpoint():
    """Friday 12 to Friday 19 February has its middle in the holidays; to Sunday 14 has not."""
    start = np.full(4, np.datetime64("2021-02-12T18:00:00", "s"))
    end = np.array(["2021-02-19T18:00", "2021-02-14T18:00"] * 2, dtype="datetime64[s]")
    between = Between(start, end, np.ones(4, dtype=bool))
    layer = on("2021-02-12T18:00", 4, between=between).with_holidays(HOLIDAYS)
    assert layer.events.holiday.tolist() == [True, False] * 2
    cube = picture([], [layer, on("2021-12-03T22:00", 5).with_holidays(HOLIDAYS)]).holidays
    assert cube.total == 2
    assert cube.between.n.sum() == 2
    assert cube.between.weight.sum() == pytest.approx(2)


def test_what_stands_for_a_whole_area_is_a_row_and_no_event():
    """The mark of an event comes from its own row, whichever rows of the table are no events."""
    layer = on("2021-07-01T22:00", 4)
    layer.table["time"] = pd.to_datetime(["2021-07-01", "2021-12-01", "2021-07-02", "2021-12-02"])
    layer.table["area_level"] = [False, True, False, False]
    three = {name: getattr(layer.events, name)[1:] for name in ("x", "y", "month", "hour")}
    rest = {"category": np.zeros(3, np.int32), "weight": np.ones(3)}
    layer = replace(layer, events=replace(layer.events, **three, **rest))
    assert layer.with_holidays(HOLIDAYS).events.holiday.tolist() == [True, True, False]


def test_without_named_holidays_none_are_known():
    """Nothing is marked, nothing counted, nothing said."""
    layer = on("2021-07-01T22:00", 40)
    assert layer.with_holidays(()).events.holiday is None
    result = picture([], [layer])
    assert result.holidays is None
    assert "school_holidays_cover" not in [note.key for note in result.notes]


def test_months_for_which_no_holidays_are_named_are_said():
    """A period into 2020 with holidays of 2021 alone: the months of 2020, in runs."""
    frame = Frame("", "", 3006, AREA, "", school_holidays=HOLIDAYS)
    layers = [on("2020-10-01", 30), on("2021-03-01", 30)]
    layers = [layer.with_holidays(HOLIDAYS) for layer in layers]

    def told(month):
        wish = Wish(methods=METHODS, month=parse_month(month), window_months=6)
        notes = assemble(frame, wish, layers).notes
        return [note.values["months"] for note in notes if note.key == "school_holidays_cover"]

    assert told("2021-03") == ["2020-10–2020-12"]
    assert told("2020-10") == ["2020-10"]
    wish = Wish(methods=METHODS, month=parse_month("2021-03"), window_months=3)
    assert "school_holidays_cover" not in [n.key for n in assemble(frame, wish, layers).notes]


def test_the_minutes_of_patrols_and_the_page_s_wishes_come_along():
    """The cube of presence holds the patrols' minutes; what is wished of the page is kept."""
    layer = patrols({made.BADGRUVA: 90.0, made.LEKEN: 30.0})
    wished = PageWish(filters=False)
    frame = Frame("", "", 3006, AREA, "", page=wished)
    some = [events({made.BADGRUVA: 6}, YEAR)]
    result = assemble(frame, Wish(methods=METHODS), [layer], events=some)
    assert result.presence.weight.sum() == 120.0
    assert result.page is wished
    assert picture(some).presence is None
    assert picture(some).page == PageWish()


def road(x, y, name):
    """A background layer of one straight road, 4 km long, west to east."""
    line = shapely.LineString([(x - 2000, y), (x + 2000, y)])
    table = pd.DataFrame({"id": ["1"], "class": ["road_minor"], "name": [name]})
    return made.layer("background", table, np.array([line], dtype=object))


def on_a_road(x, y, n, category, seed):
    """Events of 2021 within 100 m along a road."""
    rng = np.random.default_rng(seed)
    return Events(
        rng.uniform(x - 100, x + 100, n),
        np.full(n, y),
        rng.choice(np.array(YEAR), n).astype(np.int32),
        np.full(n, 22, np.int16),
        np.zeros(n, np.int32),
        (category,),
        np.ones(n),
    )


def test_streets_are_asked_of_traffic_alone_and_give_places_their_name():
    """Littering has a map and no streets; the map of all has none; a table's only map has."""
    x, y = made.BADGRUVA
    background = road(x, y, "Badvägen")
    traffic = on_a_road(x, y, 60, "speeding", 1)
    rubbish = on_a_road(x, y, 40, "littering", 2)
    frame = Frame("Lägesbild", "Lekeberg", 3006, AREA, "Lekeberg", categories=made.CATEGORIES)
    wish = Wish(methods={"count": {}, "network_kde": {}}, stability=False)
    result = assemble(frame, wish, (), [background], [traffic, rubbish])
    streets = {view.family: view.streets for view in result.views}
    asked = {family for family, found in streets.items() if found is not None}
    assert len(streets) == 3
    assert asked == {"traffic"}
    mine = next(view for view in result.views if view.family == "traffic")
    assert mine.streets is not None
    assert mine.streets.n.sum() == 60
    assert [spot.place.road or spot.place.base for spot in mine.hotspots] == ["Badvägen"]
    alone = assemble(frame, wish, (), [background], [traffic])
    assert [view.streets is not None for view in alone.views] == [True]
