"""The background: it fits its bytes, and what matters most is what stays."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
import situations as made

from maps import ground
from maps.ground import background, names
from maps.packing import Streams

AREA = shapely.Polygon(made.RING)
BOUNDS = (470_000.0, 6_540_000.0, 506_000.0, 6_580_000.0)
EXTENT = 40_000.0
PIXEL = EXTENT / 2000


def layer_of(**classes):
    """Make a background: geometries by class."""
    words = [word for word, some in classes.items() for _ in some]
    table = pd.DataFrame({"id": [str(i) for i in range(len(words))], "class": words})
    every = [np.asarray(some, dtype=object) for some in classes.values()]
    return made.layer("background", table, np.concatenate(every))


def drawn(*layers):
    """Give what is drawn as (class, where, shapes), and the letters it takes packed by itself."""
    streams = Streams()
    found = background(replace(made.situation(), background=layers), BOUNDS, streams)
    data = streams.data
    letters = len(base64.b64encode(zlib.compress(data, 9)))
    return [(one["class"], one["where"], read_back(one["shapes"], data)) for one in found], letters


def read_back(packed, data):
    """Make shapes of their streams again, number by number; rings are left open."""
    x, y = (np.cumsum(numbers(packed[name], data)) * packed["unit"] for name in "xy")
    xy, shapes, at = np.column_stack([x, y]), [], 0
    lengths = iter(numbers(packed["lengths"], data))
    for parts in numbers(packed["parts"], data):
        lines = []
        for _ in range(parts):
            length = next(lengths)
            lines.append(xy[at : at + length])
            at += length
        shapes.append(lines)
    return shapes


def numbers(stream, data):
    """Decode zigzag LEB128 the plain way, one byte at a time."""
    place, count, _ = stream
    found = []
    while len(found) < count:
        value, shift = 0, 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        found.append(-(value + 1) // 2 if value % 2 else value // 2)
    return np.array(found)


def lines_in(found, wanted):
    """Gather all lines of a class."""
    parts = [part for one, _, shapes in found if one == wanted for s in shapes for part in s]
    return shapely.multilinestrings([shapely.linestrings(part) for part in parts])


def areas_in(found, wanted):
    """Gather the areas of a class by their outer rings."""
    return [shapely.Polygon(s[0]) for one, _, shapes in found if one == wanted for s in shapes]


def walks(rng, many, steps, step, turn):
    """Make winding lines of so many steps that start anywhere and hardly leave the map."""
    west, south, east, north = BOUNDS
    heading = rng.uniform(0, 2 * np.pi, (many, 1)) + np.cumsum(
        rng.normal(0, turn, (many, steps)), 1
    )
    start = np.column_stack([rng.uniform(west, east, many), rng.uniform(south, north, many)])
    ways = np.cumsum(np.dstack([np.cos(heading), np.sin(heading)]) * step, axis=1)
    return start[:, None, :] + np.concatenate([np.zeros((many, 1, 2)), ways], axis=1)


def cut(ways, corners):
    """Cut lines into segments end to end, as road registers hold them."""
    return np.concatenate(
        [
            shapely.linestrings(ways[:, at : at + corners + 1])
            for at in range(0, ways.shape[1] - 1, corners)
        ]
    )


def lake(rng, x, y, radius):
    """Make a lake with bays."""
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    bays = sum(rng.normal(0, 0.15 / k) * np.cos(k * turn + k) for k in range(1, 9))
    far = radius * np.maximum(1 + bays, 0.4)
    return shapely.Polygon(np.column_stack([x + far * np.cos(turn), y + far * np.sin(turn)]))


@pytest.fixture(scope="module")
def large():
    """Fifty thousand segments of roads, four hundred lakes, and as many plain shapes."""
    rng = np.random.default_rng(1)
    major = walks(rng, 30, 600, 40.0, 0.05)
    short, long = walks(rng, 23_000, 6, 35.0, 0.3), walks(rng, 23_000, 6, 60.0, 0.3)
    at = np.arange(400)
    lakes = [
        lake(rng, BOUNDS[0] + 900 + i % 20 * 1750, BOUNDS[1] + 900 + i // 20 * 1950, radius)
        for i, radius in zip(at, np.geomspace(8, 700, 400)[rng.permutation(400)], strict=True)
    ]
    fields = [lake(rng, *rng.uniform(BOUNDS[:2], BOUNDS[2:]), 300) for _ in range(400)]
    classes = {
        "road_major": cut(major, 5),
        "road_minor": shapely.linestrings(np.concatenate([short, long])),
        "water": lakes,
        "field": fields,
    }
    assert len(classes["road_major"]) + len(classes["road_minor"]) == 49_600
    return major, lakes, layer_of(**classes)


def test_a_large_background_fits_and_keeps_every_main_road_and_lake(large) -> None:
    """No main road strays by more than two pixels of the whole map, no lake of three is lost."""
    major, lakes, layer = large
    found, letters = drawn(layer)
    assert 0.7 * ground.MOST_BYTES < letters <= ground.MOST_BYTES
    roads = lines_in(found, "road_major")
    shapely.prepare(roads)
    window = shapely.box(*BOUNDS)
    for way in major:
        true = shapely.intersection(shapely.linestrings(way), window)
        points = shapely.points(shapely.get_coordinates(shapely.segmentize(true, 20)))
        assert shapely.distance(points, roads).max() < 2 * PIXEL
    water = shapely.STRtree(areas_in(found, "water"))
    wide = [one for one in lakes if np.sqrt(one.area) > 3 * PIXEL]
    assert len(wide) > 200
    for one in wide:
        near = water.geometries[water.query(one, predicate="intersects")]
        assert len(near) == 1
        assert one.symmetric_difference(near[0]).area < one.length * PIXEL


def test_what_matters_least_gives_way_first_and_the_largest_of_it_last(large) -> None:
    """Fields are gone; of the streets every long one is left, and some of the short ones."""
    _, _, layer = large
    found, _ = drawn(layer)
    classes = {one for one, _, _ in found}
    assert classes == {"road_major", "road_minor", "water"}
    kept = shapely.STRtree(shapely.get_parts(lines_in(found, "road_minor")))
    minor = layer.geometry[(layer.table["class"] == "road_minor").to_numpy()]

    def share_of(streets):
        """Give the share of a sample whose ends and middle lie by what is drawn."""
        inside = streets[shapely.contains_properly(shapely.box(*BOUNDS), streets)][:1500]
        there = np.ones(len(inside), dtype=bool)
        for part in (0.0, 0.5, 1.0):
            at = shapely.line_interpolate_point(inside, part, normalized=True)
            near, _ = kept.query_nearest(at, max_distance=PIXEL, all_matches=False)
            there &= np.isin(np.arange(len(inside)), near)
        return there.mean()

    assert 0.1 < share_of(minor[:23_000]) < 0.9
    assert share_of(minor[23_000:]) > 0.99


@pytest.mark.parametrize("most", [400, 6_000, 40_000])
def test_it_fits_whatever_there_is_room_for(large, monkeypatch, most: int) -> None:
    """Where main roads and lakes alone are too much, they get coarser until they fit."""
    monkeypatch.setattr(ground, "MOST_BYTES", most)
    found, letters = drawn(large[2])
    assert letters <= most
    if most > 400:
        assert {"road_major", "water"} <= {one for one, _, _ in found}


def test_a_small_background_keeps_its_lines_and_its_pieces_are_joined() -> None:
    """Segments end to end are one line, within a fifth of a pixel and the metre's rounding."""
    rng = np.random.default_rng(2)
    (way,) = walks(rng, 1, 100, 30.0, 0.2)
    way += np.array([486_000, 6_560_000]) - way.mean(axis=0)
    true = shapely.linestrings(way)
    found, letters = drawn(layer_of(road_minor=cut(way[None], 4), plain=[]))
    assert [(one, where) for one, where, _ in found] == [("road_minor", "inside")]
    told = lines_in(found, "road_minor")
    assert len(told.geoms) == 1
    assert shapely.hausdorff_distance(told, true, densify=0.05) < EXTENT / 8000 * 1.5 + 1
    assert letters < 1000


