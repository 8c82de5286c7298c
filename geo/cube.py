"""Sparse counts by cell, month, category and hour of the week: the one step that reads events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.aoristic import spread
from geo.months import HOURS, UNKNOWN_HOUR, UNKNOWN_MONTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geo.aoristic import Between

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_SLOTS = HOURS + 1
_MONTH_BITS = 17
"""Room for months in a packed key: years up to ten thousand."""
_HOUR_BITS = 8
_SORTED_AT_ONCE = 1 << 20
"""Events that are sorted as soon as they are there; sorted runs are joined quickly."""
_MOST_WAITING = 1 << 24
"""Events that may wait to be brought together: eight bytes each."""
_MOST_SHARES = 1 << 20
"""Shares that are made of events at a time; one event of many years may have more."""


class Mass(NamedTuple):
    """Where the events lie when each is spread over the time in which it may have happened.

    Parallel arrays as those of a cube. Combinations may come twice, and parts be negative where an
    event is taken away from the row that counts it: only sums say something.
    """

    cell: Ints
    month: Ints
    category: Ints
    hour: Ints
    mass: Floats


@dataclass(frozen=True, eq=False)
class Cube:
    """Counts and weights of events; one row per non-empty combination, sorted, no duplicates.

    ``cell`` are positions among the ``cells`` of the study area, ``month`` as in ``geo.months``
    (``UNKNOWN_MONTH`` allowed), ``category`` positions in ``categories``, ``hour`` the hour of the
    week (``UNKNOWN_HOUR`` allowed). ``beside`` counts events that lie in no cell that takes part.

    An event known only from one time to another is counted once, whole, in the month of its
    midpoint and at an unknown hour. ``between`` holds these events again: its ``n`` counts them
    where this cube does, its ``weight`` is the share of them (1 an event, whatever it weighs) that
    lies in a row, so that ``n`` may be nought there. None where no event is spread. What is called
    mass follows the shares, and adds up to the number of events.
    """

    cells: int
    categories: tuple[str, ...]
    cell: Ints
    month: Ints
    category: Ints
    hour: Ints
    n: Ints
    weight: Floats
    beside: int = 0
    between: Cube | None = None

    def select(
        self,
        *,
        months: tuple[int, int] | None = None,
        categories: Sequence[str] | None = None,
        cells: NDArray[np.bool_] | None = None,
    ) -> Cube:
        """Keep what lies in the months (first and last, both included), categories and cells.

        A selection of months keeps the events counted in them, and the mass that lies in them: the
        two need not add up alike, for an event may lie on both sides of the border.
        """
        everything = categories is not None and set(categories) >= set(self.categories)
        categories = None if everything else categories
        if months is None and categories is None and cells is None:
            return self
        keep = np.ones(len(self.n), dtype=bool)
        if months is not None:
            keep &= (self.month >= months[0]) & (self.month <= months[1])
        if categories is not None:
            wanted = np.isin(np.array(self.categories, dtype=object), list(categories))
            keep &= wanted[self.category] if len(wanted) else False
        if cells is not None:
            keep &= cells[self.cell]
        columns = ("cell", "month", "category", "hour", "n", "weight")
        between = self.between
        if between is not None:
            between = between.select(months=months, categories=categories, cells=cells)
        kept = {name: getattr(self, name)[keep] for name in columns}
        return replace(self, between=between, **kept)

    @cached_property
    def total(self) -> int:
        """Number of events."""
        return int(self.n.sum())

    def per_cell(self) -> tuple[Ints, Floats]:
        """Count and weight of every cell, empty cells as zeros."""
        n = np.bincount(self.cell, weights=self.n, minlength=self.cells)
        weight = np.bincount(self.cell, weights=self.weight, minlength=self.cells)
        return n.astype(np.int64), weight.astype(np.float64)

    def per_category(self) -> Ints:
        """Count of every category."""
        n = np.bincount(self.category, weights=self.n, minlength=len(self.categories))
        return n.astype(np.int64)

    def per_hour(self) -> Ints:
        """Count of each of the 168 hours of the week, and last of those whose hour is unknown."""
        return np.bincount(self.hour, weights=self.n, minlength=_SLOTS).astype(np.int64)

    def weight_per_hour(self) -> Floats:
        """Weight of each of the 168 hours of the week, and last of those of unknown hour."""
        weight = np.bincount(self.hour, weights=self.weight, minlength=_SLOTS)
        return weight.astype(np.float64)

    def per_month(self, first: int, last: int) -> Ints:
        """Count of each month from first to last, both included."""
        inside = (self.month >= first) & (self.month <= last)
        n = np.bincount(
            self.month[inside] - first, weights=self.n[inside], minlength=last - first + 1
        )
        return n.astype(np.int64)

    @cached_property
    def mass(self) -> Mass:
        """Every event where it may have happened: whole where its time is known, else spread."""
        certain = Mass(self.cell, self.month, self.category, self.hour, self.n.astype(np.float64))
        other = self.between
        if other is None:
            return certain
        moved = (other.cell, other.month, other.category, other.hour, other.weight - other.n)
        return Mass(*(np.concatenate(pair) for pair in zip(certain, moved, strict=True)))

    def mass_per_hour(self) -> Floats:
        """Mass of each of the 168 hours of the week, and last of events of unknown hour."""
        mass = self.mass
        return np.bincount(mass.hour, weights=mass.mass, minlength=_SLOTS).astype(np.float64)

    def mass_per_month(self, first: int, last: int) -> Floats:
        """Mass of each month from first to last, both included."""
        mass = self.mass
        inside = (mass.month >= first) & (mass.month <= last)
        found = np.bincount(
            mass.month[inside] - first, weights=mass.mass[inside], minlength=last - first + 1
        )
        return found.astype(np.float64)

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """First and last month in which an event is counted, or None when no event has a date."""
        known = self.month[self.month != UNKNOWN_MONTH]
        return (int(known.min()), int(known.max())) if len(known) else None

    def __add__(self, other: Cube) -> Cube:
        """Merge two cubes over the same cells and categories."""
        if (self.cells, self.categories) != (other.cells, other.categories):
            raise ValueError("cubes over different cells or categories cannot be added")
        builder = CubeBuilder(self.cells, self.categories)
        builder.merge(self)
        builder.merge(other)
        return builder.build()


@dataclass(eq=False)
class CubeBuilder:
    """Collects events batch by batch; holds combinations and at most a few batches of events.

    However many events come, memory follows the number of different combinations of them.
    """

    cells: int
    categories: tuple[str, ...]
    beside: int = 0
    _events: list[Ints] = field(default_factory=list)
    _n_events: int = 0
    _waiting: list[_Run] = field(default_factory=list)
    _n_waiting: int = 0
    _done: _Run | None = None
    _between: CubeBuilder | None = None

    def add(
        self,
        cell: Ints,
        *,
        month: NDArray[np.integer] | None = None,
        category: NDArray[np.integer] | None = None,
        hour: NDArray[np.integer] | None = None,
        weight: Floats | None = None,
        between: Between | None = None,
    ) -> None:
        """Count a batch of events; ``cell`` is -1 for those in no cell that takes part.

        Omitted months and hours are unknown, omitted categories the first, omitted weights 1.
        Events that are ``between`` two times are counted as the others, and spread beside.
        """
        inside = cell >= 0
        all_inside = bool(inside.all())
        self.beside += 0 if all_inside else int(len(cell) - inside.sum())

        def part(
            values: NDArray[np.integer] | None, missing: int
        ) -> NDArray[np.integer] | np.int64:
            if values is None:
                return np.int64(missing)
            return values if all_inside else values[inside]

        key = self._key(
            cell if all_inside else cell[inside],
            part(month, UNKNOWN_MONTH),
            part(category, 0),
            part(hour, UNKNOWN_HOUR),
        )
        if weight is not None and (weight == 1).all():
            weight = None
        self._push(_Run(key, None, weight if weight is None or all_inside else weight[inside]))
        if between is not None and not all_inside:
            between = between.take(inside)
        if between is not None:
            self._spread(key, between)

    def name(self, categories: tuple[str, ...]) -> None:
        """Take in a longer list of categories, which begins as the one so far."""
        if len(categories) == len(self.categories):
            return
        wider = CubeBuilder(self.cells, categories)
        wider.merge(self.build())
        for one in fields(self):
            setattr(self, one.name, getattr(wider, one.name))

    def _spread(self, key: Ints, between: Between) -> None:
        """Count events again where they are counted, and lay shares where they may have been."""
        rows = partial(Cube, self.cells, self.categories)
        for at in _in_batches(between):
            cell, month, category, hour = self._unpack(key[at])
            one, nought = np.ones(len(at), dtype=np.int64), np.zeros(len(at))
            self._again(rows(cell, month, category, hour, one, nought))
            whose, months, hours, share = spread(
                between.start[at], between.end[at], between.timed[at]
            )
            none = np.zeros(len(whose), dtype=np.int64)
            self._again(
                rows(
                    cell[whose],
                    months.astype(np.int64),
                    category[whose],
                    hours.astype(np.int64),
                    none,
                    share,
                )
            )

    def _again(self, cube: Cube) -> None:
        """Add to what is known only from one time to another."""
        if self._between is None:
            self._between = CubeBuilder(self.cells, self.categories)
        self._between.merge(cube)

    def merge(self, cube: Cube) -> None:
        """Add what another cube has counted."""
        self.beside += cube.beside
        key = self._key(cube.cell, cube.month, cube.category, cube.hour)
        self._push(_Run(key, cube.n, cube.weight))
        if cube.between is not None:
            self._again(cube.between)

    def build(self) -> Cube:
        """Give the cube of everything added so far."""
        run = self._compact()
        return Cube(
            self.cells,
            self.categories,
            *self._unpack(run.key),
            run.counts,
            run.weights,
            self.beside,
            None if self._between is None else self._between.build(),
        )

    @property
    def _category_bits(self) -> int:
        return max(len(self.categories) - 1, 0).bit_length()

    def _key(
        self,
        cell: NDArray[np.integer],
        month: NDArray[np.integer] | np.int64,
        category: NDArray[np.integer] | np.int64,
        hour: NDArray[np.integer] | np.int64,
    ) -> Ints:
        """Pack a combination into one whole number, which sorts as they do."""
        key = cell.astype(np.int64)
        key <<= self._category_bits
        key |= category
        key <<= _HOUR_BITS
        key |= hour
        key <<= _MONTH_BITS
        key += month
        key -= UNKNOWN_MONTH
        return key

    def _unpack(self, key: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Give cell, month, category and hour of packed combinations."""
        shifts = np.cumsum([0, _MONTH_BITS, _HOUR_BITS, self._category_bits]).tolist()
        widths = (_MONTH_BITS, _HOUR_BITS, self._category_bits, None)
        # Most of the time goes into new memory, which two threads get twice as fast.
        with ThreadPoolExecutor(max_workers=2) as threads:
            month, hour, category, cell = threads.map(partial(_bits, key), shifts, widths)
        month += UNKNOWN_MONTH
        return cell, month, category, hour

    def _push(self, run: _Run) -> None:
        if run.n is None and run.weight is None:
            self._events.append(run.key)
            self._n_events += len(run.key)
            if self._n_events < _SORTED_AT_ONCE:
                return
            run = self._sorted()
        self._wait(run)
        done = 0 if self._done is None else len(self._done.key)
        if self._n_waiting > max(_MOST_WAITING, done):
            self._compact()

    def _sorted(self) -> _Run:
        """Take the events that have come since the last time, sorted."""
        key = np.concatenate(self._events)
        key.sort()
        self._events, self._n_events = [], 0
        return _Run(key)

    def _wait(self, run: _Run) -> None:
        if len(run.key):
            self._waiting.append(run)
            self._n_waiting += len(run.key)

    def _compact(self) -> _Run:
        """Bring equal combinations together; done again when as much has come as there is."""
        if self._events:
            self._wait(self._sorted())
        if self._waiting:
            new = _together(self._waiting)
            self._waiting, self._n_waiting = [], 0
            # What is done was sorted long ago: only combinations are merged.
            self._done = new if self._done is None else _together([self._done, new])
        return self._done or _Run(np.zeros(0, dtype=np.int64))


