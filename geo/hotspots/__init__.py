"""Methods that look for hotspots: one file each, found by their ``METHOD``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from geo.hotspots.method import (
    Cluster,
    Evidence,
    Method,
    Parameter,
    Points,
    Result,
    Roads,
    Streets,
)

__all__ = [
    "Cluster",
    "Evidence",
    "Method",
    "Parameter",
    "Points",
    "Result",
    "Roads",
    "Streets",
    "methods",
]


@cache
def methods() -> dict[str, Method]:
    """Give every method by its name, in the order in which a reader meets them."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        method = getattr(importlib.import_module(f"{__name__}.{module.name}"), "METHOD", None)
        if isinstance(method, Method):
            found.append(method)
    return {method.name: method for method in sorted(found, key=lambda m: (m.order, m.name))}
