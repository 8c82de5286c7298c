"""Wholes cut into pieces: which whole each piece is of, and its number in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def numbered(pieces: Ints) -> tuple[Ints, Ints]:
    """List every piece of every whole, given how many each has: of which whole, and its number.

    Numbers start at 0 in each whole; the wholes come in their order, those of no piece not at all.
    """
    whose = np.repeat(np.arange(len(pieces)), pieces)
    return whose, np.arange(len(whose)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
