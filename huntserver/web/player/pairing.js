// A second phone for the same player: the code that this one shows, and what the new one does with it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { qr_drawn } from "./drawn.js";
import * as kept from "./kept.js";
import { icon, server_now } from "./pieces.js";
import { enter, hand_over, question } from "./play.js";
import { sheet_of } from "./sheets.js";
import { at_site, tell_site } from "./site.js";
import { changed, state } from "./store.js";
import { refusal, t } from "./words.js";

/** @typedef {{code: string, until_ms: number, err?: any, qr?: {path: string, size: number}}} Offer */

/** @type {Offer | null} what the other phone needs; null while it is asked for */
let offer = null;
let asked = 0;

/** The button on the team's page. */
export function pairing_button() {
  return html`<button class="plain wide" id="pair" @click=${offer_place}>${icon("code")}${t("pair")}</button>`;
}

function offer_place() {
  state.sheet = { kind: "pair", view: offer_sheet };
  void ask();
}

/** Ask for a code: each makes the one before worthless. It is no command, so that none is asked for by a phone that comes back hours later. */
async function ask() {
  const turn = (asked += 1);
  offer = null;
  changed();
  const { ok, err } = await question("pair");
  if (turn !== asked || state.sheet?.kind !== "pair") return;
  offer = ok || { code: "", until_ms: 0, err };
  changed();
  if (!ok) return;
  const qr = await qr_drawn(link_of(ok.code));
  if (turn === asked) offer = { ...ok, qr };
  changed();
}

/** Behind the `#`, where no server and no log sees it. @param {string} code */
function link_of(code) {
  const url = at_site(".");
  url.search = new URLSearchParams({ hunt: state.hunt }).toString();
  url.hash = `pair/${code}`;
  return url.href;
}

function offer_sheet() {
  return sheet_of(t("pair"), html`<p>${t("pair.about")}</p>${offer ? shown(offer) : html`<div class="qr"><div class="skeleton"></div></div>${state.link.state === "online" ? nothing : html`<p class="notice warn" role="status">${t("pair.offline")}</p>`}`}`);
}

/** @param {Offer} offered */
function shown({ code, until_ms, err, qr }) {
  const again = html`<button class="act wide" id="pair-again" @click=${ask}>${t("pair.again")}</button>`;
  if (err) return html`<p class="notice bad" role="alert">${refusal(err)}</p>${again}`;
  if (until_ms <= server_now()) return html`<p class="notice" role="status" data-due>${t("pair.due")}</p>${again}`;
  return html`${qr ? (qr.size ? html`<div class="qr"><svg viewBox="0 0 ${qr.size} ${qr.size}" role="img" aria-label=${t("pair.qr")}><path d=${qr.path}/></svg></div>` : nothing) : html`<div class="qr"><div class="skeleton"></div></div>`}
    <p class="code" data-pair><span class="sr">${t("pair.code")}: </span>${code.slice(0, 4)}<wbr>${code.slice(4)}</p>
    <p class="help">${t("pair.valid")} <time-left .until=${until_ms} @due=${changed}></time-left></p><p class="help">${t("pair.secret")}</p>`;
}

/** Play on here as the player that a code stands for. @param {string} hunt @param {string} code */
export async function pair(hunt, code) {
  const { door } = state;
  Object.assign(door, { busy: true, fault: null, asked: hunt });
  changed();
  const found = await tell_site("pair", { hunt, code });
  door.busy = false;
  if (!found.token) {
    door.fault = { field: "pair", err: found };
    return changed();
  }
  history.replaceState(null, "", location.pathname + location.search);
  door.how = "new";
  hand_over({ player: found.player.replace(/^p:/, ""), name: found.name, token: found.token });
  kept.put("hunt", hunt);
  await enter(hunt, true);
}
