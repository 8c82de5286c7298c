"""Reads a table or a query of PostgreSQL and PostGIS, which a file of SQL names."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from geo.errors import Problem, SourceError
from geo.note import Note
from layers.database import complaint, compose, connected, listed
from layers.formats import Format
from layers.formats.csv import column_names
from layers.formats.opening import first_bytes, refuse
from layers.formats.shapes import table_of, understood_crs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from psycopg import sql
    from pyproj import CRS

    from layers.layer import RawTable

_BATCH_ROWS = 20_000
_LONGEST_FILE = 1_000_000
_TYPES = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    700: pa.float64(),
    701: pa.float64(),
}
"""PostgreSQL's numbers for its types, and what they become here; others become text."""

_SETTINGS = {"TimeZone": "Europe/Stockholm", "DateStyle": "ISO", "IntervalStyle": "postgres"}
_POSTGIS_TYPES = """
SELECT t.oid, n.nspname
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typtype = 'b'
WHERE e.extname = 'postgis' AND t.typname IN ('geometry', 'geography')"""

_SERVICE = re.compile(r"--\s*service:\s*([\w.-]+)\s*")
_SECRET = re.compile(r"postgres(?:ql)?://|\bpassw(?:or)?d\s*=", re.IGNORECASE)
_QUERY = re.compile(r"[\s(]*(?:select|table|with|values)\b", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<end>;)
    | \bE'(?:[^'\\]|\\.|'')*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | "[^"]*(?:"|\Z)
    | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)
    | \w+ | .
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_BEFORE = "SELECT * FROM ("

_TRY_IT = "try the statement in psql or in QGIS (DB Manager), and save it when it answers"
_CURES = {
    "25006": "only a SELECT that changes nothing is run",
    "42501": "ask the database's administrator: GRANT SELECT ON … TO your user",
    "42P01": "name the table with its schema: schema.table",
    "57014": "ask for fewer rows, or for more time: PGOPTIONS='-c statement_timeout=0'",
    "": _TRY_IT,
}


def read(
    path: Path,
    *,
    sheet: str | None = None,  # noqa: ARG001 - every format takes the same
    layer: str | None = None,  # noqa: ARG001 - the same
) -> Iterator[RawTable]:
    """Give the rows that a statement finds in a database, in batches of one moment's content.

    The file holds one statement: ``SELECT …``, or ``TABLE schema.reports``. A comment before it
    may name a service, ``-- service: lage``; else the database is the one that libpq's own
    variables name (``PGSERVICE``, ``PGHOST`` …), and a password is libpq's own business. The
    statement runs in a transaction that cannot write. Rows count from 1 in the order in which the
    statement gives them (that may differ each time, without ORDER BY). A column of type geometry
    or geography is the position, in the coordinate system of its SRID, plane and straight as in
    ``vector``. Whole numbers, floats and truths keep their types; all else is text, times with a
    zone as clocks in Sweden showed them. At least one batch is given.

    Raises ``SourceError`` where the file holds anything else, or a password; where the database
    cannot be reached or refuses the statement; and where several coordinate systems or columns
    of geometry leave the position in doubt.
    """
    first_bytes(path)
    text = _text(path)
    return _batches(path, _statement(path, text), _service(text))


FORMAT = Format(
    name="postgis",
    summary="A query of PostgreSQL and PostGIS, in a file of SQL",
    endings=(".sql",),
    read=read,
)


class _Column(NamedTuple):
    """A column of the answer: its name, PostgreSQL's number for its type, whether it has shapes."""

    name: str
    kind: int
    is_shape: bool


