"""Puts results in their place whole: a reader meets the previous result or the new, no mixture."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import secrets
import shutil
import sqlite3
import sys
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from geo.errors import OutputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_UNFINISHED = ".unfinished"
"""Marks a folder as ours to delete: from its making until it is delivered, and again once it is
replaced and emptied of others' files. The mark moves with the folder, so whatever stands under a
temporary name *without* it was a delivered result and may hold what is not ours."""

_RANDOM = "[0-9a-f]" * 8
"""The random part of a temporary name, as a glob."""

_SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite leaves beside a database; beside another database they would be poison."""

_MANIFEST = "manifest.json"
"""Tells under ``outputs`` the SHA-256 of each file as it was delivered."""

_CLOSE = "close QGIS and other programs that have it open, and see that you may write there"


def publish(
    target: Path,
    write: Callable[[Path], None],
    *,
    ours: Collection[str] = (),
    edited: str = "edited",
) -> list[Path]:
    """Let ``write`` fill a fresh folder, and put that folder in the place of ``target`` whole.

    If ``write`` fails, or the program is killed at any moment, ``target`` is the previous result
    or the new one: at once where the system can exchange two folders (Linux), else at the latest
    after ``recover``, which also runs first in every ``publish``. Files in ``target`` that
    neither ``write`` made nor ``ours`` names (what earlier runs may have written) belong to
    someone else and are carried over. A file of ours that is not what ``manifest.json`` says was
    delivered has been edited: it is kept beside the new one, as ``NAME (edited DATE TIME).gpkg``
    (when it was last changed, on the clock here), and told in what is returned. Whatever ``write``
    raises is passed on, a failure of the file system as ``OutputError``; so is a second run for
    the same ``target`` meanwhile.
    """
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise OutputError(
            f"cannot write the folder {target}",
            (Problem(str(target), "expected a folder, found a file", "choose another --out"),),
        )
    with _said_as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target) as alone:
            kept = _recover_folder(target, ours, edited) if alone else []
            new = target.with_name(f".{target.name}.new-{secrets.token_hex(4)}")
            new.mkdir()
            try:
                (new / _UNFINISHED).touch()
                write(new)
                if target.exists():
                    shutil.copymode(target, new)
                _flush_folder(new)
                return kept + _deliver(new, target, ours, edited)
            except BaseException:
                if (new / _UNFINISHED).exists():
                    _discard(new)
                raise


