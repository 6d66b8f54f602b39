// The page's charts: plain SVG, drawn anew in place when the values or the width change.

import { s } from "./dom.js";

const ROW = 30;
const FONT = 13;

/** A linear scale from values to pixels. */
function scale([low, high], [left, right]) {
  const span = high - low || 1;
  return (value) => left + ((value - low) / span) * (right - left);
}

/** Round numbers that divide a range into about so many parts. */
export function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough) ?? 10);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}

/** A chart that is drawn again when its place becomes wider or narrower. */
class Chart {
  constructor(place, name) {
    this.svg = s("svg", { class: `chart ${name}`, role: "img", focusable: "false" });
    this.drawn = null;
    place.append(this.svg);
    new ResizeObserver(() => this.drawn && this.draw(this.drawn)).observe(place);
  }

  /** Draw the values. */
  show(values, label) {
    this.svg.setAttribute("aria-label", label);
    this.drawn = values;
    this.draw(values);
  }

  size(height) {
    const width = Math.max(this.svg.parentElement.clientWidth, 240);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", height);
    return width;
  }
}

/** The price with its interval on a line. */
export class IntervalChart extends Chart {
  constructor(place) {
    super(place, "interval");
    this.band = s("rect", { class: "band", y: 12, height: 12, rx: 6 });
    this.dot = s("circle", { class: "dot", cy: 18, r: 7 });
    this.stored = s("path", { class: "mark", d: "M0 6v24" });
    this.axis = s("g", { class: "axis" });
    this.svg.append(s("path", { class: "rail" }), this.axis, this.band, this.stored, this.dot);
    this.high = 0;
  }

  draw({ price, low, high, stored, money }) {
    const width = this.size(52);
    this.high = Math.max(this.high, high * 1.12);
    const x = scale([0, this.high], [8, width - 8]);
    this.svg.firstChild.setAttribute("d", `M8 18H${width - 8}`);
    this.band.style.transform = `translateX(${x(low)}px)`;
    this.band.setAttribute("width", Math.max(x(high) - x(low), 2));
    this.dot.style.transform = `translateX(${x(price)}px)`;
    this.stored.style.transform = `translateX(${x(stored ?? price)}px)`;
    this.stored.setAttribute("visibility", stored === null ? "hidden" : "visible");
    const labels = ticks(0, this.high, width / 110).map((at) => {
      const anchor = at === 0 ? "start" : x(at) > width - 24 ? "end" : "middle";
      return s("text", { x: x(at), y: 46, "text-anchor": anchor }, money(at));
    });
    this.axis.replaceChildren(...labels);
  }
}

/** How a price comes about: from the base value, each feature's contribution after the other, to the price. */
export class ReasonsChart extends Chart {
  constructor(place) {
    super(place, "reasons");
    this.rows = new Map();
    this.guides = s("g", { class: "guides" });
    this.svg.append(this.guides);
  }

  draw({ rows, money }) {
    const width = this.size(rows.length * ROW + 6);
    const left = Math.min(190, Math.max(96, width * 0.34));
    const ends = rows.flatMap((row) => [row.from, row.to]);
    const x = scale([Math.min(...ends), Math.max(...ends)], [left + 58, width - 68]);
    for (const [name, row] of this.rows) if (!rows.some((each) => each.name === name)) this.drop(name, row);
    rows.forEach((row, at) => this.place(row, at, x, left, money));
    this.guides.replaceChildren(...rows.slice(1).map((row, at) =>
      s("path", { d: `M${x(row.from)} ${at * ROW + 24}V${(at + 1) * ROW + 8}` })));
  }

  drop(name, row) {
    row.group.remove();
    this.rows.delete(name);
  }

  place(row, at, x, left, money) {
    const known = this.rows.get(row.name) ?? this.make(row.name);
    const [start, end] = [x(Math.min(row.from, row.to)), x(Math.max(row.from, row.to))];
    const down = row.to < row.from;
    known.group.setAttribute("class", row.total ? "total" : down ? "down" : "up");
    known.group.style.transform = `translateY(${at * ROW}px)`;
    known.label.textContent = row.label;
    known.value.textContent = row.value;
    known.value.setAttribute("x", left - 4);
    // A total is a point, not a length: its bar would have to begin at nought.
    known.bar.style.transform = `translateX(${row.total ? x(row.to) - 2 : start}px)`;
    known.bar.setAttribute("width", row.total ? 4 : Math.max(end - start, 1.5));
    known.amount.textContent = row.total ? money(row.to) : money(row.to - row.from, true);
    known.amount.setAttribute("x", down ? start - 6 : (row.total ? x(row.to) + 2 : end) + 6);
    known.amount.setAttribute("text-anchor", down ? "end" : "start");
  }

  make(name) {
    const parts = {
      label: s("text", { class: "label", x: 0, y: ROW / 2 + FONT / 3 }),
      value: s("text", { class: "value", y: ROW / 2 + FONT / 3, "text-anchor": "end" }),
      bar: s("rect", { class: "bar", y: 6, height: ROW - 12, rx: 3 }),
      amount: s("text", { class: "amount", y: ROW / 2 + FONT / 3 }),
    };
    const group = s("g", {}, Object.values(parts));
    this.svg.append(group);
    this.rows.set(name, { group, ...parts });
    return this.rows.get(name);
  }
}

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
      s("rect", { class: "bar", x: Math.min(zero, end), y: 7, height: ROW - 14, width: Math.max(Math.abs(end - zero), 1.5), rx: 3 }),
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
    const axis = ticks(low, high, width / 120).map((at) => s("g", { class: "axis" },
      s("path", { class: "grid", d: `M${x(at)} 2V${foot + 4}` }),
      s("text", { x: x(at), y: foot + 20, "text-anchor": "middle" }, text(at))));
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
