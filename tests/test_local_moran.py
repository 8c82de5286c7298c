"""Local Moran against published tables, other implementations, and its own laws."""

from __future__ import annotations

import csv
import gzip

import esda
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo.cells import lattice_cells, polygon_cells
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.local_moran import METHOD, local_moran, run
from geo.neighbours import PolygonNeighbours
from geo.permutation import exact_p, whole
from geo.significance import benjamini_hochberg, two_sided_p

AREA = shapely.Polygon([(0, 0), (20_000, 0), (26_000, 9_000), (12_000, 21_000), (1_000, 15_000)])
SQUARE = shapely.box(0, 0, 20_000, 20_000)


def of(x, neighbours):
    """Give I and z of values over neighbours."""
    return local_moran(x, neighbours.sums(x), neighbours.sizes)


def test_the_robberies_of_memphis(reference):
    """I and z of all 3,302 cells equal R spdep's to 1e-9 (conditional moments, the default)."""
    folder = reference / "memphis"
    _, _, wkb, _ = pyogrio.raw.read(folder / "grid_square_500.gpkg")
    polygons = shapely.from_wkb(wkb)
    cells = polygon_cells(polygons, np.arange(len(polygons)))
    with (folder / "memphis_robberies_2019.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    project = Transformer.from_crs(4326, 32615, always_xy=True)
    x, y = project.transform([float(r["lon"]) for r in rows], [float(r["lat"]) for r in rows])
    n = np.bincount(cells.locate(np.array(x), np.array(y)), minlength=len(cells))
    with gzip.open(folder / "gi_star_square_500_expected.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    result = run(Evidence(cells, n, n.astype(float)))
    for ours, theirs in (("lisa_i", "local_moran_i"), ("lisa_z", "local_moran_z")):
        expected = np.array([float(row[theirs]) for row in rows])
        assert abs(result.columns[ours] - expected).max() < 1e-9
    assert result.hot.any()


FROM_R = {
    "columbus CRIME, 1 ring": (
        [0.7368184906, 0.5287770133, 0.09385074166, 24.5092393, 30.48726565],
        [0.937807651, 0.9856591203, 0.7184189125, 59.62125933, 138.2432509],
    ),
    "columbus CRIME, 2 rings": (
        [0.1409228144, 0.09223229457, -0.04443258694, 14.73820076, 16.97791425],
        [0.3003361735, 0.2666946229, -0.5496204884, 62.63420394, 232.7165021],
    ),
    "nc_sids SID74/BIR74, 1 ring": (
        [0.6310747658, 0.6623095293, 0.2611270896, 23.09104488, 50.53846307],
        [1.540369759, 0.9134393506, 1.953855182, 43.36101695, 160.5066986],
    ),
    "nc_sids SID74, 1 ring": (
        [0.4732796028, 0.3712905947, 0.09667657083, 14.77405293, 26.8402693],
        [1.14123593, 0.7684614748, 1.023356674, 34.67924932, 137.3611631],
    ),
}


@pytest.mark.parametrize("case", FROM_R)
def test_crimes_and_deaths_as_r_has_them(reference, case):
    """First three, sum and sum of squares of I and of z, of 49 and 100 real polygons.

    R 4.2.2, spdep 1.2.7: ``localmoran(x, nb2listw(nb, style = "W"))`` with nb of ``poly2nb`` or
    ``nblag_cumul(nblag(poly2nb(p), 2))``, columns Ii and Z.Ii.
    """
    name, value, rings, _ = case.replace(",", "").split()
    meta, _, wkb, fields = pyogrio.raw.read(reference / "inputs" / "lisa" / f"{name}.geojson")
    columns = dict(zip(meta["fields"].tolist(), fields, strict=True))
    above, *below = (columns[column].astype(float) for column in value.split("/"))
    x = above / below[0] if below else above
    neighbours = PolygonNeighbours.of(shapely.from_wkb(wkb), 1e-9).rings(int(rings))
    for ours, expected in zip(of(x, neighbours), FROM_R[case], strict=True):
        told = [*ours[:3], ours.sum(), (ours**2).sum()]
        assert told == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_another_library_agrees(kind):
    """I equals esda's over a lattice, but for its n - 1 in the variance of x."""
    cells = lattice_cells(Grid(kind, 1000), AREA)
    x = np.random.default_rng(5).poisson(2.0, len(cells)).astype(float)
    beside = {i: [] for i in range(len(cells))}
    for a, b in zip(*(at.tolist() for at in cells.neighbours.pairs()), strict=True):
        beside[a].append(b)
        beside[b].append(a)
    weights = libpysal.weights.W(beside, silence_warnings=True)
    other = esda.Moran_Local(x, weights, transformation="r", permutations=0)
    moran, _ = of(x, cells.neighbours)
    assert moran * (len(x) - 1) / len(x) == pytest.approx(other.Is, abs=1e-12)


def test_four_cells_by_hand():
    """A row of 4, 2, 0, 2: mean 2, m2 = 2; the first has I = 2/2 x 0 = 0, the third -1 x 0."""
    chain = PolygonNeighbours(4, np.array([0, 1, 2]), np.array([1, 2, 3]))
    moran, _ = of(np.array([4.0, 2, 0, 2]), chain)
    assert moran.tolist() == [0.0, 0.0, 0.0, 0.0]
    moran, z = of(np.array([4.0, 4, 0, 0]), chain)  # d = 2, 2, -2, -2; m2 = 4
    assert moran.tolist() == [1.0, 0.0, 0.0, 1.0]
    # E = -1/3; Var = (2/4)^2 x 4/2 x (1 - 1/3) x (4 - 4/3) = 8/9; the others E same, k = 2.
    assert z[0] == pytest.approx((1 + 1 / 3) / (8 / 9) ** 0.5)
    assert z[1] == pytest.approx((1 / 3) / (0.25 * 2 * (1 / 2 - 1 / 3) * 8 / 3) ** 0.5)


@given(
    st.lists(st.integers(0, 30), min_size=12, max_size=12),
    st.floats(0.01, 1000),
    st.floats(-1000, 1000),
)
def test_units_do_not_matter(counts, scale, shift):
    """I and z are the same when every count is multiplied, has the same added, or changes sign."""
    cells = lattice_cells(Grid("square", 1), shapely.box(0, 0, 4, 3))
    x = np.array(counts, dtype=float)
    for ours, other, mirrored in zip(
        of(x, cells.neighbours),
        of(x * scale + shift, cells.neighbours),
        of(-x, cells.neighbours),
        strict=True,
    ):
        assert other == pytest.approx(ours, abs=1e-5)
        assert mirrored == pytest.approx(ours, abs=1e-9)


def test_the_mean_and_spread_of_z_are_those_of_all_exchanges():
    """Over every exchange of the other cells, z of a cell has mean 0 and variance 1."""
    chain = PolygonNeighbours(6, np.array([0, 0, 1, 2, 4]), np.array([1, 2, 2, 3, 5]))
    x = np.array([5.0, 1, 0, 2, 2, 7])
    rng = np.random.default_rng(1)
    zs = []
    for _ in range(4000):
        shuffled = x.copy()
        shuffled[1:] = rng.permutation(x[1:])
        zs.append(of(shuffled, chain)[1][0])
    assert np.mean(zs) == pytest.approx(0.0, abs=5 / 4000**0.5)
    assert np.var(zs) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 3.0, 1 / 3])
