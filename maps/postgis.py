"""Writes the situation to a schema of PostGIS: the tables of the GeoPackage, for all to read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv

from geo.errors import OutputError, Problem
from layers.database import compose, connected, listed, text
from maps import styles
from maps.gis_tables import GEOMETRY, free_name, gis_tables, manifest_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

    from layers.database import Part
    from maps.gis_tables import GisTable
    from maps.situation import Situation

_MARK = "[lagesbild]"
"""Ends the comment of every table that is ours to write over."""

_STYLE = "lagesbild"
"""The name of our styles among those that people save beside them; others begin with it."""

_SCHEMA = re.compile(r"(?!pg_)[a-z][a-z0-9_]{0,62}")
_PATIENCE = "20s"
_CHUNK_ROWS = 20_000
_TYPES = {
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.string(): "text",
    pa.timestamp("ms", "UTC"): "timestamp with time zone",
}
_KEY = " PRIMARY KEY"
_POSTGIS = """
SELECT n.nspname, e.extversion
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'postgis'"""

_SRID = """
SELECT min(srid), 1 FROM spatial_ref_sys WHERE auth_name = 'EPSG' AND auth_srid = %s"""

_TABLE = """
SELECT c.oid, c.relkind = 'r' AND coalesce(obj_description(c.oid, 'pg_class'), '') LIKE %s
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s"""

_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"""

_OURS = """
SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r' AND obj_description(c.oid, 'pg_class') LIKE %s"""

_HOME_OF_STYLES = """
SELECT to_regclass('layer_styles') IS NULL, coalesce(
  (SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
   ON n.oid = c.relnamespace WHERE c.oid = to_regclass('layer_styles')),
  current_schema(), 'public')"""

_LAYER_STYLES = """
CREATE TABLE {styles} (
  id SERIAL PRIMARY KEY, f_table_catalog varchar, f_table_schema varchar, f_table_name varchar,
  f_geometry_column varchar, styleName text, styleQML xml, styleSLD xml, useAsDefault boolean,
  description text, owner varchar(63) DEFAULT CURRENT_USER, ui xml,
  update_time timestamp DEFAULT CURRENT_TIMESTAMP, type varchar)"""

_FORGET_STYLES = """
DELETE FROM {styles} WHERE f_table_catalog = current_database() AND f_table_schema = %s
AND (styleName = %s OR starts_with(styleName, %s))"""

_ADD_STYLE = """
INSERT INTO {styles} (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,
                 styleQML, description, useAsDefault)
SELECT current_database(), %(schema)s::text, %(table)s::text, %(geometry)s, %(style)s,
       XMLPARSE(DOCUMENT %(qml)s), %(title)s, %(usual)s AND NOT EXISTS (
         SELECT FROM {styles} WHERE f_table_catalog = current_database() AND useAsDefault
         AND f_table_schema = %(schema)s::text AND f_table_name = %(table)s::text)"""

_CURES = {
    "2BP01": "drop what depends on it, build again, and make it anew",
    "25006": "name the database that can be written to, not its copy, in PGHOST or PGSERVICE",
    "42501": "let the administrator run once: CREATE SCHEMA … AUTHORIZATION your user, and, for "
    "the table layer_styles of QGIS: GRANT CREATE ON SCHEMA public TO your user; tables that "
    "another user has built are that user's to replace",
    "55P03": "another program holds a table, or another run writes: wait, close it, build again",
    "57014": "ask for more time: PGOPTIONS='-c statement_timeout=0'",
    "": "mend it and build again",
}


