"""Names how a place has been hot or cold over time: new, lasting, on and off, or no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Marks = NDArray[np.bool_]

KINDS = (
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "sporadic",
    "oscillating",
    "historical",
)
CLASSES = ("none", *(f"{kind}_{side}" for side in ("hot", "cold") for kind in KINDS))
"""The 17 classes; ``classify`` gives positions in this."""

SUMMARY = {
    "new_hot": "new",
    "consecutive_hot": "new",
    "intensifying_hot": "persistent",
    "persistent_hot": "persistent",
    "diminishing_hot": "persistent",
    "sporadic_hot": "recurring",
    "oscillating_hot": "recurring",
    "historical_hot": "former",
}
"""What planners are told of a hot class; of the others nothing."""

_MOST = 9, 10
"""Hot nearly always: in at least nine tenths of the steps."""


def classify(hot: Marks, cold: Marks, trend: Ints) -> Ints:
    """Give the class of each place, as a position in ``CLASSES``.

    ``hot`` and ``cold`` have a row a step, at least one, the latest last, and a column a place; no
    step is both. ``trend`` is 1, -1 or 0 for a certain rise, a certain fall, or neither. A place
    is of a hot class where its last step is hot, of a cold one where that is cold; of the first of
    these rules that fits (here for hot; cold mirrors them):

    1. ``intensifying``, ``diminishing``, ``persistent``: hot in at least nine tenths of the steps,
       the last among them, with a certain rise, a certain fall, or neither.
    2. ``historical``: hot in at least nine tenths of the steps, and the last neither hot nor cold.
    3. ``new``: hot in the last step and never before.
    4. ``consecutive``: hot in two steps or more up to the last, without a break, never before.
    5. ``oscillating``: hot in the last step, with breaks or earlier, and cold in some step.
    6. ``sporadic``: hot in the last step, with breaks, and never cold.
    7. ``none``: otherwise; so is a place that was hot in many steps, below nine tenths, and is no
       longer.

    The rules are those of Esri's Emerging Hot Spot Analysis (ArcGIS Pro; in older versions
    ``sporadic`` and ``oscillating`` need not be hot at last), made to exclude each other: its words
    leave open what a place is that fits two. With few steps a single one decides: below ten the
    classes mean little.
    """
    as_hot, as_cold = _kinds(hot, cold, trend), _kinds(cold, hot, -trend)
    return np.where(as_hot > 0, as_hot, np.where(as_cold > 0, as_cold + len(KINDS), 0))


def _kinds(hot: Marks, cold: Marks, trend: Ints) -> Ints:
    """Give 1 + the position in ``KINDS`` where a place is of a hot class, else 0."""
    steps = len(hot)
    count = hot.sum(axis=0)
    now = hot[-1]
    mostly = count * _MOST[1] >= steps * _MOST[0]
    unbroken = np.where(count == steps, steps, np.argmin(hot[::-1], axis=0)) == count
    rules = (
        ("intensifying", mostly & now & (trend > 0)),
        ("diminishing", mostly & now & (trend < 0)),
        ("persistent", mostly & now),
        ("historical", mostly & ~cold[-1]),
        ("new", now & (count == 1)),
        ("consecutive", now & unbroken),
        ("oscillating", now & cold.any(axis=0)),
        ("sporadic", now),
    )
    found = np.select(
        [fits for _, fits in rules], [KINDS.index(kind) + 1 for kind, _ in rules], default=0
    )
    return np.asarray(found, dtype=np.int64)
