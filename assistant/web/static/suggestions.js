// Questions to ask: first ones in an empty chat, further ones below an answer. Each was tried and is answered.

import * as chat from "./chat.js";
import { call } from "./call.js";
import { ask } from "./composer.js";
import { button, one, shown } from "./dom.js";
import { say } from "./texts.js";

const PAUSE = 1500; // milliseconds until it is asked again whether more were tried
const PATIENCE = 40; // times

let order = 0;
let told = "";

/** What the questions are for: an empty chat, or the last answer of a conversation. */
function wanted() {
  if (one("#transcript .turn.growing, #transcript .foreign")) return "";
  const turns = document.querySelectorAll("#transcript .turn:not(.failed)");
  if (turns.length) return `${chat.current()}/${turns.length}`;
  return one("#transcript .welcome") ? "first" : "";
}

async function look() {
  const target = wanted();
  if (target === told) return;
  told = target;
  const mine = ++order;
  draw([]);
  for (let times = 0; target && mine === order && times < PATIENCE; times++) {
    const query = target === "first" ? "" : `?conversation=${target.split("/")[0]}`;
    const reply = await call(`/api/suggestions${query}`).then((reply) => reply.json(), () => null);
    if (mine !== order || !reply) return;
    draw(reply.questions);
    if (reply.complete) return;
    await new Promise((resolve) => { setTimeout(resolve, PAUSE); });
  }
}

function draw(questions) {
  const place = one("#suggestions .suggested");
  if (!place) return;
  place.setAttribute("aria-label", say("ask.suggested"));
  place.dataset.heading = say("ask.further");
  place.replaceChildren(...questions.map((question) => button(shown(question), () => ask(question), { class: "suggestion", dir: "auto" })));
}

/** Documents were added or removed. */
addEventListener("corpus", () => { told = ""; look(); });
new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
