"""The scan against published clusters, a slow second implementation, and its own laws."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import geo.scan
from geo.cells import lattice_cells, polygon_cells
from geo.circles import zones, zones_of
from geo.cube import CubeBuilder
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.scan import expected_from_history, run
from geo.scan import p_values, scan_expectation, scan_permutation, scan_poisson
from geo.significance import log_likelihood_ratio

JANUARY = 2024 * 12


def table(path):
    """Read a CSV as columns of text."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


# --- published answers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fever(reference):
    """New York's fever cases: names of places, cases by place and day, circles of 3 km."""
    centres = table(reference / "nyc_fever" / "zip_centres.csv")
    cases = table(reference / "nyc_fever" / "cases.csv")
    names = centres["zip"].tolist()
    counts = np.zeros((len(names), 24), dtype=np.int64)
    day = [int(date.split("/")[2]) - 1 for date in cases["date"]]
    np.add.at(counts, ([names.index(z) for z in cases["zip"]], day), cases["cases"].astype(int))
    lon, lat = np.radians(centres["long"].astype(float)), np.radians(centres["lat"].astype(float))
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    return names, counts, zones_of(2 * 6371.0 * np.arcsin(np.sqrt(half)), max_radius=3.0)


@pytest.mark.parametrize("direction", ["prospective", "retrospective"])
def test_the_fever_of_new_york(reference, fever, direction):
    """Every published likelihood ratio to six decimals, and p within the error of simulation."""
    case = json.loads((reference / "small" / "expected.json").read_text())
    case = case["nyc_fever_space_time_permutation"]
    _, counts, circles = fever
    assert (counts.sum(), len(circles)) == (194, 1372)
    found = scan_permutation(counts, circles, longest=7, direction=direction, least=1)
    scores = [cluster.llr for cluster in found.clusters]
    for score, p in zip(case[f"{direction}_llr"], case[f"{direction}_published_p"], strict=True):
        ours = found.clusters[int(np.argmin(np.abs(np.array(scores) - score)))]
        assert ours.llr == pytest.approx(score, abs=5e-7)
        assert abs(ours.p - p) < 4 * (2 * p * (1 - p) / 999) ** 0.5 + 0.002
    assert scores[0] == pytest.approx(max(case[f"{direction}_llr"]), abs=5e-7)


def test_where_and_when_the_fever_was(fever):
    """The published first cluster: around 11418, four cases for 0.67, days 22 to 24."""
    names, counts, circles = fever
    first, second, _ = scan_permutation(counts, circles, longest=7, least=1).clusters[:3]
    assert names[first.centre] == "11418"
    assert (first.n, first.first + 1, first.last + 1) == (4, 22, 24)
    assert first.expected == pytest.approx(0.67, abs=0.005)
    assert [names[place] for place in second.places] == ["11372"]
    assert second.expected == pytest.approx(0.16, abs=0.005)


def test_leukaemia_in_new_york_state(reference):
    """The purely spatial scan of 281 tracts: SaTScan's first, second and seventh cluster.

    Members, cases, expected and likelihood ratios as SaTScan gives them and smerc's tests repeat
    (circles of at most 10 % of the population).
    """
    rows = table(reference / "inputs" / "scan" / "nydf.csv")
    cases = np.floor(rows["cases"].astype(float)).astype(np.int64)[:, None]
    people = rows["population"].astype(float)
    x, y = rows["longitude"].astype(float), rows["latitude"].astype(float)
    assert cases.sum() == 552
    circles = zones(x, y, max_share=0.1, weights=people)
    found = scan_poisson(cases, people[:, None], circles, replicates=199)
    one, two, seven = (found.clusters[i] for i in (0, 1, 6))
    assert sorted((one.places + 1).tolist()) == sorted(
        {49, 48, 50, 47, 1, 15, 51, 2, 13, 14, 3, 35, 16}
        | {52, 36, 37, 12, 11, 5, 17, 10, 4, 6, 38, 18, 9}
    )
    assert (two.places + 1).tolist() == [84, 85, 86, 87, 88, 89, 90, 92]
    assert (seven.places + 1).tolist() == [159, 166, 167]
    assert [c.n for c in (one, two, seven)] == [85, 38, 11]
    assert [round(c.expected, 2) for c in (one, two, seven)] == [49.71, 17.79, 4.61]
    assert [round(c.llr, 6) for c in (one, two, seven)] == [11.577255, 9.019716, 3.209485]
    assert one.p <= 0.01  # SaTScan: 0.001, 0.013 and 0.976
    assert two.p < 0.05
    assert seven.p > 0.9


