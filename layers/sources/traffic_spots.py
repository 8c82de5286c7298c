"""Problem traffic spots: where people report speeding, noise, mopeds and the like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo.months import UNKNOWN_HOUR, day_of, month_and_hour
from layers.rows import Built, month_column, no_times
from layers.sources import CATEGORY, CLOCK, ID, PLACE, TIME, WEIGHT, Field, Kind

if TYPE_CHECKING:
    from layers.rows import Rows


def build(rows: Rows) -> Built:
    """Give what, when (may be unknown), who reported, where in words, and the weight."""
    category = rows.categories(required=True)
    times = rows.times("time", "clock")
    month, hour = no_times(len(rows))
    local = np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[s]")
    if times is not None:
        local = times.local
        month, hour = month_and_hour(local)
        hour[~times.has_hour] = UNKNOWN_HOUR
    weight = rows.weights(category)
    keys, families = rows.families(category)
    return Built(
        {
            "category": keys,
            "family": families,
            "place": rows.text("place"),
            "time": local,
            "month": month_column(month),
            "reporter": rows.text("reporter"),
            "weight": weight,
        },
        month=month,
        hour=hour,
        category=category,
        weight=weight,
        day=day_of(local),
    )


KIND = Kind(
    name="traffic_spots",
    summary="Reported problem traffic spots: speeding, reckless driving, noise, mopeds and "
    "A-tractors, drink-driving, littering; the time may be unknown.",
    fields=(
        replace(ID, synonyms=("olycksnummer", *ID.synonyms)),
        CATEGORY,
        TIME,
        CLOCK,
        Field(
            "reporter",
            "text",
            "who reported, as a role (resident, school, police …), never a name",
            ("rapportör", "anmälare", "rapporterad av", "anmäld av", "inlämnad av", "källa",
             "uppgiftslämnare", "reported_by", "reporter_role", "roll", "vem", "who", "source"),
        ),
        replace(PLACE, synonyms=(*PLACE.synonyms, "olycksväg/-gata")),
        WEIGHT,
    ),
    shapes=("point",),
    build=build,
    names=("trafik", "traffic", "hastighet", "körning"),
    counted=True,
    order=20,
)  # fmt: skip
