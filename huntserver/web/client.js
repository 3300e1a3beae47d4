// A client of the protocol for browsers: a session on a WebSocket, with its unanswered commands kept. No build step.
//
//   const client = await Client.open({ url: "ws://127.0.0.1:8080/ws", token, player });
//   client.on_push = (message) => ...; client.on_state = (state, about) => ...;
//   await client.start();
//   const { ok, err } = await client.command("guess", { hunt: "museum", clue: "cloakroom", text: "map" });

import { DeviceClock } from "./client/clock.js";
import { Outbox } from "./client/outbox.js";
import { TooManyWaiting } from "./client/requests.js";
import { Session } from "./client/session.js";
import { Texts } from "./client/texts.js";

export { Outbox, Session, Texts, TooManyWaiting };

/** @typedef {import("./client/requests.js").Message} Message */
/** @typedef {import("./client/session.js").Action} Action */
/**
 * `idle`: not begun. `connecting`: on the way. `online`: the server knows us. `waiting`: comes back by itself at
 * `about.at_ms`. `over`: comes back only by `again`; `about.code` says why.
 * @typedef {"idle" | "connecting" | "online" | "waiting" | "over"} State
 * @typedef {{[field: string]: any}} About
 */

const KEYS_LOW = 200;    // so few are left: time to take the next block
const PROBE_MS = 4_000;  // silence after a look at a doubtful connection: it is dead

export class Client {
  /** @param {string} url @param {string} player whose commands these are @param {Session} session @param {Outbox} outbox */
  constructor(url, player, session, outbox) {
    this.url = url;
    this.player = player;
    this.session = session;
    this.outbox = outbox;
    /** Hear events, snapshots, states, `sys` words. @type {(message: Message) => void} */
    this.on_push = () => {};
    /** Hear a final answer, also to a command that an earlier run made. @type {(request: Message, reply: Message) => void} */
    this.on_answer = () => {};
    /** Hear that the connection's state changed. @type {(state: State, about: About) => void} */
    this.on_state = () => {};
    /** @type {State} */
    this.state = "idle";
    /** @type {WebSocket | null} */
    this._socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._timer = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._probing = undefined;
    /** @type {Map<number, Message>} requests by id, for those who hear the answer */
    this._asked = new Map();
    /** @type {Map<number, (reply: Message) => void>} */
    this._waiting = new Map();
    /** @type {Action[]} */
    this._queue = [];
    this._acting = false;
    this._reserving = false;
    this._goaway = false;
    this._listeners = new AbortController();
    this._clock = new DeviceClock(Date.now(), performance.now());
  }

  /** Make a client; `start` connects it. With `texts` pages name by digest what is the same for all (client/texts.js).
   * @param {{url: string, token: string, player: string, outbox?: Outbox, texts?: boolean, presence?: boolean, big_board?: boolean}} about
   * `presence`: say who is connected, too; `big_board`: say to a host that something happened that nothing else tells of */
  static async open({ url, token, player, outbox, texts = false, presence = false, big_board = false }) {
    const kept = outbox || (await Outbox.open());
    const takes = ["pieces", ...(texts ? ["texts"] : []), ...(presence ? ["presence"] : []), ...(big_board ? ["big_board"] : [])];
    return new Client(url, player, new Session({ token, epoch: kept.epoch, n: kept.n, takes }), kept);
  }

  /** Connect, take over what waits from earlier, and watch for signs that the connection may have changed. */
  async start() {
    await this.adopt();
    this._watch();
    this._turn("connecting", {});
    this._do(this.session.start(this._now()));
  }

  /** Take over commands that another run or tab of this player left unanswered. */
  async adopt() {
    this._do(this.session.adopt(await this.outbox.waiting(this.player), this._now()));
  }

  /** Connect: now instead of later, or again after `over`. @param {string} [token] in place of the old one */
  again(token) {
    const now_ms = this._now();
    const actions = this.session.phase === "over" ? this.session.renew(token || this.session.token, now_ms) : this.session.hurry(now_ms);
    if (actions.length) this._turn("connecting", {});
    this._do(actions);
  }

  /** There is a reason to doubt the connection (woken up, the net came back): look whether it lives, or connect. */
  probe() {
    if (this.session.phase !== "playing") return this.session.phase === "away" ? this.again() : undefined;
    const socket = this._socket;
    clearTimeout(this._probing);
    this._probing = setTimeout(() => {
      if (socket !== this._socket || this.session.phase !== "playing") return;
      this._drop();
      this._do(this.session.closed(this._now(), Math.random()));
    }, PROBE_MS);
    const [id, actions] = this.session.ask("ping", {}, this._now());
    this._waiting.set(id, () => clearTimeout(this._probing));
    this._do(actions);
  }

  /** Disconnect for good. */
  stop() {
    this._listeners.abort();
    clearTimeout(this._timer);
    clearTimeout(this._probing);
    this._drop();
    this.on_push = this.on_answer = this.on_state = () => {};
  }

  /**
   * Send a command; resolves with its reply (`ok` or `err`), over any number of connections. Throws `TooManyWaiting`.
   * @param {string} op @param {Message} fields @returns {Promise<Message>}
   */
  command(op, fields) {
    const [id, actions] = this.session.command(op, fields, this._now());
    const request = /** @type {import("./client/requests.js").Request} */ (this.session.requests.get(id));
    void this.outbox.put(this.player, request.message);
    void this._top_up();
    return this._answer(id, actions);
  }

