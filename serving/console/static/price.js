// The view in which prices are tried: a house by its id or of one's own, and what becomes of its price.

import * as api from "./api.js";
import { h, say } from "./dom.js";
import { Field, typed } from "./fields.js";
import { t } from "./i18n.js";
import { Pricing } from "./pricing.js";
import { Result } from "./result.js";

const HOUSE_ID = "house_id";
const WHOLE = /^-?\d{1,19}$/;

/** The form, the answer, and what passes between them. */
export class PriceView {
  /**
   * @param contract    what the service says of the features
   * @param house       the id of the house to begin with; left out: the contract's example
   * @param openReceipt called with a receipt that is to be looked at
   * @param noKey       called when the service does not take the key
   * @param priced      called with each reply, the house, and the names of what was changed
   */
  constructor(contract, { house, openReceipt, noKey, priced }) {
    Object.assign(this, { contract, noKey, priced });
    this.house = null;
    this.first = house ?? contract.example;
    this.storedPrice = null;
    this.pricing = new Pricing(
      (signal) => this.ask(signal),
      (reply) => this.answered(reply),
      (error) => this.failed(error),
    );
    this.result = new Result(contract.unit, openReceipt);
    this.fields = new Map(
      contract.stored.map((name) => [name, new Field(contract.features.get(name), () => this.change())]),
    );
    this.element = h(
      "div",
      { class: "workbench" },
      h("h1", { class: "unseen" }, t("nav_price")),
      this.form(),
      this.result.element,
      this.result.ticker,
    );
    this.usedBox.append(...contract.used.map((name) => this.fields.get(name).element));
    const others = contract.stored.filter((name) => !contract.used.includes(name));
    this.unusedBox.append(...others.map((name) => this.fields.get(name).element));
    this.unused.hidden = others.length === 0;
  }

  form() {
    this.box = h("input", {
      id: "house",
      type: "text",
      inputmode: "numeric",
      autocomplete: "off",
      size: 8,
      value: this.first,
      "aria-describedby": "house-fault",
    });
    this.fault = h("p", { class: "fault", id: "house-fault", role: "alert", hidden: true, lang: "en" });
    this.clear = h(
      "button",
      { type: "button", class: "quiet", id: "reset-all", hidden: true, onclick: () => this.restore() },
      t("reset_all"),
    );
    this.computed = h("dl", { class: "computed" });
    this.usedBox = h("div", { class: "fields", id: "features" });
    this.unusedBox = h("div", { class: "fields" });
    this.unused = h(
      "details",
      { class: "unused" },
      h("summary", {}, t("not_used")),
      h("p", { class: "muted small" }, t("not_used_why")),
      this.unusedBox,
    );
    return h(
      "div",
      { class: "card inputs" },
      h("h2", {}, t("house")),
      h(
        "form",
        {
          class: "pick",
          novalidate: true,
          onsubmit: (event) => {
            event.preventDefault();
            this.open();
          },
        },
        h("label", { for: "house" }, t("house_id")),
        this.box,
        h("button", { type: "submit", class: "primary", id: "open-house" }, t("open_house")),
        h("button", { type: "button", class: "quiet", id: "own-house", onclick: () => this.own() }, t("own_house")),
      ),
      this.fault,
      h(
        "div",
        { class: "line" },
        (this.state = h("p", { class: "muted", id: "house-state" }, t("house_how"))),
        this.clear,
      ),
      this.usedBox,
      this.computed,
      this.unused,
    );
  }

  /** Look at a house of the feature store. */
  open() {
    this.turn();
    this.house = this.box.value.trim();
    this.storedPrice = null;
    this.fresh = true;
    this.lock(true);
    say(this.state, t("loading"));
    this.pricing.change();
  }

  /** Ask once more: the service is back. */
  again() {
    this.pricing.change();
  }

  /** Let the features rest as long as there is no house whose features they would be. */
  lock(locked) {
    for (const box of [this.usedBox, this.unusedBox]) box.inert = locked;
  }

  /** Go on with the present values as those of a house that is in no store. */
  own() {
    this.turn();
    this.house = null;
    this.storedPrice = null;
    this.fresh = false;
    this.lock(false);
    for (const field of this.fields.values()) {
      const value = field.value;
      field.store(undefined);
      field.value = value ?? (this.contract.used.includes(field.spec.name) ? field.middle() : null);
      field.show();
    }
    say(this.state, t("own_house_how"));
    this.change();
  }

