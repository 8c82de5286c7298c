"""Opens every layer of a GeoPackage in a headless QGIS; prints what it found, draws a picture.

Run with the Python that QGIS is installed for: ``qgis_open.py FILE PICTURE [WIDTH_IN_METRES X Y]``.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
from qgis_colours import colours

ORDER = ("places", "hotspots", "bathing", "traffic", "patrols", "incidents", "area", "cells")


def look(layer: QgsVectorLayer) -> dict[str, object]:
    """Tell what QGIS makes of one layer."""
    renderer = layer.renderer()
    described = {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "crs": layer.crs().authid(),
        "aliases": {f.name(): layer.attributeAlias(i) for i, f in enumerate(layer.fields())},
        "widgets": {
            f.name(): layer.editorWidgetSetup(i).type() for i, f in enumerate(layer.fields())
        },
        "types": {f.name(): f.typeName() for f in layer.fields()},
        "tip": layer.mapTipTemplate(),
        "labels": layer.labelsEnabled(),
        "abstract": layer.metadata().abstract(),
        "history": layer.metadata().history(),
        "renderer": renderer.type() if renderer else None,
        "legend": [item.label() for item in renderer.legendSymbolItems()] if renderer else [],
    }
    if layer.labelsEnabled():
        labels = layer.labeling().settings()
        limits = (labels.minimumScale, labels.maximumScale)
        described["labels_between"] = limits if labels.scaleVisibility else None
    if renderer and renderer.type() == "singleSymbol":
        described["colour"] = renderer.symbol().color().name()
        described["parts"] = renderer.symbol().symbolLayerCount()
    if renderer and renderer.type() == "categorizedSymbol":
        described["colours"] = {
            str(c.value()): c.symbol().color().name() for c in renderer.categories()
        }
        described["shown"] = [str(c.value()) for c in renderer.categories() if c.renderState()]
    return described


def domains(file: str) -> dict[str, dict[str, str]]:
    """Tell the words that GDAL finds for the keys of each table's columns, without any style."""
    data = gdal.OpenEx(file)
    found = {}
    for number in range(data.GetLayerCount()):
        table = data.GetLayer(number).GetLayerDefn()
        for i in range(table.GetFieldCount()):
            field = table.GetFieldDefn(i)
            if field.GetDomainName():
                domain = data.GetFieldDomain(field.GetDomainName())
                found[f"{table.GetName()}.{field.GetName()}"] = domain.GetEnumeration()
    return found


def main() -> None:
    """Open, look, draw."""
    file, picture = sys.argv[1:3]
    application = QgsApplication([], False)  # noqa: FBT003 - without windows
    application.initQgis()
    whole = QgsVectorLayer(file, "file", "ogr")
    names = [part.split("!!::!!")[1] for part in whole.dataProvider().subLayers()]
    layers = {name: QgsVectorLayer(f"{file}|layername={name}", name, "ogr") for name in names}
    found = {name: look(layer) for name, layer in layers.items() if name != "layer_styles"}
    drawn = [layers[n] for start in ORDER for n in layers if n.startswith(start)]
    drawn += [layer for layer in layers.values() if layer.isSpatial() and layer not in drawn]
    QgsProject.instance().addMapLayers(drawn)
    settings = QgsMapSettings()
    settings.setLayers(drawn)
    settings.setBackgroundColor(QColor("white"))
    settings.setOutputSize(QSize(1400, 1100))
    settings.setOutputDpi(110)
    settings.setDestinationCrs(layers["cells"].crs())
    extent = layers["area"].extent()
    extent.scale(1.05)
    if len(sys.argv) > 3:
        width, x, y = map(float, sys.argv[3:6])
        extent = QgsRectangle(x - width / 2, y - width / 2, x + width / 2, y + width / 2)
    settings.setExtent(extent)
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(picture)
    found["colours"] = colours(job.renderedImage(), 60)
    found["domains"] = domains(file)
    found["errors"] = [error.message for error in job.errors()]
    found["scale"] = settings.scale()
    json.dump(found, sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # QGIS is known to crash while it closes


main()
