// Calls of the API. A reply that is no success becomes an error with a sentence.

import { GONE, suspect } from "./connection.js";
import { say } from "./texts.js";

/**
 * The reply of the API: to a POST where there is something to send.
 * @param {string} path
 * @param {any} [sent] a plain object goes as JSON, anything else as it is
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 * @throws {Error & {status?: number}} with a sentence, and the status of the reply
 */
export async function call(path, sent = null, options = {}) {
  /** @type {RequestInit} */
  const given = sent === null ? {} : { method: "POST", body: sent };
  if (sent && Object.getPrototypeOf(sent) === Object.prototype) {
    given.body = JSON.stringify(sent);
    given.headers = { "Content-Type": "application/json" };
  }
  const reply = await fetch(path, { ...given, ...options }).catch((fault) => {
    if (fault.name !== "AbortError") suspect();
    throw new Error(GONE);
  });
  if (reply.ok) return reply;
  const { error = say("lost.status", { status: String(reply.status) }) } = await reply.json().catch(() => ({}));
  throw Object.assign(new Error(error), { status: reply.status });
}