  turn() {
    this.pricing.turn();
    say(this.fault, "");
    this.box.removeAttribute("aria-invalid");
    for (const field of this.fields.values()) field.blame("");
  }

  /** Give up all changes of the house. */
  restore() {
    for (const field of this.fields.values()) field.store(field.stored);
    this.change();
  }

  change() {
    if (this.house !== null && this.fresh) return; // its values are still on their way
    this.clear.hidden = this.house === null || !this.changes().length;
    if (this.house !== null)
      say(
        this.state,
        this.changes().length ? t("what_if", { house: this.house }) : t("stored_house", { house: this.house }),
      );
    this.result.wait();
    this.pricing.change();
  }

  /** The fields that are sent: of a house what differs from its stored values, else all that the model needs. */
  changes() {
    const all = [...this.fields.values()];
    if (this.house === null)
      return all.filter((field) => field.value !== null || this.contract.used.includes(field.spec.name));
    return all.filter((field) => field.own && (field.stored !== undefined || field.value !== null));
  }

  ask(signal) {
    const given = this.house !== null && this.fresh ? [] : this.changes();
    const [names, row] = [given.map((field) => field.spec.name), given.map((field) => field.value)];
    if (this.house === null) return api.predict(names, row, signal);
    const id = WHOLE.test(this.house) ? BigInt(this.house) : typed(this.house);
    return api.predict([HOUSE_ID, ...names], [id, ...row], signal);
  }

  answered(reply) {
    const [price] = reply.data.ndarray[0];
    const { names, rows } = reply.meta.tags.features;
    if (this.house !== null && this.fresh) this.opened(names, rows[0], price);
    for (const field of this.fields.values()) field.blame("");
    this.showComputed(names, rows[0]);
    this.result.show(reply, this.changes().length && this.house !== null ? this.storedPrice : null);
    this.priced(
      reply,
      this.house,
      this.changes().map((field) => field.spec.name),
    );
  }

  opened(names, row, price) {
    this.fresh = false;
    this.lock(false);
    this.storedPrice = price;
    for (const field of this.fields.values()) {
      const at = names.indexOf(field.spec.name);
      field.store(at < 0 ? undefined : row[at]);
    }
    this.clear.hidden = true;
    say(this.state, t("stored_house", { house: this.house }));
  }

  showComputed(names, row) {
    const derived = names
      .map((name, at) => [this.contract.features.get(name), row[at]])
      .filter(([spec]) => spec?.formula);
    this.computed.replaceChildren(
      ...derived.flatMap(([spec, value]) => [
        h("dt", {}, spec.name),
        h(
          "dd",
          {},
          `${value === null ? t("missing") : Number(value.toPrecision(5))} `,
          h("span", { class: "muted" }, `= ${spec.formula}`),
        ),
      ]),
    );
  }

  failed(error) {
    if (!(error instanceof api.Refusal)) throw error;
    if (error.status === 401) return this.noKey(error);
    if (error.status === 429) return this.countDown(error);
    const rest = error.details.filter((detail) => !this.blame(detail));
    const words = rest.map((detail) => `${detail.feature ?? ""} ${detail.remedy ?? ""}`.trim()).join("; ");
    if (error.status === 404) {
      if (!error.details.length) this.blameHouse(error.info);
      this.result.tell(t("no_such_house"));
    } else if (error.details.length === 0 || rest.length)
      this.result.tell(words || error.info || t("unreachable"), error.info ? "en" : null);
    else this.result.tell(t("mend_the_marked"));
    return undefined;
  }

  /** Show one fault at its field; whether it has one. */
  blame({ feature, remedy, allowed }) {
    if (feature === HOUSE_ID)
      return this.blameHouse(allowed && !remedy.includes(allowed) ? `${remedy} (${allowed})` : remedy);
    const field = this.fields.get(feature);
    field?.blame(remedy);
    return field !== undefined;
  }

  blameHouse(text) {
    say(this.fault, text);
    this.box.setAttribute("aria-invalid", "true");
    if (this.fresh) say(this.state, t("house_how"));
    return true;
  }

  countDown(error) {
    const until = performance.now() + error.retryAfter * 1000;
    this.pricing.heed(error.limit, error.retryAfter);
    this.pricing.change();
    clearInterval(this.counting);
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left > 0) this.result.tell(t("limited", { limit: error.limit, seconds: left }));
      else clearInterval(this.counting);
    };
    tick();
    this.counting = setInterval(tick, 250);
  }
}
