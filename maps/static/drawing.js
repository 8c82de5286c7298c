// Shapes, cells and symbols as SVG paths: one path a class, made anew for what is in view.
"use strict";
globalThis.lagesbild ??= {};
{
  const { numbers, pixels } = globalThis.lagesbild;
  const one = (value) => Math.round(value * 10) / 10;

  /** Unpacks shapes (see Streams.shapes) to Mercator coordinates, rings, and a box for each. */
  function unpackShapes(bytes, packed, project) {
    const x = numbers(bytes, packed.x);
    const y = numbers(bytes, packed.y);
    const lengths = numbers(bytes, packed.lengths);
    const xy = new Float64Array(x.length * 2);
    for (let i = 0; i < x.length; i += 1) project(x[i] * packed.unit, y[i] * packed.unit, xy, 2 * i);
    const shapes = [];
    let line = 0;
    let from = 0;
    for (const parts of numbers(bytes, packed.parts)) {
      const rings = [];
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let k = 0; k < parts; k += 1, line += 1) {
        const to = from + lengths[line];
        rings.push([from, to]);
        for (let i = from; i < to; i += 1) {
          box[0] = Math.min(box[0], xy[2 * i]);
          box[1] = Math.min(box[1], xy[2 * i + 1]);
          box[2] = Math.max(box[2], xy[2 * i]);
          box[3] = Math.max(box[3], xy[2 * i + 1]);
        }
        from = to;
      }
      shapes.push({ xy, rings, box });
    }
    return shapes;
  }

  /** Unpacks points to Mercator coordinates, two numbers a point. */
  function unpackPoints(bytes, packed, project) {
    const x = numbers(bytes, packed.x);
    const y = numbers(bytes, packed.y);
    const xy = new Float64Array(x.length * 2);
    for (let i = 0; i < x.length; i += 1) project(x[i] * packed.unit, y[i] * packed.unit, xy, 2 * i);
    return xy;
  }

  const meets = (box, view) =>
    box[0] <= view[2] && box[2] >= view[0] && box[1] <= view[3] && box[3] >= view[1];

  /** The "d" of shapes in view; corners closer than half a pixel to the last one are skipped. */
  function pathOf(shapes, frame, closed) {
    const { a, e, n } = frame.pixels;
    const parts = [];
    for (const { xy, rings, box } of shapes) {
      if (!meets(box, frame.view)) continue;
      for (const [from, to] of rings) {
        let lastX = Infinity;
        let lastY = Infinity;
        for (let i = from; i < to; i += 1) {
          const px = one(e + a * xy[2 * i]);
          const py = one(n - a * xy[2 * i + 1]);
          if (i > from && i < to - 1 && Math.abs(px - lastX) + Math.abs(py - lastY) < 0.7) continue;
          parts.push(i === from ? "M" : "L", px, " ", py);
          lastX = px;
          lastY = py;
        }
        if (closed) parts.push("Z");
      }
    }
    return parts.join("");
  }

  const ROOT3 = Math.sqrt(3);
  const HEX = [[1, 1], [0, 2], [-1, 1], [-1, -1], [0, -2], [1, -1]];

  /**
   * The cells of the page. corners(i, last) gives the ring (metres) around the run of lattice
   * cells from i to last in one row; centre gives Mercator centres.
   */
  function lattice(bytes, packed, project) {
    const column = numbers(bytes, packed.column);
    const row = numbers(bytes, packed.row);
    const { size } = packed;
    const square = packed.kind === "square";
    const centre = new Float64Array(column.length * 2);
    for (let i = 0; i < column.length; i += 1) {
      if (square) project((column[i] + 0.5) * size, (row[i] + 0.5) * size, centre, 2 * i);
      else project((column[i] + row[i] / 2) * size, (row[i] * size * ROOT3) / 2, centre, 2 * i);
    }
    function corners(i, last, coarse) {
      if (square) {
        const [west, east] = [column[i] * size, (column[last] + 1) * size];
        const [south, north] = [row[i] * size, (row[i] + 1) * size];
        return [[west, south], [east, south], [east, north], [west, north]];
      }
      const at = (k, [half, third]) => [
        (2 * column[k] + row[k] + half) * (size / 2),
        ((3 * row[k] + third) * size * ROOT3) / 6,
      ];
      if (!coarse) return HEX.map((corner) => at(i, corner));
      return [at(i, [-1, -1.5]), at(last, [1, -1.5]), at(last, [1, 1.5]), at(i, [-1, 1.5])];
    }
    const sides = square ? 4 : 6;
    const drawn = new Float64Array(column.length * sides * 2).fill(NaN);
    /** Mercator corners of a cell, from the index given; worked out when first asked for. */
    function ring(i) {
      const from = i * sides * 2;
      if (Number.isNaN(drawn[from])) {
        corners(i, i, false).forEach(([x, y], k) => project(x, y, drawn, from + 2 * k));
      }
      return from;
    }
    return { kind: packed.kind, column, row, centre, corners, ring, drawn, sides, size };
  }

  /** The "d" of those lattice cells (positions) that are in view, runs in a row as one. */
  function pathOfCells(cells, positions, frame, project) {
    const { a, e, n } = frame.pixels;
    const [west, south, east, north] = frame.view;
    const coarse = cells.size * a < 2;
    const square = cells.kind === "square";
    const { column, row, centre, drawn, sides } = cells;
    const at = new Float64Array(2);
    const parts = [];
    const corner = (letter, x, y) => parts.push(letter, one(e + a * x), " ", one(n - a * y));
    for (let k = 0; k < positions.length; k += 1) {
      const first = positions[k];
      const [cx, cy] = [centre[2 * first], centre[2 * first + 1]];
      if (cx < west || cx > east || cy < south || cy > north) continue;
      let last = first;
      while (
        (square || coarse) &&
        k + 1 < positions.length &&
        row[positions[k + 1]] === row[first] &&
        column[positions[k + 1]] === column[last] + 1
      ) {
        k += 1;
        last = positions[k];
      }
      let letter = "M";
      if (coarse) {
        for (const [x, y] of cells.corners(first, last, true)) {
          project(x, y, at, 0);
          corner(letter, at[0], at[1]);
          letter = "L";
        }
      } else {
        const [from, to] = [cells.ring(first), cells.ring(last)];
        for (let i = 0; i < sides; i += 1) {
          const of = square && (i === 1 || i === 2) ? to : from;
          corner(letter, drawn[of + 2 * i], drawn[of + 2 * i + 1]);
          letter = "L";
        }
      }
      parts.push("Z");
    }
    return parts.join("");
  }

  const OUTLINES = {
    circle: (x, y, r) => `M${one(x - r)} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    triangle: (x, y, r) =>
      `M${x} ${one(y - 1.25 * r)}L${one(x + 1.15 * r)} ${one(y + 0.8 * r)}L${one(x - 1.15 * r)} ${one(y + 0.8 * r)}Z`,
    diamond: (x, y, r) =>
      `M${x} ${one(y - 1.3 * r)}L${one(x + 1.3 * r)} ${y}L${x} ${one(y + 1.3 * r)}L${one(x - 1.3 * r)} ${y}Z`,
    square: (x, y, r) => `M${one(x - r)} ${one(y - r)}h${2 * r}v${2 * r}h${-2 * r}Z`,
  };

  /** The outline of a symbol around a pixel. */
  const outline = (shape, x, y, r) => OUTLINES[shape](one(x), one(y), one(r));

  /** What is in view (Mercator box) and how it becomes pixels. */
  function frameOf(map, padding) {
    const size = map.getSize();
    const scale = pixels(map.getZoom(), map.getPixelOrigin());
    const from = map.containerPointToLayerPoint([-size.x * padding, -size.y * padding]);
    const to = map.containerPointToLayerPoint([size.x * (1 + padding), size.y * (1 + padding)]);
    const east = (px) => (px - scale.e) / scale.a;
    const north = (py) => (scale.n - py) / scale.a;
    return { pixels: scale, view: [east(from.x), north(to.y), east(to.x), north(from.y)], from, to };
  }

  /** A Leaflet layer class whose path is whatever draw(frame) returns. */
  function drawnPath() {
    return L.Path.extend({
      initialize(draw, options) {
        this.drawing = draw;
        L.setOptions(this, { interactive: false, stroke: false, fill: false, ...options });
      },
      _project() {},
      _update() {
        if (this._map) this._renderer._setPath(this, this.drawing(frameOf(this._map, PADDING)));
      },
      // Colours are the style sheet's business: dark, light and print differ.
      setStyle() {
        return this;
      },
    });
  }

  const PADDING = 0.4;

  /** A Leaflet layer class holding an SVG group that fill(group, frame) draws anew. */
  function drawnGroup() {
    return L.Layer.extend({
      initialize(fill, options) {
        this.fill = fill;
        L.setOptions(this, options);
      },
      onAdd(map) {
        this.group = L.SVG.create("g");
        this.options.renderer._rootGroup.appendChild(this.group);
        this.redraw();
        map.on("moveend zoomend viewreset", this.redraw, this);
      },
      onRemove(map) {
        map.off("moveend zoomend viewreset", this.redraw, this);
        this.group.remove();
      },
      redraw() {
        this.group.replaceChildren();
        this.fill(this.group, frameOf(this._map, PADDING));
        return this;
      },
    });
  }

  Object.assign(globalThis.lagesbild, {
    unpackShapes,
    unpackPoints,
    lattice,
    pathOf,
    pathOfCells,
    outline,
    frameOf,
    drawnPath,
    drawnGroup,
    PADDING,
  });
}
