"""Promises of time from timed positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import dwell as dwell_module
from geo.dwell import SQUARE_M, Dwell, DwellBuilder, Rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

START = 1_622_505_600  # 2021-06-01 00:00 UTC, a Tuesday
Position = tuple[int, float, float, float]


def clock(hours: Ints) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Give month and hour of the week of hours since 1970, a Thursday, by universal time."""
    month = (hours * 3600).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    return (month + 1970 * 12).astype(np.int32), ((hours + 3 * 24) % 168).astype(np.int16)


def builder(reach: shapely.Geometry | None = None, **rules: float) -> DwellBuilder:
    """Make a builder on a clock without summer time."""
    return DwellBuilder(Rules(**rules), clock, reach)


def fed(made: DwellBuilder, rows: list[Position], size: int = 10_000) -> tuple[Dwell, list[str]]:
    """Feed positions (unit, seconds after START, x, y) in batches; what became of each."""
    words = []
    for i in range(0, len(rows), size):
        unit, at, x, y = zip(*rows[i : i + size], strict=True)
        judged = made.add(
            np.array(unit, dtype=np.int64),
            START + np.array(at, dtype=float),
            np.array(x, dtype=float),
            np.array(y, dtype=float),
        )
        said = np.full(len(unit), "", dtype="<U5")
        said[judged.late], said[judged.again], said[judged.fast] = "late", "again", "fast"
        words += said.tolist()
    return made.build(), words


