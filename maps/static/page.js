// Joins map, legend, family picker and ranking into one page.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const find = (id) => document.getElementById(id);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Panes from the ground up: name and z-index. */
  const PANES = {
    ground: 210,
    mask: 215,
    cells: 220,
    roads: 230,
    edge: 240,
    spots: 400,
    symbols: 420,
    names: 440,
    badges: 460,
  };
  const SURFACES = ["bin", "n", "kde", "risk", "lisa", "change", "joint"];
  const NEAR_PX = 5;
  const within = ({ from, to }, x, y) => x >= from.x && x <= to.x && y >= from.y && y <= to.y;

  /** Everything unpacked once, in Mercator metres. */
  function unpacked(content, bytes) {
    const project = lb.projector(content.projection);
    const shapes = (packed) => lb.unpackShapes(bytes, packed, project);
    const points = (packed) => lb.unpackPoints(bytes, packed, project);
    const whole = (packed) => lb.numbers(bytes, packed);
    const { cells } = content;
    return {
      project,
      area: shapes(content.area),
      cells:
        cells.kind === "drawn"
          ? { kind: "drawn", shapes: shapes(cells.shapes) }
          : lb.lattice(bytes, cells, project),
      background: content.background.map((one) => ({ ...one, shapes: shapes(one.shapes) })),
      names: content.names.points ? { ...content.names, xy: points(content.names.points) } : null,
      symbols: content.symbols.map((one) => ({
        ...one,
        xy: points(one.points),
        lines: one.lines ? shapes(one.lines) : [],
        counts: one.counts ? whole(one.counts) : null,
      })),
      views: content.views.map((view) => ({
        ...view,
        cell: whole(view.cell),
        bin: view.bin && whole(view.bin),
        n: view.n && { ...view.n, class: whole(view.n.class), value: whole(view.n.value) },
        ...Object.fromEntries(
          SURFACES.slice(2).map((name) => [
            name,
            view[name] && { ...view[name], class: whole(view[name].class) },
          ]),
        ),
        points: view.points && points(view.points),
        shapes: shapes(view.shapes),
        alerts: view.alerts.map((group) => ({ ...group, shapes: shapes(group.shapes) })),
        spots: view.spots.map((spot) => {
          const at = new Float64Array(2);
          project(spot.at[0], spot.at[1], at, 0);
          return { ...spot, xy: at };
        }),
      })),
    };
  }

  /** The cells of one class of a surface, as positions among the page's cells. */
  function cellsOfClass(view, surface, wanted) {
    const of = surface === "bin" ? view.bin : view[surface]?.class;
    if (!of) return [];
    return view.cell.filter((_, i) => (wanted === "cold" ? of[i] < 0 : of[i] === wanted));
  }

  function classesOf(view, surface) {
    if (surface === "bin") return view.bin ? [1, 2, 3, "cold"] : [];
    return (view[surface]?.labels ?? []).map((_, i) => i);
  }

  async function open(map) {
    const state = find("state");
    let content = null;
    try {
      const block = (id) => [find(id).textContent, find(id).dataset.encoding];
      if (["content", "streams"].some((id) => find(id).dataset.encoding === "deflate")) {
        if (typeof DecompressionStream === "undefined") {
          state.textContent = state.dataset.cannotRead;
          state.classList.add("failed");
          return;
        }
      }
      content = await lb.jsonOf(...block("content"));
      const bytes = await lb.bytesOf(...block("streams"));
      start(map, content, bytes);
      state.hidden = true;
      document.documentElement.dataset.ready = "yes";
    } catch (error) {
      state.textContent = content ? content.words.failed : state.dataset.cannotRead;
      state.classList.add("failed");
      throw error;
    }
  }

  function start(map, content, bytes) {
    const data = unpacked(content, bytes);
    const { words } = content;
    const counted = new Intl.NumberFormat(content.language);
    const now = {
      view: data.views[0],
      surface: document.querySelector("#legend [name=surface]:checked").value,
      order: "rank",
      hidden: new Set(),
      chosen: null,
      pointed: null,
    };

    // The map and its panes
    const renderers = {};
    for (const [name, z] of Object.entries(PANES)) {
      map.createPane(name).style.zIndex = z;
      renderers[name] = L.svg({ pane: name, padding: lb.PADDING });
    }
    const box = data.area[0].box;
    const home = L.latLngBounds(lb.latLng(box[0], box[1]), lb.latLng(box[2], box[3]));
    const legend = find("legend");
    const overlaid = () => getComputedStyle(legend).position === "absolute";
    const margins = () => ({
      paddingTopLeft: [overlaid() ? Math.min(legend.offsetWidth, map.getSize().x * 0.45) : 12, 12],
      paddingBottomRight: [12, 12],
    });
    const goHome = (options) => map.fitBounds(home, { ...margins(), ...options });
    goHome({ animate: false });
    for (const renderer of Object.values(renderers)) renderer.addTo(map);
    const container = map.getContainer();
    container.setAttribute("role", "group");
    container.setAttribute("aria-label", document.querySelector(".stage").ariaLabel);
    container.setAttribute("aria-describedby", "map-help");
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);

    const Path = lb.drawnPath();
    const Group = lb.drawnGroup();
    const draw = (pane, className, drawing) =>
      new Path(drawing, { renderer: renderers[pane], className }).addTo(map);
    const group = (pane, fill) => new Group(fill, { renderer: renderers[pane] }).addTo(map);

    // The ground
    const ground = (frame) => {
      const { from, to } = frame;
      return `M${from.x} ${from.y}H${to.x}V${to.y}H${from.x}Z`;
    };
    draw("ground", "ground land", (frame) => lb.pathOf(data.area, frame, true));
    const background = [];
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
    draw("mask", "outside", (frame) => ground(frame) + lb.pathOf(data.area, frame, true));
    drawBackground("inside", "roads", ["casing", "line"]);
    draw("edge", "edge", (frame) => lb.pathOf(data.area, frame, true));

    // The cells
    let surface = [];
    function drawSurface() {
      for (const path of surface) path.remove();
      const { view } = now;
      surface = classesOf(view, now.surface).map((wanted) => {
        const cells = cellsOfClass(view, now.surface, wanted);
        const drawing =
          data.cells.kind === "drawn"
            ? (frame) => lb.pathOf([...cells].map((i) => data.cells.shapes[i]), frame, true)
            : (frame) => lb.pathOfCells(data.cells, cells, frame, data.project);
        return draw("cells", `cell ${ink(view, wanted)}`, drawing);
      });
      for (const ramp of legend.querySelectorAll(".ramp")) {
        ramp.hidden = ramp.dataset.ramp !== now.surface;
        if (ramp.hidden || ramp.dataset.ramp === "bin") continue;
        const labels = view[now.surface]?.labels ?? [];
        ramp.replaceChildren(
          ...labels.map((label, i) =>
            lb.element(
              "li",
              "",
              lb.element("span", `swatch ${ink(view, i)}`),
              label,
            ),
          ),
        );
      }
    }
    // Few classes still use the whole ramp.
    const scaled = (i, of) => (of > 1 ? Math.round((5 * i) / (of - 1)) : 3);
    /** The CSS class in whose colour a class of the surface is drawn. */
    function ink(view, wanted) {
      if (now.surface === "bin") return `bin-${wanted}`;
      const { inks, labels } = view[now.surface];
      return inks ? inks[wanted] : `step-${scaled(wanted, labels.length)}`;
    }

    // Symbols: those that would overlap become one with a number
    // (a number only from where the map is close enough; far out the hot cells are the matter).
    const far = () => map.getZoom() < 11.25;
    const radius = (shape) =>
      far() ? (shape === "circle" ? 3.75 : 2) : map.getZoom() < 13 ? 6 : 7.5;
    const heapRadius = (n) =>
      far() ? Math.min(2 + Math.log2(n) * 0.7, 5.5) : Math.min(7.5 + Math.log2(n) * 0.75, 14);
    const at = (xy, i, { a, e, n }) => [e + a * xy[2 * i], n - a * xy[2 * i + 1]];
    const shown = (name) => !now.hidden.has(name);
    let heaps = [];
    const symbols = group("symbols", (into, frame) => {
      heaps = data.symbols.map((layer, k) => {
        if (!shown(`symbols-${k}`)) return [];
        if (layer.lines.length) {
          const d = lb.pathOf(layer.lines, frame, false);
          into.append(lb.svg("path", { d, class: `symbol-line ${layer.shape}` }));
        }
        const points = Array.from({ length: layer.xy.length / 2 }, (_, i) => {
          const [x, y] = at(layer.xy, i, frame.pixels);
          return { x, y, n: layer.counts ? layer.counts[i] : 1, i };
        }).filter(({ x, y }) => within(frame, x, y));
        return lb.heaped(points, far() ? 14 : 17).map((heap) => ({ ...heap, layer, k }));
      });
      for (let k = heaps.length - 1; k >= 0; k -= 1) {
        const heapsOfLayer = heaps[k];
        const { shape } = data.symbols[k];
        for (const heap of heapsOfLayer) heap.r = heap.n > 1 ? heapRadius(heap.n) : radius(shape);
        // Numbers stand with their own symbol, so that a later one covers both.
        const d = (some) => some.map(({ x, y, r }) => lb.outline(shape, x, y, r)).join("");
        const plain = heapsOfLayer.filter((heap) => far() || heap.n === 1);
        into.append(lb.svg("path", { d: d(plain), class: `symbol ${shape}` }));
        for (const heap of heapsOfLayer) {
          if (plain.includes(heap)) continue;
          into.append(lb.svg("path", { d: d([heap]), class: `symbol ${shape}` }));
          const y = heap.y + (shape === "triangle" ? 4.5 : 3.2);
          const text = { x: heap.x, y, "text-anchor": "middle", class: `count ${shape}` };
          into.append(lb.svg("text", text, counted.format(heap.n)));
        }
      }
      if (now.view.points && shown("points")) {
        const parts = [];
        for (let i = 0; i < now.view.points.length / 2; i += 1) {
          parts.push(lb.outline("circle", ...at(now.view.points, i, frame.pixels), 4));
        }
        into.append(lb.svg("path", { d: parts.join(""), class: "point" }));
      }
    });

    // Hotspots: outlines below the symbols, numbers above the names; what is new is dashed
    const outlines = group("spots", (into, frame) => {
      if (shown("alerts")) {
        for (const { shapes, items } of now.view.alerts) {
          const d = lb.pathOf(shapes.filter((_, i) => items[i].significant), frame, true);
          into.append(lb.svg("path", { d, class: "outline-halo" }), lb.svg("path", { d, class: "alert-line" }));
        }
      }
      if (!shown("spots")) return;
      now.view.spots.forEach((spot, i) => {
        const d = lb.pathOf([now.view.shapes[i]], frame, true);
        const halo = lb.svg("path", { d, class: "outline-halo" });
        const line = lb.svg("path", { d, class: "outline", "data-rank": spot.rank });
        line.addEventListener("click", () => choose(spot, true));
        into.append(halo, line);
      });
    });
    // A number sits on top of its outline's highest point, so that what lies inside stays in
    // sight; where another number is, beside or below its outermost points instead.
    const badgePlaces = (spot, { a, e, n }) => {
      const { xy } = now.view.shapes[now.view.spots.indexOf(spot)];
      const [from, to] = [
        Math.min(...now.view.shapes[now.view.spots.indexOf(spot)].rings.map((ring) => ring[0])),
        Math.max(...now.view.shapes[now.view.spots.indexOf(spot)].rings.map((ring) => ring[1])),
      ];
      const outermost = (east, north) => {
        let best = from;
        const far = (i) => east * xy[2 * i] + north * xy[2 * i + 1];
        for (let i = from; i < to; i += 1) if (far(i) > far(best)) best = i;
        return [e + a * xy[2 * best] + 9 * east, n - a * xy[2 * best + 1] - 9 * north];
      };
      return [outermost(0, 1), outermost(1, 0), outermost(-1, 0), outermost(0, -1)];
    };
    let badgeBoxes = [];
    const badges = group("badges", (into, frame) => {
      badgeBoxes = [];
      const around = ([x, y]) => [x - 11, y - 11, x + 11, y + 11];
      const clear = (box) =>
        !badgeBoxes.some(
          (other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1],
        );
      const made = [];
      for (const spot of shown("spots") ? now.view.spots : []) {
        const places = badgePlaces(spot, frame.pixels);
        const free = places.find((place) => clear(around(place)));
        const [x, y] = free ?? places[0];
        const box = around([x, y]);
        const badge = lb.svg("g", { class: free ? "badge" : "badge small", "data-rank": spot.rank });
        badge.append(lb.svg("circle", { cx: x, cy: y, r: free ? 10.5 : 4, class: "badge-disc" }));
        if (free) {
          badge.append(lb.svg("text", { x, y: y + 4.2, "text-anchor": "middle" }, String(spot.rank)));
          badgeBoxes.push(box);
        }
        badge.addEventListener("click", () => choose(spot, true));
        for (const [event, value] of [["mouseenter", spot], ["mouseleave", null]]) {
          badge.addEventListener(event, () => point(value));
        }
        made.push(badge);
      }
      into.append(...made.reverse());
      if (shown("alerts")) into.append(...letters(frame, around, clear));
      mark();
    });
    /** The letters of what is new, on their circles where no number is. */
    function letters({ pixels: { a, e, n } }, around, clear) {
      const made = [];
      for (const { shapes, items } of now.view.alerts) {
        items.forEach(({ letter, significant }, i) => {
          if (!significant) return;
          const [west, south, east, north] = shapes[i].box;
          const [x, y] = [e + (a * (west + east)) / 2, n - (a * (south + north)) / 2];
          const [dx, dy] = [(a * (east - west)) / 2 + 6, (a * (north - south)) / 2 + 6];
          const places = [[x, y + dy], [x + dx, y], [x - dx, y], [x, y - dy]];
          for (const [right, up] of [[1, 1], [-1, 1], [1, -1], [-1, -1]]) {
            places.push([x + right * dx, y + up * dy]);
          }
          const free = places.find((place) => clear(around(place)));
          const [px, py] = free ?? places[0];
          const r = free ? 9 : 4;
          const half = r + 3 * (letter.length - 1);
          const square = { x: px - half, y: py - r, width: 2 * half, height: 2 * r, rx: r / 3 };
          const badge = lb.svg("g", { class: "alert-badge" });
          badge.append(lb.svg("rect", { ...square, class: "badge-disc" }));
          if (free) {
            badge.append(lb.svg("text", { x: px, y: py + 4.2, "text-anchor": "middle" }, letter));
            badgeBoxes.push(around(free));
          }
          made.push(badge);
        });
      }
      return made;
    }

    // Names
    /** What lies over the map, in its layer's pixels: no name goes below it. */
    function panels() {
      const origin = container.getBoundingClientRect();
      const over = [document.querySelector(".zoom"), ...(overlaid() ? [legend] : [])];
      return over.map((panel) => {
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
    const names = group("names", (into, frame) => {
      if (!shown("names")) return;
      const taken = [...badgeBoxes, ...panels()];
      const wanted = [];
      const want = (xy, i, text, manner) => {
        const [x, y] = at(xy, i, frame.pixels);
        pen.font = manners[manner].font;
        wanted.push({ ...manners[manner], x, y, width: pen.measureText(text).width + 6, text, manner });
      };
      for (const { x, y, r } of heaps.flat()) taken.push([x - r, y - r, x + r, y + r]);
      data.names?.texts.forEach((text, i) => {
        const manner = data.names.manners[i];
        if (manner === "place") want(data.names.xy, i, text, manner);
      });
      data.symbols.forEach((layer, k) => {
        if (layer.kind !== "bathing_sites" || layer.counts || !shown(`symbols-${k}`)) return;
        layer.titles.forEach((text, i) => want(layer.xy, i, text, "site"));
      });
      data.names?.texts.forEach((text, i) => {
        const manner = data.names.manners[i];
        if (manner !== "place" && (manner !== "water" || map.getZoom() > 10)) {
          want(data.names.xy, i, text, manner);
        }
      });
      const size = map.getSize();
      const corner = map.containerPointToLayerPoint([0, 0]);
      const view = [corner.x, corner.y, corner.x + size.x, corner.y + size.y];
      for (const { index, x, y } of lb.placed(wanted, taken, view)) {
        const { text, manner, height } = wanted[index];
        into.append(
          lb.svg(
            "text",
            { x, y: y + height * 0.3, "text-anchor": "middle", class: `name ${manner}` },
            text,
          ),
        );
      }
    });

    // What is pointed at and chosen
    function mark() {
      for (const each of container.querySelectorAll("[data-rank]")) {
        const rank = Number(each.dataset.rank);
        each.classList.toggle("pointed", now.pointed?.rank === rank);
        each.classList.toggle("chosen", now.chosen?.rank === rank);
      }
      for (const each of find("spots").children) {
        each.classList.toggle("pointed", Number(each.dataset.rank) === now.pointed?.rank);
      }
    }
    function point(spot) {
      now.pointed = spot;
      mark();
    }
    function choose(spot, fromMap) {
      now.chosen = spot;
      lb.markChosen(find("spots"), spot, fromMap);
      mark();
      if (fromMap || !spot) return;
      goTo(now.view.shapes[now.view.spots.indexOf(spot)].box);
    }
    function goTo(box) {
      document
        .querySelector(".stage")
        .scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
      map.fitBounds([lb.latLng(box[0], box[1]), lb.latLng(box[2], box[3])], {
        ...margins(),
        maxZoom: 13.5,
        animate: !calm(),
      });
    }

    function show(view) {
      Object.assign(now, { view, chosen: null, pointed: null });
      find("summary").textContent = view.summary;
      const remarks = view.warnings.map((text) => lb.element("p", "remark", text));
      if (!view.enough && !remarks.length) remarks.unshift(lb.element("p", "empty", words.few));
      else if (view.enough && view.tested && !view.spots.length) remarks.unshift(lb.element("p", "empty", words.no_spots));
      find("view-notes").replaceChildren(...remarks);
      find("more").textContent = view.more;
      find("whole").replaceChildren(...view.facts.map((text) => lb.element("li", "", text)));
      find("whole").closest("section").hidden = !view.facts.length;
      find("order")?.toggleAttribute("hidden", view.spots.length < 2);
      legend.querySelector("[data-for=spots]").hidden = !view.spots.length;
      legend.querySelector("[data-for=points]").hidden = !view.points;
      legend.querySelector("[data-for=alerts]").hidden = !view.alerts.some((group) =>
        group.items.some((item) => item.significant),
      );
      for (const name of SURFACES) {
        const choice = legend.querySelector(`[name=surface][value=${name}]`);
        if (choice) choice.disabled = !view[name];
      }
      if (view[now.surface] === null && now.surface !== "bin") {
        now.surface = "bin"; // what one map alone has gives way to what all have
        const choice = legend.querySelector("[name=surface][value=bin]");
        if (choice) choice.checked = true;
      }
      lb.fillAlerts(find("alerts"), view.alerts, (group, i) => goTo(group.shapes[i].box));
      lb.fillRanking(find("spots"), view, content, bytes, {
        choose: (spot) => choose(spot, false),
        point,
      });
      lb.orderRanking(find("spots"), view, now.order);
      drawSurface();
      for (const each of [outlines, symbols, badges, names]) each.redraw();
    }

    // Controls
    legend.querySelector("details").open = overlaid();
    for (const svg of legend.querySelectorAll("[data-shape]")) {
      svg.setAttribute("d", lb.outline(svg.dataset.shape, 0, 0, 6));
    }
    find("families").addEventListener("change", (event) => show(data.views[Number(event.target.value)]));
    find("order")?.addEventListener("change", (event) => {
      now.order = event.target.value;
      lb.orderRanking(find("spots"), now.view, now.order);
    });
    legend.addEventListener("submit", (event) => event.preventDefault());
    legend.addEventListener("change", ({ target }) => {
      if (target.name === "surface") {
        now.surface = target.value;
        drawSurface();
        return;
      }
      if (target.checked) now.hidden.delete(target.value);
      else now.hidden.add(target.value);
      if (target.value === "background") {
        for (const path of background) path.getElement().toggleAttribute("hidden", !target.checked);
      }
      for (const each of [outlines, symbols, badges, names]) each.redraw();
    });
    document.querySelector(".zoom").addEventListener("click", (event) => {
      const way = Number(event.target.closest("button")?.dataset.zoom ?? NaN);
      if (way === 0) goHome({ animate: !calm() });
      else if (way) map.setZoom(map.getZoom() + way, { animate: !calm() });
    });

    // What lies under the pointer
    const readout = find("readout");
    function under(event) {
      const frame = lb.frameOf(map, 0);
      const { x, y } = event.layerPoint;
      let best = 0;
      let found = null;
      for (const heap of heaps.flat()) {
        const away = Math.hypot(heap.x - x, heap.y - y) - heap.r - NEAR_PX;
        if (away < best) [best, found] = [away, heap];
      }
      if (!found) return cellUnder(x, y, frame);
      const { layer, n, i } = found;
      if (n > 1) return [layer.label, lb.fill(words.here, { n: counted.format(n) })];
      return [layer.titles[i] || layer.label, layer.texts[i]];
    }
    function cellUnder(x, y, frame) {
      if (!now.surface || data.cells.kind === "drawn") return null;
      const { view } = now;
      // Mercator stretches: a cell's half width in pixels, a little generously.
      const { centre, size, kind } = data.cells;
      const hex = kind === "hex";
      let best = Infinity;
      let found = -1;
      for (let i = 0; i < view.cell.length; i += 1) {
        const [px, py] = at(centre, view.cell[i], frame.pixels);
        const away = hex ? Math.hypot(px - x, py - y) : Math.max(Math.abs(px - x), Math.abs(py - y));
        if (away < best) [best, found] = [away, i];
      }
      const stretch = 1 / Math.cos((map.getCenter().lat * Math.PI) / 180);
      const reach = (size * stretch * frame.pixels.a) / (hex ? Math.sqrt(3) : 2);
      if (found < 0 || best > reach + 0.5) return null;
      const bin = view.bin ? view.bin[found] : 0;
      const hot = bin < 0 ? words.bin_cold : bin ? words[`bin_${bin}`] : "";
      const named = view[now.surface]?.inks ? view[now.surface] : null;
      const said = named ? (named.labels[named.class[found]] ?? "") : hot;
      return [lb.fill(words.in_cell, { n: view.n ? view.n.value[found] : 0 }), said];
    }
    map.on("mousemove", (event) => {
      const found = under(event);
      readout.hidden = !found;
      if (!found) return;
      readout.replaceChildren(
        lb.element("strong", "", found[0]),
        ...(found[1] ? [lb.element("span", "", found[1])] : []),
      );
      const { x, y } = event.containerPoint;
      const left = x > map.getSize().x - 240;
      readout.style.transform = `translate(${x + (left ? -14 : 14)}px, ${y + 14}px)${left ? " translateX(-100%)" : ""}`;
    });
    map.on("mouseout", () => {
      readout.hidden = true;
    });

    // Paper
    let before = null;
    addEventListener("beforeprint", () => {
      before = map.getBounds();
      document.documentElement.classList.add("printing");
      legend.querySelector("details").open = true;
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(now.chosen ? before : home, { animate: false });
    });
    addEventListener("afterprint", () => {
      document.documentElement.classList.remove("printing");
      map.invalidateSize({ animate: false, pan: false });
      if (before) map.fitBounds(before, { animate: false });
    });

    // The map fills what the masthead leaves of the window
    const masthead = document.querySelector(".masthead");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--masthead", `${masthead.offsetHeight}px`);
    }).observe(masthead);
    // Until the reader moves the map, it shows the whole area in whatever box it has.
    let moved = false;
    for (const hand of ["pointerdown", "wheel", "keydown"]) {
      container.addEventListener(hand, () => (moved = true), { passive: true });
    }
    new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      if (!moved && !now.chosen) goHome({ animate: false });
    }).observe(container);
    show(now.view);
  }

  Object.assign(globalThis.lagesbild, { open, cellsOfClass, classesOf });
}
