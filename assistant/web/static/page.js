// The page beside Gradio: its views, which conversation this tab is in, and the panel that shows a source.
// Markup comes only from this server's /source/ pages, which are rendered with everything escaped.
"use strict";

// Gradio's addresses are those of this page: a proxy may have another address than the server knows.
if (window.gradio_config) window.gradio_config.root = location.origin;

const cited = (() => {
  const KEY = "conversation";
  const DRAFT = "draft";
  const ONLY = "only";
  const GONE = "The server does not answer; start it again with: assistant chat";
  const narrow = matchMedia("(max-width: 800px)");
  let opener = null;
  let wanted = 0;

  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const panel = () => one("aside#source");

  // -- what the other scripts use too -------------------------------------------------------------

  // An element; `children` that are no elements become text.
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  // Text from outside, with pictures in place of controls and nothing that turns the order of other text around.
  function shown(text) {
    return text
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
      .replace(/\x7f/g, "\u2421")
      .replace(/[\u202d\u202e]/g, "\ufffd");
  }

  // A passage without the signs of headings and tables, which say nothing here.
  function readable(text) {
    const kept = shown(text).split("\n").filter((line) => line.trim() && !/^[\s|:-]+$/.test(line));
    return kept.map((line) => line.replace(/^#+\s+/, "").replace(/^\s*\|\s*|\s*\|\s*$/g, "")).join("\n");
  }

  // The reply of the API: to a POST where there is something to send. Throws a sentence, with the reply's status.
  async function call(path, sent = null, options = {}) {
    const given = sent === null ? {} : { method: "POST", body: sent };
    if (sent && Object.getPrototypeOf(sent) === Object.prototype) {
      given.body = JSON.stringify(sent);
      given.headers = { "Content-Type": "application/json" };
    }
    const reply = await fetch(path, { ...given, ...options }).catch(() => { throw new Error(GONE); });
    if (reply.ok) return reply;
    const { error = `The server answered with status ${reply.status}; try again.` } = await reply.json().catch(() => ({}));
    throw Object.assign(new Error(error), { status: reply.status });
  }

  // -- views ------------------------------------------------------------------------------------
  // #chat, #documents and #accuracy are the views; what follows a slash is theirs (#accuracy/run). A section
  // hears "view" when it is opened, and when that which follows the slash changes.

  const scrolled = {};
  let current = "";
  let hash = null;

  function view() {
    const [name, ...rest] = location.hash.slice(1).split("/");
    return { name: one(`section.view[id="${CSS.escape(name)}"]`) ? name : "chat", path: rest.join("/") };
  }

  function part(name) {
    return one(name === "chat" ? "gradio-app" : `section#${name}`);
  }

  function visit() {
    if (!one("#top") || hash === location.hash) return;
    hash = location.hash;
    const { name, path } = view();
    if (name !== current) {
      scrolled[current] = scrollY;
      close();
      for (const link of all("#top nav a")) {
        const here = link.hash === `#${name}`;
        part(link.hash.slice(1)).hidden = !here;
        if (here) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
      current = name;
      entitle();
      if (name === "chat") welcome();
      scrollTo(0, scrolled[name] ?? 0);
    }
    part(name).dispatchEvent(new CustomEvent("view", { detail: path }));
  }

  // An empty chat says how many documents there are.
  let old = false;
  let greeting = false;
  function welcome() {
    greeting = old && one(".welcome") !== null;
    old = false;
    if (greeting) one("#new-chat").click();
  }

  function entitle() {
    if (!current) return;
    const name = one("#top .name").textContent;
    const title = current === "chat" ? name : `${one("#top nav [aria-current]").textContent} – ${name}`;
    if (document.title !== title) document.title = title;
  }

  function go(name) {
    if (current !== name) location.hash = name;
    visit();
  }

  // -- conversation -----------------------------------------------------------------------------

  // Names the conversation of this tab.
  function begin() {
    // getRandomValues and not randomUUID: the latter is missing where the page is not served from localhost.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(KEY, name);
    return name;
  }

  // "New chat"
  function fresh() {
    const name = begin();
    if (!greeting) unrestrict();
    greeting = false;
    close();
    // An answer that is growing ends with its page; to cancel it within the page is a race that Gradio can lose.
    if (one(".turn.growing")) location.reload();
    return name;
  }

  // -- source -----------------------------------------------------------------------------------

  async function open(link) {
    const order = ++wanted;
    const place = panel().querySelector(".body");
    const headers = { "X-Fragment": "1" };
    const [markup, fault] = await call(link.href, null, { headers }).then(
      async (reply) => [await reply.text()], (fault) => [null, fault.message],
    );
    if (order !== wanted) return;
    if (fault) place.textContent = fault;
    else place.innerHTML = markup;
    show(link);
    toMark(place);
  }

  function show(link) {
    for (const old of all("[aria-current='true']")) old.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    opener = link;
    panel().hidden = false;
    document.body.classList.add("reading");
    link.scrollIntoView({ block: "nearest" }); // the page is another width now
    cover(narrow.matches);
    panel().querySelector(".close").focus({ preventScroll: true });
  }

  // Under the sheet of a narrow screen nothing else is reached.
  function cover(covered) {
    for (const part of all("#top, gradio-app, section.view")) part.inert = covered;
  }

  function toMark(within) {
    within.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  function close() {
    if (!panel() || panel().hidden) return;
    wanted++;
    panel().hidden = true;
    document.body.classList.remove("reading");
    cover(false);
    opener?.removeAttribute("aria-current");
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
  }

  // -- one document alone ----------------------------------------------------------------------------

  let only = JSON.parse(sessionStorage.getItem(ONLY)) ?? {};

  function restrict(entry) {
    only = { id: entry.id, title: entry.title };
    sessionStorage.setItem(ONLY, JSON.stringify(only));
    go("chat");
    mark();
    box()?.focus();
  }

  // No longer; of some documents, only where it is one of them.
  function unrestrict(ids = null) {
    if (ids && !ids.includes(only.id)) return;
    only = {};
    sessionStorage.removeItem(ONLY);
    mark();
  }

  // Above the question box: which document alone is asked. Gradio may put an empty one in its place.
  function mark() {
    const place = one("#only");
    if (!place || (place.dataset.id ?? "") === (only.id ?? "")) return;
    place.dataset.id = only.id ?? "";
    place.replaceChildren();
    if (!only.id) return;
    const end = make("button", { type: "button", "aria-label": "Ask all documents again" }, "×");
    end.addEventListener("click", () => {
      unrestrict();
      box().focus();
    });
    const title = make("span", { class: "title", dir: "auto" }, shown(only.title));
    place.append(make("p", { role: "status" }, "Only in: ", title), end);
  }

  // -- question ---------------------------------------------------------------------------------

  const box = () => one("#question textarea");

  // The id is given to the label around the textarea: whoever looks for #question to type into follows a label.
  function name() {
    const label = one("#question-box label:not(#question)");
    const transcript = one("#transcript");
    if (!label || !transcript) return;
    label.id = "question";
    transcript.setAttribute("role", "log");
    transcript.setAttribute("aria-live", "polite");
    write(sessionStorage.getItem(DRAFT));
    if (current === "chat") box().focus({ preventScroll: true });
  }

  // A failed question, and one that was typed before a reload, is not lost. What is new goes before it.
  function write(question) {
    if (!question || box().value) return;
    box().value = question;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }

  // An answer is over. Where it is still growing, the server went away.
  function settled() {
    const turn = one("#transcript .turn.growing");
    if (turn) {
      const told = turn.querySelector(".waiting") ?? turn.appendChild(document.createElement("p"));
      told.className = "failure";
      told.textContent = GONE;
      turn.classList.replace("growing", "failed");
    }
    return { interactive: true, __type__: "update" };
  }

  let turns = 0;
  function follow() {
    const transcript = one("#transcript");
    if (!transcript) return;
    const shown = transcript.querySelectorAll(".turn");
    const last = shown[shown.length - 1];
    transcript.setAttribute("aria-busy", String(last?.classList.contains("growing") ?? false));
    if (shown.length > turns && shown.length > 1) last.scrollIntoView({ block: "start" });
    turns = shown.length;
    if (last?.classList.contains("failed") && !last.dataset.seen) {
      last.dataset.seen = "true";
      write(last.querySelector(".question").textContent);
    }
  }

  // -- events -----------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/source/']");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (link && plain && panel()) {
      event.preventDefault();
      open(link);
    } else if (event.target.closest?.("#source .close")) close();
  });

  // Before Gradio hears of it: an empty question is not sent, and one too early waits for the answer before it.
  let waiting = false;

  function hold(event) {
    if (!asks(event)) return;
    const composing = event.isComposing; // Enter that ends a word in Chinese or Japanese
    if (!composing) {
      box().focus();
      waiting = one("#send").disabled;
      if (box().value.trim() && !waiting) return;
      event.preventDefault();
    }
    event.stopImmediatePropagation();
  }

  function asks(event) {
    if (event.type === "click") return event.target.closest?.("#send");
    return event.target === box() && event.key === "Enter" && !event.shiftKey;
  }

  function release() {
    if (!waiting || one("#send").disabled) return;
    waiting = false;
    one("#send").click();
  }

  document.addEventListener("click", hold, true);
  document.addEventListener("keydown", hold, true);
  document.addEventListener("keypress", hold, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !one("dialog[open]")) close();
  });

  narrow.addEventListener("change", () => {
    if (opener) cover(narrow.matches);
  });

  new MutationObserver(() => {
    name();
    follow();
    release();
    mark();
    entitle();
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "disabled"] });

  addEventListener("pagehide", () => box() && sessionStorage.setItem(DRAFT, box().value));

  addEventListener("DOMContentLoaded", () => {
    const page = one("main#source");
    if (page) toMark(page);
    visit();
  });

  addEventListener("hashchange", visit);

  return {
    make, shown, readable, call, go, restrict, unrestrict, fresh, settled,
    stale: () => { old = true; },
    scope: () => only.id ?? "",
    current: () => sessionStorage.getItem(KEY) ?? begin(),
  };
})();
