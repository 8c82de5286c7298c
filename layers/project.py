"""The project file: what the user wishes, read once, with everything that is wrong told at once."""

from __future__ import annotations

import codecs
import difflib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.calendar import Period, merged, parse_period
from geo.crs import require_metres
from geo.errors import PlaceError, Problem, ProjectError
from layers.categories import FAMILIES, Vocabulary, known_categories, merge_words, squeeze
from layers.layer import Category, LayerSettings
from layers.sources import Kind, kinds
from layers.when import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Language = Literal["sv", "en"]

DEFAULT_METHODS = (
    "count",
    "kde",
    "gi_star",
    "local_moran",
    "scan",
    "change",
    "joint",
    "emerging",
    "forecast",
    "near_repeat",
    "network_kde",
    "rhythm",
    "concentration",
)
DEFAULT_CRS = 3006

LONGEST_HOLIDAY_DAYS = 200
"""School holidays that last longer are taken for a slip of the pen in a year."""

MOST_ZOOM = 24
"""The deepest level that any server of tiles has."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TILES = re.compile(r"(https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?)/(\S*)")
_PLACE_IN_TILES = re.compile(r"\{([^{}]*)\}")
_TILES_EXAMPLE = 'tiles = "https://tiles.example.se/{z}/{x}/{y}.png"'
_TABLES_OF_OUTPUT = ("cells", "hotspots", "left_out", "layer_styles", "qgis_projects")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class AreaSettings:
    """``[area]``: the file with the municipality's polygon and how to pick it out."""

    path: Path
    layer: str | None = None
    select: tuple[str, str] | None = None
    crs: int | None = None
    name: str | None = None
    buffer_m: float = 250.0


@dataclass(frozen=True, slots=True)
class GridSettings:
    """``[grid]``: shape and size of the cells; ``cell_size`` None means chosen from the data."""

    kind: Literal["square", "hex"] = "square"
    cell_size: float | None = None


@dataclass(frozen=True, slots=True)
class HotspotSettings:
    """``[hotspots]``: the methods to run, in order, and how far "within reach" is, in metres.

    ``exposure`` names a layer of inhabitants to measure events against instead of ground;
    ``stability`` asks how often each hotspot comes back. ``auto`` lets a back-test choose by what
    the ground is ranked, before the other methods.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    reach_m: float = 500.0
    exposure: str | None = None
    stability: bool = True
    auto: bool = False


@dataclass(frozen=True, slots=True)
class PageWish:
    """``[page]``: what the page carries, and the server of its online map, if any.

    Without ``filters`` the page has the finished maps alone. ``tiles`` is an https address with
    ``{z}``, ``{x}`` and ``{y}``, and comes with its ``attribution``; the page asks for none of
    them until its reader turns the online map on. ``tile_max_zoom`` is the server's deepest level.
    """

    filters: bool = True
    tiles: str | None = None
    attribution: str | None = None
    tile_max_zoom: int | None = None

    @property
    def tile_origin(self) -> str | None:
        """The one origin that the page may ask for pictures, as ``https://host``."""
        match = _TILES.fullmatch(self.tiles or "")
        return match[1].lower() if match else None


@dataclass(frozen=True, slots=True)
class OutputWish:
    """``[output]``: what is written beside the usual files, each time.

    ``formats`` are names of ``maps.exports``; ``postgis`` is a schema of the database that the
    surroundings name (``PGSERVICE``, ``PGHOST`` …), never a password or an address.
    """

    formats: tuple[str, ...] = ()
    postgis: str | None = None


