// The list of documents: searched, sorted, opened, asked about, removed. What comes from outside goes into the page
// as text alone.

import { call } from "./call.js";
import * as contents from "./contents.js";
import { make, shown } from "./dom.js";
import { folded } from "./folded.js";
import { folderRow, lines } from "./folders.js";
import { restrict, unrestrict } from "./scope.js";
import * as chat from "./chat.js";
import { figure, language, say } from "./texts.js";

const SLICE = 100; // rows shown at once; more come as one scrolls
const PAUSE = 1500; // milliseconds between two readings of the list, while documents are being added
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

/** @type {any} */
const root = document.querySelector("section#documents");
const one = (selector) => root.querySelector(selector);
const body = one("tbody");
const search = one("input[type=search]");
const dialog = one("dialog.removal");

let entries = new Map(); // id -> entry
let listed = []; // those that are searched for, in order
let order = { key: "title", descending: false };
let slices = 1;
const rows = new Map(); // id -> row, made when first shown
const chosen = new Set();
let leaving = []; // entries that the dialog asks about

// -- reading the list -------------------------------------------------------------------------

/** @type {ReturnType<typeof setTimeout> | null} */
let timer = null;
let last = 0;
let asked = 0;

// Now, or soon where it was read just before.
function refresh() {
  timer ??= setTimeout(() => {
    timer = null;
    last = Date.now();
    read();
  }, Math.max(0, last + PAUSE - Date.now()));
}

async function read() {
  const mine = ++asked;
  const trouble = one(":scope > .trouble");
  try {
    const list = await (await call("/api/documents")).json();
    if (mine !== asked) return;
    trouble.hidden = true;
    take(list);
  } catch (fault) {
    trouble.firstElementChild.textContent = fault.message;
    trouble.hidden = false;
  }
}

