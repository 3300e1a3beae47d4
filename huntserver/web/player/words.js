// Words in the person's language. A text is a string with {names}, or its forms by plural category of {n}.
//
// What the entrance says is here in every language: nobody waits for a second trip before they can read. What is said in
// a hunt comes with the rest of the page.

import de from "../strings/de.js";
import en from "../strings/en.js";

/** @typedef {string | {one: string, other: string}} Text */
/** @typedef {keyof typeof en | keyof typeof import("../strings/game/en.js").default} Key */

/** Languages there are strings for; the first is the one that stands in for every other. */
export const LANGUAGES = Object.freeze({ en: "English", de: "Deutsch" });

/** @type {{[tag: string]: {[key: string]: Text}}} */
const texts = { en: { ...en }, de: { ...de } };
/** @type {{[tag: string]: Promise<void> | undefined}} */
const coming = { en: Promise.resolve() };  // with the rest of the page
let failures = 0;
let language = "en", locale = "en";
/** @type {Intl.PluralRules | null} */
let plural = null;

/** Return the language in use. */
export const spoken = () => language;

/** Take the first language of a list that there are strings for, else English. @param {readonly string[]} wanted */
export function speak(wanted) {
  language = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => tag in LANGUAGES) || "en";
  // Times and numbers as this person writes them: en-GB, where the browser says so, before en.
  locale = [...wanted, ...(globalThis.navigator?.languages || [])].find((tag) => tag.toLowerCase().startsWith(`${language}-`)) || language;
  plural = null;
  document.documentElement.lang = language;
}

/** Take more texts of a language. @param {string} tag @param {{[key: string]: Text}} more */
export function learn(tag, more) {
  Object.assign(texts[tag], more);
}

/** Get what is said in a hunt in the language in use. English stands for what does not come; the next call asks again. */
export function game_words() {
  const tag = language;
  // A browser remembers that a module did not come, by its address.
  coming[tag] ||= import(`../strings/game/${tag}.js${failures ? `?again=${failures}` : ""}`).then((come) => learn(tag, come.default), () => {
    coming[tag] = undefined;
    failures += 1;
  });
  return /** @type {Promise<void>} */ (coming[tag]);
}

/** @param {string} key @returns {Text | undefined} */
const text_of = (key) => texts[language][key] ?? texts.en[key];

/** @param {Key} key @param {{[name: string]: string | number}} [values] @returns {string} */
export const t = (key, values = {}) => filled(text_of(key) ?? key, values);

/** Fill the gaps of a text. @param {Text} text @param {{[name: string]: string | number}} values @returns {string} */
export function filled(text, values) {
  plural ||= new Intl.PluralRules(language);
  const form = typeof text === "string" ? text : (text[/** @type {"one"} */ (plural.select(Number(values.n)))] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? value.toLocaleString(locale) : value;
  });
}

/** Return the words for a refusal's code; the server's own where there are none. @param {{code: string, msg?: string, after_ms?: number}} err */
export function refusal(err) {
  const key = /** @type {Key} */ (`refused.${err.code}`);
  if (text_of(key) === undefined) return err.msg || t("refused.other");
  const wait = err.after_ms ? ` ${t("refused.again_in", { time: span(err.after_ms) })}` : "";
  return t(key) + wait;
}

/** Return a rank in words: 1st, 2nd. @param {number} n */
export function ordinal(n) {
  const category = new Intl.PluralRules(language, { type: "ordinal" }).select(n);
  return t(/** @type {Key} */ (`ordinal.${category}`), { n });
}

/** Return things in a row, as the language puts them: a, b and c. @param {string[]} parts @param {"conjunction" | "disjunction" | "unit"} type */
export const listed = (parts, type) => new Intl.ListFormat(language, { type, style: type === "unit" ? "short" : "long" }).format(parts);

/** Return a length of time as a clock: 0:07, 12:40, 1:02:03. @param {number} ms */
export function clock(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600), rest = `${Math.floor((s % 3600) / 60)}`;
  return hours ? `${hours}:${rest.padStart(2, "0")}:${two(s % 60)}` : `${rest}:${two(s % 60)}`;
}

/** Return a length of time in words, roughly: 20 s, 5 min, 3 h, 2 days. @param {number} ms */
export function span(ms) {
  const s = Math.max(1, Math.round(ms / 1000));
  if (s < 100) return t("span.s", { n: s });
  if (s < 100 * 60) return t("span.min", { n: Math.round(s / 60) });
  if (s < 36 * 3600) return t("span.h", { n: Math.round(s / 3600) });
  return t("span.days", { n: Math.round(s / 86_400) });
}

/** Return a moment as people say it: the time, with the day if it is not today. @param {number} ms since 1970 @param {number} now_ms */
export function moment(ms, now_ms) {
  const at = new Date(ms), today = new Date(now_ms).toDateString() === at.toDateString();
  const day = today ? {} : /** @type {const} */ ({ weekday: "short", day: "numeric", month: "short" });
  return at.toLocaleString(locale, { ...day, hour: "numeric", minute: "2-digit" });
}
