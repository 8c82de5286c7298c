"""Whole runs: a project or a plain table in, a folder or a file of results out."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geo.errors import LagesbildError, OutputError, Problem, ProjectError, SourceError
from geo.hotspots import methods
from geo.months import month_text
from geo.note import Note
from layers.layer import Report
from maps.publish import publish, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

    from geo.cells import Cells
    from layers.events import EventStream
    from layers.guess import FolderGuess
    from layers.layer import Category, Events, Layer
    from layers.polygons import Polygons
    from layers.project import PageWish, Project
    from maps.exports import Export
    from maps.situation import Situation

    Tell = Callable[[str], None]

_HERE = Path(__file__).parent
_TEMPLATE = _HERE / "templates" / "project"
PROJECT = "lagesbild.toml"
EXAMPLE = _HERE.parent / "examples" / "lekeberg"
_FILES = ("karta.html", "lagesbild.gpkg", "hotspots.csv", "left_out.csv", "manifest.json")
_BELOW = ("background", "places", "population")


def copy_example(directory: Path) -> Path:
    """Copy the Lekeberg example into a folder; give its project file. Own edits there are kept."""
    return _copy(EXAMPLE, directory, again=True)


def write_template(directory: Path) -> Path:
    """Write an empty project into a folder; give its project file.

    Raises ``OutputError`` where the folder holds a project already.
    """
    return _copy(_TEMPLATE, directory, again=False)


def holds_sources(directory: Path) -> bool:
    """Say whether a folder holds a file that may be a source."""
    from layers.look import files_of

    return directory.is_dir() and bool(files_of(directory, our_files()))


def our_files() -> set[str]:
    """Give the names of all files that a build may write."""
    from maps.exports import exports

    return {*_FILES, *(file for one in exports().values() for file in one.files)}


def explain(
    project: Project, layers: Sequence[Layer]
) -> tuple[Mapping[str, Sequence[Note]], Sequence[Note]]:
    """Explain what is guessed: what each layer looks like, by its name, and what holds for all."""
    from geo.extent import suggest_cell_size
    from geo.months import UNKNOWN_MONTH
    from layers.guess import judge
    from layers.look import files_of, look_into
    from layers.weather import read_weather

    read_weather(project.weather)  # raises where it cannot be used
    about: dict[str, list[Note]] = {}
    for settings in project.layers:
        with suppress(LagesbildError):
            areas = None
            if settings.areas is not None:
                areas = next(look_into(settings.areas, settings.layer))
            own_layer = None if areas else settings.layer
            look = next(look_into(settings.path, own_layer, settings.sheet))
            verdict, own = judge(look, settings.kind, areas)
            values = {"kind": settings.kind, "other": own.kind or ""}
            if verdict == "as told":
                why = "; ".join(own.signs) or "by its columns"
                about[settings.name] = [Note("looks_as_told", {**values, "why": why})]
            elif verdict == "otherwise":
                values["why"] = own.why
                about[settings.name] = [Note("looks_otherwise", values, "warning")]
    general: list[Note] = []
    area = layers[0]
    if project.grid.cell_size is None and len(area.geometry):
        size = suggest_cell_size(shapely.union_all(area.geometry))
        general.append(Note("cell_size_chosen", {"size": size, "kind": project.grid.kind}))
    months = [one.events.month for one in layers if one.events is not None and len(one.events)]
    dated = np.concatenate([np.zeros(0, np.int32), *months])
    dated = dated[dated != UNKNOWN_MONTH]
    if len(dated):
        general.append(Note("month_chosen", {"month": month_text(int(dated.max()))}))
    named = {project.area.path.resolve()} | {one.path.resolve() for one in project.layers}
    named |= {one.areas.resolve() for one in project.layers if one.areas is not None}
    named |= {path.resolve() for path in project.weather}
    there = files_of(project.folder, our_files())
    rest = [path.name for path in there if path.resolve() not in named]
    if rest:
        general.append(Note("files_unused", {"files": ", ".join(rest)}))
    return about, general


def start_project(directory: Path, tell: Tell) -> tuple[Path, FolderGuess]:
    """Write a first project for the files of a folder: what each seems to be, and why.

    Every file is read once with the project: a layer that cannot be used stands in it as a comment
    with the reason. Beside it comes the schema by which editors complete it. Raises ``OutputError``
    where the folder holds a project already.
    """
    from layers.guess import closest_category, guess_folder
    from layers.overlap import SAME
    from layers.project import load_project
    from layers.project_schema import SCHEMA_FILE, schema_text
    from layers.reading import read_project_layers
    from layers.starter import named, project_text

    project = directory / PROJECT
    with _writing_a_project(directory, again=False):
        tell(f"looking into {directory}")
        found = guess_folder(directory, our_files())
        template = (_TEMPLATE / PROJECT).read_text("utf-8")
        unusable: dict[str, str] = {}
        unknown: Counter[str] = Counter()

        def write(path: Path) -> None:
            name = directory.resolve().name
            text = project_text(
                found, template, municipality=name, unusable=unusable, unknown=unknown
            )
            path.write_text(text, "utf-8", newline="\n")

        if found.area is not None and found.layers:
            draft = directory / f".lagesbild-{secrets.token_hex(4)}.toml"
            try:
                write(draft)
                layers = read_project_layers(load_project(draft), tell)
            finally:
                draft.unlink(missing_ok=True)
            names = named(found.layers)
            for layer in layers:
                left = layer.left_out
                told = left.loc[left["reason"] == "unknown_category", "value"].dropna()
                again = [one for one in layer.report.notes if one.key == SAME]
                if layer.name in names and again:
                    unusable[layer.name] = f"its events stand in {again[0].values['other']} as well"
                    continue
                # Words that can be guessed make rows usable as soon as the project names them.
                if layer.report.problems and not any(closest_category(str(one)) for one in told):
                    unusable[layer.name] = "; ".join(one.what for one in layer.report.problems)
                unknown.update(str(word) for word in told)
        write(project)
        (directory / SCHEMA_FILE).write_text(schema_text(), "utf-8", newline="\n")
    return project, found


@contextmanager
def _writing_a_project(directory: Path, *, again: bool) -> Iterator[None]:
    project = directory / PROJECT
    if project.exists() and not again:
        raise OutputError(
            f"{directory} holds a project already",
            (Problem(str(project), "it is not overwritten", "name another folder"),),
        )
    try:
        yield
    except OSError as error:
        cure = "name a folder that you may write to"
        raise OutputError(
            f"{directory} cannot be written",
            (Problem(str(directory), str(error.strerror), cure),),
        ) from error


def _copy(source: Path, directory: Path, *, again: bool) -> Path:
    from layers.project_schema import SCHEMA_FILE, schema_text

    with _writing_a_project(directory, again=again):
        directory.mkdir(parents=True, exist_ok=True)
        for file in sorted(source.iterdir()):
            if file.is_file() and not (directory / file.name).exists():
                (directory / file.name).write_bytes(file.read_bytes())
        (directory / SCHEMA_FILE).write_text(schema_text(), "utf-8", newline="\n")
    return directory / PROJECT


def build_project(
    project: Project,
    layers: Sequence[Layer],
    month: int | None,
    out: Path | None,
    language: str | None,
    tell: Tell,
    *,
    formats: Sequence[str] = (),
    postgis: str | None = None,
) -> tuple[Situation, Path]:
    """Analyse a project's layers and write the whole result; give it and the folder it is in.

    ``formats`` and ``postgis`` are asked for besides what the project asks for. The database is
    the last to be written, in one transaction, and the folder is put in its place after it.
    """
    from maps.exports import chosen
    from maps.words import words

    wanted = chosen([*project.output.formats, *formats])
    schema = postgis or project.output.postgis
    ours = our_files()
    out = out or project.folder / "out"
    if month is not None:
        _keep_inputs(project, out / month_text(month), ours)
    situation = analyse_project(project, layers, month, tell)
    target = out / month_text(situation.month)
    _keep_inputs(project, target, ours)
    language = language or project.language

    def write(folder: Path) -> None:
        write_all(situation, folder, language, tell, wanted)
        if schema is not None:
            from maps.postgis import write_postgis

            tell(f"schema {schema}")
            write_postgis(situation, schema, language)

    kept = publish(target, write, ours=ours, edited=words(language)("files.edited"))
    if kept:
        names = ", ".join(path.name for path in kept)
        note = Note("edited_kept", {"n": len(kept), "files": names}, "warning")
        situation = replace(situation, notes=(*situation.notes, note))
    return situation, target


def _keep_inputs(project: Project, target: Path, ours: Collection[str]) -> None:
    """Refuse to write over what is read: an input that lies where the result is to be."""
    written = {(target / name).resolve() for name in ours}
    own = (path for one in project.layers for path in (one.path, one.areas))
    read = [project.area.path, *project.weather, *own]
    problems = [
        Problem(str(path), "it is read by this project and would be written over",
                "copy it to another folder, and name that in the project file")
        for path in dict.fromkeys(read)
        if path is not None and path.resolve() in written
    ]  # fmt: skip
    if problems:
        raise OutputError(f"the result cannot be written to {target}", tuple(problems))


def write_all(
    situation: Situation,
    folder: Path,
    language: str,
    tell: Tell,
    wanted: Sequence[Export] = (),
) -> None:
    """Write every output of a situation into a folder, and the formats that are wanted beside."""
    from maps.geopackage import write_geopackage
    from maps.html import write_page
    from maps.manifest import write_manifest
    from maps.tables import write_hotspots_csv, write_left_out_csv

    tell("lagesbild.gpkg")
    write_geopackage(situation, folder / "lagesbild.gpkg", language)
    tell("karta.html")
    write_page(situation, folder / "karta.html", language)
    write_hotspots_csv(situation, folder / "hotspots.csv", language)
    write_left_out_csv(situation, folder / "left_out.csv", language)
    for export in wanted:
        tell(export.name)
        export.write(situation, folder, language)
    write_manifest(situation, folder / "manifest.json")


def analyse_project(
    project: Project, layers: Sequence[Layer], month: int | None, tell: Tell
) -> Situation:
    """Turn a project's checked layers into a situation."""
    from layers.weather import read_weather
    from maps.assemble import Frame, Wish, assemble

    weather, of_weather = read_weather(project.weather)
    area = next(layer for layer in layers if layer.kind == "area")
    ground = without_water(shapely.union_all(area.geometry), project, layers)
    name = project.area.name or project.municipality
    asked = {name: project.methods.get(name, {}) for name in project.hotspots.methods}
    cell_size = project.grid.cell_size
    why: tuple[Note, ...] = ()
    told: Mapping[str, Any] = {}
    if project.hotspots.auto:
        from maps.backtests.run import choose

        choice = choose(project, layers, ground, month, tell)
        asked = {**choice.methods, **asked, **choice.methods}
        cell_size, why, told = choice.cell_size, choice.notes, choice.settings
    wish = Wish(
        grid=project.grid.kind,
        cell_size=cell_size,
        month=month,
        window_months=project.window_months,
        methods=asked,
        reach_m=project.hotspots.reach_m,
        exposure=next((one for one in layers if one.name == project.hotspots.exposure), None),
        stability=project.hotspots.stability,
        seed=project.seed,
    )
    frame = Frame(
        title=project.title,
        municipality=project.municipality,
        crs=project.crs,
        area=ground,
        area_name=name,
        notice=project.notice,
        categories=project.categories,
        families=project.families,
        notes=why,
        reports=(area.report, *of_weather),
        school_holidays=project.school_holidays,
        weather=weather,
        page=project.page,
        settings={
            "seed": project.seed,
            "window_months": project.window_months,
            "school_holidays": [str(period) for period in project.school_holidays] or None,
            "promise_minutes_per_week": project.promise_minutes,
            "page": _page_settings(project.page),
            "auto": told or None,
            "area": {"buffer_m": project.area.buffer_m},
            "layers": {
                s.name: {
                    key: value
                    for key, value in asdict(s).items()
                    if key not in ("path", "name") and value not in (None, {}, ())
                }
                for s in project.layers
            },
        },
    )
    shown = [
        layer.with_holidays(project.school_holidays)
        for layer in layers
        if layer.kind not in ("area", *_BELOW)
    ]
    below = [layer for layer in layers if layer.kind in _BELOW]
    if not any(layer.events is not None and len(layer.events) for layer in shown):
        coarse = sum(layer.report.area_level for layer in layers)
        found = f"{coarse} that name no place but an area" if coarse else "none"
        raise SourceError(
            "there are no events to count",
            (
                Problem(
                    project.path.name,
                    f"expected incidents or traffic spots with a place and a date, found {found}",
                    "lagesbild check shows what was left out and why",
                ),
            ),
        )
    return assemble(frame, wish, shown, below, tell=tell)


