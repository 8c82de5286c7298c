"""Offers the picture as an Excel workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maps.exports import Export

if TYPE_CHECKING:
    from pathlib import Path

    from maps.situation import Situation


def _write(situation: Situation, folder: Path, language: str) -> None:
    from maps.workbook import write_workbook  # noqa: PLC0415 - openpyxl is slow to import

    write_workbook(situation, folder, language)


EXPORT = Export(
    "xlsx", "Hotspots, sources and settings as an Excel workbook", ("lagesbild.xlsx",), _write
)
