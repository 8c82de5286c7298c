"use strict";
const assert = require("node:assert");
const test = require("node:test");
require("../../maps/static/read.js");
require("../../maps/static/filters.js");
require("../../maps/static/share.js");
const { defaultState, encodeState, decodeState, stateOf, kindsOf } = globalThis.lagesbild;

const content = {
  cube: {
    monthLabels: Array.from({ length: 24 }, (_, i) => `månad ${i}`),
    firstMonth: 2020 * 12,
    monthsPerBin: 1,
    hoursPerBin: 1,
    categoryKeys: ["speeding", "littering", "noise", "egen, sort&slag=1", "störning"],
    categoryLabels: ["a", "b", "c", "d", "e"],
    categoryFamily: ["traffic", "order", "order", "order", "å&=#"],
    families: [{ key: "traffic" }, { key: "order" }, { key: "å&=#" }],
    period: [12, 23],
    packed: { holidays: {} },
  },
  choices: {
    surface: ["bin", "n", "kde", ""],
    layers: ["spots", "names", "points", "patrol"],
    hidden: ["patrol"],
    tab: ["", "table", "compare"],
  },
};
const coarse = (part) => ({ ...content, cube: { ...content.cube, ...part } });
const usual = defaultState(content);
const withFilter = (part) => ({ ...usual, filter: { ...usual.filter, ...part } });

/** Whole numbers below n from a seed, the same in every run (Park and Miller, 1988). */
function chance(seed) {
  let at = seed;
  return (n) => {
    at = (at * 48271) % 2147483647;
    return at % n;
  };
}

test("the usual state is the empty text, and the empty text is the usual state", () => {
  assert.equal(encodeState(usual, content), "");
  assert.deepEqual(stateOf("", content), usual);
  assert.deepEqual(decodeState("#", content), {});
});

test("a state written by hand", () => {
  const state = {
    filter: {
      family: "order",
      off: new Set([2, 1]),
      months: [17, 19],
      days: [false, false, false, false, true, true, false],
      hours: [20, 2],
      holidays: "only",
    },
    surface: "n",
    compare: "year",
    view: { lat: 59.1712, lng: 15.0123, zoom: 13.25 },
    spot: "all-sq500-1:2",
    hidden: ["names", "points"],
    order: "gap",
    tab: "table",
  };
  const text =
    "v=order&off=littering,noise&m=2021-06..2021-08&d=56&t=20-02&h=only&s=n&k=year" +
    "&at=59.1712,15.0123,13.25&spot=all-sq500-1%3A2&hide=names,points&o=gap&tab=table";
  assert.equal(encodeState(state, content), text);
  assert.deepEqual(decodeState(`#${text}`, content), state);
});

test("what a state does not say is as usual, what it says empty is empty", () => {
  assert.deepEqual(stateOf("m=2021-06", content), withFilter({ months: [17, 17] }));
  assert.deepEqual(stateOf("hide=", content), { ...usual, hidden: [] });
  assert.deepEqual(stateOf("d=0", content), withFilter({ days: Array(7).fill(false) }));
  assert.deepEqual(stateOf("s=", content), { ...usual, surface: "" });
});

