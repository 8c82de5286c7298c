"""Sorts the values of a map's cells into the classes that the page draws."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.packing import Streams
    from maps.situation import View
    from maps.words import Words

SURFACES = 6
"""Classes of the count and of the density."""

RISKS = (1.5, 2.0, 3.0, 5.0, 10.0)
"""Limits between the classes of relative risk; up to half above the average is usual."""

CLASSES = {
    "lisa": ("lisa_class", ("HH", "HL", "LH", "LL")),
    "change": ("change_class", ("up", "down")),
    "joint": ("joint_class", ("both", "one", "other")),
}
"""Surfaces of named classes: the column and its classes, in the order of the legend."""

SURFACE_NAMES = ("bin", "n", "kde", "risk", *CLASSES)


def surfaces(
    view: View, here: NDArray[np.bool_], words: Words, streams: Streams, *, counts: bool
) -> dict[str, Any]:
    """Describe every surface of a map over the cells that are drawn; None for what it lacks.

    ``counts`` is False where the page counts the events itself.
    """
    n, bins = np.asarray(view.columns["n"]), significance(view)
    return {
        "bin": streams.add(bins[here]) if bins.any() else None,
        "n": _count(n[here], words, streams) if counts else None,
        "kde": _density(_kde(view)[here], words, streams) if "kde" in view.columns else None,
        "risk": _risk(np.asarray(view.columns["risk"])[here], words, streams)
        if "risk" in view.columns
        else None,
        **{name: _named_classes(name, view, here, words, streams) for name in CLASSES},
    }


def holds(view: View) -> NDArray[np.bool_]:
    """Mark the cells that have something to draw: events, confidence, or density."""
    holds: NDArray[np.bool_] = (np.asarray(view.columns["n"]) > 0) | (significance(view) != 0)
    if "kde" in view.columns:
        holds |= _kde(view) >= min(_limits(_kde(view)), default=np.inf)
    if "risk" in view.columns:
        holds |= np.nan_to_num(view.columns["risk"]) >= RISKS[0]
    for column, classes in CLASSES.values():
        if column in view.columns:
            holds |= np.isin(view.columns[column], classes)
    return holds


def significance(view: View) -> NDArray[np.int64]:
    """Classes -3 to 3 of confidence; methods without classes mark what is hot as 2."""
    if "gi_bin" in view.columns:
        return np.asarray(view.columns["gi_bin"]).astype(np.int64)
    return view.hot.astype(np.int64) * 2


def _kde(view: View) -> NDArray[np.float64]:
    return np.asarray(view.columns["kde"], dtype=np.float64)


def _limits(values: NDArray[Any]) -> list[float]:
    """Choose limits between classes: each about twice the one before, and round."""
    top = float(values.max(initial=0))
    if top <= 0:
        return []
    wanted = {_round(top * 0.45**step) for step in range(1, SURFACES)}
    return sorted(limit for limit in wanted if limit < top)


def _count(n: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort counts into classes; those without events get none (-1)."""
    if not n.any():
        return None
    edges = [1, *(int(limit) for limit in _limits(n) if limit >= 2), int(n.max()) + 1]  # noqa: PLR2004 - the class of 1 is there
    return {
        "value": streams.add(n),
        "class": streams.add(np.searchsorted(edges, n, side="right") - 1),
        "labels": [
            words.number(low)
            if high - low == 1
            else f"{words.number(low)}–{words.number(high - 1)}"
            for low, high in pairwise(edges)
        ],
    }


def _density(density: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort densities into classes; what is below the lowest limit gets none (-1)."""
    limits = _limits(density)
    if not limits:
        return None
    texts = [_significant(limit, words) for limit in limits]
    return {
        "class": streams.add(np.searchsorted(limits, density, side="right") - 1),
        "labels": [*(f"{a}–{b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}"],
    }


def _risk(risk: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort relative risks into classes of equal steps in all maps; what is usual gets none (-1)."""
    found = np.nan_to_num(risk)
    if not (found >= RISKS[0]).any():
        return None
    texts = [words.number(limit) for limit in RISKS]
    return {
        "class": streams.add(np.searchsorted(RISKS, found, side="right") - 1),
        "labels": [*(f"{a}–{b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}"],
    }


def _named_classes(
    name: str, view: View, here: NDArray[np.bool_], words: Words, streams: Streams
) -> dict[str, Any] | None:
    """Number a surface's named classes; cells of no class get none (-1)."""
    column, classes = CLASSES[name]
    if column not in view.columns:
        return None
    found = np.asarray(view.columns[column])[here]
    codes = np.full(len(found), -1, dtype=np.int64)
    for code, key in enumerate(classes):
        codes[found == key] = code
    if (codes < 0).all():
        return None
    return {
        "class": streams.add(codes),
        "labels": [words(f"classes.{column}_{key}") for key in classes],
        "inks": [f"{name}-{key.lower()}" for key in classes],
    }


def _significant(value: float, words: Words) -> str:
    """Write a limit with the decimals that it needs."""
    return words.number(value, max(0, -int(np.floor(np.log10(value)))))


def _round(value: float) -> float:
    """Round to one of 1, 2, 3, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((1, 2, 3, 5, 10), key=lambda step: abs(step * power - value)) * power)
