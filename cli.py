"""The command line: parse a wish, call one function, say what was done. Starts fast."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import Progress

    from geo.note import Note
    from layers.layer import Layer, Report
    from layers.project import Project
    from maps.situation import View

VERSION = "0.1.0"
_SOON_S = 1.0


def _say(text: str = "", *, bold: bool = False) -> None:
    """Talk to the person at the terminal (stderr); stdout is kept for data."""
    click.secho(text, err=True, bold=bold)


def _say_notes(notes: Sequence[Note], about: str = "") -> None:
    """Say remarks, under the name of what they are about."""
    from maps.words import words

    english = words("en")
    if about and notes:
        _say(about)
    for note in notes:
        mark = "!" if note.level == "warning" else "·"
        click.secho(
            f"  {mark} {english.note(note)}", err=True, fg="yellow" if mark == "!" else None
        )


def _say_findings(view: View) -> None:
    """Say what was found about the whole map."""
    from maps.overview import sentences
    from maps.rhythm import rhythm_said
    from maps.words import words

    english = words("en")
    for sentence in (*sentences(view, english), rhythm_said(view, english)):
        if sentence:
            _say(f"  {sentence}")


def _counted(n: int, word: str) -> str:
    """Write ``1 hotspot``, ``2,000 hotspots``."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


@contextmanager
def _work() -> Iterator[Callable[[str], None]]:
    """Show what is being done once the work has taken over a second; errors end it kindly."""
    import gc

    from geo.errors import LagesbildError

    gc.disable()  # a run makes large arrays, not cycles: looking for them costs a twentieth
    progress = _Progress()
    try:
        yield progress.step
    except LagesbildError as error:
        progress.stop()
        _refuse(error)
    except MemoryError:
        progress.stop()
        click.secho("Not enough memory for these data; try a larger --cell-size.", err=True)
        sys.exit(1)
    finally:
        progress.stop()
        gc.enable()


class _Progress:
    """Progress on stderr once a second has passed: a bar at a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._what = ""
        self._late = False
        self._bar: Progress | None = None
        self._timer = Timer(_SOON_S, self._show)
        self._timer.daemon = True
        self._timer.start()

    def _show(self) -> None:
        self._late = True
        if sys.stderr.isatty():
            self._bar = _bar()
            self._bar.add_task(self._what, total=None)
            self._bar.start()
        elif self._what:
            _say(f"… {self._what}")

    def step(self, what: str) -> None:
        """Tell what is being done now."""
        self._what = what
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=what)
        elif self._late:
            _say(f"… {what}")

    def stop(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _bar() -> Progress:
    """Make a moving bar with what is being done and for how long; it leaves no trace."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _refuse(error: Exception) -> NoReturn:
    """Show what is wrong, with every problem and its cure, and leave with 1."""
    from geo.errors import LagesbildError

    headline = error.headline if isinstance(error, LagesbildError) else str(error)
    click.secho(headline[:1].upper() + headline[1:], err=True, fg="red", bold=True)
    for problem in error.problems if isinstance(error, LagesbildError) else ():
        _say(f"  {problem}")
    sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="lagesbild")
def main() -> None:
    """Make one shared picture of the situation: layers in, hotspot map and GeoPackage out.

    \b
    Start with:
      lagesbild demo               the Lekeberg example, built
      lagesbild init my-town       a project for the files that lie there, or an empty one
      lagesbild build my-town/lagesbild.toml
    """  # noqa: D301 - click keeps the lines after a backspace as they are


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default="lekeberg")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="Language of the page and tables.")
def demo(directory: Path, lang: str | None) -> None:
    """Write the Lekeberg example into DIRECTORY, build it, and say where to look.

    The bathing sites are real; the reports are invented.
    """
    from maps.projects import copy_example

    with _work():
        project = copy_example(directory)
    _say(f"The Lekeberg example is in {directory}")
    _build(project, None, None, lang, ())


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def init(directory: Path) -> None:
    """Write a commented lagesbild.toml into DIRECTORY, for the files that lie there.

    Each file is looked into: what it seems to be stands in the project file, with the reason. An
    empty DIRECTORY gets template tables. lagesbild.schema.json helps editors to complete the file.
    """
    from maps.projects import holds_sources, start_project, write_template

    if not holds_sources(directory):
        with _work():
            project = write_template(directory)
        _say(f"Wrote {project}")
        _say("Fill in the tables beside it, then: lagesbild build " + str(project))
        return
    with _work() as tell:
        project, found = start_project(directory, tell)
    if found.area is None:
        _say("! no file looks like the municipality's polygon: name one under [area]")
    else:
        _say(f"area: {found.area.look.path.name}, {found.area.why}")
    for one in found.layers:
        where = f" ({one.look.layer})" if one.look.layer else ""
        _say(f"{one.kind}: {one.look.path.name}{where}, {one.why}")
    for name, why in found.unused:
        _say(f"! not used: {name}, {why}")
    _say(f"Wrote {project}")
    _say(f"See whether every guess is right, then: lagesbild check {project}")


