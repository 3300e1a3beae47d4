// Everything that the console shows, in one place. Views are functions of it; whoever changes it says `changed()`.

import * as kept from "../player/kept.js";
import { changed, drawn_by } from "../player/store.js";

export { changed, drawn_by };

/** @typedef {import("./teams.js").Run} Run */
/** @typedef {{token: string, player: string, name: string, role: string}} Me */
/** @typedef {{hunt: string, title?: string, phase?: string, players?: number, teams?: number, clues?: number, started_ms?: number,
 *   ends_ms?: number, mine?: boolean}} Listed */
/** @typedef {{path: string, what: string, cure: string, line: number}} Problem */
/** @typedef {{hunt: string, fresh: boolean, text: string, saved: string, style: string, phase: string, problems: Problem[], page: any,
 *   base: string, basis: string, theirs: {text: string, base: string} | null,
 *   state: "loading" | "typing" | "checking" | "checked" | "failed", err: any, busy: boolean, rehearsal?: import("./rehearsing.js").Rehearsal}} Edit
 * `base`, `basis`: digest of the text that this one was made from, and that text as the server writes it; `theirs`: what another
 * has made of it meanwhile */

const GOOD_MS = 8000, BAD_MS = 30_000;  // so long a word stays, if nothing else is done

/** @returns {Me | null} */
export function kept_me() {
  const me = kept.get("host.me");
  return me && me.token ? me : null;
}

/** @param {Me | null} me */
export function keep_me(me) {
  state.me = me;
  kept.put("host.me", me);
}

export const state = {
  me: kept_me(),
  /** @type {{busy: boolean, err: any}} signing in by a link */
  signing: { busy: false, err: null },
  /** @type {{state: import("../client.js").State, about: any, ever: boolean}} */
  link: { state: "idle", about: {}, ever: false },
  /** @type {{view: string, hunt: string}} */
  route: { view: "hunts", hunt: "" },
  /** @type {{loading: boolean, failed: boolean, rows: Listed[]}} */
  hunts: { loading: false, failed: false, rows: [] },
  /** @type {Run | null} */
  run: null,
  /** @type {any} why the hunt cannot be run from here */
  barred: null,
  /** @type {Edit | null} */
  edit: null,
  /** @type {any} what lies above the page until it is dealt with; its `kind` says what */
  dialog: null,
  /** @type {{tone: "good" | "bad", text: string} | null} what became of the last thing done */
  note: null,
  /** @type {any} what /readyz says */
  health: null,
  /** @type {any[]} guesses and solves by clue and hour */
  hours: [],
  /** @type {import("./queue.js").Queue | null} what teams ask */
  queue: null,
  picked: 0,
  find: "",
  /** @type {"place" | "stuck" | "name"} */
  sort: "place",
  chosen: "",          // id of the team that is chosen on the board
};

/** Say what became of something, until the next word. @param {"good" | "bad"} tone @param {string} text */
export function note(tone, text) {
  const made = (state.note = { tone, text });
  setTimeout(() => state.note === made && ((state.note = null), changed()), tone === "good" ? GOOD_MS : BAD_MS);
  changed();
}
