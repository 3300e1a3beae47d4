// The client's half of the protocol: what to send when, over any number of connections. Pure: values in, values out.
//
// A translation of huntserver/client/session.py, held to the same vectors (huntserver/wire/vectors.jsonl). `now_ms` is any
// clock that never goes back, in whole ms; `roll` is a random number in [0, 1). Every call returns the actions that the
// shell carries out, in order; after every call `wake_ms()` says when `tick` is due. The calls: docs/clients.md.

import { Reconnecting, STABLE_MS, ServerClock, resend_ms } from "./backoff.js";
import { CLOSES } from "./codes.js";
import { Hunts } from "./hunts.js";
import { Requests } from "./requests.js";

/** @typedef {import("./requests.js").Message} Message */
/**
 * One of: connect, drop, send, greeted, lost, over, answer, event, snapshot, state, gap, resumed, refused, goaway.
 * @typedef {{connect?: {}, drop?: {why: string}, send?: Message, greeted?: {about: Message, again: boolean}, lost?: {after_ms: number},
 *   over?: {code: string, msg: string, unanswered: number[]}, answer?: Message, event?: Message, snapshot?: Message, state?: Message,
 *   gap?: {hunt: string, channel: string, seen: number, prev: number}, resumed?: {hunt: string, recovered: boolean, known: boolean},
 *   refused?: {hunt: string, err: any}, goaway?: {after_ms: number}}} Action
 * @typedef {"away" | "connecting" | "greeting" | "playing" | "over"} Phase
 */

const HELLO = 0;  // the id of hello; requests count from 1
const DOUBLINGS_MAX = 4;
const TURNED_AWAY = 4101;  // a hello that is refused for now is followed by what follows this close code
const REPLACED = 4003;

export const TIMING = Object.freeze({ connect_ms: 10_000, hello_ms: 10_000, answer_ms: 15_000, idle_ms: 20_000 });

export class Session {
  /**
   * @param {{token: string, epoch: string, n?: number, unanswered?: Message[], takes?: string[]}} about `epoch`: made once
   *   for a device and kept; `n`: the last N that the device used; `unanswered`: commands of an earlier run, as `kept`
   *   returned them; `takes`: what of the protocol's additions the shell understands (`texts`, `pieces`)
   */
  constructor({ token, epoch, n = 0, unanswered = [], takes = [] }) {
    this.token = token;
    this._takes = takes;
    this.epoch = epoch;
    /** @type {Phase} */
    this.phase = "away";
    this.hunts = new Hunts();
    this.requests = new Requests(n);
    this.requests.restore(unanswered);
    this._reconnecting = new Reconnecting();
    this._since_ms = 0;  // of the phase
    /** @type {number | null} */
    this._connect_ms = null;
    this._heard_ms = 0;
    this._time_outs = 0;
    this._greeted = false;  // once
    this._hello_astray = false;  // a connection ended with its hello under way: it may replace the next one
    this._clock = new ServerClock();
  }

  // ---- what is known

  /** Return what a device keeps over restarts. */
  kept() {
    return { epoch: this.epoch, n: this.requests.n, unanswered: this.requests.commands() };
  }

  /** @param {number} now_ms @returns {number | null} the server's time, null before it is known */
  server_ms(now_ms) { return this._clock.server_ms(now_ms); }

  /** When `tick` is due; null: not before something else happens. @returns {number | null} */
  wake_ms() {
    if (this.phase === "away") return this._connect_ms;
    if (this.phase === "connecting") return this._since_ms + TIMING.connect_ms;
    if (this.phase === "greeting") return this._since_ms + TIMING.hello_ms;
    return this.phase === "playing" ? Math.min(this._alive_ms(), ...this.requests.due_ms()) : null;
  }

  /** When the connection is to be doubted, if nothing comes until then. */
  _alive_ms() {
    const oldest_ms = this.requests.oldest_ms();
    return oldest_ms === null ? this._heard_ms + TIMING.idle_ms : oldest_ms + TIMING.answer_ms * 2 ** this._time_outs;
  }

  // ---- connections

  /** Begin: the first `connect`. @param {number} now_ms @returns {Action[]} */
  start(now_ms) {
    this._connect_ms = now_ms;
    return this._due(now_ms, 0);
  }

