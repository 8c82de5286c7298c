// The controls that choose among events: months, weekdays and hours, school holidays, kinds.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const { two } = lb;
  const STEP_MS = 700;
  const PHONE = "(max-width: 900px)";
  const NIGHT = { 1: 22, 3: 21, 6: 0 };

  // Filters

  const hoursPerBin = (content) => content.cube.hoursPerBin ?? 1;
  const monthsPerBin = (content) => content.cube.monthsPerBin ?? 1;
  const allDays = () => Array(7).fill(true);
  const everyHour = ([from, to]) => from === 0 && to === 24;

  /** The filter that a page opens with: everything in the period of the statistics. */
  function defaultFilter(content) {
    return {
      family: "all",
      off: new Set(),
      months: [...content.cube.period],
      days: allDays(),
      hours: [0, 24],
      holidays: "any",
    };
  }

  /** Whether two filters let the same events through, for the same family. */
  function sameFilter(a, b) {
    return (
      a.family === b.family &&
      a.holidays === b.holidays &&
      a.off.size === b.off.size &&
      [...a.off].every((one) => b.off.has(one)) &&
      ["months", "days", "hours"].every((key) => a[key].every((value, i) => value === b[key][i]))
    );
  }

  /** Whether a filter is the one the page opens with; the family does not matter. */
  function isDefault(filter, content) {
    return sameFilter({ ...filter, family: "all" }, defaultFilter(content));
  }

  /** The positions of a family's categories; "all" has every one. */
  function kindsOf(family, content) {
    const all = content.cube.categoryLabels.map((_, i) => i);
    return family === "all" ? all : all.filter((i) => content.cube.categoryFamily[i] === family);
  }

  /** A copy in which only the family's own categories are off. */
  function ownKinds(filter, content) {
    const off = kindsOf(filter.family, content).filter((i) => filter.off.has(i));
    return { ...filter, off: new Set(off) };
  }

  // Words

  const hoursText = ([from, to]) => `${two(from)}–${two(to)}`;

  /** Two texts with a dash between; spaces around it where the texts have some of their own. */
  function span(first, last) {
    if (first === last) return first;
    return / /.test(first + last) ? `${first} – ${last}` : `${first}–${last}`;
  }

  /** Month bins (inclusive) in words: "juni–augusti 2021", "november 2020 – februari 2021". */
  function monthsText([first, last], content) {
    const { firstMonth, monthLabels, monthSpans } = content.cube;
    if (monthSpans?.[first] === null) {
      // What has no date is in a bin of its own, the first.
      const rest = last > first ? monthsText([first + 1, last], content) : "";
      return [rest, monthLabels[first]].filter(Boolean).join(", ");
    }
    if (firstMonth === undefined || firstMonth === null) {
      return span(monthLabels[first] ?? "", monthLabels[last] ?? "");
    }
    const from = monthSpans?.[first][0] ?? firstMonth + first * monthsPerBin(content);
    const to = monthSpans?.[last][1] ?? firstMonth + (last + 1) * monthsPerBin(content) - 1;
    const say = (month, options) => {
      const at = new Date(0);
      at.setUTCFullYear(Math.floor(month / 12), month % 12, 1);
      const manner = { timeZone: "UTC", month: "long", ...options };
      return new Intl.DateTimeFormat(content.language, manner).format(at);
    };
    const whole = { year: "numeric" };
    if (from === to || Math.floor(from / 12) !== Math.floor(to / 12)) {
      return span(say(from, whole), say(to, whole));
    }
    return `${say(from, {})}–${say(to, whole)}`;
  }

  /** Weekdays in words, runs as one, also over the week's end: "mån, ons", "fre–mån". */
  function daysText(days, content) {
    const { filters: words } = content.words;
    const chosen = days.filter(Boolean).length;
    if (chosen === 7) return "";
    if (chosen === 0) return words.no_days;
    const names = content.weekdays_short;
    if (chosen === 6) return lb.fill(words.days_but, { day: names[days.indexOf(false)] });
    const runs = [];
    for (let day = 0; day < 7; day += 1) {
      if (!days[day] || days[(day + 6) % 7]) continue;
      let last = day;
      while (days[(last + 1) % 7]) last = (last + 1) % 7;
      runs.push(span(names[day], names[last]));
    }
    return runs.join(", ");
  }

  /** Weekdays and hours in words, "" when all are in: "fre–lör 20–02". */
  function weekText({ days, hours }, content) {
    const parts = [daysText(days, content), everyHour(hours) ? "" : hoursText(hours)];
    return parts.filter(Boolean).join(" ");
  }

  /** A label as it reads inside a sentence; "LOB" keeps its capitals. */
  function inside(label) {
    const [first, second] = label;
    const plain = second !== undefined && second === second.toLowerCase() && /\p{L}/u.test(second);
    return plain ? first.toLowerCase() + label.slice(first.length) : label;
  }

  function kindsText(filter, content) {
    const { filters: words } = content.words;
    const { categoryLabels: labels, families } = content.cube;
    const known = families.find(({ key }) => key === filter.family)?.label;
    const family = known ?? (filter.family === "all" ? words.every_kind : filter.family);
    const kinds = kindsOf(filter.family, content);
    const on = kinds.filter((i) => !filter.off.has(i));
    const without = kinds.filter((i) => filter.off.has(i));
    if (!without.length) return family;
    if (!on.length) return words.said_none;
    if (on.length <= 2) {
      return on.map((i, k) => (k ? inside(labels[i]) : labels[i])).join(", ");
    }
    if (without.length <= 2) {
      const list = without.map((i) => inside(labels[i])).join(", ");
      return lb.fill(words.said_without, { family, list });
    }
    const some = filter.family === "all" ? words.said_some_all : words.said_some;
    return lb.fill(some, { family, n: on.length, of: kinds.length });
  }

  /**
   * A filter in words: "Ordning · juni–augusti 2021 · fre–lör 20–02 · skollov"; changed leaves out
   * what is as the page opens with, so that it is "" for the default filter.
   */
  function filterText(filter, content, changed = false) {
    const { filters: words } = content.words;
    const usual = defaultFilter(content);
    const same = (key) => changed && filter[key].every((value, i) => value === usual[key][i]);
    return [
      changed && filter.family === "all" && !filter.off.size ? "" : kindsText(filter, content),
      same("months") ? "" : monthsText(filter.months, content),
      weekText(filter, content),
      filter.holidays === "any" ? "" : words[`said_${filter.holidays}`],
    ]
      .filter(Boolean)
      .join(" · ");
  }

  // Ranges of bins [from, to), which may wrap over the end where from > to

  const wrapped = (at, n) => ((at % n) + n) % n;
  const clamped = (at, least, most) => Math.min(Math.max(at, least), most);

  /** A range as the pieces to draw: one, or two when it wraps. */
  const pieces = ([from, to], n) => (from < to ? [[from, to]] : [[from, n], [0, to]]);

  const holds = (range, bin, n) => pieces(range, n).some(([a, b]) => bin >= a && bin < b);

  /**
   * The range after one end (0 or 1) was moved. Without wrapping the ends stop at one bin;
   * with it they pass each other, and the empty range between is stepped over.
   */
  function moveEnd(range, end, value, n, wraps) {
    const made = [...range];
    const [least, most] = end ? [1, n] : [0, n - 1];
    const to = clamped(value, least, most);
    made[end] = to;
    if (made[0] < made[1]) return made;
    if (!wraps) return end ? [range[0], range[0] + 1] : [range[1] - 1, range[1]];
    if (made[0] !== made[1]) return made;
    made[end] = to + (to >= range[end] ? 1 : -1);
    return made[end] < least || made[end] > most ? [...range] : made;
  }

  /** The range moved by some bins, as long as before; without wrapping it stops at the ends. */
  function moveBoth([from, to], by, n, wraps) {
    const length = from < to ? to - from : to + n - from;
    if (!wraps) {
      const start = clamped(from + by, 0, n - length);
      return [start, start + length];
    }
    if (length === n) return [from, to];
    const start = wrapped(from + by, n);
    const end = start + length;
    return [start, end > n ? end - n : end];
  }

  /** The first window (bins, inclusive) that play shows: one bin for a whole-range selection. */
  function playFirst([first, last], n, period) {
    const whole = (a, b) => first === a && last === b;
    const length = whole(0, n - 1) || whole(...period) ? 1 : last - first + 1;
    return [0, length - 1];
  }

  /** The window one bin later, or null at the end. */
  const playNext = ([first, last], n) => (last + 1 < n ? [first + 1, last + 1] : null);

  /** The ready-made choices that hours in blocks of this many allow. */
  function presetsFor(step) {
    const days = (...on) => allDays().map((_, day) => on.includes(day));
    const made = [{ key: "all", days: allDays(), hours: [0, 24] }];
    if (step < 168) {
      made.push(
        { key: "weekdays", days: days(0, 1, 2, 3, 4) },
        { key: "weekend", days: days(5, 6) },
      );
    }
    if (step < 24) {
      made.push(
        { key: "evening", hours: [18, 6] },
        { key: "day", hours: [6, 18] },
        { key: "night", hours: [NIGHT[step], 6] },
      );
    }
    return made;
  }

  /** Whether a filter has a preset's days and hours. */
  function presetHolds({ days, hours }, filter) {
    const same = (wanted, has) => !wanted || wanted.every((value, i) => value === has[i]);
    return same(days, filter.days) && same(hours, filter.hours);
  }

  /** The filter after a press on a preset; pressing an active one lets all days or hours in. */
  function withPreset(preset, filter) {
    const again = presetHolds(preset, filter);
    const { days, hours } = preset;
    return {
      ...filter,
      ...(days && { days: again ? allDays() : [...days] }),
      ...(hours && { hours: again ? [0, 24] : [...hours] }),
    };
  }

  /**
   * Counts by hour of the day (in blocks of step hours) over the chosen days, from counts by the
   * cube's hour bins. Hours after midnight in a range that wraps belong to the day before.
   */
  function byHour(perHour, hourBin, { days, hours: [from, to] }, step) {
    return Array.from({ length: 24 / step }, (_, block) => {
      const late = from > to && block * step < to ? 1 : 0;
      let sum = 0;
      for (let day = 0; day < 7; day += 1) {
        if (days[day]) sum += perHour[hourBin[24 * ((day + late) % 7) + block * step]];
      }
      return sum;
    });
  }

  // Parts of the controls

  const percent = (part, n) => `${(100 * part) / n}%`;

  function button(className, label, press, title) {
    const made = lb.element("button", className, label);
    made.type = "button";
    if (title) made.title = title;
    made.addEventListener("click", press);
    return made;
  }

  /** Writes a text only where it differs, so that nothing is announced in vain. */
  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /**
   * A strip of n bars with two handles. on = { input(range), hover(bin or null), value(end, at) };
   * the range is in bins [from, to). The handles are native sliders laid over the bars, each
   * outside of its end of the window so that they never cover one another or the middle.
   */
  function strip({ n, wraps, labels, help, className }, on) {
    const root = lb.element("div", `strip ${className}`);
    const bars = lb.svg("svg", {
      viewBox: `0 0 ${n} 1`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    const bar = Array.from({ length: n }, (_, i) =>
      lb.svg("rect", { x: i + 0.08, width: 0.84, y: 1, height: 0 }),
    );
    bars.append(...bar);
    const windows = [0, 1].map(() => lb.element("div", "strip-window"));
    const ends = [0, 1].map((end) => {
      const input = lb.element("input", `strip-end ${end ? "to" : "from"}`);
      Object.assign(input, { type: "range", min: end, max: n - 1 + end, step: 1 });
      input.setAttribute("aria-label", labels[end]);
      input.title = help;
      input.style.width = `calc(${percent(n - 1, n)} + 24px)`;
      input.style.left = end ? `calc(${percent(1, n)} - 5px)` : "-19px";
      return input;
    });
    const handles = [0, 1].map((end) => lb.element("span", `strip-handle ${end ? "to" : "from"}`));
    const axis = lb.element("div", "strip-axis");
    axis.ariaHidden = "true";
    root.append(...windows, bars, ends[0], handles[0], ends[1], handles[1], axis);

    let range = [0, n];
    function draw(given) {
      range = given;
      const parts = pieces(range, n);
      windows.forEach((one, i) => {
        one.hidden = !parts[i];
        if (!parts[i]) return;
        one.style.left = percent(parts[i][0], n);
        one.style.width = percent(parts[i][1] - parts[i][0], n);
      });
      bar.forEach((one, i) => one.classList.toggle("in", holds(range, i, n)));
      ends.forEach((input, end) => {
        if (input.valueAsNumber !== range[end]) input.value = range[end];
        input.setAttribute("aria-valuetext", on.value(end, range[end]));
        handles[end].style.left = percent(range[end], n);
      });
    }
    function count(values) {
      const most = Math.max(1, ...values);
      bar.forEach((one, i) => {
        const height = values[i] > 0 ? Math.max(values[i] / most, 0.04) : 0;
        one.setAttribute("y", 1 - height);
        one.setAttribute("height", height);
      });
    }
    ends.forEach((input, end) => {
      input.addEventListener("input", () =>
        on.input(moveEnd(range, end, input.valueAsNumber, n, wraps)),
      );
      input.addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (!event.shiftKey || !by) return;
        event.preventDefault();
        on.input(moveBoth(range, by, n, wraps));
      });
    });

    // The middle of the window moves both ends, elsewhere a new window is drawn; a click takes
    // one bar.
    const binAt = (event) => {
      const box = bars.getBoundingClientRect();
      return clamped(Math.floor(((event.clientX - box.left) / box.width) * n), 0, n - 1);
    };
    const whole = () => range[0] === 0 && range[1] === n;
    let drag = null;
    root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || ends.includes(event.target)) return;
      const bin = binAt(event);
      drag = { bin, at: event.clientX, range, moves: holds(range, bin, n) && !whole(), far: false };
      root.setPointerCapture(event.pointerId);
      root.classList.toggle("moving", drag.moves);
    });
    root.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") on.hover(binAt(event));
      if (!drag) return;
      drag.far ||= Math.abs(event.clientX - drag.at) > 4;
      if (!drag.far) return;
      const width = bars.getBoundingClientRect().width / n;
      const bin = binAt(event);
      const to = drag.moves
        ? moveBoth(drag.range, Math.round((event.clientX - drag.at) / width), n, wraps)
        : [Math.min(drag.bin, bin), Math.max(drag.bin, bin) + 1];
      if (to.some((value, i) => value !== range[i])) on.input(to);
    });
    root.addEventListener("pointerup", () => {
      if (drag && !drag.far) on.input([drag.bin, drag.bin + 1]);
    });
    root.addEventListener("lostpointercapture", () => {
      drag = null;
      root.classList.remove("moving");
    });
    root.addEventListener("pointercancel", () => (drag = null));
    root.addEventListener("pointerleave", () => on.hover(null));
    return { root, axis, ends, draw, count };
  }

  /** A button that opens a panel; Escape, a press elsewhere or leaving by keyboard closes it. */
  function disclosure(name, label, ...children) {
    const panel = lb.element("div", "disclosure-panel", ...children);
    panel.id = `filters-${name}`;
    const text = lb.element("span", "", label);
    const root = lb.element("div", `disclosure of-${name}`);
    const open = (is) => {
      root.classList.toggle("open", is);
      press.setAttribute("aria-expanded", String(is));
    };
    const isOpen = () => root.classList.contains("open");
    const press = button("disclosure-button", text, () => open(!isOpen()));
    press.setAttribute("aria-controls", panel.id);
    open(false);
    root.append(press, panel);
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !isOpen()) return;
      event.stopPropagation();
      open(false);
      press.focus();
    });
    const left = (target) => {
      if (isOpen() && target && !root.contains(target) && !matchMedia(PHONE).matches) open(false);
    };
    root.addEventListener("focusout", (event) => left(event.relatedTarget));
    document.addEventListener("pointerdown", (event) => left(event.target));
    return { root, button: press, say: (said) => write(text, said) };
  }

  const ICONS = { play: "M4.5 2.5v11l9-5.5z", pause: "M4 3h3v10H4zM9 3h3v10H9z" };

  /** The years along the months: [bin, year], none so close to another that they would touch. */
  function yearMarks(firstMonth, perBin, n) {
    if (firstMonth === undefined || firstMonth === null) return [];
    const marks = [];
    for (let bin = 0; bin < n; bin += 1) {
      const [from, to] = [firstMonth + bin * perBin, firstMonth + (bin + 1) * perBin - 1];
      const year = Math.floor(to / 12);
      if (bin === 0 || Math.floor((from - 1) / 12) !== year) {
        marks.push([bin, bin ? year : Math.floor(from / 12)]);
      }
    }
    const close = (i) => i + 1 < marks.length && marks[i + 1][0] - marks[i][0] < 0.11 * n;
    const first = close(0) ? 1 : 0;
    const every = Math.ceil(marks.length / 8);
    return marks.slice(first).filter(([bin], i) => i % every === 0 && bin <= 0.93 * n);
  }

  /**
   * Builds the filter controls into an empty element.
   *
   * change(filter) is called after each frame in which the reader changed something. Gives
   * { get() → filter, set(part of a filter, { silent }), reset(), update(counts), playing() };
   * counts are { perMonth, perHour, perCategory, unknown, total } of the last recount.
   */
  function filters(root, { content, cube, words: all, counted }, change) {
    const words = all.filters;
    const { monthLabels, period, categoryLabels, coarse, holidayLabel } = content.cube;
    const step = hoursPerBin(content);
    const n = monthLabels.length;
    let filter = defaultFilter(content);
    let counts = null;
    let told = 0;

    const copy = () => ({
      ...filter,
      off: new Set(filter.off),
      months: [...filter.months],
      days: [...filter.days],
      hours: [...filter.hours],
    });
    const tell = () => {
      told ||= requestAnimationFrame(() => {
        told = 0;
        change(copy());
      });
    };
    /** Takes over what the reader chose; everything but play itself stops play. */
    const put = (part) => {
      stop();
      filter = ownKinds({ ...filter, ...part }, content);
      draw();
      tell();
    };

    // Months
    const monthsSaid = lb.element("p", "filters-said");
    const whole = button("text-button", words.whole_period, () => {
      put({ months: [...period] });
      months.ends[0].focus();
    });
    const sayMonths = (hovered) => {
      if (hovered !== null && counts) {
        const at = { label: monthLabels[hovered], n: counted.format(counts.perMonth[hovered]) };
        write(monthsSaid, lb.fill(words.month_value, at));
        return;
      }
      const [first, last] = filter.months;
      const bins = last - first + 1 - (content.cube.monthSpans?.[first] === null ? 1 : 0);
      const many = bins * monthsPerBin(content);
      const said = lb.say(words.n_months, { n: many });
      write(monthsSaid, `${monthsText(filter.months, content)} · ${said}`);
    };
    const months = strip(
      {
        n,
        wraps: false,
        labels: [words.month_from, words.month_to],
        help: words.move_help,
        className: "by-month",
      },
      {
        input: ([from, to]) => put({ months: [from, to - 1] }),
        hover: sayMonths,
        value: (end, at) => monthLabels[at - end],
      },
    );
    const mark = lb.element("i", "strip-period");
    mark.style.left = percent(period[0], n);
    mark.style.width = percent(period[1] - period[0] + 1, n);
    mark.title = lb.fill(words.period, { period: monthsText(period, content) });
    months.axis.append(
      mark,
      ...yearMarks(content.cube.firstMonth, monthsPerBin(content), n).map(([bin, year]) => {
        const made = lb.element("span", "", String(year));
        made.style.left = percent(bin, n);
        return made;
      }),
    );

    // Play
    const shape = lb.svg("path", { d: ICONS.play });
    const icon = lb.svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
    icon.append(shape);
    const play = button("play", icon, () => (timer ? stop() : start()));
    let timer = 0;
    let paused = null;
    const showPlay = () => {
      const label = timer ? words.pause : words.play;
      play.title = label;
      play.setAttribute("aria-label", label);
      shape.setAttribute("d", timer ? ICONS.pause : ICONS.play);
      root.classList.toggle("playing", Boolean(timer));
    };
    function stop() {
      if (!timer) return;
      clearTimeout(timer);
      timer = 0;
      paused = filter.months;
      showPlay();
    }
    function start() {
      const resumed = paused && paused.every((bin, i) => bin === filter.months[i]);
      const next = resumed ? playNext(filter.months, n) : null;
      turn(next ?? playFirst(filter.months, n, period));
    }
    function turn(window) {
      filter = { ...filter, months: window };
      const next = playNext(window, n);
      timer = setTimeout(() => (next ? turn(next) : stop()), STEP_MS);
      showPlay();
      draw();
      tell();
    }

    // Weekdays and hours
    const weekSaid = lb.element("p", "filters-said");
    const dayButtons = content.weekdays_short.map((name, day) =>
      button("toggle", name, () =>
        put({ days: filter.days.map((on, i) => (i === day ? !on : on)) }),
      ),
    );
    const days = lb.element("div", "toggles", ...dayButtons);
    days.setAttribute("role", "group");
    days.setAttribute("aria-label", words.days);
    const ofDay = () => byHour(counts.perHour, cube.hourBin, filter, step);
    const sayWeek = (hovered) => {
      if (hovered !== null && counts) {
        const label = hoursText([hovered * step, (hovered + 1) * step]);
        const at = { label, n: counted.format(ofDay()[hovered]) };
        write(weekSaid, lb.fill(words.month_value, at));
        return;
      }
      write(weekSaid, weekText(filter, content) || words.all_times);
    };
    const hours =
      step < 24
        ? strip(
            {
              n: 24 / step,
              wraps: true,
              labels: [words.hour_from, words.hour_to],
              help: words.move_help,
              className: "by-hour",
            },
            {
              input: ([from, to]) => put({ hours: [from * step, to * step] }),
              hover: sayWeek,
              value: (_, at) => two(at * step),
            },
          )
        : null;
    hours?.axis.append(
      ...[0, 6, 12, 18, 24].map((hour) => {
        const made = lb.element("span", "centred", two(hour));
        made.style.left = percent(hour, 24);
        return made;
      }),
    );

    // Presets and school holidays
    const presets = presetsFor(step).map((preset) => {
      const label = lb.fill(words[`preset_${preset.key}`], {
        days: preset.days ? daysText(preset.days, content) : "",
        hours: preset.hours ? hoursText(preset.hours) : "",
      });
      const press = button(`chip ${preset.key}`, label, () => put(withPreset(preset, filter)));
      return { ...preset, press };
    });
    const chips = lb.element("div", "chips", ...presets.map(({ press }) => press));
    chips.setAttribute("role", "group");
    chips.setAttribute("aria-label", words.presets);
    const radios = ["any", "only", "not"].map((value) => {
      const input = lb.element("input", "");
      Object.assign(input, { type: "radio", name: "filters-holidays", value });
      input.addEventListener("change", () => put({ holidays: value }));
      return input;
    });
    const holidays = lb.element(
      "fieldset",
      "holidays",
      lb.element("legend", "hidden", words.holidays),
      ...radios.map((input) =>
        lb.element("label", "", input, lb.element("span", "", words[`holidays_${input.value}`])),
      ),
      holidayLabel ? lb.element("small", "", holidayLabel) : "",
    );
    holidays.title = holidayLabel ?? "";
    const choices = [presets.length > 1 ? chips : "", cube.holiday ? holidays : ""].filter(Boolean);
    const quick = choices.length ? disclosure("presets", words.presets, ...choices) : null;

    // Kinds
    const list = lb.element("ul", "kind-list");
    const offOf = (kinds) => put({ off: new Set(kinds) });
    const kinds = disclosure(
      "kinds",
      words.kinds,
      lb.element(
        "p",
        "kind-tools",
        button("text-button", words.kinds_all, () => offOf([])),
        button("text-button", words.kinds_none, () => offOf(kindsOf(filter.family, content))),
      ),
      list,
    );
    let rows = [];
    let listed = null;
    function listKinds() {
      listed = filter.family;
      rows = kindsOf(filter.family, content).map((index) => {
        const input = lb.element("input", "");
        input.type = "checkbox";
        input.addEventListener("change", () => {
          const off = new Set(filter.off);
          if (input.checked) off.delete(index);
          else off.add(index);
          put({ off });
        });
        const number = lb.element("b", "", "");
        const name = lb.element("span", "", categoryLabels[index]);
        const item = lb.element("li", "", lb.element("label", "", input, name, number));
        return { index, input, number, item };
      });
      list.replaceChildren(...rows.map(({ item }) => item));
    }

    const again = button("reset", words.reset, () => {
      reset();
      (fold.contains(kinds.root) ? kinds.button : play).focus();
    });
    const notes = lb.element("p", "filters-notes");
    const short = lb.element("span", "filters-short");
    const many = lb.element("span", "filters-total");
    const monthBox = lb.element(
      "div",
      "filters-months",
      play,
      lb.element("div", "filters-head", monthsSaid, whole),
      months.root,
    );
    monthBox.setAttribute("role", "group");
    monthBox.setAttribute("aria-label", words.months);
    const weekBox = lb.element("div", "filters-week", weekSaid, days, hours?.root ?? "");
    weekBox.setAttribute("role", "group");
    weekBox.setAttribute("aria-label", words.week);
    const fold = lb.element(
      "details",
      "filters-fold",
      lb.element("summary", "", lb.element("b", "", words.title), short, many),
      lb.element(
        "div",
        step < 168 ? "filters-row" : "filters-row weekless",
        n > 1 ? monthBox : "",
        step < 168 ? weekBox : "",
        quick?.root ?? "",
        lb.element("div", "filters-more", categoryLabels.length > 1 ? kinds.root : "", again),
      ),
      notes,
    );
    const paper = lb.element("p", "filters-paper");
    root.classList.add("filters");
    root.append(fold, paper);
    root.hidden = false;
    // Beside a wide map the controls always show; on a phone they are folded below it.
    const phone = matchMedia(PHONE);
    const unfold = () => (fold.open = !phone.matches);
    phone.addEventListener("change", unfold);
    unfold();

    function draw() {
      const text = filterText(filter, content);
      const plain = isDefault(filter, content);
      sayMonths(null);
      sayWeek(null);
      months.draw([filter.months[0], filter.months[1] + 1]);
      hours?.draw(filter.hours.map((hour) => hour / step));
      whole.hidden = filter.months.every((bin, i) => bin === period[i]);
      dayButtons.forEach((press, day) => press.setAttribute("aria-pressed", filter.days[day]));
      for (const preset of presets) {
        preset.press.setAttribute("aria-pressed", presetHolds(preset, filter));
      }
      for (const input of radios) input.checked = input.value === filter.holidays;
      if (listed !== filter.family) listKinds();
      for (const { index, input } of rows) input.checked = !filter.off.has(index);
      const of = rows.length;
      const on = of - filter.off.size;
      kinds.say(on === of ? words.kinds : lb.fill(words.kinds_some, { n: on, of }));
      again.hidden = plain;
      write(short, text);
      write(paper, lb.fill(words.paper, { text }));
      root.classList.toggle("plain", plain);
      drawCounts();
    }

    function drawCounts() {
      const lines = [coarse || ""];
      if (filter.holidays !== "any") lines.push(holidayLabel ?? "");
      if (counts) {
        months.count(counts.perMonth);
        hours?.count(ofDay());
        for (const { index, number } of rows) {
          write(number, counted.format(counts.perCategory[index]));
        }
        write(many, lb.say(words.n, { n: counts.total, count: counted.format(counts.total) }));
        if (counts.unknown > 0 && weekText(filter, content)) {
          const count = counted.format(counts.unknown);
          lines.push(lb.say(words.unknown, { n: counts.unknown, count }));
        }
      }
      write(notes, lines.filter(Boolean).join(" "));
      notes.hidden = !notes.textContent;
    }

    function set(part, { silent = false } = {}) {
      stop();
      filter = ownKinds({ ...filter, ...part }, content);
      draw();
      if (!silent) tell();
    }

    function reset() {
      put({ ...defaultFilter(content), family: filter.family });
    }

    showPlay();
    draw();
    return {
      get: copy,
      set,
      reset,
      update(counted) {
        counts = counted;
        drawCounts();
      },
      playing: () => Boolean(timer),
    };
  }

  Object.assign(globalThis.lagesbild, {
    defaultFilter,
    sameFilter,
    isDefault,
    kindsOf,
    filterText,
    monthsText,
    weekText,
    pieces,
    moveEnd,
    moveBoth,
    playFirst,
    playNext,
    presetsFor,
    presetHolds,
    withPreset,
    byHour,
    yearMarks,
    filters,
  });
}
