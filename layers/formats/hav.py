"""Reads bathing waters as the Swedish agency for marine and water management (HaV) gives them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from layers.formats import Format
from layers.formats.json_records import as_list, has_keys, load_json, said, table_of, within
from layers.formats.opening import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from layers.layer import RawTable

FINDINGS = (
    "season_start",
    "season_end",
    "advice",
    "advice_since",
    "abnormal",
    "quality",
    "quality_year",
    "sample_date",
    "sample_assessment",
    "water_temperature",
    "e_coli",
    "enterococci",
    "algae",
)
"""What can be known of a bathing water beside what and where it is."""

_SITE = ("eu_id", "name", "municipality", "latitude", "longitude")
_ID = re.compile(r"SE[0-9A-Z]{4}[0-9]{12}")
_EXPECTED = "bathing waters of HaV"
_LIST = "save the answer of …/bathing-waters/v2/bathing-waters, and name it as file"


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give bathing waters: the list of all, the answer about one, or several of these in a list.

    Rows count from 1. Beside name, municipality and position there are the columns of
    ``FINDINGS`` that the answers tell of: advice against bathing and abnormal situations with the
    list, season, quality and latest sample with the answer about one. Contacts are not carried.

    Raises ``SourceError`` for other JSON, and for answers that say nothing of where a water is
    (``/results``, and ``/detail`` of the first version).
    """
    records = list(_records(load_json(path, _EXPECTED)))
    if any(isinstance(one, dict) and _findings(one) and not _is_site(one) for one in records):
        raise refuse(
            path,
            "expected bathing waters with positions, found samples or details without any",
            f'{_LIST}; this one is results = "{path.name}" in the layer\'s entry',
        )
    if records and not any(_is_site(one) for one in records):
        raise refuse(path, f"expected {_EXPECTED}, found other JSON", _LIST)
    told = {name for one in records if isinstance(one, dict) for name in _findings(one)}
    columns = (*_SITE, *(name for name in FINDINGS if name in told))
    yield table_of(records, _site, columns)


def read_findings(paths: Iterable[Path]) -> dict[str, dict[str, str | None]]:
    """Give what saved answers tell of each bathing water, by its id: ``FINDINGS`` that are known.

    An answer without an id (``/results``) takes it from the file's name. Of two answers about one
    water the later in order prevails where both tell.

    Raises ``SourceError`` for a file that holds no answer, or of which the water cannot be told.
    """
    found: dict[str, dict[str, str | None]] = {}
    for path in paths:
        records = list(_records(load_json(path, f"answers about {_EXPECTED}")))
        for record in records:
            findings = _findings(record) if isinstance(record, dict) else {}
            if not findings:
                raise refuse(
                    path,
                    f"expected answers about {_EXPECTED}, found other JSON",
                    "save the answers of …/bathing-waters/ID or …/bathing-waters/ID/results",
                )
            of_name = _ID.search(path.stem.upper()) if len(records) == 1 else None
            water = _water(record) or (of_name and of_name.group())
            if not water:
                raise refuse(
                    path,
                    "expected a bathing water's id in it or in its name, found none",
                    "name the file after the water: SE0….json",
                )
            known = {name: value for name, value in findings.items() if value is not None}
            found[water] = {**dict.fromkeys(findings), **found.get(water, {}), **known}
    return found


def _records(answer: object) -> Iterator[object]:
    """Take lists of waters apart; a bare list of samples belongs together."""
    if isinstance(answer, dict) and "watersAndAdvisories" in answer:
        answer = answer["watersAndAdvisories"]
    if isinstance(answer, list) and any(within(one, "takenAt") is not None for one in answer):
        answer = {"results": answer}
    for one in as_list(answer):
        if isinstance(one, dict) and "watersAndAdvisories" in one:
            yield from as_list(one["watersAndAdvisories"])
        else:
            yield one


def _is_site(record: object) -> bool:
    return within(record, "bathingWater", "samplingPointPosition") is not None


def _water(record: object) -> str | None:
    """Give the id of the water that an answer is about, under all names that it has had."""
    keys = (("bathingWater", "id"), ("bathingWater", "nutsCode"), ("nutsCode",))
    return next((found for key in keys if (found := said(record, *key))), None)


