"""Bathing sites: points or polygons, as the national lists publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.note import Note
from layers.rows import Built, pick
from layers.sources import ID, Field, Kind
from layers.when import read_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from layers.rows import Rows

SEASON = ("season_start", "season_end")
"""Month and day (``MM-DD``) of the first and last day of a site's own season; both or none."""

_ANY_YEAR = 2000
"""A leap year, to read days that are written without one."""
_MONTH_FIRST = r"^(?:--)?(\d{1,2})-(\d{1,2})$"
_YEARLESS = r"^((?:den\s+)?\d{1,2}(?:[/.]\d{1,2}\.?|(?::?[ea])?\.?[\s-]+[^\W\d]+))$"


def build(rows: Rows) -> Built:
    """Give name, municipality, EU identifier, season; a site without a name stays a site.

    A season is taken from year to year: of ``2021-06-21``, ``21 juni``, ``21/6`` and ``06-21``
    the month and day are kept. A site without both its days in a form that can be read has none
    of its own, and a note counts such sites. Columns of the season are there where the file has
    one of them.
    """
    rows.need("name")
    return Built(
        {
            "name": rows.text("name"),
            "municipality": rows.text("municipality"),
            "eu_id": rows.text("eu_id"),
            **_season(rows),
        }
    )


def _season(rows: Rows) -> Mapping[str, pd.Series]:
    """Read the days between which each site's season lies; told where any site has none."""
    days = [_days(rows.text(name)) for name in SEASON]
    known = ~(np.isnat(days[0]) | np.isnat(days[1]))
    lacking = int((rows.usable & ~known).sum())
    if lacking:
        total = int(rows.usable.sum())
        rows.notes.append(Note("season_unknown", {"n": lacking, "total": total}))
    if not any(rows.has(name) for name in SEASON):
        return {}
    columns = {}
    for name, day in zip(SEASON, days, strict=True):
        distinct, at = np.unique(day[known], return_inverse=True)
        positions = np.full(len(rows), -1, dtype=np.int32)
        positions[known] = at
        columns[name] = pick([str(one)[len("2000-") :] for one in distinct], positions)
    return columns


def _days(written: pd.Series) -> NDArray[np.datetime64]:
    """Read days with or without a year as dates of one leap year; NaT where there is none."""
    text = written.str.replace(_MONTH_FIRST, rf"{_ANY_YEAR}-\1-\2", regex=True)
    text = text.str.replace(_YEARLESS, rf"\1 {_ANY_YEAR}", regex=True)
    local = read_times(text, day_first=True).local
    day, month = local.astype("datetime64[D]"), local.astype("datetime64[M]")
    of_year = month.astype(np.int64) % 12 + (_ANY_YEAR - 1970) * 12
    same = of_year.astype("datetime64[M]").astype("datetime64[D]") + (
        day - month.astype("datetime64[D]")
    )
    return np.where(np.isnat(local), np.datetime64("NaT", "D"), same)


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
        Field(
            "season_start",
            "time",
            "first day of its bathing season, with or without a year",
            ("säsongsstart", "badsäsong_start", "badsäsongens början", "säsong från",
             "badsäsong från", "season_start_date", "bathingSeasonStart", "seasonStart",
             "startdatum"),
        ),
        Field(
            "season_end",
            "time",
            "last day of its bathing season, with or without a year",
            ("säsongsslut", "badsäsong_slut", "badsäsongens slut", "säsong till",
             "badsäsong till", "season_end_date", "bathingSeasonEnd", "seasonEnd", "slutdatum"),
        ),
    ),
    shapes=("point", "polygon"),
    build=build,
    identifiers=("eu_id", "id"),
    order=10,
)  # fmt: skip
