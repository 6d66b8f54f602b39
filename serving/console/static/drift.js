// The view of the verdict on drift, feature by feature, with its root cause.

import * as api from "./api.js";
import { BarsChart } from "./figure_charts.js";
import { h } from "./dom.js";
import { ago, amount, number, percent, t } from "./i18n.js";
import { liveCard } from "./live.js";
import { cell, figure, row, table } from "./table.js";

const TONES = { drifted: "bad", stable: "good" };

/** The row of a column: in the window, and beside it in the training rows. */
function columnRow(column) {
  const spread = (mean, sd) => (mean === null ? "–" : `${number(mean)} ± ${number(sd)}`);
  const mark = column.drifted
    ? h("span", { class: "badge bad" }, t("drifted"))
    : column.early
      ? h("span", { class: "badge warn" }, t("early"))
      : h("span", { class: "badge" }, t("calm"));
  const price = column.role === "prediction" ? h("span", { class: "muted" }, ` ${t("the_price")}`) : null;
  const reasons = column.reasons?.length
    ? h("span", { class: "muted small reason", lang: "en" }, column.reasons.join("; "))
    : null;
  return row(
    [column.name, price],
    cell(mark, reasons),
    figure(spread(column.mean, column.sd)),
    figure(spread(column.reference_mean, column.reference_sd)),
    figure(number(column.ks, 2)),
    figure(number(column.psi, 2)),
    figure(percent(column.outside)),
  );
}

/** What `/drift` says. */
export class DriftView {
  constructor(unit) {
    this.unit = unit;
    this.body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("reading")));
    this.element = h("div", { class: "stack" }, h("h1", {}, t("nav_drift")), this.body);
  }

  async start() {
    try {
      this.show(await api.drift());
    } catch (error) {
      if (!(error instanceof api.Refusal)) throw error;
      this.none(error);
    }
  }

  stop() {}

  none(error) {
    const title = error.reason === "NO_DRIFT_VERDICT" ? t("no_verdict") : t("no_answer");
    this.body.replaceChildren(
      h(
        "div",
        { class: "card empty", id: "no-verdict" },
        h("h2", {}, title),
        h("p", { lang: "en" }, error.info || t("unreachable")),
      ),
    );
  }

  show(verdict) {
    const columns = [...verdict.columns].sort((one, other) => other.ks - one.ks);
    const place = h("div", { class: "place" });
    const live = liveCard(verdict.live_error, this.unit);
    this.body.replaceChildren(
      this.head(verdict),
      ...[live.card].filter(Boolean),
      h(
        "div",
        { class: "card" },
        h("h2", {}, t("distance")),
        h("p", { class: "muted small" }, t("distance_how")),
        place,
      ),
      ...this.cause(verdict.root_cause),
      this.table(columns),
    );
    const rows = columns.map(({ name, ks, drifted, early }) => ({
      name,
      value: ks,
      tone: drifted ? "bad" : early ? "warn" : "plain",
    }));
    new BarsChart(place).show({ rows, text: (value) => number(value, 2) }, t("distance"));
    live.draw();
    for (const draw of this.later) draw();
  }

  head({ status, reason, age_seconds: age, stale, window, of_the_version_that_serves: ofThis }) {
    const known = { drifted: "status_drifted", stable: "status_stable", "not enough data": "status_not_enough" }[
      status
    ];
    return h(
      "div",
      { class: `card verdict ${TONES[status] ?? "warn"}`, id: "verdict" },
      h("h2", {}, known ? t(known) : status),
      h("p", { lang: "en" }, reason),
      h(
        "p",
        { class: "muted small" },
        t("judged", {
          ago: ago(age),
          rows: number(window.rows, 9),
          distinct: number(window.distinct, 9),
          version: window.version,
          hours: window.hours,
        }),
      ),
      stale ? h("p", { class: "badge warn" }, t("stale")) : null,
      ofThis === false ? h("p", { class: "badge warn" }, t("other_version")) : null,
    );
  }

  cause(cause) {
    this.later = [];
    const effects = (cause?.effects ?? []).filter((effect) => effect.price_effect !== null).slice(0, 8);
    if (!effects.length) return [];
    const place = h("div", { class: "place" });
    const money = (value) => amount(value, this.unit, true);
    const rows = effects.map(({ feature, price_effect: value }) => ({
      name: feature,
      value,
      tone: value < 0 ? "down" : "up",
    }));
    this.later.push(() => new BarsChart(place).show({ rows, text: money }, t("cause")));
    const change = cause.price_change === null ? "" : t("price_change", { change: money(cause.price_change) });
    const segments = (cause.segments ?? [])
      .slice(0, 3)
      .map((each) =>
        h(
          "li",
          {},
          `${each.feature} = ${number(each.value)}: ${percent(each.share)} (${t("in_training")} ${percent(each.reference_share)})`,
        ),
      );
    return [
      h(
        "div",
        { class: "card" },
        h("h2", {}, t("cause")),
        h("p", { class: "muted small" }, `${t("cause_how")} ${change}`),
        place,
        segments.length ? h("div", {}, h("h3", {}, t("segments")), h("ul", {}, segments)) : null,
      ),
    ];
  }

  table(columns) {
    const heads = ["feature", "finding", "#window", "#training", "#ks", "#psi", "#outside"];
    const body = h("tbody", { id: "columns" }, columns.map(columnRow));
    return h("div", { class: "card" }, h("h2", {}, t("by_feature")), table(t("by_feature"), heads, body));
  }
}
