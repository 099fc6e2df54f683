// The view of accuracy: golden questions are asked, the run and those before it shown, drafts decided on. What
// comes from outside goes into the page as text alone; the plots are drawn by this server from figures.

import { call } from "./call.js";
import { make, readable, shown } from "./dom.js";
import { figure as written, language, say } from "./texts.js";

/** @type {any} */
const root = document.querySelector("section#accuracy");
const one = (selector) => root.querySelector(selector);
const dates = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const HEADLINE = ["facts", "cited", "abstained_rightly", "abstained_wrongly"];
const OURS = ["shipped", "own", "feedback"]; // sets that have names of their own
const NUMBER = 10; // suggestions that are drafted at once

let path = ""; // the part after #accuracy/
/** @type {any} */
let told = null; // what the server said last of sets, runs and progress
/** @type {EventSource | null} */
let following = null;

// -- opening ------------------------------------------------------------------------------------

async function open() {
  await attempt(async () => {
    told = await (await call("/api/eval")).json();
    drawSets();
    drawHistory();
    if (told.standing.running) follow();
    await Promise.all([drawRun(), drawDrafts(), drawKept()]);
  });
}

// A fault is told above all, where the person looks; what was shown stays.
async function attempt(work) {
  const trouble = one(":scope > .trouble");
  trouble.hidden = true;
  try {
    return await work();
  } catch (fault) {
    trouble.textContent = fault.message;
    trouble.hidden = false;
    return undefined;
  }
}

// -- measuring ----------------------------------------------------------------------------------

function drawSets() {
  const before = new Set([...root.querySelectorAll(".sets input:checked")].map((box) => box.value));
  const untouched = !one(".sets input");
  one(".sets").replaceChildren(...told.sets.map((set) => {
    const box = make("input", { type: "checkbox", value: set.name });
    box.disabled = !set.askable;
    box.checked = set.askable && (untouched || before.has(set.name));
    return make("label", {}, box, ` ${say(`eval.${set.name}`)} `, make("span", {}, counted(set)));
  }));
  busy(told.standing.running);
}

function counted(set) {
  if (!set.questions) return say("eval.none");
  const total = say("all.questions", { n: set.questions });
  if (set.name === "shipped" && !set.askable) return say("eval.missing", { questions: total });
  return set.gone ? say("eval.lost", { questions: total, gone: set.gone }) : total;
}

function busy(running) {
  one("form.measure .primary").disabled = running || !one(".sets input:checked");
  one("[data-does=cancel]").hidden = !running;
  one(".going").hidden = !running;
  for (const box of root.querySelectorAll(".sets input")) {
    box.disabled = running || !told.sets.find((set) => set.name === box.value).askable;
  }
}

async function measure() {
  const names = [...root.querySelectorAll(".sets input:checked")].map((box) => box.value);
  await attempt(async () => {
    busy(true);
    try {
      told.standing = await (await call("/api/eval", { names })).json();
      progress(told.standing);
      follow();
    } catch (fault) {
      busy(false);
      throw fault;
    }
  });
}

function follow() {
  following?.close();
  const events = new EventSource("/api/eval/progress");
  following = events;
  events.addEventListener("progress", (event) => progress(JSON.parse(event.data)));
  for (const end of ["done", "fault"]) events.addEventListener(end, () => { events.close(); following = null; });
}

function progress(standing) {
  const was = told.standing.running;
  told.standing = standing;
  busy(standing.running);
  const bar = one(".going progress");
  if (standing.of) Object.assign(bar, { max: standing.of, value: standing.done });
  else bar.removeAttribute("value");
  one(".going p").textContent = standing.of
    ? say("eval.asked", { done: standing.done, n: standing.of }) : say("eval.opening");
  if (was && !standing.running) ended(standing);
}

async function ended(standing) {
  if (standing.fault) {
    one(":scope > .trouble").textContent = standing.fault;
    one(":scope > .trouble").hidden = false;
  } else if (path === `run/${standing.run}` || !path.startsWith("run/")) await open();
  else location.hash = `accuracy/run/${standing.run}`;
}

// -- a run --------------------------------------------------------------------------------------

