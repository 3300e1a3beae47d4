// How long a client waits, and what time it is at the server. Pure; the formulas stand in docs/clients.md.

import { RESEND } from "./codes.js";

export const RECONNECT_FIRST_MS = 250;
export const RECONNECT_MAX_MS = 15_000;
export const STABLE_MS = 5_000;
const DELAYED_FIRST_MS = 1_000;
const RESEND_MAX_MS = 5_000;
const DOUBLINGS_MAX = 10;

/** @param {number} first @param {number} times */
const doubled = (first, times) => first * 2 ** Math.min(times, DOUBLINGS_MAX);

/**
 * Return the wait before a refused command goes again with the same key; null: the refusal is its answer.
 * @param {string} code @param {number | null | undefined} after_ms @param {number} tries @param {number} roll
 * @returns {number | null}
 */
export function resend_ms(code, after_ms, tries, roll) {
  const delay_ms = RESEND.get(code);
  if (delay_ms === undefined) return null;
  const first = after_ms || delay_ms;
  return Math.floor(Math.max(first, Math.min(doubled(first, tries), RESEND_MAX_MS)) * (1 + roll / 2));
}

/** When to connect again, as close codes, `goaway` and earlier failures say. */
export class Reconnecting {
  constructor() {
    this._fails = 0;
    /** @type {number | null} */
    this._away_ms = null;
  }

  /** Note what a `goaway` asks for; it holds for the end of this connection. @param {number} after_ms */
  told(after_ms) { this._away_ms = Math.max(after_ms, 0); }

  /** The connection that ends now was a good one: failures are counted anew. */
  stable() { this._fails = 0; }

  /**
   * Return the wait after a connection's end; null: do not come back.
   * @param {number | null} code @param {number | null} after_ms @param {number} roll @returns {number | null}
   */
  wait_ms(code, after_ms, roll) {
    if (code !== null && code >= 4000 && code < 4100) return null;
    const asked = after_ms ?? this._away_ms, fails = this._fails;
    this._fails += 1;
    this._away_ms = null;
    if (asked !== null) return after_ms !== null ? Math.floor(asked * (1 + roll / 2)) : asked;
    if (code !== null && code >= 4200 && code < 4300 && !fails) return 0;
    const first = code !== null && code >= 4100 && code < 4200 ? DELAYED_FIRST_MS : RECONNECT_FIRST_MS;
    return Math.floor(Math.min(doubled(first, fails), RECONNECT_MAX_MS) * (0.5 + roll));
  }
}

/** The server's time: half-way between asking and hearing; of one connection's words that with the shortest trip counts. */
export class ServerClock {
  constructor() {
    /** @type {number | null} */
    this._offset_ms = null;
    this._trip_ms = Infinity;
  }

  /** @param {number} server_ms @param {number} asked_ms @param {number} now_ms */
  heard(server_ms, asked_ms, now_ms) {
    if (now_ms - asked_ms > this._trip_ms) return;
    this._trip_ms = now_ms - asked_ms;
    this._offset_ms = server_ms - Math.floor((asked_ms + now_ms) / 2);
  }

  disconnected() { this._trip_ms = Infinity; }

  /** @param {number} now_ms @returns {number | null} null before the server's first word */
  server_ms(now_ms) { return this._offset_ms === null ? null : now_ms + this._offset_ms; }
}
