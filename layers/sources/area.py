"""The area: the municipality's polygon, dissolved into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give the name; the polygons are dissolved into one by the reader of areas."""
    return Built({"name": rows.text("name")})


KIND = Kind(
    name="area",
    summary="The municipality's polygon, or several that together are the area; it stands under "
    "[area] in the project file and can be picked out of a file of many by a column's value.",
    fields=(
        Field(ID.name, ID.kind, ID.help, ("kommunkod", "kod", "code", *ID.synonyms)),
        Field(
            "name",
            "text",
            "name of the municipality",
            ("namn", "kommun", "kommunnamn", "knnamn", "municipality", "mun_name"),
        ),
    ),
    shapes=("polygon",),
    build=build,
    repeats=True,
    order=50,
)
