"""Lets XML documents pass by in portions, and says where one is damaged or sets traps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax import SAXParseException

from defusedxml import sax
from defusedxml.common import DefusedXmlException

from layers.formats.opening import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.sax.handler import ContentHandler

_CHUNK_BYTES = 1 << 18


def passing(
    path: Path, kind: str, trap_cure: str, handler: ContentHandler | None = None
) -> Iterator[None]:
    """Let a document pass by, to a handler if there is one; stops after each portion.

    ``kind`` is what it should be, ``trap_cure`` what to do about entities of its own. Raises
    ``SourceError`` with the line where it breaks off or is damaged, where its encoding is unknown,
    and where it defines entities, which can be made to fill the memory.
    """
    parser = sax.make_parser()
    if handler is not None:
        parser.setContentHandler(handler)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                parser.feed(chunk)
                yield
        parser.close()
    except SAXParseException as error:
        where = f"line {error.getLineNumber()}, column {error.getColumnNumber()}"
        what = f"expected {kind} to its end, found at {where}: {error.getMessage()}"
        raise refuse(path, what, "export it again, or copy it whole") from None
    except DefusedXmlException:
        what = f"expected {kind}, found a document that defines its own entities"
        raise refuse(path, what, trap_cure) from None
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise refuse(path, f"expected {kind}, found: {error}", "export it as UTF-8") from None