@dataclass(frozen=True, eq=False)
class Project:
    """One project file, checked: every path exists, every name is known, every number is sane.

    ``crs`` is the EPSG code of a projected system in metres. ``methods`` holds the parameters that
    were set for methods, by method. ``categories`` are all categories in force, built-in and own;
    ``families`` the user's own words (sv, en) for families. ``school_holidays`` are sorted and
    share no day; none where the project says nothing of them. ``weather`` are files of
    it by day or hour. ``promise_minutes`` is what patrols
    have promised of each week, where they have.
    """

    path: Path
    title: str
    municipality: str
    area: AreaSettings
    language: Language = "sv"
    crs: int = DEFAULT_CRS
    notice: str = ""
    seed: int = 1
    grid: GridSettings = field(default_factory=GridSettings)
    window_months: int = 12
    hotspots: HotspotSettings = field(default_factory=HotspotSettings)
    methods: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    layers: tuple[LayerSettings, ...] = ()
    vocabulary: Vocabulary = field(
        default_factory=lambda: Vocabulary(known_categories(), merge_words(()))
    )
    families: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    school_holidays: tuple[Period, ...] = ()
    weather: tuple[Path, ...] = ()
    page: PageWish = field(default_factory=PageWish)
    output: OutputWish = field(default_factory=OutputWish)
    promise_minutes: float | None = None

    @property
    def folder(self) -> Path:
        """The folder to which the project's paths are relative."""
        return self.path.parent

    @property
    def categories(self) -> Mapping[str, Category]:
        """All categories in force, by key."""
        return self.vocabulary.categories


def load_project(path: Path, overrides: Sequence[str] = ()) -> Project:
    """Read and check a project file; ``overrides`` are ``key=value`` with dots into tables.

    ``grid.cell_size=250`` sets a key of a table, ``layers.incidents.crs=3009`` one of the layer
    with that name (or kind). Values are read as TOML, else as text.

    Raises
    ------
    ProjectError
        With every problem of the file: unknown keys, wrong types, names that are not known, files
        that are not there.
    """
    path = Path(path)
    text = _read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError(
            f"{path.name} is not a readable project file", (_syntax_problem(path, error),)
        ) from error
    problems: list[Problem] = []
    raw = _override(data, overrides, problems)
    project = _check(_Table(data, path.name, problems, raw=raw), path)
    if problems:
        raise ProjectError(f"{path.name} cannot be used as it is", tuple(problems))
    return project


def _read_text(path: Path) -> str:
    """Decode a project file: byte order marks, UTF-8, else cp1252 as old editors write it."""
    try:
        content = path.read_bytes()
    except IsADirectoryError as error:
        raise ProjectError(
            f"{path} is a folder",
            (Problem(str(path), "expected a project file, found a folder", _toml_files(path)),),
        ) from error
    except PermissionError as error:
        if path.is_dir():  # as Windows says it
            raise ProjectError(
                f"{path} is a folder",
                (Problem(str(path), "expected a project file, found a folder", _toml_files(path)),),
            ) from error
        raise ProjectError(
            f"{path} cannot be read", (Problem(str(path), "access is denied"),)
        ) from error
    except OSError as error:
        raise ProjectError(
            f"{path} is not there",
            (Problem(str(path), "expected a project file, found nothing", _near_file(path)),),
        ) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _toml_files(folder: Path) -> str:
    inside = sorted(p.name for p in folder.glob("*.toml"))
    return (
        f"the folder holds {', '.join(inside)}" if inside else "start one with: lagesbild init DIR"
    )


