// Counts the events anew for a filter: the packed cube (see maps/live.py), masks, and counts.
"use strict";
globalThis.lagesbild ??= {};
{
  const { floats, mostly, numbers, small } = globalThis.lagesbild;
  const HOURS = 168;
  const MIXED = 2;

  /** Counts as short as they can be kept: reading them is most of the work. */
  function narrow(values) {
    let most = 0;
    for (let i = 0; i < values.length; i += 1) if (values[i] > most) most = values[i];
    return most < 65536 ? Uint16Array.from(values) : Uint32Array.from(values);
  }

  /** Adds up the steps within a row's cell: category, then hour, then month start anew. */
  function unpackRows(bytes, packed, cells, many) {
    const perCell = small(bytes, packed.rows);
    const [steps, hours, months] = ["category", "hour", "month"].map((k) => small(bytes, packed[k]));
    const rows = steps.length;
    const start = new Uint32Array(cells + 1);
    const category = many ? new Uint16Array(rows) : new Uint8Array(rows);
    const hour = new Uint8Array(rows);
    const month = new Uint8Array(rows);
    let i = 0;
    for (let cell = 0; cell < cells; cell += 1) {
      const end = i + perCell[cell];
      let [kind, when, since] = [0, 0, 0];
      for (; i < end; i += 1) {
        if (steps[i]) {
          kind += steps[i];
          when = 0;
          since = 0;
        }
        if (hours[i]) {
          when += hours[i];
          since = 0;
        }
        since += months[i];
        category[i] = kind;
        hour[i] = when;
        month[i] = since;
      }
      start[cell + 1] = end;
    }
    return { start, category, month, hour };
  }

  /** A weight for every row: n but for the rows that say otherwise. */
  function unpackWeight(bytes, packed, n) {
    if (!packed) return null;
    const weight = Float64Array.from(n);
    const at = numbers(bytes, packed.at);
    const values = unpackValues(bytes, packed);
    for (let i = 0; i < at.length; i += 1) weight[at[i]] = values[i];
    return weight;
  }

  function unpackValues(bytes, packed) {
    const values = numbers(bytes, packed.whole);
    for (let i = 0; i < values.length; i += 1) values[i] /= packed.scale;
    const exact = floats(bytes, packed.exact);
    numbers(bytes, packed.not).forEach((position, i) => {
      values[position] = exact[i];
    });
    return values;
  }

  /** How many of each row's events fell in school holidays; whole months are told once. */
  function unpackHolidays(bytes, packed, cube) {
    if (!packed) return { holiday: null, holidayWeight: null };
    const { n, month, weight } = cube;
    const told = small(bytes, packed.told);
    const bits = small(bytes, packed.bits);
    const holiday = new n.constructor(n.length);
    const holidayWeight = weight && new Float64Array(n.length);
    const weights = weight && packed.weight ? mostly(bytes, packed.weight) : null;
    let [bit, more, split] = [0, 0, 0];
    for (let i = 0; i < n.length; i += 1) {
      const kind = packed.months[month[i]];
      if (kind !== MIXED) holiday[i] = kind * n[i];
      else if (n[i] > 1) holiday[i] = told[more++];
      else {
        holiday[i] = (bits[bit >> 3] >> (bit & 7)) & 1;
        bit += 1;
      }
      if (!weight) continue;
      if (holiday[i] === n[i]) holidayWeight[i] = weight[i];
      else if (holiday[i]) holidayWeight[i] = weights[split++];
    }
    return { holiday, holidayWeight };
  }

  /** Which bin each hour of the week lies in; 168 is the unknown hour, always alone in the last. */
  function binsOfWeek(hoursPerBin) {
    const bins = new Uint8Array(HOURS + 1);
    for (let hour = 0; hour < HOURS; hour += 1) bins[hour] = Math.floor(hour / hoursPerBin);
    bins[HOURS] = HOURS / hoursPerBin;
    return bins;
  }

  /** The cube, row by row, sorted by cell; see the top of maps/live.py for what is packed. */
  function unpackCube(bytes, content, cells) {
    const { packed, categoryLabels, monthLabels, hoursPerBin } = content;
    const rows = unpackRows(bytes, packed, cells, categoryLabels.length > 256);
    const one = small(bytes, packed.n);
    const n = narrow(one);
    for (let i = 0; i < n.length; i += 1) n[i] += 1;
    const cube = {
      cells,
      months: monthLabels.length,
      categories: categoryLabels.length,
      ...rows,
      n,
      weight: unpackWeight(bytes, packed.weight, n),
      hourBin: binsOfWeek(hoursPerBin),
      hourBins: HOURS / hoursPerBin + 1,
      hoursPerBin,
      families: content.categoryFamily,
    };
    return Object.assign(cube, unpackHolidays(bytes, packed.holidays, cube));
  }

  /** Whether an hour of the week is asked for: hours after midnight belong to the day before. */
  function asksFor(filter, hour) {
    const [from, to] = filter.hours;
    const day = Math.floor(hour / 24);
    const clock = hour % 24;
    if (from < to) return filter.days[day] && clock >= from && clock < to;
    if (clock >= from) return filter.days[day];
    return clock < to && filter.days[(day + 6) % 7];
  }

  /**
   * What a filter lets through. Where hours are packed together, a bin is let through by its first
   * hour, one of a whole day by its day, and one of the whole week always.
   */
  function maskOf(filter, cube) {
    const category = new Uint8Array(cube.categories);
    for (let i = 0; i < cube.categories; i += 1) {
      const family = filter.family === "all" || cube.families[i] === filter.family;
      category[i] = family && !filter.off.has(i) ? 1 : 0;
    }
    const week = new Uint8Array(cube.hourBins);
    const everyHour = filter.hours[0] === 0 && filter.hours[1] === 24;
    const wholeDays = cube.hoursPerBin >= 24 ? { ...filter, hours: [0, 24] } : filter;
    for (let bin = 0; bin < cube.hourBins - 1; bin += 1) {
      const always = cube.hoursPerBin === HOURS;
      week[bin] = always || asksFor(wholeDays, bin * cube.hoursPerBin) ? 1 : 0;
    }
    const always = cube.hoursPerBin === HOURS;
    const hourless = cube.hoursPerBin >= 24 || everyHour;
    week[cube.hourBins - 1] = always || (hourless && filter.days.every(Boolean)) ? 1 : 0;
    return { category, months: filter.months, week, holidays: filter.holidays ?? "any" };
  }

  const parts = new WeakMap();

  /** Count and weight of every row that a wish about holidays leaves; made once for each. */
  function amounts(cube, holidays) {
    if (holidays === "any" || !cube.holiday) return { n: cube.n, weight: cube.weight };
    if (!parts.has(cube)) parts.set(cube, {});
    const made = parts.get(cube);
    made[holidays] ??=
      holidays === "only"
        ? { n: cube.holiday, weight: cube.holidayWeight }
        : {
            n: cube.n.map((n, i) => n - cube.holiday[i]),
            weight: cube.weight && cube.weight.map((w, i) => restOf(w, i, cube)),
          };
    return made[holidays];
  }

  const restOf = (weight, i, cube) =>
    cube.holiday[i] === cube.n[i] ? 0 : weight - cube.holidayWeight[i];

  const [NO_CATEGORY, NO_MONTH, NO_HOUR, NOT_KNOWN] = [1, 2, 4, 8];
  const WAYS = 16;

  /**
   * Counts the rows of some cells (all without a list), calling done(cell, n, weight) for each.
   *
   * Whatever a row lacks, it is added to a table under that: a million rows that each choose their
   * own way through conditions would take many times as long.
   */
  function tally(cube, mask, list, done) {
    const { start, category, month, hour } = cube;
    const { n, weight } = amounts(cube, mask.holidays);
    const lacksCategory = mask.category.map((on) => (on ? 0 : NO_CATEGORY));
    const lacksMonth = Uint8Array.from({ length: cube.months }, (_, i) =>
      i >= mask.months[0] && i <= mask.months[1] ? 0 : NO_MONTH,
    );
    const lacksHour = mask.week.map((on) => (on ? 0 : NO_HOUR));
    if (lacksHour[cube.hourBins - 1]) lacksHour[cube.hourBins - 1] = NOT_KNOWN;
    const table = (wide) => new Float64Array(wide * WAYS);
    const [byMonth, byHour, byCategory] = [cube.months, cube.hourBins, cube.categories].map(table);
    const totals = new Float64Array(WAYS);
    const cells = list ? list.length : cube.cells;
    let total = 0;
    for (let k = 0; k < cells; k += 1) {
      const cell = list ? list[k] : k;
      const end = start[cell + 1];
      totals.fill(0);
      let mass = 0;
      for (let i = start[cell]; i < end; i += 1) {
        const lacks = lacksCategory[category[i]] | lacksMonth[month[i]] | lacksHour[hour[i]];
        const here = n[i];
        totals[lacks] += here;
        byMonth[month[i] * WAYS + lacks] += here;
        byHour[hour[i] * WAYS + lacks] += here;
        byCategory[category[i] * WAYS + lacks] += here;
        if (weight && lacks === 0) mass += weight[i];
      }
      total += totals[0];
      done(cell, totals[0], weight ? mass : totals[0]);
    }
    const per = (by, ...ways) =>
      Float64Array.from({ length: by.length / WAYS }, (_, i) =>
        ways.reduce((sum, way) => sum + by[i * WAYS + way], 0),
      );
    return {
      total,
      unknown: byHour[(cube.hourBins - 1) * WAYS + NOT_KNOWN],
      perMonth: per(byMonth, 0, NO_MONTH),
      perHour: per(byHour, 0, NO_HOUR, NOT_KNOWN),
      perCategory: per(byCategory, 0, NO_CATEGORY),
    };
  }

  /**
   * Counts the events that a mask lets through, by cell; by month, hour and category each without
   * regard to its own part of the filter. unknown counts those left out only for an unknown hour.
   */
  function count(cube, mask) {
    const n = new Float64Array(cube.cells);
    const weight = cube.weight ? new Float64Array(cube.cells) : n;
    const totals = tally(cube, mask, null, (cell, sum, mass) => {
      n[cell] = sum;
      if (cube.weight) weight[cell] = mass;
    });
    return { n, weight, ...totals };
  }

  /** The same totals for some cells (positions) together. */
  function countIn(cube, mask, cells) {
    let [n, weight] = [0, 0];
    const { perMonth, perHour, perCategory, unknown } = tally(cube, mask, cells, (_, sum, mass) => {
      n += sum;
      weight += mass;
    });
    return { n, weight, perMonth, perHour, perCategory, unknown };
  }

  /** Counts by bin as the 168 hours of a week, evenly within each bin; unknown hours aside. */
  function hoursOf(cube, perHour) {
    const hours = Float64Array.from(
      { length: HOURS },
      (_, hour) => perHour[cube.hourBin[hour]] / cube.hoursPerBin,
    );
    return { hours, unknown: perHour[cube.hourBins - 1] };
  }

  Object.assign(globalThis.lagesbild, { unpackCube, maskOf, count, countIn, hoursOf });
}
