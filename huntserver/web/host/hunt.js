// The console's session: what a host does, and what the server says, turned into the state that is shown.

import { Client } from "../client.js";
import * as kept from "../player/kept.js";
import { server_now, set_now } from "../player/pieces.js";
import { refusal } from "../player/words.js";
import { at_site, health, hunts, listed, statistics } from "./server.js";
import { changed, keep_me, note, state } from "./store.js";
import { fold_board, fold_solved, new_run, point, undoing } from "./teams.js";
import { h } from "./words.js";

/** @typedef {import("../client.js").Message} Message */

const IDLE_MS = 15_000, QUIET_MS = 4000, SOON_MS = 200;
const ALWAYS = ["ended", "reopened", "amended", "merged", "removed"];  // may open or close questions that nobody sees now

/** @type {Promise<Client> | null} */
let opening = null;
/** @type {Client | null} */
let client = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let queue_timer;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let trail_timer;
/** @type {Set<string>} what hosts' commands are not answered yet */
const under_way = new Set();
let asking = false, again_soon = false;

/** Return the session, connected or on its way. @returns {Promise<Client>} */
export function session() {
  opening ??= open();
  return opening;
}

async function open() {
  const who = /** @type {import("./store.js").Me} */ (state.me);
  const url = at_site("ws");
  url.protocol = url.protocol.replace("http", "ws");
  const made = (client = await Client.open({ url: url.href, token: who.token, player: who.player, presence: true, big_board: true }));
  set_now(() => made.now_ms());
  made.on_push = pushed;
  made.on_state = (now, about) => {
    state.link = { state: now, about, ever: state.link.ever || now === "online" };
    if (now === "online" && state.run) {
      look_soon();
      queue_soon();
    }
    changed();
  };
  await made.start();
  return made;
}

/** Connect again by a person's word. */
export const reconnect = () => client?.again();

/** Forget who is signed in here. */
export function sign_out() {
  leave();
  client?.stop();
  client = opening = null;
  keep_me(null);
  Object.assign(state, { link: { state: "idle", about: {}, ever: false }, edit: null, hunts: { loading: false, failed: false, rows: [] } });
  location.hash = "";
  changed();
}

// ---- the hunts

/** Look which hunts there are: those of the read models, and those that a server without them lists. */
export async function look_at_hunts() {
  state.hunts = { ...state.hunts, loading: true };
  changed();
  const found = await hunts();
  const rows = found.status === 200 ? found.body.hunts : await few();
  state.hunts = rows ? { loading: false, failed: false, rows: [...(await missed(rows)), ...rows] } : { ...state.hunts, loading: false, failed: true };
  changed();
}

/** This browser's own: the list may not have them yet, or not keep drafts. @param {string} hunt */
export function remember(hunt) {
  kept.put("host.hunts", [hunt, ...(kept.get("host.hunts") || []).filter((/** @type {string} */ one) => one !== hunt)].slice(0, 20));
}

/** @param {import("./store.js").Listed[]} rows @returns {Promise<import("./store.js").Listed[]>} */
async function missed(rows) {
  const known = new Set(rows.map(({ hunt }) => hunt));
  const asked = (kept.get("host.hunts") || []).filter((/** @type {string} */ hunt) => !known.has(hunt));
  if (!asked.length) return [];
  const made = await session();
  const pages = await Promise.all(asked.map((/** @type {string} */ hunt) => made.ask("page", { hunt })));
  return pages.flatMap(({ ok }) => (ok?.host ? [{ hunt: ok.hunt, title: ok.title, phase: ok.phase, clues: ok.clues_total, players: ok.players, ends_ms: ok.ends_ms, mine: true }] : []));
}

async function few() {
  const { status, body } = await listed();
  return status === 200 ? body.cards.map((/** @type {any} */ card) => ({ ...card, clues: card.clues_total, mine: true })) : null;
}

// ---- one hunt

/** Follow a hunt. @param {string} hunt */
export async function follow(hunt) {
  if (state.run?.hunt === hunt && !state.barred) return look_soon();
  leave();
  Object.assign(state, { run: new_run(hunt), queue: null, picked: 0, barred: null, find: "", chosen: "", sort: "place", hours: [] });
  changed();
  const made = await session();
  if (state.run?.hunt !== hunt) return;
  made.follow(hunt);
  look_soon(0);
  void look_at_queue();
  void made.ask("page", { hunt }).then(({ ok }) => {
    if (ok && state.run?.hunt === hunt) state.run = { ...state.run, title: ok.title || hunt };
    changed();
  });
  void look_at_trail();
}

/** Follow it no more. */
export function leave() {
  clearTimeout(timer);
  clearTimeout(queue_timer);
  clearTimeout(trail_timer);
  if (state.run) client?.leave(state.run.hunt);
  state.run = state.queue = null;
}

