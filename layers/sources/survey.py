"""Survey: what people in an area answered, as an index from 0 to 6; drawn, never counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.note import Note
from layers.rows import Built
from layers.sources import ID, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows

FEWEST_ANSWERS = 10
"""Of fewer answers nothing is shown: they could be known again, and are mostly chance."""

HIGHEST_INDEX = 6


def build(rows: Rows) -> Built:
    """Give question, index, number of answers and year of each area.

    The index of the police's safety survey (*trygghetsmätning*) goes from 0 (hardly a problem) to
    6 (an alarming one). Rows of fewer than ``FEWEST_ANSWERS`` stay, with neither index nor number;
    a blank index is one that the source withholds. Areas of few answers differ by chance: compare
    years and areas with that in mind.
    """
    rows.need("index")
    index = rows.numbers("index")
    outside = (index < 0) | (index > HIGHEST_INDEX)
    rows.leave_out(outside, "out_of_range", rows.columns.get("index", ""))
    answers = rows.numbers("answers", least=0.0)
    few = answers < FEWEST_ANSWERS
    hidden = int((few & rows.usable).sum())
    if hidden:
        rows.notes.append(Note("survey_few_answers", {"n": hidden, "least": FEWEST_ANSWERS}))
    if not rows.has("answers"):
        rows.notes.append(Note("survey_without_answers", {"least": FEWEST_ANSWERS}, "warning"))
    known = pd.Series(np.where(few, np.nan, answers)).round().astype("Int64")
    return Built(
        {
            "code": rows.text("code"),
            "name": rows.text("name"),
            "question": rows.text("question"),
            "index": np.where(few, np.nan, index),
            "answers": known,
            "year": rows.text("year"),
        }
    )


KIND = Kind(
    name="survey",
    summary="Answers to a survey by area, as the police's trygghetsmätning gives them: an index "
    "from 0 to 6 for each question. Drawn in the GeoPackage, not analysed, and not on the page; "
    "of fewer than 10 answers neither index nor number is shown.",
    fields=(
        Field(
            "index",
            "number",
            "from 0 (hardly a problem) to 6 (an alarming one)",
            ("indexvärde", "problemindex", "otrygghetsindex", "totalindex", "värde", "value",
             "score", "medelvärde", "mean"),
            required=True,
        ),
        Field(
            "question",
            "text",
            "what was asked about",
            ("fråga", "frågeområde", "problem", "område i enkäten", "indikator", "indicator",
             "variabel", "ämne"),
        ),
        Field(
            "answers",
            "number",
            "number of answers; with fewer than 10 the row shows no value",
            ("antal svar", "svar", "antal svarande", "svarande", "respondenter", "antal", "n",
             "respondents", "responses", "bas"),
        ),
        Field(
            "year",
            "text",
            "when it was asked",
            ("år", "mätår", "undersökningsår", "mätning", "tid", "period", "date", "datum"),
        ),
        Field(
            "code",
            "text",
            "code of the area",
            ("områdeskod", "desokod", "deso", "regsokod", "regso", "nyko", "nykokod", "region",
             "regionkod", "kod", *ID.synonyms),
        ),
        Field(
            "name",
            "text",
            "name of the area",
            ("namn", "områdesnamn", "delområde", "område", "stadsdel", "ort", "regsonamn",
             "area_name", "area"),
        ),
    ),
    shapes=("polygon",),
    build=build,
    identifiers=(),
    order=62,
)  # fmt: skip
