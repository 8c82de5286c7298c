// Places names where they fit: the important first, none over another.
"use strict";
globalThis.lagesbild ??= {};
{
  const overlap = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

  /**
   * Chooses places for labels. Each label {x, y, width, height, gap?} comes with the more
   * important first; with a gap it stands beside its point (right, left, above, below), else on
   * it. taken are boxes [west, north, east, south] that must stay free; view bounds everything.
   * Gives an array of {index, x, y} (the middle of the text), in order.
   */
  function placed(labels, taken, view) {
    const boxes = [...taken];
    const found = [];
    labels.forEach(({ x, y, width, height, gap }, index) => {
      const [w, h] = [width / 2, height / 2];
      const middles = gap
        ? [
            [x + gap + w, y],
            [x - gap - w, y],
            [x, y - gap - h],
            [x, y + gap + h],
          ]
        : [[x, y]];
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

  Object.assign(globalThis.lagesbild, { placed });
}
