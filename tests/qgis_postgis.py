"""Opens tables of PostGIS in a headless QGIS, with nothing done to them; prints what it found.

Run with the Python that QGIS is installed for: ``qgis_postgis.py SCHEMA TABLE...``; a table
without geometry is named with a ``-`` before it. The database is named by libpq's variables.
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import QgsApplication, QgsDataSourceUri, QgsVectorLayer

application = QgsApplication([], False)  # noqa: FBT003 - no windows
application.initQgis()
found = {}
for name in sys.argv[2:]:
    uri = QgsDataSourceUri()
    names = (os.environ[f"PG{one}"] for one in ("HOST", "PORT", "DATABASE", "USER"))
    uri.setConnection(*names, "")
    table = name.removeprefix("-")
    uri.setDataSource(sys.argv[1], table, None if table != name else "geom", "", "fid")
    layer = QgsVectorLayer(uri.uri(expandAuthConfig=False), table, "postgres")
    renderer = layer.renderer()
    found[table] = {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "crs": layer.crs().authid(),
        "aliases": {f.name(): layer.attributeAlias(i) for i, f in enumerate(layer.fields())},
        "comment": layer.dataComment(),
        "renderer": renderer.type() if renderer else None,
        "legend": [item.label() for item in renderer.legendSymbolItems()] if renderer else [],
        "styles": layer.listStylesInDatabase()[2],
    }
json.dump(found, sys.stdout)
sys.stdout.flush()
os._exit(0)