def by_square(dwell: Dwell) -> dict[tuple[int, int], float]:
    """Add up seconds by square."""
    found: dict[tuple[int, int], float] = {}
    for x, y, s in zip(dwell.x, dwell.y, dwell.seconds, strict=True):
        key = (int(x // SQUARE_M), int(y // SQUARE_M))
        found[key] = found.get(key, 0.0) + s
    return found


def test_standing_keeps_the_place_and_the_time() -> None:
    """Two minutes on one spot are 120 seconds on that very spot."""
    dwell, _ = fed(builder(), [(0, t, 510.25, 1033.5) for t in (0, 60, 120)])
    assert (dwell.x.tolist(), dwell.y.tolist(), dwell.seconds.tolist()) == (
        [510.25],
        [1033.5],
        [120.0],
    )
    assert (int(dwell.month[0]), int(dwell.hour[0])) == (2021 * 12 + 5, 24)


def test_a_drive_is_spread_evenly_along_its_line() -> None:
    """100 m in 100 s from edge to edge of four squares are 25 s in each."""
    dwell, _ = fed(builder(), [(0, 0, 0, 10), (0, 100, 100, 10)])
    assert by_square(dwell) == pytest.approx({(i, 0): 25.0 for i in range(4)})
    assert dwell.x.tolist() == [12.5, 37.5, 62.5, 87.5]


def test_time_is_cut_where_the_hour_ends() -> None:
    """From 00:59:00 to 01:03:00 on one spot: one minute in the one hour, three in the next."""
    dwell, _ = fed(builder(), [(0, 3540, 5, 5), (0, 3780, 5, 5)])
    assert dict(zip(dwell.hour.tolist(), dwell.seconds.tolist(), strict=True)) == {24: 60, 25: 180}


def test_of_a_gap_nothing_is_known() -> None:
    """Exactly the longest gap counts; a second more does not, and the track goes on after it."""
    made = builder(longest_gap_s=300.0)
    dwell, _ = fed(made, [(0, t, 5, 5) for t in (0, 300, 601, 611)])
    assert (dwell.seconds.sum(), made.gap_s) == (310.0, 301.0)


def test_a_position_that_cannot_be_reached_is_passed_over() -> None:
    """One spike is left out, and the time runs from the good position before to the one after."""
    rows = [(0, 0, 5.0, 5.0), (0, 10, 90_000.0, 5.0), (0, 20, 5.0, 5.0)]
    dwell, words = fed(builder(), rows)
    assert words == ["", "fast", ""]
    assert by_square(dwell) == {(0, 0): 20.0}


def test_only_what_is_no_gap_is_judged_by_its_speed() -> None:
    """Exactly the longest gap is judged; a second more, and the unit may be anywhere."""
    for span, word in ((300, "fast"), (301, "")):
        _, words = fed(builder(longest_gap_s=300.0), [(0, 0, 5.0, 5.0), (0, span, 90_000.0, 5.0)])
        assert words == ["", word]


def test_many_pieces_are_laid_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """However far stretches are, no more pieces than so many are held, and the sums are one."""
    rng = np.random.default_rng(6)
    rows = [(0, 60.0 * t, *rng.uniform(0, 3000, 2).tolist()) for t in range(100)]
    whole, _ = fed(builder(), rows)
    monkeypatch.setattr(dwell_module, "_MOST_PIECES", 150)
    monkeypatch.setattr(dwell_module, "_MOST_WAITING", 10)
    held = []
    lay = DwellBuilder._lay
    monkeypatch.setattr(
        DwellBuilder, "_lay", lambda made, *a: (held.append(a[-1].sum()), lay(made, *a))
    )
    parts, _ = fed(builder(), rows)
    assert len(held) > 20
    assert max(held) < 300
    for name in ("x", "y", "month", "hour", "seconds"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name))


def test_one_wrong_position_costs_no_more_than_the_longest_gap() -> None:
    """After a false first fix all is well when nothing is known any more of where it was."""
    rows = [(0, 0, 900_000.0, 5.0), *((0, t, 5.0, 5.0) for t in range(10, 1000, 10))]
    made = builder(longest_gap_s=300.0)
    dwell, words = fed(made, rows)
    assert words.count("fast") == 30
    assert (made.gap_s, dwell.seconds.sum()) == (310.0, 680.0)


def test_seconds_outside_the_reach_are_counted_apart() -> None:
    """A drive out of the area is cut at its edge."""
    made = builder(shapely.box(0, 0, 50, 25))
    dwell, _ = fed(made, [(0, 0, 0, 10), (0, 100, 100, 10)])
    assert by_square(dwell) == pytest.approx({(0, 0): 25.0, (1, 0): 25.0})
    assert made.outside_s == pytest.approx(50.0)


def test_late_and_repeated_positions_are_told() -> None:
    """Within a batch order is free; what is older than the batch before is late."""
    rows = [(0, 20, 5, 5), (0, 0, 5, 5), (0, 20, 9, 9), (0, 30, 5, 5), (0, 10, 5, 5), (0, 30, 5, 5)]
    made = builder()
    dwell, words = fed(made, rows, size=4)
    assert words == ["", "", "again", "", "late", "again"]
    assert dwell.seconds.sum() == 30.0


def test_newest_first_is_the_same_as_oldest_first() -> None:
    """A file that goes back in time gives the same seconds, batch by batch."""
    rng = np.random.default_rng(3)
    rows = [(0, float(t), 9.0 * t, float(rng.normal(0, 20))) for t in range(0, 4000, 7)]
    one, _ = fed(builder(), rows, size=50)
    other, words = fed(builder(), rows[::-1], size=50)
    assert set(words) == {""}
    np.testing.assert_allclose(one.seconds, other.seconds)
    np.testing.assert_allclose(one.x, other.x)


def test_a_mean_never_leaves_its_square() -> None:
    """Time spent at the last float before an edge stays on this side of it."""
    edge = float(np.nextafter(SQUARE_M * 20_000, 0))
    dwell, _ = fed(builder(), [(0, t, edge, edge) for t in (0, 0.1, 0.7, 100 / 3)])
    assert by_square(dwell).keys() == {(19_999, 19_999)}


tracks = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 4000),
        st.floats(-3000, 3000, allow_subnormal=False),
        st.floats(-3000, 3000, allow_subnormal=False),
    ),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(tracks, st.integers(1, 20))