def _page_settings(page: PageWish) -> dict[str, Any]:
    """Give what was asked of the page, but not the values after ``?``: a key may be one of them."""
    told = {key: value for key, value in asdict(page).items() if value is not None}
    if page.tiles is not None:
        address, asked, values = page.tiles.partition("?")
        told["tiles"] = address + asked + re.sub(r"=[^&]*", "=…", values)
    return told


def without_water(ground: BaseGeometry, project: Project, layers: Sequence[Layer]) -> BaseGeometry:
    """Take the water of layers that say so away from the ground."""
    names = {s.name for s in project.layers if s.options.get("subtract")}
    water = [
        shape
        for layer in layers
        if layer.name in names and len(layer.table)
        for shape, kind in zip(layer.geometry, layer.table["class"], strict=True)
        if kind == "water" and shapely.get_dimensions(shape) == 2  # noqa: PLR2004 - a surface
    ]
    if not water:
        return ground
    land = shapely.difference(ground, shapely.union_all(water))
    if land.is_empty:
        raise ProjectError(
            "nothing is left of the area",
            (Problem(", ".join(sorted(names)), "the water covers all of it", "subtract = false"),),
        )
    return land


def analyse_table(
    path: Path,
    out: Path,
    page: Path | None,
    tell: Tell,
    *,
    method: str,
    overrides: Sequence[str],
    cell_size: float | None,
    grid: Any,  # noqa: ANN401 - checked by the command line
    cells: Path | None,
    area: Path | None,
    crs: int | None,
    lang: str,
    roads: Path | None = None,
    formats: Sequence[str] = (),
    **columns: str | None,
) -> tuple[Situation, tuple[Note, ...]]:
    """Find hotspots among the points of one table and write them; give what was chosen as notes."""
    from layers.project import method_parameters

    _check_method(method, roads)
    from maps.exports import chosen as exports_named

    wanted = exports_named(formats)
    parameters = method_parameters(method, overrides)
    if cell_size is not None and cell_size <= 0:
        raise LagesbildError(
            "a cell needs a size", (Problem("--cell-size", "expected metres above 0"),)
        )
    _keep_apart(path, out, page, cells, area, roads)
    ground_of = cells or area
    drawn = None
    if ground_of is not None:
        from layers.polygons import read_polygons

        drawn = read_polygons(ground_of, None if cells else crs)
    tell(f"reading {path.name}")
    stream = open_within(path, drawn, crs, **columns)
    events = list(stream.batches())
    from maps.assemble import Frame, Wish, assemble

    chosen: tuple[Note, ...] = ()
    tell("laying cells")
    laid: Cells | None = None
    if drawn is not None:
        ground = shapely.union_all(drawn.geometry)
        if cells:
            from geo.cells import polygon_cells

            laid = polygon_cells(drawn.geometry, drawn.ids, drawn.id_name)
    else:
        ground = hull_around(events)
        chosen = (Note("hull_used", level="warning"),)
    report = Report(
        path.stem,
        "incidents",
        path.name,
        "",
        stream.read,
        stream.accepted + stream.area_level,
        dict(stream.left_out),
        area_level=stream.area_level,
        notes=tuple(stream.notes),
    )
    frame = Frame(
        path.stem,
        "",
        stream.epsg,
        ground,
        path.stem,
        categories=_families_of(events) if methods()[method].by_family else {},
        reports=(report,),
        notes=chosen,
    )
    wish = Wish(
        grid=grid,
        cell_size=cell_size,
        cells=laid,
        window_months=None,
        methods={"count": {}, method: parameters},
    )
    below = _roads_below(roads, stream.epsg, ground, tell)
    situation = assemble(frame, wish, (), below, events=events, tell=tell)
    if not situation.cube.total:
        where = ground_of.name if ground_of else "the area"
        raise SourceError(
            f"none of the events of {path.name} lies in {where}",
            (
                Problem(
                    path.name,
                    f"expected events within {where}, found {situation.cube.beside} outside it",
                    "see that both are of the same place; --crs says what the columns are in",
                ),
            ),
        )
    from maps.geopackage import write_geopackage

    tell(out.name)
    replace_file(out, lambda file: write_geopackage(situation, file, lang, name=out.name))
    if page is not None:
        from maps.html import write_page

        tell(page.name)
        replace_file(page, lambda file: write_page(situation, file, lang))
    for export in wanted:
        tell(export.name)
        _write_beside(out, export, situation, lang)
    return situation, tuple(stream.notes)


