// The theme that a reader chose: light, dark, or that of the system. `before.js` applies it when the page is opened.

import { all, one } from "./dom.js";

const choices = one("#theme");

/** @param {string | null} chosen */
function apply(chosen) {
  const theme = chosen === "light" || chosen === "dark" ? chosen : "system";
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const choice of all("#theme [name=theme]")) choice.checked = choice.value === theme;
}

choices.addEventListener("change", (event) => {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  if (name !== "theme") return;
  localStorage.setItem("theme", value);
  apply(value);
});
choices.addEventListener("toggle", () => {
  if (choices.matches(":popover-open")) choices.querySelector(":checked").focus();
});
addEventListener("storage", (event) => { if (event.key === "theme") apply(event.newValue); }); // of another tab
apply(localStorage.getItem("theme"));
