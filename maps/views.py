"""One map: asks the methods, and names, measures and ranks the places that they point out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from geo.days import days_of
from geo.hotspots import (
    Cluster,
    Evidence,
    Method,
    Points,
    Result,
    Roads,
    Streets,
    methods,
)
from geo.hotspots.change import compare_places
from geo.hotspots.claims import rerun_cost
from geo.months import HOURS, UNKNOWN_DAY, UNKNOWN_HOUR, UNKNOWN_MONTH
from geo.places import Block, busiest_blocks, compare_two, contiguous
from geo.rhythm import stands_out, week_of
from geo.stability import MOST_CELLS, Layouts, stability
from maps.naming import Gazetteer, tell_apart
from maps.situation import ALL, Alert, Change, Hotspot, Peak, Stability, View
from maps.tally import Tallied, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from geo.cube import Cube
    from geo.days import Days
    from geo.note import Note
    from maps.assemble import Frame, Wish
    from maps.counting import Everything
    from maps.situation import PlaceName, Trend

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_MOST_POINTS = 300
_POINT_STEP_M = 100.0
_MOST_NEAR = 3
_FEWEST_WITH_HOUR = 30
"""A place with fewer events whose hour is known has too few to tell its hours from the map's."""
_LEAST_P = 1e-300
"""No p-value is nought; far out they only become too small to write."""


@dataclass(frozen=True, eq=False)
class Claim:
    """What a method claims on one map, and how it is asked again."""

    method: Method
    settings: Mapping[str, Any]
    evidence: Evidence
    result: Result
    alerts: Sequence[Alert]
    wanted: Sequence[str]
    history: Cube

    @cached_property
    def share(self) -> Floats:
        """The part of the events that each cell would hold if nothing stood out."""
        return self.evidence.share

    @cached_property
    def total(self) -> int:
        """The events of the period."""
        return int(self.evidence.n.sum())

    @property
    def hot(self) -> NDArray[np.bool_]:
        """The cells for which something is claimed."""
        nothing = np.zeros(len(self.evidence.n), dtype=bool)
        return nothing if self.result.hot is None else self.result.hot

    @property
    def p(self) -> Floats:
        """The p-value of each cell; 1 where the method gives none."""
        return np.ones(len(self.evidence.n)) if self.result.p is None else self.result.p

    @property
    def q(self) -> Floats:
        """The q-value of each cell; 1 where the method gives none."""
        return np.ones(len(self.evidence.n)) if self.result.q is None else self.result.q

    def places(self) -> list[tuple[Ints, Alert | None]]:
        """Give each place as positions of cells that hold events; no cell is in two of them.

        With it, what the method found there as a whole, for a method that finds places so.
        """
        found: list[tuple[Ints, Alert | None]]
        if self.result.clusters:
            found = [(alert.cells, alert) for alert in self.alerts if alert.significant]
        else:
            groups = contiguous(self.hot, self.evidence.cells.neighbours)
            found = [(group, None) for group in groups]
        # Empty cells hold a place together; the place is where its events are.
        free = self.evidence.n > 0
        places = []
        for group, alert in found:
            own = group[free[group]]
            free[own] = False
            if len(own):
                places.append((own, alert))
        return places


