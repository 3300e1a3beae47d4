// What hosts wrote, drawn as elements and never as markup: no HTML is taken from a text, links lead to http and https.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { file, known_media, medium_at, medium_view } from "./media.js";
import { can_read, flows, is_marked, reading, tokens_of } from "./reading.js";

/** @typedef {import("./reading.js").Token} Token */

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

/** `<prose-text>`: draws its `text`, and anew once it can be read. */
class ProseText extends HTMLElement {
  constructor() {
    super();
    this._text = "";
    this._known = 0;
  }

  /** A number that changes when more media are known. */
  set known(/** @type {number} */ known) {
    const anew = this._known !== known && this._text !== "";
    this._known = known;
    if (anew) this.draw();
  }

  set text(/** @type {string} */ text) {
    if (text === this._text) return;
    this._text = text;
    this.draw();
    if (!can_read() && is_marked(text)) reading().then(() => can_read() && this.draw());
  }

  draw() {
    const tokens = tokens_of(this._text);
    render(tokens ? tokens.map(block) : plain(this._text), this);
  }
}
customElements.define("prose-text", ProseText);

/** Return a text as it is shown. @param {string | undefined} text */
export function prose(text) {
  return html`<prose-text class="prose" dir="auto" .known=${known_media()} .text=${(text || "").trim()}></prose-text>`;
}

// ---- as it was written: paragraphs and lines, addresses as links

/** @param {string} text */
function plain(text) {
  return text.split(/\n[ \t]*\n/).map((paragraph) => html`<p class=${flows(paragraph) ? "flows" : nothing}>${linked(paragraph)}</p>`);
}

/** Return a text with its addresses as links. @param {string} text */
function linked(text) {
  const parts = [];
  let at = 0;
  for (const { 0: link, index } of text.matchAll(LINK)) {
    parts.push(text.slice(at, index), outside(link, link));
    at = index + link.length;
  }
  return [...parts, text.slice(at)];
}

/** @param {string} href @param {any} words */
const outside = (href, words) => html`<a href=${href} rel="noopener" target="_blank">${words}</a>`;

// ---- as tokens

const HEADINGS = [
  (/** @type {any} */ words) => html`<h3>${words}</h3>`,  // the clue's title is above them
  (/** @type {any} */ words) => html`<h4>${words}</h4>`,
  (/** @type {any} */ words) => html`<h5>${words}</h5>`,
  (/** @type {any} */ words) => html`<h6>${words}</h6>`,
];

/** @param {Token[] | undefined} tokens @returns {any} */
const blocks = (tokens) => (tokens || []).map(block);
/** @param {Token} token @returns {any} */
const inside = ({ tokens, text = "" }) => (tokens ? tokens.map(inline) : linked(text));

/** @param {Token} token @returns {any} */
function block(token) {
  switch (token.type) {
    case "space": return nothing;
    case "hr": return html`<hr>`;
    case "heading": return HEADINGS[Math.min(token.depth || 1, HEADINGS.length) - 1](inside(token));
    case "blockquote": return html`<blockquote>${blocks(token.tokens)}</blockquote>`;
    case "list": return list(token);
    case "code": return html`<pre><code>${token.text}</code></pre>`;
    case "text": return inside(token);  // of a list whose lines stand close
    case "paragraph": return html`<p class=${flows(token.raw.trim()) ? "flows" : nothing}>${inside(token)}</p>`;
    default: return html`<p>${token.raw}</p>`;
  }
}

/** @param {Token} token */
function list({ ordered, start, items = [] }) {
  const rows = items.map(({ tokens }) => html`<li>${blocks(tokens)}</li>`);
  return ordered ? html`<ol start=${Number(start ?? 1)}>${rows}</ol>` : html`<ul>${rows}</ul>`;
}

/** @param {Token} token @returns {any} */
function inline(token) {
  const { type, text = "", href = "" } = token;
  switch (type) {
    case "strong": return html`<strong>${inside(token)}</strong>`;
    case "em": return html`<em>${inside(token)}</em>`;
    case "codespan": return html`<code>${text}</code>`;
    case "br": return html`<br>`;
    case "link": return link(token);
    case "image": return image(href, text);
    case "escape": return text;
    case "text": return inside(token);
    default: return token.raw;
  }
}

/** @param {Token} token */
function link(token) {
  const { href = "", raw } = token, words = (token.tokens || []).map(unlinked);
  if (/^https?:\/\//i.test(href)) return outside(href, words);
  const medium = medium_at(href);
  return medium ? file(medium, words) : raw;
}

/** Pictures come from the hunt itself; another one's words stand for it. @param {string} href @param {string} words */
function image(href, words) {
  const medium = medium_at(href);
  return medium ? medium_view(medium, words) : words;
}

/** What stands in a link is no link. @param {Token} token @returns {any} */
const unlinked = (token) => (token.type === "text" || token.type === "link" ? token.text : inline(token));
