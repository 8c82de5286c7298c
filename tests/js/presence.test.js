"use strict";
const assert = require("node:assert");
const test = require("node:test");
for (const name of ["read", "phrases", "charts", "cube", "live", "presence"]) {
  require(`../../maps/static/${name}.js`);
}
const lb = globalThis.lagesbild;

const EVERY = Uint8Array.from({ length: 169 }, (_, hour) => hour);
const all = (changes = {}) => ({ months: [0, 1], week: new Uint8Array(169).fill(1), ...changes });
const week = (...hours) => {
  const made = new Uint8Array(169);
  for (const hour of hours) made[hour] = 1;
  return made;
};

/** Small whole numbers as zigzag LEB128, one after the other; where each stream lies. */
function streams(...lists) {
  const bytes = [];
  const places = lists.map((values) => {
    const start = bytes.length;
    for (const value of values) {
      let left = 2 * value;
      while (left > 127) {
        bytes.push((left & 127) | 128);
        left >>= 7;
      }
      bytes.push(left);
    }
    return [start, values.length, 0];
  });
  return [Uint8Array.from(bytes), places];
}

/** Patrols of rows [cell, month, hour, minutes], sorted by cell. */
function patrols(rows, cells, changes = {}) {
  const own = [...new Set(rows.map(([cell]) => cell))];
  const [bytes, [cell, count, month, hour, tenths]] = streams(
    own,
    own.map((c) => rows.filter((row) => row[0] === c).length),
    rows.map((row) => row[1]),
    rows.map((row) => row[2]),
    rows.map((row) => Math.round(10 * row[3])),
  );
  const packed = {
    cell,
    rows: count,
    month,
    hour,
    tenths,
    days: [31, 28],
    reach_m: 100,
    promise_minutes_per_week: null,
    outside: "",
    ...changes,
  };
  return lb.unpackPresence(bytes, packed, cells, changes.hourBin);
}

/** A lattice of columns by rows, row by row. */
function lattice(kind, columns, rows, size = 100) {
  const at = (of) => Array.from({ length: columns * rows }, (_, i) => of(i));
  return { kind, size, column: at((i) => i % columns), row: at((i) => Math.floor(i / columns)) };
}

const THREE = [
  [0, 0, 5, 10],
  [0, 1, 5, 20],
  [0, 1, 168, 0.5],
  [2, 0, 167, 300.3],
];

test("minutes by hand: cells, hours, months; unknown hours only where the mask has them", () => {
  const presence = patrols(THREE, 4);
  const whole = lb.minutes(presence, all());
  assert.deepEqual([...whole.perCell], [30.5, 0, 300.3, 0]);
  assert.equal(whole.total, 330.8);
  assert.deepEqual([whole.perHour[5], whole.perHour[167], whole.perHour[168]], [30, 300.3, 0.5]);
  const second = lb.minutes(presence, all({ months: [1, 1] }));
  assert.deepEqual([...second.perCell], [20.5, 0, 0, 0]);
  assert.equal(second.perHour[167], 0);
  const evening = lb.minutes(presence, all({ week: week(5) }));
  assert.deepEqual([...evening.perCell], [30, 0, 0, 0]);
  assert.equal(evening.total, 30);
  assert.equal(evening.perHour[167], 300.3, "hours are counted whatever the week of the mask");
});

test("a coarse cube's mask of three-hour bins lets through the minutes of their hours", () => {
  const hourBin = Uint8Array.from({ length: 169 }, (_, hour) => Math.floor(hour / 3));
  const bins = new Uint8Array(57);
  bins[1] = 1; // 03–06 on Monday
  assert.equal(lb.minutes(patrols(THREE, 4, { hourBin }), all({ week: bins })).total, 30);
});

