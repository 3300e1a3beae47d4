// The team: who is in it, how others come in, who plays on this device.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { qr_drawn } from "./drawn.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { entry_view, leads, may_change, member_button, name_view, new_code_view, sure } from "./captain.js";
import { icon } from "./pieces.js";
import { admit, leave_team } from "./doing.js";
import { pairing_button } from "./pairing.js";
import { at_site } from "./site.js";
import { answer_line } from "./solving.js";
import { changed, state } from "./store.js";
import { ordinal, t } from "./words.js";

/** @type {{of: string, path: string, size: number} | null} the drawing of an invite link */
let drawn = null;
let wanted = "";  // whose drawing is on its way, or here
let copied = false;

/** @param {import("./fold.js").Page} page */
export function team_view(page) {
  const { team } = page;
  if (!team) return html`<h2>${t("view.team")}</h2><p class="empty">${t("team.host")}</p>`;
  const link = team.invite ? invite_link(team.invite) : "";
  return html`<section class="card hero"><h2 dir="auto">${team.name}</h2>
      <p><b>${t("points", { n: team.score })}</b>${team.place ? html` · ${t("team.place", { rank: ordinal(team.place) })}` : nothing}${team.unofficial ? html` · ${t("team.uncounted")}` : nothing}${team.bracket ? html` · <bdi>${team.bracket}</bdi>` : nothing}</p>${leads(team) && may_change(page) ? name_view(team) : nothing}</section>
    ${team.invite ? invite(page, team, team.invite, link) : nothing}
    ${asking(team)}${members(page, team)}
    <section class="device"><h3>${t("team.device")}</h3>
      <button class="plain wide" id="next" @click=${() => ((state.sheet = { kind: "next" }), changed())}>${t("team.next")}</button>
      ${pairing_button()}
      ${may_change(page) ? html`<button class="plain wide" id="leave" @click=${() => sure(t("team.leave"), t("team.leave_about"), leave_team)}>${t("team.leave")}</button>${answer_line("team")}` : nothing}</section>`;
}

/** Who asks to be let in; the captain says yes or no. @param {import("./fold.js").Team} team */
function asking(team) {
  if (!team.asking?.length) return nothing;
  return html`<section class="asking"><h3>${t("team.asking")}</h3><ul class="lines">${repeat(team.asking, ([id]) => id, ([id, name]) => html`<li data-asking=${id}><span dir="auto">${name}</span>
    ${leads(team) ? html`<span class="pair"><button class="act" @click=${() => admit(id, false)}>${t("team.admit")}</button><button class="plain" @click=${() => admit(id, true)}>${t("team.refuse")}</button></span>`
      : html`<span class="about">${t("team.captain_decides")}</span>`}${answer_line(`asking:${id}`)}</li>`)}</ul></section>`;
}

/** @param {import("./fold.js").Page} page @param {import("./fold.js").Team} team */
function members(page, team) {
  const { ids = [] } = team, changes = leads(team) && may_change(page);
  return html`<section><h3>${t("team.members", { n: team.members.length })}</h3><ul class="lines members">${repeat(team.members, (name, i) => ids[i] || `${i}:${name}`, (name, i) =>
    html`<li>${presence(ids[i])}<span class="who" dir="auto">${name}</span>${i === 0 && team.members.length > 1 ? html` <span class="about">${t("team.captain")}</span>` : nothing}
      ${i > 0 && ids[i] && changes ? member_button(ids[i], name) : nothing}${ids[i] ? answer_line(`member:${ids[i]}`) : nothing}</li>`)}</ul>
    ${state.present.count === undefined ? nothing : html`<p class="about" data-connected=${state.present.count}>${t("team.connected", { n: state.present.count })}</p>`}</section>`;
}

/** Whether a member is connected; nothing while that is not known. @param {string | undefined} id */
function presence(id) {
  const { here } = state.present;
  if (!here || !id) return nothing;
  const is_here = here.includes(id);
  return html`<span class="presence ${is_here ? "here" : ""}" title=${t(is_here ? "team.here" : "team.away")}></span><span class="sr">${t(is_here ? "team.here" : "team.away")}: </span>`;
}

/** @param {string} code @returns {string} */
function invite_link(code) {
  const url = at_site(".");
  url.search = new URLSearchParams({ hunt: state.hunt, code }).toString();
  url.hash = "";
  return url.href;
}

/** @param {import("./fold.js").Page} page @param {import("./fold.js").Team} team @param {string} code @param {string} link */
function invite(page, team, code, link) {
  const changes = leads(team) && may_change(page);
  if (wanted !== link) void draw(link);
  const can_share = typeof navigator.share === "function";
  return html`<section class="card invite"><h3>${t("team.invite")}</h3>
    ${drawn?.of === link ? (drawn.size ? html`<div class="qr"><svg viewBox="0 0 ${drawn.size} ${drawn.size}" role="img" aria-label=${t("team.qr")}><path d=${drawn.path}/></svg></div>` : nothing) : html`<div class="qr"><div class="skeleton"></div></div>`}
    <p class="code" aria-label=${t("team.code")}>${code}</p>
    <p class="help">${t("team.invite_about")}</p>
    ${changes ? entry_view(team) : nothing}
    <button class="act wide" id="share" @click=${() => share(link)}>${icon("share")}${can_share ? t("team.share") : t("team.copy")}</button>
    <p class="help link" role="status">${copied ? t("team.copied") : nothing} <span class="url">${link}</span></p>${changes ? new_code_view() : nothing}</section>`;
}

/** @param {string} link */
async function draw(link) {
  wanted = link;
  const come = await qr_drawn(link);
  if (wanted !== link) return;  // another code was made meanwhile
  drawn = come;
  changed();
}

/** @param {string} link */
async function share(link) {
  try {
    if (typeof navigator.share === "function") return await navigator.share({ title: state.page?.title || "", url: link });
    await navigator.clipboard.writeText(link);
    copied = true;
  } catch {
    copied = false;  // no clipboard here (no secure context), or the person thought again: the link can be read
  }
  changed();
}
