{#- One layer's default style in QGIS 3.22 and later. Filled in by maps/styles.py. -#}
<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
{%- include "qml/qgis.xml" %}
