"""Writes the manifest: from what, with which settings and versions a result was made."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import shapely

from geo.months import month_text
from maps.time_tables import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from layers.layer import Report
    from maps.situation import Situation, View

_PACKAGES = (
    "fiona",
    "folium",
    "geopandas",
    "holidays",
    "numpy",
    "pandas",
    "pyarrow",
    "pyogrio",
    "pyproj",
    "scipy",
    "shapely",
)
"""Whose versions can change a result; all that were installed stand in the pins."""

_NUMBERS = re.compile(r"\[(?:\n\s+(?:[-+.\deE]+|true|false|null),?)+\n\s+\]")
"""A list of plain values, one a line; no text holds a line break as such in JSON."""


def write_manifest(situation: Situation, path: Path) -> None:
    """Write ``manifest.json``, the last of a folder: with the SHA-256 of every file beside it.

    By ``outputs`` it is seen later whether a delivered file has been edited (``maps.publish``).
    """
    beside = (one for one in path.parent.iterdir() if one.is_file())
    outputs = {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest()
        for one in beside
        if one != path and not one.name.startswith(".")
    }
    path.write_bytes(manifest_text(situation, outputs).encode())


def manifest_text(situation: Situation, outputs: Mapping[str, str] | None = None) -> str:
    """Give the manifest: inputs with checksums and counts, settings as used, versions.

    ``findings`` are the numbers about whole maps, by family and method (the 80-20 curve, Gini, the
    area's own change). Each hour, weekday and month stands in the table ``rhythm`` alone.

    UTF-8 JSON with sorted keys. Holds no time of writing, no absolute path, no user or host name
    and no password, so the same inputs, settings and versions give the same bytes anywhere.
    """
    dated = situation.month > 0
    manifest = {
        "crs": f"EPSG:{situation.crs}",
        "findings": {view.family: _findings(view) for view in situation.views if view.facts},
        "inputs": [_input(report) for report in situation.reports],
        "month": month_text(situation.month) if dated else None,
        "months": [month_text(month) for month in situation.months] if dated else None,
        "municipality": situation.municipality,
        **({} if outputs is None else {"outputs": outputs}),
        "seed": situation.settings.get("seed"),
        "settings": situation.settings,
        "title": situation.title,
        "versions": _versions(),
    }
    text = json.dumps(
        _plain(manifest), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False
    )
    text = _NUMBERS.sub(lambda found: re.sub(r"\n\s*", " ", found[0]), text)
    # Half a surrogate pair, from a badly decoded file, has no UTF-8.
    return text.encode("utf-8", "replace").decode() + "\n"


def _findings(view: View) -> dict[str, Any]:
    """Give the facts of a map but for the long lists that are a table of their own."""
    return {
        method: {name: fact for name, fact in facts.items() if name not in PROFILES}
        for method, facts in view.facts.items()
    }


def portable(path: str) -> str:
    """Name a file without saying whose machine it lies on: an absolute path by its last part."""
    for pure in (PurePosixPath(path), PureWindowsPath(path)):
        if pure.is_absolute():
            return pure.name
    return path


def _input(report: Report) -> dict[str, Any]:
    areas = {}
    if report.areas is not None:
        name, sha256 = report.areas
        areas = {"areas": {"path": portable(name), "sha256": sha256}}
    return areas | {
        "accepted": report.accepted,
        "area_level": report.area_level,
        "kind": report.kind,
        "left_out": report.left_out,
        "name": report.name,
        "path": portable(report.path),
        "read": report.read,
        "sha256": report.sha256,
    }


def _versions() -> dict[str, str]:
    versions = {name: version(name) for name in _PACKAGES}
    try:
        versions["lagesbild"] = version("lagesbild")
    except PackageNotFoundError:
        versions["lagesbild"] = "not installed"
    versions["python"] = platform.python_version()
    versions["gdal"] = pyogrio.__gdal_version_string__
    versions["geos"] = shapely.geos_version_string
    versions["proj"] = pyproj.proj_version_str
    return versions


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - settings hold anything; one return a type
    """Turn a setting into what JSON knows; what has no such form is a ``TypeError``."""
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | PurePath):
        return re.sub(r"(?<=://)[^/@\s]+@", "", portable(str(value)))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(one) for one in value), key=str)
    if hasattr(value, "items"):
        return {str(key): _plain(one) for key, one in value.items()}
    raise TypeError(f"expected a setting that JSON knows, found {type(value).__name__}")
