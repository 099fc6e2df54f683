// What the corpus is about, on the first page: documents by kind, the newest, topics, the accuracy last measured.

import { call } from "./call.js";
import { make, one, shown } from "./dom.js";
import { figure, language, say } from "./texts.js";
import { place } from "./views.js";

const MEASURES = { facts: "eval.facts", cited: "eval.document", abstained_rightly: "eval.abstained", abstained_wrongly: "eval.wrongly" };
const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium" });

/** @typedef {{run: string, figure: string, written: string, questions: number, current: boolean}} Measured */
/** @typedef {{id: string, title: string, at: string}} Newest */

let told = false;
let order = 0;

const isFirst = () => one("#transcript .welcome:not(.foreign)") !== null;

async function look() {
  if (isFirst() === told) return;
  told = isFirst();
  const mine = ++order;
  draw([]);
  if (!told) return;
  const about = await call("/api/overview").then((reply) => reply.json(), () => null);
  if (mine !== order || !about?.documents) return;
  draw([...(about.measured ? [badge(about.measured)] : []), make("dl", {}, ...facts(about))]);
}

/** @param {HTMLElement[]} parts */
function draw(parts) {
  one("#suggestions .overview")?.replaceChildren(...parts);
}

/** @param {Measured} measured */
function badge(measured) {
  const text = say(measured.current ? "first.measured" : "first.measured-before", {
    figure: measured.written, what: say(MEASURES[measured.figure] ?? measured.figure),
    questions: say("all.questions", { n: measured.questions }), when: day(measured.run.replace(/^(\d{4})(\d\d)(\d\d).*/, "$1-$2-$3")),
  });
  return make("a", { class: "badge", href: `#accuracy/run/${encodeURIComponent(measured.run)}` }, text);
}

function facts(about) {
  const kinds = Object.entries(about.kinds).map(([kind, n]) => make("span", { class: "kind" }, `${say(`kind.${kind}`)} ${figure(Number(n))}`));
  const number = make("a", { href: "#documents" }, say("all.documents", { n: about.documents }));
  const newest = about.newest.map((each) => make("li", {}, link(each), " ", make("time", { datetime: each.at }, day(each.at))));
  const topics = about.topics.map((topic) => make("a", {
    class: "topic", dir: "auto", href: `#documents/search/${encodeURIComponent(topic)}`,
  }, shown(topic)));
  return [
    fact("first.corpus", number, " ", ...kinds), fact("first.newest", make("ul", {}, ...newest)),
    ...(topics.length ? [fact("first.topics", ...topics)] : []),
  ];
}

/** @param {string} key @param {...(Node | string)} parts */
function fact(key, ...parts) {
  return make("div", {}, make("dt", {}, say(key)), make("dd", {}, ...parts));
}

/** @param {Newest} each */
function link(each) {
  return make("a", { href: `/source/${encodeURIComponent(each.id)}`, dir: "auto" }, shown(each.title));
}

/** A date as a document writes it, or one of ours. @param {string} written */
function day(written) {
  const read = /^\d{4}-\d\d-\d\d/.test(written) ? new Date(written) : new Date(NaN);
  return Number.isNaN(read.getTime()) ? shown(written) : dates.format(read);
}

const again = () => { told = false; look(); };
addEventListener("entered", () => { if (place().name === "chat") again(); }); // something may have been measured
new MutationObserver(look).observe(document, { childList: true, subtree: true });