test("within 100 m of a square of 100 m: three by three cells and two steps straight out", () => {
  // The centre of the cell two steps away is 150 m from the square's edge, the next one's 50 m.
  const cells = lattice("square", 7, 7);
  const minutesIn = (i) => 2 ** (i % 7) / 10 + 100 * Math.floor(i / 7);
  const rows = Array.from({ length: 49 }, (_, i) => [i, 0, 0, minutesIn(i)]);
  const near = (reach) => {
    const presence = patrols(rows, 49, { reach_m: reach });
    const { total } = lb.minutesNear(presence, all(), cells, [24]);
    return Math.round(10 * total);
  };
  const tenths = (cell) => Math.round(10 * rows[cell][3]);
  const sum = (list) => list.reduce((a, cell) => a + tenths(cell), 0);
  const nine = [16, 17, 18, 23, 24, 25, 30, 31, 32];
  assert.equal(near(100), sum(nine));
  assert.equal(near(49), tenths(24));
  assert.equal(near(50), sum([17, 23, 24, 25, 31]), "exactly at the reach is within it");
  assert.equal(near(150), sum([...nine, 10, 22, 26, 38]));
});

test("two cells of a place that reach the same minutes count them once", () => {
  const cells = lattice("square", 3, 1);
  const presence = patrols([[1, 0, 3, 60]], 3);
  assert.equal(lb.minutesNear(presence, all(), cells, [0, 1, 2]).total, 60);
  assert.equal(lb.minutesNear(presence, all(), cells, [0, 1, 2]).perHour[3], 60);
});

test("within 50 m of a hexagon 100 m across: itself and its six neighbours", () => {
  const cells = lattice("hex", 5, 5);
  const rows = Array.from({ length: 25 }, (_, i) => [i, 0, 0, 1 + i]);
  const presence = patrols(rows, 25, { reach_m: 50 });
  const { total } = lb.minutesNear(presence, all(), cells, [12]);
  const around = [12, 11, 13, 7, 17, 8, 16]; // (2,2) and (±1,0), (0,±1), (+1,−1), (−1,+1)
  assert.equal(total, around.reduce((a, cell) => a + 1 + cell, 0));
});

test("drawn cells: by the distance from the outline, stretched as Mercator is at 60 degrees", () => {
  const stretch = 2; // 1 / cos 60°
  const north = 6378137 * Math.asinh(Math.tan(Math.PI / 3));
  const square = (west) => {
    const [w, e, s, n] = [west * stretch, (west + 100) * stretch, north, north + 100 * stretch];
    return {
      xy: Float64Array.of(w, s, e, s, e, n, w, n),
      rings: [[0, 4]],
      box: [w, s, e, n],
    };
  };
  const nothing = { xy: new Float64Array(0), rings: [], box: [] };
  const shapes = [square(0), square(100), square(300), nothing];
  const centre = [50, 150, 350, 50].flatMap((x) => [x * stretch, north + 50 * stretch]);
  const cells = { kind: "drawn", shapes, centre };
  const rows = [[0, 0, 0, 1], [1, 0, 0, 2], [2, 0, 0, 4], [3, 0, 0, 8]];
  const near = (reach, place) =>
    lb.minutesNear(patrols(rows, 4, { reach_m: reach }), all(), cells, place).total;
  assert.equal(near(49, [1]), 2);
  assert.equal(near(51, [1]), 1 + 2 + 8);
  assert.equal(near(149, [1]), 1 + 2 + 8);
  assert.equal(near(151, [1]), 15);
  assert.equal(near(1000, [3]), 8, "what is not drawn reaches only itself");
});

const LABELS = { need_none: "a", need_little: "b", need_balanced: "c", need_plenty: "d" };

test("trouble against patrols by hand: eight lone cells, ten minutes an event", () => {
  // Too far apart to reach each other. 70 events and 700 minutes: 10 minutes an event.
  const cells = lattice("square", 8, 1, 1000);
  const n = [5, 4, 11, 11, 30, 4, 5, 0];
  const minutes = [0, 0, 50, 51, 301, 100, 110, 88];
  // In events: 0, 0, 5, 5.1, 30.1, 10, 11, 8.8. (11 + 1) / (5 + 1) = 2; / 6.1 < 2;
  // (4 + 1) / (10 + 1) < 1/2; (5 + 1) / (11 + 1) = 1/2; 1 / 9.8 < 1/2.
  const found = lb.needs(n, minutes, cells, { reach: 100, words: LABELS });
  assert.deepEqual([...found.cell], [0, 2, 3, 4, 5, 6, 7], "few events, no patrol: nothing said");
  assert.deepEqual([...found.class], [0, 1, 2, 2, 3, 3, 3]);
  assert.deepEqual(found.labels, ["a", "b", "c", "d"]);
  assert.deepEqual(found.inks, ["need-none", "need-little", "need-balanced", "need-plenty"]);
});

