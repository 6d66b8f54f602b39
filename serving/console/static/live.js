// The error against true prices, version by version, as `/drift` has it.

import { Sparkline } from "./figure_charts.js";
import { h } from "./dom.js";
import { amount, number, percent, t } from "./i18n.js";
import { figure, row, table } from "./table.js";

const TONES = { "worse than promised": "bad", "as promised": "good" };
const TITLES = {
  "worse than promised": "live_worse",
  "as promised": "live_as_promised",
  "not enough truths": "live_not_enough",
};
const FIGURES = ["rmse", "mae", "bias", "r2", "coverage"];

/** A figure with the ends of its interval. */
function sure(found, form) {
  return found ? `${form(found.value)} (${form(found.low)} – ${form(found.high)})` : "–";
}

/** What is known of a version's live error; null: nothing. */
export function liveOf(verdict, version) {
  return verdict?.live_error?.versions?.find((each) => each.version === version) ?? null;
}

/** The live RMSE of a version with its interval. */
export const liveRmse = (found) => sure(found?.rmse, (value) => number(value, 3));

/** The card, and what is to be drawn once it is in its place. */
export function liveCard(found, unit) {
  if (!found) return { card: null, draw: () => {} };
  const place = h("div", { class: "place" });
  const forms = {
    rmse: (value) => number(value, 3),
    mae: (value) => number(value, 3),
    bias: (value) => number(value, 2),
    r2: (value) => number(value, 2),
    coverage: (value) => percent(value),
  };
  const promised = ({ promise }) =>
    promise?.rmse ? `${number(promise.rmse, 3)} ± ${number(promise.rmse_sd, 2)}` : "–";
  const rows = (found.versions ?? []).map((each) =>
    row(
      `v${each.version}`,
      figure(number(each.rows, 9)),
      ...FIGURES.map((name) => figure(sure(each[name], forms[name]))),
      figure(promised(each)),
    ),
  );
  const heads = ["version", "#priced_and_known", ...FIGURES.map((name) => `#live_${name}`), "#live_promised"];
  const days = found.days ?? [];
  const estimate = found.estimate
    ? h("p", { class: "muted" }, t("live_estimate", { mae: amount(found.estimate.mae, unit) }))
    : null;
  const card = h(
    "div",
    { class: `card verdict ${TONES[found.status] ?? "warn"}`, id: "live-error" },
    h("h2", {}, t("live_error")),
    h(
      "p",
      {},
      h(
        "span",
        { class: `badge ${TONES[found.status] ?? "warn"}` },
        TITLES[found.status] ? t(TITLES[found.status]) : found.status,
      ),
    ),
    found.reason ? h("p", { lang: "en" }, found.reason) : null,
    estimate,
    rows.length ? table(t("live_error"), heads, rows) : null,
    days.length > 2 ? h("div", {}, h("h3", {}, t("live_days")), place) : null,
  );
  const draw = () =>
    days.length > 2 &&
    new Sparkline(place).show(
      days.map(({ mae }) => mae),
      t("live_days"),
    );
  return { card, draw };
}
