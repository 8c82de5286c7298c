{#- One layer's default style in QGIS 3.22 and later. Filled in by maps/styles.py. -#}
{%- macro option(name, value, type="QString") -%}
<Option name="{{ name }}" value="{{ value }}" type="{{ type }}"/>
{%- endmacro -%}
{%- macro symbol(number, one) %}
      <symbol name="{{ number }}" type="{{ one.type }}" alpha="{{ one.alpha }}" clip_to_extent="1" force_rhr="0">
{%- for part in one.parts %}
        <layer class="{{ part.kind }}" enabled="1" locked="0" pass="{{ loop.index0 }}">
          <Option type="Map">
{%- for name, value in part.options.items() %}
            {{ option(name, value) }}
{%- endfor %}
          </Option>
{%- if part.closer_than %}
          <data_defined_properties>
            <Option type="Map">
              {{ option("name", "") }}
              <Option name="properties" type="Map">
                <Option name="enabled" type="Map">
                  {{ option("active", "true", "bool") }}
                  {{ option("expression", "@map_scale <= %d" % part.closer_than) }}
                  {{ option("type", "3", "int") }}
                </Option>
              </Option>
              {{ option("type", "collection") }}
            </Option>
          </data_defined_properties>
{%- endif %}
        </layer>
{%- endfor %}
      </symbol>
{%- endmacro -%}
<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling|Fields|Forms|MapTips" labelsEnabled="{{ 1 if style.label else 0 }}">
{%- if style.classes %}
  <renderer-v2 type="{{ style.renderer }}" attr="{{ style.attribute }}" symbollevels="{{ style.levels }}" enableorderby="0" forceraster="0"{% if style.renderer == "graduatedSymbol" %} graduatedMethod="GraduatedColor"{% endif %}>
{%- if style.renderer == "categorizedSymbol" %}
    <categories>
{%- for one in style.classes %}
      <category symbol="{{ loop.index0 }}" value="{{ one.value }}" label="{{ one.label }}" render="{{ "true" if one.shown else "false" }}"/>
{%- endfor %}
    </categories>
{%- elif style.renderer == "graduatedSymbol" %}
    <ranges>
{%- for one in style.classes %}
      <range symbol="{{ loop.index0 }}" lower="{{ one.lower }}" upper="{{ one.upper }}" label="{{ one.label }}" render="true"/>
{%- endfor %}
    </ranges>
{%- endif %}
    <symbols>
{%- for one in style.classes %}{{ symbol(loop.index0, one.symbol) }}{% endfor %}
    </symbols>
  </renderer-v2>
{%- endif %}
{%- if style.label %}
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style fieldName="{{ style.label.expression }}" isExpression="1" fontFamily="Arial" fontSize="{{ style.label.size }}" fontSizeUnit="Point" fontWeight="{{ 75 if style.label.bold else 50 }}" fontItalic="{{ 1 if style.label.italic else 0 }}" namedStyle="{{ "Bold" if style.label.bold else "Regular" }}" textColor="{{ style.label.colour }}" textOpacity="1" allowHtml="0" multilineHeight="1">
        <text-buffer bufferDraw="1" bufferSize="0.9" bufferSizeUnits="MM" bufferColor="255,255,255,220" bufferOpacity="1" bufferJoinStyle="128" bufferNoFill="1"/>
      </text-style>
      <text-format wrapChar="" autoWrapLength="28" multilineAlign="1"/>
      <placement placement="{{ style.label.placement }}" dist="{{ style.label.distance }}" distUnits="MM" placementFlags="10" offsetType="1" quadOffset="4" predefinedPositionOrder="R,L,TR,BR,TL,BL,TSR,BSR" centroidInside="1" priority="{{ style.label.priority }}" repeatDistance="120" repeatDistanceUnits="MM"/>
      <rendering drawLabels="1" scaleVisibility="{{ 1 if style.label.closer_than else 0 }}" scaleMin="0" scaleMax="{{ style.label.closer_than }}" obstacle="1" obstacleFactor="1" mergeLines="1" displayAll="0"/>
    </settings>
  </labeling>
{%- endif %}
  <fieldConfiguration>
{%- for name, words in style.values.items() %}
    <field name="{{ name }}">
      <editWidget type="ValueMap">
        <config>
          <Option type="Map">
            <Option name="map" type="List">
{%- for value, word in words.items() %}
              <Option type="Map">
                {{ option(word, value) }}
              </Option>
{%- endfor %}
            </Option>
          </Option>
        </config>
      </editWidget>
    </field>
{%- endfor %}
  </fieldConfiguration>
  <aliases>
{%- for name, alias in style.aliases.items() %}
    <alias index="{{ loop.index }}" field="{{ name }}" name="{{ alias }}"/>
{%- endfor %}
  </aliases>
{%- if style.tip %}
  <mapTip>{{ style.tip }}</mapTip>
{%- endif %}
{%- if style.geometry is not none %}
  <layerGeometryType>{{ style.geometry }}</layerGeometryType>
{%- endif %}
</qgis>
