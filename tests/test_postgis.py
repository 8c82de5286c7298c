"""Promises of the ways from and to PostGIS, kept with a real server that asks for a password."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psycopg
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from postgres import ADMIN, DATABASE, SECRET, USER, Server, server
from situations import hostile_situation, over_time, situation

from cli import main
from geo.errors import OutputError, SourceError
from layers.formats import postgis as source
from layers.reading import format_of
from layers.when import read_times
from maps import postgis as target
from maps.geopackage import write_geopackage
from maps.gis_tables import gis_tables, manifest_table
from maps.postgis import write_postgis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from layers.layer import RawTable

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.postgis


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests."""
    with server() as started:
        yield started


@pytest.fixture
def postgis(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Name the database as its user would: by libpq's variables alone."""
    for variable in [one for one in os.environ if one.startswith("PG")]:
        monkeypatch.delenv(variable)
    for variable, value in postgres.surroundings().items():
        monkeypatch.setenv(variable, value)
    return postgres


@pytest.fixture
def database(postgis: Server) -> Iterator[Any]:
    """Connect to it as its user, to lay out and to look; it holds nothing yet."""
    postgis.clear()
    with postgis.connect(user=USER) as connection:
        yield connection


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name a file of SQL."""
    return tmp_path / "fråga.sql"


def read(file: Path, statement: str) -> list[RawTable]:
    """Read what a statement gives."""
    file.write_text(statement, encoding="utf-8")
    return list(format_of(file).read(file))


def refused(file: Path, statement: str) -> str:
    """Read what must not be read; give what is said."""
    with pytest.raises(SourceError) as failure:
        read(file, statement)
    assert all(problem.cure for problem in failure.value.problems)
    said = str(failure.value)
    assert failure.value.problems
    assert SECRET not in said
    return said


# --- in: values


@pytest.mark.usefixtures("postgis")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7::smallint", 7),
        ("9007199254740993::bigint", 9007199254740993),
        ("59.5::float8", 59.5),
        ("true", True),
        ("202100001234567890.10::numeric", "202100001234567890.10"),
        ("'Ö\"å;--'::varchar", 'Ö"å;--'),
        ("date '2021-06-07'", "2021-06-07"),
        ("time '22:30'", "22:30:00"),
        ("timestamp '2021-06-07 22:30'", "2021-06-07 22:30:00"),
        ("timestamptz '2021-06-07 22:30+00'", "2021-06-08 00:30:00+02"),
        ("interval '90 minutes'", "01:30:00"),
        ("array['a', 'b']", "{a,b}"),
        ("""'{"a": 1}'::jsonb""", '{"a": 1}'),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("NULL::integer", None),
        ("NULL", None),
    ],
)
def test_every_type_becomes_a_number_a_truth_or_text(file: Path, value: str, expected: Any) -> None:
    """Numbers keep their digits; whatever else is as PostgreSQL writes it, times as in Sweden."""
    (table,) = read(file, f"SELECT {value} AS v, 1 AS besides")
    found = table.data["v"].iloc[0]
    if expected is None:
        assert pd.isna(found)
    else:
        assert found == expected
        assert isinstance(found, str) == isinstance(expected, str)


@pytest.mark.usefixtures("postgis")
def test_times_with_a_zone_are_told_apart_in_the_hour_that_autumn_has_twice(file: Path) -> None:
    """Half past two stands twice in that night; the day and hour are what clocks in Sweden said."""
    (table,) = read(
        file,
        "SELECT t FROM (VALUES (1, timestamptz '2021-10-31 00:30Z'), (2, '2021-10-31 01:30Z'), "
        "(3, '2021-12-31 23:10Z'), (4, 'infinity')) AS v(i, t) ORDER BY i",
    )
    assert table.data["t"].tolist()[:2] == ["2021-10-31 02:30:00+02", "2021-10-31 02:30:00+01"]
    times = read_times(table.data["t"])
    assert times.local.astype(str).tolist()[:3] == [
        "2021-10-31T02:30:00",
        "2021-10-31T02:30:00",
        "2022-01-01T00:10:00",
    ]
    assert times.unreadable.tolist() == [False, False, False, True]


@pytest.mark.usefixtures("postgis")
@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("'POINT Z (495630 6567250 80)'", "POINT (495630 6567250)"),
        ("'LINESTRING M (0 0 1, 3 4 2)'", "LINESTRING (0 0, 3 4)"),
        ("'MULTIPOINT (1 2, 3 4)'", "MULTIPOINT (1 2, 3 4)"),
        (
            "'POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))'",
            "MULTIPOLYGON (((0 0, 2 2, 0 4, 0 0)), ((4 4, 2 2, 4 0, 4 4)))",
        ),
        ("'POINT EMPTY'", None),
        ("NULL", None),
    ],
)
def test_shapes_come_plane_and_valid(file: Path, shape: str, expected: str | None) -> None:
    """Heights go, crossed rings are mended, empty and missing shapes are None."""
    (table,) = read(file, f"SELECT 1 AS i, ST_GeomFromText({shape}, 3006) AS läge, 2 AS j")
    assert list(table.data.columns) == ["i", "j"]
    assert table.geometry is not None
    found = table.geometry[0]
    if expected is None:
        assert found is None
    else:
        assert shapely.equals(found, shapely.from_wkt(expected))
        assert table.crs is not None
        assert table.crs.to_epsg() == 3006


@pytest.mark.usefixtures("postgis")
def test_curves_are_cut_into_chords(file: Path) -> None:
    """A disc of radius 10 keeps its area, to the little that chords cut off."""
    (table,) = read(
        file,
        "SELECT ST_GeomFromText('CURVEPOLYGON (CIRCULARSTRING (0 10, 0 -10, 0 10))', 3006) AS g",
    )
    assert table.geometry is not None
    assert shapely.area(table.geometry[0]) == pytest.approx(np.pi * 100, rel=0.002)


@pytest.mark.usefixtures("postgis")
def test_the_srid_is_the_coordinate_system(file: Path) -> None:
    """Geography is degrees; 0 and a number that the database does not know say nothing."""
    point = "ST_MakePoint(15, 59)"
    found = [
        read(file, f"SELECT {shape} AS g")[0].crs
        for shape in (f"{point}::geography", point, f"ST_SetSRID({point}, 990000)")
    ]
    assert [crs and crs.to_epsg() for crs in found] == [4326, None, None]


@pytest.mark.usefixtures("postgis")
def test_a_position_in_doubt_is_refused(file: Path) -> None:
    """Two columns of geometry, or two coordinate systems in one: the cure names both."""
    said = refused(file, "SELECT ST_MakePoint(1, 2) AS läge, 1 AS i, ST_MakePoint(3, 4) AS mitt")
    assert "läge, mitt" in said
    said = refused(
        file,
        "SELECT ST_SetSRID(ST_MakePoint(1, i), s) AS g FROM (VALUES (1, 3006), (2, 4326)) v(i, s)",
    )
    assert "3006 and 4326" in said
    assert "ST_Transform(g, 4326)" in said


def test_rows_count_from_one_through_all_batches_of_one_moment(
    file: Path, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are deleted meanwhile are there to the end; how many came is said once, last."""
    monkeypatch.setattr(source, "_BATCH_ROWS", 4)
    database.execute(
        "CREATE TABLE public.h AS SELECT i, 'typ ' || i AS typ FROM generate_series(1, 8) i"
    )
    file.write_text("SELECT typ, i FROM public.h ORDER BY i DESC", encoding="utf-8")
    batches = format_of(file).read(file)
    tables = [next(batches)]
    database.execute("DELETE FROM public.h")
    tables += batches
    assert [len(table.data) for table in tables] == [4, 4, 0]
    assert np.concatenate([table.rows for table in tables]).tolist() == list(range(1, 9))
    assert pd.concat([table.data for table in tables])["i"].tolist() == list(range(8, 0, -1))
    notes = [[(note.key, dict(note.values)) for note in table.notes] for table in tables]
    assert notes == [[], [], [("from_database", {"n": 8})]]
    (empty,) = read(file, "TABLE public.h")
    assert (len(empty.data), list(empty.data.columns)) == (0, ["i", "typ"])


@pytest.mark.usefixtures("postgis")
def test_columns_of_the_same_name_are_numbered_and_it_is_said(file: Path) -> None:
    """As in every other format."""
    (table,) = read(file, "SELECT 1 AS a, 2 AS a, 3 AS b")
    assert list(table.data.columns) == ["a", "a_2", "b"]
    assert "columns_of_same_name" in [note.key for note in table.notes]


@pytest.mark.parametrize(
    "statement",
    [
        "-- alla rapporter\n\n/* och\nmer */ TABLE public.h;\n-- slut; inget mer",
        "SELECT i -- ; kommentar\nFROM public.h WHERE 'a;--/*' <> $$;$$ AND i % 1 = 0;;  ",
        "WITH a AS (SELECT i FROM public.h) SELECT i FROM a",
        "SELECT i, 'natt' AS pass FROM public.h WHERE 'natt'=$$natt$$ AND i>0 -- pass = natt",
        "(SELECT i FROM public.h) UNION ALL (SELECT i FROM public.h WHERE false)",
        "VALUES (1), (2)",
        "\ufeffselect E'\\';' AS x, i FROM public.h",
    ],
)
def test_a_statement_is_read_as_it_is_written(file: Path, database: Any, statement: str) -> None:
    """With comments, semicolons in texts and at the end, percent signs, and a byte order mark."""
    database.execute("CREATE TABLE public.h AS SELECT i FROM generate_series(1, 2) i")
    assert len(read(file, statement)[0].data) == 2


# --- in: what is refused


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM public.h",
        "SELECT 1; DELETE FROM public.h",
        "SELECT 1) AS q; DELETE FROM public.h; SELECT 1 FROM (SELECT 2",
        "SELECT 1 /* ' */; DELETE FROM public.h; -- '",
        "WITH d AS (DELETE FROM public.h RETURNING i) SELECT * FROM d",
        "SELECT * INTO public.ny FROM public.h",
        "SELECT * FROM public.h FOR UPDATE",
        "SELECT public.radera() FROM public.h",
        "SELECT set_config('transaction_read_only', 'off', true), public.radera()",
        "COMMIT",
        "SELECT nextval('public.tal')",
    ],
)
def test_nothing_that_writes_is_run(file: Path, database: Any, statement: str) -> None:
    """Whatever the statement tries: an error with a cure, and the table as it was."""
    database.execute("CREATE TABLE public.h AS SELECT 1 AS i; CREATE SEQUENCE public.tal")
    database.execute(
        "CREATE FUNCTION public.radera() RETURNS int LANGUAGE sql AS "
        "'DELETE FROM public.h RETURNING i'"
    )
    refused(file, statement)
    assert database.execute("SELECT count(*) FROM public.h").fetchone() == (1,)
    assert database.execute("SELECT to_regclass('public.ny')").fetchone() == (None,)