@dataclass(frozen=True, eq=False)
class Views:
    """What every map of one situation is made from, and the making of each."""

    frame: Frame
    wish: Wish
    cells: Cells
    everything: Everything
    month: int
    months: tuple[int, int]
    window: tuple[int, int] | None
    gazetteer: Gazetteer
    patrols: tuple[Floats, Floats, Floats] | None
    exposure: Floats | None
    sites: Points | None
    roads: Roads | None

    @cached_property
    def days(self) -> Days | None:
        """What each day of the period was like; None where no event has a date."""
        if self.window is None and not self.month:
            return None
        first, last = self.window or self.months
        middle = shapely.centroid(self.frame.area)
        to_degrees = pyproj.Transformer.from_crs(self.frame.crs, 4326, always_xy=True)
        lon, lat = to_degrees.transform(middle.x, middle.y)
        return days_of(
            (first, last),
            lon=lon,
            lat=lat,
            school=self.frame.school_holidays,
            weather=self.frame.weather,
        )

    @cached_property
    def layouts(self) -> Layouts | None:
        """The other grids on which hotspots are tried again."""
        grid = self.cells.grid
        return None if grid is None else Layouts(self.frame.area, grid)

    @cached_property
    def families(self) -> Mapping[str, Ints]:
        """Count the period's events per cell for every family that occurs."""
        part = self.everything.cube.select(months=self.window)
        counts: dict[str, Ints] = {}
        for category in part.categories:
            n, _ = part.select(categories=[category]).per_cell()
            if n.any():
                family = self.family_of(category)
                counts[family] = counts[family] + n if family in counts else n
        return counts

    @cached_property
    def known(self) -> frozenset[int]:
        """The months of which something is known: those in which any event lies."""
        return frozenset(np.unique(self.everything.cube.month).tolist()) - {UNKNOWN_MONTH}

    def family_of(self, category: str) -> str:
        """Name the family of a category; one without is its own family."""
        known = self.frame.categories.get(category)
        return known.family if known else "other"

    def families_by_count(self, back: int = 0) -> list[str]:
        """List the families that occur in the period, most events first; none if there is one."""
        part = self.everything.cube.select(months=self._window(back))
        total: dict[str, int] = {}
        for category, n in zip(part.categories, part.per_category().tolist(), strict=True):
            if n:
                family = self.family_of(category)
                total[family] = total.get(family, 0) + n
        ordered = sorted(total, key=lambda family: (-total[family], family))
        return ordered if len(ordered) > 1 else []

    def view(self, family: str, used: dict[str, Mapping[str, Any]]) -> View:
        """Make one map. What the first map chose from the data, the others use too."""
        wanted, history = self.of_family(family)
        part = history.select(months=self.window)
        n, weight = part.per_cell()
        columns: dict[str, NDArray[Any]] = {"n": n, "weight": weight}
        notes: list[Note] = []
        facts: dict[str, Mapping[str, Any]] = {}
        streets: Streets | None = None
        alerts: list[Alert] = []
        limits: list[Note] = []
        claim: Claim | None = None
        for name, parameters in self.wish.methods.items():
            method = methods()[name]
            if not self._asks(method, family):
                continue
            first = name not in used
            settings = self._asked(method, parameters, used)
            evidence = self._evidence(history, method, wanted)
            result = method.run(evidence, **settings)
            used.setdefault(name, dict(result.used))
            columns.update(result.columns)
            if result.facts:
                facts[name] = result.facts
            streets = result.streets or streets
            found = self._alerts(family, name, result.clusters, history)
            alerts += found
            # What was chosen is said once; what limits the answer is said on every map.
            notes.extend(
                note
                for note in result.notes
                if (first or method.own) and note.level == "info" and note not in notes
            )
            warnings = [note for note in result.notes if note.level == "warning"]
            if result.hot is not None and claim is None:
                again = self._settings(method, used[name])
                claim = Claim(method, again, evidence, result, found, wanted, history)
                notes.extend(warnings)
            else:
                limits.extend(warnings)
        enough = claim.result.enough if claim is not None else True
        hotspots = () if claim is None else self._hotspots(family, claim, facts, notes)
        return View(
            family=family,
            n=int(n.sum()),
            columns=columns,
            hot=np.zeros(len(n), dtype=bool) if claim is None else claim.hot,
            enough=enough,
            hotspots=hotspots,
            points=np.zeros((0, 2)) if enough else self._rounded(wanted),
            notes=tuple(notes),
            tested=claim is not None,
            method="" if claim is None else claim.method.name,
            limits=tuple(limits),
            alerts=tuple(alerts),
            facts=facts,
            streets=streets,
        )

    def _asks(self, method: Method, family: str) -> bool:
        """Say whether a method is asked on a family's map; with no family, there is but one map."""
        if method.together:
            return family == ALL
        if not method.families or family in method.families:
            return True
        return family == ALL and not self.families_by_count()

    def claim(
        self, history: Cube, method: Method, used: dict[str, Mapping[str, Any]], back: int
    ) -> Claim:
        """Ask a method what it claims of a family's events in the period ``back`` months ago.

        ``used`` is what the first map of that month used, and is filled by it.
        """
        evidence = self._evidence(history, method, (), back)
        settings = self._asked(method, self.wish.methods[method.name], used)
        result = method.run(evidence, **settings)
        used.setdefault(method.name, dict(result.used))
        return Claim(method, settings, evidence, result, (), (), history)

    def _window(self, back: int) -> tuple[int, int] | None:
        """Give the period of the statistics, or that of ``back`` months ago."""
        return None if self.window is None else (self.window[0] - back, self.window[1] - back)

    def of_family(self, family: str) -> tuple[Sequence[str], Cube]:
        """Give a family's categories, and the cube of them over all months."""
        cube = self.everything.cube
        wanted = [c for c in cube.categories if family in (ALL, self.family_of(c))]
        return wanted, cube.select(categories=wanted)

    def _asked(
        self, method: Method, parameters: Mapping[str, Any], used: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Give a method's settings: on the first map as asked, on others as the first used them."""
        if method.name not in used:
            return self._settings(method, parameters)
        # What each map chooses for itself is asked of it as the project asks, or not at all.
        shared = {k: v for k, v in used[method.name].items() if k not in method.own}
        own = {name: parameters[name] for name in method.own if name in parameters}
        return self._settings(method, shared | own)

    def _settings(self, method: Method, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Give a method the parameters it declares; what is near is the same for all methods."""
        names = [parameter.name for parameter in method.parameters]
        told = {"reach_m": self.wish.reach_m, **asked}
        return {name: told[name] for name in names if name in told}

    def _evidence(
        self, history: Cube, method: Method, categories: Sequence[str], back: int = 0
    ) -> Evidence:
        """Gather what a method sees of some categories in the period, or ``back`` months ago."""
        window = self._window(back)
        dated = history.span is not None and self.month > 0
        n, weight = history.select(months=window).per_cell()
        return Evidence(
            self.cells,
            n,
            weight,
            points=self.everything.points(categories, window) if method.needs_points else None,
            area=self.frame.area,
            exposure=self.exposure,
            cube=history if dated else None,
            months=(self.months[0] - back, self.months[1] - back) if dated else None,
            known=self.known,
            families=self.families if method.by_family else {},
            sites=self.sites,
            roads=self.roads if method.needs_roads else None,
            days=self.days if method.needs_days else None,
            seed=self.wish.seed,
        )

    def _hot_before(self, claim: Claim) -> NDArray[np.bool_] | None:
        """Ask what was hot in the period that ended a month earlier; None if data start later."""
        span = self.everything.cube.span
        reaches = self.window is not None and span is not None and span[0] < self.window[0]
        points = claim.method.uses_points(claim.settings)
        if not reaches or points or claim.result.clusters:
            return None
        earlier = self._evidence(claim.history, claim.method, (), back=1)
        return claim.method.run(earlier, **claim.settings).hot

    def _rounded(self, categories: Sequence[str]) -> Floats:
        """Give the distinct places of events, to 100 m: enough for a map, too coarse for a door."""
        points = self.everything.points(categories, self.window)
        xy = np.column_stack([points.x, points.y])
        rounded = np.unique(np.round(xy / _POINT_STEP_M) * _POINT_STEP_M, axis=0)
        return rounded[:_MOST_POINTS]

    def _hotspots(
        self,
        family: str,
        claim: Claim,
        facts: Mapping[str, Mapping[str, Any]],
        notes: list[Note],
    ) -> tuple[Hotspot, ...]:
        """Name, measure and rank the places of a claim; adds what should be known about them."""
        places = claim.places()
        if not places:
            return ()
        groups = [own for own, _ in places]
        before = self._hot_before(claim)
        tally = Tally.of(groups, claim.history, claim.history.select(months=self.window))
        blocks = busiest_blocks(tally.hours[:, :HOURS].reshape(-1, 7, 24))
        changes = self._changes(tally, facts.get("change"))
        steady = self._stability(claim, groups, notes)
        hot_hours = self._hot_hours(claim, groups, facts.get("rhythm"))
        spots = []
        for i, (own, found) in enumerate(places):
            new = None if before is None else not bool(before[own].any())
            spot = self._hotspot(family, own, tally.of_group(i), blocks[i], claim)
            spot = replace(spot, new=new, change=changes[i], stability=steady[i])
            spot = replace(spot, hot_hours=hot_hours[i])
            spots.append(spot if found is None else _as_found(spot, found))
        spots.sort(key=_strength)
        spots = _with_gaps(spots)
        named = tell_apart([spot.place for spot in spots])
        return tuple(
            replace(spot, rank=rank, place=place)
            for rank, (spot, place) in enumerate(zip(spots, named, strict=True), 1)
        )

    def _hotspot(
        self,
        family: str,
        own: Ints,
        mine: Tallied,
        block: Block | None,
        claim: Claim,
    ) -> Hotspot:
        measured = self._measure(family, own, claim)
        hours = mine.hours[:HOURS].reshape(7, 24)
        by_category = _most_first(self.everything.cube.categories, mine.categories)
        by_family: dict[str, int] = {}
        for category, count in by_category:
            name = self.family_of(category)
            by_family[name] = by_family.get(name, 0) + count
        now, before, year = (self._in_month(mine, back) for back in (0, 1, 12))
        return Hotspot(
            **measured,
            categories=by_category,
            families=tuple(sorted(by_family.items(), key=lambda kv: (-kv[1], kv[0]))),
            hours=hours,
            unknown_hours=round(float(mine.hours[UNKNOWN_HOUR])),
            monthly=mine.mass_since(self.months[0], self.months[1]),
            peak=Peak(
                block.first_day,
                block.last_day,
                block.first_hour,
                block.last_hour,
                round(block.n),
                round(float(hours.sum())),
            )
            if block
            else None,
            n_month=now or 0,
            n_month_before=before,
            n_year_before=year,
            trend=_trend(now or 0, year if self.month in self.known else None),
            near=self.gazetteer.near(measured["geometry"], self.wish.reach_m, _MOST_NEAR),
            patrol_minutes=self._patrol_minutes(measured["geometry"]),
            gap_rank=None,
        )

    def spots(self, family: str, groups: Sequence[Ints], claim: Claim) -> list[dict[str, Any]]:
        """Measure, rank and name the places of a claim, with what every month tells of them."""
        spots = [self._measure(family, own, claim) for own in groups]
        spots.sort(
            key=lambda spot: (-_excess(spot["weight"], spot["expected"], spot["n"]), spot["id"])
        )
        named = tell_apart([spot["place"] for spot in spots])
        return [
            {**spot, "rank": rank, "place": place}
            for rank, (spot, place) in enumerate(zip(spots, named, strict=True), 1)
        ]

    def spot_id(self, family: str, own: Ints, n: Ints) -> str:
        """Give the id of a hotspot of these cells."""
        return f"{family}-{self.cells.ids[own[np.argmax(n[own])]]}"

    def _measure(self, family: str, own: Ints, claim: Claim) -> dict[str, Any]:
        cells, n = self.cells, claim.evidence.n
        best = own[np.argmin(claim.q[own])]
        count = int(n[own].sum())
        expected = claim.total * float(claim.share[own].sum())
        geometry = cells.union(own)
        x, y = (float(np.average(c[own], weights=n[own])) for c in (cells.x, cells.y))
        return {
            "id": self.spot_id(family, own, n),
            "family": family,
            "rank": 0,
            "place": self._place(family, geometry, x, y, str(cells.ids[own[np.argmax(n[own])]])),
            "cells": own,
            "geometry": geometry,
            "x": x,
            "y": y,
            "n": count,
            "weight": float(claim.evidence.weight[own].sum()),
            "expected": expected,
            "ratio": count / expected,
            "p": max(float(claim.p[best]), _LEAST_P),
            "q": max(float(claim.q[best]), _LEAST_P),
            "area_m2": float(cells.area_m2[own].sum()),
        }

    def _alerts(
        self, family: str, method: str, clusters: Sequence[Cluster], history: Cube
    ) -> tuple[Alert, ...]:
        """Name the places that a method found as a whole."""
        alerts = []
        for rank, found in enumerate(clusters, 1):
            chosen = np.zeros(len(self.cells), dtype=bool)
            chosen[found.cells] = True
            inside = history.select(months=found.months or self.window, cells=chosen)
            middle = found.cells[
                np.argmin(
                    np.hypot(
                        self.cells.x[found.cells] - found.x, self.cells.y[found.cells] - found.y
                    )
                )
            ]
            cell = str(self.cells.ids[middle])
            alerts.append(
                Alert(
                    id=f"{method}-{family}-{cell}",
                    method=method,
                    family=family,
                    rank=rank,
                    place=self._place(family, found.shape, found.x, found.y, cell, found.street),
                    cells=found.cells,
                    geometry=found.shape,
                    x=found.x,
                    y=found.y,
                    n=found.n,
                    expected=found.expected,
                    ratio=found.n / max(found.expected, _LEAST_P),
                    p=max(found.p, _LEAST_P),
                    score=found.score,
                    radius_m=found.radius_m,
                    months=found.months,
                    recurrence_months=found.recurrence_months,
                    categories=_most_first(history.categories, inside.per_category()),
                    near=self.gazetteer.near(found.shape, self.wish.reach_m, _MOST_NEAR),
                    significant=found.significant,
                    days=found.days,
                )
            )
        named = tell_apart([alert.place for alert in alerts])
        return tuple(
            replace(alert, place=place) for alert, place in zip(alerts, named, strict=True)
        )

    def _changes(self, tally: Tally, compared: Mapping[str, Any] | None) -> Sequence[Change | None]:
        """Compare each place's last months with its base months, as the map's cells were."""
        if compared is None:
            return [None] * len(tally.n)
        now = tally.within(*compared["months"])
        base = np.sum([tally.within(*period) for period in compared["base_months"]], axis=0)
        settings = {name: compared[name] for name in ("null_ratio", "alpha", "test")}
        found = compare_places(now, base, compared["days"], compared["base_days"], **settings)
        return [
            Change(
                n=int(n),
                base=float(found.expected[i]),
                ratio=float(found.ratio[i]),
                low=float(found.low[i]),
                high=float(found.high[i]),
                p=float(found.p[i]),
                q=float(found.q[i]),
                kind=str(found.label[i]),  # type: ignore[arg-type]  # one of four words
            )
            for i, n in enumerate(now)
        ]

    def _hot_hours(
        self, claim: Claim, groups: Sequence[Ints], rhythm: Mapping[str, Any] | None
    ) -> Sequence[NDArray[np.bool_] | None]:
        """Compare each place's hours with the whole map's, where the map's rhythm was asked for."""
        if rhythm is None:
            return [None] * len(groups)
        points = self.everything.points(claim.wanted, self.window)
        day, hour = points.day, points.hour
        if day is None or hour is None:
            return [None] * len(groups)
        timed = (day != UNKNOWN_DAY) & (hour != UNKNOWN_HOUR)
        cell = self.cells.locate(points.x[timed], points.y[timed])
        week, of_week = week_of(day[timed].astype(np.int64)), hour[timed].astype(np.int64)
        found: list[NDArray[np.bool_] | None] = []
        for own in groups:
            inside = np.isin(cell, own)
            enough = inside.sum() >= _FEWEST_WITH_HOUR
            found.append(stands_out(of_week, week, inside) if enough else None)
        return found

    def _stability(
        self, claim: Claim, groups: Sequence[Ints], notes: list[Note]
    ) -> Sequence[Stability | None]:
        """Ask how often each place comes back, of methods that answer from the period alone."""
        nothing = [None] * len(groups)
        asked = self.wish.stability and claim.method.resamples
        if not asked or claim.method.by_month or claim.method.together:
            return nothing
        points = claim.evidence.points
        if points is None and len(self.cells) <= MOST_CELLS:
            points = self.everything.points(claim.wanted, self.window)
        found = stability(
            lambda evidence: claim.method.run(evidence, **claim.settings),
            claim.evidence,
            groups,
            points=points,
            layouts=self.layouts,
            cost=rerun_cost(claim.result.used, claim.evidence),
        )
        notes.extend(found.notes)
        if not found.samples:
            return nothing
        return [
            Stability(
                float(found.bootstrap[i]),
                float(found.grids[i]) if found.layouts else None,
                str(found.label[i]),  # type: ignore[arg-type]  # one of three words
            )
            for i in range(len(groups))
        ]

    def _in_month(self, mine: Tallied, back: int) -> int | None:
        """Count the month that lies ``back`` months ago, where the data reach back that far."""
        month = self.month - back
        if back and month not in self.known:
            return None
        return int(mine.since(month, month)[0])

    def _place(
        self, family: str, geometry: BaseGeometry, x: float, y: float, cell: str, street: str = ""
    ) -> PlaceName:
        if street:
            return self.gazetteer.on_road(street, x, y)
        size = self.cells.grid.size if self.cells.grid else float(np.sqrt(geometry.area))
        return self.gazetteer.name(
            geometry, x, y, cell, slack_m=size / 2, roads_first=family == "traffic"
        )

    def _patrol_minutes(self, geometry: BaseGeometry) -> float | None:
        if self.patrols is None:
            return None
        x, y, minutes = self.patrols
        reach = shapely.buffer(geometry, self.wish.reach_m)
        shapely.prepare(reach)
        return float(minutes[shapely.contains_xy(reach, x, y)].sum())


def _as_found(spot: Hotspot, found: Alert) -> Hotspot:
    """Let a place that was found as a whole say what was found: its own count in its own time."""
    return replace(
        spot,
        n=found.n,
        expected=found.expected,
        ratio=found.ratio,
        p=found.p,
        q=found.p,
        found=found,
    )


def _strength(spot: Hotspot) -> tuple[float, str]:
    """Sort by how much more there is than expected, or as the method itself ranks its places."""
    if spot.found is not None:
        return (spot.found.rank, spot.id)
    return (-_excess(spot.weight, spot.expected, spot.n), spot.id)


def _excess(weight: float, expected: float, n: int) -> float:
    """Weigh what is beyond what was expected."""
    return weight * (1 - expected / n)


def _most_first(names: Sequence[str], n: Ints) -> tuple[tuple[str, int], ...]:
    pairs = [(name, int(count)) for name, count in zip(names, n, strict=True) if count]
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _trend(now: int, year: int | None) -> Trend:
    return "unknown" if year is None else compare_two(now, year)


def _with_gaps(spots: Sequence[Hotspot]) -> list[Hotspot]:
    """Rank by how far a place's share of the trouble exceeds its share of the presence."""
    events = sum(spot.n for spot in spots)
    minutes = sum(spot.patrol_minutes or 0.0 for spot in spots)
    if not spots or spots[0].patrol_minutes is None:
        return list(spots)

    def gap(spot: Hotspot) -> float:
        present = (spot.patrol_minutes or 0.0) / minutes if minutes else 0.0
        return spot.n / events - present

    order = sorted(range(len(spots)), key=lambda i: (-gap(spots[i]), i))
    rank = {i: r for r, i in enumerate(order, 1)}
    return [replace(spot, gap_rank=rank[i]) for i, spot in enumerate(spots)]