def test_areas_that_were_cut_at_the_edge_of_a_sheet_are_one() -> None:
    """A lake in two halves is drawn without a seam."""
    whole = lake(np.random.default_rng(3), 486_000, 6_560_000, 900)
    halves = [whole & shapely.box(480_000, 6_550_000, 486_000, 6_570_000)]
    halves.append(whole - halves[0])
    found, _ = drawn(layer_of(water=halves))
    (told,) = areas_in(found, "water")
    assert told.symmetric_difference(whole).area < whole.length * EXTENT / 8000


def test_lines_are_cut_at_the_edge_of_the_area_and_none_is_lost() -> None:
    """Inside and outside add up to the whole; what is inside lies in the area."""
    rng = np.random.default_rng(4)
    ways = shapely.linestrings(walks(rng, 40, 300, 40.0, 0.02))
    window = shapely.box(*BOUNDS)
    found, _ = drawn(layer_of(railway=ways))
    parts = {
        where: shapely.multilinestrings([shapely.linestrings(p) for s in shapes for p in s])
        for _, where, shapes in found
    }
    true = shapely.intersection(shapely.union_all(ways), window)
    inside = true.intersection(AREA).length
    assert inside > 1000
    assert parts["inside"].length == pytest.approx(inside, rel=0.01)
    assert parts["outside"].length == pytest.approx(true.length - inside, rel=0.01)
    assert parts["inside"].difference(AREA.buffer(2)).is_empty


