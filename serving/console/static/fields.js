// One field for each feature: its meaning, unit and range, a slider and a box for exact values.

import { fresh, h, say } from "./dom.js";
import { number, t } from "./i18n.js";

/** What was typed, as it is sent: a number, or the text itself, about which the service says what is wrong. */
export function typed(text) {
  const plain = text.trim().replace(",", ".");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : text.trim() || null;
}

/** A feature that can be changed. */
export class Field {
  /** @param changed called with the field after each change by the reader */
  constructor(spec, changed) {
    this.spec = spec;
    this.changed = changed;
    this.value = null;
    this.stored = undefined;
    const id = fresh("field");
    this.fault = h("p", { class: "fault", id: `${id}-fault`, hidden: true, role: "alert", lang: "en" });
    this.reset = h("button", { type: "button", class: "reset", hidden: true, onclick: () => this.take(this.stored) });
    this.mark = h("span", { class: "stored", hidden: true });
    this.element = h(
      "div",
      { class: "field", role: "group", "aria-labelledby": `${id}-name` },
      h(
        "div",
        { class: "about" },
        h("span", { class: "name", id: `${id}-name` }, spec.name),
        h("span", { class: "meaning", lang: "en" }, spec.meaning),
        spec.sensitive ? h("span", { class: "chip", title: t("sensitive_why") }, t("sensitive")) : null,
      ),
      h("div", { class: "control" }, ...(spec.kind === "binary" ? this.choices(id) : this.range(id))),
      this.fault,
    );
  }

  range(id) {
    const { low, high, step, name, unit } = this.spec;
    this.slider = h("input", {
      type: "range",
      min: low,
      max: high,
      step,
      "aria-label": name,
      "aria-describedby": `${id}-range`,
      oninput: () => this.take(Number(this.slider.value)),
    });
    this.box = h("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      size: 8,
      "aria-label": t("exact_value", { name }),
      "aria-describedby": `${id}-range ${id}-fault`,
      oninput: () => this.take(typed(this.box.value), false),
      onblur: () => this.show(),
    });
    return [
      h(
        "div",
        { class: "track" },
        this.slider,
        this.mark,
        h(
          "div",
          { class: "ends", id: `${id}-range` },
          h("span", {}, number(low)),
          h("span", { class: "unit", lang: "en" }, unit === "1" ? "" : unit),
          h("span", {}, number(high)),
        ),
      ),
      h("div", { class: "exact" }, this.box, this.reset),
    ];
  }

  choices(id) {
    this.radios = this.spec.choices.map((value) =>
      h("input", {
        type: "radio",
        name: id,
        value: String(value),
        "aria-describedby": `${id}-fault`,
        onchange: () => this.take(value),
      }),
    );
    const labels = this.radios.map((radio) => h("label", {}, radio, h("span", {}, radio.value)));
    return [h("div", { class: "choice" }, labels), h("div", { class: "exact" }, this.reset)];
  }

  /** Give it the stored value of a house; undefined: there is none. */
  store(value) {
    this.stored = value;
    this.value = value ?? null;
    this.blame("");
    this.show();
  }

  /** Take the reader's value. */
  take(value, tidy = true) {
    this.value = value ?? null;
    this.blame("");
    this.show(tidy);
    this.changed(this);
  }

  /** Whether the value is another than the stored one. */
  get own() {
    return this.stored === undefined || this.value !== this.stored;
  }

  /** Show what the service has against the value. */
  blame(text) {
    say(this.fault, text);
    this.element.classList.toggle("wrong", text !== "");
    this.box?.setAttribute("aria-invalid", text !== "" ? "true" : "false");
  }

  /** Bring the controls to the value; the box is left as it is while somebody types. */
  show(tidy = true) {
    const { low, high, unit, name } = this.spec;
    const known = typeof this.value === "number";
    const changed = this.stored !== undefined && this.own;
    this.element.classList.toggle("changed", changed);
    this.reset.hidden = !changed;
    if (changed)
      this.reset.textContent = t("stored_is", { value: this.stored === null ? t("missing") : number(this.stored) });
    if (this.radios) for (const radio of this.radios) radio.checked = known && Number(radio.value) === this.value;
    if (!this.slider) return;
    this.slider.value = String(known ? this.value : (low + high) / 2);
    this.slider.classList.toggle("blank", !known);
    this.slider.style.setProperty(
      "--at",
      String(known ? Math.min(1, Math.max(0, (this.value - low) / (high - low))) : 0),
    );
    this.slider.setAttribute(
      "aria-valuetext",
      known ? `${number(this.value, 6)} ${unit === "1" ? "" : unit}` : t("missing"),
    );
    this.mark.hidden = !(changed && typeof this.stored === "number");
    this.mark.style.setProperty("--at", String(((this.stored ?? low) - low) / (high - low)));
    if (tidy) this.box.value = known ? String(Number(this.value.toPrecision(7))) : (this.value ?? "");
    this.box.placeholder = t("missing");
    this.reset.setAttribute("aria-label", t("reset", { name }));
  }

  /** The middle of the range, for a house of one's own. */
  middle() {
    const { low, high, step, kind } = this.spec;
    return kind === "binary" ? low : Number((Math.round((low + high) / 2 / step) * step).toPrecision(7));
  }
}
