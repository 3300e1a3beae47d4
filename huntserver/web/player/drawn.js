// A QR code over any network: what draws it is asked for again while it does not come.

/** @typedef {{of: string, path: string, size: number}} Drawn `size` 0: what draws it did not come, the link has to do */

const TRIES = 5, WAIT_MS = 1000;  // before the second try; doubled with each

/** Draw a link. Never rejects. @param {string} link @returns {Promise<Drawn>} */
export async function qr_drawn(link) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    // A browser remembers that a module did not come, by its address; which is the same from a bundle beside this folder.
    const coming = tries ? import(`../player/qr.js?again=${tries}`) : import("../player/qr.js");
    const come = await coming.catch(() => null);
    if (come) return come.qr_of(link);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS * 2 ** tries));
  }
  return { of: link, path: "", size: 0 };
}
