// Words of the console in the host's language; refusals, times and ranks are the player page's.

import all from "../strings/host/en.js";
import editor from "../strings/editor/en.js";
import queue from "../strings/queue/en.js";
import "../player/game_words.js";
import { filled, game_words, speak, spoken } from "../player/words.js";

const en = { ...all, ...queue, ...editor };
/** @typedef {keyof typeof en} Key */
/** @type {{[key: string]: import("../player/words.js").Text}} */
let texts = en;

/** Take the first language of a list that there are strings for. @param {readonly string[]} wanted */
export async function speak_host(wanted) {
  speak(wanted);
  if (spoken() === "en") return void (texts = en);
  const parts = ["host", "queue", "editor"].map((folder) => import(`../strings/${folder}/${spoken()}.js`));
  const [come] = await Promise.all([Promise.all(parts), game_words()]);
  texts = Object.assign({}, en, ...come.map((part) => part.default));
}

/** @param {Key} key @param {{[name: string]: string | number}} [values] @returns {string} */
export const h = (key, values = {}) => filled(texts[key] ?? key, values);

/** Words for a key that is put together; what there are none for, as it is. @param {string} stem @param {string} name @returns {string} */
export function named(stem, name) {
  const text = texts[`${stem}.${name}`];
  return typeof text === "string" ? text : name;
}
