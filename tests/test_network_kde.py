"""Density along roads: what is claimed, for which street, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from cli import main
from geo import network_kernels
from geo.cells import lattice_cells
from geo.grid import Grid
from geo.hotspots import Evidence, Points, Roads, methods
from geo.hotspots.network_kde import run

SIDE = 2000.0
AREA = shapely.box(-20, -20, SIDE + 20, SIDE + 20)
CELLS = lattice_cells(Grid("square", 200), AREA)


def town(step=250.0):
    """Lay a grid of streets, each in one line per block, named by their row or column."""
    lines, names = [], []
    for i, at in enumerate(np.arange(0, SIDE + 1, step)):
        for low in np.arange(0, SIDE, step):
            lines += [shapely.LineString([(low, at), (low + step, at)])]
            lines += [shapely.LineString([(at, low), (at, low + step)])]
            names += [f"Gata {i}", f"Gränd {i}"]
    return Roads(np.array(lines, dtype=object), np.array(names, dtype=object))


TOWN = town()


def evidence(xy, roads=TOWN, cells=CELLS):
    """Put events into the town."""
    x, y = np.asarray(xy, dtype=float).T
    n = np.bincount(cells.locate(x, y), minlength=len(cells))
    points = Points(x, y, np.ones(len(x)))
    return Evidence(cells, n, n.astype(float), points=points, area=AREA, roads=roads)


def evenly(rng, count):
    """Draw events evenly along the streets."""
    lines = TOWN.geometry[rng.integers(0, len(TOWN.geometry), count)]
    at = shapely.line_interpolate_point(lines, rng.random(count), normalized=True)
    return shapely.get_coordinates(at)


def on_gata_3(rng):
    """Lay 60 events evenly and 25 along 200 m of Gata 3, some metres beside it."""
    extra = np.column_stack([rng.uniform(1020, 1220, 25), 750 + rng.normal(0, 3, 25)])
    return np.concatenate([evenly(rng, 60), extra])


@pytest.mark.parametrize("split", ["continuous", "discontinuous"])
def test_a_street_with_more_than_its_share_is_found_and_named(split):
    """The street is the first place, with its name, its events, and what its length gives."""
    xy = on_gata_3(np.random.default_rng(2))
    found = run(evidence(xy), split=split)
    first = found.clusters[0]
    assert first.street == "Gata 3"
    assert first.n >= 25
    assert abs(first.y - 750) < 30
    held = shapely.contains_xy(first.shape, xy[:, 0], xy[:, 1]).sum()
    assert held >= first.n  # the outline reaches past its ends
    length = found.streets.length_m
    assert first.expected < 0.2 * first.n
    assert first.expected <= 85 * length[found.streets.hot].sum() / length.sum() + 1e-9
    assert first.p < 1e-6
    assert first.score == pytest.approx(found.streets.density[found.streets.hot].max())
    assert found.hot[first.cells].all()
    assert found.q[found.hot].max() < 0.05
    assert (found.p[found.hot] <= found.q[found.hot]).all()


def crossing(*counts, side="Ringvägen", min_place=3):
    """Lay events some metres out on the arms of the crossing of Gata 4 and Gränd 4, and elsewhere.

    Gränd 4 is called ``side`` here; the arms are east, west, north and south.
    """
    names = np.where(TOWN.names == "Gata 4", "Storgatan", TOWN.names)
    roads = Roads(TOWN.geometry, np.where(TOWN.names == "Gränd 4", side, names))
    ways = [(1, 0), (-1, 0), (0, 1), (0, -1)]
    arms = [(1000 + 12 * i * x, 1000 + 12 * i * y)
            for (x, y), n in zip(ways, counts, strict=True) for i in range(1, n + 1)]  # fmt: skip
    few = np.column_stack([np.linspace(125, 1875, 30), np.tile([0, 250, 1750], 10)])
    return run(evidence(np.concatenate([arms, few]), roads), min_place=min_place)


def test_streets_that_cross_are_a_place_each():
    """Both streets of a hot crossing stand with their own events, not one with all of them."""
    found = crossing(8, 6, 5, 4)
    assert [(c.street, c.n) for c in found.clusters] == [("Storgatan", 14), ("Ringvägen", 9)]
    hot = found.streets.names[found.streets.hot]
    assert set(hot) == {"Storgatan", "Ringvägen"}


def test_a_crossing_is_a_place_though_no_arm_is():
    """Streets with too few events for a place each are one, named by the one that has most."""
    found = crossing(2, 2, 2, 1, min_place=7)
    assert [(c.street, c.n) for c in found.clusters] == [("Storgatan", 7)]
    assert crossing(2, 2, 2, 1, min_place=8).clusters == ()


def test_roads_without_names_are_held_together_by_touch():
    """A street keeps its own events; what has no name beside it is a place without a name."""
    found = crossing(8, 6, 5, 4, side="")
    assert [(c.street, c.n) for c in found.clusters] == [("Storgatan", 14), ("", 9)]


def test_no_place_has_less_than_its_length_gives():
    """Three busy streets are places; those between them are not, though much happens around."""
    rng = np.random.default_rng(9)
    busy = np.column_stack([rng.uniform(0, SIDE / 2, 600), np.repeat([500, 750, 1000], 200)])
    found = run(evidence(np.concatenate([busy, evenly(rng, 300)])))
    assert sorted(c.street for c in found.clusters) == ["Gata 2", "Gata 3", "Gata 4"]
    assert all(c.n > c.expected for c in found.clusters)


def test_the_streets_hold_every_event():
    """Density times length sums to the events, and so do the counts on the pieces."""
    found = run(evidence(on_gata_3(np.random.default_rng(4))))
    streets = found.streets
    assert (streets.density * streets.length_m / 1000).sum() == pytest.approx(85.0, abs=1e-9)
    assert streets.n.sum() == found.facts["n"] == 85
    assert found.facts["length_km"] == pytest.approx(18 * SIDE / 1000)
    assert found.columns["nkde"].max() == streets.density.max()
    assert found.facts["hot_pieces"] == streets.hot.sum() > 0


def test_the_order_of_events_and_roads_does_not_matter():
    """Shuffled input gives the same places."""
    rng = np.random.default_rng(5)
    xy, order = on_gata_3(rng), rng.permutation(len(TOWN.geometry))
    one = run(evidence(xy))
    other = run(evidence(rng.permutation(xy), Roads(TOWN.geometry[order][:], TOWN.names[order])))
    assert [c.n for c in one.clusters] == [c.n for c in other.clusters]
    assert other.columns["nkde"] == pytest.approx(one.columns["nkde"], rel=1e-6)


def test_events_far_from_roads_are_set_aside_and_told():
    """Beyond the limit they are counted and not measured; more than a fifth is a warning."""
    rng = np.random.default_rng(6)
    off = np.column_stack([rng.uniform(90, 160, 10), rng.uniform(90, 160, 10)])
    for count, level in ((60, "info"), (35, "warning")):
        found = run(evidence(np.concatenate([evenly(rng, count), off])))
        assert (found.facts["n"], found.facts["beyond"]) == (count, 10)
        note = next(note for note in found.notes if note.key == "network_beyond")
        assert (note.level, note.values["of"]) == (level, count + 10)


def test_what_was_not_followed_is_told(monkeypatch):
    """Where the memory does not suffice for all ways, a warning says how much may lie elsewhere."""
    xy = on_gata_3(np.random.default_rng(3))
    assert "network_moved" not in [note.key for note in run(evidence(xy)).notes]
    monkeypatch.setattr(network_kernels, "_MOST", 100)
    note = next(note for note in run(evidence(xy)).notes if note.key == "network_moved")
    assert note.level == "warning"
    assert 1 <= note.values["percent"] <= 100


def test_too_few_events_claim_nothing():
    """Thirty are asked for, however close together they are."""
    found = run(evidence(np.tile([[1000.0, 750.0]], (29, 1))))
    assert (found.enough, found.clusters, found.hot.any()) == (False, (), False)
    assert "too_few_events" in [note.key for note in found.notes]
    assert run(evidence(np.tile([[1000.0, 750.0]], (30, 1)))).clusters


def test_without_roads_nothing_is_measured():
    """It is a warning and no error."""
    found = run(evidence(np.zeros((40, 2)), roads=None))
    assert [(note.key, note.level) for note in found.notes] == [("network_no_roads", "warning")]
    assert (found.enough, found.hot.any(), found.columns["nkde"].any()) == (False, False, False)


def test_everything_used_is_told():
    """Every parameter stands in used, chosen values included, and choices are said."""
    found = run(evidence(on_gata_3(np.random.default_rng(7))))
    declared = {parameter.name for parameter in methods()["network_kde"].parameters}
    assert set(found.used) == declared
    assert (found.used["bandwidth"], found.used["lixel_m"]) == (300.0, 50.0)
    assert {"network_bandwidth", "network_lixel", "network_even"} <= {n.key for n in found.notes}


@pytest.mark.slow
@pytest.mark.parametrize("split", ["continuous", "discontinuous"])
def test_evenly_spread_events_are_seldom_claimed(split):
    """Of 300 maps without any hotspot at most 5 % (and the error of 300 maps) claim one."""
    rng = np.random.default_rng(8)
    false = sum(bool(run(evidence(evenly(rng, 100)), split=split).clusters) for _ in range(300))
    assert false <= 300 * 0.05 + 2 * (300 * 0.05 * 0.95) ** 0.5


def test_the_command_asks_for_roads(tmp_path):
    """Without --roads it is refused, and the cure names the option."""
    events = tmp_path / "events.csv"
    events.write_text("lon,lat\n15.0,59.0\n")
    words = ["hotspots", str(events), "-o", str(tmp_path / "o.gpkg"), "--method", "network_kde"]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 1
    assert "--roads" in answer.output
