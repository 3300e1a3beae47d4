// The host's console: puts the store, the session and the views together, and nothing else.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import * as kept from "../player/kept.js";
import { icon } from "../player/pieces.js";
import { LANGUAGES, refusal, span } from "../player/words.js";
import { after_view } from "./after.js";
import { close_dialog, dialog_view, show } from "./dialogs.js";
import { look_again, open_text } from "./editing.js";
import { load_media } from "./media.js";
import { edit_view } from "./editor.js";
import { follow, leave, look_at_health, look_at_hours, look_at_hunts, reconnect, session, sign_out } from "./hunt.js";
import { hunts_view } from "./hunts.js";
import { queue_view } from "./queue.js";
import { pressed, show_keys } from "./keys.js";
import { run_view } from "./run.js";
import { code_in_address, exchange, signing_view } from "./signing.js";
import { changed, drawn_by, state } from "./store.js";
import { h, named, speak_host } from "./words.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
/** @type {{[view: string]: () => unknown}} */
const VIEWS = { hunts: hunts_view, run: run_view, queue: queue_view, edit: edit_view, after: after_view };
const ICONS = /** @type {const} */ ({ hunts: "clues", run: "board", queue: "survey", edit: "text", after: "star" });
const FOLLOWED = ["run", "queue", "after"];
let drawn = "";

function draw() {
  const waits = state.queue?.waiting ? `(${state.queue.waiting}) ` : "";
  document.title = waits + (state.run?.title ? `${state.run.title} · ${h("console")}` : h("console"));
  if (drawn === "") root.replaceChildren();
  render(state.me ? shell() : html`${signing_view(begin)}${note_view()}`, root);
  const route = state.me ? `${state.route.view}/${state.route.hunt}` : "door";
  if (route !== drawn) arrived(route);
}

