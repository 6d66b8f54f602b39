// The page's language: strings from en.json or es.json, numbers and times in the language's own form.

let language = "en";
let strings = {};

/** Load a language and put its strings into the page's elements that name one. */
export async function speak(wanted) {
  const found = await fetch(`${wanted}.json`);
  strings = await found.json();
  language = wanted;
  document.documentElement.lang = wanted;
  translate(document);
}

/** The language of the page. */
export const spoken = () => language;

/** The string of a name; {key} in it becomes the value of that key. */
export function t(name, values = {}) {
  const text = strings[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

/** Fill the elements below a root that carry `data-text` or `data-label`. */
export function translate(root) {
  for (const each of root.querySelectorAll("[data-text]")) each.textContent = t(each.dataset.text);
  for (const each of root.querySelectorAll("[data-label]")) each.setAttribute("aria-label", t(each.dataset.label));
}

/** A number with at most so many significant digits. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return new Intl.NumberFormat(language, { maximumSignificantDigits: digits }).format(value);
}

/** A share, 0 to 1, as per cent. */
export function percent(value, digits = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }).format(value);
}

/** An amount in a unit; a unit such as "1000 USD" is a number of coins of a currency. */
export function amount(value, unit, signed = false) {
  const signDisplay = signed ? "exceptZero" : "auto";
  const [, size, currency] = /^(\d+) ([A-Z]{3})$/.exec(unit) ?? [];
  if (currency) {
    const form = {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      maximumFractionDigits: 0,
      signDisplay,
    };
    return new Intl.NumberFormat(language, form).format(value * Number(size));
  }
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 2, signDisplay }).format(value)} ${unit}`;
}

/** A moment as date and time. */
export function moment(when) {
  const time = new Date(when);
  if (Number.isNaN(time.getTime())) return "–";
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(time);
}

/** How long ago, in the largest fitting unit. */
export function ago(seconds) {
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const [unit, size] = units.find(([, each]) => seconds >= each) ?? units[3];
  return new Intl.RelativeTimeFormat(language).format(-Math.round(seconds / size), unit);
}
