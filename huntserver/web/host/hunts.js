// The hunts of this host, and three doors to the first one.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";

import { compass, icon } from "../player/pieces.js";
import * as kept from "../player/kept.js";
import { moment } from "../player/words.js";
import { begin_with, open_file } from "./editing.js";
import { EMPTY, EXAMPLE } from "./example.js";
import { look_at_hunts, server_now } from "./hunt.js";
import { changed, state } from "./store.js";
import { h, named } from "./words.js";

export function hunts_view() {
  const { hunts } = state;
  const all = hunts.rows.filter(({ mine }) => mine || state.me?.role === "admin"), put_away = new Set(kept.get("host.hidden") || []);
  const rows = all.filter(({ hunt, phase }) => phase !== "draft" || !put_away.has(hunt)), hidden = all.filter((one) => !rows.includes(one));
  if (hunts.loading && !rows.length) return html`<h1>${h("hunts")}</h1><div class="skeleton card"></div><div class="skeleton card"></div>`;
  const failed = hunts.failed ? html`<p class="notice warn" role="alert">${h("hunts.failed")} <button class="plain tiny" @click=${look_at_hunts}>${h("again")}</button></p>` : nothing;
  if (!all.length) return html`<div class="doors-page">${compass()}<h1>${h("doors.title")}</h1><p class="lead">${h("doors.lead")}</p>${failed}${doors()}</div>`;
  return html`<h1>${h("hunts")}</h1>${failed}<ul class="hunt-list">${repeat(rows, ({ hunt }) => hunt, row)}</ul>
    ${hidden.length ? html`<details data-hidden><summary>${h("hunts.hidden", { n: hidden.length })}</summary><ul class="hunt-list">${repeat(hidden, ({ hunt }) => hunt, row)}</ul></details>` : nothing}<h2>${h("doors.more")}</h2>${doors()}`;
}

/** A draft leaves the list of this browser, or comes back: its server keeps it. @param {string} hunt */
function put_away(hunt) {
  const before = /** @type {string[]} */ (kept.get("host.hidden") || []);
  kept.put("host.hidden", before.includes(hunt) ? before.filter((one) => one !== hunt) : [...before, hunt]);
  changed();
}

/** @param {import("./store.js").Listed} one */
function row({ hunt, title, phase = "draft", players = 0, teams = 0, clues = 0, ends_ms = 0 }) {
  const id = encodeURIComponent(hunt), first = phase === "draft" ? "edit" : phase === "ended" ? "after" : "run";
  return html`<li class="card hunt-row" data-hunt=${hunt}><a class="hunt-name" href="#${first}/${id}"><span class="title" dir="auto">${title || hunt}</span>
      <span class="about"><span class="phase ${phase}">${named("phase", phase)}</span> ${h("clues.n", { n: clues })} · ${h("teams.n", { n: teams })} · ${h("run.players", { n: players })}${phase === "running" && ends_ms ? html` · ${h("until", { time: moment(ends_ms, server_now()) })}` : nothing}</span></a>
    <span class="row-acts"><a class="plain" href="#run/${id}">${h("nav.run")}</a><a class="plain" href="#edit/${id}">${h("nav.edit")}</a><button class="plain" data-duplicate=${hunt} @click=${() => begin_with({ copy: hunt })}>${h("duplicate")}</button>${phase === "draft" ? html`<button class="plain" data-put-away=${hunt} @click=${() => put_away(hunt)}>${h((kept.get("host.hidden") || []).includes(hunt) ? "hunts.back" : "hunts.hide")}</button>` : nothing}</span></li>`;
}

function doors() {
  return html`<div class="doors">
    <button class="card door-card" data-door="example" @click=${() => begin_with({ text: EXAMPLE })}>${icon("star")}<b>${h("doors.example")}</b><span class="about">${h("doors.example_about")}</span></button>
    <button class="card door-card" data-door="new" @click=${() => begin_with({ text: EMPTY })}>${icon("text")}<b>${h("doors.new")}</b><span class="about">${h("doors.new_about")}</span></button>
    <label class="card door-card" data-door="import">${icon("share")}<b>${h("doors.import")}</b><span class="about">${h("doors.import_about")}</span><input class="sr" type="file" accept=".toml,.yaml,.yml,.json" @change=${open_file}></label></div>`;
}
