"use strict";
const assert = require("node:assert");
const test = require("node:test");
const names = ["read", "charts", "ranking", "panel", "table", "statistics"];
for (const name of names) require(`../../maps/static/${name}.js`);
const lb = globalThis.lagesbild;

/** A week with given events: [day, hour, n] … */
function weekWith(...events) {
  const hours = new Float64Array(168);
  for (const [day, hour, n] of events) hours[24 * day + hour] += n;
  return hours;
}

test("a week is summed by day and by hour, and both come to the same", () => {
  const week = lb.weekOf(weekWith([0, 0, 2], [4, 22, 5], [5, 22, 7], [6, 23, 1]));
  assert.deepEqual(week.byDay, [2, 0, 0, 0, 5, 7, 1]);
  assert.deepEqual([week.byHour[0], week.byHour[22], week.byHour[23]], [2, 12, 1]);
  assert.deepEqual([week.total, week.most], [15, 7]);
  assert.equal(
    week.byHour.reduce((a, n) => a + n, 0),
    15,
  );
});

test("coarser hours hold what their hours held, whichever of them it lay in", () => {
  const hours = weekWith([1, 5, 3], [1, 6, 4], [2, 17, 2]);
  assert.deepEqual(lb.weekOf(hours, 6).days[1], [3, 4, 0, 0]);
  assert.deepEqual(lb.weekOf(hours, 6).byHour, [3, 4, 2, 0]);
  assert.deepEqual(lb.weekOf(hours, 24).days, [[0], [7], [2], [0], [0], [0], [0]]);
  assert.equal(lb.weekOf(hours, 3).days[1].length, 8);
  // Spread evenly over the hours of its bin, as a coarsened page does, a count comes back whole.
  const spread = new Float64Array(168).fill(0);
  for (const hour of [18, 19, 20, 21, 22, 23]) spread[24 * 4 + hour] = 9 / 6;
  assert.equal(lb.weekOf(spread, 6).days[4][3], 9);
});

test("a block over midnight or over the week's end is framed in pieces", () => {
  assert.deepEqual(lb.runs(4, 5, 7), [[4, 6]]);
  assert.deepEqual(lb.runs(6, 0, 7), [
    [6, 7],
    [0, 1],
  ]);
  assert.deepEqual(lb.runs(22, 3, 24), [
    [22, 24],
    [0, 4],
  ]);
  assert.deepEqual(lb.runs(5, 5, 24), [[5, 6]]);
});

/** Numbers from 0 up to but not including 1, the same each time. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Random weeks in which some evening or night is busy: three weekdays and 2 to 8 hours. */
function busyWeeks(many) {
  const next = random(7);
  return Array.from({ length: many }, () => {
    const hours = Float64Array.from({ length: 168 }, () => Math.floor(3 * next()));
    const [first, long] = [Math.floor(168 * next()), 2 + Math.floor(7 * next())];
    const days = [1, 2, 3, 5, 7][Math.floor(5 * next())];
    for (let day = 0; day < days; day += 1) {
      for (let i = 0; i < long; i += 1) hours[(first + 24 * day + i) % 168] += 4 + 6 * next();
    }
    return hours;
  });
}

/** What draws in Node: elements that remember their attributes and children. */
function drawingIn(act) {
  globalThis.document = {
    createElementNS: (_, name) => ({
      name,
      attributes: {},
      children: [],
      setAttribute(key, value) {
        this.attributes[key] = value;
      },
      append(...some) {
        this.children.push(...some);
      },
    }),
  };
  try {
    return act();
  } finally {
    delete globalThis.document;
  }
}

const DAYS = ["må", "ti", "on", "to", "fr", "lö", "sö"];

