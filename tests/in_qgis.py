"""Runs a script of the tests in a headless QGIS."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any


def told_by(script: str, python: str, *asked: object, runtime: Path) -> dict[str, Any]:
    """Give what a script beside this file prints; QGIS keeps its own things in ``runtime``."""
    done = subprocess.run(
        [python, Path(__file__).with_name(script), *map(str, asked)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(runtime)},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
