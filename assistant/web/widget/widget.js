// Puts "ask the documents" on a page of another site: a button, and a frame of the assistant's server that it opens.
"use strict";

(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const server = new URL(script.src).origin;
  // Within a shadow root, so that neither the site's style nor this one reaches the other.
  const root = document.body.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial; }
    button { position: fixed; inset: auto 1rem 1rem auto; z-index: 2147483646; min-height: 2.75rem; padding: 0 1.125rem;
      border: 0; border-radius: 1.375rem; background: #0b5a6b; color: #fff; font: 600 0.9375rem system-ui, sans-serif; cursor: pointer;
      box-shadow: 0 0.25rem 1rem #0004; }
    button:focus-visible { outline: 3px solid #7fcbdc; outline-offset: 2px; }
    iframe { position: fixed; inset: auto 1rem 4.5rem auto; z-index: 2147483646; width: min(26rem, calc(100vw - 2rem));
      height: min(36rem, calc(100vh - 6rem)); border: 1px solid #8a8d91; border-radius: 0.75rem; background: Canvas;
      box-shadow: 0 0.5rem 2rem #0005; }
    iframe[hidden] { display: none; }
  `);
  root.adoptedStyleSheets = [style];

  const frame = document.createElement("iframe");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = script.dataset.label || "Ask the documents";
  button.setAttribute("aria-expanded", "false");
  frame.title = button.textContent;
  frame.hidden = true;

  /** @param {boolean} isOpen */
  function show(isOpen) {
    // Loaded at the first opening: a page that nobody asks anything costs no request.
    if (isOpen && !frame.src) frame.src = `${server}/widget`;
    frame.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) frame.focus();
    else button.focus();
  }

  button.addEventListener("click", () => show(frame.hidden === true));
  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.origin === server && event.data === "close") show(false);
  });
  root.append(button, frame);
})();