/** Look at the queue once what happens now has happened. */
function queue_soon() {
  clearTimeout(queue_timer);
  queue_timer = setTimeout(look_at_queue, SOON_MS);
}

/** Look at what hosts did once what happens now has happened: not once for each of many. */
function trail_soon() {
  clearTimeout(trail_timer);
  trail_timer = setTimeout(look_at_trail, SOON_MS);
}

/** Ask for what waits for a host. */
export async function look_at_queue() {
  const { run } = state;
  if (!run || !client) return;
  const { ok, err } = await client.ask("queue", { hunt: run.hunt, closed: true });
  if (err?.retry) return queue_soon();
  if (!ok || state.run?.hunt !== run.hunt) return;
  state.queue = ok;
  changed();
}

/** @param {number} [after_ms] */
function look_soon(after_ms = SOON_MS) {
  if (asking) again_soon = true;
  clearTimeout(timer);
  if (!state.barred) timer = setTimeout(look, after_ms);
}

/** Look again where somebody looks: at a page that nobody sees nothing is asked for but what waits in the queue. */
document.addEventListener("visibilitychange", () => is_seen() && state.run && look_soon(0));
const is_seen = () => document.visibilityState === "visible";

/** Ask what has changed; go on until all is here, then when the server says that something happened, and now and then in
 * case a word of that was skipped. Whom the server does not let see the board (a reviewer) is not asked for it again. */
async function look() {
  const { run } = state;
  if (!run || !client || asking || !is_seen()) return;
  asking = true;
  again_soon = false;
  const { ok, err } = await client.ask("big_board", { hunt: run.hunt, ...point(run) });
  asking = false;
  if (state.run?.hunt !== run.hunt) return void (state.run && look_soon(0));
  if (err) {
    if (!err.retry) state.barred = err;
    look_soon(QUIET_MS);
    return changed();
  }
  state.run = fold_board(state.run, ok);
  changed();
  look_soon(ok.more || again_soon ? 0 : IDLE_MS);
}

export async function look_at_trail() {
  const { run } = state;
  if (!run || !client || state.barred) return;
  const { ok } = await client.ask("audit", { hunt: run.hunt });
  if (!ok || state.run?.hunt !== run.hunt) return;
  state.run = { ...state.run, audit: [...ok.lines].reverse() };
  changed();
}

/** @param {string} hunt */
export async function look_at_hours(hunt) {
  const { status, body } = await statistics(hunt);
  if (status === 200 && state.run?.hunt === hunt) {
    state.hours = body.hours;
    changed();
  }
}

export async function look_at_health() {
  const { body } = await health();
  state.health = body;
  changed();
}

/** @param {Message} message */
function pushed(message) {
  const { run } = state;
  if (!run || message.hunt !== run.hunt) return;
  if (message.t === "event" && message.ch === "host") {
    for (const event of message.events) heard(event, message.ts);
    look_soon();
  }
  if (message.t === "state" && message.ch === "presence") state.run = { ...run, connected: message.data.count };
  else if (message.t === "state") look_soon();
  changed();
}

/** @param {any} event @param {number} at_ms */
function heard(event, at_ms) {
  if (!state.run) return;
  if (event.waiting !== undefined || state.queue?.items.length || ALWAYS.includes(event.type)) queue_soon();
  if (event.type === "solved") state.run = fold_solved(state.run, event, at_ms);
  else trail_soon();
  if (event.type === "amended") dispatchEvent(new Event("amended"));
  // What opens or closes clues for all does not move the teams' own channels: everything is asked for anew.
  if (["started", "unstarted", "amended", "reopened"].includes(event.type)) state.run = { ...state.run, ...point(new_run(state.run.hunt)) };
}

// ---- doing

/** Send a command; say what became of it. @param {string} op @param {Message} fields @param {string} [done] @returns {Promise<boolean>} */
export async function act(op, fields, done = h("done")) {
  const sent = { hunt: fields.hunt || state.run?.hunt, ...fields }, one = JSON.stringify([op, sent]);
  if (under_way.has(one)) return false;  // two clicks are one
  under_way.add(one);
  const { err } = await (await session()).command(op, sent);
  under_way.delete(one);
  if (err) note("bad", err.msg && !["wrong_phase", "bad_field", "bad_text"].includes(err.code) ? refusal(err) : err.msg || refusal(err));
  else if (done) note("good", done);
  look_soon(0);
  void look_at_queue();
  void look_at_trail();
  return !err;
}

/** Ask about a hunt. @param {string} op @param {Message} fields @returns {Promise<any>} */
export async function ask(op, fields) {
  const { ok, err } = await (await session()).ask(op, { hunt: state.run?.hunt, ...fields });
  if (err) note("bad", err.msg || refusal(err));
  return ok;
}

/** Undo what a line of the trail did. @param {string} undo */
export function take_back(undo) {
  const found = undoing(undo);
  if (found) void act(found.op, found.fields);
}

export { server_now };
