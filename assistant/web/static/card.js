// A card on a citation, while it is pointed at, has the focus or is held: the quote between the sentences before and
// after it, and where it stands. Its markup comes from this server's /source/ pages alone, with everything escaped.

import { call } from "./call.js";
import { make, one } from "./dom.js";

const LINKS = ".turn :is(a.citation[data-number], .source-link, a.related)";
const PAUSE = 300; // milliseconds for which a link is pointed at
const HELD = 500; // milliseconds for which it is pressed, where nothing can point
const GAP = 8; // pixels between link and card, and at the edges of the window

const card = make("div", { id: "card", role: "tooltip", popover: "manual" });
one("#top").append(card); // within a landmark; it is shown above all

/** @type {Map<string, Promise<string>>} */
const known = new Map();
/** @type {HTMLAnchorElement | null} */
let link = null;
let timer = 0;
let held = false;
let moved = 0; // when the page last went to another place

/** @param {string} href */
function markup(href) {
  const asked = known.get(href) ?? call(href, null, { headers: { "X-Fragment": "card" } }).then((reply) => reply.text());
  known.set(href, asked);
  asked.catch(() => known.delete(href)); // opening the source says why
  return asked;
}

/** @param {HTMLAnchorElement} over @param {number} pause */
function show(over, pause) {
  if (over === link) {
    clearTimeout(timer);
    return;
  }
  hide();
  link = over;
  // The browser's own card would lie over this one.
  if (over.title) [over.dataset.title, over.title] = [over.title, ""];
  timer = setTimeout(async () => {
    const found = await markup(over.getAttribute("href") ?? "").catch(() => "");
    if (over !== link || !over.isConnected || !found) return;
    card.innerHTML = found;
    card.showPopover();
    over.setAttribute("aria-describedby", "card");
    place(over);
  }, pause);
}

/** Below the link, or above it where there is more room. @param {HTMLElement} over */
function place(over) {
  const at = over.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const below = at.bottom + GAP + height <= innerHeight || at.top < innerHeight - at.bottom;
  const left = Math.min(Math.max(GAP, (at.left + at.right - width) / 2), innerWidth - width - GAP);
  card.style.insetBlockStart = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
  card.style.left = `${left}px`;
}

export function hide() {
  clearTimeout(timer);
  link?.removeAttribute("aria-describedby");
  link = null;
  if (card.matches(":popover-open")) card.hidePopover();
}

/** @param {Event} event @returns {HTMLAnchorElement | null} */
const over = (event) => /** @type {Element} */ (event.target).closest?.(LINKS) ?? null;

document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch") return;
  const found = over(event);
  if (found) show(found, PAUSE);
  else if (/** @type {Element} */ (event.target).closest?.("#card")) clearTimeout(timer);
  else if (link && link !== document.activeElement) {
    clearTimeout(timer);
    timer = setTimeout(hide, PAUSE); // one may go from the link to the card
  }
});
document.addEventListener("focusin", (event) => {
  const found = over(event);
  // A link that has the focus again after its source was closed needs no card.
  if (found?.matches(":focus-visible") && Date.now() - moved > PAUSE) show(found, 0);
  else hide();
});
document.addEventListener("pointerdown", (event) => {
  held = false;
  const found = over(event);
  if (event.pointerType !== "touch" || !found) {
    if (!/** @type {Element} */ (event.target).closest?.("#card")) hide();
    return;
  }
  show(found, HELD);
  setTimeout(() => { held = link === found; }, HELD);
});
document.addEventListener("pointerup", () => { if (!held && !card.matches(":popover-open")) hide(); });
// What was held is not opened as well, and the browser's own list of choices stays away.
document.addEventListener("contextmenu", (event) => { if (held && over(event)) event.preventDefault(); });
document.addEventListener("click", (event) => {
  if (held && over(event)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (over(event)) hide();
  held = false;
}, true);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
document.addEventListener("scroll", (event) => { if (event.target !== card) hide(); }, { capture: true, passive: true });
addEventListener("place", () => {
  moved = Date.now();
  hide();
});
