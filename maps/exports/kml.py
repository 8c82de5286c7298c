"""Writes the hotspots as KML 2.2, for Google Earth."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import shapely

from geo.schema import HOTSPOT
from maps import phrases
from maps.exports import Export
from maps.exports.places import DECIMALS, outlines, rows, title
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from maps.situation import Situation
    from maps.words import Words

_TYPES = {"text": "string", "integer": "int", "real": "double", "date": "string", "time": "string"}
_LINE, _FILL = "ff005ed5", "59005ed5"
"""Vermilion of Okabe and Ito, whole and at 35 %; KML writes alpha, blue, green, red."""


def _write(situation: Situation, folder: Path, language: str) -> None:
    """Write ``hotspots.kml``: a folder for every map, a placemark with its outline for a hotspot.

    Only the folder of all families is shown at first. Viewers render HTML in a description, so
    texts are escaped there as in a page, and the balloon shows nothing else.
    """
    said = words(language)
    root = ET.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ET.SubElement(root, "Document")
    _say(document, "name", title(situation, said))
    _say(document, "open", "1")
    _say(document, "description", escape(phrases.summary(situation.views[0], situation, said)))
    _style(document)
    _schema(document, said)
    found = zip(rows(situation, said), outlines(situation), strict=True)
    for view in situation.views:
        shown = "1" if view is situation.views[0] else "0"
        part = ET.SubElement(document, "Folder")
        _say(part, "name", phrases.valid(phrases.map_name(view.family, said, situation)))
        _say(part, "visibility", shown)
        _say(part, "description", escape(phrases.summary(view, situation, said)))
        for row, shape in islice(found, len(view.hotspots)):
            _placemark(part, row, shape, shown)
    ET.indent(root)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    (folder / "hotspots.kml").write_bytes(text + b"\n")


def _say(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _style(document: ET.Element) -> None:
    style = ET.SubElement(document, "Style", id="hotspot")
    line = ET.SubElement(style, "LineStyle")
    _say(line, "color", _LINE)
    _say(line, "width", "2")
    _say(ET.SubElement(style, "PolyStyle"), "color", _FILL)
    _say(ET.SubElement(style, "BalloonStyle"), "text", "$[description]")


def _schema(document: ET.Element, words: Words) -> None:
    """Declare the columns, with what people read in their place."""
    schema = ET.SubElement(document, "Schema", name="hotspots", id="hotspots")
    for column in HOTSPOT:
        field = ET.SubElement(schema, "SimpleField", type=_TYPES[column.kind], name=column.name)
        _say(field, "displayName", words(f"columns.{column.name}"))


def _placemark(parent: ET.Element, row: Mapping[str, Any], shape: BaseGeometry, shown: str) -> None:
    mark = ET.SubElement(parent, "Placemark")
    name = f"{row['rank']}. {row['name']}"
    _say(mark, "name", name)
    _say(mark, "visibility", shown)
    _say(mark, "description", f"<b>{escape(name)}</b><br>{escape(row['reason'])}")
    _say(mark, "styleUrl", "#hotspot")
    data = ET.SubElement(ET.SubElement(mark, "ExtendedData"), "SchemaData", schemaUrl="#hotspots")
    for key, value in row.items():
        if value is not None:
            ET.SubElement(data, "SimpleData", name=key).text = str(value)
    together = ET.SubElement(mark, "MultiGeometry")
    for part in shapely.get_parts(shape):
        polygon = ET.SubElement(together, "Polygon")
        _ring(polygon, "outerBoundaryIs", part.exterior)
        for hole in part.interiors:
            _ring(polygon, "innerBoundaryIs", hole)


def _ring(polygon: ET.Element, side: str, ring: BaseGeometry) -> None:
    corners = shapely.get_coordinates(ring)
    text = " ".join(f"{lon:.{DECIMALS}f},{lat:.{DECIMALS}f}" for lon, lat in corners)
    _say(ET.SubElement(ET.SubElement(polygon, side), "LinearRing"), "coordinates", text)


EXPORT = Export("kml", "Hotspots as KML 2.2, for Google Earth", ("hotspots.kml",), _write)
