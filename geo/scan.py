"""Kulldorff's scan: the circle and time window that hold most beyond what is expected."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geo.significance import log_likelihood_ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geo.circles import Zones

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Numbers = NDArray[Any]
    Simulate = Callable[[np.random.Generator], Ints]

Direction = Literal["prospective", "retrospective"]

_TIE = 1e-9
"""Likelihood ratios closer than this are equal: a tie counts against the claim."""
_DEAL = 32
"""So many maps by chance are dealt by one generator of random numbers."""
_START = 0.25
"""Times the logarithm of the number of cylinders: hardly any map's best score is lower."""
_STEP = 1.03
"""The bound is raised when it can be by this factor: a new table of limits has its price."""
_CACHE = 1 << 18
"""Counts that are worked on in one go: what the cache of a core holds."""
_ROOM = 1 << 26
"""Counts of all maps by chance that are in memory at once (three bytes each, or five)."""
_NONE = 1e-300
_EULER = 0.5772156649015329
_TWO_DECADES = 0.01
_FAR = 700.0
"""So many spreads below the mode p is 1, and the exponential still a number."""


# --- windows ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Windows:
    """The windows of time: all of at most ``longest`` steps, or only those that end at the end.

    Counts are kept as *rows* from which every window is one row or a difference of two:
    prospective, row i is the last i + 1 steps; retrospective, row i is all before step i. Windows
    are numbered by length, then by first step. The axis of time is the last but one, so that
    what stands behind it (maps by chance) lies together in memory.
    """

    steps: int
    longest: int
    prospective: bool

    @property
    def rows(self) -> int:
        return self.longest if self.prospective else self.steps + 1

    @cached_property
    def first_of(self) -> Ints:
        """The number of the first window of each length, and of all windows at the end."""
        starts = np.ones(self.longest, dtype=np.int64)
        if not self.prospective:
            starts = self.steps - np.arange(self.longest)
        return np.concatenate([[0], np.cumsum(starts)])

    def __len__(self) -> int:
        return int(self.first_of[-1])

    def fill(self, counts: Numbers) -> Numbers:
        """Sum counts over time into rows, in the counts' own type."""
        if self.prospective:
            ending = counts[..., ::-1, :][..., : self.longest, :]
            return np.cumsum(ending, axis=-2, dtype=counts.dtype)
        rows = np.zeros((*counts.shape[:-2], self.rows, counts.shape[-1]), dtype=counts.dtype)
        np.cumsum(counts, axis=-2, dtype=counts.dtype, out=rows[..., 1:, :])
        return rows

    def table(self, rows: Numbers, out: Numbers | None = None) -> Numbers:
        """Give the counts of all windows."""
        if self.prospective:
            return rows
        if out is None:
            out = np.empty((*rows.shape[:-2], len(self), rows.shape[-1]), dtype=rows.dtype)
        for longer in range(self.longest):
            starts = self.steps - longer
            after, before = rows[..., longer + 1 :, :], rows[..., :starts, :]
            windows = slice(*self.first_of[longer : longer + 2].tolist())
            np.subtract(after, before, out=out[..., windows, :])
        return out

    def most(self, rows: Numbers) -> Numbers:
        """Give the most that any window holds: a longest one, as it holds those within it."""
        if self.prospective:
            return np.asarray(rows[..., -1, :].max(axis=-1))
        longest = rows[..., self.longest :, :] - rows[..., : -self.longest, :]
        return np.asarray(longest.max(axis=(-2, -1)))

    def span(self, window: int) -> tuple[int, int]:
        """First and last step of a window, both included."""
        length = int(np.searchsorted(self.first_of, window, side="right")) - 1
        first = self.steps - 1 - length if self.prospective else window - int(self.first_of[length])
        return first, first + length


