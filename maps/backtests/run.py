"""Whole back-tests: a project or a plain table in, a course and a folder of results out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import shapely

from geo.backtest import LEAST_MONTHS, origins
from geo.errors import LagesbildError, Problem
from geo.months import parse_month
from geo.note import Note
from layers.project import load_project
from layers.reading import checksum, read_project_layers, refuse_unusable
from maps.assemble import exposure_of
from maps.backtests.course import Course, Wanted, chosen, compare, known_months
from maps.backtests.page import FILES, write_page, write_plot
from maps.backtests.tables import write_csv, write_json
from maps.projects import hull_around, open_within, without_water
from maps.publish import publish
from maps.situation import ALL
from maps.streets import roads_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from layers.layer import Layer
    from layers.project import Project

    Tell = Callable[[str], None]


def run(
    source: Path,
    tell: Tell,
    *,
    cell_sizes: Sequence[float] = (),
    budget: float | None = None,
    window: int | None = None,
    month: str | None = None,
    family: str | None = None,
    overrides: Sequence[str] = (),
    area: Path | None = None,
    crs: int | None = None,
    **columns: str | None,
) -> tuple[Course, Path | None, str]:
    """Back-test a project or a table; give the course, where its results belong, and its language.

    Raises ``LagesbildError`` where a wish does not go with the source, and where no month can be
    foretold.
    """
    of_table = {"area": area, "crs": crs, **columns}
    of_project = {"family": family, "set": overrides}
    is_project = source.suffix.lower() == ".toml"
    foreign = of_table if is_project else of_project
    kind = "a table of events" if is_project else "a project"
    problems = [
        Problem(f"--{name}", f"it is for {kind}", "leave it out")
        for name, value in foreign.items()
        if value
    ]
    problems += [
        Problem(name, f"expected more than 0, found {value:g}")
        for name, values in (
            ("--cell-size", cell_sizes),
            ("--budget", [budget]),
            ("--window", [window]),
        )
        for value in values
        if value is not None and value <= 0
    ]
    last = None
    try:
        last = parse_month(month) if month else None
    except ValueError as error:
        problems.append(Problem("--month", str(error)))
    if problems:
        raise LagesbildError("the back-test cannot be made so", tuple(problems))
    wanted = Wanted(
        cell_sizes=tuple(cell_sizes),
        budget_m2=None if budget is None else budget * 1e6,
        window_months=window or 12,
        month=last,
        family=family or ALL,
    )
    if not is_project:
        return backtest_table(source, wanted, tell, area=area, crs=crs, **columns), None, "sv"
    project = load_project(source, overrides)
    if window is not None:
        project = replace(project, window_months=window)
    layers = read_project_layers(project, tell)
    refuse_unusable(layers)
    course = backtest_project(project, layers, wanted, tell)
    return course, project.folder / "out" / "backtest", project.language


def backtest_project(
    project: Project,
    layers: Sequence[Layer],
    wanted: Wanted,
    tell: Tell,
    *,
    ground: BaseGeometry | None = None,
) -> Course:
    """Back-test a project's events in its own area, with its own window, grid and promise.

    What ``wanted`` says of cell sizes, budget, family and month goes before. Raises
    ``LagesbildError`` where a family is named that no event is of.
    """
    area = next(layer for layer in layers if layer.kind == "area")
    if ground is None:
        ground = without_water(shapely.union_all(area.geometry), project, layers)
    events = [layer.events for layer in layers if layer.events is not None]
    categories = {name for part in events for name in part.categories}
    families = {name: project.categories[name].family for name in categories}
    if wanted.family not in (ALL, *families.values()):
        found = ", ".join(sorted(set(families.values()))) or "none"
        what = f"expected one of {found}, found {wanted.family!r}"
        raise LagesbildError("there are no events of that family", (Problem("--family", what),))
    people = next((one for one in layers if one.name == project.hotspots.exposure), None)
    size = project.grid.cell_size
    wanted = replace(
        wanted,
        cell_sizes=wanted.cell_sizes or (() if size is None else (size / 2, size, size * 2)),
        promise_minutes=project.promise_minutes,
        window_months=project.window_months,
        grid=project.grid.kind,
        parameters=project.methods,
        seed=project.seed,
    )
    return compare(
        project.title,
        events,
        ground,
        project.crs,
        wanted,
        family_of=lambda name: families[name],
        exposure=None if people is None else lambda cells: exposure_of(people, cells, []),
        roads=roads_of([layer for layer in layers if layer.kind == "background"]),
        inputs=tuple((one.report.path, one.report.sha256) for one in layers if one.report.sha256),
        tell=tell,
    )


def backtest_table(
    path: Path,
    wanted: Wanted,
    tell: Tell,
    *,
    area: Path | None,
    crs: int | None,
    **columns: str | None,
) -> Course:
    """Back-test the events of one table; the area is that of a file, else the events' own hull."""
    from layers.polygons import read_polygons  # noqa: PLC0415 - a project does not need it

    drawn = None if area is None else read_polygons(area, crs)
    tell(f"reading {path.name}")
    stream = open_within(path, drawn, crs, **columns)
    events = list(stream.batches())
    notes: list[Note] = list(stream.notes)
    if drawn is None:
        ground = hull_around(events)
        notes.append(Note("hull_used", level="warning"))
    else:
        ground = shapely.union_all(drawn.geometry)
    inputs = tuple((one.name, checksum(one)) for one in (path, area) if one is not None)
    course = compare(
        path.name.split(".")[0], events, ground, stream.epsg, wanted, inputs=inputs, tell=tell
    )
    return replace(course, notes=(*notes, *course.notes))


