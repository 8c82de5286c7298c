// The list beside the map: everything that the map says about each hotspot, in words.
"use strict";
globalThis.lagesbild ??= {};
{
  const { fill, numbers, hourMatrix, monthBars } = globalThis.lagesbild;

  /** An element with a class and children; strings become text, never markup. */
  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }

  function figure(label, value, title) {
    const made = element("div", "", element("dt", "", label), element("dd", "", String(value)));
    if (title) made.title = title;
    return made;
  }

  /** Hotspots in the order of their strength or of their gap; those without a gap come last. */
  function ordered(spots, order) {
    const by = (spot) => (order === "gap" ? (spot.gap ?? Infinity) : spot.rank);
    return [...spots].sort((a, b) => by(a) - by(b) || a.rank - b.rank);
  }

  function charts(spot, content, bytes) {
    const { words } = content;
    const shares = (packed) => Array.from(numbers(bytes, packed), (n) => n / spot.unit);
    const hours = shares(spot.hours);
    const monthly = shares(spot.monthly);
    const told = new Intl.NumberFormat(content.language, { maximumFractionDigits: 1 });
    const list = monthly.map((n, i) => `${content.months[i]} ${told.format(n)}`).join(", ");
    const most = Math.max(1, ...spot.categories.map(([, n]) => n));
    return [
      element(
        "dl",
        "facts",
        spot.stability ? figure(words.stability, spot.stability.means) : null,
        figure(words.size, spot.area),
        spot.weighted ? figure(words.weighted, spot.weighted) : null,
      ),
      element("h4", "", words.hours),
      hourMatrix(
        hours,
        content.weekdays_short,
        fill(words.hours_of, { name: spot.name, peak: spot.peak || words.no_peak }),
        told,
      ),
      spot.unit > 1 ? element("p", "aside", words.spread) : null,
      spot.unknown_hours
        ? element("p", "aside", fill(words.unknown_hours, { n: spot.unknown_hours }))
        : null,
      ...(content.months.length
        ? [
            element("h4", "", words.months),
            monthBars(
              monthly,
              content.months,
              content.month,
              fill(words.months_of, { name: spot.name, list }),
              told,
            ),
          ]
        : []),
      element("h4", "", words.categories),
      element(
        "ul",
        "kinds",
        ...spot.categories.map(([label, n]) => {
          const meter = element("i", "");
          meter.style.width = `${(100 * n) / most}%`;
          return element("li", "", element("span", "", label), element("b", "", String(n)), meter);
        }),
      ),
    ].filter(Boolean);
  }

  /** A word for how steady a hotspot is, with what it means behind it. */
  function badge({ kind, word, means }) {
    const made = element("span", `steady ${kind}`, word);
    made.title = means;
    return made;
  }

  function item(spot, content, bytes, on) {
    const { words } = content;
    const name = element("button", "spot-name", spot.name);
    name.type = "button";
    name.title = fill(words.show, { name: spot.name });
    const figures = element(
      "dl",
      "figures",
      figure(words.events, spot.n),
      figure(words.times, spot.times),
      spot.patrol === null ? null : figure(words.patrol, spot.patrol),
      spot.gap === null ? null : figure(words.gap, fill(words.gap_value, { n: spot.gap, of: content.of }), words.gap_help),
    );
    const facts = element(
      "dl",
      "facts",
      spot.change ? figure(words.change, spot.change) : null,
      spot.recent ? figure(words.recent, spot.recent) : null,
      spot.near ? figure(words.near, spot.near) : null,
    );
    const details = element("details", "", element("summary", "", words.details));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) {
        details.append(element("div", "charts", ...charts(spot, content, bytes)));
      }
    });
    const rank = element("span", "rank", String(spot.rank));
    rank.title = fill(words.rank, { n: spot.rank });
    const made = element(
      "li",
      "spot",
      rank,
      element(
        "h3",
        "",
        name,
        spot.new ? element("span", "new", words.new) : null,
        spot.stability ? badge(spot.stability) : null,
      ),
      figures,
      element("p", "reason", spot.reason),
      facts,
      details,
    );
    made.dataset.rank = spot.rank;
    name.addEventListener("click", () => on.choose(spot));
    for (const event of ["mouseenter", "focusin"]) made.addEventListener(event, () => on.point(spot));
    for (const event of ["mouseleave", "focusout"]) made.addEventListener(event, () => on.point(null));
    return made;
  }

  /** Fills the list with the hotspots of a view; on.choose and on.point tell the map. */
  function fillRanking(list, view, content, bytes, on) {
    const among = { ...content, of: view.spots.length };
    list.replaceChildren(...view.spots.map((spot) => item(spot, among, bytes, on)));
  }

  /** Puts the items in order; what is open stays open. */
  function orderRanking(list, view, order) {
    const items = new Map([...list.children].map((each) => [Number(each.dataset.rank), each]));
    list.append(...ordered(view.spots, order).map((spot) => items.get(spot.rank)));
  }

  /** Fills the box above the list with what is new, or with the answer that nothing is. */
  function fillAlerts(box, groups, show) {
    box.replaceChildren(
      ...groups.map((group) => {
        const items = group.items.map((each, i) => {
          const name = element("button", "alert-name", each.name);
          name.type = "button";
          name.addEventListener("click", () => show(group, i));
          return element(
            "li",
            each.significant ? "alert" : "alert unsure",
            each.significant ? element("span", "letter", each.letter) : null,
            element("div", "", element("h3", "", name), element("p", "", each.text)),
          );
        });
        return element(
          "section",
          "alerts",
          element("h2", "", group.title),
          group.none ? element("p", "empty", group.none) : null,
          items.length ? element("ul", "", ...items) : null,
          group.more ? element("p", "more", group.more) : null,
        );
      }),
    );
  }

  /** Marks the chosen hotspot, and brings it into sight when the map asked for it. */
  function markChosen(list, spot, bring) {
    for (const each of list.children) {
      const mine = spot !== null && Number(each.dataset.rank) === spot.rank;
      each.classList.toggle("chosen", mine);
      const button = each.querySelector("button");
      if (mine) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      if (mine && bring) {
        button.focus({ preventScroll: true });
        const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
        each.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      }
    }
  }

  Object.assign(globalThis.lagesbild, { element, ordered, fillRanking, fillAlerts, orderRanking, markChosen });
}