/** Frames [x, y, width, height] of a drawn week, and its squares by hour of the week. */
function drawnWeek(hours, block) {
  const told = new Intl.NumberFormat("sv");
  const chart = drawingIn(() => lb.hourMatrix(hours, DAYS, { label: "", told, block, all: "" }));
  const rects = chart.children.filter(({ name }) => name === "rect").map((one) => one.attributes);
  return {
    frames: rects.filter((one) => one.class === "block"),
    squares: rects.filter((one) => /^step-/.test(one.class)),
  };
}

test("the framed squares of any week hold just the events of its busiest block", () => {
  let [wrapped, whole, split] = [0, 0, 0];
  for (const hours of busyWeeks(400)) {
    const block = lb.busiestBlock(hours);
    if (!block) continue;
    const { frames, squares } = drawnWeek(hours, block);
    assert.equal(squares.length, 168);
    const inside = squares.map(({ x, y, width, height }) =>
      frames.filter(
        (one) =>
          x >= one.x &&
          y >= one.y &&
          x + width <= one.x + one.width &&
          y + height <= one.y + one.height,
      ).length,
    );
    assert.ok(Math.max(...inside) === 1, "no square is in two frames");
    const n = hours.reduce((sum, value, hour) => sum + value * inside[hour], 0);
    assert.ok(Math.abs(n - block.n) < 1e-6, `${JSON.stringify(block)}: ${n}`);
    const over = block.firstHour > block.lastHour;
    wrapped += over;
    whole += over && (block.lastDay - block.firstDay + 7) % 7 === 6;
    split += over && block.lastDay === 6 && block.firstDay !== 0;
  }
  // Nights, nights of all days, and nights of Sunday: each was among the weeks.
  assert.ok(wrapped > 50 && whole > 5 && split > 5, `${[wrapped, whole, split]}`);
});

test("Friday and Saturday nights are framed until Saturday and Sunday morning", () => {
  const block = (firstDay, lastDay) => ({ firstDay, lastDay, firstHour: 22, lastHour: 1 });
  assert.deepEqual(lb.framesOf(block(4, 5)), [
    [[4, 6], [22, 24]],
    [[5, 7], [0, 2]],
  ]);
  assert.deepEqual(lb.framesOf(block(5, 6)), [
    [[5, 7], [22, 24]],
    [[6, 7], [0, 2]],
    [[0, 1], [0, 2]],
  ]);
  assert.deepEqual(lb.framesOf(block(3, 2)), [
    [[0, 7], [22, 24]],
    [[0, 7], [0, 2]],
  ]);
});

const words = {
  panel: {
    unknown_months: { one: "saknas {months}", other: "saknas {months}" },
    unknown_before: { one: "i fjol {months}", other: "i fjol {months}" },
    no_before: "inget i fjol",
    through: "{first} till {last}",
    metres: "N {north}, E {east}",
  },
};
const labels = ["jan", "feb", "mar", "apr", "maj"];

test("months of which nothing is known are told, in runs, and zero is not unknown", () => {
  assert.deepEqual(lb.unknownRuns([null, null, 0, 3, null]), [
    [0, 1],
    [4, 4],
  ]);
  const told = (now, before) => lb.unknownTold({ labels, now, before }, words);
  assert.deepEqual(told([1, 0, 2, 3, 4], [0, 0, 1, 2, 3]), []);
  assert.deepEqual(told([null, null, 2, 3, null], [1, 1, 1, 1, 1]), ["saknas jan till feb, maj"]);
  assert.deepEqual(told([1, 0, 2, 3, 4], [null, null, 1, 2, 3]), ["i fjol jan till feb"]);
  for (const nothing of [null, [null, null, null, null, null]]) {
    assert.deepEqual(told([1, 0, 2, 3, 4], nothing), ["inget i fjol"]);
  }
  assert.deepEqual(
    told([null, 0, 2, 3, 4], [null, 1, 1, 1, 1]),
    ["saknas jan"],
    "what is not known itself is not said twice",
  );
});

