// Running a hunt: the clock and what moves it, the big board, what is guessed, what hosts did.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import "../player/pieces.js";
import { moment, refusal, span } from "../player/words.js";
import * as acts from "./acts.js";
import { show } from "./dialogs.js";
import "./grid.js";
import { server_now } from "./hunt.js";
import { invite, invite_view } from "./inviting.js";
import { share_board } from "./sharing.js";
import { changed, state } from "./store.js";
import { accepted_in, at_clue, shown, stuck_ms, takes_answers, warmth } from "./teams.js";
import { trail } from "./trail.js";
import { h, named } from "./words.js";

const STREAM = 40;

/** @typedef {import("./teams.js").Team} Team */
/** @typedef {import("./teams.js").Run} Run */

/** Return the rows on the board, in their order. */
export const rows = () => (state.run ? shown(state.run, state.find, state.sort, server_now()) : []);

/** Return where the team that is chosen stands now, however the others moved; the first until one is. @param {Team[]} found */
export function chosen_index(found) {
  const index = found.findIndex(({ id }) => id === state.chosen);
  if (index < 0) state.chosen = found[0]?.id || "";
  return Math.max(0, index);
}

export function run_view() {
  const { run, barred } = state;
  if (barred) return html`<p class="notice bad" role="alert">${refusal(barred)} <a href="#hunts">${h("back_to_hunts")}</a></p>`;
  if (!run?.head) return html`<h1 class="sr">${run?.hunt || ""}</h1><div class="skeleton card"></div><div class="skeleton card tall"></div>`;
  return html`<div class="run">${top(run)}<div class="run-main">${board(run)}</div><aside class="live" aria-label=${h("live")}>${stream(run)}${trail(run)}</aside></div>`;
}

/** @param {Run} run */
function top(run) {
  const head = /** @type {import("./teams.js").Head} */ (run.head);
  const { phase, ends_ms, paused_ms, starts_ms, frozen_ms, hidden } = head;
  const button = (/** @type {string} */ name, /** @type {() => void} */ go, tone = "plain") => html`<button class=${tone} data-act=${name} @click=${go}>${h(/** @type {any} */ (name))}</button>`;
  return html`<header class="run-top"><div class="run-title"><h1 dir="auto">${run.title || run.hunt}</h1><span class="phase ${phase}">${named("phase", phase)}</span>
      ${phase === "running" && ends_ms ? html`<span class="big-clock"><span class="sr">${h("time_left")} </span><time-left .until=${ends_ms} .stopped=${null} @due=${changed}></time-left></span>` : nothing}
      ${phase === "paused" && ends_ms ? html`<span class="big-clock"><time-left .until=${ends_ms} .stopped=${ends_ms - paused_ms}></time-left></span>` : nothing}
      ${frozen_ms ? html`<span class="phase" data-frozen>${hidden ? h("revealing", { n: hidden }) : h("frozen")}</span>` : nothing}
      ${phase === "published" && starts_ms ? html`<span class="about">${h("starts", { time: moment(starts_ms, server_now()) })}</span>` : nothing}</div>
    <div class="run-acts">
      ${phase === "draft" && head.digest ? button("publish", acts.publish, "act") : nothing}
      ${phase === "published" ? button("start", acts.start, "act") : nothing}
      ${phase === "running" ? button("pause", acts.pause) : nothing}
      ${phase === "paused" ? button("unpause", acts.unpause, "act") : nothing}
      ${(phase === "running" || phase === "paused") && ends_ms ? button("extend", acts.extend) : nothing}
      ${phase === "running" || phase === "paused" ? (frozen_ms ? button("unfreeze", acts.unfreeze) : button("freeze", acts.freeze)) : nothing}
      ${phase === "ended" && frozen_ms ? html`${button("reveal_next", acts.reveal_next, "act")}${button("reveal_all", acts.reveal_all)}` : nothing}
      ${phase !== "draft" ? button("announce", () => acts.announce()) : nothing}
      ${["running", "paused", "published"].includes(phase) ? button("end", acts.end, "plain danger-line") : nothing}
      ${phase === "ended" ? button("reopen", acts.reopen) : nothing}
      ${["published", "running", "paused"].includes(phase) ? button("invite", invite) : nothing}
      <button class="plain" data-act="share_board" @click=${share_board}>${h("share_board")}</button>
      <a class="plain" href="board?hunt=${encodeURIComponent(run.hunt)}" target="_blank" rel="noopener">${h("open_board")}</a></div></header>`;
}

