// The language that a reader chose by hand, in a cookie: the server sends the page in it. Without, it is the browser's.

import { all, one } from "./dom.js";
import { language } from "./texts.js";

const COOKIE = "cited-language";
const YEAR = 365 * 86_400; // seconds

const chosen = new RegExp(`(?:^|; )${COOKIE}=(\\w+)`).exec(document.cookie)?.[1] ?? "system";
for (const choice of all("#theme [name=language]")) choice.checked = choice.value === chosen;

one("#theme").addEventListener("change", (event) => {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  if (name !== "language") return;
  const kept = value === "system" ? "; max-age=0" : `${value}; max-age=${YEAR}`;
  document.cookie = `${COOKIE}=${kept}; path=/; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  location.reload();
});

// Gradio calls the page one in the language of the browser, whatever it is in.
const root = document.documentElement;
const called = () => { if (root.lang !== language) root.lang = language; };
new MutationObserver(called).observe(root, { attributes: true, attributeFilter: ["lang"] });
called();
