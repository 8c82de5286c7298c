"""Promises about damaged files, and about sound ones with anything in them.

The same damage as in ``bench/fuzz.py``, on fewer files: a hundred thousand are read there.
"""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import Seed, judge, mutant, seeds

from geo.errors import LagesbildError
from layers.formats import csv as separated
from layers.reading import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from layers.layer import RawTable

FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.name)
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], seed: Seed
) -> None:
    """No error but ours, no row lost or numbered twice, and not a word on the terminal."""
    for number in range(max(seed.share // 3, 1)):
        content = mutant(seed, random.Random(f"{seed.name} {number}"))  # noqa: S311 - no secret
        assert judge(seed, content, tmp_path) == "", f"mutant {number} of {seed.name}"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.name)
def test_a_seed_is_sound(tmp_path: Path, seed: Seed) -> None:
    """What is damaged was whole: read, counted by other means as it is read, left as it was."""
    path = tmp_path / seed.name
    path.write_bytes(seed.content)
    found = sum(len(t.data) + len(t.left_out) for t in format_of(path).read(path))
    assert found > 0
    assert seed.count is None or seed.count(path) == found
    assert judge(seed, seed.content, tmp_path) == ""
    assert [one.name for one in tmp_path.iterdir()] == [seed.name]
    assert path.read_bytes() == seed.content


def test_a_lost_row_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets its last row, or raises anything else, does not pass."""
    seed = seeds()[0]
    whole = separated.FORMAT.read

    def forgetful(path: Path, **options: Any) -> Iterator[RawTable]:
        for table in whole(path, **options):
            yield replace(table, data=table.data[:-1], rows=table.rows[:-1])

    def clumsy(path: Path, **options: Any) -> Iterator[RawTable]:
        raise KeyError(path, options)

    for reader, says in ((forgetful, "differ: 11, 12"), (clumsy, "KeyError")):
        format_ = replace(separated.FORMAT, read=reader)
        monkeypatch.setattr("mutants.format_of", lambda _, found=format_: found)
        assert says in judge(seed, seed.content, tmp_path)


@FEW
@given(
    table=st.lists(st.lists(TEXT, min_size=3, max_size=3), max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    delimiter=st.sampled_from(separated.DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_text_in_a_table_comes_back_cell_by_cell(
    tmp_path: Path,
    table: list[list[str]],
    encoding: str,
    delimiter: str,
    quoting: Any,
    end: str,
) -> None:
    """What Python's own writer wrote is read, whatever it is; only rows of nothing are no rows."""
    text = io.StringIO(newline="")
    if end == "\n":
        quoting = csv.QUOTE_ALL  # else it leaves a bare carriage return unquoted
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([["a", "b", "c"], *table])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    tables = list(separated.read(path))
    assert all(table.left_out.empty for table in tables)
    found = pd.concat([table.data for table in tables]).astype(object)
    cells = found.where(found.notna(), "").to_numpy().tolist()
    assert cells == [row for row in table if any(map(str.strip, row))]


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: st.lists(inside, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["type", "features", "geometry", "coordinates", "properties", "service_requests",
             "service_request_id", "location", "gps", "id", "datetime", "watersAndAdvisories"]
        )
        | st.text(max_size=4),
        inside | st.sampled_from(["FeatureCollection", "Feature", "Point", "59.1,14.8"]),
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@FEW
@given(value=ANY_JSON)
def test_any_json_is_rows_or_refused(tmp_path: Path, value: Any) -> None:
    """Whatever a service answers, its reader says what it is or gives its rows."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps(value), "utf-8")
    try:
        tables = list(format_of(path).read(path))
    except LagesbildError as error:
        assert error.problems[0].what.startswith("expected ")  # noqa: PT017 - one of two outcomes
        return
    rows = np.concatenate([np.concatenate([t.rows, t.left_out["row"]]) for t in tables])
    assert len(set(rows.tolist())) == len(rows)
