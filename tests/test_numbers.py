"""Promises of reading numbers and pairs of coordinates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.numbers import read_numbers, read_pair

NBSP, THIN, MINUS = "\u00a0", "\u202f", "\u2212"


def text(*values: str | None) -> pd.Series:
    """Make a column of text."""
    return pd.Series(list(values), dtype="str")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1", 1), ("-1", -1), ("+1", 1), ("1.5", 1.5), ("1,5", 1.5), (" 1,5 ", 1.5), ("1,", 1),
        (",5", 0.5),
        ("1 234", 1234), ("1 234,5", 1234.5), (f"1{NBSP}234,5", 1234.5),
        (f"12{THIN}345{THIN}678", 12345678),
        ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1.234.567", 1234567),
        ("1.234.567,25", 1234567.25),
        ("1.234", 1.234), ("6 567 250,25", 6567250.25), (f"{MINUS}3,5", -3.5),
        (f"{NBSP}7{NBSP}", 7),
        ("1e3", 1000), ("59°14'42\"N", 59.245), ("59° 14′ 42″ N", 59.245),
        ("14°55.4'", 14.923333333333334),
        ("14°30'V", -14.5), ("S 33,5°", -33.5), ("N59°14'42\"", 59.245),
    ],
)  # fmt: skip
def test_a_number_is_read_as_a_swede_would(written: str, number: float) -> None:
    """Spaces, commas, typographic minus and degrees, alone and among others."""
    for column in (text(written), text("12", written, "x")):
        numbers, unreadable = read_numbers(column)
        at = len(column) // 2
        assert numbers[at] == pytest.approx(number, rel=1e-15)
        assert not unreadable[at]


@pytest.mark.parametrize(
    "written",
    ["x", "-", "1 23", "1,2,3", "1.2.3", "--5", "5 m", "inf", "-Infinity", "nan", "NaN", "1e999",
     "59°61'0\"", "200°", "12:30", "1_000", "0x10", "٣x", "N59°14'S"],
)  # fmt: skip
def test_what_is_no_number_is_unreadable_and_nan(written: str) -> None:
    """Half-numbers are not half-read, alone or among others."""
    for column in (text(written), text("12", written)):
        numbers, unreadable = read_numbers(column)
        assert np.isnan(numbers[-1])
        assert unreadable[-1]


def test_missing_is_not_unreadable() -> None:
    """Empty cells are missing, not wrong."""
    for column in (text(None, "", "  ", "1"), text(None, "", "  ", "1", "x")):
        numbers, unreadable = read_numbers(column)
        assert np.isnan(numbers[:3]).all()
        assert not unreadable[:4].any()


@given(st.lists(st.floats(-1e9, 1e9), max_size=20))
def test_every_number_written_in_swedish_comes_back(numbers: list[float]) -> None:
    """Point, comma, and thousands with no-break spaces give back the same number."""
    plain = [repr(n) for n in numbers]
    swedish = [
        f"{n:,.6f}".replace(",", NBSP).replace(".", ",").replace("-", MINUS) for n in numbers
    ]
    for written, expected in (
        (plain, numbers),
        ([p.replace(".", ",") for p in plain], numbers),
        (swedish, [float(f"{n:.6f}") for n in numbers]),
    ):
        found, unreadable = read_numbers(text(*written))
        np.testing.assert_array_equal(found, np.array(expected))
        assert not unreadable.any()


@given(
    st.lists(st.sampled_from(["1", "1,5", "2.5", "", "x", "1 000", "-3", None, "1e5"]), max_size=12)
)
def test_a_value_is_read_the_same_whatever_stands_beside_it(values: list[str | None]) -> None:
    """The fast way for clean columns and the careful way agree."""
    together, wrong = read_numbers(text(*values))
    alone = [read_numbers(text(value)) for value in values]
    np.testing.assert_array_equal(together, np.array([n[0] for n, _ in alone]))
    assert wrong.tolist() == [bool(w[0]) for _, w in alone]


def test_columns_of_numbers_are_taken_as_they_are() -> None:
    """Typed columns keep their values; NA is missing, infinity is no measure."""
    numbers, unreadable = read_numbers(pd.Series([1, None], dtype="Int64"))
    assert numbers[0] == 1
    assert np.isnan(numbers[1])
    assert not unreadable.any()
    numbers, unreadable = read_numbers(pd.Series([1.5, np.inf, np.nan]))
    assert unreadable.tolist() == [False, True, False]
    assert np.isnan(numbers[1])


@pytest.mark.parametrize(
    ("written", "pair"),
    [
        ("59.2449, 14.9233", (59.2449, 14.9233)),
        ("59.2449,14.9233", (59.2449, 14.9233)),
        ("59.2449 14.9233", (59.2449, 14.9233)),
        ("59,2449 14,9233", (59.2449, 14.9233)),
        ("59,2449; 14,9233", (59.2449, 14.9233)),
        ("59,2449, 14,9233", (59.2449, 14.9233)),
        ("(59.2449, 14.9233)", (59.2449, 14.9233)),
        ("[14.9233, 59.2449]", (14.9233, 59.2449)),
        ("6567250, 495630", (6567250, 495630)),
        ("POINT(14.9233 59.2449)", (14.9233, 59.2449)),
        ("SRID=4326;POINT Z (14.9233 59.2449 0)", (14.9233, 59.2449)),
        ("-33.5, -70", (-33.5, -70)),
        (f"{MINUS}33,5 {MINUS}70,25", (-33.5, -70.25)),
        ("59°14'42\"N 14°55'24\"E", (14.923333333333332, 59.245)),
        ("14°55'24\"E, 59°14'42\"N", (14.923333333333332, 59.245)),
        ("N59°14'42\" E14°55'24\"", (14.923333333333332, 59.245)),
        ("59°14'42\" 14°55'24\"", (59.245, 14.923333333333332)),
    ],
)
def test_a_pair_in_one_column_is_cut_where_it_is_meant(
    written: str, pair: tuple[float, float]
) -> None:
    """The order is as written, unless letters tell which is east."""
    a, b, unreadable = read_pair(text(written))
    assert (a[0], b[0]) == pytest.approx(pair, rel=1e-12)
    assert not unreadable[0]


@pytest.mark.parametrize(
    "written",
    ["59,2449,14,9233", "59.2449", "x, y", "1, 2, 3", "POINT EMPTY", "POINT(1)", "POINT(a b)",
     "LINESTRING(0 0, 1 1)", "59°14'42\"N", "59°14'42\"N x"],
)  # fmt: skip
def test_a_pair_that_could_be_cut_in_two_ways_is_unreadable(written: str) -> None:
    """Nothing is guessed, and the rest of the column is read all the same."""
    a, b, unreadable = read_pair(text(written, None, "1, 2"))
    assert np.isnan(a[:2]).all()
    assert np.isnan(b[:2]).all()
    assert unreadable.tolist() == [True, False, False]
    assert (a[2], b[2]) == (1, 2)
