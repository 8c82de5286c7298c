"""What a reader takes along, read back by programs that know nothing of the page."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely
from pages import HOSTILE, absent, browser
from pyproj import Transformer

if TYPE_CHECKING:
    from collections.abc import Iterator

MAPS = Path(__file__).parents[1] / "maps"
TO_MERCATOR = Transformer.from_crs(3006, 3857, always_xy=True)
TO_DEGREES = Transformer.from_crs(3006, 4326, always_xy=True)
FORM = {"sv": {"sep": ";", "decimal": ","}, "en": {"sep": ",", "decimal": "."}}
GPX = "{http://www.topografix.com/GPX/1/1}"
SELECTION = "januari–december 2021; Nedskräpning, fre–lör 20–02"
RUN = """
const [content, view, selection] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
for (const name of ["read", "projection", "download"]) require(`${process.argv[1]}/${name}.js`);
for (const shape of view.shapes) shape.xy = Float64Array.from(shape.xy);
const { rankingCsv, spotsGeoJson, spotsGpx } = globalThis.lagesbild;
const made = [rankingCsv, spotsGeoJson, spotsGpx].map((make) => make(view, content, selection));
process.stdout.write(JSON.stringify(made));
"""


def cells(*corners: tuple[int, int], size: int = 250) -> Any:
    """Join square cells of the study area into the outline of a hotspot, as the maps do."""
    west, south = 495_000, 6_565_000
    boxes = [
        shapely.box(
            west + size * c, south + size * r, west + size * (c + 1), south + size * (r + 1)
        )
        for c, r in corners
    ]
    return shapely.union_all(boxes)


RING = [(c, r) for c in range(3) for r in range(3) if (c, r) != (1, 1)]
SHAPES = {
    "one part": cells((0, 0), (1, 0), (1, 1)),
    "a hole": cells(*RING),
    "two parts that touch in a corner": cells((0, 0), (1, 1)),
    "two parts apart": cells((0, 0), (5, 7)),
    "a hole that touches its ring in a corner": cells(*[at for at in RING if at != (2, 2)]),
    "a part in the hole of another": cells(
        *[(c, r) for c in range(5) for r in range(5) if c in {0, 4} or r in {0, 4}], (2, 2)
    ),
    "an island in a lake, the other way round": shapely.Point(500_000, 6_570_000)
    .buffer(900)
    .difference(shapely.Point(500_000, 6_570_000).buffer(400))
    .reverse(),
}


def packed(shape: Any) -> dict[str, Any]:
    """Give a shape as the page holds it: Mercator pairs and where each ring starts and ends."""
    xy: list[float] = []
    rings = []
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        start = len(xy) // 2
        for x, y in shapely.get_coordinates(ring):
            xy += TO_MERCATOR.transform(x, y)
        rings.append([start, len(xy) // 2])
    return {"xy": xy, "rings": rings}


def spot(rank: int, shape: Any, **changed: Any) -> dict[str, Any]:
    """Make a hotspot as every part of the page sees it."""
    x, y = shape.representative_point().coords[0]
    return {
        "id": f"all-{rank}", "rank": rank, "name": f"Plats {rank}", "reason": "Därför; så.",
        "n": "1\u00a0234", "count": 1234 + rank, "times": "12,5", "ratio": 12.54 / rank,
        "peak": "fre–lör 20–02", "change": "13 i december", "trend": "ökar", "recent": "40, 39",
        "categories": [["Klotter", 1200], ["Buller", 34 + rank]], "near": "Lanna badgruva (30 m)",
        "patrol": "65\u00a0tim", "minutes": 3900.5, "gap": rank, "new": rank == 1,
        "stability": {"kind": "stable", "word": "Stabil", "means": ""}, "weighted": "",
        "area": "19\u00a0hektar", "at": [round(x, 2), round(y, 2)], "p": "0,0003",
        "lngLat": [*TO_DEGREES.transform(x, y)], **changed,
    }  # fmt: skip


def made(
    spots: list[dict[str, Any]], shapes: list[Any], language: str = "sv", selection: str = SELECTION
) -> tuple[str, str, str]:
    """Let the page's own functions make the three files."""
    node = shutil.which("node")
    if node is None:
        absent("node")
    said = tomllib.loads((MAPS / "text" / f"{language}.toml").read_text("utf-8"))
    content = {
        "language": language,
        "words": said["page"]["script"],
        "title": "Lägesbild <Lekeberg>",
        "meeting": "2021-12",
        "crsName": "SWEREF 99 TM",
    }
    view = {"spots": spots, "shapes": [packed(shape) for shape in shapes]}
    done = subprocess.run(
        [node, "-e", RUN, str(MAPS / "static")],
        input=json.dumps([content, view, selection]).encode(),
        capture_output=True,
        check=True,
    )
    table, areas, points = json.loads(done.stdout)
    return table, areas, points


