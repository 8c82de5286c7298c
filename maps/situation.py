"""Joins layers and analysis into one value that holds everything a writer needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from layers.project import PageWish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.cube import Cube
    from geo.hotspots import Streets
    from geo.note import Note
    from layers.layer import Category, Layer, Report

ALL = "all"
"""The family that stands for all families together."""

Language = Literal["sv", "en"]
Compass = Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]
Trend = Literal["up", "down", "same", "few", "unknown"]
Steadiness = Literal["stable", "fairly", "fragile"]


@dataclass(frozen=True, slots=True)
class PlaceName:
    """What a hotspot is called, in parts, so that each language can join them.

    ``how`` is one of

    - ``at``: at or within ``base`` ("Lanna badgruva"),
    - ``part``: a part of ``base`` ("Fjugesta, norra delen"),
    - ``road``: on ``road`` by ``base`` ("E18 vid Lanna badgruva"),
    - ``from``: some way from ``base`` ("2 km SV om Mullhyttan"),
    - ``road_from``: both ("E18, 5 km V om Vintrosa"),
    - ``cell``: nothing is near, ``base`` is a cell's id.

    ``number`` tells apart places that would share a name (0 where none does).
    """

    how: Literal["at", "part", "road", "from", "road_from", "cell"]
    base: str
    compass: Compass | None = None
    distance_m: float | None = None
    road: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Peak:
    """The block of weekdays and hours in which a place's events are most concentrated.

    Days 0 (Monday) to 6 and hours 0 to 23, each a run that may wrap; ``last_hour`` is included,
    so 20 to 23 reads "20-24". ``n`` of the ``known`` events whose hour is known fall in it.
    """

    first_day: int
    last_day: int
    first_hour: int
    last_hour: int
    n: int
    known: int


@dataclass(frozen=True, slots=True)
class Near:
    """Something within reach of a hotspot, and how far (0 inside it)."""

    kind: str
    name: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Change:
    """How a place's last months compare with its base months (``geo.hotspots.change``).

    ``base`` is what the base months had, brought to as many days. ``ratio`` with its exact 95 %
    interval ``low`` to ``high`` (infinite where the base has none); ``p`` exact, ``q`` over the
    map's hotspots. ``kind`` is ``few`` where no outcome could tell.
    """

    n: int
    base: float
    ratio: float
    low: float
    high: float
    p: float
    q: float
    kind: Literal["up", "down", "same", "few"]


@dataclass(frozen=True, slots=True)
class Stability:
    """In what share of resampled events, and of shifted or turned grids, a hotspot comes back.

    ``grids`` is None where the cells were drawn by someone. See ``geo.stability``.
    """

    bootstrap: float
    grids: float | None
    kind: Steadiness


@dataclass(frozen=True, eq=False)
class Alert:
    """A place that a method found as a whole: a scan's cluster, or a group of points. Metres.

    ``months`` are the first and last month in which it holds, ``days`` the first and last day where
    it holds for days, ``recurrence_months`` how often chance alone would show as much if one looked
    every month; each None where it plays no part.
    ``significant`` is False for what is told only to say that it may be chance.
    """

    id: str
    method: str
    family: str
    rank: int
    place: PlaceName
    cells: NDArray[np.int64]
    geometry: BaseGeometry
    x: float
    y: float
    n: int
    expected: float
    ratio: float
    p: float
    score: float
    radius_m: float | None
    months: tuple[int, int] | None
    recurrence_months: float | None
    categories: tuple[tuple[str, int], ...]
    near: tuple[Near, ...]
    significant: bool
    days: tuple[date, date] | None = None


@dataclass(frozen=True, eq=False)
class Hotspot:
    """A contiguous place with more trouble than chance explains. Coordinates in metres.

    ``id`` is stable from month to month while its busiest cell stays (family and that cell's id);
    ``place_id`` while its ground does (``maps.history``): the ``id`` under which it was first seen.
    ``cells`` are positions in the situation's cells. ``expected`` is what the place would have if
    the family's events were spread evenly over the study area (or over its exposure, where the
    project names one), ``ratio`` is n / expected.
    ``hours`` is a 7 x 24 matrix (Monday first); ``monthly`` runs over ``Situation.months``. Both
    are whole unless events known from one time to another are spread over it (``geo.aoristic``).
    ``n_year_before`` is None where the data do not reach back.
    ``patrol_minutes`` is None when the project has no patrols; so is then ``gap_rank``. ``new``
    says that no part of it was a hotspot in the period that ended a month earlier; None where
    the data do not reach back that far. ``found`` is what a method found that finds places as a
    whole: then ``n``, ``expected``, ``ratio``, ``p`` and ``q`` are of its own months, while hours,
    months and categories are of the period. ``hot_hours`` (7 x 24) marks the hours that hold more
    than the whole map's explain. It, ``change`` and ``stability`` are None where they were not
    asked for or cannot be told.
    """

    id: str
    family: str
    rank: int
    place: PlaceName
    cells: NDArray[np.int64]
    geometry: BaseGeometry
    x: float
    y: float
    n: int
    weight: float
    expected: float
    ratio: float
    p: float
    q: float
    area_m2: float
    categories: tuple[tuple[str, int], ...]
    families: tuple[tuple[str, int], ...]
    hours: NDArray[np.float64]
    unknown_hours: int
    monthly: NDArray[np.float64]
    peak: Peak | None
    n_month: int
    n_month_before: int | None
    n_year_before: int | None
    trend: Trend
    near: tuple[Near, ...]
    patrol_minutes: float | None
    gap_rank: int | None
    new: bool | None = None
    found: Alert | None = None
    change: Change | None = None
    stability: Stability | None = None
    place_id: str = ""
    hot_hours: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Followed:
    """A hotspot as it was in one month: what the build of that month tells of it. Metres.

    ``id`` and the numbers are as in ``Hotspot``, of the period that ends with ``month``.
    ``place_id`` is the same in every month in which it is the same place; ``first_seen`` is the
    first of those, as far as the history reaches, and ``months_running`` counts the months without
    a break that end with this one.
    """

    month: int
    place_id: str
    id: str
    family: str
    rank: int
    place: PlaceName
    cells: NDArray[np.int64]
    geometry: BaseGeometry
    n: int
    expected: float
    ratio: float
    p: float
    q: float
    area_m2: float
    first_seen: int
    months_running: int


@dataclass(frozen=True, eq=False)
class View:
    """One map: all families together, or one of them, over the period of the statistics.

    ``columns`` holds ``n``, ``weight`` and every method's columns, parallel to the situation's
    cells. ``enough`` is False where the data cannot carry a claim: then there are no hotspots,
    ``notes`` say why, and ``points`` (x, y in metres, at most a few hundred) are what the map
    shows instead. ``points`` is empty when ``enough``. ``tested`` is False where no
    method was asked that points out places; ``method`` is the one whose hotspots these are.
    ``limits`` are the warnings of the methods that do not
    make the hotspots. ``alerts`` are places that methods found as
    a whole, the significant ones first; ``facts`` numbers about the whole map, by method.
    ``streets`` are pieces of road, where a method measured along roads.
    """

    family: str
    n: int
    columns: Mapping[str, NDArray[Any]]
    hot: NDArray[np.bool_]
    enough: bool
    hotspots: tuple[Hotspot, ...]
    points: NDArray[np.float64]
    notes: tuple[Note, ...]
    tested: bool = True
    limits: tuple[Note, ...] = ()
    alerts: tuple[Alert, ...] = ()
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    method: str = ""
    streets: Streets | None = None


@dataclass(frozen=True, eq=False)
class Situation:
    """Everything that a page, a GeoPackage or a table shows; writers compute nothing.

    ``month`` is the month of the meeting, ``months`` the first and last month of the period of
    the statistics, both included (month numbers of ``geo.months``; all 0 where no event of a
    plain table has a date). ``views`` starts with all
    families together. ``layers`` are drawn in their order; ``background`` below everything.
    ``notice`` is the project's own remark (user text), ``settings`` every parameter as used.
    ``holidays`` counts the events of school holidays alone, over the cells and categories of
    ``cube``; None where the project names none. ``presence`` is what patrols were there, where
    there are any; ``exposure`` is what events are measured against in each cell, where it is not
    ground; ``page`` what is wished of the page. ``history`` has the hotspots of each month from
    the earliest told to that of the meeting, by family (all first) and rank; empty where no
    earlier month is known.
    """

    title: str
    municipality: str
    notice: str
    month: int
    months: tuple[int, int]
    crs: int
    area: BaseGeometry
    area_name: str
    cells: Cells
    views: tuple[View, ...]
    layers: tuple[Layer, ...]
    background: tuple[Layer, ...]
    categories: Mapping[str, Category]
    families: Mapping[str, tuple[str | None, str | None]]
    reports: tuple[Report, ...]
    cube: Cube
    notes: tuple[Note, ...]
    settings: Mapping[str, Any]
    holidays: Cube | None = None
    presence: Cube | None = None
    exposure: NDArray[np.float64] | None = None
    page: PageWish = field(default_factory=PageWish)
    history: tuple[Followed, ...] = ()
