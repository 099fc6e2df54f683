// The chat page beside Gradio: which conversation this tab is in, and the panel that shows a source.
// Markup comes only from this server's /source/ pages, which are rendered with everything escaped.
"use strict";

const cited = (() => {
  const KEY = "conversation";
  const GONE = "The server does not answer; start it again with: assistant chat";
  const narrow = matchMedia("(max-width: 800px)");
  let opener = null;
  let wanted = 0;

  const one = (selector) => document.querySelector(selector);
  const panel = () => one("aside#source");

  // -- conversation -----------------------------------------------------------------------------

  function fresh() {
    // getRandomValues and not randomUUID: the latter is missing where the page is not served from localhost.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem(KEY, name);
    close();
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
    for (const old of document.querySelectorAll("[aria-current]")) old.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    opener = link;
    panel().hidden = false;
    document.body.classList.add("reading");
    one("gradio-app").inert = narrow.matches;
    panel().querySelector(".close").focus({ preventScroll: true });
  }

  function toMark(within) {
    within.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  function close() {
    if (!panel() || panel().hidden) return;
    wanted++;
    panel().hidden = true;
    document.body.classList.remove("reading");
    one("gradio-app").inert = false;
    opener?.removeAttribute("aria-current");
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
  }

  // -- question ---------------------------------------------------------------------------------

  const box = () => one("#question textarea");

  // The id goes to the label around the textarea: whoever looks for #question to type into follows a label.
  function name() {
    const block = one("div#question");
    const label = block?.querySelector("label");
    const transcript = one("#transcript");
    if (!label || !transcript) return;
    block.removeAttribute("id");
    label.id = "question";
    transcript.setAttribute("role", "log");
    transcript.setAttribute("aria-live", "polite");
    box().focus({ preventScroll: true });
  }

  // Of a failed question nothing is lost: it goes back into the box, unless something new is there.
  function restore(turn) {
    if (box().value) return;
    box().value = turn.querySelector(".question").textContent;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }

  // The server went away: Gradio would leave the page waiting. The question stays, or comes back, in the box.
  function lost() {
    const turn = one("#transcript .turn.growing") ?? unsent();
    turn.querySelector(".waiting")?.remove();
    turn.append(element("p", "failure", GONE));
    turn.classList.replace("growing", "failed") || turn.classList.add("failed");
    return { interactive: true, __type__: "update" };
  }

  function unsent() {
    one("#transcript .unsent")?.remove();
    const turn = element("article", "turn unsent", "");
    turn.append(element("h2", "question", box().value));
    (one("#transcript .turns") ?? one("#transcript .welcome").parentElement).append(turn);
    return turn;
  }

  function element(name, kind, text) {
    const made = document.createElement(name);
    made.className = kind;
    made.textContent = text;
    return made;
  }

  let turns = 0;
  function follow() {
    const transcript = one("#transcript");
    if (!transcript) return;
    const all = transcript.querySelectorAll(".turn");
    const last = all[all.length - 1];
    transcript.setAttribute("aria-busy", String(last?.classList.contains("growing") ?? false));
    if (all.length > turns && all.length > 1) last.scrollIntoView({ block: "start" });
    turns = all.length;
    if (last?.classList.contains("failed") && !last.dataset.seen) {
      last.dataset.seen = "true";
      restore(last);
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
    else if (event.target.closest?.("#send")) box()?.focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  narrow.addEventListener("change", () => {
    if (opener) one("gradio-app").inert = narrow.matches;
  });

  new MutationObserver(() => {
    name();
    follow();
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });

  addEventListener("DOMContentLoaded", () => {
    const page = one("main#source");
    if (page) toMark(page);
  });

  return { fresh, lost, current: () => sessionStorage.getItem(KEY) ?? fresh() };
})();
