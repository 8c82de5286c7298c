// The search field: finds hotspots, bathing sites, places and traffic spots by their names.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const KINDS = ["spot", "site", "place", "traffic"];
  const MOST = 12;
  const LETTERS = { ø: "o", æ: "a", đ: "d", ł: "l" };
  let fields = 0;

  /** A text without case and accents, letter for letter: "Öre" and "öre" become "ore". */
  function folded(text) {
    return Array.from(text.normalize("NFC"), (letter) => {
      const small = letter.toLowerCase();
      const plain = LETTERS[small] ?? small.normalize("NFD").replace(/\p{M}/gu, "");
      return plain.length === letter.length ? plain : letter;
    }).join("");
  }

  const LETTER = /[\p{L}\p{N}]/u;
  /** How a word fits a text: 0 at its beginning, 1 at a word's, 2 anywhere, null nowhere. */
  function fit(word, text) {
    let best = null;
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (at === 0) return 0;
      if (!LETTER.test(text[at - 1])) return 1;
      best = 2;
    }
    return best;
  }

  /** How well a whole query fits: all its words must; order and accents count for a little. */
  function rank(query, text) {
    const plain = folded(text);
    const whole = fit(folded(query), plain);
    const accents =
      fit(query.toLowerCase(), text.normalize("NFC").toLowerCase()) === null ? 0.5 : 0;
    if (whole !== null) return whole + accents;
    const each = folded(query)
      .split(/\s+/)
      .map((word) => fit(word, plain));
    return each.includes(null) ? null : Math.max(...each) + 3;
  }

  /**
   * The entries ({text, kind, …}) whose text holds every word of the query, without case and
   * accents: the 12 that fit best, grouped by kind, and how many there are in all.
   */
  function matches(query, entries) {
    const wanted = query.normalize("NFC").trim();
    if (!wanted) return { total: 0, groups: [] };
    const found = entries
      .map((entry, i) => ({ entry, i, fits: rank(wanted, entry.text) }))
      .filter(({ fits }) => fits !== null)
      .sort(
        (a, b) =>
          a.fits - b.fits || KINDS.indexOf(a.entry.kind) - KINDS.indexOf(b.entry.kind) || a.i - b.i,
      );
    const best = found.slice(0, MOST).map(({ entry }) => entry);
    const groups = KINDS.map((kind) => ({
      kind,
      entries: best.filter((one) => one.kind === kind),
    }));
    return { total: found.length, groups: groups.filter((group) => group.entries.length) };
  }

  /** A text in pieces, those that hold the query marked. */
  function marked(given, query) {
    const text = given.normalize("NFC");
    const plain = folded(text);
    const words = folded(query.trim()).split(/\s+/).filter(Boolean);
    const hit = new Uint8Array(text.length);
    for (const word of plain.includes(words.join(" ")) ? [words.join(" ")] : words) {
      const at = plain.indexOf(word);
      if (at >= 0) hit.fill(1, at, at + word.length);
    }
    const pieces = [];
    for (let i = 0; i < text.length; i += 1) {
      if (i && hit[i] === hit[i - 1]) pieces.at(-1).text += text[i];
      else pieces.push({ text: text[i], hit: hit[i] === 1 });
    }
    return pieces;
  }

  const typing = (target) =>
    target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);

  /** Fills an element with the field; entries() gives what can be found, go(entry) goes there. */
  function search(root, { words, entries, go }) {
    const told = words.search;
    fields += 1;
    const id = `search-${fields}`;
    const { element } = lb;
    const input = element("input", "");
    const attributes = {
      id,
      type: "text",
      role: "combobox",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      placeholder: told.placeholder,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": `${id}-list`,
      "aria-keyshortcuts": "Control+K Meta+K",
    };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    const label = element("label", "hidden", told.label);
    label.htmlFor = id;
    const list = element("div", "search-list");
    list.id = `${id}-list`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", told.results);
    const note = element("p", "search-note");
    note.setAttribute("aria-hidden", "true");
    const popup = element("div", "search-popup", list, note);
    popup.hidden = true;
    const status = element("p", "hidden");
    status.setAttribute("role", "status");
    const icon = lb.svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" });
    icon.append(
      lb.svg("path", { d: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.5 10.5l3.5 3.5" }),
    );
    // The field keeps the focus.
    popup.addEventListener("mousedown", (event) => event.preventDefault());
    root.classList.add("search");
    root.replaceChildren(label, icon, input, popup, status);

    let options = [];
    let active = -1;

    function close() {
      popup.hidden = true;
      options = [];
      list.replaceChildren();
      input.setAttribute("aria-expanded", "false");
      status.textContent = "";
      point(-1);
    }
    function point(to) {
      options[active]?.made.removeAttribute("aria-selected");
      active = to;
      const made = options[active]?.made;
      if (!made) {
        input.removeAttribute("aria-activedescendant");
        return;
      }
      made.setAttribute("aria-selected", "true");
      input.setAttribute("aria-activedescendant", made.id);
      made.scrollIntoView({ block: "nearest" });
    }
    function take(entry) {
      input.value = entry.text;
      close();
      go(entry);
    }
    function option(entry, query) {
      const pieces = marked(entry.text, query).map(({ text, hit }) =>
        hit ? element("mark", "", text) : text,
      );
      const made = element(
        "div",
        "search-option",
        element("span", "", ...pieces),
        entry.detail ? element("small", "", entry.detail) : null,
      );
      made.id = `${id}-${options.length}`;
      made.setAttribute("role", "option");
      made.addEventListener("click", () => take(entry));
      options.push({ entry, made });
      return made;
    }
    function find() {
      const query = input.value;
      if (!query.trim()) {
        close();
        return;
      }
      const { total, groups } = matches(query, entries());
      options = [];
      active = -1;
      input.removeAttribute("aria-activedescendant");
      list.replaceChildren(
        ...groups.map(({ kind, entries: some }) => {
          const head = element("div", "search-kind", told[kind]);
          head.id = `${id}-${kind}`;
          head.setAttribute("role", "presentation");
          const group = element("div", "", head, ...some.map((entry) => option(entry, query)));
          group.setAttribute("role", "group");
          group.setAttribute("aria-labelledby", head.id);
          return group;
        }),
      );
      const shown = options.length;
      const count =
        total > shown ? lb.fill(told.first, { n: total, shown }) : lb.say(told.found, { n: total });
      note.textContent = total ? count : told.none;
      status.textContent = note.textContent;
      list.hidden = !total;
      popup.hidden = false;
      input.setAttribute("aria-expanded", String(total > 0));
    }

    input.addEventListener("input", find);
    input.addEventListener("focus", () => {
      if (input.value) input.select();
    });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      const n = options.length;
      if (event.isComposing) return;
      if (event.key === "Escape") {
        // Once closes the list, once more empties the field; then it is nobody's.
        if (popup.hidden && !input.value) return;
        if (popup.hidden) input.value = "";
        close();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (popup.hidden) find();
        else if (n)
          point(event.key === "ArrowDown" ? (active + 1) % n : (Math.max(active, 0) + n - 1) % n);
      } else if (event.key === "Enter") {
        if (!n) return;
        take(options[Math.max(active, 0)].entry);
      } else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      const asked = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      if (!asked || event.key.toLowerCase() !== "k" || typing(event.target)) return;
      event.preventDefault();
      input.focus();
    });
  }

  Object.assign(globalThis.lagesbild, { folded, matches, marked, search });
}
