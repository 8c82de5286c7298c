"""Joint: two sides that gather, how they mix, and what lies near the sites."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import stats

from geo.cells import lattice_cells, polygon_cells
from geo.colocation import (
    global_quotients,
    kth_nearest,
    local_quotient,
    local_quotient_of_cells,
)
from geo.grid import Grid
from geo.hotspots import Evidence, Points, gi_star, joint
from geo.hotspots.joint import run

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])
CELLS = lattice_cells(Grid("square", 500), AREA)
SHARE = CELLS.area_m2 / CELLS.area_m2.sum()
SHARED, TRAFFIC, ORDER = (
    int(CELLS.locate(np.array([x]), np.array([y]))[0])
    for x, y in ((8_250.0, 9_250.0), (4_250.0, 5_250.0), (16_250.0, 12_250.0))
)


def seen(traffic, order, **more):
    """What the method sees of two families."""
    n = traffic + order
    families = {"traffic": traffic, "order": order}
    return Evidence(CELLS, n, n.astype(float), area=AREA, families=families, **more)


def planted(seed=1):
    """Even events, and places with thirty more: one of both sides, one of each alone."""
    rng = np.random.default_rng(seed)
    traffic, order = rng.multinomial(200, SHARE), rng.multinomial(200, SHARE)
    traffic[[SHARED, TRAFFIC]] += 30
    order[[SHARED, ORDER]] += 30
    return traffic, order


def test_each_side_and_both_are_told_apart():
    """The shared place is both, the others one side only; only both is claimed."""
    result = run(seen(*planted()))
    label = result.columns["joint_class"]
    assert [label[i] for i in (SHARED, TRAFFIC, ORDER)] == ["both", "one", "other"]
    assert result.enough
    assert result.hot[SHARED]
    assert not result.hot[[TRAFFIC, ORDER]].any()
    near = np.hypot(CELLS.x - CELLS.x[SHARED], CELLS.y - CELLS.y[SHARED]) < 1500
    assert not result.hot[~near].any()
    assert not (label[~near] == "both").any()


def test_an_empty_cell_holds_a_place_together_but_is_no_class():
    """Amid a ring of both, the empty middle is part of the place and has no word of its own."""
    traffic, order = planted()
    beside = np.hypot(CELLS.x - CELLS.x[SHARED], CELLS.y - CELLS.y[SHARED]) < 800
    traffic[beside], order[beside] = 8, 8
    traffic[SHARED] = order[SHARED] = 0
    result = run(seen(traffic, order), relabellings=1)
    assert result.hot[SHARED]
    assert result.columns["joint_class"][SHARED] == ""
    assert (result.columns["joint_class"][beside] == "both").sum() == 8


def test_the_sides_are_gi_star_of_their_own_counts():
    """Claims, p and q are those of the method asked for each side; joint takes the weaker."""
    traffic, order = planted()
    sides = [gi_star.run(Evidence(CELLS, n, n.astype(float), area=AREA)) for n in (traffic, order)]
    result = run(seen(traffic, order))
    assert np.array_equal(result.hot, sides[0].hot & sides[1].hot)
    assert np.array_equal(result.columns["joint_q_one"], sides[0].q)
    assert np.array_equal(result.columns["joint_q_other"], sides[1].q)
    assert np.array_equal(result.q, np.maximum(sides[0].q, sides[1].q))
    assert np.array_equal(result.p, np.maximum(sides[0].p, sides[1].p))


def test_all_other_families_together_are_the_other_side():
    """Split in three, the others give what they give as one; the named family is the one."""
    traffic, order = planted()
    n = traffic + order
    parts = {"order": order // 2, "theft": order - order // 2, "traffic": traffic}
    split = run(Evidence(CELLS, n, n.astype(float), area=AREA, families=parts))
    whole = run(seen(traffic, order))
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(split.columns[name], column)
    turned = run(seen(traffic, order), one="order").columns["joint_class"]
    assert [turned[i] for i in (SHARED, TRAFFIC, ORDER)] == ["both", "other", "one"]


@pytest.mark.parametrize(
    ("traffic", "order", "said"),
    [
        ({SHARED: 20}, None, [("joint_few_events_one", 20, 30)]),
        ({SHARED: 500}, None, [("joint_few_cells_one", 1, 10)]),
        (None, {SHARED: 7}, [("joint_few_events_other", 7, 30)]),
        (None, {SHARED: 70, ORDER: 5}, [("joint_few_cells_other", 2, 10)]),
        (
            {SHARED: 40},
            {ORDER: 3},
            [("joint_few_cells_one", 1, 10), ("joint_few_events_other", 3, 30)],
        ),
    ],
)
def test_a_side_with_too_little_claims_nothing(traffic, order, said):
    """Too few events or too few cells: a warning that says which, of which side and how many."""
    sides = list(planted())
    for i, few in enumerate((traffic, order)):
        if few is not None:
            sides[i] = np.zeros(len(CELLS), dtype=np.int64)
            sides[i][list(few)] = list(few.values())
    result = run(seen(*sides), relabellings=1)
    assert not result.enough
    assert not result.hot.any()
    assert [(note.key, note.values) for note in result.notes] == [
        (key, {"family": "traffic", "n": n, "needed": needed}) for key, n, needed in said
    ]
    if order is None:
        assert result.columns["joint_class"][ORDER] == "other"


def test_a_family_that_does_not_occur_is_said_to_be_none():
    """Mistyped, say: not that it has too few events; without any families there is no such word."""
    result = run(seen(*planted()), one="fire")
    assert [(n.key, n.values) for n in result.notes] == [("joint_no_family", {"family": "fire"})]
    assert not result.enough
    assert not np.isin(result.columns["joint_class"], ["one", "both"]).any()
    nothing = np.zeros(len(CELLS), dtype=np.int64)
    empty = run(Evidence(CELLS, nothing, nothing.astype(float), area=AREA))
    assert [n.key for n in empty.notes] == ["joint_few_events_one", "joint_few_events_other"]


@pytest.mark.parametrize("events", [60, 400])
def test_sides_without_a_tie_are_both_on_at_most_one_map_in_twenty(events):
    """60 pairs of even maps; and random labels make a mix that is claimed as rarely."""
    both = mixed = 0
    for seed in range(60):
        rng = np.random.default_rng([events, seed])
        traffic, order = rng.multinomial(events, SHARE), rng.multinomial(events, SHARE)
        result = run(seen(traffic, order), relabellings=1)
        both += bool(result.hot.any())
        mixed += bool(np.isin(result.columns["lclq_class"], ["together", "apart"]).any())
    assert max(both, mixed) / 60 <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


def test_the_mix_is_the_local_quotient_of_the_cells():
    """Equal weights and an exact p unless a radius is given; q over the cells that can tell."""
    rng = np.random.default_rng(3)
    traffic, order = planted()
    order[TRAFFIC] += 3
    n = traffic + order
    columns = run(seen(traffic, order)).columns
    mix = local_quotient_of_cells(traffic, order, n, CELLS.neighbours)
    np.testing.assert_array_equal(columns["lclq"], mix.quotient)
    tested = mix.least_p < 0.05
    assert columns["lclq_q"][tested] == pytest.approx(stats.false_discovery_control(mix.p[tested]))
    assert np.isnan(columns["lclq_q"][~tested]).all()
    assert columns["lclq_class"][TRAFFIC] == "apart"
    assert set(columns["lclq_class"][~tested].tolist()) == {"", "few"}
    assert (columns["lclq_class"][traffic == 0] == "").all()
    mine = np.zeros(len(CELLS), dtype=np.int64)
    mine[SHARED], beside = 12, rng.multinomial(300, SHARE)
    beside[SHARED] += 40
    apart = rng.multinomial(300, SHARE) + mine
    assert run(seen(apart, beside)).columns["lclq_class"][SHARED] == "together"
    smooth = run(
        seen(traffic, order, seed=4), weights="gaussian", bandwidth_m=800.0, relabellings=99
    )
    other = local_quotient(CELLS.x, CELLS.y, traffic, order, n, 800.0, relabellings=99, seed=4)
    np.testing.assert_array_equal(smooth.columns["lclq"], other.quotient)
    np.testing.assert_array_equal(smooth.columns["lclq_p"], other.p)


def test_without_a_radius_weights_reach_to_the_twentieth_event():
    """Each event's own radius; empty cells are nobody's neighbours."""
    traffic, order = planted()
    n = traffic + order
    held = np.flatnonzero(n)
    x, y = CELLS.x[held], CELLS.y[held]
    radii = kth_nearest(x, y, n[held], 20)
    other = local_quotient(x, y, traffic[held], order[held], n[held], radii, relabellings=9)
    found = run(seen(traffic, order), weights="gaussian", relabellings=9).columns["lclq"]
    assert found[held] == pytest.approx(other.quotient, nan_ok=True)
    assert np.isnan(np.delete(found, held)).all()


def test_the_quotients_of_the_whole_map_are_facts():
    """Towards each side, with p."""
    traffic, order = planted()
    facts = run(seen(traffic, order, seed=5), relabellings=99).facts
    n = traffic + order
    found = global_quotients(CELLS.x, CELLS.y, traffic, order, n, relabellings=99, seed=5)
    for key, expected in zip(("clq_one", "clq_other"), found, strict=True):
        assert (facts[key], facts[f"{key}_p"]) == expected
    assert (facts["n_one"], facts["n_other"]) == (traffic.sum(), order.sum())
    assert "sites" not in facts


def test_large_maps_are_relabelled_less_and_say_so(monkeypatch):
    """For the quotients of the whole map, by a fixed rule, never below 99 (or those asked)."""
    traffic, order = planted()
    n = traffic + order
    held = int((n > 0).sum())
    for work, done in ((held * 150, 150), (held * 5, 99)):
        monkeypatch.setattr(joint, "_WORK", work)
        result = run(seen(traffic, order))
        assert [(note.key, note.values) for note in result.notes] == [
            ("joint_fewer_relabellings", {"n": done, "asked": 999})
        ]
        expected = global_quotients(CELLS.x, CELLS.y, traffic, order, n, relabellings=done)
        assert result.facts["clq_one_p"] == expected[0][1]
    assert not run(seen(traffic, order), relabellings=50).notes


def test_gaussian_weights_over_too_much_become_those_of_cells():
    """With 10,000 cells that hold events: the cells' form, said in a warning and in ``used``."""
    cells = lattice_cells(Grid("square", 10), shapely.box(0, 0, 1000, 1000))
    one = np.ones(len(cells), dtype=np.int64)
    families = {"traffic": one, "order": one}
    evidence = Evidence(cells, 2 * one, 2.0 * one, families=families)
    result = run(evidence, weights="gaussian")
    assert ("joint_gaussian_too_large", "warning") in [(n.key, n.level) for n in result.notes]
    assert result.used["weights"] == "cells"
    plain = run(evidence)
    np.testing.assert_array_equal(result.columns["lclq_p"], plain.columns["lclq_p"])
    assert "joint_gaussian_too_large" not in [n.key for n in plain.notes]