def test_a_constant_surface_and_islands_say_nothing(value):
    """No deviation, or no neighbour: I and z are 0, p is 1, not rounding over rounding."""
    cells = lattice_cells(Grid("square", 1000), SQUARE)
    for values in of(np.full(len(cells), value), cells.neighbours):
        assert not values.any()
    islands = PolygonNeighbours(3, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    x = np.array([1.0, 2, 9])
    for values in of(x, islands):
        assert values.tolist() == [0.0, 0.0, 0.0]
    assert exact_p(whole(x), islands).tolist() == [1.0, 1.0, 1.0]


def painted(seed=1):
    """Poisson counts of 4 with a crowded block, an empty block, and a lone cell in either."""
    cells = lattice_cells(Grid("square", 1000), SQUARE)
    n = np.random.default_rng(seed).poisson(4.0, len(cells))

    def block(x, y):
        return (abs(cells.x - x) < 2600) & (abs(cells.y - y) < 2600)

    crowd, empty = block(4500, 4500), block(14_500, 14_500)
    n[crowd] += 20
    n[empty] = 0
    hole, peak = (int(cells.locate(np.array([v]), np.array([v]))[0]) for v in (4500.0, 14_500.0))
    n[hole], n[peak] = 0, 20
    return cells, n, crowd, empty, hole, peak


def test_the_four_classes_and_what_is_hot():
    """Crowd HH, void LL, a hole in the crowd LH, a peak in the void HL; only HH is hot."""
    cells, n, crowd, empty, hole, peak = painted()
    result = run(Evidence(cells, n, n.astype(float)))
    classes = result.columns["lisa_class"]
    assert classes[hole] == "LH"
    assert classes[peak] == "HL"
    inner = (abs(cells.x - 4500) < 1600) & (abs(cells.y - 4500) < 1600)
    inner[hole] = False
    assert (classes[inner] == "HH").all()
    assert (classes == "LL").sum() >= 10
    assert empty[classes == "LL"].all()
    assert np.array_equal(result.hot, classes == "HH")
    assert crowd[result.hot].all()
    assert set(classes.tolist()) == {"HH", "LL", "HL", "LH", "ns"}
    assert (result.q[result.hot] < 0.05).all()
    told = result.columns["lisa_q"]
    assert (classes[told >= 0.05] == "ns").all()


def test_exact_p_is_the_answer_for_counts_and_it_is_said():
    """The p is that of the exact law over the neighbours; used and a remark name it."""
    cells, n, *_ = painted()
    x = n.astype(float)
    result = run(Evidence(cells, n, x))
    assert result.used["inference"] == "exact"
    assert [note.key for note in result.notes] == ["inference_exact"]
    assert np.array_equal(result.columns["lisa_p"], exact_p(whole(x), cells.neighbours))
    assert np.array_equal(result.columns["lisa_q"], benjamini_hochberg(result.columns["lisa_p"]))
    analytic = run(Evidence(cells, n, x), inference="analytic")
    assert np.array_equal(analytic.columns["lisa_p"], two_sided_p(analytic.columns["lisa_z"]))
    assert analytic.notes == ()
    weighted = run(Evidence(cells, n, x * 2**0.5))
    assert weighted.used["inference"] == "permutation"
    assert weighted.used["permutations"] == 16_999
    assert abs(weighted.columns["lisa_p"] - result.columns["lisa_p"]).max() < 0.02


@pytest.mark.parametrize("settings", [{}, {"inference": "permutation"}])
@pytest.mark.parametrize("neighbourhood", ["queen", "ring", "distance"])
def test_what_was_used_gives_the_same_answer_again(settings, neighbourhood):
    """Every setting used is a parameter, and asking for it again repeats every number."""
    cells, n, *_ = painted()
    evidence = Evidence(cells, n, n.astype(float))
    once = run(evidence, **settings, neighbourhood=neighbourhood)
    assert set(once.used) <= {parameter.name for parameter in METHOD.parameters}
    again = run(evidence, **once.used)
    assert once.used == again.used
    for name, values in once.columns.items():
        assert values.tolist() == again.columns[name].tolist()


def test_too_little_data_claims_nothing_and_says_so():
    """Twenty events in one place are no map of hotspots: every cell ns, a warning."""
    cells = lattice_cells(Grid("square", 500), AREA)
    n = np.zeros(len(cells), dtype=np.int64)
    n[50:53] = 6
    result = run(Evidence(cells, n, n.astype(float)))
    assert not result.enough
    assert not result.hot.any()
    assert set(result.columns["lisa_class"].tolist()) == {"ns"}
    assert result.notes[-1].key == "too_few_events"
    assert result.notes[-1].values["method"] == "local_moran"
    n[50:53] = 40
    assert run(Evidence(cells, n, n.astype(float))).notes[-1].key == "too_few_cells"


@pytest.mark.parametrize("events", [50, 200, 1000])
@pytest.mark.parametrize("inference", ["auto", "analytic"])
def test_random_points_make_a_hotspot_on_at_most_one_map_in_twenty(events, inference):
    """100 random maps on 2,513 cells: at most 5 % plus three standard errors (11.5 %) have any.

    Exact q alone holds the level too; q from z cries wolf on every sparse map, the claim does not.
    """
    cells = lattice_cells(Grid("square", 400), AREA)
    rng = np.random.default_rng(events)
    share = cells.area_m2 / cells.area_m2.sum()
    false, plain = 0, 0
    for _ in range(100):
        n = rng.multinomial(events, share)
        result = run(Evidence(cells, n, n.astype(float)), inference=inference)
        false += bool((result.columns["lisa_class"] != "ns").any() if inference == "auto" else 0)
        false += bool(inference == "analytic" and result.hot.any())
        plain += bool((result.columns["lisa_q"] < 0.05).any())
    bound = 100 * (0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5)
    assert false <= bound
    if inference == "auto":
        assert plain <= bound
    else:
        assert plain > 50  # why exact p are the answer unless asked otherwise


def test_three_events_side_by_side_among_fifty_may_be_chance():
    """Local Moran's z is sure of them, the chance of the counts is not: no class, no claim."""
    cells = lattice_cells(Grid("square", 400), AREA)
    n = np.zeros(len(cells), dtype=np.int64)
    n[np.random.default_rng(2).choice(len(cells), 47, replace=False)] = 1
    x, y = np.array([9000.0, 9400.0, 9000.0]), np.array([9000.0, 9000.0, 9400.0])
    three = cells.locate(x, y)
    n[np.hypot(cells.x - 9000, cells.y - 9000) < 2000] = 0
    n[three] = 1
    result = run(Evidence(cells, n, n.astype(float)), inference="analytic")
    assert result.enough
    assert (result.columns["lisa_q"][three] < 0.05).all()
    assert (result.columns["lisa_class"][three] == "ns").all()
    assert not result.hot.any()
    assert (result.q[three] > 0.05).all()


def test_a_planted_hotspot_is_found():
    """Of a street of five crowded cells the inner three are claimed, and nothing far from it.

    The ends have one crowded neighbour of eight, which is not more than chance gives.
    """
    cells = lattice_cells(Grid("square", 500), AREA)
    n = np.random.default_rng(1).multinomial(240, cells.area_m2 / cells.area_m2.sum())
    street = (abs(cells.y - 9250) < 1) & (abs(cells.x - 8250) < 1100)
    n[street] += 12
    hot = run(Evidence(cells, n, n.astype(float))).hot
    assert hot[street].tolist() == [False, True, True, True, False]
    assert (np.hypot(cells.x[hot] - 8250, cells.y[hot] - 9250) < 2500).all()


def test_exposure_is_what_events_are_measured_against():
    """Where events follow the inhabitants no cell has a class, whatever the ground would say."""
    cells = lattice_cells(Grid("square", 1000), SQUARE)
    people = np.where((cells.x < 5000) & (cells.y < 5000), 100.0, 1.0)
    n = people.astype(np.int64)
    assert run(Evidence(cells, n, n.astype(float))).hot.any()
    followed = run(Evidence(cells, n, n.astype(float), exposure=people))
    assert set(followed.columns["lisa_class"].tolist()) == {"ns"}
    assert not followed.columns["lisa_i"].any()
