"use strict";
const assert = require("node:assert");
const test = require("node:test");
require("../../maps/static/read.js");
require("../../maps/static/search.js");
const { folded, marked, matches } = globalThis.lagesbild;

const entry = (text, kind = "place") => ({ text, kind });
const texts = (query, entries) =>
  matches(query, entries).groups.flatMap((group) => group.entries.map(({ text }) => text));

test("å, ä and ö are found as typed and as a and o, in either case", () => {
  const entries = [entry("Åsbro"), entry("Örebro"), entry("Älvtomta")];
  for (const query of ["Örebro", "örebro", "orebro", "ÖREBRO", "o\u0308rebro"]) {
    assert.deepEqual(texts(query, entries), ["Örebro"], query);
  }
  assert.deepEqual(texts("as", entries), ["Åsbro"]);
  assert.deepEqual(texts("älv", entries), ["Älvtomta"]);
  assert.deepEqual(texts("alv", entries), ["Älvtomta"]);
  assert.deepEqual(texts("linkoping", [entry("Linko\u0308ping")]), ["Linko\u0308ping"]);
});

test("what has the accents that were typed comes before what has not", () => {
  assert.deepEqual(texts("mål", [entry("Malen"), entry("Målen")]), ["Målen", "Malen"]);
});

test("folding keeps every letter's place", () => {
  for (const text of ["Ångström", "ŒUVRE", "Straße", "İstanbul", "Ørsta", "𝒳 ö"]) {
    assert.equal(folded(text).length, text.normalize("NFC").length, text);
  }
  assert.equal(folded("Ørsta Æbelø"), "orsta aebelo".replace("ae", "a"));
});

test("beginnings come before word beginnings before the middle of words", () => {
  const entries = ["Västra Lanna", "Falanna", "Lanna badgruva", "E18-Lanna"].map((one) =>
    entry(one),
  );
  assert.deepEqual(texts("lanna", entries), [
    "Lanna badgruva",
    "Västra Lanna",
    "E18-Lanna",
    "Falanna",
  ]);
});

test("all words must be there, in any order", () => {
  const entries = ["Lanna badgruva", "Lanna kyrka", "Gruvans bad"].map((one) => entry(one));
  assert.deepEqual(texts("bad lan", entries), ["Lanna badgruva"]);
  assert.deepEqual(texts("lanna  ky", entries), ["Lanna kyrka"]);
});

test("groups stand in the order spot, site, place, traffic", () => {
  const kinds = ["traffic", "place", "site", "spot"];
  const found = matches(
    "lanna",
    kinds.map((kind) => entry("Lanna", kind)),
  );
  assert.deepEqual(
    found.groups.map(({ kind }) => kind),
    ["spot", "site", "place", "traffic"],
  );
});

test("at most twelve are shown, the best of all kinds, and all are counted", () => {
  const spots = Array.from({ length: 30 }, (_, i) => entry(`Stora Lanna ${i}`, "spot"));
  const found = matches("lanna", [...spots, entry("Lanna", "traffic")]);
  const shown = found.groups.flatMap((group) => group.entries);
  assert.equal(found.total, 31);
  assert.equal(shown.length, 12);
  assert.equal(shown.at(-1).text, "Lanna");
  assert.equal(shown[0].text, "Stora Lanna 0");
  const crowd = Array.from({ length: 30 }, (_, i) => entry(`Lanna ${i}`, "traffic"));
  const first = matches("lanna", [...crowd, entry("Lanna x", "spot")]).groups[0];
  assert.deepEqual(first.entries, [entry("Lanna x", "spot")], "a hotspot is not crowded out");
});

test("nothing typed finds nothing, and signs are only signs", () => {
  const entries = [entry("Lanna (2)"), entry("Lanna")];
  assert.deepEqual(matches("  ", entries), { total: 0, groups: [] });
  assert.deepEqual(texts("(2)", entries), ["Lanna (2)"]);
  assert.deepEqual(texts(".*", entries), []);
  assert.deepEqual(texts("finns inte", entries), []);
});

test("the pieces of a marked text are the text, and what is marked is what was sought", () => {
  const hits = (text, query) => {
    const pieces = marked(text, query);
    assert.equal(pieces.map((piece) => piece.text).join(""), text.normalize("NFC"));
    return pieces.filter(({ hit }) => hit).map((piece) => piece.text);
  };
  assert.deepEqual(hits("Södra Örebro", "orebro"), ["Örebro"]);
  assert.deepEqual(hits("Lanna badgruva", "bad lan"), ["Lan", "bad"]);
  assert.deepEqual(hits("Lanna badgruva", "na bad"), ["na bad"]);
  assert.deepEqual(hits("Lo\u0308vsjo\u0308 bad", "bad"), ["bad"]);
  assert.deepEqual(hits("", "x"), []);
});