function take(list) {
  for (const entry of list) {
    entry.sought = folded([entry.title, entry.source, ...entry.sources].join("\n"));
    const known = entries.get(entry.id);
    if (known && JSON.stringify(known) !== JSON.stringify(entry)) rows.delete(entry.id);
  }
  entries = new Map(list.map((entry) => [entry.id, entry]));
  for (const id of rows.keys()) if (!entries.has(id)) rows.delete(id);
  for (const id of chosen) if (!entries.has(id)) chosen.delete(id);
  arrange();
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// -- searching and sorting --------------------------------------------------------------------

function seek() {
  slices = 1;
  arrange();
  contents.look(search.value);
}

function arrange() {
  const sought = folded(search.value).split(/\s+/).filter(Boolean);
  listed = [...entries.values()].filter((entry) => sought.every((word) => entry.sought.includes(word)));
  const sign = order.descending ? -1 : 1;
  listed.sort((a, b) => sign * compared(a[order.key], b[order.key]) || words.compare(a.title, b.title));
  draw();
}

function compared(a, b) {
  return typeof a === "number" ? a - b : words.compare(a, b);
}

function sort(button) {
  const key = button.dataset.sort;
  // Figures and dates are looked at from the largest on.
  const descending = key === order.key ? !order.descending : key !== "title";
  order = { key, descending };
  for (const header of root.querySelectorAll("th[aria-sort]")) header.removeAttribute("aria-sort");
  button.closest("th").setAttribute("aria-sort", descending ? "descending" : "ascending");
  slices = 1;
  arrange();
}

// -- showing ----------------------------------------------------------------------------------

function draw() {
  const held = /** @type {HTMLElement} */ (document.activeElement);
  const id = /** @type {HTMLElement | null} */ (held.closest("#documents tbody tr"))?.dataset.id;
  const at = id === undefined ? -1 : parts(held.closest("tr")).indexOf(held);
  const all = order.key === "title" && !order.descending ? lines(listed, search.value.trim() !== "") : listed;
  const wanted = all.slice(0, slices * SLICE).map((line) => ("folder" in line ? folderRow(line, draw) : row(line)));
  wanted.forEach((element, at) => {
    // Rows that stay where they are keep the focus.
    if (body.children[at] !== element) body.insertBefore(element, body.children[at] ?? null);
  });
  while (body.children.length > wanted.length) body.lastElementChild.remove();
  one("table").hidden = !listed.length;
  one(".more").hidden = all.length <= wanted.length;
  one(".nothing").hidden = listed.length > 0;
  one(".nothing").textContent = say(entries.size ? "docs.unmatched" : "docs.none");
  one(".count").textContent = counted();
  choose();
  // A row that was drawn anew, or moved, has the focus where it had it before.
  if (document.activeElement !== held && rows.has(id)) parts(rows.get(id))[at]?.focus({ preventScroll: true });
}

function parts(row) {
  return [...row.querySelectorAll("input, a, button")];
}

function counted() {
  if (listed.length < entries.size) return say("docs.part", { found: listed.length, n: entries.size });
  const passages = say("all.passages", { n: listed.reduce((sum, entry) => sum + entry.passages, 0) });
  return entries.size ? say("docs.total", { n: entries.size, passages }) : "";
}

function row(entry) {
  if (!rows.has(entry.id)) rows.set(entry.id, drawn(entry));
  return rows.get(entry.id);
}

function drawn(entry) {
  const title = shown(entry.title);
  const tick = make("input", { type: "checkbox", "aria-label": say("docs.choose", { title }) });
  const ask = make("button", { type: "button", class: "plain", "aria-label": say("docs.asking", { title }) }, say("docs.ask"));
  const original = make(
    "a", { class: "plain", href: `${address(entry)}/original`, download: "", "aria-label": say("docs.downloading", { title }) }, say("docs.download"),
  );
  const again = make("button", { type: "button", class: "plain", "aria-label": say("docs.reading", { title }) }, say("docs.read"));
  const remove = make("button", { type: "button", class: "plain", "aria-label": say("docs.removing", { title }) }, say("all.remove"));
  tick.checked = chosen.has(entry.id);
  tick.addEventListener("change", () => { chosen[tick.checked ? "add" : "delete"](entry.id); choose(); });
  ask.addEventListener("click", () => restrict([answering(entry)]));
  again.addEventListener("click", () => readAgain(entry, again));
  remove.addEventListener("click", () => askToRemove([entry]));
  return make(
    "tr", { role: "row", "data-id": entry.id },
    cell({ class: "choice" }, tick),
    cell({ class: "what" }, ...named(entry, title)),
    cell({ class: "figure", "data-name": say("docs.passage", { n: entry.passages }) }, figure(entry.passages)),
    cell({ class: "figure" }, size(entry.size)),
    cell({ class: "date" }, make("time", { datetime: entry.added, title: entry.added }, date(entry.added))),
    cell({ class: "actions" }, ask, original, again, remove),
  );
}

/** The document that answers: a near-duplicate answers in place of others. */
const answering = (entry) => entries.get(entry.duplicate_of) ?? entry;

function cell(attributes, ...children) {
  return make("td", { role: "cell", ...attributes }, ...children);
}

function named(entry, title) {
  /** @type {HTMLElement[]} */
  const parts = [make("a", { class: "title", href: `/source/${encodeURIComponent(entry.id)}`, dir: "auto" }, title)];
  const others = entry.sources.filter((name) => name !== entry.source);
  const more = others.length ? say("docs.names", { n: others.length }) : "";
  parts.push(make("span", { class: "place", dir: "auto", title: [entry.source, ...others].map(shown).join("\n") },
    place(entry.source), more));
  const same = entry.duplicate_of && entries.get(entry.duplicate_of);
  if (same) parts.push(make("span", { class: "same" }, say("docs.same", { title: shown(same.title) })));
  return parts;
}

function place(source) {
  if (!/^https?:\/\//.test(source) || !URL.canParse(source)) return shown(source);
  return make("a", { href: source, rel: "noopener noreferrer", target: "_blank" }, shown(source));
}

function address(entry) {
  return `/api/documents/${encodeURIComponent(entry.id)}`;
}

function size(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  const digits = power && value < 10 ? 1 : 0;
  return value.toLocaleString(language, {
    style: "unit", unit: UNITS[power], unitDisplay: power ? "short" : "long", minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
}

function date(written) {
  const read = new Date(written);
  return Number.isNaN(read.getTime()) ? shown(written) : dates.format(read);
}

// -- reading again ----------------------------------------------------------------------------

// A page of the web is fetched; anything else is read from its original, which is kept here.
async function readAgain(entry, button) {
  if (/^https?:\/\//.test(entry.source)) {
    dispatchEvent(new CustomEvent("fetch-again", { detail: entry.source }));
    return;
  }
  const title = shown(entry.title);
  button.disabled = true;
  one(".count").textContent = say("docs.rereading", { title });
  const told = await call(`${address(entry)}/read`, null, { method: "POST" }).then((reply) => reply.json(), (fault) => fault);
  button.disabled = false;
  if (told.status === "updated") changed();
  one(".count").textContent = told.status === "updated" ? say("docs.read-anew", { title, passages: say("all.passages", { n: told.passages }) })
    : told.status === "unchanged" ? say("docs.read-same", { title }) : shown(told.reason ?? told.message);
}

// -- removing ---------------------------------------------------------------------------------

function choose() {
  const button = one("[data-does=remove-chosen]");
  button.hidden = !chosen.size;
  button.textContent = say("docs.chosen", { n: chosen.size });
  one("[data-does=ask-chosen]").hidden = !chosen.size;
  one("[data-does=ask-chosen]").textContent = say("docs.ask-chosen", { n: chosen.size });
  const all = one("thead input");
  const here = listed.filter((entry) => chosen.has(entry.id)).length;
  all.checked = here > 0 && here === listed.length;
  all.indeterminate = here > 0 && here < listed.length;
}

function chooseAll(chooses) {
  for (const entry of listed) {
    chosen[chooses ? "add" : "delete"](entry.id);
    const tick = rows.get(entry.id)?.querySelector("input");
    if (tick) tick.checked = chooses;
  }
  choose();
}

function askToRemove(some) {
  leaving = some;
  const [first] = some;
  one("#removal-heading").textContent = some.length === 1
    ? say("docs.remove-one", { title: shown(first.title) }) : say("docs.remove-some", { n: some.length });
  tell("");
  dialog.showModal();
  one("[data-does=keep]").focus();
}

function tell(trouble, busy = false) {
  dialog.querySelector(".trouble").textContent = trouble;
  dialog.querySelector(".trouble").hidden = !trouble;
  one("[data-does=remove]").disabled = busy;
  one("[data-does=remove]").textContent = say(busy ? "docs.going" : trouble ? "all.again" : "all.remove");
}

async function remove() {
  const gone = leaving.map((entry) => entries.get(entry.id)).filter(Boolean);
  const after = following(gone);
  tell("", true);
  try {
    if (gone.length) await call("/api/documents/remove", { ids: gone.map((entry) => entry.id) });
  } catch (fault) {
    tell(fault.message);
    refresh();
    return;
  }
  dialog.close();
  asked++; // what is being read may hold them still
  unrestrict(gone.map((entry) => entry.id));
  take([...entries.values()].filter((entry) => !gone.includes(entry)));
  one(".count").textContent = gone.length === 1
    ? say("docs.removed-one", { title: shown(gone[0].title) }) : say("docs.removed-some", { n: gone.length });
  (after && rows.get(after.id)?.querySelector("a.title") || search).focus();
  changed();
}

// Where the focus goes when its row is gone.
function following(gone) {
  const at = listed.indexOf(gone[gone.length - 1]);
  return listed.slice(at + 1).find((entry) => !gone.includes(entry)) ?? listed[at - gone.length];
}

// -- events -----------------------------------------------------------------------------------

// Something was added or removed.
export function changed() {
  chat.stale();
  dispatchEvent(new Event("corpus"));
  refresh();
}

// A topic of the first page leads here: #documents/search/<words>.
root.addEventListener("view", (event) => {
  if (event.detail.startsWith("search/")) {
    search.value = decoded(event.detail.slice("search/".length));
    seek();
  }
  refresh();
});
search.addEventListener("input", seek);
one("thead input").addEventListener("change", (event) => chooseAll(event.target.checked));
one("thead").addEventListener("click", (event) => {
  const button = event.target.closest("[data-sort]");
  if (button) sort(button);
});
one(":scope > .trouble button").addEventListener("click", refresh);
one("[data-does=remove-chosen]").addEventListener("click", () => askToRemove([...chosen].map((id) => entries.get(id))));
one("[data-does=ask-chosen]").addEventListener("click", () => restrict([...chosen].map((id) => answering(entries.get(id)))));
one("[data-does=keep]").addEventListener("click", () => dialog.close());
one("[data-does=remove]").addEventListener("click", remove);

const more = one(".more");
const showMore = () => { slices += 1; draw(); };
more.addEventListener("click", showMore);
new IntersectionObserver((seen) => {
  if (seen.some((entry) => entry.isIntersecting) && !more.hidden) showMore();
}, { rootMargin: "600px" }).observe(more);

/** @param {string} id The title of a document, if it is in the list. */
export const titleOf = (id) => entries.get(id)?.title;
