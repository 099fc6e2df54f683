// The dialog in the chat that makes a golden question of a bad answer.

import { call } from "./call.js";
import * as chat from "./chat.js";
import { judge } from "./deeds.js";
import { make, readable, shown } from "./dom.js";

const REASONS = {
  wrong: "The answer is wrong",
  source: "The source is the wrong one",
  incomplete: "Something is missing",
  unanswerable: "The documents do not answer this",
  unanswered: "The documents do answer this",
};

function complain(turn) {
  const question = turn.querySelector(".question").textContent;
  const number = [...document.querySelectorAll("#transcript .turn")].indexOf(turn);
  const refused = turn.querySelector(".unanswered") !== null;
  const reasons = Object.keys(REASONS).filter((name) => (refused ? name === "unanswered" : name !== "unanswered"));
  const dialog = make("dialog", { class: "bad", "aria-labelledby": "bad-heading" });
  const passages = make("div", { class: "passages", role: "radiogroup", "aria-label": "The right passage" });
  const sought = make("input", { type: "search", class: "field", "aria-label": "Search for the right passage", value: question });
  const find = make("form", { class: "find" }, sought, make("button", { class: "button" }, "Search"));
  const trouble = make("p", { class: "trouble", role: "alert", hidden: "" });
  const keep = make("button", { type: "button", class: "button primary" }, "Keep as a golden question");
  const cancel = make("button", { type: "button", class: "button" }, "Cancel");
  const right = make("details", {}, make("summary", {}, "Show the right passage, if you know it"), find, passages);
  dialog.append(
    make("h2", { id: "bad-heading" }, "What is wrong with this answer?"),
    make("p", { dir: "auto" }, `“${question}”`),
    make("fieldset", {}, make("legend", { class: "unseen" }, "Reason"), ...reasons.map((name, at) => choice("reason", name, REASONS[name], !at))),
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
    const place = right.open ? passages.querySelector("input:checked")?.place : null;
    const body = { conversation: chat.current(), turn: number, question, reason: dialog.querySelector("[name=reason]:checked").value };
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
    label.querySelector("input").place = passage.place;
    label.append(make("q", { dir: "auto" }, readable(passage.text)));
    return label;
  }));
}

function thank(dialog, turn) {
  const close = make("button", { type: "button", class: "button primary" }, "Close");
  close.addEventListener("click", () => dialog.close());
  dialog.replaceChildren(make("h2", { id: "bad-heading" }, "Kept as a golden question"),
    make("p", {}, "It is asked whenever you measure the questions from bad answers, under Accuracy, and fails until the answer is better."),
    make("div", { class: "choices" }, close));
  close.focus();
  const thumb = turn.querySelector(".thumb");
  if (thumb) thumb.textContent = "Kept as a golden question";
}

document.addEventListener("click", (event) => {
  const thumb = event.target.closest?.("button.thumb");
  if (thumb) complain(thumb.closest(".turn"));
});