def test_brain_cancer_in_new_mexico(reference):
    """Expectation-based, 1986 to 1989: Los Alamos with Santa Fe over four years, then Chaves.

    scanstatistics' documentation has these two first (9.18 over 4 years; 6.82 over 2), p .005.
    Its populations are interpolated in another way and its coordinates are degrees, so scores
    agree to about a tenth only. Expected: a Poisson regression with a trend over 1973 to 1985.
    """
    folder = reference / "inputs" / "scan"
    people, cases, where = (table(folder / f"NM{name}.csv") for name in ("pop", "cas", "geo"))
    names = where["county"].tolist()
    censuses = np.zeros((len(names), 3))
    order = {"73": 0, "82": 1, "91": 2}
    at = [names.index(county) for county in people["county"]]
    np.add.at(
        censuses, (at, [order[y] for y in people["year"]]), people["population"].astype(float)
    )
    years = np.arange(1973, 1992)
    population = np.array([np.interp(years, [1973, 1982, 1991], row) for row in censuses])
    counts = np.zeros(population.shape, dtype=np.int64)
    year = cases["year"].astype(int) - 1973
    np.add.at(counts, ([names.index(c) for c in cases["county"]], year), cases["cases"].astype(int))
    assert counts.sum() == 1175
    base, t = years < 1986, years - 1985.0
    # The maximum likelihood of a log-linear trend with offset depends on yearly sums only.
    cases_a_year, people_a_year = counts[:, base].sum(axis=0), population[:, base].sum(axis=0)

    def loss(b):
        mean = people_a_year * np.exp(b[0] + b[1] * t[base])
        return (mean - cases_a_year * np.log(mean)).sum()

    fit = optimize.minimize(loss, [np.log(cases_a_year.sum() / people_a_year.sum()), 0.0])
    expected = population * np.exp(fit.x[0] + fit.x[1] * t)
    asked = (years >= 1986) & (years < 1990)
    x, y = where["long"].astype(float), where["lat"].astype(float)
    found = scan_expectation(
        counts[:, asked], expected[:, asked], zones(x, y, most=15), longest=4, least=1
    )
    one, two = found.clusters[:2]
    assert sorted(names[place] for place in one.places) == ["LosAlamos", "SantaFe"]
    assert (one.first, one.last) == (0, 3)
    assert one.llr == pytest.approx(9.18, abs=0.5)
    assert one.p < 0.02
    assert [names[place] for place in two.places] == ["Chaves"]
    assert two.last - two.first + 1 == 2


# --- a second implementation ------------------------------------------------------------------


def best_by_hand(counts, expected, total, circles, longest, *, ending, least):
    """Give the best score over all circles and windows, one at a time."""
    best, steps = 0.0, counts.shape[1]
    for zone in range(len(circles)):
        places = circles.members(zone)
        for first in range(steps):
            for last in range(first, min(steps, first + longest)):
                if ending and last != steps - 1:
                    continue
                n = int(counts[places, first : last + 1].sum())
                e = float(expected[places, first : last + 1].sum())
                if n < least or n <= e:
                    continue
                score = n * np.log(n / e)
                if total is None:
                    score += e - n
                elif total > n:
                    score += (total - n) * np.log((total - n) / (total - e))
                best = max(best, score)
    return best


def listen(patch, made):
    """Write down the maps by chance, 32 at a time: places by steps by maps."""
    deal = geo.scan._deal

    def deal_aloud(search, simulate, seeds, pool):
        made.extend(np.asarray(simulate(np.random.default_rng(s))).astype(int) for s in seeds)
        return deal(search, simulate, seeds, pool)

    patch.setattr(geo.scan, "_deal", deal_aloud)


