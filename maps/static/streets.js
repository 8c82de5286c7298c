// Streets along which events lie close: lines over the map, their key, and what is near the pointer.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const REACH_PX = 6;

  /** What Python packed (maps/street_lines.py): for each street and class a shape in Mercator metres. */
  function unpackStreets(packed, whole, shapes) {
    if (!packed) return null;
    const [classes, hot, name] = [packed.class, packed.hot, packed.name].map(whole);
    const { labels, names } = packed;
    const of = (i) => ({ class: classes[i], hot: hot[i] === 1, name: names[name[i]] });
    return { labels, lines: shapes(packed.shapes).map((shape, i) => ({ shape, ...of(i) })) };
  }

  /** The class of ink for a street's class; the widest is the densest, however many there are. */
  const width = (i, of) => `wide-${Math.round((5 * (i + 1)) / of)}`;

  /** Draws streets: first the dark edges of all, then their lines, the densest on top. */
  function drawStreets(into, streets, frame) {
    const paths = new Map();
    for (const { shape, class: code, hot } of streets.lines) {
      const ink = `${width(code, streets.labels.length)}${hot ? " hot" : ""}`;
      if (!paths.has(ink)) paths.set(ink, []);
      paths.get(ink).push(shape);
    }
    for (const part of ["street-edge", "street"]) {
      for (const [ink, shapes] of paths) {
        const d = lb.pathOf(shapes, frame, false);
        if (d) into.append(lb.svg("path", { d, class: `${part} ${ink}` }));
      }
    }
  }

  /** The key's list: a line and the words of each class, then what the darker ink says. */
  function streetKey(list, streets, hotText) {
    const drawn = (ink) => {
      const icon = lb.svg("svg", { viewBox: "0 0 20 12", "aria-hidden": "true", class: "street-sample" });
      for (const part of ["street-edge", "street"]) {
        icon.append(lb.svg("path", { d: "M2 6H18", class: `${part} ${ink}` }));
      }
      return icon;
    };
    const of = streets.labels.length;
    const items = streets.labels.map((label, i) => lb.element("li", "", drawn(width(i, of)), label));
    if (streets.lines.some(({ hot }) => hot)) {
      items.push(lb.element("li", "", drawn("wide-3 hot"), hotText));
    }
    list.replaceChildren(...items);
  }

  /** How far a point is from a line's piece, in pixels. */
  function away(x, y, [ax, ay], [bx, by]) {
    const [dx, dy] = [bx - ax, by - ay];
    const long = dx * dx + dy * dy;
    const t = long ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
    return Math.hypot(x - ax - t * dx, y - ay - t * dy);
  }

  /** The street under a pixel of the map's layer: the densest of the nearest; null beyond reach. */
  function streetNear(streets, { x, y }, { a, e, n }) {
    const reach = REACH_PX / a;
    const [east, north] = [(x - e) / a, (n - y) / a];
    let best = REACH_PX;
    let found = null;
    for (const line of streets.lines) {
      const { xy, rings, box } = line.shape;
      if (east < box[0] - reach || east > box[2] + reach) continue;
      if (north < box[1] - reach || north > box[3] + reach) continue;
      const at = (i) => [e + a * xy[2 * i], n - a * xy[2 * i + 1]];
      for (const [from, to] of rings) {
        for (let i = from + 1; i < to; i += 1) {
          const far = away(x, y, at(i - 1), at(i));
          if (far <= best) [best, found] = [far, line];
        }
      }
    }
    return found;
  }

  Object.assign(globalThis.lagesbild, { unpackStreets, drawStreets, streetKey, streetNear });
}
