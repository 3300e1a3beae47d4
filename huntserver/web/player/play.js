// What a person does and what the server says, turned into the state that is shown.

import { Client, Texts, TooManyWaiting } from "../client.js";
import { fold, fold_answer, is_behind, is_page, page_of, placed, stale, with_wait } from "./fold.js";
import * as kept from "./kept.js";
import { set_now, server_now } from "./pieces.js";
import { at_site, patiently, seen, tell_site } from "./site.js";
import { changed, state } from "./store.js";
import { at_part, thing_of } from "./things.js";
import { game_words } from "./words.js";

/** @typedef {import("../client.js").Message} Message */
/** @typedef {import("./store.js").Answer} Answer */

const TRIED_MAX = 30, MOMENTS_MAX = 80, HISTORY_MAX = 400;
const STAMP_MS = 2600, ASKING_MS = 3000;

/** @type {Client | null} */
let client = null;
/** @type {Texts | null} */
let texts = null;
/** @type {{[what: string]: ReturnType<typeof setTimeout> | undefined}} */
const timers = {};

const tabs = channel();
if (tabs) tabs.onmessage = () => client && state.link.state === "online" && client.adopt();

/** Between the tabs of this browser, where it lets them talk. */
function channel() {
  try { return new BroadcastChannel("huntserver"); } catch { return null; }
}

// ---- coming and going

/** Connect as whoever plays here, and hear a hunt. @param {string} hunt @param {boolean} member whether they should be in it already */
export async function enter(hunt, member) {
  const who = state.me;
  if (!who) return;
  state.hunt = hunt;
  kept.put("hunt", hunt);
  const before = member ? kept.get(`page.${hunt}.${who.player}`) : null, shown = is_page(before?.page) ? before : null;
  state.page = shown && shown.page;
  state.kept_ms = shown ? shown.at_ms : 0;
  state.tried = kept.get(`tried.${hunt}.${who.player}`) || {};
  state.history = kept.get(`history.${hunt}.${who.player}`) || [];
  const made = client || (await connect(who));
  if (member) made.follow(hunt);
  changed();
}

/** @param {kept.Me} who */
async function connect(who) {
  const url = at_site("ws");
  url.protocol = url.protocol.replace("http", "ws");
  const made = (client = await Client.open({ url: url.href, token: who.token, player: who.player, texts: true, presence: true }));
  texts = new Texts(url.href);
  state.lasting = made.outbox.lasting && kept.is_lasting();
  set_now(() => made.now_ms());
  made.on_push = (message) => (pushed(message), changed());
  made.on_answer = (request, reply) => (answered(request, reply), changed());
  made.on_state = (now, about) => (turned(made, now, about), changed());
  await made.start();
  return made;
}

/** @param {Client} made @param {import("../client.js").State} now @param {any} about */
function turned(made, now, about) {
  state.link = { state: now, about, ever: state.link.ever || now === "online" };
  if (now !== "online") state.present = {};  // who is connected is not known from here
  if (now === "online") {
    void made.adopt();  // another tab may have left something
    void game_words().then(changed);  // if they did not come before
    state.newer = Boolean(about.shell) && import.meta.url.includes("/shell/") && !import.meta.url.includes(about.shell);
    if (about.token && state.me) kept.become((state.me = { ...state.me, token: about.token }));
  }
  if (now === "over" && about.code === "replaced") tabs?.postMessage("left");
}

/** Connect again by a person's word. */
export function again() {
  client?.again();
}

/** Look at the connection now. */
export function probe() {
  client?.probe();
}

/** Stop hearing the hunt and go back to the door; the player stays in the team. */
export function leave() {
  client?.leave(state.hunt);
  kept.put("hunt", null);
  clearTimeout(timers.keeping);
  Object.assign(state, { hunt: "", page: null, board: null, moments: [], answers: {}, unread: {}, sheet: null, stamp: null, receipt: null, places: [], position: null, present: {} });
  changed();
}

/** Hand this device to somebody else. @param {kept.Me | null} who null: somebody new */
export function hand_over(who) {
  client?.stop();
  client = null;
  kept.become(who);
  leave();
  state.me = who;
  state.link = { state: "idle", about: {}, ever: false };
  changed();
}

