"""Layers in, one situation out: lays the cells, counts, and has every map made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.calendar import months_unnamed
from geo.cells import Cells, lattice_cells
from geo.errors import LagesbildError, Problem
from geo.exposure import spread_over_cells
from geo.extent import suggest_cell_size
from geo.grid import Grid, GridKind
from geo.months import UNKNOWN_MONTH, month_text
from geo.note import Note
from layers.project import PageWish
from maps import bathing
from maps.counting import Everything, presence, presence_cube
from maps.history import follow
from maps.naming import Gazetteer
from maps.situation import ALL, Situation, View
from maps.streets import roads_of
from maps.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geo.calendar import Period
    from geo.cube import Cube
    from layers.layer import Category, Events, Layer, Report

    Floats = NDArray[np.float64]
    Tell = Callable[[str], None]

_ELSEWHERE = 0.1
"""The part of the inhabitants that is taken to be anywhere in the area."""


@dataclass(frozen=True, eq=False)
class Wish:
    """What is asked of the analysis. ``None`` means: chosen from the data, and said.

    ``methods`` maps names of methods, in order, to their parameters. ``cells`` replaces the grid
    by polygons that someone drew. ``month`` is the month of the meeting, ``window_months`` the
    length of the period of the statistics that ends with it; None takes all dates. ``exposure`` is
    a layer of inhabitants that events are measured against instead of ground. ``seed`` rules all
    randomness.
    """

    grid: GridKind = "square"
    cell_size: float | None = None
    cells: Cells | None = None
    month: int | None = None
    window_months: int | None = 12
    methods: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"gi_star": {}})
    reach_m: float = 500.0
    exposure: Layer | None = None
    stability: bool = True
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Frame:
    """What surrounds the analysis: whose picture it is, and the ground it is on.

    ``reports`` tell of sources that are no layer of the picture, as the area's polygon is.
    ``school_holidays`` are those by which the events are marked (``Layer.with_holidays``).
    ``weather`` holds numbers by their name and day (``layers.weather``).
    """

    title: str
    municipality: str
    crs: int
    area: BaseGeometry
    area_name: str
    notice: str = ""
    categories: Mapping[str, Category] = field(default_factory=dict)
    families: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    reports: tuple[Report, ...] = ()
    school_holidays: tuple[Period, ...] = ()
    weather: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    page: PageWish = field(default_factory=PageWish)


def assemble(
    frame: Frame,
    wish: Wish,
    layers: Sequence[Layer],
    background: Sequence[Layer] = (),
    events: Sequence[Events] = (),
    tell: Tell = lambda _: None,
) -> Situation:
    """Put the picture together.

    ``events`` are counted besides those of the layers (a plain table has events and no layer).
    Raises ``LagesbildError`` where nothing can be counted in the month that is asked for.
    """
    notes = list(frame.notes)
    tell("cells")
    cells = wish.cells if wish.cells is not None else _lay(frame, wish, notes)
    tell("counting")
    everything = Everything.of([*_events_of(layers), *events], cells)
    cube = everything.cube
    month, months, window = _period(cube, wish, notes)
    if cube.beside:
        notes.append(Note("beside_area", {"n": cube.beside}))
    undated = int(cube.n[cube.month == UNKNOWN_MONTH].sum())
    if undated and window is not None:
        notes.append(Note("undated", {"n": undated}, "warning"))
    if everything.holidays is not None and window is not None:
        notes += _holidays_cover(frame.school_holidays, window)
    exposure = None if wish.exposure is None else exposure_of(wish.exposure, cells, notes)
    views = Views(
        frame=frame,
        wish=wish,
        cells=cells,
        everything=everything,
        month=month,
        months=months,
        window=window,
        gazetteer=Gazetteer.of(layers, background),
        patrols=presence(layers, window),
        exposure=exposure,
        sites=bathing.sites(layers),
        roads=roads_of(background),
    )
    found: list[View] = []
    used: dict[str, Mapping[str, Any]] = {}
    for family in (ALL, *views.families_by_count()):
        tell(family)
        found.append(views.view(family, used))
    past = follow(views, found)
    notes += past.notes
    joint = found[0].facts.get("joint", {})
    settings = {
        **frame.settings,
        "grid": _grid_settings(cells),
        "period": {"month": month_text(month), "months": [month_text(m) for m in months]},
        "reach_m": wish.reach_m,
        "sites_reach_m": used.get("joint", {}).get("reach_m", wish.reach_m),
        "sites_by": joint.get("by", "ground"),
        "exposure": None if wish.exposure is None else wish.exposure.name,
        "methods": used,
    }
    return Situation(
        title=frame.title,
        municipality=frame.municipality,
        notice=frame.notice,
        month=month,
        months=months,
        crs=frame.crs,
        area=frame.area,
        area_name=frame.area_name,
        cells=cells,
        views=past.views,
        layers=bathing.with_findings(
            layers, joint.get("sites", {}), cells, reach_m=settings["sites_reach_m"], months=months
        ),
        background=tuple(background),
        categories=frame.categories,
        families=frame.families,
        reports=(*frame.reports, *(layer.report for layer in (*layers, *background))),
        cube=cube,
        notes=tuple(notes),
        settings=settings,
        holidays=everything.holidays,
        presence=presence_cube(layers, cells),
        exposure=exposure,
        page=frame.page,
        history=past.told,
    )


def _lay(frame: Frame, wish: Wish, notes: list[Note]) -> Cells:
    size = wish.cell_size
    if size is None:
        size = suggest_cell_size(frame.area)
        notes.append(Note("cell_size_chosen", {"size": size, "kind": wish.grid}))
    return lattice_cells(Grid(wish.grid, size), frame.area)


def _grid_settings(cells: Cells) -> Mapping[str, Any]:
    if cells.grid is None:
        return {"kind": "drawn", "cells": len(cells)}
    return {"kind": cells.grid.kind, "cell_size": cells.grid.size, "cells": len(cells)}


def _period(
    cube: Cube, wish: Wish, notes: list[Note]
) -> tuple[int, tuple[int, int], tuple[int, int] | None]:
    """Choose the month of the meeting, the months shown, and those selected (None: every event)."""
    span = cube.span
    if span is None:
        if wish.window_months is not None and cube.total:
            raise LagesbildError(
                "no event has a date, so there is no month to show",
                (Problem("[[layers]]", "events without dates", "name the column of dates: time"),),
            )
        return 0, (0, 0), None
    if wish.window_months is None:
        return span[1], span, None
    month = wish.month
    if month is None:
        month = span[1]
        notes.append(Note("month_chosen", {"month": month_text(month)}))
    months = (month - wish.window_months + 1, month)
    if month < span[0] or months[0] > span[1]:
        raise LagesbildError(
            f"no event lies in the period {month_text(months[0])} to {month_text(month)}",
            (
                Problem(
                    "--month",
                    f"expected a month with events, found {month_text(month)}",
                    f"events run from {month_text(span[0])} to {month_text(span[1])}",
                ),
            ),
        )
    if month > span[1]:
        notes.append(Note("beyond_data", {"month": month_text(span[1])}, "warning"))
    if months[0] < span[0]:
        reach = month - span[0] + 1
        notes.append(Note("short_period", {"n": reach, "wanted": wish.window_months}, "warning"))
        months = (span[0], month)
    return month, months, months


def _holidays_cover(periods: Sequence[Period], window: tuple[int, int]) -> list[Note]:
    """Say which part of the period has no school holidays named: there, no day is surely school."""
    unnamed = months_unnamed(window, periods)
    if not unnamed:
        return []
    runs = np.split(unnamed, np.flatnonzero(np.diff(unnamed) > 1) + 1)
    texts = [
        month_text(run[0]) + (f"–{month_text(run[-1])}" if len(run) > 1 else "") for run in runs
    ]
    return [Note("school_holidays_cover", {"months": ", ".join(texts)})]


def _events_of(layers: Sequence[Layer]) -> list[Events]:
    return [layer.events for layer in layers if layer.events is not None]


def exposure_of(layer: Layer, cells: Cells, notes: list[Note]) -> Floats:
    """Spread inhabitants over the cells, and a part of them evenly over all ground.

    People are also where nobody lives: without that part one report in a forest would be beyond
    all chance.
    """
    people = layer.table["population"].to_numpy(dtype=np.float64)
    spread = spread_over_cells(layer.geometry, people, cells)
    inside = float(spread.per_cell.sum())
    if not inside > 0:
        raise LagesbildError(
            f"nobody lives in the area, by {layer.report.path}",
            (Problem(layer.report.path, "expected inhabitants within the area, found none"),),
        )
    values = {"n": round(inside), "outside": round(spread.outside), "percent": 100 * _ELSEWHERE}
    notes.append(Note("exposure_used", values))
    even = cells.area_m2 / cells.area_m2.sum()
    return np.asarray((1 - _ELSEWHERE) * spread.per_cell + _ELSEWHERE * inside * even)
