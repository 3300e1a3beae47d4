// Sheets: what lies above the page until it is put away.

import { html } from "../vendor/lit-html/lit-html.js";
import { icon, modal } from "./pieces.js";
import { changed, state } from "./store.js";
import { t } from "./words.js";

export function close_sheet() {
  state.sheet = null;
  changed();
}

/** @param {string} title @param {unknown} inside */
export function sheet_of(title, inside) {
  return html`<dialog class="sheet" aria-labelledby="sheet-title" ${modal()} @close=${close_sheet}
    @click=${(/** @type {MouseEvent} */ event) => event.target === event.currentTarget && close_sheet()}>
    <div class="sheet-in"><div class="sheet-head"><h2 id="sheet-title">${title}</h2>
      <button class="round" aria-label=${t("close")} @click=${close_sheet}>${icon("close")}</button></div>${inside}</div></dialog>`;
}
