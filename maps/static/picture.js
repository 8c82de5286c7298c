// The map as a picture: what is on the screen, with title, legend, scale and north, as a PNG.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;

  const NAMESPACE = "http://www.w3.org/2000/svg";
  /** What style sheets decide about ink; a picture has none, so it is written on each element. */
  const INK = [
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "opacity",
    "paint-order",
    "mask",
    "clip-path",
    "visibility",
  ];
  const TYPE = ["family", "size", "style", "weight"].map((name) => `font-${name}`);
  TYPE.push("letter-spacing", "text-anchor");
  /** What a copy does without: styles are written out, and nobody reads it aloud or clicks it. */
  const LEFT_OUT = /^(class|style|id|role|tabindex|aria-.*|data-.*)$/;
  const FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

  const DENSITY = 2;
  /** Canvases larger than this come out empty in some browsers. */
  const MOST_PIXELS = 64e6;
  const MARGIN = 20;
  const NARROWEST = 360;

  // --- what is on the screen --------------------------------------------------------------------

  /** A copy of an SVG element that looks alike without style sheets; null for what is not seen. */
  function inked(element) {
    const style = getComputedStyle(element);
    if (style.display === "none") return null;
    const copy = document.createElementNS(NAMESPACE, element.localName);
    for (const { name, value } of element.attributes) {
      if (!LEFT_OUT.test(name)) copy.setAttribute(name, value);
    }
    for (const name of element.localName === "text" ? [...INK, ...TYPE] : INK) {
      const value = style.getPropertyValue(name);
      if (value) copy.setAttribute(name, value);
    }
    for (const child of element.childNodes) {
      const kept = child instanceof SVGElement ? inked(child) : null;
      if (kept) copy.append(kept);
      else if (child.nodeType === Node.TEXT_NODE) copy.append(child.data);
    }
    return copy;
  }

  /** An SVG of the page at a place and size of the picture. */
  function placed(svg, x, y, width, height) {
    const copy = inked(svg);
    if (!copy) return null;
    for (const [name, value] of Object.entries({ x, y, width, height })) {
      copy.setAttribute(name, value);
    }
    return copy;
  }

  /** The SVGs of a Leaflet map from the ground up, placed within its container. */
  function mapLayers(container) {
    const origin = container.getBoundingClientRect();
    const height = (pane) => Number(getComputedStyle(pane).zIndex) || 0;
    const seen = (pane) => {
      const { display, visibility } = getComputedStyle(pane);
      return display !== "none" && visibility !== "hidden";
    };
    return [...container.querySelectorAll(".leaflet-map-pane > .leaflet-pane")]
      .filter(seen)
      .sort((a, b) => height(a) - height(b))
      .map((pane, i) => {
        const layers = [...pane.querySelectorAll("svg")].map((one) => {
          const { left, top, width, height: tall } = one.getBoundingClientRect();
          return placed(one, left - origin.left, top - origin.top, width, tall);
        });
        const { left, top } = pane.getBoundingClientRect();
        return clipped(pane, layers.filter(Boolean), left - origin.left, top - origin.top, i);
      });
  }

  /** A pane's layers, cut where the pane is cut (by the line between two times). */
  function clipped(pane, layers, left, top, i) {
    const corners = /^polygon\((.*)\)$/.exec(getComputedStyle(pane).clipPath);
    if (!corners) return svg("g", {}, ...layers);
    const points = corners[1].split(",").map((corner) => {
      const [x, y] = corner.trim().split(" ").map(parseFloat);
      return `${left + x},${top + y}`;
    });
    const id = `cut-${i}`;
    const cut = svg("clipPath", { id }, svg("polygon", { points: points.join(" ") }));
    return svg("g", { "clip-path": `url(#${id})` }, cut, ...layers);
  }

  /** Tiles that may be copied onto a canvas, with their places within the container. */
  function tilesOf(container) {
    const origin = container.getBoundingClientRect();
    return [...container.querySelectorAll("img.leaflet-tile")]
      .filter((tile) => tile.complete && tile.naturalWidth)
      .filter((tile) => tile.crossOrigin !== null || tile.src.startsWith("data:"))
      .map((tile) => {
        const { left, top, width, height } = tile.getBoundingClientRect();
        return { tile, x: left - origin.left, y: top - origin.top, width, height };
      });
  }

  /**
   * The legend as it is set, as groups for mapPicture: the steps of the surface that is shown, then
   * every layer that is switched on, with its key.
   */
  function legendGroups(form) {
    const text = (element) => {
      const copy = element.cloneNode(true);
      for (const key of copy.querySelectorAll("svg")) key.remove();
      return copy.textContent.replace(/\s+/g, " ").trim();
    };
    const shown = (element) => !element.closest("[hidden]");
    const surface = form.querySelector("input[name=surface]:checked");
    const steps = [...form.querySelectorAll(".ramp li")].filter(shown).map((step) => ({
      swatchColor: getComputedStyle(step.querySelector(".swatch")).backgroundColor,
      label: text(step),
    }));
    const keyed = ({ nextElementSibling: next }) =>
      next?.matches(".street-key") ? next.children : [];
    const layers = [...form.querySelectorAll("label")]
      .filter((label) => label.querySelector("input[type=checkbox]")?.checked && shown(label))
      .flatMap((label) => [label, ...keyed(label)])
      .map((one) => ({ key: one.querySelector("svg"), label: text(one) }))
      .filter(({ key }) => key);
    return [
      { title: surface ? text(surface.closest("label")) : "", items: steps },
      { title: "", items: layers },
    ].filter(({ items }) => items.length);
  }

  // --- the sheet --------------------------------------------------------------------------------

  function svg(name, attributes, ...children) {
    const made = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  /** Breaks a text into lines no wider than width; measure gives a text's width. */
  function wrapped(text, width, measure) {
    const lines = [];
    let line = "";
    for (const word of String(text).split(/[ \n]+/).filter(Boolean)) {
      const longer = line ? `${line} ${word}` : word;
      if (measure(longer) <= width) {
        line = longer;
        continue;
      }
      if (line) lines.push(line);
      line = "";
      for (const letter of word) {
        if (line && measure(line + letter) > width) {
          lines.push(line);
          line = "";
        }
        line += letter;
      }
    }
    return line ? [...lines, line] : lines;
  }

  /**
   * Where the items of a legend stand: in columns as wide as the longest, row by row. Gives their
   * lines, x and y (from the top of the legend), and how tall it becomes.
   */
  function flowed(items, width, measure, { gap, indent, lineHeight }) {
    const widest = Math.max(0, ...items.map(({ label }) => indent + measure(label)));
    const columns = Math.max(1, Math.min(items.length, Math.floor((width + gap) / (widest + gap))));
    const column = columns > 1 ? widest : width;
    const places = [];
    let y = 0;
    for (let i = 0; i < items.length; i += columns) {
      const row = items.slice(i, i + columns).map((item, k) => ({
        ...item,
        lines: wrapped(item.label, column - indent, measure),
        x: k * (column + gap),
        y,
      }));
      places.push(...row);
      y += Math.max(...row.map(({ lines }) => lines.length)) * lineHeight + 5;
    }
    return { places, height: y };
  }

  /**
   * The map as a PNG, twice as fine as the screen: what is seen, in the colours in which it is
   * seen. legend holds groups {title, items} of items {swatchColor, label} or {key, label}, key
   * being an SVG element of the page; notes are lines below it, the attribution of tiles also.
   * Rejects when the browser cannot draw.
   */
  async function mapPicture({ container, content, title, subtitle, legend = [], notes = [] }) {
    const page = getComputedStyle(document.documentElement);
    const colour = (name) => page.getPropertyValue(`--${name}`).trim();
    const [paper, ink, quiet, rule] = ["paper", "ink", "quiet", "rule"].map(colour);
    const pen = document.createElement("canvas").getContext("2d");
    const measured = (size, weight = 400) => (text) => {
      pen.font = `${weight} ${size}px ${FONT}`;
      return pen.measureText(text).width;
    };
    const mapWidth = container.clientWidth;
    const mapHeight = container.clientHeight;
    const inner = Math.max(mapWidth, NARROWEST);
    const parts = [];
    let y = MARGIN;
    function write(text, { size, weight = 400, fill = ink, after = 0 }) {
      const line = Math.round(size * 1.4);
      for (const one of wrapped(text, inner, measured(size, weight))) {
        y += line;
        const at = { x: MARGIN, y: y - Math.round(size * 0.35), fill };
        parts.push(svg("text", { ...at, "font-size": size, "font-weight": weight }, one));
      }
      y += after;
    }

    write(title, { size: 21, weight: 680 });
    write(subtitle ?? "", { size: 14, fill: quiet, after: 10 });

    const frame = { x: MARGIN + (inner - mapWidth) / 2, y, width: mapWidth, height: mapHeight };
    parts.push(
      svg("svg", { ...frame, overflow: "hidden" }, ...mapLayers(container)),
      ...furniture(container, frame, colour, content.words.download.north),
      svg("rect", { ...frame, fill: "none", stroke: rule, "stroke-width": 1 }),
    );
    y += mapHeight + 14;

    const form = { gap: 22, indent: 26, lineHeight: 17 };
    for (const group of legend) {
      write(group.title, { size: 12.5, weight: 600, after: 4 });
      const { places, height } = flowed(group.items, inner, measured(12.5), form);
      for (const place of places) {
        const [x, top] = [MARGIN + place.x, y + place.y];
        const swatch = { x, y: top + 3, width: 19, height: 11, fill: place.swatchColor };
        parts.push(
          place.key
            ? placed(place.key, x, top - 1, 19, 19)
            : svg("rect", { ...swatch, stroke: ink, "stroke-opacity": 0.3 }),
          ...place.lines.map((line, i) => {
            const at = { x: x + form.indent, y: top + 13 + i * form.lineHeight, fill: ink };
            return svg("text", { ...at, "font-size": 12.5 }, line);
          }),
        );
      }
      y += height + 5;
    }
    for (const note of notes) write(note, { size: 11.5, fill: quiet, after: 2 });
    y += MARGIN - 4;

    const size = { width: inner + 2 * MARGIN, height: Math.ceil(y) };
    const viewBox = `0 0 ${size.width} ${size.height}`;
    const sheet = svg("svg", { ...size, viewBox, "font-family": FONT }, ...parts.filter(Boolean));
    const density = Math.min(DENSITY, Math.sqrt(MOST_PIXELS / (size.width * size.height)));
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(size.width * density);
    canvas.height = Math.floor(size.height * density);
    const brush = canvas.getContext("2d");
    brush.scale(density, density);
    brush.fillStyle = paper;
    brush.fillRect(0, 0, size.width, size.height);
    ground(brush, container, frame);
    // Drawn at its full size, so that nothing is enlarged from pixels.
    sheet.setAttribute("width", canvas.width);
    sheet.setAttribute("height", canvas.height);
    brush.drawImage(await imageOf(sheet), 0, 0, size.width, size.height);
    return new Promise((resolve, reject) => {
      const done = (blob) => (blob ? resolve(blob) : reject(new Error("the canvas is empty")));
      canvas.toBlob(done, "image/png");
    });
  }

  /** What lies under the layers: the map's own colour, and tiles where there are any. */
  function ground(brush, container, { x, y, width, height }) {
    brush.save();
    brush.beginPath();
    brush.rect(x, y, width, height);
    brush.clip();
    brush.fillStyle = getComputedStyle(container).backgroundColor;
    brush.fillRect(x, y, width, height);
    for (const one of tilesOf(container)) {
      brush.drawImage(one.tile, x + one.x, y + one.y, one.width, one.height);
    }
    brush.restore();
  }

  /** Scale bar (as Leaflet's, which knows the latitude) and north arrow, in the map's corners. */
  function furniture(container, { x, y, width, height }, colour, north) {
    const [ink, halo] = [colour("ink"), colour("halo")];
    const around = { stroke: halo, "stroke-linejoin": "round", "stroke-opacity": 0.9 };
    const twice = (name, attributes, text = null) => [
      svg(name, { ...attributes, ...around, "stroke-width": 4 }, text),
      svg(name, attributes, text),
    ];
    const middle = { "text-anchor": "middle", fill: ink };
    const made = [];
    const line = container.querySelector(".leaflet-control-scale-line");
    if (line) {
      const long = line.getBoundingClientRect().width;
      const [right, base] = [x + width - 16, y + height - 14];
      const bar = `M${right - long} ${base - 7}V${base}H${right}V${base - 7}`;
      const text = { x: right - long / 2, y: base - 5, ...middle, "font-size": 12 };
      made.push(...twice("path", { d: bar, fill: "none", stroke: ink, "stroke-width": 1.6 }));
      made.push(...twice("text", text, line.textContent));
    }
    const [at, top] = [x + width - 26, y + 16];
    const arrow = `M${at} ${top}l8 22l-8 -5.5l-8 5.5Z`;
    made.push(...twice("path", { d: arrow, fill: ink, stroke: "none" }));
    const letter = { x: at, y: top + 37, ...middle, "font-size": 13, "font-weight": 700 };
    made.push(...twice("text", letter, north));
    return made;
  }

  async function imageOf(sheet) {
    const text = new XMLSerializer().serializeToString(sheet);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    return image;
  }

  Object.assign(globalThis.lagesbild, { mapPicture, legendGroups, wrapped, flowed });
}
