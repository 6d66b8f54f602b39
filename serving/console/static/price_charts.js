// The charts of a price: its interval, and how it comes about.

import { Chart, FONT, ROW, scale, ticks } from "./chart.js";
import { s } from "./dom.js";

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
    this.guides.replaceChildren(
      ...rows.slice(1).map((row, at) => s("path", { d: `M${x(row.from)} ${at * ROW + 24}V${(at + 1) * ROW + 8}` })),
    );
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
