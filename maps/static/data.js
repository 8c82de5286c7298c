// Unpacks all that the page carries, once, into what the map and the lists are drawn from.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const NAMED = ["n", "kde", "risk", "lisa", "change", "joint"];

  /** Everything unpacked, shapes and points in Mercator metres. */
  function unpacked(content, bytes) {
    const project = lb.projector(content.projection);
    const shapes = (packed) => lb.unpackShapes(bytes, packed, project);
    const points = (packed) => lb.unpackPoints(bytes, packed, project);
    const whole = (packed) => lb.numbers(bytes, packed);
    const cells = cellsOf(content.cells, bytes, project);
    let stats = null;
    const cube = content.cube && lb.unpackCube(bytes, content.cube, cells.count);
    return {
      project,
      area: shapes(content.area),
      cells,
      cube,
      /** What cells are tested with; a page that is only read needs none of it. */
      get stats() {
        stats ??= lb.unpackStatistics(bytes, content.cube.statistics, cells);
        return stats;
      },
      presence: content.presence && lb.unpackPresence(bytes, content.presence, cells.count, cube?.hourBin),
      anchors: anchorsOf(content.anchors, bytes),
      background: content.background.map((one) => ({ ...one, shapes: shapes(one.shapes) })),
      names: content.names.points ? { ...content.names, xy: points(content.names.points) } : null,
      symbols: content.symbols.map((one) => ({
        ...one,
        xy: points(one.points),
        lines: one.lines ? shapes(one.lines) : [],
        counts: one.counts ? whole(one.counts) : null,
        months: one.months ? whole(one.months) : null,
      })),
      views: content.views.map((view) => viewOf(view, { content, whole, points, shapes, project })),
    };
  }

  /** What places are named after and what may be near them: {name, x, y, radius} by kind. */
  function anchorsOf(packed, bytes) {
    return Object.fromEntries(
      Object.entries(packed).map(([kind, { names, points, radius }]) => {
        const x = lb.numbers(bytes, points.x);
        const y = lb.numbers(bytes, points.y);
        const at = (i) => ({ x: x[i] * points.unit, y: y[i] * points.unit });
        return [kind, names.map((name, i) => ({ name, ...at(i), radius: radius[i] }))];
      }),
    );
  }

  /** The cells: where they lie, what they are called, and their outlines. */
  function cellsOf(packed, bytes, project) {
    if (packed.kind === "drawn") {
      const shapes = lb.unpackShapes(bytes, packed.shapes, project);
      const x = lb.numbers(bytes, packed.centres.x);
      const y = lb.numbers(bytes, packed.centres.y);
      return {
        kind: "drawn",
        count: shapes.length,
        shapes,
        centre: lb.unpackPoints(bytes, packed.centres, project),
        metres: (i) => [x[i] * packed.centres.unit, y[i] * packed.centres.unit],
        idOf: (i) => packed.ids[i],
      };
    }
    const cells = lb.lattice(bytes, packed, project);
    const { column, row, size } = cells;
    const metres =
      packed.kind === "square"
        ? (i) => [(column[i] + 0.5) * size, (row[i] + 0.5) * size]
        : (i) => [(column[i] + row[i] / 2) * size, (row[i] * size * Math.sqrt(3)) / 2];
    // As geo/grid.py names them.
    const idOf =
      packed.kind === "square"
        ? (i) => `${size}mN${row[i] * size}E${column[i] * size}`
        : (i) => `${size}mH${column[i]}R${row[i]}`;
    return { ...cells, count: column.length, metres, idOf };
  }

  /** A view that Python finished; surface(name) gives its classes as those of a live view. */
  function viewOf(view, { content, whole, points, shapes, project }) {
    const cell = whole(view.cell);
    const surfaces = Object.fromEntries(
      NAMED.filter((name) => view[name]).map((name) => {
        const { labels, inks, value, class: codes } = view[name];
        const surface = { cell, class: whole(codes), labels, inks: inks ?? lb.steps(labels) };
        return [name, { ...surface, value: value ? whole(value) : null }];
      }),
    );
    if (view.bin) surfaces.bin = lb.binSurface(whole(view.bin), cell, content.words);
    let counts = null;
    return {
      ...view,
      live: false,
      cell,
      points: view.points && points(view.points),
      shapes: shapes(view.shapes),
      alerts: view.alerts.map((group) => ({ ...group, shapes: shapes(group.shapes) })),
      spots: view.spots.map((spot) => {
        const xy = new Float64Array(2);
        project(spot.at[0], spot.at[1], xy, 0);
        const hours = whole(spot.hours).map((n) => n / spot.unit);
        const monthly = whole(spot.monthly).map((n) => n / spot.unit);
        return { ...spot, xy, hours, monthly, cells: whole(spot.cells) };
      }),
      has: (name) => name in surfaces,
      countOf(position) {
        counts ??= new Map(surfaces.n ? Array.from(cell, (c, i) => [c, surfaces.n.value[i]]) : []);
        return counts.get(position) ?? 0;
      },
      surface: (name) => surfaces[name] ?? null,
    };
  }

  Object.assign(globalThis.lagesbild, { unpacked });
}
