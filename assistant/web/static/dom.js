// Elements, and text from outside: it reaches the page as text alone.

/**
 * An element; children that are no elements become text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * A button.
 * @param {string} label
 * @param {() => void} does
 * @param {Record<string, string>} [attributes]
 */
export function button(label, does, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", does);
  return made;
}

/** @param {string} selector @returns {any} */
export const one = (selector) => document.querySelector(selector);

/** @param {string} selector @returns {any[]} */
export const all = (selector) => [...document.querySelectorAll(selector)];

/**
 * Text from outside, with pictures in place of controls and nothing that turns the order of other text around.
 * @param {string} text
 */
export function shown(text) {
  return text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\x7f/g, "\u2421")
    .replace(/[\u202d\u202e]/g, "\ufffd");
}

/** Text from outside within a sentence, whose direction it does not change. @param {string} text */
export const apart = (text) => `\u2068${shown(text)}\u2069`;

/**
 * A passage without the signs of headings and tables, which say nothing here.
 * @param {string} text
 */
export function readable(text) {
  const kept = shown(text).split("\n").filter((line) => line.trim() && !/^[\s|:-]+$/.test(line));
  return kept.map((line) => line.replace(/^#+\s+/, "").replace(/^\s*\|\s*|\s*\|\s*$/g, "")).join("\n");
}