def test_no_second_is_lost_or_made(rows: list[Position], size: int) -> None:
    """Seconds, gap and outside add up to last minus first good position, unit by unit.

    In every order, in batches of every size, with every kind of mistake among them.
    """
    made = builder(shapely.box(-1000, -1000, 2000, 900), longest_gap_s=250.0, fastest_mps=30.0)
    dwell, words = fed(made, rows, size)
    good = [row for row, word in zip(rows, words, strict=True) if not word]
    spans = [
        max(times) - min(times)
        for unit in range(3)
        if (times := [t for u, t, _, _ in good if u == unit])
    ]
    assert dwell.seconds.sum() + made.gap_s + made.outside_s == pytest.approx(sum(spans))


def slowly(rows: list[Position], gap: float, fastest: float) -> dict[tuple[int, int, int], float]:
    """Do the same one second after the other, as the rules are told in words."""
    found: dict[tuple[int, int, int], float] = {}
    last: dict[int, Position] = {}
    for row in sorted(rows, key=lambda r: r[1]):
        unit, t, x, y = row
        before = last.get(unit)
        if before is None or t - before[1] > gap:
            last[unit] = row
            continue
        _, t0, x0, y0 = before
        if t == t0 or ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5 / (t - t0) > fastest:
            continue
        last[unit] = row
        steps = int(t - t0) * 50
        for i in range(steps):
            part = (i + 0.5) / steps
            square = ((x0 + part * (x - x0)) // SQUARE_M, (y0 + part * (y - y0)) // SQUARE_M)
            key = (int(square[0]), int(square[1]), int((START + t0 + part * (t - t0)) // 3600))
            found[key] = found.get(key, 0.0) + 1 / 50
    return found


def test_agrees_with_stepping_through_every_fiftieth_of_a_second() -> None:
    """The same in each hour, and in squares of 100 and 500 m but for pieces over their edges."""
    rng = np.random.default_rng(5)
    rows: list[Position] = []
    for unit in range(3):
        t, x, y = 3300.0, float(unit), 0.0
        for _ in range(60):
            t += int(rng.choice([1, 5, 20, 60, 400], p=[0.3, 0.4, 0.2, 0.08, 0.02]))
            x, y = x + rng.normal(0, 60), y + rng.normal(0, 60)
            jump = 50_000.0 if rng.random() < 0.05 else 0.0
            rows.append((unit, t, x + jump, y))
    rows.sort(key=lambda row: row[1])
    dwell, _ = fed(builder(longest_gap_s=300, fastest_mps=40), rows, size=37)
    slow = slowly(rows, 300, 40)
    assert dwell.seconds.sum() == pytest.approx(sum(slow.values()))
    per_hour: dict[int, float] = {}
    for (_, _, hour), seconds in slow.items():
        of_week = (hour + 72) % 168
        per_hour[of_week] = per_hour.get(of_week, 0.0) + seconds
    for hour in np.unique(dwell.hour).tolist():
        assert dwell.seconds[dwell.hour == hour].sum() == pytest.approx(per_hour[hour], abs=0.05)
    ours = by_square(dwell)
    theirs: dict[tuple[int, int], float] = {}
    for (column, row, _), seconds in slow.items():
        theirs[column, row] = theirs.get((column, row), 0.0) + seconds
    squares = sorted({*ours, *theirs})
    apart = np.array([ours.get(s, 0.0) - theirs.get(s, 0.0) for s in squares])
    # No piece is longer than 25 m, and each lies where its middle is: at most half of one is off.
    for side, most in ((4, 0.12), (20, 0.03)):
        coarse: dict[tuple[int, int], float] = {}
        for (column, row), off in zip(squares, apart.tolist(), strict=True):
            key = (column // side, row // side)
            coarse[key] = coarse.get(key, 0.0) + off
        assert sum(map(abs, coarse.values())) / 2 < most * sum(slow.values())
