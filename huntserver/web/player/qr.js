// The drawing of a link as a QR code. Fetched when the first one is drawn.

import { encodeQR } from "../vendor/qr/index.js";

/** Return an SVG path, a unit for a module, and how many there are in a row. @param {string} text */
export function qr_of(text) {
  const rows = /** @type {boolean[][]} */ (encodeQR(text, "raw", { border: 2 }));
  return { of: text, path: rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join(""), size: rows.length };
}
