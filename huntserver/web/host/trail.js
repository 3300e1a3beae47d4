// The trail: what hosts did, in words, with a way back where there still is one.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { server_now } from "../player/pieces.js";
import { moment, span } from "../player/words.js";
import { take_back } from "./hunt.js";
import { can_undo, fields_of, moved_ms } from "./teams.js";
import { h, named } from "./words.js";

/** @typedef {import("./teams.js").Run} Run */
/** @typedef {import("./teams.js").Line} Line */

const SHOWN = 60;

/** @param {Run} run */
export function trail(run) {
  const { audit, head } = run;
  return html`<section class="trail" aria-label=${h("trail")}><h2>${h("trail")}</h2>
    ${audit.length ? html`<ul>${repeat(audit.slice(0, SHOWN), ([seq, , what]) => `${seq}:${what}`, (/** @type {Line} */ line) => {
      const [, at_ms, what, by, reason, , undo] = line, words = details(line, run, reason);
      return html`<li class="act-line"><span class="what"><b>${what === "amended" && fields_of(line[5]).accepted ? h("event.accepted") : named("event", what)}</b> <span class="about">${moment(at_ms, server_now())} · ${by.replace(/^h:/, "")}</span>
      ${words ? html`<span class="detail" dir="auto">${words}</span>` : nothing}</span>${head && can_undo(line, audit, head) ? html`<button class="plain tiny" data-undo=${what} @click=${() => take_back(undo)}>${h("undo")}</button>` : nothing}</li>`;
    })}</ul>` : html`<p class="empty">${h("trail.none")}</p>`}</section>`;
}

/** What a line was about: team, clue, points, what was said. @param {Line} line @param {Run} run @param {string} reason */
function details(line, run, reason) {
  const fields = fields_of(line[5]), clues = new Map((run.head?.clues || []).map((clue, i) => [clue.id, `${i + 1}. ${clue.title}`]));
  const clue_of = (/** @type {string} */ id) => clues.get(id) || id;
  const team = fields.team ? run.teams.get(fields.team)?.name || fields.team : "";
  const changed = Object.entries(fields.changed || {}).map(([clue, keys]) => (fields.accepted ? clue_of(clue) : `${clue_of(clue)}: ${/** @type {string[]} */ (keys).join(", ")}`));
  const words = [typeof fields.accepted === "string" ? `“${fields.accepted}”` : "", ...changed, team, fields.clue ? clue_of(fields.clue) : "", fields.points ? `${fields.points > 0 ? "+" : ""}${fields.points}` : "",
    fields.extra_ms ? `+${span(fields.extra_ms)}` : "", line[2] === "extended" ? moved(line, run.audit) : "", fields.name || "", fields.text || "", fields.reason || "", reason];
  return words.filter(Boolean).join(" · ");
}

/** By how much the end was moved, and to when. @param {Line} line @param {Line[]} audit the youngest first */
function moved(line, audit) {
  const by_ms = moved_ms(line, audit), time = moment(fields_of(line[5]).ends_ms, server_now());
  return by_ms ? `${by_ms > 0 ? "+" : "−"}${span(Math.abs(by_ms))}, ${h("until", { time })}` : h("until", { time });
}
