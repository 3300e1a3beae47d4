// The requests that have no final answer: which may be sent, which were sent, which wait to go again. Pure.
//
// Owns the key counter. Protocol, rule 2: N counts up and is never used twice, and is not sent before N-16 is answered.

const WINDOW = 16;
const QUEUED_MAX = 1_000;

/** @typedef {{[field: string]: any}} Message */
/** `n`: its key, 0 for a question; `own`: the session's, which ends with its connection.
 * @typedef {{id: number, message: Message, n: number, own: boolean, tries: number, sent_ms: number | null, due_ms: number | null}} Request */

/** A command was not taken: too many have no answer. */
export class TooManyWaiting extends Error {}

export class Requests {
  /** @param {number} n the last N that was used */
  constructor(n) {
    this.n = n;
    this._next_id = 1;
    /** @type {Map<number, Request>} */
    this._all = new Map();
    /** @type {Map<number, Request>} N -> command, in order */
    this._keyed = new Map();
    /** @type {Map<number, Request>} in order of sending */
    this._sent = new Map();
    /** @type {Map<number, Request>} refused for now: to be sent again */
    this._due = new Map();
    /** @type {Request[]} not sent on this connection yet */
    this._commands = [];
    /** @type {Request[]} */
    this._questions = [];
  }

  /** @param {number} id */
  get(id) { return this._all.get(id); }

  /** Return the ids of all that have no answer, in order. */
  ids() { return [...this._all.keys()]; }

  /** Return the unanswered commands in order, without their ids, which are this run's. @returns {Message[]} */
  commands() {
    return [...this._keyed.values()].map(({ message: { id: _, ...rest } }) => rest);
  }

  // ---- new ones

  /** Take a command under the next key. @param {string} op @param {Message} fields */
  command(op, fields) {
    if (this._keyed.size >= QUEUED_MAX) throw new TooManyWaiting(`${QUEUED_MAX} commands have no answer yet`);
    this.n += 1;
    return this._command(op, { ...fields, key: this.n });
  }

  /** Take commands of an earlier run, with the keys they had. @param {Iterable<Message>} commands */
  restore(commands) {
    for (const message of [...commands].sort((a, b) => a.key - b.key)) {
      if (this._keyed.has(message.key)) continue;
      this.n = Math.max(this.n, message.key);
      this._command(message.op, message);
    }
    const in_order = (/** @type {Request} */ a, /** @type {Request} */ b) => a.n - b.n;
    this._keyed = new Map([...this._keyed.values()].sort(in_order).map((request) => [request.n, request]));
    this._commands.sort(in_order);
  }

  /** @param {string} op @param {Message} fields */
  _command(op, fields) {
    const request = this._add(op, fields, fields.key, false);
    this._keyed.set(request.n, request);
    this._commands.push(request);
    return request;
  }

  /** @param {string} op @param {Message} fields @param {boolean} own */
  question(op, fields, own = false) {
    const request = this._add(op, fields, 0, own);
    this._questions.push(request);
    return request;
  }

  /** @param {string} op @param {Message} fields @param {number} n @param {boolean} own @returns {Request} */
  _add(op, fields, n, own) {
    const id = this._next_id++;
    const request = { id, message: { ...fields, id, op }, n, own, tries: 0, sent_ms: null, due_ms: null };
    this._all.set(id, request);
    return request;
  }

  // ---- on a connection

  /** Return what may be sent now, noted as sent: what is due again, new commands of the window, questions. @param {number} now_ms */
  sendable(now_ms) {
    const out = [];
    for (const request of [...this._due.values()]) {
      if (request.due_ms === null || request.due_ms > now_ms) continue;
      this._due.delete(request.id);
      out.push(this._send(request, now_ms));
    }
    while (this._commands.length && this._commands[0].n - this._lowest() < WINDOW) out.push(this._send(/** @type {Request} */ (this._commands.shift()), now_ms));
    for (const request of this._questions.splice(0)) if (this._all.has(request.id)) out.push(this._send(request, now_ms));
    return out;
  }

  _lowest() { return this._keyed.keys().next().value ?? 0; }

  /** @param {Request} request @param {number} now_ms */
  _send(request, now_ms) {
    request.sent_ms = now_ms;
    request.due_ms = null;
    this._sent.delete(request.id);
    this._sent.set(request.id, request);
    return request;
  }

  /** Send a request once more, later. @param {Request} request @param {number} due_ms */
  again(request, due_ms) {
    request.tries += 1;
    request.sent_ms = null;
    request.due_ms = due_ms;
    this._sent.delete(request.id);
    this._due.set(request.id, request);
  }

  /** Forget a request that has its final answer. @param {Request} request */
  answered(request) {
    for (const map of [this._all, this._sent, this._due]) map.delete(request.id);
    if (request.n) this._keyed.delete(request.n);
  }

  /** Nothing was sent: all of it goes again on the next connection, but for the session's own. */
  disconnected() {
    for (const request of [...this._all.values()]) if (request.own) this._all.delete(request.id);
    this._sent.clear();
    this._due.clear();
    for (const request of this._all.values()) request.sent_ms = request.due_ms = null;
    this._commands = [...this._keyed.values()];
    this._questions = [...this._all.values()].filter(({ n }) => !n);
  }

  // ---- times

  /** Return when the request that has waited longest for an answer was sent. @returns {number | null} */
  oldest_ms() {
    for (const request of this._sent.values()) return request.sent_ms;
    return null;
  }

  /** Return when refused requests go again. @returns {number[]} */
  due_ms() {
    return [...this._due.values()].flatMap(({ due_ms }) => (due_ms === null ? [] : [due_ms]));
  }
}