// ---- the board

/** @param {Run} run */
function board(run) {
  const head = /** @type {import("./teams.js").Head} */ (run.head), found = rows();
  if (!run.order.length && run.loaded) return html`<div class="card empty-board"><h2>${h("run.none")}</h2>${head.phase === "draft" ? html`<p class="notice">${h(head.digest ? "run.draft" : "run.no_text")} <a href="#edit/${encodeURIComponent(run.hunt)}">${h("nav.edit")}</a></p>` : html`<p>${h("run.none_about")}</p>${invite_view(run.hunt)}`}</div>`;
  const sort = (/** @type {"place" | "stuck" | "name"} */ key) => html`<button class="sort" aria-pressed=${state.sort === key ? "true" : "false"} data-sort=${key} @click=${() => (Object.assign(state, { sort: key, chosen: "" }), changed())}>${h(`sort.${key}`)}</button>`;
  const spent = (head.spent || []).map((way) => html`<p class="notice warn" role="status" data-spent=${way}>${h(`spent.${way}`)}</p>`);
  return html`${spent}<div class="board-tools"><label class="sr" for="find">${h("find")}</label><input id="find" type="search" placeholder=${h("find.hint")} .value=${state.find}
      @input=${(/** @type {any} */ event) => (Object.assign(state, { find: event.target.value, chosen: "" }), changed())}>
    <span class="sorts" role="group" aria-label=${h("sort")}>${sort("place")}${sort("stuck")}${sort("name")}</span>
    <span class="about counts">${h("run.players", { n: head.players })}${run.connected === undefined ? nothing : html` · <span data-connected=${run.connected}>${h("run.connected", { n: run.connected })}</span>`} ${run.teams.size === head.teams ? nothing : html` · ${h("run.loaded", { n: run.teams.size, total: head.teams })}`}</span></div>
    <big-board role="grid" tabindex="0" aria-label=${h("grid.label")} aria-rowcount=${found.length + 1} aria-colcount=${head.clues.length + 1} .head=${head} .now=${server_now()} .rows=${found} .chosen=${chosen_index(found)}
      @team=${(/** @type {CustomEvent<string>} */ { detail }) => choose(detail)} @clue=${(/** @type {CustomEvent<number>} */ { detail }) => clue_box(detail)}></big-board>
    <p class="legend about"><span><i class="cell solved">✓</i>${h("grid.solved")}</span><span><i class="cell open">○</i>${h("grid.open")}</span><span><i class="cell tried">3</i>${h("grid.tried_key")}</span><span><i class="cell shut"></i>${h("grid.shut")}</span>
      <span><i class="warm3 key"></i>${h("grid.warm")}</span><span class="key-hint">${h("keys.hint")}</span></p>`;
}

/** @param {string} id */
function choose(id) {
  state.chosen = id;
  changed();
  team_box();
}

/** Open what can be done with the team that is chosen. */
export function team_box() {
  const found = rows(), id = found[chosen_index(found)]?.id;
  if (!id) return;
  const find = () => state.run?.teams.get(id), name = find()?.name || id;
  show(name, () => {
    const team = state.run?.order.find((one) => one.id === id);
    return team ? team_view(team) : html`<p>${h("team.gone")}</p>`;
  });
}

/** @param {Team} team */
function team_view(team) {
  const head = /** @type {import("./teams.js").Head} */ (state.run?.head), stuck = stuck_ms(team, head, server_now());
  const uncounted = Boolean(head.unofficial?.includes(team.id));
  const open = head.clues.filter((_, i) => /\d/.test(team.cells[i]));
  const button = (/** @type {string} */ name, /** @type {() => void} */ go, tone = "plain") => html`<button class=${tone} data-team-act=${name} @click=${go}>${h(/** @type {any} */ (`do.${name}`))}</button>`;
  return html`<p class="numbers">${team.out ? h("team.out") : uncounted ? h("team.uncounted") : h("team.place", { n: team.place })} · ${h("points", { n: team.score })} · ${h("team.members", { n: team.members })}${team.bracket ? ` · ${team.bracket}` : ""}</p>
    ${warmth(stuck) ? html`<p class="notice warn">${h("team.stuck", { time: span(stuck), clues: open.map(({ title }) => `“${title}”`).join(", ") })}</p>` : nothing}
    <div class="pads">${button("view_as", () => acts.view_as(team), "act")}${button("message", () => acts.announce(team))}${button("adjust", () => acts.adjust(team))}
      ${button("award", () => acts.award(team))}${button("extra", () => acts.extra_time(team))}${button("clear", () => acts.clear_cool_down(team))}${button("rename", () => acts.rename(team))}
      ${button(uncounted ? "official" : "unofficial", () => acts.unofficial(team, uncounted))}
      ${button(team.out ? "back" : "disqualify", () => acts.disqualify(team), team.out ? "plain" : "plain danger-line")}</div>`;
}

