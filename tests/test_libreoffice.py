"""Promises about workbooks that LibreOffice saved: one table of every kind of cell, three forms."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from cli import main
from geo.errors import SourceError
from layers.reading import format_of

SAVED = sorted((Path(__file__).parent / "samples" / "libreoffice").iterdir())

# Typed into the sheet: dates, clock times, moments in the hour that summer time skips, per cent,
# kronor, spans of over a day, whole numbers, decimals, digits as text.
TYPED = {
    "Datum": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"],
    "Tid": ["14:30:00", "14:31:00", "14:32:00", "14:33:00", "14:34:00"],
    "Tidpunkt": [f"2024-03-31 02:30:0{second}" for second in range(5)],
    "Andel": ["0", "0.25", "0.5", "0.75", "1"],
    "Belopp": ["0", "1234.5", "2469", "3703.5", "4938"],
    "Fel": [None] * 5,
    "Varaktighet": ["26:00:00", "27:00:00", "28:00:00", "29:00:00", "30:00:00"],
    "Heltal": ["0", "1000000", "2000000", "3000000", "4000000"],
    "Decimal": [f"{whole}.123456789" for whole in range(59, 64)],
    "Text med siffror": ["00120", "00121", None, "00123", "00124"],
}


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.name)
def test_every_kind_of_cell_is_what_was_typed(path: Path) -> None:
    """Behind a cover sheet, a merged title and an empty row; K5:K6 are merged, one sheet hidden."""
    (table,) = format_of(path).read(path)
    found = table.data.drop(columns="Ja/nej").astype(object)
    found = found.where(found.notna(), None)
    assert {name: list(found[name]) for name in found} == TYPED
    assert list(table.rows) == [4, 5, 6, 7, 8]
    notes = {note.key: note.values for note in table.notes}
    assert notes["sheet_chosen"]["sheet"] == "Data 2024"
    assert notes["header_row"]["row"] == 3
    assert ("error_cells" in notes) == (path.suffix != ".xls"), "an .xls does not tell"


def test_truths_are_told_as_each_form_keeps_them() -> None:
    """An OpenDocument sheet that was an Excel sheet before has 1 and 0, Excel's own say it."""
    said = {}
    for path in SAVED:
        (table,) = format_of(path).read(path)
        said[path.suffix] = pd.Series(table.data["Ja/nej"]).tolist()
    assert said[".ods"] == ["0", "1", "0", "1", "0"]
    assert said[".xls"] == said[".xlsx"] == ["false", "true", "false", "true", "false"]


def test_a_sheet_can_be_asked_for_without_a_project(tmp_path: Path) -> None:
    """The command for one table says which sheets there are, and reads the one that is named."""
    words = ["hotspots", str(SAVED[0]), "-o", str(tmp_path / "x.gpkg"), "--sheet"]
    result = CliRunner().invoke(main, [*words, "Blad1"])
    assert "found Försättsblad, Data 2024, Dold" in result.stderr
    assert "or --sheet" in result.stderr
    result = CliRunner().invoke(main, [*words, "dold"])
    assert "expected lon and lat, or x and y, found a, b" in result.stderr


def test_a_word_document_is_no_workbook(tmp_path: Path) -> None:
    """Whatever its ending says."""
    path = tmp_path / "protokoll.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(SourceError, match="found a Word document"):
        list(format_of(path).read(path))
