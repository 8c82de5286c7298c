"""Stability: strong places come back, borderline ones half of the time, noise does not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import shapely
from shapely import affinity

from geo import stability as module
from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Cluster, Evidence, Points, Result, local_moran
from geo.hotspots.claims import rerun_cost
from geo.hotspots.gi_star import run
from geo.places import contiguous
from geo.stability import stability

AREA = shapely.Polygon([(0, 0), (16_000, 0), (20_000, 8_000), (10_000, 16_000), (1_000, 12_000)])
GRID = Grid("square", 500)


def picture(points, grid=GRID, **more):
    """Cells, counts and the hotspots that Gi* claims on them."""
    cells = lattice_cells(grid, AREA)
    at = cells.locate(points.x, points.y)
    n = np.bincount(at[at >= 0], minlength=len(cells))
    evidence = Evidence(cells, n, n.astype(float), area=AREA, **more)
    hot = run(evidence).hot
    return evidence, [group[n[group] > 0] for group in contiguous(hot, cells.neighbours)]


def noise(rng, n):
    """Points anywhere in the area."""
    x, y = rng.uniform(0, 20_000, 4 * n), rng.uniform(0, 16_000, 4 * n)
    keep = np.flatnonzero(shapely.contains_xy(AREA, x, y))[:n]
    return x[keep], y[keep]


def with_place(n, seed=1, around=400):
    """Noise, and n events in one place."""
    rng = np.random.default_rng(seed)
    x, y = noise(rng, around)
    x = np.concatenate([x, rng.normal(8_250, 120, n)])
    y = np.concatenate([y, rng.normal(7_250, 120, n)])
    return Points(x, y, np.ones(len(x)))


def at_place(evidence, groups):
    """Which of the groups holds the planted place."""
    here = evidence.cells.locate(np.array([8_250.0]), np.array([7_250.0]))[0]
    return next(i for i, group in enumerate(groups) if here in group)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_a_strong_place_is_stable(kind):
    """Sixty events in one place come back on every sample and every grid."""
    points = with_place(60)
    evidence, groups = picture(points, Grid(kind, 500))
    found = stability(run, evidence, groups, points=points)
    i = at_place(evidence, groups)
    assert found.bootstrap[i] == found.grids[i] == 1
    assert found.label[i] == "stable"
    assert found.samples == 100
    assert found.layouts == (13 if kind == "square" else 8)
    assert found.notes == ()


def test_a_place_that_barely_passed_is_not_stable():
    """The smallest place that is claimed at all comes back about half of the time."""
    for n in range(4, 30):
        points = with_place(n, seed=2)
        evidence, groups = picture(points)
        if groups:
            break
    found = stability(run, evidence, groups, points=points)
    i = at_place(evidence, groups)
    assert 0.2 < found.bootstrap[i] < 0.75
    assert found.label[i] in {"fairly", "fragile"}


def test_noise_that_somebody_calls_a_hotspot_is_fragile():
    """The busiest cells of even events come back hardly ever."""
    points = Points(*noise(np.random.default_rng(3), 300), np.ones(300))
    evidence, groups = picture(points)
    assert groups == []
    busiest = np.argsort(-evidence.n, kind="stable")[:3]
    found = stability(run, evidence, [busiest[:1], busiest[1:]], points=points)
    assert (np.fmax(found.bootstrap, found.grids) < 0.5).all()
    assert found.label.tolist() == ["fragile", "fragile"]


@pytest.mark.parametrize("with_points", [True, False])
def test_a_hotspot_of_all_events_always_comes_back(with_points):
    """Whatever is drawn lies in it again."""
    rng = np.random.default_rng(4)
    x, y = rng.uniform(6_000, 8_000, (2, 400))
    points = Points(x, y, np.ones(400))
    evidence, groups = picture(points)
    assert sum(int(evidence.n[group].sum()) for group in groups) == 400
    found = stability(run, evidence, groups, points=points if with_points else None)
    assert (found.bootstrap == 1).all()
    assert (found.grids == 1).all() if with_points else np.isnan(found.grids).all()


def test_coming_back_means_half_of_its_own_events():
    """A method that claims fixed cells: 2 of 4 events are enough, 1 of 4 is not."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 400, 100))
    n = np.array([2, 2, 1, 3])
    hot = np.array([True, False, True, False])
    evidence = Evidence(cells, n, n.astype(float))
    found = stability(
        lambda _: Result(columns={}, hot=hot), evidence, [np.array([0, 1]), np.array([2, 3])]
    )
    assert found.bootstrap.tolist() == [1, 0]
    assert found.label.tolist() == ["stable", "fragile"]


