"""Promises about sources that hold the same events twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from layers.overlap import SAME
from layers.project import load_project
from layers.reading import read_project_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "lekeberg"
ROWS = [f"2021-06-{day:02d} 12:00;klotter;14.87;59.{170 + day}" for day in range(1, 11)]


def warned(folder: Path, *tables: Sequence[str]) -> dict[str, tuple[int, int, str]]:
    """Read tables of incidents; give what is said of events that stand in two of them."""
    text = f'municipality = "L"\n[area]\nfile = "{(EXAMPLE / "kommun.geojson").as_posix()}"\n'
    for number, rows in enumerate(tables):
        name = f"t{number}"
        table = "\n".join(["Datum;Typ;Lon;Lat", *rows])
        (folder / f"{name}.csv").write_text(f"{table}\n", "utf-8")
        text += f'[[layers]]\nkind = "incidents"\nname = "{name}"\nfile = "{name}.csv"\n'
    (folder / "p.toml").write_text(text, "utf-8")
    return {
        layer.name: (note.values["n"], note.values["total"], note.values["other"])
        for layer in read_project_layers(load_project(folder / "p.toml"))
        for note in layer.report.notes
        if note.key == SAME
    }


def test_a_copy_is_seen_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    """The later of the two is warned about, by the name of the earlier one's file."""
    assert warned(tmp_path, ROWS, ROWS[::-1]) == {"t1": (10, 10, "t0.csv")}


def test_more_than_half_of_the_smaller_source_is_too_much(tmp_path: Path) -> None:
    """Six of ten are the same events; five may be chance."""
    later = [row.replace("2021-06", "2021-07") for row in ROWS]
    assert warned(tmp_path, ROWS, ROWS[:6] + later[:4]) == {"t1": (6, 10, "t0.csv")}
    assert warned(tmp_path, ROWS, ROWS[:5] + later[:5]) == {}
    assert warned(tmp_path, ROWS[:3], ROWS + later) == {"t1": (3, 20, "t0.csv")}


def test_other_times_places_and_things_are_other_events(tmp_path: Path) -> None:
    """Each of the three tells events apart."""
    assert warned(tmp_path, ROWS, [row.replace("12:00", "12:01") for row in ROWS]) == {}
    assert warned(tmp_path, ROWS, [row.replace("14.87", "14.871") for row in ROWS]) == {}
    assert warned(tmp_path, ROWS, [row.replace("klotter", "buller") for row in ROWS]) == {}
