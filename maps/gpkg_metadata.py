"""Says in the GeoPackage what each table is, of which period, from what and by which methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely

from geo.months import last_day, month_text
from maps import phrases
from maps.manifest import portable
from maps.styles import template
from maps.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from layers.layer import Report
    from maps.gis_tables import GisTable
    from maps.situation import Situation
    from maps.words import Words


@dataclass(frozen=True, slots=True)
class Metadata:
    """What QGIS shows of a table under Information; ``days`` are the period's first and last."""

    identifier: str
    language: str
    title: str
    abstract: str
    history: tuple[str, ...]
    authority: str
    bounds: tuple[float, ...]
    days: tuple[str, str] | None

    @property
    def xml(self) -> str:
        """The document of its own that QGIS looks for in ``gpkg_metadata``."""
        inside = template("qgis/metadata.xml").render(one=self)
        head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        return f'{head}\n<qgis version="3.22.0">\n{inside}\n</qgis>\n'


def table_metadata(table: GisTable, situation: Situation, language: str) -> Metadata:
    """Say of one table what it holds, of which period, by which methods and from which sources."""
    said = words(language)
    told = [said(f"metadata.{table.about}"), *_period(situation, said)]
    if table.about not in ("layer", "area", "manifest"):
        told += _methods(situation, said)
    return _metadata(table.name, table.title, told, table.reports, situation, said)


def file_metadata(situation: Situation, language: str) -> Metadata:
    """Say of the whole file what it is made from and how."""
    said = words(language)
    told = [*_period(situation, said), *_methods(situation, said)]
    return _metadata("lagesbild", situation.title, told, situation.reports, situation, said)


def _metadata(
    name: str,
    title: str,
    told: Sequence[str],
    reports: Sequence[Report],
    situation: Situation,
    words: Words,
) -> Metadata:
    days = None
    if situation.month:
        first, last = situation.months
        days = (f"{month_text(first)}-01", str(last_day(last)))
    return Metadata(
        name,
        words.language,
        title,
        "\n".join([*told, *filter(None, [situation.notice])]),
        tuple(_source(report, words) for report in reports),
        f"EPSG:{situation.crs}",
        tuple(float(value) for value in shapely.bounds(situation.area)),
        days,
    )


def _period(situation: Situation, words: Words) -> list[str]:
    if not situation.month:
        return []
    return [words("metadata.period", months=phrases.month_run(situation.months, words))]


def _methods(situation: Situation, words: Words) -> list[str]:
    """Name every method that was used, with its parameters."""
    lines = []
    for name, parameters in situation.settings.get("methods", {}).items():
        told = ", ".join(
            f"{key} = {_value(value)}" for key, value in parameters.items() if value is not None
        )
        told = told or words("metadata.no_parameters")
        lines.append(words("metadata.method", name=name, parameters=told))
    return lines


def _value(value: Any) -> str:  # noqa: ANN401 - settings hold anything
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else portable(str(value))


def _source(report: Report, words: Words) -> str:
    """Tell how many rows of a source were read, accepted and left out, and why."""
    counts = {"n": report.read, "read": report.read, "accepted": report.accepted}
    left = sum(report.left_out.values())
    told = words("metadata.source", file=portable(report.path), left_out=left, **counts)
    reasons = "; ".join(
        f"{phrases.cause(key, words)}: {words.number(n)}" for key, n in report.left_out.items()
    )
    told += f" ({reasons})" if reasons else ""
    if report.area_level:
        told += f"; {words('metadata.area_level', n=report.area_level)}"
    return f"{told}."
