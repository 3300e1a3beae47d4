// Links to the board, for a big screen or guests: made, shown as a QR code, taken back.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { qr_drawn } from "../player/drawn.js";
import { refusal } from "../player/words.js";
import { show } from "./dialogs.js";
import { act, ask } from "./hunt.js";
import { at_site, watchers } from "./server.js";
import { changed, note, state } from "./store.js";
import { h } from "./words.js";

/** @typedef {{links: string[], made: {of: string, path: string, size: number} | null, busy: boolean}} Sharing */
/** @type {Sharing} */
let now = { links: [], made: null, busy: false };

/** Show the links of the hunt that is run, and offer another. */
export async function share_board() {
  now = { links: [], made: null, busy: false };
  show(h("share.title"), view);
  await read();
}

async function read() {
  const people = await ask("people", {});
  if (people) now = { ...now, links: people.roles.filter((/** @type {string[]} */ [who]) => who.startsWith("w:")).map((/** @type {string[]} */ [who]) => who) };
  changed();
}

async function make() {
  const hunt = state.run?.hunt || "";
  now = { ...now, busy: true };
  changed();
  const { status, body } = await watchers(hunt);
  now = { ...now, busy: false };
  if (status !== 200) return note("bad", refusal(body || { code: "no_connection" }));
  const url = at_site("board");
  url.search = new URLSearchParams({ hunt }).toString();
  url.hash = body.token;
  now = { ...now, made: await qr_drawn(url.href) };
  await read();
}

/** @param {string} who */
async function take_back(who) {
  if (!(await act("revoke", { who }, h("share.revoked")))) return;
  now = { ...now, made: null };
  await read();
}

/** @param {string} link */
export async function copy(link) {
  try {
    await navigator.clipboard.writeText(link);
    note("good", h("share.copied"));
  } catch {
    note("bad", h("share.no_clipboard"));
  }
}

function view() {
  const { links, made, busy } = now;
  return html`<p>${h("share.about")}</p>
    ${made ? html`<div class="share-made"><svg class="share-qr" viewBox="0 0 ${made.size} ${made.size}" role="img" aria-label=${h("share.qr")}><path d=${made.path}/></svg>
      <div><p class="url" data-board-link>${made.of}</p><p class="pair"><button class="act" @click=${() => copy(made.of)}>${h("share.copy")}</button>
        <a class="plain" href=${made.of} target="_blank" rel="noopener">${h("share.open")}</a></p><p class="help">${h("share.once")}</p></div></div>`
      : html`<p><button class="act" id="make-link" ?disabled=${busy} @click=${make}>${h("share.make")}</button></p>`}
    ${links.length ? html`<h3>${h("share.links", { n: links.length })}</h3><ul class="lines">${links.map((who, i) => html`<li data-link=${who}><span>${h("share.link", { n: i + 1 })} <span class="about">${who.slice(2, 8)}</span></span>
      <button class="plain danger-line" @click=${() => take_back(who)}>${h("share.revoke")}</button></li>`)}</ul>` : nothing}`;
}
