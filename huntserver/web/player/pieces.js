// The small pieces that views are made of: icons, and clocks that run by themselves.

import { html, noChange, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { Directive, directive } from "../vendor/lit-html/directive.js";
import { clock } from "./words.js";

// ---- clocks: only they change as time passes, the rest of the page is drawn when something happens

let now_ms = () => Date.now();
/** @type {Set<Clock>} */
const running = new Set();
let ticking = 0;

/** Say how to read the server's time. @param {() => number} read */
export function set_now(read) { now_ms = read; }
export const server_now = () => now_ms();

function tick() {
  for (const one of running) one.draw();
  ticking = running.size && is_seen() ? setTimeout(tick, 1000 - (now_ms() % 1000) + 5) : 0;
}

const is_seen = () => document.visibilityState !== "hidden";
document.addEventListener("visibilitychange", () => is_seen() && !ticking && tick());

/** `<time-left>`: counts down to `until` (ms since 1970); stands still at `stopped` ms left. Says `due` when it is over. */
class Clock extends HTMLElement {
  constructor() {
    super();
    this._until = 0;
    /** @type {number | null} */
    this._stopped = null;
    this._over = false;
  }

  set until(/** @type {number} */ ms) {
    this._over = this._over && this._until === ms;
    this._until = ms;
    if (this.isConnected) this.draw();
  }

  set stopped(/** @type {number | null} */ ms) {
    this._stopped = ms;
    if (this.isConnected) this.draw();
  }

  connectedCallback() {
    running.add(this);
    this.draw();
    if (!ticking) ticking = setTimeout(tick, 1000 - (now_ms() % 1000) + 5);
  }

  disconnectedCallback() { running.delete(this); }

  draw() {
    const left_ms = this._stopped ?? this._until - now_ms();
    const text = clock(left_ms);
    if (this.textContent !== text) this.textContent = text;
    this.toggleAttribute("data-low", left_ms < 300_000);
    if (left_ms <= 0 && !this._over) {
      this._over = true;
      queueMicrotask(() => this.dispatchEvent(new Event("due")));
    }
  }
}
customElements.define("time-left", Clock);

// ---- directives

/** Opens its `<dialog>` above everything, once. */
export const modal = directive(class extends Directive {
  /** @param {any} info */
  constructor(info) { super(info); this.opened = false; }
  render() { return nothing; }
  /** @param {any} part */
  update({ element }) {
    // Once: one that a person has just closed is not opened again by a drawing that comes before its event.
    if (!this.opened) queueMicrotask(() => element.isConnected && !element.open && element.showModal());
    this.opened = true;
    return noChange;
  }
});

/** Gives a field its first value and leaves it alone from then on: what a person types there is theirs. */
export const initial = directive(class extends Directive {
  /** @param {any} info */
  constructor(info) { super(info); this.given = false; }
  /** @param {string} _text */
  render(_text) { return nothing; }
  /** @param {any} part @param {[string]} text */
  update({ element }, [text]) {
    if (!this.given) element.value = text;
    this.given = true;
    return noChange;
  }
});

// ---- icons: strokes of a pen on a grid of 24

/** @type {{[name: string]: import("../vendor/lit-html/lit-html.js").TemplateResult<2>}} */
const PATHS = {
  text: svg`<path d="M4 20c6-1 11-5 15-15M19 5c-5 0-10 3-12 9M7 14l4 1M5 20h7"/>`,
  choice: svg`<path d="M4 6h2M4 12h2M4 18h2M9 6h11M9 12h11M9 18h11"/>`,
  code: svg`<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2M20 14v6h-6v-2"/>`,
  location: svg`<path d="M12 21c5-6 7-9 7-12a7 7 0 0 0-14 0c0 3 2 6 7 12z"/><circle cx="12" cy="9" r="2.5"/>`,
  survey: svg`<path d="M4 5h16v11H11l-5 4v-4H4zM8 9h8M8 12h5"/>`,
  manual: svg`<path d="M4 12l5 5L20 6M4 20h16"/>`,
  compound: svg`<path d="M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 16.500h7M16.500 13v7"/>`,
  photo: svg`<path d="M4 8h4l2-3h4l2 3h4v11H4z"/><circle cx="12" cy="13" r="3.5"/>`,
  locked: svg`<path d="M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>`,
  clues: svg`<path d="M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6"/>`,
  map: svg`<path d="M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14"/>`,
  team: svg`<circle cx="9" cy="8" r="3.2"/><path d="M3 20c0-4 2.5-6 6-6s6 2 6 6M15.5 5.2a3 3 0 0 1 0 5.6M17.5 14.4c2.2.7 3.5 2.5 3.5 5.6"/>`,
  board: svg`<path d="M4 20v-7h5v7M9.5 20V6h5v14M15 20V10h5v10M3 20h18"/>`,
  feed: svg`<path d="M4 10v4l3 .5L17 19V5L7 9.500zM7 14.500l1 5h2.500l-1-4.300M20 10v4"/>`,
  back: svg`<path d="M14.5 5l-7 7 7 7"/>`,
  here: svg`<circle cx="12" cy="12" r="6.5"/><path d="M12 2v4M12 18v4M2 12h4M18 12h4"/><circle cx="12" cy="12" r="1.5"/>`,
  scan: svg`<path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M3 12h18"/>`,
  hint: svg`<path d="M3 6h18v12H3zM3 7l9 6.500L21 7"/>`,
  open_hint: svg`<path d="M3 9l9-6 9 6v11H3zM3 10l9 6 9-6"/>`,
  treasure: svg`<path d="M4 10h16v9H4zM4 10c0-4 2-5 4-5h8c2 0 4 1 4 5M11 13h2v3h-2z"/>`,
  star: svg`<path d="M12 3.500l2.6 5.5 6 .8-4.4 4.2 1.1 6-5.3-2.900L6.7 20l1.1-6L3.4 9.800l6-.8z"/>`,
  file: svg`<path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6"/>`,
  close: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  share: svg`<path d="M12 15V4M8 7.500L12 3.500l4 4M6 11H5v9h14v-9h-1"/>`,
  more: svg`<path d="M5 7h14M5 12h14M5 17h14"/>`,
};

/** @param {string} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name] || PATHS.text}</svg>`;
}

/**
 * A rubber stamp: two rings and what stands in them, a little askew, as hands do it.
 * @param {{mark: string, kind: "solved" | "first" | "open" | "locked", turn: number}} about
 */
export function stamp({ mark, kind, turn }) {
  return html`<svg class="stamp ${kind}" viewBox="0 0 40 40" aria-hidden="true"><g transform="rotate(${turn} 20 20)">
    <circle class="rim" cx="20" cy="20" r="17"/><circle class="rim thin" cx="20" cy="20" r="13.5"/>
    <text x="20" y="20" dy=".36em" text-anchor="middle">${mark}</text></g></svg>`;
}

/** How far a stamp is turned: the same for the same number. @param {number} n */
export const turned = (n) => ((n * 37) % 21) - 10;

/** A rose of the winds, drawn with a pen. */
export function compass() {
  return html`<svg class="compass" viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="44"/><circle cx="50" cy="50" r="38" class="thin"/>
    <path class="dark" d="M50 8l7 35h-14zM50 92l-7-35h14zM8 50l35-7v14zM92 50l-35 7v-14z"/><path class="thin" d="M24 24l18 18M76 24L58 42M24 76l18-18M76 76L58 58"/><circle cx="50" cy="50" r="5" class="dark"/></svg>`;
}
