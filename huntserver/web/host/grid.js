// The big board: teams by clues, as a grid of which only what is on the screen stands in the document.
//
// Three thousand teams by twenty clues are sixty thousand cells; what is drawn is what one sees and a little more. It draws
// itself as it is scrolled, without the rest of the page.

import { html, nothing, render } from "../vendor/lit-html/lit-html.js";
import { Directive, directive } from "../vendor/lit-html/directive.js";
import { noChange } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { span } from "../player/words.js";
import { stuck_ms, warmth } from "./teams.js";
import { h } from "./words.js";

/** @typedef {import("./teams.js").Team} Team */
/** @typedef {import("./teams.js").Head} Head */

export const ROW = 40, COLUMN = 44, NAME = 272, HEAD = 44;
const MORE = 4;  // rows and columns beyond the edge
const SLOTS = 8;  // rows in the document are a multiple of this

/** Puts its element at a place: styles in attributes are not allowed here. */
const at = directive(class extends Directive {
  /** @param {number} _x @param {number} _y */
  render(_x, _y) { return nothing; }
  /** @param {any} part @param {[number, number]} place */
  update({ element }, [x, y]) {
    element.style.transform = `translate(${x}px, ${y}px)`;
    return noChange;
  }
});

/** `<big-board>`: takes `.rows`, `.head`, `.now`, `.chosen`; says `team` and `clue` with what was pressed. */
class BigBoard extends HTMLElement {
  constructor() {
    super();
    /** @type {Team[]} */
    this._rows = [];
    /** @type {Head | null} */
    this._head = null;
    this._now = 0;
    this._chosen = 0;
    this._focused = "";  // id of the team whose button has the focus
    this._due = false;
    /** @type {ResizeObserver | null} */
    this._watch = null;
  }

  set rows(/** @type {Team[]} */ rows) { this._rows = rows; this._draw_soon(); }
  set head(/** @type {Head | null} */ head) { this._head = head; this._draw_soon(); }
  set now(/** @type {number} */ now) { this._now = now; }
  set chosen(/** @type {number} */ chosen) {
    if (chosen === this._chosen) return;
    this._chosen = chosen;
    this._keep_in_view();
    this._draw_soon();
  }

  connectedCallback() {
    this.addEventListener("focusin", ({ target }) => { this._focused = team_of(target); });
    this.addEventListener("scroll", () => this._draw_soon(), { passive: true });
    this._watch = new ResizeObserver(() => this._draw_soon());
    this._watch.observe(this);
    this._draw_soon();
  }

  disconnectedCallback() { this._watch?.disconnect(); }

  _draw_soon() {
    if (this._due) return;
    this._due = true;
    requestAnimationFrame(() => {
      this._due = false;
      if (this.isConnected) this._draw();
    });
  }

  _keep_in_view() {
    const top = this._chosen * ROW, room = this.clientHeight - HEAD - ROW;
    if (top < this.scrollTop) this.scrollTop = top;
    else if (top > this.scrollTop + room) this.scrollTop = top - room;
  }

  _draw() {
    const head = this._head;
    if (!head) return;
    const first = Math.max(0, Math.floor(this.scrollTop / ROW) - MORE);
    const last = Math.min(this._rows.length, Math.ceil((this.scrollTop + this.clientHeight) / ROW) + MORE);
    const left = Math.max(0, Math.floor((this.scrollLeft - NAME) / COLUMN) - MORE);
    const right = Math.min(head.clues.length, Math.ceil((this.scrollLeft + this.clientWidth - NAME) / COLUMN) + MORE);
    const clues = head.clues.slice(left, right).map((clue, i) => ({ clue, index: left + i }));
    render(html`<div class="grid-space" ${size(NAME + head.clues.length * COLUMN, HEAD + this._rows.length * ROW)}>
      <div class="grid-head" role="row" aria-rowindex="1">
        <div class="corner" role="columnheader" aria-colindex="1">${h("run.teams", { n: this._rows.length })}</div>
        ${repeat(clues, ({ clue }) => clue.id, ({ clue, index }) => html`<div role="columnheader" aria-colindex=${index + 2} class="head-cell" ${at(NAME + index * COLUMN, 0)}>
          <button data-clue=${clue.id} tabindex="-1" title=${clue.title} aria-label=${h("grid.clue", { n: index + 1, title: clue.title, solves: clue.solves, wrong: clue.wrong })}
            @click=${() => this._say("clue", index)}>${index + 1}</button></div>`)}
      </div>
      ${slots(first, last).map((index) => (index < 0 ? nothing : this._row(this._rows[index], index, { left, right }, head)))}</div>`, this);
    this._keep_focus();
  }