def recover(target: Path, *, ours: Collection[str] = (), edited: str = "edited") -> None:
    """Mend what a killed ``publish`` left: previous result back, others' files back, the rest gone.

    Does nothing where nothing was left or while another run is at work on ``target``.
    """
    target = target.resolve()
    if not target.parent.is_dir():
        return
    with _said_as_output_error(target), suppress(_BusyError), _lock(target) as alone:
        if alone:
            _recover_folder(target, ours, edited)


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` make a file beside ``path``, and put it in the place of ``path`` whole.

    The file that ``write`` is given does not exist yet and ends as ``path`` does. If ``write``
    fails or the program is killed, the previous file stays as it was. A database that someone is
    writing to (it has a ``-wal`` beside it) is not replaced: ``OutputError``.
    """
    path = path.resolve()
    with _said_as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path) as alone:
            stem = f".{path.stem}.new-"
            if alone:
                for left in path.parent.glob(f"{_literal(stem)}{_RANDOM}{_literal(path.suffix)}*"):
                    left.unlink()
            wal = path.with_name(f"{path.name}-wal")
            if wal.exists() and wal.stat().st_size:
                raise OutputError(
                    f"cannot write {path}: it is open in another program",
                    (Problem(str(wal), "expected no such file", f"{_CLOSE}; else delete it"),),
                )
            new = path.with_name(f"{stem}{secrets.token_hex(4)}{path.suffix}")
            try:
                write(new)
                if path.exists():
                    shutil.copymode(path, new)
                _flush(new)
                new.replace(path)
            finally:
                for end in ("", *_SIDECARS):
                    new.with_name(new.name + end).unlink(missing_ok=True)
            _flush(path.parent)


def _deliver(new: Path, target: Path, ours: Collection[str], edited: str) -> list[Path]:
    """Move a finished folder into its place, and what is others' after it."""
    old = new.with_name(new.name.replace(".new-", ".old-"))
    if not target.exists():
        new.rename(target)
    elif _exchange(new, target):
        old = new
    else:
        target.rename(old)
        try:
            new.rename(target)
        except BaseException:
            old.rename(target)
            raise
    _flush(target.parent)
    (target / _UNFINISHED).unlink()
    return _retire(old, target, ours, edited) if old.exists() else []


def _recover_folder(target: Path, ours: Collection[str], edited: str) -> list[Path]:
    """Mend under the lock: leftovers are of dead runs then. Gives edited files that were kept."""
    kept: list[Path] = []
    name = _literal(target.name)
    for left in sorted(target.parent.glob(f".{name}.old-{_RANDOM}")):
        if not target.exists() and not (left / _UNFINISHED).exists():
            left.rename(target)
    (target / _UNFINISHED).unlink(missing_ok=True)
    for left in sorted(target.parent.glob(f".{name}.[no][el][wd]-{_RANDOM}")):
        if (left / _UNFINISHED).exists():
            _discard(left)
        elif target.exists():
            kept += _retire(left, target, ours, edited)
        else:
            with suppress(OSError):  # made a moment before the end, so empty and without a mark
                left.rmdir()
    return kept


def _retire(old: Path, target: Path, ours: Collection[str], edited: str) -> list[Path]:
    """Carry what is others' from a replaced result over to the new one; delete the rest."""
    _carry(old, target, ours)
    kept = _keep_edited(old, target, edited)
    (old / _UNFINISHED).touch()
    _discard(old)
    return kept


def _keep_edited(old: Path, target: Path, edited: str) -> list[Path]:
    """Move what is not as it was delivered to the new result, under a name that says so."""
    try:
        delivered = json.loads((old / _MANIFEST).read_bytes())["outputs"].items()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    kept = []
    for name, sha256 in sorted(delivered):
        path = old / name
        if path.parent != old or not path.is_file():
            continue
        beside = [side for end in _SIDECARS if (side := old / f"{name}{end}").exists()]
        changed = max(one.stat().st_mtime for one in (path, *beside))
        if beside:
            _settle(path)
        held = any(one.exists() and not one.name.endswith("-shm") for one in beside)
        with path.open("rb") as file:
            if not held and hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                continue
        when = datetime.fromtimestamp(changed, UTC).astimezone().strftime("%Y-%m-%d %H%M")
        stem, number = f"{path.stem} ({edited} {when}", 2
        there = target / f"{stem}){path.suffix}"
        while there.exists():
            there, number = target / f"{stem}, {number}){path.suffix}", number + 1
        path.rename(there)
        for side in beside:
            with suppress(FileNotFoundError):
                side.rename(there.with_name(there.name + side.name[len(name) :]))
        kept.append(there)
    return kept


def _settle(database: Path) -> None:
    """Have SQLite bring what it keeps beside a database into it; of one in use, what it may."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=1)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _discard(folder: Path) -> None:
    """Delete a marked folder, the mark last; what a program holds open goes the next time."""
    with suppress(OSError):
        for inside in folder.iterdir():
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside)
            elif inside.name != _UNFINISHED:
                inside.unlink()
        (folder / _UNFINISHED).unlink()
        folder.rmdir()


def _carry(old: Path, target: Path, ours: Collection[str]) -> None:
    made = {*ours, *(inside.name for inside in target.iterdir())}
    made |= {name + end for name in made for end in _SIDECARS}
    for inside in sorted(old.iterdir()):
        there = target / inside.name
        if inside.name not in made:
            inside.rename(there)
        elif inside.is_dir() and not inside.is_symlink() and there.is_dir():
            _carry(inside, there, ())


def _literal(name: str) -> str:
    """Make a name mean itself in a glob."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of <linux/fs.h>
    if rename(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}:
        return False
    raise OSError(number, os.strerror(number), str(b))


def _flush_folder(folder: Path) -> None:
    """Bring everything in a folder to the disk."""
    for inside in folder.rglob("*"):
        if not inside.is_symlink():
            _flush(inside)
    _flush(folder)


def _flush(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    if path.is_dir():
        if os.name != "posix":
            return
        descriptor = os.open(path, os.O_RDONLY)
    else:
        descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot flush a folder
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


class _BusyError(OutputError):
    """Another run is writing there."""


@contextmanager
def _lock(target: Path) -> Iterator[bool]:
    """Be the only one at work on a target; False where the file system knows no locks.

    The system lets go of the lock when its holder dies, so a killed run never blocks the next.
    """
    path = target.with_name(f".{target.name}.lock")
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            alone = _try_lock(descriptor)
        except BlockingIOError as error:
            os.close(descriptor)
            raise _BusyError(
                f"another run is writing {target}; wait until it is done, then run again"
            ) from error
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                break
        os.close(descriptor)  # its holder deleted it as we came; take the next
    try:
        yield alone
    finally:
        if os.name == "posix":
            path.unlink(missing_ok=True)
        os.close(descriptor)
        if os.name != "posix":
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError as error:
                raise BlockingIOError(error.errno, "locked") from error
        else:
            import fcntl  # noqa: PLC0415 - exists elsewhere only

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


@contextmanager
def _said_as_output_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, PermissionError):
            cure = _CLOSE
        elif error.errno in {errno.ENOSPC, errno.EDQUOT}:
            cure = "make room on the disk"
        else:
            cure = "choose another place with --out or -o"
        where = str(error.filename or target)
        what = error.strerror or str(error)
        raise OutputError(f"cannot write {target}", (Problem(where, what, cure),)) from error