def _bits(key: Ints, shift: int, width: int | None) -> Ints:
    """Take a number out of packed ones: so many bits from the given one on, None for all."""
    bits = key >> shift
    if width is not None:
        bits &= (1 << width) - 1
    return bits


class _Run(NamedTuple):
    """Packed combinations, how many events each is (None: one), and their weight (None: as many).

    Events as they come are neither counted nor weighed: most are, and it is half of the work.
    """

    key: Ints
    n: Ints | None = None
    weight: Floats | None = None

    @property
    def counts(self) -> Ints:
        return np.ones(len(self.key), dtype=np.int64) if self.n is None else self.n

    @property
    def weights(self) -> Floats:
        return self.counts.astype(np.float64) if self.weight is None else self.weight


def _together(runs: Sequence[_Run]) -> _Run:
    """Add up the counts and weights of equal keys; the keys come sorted, each once."""
    key = np.concatenate([run.key for run in runs])
    if all(run.n is None and run.weight is None for run in runs):
        key.sort(kind="stable")  # which joins runs that are sorted instead of sorting again
        first = _first_of_equals(key)
        n = np.empty_like(first)
        np.subtract(first[1:], first[:-1], out=n[:-1])
        n[-1:] = len(key) - first[-1:]
        return _Run(key[first], n)
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = _first_of_equals(key)
    n = np.add.reduceat(np.concatenate([run.counts for run in runs])[order], first)
    if all(run.weight is None for run in runs):
        return _Run(key[first], n)
    weight = np.concatenate([run.weights for run in runs])
    return _Run(key[first], n, np.add.reduceat(weight[order], first))


def _first_of_equals(key: Ints) -> Ints:
    """Give where each value begins among sorted ones."""
    begins = np.ones(len(key), dtype=bool)
    np.not_equal(key[1:], key[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def _in_batches(between: Between) -> Iterator[Ints]:
    """Give the positions of events that are to be spread, so many that memory stays bounded."""
    at = np.flatnonzero(between.needed)
    start, end = between.start[at], between.end[at]
    hours = (end - start) // np.timedelta64(1, "h") + 2
    months = end.astype("datetime64[M]") - start.astype("datetime64[M]")
    reach = np.cumsum(np.minimum(hours, (months.astype(np.int64) + 1) * HOURS))
    last = reach[-1] if len(reach) else 0
    cuts = np.searchsorted(reach, np.arange(_MOST_SHARES, last, _MOST_SHARES))
    yield from (part for part in np.split(at, cuts) if len(part))
