"""What a method is given, what it answers, and how it declares itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.cube import Cube
    from geo.days import Days
    from geo.note import Note
    from geo.schema import Column

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Points:
    """Events as coordinates in metres with weights, for methods that look inside the cells.

    ``day`` numbers local days from 1970-01-01 on (``UNKNOWN_DAY`` where the date is not known to
    within a day), ``hour`` is the hour of the week; each None where nobody can ask for it.
    """

    x: Floats
    y: Floats
    weight: Floats
    day: NDArray[np.int32] | None = None
    hour: NDArray[np.int16] | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Roads:
    """The lines along which people move, metres; ``names`` are parallel, "" where there is none."""

    geometry: NDArray[np.object_]
    names: NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a method sees: counts and weights per cell of the study area, and the points if asked.

    ``n`` and ``weight`` have one entry per cell, empty cells as zeros, over the period of the
    statistics. ``area`` (metres) is the study area, where it is known. ``exposure`` (one entry per
    cell, not negative) is what events are measured against: inhabitants, say; without it, ground.
    ``cube`` holds this map's events of all months, also those before the period; ``months`` are
    the first and last month of the period (``geo.months``); both None where no event has a date.
    ``known`` are the months in which all the data, whatever the family, hold an event: in others
    nothing is known, which is not that nothing happened. None: taken from this map's own span.
    ``families`` are the period's counts per cell of every family that occurs, ``sites`` the places
    beside which trouble is looked for (bathing sites). ``roads`` and ``days`` (what each day of the
    period was like) are there for methods that ask for them. ``seed`` rules all randomness.
    """

    cells: Cells
    n: Ints
    weight: Floats
    points: Points | None = None
    area: BaseGeometry | None = None
    exposure: Floats | None = None
    cube: Cube | None = None
    months: tuple[int, int] | None = None
    known: frozenset[int] | None = None
    families: Mapping[str, Ints] = field(default_factory=dict)
    sites: Points | None = None
    roads: Roads | None = None
    days: Days | None = None
    seed: int = 1

    @property
    def known_months(self) -> Collection[int]:
        """The months of which something is known; from the first event here to the last if untold.

        Empty where no event here has a date.
        """
        if self.cube is None or self.cube.span is None:
            return ()
        return self.known or range(self.cube.span[0], self.cube.span[1] + 1)

    @property
    def share(self) -> Floats:
        """The part of the events that each cell would hold if nothing stood out; sums to 1."""
        held = self.cells.area_m2 if self.exposure is None else self.exposure
        return np.asarray(held / max(float(held.sum()), 1e-300), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Cluster:
    """A place that a method found as a whole, not cell by cell; centre (x, y) in metres.

    ``cells`` are positions, empty cells among them. ``n`` events were ``expected`` to be fewer;
    ``score`` is the method's own measure (a scan's log likelihood ratio). ``months`` are the first
    and last month in which it holds (None: the whole period), ``days`` the first and last day
    where it holds for days. ``recurrence_months`` is how often chance alone would show as much if
    one looked every month. ``shape`` is its outline, metres. ``street`` names the road that it is.
    """

    cells: Ints
    x: float
    y: float
    n: int
    expected: float
    p: float
    score: float
    shape: BaseGeometry
    radius_m: float | None = None
    months: tuple[int, int] | None = None
    recurrence_months: float | None = None
    significant: bool = True
    days: tuple[date, date] | None = None
    street: str = ""


@dataclass(frozen=True, eq=False)
class Streets:
    """Short pieces of road (lixels) and what was found on each; parallel arrays.

    ``geometry`` are lines in metres of ``length_m``, ``names`` those of their roads ("" where there
    is none). ``n`` counts the events on the piece itself, ``density`` is events per km of road as
    the kernel spreads them; ``p`` and ``q`` tell whether chance explains what lies within the
    bandwidth, ``hot`` what is claimed.
    """

    geometry: NDArray[np.object_]
    names: NDArray[np.object_]
    length_m: Floats
    n: Ints
    density: Floats
    p: Floats
    q: Floats
    hot: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Result:
    """A method's answer: one array per column, parallel to the cells.

    ``hot`` marks the cells for which a hotspot is claimed (None where the method claims nothing,
    as a plain count does); ``p`` and ``q`` go with it. ``enough`` is False where the data cannot
    carry a claim; then ``hot`` is all False and a note says why. ``clusters`` are for methods that
    find places as a whole, the strongest first; then these are the hotspots, else the contiguous
    groups of ``hot``. ``streets`` are for methods that measure along roads. ``facts`` are numbers
    about the whole map, by name.
    """

    columns: Mapping[str, NDArray[Any]]
    hot: NDArray[np.bool_] | None = None
    p: Floats | None = None
    q: Floats | None = None
    enough: bool = True
    notes: tuple[Note, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    streets: Streets | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    used: Mapping[str, Any] = field(default_factory=dict)
    """Every parameter as it was used, chosen values included."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a method; ``None`` as default means: chosen from the data, and said."""

    name: str
    kind: Literal["real", "integer", "choice", "yes/no", "text"]
    default: float | int | str | bool | None
    help: str
    choices: tuple[str, ...] = ()
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its name, what it promises in a sentence, its source, settings and columns.

    ``together`` marks a method that compares families: it is asked once, for the map of them all.
    ``by_family`` marks one that needs the counts of every family; ``by_month`` one that compares
    months, which events drawn anew for a period do not have. ``own`` names the parameters that
    each map chooses for itself: not handed on from the first map. ``resamples``: its answer can be
    tried again on events drawn with replacement; copies of one event are no cluster.
    ``needs_points``, ``needs_roads`` and ``needs_days`` say what ``Evidence`` must bring;
    ``points_for`` tells of settings whether they make use of the points (None: all do).
    ``families`` are those for which a project asks it (none named: every one, and all together).
    ``score`` is the column by which it ranks cells where the next events are expected (the highest
    first), "" for a method that ranks nothing; ``variants`` are settings worth comparing.
    ``at_once`` gives the scores of several months (months x cells), each from the months before it
    alone, where that is cheaper than asking ``run`` month by month: it is handed the evidence that
    ends before the last of them, the months in order, and settings.
    """

    name: str
    summary: str
    source: str
    columns: tuple[Column, ...]
    run: Callable[..., Result]
    parameters: tuple[Parameter, ...] = ()
    needs_points: bool = False
    points_for: Callable[[Mapping[str, Any]], bool] | None = None
    needs_roads: bool = False
    needs_days: bool = False
    families: tuple[str, ...] = ()
    score: str = ""
    variants: tuple[Mapping[str, Any], ...] = ({},)
    at_once: Callable[..., Floats] | None = None
    together: bool = False
    by_family: bool = False
    by_month: bool = False
    own: tuple[str, ...] = ()
    resamples: bool = True
    order: int = 100

    def uses_points(self, settings: Mapping[str, Any]) -> bool:
        """Say whether it looks at single points when asked with these settings."""
        return self.needs_points and (self.points_for is None or self.points_for(settings))
