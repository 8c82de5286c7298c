"""The roads of a picture, along which a method may measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geo.hotspots import Roads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from layers.layer import Layer


def is_road(layer: Layer) -> NDArray[np.bool_]:
    """Mark the rows of a background layer that are roads."""
    classes = layer.table["class"].fillna("").astype(str)
    return np.asarray(classes.str.startswith("road"), dtype=bool)


def roads_of(background: Sequence[Layer]) -> Roads | None:
    """Gather the lines of the background that are roads; None where there is none."""
    geometry, names = [], []
    for layer in background:
        if "class" not in layer.table:
            continue
        road = is_road(layer)
        keep = road & (shapely.get_dimensions(layer.geometry) == 1)
        geometry.append(layer.geometry[keep])
        named = layer.table["name"] if "name" in layer.table else layer.table["class"].mask(road)
        names.append(named.fillna("").astype(str).to_numpy(dtype=object)[keep])
    lines = np.concatenate([np.empty(0, dtype=object), *geometry])
    return Roads(lines, np.concatenate([np.empty(0, dtype=object), *names])) if len(lines) else None
