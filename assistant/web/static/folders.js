// Documents by folder: what is listed by title is grouped, and a group folds.

import { figure, language, say } from "./texts.js";
import { make, shown } from "./dom.js";

const words = new Intl.Collator(language, { numeric: true, sensitivity: "base" });

/** @type {Set<string>} */
const folded = new Set();
/** @type {Map<string, HTMLElement>} */
const rows = new Map();

/** The folder of a source, or the host of an address; "" for a name alone. @param {string} source */
export function folderOf(source) {
  if (/^https?:\/\//.test(source) && URL.canParse(source)) return new URL(source).host;
  return source.replace(/\\/g, "/").split("/").slice(0, -1).join("/");
}

/**
 * The entries with a line before those of each folder; as they are where there is one folder.
 * @param {any[]} entries
 * @param {boolean} whole that no group is folded
 */
export function lines(entries, whole) {
  const groups = new Map();
  for (const entry of entries) {
    const folder = folderOf(entry.source);
    if (!groups.has(folder)) groups.set(folder, []);
    groups.get(folder).push(entry);
  }
  if (groups.size < 2) return entries;
  const names = [...groups.keys()].sort(words.compare);
  return names.flatMap((folder) => [
    { folder, n: groups.get(folder).length, open: whole || !folded.has(folder) },
    ...(whole || !folded.has(folder) ? groups.get(folder) : []),
  ]);
}

/**
 * The row of a folder.
 * @param {{folder: string, n: number, open: boolean}} line
 * @param {() => void} draw
 */
export function folderRow({ folder, n, open }, draw) {
  const known = rows.get(folder);
  const row = known ?? made(folder, draw);
  row.querySelector("button")?.setAttribute("aria-expanded", String(open));
  row.querySelector("span")?.replaceChildren(figure(n));
  rows.set(folder, row);
  return row;
}

function made(folder, draw) {
  const button = make("button", { type: "button" }, make("bdi", {}, shown(folder) || say("docs.top")));
  button.addEventListener("click", () => {
    folded[folded.has(folder) ? "delete" : "add"](folder);
    draw();
  });
  return make("tr", { role: "row", class: "folder" }, make("td", { role: "cell", colspan: "6" }, button, " ", make("span")));
}
