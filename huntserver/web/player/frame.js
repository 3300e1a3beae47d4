// The frame around every view of a hunt: title, time, connection, the bar of views, sheets and the stamp of a solve.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { icon, stamp, turned } from "./pieces.js";
import { again, give_up_identity, hand_over, leave, probe, stop_celebrating, waiting } from "./play.js";
import { sheet_of } from "./sheets.js";
import { changed, state } from "./store.js";
import { told_view } from "./told.js";
import { ordinal, span, t } from "./words.js";

/** @typedef {import("../vendor/lit-html/lit-html.js").TemplateResult} View */

const SILENT = ["connecting", "idle"];

/** @param {View} view */
export function frame(view) {
  const { page } = state;
  return html`<a class="skip" href="#main">${t("skip")}</a>
    <header class="bar">
      <div class="bar-in"><h1 class="hunt-title" dir="auto">${page?.title || t("door.title")}</h1>${page ? time(page) : nothing}${dot()}</div>
      ${banner()}${told_view()}
    </header>
    <main id="main" tabindex="-1">${view}</main>
    ${bottom()}${sheet()}${celebration()}`;
}

/** What the clock shows in each phase. @param {import("./fold.js").Page} page */
function time(page) {
  const { phase, ends_ms = 0, starts_ms = 0, paused_ms = 0 } = page;
  if (phase === "running" && ends_ms) return html`<span class="clock"><span class="sr">${t("time.left")} </span><time-left .until=${ends_ms} .stopped=${null} @due=${changed}></time-left></span>`;
  if (phase === "paused") return html`<span class="clock">${ends_ms ? html`<time-left .until=${ends_ms} .stopped=${ends_ms - paused_ms}></time-left> ` : nothing}<b>${t("phase.paused_short")}</b></span>`;
  if (phase === "published" && starts_ms) return html`<span class="clock"><span class="sr">${t("time.until_start")} </span><time-left .until=${starts_ms} .stopped=${null} @due=${changed}></time-left></span>`;
  return phase === "ended" ? html`<span class="clock"><b>${t("phase.ended_short")}</b></span>` : nothing;
}

/** The state of the connection as the strings name it: `over` by what it is over for. */
function link_state() {
  const { state: now, about } = state.link;
  if (now !== "over") return now;
  return about.code === "replaced" ? "replaced" : ["bad_token", "token_expired"].includes(about.code) ? "refused" : "closed";
}

function dot() {
  const { link } = state;
  const kind = link.state === "online" ? (state.waiting ? "busy" : "good") : SILENT.includes(link.state) && !link.ever ? "busy" : "bad";
  const words = t(/** @type {any} */ (`link.${link_state()}`));
  return html`<button class="dot ${kind}" aria-label=${`${t("link.label")}: ${words}`} @click=${() => ((state.sheet = { kind: "link" }), probe(), changed())}>
    <span class="light"></span>${state.waiting && kind !== "good" ? html`<span class="count">${state.waiting}</span>` : nothing}</button>`;
}

/** What about the connection or the page a person has to know: stays until it is not so any more. */
function banner() {
  const { link, page, newer } = state, now = link_state();
  const lines = [];
  if (now === "waiting" || (now === "connecting" && link.ever)) {
    const waits = state.waiting ? html` <b>${t("link.waits", { n: state.waiting })}</b>` : nothing;
    lines.push(html`<p class="strip warn" role="status" data-strip="lost">${t(link.about.goaway ? "link.restarting" : "link.lost")}${waits}</p>`);
  }
  if (now === "replaced") lines.push(strip("bad", "link.replaced_long", "link.here", again, "replaced"));
  if (now === "closed") lines.push(strip("bad", "link.closed_long", "again", again, "closed"));
  if (now === "refused") lines.push(strip("bad", "link.refused_long", "link.join_again", give_up_identity, "refused"));
  if (newer) lines.push(strip("", "newer", "reload", () => location.reload(), "newer"));
  if (!state.lasting) lines.push(html`<p class="strip warn" data-strip="storage">${t("storage.none")}</p>`);
  if (page?.team?.out) lines.push(html`<p class="strip bad" role="status">${t("team.out")}</p>`);
  return lines;
}

/** @param {string} tone @param {any} text @param {any} button @param {() => void} act @param {string} name */
function strip(tone, text, button, act, name) {
  return html`<p class="strip ${tone}" role="alert" data-strip=${name}>${t(text)} <button class="plain" @click=${act}>${t(button)}</button></p>`;
}

function bottom() {
  const { page, route, unread } = state;
  if (!page || ["clue", "receipt"].includes(route.view)) return nothing;
  const has_map = page.clues.some(({ kind }) => kind === "location");
  const views = ["clues", ...(has_map ? ["map"] : []), "team", "board", "feed"];
  return html`<nav class="views" aria-label=${t("views")}>${views.map((view) => html`<a href="#${view}" aria-current=${route.view === view ? "page" : nothing}>
    ${icon(view)}<span>${t(/** @type {any} */ (`view.${view}`))}</span>${unread[view] ? html`<i class="new" role="img" aria-label=${t("new")}></i>` : nothing}</a>`)}</nav>`;
}

// ---- sheets

function sheet() {
  if (!state.sheet) return nothing;
  if (state.sheet.kind === "link") return sheet_of(t("link.title"), link_sheet());
  if (state.sheet.kind === "next") return sheet_of(t("next.title"), next_sheet());
  return state.sheet.view ? state.sheet.view() : nothing;
}

function link_sheet() {
  const commands = waiting(), now = link_state(), { at_ms } = state.link.about;
  return html`${state.page ? html`<p class="about" dir="auto">${state.page.title}</p>` : nothing}<p>${t(/** @type {any} */ (`link.${now}_about`), { time: at_ms ? span(at_ms - Date.now()) : "" })}</p>
    ${commands.length ? html`<h3>${t("link.waiting_title", { n: commands.length })}</h3><ul class="lines">${commands.map((frame) =>
      html`<li><b>${t(/** @type {any} */ (`op.${frame.op}`))}</b> <span dir="auto">${frame.text || frame.code || ""}</span></li>`)}</ul><p class="help">${t("link.nothing_lost")}</p>`
      : html`<p class="help">${t("link.nothing_waits")}</p>`}
    ${["waiting", "replaced", "closed"].includes(now) ? html`<button class="act wide" @click=${again}>${t("link.now")}</button>` : nothing}
    <div class="known">${Object.entries({ en: "English", de: "Deutsch" }).map(([tag, name]) => html`<button class="plain" lang=${tag} @click=${() => dispatchEvent(new CustomEvent("language", { detail: tag }))}>${name}</button>`)}</div>`;
}

function next_sheet() {
  return html`<p>${t("next.about", { name: state.me?.name || "" })}</p>
    <button class="act wide" id="next-go" @click=${() => hand_over(null)}>${t("next.go")}</button>
    <button class="plain wide" @click=${leave}>${t("next.only_hunt")}</button>`;
}

// ---- the moment of a solve

function celebration() {
  const { stamp: made } = state;
  if (!made) return nothing;
  const first = made.rank === 1;
  return html`<div class="celebration ${first ? "first" : ""}" role="status" @click=${stop_celebrating}>
    <div class="big-stamp">${stamp({ mark: String(made.number), kind: first ? "first" : "solved", turn: turned(made.number) - 6 })}</div>
    <p class="rank">${first ? t("solved.first") : t("solved.rank", { rank: ordinal(made.rank) })}</p>
    <p dir="auto">${made.title}</p>${made.points ? html`<p class="points">+${made.points}</p>` : nothing}</div>`;
}

