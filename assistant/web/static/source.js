// The checking pane: a document beside the chat, at the place that an answer cites, with all that the answer cites
// from it marked. Its address can be shared, and Back closes it. Its markup comes from this server's /source/ pages
// alone, which are rendered with everything escaped.

import { call } from "./call.js";
import { GONE } from "./connection.js";
import * as chat from "./chat.js";
import { all, button, make, one } from "./dom.js";
import { say } from "./texts.js";
import { move, place, view } from "./views.js";

const narrow = matchMedia("(max-width: 800px)");
const panel = one("aside#source");
const body = panel.querySelector(".body");
const head = panel.querySelector(".way");

/** @type {HTMLElement | null} what was pressed to open it */
let opener = null;
let shown = ""; // the source that is open, as in the address
let wanted = 0;

// -- opening ------------------------------------------------------------------------------------

/** What an address of /source/ is called in the address of the page. */
function named(href) {
  const url = new URL(href, location.href);
  const query = new URLSearchParams({ source: decodeURIComponent(url.pathname.slice("/source/".length)) });
  for (const key of ["start", "end"]) query.set(key, url.searchParams.get(key) ?? "0");
  return query.toString();
}

/** The address of /source/ for what the address of the page names; with the other ranges that the answer cites. */
function address(query, others = []) {
  const given = new URLSearchParams(query);
  const range = `start=${Number(given.get("start"))}&end=${Number(given.get("end"))}`;
  const also = others.length ? `&also=${others.join(",")}` : "";
  return `/source/${encodeURIComponent(given.get("source") ?? "")}?${range}${also}`;
}

/** Opens a link to a source. Back closes it, however many were looked at. */
function follow(link) {
  opener = link;
  const { name, path } = place();
  const before = path ? `#${name}/${path}` : name === "chat" && one(".turn") ? `#chat/${chat.current()}` : `#${name}`;
  move(`${before}?${named(link.href)}`, { replace: shown !== "", state: shown ? history.state : { opened: true } });
}

function placed() {
  const { source } = place();
  if (source === shown) return;
  if (source) open(source);
  else hide();
}

async function open(source) {
  const order = ++wanted;
  const first = !shown;
  shown = source;
  if (opener && named(/** @type {HTMLAnchorElement} */ (opener).href) !== source) opener = null;
  reveal(first);
  mark();
  const timer = setTimeout(() => {
    body.replaceChildren(make("p", { class: "loading", role: "status" }, say("source.loading")));
  }, 150);
  const reply = await call(address(source, others()), null, { headers: { "X-Fragment": "first" } })
    .then(async (reply) => ({ markup: await reply.text() }), (fault) => ({ fault }));
  clearTimeout(timer);
  if (order !== wanted) return;
  if ("fault" in reply) fail(reply.fault);
  else body.innerHTML = reply.markup;
  complete();
}

function fail(fault) {
  const gone = fault.status === 404;
  body.replaceChildren(make("div", { class: "missing", role: "alert", tabindex: "-1" },
    make("h2", {}, say(gone ? "source.gone" : "source.fault")), make("p", {}, fault.message)));
  body.dataset.failed = fault.message === GONE ? "lost" : "";
  body.querySelector(".missing").focus({ preventScroll: true });
  // The answers that quoted it are gone as well.
  if (gone && view() === "chat") chat.refresh();
}

/** What is seen of a mark: around some cells of a row alone it has no box. */
const seen = (mark) => (mark && !mark.getClientRects().length ? mark.querySelector(".cell") ?? mark : mark);

