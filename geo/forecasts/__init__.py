"""Models of how many events the coming month brings to each cell: one file each, by ``MODEL``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from geo.forecasts.model import History, Model, Target

__all__ = ["History", "Model", "Target", "models"]


@cache
def models() -> dict[str, Model]:
    """Give every model by its name, in the order in which a reader meets them."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        model = getattr(importlib.import_module(f"{__name__}.{module.name}"), "MODEL", None)
        if isinstance(model, Model):
            found.append(model)
    return {model.name: model for model in sorted(found, key=lambda m: (m.order, m.name))}
