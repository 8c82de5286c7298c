// Makes a view of whatever is chosen: counts anew, tests anew, and names what stands out.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const CLASSES = 6;
  const MOST_SPOTS = 60;
  const MOST_POINTS = 300;
  const MOST_NEAR = 3;
  const KEPT = 8;

  /** Rounds to one of 1, 2, 3, 5 times a power of ten. */
  function round(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    const steps = [1, 2, 3, 5, 10].map((step) => step * power);
    return steps.reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));
  }

  /** Limits between classes, each about twice the one before, and round; as maps/surfaces.py. */
  function limitsOf(top) {
    if (!(top > 0)) return [];
    const wanted = [];
    for (let step = 1; step < CLASSES; step += 1) wanted.push(round(top * 0.45 ** step));
    return [...new Set(wanted)].filter((limit) => limit < top).sort((a, b) => a - b);
  }

  /** The step of the colour ramp for a class: few classes still use the whole ramp. */
  const step = (i, of) => `step-${of > 1 ? Math.round((5 * i) / (of - 1)) : 3}`;
  const steps = (labels) => labels.map((_, i) => step(i, labels.length));

  const classAt = (edges, value) => {
    let code = -1;
    while (code + 1 < edges.length && value >= edges[code + 1]) code += 1;
    return code;
  };

  /** Counts per cell as a surface. edges, when given, are those of the map compared with. */
  function countSurface(n, number, edges) {
    const cell = positions(n, (value) => value > 0);
    if (!cell.length) return null;
    const value = Float64Array.from(cell, (c) => n[c]);
    const top = value.reduce((a, b) => Math.max(a, b), 0);
    const lows = edges ?? [1, ...limitsOf(top).filter((limit) => limit >= 2).map(Math.floor)];
    const labels = lows.map((low, i) => {
      const high = i + 1 < lows.length ? lows[i + 1] - 1 : Math.max(top, low);
      return high === low ? number(low) : `${number(low)}–${number(high)}`;
    });
    const codes = Int8Array.from(value, (one) => classAt(lows, one));
    return { cell, class: codes, value, labels, inks: steps(labels), edges: lows };
  }

  /** Densities as a surface; below the lowest limit nothing is drawn. */
  function densitySurface(density, number, edges) {
    const limits = edges ?? limitsOf(density.reduce((a, b) => Math.max(a, b), 0));
    const cell = positions(density, (value) => value >= limits[0]);
    if (!limits.length || !cell.length) return null;
    const digits = (limit) => Math.max(0, -Math.floor(Math.log10(limit)));
    const texts = limits.map((limit) => number(limit, digits(limit)));
    const labels = texts.map((text, i) => (i + 1 < texts.length ? `${text}–${texts[i + 1]}` : `≥ ${text}`));
    const codes = Int8Array.from(cell, (c) => classAt(limits, density[c]));
    return { cell, class: codes, labels, inks: steps(labels), edges: limits };
  }

  /** Classes of confidence as a surface: 90, 95, 99 %, and fewer than expected. */
  function binSurface(bin, cells, words) {
    const cell = positions(bin, (value) => value !== 0);
    const codes = Int8Array.from(cell, (i) => (bin[i] < 0 ? 3 : bin[i] - 1));
    return {
      cell: cells ? Uint32Array.from(cell, (i) => cells[i]) : cell,
      class: codes,
      labels: [words.bin_1, words.bin_2, words.bin_3, words.bin_cold],
      inks: ["bin-1", "bin-2", "bin-3", "bin-cold"],
    };
  }

  function positions(values, wanted) {
    const found = new Uint32Array(values.length);
    let count = 0;
    for (let i = 0; i < values.length; i += 1) if (wanted(values[i])) found[count++] = i;
    return found.slice(0, count);
  }

  /**
   * Gives of(filter, like) → view: everything counted, tested and named again for a filter; with
   * like, a view to be compared with, in the classes of its surfaces.
   * The last few answers are kept. known tells which months hold any event at all.
   */
  function liveViews(data, content) {
    const { cube, presence } = data;
    const { families, categoryKeys: keys } = content.cube;
    const { kde } = content.cube.statistics;
    const words = content.words;
    const phrases = lb.phrasesOf(content);
    const kept = new Map();
    const cellSide = data.cells.kind === "drawn" ? 0 : data.cells.size;
    const everything = lb.count(cube, lb.maskOf(lb.defaultFilter(content), cube));
    const spans = content.cube.monthSpans;
    // What has no date is in a bin of its own, which is no month.
    const known = Array.from(everything.perMonth, (n, bin) => n > 0 && spans[bin] !== null);
    const label = (family) =>
      [...content.views.map((one) => ({ ...one, key: one.family })), ...families].find(
        ({ key }) => key === family,
      )?.label ?? "";

    function series(perMonth, [first, last]) {
      const year = 12 / content.cube.monthsPerBin;
      if (!content.months.length) return { labels: [], now: [], before: null, meeting: 0 };
      const bins = Array.from({ length: last - first + 1 }, (_, i) => first + i);
      const months = bins.filter((bin) => spans[bin] !== null);
      const at = (bin) => (bin >= 0 && known[bin] ? perMonth[bin] : null);
      const before = months.map((bin) => at(bin - year));
      return {
        labels: months.map((bin) => content.cube.monthLabels[bin]),
        now: months.map(at),
        before: Number.isInteger(year) && before.some((n) => n !== null) ? before : null,
        meeting: months.length - 1,
      };
    }

    /** Names of what lies within reach of a place, by kind, the nearest first. */
    function near(own) {
      return ["bathing_sites", "traffic_spots"].map((kind) => {
        const reached = new Map();
        for (const { name, x, y } of data.anchors[kind]) {
          let away = Infinity;
          for (const c of own) {
            const [cx, cy] = data.cells.metres(c);
            away = Math.min(away, Math.hypot(cx - x, cy - y) - cellSide / 2);
          }
          if (away <= content.reach) reached.set(name, Math.min(away, reached.get(name) ?? Infinity));
        }
        const nearest = [...reached].sort((a, b) => a[1] - b[1]).slice(0, MOST_NEAR);
        return [words.kinds[kind], nearest.map(([name]) => name).join(", ")];
      });
    }

    function changeOf(perMonth, last) {
      if (content.cube.monthsPerBin !== 1 || !content.months.length) return ["", "unknown"];
      const monthly = [last, last - 1, last - 12].filter((bin) => bin >= 0 && known[bin]);
      const told = monthly.map((bin) =>
        lb.say(words.phrases.change.month, {
          n: phrases.number(perMonth[bin]),
          month: content.cube.monthLabels[bin],
        }),
      );
      const year = last >= 12 && known[last - 12];
      return [told.join(", "), year ? lb.compareTwo(perMonth[last], perMonth[last - 12]) : "unknown"];
    }

    function spotOf(own, filter, mask, counted, claims) {
      const { n, weight, total } = counted;
      const inside = lb.countIn(cube, mask, own);
      const sum = (values) => own.reduce((a, c) => a + values[c], 0);
      const [count, weighed] = [sum(n), sum(weight)];
      const expected = total * sum(data.stats.share);
      const middle = [0, 0];
      let busiest = own[0];
      let best = own[0];
      for (const c of own) {
        const [x, y] = data.cells.metres(c);
        middle[0] += (x * n[c]) / count;
        middle[1] += (y * n[c]) / count;
        if (n[c] > n[busiest]) busiest = c;
        if (claims.worst[c] < claims.worst[best]) best = c;
      }
      const { hours, unknown } = lb.hoursOf(cube, inside.perHour);
      const whole = mask.week.every((on) => on) && content.cube.hoursPerBin === 1;
      const clocked = Math.round(hours.reduce((a, n) => a + n, 0));
      const busy = whole ? lb.busiestBlock(hours) : null;
      const block = busy && { ...busy, known: clocked };
      const categories = Array.from(inside.perCategory, (n, i) => [content.cube.categoryLabels[i], n, i])
        .filter(([, n, i]) => n > 0 && mask.category[i])
        .sort((a, b) => b[1] - a[1] || (keys[a[2]] < keys[b[2]] ? -1 : 1))
        .map(([text, n]) => [text, n]);
      const minutes = presence ? lb.minutesNear(presence, mask, data.cells, own).total : null;
      const [first, last] = filter.months;
      const months = spans
        .slice(first, last + 1)
        .reduce((n, span) => n + (span ? span[1] - span[0] + 1 : 0), 0);
      const ratio = count / expected;
      const [change, trend] = changeOf(inside.perMonth, last);
      const around = near(own).filter(([, names]) => names);
      const [x, y] = middle.map(Math.round);
      const xy = new Float64Array(2);
      data.project(x, y, xy, 0);
      const hectares = sum(data.stats.area) / 1e4;
      return {
        id: `live-${filter.family}-${busiest}`,
        rank: 0,
        place: lb.nameOf(data.anchors, x, y, cellSide / 2, data.cells.idOf(busiest)),
        reason: phrases.reason({ n: count, months, ratio, categories, block, minutes }),
        n: phrases.number(count),
        count,
        times: phrases.times(ratio),
        ratio,
        expected,
        strength: weighed * (1 - expected / count),
        peak: phrases.peak(block),
        block,
        change,
        trend: change ? words.phrases.trend[trend] : "",
        trend_kind: trend,
        categories,
        near: around.map(([, names]) => names).join(", "),
        around,
        patrol: minutes === null ? null : phrases.duration(minutes),
        minutes,
        gap: null,
        new: false,
        recent: "",
        stability: null,
        weighted: weighed === count ? "" : phrases.number(weighed),
        area: lb.say(words.area, { hectares: phrases.number(hectares, hectares < 10 ? 1 : 0) }),
        at: [x, y],
        xy,
        lngLat: lb.latLng(...xy).reverse(),
        cells: own,
        hours,
        unknown_hours: unknown,
        p: phrases.chance(claims.claimP[best]),
        series: series(inside.perMonth, filter.months),
      };
    }

    /** Ranks by how far a place's share of the trouble exceeds its share of the presence. */
    function withGaps(spots) {
      if (!presence) return;
      const events = spots.reduce((a, spot) => a + spot.count, 0);
      const minutes = spots.reduce((a, spot) => a + spot.minutes, 0);
      const gap = (spot) => spot.count / events - (minutes ? spot.minutes / minutes : 0);
      const order = [...spots].sort((a, b) => gap(b) - gap(a) || a.rank - b.rank);
      order.forEach((spot, i) => (spot.gap = i + 1));
    }

    function found(filter, mask, counted, claims) {
      const groups = lb.groups(claims.hot, counted.n, data.stats);
      const all = groups.map((own) => spotOf(own, filter, mask, counted, claims));
      all.sort((a, b) => b.strength - a.strength || a.cells[0] - b.cells[0]);
      all.forEach((spot, i) => (spot.rank = i + 1));
      withGaps(all);
      const names = lb.tellApart(all.map((spot) => data.knownName(spot, filter.family) ?? spot.place), phrases);
      all.forEach((spot, i) => (spot.name = names[i]));
      return all;
    }

    function summaryOf(spots, counted, claims) {
      const told = words.summary;
      const events = lb.say(told.events, { n: phrases.number(counted.total) });
      if (!counted.total) return words.live.nothing;
      if (!claims.enough) return lb.say(told.summary_few, { events });
      if (!spots.length) return lb.say(told.summary_none, { events });
      const top = { name: spots[0].name, when: spots[0].peak };
      const first = lb.say(spots[0].peak ? told.summary_top_when : told.summary_top, top);
      return `${lb.say(told.summary, { n: spots.length, events })} ${first}`;
    }

    /** The surfaces of patrols, each made when first asked for. */
    function patrolSurfaces(countedOf, mask) {
      if (!presence) return {};
      let both = null;
      const make = (name) => () => {
        both ??= lb.presenceSurfaces(presence, data.cells, content, countedOf(), mask);
        return both[name];
      };
      return { needs: make("needs"), presence: make("presence") };
    }

    function made(filter, like) {
      const mask = lb.maskOf(filter, cube);
      const counted = lb.count(cube, mask);
      const weighed = counted.weight;
      const claims = lb.claims(counted.n, weighed, data.stats);
      const all = claims.enough ? found(filter, mask, counted, claims) : [];
      const spots = all.slice(0, MOST_SPOTS);
      const number = phrases.number;
      const surfaces = new Map();
      const edgesOf = (name) => like?.surface(name)?.edges;
      const density = () => lb.density(weighed, data.stats);
      const makers = {
        bin: () => (claims.bin.some((bin) => bin) ? binSurface(claims.bin, null, words) : null),
        n: () => countSurface(counted.n, number, edgesOf("n")),
        kde: () => (kde ? densitySurface(density(), number, edgesOf("kde")) : null),
        ...patrolSurfaces(() => counted, mask),
      };
      const warnings = [];
      if (!claims.enough && counted.total) warnings.push(lb.say(words.live[claims.few.kind], claims.few));
      const held = positions(counted.n, (n) => n > 0);
      const points = claims.enough ? null : held.slice(0, MOST_POINTS);
      return {
        live: true,
        filter,
        family: filter.family,
        label: label(filter.family),
        enough: claims.enough,
        tested: true,
        total: counted.total,
        counted,
        claims,
        mask,
        summary: summaryOf(all, counted, claims),
        warnings,
        more: all.length > spots.length ? lb.say(words.live.more, { n: all.length - spots.length }) : "",
        spots,
        shapes: spots.map((spot) => lb.outlineOf(data.cells, spot.cells, data.project)),
        points: points && Float64Array.from({ length: 2 * points.length }, (_, i) =>
          data.cells.centre[2 * points[i >> 1] + (i & 1)],
        ),
        alerts: [],
        streets: null,
        rhythm: null,
        facts: [],
        countOf: (cell) => counted.n[cell],
        has: (name) => name in makers && (name !== "kde" || kde !== null),
        surface(name) {
          if (!surfaces.has(name)) surfaces.set(name, makers[name]?.() ?? null);
          return surfaces.get(name);
        },
      };
    }

    const written = (filter) => JSON.stringify({ ...filter, off: [...filter.off] });

    function of(filter, like = null) {
      const key = [filter, ...(like ? [like.filter] : [])].map(written).join(" ");
      let view = kept.get(key);
      kept.delete(key);
      view ??= made(filter, like);
      kept.set(key, view);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value);
      return view;
    }

    /**
     * Gives a finished view, once, what the cube can tell: its counts, its hotspots' months with
     * those of the year before, and the surfaces of patrols.
     */
    function finish(view) {
      if (view.mask) return;
      const filter = { ...lb.defaultFilter(content), family: view.family };
      const mask = lb.maskOf(filter, cube);
      for (const spot of view.spots) {
        const { perMonth } = lb.countIn(cube, mask, spot.cells);
        const months = series(perMonth, content.cube.period);
        spot.series = months.labels.length ? { ...months, now: [...spot.monthly] } : months;
      }
      let counted = null;
      let counts = null;
      const count = () => (counted ??= lb.count(cube, mask));
      const { has, surface } = view;
      const more = {
        n: () => (counts ??= countSurface(count().n, phrases.number)),
        ...patrolSurfaces(count, mask),
      };
      Object.assign(view, {
        mask,
        countOf: (cell) => count().n[cell],
        has: (name) => has(name) || name in more,
        surface: (name) => surface(name) ?? more[name]?.() ?? null,
      });
      Object.defineProperty(view, "counted", { get: count });
    }

    /** Whether there is anything to choose: several months or kinds, or any hour that is known. */
    const choosable =
      cube.months > 1 || cube.categories > 1 || everything.perHour.some((n, i) => n && i < cube.hourBins - 1);

    return { of, finish, known, choosable };
  }

  Object.assign(globalThis.lagesbild, {
    liveViews,
    limitsOf,
    countSurface,
    densitySurface,
    binSurface,
    steps,
  });
}
