"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "charts", "ranking"]) require(`../../maps/static/${name}.js`);
const { known, ordered, step } = globalThis.lagesbild;

test("the gap list starts where trouble is most and presence least", () => {
  const spots = [
    { rank: 1, gap: 3 },
    { rank: 2, gap: 1 },
    { rank: 3, gap: null },
    { rank: 4, gap: 2 },
  ];
  const ranks = (order) => ordered(spots, order).map(({ rank }) => rank);
  assert.deepEqual(ranks("gap"), [2, 4, 1, 3]);
  assert.deepEqual(ranks("rank"), [1, 2, 3, 4]);
});

test("nothing is step 0, one is seen, most is step 5", () => {
  assert.deepEqual(
    [0, 1, 50, 100].map((n) => step(n, 100)),
    [0, 1, 3, 5],
  );
});

test("what is zero is known; what is null, left out or empty is not", () => {
  assert.deepEqual([0, "0 min", null, undefined, ""].map(known), [true, true, false, false, false]);
});