/** After the text is there: marks in view, with the focus, on the scroll bar, and the way to the others. */
function complete() {
  const current = seen(body.querySelector("mark.current"));
  const heading = body.querySelector("header");
  const pages = Number(heading?.dataset.pages ?? 0);
  if (pages) choosePages(heading, pages);
  if (current && !(pages && asPages())) {
    current.tabIndex = -1;
    current.scrollIntoView({ block: "center" });
    current.focus({ preventScroll: true });
  }
  const original = new URLSearchParams(shown).get("source") ?? "";
  if (heading) {
    heading.append(make("p", { class: "takes" },
      make("a", { href: `/api/documents/${encodeURIComponent(original)}/original`, download: "", class: "plain" }, say("source.original")),
      ...(current ? [copying()] : [])));
  }
  if (!(pages && asPages())) whole();
}

/** The rest of a long document, of which only the part around the mark is there; then where the marks are. */
async function whole() {
  const text = body.querySelector(".text");
  if (text?.dataset.long !== "part") {
    rule();
    return;
  }
  text.dataset.long = "coming";
  const order = wanted;
  const reply = await call(address(shown, others()), null, { headers: { "X-Fragment": "1" } }).then((reply) => reply.text(), () => "");
  if (order !== wanted || !reply) return;
  const fresh = new DOMParser().parseFromString(reply, "text/html").querySelector(".text");
  const place = () => seen(text.querySelector("mark.current"))?.getBoundingClientRect().top ?? 0;
  const focused = document.activeElement?.matches("#source mark");
  const before = place();
  text.dataset.long = "whole";
  text.replaceChildren(...(fresh?.childNodes ?? []));
  text.scrollTop += place() - before; // the mark stays where it is
  const mark = seen(text.querySelector("mark.current"));
  if (mark && focused) {
    mark.tabIndex = -1;
    mark.focus({ preventScroll: true });
  }
  rule();
}

// -- the pages of a PDF, as they are ------------------------------------------------------------

const asPages = () => localStorage.getItem("pdf") !== "text";

/** @param {Element} heading @param {number} total */
function choosePages(heading, total) {
  const sheets = make("div", { class: "sheets", tabindex: "0" });
  const number = make("span", { role: "status" });
  const before = button("‹", () => turn(-1), { "aria-label": say("source.page-before") });
  const next = button("›", () => turn(1), { "aria-label": say("source.page-next") });
  const along = make("span", { class: "along" }, before, number, next);
  const forms = [["pages", say("source.pages")], ["text", say("source.plain")]].map(([form, name]) => button(name, () => {
    localStorage.setItem("pdf", form);
    choose();
  }, { class: "plain", "data-form": form }));
  let at = 0;

  /** @param {number} by */
  const turn = (by) => draw(Math.min(Math.max(at + by, 1), total));

  /** @param {number} wanted 0 is the page of the quote */
  async function draw(wanted) {
    const given = address(shown, others()).replace("?", `/pages/${wanted}?`);
    const reply = await call(given).then(async (reply) => reply.text(), () => "");
    if (!sheets.isConnected) return;
    if (!reply) { // it cannot be drawn: the text is there
      along.hidden = sheets.hidden = true;
      body.querySelector(".text").hidden = false;
      whole();
      return;
    }
    sheets.innerHTML = reply;
    at = Number(sheets.querySelector("figure")?.dataset.page ?? 1);
    number.textContent = say("source.page-of", { page: at, all: total });
    /** @type {HTMLButtonElement} */ (before).disabled = at <= 1;
    /** @type {HTMLButtonElement} */ (next).disabled = at >= total;
    const box = /** @type {HTMLElement | null} */ (sheets.querySelector(".box.current"));
    if (!box) {
      sheets.scrollTop = 0;
      return;
    }
    box.tabIndex = -1;
    box.scrollIntoView({ block: "center" });
    box.focus({ preventScroll: true });
  }

  function choose() {
    const isPages = asPages();
    sheets.hidden = along.hidden = !isPages;
    body.querySelector(".text").hidden = isPages;
    for (const each of forms) each.setAttribute("aria-pressed", String((each.dataset.form === "pages") === isPages));
    body.querySelector(".ruler")?.remove();
    if (isPages && !at) draw(0);
    else if (!isPages) {
      whole();
      seen(body.querySelector("mark.current"))?.scrollIntoView({ block: "center" });
    }
  }

  heading.append(make("p", { class: "forms", role: "group", "aria-label": say("source.forms") }, ...forms, along));
  heading.after(sheets);
  choose();
}

