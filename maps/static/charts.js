// Two small charts of a hotspot: hour by weekday with sums, and months beside those of last year.
"use strict";
globalThis.lagesbild ??= {};
{
  const { two } = globalThis.lagesbild;
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 400;

  function svg(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /** A step 0 (nothing) to 5 (most) for a count. */
  const step = (n, most) => (n > 0 ? Math.max(1, Math.ceil((5 * n) / most)) : 0);

  /** Hours as a person writes them: 20–24. */
  const between = (from, to) => `${two(from)}–${two(to)}`;

  /** 168 counts, Monday 00 first, by day and `per` hours (1, 3, 6, 24), with their sums. */
  function weekOf(hours, per = 1) {
    const across = 24 / per;
    const days = Array.from({ length: 7 }, () => new Array(across).fill(0));
    for (let hour = 0; hour < 168; hour += 1) {
      days[Math.floor(hour / 24)][Math.floor((hour % 24) / per)] += hours[hour];
    }
    const byDay = days.map((row) => row.reduce((a, n) => a + n, 0));
    const byHour = days[0].map((_, i) => days.reduce((a, row) => a + row[i], 0));
    const total = byDay.reduce((a, n) => a + n, 0);
    return { days, byDay, byHour, total, most: Math.max(...days.flat()) };
  }

  /** Days or hours first to last, both included, as runs that do not wrap: [from, to). */
  function runs(first, last, length) {
    return first <= last
      ? [[first, last + 1]]
      : [
          [first, length],
          [0, last + 1],
        ];
  }

  /**
   * The frames of a block (lb.busiestBlock) as days [a, b) and hours [c, d): [[[a, b], [c, d]], …].
   * A night belongs to the day on which it begins, so what lies after midnight is a day later.
   */
  function framesOf({ firstDay, lastDay, firstHour, lastHour }) {
    const whole = (lastDay - firstDay + 7) % 7 === 6;
    const days = (later) =>
      whole ? [[0, 7]] : runs((firstDay + later) % 7, (lastDay + later) % 7, 7);
    return runs(firstHour, lastHour, 24).flatMap((hours, later) =>
      days(later).map((some) => [some, hours]),
    );
  }

  /**
   * A week as a matrix of shaded squares, days downwards; at its right and foot the sums of days
   * and hours. told writes numbers; block bounds the densest hours, or is null; hot are the hours
   * (Monday 00 first) that get a dot.
   */
  function hourMatrix(hours, days, { label, told, per = 1, block = null, hot = [], all }) {
    const week = weekOf(hours, per);
    const [left, top, wide, high, foot] = [36, 16, 12.5, 15, 26];
    const right = left + 24 * wide;
    const bottom = top + 7 * high;
    const blocks = per < 24;
    const chart = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${blocks ? bottom + foot + 24 : bottom + 2}`,
      class: "matrix",
      role: "img",
      "aria-label": label,
    });
    const put = (...made) => chart.append(svg(...made));
    for (let hour = 0; blocks && hour <= 24; hour += 6) {
      const anchor = hour === 24 ? "end" : hour ? "middle" : "start";
      put("text", { x: left + hour * wide, y: 11, "text-anchor": anchor }, two(hour));
    }
    const mostDay = Math.max(...week.byDay, 1);
    week.days.forEach((row, day) => {
      const y = top + day * high;
      put("text", { x: 0, y: y + 11.5 }, days[day]);
      row.forEach((n, i) => {
        const square = svg("rect", {
          x: left + i * per * wide,
          y,
          width: per * wide - 1,
          height: high - 1,
          class: `step-${step(n, week.most)}`,
        });
        const time = blocks ? ` ${between(i * per, (i + 1) * per)}` : "";
        square.append(svg("title", {}, `${days[day]}${time}: ${told.format(n)}`));
        chart.append(square);
      });
      const long = (30 * week.byDay[day]) / mostDay;
      put("rect", { x: right + 5, y: y + 3, width: long, height: high - 7, class: "sum" });
      put(
        "text",
        { x: WIDTH, y: y + 11.5, "text-anchor": "end", class: "told" },
        told.format(week.byDay[day]),
      );
    });
    for (const hour of per === 1 ? hot : []) {
      const cx = left + ((hour % 24) + 0.5) * wide - 0.5;
      const cy = top + (Math.floor(hour / 24) + 0.5) * high - 0.5;
      put("circle", { cx, cy, r: 3, class: "hot" });
    }
    if (!blocks) return chart;
    const mostHour = Math.max(...week.byHour, 1);
    week.byHour.forEach((n, i) => {
      const tall = (foot * n) / mostHour;
      const [x, y, width] = [left + i * per * wide, bottom + 4 + foot - tall, per * wide - 1];
      const bar = svg("rect", { x, y, width, height: tall, class: "sum" });
      bar.append(svg("title", {}, `${between(i * per, (i + 1) * per)}: ${told.format(n)}`));
      chart.append(bar);
    });
    const line = bottom + 4 + foot + 2;
    put("text", { x: 0, y: line + 13 }, all);
    for (let hour = 0; hour < 24; hour += 6) {
      const sum = week.byHour.slice(hour / per, (hour + 6) / per).reduce((a, n) => a + n, 0);
      const [x1, x2] = [left + hour * wide, left + (hour + 6) * wide - 1];
      put("path", { d: `M${x1 + 1} ${line}H${x2 - 1}`, class: "axis" });
      const middle = { x: (x1 + x2) / 2, y: line + 13, "text-anchor": "middle", class: "told" };
      put("text", middle, told.format(sum));
    }
    const corner = { x: WIDTH, y: line + 13, "text-anchor": "end", class: "told whole-sum" };
    put("text", corner, told.format(week.total));
    if (block && per === 1) {
      for (const [[a, b], [c, d]] of framesOf(block)) {
        put("rect", {
          x: left + c * wide - 1,
          y: top + a * high - 1,
          width: (d - c) * wide + 1,
          height: (b - a) * high + 1,
          class: "block",
        });
      }
    }
    return chart;
  }

  /** The year in which a month's name ends: 2021 of "december 2021"; empty where there is none. */
  const yearOf = (label) => /(\d{4})\D*$/.exec(label)?.[1] ?? "";

  /** Runs of months for which a list has null, by their first and last position. */
  function unknownRuns(values) {
    const found = [];
    values.forEach((n, i) => {
      if (n !== null) return;
      if (found.length && found.at(-1)[1] === i - 1) found.at(-1)[1] = i;
      else found.push([i, i]);
    });
    return found;
  }

  /**
   * Counts by month as bars, a year before as a tick across each; null is told as a gap. A dot is
   * on the bars whose positions are hot.
   */
  function monthBars({ labels, now, before, meeting, hot = [] }, { label, told, unknown }) {
    const [top, height] = [16, 84];
    const floor = top + height;
    const wide = WIDTH / now.length;
    const chart = svg("svg", {
      viewBox: `0 0 ${WIDTH} ${floor + 32}`,
      class: "bars",
      role: "img",
      "aria-label": label,
    });
    const most = Math.max(1, ...now, ...(before ?? []));
    const every = Math.ceil(now.length / 12);
    const tall = (n) => (n / most) * height;
    const roomy = now.length <= 13;
    if (!roomy) {
      chart.append(svg("line", { x1: 0, x2: WIDTH, y1: top, y2: top, class: "grid" }));
      chart.append(svg("text", { x: 0, y: top - 4, class: "told" }, told.format(most)));
    }
    let year = "";
    now.forEach((n, i) => {
      const middle = (i + 0.5) * wide;
      const then = before?.[i] ?? null;
      const gap = Math.min(wide * 0.36, 12);
      const text = { x: middle, "text-anchor": "middle" };
      if (n === null) chart.append(svg("text", { ...text, y: floor - 4, class: "unknown" }, "?"));
      else {
        const bar = svg("rect", {
          x: i * wide + gap / 2,
          y: floor - tall(n),
          width: wide - gap,
          height: tall(n),
          class: i === meeting ? "bar now" : "bar",
        });
        chart.append(bar);
      }
      if (then !== null) {
        const y = floor - tall(then);
        const d = `M${i * wide + gap / 8} ${y}H${(i + 1) * wide - gap / 8}`;
        chart.append(svg("path", { d, class: "then-halo" }), svg("path", { d, class: "then" }));
      }
      if (roomy && n !== null) {
        // The number stands on its bar, unless the tick is in the way.
        const tick = then === null ? 0 : tall(then);
        const free = tick > tall(n) + 18 || tick < tall(n);
        const y = floor - (free ? tall(n) : tick) - 5;
        chart.append(svg("text", { ...text, y, class: "told" }, told.format(n)));
      }
      // The whole height answers to the pointer: a small bar is hard to hit.
      const touch = svg("rect", { x: i * wide, y: 0, width: wide, height: floor, class: "touch" });
      const said = `${labels[i]}: ${n === null ? unknown : told.format(n)}`;
      touch.append(svg("title", {}, then === null ? said : `${said} (${told.format(then)})`));
      chart.append(touch);
      if (i % every === 0) {
        const month = labels[i].slice(0, 3);
        chart.append(svg("text", { ...text, x: Math.max(middle, 10), y: floor + 13 }, month));
      }
      if (yearOf(labels[i]) !== year) {
        year = yearOf(labels[i]);
        chart.append(
          svg("text", { x: Math.max(middle - 9, 0), y: floor + 27, class: "year" }, year),
        );
      }
    });
    for (const i of hot) {
      const cy = Math.min(floor - tall(now[i]) + 8, floor - 6);
      chart.append(svg("circle", { cx: (i + 0.5) * wide, cy, r: 3, class: "hot" }));
    }
    chart.append(svg("line", { x1: 0, x2: WIDTH, y1: floor, y2: floor, class: "axis" }));
    return chart;
  }

  Object.assign(globalThis.lagesbild, {
    svg,
    step,
    weekOf,
    runs,
    framesOf,
    unknownRuns,
    hourMatrix,
    monthBars,
    between,
  });
}
