// The page beside Gradio: its views, which conversation this tab is in, and the panel that shows a source.
// Markup comes only from this server's /source/ pages, which are rendered with everything escaped.
"use strict";

const cited = (() => {
  const KEY = "conversation";
  const DRAFT = "draft";
  const GONE = "The server does not answer; start it again with: assistant chat";
  const narrow = matchMedia("(max-width: 800px)");
  let opener = null;
  let wanted = 0;

  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const panel = () => one("aside#source");

  // -- views ------------------------------------------------------------------------------------
  // #chat, #documents and #accuracy are the views; what follows a slash is theirs (#accuracy/run). A section
  // hears "view" when it is opened, and when that which follows the slash changes.

  const scrolled = {};
  let current = "";

  function view() {
    const [name, ...rest] = location.hash.slice(1).split("/");
    return { name: one(`section.view[id="${CSS.escape(name)}"]`) ? name : "chat", path: rest.join("/") };
  }

  function part(name) {
    return one(name === "chat" ? "gradio-app" : `section#${name}`);
  }

  function visit() {
    if (!one("#top")) return;
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
      scrollTo(0, scrolled[name] ?? 0);
    }
    part(name).dispatchEvent(new CustomEvent("view", { detail: path }));
  }

  function entitle() {
    if (!current) return;
    const name = one("#top .name").textContent;
    const title = current === "chat" ? name : `${one("#top nav [aria-current]").textContent} – ${name}`;
    if (document.title !== title) document.title = title;
  }

  function go(name) {
    if (location.hash === `#${name}`) visit();
    else location.hash = name;
  }

  // -- conversation -----------------------------------------------------------------------------

  function fresh() {
    // getRandomValues and not randomUUID: the latter is missing where the page is not served from localhost.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(KEY, name);
    close();
    // An answer that is growing ends with its page; to cancel it within the page is a race that Gradio can lose.
    if (one(".turn.growing")) location.reload();
    return name;
  }

  // -- source -----------------------------------------------------------------------------------

  async function open(link) {
    const order = ++wanted;
    const shown = panel().querySelector(".body");
    const fetched = await fragment(link.href);
    if (order !== wanted) return;
    if (fetched.markup === undefined) shown.textContent = fetched.fault;
    else shown.innerHTML = fetched.markup;
    show(link);
    toMark(shown);
  }

  async function fragment(address) {
    try {
      const reply = await fetch(address, { headers: { "X-Fragment": "1" } });
      if (reply.ok) return { markup: await reply.text() };
      return { fault: (await reply.json()).error };
    } catch {
      return { fault: GONE };
    }
  }

  function show(link) {
    for (const old of all("[aria-current='true']")) old.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    opener = link;
    panel().hidden = false;
    document.body.classList.add("reading");
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
    const link = event.target.closest?.("a.citation, a.source-link");
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
    if (event.key === "Escape") close();
  });

  narrow.addEventListener("change", () => {
    if (opener) cover(narrow.matches);
  });

  new MutationObserver(() => {
    name();
    follow();
    release();
    entitle();
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "disabled"] });

  addEventListener("pagehide", () => box() && sessionStorage.setItem(DRAFT, box().value));

  addEventListener("DOMContentLoaded", () => {
    const page = one("main#source");
    if (page) toMark(page);
    visit();
  });

  addEventListener("hashchange", visit);

  return { go, fresh, settled, current: () => sessionStorage.getItem(KEY) ?? fresh() };
})();
