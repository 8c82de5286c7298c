"use strict";
const assert = require("node:assert");
const test = require("node:test");
require("../../maps/static/read.js");
require("../../maps/static/filters.js");
const lb = globalThis.lagesbild;

const words = {
  no_days: "inga dagar",
  days_but: "alla dagar utom {day}",
  every_kind: "Alla slag",
  said_only: "skollov",
  said_not: "ej skollov",
  said_without: "{family} utan {list}",
  said_some: "{family}, {n} av {of} slag",
  said_some_all: "{n} av {of} slag",
  said_none: "inga slag valda",
};
const labels = ["Fart", "Moped och A-traktor", "LOB", "Klotter", "Buller", "Eldning", "Stöld"];
const content = {
  language: "sv",
  weekdays_short: ["mån", "tis", "ons", "tor", "fre", "lör", "sön"],
  words: { filters: words },
  cube: {
    monthLabels: Array.from({ length: 24 }, (_, i) => `månad ${i}`),
    firstMonth: 2020 * 12,
    monthsPerBin: 1,
    hoursPerBin: 1,
    categoryLabels: labels,
    categoryFamily: ["traffic", "traffic", "order", "order", "order", "order", "theft"],
    families: [{ key: "traffic", label: "Trafik" }, { key: "order", label: "Ordning" }],
    period: [12, 23],
  },
};
const usual = lb.defaultFilter(content);
const days = (...on) => Array.from({ length: 7 }, (_, day) => on.includes(day));
const said = (part) => lb.filterText({ ...usual, ...part }, content);

test("the default filter: everything in the period of the statistics", () => {
  assert.deepEqual(usual, {
    family: "all",
    off: new Set(),
    months: [12, 23],
    days: days(0, 1, 2, 3, 4, 5, 6),
    hours: [0, 24],
    holidays: "any",
  });
  assert.notStrictEqual(lb.defaultFilter(content).months, content.cube.period, "a copy");
});

test("a filter is the default until any part but the family differs", () => {
  assert.ok(lb.isDefault({ ...usual, family: "order" }, content));
  for (const part of [
    { off: new Set([3]) },
    { months: [11, 23] },
    { days: days(0, 1, 2, 3, 4, 5) },
    { hours: [0, 23] },
    { holidays: "not" },
  ]) {
    assert.ok(!lb.isDefault({ ...usual, ...part }, content), JSON.stringify(part));
    assert.ok(!lb.sameFilter(usual, { ...usual, ...part }));
    assert.ok(lb.sameFilter({ ...usual, ...part }, { ...usual, ...part }));
  }
  assert.ok(!lb.sameFilter(usual, { ...usual, family: "order" }));
  assert.ok(!lb.sameFilter({ ...usual, off: new Set([1]) }, { ...usual, off: new Set([2]) }));
});

test("a filter in words, part by part", () => {
  assert.equal(said({}), "Alla slag · januari–december 2021");
  assert.equal(
    said({ family: "order", months: [17, 19], days: days(4, 5), hours: [20, 2], holidays: "only" }),
    "Ordning · juni–augusti 2021 · fre–lör 20–02 · skollov",
  );
  assert.equal(said({ months: [10, 13] }), "Alla slag · november 2020 – februari 2021");
  assert.equal(said({ months: [0, 0], holidays: "not" }), "Alla slag · januari 2020 · ej skollov");
  assert.equal(said({ hours: [22, 6] }), "Alla slag · januari–december 2021 · 22–06");
});

test("weekdays in words: single days, runs, and runs over the week's end", () => {
  for (const [on, text] of [
    [[0, 2], "mån, ons"],
    [[0, 1, 2, 3, 4], "mån–fre"],
    [[0, 4, 5, 6], "fre–mån"],
    [[0, 6], "sön–mån"],
    [[1, 2, 5], "tis–ons, lör"],
    [[0, 1, 3, 4, 5, 6], "alla dagar utom ons"],
    [[], "inga dagar"],
    [[0, 1, 2, 3, 4, 5, 6], ""],
  ]) {
    assert.equal(lb.weekText({ days: days(...on), hours: [0, 24] }, content), text);
  }
});