def usual() -> tuple[list[dict[str, Any]], list[Any]]:
    """Give a hotspot for every kind of shape."""
    return [spot(i, shape) for i, shape in enumerate(SHAPES.values(), 1)], [*SHAPES.values()]


def hostile() -> tuple[list[dict[str, Any]], list[Any]]:
    """Give a hotspot for every hostile text, which stands in every field."""
    texts = ("name", "reason", "peak", "change", "trend", "recent", "near", "area", "p")
    spots = [
        spot(i, SHAPES["one part"], categories=[[text, 2]], **dict.fromkeys(texts, text))
        for i, text in enumerate(HOSTILE, 1)
    ]
    return spots, [SHAPES["one part"]] * len(HOSTILE)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_table_holds_every_value_in_the_languages_form(language: str) -> None:
    """Pandas, told the two options of the language, reads back what the page holds."""
    spots, shapes = usual()
    text, _, _ = made(spots, shapes, language)
    assert text.startswith("\ufeff")
    frame = pd.read_csv(io.BytesIO(text.encode()), encoding="utf-8-sig", **FORM[language])
    assert len(frame) == len(spots)
    numbers = {
        0: [one["rank"] for one in spots],
        3: [one["count"] for one in spots],
        5: [one["ratio"] for one in spots],
        14: [one["minutes"] for one in spots],
        15: [one["gap"] for one in spots],
        18: [one["at"][1] for one in spots],
        19: [one["at"][0] for one in spots],
        20: [one["lngLat"][1] for one in spots],
        21: [one["lngLat"][0] for one in spots],
    }
    nearly = {5: 5e-5, 18: 0.05, 19: 0.05, 20: 5e-7, 21: 5e-7}
    for column, values in numbers.items():
        read = frame.iloc[:, column].tolist()
        assert read == pytest.approx(values, abs=nearly.get(column, 1e-12)), column
    group = "1 200" if language == "sv" else "1,200"
    assert frame.iloc[0, 12] == f"Klotter {group}, Buller 35"
    assert frame.iloc[0, 16] == "19 hektar"
    assert frame.iloc[:, 22].tolist() == [SELECTION] * len(spots)
    heads = {
        "sv": ["Rang", "Namn", "N (SWEREF 99 TM)", "Urval"],
        "en": ["Rank", "Name", "N (SWEREF 99 TM)", "Selection"],
    }
    assert [frame.columns[i] for i in (0, 1, 18, 22)] == heads[language]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_hostile_texts_stay_in_their_cells_and_no_cell_is_a_formula(language: str) -> None:
    """The csv module reads each text back; what a spreadsheet would run begins with '."""
    starts = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "＝1", "  =1", "\u00a0=1", "a\r\nb"]
    spots, shapes = hostile()
    spots += [spot(900 + i, SHAPES["one part"], name=text) for i, text in enumerate(starts)]
    shapes += [SHAPES["one part"]] * len(starts)
    text, _, _ = made(spots, shapes, language)
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    rows = [*csv.reader(lines, delimiter=FORM[language]["sep"], strict=True)]
    assert {len(row) for row in rows} == {23}
    assert len(rows) == len(spots) + 1
    for row, one in zip(rows[1:], spots, strict=True):
        given = one["name"].replace("\0", "\ufffd").replace("\u00a0", " ")
        risky = re.match(" *[=+\\-@\t\r\n＝＋－＠]", given)
        assert row[1] == (f"'{given}" if risky else given)
        assert not any(re.match(" *[=+@\t\r\n＝＋－＠]", cell) for cell in row)
    assert sum(row[1].startswith("'") for row in rows) >= len(starts) - 1


