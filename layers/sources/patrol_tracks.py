"""Patrol tracks: timed positions of vehicles and radios, of which only minutes are kept."""

from __future__ import annotations

from layers.sources import CLOCK, TIME, Field, Kind, Option
from layers.tracks import read_tracks

KIND = Kind(
    name="patrol_tracks",
    summary="Patrol tracks: timed positions of vehicles or radios (GPX, or any table of points), "
    "read as a stream. Only minutes by 25 m square, month and hour of the week are kept, never who "
    "was where when.",
    fields=(
        Field(
            TIME.name,
            TIME.kind,
            "when the unit was there: a moment",
            ("gps_time", "gpstime", "gps tid", "fix_time", "fixtime", "positionstid",
             "time_utc", "utc_time", "utc", *TIME.synonyms),
            required=True,
        ),
        CLOCK,
        Field(
            "unit",
            "text",
            "which unit's position, never a person; none: all are of one unit",
            ("enhet", "enhets-id", "enhetsid", "unit_id", "patrull", "fordon", "fordonsid",
             "vehicle", "vehicle_id", "bil", "bilnummer", "resurs", "resource", "anropssignal",
             "callsign", "call_sign", "radio", "radio_id", "tracker", "tracker_id", "device",
             "device_id", "imei", "track", "track_name", "track_fid"),
        ),
        Field(
            "segment",
            "text",
            "which unbroken part of the unit's track; between two nothing is known",
            ("track_seg_id", "trkseg", "del"),
        ),
    ),
    shapes=("point",),
    stream=read_tracks,
    names=("spår", "gps", "gpx", "track", "avl", "position", "fordonspos"),
    options=(
        Option(
            "gap_minutes",
            "number",
            5.0,
            "longest time between two positions of a unit that is counted; of more nothing is "
            "known",
        ),
        Option(
            "most_kmh",
            "number",
            200.0,
            "a position that would need a higher speed than this is an error of the receiver",
        ),
        Option(
            "utc",
            "yes/no",
            default=False,
            help="times without a zone are universal time (UTC), not Swedish time",
        ),
    ),
    order=35,
)  # fmt: skip
