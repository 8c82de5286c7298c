"""Opens the door of a file, or says why it stays shut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geo.errors import Problem, SourceError

if TYPE_CHECKING:
    from pathlib import Path


def refuse(path: Path, what: str, cure: str) -> SourceError:
    """Make the error for a file that cannot be read as a whole."""
    return SourceError(f"{path.name} cannot be read", (Problem(str(path), what, cure),))


def first_bytes(path: Path, size: int = 16) -> bytes:
    """Give the first bytes of a file that can be opened and is not empty.

    Raises ``SourceError``, with the cure, for a missing file, a directory, a file that may not be
    read and an empty one.
    """
    try:
        if path.is_dir():
            raise refuse(path, "expected a file, found a directory", "name a file in it")
        with path.open("rb") as file:
            head = file.read(size)
    except FileNotFoundError:
        raise refuse(path, "expected a file, found none", "check the path and its spelling") from None
    except PermissionError:
        raise refuse(
            path,
            "expected a readable file, found one that may not be opened",
            "close it in other programs, or ask for the right to read it",
        ) from None
    except (OSError, ValueError) as error:
        raise refuse(
            path, f"expected a readable file, found: {error}", "copy it to a local disk"
        ) from None
    if not head:
        raise refuse(path, "expected data, found an empty file", "export it again")
    return head
