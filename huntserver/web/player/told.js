// What hosts told everybody and nobody here has read yet, and the end: said on every view, most of all at an open clue.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import * as kept from "./kept.js";
import { icon } from "./pieces.js";
import { words_of } from "./reading.js";
import { changed, state } from "./store.js";
import { ordinal, t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */

/** The last announcement, unless it was read or put away on this device. @param {Page} page */
export function unread({ hunt, announcements }) {
  const last = announcements.at(-1);
  return last && last.at_ms > (kept.get(`read.${hunt}`) || 0) ? last : null;
}

/** @param {Page} page */
function read({ hunt, announcements }) {
  kept.put(`read.${hunt}`, announcements.at(-1)?.at_ms || 0);
}

export function told_view() {
  const { page, route } = state, said = page && unread(page);
  if (said && route.view === "feed") read(page);  // they stand there
  return html`<div role="status" aria-live="polite">${said && route.view !== "feed" ? html`<p class="strip news" data-strip="told">${icon("feed")} <span class="text" dir="auto"><a href="#feed"><b>${t("feed.hosts")}</b></a> ${words_of(said.text)}</span>
      <button class="round small" aria-label=${t("close")} @click=${() => (read(page), changed())}>${icon("close")}</button></p>` : nothing}
    ${page?.phase === "ended" && route.view === "clue" ? html`<p class="strip" data-strip="over"><b>${t("after.over")}</b>${page.team?.place ? ` · ${t("after.place", { rank: ordinal(page.team.place) })}` : ""} · <a href="#receipt">${t("after.receipt")}</a></p>` : nothing}</div>`;
}
