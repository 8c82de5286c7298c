// When a whole map has more than expected: hours, months, and dark and free days beside others.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { element } = lb;

  const heading = (text) => element("h3", "", text);

  /** In words, what has more than expected; the charts mark hours and months by a dot. */
  function summed({ more }, { words }) {
    const rows = ["clock", "weekdays", "hours", "months"].filter((key) => more[key]);
    if (!rows.length) return [element("p", "said", words.rhythm.none)];
    // A time is not torn at the end of a line.
    const whole = (time, i) => [i ? ", " : "", element("span", "time", time)];
    const row = (key) => {
      const times = more[key].split(", ").flatMap(whole);
      return element("div", "", element("dt", "", words.rhythm[key]), element("dd", "", ...times));
    };
    const dots = more.hours || more.months ? element("p", "aside", words.rhythm.dots) : null;
    return [heading(words.rhythm.more), element("dl", "facts", ...rows.map(row)), dots];
  }

  function hours({ hours: found, more }, { words, told, content, name }) {
    if (!found) return [];
    const said = more.hours || words.rhythm.nothing;
    const { total: all } = words.panel;
    const label = lb.fill(words.rhythm.of, { name, said });
    return [
      heading(words.rhythm.by_hour),
      lb.hourMatrix(found.n, content.weekdays_short, { label, told, all, hot: found.hot }),
    ];
  }

  function months({ months: found, more }, { words, told, name }) {
    if (!found) return [];
    const { labels, n: now, hot } = found;
    const said = more.months || words.rhythm.nothing;
    const label = lb.fill(words.rhythm.months_of, { name, said });
    return [
      heading(words.rhythm.by_month),
      lb.monthBars({ labels, now, before: null, meeting: -1, hot }, { label, told, unknown: "" }),
    ];
  }

  function contrasts({ contrasts: rows }, { words }) {
    if (!rows.length) return [];
    const headed = (name, scope, text, className = "") => {
      const made = element(name, className, text);
      made.scope = scope;
      return made;
    };
    const heads = ["time", "events", "against"].map((key) =>
      headed("th", "col", words.rhythm[key], key === "events" ? "number" : ""),
    );
    const line = ([label, n, said]) =>
      element("tr", "", headed("th", "row", label), element("td", "number", n), element("td", "", said));
    const about = element("small", "", words.rhythm.contrasts_about);
    return [
      element(
        "table",
        "contrasts",
        element("caption", "", words.rhythm.contrasts, about),
        element("thead", "", element("tr", "", ...heads)),
        element("tbody", "", ...rows.map(line)),
      ),
    ];
  }

  /** Fills a section with the rhythm of a view; hides it where the view has none. */
  function fillRhythm(root, view, { content, words }) {
    root.hidden = !view.rhythm;
    root.replaceChildren();
    if (root.hidden) return;
    const told = new Intl.NumberFormat(content.language, { maximumFractionDigits: 1 });
    const tools = { content, words, told, name: view.label };
    const title = element("h2", "", words.rhythm.title);
    const parts = [summed, hours, months, contrasts]
      .map((part) => part(view.rhythm, tools).filter(Boolean))
      .filter((part) => part.length);
    root.append(title, ...parts.map((part) => element("div", "", ...part)));
  }

  Object.assign(globalThis.lagesbild, { fillRhythm });
}
