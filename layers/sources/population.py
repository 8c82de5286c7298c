"""Population: how many live where, in areas or squares; events are measured against it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.note import Note
from layers.categories import squeeze
from layers.columns import plain
from layers.rows import Built, as_text
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.rows import Rows

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_YEAR = re.compile(r"(.*?)\s*\b((?:19|20)\d\d)")
_YEARS = ("ar", "artal", "tid", "year", "time")
_COUNTED = ("folkmangd", "befolkning", "totalt", "total", "antal", "invanare", "population")
_TOTAL = re.compile(r"(?:total|samtliga|alla|båda|summa|män och kvinnor|1\+2)")


def build(rows: Rows) -> Built:
    """Give the number of inhabitants; an area that says none has none that are known, so 0.

    Sources leave a blank where nobody lives (and where so few do that the number is withheld).
    Where an area stands in several rows (as Statistics Sweden's tables by sex, age and year), it
    becomes one: the latest year; of each column that parts the people, the row of its total where
    the area has one, else all rows, added up. This is wrong where the parts overlap, as ages and
    groups of ages do.
    """
    _latest_column(rows)
    rows.need("population")
    inhabitants = rows.numbers("population", least=0.0)
    inhabitants = np.where(np.isnan(inhabitants), 0.0, inhabitants)
    areas, _ = pd.factorize(rows.text("id"))
    if _repeated(areas, rows.usable):
        inhabitants = _one_row_each(rows, areas, inhabitants)
    return Built({"name": rows.text("name"), "population": inhabitants})


def _latest_column(rows: Rows) -> None:
    """Take the latest year where every year has its column: ``2023;2024``, ``Totalt 2024``."""
    years = year_columns([str(name) for name in rows.data.columns])
    if rows.has("population") or not years:
        return
    column = max(years, key=lambda name: years[name])
    rows.columns = {**rows.columns, "population": column}
    rows.notes.append(Note("population_column", {"column": column, "columns": ", ".join(years)}))


def year_columns(names: Sequence[str]) -> dict[str, int]:
    """Find the columns that hold the inhabitants of a year, and which year."""
    found = ((name, _YEAR.fullmatch(name.strip())) for name in names)
    return {
        name: int(match[2]) for name, match in found if match and plain(match[1]) in ("", *_COUNTED)
    }


def _repeated(areas: NDArray[np.int64], usable: Mask) -> bool:
    """Whether areas stand in several rows as a rule, not by mistake."""
    named = areas[usable & (areas >= 0)]
    return len(named) > 0 and len(np.unique(named)) <= len(named) / 2


def _one_row_each(rows: Rows, areas: NDArray[np.int64], inhabitants: Floats) -> Floats:
    """Leave one row of each area, with the number of all who live there."""
    known = {*rows.columns.values(), *rows.positions}
    for column in (str(name) for name in rows.data.columns if str(name) not in known):
        texts = as_text(rows.data[column])
        if texts[rows.usable].nunique() < 2:  # noqa: PLR2004 - one value parts nobody
            continue
        if plain(column) in _YEARS:
            year = str(texts[rows.usable].max())
            rows.leave_out((texts != year).to_numpy(), "earlier_year", column)
            rows.notes.append(Note("population_latest", {"column": column, "year": year}))
            continue
        total = np.array([bool(_TOTAL.match(squeeze(text))) for text in texts.fillna("")])
        having = np.isin(areas, areas[total & rows.usable & (areas >= 0)])
        if (having & ~total & rows.usable).any():
            rows.leave_out(having & ~total, "part_of_total", column)
            rows.notes.append(Note("population_totals", {"column": column}))
    mine = rows.usable & (areas >= 0)
    if not _more_than_one(areas[mine]):
        return inhabitants
    same = pd.DataFrame({"area": areas, **rows.data}).duplicated().to_numpy()
    rows.leave_out(mine & same, "duplicate")
    mine &= rows.usable
    sums = np.bincount(areas[mine], inhabitants[mine], minlength=int(areas.max()) + 1)
    first = np.zeros(len(rows), dtype=bool)
    first[np.flatnonzero(mine)[np.unique(areas[mine], return_index=True)[1]]] = True
    values = {"n": int(mine.sum()), "areas": int(first.sum())}
    rows.notes.append(Note("population_summed", values))
    rows.leave_out(mine & ~first, "summed")
    return np.where(first, sums[areas], inhabitants)


def _more_than_one(areas: NDArray[np.int64]) -> bool:
    return len(np.unique(areas)) < len(areas)


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
            ("desokod", "deso", "deso_kod", "regsokod", "regso", "regso_kod", "region", "regionkod",
             "nyko", "nykokod",
             "rutid", "rutid_scb", "ruta", "rut_id", "grd_id", "grid_id", "områdeskod", "kod",
             "code", *ID.synonyms),
        ),
    ),
    shapes=("polygon", "point"),
    build=build,
    names=("befolkning", "population", "folkmängd", "invånare", "deso", "regso", "ruta"),
    order=65,
)  # fmt: skip
