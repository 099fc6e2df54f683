// The texts of the page in the language of the browser: the server sends them along with it.

/** @type {Record<string, string | Record<string, string>>} */
const texts = JSON.parse(document.querySelector("#texts")?.textContent ?? "{}");

/** The language of the page, which numbers and dates follow too. Gradio calls the page one in that of the browser. */
export const language = /** @type {HTMLElement | null} */ (document.querySelector("#texts"))?.lang || document.documentElement.lang;

const plurals = new Intl.PluralRules(language);
const figures = new Intl.NumberFormat(language);

/** A number as the language writes it. @param {number} number */
export const figure = (number) => figures.format(number);

/**
 * A text with its `{names}` filled in; where it has plural forms, the number `n` decides.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function say(key, values = {}) {
  const found = texts[key] ?? key;
  const text = typeof found === "string" ? found : found[plurals.select(Number(values.n))] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (place, name) => {
    const value = values[name] ?? place;
    return typeof value === "number" ? figure(value) : value;
  });
}
