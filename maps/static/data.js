// Unpacks all that the page carries, once, into what the map and the lists are drawn from.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const NAMED = ["n", "kde", "risk", "lisa", "change", "joint", "emerging", "forecast"];

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

  /** What a surface says of one cell beyond its class; null where the class says it all. */
  function tellOf({ expected, low, high, kind, kinds }, whole, { language, words }) {
    if (expected) {
      const told = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
      const streams = Object.entries({ n: expected, low, high }).map(([key, one]) => [key, whole(one)]);
      const at = (i) => streams.map(([key, tenths]) => [key, told.format(tenths[i] / 10)]);
      return (i) => lb.fill(words.expected_in_cell, Object.fromEntries(at(i)));
    }
    if (!kind) return null;
    const codes = whole(kind);
    return (i) => kinds[codes[i]];
  }

  /** The rhythm of a whole map, its counts as numbers; null where nobody asked for it. */
  function rhythmOf(packed, whole) {
    const profile = (one) =>
      one && { ...one, n: Array.from(whole(one.n), (n) => n / one.unit), hot: whole(one.hot) };
    return packed && { ...packed, hours: profile(packed.hours), months: profile(packed.months) };
  }

  /** A view that Python finished; surface(name) gives its classes as those of a live view. */
  function viewOf(view, { content, whole, points, shapes, project }) {
    const cell = whole(view.cell);
    const surfaces = Object.fromEntries(
      NAMED.filter((name) => view[name]).map((name) => {
        const { labels, inks, means, value, class: codes } = view[name];
        const surface = { cell, class: whole(codes), labels, means, inks: inks ?? lb.steps(labels) };
        const tell = tellOf(view[name], whole, content);
        return [name, { ...surface, tell, value: value ? whole(value) : null }];
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
      streets: lb.unpackStreets(view.streets, whole, shapes),
      rhythm: rhythmOf(view.rhythm, whole),
      alerts: view.alerts.map((group) => ({ ...group, shapes: shapes(group.shapes) })),
      spots: view.spots.map((spot) => {
        const xy = new Float64Array(2);
        project(spot.at[0], spot.at[1], xy, 0);
        const hours = whole(spot.hours).map((n) => n / spot.unit);
        const monthly = whole(spot.monthly).map((n) => n / spot.unit);
        const hot = spot.hot && whole(spot.hot);
        return { ...spot, xy, hours, monthly, hot, cells: whole(spot.cells) };
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