def test_complaints_of_the_server_come_with_the_line_and_a_cure(
    file: Path, database: Any, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong, where in the file it is, and what mends it."""
    said = refused(file, "-- två\n-- rader\nSELECT *\nFROM saknas")
    assert "fråga.sql line 4" in said
    assert '"saknas" does not exist' in said
    assert "schema.table" in said
    assert "line 2" in refused(file, "SELECT 1,\n  FROM x")
    assert "GRANT SELECT" in refused(file, "TABLE pg_authid")
    assert "division by zero" in refused(file, "SELECT 1 / (1 - i) FROM generate_series(0, 1) i")
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=50")
    assert "statement_timeout=0" in refused(file, "SELECT pg_sleep(2) FROM generate_series(1, 2)")
    monkeypatch.delenv("PGOPTIONS")
    monkeypatch.setattr(source, "_BATCH_ROWS", 1)
    file.write_text("SELECT i FROM generate_series(1, 100000) i", encoding="utf-8")
    batches = format_of(file).read(file)
    next(batches)
    with postgres.connect() as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'lagesbild'"
        )
    with pytest.raises(SourceError, match=r"connection|terminating"):
        list(batches)
    assert database.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty file"),
        (b"\xff\xfeS", "UTF-8"),
        (b"-- bara en kommentar", "found none"),
        (b"SET x = 1; COPY a FROM stdin;", "several"),
        (b"SELECT 1; SELECT 2", "several"),
        (b"INSERT INTO a VALUES (1)", "'INSERT'"),
        (b"-- postgresql://eva:hemligt-4711@db/lage\nTABLE a", "~/.pgpass"),
        (b"SELECT * FROM dblink('host=db PASSWORD = hemligt-4711', 'TABLE a')", "~/.pgpass"),
        (b"-" * 1_000_001, "1000001 bytes"),
    ],
)
def test_what_is_no_query_is_refused_before_any_server_is_asked(
    file: Path, content: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a cure, and without repeating what looks like a password."""
    monkeypatch.setattr(psycopg, "connect", lambda **_: pytest.fail("a server was asked"))
    file.write_bytes(content)
    with pytest.raises(SourceError) as failure:
        list(format_of(file).read(file))
    assert said in str(failure.value)
    assert "hemligt" not in str(failure.value)


@given(
    st.lists(
        st.sampled_from(["'", '"', "$", "a", "E", "-", "/*", "*/", ";", "\n", "\\", "SELECT "])
    )
)
def test_any_text_is_one_statement_or_refused(parts: list[str]) -> None:
    """Lines stay where they were, and what is kept has no more characters than there were."""
    text = "".join(parts)
    try:
        statement = source._statement(Path("x.sql"), text)
    except SourceError:
        return
    assert statement.count("\n") == text.count("\n", 0, len(statement))
    assert len(statement) <= len(text)


@pytest.mark.parametrize("part", ["'", "/*", "$a", "$", "E'\\", '"', "--", "a'b"])
def test_garbage_is_seen_through_at_once(part: str) -> None:
    """A million bytes that begin a text or a comment over and over: no waiting."""
    text = "SELECT " + part * (900_000 // len(part))
    assert source._statement(Path("x.sql"), text)


# --- the way to the database


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PGPASSFILE": "/nonexistent"}, ("password", "~/.pgpass")),
        ({"PGPASSWORD": "fel-hemligt"}, ("refuses", "~/.pgpass")),
        ({"PGUSER": "okand"}, ("refuses", "~/.pgpass")),
        ({"PGDATABASE": "okand"}, ("no such database", "PGDATABASE")),
        ({"PGPORT": "1"}, ("no server", "PGHOST")),
        ({"PGHOST": "okand.invalid"}, ("found none", "PGHOST")),
        ({"PGSERVICE": "okand"}, ("no such service", "~/.pg_service.conf")),
        ({"PGSSLMODE": "require"}, ("found none", "PGHOST")),
        ({"PGCONNECT_TIMEOUT": "snart"}, ("expected a database", "PGHOST")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_bars_the_way_is_told_without_naming_anyone(
    file: Path,
    postgis: Server,
    changes: dict[str, str],
    said: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Both ways, in and out: the cure, and no host, port, user, database or password."""
    for variable, value in changes.items():
        monkeypatch.setenv(variable, value)
    file.write_text("TABLE a", encoding="utf-8")
    with pytest.raises(SourceError) as failed_in:
        list(format_of(file).read(file))
    with pytest.raises(OutputError) as failed_out:
        write_postgis(situation(), "lage", "sv")
    printed = "".join(capfd.readouterr())
    hidden = {SECRET, "hemligt", "127.0.0.1", str(postgis.port), USER, DATABASE, "okand"}
    for failure in (failed_in, failed_out):
        text = str(failure.value).replace(str(file), "")
        assert all(part in text for part in said), text
        assert not [one for one in hidden if one in text + printed]
        assert failure.value.__suppress_context__


def test_a_service_is_named_by_the_surroundings_or_by_the_file(
    file: Path, postgis: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``PGSERVICE``, or a comment before the statement, which says more than the surroundings."""
    services = tmp_path / "tjanster.conf"
    services.write_text(
        f"[lage]\nhost=127.0.0.1\nport={postgis.port}\ndbname={DATABASE}\nuser={USER}\n"
        f"[annan]\nhost=127.0.0.1\nport={postgis.port}\ndbname=postgres\nuser={USER}\n",
        encoding="utf-8",
    )
    for variable in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGSERVICE", "annan")
    asked = "SELECT current_database() AS d"
    assert read(file, asked)[0].data["d"].tolist() == ["postgres"]
    assert read(file, f"-- om\n-- service: lage\n{asked}")[0].data["d"].tolist() == [DATABASE]
    assert "no such service" in refused(file, f"-- service: borta\n{asked}")


def test_without_psycopg_the_cure_is_its_extra(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In and out."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'lagesbild[postgis]'" in refused(file, "TABLE a")
    with pytest.raises(OutputError, match=r"lagesbild\[postgis\]"):
        write_postgis(situation(), "lage", "sv")


# --- out


def rows(database: Any, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask for rows."""
    found: list[tuple[Any, ...]] = database.execute(query, values).fetchall()
    return found


def contents(database: Any, schema: str) -> dict[str, list[tuple[Any, ...]]]:
    """Give every table of a schema with its rows."""
    names = database.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (schema,)
    ).fetchall()
    return {
        table: sorted(database.execute(f'TABLE "{schema}"."{table}"').fetchall(), key=repr)
        for (table,) in names
    }


def plain(values: pd.Series[Any]) -> list[Any]:
    """Give values that can be compared, None where there is none."""
    return values.astype(object).where(values.notna(), None).tolist()


@pytest.mark.parametrize("hostile", [False, True], ids=["plain", "hostile"])
def test_the_tables_are_those_of_the_geopackage_to_the_last_value(
    database: Any, tmp_path: Path, *, hostile: bool
) -> None:
    """Every table, column, value and shape, compared with what GDAL reads from the file."""
    lines = (ROOT / "tests" / "hostile.txt").read_text("utf-8").splitlines()
    texts = [*[line for line in lines if line][:30], '"', "", "\\.\nx\n\\.", "a,\r\nb", "NULL"]
    one = hostile_situation(texts) if hostile else situation()
    write_postgis(one, "lage", "sv")
    write_geopackage(one, tmp_path / "ut.gpkg", "sv")
    found = set(contents(database, "lage"))
    expected = {name for name, _ in pyogrio.list_layers(tmp_path / "ut.gpkg")} - {"layer_styles"}
    assert found == expected
    for name in sorted(expected):
        theirs = pyogrio.read_dataframe(tmp_path / "ut.gpkg", layer=name, fid_as_index=True)
        answer = database.execute(f"SELECT * FROM lage.{name} ORDER BY fid")  # noqa: S608 - technical
        columns = [column.name for column in answer.description]
        ours = pd.DataFrame(answer.fetchall(), columns=columns, dtype=object)
        assert ours["fid"].tolist() == theirs.index.tolist()
        shapes = ours.pop("geom") if "geom" in ours else None
        if shapes is not None:
            mine = shapely.from_wkb(shapes.to_numpy())
            assert shapely.equals_identical(
                shapely.set_srid(mine, 0), theirs.geometry.to_numpy()
            ).all()
            assert set(shapely.get_srid(mine)) <= {3006}
        values = theirs.drop(columns="geometry", errors="ignore")
        assert list(values) == list(ours)[1:]
        for column, other in values.items():
            mine = ours[column]
            if isinstance(other.dtype, pd.DatetimeTZDtype):
                mine, other = pd.to_datetime(mine, utc=True), other.dt.tz_convert("UTC")  # noqa: PLW2901 - as the other is
            assert plain(mine) == plain(other), (name, column)


def test_tables_say_what_they_are_to_any_program(database: Any) -> None:
    """Title and aliases as comments, a key, an index, and the type and system of the geometry."""
    one = situation()
    write_postgis(one, "lage", "sv")
    tables = {table.name: table for table in gis_tables(one, "sv")}
    for name, table in tables.items():
        oid = f"lage.{name}"
        (comment,) = rows(database, "SELECT obj_description(%s::regclass)", oid)
        assert comment == (f"{table.title} [lagesbild]",)
        comments = dict(
            rows(
                database,
                "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0",
                oid,
            )
        )
        assert {column: comments[column] for column in table.aliases} == dict(table.aliases)
        indexes = rows(database, "SELECT indexdef FROM pg_indexes WHERE tablename = %s", name)
        expected = {"btree (fid)", *(["gist (geom)"] if table.wkb is not None else [])}
        assert {made.split(" USING ")[1] for (made,) in indexes} == expected
    kinds = rows(database, "SELECT f_table_name, srid, type FROM geometry_columns")
    assert set(kinds) == {
        (n, 3006, t.geometry_type.upper()) for n, t in tables.items() if t.geometry_type
    }


@pytest.mark.qgis
@pytest.mark.usefixtures("database")
def test_qgis_opens_the_tables_with_our_style(qgis_python: str, tmp_path: Path) -> None:
    """Legend, aliases and coordinate system, with nothing done but opening them."""
    one = over_time(situation())
    write_postgis(one, "lage", "sv")
    tables = {t.name: t for t in (*gis_tables(one, "sv"), manifest_table(one, "sv"))}
    words = [name if table.wkb is not None else f"-{name}" for name, table in tables.items()]
    done = subprocess.run(
        [qgis_python, ROOT / "tests" / "qgis_postgis.py", "lage", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name, table in tables.items():
        seen = found[name]
        assert seen["valid"], name
        assert seen["count"] == len(next(iter(table.columns.values())))
        assert seen["aliases"] == {"fid": ""} | dict(table.aliases), name
        assert seen["comment"] == f"{table.title} [lagesbild]"
        assert seen["styles"][0] == "lagesbild"
        if table.wkb is not None:
            assert seen["crs"] == "EPSG:3006"
            assert seen["renderer"] == table.style.renderer
    assert found["hotspots"]["legend"] == ["Alla slag", "Ordning", "Trafik", "Narkotika"]


def test_a_second_result_replaces_the_first_under_readers_views_and_rights(
    database: Any, postgres: Server
) -> None:
    """One who began before sees the old to the end and keeps nobody waiting; others the new."""
    one = situation()
    write_postgis(one, "lage", "sv")
    database.execute("CREATE VIEW lage.heta AS SELECT cell_id FROM lage.cells WHERE gi_bin = 3")
    database.execute("GRANT SELECT ON lage.cells TO PUBLIC")
    database.execute(
        "UPDATE public.layer_styles SET useAsDefault = false WHERE f_table_name = 'area'"
    )
    database.execute(
        "INSERT INTO public.layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "styleName, useAsDefault) VALUES (current_database(), 'lage', 'area', 'min egen', true)"
    )
    state = "SELECT oid, relacl FROM pg_class WHERE oid = 'lage.cells'::regclass"
    before = database.execute(state).fetchone()
    with postgres.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM lage.area")
        write_postgis(dataclasses.replace(one, title="Nästa månad"), "lage", "en")
        assert reader.execute("SELECT title FROM lage.area").fetchone() == (one.title,)
        assert reader.execute("SELECT count(*) FROM lage.cells").fetchone() == (len(one.cells),)
        reader.execute("COMMIT")
        assert reader.execute("SELECT title FROM lage.area").fetchone() == ("Nästa månad",)
    assert database.execute(state).fetchone() == before
    assert database.execute("SELECT count(*) > 0 FROM lage.heta").fetchone() == (True,)
    styles = database.execute(
        "SELECT styleName, useAsDefault FROM public.layer_styles "
        "WHERE f_table_name = 'area' ORDER BY 1"
    ).fetchall()
    assert styles == [("lagesbild", False), ("min egen", True)]
    count = (
        "SELECT count(*), count(DISTINCT f_table_name) FROM public.layer_styles WHERE useAsDefault"
    )
    n, tables = database.execute(count).fetchone()
    assert n == tables


def test_other_styles_are_there_once_and_in_the_last_language(database: Any) -> None:
    """None is left of the result before; a style that someone saved stays."""
    one = over_time(situation())
    write_postgis(one, "lage", "sv")
    database.execute(
        "INSERT INTO public.layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "styleName, useAsDefault) VALUES (current_database(), 'lage', 'cells', 'min egen', false)"
    )
    write_postgis(one, "lage", "en")
    names = database.execute(
        "SELECT styleName, useAsDefault FROM public.layer_styles "
        "WHERE f_table_name = 'cells' ORDER BY useAsDefault DESC, styleName"
    ).fetchall()
    assert names == [
        ("lagesbild", True),
        ("lagesbild: Course over time", False),
        ("lagesbild: Forecast", False),
        ("min egen", False),
    ]


def test_columns_that_change_leave_rights_and_other_views(database: Any) -> None:
    """Only a view that needs a column which goes is in the way: then it is named, nothing done."""
    one = situation()
    write_postgis(one, "lage", "sv")
    database.execute("GRANT SELECT ON lage.cells TO PUBLIC")
    database.execute("CREATE VIEW lage.antal AS SELECT cell_id, n FROM lage.cells")
    database.execute("ALTER TABLE lage.cells RENAME COLUMN kde TO gammal")
    database.execute("ALTER TABLE lage.cells ALTER COLUMN gi_bin TYPE text")
    database.execute("ALTER TABLE lage.cells DROP COLUMN geom")
    database.execute("CREATE VIEW lage.behover AS SELECT gammal FROM lage.cells")
    before = contents(database, "lage")
    with pytest.raises(
        OutputError, match=r"view lage\.behover depends on column gammal"
    ) as failure:
        write_postgis(one, "lage", "sv")
    assert "drop what depends on it" in str(failure.value)
    assert contents(database, "lage") == before
    database.execute("DROP VIEW lage.behover")
    write_postgis(one, "lage", "sv")
    kinds = dict(
        rows(
            database,
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'lage' AND table_name = 'cells'",
        )
    )
    assert "gammal" not in kinds
    assert (kinds["kde"], kinds["gi_bin"]) == ("double precision", "bigint")
    assert database.execute("SELECT count(*) FROM lage.antal").fetchone() == (len(one.cells),)
    assert database.execute(
        "SELECT has_table_privilege('public', 'lage.cells', 'SELECT'), "
        "count(*) FROM pg_indexes WHERE schemaname = 'lage' AND tablename = 'cells'"
    ).fetchone() == (True, 2)


@pytest.mark.parametrize("end", ["raised", "killed", "killed while copying"])
def test_a_failure_on_the_way_leaves_everything_as_it_was(
    database: Any,
    postgres: Server,
    end: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Tables, rows and styles are those of before, and nothing is printed on the way."""
    one = situation()
    write_postgis(one, "lage", "sv")
    before = contents(database, "lage"), contents(database, "public")
    calls = []

    def stopped(*words: Any) -> Any:
        calls.append(words)
        if len(calls) == last and end == "raised":
            raise RuntimeError
        if len(calls) == last:
            with postgres.connect() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE application_name = 'lagesbild'"
                )
        return work(*words)

    copying = end == "killed while copying"
    module, step, last = (target.csv, "write_csv", 1) if copying else (target.styles, "qml", 8)
    work = getattr(module, step)
    monkeypatch.setattr(module, step, stopped)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as where nobody listens
    with pytest.raises(RuntimeError if end == "raised" else OutputError):
        write_postgis(dataclasses.replace(one, title="Nästa månad"), "lage", "en")
    assert (contents(database, "lage"), contents(database, "public")) == before
    assert capsys.readouterr() == ("", "")


def test_tables_of_others_are_not_touched(database: Any) -> None:
    """A table under a name that is needed: refused by name, and nothing is written beside it."""
    database.execute("CREATE SCHEMA lage; CREATE TABLE lage.hotspots AS SELECT 'vår' AS egen")
    with pytest.raises(
        OutputError, match="expected no table hotspots but one that lagesbild wrote"
    ):
        write_postgis(situation(), "lage", "sv")
    assert contents(database, "lage") == {"hotspots": [("vår",)]}
    database.execute("ALTER TABLE lage.hotspots RENAME TO egna")
    write_postgis(situation(), "lage", "sv")
    assert contents(database, "lage")["egna"] == [("vår",)]


def test_what_a_result_lacks_is_emptied(database: Any) -> None:
    """A layer that is gone does not stay behind with the rows of another month."""
    one = situation()
    write_postgis(one, "lage", "sv")
    write_postgis(dataclasses.replace(one, layers=one.layers[1:]), "lage", "sv")
    found = contents(database, "lage")
    assert found["bathing_sites"] == []
    assert len(found["traffic_spots"]) == 2


def test_what_the_database_does_not_allow_is_said_with_its_cure(
    database: Any, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No right to a schema, a table held by another program, no PostGIS, no such system."""
    one = situation()
    write_postgis(one, "lage", "sv")
    monkeypatch.setattr(target, "_PATIENCE", "50ms")
    with postgres.connect() as other:
        other.execute("BEGIN; LOCK TABLE lage.area")
        with pytest.raises(OutputError, match="another program holds"):
            write_postgis(one, "lage", "sv")
    with pytest.raises(OutputError, match="found none"):
        write_postgis(dataclasses.replace(one, crs=990000), "lage", "sv")
    with pytest.raises(OutputError, match="small letters"):
        write_postgis(one, "pg_lage", "sv")
    with postgres.connect() as administrator:
        administrator.execute(f"REVOKE CREATE ON DATABASE {DATABASE} FROM {USER}")
    with pytest.raises(OutputError, match=r"permission denied(.|\n)*AUTHORIZATION"):
        write_postgis(one, "ny", "sv")
    monkeypatch.setenv("PGDATABASE", "postgres")
    with pytest.raises(OutputError, match="CREATE EXTENSION postgis"):
        write_postgis(one, "lage", "sv")
    assert database.execute("SELECT count(*) FROM lage.area").fetchone() == (1,)


def test_postgis_may_live_in_a_schema_of_its_own(
    file: Path, postgis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As hosts of databases like to have it: nothing relies on it being found by itself."""
    monkeypatch.setenv("PGDATABASE", "annan")
    with postgis.connect("postgres") as administrator:
        administrator.execute(f"CREATE DATABASE annan OWNER {USER}")
    with postgis.connect("annan") as administrator:
        administrator.execute("CREATE SCHEMA till; CREATE EXTENSION postgis SCHEMA till")
        administrator.execute(f"GRANT USAGE ON SCHEMA till TO {USER}")
    one = situation()
    for _ in range(2):
        write_postgis(one, "lage", "sv")
    (table,) = read(file, "TABLE lage.cells")
    assert table.crs is not None
    assert table.crs.to_epsg() == 3006
    assert shapely.equals_identical(
        shapely.normalize(table.geometry), shapely.normalize(one.cells.polygons)
    ).all()


# --- as it is typed


def project(folder: Path) -> Path:
    """Write a project of one layer whose rows are in the database."""
    west, south, east, north = 490_000, 6_560_000, 493_000, 6_563_000
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    area = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}},
        "features": [
            {
                "type": "Feature",
                "properties": {"name": "Rutan"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        ],
    }
    (folder / "omrade.geojson").write_text(json.dumps(area), encoding="utf-8")
    (folder / "rapporter.sql").write_text("TABLE in_data.rapporter;\n", encoding="utf-8")
    (folder / "lagesbild.toml").write_text(
        'title = "T"\nmunicipality = "M"\n[area]\nfile = "omrade.geojson"\n'
        '[hotspots]\nmethods = ["count", "gi_star"]\nstability = false\n'
        '[[layers]]\nkind = "incidents"\nname = "rapporter"\nfile = "rapporter.sql"\n'
        '[output]\npostgis = "lage"\n',
        encoding="utf-8",
    )
    return folder / "lagesbild.toml"


_REPORTS = """
CREATE SCHEMA in_data;
CREATE TABLE in_data.rapporter AS
SELECT i AS id, 'skadegörelse' AS kategori,
       timestamptz '2021-03-01 20:00Z' + i * interval '11 hours' AS tid,
       ST_SetSRID(ST_MakePoint(
         491500 + 0.3 * i + 60 * (i % 7) + i % 11 * (i % 3) * 40,
         6561500 + 50 * (i % 5) + i % 13 * (i % 2) * 80
       ), 3006)::geometry(Point, 3006) AS läge
FROM generate_series(1, 400) i"""


def test_a_build_from_and_to_the_database_tells_no_secret(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row arrives; no file and no line of it, done or failed, holds the password."""
    database.execute(_REPORTS)
    toml = project(tmp_path)

    def run(*words: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *words], cwd=ROOT, capture_output=True, check=False
        )
        printed = done.stdout + done.stderr
        for one in [printed, *(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())]:
            assert SECRET.encode() not in one
            assert b"127.0.0.1" not in one
        return done.returncode, printed

    code, printed = run("build", str(toml))
    assert code == 0, printed.decode()
    (out,) = (tmp_path / "out").glob("2021-*")
    (source_of,) = [
        one
        for one in json.loads((out / "manifest.json").read_text("utf-8"))["inputs"]
        if one["name"] == "rapporter"
    ]
    assert (source_of["path"], source_of["read"]) == ("rapporter.sql", 400)
    ids = "SELECT array_agg(id ORDER BY id::int) FROM {}.rapporter"
    (ours,) = database.execute(ids.format("lage")).fetchone()
    assert [int(one) for one in ours] == list(range(1, 401))
    assert SECRET not in repr(contents(database, "lage"))
    assert SECRET not in repr(contents(database, "public"))

    before = {p: p.read_bytes() for p in out.iterdir()}, contents(database, "lage")
    database.execute("COMMENT ON TABLE lage.cells IS 'vår egen nu'")
    for changes in ({}, {"PGPASSWORD": SECRET + "-fel"}, {"PGHOST": "okand.invalid"}):
        for variable, value in changes.items():
            monkeypatch.setenv(variable, value)
        code, printed = run("build", str(toml), "--lang", "en")
        assert code == 1
        assert b"Traceback" not in printed
        assert ({p: p.read_bytes() for p in out.iterdir()}, contents(database, "lage")) == before


def test_hotspots_of_a_query_are_those_of_the_same_rows_in_a_file(
    file: Path, database: Any, tmp_path: Path
) -> None:
    """One command, from the database or from a table of text: the same cells and counts."""
    database.execute(_REPORTS)
    file.write_text("SELECT tid, kategori, läge FROM in_data.rapporter ORDER BY id", "utf-8")
    found = rows(
        database,
        "SELECT ST_X(läge), ST_Y(läge), to_char(tid AT TIME ZONE 'Europe/Stockholm', "
        "'YYYY-MM-DD HH24:MI'), kategori FROM in_data.rapporter ORDER BY id",
    )
    table = "".join(f"{x};{y};{t};{k}\n" for x, y, t, k in found)
    (tmp_path / "b.csv").write_text(f"x;y;tid;kategori\n{table}", encoding="utf-8")
    cells = []
    for path, out in ((file, "a.gpkg"), (tmp_path / "b.csv", "b.gpkg")):
        result = CliRunner().invoke(main, ["hotspots", str(path), "-o", str(tmp_path / out)])
        assert result.exit_code == 0, result.output
        cells.append(pyogrio.read_dataframe(tmp_path / out, layer="cells"))
    pd.testing.assert_frame_equal(*cells)
    assert cells[0]["n"].sum() == 400


def test_the_server_asks_for_the_password(postgres: Server) -> None:
    """Else nothing here would show how it is found and kept."""
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host="127.0.0.1",
            port=postgres.port,
            dbname="postgres",
            user=ADMIN,
            password="annat",  # noqa: S106 - it is not the password
        )
