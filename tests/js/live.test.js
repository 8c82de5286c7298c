"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "projection", "drawing", "labels", "charts", "ranking", "map", "phrases", "live"]) {
  require(`../../maps/static/${name}.js`);
}
const { binSurface, byClass, countSurface, densitySurface, limitsOf, steps } = globalThis.lagesbild;
const number = (value, digits = 0) => value.toFixed(digits);

test("limits are about half of each other, round, and below the top", () => {
  // 100: 45, 20.25, 9.1, 4.1, 1.8
  assert.deepEqual(limitsOf(100), [2, 5, 10, 20, 50]);
  // 7: 3.15, 1.42, 0.64, 0.29, 0.13
  assert.deepEqual(limitsOf(7).map((limit) => Number(limit.toFixed(9))), [0.1, 0.3, 0.5, 1, 3]);
  assert.deepEqual(limitsOf(0), []);
  assert.deepEqual(limitsOf(Number.NaN), []);
  assert.deepEqual(limitsOf(-3), []);
  for (let top = 1e-6; top < 1e7; top *= 1.7) {
    const limits = limitsOf(top);
    assert.ok(limits.length >= 3 && limits.length <= 5, String(top));
    assert.ok(limits.at(-1) < top);
    limits.slice(1).forEach((limit, i) => assert.ok(limit > limits[i]));
  }
});

test("counts fall into the classes that their labels say", () => {
  const n = Float64Array.from([0, 1, 2, 4, 5, 9, 10, 19, 20, 49, 50, 100]);
  const made = countSurface(n, number);
  assert.deepEqual(made.labels, ["1", "2–4", "5–9", "10–19", "20–49", "50–100"]);
  assert.deepEqual([...made.cell], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual([...made.class], [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  assert.deepEqual([...made.value], [1, 2, 4, 5, 9, 10, 19, 20, 49, 50, 100]);
  assert.equal(made.inks.length, made.labels.length);
  assert.equal(countSurface(new Float64Array(3), number), null);
  assert.deepEqual(countSurface(Float64Array.from([1]), number).labels, ["1"]);
});

test("a map compared with another has the other's classes, and its last one holds all above", () => {
  const made = countSurface(Float64Array.from([1, 3, 7, 400]), number, [1, 2, 5]);
  assert.deepEqual(made.edges, [1, 2, 5]);
  assert.deepEqual([...made.class], [0, 1, 2, 2]);
  assert.deepEqual(made.labels, ["1", "2–4", "5–400"]);
  assert.equal(countSurface(Float64Array.from([1, 2]), number, [1, 2, 5]).labels.at(-1), "5");
});

test("densities below the lowest limit are not drawn", () => {
  const made = densitySurface(Float64Array.from([0, 1.9, 2, 10, 100]), number);
  assert.deepEqual(made.labels, ["2–5", "5–10", "10–20", "20–50", "≥ 50"]);
  assert.deepEqual([...made.cell], [2, 3, 4]);
  assert.deepEqual([...made.class], [0, 2, 4]);
  assert.equal(densitySurface(new Float64Array(4), number), null);
  const small = densitySurface(Float64Array.from([0.7]), number);
  assert.deepEqual(small.labels, ["0.01–0.03", "0.03–0.05", "0.05–0.1", "0.1–0.3", "≥ 0.3"]);
});

test("classes of confidence: 90, 95, 99 %, and fewer", () => {
  const words = { bin_1: "90", bin_2: "95", bin_3: "99", bin_cold: "färre" };
  const made = binSurface([0, 1, 2, 3, -1, -3, 0], null, words);
  assert.deepEqual([...made.cell], [1, 2, 3, 4, 5]);
  assert.deepEqual([...made.class].map((code) => made.labels[code]), ["90", "95", "99", "färre", "färre"]);
  assert.deepEqual(made.inks, ["bin-1", "bin-2", "bin-3", "bin-cold"]);
  assert.deepEqual([...binSurface([0, 3], [17, 40], words).cell], [40]);
});

test("few classes use the whole ramp", () => {
  assert.deepEqual(steps(["a"]), ["step-3"]);
  assert.deepEqual(steps(["a", "b"]), ["step-0", "step-5"]);
  assert.deepEqual(steps([..."abcdef"]), [0, 1, 2, 3, 4, 5].map((i) => `step-${i}`));
});

test("cells come sorted by class; those without one are not drawn", () => {
  const sorted = byClass({ cell: [7, 8, 9, 11], class: [1, -1, 0, 1], inks: ["a", "b", "c"] });
  assert.deepEqual(sorted.map((cells) => [...cells]), [[9], [7, 11], []]);
  const every = byClass({ cell: null, class: [1, 0], inks: ["a", "b"] });
  assert.deepEqual(every.map((cells) => [...cells]), [[1], [0]]);
});
