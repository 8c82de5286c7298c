"""Relative risk: the ratio of two densities, and when it may not be shown."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import lattice_cells
from geo.grid import Grid
from geo.hotspots import Evidence, methods
from geo.hotspots.risk import METHOD, common_sigma, relative_risk, run

CELLS = lattice_cells(Grid("square", 500), shapely.box(0, 0, 12_000, 9000))
NONE = np.zeros(len(CELLS), dtype=np.int64)


def evidence(n, families=None, exposure=None):
    """Make what the method sees of counts per cell."""
    return Evidence(CELLS, n, n.astype(float), families=families or {}, exposure=exposure)


def scattered(total, seed, pull=None):
    """Scatter events over the cells, some of them pulled to one place."""
    rng = np.random.default_rng(seed)
    share = np.ones(len(CELLS))
    if pull is not None:
        share += 60 * np.exp(-((CELLS.x - pull[0]) ** 2 + (CELLS.y - pull[1]) ** 2) / 2e6)
    return rng.multinomial(total, share / share.sum())


def test_it_is_spatstats_relative_risk(reference):
    """Night against day: robberies of Memphis 18-06 against 06-18, moved to centres of 500 m.

    spatstat.explore 3.0.6: ``relrisk(X, sigma=1500, at="points", relative=TRUE, control="day",
    case="night", edge=FALSE, leaveoneout=FALSE)`` gives at the first six points 1.704162828,
    1.898748594, 1.826548016, 1.174613848, 1.61841662, 1.664489199, at all 2,245 a mean of
    1.83543273; ``density(..)`` of the night alone 3.289528785e-06 at the first.
    """
    with (reference / "memphis" / "memphis_robberies_2019.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, y = (np.array([float(row[name]) for row in rows]) for name in ("x_32615", "y_32615"))
    hour = np.array([int(row["datetime"][11:13]) for row in rows])
    night = (hour >= 18) | (hour < 6)
    cells = lattice_cells(Grid("square", 500), shapely.box(x.min(), y.min(), x.max(), y.max()))
    at = cells.locate(x, y)
    case, control = (np.bincount(at[some], minlength=len(cells)) for some in (night, ~night))
    assert (case.sum(), control.sum()) == (1427, 818)
    risk, rate = relative_risk(
        case.astype(float), control.astype(float), cells, kernel="gaussian", bandwidth=1500.0,
        floor=1e-6,
    )  # fmt: skip
    expected = [1.704162828, 1.898748594, 1.826548016, 1.174613848, 1.61841662, 1.664489199]
    assert rate[at[:6]] == pytest.approx(expected, rel=1e-5)
    assert rate[at].mean() == pytest.approx(1.83543273, rel=1e-4)
    assert risk == pytest.approx(rate / (1427 / 818), rel=1e-12, nan_ok=True)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_the_same_everywhere_is_one(seed, times):
    """One kind that is everywhere so many times another has risk 1 and that rate."""
    other = scattered(400, seed).astype(float)
    risk, rate = relative_risk(
        other * times, other, CELLS, kernel="quartic", bandwidth=2000.0, floor=1.0
    )
    assert np.nanmin(risk) == pytest.approx(1.0)
    assert np.nanmax(risk) == pytest.approx(1.0)
    assert np.nanmax(rate) == pytest.approx(times)


def test_a_planted_excess_is_found_and_thin_ground_is_hidden():
    """Where a family gathers it is many times the average; where nothing is known, nothing."""
    one, other = scattered(200, 1, pull=(3000, 3000)), scattered(800, 2, pull=(9000, 6000))
    families = {"a": one, "b": other}
    result = run(evidence(one, families), against="b", bandwidth=1500.0)
    risk = result.columns["risk"]
    there, away = CELLS.locate(np.array([3000.0, 9000.0]), np.array([3000.0, 6000.0]))
    assert risk[there] > 2
    assert risk[away] < 0.5
    strict = run(evidence(one, families), against="b", bandwidth=1500.0, floor=60.0)
    hidden = np.isnan(strict.columns["risk"])
    assert hidden.any()
    assert not hidden[away]
    # what is hidden is what has little beside it: the smallest of the other's density goes first
    from geo.hotspots.kde import kde_on_cells  # noqa: PLC0415 - only here
    from geo.hotspots.risk import _at_centres  # noqa: PLC0415 - only here

    beside = kde_on_cells(_at_centres(other.astype(float), CELLS), CELLS, bandwidth=1500.0)
    assert beside[hidden].max() < beside[~hidden].min()
    assert beside[~hidden].min() * 5 * np.pi * 1500.0**2 / 9 >= 60.0
    assert result.hot is None


def test_against_inhabitants_it_is_a_smoothed_rate():
    """Two events per 1,000 inhabitants everywhere are that in every cell with inhabitants near."""
    people = np.random.default_rng(3).integers(1, 20, len(CELLS)) * 500.0
    n = (people / 500).astype(np.int64)
    result = run(evidence(n, {"a": n}, people), bandwidth=1800.0)
    assert result.used["against"] == "exposure"
    assert result.columns["kde_rate"] == pytest.approx(2.0)
    assert result.columns["risk"] == pytest.approx(1.0)
    assert result.used["floor"] == 100.0


def test_without_inhabitants_it_is_the_share_of_all_trouble():
    """By default the map's family is set against all families together, itself among them."""
    one, other = scattered(300, 4, pull=(3000, 3000)), scattered(500, 5)
    result = run(evidence(one, {"a": one, "b": other}), bandwidth=1500.0)
    assert result.used["against"] == "all"
    assert "kde_rate" not in result.columns
    expected, rate = relative_risk(
        one.astype(float), (one + other).astype(float), CELLS, kernel="quartic", bandwidth=1500.0,
        floor=10.0,
    )  # fmt: skip
    assert result.columns["risk"] == pytest.approx(expected, nan_ok=True)
    assert np.nanmax(rate) <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"of": "c", "against": "b"}, "risk_no_family"),
        ({"against": "c"}, "risk_no_family"),
        ({"against": "exposure"}, "risk_no_exposure"),
        ({"of": "b", "against": "b"}, "risk_same"),
        ({"of": "few", "against": "b"}, "too_few_events"),
        ({"of": "b", "against": "few"}, "too_few_events"),
    ],
)
def test_what_cannot_be_compared_is_left_blank_and_said(given, key):
    """Unknown families, no inhabitants, the same twice, too few: no number, one note."""
    families = {"a": scattered(300, 6), "b": scattered(300, 7), "few": scattered(20, 8)}
    result = run(evidence(families["a"], families), **given)
    assert np.isnan(result.columns["risk"]).all()
    assert [note.key for note in result.notes] == [key]
    assert result.enough == (key == "risk_same")