test("neighbours within reach share events and minutes", () => {
  const cells = lattice("square", 4, 1);
  const found = lb.needs([5, 0, 0, 1], [0, 0, 0, 60], cells, { reach: 50, words: LABELS });
  // Ten minutes an event. The third cell reaches one event and six events' worth of minutes.
  assert.deepEqual([...found.cell], [0, 1, 2, 3]);
  assert.deepEqual([...found.class], [0, 0, 3, 3]);
});

test("without events or without minutes there is nothing to set against each other", () => {
  const cells = lattice("square", 2, 1);
  assert.equal(lb.needs([0, 0], [1, 1], cells, { reach: 1, words: LABELS }), null);
  assert.equal(lb.needs([9, 0], [0, 0], cells, { reach: 1, words: LABELS }), null);
});

const WORDS = {
  presence: { less_than: "under {time}", hours_between: "{from}–{to} tim" },
  phrases: {
    minutes: "{minutes} min",
    hours: "{hours} tim",
    hours_minutes: "{hours} tim {minutes} min",
  },
};
const phrases = lb.phrasesOf({ words: WORDS, language: "sv" });

test("patrol minutes in classes with round limits; a limit belongs to the class above", () => {
  const minutes = [0, 0.1, 29, 30, 119, 120, 599, 600, 700];
  const surface = lb.minutesSurface(minutes, WORDS.presence, phrases);
  const labels = ["under 30 min", "30 min–1 tim", "1–2 tim", "2–5 tim", "5–10 tim", "≥ 10 tim"];
  assert.deepEqual(surface.labels, labels);
  assert.deepEqual([...surface.cell], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...surface.class], [0, 0, 1, 2, 3, 4, 5, 5]);
  assert.equal(surface.inks.length, 6);
});

test("much patrol time still makes six classes, little time one", () => {
  const much = lb.minutesSurface([6000 * 60], WORDS.presence, phrases);
  assert.equal(much.labels[0].replace(/\s/g, " "), "under 200 tim");
  assert.equal(much.labels.at(-1).replace(/\s/g, " "), "≥ 5 000 tim");
  assert.deepEqual([...much.class], [5]);
  const little = lb.minutesSurface([12, 5], WORDS.presence, phrases);
  assert.deepEqual(little.labels, ["12 min"]);
  assert.equal(lb.minutesSurface([0, 0], WORDS.presence, phrases), null);
});

/** A cube of rows [cell, hour, n] in one category and month, for the real lb.countIn. */
function cubeOf(rows, cells, hoursPerBin = 1) {
  const start = new Uint32Array(cells + 1);
  for (const [cell] of rows) start[cell + 1] += 1;
  for (let cell = 0; cell < cells; cell += 1) start[cell + 1] += start[cell];
  const hourBin = EVERY.map((hour) => Math.floor(hour / hoursPerBin));
  return {
    cells,
    months: 2,
    categories: 1,
    start,
    category: new Uint8Array(rows.length),
    month: new Uint8Array(rows.length),
    hour: Uint8Array.from(rows, (row) => hourBin[row[1]]),
    n: Uint16Array.from(rows, (row) => row[2]),
    weight: null,
    holiday: null,
    hourBin,
    hourBins: 168 / hoursPerBin + 1,
    hoursPerBin,
  };
}
const counting = (changes = {}) => all({ category: Uint8Array.of(1), holidays: "any", ...changes });

const [TUESDAY_NOON, FRIDAY_NIGHT, SATURDAY_NIGHT] = [24 + 12, 5 * 24 + 2, 6 * 24 + 5];
const SATURDAY_EVENING = 5 * 24 + 20;

