// The queue: what teams ask and show, oldest first. Who has taken something up has it alone: no two hosts do the same work.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import "../player/photo_canvas.js";
import { server_now } from "../player/pieces.js";
import { moment, refusal, span } from "../player/words.js";
import { ask_for } from "./dialogs.js";
import { act } from "./hunt.js";
import { changed, state } from "./store.js";
import { h, named } from "./words.js";

/** A line of a thread is [ms, by, name, text, whether a host said it].
 * @typedef {{id: string, team: string, name: string, clue: string, title: string, thread: [number, string, string, string, boolean][], turn?: string,
 *   photo?: import("../player/fold.js").Photo, paid?: number, by?: string, by_name?: string, until_ms?: number, wrong?: number, tried?: string[], hints?: number, score?: number}} Item */
/** @typedef {{waiting: number, items: Item[], now_ms: number, closed?: Item[]}} Queue */

const ANSWER_MAX = 500, WHY_MAX = 300;

/** What the keys do with what is chosen: all that can be done with it. */
export const QUEUE_KEYS = Object.freeze({ c: "claim", a: "answer", b: "ask_back", x: "close", r: "refund" });

export function queue_view() {
  const { queue, barred, run } = state;  // a reviewer has the queue, and is barred from the board
  if (barred && !queue) return html`<p class="notice bad" role="alert">${refusal(barred)} <a href="#hunts">${h("back_to_hunts")}</a></p>`;
  if (!queue) return html`<h1>${h("queue")}</h1><div class="skeleton card"></div>`;
  const { items, closed = [], waiting } = queue;
  state.picked = Math.max(0, Math.min(state.picked, items.length - 1));
  return html`<div class="queue"><header class="run-top"><div class="run-title"><h1>${h("queue")}</h1><span class="about">${run?.title || ""}</span>
      <span class="phase ${waiting ? "waits" : ""}" role="status">${h("queue.waiting", { n: waiting })}</span></div><span class="about key-hint">${h("keys.hint")}</span></header>
    ${items.length ? html`<ol class="items" aria-label=${h("queue.open")}>${repeat(items, ({ id }) => id, (item, i) => item_view(item, i === state.picked, () => pick(i)))}</ol>`
      : html`<p class="empty">${h("queue.none")}</p>`}
    ${closed.length ? html`<details class="closed"><summary>${h("queue.closed")}</summary><ol class="items">${repeat(closed, ({ id }) => id, (item) => item_view(item, false, null))}</ol></details>` : nothing}</div>`;
}

/** @param {number} index */
function pick(index) {
  if (state.picked === index) return;
  state.picked = index;
  changed();
}

/** @param {Item} item */
const held = ({ by = "", until_ms = 0 }) => Boolean(by) && until_ms > server_now();
/** @param {Item} item */
const mine = (item) => held(item) && item.by === state.me?.player;

/** Since when somebody waits: the team's last word, or, when it is its turn, ours. @param {Item} item */
const since = ({ thread, photo }) => thread.at(-1)?.[0] || photo?.at_ms || 0;