def test_outlines_are_valid_and_as_large_as_on_the_map() -> None:
    """GDAL reads every outline: valid, its area to 0.1 % and its place to a square metre's."""
    spots, shapes = usual()
    _, text, _ = made(spots, shapes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OGR_GEOMETRY_ACCEPT_UNCLOSED_RING", "NO")
        frame = geopandas.read_file(io.BytesIO(text.encode()), engine="pyogrio")
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
    metres = frame.to_crs(3006).geometry
    for name, back, shape in zip(SHAPES, metres, shapes, strict=True):
        assert back.area == pytest.approx(shape.area, rel=1e-3), name
        assert back.symmetric_difference(shape).area < 1e-3 * shape.area, name
        assert shapely.get_num_geometries(back) == shapely.get_num_geometries(shape), name
    assert frame["rank"].tolist() == [one["rank"] for one in spots]
    assert frame["events"].tolist() == [one["count"] for one in spots]
    assert frame["times_expected"].tolist() == pytest.approx([one["ratio"] for one in spots])
    assert frame["selection"].tolist() == [SELECTION] * len(spots)


def test_rings_are_closed_and_wound_as_rfc_7946_says() -> None:
    """Outer rings run counter-clockwise, holes clockwise; at most seven decimals."""
    spots, shapes = usual()
    _, text, _ = made(spots, shapes)
    collection = json.loads(text)
    assert "crs" not in collection  # RFC 7946 knows one system alone
    holes = 0
    for feature in collection["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"]
        for polygon in [polygons] if geometry["type"] == "Polygon" else polygons:
            for place, ring in enumerate(polygon):
                assert ring[0] == ring[-1]
                assert shapely.is_ccw(shapely.linearrings(ring)) == (place == 0)
                holes += place > 0
    assert holes == sum(len(shapely.get_rings(shapely.get_parts(s))) for s in shapes) - sum(
        shapely.get_num_geometries(s) for s in shapes
    )
    assert not re.search(r"\d\.\d{8}", json.dumps([f["geometry"] for f in collection["features"]]))


def test_hostile_texts_are_properties_as_they_were() -> None:
    """GDAL gives back each text; only NUL and the no-break space, as in the table, are replaced."""
    _, text, _ = made(*hostile())
    frame = pyogrio.read_dataframe(io.BytesIO(text.encode()))
    given = [one.replace("\0", "\ufffd").replace("\u00a0", " ") for one in HOSTILE]
    for column in ("name", "reason", "near", "p"):
        assert frame[column].tolist() == given, column


def legible(text: str) -> str:
    """Leave out the characters that XML 1.0 cannot hold."""
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def test_waypoints_come_back_exactly() -> None:
    """An XML parser and GDAL's GPX reader give back every place, name and reason."""
    spots, shapes = hostile()
    spots += [spot(900, SHAPES["one part"], name="a\r\nb\tc &amp; ]]> \"'", reason="å\U0001f600")]
    shapes += [SHAPES["one part"]]
    _, _, text = made(spots, shapes, selection="<&>\x01\r")
    root = ET.fromstring(text)  # noqa: S314 - our own text, to be tested
    assert root.tag == f"{GPX}gpx"
    assert root.findtext(f"{GPX}metadata/{GPX}name") == "Lägesbild <Lekeberg>"
    assert root.findtext(f"{GPX}metadata/{GPX}desc") == "<&>\r"
    points = root.findall(f"{GPX}wpt")
    names = [f"{one['rank']}. {legible(one['name'])}" for one in spots]
    reasons = [legible(one["reason"]) for one in spots]
    assert [point.findtext(f"{GPX}name") for point in points] == names
    assert [point.findtext(f"{GPX}desc") for point in points] == reasons
    frame = pyogrio.read_dataframe(io.BytesIO(text.encode()), layer="waypoints")
    assert frame["name"].tolist() == names
    assert frame["desc"].fillna("").tolist() == reasons
    for place, one in zip(frame.geometry, spots, strict=True):
        assert (place.x, place.y) == pytest.approx(one["lngLat"], abs=1e-7)


def test_waypoints_follow_the_schema() -> None:
    """Elements of GPX 1.1 alone, in the order of its schema; degrees within its bounds."""
    order = {
        "gpx": ["metadata", "wpt", "rte", "trk", "extensions"],
        "metadata": ["name", "desc", "author", "copyright", "link", "time", "keywords", "bounds"],
        "wpt": ["ele", "time", "magvar", "geoidheight", "name", "cmt", "desc", "src", "link"],
    }
    for spots, shapes in (usual(), ([], [])):
        root = ET.fromstring(made(spots, shapes)[2])  # noqa: S314 - our own text, to be tested
        assert root.attrib == {"version": "1.1", "creator": "lägesbild"}
        for element in root.iter():
            inside = [child.tag.removeprefix(GPX) for child in element]
            known = order.get(element.tag.removeprefix(GPX), [])
            assert inside == sorted(inside, key=known.index)
        for point in root.findall(f"{GPX}wpt"):
            assert {*point.attrib} == {"lat", "lon"}
            assert -90 <= float(point.attrib["lat"]) <= 90
            assert -180 <= float(point.attrib["lon"]) < 180
        assert len(root.findall(f"{GPX}wpt")) == len(spots)


# --- in a browser ---------------------------------------------------------------------------------

PAGE = """<!DOCTYPE html><html lang="sv"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}"><title>x</title>
<style>{style}</style></head><body>
<div id="menu"></div><button id="after">x</button>
<div class="leaflet-container" id="map"><div class="leaflet-pane leaflet-map-pane" id="moved">
<div class="leaflet-pane" id="upper"><svg viewBox="-40 -30 400 300" width="400" height="300"><g>
<path class="outline-halo" d="M60 60h70v50h-70Z"/><path class="outline" d="M60 60h70v50h-70Z"/>
<g class="badge"><circle class="badge-disc" cx="95" cy="50" r="10.5"/>
<text x="95" y="54.2" text-anchor="middle">12</text></g>
<text class="name place" x="150" y="150" text-anchor="middle">&lt;Fjugesta&gt; å</text>
<path class="symbol triangle" d="M200 100l10 16h-20Z"/><path hidden class="land" d="M0 0h90v90Z"/>
</g></svg></div>
<div class="leaflet-pane" id="lower"><svg viewBox="-40 -30 400 300" width="400" height="300">
<path class="ground land" d="M-40 -30h300v260h-300Z"/><path class="cell bin-3" d="M40 40h60v60Z"/>
<path class="edge" d="M10 10h220v180Z"/></svg></div>
</div><div class="leaflet-control-scale-line">2 km</div></div>
<script>{script}</script></body></html>"""
STYLE = """
#map {position: absolute; left: 8px; top: 400px; overflow: hidden; width: 400px; height: 300px}
.leaflet-pane, .leaflet-pane > svg {position: absolute; left: 0; top: 0}
#moved {transform: translate3d(13px, 7px, 0)}
#lower {z-index: 2; clip-path: polygon(180px -1e6px, -1e6px -1e6px, -1e6px 1e6px, 180px 1e6px)}
#upper {z-index: 4} #lower > svg {transform: translate3d(-20px, -10px, 0)}
.leaflet-control-scale-line {visibility: hidden; width: 80px}
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    """Open a small page of ours, under the policy of the real one; it must not complain."""
    names = ("read", "projection", "charts", "ranking", "download", "picture")
    words = tomllib.loads((MAPS / "text" / "sv.toml").read_text("utf-8"))["page"]["script"]
    script = "".join((MAPS / "static" / f"{name}.js").read_text("utf-8") for name in names)
    script += f"const words = {json.dumps(words)};"
    styles = [(MAPS / "static" / f"{name}.css").read_text("utf-8") for name in ("page", "download")]
    style = "".join([*styles, STYLE])

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    policy = (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    path = tmp_path / "sida.html"
    path.write_text(PAGE.format(policy=policy, style=style, script=script), encoding="utf-8")
    complaints: list[str] = []
    with browser() as chromium:
        context = chromium.new_context(
            offline=True, device_scale_factor=2, viewport={"width": 700, "height": 900}
        )
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.goto(path.as_uri())
        yield opened
        context.close()
    assert complaints == []


@pytest.mark.browser
def test_a_file_is_saved_from_the_menu_by_keyboard_alone(page: Any, tmp_path: Path) -> None:
    """The list opens, closes with Escape, saves to the byte, says so, and gives the focus back."""
    page.evaluate(
        """() => lagesbild.downloads(document.getElementById("menu"), { words, actions: [
          { key: "csv", run: () => { lagesbild.save("å.csv", "text/csv", "\\ufeffå;1\\r\\n"); return "å.csv"; } },
          { key: "print", run: () => {} },
          { key: "link", run: () => Promise.resolve() },
        ] })"""  # noqa: E501 - one call
    )
    toggle = page.get_by_role("button", name="Ta med")
    items = page.locator("#menu li button")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert toggle.get_attribute("aria-expanded") == "true"
    assert items.count() == 3
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert not items.first.is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Ta med"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    started.value.save_as(tmp_path / "a.csv")
    assert started.value.suggested_filename == "å.csv"
    assert (tmp_path / "a.csv").read_bytes() == b"\xef\xbb\xbf\xc3\xa5;1\r\n"
    assert page.get_by_role("status").inner_text() == "Sparad: å.csv"
    assert page.evaluate("document.activeElement.textContent") == "Ta med"
    page.keyboard.press("Enter")
    items.nth(2).click()
    assert page.get_by_role("status").inner_text() == "Länken är kopierad"
    toggle.click()
    page.locator("#after").focus()
    assert not items.first.is_visible()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_is_the_map_as_seen(page: Any, scheme: str) -> None:
    """Pixel by pixel the picture's map is the screen's, twice as fine; around it stand the words.

    Panes lie in the order of their heights, and one of them is cut by a line between two times.

    Not compared: north arrow, scale bar and frame, which the screen has elsewhere.
    """
    page.emulate_media(color_scheme=scheme)
    shot = base64.b64encode(page.locator("#map").screenshot()).decode()
    size, alike, painted, below = page.evaluate(
        """async (shot) => {
          const item = { swatchColor: "rgb(1, 250, 3)", label: "90 %" };
          const blob = await lagesbild.mapPicture({
            container: document.getElementById("map"), content: { words }, title: "Lägesbild",
            subtitle: "Perioden", legend: [{ title: "Heta rutor", items: [item] }], notes: ["Obs"],
          });
          const url = (type, data) => `data:${type};base64,${data}`;
          const bytes = new Uint8Array(await blob.arrayBuffer());
          const read = async (data) => {
            const image = new Image();
            image.src = url("image/png", data);
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.width, image.height];
            const pen = canvas.getContext("2d", { willReadFrequently: true });
            pen.drawImage(image, 0, 0);
            return { pen, size: [image.width, image.height] };
          };
          const screen = await read(shot);
          const made = await read(btoa(String.fromCharCode(...bytes)));
          // The map's top left corner: margin 20, title 29, subtitle 20 and 10 below it.
          const [left, top] = [40, 158];
          const [wide, high] = [800, 600];
          const a = screen.pen.getImageData(0, 0, wide, high).data;
          const b = made.pen.getImageData(left, top, wide, high).data;
          let [alike, painted] = [0, 0];
          let all = 0;
          for (let y = 4; y < high - 60; y += 1) for (let x = 4; x < wide - 100; x += 1) {
            const i = 4 * (y * wide + x);
            all += 1;
            const off = Math.max(...[0, 1, 2].map((k) => Math.abs(a[i + k] - b[i + k])));
            alike += off < 40;
            painted += Math.abs(b[i] - b[0]) + Math.abs(b[i + 2] - b[2]) > 30;
          }
          const rest = made.pen.getImageData(0, top + high, made.size[0], made.size[1] - top - high).data;
          let below = 0;
          for (let i = 0; i < rest.length; i += 4) below += rest[i] === 1 && rest[i + 1] === 250;
          return [made.size, alike / all, painted / all, below];
        }""",  # noqa: E501 - one line of script
        shot,
    )
    assert size[0] == 2 * (400 + 40)
    assert painted > 0.02
    assert alike > 0.995
    assert below > 600  # a swatch of 19 by 11, four pixels each
