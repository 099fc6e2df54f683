// The link that opens a conversation for reading in another browser: made, copied, taken back.

import { call } from "./call.js";
import { apart, one } from "./dom.js";
import { say } from "./texts.js";

const dialog = one("dialog.sharing");
const part = (does) => dialog.querySelector(`[data-does=${does}]`);
const field = dialog.querySelector("input");

let ident = "";

/** Shows the link of a conversation, and makes it if there is none. @param {{id: string, name: string}} conversation */
export async function share({ id, name }) {
  ident = id;
  dialog.querySelector("h2").textContent = say("side.sharing", { name: apart(name.slice(0, 200)) });
  field.value = "";
  tell("");
  dialog.showModal();
  try {
    const { shared } = await (await call(`/api/conversations/${id}/share`, null, { method: "POST" })).json();
    field.value = `${location.origin}/shared/${shared}`;
    field.select();
    changed();
  } catch (fault) {
    tell(fault.message);
  }
}

async function unshare() {
  try {
    await call(`/api/conversations/${ident}/share`, null, { method: "DELETE" });
    dialog.close();
    changed();
  } catch (fault) {
    tell(fault.message);
  }
}

async function copy() {
  await navigator.clipboard.writeText(field.value).then(() => {
    part("copy-link").textContent = say("all.copied");
    setTimeout(() => { part("copy-link").textContent = say("side.copy-link"); }, 1500);
  }, () => field.select());
}

/** @param {string} trouble */
function tell(trouble) {
  dialog.querySelector(".trouble").textContent = trouble;
  dialog.querySelector(".trouble").hidden = !trouble;
  field.hidden = part("copy-link").hidden = part("unshare").hidden = Boolean(trouble);
}

const changed = () => dispatchEvent(new Event("shared"));

part("unshare").addEventListener("click", unshare);
part("copy-link").addEventListener("click", copy);
part("close").addEventListener("click", () => dialog.close());