/** @param {Item} item @param {boolean} picked @param {(() => void) | null} choose null: it is closed */
function item_view(item, picked, choose) {
  const { id, name, title, thread, turn, tried = [], wrong = 0, hints = 0, paid = 0, score = 0 } = item, age = server_now() - since(item);
  const button = (/** @type {keyof typeof DOES} */ what, tone = "plain", words = h(`queue.${what}`)) => html`<button class=${tone} data-item-act=${what} @click=${() => DOES[what](item)}>${words}</button>`;
  const other = held(item) && !mine(item);
  return html`<li class="card item ${picked ? "picked" : ""}" data-item=${id} aria-current=${picked ? "true" : nothing} @click=${choose || nothing}>
    <div class="item-head"><b dir="auto">${name}</b> <span dir="auto">${title}</span>
      <span class="about age-of">${turn === "host" ? h("queue.waits", { time: span(Math.max(1000, age)) }) : turn === "team" ? h("queue.team_turn") : item.photo ? named("verdict", item.photo.verdict || "") : h("queue.answered")}</span></div>
    <p class="about">${h("points", { n: score })} · ${h("grid.tried", { n: wrong })}${hints ? ` · ${h("queue.hints", { n: hints })}` : nothing}${paid ? ` · ${h("queue.paid", { n: paid })}` : nothing}
      ${tried.length ? html` · ${h("queue.tried")} ${tried.map((text, i) => html`${i ? ", " : nothing}<q dir="auto">${text}</q>`)}` : nothing}</p>
    <ol class="thread">${thread.map(([at_ms, , who, text, is_host]) => html`<li class=${is_host ? "host" : "own"}><span class="about"><bdi>${who || h("host")}</bdi> · ${moment(at_ms, server_now())}</span><span class="said" dir="auto">${text}</span></li>`)}</ol>
    ${item.photo ? html`<team-photo .token=${state.me?.token || ""} .words=${h("queue.photo_of", { name })} .lost=${h("again")} .address=${item.photo.address}></team-photo>${item.photo.why ? html`<p class="about" dir="auto">${item.photo.why}</p>` : nothing}` : nothing}
    <div class="item-acts">${held(item) ? html`<span class="held" data-held>${other ? h("queue.held", { name: item.by_name || item.by || "" }) : h("queue.mine")} <time-left .until=${item.until_ms || 0} @due=${changed}></time-left></span>` : nothing}
      ${!choose ? (item.photo?.verdict === "rejected" ? button("answer", "plain", h("queue.accept")) : nothing) : other ? nothing : html`${button("claim", "plain", h(held(item) ? "queue.put_back" : "queue.take"))}${item.photo ? html`${button("answer", "act", h("queue.accept"))}${button("close", "plain", h("queue.reject"))}` : html`${button("answer", "act")}${button("ask_back")}${button("close")}`}`}
      ${paid ? button("refund") : nothing}</div></li>`;
}

/** @param {Item} item @param {boolean} back */
async function write(item, back) {
  if (!mine(item) && !(await act("take_up", { question: item.id }, ""))) return;
  const last = item.thread.at(-1)?.[3] || "";
  ask_for({
    title: h(back ? "queue.ask_back_to" : "queue.answer_to", { name: item.name }), about: html`<p class="about" dir="auto">${item.title}</p><q dir="auto">${last}</q>`,
    fields: [{ name: "text", label: h(back ? "queue.ask_back" : "queue.answer"), kind: "area", max: ANSWER_MAX }], go: h("queue.send"),
    send: ({ text }) => act("answer", { question: item.id, text, ...(back ? { back: true } : {}) }, h("queue.sent")),
  });
}

/** @param {Item} item */
function reject(item) {
  ask_for({
    title: h("queue.reject_of", { name: item.name }), about: html`<p class="about" dir="auto">${item.title}</p>`,
    fields: [{ name: "text", label: h("queue.why"), kind: "area", max: WHY_MAX }], go: h("queue.reject"),
    send: ({ text }) => act("reject_photo", { photo: item.id, text }, h("queue.sent")),
  });
}

const DOES = Object.freeze({
  claim: (/** @type {Item} */ item) => void act(mine(item) ? "put_back" : "take_up", { question: item.id }, h(mine(item) ? "queue.is_back" : "queue.is_mine")),
  answer: (/** @type {Item} */ item) => void (item.photo ? act("accept_photo", { photo: item.id }, h("queue.is_accepted")) : write(item, false)),
  ask_back: (/** @type {Item} */ item) => void (item.photo || write(item, true)),
  close: (/** @type {Item} */ item) => void (item.photo ? reject(item) : act("close_question", { question: item.id }, h("queue.is_closed"))),
  refund: (/** @type {Item} */ item) => void (item.photo || act("refund", { question: item.id }, h("queue.refunded"))),
});

/** Do by a key what can be done with what is chosen. @param {string} key @returns {boolean} whether it is a key of the queue */
export function queue_key(key) {
  const items = state.queue?.items || [], item = items[state.picked];
  const steps = /** @type {{[key: string]: number}} */ ({ j: 1, k: -1 });
  if (key in steps) pick(Math.max(0, Math.min(items.length - 1, state.picked + steps[key])));
  else if (key === "Enter" && item) DOES.answer(item);
  else if (key in QUEUE_KEYS && item && !(held(item) && !mine(item))) DOES[QUEUE_KEYS[/** @type {keyof typeof QUEUE_KEYS} */ (key)]](item);
  else return false;
  document.querySelectorAll(".item")[state.picked]?.scrollIntoView({ block: "nearest" });
  return true;
}
