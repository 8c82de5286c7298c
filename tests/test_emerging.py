"""Emerging hotspots: Gi* over space and time, every course of a place, and what may be claimed."""

from __future__ import annotations

import csv
import itertools
import re
from dataclasses import replace
from types import SimpleNamespace

import esda
import libpysal
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.cells import lattice_cells, polygon_cells
from geo.cube import CubeBuilder
from geo.emerging import CLASSES, KINDS, SUMMARIES, classify, summarize
from geo.grid import Grid
from geo.hotspots import Evidence
from geo.hotspots.emerging import (
    METHOD,
    Steps,
    nearby,
    pooled,
    run,
    space_time_gi_star,
    steps_of,
)
from geo.months import parse_month
from geo.trends import mann_kendall
from maps.surfaces import course_rules, rule_of
from maps.words import LANGUAGES, words

CELLS = lattice_cells(Grid("square", 1000), shapely.box(0, 0, 20_000, 20_000))
LAST = parse_month("2023-12")
FIRST = LAST - 23
ALL_KNOWN = frozenset(range(FIRST, LAST + 1))
SPOT = int(CELLS.locate(np.array([10_500.0]), np.array([10_500.0]))[0])


def evidence(cell, month, cells=CELLS, known=ALL_KNOWN, **more):
    """What the method sees of events in cells and months."""
    builder = CubeBuilder(len(cells), ("a",))
    builder.add(np.asarray(cell), month=np.asarray(month))
    cube = builder.build()
    n, weight = cube.select(months=(LAST - 11, LAST)).per_cell()
    return Evidence(cells, n, weight, cube=cube, months=(LAST - 11, LAST), known=known, **more)


def even(rng, events, per_month=None):
    """Events anywhere in the area, in months of given weight, else alike."""
    n = rng.poisson(events)
    per_month = np.ones(24) if per_month is None else per_month
    month = FIRST + rng.choice(24, n, p=per_month / per_month.sum())
    return rng.integers(0, len(CELLS), n), month


def with_crowd(months, rng, each=30, events=1000):
    """Even events and a crowd in one cell in some months (0 to 23)."""
    cell, month = even(rng, events)
    crowd = np.repeat(FIRST + np.asarray(months, dtype=int), each)
    return np.append(cell, np.full(len(crowd), SPOT)), np.append(month, crowd)


# --- Gi* over space and time --------------------------------------------------------------------


def by_esda(x, cells, windows):
    """Give Gi* of every bin by another library, over a graph of bins made by hand."""
    first, second = cells.neighbours.pairs()
    near = {i: [i] for i in range(len(cells))}
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        near[a].append(b)
        near[b].append(a)
    around = {
        step * len(cells) + cell: [at * len(cells) + other for at in window for other in near[cell]]
        for step, window in enumerate(windows)
        for cell in range(len(cells))
    }
    weights = libpysal.weights.W(around, silence_warnings=True)
    other = esda.G_Local(x.ravel(), weights, transform="B", star=None, permutations=0)
    return np.asarray(other.Zs).reshape(x.shape)


def ours(x, cells, windows):
    """Give Gi* of every bin as the method does."""
    sizes = np.array([len(window) for window in windows])[:, None] * cells.neighbours.sizes
    return space_time_gi_star(x, pooled(nearby(x, cells.neighbours), windows), sizes)


@pytest.mark.parametrize("kind", ["square", "hex"])
@pytest.mark.parametrize("steps_back", [0, 1, 2])
def test_another_library_agrees_on_every_bin(kind, steps_back):
    """Past-only time neighbours, a hole in time among them: z equals esda's to 1e-9."""
    cells = lattice_cells(Grid(kind, 2000), shapely.Polygon([(0, 0), (9e3, 1e3), (5e3, 8e3)]))
    known = set(range(100, 112)) - {104}
    steps = steps_of(111, known, length=1, most=24, steps_back=steps_back)
    x = np.random.default_rng(3).poisson(1.5, (11, len(cells))).astype(float)
    z = ours(x, cells, steps.windows)
    assert abs(z - by_esda(x, cells, steps.windows)).max() < 1e-9


