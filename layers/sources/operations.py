"""Operations: efforts that are planned or done, drawn by hand on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give name, purpose, unit, status, beginning, end and note; an end before it is left out.

    The column of time is not called ``start``, by which a page shows the months that are past: an
    operation that is planned lies in none of them.
    """
    begun, ended = rows.times("start"), rows.times("end")
    nothing = np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[s]")
    begins = nothing if begun is None else begun.local
    ends = nothing if ended is None else ended.local
    if begun is not None and ended is not None:
        whole_days = ~(begun.has_hour & ended.has_hour)
        first, last = (np.where(whole_days, t.astype("datetime64[D]"), t) for t in (begins, ends))
        rows.leave_out(last < first, "ends_before_start", rows.columns["end"])
    return Built(
        {
            "name": rows.text("name"),
            "purpose": rows.text("purpose"),
            "unit": rows.text("unit"),
            "status": rows.text("status"),
            "begins": begins,
            "ends": ends,
            "note": rows.text("note"),
        }
    )


KIND = Kind(
    name="operations",
    summary="Operations that are planned or done, drawn by hand in QGIS as points, lines or "
    "polygons; drawn, not analysed. The hotspots of an earlier GeoPackage can be read so, too.",
    fields=(
        Field(
            "name",
            "text",
            "what it is called",
            ("namn", "titel", "benämning", "rubrik", "insatsnamn", "operation", "title"),
        ),
        Field(
            "start",
            "time",
            "when it begins: a moment or a date, local time",
            ("starttid", "startdatum", "från", "from", "begins", "börjar", "start_time", "datum",
             "date", "när", "when"),
        ),
        Field(
            "end",
            "time",
            "when it ends; a date is included",
            ("sluttid", "slutdatum", "slut", "till", "to", "ends", "slutar", "end_time"),
        ),
        Field(
            "purpose",
            "text",
            "what is done, and what for",
            ("syfte", "ändamål", "insats", "insatstyp", "åtgärd", "uppdrag", "what", "vad",
             "typ", "type", "aktivitet", "activity"),
        ),
        Field(
            "unit",
            "text",
            "which unit, never a person",
            ("enhet", "patrull", "styrka", "grupp", "team", "resurs"),
        ),
        Field("status", "text", "planned, under way, done …", ("läge", "tillstånd", "state")),
        Field(
            "note",
            "text",
            "what should be known, never about a person",
            ("anteckning", "kommentar", "anmärkning", "beskrivning", "comment", "remark",
             "description", "reason"),
        ),
        Field(ID.name, ID.kind, ID.help, ("hotspot_id", *ID.synonyms)),
    ),
    shapes=("point", "line", "polygon"),
    build=build,
    names=("operation", "insats"),
    order=35,
)  # fmt: skip
