// What lies under the pointer, in words beside it.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const NEAR_PX = 5;
  const WIDE_PX = 240;

  /** Follows the pointer over the map and fills the box with what is there. state() = {view, surface}. */
  function readout(box, map, drawn, data, { words, language }, state) {
    const counted = new Intl.NumberFormat(language);

    function symbolUnder({ x, y }) {
      const heap = drawn.heapNear(x, y, NEAR_PX);
      if (!heap) return null;
      const { layer, n, i } = heap;
      if (n > 1) return [layer.label, lb.fill(words.here, { n: counted.format(n) })];
      return [layer.titles[i] || layer.label, layer.texts[i]];
    }

    function streetUnder(at) {
      const street = drawn.streetNear(at, lb.frameOf(map, 0));
      if (!street) return null;
      const label = state().view.streets.labels[street.class];
      const dense = lb.fill(words.per_km, { label });
      return [street.name || words.street, street.hot ? `${dense}, ${words.street_hot}` : dense];
    }

    /** Position among the view's drawn cells whose centre is nearest, if the pointer is in it. */
    function nearest(cell, { x, y }) {
      const { pixels } = lb.frameOf(map, 0);
      const { centre, size, kind } = data.cells;
      const hex = kind === "hex";
      let best = Infinity;
      let found = -1;
      for (let i = 0; i < cell.length; i += 1) {
        const dx = pixels.e + pixels.a * centre[2 * cell[i]] - x;
        const dy = pixels.n - pixels.a * centre[2 * cell[i] + 1] - y;
        const away = hex ? Math.hypot(dx, dy) : Math.max(Math.abs(dx), Math.abs(dy));
        if (away < best) [best, found] = [away, i];
      }
      // Mercator stretches: a cell's half width in pixels, a little generously.
      const stretch = 1 / Math.cos((map.getCenter().lat * Math.PI) / 180);
      const reach = (size * stretch * pixels.a) / (hex ? Math.sqrt(3) : 2);
      return best <= reach + 0.5 ? found : -1;
    }

    function cellUnder(at) {
      const { view, surface } = state();
      const shown = view.surface(surface);
      if (!shown || data.cells.kind === "drawn") return null;
      const found = nearest(shown.cell, at);
      if (found < 0) return null;
      const cell = shown.cell[found];
      const code = shown.class[found];
      const label =
        surface === "bin"
          ? words.bins[code]
          : (code >= 0 && shown.tell?.(found)) || (shown.labels[code] ?? "");
      const n = view.countOf(cell);
      return [lb.fill(words.in_cell, { n: counted.format(n) }), surface === "n" ? "" : label];
    }

    map.on("mousemove", (event) => {
      const at = event.layerPoint;
      const found = symbolUnder(at) ?? streetUnder(at) ?? cellUnder(at);
      box.hidden = !found;
      if (!found) return;
      box.replaceChildren(
        lb.element("strong", "", found[0]),
        ...(found[1] ? [lb.element("span", "", found[1])] : []),
      );
      const { x, y } = event.containerPoint;
      const left = x > map.getSize().x - WIDE_PX;
      const flip = left ? " translateX(-100%)" : "";
      box.style.transform = `translate(${x + (left ? -14 : 14)}px, ${y + 14}px)${flip}`;
    });
    map.on("mouseout", () => {
      box.hidden = true;
    });
  }

  Object.assign(globalThis.lagesbild, { readout });
}