def test_r_agrees_on_a_small_cube():
    """A cube of 6 x 6 x 4 by R's spdep 1.2-7, to 1e-9.

    ``localG(x, nb2listw(nb, style = "B"))``, where nb lists a cell, its neighbours (queen), and the
    same in the step before; ``attr(nb, "self.included")`` is TRUE, so that it is Gi*.
    """
    cells = lattice_cells(Grid("square", 1), shapely.box(0, 0, 6, 6))
    i, j = np.floor(cells.x).astype(int), np.floor(cells.y).astype(int)
    t = np.arange(4)[:, None]
    x = ((3 * i + 5 * j * j + 7 * t + i * j * t) % 11).astype(float)
    z = ours(x, cells, [(0,), (1, 0), (2, 1), (3, 2)])
    by_r = {
        (0, 0, 0): -0.647707294743,
        (5, 0, 0): 0.004529421642,
        (2, 3, 0): 0.449722379747,
        (0, 5, 1): 0.474433309068,
        (3, 0, 1): -0.282779859761,
        (4, 2, 1): 1.711648002488,
        (1, 1, 2): 0.901400427346,
        (5, 5, 2): 0.591416864729,
        (3, 4, 3): -0.313970935368,
        (0, 2, 3): -0.573639144086,
        (2, 2, 3): -1.934466085652,
        (5, 1, 3): -1.349263902288,
    }
    for (column, row, step), value in by_r.items():
        at = np.flatnonzero((i == column) & (j == row))
        assert z[step, at] == pytest.approx(value, abs=1e-9)
    assert z.sum() == pytest.approx(19.338051952309, abs=1e-9)
    assert np.square(z).sum() == pytest.approx(96.233898719086, abs=1e-9)


