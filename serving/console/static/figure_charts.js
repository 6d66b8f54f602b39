// The charts of figures: lines of what was, bars, and means with their spreads.

import { Chart, FONT, ROW, scale, ticks } from "./chart.js";
import { s } from "./dom.js";

/** The last readings of a figure as a line. */
export class Sparkline extends Chart {
  constructor(place) {
    super(place, "spark");
    this.area = s("path", { class: "area" });
    this.line = s("path", { class: "line" });
    this.svg.append(this.area, this.line);
  }

  draw(values) {
    const [width, height] = [this.size(44), 44];
    const known = values.map((value) => value ?? 0);
    const x = scale([0, Math.max(known.length - 1, 1)], [1, width - 1]);
    const y = scale([0, Math.max(...known, 1e-9)], [height - 3, 4]);
    const path = known.map((value, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    this.line.setAttribute("d", known.length > 1 ? path : "");
    this.area.setAttribute("d", known.length > 1 ? `${path}L${x(known.length - 1)} ${height}L1 ${height}Z` : "");
  }
}

/** Bars from nought, to the right or to the left: one a row, the largest of them as wide as there is room. */
export class BarsChart extends Chart {
  constructor(place) {
    super(place, "bars");
  }

  draw({ rows, text }) {
    const width = this.size(rows.length * ROW + 6);
    const left = Math.min(150, Math.max(88, width * 0.26));
    const values = rows.map((row) => row.value ?? 0);
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
    const x = scale([low, high], [low < 0 ? left + 62 : left, width - (high > 0 ? 62 : 8)]);
    this.svg.replaceChildren(...rows.map((row, at) => this.row(row, at, x, text)));
    if (low < 0) this.svg.append(s("path", { class: "zero", d: `M${x(0)} 2V${rows.length * ROW}` }));
  }

  row({ name, value, tone }, at, x, text) {
    const [zero, end, middle] = [x(0), x(value ?? 0), ROW / 2 + FONT / 3];
    const [place, anchor] = (value ?? 0) < 0 ? [end - 6, "end"] : [end + 6, "start"];
    const parts = [
      s("text", { class: "label", x: 0, y: middle }, name),
      s("rect", {
        class: "bar",
        x: Math.min(zero, end),
        y: 7,
        height: ROW - 14,
        width: Math.max(Math.abs(end - zero), 1.5),
        rx: 3,
      }),
      s("text", { class: "amount", x: place, y: middle, "text-anchor": anchor }, text(value)),
    ];
    return s("g", { class: tone ?? "plain", transform: `translate(0 ${at * ROW})` }, parts);
  }
}

/** A mean with its spread, one a row, on a common scale that does not begin at nought. */
export class SpreadChart extends Chart {
  constructor(place) {
    super(place, "spread");
  }

  draw({ rows, text }) {
    const width = this.size(rows.length * ROW + 30);
    const left = Math.min(150, Math.max(76, width * 0.22));
    const ends = rows.flatMap(({ value, spread }) => [value - spread, value + spread]);
    const pad = (Math.max(...ends) - Math.min(...ends)) * 0.08 || 1;
    const [low, high] = [Math.max(0, Math.min(...ends) - pad), Math.max(...ends) + pad];
    const x = scale([low, high], [left, width - 60]);
    const foot = rows.length * ROW;
    const axis = ticks(low, high, width / 120).map((at) =>
      s(
        "g",
        { class: "axis" },
        s("path", { class: "grid", d: `M${x(at)} 2V${foot + 4}` }),
        s("text", { x: x(at), y: foot + 20, "text-anchor": "middle" }, text(at)),
      ),
    );
    this.svg.replaceChildren(...axis, ...rows.map((row, at) => this.row(row, at, x, text)));
  }

  row({ name, value, spread, tone }, at, x, text) {
    const parts = [
      s("text", { class: "label", x: 0, y: ROW / 2 + FONT / 3 }, name),
      s("path", { class: "whisker", d: `M${x(value - spread)} ${ROW / 2}H${x(value + spread)}` }),
      s("circle", { class: "dot", cx: x(value), cy: ROW / 2, r: 5.5 }),
      s("text", { class: "amount", x: x(value + spread) + 8, y: ROW / 2 + FONT / 3 }, text(value)),
    ];
    return s("g", { class: tone ?? "plain", transform: `translate(0 ${at * ROW})` }, parts);
  }
}
