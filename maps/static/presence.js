// Patrols against need: minutes under a filter, where and when trouble has few of them.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { two } = lb;
  const HOURS = 168;
  const RADIUS_M = 6378137;
  const SLACK_M = 1e-6; // centres exactly at the reach are within it
  const TENTHS = 10;
  const EVERY_HOUR = Uint8Array.from({ length: HOURS + 1 }, (_, hour) => hour);

  /** Fewest events (or what patrols would be for so many) that a place or a time is judged by. */
  const LEAST = 5;
  /** Fewest events of known hour that the hours of the week are compared by. */
  const LEAST_HOURS = 20;
  /** Difference between two shares that is worth a sentence. */
  const TELLING = 0.1;
  /** How many times as much as the other is too little, or much. */
  const TWICE = 2;
  const MOST_GAPS = 8;

  /**
   * Unpacks the patrols (maps/presence.py): rows of cell c are start[c] … start[c + 1] - 1.
   * hourBin are the bins of the hour of the week that a mask over the cube has (cube.hourBin).
   */
  function unpackPresence(bytes, packed, cells, hourBin = EVERY_HOUR) {
    const start = new Uint32Array(cells + 1);
    const rows = lb.numbers(bytes, packed.rows);
    lb.numbers(bytes, packed.cell).forEach((cell, i) => {
      start[cell + 1] = rows[i];
    });
    for (let cell = 0; cell < cells; cell += 1) start[cell + 1] += start[cell];
    return {
      cells,
      start,
      month: Uint16Array.from(lb.numbers(bytes, packed.month)),
      hour: Uint8Array.from(lb.numbers(bytes, packed.hour)),
      tenths: lb.numbers(bytes, packed.tenths),
      hourBin,
      days: packed.days,
      reach: packed.reach_m,
      promise: packed.promise_minutes_per_week,
      outside: packed.outside,
    };
  }

  /** Adds up the rows of one cell in the mask's months; perHour takes every hour of the week. */
  function addCell({ start, month, hour, tenths, hourBin }, mask, cell, perHour) {
    const { week } = mask;
    const [first, last] = mask.months;
    let sum = 0;
    for (let row = start[cell]; row < start[cell + 1]; row += 1) {
      if (month[row] < first || month[row] > last) continue;
      perHour[hour[row]] += tenths[row];
      if (week[hourBin[hour[row]]]) sum += tenths[row];
    }
    return sum;
  }

  const inMinutes = (tenths) => tenths.map((value) => value / TENTHS);

  /**
   * Patrol minutes under a mask: perCell, total, and perHour (169, unknown last; in the mask's
   * months, at every hour whatever the week of the mask). Categories and holidays play no part.
   */
  function minutes(presence, mask) {
    const perCell = new Float64Array(presence.cells);
    const perHour = new Float64Array(HOURS + 1);
    let total = 0;
    for (let cell = 0; cell < presence.cells; cell += 1) {
      if (presence.start[cell] === presence.start[cell + 1]) continue;
      perCell[cell] = addCell(presence, mask, cell, perHour);
      total += perCell[cell];
    }
    return { perCell: inMinutes(perCell), total: total / TENTHS, perHour: inMinutes(perHour) };
  }

  /** How far a point lies from a polygon (0 within it): flat coordinates, rings [from, to). */
  function away(xy, rings, x, y) {
    let inside = false;
    let best = Infinity;
    for (const [from, to] of rings) {
      for (let i = from, j = to - 1; i < to; j = i, i += 1) {
        const [ax, ay, bx, by] = [xy[2 * j], xy[2 * j + 1], xy[2 * i], xy[2 * i + 1]];
        const [dx, dy] = [bx - ax, by - ay];
        if (ay > y !== by > y && x < ax + ((y - ay) * dx) / dy) inside = !inside;
        const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1);
        const t = Math.min(Math.max(along, 0), 1);
        best = Math.min(best, Math.hypot(x - ax - t * dx, y - ay - t * dy));
      }
    }
    return inside ? 0 : best;
  }

  /** Steps [columns, rows] from a lattice cell to those whose centre is within reach of it. */
  function stencil(kind, size, reach) {
    const hex = kind === "hex";
    const corners = hex ? 6 : 4;
    const radius = size / (hex ? Math.sqrt(3) : Math.SQRT2);
    const ring = new Float64Array(2 * corners);
    for (let k = 0; k < corners; k += 1) {
      const angle = ((k + 0.5) * 2 * Math.PI) / corners;
      ring[2 * k] = radius * Math.cos(angle);
      ring[2 * k + 1] = radius * Math.sin(angle);
    }
    const most = Math.ceil((reach + size) / (size * 0.75));
    const steps = [];
    for (let row = -most; row <= most; row += 1) {
      for (let column = -most; column <= most; column += 1) {
        const x = size * (hex ? column + row / 2 : column);
        const y = size * (hex ? (row * Math.sqrt(3)) / 2 : row);
        if (away(ring, [[0, corners]], x, y) <= reach + SLACK_M) steps.push([column, row]);
      }
    }
    return steps;
  }

  function aroundLattice({ kind, size, column, row }, reach) {
    const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
    const [west, south] = [least(column), least(row)];
    const width = column.reduce((a, b) => Math.max(a, b), west) - west + 1;
    const height = row.reduce((a, b) => Math.max(a, b), south) - south + 1;
    const raster = new Int32Array(width * height).fill(-1);
    column.forEach((each, i) => {
      raster[(row[i] - south) * width + each - west] = i;
    });
    const steps = stencil(kind, size, reach);
    return (cell, visit) => {
      const [atColumn, atRow] = [column[cell] - west, row[cell] - south];
      for (const [columns, rows] of steps) {
        const [x, y] = [atColumn + columns, atRow + rows];
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const found = raster[y * width + x];
        if (found >= 0) visit(found);
      }
    };
  }

  function aroundDrawn({ shapes, centre }, reach) {
    const known = new Map();
    const reached = (cell) => {
      const { xy, rings, box } = shapes[cell];
      if (!rings.length) return [cell];
      // Mercator stretches by this much here.
      const far = (reach + SLACK_M) * Math.cosh(box[1] / RADIUS_M);
      const [west, south, east, north] = [box[0] - far, box[1] - far, box[2] + far, box[3] + far];
      const found = [];
      for (let i = 0; i < shapes.length; i += 1) {
        const [x, y] = [centre[2 * i], centre[2 * i + 1]];
        const near = x >= west && x <= east && y >= south && y <= north;
        if (i === cell || (near && away(xy, rings, x, y) <= far)) found.push(i);
      }
      return found;
    };
    return (cell, visit) => {
      if (!known.has(cell)) known.set(cell, reached(cell));
      known.get(cell).forEach(visit);
    };
  }

  const arounds = new WeakMap();

  /** Gives (cell, visit): visits each cell whose centre lies within reach (metres) of a cell. */
  function around(cells, reach) {
    if (!arounds.has(cells)) arounds.set(cells, new Map());
    const known = arounds.get(cells);
    const make = cells.kind === "drawn" ? aroundDrawn : aroundLattice;
    if (!known.has(reach)) known.set(reach, make(cells, reach));
    return known.get(reach);
  }

  /**
   * Patrol minutes within reach of a place (a list of cells), as minutes() gives them.
   *
   * By cells: all minutes of a cell count when its centre is within reach. The finished number of
   * Python's goes by the coordinates of the patrols, and by those outside the area too, so that
   * the two differ by what lies near the reach.
   */
  function minutesNear(presence, mask, cells, place) {
    const visit = around(cells, presence.reach);
    const seen = new Set();
    const perHour = new Float64Array(HOURS + 1);
    let total = 0;
    for (const cell of place) {
      visit(cell, (near) => {
        if (seen.has(near)) return;
        seen.add(near);
        total += addCell(presence, mask, near, perHour);
      });
    }
    return { total: total / TENTHS, perHour: inMinutes(perHour) };
  }

  const sum = (values) => values.reduce((a, b) => a + b, 0);

  const NEEDS = ["none", "little", "balanced", "plenty"];

  /**
   * Trouble against patrols as a surface; null where there is nothing to compare.
   *
   * Around each cell, within reach metres: events E, and patrol minutes M told in events, that is
   * divided by the minutes that there are for each event in the whole area. Where patrols follow
   * trouble, E = M. One is added to both (Laplace), so that little of either decides nothing:
   * "none" is E ≥ 5 and no minute; "little" (E + 1) / (M + 1) ≥ 2; "plenty" ≤ 1/2; "balanced"
   * between them. Where both E and M are below 5, nothing is said. It describes, and tests nothing.
   */
  function needs(n, perCell, cells, { reach, words }) {
    const perEvent = sum(perCell) / sum(n);
    if (!(perEvent > 0 && perEvent < Infinity)) return null;
    const visit = around(cells, reach);
    const events = new Float64Array(n.length);
    const present = new Float64Array(n.length);
    for (let i = 0; i < n.length; i += 1) {
      if (!n[i] && !perCell[i]) continue;
      visit(i, (near) => {
        events[near] += n[i];
        present[near] += perCell[i] / perEvent;
      });
    }
    const cell = [];
    const codes = [];
    for (let i = 0; i < n.length; i += 1) {
      if (events[i] < LEAST && present[i] < LEAST) continue;
      const ratio = (events[i] + 1) / (present[i] + 1);
      cell.push(i);
      if (events[i] >= LEAST && !present[i]) codes.push(0);
      else if (ratio >= TWICE) codes.push(1);
      else codes.push(ratio > 1 / TWICE ? 2 : 3);
    }
    return {
      cell: Uint32Array.from(cell),
      class: Int8Array.from(codes),
      labels: NEEDS.map((key) => words[`need_${key}`]),
      inks: NEEDS.map((key) => `need-${key}`),
    };
  }

  /** Half an hour, then 1, 2, 5, 10, 20 … hours; in minutes. */
  const HOURLY = [1, 10, 100, 1000, 10000].flatMap((power) => [power, 2 * power, 5 * power]);
  const LIMITS = [30, ...HOURLY.map((hours) => 60 * hours)];

  /** Patrol minutes as a surface of at most six classes; null where there are none. */
  function minutesSurface(perCell, words, phrases) {
    const top = perCell.reduce((a, b) => Math.max(a, b), 0);
    if (!top) return null;
    const limits = LIMITS.filter((limit) => limit < top).slice(-5);
    const cell = Uint32Array.from([...perCell.keys()].filter((i) => perCell[i] > 0));
    const hours = (from, to) =>
      lb.say(words.hours_between, { from: phrases.number(from / 60), to: phrases.number(to / 60) });
    const between = (from, to) =>
      from < 60 ? `${phrases.duration(from)}–${phrases.duration(to)}` : hours(from, to);
    const least = limits.length
      ? lb.say(words.less_than, { time: phrases.duration(limits[0]) })
      : phrases.duration(top);
    const labels = limits.map((limit, i) =>
      i + 1 < limits.length ? between(limit, limits[i + 1]) : `≥ ${phrases.duration(limit)}`,
    );
    labels.unshift(least);
    const value = Float64Array.from(cell, (i) => perCell[i]);
    const codes = Int8Array.from(value, (one) => limits.filter((limit) => one >= limit).length);
    return { cell, class: codes, value, labels, inks: lb.steps(labels) };
  }

  /** Both surfaces for what is counted under a mask: {needs, presence}; needs.note explains it. */
  function presenceSurfaces(presence, cells, content, counted, mask) {
    const words = content.words.presence;
    const phrases = lb.phrasesOf(content);
    const { perCell } = minutes(presence, mask);
    const found = needs(counted.n, perCell, cells, { reach: presence.reach, words });
    const note = lb.say(words.needs_note, { reach: phrases.distance(presence.reach) });
    return {
      needs: found && { ...found, note },
      presence: minutesSurface(perCell, words, phrases),
    };
  }

  // The week in parts. A night belongs to the day on which it ends: the nights of the weekend are
  // those before Saturday and Sunday.
  const weekend = (hour) => hour >= 120;
  const ofDay = (hour) => (hour % 24 < 6 ? 2 : hour % 24 < 18 ? 0 : 1);
  const TIMES_OF_DAY = ["day", "evening", "night"];
  const DIVISIONS = [
    {
      keys: ["weekday", "weekend"].flatMap((day) => TIMES_OF_DAY.map((time) => `${day}_${time}`)),
      of: (hour) => (weekend(hour) ? 3 : 0) + ofDay(hour),
    },
    { keys: ["weekday", "weekend"], of: (hour) => (weekend(hour) ? 1 : 0) },
    { keys: ["week"], of: () => 0 },
  ];

  /** The finest division of the week that no bin of hours lies across; full: by time of day. */
  function divisionOf({ hoursPerBin }) {
    const [parts, days, whole] = DIVISIONS;
    if (hoursPerBin <= 6) return { ...parts, full: true };
    return { ...(hoursPerBin <= 24 ? days : whole), full: false };
  }

  /** Events of the 168 hours, evenly within each bin; hours outside the mask are 0. */
  const eventsOf = ({ perHour }, { hourBin, hoursPerBin }, week) =>
    Float64Array.from({ length: HOURS }, (_, hour) =>
      week[hourBin[hour]] ? perHour[hourBin[hour]] / hoursPerBin : 0,
    );

  /** Minutes of the 168 hours; hours outside the mask are 0. */
  const minutesOf = ({ perHour }, { hourBin }, week) =>
    perHour.slice(0, HOURS).map((value, hour) => (week[hourBin[hour]] ? value : 0));

  /** Events of each part of the week, whole bins at a time; what the mask leaves out is none. */
  function eventsByPart({ perHour }, { hourBins, hoursPerBin }, week, division) {
    const parts = new Float64Array(division.keys.length);
    for (let bin = 0; bin < hourBins - 1; bin += 1) {
      if (week[bin]) parts[division.of(bin * hoursPerBin)] += perHour[bin];
    }
    return parts;
  }

  function byPart(hours, division) {
    const parts = new Float64Array(division.keys.length);
    hours.forEach((value, hour) => {
      parts[division.of(hour)] += value;
    });
    return parts;
  }

  /**
   * Places and parts of the week with the largest gap, at most eight: the share of all hotspots'
   * events that fell there, minus the share of the minutes within reach of any of them (minutes
   * within reach of two hotspots count for both). Only events of known hour, at least five; only
   * hours that the mask lets through. Each {spot, part, n, of, minutes, gap}.
   */
  function gaps(spots, cube, presence, mask, cells) {
    const division = divisionOf(cube);
    const all = spots.map((spot) => ({
      spot,
      events: eventsByPart(lb.countIn(cube, mask, spot.cells), cube, mask.week, division),
      minutes: byPart(
        minutesOf(minutesNear(presence, mask, cells, spot.cells), presence, mask.week),
        division,
      ),
    }));
    const events = sum(all.map((one) => sum(one.events)));
    const present = sum(all.map((one) => sum(one.minutes)));
    const found = all.flatMap(({ spot, events: mine, minutes: own }) =>
      division.keys.map((part, i) => ({
        spot,
        part,
        n: mine[i],
        of: sum(mine),
        minutes: own[i],
        gap: mine[i] / events - (present ? own[i] / present : 0),
      })),
    );
    return found
      .filter((one) => one.n >= LEAST && one.gap > 0)
      .sort((a, b) => b.gap - a.gap)
      .slice(0, MOST_GAPS);
  }

  const DAY_RUNS = [
    ...[1, 2, 3].flatMap((days) => [0, 1, 2, 3, 4, 5, 6].map((first) => [first, days])),
    [0, 5],
    [0, 7],
  ];
  const TIMES = [[0, 6], [6, 12], [12, 18], [18, 24]];

  /** The hours of a quarter of the day that are let through on each of some days, as runs. */
  function trimmed([from, to], [firstDay, days], lets) {
    const found = [];
    for (let hour = from; hour < to; hour += 1) {
      let every = true;
      for (let day = firstDay; day < firstDay + days; day += 1) {
        every &&= lets(24 * (day % 7) + hour);
      }
      if (!every) continue;
      if (found.at(-1)?.[1] === hour) found.at(-1)[1] = hour + 1;
      else found.push([hour, hour + 1]);
    }
    return found;
  }

  /**
   * The days and quarter of the day whose share of the events most exceeds its share of the
   * minutes: {firstDay, lastDay, firstHour, lastHour, events, minutes} (shares). Only hours that
   * lets(hour of the week) lets through are part of it. null without events, minutes or hours.
   */
  function tellingBlock(events, present, lets = () => true) {
    const [allEvents, allMinutes] = [sum(events), sum(present)];
    if (!allEvents || !allMinutes) return null;
    let best = null;
    for (const run of DAY_RUNS) {
      const [firstDay, days] = run;
      for (const [from, to] of TIMES.flatMap((time) => trimmed(time, run, lets))) {
        let [n, m] = [0, 0];
        for (let day = firstDay; day < firstDay + days; day += 1) {
          for (let hour = from; hour < to; hour += 1) {
            n += events[24 * (day % 7) + hour];
            m += present[24 * (day % 7) + hour];
          }
        }
        const shares = { events: n / allEvents, minutes: m / allMinutes };
        if (best && shares.events - shares.minutes <= best.events - best.minutes + 1e-12) continue;
        const lastDay = (firstDay + days - 1) % 7;
        best = { firstDay, lastDay, firstHour: from, lastHour: to - 1, ...shares };
      }
    }
    return best;
  }

  /** Patrol minutes a week, of all hours, in the months of the mask; null without a calendar. */
  function perWeek(presence, mask, { perHour }) {
    const [first, last] = mask.months;
    const days = sum(presence.days.slice(first, last + 1));
    return days ? (7 * sum(perHour)) / days : null;
  }

  // --- the section ------------------------------------------------------------------------------

  /** Radius of the mark whose area says minutes, in a square of the matrix. */
  const markRadius = (value, most) => (value > 0 ? 1.6 + 4.2 * Math.sqrt(value / most) : 0);

  /** Phrases whose durations and times are not broken across lines. */
  const kept = (phrases) => ({
    ...phrases,
    duration: (value) => phrases.duration(value).replaceAll(" ", "\u00a0"),
    peak: (block) => phrases.peak(block).replaceAll("–", "\u2060–\u2060"),
  });

  const largest = (values) => values.reduce((a, b) => Math.max(a, b), 0);

  /** Hours by weekday: events as shade, minutes as a round mark within; beyond the mask, faint. */
  function matrix(events, present, mask, presence, label, { content, words, phrases }) {
    const [left, top, size] = [34, 15, 15];
    const days = content.weekdays_short;
    const chart = lb.svg("svg", {
      viewBox: `0 0 ${left + 24 * size + 1} ${top + 7 * size}`,
      class: "presence-matrix",
      role: "img",
      "aria-label": label,
    });
    for (let hour = 0; hour <= 24; hour += 6) {
      const anchor = hour === 24 ? "end" : hour ? "middle" : "start";
      const at = { x: left + hour * size, y: 10, "text-anchor": anchor };
      chart.append(lb.svg("text", at, two(hour)));
    }
    days.forEach((day, i) => chart.append(lb.svg("text", { x: 0, y: top + i * size + 11 }, day)));
    const [busiest, most] = [largest(events), largest(present)];
    for (let hour = 0; hour < HOURS; hour += 1) {
      const [day, clock] = [Math.floor(hour / 24), hour % 24];
      const [x, y] = [left + clock * size, top + day * size];
      const [n, minutes] = [events[hour], present[hour]];
      const beyond = !mask.week[presence.hourBin[hour]];
      const ink = beyond ? "beyond" : `step-${lb.step(n, busiest)}`;
      const side = { width: size - 1, height: size - 1 };
      const square = lb.svg("rect", { x, y, ...side, class: ink });
      const when = `${days[day]} ${two(clock)}–${two(clock + 1)}`;
      const told = { when, n, count: phrases.number(n), time: phrases.duration(minutes) };
      if (!beyond) square.append(lb.svg("title", {}, lb.say(words.hour, told)));
      chart.append(square);
      if (!minutes) continue;
      const at = { cx: x + (size - 1) / 2, cy: y + (size - 1) / 2, r: markRadius(minutes, most) };
      chart.append(lb.svg("circle", { ...at, class: "present" }));
    }
    return chart;
  }

  /** What shade and marks mean, in words with a picture of each; nothing of what there is none. */
  function keyOf(events, present, { words, phrases }) {
    const drawing = (width, ...shapes) => {
      const about = { viewBox: `0 0 ${width} 15`, width, height: 15, "aria-hidden": "true" };
      const made = lb.svg("svg", about);
      made.append(...shapes);
      return made;
    };
    const squares = [1, 2, 3, 4, 5].map((step) => {
      const at = { x: 15 * (step - 1), y: 0.5, width: 14, height: 14 };
      return lb.svg("rect", { ...at, class: `step-${step}` });
    });
    const marks = [0.02, 0.3, 1].map((share, i) => {
      const at = { cx: 8 + 15 * i, cy: 7.5, r: markRadius(share, 1) };
      return lb.svg("circle", { ...at, class: "present" });
    });
    const told = {
      count: phrases.number(largest(events)),
      time: phrases.duration(largest(present)),
    };
    const row = (is, picture, text) => (is ? lb.element("li", "", picture, text) : null);
    return lb.element(
      "ul",
      "presence-key",
      row(largest(events) > 0, drawing(75, ...squares), lb.say(words.key_events, told)),
      row(
        told.time !== phrases.duration(0),
        drawing(47, ...marks),
        lb.say(words.key_minutes, told),
      ),
    );
  }

  function partTable(byEvents, byMinutes, division, { words, phrases, percent }) {
    const [allEvents, allMinutes] = [sum(byEvents), sum(byMinutes)];
    const cell = (text) => lb.element("td", "number", text);
    const head = (text, className) => {
      const made = lb.element("th", className, text);
      made.scope = "col";
      return made;
    };
    const rows = division.keys.map((part, i) => {
      const name = lb.element("th", "", words[`part_${part}`]);
      name.scope = "row";
      return lb.element(
        "tr",
        "",
        name,
        cell(phrases.number(byEvents[i])),
        cell(percent.format(allEvents ? byEvents[i] / allEvents : 0)),
        cell(phrases.duration(byMinutes[i])),
        cell(percent.format(allMinutes ? byMinutes[i] / allMinutes : 0)),
      );
    });
    const heads = [
      head(words.column_part, ""),
      head(words.column_events, "number"),
      head(words.column_share, "number"),
      head(words.column_minutes, "number"),
      head(words.column_share, "number"),
    ];
    return lb.element(
      "table",
      "presence-parts",
      lb.element("thead", "", lb.element("tr", "", ...heads)),
      lb.element("tbody", "", ...rows),
    );
  }

  /** The sentence that says when trouble has fewest patrols, or that they follow each other. */
  function summaryOf(events, present, lets, of, { words, phrases, percent }) {
    const n = Math.round(sum(events));
    if (n < LEAST_HOURS) return lb.say(words.few, { n, count: phrases.number(n) });
    const minutes = Math.round(sum(present));
    if (!minutes) return of ? words.none_near : words.none_then;
    const block = tellingBlock(events, present, lets);
    const values = { n: minutes, minutes: phrases.number(minutes) };
    if (!block || block.events - block.minutes < TELLING) return lb.say(words.even, values);
    return lb.say(of ? words.telling_near : words.telling, {
      ...values,
      when: phrases.peak(block),
      present: percent.format(block.minutes),
      events: percent.format(block.events),
    });
  }

  function promiseOf(presence, mask, here, { words, phrases }) {
    const average = perWeek(presence, mask, here);
    if (average === null) return [];
    const { promise } = presence;
    const told = { time: phrases.duration(average) };
    if (!promise) return [lb.element("p", "aside", lb.say(words.average, told))];
    const most = 1.15 * Math.max(average, promise);
    const bar = lb.element("div", "promise-bar", lb.element("i", ""), lb.element("b", ""));
    bar.firstChild.style.width = `${(100 * average) / most}%`;
    bar.lastChild.style.left = `${(100 * promise) / most}%`;
    bar.setAttribute("aria-hidden", "true");
    const sentence = lb.say(words.average_promise, { ...told, promise: phrases.duration(promise) });
    return [lb.element("div", "promise", lb.element("p", "", sentence), bar)];
  }

  function gapList(found, choose, { words, phrases }) {
    const items = found.map(({ spot, part, n, of, minutes: present }) => {
      const name = lb.element("button", "gap-name", spot.name);
      name.type = "button";
      name.dataset.key = `${spot.id} ${part}`;
      name.addEventListener("click", () => choose(spot));
      const values = {
        part: words[`part_${part}`],
        n: of,
        count: phrases.number(n),
        of: phrases.number(of),
        time: phrases.duration(present),
      };
      const rank = lb.element("span", "gap-rank", String(spot.rank));
      rank.setAttribute("aria-hidden", "true");
      const text = lb.element("p", "", lb.say(words.gap, values));
      return lb.element("li", "gap", rank, lb.element("div", "", name, text));
    });
    return lb.element("ol", "gaps", ...items);
  }

  /** By root: the hotspot that is chosen, and whether everything's hours are shown instead. */
  const scopes = new WeakMap();

  /**
   * Fills the section "patrols against need".
   *
   * now = {content, data: {cells, cube, presence}, mask, counted (lb.count of the mask), spots,
   * chosen (a spot or null), choose(spot)}. Without patrols, data.presence is null.
   */
  function fillPresence(root, { content, data, mask, counted, spots, chosen, choose }) {
    const { cells, cube, presence } = data;
    const words = content.words.presence;
    const held = root.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const opened = root.querySelector("details")?.open ?? false;
    const title = lb.element("h2", "", words.title);
    title.id = "presence-title";
    root.setAttribute("aria-labelledby", title.id);
    const say = (key) => lb.element("p", "empty", words[key]);
    if (!presence) {
      root.replaceChildren(title, say("none"));
      return;
    }
    const style = { style: "percent", maximumFractionDigits: 0 };
    const percent = new Intl.NumberFormat(content.language, style);
    const tools = { content, words, phrases: kept(lb.phrasesOf(content)), percent };
    const here = minutes(presence, mask);
    if (!sum(here.perHour)) {
      root.replaceChildren(title, say("none_in_months"));
      return;
    }
    if (!counted.total) {
      root.replaceChildren(title, say("no_events"));
      return;
    }
    if (scopes.get(root)?.chosen !== chosen) scopes.set(root, { chosen, whole: !chosen });
    const scope = scopes.get(root);
    const division = divisionOf(cube);
    const week = lb.element("div", "presence-week");

    function fillWeek() {
      const spot = scope.whole ? null : chosen;
      const inside = spot ? lb.countIn(cube, mask, spot.cells) : counted;
      const near = spot ? minutesNear(presence, mask, cells, spot.cells) : here;
      const events = eventsOf(inside, cube, mask.week);
      const present = minutesOf(near, presence, mask.week);
      const lets = (hour) => Boolean(mask.week[presence.hourBin[hour]]);
      const sentence = summaryOf(events, present, lets, spot, tools);
      const summary = lb.element("p", "presence-summary", division.full ? sentence : words.coarse);
      summary.setAttribute("role", "status");
      const details = lb.element(
        "details",
        "",
        lb.element("summary", "", words.numbers),
        partTable(
          eventsByPart(inside, cube, mask.week, division),
          byPart(present, division),
          division,
          tools,
        ),
      );
      details.open = week.querySelector("details")?.open ?? opened;
      details.firstChild.dataset.key = "numbers";
      const label = `${lb.say(words.chart, { name: spot ? spot.name : words.whole })} ${sentence}`;
      const drawn = division.full && sum(events) + sum(present) > 0;
      const unknown = near.perHour[HOURS];
      const time = tools.phrases.duration(unknown);
      const chart = () => matrix(events, present, mask, presence, label, tools);
      week.replaceChildren(
        summary,
        ...(drawn ? [chart(), keyOf(events, present, tools)] : []),
        ...(unknown ? [lb.element("p", "aside", lb.say(words.unknown, { time }))] : []),
        details,
      );
    }
    fillWeek();

    const found = gaps(spots, cube, presence, mask, cells);
    const none = say(spots.length ? "gaps_none" : "gaps_no_spots");
    const holidays = (mask.holidays ?? "any") !== "any";
    const reach = tools.phrases.distance(presence.reach);
    root.replaceChildren(
      title,
      ...promiseOf(presence, mask, here, tools),
      ...(chosen ? [scopePicker(scope, chosen, words, fillWeek)] : []),
      week,
      lb.element("h3", "", words.gaps),
      lb.element("p", "aside", lb.say(words.gaps_about, { reach })),
      found.length ? gapList(found, choose, tools) : none,
      ...(holidays ? [lb.element("p", "aside", words.holidays)] : []),
      ...(presence.outside ? [lb.element("p", "aside", presence.outside)] : []),
      lb.element("p", "aside", words.note),
    );
    // Drawing anew must not take the focus from whom it serves.
    const keyed = [...root.querySelectorAll("[data-key]")];
    if (held) keyed.find((each) => each.dataset.key === held)?.focus({ preventScroll: true });
  }

  function scopePicker(scope, chosen, words, changed) {
    const picker = lb.element("fieldset", "order", lb.element("legend", "hidden", words.scope));
    for (const [whole, label] of [[false, chosen.name], [true, words.whole]]) {
      const input = document.createElement("input");
      const checked = scope.whole === whole;
      Object.assign(input, { type: "radio", name: "presence-scope", checked });
      input.dataset.key = `scope ${whole}`;
      input.addEventListener("change", () => {
        scope.whole = whole;
        changed();
      });
      picker.append(lb.element("label", "", input, lb.element("span", "", label)));
    }
    return picker;
  }

  Object.assign(globalThis.lagesbild, {
    unpackPresence,
    minutes,
    minutesNear,
    needs,
    minutesSurface,
    presenceSurfaces,
    gaps,
    tellingBlock,
    perWeek,
    fillPresence,
  });
}
