// What the page shows as a line of text in its address, so that a link opens the same again.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { two } = lb;
  // Safari refuses more than a hundred changes of the address in half a minute.
  const SAVE_MS = 400;
  const SURFACES = ["bin", "n", "kde", "risk", "lisa", "change", "joint", ""];
  const DAYS = "1234567";
  const DEGREES = 4; // decimals: about ten metres
  const ZOOMS = 2;
  const LIMITS = [85.06, 180, 24];
  const MOST_ID = 120;

  /**
   * What may be chosen besides the filter, the usual first; content.choices (set by the page)
   * names surfaces and layers, and further choices of one word each: { tab: ["", "table"] }.
   */
  function choicesOf(content) {
    const { surface = SURFACES, layers = [], hidden = [], ...more } = content.choices ?? {};
    return { surface, layers, hidden, more: { order: ["rank", "gap"], ...more } };
  }

  /** Keys of the families; a page without a cube has the maps that it has. */
  function familiesOf({ cube, views }) {
    if (!cube) return views.map(({ family }) => family);
    return ["all", ...cube.families.map(({ key }) => key)];
  }

  /** The state that a page opens with. */
  function defaultState(content) {
    const { surface, hidden, more } = choicesOf(content);
    return {
      filter: content.cube ? lb.defaultFilter(content) : { family: familiesOf(content)[0] },
      surface: surface[0],
      compare: "",
      view: null,
      spot: null,
      hidden: [...hidden],
      ...Object.fromEntries(Object.entries(more).map(([name, values]) => [name, values[0]])),
    };
  }

  // Months are written as people do in dates, so that a link means the same in another file.
  const iso = (month) =>
    `${String(Math.floor(month / 12)).padStart(4, "0")}-${two((month % 12) + 1)}`;

  function encodeMonths([first, last], { firstMonth, monthsPerBin = 1 }) {
    const from = iso(firstMonth + first * monthsPerBin);
    const to = iso(firstMonth + (last + 1) * monthsPerBin - 1);
    return from === to ? from : `${from}..${to}`;
  }

  function decodeMonths(text, { firstMonth, monthsPerBin = 1, monthLabels }) {
    const found = /^(\d{4})-(\d\d)(?:\.\.(\d{4})-(\d\d))?$/.exec(text);
    if (!found || !Number.isInteger(firstMonth)) return null;
    const [year, month, lastYear = year, lastMonth = month] = found.slice(1).map((part) =>
      part === undefined ? undefined : Number(part),
    );
    const bins = [
      [year, month],
      [lastYear, lastMonth],
    ].map(([y, m]) =>
      m >= 1 && m <= 12 ? Math.floor((y * 12 + m - 1 - firstMonth) / monthsPerBin) : NaN,
    );
    const [first, last] = bins;
    return first >= 0 && first <= last && last < monthLabels.length ? bins : null;
  }

  function decodeDays(text) {
    if (text !== "0" && !/^1?2?3?4?5?6?7?$/.test(text)) return null;
    return text ? [...DAYS].map((day) => text.includes(day)) : null;
  }

  function decodeHours(text, step) {
    const found = /^(\d\d)-(\d\d)$/.exec(text);
    if (!found || step >= 24) return null;
    const [from, to] = [Number(found[1]), Number(found[2])];
    const fits = from < 24 && to > 0 && to <= 24 && from !== to;
    return fits && from % step === 0 && to % step === 0 ? [from, to] : null;
  }

  function decodeView(text) {
    const parts = text.split(",");
    const written = (part) => /^-?\d{1,3}(\.\d{1,8})?$/.test(part);
    if (parts.length !== 3 || !parts.every(written)) return null;
    const [lat, lng, zoom] = parts.map(Number);
    const within = [lat, lng, zoom].every((value, i) => Math.abs(value) <= LIMITS[i]);
    return within && zoom >= 0 ? { lat, lng, zoom } : null;
  }

  /** A percent-encoded word in plain, or null where it is none. */
  function plain(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return null;
    }
  }

  const list = (words) => words.map(encodeURIComponent).join(",");
  const unlist = (text) => (text ? text.split(",").map(plain) : []);
  const sameSet = (a, b) => a.length === b.length && a.every((one) => b.includes(one));
  const round = (value, decimals) => String(Number(value.toFixed(decimals)));
  // No control characters, and no half of a pair, which no address can hold.
  const isId = (text) => text && text.length <= MOST_ID && !/[\p{Cc}\p{Cs}]/u.test(text);

  /** A state as the text after an address's "#", without what is as usual (then ""). */
  function encodeState(state, content) {
    const { cube } = content;
    const usual = defaultState(content);
    const { filter, view } = state;
    const parts = [];
    const add = (name, text) => parts.push(`${name}=${text}`);
    if (filter.family !== usual.filter.family) add("v", encodeURIComponent(filter.family));
    if (cube) {
      const differs = (key) => filter[key].some((value, i) => value !== usual.filter[key][i]);
      const off = [...filter.off].sort((a, b) => a - b).map((i) => cube.categoryKeys[i]);
      if (off.length) add("off", list(off));
      if (differs("months")) add("m", encodeMonths(filter.months, cube));
      if (differs("days")) {
        add("d", [...DAYS].filter((_, i) => filter.days[i]).join("") || "0");
      }
      if (differs("hours")) add("t", filter.hours.map(two).join("-"));
      if (filter.holidays !== "any") add("h", filter.holidays);
    }
    if (state.surface !== usual.surface) add("s", encodeURIComponent(state.surface));
    if (state.compare) add("k", state.compare);
    if (view) {
      const { lat, lng, zoom } = view;
      add("at", [round(lat, DEGREES), round(lng, DEGREES), round(zoom, ZOOMS)].join(","));
    }
    if (state.spot) add("spot", encodeURIComponent(state.spot));
    const hidden = [...state.hidden];
    if (!sameSet(hidden, usual.hidden)) add("hide", list(hidden));
    for (const name of Object.keys(choicesOf(content).more)) {
      if (state[name] !== usual[name]) {
        add(name === "order" ? "o" : name, encodeURIComponent(state[name]));
      }
    }
    return parts.join("&");
  }

  /**
   * The parts of a state that a text (with or without "#") holds. A part that this page knows
   * nothing of is left out, whatever it says; nothing is ever thrown.
   */
  function decodeState(hash, content) {
    const { cube } = content;
    const choices = choicesOf(content);
    const given = new Map();
    for (const part of String(hash).replace(/^#/, "").split("&")) {
      const at = part.indexOf("=");
      if (at > 0) given.set(part.slice(0, at), part.slice(at + 1));
    }
    const filter = {};
    const state = {};
    /** Keeps what read makes of a part, unless it is null. */
    const take = (name, into, key, read) => {
      const value = given.has(name) ? read(given.get(name)) : null;
      if (value !== null) into[key] = value;
    };
    const oneOf = (values) => (text) => (values.includes(plain(text)) ? plain(text) : null);
    take("v", filter, "family", oneOf(familiesOf(content)));
    if (cube) {
      const step = cube.hoursPerBin ?? 1;
      take("off", filter, "off", (text) => {
        const keys = new Set(unlist(text));
        const own = lb.kindsOf(filter.family ?? "all", content);
        const off = own.filter((i) => keys.has(cube.categoryKeys[i]));
        return off.length ? new Set(off) : null;
      });
      take("m", filter, "months", (text) => decodeMonths(text, cube));
      if (step < 168) take("d", filter, "days", decodeDays);
      take("t", filter, "hours", (text) => decodeHours(text, step));
      if (cube.packed.holidays) take("h", filter, "holidays", oneOf(["only", "not"]));
    }
    take("s", state, "surface", oneOf(choices.surface));
    take("k", state, "compare", oneOf(["month", "year"]));
    take("at", state, "view", decodeView);
    take("spot", state, "spot", (text) => (isId(plain(text)) ? plain(text) : null));
    take("hide", state, "hidden", (text) => {
      const names = unlist(text);
      const known = choices.layers.filter((name) => names.includes(name));
      return known.length || !names.length ? known : null;
    });
    for (const [name, values] of Object.entries(choices.more)) {
      take(name === "order" ? "o" : name, state, name, oneOf(values));
    }
    if (Object.keys(filter).length) state.filter = filter;
    return state;
  }

  /** The whole state that a text means: what it does not say is as usual. */
  function stateOf(hash, content) {
    const usual = defaultState(content);
    const said = decodeState(hash, content);
    return { ...usual, ...said, filter: { ...usual.filter, ...said.filter } };
  }

  /**
   * Keeps the address in step with the page. read() gives the state now; follow(state) is called
   * when someone edits the address or goes to a bookmark of the same page. Gives
   * { save(): writes the state soon, link(): the whole address of the state now }.
   */
  function keepState(read, content, follow) {
    let timer = 0;
    let written = location.hash.replace(/^#/, "");
    const bare = () => location.href.replace(/#.*$/s, "");
    const linkOf = (text) => (text ? `${bare()}#${text}` : bare());

    function write() {
      timer = 0;
      const text = encodeState(read(), content);
      if (text === written) return;
      written = text;
      try {
        history.replaceState(history.state, "", linkOf(text));
      } catch {
        // Some browsers refuse that for a file; a change after the "#" alone loads nothing.
        location.replace(`#${text}`);
      }
    }
    addEventListener("hashchange", () => {
      const text = location.hash.replace(/^#/, "");
      if (text === written) return;
      written = text;
      clearTimeout(timer);
      timer = 0;
      // A jump to a part of the page, like "#ranking", says nothing of the state.
      if (text && !text.includes("=")) save();
      else follow(stateOf(text, content));
    });
    function save() {
      timer ||= setTimeout(write, SAVE_MS);
    }
    return {
      save,
      link: () => linkOf(encodeState(read(), content)),
    };
  }

  /** Puts a text on the clipboard; tells whether that went well. */
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  }

  /** The old way, for pages that may not use the clipboard otherwise. */
  function copyBySelection(text) {
    const before = document.activeElement;
    const field = lb.element("textarea", "hidden");
    field.value = text;
    field.readOnly = true;
    document.body.append(field);
    field.focus({ preventScroll: true });
    field.select();
    try {
      return document.execCommand("copy");
    } catch {
      return false;
    } finally {
      field.remove();
      before?.focus?.({ preventScroll: true });
    }
  }

  Object.assign(globalThis.lagesbild, {
    defaultState,
    encodeState,
    decodeState,
    stateOf,
    keepState,
    copyText,
  });
}
