"""Patrol locations: where the police were, when, for how long and what for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.aoristic import cut_by_hour
from geo.months import UNKNOWN_HOUR, month_and_hour
from geo.note import Note
from geo.pieces import numbered
from layers.categories import squeeze
from layers.layer import Events
from layers.rows import Built, month_column, no_times, pick
from layers.sources import ID, PLACE, Field, Kind
from layers.when import elapsed_minutes, universal_to_wall, wall_to_universal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.rows import Rows

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Moments = NDArray[np.datetime64]
    Geometries = NDArray[np.object_]

PURPOSES = (
    "speed_control",
    "sobriety_control",
    "traffic_control",
    "bathing_place",
    "foot_patrol",
    "narcotics",
    "visibility",
    "other",
)
"""What a patrol is for; words for them stand under ``[purposes]`` in the texts."""

_WORDS = {
    "speed_control": "hastighetskontroll|hastighet|hastighetsmätning|laser|fartkontroll|radar|"
    "speed check|speed enforcement",
    "sobriety_control": "nykterhetskontroll|nykterhet|alkoholkontroll|rattfyllerikontroll|"
    "utandningsprov|breath test|sobriety check",
    "traffic_control": "trafikkontroll|trafik|fordonskontroll|a-traktorkontroll|mopedkontroll|"
    "flygande inspektion|traffic check|kontroll person/fordon",
    "bathing_place": "badplats|badplatser|bad|badplatstillsyn|badplatspatrull|bathing site|beach",
    "foot_patrol": "fotpatrull|fotpatrullering|till fots|gående|foot|gång- och cykelpatrull",
    "narcotics": "narkotika|narkotikaspaning|droger|drugs",
    "visibility": "synlighet|närvaro|trygghet|trygghetsskapande|synlig polis|presence|nattvandring|"
    "hög synlighet|visible patrol",
    "other": "övrigt|annat|annan|misc",
}

STEP_M = 25.0
"""A patrol along a line was in every stretch of this length alike."""

_LONGEST_H = 24


def build(rows: Rows) -> Built:
    """Give purpose, unit, start and minutes; minutes come from the end where there is one.

    A patrol that says its day and no start lies in the day's month, at an unknown hour.
    An end before the start is left out, as is a patrol of more than a day. A patrol that says
    neither its end nor its minutes is drawn, and counts for no presence.
    """
    begun, ended = rows.span(("start", "clock_start"), ("end", "clock_end"), "date")
    begun = rows.or_day(begun, "date")
    own = rows.numbers("minutes", least=0.0)
    nothing = np.full(len(rows), np.datetime64("NaT"), dtype="datetime64[s]")
    start = nothing if begun is None else begun.local
    known = np.zeros(len(rows), dtype=bool) if begun is None else begun.has_hour
    end = nothing if ended is None else np.where(ended.has_hour, ended.local, nothing)
    span = elapsed_minutes(start, end)
    spanned = ~np.isnan(span) & known
    column = rows.columns.get("end", "")
    rows.leave_out(spanned & (span < 0), "ends_before_start", column)
    minutes = np.where(spanned, span, own)
    column = rows.columns.get("end" if rows.has("end") else "minutes", "")
    rows.leave_out(minutes > _LONGEST_H * 60, "too_long", column)
    unsaid = int((rows.usable & np.isnan(minutes)).sum())
    if unsaid:
        rows.notes.append(Note("patrols_without_minutes", {"n": unsaid}, "warning"))
    purpose, words = _purposes(rows)
    month, _ = no_times(len(rows)) if begun is None else month_and_hour(start)

    def presence(at: Ints, geometry: Geometries) -> Events:
        clock = np.where(known[at], start[at], nothing[at])
        return spread(
            geometry, start=clock, date=start[at], minutes=minutes[at], category=purpose[at]
        )

    return Built(
        {
            "purpose": pick(PURPOSES, purpose),
            "purpose_words": words,
            "unit": rows.text("unit"),
            "place": rows.text("place"),
            "start": start,
            "minutes": minutes,
            "month": month_column(month),
        },
        presence=presence,
    )


def _purposes(rows: Rows) -> tuple[NDArray[np.int32], pd.Series]:
    """Read what patrols were for; words that are not known are ``other`` and kept beside."""
    words = rows.text("purpose")
    known = {squeeze(p): i for i, p in enumerate(PURPOSES)}
    known |= {squeeze(p.replace("_", " ")): i for i, p in enumerate(PURPOSES)}
    for i, purpose in enumerate(PURPOSES):
        known |= {squeeze(word): i for word in _WORDS[purpose].split("|")}
    codes, distinct = pd.factorize(words)
    other = PURPOSES.index("other")
    of_word = np.array([known.get(squeeze(str(w)), other) for w in distinct] + [other])
    unknown = [str(w) for w in distinct if squeeze(str(w)) not in known]
    if unknown:
        shown = ", ".join(unknown[:8]) + (" …" if len(unknown) > 8 else "")  # noqa: PLR2004 - enough to see
        rows.notes.append(Note("unknown_purposes", {"n": len(unknown), "words": shown}))
    return of_word[codes].astype(np.int32), words


def spread(
    geometry: Geometries,
    *,
    start: Moments,
    date: Moments,
    minutes: Floats,
    category: NDArray[np.int32],
) -> Events:
    """Spread patrols over the hours in which they lasted and along their lines; weight is minutes.

    Split exactly where an hour ends, by the clock on the wall in Sweden: the hour that is skipped
    in spring has no minutes, the one that comes twice in autumn may have 120; a start within it
    is in the first of the two. A patrol whose ``start`` is not known (NaT) lies in the month of
    its ``date`` at an unknown hour. A line is taken in stretches
    of equal length, at most ``STEP_M`` long, with equal shares. Minutes that are not known (NaN)
    give no entry; the sum of the others' minutes is kept.
    """
    there = np.flatnonzero((minutes > 0) & np.array([g is not None for g in geometry], dtype=bool))
    geometry, start, date = geometry[there], start[there], date[there]
    minutes, category = minutes[there], category[there]
    of_hour, month, hour, share = _by_hour(start, date, minutes)
    of_point, x, y, part = _along(geometry)
    # Every hour of a patrol with every point of it.
    points = np.bincount(of_point, minlength=len(there))
    first = np.concatenate([[0], np.cumsum(points)])[:-1]
    times = points[of_hour]
    entry, within = numbered(times)
    point = first[of_hour[entry]] + within
    return Events(
        x=x[point],
        y=y[point],
        month=month[entry],
        hour=hour[entry],
        category=category[of_hour[entry]],
        categories=PURPOSES,
        weight=share[entry] * part[point],
    )


def _by_hour(
    start: Moments, date: Moments, minutes: Floats
) -> tuple[Ints, NDArray[np.int32], NDArray[np.int16], Floats]:
    """Cut spans of time where hours end: whose, month, hour of the week, minutes.

    Time that passes is universal; summer time moves the clock by whole hours, so that the hours
    of both end together.
    """
    known = ~np.isnat(start)
    begin = wall_to_universal(np.where(known, start, np.datetime64(0, "s")))
    whose, at, seconds = cut_by_hour(begin, np.where(known, minutes * 60.0, 0.0))
    share = np.where(known[whose], seconds / 60.0, minutes[whose])
    month, hour = month_and_hour(universal_to_wall(at))
    by_date, _ = month_and_hour(date)
    month = np.where(known[whose], month, by_date[whose]).astype(np.int32)
    hour = np.where(known[whose], hour, UNKNOWN_HOUR).astype(np.int16)
    return whose, month, hour, share


def _along(geometry: Geometries) -> tuple[Ints, Floats, Floats, Floats]:
    """Lay points along lines at equal steps: whose, x, y, and the share of the whole."""
    parts, whose = shapely.get_parts(geometry, return_index=True)
    length = shapely.length(parts)
    total = np.bincount(whose, weights=length, minlength=len(geometry))
    keep = (length > 0) | (total[whose] == 0)
    parts, whose, length = parts[keep], whose[keep], length[keep]
    alone = total[whose] == 0  # points: the parts share alike
    siblings = np.bincount(whose, minlength=len(geometry))[whose]
    pieces = np.maximum(np.ceil(length / STEP_M), 1).astype(np.int64)
    part = np.where(alone, 1.0 / siblings, length / np.where(alone, 1.0, total[whose]))
    of_part, nth = numbered(pieces)
    along = (nth + 0.5) * (length / pieces)[of_part]
    points = parts[of_part]
    line = shapely.get_type_id(points) != shapely.GeometryType.POINT
    points[line] = shapely.line_interpolate_point(points[line], along[line])
    return whose[of_part], shapely.get_x(points), shapely.get_y(points), (part / pieces)[of_part]


KIND = Kind(
    name="patrols",
    summary="Patrol locations: points, or lines with times. Minutes are spread exactly over the "
    "hours of the week between start and end, and along a line in stretches of 25 m.",
    fields=(
        ID,
        Field(
            "start",
            "time",
            "when the patrol began",
            ("starttid", "från", "from", "start_time", "påbörjad", "tid från", "datum och tid",
             "tidpunkt", "datetime", "begin", "startdatum", "time", "tid"),
        ),
        Field(
            "date",
            "time",
            "the day, where start and end are times of day or are not there",
            ("datum", "dag", "day"),
        ),
        Field(
            "clock_start",
            "clock",
            "hour of the day of start, in a column of its own",
            ("kl från", "klockslag", "start kl", "startklockslag", "kl"),
        ),
        Field(
            "end",
            "time",
            "when it ended",
            ("sluttid", "slut", "till", "to", "end_time", "avslutad", "tid till", "stopp", "stop"),
        ),
        Field(
            "clock_end",
            "clock",
            "hour of the day of end, in a column of its own",
            ("kl till", "slut kl", "slutklockslag"),
        ),
        Field(
            "minutes",
            "number",
            "how long, in minutes, where there is no end",
            ("minuter", "min", "antal minuter", "tid min", "tid i minuter", "varaktighet",
             "duration", "duration_min"),
        ),
        Field(
            "unit",
            "text",
            "which unit, never a person",
            ("enhet", "patrull", "styrka", "grupp", "team", "resurs"),
        ),
        Field(
            "purpose",
            "text",
            "what for: speed control, sobriety control, bathing place, foot patrol, narcotics …",
            ("syfte", "ändamål", "insats", "insatstyp", "uppdrag", "typ", "åtgärd", "aktivitet",
             "activity", "type", "kategori"),
        ),
        PLACE,
    ),
    shapes=("point", "line"),
    build=build,
    names=("patrull", "patrol", "närvaro", "presence"),
    order=30,
)  # fmt: skip