  /** A WebSocket is open: say hello, and where we stand in each hunt. @param {number} now_ms @returns {Action[]} */
  connected(now_ms) {
    if (this.phase !== "connecting") return [];
    this.phase = "greeting";
    this._since_ms = now_ms;
    /** @type {Message} */
    const hello = { id: HELLO, op: "hello", token: this.token, epoch: this.epoch };
    const resume = this.hunts.points();
    if (resume.length) hello.resume = resume;
    if (this._takes.length) hello.takes = this._takes;
    return [{ send: hello }];
  }

  /**
   * The connection has ended, or could not be opened.
   * @param {number} now_ms @param {number} roll @param {number | null} code @param {string} reason @param {number | null} after_ms
   * @returns {Action[]}
   */
  closed(now_ms, roll, code = null, reason = "", after_ms = null) {
    if (this.phase === "away" || this.phase === "over") return [];
    if (this.phase === "playing" && now_ms - this._since_ms >= STABLE_MS) {
      this._reconnecting.stable();
      this._hello_astray = false;
    }
    if (code === REPLACED && this._hello_astray) {  // by our own hello of before, which arrived late
      code = null;
      this._hello_astray = false;
    } else if (this.phase === "greeting") this._hello_astray = true;
    const wait_ms = this._reconnecting.wait_ms(code, after_ms, roll);
    this._disconnected();
    if (wait_ms === null) {
      const known = CLOSES[code || 0];
      return [this._over(known ? known.name : "closed", reason || `the server closed the connection (${code})`)];
    }
    this._connect_ms = now_ms + wait_ms;
    return [{ lost: { after_ms: wait_ms } }];
  }

  /** Connect now instead of later. @param {number} now_ms @returns {Action[]} */
  hurry(now_ms) {
    if (this.phase !== "away" || this._connect_ms === null) return [];
    this._connect_ms = now_ms;
    return this._due(now_ms, 0);
  }

  /** After `over`: begin anew with another token of the same player. @param {string} token @param {number} now_ms @returns {Action[]} */
  renew(token, now_ms) {
    if (this.phase !== "over") return [];
    this.token = token;
    this.phase = "away";
    return this.start(now_ms);
  }

  /** Do what is due; nothing, if `wake_ms` is not there yet. @param {number} now_ms @param {number} roll @returns {Action[]} */
  tick(now_ms, roll) {
    const wake_ms = this.wake_ms();
    return wake_ms === null || now_ms < wake_ms ? [] : this._due(now_ms, roll);
  }

  /** @param {number} now_ms @param {number} roll @returns {Action[]} */
  _due(now_ms, roll) {
    if (this.phase === "away") {
      this.phase = "connecting";
      this._since_ms = now_ms;
      this._connect_ms = null;
      return [{ connect: {} }];
    }
    if (this.phase === "connecting") return this._drop("connect_timeout", now_ms, roll);
    if (this.phase === "greeting") return this._drop("hello_timeout", now_ms, roll);
    if (this.phase === "playing" && now_ms >= this._alive_ms()) {
      if (this.requests.oldest_ms() !== null) {
        this._time_outs = Math.min(this._time_outs + 1, DOUBLINGS_MAX);
        return this._drop("answer_timeout", now_ms, roll);
      }
      this.requests.question("ping", {}, true);
    }
    return this._flush(now_ms);
  }

  /** @param {string} why @param {number} now_ms @param {number} roll @returns {Action[]} */
  _drop(why, now_ms, roll) {
    return [{ drop: { why } }, ...this.closed(now_ms, roll)];
  }

  _disconnected() {
    this.phase = "away";
    this.requests.disconnected();
    this._clock.disconnected();
  }

  /** @param {string} code @param {string} msg @returns {Action} */
  _over(code, msg) {
    this.phase = "over";
    return { over: { code, msg, unanswered: this.requests.ids() } };
  }

  // ---- requests

  /** Take a command; it is sent until it is answered, executed once. @param {string} op @param {Message} fields @param {number} now_ms
   * @returns {[number, Action[]]} its id, and actions */
  command(op, fields, now_ms) {
    const request = this.requests.command(op, fields);
    return [request.id, this._flush(now_ms)];
  }

  /** Take commands that another run of this device left. @param {Message[]} commands @param {number} now_ms @returns {Action[]} */
  adopt(commands, now_ms) {
    this.requests.restore(commands);
    return this._flush(now_ms);
  }

