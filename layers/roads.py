"""Roads from any vector file, for a table of events without a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geo.crs import reproject
from geo.errors import Problem, SourceError
from layers.columns import plain
from layers.formats.vector import FORMAT
from layers.layer import LEFT_OUT_COLUMNS, Layer, Report
from layers.sources.background import CLASSES, KIND, classes_of

if TYPE_CHECKING:
    from pathlib import Path


def read_roads(path: Path, epsg: int, box: shapely.Polygon) -> Layer:
    """Read the lines of a file that meet a box (metres of ``epsg``) as roads of a background.

    Names and classes come from the columns that a background's would. Every line is a road unless
    its attributes say railway or water; those are drawn, and nothing is measured along them. What
    is no line is left out as ``wrong_shape``, lines elsewhere as ``outside_area``. Raises
    ``SourceError`` where no line is left, or the file does not say its coordinate system.
    """
    tables = list(FORMAT.read(path))
    data = pd.concat([table.data for table in tables], ignore_index=True)
    shapes = np.concatenate(
        [np.zeros(0, object), *(t.geometry for t in tables if t.geometry is not None)]
    )
    crs = tables[0].crs
    line = shapely.get_dimensions(shapes) == 1
    if crs is None or not line.any():
        found = "none" if crs is None else f"{len(shapes)} features that are not lines"
        expected = "a coordinate system" if crs is None else "lines"
        raise SourceError(
            f"{path.name} cannot be used as roads",
            (Problem(path.name, f"expected {expected}, found {found}", "--roads roads.gpkg"),),
        )
    geometry = reproject(shapes, crs, epsg)
    near = line & shapely.intersects(geometry, box)
    if not near.any():
        raise SourceError(
            f"no road of {path.name} lies in the area",
            (
                Problem(
                    path.name, "expected lines around the events", "see that both are of one place"
                ),
            ),
        )
    words = {plain(word) for field in KIND.fields if field.name == "name"
             for word in (field.name, *field.synonyms)}  # fmt: skip
    named = next((str(name) for name in data.columns if plain(str(name)) in words), None)
    name = pd.Series(pd.NA, data.index, dtype="string") if named is None else data[named]
    classes = np.array(CLASSES, dtype=object)[classes_of(data)]
    classes = np.where(classes == "other", "road_minor", classes)
    table = pd.DataFrame(
        {
            "id": [str(i + 1) for i in np.flatnonzero(near)],
            "class": classes[near],
            "name": name.astype("string").to_numpy()[near],
        }
    )
    reasons = {
        "unreadable_feature": sum(len(table.left_out) for table in tables),
        "wrong_shape": int((~line).sum()),
        "outside_area": int((line & ~near).sum()),
    }
    left_out = {reason: n for reason, n in reasons.items() if n}
    read = len(table) + sum(left_out.values())
    report = Report(path.stem, "background", path.name, "", read, len(table), left_out)
    none = pd.DataFrame({column: [] for column in LEFT_OUT_COLUMNS})
    return Layer("roads", "background", table, geometry[near], none, report)
