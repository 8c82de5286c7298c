"""The JSON Schema of the project file: editors complete and check ``lagesbild.toml`` by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from geo.hotspots import methods
from layers.categories import FAMILIES, known_categories
from layers.columns import POSITION_FIELDS
from layers.project import DEFAULT_CRS, DEFAULT_METHODS, MOST_ZOOM
from layers.sources import kinds

if TYPE_CHECKING:
    from geo.hotspots import Parameter
    from layers.sources import Kind, Option

    Schema = dict[str, Any]

KEY = "^[a-z][a-z0-9_]*$"
"""The form of names that become tables and columns."""

SCHEMA_FILE = "lagesbild.schema.json"
"""The schema's name beside a project file."""

_TYPES = {
    "yes/no": "boolean",
    "integer": "integer",
    "number": "number",
    "real": "number",
    "text": "string",
}


def schema_text() -> str:
    """Give the schema as JSON (draft 7), the same text each time."""
    return json.dumps(project_schema(), ensure_ascii=False, indent=1) + "\n"


def project_schema() -> Schema:
    """Describe every key of the project file that ``layers.project`` reads."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A project of lagesbild (lagesbild.toml)",
        **_table(
            {
                "title": _text("title of the page"),
                "municipality": _text("name of the municipality"),
                "language": _choice("language of page, tables and QGIS", ["sv", "en"], "sv"),
                "crs": _crs("EPSG code of the metres to work in", DEFAULT_CRS),
                "notice": _text("a remark of your own at the top of the page"),
                "seed": _number("rules all randomness", "integer", default=1, minimum=0),
                "area": _area(),
                "grid": _grid(),
                "period": _table(
                    {
                        "window_months": _number(
                            "the statistics cover so many months, up to the month of the meeting",
                            "integer",
                            default=12,
                            minimum=1,
                        )
                    }
                ),
                "hotspots": _hotspots(),
                "methods": _table({name: _method(name) for name in methods()}),
                "families": {
                    "type": "object",
                    "propertyNames": {"pattern": KEY},
                    "additionalProperties": _table(
                        {"sv": _text("its word in Swedish"), "en": _text("its word in English")}
                    ),
                },
                "categories": _categories(),
                "layers": {"type": "array", "minItems": 1, "items": _layer()},
                "calendar": _table(
                    {
                        "school_holidays": _list(
                            "first and last day of each, as 2021-06-12/2021-08-17",
                            {"type": "string"},
                        ),
                        "weather": _list(
                            "files of temperature and precipitation by day or hour, as SMHI's",
                            {"type": "string"},
                        ),
                    }
                ),
                "promise": _table(
                    {
                        "patrol_minutes_per_week": _number(
                            "minutes of police presence that were promised for each week",
                            exclusiveMinimum=0,
                        )
                    }
                ),
                "page": _page(),
                "output": _table(
                    {
                        "formats": _list(
                            "formats to write each time; lagesbild formats lists them",
                            {"type": "string"},
                        ),
                        "postgis": _text("schema of PostGIS to write the tables to", pattern=KEY),
                    }
                ),
            },
            required=["municipality", "area", "layers"],
        ),
    }


def _table(properties: Schema, *, required: list[str] | None = None) -> Schema:
    needed = {"required": required} if required else {}
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **needed,
    }


def _text(description: str, **more: str) -> Schema:
    return {"type": "string", "description": description, **more}


def _number(description: str, kind: str = "number", **more: float | None) -> Schema:
    told = {key: value for key, value in more.items() if value is not None}
    return {"type": kind, "description": description, **told}


def _choice(description: str, choices: list[str], default: str | None = None) -> Schema:
    told = {} if default is None else {"default": default}
    return {"enum": choices, "description": description, **told}


def _yes_no(description: str, *, default: bool) -> Schema:
    return {"type": "boolean", "description": description, "default": default}


def _list(description: str, items: Schema) -> Schema:
    return {
        "description": description,
        "anyOf": [{"type": "array", "items": items}, items],
    }


def _crs(description: str, default: int | None = None) -> Schema:
    forms = [{"type": "integer"}, {"type": "string", "pattern": r"^\s*([Ee][Pp][Ss][Gg]:)?\d+\s*$"}]
    told = {} if default is None else {"default": default}
    return {"description": description, "anyOf": forms, **told}


def _area() -> Schema:
    return _table(
        {
            "file": _text("file with the municipality's polygon"),
            "layer": _text("layer of the file, where it has several"),
            "select": _table(
                {
                    "column": _text("column by which to pick"),
                    "value": {
                        "type": ["string", "integer"],
                        "description": "value of the polygons to pick",
                    },
                },
                required=["column", "value"],
            ),
            "crs": _crs("EPSG code of the file, where it does not say it"),
            "name": _text("name of the area, where it is not the municipality"),
            "buffer_m": _number("events so close outside still count", default=250.0, minimum=0),
        },
        required=["file"],
    )


def _grid() -> Schema:
    size = {
        "description": 'side of a square or width of a hexagon in metres; "auto" chooses',
        "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "auto"}],
    }
    kind = _choice("shape of the cells", ["square", "hex"], "square")
    return _table({"kind": kind, "cell_size": size})


def _hotspots() -> Schema:
    names: Schema = {"enum": list(methods())}
    return _table(
        {
            "methods": {
                **_list("methods to run; the first that finds places makes the ranking", names),
                "default": list(DEFAULT_METHODS),
            },
            "reach_m": _number(
                "what is near a hotspot, in metres", default=500.0, exclusiveMinimum=0
            ),
            "exposure": _text("name of a layer of inhabitants to measure events against"),
            "stability": _yes_no("try how steady each hotspot is", default=True),
            "method": _choice("auto: a back-test chooses by what the ground is ranked", ["auto"]),
        }
    )


def _method(name: str) -> Schema:
    method = methods()[name]
    return {
        "description": method.summary,
        **_table({one.name: _parameter(one) for one in method.parameters}),
    }


def _parameter(one: Parameter) -> Schema:
    default = {} if one.default is None else {"default": one.default}
    if one.kind == "choice":
        return {"enum": list(one.choices), "description": one.help, **default}
    plain: Schema = {"type": _TYPES[one.kind]}
    if one.above is not None:
        plain["exclusiveMinimum"] = one.above
    if one.kind == "real" and one.default is None:
        plain = {"anyOf": [plain, {"const": "auto"}]}
    return {"description": one.help, **plain, **default}


def _categories() -> Schema:
    one = _table(
        {
            "family": _text(f"its family: {', '.join(FAMILIES)}, or one of [families]"),
            "weight": _number("how much one counts", default=1.0, minimum=0),
            "words": _list("words of your sources that mean it", {"type": "string"}),
            "sv": _text("its word in Swedish"),
            "en": _text("its word in English"),
        }
    )
    return {
        "type": "object",
        "properties": dict.fromkeys(known_categories(), one),
        "propertyNames": {"pattern": KEY},
        "additionalProperties": one,
    }


def _layer() -> Schema:
    """Describe one layer: the keys of all kinds, and by its kind those that it may have."""
    known = {name: kind for name, kind in kinds().items() if name != "area"}
    shared = {
        "kind": _choice("what the layer holds", list(known)),
        "file": _text("the file; a path is relative to this project file"),
        "name": _text("a name of its own, also of its table", pattern=KEY),
        "columns": {
            "type": "object",
            "description": "which column of the file holds what, where it is not recognised",
            "additionalProperties": {"type": "string"},
        },
        "category": _text("the one category of the whole file"),
        "crs": _crs("EPSG code of the file, where it does not say it"),
        "sheet": _text("sheet of a workbook"),
        "layer": _text("layer of the file, where it has several"),
        "areas": _text("file of polygons for rows that name their area by a code alone"),
    }
    options = {one.name: _option(one) for kind in known.values() for one in kind.options}
    return {
        **_table({**shared, **options}, required=["kind", "file"]),
        "allOf": [_of_kind(kind, list(shared)) for kind in known.values()],
    }


def _of_kind(kind: Kind, shared: list[str]) -> Schema:
    fields = {one.name: _text(one.help) for one in kind.fields}
    positions = {name: _text("where the position stands") for name in POSITION_FIELDS}
    keys = [name for name in shared if name != "category" or kind.counted]
    return {
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {
            "description": kind.summary,
            "propertyNames": {"enum": [*keys, *(one.name for one in kind.options)]},
            "properties": {
                "columns": {
                    "properties": {**fields, **positions},
                    "propertyNames": {"enum": [*fields, *positions]},
                }
            },
        },
    }


def _option(one: Option) -> Schema:
    if one.choices:
        return {"enum": list(one.choices), "description": one.help}
    default = {} if one.default is None else {"default": one.default}
    least = {"minimum": 0} if one.kind == "number" else {}
    return {"type": _TYPES[one.kind], "description": one.help, **least, **default}


def _page() -> Schema:
    return _table(
        {
            "filters": _yes_no("carry what readers need to choose and count again", default=True),
            "tiles": _text("https address of an online map with {z}, {x} and {y}"),
            "attribution": _text("whose map that is"),
            "tile_max_zoom": _number(
                "the deepest level that the server has", "integer", minimum=1, maximum=MOST_ZOOM
            ),
        }
    )
