"""Edits a GeoPackage in a headless QGIS as a person would; prints what was done, in JSON.

Run with the Python that QGIS is installed for: ``qgis_edit.py FILE``. Moves the first corner of the
first hotspot, renames that hotspot, and draws an operation in a new layer ``operations``.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QVariant

NAME = "Lägesbild: åtgärd på Ön"
PURPOSE = "Nykterhetskontroll, möte kl 20"


def opened(file: str, name: str) -> QgsVectorLayer:
    """Open one layer for editing."""
    layer = QgsVectorLayer(f"{file}|layername={name}", name, "ogr")
    if not (layer.isValid() and layer.startEditing()):
        sys.exit(f"{name} cannot be edited")
    return layer


def saved(layer: QgsVectorLayer) -> None:
    """Save as the button does."""
    if not layer.commitChanges():
        sys.exit("; ".join(layer.commitErrors()))


def main() -> None:
    """Edit, save, tell."""
    file = sys.argv[1]
    application = QgsApplication([], False)  # noqa: FBT003 - without windows
    application.initQgis()
    hotspots = opened(file, "hotspots")
    first = next(hotspots.getFeatures())
    shape = QgsGeometry(first.geometry())
    corner = shape.vertexAt(0)
    shape.moveVertex(corner.x() + 12.345, corner.y() - 6.789, 0)
    hotspots.changeGeometry(first.id(), shape)
    hotspots.changeAttributeValue(first.id(), hotspots.fields().indexOf("name"), NAME)
    saved(hotspots)
    fields = QgsFields()
    for name, kind in (
        ("namn", QVariant.String),
        ("start", QVariant.Date),
        ("syfte", QVariant.String),
    ):
        fields.append(QgsField(name, kind))
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "operations"
    options.actionOnExistingFile = QgsVectorFileWriter.CreateOrOverwriteLayer
    context = QgsProject.instance().transformContext()
    QgsVectorFileWriter.create(
        file, fields, QgsWkbTypes.Polygon, hotspots.crs(), context, options
    )  # writes as it is deleted, which is at once
    drawn = opened(file, "operations")
    x, y = corner.x(), corner.y()
    ring = [QgsPointXY(x, y), QgsPointXY(x + 250.125, y), QgsPointXY(x, y + 99.875)]
    operation = QgsFeature(drawn.fields())
    operation.setGeometry(QgsGeometry.fromPolygonXY([[*ring, ring[0]]]))
    operation["namn"], operation["start"], operation["syfte"] = NAME, QDate(2022, 1, 14), PURPOSE
    drawn.addFeature(operation)
    saved(drawn)
    told = {
        "id": first["hotspot_id"],
        "moved": shape.asWkt(6),
        "drawn": operation.geometry().asWkt(6),
        "name": NAME,
        "purpose": PURPOSE,
    }
    json.dump(told, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # QGIS is known to crash while it closes


main()
