"""Describes the pieces of street where events lie close, as the lines that the page draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from maps.surfaces import limits_between, ranges
from maps.symbols import plain

if TYPE_CHECKING:
    from geo.hotspots import Streets
    from maps.packing import Streams
    from maps.words import Words

_SLACK_M = 1.0
"""Corners nearer than this to the line without them are left out: a page shows no less."""


def street_lines(streets: Streets | None, words: Words, streams: Streams) -> dict[str, Any] | None:
    """Gather the pieces of one street, class and claim into one shape, the densest last.

    Pieces below the lowest class are left out; None where nothing is left. So the page grows with
    the roads that have trouble, not with the events.
    """
    limits = [] if streets is None else limits_between(streets.density)
    if streets is None or not limits:
        return None
    code = np.searchsorted(limits, streets.density, side="right") - 1
    here = np.flatnonzero(code >= 0)
    name, names = pd.factorize(streets.names[here])
    kind = np.column_stack([code[here], streets.hot[here], name])
    kinds, whose = np.unique(kind, axis=0, return_inverse=True)
    order = np.argsort(whose, kind="stable")
    together = shapely.multilinestrings(streets.geometry[here][order], indices=whose[order])
    lines = np.asarray(shapely.simplify(shapely.line_merge(together), _SLACK_M), dtype=object)
    return {
        "class": streams.add(kinds[:, 0]),
        "hot": streams.add(kinds[:, 1]),
        "name": streams.add(kinds[:, 2]),
        "names": [plain(one) for one in names],
        "labels": ranges(limits, words),
        "shapes": streams.shapes(lines, unit=1.0),
    }
