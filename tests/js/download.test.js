"use strict";
const assert = require("node:assert");
const test = require("node:test");
require("../../maps/static/read.js");
require("../../maps/static/projection.js");
require("../../maps/static/download.js");
require("../../maps/static/picture.js");
const { fileName, flowed, polygonsOf, rankingCsv, spotsGeoJson, spotsGpx, wrapped } =
  globalThis.lagesbild;

const words = { download: new Proxy({ yes: "ja" }, { get: (own, key) => own[key] ?? key }) };
const content = {
  language: "sv",
  words,
  title: "Lägesbild Lekeberg",
  meeting: "2021-12",
  crsName: "SWEREF 99 TM",
};
const spot = (changed) => ({
  id: "all-1", rank: 1, name: "Fjugesta", reason: "", count: 3, ratio: 2.5, weighted: "", p: "",
  peak: "", change: "", trend: "", recent: "", stability: null, categories: [], near: "",
  minutes: null, gap: null, area: "", new: false, at: [1, 2], lngLat: [15, 59], ...changed,
});
const rows = (text) => text.slice(1).split("\r\n");
const field = (changed, index, language = "sv") => {
  const line = rows(rankingCsv({ spots: [spot(changed)] }, { ...content, language }))[1];
  return line.split(language === "sv" ? ";" : ",")[index];
};

const square = (x, y, side) => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]];

test("the table starts with a byte-order mark and every row ends with CRLF", () => {
  const text = rankingCsv({ spots: [spot(), spot()] }, content);
  assert.equal(text[0], "\ufeff");
  assert.equal(text.split("\r\n").length, 4);
  assert.ok(text.endsWith("\r\n"));
});

test("no hotspots: the heads alone", () => {
  assert.deepEqual(rows(rankingCsv({ spots: [] }, content)).length, 2);
});

test("decimal comma in Swedish, point in English; nothing for what is no number", () => {
  assert.equal(field({ ratio: 2.5 }, 5), "2,5");
  assert.equal(field({ ratio: 2.5 }, 5, "en"), "2.5");
  assert.equal(field({ ratio: Infinity }, 5), "");
  assert.equal(field({ minutes: null }, 14), "");
  assert.equal(field({ minutes: 0 }, 14), "0");
  assert.equal(field({ count: 0.1 + 0.2 }, 3), "0,3");
});

test("text that would run as a formula gets an apostrophe, other text and numbers do not", () => {
  for (const start of ["=", "+", "-", "@", "\t", "＝", "＋", "－", "＠", "  ="]) {
    assert.equal(field({ name: `${start}1` }, 1), `'${start}1`, start);
  }
  assert.equal(field({ name: "a=1" }, 1), "a=1");
  assert.equal(field({ count: -1.5 }, 3), "-1,5");
});

test("separator, quotation mark and line break are quoted, as RFC 4180 says", () => {
  assert.match(rankingCsv({ spots: [spot({ name: 'a;"b"' })] }, content), /;"a;""b""";/);
  assert.match(rankingCsv({ spots: [spot({ name: "a\nb" })] }, content), /;"a\nb";/);
  const english = { ...content, language: "en" };
  assert.match(rankingCsv({ spots: [spot({ name: "a;b" })] }, english), /,a;b,/);
});

test("kinds with their numbers; a no-break space becomes a space that a search finds", () => {
  assert.equal(field({ categories: [["Klotter", 1234], ["Buller", 2]] }, 12), "Klotter 1 234, Buller 2");
  assert.equal(field({ peak: "fre\u00a020" }, 7), "fre 20");
});

test("one ring: counter-clockwise whichever way it came", () => {
  const ring = square(0, 0, 2);
  assert.deepEqual(polygonsOf([ring]), [[ring]]);
  assert.deepEqual(polygonsOf([[...ring].reverse()])[0][0].length, 4);
  assert.deepEqual(polygonsOf([[...ring].reverse()]), [[ring]]);
});

test("a ring within a ring is a hole, clockwise; one within the hole is land again", () => {
  const polygons = polygonsOf([square(4, 4, 1), square(0, 0, 10), square(2, 2, 6)]);
  assert.deepEqual(polygons, [
    [square(0, 0, 10), square(2, 2, 6).reverse()],
    [square(4, 4, 1)],
  ]);
});

