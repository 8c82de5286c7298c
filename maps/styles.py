"""How each table looks when QGIS opens it: symbols, labels, aliases and map tips as QML.

Colours are Okabe and Ito's (2008), told apart by colour-blind eyes; shapes repeat what they say.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import jinja2
import numpy as np
from markupsafe import Markup

from maps.phrases import valid
from maps.situation import ALL
from maps.surfaces import limits_between, ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

    from maps.situation import View
    from maps.words import Words

Shape = Literal["point", "line", "polygon"]

INK = "#222222"
GREY = "#8c8c8c"

_GEOMETRY = {"point": 0, "line": 1, "polygon": 2}
_HOT = {
    3: "#b30000",
    2: "#fc8d59",
    1: "#fdd49e",
    0: "",
    -1: "#deebf7",
    -2: "#9ecae1",
    -3: "#3182bd",
}
"""By ``gi_bin``: light to dark orange for more, light to dark blue for fewer (ColorBrewer)."""

_INDEX = ("#edf8fb", "#bfd3e6", "#9ebcda", "#8c96c6", "#8856a7", "#810f7c")
"""Of a survey's index, 0 to 6: one hue family, told apart by lightness (ColorBrewer's BuPu)."""

_MINUTES = ("#ccece6", "#99d8c9", "#66c2a4", "#2ca25f", "#006d2c")
"""Of patrols: the green of their points, light to dark (ColorBrewer's BuGn)."""

_COURSES = {
    "new": "#e4572e",
    "persistent": "#5c1138",
    "recurring": "#f3bd5b",
    "former": "#9fb2c6",
}
_EXPECTED = ("#c0d0e7", "#9db4d6", "#7b97c1", "#4d6ea3", "#25457a")
_STREET, _HOT_STREET, _STREET_EDGE = "#e3f6fb", "#17c9f2", "#0b2a38"
_STREET_WIDTHS = (0.4, 0.6, 0.9, 1.2, 1.6)
"""The page's inks of courses, of forecasts and of streets."""

_AMOUNTS = ("#fef0d9", "#fdcc8a", "#fc8d59", "#e34a33", "#b30000")

_KINDS = {
    "bathing_sites": ("#56b4e9", "circle", 2.8),
    "traffic_spots": ("#d55e00", "triangle", 2.6),
    "patrols": ("#009e73", "diamond", 3.0),
    "places": ("#222222", "square", 1.4),
    "operations": ("#7b3294", "star", 3.4),
}
_FAMILIES = {
    "traffic": ("#d55e00", "triangle", 1.5),
    "order": ("#0072b2", "circle", 1.2),
    "narcotics": ("#cc79a7", "diamond", 1.7),
    "alcohol": ("#e69f00", "square", 1.2),
    "theft": ("#009e73", "pentagon", 1.5),
    "violence": ("#000000", "star", 1.9),
}
_OTHER = ("#8c8c8c", "circle", 1.2)

_GROUND_LINES = {
    "road_major": ("#7a6a58", 0.7),
    "road_minor": ("#b5aca1", 0.3),
    "railway": ("#555555", 0.3),
    "water": ("#7fb2d1", 0.4),
    "": ("#b5b5b5", 0.3),
}
_GROUND_FILLS = {
    "water": "#c6dfee",
    "built_up": "#e6dfd6",
    "": "#ececec",
}

_NAMED = f"""case when "family" = '{ALL}' then "name" else "name" || ' (' || """
_NAMED += """lower(represent_value("family")) || ')' end"""
"""Names a place, and of which map it is: those of several lie over each other."""

_OUTLINES_CLOSER_THAN = 60_000
_LARGE_CLOSER_THAN = 100_000
"""From here on sites are drawn large; of a whole municipality they would cover the hot cells."""
_LARGE_MM = 2.5


@dataclass(frozen=True, slots=True)
class Part:
    """One symbol layer of QGIS: its class and options."""

    kind: str
    options: Mapping[str, str]
    closer_than: int | None = None


@dataclass(frozen=True, slots=True)
class Symbol:
    """What one class is drawn with, from below to above."""

    type: Literal["marker", "line", "fill"]
    parts: tuple[Part, ...]
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Class:
    """One line of the legend: a value or a range, its words and its symbol."""

    label: str
    symbol: Symbol
    value: str = ""
    lower: float = 0
    upper: float = 0
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Label:
    """Text beside an object: what, how large (points), and from which scale on."""

    expression: str
    size: float = 9.0
    closer_than: int = 0
    placement: Literal[1, 3, 6, 8] = 6  # over, along, beside, outside
    colour: str = "34,34,34,255"
    bold: bool = False
    italic: bool = False
    distance: float = 1.5
    priority: int = 5


@dataclass(frozen=True, slots=True)
class Style:
    """Everything that the template needs for one table.

    ``values`` are the words of a column's keys; ``moment`` is a column with the first day of the
    month that a row belongs to, by which QGIS's temporal controller plays it.
    """

    geometry: int | None = None
    renderer: Literal["singleSymbol", "categorizedSymbol", "graduatedSymbol"] = "singleSymbol"
    attribute: str = ""
    classes: tuple[Class, ...] = ()
    levels: int = 0
    label: Label | None = None
    tip: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    moment: str = ""


def qml(style: Style) -> str:
    """Write a style as QGIS reads it; every text in it is escaped."""
    return template("qml/layer.qml").render(style=style)


@cache
def template(name: str) -> jinja2.Template:
    """Load one of QGIS's templates; whatever is filled in is escaped and can stand in XML."""
    # Texts come from users: characters that XML has no place for would make the style unreadable.
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: (
            valid(value) if isinstance(value, str) and not isinstance(value, Markup) else value
        ),
    )
    return environment.get_template(name)


