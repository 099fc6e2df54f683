// What was not taken, with the reason, until it is taken or dismissed; and which folders and addresses are followed.

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
  const [found, remote] = await Promise.all(["following", "remotes"].map((what) =>
    call(`/api/${what}`).then((reply) => reply.json(), () => [])));
  folders.hidden = !(found.length + remote.length);
  folders.replaceChildren(
    ...found.map(({ folder, at }) => line(say("docs.following", { folder: apart(folder), when: time(at) }))),
    ...remote.map(({ source, at, counts: { unchanged: kept = 0, rejected: refused = 0, ...rest }, fault }) => {
      const changed = Object.values(rest).reduce((sum, n) => sum + n, 0);
      return line(say("docs.synced", { source: apart(source), when: time(at), changed, kept, refused }), " ", shown(fault));
    }));
}

const line = (...parts) => make("li", { dir: "auto" }, ...parts);

/** @param {string} at */
function time(at) {
  const when = new Date(at);
  return Number.isNaN(when.getTime()) ? shown(at) : times.format(when);
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
if (document.documentElement.dataset.role !== "reader") {
  one("section#documents").addEventListener("view", () => { refresh(); follow(); });
  for (const kind of ["corpus", "rejected"]) addEventListener(kind, refresh);
}