test("without the cube the months are those of the period, and the year before is not known", () => {
  const content = { months: ["nov", "dec"], month: 1 };
  const series = lb.seriesOf({ monthly: Float64Array.of(3, 0) }, content);
  assert.deepEqual(series, { labels: ["nov", "dec"], now: [3, 0], before: null, meeting: 1 });
  assert.equal(lb.seriesOf({ monthly: Float64Array.of() }, { months: [], month: 0 }), null);
  const own = { labels: ["dec"], now: [7], before: [2], meeting: 0 };
  assert.equal(lb.seriesOf({ monthly: Float64Array.of(3, 0), series: own }, content), own);
});

test("coordinates are written north and latitude first, in full figures", () => {
  // pyproj: (495630, 6567250) of EPSG:3006 is 14.923394 E, 59.244228 N
  const spot = { at: [495630, 6567250], lngLat: [14.923394, 59.244228] };
  assert.deepEqual(lb.coordinates(spot, words), {
    metres: "N 6567250, E 495630",
    degrees: "59.24423, 14.92339",
  });
});

test("a number is found in a text of either language", () => {
  const found = [
    ["1\u00a0234,5 hektar", "sv"],
    ["0,9 hektar", "sv"],
    ["1,234.5 hectares", "en"],
    ["p < 0.001", "en"],
    ["", "sv"],
  ].map(([text, language]) => lb.numberIn(text, language));
  assert.deepEqual(found, [1234.5, 0.9, 1234.5, 0.001, null]);
});

const tools = {
  content: { language: "sv" },
  words: {
    table: {
      kind: "{label} ({n})",
      trend_up: "fler",
      trend_down: "färre",
      trend_same: "ingen säker skillnad",
      trend_few: "för få",
    },
  },
  counted: new Intl.NumberFormat("sv"),
};
const columns = lb.columnsOf(tools);
const column = (key) => columns.find((one) => one.key === key);
const spot = (rank, more) => ({ rank, n: "", times: "", p: "", peak: "", area: "", ...more });
const ranks = (spots, key, way) =>
  lb.sortedBy(spots, column(key), way, "sv").map((one) => one.rank);

test("numbers sort as numbers, what has none comes last both ways, ties by rank", () => {
  const spots = [
    spot(1, { count: 9, gap: null, minutes: 0, p: "p\u00a0=\u00a00,012", area: "90 hektar" }),
    spot(2, {
      count: 1200,
      gap: 2,
      minutes: null,
      p: "p\u00a0=\u00a00,001",
      area: "1\u00a0200 hektar",
    }),
    spot(3, { count: 9, gap: 1, minutes: 35, p: "p\u00a0<\u00a00,001", area: "" }),
  ];
  assert.deepEqual(ranks(spots, "events", -1), [2, 1, 3]);
  assert.deepEqual(ranks(spots, "events", 1), [1, 3, 2]);
  assert.deepEqual(ranks(spots, "gap", 1), [3, 2, 1]);
  assert.deepEqual(ranks(spots, "gap", -1), [2, 3, 1]);
  assert.deepEqual(
    ranks(spots, "patrol", 1),
    [1, 3, 2],
    "no patrol is known, nothing known is not",
  );
  assert.deepEqual(ranks(spots, "p", 1), [3, 2, 1], "less than 0.001 comes before 0.001");
  assert.deepEqual(ranks(spots, "area", -1), [2, 1, 3]);
});

test("names sort as Swedish does: Å, Ä, Ö after Z, and 2 before 10", () => {
  const named = ["Ölmbrotorp", "Zinkgruvan", "Åsbro", "Ruta 10", "Ruta 2", "Älvdalen"];
  const spots = named.map((name, i) => spot(i, { name }));
  assert.deepEqual(
    lb.sortedBy(spots, column("name"), 1, "sv").map(({ name }) => name),
    ["Ruta 2", "Ruta 10", "Zinkgruvan", "Åsbro", "Älvdalen", "Ölmbrotorp"],
  );
});

