// The console by keys alone. Nothing happens while something is typed or asked.

import { html } from "../vendor/lit-html/lit-html.js";
import * as acts from "./acts.js";
import { show } from "./dialogs.js";
import { QUEUE_KEYS, queue_key } from "./queue.js";
import { accept_first, chosen_index, clue_box, rows, team_box } from "./run.js";
import { changed, state } from "./store.js";
import { h } from "./words.js";

const KEYS = /** @type {const} */ (["/", "j", "k", "Enter", "a", "h", "n", "s", "q", "?"]);

export function show_keys() {
  const line = (/** @type {string} */ key, /** @type {string} */ words) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`;
  show(h("keys"), () => html`<dl class="keys">${KEYS.map((key) => line(key, h(/** @type {any} */ (`keys.${key}`))))}</dl><h3>${h("queue")}</h3>
    <dl class="keys">${Object.entries(QUEUE_KEYS).map(([key, what]) => line(key, h(`queue.${what}`)))}</dl>`);
}

/** @param {KeyboardEvent} event */
export function pressed(event) {
  let target = /** @type {HTMLElement} */ (event.target);
  // A dialog that has just closed may keep the focus until the page is drawn again: what is pressed then is for the page.
  if (target.closest("dialog:not([open])")) target = document.body;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (target.closest("input, textarea, select")) return void (event.key === "Escape" && target.blur());
  if (event.key === "?") return show_keys();
  if (event.key === "q" && state.run) return void (location.hash = `${state.route.view === "queue" ? "run" : "queue"}/${encodeURIComponent(state.run.hunt)}`);
  if (state.route.view === "queue") return void (!(event.key === "Enter" && target.closest("button, a, summary")) && queue_key(event.key) && event.preventDefault());
  if (state.route.view !== "run" || !state.run?.head) return;
  const found = rows(), chosen = chosen_index(found);
  const go = (/** @type {number} */ to) => ((state.chosen = found[Math.max(0, Math.min(found.length - 1, to))]?.id || ""), changed());
  /** @type {{[key: string]: () => void}} */
  const does = {
    "/": () => document.getElementById("find")?.focus(),
    j: () => go(chosen + 1),
    k: () => go(chosen - 1),
    Enter: () => !target.closest("button, a") && team_box(),
    a: accept_first,
    h: hardest,
    n: () => acts.announce(),
    s: () => (Object.assign(state, { sort: state.sort === "stuck" ? "place" : "stuck", chosen: "" }), changed()),
  };
  const act = does[event.key];
  if (!act || (event.key === "Enter" && target.closest("button, a"))) return;
  event.preventDefault();
  act();
}

/** Open the clue that holds up most teams: where help is wanted first. */
function hardest() {
  const order = (state.run?.order || []).filter(({ out }) => !out);
  const held = (state.run?.head?.clues || []).map((_, i) => order.filter(({ cells }) => /[1-9]/.test(cells[i])).length);
  if (held.length) clue_box(held.indexOf(Math.max(...held)));
}