/**
 * Join a hunt under a name.
 * @param {string} hunt @param {string} name @param {{team?: string, invite?: string, bracket?: string}} how
 */
export async function join(hunt, name, how) {
  const { door } = state;
  Object.assign(door, { busy: true, fault: null, asked: hunt });
  changed();
  if (state.me && state.me.name !== name) hand_over(null);
  if (!state.me) {
    const made = await patiently(() => tell_site("guest", { name }), (said) => said);
    if (!made.token) {
      const field = ["bad_text", "bad_field"].includes(made.code) ? "name" : "hunt";
      Object.assign(door, { busy: false, fault: { field, err: made } });
      changed();
      return;
    }
    state.me = { player: made.player, name, token: made.token };
    kept.become(state.me);
  }
  await enter(hunt, false);
  client?.command("join", { hunt, ...how });
  count();
  changed();
}

// ---- doing

/** Send a command; its answer is shown at a thing. @param {string} thing @param {string} op @param {{[field: string]: any}} fields @param {string} [text] */
export function act(thing, op, fields, text) {
  const sent = JSON.stringify([op, fields]), before = state.answers[thing];
  if (before?.tone === "wait" && before.sent === sent) return;  // two taps are one
  state.answers = { ...state.answers, [thing]: { tone: "wait", text, op, sent, at_ms: server_now() } };
  try {
    void client?.command(op, { hunt: state.hunt, ...fields });
  } catch (error) {
    if (!(error instanceof TooManyWaiting)) throw error;
    note(thing, "window");
  }
  count();
  changed();
}

/** Say something at a thing that no server said: the browser looks for its place, gave none, has no camera.
 * @param {string} thing @param {string} code @param {"wait" | "refused"} [tone] */
export function note(thing, code, tone = "refused") {
  state.answers = { ...state.answers, [thing]: { tone, err: { code }, at_ms: server_now() } };
  changed();
}

/** Ask for the standings with one's own row in them. */
export function look_at_board() {
  if (!client || !state.page) return;
  client.ask("board", { hunt: state.hunt }).then(({ ok }) => {
    if (ok) took_board(ok);
    changed();
  });
}

/** Ask the hunt something. @param {string} op @param {{[field: string]: any}} [fields] @returns {Promise<Message>} */
export const question = (op, fields = {}) => (client ? client.ask(op, { hunt: state.hunt, ...fields }) : Promise.resolve({ err: { code: "no_connection" } }));

/** Return the commands that wait for an answer. */
export const waiting = () => (client ? client.waiting() : []);

// ---- hearing

/** @param {Message} message */
function pushed(message) {
  if (message.op === "refused") return refused(message);
  if (message.op === "resumed" && message.recovered && !message.known) return void look_again(message.hunt);
  if (message.hunt !== state.hunt) return;
  if (message.t === "snapshot") {
    shown(message.data);
  } else if (message.t === "state" && message.ch === "presence") state.present = { ...state.present, ...message.data };
  else if (message.t === "state") took_board(message.data);
  else if (message.t === "event" && state.page) {
    const push = /** @type {import("./fold.js").Push} */ (message);
    const folded = fold(state.page, push);
    if (folded === state.page) return;  // the page had it already
    state.page = folded;
    for (const event of push.events) happened(event, push.ts, push.ch);
    if (stale(push, state.page)) look_later();
    noted();
  }
}

/** The server's own word on everything. @param {any} data */
function shown(data) {
  if (data.asking && !data.team) return void look_whether_let_in(data.hunt);
  state.page = page_of(texts ? texts.filled(data) : data);
  state.kept_ms = 0;
  state.door.busy = false;
  noted();
  if (data.texts) void read_on(data);
}

/** Get the texts that a page names; what is not to be had any more (the hunt was amended) comes with the page itself. @param {any} data */
async function read_on(data) {
  const come = await texts?.fetch(data.hunt, data, () => {
    if (!state.page || !texts || state.hunt !== data.hunt) return;
    state.page = /** @type {import("./fold.js").Page} */ (texts.mended(state.page));
    noted();
    changed();
  });
  if (!come && state.hunt === data.hunt) void look_again(data.hunt, { whole: true });
}