def _near_file(path: Path) -> str:
    """Say what lies where a file was expected."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted(p.name for p in folder.iterdir() if p.is_file())
    near = difflib.get_close_matches(path.name, names, 1, 0.6)
    same_stem = [n for n in names if Path(n).stem.casefold() == path.stem.casefold()]
    guess = (near or same_stem)[:1]
    return f"did you mean {guess[0]!r}?" if guess else f"paths are relative to {folder}"


def _syntax_problem(path: Path, error: tomllib.TOMLDecodeError) -> Problem:
    found = re.search(r"^(.*?)\s*\((?:at )?(line \d+), column \d+\)$", str(error))
    what, where = (found[1], f" {found[2]}") if found else (str(error), "")
    what = what.replace("(at end of document)", "at the end of the file")
    cure = ""
    if "\\" in what or "hex" in what.casefold() or "unicode" in what.casefold():
        cure = "write paths with forward slashes, or between single quotes: 'data\\reports.csv'"
    elif "Invalid value" in what:
        cure = 'text stands between quotes: title = "Lägesbild"'
    elif "overwrite" in what or "twice" in what:
        cure = "a key or table stands in the file twice; keep one"
    return Problem(f"{path.name}{where}", what, cure)


def _override(
    data: dict[str, Any], overrides: Iterable[str], problems: list[Problem]
) -> dict[str, str]:
    """Put ``key=value`` over the data; give the raw text of each by its place."""
    raw = {}
    for override in overrides:
        key, equals, text = override.partition("=")
        parts = [part.strip() for part in key.split(".")]
        where = f"--set {override}"
        if not equals or not all(parts):
            problems.append(Problem(where, "expected key=value", "as in --set grid.cell_size=250"))
            continue
        try:
            value: Any = tomllib.loads(f"value = {text.strip()}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        place: Any = data
        trail = ""
        for part in parts[:-1]:
            if isinstance(place, list):
                place = next((t for t in place if _layer_name(t) == part), None)
            elif isinstance(place, dict):
                place = place.setdefault(part, {})
            trail = f"{trail}.{part}" if trail else part
            if not isinstance(place, (dict, list)):
                problems.append(
                    Problem(where, f"there is no table or layer {trail!r} to set it in")
                )
                break
        else:
            if isinstance(place, dict):
                place[parts[-1]] = value
                raw[f"{id(place)}.{parts[-1]}"] = override
            else:
                problems.append(
                    Problem(where, "expected the name of a layer", "layers.NAME.key=value")
                )
    return raw


def _layer_name(table: object) -> object:
    return table.get("name", table.get("kind")) if isinstance(table, dict) else None


class _Table:
    """A table of the file that is being checked; collects what is wrong with it."""

    def __init__(
        self,
        data: Mapping[str, Any],
        file: str,
        problems: list[Problem],
        *,
        where: str = "",
        raw: Mapping[str, str] | None = None,
    ) -> None:
        self.data = data
        self.file = file
        self.where = where
        self.problems = problems
        self.raw = raw or {}
        self.known: list[str] = []

    def place(self, key: str) -> str:
        """Where a key stands, as the reader can point at it."""
        override = self.raw.get(f"{id(self.data)}.{key}")
        if override is not None:
            return f"--set {override}"
        return " ".join(part for part in (self.file, self.where, key) if part)

    def wrong(self, key: str, what: str, cure: str = "") -> None:
        """Note a problem with a key."""
        self.problems.append(Problem(self.place(key), what, cure))

    def get(self, key: str) -> Any:  # noqa: ANN401 - a TOML value
        """Give a value as it stands, or ``_MISSING``."""
        self.known.append(key)
        return self.data.get(key, _MISSING)

    def text(self, key: str, *, required: str = "") -> str | None:
        """Give a text; ``required`` is the cure where it is missing."""
        value = self.get(key)
        if value is _MISSING:
            if required:
                self.wrong(key, "expected a value, found none", required)
            return None
        override = self.raw.get(f"{id(self.data)}.{key}")
        if override is not None and isinstance(value, (int, float)):
            value = override.partition("=")[2].strip()
        if not isinstance(value, str):
            self.wrong(key, f"expected text, found {_say(value)}", f'{key} = "…"')
            return None
        return value

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """Give one of a few words."""
        value = self.text(key)
        if value is None or value in choices:
            return value or default
        self.wrong(
            key, f"expected {_one_of(choices)}, found {value!r}", _did_you_mean(value, choices)
        )
        return default

    def number(
        self,
        key: str,
        default: float,
        *,
        least: float | None = None,
        above: float | None = None,
        unit: str = "",
    ) -> float:
        """Give a number within its bounds."""
        value = self.get(key)
        if value is _MISSING:
            return default
        wish = f"a number{f' of {unit}' if unit else ''}"
        if least is not None:
            wish += f" of at least {least:g}"
        if above is not None:
            wish += f" above {above:g}"
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        if fits and least is not None:
            fits = value >= least
        if fits and above is not None:
            fits = value > above
        if not fits or value in (float("inf"), float("-inf")):
            self.wrong(key, f"expected {wish}, found {_say(value)}")
            return default
        return float(value)

    def integer(self, key: str, default: int, *, least: int, most: int | None = None) -> int:
        """Give a whole number within its bounds."""
        value = self.get(key)
        if value is _MISSING:
            return default
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
            self.wrong(key, f"expected a whole number {bounds}, found {_say(value)}")
            return default
        return int(value)

    def yes_no(self, key: str, *, default: bool) -> bool:
        """Give true or false."""
        value = self.get(key)
        if isinstance(value, bool):
            return value
        if value is _MISSING:
            return default
        self.wrong(key, f"expected true or false, found {_say(value)}")
        return default

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Give a list of texts; a single text counts as a list of one."""
        value = self.get(key)
        if value is _MISSING:
            return None
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.wrong(key, f"expected a list of texts, found {_say(value)}", f'{key} = ["…", "…"]')
            return None
        return tuple(value)

    def crs(self, key: str, default: int | None, *, metres: bool) -> int | None:
        """Give an EPSG code that exists, of a projected system in metres where asked."""
        value = self.get(key)
        if value is _MISSING:
            return default
        if isinstance(value, str) and (
            found := re.fullmatch(r"(?i)(?:epsg:)?(\d+)", value.strip())
        ):
            value = int(found[1])
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, f"expected an EPSG code, found {_say(value)}", f"{key} = 3006")
            return default
        try:
            system = CRS.from_epsg(value)
        except CRSError:
            self.wrong(key, f"expected an EPSG code that exists, found {value}", f"{key} = 3006")
            return default
        if metres:
            try:
                require_metres(value)
            except PlaceError as error:
                cause = error.problems[0]
                self.wrong(key, f"{cause.what} in EPSG:{value} ({system.name})", cause.cure)
                return default
        return value

    def file_path(
        self, key: str, folder: Path, *, required: str = "", or_folder: bool = False
    ) -> Path | None:
        """Give the path of a file that is there; of a folder of them where that is meant."""
        value = self.text(key, required=required)
        return None if value is None else self._file(key, value, folder, or_folder=or_folder)

    def file_paths(self, key: str, folder: Path) -> tuple[Path, ...]:
        """Give the paths of files that are there; a single one counts as a list of one."""
        found = (self._file(key, value, folder) for value in self.texts(key) or ())
        return tuple(path for path in found if path is not None)

    def _file(self, key: str, value: str, folder: Path, *, or_folder: bool = False) -> Path | None:
        path = folder / value.replace("\\", "/") if "\\" in value else folder / value
        a_folder = path.is_dir() and (or_folder or path.suffix.casefold() == ".gdb")
        if not path.is_file() and not a_folder:
            found = "a folder" if path.is_dir() else "nothing"
            self.wrong(key, f"expected a file {value!r}, found {found}", _near_file(path))
            return None
        return path

    def table(self, key: str) -> _Table:
        """Give a table inside this one; an empty one where there is none."""
        value = self.get(key)
        where = f"[{key}]" if not self.where else f"{self.where[:-1]}.{key}]"
        if value is not _MISSING and not isinstance(value, dict):
            self.wrong(
                key, f"expected a table, found {_say(value)}", f"write {where} on its own line"
            )
            value = {}
        if value is _MISSING:
            value = {}
        return _Table(value, self.file, self.problems, where=where, raw=self.raw)

    def finish(self, more: Sequence[str] = ()) -> None:
        """Note every key that nothing asked for."""
        known = [*dict.fromkeys((*self.known, *more))]
        for key in self.data:
            if key not in known:
                self.wrong(
                    key,
                    f"expected one of {', '.join(sorted(known))}, found an unknown key",
                    _did_you_mean(key, known),
                )