  /** Ask a question. @param {string} op @param {Message} fields @returns {Promise<Message>} */
  ask(op, fields) {
    return this._answer(...this.session.ask(op, fields, this._now()));
  }

  /** Listen to a hunt. @param {string} hunt */
  follow(hunt) { this._do(this.session.follow(hunt, this._now())); }

  /** Listen no more. @param {string} hunt */
  leave(hunt) { this._do(this.session.leave(hunt, this._now())); }

  /** Return the commands that wait for an answer, oldest first. @returns {Message[]} */
  waiting() { return this.session.requests.commands(); }

  /** Return the server's time, ms since 1970. */
  now_ms() { return this.session.server_ms(this._now()) ?? Date.now(); }

  /** This device's time; after a sleep, or when its clock was set, the server's is asked for anew. */
  _now() {
    const now_ms = this._clock.read(Date.now(), performance.now());
    if (this._clock.jumped) queueMicrotask(() => this._do(this.session.doubt_clock(this._now())));
    this._clock.jumped = false;
    return now_ms;
  }

  /** @param {number} id @param {Action[]} actions @returns {Promise<Message>} */
  _answer(id, actions) {
    const answer = new Promise((/** @type {(reply: Message) => void} */ resolve) => this._waiting.set(id, resolve));
    this._do(actions);
    return answer;
  }

  async _top_up() {
    const { requests } = this.session;
    if (this._reserving || this.outbox.n_max - requests.n > KEYS_LOW) return;
    this._reserving = true;
    try {
      await this.outbox.reserve();
      requests.n = this.outbox.n;  // the rest of the old block is never used
    } finally {
      this._reserving = false;
    }
  }

  _watch() {
    const { signal } = this._listeners;
    const probe = () => this.probe();
    // Hints only: what they say is tried, not believed.
    for (const hint of ["online", "offline", "pageshow"]) addEventListener(hint, probe, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && probe(), { signal });
  }

  /** Carry out what the session wants, in order, and set the clock for its next wish. @param {Action[]} actions */
  _do(actions) {
    this._queue.push(...actions);
    if (this._acting) return;  // from within: what is new comes after what is under way
    this._acting = true;
    try {
      for (let action = this._queue.shift(); action; action = this._queue.shift()) this._one(action);
    } finally {
      this._acting = false;
    }
    clearTimeout(this._timer);
    const wake_ms = this.session.wake_ms();
    if (wake_ms !== null) this._timer = setTimeout(() => this._tick(), Math.max(0, wake_ms - this._now()));
  }

  _tick() {
    const actions = this.session.tick(this._now(), Math.random());
    if (actions.some(({ connect }) => connect)) this._turn("connecting", {});
    this._do(actions);
  }

  /** @param {Action} action */
  _one({ connect, drop, send, greeted, lost, over, answer, event, snapshot, state, resumed, refused, goaway }) {
    if (send) this._send(send);
    else if (answer) this._answered(answer);
    else if (event || snapshot || state) this.on_push(/** @type {Message} */ (event || snapshot || state));
    else if (connect) this._connect();
    else if (drop) this._drop();
    else if (greeted) this._turn("online", greeted.about);
    else if (lost) this._turn("waiting", { at_ms: Date.now() + lost.after_ms, goaway: this._goaway });
    else if (over) this._turn("over", over);
    else if (resumed) this.on_push({ t: "sys", op: "resumed", ...resumed });
    else if (refused) this.on_push({ t: "sys", op: "refused", ...refused });
    else if (goaway) this._goaway = true;
  }

  /** @param {Message} message */
  _send(message) {
    this._asked.set(message.id, message);
    this._socket?.send(JSON.stringify(message));
  }

  /** @param {State} state @param {About} about */
  _turn(state, about) {
    this.state = state;
    if (state === "online") this._goaway = false;
    for (const id of this._asked.keys()) if (!this.session.requests.get(id)) this._asked.delete(id);  // the session's own
    this.on_state(state, about);
  }

  /** @param {Message} reply */
  _answered(reply) {
    const request = this._asked.get(reply.id) || { id: reply.id, op: "" };
    this._asked.delete(reply.id);
    if (request.key !== undefined) void this.outbox.drop(request);
    this.on_answer(request, reply);
    this._waiting.get(reply.id)?.(reply);
    this._waiting.delete(reply.id);
  }

  _connect() {
    this._drop();
    const socket = new WebSocket(this.url, ["huntserver.v1.json"]);
    this._socket = socket;
    /** @param {() => Action[]} tell of this socket, if it is still the one */
    const told = (tell) => {
      if (socket === this._socket) this._do(tell());
    };
    socket.onopen = () => told(() => this.session.connected(this._now()));
    socket.onmessage = ({ data }) => told(() => {
      clearTimeout(this._probing);  // whatever comes shows that it lives: on a slow network an answer waits behind a page
      return this.session.received(data, this._now(), Math.random());
    });
    socket.onclose = ({ code, reason }) => told(() => {
      this._socket = null;
      return this.session.closed(this._now(), Math.random(), code >= 4000 ? code : null, reason);
    });
  }

  _drop() {
    const socket = this._socket;
    this._socket = null;  // what it still says is not heard
    if (socket) socket.close();
  }
}
