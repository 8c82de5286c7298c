"""The columns of every table that leaves the program, each named once.

A method that alone fills its columns names them in its own file. Names are technical, lower-case
English; what people read in their place stands under ``[columns]`` in ``maps/text/*.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "real", "date", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's technical name and what it holds; units stand in its alias."""

    name: str
    kind: Kind


CELL_ID = Column("cell_id", "text")
N = Column("n", "integer")
WEIGHT = Column("weight", "real")

KDE = Column("kde", "real")

GI_Z = Column("gi_z", "real")
GI_P = Column("gi_p", "real")
GI_Q = Column("gi_q", "real")
GI_BIN = Column("gi_bin", "integer")
GI_CHANCE_Q = Column("gi_chance_q", "real")

LISA_I = Column("lisa_i", "real")
LISA_Z = Column("lisa_z", "real")
LISA_P = Column("lisa_p", "real")
LISA_Q = Column("lisa_q", "real")
LISA_CLASS = Column("lisa_class", "text")

HOTSPOT = (
    Column("hotspot_id", "text"),
    Column("family", "text"),
    Column("rank", "integer"),
    Column("name", "text"),
    Column("n", "integer"),
    Column("weight", "real"),
    Column("expected", "real"),
    Column("ratio", "real"),
    Column("p", "real"),
    Column("q", "real"),
    Column("area_m2", "real"),
    Column("categories", "text"),
    Column("peak", "text"),
    Column("n_month", "integer"),
    Column("n_month_before", "integer"),
    Column("n_year_before", "integer"),
    Column("trend", "text"),
    Column("recent_n", "integer"),
    Column("recent_base", "real"),
    Column("recent_ratio", "real"),
    Column("recent_low", "real"),
    Column("recent_high", "real"),
    Column("recent_p", "real"),
    Column("recent_q", "real"),
    Column("recent", "text"),
    Column("stability", "text"),
    Column("stability_bootstrap", "real"),
    Column("stability_grids", "real"),
    Column("near", "text"),
    Column("patrol_minutes", "real"),
    Column("gap_rank", "integer"),
    Column("reason", "text"),
    Column("place_id", "text"),
)
"""The hotspots table, one row a place and family, in this order."""

HISTORY = (
    Column("month", "text"),
    Column("month_start", "date"),
    Column("place_id", "text"),
    Column("hotspot_id", "text"),
    Column("family", "text"),
    Column("rank", "integer"),
    Column("name", "text"),
    Column("n", "integer"),
    Column("expected", "real"),
    Column("ratio", "real"),
    Column("p", "real"),
    Column("q", "real"),
    Column("area_m2", "real"),
    Column("first_seen", "text"),
    Column("months_running", "integer"),
)
"""The history table, one row a hotspot and month, in this order."""

CLUSTER = (
    Column("cluster_id", "text"),
    Column("method", "text"),
    Column("family", "text"),
    Column("rank", "integer"),
    Column("name", "text"),
    Column("n", "integer"),
    Column("expected", "real"),
    Column("ratio", "real"),
    Column("score", "real"),
    Column("p", "real"),
    Column("significant", "integer"),
    Column("first_month", "text"),
    Column("last_month", "text"),
    Column("first_day", "date"),
    Column("last_day", "date"),
    Column("radius_m", "real"),
    Column("recurrence_months", "real"),
    Column("categories", "text"),
    Column("near", "text"),
    Column("reason", "text"),
)
"""The clusters table: places that a method found as a whole, one row a place, method and family."""

STREET = (
    Column("family", "text"),
    Column("name", "text"),
    Column("length_m", "real"),
    Column("n", "integer"),
    Column("density", "real"),
    Column("p", "real"),
    Column("q", "real"),
    Column("hot", "integer"),
)
"""The streets table, one row a piece of road and family; ``density`` is events per km."""

RHYTHM = (
    Column("family", "text"),
    Column("profile", "text"),
    Column("item", "text"),
    Column("label", "text"),
    Column("n", "integer"),
    Column("expected", "real"),
    Column("ratio", "real"),
    Column("ratio_low", "real"),
    Column("ratio_high", "real"),
    Column("q", "real"),
    Column("p", "real"),
    Column("mark", "integer"),
)
"""The rhythm table, one row a family and hour, weekday, month or kind of time."""

NEAR_REPEAT = (
    Column("family", "text"),
    Column("distance", "text"),
    Column("days", "text"),
    Column("observed", "integer"),
    Column("expected", "real"),
    Column("ratio", "real"),
    Column("p", "real"),
    Column("significant", "integer"),
)
"""The near-repeat table, one row a family, distance and number of days between two events."""

LEFT_OUT = (
    Column("source", "text"),
    Column("row", "integer"),
    Column("reason", "text"),
    Column("column", "text"),
    Column("value", "text"),
    Column("explanation", "text"),
)
"""The rows that could not be used, each with its reason as a key and in words."""