/** @param {number} index */
export function clue_box(index) {
  const clue = state.run?.head?.clues[index];
  if (!clue) return;
  show(`${index + 1}. ${clue.title}`, () => {
    const run = /** @type {Run} */ (state.run), taken = accepted_in(run.audit), now = run.head?.clues[index] || clue, { open, solved, tried } = at_clue(run, index);
    const wrong = run.heard.filter((one) => one.clue === clue.id && one.verdict === "incorrect").sort((a, b) => b.times - a.times).slice(0, 5);
    return html`<dl class="figures"><div><dt>${h("clue.solved")}</dt><dd>${solved}</dd></div><div><dt>${h("clue.open")}</dt><dd>${open}</dd></div><div><dt>${h("clue.tried")}</dt><dd>${tried}</dd></div><div><dt>${h("clue.wrong")}</dt><dd>${now.wrong}</dd></div><div><dt>${h("clue.worth")}</dt><dd>${now.points}</dd></div></dl>
      ${wrong.length ? html`<h3>${h("clue.wrongs")}</h3><ul class="lines">${wrong.map((one) => html`<li><q dir="auto">${one.text}</q><span>${one.times} × ${!taken(one) && takes_answers(run.head) && worded(now, one) ? html`<button class="plain tiny" @click=${() => acts.accept(one.clue, one.text, one.part)}>${h("accept")}</button>` : nothing}</span></li>`)}</ul>` : nothing}
      <div class="pads"><button class="act" data-clue-act="erratum" @click=${() => acts.erratum(index)}>${h("erratum")}</button><a class="plain" href="#edit/${encodeURIComponent(run.hunt)}">${h("amend")}</a></div>`;
  });
}

// ---- what happens

/** @param {Run} run */
function stream(run) {
  const taken = accepted_in(run.audit), open = takes_answers(run.head);
  const clues = new Map((run.head?.clues || []).map((clue, i) => [clue.id, { ...clue, number: i + 1 }]));
  return html`<section class="stream" aria-label=${h("stream")}><h2>${h("stream")}</h2>
    ${run.heard.length ? html`<ul>${repeat(run.heard.slice(0, STREAM), ({ key }) => key, (one) => {
      const clue = clues.get(one.clue), accepted = one.verdict !== "correct" && taken(one);
      return html`<li class="heard ${accepted ? "accepted" : one.verdict}"><span class="what"><b dir="auto">${one.name}</b> <span class="about">${clue ? `${clue.number}. ${clue.title}` : one.clue}${one.part ? ` · ${one.part}` : ""}</span></span>
        <span class="text">${one.verdict === "correct" ? html`<span class="right">✓ ${one.text}</span>` : html`<q dir="auto">${one.text}</q>${one.times > 1 ? html` <b>×${one.times}</b>` : nothing}${accepted ? html` <span class="right">✓ ${h("stream.accepted")}</span>` : nothing}`}</span>
        ${one.verdict !== "correct" && !accepted && open && worded(clue, one) ? html`<button class="plain tiny" data-accept=${one.text} @click=${() => acts.accept(one.clue, one.text, one.part)}>${h("accept")}</button>` : nothing}</li>`;
    })}</ul>` : html`<p class="empty">${h("stream.none")}</p>`}</section>`;
}

/** Whether what was guessed may be an answer in words; of a part the server knows its kind. @param {{kind: string} | undefined} clue @param {{part?: string}} one */
const worded = (clue, { part }) => clue?.kind === "text" || Boolean(part);

/** Accept the youngest wrong answer. */
export function accept_first() {
  const { run } = state, taken = accepted_in(run?.audit || []);
  const one = takes_answers(run?.head || null) && run?.heard.find(({ verdict, clue, text }) => verdict !== "correct" && !taken({ clue, text }) && state.run?.head?.clues.some(({ id, kind }) => id === clue && kind === "text"));
  if (one) void acts.accept(one.clue, one.text);
}
