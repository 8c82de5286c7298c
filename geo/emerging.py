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

SUMMARIES = ("", "new", "persistent", "recurring", "former")
"""What planners are told; ``summarize`` gives positions in this."""

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
    mostly = _mostly(hot)
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


def summarize(hot: Marks, *, burst: int, long_break: int) -> Ints:
    """Tell the course of each place in a word for planners, as a position in ``SUMMARIES``.

    ``hot`` is as for ``classify``; cold steps and trends do not matter. One busy step is seen in
    ``burst`` steps (where steps look back, in those after it as well), and ``long_break`` steps
    that are not hot part two seasons. The first of these rules that fits:

    1. ``persistent``: hot in at least nine tenths of the steps, the last among them.
    2. ``former``: hot in at least nine tenths of the steps, but not in the last.
    3. ``new``: hot in the last step, without a break, and never before.
    4. ``recurring``: it has come back after a break; if not hot in the last step, after a long one
       or one no shorter than the present quiet.
    5. ``former``: hot in more steps than one busy one is seen in, and no longer.
    6. Nothing: never hot, or too little to tell.

    A place of a hot class has the summary that goes with it: intensifying, diminishing and
    persistent are ``persistent``, new and consecutive ``new``, sporadic and oscillating
    ``recurring``, historical ``former``. The class says nothing of most places whose last step is
    not hot; this does. A bathing site that was hot two summers is ``recurring`` in December too. A
    lull in the midst of a single summer makes no return once the place has been quiet for longer;
    what was hot on and off until a month ago is ``recurring``, not yet ``former``.

    How it misleads: a place of one summer is ``former`` until the next, and whoever knows bathing
    sites knows better. What happened twice need not happen again. A place that was hot all the time
    and is quiet in the last step only is ``former`` already.
    """
    count = hot.sum(axis=0)
    now = hot[-1]
    mostly = _mostly(hot)
    quiet = np.zeros(hot.shape[1], dtype=np.int64)
    longest = np.zeros(hot.shape[1], dtype=np.int64)
    before = np.zeros(hot.shape[1], dtype=bool)
    for step in hot:
        back = step & before
        longest[back] = np.maximum(longest[back], quiet[back])
        before |= step
        quiet = np.where(step, 0, quiet + 1)
    rules = (
        ("persistent", mostly & now),
        ("former", mostly),
        ("new", now & (longest == 0)),
        ("recurring", (longest > 0) & (longest >= np.minimum(quiet, long_break))),
        ("former", count > burst),
    )
    return np.select(
        [fits for _, fits in rules], [SUMMARIES.index(key) for key, _ in rules], default=0
    )


def _mostly(hot: Marks) -> Marks:
    """Mark what is hot in nine tenths of the steps or more."""
    found: Marks = hot.sum(axis=0) * _MOST[1] >= len(hot) * _MOST[0]
    return found
