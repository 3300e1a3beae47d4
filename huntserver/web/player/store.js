// Everything that the page shows, in one place. Views are functions of it; whoever changes it says `changed()`.

import * as kept from "./kept.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {{hunt: string, title?: string, intro?: string, phase?: string, mode?: string, opens_ms?: number, starts_ms?: number,
 *   started_ms?: number, ends_ms?: number, brackets?: string[], clues_total?: number, players?: number}} Card */
/** @typedef {{place: number, team: string, name: string, score: number, solved: number, at_ms: number, bracket?: string,
 *   finished?: boolean, used_ms?: number}} Row */
/** An answer at the thing that it is about: what became of the last thing tried there.
 * @typedef {{tone: "wait" | "right" | "near" | "wrong" | "refused", text?: string, op?: string, sent?: string, ok?: any, err?: any, at_ms: number}} Answer */
/** @typedef {{type: string, at_ms: number, own: boolean, event: any}} Moment what was heard while the page was open */
/** @typedef {{text: string, verdict: string, at_ms: number}} Tried */
/** @typedef {{loading: boolean, failed: boolean, cards: Card[], chosen: string, how: "new" | "code" | "pair", busy: boolean, asked: string, waits: string,
 *   fault: {field: "name" | "team" | "code" | "pair" | "hunt", err: any} | null}} Door */

/** @typedef {{clue: string, at_ms: number, points: number, rank: number, pos?: number, link?: string}} Solve */
/** @typedef {{clue: string, number: number, title: string, text: string}} Solution */
/** @typedef {typeof state} State */
export const state = {
  /** @type {kept.Me | null} */
  me: kept.me(),
  /** @type {{state: import("../client.js").State, about: any, ever: boolean}} */
  link: { state: "idle", about: {}, ever: false },
  waiting: 0,
  lasting: true,
  newer: false,
  /** @type {{view: string, id: string}} */
  route: { view: "clues", id: "" },
  hunt: "",
  /** @type {Page | null} */
  page: null,
  kept_ms: 0,          // when the page shown was heard, while the server has not been; 0: it is the server's
  /** @type {{rows: Row[], teams: number, mine?: Row | null, frozen_ms?: number} | null} */
  board: null,
  /** @type {[number, number][]} own points over time: server's ms, score */
  history: [],
  /** @type {{hunt: string, solves: {[clue: string]: Solve}, solutions: Solution[], looks: number} | null} what is told after the end */
  receipt: null,
  /** @type {{count?: number, here?: string[]}} who is connected, as far as it is known */
  present: {},
  /** @type {Moment[]} */
  moments: [],
  /** @type {{[thing: string]: Answer | undefined}} */
  answers: {},
  /** @type {{[clue: string]: Tried[]}} */
  tried: {},
  /** @type {{number: number, rank: number, points: number, title: string, at_ms: number} | null} */
  stamp: null,
  /** @type {{[view: string]: boolean}} */
  unread: {},
  /** @type {{kind: string, [field: string]: any} | null} a sheet above the page */
  sheet: null,
  /** @type {Door} */
  door: { loading: true, failed: false, cards: [], chosen: "", how: "new", busy: false, asked: "", waits: "", fault: null },
  /** @type {{lat: number, lon: number, accuracy_m: number, at_ms: number} | null} */
  position: null,
  /** @type {{lat: number, lon: number, number: number, right: boolean}[]} where this device checked in */
  places: [],
};

/** @type {() => void} */
let draw = () => {};
let due = false;

/** Say what draws the page. @param {() => void} how */
export function drawn_by(how) { draw = how; }

/** The state changed: the page is drawn once everything that happens now has happened. */
export function changed() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    draw();
  });
}
