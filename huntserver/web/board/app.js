// The board for a big screen: the standings as they are, frozen behind a curtain, or revealed place by place.
//
//   board?hunt=ID          who may look is a guest of the server
//   board?hunt=ID#TOKEN    by a link that the console made, or with a token of the host's
// A hunt that its host froze is frozen here, and revealed as the host reveals it; with a host's token the keys do that. In
// another hunt they are for this screen alone: F freezes, Space reveals the next place, Backspace takes one back, Escape shows all.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { Client, Outbox } from "../client.js";
import * as kept from "../player/kept.js";
import { compass, server_now, set_now } from "../player/pieces.js";
import { code_of, code_view, invite_link } from "../host/inviting.js";
import { h, speak_host } from "../host/words.js";
import { stay_awake } from "./waking.js";
import { LARGE, all, back, frozen, heard, leaving, new_stage, next, seen } from "./standings.js";

const NEW_TRY_MS = 5000, SOON_MS = 300, EVERY_MS = 1500, HEARD_MS = 15_000, ROWS = 100, REST = 40, TOLD_MS = 15 * 60_000, KEYS_MS = 10_000;
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const link = new URLSearchParams(location.search), hunt = link.get("hunt") || "";

/** @type {import("./standings.js").Stage} */
let stage = { ...new_stage(), ...(kept.get(`board.${hunt}`) || {}) };
/** @type {any} */
let page = null;
/** @type {Client | null} */
let client = null;
let watches = false;   // by a link: has no say here
/** @type {import("../client.js").State | "closed"} */
let connection = "idle";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let idle;
let missing = false;   // there is no such hunt
let keys_until = 0;    // so long the keys are shown: the audience has no use for them

/** @param {import("./standings.js").Stage} now */
function turn(now) {
  stage = now;
  // A reload in the middle of a ceremony tells nobody anything.
  kept.put(`board.${hunt}`, stage.mode === "live" || stage.server ? null : { mode: stage.mode, kept: stage.kept, revealed: stage.revealed });
  draw();
}

function draw() {
  document.title = page?.title || h("board.title");
  root.toggleAttribute("data-ready", Boolean(page));
  render(view(), root);
}

function view() {
  if (connection === "closed") return html`<main class="screen">${compass()}<h1>${h("board.title")}</h1><p class="curtain" role="alert">${h(missing ? "board.no_hunt" : "board.closed", { hunt })}</p></main>`;
  const rows = seen(stage), over = page?.phase === "ended";
  const large = rows.slice(0, LARGE), rest = rows.slice(LARGE, LARGE + REST);
  const left = rows.filter(({ hidden }) => hidden).length;
  return html`<main class="screen ${stage.mode}" data-mode=${stage.mode}><header><h1 dir="auto">${page?.title || hunt}</h1>${clock()}</header>
    ${connection === "waiting" ? html`<p class="lost" role="status">${h("board.lost")}</p>` : nothing}
    ${page?.phase === "paused" ? html`<p class="curtain" role="status" data-paused><b>${h("board.paused")}</b></p>` : nothing}
    <div role="status" aria-live="polite">${announced()}</div>
    ${stage.mode === "frozen" ? html`<p class="curtain" role="status"><b>${h("board.frozen")}</b> ${h("board.frozen_about")}</p>` : nothing}
    ${stage.mode === "ceremony" ? html`<p class="curtain" role="status"><b>${h("board.ceremony")}</b> ${left ? `${h("board.left", { n: left })}${shows_keys() ? ` · ${h("board.next")}` : ""}` : nothing}</p>` : nothing}
    ${rows.length ? html`<div class="columns ${rest.length ? "" : "alone"}"><ol class="large">${repeat(large, ({ row }) => row.team, place)}</ol>
      ${rest.length ? html`<ol class="rest" start=${LARGE + 1}>${repeat(rest, ({ row }) => row.team, place)}</ol>` : nothing}</div>` : html`${page?.phase === "published" ? nothing : html`<p class="curtain">${page ? h("board.none") : h("board.wait")}</p>`}`}
    ${page?.phase === "published" ? joining(rows.length > 0) : nothing}
    ${stage.mode === "live" && stage.finds.length ? html`<ul class="finds" aria-live="polite">${repeat(stage.finds, ({ team, n }) => `${team}:${n}`, ({ name, n }) => html`<li><b dir="auto">${name}</b> ${h("board.solved", { n })}</li>`)}</ul>` : nothing}
    <footer>${footer(over && stage.mode !== "ceremony" && rows.length > 0)}</footer></main>`;
}

/** What the keys do: for who may use them, when they are looked for. @param {boolean} ceremony whether the next one begins it */
function footer(ceremony) {
  if (stage.server && !page?.host) return h("board.of_host");
  return shows_keys() ? h(ceremony ? "board.next" : "board.keys") : nothing;
}

const shows_keys = () => (page?.host || (!stage.server && !watches)) && performance.now() < keys_until;

/** Somebody is at the keys, or the mouse. */
function attended() {
  const shown = shows_keys();
  keys_until = performance.now() + KEYS_MS;
  if (!shown) draw();
  clearTimeout(idle);
  idle = setTimeout(draw, KEYS_MS + 50);
}

/** The last word of the hosts, while it is young. */
function announced() {
  const last = page?.announcements?.at(-1);
  if (!last || server_now() - last.at_ms > TOLD_MS) return nothing;
  return html`<p class="told" data-told dir="auto">${last.text}</p>`;
}

/** How to come in, before play begins. @param {boolean} beside whether teams stand there already */
function joining(beside) {
  const link = invite_link(hunt), code = code_of(link, draw);
  return html`<section class="joining ${beside ? "beside" : ""}" data-joining>${code ? code_view(code, h("share.qr")) : nothing}<div><p>${h("board.join")}</p><p class="url">${link.replace(/^https?:\/\//, "")}</p><p>${h("board.join_code", { hunt })}</p></div></section>`;
}

