// Words of those parts of the page that are loaded when they are wanted, in the person's language.

import en from "../strings/later/en.js";
import { changed } from "./store.js";
import { filled, spoken } from "./words.js";

/** @typedef {keyof typeof en} Key */
/** @type {{[key: string]: import("./words.js").Text}} */
let texts = en;
let language = "en";

/** @param {Key} key @param {{[name: string]: string | number}} [values] @returns {string} */
export function w(key, values = {}) {
  if (spoken() !== language) void take(spoken());
  return filled(texts[key] ?? key, values);
}

/** @param {string} tag */
async function take(tag) {
  language = tag;
  const come = tag === "en" ? en : (await import(`../strings/later/${tag}.js`)).default;
  if (language !== tag) return;
  texts = { ...en, ...come };
  changed();
}
