// A medium in a text: a picture in its place that grows when it is tapped, sound and video with controls, all else as a
// download with its size. The address says what it is, so that room is left before a byte has come.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { icon } from "./pieces.js";
import { t } from "./words.js";

const ADDRESS = /^hunts\/[^/?#]+\/media\/[\w-]+\/([\w.-]+)#([a-z0-9.+/-]+),(\d+)(?:,(\d+)x(\d+))?$/;

/** @typedef {{url: string, name: string, type: string, bytes: number, width: number, height: number}} Medium */

/** @type {(name: string) => string | undefined} */
let address_of = () => undefined;
let known = 0;

/** Say where media lie that a text names by name: in an editor, before a server has put their addresses there.
 * @param {(name: string) => string | undefined} find */
export function set_media(find) {
  address_of = find;
  known += 1;
}

/** A number that is another one when media have become known. */
export const known_media = () => known;

/** Return what an address stands for, null if it is none of a medium. @param {string} href @returns {Medium | null} */
export function medium_at(href) {
  const found = ADDRESS.exec(href) || ADDRESS.exec(address_of(href) || "");
  if (!found) return null;
  const [whole, name, type, bytes, width = 0, height = 0] = found;
  return { url: new URL(whole.split("#")[0], document.baseURI).href, name, type, bytes: Number(bytes), width: Number(width), height: Number(height) };
}

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1_000_000 ? t("media.kb", { n: Math.max(1, Math.round(bytes / 1000)) }) : t("media.mb", { n: Math.round(bytes / 100_000) / 10 });
}

/** Draw a medium. @param {Medium} medium @param {string} words what it shows, for those who cannot see it */
export function medium_view(medium, words) {
  const { url, type, width, height } = medium;
  if (type.startsWith("image/")) return picture(medium, words);
  if (type.startsWith("audio/")) return html`<figure class="medium"><audio controls preload="none" src=${url} aria-label=${words || nothing}></audio>${words ? html`<figcaption>${words}</figcaption>` : nothing}</figure>`;
  if (type.startsWith("video/")) return html`<figure class="medium"><video controls playsinline preload="metadata" src=${url} width=${width || nothing} height=${height || nothing} aria-label=${words || nothing}></video>${words ? html`<figcaption>${words}</figcaption>` : nothing}</figure>`;
  return file(medium, words);
}

/** @param {Medium} medium @param {any} words */
export function file({ url, name, bytes }, words) {
  return html`<a class="file" href=${url} download=${name}>${icon("file")}<span>${words || name}</span> <span class="about">${size(bytes)}</span></a>`;
}

/** @param {Medium} medium @param {string} words */
function picture({ url, width, height }, words) {
  return html`<button class="medium picture" aria-label=${`${t("media.enlarge")}: ${words}`} @click=${(/** @type {any} */ event) => touched(event.currentTarget, url, words)}>
    <img src=${url} alt=${words} loading="lazy" decoding="async" width=${width || nothing} height=${height || nothing} @error=${lost} @load=${come}>
    <span class="lost-words">${t("media.lost")}</span></button>`;
}

/** @param {any} event */
const lost = ({ target }) => target.closest(".picture").setAttribute("data-lost", "");
/** @param {any} event */
const come = ({ target }) => target.closest(".picture").removeAttribute("data-lost");

/** Ask for a picture again that did not come. @param {Element} place */
function again(place) {
  const image = /** @type {HTMLImageElement} */ (place.querySelector("img"));
  const { src } = image;
  image.src = "";
  image.src = src;
}

globalThis.addEventListener?.("online", () => document.querySelectorAll(".picture[data-lost]").forEach(again));

/** @param {Element} place @param {string} url @param {string} words */
function touched(place, url, words) {
  if (place.hasAttribute("data-lost")) return again(place);
  const dialog = document.createElement("dialog");
  dialog.className = "large";
  dialog.setAttribute("aria-label", words);
  render(html`<img src=${url} alt=${words}><button class="plain" aria-label=${t("close")}>${icon("close")}</button>`, dialog);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