def _check_method(method: str, roads: Path | None) -> None:
    """Refuse a method that is not there, or that lacks the roads it measures along."""
    if method not in methods():
        raise LagesbildError(
            f"there is no method {method!r}",
            (Problem("--method", f"expected one of {', '.join(methods())}", "lagesbild methods"),),
        )
    if methods()[method].needs_roads and roads is None:
        raise LagesbildError(
            f"the method {method} measures along roads",
            (Problem("--roads", "expected a file of lines, found none", "--roads roads.gpkg"),),
        )


def _roads_below(
    roads: Path | None, epsg: int, ground: BaseGeometry, tell: Tell
) -> tuple[Layer, ...]:
    """Read the roads around the ground, to be drawn below and measured along."""
    if roads is None:
        return ()
    from layers.roads import read_roads

    tell(f"reading {roads.name}")
    return (read_roads(roads, epsg, shapely.box(*ground.bounds)),)


def _write_beside(out: Path, export: Export, situation: Situation, language: str) -> None:
    """Write a format beside a GeoPackage: ``robberies.gpkg``, ``robberies-hotspots.geojson``."""
    with TemporaryDirectory() as folder:
        export.write(situation, Path(folder), language)
        for name in export.files:
            made = Path(folder) / name
            target = out.with_name(f"{out.stem}-{name}")
            replace_file(target, lambda file, made=made: copyfile(made, file))  # type: ignore[misc]