def at_places(points):
    """Shapely points as places."""
    return Points(shapely.get_x(points), shapely.get_y(points), np.ones(len(points)))


@pytest.mark.parametrize("with_points", [True, False])
def test_trouble_by_one_of_the_bathing_sites(with_points):
    """Of four sites the one with thirty events on its shore is told, in the order given.

    One lies on the border, with half a circle of ground, and one far outside: that is no test,
    and q is over the other three.
    """
    traffic, order = planted()
    n = traffic + order
    at = np.repeat(np.arange(len(CELLS)), n)
    points = Points(CELLS.x[at], CELLS.y[at], np.ones(len(at)))
    sites = at_places(
        shapely.points(
            [
                (13_250.0, 3_250.0),
                (CELLS.x[ORDER], CELLS.y[ORDER]),
                (10_250.0, 0.0),
                (-5_000.0, 0.0),
            ]
        )
    )
    more = {"sites": sites, "points": points if with_points else None}
    facts = run(seen(traffic, order, **more)).facts
    for i in range(4):
        near = np.hypot(points.x - sites.x[i], points.y - sites.y[i]) <= 500
        assert facts["sites"]["n"][i] == near.sum()
    circle = np.pi * 500**2 if with_points else 5 * 500**2  # a cell and the four beside it
    border = circle / 2 if with_points else 500**2
    ground = np.array([circle, circle, border, 0.0])
    expected = len(at) * ground / AREA.area
    assert facts["sites"]["expected"] == pytest.approx(expected, rel=2e-3)
    p, q, ratio = (np.array(facts["sites"][name]) for name in ("p", "q", "ratio"))
    assert np.isnan([p[3], q[3], ratio[3]]).all()
    assert q[:3] == pytest.approx(stats.false_discovery_control(p[:3]))
    assert q[1] < 1e-6
    assert (p[[0, 2]] > 0.05).all()
    together = sum(facts["sites"]["n"]) / expected.sum()
    assert facts["sites_ratio"] == pytest.approx(together, rel=2e-3)
    assert facts["sites_ratio"] > 2
    assert facts["sites_p"] < 0.05
    assert facts["by"] == "ground"


