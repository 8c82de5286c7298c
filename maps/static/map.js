// The map: ground, cells, outlines, symbols, names and numbers of the view that is shown.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;

  /** Panes from the ground up: name and z-index. What is compared with lies below what is now. */
  const PANES = {
    ground: 210,
    mask: 215,
    cellsThen: 219,
    cells: 220,
    roads: 230,
    streets: 235,
    edge: 240,
    spotsThen: 398,
    spots: 400,
    symbols: 420,
    names: 440,
    badges: 460,
  };
  const THEN = ["cellsThen", "spotsThen"];
  const NOW = ["cells", "streets", "spots", "badges"];
  const FAR = 11.25;
  const CLOSE = 13.5;
  const within = ({ from, to }, x, y) => x >= from.x && x <= to.x && y >= from.y && y <= to.y;
  const at = (xy, i, { a, e, n }) => [e + a * xy[2 * i], n - a * xy[2 * i + 1]];
  const meet = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  /**
   * Draws a situation on a Leaflet map, and gives what the page does with it:
   * show(view, then), redraw(), surface(name), hide(names), mark(chosen, pointed), goTo(box),
   * goHome(), heapsNear(x, y), and the panes that a comparison clips.
   * covering() gives the elements that lie over the map; on.choose(spot) and on.point(spot|null)
   * hear of what is clicked and pointed at.
   */
  function situationMap(map, data, { language, covering, margins, calm }, on) {
    const now = { view: null, then: null, surface: "", hidden: new Set(), chosen: null, pointed: null };
    const counted = new Intl.NumberFormat(language);
    const container = map.getContainer();
    const shown = (name) => !now.hidden.has(name);

    // Leaflet moves by itself after keys, the wheel and a drag: at once where the reader wishes it.
    const { setView, panBy } = map;
    const still = (options) => (calm() ? { ...options, animate: false } : options);
    map.setView = (centre, zoom, options) => setView.call(map, centre, zoom, still(options));
    map.panBy = (by, options) => panBy.call(map, by, still(options));

    const renderers = {};
    for (const [name, z] of Object.entries(PANES)) {
      map.createPane(name).style.zIndex = z;
      renderers[name] = L.svg({ pane: name, padding: lb.PADDING });
    }
    const [west, south, east, north] = data.area[0].box;
    const home = L.latLngBounds(lb.latLng(west, south), lb.latLng(east, north));
    const goHome = (options) => map.fitBounds(home, { ...margins(), ...options });
    goHome({ animate: false });
    for (const renderer of Object.values(renderers)) renderer.addTo(map);
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);

    const Path = lb.drawnPath();
    const Group = lb.drawnGroup();
    const draw = (pane, className, drawing) =>
      new Path(drawing, { renderer: renderers[pane], className }).addTo(map);
    const group = (pane, fill) => new Group(fill, { renderer: renderers[pane] }).addTo(map);

    // The ground
    const everything = ({ from, to }) => `M${from.x} ${from.y}H${to.x}V${to.y}H${from.x}Z`;
    const area = (frame) => lb.pathOf(data.area, frame, true);
    const background = [draw("ground", "ground land", area)];
    const drawBackground = (where, pane, layers) => {
      for (const layer of layers) {
        for (const { class: name, where: there, shapes } of data.background) {
          if (there !== where) continue;
          const drawing = (frame) => lb.pathOf(shapes, frame, where === "area");
          background.push(draw(pane, `ground ${layer} ${name}`, drawing));
        }
      }
    };
    drawBackground("area", "ground", ["area"]);
    drawBackground("outside", "ground", ["casing", "line"]);
    draw("mask", "outside", (frame) => everything(frame) + area(frame));
    drawBackground("inside", "roads", ["casing", "line"]);
    draw("edge", "edge", area);

    // The cells: one path a class
    let surfaces = [];
    function drawCells() {
      for (const path of surfaces) path.remove();
      surfaces = [];
      for (const [pane, view] of [["cellsThen", now.then], ["cells", now.view]]) {
        const surface = view?.surface(now.surface);
        if (!surface) continue;
        for (const [code, cells] of lb.byClass(surface).entries()) {
          if (!cells.length) continue;
          const drawing =
            data.cells.kind === "drawn"
              ? (frame) => lb.pathOf([...cells].map((i) => data.cells.shapes[i]), frame, true)
              : (frame) => lb.pathOfCells(data.cells, cells, frame, data.project);
          surfaces.push(draw(pane, `cell ${surface.inks[code]}`, drawing));
        }
      }
    }

    const streets = group("streets", (into, frame) => {
      if (now.view?.streets && shown("streets")) lb.drawStreets(into, now.view.streets, frame);
    });

    // Symbols: those that would overlap become one with a number
    // (a number only from where the map is close enough; far out the hot cells are the matter).
    const far = () => map.getZoom() < FAR;
    const radius = (shape) =>
      far() ? (shape === "circle" ? 3.75 : 2) : map.getZoom() < 13 ? 6 : 7.5;
    const heapRadius = (n) =>
      far() ? Math.min(2 + Math.log2(n) * 0.7, 5.5) : Math.min(7.5 + Math.log2(n) * 0.75, 14);
    /** Whether a symbol is of the months that are chosen; what has no month always is. */
    const inTime = ({ months }, i) => {
      const chosen = now.view?.mask?.months;
      return !months || !chosen || months[i] < 0 || (months[i] >= chosen[0] && months[i] <= chosen[1]);
    };
    let heaps = [];
    const symbols = group("symbols", (into, frame) => {
      // Far out the hot cells are what matters: roads and symbols lie below them.
      map.getPane("roads").style.zIndex = far() ? PANES.mask + 1 : PANES.roads;
      map.getPane("symbols").style.zIndex = far() ? PANES.mask + 2 : PANES.symbols;
      container.classList.toggle("far", far());
      heaps = data.symbols.map((layer, k) => {
        if (!shown(`symbols-${k}`)) return [];
        const lines = layer.lines.filter((_, i) => inTime(layer, layer.line_of[i]));
        if (lines.length) {
          const d = lb.pathOf(lines, frame, false);
          into.append(lb.svg("path", { d, class: `symbol-line ${layer.shape}` }));
        }
        const points = Array.from({ length: layer.xy.length / 2 }, (_, i) => {
          const [x, y] = at(layer.xy, i, frame.pixels);
          return { x, y, n: layer.counts ? layer.counts[i] : 1, i };
        }).filter(({ x, y, i }) => inTime(layer, i) && within(frame, x, y));
        return lb.heaped(points, far() ? 14 : 17).map((heap) => ({ ...heap, layer, k }));
      });
      for (let k = heaps.length - 1; k >= 0; k -= 1) {
        const { shape } = data.symbols[k];
        for (const heap of heaps[k]) heap.r = heap.n > 1 ? heapRadius(heap.n) : radius(shape);
        // Numbers stand with their own symbol, so that a later one covers both.
        const d = (some) => some.map(({ x, y, r }) => lb.outline(shape, x, y, r)).join("");
        const plain = heaps[k].filter((heap) => far() || heap.n === 1);
        into.append(lb.svg("path", { d: d(plain), class: `symbol ${shape}` }));
        for (const heap of heaps[k]) {
          if (plain.includes(heap)) continue;
          into.append(lb.svg("path", { d: d([heap]), class: `symbol ${shape}` }));
          const y = heap.y + (shape === "triangle" ? 4.5 : 3.2);
          const text = { x: heap.x, y, "text-anchor": "middle", class: `count ${shape}` };
          into.append(lb.svg("text", text, counted.format(heap.n)));
        }
      }
      if (now.view?.points && shown("points")) {
        const parts = [];
        for (let i = 0; i < now.view.points.length / 2; i += 1) {
          parts.push(lb.outline("circle", ...at(now.view.points, i, frame.pixels), 4));
        }
        into.append(lb.svg("path", { d: parts.join(""), class: "point" }));
      }
    });

    // Hotspots: outlines below the symbols, numbers above the names; what is new is dashed
    const outlines = group("spots", (into, frame) => {
      if (!now.view) return;
      if (shown("alerts")) {
        for (const { shapes, items, street } of now.view.alerts) {
          if (street) continue; // drawn as what it is
          const d = lb.pathOf(shapes.filter((_, i) => items[i].significant), frame, true);
          into.append(lb.svg("path", { d, class: "outline-halo" }));
          into.append(lb.svg("path", { d, class: "alert-line" }));
        }
      }
      if (!shown("spots")) return;
      now.view.spots.forEach((spot, i) => {
        const d = lb.pathOf([now.view.shapes[i]], frame, true);
        const line = lb.svg("path", { d, class: "outline", "data-rank": spot.rank });
        line.addEventListener("click", () => on.choose(spot));
        into.append(lb.svg("path", { d, class: "outline-halo" }), line);
      });
    });
    const earlier = group("spotsThen", (into, frame) => {
      if (!now.then || !shown("spots")) return;
      const d = lb.pathOf(now.then.shapes, frame, true);
      into.append(lb.svg("path", { d, class: "outline-halo" }));
      into.append(lb.svg("path", { d, class: "outline then" }));
    });

    // A number sits on top of its outline's highest point, so that what lies inside stays in
    // sight; where another number is, beside or below its outermost points instead.
    function badgePlaces({ xy, rings }, { a, e, n }) {
      const from = Math.min(...rings.map((ring) => ring[0]));
      const to = Math.max(...rings.map((ring) => ring[1]));
      const outermost = (east, north) => {
        let best = from;
        const far = (i) => east * xy[2 * i] + north * xy[2 * i + 1];
        for (let i = from; i < to; i += 1) if (far(i) > far(best)) best = i;
        return [e + a * xy[2 * best] + 9 * east, n - a * xy[2 * best + 1] - 9 * north];
      };
      return [outermost(0, 1), outermost(1, 0), outermost(-1, 0), outermost(0, -1)];
    }
    let badgeBoxes = [];
    const around = ([x, y]) => [x - 11, y - 11, x + 11, y + 11];
    const clear = (box) => !badgeBoxes.some((other) => meet(box, other));
    const badges = group("badges", (into, frame) => {
      badgeBoxes = [];
      if (!now.view) return;
      const made = [];
      now.view.spots.forEach((spot, i) => {
        if (!shown("spots")) return;
        const places = badgePlaces(now.view.shapes[i], frame.pixels);
        const free = places.find((place) => clear(around(place)));
        const [x, y] = free ?? places[0];
        const badge = lb.svg("g", { class: free ? "badge" : "badge small", "data-rank": spot.rank });
        badge.append(lb.svg("circle", { cx: x, cy: y, r: free ? 10.5 : 4, class: "badge-disc" }));
        if (free) {
          badge.append(lb.svg("text", { x, y: y + 4.2, "text-anchor": "middle" }, String(spot.rank)));
          badgeBoxes.push(around([x, y]));
        }
        badge.addEventListener("click", () => on.choose(spot));
        for (const [event, value] of [["mouseenter", spot], ["mouseleave", null]]) {
          badge.addEventListener(event, () => on.point(value));
        }
        made.push(badge);
      });
      into.append(...made.reverse());
      if (shown("alerts")) into.append(...letters(frame));
      markDrawn();
    });
    /** The letters of what is new, on their circles where no number is. */
    function letters({ pixels: { a, e, n } }) {
      const made = [];
      const small = []; // below those with a letter
      for (const { shapes, items } of now.view.alerts) {
        items.forEach(({ letter, significant }, i) => {
          if (!significant) return;
          const box = shapes[i].box;
          const [x, y] = [e + (a * (box[0] + box[2])) / 2, n - (a * (box[1] + box[3])) / 2];
          const [dx, dy] = [(a * (box[2] - box[0])) / 2 + 6, (a * (box[3] - box[1])) / 2 + 6];
          const places = [[x, y + dy], [x + dx, y], [x - dx, y], [x, y - dy]];
          for (const [right, up] of [[1, 1], [-1, 1], [1, -1], [-1, -1]]) {
            places.push([x + right * dx, y + up * dy]);
          }
          const free = places.find((place) => clear(around(place)));
          const [px, py] = free ?? places[0];
          const r = free ? 9 : 4;
          const half = free ? r + 3 * (letter.length - 1) : r;
          const square = { x: px - half, y: py - r, width: 2 * half, height: 2 * r, rx: r / 3 };
          const badge = lb.svg("g", { class: "alert-badge" });
          badge.append(lb.svg("rect", { ...square, class: "badge-disc" }));
          if (free) {
            badge.append(lb.svg("text", { x: px, y: py + 4.2, "text-anchor": "middle" }, letter));
            badgeBoxes.push(around(free));
          }
          (free ? made : small).push(badge);
        });
      }
      return [...small, ...made];
    }

    // Names
    /** What lies over the map, in its layer's pixels: no name goes below it. */
    function panels() {
      const origin = container.getBoundingClientRect();
      return covering().map((panel) => {
        const { left, top, right, bottom } = panel.getBoundingClientRect();
        const from = map.containerPointToLayerPoint([left - origin.left, top - origin.top]);
        return [from.x, from.y, from.x + right - left, from.y + bottom - top];
      });
    }
    const pen = document.createElement("canvas").getContext("2d");
    const manners = {
      place: { font: "600 13px system-ui, sans-serif", height: 17, gap: 9, onPoint: true },
      water: { font: "italic 12px system-ui, sans-serif", height: 15 },
      road: { font: "600 10.5px system-ui, sans-serif", height: 15 },
      site: { font: "500 12px system-ui, sans-serif", height: 15, gap: 9 },
    };
    const widths = new Map();
    function widthOf(text, manner) {
      const key = `${manner} ${text}`;
      if (!widths.has(key)) {
        pen.font = manners[manner].font;
        widths.set(key, pen.measureText(text).width + 6);
      }
      return widths.get(key);
    }
    const names = group("names", (into, frame) => {
      if (!shown("names")) return;
      const taken = [...badgeBoxes, ...panels()];
      for (const { x, y, r } of heaps.flat()) taken.push([x - r, y - r, x + r, y + r]);
      const wanted = [];
      const want = (xy, i, text, manner) => {
        const [x, y] = at(xy, i, frame.pixels);
        wanted.push({ ...manners[manner], x, y, width: widthOf(text, manner), text, manner });
      };
      const wantNames = (which) =>
        data.names?.texts.forEach((text, i) => {
          if (which(data.names.manners[i])) want(data.names.xy, i, text, data.names.manners[i]);
        });
      wantNames((manner) => manner === "place");
      data.symbols.forEach((layer, k) => {
        if (layer.kind !== "bathing_sites" || layer.counts || !shown(`symbols-${k}`)) return;
        layer.titles.forEach((text, i) => want(layer.xy, i, text, "site"));
      });
      wantNames((manner) => manner !== "place" && (manner !== "water" || map.getZoom() > 10));
      const size = map.getSize();
      const corner = map.containerPointToLayerPoint([0, 0]);
      const view = [corner.x, corner.y, corner.x + size.x, corner.y + size.y];
      for (const { index, x, y } of lb.placed(wanted, taken, view)) {
        const { text, manner, height } = wanted[index];
        const place = { x, y: y + height * 0.3, "text-anchor": "middle", class: `name ${manner}` };
        into.append(lb.svg("text", place, text));
      }
    });

    // What is pointed at and chosen
    function markDrawn() {
      for (const each of container.querySelectorAll("[data-rank]")) {
        const rank = Number(each.dataset.rank);
        each.classList.toggle("pointed", now.pointed?.rank === rank);
        each.classList.toggle("chosen", now.chosen?.rank === rank);
      }
    }

    /** The symbols or heap of them nearest to a pixel of the map's layer, within their radius. */
    function heapNear(x, y, slack) {
      let best = 0;
      let found = null;
      for (const heap of heaps.flat()) {
        const away = Math.hypot(heap.x - x, heap.y - y) - heap.r - slack;
        if (away < best) [best, found] = [away, heap];
      }
      return found;
    }

    const streetNear = (at, { pixels }) =>
      now.view?.streets && shown("streets") ? lb.streetNear(now.view.streets, at, pixels) : null;

    const redraw = () => {
      for (const each of [streets, outlines, earlier, symbols, badges, names]) each.redraw();
    };
    const panes = (which) => which.map((name) => map.getPane(name));

    return {
      home,
      goHome,
      heapNear,
      streetNear,
      panesThen: panes(THEN),
      panesNow: panes(NOW),
      redraw,
      /** Shows a view, and beside it an earlier one to compare with, or null. */
      show(view, then, surface) {
        const same = String(now.view?.mask?.months) === String(view.mask?.months);
        const others = !now.view || !same || now.view.points || view.points;
        Object.assign(now, { view, then, surface, chosen: null, pointed: null });
        drawCells();
        for (const each of [streets, outlines, earlier]) each.redraw();
        if (others) symbols.redraw();
        for (const each of [badges, names]) each.redraw();
      },
      surface(name) {
        now.surface = name;
        drawCells();
      },
      hides: () => now.hidden.size > 0,
      hide(hidden) {
        now.hidden = hidden;
        const off = hidden.has("background");
        for (const path of background) {
          const [, what] = path.options.className.split(" ");
          if (what !== "land") path.getElement().toggleAttribute("hidden", off);
        }
        redraw();
      },
      mark(chosen, pointed) {
        Object.assign(now, { chosen, pointed });
        markDrawn();
      },
      goTo([w, s, e, n]) {
        const box = [lb.latLng(w, s), lb.latLng(e, n)];
        map.fitBounds(box, { ...margins(), maxZoom: CLOSE, animate: !calm() });
      },
      /** How many of each kind of symbol are of the chosen months; null where all always are. */
      symbolsInTime: () =>
        data.symbols.map((layer) =>
          layer.months ? layer.months.reduce((n, _, i) => n + inTime(layer, i), 0) : null,
        ),
    };
  }

  /** A surface's cells sorted by class: an array of positions for each. */
  function byClass({ cell, class: codes, inks }) {
    const size = new Uint32Array(inks.length);
    for (const code of codes) if (code >= 0) size[code] += 1;
    const sorted = Array.from(size, (n) => new Uint32Array(n));
    size.fill(0);
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i];
      if (code >= 0) sorted[code][size[code]++] = cell ? cell[i] : i;
    }
    return sorted;
  }

  Object.assign(globalThis.lagesbild, { situationMap, byClass });
}