def tip(title: str, aliases: Mapping[str, str], keys: Collection[str] = ()) -> str:
    """Make a map tip: one column as heading, the others as lines; QGIS escapes their values.

    ``keys`` are the columns whose values have words in QGIS; the words are shown.
    """
    lines = [f"<b>{_shown(title, keys)}</b>"] if title else []
    lines += [f"{escape(alias)}: {_shown(name, keys)}" for name, alias in aliases.items()]
    return "<br>".join(lines)


def column(name: str) -> str:
    """Quote a column's name for an expression of QGIS."""
    return '"' + name.replace('"', '""') + '"'


def _said(name: str, keys: Collection[str]) -> str:
    return f"represent_value({column(name)})" if name in keys else column(name)


def _shown(name: str, keys: Collection[str]) -> str:
    text = f"to_string(coalesce({_said(name, keys)},''))"
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = f"replace({text},'{raw}','{safe}')"
    return f"[% {text} %]"


def cells_style(view: View, words: Words, aliases: Mapping[str, str], heading: str) -> Style:
    """Colour cells by how surely they stand out (``gi_bin``), else by their number of events.

    Where there is too little to test, "does not stand out" would claim too much.
    """
    columns = view.columns
    told = {name: alias for name, alias in aliases.items() if name in {"n", "kde", "gi_z", "gi_q"}}
    common: dict[str, Any] = {"geometry": 2, "aliases": aliases, "tip": tip(heading, told)}
    values = _class_words(columns, words)
    if "gi_bin" in columns:
        names = {value: f"gi_bin_{value}" if value >= 0 else f"gi_bin_m{-value}" for value in _HOT}
        legend = {value: words(f"classes.{name}") for value, name in names.items()}
        bins = [name for name in aliases if name == "gi_bin" or name.startswith("gi_bin_")]
        values |= {name: {str(value): word for value, word in legend.items()} for name in bins}
        if view.enough:
            classes = tuple(
                Class(legend[value], _cell(colour), value=str(value))
                for value, colour in _HOT.items()
            )
            return Style(
                renderer="categorizedSymbol",
                attribute="gi_bin",
                classes=classes,
                values=values,
                **common,
            )
    steps = _steps(columns["n"])
    colours = _AMOUNTS[min(2, len(_AMOUNTS) - len(steps)) :]  # few and pale ones are not seen
    return Style(
        renderer="graduatedSymbol",
        attribute="n",
        classes=tuple(
            Class(
                ("" if low == high else f"{words.number(low)}–") + words("page.events", n=high),
                _cell(colour),
                lower=low,
                upper=high,
            )
            for (low, high), colour in zip(steps, colours, strict=False)
        ),
        values=values,
        **common,
    )


