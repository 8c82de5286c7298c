// The legend beside the map: which surface and which layers are shown, and what their inks mean.
"use strict";
globalThis.lagesbild ??= {};
{
  const lb = globalThis.lagesbild;
  const FIRST = "bin";

  /**
   * Wires the legend's form; words = {points, cells} name what too little data are shown as. on.surface(name) and on.hidden(set) hear of choices. Gives
   * {surface(), set({surface, hidden}), fill(view), count(), open()}: what is chosen; what a link asks
   * for; and what a view has to choose from.
   */
  function legend(form, words, on) {
    const details = form.querySelector("details");
    const choices = [...form.querySelectorAll("[name=surface]")];
    const layers = [...form.querySelectorAll("[name=layer]")];
    const optional = (name) => form.querySelector(`[data-for=${name}]`);
    for (const svg of form.querySelectorAll("[data-shape]")) {
      svg.setAttribute("d", lb.outline(svg.dataset.shape, 0, 0, 6));
    }
    const surface = () => choices.find((choice) => choice.checked).value;
    const hidden = () => new Set(layers.filter((one) => !one.checked).map((one) => one.value));

    function drawRamps(view) {
      const shown = view.surface(surface());
      for (const ramp of form.querySelectorAll(".ramp")) {
        ramp.hidden = ramp.dataset.ramp !== surface();
        if (ramp.hidden || ramp.dataset.ramp === FIRST) continue;
        const { labels, inks, means, note } = shown ?? { labels: [], inks: [] };
        const step = (label, i) =>
          lb.element(
            "li",
            "",
            lb.element("span", `swatch ${inks[i]}`),
            means ? lb.element("span", "", `${label}: ${means[i]}`) : label,
          );
        ramp.classList.toggle("worded", Boolean(means) || labels.some((label) => label.length > 9));
        ramp.replaceChildren(...labels.map(step));
        const told = ramp.nextElementSibling;
        if (told?.classList.contains("ramp-note")) {
          told.textContent = note ?? "";
          told.hidden = !note;
        }
      }
      for (const told of form.querySelectorAll(".ramp-note")) {
        if (told.previousElementSibling.hidden) told.hidden = true;
      }
    }

    /** Offers the streets that a view has, and says what their lines mean. */
    function fillStreets({ streets }) {
      const choice = optional("streets");
      if (!choice) return;
      const list = choice.nextElementSibling;
      choice.hidden = !streets;
      list.hidden = !streets;
      if (streets) lb.streetKey(list, streets, list.dataset.hot);
    }

    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => {
      if (target.name === "surface") on.surface(target.value);
      else if (target.name === "layer") on.hidden(hidden());
    });
    return {
      surface,
      drawRamps,
      set(chosen) {
        const wanted = choices.find((choice) => choice.value === chosen.surface);
        if (wanted && !wanted.disabled) wanted.checked = true;
        for (const one of layers) one.checked = !chosen.hidden.includes(one.value);
      },
      /** Offers what a view has; a surface that it lacks gives way to the one that all have. */
      fill(view) {
        for (const choice of choices) {
          choice.disabled = ![FIRST, ""].includes(choice.value) && !view.has(choice.value);
          // What the whole period lacks is nothing to wait for.
          choice.parentNode.hidden = choice.disabled && !view.live;
        }
        if (choices.find((choice) => choice.checked).disabled) {
          (choices.find((choice) => choice.value === FIRST) ?? choices.at(-1)).checked = true;
        }
        optional("whole-only").hidden = !view.live || !choices.some((choice) => choice.disabled);
        optional("spots").hidden = !view.spots.length;
        optional("points").hidden = !view.points;
        optional("points").querySelector("span").textContent = words[view.live ? "cells" : "points"];
        const sure = view.alerts.filter(({ items }) => items.some((item) => item.significant));
        optional("alerts").hidden = !sure.length;
        const named = sure.map(({ layer }) => layer);
        optional("alerts").querySelector("span").textContent = named.join(", ");
        fillStreets(view);
        drawRamps(view);
      },
      /** Writes how many of each kind of symbol there are; null leaves what stands there. */
      count(symbols, told) {
        symbols.forEach((n, k) => {
          const number = layers.find(({ value }) => value === `symbols-${k}`)?.parentNode.querySelector("b");
          if (number && n !== null) number.textContent = told.format(n);
        });
      },
      open: (wanted) => details.toggleAttribute("open", wanted),
    };
  }

  Object.assign(globalThis.lagesbild, { legend });
}
