// What a captain changes: the team's name, who leads it, who is in it, by which code others come in.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { icon, initial } from "./pieces.js";
import { ask_first, kick, make_captain, new_invite, rename } from "./doing.js";
import { close_sheet, sheet_of } from "./sheets.js";
import { answer_line } from "./solving.js";
import { changed, state } from "./store.js";
import { t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./fold.js").Team} Team */

const NAME_MAX = 40;

/** Tell whether this player leads a team of several. @param {Team} team */
export const leads = ({ ids = [] }) => Boolean(ids.length) && bare(ids[0]) === bare(state.me?.player);
const bare = (/** @type {string} */ id = "") => id.replace(/^p:/, "");

/** Tell whether a team can still be changed. @param {Page} page */
export const may_change = ({ team, phase }) => Boolean(team?.ids?.length) && phase !== "ended";

/** Another name for the team, asked for below the one it has. @param {Team} team */
export function name_view(team) {
  const answer = state.answers.rename;
  if (state.sheet?.kind !== "rename" || answer?.tone === "right") return html`<button class="plain small" id="rename" @click=${ask_name}>${icon("text")}${t("team.rename")}</button>${answer_line("rename")}`;
  const waits = answer?.tone === "wait";
  return html`<form class="rename" autocomplete="off" @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("team-name")), name = field.value.trim();
    if (!name || waits) return;
    if (name === team.name) return close_sheet();
    rename(team.id, name);
  }}><label class="sr" for="team-name">${t("door.team")}</label><input id="team-name" name="team-name" maxlength=${NAME_MAX} dir="auto" autocomplete="off" ${initial(team.name)}>
    ${answer_line("rename")}
    <div class="pair"><button class="act" aria-disabled=${waits ? "true" : "false"}>${t("team.rename_go")}</button><button type="button" class="plain" @click=${close_sheet}>${t("hint.no")}</button></div></form>`;
}

function ask_name() {
  state.answers = { ...state.answers, rename: undefined };
  state.sheet = { kind: "rename" };
  changed();
  queueMicrotask(() => /** @type {HTMLInputElement | null} */ (document.getElementById("team-name"))?.select());
}

/** What can be done with a member. @param {string} id @param {string} name */
export function member_button(id, name) {
  return html`<button class="round more" aria-label=${t("team.member", { name })} data-member=${id} @click=${() => show_member(id, name)}>${icon("more")}</button>`;
}

/** @param {string} id @param {string} name */
function show_member(id, name) {
  const does = (/** @type {() => void} */ act) => () => (close_sheet(), act());
  state.sheet = { kind: "member", view: () => sheet_of(name, html`<p dir="auto">${t("team.captain_about", { name })}</p>
    <button class="act wide" id="make-captain" @click=${does(() => make_captain(id))}>${t("team.make_captain")}</button>
    <p dir="auto">${t("team.kick_about", { name })}</p><button class="plain wide" id="kick" @click=${does(() => kick(id))}>${t("team.kick")}</button>`) };
  changed();
}

/** How others come in. @param {Team} team */
export function entry_view(team) {
  return html`<label class="check"><input type="checkbox" id="approval" .checked=${Boolean(team.approval)} @change=${(/** @type {any} */ event) => ask_first(event.target.checked)}> ${t("team.ask_first")}</label>${answer_line("approval")}`;
}

/** Another code in place of one that went astray. */
export function new_code_view() {
  return html`<button class="plain wide" id="new-code" @click=${() => sure(t("team.new_code"), t("team.new_code_about"), new_invite)}>${t("team.new_code")}</button>${state.answers.invite?.tone === "right" ? nothing : answer_line("invite")}`;
}

/** Ask once. @param {string} title @param {string} about @param {() => void} go */
export function sure(title, about, go) {
  state.sheet = { kind: "sure", view: () => sheet_of(title, html`<p dir="auto">${about}</p><button class="act wide" id="sure-go" @click=${() => (close_sheet(), go())}>${title}</button>
    <button class="plain wide" @click=${close_sheet}>${t("hint.no")}</button>`) };
  changed();
}
