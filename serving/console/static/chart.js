// What all charts of the page have in common: plain SVG, drawn anew in place when the values or the width change.

import { s } from "./dom.js";

export const ROW = 30;
export const FONT = 13;

/** A linear scale from values to pixels. */
export function scale([low, high], [left, right]) {
  const span = high - low || 1;
  return (value) => left + ((value - low) / span) * (right - left);
}

/** Round numbers that divide a range into about so many parts. */
export function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough) ?? 10);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step)
    found.push(Number(at.toPrecision(12)));
  return found;
}

/** A chart that is drawn again when its place becomes wider or narrower. */
export class Chart {
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
