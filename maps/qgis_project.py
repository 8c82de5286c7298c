"""Makes the QGIS project that stands in the GeoPackage: groups, order and a map to print."""

from __future__ import annotations

import io
import math
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyproj
import shapely

from geo.months import month_text
from maps import phrases
from maps.gpkg_metadata import Metadata, file_metadata, table_metadata
from maps.manifest import portable
from maps.situation import ALL
from maps.styles import Style, column, ground_style, template
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from maps.gis_tables import GisTable, Group
    from maps.situation import Situation
    from maps.words import Words

PROJECT = "lagesbild"
"""The project's name in the file."""

_GROUND = f"{PROJECT}_ground"
_GROUPS: tuple[Group, ...] = ("hotspots", "layers", "analysis", "background", "tables")
_OPEN = ("hotspots", "analysis")
_GEOMETRY = {0: "Point", 1: "Line", 2: "Polygon", None: "No geometry"}
_CANVAS = (236, 234, 229)
_MANY = 100
"""Layers with more rows than this are drawn only near by, lest they hide what matters."""
_NEAR = 50_000
_NAMED = 10
"""So many hotspots are listed beside the printed map."""
_MAP_MM = (195.0, 169.0)
_BAR_MM = 50.0
_LIST_TOP_MM, _LEGEND_BOTTOM_MM = 33.0, 186.0
_LISTED_MM, _LEGEND_LINE_MM = 4.0, 4.7
_SMALLEST = 0.6
"""Of the legend's usual size; smaller could not be read."""

_LIST = (
    f"[% aggregate('hotspots_{PROJECT}', 'concatenate', "
    """"rank" || '. ' || "name" || ' (' || "n" || ')', """
    f""""family" = '{ALL}' and "rank" <= {_NAMED}, """
    r"""'\n', "rank") %]"""
)
"""Lists what the table holds when the map is printed."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _MapLayer:
    """One layer of the project; ``closer_than`` is a scale's denominator, or 0.

    ``others`` are styles to choose in place of ``style``, by their names.
    """

    id: str
    source: str
    name: str
    style: Style
    metadata: Metadata
    group: Group
    shown: bool
    closer_than: int
    others: Mapping[str, Style] = field(default_factory=dict)

    @property
    def spatial(self) -> bool:
        return self.style.geometry is not None

    @property
    def geometry(self) -> str:
        return _GEOMETRY[self.style.geometry]

    @property
    def headed(self) -> bool:
        """Tell whether a legend has the layer's name above its symbols."""
        return self.style.renderer != "singleSymbol"

    @property
    def open(self) -> bool:
        return self.group in _OPEN and self.shown


@dataclass(frozen=True, slots=True)
class _Bar:
    """A scale bar: the unit for QGIS and for people, and how many of it one segment has."""

    unit: str
    label: str
    segment: float


def qgz(situation: Situation, tables: Sequence[GisTable], file: str, language: str) -> bytes:
    """Make a zipped project over the tables of ``file``, which lies wherever the project does.

    The same situation gives the same bytes.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(f"{PROJECT}.qgs")
        entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
        archive.writestr(entry, _qgs(situation, tables, file, language))
    return packed.getvalue()


def _qgs(situation: Situation, tables: Sequence[GisTable], file: str, language: str) -> str:
    said = words(language)
    layers = _layers(situation, tables, file, language)
    box = _around(situation)
    months = [one.month for one in situation.history]
    return template("qgis/project.qgs").render(
        project={
            "title": situation.title,
            "authority": f"EPSG:{situation.crs}",
            "wkt": pyproj.CRS.from_epsg(situation.crs).to_wkt(),
            "canvas": _CANVAS,
            "usual": said("qgis.style_usual"),
            "extent": box,
            "metadata": file_metadata(situation, language),
            "groups": [
                {
                    "name": said(f"qgis.{group}"),
                    "open": group != "tables",
                    "layers": [one for one in layers if one.group == group],
                }
                for group in _GROUPS
                if any(one.group == group for one in layers)
            ],
            "played": months and [f"{month_text(m)}-01" for m in (min(months), max(months) + 1)],
            "layout": _layout(situation, layers, said),
        }
    )


def _layers(
    situation: Situation, tables: Sequence[GisTable], file: str, language: str
) -> list[_MapLayer]:
    """Give the project's layers from above to below: points over lines over surfaces."""
    titles = Counter(table.title for table in tables)
    tables = sorted(tables, key=lambda table: table.name != "area")
    layers = [
        _MapLayer(
            f"{table.name}_{PROJECT}",  # QGIS wants more than ten characters
            f"./{file}|layername={table.name}",
            f"{table.title} ({table.name})" if titles[table.title] > 1 else table.title,
            table.style,
            table_metadata(table, situation, language),
            table.group,
            table.shown,
            _NEAR if table.group == "layers" and table.shown and _rows(table) > _MANY else 0,
            table.others,
        )
        for table in tables
    ]
    layers = [
        part for table, one in zip(tables, layers, strict=True) for part in _parts(one, table.parts)
    ]
    area = layers[0]
    ground = replace(
        area,
        id=_GROUND,
        name=words(language)("qgis.ground"),
        style=ground_style(area.style.aliases),
        group="background",
    )
    return sorted([*layers, ground], key=lambda one: one.style.geometry or 0)


