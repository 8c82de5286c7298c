"""Writes the hotspots as GeoJSON, for web maps and whatever else reads RFC 7946."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import shapely

from maps import phrases
from maps.exports import Export
from maps.exports.places import DECIMALS, outlines, rows, title
from maps.words import words

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Situation


def _write(situation: Situation, folder: Path, language: str) -> None:
    """Write ``hotspots.geojson``: WGS 84, the columns of ``geo.schema.HOTSPOT`` as properties.

    A feature a line. ``title`` and ``description`` are members of ours, which a reader that does
    not know them passes over; they say why where there are no features.
    """
    said = words(language)
    shapes = outlines(situation)
    head = {
        "type": "FeatureCollection",
        "name": "hotspots",
        "title": title(situation, said),
        "description": phrases.summary(situation.views[0], situation, said),
    }
    if len(shapes):
        head["bbox"] = shapely.total_bounds(shapes).round(DECIMALS).tolist()
    features = [
        _json(
            {
                "type": "Feature",
                "id": row["hotspot_id"],
                "properties": row,
                "geometry": shapely.geometry.mapping(shape),
            }
        )
        for row, shape in zip(rows(situation, said), shapes, strict=True)
    ]
    text = f'{_json(head)[:-1]}, "features": [\n' + ",\n".join(features) + "\n]}\n"
    (folder / "hotspots.geojson").write_bytes(text.encode())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


EXPORT = Export(
    "geojson",
    "Hotspots as GeoJSON (RFC 7946, WGS 84), for web maps",
    ("hotspots.geojson",),
    _write,
)