# --- likelihood -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Limits:
    """The largest count whose score is at most a bound, by expectation; never too large.

    Scores grow with the count and fall with the expectation, so one table over expectations
    (by the first bits of their binary form) replaces two logarithms a cylinder. Within a step of
    the table the least limit holds: it lets a few too many through to the exact score.
    """

    bound: float
    table: Ints
    lowest: int

    _SHIFT = 13
    _LEAST = np.float32(2.0**-20)

    @classmethod
    def of(cls, bound: float, highest: float, total: float | None, least: int) -> _Limits:
        """Tabulate for expectations up to ``highest``; counts under ``least`` never pass."""
        reach = highest + bound + (bound * bound + 2 * bound * highest) ** 0.5
        most = int(reach) + 2 + least
        most = most if total is None else min(most, int(total))
        c = np.arange(1, max(most, least) + 1, dtype=np.float64)
        # Newton's method for the expectation at which a count scores the bound. The score is
        # convex and at least (c - e)^2 / 2c, so it comes from below and needs few steps.
        e = np.maximum(c * np.exp(-1.0 - bound / c), c - (2.0 * bound * c) ** 0.5)
        for _ in range(10):
            slope = c / e - (1.0 if total is None else (total - c) / (total - e + _NONE))
            e += (log_likelihood_ratio(c, e, total) - bound) / np.maximum(slope, _NONE)
        enough = np.append(0.0, np.minimum(e, c) * (1 + 1e-6))
        enough[:least] = 0.0
        lowest = int(cls._LEAST.view(np.int32)) >> cls._SHIFT
        last = int(np.float32(max(highest, 1.0) * 1.01).view(np.int32)) >> cls._SHIFT
        steps = np.arange(lowest, last + 1, dtype=np.int32) << cls._SHIFT
        edge = steps.view(np.float32).astype(np.float64)
        edge[0] = 0.0
        table = np.searchsorted(np.maximum.accumulate(enough), edge, side="right") - 1
        return cls(bound, table.astype(np.int64), lowest)

    def __call__(self, expected: Floats) -> Ints:
        short = np.maximum(expected.astype(np.float32), self._LEAST)
        return np.asarray(self.table[(short.view(np.int32) >> self._SHIFT) - self.lowest])


def _cores() -> int:
    """How many threads are worth their while here."""
    return min(os.cpu_count() or 1, 8)