/** Where on the scroll bar the marks are. */
function rule() {
  const text = body.querySelector(".text");
  if (!text || text.scrollHeight <= text.clientHeight) return;
  const top = text.getBoundingClientRect().top - text.scrollTop;
  const places = [...text.querySelectorAll("mark")].map((mark) => {
    const tick = make("span", { class: mark.className });
    tick.style.insetBlockStart = `${100 * (seen(mark).getBoundingClientRect().top - top) / text.scrollHeight}%`;
    return tick;
  });
  body.append(make("div", { class: "ruler", "aria-hidden": "true" }, ...places));
}

function reveal(first) {
  panel.hidden = false;
  document.body.classList.add("reading");
  opener?.scrollIntoView({ block: "nearest" }); // the page is another width now
  cover(narrow.matches);
  if (first) panel.querySelector(".close").focus({ preventScroll: true });
}

/** Under the sheet of a narrow screen nothing else is reached. */
function cover(covered) {
  for (const part of all("#head, #side, gradio-app, section.view")) part.inert = covered;
}

// -- closing ------------------------------------------------------------------------------------

export function close() {
  if (!shown) return;
  if (history.state?.opened) {
    history.back();
    return;
  }
  const { name, path } = place();
  move(path ? `#${name}/${path}` : `#${name}`, { replace: true });
}

function hide() {
  wanted++;
  // What was pressed may have been drawn anew meanwhile.
  const same = () => all("a[href^='/source/']").find((link) => link.getClientRects().length && named(link.href) === shown);
  const link = opener?.isConnected ? opener : same();
  shown = "";
  panel.hidden = true;
  body.replaceChildren();
  document.body.classList.remove("reading");
  cover(false);
  mark();
  // Later, as the browser takes the focus away when it goes back to the address of a view.
  setTimeout(() => { if (!shown) link?.focus({ preventScroll: true }); });
  opener = null;
}

// -- the citations of an answer -----------------------------------------------------------------

/** The links that the pane goes along: the numbers of the answer, or all of a list. */
function links() {
  const link = opener ?? all("a.citation[data-number]").find((link) => named(link.href) === shown);
  const turn = link?.closest(".turn");
  if (!turn) return link ? [link] : [];
  const seen = new Set();
  return [...turn.querySelectorAll("a.citation[data-number]")].filter((link) => {
    const fresh = !seen.has(link.href);
    seen.add(link.href);
    return fresh;
  });
}

/** The ranges of the same document that the answer cites besides. */
function others() {
  const source = new URLSearchParams(shown).get("source");
  return links().map((link) => new URLSearchParams(named(link.href)))
    .filter((query) => query.get("source") === source && query.toString() !== shown)
    .map((query) => `${query.get("start")}-${query.get("end")}`);
}

/** Shows which citation is open, in the answer and in the pane. */
function mark() {
  for (const link of all("a[aria-current='true']")) link.removeAttribute("aria-current");
  for (const lit of all(".sentence.lit")) lit.classList.remove("lit");
  head.hidden = true;
  if (!shown) return;
  for (const link of all("a[href^='/source/']")) {
    if (named(link.href) === shown) {
      link.setAttribute("aria-current", "true");
      link.closest(".sentence")?.classList.add("lit");
    }
  }
  const along = links();
  const at = along.findIndex((link) => named(link.href) === shown);
  head.hidden = along.length < 2 || at < 0;
  head.querySelector(".which").textContent = say("source.which", { at: at + 1, all: along.length });
}

