// After a hunt: final standings, how each clue fared, how points spread, when people solved; files to take away.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { moment } from "../player/words.js";
import { csv, feed, solved } from "./csv.js";
import { server_now } from "./hunt.js";
import { state } from "./store.js";
import { at_clue } from "./teams.js";
import { h, named } from "./words.js";

const SHOWN = 200, BINS = 12, HOUR_MS = 3_600_000;

/** @typedef {import("./teams.js").Run} Run */

export function after_view() {
  const { run } = state;
  if (!run?.head || !run.loaded) return html`<h1 class="sr">${h("nav.after")}</h1><div class="skeleton card tall"></div>`;
  const { head, order } = run, counted = order.filter(({ out }) => !out);
  return html`<div class="after"><header class="run-top"><div class="run-title"><h1 dir="auto">${run.title || run.hunt}</h1><span class="phase ${head.phase}">${named("phase", head.phase)}</span></div>
      <div class="run-acts"><a class="act" href="board?hunt=${encodeURIComponent(run.hunt)}" target="_blank" rel="noopener">${h("after.ceremony")}</a>
        <button class="plain" data-export="csv" @click=${() => save_as(`${run.hunt}.csv`, "text/csv", csv(run))}>${h("after.csv")}</button>
        <button class="plain" data-export="json" @click=${() => save_as(`${run.hunt}.json`, "application/json", feed(run))}>${h("after.json")}</button></div></header>
    ${head.phase === "ended" ? nothing : html`<p class="notice">${h("after.running")}</p>`}
    <dl class="figures big"><div><dt>${h("after.teams")}</dt><dd>${head.teams}</dd></div><div><dt>${h("after.players")}</dt><dd>${head.players}</dd></div>
      <div><dt>${h("after.solves")}</dt><dd>${sum(head.clues.map(({ solves }) => solves))}</dd></div><div><dt>${h("after.wrong")}</dt><dd>${sum(head.clues.map(({ wrong }) => wrong))}</dd></div></dl>
    <div class="after-main"><section class="card"><h2>${h("after.standings")}</h2>${counted.length ? html`<div class="scroll" tabindex="0" role="region" aria-label=${h("after.standings")}><table class="standings"><thead><tr><th scope="col">${h("after.place")}</th><th scope="col">${h("after.team")}</th><th scope="col" class="n">${h("after.solved")}</th><th scope="col" class="n">${h("after.points")}</th></tr></thead>
        <tbody>${repeat(counted.slice(0, SHOWN), ({ id }) => id, (team) => html`<tr data-team=${team.id}><td><span class="place ${team.place <= 3 ? "medal" : ""}">${team.place}</span></td><th scope="row" dir="auto">${team.name}</th><td class="n">${solved(team.cells)}</td><td class="n"><b>${team.score}</b></td></tr>`)}</tbody></table></div>` : html`<p class="empty">${h("run.none")}</p>`}</section>
      <div><section class="card"><h2>${h("after.clues")}</h2>${clues(run)}</section>
        <section class="card"><h2>${h("after.spread")}</h2>${spread(counted.map(({ score }) => score))}</section>
        ${new Set(state.hours.map(({ hour_ms }) => hour_ms)).size > 1 ? html`<section class="card"><h2>${h("after.hours")}</h2>${hours(state.hours)}</section>` : nothing}</div></div></div>`;
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);

/** @param {Run} run */
function clues(run) {
  const all = run.head?.clues || [], most = Math.max(1, ...all.map((_, i) => at_clue(run, i).solved + at_clue(run, i).open));
  return html`<ol class="bars">${all.map((clue, i) => {
    const { solved: done, open } = at_clue(run, i);
    return html`<li><span class="bar-name" dir="auto">${i + 1}. ${clue.title}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${h("after.bar", { solved: done, open })}>
      <rect class="all" width=${(100 * (done + open)) / most} height="10" rx="1"/><rect class="done" width=${(100 * done) / most} height="10" rx="1"/></svg><span class="about">${h("after.bar_short", { solved: done, wrong: clue.wrong })}</span></li>`;
  })}</ol>`;
}

/** How many teams have about so many points. @param {number[]} scores */
function spread(scores) {
  if (scores.length < 2) return html`<p class="about">${h("after.few")}</p>`;
  const low = Math.min(...scores), wide = Math.max(1, (Math.max(...scores) - low + 1) / BINS);
  const bins = Array.from({ length: BINS }, (_, i) => scores.filter((score) => Math.floor((score - low) / wide) === i).length), top = Math.max(...bins);
  return html`<figure class="plot"><svg viewBox="0 0 120 40" preserveAspectRatio="none" role="img" aria-label=${h("after.spread_label", { n: scores.length })}>${bins.map((n, i) => svg`<rect class="done" x=${i * 10 + 0.6} y=${40 - (38 * n) / top} width="8.8" height=${(38 * n) / top} rx="1"/>`)}</svg>
    <figcaption><span>${low}</span><span>${h("after.points")}</span><span>${Math.max(...scores)}</span></figcaption></figure>`;
}

/** @param {any[]} rows */
function hours(rows) {
  const from = Math.min(...rows.map(({ hour_ms }) => hour_ms)), to = Math.max(...rows.map(({ hour_ms }) => hour_ms)), count = Math.min(240, (to - from) / HOUR_MS + 1);
  const bins = Array.from({ length: count }, (_, i) => sum(rows.filter(({ hour_ms }) => hour_ms === from + i * HOUR_MS).map(({ solves = 0 }) => solves))), top = Math.max(1, ...bins), wide = 120 / count;
  return html`<figure class="plot"><svg viewBox="0 0 120 40" preserveAspectRatio="none" role="img" aria-label=${h("after.hours_label")}>${bins.map((n, i) => svg`<rect class="done" x=${i * wide + wide * 0.06} y=${40 - (38 * n) / top} width=${wide * 0.88} height=${(38 * n) / top} rx="1"/>`)}</svg>
    <figcaption><span>${moment(from, server_now())}</span><span>${h("after.solves")}</span><span>${moment(to, server_now())}</span></figcaption></figure>`;
}

/** @param {string} name @param {string} kind @param {string} text */
function save_as(name, kind, text) {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
