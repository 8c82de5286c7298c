"""folium's map in a page that carries everything itself and lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import folium
from branca.element import CssLink, Figure, JavascriptLink
from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

_LEAFLET = "js_lib_leaflet/static/js_lib_leaflet/"
_URL = re.compile(r"url\([^)]*\)")


class OfflineMap(folium.Map):
    """A folium map without tiles that needs Leaflet alone; its id is the same in every run."""

    default_js = [("leaflet", "leaflet.js")]  # noqa: RUF012 - folium declares it as its own
    default_css = [("leaflet_css", "leaflet.css")]  # noqa: RUF012 - the same

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - folium's own
        super().__init__(tiles=None, **options)
        self._id = "0"


class OfflinePage(Figure):
    """A branca figure rendered by our template, with every script and style inside and hashed.

    Of what folium puts into the head only the links' contents are kept: its viewport forbids
    zooming and its styles fight ours. ``images`` is the one origin, if any, whose pictures the
    reader may turn on. A link that is not Leaflet's raises ``FileNotFoundError``:
    better no page than one that calls out.
    """

    def __init__(
        self, template: str, shown: OfflineMap, *, images: str = "", **values: object
    ) -> None:
        super().__init__()
        self.images = images
        self.template = template
        self.shown = shown
        self.values = values
        self.add_child(shown)

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 - branca's own
        """Render the page, with a policy that lets exactly its own scripts and styles run."""
        for child in self._children.values():
            child.render(**kwargs)
        links = self.header._children.values()  # noqa: SLF001 - branca has no reader for it
        scripts = [_leaflet(link.url) for link in links if isinstance(link, JavascriptLink)]
        styles = [_leaflet(link.url) for link in links if isinstance(link, CssLink)]
        start = f"{self.script.render(**kwargs)}\nlagesbild.open({self.shown.get_name()});\n"
        scripts += [*map(static, SCRIPTS), start]
        styles += map(static, STYLES)
        scripts = [_inside("script", text) for text in scripts]
        styles = [_inside("style", _URL.sub("none", text)) for text in styles]
        policy = {
            "default-src": "'none'",
            "script-src": " ".join(map(content_hash, scripts)),
            "style-src": " ".join(map(content_hash, styles)),
            "img-src": f"data: {self.images}".strip(),
            "base-uri": "'none'",
            "form-action": "'none'",
        }
        template = environment().get_template(self.template)
        return template.render(
            **self.values,
            policy="; ".join(f"{name} {value}" for name, value in policy.items()),
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - files of ours and Leaflet's
            styles=[Markup(text) for text in styles],  # noqa: S704 - the same
            map=Markup(self.html.render(**kwargs)),  # noqa: S704 - one empty element
        )


SCRIPTS = (
    "read.js",
    "projection.js",
    "drawing.js",
    "labels.js",
    "charts.js",
    "ranking.js",
    "cube.js",
    "statistics.js",
    "filters.js",
    "share.js",
    "panel.js",
    "rhythm.js",
    "streets.js",
    "table.js",
    "search.js",
    "compare.js",
    "presence.js",
    "tiles.js",
    "download.js",
    "picture.js",
    "phrases.js",
    "live.js",
    "data.js",
    "map.js",
    "readout.js",
    "legend.js",
    "page.js",
)
"""Scripts of ours, each after those it takes from when it is read."""

STYLES = (
    "page.css",
    "filters.css",
    "panel.css",
    "compare.css",
    "presence.css",
    "download.css",
    "print.css",
)


def static(name: str) -> str:
    """Read a script or style of ours, without what only its authors read."""
    return lean(resources.files("maps").joinpath("static", name).read_text("utf-8"))


def lean(text: str) -> str:
    """Leave out indentation, empty lines and comments that have their lines to themselves.

    No template literal of ours runs over lines, and no line begins with ``/*`` or ``//`` for
    another reason; a test holds us to that.
    """
    kept, inside = [], False
    for line in map(str.strip, text.splitlines()):
        starts = line.startswith("/*")
        if (inside or starts) and not (starts and line.endswith("*/")):
            inside = not line.endswith("*/")
        elif line and not starts and not line.startswith("//"):
            kept.append(line)
    return "\n".join(kept) + "\n"


def _template(name: str) -> str:
    return resources.files("maps").joinpath("templates", name).read_text("utf-8")


@cache
def environment() -> Environment:
    """Give the templates of ours, in which every value is escaped and none may be missing."""
    return Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _leaflet(name: str) -> str:
    """Read a file of Leaflet from the package that ships it."""
    path = metadata.distribution("django-js-lib-leaflet").locate_file(_LEAFLET + name)
    text = Path(str(path)).read_text("utf-8")
    return text.replace("//# sourceMappingURL=leaflet.js.map", "")


def _inside(element: str, text: str) -> str:
    """Make a text safe to stand in a script or style element."""
    return text.replace(f"</{element}", f"<\\/{element}").replace("<!--", "<\\!--")


def content_hash(text: str) -> str:
    """Give the name by which a policy lets one script or style run."""
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