def _site(record: dict[str, Any]) -> dict[str, str | None]:
    return {
        "eu_id": _water(record),
        "name": said(record, "bathingWater", "name"),
        "municipality": said(record, "bathingWater", "municipality", "name"),
        "latitude": said(record, "bathingWater", "samplingPointPosition", "latitude"),
        "longitude": said(record, "bathingWater", "samplingPointPosition", "longitude"),
        **_findings(record),
    }


def _findings(record: dict[str, Any]) -> dict[str, str | None]:
    """Give what an answer tells of; a finding that it has no word of is not there."""
    found: dict[str, str | None] = {}
    advice = record.get("adviceAgainstBathing", record.get("dissuasion"))
    if isinstance(advice, list):
        found |= {"advice": _listed(advice), "advice_since": _earliest(advice)}
    if isinstance(record.get("abnormalSituations"), list):
        found["abnormal"] = _listed(record["abnormalSituations"])
    profile = record if "lastFourClassifications" in record else record.get("profile")
    if isinstance(profile, dict):
        found |= _of_profile(profile)
    if "classificationText" in record:
        year = said(record, "classificationYear")
        found |= {"quality": said(record, "classificationText"), "quality_year": year}
    if isinstance(record.get("results"), list):
        found |= _of_sample(_latest(record["results"], "takenAt"))
    if isinstance(record.get("testResult"), list):
        alone = {
            "sampleDate": record.get("sampleDate"),
            "tempValue": record.get("sampleTemperature"),
        }
        found |= _of_first_version(_latest(record["testResult"], "sampleDate") or alone)
    return found


def _of_profile(profile: Mapping[str, Any]) -> dict[str, str | None]:
    latest = _latest(as_list(profile.get("lastFourClassifications")), "year")
    return {
        "season_start": said(profile, "bathingSeason", "startsAt"),
        "season_end": said(profile, "bathingSeason", "endsAt"),
        "quality": said(latest, "qualityClassIdText"),
        "quality_year": said(latest, "year"),
    }


def _of_sample(sample: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "sample_date": said(sample, "takenAt"),
        "sample_assessment": said(sample, "sampleAssessIdText"),
        "water_temperature": said(sample, "waterTemp"),
        "e_coli": _count(sample, "escherichiaColiPrefix", "escherichiaColiCount"),
        "enterococci": _count(sample, "intestinalEnterococciPrefix", "intestinalEnterococciCount"),
        "algae": said(sample, "algalIdText"),
    }


def _of_first_version(sample: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        "sample_date": _instant(sample.get("sampleDate")),
        "sample_assessment": said(sample, "sampleText"),
        "water_temperature": said(sample, "tempValue"),
        "e_coli": _count(sample, "ecoliPrefix", "ecoliValue"),
        "enterococci": _count(sample, "enteroPrefix", "enteroValue"),
        "algae": said(sample, "algalText"),
    }


def _latest(items: list[Any], key: str) -> dict[str, Any]:
    """Give the item whose date, year or instant is the last; an empty one where there is none."""
    dated = [one for one in items if isinstance(one, dict) and said(one, key)]
    return max(dated, key=lambda one: (said(one, key) or "").zfill(20), default={})


def _count(sample: Mapping[str, Any], prefix: str, count: str) -> str | None:
    """Write a count of bacteria with the sign before it, unless that is ``=``."""
    number = said(sample, count)
    return number and (said(sample, prefix) or "").replace("=", "") + number


def _listed(items: list[Any]) -> str | None:
    """Write advice or situations one after another: its kind, and its own words."""
    texts = []
    for one in items:
        kind = said(one, "typeIdText") or said(one, "dissuasionTypeText")
        words = said(one, "description") or said(one)
        parts = [part.rstrip(".") for part in dict.fromkeys((kind, words)) if part]
        texts += [": ".join(parts)] if parts else []
    return "; ".join(texts) or None


def _earliest(items: list[Any]) -> str | None:
    since = (said(one, "startsAt") or _instant(within(one, "startdate")) for one in items)
    return min((one for one in since if one), default=None)


def _instant(milliseconds: object) -> str | None:
    """Write milliseconds since 1970 as the instant that they are."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return None


def _claims(path: Path) -> bool:
    known = (("watersAndAdvisories",), ("bathingWater",), ("sampleAssessIdText",))
    return any(has_keys(path, *keys) for keys in (*known, ("nutsCode", "locationName")))


FORMAT = Format(
    name="hav",
    summary="Bathing waters of HaV: the list, or the answer about one (bathing-waters v2)",
    endings=(".json",),
    read=read,
    claims=_claims,
    holds="bathing_sites",
)
