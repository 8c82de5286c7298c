"""Places are followed through the months, the same whichever month is built."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import situations as made
from hypothesis import given
from hypothesis import strategies as st
from test_assemble import DECEMBER, background_noise, events, picture

from geo.months import month_text
from geo.schema import HISTORY
from maps import history
from maps.history import SHOWN, Trace, link
from maps.situation import ALL
from maps.tables import history_values
from maps.words import words

ONES = np.ones(40, dtype=np.int64)


def cells(*numbers):
    """Name a group by its cells."""
    return np.array(numbers, dtype=np.int64)


def linked(*months, n=ONES):
    """Link months of groups; give for each month the places' ids by first cell of the group."""
    known: dict[str, Trace] = {}
    told = []
    for month, groups in enumerate(months, 100):
        ids = [f"c{max(own)}" for own in groups]
        traces = link(known, groups, ids, n, month)
        told.append({int(own[0]): t for own, t in zip(groups, traces, strict=True)})
    return told


def names(*months, n=ONES):
    """Give ids only."""
    return [{first: t.id for first, t in one.items()} for one in linked(*months, n=n)]


def test_a_place_keeps_its_id_as_it_moves():
    """Cells 1-3, then 3-5, then 5-7: one place by its first id, three months in a row."""
    told = linked([cells(1, 2, 3)], [cells(3, 4, 5)], [cells(5, 6, 7)])
    assert [one.id for month in told for one in month.values()] == ["c3"] * 3
    assert (told[2][5].first, told[2][5].running) == (100, 3)


def test_of_a_place_that_splits_the_part_with_most_events_keeps_the_id():
    """Cells 1-5 part into 1-2 (4 events) and 4-5 (9 events): the latter is the place still."""
    n = ONES.copy()
    n[[1, 2, 4, 5]] = [2, 2, 5, 4]
    _, after = names([cells(1, 2, 3, 4, 5)], [cells(1, 2), cells(4, 5)], n=n)
    assert after == {4: "c5", 1: "c2"}


def test_of_places_that_merge_the_one_that_brings_most_events_gives_the_id():
    """1-2 with 2 events and 4-6 with 3 become 1-6; then they part again, each itself."""
    before, merged, after = names(
        [cells(1, 2), cells(4, 5, 6)], [cells(1, 2, 3, 4, 5, 6)], [cells(1, 2), cells(4, 5, 6)]
    )
    assert merged == {1: "c6"}
    assert after == before == {1: "c2", 4: "c6"}


def test_of_equals_the_older_place_gives_the_id():
    """One with two months behind it and one with one bring two events each."""
    *_, merged = names([cells(4, 5)], [cells(4, 5), cells(1, 2)], [cells(1, 2, 3, 4, 5)])
    assert merged == {1: "c5"}


def test_a_place_that_comes_back_is_itself_and_begins_to_count_anew():
    """Seen, gone for two months, seen: same id and first month, one month in a row."""
    told = linked([cells(1, 2)], [], [], [cells(2, 3)], [cells(2)])
    assert [month[k].id for month, k in ((told[3], 2), (told[4], 2))] == ["c2", "c2"]
    assert (told[3][2].first, told[3][2].running, told[4][2].running) == (100, 1, 2)


def test_who_was_there_the_month_before_goes_first():
    """Ground of a place that is gone, now held by another one that has grown, stays the other's."""
    *_, last = names([cells(1, 2, 3), cells(6)], [cells(6)], [cells(1, 2, 3, 4, 5, 6)])
    assert last == {1: "c6"}


def test_a_new_place_never_takes_the_id_of_another():
    """One began at cell 3 and moved on; a new one that begins there is told apart by a number."""
    *_, last = names([cells(3)], [cells(3, 8)], [cells(8)], [cells(3), cells(8)])
    assert last == {3: "c3-2", 8: "c3"}


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=12, max_size=12), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_places_of_a_month_are_different_and_the_order_of_groups_plays_no_part(maps, chance):
    """Every group has one place, no two the same one, however the groups are listed."""
    months = []
    for one in maps:
        groups = [np.flatnonzero(np.array(one) == k) for k in (1, 2, 3)]
        months.append([own for own in groups if len(own)])
    told = names(*months)
    for month, groups in zip(told, months, strict=True):
        assert len(set(month.values())) == len(groups)
    for groups in months:
        chance.shuffle(groups)
    assert names(*months) == told


def scene():
    """Three years of two families: a steady place, one that moves east, one that comes and goes."""
    months = range(DECEMBER - 35, DECEMBER + 1)
    x, y = made.LEKEN
    moving = [
        events({(x + 60.0 * k, y): 4}, [month], ("speeding",), seed=month)
        for k, month in enumerate(months)
    ]
    fading = dict.fromkeys(months, 0) | dict.fromkeys(range(DECEMBER - 30, DECEMBER - 20), 5)
    fading |= dict.fromkeys(range(DECEMBER - 4, DECEMBER + 1), 9)
    return [
        events({made.BADGRUVA: 4}, months, ("littering", "speeding"), seed=5),
        events({made.FJUGESTA: fading}, months, ("littering",), seed=6),
        background_noise(400, months, ("littering", "speeding")),
        *moving,
    ]


def build(month, method="gi_star"):
    """Build one month of the scene by itself."""
    return picture(scene(), month=month, methods={method: {}}, stability=False)


@pytest.fixture(scope="module")
def built():
    """Build some months of the scene, each by itself."""
    back = (0, 1, 2, 6, 7, 14, 15, 22, 23)
    return {DECEMBER - k: build(DECEMBER - k) for k in back}


