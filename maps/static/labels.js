// Places names where they fit: the important first, none over another.
"use strict";
globalThis.lagesbild ??= {};
{
  const overlap = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  /**
   * Chooses places for labels. Each label {x, y, width, height, gap?} comes with the more
   * important first; it stands on its point, or with a gap beside it (right, left, above, below
   * and farther), or with onPoint whichever is free. taken are boxes [west, north, east, south] that must stay free; view bounds everything.
   * Gives an array of {index, x, y} (the middle of the text), in order.
   */
  function placed(labels, taken, view) {
    const boxes = [...taken];
    const found = [];
    labels.forEach(({ x, y, width, height, gap, onPoint }, index) => {
      const [w, h] = [width / 2, height / 2];
      const middles = !gap || onPoint ? [[x, y]] : [];
      for (const far of gap ? [gap, 2.4 * gap] : []) {
        middles.push([x + far + w, y], [x - far - w, y], [x, y - far - h], [x, y + far + h]);
      }
      for (const [mx, my] of middles) {
        const box = [mx - w, my - h, mx + w, my + h];
        const inside =
          !view || (box[0] >= view[0] && box[1] >= view[1] && box[2] <= view[2] && box[3] <= view[3]);
        if (inside && !boxes.some((other) => overlap(box, other))) {
          boxes.push(box);
          found.push({ index, x: mx, y: my });
          return;
        }
      }
    });
    return found;
  }

  /**
   * Heaps points {x, y, n, i} that lie closer than reach to the first of a heap: {x, y, n, i},
   * the middle by weight, the sum, and the first point's index.
   */
  function heaped(points, reach) {
    const heaps = [];
    const near = new Map();
    const square = (v) => Math.floor(v / reach);
    for (const point of points) {
      const [column, row] = [square(point.x), square(point.y)];
      let heap;
      for (let c = column - 1; c <= column + 1 && !heap; c += 1) {
        for (let r = row - 1; r <= row + 1 && !heap; r += 1) {
          heap = near
            .get(`${c} ${r}`)
            ?.find((one) => Math.hypot(one.first.x - point.x, one.first.y - point.y) < reach);
        }
      }
      if (!heap) {
        heap = { first: point, x: 0, y: 0, n: 0, i: point.i };
        heaps.push(heap);
        const key = `${column} ${row}`;
        near.set(key, [...(near.get(key) ?? []), heap]);
      }
      heap.x += point.x * point.n;
      heap.y += point.y * point.n;
      heap.n += point.n;
    }
    return heaps.map(({ x, y, n, i }) => ({ x: x / n, y: y / n, n, i }));
  }

  Object.assign(globalThis.lagesbild, { placed, heaped });
}
