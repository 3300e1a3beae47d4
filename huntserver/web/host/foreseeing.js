// What would come of it: how teams would stand, looked at on a copy of the hunt before a host does it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { refusal } from "../player/words.js";
import { what_if } from "./server.js";
import { changed, state } from "./store.js";
import { h } from "./words.js";

/** @typedef {{op: string, [field: string]: any}} Step an operation of hosts as on the wire, or another text of the hunt */
/** @typedef {{team: string, name: string, place: number, new_place: number, points: number, new_points: number, solved: number, new_solved: number}} Move */
/** @typedef {{state: "asking" | "told" | "failed", teams: Move[], changed: number, of: number, err?: any}} Foreseen */

const SHOWN = 12;

/** Look what would come of a step. Only the answer to the last question counts. @param {{foreseen?: Foreseen}} form @param {Step} step */
export async function foresee(form, step) {
  /** @type {Foreseen} */
  const asked = (form.foreseen = { state: "asking", teams: [], changed: 0, of: 0 });
  changed();
  const { status, body } = await what_if(state.route.hunt, [step]);
  if (form.foreseen !== asked) return;
  form.foreseen = status === 200 ? { ...asked, ...body, state: "told" } : { ...asked, state: "failed", err: body || { code: "no_connection" } };
  changed();
}

/** The answer, in a live region that is always there. @param {Foreseen | undefined} seen */
export const foreseen_view = (seen) => html`<div role="status" data-foreseen=${seen ? seen.state : ""}>${seen ? said(seen) : nothing}</div>`;

/** @param {Foreseen} seen */
function said({ state: now, teams, changed: n, of: total, err }) {
  if (now === "asking") return html`<p class="help">${h("foresee.asking")}</p>`;
  if (now === "failed") return html`<p class="notice bad">${(err.why || [])[0] || err.msg || refusal(err)}</p>`;
  if (!n) return html`<p class="notice">${h("foresee.none")}</p>`;
  return html`<table class="changes"><caption>${h("foresee.about", { n, total })}</caption><thead><tr><th scope="col">${h("foresee.place")}</th><th scope="col">${h("foresee.team")}</th><th scope="col">${h("amend.points")}</th><th scope="col">${h("clue.solved")}</th></tr></thead>
    <tbody>${teams.slice(0, SHOWN).map((one) => html`<tr><td>${move(one.place || "–", one.new_place || "–")}</td><th scope="row" dir="auto">${one.name}</th><td>${move(one.points, one.new_points)}</td><td>${move(one.solved, one.new_solved)}</td></tr>`)}</tbody></table>
    ${n > SHOWN ? html`<p class="help">${h("foresee.more", { n: n - SHOWN })}</p>` : nothing}`;
}

/** @param {number | string} before @param {number | string} after */
const move = (before, after) => (before === after ? String(before) : html`${before} → <b>${after}</b>`);
