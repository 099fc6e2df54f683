// The dialog in the chat that makes a golden question of a bad answer.

import { call } from "./call.js";
import * as chat from "./chat.js";
import { judge } from "./deeds.js";
import { make, readable, shown } from "./dom.js";
import { say } from "./texts.js";

const REASONS = ["wrong", "source", "incomplete", "unanswerable", "unanswered"];

function complain(turn) {
  const question = turn.querySelector(".question").textContent;
  const number = [...document.querySelectorAll("#transcript .turn")].indexOf(turn);
  const refused = turn.querySelector(".unanswered") !== null;
  const reasons = REASONS.filter((name) => (refused ? name === "unanswered" : name !== "unanswered"));
  const dialog = make("dialog", { class: "bad", "aria-labelledby": "bad-heading" });
  const passages = make("div", { class: "passages", role: "radiogroup", "aria-label": say("bad.passage") });
  const sought = make("input", { type: "search", class: "field", "aria-label": say("bad.seek"), value: question });
  const find = make("form", { class: "find" }, sought, make("button", { class: "button" }, say("bad.search")));
  const trouble = make("p", { class: "trouble", role: "alert", hidden: "" });
  const keep = make("button", { type: "button", class: "button primary" }, say("bad.keep"));
  const cancel = make("button", { type: "button", class: "button" }, say("all.cancel"));
  const right = make("details", {}, make("summary", {}, say("bad.show")), find, passages);
  dialog.append(
    make("h2", { id: "bad-heading" }, say("bad.heading")),
    make("p", { dir: "auto" }, `“${question}”`),
    make("fieldset", {}, make("legend", { class: "unseen" }, say("bad.reason")), ...reasons.map((name, at) => choice("reason", name, say(`bad.${name}`), !at))),
    right, trouble, make("div", { class: "choices" }, cancel, keep),
  );
  const said = (fault) => { trouble.textContent = fault.message; trouble.hidden = false; };
  const search = () => candidates(sought.value, passages).catch(said);
  right.addEventListener("toggle", () => { if (right.open && !passages.children.length) search(); });
  find.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  keep.addEventListener("click", async () => {
    keep.disabled = true;
    const place = right.open ? /** @type {any} */ (passages.querySelector("input:checked"))?.place : null;
    const body = { conversation: chat.current(), turn: number, question, reason: /** @type {HTMLInputElement} */ (dialog.querySelector("[name=reason]:checked")).value };
    try {
      await call("/api/eval/feedback", place ? { ...body, passage: place } : body);
      if (turn.dataset.turn) await judge(turn, "bad");
      thank(dialog, turn);
    } catch (fault) {
      said(fault);
      keep.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

function choice(name, value, label, checked) {
  const box = make("input", { type: "radio", name, value });
  box.checked = checked;
  return make("label", {}, box, " ", label);
}

async function candidates(query, into) {
  if (!query.trim()) return;
  const found = await (await call(`/api/eval/passages?query=${encodeURIComponent(query)}`)).json();
  into.replaceChildren(...found.map((passage, at) => {
    const label = choice("passage", String(at), make("b", {}, shown(passage.title)), false);
    /** @type {any} */ (label.querySelector("input")).place = passage.place;
    label.append(make("q", { dir: "auto" }, readable(passage.text)));
    return label;
  }));
}

function thank(dialog, turn) {
  const close = make("button", { type: "button", class: "button primary" }, say("all.close"));
  close.addEventListener("click", () => dialog.close());
  dialog.replaceChildren(make("h2", { id: "bad-heading" }, say("turn.kept")),
    make("p", {}, say("bad.thanks")),
    make("div", { class: "choices" }, close));
  close.focus();
  const thumb = turn.querySelector(".thumb");
  if (thumb) thumb.textContent = say("turn.kept");
}

document.addEventListener("click", (event) => {
  const thumb = /** @type {Element} */ (event.target).closest?.("button.thumb");
  if (thumb) complain(thumb.closest(".turn"));
});