def test_nothing_at_all_is_no_error():
    """An empty layer, with no families, leaves all blank."""
    result = run(evidence(NONE))
    assert np.isnan(result.columns["risk"]).all()


def test_the_bandwidth_is_the_wider_of_the_two_and_said():
    """A tight kind beside a thin wide one is smoothed as the wide one needs; seeded."""
    tight, wide = scattered(2000, 9, pull=(3000, 3000)), scattered(60, 10)
    both = common_sigma((tight.astype(float), wide.astype(float)), CELLS, 1)
    alone = common_sigma((tight.astype(float),), CELLS, 1)
    assert both > alone >= 500.0
    result = run(evidence(tight, {"a": tight, "b": wide}), against="b")
    (note,) = result.notes
    assert note.key == "risk_bandwidth"
    assert note.values["bandwidth"] == result.used["bandwidth"]
    assert result.used["bandwidth"] == pytest.approx(both * 8**0.5, rel=0.05)


def test_what_was_used_can_be_used_again():
    """A second map takes the first one's settings as they are and gives the same."""
    one, other = scattered(300, 11, pull=(3000, 3000)), scattered(500, 12)
    seen = evidence(one, {"a": one, "b": other})
    first = run(seen)
    again = run(seen, **first.used)
    assert again.columns["risk"] == pytest.approx(first.columns["risk"], nan_ok=True)
    assert {p.name for p in METHOD.parameters} == set(first.used)
    assert methods()["risk"] is METHOD


def test_cells_with_few_inhabitants_borrow_from_the_area():
    """The column is spdep's ``EBest`` of six areas (see ``test_exposure``), per 1,000."""
    n, people = NONE.copy(), np.zeros(len(CELLS))
    n[:6], people[:6] = [0, 3, 8, 2, 15, 1], [120, 400, 900, 1500, 1000, 80]
    result = run(evidence(n, {"a": n}, people), min_events=1, bandwidth=1500.0)
    expected = [5.446420862, 7.381169186, 8.418433281, 2.484577393, 12.938598726, 8.199422510]
    assert result.columns["eb_rate"][:6] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(result.columns["eb_rate"][6:]).all()
    assert set(result.columns) == {column.name for column in METHOD.columns}
    few = run(evidence(n, {"a": n}, people), bandwidth=1500.0)
    assert np.isnan(few.columns["eb_rate"]).all()
    assert "eb_rate" not in run(evidence(n, {"a": n}, people), against="all").columns


def test_each_map_chooses_its_own_bandwidth():
    """It is told what was chosen, and that it is not to be handed on."""
    assert METHOD.own == ("bandwidth",)
    one, other = scattered(300, 11, pull=(3000, 3000)), scattered(500, 12)
    used = run(evidence(one, {"a": one, "b": other})).used
    assert used["bandwidth"] > 0
