"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "projection", "drawing", "statistics"]) {
  require(`../../maps/static/${name}.js`);
}
const lb = globalThis.lagesbild;
const near = (found, expected, tolerance = 1e-12) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, expected ${expected}`);

test("the normal law: two-sided p of tabled z", () => {
  near(lb.twoSidedP(0), 1);
  near(lb.twoSidedP(1.959963984540054), 0.05);
  near(lb.twoSidedP(-2.5758293035489004), 0.01);
  near(lb.twoSidedP(6) / 1.973175290075396e-9, 1, 1e-12); // Abramowitz & Stegun, table 26.2
  assert.equal(lb.twoSidedP(60), 0);
});

test("the binomial law: tails worked out by hand", () => {
  near(lb.chanceP(5, 5, 0.5), 2 / 32);
  near(lb.chanceP(9, 10, 0.5), (2 * 11) / 1024);
  near(lb.chanceP(0, 3, 0.25), 2 * 0.75 ** 3);
  assert.equal(lb.chanceP(1, 2, 0.5), 1);
  assert.equal(lb.chanceP(3, 10, 0), 0); // where nothing could be
  assert.equal(lb.chanceP(0, 0, 0.1), 1);
});

test("Benjamini & Hochberg's own fifteen p-values (1995, section 3.2): four stand at 0.05", () => {
  const p = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
    0.6528, 0.759, 1,
  ];
  const ones = p.map(() => 1);
  const q = lb.adjust(Float64Array.from(p), ones, "bh");
  assert.equal(q.filter((one) => one <= 0.05).length, 4);
  near(q[3], (0.0095 * 15) / 4);
  near(q[5], (0.0298 * 15) / 7); // the next one's, which is less than its own
  const by = lb.adjust(Float64Array.from(p), ones, "by");
  near(by[0], 0.0015 * p.reduce((sum, _, i) => sum + 1 / (i + 1), 0));
});

test("p that come many times are as many tests", () => {
  const [first, second] = lb.adjust(Float64Array.from([0.02, 0.04]), [1, 3], "bh");
  near(first, 0.04);
  near(second, 0.04);
});

const plain = (x, y, out, at) => {
  out[at] = x;
  out[at + 1] = y;
};

/** Squares of 10 m at columns and rows from 0 up. */
function squares(...at) {
  const bytes = Uint8Array.from([...at.map(([c]) => 2 * c), ...at.map(([, r]) => 2 * r)]);
  const n = at.length;
  const packed = { kind: "square", size: 10, column: [0, n, 0], row: [n, n, 0] };
  return lb.lattice(bytes, packed, plain);
}

test("the outline of two squares beside each other is one rectangle", () => {
  const { xy, rings, box } = lb.outlineOf(squares([0, 0], [1, 0]), [0, 1], plain);
  assert.deepEqual(rings, [[0, 4]]);
  assert.deepEqual(box, [0, 0, 20, 10]);
  const corners = Array.from({ length: 4 }, (_, i) => `${xy[2 * i]},${xy[2 * i + 1]}`);
  assert.deepEqual(corners.sort(), ["0,0", "0,10", "20,0", "20,10"]);
});

test("squares that meet in a corner have a ring each, a frame has its hole", () => {
  const two = lb.outlineOf(squares([0, 0], [1, 1]), [0, 1], plain);
  assert.deepEqual(two.rings.map(([from, to]) => to - from), [4, 4]);
  const places = [0, 1, 2].flatMap((c) => [0, 1, 2].map((r) => [c, r]));
  const frame = places.filter(([c, r]) => c !== 1 || r !== 1);
  const around = lb.outlineOf(squares(...frame), frame.map((_, i) => i), plain);
  assert.deepEqual(around.rings.map(([from, to]) => to - from).sort(), [4, 4]);
});

test("a busy Friday night is found, an even week has no peak", () => {
  const week = new Float64Array(168);
  for (let hour = 0; hour < 4; hour += 1) week[4 * 24 + 22 + hour] = 5;
  assert.deepEqual(lb.busiestBlock(week), {
    firstDay: 4,
    lastDay: 4,
    firstHour: 22,
    lastHour: 1,
    n: 20,
  });
  assert.equal(lb.busiestBlock(new Float64Array(168).fill(3)), null);
  assert.equal(lb.busiestBlock(week.map((n) => (n ? 2 : 0))), null); // eight events tell nothing
});

test("two counts: five against none may be chance, six may not", () => {
  assert.equal(lb.compareTwo(5, 0), "few");
  assert.equal(lb.compareTwo(6, 0), "up");
  assert.equal(lb.compareTwo(0, 6), "down");
  assert.equal(lb.compareTwo(4, 3), "same");
});
