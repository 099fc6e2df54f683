// Whether the server answers. Where it does not, one line below the bar says so, until it is back: then the page
// goes on by itself.

import { one } from "./dom.js";
import { say } from "./texts.js";

export const GONE = say("lost.call");
const PULSE = "/gradio_api/app_id"; // names the run of the server
const EVERY = 1000; // milliseconds between two attempts

let lost = false;
let broken = false; // Gradio has no way back but a reload
let asking = () => false;

/** @returns {Promise<string | null>} The run of the server, null where it does not answer. */
async function pulse() {
  try {
    const reply = await fetch(PULSE, { cache: "no-store", signal: AbortSignal.timeout(5 * EVERY) });
    return reply.ok ? (await reply.json()).app_id : null;
  } catch {
    return null;
  }
}

/** Something went wrong on the way: looks whether the server is there. */
export async function suspect() {
  if (!lost && await pulse() === null) lose();
}

function lose() {
  if (lost) return;
  lost = true;
  one("#lost").hidden = false;
  dispatchEvent(new Event("lost"));
  setTimeout(retry, EVERY);
}

async function retry() {
  const run = await pulse();
  if (run === null) {
    setTimeout(retry, EVERY);
    return;
  }
  if (broken || asking()) {
    location.reload(); // what was asked, or typed, is kept
    return;
  }
  lost = false;
  one("#lost").hidden = true;
  dispatchEvent(new Event("back"));
}

/** @returns {boolean} True while the server does not answer. */
export const isLost = () => lost;

/**
 * Watches the server while a question is being answered, since Gradio does not tell of a stream that broke off.
 * @param {() => boolean} isAsking
 */
export function watch(isAsking) {
  asking = isAsking;
  setInterval(async () => {
    if (!lost && asking() && await pulse() === null) lose();
  }, EVERY);
  // What Gradio says of a lost server lies over the page's buttons, and stays.
  new MutationObserver(() => {
    const told = [...document.querySelectorAll(".toast-body.error")].some((toast) => /[Cc]onnection/.test(toast.textContent ?? ""));
    if (!told || broken) return;
    broken = true;
    lose();
  }).observe(document.body, { childList: true, subtree: true });
}
