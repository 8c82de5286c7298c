"""Writes a first project file for a folder: every guess stands in it, with its reason."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from layers.categories import known_categories
from layers.columns import plain
from layers.guess import closest_category
from layers.project import DEFAULT_CRS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from layers.guess import FolderGuess, Guess

_MOST_WORDS = 20
_NO_AREA = """\
# No file here looks like the municipality's polygon. Put one beside this file (Lantmäteriet and
# Statistics Sweden publish them) and name it; nothing can be built without.
[area]
file = "kommun.geojson"
"""


def project_text(
    found: FolderGuess,
    template: str,
    *,
    municipality: str,
    unusable: Mapping[str, str],
    unknown: Mapping[str, int],
) -> str:
    """Write the project file of a folder.

    ``template`` is the commented empty project, of which the settings are kept. ``unusable`` says
    by the names of layers why they cannot be read: they stand there as comments. ``unknown`` are
    words of categories and how many rows they name: those that can be guessed are given their
    category, the others are listed for someone to sort.
    """
    name = (found.area.name if found.area else "") or municipality
    head, settings, tail = _parts(template)
    head = head.replace('"Min kommun"', _toml(name))
    head = head.replace('"Lägesbild Min kommun"', _toml(f"Lägesbild {name}"))
    if found.area is not None and found.area.crs != DEFAULT_CRS:
        own = f"crs = {found.area.crs}".ljust(len("# crs = 3006"))
        head = re.sub(
            r"# crs = \d+ +# .*", f"{own}                   # metres of the UTM zone there", head
        )
    text = [
        head,
        _area(found) if found.area else _NO_AREA,
        settings,
    ]
    for key, one in named(found.layers).items():
        entry = _entry(key, one, alone=_of_kind(found.layers, one) == 1)
        why = unusable.get(key)
        text.append(entry if why is None else _as_comment(f"Not used: {why}\n{entry}"))
    text += [_words(unknown), tail] if unknown else [tail]
    if found.unused:
        lines = [f"# {name}: {why}" for name, why in found.unused]
        text.append("\n".join(["# Not used:", *map(_one_line, lines)]) + "\n")
    return "\n".join(part.strip("\n") + "\n" for part in text)


def named(layers: Sequence[Guess]) -> dict[str, Guess]:
    """Give every layer a name of its own: its kind, and where several share it the file's."""
    names: dict[str, Guess] = {}
    for one in layers:
        kind = str(one.kind)
        name = kind
        if _of_kind(layers, one) > 1:
            own = _technical(one.look.layer or one.look.path.stem)
            name = own if own.startswith(kind) else f"{kind}_{own}"
        free, number = name, 2
        while free in names:
            free, number = f"{name}_{number}", number + 1
        names[free] = one
    return names


def _of_kind(layers: Sequence[Guess], one: Guess) -> int:
    return sum(other.kind == one.kind for other in layers)


def _parts(template: str) -> tuple[str, str, str]:
    """Part the empty project: what comes before its area, its settings, what follows its layers."""
    area = template.index("[area]")
    settings = template.index("[grid]")
    layers = template.index("[[layers]]")
    tail = template.index("# Words that your sources use")
    return template[:area], template[settings:layers], template[tail:]


def _area(found: FolderGuess) -> str:
    area = found.area
    assert area is not None  # noqa: S101 - the caller saw it
    lines = [f"# {_one_line(area.why)}", "[area]", f"file = {_toml(area.look.path.name)}"]
    if area.look.layer:
        lines.append(f"layer = {_toml(area.look.layer)}")
    if area.select:
        column, value = area.select
        lines.append(f"select = {{ column = {_toml(column)}, value = {_toml(value)} }}")
    return "\n".join(lines) + "\n"


def _entry(name: str, one: Guess, *, alone: bool) -> str:
    lines = [f"# {_one_line(one.why)}", "[[layers]]", f"kind = {_toml(str(one.kind))}"]
    if not alone:
        lines.append(f"name = {_toml(name)}")
    lines.append(f"file = {_toml(one.look.path.name)}")
    if one.look.layer:
        lines.append(f"layer = {_toml(one.look.layer)}")
    if one.areas is not None:
        lines.append(f"areas = {_toml(one.areas.path.name)}")
        lines += [f"layer = {_toml(one.areas.layer)}"] if one.areas.layer else []
    if one.results:
        lines.append(f"results = {_toml(one.results)}  # saved answers of HaV about single sites")
    if one.columns:
        pairs = ", ".join(f"{key} = {_toml(column)}" for key, column in one.columns.items())
        lines.append(f"columns = {{ {pairs} }}  # guessed from what stands in them")
    return "\n".join(lines) + "\n"


def _words(unknown: Mapping[str, int]) -> str:
    """Map words to the categories that they seem to name, and list the rest."""
    mapped: dict[str, list[str]] = {}
    rest: list[str] = []
    for word in sorted(unknown, key=lambda word: (-unknown[word], word))[:_MOST_WORDS]:
        key = closest_category(word)
        if key is None:
            rest.append(word)
        else:
            mapped.setdefault(key, []).append(word)
    lines = ["# Words of your files that name no category by themselves. Guessed: see if it is so."]
    for key, words in mapped.items():
        rows = sum(unknown[word] for word in words)
        lines += [f"[categories.{key}]", f"words = [{', '.join(map(_toml, words))}]  # {rows} rows"]
        lines.append("")
    if rest:
        known = ", ".join(known_categories())
        lines += [
            f"# No category was found for these; rows that say so are left out. Known: {known}.",
            *(f"#   {_toml(_one_line(word))}, {unknown[word]} rows" for word in rest),
        ]
    return "\n".join(lines) + "\n"


def _as_comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.strip("\n").split("\n"))


def _one_line(text: str) -> str:
    """Make one line of a text of others: in a comment a line break would be a setting."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text)


def _toml(text: str) -> str:
    """Write a text as TOML does; its escapes are those of JSON, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _technical(text: str) -> str:
    """Make a layer's name of a file's: lower-case letters, digits and underscores."""
    return "_".join(part for one in re.split(r"\W+|_", text) if (part := plain(one)))
