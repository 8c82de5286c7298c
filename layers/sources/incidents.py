"""Reported incidents: everything else that is reported, with a moment or a from-to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.months import UNKNOWN_HOUR, month_and_hour
from geo.note import Note
from layers.rows import Built, month_column
from layers.sources import CATEGORY, CLOCK, ID, PLACE, TIME, WEIGHT, Field, Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.rows import Rows
    from layers.when import Times

    Moments = NDArray[np.datetime64]
    Mask = NDArray[np.bool_]


def build(rows: Rows) -> Built:
    """Give what, when, where in words, and the weight; an incident has a date or is left out.

    Of an incident from one time to another the month is that of both ends, else that of the
    midpoint; its hour of the week is that of both ends, else unknown. ``time`` in the table is
    the moment, or where the incident began.
    """
    category = rows.categories(required=True)
    if not rows.need("time", "time_from", "time_to"):
        n = len(rows)
        nothing = np.full(n, np.datetime64("NaT"), dtype="datetime64[s]")
        shown, middle, known = nothing, nothing, np.zeros(n, dtype=bool)
    else:
        shown, middle, known = _moments(rows)
    month, hour = month_and_hour(middle)
    hour[~known] = UNKNOWN_HOUR
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
    )


def _moments(rows: Rows) -> tuple[Moments, Moments, Mask]:
    """Give the time to show, the one to count by, and whether its hour is known."""
    dated = rows.clocklike("time_from") or rows.clocklike("time_to")
    begun, ended = rows.span(("time_from", "clock_from"), ("time_to", "clock_to"), "time")
    moment = None if dated else rows.times("time", "clock")
    if begun is None and ended is None and moment is not None:
        shown, middle, known = moment.local, moment.local, moment.has_hour
    else:
        shown, middle, known = _between(rows, begun, ended)
        if moment is not None:
            there = ~np.isnat(moment.local)
            shown = np.where(there, moment.local, shown)
            middle = np.where(there, moment.local, middle)
            known = np.where(there, moment.has_hour, known)
    column = next(rows.columns[n] for n in ("time", "time_from", "time_to") if rows.has(n))
    rows.leave_out(np.isnat(middle), "no_date", column)
    return shown, middle, known


def _between(rows: Rows, begun: Times | None, ended: Times | None) -> tuple[Moments, Moments, Mask]:
    """Place incidents that are known from one time to another."""
    if begun is None or ended is None:
        only = begun if begun is not None else ended
        assert only is not None  # noqa: S101 - the caller has one of them
        return only.local, only.local, only.has_hour
    start, end = begun.local, ended.local
    both = ~np.isnat(start) & ~np.isnat(end)
    # An end known by its date only is over when the day is.
    over = np.where(ended.has_hour, end, end + np.timedelta64(86_399, "s"))
    rows.leave_out(both & (over < start), "ends_before_start", rows.columns["time_to"])
    same_month = start.astype("datetime64[M]") == end.astype("datetime64[M]")
    same_hour = (
        both
        & begun.has_hour
        & ended.has_hour
        & (start.astype("datetime64[h]") == end.astype("datetime64[h]"))
    )
    halfway = start + (over - start) // 2
    middle = np.where(both & ~same_month, halfway, np.where(np.isnat(start), end, start))
    known = np.where(both, same_hour, np.where(np.isnat(start), ended.has_hour, begun.has_hour))
    spans = both & ~same_hour & rows.usable
    if spans.any():
        values = {"n": int(spans.sum()), "months": int((spans & ~same_month).sum())}
        rows.notes.append(Note("incidents_between", values))
    return np.where(np.isnat(start), end, start), middle, known


KIND = Kind(
    name="incidents",
    summary="Reported incidents: littering, vandalism, narcotics, alcohol, disorder, noise, "
    "burglary and more; a moment, a date, or from one time to another.",
    fields=(
        ID,
        CATEGORY,
        Field(
            "time_from",
            "time",
            "earliest time, where only a span is known",
            ("från", "from", "fr.o.m.", "tid från", "datum från", "tidpunkt från", "starttid",
             "startdatum", "start", "brottstid från", "brottsdatum från", "tidigast", "date_from",
             "start_time", "från datum", "händelsetid från"),
        ),
        Field(
            "time_to",
            "time",
            "latest time, where only a span is known",
            ("till", "to", "t.o.m.", "tid till", "datum till", "tidpunkt till", "sluttid",
             "slutdatum", "slut", "brottstid till", "brottsdatum till", "senast", "date_to",
             "end_time", "end", "till datum", "händelsetid till"),
        ),
        Field(
            "clock_from",
            "clock",
            "hour of the day of time_from, in a column of its own",
            ("kl från", "klockslag från", "klockan från"),
        ),
        Field(
            "clock_to",
            "clock",
            "hour of the day of time_to, in a column of its own",
            ("kl till", "klockslag till", "klockan till"),
        ),
        TIME,
        CLOCK,
        PLACE,
        WEIGHT,
    ),
    shapes=("point",),
    build=build,
    counted=True,
    order=40,
)  # fmt: skip
