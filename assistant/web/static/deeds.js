// What can be done about an answer: copied with its references, asked again, judged; a question, edited.

import { call } from "./call.js";
import * as chat from "./chat.js";
import * as composer from "./composer.js";
import { one } from "./dom.js";
import { say } from "./texts.js";

/** @param {Element} turn */
const question = (turn) => turn.querySelector(".question")?.textContent ?? "";

/** The answer as text, with its references below. */
function copied(turn) {
  const words = [...turn.querySelectorAll(".answer .sentence")].map((sentence) => {
    const numbers = [...sentence.querySelectorAll(".citation")].map((link) => `[${link.textContent}]`).join("");
    const cells = [...sentence.querySelectorAll("td:not(.where)")].map((cell) => cell.textContent);
    const text = cells.length ? cells.join(" | ") : sentence.querySelector(".words").textContent;
    return `${text} ${numbers}`.trim();
  });
  const seen = new Set();
  const references = [...turn.querySelectorAll(".answer .citation")].filter((link) => {
    const fresh = !seen.has(link.textContent);
    seen.add(link.textContent);
    return fresh;
  });
  const list = references.map((link) => `[${link.textContent}] ${link.title || link.dataset.title}, ${location.origin}${link.getAttribute("href")}`);
  return [words.join("\n"), list.join("\n")].filter(Boolean).join("\n\n");
}

const DEEDS = {
  async copy(turn, pressed) {
    await navigator.clipboard.writeText(copied(turn));
    pressed.textContent = say("all.copied");
    setTimeout(() => { pressed.textContent = say("turn.copy"); }, 1500);
  },
  again: (turn) => composer.ask(question(turn)),
  edit(turn) {
    composer.write(question(turn), "instead");
    composer.box()?.focus();
  },
  reword(turn) {
    composer.write(turn.querySelector(".reading").textContent, "instead");
    composer.box()?.focus();
  },
  async good(turn, pressed) {
    await judge(turn, pressed.getAttribute("aria-pressed") === "true" ? null : "good");
  },
  async stop() {
    await call(`/api/conversations/${chat.current()}/stop`, {});
  },
};

/**
 * Keeps what the reader thinks of an answer.
 * @param {Element} turn
 * @param {"good" | "bad" | null} verdict
 */
export async function judge(turn, verdict) {
  const number = turn.getAttribute("data-turn");
  await call(`/api/conversations/${chat.current()}/turns/${number}/verdict`, { verdict });
  for (const each of ["good", "bad"]) {
    turn.querySelector(`[data-does=${each}]`)?.setAttribute("aria-pressed", String(verdict === each));
  }
}

document.addEventListener("click", async (event) => {
  const target = /** @type {Element} */ (event.target);
  const pressed = target.closest?.("#transcript [data-does]");
  const does = DEEDS[pressed?.getAttribute("data-does") ?? ""];
  if (!pressed || !does) {
    const long = target.closest?.(".question.long");
    if (long) long.classList.toggle("whole");
    return;
  }
  await Promise.resolve(does(pressed.closest(".turn"), pressed)).catch((fault) => tell(pressed, fault.message));
});

/** A sentence beside what was pressed, which goes by itself. */
function tell(pressed, message) {
  const place = one("#said");
  place.textContent = message;
  setTimeout(() => { place.textContent = ""; }, 6000);
}