let drawn = 0;
async function drawRun() {
  const mine = ++drawn;
  const ident = path.startsWith("run/") ? decodeURIComponent(path.slice(4)) : told.runs[0]?.run;
  one(".nothing").hidden = Boolean(ident);
  if (!ident) { one(".run").hidden = true; return; }
  const run = await (await call(`/api/eval/runs/${encodeURIComponent(ident)}`)).json();
  if (mine !== drawn) return;
  one("#run-heading").textContent = `${when(run.run)}: ${sets(run.sets)}`;
  one(".run > header a").href = `/api/eval/runs/${encodeURIComponent(run.run)}/report`;
  const model = run.conditions.model ?? "";
  one(".conditions").textContent = say(model.startsWith("none") ? "eval.plain" : "eval.model", {
    questions: say("all.questions", { n: run.questions }),
    documents: say("all.documents", { n: Number(run.conditions.documents) }),
    model: shown(model),
    version: shown(run.conditions.version),
  });
  drawCards(run);
  one(".plots").innerHTML = run.plots; // drawn by the server; its words are its own
  drawChanges(run.comparison);
  drawFailures(run);
  drawAll(run);
  one(".run").hidden = false;
  for (const row of root.querySelectorAll(".history tr")) {
    if (row.dataset.run === run.run) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function when(ident) {
  const found = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(ident);
  if (!found) return shown(ident);
  const [year, month, ...rest] = found.slice(1).map(Number);
  return dates.format(new Date(Date.UTC(year, month - 1, ...rest)));
}

// The files of the shipped set count as one.
function sets(names) {
  const { files } = told.sets.find((set) => set.name === "shipped");
  const whole = files.every((name) => names.includes(name));
  const rest = whole ? names.filter((name) => !files.includes(name)) : names;
  return [...(whole ? ["shipped"] : []), ...rest].map((name) => (OURS.includes(name) ? say(`eval.${name}`) : shown(name))).join(", ");
}

function drawCards(run) {
  const before = run.comparison?.figures ?? {};
  one(".cards").replaceChildren(...HEADLINE.filter((name) => run.figures[name]).map((name) => {
    const figure = run.figures[name];
    const change = before[name] && before[name].verdict !== "same"
      ? [make("span", { class: before[name].verdict }, say("eval.before", { figure: before[name].written[0], verdict: say(`eval.${before[name].verdict}`) }))]
      : [];
    return make("div", { class: "card" }, make("span", {}, figure.title), make("b", {}, figure.written),
      make("span", {}, `${figure.interval}, ${say("all.questions", { n: figure.questions })}`), ...change);
  }));
}

// What got worse comes first.
function drawChanges(comparison) {
  one(".changes").hidden = !comparison;
  if (!comparison) return;
  one("#changes-heading").textContent = say("eval.since", { when: when(comparison.before) });
  const order = ["worse", "better", "noise"];
  const moved = Object.values(comparison.figures).filter((figure) => figure.verdict !== "same")
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  one(".changes .sum").textContent = summed(comparison, moved);
  const rows = moved.map((figure) => row(figure.title, figure.written[0], figure.written[1],
    make("td", { class: `verdict ${figure.verdict}` }, figure.told)));
  one(".changes .wide").replaceChildren(...(rows.length ? [table(["", say("eval.then"), say("eval.now"), say("eval.chance")], rows)] : []));
  one(".changes .list").replaceChildren(...comparison.changed.map(changed));
}

function summed(comparison, moved) {
  const other = Object.entries(comparison.conditions).map(([name, [old, now]]) => `${name} ${shown(old)} → ${shown(now)}`);
  const count = (verdict) => moved.filter((figure) => figure.verdict === verdict).length;
  const common = say("eval.both", { n: comparison.questions });
  const verdict = !moved.length ? say("eval.same")
    : say("eval.moved", { worse: count("worse"), better: count("better"), noise: count("noise") });
  return [common, verdict, other.length ? say("eval.differs", { conditions: other.join("; ") }) : ""].join(" ").trim();
}

function changed(change) {
  const marks = Object.entries(change.moved).map(([name, [old, now]]) => `${name} ${old} → ${now}`).join(", ");
  const list = pairs([[say("eval.then"), shown(change.answers[0])], [say("eval.now"), shown(change.answers[1])]]);
  return folding(change.question, marks, list);
}

function drawFailures(run) {
  const rest = run.failures - run.failed.length;
  one("#failures-heading").textContent = run.failures
    ? say("eval.wrong", { failures: run.failures, n: run.questions }) : say("eval.right");
  const items = run.failed.map((failed) => folding(failed.question, failed.wrong.join(", "), pairs([
    [say("eval.expected"), lines(failed.expected)],
    [say("eval.answered"), shown(failed.said)],
    [say("eval.cited"), failed.cited.length ? quotes(failed.cited) : say("all.nothing")],
    [say("eval.retrieved"), failed.retrieved.length ? quotes(failed.retrieved) : say("all.nothing")],
    [say("eval.confidence"), failed.confidence.toFixed(2)],
    [say("eval.question"), say("eval.of", { id: shown(failed.id), set: shown(failed.set) })],
  ])));
  const more = rest > 0 ? [make("p", {}, say("eval.rest", { n: rest }))] : [];
  one(".failures .list").replaceChildren(...items, ...more);
}

function folding(question, note, inner) {
  const summary = make("summary", {}, make("span", { dir: "auto" }, shown(question)), " ", make("span", { class: "note" }, shown(note)));
  return make("details", {}, summary, inner);
}

function pairs(rows) {
  return make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, value)]));
}