test("a hole that touches its ring in a corner and side by side parts that touch in a corner", () => {
  // A 3 by 3 block of cells without its middle and without a corner cell: both touch in a point.
  const outer = [[0, 0], [3, 0], [3, 2], [2, 2], [2, 3], [0, 3]];
  const hole = square(1, 1, 1);
  assert.deepEqual(polygonsOf([outer, hole]), [[outer, [...hole].reverse()]]);
  assert.deepEqual(polygonsOf([square(0, 0, 1), square(1, 1, 1)]), [
    [square(0, 0, 1)],
    [square(1, 1, 1)],
  ]);
});

test("rings without area are left out", () => {
  assert.deepEqual(polygonsOf([[[0, 0], [1, 1]], [[0, 0], [1, 1], [2, 2]]]), []);
});

test("GeoJSON: no hotspots is an empty collection; what is no number is null", () => {
  assert.deepEqual(JSON.parse(spotsGeoJson({ spots: [], shapes: [] }, content)).features, []);
  const shapes = [{ xy: Float64Array.from([0, 0, 9, 0, 9, 9, 0, 9]), rings: [[0, 4]] }];
  const [one] = JSON.parse(spotsGeoJson({ spots: [spot({ ratio: Infinity })], shapes }, content)).features;
  assert.equal(one.properties.times_expected, null);
  assert.equal(one.geometry.coordinates[0].length, 5);
  assert.deepEqual(one.geometry.coordinates[0][0], one.geometry.coordinates[0][4]);
});

test("half a character is replaced in every file", () => {
  const view = { spots: [spot({ name: "a\ud800b" })], shapes: [{ xy: [], rings: [] }] };
  for (const make of [rankingCsv, spotsGeoJson, spotsGpx]) {
    assert.match(make(view, content), /a\ufffdb/);
  }
});

test("a file's name: ASCII, the selection last and cut short", () => {
  assert.equal(fileName(content, "hotspots", "csv"), "lagesbild-lekeberg-2021-12-hotspots.csv");
  assert.equal(
    fileName(content, "karta", "png", "Nedskräpning, fre–lör 20–02"),
    "lagesbild-lekeberg-2021-12-karta-nedskrapning-fre-lor-20-02.png",
  );
  const long = fileName({ title: "å".repeat(400), meeting: "2021-12" }, "x", "csv", "b ".repeat(400));
  assert.ok(long.length < 160);
  assert.match(long, /[a-z0-9]\.csv$/);
});

test("a file's name: nothing that a system refuses", () => {
  for (const title of ["../../etc/passwd", "CON", "a\0b", "<>:\"/\\|?*", "", "日本", ".", "NUL.txt"]) {
    const name = fileName({ title, meeting: "" }, "karta", "gpx");
    assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*\.gpx$/, title);
  }
  assert.equal(fileName({ title: "CON", meeting: "" }, "", "csv"), "lagesbild-con.csv");
});

const perLetter = (text) => text.length;

test("lines break at spaces, and within a word that is too long alone", () => {
  assert.deepEqual(wrapped("aa bb cc", 5, perLetter), ["aa bb", "cc"]);
  assert.deepEqual(wrapped("aaaaaaa b", 3, perLetter), ["aaa", "aaa", "a b"]);
  assert.deepEqual(wrapped("1\u00a0234 b", 5, perLetter), ["1\u00a0234", "b"]);
  assert.deepEqual(wrapped("", 5, perLetter), []);
});

test("a legend flows into as many columns as fit, none wider than the sheet", () => {
  const items = ["aaaa", "bb", "c"].map((label) => ({ label }));
  const form = { gap: 2, indent: 1, lineHeight: 10 };
  const places = (width) => flowed(items, width, perLetter, form).places.map(({ x, y }) => [x, y]);
  assert.deepEqual(places(19), [[0, 0], [7, 0], [14, 0]]);
  assert.deepEqual(places(12), [[0, 0], [7, 0], [0, 15]]);
  assert.deepEqual(places(4), [[0, 0], [0, 25], [0, 40]]);
  assert.deepEqual(flowed([], 9, perLetter, form), { places: [], height: 0 });
});
