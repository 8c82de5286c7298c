// The list beside the map: everything that the map says about each hotspot, in words.
"use strict";
globalThis.lagesbild ??= {};
{
  const { fill } = globalThis.lagesbild;

  /** An element with a class and children; strings become text, never markup. */
  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }

  /** Not null, and not left out either. */
  const known = (value) => value !== null && value !== undefined && value !== "";

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

  /** A word for how steady a hotspot is, with what it means behind it. */
  function badge({ kind, word, means }) {
    const made = element("span", `steady ${kind}`, word);
    made.title = means;
    return made;
  }

  /** What stands beside a hotspot's name: whether it is new, and how steady. */
  function badges(spot, { words }) {
    return [
      spot.new ? element("span", "new", words.new) : null,
      spot.stability ? badge(spot.stability) : null,
    ];
  }

  /** The figures of a hotspot; of is how many hotspots the map has. What is not known is absent. */
  function figures(spot, { words }, of) {
    const gap = () => fill(words.gap_value, { n: spot.gap, of });
    return element(
      "dl",
      "figures",
      figure(words.events, spot.n),
      spot.times ? figure(words.times, spot.times) : null,
      known(spot.patrol) ? figure(words.patrol, spot.patrol) : null,
      known(spot.gap) ? figure(words.gap, gap(), words.gap_help) : null,
    );
  }

  /** The hotspot's number in its disc. */
  function rankOf(spot, { words }) {
    const made = element("span", "rank", String(spot.rank));
    made.title = fill(words.rank, { n: spot.rank });
    return made;
  }

  function item(spot, content, of, on) {
    const name = element("button", "spot-name", spot.name);
    name.type = "button";
    const made = element(
      "li",
      "spot",
      rankOf(spot, content),
      element("h3", "", name, ...badges(spot, content)),
      spot.reason ? element("p", "reason", spot.reason) : null,
      figures(spot, content, of),
    );
    made.dataset.rank = spot.rank;
    made.addEventListener("click", ({ target }) => {
      // Who marks a text in order to copy it does not mean to open it.
      const marked = getSelection();
      const copying = !marked.isCollapsed && marked.containsNode(made, true);
      if (name.contains(target) || !copying) on.choose(spot);
    });
    for (const event of ["mouseenter", "focusin"])
      made.addEventListener(event, () => on.point(spot));
    for (const event of ["mouseleave", "focusout"])
      made.addEventListener(event, () => on.point(null));
    return made;
  }

  /** Fills the list with the hotspots of a view; on.choose and on.point tell the map. */
  function fillRanking(list, view, content, on) {
    const of = view.spots.length;
    list.replaceChildren(...view.spots.map((spot) => item(spot, content, of, on)));
  }

  /** Puts the items in order; the reader's place is kept. */
  function orderRanking(list, view, order) {
    const items = new Map([...list.children].map((each) => [Number(each.dataset.rank), each]));
    const { activeElement } = document;
    list.append(...ordered(view.spots, order).map((spot) => items.get(spot.rank)));
    if (list.contains(activeElement)) activeElement.focus({ preventScroll: true });
  }

  /** A button that shows all items of a card, and all that they say. */
  function opener(card, group) {
    const made = element("button", "open-alerts", group.open);
    made.type = "button";
    made.ariaLabel = `${group.open}: ${group.title}`;
    made.ariaExpanded = "false";
    made.addEventListener("click", () => {
      made.ariaExpanded = String(card.classList.toggle("opened"));
    });
    return made;
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
            `alert${each.significant ? "" : " unsure"}${i < group.first ? "" : " later"}`,
            each.significant ? element("span", "letter", each.letter) : null,
            element(
              "div",
              "",
              element("h3", "", name),
              element("p", "brief", each.brief),
              element("p", "full", each.text),
            ),
          );
        });
        const card = element("section", "alerts", element("h2", "", group.title));
        card.append(group.none ? element("p", "empty", group.none) : opener(card, group));
        if (items.length) card.append(element("ul", "", ...items));
        if (group.more) card.append(element("p", "more later", group.more));
        return card;
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

  Object.assign(globalThis.lagesbild, {
    element,
    known,
    figure,
    figures,
    badges,
    rankOf,
    ordered,
    fillRanking,
    fillAlerts,
    orderRanking,
    markChosen,
  });
}
