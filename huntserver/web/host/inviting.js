// The players' link: to be read out, copied, opened, or taken from the screen by a phone.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { qr_drawn } from "../player/drawn.js";
import { show } from "./dialogs.js";
import { at_site } from "./server.js";
import { copy } from "./sharing.js";
import { changed, state } from "./store.js";
import { h } from "./words.js";

/** @type {{of: string, path: string, size: number} | null} */
let drawn = null;
let asked = "";

/** Where players come in. @param {string} hunt */
export const invite_link = (hunt) => at_site(`.?hunt=${encodeURIComponent(hunt)}`).href;

/** Return the QR code of a link, null until it is drawn; what draws it comes by itself. @param {string} link @param {() => void} come */
export function code_of(link, come) {
  if (drawn?.of === link) return drawn;
  if (asked !== link) {
    asked = link;
    void qr_drawn(link).then((made) => { drawn = made; come(); });
  }
  return null;
}

/** @param {{path: string, size: number}} code @param {string} words */
export const code_view = ({ path, size }, words) => !size ? nothing : html`<svg class="share-qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${words}><path d=${path}/></svg>`;

/** @param {string} hunt */
export function invite_view(hunt) {
  const link = invite_link(hunt), code = code_of(link, changed);
  return html`<div class="share-made">${code ? code_view(code, h("share.qr")) : nothing}<div><p><a class="url" data-invite href=${link} target="_blank" rel="noopener">${link}</a></p>
    <p class="pair"><button class="act" data-copy-invite @click=${() => copy(link)}>${h("share.copy")}</button></p></div></div>`;
}

export function invite() {
  const hunt = state.run?.hunt || "";
  show(h("invite.title"), () => html`<p>${h("run.none_about")}</p>${invite_view(hunt)}`);
}
