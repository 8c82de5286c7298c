"""Kinds of layer: one file each, found by its ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from layers.layer import Layer, LayerSettings, RawTable
    from layers.positions import StudyArea
    from layers.project import Project
    from layers.rows import Built, Rows

Shape = Literal["point", "line", "polygon"]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a layer may hold: its name, what it is, and the words files use for its column.

    ``synonyms`` are tried in their order, without regard to case, accents or punctuation. ``kind``
    says how the column is read: ``time`` is a moment or a date, ``clock`` an hour of the day.
    """

    name: str
    kind: Literal["text", "number", "time", "clock", "category"]
    help: str
    synonyms: tuple[str, ...]
    required: bool = False


ID = Field(
    "id",
    "text",
    "the source's own number of the row, where it has one",
    ("identifier", "objektidentitet", "ärendenummer", "ärende", "ärendeid", "diarienummer",
     "dnr", "k-nummer", "knummer", "händelseid", "händelsenummer", "rapportnummer", "rapportid",
     "service_request_id", "case_id", "report_id", "incident_id", "uid", "uuid", "löpnummer",
     "nr", "nummer"),
)  # fmt: skip
PLACE = Field(
    "place",
    "text",
    "where, in words",
    ("plats", "platsbeskrivning", "adress", "address", "gatuadress", "gata", "vägnamn", "street",
     "location", "location_name", "where", "var", "ort", "plats i ord"),
)  # fmt: skip
CATEGORY = Field(
    "category",
    "category",
    "what it is about; words are mapped by the category table",
    ("kategori", "typ", "brottstyp", "brott", "brottsrubricering", "rubricering", "händelsetyp",
     "händelse", "ärendetyp", "problem", "problemtyp", "slag", "vad", "type", "offense_type",
     "offence_type", "offense", "offence", "crime_type", "crime", "primary_type", "incident_type",
     "event_type", "service_name", "what"),
    required=True,
)  # fmt: skip
WEIGHT = Field(
    "weight",
    "number",
    "how much the row counts; 1 where it says nothing",
    ("vikt", "tyngd", "poäng", "antal", "count", "score"),
)
TIME = Field(
    "time",
    "time",
    "when: a moment or a date, local time",
    ("tidpunkt", "datum och tid", "datumtid", "datum_tid", "datum/tid", "date and time",
     "datetime", "date_time", "timestamp", "händelsetid", "händelsetidpunkt", "händelsedatum",
     "brottstid", "brottsdatum", "datum", "date", "when", "när", "inträffad", "inträffade",
     "occurred", "occurred_at", "requested_datetime", "rapporterad", "rapportdatum", "anmäld",
     "inkom", "registrerad", "skapad", "created", "time", "tid"),
)  # fmt: skip
CLOCK = Field(
    "clock",
    "clock",
    "hour of the day, where it stands in a column of its own",
    ("klockslag", "kl", "kl.", "klockan", "tid", "time of day", "time", "hour", "timme"),
)
"""Fields that several kinds share. A user's file names them in many ways."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of one kind of layer beside those that all kinds have."""

    name: str
    kind: Literal["text", "number", "yes/no"]
    default: str | float | bool | None
    help: str
    choices: tuple[str, ...] = ()


class Build(Protocol):
    """Makes a kind's own table of the rows that are usable so far."""

    def __call__(self, rows: Rows) -> Built: ...  # noqa: D102 - said in the class


class Stream(Protocol):
    """Makes a layer of a source that is too long to be held as rows, batch by batch.

    ``batches`` gives those of a file as its format reads them.
    """

    def __call__(  # noqa: D102 - said in the class
        self,
        settings: LayerSettings,
        project: Project,
        area: StudyArea | None,
        batches: Callable[[LayerSettings], Iterator[RawTable]],
    ) -> Layer: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of layer: what it is, what it may hold, which shapes it takes.

    ``counted`` kinds hold events: they have a category, and their points are counted in cells.
    ``clipped`` kinds are cut at the edge of the area and its buffer; of others, whole objects are
    in or out; ``beyond_m`` widens the buffer. Where ``repeats``, one object may stand in several
    rows (a road in pieces), and none of them is a duplicate. ``identifiers`` are the fields that
    give a row its id, the best first. ``names`` are words in a file's name that speak for the kind.
    ``build`` makes the table's columns; a kind without has a ``stream``, which makes its layer,
    and whose source may be a folder of files.
    """

    name: str
    summary: str
    fields: tuple[Field, ...]
    shapes: tuple[Shape, ...]
    build: Build | None = None
    stream: Stream | None = None
    counted: bool = False
    clipped: bool = False
    beyond_m: float = 0.0
    repeats: bool = False
    options: tuple[Option, ...] = ()
    identifiers: tuple[str, ...] = ("id",)
    names: tuple[str, ...] = ()
    order: int = 100

    def default(self, option: str) -> Any:  # noqa: ANN401 - an option's value is of its own kind
        """Give the default of one of the kind's options."""
        return next(one.default for one in self.options if one.name == option)


@cache
def kinds() -> dict[str, Kind]:
    """Give every kind of layer by its name, in the order in which a reader meets them."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        declared = getattr(importlib.import_module(f"{__name__}.{module.name}"), "KIND", None)
        if isinstance(declared, Kind):
            found.append(declared)
    return {kind.name: kind for kind in sorted(found, key=lambda k: (k.order, k.name))}
