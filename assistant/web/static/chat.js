// The conversation of this tab, and its questions on their way: none is lost by a reload or a server that ends.

import * as composer from "./composer.js";
import { watch } from "./connection.js";
import { all as every, one } from "./dom.js";
import { draw as drawScope, scope, unrestrict } from "./scope.js";
import { say } from "./texts.js";
import { entitle, move, place, view } from "./views.js";

const KEY = "conversation";
const PENDING = "pending";
const NAME = /^[0-9a-f]{32}$/;

/** @returns {any[]} */
const turns = () => every("#transcript .turn");

// -- which one --------------------------------------------------------------------------------------

/** Names a new conversation. */
function begin() {
  // getRandomValues and not randomUUID: the latter is missing where the page is not served from localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The one that the address names, or the last of this tab, or a new one. */
export function current() {
  const { name, path } = place();
  const named = name === "chat" && NAME.test(path) ? path : sessionStorage.getItem(KEY) ?? begin();
  sessionStorage.setItem(KEY, named);
  return named;
}

/** Opens the conversation that the address names. */
function load() {
  opened = current();
  one("#open-chat")?.click();
  dispatchEvent(new Event("opening"));
}

let opened = "";
let old = false;

/** Documents were added or removed: what the chat shows may be of those before. */
export function stale() {
  old = true;
}

function placed() {
  if (view() !== "chat" || !one("#transcript")) return;
  const { path } = place();
  const other = NAME.test(path) && path !== opened;
  if (other && isGrowing()) {
    // An answer that grows would grow on in another conversation. It is kept: the server ends it.
    current();
    location.reload();
  } else if (other || old) {
    old = false;
    load();
  }
  address();
}

/** The conversation that is shown; while another is being loaded, not yet that of the address. */
const shown = () => one("#conversation textarea")?.value ?? "";

/** The address names the conversation, once there is something in it. */
function address() {
  const { name, path, source } = place();
  if (name !== "chat" || path || !turns().length || view() !== "chat" || shown() !== current()) return;
  move(`#chat/${current()}${source ? `?${source}` : ""}`, { replace: true, state: history.state });
}

/** "New chat" */
export function fresh() {
  unrestrict();
  const growing = isGrowing();
  sessionStorage.setItem(KEY, begin());
  move("#chat");
  if (growing) location.reload();
  else load();
  composer.box()?.focus();
}

/** Opens a conversation. @param {string} id */
export function open(id) {
  move(`#chat/${id}`);
}

/** Shows the conversation as it is now. */
export const refresh = () => load();

// -- questions on their way -------------------------------------------------------------------------

let asking = false;
let following = false;

const isGrowing = () => one("#transcript .turn.growing") !== null;

/** Gradio sends a question. */
export function sent(question, conversation) {
  asking = true;
  sessionStorage.setItem(PENDING, JSON.stringify({ question, conversation, before: turns().length }));
  return [question, conversation, scope()];
}

export function followed(conversation) {
  return conversation;
}

/** An answer is over, or nothing more comes of it. */
export function settled() {
  asking = following = false;
  dispatchEvent(new Event("settled"));
  return { interactive: true, __type__: "update" };
}

/** Once the conversation is shown: a question that is not in it goes back into the box. */
function recover() {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  if (!pending || asking || !one("#transcript :is(.turn, .welcome)") || one("#send").disabled) return;
  if (pending.conversation !== shown()) return;
  const asked = turns().slice(pending.before)
    .some((turn) => !turn.classList.contains("failed") && same(turn, pending.question));
  sessionStorage.removeItem(PENDING);
  if (!asked) composer.write(pending.question, "above");
  else if (composer.box()?.value === pending.question) composer.clear();
}

const same = (turn, question) => flat(turn.querySelector(".question").textContent) === flat(question);
const flat = (text) => text.replace(/\s+/g, " ").trim();

/** The server is gone: what it was asked goes back into the box. */
function lost() {
  const turn = one("#transcript .turn.growing");
  if (!asking && !following && !turn) return;
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  const question = pending?.question ?? turn?.querySelector(".question").textContent;
  if (turn) {
    const told = turn.querySelector(".waiting") ?? turn.appendChild(document.createElement("p"));
    told.className = "failure";
    told.textContent = say("lost.question");
    turn.classList.replace("growing", "failed");
    turn.dataset.seen = "true";
  }
  composer.write(question, "above");
}

// -- what is shown ----------------------------------------------------------------------------------

let count = 0;

function follow() {
  const transcript = one("#transcript");
  if (!transcript || !one("#send")) return;
  const all = turns();
  const last = all[all.length - 1];
  const growing = last?.classList.contains("growing") ?? false;
  const busy = String(growing);
  if (transcript.getAttribute("aria-busy") !== busy) transcript.setAttribute("aria-busy", busy);
  if (all.length > count && all.length > 1 && (asking || following)) last.scrollIntoView({ block: "start" });
  count = all.length;
  if (last?.classList.contains("failed") && !last.dataset.seen) {
    last.dataset.seen = "true";
    composer.write(last.querySelector(".question").textContent, "above");
  }
  if (growing && !asking && !following) {
    following = true;
    one("#follow-chat").click();
  }
  recover();
  address();
}

function changed() {
  if (composer.prepare()) {
    const transcript = one("#transcript");
    transcript.setAttribute("role", "log");
    transcript.setAttribute("aria-live", "polite");
    opened = current();
    if (view() === "chat" && !place().source) composer.box()?.focus({ preventScroll: true });
  }
  follow();
  composer.release();
  composer.settle();
  drawScope();
  entitle();
}

new MutationObserver(changed).observe(document, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["class", "disabled"],
});
watch(() => asking || following || isGrowing());
composer.holdWhile(() => shown() !== current());
addEventListener("place", placed);
addEventListener("lost", lost);
