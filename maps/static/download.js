// What a reader takes along: the ranking as CSV, hotspots as GeoJSON and GPX, and the menu for it.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;

  // --- texts ------------------------------------------------------------------------------------

  /** What stands in for half a character, which no file may hold. */
  const whole = (text) => String(text).replace(/\p{Surrogate}/gu, "\ufffd");
  /** What holds a line together on a page would only hide a name from a search in a table. */
  const plain = (text) => whole(text).replace(/\u00a0/g, " ").replace(/\0/g, "\ufffd");

  /** The kinds of a hotspot with their numbers, as one text. */
  function kinds(spot, language) {
    const told = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    return plain(spot.categories.map(([label, n]) => `${label} ${told.format(n)}`).join(", "));
  }

  // --- CSV --------------------------------------------------------------------------------------

  // The rule of maps/tables.py: what a spreadsheet would run as a formula gets an apostrophe.
  const FORMULA = /^ *[=+\-@\t\r\n＝＋－＠]/;

  /** Writes one value: numbers to ten figures with the language's decimal mark, texts quoted. */
  function csvField(value, separator, decimal) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") {
      return Number.isFinite(value) ? String(+value.toPrecision(10)).replace(".", decimal) : "";
    }
    let text = plain(value);
    if (FORMULA.test(text)) text = `'${text}`;
    const quoted = text.includes(separator) || /["\r\n]/.test(text);
    return quoted ? `"${text.replace(/"/g, '""')}"` : text;
  }

  const rounded = (value, decimals) => Math.round(value * 10 ** decimals) / 10 ** decimals;

  /** The columns of the ranking: the key of its word, and how a hotspot gives its value. */
  const COLUMNS = [
    ["rank", (spot) => spot.rank],
    ["name", (spot) => spot.name],
    ["new", (spot, { words }) => (spot.new ? words.download.yes : "")],
    ["events", (spot) => spot.count],
    ["weighted", (spot) => spot.weighted],
    ["times", (spot) => rounded(spot.ratio, 4)],
    ["p", (spot) => spot.p],
    ["peak", (spot) => spot.peak],
    ["change", (spot) => spot.change],
    ["trend", (spot) => spot.trend],
    ["recent", (spot) => spot.recent],
    ["stability", (spot) => spot.stability?.word],
    ["categories", (spot, { language }) => kinds(spot, language)],
    ["near", (spot) => spot.near],
    ["minutes", (spot) => spot.minutes],
    ["gap", (spot) => spot.gap],
    ["area", (spot) => spot.area],
    ["reason", (spot) => spot.reason],
    ["northing", (spot) => rounded(spot.at[1], 1)],
    ["easting", (spot) => rounded(spot.at[0], 1)],
    ["lat", (spot) => rounded(spot.lngLat[1], 6)],
    ["lon", (spot) => rounded(spot.lngLat[0], 6)],
  ];

  /**
   * The ranking as CSV that opens in the language's spreadsheet with a double click: byte-order
   * mark, semicolons and decimal commas in Swedish, rows ended by CRLF. The last column says what
   * was selected.
   */
  function rankingCsv(view, content, filterText = "") {
    const swedish = content.language === "sv";
    const [separator, decimal] = swedish ? [";", ","] : [",", "."];
    const words = content.words.download;
    const heads = [...COLUMNS.map(([key]) => key), "selection"].map((key) =>
      lb.fill(words[`column_${key}`], { crs: content.crsName }),
    );
    const rows = view.spots.map((spot) => [
      ...COLUMNS.map(([, value]) => value(spot, content)),
      filterText,
    ]);
    const line = (row) => row.map((one) => csvField(one, separator, decimal)).join(separator);
    return `\ufeff${[heads, ...rows].map((row) => `${line(row)}\r\n`).join("")}`;
  }

  // --- GeoJSON ----------------------------------------------------------------------------------

  /** Twice the signed area of a ring (open, [x, y] pairs): positive when counter-clockwise. */
  function turn(ring) {
    let sum = 0;
    // From the first corner, so that a small ring far from the origin loses no digits.
    const [x0, y0] = ring[0];
    for (let i = 0; i < ring.length; i += 1) {
      const [x, y] = ring[i];
      const [nextX, nextY] = ring[(i + 1) % ring.length];
      sum += (x - x0) * (nextY - y0) - (nextX - x0) * (y - y0);
    }
    return sum;
  }

  /** Where a horizontal line crosses a ring, from west to east. */
  function crossings(ring, y) {
    const found = [];
    for (let i = 0; i < ring.length; i += 1) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[(i + 1) % ring.length];
      if (y1 > y !== y2 > y) found.push(x1 + ((y - y1) * (x2 - x1)) / (y2 - y1));
    }
    return found.sort((a, b) => a - b);
  }

  /** A point inside a ring, on none of its corners or sides. */
  function inside(ring) {
    const heights = [...new Set(ring.map(([, y]) => y))].sort((a, b) => a - b);
    let k = 0;
    for (let i = 1; i + 1 < heights.length; i += 1) {
      if (heights[i + 1] - heights[i] > heights[k + 1] - heights[k]) k = i;
    }
    const y = (heights[k] + heights[k + 1]) / 2;
    const [west, east] = crossings(ring, y);
    return [(west + east) / 2, y];
  }

  const holds = (ring, [x, y]) => crossings(ring, y).filter((at) => at < x).length % 2 === 1;

  /**
   * Polygons of a shape's rings, each [outer, ...holes]: a ring within an odd number of others is
   * a hole of the smallest of them. Rings are open [x, y] pairs that do not cross (they may touch);
   * outer ones come out counter-clockwise, holes clockwise.
   */
  function polygonsOf(rings) {
    const known = rings
      .filter((ring) => ring.length > 2 && turn(ring) !== 0)
      .map((ring) => ({ ring, size: Math.abs(turn(ring)), point: inside(ring) }))
      .sort((a, b) => b.size - a.size);
    const polygons = new Map();
    known.forEach((one, i) => {
      const around = known.slice(0, i).filter((other) => holds(other.ring, one.point));
      const outer = around.length % 2 === 0;
      const ring = turn(one.ring) > 0 === outer ? one.ring : [...one.ring].reverse();
      if (outer) polygons.set(one, [ring]);
      else polygons.get(around[around.length - 1]).push(ring);
    });
    return [...polygons.values()];
  }

  /** The rings of a shape (Mercator) as open rings of longitude and latitude, seven decimals. */
  function ringsOf({ xy, rings }) {
    return rings.map(([from, to]) => {
      const ring = [];
      for (let i = from; i < to; i += 1) {
        const [lat, lon] = lb.latLng(xy[2 * i], xy[2 * i + 1]);
        const at = [rounded(lon, 7), rounded(lat, 7)];
        const last = ring[ring.length - 1];
        if (!last || last[0] !== at[0] || last[1] !== at[1]) ring.push(at);
      }
      const [first, last] = [ring[0], ring[ring.length - 1]];
      if (ring.length > 1 && first[0] === last[0] && first[1] === last[1]) ring.pop();
      return ring;
    });
  }

  function geometryOf(shape) {
    const closed = polygonsOf(ringsOf(shape)).map((polygon) =>
      polygon.map((ring) => [...ring, ring[0]]),
    );
    if (!closed.length) return null;
    return closed.length === 1
      ? { type: "Polygon", coordinates: closed[0] }
      : { type: "MultiPolygon", coordinates: closed };
  }

  /** Numbers and texts that a map program can show and sort by; nothing nested. */
  function propertiesOf(spot, content, selection) {
    const values = {
      id: spot.id,
      rank: spot.rank,
      name: spot.name,
      new: Boolean(spot.new),
      reason: spot.reason,
      events: spot.count,
      weighted: spot.weighted,
      times_expected: Number.isFinite(spot.ratio) ? spot.ratio : null,
      p: spot.p,
      peak: spot.peak,
      change: spot.change,
      trend: spot.trend,
      recent: spot.recent,
      stability: spot.stability?.word ?? null,
      categories: kinds(spot, content.language),
      near: spot.near,
      patrol_minutes: spot.minutes,
      patrol_gap: spot.gap,
      area: spot.area,
      x: rounded(spot.at[0], 1),
      y: rounded(spot.at[1], 1),
      crs: content.crsName,
      lon: rounded(spot.lngLat[0], 6),
      lat: rounded(spot.lngLat[1], 6),
      selection,
    };
    return Object.fromEntries(
      Object.entries(values).map(([key, one]) => [key, typeof one === "string" ? plain(one) : one]),
    );
  }

  /** The hotspots' outlines and what is said about each, as GeoJSON (RFC 7946, WGS 84). */
  function spotsGeoJson(view, content, filterText = "") {
    return JSON.stringify({
      type: "FeatureCollection",
      features: view.spots.map((spot, i) => ({
        type: "Feature",
        geometry: geometryOf(view.shapes[i]),
        properties: propertiesOf(spot, content, filterText),
      })),
    });
  }

  // --- GPX --------------------------------------------------------------------------------------

  const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" };

  /** Text for XML 1.0: characters it cannot hold are left out, the rest comes back as it was. */
  const xml = (text) =>
    whole(text)
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "")
      .replace(/[&<>"\r]/g, (one) => ENTITIES[one]);

  /** A waypoint for every hotspot, its place in the ranking before its name (GPX 1.1, WGS 84). */
  function spotsGpx(view, content, filterText = "") {
    const points = view.spots.map((spot) => {
      const [lon, lat] = spot.lngLat.map((degrees) => degrees.toFixed(7));
      const name = xml(`${spot.rank}. ${spot.name}`);
      const said = `<name>${name}</name><desc>${xml(spot.reason)}</desc>`;
      return `<wpt lat="${lat}" lon="${lon}">${said}</wpt>`;
    });
    const about = `<name>${xml(content.title)}</name><desc>${xml(filterText)}</desc>`;
    return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<gpx version="1.1" creator="lägesbild" xmlns="http://www.topografix.com/GPX/1/1">',
      `<metadata>${about}</metadata>`,
      ...points,
      "</gpx>",
      "",
    ].join("\n");
  }

  // --- files ------------------------------------------------------------------------------------

  const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/;

  /** A text as a part of a file's name: small ASCII letters and digits, joined by hyphens. */
  function slug(text, longest) {
    const ascii = String(text).toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
    const joined = ascii.replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, longest);
    return joined.replace(/-$/, "");
  }

  /**
   * A name that every system takes: lagesbild-lekeberg-2021-12-hotspots.csv. What was selected
   * comes last, cut short; the file tells it whole.
   */
  function fileName(content, kind, ext, filterText = "") {
    const first = slug(content.title, 50) || "lagesbild";
    const parts = [first, slug(content.meeting, 10), slug(kind, 20), slug(filterText, 60)];
    const stem = parts.filter(Boolean).join("-");
    return `${RESERVED.test(stem) ? `lagesbild-${stem}` : stem}.${ext}`;
  }

  const LONG_ENOUGH_MS = 60_000;

  /** Hands the reader a file; nothing leaves the computer. */
  function save(name, type, textOrBlob) {
    const blob = textOrBlob instanceof Blob ? textOrBlob : new Blob([textOrBlob], { type });
    const link = lb.element("a", "");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.hidden = true;
    document.body.append(link);
    link.click();
    link.remove();
    // Some browsers read the file only after the reader has said where to put it.
    setTimeout(() => URL.revokeObjectURL(link.href), LONG_ENOUGH_MS);
  }

  /**
   * The four files as actions for the menu. view() and filterText() give what the page shows at
   * that moment; filterText(true) gives only what was changed from the usual, for the file's name;
   * picture() promises the map as a PNG blob.
   */
  function fileActions({ content, view, filterText, picture }) {
    const words = content.words.download;
    const file = (key, type, make) => ({
      key,
      run: async () => {
        const made = await make(view(), content, filterText());
        const name = fileName(content, words[`file_${key}`], key, filterText(true));
        save(name, type, made);
        return name;
      },
    });
    return [
      file("csv", "text/csv;charset=utf-8", rankingCsv),
      file("geojson", "application/geo+json", spotsGeoJson),
      file("gpx", "application/gpx+xml", spotsGpx),
      file("png", "image/png", picture),
    ];
  }

  // --- menu -------------------------------------------------------------------------------------

  const TOLD_MS = 8_000;

  /**
   * Fills root with a button that opens the list of what can be taken along. Each action is
   * {key, run}; run may promise the name of the file that was saved. What became of it is said.
   */
  function downloads(root, { words, actions }) {
    const said = words.download;
    const toggle = lb.element("button", "download-toggle", said.title);
    const list = lb.element("ul", "download-list");
    const told = lb.element("p", "download-told");
    toggle.type = "button";
    toggle.setAttribute("aria-expanded", "false");
    toggle.setAttribute("aria-controls", "download-list");
    list.id = "download-list";
    list.hidden = true;
    told.setAttribute("role", "status");

    function open(wanted) {
      list.hidden = !wanted;
      toggle.setAttribute("aria-expanded", String(wanted));
      if (wanted) tell("");
    }
    let timer = 0;
    function tell(text, lasting = false) {
      clearTimeout(timer);
      told.textContent = text;
      if (text && !lasting) timer = setTimeout(() => tell(""), TOLD_MS);
    }
    async function act({ key, run }) {
      open(false);
      toggle.focus();
      tell(key === "print" ? "" : said.wait, true);
      try {
        const name = await run();
        tell(name ? lb.fill(said.saved, { name }) : (said[`${key}_done`] ?? ""));
      } catch (error) {
        tell(said[`${key}_failed`] ?? said.failed);
        throw error;
      }
    }

    for (const action of actions) {
      const button = lb.element(
        "button",
        "",
        lb.element("span", "", said[action.key]),
        lb.element("small", "", said[`${action.key}_for`]),
      );
      button.type = "button";
      button.dataset.key = action.key;
      button.addEventListener("click", () => act(action));
      list.append(lb.element("li", "", button));
    }
    toggle.addEventListener("click", () => open(list.hidden));
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || list.hidden) return;
      event.stopPropagation();
      open(false);
      toggle.focus();
    });
    root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !root.contains(relatedTarget)) open(false);
    });
    const elsewhere = ({ target }) => !list.hidden && !root.contains(target) && open(false);
    document.addEventListener("pointerdown", elsewhere, { capture: true });
    root.classList.add("download");
    root.replaceChildren(toggle, list, told);
  }

  Object.assign(globalThis.lagesbild, {
    rankingCsv,
    polygonsOf,
    spotsGeoJson,
    spotsGpx,
    fileName,
    save,
    fileActions,
    downloads,
  });
}