test("a hotspot's own facts sort by what they mean, not by their letters", () => {
  const week = (firstDay, firstHour) => ({ firstDay, firstHour, lastDay: 6, lastHour: 23 });
  const kinds = (kind, word) => ({ stability: { kind, word } });
  const spots = [
    spot(1, { ...kinds("stable", "Stabil"), block: week(4, 20), trend_kind: "down" }),
    spot(2, { ...kinds("fragile", "Osäker"), block: week(0, 8), trend_kind: "up" }),
    spot(3, { ...kinds("fairly", "Ganska stabil"), block: week(4, 6), trend_kind: "same" }),
  ];
  assert.deepEqual(ranks(spots, "stability", -1), [1, 3, 2]);
  assert.deepEqual(ranks(spots, "peak", 1), [2, 3, 1]);
  assert.deepEqual(ranks(spots, "trend", -1), [2, 3, 1]);
});

test("the year before is told in a word, and what cannot be compared in none", () => {
  const said = (kind) => column("trend").text({ trend: "fler än i fjol", trend_kind: kind });
  assert.deepEqual(["up", "down", "same", "few", "unknown", undefined].map(said), [
    "fler",
    "färre",
    "ingen säker skillnad",
    "för få",
    "",
    "",
  ]);
  const spots = ["unknown", "down", "up"].map((kind, i) => spot(i + 1, { trend_kind: kind }));
  assert.deepEqual(ranks(spots, "trend", -1), [3, 2, 1]);
  assert.deepEqual(ranks(spots, "trend", 1), [2, 3, 1]);
});

test("a weighted count that is the count itself is told and sorted as the count", () => {
  const spots = [
    spot(1, { n: "40", count: 40, weighted: "" }),
    spot(2, { n: "9", count: 9, weighted: "1\u00a0300,5" }),
    spot(3, { n: "1\u00a0200", count: 1200, weighted: "" }),
  ];
  const { text, own } = column("weighted");
  assert.deepEqual(spots.map(text), ["40", "1\u00a0300,5", "1\u00a0200"]);
  assert.deepEqual(ranks(spots, "weighted", -1), [2, 3, 1]);
  assert.deepEqual(spots.map(own), ["", "1\u00a0300,5", ""], "the column is there for one only");
});

test("what a live hotspot lacks is absent, never undefined", () => {
  const live = { rank: 1, name: "a", n: "3", count: 3, stability: null, gap: null, patrol: null };
  for (const { key, text } of columns.filter((one) => one.key !== "position")) {
    const said = text(live) ?? "";
    assert.ok(!/undefined|null|NaN/.test(said), `${key}: ${said}`);
  }
});

test("hours and months that have more than expected get a dot in their own place", () => {
  const told = new Intl.NumberFormat("sv");
  const dots = (chart) =>
    chart.children.filter(({ attributes }) => attributes.class === "hot").map((one) => one.attributes);
  const week = drawingIn(() =>
    lb.hourMatrix(weekWith([4, 22, 3]), DAYS, { label: "", told, all: "", hot: [4 * 24 + 22, 0] }),
  );
  const squares = week.children.filter(({ attributes }) => /^step-/.test(attributes.class));
  const under = ({ cx, cy }) =>
    squares.findIndex(({ attributes: { x, y, width, height } }) =>
      cx > x && cx < x + width && cy > y && cy < y + height);
  assert.deepEqual(dots(week).map(under), [118, 0]);
  const now = Array.from({ length: 12 }, (_, i) => (i === 7 ? 0 : 10));
  const months = { labels: now.map(() => "januari"), now, before: null, meeting: -1, hot: [5, 7] };
  const year = drawingIn(() => lb.monthBars(months, { label: "", told, unknown: "" }));
  const wide = 400 / 12;
  assert.deepEqual(dots(year).map(({ cx }) => Math.floor(cx / wide)), [5, 7]);
  // A dot without a bar still stands within the chart.
  assert.ok(dots(year).every(({ cy }) => cy > 16 && cy < 100));
});
