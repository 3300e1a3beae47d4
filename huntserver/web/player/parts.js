// A clue made of parts: a list, each with how it stands and with what solves it. A part is called CLUE.PART here, as if it
// were a clue of its own; only what is sent tells the two apart (`play.js`).

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { icon } from "./pieces.js";
import { prose } from "./texts.js";
import { t } from "./words.js";

/** @typedef {import("./fold.js").Clue} Clue */
/** @typedef {import("./fold.js").PartShown} PartShown */

/** How many parts are done, and of how many. @param {Clue} clue */
export function done_of({ asks, parts = [] }) {
  return { n: parts.filter(({ done }) => done).length, total: asks?.needed || 0 };
}

/** The parts of a clue. @param {Clue} clue @param {(part: Clue) => unknown} solve what solves a part of its kind; nothing where nothing is solved now */
export function parts_view(clue, solve) {
  const shown = clue.asks?.parts || [], { n, total } = done_of(clue);
  return html`<section class="parts" aria-labelledby="parts-title">
    <h3 id="parts-title">${t("parts")}</h3>
    <p class="about" data-parts-done=${n}>${t(total < shown.length ? "parts.some" : "parts.all", { n, total, of: shown.length })}</p>
    <ol>${repeat(shown, ({ id }) => id, (part) => one(clue, part, solve))}</ol></section>`;
}

/** @param {Clue} clue @param {PartShown} shown @param {(part: Clue) => unknown} solve */
function one(clue, shown, solve) {
  const stands = clue.parts?.find(({ id }) => id === shown.id), done = Boolean(stands?.done);
  const title = shown.title || shown.id;
  /** @type {Clue} */
  const part = { ...shown, ...stands, id: `${clue.id}.${shown.id}`, title, text: shown.text || "", number: 0, points: 0, solved: done };
  return html`<li class="card part ${done ? "done" : ""}" data-part=${shown.id}>
    <p class="title"><b dir="auto">${title}</b> <span class="about">${done ? html`${icon("manual")}${t("parts.done")}` : html`${icon(shown.kind)}${t(/** @type {any} */ (`kind.${shown.kind}`))}`}</span></p>
    ${part.text ? prose(part.text) : nothing}
    ${done || clue.solved ? nothing : solve(part)}</li>`;
}
