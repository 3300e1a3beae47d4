// A hunt tried before it is published: as a team that can answer, and by generated teams. The server plays it, on the
// hunt's own rules; nothing is kept there.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { left } from "../player/locks.js";
import { icon } from "../player/pieces.js";
import { refusal } from "../player/words.js";
import { page_view } from "./preview.js";
import { check } from "./server.js";
import { changed, state } from "./store.js";
import { h } from "./words.js";

/** @typedef {{mode: "all" | "play" | "simulate", busy: boolean, err: any, solved: string[], page: any, answers: {[clue: string]: any}, play: any, seed: number}} Rehearsal */

const TEAMS = 20;
/** @type {Rehearsal} */
const NEW = Object.freeze({ mode: "all", busy: false, err: null, solved: [], page: null, answers: {}, play: null, seed: 1 });
let round = 0;

/** @returns {Rehearsal} */
const now = () => state.edit?.rehearsal || NEW;

/** @param {Partial<Rehearsal>} change */
function turn(change) {
  if (state.edit) state.edit = { ...state.edit, rehearsal: { ...now(), ...change } };
  changed();
}

/** Ask again for what is shown, for the text as it is now. @param {{clue: string, guess: string}} [tried] */
export async function look(tried) {
  const { edit } = state, { mode, solved, seed } = now();
  if (!edit || mode === "all") return;
  const mine = ++round;
  turn({ busy: true });
  /** @type {{[name: string]: string}} */
  const query = mode === "simulate" ? { simulate: String(TEAMS), seed: String(seed) } : { play: "1", solved: solved.join(","), ...tried };
  const { status, body } = await check(edit.text, /** @type {any} */ (edit.style), query);
  if (mine !== round) return;
  if (status !== 200 || body.problems.length) return turn({ busy: false, err: status === 200 ? null : body });
  if (mode === "simulate") return turn({ busy: false, err: null, play: body.play });
  const right = tried && body.answer?.verdict === "correct";
  turn({ busy: false, err: null, page: body.page, solved: right ? [...solved, tried.clue] : solved, answers: tried ? { ...now().answers, [tried.clue]: { ...body.answer, text: tried.guess } } : now().answers });
}

/** @param {Rehearsal["mode"]} mode */
function choose(mode) {
  turn({ mode, err: null });
  void look();
}

/** @param {import("./store.js").Edit} edit */
export function rehearsal_view(edit) {
  const { mode, busy, err } = now();
  const tab = (/** @type {Rehearsal["mode"]} */ key) => html`<button class="sort" data-try=${key} aria-pressed=${mode === key ? "true" : "false"} @click=${() => choose(key)}>${h(/** @type {any} */ (`try.${key}`))}</button>`;
  return html`<div class="sorts try-modes" role="group" aria-label=${h("try")}>${tab("all")}${tab("play")}${tab("simulate")}</div>
    ${err ? html`<p class="notice bad" role="alert">${refusal(err)}</p>` : nothing}
    <div aria-busy=${busy ? "true" : "false"}>${mode === "play" ? played() : mode === "simulate" ? simulated() : edit.page ? page_view(edit.page) : html`<p class="empty">${h("preview.wait")}</p>`}</div>`;
}

function played() {
  const { page, solved } = now();
  if (!page) return html`<p class="empty">${h("preview.wait")}</p>`;
  const open = new Set(page.clues.map((/** @type {any} */ { number }) => number));
  const shut = (page.locks || []).filter((/** @type {any} */ { number }) => !open.has(number));
  return html`<p class="help">${h("try.play_about")} ${solved.length ? html`<button class="plain" data-try-again @click=${() => (turn({ solved: [], answers: {} }), look())}>${h("try.again")}</button>` : nothing}</p>
    ${page_view(page, foot)}
    ${shut.map((/** @type {any} */ { number, needs }) => html`<p class="about shut-line" data-shut=${number}>${icon("locked")} ${h("try.locked", { n: number, what: left(page, needs, page.now_ms) })}</p>`)}`;
}

/** What answers a clue in a rehearsal. @param {any} clue */
function foot(clue) {
  const answer = now().answers[clue.id];
  const said = answer ? html`<p class="answer ${answer.verdict === "correct" ? "right" : answer.verdict ? "wrong" : "refused"}" role="status">${answer.verdict ? html`<q dir="auto">${answer.text}</q> ${answer.reply || h(/** @type {any} */ (`try.${answer.verdict}`))}` : refusal(answer)}</p>` : nothing;
  if (clue.solved) return said;
  const typed = ["text", "choice", "survey"].includes(clue.kind);
  return html`${said}<form class="try-box" @submit=${(/** @type {SubmitEvent} */ event) => submit(event, clue.id)}>
    ${typed ? html`<label class="sr" for=${`try-${clue.id}`}>${h("try.guess")}</label><input id=${`try-${clue.id}`} name="guess" maxlength="200" autocomplete="off" dir="auto" placeholder=${h("try.guess")}><button class="plain">${h("try.send")}</button>` : nothing}
    <button type="button" class="plain" data-solve=${clue.id} @click=${() => (turn({ solved: [...now().solved, clue.id] }), look())}>${h("try.solve")}</button></form>`;
}

/** @param {SubmitEvent} event @param {string} clue */
function submit(event, clue) {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("guess"));
  if (field?.value.trim()) void look({ clue, guess: field.value.trim() });
}

function simulated() {
  const { play, busy } = now();
  if (!play) return html`<p class="empty">${h(busy ? "try.playing" : "preview.wait")}</p>`;
  const titles = new Map(play.clues.map((/** @type {any} */ { clue, title }) => [clue, title]));
  const title_of = (/** @type {string} */ clue) => `“${titles.get(clue) || clue}”`;
  const held = play.teams.filter((/** @type {any} */ { stuck, idle_minutes }) => stuck.length || idle_minutes);
  return html`<p class="help">${h("try.simulate_about", { teams: play.teams.length, n: play.minutes })} <button class="plain" data-other-teams @click=${() => (turn({ seed: now().seed + 1 }), look())}>${h("try.others")}</button></p>
    <table class="simulated"><thead><tr><th scope="col">${h("clue")}</th><th scope="col" class="num">${h("try.opened")}</th><th scope="col" class="num">${h("try.solved")}</th><th scope="col" class="num">${h("try.stuck")}</th><th scope="col" class="num">${h("try.half")}</th></tr></thead>
      <tbody>${play.clues.map((/** @type {any} */ one) => html`<tr data-simulated=${one.clue} class=${one.stuck * 2 > one.opened || !one.opened ? "hard" : ""}><th scope="row" dir="auto">${one.title}</th><td class="num">${one.opened}</td><td class="num">${one.solved}</td><td class="num">${one.stuck}</td><td class="num">${one.solved ? h("try.min", { n: Math.round(one.minutes) }) : "–"}</td></tr>`)}</tbody></table>
    <h3>${h("try.who")}</h3>${held.length ? html`<ul class="lines">${held.slice(0, 20).map((/** @type {any} */ team) => html`<li><b>${team.team}</b> <span class="about">${team.stuck.length ? h("try.stuck_at", { what: team.stuck.map(title_of).join(", ") }) : h("try.done")}${team.idle_minutes ? ` · ${h("try.idle", { n: team.idle_minutes })}` : ""}</span></li>`)}</ul>` : html`<p>${h("try.nobody")}</p>`}`;
}