def _say(value: object) -> str:
    """Write a value for a message, by what it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)


def _one_of(choices: Sequence[str]) -> str:
    return " or ".join(choices) if len(choices) < 3 else "one of " + ", ".join(choices)  # noqa: PLR2004 - two read better with "or"


def _did_you_mean(word: str, choices: Iterable[str]) -> str:
    folded = {c.casefold(): c for c in choices}
    near = difflib.get_close_matches(word.casefold(), list(folded), 1, 0.6)
    return f"did you mean {folded[near[0]]!r}?" if near else ""


def _check(top: _Table, path: Path) -> Project:
    municipality = top.text("municipality", required='municipality = "Lekeberg"') or ""
    title = top.text("title")
    language = top.choice("language", ("sv", "en"), "sv")
    crs = top.crs("crs", DEFAULT_CRS, metres=True) or DEFAULT_CRS
    notice = top.text("notice") or ""
    seed = top.integer("seed", 1, least=0)
    area = _area(top.table("area"), path.parent)
    grid = _grid(top.table("grid"))
    period = top.table("period")
    window = period.integer("window_months", 12, least=1)
    period.finish()
    parameters = _methods(top.table("methods"))
    families = _families(top.table("families"))
    vocabulary = _categories(top.table("categories"), families)
    layers = _layers(top, path.parent, vocabulary)
    spots = _hotspots(top.table("hotspots"), layers)
    holidays, weather = _calendar(top.table("calendar"), path.parent)
    page = _page(top.table("page"))
    output = _output(top.table("output"))
    promised = top.table("promise")
    promise = promised.number("patrol_minutes_per_week", 0.0, above=0, unit="minutes")
    promised.finish()
    top.finish()
    return Project(
        path=path,
        title=title or f"Lägesbild {municipality}".strip(),
        municipality=municipality,
        area=area,
        language="en" if language == "en" else "sv",
        crs=crs,
        notice=notice,
        seed=seed,
        grid=grid,
        window_months=window,
        hotspots=spots,
        methods=parameters,
        layers=layers,
        vocabulary=vocabulary,
        families=families,
        school_holidays=holidays,
        weather=weather,
        page=page,
        output=output,
        promise_minutes=promise or None,
    )


def _calendar(table: _Table, folder: Path) -> tuple[tuple[Period, ...], tuple[Path, ...]]:
    """Read what is told of the days: school holidays, and files of weather.

    Where two holidays share a day they become one, for it means the same.
    """
    key = "school_holidays"
    found = []
    for text in table.texts(key) or ():
        try:
            period = parse_period(text)
        except ValueError as error:
            table.wrong(key, str(error), f'{key} = ["2021-02-15/2021-02-19"]')
            continue
        if period.first.year < FIRST_YEAR or period.last.year > LAST_YEAR:
            what = f"expected years from {FIRST_YEAR} to {LAST_YEAR}, found {text!r}"
            table.wrong(key, what)
        elif period.days > LONGEST_HOLIDAY_DAYS:
            what = f"expected at most {LONGEST_HOLIDAY_DAYS} days, found {period.days} in {text!r}"
            table.wrong(key, what, "see whether both years are right")
        found.append(period)
    weather = table.file_paths("weather", folder)
    table.finish()
    return merged(found), weather


def _page(table: _Table) -> PageWish:
    filters = table.yes_no("filters", default=True)
    tiles = table.text("tiles")
    attribution = table.text("attribution")
    zoom = table.integer("tile_max_zoom", 0, least=1, most=MOST_ZOOM) or None
    table.finish()
    if tiles is not None:
        _check_tiles(table, tiles)
    if attribution is not None and not attribution.strip():
        table.wrong("attribution", "expected a text, found none", 'attribution = "© …"')
    if tiles is None:
        lonely = [key for key in ("attribution", "tile_max_zoom") if key in table.data]
        for key in lonely:
            table.wrong(key, "expected tiles beside it, found none", _TILES_EXAMPLE)
    elif "attribution" not in table.data:
        table.wrong("tiles", "expected attribution beside it, found none", 'attribution = "© …"')
    return PageWish(filters, tiles, attribution, zoom)


def _output(table: _Table) -> OutputWish:
    formats = table.texts("formats") or ()
    postgis = table.text("postgis")
    if postgis is not None and not _NAME.fullmatch(postgis):
        table.wrong(
            "postgis",
            f"expected the name of a schema, found {postgis!r}",
            'postgis = "lagesbild"; where the database is stands in PGSERVICE or PGHOST',
        )
    table.finish()
    return OutputWish(tuple(dict.fromkeys(formats)), postgis)


def _check_tiles(table: _Table, tiles: str) -> None:
    """Refuse an address that the page could not ask without risk, or that names no tile.

    Its origin goes into the page's policy as it stands, so that nothing but a plain host may be
    there: no user, no password, no sign that ends one rule and begins another.
    """
    match = _TILES.fullmatch(tiles)
    if not match:
        table.wrong("tiles", f"expected an address of https://, found {tiles!r}", _TILES_EXAMPLE)
        return
    named = _PLACE_IN_TILES.findall(match[2])
    lacking = [f"{{{one}}}" for one in "zxy" if one not in named]
    if lacking:
        what = f"expected {{z}}, {{x}} and {{y}} in it, found no {' and no '.join(lacking)}"
        table.wrong("tiles", what, _TILES_EXAMPLE)
    other = sorted({f"{{{one}}}" for one in named if one not in ("z", "x", "y")})
    if other:
        what = f"expected nothing in braces but {{z}}, {{x}} and {{y}}, found {', '.join(other)}"
        cure = "write one of its servers' names in full" if "{s}" in other else "write it out"
        table.wrong("tiles", what, cure)


def _area(table: _Table, folder: Path) -> AreaSettings:
    file = table.file_path(
        "file", folder, required='a project names its area: [area] file = "kommun.geojson"'
    )
    select = None
    chosen = table.table("select")
    if chosen.data:
        column = chosen.text("column", required='select = { column = "code", value = "1814" }')
        value = chosen.get("value")
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            found = "none" if value is _MISSING else _say(value)
            chosen.wrong("value", f"expected the value to pick, found {found}", 'value = "1814"')
        elif column:
            select = (column, str(value))
        chosen.finish()
    settings = AreaSettings(
        path=file or folder,
        layer=table.text("layer"),
        select=select,
        crs=table.crs("crs", None, metres=False),
        name=table.text("name"),
        buffer_m=table.number("buffer_m", 250.0, least=0, unit="metres"),
    )
    table.finish()
    return settings


def _grid(table: _Table) -> GridSettings:
    kind = table.choice("kind", ("square", "hex"), "square")
    size: float | None = None
    if table.data.get("cell_size") == "auto":
        table.known.append("cell_size")
    elif "cell_size" in table.data:
        before = len(table.problems)
        size = table.number("cell_size", 0.0, above=0, unit="metres")
        if len(table.problems) > before:
            old = table.problems.pop()
            table.wrong("cell_size", old.what.replace(", found", ' or "auto", found'))
    else:
        table.known.append("cell_size")
    table.finish()
    return GridSettings("hex" if kind == "hex" else "square", size)


def _known_methods() -> Mapping[str, Any]:
    from geo.hotspots import methods  # noqa: PLC0415 - the methods pull in scipy; most calls need none

    return methods()


def _hotspots(table: _Table, layers: Sequence[LayerSettings]) -> HotspotSettings:
    names = table.texts("methods")
    if names is not None:
        known = list(_known_methods())
        for name in names:
            if name not in known:
                table.wrong(
                    "methods",
                    f"expected methods among {', '.join(known)}, found {name!r}",
                    _did_you_mean(name, known),
                )
        if not names:
            table.wrong(
                "methods", "expected at least one method, found none", 'methods = ["count"]'
            )
    reach = table.number("reach_m", 500.0, above=0, unit="metres")
    exposure = table.text("exposure")
    population = [layer.name for layer in layers if layer.kind == "population"]
    if exposure is not None and exposure not in population:
        table.wrong(
            "exposure",
            f"expected the name of a layer of kind population, found {exposure!r}",
            f"use {population[0]!r}" if population else 'add [[layers]] kind = "population"',
        )
    stability = table.yes_no("stability", default=True)
    auto = table.choice("method", ("auto",), "") == "auto"
    table.finish()
    chosen = tuple(dict.fromkeys(names or DEFAULT_METHODS))
    return HotspotSettings(chosen, reach, exposure, stability, auto)


def method_parameters(method: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Check ``key=value`` settings of one method, as the command line takes them.

    Raises ``ProjectError`` with every problem: unknown parameters, values that do not fit.
    """
    problems: list[Problem] = []
    data: dict[str, Any] = {method: {}}
    raw = _override(data, [f"{method}.{override}" for override in overrides], problems)
    raw = {place: text.removeprefix(f"{method}.") for place, text in raw.items()}
    chosen = _methods(_Table(data, f"--method {method}", problems, raw=raw))
    if problems:
        raise ProjectError(f"the method {method} cannot be asked so", tuple(problems))
    return chosen[method]