test("categories in words: the few that are in, or the few that are out; capitals stay", () => {
  const kinds = (family, off) => said({ family, off: new Set(off) }).split(" · ")[0];
  assert.equal(kinds("traffic", [0]), "Moped och A-traktor");
  assert.equal(kinds("order", [4, 5]), "LOB, klotter");
  assert.equal(kinds("order", [3]), "Ordning utan klotter");
  assert.equal(kinds("all", [1, 2]), "Alla slag utan moped och A-traktor, LOB");
  assert.equal(kinds("all", [1, 2, 3]), "4 av 7 slag");
  assert.equal(kinds("order", [2, 3, 4, 5]), "inga slag valda");
  assert.equal(kinds("theft", []), "theft", "a family without a label is named by its key");
});

test("what was changed, in words, is nothing for the default filter", () => {
  assert.equal(lb.filterText(usual, content, true), "");
  assert.equal(lb.filterText({ ...usual, hours: [6, 18] }, content, true), "06–18");
  assert.equal(lb.filterText({ ...usual, family: "order" }, content, true), "Ordning");
});

test("bins of several months are said from their first month to their last", () => {
  const coarse = { ...content, cube: { ...content.cube, monthsPerBin: 3 } };
  assert.equal(lb.monthsText([1, 2], coarse), "april–september 2020");
  assert.equal(lb.monthsText([3, 4], coarse), "oktober 2020 – mars 2021");
  const english = { ...content, language: "en" };
  assert.equal(lb.monthsText([17, 19], english), "June–August 2021");
});

test("without dates, months are said by their labels", () => {
  const undated = { ...content, cube: { ...content.cube, firstMonth: null, monthLabels: ["a", "b"] } };
  assert.equal(lb.monthsText([0, 0], undated), "a");
  assert.equal(lb.monthsText([0, 1], undated), "a–b");
});

test("an end of the months stops one bin before the other", () => {
  const move = (range, end, value) => lb.moveEnd(range, end, value, 24, false);
  assert.deepEqual(move([12, 24], 0, 17), [17, 24]);
  assert.deepEqual(move([12, 24], 0, 24), [23, 24]);
  assert.deepEqual(move([12, 15], 0, 20), [14, 15]);
  assert.deepEqual(move([12, 15], 1, 3), [12, 13]);
  assert.deepEqual(move([12, 15], 1, 99), [12, 24]);
  assert.deepEqual(move([12, 15], 0, -5), [0, 15]);
});

test("the ends of the hours pass each other, and are never the same", () => {
  const move = (range, end, value) => lb.moveEnd(range, end, value, 24, true);
  assert.deepEqual(move([6, 18], 0, 20), [20, 18]);
  assert.deepEqual(move([17, 18], 0, 18), [19, 18], "from one hour to all but one");
  assert.deepEqual(move([19, 18], 0, 18), [17, 18], "and back");
  assert.deepEqual(move([22, 6], 1, 23), [22, 23]);
  assert.deepEqual(move([22, 23], 0, 23), [22, 23], "no 24 to start at");
  assert.deepEqual(move([2, 1], 1, 2), [2, 3]);
  for (let n = 1; n <= 8; n += 1) {
    for (let from = 0; from < n; from += 1) {
      for (let to = 1; to <= n; to += 1) {
        if (from === to) continue;
        for (const end of [0, 1]) {
          for (let value = -1; value <= n + 1; value += 1) {
            const [a, b] = lb.moveEnd([from, to], end, value, n, true);
            assert.ok(a !== b && a >= 0 && a < n && b > 0 && b <= n);
          }
        }
      }
    }
  }
});

test("a moved window keeps its length; months stop at the ends, hours go round", () => {
  assert.deepEqual(lb.moveBoth([12, 15], 3, 24, false), [15, 18]);
  assert.deepEqual(lb.moveBoth([12, 15], 30, 24, false), [21, 24]);
  assert.deepEqual(lb.moveBoth([12, 15], -30, 24, false), [0, 3]);
  assert.deepEqual(lb.moveBoth([20, 2], 1, 24, true), [21, 3]);
  assert.deepEqual(lb.moveBoth([20, 2], -2, 24, true), [18, 24], "midnight as an end is 24");
  assert.deepEqual(lb.moveBoth([18, 24], 6, 24, true), [0, 6]);
  assert.deepEqual(lb.moveBoth([0, 24], 5, 24, true), [0, 24]);
});

