// What part of the documents is asked: some of them, folders, a time. Chips above the question box show it.

import { call } from "./call.js";
import { button, make, one, shown } from "./dom.js";
import { say } from "./texts.js";
import { go } from "./views.js";

const KEPT = "part";
const MOST = 300; // folders that are offered
const NOTHING = { documents: [], in: [], since: "" };

/** @typedef {{documents: {id: string, title: string}[], in: string[], since: string}} Part */

/** @type {Part} */
let part = { ...NOTHING, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}") };
let drawn = "";

/** The part as the server takes it; empty for all documents. */
export function scope() {
  if (!part.documents.length && !part.in.length && !part.since) return "";
  return JSON.stringify({ ...part, documents: part.documents.map(({ id }) => id) });
}

/** @param {Partial<Part>} changes */
function change(changes) {
  part = { ...part, ...changes };
  sessionStorage.setItem(KEPT, JSON.stringify(part));
  draw();
}

/** Asks some documents alone. @param {{id: string, title: string}[]} entries */
export function restrict(entries) {
  change({ ...NOTHING, documents: entries.map(({ id, title }) => ({ id, title })) });
  go("chat");
  one("#question textarea")?.focus();
}

/**
 * No longer; of some documents, only where they are among these.
 * @param {string[] | null} [ids]
 */
export function unrestrict(ids = null) {
  if (ids) change({ documents: part.documents.filter(({ id }) => !ids.includes(id)) });
  else change(NOTHING);
}

/** Shows the part. Gradio may put an empty place in its place. */
export function draw() {
  const place = one("#only");
  if (!place) return;
  const now = JSON.stringify(part);
  if (now === drawn && place.children.length) return;
  drawn = now;
  const { documents } = part;
  const chips = part.in.map((folder) => chip(folder, () => change({ in: part.in.filter((other) => other !== folder) })));
  if (part.since) chips.push(chip(say("ask.since", { date: part.since }), () => change({ since: "" })));
  if (documents.length) {
    const name = documents.length === 1 ? documents[0].title : say("all.documents", { n: documents.length });
    chips.unshift(chip(name, () => change({ documents: [] })));
  }
  const told = chips.length ? [make("p", { role: "status" }, say("ask.only"))] : [];
  const narrow = button(say("ask.narrow"), () => {}, { class: "narrow", popovertarget: "narrowing" });
  place.replaceChildren(...told, ...chips, narrow);
}

/** @param {string} name @param {() => void} ends */
function chip(name, ends) {
  const title = shown(name);
  const end = button("×", () => {
    ends();
    one("#question textarea").focus();
  }, { "aria-label": say("ask.without", { name: title }) });
  return make("span", { class: "chip" }, make("span", { class: "title", dir: "auto", title }, title), end);
}

// -- choosing -----------------------------------------------------------------------------------

const choosing = one("#narrowing");
const folders = choosing.querySelector("select");
const since = choosing.querySelector("input");

/** The folders that documents lie in, those with most of them first. @param {{source: string}[]} entries */
function places(entries) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { source } of entries) {
    const parts = source.replace(/^[a-z]+:\/\//i, "").split(/[\\/]/).slice(0, -1).filter((name) => name && name !== ".");
    for (let at = 1; at <= parts.length; at++) {
      const folder = `${parts.slice(0, at).join("/")}/`;
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, MOST);
}

choosing.addEventListener("toggle", async () => {
  if (!choosing.matches(":popover-open")) return;
  since.value = part.since;
  const entries = await call("/api/documents").then((reply) => reply.json(), () => []);
  const options = places(entries).map(([folder, n]) => make("option", { value: folder, dir: "auto" }, `${shown(folder)} (${say("all.documents", { n })})`));
  folders.replaceChildren(make("option", { value: "" }, say("ask.anywhere")), ...options);
  folders.value = part.in[0] ?? "";
});
choosing.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!since.reportValidity()) return;
  change({ in: folders.value ? [folders.value] : [], since: since.value.trim() });
  choosing.hidePopover();
  one("#question textarea").focus();
});
