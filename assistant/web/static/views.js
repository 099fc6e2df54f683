// The views of the page and their addresses: #chat, #documents and #accuracy. What follows a slash is theirs, what
// follows a question mark is the source that is open beside them: #chat/<id>?source=<id>&start=12&end=40.
// A section hears "view" when it is opened, and when that which follows the slash changes.

import { all, one } from "./dom.js";

/** @type {Record<string, number>} */
const scrolled = {};
let current = "";
/** @type {string | null} */
let path = null;

/** The place that the address names. */
export function place() {
  const [before, query = ""] = location.hash.slice(1).split("?");
  const [name, ...rest] = before.split("/");
  const known = one(`section.view[id="${CSS.escape(name)}"]`) !== null;
  return { name: known ? name : "chat", path: rest.join("/"), source: query };
}

/** @param {string} name */
function part(name) {
  return one(name === "chat" ? "gradio-app" : `section#${name}`);
}

/** The view that is open. */
export const view = () => current;

function visit() {
  const { name, path: rest } = place();
  if (name !== current) leave(name);
  if (name !== "chat" && path !== `${name}/${rest}`) part(name).dispatchEvent(new CustomEvent("view", { detail: rest }));
  path = `${name}/${rest}`;
  dispatchEvent(new Event("place"));
}

/** @param {string} name */
function leave(name) {
  scrolled[current] = scrollY;
  for (const link of all("#top nav a")) {
    const here = link.hash === `#${name}`;
    part(link.hash.slice(1)).hidden = !here;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.dataset.view = name;
  current = name;
  entitle();
  dispatchEvent(new CustomEvent("entered", { detail: name }));
  scrollTo(0, scrolled[name] ?? 0);
}

export function entitle() {
  if (!current) return;
  const name = one("#top .name").textContent;
  const title = current === "chat" ? name : `${one("#top nav [aria-current]").textContent} – ${name}`;
  if (document.title !== title) document.title = title;
}

/**
 * Opens a view.
 * @param {string} name
 */
export function go(name) {
  if (current !== name) location.hash = name;
  visit();
}

/**
 * Goes to an address of the page.
 * @param {string} hash
 * @param {{replace?: boolean, state?: any}} [how] `replace` makes no entry in the history
 */
export function move(hash, { replace = false, state = null } = {}) {
  history[replace ? "replaceState" : "pushState"](state, "", hash);
  visit();
}

addEventListener("hashchange", visit);
addEventListener("popstate", visit);

/** Once all parts listen. */
export const begin = visit;
