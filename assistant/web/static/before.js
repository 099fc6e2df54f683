// Runs before anything is drawn, so that no other theme is seen first; and before Gradio, which calls `cited` as soon
// as it has built the chat: its calls wait for our modules.
"use strict";

if (["light", "dark"].includes(localStorage.theme)) document.documentElement.dataset.theme = localStorage.theme;

// Gradio's addresses are those of this page: a proxy may have another address than the server knows.
const page = /** @type {any} */ (window);
if (page.gradio_config) page.gradio_config.root = location.origin;

page.cited = (() => {
  let settle;
  const ready = new Promise((resolve) => { settle = resolve; });
  const later = (name) => async (...given) => (await ready)[name](...given);
  return {
    ready: settle, current: later("current"), sent: later("sent"), followed: later("followed"), settled: later("settled"),
  };
})();
