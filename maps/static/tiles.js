// Online background, where the project names a server: off until the reader turns it on.
"use strict";
globalThis.lagesbild ??= {};
{
  /** Gives show(on), which adds the tiles or takes them away; changed(on) hears of it. */
  function onlineTiles(map, { url, attribution, maxZoom }, changed) {
    map.createPane("tiles").style.zIndex = 205;
    let layer = null;
    let credit = null;
    return (on) => {
      if (Boolean(layer) === on) return;
      layer?.remove();
      credit?.remove();
      layer = null;
      if (on) {
        layer = L.tileLayer(url, { pane: "tiles", maxNativeZoom: maxZoom, maxZoom: 20 }).addTo(map);
        credit = L.control.attribution({ prefix: false, position: "bottomright" }).addTo(map);
        // As text: Leaflet would take it for markup.
        credit.getContainer().textContent = attribution;
      }
      changed(on);
    };
  }

  Object.assign(globalThis.lagesbild, { onlineTiles });
}
