// The page within the frame of the widget: asks, and shows answers with links to their sources. All text from outside
// reaches it as text alone.

/** @typedef {{number: number, title: string, document_id: string, start: number, end: number, quote: string}} Citation */
/** @typedef {{answered: boolean, sentences: {text: string, citations: number[]}[], citations: Citation[], notice: string | null}} Answer */

/** @type {Record<string, string>} */
const texts = JSON.parse(/** @type {HTMLElement} */ (document.querySelector("#texts")).textContent ?? "{}");
const turns = /** @type {HTMLElement} */ (document.querySelector("#turns"));
const form = /** @type {HTMLFormElement} */ (document.querySelector("form"));
const box = /** @type {HTMLInputElement} */ (form.elements.namedItem("question"));
// Nobody can guess the name, under which follow-ups are understood until the frame is closed.
const conversation = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} className
 * @param {...(Node | string)} children
 */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** @param {Citation} citation */
function link(citation) {
  const made = make("a", "citation", String(citation.number));
  made.href = `/source/${encodeURIComponent(citation.document_id)}?start=${citation.start}&end=${citation.end}`;
  made.target = "_blank";
  made.rel = "noopener";
  made.title = `${citation.title}: ${citation.quote}`;
  made.setAttribute("aria-label", `${texts["turn.source"]} ${citation.number}: ${citation.title}`);
  return made;
}

/** @param {Answer} answer */
function rendered(answer) {
  const known = new Map(answer.citations.map((citation) => [citation.number, citation]));
  const lines = answer.sentences.map(({ text, citations }) => {
    const links = citations.flatMap((number) => { const found = known.get(number); return found ? [link(found)] : []; });
    const line = make("p", "", text, ...links);
    line.dir = "auto";
    return line;
  });
  const notice = answer.notice ? [make("p", "notice", answer.notice)] : [];
  return make("div", answer.answered ? "answer" : "answer unanswered", ...lines, ...notice);
}

/** @param {string} question @returns {Promise<Node>} */
async function answered(question) {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ question, conversation }) };
  const reply = await fetch("/api/ask", sent);
  const data = await reply.json();
  if (!reply.ok) throw new Error(data.error);
  return rendered(data);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (!question || form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  box.value = "";
  turns.querySelector(".hint")?.remove();
  const waiting = make("p", "waiting", texts["turn.searching"]);
  const asked = make("h2", "", question);
  asked.dir = "auto";
  turns.append(asked, waiting);
  asked.scrollIntoView();
  try {
    waiting.replaceWith(await answered(question));
  } catch (fault) {
    waiting.replaceWith(make("p", "notice", /** @type {Error} */ (fault).message));
    box.value = question;
  } finally {
    form.ariaBusy = "false";
    box.focus();
  }
});

const leave = () => parent.postMessage("close", "*");
document.querySelector("#close")?.addEventListener("click", leave);
addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
box.focus();
