// Tables that may be wider than the screen: then they scroll by themselves, with the keyboard too.

import { h } from "./dom.js";
import { t } from "./i18n.js";

/** A cell of figures. */
export const figure = (...content) => h("td", { class: "figure" }, ...content);

/** A cell of anything else. */
export const cell = (...content) => h("td", {}, ...content);

/** A row: what it is about, and its cells. */
export const row = (about, ...cells) => h("tr", {}, h("th", { scope: "row" }, ...[about].flat()), ...cells);

/**
 * A table in a region that scrolls.
 * @param label what it is, in words
 * @param heads names of strings; those that begin with "#" stand over figures
 * @param body  the tbody, or its rows
 */
export function table(label, heads, body) {
  const titles = heads.map((name) =>
    h("th", { scope: "col", class: name.startsWith("#") ? "figure" : null }, t(name.replace("#", ""))),
  );
  const rows = Array.isArray(body) ? h("tbody", {}, body) : body;
  const content = h("table", {}, h("thead", {}, h("tr", {}, titles)), rows);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, content);
}