def test_sites_with_nothing_of_the_area_near_say_nothing():
    """All outside: no numbers together, and no p."""
    traffic, order = planted()
    sites = at_places(shapely.points([(-5_000.0, 0.0)]))
    points = Points(np.array([60.0]), np.array([60.0]), np.ones(1))
    facts = run(seen(traffic, order, sites=sites, points=points), relabellings=9).facts
    assert facts["sites"]["n"] == [0]
    assert np.isnan([facts["sites_ratio"], facts["sites_p"], *facts["sites"]["p"]]).all()


def even_points(count, rng):
    """Points anywhere in the area."""
    x, y = rng.uniform(0, 26_000, 4 * count), rng.uniform(0, 21_000, 4 * count)
    inside = np.flatnonzero(shapely.contains_xy(AREA, x, y))[:count]
    return x[inside], y[inside]


@pytest.mark.parametrize(
    ("where", "of"),
    [("border", "ground"), ("outside", "ground"), ("anywhere", "ground"), ("border", "exposure")],
)
def test_sites_beside_even_events_are_rarely_said_to_stand_out(where, of):
    """80 maps, twelve sites on the border, 250 m outside it, or anywhere: p below .05 on 1 of 20.

    And the ratio is 1 on average, though there is less ground in the circles. With exposure,
    events follow it cell by cell.
    """
    line = {"border": AREA.boundary, "outside": AREA.buffer(250).boundary}.get(where)
    exposure = CELLS.area_m2 * np.exp(2 * np.random.default_rng(5).normal(size=len(CELLS)))
    nothing = np.zeros(len(CELLS), dtype=np.int64)
    false, ratios = 0, []
    for seed in range(80):
        rng = np.random.default_rng([seed, 7])
        x, y = even_points(2000, rng)
        if of == "exposure":
            cell = rng.choice(len(CELLS), 2000, p=exposure / exposure.sum())
            x, y = (v[cell] + rng.uniform(-250, 250, 2000) for v in (CELLS.x, CELLS.y))
        if line is None:
            sites = Points(*even_points(12, rng), np.ones(12))
        else:
            sites = at_places(line.interpolate(rng.uniform(0, line.length, 12)))
        evidence = Evidence(
            CELLS,
            nothing,
            nothing.astype(float),
            points=Points(x, y, np.ones(len(x))),
            area=AREA,
            exposure=exposure if of == "exposure" else None,
            sites=sites,
            seed=seed,
        )
        facts = run(evidence, relabellings=199).facts
        false += facts["sites_p"] < 0.05
        ratios.append(facts["sites_ratio"])
        assert facts["by"] == of
    assert false / 80 <= 0.05 + 3 * (0.05 * 0.95 / 80) ** 0.5
    assert np.mean(ratios) == pytest.approx(1.0, abs=4 * np.std(ratios) / 80**0.5)