def write_postgis(situation: Situation, schema: str, language: str) -> None:
    """Write all tables of ``gis_tables`` and the manifest to a schema, in one transaction.

    The database is the one that libpq's own surroundings name. A reader sees the previous result
    or the new: rows are deleted and copied in, so nobody is kept waiting. A table whose columns
    changed is altered, which keeps its rights and the views that do not need what goes. Tables of
    ours that this result lacks are emptied. Names and titles are comments, the styles are in
    ``layer_styles`` where QGIS looks for them; a default style that someone saved stays the
    default. A failure is an ``OutputError``, and everything stays as it was: so too where a name
    is taken by a table that is not ours.
    """
    failed = partial(_failed, schema)
    if not _SCHEMA.fullmatch(schema):
        raise failed(
            f"expected a name of small letters, digits and _, found {schema!r}", "--postgis lage"
        )
    tables = [*gis_tables(situation, language), manifest_table(situation, language)]
    with connected(failed, _CURES) as connection, connection.transaction():
        _Writer(connection, schema, failed).write(tables, situation.crs)


def _failed(schema: str, what: str, cure: str) -> OutputError:
    problem = Problem(f"schema {schema}", what, cure)
    return OutputError("cannot write to the database", (problem,))


@dataclass(frozen=True, eq=False)
class _Column:
    """A column to be written: its name and type in the database, what people read, its values."""

    name: str
    kind: str
    title: str
    values: pa.Array