def test_what_is_drawn_are_the_events_themselves():
    """Every sample has as many events as there are, only where there are some, weights with them.

    Counts vary as they should: over many samples each cell's variance is n (1 - n / N).
    """
    evidence = Evidence(*_row(), area=None)
    at = np.repeat(np.arange(4), evidence.n)
    points = Points(evidence.cells.x[at], evidence.cells.y[at], 1.0 + at)
    for given in (points, None):
        drawn = []

        def look(sample, drawn=drawn):
            drawn.append((sample.n, sample.weight))
            return Result(columns={}, hot=sample.n > 0)

        weighted = replace(evidence, weight=evidence.n * (1.0 + np.arange(4)))
        stability(look, weighted, [np.array([0])], points=given, samples=2000, work=10**9)
        n, weight = (np.array(part) for part in zip(*drawn[:2000], strict=True))
        assert (n.sum(axis=1) == 40).all()
        assert (n[:, 2] == 0).all()
        assert weight == pytest.approx(n * (1.0 + np.arange(4)))
        assert n.mean(axis=0) == pytest.approx(evidence.n, abs=0.3)
        assert n.var(axis=0) == pytest.approx(evidence.n * (1 - evidence.n / 40), rel=0.15)


def _row():
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 400, 100))
    n = np.array([20, 15, 0, 5])
    return cells, n, n.astype(float)


def test_other_grids_hold_the_same_events_and_ground():
    """Each grid counts all events and the whole area, and every layout differs."""
    points = with_place(20)
    evidence, groups = picture(points)
    seen = []

    def look(other):
        seen.append(other)
        return run(other)

    found = stability(look, evidence, groups, points=points, samples=20)
    others = seen[20:]
    assert len(others) == found.layouts == 13
    for other in others:
        assert other.n.sum() == evidence.n.sum()
        assert other.cells.area_m2.sum() == pytest.approx(AREA.area)
        assert other.area.area == pytest.approx(AREA.area)
    assert len({tuple(sorted(other.n.tolist())) for other in others}) == 13


def test_turned_points_stay_where_they_were_in_the_area():
    """A corner of the area, given as a point just inside, stays just inside the turned area."""
    inner = affinity.scale(AREA, 0.999, 0.999, origin=AREA.centroid)
    corners = np.array(inner.exterior.coords)[:-1]
    points = Points(*np.ascontiguousarray(corners.T), np.ones(len(corners)))
    layouts = list(module.Layouts(AREA, GRID).each(points, 99))
    assert len(layouts) == 13
    for _, area, moved in layouts:
        assert shapely.distance(shapely.points(moved.x, moved.y), area.boundary).max() < 15
        assert shapely.contains_xy(area, moved.x, moved.y).all()


def test_a_grid_moved_by_whole_cells_finds_what_it_found():
    """Moving area and points by whole cells changes neither counts nor claims."""
    points = with_place(25)
    evidence, groups = picture(points)
    area = affinity.translate(AREA, 500, 1000)
    moved = replace(evidence, area=area, cells=lattice_cells(GRID, area))
    again = Points(points.x + 500, points.y + 1000, points.weight)
    same = module._counted(moved, again, moved.cells.locate(again.x, again.y))
    assert same.n.tolist() == evidence.n.tolist()
    assert run(same).hot.tolist() == run(evidence).hot.tolist()
    assert groups


def test_places_found_as_a_whole_come_back_too():
    """Clusters are what they claim; those that may be chance are not."""
    evidence = Evidence(*_row())

    def cluster(cells, *, significant):
        return Cluster(
            np.array(cells), 0, 0, 1, 1.0, 0.01, 1.0, shapely.Point(0, 0), significant=significant
        )

    clusters = (cluster([0], significant=True), cluster([1], significant=False))
    found = stability(
        lambda _: Result(columns={}, clusters=clusters), evidence, [np.array([0]), np.array([1])]
    )
    assert found.bootstrap.tolist() == [1, 0]


def test_drawn_cells_and_measured_exposure_are_only_resampled():
    """Neither can be laid anew; the badge then goes by the samples alone."""
    points = with_place(60)
    evidence, groups = picture(points)
    drawn = polygon_cells(evidence.cells.polygons, evidence.cells.ids)
    for other in (
        replace(evidence, cells=drawn),
        replace(evidence, exposure=evidence.cells.area_m2),
    ):
        found = stability(run, other, groups, points=points)
        assert np.isnan(found.grids).all()
        assert found.layouts == 0
        assert found.label[at_place(evidence, groups)] == "stable"


