"""The page as a file: it carries everything, tells no names, and stays small."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pages import HOSTILE, absent, big_situation
from pyproj import Transformer
from situations import situation

import maps.html as html_module
from maps.html import page_html, write_page
from maps.mercator import ERROR_M, Projection, fit_mercator
from maps.packing import Block, Streams, bytes_block, json_block, lines_of, varints
from maps.spots import drawn
from maps.symbols import gather

ROOT = Path(__file__).resolve().parents[1]


def content_of(page: str) -> dict[str, Any]:
    """Read the page's JSON back."""
    found = re.search(
        r'<script type="application/json" id="content" data-encoding="(\w+)">(.*?)</script>',
        page,
        re.DOTALL,
    )
    assert found
    if found[1] == "json":
        return json.loads(found[2])
    return json.loads(zlib.decompress(base64.b85decode(found[2].replace(",", "<"))))


def read_varints(data: bytes) -> list[int]:
    """Decode zigzag LEB128 the plain way, one byte at a time."""
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(-(value + 1) // 2 if value % 2 else value // 2)
            value, shift = 0, 0
    return found


def test_the_same_situation_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write the same file."""
    for name in ("a", "b"):
        write_page(situation(), tmp_path / name, "sv")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_page_names_no_address_to_fetch_from(language: str) -> None:
    """No element has a source, a stylesheet or an import outside the file."""
    page = page_html(situation(), language)
    assert f'<html lang="{language}">' in page
    outside_scripts = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"\b(src|srcset|poster|action)\s*=", outside_scripts)
    assert not re.search(r'href="(?!#)', outside_scripts)
    assert "@import" not in page
    assert not re.search(r"url\(", outside_scripts)
    assert "sourceMappingURL" not in page


def test_the_policy_names_exactly_the_scripts_and_styles_of_the_page() -> None:
    """Every hash in the policy is that of a script or style, and every one of them is hashed."""
    page = page_html(situation(text=HOSTILE[0]), "sv")
    policy = html.unescape(re.search(r'Policy" content="([^"]*)"', page)[1])
    for element in ("script", "style"):
        texts = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        hashes = [
            base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts
        ]
        named = re.search(rf"{element}-src ([^;]*)", policy)[1].split()
        assert named == [f"'sha256-{value}'" for value in hashes]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_a_group_of_points_is_drawn_as_its_cells() -> None:
    """An outline of five reports would tell where each is; the middle of a circle is a cell's."""
    one = situation()
    circle = one.views[0].alerts[0]
    group = replace(circle, radius_m=None, geometry=shapely.Point(circle.x, circle.y).buffer(7))
    assert drawn(circle, one) is circle.geometry
    assert drawn(group, one).equals(one.cells.union(group.cells))


def test_who_reported_and_which_unit_never_reach_the_page() -> None:
    """Personal columns stay in the layers."""
    page = page_html(situation(), "sv")
    everything = page + json.dumps(content_of(page), ensure_ascii=False)
    assert "boende" not in everything
    assert "Områdespolis" not in everything
    assert "vid stranden" not in everything, "single incidents must not be on the page"


def test_paths_are_not_told_only_file_names() -> None:
    """The folder that a source lay in may hold a person's name."""
    one = situation()
    report = one.reports[0]
    object.__setattr__(report, "path", "/home/hemligt/bad.csv")
    page = page_html(one, "sv")
    assert "bad.csv" in page
    assert "hemligt" not in page


def test_read_accepted_left_out_and_the_reasons_are_on_the_page() -> None:
    """Nothing is dropped silently: 602 = 600 + 2, each with a reason."""
    page = page_html(situation(), "sv")
    row = re.search(r"<th scope=\"row\">Rapporterade händelser.*?</ul>", page, re.DOTALL)[0]
    assert re.findall(r'number">(\d+)<', row) == ["602", "600", "2"]
    assert re.search(r"Utelämnade: \D+ \(1\), \D+ \(1\)\.", row)


def test_too_little_data_makes_no_claim() -> None:
    """No hotspot, no list, and the notes say why."""
    views = content_of(page_html(situation(enough=False), "sv"))["views"]
    assert all(view["spots"] == [] and view["bin"] is None for view in views)
    assert all(view["points"] and view["warnings"] for view in views)


def test_every_hotspot_comes_with_its_words() -> None:
    """The list says everything that the map says."""
    spots = content_of(page_html(situation(), "en"))["views"][0]["spots"]
    assert [spot["rank"] for spot in spots] == [1, 2, 3]
    for spot in spots:
        for key in ("name", "reason", "peak", "change", "n", "times", "near", "patrol", "area"):
            assert spot[key], key


def test_json_cannot_leave_its_element() -> None:
    """A hostile text comes back whole, and no tag, comment or line separator is written as such."""
    for text in HOSTILE:
        block = json_block({"text": text})
        assert not re.search("[<>&\u2028\u2029]", block.text)
        assert json.loads(block.text) == {"text": text}


@given(st.lists(st.integers(-(2**40), 2**40)))
def test_numbers_come_back_from_their_bytes(values: list[int]) -> None:
    """Packing loses nothing."""
    assert read_varints(varints(np.array(values, dtype=np.int64))) == values


@given(st.lists(st.integers(-(2**30), 2**30)))
def test_differences_add_up_to_the_numbers(values: list[int]) -> None:
    """A stream of differences tells the same numbers."""
    streams = Streams()
    assert streams.add(values, deltas=True) == [0, len(values), 1]
    assert np.cumsum(read_varints(streams.data)).tolist() == values


def test_long_data_are_compressed_short_are_not() -> None:
    """A small page needs no decompression in the browser."""
    assert bytes_block(b"ab") == Block("bytes", base64.b85encode(b"ab").decode())
    long = bytes_block(bytes(100_000))
    assert long.encoding == "deflate"
    assert zlib.decompress(base64.b85decode(long.text)) == bytes(100_000)
    mixed = np.random.default_rng(4).integers(0, 256, 300_000).astype(np.uint8).tobytes()
    block = bytes_block(mixed + bytes(200_000))
    assert "<" not in block.text
    assert zlib.decompress(base64.b85decode(block.text.replace(",", "<"))) == mixed + bytes(200_000)


def test_shapes_are_taken_apart_ring_by_ring() -> None:
    """A hole is a ring, a multipolygon's parts belong to one shape, nothing is lost."""
    holed = shapely.box(0, 0, 10, 10) - shapely.box(4, 4, 5, 5)
    two = shapely.union_all([shapely.box(20, 0, 21, 1), shapely.box(30, 0, 31, 1)])
    line = shapely.LineString([(0, 0), (1, 1)])
    lines, owner = lines_of(np.array([holed, two, line], dtype=object))
    assert owner.tolist() == [0, 0, 1, 1, 2]
    assert shapely.get_num_coordinates(lines).tolist() == [5, 5, 5, 5, 2]


@pytest.mark.parametrize(
    ("crs", "bounds"),
    [
        (3006, (473_000, 6_543_000, 504_000, 6_576_000)),
        (3006, (266_000, 6_130_000, 920_000, 7_680_000)),
        (3011, (90_000, 6_500_000, 190_000, 6_620_000)),
        (2100, (470_000, 4_190_000, 500_000, 4_220_000)),
        (26916, (200_000, 3_870_000, 260_000, 3_910_000)),
        (3857, (0, 0, 10_000, 10_000)),
    ],
)
def test_the_polynomial_agrees_with_proj(crs: int, bounds: tuple[float, ...]) -> None:
    """Anywhere within the bounds a point is drawn within the promised distance of PROJ's."""
    fitted = fit_mercator(crs, bounds)
    rng = np.random.default_rng(3)
    x, y = rng.uniform(bounds[0], bounds[2], 5000), rng.uniform(bounds[1], bounds[3], 5000)
    true = Transformer.from_crs(crs, 3857, always_xy=True).transform(x, y)
    assert np.hypot(*(a - b for a, b in zip(fitted(x, y), true, strict=True))).max() < 2 * ERROR_M


def test_what_lies_far_outside_the_area_is_still_drawn_right() -> None:
    """The polynomials are fitted to all that is drawn, not to the area alone."""
    one = situation()
    layer = one.layers[0]
    far = shapely.points([(495_630.0, 6_567_250.0), (700_000.0, 7_000_000.0)])
    page = page_html(replace(one, layers=(replace(layer, geometry=far), *one.layers[1:])), "sv")
    given = content_of(page)["projection"]
    fitted = Projection(
        tuple(given["centre"]),
        tuple(given["half"]),
        given["degree"],
        np.array(given["east"]),
        np.array(given["north"]),
    )
    true = Transformer.from_crs(3006, 3857, always_xy=True).transform(700_000.0, 7_000_000.0)
    drawn = fitted(np.array([700_000.0]), np.array([7_000_000.0]))
    assert np.hypot(drawn[0] - true[0], drawn[1] - true[1]).max() < 2 * ERROR_M


def test_gathered_symbols_keep_their_sum() -> None:
    """However many points, at most so many symbols, and none is lost."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 40_000, (2, 30_000))
    _, _, count, size = gather(x, y, most=2000)
    assert len(count) <= 2000
    assert count.sum() == 30_000
    assert size > 125


def test_ninety_thousand_cells_and_a_million_events_stay_small() -> None:
    """The page's budget: 1.5 MB."""
    big = big_situation()
    assert len(big.cells) == 90_000
    assert big.views[0].n > 1_000_000
    page = page_html(big, "sv")
    assert len(page.encode()) <= 1_500_000
    view = content_of(page)["views"][0]
    assert len(view["spots"]) == 60
    assert "20 till" in view["more"]


def test_a_page_keeps_its_size_by_counting_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that would be too large is made with less room for what it counts; maps stay whole."""
    full = page_html(situation(), "sv")
    most = round(len(full.encode()) * 0.99)
    monkeypatch.setattr(html_module, "MOST_PAGE", most)
    page = page_html(situation(), "sv")
    assert len(page.encode()) <= most
    (before, after) = (content_of(one) for one in (full, page))
    assert before["cube"]["hoursPerBin"] == 1
    assert after["cube"] is None
    names = [[spot["name"] for spot in one["views"][0]["spots"]] for one in (before, after)]
    assert names[0] == names[1]
    assert len(names[0]) == 3


def test_the_scripts_pass_their_own_tests() -> None:
    """The page's JavaScript, tested by Node."""
    node = shutil.which("node")
    if node is None:
        absent("node")
    tests = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    assert tests
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