def other_cells_styles(view: View, words: Words, usual: Style, heading: str) -> dict[str, Style]:
    """Give the other ways to look at cells, by name: their course over time, and the forecast."""

    def told(*names: str) -> str:
        known = {name: usual.aliases[name] for name in names if name in usual.aliases}
        return tip(heading, known, usual.values)

    course = forecast = None
    if "emerging_summary" in view.columns:
        course = replace(
            usual,
            renderer="categorizedSymbol",
            attribute="emerging_summary",
            classes=tuple(
                Class(words(f"classes.emerging_summary_{key}"), _cell(colour), value=key)
                for key, colour in _COURSES.items()
            ),
            tip=told("n", "emerging_class", "emerging_months"),
        )
    if "forecast" in view.columns:
        forecast = replace(
            usual,
            renderer="graduatedSymbol",
            attribute="forecast",
            classes=tuple(
                Class(label, _cell(_EXPECTED[step]), lower=low, upper=high)
                for step, label, low, high in _as_on_the_page(view.columns["forecast"], words)
            ),
            tip=told("n", "forecast", "forecast_low", "forecast_high"),
        )
    named = {"emerging": course, "forecast": forecast}
    return {
        words(f"qgis.style_{name}"): style
        for name, style in named.items()
        if style is not None and style.classes
    }


def _as_on_the_page(
    values: NDArray[np.float64], words: Words
) -> list[tuple[int, str, float, float]]:
    """Part values into the page's classes: step (the densest is 4), words, lower and upper limit.

    What is below the lowest limit has no class.
    """
    known = np.nan_to_num(np.asarray(values, dtype=np.float64))
    limits = limits_between(known)
    if not limits:
        return []
    tops = [*limits[1:], float(known.max())]
    steps = range(len(_EXPECTED) - len(limits), len(_EXPECTED))
    return list(zip(steps, ranges(limits, words), limits, tops, strict=True))


def streets_style(
    density: NDArray[np.float64],
    families: Mapping[str, str],
    aliases: Mapping[str, str],
    words: Words,
) -> Style:
    """Draw pieces of road the wider the denser, in the page's classes; the hot ones stand out.

    Hot pieces are told apart by a sign: in the renderer the others have a density below zero.
    """
    steps = _as_on_the_page(density, words)
    classes = [
        Class(
            words("qgis.per_km_hot" if hot else "qgis.per_km", limits=label),
            _street(_HOT_STREET if hot else _STREET, _STREET_WIDTHS[step]),
            lower=low if hot else -high,
            upper=high if hot else -low,
        )
        for hot in (True, False)
        for step, label, low, high in reversed(steps)
    ]
    common: dict[str, Any] = {
        "geometry": 1,
        "tip": tip("name", {name: aliases[name] for name in ("density", "n", "q")}),
        "aliases": aliases,
        "values": {"family": families, "hot": yes_no("hot", words)},
    }
    if not classes:
        return Style(classes=(Class("", _street(_STREET, _STREET_WIDTHS[0])),), **common)
    return Style(
        renderer="graduatedSymbol",
        attribute='case when "hot" = 1 then "density" else -"density" end',
        classes=tuple(classes),
        levels=1,
        **common,
    )


