{#- One layer's default style in QGIS 3.22 and later. Filled in by maps/styles.py. -#}
<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling|Fields|Forms|MapTips|Temporal" labelsEnabled="{{ 1 if style.label else 0 }}">
{%- include "qml/style.xml" %}
{%- if style.geometry is not none %}
  <layerGeometryType>{{ style.geometry }}</layerGeometryType>
{%- endif %}
</qgis>
