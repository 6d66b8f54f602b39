// The view of the traffic: what the service's figures say, as the differences between two readings.

import * as api from "./api.js";
import { Sparkline } from "./figure_charts.js";
import { h, say } from "./dom.js";
import { ago, number, percent, t } from "./i18n.js";
import { cell, figure, row, table } from "./table.js";

const EVERY_MS = 2000;
const KEPT = 150; // readings: five minutes
const WINDOW = 15; // readings that a rate is taken over: half a minute

// Questions after the health are no traffic.
const total = (requests, wanted = () => true) =>
  requests
    .filter((each) => !each.path.startsWith("/health") && wanted(each))
    .reduce((sum, { count }) => sum + count, 0);
const failed = ({ code }) => Number(code) >= 500;
const refused = ({ code }) => Number(code) >= 400 && Number(code) < 500;

/** The value below which a share of the calls between two histograms lies, in seconds; null: there were none. */
export function quantile(share, before, after) {
  const counts = after.map(([end, count], at) => [end, count - (before[at]?.[1] ?? 0)]);
  const all = counts.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  let [low, under] = [0, 0];
  for (const [end, count] of counts) {
    if (count >= share * all)
      return end === null ? low : low + (end - low) * ((share * all - under) / (count - under || 1));
    [low, under] = [end, count];
  }
  return null;
}

/** What happened between two readings `{when, figures}`. */
export function between(before, after) {
  const seconds = (after.when - before.when) / 1000;
  const [old, now] = [before.figures.requests, after.figures.requests];
  const more = (wanted) => Math.max(0, total(now, wanted) - total(old, wanted));
  const calls = more();
  return {
    rate: calls / seconds,
    failed: calls ? more(failed) / calls : null,
    refused: calls ? more(refused) / calls : null,
    median: quantile(0.5, before.figures.latency, after.figures.latency),
    slow: quantile(0.99, before.figures.latency, after.figures.latency),
    rows: Math.max(0, (after.figures.rows ?? 0) - (before.figures.rows ?? 0)) / seconds,
  };
}

const TILES = ["rate", "median", "slow", "failed", "refused", "rows"];
const FORMS = {
  rate: (value) => number(value, 3),
  rows: (value) => number(value, 3),
  median: (value) => (value === null ? "–" : `${number(value * 1000, 3)} ms`),
  slow: (value) => (value === null ? "–" : `${number(value * 1000, 3)} ms`),
  failed: (value) => percent(value, 2),
  refused: (value) => percent(value, 2),
};

/** Tiles with lines of the last five minutes, and the counts since the start. */
export class ServiceView {
  constructor() {
    this.readings = [];
    this.tiles = Object.fromEntries(TILES.map((name) => [name, this.tile(name)]));
    this.since = h("p", { class: "muted", id: "since" }, t("reading"));
    this.alarm = h("p", { class: "notice", role: "alert", hidden: true });
    this.table = h("tbody", { id: "requests" });
    this.element = h(
      "div",
      { class: "stack" },
      h("h1", {}, t("nav_service")),
      this.since,
      this.alarm,
      h(
        "div",
        { class: "tiles" },
        Object.values(this.tiles).map(({ element }) => element),
      ),
      h(
        "div",
        { class: "card" },
        h("h2", {}, t("since_start")),
        table(t("since_start"), ["path", "status", "#calls"], this.table),
      ),
    );
  }

  tile(name) {
    const value = h("p", { class: "figure-large", id: `tile-${name}` }, "–");
    const place = h("div", { class: "place" });
    const element = h(
      "div",
      { class: "card tile" },
      h("h2", {}, t(`tile_${name}`)),
      value,
      h("p", { class: "muted small" }, t(`tile_${name}_how`)),
      place,
    );
    return { element, value, chart: new Sparkline(place) };
  }

  /** Read again and again while the view is looked at. */
  start() {
    this.stop();
    this.read();
    this.timer = setInterval(() => document.visibilityState === "visible" && this.read(), EVERY_MS);
  }

  stop() {
    clearInterval(this.timer);
  }

  async read() {
    try {
      const figures = await api.figures();
      const last = this.readings.at(-1);
      if (last && figures.started !== last.figures.started) this.readings = []; // it was started anew
      this.readings = [...this.readings, { when: performance.now(), figures }].slice(-KEPT - WINDOW);
      this.show(figures);
    } catch (error) {
      if (!(error instanceof api.Refusal)) throw error;
      say(this.alarm, error.info || t("unreachable"));
    }
  }

  show(figures) {
    const { readings } = this;
    const at = (index) => between(readings[Math.max(0, index - WINDOW)], readings[index]);
    const history = readings.length > 1 ? readings.slice(1).map((_, index) => at(index + 1)) : [];
    for (const name of TILES) {
      const values = history.map((each) => each[name]);
      const now = values.length ? FORMS[name](values.at(-1)) : "–";
      this.tiles[name].value.textContent = now;
      this.tiles[name].chart.show(values, t("spark_label", { name: t(`tile_${name}`), value: now }));
    }
    say(
      this.since,
      t("running_since", {
        ago: ago(Date.now() / 1000 - figures.started),
        busy: number(figures.in_flight ?? 0),
        rows: number(figures.rows ?? 0, 9),
      }),
    );
    say(this.alarm, figures.rows_lost > 0 ? t("rows_lost", { count: number(figures.rows_lost, 9) }) : "");
    const sorted = [...figures.requests].sort((one, other) => other.count - one.count);
    this.table.replaceChildren(
      ...sorted.map(({ path, code, count }) =>
        row(h("code", {}, path), cell(h("span", { class: `code c${code[0]}` }, code)), figure(number(count, 9))),
      ),
    );
  }
}