  /** Take a question: it has no key, and is sent until answered. @param {string} op @param {Message} fields @param {number} now_ms
   * @returns {[number, Action[]]} */
  ask(op, fields, now_ms) {
    const request = this.requests.question(op, fields);
    return [request.id, this._flush(now_ms)];
  }

  /** The device's time jumped: what is known of the server's is asked for anew. @param {number} now_ms @returns {Action[]} */
  doubt_clock(now_ms) {
    this._clock.disconnected();
    if (this.phase === "playing") this.requests.question("ping", {}, true);
    return this._flush(now_ms);
  }

  /** Give a question up. A command cannot be given up. @param {number} id */
  forget(id) {
    const request = this.requests.get(id);
    if (request && !request.n) this.requests.answered(request);
  }

  /** Listen to a hunt, from what was seen of it. @param {string} hunt @param {number} now_ms @returns {Action[]} */
  follow(hunt, now_ms) {
    this.hunts.follow(hunt);
    return this.phase === "playing" ? this._resume(hunt, now_ms) : [];
  }

  /** Stop listening to a hunt; the player stays in it. @param {string} hunt @param {number} now_ms @returns {Action[]} */
  leave(hunt, now_ms) {
    if (this.hunts.leave(hunt) && this.phase === "playing") this.requests.question("leave", { hunt }, true);
    return this._flush(now_ms);
  }

  /** @param {string} hunt @param {number} now_ms @returns {Action[]} */
  _resume(hunt, now_ms) {
    const following = this.hunts.follow(hunt);
    following.asked = true;
    this.requests.question("resume", following.point(hunt), true);
    return this._flush(now_ms);
  }

  /** @param {number} now_ms @returns {Action[]} */
  _flush(now_ms) {
    return this.phase === "playing" ? this.requests.sendable(now_ms).map(({ message }) => ({ send: message })) : [];
  }

  // ---- what comes in

  /** Take a message of the present connection, as its JSON text. @param {string} text @param {number} now_ms @param {number} roll @returns {Action[]} */
  received(text, now_ms, roll) {
    if (this.phase !== "greeting" && this.phase !== "playing") return [];
    let message;
    try { message = JSON.parse(text); } catch { message = null; }
    const m = envelope(message);
    if (m === null) return this._drop("bad_message", now_ms, roll);
    this._heard_ms = now_ms;
    if (m.id !== null) return this._reply(m, message, now_ms, roll);
    if (m.t === "event") return this._mended(this.hunts.event(m, message), now_ms, roll);
    if (m.t === "snapshot") return this.hunts.snapshot(m, message);
    if (m.t === "state") return this.hunts.state(m, message);
    if (m.t === "piece") return this._piece(m, message.data, now_ms, roll);
    return m.t === "sys" ? this._told(m, message) : [];
  }

  /** Take a piece of a large push: the last one completes it, and what came meanwhile follows it.
   * @param {any} m @param {any} data @param {number} now_ms @param {number} roll @returns {Action[]} */
  _piece(m, data, now_ms, roll) {
    const text = this.hunts.piece(m, data);
    if (text === undefined) return this._drop("bad_message", now_ms, roll);
    if (text === null) return [];
    const held = this.hunts.held(m.hunt);
    const done = this.received(text, now_ms, roll);
    for (const late of held) done.push(...this._mended(this.hunts.late(m.hunt, late.m, late.message), now_ms, roll));
    return done;
  }

  /** Take a word of the server about the connection itself. @param {any} m @param {Message} message @returns {Action[]} */
  _told(m, message) {
    if (m.op === "resumed") return this.hunts.resumed(m);
    if (m.op === "refused") return this.hunts.refused(m.hunt, message.err ?? null);
    if (m.op !== "goaway") return [];
    this._reconnecting.told(m.after_ms);
    return [{ goaway: { after_ms: m.after_ms } }];
  }

