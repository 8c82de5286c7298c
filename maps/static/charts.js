// Two small charts of a hotspot: hour by weekday, and months.
"use strict";
globalThis.lagesbild ??= {};
{
  const SVG = "http://www.w3.org/2000/svg";

  function svg(name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /** A step 0 (nothing) to 5 (most) for a count. */
  const step = (n, most) => (n > 0 ? Math.max(1, Math.ceil((5 * n) / most)) : 0);

  /** 7 x 24 counts, Monday first, as a matrix of shaded squares; told writes numbers. */
  function hourMatrix(hours, days, label, told) {
    const [left, top, size] = [30, 14, 13];
    const width = left + 24 * size + 2;
    const chart = svg("svg", {
      viewBox: `0 0 ${width} ${top + 7 * size + 2}`,
      class: "matrix",
      role: "img",
      "aria-label": label,
    });
    for (let hour = 0; hour <= 24; hour += 6) {
      const anchor = hour === 24 ? "end" : hour ? "middle" : "start";
      chart.append(
        svg("text", { x: left + hour * size, y: 9, "text-anchor": anchor }, String(hour).padStart(2, "0")),
      );
    }
    const most = Math.max(...hours);
    for (let day = 0; day < 7; day += 1) {
      chart.append(svg("text", { x: 0, y: top + day * size + 10 }, days[day]));
      for (let hour = 0; hour < 24; hour += 1) {
        const n = hours[24 * day + hour];
        const square = svg("rect", {
          x: left + hour * size,
          y: top + day * size,
          width: size - 1,
          height: size - 1,
          class: `step-${step(n, most)}`,
        });
        if (n) {
          const time = `${String(hour).padStart(2, "0")}–${String(hour + 1).padStart(2, "0")}`;
          square.append(svg("title", {}, `${days[day]} ${time}: ${told.format(n)}`));
        }
        chart.append(square);
      }
    }
    return chart;
  }

  /** Counts by month as bars; the month of the meeting stands out. */
  function monthBars(counts, names, meeting, label, told) {
    const [height, bottom, top] = [64, 15, 14];
    const wide = 342 / counts.length;
    const chart = svg("svg", {
      viewBox: `0 0 342 ${top + height + bottom}`,
      class: "bars",
      role: "img",
      "aria-label": label,
    });
    const most = Math.max(1, ...counts);
    const every = Math.ceil(counts.length / 12);
    counts.forEach((n, i) => {
      const tall = (n / most) * height;
      const middle = (i + 0.5) * wide;
      const bar = svg("rect", {
        x: i * wide + 1,
        y: top + height - tall,
        width: Math.max(wide - 2, 1),
        height: tall,
        class: i === meeting ? "bar now" : "bar",
      });
      bar.append(svg("title", {}, `${names[i]}: ${told.format(n)}`));
      chart.append(bar);
      if (counts.length <= 13) {
        chart.append(
          svg("text", { x: middle, y: top + height - tall - 3, "text-anchor": "middle" }, told.format(n)),
        );
      }
      if (i % every === 0) {
        chart.append(
          svg(
            "text",
            { x: middle, y: top + height + 12, "text-anchor": "middle" },
            names[i].slice(0, 3).toLowerCase(),
          ),
        );
      }
    });
    chart.append(svg("line", { x1: 0, x2: 342, y1: top + height, y2: top + height, class: "axis" }));
    return chart;
  }

  Object.assign(globalThis.lagesbild, { svg, step, hourMatrix, monthBars });
}
