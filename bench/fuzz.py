"""Reads a hundred thousand damaged files and says what went wrong: an error unheard of, a lost row.

    python bench/fuzz.py [FILES] [SEED]

``tests/mutants.py`` makes the files and says how many are of each format. They are read in
processes of their own, one file at a time, so that a crash or a hang of a library is a finding
with a file and not the end; so is whatever is written to stderr, which users would see. Prints a
table of formats, and each finding once with the first file that shows it, kept in
``fuzz-findings/``.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("", "tests")]

from mutants import judge, mutant, seeds  # noqa: E402 - found on the line above

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PROCESSES = 2
PATIENCE_S = 60
FILES_A_PROCESS = 5000


def serve(pipe: Connection) -> None:
    """Judge the files that come, in a process of its own; what it says on stderr is a finding."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        seeds()
        pipe.send("ready")
        while True:
            which, content = pipe.recv()
            os.ftruncate(2, 0)
            os.lseek(2, 0, os.SEEK_SET)
            wrong = judge(seeds()[which], content, Path(folder))
            noise = os.pread(2, 10_000, 0).decode("utf-8", "replace").strip()
            pipe.send(wrong or (noise and f"said on stderr: {noise[:300]}"))


class Reader:
    """A process that judges files, and is replaced when it dies or hangs."""

    def __init__(self) -> None:
        self._read = FILES_A_PROCESS
        self._process: multiprocessing.process.BaseProcess | None = None

    def judge(self, which: int, content: bytes) -> str:
        """Say what is wrong with how a file was read, be it that there was no end to it."""
        if self._read >= FILES_A_PROCESS:
            self.close()
            self._start()
        self._read += 1
        self._pipe.send((which, content))
        try:
            if self._pipe.poll(PATIENCE_S):
                return str(self._pipe.recv())
            wrong = f"no answer in {PATIENCE_S} s"
        except (EOFError, ConnectionError):
            self._process.join()
            wrong = f"the process died ({self._process.exitcode})"
        self._read = FILES_A_PROCESS
        return wrong

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()
        self._read = 0

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()


class Findings:
    """What was read so far, and what was wrong with it."""

    def __init__(self) -> None:
        self.files = Counter[str]()
        self.seconds = Counter[str]()
        self.found = Counter[tuple[str, str]]()
        self._lock = Lock()

    def add(self, name: str, seconds: float, wrong: str, content: bytes) -> None:
        """Count a file; keep the first that shows a finding."""
        wrong = re.sub(r"\d+", "#", wrong)  # what differs in numbers alone is the same
        with self._lock:
            self.files[name] += 1
            self.seconds[name] += seconds
            if not self.files.total() % 5000:
                print(f"{self.files.total():,} files, {len(self.found)} findings", file=sys.stderr)
            if not wrong:
                return
            if (name, wrong) not in self.found:
                keep = Path("fuzz-findings")
                keep.mkdir(exist_ok=True)
                (keep / f"{len(self.found):03d}-{name}").write_bytes(content)
                print(f"{len(self.found):03d}-{name}: {wrong}", file=sys.stderr, flush=True)
            self.found[name, wrong] += 1


def work(waiting: SimpleQueue[tuple[int, int]], findings: Findings) -> None:
    """Have files judged until none are left."""
    reader = Reader()
    while True:
        try:
            which, number = waiting.get_nowait()
        except Empty:
            reader.close()
            return
        seed = seeds()[which]
        content = mutant(seed, random.Random(f"{seed.name} {number}"))  # noqa: S311 - no secret
        began = time.perf_counter()
        wrong = reader.judge(which, content)
        findings.add(seed.name, time.perf_counter() - began, wrong, content)


def main() -> None:
    """Share the files out, and say what was found."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004 - as the docstring says
    shares = sum(seed.share for seed in seeds())
    each = [-(-total * seed.share // shares) for seed in seeds()]
    waiting: SimpleQueue[tuple[int, int]] = SimpleQueue()
    for number in range(max(each)):
        for which, files in enumerate(each):
            if number < files:
                waiting.put((which, first + number))
    findings = Findings()
    threads = [Thread(target=work, args=(waiting, findings)) for _ in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, n in sorted(findings.files.items()):
        bad = sum(times for (of, _), times in findings.found.items() if of == name)
        print(
            f"{name:<22}{n:>8} files{1000 * findings.seconds[name] / n:>8.1f} ms each{bad:>6} bad"
        )
    for (name, wrong), n in sorted(findings.found.items()):
        print(f"{n:>6} x {name}: {wrong}")
    print(f"{findings.files.total():,} files, {len(findings.found)} findings")
    sys.exit(bool(findings.found))


if __name__ == "__main__":
    main()