def _methods(table: _Table) -> dict[str, dict[str, Any]]:
    if not table.data:
        return {}
    known = _known_methods()
    chosen: dict[str, dict[str, Any]] = {}
    for name in table.data:
        if name not in known:
            continue
        parameters = table.table(name)
        chosen[name] = {}
        for parameter in known[name].parameters:
            if parameter.name not in parameters.data:
                parameters.known.append(parameter.name)
                continue
            value = _parameter(parameters, parameter)
            if value is not _MISSING:
                chosen[name][parameter.name] = value
        parameters.finish()
    table.finish(list(known))
    return chosen


def _parameter(table: _Table, parameter: Any) -> Any:  # noqa: ANN401 - geo.hotspots.Parameter, imported late
    """Check one parameter of a method against what the method declares."""
    before = len(table.problems)
    name = parameter.name
    value: Any
    if parameter.kind == "choice":
        value = table.choice(name, parameter.choices, "")
    elif parameter.kind == "yes/no":
        value = table.yes_no(name, default=False)
    elif parameter.kind == "integer":
        above = parameter.above
        value = table.integer(name, 0, least=-(2**31) if above is None else int(above) + 1)
    elif parameter.kind == "text":
        value = table.text(name)
    elif table.data[name] == "auto" and parameter.default is None:
        table.known.append(name)
        return _MISSING
    else:
        value = table.number(name, 0.0, above=parameter.above)
    return value if len(table.problems) == before else _MISSING