def deliver(course: Course, folder: Path, language: str) -> None:
    """Write page, tables and plot into a folder, whole or not at all."""

    def write(new: Path) -> None:
        write_page(course, new / "backtest.html", language)
        write_csv(course, new / "backtest.csv")
        write_json(course, new / "backtest.json")
        write_plot(course, new / "backtest.svg", language)

    publish(folder, write, ours=FILES)


@dataclass(frozen=True, eq=False)
class Choice:
    """What ``method = "auto"`` came to: what comes before the project's methods, and why."""

    methods: Mapping[str, Mapping[str, Any]]
    cell_size: float | None
    notes: tuple[Note, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


def choose(
    project: Project, layers: Sequence[Layer], ground: BaseGeometry, month: int | None, tell: Tell
) -> Choice:
    """Choose by back-test how a project's ground is ranked, from the months up to the meeting's.

    Gi* stays where the data are too short. The cell size is chosen too where the project names
    none. Roads are left aside: what is chosen must answer on the map of all events.
    """
    size = project.grid.cell_size
    events = [layer.events for layer in layers if layer.events is not None]
    known = known_months(events, month)
    if len(origins(known, window=project.window_months)) < LEAST_MONTHS:
        note = Note("auto_too_short", {"n": len(known)}, "warning")
        return Choice({"gi_star": project.methods.get("gi_star", {})}, size, (note,))
    shown = [layer for layer in layers if layer.kind != "background"]
    wanted = Wanted(cell_sizes=() if size is None else (size,), month=month)
    course = backtest_project(project, shown, wanted, tell, ground=ground)
    by, cell_size = chosen(course)
    own = project.methods.get("target", {})
    settings = {**own, "by": by, "budget_m2": own.get("budget_m2", course.budget_m2)}
    warnings = tuple(note for note in course.notes if note.key == "backtest_few_hits")
    verdict = course.comparison.verdict
    return Choice(
        {"target": settings},
        cell_size,
        (Note("auto_chosen", {"ranking": by, "size": cell_size}), course.sentence, *warnings),
        {
            "by": by,
            "cell_size": cell_size,
            "beats_count": verdict.winner is not None,
            "best_gain": verdict.gain,
            "p": verdict.p,
        },
    )
