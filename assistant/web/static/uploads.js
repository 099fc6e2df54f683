// Documents on their way in: dropped, chosen or named by address, sent a few at a time, told of as they come along.

import { call } from "./call.js";
import { changed, titleOf } from "./documents.js";
import { make, shown } from "./dom.js";
import { say } from "./texts.js";
import { go as goTo } from "./views.js";

const AT_ONCE = 3; // a browser has six connections to a server, and the chat goes on
const SHOWN = 200; // rows of what is done
const RANKS = { active: 0, failed: 1, rejected: 1 };
const FINAL = [400, 413, 422]; // what a reply says of the document: sent again, it would be the same
const BROKEN = say("add.broken");

/** @type {any} */
const root = document.querySelector("section#documents");
const panel = root.querySelector(".uploads");
const rows = panel.querySelector("ol");
const { limit, kinds } = root.querySelector(".adding").dataset;

/** @typedef {{name: string, file?: File, url?: string, [more: string]: any}} Item */

/** @type {Item[]} */
let waiting = [];
/** @type {Set<Item>} */
const running = new Set();
const tally = { all: 0, done: 0, rejected: 0, failed: 0, others: 0 };

// -- the queue --------------------------------------------------------------------------------

// Each of `some` has the name it goes by, and a file or an address.
function add(some) {
  waiting.push(...some);
  tally.all += some.length;
  goTo("documents");
  go();
}

function go() {
  while (waiting.length && running.size < AT_ONCE) begin(waiting.shift());
  sum();
}

async function begin(item) {
  running.add(item);
  item.control = new AbortController();
  item.members = { done: 0, passages: 0, rejected: [] };
  open(item);
  try {
    await send(item);
    finish(item);
  } catch (fault) {
    if (item.control.signal.aborted) stop(item);
    else if (FINAL.includes(fault.status)) end(item, "rejected", fault.message);
    else fail(item, fault.message);
  }
  running.delete(item);
  go();
}

async function send(item) {
  if (item.file) await check(item.file);
  tell(item, say(item.url ? "add.fetching" : "add.sending"));
  const query = new URLSearchParams(item.url ? { url: item.url } : { source: item.name });
  const reply = await call(`/api/documents?${query}`, item.file, {
    method: "POST", headers: { Accept: "text/event-stream" }, signal: item.control.signal,
  });
  for await (const [name, said] of events(reply)) {
    if (name === "step") tell(item, say(`add.${said.stage}`), said.share, said.source);
    else if (name === "outcome") outcome(item, said);
    else if (name === "fault") throw new Error(said.error);
    else if (name === "done") return;
  }
  throw new Error(BROKEN);
}

// What the server would refuse anyway, or could not be sent.
async function check(file) {
  let fault = file.size > limit ? say("add.large", { size: limit / 1e6 }) : null;
  await file.slice(0, 1).arrayBuffer().catch(() => { fault = say("add.unread"); });
  if (fault) throw Object.assign(new Error(fault), { status: FINAL[0] });
}

async function* events(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read().catch(() => { throw new Error(BROKEN); });
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
      if (name) yield [name, JSON.parse(data)];
    }
  }
}

// -- what became of it ------------------------------------------------------------------------

function outcome(item, said) {
  const { members } = item;
  item.last = said;
  members.done += 1;
  members.passages += said.passages;
  if (said.status !== "rejected") changed();
  else {
    members.rejected.push(said);
    dispatchEvent(new Event("rejected"));
  }
}

function finish(item) {
  const { members, last } = item;
  const archive = members.done !== 1 || last.source.startsWith(`${item.name}/`);
  const kind = members.done === members.rejected.length ? "rejected" : "done";
  if (!archive) {
    end(item, kind, last.reason ?? became(last));
    return;
  }
  end(item, kind, inside(members));
  item.row.append(...members.rejected.slice(0, SHOWN).map(refused));
}

function became(said) {
  const passages = say("all.passages", { n: said.passages });
  const done = said.status === "unchanged" ? say("add.unchanged")
    : say(said.status === "updated" ? "add.updated" : "add.done", { passages });
  if (!said.duplicate_of) return done;
  const title = titleOf(said.duplicate_of);
  return `${done}; ${title ? say("add.same", { title: shown(title) }) : say("add.same-other")}`;
}

function inside(members) {
  if (!members.done) return say("add.nothing");
  const taken = members.done - members.rejected.length;
  const done = say("add.inside", { n: taken, passages: say("all.passages", { n: members.passages }) });
  return members.rejected.length ? `${done}, ${say("add.rejected", { n: members.rejected.length })}` : done;
}

function refused(said) {
  return make("p", { class: "member" }, shown(`${said.source}: ${said.reason}`));
}

function stop(item) {
  tally.all -= 1;
  const taken = item.members.done - item.members.rejected.length;
  end(item, "stopped", taken ? say("add.stopped-some", { n: taken }) : say("add.stopped"));
}

function fail(item, reason) {
  end(item, "failed", reason);
  const retry = button(say("all.again"), item);
  retry.addEventListener("click", () => {
    tally.failed -= 1;
    tally.all -= 1;
    item.row.remove();
    add([item]);
  });
  item.row.append(retry);
}

// -- rows -------------------------------------------------------------------------------------

