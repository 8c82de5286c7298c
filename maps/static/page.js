// Joins map, filters, lists and panel into one page: what is chosen, and what follows from it.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const find = (id) => document.getElementById(id);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const LATER_MS = 120;
  const scrollTo = (element, block) =>
    element.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });

  async function open(map) {
    const state = find("state");
    let content = null;
    try {
      const block = (id) => [find(id).textContent, find(id).dataset.encoding];
      if (["content", "streams"].some((id) => find(id).dataset.encoding === "deflate")) {
        if (typeof DecompressionStream === "undefined") {
          state.textContent = state.dataset.cannotRead;
          state.classList.add("failed");
          return;
        }
      }
      content = await lb.jsonOf(...block("content"));
      const bytes = await lb.bytesOf(...block("streams"));
      start(map, content, lb.unpacked(content, bytes));
      state.hidden = true;
      document.documentElement.dataset.ready = "yes";
    } catch (error) {
      state.textContent = content ? content.words.failed : state.dataset.cannotRead;
      state.classList.add("failed");
      throw error;
    }
  }

  function start(map, content, data) {
    const { words } = content;
    const counted = new Intl.NumberFormat(content.language);
    const live = data.cube && lb.liveViews(data, content);
    // What a map calls a place, the same map goes on calling it; else any map that knows it.
    const finishedSpots = data.views.flatMap(({ spots }) => spots);
    data.knownName = ({ cells }, family) => {
      const same = data.views.find((view) => view.family === family)?.spots ?? [];
      return (mostShared(same, cells) ?? mostShared(finishedSpots, cells))?.name;
    };
    content.choices = choicesOf(content);

    const now = { ...lb.defaultState(content), view: null, then: null, chosen: null, pointed: null };
    const legendForm = find("legend");
    const overlaid = () => getComputedStyle(legendForm).position === "absolute";

    // --- the map ---------------------------------------------------------------------------------

    const covering = () => [
      document.querySelector(".zoom"),
      ...document.querySelectorAll(".swipe-label"),
      ...(overlaid() ? [legendForm] : []),
    ];
    const margins = () => ({
      paddingTopLeft: [overlaid() ? Math.min(legendForm.offsetWidth, map.getSize().x * 0.45) : 12, 12],
      paddingBottomRight: [12, 12],
    });
    const frame = document.querySelector(".frame");
    const container = map.getContainer();
    const drawn = lb.situationMap(
      map,
      data,
      { language: content.language, covering, margins, calm },
      { choose: (spot) => choose(spot), point },
    );
    container.setAttribute("role", "group");
    container.setAttribute("aria-label", document.querySelector(".stage").ariaLabel);
    container.setAttribute("aria-describedby", "summary map-help");
    lb.readout(find("readout"), map, drawn, data, content, () => now);
    const tiles =
      content.tiles &&
      lb.onlineTiles(map, content.tiles, (on) => container.classList.toggle("with-tiles", on));

    /** Shows a part of the map, and the map itself where it is out of sight. */
    function goTo(box) {
      scrollTo(document.querySelector(".stage"), "nearest");
      drawn.goTo(box);
    }

    // --- what is shown ---------------------------------------------------------------------------

    const key = lb.legend(legendForm, words.legend, {
      surface(name) {
        now.surface = name;
        drawn.surface(name);
        key.drawRamps(now.view);
        kept.save();
      },
      hidden(names) {
        now.hidden = [...names];
        drawn.hide(names);
        tiles?.(!names.has("tiles"));
        kept.save();
      },
    });

    const usual = () => !live || lb.isDefault(now.filter, content);
    function finished() {
      const view = usual() && data.views.find(({ family }) => family === now.filter.family);
      if (view) live?.finish(view);
      return view;
    }

    /** Makes the views for what is chosen, and shows them. keep: the id of a hotspot to stay with. */
    function refresh(keep = null) {
      const left = now.chosen?.id === keep ? now.chosen : null;
      const compared = comparisonNow();
      now.view = compared ? live.of(now.filter) : finished() || live.of(now.filter);
      now.then = null;
      if (compared) now.then = live.of({ ...now.filter, months: compared.then }, now.view);
      now.chosen = keep && sameIn(now.view.spots, keep, left?.cells);
      now.pointed = null;
      key.fill(now.view);
      now.surface = key.surface();
      drawn.show(now.view, now.then, now.surface);
      key.count(drawn.symbolsInTime(), counted);
      fillColumn(compared);
      drawn.mark(now.chosen, null);
      controls?.update(now.view.counted);
      later();
      kept.save();
    }

    function fillColumn(compared) {
      const { view } = now;
      find("summary").ariaLive = controls?.playing() ? "off" : "polite";
      find("summary").textContent = view.summary;
      const changed = usual() ? "" : lb.filterText(now.filter, content, true);
      const begun = changed.slice(0, 1).toUpperCase() + changed.slice(1);
      find("chosen-text").textContent = changed && `${begun}. ${words.live.recounted}`;
      find("chosen-text").hidden = !changed;
      families.classList.toggle("changed", !usual());
      const whole = String(now.filter.months) === String(content.cube?.period);
      document.querySelector(".when").classList.toggle("changed", Boolean(live) && !whole);
      const remarks = view.warnings.map((text) => lb.element("p", "remark", text));
      if (view.total === 0) remarks.push(lb.element("p", "empty", words.live.nothing_help));
      else if (!view.enough && !remarks.length) remarks.push(lb.element("p", "empty", words.few));
      else if (view.enough && view.tested && !view.spots.length) {
        remarks.push(lb.element("p", "empty", words.no_spots));
      }
      find("view-notes").replaceChildren(...remarks);
      find("more").textContent = view.more;
      find("whole").replaceChildren(...view.facts.map((text) => lb.element("li", "", text)));
      find("whole").closest("section").hidden = !view.facts.length;
      find("order")?.toggleAttribute("hidden", view.spots.length < 2);
      lb.fillAlerts(find("alerts"), view.alerts, (group, i) => goTo(group.shapes[i].box));
      lb.fillRanking(find("spots"), view, content, { choose: (spot) => choose(spot), point });
      lb.orderRanking(find("spots"), view, now.order);
      lb.fillRhythm(find("rhythm"), view, { content, words });
      fillComparison(compared);
      fillPanel();
    }

    /** What takes longer and is not looked at first follows when the reader pauses. */
    let waiting = 0;
    function later() {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        lb.fillTable(find("table"), now.view, { content, words, counted, choose: (spot) => choose(spot) });
        fillPresence();
      }, LATER_MS);
    }

    function fillPresence() {
      const root = find("presence");
      root.hidden = !live || (!data.presence && !content.months.length);
      if (root.hidden) return;
      const { mask, counted: totals, spots } = now.view;
      const { chosen } = now;
      lb.fillPresence(root, { content, data, mask, counted: totals, spots, chosen, choose });
    }

    // --- what is pointed at and chosen -----------------------------------------------------------

    function point(spot) {
      now.pointed = spot;
      drawn.mark(now.chosen, spot);
      for (const each of find("spots").children) {
        each.classList.toggle("pointed", Number(each.dataset.rank) === spot?.rank);
      }
    }

    /** Opens a hotspot's panel, or with null goes back to the list. */
    function choose(spot, { focus = true, move = true } = {}) {
      const left = now.chosen;
      now.chosen = spot;
      drawn.mark(spot, now.pointed);
      fillPanel();
      if (spot && move) drawn.goTo(now.view.shapes[now.view.spots.indexOf(spot)].box);
      if (spot && focus) {
        find("panel").focus({ preventScroll: true });
        scrollTo(find("panel"), "start");
      }
      if (!spot && left && focus) lb.markChosen(find("spots"), left, true);
      later();
      kept.save();
    }

    function fillPanel() {
      const { view, chosen } = now;
      find("ranking").classList.toggle("with-panel", chosen !== null);
      find("panel").hidden = !chosen;
      find("list").hidden = Boolean(chosen || now.then);
      find("compare").hidden = Boolean(chosen || !now.then);
      lb.markChosen(find("spots"), chosen, false);
      if (!chosen) {
        find("panel").replaceChildren();
        return;
      }
      const among = lb.ordered(view.spots, now.order);
      lb.fillPanel(find("panel"), chosen, view, {
        content,
        words,
        copy: lb.copyText,
        close: () => choose(null),
        show: (spot) => goTo(view.shapes[view.spots.indexOf(spot)].box),
        step(by) {
          const at = (among.indexOf(chosen) + by + among.length) % among.length;
          choose(among[at], { focus: false });
        },
      });
    }

    // --- comparison ------------------------------------------------------------------------------

    let curtain = null;
    let curtainAt = 0.5;

    function comparisonNow() {
      if (!live) return null;
      now.compare = picker.update({ months: now.filter.months, known: live.known });
      return now.compare
        ? lb.comparison(now.compare, now.filter.months, content.cube, live.known)
        : null;
    }

    function fillComparison(compared) {
      curtain?.remove();
      curtain = null;
      if (!compared) return;
      const times = lb.timesOf(compared, content);
      const sums = (cells) =>
        lb.countsOf(compared, lb.countIn(data.cube, now.view.mask, cells).perMonth);
      lb.fillCompare(find("compare"), lb.compared(now.view, now.then, sums), {
        words,
        language: content.language,
        times,
        whole: compared.whole,
        go: (place) => (place.nowSpot ? choose(place.nowSpot) : goTo(place.box)),
        point: (place) => point(place?.nowSpot ?? null),
      });
      const { panesThen, panesNow } = drawn;
      const [left, right] = [times.then, times.now];
      const side = { words, left, right, panesThen, panesNow, at: curtainAt };
      curtain = lb.swipe(frame, map, side, (fraction) => (curtainAt = fraction));
    }

    // --- controls --------------------------------------------------------------------------------

    const picker =
      live &&
      lb.comparePicker(
        find("compare-picker"),
        { words, content, now: { months: now.filter.months, known: live.known } },
        (value) => {
          now.compare = value;
          refresh();
        },
      );
    find("compare-picker").hidden = !live || content.months.length < 2;
    const controls =
      live &&
      lb.filters(find("filters"), { content, cube: data.cube, words, counted }, (filter) => {
        now.filter = filter;
        refresh(now.chosen?.id);
      });
    find("filters").hidden = !live?.choosable;

    const families = find("families");
    families.addEventListener("change", ({ target }) => {
      now.filter = { ...now.filter, family: content.views[Number(target.value)].family };
      controls?.set({ family: now.filter.family }, { silent: true });
      if (controls) now.filter = controls.get();
      refresh();
    });
    find("order")?.addEventListener("change", ({ target }) => {
      now.order = target.value;
      lb.orderRanking(find("spots"), now.view, now.order);
      kept.save();
    });
    document.querySelector(".zoom").addEventListener("click", (event) => {
      const way = Number(event.target.closest("button")?.dataset.zoom ?? NaN);
      if (way === 0) drawn.goHome({ animate: !calm() });
      else if (way) map.setZoom(map.getZoom() + way, { animate: !calm() });
    });
    lb.search(find("search"), {
      words,
      entries: () => lb.findable(data, now.view),
      go(entry) {
        if (entry.spot) choose(entry.spot);
        else goTo([...entry.xy, ...entry.xy]);
      },
    });

    // --- taking along ----------------------------------------------------------------------------

    const filterText = (changed) => {
      if (live) return lb.filterText(now.filter, content, changed);
      return changed && now.view === data.views[0] ? "" : now.view.label;
    };
    function notesOfPicture() {
      const notes = [now.view.summary, legendForm.querySelector(".legend-note:not([hidden])").textContent];
      notes.push(...[...document.querySelectorAll(".masthead .notice, .cannot li:first-child")].map((one) => one.textContent));
      if (now.then) notes.unshift([...document.querySelectorAll(".swipe-label")].map((one) => one.textContent).join(" | "));
      if (tiles && !now.hidden.includes("tiles")) notes.push(content.tiles.attribution);
      return notes;
    }
    const picture = () =>
      lb.mapPicture({
        container,
        content,
        title: content.title,
        subtitle: [...document.querySelectorAll(".when > *")]
          .filter((part) => part.offsetParent)
          .map((part) => part.textContent)
          .concat(filterText(true) || [])
          .join(" · "),
        legend: lb.legendGroups(legendForm),
        notes: notesOfPicture(),
      });
    const copyLink = async () => {
      if (!(await lb.copyText(kept.link()))) throw new Error("the clipboard refused");
    };
    lb.downloads(find("downloads"), {
      words,
      actions: [
        ...lb.fileActions({ content, view: () => now.view, filterText, picture }),
        { key: "print", run: () => window.print() },
        { key: "link", run: copyLink },
      ],
    });

    // --- a link's state --------------------------------------------------------------------------

    let moved = false;
    const kept = lb.keepState(
      () => {
        const { lat, lng } = map.getCenter();
        const view = moved ? { lat, lng, zoom: map.getZoom() } : null;
        return { ...now, view, spot: now.chosen?.id ?? null };
      },
      content,
      follow,
    );

    /** Does what a link says. */
    function follow(state) {
      Object.assign(now, { ...state, view: now.view });
      const at = content.views.findIndex(({ family }) => family === state.filter.family);
      const choice = families.querySelectorAll("input")[at];
      if (choice) choice.checked = true;
      controls?.set(state.filter, { silent: true });
      picker?.update({ months: state.filter.months, known: live.known });
      picker?.set(state.compare);
      const order = document.querySelector(`#order [value=${state.order}]`);
      if (order) order.checked = true;
      key.set(state);
      if (state.hidden.length || drawn.hides()) drawn.hide(new Set(state.hidden));
      tiles?.(!state.hidden.includes("tiles"));
      refresh(state.spot);
      // A surface that only a view can offer is known when it is there.
      key.set(state);
      if (key.surface() !== now.surface) {
        now.surface = key.surface();
        drawn.surface(now.surface);
        key.drawRamps(now.view);
      }
      if (state.view) {
        moved = true;
        map.setView([state.view.lat, state.view.lng], state.view.zoom, { animate: false });
      } else if (now.chosen) {
        drawn.goTo(now.view.shapes[now.view.spots.indexOf(now.chosen)].box);
      }
    }

    // --- paper and window ------------------------------------------------------------------------

    let before = null;
    addEventListener("beforeprint", () => {
      before = map.getBounds();
      document.documentElement.classList.add("printing");
      key.open(true);
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(moved ? before : drawn.home, { animate: false });
    });
    addEventListener("afterprint", () => {
      document.documentElement.classList.remove("printing");
      map.invalidateSize({ animate: false, pan: false });
      if (before) map.fitBounds(before, { animate: false });
    });
    // The map fills what the masthead leaves of the window.
    const masthead = document.querySelector(".masthead");
    new ResizeObserver(() => {
      document.documentElement.style.setProperty("--masthead", `${masthead.offsetHeight}px`);
    }).observe(masthead);
    // Until the reader moves the map, it shows the whole area in whatever box it has.
    for (const hand of ["pointerdown", "wheel", "keydown"]) {
      container.addEventListener(hand, () => (moved = true), { passive: true });
    }
    map.on("moveend", () => moved && kept.save());
    const sizeOf = () => `${container.clientWidth} ${container.clientHeight}`;
    let size = sizeOf();
    new ResizeObserver(() => {
      if (sizeOf() === size) return; // an observer speaks up once in any case
      size = sizeOf();
      map.invalidateSize({ animate: false });
      if (!moved && !now.chosen) drawn.goHome({ animate: false });
    }).observe(container);

    key.open(overlaid());
    follow(lb.stateOf(location.hash, content));
  }

  /** What a link may choose between: surfaces and layers of this page. */
  function choicesOf() {
    const values = (name) =>
      [...document.querySelectorAll(`#legend [name=${name}]`)].map(({ value }) => value);
    const usual = document.querySelector("#legend [name=surface]:checked").value;
    const off = [...document.querySelectorAll("#legend [name=layer]:not(:checked)")];
    return {
      surface: [usual, ...values("surface").filter((one) => one !== usual)],
      layers: values("layer"),
      hidden: off.map(({ value }) => value),
    };
  }

  /** Of some hotspots the one that shares most cells with a place; null when none shares any. */
  function mostShared(spots, cells) {
    const wanted = new Set(cells);
    let [most, best] = [0, null];
    for (const spot of spots) {
      const shared = spot.cells.reduce((n, cell) => n + wanted.has(cell), 0);
      if (shared > most) [most, best] = [shared, spot];
    }
    return best;
  }

  /** The hotspot with an id, else the one that lies where another did. */
  const sameIn = (spots, id, cells = []) =>
    spots.find((spot) => spot.id === id) ?? mostShared(spots, cells);

  /** What the search field finds: hotspots, bathing sites, traffic spots, and named places. */
  function findable({ symbols, names }, view) {
    const entry = (text, kind, xy, detail = "") => ({ text, kind, detail, xy: [...xy] });
    const spots = view.spots.map((spot) => ({ ...entry(spot.name, "spot", spot.xy, spot.peak), spot }));
    const drawn = symbols
      .filter(({ kind, titles }) => titles && ["bathing_sites", "traffic_spots"].includes(kind))
      .flatMap(({ kind, titles, texts, xy }) =>
        titles.map((title, i) =>
          entry(title, kind === "bathing_sites" ? "site" : "traffic", xy.subarray(2 * i, 2 * i + 2), texts[i]),
        ),
      );
    const places = (names?.texts ?? [])
      .map((text, i) => entry(text, "place", names.xy.subarray(2 * i, 2 * i + 2)))
      .filter((_, i) => names.manners[i] !== "road");
    const seen = new Set();
    return [...spots, ...drawn, ...places].filter(({ text, kind }) => {
      const same = `${kind} ${text}`;
      if (kind !== "spot" && seen.has(same)) return false;
      seen.add(same);
      return text !== "";
    });
  }

  Object.assign(globalThis.lagesbild, { open, findable });
}
