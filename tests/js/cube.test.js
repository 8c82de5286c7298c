"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "cube"]) require(`../../maps/static/${name}.js`);
const { count, countIn, maskOf, unpackCube } = globalThis.lagesbild;

/** Bytes and their places, as Streams of maps/packing.py writes them (all numbers below 64). */
function packer() {
  const bytes = [];
  const small = (values) => {
    const place = [bytes.length, values.length];
    bytes.push(...values);
    return { bytes: place, more: [bytes.length, 0, 0] };
  };
  return { bytes, small };
}

/**
 * Two cells, two categories, two months. Cell 0: two events of category 0 on Monday 00-01 in month
 * 0, one of category 0 on Friday 23-24 in month 1, and one of category 1 at an unknown hour in
 * month 1. Cell 1: one of category 1 on Saturday 02-03 in month 1.
 */
function little(hoursPerBin = 1) {
  const { bytes, small } = packer();
  const hours = [0, 119, 168, 122].map((hour) => Math.floor(hour / hoursPerBin));
  const packed = {
    rows: small([3, 1]),
    category: small([0, 0, 1, 1]),
    hour: small([hours[0], hours[1] - hours[0], hours[2], hours[3]]),
    month: small([0, 1, 1, 1]),
    n: small([1, 0, 0, 0]),
    weight: null,
    holidays: { months: [0, 2], bits: small([0b101]), told: small([]), weight: null },
  };
  const content = {
    packed,
    hoursPerBin,
    categoryLabels: ["a", "b"],
    categoryFamily: ["order", "traffic"],
    monthLabels: ["november", "december"],
  };
  return unpackCube(Uint8Array.from(bytes), content, 2);
}

const all = () => ({
  family: "all",
  off: new Set(),
  months: [0, 1],
  days: Array(7).fill(true),
  hours: [0, 24],
  holidays: "any",
});
const counted = (cube, changes) => count(cube, maskOf({ ...all(), ...changes }, cube));
const days = (...on) => Array.from({ length: 7 }, (_, day) => on.includes(day));

test("rows add up their steps; each category and each hour begins anew", () => {
  const cube = little();
  assert.deepEqual([...cube.start], [0, 3, 4]);
  assert.deepEqual([...cube.category], [0, 0, 1, 1]);
  assert.deepEqual([...cube.hour], [0, 119, 168, 122]);
  assert.deepEqual([...cube.month], [0, 1, 1, 1]);
  assert.deepEqual([...cube.n], [2, 1, 1, 1]);
  assert.deepEqual([...cube.holiday], [0, 1, 0, 1]);
  assert.equal(cube.weight, null);
});

test("without a filter everything counts, also what has no known hour", () => {
  const { n, weight, total, unknown, perMonth, perCategory } = counted(little(), {});
  assert.deepEqual([...n], [4, 1]);
  assert.equal(weight, n);
  assert.deepEqual([total, unknown], [5, 0]);
  assert.deepEqual([...perMonth], [2, 3]);
  assert.deepEqual([...perCategory], [3, 2]);
});

test("a Friday night is Friday evening and the small hours of Saturday", () => {
  const night = counted(little(), { days: days(4), hours: [22, 6] });
  assert.deepEqual([...night.n], [1, 1]);
  assert.equal(night.unknown, 1);
  const saturday = counted(little(), { days: days(5), hours: [22, 6] });
  assert.equal(saturday.total, 0);
  const sunday = counted(little(), { days: days(6), hours: [22, 6] });
  assert.deepEqual([...sunday.n], [2, 0]); // Monday 00-01
});

test("each total is without regard to its own part of the filter", () => {
  const asked = { family: "order", months: [1, 1], days: days(4) };
  const { total, perMonth, perHour, perCategory, unknown } = counted(little(), asked);
  assert.equal(total, 1);
  assert.deepEqual([...perMonth], [0, 1]);
  assert.deepEqual([perHour[0], perHour[119], perHour[168]], [0, 1, 0]);
  assert.deepEqual([...perCategory], [1, 0]);
  assert.equal(unknown, 0);
});

test("categories that are switched off do not count; school holidays or the rest of the year", () => {
  assert.deepEqual([...counted(little(), { off: new Set([0]) }).n], [1, 1]);
  assert.deepEqual([...counted(little(), { holidays: "only" }).n], [1, 1]);
  assert.deepEqual([...counted(little(), { holidays: "not" }).n], [3, 0]);
});

test("some cells are counted by themselves", () => {
  const cube = little();
  const found = countIn(cube, maskOf({ ...all(), months: [1, 1] }, cube), [1]);
  assert.deepEqual([found.n, found.weight, found.unknown], [1, 1, 0]);
  assert.deepEqual([...found.perMonth], [0, 1]);
});

test("hours in bins: a bin by its first hour, a day by its day, a week always", () => {
  const three = little(3);
  assert.equal(three.hourBins, 57);
  assert.deepEqual([...counted(three, { hours: [0, 3] }).n], [2, 1]);
  const day = little(24);
  assert.deepEqual([...counted(day, { days: days(0), hours: [22, 6] }).n], [2, 0]);
  assert.deepEqual([...counted(day, { hours: [22, 6] }).n], [4, 1]);
  assert.deepEqual([...counted(little(168), { days: days(0), hours: [22, 6] }).n], [4, 1]);
});