@st.composite
def small_maps(draw):
    """Draw a few places on a lattice (with ties of distance) and counts over a few months."""
    places, steps = draw(st.integers(2, 9)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    level = draw(st.sampled_from([0.2, 1.0, 5.0, 60.0]))
    counts = rng.poisson(level * rng.random((places, 1)) * np.ones(steps))
    counts[0, 0] += 1
    x, y = (rng.integers(0, 4, places) * 100.0 for _ in range(2))
    expected = level * rng.random((places, steps)) + 0.01
    radius = draw(st.sampled_from([50.0, 150.0, 1000.0]))
    return x, y, counts, expected, zones(x, y, max_radius_m=radius)


@pytest.mark.parametrize("model", ["permutation", "poisson", "expectation"])
@given(
    small_maps(),
    st.integers(1, 6),
    st.sampled_from(["prospective", "retrospective"]),
    st.integers(1, 3),
)
@settings(max_examples=25)
def test_every_maximum_is_the_one_found_by_trying_all(model, drawn, longest, direction, least):
    """The best cluster and the best of each map by chance equal a loop over all cylinders."""
    x, _, counts, expected, circles = drawn
    total = int(counts.sum())
    if model == "permutation":
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    elif model == "poisson":
        expected = expected * total / expected.sum()
    made = []
    settings_ = {"longest": longest, "direction": direction, "replicates": 36, "least": least}
    with pytest.MonkeyPatch.context() as patch:
        listen(patch, made)
        if model == "permutation":
            found = scan_permutation(counts, circles, **settings_)
        else:
            scan = scan_poisson if model == "poisson" else scan_expectation
            found = scan(counts, expected, circles, **settings_)
    known = None if model == "expectation" else total
    ask = {"ending": direction == "prospective", "least": least}
    best = best_by_hand(counts, expected, known, circles, longest, **ask)
    assert (found.clusters[0].llr if found.clusters else 0.0) == pytest.approx(best, abs=1e-9)
    held = counts.sum(axis=1) > 0 if model == "permutation" else np.ones(len(x), dtype=bool)
    for number in (0, 1, 2, 33, 34, 35):
        dealt = made[number // 32][..., number % 32]
        chance = np.zeros((len(x), dealt.shape[1]), dtype=np.int64)
        chance[held] = dealt
        joined = counts.shape[1] - dealt.shape[1] + 1  # steps that were taken together
        hoped = np.column_stack([expected[:, :joined].sum(axis=1), expected[:, joined:]])
        best = best_by_hand(chance, hoped, known, circles, min(longest, counts.shape[1]), **ask)
        assert found.maxima[number] == pytest.approx(best, abs=1e-9)


def test_numbers_beyond_a_byte_and_two_bytes():
    """Counts of hundreds and of nearly a hundred thousand give the same maxima as trying all."""
    rng = np.random.default_rng(3)
    x, y = rng.random(12) * 1000, rng.random(12) * 1000
    circles = zones(x, y, most=6)
    for level in (40, 3000):
        counts = rng.poisson(level, (12, 8))
        made = []
        with pytest.MonkeyPatch.context() as patch:
            listen(patch, made)
            found = scan_permutation(
                counts, circles, longest=5, direction="retrospective", replicates=40
            )
        expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
        for number in (0, 39):
            chance = made[number // 32][..., number % 32]
            assert (chance.sum(axis=1) == counts.sum(axis=1)).all()
            assert (chance.sum(axis=0) == counts.sum(axis=0)).all()
            best = best_by_hand(
                chance, expected, int(counts.sum()), circles, 5, ending=False, least=2
            )
            assert found.maxima[number] == pytest.approx(best, abs=1e-9)


# --- laws -------------------------------------------------------------------------------------


@given(small_maps(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_of_places_does_not_matter(drawn, random):
    """Relabelled places have the same best score, and the same members where it is the only one."""
    x, y, counts, _, _ = drawn
    order = np.array(random.sample(range(len(x)), len(x)))
    settings_ = {"longest": 3, "direction": "retrospective", "replicates": 1, "least": 1}
    one = scan_permutation(counts, zones(x, y), **settings_).clusters
    other = scan_permutation(counts[order], zones(x[order], y[order]), **settings_).clusters
    assert len(one) == 0 or one[0].llr == pytest.approx(other[0].llr, abs=1e-9)
    scores = [c.llr for c in one[:2]]
    if len(scores) > 1 and scores[0] - scores[1] > 1e-6:
        assert one[0].n == other[0].n


def test_threads_and_memory_do_not_change_a_number(monkeypatch):
    """One, two and five threads, and maps 32 at a time, give the same maxima to the last bit."""
    rng = np.random.default_rng(8)
    x, y = rng.random(40) * 5000, rng.random(40) * 5000
    counts = rng.poisson(0.6, (40, 12))
    circles = zones(x, y, max_share=0.5)
    ask = {"longest": 4, "direction": "retrospective", "replicates": 150}
    found = [scan_permutation(counts, circles, threads=t, **ask) for t in (1, 2, 5)]
    monkeypatch.setattr(geo.scan, "_ROOM", 1)
    found.append(scan_permutation(counts, circles, threads=2, **ask))
    for other in found[1:]:
        assert (other.maxima == found[0].maxima).all()
        assert [c.p for c in other.clusters] == [c.p for c in found[0].clusters]
    assert len(set(found[0].maxima.tolist())) > 100


def test_the_bound_to_start_from_does_not_change_a_number(monkeypatch):
    """Bounds that all, most or no maps by chance pass give the same maxima.

    What a pass tells is above its bound: of what is not, it need not have seen the best.
    """
    rng = np.random.default_rng(12)
    x, y = np.meshgrid(np.arange(8) * 100.0, np.arange(8) * 100.0)
    counts, hoped = rng.poisson(0.5, (64, 6)), rng.random((64, 6)) + 0.5
    circles = zones(x.ravel(), y.ravel(), max_radius_m=250.0)
    ask = {"longest": 2, "direction": "retrospective", "replicates": 320}
    maxima = scan_poisson(counts, hoped, circles, **ask).maxima
    one_pass = geo.scan._maxima

    def checked(search, rows, most, bound, *more):
        scores = one_pass(search, rows, most, bound, *more)
        assert ((scores == 0) | (scores > bound)).all()
        return scores

    monkeypatch.setattr(geo.scan, "_maxima", checked)
    for start in (0.0, *np.linspace(0.5, 0.9, 8), 3.0):
        monkeypatch.setattr(geo.scan, "_START", start)
        assert (scan_poisson(counts, hoped, circles, **ask).maxima == maxima).all()


@pytest.mark.parametrize("total", [None, 30, 5000])
@pytest.mark.parametrize("bound", [0.0, 0.4, 3.0, 12.0])
def test_no_limit_keeps_out_what_scores_above_its_bound(total, bound):
    """The largest count that is kept out scores at most the bound; few are let in for nothing."""
    expected = np.geomspace(1e-7, 25.0 if total == 30 else 2000.0, 3000)
    limit = geo.scan._Limits.of(bound, float(expected.max()), total, 1)(expected)
    assert (log_likelihood_ratio(limit, expected, total) <= bound * (1 + 1e-9) + 1e-9).all()
    if total is None:
        let_in = log_likelihood_ratio(limit + 1, expected * 0.995, total)
        assert (let_in >= bound).all()


def test_places_that_do_not_count_change_nothing():
    """Circles among the places with events are those among all, without the empty ones."""
    rng = np.random.default_rng(13)
    x, y = (rng.integers(0, 12, 90) * 100.0 for _ in range(2))
    counts = rng.poisson(0.3, (90, 4)) * (np.arange(90) % 3 > 0)[:, None]
    held = np.flatnonzero(counts.any(axis=1))
    limits = {"max_radius_m": 400.0, "max_share": 0.3, "weights": counts.sum(axis=1)}
    few, all_ = zones(x, y, among=held, **limits), zones(x, y, centres=held, **limits)
    one, other = (scan_permutation(counts, c, longest=2, replicates=99) for c in (few, all_))
    assert (one.zones, one.maxima.tolist()) == (other.zones, other.maxima.tolist())
    told = [[(c.places.tolist(), c.radius, c.llr) for c in scan.clusters] for scan in (one, other)]
    assert told[0] == told[1]


def test_p_counts_ties_against_the_claim():
    """(1 + those at least as good) / (1 + all): equal ones count, also equal but for rounding."""
    maxima = np.array([1.0, 2.0, 3.0, 3.0 - 1e-12])
    assert p_values(3.0, maxima)[0] == 3 / 5
    assert p_values(3.1, maxima)[0] == 1 / 5
    assert p_values(0.5, maxima)[0] == 1.0


def test_gumbel_continues_where_counting_ends():
    """For maxima of a Gumbel law the fitted p is the law's own, far out too."""
    maxima = np.random.default_rng(1).gumbel(6.0, 1.0, 20_000)
    for score in (7.0, 10.0, 16.0):
        exact = -np.expm1(-np.exp(-(score - 6.0)))
        assert p_values(score, maxima)[1] == pytest.approx(exact, rel=0.25)


@given(small_maps())
@settings(max_examples=20)
def test_better_clusters_have_lower_p_and_share_no_place(drawn):
    """Clusters come by falling score and rising p; no place is in two."""
    _, _, counts, _, circles = drawn
    clusters = scan_permutation(counts, circles, longest=2, replicates=40, least=1).clusters
    assert sorted((c.llr for c in clusters), reverse=True) == [c.llr for c in clusters]
    assert sorted(c.p for c in clusters) == [c.p for c in clusters]
    places = np.concatenate([c.places for c in clusters]) if clusters else np.zeros(0)
    assert len(set(places.tolist())) == len(places)


def test_circles_take_all_places_on_their_edge_or_none():
    """On a cross of five places there are two circles around the middle: one place, or all."""
    x, y = np.array([0.0, 100, -100, 0, 0]), np.array([0.0, 0, 0, 100, -100])
    cross = zones(x, y)
    assert cross.size[cross.first[0] : cross.first[1]].tolist() == [1, 5]
    limited = zones(x, y, max_share=0.5)
    assert limited.size[limited.first[0] : limited.first[1]].tolist() == [1]


def test_scores_by_hand():
    """4 for 0.670103 of 194: 3.845418. 5 for 2, unconditional: 5 ln 2.5 - 3. Below: 0."""
    score = log_likelihood_ratio(np.array([4.0, 0.0]), np.array([0.6701030928, 1.0]), 194)
    assert score == pytest.approx([3.845418, 0.0], abs=1e-6)
    assert log_likelihood_ratio(5.0, 2.0) == pytest.approx(5 * np.log(2.5) - 3)
    assert log_likelihood_ratio(10.0, 4.0, 10) == pytest.approx(10 * np.log(2.5))


def test_events_where_none_can_be_are_refused():
    """An event where nothing is expected is an error in the input, not an infinite score."""
    circles = zones(np.array([0.0, 1.0]), np.zeros(2))
    with pytest.raises(ValueError, match="none are expected"):
        scan_poisson(np.array([[1], [1]]), np.array([[1.0], [0.0]]), circles)
    with pytest.raises(ValueError, match="shape"):
        scan_expectation(np.array([[1], [1]]), np.ones(2), circles)


# --- the method -------------------------------------------------------------------------------


CELLS = lattice_cells(Grid("square", 500), shapely.box(500_000, 6_500_000, 515_000, 6_512_000))


def evidence(cell, month, cells=CELLS, months=24, **more):
    """Count events by cell and month (0 is January 2024)."""
    builder = CubeBuilder(len(cells), ("a",))
    builder.add(np.asarray(cell), month=np.asarray(month) + JANUARY)
    cube = builder.build()
    n, weight = cube.per_cell()
    span = (JANUARY, JANUARY + months - 1)
    return Evidence(cells, n, weight, cube=cube, months=span, **more)


def at_random(rng, n, months=24):
    """Events anywhere, at any time."""
    return rng.integers(0, len(CELLS), n), rng.integers(0, months, n)


def with_outbreak(rng, n=300, more=12):
    """Events anywhere, and an outbreak around one place in the last two months."""
    cell, month = at_random(rng, n)
    near = np.flatnonzero(np.hypot(CELLS.x - 506_250, CELLS.y - 6_504_250) < 800)
    return (
        np.concatenate([cell, rng.choice(near, more)]),
        np.concatenate([month, rng.integers(22, 24, more)]),
    )


@pytest.mark.parametrize("model", ["auto", "expectation"])
def test_what_is_new_this_month_is_found(model):
    """Twelve new events in one place among 300 are a cluster of the last two months, no other."""
    result = run(evidence(*with_outbreak(np.random.default_rng(5))), model=model)
    first = result.clusters[0]
    assert first.significant
    assert first.p < 0.01
    assert first.months == (JANUARY + 22, JANUARY + 23)
    assert np.hypot(first.x - 506_250, first.y - 6_504_250) < 1000
    assert first.n >= 10
    assert first.expected < 3
    assert 1 / first.p <= first.recurrence_months <= 100.1 / first.p
    assert first.shape.contains(shapely.Point(506_250, 6_504_250))
    assert [c.significant for c in result.clusters[1:]] == [False] * (len(result.clusters) - 1)
    assert len(result.clusters) <= 4
    inside = np.zeros(len(CELLS), dtype=bool)
    inside[first.cells] = True
    assert (result.columns["scan_cluster"] == 1).tolist() == inside.tolist()
    assert (result.p[inside] == first.p).all()
    assert not result.hot[~inside].any()
    assert (result.hot.sum()) >= 3
    assert result.q is result.p


def test_what_was_always_there_is_no_news():
    """A place with a hundred events spread over all months is no cluster; on the ground it is."""
    rng = np.random.default_rng(6)
    cell, month = at_random(rng, 300)
    cell = np.concatenate([cell, np.full(96, 350)])
    month = np.concatenate([month, np.tile(np.arange(24), 4)])
    given_ = evidence(cell, month)
    assert not run(given_, replicates=199).hot.any()
    spatial = run(given_, spatial=True, replicates=199)
    assert spatial.hot[350]
    assert spatial.clusters[0].months is None
    assert spatial.clusters[0].recurrence_months is None
    assert spatial.used["model"] == "poisson"


def test_exposure_explains_what_ground_does_not():
    """Where a hundred events have a hundred times the people, nothing stands out."""
    cell = np.concatenate([np.arange(300) * 2, np.full(100, 350)])
    people = np.ones(len(CELLS))
    people[350] = 240.0
    on_ground = run(evidence(cell, np.zeros(400, int)), spatial=True, replicates=199)
    by_people = run(
        evidence(cell, np.zeros(400, int), exposure=people), spatial=True, replicates=199
    )
    assert on_ground.hot[350]
    assert not by_people.hot.any()


def test_events_where_nobody_is_are_left_out_and_told():
    """Cells without exposure cannot be judged: their events are counted in a note."""
    people = np.ones(len(CELLS))
    people[350] = 0.0
    cell = np.concatenate([np.arange(100), np.full(7, 350)])
    result = run(evidence(cell, np.zeros(107, int), exposure=people), spatial=True, replicates=19)
    assert [n.values["n"] for n in result.notes if n.key == "scan_without_exposure"] == [7]
    assert result.facts["events"] == 100


def test_an_old_outbreak_is_found_looking_back_only():
    """What was over half a year ago is a retrospective cluster with its months, no news."""
    cell, month = with_outbreak(np.random.default_rng(7))
    month = np.where(month >= 22, month - 10, month)
    given_ = evidence(cell, month)
    back = run(given_, direction="retrospective", replicates=199)
    assert back.clusters[0].significant
    assert set(back.clusters[0].months) <= {JANUARY + 12, JANUARY + 13}
    assert back.clusters[0].recurrence_months is None
    assert not run(given_, replicates=199).hot.any()


def test_no_fewer_replicates_are_made_than_a_claim_needs():
    """With three maps by chance p is a quarter at least; twenty are made, and that is said."""
    result = run(evidence(*with_outbreak(np.random.default_rng(5))), replicates=3)
    assert result.used["replicates"] == 20
    note = next(note for note in result.notes if note.key == "replicates_raised")
    assert note.values == {"n": 20, "asked": 3}
    assert result.clusters[0].p == pytest.approx(1 / 21)
    assert result.clusters[0].significant


def test_too_little_claims_nothing_and_says_so():
    """Nine events, or one month, carry no scan; without dates it asks where only."""
    few = run(evidence(np.full(9, 3), np.full(9, 23)))
    assert not few.enough
    assert [n.key for n in few.notes] == ["too_few_events"]
    assert not few.hot.any()
    month = run(evidence(np.arange(50), np.zeros(50, int), months=1))
    assert [n.key for n in month.notes] == ["scan_few_months"]
    n = np.bincount(np.arange(50) * 3, minlength=len(CELLS))
    undated = run(Evidence(CELLS, n, n.astype(float)), model="permutation", replicates=20)
    assert undated.used["model"] == "poisson"
    assert [n.key for n in undated.notes] == ["scan_needs_months", "scan_where_only"]


def test_the_comparison_reaches_back_three_years():
    """The period is drawn out over earlier data, at most 36 months in all, and it is said."""
    rng = np.random.default_rng(9)
    given_ = evidence(rng.integers(0, len(CELLS), 500), rng.integers(-60, 12, 500), months=12)
    result = run(given_, replicates=19)
    assert (result.used["first"], result.used["last"]) == ("2022-01", "2024-12")
    note = next(n for n in result.notes if n.key == "scan_reach")
    assert note.values == {"first": "2022-01", "last": "2024-12", "n": 3, "radius": 5000}


def test_many_cells_are_scanned_in_blocks():
    """With more than 2,500 cells that hold events neighbours are taken together, and it is said."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 8000, 8000))
    rng = np.random.default_rng(2)
    cell = rng.integers(0, len(cells), 12_000)
    near = np.flatnonzero(np.hypot(cells.x - 4000, cells.y - 4000) < 250)
    cell = np.concatenate([cell, rng.choice(near, 25)])
    month = np.concatenate([rng.integers(0, 12, 12_000), np.full(25, 11)])
    result = run(evidence(cell, month, cells, 12), max_radius_m=600.0, replicates=99)
    assert result.used["cells_wide"] == 2
    assert result.facts["places"] <= 2500
    assert result.clusters[0].significant
    first = result.clusters[0]
    assert np.hypot(first.x - 4000, first.y - 4000) < 500
    # A circle reaches to the centre of its furthest block of 200 m, and is drawn half a block more.
    x, y = (np.floor(at[first.cells] / 200) * 200 + 100 for at in (cells.x, cells.y))
    assert first.radius_m == pytest.approx(np.hypot(x - first.x, y - first.y).max() + 100)


def test_polygons_that_someone_drew():
    """Districts work as cells do; circles reach at least to the next but one."""
    polygons = lattice_cells(Grid("square", 8000), shapely.box(0, 0, 64_000, 64_000)).polygons
    cells = polygon_cells(polygons, np.arange(len(polygons)))
    rng = np.random.default_rng(4)
    cell = np.concatenate([rng.integers(0, len(cells), 300), np.full(12, 20)])
    month = np.concatenate([rng.integers(0, 12, 300), np.full(12, 11)])
    result = run(evidence(cell, month, cells, 12), replicates=199)
    assert result.used["max_radius_m"] == pytest.approx(16_000)
    assert result.hot[20]


def test_a_place_without_history_expects_a_little():
    """Expectations keep the total; where history differs by chance only it is levelled."""
    share = np.full(50, 1 / 50)
    history = np.zeros((50, 12), dtype=np.int64)
    history[:10] = 1
    expected, certainty = expected_from_history(history, share, 2)
    assert expected.sum() == pytest.approx(120 / 12 * 2)
    assert (expected[10:] > 0).all()
    assert (expected[:10] > 8 * expected[10:].max()).all()
    assert np.isfinite(certainty).all()
    even = np.ones((50, 12), dtype=np.int64)
    level, sure = expected_from_history(even, share, 1)
    assert level.ravel() == pytest.approx(np.ones(50))
    assert np.isinf(sure).all()


def test_seasons_are_learnt_from_two_years():
    """Where every July had three times as many, July expects nearly three times as many."""
    month = np.ones(36)
    month[6::12] = 3.0
    history = np.tile((month * 4).astype(np.int64), (20, 1))
    expected, _ = expected_from_history(history[:, :30], np.full(20, 0.05), 1)  # the next is July
    usual, _ = expected_from_history(history[:, :31], np.full(20, 0.05), 1)
    assert expected[0, 0] / usual[0, 0] == pytest.approx(3, rel=0.2)


def test_expectations_from_little_history_are_uncertain():
    """By chance places vary by m + m^2 / shape, all months of one together; certain ones by m.

    That is the negative binomial (gamma-Poisson) law; shape 2 and mean 3 a month over two months
    give a variance of 6 + 36 / 2 = 24, and 9 / 2 between the months.
    """
    made = []
    certainty = np.repeat([2.0, np.inf], 40)
    circles = zones(np.arange(80) * 100.0, np.zeros(80), max_radius_m=150.0)
    with pytest.MonkeyPatch.context() as patch:
        listen(patch, made)
        ask = {"longest": 2, "replicates": 320, "certainty": certainty}
        scan_expectation(np.full((80, 2), 3), np.full((80, 2), 3.0), circles, **ask)
    dealt = np.concatenate(made, axis=-1)
    both = dealt.sum(axis=1)
    assert both.mean(axis=1) == pytest.approx(np.full(80, 6.0), rel=0.25)
    assert both[:40].var(axis=1).mean() == pytest.approx(24, rel=0.1)
    assert both[40:].var(axis=1).mean() == pytest.approx(6, rel=0.1)
    between = ((dealt[:, 0] - 3.0) * (dealt[:, 1] - 3.0)).mean(axis=1)
    assert between[:40].mean() == pytest.approx(4.5, rel=0.15)
    assert between[40:].mean() == pytest.approx(0, abs=0.15)


def test_the_expectation_model_deals_with_its_history_s_uncertainty():
    """Where places differ much, maps by chance vary as the shapes from history say."""
    rng = np.random.default_rng(11)
    level = rng.gamma(0.5, 2.0, len(CELLS))
    n = rng.poisson(level[:, None] * np.full(24, 1 / 24))
    cell, month = (np.repeat(at, n[n > 0]) for at in n.nonzero())
    made = []
    with pytest.MonkeyPatch.context() as patch:
        listen(patch, made)
        run(evidence(cell, month), model="expectation", max_radius_m=2000.0, replicates=320)
    dealt = np.concatenate(made, axis=-1).sum(axis=1)
    share = np.full(len(CELLS), 1 / len(CELLS))
    expected, shape = expected_from_history(n[:, :-3], share, 3)
    mean = expected.sum(axis=1)
    beyond = (dealt.var(axis=1) - mean).sum()
    assert dealt.mean() == pytest.approx(mean.mean(), rel=0.05)
    assert beyond == pytest.approx((mean**2 / shape).sum(), rel=0.3)


@pytest.mark.parametrize("model", ["permutation", "poisson", "expectation"])
def test_random_events_raise_an_alarm_on_at_most_one_map_in_twenty(model):
    """40 maps of 60 events anywhere at any time: 5 % and three standard errors (15.3 %).

    300 maps a case with 199 replicates, made once with circles of 5 km on 2,025 cells: 50 events
    over 12 and 24 months 3.3 and 1.7 %, 200 events 5.7 and 5.0 %.
    """
    rng = np.random.default_rng(17)
    alarms = 0
    for seed in range(40):
        given_ = evidence(*at_random(rng, 60), seed=seed)
        result = run(given_, model=model, replicates=99, max_radius_m=1000.0, min_cases=2)
        alarms += bool(result.hot.any())
    assert alarms / 40 <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5