def _street(colour: str, width: float) -> Symbol:
    return Symbol("line", (_line(_STREET_EDGE, width + 0.5), _line(colour, width)))


def yes_no(column: str, words: Words) -> dict[str, str]:
    """Say what 1 and 0 mean in a column."""
    return {value: words(f"classes.{column}_{value}") for value in ("1", "0")}


def _class_words(columns: Mapping[str, NDArray[Any]], words: Words) -> dict[str, dict[str, str]]:
    """Say the keys of every column of classes in words (``lisa_class`` and its like)."""
    found = {}
    for name, values in columns.items():
        if name.endswith(("_class", "_summary")):
            keys = [str(key) for key in np.unique(values.astype(str))]
            found[name] = {
                key: words(f"classes.{name}_{key}" if key else "classes.none") for key in keys
            }
    return found


def _steps(n: NDArray[Any]) -> list[tuple[int, int]]:
    """Part the counts above zero into at most five classes of about as many cells each."""
    some = n[n > 0]
    if not len(some):
        return [(1, 1)]
    shares = np.linspace(0, 1, len(_AMOUNTS) + 1)[1:]
    tops = np.unique(np.quantile(some, shares, method="higher").astype(np.int64)).tolist()
    lows = [int(some.min()), *(top + 1 for top in tops[:-1])]
    return list(zip(lows, tops, strict=True))


def hotspots_style(
    families: Mapping[str, str], aliases: Mapping[str, str], told: tuple[str, ...]
) -> Style:
    """Outline hotspots and number them; those of all families show first, others on request."""
    outline = Symbol(
        "fill",
        (
            _fill("", "#ffffff", 0.9),
            _fill("", INK, 0.4),
            _fill("", INK, 0.6, closer_than=_LARGE_CLOSER_THAN),
        ),
    )
    return Style(
        geometry=2,
        renderer="categorizedSymbol",
        attribute="family",
        classes=tuple(
            Class(word, outline, value=key, shown=number == 0)
            for number, (key, word) in enumerate(families.items())
        ),
        label=Label(
            """case when @map_scale < 100000 then to_string("rank") || '. ' || "name" """
            """else to_string("rank") end""",
            size=11,
            placement=8,
            bold=True,
            priority=10,
        ),
        tip=tip("name", {name: aliases[name] for name in told}),
        aliases=aliases,
        values={"family": families},
    )


def clusters_style(
    families: Mapping[str, str],
    aliases: Mapping[str, str],
    told: tuple[str, ...],
    words: Words,
) -> Style:
    """Outline clusters: dashed where they are significant; what may be chance is not shown."""
    line = Symbol("fill", (_fill("", "#ffffff", 1.2), _fill("", "#6a3d9a", 0.7, style="dash")))
    faint = Symbol("fill", (_fill("", GREY, 0.3, style="dot"),))
    said = yes_no("significant", words)
    return Style(
        geometry=2,
        renderer="categorizedSymbol",
        attribute="significant",
        classes=(
            Class(said["1"], line, value="1"),
            Class(said["0"], faint, value="0", shown=False),
        ),
        label=Label(_NAMED, size=9, closer_than=100_000, placement=8, priority=8),
        tip=tip("name", {name: aliases[name] for name in told}),
        aliases=aliases,
        values={"family": families, "significant": said},
    )


def history_style(
    months: Mapping[str, str],
    families: Mapping[str, str],
    aliases: Mapping[str, str],
    told: tuple[str, ...],
    moment: str,
) -> Style:
    """Outline the hotspots of all families, the latest darkest; ``months`` from late to early."""
    shades = np.linspace(0, 0.82, len(months))
    return Style(
        geometry=2,
        renderer="categorizedSymbol",
        attribute=f'case when "family" = \'{ALL}\' then "month" end',
        classes=tuple(
            Class(word, Symbol("fill", (_fill("", _faded(INK, shade), 0.5),)), value=month)
            for (month, word), shade in zip(months.items(), shades, strict=True)
        ),
        tip=tip("name", {name: aliases[name] for name in told}),
        aliases=aliases,
        values={"family": families},
        moment=moment,
    )