def _families_of(events: Sequence[Events]) -> dict[str, Category]:
    """Give the known family of each of a table's own words, for a method that compares families."""
    from layers.categories import Vocabulary, known_categories, merge_words
    from layers.layer import Category

    known = Vocabulary(known_categories(), merge_words(()))
    found = {}
    for name in sorted({name for batch in events for name in batch.categories}):
        key = known.find(name)
        if key is not None:
            found[name] = Category(name, known.categories[key].family)
    return found


def _keep_apart(
    path: Path,
    out: Path,
    page: Path | None,
    cells: Path | None,
    area: Path | None,
    roads: Path | None,
) -> None:
    """Refuse wishes that would write over what is read, or that contradict each other."""
    problems = []
    inputs = {file.resolve() for file in (path, cells, area, roads) if file is not None}
    outputs = [file.resolve() for file in (out, page) if file is not None]
    problems += [
        Problem(str(file), "it is read by this run and would be written over", "name another file")
        for file in outputs
        if file in inputs
    ]
    if len(set(outputs)) < len(outputs):
        problems.append(Problem("--page", "expected a file of its own, found that of --out"))
    if out.suffix.lower() != ".gpkg":
        problems.append(
            Problem("--out", f"expected a name that ends in .gpkg, found {out.name}", "-o out.gpkg")
        )
    if cells is not None and area is not None:
        problems.append(Problem("--area", "the polygons of --cells are the area", "leave one out"))
    if problems:
        raise OutputError("the result cannot be written there", tuple(problems))


def open_within(
    path: Path, drawn: Polygons | None, crs: int | None, **columns: str | None
) -> EventStream:
    """Open a table of events, in the metres of the polygons that are its ground, where drawn."""
    from layers.events import open_events

    box = None if drawn is None else _box(drawn)
    into = None if drawn is None else drawn.epsg
    return open_events(path, crs=crs, box=box, into=into, **columns)


def _box(drawn: Polygons) -> tuple[float, float, float, float]:
    """Give the box around polygons in degrees."""
    from geo.crs import reproject

    west, south, east, north = shapely.total_bounds(reproject(drawn.geometry, drawn.epsg, 4326))
    return float(west), float(south), float(east), float(north)


def hull_around(events: Sequence[Events]) -> BaseGeometry:
    """Wrap events in their buffered hull, metres."""
    from geo.extent import buffered_hull

    return buffered_hull(
        np.concatenate([batch.x for batch in events]),
        np.concatenate([batch.y for batch in events]),
    )