  /** Resume a hunt that has a gap. A gap in what a resume brought is not resumed again on this connection.
   * @param {Action[]} actions @param {number} now_ms @param {number} roll @returns {Action[]} */
  _mended(actions, now_ms, roll) {
    const found = actions.find(({ gap }) => gap && gap.hunt);
    const following = found?.gap && this.hunts.get(found.gap.hunt);
    if (!found?.gap || !following) return actions;
    if (following.asked) return actions.filter((action) => action !== found);  // it is told, and asked for, already
    if (!following.whole) return [...actions, ...this._drop("gap", now_ms, roll)];
    following.whole = false;
    return [...actions, ...this._resume(found.gap.hunt, now_ms)];
  }

  // ---- answers

  /** @param {any} m @param {Message} reply @param {number} now_ms @param {number} roll @returns {Action[]} */
  _reply(m, reply, now_ms, roll) {
    if (this.phase === "greeting") return m.id === HELLO ? this._welcome(m, reply, now_ms, roll) : [];
    const request = this.requests.get(m.id);
    if (!request || request.sent_ms === null) return [];  // a further answer, to a further copy
    if (now_ms - request.sent_ms <= TIMING.answer_ms) this._time_outs = 0;
    if (m.err) {
      const wait_ms = resend_ms(m.err.code, m.err.after_ms, request.tries, roll);
      if (wait_ms !== null) {
        this.requests.again(request, now_ms + wait_ms);
        return [];
      }
    }
    this.requests.answered(request);
    const { hunt = "", op } = request.message;
    if (request.own) return this._own_reply(request, m, reply, now_ms);
    if (op === "join" && !m.err) this.hunts.follow(hunt);  // its snapshot comes next
    const { gaps } = this.hunts.told(hunt, m);
    return [{ answer: reply }, ...this._mended(gaps, now_ms, roll), ...this._flush(now_ms)];
  }

  /** @param {import("./requests.js").Request} request @param {any} m @param {Message} reply @param {number} now_ms @returns {Action[]} */
  _own_reply({ message, sent_ms }, m, reply, now_ms) {
    /** @type {Action[]} */
    let told = [];
    if (message.op === "ping" && !m.err) this._clock.heard(reply.ok.ts, /** @type {number} */ (sent_ms), now_ms);
    else if (message.op === "resume" && m.err) told = this.hunts.refused(message.hunt, reply.err);
    return [...told, ...this._flush(now_ms)];
  }

  /** @param {any} m @param {Message} reply @param {number} now_ms @param {number} roll @returns {Action[]} */
  _welcome(m, reply, now_ms, roll) {
    if (m.err && !m.err.retry) {
      this._disconnected();
      return [{ drop: { why: "hello_refused" } }, this._over(m.err.code, m.err.msg || m.err.code)];
    }
    if (m.err) return [{ drop: { why: "hello_refused" } }, ...this.closed(now_ms, roll, TURNED_AWAY, "", m.err.after_ms ?? null)];
    this._clock.heard(reply.ok.now_ms, this._since_ms, now_ms);
    this.token = reply.ok.token || this.token;
    const again = this._greeted;
    this._greeted = true;
    this.phase = "playing";
    this._since_ms = now_ms;
    const [to_follow, to_leave] = this.hunts.since_hello();
    for (const hunt of to_leave) this.requests.question("leave", { hunt }, true);
    const resumes = to_follow.flatMap((hunt) => this._resume(hunt, now_ms));
    return [{ greeted: { about: reply.ok, again } }, ...resumes, ...this._flush(now_ms)];
  }
}

/** @type {{[field: string]: [string, any]}} */
const FIELDS = {
  id: ["number", null], pos: ["number", -1], ch: ["string", ""], prev: ["number", -1], t: ["string", ""], hunt: ["string", ""], seq: ["number", 0],
  op: ["string", ""], recovered: ["boolean", null], after_ms: ["number", 0], channels: ["object", {}], err: ["object", null],
  n: ["number", 0], of: ["number", 0],
};

/** Return the fields of a message that a client acts on; null: it is none, or one has a wrong type. @param {any} message */
function envelope(message) {
  if (message === null || typeof message !== "object" || Array.isArray(message)) return null;
  /** @type {{[field: string]: any}} */
  const m = {};
  for (const [name, [type, usual]] of Object.entries(FIELDS)) {
    const value = message[name] ?? usual;
    if (value !== usual && (typeof value !== type || (type === "number" && !Number.isInteger(value)))) return null;
    m[name] = value;
  }
  if (m.err && typeof m.err.code !== "string") return null;
  return /** @type {any} */ (m);
}
