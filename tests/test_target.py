"""Target: as much ground as can be looked after, in another method's order, beyond chance."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.cells import lattice_cells
from geo.errors import ProjectError
from geo.grid import Grid
from geo.hotspots import Evidence, Points, methods
from geo.hotspots.target import BUDGET_M2, afforded, read_by, write_by
from geo.significance import benjamini_hochberg, chance_p

AREA = shapely.box(0, 0, 4000, 4000)
CELLS = lattice_cells(Grid("square", 200), AREA)
TARGET = methods()["target"]


def evidence(places, each=12, background=200, seed=1):
    """Events at some places and evenly beside."""
    rng = np.random.default_rng(seed)
    xy = np.vstack([rng.uniform(0, 4000, (background, 2)), np.repeat(places, each, axis=0)])
    at = CELLS.locate(*xy.T)
    n = np.bincount(at, minlength=len(CELLS))
    return Evidence(CELLS, n, n.astype(float), points=Points(*xy.T, np.ones(len(xy))), area=AREA)


PLACES = np.array([[500.0, 500.0], [2100.0, 2100.0], [3500.0, 900.0]])


def test_the_busiest_cells_are_claimed_in_their_order():
    """Three places of 40, 30 and 20 events on top of a few: ranks 1, 2, 3 at them."""
    places = np.repeat(PLACES, [40, 30, 20], axis=0)
    given = evidence(places, each=1)
    result = TARGET.run(given, budget_m2=3 * 40_000.0)
    rank = result.columns["target_rank"]
    assert rank[CELLS.locate(*PLACES.T)].tolist() == [1, 2, 3]
    assert result.hot.sum() == 3
    assert result.columns["target"].tolist() == given.n.tolist()


def test_no_more_ground_than_the_budget():
    """Whatever stands out, the claim keeps within the area that can be looked after (rounded)."""
    given = evidence(PLACES, each=40)
    for budget in (40_000.0, 120_000.0, BUDGET_M2):
        claimed = CELLS.area_m2[TARGET.run(given, budget_m2=budget).hot].sum()
        assert 0 < claimed <= budget + 20_000.0


def test_at_least_one_cell_is_afforded():
    """A budget smaller than a cell still buys the first one."""
    score = np.array([1.0, 3.0, 2.0])
    assert afforded(score, np.zeros(3), np.full(3, 1e6), 10.0).tolist() == [1]


def test_half_a_cell_decides():
    """Two cells and a half are three, a little less are two; ties go by what lies around."""
    score, around = np.array([1.0, 1.0, 5.0, 1.0, np.nan]), np.array([0, 4, 0, 9, 50])
    area = np.full(5, 100.0)
    assert afforded(score, around, area, 250.0).tolist() == [2, 3, 1]
    assert afforded(score, around, area, 249.0).tolist() == [2, 3]


def test_chance_claims_nothing_in_even_spread():
    """Evenly spread events: hardly ever a claim, though some cells always rank first."""
    claimed = [
        TARGET.run(evidence(PLACES[:0], background=400, seed=s)).hot.any() for s in range(40)
    ]
    assert sum(claimed) <= 4


def test_the_claim_is_that_of_the_exact_test():
    """The p and q are the binomial's of a cell and its neighbours, by the plain definition."""
    given = evidence(PLACES)
    result = TARGET.run(given)
    near = (abs(CELLS.x[:, None] - CELLS.x) < 201) & (abs(CELLS.y[:, None] - CELLS.y) < 201)
    held, share = near @ given.n, near @ given.share
    p = chance_p(held, int(given.n.sum()), share)
    assert result.p == pytest.approx(p)
    assert result.q == pytest.approx(benjamini_hochberg(p))
    assert (result.q[result.hot] < 0.05).all()


def test_a_place_needs_events_of_its_own():
    """Places of fewer events than asked for are not claimed."""
    given = evidence(PLACES)
    assert TARGET.run(given).hot.any()
    assert not TARGET.run(given, min_place=1000).hot.any()


def test_too_few_events_claim_nothing_and_say_so():
    """Ten events: not enough, with the reason."""
    result = TARGET.run(evidence(PLACES, each=1, background=7))
    assert not result.enough
    assert not result.hot.any()
    assert [note.key for note in result.notes if note.level == "warning"] == ["too_few_events"]


def test_it_ranks_by_any_method_with_its_settings():
    """By density with a radius: the score is that density, to the last bit."""
    given = evidence(PLACES)
    result = TARGET.run(given, by="kde bandwidth=300")
    density = methods()["kde"].run(given, bandwidth=300.0).columns["kde"]
    assert np.array_equal(result.columns["target"], density)
    assert result.used["by"] == "kde bandwidth=300"


@pytest.mark.parametrize(
    "method",
    [one for one in methods().values() if one.score and not one.needs_roads],
    ids=lambda one: one.name,
)
def test_every_setting_that_is_tried_can_be_written_and_read(method):
    """What a back-test chooses can stand in a project file."""
    for settings in method.variants:
        assert read_by(write_by(method.name, settings)) == (method, settings)


def test_points_are_used_only_where_the_method_that_ranks_uses_them():
    """By count a place has a history; by density it would need the points of every month."""
    assert TARGET.uses_points({"by": "kde bandwidth=300"})
    assert not TARGET.uses_points({"by": "count"})
    assert not TARGET.uses_points({})
    assert methods()["kde"].uses_points({})


def test_all_kinds_of_settings_are_read():
    """Numbers, words and yes or no."""
    settings = {"kernel": "gaussian", "bandwidth": 250.5, "adaptive": True}
    assert read_by(write_by("kde", settings))[1] == settings
    assert read_by("gi_star neighbourhood=ring rings=2")[1]["rings"] == 2


@pytest.mark.parametrize(
    "by",
    [
        "target",
        "nothing",
        "kde width=3",
        "kde bandwidth=wide",
        "kde kernel=round",
        "gi_star rings=a",
    ],
)
def test_what_cannot_be_is_refused(by):
    """A method that ranks nothing, an unknown setting, a value that does not fit."""
    with pytest.raises(ProjectError, match="expected"):
        read_by(by)