/** Another view has come: a screen reader begins at its heading. @param {string} route */
function arrived(route) {
  const first = drawn === "";
  drawn = route;
  if (first) return;
  scrollTo(0, 0);
  const heading = /** @type {HTMLElement | null} */ (root.querySelector("main h1"));
  if (!heading || root.querySelector("dialog[open]")) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function shell() {
  const { route } = state;
  return html`<a class="skip" href="#main" @click=${(/** @type {Event} */ event) => (event.preventDefault(), document.getElementById("main")?.focus())}>${h("skip")}</a>
    <div class="console"><nav class="rail" aria-label=${h("nav")}>${rail()}</nav>
      <main id="main" tabindex="-1" class="view-${route.view}">${banner()}${(VIEWS[route.view] || hunts_view)()}</main></div>${note_view()}${dialog_view()}`;
}

function rail() {
  const { route } = state, hunt = route.hunt ? encodeURIComponent(route.hunt) : "";
  const views = hunt ? /** @type {const} */ (["hunts", "edit", "run", "queue", "after"]) : /** @type {const} */ (["hunts"]);
  return html`<ul>${views.map((view) => html`<li><a href=${view === "hunts" ? "#hunts" : `#${view}/${hunt}`} aria-current=${route.view === view ? "page" : nothing}>${icon(ICONS[view])}<span>${h(`nav.${view}`)}</span>${view === "queue" && state.queue?.waiting ? html`<b class="waits-count" data-waiting><span aria-hidden="true">${state.queue.waiting}</span><span class="sr">${h("queue.waiting", { n: state.queue.waiting })}</span></b>` : nothing}</a></li>`)}</ul>
    <ul class="rail-end"><li><button @click=${open_health}>${icon("here")}<span>${h("health")}</span></button></li><li><button @click=${show_keys}><b class="icon" aria-hidden="true">?</b><span>${h("keys")}</span></button></li>
      <li><button class="me" @click=${open_account}>${light()}<span>${state.me?.name || h("host")}</span></button></li></ul>`;
}

function light() {
  const { state: now } = state.link, kind = now === "online" ? "good" : now === "waiting" || now === "over" ? "bad" : "busy";
  return html`<span class="dot ${kind}"><span class="light"></span></span><span class="sr">${h("link")}: ${named("link", now)}</span>`;
}

/** What about the connection a host has to know, until it is not so any more. */
function banner() {
  const { state: now, about, ever } = state.link;
  if (now === "waiting" || (now === "connecting" && ever)) return html`<p class="strip warn" role="status" data-strip="lost">${h(about.goaway ? "link.restarting" : "link.lost")}</p>`;
  if (now !== "over") return nothing;
  const out = about.code === "bad_token" || about.code === "token_expired";
  return html`<p class="strip bad" role="alert" data-strip="over">${about.code === "replaced" ? h("link.replaced") : out ? h("link.out") : refusal(about)}
    <button class="plain tiny" @click=${out ? sign_out : reconnect}>${h(out ? "sign.again" : "link.here")}</button></p>`;
}

function note_view() {
  return html`<div class="note-place" role="status" aria-live="polite">${state.note ? html`<p class="note ${state.note.tone}">${state.note.text}<button class="plain tiny" aria-label=${h("close")} @click=${() => ((state.note = null), changed())}>×</button></p>` : nothing}</div>`;
}

function open_health() {
  void look_at_health();
  show(h("health"), () => {
    const found = state.health;
    if (!found?.checks) return html`<p>${found ? refusal(found) : h("health.asking")}</p>`;
    const lines = Object.entries({ ...found.checks, ...found.beside });
    return html`<p class="notice ${found.ready ? "" : "bad"}">${found.ready ? h("health.good") : h("health.bad", { why: found.why })}</p>
      <ul class="lines">${lines.map(([name, { ok, age_s, why }]) => html`<li><span><b>${ok ? "✓" : "✗"}</b> ${name}</span><span class="about">${why || (age_s === undefined ? "" : h("health.age", { time: span(age_s * 1000) }))}</span></li>`)}</ul>`;
  });
}

function open_account() {
  show(h("account"), () => html`<p>${h("account.about", { name: state.me?.name || state.me?.player || "" })}</p>
    <div class="known">${Object.entries(LANGUAGES).map(([tag, name]) => html`<button class="plain tiny" lang=${tag} @click=${() => speak_as(tag)}>${name}</button>`)}</div>
    <div class="pads"><button class="plain" id="sign-out" @click=${() => (close_dialog(), sign_out())}>${h("sign.out")}</button></div>`);
}

/** @param {string | null} chosen */
async function speak_as(chosen) {
  if (chosen) kept.put("language", chosen);
  const wish = kept.get("language") || new URLSearchParams(location.search).get("lang");
  await speak_host(wish ? [wish] : navigator.languages);
  changed();
}

/** Follow the address: `#hunts`, `#run/ID`, `#queue/ID`, `#edit/ID`, `#after/ID`. */
function routed() {
  const code = code_in_address();
  if (code) return void exchange(code).then((done) => done && begin());
  const [name, ...rest] = location.hash.slice(1).split("/"), hunt = decodeURIComponent(rest.join("/"));
  state.route = name in VIEWS ? { view: name, hunt } : { view: "hunts", hunt: "" };
  state.dialog = state.note = null;
  if (!state.me) return changed();
  if (state.route.view === "hunts") { leave(); void look_at_hunts(); }
  if (state.route.view === "edit") void open_text(hunt);
  if (state.route.view === "edit" && hunt) void load_media(hunt);
  if (FOLLOWED.includes(state.route.view)) void follow(hunt);
  if (state.route.view === "after") void look_at_hours(hunt);
  changed();
}

function begin() {
  if (state.me) void session();
  routed();
}

async function main() {
  drawn_by(draw);
  addEventListener("hashchange", routed);
  addEventListener("amended", () => state.edit?.hunt === state.run?.hunt && look_again());
  document.addEventListener("keydown", pressed);
  const code = code_in_address();
  await speak_as(null);
  if (code) await exchange(code);
  begin();
}

void main();
