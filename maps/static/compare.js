// Sets two times against each other: what is new, gone, grown; a list, and a line over the map.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const MONTHS_BACK = { month: 1, year: 12 };
  /** Shares of the map's width below which one side of the line has no room for its label. */
  const NARROW = 0.12;
  const STATUSES = ["new", "gone", "grown", "fewer", "same", "few"];
  const STATUS_OF = { up: "grown", down: "fewer", same: "same", few: "few" };

  const bins = ([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

  /**
   * What a choice ("month" or "year") sets against months [first, last] of the filter, as bins:
   * {choice, why, now, then, whole, counted: {now, then}}. now and then are the periods whose
   * hotspots are compared. counted are those whose events are: the whole periods where they do not
   * overlap (whole), else the latest bins only, for what both periods hold cannot differ.
   * why is "" or the reason why it cannot be compared: "coarse" (bins longer than the step),
   * "start" (it begins before the first bin), "unknown" (a counted bin has no data at all; bin is
   * that bin). cube is content.cube; known says for each bin whether it holds any event.
   */
  function comparison(choice, months, cube, known) {
    const back = MONTHS_BACK[choice] / cube.monthsPerBin;
    const [first, last] = months;
    const then = [first - back, last - back];
    const whole = then[1] < first;
    const counted = whole
      ? { now: [first, last], then }
      : { now: [last, last], then: [then[1], then[1]] };
    const made = { choice, why: "", now: [first, last], then, whole, counted, back };
    if (!Number.isInteger(back)) return { ...made, why: "coarse" };
    if (then[0] < 0 || cube.monthSpans?.[then[0]] === null) return { ...made, why: "start" };
    const bin = [...bins(counted.then), ...bins(counted.now)].find((one) => !known[one]);
    return bin === undefined ? made : { ...made, why: "unknown", bin };
  }

  /** Sums counts per bin (lb.countIn(…).perMonth) over what a comparison counts: {now, then}. */
  function countsOf({ counted }, perMonth) {
    const sum = (period) => bins(period).reduce((a, bin) => a + perMonth[bin], 0);
    return { now: sum(counted.now), then: sum(counted.then) };
  }

  /** The times of a comparison in words: {now, then, countedNow, countedThen}; and its choice. */
  function timesOf({ choice, now, then, counted }, content) {
    const text = (months) => lb.monthsText(months, content);
    return {
      choice,
      now: text(now),
      then: text(then),
      countedNow: text(counted.now),
      countedThen: text(counted.then),
    };
  }

  const around = (a, b) => [
    Math.min(a[0], b[0]),
    Math.min(a[1], b[1]),
    Math.max(a[2], b[2]),
    Math.max(a[3], b[3]),
  ];

  /** Says of a cell whether it was hot: also where its place is not among those that are listed. */
  function heat(view) {
    if (view.claims) return (cell) => Boolean(view.claims.hot[cell]);
    const cells = new Set(view.spots.flatMap((spot) => [...spot.cells]));
    return (cell) => cells.has(cell);
  }

  /** Hotspots of both views that share cells, directly or through one another, as one place. */
  function matched(nowView, thenView) {
    const places = new Set();
    const placeOf = new Map();
    const own = (place) => {
      for (const { spot } of place.now) for (const cell of spot.cells) placeOf.set(cell, place);
    };
    const members = (view) => view.spots.map((spot, i) => ({ spot, box: view.shapes[i].box }));
    for (const member of members(nowView)) {
      const place = { now: [member], then: [] };
      places.add(place);
      own(place);
    }
    for (const member of members(thenView)) {
      const shared = new Set(Array.from(member.spot.cells, (cell) => placeOf.get(cell)));
      shared.delete(undefined);
      const place = { now: [], then: [member] };
      for (const part of shared) {
        place.now.push(...part.now);
        place.then.push(...part.then);
        places.delete(part);
      }
      places.add(place);
      own(place);
    }
    return [...places];
  }

  /**
   * Compares the hotspots of two views. A place is new when none of its cells was hot then, gone
   * when none is hot now (as maps/views.py says new). Others, cell for cell the same place or not,
   * are compared by counts within all their cells, now's and then's: counts(cells) → {now, then},
   * whole numbers of equally long times; grown, fewer, same or few by lb.compareTwo. Places that
   * were split or merged are one, so that no event counts twice.
   * Gives [{status, name, now, then, cells, box, nowSpots, thenSpots, nowSpot, thenSpot}], new
   * first, then gone, grown, fewer, same, few, by count within each; nowSpot and thenSpot are the
   * strongest, or null. Gives null when either view has too little to point anything out.
   */
  function compared(nowView, thenView, counts) {
    if (![nowView, thenView].every(({ enough, tested }) => enough && tested)) return null;
    const [hotNow, hotThen] = [heat(nowView), heat(thenView)];
    const byRank = (a, b) => a.rank - b.rank;
    const found = matched(nowView, thenView).map((place) => {
      const nowSpots = place.now.map(({ spot }) => spot).sort(byRank);
      const thenSpots = place.then.map(({ spot }) => spot).sort(byRank);
      const spots = [...nowSpots, ...thenSpots];
      const cells = [...new Set(spots.flatMap((spot) => [...spot.cells]))].sort((a, b) => a - b);
      const { now, then } = counts(cells);
      let status = STATUS_OF[lb.compareTwo(now, then)];
      if (!cells.some(hotThen)) status = "new";
      else if (!cells.some(hotNow)) status = "gone";
      return {
        status,
        name: spots[0].name,
        now,
        then,
        cells,
        box: [...place.now, ...place.then].map(({ box }) => box).reduce(around),
        nowSpots,
        thenSpots,
        nowSpot: nowSpots[0] ?? null,
        thenSpot: thenSpots[0] ?? null,
      };
    });
    const place = ({ status }) => STATUSES.indexOf(status);
    const main = (one) => (one.status === "gone" ? one.then : one.now);
    const rank = ({ nowSpot, thenSpot }) => (nowSpot ?? thenSpot).rank;
    return found.sort(
      (a, b) => place(a) - place(b) || main(b) - main(a) || b.then - a.then || rank(a) - rank(b),
    );
  }

  /** The word for one place's status. */
  const statusWord = (status, words) => lb.say(words.compare[status], { n: 1 });

  /** The status of each hotspot, now's and then's, as a word: for tables. Gives spot → word. */
  function spotStatuses(places, words) {
    const told = new Map();
    for (const { status, nowSpots, thenSpots } of places) {
      for (const spot of [...nowSpots, ...thenSpots]) told.set(spot, statusWord(status, words));
    }
    return told;
  }

  const SIGNS = {
    new: "M8 3v10M3 8h10",
    gone: "M3 8h10",
    grown: "M8 13.5V3M3.5 7.5 8 3l4.5 4.5",
    fewer: "M8 2.5V13M3.5 8.5 8 13l4.5-4.5",
    same: "M3 6h10M3 10.5h10",
    few: "M3.2 8h.1M8 8h.1M12.8 8h.1",
  };

  function sign(name) {
    const made = lb.svg("svg", { viewBox: "0 0 16 16", class: "sign", "aria-hidden": "true" });
    made.append(lb.svg("path", { d: SIGNS[name] }));
    return made;
  }

  const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

  /** Came or went by its cells alone: its counts are too few to show any difference. */
  const unsure = ({ status, now, then }) =>
    (status === "new" || status === "gone") && lb.compareTwo(now, then) === "few";

  /**
   * What a status means for its places. Where the periods overlap, only their latest months are
   * counted, and a place without events in either has come or gone by what lay further back.
   */
  function meansOf(status, places, { words: { compare }, whole, times }) {
    const means = compare[`${status}_means`];
    const moved = compare[`${status}_moved`];
    if (whole || !moved || !places.some(({ now, then }) => !now && !then)) return means;
    return `${means} ${lb.fill(moved, { step: compare[`step_${times.choice}`] })}`;
  }

  function placeItem(place, { words, told, go, point }) {
    const { name, now, then, nowSpots, thenSpots } = place;
    const ranks = nowSpots.map(({ rank }) => lb.element("span", "rank", String(rank)));
    const counts = { now: told.format(now), then: told.format(then) };
    const seen = lb.element("span", "", `${counts.then} → ${counts.now}`);
    seen.setAttribute("aria-hidden", "true");
    const split = nowSpots.length > 1 || thenSpots.length > 1;
    const parts = { n: thenSpots.length, then: thenSpots.length, now: nowSpots.length };
    const button = lb.element(
      "button",
      "compare-place",
      lb.element("span", "ranks", ...(ranks.length ? ranks : [lb.element("span", "rank then")])),
      " ", // for those who hear it: no parts of a button's name run together
      lb.element(
        "span",
        "compare-name",
        name,
        split ? lb.element("small", "", lb.say(words.compare.parts, parts)) : null,
      ),
      " ",
      lb.element(
        "span",
        "compare-counts",
        seen,
        lb.element("span", "hidden", lb.fill(words.compare.counts, counts)),
        ...(unsure(place) ? [" ", lb.element("small", "", words.compare.few_events)] : []),
      ),
    );
    button.type = "button";
    button.title = lb.fill(words.show, { name });
    button.addEventListener("click", () => go(place));
    for (const event of ["mouseenter", "focus"]) {
      button.addEventListener(event, () => point?.(place));
    }
    for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => point?.(null));
    return lb.element("li", "", button);
  }

  /** The sentence that says what is neither new nor gone, or nothing at all. */
  function unchanged(places, words) {
    if (!places.length) return words.empty;
    const has = (wanted) => places.some(({ status }) => status === wanted);
    if (has("new")) return has("gone") ? "" : words.nothing_gone;
    return has("gone") ? words.nothing_new : words.nothing;
  }

  /**
   * Fills the comparison in the reading column: what is compared, and the places by what became of
   * them. places is what lb.compared gave, null included; times what lb.timesOf gave; whole the
   * comparison's. go(place) hears of a place that is wanted, point(place|null) of one pointed at.
   */
  function fillCompare(root, places, { words, language, times, whole, go, point }) {
    const { compare } = words;
    const told = new Intl.NumberFormat(language);
    const title = { now: capital(times.countedNow), then: times.countedThen };
    const what = [lb.fill(whole ? compare.what_whole : compare.what, times)];
    if (places?.length) what.push(compare.cells);
    const head = [
      lb.element("h2", "", lb.fill(compare.title, title)),
      lb.element("p", "compare-what", what.join(" ")),
    ];
    if (!places) {
      root.replaceChildren(...head, lb.element("p", "empty", compare.lacking));
      return;
    }
    const still = unchanged(places, compare);
    const groups = STATUSES.map((status) => {
      const mine = places.filter((place) => place.status === status);
      if (!mine.length) return null;
      const n = mine.length;
      return lb.element(
        "section",
        `compare-group is-${status}`,
        lb.element(
          "h3",
          "",
          sign(status),
          `${lb.say(compare[status], { n })} `,
          lb.element("b", "", told.format(n)),
        ),
        lb.element("p", "compare-means", meansOf(status, mine, { words, whole, times })),
        lb.element("ul", "", ...mine.map((one) => placeItem(one, { words, told, go, point }))),
      );
    });
    root.replaceChildren(
      ...head,
      ...(still ? [lb.element("p", "empty", still)] : []),
      ...(places.length ? [lb.element("p", "compare-key", compare.key)] : []),
      ...groups.filter(Boolean),
    );
  }

  let pickers = 0;

  /**
   * Fills a fieldset with the choice of comparison and calls change(value): "" for none, "month"
   * or "year". now = {months, known}: the filter's months and which bins hold data at all. Gives
   * {set(value), update(now) → value}: a choice that is no longer possible becomes "", unheard.
   */
  function comparePicker(root, { words, content, now }, change) {
    const { compare } = words;
    pickers += 1;
    const name = `compare-${pickers}`;
    const inputs = new Map();
    const reasons = lb.element("div", "compare-reasons");
    const labels = ["", "month", "year"].map((value) => {
      const input = lb.element("input", "");
      Object.assign(input, { type: "radio", name, value, checked: value === "" });
      input.addEventListener("change", () => change(value));
      inputs.set(value, input);
      return lb.element("label", "", input, lb.element("span", "", compare[value || "none"]));
    });
    root.classList.add("compare-picker");
    root.replaceChildren(
      lb.element("legend", "", compare.legend),
      lb.element("div", "segments", ...labels),
      reasons,
    );

    function why({ why: reason, bin, back, now: [, last], choice }) {
      const { monthLabels } = content.cube;
      const possible = reason === "start" && back <= last;
      return lb.fill(compare[possible ? "no_start_yet" : `no_${reason}`], {
        choice: compare[choice],
        first: monthLabels[content.cube.monthSpans?.[0] === null ? 1 : 0],
        from: monthLabels[back],
        month: monthLabels[bin],
      });
    }
    function update({ months, known }) {
      reasons.replaceChildren();
      for (const choice of Object.keys(MONTHS_BACK)) {
        const found = comparison(choice, months, content.cube, known);
        const input = inputs.get(choice);
        input.disabled = found.why !== "";
        input.removeAttribute("aria-describedby");
        if (!input.disabled) continue;
        const reason = lb.element("p", "", why(found));
        reason.id = `${name}-${choice}`;
        input.setAttribute("aria-describedby", reason.id);
        reasons.append(reason);
        if (input.checked) inputs.get("").checked = true;
      }
      return [...inputs].find(([, input]) => input.checked)[0];
    }
    function set(value) {
      const input = inputs.get(value);
      if (input && !input.disabled) input.checked = true;
    }
    update(now);
    return { set, update };
  }

  /**
   * Puts a line over the map with then on its left and now on its right: clips the Leaflet panes
   * panesThen and panesNow at the line. left and right name the times. The grip is a range input
   * beside the map, not in it, so that the map does not move with it. onMove(fraction) hears the
   * reader move it. Gives {set(fraction), remove()}; fraction is 0 (all now) to 1 (all then).
   */
  function swipe(frame, map, { words, left, right, panesThen, panesNow, at = 0.5 }, onMove) {
    const { compare } = words;
    const flag = (side, when, period) =>
      lb.element("p", `swipe-label ${side}`, lb.element("strong", "", when), ` ${period}`);
    const line = lb.element("div", "swipe-line");
    const labels = lb.element(
      "div",
      "swipe-labels",
      flag("then", compare.then, left),
      flag("now", compare.now, right),
    );
    const grip = lb.element("input", "swipe-grip");
    Object.assign(grip, { type: "range", min: 0, max: 100, step: "any" });
    grip.setAttribute("aria-label", compare.grip);
    const made = [line, labels, grip];
    frame.append(...made);
    let x = 0;

    /** Clips in the panes' own pixels, which lie still while the map is dragged under the frame. */
    function clip() {
      const edge = map.containerPointToLayerPoint([x, 0]).x;
      const side = (far) =>
        `polygon(${edge}px -1e6px, ${far} -1e6px, ${far} 1e6px, ${edge}px 1e6px)`;
      for (const pane of panesThen) pane.style.clipPath = side("-1e6px");
      for (const pane of panesNow) pane.style.clipPath = side("1e6px");
    }
    function place() {
      const fraction = Number(grip.value) / 100;
      for (const element of made) element.style.setProperty("--at", fraction);
      labels.classList.toggle("without-then", fraction < NARROW);
      labels.classList.toggle("without-now", fraction > 1 - NARROW);
      const n = Math.round(grip.value);
      grip.setAttribute("aria-valuetext", lb.fill(compare.grip_at, { n, then: left, now: right }));
      x = line.offsetLeft + line.offsetWidth / 2;
      clip();
    }
    function set(fraction) {
      grip.value = 100 * fraction;
      place();
    }
    grip.addEventListener("input", () => {
      place();
      onMove?.(Number(grip.value) / 100);
    });
    map.on("move zoom viewreset", clip);
    map.on("resize", place);
    set(at);
    return {
      set,
      remove() {
        map.off("move zoom viewreset", clip);
        map.off("resize", place);
        for (const element of made) element.remove();
        for (const pane of [...panesThen, ...panesNow]) pane.style.clipPath = "";
      },
    };
  }

  Object.assign(globalThis.lagesbild, {
    comparison,
    countsOf,
    timesOf,
    compared,
    statusWord,
    spotStatuses,
    unsure,
    meansOf,
    fillCompare,
    comparePicker,
    swipe,
  });
}
