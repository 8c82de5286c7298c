"""Takes a first look into the files of a folder: a few rows, their columns, shapes, positions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import shapely

from layers.columns import Position, find_position, plain
from layers.formats import formats
from layers.project_schema import SCHEMA_FILE
from layers.reading import format_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from layers.layer import RawTable
    from layers.sources import Shape

    Geometries = NDArray[np.object_]

_LOOKED_AT = 2000
_DIMENSIONS: dict[int, Shape] = {0: "point", 1: "line", 2: "polygon"}


@dataclass(frozen=True, eq=False)
class Look:
    """What a first look into a table or a layer of a file found; ``layer`` where it has several.

    ``data`` are its first rows, ``whole`` says that there are no more. ``shape`` is None where
    rows have no position.
    """

    path: Path
    layer: str | None
    data: pd.DataFrame
    whole: bool
    geometry: Geometries | None
    position: Position
    shape: Shape | None
    table: RawTable


def files_of(folder: Path, ours: Collection[str] = ()) -> list[Path]:
    """Give the files of a folder that may be sources, by name; none hidden, none temporary.

    ``ours`` are names of files that this program writes: results are no sources.
    """
    endings = tuple(ending.casefold() for one in formats().values() for ending in one.endings)
    return sorted(
        (
            path
            for path in folder.iterdir()
            if path.name.casefold().endswith(endings)
            and not path.name.startswith((".", "~$"))
            and path.name not in (SCHEMA_FILE, *ours)
            and (path.is_file() or path.suffix.casefold() == ".gdb")
        ),
        key=lambda path: path.name.casefold(),
    )


def look_into(path: Path, layer: str | None = None, sheet: str | None = None) -> Iterator[Look]:
    """Look at the first rows of every layer of a file, or of one.

    Raises ``SourceError`` where the file cannot be read.
    """
    form = format_of(path)
    names: Sequence[str | None] = [layer]
    if layer is None and form.layers is not None:
        with_shapes = [name for name, has_shapes in form.layers(path).items() if has_shapes]
        names = with_shapes if len(with_shapes) > 1 else [None]
    for name in names:
        batches = list(islice(form.read(path, sheet=sheet, layer=name), 2))
        first = batches[0]
        columns = [str(one) for one in first.data.columns]
        shaped = first.geometry is not None and not shapely.is_missing(first.geometry).all()
        position = Position("none") if shaped else find_position(columns, {})[0]
        yield Look(
            path,
            name,
            first.data.head(_LOOKED_AT),
            len(batches) == 1 and len(first.data) <= _LOOKED_AT,
            first.geometry[:_LOOKED_AT] if shaped and first.geometry is not None else None,
            position,
            _shape(first.geometry) if shaped else None if position.scheme == "none" else "point",
            first,
        )


def _shape(geometry: Geometries | None) -> Shape | None:
    """Give the commonest shape of some geometries."""
    found = np.asarray(shapely.get_dimensions(geometry))
    found = found[found >= 0]
    counts = [int((found == dimension).sum()) for dimension in _DIMENSIONS]
    return _DIMENSIONS[int(np.argmax(counts))] if len(found) else None


def word_in_name(look: Look, words: Sequence[str]) -> str:
    """Find the first of some words with which a part of the file's or the layer's name begins."""
    parts = [plain(part) for part in re.split(r"[\W_\d]+", f"{look.path.stem} {look.layer or ''}")]
    return next((word for word in words if any(p.startswith(plain(word)) for p in parts)), "")


def titled(look: Look) -> str:
    """Name a file, and its layer where it has several."""
    return look.path.name + (f" (layer {look.layer})" if look.layer else "")