@main.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
def check(project: Path, overrides: tuple[str, ...]) -> None:
    """Read everything that PROJECT names, report its quality, and write nothing.

    Says what was chosen for each source, what it looks like, and what lies beside unused. Exits
    with 1 when a source cannot be used.
    """
    from maps.projects import explain

    with _work() as tell:
        asked, layers = _read(project, overrides, tell)
        about, general = explain(asked, layers)
    _report_table([layer.report for layer in layers])
    for layer in layers:
        _say_notes((*about.get(layer.name, ()), *layer.report.notes), layer.report.path)
    _say_notes(general, project.name)
    _stop_if_unusable(layers)


@main.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option(
    "--month", metavar="YYYY-MM", help="Month of the meeting [default: latest with events]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of results [default: out beside the project file]",
)
@click.option("--lang", type=click.Choice(["sv", "en"]), help="Language of the page and tables.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.option("--format", "formats", multiple=True, metavar="NAME", help="Write it too: formats.")
@click.option("--postgis", metavar="SCHEMA", help="Write the tables to this schema of PostGIS too.")
def build(
    project: Path,
    month: str | None,
    out: Path | None,
    lang: str | None,
    overrides: tuple[str, ...],
    formats: tuple[str, ...],
    postgis: str | None,
) -> None:
    """Build the picture that PROJECT describes into OUT/YYYY-MM.

    Writes karta.html, lagesbild.gpkg, hotspots.csv, left_out.csv and manifest.json. An earlier
    result is replaced whole, or left as it was.
    """
    _build(project, month, out, lang, overrides, formats, postgis)


def _read(
    path: Path, overrides: Sequence[str], tell: Callable[[str], None]
) -> tuple[Project, list[Layer]]:
    from layers.project import load_project
    from layers.reading import read_project_layers

    project = load_project(path, overrides)
    return project, read_project_layers(project, tell)


def _stop_if_unusable(layers: Sequence[Layer]) -> None:
    from geo.errors import SourceError
    from layers.reading import refuse_unusable

    try:
        refuse_unusable(layers)
    except SourceError as error:
        _refuse(error)


def _report_table(reports: Sequence[Report]) -> None:
    """Print what was read, accepted and left out, as a table on stdout."""
    rows = [("source", "file", "read", "accepted", "left out", "for the area")]
    rows += [
        (
            r.name,
            r.path,
            str(r.read),
            str(r.accepted),
            str(sum(r.left_out.values())),
            str(r.area_level),
        )
        for r in reports
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    for row in rows:
        left = "  ".join(cell.ljust(w) for cell, w in zip(row[:2], widths[:2], strict=True))
        right = "  ".join(cell.rjust(w) for cell, w in zip(row[2:], widths[2:], strict=True))
        click.echo(f"{left}  {right}".rstrip())
    _left_out_lines(reports, err=False)


def _left_out_lines(reports: Sequence[Report], *, err: bool) -> None:
    """Say how many rows were left out for which reason, a line each."""
    from maps.words import words

    english = words("en")
    for r in reports:
        for reason, n in sorted(r.left_out.items(), key=lambda item: (-item[1], item[0])):
            key = f"reasons.{reason}"
            text = english(key) if english.has(key) else reason
            click.echo(f"  {r.name}: {n} left out, {text}", err=err)


def _build(
    path: Path,
    month: str | None,
    out: Path | None,
    lang: str | None,
    overrides: Sequence[str],
    formats: Sequence[str] = (),
    postgis: str | None = None,
) -> None:
    from geo.months import month_text, parse_month

    try:
        wanted = parse_month(month) if month else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--month") from error
    with _work() as tell:
        from maps.projects import build_project

        project, layers = _read(path, overrides, tell)
        _stop_if_unusable(layers)

        situation, target = build_project(
            project, layers, wanted, out, lang, tell, formats=formats, postgis=postgis
        )
    _report_table([layer.report for layer in layers])
    for layer in layers:
        serious = [note for note in layer.report.notes if note.level == "warning"]
        _say_notes(serious, layer.report.path)
    _say()
    _say_notes(situation.notes)
    for view in situation.views[:1]:
        _say_notes(view.notes)
        _say_findings(view)
        if view.tested:
            n = _counted(len(view.hotspots), "hotspot")
            _say(f"{n} in {month_text(situation.month)}", bold=True)
    _say(f"Open {target / 'karta.html'}")
    _say(f"     {target / 'lagesbild.gpkg'} in QGIS")


@main.command()
@click.argument("events", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="GeoPackage to write: cells and hotspots.",
)
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), help="HTML page to write too."
)
@click.option(
    "--method", default="gi_star", show_default=True, metavar="NAME", help="See: methods."
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A parameter of the method."
)
@click.option("--cell-size", type=float, metavar="M", help="Metres [default: from the extent]")
@click.option("--grid", type=click.Choice(["square", "hex"]), default="square", show_default=True)
@click.option("--cells", type=click.Path(path_type=Path), help="Polygons to use as the cells.")
@click.option("--area", type=click.Path(path_type=Path), help="Polygon of the study area.")
@click.option("--roads", type=click.Path(path_type=Path), help="Lines to measure along.")
@click.option("--crs", type=int, metavar="EPSG", help="Metres to work in [default: from the data]")
@click.option("--x", metavar="COL", help="Column of eastings.")
@click.option("--y", metavar="COL", help="Column of northings.")
@click.option("--lon", metavar="COL", help="Column of longitudes.")
@click.option("--lat", metavar="COL", help="Column of latitudes.")
@click.option("--time", metavar="COL", help="Column of times.")
@click.option("--category", metavar="COL", help="Column of categories.")
@click.option("--weight", metavar="COL", help="Column of weights.")
@click.option("--layer", metavar="NAME", help="Layer of the file, where it has several.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook [default: first with a table]")
@click.option("--format", "formats", multiple=True, metavar="NAME", help="Write it too: formats.")
@click.option("--lang", type=click.Choice(["sv", "en"]), default="sv", show_default=True)
def hotspots(events: Path, out: Path, page: Path | None, **asked: Any) -> None:  # noqa: ANN401
    """Find hotspots among the points of one table, EVENTS; no project is needed.

    Columns, coordinate system, cell size and area are found in the data and said aloud.
    """
    with _work() as tell:
        from maps.projects import analyse_table

        situation, notes = analyse_table(events, out, page, tell, **asked)
    _say_notes(notes)
    _left_out_lines(situation.reports, err=True)
    _say_notes(situation.notes)
    view = situation.views[0]
    _say_notes(view.notes)
    _say_findings(view)
    counts = [(view.n, "event"), (len(situation.cells), "cell")]
    counts += [(len(view.hotspots), "hotspot")] if view.tested else []
    _say(", ".join(_counted(n, word) for n, word in counts), bold=True)
    click.echo(out)
    if page:
        click.echo(page)


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of results [default: out/backtest beside a project; none for a table]",
)
@click.option(
    "--cell-size", "cell_sizes", type=float, multiple=True, metavar="M", help="Metres; repeatable."
)
@click.option("--budget", type=float, metavar="KM2", help="Ground that patrols can look after.")
@click.option("--window", type=int, metavar="N", help="Months of the statistics [table: 12]")
@click.option("--month", metavar="YYYY-MM", help="Last month to use [default: latest with events]")
@click.option("--family", metavar="NAME", help="Only this family of a project's events.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As in build.")
@click.option("--area", type=click.Path(path_type=Path), help="Polygon of a table's study area.")
@click.option("--crs", type=int, metavar="EPSG", help="Metres of a table [default: from the data]")
@click.option("--x", metavar="COL", help="Column of eastings.")
@click.option("--y", metavar="COL", help="Column of northings.")
@click.option("--lon", metavar="COL", help="Column of longitudes.")
@click.option("--lat", metavar="COL", help="Column of latitudes.")
@click.option("--time", metavar="COL", help="Column of times.")
@click.option("--layer", metavar="NAME", help="Layer of the file, where it has several.")
@click.option("--sheet", metavar="NAME", help="Sheet of a workbook [default: first with a table]")
@click.option("--lang", type=click.Choice(["sv", "en"]), help="Language of the page.")
def backtest(source: Path, out: Path | None, lang: str | None, **asked: Any) -> None:  # noqa: ANN401
    """Try which method would have foretold where the next month's events fell.

    SOURCE is a project (.toml) or a table of events. Every method that ranks ground foretells each
    of the last twelve months from the events before it, with several cell sizes, beside the plain
    count and the long-run average. Prints a table of hit rates in per cent, and says who wins.
    """
    with _work() as tell:
        from maps.backtests.run import deliver, run

        course, folder, language = run(source, tell, **asked)
        folder = out or folder
        if folder is not None:
            tell(str(folder))
            deliver(course, folder, lang or language)
    from maps.backtests.tables import text_table
    from maps.words import words

    click.echo(text_table(course))
    _say_notes(course.notes)
    _say(words("en").note(course.sentence), bold=True)
    if folder is not None:
        _say(f"Open {folder / 'backtest.html'}")