function lines(texts) {
  return make("ul", {}, ...texts.map((text) => make("li", {}, shown(text))));
}

function quotes(list) {
  return make("ol", {}, ...list.map((quote) => make("li", { class: quote.right ? "right" : "" }, ...quoted(quote))));
}

function quoted(quote) {
  if (quote.gone) return [make("span", { class: "gone" }, quote.title)];
  const { document: ident, start, end } = quote.place;
  const href = `/source/${encodeURIComponent(ident)}?start=${start}&end=${end}`;
  const link = make("a", { class: "citation at", href }, shown(quote.title));
  const right = quote.right ? [" ", make("span", { class: "mark" }, say("eval.expected"))] : [];
  return [link, ...right, make("q", { dir: "auto" }, readable(quote.text))];
}

// -- tables -------------------------------------------------------------------------------------

function table(names, rows) {
  const head = make("tr", {}, ...names.map((name) => (name ? make("th", { scope: "col" }, name) : make("td"))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function row(name, ...cells) {
  const made = cells.map((cell) => (cell instanceof Element ? cell : make("td", { class: "figure" }, cell)));
  return make("tr", {}, make("th", { scope: "row" }, name), ...made);
}

function drawAll(run) {
  const rows = [];
  let group = null;
  for (const figure of Object.values(run.figures).sort((a, b) => a.group.localeCompare(b.group))) {
    if (figure.group !== group) rows.push(heading(group = figure.group));
    rows.push(row(figure.title, figure.written, `(${figure.interval})`, written(figure.questions)));
  }
  for (const [tag, found] of Object.entries(run.tags)) {
    rows.push(heading(shown(tag)));
    for (const name of HEADLINE.filter((name) => found[name])) {
      rows.push(row(found[name].title, found[name].written, `(${found[name].interval})`, written(found[name].questions)));
    }
  }
  one(".all .wide").replaceChildren(table(["", say("eval.figure"), say("eval.range"), say("eval.count")], rows));
}

function heading(name) {
  return make("tr", {}, make("th", { scope: "colgroup", colspan: "4", class: "group" }, name));
}

function drawHistory() {
  one(".history").hidden = !told.runs.length;
  const rows = told.runs.map((run) => {
    const link = make("a", { href: `#accuracy/run/${encodeURIComponent(run.run)}` }, when(run.run));
    const cells = HEADLINE.map((name) => run.figures[name]?.written ?? "");
    const made = row(link, make("td", {}, sets(run.sets)), written(run.questions), written(run.failed), ...cells);
    made.dataset.run = run.run;
    return made;
  });
  const names = ["measured", "sets", "count", "failed", "facts", "document", "abstained", "wrongly"].map((name) => say(`eval.${name}`));
  one(".history .wide").replaceChildren(table(names, rows));
}

// -- drafts -------------------------------------------------------------------------------------

async function drawDrafts() {
  const drafts = await (await call("/api/eval/drafts")).json();
  one(".drafts ol").replaceChildren(...drafts.map(draft));
}

function draft(given) {
  const question = make("input", { class: "field", "aria-label": say("eval.text"), value: shown(given.question), maxlength: "4000", dir: "auto" });
  const facts = given.facts.map((fact) => make("input", { class: "field fact", "aria-label": say("eval.fact"), value: shown(fact), dir: "auto" }));
  const must = facts.length ? [make("label", { class: "must" }, `${say("eval.must")} `, ...facts)] : [];
  const also = given.elsewhere.length
    ? [make("p", { class: "also" }, say("eval.also", { titles: given.elsewhere.map(shown).join(", ") }))] : [];
  const accept = make("button", { type: "button", class: "button" }, say("eval.accept"));
  const reject = make("button", { type: "button", class: "button" }, say("eval.reject"));
  const item = make("li", {}, question, ...must, make("div", { class: "passage" }, ...quoted(given.passage)), ...also,
    make("div", { class: "choices" }, accept, reject));
  accept.addEventListener("click", () => decide(item, given, {
    accepted: true, question: question.value,
    facts: facts.map((field, at) => (field.value === shown(given.facts[at]) ? given.facts[at] : field.value)).filter((fact) => fact.trim()),
  }));
  reject.addEventListener("click", () => decide(item, given, { accepted: false }));
  return item;
}

async function decide(item, given, decision) {
  // As it was shown and left: the words of the document, whatever signs are in them.
  if (decision.question === shown(given.question)) decision.question = "";
  await attempt(async () => {
    await call(`/api/eval/drafts/${encodeURIComponent(given.id)}`, decision);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    (next?.querySelector(".choices .button") ?? one("[data-does=draft]")).focus();
    if (decision.accepted) await refreshSets();
  });
}

async function refreshSets() {
  told = { ...(await (await call("/api/eval")).json()), runs: told.runs };
  drawSets();
  await drawKept();
}

async function suggest(button) {
  const told = one(".drafts .sum");
  button.disabled = true;
  told.textContent = say("eval.drafting");
  await attempt(async () => {
    const { drafts, notes } = await (await call("/api/eval/drafts", { number: NUMBER })).json();
    one(".drafts ol").append(...drafts.map(draft));
    told.textContent = [...notes, say(drafts.length ? "eval.decide" : "eval.spent")].join(" ");
  });
  if (told.textContent === say("eval.drafting")) told.textContent = "";
  button.disabled = false;
}

// -- kept questions -----------------------------------------------------------------------------

async function drawKept() {
  const names = ["own", "feedback"];
  const kept = await Promise.all(names.map(async (name) => (await call(`/api/eval/questions/${name}`)).json()));
  one(".kept").hidden = !kept.flat().length;
  const groups = names.flatMap((name, at) => (kept[at].length ? [group(name, kept[at])] : []));
  one(".kept .list").replaceChildren(...groups);
}

function group(name, questions) {
  const file = make("a", { class: "plain", href: `/api/eval/questions/${name}/file`, download: "" }, say("eval.file"));
  return make("div", { class: "group" }, make("header", {}, make("h3", {}, say(`eval.${name}`)), file),
    ...questions.map((question) => keptQuestion(name, question)));
}

function keptQuestion(name, question) {
  const remove = make("button", { type: "button", class: "button", "aria-label": say("eval.remove", { question: shown(question.question) }) }, say("all.remove"));
  const earlier = question.earlier.length ? [[say("eval.earlier"), lines(question.earlier)]] : [];
  const inner = make("div", {}, pairs([...earlier, [say("eval.expected"), lines(question.expected)], [say("eval.tags"), question.tags.map(shown).join(", ")]]), remove);
  const note = question.gone ? say("eval.gone") : "";
  const item = folding(question.question, note, inner);
  remove.addEventListener("click", () => attempt(async () => {
    await call(`/api/eval/questions/${name}/${encodeURIComponent(question.id)}`, null, { method: "DELETE" });
    await refreshSets();
  }));
  return item;
}

// What was opened beside stays in sight when the view grows narrower for it.
let width = 0;
new ResizeObserver(() => {
  if (root.clientWidth === width) return;
  width = root.clientWidth;
  root.querySelector(".at[aria-current]")?.scrollIntoView({ block: "center" });
}).observe(root);

// -- events -------------------------------------------------------------------------------------

root.addEventListener("view", (event) => { path = event.detail; open(); });
one("form.measure").addEventListener("submit", (event) => { event.preventDefault(); measure(); });
one(".sets").addEventListener("change", () => busy(told.standing.running));
one("[data-does=cancel]").addEventListener("click", () => attempt(() => call("/api/eval", null, { method: "DELETE" })));
one("[data-does=draft]").addEventListener("click", (event) => suggest(event.currentTarget));
