"""Writes the hotspots as waypoints (GPX 1.1), for a phone or a navigator."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from maps import phrases
from maps.exports import Export
from maps.exports.places import DECIMALS, hotspots, points, rows, title
from maps.situation import ALL
from maps.words import words

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Situation


def _write(situation: Situation, folder: Path, language: str) -> None:
    """Write ``hotspots.gpx``: a waypoint for every hotspot, its rank before its name.

    Those of one family name it, since they often lie where those of all do.
    """
    said = words(language)
    root = ET.Element(
        "gpx", version="1.1", creator="lägesbild", xmlns="http://www.topografix.com/GPX/1/1"
    )
    about = ET.SubElement(root, "metadata")
    ET.SubElement(about, "name").text = title(situation, said)
    ET.SubElement(about, "desc").text = phrases.summary(situation.views[0], situation, said)
    found = zip(hotspots(situation), rows(situation, said), points(situation), strict=True)
    for spot, row, (lon, lat) in found:
        family = phrases.valid(phrases.map_name(spot.family, said, situation))
        place = {"lat": f"{lat:.{DECIMALS}f}", "lon": f"{lon:.{DECIMALS}f}"}
        waypoint = ET.SubElement(root, "wpt", place)
        beside = "" if spot.family == ALL else f" ({family})"
        ET.SubElement(waypoint, "name").text = f"{row['rank']}. {row['name']}{beside}"
        ET.SubElement(waypoint, "desc").text = row["reason"]
        ET.SubElement(waypoint, "type").text = family
    ET.indent(root)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    (folder / "hotspots.gpx").write_bytes(text + b"\n")


EXPORT = Export(
    "gpx", "Hotspots as waypoints (GPX 1.1), for a phone or a navigator", ("hotspots.gpx",), _write
)
