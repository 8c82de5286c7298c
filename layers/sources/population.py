"""Population: how many live where, in areas or squares; events are measured against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give the number of inhabitants; an area that says none has none that are known, so 0.

    Sources leave a blank where nobody lives (and where so few do that the number is withheld).
    """
    rows.need("population")
    inhabitants = rows.numbers("population", least=0.0)
    return Built(
        {
            "name": rows.text("name"),
            "population": np.where(np.isnan(inhabitants), 0.0, inhabitants),
        }
    )


KIND = Kind(
    name="population",
    summary="Inhabitants of areas, grid squares or points, as Statistics Sweden publishes them "
    "(DeSO areas, squares of 100 m to 1 km); events are measured against them, they are not drawn.",
    fields=(
        Field(
            "population",
            "number",
            "number of inhabitants; blank is 0",
            ("population", "befolkning", "folkmängd", "invånare", "antal invånare", "boende",
             "antal boende", "antal personer", "personer", "befolkning totalt", "totalbefolkning",
             "bef_tot", "bef_totalt", "beftot", "totbef", "tot_bef", "pop_tot", "poptot",
             "total_population", "inhabitants", "residents", "bef", "pop", "totalt", "total",
             "tot", "antal", "t", "summa", "count"),
            required=True,
        ),
        Field(
            "name",
            "text",
            "name of the area",
            ("namn", "områdesnamn", "regso_namn", "regsonamn", "deso_namn", "stadsdel", "område",
             "area_name"),
        ),
        Field(
            ID.name,
            ID.kind,
            "the source's own code of the area or square",
            ("desokod", "deso", "deso_kod", "regsokod", "regso", "regso_kod", "nyko", "nykokod",
             "rutid", "rutid_scb", "ruta", "rut_id", "grd_id", "grid_id", "områdeskod", "kod",
             "code", *ID.synonyms),
        ),
    ),
    shapes=("polygon", "point"),
    build=build,
    names=("befolkning", "population", "folkmängd", "invånare", "deso", "regso", "ruta"),
    order=65,
)  # fmt: skip
