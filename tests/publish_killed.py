"""Delivers results in processes that are killed, at every step; prints what was left each time.

``publish_killed.py FOLDER WISH`` with a wish in JSON: ``way`` ("exchange", "two renames" or
"file"), ``old``, ``new``, ``notes`` (texts by name) and ``ours``. Prints a list with an entry a
step: what lay in the target at once (``now``), what lay beside and in it after recovery
(``after``), and the same when recovery too was killed, at each of its steps (``twice``).
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from maps import publish as module

TOUCHES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"}

root, wish = Path(sys.argv[1]), json.loads(sys.argv[2])
target = root / "ut" / ("ut.gpkg" if wish["way"] == "file" else "2021-12")


def write(folder: Path, files: dict[str, str]) -> None:
    """Write texts, making folders on the way."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def contents(folder: Path) -> dict[str, str]:
    """Read everything below a folder; an empty folder counts as a name that ends with a slash."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file():
            found[name] = path.read_text()
        elif not any(path.iterdir()):
            found[f"{name}/"] = ""
    return found


def deliver() -> None:
    """Do what is to be killed."""
    if wish["way"] == "file":
        module.replace_file(target, lambda new: write(new.parent, {new.name: "new"}))
    else:
        module.publish(target, lambda folder: write(folder, wish["new"]), ours=wish["ours"])


def mend() -> None:
    """Do what the next run does first."""
    if wish["way"] == "file":
        module.replace_file(target, lambda new: write(new.parent, {new.name: "newer"}))
    else:
        module.recover(target, ours=wish["ours"])


def killed(work: Callable[[], None], step: int) -> bool:
    """Do it in a process that is killed before its step-th touch of the file system."""
    child = os.fork()
    if not child:
        seen = 0

        def touch(event: str, _: tuple[object, ...]) -> None:
            nonlocal seen
            if event in TOUCHES:
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(touch)
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status and not os.WIFSIGNALED(status):
        sys.exit("the delivery failed by itself")
    return status != 0


def lay_out(step: int) -> bool:
    """Lay out the previous result and kill a delivery over it."""
    shutil.rmtree(root, ignore_errors=True)
    target.parent.mkdir(parents=True)
    if wish["way"] == "file":
        write(target.parent, {target.name: "old"})
    else:
        write(target, wish["old"] | wish["notes"])
    return killed(deliver, step)


if wish["way"] == "two renames":
    module._exchange = lambda _a, _b: False
told: list[dict[str, object]] = []
while lay_out(len(told) + 1):
    now = target.read_text() if target.is_file() else contents(target)
    mend()
    one = {"now": now, "after": contents(target.parent)}
    twice = []
    while lay_out(len(told) + 1) and killed(mend, len(twice) + 1):
        mend()
        twice.append(contents(target.parent))
    told.append({**one, "twice": twice})
shutil.rmtree(root)
json.dump(told, sys.stdout)
