"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
for (const name of ["read", "phrases"]) require(`../../maps/static/${name}.js`);
const { compass, nameOf, phrasesOf, tellApart } = globalThis.lagesbild;

// The words of the tests are those of the page, as far as they are needed here.
const words = {
  minutes: "{minutes} min",
  hours: "{hours} tim",
  hours_minutes: "{hours} tim {minutes} min",
  every_day: "alla dagar",
  months: { one: "på 1 månad", other: "på {n} månader" },
  place: { at: "{base}", part: "{base}, {part} delen", from: "{distance} {direction} om {base}", cell: "{base}" },
  reason: {
    events: "{n} händelser {months}, {ratio} gånger",
    events_exposure: "{n} händelser {months}, {ratio} gånger per invånare",
    undated: "{n} händelser, {ratio} gånger",
    one: "mest {first}",
    two: "mest {first} och {second}",
    peak: "tätast {peak} ({share} av {known})",
    patrol: "patrull {time}",
    no_patrol: "ingen patrull",
  },
};
const content = {
  language: "sv",
  weekdays_short: ["mån", "tis", "ons", "tors", "fre", "lör", "sön"],
  months: ["december 2021"],
  cube: { statistics: { exposure: false }, categoryLabels: ["a", "b"] },
  words: {
    phrases: words,
    compass_part: { n: "norra", e: "östra" },
    compass_short: { n: "N", ne: "NO", e: "O", se: "SO", s: "S", sw: "SV", w: "V", nw: "NV" },
  },
};
const swedish = phrasesOf(content);

test("distances as a person would say them", () => {
  const told = { 0: "50 m", 74: "50 m", 76: "100 m", 949: "950 m", 951: "1 km", 1249: "1 km", 1251: "1,5 km" };
  Object.assign(told, { 9_700: "9,5 km", 9_800: "10 km", 12_499: "12 km", 12_501: "13 km" });
  for (const [metres, text] of Object.entries(told)) {
    assert.equal(swedish.distance(Number(metres)).replace("\u00a0", " "), text, metres);
  }
});

test("durations in minutes, hours and minutes, and from five hours whole hours", () => {
  const told = { 0: "0 min", 35: "35 min", 59.6: "1 tim", 125: "2 tim 5 min", 299.4: "4 tim 59 min" };
  Object.assign(told, { 300: "5 tim", 3900: "65 tim", 329: "5 tim", 331: "6 tim" });
  for (const [minutes, text] of Object.entries(told)) {
    assert.equal(swedish.duration(Number(minutes)), text, minutes);
  }
});

test("times have one decimal below ten, and none from there", () => {
  assert.equal(swedish.times(6.24), "6,2");
  assert.equal(swedish.times(9.94), "9,9");
  assert.equal(swedish.times(140.4), "140");
});

test("chance has as many decimals as it deserves", () => {
  const plain = (p) => swedish.chance(p).replaceAll("\u00a0", " ");
  assert.equal(plain(0.0004), "p < 0,001");
  assert.equal(plain(0.001), "p = 0,001");
  assert.equal(plain(0.0123), "p = 0,012");
  assert.equal(plain(0.24), "p = 0,24");
});

test("a peak runs over days and over midnight", () => {
  const block = (firstDay, lastDay, firstHour, lastHour) => ({ firstDay, lastDay, firstHour, lastHour });
  assert.equal(swedish.peak(null), "");
  assert.equal(swedish.peak(block(4, 5, 20, 23)), "fre–lör 20–24");
  assert.equal(swedish.peak(block(6, 6, 22, 1)), "sön 22–02");
  assert.equal(swedish.peak(block(0, 6, 7, 8)), "alla dagar 07–09");
  assert.equal(swedish.peak(block(3, 2, 7, 8)), "alla dagar 07–09");
});

