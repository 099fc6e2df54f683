// Passages that have the words which are sought in the list of documents, each with a link to its place.

import { call } from "./call.js";
import { make, one, readable } from "./dom.js";
import { folded } from "./folded.js";

const PAUSE = 250; // milliseconds without a key
const LEAST = 3; // characters
const MOST = 20; // passages
const AROUND = 90; // characters before and after the first word

const section = one("#documents .contents");

/** @typedef {{document_id: string, title: string, headings: string[], text: string, start: number, end: number}} Passage */

let order = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Looks for words in the contents. @param {string} text */
export function look(text) {
  const mine = ++order;
  const sought = text.trim();
  clearTimeout(timer);
  if (sought.length < LEAST) {
    section.hidden = true;
    return;
  }
  timer = setTimeout(async () => {
    const query = new URLSearchParams({ question: sought.slice(0, 1000), limit: "50" });
    const found = await call(`/api/search?${query}`).then((reply) => reply.json(), () => []);
    if (mine === order) draw(found, folded(sought).split(/\s+/).filter(Boolean));
  }, PAUSE);
}

/** @param {Passage[]} passages @param {string[]} words */
function draw(passages, words) {
  const hits = passages.filter((passage) => words.every((word) => folded(passage.text).includes(word))).slice(0, MOST);
  section.hidden = !hits.length;
  section.querySelector("ul").replaceChildren(...hits.map((passage) => hit(passage, words)));
}

/** @param {Passage} passage @param {string[]} words */
function hit(passage, words) {
  const href = `/source/${encodeURIComponent(passage.document_id)}?start=${passage.start}&end=${passage.end}`;
  const path = [passage.title, ...passage.headings.filter((heading) => heading !== passage.title)].join(" › ");
  return make("li", {}, make("a", { href, dir: "auto" }, readable(path)), make("p", { dir: "auto" }, ...snippet(passage.text, words)));
}

/** The text around the first of the words, with all of them marked. */
function snippet(text, words) {
  const line = readable(text).replace(/\s+/g, " ");
  // Folding keeps no offsets: the words are sought as they are written, without case.
  const pattern = new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "giu");
  const first = Math.max(0, line.search(pattern));
  const [from, to] = [Math.max(0, first - AROUND), Math.min(line.length, first + 2 * AROUND)];
  const part = `${from ? "…" : ""}${line.slice(from, to).trim()}${to < line.length ? "…" : ""}`;
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = 0;
  for (const match of part.matchAll(pattern)) {
    parts.push(part.slice(at, match.index), make("mark", {}, match[0]));
    at = match.index + match[0].length;
  }
  return [...parts, part.slice(at)];
}