  /** The focus stays with its team: rows are slots, and another team may stand in this one now. */
  _keep_focus() {
    const at = document.activeElement, wanted = this._focused;
    if (!wanted || !this.contains(at) || at === this || team_of(at) === wanted) return;
    const row = /** @type {HTMLElement | null} */ (this.querySelector(`[data-team="${CSS.escape(wanted)}"] .row-button`));
    (row || this).focus({ preventScroll: true });
    this._focused = row ? wanted : "";
  }

  /** @param {Team} team @param {number} index @param {{left: number, right: number}} seen columns @param {Head} head */
  _row(team, index, { left, right }, head) {
    const stuck = stuck_ms(team, head, this._now), warm = warmth(stuck);
    const chosen = index === this._chosen;
    return html`<div class="grid-row ${chosen ? "chosen" : ""} ${team.out ? "out" : ""}" role="row" aria-rowindex=${index + 2} aria-selected=${chosen ? "true" : "false"}
        data-team=${team.id} ${at(0, HEAD + index * ROW)}>
      <div class="grid-name warm${warm}" role="rowheader" aria-colindex="1"><button class="row-button" tabindex="-1" @click=${() => this._say("team", team.id)}>
        <span class="place">${team.place || "–"}</span><span class="name" dir="auto">${team.name}</span>
        ${warm ? html`<span class="age" title=${h("grid.stuck", { time: span(stuck) })}>${span(stuck)}</span>` : nothing}<span class="score">${team.score}</span></button></div>
      <div class="cells" role="presentation" ${at(NAME + left * COLUMN, 0)} ${cells(states(team, head.clues.slice(left, right), left), left)}></div></div>`;
  }

  /** @param {string} what @param {number | string} which */
  _say(what, which) {
    this.dispatchEvent(new CustomEvent(what, { detail: which }));
  }
}
customElements.define("big-board", BigBoard);

/** The id of the team in whose row something is, "" for none. @param {any} element */
const team_of = (element) => element?.closest?.(".grid-row")?.dataset.team || "";

/**
 * Return which row stands in each slot: a row keeps its slot as long as it is in sight, and leaves it to one that comes.
 * @param {number} first @param {number} last @returns {number[]} -1: none
 */
export function slots(first, last) {
  const count = Math.ceil(Math.max(1, last - first) / SLOTS) * SLOTS;
  return Array.from({ length: count }, (_, slot) => {
    const index = first + ((((slot - first) % count) + count) % count);
    return index < last ? index : -1;
  });
}

/** Return how a team stands at each clue: the letters of the board, and where parts are done so many of those needed, as 1/3.
 * @param {Team} team @param {import("./teams.js").Clue[]} clues those from the column `left` on @param {number} left @returns {string[]} */
function states({ cells: letters, parts }, clues, left) {
  return clues.map(({ id, needed }, i) => (needed && parts?.[id] && letters[left + i] !== "s" ? `${parts[id]}/${needed}` : letters[left + i] || "-"));
}

/** Makes its element as large as all rows together. */
const size = directive(class extends Directive {
  /** @param {number} _width @param {number} _height */
  render(_width, _height) { return nothing; }
  /** @param {any} part @param {[number, number]} size */
  update({ element }, [width, height]) {
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
    return noChange;
  }
});

/**
 * Fills a row with its cells, in place: of what is scrolled past nothing is made anew. `states` are those from `left` on.
 */
const cells = directive(class extends Directive {
  /** @param {string[]} _states @param {number} _left */
  render(_states, _left) { return nothing; }
  /** @param {any} part @param {[string[], number]} shown */
  update({ element }, [states, left]) {
    if (element.shown === `${left}:${states}`) return noChange;
    element.shown = `${left}:${states}`;
    while (element.childElementCount > states.length) element.lastElementChild.remove();
    while (element.childElementCount < states.length) element.append(new_cell());
    for (let i = 0; i < states.length; i += 1) draw_cell(element.children[i], states[i], left + i);
    return noChange;
  }
});

function new_cell() {
  const made = document.createElement("div");
  made.setAttribute("role", "gridcell");
  return made;
}

/** @param {any} element @param {string} state @param {number} column */
function draw_cell(element, state, column) {
  if (element.column !== column) element.setAttribute("aria-colindex", String((element.column = column) + 2));
  if (element.state === state) return;
  element.state = state;
  const part = state.includes("/"), tries = part ? 0 : Number(state), kind = part ? "tried part" : state === "s" ? "solved" : state === "-" ? "shut" : tries ? "tried" : "open";
  element.className = `cell ${kind}`;
  element.textContent = part ? state : kind === "solved" ? "✓" : kind === "tried" ? (tries >= 9 ? "9+" : state) : kind === "open" ? "○" : "";
  const [n, total] = state.split("/");
  element.setAttribute("aria-label", part ? h("grid.parts", { n, total }) : kind === "tried" ? h("grid.tried", { n: tries }) : h(/** @type {any} */ (`grid.${kind}`)));
}
