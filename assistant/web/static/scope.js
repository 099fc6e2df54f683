// One document asked alone: its name is shown above the question box.

import { make, one, shown } from "./dom.js";
import { say } from "./texts.js";
import { go } from "./views.js";

const ONLY = "only";
/** @type {{id?: string, title?: string}} */
let only = JSON.parse(sessionStorage.getItem(ONLY) ?? "{}") ?? {};

/** The id of the only document to search; empty for all. */
export const scope = () => only.id ?? "";

/** @param {{id: string, title: string}} entry */
export function restrict(entry) {
  only = { id: entry.id, title: entry.title };
  sessionStorage.setItem(ONLY, JSON.stringify(only));
  go("chat");
  draw();
  one("#question textarea")?.focus();
}

/**
 * No longer; of some documents, only where it is one of them.
 * @param {string[] | null} [ids]
 */
export function unrestrict(ids = null) {
  if (ids && !ids.includes(only.id ?? "")) return;
  only = {};
  sessionStorage.removeItem(ONLY);
  draw();
}

/** Shows which document alone is asked. Gradio may put an empty place in its place. */
export function draw() {
  const place = one("#only");
  if (!place || (place.dataset.id ?? "") === (only.id ?? "")) return;
  place.dataset.id = only.id ?? "";
  place.replaceChildren();
  if (!only.id) return;
  const end = make("button", { type: "button", "aria-label": say("ask.all") }, "×");
  end.addEventListener("click", () => {
    unrestrict();
    one("#question textarea").focus();
  });
  const title = make("span", { class: "title", dir: "auto" }, shown(only.title ?? ""));
  place.append(make("p", { role: "status" }, `${say("ask.only")} `, title), end);
}
