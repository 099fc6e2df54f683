// What was not taken, with the reason, until it is taken or dismissed; and which folders are followed now.

import { call } from "./call.js";
import { apart, button, make, one, shown } from "./dom.js";
import { language, say } from "./texts.js";

const panel = one("#documents .refusals");
const list = panel.querySelector("ul");
const folders = one("#documents .following");
const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** @typedef {{source: string, reason: string, at: string}} Rejection */

let asked = 0;

async function refresh() {
  const mine = ++asked;
  const found = await call("/api/rejected").then((reply) => reply.json(), () => null);
  if (mine === asked && found) draw(found);
}

async function follow() {
  const found = await call("/api/following").then((reply) => reply.json(), () => []);
  folders.hidden = !found.length;
  folders.replaceChildren(...found.map(({ folder, at }) => {
    const when = new Date(at);
    return make("li", { dir: "auto" }, say("docs.following", {
      folder: apart(folder), when: Number.isNaN(when.getTime()) ? shown(at) : times.format(when),
    }));
  }));
}

/** @param {Rejection[]} rejected */
function draw(rejected) {
  panel.hidden = !rejected.length;
  panel.querySelector("summary").textContent = say("docs.rejected", { n: rejected.length });
  panel.querySelector("[data-does=dismiss-all]").hidden = rejected.length < 2;
  list.replaceChildren(...rejected.map(item));
}

/** @param {Rejection} each */
function item(each) {
  const name = shown(each.source);
  return make("li", {}, make("span", { class: "name", dir: "auto", title: each.at }, name), make("span", { class: "reason", dir: "auto" }, shown(each.reason)),
    button(say("docs.dismiss"), () => dismiss([each.source]), { class: "plain", "aria-label": say("docs.dismissing", { name }) }));
}

/** @param {string[]} sources */
async function dismiss(sources) {
  await call("/api/rejected/dismiss", { sources }).catch(() => null);
  await refresh();
  const next = panel.hidden ? one("#documents .tools input") : list.querySelector("button") ?? panel.querySelector("summary");
  next.focus();
}

panel.querySelector("[data-does=dismiss-all]").addEventListener("click", async () => {
  const all = await call("/api/rejected").then((reply) => reply.json(), () => []);
  dismiss(all.map((each) => each.source));
});
one("section#documents").addEventListener("view", () => { refresh(); follow(); });
for (const kind of ["corpus", "rejected"]) addEventListener(kind, refresh);