def _parts(layer: _MapLayer, parts: Sequence[Mapping[str, str]]) -> list[_MapLayer]:
    """Make a layer of each part of a table; the layer itself where there are none."""
    return [
        replace(
            layer,
            id=f"{layer.id}_{number}",
            source=f"{layer.source}|subset={_where(part)}",
            name=f"{layer.name}: {', '.join(part.values())}",
        )
        for number, part in enumerate(parts, 1)
    ] or [layer]


def _where(part: Mapping[str, str]) -> str:
    return " AND ".join(
        f"{column(name)} = '" + value.replace("'", "''") + "'" for name, value in part.items()
    )


def _rows(table: GisTable) -> int:
    return len(next(iter(table.columns.values())))


def _layout(situation: Situation, layers: Sequence[_MapLayer], words: Words) -> dict[str, Any]:
    """Say what stands on the printed map."""
    box = _around(situation, _MAP_MM[0] / _MAP_MM[1])
    view = situation.views[0]
    under = [situation.area_name] if situation.area_name not in situation.title else []
    if situation.month:
        months = phrases.month_run(situation.months, words)
        under.append(words("qgis.period", months=months))
    files = ", ".join(dict.fromkeys(portable(one.path) for one in situation.reports))
    made = words("qgis.made", sources=files, crs=f"EPSG:{situation.crs}")
    doubts = phrases.summary(view, situation, words)
    if view.enough and view.tested:
        doubts = words("page.script.no_spots")
    scale = (box[2] - box[0]) / _MAP_MM[0] * 1000
    told = _told(layers)
    seen = [layer for layer, _ in told if not 0 < layer.closer_than < scale]
    return {
        "name": words("qgis.layout"),
        "title": _plain(situation.title),
        "period": _plain(" · ".join(under)),
        "extent": box,
        "legend": words("qgis.legend"),
        "named": words("qgis.named"),
        "list": _LIST if view.hotspots else _plain(doubts),
        "told": told,
        "size": _size(seen, min(len(view.hotspots), _NAMED)),
        "bar": _bar((box[2] - box[0]) * _BAR_MM / _MAP_MM[0]),
        "sources": _plain("\n".join(filter(None, [situation.notice, made]))),
    }


def _told(layers: Sequence[_MapLayer]) -> list[tuple[_MapLayer, str]]:
    """Choose what the legend tells and under which names; layers of one symbol come first.

    After those of several they would seem to belong to them.
    """
    shown = [
        one
        for group in _GROUPS
        for one in layers
        if one.group == group and one.spatial and one.shown and one.id != _GROUND
    ]
    alike = Counter((one.metadata.title, one.geometry) for one in shown)
    return [
        (one, one.name if alike[one.metadata.title, one.geometry] > 1 else one.metadata.title)
        for one in sorted(shown, key=lambda one: one.headed)
    ]


def _size(layers: Sequence[_MapLayer], listed: int) -> float:
    """Say how much smaller than usual a legend must be that has room below the list of places."""
    lines = 2 + sum(one.headed + sum(part.shown for part in one.style.classes) for one in layers)
    room = _LEGEND_BOTTOM_MM - _LIST_TOP_MM - _LISTED_MM * listed
    return round(max(_SMALLEST, min(1.0, room / (lines * _LEGEND_LINE_MM))), 2)


def _plain(text: str) -> str:
    """Keep QGIS from taking a part of a text for an expression."""
    return text.replace("[%", "[ %")


def _around(situation: Situation, ratio: float | None = None) -> Box:
    """Give the box around the area and a little more; of this ratio of width to height."""
    west, south, east, north = shapely.bounds(situation.area)
    width, height = (east - west) * 1.06, (north - south) * 1.06
    if ratio is not None:
        width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = (west + east) / 2, (south + north) / 2
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return tuple(round(float(value), 3) for value in box)  # type: ignore[return-value]  # four


def _bar(metres: float) -> _Bar:
    """Choose two segments of a round length that are together no longer than this."""
    ten = 10.0 ** math.floor(math.log10(metres / 2))
    segment = max(step * ten for step in (1, 2, 5) if step * ten <= metres / 2)
    if segment < 1000:  # noqa: PLR2004 - a kilometre
        return _Bar("meters", "m", segment)
    return _Bar("km", "km", segment / 1000)
