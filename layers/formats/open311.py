"""Reads reports of an Open311 service (GeoReport v2), as FixMyStreet and FixaMinGata give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from layers.formats import Format
from layers.formats.json_records import (
    as_list,
    beginning,
    check_size,
    has_keys,
    load_json,
    said,
    table_of,
    within,
)
from layers.formats.opening import first_bytes, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from layers.layer import RawTable

_COLUMNS = (
    "service_request_id",
    "service_name",
    "status",
    "requested_datetime",
    "address",
    "lat",
    "long",
)
"""What is carried of a report. Its words, its picture and who made it are personal."""

_WRAPPERS = ("service_requests", "requests", "request")
_EXPECTED = "service requests of Open311"
_CURE = "save the answer of …/requests.json or …/requests.xml as it comes"
_XML = re.compile(r"<(?:service_requests|requests|service_request_id)\b")


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give the service requests of one answer, JSON or XML; rows count from 1 in its order.

    JSON may be a list, an object that holds one (``service_requests``, ``requests``), or a single
    request. Of each request its id, kind, status, time, address and position are carried.

    Raises ``SourceError`` for anything else.
    """
    if path.suffix.casefold() == ".xml":
        records = _from_xml(path)
    else:
        found = _requests(load_json(path, _EXPECTED))
        if found is None:
            raise refuse(path, f"expected {_EXPECTED}, found other JSON", _CURE)
        records = found
    yield table_of(
        records, lambda record: {name: said(record, name) for name in _COLUMNS}, _COLUMNS
    )


def _requests(answer: object) -> list[object] | None:
    """Find the list of requests in what a service answered; None where there is none."""
    for _ in range(len(_WRAPPERS) + 1):
        if not isinstance(answer, dict) or "service_request_id" in answer:
            break
        key = next((key for key in _WRAPPERS if key in answer), None)
        if key is None:
            return None
        answer = answer[key]
        # An older FixMyStreet writes {"requests": [{"request": [...]}]}.
        if isinstance(answer, list) and len(answer) == 1 and within(answer, "request") is not None:
            answer = answer[0]
    return as_list(answer) if isinstance(answer, list | dict) else None


def _from_xml(path: Path) -> list[object]:
    """Read the requests of an XML answer; entities, which can harm, are refused."""
    from defusedxml import ElementTree  # noqa: PLC0415 - only XML needs it
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - the same

    first_bytes(path)
    check_size(path)
    try:
        root: Element = ElementTree.fromstring(path.read_bytes())
    except DefusedXmlException:
        what = "XML with declarations of its own (entities), which are not read"
    except (ParseError, LookupError, ValueError) as error:
        what = f"XML that breaks off or is damaged ({error})"
    else:
        found = [root] if root.tag == "request" else root.findall("request")
        if not found and root.tag not in _WRAPPERS:
            raise refuse(path, f"expected {_EXPECTED}, found <{root.tag[:60]}>", _CURE)
        return [{child.tag: child.text for child in request} for request in found]
    raise refuse(path, f"expected {_EXPECTED}, found {what}", _CURE)


def _claims(path: Path) -> bool:
    if path.suffix.casefold() == ".xml":
        return bool(_XML.search(beginning(path)))
    return has_keys(path, "service_request_id") or has_keys(path, "service_requests")


FORMAT = Format(
    name="open311",
    summary="Reports of an Open311 service (GeoReport v2; FixMyStreet, FixaMinGata), JSON or XML",
    endings=(".json", ".xml"),
    read=read,
    claims=_claims,
    holds="incidents",
)