/** Ask for the page; one that is behind what was heard meanwhile is asked for once more.
 * @param {string} hunt @param {{tries?: number, whole?: boolean}} [how] `whole`: with all texts in it */
async function look_again(hunt, { tries = 5, whole = false } = {}) {
  const reply = await client?.ask("page", whole ? { hunt } : { hunt, texts: true });
  if (!reply?.ok || hunt !== state.hunt) return;
  if (state.page && !state.kept_ms && is_behind(reply.ok, state.page)) {
    if (tries) void look_again(hunt, { tries: tries - 1, whole });
    return;
  }
  shown(reply.ok);
  changed();
}

/** A crowd does not ask all at once. */
function look_later() {
  const { hunt } = state;
  clearTimeout(timers.looking);
  timers.looking = setTimeout(() => look_again(hunt), 500 + Math.random() * 4000);
}

/** @param {Message} message */
function refused({ hunt, err }) {
  if (hunt !== state.hunt) return;
  kept.put("hunt", null);
  const stranger = err.code === "not_joined", was_in = Boolean(state.page?.team);
  const fault = stranger && !was_in ? null : { field: /** @type {const} */ ("hunt"), err: stranger ? { code: "no_longer_in" } : err };
  Object.assign(state, { hunt: "", page: null, door: { ...state.door, chosen: hunt, busy: false, fault } });
  if (stranger) void look_whether_let_in(hunt);
}

/** @param {any} board */
function took_board(board) {
  const mine = board.mine || board.rows.find((/** @type {any} */ row) => row.team === state.page?.team?.id) || state.board?.mine;
  state.board = { ...board, mine };
  if (state.page) state.page = placed(state.page, { rows: board.mine ? [...board.rows, board.mine] : board.rows });
}

/** @param {any} event @param {number} at_ms @param {string} channel */
function happened(event, at_ms, channel) {
  const own = channel.startsWith("team:");
  const { page } = state;
  if (event.type === "guessed" && event.personal) tried(at_part(event), event.personal.text, event.verdict, at_ms);
  if (event.type === "solved" && own) {
    const clue = page?.clues.find(({ id }) => id === event.clue);
    celebrate({ number: event.clue_number, rank: event.rank, points: event.points || 0, title: clue?.title || "", at_ms });
  }
  if (event.clues?.length && state.route.view !== "clues") state.unread = { ...state.unread, clues: true };
  if (event.type === "guessed" || event.type === "opened") return;
  if ((event.question || event.photo) && !["question_answered", "photo_judged"].includes(event.type)) return;
  if (event.type === "claimed" && !own && event.team === page?.team?.id) return;       // told on the team's channel
  if (event.type === "first_finder" && event.team === page?.team?.id) return;
  state.moments = [{ type: event.type, at_ms, own, event }, ...state.moments].slice(0, MOMENTS_MAX);
  if (state.route.view !== "feed") state.unread = { ...state.unread, feed: true };
}

/** @param {NonNullable<import("./store.js").State["stamp"]>} stamp */
function celebrate(stamp) {
  state.stamp = stamp;
  if (navigator.vibrate && navigator.userActivation?.hasBeenActive) navigator.vibrate(stamp.rank === 1 ? [60, 40, 60, 40, 140] : [80]);
  clearTimeout(timers.stamping);
  timers.stamping = setTimeout(stop_celebrating, STAMP_MS);
}

export function stop_celebrating() {
  state.stamp = null;
  changed();
}

/** @type {{[verdict: string]: Answer["tone"]}} */
const TONES = { correct: "right", partial: "near", incorrect: "wrong" };

