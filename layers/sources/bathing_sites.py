"""Bathing sites: points or polygons, as the national lists publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give name, municipality and EU identifier; a site without a name stays a site."""
    rows.need("name")
    return Built(
        {
            "name": rows.text("name"),
            "municipality": rows.text("municipality"),
            "eu_id": rows.text("eu_id"),
        }
    )


KIND = Kind(
    name="bathing_sites",
    summary="Bathing sites, as the Swedish agency for marine and water management lists them or "
    "as municipalities publish them (the national table of bathing sites 1.0).",
    fields=(
        Field(
            "eu_id",
            "text",
            "identifier of the EU bathing water, SE0…",
            ("nutskod", "nuts_kod", "nutscode", "hov_ref", "eu-id", "euid", "numind",
             "bathingWaterIdentifier", "bathing_water_id"),
        ),
        Field(ID.name, ID.kind, ID.help, ("place_id", *ID.synonyms)),
        Field(
            "name",
            "text",
            "name of the bathing site",
            ("namn", "badplats", "badplatsnamn", "nametext", "bathingWaterName", "benämning"),
            required=True,
        ),
        Field(
            "municipality",
            "text",
            "municipality in which it lies",
            ("kommun", "kmn_namn", "kommunnamn", "city", "municipality_name"),
        ),
    ),
    shapes=("point", "polygon"),
    build=build,
    identifiers=("eu_id", "id"),
    order=10,
)  # fmt: skip
