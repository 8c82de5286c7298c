"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "projection", "drawing", "labels"]) {
  require(`../../maps/static/${name}.js`);
}
const { heaped, latLng, lattice, outline, pathOf, pathOfCells, pixels, placed, projector } =
  globalThis.lagesbild;

test("terms run over i, then j: 2 + 3u + 5v", () => {
  // degree 1: T0T0, T0(u)T1(v), T1(u)T0(v)
  const project = projector({
    centre: [100, 200],
    half: [10, 20],
    degree: 1,
    east: [2, 5, 3],
    north: [0, 1, 0],
  });
  const out = new Float64Array(2);
  project(105, 210, out, 0);
  assert.deepEqual([...out], [2 + 5 * 0.5 + 3 * 0.5, 0.5]);
});

test("Mercator metres back to degrees: Örebro", () => {
  const [lat, lng] = latLng(1693262.2, 8244087.4);
  assert.ok(Math.abs(lng - 15.2107) < 1e-3);
  assert.ok(Math.abs(lat - 59.2692) < 0.05);
});

test("the middle of the world is the middle of its 256 pixels", () => {
  assert.deepEqual(pixels(0, { x: 0, y: 0 }).e, 128);
});

const frame = { pixels: { a: 1, e: 0, n: 100 }, view: [-1e9, -1e9, 1e9, 1e9] };

test("a shape is drawn ring by ring, y downwards, and skipped out of view", () => {
  const xy = Float64Array.from([0, 0, 10, 0, 10, 10]);
  const shape = { xy, rings: [[0, 3]], box: [0, 0, 10, 10] };
  assert.equal(pathOf([shape], frame, true), "M0 100L10 100L10 90Z");
  assert.equal(pathOf([shape], { ...frame, view: [50, 50, 60, 60] }, true), "");
});

/** Streams of small numbers, as Python packs them. */
function packed(columns, rows) {
  const zigzag = (v) => (v < 0 ? -2 * v - 1 : 2 * v);
  const bytes = Uint8Array.from([...columns, ...rows].map(zigzag));
  const n = columns.length;
  return [bytes, { column: [0, n, 0], row: [n, n, 0] }];
}

const plain = (x, y, out, at) => {
  out[at] = x;
  out[at + 1] = y;
};

test("square cells side by side are drawn as one run, others alone", () => {
  const [bytes, place] = packed([0, 1, 3, 0], [0, 0, 0, 1]);
  const cells = lattice(bytes, { kind: "square", size: 10, ...place }, plain);
  assert.equal(
    pathOfCells(cells, [0, 1, 2, 3], frame, plain),
    "M0 100L20 100L20 90L0 90ZM30 100L40 100L40 90L30 90ZM0 90L10 90L10 80L0 80Z",
  );
});

test("a hexagon has six corners around its centre, as geo/grid.py has them", () => {
  const [bytes, place] = packed([0], [0]);
  const cells = lattice(bytes, { kind: "hex", size: 100, ...place }, plain);
  const corners = cells.corners(0, 0, false);
  const third = (100 * Math.sqrt(3)) / 6;
  assert.equal(corners.length, 6);
  assert.deepEqual(corners[0], [50, third]);
  assert.deepEqual(corners[1], [0, 2 * third]);
  for (const [x, y] of corners) assert.ok(Math.abs(Math.hypot(x, y) - 2 * third) < 1e-9);
});

test("every kind of symbol has a closed outline", () => {
  for (const shape of ["circle", "triangle", "diamond", "square"]) {
    assert.match(outline(shape, 5, 5, 4), /^M.*Z$/);
  }
});

test("labels never overlap, and the first comes first", () => {
  const label = { x: 0, y: 0, width: 40, height: 10 };
  assert.deepEqual(
    placed([label, label], [], null).map(({ index }) => index),
    [0],
  );
  const beside = placed([{ ...label, gap: 5 }, { ...label, gap: 5 }], [], null);
  assert.deepEqual(beside[0], { index: 0, x: 25, y: 0 });
  assert.deepEqual(beside[1], { index: 1, x: -25, y: 0 });
});

test("labels keep off what is taken and inside the view", () => {
  const label = { x: 0, y: 0, width: 40, height: 10 };
  assert.deepEqual(placed([label], [[-5, -5, 5, 5]], null), []);
  assert.deepEqual(placed([label], [], [0, 0, 100, 100]), []);
});

test("points close together are heaped, and none is lost", () => {
  const points = [
    { x: 0, y: 0, n: 1, i: 0 },
    { x: 4, y: 0, n: 3, i: 1 },
    { x: 50, y: 0, n: 1, i: 2 },
  ];
  assert.deepEqual(heaped(points, 10), [
    { x: 3, y: 0, n: 4, i: 0 },
    { x: 50, y: 0, n: 1, i: 2 },
  ]);
});