def test_the_block_groups_of_boston(reference):
    """Reports of guns in 168 polygons over ten years: z as esda's, trends exact as SciPy's law."""
    folder = reference / "inputs" / "emerging"
    frame = pyogrio.read_dataframe(folder / "boston_blockgroups.geojson").to_crs(26986)
    cells = polygon_cells(np.asarray(frame.geometry), frame[".region_id"].to_numpy())
    with (folder / "bos-ecometric.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    position = {name: at for at, name in enumerate(cells.ids.tolist())}
    x = np.full((10, len(cells)), np.nan)
    for row in rows:
        x[int(row["year"]) - 2010, position[row[".region_id"]]] = float(row["value"])
    assert np.isfinite(x).all()
    windows = steps_of(9, range(10), length=1, most=10, steps_back=1).windows
    z = ours(x, cells, windows)
    assert abs(z - by_esda(x, cells, windows)).max() < 1e-9
    found = mann_kendall(z.T)
    untied = [at for at in range(len(cells)) if len(set(z[:, at].tolist())) == 10]
    assert len(untied) > 150
    for at in untied:
        exact = stats.kendalltau(np.arange(10), z[:, at], method="exact")
        assert found.p[at] == pytest.approx(exact.pvalue, abs=1e-12)


@given(st.integers(0, 3), st.integers(0, 11))
def test_the_future_is_never_looked_at(steps_back, changed):
    """What happens in a step alters the sums of that step and the next few only."""
    x = np.random.default_rng(1).poisson(2.0, (12, len(CELLS))).astype(float)
    windows = steps_of(11, range(12), length=1, most=24, steps_back=steps_back).windows
    before = pooled(nearby(x, CELLS.neighbours), windows)
    x[changed, SPOT] += 5
    touched = (pooled(nearby(x, CELLS.neighbours), windows) != before).any(axis=1)
    assert np.flatnonzero(touched).tolist() == list(
        range(changed, min(changed + steps_back, 11) + 1)
    )


def test_steps_of_some_months_end_with_the_last():
    """Quarters back to the first month known; one with an unknown month is nobody's neighbour."""
    known = set(range(100, 123)) - {110}
    assert steps_of(122, known, length=3, most=4, steps_back=2) == Steps(
        ends=(113, 116, 119, 122), windows=((0,), (1, 0), (2, 1, 0), (3, 2, 1)), dropped=0
    )
    found = steps_of(122, known, length=3, most=24, steps_back=1)
    assert found == Steps(
        ends=(104, 107, 113, 116, 119, 122),
        windows=((0,), (1, 0), (2,), (3, 2), (4, 3), (5, 4)),
        dropped=1,
    )
    assert steps_of(122, known, length=1, most=3, steps_back=0).ends == (120, 121, 122)
    assert steps_of(122, (), length=1, most=3, steps_back=1) == Steps((), (), 0)


# --- classes ------------------------------------------------------------------------------------


def slow_class(course, trend):
    """Class a course written as h, c and . by patterns, in the words of the rules."""
    flip = str.maketrans("hc", "ch")
    mostly = course.count("h") >= 0.9 * len(course)
    if course[-1] == "c" or (course[-1] == "." and course.count("c") >= 0.9 * len(course)):
        return slow_class(course.translate(flip), -trend).replace("_hot", "_cold")
    if course[-1] == ".":
        return "historical_hot" if mostly else "none"
    if mostly:
        return ("diminishing_hot", "persistent_hot", "intensifying_hot")[trend + 1]
    if re.fullmatch("[^h]*h+", course):
        return "new_hot" if course.count("h") == 1 else "consecutive_hot"
    return "oscillating_hot" if "c" in course else "sporadic_hot"


@pytest.mark.parametrize("length", [*range(1, 12), pytest.param(12, marks=pytest.mark.slow)])
def test_every_course_has_one_class_and_its_mirror_the_mirrored(length):
    """All 797,160 courses of up to twelve steps, against rules written anew as patterns."""
    courses = np.array(list(itertools.product((0, 1, 2), repeat=length)), dtype=np.int8).T
    hot, cold = courses == 1, courses == 2
    letters = ["".join(".hc"[mark] for mark in course) for course in courses.T.tolist()]
    every = np.arange(len(letters))
    for trend in (-1, 0, 1):
        # Long courses are many, and few are hot often enough for the trend to matter.
        some = every if length < 9 else every[(every + trend) % 3 == 0]
        rising = np.full(len(letters), trend)
        found = classify(hot, cold, rising)
        assert [CLASSES[found[at]] for at in some] == [
            slow_class(letters[at], trend) for at in some
        ]
        mirrored = classify(cold, hot, -rising)
        turned = np.where(found == 0, 0, (found + len(KINDS) - 1) % (2 * len(KINDS)) + 1)
        assert np.array_equal(mirrored, turned)


def test_a_course_of_each_kind():
    """Ten steps each, as a reader would name them."""
    told = {
        "hhhhhhhhhh": "persistent_hot",
        ".hhhhhhhhh": "persistent_hot",
        "hhhhhhhhh.": "historical_hot",
        "hhhhhhhh..": "none",
        ".........h": "new_hot",
        "cc.......h": "new_hot",
        "ccccccccch": "new_hot",
        ".......hhh": "consecutive_hot",
        "h......hhh": "sporadic_hot",
        "h.c....hhh": "oscillating_hot",
        "cccccccccc": "persistent_cold",
        "ccccccccc.": "historical_cold",
        "hhhhhhhhhc": "new_cold",
        "..........": "none",
    }
    marks = np.array([list(course) for course in told]).T
    found = classify(marks == "h", marks == "c", np.zeros(len(told), dtype=np.int64))
    assert [CLASSES[at] for at in found] == list(told.values())
    nearly = np.array([[True] * 3] * 9 + [[False] * 3])[::-1]
    rise = classify(nearly, ~nearly & False, np.array([1, -1, 0]))
    assert [CLASSES[at] for at in rise] == ["intensifying_hot", "diminishing_hot", "persistent_hot"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_is_named_and_its_rule_told(language):
    """Seventeen names and seventeen rules, all different; four words for planners, and theirs."""
    assert len(set(CLASSES)) == 17
    say = words(language)
    for what in ("class", "rule"):
        assert len({say(f"classes.emerging_{what}_{name}") for name in CLASSES}) == 17
    assert all(say(f"classes.emerging_rule_{name}").endswith(".") for name in CLASSES)
    for key in SUMMARIES[1:]:
        name, rule = (say(f"classes.emerging_summary_{what}{key}") for what in ("", "rule_"))
        assert rule.startswith(f"{name}: ")
        assert rule.endswith(".")


# --- the word for planners ------------------------------------------------------------------------

GOES_WITH = {
    "new_hot": "new",
    "consecutive_hot": "new",
    "intensifying_hot": "persistent",
    "persistent_hot": "persistent",
    "diminishing_hot": "persistent",
    "sporadic_hot": "recurring",
    "oscillating_hot": "recurring",
    "historical_hot": "former",
}


def slow_summary(course, burst, long_break):
    """Sum up a course written as h and . by its runs, in the words of the rules."""
    runs = [len(run) for run in re.findall("h+", course)]
    breaks = [len(gap) for gap in re.findall(r"(?<=h)\.+(?=h)", course)]
    quiet = len(course) - len(course.rstrip("."))
    if not runs:
        return ""
    if 10 * sum(runs) >= 9 * len(course):
        return "former" if quiet else "persistent"
    if not quiet:
        return "recurring" if breaks else "new"
    if any(gap >= long_break or gap >= quiet for gap in breaks):
        return "recurring"
    return "former" if sum(runs) > burst else ""


@pytest.mark.parametrize(("burst", "long_break"), [(2, 3), (1, 1), (3, 4)])
@pytest.mark.parametrize("length", range(1, 13))
def test_every_course_has_the_word_that_its_runs_give(length, burst, long_break):
    """All 8,190 courses of up to twelve steps, against rules written anew over runs and breaks."""
    courses = list(itertools.product((False, True), repeat=length))
    found = summarize(np.array(courses).T, burst=burst, long_break=long_break)
    assert [SUMMARIES[at] for at in found] == [
        slow_summary("".join(".h"[mark] for mark in course), burst, long_break)
        for course in courses
    ]


@pytest.mark.parametrize("length", range(4, 11))
def test_the_word_goes_with_the_class_where_that_is_hot(length):
    """Every course of hot, cold and neither, and every trend."""
    courses = np.array(list(itertools.product((0, 1, 2), repeat=length)), dtype=np.int8).T
    words_found = np.array(SUMMARIES)[summarize(courses == 1, burst=2, long_break=3)]
    for trend in (-1, 0, 1):
        found = classify(courses == 1, courses == 2, np.full(courses.shape[1], trend))
        for name, word in GOES_WITH.items():
            assert set(words_found[found == CLASSES.index(name)]) <= {word}


def test_what_planners_are_told_of_places_they_know():
    """Two years by month: summers, lulls, bursts, and a place that fades."""
    told = {
        "...hhhhhhh....hhhhhhhhh.": "recurring",  # two summers, seen in December
        "hhhhhhh.....hhhhhhh.....": "recurring",  # and in April
        "hhhhhhh....hhhhhh.......": "recurring",  # and in May, when the third is late
        "............hhhhhhh.....": "former",  # one summer, seen in the winter after it
        ".....hhh.hh.............": "former",  # a lull in July is no return
        "...................hhh.h": "recurring",
        "..................hhh.h.": "recurring",  # whether it is over is not known yet
        ".................hhh.h..": "former",
        "hh.hhh.hhh.hh..hhhh.hhh.": "recurring",  # on and off until a month ago
        ".......h..........h.....": "recurring",  # the same feast twice
        "..................h.....": "",
        "..................hh....": "",  # one busy month, seen in the next as well
        "..................hhh...": "former",
        "....................hhhh": "new",
        "hhhhhhhhhhhhhhhhhhhhhh..": "former",
    }
    for course, word in told.items():
        hot = np.array([[mark == "h"] for mark in course])
        assert SUMMARIES[summarize(hot, burst=2, long_break=3)[0]] == word, course


def test_the_page_tells_the_rule_of_the_class_or_of_the_word():
    """The class's rule where it is hot; else the word's, if there is one; of neither, nothing."""
    told = {
        ("sporadic_hot", "recurring"): "rule_sporadic_hot",
        ("none", "recurring"): "summary_rule_recurring",
        ("new_cold", "former"): "summary_rule_former",
        ("new_cold", ""): "rule_new_cold",
        ("none", ""): "",
        ("", ""): "",
    }
    kinds, summary = np.array(list(told)).T
    view = SimpleNamespace(columns={"emerging_class": kinds, "emerging_summary": summary})
    found = course_rules(view).tolist()
    assert found == list(told.values())
    say = words("en")
    assert [rule_of(key, say).split(":")[0] for key in found] == [
        "Sporadic", "Recurring", "Former", "New", "", "",
    ]  # fmt: skip


# --- claims -------------------------------------------------------------------------------------


def slow_bins(seen, alpha):
    """Find hot and cold bins by SciPy: normal p of z, exact binomial, all bins adjusted."""
    cube, cells = seen.cube, seen.cells
    n = np.zeros((24, len(cells)))
    np.add.at(n, (cube.month - FIRST, cube.cell), cube.n)
    windows = [(t, t - 1) if t else (0,) for t in range(24)]
    sizes = np.array([len(window) for window in windows])[:, None] * cells.neighbours.sizes
    sums = pooled(nearby(n, cells.neighbours), windows)
    z = space_time_gi_star(n, sums, sizes)
    share = cells.neighbours.sums(cells.area_m2 / cells.area_m2.sum())
    totals = np.array([n[list(window)].sum() for window in windows])[:, None]
    tails = stats.binom.cdf(sums, totals, share), stats.binom.sf(sums - 1, totals, share)
    chance = np.minimum(2 * np.minimum(*tails), 1)
    p = np.maximum(chance, 2 * stats.norm.sf(abs(z)))
    p[np.sign(sums - totals * share) != np.sign(z)] = 1
    q = stats.false_discovery_control(p.ravel()).reshape(p.shape)
    return z, p, q, (q < alpha) & (z > 0), (q < alpha) & (z < 0)


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_hot_and_cold_are_what_scipy_finds_over_all_bins(alpha):
    """Counts of hot and cold months, trend, class, p and q: recomputed the long way."""
    rng = np.random.default_rng(11)
    cell, month = with_crowd(range(0, 24, 2), rng, each=12, events=30_000)
    empty = np.hypot(CELLS.x[cell] - 3_500, CELLS.y[cell] - 3_500) < 3_000
    seen = evidence(cell[~empty], month[~empty])
    z, p, q, hot, cold = slow_bins(seen, alpha)
    result = run(seen, alpha=alpha, min_place=1)
    happened = seen.cube.per_cell()[0] > 0
    assert hot.any()
    assert cold.any()
    columns = result.columns
    assert np.array_equal(columns["emerging_months"], np.where(happened, hot.sum(axis=0), 0))
    assert np.array_equal(columns["emerging_cold"], cold.sum(axis=0))
    trend = mann_kendall(z.T)
    assert np.array_equal(columns["emerging_z"], trend.z)
    assert np.array_equal(columns["emerging_p"], trend.p)
    assert np.array_equal(result.hot, hot[-1])
    sure = q[-1] < alpha
    assert result.q[sure] == pytest.approx(q[-1][sure], rel=1e-6)
    assert result.p[sure] == pytest.approx(p[-1][sure], rel=1e-6)
    assert (result.q[~sure] >= alpha).all()


@pytest.mark.parametrize(
    ("months", "name", "summary"),
    [
        ([23], "new_hot", "new"),
        ([20, 21, 22, 23], "consecutive_hot", "new"),
        (range(24), "persistent_hot", "persistent"),
        ([2, 3, 9, 10, 22, 23], "sporadic_hot", "recurring"),
        (range(22), "historical_hot", "former"),
        ([5, 6, 7, 17, 18, 19], "none", "recurring"),
        ([5, 6, 7], "none", "former"),
        ([5], "none", ""),
    ],
)
def test_a_place_is_named_by_its_course(months, name, summary):
    """A crowd in some months; it is seen in the month after as well, and nowhere else."""
    result = run(evidence(*with_crowd(months, np.random.default_rng(5))))
    columns = result.columns
    assert (columns["emerging_class"][SPOT], columns["emerging_summary"][SPOT]) == (name, summary)
    assert result.hot[SPOT] == name.endswith("_hot") * (name != "historical_hot")
    far = np.hypot(CELLS.x - CELLS.x[SPOT], CELLS.y - CELLS.y[SPOT]) > 1500
    assert set(columns["emerging_class"][far]) == {"none"}
    assert not result.hot[far].any()
    seen = {m for month in months for m in (month, month + 1) if m < 24}
    assert columns["emerging_months"][SPOT] == len(seen)
    facts = result.facts
    assert facts["months"] == (FIRST, LAST)
    assert facts["steps"] == 24
    assert list(facts["counts"]) == list(CLASSES)
    assert sum(facts["counts"].values()) == len(CELLS)
    assert facts["summary"].get(summary, 0) == (
        columns["emerging_summary"] == summary
    ).sum() * bool(summary)
    assert [(note.key, note.values) for note in result.notes] == [
        ("emerging_steps", {"n": 24, "first": "2022-01", "last": "2023-12"})
    ]


def test_a_place_that_grows_intensifies():
    """From fifty events a month to a hundred: a rise also month by month; backwards, a fall."""
    rng = np.random.default_rng(6)
    cell, month = even(rng, 1000)
    grows = np.repeat(np.arange(24), np.linspace(50, 100, 24).astype(int))
    for course, name in ((grows, "intensifying_hot"), (23 - grows, "diminishing_hot")):
        seen = evidence(
            np.append(cell, np.full(len(course), SPOT)), np.append(month, FIRST + course)
        )
        result = run(seen)
        assert result.columns["emerging_class"][SPOT] == name
        assert result.columns["emerging_p"][SPOT] < 1e-6


@pytest.mark.slow
def test_an_even_flow_rises_or_falls_on_few_maps():
    """Months share events, and Mann-Kendall alone would see trends: here at most alpha and error.

    A place with 20 events a month on average, on 150 maps.
    """
    claimed = alone = 0
    for seed in range(150):
        rng = np.random.default_rng([6, seed])
        cell, month = even(rng, 2000)
        crowd = np.repeat(np.arange(24), rng.poisson(20, 24))
        result = run(
            evidence(np.append(cell, np.full(len(crowd), SPOT)), np.append(month, FIRST + crowd))
        )
        kind = result.columns["emerging_class"][SPOT]
        assert kind in {"persistent_hot", "intensifying_hot", "diminishing_hot"}
        claimed += kind != "persistent_hot"
        alone += result.columns["emerging_p"][SPOT] < 0.05
    assert claimed / 150 <= 0.05 + 3 * (0.05 * 0.95 / 150) ** 0.5
    assert alone > claimed


@pytest.mark.parametrize(("events", "season"), [(100, 1.0), (1000, 8.0), (20_000, 1.0)])
def test_a_random_map_has_a_class_or_a_word_on_at_most_one_in_twenty(events, season):
    """40 maps without any place each; also where summers hold eight times as much everywhere."""
    per_month = np.where(np.isin(np.arange(24) % 12, [5, 6, 7]), season, 1.0)
    false = 0
    for seed in range(40):
        rng = np.random.default_rng([events, seed])
        result = run(evidence(*even(rng, events, per_month)))
        facts = result.facts
        false += facts["counts"]["none"] < len(CELLS) or any(facts["summary"].values())
    assert false / 40 <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5


def test_a_few_events_are_no_place():
    """Two events at one spot in a quiet month are beyond chance, and claimed only if asked."""
    cells = lattice_cells(Grid("square", 100), shapely.box(0, 0, 18_000, 18_000))
    elsewhere, spot = np.arange(70) * 200, 90 * 180 + 90
    month = np.append(np.arange(70) % 22 + FIRST, [LAST, LAST])
    seen = evidence(np.append(elsewhere, [spot, spot]), month, cells)
    assert run(seen, min_place=2).columns["emerging_class"][spot] == "new_hot"
    result = run(seen)
    assert result.columns["emerging_class"][spot] == "none"
    assert not result.hot.any()


def test_where_nothing_ever_happened_there_is_no_hot_class():
    """Empty cells beside a crowd hold the place together, but are no hot month of their own."""
    base = np.arange(0, len(CELLS), 7)
    base = base[np.hypot(CELLS.x[base] - 10_500, CELLS.y[base] - 10_500) > 4_000]
    cell = np.concatenate([np.tile(base, 4), np.full(24 * 20, SPOT)])
    month = np.concatenate([np.arange(len(base) * 4) % 24, np.arange(24).repeat(20)]) + FIRST
    result = run(evidence(cell, month))
    columns = result.columns
    assert (columns["emerging_class"] == "persistent_hot").sum() == 1
    assert columns["emerging_months"].sum() == 24
    assert result.hot.sum() == 9


def test_exposure_is_what_months_are_measured_against():
    """Where events follow the inhabitants nothing is hot; by ground the town always is."""
    people = np.where((CELLS.x < 5000) & (CELLS.y < 5000), 50.0, 1.0)
    rng = np.random.default_rng(9)
    cell = rng.choice(len(CELLS), 5000, p=people / people.sum())
    seen = evidence(cell, FIRST + rng.integers(0, 24, 5000))
    assert run(seen).facts["summary"]["persistent"] > 20
    by_people = run(replace(seen, exposure=people))
    assert by_people.facts["counts"]["none"] == len(CELLS)
    crowd = evidence(
        np.append(cell, np.full(240, SPOT)),
        np.append(seen_months(seen), FIRST + np.arange(24).repeat(10)),
    )
    found = run(replace(crowd, exposure=people)).columns["emerging_class"]
    assert found[SPOT] == "persistent_hot"


def seen_months(seen):
    """Months of events, one each, in any order."""
    return np.repeat(seen.cube.month, seen.cube.n)


# --- what cannot be said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "known", "key", "values"),
    [
        (np.full(90, -1), None, "emerging_no_months", {}),
        (np.full(90, LAST - 1), None, "emerging_ends", {"month": "2023-12"}),
        (LAST - np.arange(90) % 9, None, "emerging_few_steps", {"n": 9, "needed": 10}),
        (
            np.full(90, LAST),
            ALL_KNOWN - set(range(FIRST + 3, FIRST + 18)),
            "emerging_few_steps",
            {"n": 9, "needed": 10},
        ),
        (
            np.repeat([FIRST - 1, LAST], [80, 10]),
            ALL_KNOWN,
            "too_few_events",
            {"method": "emerging", "n": 10, "needed": 30},
        ),
    ],
)
def test_without_what_it_needs_nothing_is_said(month, known, key, values):
    """A warning tells why; all columns are there, and empty."""
    result = run(evidence(np.arange(90), month, known=known))
    assert not result.enough
    assert not result.hot.any()
    assert (result.notes[0].key, result.notes[0].values) == (key, values)
    assert {note.level for note in result.notes} == {"warning"}
    for column in METHOD.columns:
        held = result.columns[column.name]
        assert len(held) == len(CELLS)
        assert (held == "").all() if column.kind == "text" else np.isnan(held).all()


def test_the_last_step_must_be_known_whole():
    """Of the last quarter November is missing: nothing is said of it, nor of the others."""
    cell, month = with_crowd(range(24), np.random.default_rng(5))
    kept = month != LAST - 1
    seen = evidence(cell[kept], month[kept], known=ALL_KNOWN - {LAST - 1})
    assert run(seen).enough
    result = run(seen, step_months=3)
    assert [(note.key, note.values) for note in result.notes] == [
        ("emerging_ends", {"month": "2023-11"})
    ]


def test_months_without_data_are_no_break_in_a_run():
    """A hole in the middle is left out, and told; the place stays persistent over 22 steps."""
    cell, month = with_crowd(range(24), np.random.default_rng(5))
    hole = {FIRST + 10, FIRST + 11}
    kept = ~np.isin(month, list(hole))
    result = run(evidence(cell[kept], month[kept], known=ALL_KNOWN - hole))
    assert result.columns["emerging_class"][SPOT] == "persistent_hot"
    assert result.columns["emerging_months"][SPOT] == result.facts["steps"] == 22
    assert [(note.key, note.values, note.level) for note in result.notes][1] == (
        "emerging_gaps",
        {"n": 2},
        "warning",
    )


def test_months_are_joined_into_longer_steps():
    """Four years by quarter: sixteen steps, a step for each that the place was hot in."""
    cell, month = even(np.random.default_rng(4), 2000)
    cell = np.concatenate([cell, cell, np.full(12 * 40, SPOT)])
    month = np.concatenate([month, month - 24, np.arange(LAST - 11, LAST + 1).repeat(40)])
    seen = evidence(cell, month, known=frozenset(range(LAST - 47, LAST + 1)))
    result = run(seen, step_months=3, steps_back=0)
    assert result.facts["steps"] == 16
    assert result.facts["months"] == (LAST - 47, LAST)
    assert result.columns["emerging_months"][SPOT] == 4
    assert result.columns["emerging_class"][SPOT] == "consecutive_hot"


def test_what_was_used_gives_the_same_answer_again():
    """Every setting used is a parameter with its default, and repeats every number."""
    seen = evidence(*with_crowd([3, 22, 23], np.random.default_rng(2)))
    once = run(seen)
    assert once.used == {parameter.name: parameter.default for parameter in METHOD.parameters}
    again = run(seen, **once.used)
    for name, values in once.columns.items():
        assert values.tobytes() == again.columns[name].tobytes()