function open(item) {
  const name = shown(item.name);
  const stop = button(say("add.stop"), item);
  stop.addEventListener("click", () => item.control.abort());
  item.state = make("span", { class: "state", dir: "auto" });
  item.bar = make("progress", { max: "1", "aria-label": name });
  item.row = make("li", { class: "active" }, make("span", { class: "name", dir: "auto", title: name }, name), item.state,
    item.bar, stop);
  place(item.row);
  panel.hidden = false;
  trim();
}

function button(does, item) {
  return make("button", { type: "button", class: "plain", "aria-label": say("add.about", { does, name: shown(item.name) }) }, does);
}

function tell(item, state, share, source) {
  const percent = share > 0 && share < 1 ? ` ${Math.floor(share * 100)} %` : "";
  const within = source && source !== item.name && item.file ? ` ${shown(source.slice(item.name.length + 1))}` : "";
  item.state.textContent = `${state}${within}${percent}`;
  if (share > 0) item.bar.value = share;
  else item.bar.removeAttribute("value");
}

function end(item, kind, told) {
  if (kind in tally) tally[kind] += 1;
  item.row.className = kind;
  item.bar.remove();
  item.row.querySelector("button").remove();
  item.state.textContent = shown(told);
  place(item.row);
}

// What goes on comes first, then what went wrong, then the rest, the latest first.
function place(row) {
  const rank = (some) => RANKS[some.className] ?? 2;
  rows.insertBefore(row, [...rows.children].find((other) => other !== row && rank(other) >= rank(row)) ?? null);
}

// Of thousands, the oldest that went well leave.
function trim() {
  for (const row of [...rows.querySelectorAll("li.done")].slice(SHOWN)) row.remove();
}

function sum() {
  const busy = running.size + waiting.length > 0;
  const { all, done, rejected, failed, others } = tally;
  const parts = [say("add.sum", { n: done, all })];
  if (waiting.length) parts.push(say("add.waiting", { n: waiting.length }));
  if (rejected) parts.push(say("add.rejected", { n: rejected }));
  if (failed) parts.push(say("add.failed", { n: failed }));
  if (others) parts.push(say("add.others", { n: others }));
  panel.querySelector(".sum").textContent = parts.join(", ");
  panel.querySelector("h2").textContent = say(busy ? "docs.adding" : "docs.added");
  panel.querySelector("[data-does=stop]").hidden = !busy;
  panel.querySelector("[data-does=clear]").hidden = busy;
}

function stopAll() {
  tally.all -= waiting.length;
  waiting = [];
  for (const item of running) item.control.abort();
  sum();
}

function clear() {
  for (const name of Object.keys(tally)) tally[name] = 0;
  rows.replaceChildren();
  panel.hidden = true;
  root.querySelector("[data-picks]").focus();
}

// -- where they come from ---------------------------------------------------------------------

// Of a folder, what is hidden and what is of no known kind is left alone.
function choose(some) {
  const known = some.filter(({ name }) => kinds.split(" ").some((ending) => name.toLowerCase().endsWith(ending)));
  tally.others += some.length - known.length;
  return known;
}

function named(file) {
  return { name: well(file.webkitRelativePath || file.name), file };
}

// Half of a surrogate pair cannot be sent.
function well(name) {
  return name.replace(/\p{Surrogate}/gu, "\ufffd");
}

function hidden(path) {
  return path.split("/").some((part) => part.startsWith(".") || part.startsWith("~$"));
}

async function dropped(items) {
  // Asked of all at once: what was dropped is forgotten when this function first waits.
  const given = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  for (const one of given.filter(Boolean)) {
    if (one instanceof File) add([named(one)]);
    else if (one.isFile) add(await files(one));
    else add(choose(await files(one)));
  }
  sum();
}

async function files(entry) {
  const name = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise((take, refuse) => { entry.file(take, refuse); }).catch(() => new File([], name));
    return [{ name: well(name), file }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A hundred or so at a time, until there are none.
    const some = await new Promise((take) => { reader.readEntries(take, () => take([])); });
    if (!some.length) return found;
    for (const inner of some) if (!hidden(inner.name)) found.push(...await files(inner));
  }
}

for (const button of root.querySelectorAll("[data-picks]")) {
  const input = root.querySelector(`input[name=${button.dataset.picks}]`);
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const some = [...input.files].map(named);
    add(input.name === "folder" ? choose(some.filter(({ name }) => !hidden(name))) : some);
    input.value = "";
  });
}

root.querySelector("form.address").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.querySelector("input");
  const given = field.value.trim();
  if (given) {
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
    add([{ name: url, url }]);
    field.value = "";
  }
  field.focus();
});

addEventListener("fetch-again", (event) => {
  const url = /** @type {CustomEvent} */ (event).detail;
  add([{ name: url, url }]);
});
panel.querySelector("[data-does=stop]").addEventListener("click", stopAll);
panel.querySelector("[data-does=clear]").addEventListener("click", clear);

// In every view: otherwise the browser would leave the page to show what was dropped.
const brings = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
addEventListener("drop", (event) => {
  document.body.classList.remove("dropping");
  if (!brings(event)) return;
  event.preventDefault();
  goTo("documents");
  dropped([.../** @type {DataTransfer} */ (event.dataTransfer).items].filter((item) => item.kind === "file"));
});

addEventListener("beforeunload", (event) => {
  if (running.size) event.preventDefault();
});
