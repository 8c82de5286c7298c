// The panel of one hotspot: why, when, since when, what, what is near, and where to copy it from.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { element, known } = lb;
  const closing = new WeakMap();

  /** Coordinates as people write them, north and latitude first, both to about a metre. */
  function coordinates(spot, words) {
    const [east, north] = spot.at;
    const [lon, lat] = spot.lngLat;
    return {
      metres: lb.fill(words.panel.metres, { north: String(north), east: String(east) }),
      degrees: `${lat.toFixed(5)}, ${lon.toFixed(5)}`,
    };
  }

  /** Months by name, runs joined: "januari 2020 till mars 2020, maj 2020". */
  function monthsTold(positions, labels, words) {
    return positions
      .map(([a, b]) =>
        a === b ? labels[a] : lb.fill(words.panel.through, { first: labels[a], last: labels[b] }),
      )
      .join(", ");
  }

  /** What has to be said about months of which nothing is known; nothing where all is known. */
  function unknownTold({ labels, now, before }, words) {
    const told = [];
    const say = (entry, values) => {
      const missing = lb.unknownRuns(values);
      const n = values.filter((one) => one === null).length;
      if (n) told.push(lb.say(entry, { n, months: monthsTold(missing, labels, words) }));
    };
    say(words.panel.unknown_months, now);
    if (!before || before.every((n) => n === null)) told.push(words.panel.no_before);
    // What is not known itself is not said twice.
    else
      say(
        words.panel.unknown_before,
        before.map((n, i) => (now[i] === null ? 0 : n)),
      );
    return told;
  }

  /** A table for those who do not see a chart: rows of cells, the first of each its heading. */
  function spoken(caption, heads, rows) {
    const cells = ([first, ...rest]) => {
      const head = element("th", "", first);
      head.scope = "row";
      return element("tr", "", head, ...rest.map((text) => element("td", "", text)));
    };
    const columns = heads.map((text) => {
      const head = element("th", "", text);
      head.scope = "col";
      return head;
    });
    const table = element(
      "table",
      "",
      element("caption", "", caption),
      element("thead", "", element("tr", "", ...columns)),
      element("tbody", "", ...rows.map(cells)),
    );
    return element("div", "hidden", table);
  }

  function section(title, ...children) {
    return element("section", "", element("h3", "", title), ...children);
  }

  /** The steps of the matrix with what the darkest (in the dark the lightest) stands for. */
  function ramp(most, told, text) {
    const steps = [0, 1, 2, 3, 4, 5].map((i) => element("i", `step-${i}`));
    for (const one of steps) one.setAttribute("aria-hidden", "true");
    return element(
      "p",
      "ramp-line",
      "0",
      element("span", "steps", ...steps),
      told.format(most),
      element("span", "", text),
    );
  }

  /** Hours by weekday; per is the hours that the page still tells apart (168: none). */
  function when(spot, { content, words, told, per }) {
    if (per > 24) return section(words.hours, element("p", "aside", words.panel.coarse_hours));
    const week = lb.weekOf(spot.hours, per);
    const asides = [
      spot.unit > 1 ? element("p", "aside", words.spread) : null,
      spot.unknown_hours
        ? element(
            "p",
            "aside",
            lb.fill(words.unknown_hours, { n: told.format(spot.unknown_hours) }),
          )
        : null,
    ];
    if (!(week.total > 0)) {
      return section(words.hours, element("p", "aside", words.panel.no_hours), ...asides);
    }
    const name = spot.name;
    const days = content.weekdays_short;
    const block = per === 1 ? (spot.block ?? null) : null;
    const size = Math.max(per, 6);
    const coarse = lb.weekOf(spot.hours, size);
    const all = words.panel.total;
    let key = words.panel.key;
    if (per > 1) key = lb.fill(words.panel.key_hours, { n: per });
    if (per === 24) key = words.panel.key_days;
    const heads = Array.from({ length: 24 / size }, (_, i) => lb.between(i * size, (i + 1) * size));
    return section(
      words.hours,
      spot.peak
        ? element(
            "p",
            "said",
            lb.fill(words.panel[block ? "framed" : "most_hours"], { peak: spot.peak }),
          )
        : null,
      lb.hourMatrix(spot.hours, days, {
        label: lb.fill(words.hours_of, { name, peak: spot.peak || words.no_peak }),
        told,
        per,
        block,
        all,
        hot: spot.hot ?? [],
      }),
      per === 1 && spot.hot_said
        ? element("p", "aside", lb.fill(words.rhythm.spot, { said: spot.hot_said }))
        : null,
      ramp(week.most, told, key),
      spoken(
        lb.fill(words.panel.blocks, { name }),
        [words.panel.weekday, ...heads, all],
        [
          ...coarse.days.map((row, i) => [days[i], ...row, coarse.byDay[i]]),
          [all, ...coarse.byHour, coarse.total],
        ].map(([head, ...row]) => [head, ...row.map((n) => told.format(n))]),
      ),
      ...asides,
    );
  }

  /** The months of a hotspot; those of the period alone where the page carries no others. */
  function seriesOf(spot, content) {
    if (spot.series) return spot.series.labels.length ? spot.series : null;
    if (!spot.monthly || !content.months.length) return null;
    const now = Array.from(spot.monthly);
    return { labels: content.months, now, before: null, meeting: content.month };
  }

  function monthly(spot, { content, words, told }) {
    const series = seriesOf(spot, content);
    if (!series) return null;
    const { labels, now, before, meeting } = series;
    const { panel } = words;
    const top = now.reduce((best, n, i) => (n !== null && n > (now[best] ?? -1) ? i : best), 0);
    const write = (n) => (n === null || n === undefined ? panel.unknown : told.format(n));
    const key = (kind, text) => element("li", "", element("i", kind), text);
    const compared = before?.some((n) => n !== null) ?? false;
    const heads = [panel.month, panel.now, ...(compared ? [panel.before_key] : [])];
    const rows = labels.map((label, i) => [
      label,
      write(now[i]),
      ...(compared ? [write(before[i])] : []),
    ]);
    const label = lb.fill(panel.months_of, {
      name: spot.name,
      n: write(now[top]),
      month: labels[top],
    });
    return section(
      words.months,
      lb.monthBars(
        { ...series, before: compared ? before : null },
        { label, told, unknown: panel.unknown },
      ),
      element(
        "ul",
        "keys",
        key("bar", panel.now_key),
        labels[meeting] ? key("bar now", labels[meeting]) : null,
        compared ? key("then", panel.before_key) : null,
      ),
      ...unknownTold(series, words).map((text) => element("p", "aside", text)),
      spoken(label, heads, rows),
    );
  }

  function kinds(spot, { words, told }) {
    if (!spot.categories?.length) return null;
    const most = Math.max(1, ...spot.categories.map(([, n]) => n));
    const items = spot.categories.map(([label, n]) => {
      const bar = element("i", "");
      bar.style.width = `${(100 * n) / most}%`;
      return element(
        "li",
        "",
        element("span", "", label),
        element("b", "", told.format(n)),
        element("span", "track", bar),
      );
    });
    return section(words.categories, element("ul", "kinds", ...items));
  }

  const ARROWS = { up: "↗", down: "↘", same: "→" };

  /** Label and values of facts; a fact without a value is absent. */
  function facts(rows) {
    const there = rows.filter(([, ...values]) => known(values[0]));
    if (!there.length) return null;
    return element(
      "dl",
      "facts",
      ...there.map(([label, ...values]) =>
        element(
          "div",
          "",
          element("dt", "", label),
          ...values.filter(known).map((one) => element("dd", "", one)),
        ),
      ),
    );
  }

  function quiet(text) {
    return text ? element("small", "", text) : null;
  }

  /** How the place has been hot over time, by the rule of most of its cells, and of how many. */
  function course({ course: found }, words) {
    const [rule, of] = found ?? [];
    return [words.panel.course, rule, quiet(of)];
  }

  function development(spot, { words }) {
    const arrow = ARROWS[spot.trend_kind];
    const sign = arrow ? element("span", "arrow", `${arrow} `) : null;
    sign?.setAttribute("aria-hidden", "true");
    const trend = spot.trend ? element("span", "", sign, spot.trend) : null;
    const steady = spot.stability;
    const found = facts([
      [words.change, spot.change],
      [words.panel.trend, trend],
      [words.recent, spot.recent],
      course(spot, words),
      [
        words.stability,
        steady && element("strong", "", steady.word),
        steady && quiet(steady.means),
      ],
      [words.panel.chance, spot.p, spot.p && quiet(words.panel.chance_help)],
    ]);
    return found && section(words.panel.development, found);
  }

  /** Two coordinates, each with a button that copies it and says so. */
  function position(spot, { content, words, copy }) {
    const { panel } = words;
    const { metres, degrees } = coordinates(spot, words);
    const status = element("p", "copied");
    status.setAttribute("role", "status");
    const rows = [
      [content.crsName ?? "SWEREF 99 TM", metres],
      [panel.wgs, degrees],
    ].map(([what, text]) => {
      const button = element("button", "plain", panel.copy);
      button.type = "button";
      button.setAttribute("aria-label", lb.fill(panel.copy_what, { what }));
      button.addEventListener("click", async () => {
        status.textContent = "";
        const done = await copy(text);
        status.textContent = done ? lb.fill(panel.copied, { what }) : panel.copy_failed;
        status.classList.toggle("failed", !done);
      });
      return element(
        "div",
        "",
        element("dt", "", what),
        element("dd", "", element("span", "position", text), button),
      );
    });
    return [element("dl", "positions", ...rows), status];
  }

  function site(spot, tools) {
    const { words } = tools;
    const around = spot.around?.map(([kind, text]) => element("span", "", `${kind}: ${text}`));
    const near = around?.length ? around : [spot.near];
    return section(
      words.panel.site,
      facts([
        [words.near, ...near],
        [words.weighted, spot.weighted],
        [words.size, spot.area],
      ]),
      ...position(spot, tools),
    );
  }

  function named(name, className, { text, label, way, act }) {
    const made = element("button", className, ...text);
    made.type = "button";
    made.dataset.way = way;
    if (label) {
      made.setAttribute("aria-label", label);
      made.title = label;
    }
    made.addEventListener("click", act);
    return made;
  }

  const drawn = (d) => {
    const icon = lb.svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" });
    icon.append(lb.svg("path", { d }));
    return icon;
  };

  function head(spot, view, { content, words, close, show, step }) {
    const { panel } = words;
    const of = view.spots.length;
    const way = (name, label, d, by) =>
      named("button", "plain", { text: [drawn(d)], label, way: name, act: () => step(by) });
    const back = { text: [drawn("M9.5 3 4.5 8l5 5"), panel.back], way: "back", act: () => close() };
    const seen = { text: [panel.show], way: "show", act: () => show(spot) };
    return element(
      "header",
      "",
      element(
        "div",
        "ways",
        named("button", "plain back", back),
        element(
          "span",
          "steps-of",
          element("span", "", lb.fill(panel.place, { n: spot.rank, of })),
          ...(of > 1
            ? [
                way("previous", panel.previous, "M3 10.5 8 5.5l5 5", -1),
                way("next", panel.next, "M3 5.5l5 5 5-5", 1),
              ]
            : []),
        ),
      ),
      element(
        "div",
        "title",
        lb.rankOf(spot, content),
        element("h2", "", element("span", "name-of", spot.name), ...lb.badges(spot, content)),
      ),
      spot.reason ? element("p", "reason", spot.reason) : null,
      lb.figures(spot, content, of),
      named("button", "plain show", seen),
    );
  }

  /**
   * Fills an empty element with all that is known of a hotspot. tools: content, words; copy(text)
   * promises whether it worked; close(); show(spot) on the map; step(+1 or -1) to another hotspot.
   * The button that the reader pressed keeps the focus when the next hotspot fills the panel.
   */
  function fillPanel(root, spot, view, tools) {
    const { content, words } = tools;
    const told = new Intl.NumberFormat(content.language, { maximumFractionDigits: 1 });
    const per = view.live ? (content.cube?.hoursPerBin ?? 1) : 1;
    const all = { ...tools, told, per };
    if (!closing.has(root)) {
      root.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        closing.get(root)();
      });
    }
    closing.set(root, tools.close);
    const pressed = root.contains(document.activeElement) && document.activeElement.dataset.way;
    root.setAttribute("aria-label", spot.name);
    root.replaceChildren(
      ...[
        head(spot, view, all),
        when(spot, all),
        monthly(spot, all),
        kinds(spot, all),
        development(spot, all),
        site(spot, all),
      ].filter((part) => part !== null),
    );
    if (pressed) root.querySelector(`[data-way="${pressed}"]`)?.focus({ preventScroll: true });
  }

  Object.assign(globalThis.lagesbild, { coordinates, seriesOf, unknownTold, fillPanel });
}
