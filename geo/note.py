"""A remark for the reader, carried as a key and values; the words are chosen where it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader should know about a result.

    ``key`` names a sentence under ``[notes]`` in ``maps/text/*.toml``; ``values`` fill its blanks.
    ``level`` is ``"info"`` for a choice made (said aloud), ``"warning"`` for a limit of the answer.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    level: Literal["info", "warning"] = "info"