@main.command("layers")
def list_layers() -> None:
    """List the kinds of layer, their fields, and the formats they are read from."""
    from layers.columns import POSITION_FIELDS
    from layers.formats import formats
    from layers.sources import kinds

    for kind in kinds().values():
        click.secho(kind.name, bold=True)
        click.echo(f"  {kind.summary}")
        for field in kind.fields:
            must = "required" if field.required else "optional"
            click.echo(f"    {field.name:<16} {field.kind:<9} {must:<9} {field.help}")
        for option in kind.options:
            default = "" if option.default is None else f"[{str(option.default).lower()}] "
            choices = f" ({', '.join(option.choices)})" if option.choices else ""
            click.echo(f"    {option.name:<16} {'setting':<19} {default}{option.help}{choices}")
    click.secho("position", bold=True)
    click.echo(f"  Every kind: geometry of the file, or columns {', '.join(POSITION_FIELDS)}.")
    click.echo(
        "  Or areas = FILE, and the column area: polygons for rows that name them by a code."
    )
    click.secho("formats", bold=True)
    for form in formats().values():
        click.echo(f"  {form.name:<10} {' '.join(form.endings):<44} {form.summary}")


@main.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the project file, by which editors complete and check it."""
    from layers.project_schema import schema_text

    click.echo(schema_text(), nl=False)


@main.command("formats")
def list_formats() -> None:
    """List the formats that are read, and those that are written on request."""
    from layers.formats import formats
    from maps.exports import exports

    click.secho("read", bold=True)
    for form in formats().values():
        click.echo(f"  {form.name:<13} {form.summary}\n{'':16}{' '.join(form.endings)}")
    click.secho("written with --format NAME", bold=True)
    for export in exports().values():
        click.echo(f"  {export.name:<13} {export.summary}\n{'':16}{' '.join(export.files)}")


@main.command("methods")
def list_methods() -> None:
    """List the methods, with every parameter and its default."""
    from geo.hotspots import methods

    for method in methods().values():
        click.secho(method.name, bold=True)
        click.echo(f"  {method.summary}\n  Source: {method.source}")
        for p in method.parameters:
            default = "from the data" if p.default is None else p.default
            choices = f" ({', '.join(p.choices)})" if p.choices else ""
            click.echo(f"    {p.name:<16} {p.kind:<8} [{default}] {p.help}{choices}")


def run() -> NoReturn:
    """Run the command line as a program, and end without tidying up memory piece by piece."""
    import os

    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it has gone
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