def test_what_lies_beside_the_map_is_not_drawn() -> None:
    """Neither what is far away nor what touches the edge in a point."""
    far = shapely.box(*BOUNDS).buffer(5000).exterior
    touching = shapely.box(BOUNDS[2], BOUNDS[3], BOUNDS[2] + 900, BOUNDS[3] + 900)
    found, letters = drawn(layer_of(road_major=[far], water=[touching]))
    assert found == []
    assert letters < 20


def test_a_short_link_is_worth_as_much_as_the_roads_it_links() -> None:
    """A gap in a through road would mislead; a short dead end is worth its own length."""
    lines = shapely.linestrings(
        [
            [(0, 0), (800, 0)],
            [(800, 0), (808, 0)],  # between two junctions
            [(808, 0), (1208, 0)],
            [(800, 0), (800, 16)],  # dead ends at both
            [(808, 0), (808, 24)],
            [(5000, 0), (5000, 40)],  # alone
        ]
    )
    assert ground._worth(lines, 1).tolist() == [100.0, 50.0, 50.0, 2.0, 3.0, 5.0]


def test_the_best_other_line_at_each_end_is_the_one_found_by_looking_at_all() -> None:
    """On random nets, with ties and with lines that begin and end at one place."""
    rng = np.random.default_rng(5)
    for _ in range(50):
        many = int(rng.integers(1, 12))
        node, whose = rng.integers(0, 6, 2 * many), np.tile(np.arange(many), 2)
        _, node = np.unique(node, return_inverse=True)
        worth = rng.integers(1, 5, many).astype(float)
        by_hand = [
            max([worth[w] for n, w in zip(node, whose, strict=True) if n == at and w != me] or [0])
            for at, me in zip(node, whose, strict=True)
        ]
        loops = {me for me in range(many) if node[me] == node[many + me]}
        told = ground._best_other(node, whose, worth)
        for end, me in enumerate(whose):
            if me not in loops:
                assert told[end] == by_hand[end]


def test_names_are_limited_in_number_and_in_length() -> None:
    """The largest places stay, and a name of any length takes sixty letters at most."""
    many = 900
    rng = np.random.default_rng(6)
    table = pd.DataFrame(
        {
            "id": [str(i) for i in range(many)],
            "name": [f"Ort {i} " + "å" * (i % 200) for i in range(many)],
            "population": np.arange(many) + 1,
        }
    )
    at = shapely.points(rng.uniform(BOUNDS[:2], BOUNDS[2:], (many, 2)))
    one = replace(made.situation(), background=(made.layer("places", table, at),))
    streams = Streams()
    told = names(one, BOUNDS, streams)
    assert len(told["texts"]) == ground.MOST_NAMES
    assert max(map(len, told["texts"])) == ground.LONGEST_NAME
    assert told["texts"][0].startswith("Ort 899 ååå")
    assert told["texts"][0].endswith("å…")
    assert {int(text.split()[1]) for text in told["texts"]} == set(range(500, 900))