def _text(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > _LONGEST_FILE:
        raise refuse(
            path,
            f"expected one statement, found {len(data)} bytes",
            "load a dump into a database, and write SELECT … in a file of its own",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse(
            path, "expected text in UTF-8, found other bytes", "save it as UTF-8"
        ) from None


def _service(text: str) -> str | None:
    """Find the service that a comment before the statement names."""
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("--"):
            break
        if found := _SERVICE.fullmatch(line):
            return found[1]
    return None


def _statement(path: Path, text: str) -> str:
    """Take the one statement of a file: comments become blanks, so that lines keep their numbers.

    That it only reads is the server's to see to; what is looked for here are mistakes.
    """
    if _SECRET.search(text):
        raise refuse(
            path,
            "expected a statement, found what looks like a password or an address beside it",
            "keep them out of files that are passed on: a service in ~/.pg_service.conf, the "
            "password in ~/.pgpass, and a first line: -- service: NAME",
        )
    kept: list[str] = []
    ended = False
    for token in _TOKEN.finditer(text):
        if token["comment"] is not None:
            kept.append(re.sub(r"[^\n]", " ", token[0]))
        elif token["end"] is not None:
            ended = True
        elif not ended:
            kept.append(token[0])
        elif not token[0].isspace():
            raise refuse(
                path, "expected one statement, found several", "keep the one that reads the rows"
            )
    statement = "".join(kept)
    if not _QUERY.match(statement):
        words = statement.split()
        found = repr(words[0][:40]) if words else "none"
        raise refuse(
            path,
            f"expected a statement that begins with SELECT, WITH or TABLE, found {found}",
            "write, for instance: TABLE schema.reports",
        )
    return statement


def _batches(path: Path, statement: str, service: str | None) -> Iterator[RawTable]:
    """Run the statement and give its rows."""
    with connected(partial(refuse, path), _CURES, service=service) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, value in _SETTINGS.items():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        shapes = dict(connection.execute(_POSTGIS_TYPES).fetchall())
        columns = _described(path, connection, statement, shapes)
        yield from _rows(path, connection, statement, columns, next(iter(shapes.values()), ""))


def _described(
    path: Path, connection: psycopg.Connection, statement: str, shapes: dict[int, str]
) -> list[_Column]:
    """Ask for the columns of the answer, without a row of it."""
    import psycopg  # noqa: PLC0415 - an extra, and slow to import

    try:
        # For an answer in binary the server takes one statement only, whatever hides in it.
        answer = connection.execute(f"{_BEFORE}{statement}\n) AS q LIMIT 0".encode(), binary=True)
    except psycopg.Error as error:
        at = int(error.diag.statement_position or 0) - len(_BEFORE)
        line = f" line {statement.count(chr(10), 0, at) + 1}" if at > 0 else ""
        problem = Problem(
            f"{path}{line}", complaint(error), _CURES.get(error.sqlstate or "", _CURES[""])
        )
        raise SourceError(f"{path.name} cannot be read", (problem,)) from None
    columns = [
        _Column(c.name, c.type_code, c.type_code in shapes) for c in answer.description or ()
    ]
    if not columns:
        raise refuse(path, "expected columns, found none", "SELECT * FROM schema.table")
    drawn = [column.name for column in columns if column.is_shape]
    if len(drawn) > 1:
        raise refuse(
            path,
            f"expected one column of geometry, found {len(drawn)}: {', '.join(drawn)}",
            f"name the columns that are wanted after SELECT, with only one of these: {drawn[0]}",
        )
    return columns


def _rows(
    path: Path,
    connection: psycopg.Connection,
    statement: str,
    columns: list[_Column],
    postgis: str,
) -> Iterator[RawTable]:
    names, notes = column_names([column.name for column in columns], ())
    shape = next((names[i] for i, column in enumerate(columns) if column.is_shape), "")
    kinds = [
        pa.binary() if column.is_shape else _TYPES.get(column.kind, pa.string())
        for column in columns
    ]
    srids: set[int] = set()
    crs: CRS | None = None
    done, more = 0, True
    with connection.cursor("lagesbild", binary=True) as cursor:
        cursor.execute(_plain_query(statement, columns, postgis))
        while more:
            rows = cursor.fetchmany(_BATCH_ROWS)
            more = len(rows) == _BATCH_ROWS
            srids |= {row[-1] for row in rows} - {None}
            if len(srids) > 1:
                found = " and ".join(map(str, sorted(srids)))
                raise refuse(
                    path,
                    f"expected one coordinate system in {shape}, found SRID {found}",
                    f"write ST_Transform({shape}, {max(srids)}) AS {shape} in its place; where it "
                    f"is 0, nobody has said which: ST_SetSRID({shape}, …)",
                )
            if crs is None and srids:
                crs = _system(connection, postgis, *srids)
            values = list(zip(*rows, strict=True)) or [()] * (len(columns) + 1)
            arrays = [pa.array(v, kind) for v, kind in zip(values, kinds, strict=False)]
            if not more:
                notes = (*notes, Note("from_database", {"n": done + len(rows)}))
            table = table_of(pa.RecordBatch.from_arrays(arrays, list(names)), shape, done)
            yield table.told(crs, notes)
            notes = ()
            done += len(rows)


def _plain_query(statement: str, columns: list[_Column], postgis: str) -> sql.Composed:
    """Wrap a statement so that all it gives is plain; the SRID of the shapes comes last."""
    from psycopg import sql  # noqa: PLC0415 - an extra, and slow to import

    own = {
        name: (postgis, name)
        for name in ("geometry", "st_asbinary", "st_curvetoline", "st_force2d", "st_srid")
    }
    srid: sql.Composable = sql.NULL
    wanted: list[sql.Composable] = []
    names = [f"c{i}" for i in range(len(columns))]
    for column, name in zip(columns, names, strict=True):
        form = "{c}" if column.kind in _TYPES else "{c}::pg_catalog.text"
        if column.is_shape:
            form = "{st_asbinary}({st_curvetoline}({st_force2d}({c}::{geometry})))"
            srid = compose("{st_srid}({c}::{geometry})", c=(name,), **own)
        wanted.append(compose(form, c=(name,), **own))
    return compose(
        "SELECT {wanted}, {srid} FROM ({statement}\n) AS q({names})",
        wanted=listed(wanted),
        srid=srid,
        statement=sql.SQL(statement),
        names=listed(map(sql.Identifier, names)),
    )


def _system(connection: psycopg.Connection, postgis: str, srid: int) -> CRS | None:
    """Look up the coordinate system that the database means by a number."""
    query = compose(
        "SELECT auth_name, auth_srid, srtext FROM {table} WHERE srid = %s",
        table=(postgis, "spatial_ref_sys"),
    )
    row: tuple[Any, ...] | None = connection.execute(query, (srid,)).fetchone()
    if row is None:
        return None
    name, number, text = row
    return understood_crs(f"{name}:{number}") or understood_crs(text)
