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

_NOTHING = 1e-100
"""What is smaller has no parts that a number could tell."""

CLASSES = {
    "lisa": ("lisa_class", ("HH", "HL", "LH", "LL")),
    "change": ("change_class", ("up", "down")),
    "joint": ("joint_class", ("both", "one", "other")),
    "emerging": ("emerging_summary", ("new", "persistent", "recurring", "former")),
}
"""Surfaces of named classes: the column and its classes, in the order of the legend."""

SURFACE_NAMES = ("bin", "n", "kde", "risk", *CLASSES, "forecast")


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
        "kde": _density(_real(view, "kde")[here], words, streams)
        if "kde" in view.columns
        else None,
        "risk": _risk(np.asarray(view.columns["risk"])[here], words, streams)
        if "risk" in view.columns
        else None,
        **{name: _named_classes(name, view, here, words, streams) for name in CLASSES},
        "forecast": _forecast(view, here, words, streams) if "forecast" in view.columns else None,
    }


def holds(view: View) -> NDArray[np.bool_]:
    """Mark the cells that have something to draw: events, confidence, or density."""
    holds: NDArray[np.bool_] = (np.asarray(view.columns["n"]) > 0) | (significance(view) != 0)
    if "kde" in view.columns:
        holds |= _real(view, "kde") >= min(limits_between(_real(view, "kde")), default=np.inf)
    if "risk" in view.columns:
        holds |= np.nan_to_num(view.columns["risk"]) >= RISKS[0]
    if "forecast" in view.columns:
        expected = _real(view, "forecast")
        holds |= expected >= min(limits_between(expected), default=np.inf)
    for column, classes in CLASSES.values():
        if column in view.columns:
            holds |= np.isin(view.columns[column], classes)
    return holds


def significance(view: View) -> NDArray[np.int64]:
    """Classes -3 to 3 of confidence; methods without classes mark what is hot as 2."""
    if "gi_bin" in view.columns:
        return np.asarray(view.columns["gi_bin"]).astype(np.int64)
    return view.hot.astype(np.int64) * 2


def _real(view: View, column: str) -> NDArray[np.float64]:
    """Give a column of real numbers; what is not known is nothing to draw."""
    return np.nan_to_num(np.asarray(view.columns[column], dtype=np.float64))


def limits_between(values: NDArray[Any]) -> list[float]:
    """Choose limits between classes: each about twice the one before, and round."""
    top = float(values.max(initial=0))
    if top < _NOTHING:
        return []
    wanted = {_round(top * 0.45**step) for step in range(1, SURFACES)}
    return sorted(limit for limit in wanted if limit < top)


def _count(n: NDArray[Any], words: Words, streams: Streams) -> dict[str, Any] | None:
    """Sort counts into classes; those without events get none (-1)."""
    if not n.any():
        return None
    edges = [1, *(int(limit) for limit in limits_between(n) if limit >= 2), int(n.max()) + 1]  # noqa: PLR2004 - the class of 1 is there
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
    limits = limits_between(density)
    if not limits:
        return None
    return {
        "class": streams.add(np.searchsorted(limits, density, side="right") - 1),
        "labels": ranges(limits, words),
    }


def ranges(limits: list[float], words: Words) -> list[str]:
    """Write the classes between limits, the last one open."""
    texts = [_significant(limit, words) for limit in limits]
    return [*(f"{a}–{b}" for a, b in pairwise(texts)), f"≥ {texts[-1]}"]


def _forecast(
    view: View, here: NDArray[np.bool_], words: Words, streams: Streams
) -> dict[str, Any] | None:
    """Sort what is expected into classes; with it, in tenths, its number and its interval."""
    found = _density(_real(view, "forecast")[here], words, streams)
    if found is None:
        return None
    return found | {
        name: streams.add(np.rint(_real(view, column)[here] * 10))
        for name, column in (
            ("expected", "forecast"),
            ("low", "forecast_low"),
            ("high", "forecast_high"),
        )
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
        **(_courses(view, here, words, streams) if name == "emerging" else {}),
    }


def _courses(view: View, here: NDArray[np.bool_], words: Words, streams: Streams) -> dict[str, Any]:
    """Tell in a few words what the classes of courses mean, and each cell's own rule."""
    _, classes = CLASSES["emerging"]
    kinds, kind = np.unique(course_rules(view, here), return_inverse=True)
    return {
        "means": [words(f"page.means.{key}") for key in classes],
        "kind": streams.add(kind),
        "kinds": [rule_of(key, words) for key in kinds.tolist()],
    }


def course_rules(view: View, at: NDArray[Any] | slice = slice(None)) -> NDArray[np.str_]:
    """Give each cell's rule: its class's, its summary's where that says more, empty without any.

    ``at`` are the cells that are asked for, all where none is named.
    """
    kind = np.asarray(view.columns["emerging_class"])[at].astype(str)
    summary = np.asarray(view.columns["emerging_summary"])[at].astype(str)
    by_class = np.char.add("rule_", kind)
    by_summary = np.where(summary != "", np.char.add("summary_rule_", summary), by_class)
    found = np.where(np.char.endswith(kind, "_hot"), by_class, by_summary)
    return np.where(np.isin(found, ("rule_", "rule_none")), "", found)


def rule_of(key: str, words: Words) -> str:
    """Say the rule by which a course is named, its name first; empty where there is no course."""
    return words(f"classes.emerging_{key}") if key else ""


def _significant(value: float, words: Words) -> str:
    """Write a limit with the decimals that it needs."""
    return words.number(value, max(0, -int(np.floor(np.log10(value)))))


def _round(value: float) -> float:
    """Round to one of 1, 2, 3, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((1, 2, 3, 5, 10), key=lambda step: abs(step * power - value)) * power)
