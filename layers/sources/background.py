"""Background: water, built-up areas, roads and railways to draw under the picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.note import Note
from layers.columns import plain
from layers.rows import Built, pick
from layers.sources import ID, Field, Kind, Option

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from layers.rows import Rows

CLASSES = ("water", "built_up", "road_major", "road_minor", "railway", "other")
"""How a background is drawn; ``other`` is what no known attribute explains."""

_MAJOR_ROAD_CLASS = 4
"""NVDB's functional road classes 0 to 4 carry the through traffic."""

_BY_WORD: tuple[tuple[str, str], ...] = (
    # Lantmäteriet's objekttyp (Topografi 10 to 250), then OpenStreetMap's words; first match wins
    (r"järnväg|räls|spår, järn|spårväg", "railway"),
    (r"sjö|hav|vattendrag|anlagt vatten|vattenyta|vatten$|kanal|damm$", "water"),
    (r"bebyggelse|tätort|småort|bebyggt|industriområde", "built_up"),
    (
        (
            r"motorväg|motortrafikled|mötesfri väg|landsväg$|europaväg|riksväg|länsväg|huvudgata|"
            r"övergripande länk|allmän väg"
        ),
        "road_major",
    ),
    (r"väg|gata|stig$|cykel", "road_minor"),
    (r"^(motorway|trunk|primary|secondary)(_link)?$", "road_major"),
    (
        (
            r"^(tertiary(_link)?|unclassified|residential|living_street|service|track|path|footway|"
            r"cycleway|pedestrian|road|bridleway|steps|track_grade\d)$"
        ),
        "road_minor",
    ),
    (r"^(water|lake|reservoir|river|riverbank|canal|bay|basin|stream|wetland|pond)$", "water"),
    (r"^(built_up|residential area|industrial|commercial|retail|city|town|village)$", "built_up"),
    (r"^(rail|railway|light_rail|tram|narrow_gauge|subway|preserved)$", "railway"),
)
_COLUMNS = (
    "class", "klass", "objekttyp", "detaljtyp", "highway", "railway", "waterway", "water",
    "natural", "landuse", "place", "fclass", "type", "typ", "kategori", "vagkategorikategori",
    "vagtyp",
)  # fmt: skip
_YES = ("1", "-1", "1.0", "-1.0", "true", "ja", "sant", "e")
_IMPLIED = {"highway": "road_minor", "railway": "railway", "waterway": "water", "water": "water"}
"""Columns whose mere value says what a thing is, whatever the value."""

_LANDUSE = {"residential": "built_up"}
"""A word that means another thing in this column."""


def build(rows: Rows) -> Built:
    """Give class and name of what is drawn."""
    given = rows.settings.options.get("class")
    if given:
        classes = np.full(len(rows), CLASSES.index(given), dtype=np.int32)
    else:
        classes = classes_of(rows.data)
        unclear = int((rows.usable & (classes == CLASSES.index("other"))).sum())
        if unclear:
            rows.notes.append(Note("background_unclassified", {"n": unclear}))
    name = rows.text("name")
    return Built({"class": pick(CLASSES, classes), "name": name.fillna(_road_number(rows))})


def _road_number(rows: Rows) -> pd.Series:
    """Give the number of roads without a name: ``E18``, ``204``; NVDB says E in another column."""
    number = rows.text("number").str.replace(r"^E\s+(?=\d)", "E", regex=True)
    european = rows.text("european").str.casefold().isin(_YES).to_numpy()
    return number.where(~european | number.isna(), "E" + number.fillna(""))


def classes_of(data: pd.DataFrame) -> NDArray[np.int32]:
    """Derive the class of every row from the attributes it has; the first that tells decides."""
    other = CLASSES.index("other")
    classes = np.full(len(data), other, dtype=np.int32)
    by_name = {plain(str(name)): str(name) for name in data.columns}
    for wanted in _COLUMNS:
        if wanted not in by_name:
            continue
        codes, words = pd.factorize(data[by_name[wanted]])
        of_word = np.array([_class_of(str(w), wanted) for w in words] + [other], dtype=np.int32)
        classes = np.where(classes == other, of_word[codes], classes)
    for name, column in by_name.items():
        if name in {"funkvagklassklass", "klass181"}:
            level = pd.to_numeric(data[column], errors="coerce").to_numpy(dtype=np.float64)
            road = np.where(
                level <= _MAJOR_ROAD_CLASS,
                CLASSES.index("road_major"),
                CLASSES.index("road_minor"),
            )
            classes = np.where((classes == other) & ~np.isnan(level), road, classes)
    return classes.astype(np.int32)


def _class_of(word: str, column: str) -> int:
    """Give the class of a word in a column, as a position in ``CLASSES``."""
    folded = word.strip().casefold()
    if not folded or folded in {"no", "none", "nan"}:
        return CLASSES.index("other")
    if folded in CLASSES:
        return CLASSES.index(folded)
    if column == "landuse" and folded in _LANDUSE:
        return CLASSES.index(_LANDUSE[folded])
    for pattern, name in _BY_WORD:
        if re.search(pattern, folded):
            return CLASSES.index(name)
    return CLASSES.index(_IMPLIED.get(column, "other"))


KIND = Kind(
    name="background",
    summary="Roads, water, built-up areas and railways from whatever vector file there is; drawn, "
    "not analysed. Classes come from the attributes of Lantmäteriet, OpenStreetMap and NVDB.",
    fields=(
        Field(
            "name",
            "text",
            "name to show",
            ("namn", "gatunamn", "gatunamn_namn", "namn_130", "karttext"),
        ),
        Field(
            "number",
            "text",
            "number of a road, shown where it has no name",
            ("ref", "vägnummer", "vardvagnummer", "vagnummer_huvudnummer_vard", "vagnr_10370"),
        ),
        Field(
            "european",
            "text",
            "whether the number is that of a European road, where it does not say so itself",
            ("vagnummer_europavag", "europavag"),
        ),
        Field(ID.name, ID.kind, ID.help, ("osm_id", "osm_way_id", "route_id", *ID.synonyms)),
    ),
    shapes=("point", "line", "polygon"),
    build=build,
    names=("väg", "road", "vatten", "water", "mark", "bebygg", "järnväg", "rail", "karta",
           "background", "hydro", "kommunikation"),
    clipped=True,
    repeats=True,
    options=(
        Option("class", "text", None, "class of the whole file", CLASSES),
        Option(
            "subtract",
            "yes/no",
            default=False,
            help="take the file's water out of the study area",
        ),
    ),
    order=70,
)  # fmt: skip