def numbers(one):
    """Give what a hotspot and its entry in a history must have in common."""
    mine = (one.id, one.family, one.rank, one.place, one.cells.tolist(), one.n, one.expected)
    return (*mine, one.ratio, one.p, one.q, one.area_m2, one.place_id)


def agree(history, month, result):
    """Tell whether a history says of a month what its own build says."""
    then = sorted(numbers(one) for one in history if one.month == month)
    own = sorted(numbers(one) for view in result.views for one in view.hotspots)
    return bool(own) and then == own


def test_the_history_tells_what_the_build_of_each_month_found(built):
    """A month's own build has the hotspots, numbers, names, ranks and places of the history.

    So a place has one id whichever month is built, and two builds join on it.
    """
    told = built[DECEMBER].history
    assert sorted({one.month for one in told}) == list(range(DECEMBER - 23, DECEMBER + 1))
    assert all(agree(told, month, result) for month, result in built.items())


def test_other_methods_are_asked_again_as_they_were():
    """Local Moran, whose p are exact, has the history of its own builds."""
    told = build(DECEMBER, "local_moran").history
    for month in (DECEMBER - 9, DECEMBER):
        assert agree(told, month, build(month, "local_moran"))


def test_a_place_is_followed_as_it_moves_and_as_it_returns(built):
    """The moving place has many hotspot ids and one place id; the one that went has a gap."""
    told = [one for one in built[DECEMBER].history if one.family == ALL]
    by_place: dict[str, list] = {}
    for one in told:
        by_place.setdefault(one.place_id, []).append(one)
    x = {name: [one.geometry.centroid.x for one in seen] for name, seen in by_place.items()}
    moved = max(by_place, key=lambda name: x[name][-1] - x[name][0])
    assert x[moved][-1] - x[moved][0] > 1000
    assert len({one.id for one in by_place[moved]}) == 3
    assert [one.months_running for one in by_place[moved]][-1] >= SHOWN
    at = made.FJUGESTA
    near = [
        one
        for one in told
        if np.hypot(one.geometry.centroid.x - at[0], one.geometry.centroid.y - at[1]) < 400
    ]
    assert len({one.place_id for one in near}) == 1
    gaps = np.diff([one.month for one in near])
    assert gaps.max() > 3
    back = near[int(gaps.argmax()) + 1]
    assert (back.months_running, back.first_seen) == (1, min(one.first_seen for one in near))


def test_two_builds_join_on_the_place(built):
    """Hotspots of two months that share a place share ground; others meet no place left free."""
    for month in (DECEMBER, DECEMBER - 6, DECEMBER - 14):
        now, before = built[month].views[0].hotspots, built[month - 1].views[0].hotspots
        earlier = {one.place_id: set(one.cells.tolist()) for one in before}
        steady = [one for one in now if one.place_id in earlier]
        assert steady
        for one in steady:
            assert earlier[one.place_id] & set(one.cells.tolist())
        for one in now:
            if one.place_id not in earlier:
                assert not any(
                    held & set(one.cells.tolist())
                    for name, held in earlier.items()
                    if name not in {s.place_id for s in now}
                )


def test_without_an_earlier_whole_period_there_is_no_history():
    """In the first month with a whole period, or a shortened one, a place's id is its hotspot's."""
    for month in (DECEMBER - 24, DECEMBER - 27):
        result = picture(scene(), month=month, methods={"gi_star": {}}, stability=False)
        assert result.history == ()
        spots = [one for view in result.views for one in view.hotspots]
        assert spots
        assert all(one.place_id == one.id for one in spots)


@pytest.mark.parametrize("methods", [{"scan": {"replicates": 99}}, {"count": {}}, {"joint": {}}])
def test_methods_that_cannot_be_asked_again_have_no_history(methods):
    """A scan asks of time itself: no history, and it is said; a count has no places at all."""
    result = picture(scene(), month=DECEMBER, methods=methods, stability=False)
    assert result.history == ()
    said = [note.key for note in result.notes if note.key.startswith("history")]
    assert said == ([] if "count" in methods else ["history_not_of"])


def test_too_much_work_begins_with_a_january(monkeypatch):
    """Where not all months can be asked, linking begins with a January, and a note says which."""
    wish = {"month": DECEMBER, "methods": {"gi_star": {}}, "stability": False}
    whole = picture(scene(), **wish)
    cost = len(whole.cells) * len(whole.views)
    assert [note.key for note in whole.notes if "history" in note.key] == ["history_shown"]
    monkeypatch.setattr(history, "WORK", 15 * cost)
    less = picture(scene(), **wish)
    first = min(one.month for one in less.history)
    assert month_text(first) == "2021-01"
    assert {n.key: n.values for n in less.notes}["history_from"] == {"month": "2021-01"}
    assert [numbers(one)[:-1] for one in less.history] == [
        numbers(one)[:-1] for one in whole.history if one.month >= first
    ]
    monkeypatch.setattr(history, "WORK", 5 * cost)
    none = picture(scene(), **wish)
    assert none.history == ()
    assert "history_too_large" in [note.key for note in none.notes]


def test_values_for_every_column():
    """A row has the schema's columns in their order, the month as text and as a true date."""
    told = picture(scene(), month=DECEMBER, methods={"gi_star": {}}, stability=False).history
    row = history_values(replace(told[-1], month=DECEMBER), words("sv"))
    assert list(row) == [column.name for column in HISTORY]
    assert (row["month"], row["month_start"]) == ("2021-12", date(2021, 12, 1))
    assert row["first_seen"] == month_text(told[-1].first_seen)
    for column in HISTORY:
        assert words("sv").has(f"columns.{column.name}"), column
