"""Hotspots as the page gets them: numbers, places and short texts against independent values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pyproj import Transformer
from situations import situation

from maps.packing import Streams
from maps.situation import Hotspot, Peak, Situation
from maps.spots import spot_of
from maps.words import words


def read(data: bytes, place: list[int]) -> list[int]:
    """Read a stream again, one byte after the other, as maps/packing.py's docstring says."""
    start, count, deltas = place
    out: list[int] = []
    at, total = start, 0
    for _ in range(count):
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        value = -(value + 1) // 2 if value % 2 else value // 2
        total = total + value if deltas else value
        out.append(total)
    return out


def described(spot: Hotspot, one: Situation, language: str = "sv") -> tuple[dict[str, Any], bytes]:
    """Describe a hotspot; also the bytes of its streams."""
    streams = Streams()
    return spot_of(spot, one, words(language), streams), streams.data


def first(one: Situation) -> Hotspot:
    """Take the first hotspot of all families."""
    return one.views[0].hotspots[0]


@pytest.mark.parametrize(
    ("crs", "x", "y"),
    [
        (3006, 495630.4, 6567249.6),
        (3011, 153000.0, 6580000.0),
        (3006, 917000.0, 7375000.0),
        (32633, 495630.0, 6567250.0),
    ],
)
def test_degrees_are_those_of_proj(crs: int, x: float, y: float) -> None:
    """Both coordinates are the same point: PROJ takes the degrees back to the metres within 0.1."""
    one = replace(situation(), crs=crs)
    spot, _ = described(replace(first(one), x=x, y=y), one)
    assert spot["at"] == [round(x), round(y)]
    lon, lat = spot["lngLat"]
    assert [lon, lat] == [round(lon, 6), round(lat, 6)]
    back = Transformer.from_crs("EPSG:4326", f"EPSG:{crs}", always_xy=True).transform(lon, lat)
    assert np.hypot(back[0] - round(x), back[1] - round(y)) < 0.1


def test_numbers_are_those_of_the_hotspot() -> None:
    """Count, ratio, minutes and cells come through; cells in the order of the situation's."""
    one = situation()
    for spot in one.views[0].hotspots:
        told, data = described(spot, one)
        assert told["count"] == spot.n
        assert told["ratio"] == pytest.approx(spot.ratio, abs=5e-4)
        assert told["minutes"] == spot.patrol_minutes
        assert read(data, told["cells"]) == spot.cells.tolist()
        assert read(data, told["hours"]) == [round(v * told["unit"]) for v in spot.hours.ravel()]


def test_without_patrols_there_are_no_minutes() -> None:
    """Nothing known about presence is not the same as nobody there."""
    one = situation()
    told, _ = described(replace(first(one), patrol_minutes=None, gap_rank=None), one)
    assert told["minutes"] is None
    assert told["patrol"] is None
    assert described(replace(first(one), patrol_minutes=0.0), one)[0]["minutes"] == 0.0


@pytest.mark.parametrize(
    ("p", "sv", "en"),
    [
        (1e-9, "p < 0,001", "p < 0.001"),
        (0.000999, "p < 0,001", "p < 0.001"),
        (0.001, "p = 0,001", "p = 0.001"),
        (0.0124, "p = 0,012", "p = 0.012"),
        (0.0996, "p = 0,100", "p = 0.100"),
        (0.237, "p = 0,24", "p = 0.24"),
        (1.0, "p = 1,00", "p = 1.00"),
        (float("nan"), "", ""),
    ],
)
def test_p_is_written_with_the_precision_that_it_deserves(p: float, sv: str, en: str) -> None:
    """Three decimals below a tenth, two above; what is less than 0.001 is not told apart."""
    one = situation()
    for language, text in (("sv", sv), ("en", en)):
        told, _ = described(replace(first(one), p=p), one, language)
        assert told["p"].replace("\u00a0", " ") == text


def test_counts_and_verdict_are_told_apart() -> None:
    """The month, the one before and a year ago as counts; whether it differs in its own words."""
    one = situation()
    told, _ = described(first(one), one)
    assert told["change"] == "3 i december 2021, 0 i november 2021, 5 i december 2020"
    assert told["trend"] == "fler än samma månad i fjol"
    assert told["trend_kind"] == "up"


def test_a_table_without_dates_claims_no_trend() -> None:
    """No month, no counts of months, no verdict about them."""
    one = replace(situation(), month=0, months=(0, 0))
    told, _ = described(replace(first(one), change=None), one)
    assert (told["change"], told["trend"], told["trend_kind"]) == ("", "", "unknown")


def test_the_block_bounds_the_hours_of_the_peak() -> None:
    """Friday to Saturday 20 to 24, the last hour included; None where nothing stands out."""
    one = situation()
    spot = replace(first(one), peak=Peak(4, 5, 20, 23, 30, 60))
    told, _ = described(spot, one)
    assert told["peak"] == "fre–lör 20–24"
    assert told["block"] == {"firstDay": 4, "lastDay": 5, "firstHour": 20, "lastHour": 23}
    assert described(replace(spot, peak=None), one)[0]["block"] is None


def test_what_is_near_is_told_by_kind() -> None:
    """Each kind once, under its own name, with the distances that the sentence has."""
    one = situation()
    told, _ = described(first(one), one)
    assert told["around"] == [
        ["Badplatser", "Lanna badgruva"],
        ["Problemplatser i trafiken", "E18 (400\u00a0m)"],
    ]
    assert told["near"] == "Lanna badgruva, E18 (400\u00a0m)"
    assert described(replace(first(one), near=()), one)[0]["around"] == []
