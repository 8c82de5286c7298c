"""Opens the project of a GeoPackage in a headless QGIS; prints what is in it, draws and prints it.

Run with the Python that QGIS is installed for: ``qgis_project_open.py FILE FOLDER``. Into the
folder go ``canvas.png``, what QGIS shows first, and the layout as ``layout.png`` and
``layout.pdf``.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayerTree,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QImage
from qgis_colours import colours


def tree(project: QgsProject) -> dict[str, list[dict[str, object]]]:
    """List the groups with their layers from above to below."""
    found = {}
    for group in project.layerTreeRoot().children():
        layers = found[group.name()] = []
        for node in group.children():
            assert QgsLayerTree.isLayer(node)
            layer = node.layer()
            time = layer.temporalProperties()
            layers.append(
                {
                    "name": node.name(),
                    "source": layer.source(),
                    "valid": layer.isValid(),
                    "count": layer.featureCount(),
                    "crs": layer.crs().authid(),
                    "shown": node.isVisible(),
                    "closer_than": layer.minimumScale() if layer.hasScaleBasedVisibility() else 0,
                    "renderer": layer.renderer().type() if layer.renderer() else None,
                    "labels": layer.labelsEnabled(),
                    "styles": styles(layer),
                    "stored": stored(layer),
                    "empty": [
                        f.name()
                        for i, f in enumerate(layer.fields())
                        if not layer.attributeAlias(i)
                    ],
                    "abstract": layer.metadata().abstract(),
                    "history": layer.metadata().history(),
                    "played": [
                        time.startField(),
                        time.fixedDuration(),
                        QgsUnitTypes.encodeUnit(time.durationUnits()),
                    ]
                    if time and time.isActive()
                    else None,
                }
            )
    return found


def styles(layer: QgsVectorLayer) -> dict[str, list[object]]:
    """Tell what each style that a layer offers makes of it, and leave it as it was."""
    manager = layer.styleManager()
    current, found = manager.currentStyle(), {}
    for name in manager.styles() if len(manager.styles()) > 1 else []:
        manager.setCurrentStyle(name)
        items = layer.renderer().legendSymbolItems()
        found[name] = [layer.renderer().type(), [item.label() for item in items]]
    manager.setCurrentStyle(current)
    return found


def stored(layer: QgsVectorLayer) -> list[str]:
    """List the styles that the file holds for a layer; of a layer with no place, none."""
    count, _, names, *_ = layer.listStylesInDatabase()
    return names[: max(count, 0)] if layer.isSpatial() else []


def legend(item: QgsLayoutItemLegend) -> list[str]:
    """List what the printed legend says, line by line."""
    model = item.model()
    lines = []
    for node in model.rootGroup().children():
        symbols = [one.data(Qt.DisplayRole) for one in model.layerLegendNodes(node)]
        if symbols:
            lines += [node.customProperty("legend/title-label"), *filter(None, symbols)]
    return lines


def draw(project: QgsProject, picture: Path) -> tuple[dict[str, int], list[str]]:
    """Draw what QGIS shows first."""
    settings = QgsMapSettings()
    settings.setLayers(project.mapThemeCollection().masterVisibleLayers())
    settings.setBackgroundColor(project.backgroundColor())
    settings.setOutputSize(QSize(1400, 1100))
    settings.setOutputDpi(110)
    settings.setDestinationCrs(project.crs())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(picture))
    return colours(job.renderedImage(), 300), [error.message for error in job.errors()]


def main() -> None:
    """Open, tell, draw, print."""
    file, folder = sys.argv[1], Path(sys.argv[2])
    application = QgsApplication([], False)  # noqa: FBT003 - without windows
    application.initQgis()
    project = QgsProject.instance()
    read = project.read(f"geopackage:{file}?projectName=lagesbild")
    extent = project.viewSettings().defaultViewExtent()
    drawn, errors = draw(project, folder / "canvas.png")
    layouts = project.layoutManager().printLayouts()
    layout = layouts[0]
    exporter = QgsLayoutExporter(layout)
    image = QgsLayoutExporter.ImageExportSettings()
    image.dpi = 150
    printed = [
        exporter.exportToImage(str(folder / "layout.png"), image),
        exporter.exportToPdf(str(folder / "layout.pdf"), QgsLayoutExporter.PdfExportSettings()),
    ]
    labels = [item for item in layout.items() if isinstance(item, QgsLayoutItemLabel)]
    steps = project.timeSettings()
    json.dump(
        {
            "read": read,
            "error": project.error(),
            "title": project.title(),
            "crs": project.crs().authid(),
            "background": project.backgroundColor().name(),
            "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
            "abstract": project.metadata().abstract(),
            "groups": tree(project),
            "order": [layer.id() for layer in project.mapThemeCollection().masterVisibleLayers()],
            "layouts": [one.name() for one in layouts],
            "printed": printed,
            "labels": {item.id(): item.currentText() for item in labels},
            "legend": [
                line
                for item in layout.items()
                if isinstance(item, QgsLayoutItemLegend)
                for line in dict.fromkeys(legend(item))
            ],
            "legend_top": [
                item.scenePos().y()
                for item in layout.items()
                if isinstance(item, QgsLayoutItemLegend)
            ],
            "colours": drawn,
            "layout_colours": colours(QImage(str(folder / "layout.png")), 300),
            "errors": errors,
            "played": [
                steps.temporalRange().begin().toString("yyyy-MM-dd"),
                steps.temporalRange().end().toString("yyyy-MM-dd"),
                QgsUnitTypes.encodeUnit(steps.timeStepUnit()),
            ],
        },
        sys.stdout,
    )
    sys.stdout.flush()
    os._exit(0)  # QGIS is known to crash while it closes


main()
