"use strict";
const assert = require("node:assert");
const path = require("node:path");
const test = require("node:test");
const statics = path.join(__dirname, "../../maps/static");
for (const name of ["read", "statistics", "filters", "compare"]) require(`${statics}/${name}.js`);
const { compared, comparison, countsOf, spotStatuses, statusWord, timesOf } = globalThis.lagesbild;
const { meansOf, unsure } = globalThis.lagesbild;

/** A view whose hotspots hold these cells; rank is the order, and a cell c spans [c, c + 1]. */
function view(prefix, ...groups) {
  return {
    enough: true,
    tested: true,
    spots: groups.map((cells, i) => ({ rank: i + 1, name: `${prefix}${i + 1}`, cells })),
    shapes: groups.map((cells) => ({ box: [Math.min(...cells), 0, Math.max(...cells) + 1, 1] })),
  };
}

/** Counts of cells from events per cell: {cell: [now, then]}. */
const counting = (events) => (cells) => ({
  now: cells.reduce((n, cell) => n + (events[cell]?.[0] ?? 0), 0),
  then: cells.reduce((n, cell) => n + (events[cell]?.[1] ?? 0), 0),
});

const told = (places) => places.map(({ status, name, now, then }) => [status, name, now, then]);

test("a place is new or gone by cells alone, whatever its counts", () => {
  // Cell 5 has as many events as before, but was not hot then; cell 9 is busier but not hot now.
  const events = { 5: [4, 4], 9: [30, 3] };
  assert.deepEqual(told(compared(view("now", [5]), view("then", [9]), counting(events))), [
    ["new", "now1", 4, 4],
    ["gone", "then1", 30, 3],
  ]);
});

test("places in both are compared by an exact test on counts within all their cells", () => {
  // 20 of 25 at 1/2: twice the upper tail is 0.004. 10 of 19: 1.0. No split of 3 reaches 5 %.
  const events = { 0: [12, 5], 1: [8, 0], 10: [10, 9], 20: [2, 1], 30: [5, 20] };
  const now = view("now", [0], [10], [20], [30]);
  const then = view("then", [0, 1], [10, 11], [20], [30]);
  const places = compared(now, then, counting(events));
  assert.deepEqual(told(places), [
    ["grown", "now1", 20, 5],
    ["fewer", "now4", 5, 20],
    ["same", "now2", 10, 9],
    ["few", "now3", 2, 1],
  ]);
  assert.deepEqual(places[0].cells, [0, 1]);
  assert.deepEqual(places[0].box, [0, 0, 2, 1]);
});

test("a place that was split is one place, and no event counts twice", () => {
  // Then one place 1–5; now 1–2 and 4–5. Cell 3 belongs to the place though nobody has it now.
  const events = { 1: [5, 5], 2: [1, 1], 3: [2, 3], 4: [1, 1], 5: [5, 5] };
  const [now, then] = [view("now", [4, 5], [1, 2]), view("then", [1, 2, 3, 4, 5])];
  const places = compared(now, then, counting(events));
  assert.deepEqual(told(places), [["same", "now1", 14, 15]]);
  const [{ cells, nowSpots, thenSpots, nowSpot, thenSpot, box }] = places;
  assert.deepEqual(cells, [1, 2, 3, 4, 5]);
  assert.deepEqual(nowSpots.map(({ name }) => name), ["now1", "now2"]);
  assert.deepEqual(thenSpots.map(({ name }) => name), ["then1"]);
  assert.deepEqual([nowSpot.name, thenSpot.name], ["now1", "then1"]);
  assert.deepEqual(box, [1, 0, 6, 1]);
});

test("places that merged are one place; so is a chain of shared cells", () => {
  const merged = compared(view("now", [1, 2, 3]), view("then", [3], [1]), counting({}));
  assert.equal(merged.length, 1);
  assert.deepEqual(merged[0].thenSpots.map(({ rank }) => rank), [1, 2]);
  // now 1–2, 3–4, 5; then 2–3, 4–5: each link is one cell, the third place joins through both.
  const [now, then] = [view("now", [1, 2], [3, 4], [5]), view("then", [4, 5], [2, 3])];
  const chain = compared(now, then, counting({}));
  assert.equal(chain.length, 1);
  assert.deepEqual(chain[0].nowSpots.map(({ rank }) => rank), [1, 2, 3]);
  assert.deepEqual(chain[0].cells, [1, 2, 3, 4, 5]);
});

test("within a status the most come first, then the more there were, then the rank", () => {
  const events = { 1: [3, 0], 2: [9, 1], 3: [3, 2], 4: [3, 0], 11: [0, 4], 12: [9, 6] };
  const places = compared(view("n", [4], [1], [2], [3]), view("t", [11], [12]), counting(events));
  assert.deepEqual(told(places), [
    ["new", "n3", 9, 1],
    ["new", "n4", 3, 2],
    ["new", "n1", 3, 0],
    ["new", "n2", 3, 0],
    ["gone", "t2", 9, 6],
    ["gone", "t1", 0, 4],
  ]);
});

test("cells that were hot without being listed make a place neither new nor gone", () => {
  const claims = (...hot) => ({ hot: Uint8Array.from({ length: 20 }, (_, c) => hot.includes(c)) });
  const now = { ...view("now", [5]), claims: claims(5, 9) };
  const then = { ...view("then", [9]), claims: claims(5, 9) };
  assert.deepEqual(told(compared(now, then, counting({ 5: [20, 5], 9: [10, 9] }))), [
    ["grown", "now1", 20, 5],
    ["same", "then1", 10, 9],
  ]);
});

