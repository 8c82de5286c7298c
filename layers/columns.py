"""Which column of a file holds what: found by its name, and always said aloud."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from geo.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from layers.sources import Field

Scheme = Literal["lonlat", "xy", "pair", "wkt", "none"]

POSITION_FIELDS = ("lon", "lat", "x", "y", "position", "wkt")
"""The names under which ``columns`` in a project file may name where the position stands."""

_NOISE = re.compile(
    r"^(?:sweref|sweref99|sweref99tm|swereftm|99|tm|wgs|wgs84|84|rt90|rt|gps|koordinat|koordinater|"
    r"koord|coord|coords|coordinate|epsg|utm|geo|decimal|dd|m|meter|position|pos|point|punkt|\d+)$"
)
_SUFFIX = re.compile(r"(?:koordinat|koord|coordinate|coord|wgs84|sweref99tm|sweref99|sweref)$")

_AXES: tuple[tuple[Scheme, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "lonlat",
        ("lon", "long", "longitud", "longitude", "lng"),
        ("lat", "latitud", "latitude"),
    ),
    ("xy", ("x",), ("y",)),
    (
        "xy",
        ("e", "east", "easting", "ost", "osting", "ostlig", "ostlig"),
        ("n", "north", "northing", "nord", "nording", "nordlig"),
    ),
)
_PAIRS = (
    "position",
    "koordinater",
    "koordinat",
    "coordinates",
    "gps",
    "gps koordinater",
    "latlon",
    "lat lon",
    "lat long",
    "latlng",
    "lonlat",
    "location gps",
    "sweref",
    "sweref99",
    "sweref 99 tm",
    "wgs84",
    "punkt",
    "point",
)
_SHAPES = ("wkt", "geometry", "geom", "the geom", "geometri", "shape wkt")


def plain(name: str) -> str:
    """Fold a column's name: case, accents, units in brackets and punctuation do not count."""
    without_units = re.sub(r"[(\[].*?[)\]]", " ", name)
    kept = without_units if re.search(r"\w", without_units) else name
    letters = unicodedata.normalize("NFKD", kept.replace("ß", "ss").casefold())
    return re.sub(r"[^a-z0-9]+", "", "".join(c for c in letters if not unicodedata.combining(c)))


def _axis(name: str) -> str:
    """Give what is left of a coordinate column's name without its system: "SWEREF N" is "n"."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    folded = "".join(c for c in letters if not unicodedata.combining(c))
    left = []
    for token in re.split(r"[^a-z0-9]+", folded):
        bare = _SUFFIX.sub("", token) or token
        if bare and not _NOISE.match(bare):
            left.append(bare)
    return "".join(left)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row's position stands: two columns (``a`` is lon or x), one, or none."""

    scheme: Scheme
    a: str = ""
    b: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that its columns hold, as a project file names them."""
        if self.scheme == "lonlat":
            return ("lon", "lat")
        if self.scheme == "xy":
            return ("x", "y")
        return {"pair": ("position",), "wkt": ("wkt",)}.get(self.scheme, ())

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it uses."""
        return tuple(name for name in (self.a, self.b) if name)


def find_position(
    columns: Sequence[str], given: Mapping[str, str]
) -> tuple[Position, tuple[str, ...]]:
    """Find where the position stands; what is ``given`` comes first.

    Longitude and latitude are preferred to metres, two columns to one. The second value names
    other columns that could have been meant (a file may carry both). Without any, the scheme is
    ``none``.
    """
    if "wkt" in given:
        return Position("wkt", given["wkt"]), ()
    if "position" in given:
        return Position("pair", given["position"]), ()
    if "lon" in given and "lat" in given:
        return Position("lonlat", given["lon"], given["lat"]), ()
    if "x" in given and "y" in given:
        return Position("xy", given["x"], given["y"]), ()
    names = {name: _axis(name) for name in columns}
    found: list[Position] = []
    for scheme, firsts, seconds in _AXES:
        a = next((n for f in firsts for n, axis in names.items() if axis == f), "")
        b = next((n for s in seconds for n, axis in names.items() if axis == s), "")
        if a and b:
            found.append(Position(scheme, a, b))
    folded = {name: plain(name) for name in columns}
    for wanted in _SHAPES:
        found += [Position("wkt", n) for n, f in folded.items() if f == plain(wanted)]
    for wanted in _PAIRS:
        found += [Position("pair", n) for n, f in folded.items() if f == plain(wanted)]
    if not found:
        return Position("none"), ()
    return found[0], tuple(c for other in found[1:] for c in other.columns)


def find_columns(
    fields: Sequence[Field],
    columns: Sequence[str],
    given: Mapping[str, str],
    *,
    taken: Sequence[str] = (),
) -> dict[str, str]:
    """Find the column of each field by its synonyms; what is ``given`` comes first.

    A column serves one field only; fields are served in their order, each by its own name (unless
    that stands among its synonyms) or the first of these that is there. Columns already ``taken``
    (by the position) are not offered.
    """
    chosen = {f.name: given[f.name] for f in fields if f.name in given}
    used = {*chosen.values(), *taken}
    folded: dict[str, str] = {}
    for name in columns:
        if name not in used:
            folded.setdefault(plain(name), name)
    for one in fields:
        if one.name in chosen:
            continue
        words = one.synonyms if one.name in one.synonyms else (one.name, *one.synonyms)
        for synonym in words:
            name = folded.pop(plain(synonym), "")
            if name:
                chosen[one.name] = name
                break
    return {f.name: chosen[f.name] for f in fields if f.name in chosen}


def misnamed(
    given: Mapping[str, str],
    columns: Sequence[str],
    allowed: Sequence[str],
    where: str,
) -> list[Problem]:
    """List what is wrong with the columns a user named: no such field, no such column."""
    problems = []
    for name, column in given.items():
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, 1)
            problems.append(
                Problem(
                    f"{where} columns",
                    f"expected one of {', '.join(allowed)}, found {name!r}",
                    f"did you mean {near[0]!r}?" if near else "",
                )
            )
        elif column not in columns:
            near = difflib.get_close_matches(column, columns, 1, 0.5)
            problems.append(
                Problem(
                    where,
                    f"expected a column {column!r} for {name}, found {listed(columns)}",
                    f'write columns = {{ {name} = "{near[0]}" }}' if near else "",
                )
            )
    return problems


def listed(columns: Iterable[str]) -> str:
    """Write the columns of a file for a message."""
    return ", ".join(str(name) for name in columns) or "no columns"
