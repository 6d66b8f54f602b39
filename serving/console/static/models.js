// The view of the versions: which one serves, how good each was found to be, what is tried, and where to look further.

import * as api from "./api.js";
import { SpreadChart } from "./figure_charts.js";
import { h } from "./dom.js";
import { amount, moment, number, percent, t } from "./i18n.js";
import { liveOf, liveRmse } from "./live.js";
import { cell, figure, row, table } from "./table.js";

const SHOWN = ["cv_rmse", "cv_rmse_sd", "test_rmse", "test_r2"];

/** A link to a page of another tool; text where nobody answers, nothing where what it needs is not known. */
function link({ name, url, answers }, known) {
  let whole = true;
  const address = url.replace(/\{(\w+)\}/g, (_, key) =>
    known[key] ? encodeURIComponent(known[key]) : (whole = false) || "",
  );
  if (!whole || !/^https?:\/\//.test(address)) return null;
  if (!answers) return h("li", { class: "muted" }, t("link_silent", { name: t(`link_${name}`) }));
  return h(
    "li",
    {},
    h(
      "a",
      { href: address, rel: "noopener noreferrer", target: "_blank" },
      t(`link_${name}`),
      h("span", { class: "unseen" }, ` (${t("new_tab")})`),
    ),
  );
}

/** Champion, challenger and the other versions. */
export class ModelsView {
  constructor(unit) {
    this.unit = unit;
    this.body = h("div", { class: "stack" }, h("p", { class: "muted" }, t("reading")));
    this.element = h("div", { class: "stack" }, h("h1", {}, t("nav_models")), this.body);
  }

  async start() {
    const asked = [api.metadata(), api.figures(), api.versions(), api.about(), api.drift()];
    const [metadata, figures, versions, about, verdict] = await Promise.all(
      asked.map((each) => each.catch((error) => error)),
    );
    if (metadata instanceof Error) {
      this.body.replaceChildren(
        h(
          "div",
          { class: "card empty" },
          h("h2", {}, t("no_answer")),
          h("p", { lang: "en" }, metadata.info || t("unreachable")),
        ),
      );
      return;
    }
    const rollout = figures instanceof Error ? null : figures.rollout;
    const listed = versions instanceof Error ? [] : versions.versions;
    const place = h("div", { class: "place" });
    const rows = listed
      .filter(({ metrics }) => Number.isFinite(metrics.cv_rmse))
      .slice(0, 12)
      .map(({ version, metrics }) => ({
        name: `v${version}`,
        value: metrics.cv_rmse,
        spread: metrics.cv_rmse_sd ?? 0,
        tone: version === metadata.versions[0] ? "up" : version === rollout?.challenger ? "warn" : "plain",
      }));
    this.body.replaceChildren(
      ...[
        h("div", { class: "pair" }, this.champion(metadata), this.challenger(rollout, figures.evidence ?? {})),
        rows.length
          ? h(
              "div",
              { class: "card" },
              h("h2", {}, t("quality")),
              h("p", { class: "muted small" }, t("quality_how")),
              place,
            )
          : null,
        listed.length ? this.table(listed, metadata.versions[0], rollout, verdict) : null,
        this.links(about, metadata),
      ].filter(Boolean),
    );
    if (rows.length) new SpreadChart(place).show({ rows, text: (value) => amount(value, this.unit) }, t("quality"));
  }

  stop() {}

  champion({ name, versions, custom }) {
    const told = Object.entries(custom);
    return h(
      "div",
      { class: "card", id: "champion" },
      h("h2", {}, t("champion")),
      h("p", { class: "figure-large" }, `${name} v${versions[0]}`),
      h(
        "p",
        { class: "muted" },
        t("by_experiment", { experiment: custom.experiment, when: moment(custom.created_at) }),
      ),
      this.figures(custom),
      h(
        "details",
        {},
        h("summary", {}, t("all_it_says")),
        h(
          "dl",
          { class: "facts", lang: "en" },
          told.flatMap(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", {}, value)]),
        ),
      ),
    );
  }

  figures(custom) {
    const value = (name) => Number(custom[name]);
    const told = [];
    if (Number.isFinite(value("cv_rmse")))
      told.push([t("cv_rmse"), `${number(value("cv_rmse"), 3)} ± ${number(value("cv_rmse_sd"), 2)}`]);
    if (Number.isFinite(value("test_rmse"))) told.push([t("test_rmse"), number(value("test_rmse"), 3)]);
    if (Number.isFinite(value("test_r2"))) told.push([t("test_r2"), number(value("test_r2"), 3)]);
    return h(
      "dl",
      { class: "facts" },
      told.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]),
    );
  }

  challenger(rollout, evidence) {
    if (!rollout)
      return h(
        "div",
        { class: "card", id: "challenger" },
        h("h2", {}, t("challenger")),
        h("p", {}, t("no_challenger")),
        h("p", { class: "muted small" }, t("no_challenger_how")),
      );
    const weights = Object.entries(evidence).flatMap(([test, value]) => [
      h("dt", { lang: "en" }, test),
      h("dd", {}, number(value, 3)),
    ]);
    return h(
      "div",
      { class: "card", id: "challenger" },
      h("h2", {}, t("challenger")),
      h("p", { class: "figure-large" }, `v${rollout.challenger}`),
      h(
        "p",
        { class: "muted" },
        rollout.mode === "shadow" ? t("shadow") : t("canary", { share: percent(rollout.share, 0) }),
      ),
      weights.length ? h("h3", {}, t("evidence")) : null,
      weights.length ? h("p", { class: "muted small" }, t("evidence_how")) : null,
      h("dl", { class: "facts" }, weights),
    );
  }

  table(listed, serving, rollout, verdict) {
    const lives = listed.some(({ version }) => liveOf(verdict, version));
    const extra = SHOWN.filter(
      (name) => listed.some(({ metrics }) => Number.isFinite(metrics[name])) && name !== "cv_rmse_sd",
    );
    const quality = (metrics, name) =>
      Number.isFinite(metrics[name])
        ? number(metrics[name], 3) +
          (name === "cv_rmse" && metrics.cv_rmse_sd ? ` ± ${number(metrics.cv_rmse_sd, 2)}` : "")
        : "–";
    const role = (version) =>
      version === serving
        ? h("span", { class: "badge good" }, t("serves"))
        : version === rollout?.challenger
          ? h("span", { class: "badge warn" }, t("is_tried"))
          : null;
    const heads = [
      "version",
      "experiment",
      "#features_count",
      ...extra.map((name) => `#${name}`),
      ...(lives ? ["#live_rmse_long"] : []),
      "made",
    ];
    const rows = listed.map(({ version, experiment, features, metrics, created_at: made }) =>
      row(
        [`v${version} `, role(version)],
        h("td", { lang: "en" }, experiment.replaceAll("_", " ")),
        figure(features.length),
        ...extra.map((name) => figure(quality(metrics, name))),
        ...(lives ? [figure(liveRmse(liveOf(verdict, version)))] : []),
        cell(moment(made)),
      ),
    );
    const body = h("tbody", { id: "versions" }, rows);
    return h("div", { class: "card" }, h("h2", {}, t("versions")), table(t("versions"), heads, body));
  }

  links(about, { name, versions, custom }) {
    if (about instanceof Error) return null;
    const found = about.links
      .map((each) => link(each, { ...custom, model: name, version: versions[0] }))
      .filter(Boolean);
    return found.length
      ? h("div", { class: "card" }, h("h2", {}, t("further")), h("ul", { class: "links", id: "links" }, found))
      : null;
  }
}
