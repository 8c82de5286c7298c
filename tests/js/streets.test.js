"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "drawing", "streets"]) require(`../../maps/static/${name}.js`);
const lb = globalThis.lagesbild;

/** A street along the x axis from one place to another, in Mercator metres. */
function street(from, to, y, more) {
  const xy = Float64Array.from([from, y, to, y]);
  return { shape: { xy, rings: [[0, 2]], box: [from, y, to, y] }, ...more };
}

const pixels = { a: 0.5, e: 100, n: 200 };
const lines = [street(0, 100, 0, { name: "A" }), street(0, 100, 20, { name: "B" })];

test("the nearest street within reach is found, and none beyond it", () => {
  // A pixel is two metres: y = 0 is at pixel 200, y = 20 at 190.
  assert.equal(lb.streetNear({ lines }, { x: 120, y: 199 }, pixels).name, "A");
  assert.equal(lb.streetNear({ lines }, { x: 120, y: 193 }, pixels).name, "B");
  assert.equal(lb.streetNear({ lines }, { x: 120, y: 207 }, pixels), null);
  // Beyond the end the distance is to the end, not to the line it lies on.
  assert.equal(lb.streetNear({ lines }, { x: 155, y: 200 }, pixels).name, "A");
  assert.equal(lb.streetNear({ lines }, { x: 158, y: 200 }, pixels), null);
});

test("of two streets at one place the denser, which is drawn last, is found", () => {
  const both = { lines: [street(0, 100, 0, { class: 0 }), street(0, 100, 0, { class: 3 })] };
  assert.equal(lb.streetNear(both, { x: 120, y: 200 }, pixels).class, 3);
});

test("a street that is a point is as near as the point", () => {
  const dot = { lines: [street(10, 10, 0, { name: "dot" })] };
  assert.equal(lb.streetNear(dot, { x: 105, y: 203 }, pixels).name, "dot");
  assert.equal(lb.streetNear(dot, { x: 112, y: 200 }, pixels), null);
});
