// The language model: which one answers, and a dialog to choose another where this machine alone reaches the server.

import { call } from "./call.js";
import { button, make, one, shown } from "./dom.js";
import { say } from "./texts.js";

/** @typedef {{name: string | null, url: string | null, has_key: boolean, changeable: boolean}} Model */

const opener = one("#model");
/** @type {HTMLDialogElement} */
const dialog = one("dialog.model");
/** @type {HTMLFormElement} */
const form = one("dialog.model form");
const trouble = one("dialog.model .trouble");
const outcome = one("dialog.model .outcome");
/** @param {string} name @returns {HTMLInputElement} */
const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
// Written here, as the page itself names no address.
field("url").placeholder = "http://127.0.0.1:11434/v1";
/** @type {Model} */
let model = { name: null, url: null, has_key: false, changeable: false };

async function load() {
  model = await (await call("/api/model")).json();
  opener.textContent = model.name === null ? say("model.quotes") : say("model.now", { name: shown(model.name) });
  opener.disabled = !model.changeable;
  opener.title = model.changeable ? "" : say("model.fixed");
  opener.hidden = false;
}

function open() {
  field("url").value = model.url ?? "";
  field("name").value = model.name ?? "";
  field("key").value = "";
  field("key").placeholder = model.has_key ? say("model.kept") : "";
  tell("", "");
  dialog.showModal();
  offer().catch(() => {});
}

/** Offers the model servers of this machine; choosing one fills in the form only. */
async function offer() {
  /** @type {{name: string, url: string, offered: string[]}[]} */
  const servers = await (await call("/api/model/servers")).json();
  const place = one("dialog.model .servers");
  const choices = servers.map(({ name, url, offered }) => button(shown(name), () => {
    field("url").value = url;
    field("name").value = offered[0] ?? "";
    suggest(offered);
  }, { class: "button" }));
  place.replaceChildren(say("model.here"), " ", ...choices);
  place.hidden = servers.length === 0;
}

/** @param {string[]} names */
const suggest = (names) => one("#model-names").replaceChildren(...names.map((value) => make("option", { value })));

/** @param {string} bad @param {string} good */
function tell(bad, good) {
  trouble.textContent = bad;
  trouble.hidden = bad === "";
  outcome.textContent = good;
}

/** What is in the form. No key leaves the one that is kept. */
function filled() {
  const key = field("key").value.trim();
  return { url: field("url").value, name: field("name").value, key: key || (model.has_key ? null : "") };
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  tell("", "");
  form.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (fault) {
    tell(/** @type {Error} */ (fault).message, "");
  } finally {
    form.removeAttribute("aria-busy");
  }
}

async function test() {
  const { problem, offered } = await (await call("/api/model/test", filled())).json();
  suggest(offered);
  if (problem) tell(problem, "");
  else tell("", say("model.works", { n: offered.length }));
}

/** @param {Record<string, string | null>} chosen */
async function use(chosen) {
  const sent = { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(chosen) };
  await call("/api/model", null, sent);
  dialog.close();
  await load();
}

opener.addEventListener("click", open);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => use(filled()));
});
one("dialog.model [data-does=test]").addEventListener("click", () => attempt(test));
one("dialog.model [data-does=none]").addEventListener("click", () => attempt(() => use({ url: "", name: "", key: "" })));
one("dialog.model [data-does=cancel]").addEventListener("click", () => dialog.close());
load().catch(() => {});