test("no hotspots in either time is an empty list, too little data is no list", () => {
  assert.deepEqual(compared(view("now"), view("then"), counting({})), []);
  for (const lack of [{ enough: false }, { tested: false }]) {
    assert.equal(compared({ ...view("now"), ...lack }, view("then", [1]), counting({})), null);
    assert.equal(compared(view("now", [1]), { ...view("then"), ...lack }, counting({})), null);
  }
});

const known = (n, ...missing) => Array.from({ length: n }, (_, bin) => !missing.includes(bin));
const months = (per = 1) => ({ monthsPerBin: per });

test("overlapping periods are compared by their latest month, others as a whole", () => {
  // 24 months; the period is the last twelve.
  const month = comparison("month", [12, 23], months(), known(24));
  assert.deepEqual([month.why, month.then, month.whole], ["", [11, 22], false]);
  assert.deepEqual(month.counted, { now: [23, 23], then: [22, 22] });
  const year = comparison("year", [12, 23], months(), known(24));
  assert.deepEqual([year.why, year.then, year.whole], ["", [0, 11], true]);
  assert.deepEqual(year.counted, { now: [12, 23], then: [0, 11] });
  // One month against the month before it: nothing overlaps.
  assert.equal(comparison("month", [23, 23], months(), known(24)).whole, true);
  // Thirteen months against those a year earlier share one.
  const thirteen = comparison("year", [11, 23], months(), known(24));
  assert.deepEqual([thirteen.why, thirteen.whole], ["start", false]);
});

test("what cannot be compared says why", () => {
  assert.equal(comparison("month", [12, 23], months(3), known(24)).why, "coarse");
  assert.equal(comparison("year", [4, 7], months(5), known(8)).why, "coarse");
  assert.deepEqual(comparison("year", [4, 7], months(3), known(8)).then, [0, 3]);
  assert.equal(comparison("month", [0, 11], months(), known(12)).why, "start");
  assert.equal(comparison("month", [1, 12], months(), known(13)).why, "");
  const hole = comparison("month", [12, 23], months(), known(24, 22));
  assert.deepEqual([hole.why, hole.bin], ["unknown", 22]);
  assert.equal(comparison("month", [12, 23], months(), known(24, 23)).bin, 23);
  // A hole that is not counted does not stop the comparison; one that is, does.
  assert.equal(comparison("month", [12, 23], months(), known(24, 15)).why, "");
  assert.equal(comparison("year", [12, 23], months(), known(24, 3)).bin, 3);
});

test("counts are those of the latest months, or of the whole periods", () => {
  const perMonth = Float64Array.from({ length: 24 }, (_, bin) => bin);
  const of = (choice) => countsOf(comparison(choice, [12, 23], months(), known(24)), perMonth);
  assert.deepEqual(of("month"), { now: 23, then: 22 });
  // 12 + … + 23 = 210 and 0 + … + 11 = 66.
  assert.deepEqual(of("year"), { now: 210, then: 66 });
});

test("the times of a comparison are said as people do", () => {
  const names = ["november 2020", "december 2020", "januari 2021", "februari 2021"];
  const cube = { monthsPerBin: 1, monthLabels: names, firstMonth: 2020 * 12 + 10 };
  const found = comparison("month", [1, 3], cube, known(4));
  assert.deepEqual(timesOf(found, { language: "sv", cube }), {
    choice: "month",
    now: "december 2020 – februari 2021",
    then: "november 2020 – januari 2021",
    countedNow: "februari 2021",
    countedThen: "januari 2021",
  });
});

test("every hotspot of either time gets its place's status as a word, in the singular", () => {
  const words = { compare: { new: { one: "Ny", other: "Nya" }, gone: "Borta", few: "För litet" } };
  assert.equal(statusWord("new", words), "Ny");
  const [now, then] = [view("now", [1], [2], [5]), view("then", [1, 2], [9])];
  const statuses = spotStatuses(compared(now, then, counting({})), words);
  assert.deepEqual(now.spots.map((spot) => statuses.get(spot)), ["För litet", "För litet", "Ny"]);
  assert.deepEqual(then.spots.map((spot) => statuses.get(spot)), ["För litet", "Borta"]);
});

test("few events are told of what is new or gone, where no difference could be shown", () => {
  // 2 · 0.5⁵ = 0.0625 is more than 5 %, 2 · 0.5⁶ = 0.031 is not.
  const told = (status, now, then) => unsure({ status, now, then });
  assert.deepEqual([told("new", 5, 0), told("new", 6, 0), told("gone", 0, 0)], [true, false, true]);
  assert.equal(told("gone", 3, 30), false);
  assert.equal(told("few", 1, 2), false, "its heading says it");
});

test("places without events are explained by the period that moved, where periods overlap", () => {
  const words = {
    compare: {
      new_means: "Ny.",
      new_moved: "Kom in när perioden flyttades {step}.",
      gone_means: "Borta.",
      gone_moved: "Föll ur när perioden flyttades {step}.",
      same_means: "Lika.",
      step_month: "en månad",
      step_year: "ett år",
    },
  };
  const [none, some] = [{ now: 0, then: 0 }, { now: 0, then: 4 }];
  const means = (status, places, whole, choice) =>
    meansOf(status, places, { words, whole, times: { choice } });
  const month = "Ny. Kom in när perioden flyttades en månad.";
  assert.equal(means("new", [some, none], false, "month"), month);
  const year = "Borta. Föll ur när perioden flyttades ett år.";
  assert.equal(means("gone", [none], false, "year"), year);
  assert.equal(means("new", [some], false, "month"), "Ny.");
  assert.equal(means("new", [none], true, "month"), "Ny.");
  assert.equal(means("same", [none], false, "month"), "Lika.");
});
