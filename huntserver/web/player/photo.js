// Photo clues: the camera, what is on its way, what waits for a host, and why a photo was not it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { w } from "./later.js";
import "./photo_canvas.js";
import { icon, server_now } from "./pieces.js";
import { act } from "./play.js";
import { give_up, go_on, send_photo, under_way } from "./sending.js";
import { answer_line } from "./solving.js";
import { changed, state } from "./store.js";
import { moment } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./fold.js").Clue} Clue */
/** @typedef {import("./fold.js").Photo} Photo */

/** @param {Page} page @param {Clue} clue */
export function photo_view(page, clue) {
  void go_on();
  const own = page.photos?.find((one) => (one.part ? `${one.clue}.${one.part}` : one.clue) === clue.id), way = under_way[clue.id], until_ms = clue.wait_until_ms || 0;
  const waits = own && !own.verdict;
  return html`<section class="photo" data-photo=${own?.id || ""}>${own ? shown(own) : nothing}
    ${way ? html`<div class="card"><p role="status" data-sending>${way.waits ? w("photo.offline") : w("photo.sending", { n: Math.round(way.share * 100) })}</p><progress max="100" value=${Math.round(way.share * 100)} aria-label=${w("photo.sending", { n: Math.round(way.share * 100) })}></progress>
      <button class="plain" @click=${() => give_up(clue.id)}>${w("photo.give_up")}</button></div>` : nothing}
    ${answer_line(`clue:${clue.id}`)}${state.answers.photo?.tone === "refused" ? answer_line("photo") : nothing}${waits || way ? nothing : until_ms > server_now() ? html`<p class="notice">${w("photo.wait")} <time-left .until=${until_ms} @due=${changed}></time-left></p>` : html`<div class="solve">${pick(clue.id, true)}${pick(clue.id, false)}<p class="help">${w("photo.about")}</p></div>`}</section>`;
}

/** @param {Photo} own */
function shown(own) {
  const { id, verdict, why = "", at_ms, name, address, held_until_ms = 0 } = own, held = held_until_ms > server_now();
  const status = verdict === "accepted" ? w("photo.accepted") : verdict === "rejected" ? w("photo.rejected") : held ? w("photo.held") : w("photo.waiting");
  return html`<div class="card"><p class="about" role="status">${icon("photo")} <b data-status>${status}</b> · <bdi>${name}</bdi> · ${moment(at_ms, server_now())}${held ? html`<time-left hidden .until=${held_until_ms} @due=${changed}></time-left>` : nothing}</p>
    ${why ? html`<p class="notice bad" dir="auto" data-why>${why}</p>` : nothing}
    <team-photo .token=${state.me?.token || ""} .words=${w("photo.yours")} .lost=${w("photo.lost")} .address=${address}></team-photo>
    ${verdict ? nothing : html`<button class="plain" data-take-back @click=${() => act("photo", "take_back", { photo: id })}>${w("photo.take_back")}</button>`}</div>`;
}

/** A button for the camera, or for a picture that is there. @param {string} clue @param {boolean} camera */
function pick(clue, camera) {
  return html`<label class="${camera ? "act" : "plain"} wide file-pick">${camera ? icon("photo") : nothing}<span>${camera ? w("photo.take") : w("photo.choose")}</span>
    <input class="sr" type="file" accept="image/*" capture=${camera ? "environment" : nothing} data-pick=${camera ? "camera" : "file"} @change=${(/** @type {any} */ { target }) => {
      const [file] = target.files;
      target.value = "";
      if (file) void send_photo(clue, file);
    }}></label>`;
}