@dataclass(frozen=True, eq=False)
class _Writer:
    """A connection within its transaction, the schema to write to, and how to say a failure."""

    connection: psycopg.Connection
    schema: str
    failed: Callable[[str, str], OutputError]

    def write(self, tables: Sequence[GisTable], crs: int) -> None:
        """Write everything."""
        postgis = self._postgis()
        style_table = self._style_table()
        srid = self._prepare(postgis, crs)
        for table in tables:
            columns = _columns(table, srid)
            self._make(table.name, columns)
            self._fill(table.name, columns)
            self._comment(table.name, table.title, columns)
        written = {table.name for table in tables}
        for (name,) in self._run(_OURS, self.schema, f"%{_MARK}").fetchall():
            if name not in written:
                self._run("DELETE FROM {table}", table=(self.schema, name))
        self._style(tables, style_table)

    def _run(self, query: str, *values: object, **parts: Part) -> psycopg.Cursor:
        return self.connection.execute(compose(query, **parts), values or None)

    def _one(self, query: str, *values: object, **parts: Part) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._run(query, *values, **parts).fetchone()
        return row or (None, None)

    def _postgis(self) -> str:
        """Find the schema that PostGIS lives in."""
        postgis, _ = self._one(_POSTGIS)
        if postgis is None:
            raise self.failed(
                "expected PostGIS in the database, found none",
                "let its administrator run once, in this database: CREATE EXTENSION postgis",
            )
        return str(postgis)

    def _prepare(self, postgis: str, crs: int) -> int:
        """Be alone at work, make the schema; give PostGIS's number of the coordinate system."""
        self._run("SELECT set_config('lock_timeout', %s, true)", _PATIENCE)
        self._run("SELECT set_config('search_path', quote_ident(%s), true)", postgis)
        lock = f"lagesbild {self.schema}"
        self._run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", lock)
        srid, _ = self._one(_SRID, crs)
        if srid is None:
            raise self.failed(
                f"expected EPSG:{crs} in spatial_ref_sys, found none",
                "crs = 3006 in the project file, or let the administrator add the system",
            )
        exists, _ = self._one("SELECT oid, 1 FROM pg_namespace WHERE nspname = %s", self.schema)
        if exists is None:
            self._run("CREATE SCHEMA {schema}", schema=(self.schema,))
        return int(srid)

    def _make(self, name: str, columns: Sequence[_Column]) -> None:
        """See that an empty table of these columns is there, on the ground of the one that was."""
        table = (self.schema, name)
        oid, ours = self._one(_TABLE, f"%{_MARK}", self.schema, name)
        if oid is None:
            self._run("CREATE TABLE {table} ()", table=table)
            oid, _ = self._one(_TABLE, "", self.schema, name)
        elif not ours:
            raise self.failed(
                f"expected no table {name} but one that lagesbild wrote, found another",
                f"rename it, or choose another schema; ours have comments that end with {_MARK}",
            )
        else:
            self._run("DELETE FROM {table}", table=table)
        there: dict[str, str] = dict(self._run(_COLUMNS, oid).fetchall())
        wanted = {column.name: column.kind for column in columns}
        changes = [
            *(
                compose("DROP COLUMN {name}", name=(old,))
                for old, kind in there.items()
                if wanted.get(old) != kind
            ),
            *(
                compose(f"ADD COLUMN {{name}} {kind}{_KEY * (new == columns[0].name)}", name=(new,))
                for new, kind in wanted.items()
                if there.get(new) != kind
            ),
        ]
        if changes:
            self._run("ALTER TABLE {table} {changes}", table=table, changes=listed(changes))
        shape = columns[-1]
        if shape.name == GEOMETRY and there.get(GEOMETRY) != shape.kind:
            self._run("CREATE INDEX ON {table} USING gist ({name})", table=table, name=(GEOMETRY,))

    def _fill(self, name: str, columns: Sequence[_Column]) -> None:
        """Copy the rows in."""
        names = [column.name for column in columns]
        into = compose(
            "COPY {table} ({names}) FROM STDIN (FORMAT csv)",
            table=(self.schema, name),
            names=listed([compose("{name}", name=(one,)) for one in names]),
        )
        rows = pa.Table.from_arrays([column.values for column in columns], names)
        with self.connection.cursor().copy(into) as copy:
            for batch in rows.to_batches(max_chunksize=_CHUNK_ROWS):
                sink = pa.BufferOutputStream()
                csv.write_csv(batch, sink, csv.WriteOptions(include_header=False))
                copy.write(sink.getvalue().to_pybytes())
        self._run("ANALYZE {table}", table=(self.schema, name))

    def _comment(self, name: str, title: str, columns: Sequence[_Column]) -> None:
        said = text(f"{title} {_MARK}")
        self._run("COMMENT ON TABLE {table} IS {said}", table=(self.schema, name), said=said)
        for column in columns:
            self._run(
                "COMMENT ON COLUMN {column} IS {said}",
                column=(self.schema, name, column.name),
                said=text(column.title.replace("\0", "\ufffd")),
            )

    def _style_table(self) -> tuple[str, str]:
        """Find the table in which QGIS looks for styles, or make it as QGIS does."""
        absent, home = self._one(_HOME_OF_STYLES)
        if absent:
            self._run(_LAYER_STYLES, styles=(home, "layer_styles"))
        return home, "layer_styles"

    def _style(self, tables: Sequence[GisTable], style_table: tuple[str, str]) -> None:
        more = f"{_STYLE}: "
        self._run(_FORGET_STYLES, self.schema, _STYLE, more, styles=style_table)
        query = compose(_ADD_STYLE, styles=style_table)
        for table in tables:
            named = {f"{more}{name}": style for name, style in table.others.items()}
            for name, style in {_STYLE: table.style, **named}.items():
                values = {
                    "schema": self.schema,
                    "table": table.name,
                    "geometry": None if table.wkb is None else GEOMETRY,
                    "style": name,
                    "qml": styles.qml(style),
                    "title": table.title,
                    "usual": style is table.style,
                }
                self.connection.execute(query, values)


def _columns(table: GisTable, srid: int) -> list[_Column]:
    """Give the columns of a table with its key first and its geometry last."""
    columns = [
        _Column(name, _TYPES[values.type], table.aliases[name], values)
        for name, values in table.columns.items()
    ]
    key = free_name("fid", table.columns)
    numbers = pa.array(range(1, len(columns[0].values) + 1), pa.int32())
    columns.insert(0, _Column(key, "integer", key, numbers))
    if table.wkb is not None:
        hexed = pa.array([one and one.hex() for one in table.wkb.to_pylist()], pa.string())
        kind = f"geometry({table.geometry_type},{srid})"
        columns.append(_Column(GEOMETRY, kind, GEOMETRY, hexed))
    return columns
