"""Opens the door of a file, or says why it stays shut."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, ParamSpec, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Problem, SourceError
from layers.layer import LEFT_OUT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LeftOutRow: TypeAlias = tuple[int, str, str]
"""Number, reason and value of a row that was left out."""

Numbers: TypeAlias = NDArray[np.int64]

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""The type of a column of text: pandas' own strings, NaN where there is none."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


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
        cure = "check the path and its spelling"
        raise refuse(path, "expected a file, found none", cure) from None
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


def left_out_rows(rows: Sequence[LeftOutRow]) -> pd.DataFrame:
    """Make the table of rows that could not be read; no column of theirs is to blame."""
    return pd.DataFrame(
        {
            "row": np.array([number for number, _, _ in rows], dtype=np.int64),
            "reason": pd.array([reason for _, reason, _ in rows], dtype=TEXT),
            "column": pd.array([""] * len(rows), dtype=TEXT),
            "value": pd.array([value for _, _, value in rows], dtype=TEXT),
        },
        columns=list(LEFT_OUT_COLUMNS),
    )


def quietly(function: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
    """Call without the warnings of a reading library: what matters is seen in its result."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)
