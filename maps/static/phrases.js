// Sentences about places that the page finds itself, as maps/phrases.py makes them for its own.
"use strict";
globalThis.lagesbild ??= {};
{
  const { say, two } = globalThis.lagesbild;
  const LONG_MINUTES = 300;

  /** The sentences of one page: content.words.phrases holds the words, content the language. */
  function phrasesOf(content) {
    const words = content.words.phrases;
    const formats = new Map();
    function number(value, digits = Number.isInteger(value) ? 0 : 1) {
      if (!formats.has(digits)) {
        const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
        formats.set(digits, new Intl.NumberFormat(content.language, style));
      }
      return formats.get(digits).format(value);
    }
    const times = (ratio) => number(ratio, ratio < 10 ? 1 : 0);
    const capital = (letter = "") => letter !== letter.toLowerCase();
    // "EPA-traktor" stays as it is.
    const inSentence = (name) =>
      capital(name[1]) ? name : name.slice(0, 1).toLowerCase() + name.slice(1);

    /** A distance as a person would say it: 350 m, 1,5 km, 12 km. */
    function distance(metres) {
      if (metres < 950) return `${number(Math.max(Math.round(metres / 50) * 50, 50), 0)}\u00a0m`;
      const km = metres / 1000;
      const halves = km < 10 ? Math.round(km * 2) / 2 : Math.round(km);
      return `${number(halves)}\u00a0km`;
    }

    /** Minutes as 35 min, 2 tim 5 min or, from five hours, 65 tim. */
    function duration(minutes) {
      const whole = minutes < LONG_MINUTES ? Math.round(minutes) : Math.round(minutes / 60) * 60;
      const [hours, rest] = [Math.floor(whole / 60), whole % 60];
      if (!hours) return say(words.minutes, { minutes: rest });
      if (!rest) return say(words.hours, { hours: number(hours, 0) });
      return say(words.hours_minutes, { hours, minutes: rest });
    }

    /** When most happens, fre–lör 20–24; empty where nothing stands out. */
    function peak(block) {
      if (!block) return "";
      const days = content.weekdays_short;
      const { firstDay, lastDay, firstHour, lastHour } = block;
      let day = `${days[firstDay]}–${days[lastDay]}`;
      if ((lastDay - firstDay + 7) % 7 === 6) day = words.every_day;
      else if (firstDay === lastDay) day = days[firstDay];
      return `${day} ${two(firstHour)}–${two(lastHour + 1)}`;
    }

    /** The name of a place: Lanna badgruva; Fjugesta, norra delen; 2 km SV om Mullhyttan. */
    function place({ how, base, compass, away, number: nth }) {
      const name = say(words.place[how], {
        base,
        part: compass ? content.words.compass_part[compass] : "",
        direction: compass ? content.words.compass_short[compass] : "",
        distance: distance(away ?? 0),
      });
      return nth > 1 ? `${name} (${nth})` : name;
    }

    /** A p-value: p < 0,001, p = 0,012, p = 0,24. */
    function chance(p) {
      if (p < 0.001) return `p\u00a0<\u00a0${number(0.001, 3)}`;
      return `p\u00a0=\u00a0${number(p, p < 0.1 ? 3 : 2)}`;
    }

    /** Why a place is a hotspot, in one sentence; what is left out is not said. */
    function reason({ n, months, ratio, categories, block, minutes }) {
      const against = content.cube.statistics.exposure ? "_exposure" : "";
      const period = say(words.months, { n: months });
      const dated = content.months.length && months ? "events" : "undated";
      const values = { n: number(n), months: period, ratio: times(ratio) };
      const parts = [say(words.reason[dated + against], values)];
      const [first, second] = categories.map(([label]) => inSentence(label));
      if (second) parts.push(say(words.reason.two, { first, second }));
      else if (first && content.cube.categoryLabels.length > 1) {
        parts.push(say(words.reason.one, { first }));
      }
      if (block) {
        const { n: share, known } = block;
        const said = { peak: peak(block), share: number(share), known: number(known) };
        parts.push(say(words.reason.peak, said));
      }
      if (minutes !== null) {
        const key = minutes > 0 ? "patrol" : "no_patrol";
        parts.push(say(words.reason[key], { time: duration(minutes) }));
      }
      return `${parts.join("; ")}.`;
    }

    return { number, times, distance, duration, peak, place, chance, reason };
  }

  const COMPASS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];

  /** The direction of a step east and north, by eight points of the compass. */
  function compass(dx, dy) {
    const eighth = Math.round(Math.atan2(dx, dy) / (Math.PI / 4));
    return COMPASS[(eighth + 8) % 8];
  }

  const AT_SITE_M = 400;
  const MIDDLE = 0.4;

  /**
   * What a place around (x, y) metres is called, as maps/naming.py does without roads: the bathing
   * site there, the locality around it and which part, else how far from the nearest and where.
   * anchors = {bathing_sites, places} of {name, x, y, radius}.
   */
  function nameOf(anchors, x, y, slack, cell) {
    const away = ({ x: ax, y: ay }) => Math.hypot(x - ax, y - ay);
    const nearest = (some) =>
      some.reduce((best, one) => (best && away(best) <= away(one) ? best : one), null);
    const site = nearest(anchors.bathing_sites);
    if (site && away(site) <= Math.max(AT_SITE_M, slack)) return { how: "at", base: site.name };
    const around = nearest(anchors.places.filter((one) => away(one) <= one.radius + slack));
    if (around) {
      const middle = away(around) <= Math.max(MIDDLE * around.radius, slack / 2);
      const part = { how: "part", base: around.name, compass: compass(x - around.x, y - around.y) };
      return middle ? { how: "at", base: around.name } : part;
    }
    const other = nearest([...anchors.places, ...anchors.bathing_sites]);
    if (!other) return { how: "cell", base: cell };
    const direction = compass(x - other.x, y - other.y);
    return { how: "from", base: other.name, compass: direction, away: away(other) };
  }

  /** Numbers the second and later places that would share a name. */
  function tellApart(places, phrases) {
    const names = places.map((place) => (typeof place === "string" ? place : phrases.place(place)));
    const taken = new Set(names);
    const seen = new Set();
    return names.map((name) => {
      if (!seen.has(name)) {
        seen.add(name);
        return name;
      }
      let nth = 2;
      while (taken.has(`${name} (${nth})`)) nth += 1;
      taken.add(`${name} (${nth})`);
      return `${name} (${nth})`;
    });
  }

  Object.assign(globalThis.lagesbild, { phrasesOf, compass, nameOf, tellApart });
}
