"""Places: localities and other named points or areas, by which hotspots are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give name, kind, population and size; a place without a name names nothing."""
    rows.need("name")
    return Built(
        {
            "name": rows.name_or_out(),
            "kind": rows.text("kind"),
            "population": rows.numbers("population", least=0.0),
            "area_ha": rows.numbers("area_ha", least=0.0),
        }
    )


KIND = Kind(
    name="places",
    summary="Localities and other named points or areas; they name hotspots and are drawn, not "
    "analysed.",
    fields=(
        Field(
            "name",
            "text",
            "name of the place",
            ("namn", "ort", "tätort", "ortnamn", "tatortsnamn", "tätortsnamn", "plats",
             "karttext", "place", "locality", "title", "benämning"),
            required=True,
        ),
        Field(
            "population",
            "number",
            "inhabitants",
            ("befolkning", "folkmängd", "invånare", "bef", "pop", "inhabitants"),
        ),
        Field(
            "area_ha",
            "number",
            "size in hectares",
            ("hektar", "areal_ha", "ha", "area", "areal"),
        ),
        Field(
            "kind",
            "text",
            "what the place is (locality, school, square …); see the rule on area-level points",
            ("typ", "slag", "ortstyp", "texttyp", "type", "fclass", "class"),
        ),
        Field(ID.name, ID.kind, ID.help, ("uu_id", "tatortskod", "tätortskod", "kod", "code",
                                          *ID.synonyms)),
    ),
    shapes=("point", "polygon"),
    beyond_m=10_000.0,  # a place across the border can be the nearest to name a hotspot by
    build=build,
    names=("ort", "tätort", "plats", "places", "localit", "namn", "skol"),
    order=60,
)  # fmt: skip