test("a range that wraps is drawn in two pieces", () => {
  assert.deepEqual(lb.pieces([6, 18], 24), [[6, 18]]);
  assert.deepEqual(lb.pieces([22, 6], 24), [[22, 24], [0, 6]]);
});

test("play goes from the first position to the last with the window's length", () => {
  const played = (months, n, period) => {
    const seen = [];
    for (let at = lb.playFirst(months, n, period); at; at = lb.playNext(at, n)) seen.push(at);
    return seen;
  };
  assert.deepEqual(played([3, 5], 6, [0, 5]), [[0, 2], [1, 3], [2, 4], [3, 5]]);
  const single = [[0, 0], [1, 1], [2, 2]];
  assert.deepEqual(played([0, 2], 3, [1, 2]), single, "all there is plays by one");
  assert.deepEqual(played([1, 2], 3, [1, 2]), single, "and so does the whole period");
});

test("a preset sets days or hours, leaves the other alone, and is undone by a second press", () => {
  const presets = Object.fromEntries(lb.presetsFor(1).map((one) => [one.key, one]));
  assert.deepEqual(Object.keys(presets), ["all", "weekdays", "weekend", "evening", "day", "night"]);
  const night = lb.withPreset(presets.night, { ...usual, days: days(5) });
  assert.deepEqual([night.hours, night.days], [[22, 6], days(5)]);
  const weekend = lb.withPreset(presets.weekend, night);
  assert.deepEqual([weekend.hours, weekend.days], [[22, 6], days(5, 6)]);
  assert.ok(lb.presetHolds(presets.weekend, weekend) && lb.presetHolds(presets.night, weekend));
  assert.ok(!lb.presetHolds(presets.all, weekend) && lb.presetHolds(presets.all, usual));
  assert.deepEqual(lb.withPreset(presets.weekend, weekend).days, usual.days);
  assert.ok(lb.sameFilter(lb.withPreset(presets.all, weekend), usual));
});

test("presets keep to the blocks that hours were packed in", () => {
  for (const step of [1, 3, 6]) {
    for (const { hours } of lb.presetsFor(step)) {
      for (const hour of hours ?? []) assert.equal(hour % step, 0);
    }
  }
  assert.deepEqual(lb.presetsFor(24).map(({ key }) => key), ["all", "weekdays", "weekend"]);
  assert.deepEqual(lb.presetsFor(168).map(({ key }) => key), ["all"]);
});

test("hours of the day are counted over the chosen days; the night's end is the day before's", () => {
  const hourBin = Uint8Array.from({ length: 169 }, (_, hour) => hour);
  const perHour = Float64Array.from({ length: 169 }, (_, hour) => 10 ** 6 * Math.floor(hour / 24) + hour % 24);
  const friday = lb.byHour(perHour, hourBin, { days: days(4), hours: [0, 24] }, 1);
  assert.deepEqual([friday[0], friday[23]], [4000000, 4000023]);
  const late = lb.byHour(perHour, hourBin, { days: days(4), hours: [20, 2] }, 1);
  assert.deepEqual([late[1], late[2], late[20]], [5000001, 4000002, 4000020]);
  const sunday = lb.byHour(perHour, hourBin, { days: days(6), hours: [20, 2] }, 1);
  assert.equal(sunday[0], 0, "after Sunday comes Monday");
  const six = Uint8Array.from({ length: 169 }, (_, hour) => Math.floor(hour / 6));
  const blocks = lb.byHour(Float64Array.from({ length: 29 }, () => 1), six, usual, 6);
  assert.deepEqual(blocks, [7, 7, 7, 7]);
});

test("years along the months stand at each January and not too close", () => {
  assert.deepEqual(lb.yearMarks(2020 * 12, 1, 24), [[0, 2020], [12, 2021]]);
  assert.deepEqual(lb.yearMarks(2019 * 12 + 11, 1, 24), [[1, 2020], [13, 2021]]);
  assert.deepEqual(lb.yearMarks(2019 * 12 + 8, 1, 24), [[0, 2019], [4, 2020], [16, 2021]]);
  assert.deepEqual(lb.yearMarks(2020 * 12, 3, 8), [[0, 2020], [4, 2021]]);
  assert.deepEqual(lb.yearMarks(null, 1, 24), []);
});
