// The view of receipts: what a prediction was made from, and whether it comes out the same again.

import * as api from "./api.js";
import { h, say } from "./dom.js";
import { amount, moment, t } from "./i18n.js";
import { figure, row, table } from "./table.js";

const KEPT = 30;

/** The receipts of this page's own questions, and a box for any other. */
export class ReceiptsView {
  constructor(noKey) {
    this.noKey = noKey;
    this.own = [];
    this.box = h("input", {
      id: "receipt",
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-describedby": "receipt-fault",
    });
    this.fault = h("p", { class: "fault", id: "receipt-fault", role: "alert", hidden: true, lang: "en" });
    this.found = h("div", { class: "stack", id: "receipt-found", "aria-live": "polite" });
    this.list = h("ol", { class: "receipts", id: "own-receipts" }, h("li", { class: "muted" }, t("no_receipts")));
    this.element = h(
      "div",
      { class: "stack" },
      h("h1", {}, t("nav_receipts")),
      h("p", { class: "muted" }, t("receipts_how")),
      h(
        "div",
        { class: "card" },
        h(
          "form",
          {
            class: "pick wide",
            novalidate: true,
            onsubmit: (event) => {
              event.preventDefault();
              this.open(this.box.value.trim());
            },
          },
          h("label", { for: "receipt" }, t("receipt")),
          this.box,
          h("button", { type: "submit", class: "primary", id: "replay" }, t("replay")),
        ),
        this.fault,
      ),
      this.found,
      h("div", { class: "card" }, h("h2", {}, t("own_receipts")), this.list),
    );
  }

  start() {}

  stop() {}

  /** Keep the receipt of an answer, in this tab only. */
  keep(reply, house, changed) {
    const { receipt, version } = reply.meta.tags;
    if (!receipt) return;
    this.own = [
      { receipt, version, price: reply.data.ndarray[0][0], house, changed, when: Date.now() },
      ...this.own,
    ].slice(0, KEPT);
    this.late = true;
  }

  /** Bring the list up to date. */
  refresh(unit) {
    if (!this.late) return;
    this.late = false;
    this.list.replaceChildren(
      ...this.own.map(({ receipt, version, price, house, changed, when }) =>
        h(
          "li",
          {},
          h("button", { type: "button", class: "link", onclick: () => this.open(receipt) }, amount(price, unit)),
          h("span", {}, house === null ? t("own_house") : t("house_number", { house })),
          h("span", { class: "muted" }, house !== null && changed.length ? changed.join(", ") : ""),
          h(
            "span",
            { class: "muted small" },
            `v${version} · ${new Date(when).toLocaleTimeString(document.documentElement.lang)}`,
          ),
        ),
      ),
    );
  }

  async open(id) {
    this.box.value = id;
    say(this.fault, "");
    this.box.removeAttribute("aria-invalid");
    this.found.replaceChildren();
    if (!id) return;
    try {
      const told = await api.receipt(id);
      this.found.replaceChildren(...told.rows.slice(0, KEPT).map((each) => this.card(each)));
    } catch (error) {
      if (!(error instanceof api.Refusal)) throw error;
      if (error.status === 401) return void this.noKey(error);
      this.box.setAttribute("aria-invalid", "true");
      say(
        this.fault,
        error.status === 429
          ? t("limited", { limit: error.limit, seconds: error.retryAfter })
          : error.info || t("unreachable"),
      );
    }
  }

  /** The card of one row of a receipt. */
  card({
    receipt,
    row: number,
    time,
    model,
    version,
    feature_service: service,
    house_id: house,
    features,
    unit,
    answered,
    rebuilt,
    identical,
  }) {
    const stamp =
      rebuilt === null ? ["warn", t("not_rebuilt")] : identical ? ["good", t("identical")] : ["bad", t("different")];
    const values = Object.entries(answered).map(([name, value]) =>
      row(
        name,
        figure(String(value)),
        figure(rebuilt === null ? "–" : String(rebuilt[name])),
        h("td", { lang: "en" }, unit),
      ),
    );
    const sources = features.map(({ feature, value, unit: of, event_time: at }) =>
      row(
        feature,
        figure(value === null ? t("missing") : String(value)),
        h("td", { lang: "en" }, of === "1" ? "" : of),
        h("td", { class: "when" }, at === null ? t("sent") : moment(at)),
      ),
    );
    return h(
      "div",
      { class: "card" },
      h("h2", {}, h("span", { class: `badge ${stamp[0]}`, id: "stamp" }, stamp[1])),
      h("p", { class: "receipt-id" }, h("code", {}, `${receipt}/${number}`)),
      h(
        "p",
        { class: "muted" },
        `${model} v${version} · ${service} · ${moment(time)}${house === null ? "" : ` · ${t("house_number", { house })}`}`,
      ),
      h(
        "div",
        { class: "pair" },
        table(t("answered"), ["value", "#answered", "#rebuilt", "unit"], values),
        table(t("made_from"), ["feature", "#value", "unit", "observed"], sources),
      ),
    );
  }
}
