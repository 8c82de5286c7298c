"""Writes a back-test as tables: for the terminal, for a spreadsheet, and for programs."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

from geo.hotspots.target import write_by
from geo.months import month_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maps.backtests.course import Course

MEASURES = ("hit_rate", "pai", "pei", "rri")
_CSV = (
    "method",
    "settings",
    "cell_size",
    "share",
    "area_km2",
    "at_budget",
    "months",
    "events",
    "hits",
    *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")),
)


def rows(course: Course) -> Iterator[dict[str, Any]]:
    """Give one row for each trial and area, the best trial at the budget first.

    ``hit_rate`` is a part of 1; ``_low`` and ``_high`` are the ends of the 95 % interval.
    """
    c = course.comparison
    for i in c.order:
        trial = c.trials[i]
        for k in range(c.told):
            row: dict[str, Any] = {
                "method": trial.method,
                "settings": " ".join(write_by(trial.method, trial.settings).split()[1:]),
                "cell_size": trial.cell_size,
                "share": float(c.shares[k]),
                "area_km2": float(c.shares[k]) * c.area_m2 / 1e6,
                "at_budget": int(k == c.decisive),
                "months": len(c.months),
                "events": int(c.n.sum()),
                "hits": float(trial.hits[:, k].sum()),
            }
            for name in MEASURES:
                found = c.measures[name]
                row[name] = float(found.value[i, k])
                row[f"{name}_low"] = float(found.low[i, k])
                row[f"{name}_high"] = float(found.high[i, k])
            yield row


def write_csv(course: Course, path: Path) -> None:
    """Write every trial at every area as CSV: commas, points, empty where there is no value."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _CSV, lineterminator="\n")
        writer.writeheader()
        for row in rows(course):
            writer.writerow({key: _short(value) for key, value in row.items()})


def write_json(course: Course, path: Path) -> None:
    """Write settings, inputs with checksums, the verdict and all results."""
    c, asked = course.comparison, course.wanted
    verdict = c.verdict
    names = {
        key: None if at is None else _name(course, at)
        for key, at in (
            ("benchmark", verdict.benchmark),
            ("leader", verdict.leader),
            ("winner", verdict.winner),
        )
    }
    told = {
        "title": course.title,
        "inputs": [{"path": name, "sha256": digest} for name, digest in course.inputs],
        "settings": {
            "crs": course.crs,
            "grid": asked.grid,
            "cell_sizes": sorted({trial.cell_size for trial in c.trials}),
            "window_months": asked.window_months,
            "family": asked.family,
            "budget_m2": course.budget_m2,
            "area_m2": c.area_m2,
            "seed": asked.seed,
        },
        "months": [
            {"month": month_text(month), "events": int(n), "events_before": int(before)}
            for month, n, before in zip(c.months, c.n, c.n_before, strict=True)
        ],
        "verdict": {
            **names,
            "gain": verdict.gain,
            "gain_low": verdict.low,
            "gain_high": verdict.high,
            "p": verdict.p,
            "enough_months": verdict.enough,
        },
        "results": list(rows(course)),
    }
    text = json.dumps(_plain(told), ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", "utf-8", newline="\n")


def text_table(course: Course) -> str:
    """Lay out the hit rates as aligned text, in per cent, the best trial at the budget first."""
    c = course.comparison
    rate, other = c.measures["hit_rate"], c.measures
    heads = [f"{100 * share:g}%" for share in c.shares[: c.decisive]]
    budget = f"{course.budget_m2 / 1e6:.3g} km2"
    lines = [["method", "cell m", *heads, budget, "95 %", "PAI", "PEI*", "RRI"]]
    for i in c.order:
        k = c.decisive
        lines.append(
            [
                write_by(c.trials[i].method, c.trials[i].settings),
                f"{c.trials[i].cell_size:g}",
                *(f"{100 * value:.1f}" for value in rate.value[i, : c.decisive]),
                f"{100 * rate.value[i, k]:.1f}",
                f"{100 * rate.low[i, k]:.1f}-{100 * rate.high[i, k]:.1f}",
                f"{other['pai'].value[i, k]:.1f}",
                f"{other['pei'].value[i, k]:.2f}",
                f"{other['rri'].value[i, k]:.2f}",
            ]
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _name(course: Course, at: int) -> dict[str, Any]:
    trial = course.comparison.trials[at]
    return {"by": write_by(trial.method, trial.settings), "cell_size": trial.cell_size}


def _short(value: object) -> object:
    """Write a number to six digits; one that is none, as nothing."""
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Round numbers to ten digits, which every machine gives alike; null where there is none."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value
