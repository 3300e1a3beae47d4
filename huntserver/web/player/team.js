// The team: who is in it, how others come in, who plays on this device.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { icon } from "./pieces.js";
import { at_site } from "./site.js";
import { changed, state } from "./store.js";
import { ordinal, t } from "./words.js";

/** @type {{of: string, path: string, size: number} | null} the drawing of an invite link */
let drawn = null;
let copied = false;

/** @param {import("./fold.js").Page} page */
export function team_view(page) {
  const { team } = page;
  if (!team) return html`<h2>${t("view.team")}</h2><p class="empty">${t("team.host")}</p>`;
  const link = team.invite ? invite_link(team.invite) : "";
  return html`<section class="card hero"><h2 dir="auto">${team.name}</h2>
      <p><b>${t("points", { n: team.score })}</b>${team.place ? html` · ${t("team.place", { rank: ordinal(team.place) })}` : nothing}${team.unofficial ? html` · ${t("team.uncounted")}` : nothing}${team.bracket ? html` · ${team.bracket}` : nothing}</p></section>
    ${team.invite ? invite(team.invite, link) : nothing}
    <section><h3>${t("team.members", { n: team.members.length })}</h3><ul class="lines members">${repeat(team.members, (name, i) => `${i}:${name}`, (name, i) =>
      html`<li><span dir="auto">${name}</span>${i === 0 && team.members.length > 1 ? html` <span class="about">${t("team.captain")}</span>` : nothing}</li>`)}</ul></section>
    <section class="device"><h3>${t("team.device")}</h3>
      <button class="plain wide" id="next" @click=${() => ((state.sheet = { kind: "next" }), changed())}>${t("team.next")}</button></section>`;
}

/** @param {string} code @returns {string} */
function invite_link(code) {
  const url = at_site(".");
  url.search = new URLSearchParams({ hunt: state.hunt, code }).toString();
  url.hash = "";
  return url.href;
}

/** @param {string} code @param {string} link */
function invite(code, link) {
  if (drawn?.of !== link) void draw(link);
  const can_share = typeof navigator.share === "function";
  return html`<section class="card invite"><h3>${t("team.invite")}</h3>
    <div class="qr">${drawn?.of === link ? html`<svg viewBox="0 0 ${drawn.size} ${drawn.size}" role="img" aria-label=${t("team.qr")}><path d=${drawn.path}/></svg>` : html`<div class="skeleton"></div>`}</div>
    <p class="code" aria-label=${t("team.code")}>${code}</p>
    <p class="help">${t("team.invite_about")}</p>
    <button class="act wide" id="share" @click=${() => share(link)}>${icon("share")}${can_share ? t("team.share") : t("team.copy")}</button>
    <p class="help link" role="status">${copied ? t("team.copied") : nothing} <span class="url">${link}</span></p></section>`;
}

/** @param {string} link */
async function draw(link) {
  const { qr_of } = await import("./qr.js");
  drawn = qr_of(link);
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