def area_style(aliases: Mapping[str, str]) -> Style:
    """Draw the area's edge alone, so that nothing is hidden by it."""
    edge = Symbol("fill", (_fill("", "#ffffff", 1.4), _fill("", "#555555", 0.6, style="dash dot")))
    return Style(geometry=2, classes=(Class("", edge),), aliases=aliases)


def ground_style(aliases: Mapping[str, str]) -> Style:
    """Fill the area with white, to lie below everything else."""
    return Style(
        geometry=2,
        classes=(Class("", Symbol("fill", (_fill("#ffffff", "", 0),))),),
        aliases=aliases,
    )


def layer_style(
    kind: str,
    shape: Shape | None,
    columns: Mapping[str, pa.Array],
    aliases: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
) -> Style:
    """Draw a layer by its kind; by its classes, families or amounts where it has them."""
    named = next((name for name in ("name", "place", "purpose") if name in aliases), "")
    told = {
        name: alias
        for name, alias in aliases.items()
        if name not in {named, "id"} and f"{name}_local" not in aliases
    }
    common: dict[str, Any] = {"aliases": aliases, "values": values}
    if shape is None:
        return Style(**common)
    common |= {"geometry": _GEOMETRY[shape], "tip": tip(named, told, values)}
    if kind == "background":
        return Style(**common, **_ground(shape, aliases, values))
    if shape == "polygon" and kind in {"survey", "patrol_tracks"}:
        by = _by_index() if kind == "survey" else _by_minutes(columns["minutes"].to_numpy())
        return Style(**common, **by)
    if kind == "incidents":  # too many to be named
        by_family = tuple(
            Class(word, _symbol(shape, *_FAMILIES.get(key, _OTHER)), value=key)
            for key, word in values.get("family", {}).items()
        )
        if not by_family:
            return Style(classes=(Class("", _symbol(shape, *_OTHER)),), **common)
        return Style(renderer="categorizedSymbol", attribute="family", classes=by_family, **common)
    label = None
    if kind == "places":
        label = Label(column("name"), size=9, colour="60,60,60,255", priority=7)
    elif named:
        far = 150_000 if kind == "bathing_sites" else 10_000
        label = Label(_said(named, values), size=8, closer_than=far)
    symbol = _symbol(shape, *_KINDS.get(kind, _OTHER))
    if kind == "operations" and shape == "polygon":  # often drawn over a hotspot
        symbol = _hatched(_KINDS[kind][0])
    return Style(classes=(Class("", symbol),), label=label, **common)


def _by_index() -> dict[str, Any]:
    """Colour areas by an index from 0 to 6, light to dark; those without one are not coloured."""
    classes = tuple(
        Class(f"{low}–{low + 1}", Symbol("fill", (_fill(colour, INK, 0.2),), alpha=0.7),
              lower=low, upper=low + 1)
        for low, colour in enumerate(_INDEX)
    )  # fmt: skip
    return {"renderer": "graduatedSymbol", "attribute": "index", "classes": classes}


def _by_minutes(minutes: NDArray[np.float64]) -> dict[str, Any]:
    """Colour squares by minutes, light to dark, in classes of about as many squares each."""
    classes = tuple(
        Class(f"{low - 1}–{high} min", Symbol("fill", (_fill(colour, "", 0),), alpha=0.7),
              lower=low - 1, upper=high)
        for (low, high), colour in zip(_steps(np.ceil(minutes)), _MINUTES, strict=False)
    )  # fmt: skip
    return {"renderer": "graduatedSymbol", "attribute": "minutes", "classes": classes}