def _families(table: _Table) -> dict[str, tuple[str | None, str | None]]:
    families = {}
    for key in table.data:
        _technical(table, key)
        words = table.table(key)
        families[key] = (words.text("sv"), words.text("en"))
        words.finish()
    return families


def _technical(table: _Table, key: str) -> None:
    """Keys become names of columns and tables: lower-case English letters."""
    if not _NAME.fullmatch(key):
        table.wrong(
            key,
            "expected a key of lower-case letters a-z, digits and _",
            'what people read goes into sv = "…" and en = "…"',
        )


def _categories(table: _Table, families: Mapping[str, tuple[str | None, str | None]]) -> Vocabulary:
    categories = known_categories()
    own_words: list[tuple[str, str]] = []
    claimed: dict[str, str] = {}
    all_families = [*FAMILIES, *families]
    for key in table.data:
        _technical(table, key)
        one = table.table(key)
        before = categories.get(key)
        family = one.text(
            "family", required="" if before else f"family = one of {', '.join(all_families)}"
        )
        if family is not None and family not in all_families:
            one.wrong(
                "family",
                f"expected one of {', '.join(all_families)}, found {family!r}",
                _did_you_mean(family, all_families)
                or f'name it: [families.{squeeze(family)}] sv = "…"',
            )
        weight = one.number("weight", 1.0, least=0)
        for word in one.texts("words") or ():
            folded = squeeze(word)
            if claimed.setdefault(folded, key) != key:
                one.wrong("words", f"{word!r} is already a word for {claimed[folded]!r}")
            own_words.append((word, key))
        own_words += [(k, key) for k in (key, key.replace("_", " ")) if before is None]
        sv, en = one.text("sv"), one.text("en")
        own_words += [(w, key) for w in (sv, en) if w and squeeze(w) not in claimed]
        categories[key] = Category(
            key, family or (before.family if before else "other"), weight, sv, en
        )
        one.finish()
    return Vocabulary(categories, merge_words(own_words))


