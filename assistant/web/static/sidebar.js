// The side bar: the conversations of this browser by day, found, opened, named, pinned, exported, deleted.

import { call } from "./call.js";
import * as chat from "./chat.js";
import { button, make, one, shown } from "./dom.js";
import { share } from "./sharing.js";
import { language, say } from "./texts.js";
import { place } from "./views.js";

const FOLDED = "folded";
const wide = matchMedia("(min-width: 1101px)");
const side = one("#side");
const list = side.querySelector(".conversations");
const search = side.querySelector("input[type=search]");
const dialog = one("dialog.forgetting");
const days = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

/** @typedef {{id: string, name: string, at: string, turns: number, pinned: boolean, shared: string | null}} Conversation */

/** @type {Conversation[]} */
let conversations = [];
let asked = 0;
/** @type {Conversation | null} */
let leaving = null;

// -- the list -----------------------------------------------------------------------------------

async function refresh() {
  const mine = ++asked;
  const trouble = side.querySelector(".trouble");
  try {
    const found = await (await call(`/api/conversations?query=${encodeURIComponent(search.value.slice(0, 200))}`)).json();
    if (mine !== asked) return;
    conversations = found;
    trouble.hidden = true;
    draw();
  } catch (fault) {
    trouble.textContent = fault.message;
    trouble.hidden = false;
  }
}

function draw() {
  if (side.querySelector(".renaming")) return;
  const held = /** @type {HTMLElement} */ (document.activeElement);
  const id = held.closest?.("#side li")?.getAttribute("data-id");
  const parts = (item) => [...item.querySelectorAll("a, button, summary")];
  const at = id ? parts(held.closest("li")).indexOf(held) : -1;
  const unfolded = list.querySelector("details[open]")?.closest("li")?.getAttribute("data-id");
  const groups = new Map();
  for (const each of conversations) {
    const group = each.pinned ? say("side.pinned") : day(each.at);
    groups.set(group, [...(groups.get(group) ?? []), each]);
  }
  const order = [...groups.keys()].sort((a, b) => Number(b === say("side.pinned")) - Number(a === say("side.pinned")));
  list.replaceChildren(...order.flatMap((group) => [
    make("h3", {}, group), make("ul", {}, ...groups.get(group).map((each) => item(each, unfolded))),
  ]));
  side.querySelector(".nothing").hidden = conversations.length > 0;
  side.querySelector(".nothing").textContent = search.value
    ? say("side.unfound") : say("side.none");
  if (id && at >= 0) parts([...list.querySelectorAll("li")].find((li) => li.dataset.id === id) ?? list)[at]?.focus();
}

/** The day of a time, in words where it is near. @param {string} at */
function day(at) {
  const then = new Date(at);
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const ago = Math.round((midnight(new Date()) - midnight(then)) / 86_400_000);
  if (ago > 1) return days.format(then);
  const words = relative.format(-ago, "day");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {Conversation} each @param {string | null} [unfolded] the one whose menu is open */
function item(each, unfolded) {
  const name = shown(each.name);
  const link = make("a", { href: `#chat/${each.id}`, dir: "auto", title: name }, name);
  if (each.id === chat.current() && place().name === "chat") link.setAttribute("aria-current", "true");
  const menu = make("details", { class: "menu", ...(unfolded === each.id ? { open: "" } : {}) },
    make("summary", { "aria-label": say("side.menu", { name }) }, "⋯"),
    make("div", { class: "choices" },
      button(say("side.rename"), () => rename(each), { class: "plain" }),
      button(each.pinned ? say("side.unpin") : say("side.pin"), () => {
        /** @type {HTMLDetailsElement} */ (menu).open = false;
        change(each, { pinned: !each.pinned });
      }, { class: "plain" }),
      make("a", { class: "plain", download: "", href: `/api/conversations/${each.id}/export?form=markdown` }, say("side.markdown")),
      make("a", { class: "plain", download: "", href: `/api/conversations/${each.id}/export?form=json` }, say("side.json")),
      button(say(each.shared ? "side.shared" : "side.share"), () => share(each), { class: "plain" }),
      button(say("side.delete"), () => askToDelete(each), { class: "plain danger" })));
  return make("li", { "data-id": each.id, ...(each.shared ? { class: "shared" } : {}) }, link, menu);
}

// -- changes ------------------------------------------------------------------------------------

async function change(each, values) {
  await call(`/api/conversations/${each.id}`, values, { method: "PATCH" }).catch(() => {});
  await refresh();
}

/** @param {Conversation} each */
function rename(each) {
  const row = [...list.querySelectorAll("li")].find((li) => li.dataset.id === each.id);
  const field = /** @type {HTMLInputElement} */ (make("input", {
    class: "field", "aria-label": say("side.renamed"), maxlength: "200", dir: "auto", value: each.name,
  }));
  const form = make("form", { class: "renaming" }, field);
  const end = (kept) => {
    if (!form.isConnected) return;
    form.remove();
    if (kept && field.value !== each.name) change(each, { name: field.value });
    else draw();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); end(true); });
  field.addEventListener("blur", () => end(true));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end(false);
  });
  row.replaceChildren(form);
  field.select();
}

/** @param {Conversation} each */
function askToDelete(each) {
  leaving = each;
  dialog.querySelector("h2").textContent = say("side.deleting", { name: shown(each.name).slice(0, 200) });
  dialog.querySelector(".trouble").hidden = true;
  dialog.showModal();
  dialog.querySelector("[data-does=keep]").focus();
}

async function forget() {
  const gone = /** @type {Conversation} */ (leaving);
  const go = dialog.querySelector("[data-does=remove]");
  go.disabled = true;
  try {
    await call(`/api/conversations/${gone.id}`, null, { method: "DELETE" });
    dialog.close();
    if (gone.id === chat.current()) chat.fresh();
    await refresh();
    search.focus();
  } catch (fault) {
    dialog.querySelector(".trouble").textContent = fault.message;
    dialog.querySelector(".trouble").hidden = false;
  }
  go.disabled = false;
}

// -- folding ------------------------------------------------------------------------------------

function fold(folded, keep = true) {
  document.body.classList.toggle("sided", !folded);
  one("#fold").setAttribute("aria-expanded", String(!folded));
  if (keep && wide.matches) localStorage.setItem(FOLDED, String(folded));
}

const isFolded = () => !document.body.classList.contains("sided");

one("#fold").addEventListener("click", () => {
  fold(!isFolded());
  if (!isFolded() && !wide.matches) search.focus();
});
wide.addEventListener("change", () => fold(!wide.matches || localStorage.getItem(FOLDED) === "true", false));
document.addEventListener("click", (event) => {
  const within = /** @type {Element} */ (event.target);
  for (const menu of list.querySelectorAll("details[open]")) if (!menu.contains(within)) menu.open = false;
  // Over a narrow page the bar closes when something was chosen, or beside it.
  if (!wide.matches && !isFolded() && (within.closest("#side a[href^='#chat/']") || !within.closest("#side, #fold, dialog"))) fold(true);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = list.querySelector("details[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (!wide.matches && !isFolded()) {
    fold(true);
    one("#fold").focus();
  }
});

let timer = 0;
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(refresh, 150);
});
dialog.querySelector("[data-does=keep]").addEventListener("click", () => dialog.close());
dialog.querySelector("[data-does=remove]").addEventListener("click", forget);
for (const kind of ["settled", "opening", "back", "shared"]) addEventListener(kind, () => refresh());
addEventListener("place", () => draw());
addEventListener("focus", () => refresh()); // another tab may have changed them
fold(!wide.matches || localStorage.getItem(FOLDED) === "true", false);
refresh();