/** Goes to the next citation of the answer, or to the one before. @param {number} by */
export function step(by) {
  const along = links();
  const at = along.findIndex((link) => named(link.href) === shown);
  if (at < 0 || along.length < 2) return false;
  follow(along[(at + by + along.length) % along.length]);
  return true;
}

export const isOpen = () => shown !== "";

// -- copying ------------------------------------------------------------------------------------

function copying() {
  const facts = Object.fromEntries([...body.querySelectorAll("dl div")].map(
    (row) => [row.dataset.fact, row.querySelector("dd").textContent]));
  const title = body.querySelector("h2").textContent;
  const quote = () => [...body.querySelectorAll("mark.current")].map(said).join("\n");
  const where = [title, facts.page && say("turn.page", { page: facts.page }), facts.from].filter(Boolean).join(", ");
  /** @type {[string, () => string][]} */
  const forms = [
    [say("source.plain"), () => `“${quote()}” (${where})`],
    ["Markdown", () => `${quote().split("\n").map((line) => `> ${line}`).join("\n")}\n>\n> — ${where}`],
  ];
  if (facts.author) forms.push(["BibTeX", () => bibtex(title, facts)]);
  return make("span", { class: "copying" }, `${say("source.copy")} `, ...forms.map(([name, text]) => {
    const made = button(name, async () => {
      await navigator.clipboard.writeText(text());
      made.textContent = say("all.copied");
      setTimeout(() => { made.textContent = name; }, 1500);
    }, { class: "plain" });
    return made;
  }));
}

/** The cells of a row stand beside each other, in the text as well. */
const said = (mark) => (mark.matches(".row > mark") ? mark.textContent : mark.innerText).trim();

function bibtex(title, facts) {
  const year = (facts.date ?? "").match(/\d{4}/)?.[0] ?? "";
  const key = `${(facts.author.split(/\s+/).pop() ?? "").replace(/\W/g, "")}${year}` || "source";
  const fields = [["author", facts.author], ["title", title], ["year", year], ["note", facts.from]];
  const safe = (text) => text.replace(/[\\{}]/g, "");
  return `@misc{${key},\n${fields.filter(([, value]) => value).map(([name, value]) => `  ${name} = {${safe(value)}}`).join(",\n")}\n}`;
}

// -- events -------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest?.("a[href^='/source/']"));
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (link && plain) {
    event.preventDefault();
    follow(link);
  } else if (target.closest?.("#source .close")) close();
});
head.querySelector("[data-by='-1']").addEventListener("click", () => step(-1));
head.querySelector("[data-by='1']").addEventListener("click", () => step(1));
narrow.addEventListener("change", () => { if (shown) cover(narrow.matches); });
addEventListener("place", placed);
addEventListener("entered", () => { opener = null; });
addEventListener("settled", () => { if (shown) mark(); });
addEventListener("back", () => {
  if (!shown || body.dataset.failed !== "lost") return;
  const source = shown;
  shown = "";
  open(source);
});

// A sentence lights its source, and a source its sentences.
function light(event) {
  for (const lit of all(".turn .near")) lit.classList.remove("near");
  const over = event.target.closest?.(".turn .sentence[data-numbers], .turn .source-link, .turn a.citation[data-number]");
  const turn = over?.closest(".turn");
  if (!turn) return;
  const numbers = (over.dataset.numbers ?? over.dataset.number ?? over.querySelector(".number")?.textContent ?? "").split(" ");
  for (const sentence of turn.querySelectorAll(".sentence[data-numbers]")) {
    const matches = sentence.dataset.numbers.split(" ").some((number) => numbers.includes(number));
    if (matches && sentence !== over) sentence.classList.add("near");
  }
  for (const link of turn.querySelectorAll(".source-link")) {
    if (numbers.includes(link.querySelector(".number")?.textContent ?? "") && link !== over) link.classList.add("near");
  }
}

document.addEventListener("pointerover", light);
document.addEventListener("focusin", light);