def _layers(top: _Table, folder: Path, vocabulary: Vocabulary) -> tuple[LayerSettings, ...]:
    value = top.get("layers")
    if value is _MISSING:
        top.wrong(
            "layers",
            "expected at least one layer, found none",
            '[[layers]] kind = "incidents" file = "reports.csv"',
        )
        return ()
    if isinstance(value, dict):  # [layers] for [[layers]]
        value = [value]
        if "kind" not in value[0]:
            top.wrong("layers", "expected [[layers]], found [layers]", "double the brackets")
            return ()
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        top.wrong("layers", f"expected [[layers]], found {_say(value)}", "double the brackets")
        return ()
    found: list[LayerSettings] = []
    names: set[str] = set()
    for i, data in enumerate(value, 1):
        own = data.get("name", data.get("kind"))
        where = f"[[layers]] {i}" + (f" ({own})" if isinstance(own, str) else "")
        table = _Table(data, top.file, top.problems, where=where, raw=top.raw)
        settings = _layer(table, folder, vocabulary)
        if settings is None:
            continue
        if settings.name in names:
            table.wrong(
                "name",
                f"expected a name of its own, found {settings.name!r} a second time",
                f'name = "{settings.name}_{i}"',
            )
        names.add(settings.name)
        found.append(settings)
    return tuple(found)


