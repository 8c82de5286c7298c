"""Finds sources that hold the same events twice: a copy, or one export in two formats."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geo.note import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.layer import Layer

SAME = "same_events"
"""The note about a source whose events stand in an earlier one as well."""

_MANY = 0.5
"""Of the events of a source so many must stand in another to be no chance."""


def doubled(layers: Sequence[Layer]) -> list[Layer]:
    """Give the layers as they are, those with a warning whose events an earlier one has as well.

    Events are the same by place (to the metre), time and category; at least half of those of the
    smaller source must be.
    """
    counted = [one for one in layers if one.events is not None and len(one.events)]
    marks = {one.name: _marks(one) for one in counted} if len(counted) > 1 else {}
    notes = {}
    for first, second in combinations(counted, 2):
        smaller, larger = sorted((marks[first.name], marks[second.name]), key=len)
        same = int(np.isin(smaller, larger).sum())
        if same > _MANY * len(smaller) and second.name not in notes:
            values = {"n": same, "total": len(marks[second.name]), "other": first.report.path}
            notes[second.name] = Note(SAME, values, "warning")
    return [
        replace(one, report=replace(one.report, notes=(*one.report.notes, notes[one.name])))
        if one.name in notes
        else one
        for one in layers
    ]


def _marks(layer: Layer) -> NDArray[np.uint64]:
    """Give a number for each distinct event, the same for the same place, time and category."""
    assert layer.events is not None  # noqa: S101 - the caller saw them
    table = layer.table
    if "area_level" in table:
        table = table[~table["area_level"]]
    said = pd.DataFrame(
        {
            "x": np.round(layer.events.x),
            "y": np.round(layer.events.y),
            "time": table["time"].to_numpy(dtype="datetime64[s]"),
            "category": table["category"].to_numpy(),
        }
    )
    return np.unique(pd.util.hash_pandas_object(said, index=False).to_numpy())
