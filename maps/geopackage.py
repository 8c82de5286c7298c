"""Writes the GeoPackage: every layer a table that QGIS opens with its style, labels and words."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from geo.errors import OutputError, Problem
from geo.months import month_text
from maps import styles
from maps.gis_tables import GEOMETRY, GisTable, free_name, gis_tables

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


def write_geopackage(situation: Situation, path: Path, language: str) -> None:
    """Write the whole situation to a new GeoPackage 1.3; the same situation gives the same bytes.

    The tables are those of ``gis_tables``, in the situation's coordinate system. Columns have
    readable aliases, keys are shown as words, every table has a default style in ``layer_styles``,
    and no journal is left beside the file. A failure is an ``OutputError``.
    """
    path.unlink(missing_ok=True)
    moment = _moment(situation)
    tables = gis_tables(situation, language)
    try:
        with _gdal_date(moment):
            for table in tables:
                _write(table, path, situation.crs)
        _write_styles(tables, path, moment)
    except (DataLayerError, DataSourceError, FeatureError, sqlite3.Error) as error:
        cure = "see that there is room on the disk and that you may write there"
        raise OutputError(
            "cannot write the GeoPackage", (Problem(path.name, str(error), cure),)
        ) from error


def _moment(situation: Situation) -> str:
    """Give the time that stands for the time of writing: the end of the month of the meeting."""
    if not situation.month:
        return "1970-01-01T00:00:00.000Z"
    end = np.datetime64(month_text(situation.month + 1), "D") - 1
    return f"{end}T00:00:00.000Z"


@contextmanager
def _gdal_date(moment: str) -> Iterator[None]:
    """Let GDAL write a moment of ours where it would write the time of writing."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


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


def _write_styles(tables: list[GisTable], path: Path, moment: str) -> None:
    """Add the table in which QGIS looks for default styles."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(_LAYER_STYLES)
        file.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', ?, 0)",
            (moment,),
        )
        file.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
            "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, "
            "update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '', ?)",
            [
                (
                    table.name,
                    GEOMETRY if table.wkb is not None else "",
                    table.name[:30],
                    styles.qml(table.style),
                    table.title,
                    moment,
                )
                for table in tables
            ],
        )
