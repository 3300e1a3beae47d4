// The standings, with one's own row always in view, and one's points over time.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { server_now } from "./pieces.js";
import { changed, state } from "./store.js";
import { moment, span, t } from "./words.js";

/** @typedef {import("./store.js").Row} Row */

/** @param {import("./fold.js").Page} page */
export function board_view(page) {
  const { board } = state;
  if (!board) return html`<h2>${t("view.board")}</h2><div class="skeleton card"></div><div class="skeleton card"></div><div class="skeleton card"></div>`;
  const mine = page.team?.id;
  const shown = board.rows.some(({ team }) => team === mine);
  const best = Math.max(1, ...board.rows.map(({ score }) => score));
  const rows = among(board.rows, ghosts(page));
  return html`<h2>${t("view.board")}</h2>
    ${board.frozen_ms ? html`<p class="notice" role="status" data-frozen>${t("board.frozen", { time: moment(board.frozen_ms, server_now()) })}</p>` : nothing}
    ${plot()}
    ${board.mine && !shown ? html`<ol class="board own">${row(board.mine, mine, best)}</ol>` : nothing}
    ${board.rows.length ? html`<ol class="board">${repeat(rows, ({ team }) => team, (one) => row(one, mine, best))}</ol>` : html`<p class="empty">${t("board.empty")}</p>`}
    ${board.teams > board.rows.length ? html`<p class="help">${t("board.more", { n: board.teams - board.rows.length })}</p>` : nothing}`;
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waking;

/** Draws again when the next ghost makes a step. @param {number} in_s */
function wake(in_s) {
  clearTimeout(waking);
  if (in_s < 86_400) waking = setTimeout(changed, in_s * 1000 + 50);
}

/** Recorded teams, as far as they were after one's own time of play. @param {import("./fold.js").Page} page @returns {(Row & {ghost: boolean})[]} */
export function ghosts(page) {
  const { ghosts: recorded = [], zero_ms = 0, paused_ms, phase } = page;
  if (!recorded.length || (!zero_ms && phase !== "ended")) return [];
  const played_s = phase === "ended" ? Infinity : ((paused_ms || server_now()) - zero_ms) / 1000;
  if (phase === "running") wake(Math.min(...recorded.flatMap(({ course }) => course.map(([after_s]) => after_s)).filter((after_s) => after_s > played_s)) - played_s);
  return recorded.map(({ name, course }, i) => {
    const [at_s, score, solved] = course.filter(([after_s]) => after_s <= played_s).pop() || [0, 0, 0];
    return { place: 0, team: `ghost-${i}`, name, score, solved, at_ms: zero_ms + at_s * 1000, ghost: true };
  });
}

/** Puts each ghost above the first team that has fewer points. @param {Row[]} rows @param {(Row & {ghost: boolean})[]} recorded @returns {(Row & {ghost?: boolean})[]} */
function among(rows, recorded) {
  /** @type {(Row & {ghost?: boolean})[]} */
  const made = [...rows];
  for (const one of recorded) {
    const at = made.findIndex(({ score }) => score < one.score);
    made.splice(at < 0 ? made.length : at, 0, one);
  }
  return made;
}

/** @param {Row & {ghost?: boolean}} one @param {string | undefined} mine @param {number} best */
function row(one, mine, best) {
  const own = one.team === mine;
  return html`<li class="row ${own ? "mine" : one.ghost ? "ghost" : ""}" data-team=${one.team} aria-current=${own ? "true" : nothing}>
    <span class="place ${one.place <= 3 && one.score ? "medal" : ""}">${one.ghost ? "\u2013" : one.place}</span>
    <span class="who"><span class="name" dir="auto">${one.name}</span>
      <span class="about">${t("clues.solved", { n: one.solved })}${own ? html` · <b>${t("board.you")}</b>` : nothing}${one.ghost ? html` · <b>${t("board.ghost")}</b>` : nothing}${one.finished ? html` · ${t("board.finished")}` : nothing}${one.used_ms ? html` · ${span(one.used_ms)}` : nothing}</span>
      <svg class="share" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * Math.max(0, one.score)) / best} height="3"/></svg></span>
    <span class="score">${one.score}</span></li>`;
}

/** One's points over time, as steps. */
function plot() {
  const { history } = state;
  if (history.length < 3) return nothing;
  const from = history[0][0], to = Math.max(server_now(), history[history.length - 1][0]), top = Math.max(1, ...history.map(([, score]) => score));
  const x = (/** @type {number} */ ms) => ((100 * (ms - from)) / Math.max(1, to - from)).toFixed(1);
  const y = (/** @type {number} */ score) => (28 - (26 * Math.max(0, score)) / top).toFixed(1);
  const steps = history.map(([ms, score], i) => (i ? `H${x(ms)}V${y(score)}` : `M${x(ms)} ${y(score)}`)).join("") + "H100";
  return html`<figure class="plot card"><svg viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label=${t("board.plot", { n: history[history.length - 1][1] })}>${svg`<path d=${steps}/>`}</svg>
    <figcaption><span>${moment(from, server_now())}</span><span>${t("board.plot_about")}</span><span>${t("board.now")}</span></figcaption></figure>`;
}
