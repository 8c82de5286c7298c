"""Writes the GeoPackage: every layer a table that QGIS opens with its style, labels and words."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo.errors import OutputError, Problem
from geo.months import last_day
from maps import styles
from maps.gis_tables import GEOMETRY, GisTable, free_name, gis_tables, manifest_table
from maps.gpkg_metadata import file_metadata, table_metadata
from maps.manifest import manifest_text
from maps.qgis_project import PROJECT, qgz

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from maps.situation import Situation

_LAYER_STYLES = """
CREATE TABLE layer_styles (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "f_table_catalog" TEXT(256), "f_table_schema" TEXT(256), "f_table_name" TEXT(256),
  "f_geometry_column" TEXT(256), "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT,
  "useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
  "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
)"""


_METADATA = """
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
  md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT, row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
)"""
_METADATA_OF_QGIS = "http://mrcc.com/qgis.dtd"
_PROJECTS = "CREATE TABLE qgis_projects(name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"


def write_geopackage(
    situation: Situation, path: Path, language: str, *, name: str = "lagesbild.gpkg"
) -> None:
    """Write the whole situation to a new GeoPackage 1.3; the same situation gives the same bytes.

    The tables are those of ``gis_tables``, in the situation's coordinate system, and
    ``manifest``. Columns have readable aliases, keys are shown as words, every table has metadata
    and a default style, and a QGIS project joins them; ``name`` is what the file will be called
    when that is opened. No journal is left beside the file. A failure is an ``OutputError``.
    """
    path.unlink(missing_ok=True)
    written = last_day(situation.month) if situation.month else "1970-01-01"
    moment = f"{written}T00:00:00.000Z"  # the same whenever it is written
    tables = [*gis_tables(situation, language), manifest_table(situation, language)]
    try:
        with _gdal_settings(moment):
            for table in tables:
                _write(table, path, situation.crs)
        with closing(sqlite3.connect(path)) as file, file:
            _write_words(tables, file)
            _write_styles(tables, file, moment)
            _write_metadata(tables, situation, language, file, moment)
            _write_project(qgz(situation, tables, name, language), file, moment)
    except (DataLayerError, DataSourceError, FeatureError, sqlite3.Error) as error:
        cure = "see that there is room on the disk and that you may write there"
        raise OutputError(
            "cannot write the GeoPackage", (Problem(path.name, str(error), cure),)
        ) from error


@contextmanager
def _gdal_settings(moment: str) -> Iterator[None]:
    """Let GDAL write a moment of ours as the time of writing, and not wait for the disk.

    Whoever puts the finished file in its place sees to it that it is on the disk.
    """
    ours = {"OGR_CURRENT_DATE": moment, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in ours}
    pyogrio.set_gdal_config_options(ours)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _write(table: GisTable, path: Path, crs: int) -> None:
    """Append one table to the file through GDAL, which adds the spatial index."""
    used: set[str] = set()
    fields, arrays = [], []
    for name, array in table.columns.items():
        alias = free_name(table.aliases[name], used)
        used.add(alias)
        # GDAL writes it to gpkg_data_columns.
        fields.append(pa.field(name, array.type, metadata={"GDAL:OGR:alternative_name": alias}))
        arrays.append(array)
    options = {"DESCRIPTION": table.title, "FID": free_name("fid", table.columns)}
    geometry: dict[str, Any] = {}
    if table.wkb is not None:
        marked = {"ARROW:extension:name": "geoarrow.wkb"}
        fields.append(pa.field(GEOMETRY, pa.large_binary(), metadata=marked))
        arrays.append(table.wkb)
        options["GEOMETRY_NAME"] = GEOMETRY
        geometry = {
            "geometry_name": GEOMETRY,
            "geometry_type": table.geometry_type,
            "crs": f"EPSG:{crs}",
        }
    pyogrio.write_arrow(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        path,
        layer=table.name,
        driver="GPKG",
        dataset_options={} if path.exists() else {"VERSION": "1.3"},
        layer_options=options,
        **geometry,
    )


def _write_words(tables: list[GisTable], file: sqlite3.Connection) -> None:
    """Say in the format's own tables which words the keys of a column have."""
    for table in tables:
        for column, said in table.style.values.items():
            name = f"{table.name}_{column}"
            file.executemany(
                "INSERT INTO gpkg_data_column_constraints "
                "(constraint_name, constraint_type, value, description) VALUES (?, 'enum', ?, ?)",
                [(name, value, word) for value, word in said.items()],
            )
            file.execute(
                "UPDATE gpkg_data_columns SET constraint_name = ? "
                "WHERE table_name = ? AND column_name = ?",
                (name, table.name, column),
            )


def _write_styles(tables: list[GisTable], file: sqlite3.Connection, moment: str) -> None:
    """Add the table in which QGIS looks for styles, the default of each table first."""
    file.execute(_LAYER_STYLES)
    file.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', ?, 0)",
        (moment,),
    )
    file.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
        "update_time) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '', ?)",
        [
            (
                table.name,
                GEOMETRY if table.wkb is not None else "",
                name[:30],
                styles.qml(style),
                int(style is table.style),
                table.title,
                moment,
            )
            for table in tables
            for name, style in {table.name: table.style, **table.others}.items()
        ],
    )


def _write_metadata(
    tables: list[GisTable],
    situation: Situation,
    language: str,
    file: sqlite3.Connection,
    moment: str,
) -> None:
    """Add what QGIS shows of each table and of the file, and the manifest whole for programs."""
    file.executescript(_METADATA)
    file.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', "
        "'http://www.geopackage.org/spec121/#extension_metadata', 'read-write')",
        [("gpkg_metadata",), ("gpkg_metadata_reference",)],
    )
    whole = file_metadata(situation, language).xml
    documents = [
        (None, _METADATA_OF_QGIS, "text/xml", whole),
        (
            None,
            "https://www.rfc-editor.org/rfc/rfc8259",
            "application/json",
            manifest_text(situation),
        ),
        *(
            (
                table.name,
                _METADATA_OF_QGIS,
                "text/xml",
                table_metadata(table, situation, language).xml,
            )
            for table in tables
        ),
    ]
    for number, (table, standard, form, text) in enumerate(documents, 1):
        file.execute(
            "INSERT INTO gpkg_metadata VALUES (?, 'dataset', ?, ?, ?)",
            (number, standard, form, text),
        )
        file.execute(
            "INSERT INTO gpkg_metadata_reference VALUES (?, ?, NULL, NULL, ?, ?, NULL)",
            ("geopackage" if table is None else "table", table, moment, number),
        )


def _write_project(packed: bytes, file: sqlite3.Connection, moment: str) -> None:
    """Add the table in which QGIS looks for projects; it keeps them as hexadecimal text."""
    about = {"last_modified_time": moment[:19], "last_modified_user": PROJECT}
    file.execute(_PROJECTS)
    file.execute(
        "INSERT INTO qgis_projects VALUES (?, ?, ?)", (PROJECT, json.dumps(about), packed.hex())
    )
