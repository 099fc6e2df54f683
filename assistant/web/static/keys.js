// Keys: / to the question box, ↑ for the last question, j and k along the citations, Escape, ? for this list.

import { box, write } from "./composer.js";
import { all, one } from "./dom.js";
import { close, isOpen, step } from "./source.js";
import { go, view } from "./views.js";

const dialog = one("dialog.keys");

/** Where letters are typed, they are no commands. */
function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

function last() {
  const asked = all("#transcript .turn .question");
  if (asked.length) write(asked[asked.length - 1].textContent);
}

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing || one("dialog[open]")) return;
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") close();
  else if (event.key === "ArrowUp" && target === box() && !box()?.value) last();
  else if (isTyping(target)) return;
  else if (event.key === "/") {
    if (view() !== "chat") go("chat");
    box()?.focus();
  } else if (event.key === "?") dialog.showModal();
  else if ((event.key === "j" || event.key === "k") && isOpen()) step(event.key === "j" ? 1 : -1);
  else return;
  if (event.key !== "Escape") event.preventDefault();
});

one("#keys").addEventListener("click", () => dialog.showModal());
dialog.querySelector("button").addEventListener("click", () => dialog.close());
