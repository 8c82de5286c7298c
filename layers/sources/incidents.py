"""Reported incidents: everything else that is reported, with a moment or a from-to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geo.months import UNKNOWN_DAY, UNKNOWN_HOUR, day_of, month_and_hour
from layers.rows import Built, month_column
from layers.sources import CATEGORY, CLOCK, ID, PLACE, TIME, WEIGHT, Field, Kind
from layers.when import from_to, unsaid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geo.aoristic import Between
    from layers.rows import Rows
    from layers.when import Times

    Moments = NDArray[np.datetime64]
    Bools = NDArray[np.bool_]


TIME_FROM = Field(
    "time_from",
    "time",
    "earliest time, where only a span is known",
    ("från", "from", "fr.o.m.", "tid från", "datum från", "tidpunkt från", "starttid",
     "startdatum", "start", "brottstid från", "brottsdatum från", "tidigast", "date_from",
     "start_time", "från datum", "händelsetid från"),
)  # fmt: skip
TIME_TO = Field(
    "time_to",
    "time",
    "latest time, where only a span is known",
    ("till", "to", "t.o.m.", "tid till", "datum till", "tidpunkt till", "sluttid",
     "slutdatum", "slut", "brottstid till", "brottsdatum till", "senast", "date_to",
     "end_time", "end", "till datum", "händelsetid till"),
)  # fmt: skip
CLOCK_FROM = Field(
    "clock_from",
    "clock",
    "hour of the day of time_from, in a column of its own",
    ("kl från", "klockslag från", "klockan från"),
)
CLOCK_TO = Field(
    "clock_to",
    "clock",
    "hour of the day of time_to, in a column of its own",
    ("kl till", "klockslag till", "klockan till"),
)
"""Fields of an event that is known only from one time to another."""


def build(rows: Rows) -> Built:
    """Give what, when, where in words, and the weight; an incident has a date or is left out.

    Of an incident from one time to another the month is that of both ends, else that of the
    midpoint; its hour of the week is that of both ends, else unknown. Of one that says only when
    it was over or found, the hour is unknown. It is also spread over the time between
    (``geo.aoristic``), however long; the longest is said. ``time`` in the table is the moment, or
    when the incident began, or when it was found where nothing else is known.
    """
    category = rows.categories(required=True)
    rows.need("time", "time_from", "time_to")
    shown, times, between, vague = _moments(rows)
    month, hour = month_and_hour(times.local)
    hour[~times.has_hour] = UNKNOWN_HOUR
    weight = rows.weights(category)
    keys, families = rows.families(category)
    return Built(
        {
            "category": keys,
            "family": families,
            "place": rows.text("place"),
            "time": shown,
            "month": month_column(month),
            "weight": weight,
        },
        month=month,
        hour=hour,
        category=category,
        weight=weight,
        day=np.where(vague, UNKNOWN_DAY, day_of(times.local)),
        between=between,
    )


def _moments(rows: Rows) -> tuple[Moments, Times, Between | None, Bools]:
    """Give the time to show, that to count by, the spans to spread over, and whose day is vague."""
    dated = rows.clocklike("time_from") or rows.clocklike("time_to")
    nothing = unsaid(len(rows))
    begun, ended = (
        nothing if one is None else one
        for one in rows.span(("time_from", "clock_from"), ("time_to", "clock_to"), "time")
    )
    moment = None if dated else rows.times("time", "clock")
    found = from_to(begun, ended)
    rows.leave_out(found.turned, "ends_before_start", rows.columns.get("time_to", ""))
    times, between, vague = found.times, found.between, found.vague
    shown = np.where(np.isnat(begun.local), ended.local, begun.local)
    if moment is not None:
        there = ~np.isnat(moment.local)
        shown, vague = np.where(there, moment.local, shown), vague & ~there
        times = replace(
            times,
            local=np.where(there, moment.local, times.local),
            has_hour=np.where(there, moment.has_hour, times.has_hour),
        )
        if between is not None:
            between = between.but(there)
    said = [rows.columns[n] for n in ("time", "time_from", "time_to") if rows.has(n)]
    rows.leave_out(np.isnat(times.local), "no_date", said[0] if said else "")
    return shown, times, between, vague


KIND = Kind(
    name="incidents",
    summary="Reported incidents: littering, vandalism, narcotics, alcohol, disorder, noise, "
    "burglary and more; a moment, a date, or from one time to another.",
    fields=(
        replace(ID, synonyms=("olycksnummer", *ID.synonyms)),
        CATEGORY,
        TIME_FROM,
        TIME_TO,
        CLOCK_FROM,
        CLOCK_TO,
        TIME,
        CLOCK,
        replace(PLACE, synonyms=(*PLACE.synonyms, "olycksväg/-gata")),
        WEIGHT,
    ),
    shapes=("point",),
    build=build,
    names=("incident", "rapport", "report", "händelse", "anmäl", "ärende", "brott", "crime",
           "felanmälan"),
    counted=True,
    order=40,
)  # fmt: skip
