// The question box: what is typed is kept, too much is refused before it is sent, and nothing goes too early.

import { isLost } from "./connection.js";
import { make, one } from "./dom.js";
import { say } from "./texts.js";

const DRAFT = "draft";
const MOST = 4000; // characters of a question, as on the server
const NEAR = 3500; // from here on they are counted

/** @returns {HTMLTextAreaElement | null} */
export const box = () => one("#question textarea");

/** The characters of a question as the server counts them: a picture of two halves is one. */
const size = () => [...(box()?.value.trim() ?? "")].length;

/** Gives the box its id, a direction by what is typed, and what was typed before a reload. */
export function prepare() {
  const label = one("#question-box label:not(#question)");
  if (!label || !one("#transcript") || !one("#send")) return false;
  // The id is given to the label around the box: whoever looks for #question to type into follows a label.
  label.id = "question";
  const field = /** @type {HTMLTextAreaElement} */ (box());
  field.placeholder = say("ask.hint");
  field.setAttribute("aria-label", say("ask.question"));
  one("#send").textContent = say("ask.send");
  field.setAttribute("aria-describedby", "counter");
  label.append(make("p", { id: "counter", role: "status" }));
  field.addEventListener("input", typed);
  count();
  write(sessionStorage.getItem(DRAFT));
  return true;
}

function typed() {
  sessionStorage.setItem(DRAFT, box()?.value ?? "");
  count();
}

function count() {
  const field = /** @type {HTMLTextAreaElement} */ (box());
  field.dir = field.value ? "auto" : document.documentElement.dir;
  const place = one("#counter");
  const length = size();
  const over = length - MOST;
  const text = length < NEAR ? "" : over > 0
    ? say("ask.over", { n: length, most: MOST, over }) : say("ask.count", { n: length, most: MOST });
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("over", over > 0);
  field.setAttribute("aria-invalid", String(over > 0));
}

/**
 * Writes a question into the box.
 * @param {string | null} question
 * @param {"if empty" | "above" | "instead"} [where] of what is there
 */
export function write(question, where = "if empty") {
  const field = box();
  if (!field || !question || (field.value && where === "if empty") || field.value.startsWith(question)) return;
  field.value = where === "above" && field.value ? `${question}\n\n${field.value}` : question;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Empties the box: its text was asked before a reload. */
export function clear() {
  const field = /** @type {HTMLTextAreaElement} */ (box());
  field.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The box was emptied by the server. */
export function settle() {
  const field = box();
  if (field && one("#counter") && sessionStorage.getItem(DRAFT) !== field.value) typed();
}

// -- sending ------------------------------------------------------------------------------------

let waiting = false;
let isEarly = () => false;

/** Holds questions as long as another conversation is being loaded. @param {() => boolean} early */
export function holdWhile(early) {
  isEarly = early;
}

/** Before Gradio hears of it: a question that cannot be asked is not sent, one too early waits. */
function hold(event) {
  if (!asks(event)) return;
  if (!event.isComposing) { // an Enter that ends a word in Chinese or Japanese sends nothing
    box()?.focus();
    count();
    waiting = (one("#send").disabled || isEarly()) && !isLost();
    if (box()?.value.trim() && size() <= MOST && !waiting && !isLost()) return;
    event.preventDefault();
  }
  event.stopImmediatePropagation();
}

function asks(event) {
  if (event.type === "click") return event.target.closest?.("#send");
  return event.target === box() && event.key === "Enter" && !event.shiftKey;
}

/** Sends what waited for the answer before it. */
export function release() {
  if (!waiting || one("#send").disabled || isEarly()) return;
  waiting = false;
  one("#send").click();
}

/**
 * Asks a question as if it had been typed.
 * @param {string} question
 */
export function ask(question) {
  write(question, "instead");
  setTimeout(() => one("#send").click()); // once Gradio has taken it
}

for (const kind of ["click", "keydown", "keypress"]) document.addEventListener(kind, hold, true);
addEventListener("pagehide", () => box() && sessionStorage.setItem(DRAFT, box()?.value ?? ""));
