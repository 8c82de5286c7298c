"""Bathing sites: points or polygons, as the national lists publish them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.errors import Problem, SourceError
from geo.note import Note
from layers.formats.hav import FINDINGS, read_findings
from layers.numbers import read_numbers
from layers.rows import Built, as_text, pick
from layers.sources import ID, Field, Kind, Option
from layers.when import read_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from layers.rows import Rows

SEASON = ("season_start", "season_end")
"""Month and day (``MM-DD``) of the first and last day of a site's own season; both or none."""

_DAYS = ("advice_since", "sample_date")
_QUALITY = re.compile(r"(?i)quality[ _]?((?:19|20)\d\d)")
_ANY_YEAR = 2000
"""A leap year, to read days that are written without one."""
_MONTH_FIRST = r"^(?:--)?(\d{1,2})-(\d{1,2})$"
_YEARLESS = r"^((?:den\s+)?\d{1,2}(?:[/.]\d{1,2}\.?|(?::?[ea])?\.?[\s-]+[^\W\d]+))$"


def build(rows: Rows) -> Built:
    """Give name, municipality, EU identifier, season, and what is known of water and advice.

    A site without a name stays a site. Of a table with one row a site and year the latest year
    counts. What saved answers of HaV tell (the option ``results``) comes before the table's own.
    A column that neither has is not there.

    A season is taken from year to year: of ``2021-06-21``, ``21 juni``, ``21/6`` and ``06-21``
    the month and day are kept. A site without both its days in a form that can be read has none
    of its own, and a note counts such sites. Columns of the season are there where the file has
    one of them.
    """
    rows.need("name")
    _keep_latest_year(rows)
    told = _findings(rows)
    return Built(
        {
            "name": rows.text("name"),
            "municipality": rows.text("municipality"),
            "eu_id": rows.text("eu_id"),
            **_season(rows, told),
            **{name: _readable(rows, name, told[name]) for name in told if name not in SEASON},
        }
    )


def _keep_latest_year(rows: Rows) -> None:
    """Leave out a site's rows of earlier years, where a table has one for each."""
    if not rows.has("year"):
        return
    years = pd.Series(read_numbers(rows.data[rows.columns["year"]])[0])
    latest = years.groupby(rows.text("eu_id")).transform("max")
    rows.leave_out((years < latest).to_numpy(), "earlier_season", rows.columns["year"])


def _findings(rows: Rows) -> dict[str, pd.Series]:
    """Gather as text what is known of each site: of saved answers, else of the table itself."""
    told = {name: rows.text(name) for name in FINDINGS if rows.has(name)}
    if "quality" not in told:
        told |= _quality_by_year(rows.data)
    ids = rows.text("eu_id")
    for name, answers in _answers(rows, ids).items():
        joined = ids.map(answers, na_action="ignore").astype(ids.dtype)
        told[name] = joined.fillna(told[name]) if name in told else joined
    return {name: told[name] for name in FINDINGS if name in told}


def _quality_by_year(data: pd.DataFrame) -> dict[str, pd.Series]:
    """Take the latest of the columns ``quality2018``, ``quality2019`` … of the EU's own list."""
    columns = [(m.group(1), name) for name in data if (m := _QUALITY.fullmatch(str(name)))]
    if not columns:
        return {}
    year, name = max(columns)
    quality = as_text(data[name])
    return {"quality": quality, "quality_year": quality.where(quality.isna(), year)}


def _answers(rows: Rows, ids: pd.Series) -> dict[str, dict[str, str | None]]:
    """Read the saved answers that the option ``results`` names: by finding, then by site."""
    wish = rows.settings.options.get("results")
    if not wish:
        return {}
    path = rows.settings.path.parent / wish
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        what = "expected saved answers of HaV (*.json), found none in the folder"
        problem = Problem(str(path), what, 'name the folder or a file: results = "…"')
        raise SourceError(f"{path.name} cannot be read", (problem,))
    found = read_findings(files)
    known = int(ids[rows.usable].isin(list(found)).sum())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    values = {"n": known, "total": len(found), "file": path.name, "sha256": digest[:12]}
    rows.notes.append(Note("answers_joined", values, "info" if known else "warning"))
    names = {name for findings in found.values() for name in findings}
    return {name: {water: one.get(name) for water, one in found.items()} for name in names}


def _readable(rows: Rows, name: str, told: pd.Series) -> pd.Series | NDArray[np.float64]:
    """Give days as ``YYYY-MM-DD`` in Swedish time, temperatures as numbers, the rest as it is."""
    if name == "water_temperature":
        numbers, unreadable = read_numbers(told)
        if unreadable.any():
            values = {"n": int(unreadable.sum()), "column": rows.columns.get(name, name)}
            rows.notes.append(Note("numbers_not_read", values, "warning"))
        return numbers
    if name not in _DAYS:
        return told
    local = read_times(told, day_first=True).local
    day = pd.Series(np.datetime_as_string(local.astype("datetime64[D]"))).astype(told.dtype)
    return day.where(~np.isnat(local), told)


def _season(rows: Rows, told: Mapping[str, pd.Series]) -> Mapping[str, pd.Series]:
    """Read the days between which each site's season lies; told where any site has none."""
    days = [_days(told.get(name, rows.text(name))) for name in SEASON]
    known = ~(np.isnat(days[0]) | np.isnat(days[1]))
    lacking = int((rows.usable & ~known).sum())
    if lacking:
        total = int(rows.usable.sum())
        rows.notes.append(Note("season_unknown", {"n": lacking, "total": total}))
    if not any(name in told for name in SEASON):
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
        Field(
            "advice",
            "text",
            "advice against bathing, where there is any",
            ("avrådan", "avrådan från bad", "adviceAgainstBathing"),
        ),
        Field("advice_since", "time", "since when bathing is advised against", ("avrådan sedan",)),
        Field(
            "abnormal",
            "text",
            "abnormal situation at the site, where there is any",
            ("onormal situation", "abnormalSituations"),
        ),
        Field(
            "quality",
            "text",
            "quality of its water in the EU's classes",
            ("klassificering", "vattenkvalitet", "badvattenkvalitet", "qualityStatus",
             "classificationText"),
        ),
        Field(
            "quality_year",
            "text",
            "year of that quality",
            ("klassificeringsår", "classificationYear"),
        ),
        Field("sample_date", "time", "day of the latest sample", ("provdatum", "senaste prov")),
        Field(
            "sample_assessment",
            "text",
            "what the latest sample says of bathing",
            ("provbedömning", "tjänlighet", "bedömning"),
        ),
        Field(
            "water_temperature",
            "number",
            "temperature of the water in the latest sample (°C)",
            ("vattentemperatur", "badtemperatur"),
        ),
        Field("e_coli", "text", "E. coli in the latest sample (per 100 ml)", ("escherichia coli",)),
        Field(
            "enterococci",
            "text",
            "intestinal enterococci in the latest sample (per 100 ml)",
            ("enterokocker", "intestinala enterokocker"),
        ),
        Field("algae", "text", "algal bloom in the latest sample", ("algblomning", "alger")),
        Field(
            "year",
            "number",
            "year of the row, where a site has one for each; the latest counts",
            ("season",),
        ),
    ),
    options=(
        Option(
            "results",
            "text",
            None,
            "answers of HaV about single sites (JSON), joined by their EU identifier: a file, or a "
            "folder of them, beside the layer's own file",
        ),
    ),
    shapes=("point", "polygon"),
    build=build,
    names=("bad", "bath", "strand", "beach"),
    identifiers=("eu_id", "id"),
    order=10,
)  # fmt: skip