def _ground(
    shape: Shape, aliases: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Draw roads, water and built-up ground quietly, with names where they have any."""

    def drawn(key: str) -> Symbol:
        if shape == "line":
            colour, width = _GROUND_LINES.get(key, _GROUND_LINES[""])
            return Symbol("line", (_line(colour, width),))
        if shape == "polygon":
            colour = _GROUND_FILLS.get(key, _GROUND_FILLS[""])
            return Symbol("fill", (_fill(colour, "", 0),), alpha=0.8)
        return _symbol(shape, *_OTHER)

    label = None
    if "name" in aliases:
        label = Label(
            column("name"),
            size=7.5,
            closer_than=100_000,
            placement=3 if shape == "line" else 1,
            colour="90,90,90,255",
            italic=shape == "polygon",
            distance=0,
            priority=2,
        )
    if not values.get("class"):
        return {"classes": (Class("", drawn("")),), "label": label}
    classes = tuple(Class(word, drawn(key), value=key) for key, word in values["class"].items())
    return {
        "renderer": "categorizedSymbol",
        "attribute": "class",
        "classes": classes,
        "label": label,
    }


def _cell(colour: str) -> Symbol:
    """Fill a cell without an edge; its edge shows near by only, lest edges hide the colours."""
    edge = _fill("", "#bdbdbd", 0.1, closer_than=_OUTLINES_CLOSER_THAN)
    return Symbol("fill", (_fill(colour, "", 0), edge) if colour else (edge,), alpha=0.7)


def _symbol(shape: Shape, colour: str, marker: str, size: float) -> Symbol:
    if shape == "line":
        return Symbol("line", (_line("#ffffff", size / 5 + 0.4), _line(colour, size / 5)))
    if shape == "polygon":
        return Symbol("fill", (_fill(colour, INK, 0.3),), alpha=0.6)
    if size < _LARGE_MM:  # it would be all edge
        return Symbol("marker", (_marker(colour, marker, size, "#ffffff", 0.1),))
    small = _marker(colour, marker, 0.6 * size, INK, 0.2)
    large = _marker(colour, marker, size, INK, 0.3, closer_than=_LARGE_CLOSER_THAN)
    return Symbol("marker", (small, large))


def _hatched(colour: str) -> Symbol:
    """Draw a surface through which what is below it can be read."""
    hatch = _fill(colour, colour, 0.5)
    hatch = replace(hatch, options={**hatch.options, "style": "b_diagonal"})
    return Symbol("fill", (_fill("", "#ffffff", 1.0), hatch))


def _marker(
    colour: str,
    marker: str,
    size: float,
    edge: str,
    width: float,
    *,
    closer_than: int | None = None,
) -> Part:
    options = {
        "name": marker,
        "color": _rgba(colour),
        "outline_color": _rgba(edge),
        "outline_style": "solid",
        "outline_width": f"{width:g}",
        "outline_width_unit": "MM",
        "size": f"{size:g}",
        "size_unit": "MM",
        "joinstyle": "round",
    }
    return Part("SimpleMarker", options, closer_than)


def _fill(
    colour: str, edge: str, width: float, *, style: str = "solid", closer_than: int | None = None
) -> Part:
    options = {
        "color": _rgba(colour),
        "style": "solid" if colour else "no",
        "outline_color": _rgba(edge),
        "outline_style": style if edge else "no",
        "outline_width": f"{width:g}",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    return Part("SimpleFill", options, closer_than)


def _line(colour: str, width: float) -> Part:
    options = {
        "line_color": _rgba(colour),
        "line_style": "solid",
        "line_width": f"{width:g}",
        "line_width_unit": "MM",
        "capstyle": "round",
        "joinstyle": "round",
    }
    return Part("SimpleLine", options)


def _faded(colour: str, share: float) -> str:
    """Mix a colour with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(one + (255 - one) * share):02x}" for one in parts)


def _rgba(colour: str) -> str:
    digits = colour.removeprefix("#")
    if not digits:
        return "0,0,0,0"
    red, green, blue = (int(digits[i : i + 2], 16) for i in (0, 2, 4))
    return f"{red},{green},{blue},255"
