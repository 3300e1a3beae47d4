// The feed: what hosts said, which everybody sees alike, and what happened while this page was open.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { icon, server_now } from "./pieces.js";
import { words_of } from "./reading.js";
import { state } from "./store.js";
import { prose } from "./texts.js";
import { moment, ordinal, t } from "./words.js";

/** @param {import("./fold.js").Page} page */
export function feed_view(page) {
  const said = [...page.announcements].reverse();
  const heard = state.moments.filter(({ type }) => type !== "announced");
  return html`<h2>${t("view.feed")}</h2>
    <section><h3>${t("feed.hosts")}</h3>${said.length ? html`<ul class="feed">${repeat(said, ({ at_ms, text }, i) => `${said.length - i}:${at_ms}:${text.length}`, ({ at_ms, text }) =>
      html`<li class="card host">${icon("feed")}<div>${prose(text)}<span class="about">${moment(at_ms, server_now())}</span></div></li>`)}</ul>` : html`<p class="empty">${t("feed.no_hosts")}</p>`}</section>
    <section><h3>${t("feed.live")}</h3>${heard.length ? html`<ul class="feed">${repeat(heard, ({ at_ms, type }, i) => `${heard.length - i}:${at_ms}:${type}`, line)}</ul>` : html`<p class="empty">${t("feed.no_live")}</p>`}</section>`;
}

/** @param {import("./store.js").Moment} moment_ */
function line({ type, at_ms, own, event }) {
  const words = /** @type {{[type: string]: () => string}} */ ({
    solved: () => t("feed.solved", { clue: event.clue_number, rank: ordinal(event.rank), n: event.points || 0 }),
    part_solved: () => t("feed.part", { clue: event.clue_number, n: event.done || 0, total: event.needed || 0 }),
    first_finder: () => t("feed.first", { who: event.name, clue: event.clue_number }),
    claimed: () => (own ? t("feed.claimed_own", { what: event.title }) : !event.name ? "" : t("feed.claimed", { who: event.name, what: event.title, rank: ordinal(event.rank) })),
    hint_taken: () => (event.points ? t("feed.hint", { n: -event.points }) : t("feed.hint_free")),
    joined: () => t("feed.joined", { who: event.name }),
    left: () => t(event.how === "kicked" ? "feed.kicked" : "feed.left", { who: event.name }),
    captain_changed: () => t("feed.captain", { who: event.name }),
    renamed: () => t("feed.renamed", { who: event.name }),
    question_answered: () => !own ? "" : t("feed.answered", { clue: state.page?.clues.find(({ id }) => id === event.clue)?.title || event.clue }),
    photo_judged: () => !own ? "" : t("feed.judged", { clue: state.page?.clues.find(({ id }) => id === event.clue)?.title || event.clue }),
    adjusted: () => t((event.points || 0) < 0 ? "feed.taken" : "feed.given", { n: Math.abs(event.points || 0), reason: event.reason }),
    removed: () => t(event.back ? "feed.back" : "feed.removed", { reason: event.reason }),
    unsolved: () => t("feed.unsolved", { clue: state.page?.clues.find(({ id }) => id === event.clue)?.title || event.clue, n: -(event.points || 0) }),
    erratum_given: () => t("feed.erratum", { text: words_of(event.text) }),
    extra_time_given: () => t("feed.extra_time", { n: Math.round((event.for_ms || 0) / 60_000) }),
    reopened: () => t("feed.reopened"),
    frozen: () => t("feed.frozen"), thawed: () => t("feed.thawed"), revealed: () => (event.left ? "" : t("feed.revealed")),
    started: () => t("feed.started"), paused: () => t("feed.paused"), unpaused: () => t("feed.unpaused"),
    extended: () => t("feed.extended", { time: moment(event.ends_ms, server_now()) }), ended: () => t("feed.ended"),
  })[type];
  const said = words?.();
  if (!said) return nothing;
  const kinds = /** @type {{[type: string]: string}} */ ({ solved: "star", part_solved: "manual", first_finder: "star", claimed: "treasure", hint_taken: "hint", joined: "team", left: "team", captain_changed: "team", renamed: "team", adjusted: "board" });
  return html`<li class="card ${own ? "own" : ""} ${type}">${icon(kinds[type] || "clues")}<div><span dir="auto">${said}</span><span class="about">${moment(at_ms, server_now())}</span></div></li>`;
}