test("gaps by hand: shares of all hotspots' events minus shares of their minutes", () => {
  const cells = lattice("square", 2, 1, 1000);
  const cube = cubeOf(
    [
      [0, TUESDAY_NOON, 10],
      [0, FRIDAY_NIGHT, 3],
      [0, SATURDAY_NIGHT, 3],
      [0, 168, 50],
      [1, SATURDAY_EVENING, 20],
      [1, TUESDAY_NOON, 4],
    ],
    2,
  );
  const presence = patrols([[0, 0, TUESDAY_NOON, 90], [1, 0, SATURDAY_EVENING, 10]], 2);
  const spots = [
    { id: "a", cells: [0] },
    { id: "b", cells: [1] },
  ];
  const found = lb.gaps(spots, cube, presence, counting(), cells);
  // 40 events of known hour, 100 minutes. b, weekend evening: 20/40 − 10/100; a, weekend night
  // (before Saturday and before Sunday): 6/40; a, weekday daytime: 10/40 − 90/100 < 0; b, weekday
  // daytime: four events are too few.
  assert.deepEqual(
    found.map(({ spot, part, n, of, minutes }) => [spot.id, part, n, of, minutes]),
    [
      ["b", "weekend_evening", 20, 24, 10],
      ["a", "weekend_night", 6, 16, 0],
    ],
  );
  assert.ok(Math.abs(found[0].gap - 0.4) < 1e-12 && Math.abs(found[1].gap - 0.15) < 1e-12);
});

test("hours that the filter leaves out make no gap and no share", () => {
  const cells = lattice("square", 2, 1, 1000);
  const rows = [[0, TUESDAY_NOON, 10], [0, SATURDAY_EVENING, 10], [1, SATURDAY_EVENING, 10]];
  const cube = cubeOf(rows, 2);
  const presence = patrols([[0, 0, TUESDAY_NOON, 60], [1, 0, SATURDAY_EVENING, 30]], 2);
  const spots = [
    { id: "a", cells: [0] },
    { id: "b", cells: [1] },
  ];
  const mask = counting({ week: week(SATURDAY_EVENING) });
  // a has 10 of 20 events and none of 30 minutes, b 10 of 20 and all of them.
  const [only, ...more] = lb.gaps(spots, cube, presence, mask, cells);
  const told = [only.spot.id, only.part, only.n, only.of, only.minutes, only.gap];
  assert.deepEqual(told, ["a", "weekend_evening", 10, 10, 0, 0.5]);
  assert.deepEqual(more, []);
});

test("the parts of the week by their first and last hours", () => {
  const cells = lattice("square", 1, 1, 1000);
  const presence = patrols([], 1);
  const partOf = (hour) => {
    const cube = cubeOf([[0, hour, 5]], 1);
    return lb.gaps([{ id: "a", cells: [0] }], cube, presence, counting(), cells)[0].part;
  };
  const expected = {
    weekday_night: [0, 5, 96, 101],
    weekday_day: [6, 17, 113],
    weekday_evening: [18, 23, 114, 119],
    weekend_night: [120, 125, 144, 149],
    weekend_day: [126, 137, 150, 161],
    weekend_evening: [138, 143, 162, 167],
  };
  for (const [part, hours] of Object.entries(expected)) {
    for (const hour of hours) assert.equal(partOf(hour), part, `hour ${hour}`);
  }
});

test("coarse hours: six hours keep the parts of the day, a day the weekend, a week nothing", () => {
  const cells = lattice("square", 2, 1, 1000);
  const rows = [[0, SATURDAY_EVENING, 9], [1, TUESDAY_NOON, 9]];
  const spots = [
    { id: "a", cells: [0] },
    { id: "b", cells: [1] },
  ];
  const parts = (hoursPerBin) => {
    const cube = cubeOf(rows, 2, hoursPerBin);
    const presence = patrols([[1, 0, TUESDAY_NOON, 60]], 2, { hourBin: cube.hourBin });
    const mask = counting({ week: new Uint8Array(cube.hourBins).fill(1) });
    return lb.gaps(spots, cube, presence, mask, cells).map(({ part, n }) => [part, n]);
  };
  assert.deepEqual(parts(6), [["weekend_evening", 9]]);
  assert.deepEqual(parts(24), [["weekend", 9]]);
  assert.deepEqual(parts(168), [["week", 9]]);
});