def test_drawn_cells_with_gaps_are_their_own_ground():
    """Two drawn squares in a far wider area: the events can only lie in those."""
    squares = shapely.box(np.array([0.0, 9_000]), 0.0, np.array([1_000.0, 10_000]), 1_000.0)
    cells = polygon_cells(squares, np.array(["a", "b"], dtype=object))
    n = np.array([40, 40])
    rng = np.random.default_rng(8)
    x, y = rng.uniform(0, 1_000, (2, 80))
    points = Points(x + np.repeat([0, 9_000], 40), y, np.ones(80))
    evidence = Evidence(
        cells,
        n,
        n.astype(float),
        points=points,
        area=shapely.box(0, 0, 10_000, 10_000),
        families={"traffic": n},
        sites=at_places(shapely.points([(500.0, 500.0), (9_500.0, 500.0)])),
    )
    facts = run(evidence, reach_m=2_000.0, relabellings=99).facts
    assert facts["sites"]["expected"] == pytest.approx([40, 40])
    assert facts["sites_ratio"] == pytest.approx(1.0)
    assert facts["sites_p"] == 1.0


def test_points_outside_every_cell_do_not_count():
    """A point beyond the border, beside a site there, is no event of the area."""
    traffic, order = planted()
    sites = Points(np.array([-50.0]), np.array([-50.0]), np.ones(1))
    points = Points(np.array([-60.0, 60.0]), np.array([-60.0, 60.0]), np.ones(2))
    facts = run(seen(traffic, order, sites=sites, points=points)).facts
    assert facts["sites"]["n"] == [1]


def test_the_same_input_gives_the_same_answer():
    """Simulated parts too."""
    one, other = (run(seen(*planted(), seed=3), weights="gaussian") for _ in range(2))
    assert one.facts == other.facts
    np.testing.assert_array_equal(one.columns["lclq_p"], other.columns["lclq_p"])