def test_more_work_than_allowed_is_cut_and_told():
    """By work and not by time: fewer samples and grids, a note; too many cells: nothing."""
    points = with_place(60)
    evidence, groups = picture(points)
    size = len(evidence.cells) + int(evidence.n.sum()) // 20
    found = stability(run, evidence, groups, points=points, work=30 * size)
    assert (found.samples, found.layouts) == (30, 6)
    assert [(note.key, note.values) for note in found.notes] == [
        ("stability_fewer", {"n": 30, "wanted": 100})
    ]
    least = stability(run, evidence, groups, points=points, work=1)
    assert (least.samples, least.layouts) == (20, 4)


def test_dear_runs_are_made_less_often_or_not_at_all(monkeypatch):
    """Twice the cost is half the samples, and half the cells that are tried at all; and it says."""
    points = with_place(60)
    evidence, groups = picture(points)
    size = len(evidence.cells) + int(evidence.n.sum()) // 20
    found = stability(run, evidence, groups, points=points, work=60 * size, cost=2.0)
    assert (found.samples, found.layouts) == (30, 10)
    monkeypatch.setattr(module, "MOST_CELLS", 2 * len(evidence.cells))
    found = stability(run, evidence, groups, points=points, work=1, cost=2.0)
    assert (found.samples, found.layouts) == (20, 4)
    found = stability(run, evidence, groups, points=points, cost=2.5)
    assert (found.samples, found.layouts) == (0, 0)
    assert set(found.label.tolist()) == {"unknown"}
    most = int(len(evidence.cells) * 0.8)
    assert [(note.key, note.values) for note in found.notes] == [
        ("stability_untried", {"n": len(evidence.cells), "most": most})
    ]


def test_local_moran_is_tried_as_it_was_asked():
    """Its exact p cost a few runs from z: at 12,544 cells a place is still tried again."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 11_200, 11_200))
    share = np.ones(len(cells)) / len(cells)
    n = np.random.default_rng(1).multinomial(765, share)
    n[5000:5003] += 20
    evidence = Evidence(cells, n, n.astype(float))
    result = local_moran.run(evidence)
    groups = [group[n[group] > 0] for group in contiguous(result.hot, cells.neighbours)]
    assert groups
    cost = rerun_cost(result.used, evidence)
    found = stability(local_moran.run, evidence, groups, cost=cost)
    assert found.samples >= 20
    assert found.bootstrap.max() > 0.8


def test_too_many_cells_are_not_tried(monkeypatch):
    """The label says unknown, and a note says why."""
    points = with_place(60)
    evidence, groups = picture(points)
    monkeypatch.setattr(module, "MOST_CELLS", 100)
    found = stability(run, evidence, groups, points=points)
    assert set(found.label.tolist()) == {"unknown"}
    assert np.isnan(found.bootstrap).all()
    assert [note.key for note in found.notes] == ["stability_untried"]


def test_no_hotspot_costs_nothing():
    """Without places nothing is run and nothing noted."""

    def never(_):
        raise AssertionError

    points = with_place(60)
    evidence, _ = picture(points)
    found = stability(never, evidence, [], points=points)
    assert len(found.label) == len(found.grids) == found.samples == 0
    assert found.notes == ()


def test_the_same_seed_gives_the_same_shares():
    """And another seed other samples, but the same grids."""
    points = with_place(12, seed=5)
    evidence, groups = picture(points)
    method = partial(run, alpha=0.05)
    one, two = (stability(method, evidence, groups, points=points) for _ in range(2))
    assert np.array_equal(one.bootstrap, two.bootstrap)
    other = stability(method, replace(evidence, seed=9), groups, points=points)
    assert not np.array_equal(one.bootstrap, other.bootstrap)
    assert np.array_equal(one.grids, other.grids)


def test_labels_go_by_the_lower_share():
    """0.8 and 0.5 are the limits, both included."""
    nan = np.nan
    found = module._labels(
        np.array([1, 0.8, 0.79, 1, 0.5, 0.49, nan, 0.9]),
        np.array([1, 0.8, 1, 0.5, 0.9, 1, nan, nan]),
    )
    assert found.tolist() == [
        "stable", "stable", "fairly", "fairly", "fairly", "fragile", "unknown", "stable",
    ]  # fmt: skip