def _layer(table: _Table, folder: Path, vocabulary: Vocabulary) -> LayerSettings | None:
    known = {name: kind for name, kind in kinds().items() if name != "area"}
    wanted = table.text("kind", required=f"kind = one of {', '.join(known)}")
    kind = known.get(wanted or "")
    if wanted is not None and kind is None:
        cure = _did_you_mean(wanted, known)
        if wanted == "area":
            cure = "the area has its own table: [area] file = …"
        table.wrong("kind", f"expected one of {', '.join(known)}, found {wanted!r}", cure)
    streamed = kind is not None and kind.stream is not None
    file = table.file_path("file", folder, required='file = "reports.csv"', or_folder=streamed)
    name = table.text("name") or wanted or ""
    if name and not _NAME.fullmatch(name):
        table.wrong(
            "name",
            f"expected lower-case letters a-z, digits and _, found {name!r}",
            'it becomes a table\'s name: name = "reports_2021"',
        )
    if name in _TABLES_OF_OUTPUT or (name == "area"):
        table.wrong("name", f"{name!r} is the name of a table of the result", "choose another")
    columns = table.table("columns")
    given = {key: text for key in columns.data if (text := columns.text(key)) is not None}
    category = table.text("category")
    if category is not None and category not in vocabulary.categories:
        found = vocabulary.find(category)
        if found is None:
            table.wrong(
                "category",
                f"expected a category, found {category!r}",
                _did_you_mean(category, vocabulary.categories)
                or f"known are {', '.join(vocabulary.categories)}; "
                f"add your own as [categories.{squeeze(category).replace(' ', '_')}]",
            )
        category = found
    if category is not None and kind is not None and not kind.counted:
        table.wrong("category", f"layers of kind {kind.name} have no category", "remove it")
    crs = table.crs("crs", None, metres=False)
    sheet, layer = table.text("sheet"), table.text("layer")
    areas = table.file_path("areas", folder)
    options = {} if kind is None else _options(table, kind)
    if kind is not None:
        table.finish()
    if kind is None or file is None:
        return None
    return LayerSettings(
        kind=kind.name,
        path=file,
        name=name,
        columns=given,
        crs=crs,
        sheet=sheet,
        layer=layer,
        category=category,
        areas=areas,
        options=options,
    )


def _options(table: _Table, kind: Kind) -> dict[str, Any]:
    """Read the settings that only this kind has."""
    chosen: dict[str, Any] = {}
    for option in kind.options:
        if option.name not in table.data:
            table.known.append(option.name)
            continue
        value: Any
        if option.kind == "yes/no":
            value = table.yes_no(option.name, default=bool(option.default))
        elif option.kind == "number":
            value = table.number(option.name, 0.0, least=0)
        elif option.choices:
            value = table.choice(option.name, option.choices, "")
        else:
            value = table.text(option.name)
        chosen[option.name] = value
    return chosen