test("any state comes back from its own text", () => {
  const pick = chance(7);
  const among = (values) => values[pick(values.length)];
  const some = (values) => values.filter(() => pick(2));
  const written = new Set();
  for (let i = 0; i < 2000; i += 1) {
    const perBin = among([1, 3]);
    const step = among([1, 3, 6]);
    const mine = coarse({ monthsPerBin: perBin, hoursPerBin: step });
    const family = among(["all", "traffic", "order", "å&=#"]);
    const first = pick(24);
    const from = step * pick(24 / step);
    let to = step * (1 + pick(24 / step));
    if (to === from) to = from ? 24 : step;
    const state = {
      filter: {
        family,
        off: new Set(some(kindsOf(family, mine))),
        months: [first, first + pick(24 - first)],
        days: Array.from({ length: 7 }, () => pick(2) === 1),
        hours: [from, to],
        holidays: among(["any", "only", "not"]),
      },
      surface: among(content.choices.surface),
      compare: among(["", "month", "year"]),
      view: pick(3)
        ? { lat: (pick(1700000) - 850000) / 1e4, lng: (pick(3600000) - 1800000) / 1e4, zoom: pick(2400) / 100 }
        : null,
      spot: among([null, "live-all-12", "a b&c=d,e#%å", "../<script>"]),
      hidden: some(content.choices.layers),
      order: among(["rank", "gap"]),
      tab: among(content.choices.tab),
    };
    const text = encodeState(state, mine);
    assert.deepEqual(stateOf(text, mine), state, text);
    assert.match(text, /^[\w=&,.%!~*'()-]*$/, "nothing that an address would write otherwise");
    written.add(text);
  }
  assert.ok(written.size > 1900);
});

test("parts that the page knows nothing of are left out, the others stay", () => {
  for (const bad of [
    "v=nothing", "v=__proto__", "v=", "v=%", "off=nothing", "off=%E5", "off=",
    "m=2019-12", "m=2021-13", "m=2021-00", "m=2022-01", "m=2021-08..2021-06", "m=2021-06..2022-01",
    "m=2021-6", "m=x", "d=8", "d=65", "d=11", "d=", "t=24-02", "t=20-00", "t=05-05", "t=2-4",
    "t=-1-4", "t=20-25", "h=any", "h=x", "s=nothing", "s=risk", "k=week", "at=59,15",
    "at=59,15,13,1", "at=91,15,10", "at=59,181,10", "at=59,15,25", "at=59,15,-1", "at=NaN,15,10",
    "at=1e3,15,10", "at=,,", "spot=", `spot=${"x".repeat(121)}`, "spot=%00", "spot=\ud800",
    "hide=nothing", "o=alphabet", "tab=nothing", "filter=x", "surface=n", "__proto__=x",
    "constructor=x", "=x", "n", "ranking",
  ]) {
    assert.deepEqual(decodeState(bad, content), {}, bad);
    assert.deepEqual(decodeState(`k=year&${bad}&o=gap`, content).order, "gap", bad);
  }
  assert.deepEqual(decodeState("hide=nothing,names", content), { hidden: ["names"] });
  assert.equal({}.x, undefined, "nothing was polluted");
});

test("what the packed data no longer tells apart is left out", () => {
  assert.deepEqual(decodeState("t=20-02", coarse({ hoursPerBin: 3 })), {});
  assert.deepEqual(decodeState("t=21-03&d=1", coarse({ hoursPerBin: 24 })).filter, {
    days: [true, false, false, false, false, false, false],
  });
  assert.deepEqual(decodeState("t=21-03&d=1", coarse({ hoursPerBin: 168 })), {});
  assert.deepEqual(decodeState("h=only", coarse({ packed: { holidays: null } })), {});
  assert.deepEqual(decodeState("m=2021-06", coarse({ firstMonth: null })), {});
  const quarters = coarse({ monthsPerBin: 3, monthLabels: Array(8).fill("") });
  assert.deepEqual(decodeState("m=2021-05..2021-08", quarters).filter.months, [5, 6]);
});

test("no text makes it throw, and what was understood comes back", () => {
  const pick = chance(11);
  const bits = ["v", "off", "m", "d", "t", "h", "s", "k", "at", "spot", "hide", "o", "=", "&", ",",
    "..", "%", "%E2%82", "%00", "#", "-", "2021-06", "59.1", "order", "<script>", "\u2028", "\ud800",
    "'", '"', "`", "__proto__", "9".repeat(400), "å"];
  for (let i = 0; i < 20000; i += 1) {
    const text = Array.from({ length: pick(12) }, () => bits[pick(bits.length)]).join("");
    const state = stateOf(text, content);
    assert.deepEqual(stateOf(encodeState(state, content), content), state, text);
  }
  for (const odd of [null, undefined, 0, {}]) assert.deepEqual(stateOf(odd, content), usual);
});

test("a page without a cube keeps the family and what is not of the filter", () => {
  const still = { cube: null, views: [{ family: "all" }, { family: "order" }] };
  const state = { ...defaultState(still), filter: { family: "order" }, order: "gap" };
  assert.equal(encodeState(state, still), "v=order&o=gap");
  assert.deepEqual(stateOf("v=order&o=gap&m=2021-06&t=20-02", still), state);
});
