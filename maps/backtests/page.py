"""Draws a back-test: one page for readers, and its plot by itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from geo.hotspots.target import write_by
from maps.offline import content_hash, environment, static
from maps.phrases import valid
from maps.words import words as words_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from maps.backtests.course import Course
    from maps.words import Words

    Floats = NDArray[np.float64]

WIDTH, HEIGHT = 800, 430
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 232, 18, 52
_LINE_HEIGHT = 17.0
_STYLES = (
    ("#0b5563", ""),
    ("#d55e00", "9 4"),
    ("#0072b2", "2.5 3"),
    ("#b0559a", "12 3 2.5 3"),
    ("#8a6d00", "5 2.5"),
    ("#3b7a57", "1.5 4"),
)
"""Colour and dashes of each line: told apart by either alone (after Okabe & Ito 2008)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One method in the plot: its name, its path and band, and where its label stands."""

    label: str
    colour: str
    dash: str
    path: str
    band: str
    label_y: float
    end_y: float
    bold: bool


def write_page(course: Course, path: Path, language: str) -> None:
    """Write the page: one file that asks for nothing else. The same course, the same bytes."""
    path.write_text(page_html(course, language), encoding="utf-8", newline="\n")


def write_plot(course: Course, path: Path, language: str) -> None:
    """Write the plot as SVG that stands alone."""
    words = words_of(language)
    text = environment().get_template("backtest.svg").render(**_plot(course, words), words=words)
    path.write_text(valid(text), encoding="utf-8", newline="\n")


def page_html(course: Course, language: str) -> str:
    """Make the page: the sentence, the plot, the tables, and how it was done."""
    words = words_of(language)
    style = static("backtest.css")
    plot = _plot(course, words)
    policy = (
        f"default-src 'none'; style-src {content_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    return (
        environment()
        .get_template("backtest.html")
        .render(
            words=words,
            policy=policy,
            style=Markup(style),  # noqa: S704 - a file of ours
            title=course.title,
            sentence=words.note(course.sentence),
            period=_period(course, words),
            notes=[(note.level, words.note(note)) for note in course.notes],
            best=_rows(course, words, shown(course)),
            all=_rows(course, words, course.comparison.order),
            shares=_shares(course, words),
            months=[
                (words.month(month), words.number(n), words.number(before))
                for month, n, before in _months(course)
            ],
            inputs=course.inputs,
            **plot,
        )
    )


def shown(course: Course) -> list[int]:
    """Give the best trial of each method, the best first: the plain count is always among them."""
    best: dict[str, int] = {}
    for i in course.comparison.order:
        best.setdefault(course.comparison.trials[i].method, i)
    return list(best.values())


def _months(course: Course) -> list[tuple[int, float, float]]:
    c = course.comparison
    return list(zip(c.months, c.n.tolist(), c.n_before.tolist(), strict=True))


def _period(course: Course, words: Words) -> str:
    first, last = course.comparison.months[0], course.comparison.months[-1]
    return words("backtest.period", first=words.month(first), last=words.month(last))


def _shares(course: Course, words: Words) -> list[str]:
    """Name the areas at which methods are compared, the budget last."""
    c = course.comparison
    parts = [words("backtest.share", share=words.short(100 * s)) for s in c.shares[: c.decisive]]
    return [*parts, words("backtest.km2", km2=words.short(course.budget_m2 / 1e6))]


def _rows(course: Course, words: Words, which: Sequence[int]) -> list[dict[str, Any]]:
    """Write trials as the tables show them; hit rates in per cent."""
    c = course.comparison
    rate = c.measures["hit_rate"]
    found = []
    for i in which:
        trial, k = c.trials[i], c.decisive

        def tell(name: str, decimals: int, i: int = i, k: int = k) -> str:
            value = float(c.measures[name].value[i, k])
            return words.number(value, decimals) if np.isfinite(value) else "–"

        found.append(
            {
                "name": words.ranking(write_by(trial.method, trial.settings)),
                "size": words.number(trial.cell_size),
                "rates": [words.number(100 * value, 1) for value in rate.value[i, :k]],
                "rate": words.number(100 * float(rate.value[i, k]), 1),
                "interval": words(
                    "backtest.interval",
                    low=words.number(100 * float(rate.low[i, k]), 1),
                    high=words.number(100 * float(rate.high[i, k]), 1),
                ),
                "pai": tell("pai", 1),
                "pei": tell("pei", 2),
                "rri": tell("rri", 2),
                "count": trial.method == "count",
                "winner": i == c.verdict.winner,
            }
        )
    return found


def _plot(course: Course, words: Words) -> dict[str, Any]:
    """Lay out the plot: hit rate against the share of the area, one line a method."""
    c = course.comparison
    which = shown(course)[: len(_STYLES)]
    if c.verdict.benchmark not in which:
        which[-1] = c.verdict.benchmark
    share = c.shares[c.told :]
    curves = [c.curve(i) for i in which]
    furthest = float(share[-1])
    top = max(float(np.nanmax(curve.value)) for curve in curves)
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if top / s <= 6 or s == 0.25)  # noqa: PLR2004 - about five lines
    top = float(np.ceil(top * 1.05 / step) * step)

    def x(value: Floats | float) -> Floats:
        return np.asarray(_LEFT + (WIDTH - _LEFT - _RIGHT) * np.asarray(value) / furthest)

    def y(value: Floats | float) -> Floats:
        inside = np.clip(np.nan_to_num(value), 0.0, top)
        return np.asarray(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * inside / top)

    ends = [float(y(curve.value[-1])) for curve in curves]
    lines = []
    for i, curve, end, label_y in zip(which, curves, ends, _apart(ends), strict=True):
        at = which.index(i) if c.trials[i].method != "count" else -1
        colour, dash = ("#5a5f66", "") if at < 0 else _STYLES[at]
        trial = c.trials[i]
        lines.append(
            Line(
                label=words(
                    "backtest.line",
                    name=words.ranking(trial.method),
                    size=words.number(trial.cell_size),
                ),
                colour=colour,
                dash=dash,
                path=_path(x(share), y(curve.value)),
                band=_path(
                    np.concatenate([x(share), x(share)[::-1]]),
                    np.concatenate([y(curve.low), y(curve.high)[::-1]]),
                )
                + "Z",
                label_y=label_y,
                end_y=end,
                bold=i in (c.verdict.winner, c.verdict.benchmark),
            )
        )
    budget = float(c.shares[c.decisive])
    values = np.arange(0.0, top + step / 2, step)
    shares = np.arange(0.0, furthest + 0.005, 0.02)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "top": _TOP,
        "bottom": HEIGHT - _BOTTOM,
        "rows": [(_at(y(v)), words.number(100 * v, 0)) for v in values],
        "columns": [(_at(x(v)), words.number(100 * v, 0)) for v in shares],
        "lines": lines,
        "budget_x": _at(x(budget)) if budget <= furthest else None,
        "budget_label": words("backtest.budget", km2=words.short(course.budget_m2 / 1e6)),
        "plot_title": words("backtest.plot_title"),
        "plot_text": words("backtest.plot_text", title=course.title),
    }


def _at(value: Floats) -> str:
    return f"{float(value):.1f}"


def _path(x: Floats, y: Floats) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _apart(wanted: Sequence[float]) -> list[float]:
    """Move labels that would cover each other apart, each as little as the others allow."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [wanted[i] for i in order]
    for _ in range(50):
        for a, b in pairwise(range(len(placed))):
            short = _LINE_HEIGHT - (placed[b] - placed[a])
            if short > 0:
                placed[a] -= short / 2
                placed[b] += short / 2
    found = [0.0] * len(wanted)
    for i, value in zip(order, placed, strict=True):
        found[i] = round(value, 1)
    return found


FILES = ("backtest.html", "backtest.csv", "backtest.json", "backtest.svg")
"""What a folder of results holds."""