test("at most eight gaps, the largest first, equal ones in the order of the hotspots", () => {
  const cells = lattice("square", 10, 1, 1000);
  const cube = cubeOf(Array.from({ length: 10 }, (_, i) => [i, 0, i === 6 ? 7 : 5]), 10);
  const presence = patrols([[9, 0, TUESDAY_NOON, 1]], 10);
  const spots = Array.from({ length: 10 }, (_, i) => ({ id: String(i), cells: [i] }));
  const found = lb.gaps(spots, cube, presence, counting(), cells).map(({ spot }) => spot.id);
  assert.deepEqual(found, ["6", "0", "1", "2", "3", "4", "5", "7"]);
});

const hours = (entries) => {
  const made = new Float64Array(168);
  for (const [hour, value] of entries) made[hour] = value;
  return made;
};

test("the most telling block: events most exceed minutes, and it is no wider than it needs", () => {
  const events = hours([[4 * 24 + 20, 6], [5 * 24 + 23, 4], [24 + 9, 10]]);
  const present = hours([[4 * 24 + 20, 30], [24 + 9, 270]]);
  assert.deepEqual(lb.tellingBlock(events, present), {
    firstDay: 4,
    lastDay: 5,
    firstHour: 18,
    lastHour: 23,
    events: 0.5,
    minutes: 0.1,
  });
});

test("a block may run over Sunday to Monday", () => {
  const events = hours([[6 * 24 + 3, 1], [4, 1]]);
  const { firstDay, lastDay, firstHour, lastHour } = lb.tellingBlock(events, hours([[100, 1]]));
  assert.deepEqual([firstDay, lastDay, firstHour, lastHour], [6, 0, 0, 5]);
});

test("the named hours are hours that the mask lets through, on each of the named days", () => {
  const named = (from, to, days, events, present) => {
    const open = (hour) => days[Math.floor(hour / 24)] && hour % 24 >= from && hour % 24 < to;
    const block = lb.tellingBlock(events, present, open);
    const { firstDay, lastDay, firstHour, lastHour } = block;
    return [firstDay, lastDay, firstHour, lastHour, block.events, block.minutes];
  };
  const every = new Array(7).fill(true);
  const events = hours([[4 * 24 + 20, 6], [5 * 24 + 21, 4], [24 + 19, 10]]);
  const present = hours([[4 * 24 + 20, 30], [24 + 19, 270]]);
  assert.deepEqual(named(19, 22, every, events, present), [4, 5, 19, 21, 0.5, 0.1]);
  // Friday and Monday alone: no two days in a row, so one is named.
  const some = [true, false, false, false, true, false, false];
  const [friday, monday] = [hours([[4 * 24 + 20, 6]]), hours([[19, 9]])];
  assert.deepEqual(named(20, 24, some, friday, hours([[22, 9]])), [4, 4, 20, 23, 1, 0]);
  assert.deepEqual(named(16, 20, some, monday, hours([[4 * 24 + 17, 9]])), [0, 0, 18, 19, 1, 0]);
  assert.equal(lb.tellingBlock(events, present, () => false), null);
});

test("a filter over midnight: what is left of a quarter at either end is not named as one", () => {
  // 04 to 02: of the night, 00–02 and 04–06 are let through, and the events lie in the latter.
  const open = (hour) => hour % 24 < 2 || hour % 24 >= 4;
  const block = lb.tellingBlock(hours([[53, 5]]), hours([[48, 5]]), open);
  assert.deepEqual([block.firstDay, block.firstHour, block.lastHour], [2, 4, 5]);
});

test("no block without events or without minutes", () => {
  assert.equal(lb.tellingBlock(hours([]), hours([[1, 1]])), null);
  assert.equal(lb.tellingBlock(hours([[1, 1]]), hours([])), null);
});

test("minutes a week: every hour of the chosen months, by their days", () => {
  const presence = patrols([[0, 0, 5, 31], [0, 1, 6, 28]], 1);
  for (const [months, expected] of [[[0, 1], 7], [[0, 0], 7], [[1, 1], 7]]) {
    const mask = all({ months, week: week(5) });
    const found = lb.perWeek(presence, mask, lb.minutes(presence, mask));
    assert.ok(Math.abs(found - expected) < 1e-12, `${months}: ${found}`);
  }
  const undated = patrols([[0, 0, 5, 31]], 1, { days: [0, 0] });
  assert.equal(lb.perWeek(undated, all(), lb.minutes(undated, all())), null);
});
