// The table of hotspots: everything that the map and the list say, to be sorted, printed and read.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { element, known } = lb;
  const MOST_KINDS = 3;
  const STEADY = { fragile: 1, fairly: 2, stable: 3 };
  const TRENDS = { down: 1, same: 2, few: 2, up: 3 }; // "unknown" is none of them
  const chosen = new WeakMap();

  /** The first number in a text of the language: 1234.5 of "1 234,5 hektar"; null without one. */
  function numberIn(text, language) {
    if (!text) return null;
    const plain = language === "sv" ? text.replace(/(\d)\s(?=\d)/g, "$1") : text.replace(/,/g, "");
    const found = /\d+(?:[.,]\d+)?/.exec(plain);
    return found ? Number(found[0].replace(",", ".")) : null;
  }

  /** A p-value from its text; what is "less than" comes before what is equal. */
  function chance(text, language) {
    const p = numberIn(text, language);
    return p !== null && text.includes("<") ? p * 0.999 : p;
  }

  /**
   * What the columns hold: text for the reader, value to sort by, way of the first sorting; own is
   * what a hotspot itself has there, where the text falls back on something else.
   */
  function columnsOf({ content, words, counted }) {
    const { language } = content;
    const size = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const mostly = (spot) =>
      (spot.categories ?? [])
        .slice(0, MOST_KINDS)
        .map(([label, n]) => lb.fill(words.table.kind, { label, n: size.format(n) }))
        .join(", ");
    const month = ({ series }) => series?.now[series.meeting];
    const block = ({ block: at }) => at && 24 * at.firstDay + at.firstHour;
    return [
      { key: "rank", text: (s) => String(s.rank), value: (s) => s.rank, way: 1, number: true },
      { key: "name", text: (s) => s.name, value: (s) => s.name, way: 1 },
      { key: "events", text: (s) => s.n, value: (s) => s.count, way: -1, number: true },
      {
        key: "weighted",
        text: (s) => s.weighted || s.n, // only what differs from the count is told apart
        own: (s) => s.weighted,
        value: (s) => numberIn(s.weighted, language) ?? s.count,
        way: -1,
        number: true,
      },
      { key: "times", text: (s) => s.times, value: (s) => s.ratio, way: -1, number: true },
      {
        key: "p",
        text: (s) => s.p?.replace(/^p\s=\s/, "").replace(/^p\s/, ""),
        value: (s) => chance(s.p, language),
        way: 1,
        number: true,
      },
      { key: "peak", text: (s) => s.peak, value: (s) => block(s) ?? s.peak, way: 1 },
      { key: "change", text: (s) => s.change, value: (s) => month(s), way: -1 },
      {
        key: "trend",
        text: (s) => (TRENDS[s.trend_kind] ? words.table[`trend_${s.trend_kind}`] : ""),
        value: (s) => TRENDS[s.trend_kind],
        way: -1,
      },
      { key: "recent", text: (s) => s.recent, value: (s) => s.recent, way: 1 },
      {
        key: "stability",
        text: (s) => s.stability?.word,
        value: (s) => STEADY[s.stability?.kind],
        way: -1,
        title: (s) => s.stability?.means,
      },
      { key: "mostly", text: mostly, value: mostly, way: 1 },
      { key: "near", text: (s) => s.near, value: (s) => s.near, way: 1 },
      { key: "patrol", text: (s) => s.patrol, value: (s) => s.minutes, way: 1, number: true },
      {
        key: "gap",
        text: (s) => (known(s.gap) ? counted.format(s.gap) : ""),
        value: (s) => s.gap,
        way: 1,
        number: true,
      },
      {
        key: "area",
        text: (s) => s.area,
        value: (s) => numberIn(s.area, language),
        way: -1,
        number: true,
      },
      { key: "position", text: (s) => lb.coordinates(s, words), value: (s) => s.at[1], way: -1 },
    ];
  }

  /** Spots by a column's value, way 1 rising or -1 falling; without one last, ties by rank. */
  function sortedBy(spots, { value }, way, language) {
    const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
    const compare = (a, b) =>
      typeof a === "number" && typeof b === "number" ? a - b : words.compare(a, b);
    return [...spots].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (known(a) !== known(b)) return known(a) ? -1 : 1;
      return (known(a) ? way * compare(a, b) : 0) || one.rank - other.rank;
    });
  }

  function cell(spot, column, { words, choose }) {
    const { key } = column;
    const label = words.table[key];
    if (key === "position") {
      const { metres, degrees } = column.text(spot);
      const made = element(
        "td",
        "position",
        element("span", "", metres),
        " ",
        element("span", "", degrees),
      );
      made.dataset.head = label;
      return made;
    }
    const text = column.text(spot) ?? "";
    const made = element(key === "name" ? "th" : "td", column.number ? "number" : "");
    made.classList.add(`of-${key}`);
    made.dataset.head = label;
    if (key === "name") {
      made.scope = "row";
      made.append(choose ? button(text, () => choose(spot)) : text);
      if (spot.new) made.append(" ", element("span", "new", words.new));
    } else made.append(text || "–");
    if (column.title?.(spot)) made.title = column.title(spot);
    return made;
  }

  function button(text, act) {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  /**
   * Fills an element with the table of a view's hotspots, in the order that the reader last chose
   * there. Columns of which nothing is known for any hotspot are absent. choose(spot), when given,
   * makes the names buttons.
   */
  function fillTable(root, view, tools) {
    const { content, words } = tools;
    const { table: told } = words;
    if (!view.spots.length) {
      root.replaceChildren(element("p", "empty", told.none));
      return;
    }
    const columns = columnsOf(tools).filter(({ text, own = text }) =>
      view.spots.some((spot) => known(own(spot))),
    );
    let sorting = chosen.get(root) ?? { key: "rank", way: 1 };
    if (!columns.some(({ key }) => key === sorting.key)) sorting = { key: "rank", way: 1 };
    const body = element("tbody", "");
    const heads = columns.map((column) => {
      const head = element("th", column.number ? "number" : "");
      head.classList.add(`of-${column.key}`);
      head.scope = "col";
      const arrow = element("span", "arrow");
      arrow.setAttribute("aria-hidden", "true");
      const press = button(told[column.key], () => {
        const again = sorting.key === column.key;
        sorting = { key: column.key, way: again ? -sorting.way : column.way };
        chosen.set(root, sorting);
        sort();
      });
      press.append(arrow);
      head.append(press);
      return head;
    });
    function sort() {
      const { key, way } = sorting;
      const column = columns.find((one) => one.key === key);
      const spots = sortedBy(view.spots, column, way, content.language);
      body.replaceChildren(
        ...spots.map((spot) => element("tr", "", ...columns.map((one) => cell(spot, one, tools)))),
      );
      heads.forEach((head, i) => {
        const mine = columns[i].key === key;
        if (mine) head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
        else head.removeAttribute("aria-sort");
        head.querySelector(".arrow").textContent = mine ? (way > 0 ? "↑" : "↓") : "";
      });
    }
    sort();
    const title = lb.fill(told.caption, { label: view.label });
    const caption = element("caption", "", title, element("small", "", told.help));
    const table = element(
      "table",
      "spot-table",
      caption,
      element("thead", "", element("tr", "", ...heads)),
      body,
    );
    const region = element("div", "table-region", table);
    region.tabIndex = 0;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", title);
    root.replaceChildren(region);
  }

  Object.assign(globalThis.lagesbild, { numberIn, columnsOf, sortedBy, fillTable });
}
