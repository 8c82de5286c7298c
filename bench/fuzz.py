"""Reads a hundred thousand damaged files and says what went wrong: an error unheard of, a lost row.

    python bench/fuzz.py [FILES] [SEED]

Every format takes its share (``tests/mutants.py`` makes the files). They are read in processes of
their own, so that a crash of a library is a finding and not the end. Prints a table a format, and
each finding once with the first file that shows it, kept in ``fuzz-findings/``.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("", "tests")]

from mutants import judge, mutant, seeds

CHUNK = 250
PATIENCE_S = 300


def read_some(task: tuple[int, int, int]) -> tuple[int, float, list[tuple[str, bytes]]]:
    """Read the mutants of one chunk; give the seed's number, the time it took, and findings."""
    which, first, count = task
    seed = seeds()[which]
    findings = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        marker = Path(tempfile.gettempdir()) / f"fuzz-{which}-{first}"
        for number in range(first, first + count):
            content = mutant(seed, random.Random(f"{seed.name} {number}"))
            marker.write_bytes(content)  # what is left of it tells what a crash was reading
            wrong = judge(seed, content, Path(folder))
            if wrong:
                findings.append((wrong, content))
        marker.unlink()
    return which, time.perf_counter() - began, findings


def main() -> None:
    """Share the files out, gather what was found."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    start = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    each = -(-total // len(seeds()))
    tasks = [
        (which, start + first, min(CHUNK, each - first))
        for first in range(0, each, CHUNK)
        for which in range(len(seeds()))
    ]
    found: dict[tuple[str, str], tuple[int, bytes]] = {}
    counts, seconds, crashes = Counter[int](), defaultdict[int, float](float), []
    context = multiprocessing.get_context("fork")
    with context.Pool(maxtasksperchild=20) as pool:
        waiting = [(task, pool.apply_async(read_some, (task,))) for task in tasks]
        for task, result in waiting:
            try:
                which, took, findings = result.get(PATIENCE_S)
            except multiprocessing.TimeoutError:  # the process died, or hangs
                crashes.append(task)
                continue
            counts[which] += task[2]
            seconds[which] += took
            for wrong, content in findings:
                key = (seeds()[which].name, wrong)
                found[key] = (found.get(key, (0, content))[0] + 1, found.get(key, (0, content))[1])
    for which, seed in enumerate(seeds()):
        of_seed = sum(n for (name, _), (n, _) in found.items() if name == seed.name)
        speed = 1000 * seconds[which] / max(counts[which], 1)
        print(f"{seed.name:<22}{counts[which]:>8} files{speed:>8.1f} ms each{of_seed:>6} findings")
    keep = Path("fuzz-findings")
    for number, ((name, wrong), (n, content)) in enumerate(sorted(found.items())):
        keep.mkdir(exist_ok=True)
        (keep / f"{number:03d}-{name}").write_bytes(content)
        print(f"{n:>6} x {name}: {wrong}")
    for which, first, count in crashes:
        print(f"crashed or hung: {seeds()[which].name}, files {first} to {first + count - 1}")
    print(f"{sum(counts.values()):,} files, {len(found)} findings, {len(crashes)} crashes")
    sys.exit(bool(found or crashes))


if __name__ == "__main__":
    main()
