"""Runs a program and measures it from outside: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
LAGESBILD = (sys.executable, "-c", "from cli import run; run()")
"""The command as an installed ``lagesbild`` would start it, but from this checkout."""


@dataclass(frozen=True)
class Cost:
    """What one run of a program took: seconds of wall and processor, MiB at its highest."""

    wall: float
    cpu: float
    peak: float


def run(words: Sequence[str | Path], folder: Path) -> tuple[Cost, str]:
    """Run a program in a folder until it ends; give its cost and what it wrote to stdout.

    The cost is what the system counted for the whole process and the children it waited for
    (POSIX only). A child's peak is never counted below its parent's size, so the caller must stay
    small: the standard library only. Stops everything when the program fails. Bytecode is kept
    from run to run, as it is of programs that are installed.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    output = folder / "stdout.txt"
    with output.open("wb") as out, (folder / "stderr.txt").open("wb") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=folder, stdout=out, stderr=err, env={**kept, "PYTHONPATH": str(ROOT)}
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit((folder / "stderr.txt").read_text(encoding="utf-8"))
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kilobytes elsewhere
    cost = Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 2**20)
    return cost, output.read_text(encoding="utf-8")
