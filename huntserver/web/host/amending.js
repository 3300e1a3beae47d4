// What an amendment changes, for the host who is asked whether it shall be made.

import { html } from "../vendor/lit-html/lit-html.js";
import { h } from "./words.js";

/** What an amendment changes, in numbers. @param {[string, string[], number, number, number][]} changes */
export function amendment(changes) {
  if (!changes.length) return h("amend.none");
  return html`<table class="changes"><caption>${h("amend.about", { n: changes.length })}</caption><thead><tr><th scope="col">${h("clue")}</th><th scope="col">${h("amend.what")}</th><th scope="col">${h("clue.solved")}</th><th scope="col">${h("clue.tried")}</th><th scope="col">${h("amend.points")}</th></tr></thead>
    <tbody>${changes.map(([clue, what, solved, tried, points]) => html`<tr><td>${clue}</td><td>${what.join(", ")}</td><td>${solved}</td><td>${tried}</td><td>${points > 0 ? `+${points}` : points || ""}</td></tr>`)}</tbody></table>`;
}