# --- the search -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Search:
    """Everything that stays the same over replicates: circles, windows and expectations.

    ``expected`` are rows of time of each place, and of one more that holds nothing; a cylinder's
    expectation is its sum divided by ``divisor``: whole numbers stay exact so, and equal cylinders
    score equal.
    """

    zones: Zones
    windows: _Windows
    expected: Floats
    divisor: float
    total: float | None
    least: int

    @cached_property
    def highest(self) -> float:
        """No cylinder has a higher expectation."""
        each = self.windows.table(self.expected[..., None])[:-1, :, 0].max(axis=1)
        return float(self.zones.sums(each).max(initial=0.0)) / self.divisor

    def score(self, count: Numbers, expected: Floats) -> Floats:
        """Score counts; ``expected`` is not yet divided."""
        ratio = log_likelihood_ratio(count, expected / self.divisor, self.total)
        return np.where(count >= self.least, ratio, 0.0)

    def limits(self, bound: float) -> _Limits:
        """Tell which counts score above a bound."""
        return _Limits.of(bound, self.highest, self.total, self.least)

    def batches(self, centres: int) -> list[_Batch]:
        """Take centres together that have about as many neighbours, so many at a time."""
        zones = self.zones
        length = np.diff(zones.begin)
        order = np.argsort(-length, kind="stable")
        batches = []
        at = 0
        while at < len(order):
            fit = max(1, _CACHE * 4 // (int(length[order[at]]) * len(self.windows)))
            some = order[at : at + min(centres, fit)]
            at += len(some)
            member = np.full((int(length[some].max()), len(some)), zones.places)
            zone = np.full(member.shape, -1)
            for column, centre in enumerate(some.tolist()):
                begin, end = zones.begin[centre : centre + 2]
                member[: end - begin, column] = zones.member[begin:end]
                first, last = zones.first[centre : centre + 2]
                zone[zones.size[first:last] - 1, column] = np.arange(first, last)
            batches.append(_Batch(member, zone))
        return batches


@dataclass(frozen=True, eq=False)
class _Batch:
    """Centres whose circles are grown together, place by place.

    ``member`` are each centre's places, nearest first, and ``zone`` the circle that such a place
    completes, or -1: neighbours by centres. Columns that are shorter end with the place that holds
    nothing.
    """

    member: Ints
    zone: Ints

    def windows(self, search: _Search, rows: Numbers) -> Numbers:
        """Give every cylinder's sum from rows of places: neighbours by centres by windows."""
        return search.windows.table(np.cumsum(rows[self.member], axis=0)[..., None])[..., 0]


@dataclass(eq=False)
class _Best:
    """The best scores so far of each replicate, and the limits of what matters to any of them."""

    search: _Search
    scores: Floats
    limits: _Limits

    def grow(self, batch: _Batch, rows: dict[Any, Numbers], most: Ints) -> None:
        """Score all cylinders of a batch in all replicates, as far as they pass the bound.

        ``rows`` are places by rows by replicates, twice: in bytes and in a type that holds every
        count. Bytes are used as long as they hold the largest window's count: no more than in the
        last circle and the ``most`` that the next place has. (A sum over all time may wrap around
        in them, the difference of two such sums is right again.)
        """
        search, windows = self.search, self.search.windows
        expected = batch.windows(search, search.expected)
        limit = self.limits(expected / search.divisor)
        limit[batch.zone < 0] = np.iinfo(np.int64).max
        small, wide = rows
        kind = small
        shape = (batch.member.shape[1], *rows[small].shape[1:])
        sums, more = np.zeros(shape, dtype=kind), np.zeros(shape, dtype=kind)
        space = np.zeros((shape[0], len(windows), shape[2]), dtype=kind)
        peak = np.zeros(space.shape[:2], dtype=np.int64)
        each = np.arange(peak.size) * shape[2]
        found: list[tuple[Numbers, Numbers, Floats]] = []
        for k, places in enumerate(batch.member):
            if kind is small and (peak.max(axis=1) + most[places]).max() > np.iinfo(small).max:
                kind = wide
                sums, more, space = (np.zeros(a.shape, dtype=kind) for a in (sums, more, space))
                for inner in batch.member[:k]:
                    sums += rows[kind][inner]
            np.take(rows[kind], places, axis=0, out=more, mode="clip")
            np.add(sums, more, out=sums)
            counts = windows.table(sums, space)
            peak[:] = np.maximum.reduceat(counts.ravel(), each).reshape(peak.shape)
            centre, window = (peak > limit[k]).nonzero()
            if len(centre):
                passing = counts[centre, window]
                enough = limit[k, centre, window].astype(kind)
                hit = np.flatnonzero(passing > enough[:, None])
                of, replicate = np.divmod(hit, shape[2])
                hoped = expected[k, centre[of], window[of]]
                found.append((replicate, passing.ravel()[hit], hoped))
        if found:
            replicate, count, hoped = (np.concatenate(part) for part in zip(*found, strict=True))
            np.maximum.at(self.scores, replicate, search.score(count, hoped))


def _maxima(
    search: _Search,
    rows: dict[Any, Numbers],
    most: Ints,
    bound: float,
    pool: ThreadPoolExecutor,
    threads: int,
) -> Floats:
    """Give each replicate's best score, exactly, where it is above a bound, else 0.

    The bound rises to the least of the best scores so far: what is below is no replicate's best.
    """
    replicates = next(iter(rows.values())).shape[2]
    centres = max(1, _CACHE // (len(search.windows) * replicates))
    batches = search.batches(centres)
    limits = search.limits(bound)
    bests = [_Best(search, np.zeros(replicates), limits) for _ in range(threads)]

    def work(thread: int) -> None:
        best = bests[thread]
        for batch in batches[thread::threads]:
            best.grow(batch, rows, most)
            floor = float(np.max([other.scores for other in bests], axis=0).min())
            if floor > best.limits.bound * _STEP:
                best.limits = search.limits(floor)

    list(pool.map(work, range(threads)))
    # Limits let a few too many through: what is not above the bound need not be the best.
    scores = np.max([best.scores for best in bests], axis=0)
    return np.where(scores > bound, scores, 0.0)


def _all_maxima(
    search: _Search, simulate: Simulate, replicates: int, seed: int, threads: int | None
) -> Floats:
    """Simulate the replicates and give the best score of each, exactly.

    Every so many replicates have a generator of their own, and a score does not depend on the
    bound it had to pass: neither threads nor memory change a number.
    """
    windows = search.windows
    seeds = np.random.SeedSequence(seed).spawn(-(-replicates // _DEAL))
    threads = threads or _cores()
    places = len(search.expected)
    block = max(1, _ROOM // (places * windows.rows * _DEAL))
    best = np.zeros(len(seeds) * _DEAL)
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(seeds), block):
            some = seeds[first : first + block]
            rows, most = _deal(search, simulate, some, pool)
            wanted = np.arange(first * _DEAL, (first + len(some)) * _DEAL)
            bound = _START * float(np.log(max(len(search.zones) * len(windows), 2)))
            while True:
                best[wanted] = _maxima(search, rows, most, bound, pool, threads)
                low = best[wanted] == 0.0
                if bound == 0.0 or not low.any():
                    break
                rows = {kind: np.compress(low, of, axis=-1) for kind, of in rows.items()}
                wanted, bound = wanted[low], bound * 0.7 if bound > 1.0 else 0.0
    return best[:replicates]


def _deal(
    search: _Search, simulate: Simulate, seeds: list[Any], pool: ThreadPoolExecutor
) -> tuple[dict[Any, Numbers], Ints]:
    """Simulate replicates: rows of places, as ``_Best.grow`` wants them, and its ``most``."""
    windows = search.windows
    shape = (len(search.expected), windows.rows, len(seeds) * _DEAL)
    kind = np.uint16 if search.total is not None and search.total < 1 << 16 else np.int32
    rows: dict[Any, Numbers] = {k: np.zeros(shape, dtype=k) for k in (np.uint8, kind)}
    most = np.zeros((len(seeds), shape[0]), dtype=np.int64)

    def deal(at: int) -> None:
        made = windows.fill(simulate(np.random.default_rng(seeds[at])).astype(kind))
        for of in rows.values():
            of[:-1, :, at * _DEAL : (at + 1) * _DEAL] = made.astype(of.dtype)
        most[at, :-1] = windows.most(made)

    list(pool.map(deal, range(len(seeds))))
    return rows, most.max(axis=0)


# --- the answer -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ScanCluster:
    """One circle and window; ``first`` and ``last`` are steps of time, both included.

    ``expected`` is by the scan's model, ``p`` the share of maps by chance whose best circle is at
    least as good, the observed map among them: never less than 1 / (1 + replicates). ``p_gumbel``
    is the same from a Gumbel law fitted to their best.
    """

    centre: int
    places: Ints
    radius: float
    first: int
    last: int
    n: int
    expected: float
    llr: float
    p: float
    p_gumbel: float

    @property
    def recurrence(self) -> float:
        """Steps of time between alarms by chance, if a scan is made at every step.

        Where the Gumbel law says that chance is rarer than the replicates can tell, that counts,
        but two decades at most: so far out the law is only a shape.
        """
        return 1.0 / max(min(self.p, self.p_gumbel), self.p * _TWO_DECADES)


@dataclass(frozen=True, eq=False)
class Scan:
    """What a scan found: clusters that share no place, best first, and the maxima by chance."""

    clusters: tuple[ScanCluster, ...]
    maxima: Floats
    zones: int
    cylinders: int


def scan_permutation(
    counts: Ints,
    circles: Zones,
    *,
    longest: int,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than the place's and the time's own numbers would give together.

    ``counts`` are events by place (rows) and step of time. Expected in a cylinder: its circle's
    events of all times, times its window's events of all places, divided by all events. No
    population is needed; what lasts all the time, or comes everywhere at once, is no cluster.
    Chance is the same events with their times dealt anew. ``longest`` is the longest window,
    which ends at the last step (prospective) or anywhere (retrospective). Clusters hold at least
    ``least`` events; at most ``most`` are told. Source: Kulldorff, Heffernan, Hartman, Assuncao &
    Mostashari (2005).

    Events that come in series (one night, one gang, ten reports of one thing) are not independent,
    and can be a cluster for that reason alone. If people move into a part of the area, that part
    becomes one too.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    counts = _bins(counts, windows)
    total = int(counts.sum())
    per_place, per_time = counts.sum(axis=1), counts.sum(axis=0)
    expected = per_place[:, None] * per_time.astype(np.float64)
    search, used = _search(circles, windows, expected, per_place > 0, max(total, 1), total, least)
    at, when = np.nonzero(counts[used])
    place = np.repeat(at, counts[used][at, when])
    time = np.repeat(when, counts[used][at, when])
    shape = (int(used.sum()), counts.shape[1], _DEAL)
    many = total > 25 * shape[0] * shape[1]  # then it is faster to deal whole places at once

    def simulate(rng: np.random.Generator) -> Ints:
        if many:
            left, dealt = per_place[used][:, None].repeat(_DEAL, axis=1), np.empty(shape, np.int64)
            for t in range(shape[1] - 1):
                for r in range(_DEAL):
                    dealt[:, t, r] = rng.multivariate_hypergeometric(
                        left[:, r], per_time[t], method="marginals"
                    )
                left -= dealt[:, t]
            dealt[:, -1] = left
            return dealt
        times = rng.permuted(np.tile(time, (_DEAL, 1)), axis=1)
        flat = (place * shape[1] + times) * _DEAL + np.arange(_DEAL)[:, None]
        return np.bincount(flat.ravel(), minlength=int(np.prod(shape))).reshape(shape)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def scan_poisson(
    counts: Ints,
    expected: Floats,
    circles: Zones,
    *,
    longest: int = 1,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than the population (or whatever ``expected`` is in proportion to) gives.

    As :func:`scan_permutation`; ``expected`` has the shape of ``counts`` and is scaled to their
    total. One column is the purely spatial scan. Chance is the same number of events, each
    anywhere in proportion to ``expected``. Source: Kulldorff (1997; 2001).

    Raises ``ValueError`` where something happened although nothing can. A place that always has
    more than its population gives is a cluster here, new or not.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    hoped = _expectation(counts, expected)
    counts, hoped = _bins(counts, windows), _bins(hoped, windows)
    total = int(counts.sum())
    hoped = hoped * (total / max(float(hoped.sum()), 1e-300))
    used = hoped.sum(axis=1) > 0
    search, used = _search(circles, windows, hoped, used, 1.0, total, least)
    # Places in no circle matter for the total only: all of them are dealt to, these are kept.
    chance = hoped.ravel() / max(float(hoped.sum()), 1e-300)

    def simulate(rng: np.random.Generator) -> Ints:
        dealt = rng.multinomial(total, chance, _DEAL).reshape(_DEAL, *hoped.shape)
        return np.moveaxis(dealt[:, used], 0, -1)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def scan_expectation(
    counts: Ints,
    expected: Floats,
    circles: Zones,
    *,
    certainty: Floats | None = None,
    longest: int = 1,
    direction: Direction = "prospective",
    replicates: int = 999,
    seed: int = 1,
    least: int = 2,
    most: int = 10,
    threads: int | None = None,
) -> Scan:
    """Scan for more than each place is expected to have at each time, whatever the total.

    As :func:`scan_permutation`; ``expected`` has the shape of ``counts`` and is taken as it is,
    so that a rise everywhere is found too. Chance is a Poisson count for every place and time.
    Expectations that were estimated from little history are uncertain themselves: ``certainty``
    (one each place) is about how many events stand behind them, and chance then also moves each
    place's level by a gamma variable of that shape and mean 1 (infinite: not at all). Source:
    Neill, Moore, Sabhnani & Daniel (2005); the gamma as in empirical Bayes.

    Raises ``ValueError`` where something happened although nothing was expected.
    """
    counts = np.asarray(counts, dtype=np.int64)
    windows = _windows(counts, longest, direction)
    hoped = _expectation(counts, expected)
    counts, hoped = _bins(counts, windows), _bins(hoped, windows)
    used = hoped.sum(axis=1) > 0
    search, used = _search(circles, windows, hoped, used, 1.0, None, least)
    level = hoped[used]
    shape = None if certainty is None else np.asarray(certainty, dtype=np.float64)[used]
    vague = None if shape is None else np.flatnonzero(np.isfinite(shape))

    def simulate(rng: np.random.Generator) -> Ints:
        drawn = np.repeat(level[..., None], _DEAL, axis=-1)
        if shape is not None and vague is not None and len(vague):
            likely = shape[vague, None]
            drawn[vague] *= (rng.gamma(likely, size=(len(vague), _DEAL)) / likely)[:, None]
        return rng.poisson(drawn)

    return _answer(search, used, counts, windows, simulate, replicates, seed, most, threads)


def _windows(counts: Ints, longest: int, direction: Direction) -> _Windows:
    steps = counts.shape[1]
    return _Windows(steps, max(1, min(longest, steps)), direction == "prospective")


def _expectation(counts: Ints, expected: Floats) -> Floats:
    """Check expectations against counts."""
    hoped = np.asarray(expected, dtype=np.float64)
    if hoped.shape != counts.shape:
        raise ValueError(f"expected the shape {counts.shape} of the counts, found {hoped.shape}")
    if not (np.isfinite(hoped) & (hoped >= 0)).all():
        raise ValueError("expectations are numbers from 0")
    if (counts[hoped == 0] > 0).any():
        raise ValueError("there are events where none are expected")
    return hoped


def _bins(values: Numbers, windows: _Windows) -> Numbers:
    """Bring the steps before all prospective windows together: they are never told apart."""
    before = windows.steps - windows.longest
    if not windows.prospective or before < 2:  # noqa: PLR2004 - one step is together already
        return values
    first = values[:, :before].sum(axis=1, keepdims=True)
    return np.concatenate([first, values[:, before:]], axis=1)


def _search(
    circles: Zones,
    windows: _Windows,
    expected: Floats,
    occupied: NDArray[np.bool_],
    divisor: float,
    total: float | None,
    least: int,
) -> tuple[_Search, NDArray[np.bool_]]:
    """Keep the circles that differ and the places in them, numbered anew; mark these places."""
    kept = circles.distinct(occupied)
    used = np.zeros(circles.places, dtype=bool)
    used[kept.member] = True
    number = np.cumsum(used) - 1
    fewer = replace(kept, places=int(used.sum()), member=number[kept.member])
    rows = np.concatenate(
        [windows.fill(expected[used, :, None])[..., 0], np.zeros((1, windows.rows))]
    )
    return _Search(fewer, windows, rows, float(divisor), total, max(least, 1)), used


def _answer(
    search: _Search,
    used: NDArray[np.bool_],
    counts: Ints,
    windows: _Windows,
    simulate: Simulate,
    replicates: int,
    seed: int,
    most: int,
    threads: int | None,
) -> Scan:
    """Find the clusters, then ask chance how good its best ones are."""
    zones = search.zones
    score, window, count, expected = _best_windows(search, counts[used], threads)
    maxima = np.zeros(0)
    if len(zones):
        maxima = _all_maxima(search, simulate, replicates, seed, threads)
    place_of = np.flatnonzero(used)
    clusters = []
    for zone in _apart(zones, score, most):
        members = zones.members(zone)
        first, last = windows.span(int(window[zone]))
        p_mc, p_gumbel = p_values(score[zone], maxima)
        clusters.append(
            ScanCluster(
                centre=int(zones.centre[zones.of_centre[zone]]),
                places=np.sort(place_of[members]),
                radius=float(zones.radius[zone]),
                first=first,
                last=last,
                n=int(count[zone]),
                expected=float(expected[zone]) / search.divisor,
                llr=float(score[zone]),
                p=p_mc,
                p_gumbel=p_gumbel,
            )
        )
    return Scan(tuple(clusters), maxima, len(zones), len(zones) * len(windows))


def _best_windows(
    search: _Search, counts: Ints, threads: int | None
) -> tuple[Floats, Ints, Ints, Floats]:
    """Give each circle's best score over all windows, and that window (the first of equals).

    And what the cylinder holds and is expected to hold, not yet divided.
    """
    circles = len(search.zones)
    best, which = np.zeros(circles), np.zeros(circles, dtype=np.int64)
    held, hoped = np.zeros(circles, dtype=np.int64), np.zeros(circles)
    rows = np.zeros(search.expected.shape, dtype=np.int64)
    rows[:-1] = search.windows.fill(counts[..., None])[..., 0]

    # Most circles have some window that scores 2 or more: their others need no logarithm.
    most_circles, all_circles = search.limits(2.0), search.limits(0.0)

    def ask(batch: _Batch) -> None:
        here = batch.zone >= 0
        zone = batch.zone[here]
        count = batch.windows(search, rows)[here]
        expected = batch.windows(search, search.expected)[here]
        score = np.zeros(count.shape)
        weak = np.arange(len(zone))
        for limits in (most_circles, all_circles):
            row, window = (count[weak] > limits(expected[weak] / search.divisor)).nonzero()
            at = weak[row], window
            score[at] = search.score(count[at], expected[at])
            weak = np.flatnonzero(score.max(axis=1) <= most_circles.bound)
        window = score.argmax(axis=1)
        which[zone] = window
        for of, table in ((best, score), (held, count), (hoped, expected)):
            of[zone] = table[np.arange(len(zone)), window]

    with ThreadPoolExecutor(threads or _cores()) as pool:
        list(pool.map(ask, search.batches(64)))
    return best, which, held, hoped


def _apart(zones: Zones, score: Floats, most: int) -> list[int]:
    """Choose circles by falling score, none that shares a place with one chosen before.

    Of equally good ones the one with fewer places, then the smaller, then the earlier centre.
    """
    order = np.lexsort((zones.of_centre, zones.radius, zones.size, -np.round(score, 9)))
    taken = np.zeros(zones.places, dtype=np.int64)
    chosen: list[int] = []
    while len(chosen) < most:
        free = order[(zones.sums(taken)[order] == 0) & (score[order] > 0)]
        if not len(free):
            break
        chosen.append(int(free[0]))
        taken[zones.members(chosen[-1])] = 1
    return chosen


def p_values(score: float, maxima: Floats) -> tuple[float, float]:
    """Give p by Monte Carlo, (1 + how many maxima are at least the score)/(1 + all), and by Gumbel.

    The Gumbel law is fitted by moments (Abrams, Kleinman & Kulldorff 2010); it tells how small a
    p is that the number of replicates cannot tell, and is only as true as its shape far out.
    """
    as_good = int((maxima >= score - _TIE * max(score, 1.0)).sum())
    p_mc = (1 + as_good) / (1 + len(maxima))
    spread = float(maxima.std(ddof=1)) * 6**0.5 / np.pi if len(maxima) > 1 else 0.0
    if spread <= 0.0:
        return p_mc, p_mc
    where = float(maxima.mean()) - _EULER * spread
    return p_mc, float(-np.expm1(-np.exp(min((where - score) / spread, _FAR))))
