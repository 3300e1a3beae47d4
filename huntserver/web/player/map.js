// A map of one's own: where this device is, how surely, and where it checked in. No tiles, nothing from elsewhere.
//
// Where the places of a hunt are is what players look for, so nothing of that is here before they have been there.

import { html, nothing, svg } from "../vendor/lit-html/lit-html.js";
import { icon } from "./pieces.js";
import { changed, state } from "./store.js";
import { locate } from "./solving.js";
import { refusal, t } from "./words.js";

const M_PER_DEGREE = 111_320;
const RINGS_M = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
/** @type {string} */
let trouble = "";

/** @param {import("./fold.js").Page} page */
export function map_view(page) {
  const { position, places } = state;
  const found = page.clues.filter(({ kind }) => kind === "location");
  return html`<h2>${t("view.map")}</h2>
    <div class="card map">${position ? drawing(position, places) : html`<p class="empty">${t("map.none")}</p>`}</div>
    ${trouble ? html`<p class="notice warn" role="status">${refusal({ code: trouble })}</p>` : nothing}
    <button class="act wide" id="whereami" @click=${where}>${icon("here")}${t("map.where")}</button>
    ${position ? html`<p class="help">${t("here.accuracy", { n: Math.round(position.accuracy_m) })}</p>` : nothing}
    <h3>${t("map.places")}</h3><ul class="lines">${found.map((clue) => html`<li><a href="#clue/${encodeURIComponent(clue.id)}" dir="auto">${clue.number}. ${clue.title}</a>
      <span class="about">${clue.solved ? t("clue.solved") : t("clue.open")}</span></li>`)}</ul>`;
}

function where() {
  trouble = "";
  locate(() => ((trouble = ""), changed()), (code) => ((trouble = code), changed()));  // `locating` is told, too
}

/**
 * @param {{lat: number, lon: number, accuracy_m: number}} here
 * @param {{lat: number, lon: number, number: number, right: boolean}[]} places
 */
function drawing(here, places) {
  const shrink = Math.cos((here.lat * Math.PI) / 180);
  const at = (/** @type {{lat: number, lon: number}} */ point) => [(point.lon - here.lon) * M_PER_DEGREE * shrink, (here.lat - point.lat) * M_PER_DEGREE];
  const far_m = Math.max(here.accuracy_m, 20, ...places.map((place) => Math.hypot(...at(place))));
  const ring_m = RINGS_M.find((m) => m * 2 >= far_m) || RINGS_M[RINGS_M.length - 1];
  const scale = 80 / (ring_m * 2);
  return html`<svg viewBox="-100 -100 200 200" role="img" aria-label=${t("map.label", { n: places.length })}>
    ${[1, 2].map((n) => svg`<circle class="ring" r=${n * ring_m * scale}/><text class="scale" x="0" y=${-n * ring_m * scale - 2} text-anchor="middle">${distance(n * ring_m)}</text>`)}
    <path class="cross" d="M-92 0H92M0 -92V92"/><text class="north" x="0" y="-92" text-anchor="middle">N</text>
    <circle class="sure" r=${Math.min(92, here.accuracy_m * scale)}/>
    ${places.map((place) => {
      const [x, y] = at(place).map((m) => (m * scale).toFixed(1));
      return svg`<g transform="translate(${x} ${y})" class="spot ${place.right ? "right" : "wrong"}"><circle r="7"/><text dy=".36em" text-anchor="middle">${place.number}</text></g>`;
    })}
    <circle class="me" r="5"/></svg>`;
}

/** @param {number} m */
const distance = (m) => (m < 1000 ? `${m} m` : `${m / 1000} km`);
