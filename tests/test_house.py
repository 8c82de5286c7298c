"""The house's own rules hold: lint, form, types, and the direction of imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("ruff", ["-m", "ruff", "check", "."]),
        ("ruff format", ["-m", "ruff", "format", "--check", "."]),
        ("mypy", ["-m", "mypy"]),
        ("import-linter", ["-c", "from importlinter.cli import lint_imports_command as c; c()"]),
    ],
    ids=["ruff", "format", "mypy", "import-linter"],
)
def test_no_complaint(tool: str, words: list[str]) -> None:
    """Each tool, with the rules in pyproject.toml, has nothing to say about the whole tree."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{tool} complains:\n{done.stdout}{done.stderr}"