test("a reason holds what is known, and leaves out the rest", () => {
  const block = { firstDay: 4, lastDay: 5, firstHour: 20, lastHour: 23, n: 47, known: 90 };
  const whole = { n: 94, months: 12, ratio: 6.2, block, minutes: 35 };
  const categories = [["Nedskräpning", 50], ["EPA-traktor", 30], ["Buller", 14]];
  assert.equal(
    swedish.reason({ ...whole, categories }),
    "94 händelser på 12 månader, 6,2 gånger; mest nedskräpning och EPA-traktor; " +
      "tätast fre–lör 20–24 (47 av 90); patrull 35 min.",
  );
  const bare = { n: 5, months: 1, ratio: 12.4, block: null, minutes: null };
  assert.equal(
    swedish.reason({ ...bare, categories: [["Buller", 5]] }),
    "5 händelser på 1 månad, 12 gånger; mest buller.",
  );
  assert.equal(swedish.reason({ ...bare, categories: [], minutes: 0 }).split("; ")[1], "ingen patrull.");
  const one = { ...content, cube: { statistics: { exposure: true }, categoryLabels: ["a"] } };
  assert.equal(
    phrasesOf(one).reason({ ...bare, categories: [["Buller", 5]] }),
    "5 händelser på 1 månad, 12 gånger per invånare.",
  );
  const undated = { ...content, months: [] };
  assert.equal(phrasesOf(undated).reason({ ...bare, categories: [] }), "5 händelser, 12 gånger.");
});

test("no blank is left in any sentence, in the page's own words", () => {
  for (const language of ["sv", "en"]) {
    const file = path.join(__dirname, `../../maps/text/${language}.toml`);
    const toml = fs.readFileSync(file, "utf8").split("[phrases.reason]")[1].split("\n[")[0];
    const blanks = new Set([...toml.matchAll(/\{(\w+)\}/g)].map(([, blank]) => blank));
    const given = ["n", "months", "ratio", "first", "second", "peak", "share", "known", "time"];
    const finished = ["now", "then", "month"]; // of what only Python says
    assert.deepEqual([...blanks].filter((one) => ![...given, ...finished].includes(one)), []);
  }
});

test("the compass has eight points, north is up", () => {
  assert.deepEqual(
    [[0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1], [-1, 0], [-1, 1]].map(([x, y]) => compass(x, y)),
    ["n", "ne", "e", "se", "s", "sw", "w", "nw"],
  );
  assert.equal(compass(0.3, 1), "n");
  assert.equal(compass(0.5, 1), "ne");
});

const anchors = {
  bathing_sites: [{ name: "Leken", x: 0, y: 0, radius: 0 }],
  places: [
    { name: "Byn", x: 0, y: 5_000, radius: 1_000 },
    { name: "Staden", x: 1_500, y: 5_000, radius: 1_000 },
  ],
};

test("numbers of four figures are written as the language does", () => {
  const block = { firstDay: 4, lastDay: 5, firstHour: 20, lastHour: 23, n: 1_470, known: 2_900 };
  const told = swedish.reason({ n: 3_261, months: 12, ratio: 6.2, block, minutes: null, categories: [] });
  const plain = told.replaceAll("\u00a0", " ");
  assert.equal(plain, "3 261 händelser på 12 månader, 6,2 gånger; tätast fre–lör 20–24 (1 470 av 2 900).");
});

test("a place is named after what it is at, in, or away from", () => {
  const at = (x, y, slack = 100) => nameOf(anchors, x, y, slack, "c1");
  assert.deepEqual(at(0, 400), { how: "at", base: "Leken" });
  assert.equal(at(0, 401).how, "from");
  assert.deepEqual(at(0, 900, 900), { how: "at", base: "Leken" });
  assert.deepEqual(at(0, 5_390), { how: "at", base: "Byn" });
  assert.deepEqual(at(0, 5_410), { how: "part", base: "Byn", compass: "n" });
  assert.equal(at(-1_099, 5_000).how, "part");
  assert.equal(at(-1_101, 5_000).how, "from");
  assert.equal(at(800, 5_000).base, "Staden", "the nearest of those around it");
  assert.deepEqual(at(0, 3_000), { how: "from", base: "Byn", compass: "s", away: 2_000 });
  const none = { bathing_sites: [], places: [] };
  assert.deepEqual(nameOf(none, 0, 0, 100, "c1"), { how: "cell", base: "c1" });
});

test("places that would share a name are numbered from the second", () => {
  const place = { how: "at", base: "Leken" };
  assert.deepEqual(tellApart([place, "Byn", place, "Leken"], swedish), ["Leken", "Byn", "Leken (2)", "Leken (3)"]);
  // A name of the finished map may carry a number already.
  assert.deepEqual(tellApart(["A", "A", "A (2)"], swedish), ["A", "A (3)", "A (2)"]);
});
