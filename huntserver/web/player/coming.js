// The rest of the page, which comes after the entrance: asked for once, and again if the network was gone.

/** @typedef {typeof import("./inside.js")} Inside */

/** @type {Promise<Inside> | null} */
let asked = null;
/** @type {Inside | null} */
let come = null;
let failures = 0;

/** Return the rest of the page once it is here. Rejects if it cannot be had now; the next call asks again. */
export function inside() {
  // A browser remembers that a module did not come, by its address.
  asked ||= (failures ? import(`./inside.js?again=${failures}`) : import("./inside.js")).then((found) => (come = found), (error) => {
    asked = null;
    failures += 1;
    throw error;
  });
  return asked;
}

/** The rest of the page if it is here. */
export const arrived = () => come;
