// The rest of the page, which comes after the entrance: asked for once, and again if the network was gone.

import { game_words } from "./words.js";

/** @typedef {typeof import("./inside.js")} Inside */

/** @type {Promise<Inside> | null} */
let asked = null;
/** @type {Inside | null} */
let come = null;
let failures = 0;
const WAIT_MS = 30_000;

/** @returns {Promise<never>} a network that swallows says nothing, and an import cannot be given up: another one is tried */
const too_late = () => new Promise((_, reject) => setTimeout(reject, WAIT_MS, new Error("it does not come")));

/** Return the rest of the page once it is here. Rejects if it cannot be had now; the next call asks again. */
export function inside() {
  // A browser remembers that a module did not come, by its address.
  const coming = () => (failures ? import(`./inside.js?again=${failures}`) : import("./inside.js"));
  asked ||= Promise.race([Promise.all([coming(), game_words()]), too_late()]).then(([found]) => (come = found), (error) => {
    asked = null;
    failures += 1;
    throw error;
  });
  return asked;
}

/** The rest of the page if it is here. */
export const arrived = () => come;
