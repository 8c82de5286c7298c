"""Opens answers that a service gave as JSON, and makes tables of their records."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from layers.formats.opening import TEXT, first_bytes, left_out_rows, refuse
from layers.layer import RawTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from layers.formats.opening import LeftOutRow

LARGEST_BYTES = 256 << 20
"""An answer larger than this is refused: it is read as a whole."""

_LOOK_BYTES = 1 << 16
_AGAIN = "save the service's answer again, as it comes (JSON in UTF-8)"
_FEATURES = re.compile(r'"type"\s*:\s*"(?:FeatureCollection|Feature|Topology)"')


def beginning(path: Path) -> str:
    """Give the first 64 kB of a file as text, whatever is in it; nothing of one that is shut."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOK_BYTES)
        return head.decode(json.detect_encoding(head), "replace")
    except (OSError, ValueError):
        return ""


def has_keys(path: Path, *keys: str) -> bool:
    """Say whether the beginning of a file is JSON with all these keys, and not GeoJSON."""
    head = beginning(path)
    if head.lstrip("\ufeff \r\n\t")[:1] not in ("{", "["):
        return False
    return not _FEATURES.search(head) and all(re.search(rf'"{key}"\s*:', head) for key in keys)


def load_json(path: Path, expected: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a file of JSON as a whole, in UTF-8, UTF-16 or UTF-32; NaN and Infinity are None.

    Raises ``SourceError``, with the cure, for what is no JSON: a page of HTML, a part of a file,
    another encoding, nesting without end, more than ``LARGEST_BYTES``.
    """
    head = first_bytes(path)
    check_size(path)
    if head.lstrip(codecs.BOM_UTF8 + b" \r\n\t").startswith(b"<"):
        raise refuse(path, f"expected {expected}, found a web page or XML", _AGAIN)
    content = path.read_bytes()
    try:
        text = content.decode(json.detect_encoding(content))
        return json.loads(text.removeprefix("\ufeff"), parse_constant=lambda _: None)
    except UnicodeDecodeError as error:
        what = f"bytes that are no {error.encoding.upper()} (at byte {error.start})"
    except json.JSONDecodeError as error:
        what = f"JSON that breaks off or is damaged in line {error.lineno}, column {error.colno}"
    except RecursionError:
        what = "JSON that is nested without end"
    except ValueError as error:  # a number of thousands of digits
        what = f"JSON that cannot be read ({error})"
    raise refuse(path, f"expected {expected}, found {what}", _AGAIN)


def check_size(path: Path) -> None:
    """Refuse a file that is too large to be read as a whole."""
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise refuse(
            path,
            f"expected at most {LARGEST_BYTES >> 20} MB, found {size >> 20} MB",
            "ask the service for a shorter time or a smaller area",
        )


def within(record: object, *keys: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Give what stands under keys inside each other; None where it is not there.

    A list of one, as some services wrap every value, is what it holds.
    """
    for key in keys:
        if isinstance(record, list) and len(record) == 1:
            record = record[0]
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record[0] if isinstance(record, list) and len(record) == 1 else record


def said(record: object, *keys: str) -> str | None:
    """Give a single value as text that can be written anywhere; None where there is none."""
    value = within(record, *keys)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        # Half a surrogate pair has no UTF-8.
        return value.strip().encode("utf-8", "replace").decode() or None
    return str(value) if isinstance(value, int | float) else None


def as_list(value: object) -> list[Any]:
    """Give a list as it is, nothing as an empty one, and anything else as a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def table_of(
    records: Sequence[object],
    take: Callable[[dict[str, Any]], dict[str, str | None]],
    columns: Sequence[str],
    *,
    out: Callable[[dict[str, Any]], tuple[str, str] | None] = lambda _: None,
) -> RawTable:
    """Make a table of records, numbered from 1 in their order.

    ``take`` gives a record's values; the first of ``columns`` identifies it. ``out`` gives reason
    and value of a record that is left out. What is no object is left out too, and a record that
    came before.
    """
    kept: list[int] = []
    values: list[dict[str, str | None]] = []
    gone: list[LeftOutRow] = []
    seen: set[str] = set()
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            gone.append((number, "unreadable_row", type(record).__name__))
            continue
        found = take(record)
        key = found[columns[0]]
        reason = out(record) or (("duplicate", key) if key and key in seen else None)
        if reason is not None:
            gone.append((number, *reason))
            continue
        seen |= {key} if key else set()
        kept.append(number)
        values.append(found)
    data = {name: pd.array([found.get(name) for found in values], dtype=TEXT) for name in columns}
    return RawTable(
        pd.DataFrame(data, columns=list(columns)),
        np.array(kept, dtype=np.int64),
        left_out_rows(gone),
    )
