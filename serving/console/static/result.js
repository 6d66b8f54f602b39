// The price, its interval and its reasons, as the last reply gave them.

import { IntervalChart, ReasonsChart } from "./price_charts.js";
import { h, say } from "./dom.js";
import { amount, number, percent, t } from "./i18n.js";
import { figure, row, table } from "./table.js";

const MOST_REASONS = 8;
const SPEAK_MS = 700;

/** The rows of the waterfall: the base value, the largest contributions, what the rest adds, the price. */
export function waterfall({ base_value: base, contributions }, values, price) {
  const sorted = Object.entries(contributions).sort(([, one], [, other]) => Math.abs(other) - Math.abs(one));
  const shown = sorted.length > MOST_REASONS + 1 ? sorted.slice(0, MOST_REASONS) : sorted;
  const rest = sorted.slice(shown.length);
  const rows = [{ name: "base", label: t("base_value"), value: "", from: base, to: base, total: true }];
  let at = base;
  for (const [name, added] of shown) {
    rows.push({
      name,
      label: name,
      value: values[name] === null ? t("missing") : number(values[name]),
      from: at,
      to: at + added,
    });
    at += added;
  }
  if (rest.length) {
    const added = rest.reduce((sum, [, each]) => sum + each, 0);
    rows.push({ name: "rest", label: t("others", { count: rest.length }), value: "", from: at, to: at + added });
  }
  rows.push({ name: "price", label: t("price"), value: "", from: price, to: price, total: true });
  return rows;
}

/** The card of the answer. */
export class Result {
  constructor(unit, openReceipt) {
    this.unit = unit;
    this.spoken = h("p", { class: "unseen", "aria-live": "polite", "aria-atomic": "true", id: "price-spoken" });
    this.price = h("p", { class: "headline", id: "price-now" }, "–");
    this.change = h("p", { class: "change", hidden: true });
    this.range = h("p", { class: "muted", id: "price-range" });
    this.notice = h("div", { class: "notice", role: "alert", hidden: true });
    this.who = h("p", { class: "muted small", id: "price-version" });
    this.receipt = h("button", {
      type: "button",
      class: "link small",
      id: "price-receipt",
      hidden: true,
      onclick: () => openReceipt(this.last),
    });
    this.table = h("tbody");
    this.ticker = h("div", { class: "ticker", "aria-hidden": "true", hidden: true }); // small screens: in sight of the sliders
    const [interval, reasons] = [h("div", { class: "place" }), h("div", { class: "place" })];
    this.element = h(
      "div",
      { class: "card result", "aria-busy": "false" },
      h("h2", {}, t("price")),
      this.price,
      this.change,
      interval,
      this.range,
      this.notice,
      h("h3", {}, t("reasons")),
      h("p", { class: "muted small" }, t("reasons_how")),
      reasons,
      h(
        "details",
        {},
        h("summary", {}, t("as_table")),
        table(t("reasons"), ["feature", "#value", "#adds"], this.table),
      ),
      h("div", { class: "meta" }, this.who, this.receipt),
      this.spoken,
    );
    this.interval = new IntervalChart(interval);
    this.reasons = new ReasonsChart(reasons);
  }

  /** Show a reply; `stored` is the price of the house as it is stored, null if that is the same or there is none. */
  show(reply, stored) {
    const [price, low, high] = reply.data.ndarray[0];
    const { tags } = reply.meta;
    const money = (value, signed) => amount(value, this.unit, signed);
    this.price.textContent = money(price);
    const between = t("between", { low: money(low), high: money(high), coverage: percent(tags.coverage, 0) });
    this.range.textContent = between;
    say(
      this.change,
      stored === null || stored === price ? "" : t("against_stored", { change: money(price - stored, true) }),
    );
    this.ticker.replaceChildren(h("strong", {}, money(price)), h("span", {}, `${money(low)} – ${money(high)}`));
    this.ticker.hidden = false;
    this.change.classList.toggle("down", stored !== null && price < stored);
    this.interval.show(
      { price, low, high, stored, money },
      t("interval_label", { price: money(price), low: money(low), high: money(high) }),
    );
    this.explain(tags, price, money);
    this.who.textContent = t("priced_by", {
      model: tags.model,
      version: tags.version,
      ms: number(tags.inference_ms, 2),
    });
    this.last = tags.receipt;
    say(this.receipt, tags.receipt ? t("open_receipt") : "");
    this.settle();
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.spoken.textContent = `${t("price")}: ${money(price)}. ${between}`;
    }, SPEAK_MS);
  }

  explain(tags, price, money) {
    const values = Object.fromEntries(tags.features.names.map((name, at) => [name, tags.features.rows[0][at]]));
    const rows = waterfall(tags.explanations[0], values, price);
    const told = rows
      .slice(1, 4)
      .map((row) => `${row.label} ${money(row.to - row.from, true)}`)
      .join(", ");
    this.reasons.show({ rows, money }, t("reasons_label", { reasons: told }));
    const all = Object.entries(tags.explanations[0].contributions).sort(
      ([, one], [, other]) => Math.abs(other) - Math.abs(one),
    );
    this.table.replaceChildren(
      ...all.map(([name, added]) =>
        row(name, figure(values[name] === null ? t("missing") : number(values[name], 6)), figure(money(added, true))),
      ),
    );
  }

  /** The answer is the one to the present values. */
  settle() {
    this.tell("");
    this.element.classList.remove("stale");
    this.element.setAttribute("aria-busy", "false");
  }

  /** The answer is of other values by now. */
  wait() {
    this.element.setAttribute("aria-busy", "true");
  }

  /** Say why there is no answer to the present values. */
  tell(text, language) {
    say(this.notice, text);
    if (language) this.notice.lang = language;
    else this.notice.removeAttribute("lang");
    this.element.classList.toggle("stale", text !== "");
    this.element.setAttribute("aria-busy", "false");
  }
}
