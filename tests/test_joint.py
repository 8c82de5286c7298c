"""Joint: two sides that gather, how they mix, and what lies near the sites."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy import stats

from geo.cells import lattice_cells
from geo.colocation import (
    global_quotient,
    kth_nearest,
    local_quotient,
    local_quotient_of_cells,
)
from geo.grid import Grid
from geo.hotspots import Evidence, Points, gi_star
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


def test_a_side_with_too_little_claims_nothing():
    """Twenty events of traffic: a warning that names the side, and nothing is both."""
    _, order = planted()
    few = np.zeros(len(CELLS), dtype=np.int64)
    few[SHARED] = 20
    result = run(seen(few, order))
    assert not result.enough
    assert not result.hot.any()
    assert [(note.key, note.values) for note in result.notes] == [
        ("joint_too_few_one", {"family": "traffic", "n": 20})
    ]
    assert (result.columns["joint_class"][ORDER]) == "other"
    none = run(seen(few, order), one="narcotics")
    assert [note.key for note in none.notes] == ["joint_too_few_one"]
    assert not np.isin(none.columns["joint_class"], ["one", "both"]).any()


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
    for key, one, other in (("clq_one", traffic, order), ("clq_other", order, traffic)):
        expected = global_quotient(CELLS.x, CELLS.y, one, other, n, relabellings=99, seed=5)
        assert (facts[key], facts[f"{key}_p"]) == expected
    assert (facts["n_one"], facts["n_other"]) == (traffic.sum(), order.sum())
    assert "sites" not in facts


@pytest.mark.parametrize("with_points", [True, False])
def test_trouble_by_one_of_the_bathing_sites(with_points):
    """Of two sites the one with thirty events on its shore is told, in the order given."""
    traffic, order = planted()
    n = traffic + order
    at = np.repeat(np.arange(len(CELLS)), n)
    points = Points(CELLS.x[at], CELLS.y[at], np.ones(len(at)))
    sites = Points(
        np.array([13_250.0, CELLS.x[ORDER]]), np.array([3_250.0, CELLS.y[ORDER]]), np.ones(2)
    )
    more = {"sites": sites, "points": points if with_points else None}
    facts = run(seen(traffic, order, **more)).facts
    for i in range(2):
        near = np.hypot(points.x - sites.x[i], points.y - sites.y[i]) <= 500
        assert facts["sites"]["n"][i] == near.sum()
    circle = np.pi * 500**2 if with_points else 5 * 500**2  # a cell and the four beside it
    assert facts["sites"]["expected"] == pytest.approx([len(at) * circle / AREA.area] * 2, rel=2e-3)
    assert facts["sites"]["q"][1] < 1e-6
    assert facts["sites"]["p"][0] > 0.05
    assert facts["sites_ratio"] > 2
    assert facts["sites_p"] < 0.05


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
