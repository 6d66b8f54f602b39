// The page: its language and theme, the key, the views, and whether the service answers.

import * as api from "./api.js";
import { readContract } from "./contract.js";
import { h, say } from "./dom.js";
import { DriftView } from "./drift.js";
import { speak, spoken, t } from "./i18n.js";
import { ModelsView } from "./models.js";
import { PriceView } from "./price.js";
import { ReceiptsView } from "./receipts.js";
import { ServiceView } from "./service.js";

const VIEWS = ["price", "service", "drift", "models", "receipts"];
const LANGUAGES = ["en", "es"];
const [LOOK_MS, LOOK_SOON_MS] = [5000, 2000]; // the latter while the service does not answer
const $ = (id) => document.getElementById(id);
const page = { views: {}, shown: null, contract: null, needsKey: true, version: null };

function theme(wanted) {
  if (wanted) document.documentElement.dataset.theme = wanted;
  const dark = wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  $("theme").textContent = t(dark ? "theme_light" : "theme_dark");
  $("theme").onclick = () => {
    const next = dark ? "light" : "dark";
    localStorage.setItem("console-theme", next);
    theme(next);
  };
}

function language() {
  const wanted = localStorage.getItem("console-language") ?? navigator.language.slice(0, 2);
  return LANGUAGES.includes(wanted) ? wanted : LANGUAGES[0];
}

async function change(wanted) {
  localStorage.setItem("console-language", wanted);
  await speak(wanted);
  $("language").value = wanted;
  document.title = t("title");
  theme(document.documentElement.dataset.theme);
  if (page.contract) build();
}

/** Ask for the key, in place of the view that needs it; `refused` is why the last one was not taken. */
function askForKey(refused) {
  api.key.forget();
  $("key-forget").hidden = true;
  const box = h("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "key-how key-fault",
  });
  const fault = h("p", { class: "fault", id: "key-fault", role: "alert", lang: refused?.info ? "en" : null });
  const form = h(
    "form",
    {
      class: "card door",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        enter(box.value.trim());
      },
    },
    h("h1", {}, t(refused ? "key_refused" : "key_title")),
    h("label", { for: "key" }, t("key")),
    box,
    fault,
    h("p", { class: "muted small", id: "key-how" }, t("key_how")),
    h("button", { type: "submit", class: "primary" }, t("key_enter")),
  );
  $("view-price").replaceChildren(form);
  page.views.price = null;
  if (page.shown !== "price") location.hash = "price";
  say(fault, refused?.info ?? "");
  box.focus();
}

function enter(typed) {
  if (!typed) return;
  api.key.set(typed);
  openPrice();
}

function openPrice() {
  $("key-forget").hidden = !api.key.get();
  const view = new PriceView(page.contract, {
    house: page.house,
    openReceipt: (receipt) => {
      location.hash = "receipts";
      page.views.receipts.open(receipt);
    },
    noKey: askForKey,
    priced: (...answer) => page.views.receipts.keep(...answer),
  });
  page.views.price = view;
  $("view-price").replaceChildren(view.element);
  view.open();
}

/** Make every view anew, in the language of the page. */
function build() {
  const { unit } = page.contract;
  page.views[page.shown]?.stop?.();
  const own = page.views.receipts?.own ?? [];
  page.house = page.views.price?.box.value ?? page.house;
  page.views = {
    service: new ServiceView(),
    drift: new DriftView(unit),
    models: new ModelsView(unit),
    receipts: new ReceiptsView(askForKey),
  };
  Object.assign(page.views.receipts, { own, late: own.length > 0 });
  for (const [name, view] of Object.entries(page.views)) $(`view-${name}`).replaceChildren(view.element);
  if (page.needsKey && !api.key.get()) askForKey();
  else openPrice();
  page.shown = null;
  route();
}

function route() {
  const wanted = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : VIEWS[0];
  if (wanted === page.shown) return;
  page.views[page.shown]?.stop?.();
  const turned = page.shown !== null;
  page.shown = wanted;
  for (const name of VIEWS) {
    $(`view-${name}`).hidden = name !== wanted;
    const tab = document.querySelector(`.tabs a[href="#${name}"]`);
    if (name === wanted) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (wanted === "receipts") page.views.receipts?.refresh(page.contract.unit);
  page.views[wanted]?.start?.();
  if (turned) $("main").focus({ preventScroll: true });
}

/** See whether the service answers, and begin once it does. */
async function look() {
  try {
    const { model, version } = await api.ready();
    $("served").textContent = `${model} v${version}`;
    const back = !$("outage").hidden;
    say($("outage"), "");
    if (!page.contract || version !== page.version) await begin(version);
    else if (back) page.views.price?.again();
  } catch (error) {
    if (!(error instanceof api.Refusal)) throw error;
    say($("outage"), t(error.reason === "MODEL_NOT_READY" ? "not_ready" : "outage"));
  }
}

function lookAgain() {
  const soon = $("outage").hidden ? LOOK_MS : LOOK_SOON_MS;
  setTimeout(async () => {
    if (document.visibilityState === "visible") await look();
    lookAgain();
  }, soon);
}

/** All that a contract says, as text. */
const told = (contract) => JSON.stringify({ ...contract, features: [...contract.features] });

async function begin(version) {
  const [about, openapi] = await Promise.all([api.about(), api.document_()]);
  page.needsKey = about.needs_key;
  page.version = version;
  const before = page.contract && told(page.contract);
  page.contract = readContract(openapi);
  if (before !== told(page.contract)) build();
}

await change(language());
$("language").onchange = () => change($("language").value);
$("key-forget").onclick = () => askForKey();
addEventListener("hashchange", route);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
  theme(document.documentElement.dataset.theme),
);
if (localStorage.getItem("console-theme")) theme(localStorage.getItem("console-theme"));
await look();
lookAgain();
document.documentElement.dataset.ready = spoken();