/** @param {Message} request @param {Message} reply */
function answered(request, reply) {
  count();
  const { ok, err } = reply;
  if (request.op === "join") return joined(request, reply);
  if (request.op === "leave_team" && ok && request.hunt === state.hunt) {
    leave();
    state.door.chosen = request.hunt;
    return;
  }
  if (request.hunt !== state.hunt) return;
  const thing = thing_of(request, state.answers);
  if (!thing) return;
  const now_ms = server_now();
  if (state.page) state.page = fold_answer(state.page, request, reply, now_ms);
  const verdict = ok ? ok.verdict || "correct" : "";
  const answer = { tone: err ? /** @type {const} */ ("refused") : TONES[verdict], text: request.text || request.code, op: request.op, ok, err, at_ms: now_ms };
  state.answers = { ...state.answers, [thing]: answer };
  if (request.op === "guess" && verdict) tried(at_part(request), request.text, verdict, now_ms);
  const wait_ms = err?.code === "cool_down" ? err.after_ms : request.op === "scan" ? ok?.wait_ms : 0;
  if (wait_ms && state.page) state.page = with_wait(state.page, request, now_ms + wait_ms);
  if (request.op === "checkin") checked_in(request, verdict === "correct");
  noted();
}

/** @param {Message} request @param {boolean} right */
function checked_in({ clue, lat, lon }, right) {
  const number = state.page?.clues.find(({ id }) => id === clue)?.number || 0;
  state.places = [...state.places, { lat, lon, number, right }].slice(-30);
}

/** @type {{[code: string]: "team" | "code"}} */
const FIELDS = { team_name_taken: "team", bad_text: "team", no_such_team: "code", team_full: "code", disqualified: "code" };

/** @param {Message} request @param {Message} reply */
function joined({ hunt, invite }, { ok, err }) {
  const { door } = state;
  if (ok?.waiting || err?.code === "waiting") return void look_whether_let_in(hunt);
  if (ok || err.code === "already_joined") {
    if (state.hunt !== hunt || err) void enter(hunt, true);
    return;
  }
  const field = invite !== undefined && err.code === "bad_text" ? "code" : FIELDS[err.code] || "hunt";
  kept.put("hunt", null);
  Object.assign(state, { hunt: "", page: null, door: { ...door, busy: false, chosen: hunt, fault: { field, err } } });
}

/** Who asked a team's captain to be let in looks from time to time whether they were. @param {string} hunt */
async function look_whether_let_in(hunt) {
  const { door } = state;
  clearTimeout(timers.asking);
  const reply = await client?.ask("page", { hunt });
  if (state.page?.team || (door.chosen && door.chosen !== hunt)) return;
  if (reply?.ok?.team) {
    Object.assign(door, { waits: "", busy: false });
    return void enter(hunt, true);
  }
  if (!reply?.ok || reply.ok.asking) timers.asking = setTimeout(() => seen().then(() => look_whether_let_in(hunt)), ASKING_MS);
  else if (door.waits) door.fault = { field: "code", err: { code: "declined" } };
  if (reply?.ok) Object.assign(door, { waits: reply.ok.asking || "", ...(reply.ok.asking ? { fault: null } : {}) });
  kept.put("hunt", null);
  Object.assign(state, { hunt: "", page: null, door: { ...state.door, chosen: hunt, busy: false } });
  changed();
}

/** @param {string} clue @param {string} text @param {string} verdict @param {number} at_ms */
function tried(clue, text, verdict, at_ms) {
  const before = (state.tried[clue] || []).filter((one) => one.text !== text);
  state.tried = { ...state.tried, [clue]: [{ text, verdict, at_ms }, ...before].slice(0, TRIED_MAX) };
  kept.put(`tried.${state.hunt}.${state.me?.player}`, state.tried);
}

/** Keep what is shown for the next start, and one's points over time. */
function noted() {
  const { page, hunt, me } = state;
  if (!page || !me) return;
  const score = page.team?.score;
  if (score !== undefined && state.history.at(-1)?.[1] !== score) {
    state.history = [...state.history, /** @type {[number, number]} */ ([server_now(), score])].slice(-HISTORY_MAX);
    kept.put(`history.${hunt}.${me.player}`, state.history);
  }
  clearTimeout(timers.keeping);
  timers.keeping = setTimeout(() => state.page && kept.put(`page.${hunt}.${me.player}`, { page: state.page, at_ms: server_now() }), 500);
}

function count() {
  state.waiting = waiting().length;
}

/** Give up a token that the server does not take any more. */
export function give_up_identity() {
  if (state.me) kept.forget(state.me.player);
  hand_over(null);
}