function clock() {
  const { phase, ends_ms = 0, paused_ms = 0 } = page || {};
  if (phase === "running" && ends_ms) return html`<time-left class="time" .until=${ends_ms} .stopped=${null}></time-left>`;
  return phase === "paused" && ends_ms ? html`<time-left class="time" .until=${ends_ms} .stopped=${ends_ms - paused_ms}></time-left>` : nothing;
}

/** @param {{row: import("../player/store.js").Row, hidden: boolean}} one @param {number} i */
function place({ row, hidden }, i) {
  if (hidden) return html`<li class="team hidden" data-hidden><span class="place">?</span><span class="name"></span><span class="score"></span></li>`;
  const winner = stage.mode === "ceremony" && row.place === 1;
  return html`<li class="team ${winner ? "winner" : ""} ${row.place <= 3 && row.score ? "medal" : ""} ${stage.mode === "ceremony" ? "shown" : ""}" data-team=${row.team} data-index=${i}><span class="place">${row.place}</span>
    <span class="name" dir="auto">${row.name}</span><span class="solved">${h("board.solved", { n: row.solved })}</span><span class="score">${row.score}</span></li>`;
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  /** @type {{[key: string]: () => import("./standings.js").Stage}} */
  const does = { " ": () => next(stage, page?.phase === "ended"), f: () => frozen(stage), F: () => frozen(stage), Backspace: () => back(stage), Escape: () => all(stage) };
  const act = does[event.key];
  if (!act) return;
  event.preventDefault();
  if (!stage.server && !(event.key.toLowerCase() === "f" && page?.host)) turn(act());
  else if (page?.host) void command(event.key);
}

/** Do to the hunt what a key asks for: by its host alone. @param {string} key */
async function command(key) {
  if (!client) return;
  if (key.toLowerCase() === "f") await client.command(stage.server ? "unfreeze" : "freeze", { hunt });
  else if (key === " " && page?.phase === "ended") await client.command("reveal", { hunt, leave: leaving(stage) });
  else if (key === "Backspace" && stage.mode === "ceremony") await client.command("reveal", { hunt, leave: Math.min(stage.hidden + 1, stage.teams) });
  await ask();
}

/** Who looks: whoever the link's token says, or a guest, once a browser; null where guests may not, undefined where nobody answers.
 * @returns {Promise<{player: string, token: string} | null | undefined>} */
async function spectator() {
  const token = location.hash.slice(1);
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    kept.put(`board.me.${hunt}`, { player: "spectator", token });
  }
  const known = kept.get(`board.me.${hunt}`) || kept.get("board.me");
  watches = Boolean(kept.get(`board.me.${hunt}`));
  if (known) return known;
  try {
    const answer = await fetch(new URL("guest", document.baseURI), { method: "POST", body: JSON.stringify({ name: "Board" }) });
    const made = await answer.json();
    if (!made.token) return made.retry ? undefined : null;
    kept.put("board.me", made);
    return made;
  } catch {
    return undefined;  // tried again: nobody stands before a big screen to do it
  }
}

/** The token is worth nothing any more. @param {Client} made */
function refused(made) {
  const guest = !watches;
  for (const name of [`board.me.${hunt}`, "board.me"]) kept.put(name, null);
  if (!guest) return;
  made.stop();
  connection = "waiting";
  setTimeout(come, NEW_TRY_MS);
}

async function ask() {
  if (!client) return;
  const [board, about] = await Promise.all([client.ask("board", { hunt, top: ROWS, as_seen: true }), client.ask("page", { hunt })]);
  if (about.ok) page = about.ok;
  if (board.ok) turn(heard(stage, board.ok, page?.phase === "ended"));
  if (board.err && !board.err.retry) [connection, missing] = ["closed", board.err.code === "no_such_hunt"];
  draw();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asking = false, again = false, hears = true;

/** @param {number} [after_ms] */
function look_soon(after_ms = SOON_MS) {
  if (asking) again = true;
  clearTimeout(timer);
  timer = setTimeout(look, after_ms);
}

/** Ask; then when the hunt says that something changed, or, for who may not listen to it, every so often. */
async function look() {
  if (asking || document.visibilityState !== "visible") return;
  asking = true;
  again = false;
  await ask();
  asking = false;
  if (connection !== "closed") look_soon(again ? SOON_MS : hears ? HEARD_MS : EVERY_MS);
}

async function main() {
  await speak_host(link.get("lang") ? [/** @type {string} */ (link.get("lang"))] : navigator.languages);
  root.replaceChildren();
  document.addEventListener("keydown", pressed);
  document.addEventListener("mousemove", attended);
  attended();
  stay_awake();
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look_soon(0));
  await come();
}

/** Come in; a guest whose token is worth nothing any more comes in as a new one. */
async function come() {
  const who = hunt ? await spectator() : null;
  connection = who ? "connecting" : who === null ? "closed" : "waiting";
  draw();
  if (who === undefined) setTimeout(come, NEW_TRY_MS);
  if (!who) return;
  asking = false;  // what another session was asked is not answered any more
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const made = client = await Client.open({ url: url.href, ...who, outbox: Outbox.passing() });
  set_now(() => made.now_ms());
  client.on_push = ({ op }) => {
    if (op === "refused") hears = false;
    look_soon();
  };
  client.on_state = (now, about) => {
    if (now === "online") look_soon(0);
    connection = now === "over" ? "closed" : now;
    if (now === "over" && ["bad_token", "token_expired"].includes(about.code)) refused(made);
    draw();
  };
  client.follow(hunt);
  await client.start();
}

void main();
