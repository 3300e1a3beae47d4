// The clues: a list of cards, and a page for each with what it says and what solves it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { guard } from "../vendor/lit-html/directives/guard.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import * as kept from "./kept.js";
import { left } from "./locks.js";
import { icon, initial, server_now, stamp, turned } from "./pieces.js";
import { worth } from "./fold.js";
import { unread } from "./told.js";
import { begin, check_in, claim, guess, scan, take_hint } from "./doing.js";
import { done_of, parts_view } from "./parts.js";
import { note } from "./play.js";
import { solution_of } from "./receipt.js";
import { answer_line, locate, open_scanner } from "./solving.js";
import { changed, state } from "./store.js";
import { words_of } from "./reading.js";
import { prose } from "./texts.js";
import { moment, ordinal, refusal, spoken, t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./fold.js").Clue} Clue */

/** @param {Page} page */
export function clues_view(page) {
  const { team } = page;
  const solved = page.clues.filter((clue) => clue.solved).length;
  return html`
    ${page.phase === "published" ? before(page) : nothing}
    ${page.phase === "ended" ? after(page) : nothing}
    ${page.own_start && page.phase === "running" ? own_time(page) : nothing}
    ${page.phase === "paused" ? html`<p class="notice" role="status">${t("phase.paused_about")}</p>` : nothing}
    ${page.clues.length ? html`<section class="progress" aria-label=${t("progress")}><div class="stamps">${stamps(page)}</div>
      <p><b>${t("progress.solved", { n: solved, total: page.clues_total || page.clues.length })}</b>${team ? html` · ${t("points", { n: team.score })}` : nothing}</p></section>` : nothing}
    ${latest(page)}
    ${listed(page.clues.filter(({ round }) => !round || !page.rounds?.length))}
    ${repeat(page.rounds || [], ({ id }) => id, (round) => html`<section class="round" data-round=${round.id}><h2 dir="auto">${round.title}</h2>${round.text ? prose(round.text) : nothing}
      ${listed(page.clues.filter((clue) => clue.round === round.id))}</section>`)}
    ${treasures(page)}${locked(page)}
    ${page.phase === "running" && page.clues.some(scanned) ? html`<button class="float act" @click=${() => open_scanner("scan")}>${icon("scan")}${t("scan")}</button>` : nothing}
    ${answer_line("scan")}`;
}

/** Whether a code solves a clue, or a part of it. @param {Clue} clue */
const scanned = ({ kind, solved, asks }) => !solved && (kind === "code" || Boolean(asks?.parts?.some((part) => part.kind === "code")));

/** A team that begins for itself: its button, and that its time is over. @param {Page} page */
function own_time(page) {
  if (page.began_ms) return page.ends_ms && page.ends_ms <= server_now() ? html`<p class="notice" role="status" data-over>${t("own.over")}</p>` : nothing;
  const minutes = Math.round((page.limit_s || 0) / 60);
  return html`<section class="card begin"><p>${minutes ? t("own.limit", { n: minutes }) : t("own.about")}</p>
    <button class="act" data-begin @click=${begin}>${t("own.begin")}</button>${answer_line("begin")}</section>`;
}

/** @param {Clue[]} clues */
const listed = (clues) => (clues.length ? html`<ul class="clues">${repeat(sorted(clues), ({ id }) => id, (clue) => html`<li>${guard([clue, waits_now(clue), state.page?.phase, spoken(), state.answers[`clue:${clue.id}`]], () => card(clue))}</li>`)}</ul>` : nothing);

/** What feeds a meta, and what of it is solved. @param {Page} page @param {Clue} clue */
function feeders(page, { fed_by = [] }) {
  if (!fed_by.length) return nothing;
  const fed = page.clues.filter(({ number, solved }) => solved && fed_by.includes(number));
  return html`<p class="about" data-fed>${t("clue.fed", { n: fed.length, total: fed_by.length })}${fed.length ? html` · ${fed.map(({ title }) => title).join(" · ")}` : nothing}</p>`;
}

/** Open ones first, each kind in the order of the hunt. @param {Clue[]} clues */
function sorted(clues) {
  return [...clues.filter(({ solved }) => !solved), ...clues.filter(({ solved }) => solved)];
}

/** @param {Page} page */
function stamps(page) {
  const by_number = new Map(page.clues.map((clue) => [clue.number, clue]));
  const total = Math.max(page.clues_total || 0, page.clues.length);
  if (total > 40) {
    const share = Math.round((page.clues.filter(({ solved }) => solved).length / total) * 100);
    return html`<progress max="100" value=${share} aria-label=${t("progress")}></progress>`;
  }
  return Array.from({ length: total }, (_, i) => {
    const clue = by_number.get(i + 1);
    return stamp({ mark: clue ? String(i + 1) : "", kind: clue ? (clue.solved ? "solved" : "open") : "locked", turn: clue?.solved ? turned(i + 1) : 0 });
  });
}

/** The time that counts for what sinks: it stands still in a pause. */
const page_now = () => state.page?.paused_ms || server_now();

/** @param {Clue} clue */
const waits_now = (clue) => !clue.solved && (clue.wait_until_ms || 0) > server_now();

/** Drawn anew only when the clue is another, or its wait is over. @param {Clue} clue */
function card(clue) {
  return html`<a class="card clue ${clue.solved ? "done" : ""}" href="#clue/${encodeURIComponent(clue.id)}" data-clue=${clue.id}>
    <span class="number">${clue.number}</span>
    <span class="body"><span class="title" dir="auto">${clue.title}</span>
      <span class="about">${icon(clue.kind)}${t(/** @type {any} */ (`kind.${clue.kind}`))}<span class="state">${state_words(clue, waits_now(clue))}</span></span></span>
    ${clue.solved ? stamp({ mark: "✓", kind: "solved", turn: turned(clue.number) }) : html`<span class="worth">${t("points.short", { n: worth(clue, page_now()) })}</span>`}</a>`;
}

/** @param {Clue} clue @param {boolean} waits */
function state_words(clue, waits) {
  if (clue.solved) return t("clue.solved");
  const answer = state.answers[`clue:${clue.id}`];
  if (answer?.tone === "refused" && answer.text) return html`<q dir="auto">${answer.text}</q> ${refusal(answer.err)}`;
  if (answer?.tone === "wait" && answer.text && state.link.state !== "online") return t("answer.waits", { text: answer.text });
  if (state.page?.phase === "ended") return t("receipt.unsolved");
  if (clue.asks?.parts) return t("parts.count", done_of(clue));
  const tried = clue.wrong ? t("clue.tried", { n: clue.wrong }) : t("clue.open");
  if (clue.errata?.length && !waits) return html`${tried} · <b>${t("clue.erratum")}</b>`;
  return waits ? html`${tried} · ${t("clue.wait")} <time-left .until=${clue.wait_until_ms} @due=${changed}></time-left>` : tried;
}

/** @param {Page} page */
function before(page) {
  const { starts_ms = 0, opens_ms = 0 } = page;
  return html`<section class="card hero">
    ${starts_ms > server_now() ? html`<p>${t("before.starts_in")}</p><p class="huge"><time-left .until=${starts_ms} @due=${changed}></time-left></p><p class="about">${moment(starts_ms, server_now())}</p>`
      : html`<p class="huge words">${t("before.host")}</p><p class="about">${t("before.host_about")}</p>`}
    ${opens_ms > server_now() ? html`<p>${t("before.opens", { time: moment(opens_ms, server_now()) })}</p>` : nothing}
    ${page.intro ? prose(page.intro) : nothing}</section>`;
}

/** @param {Page} page */
function after(page) {
  const { team } = page;
  const solved = page.clues.filter((clue) => clue.solved).length;
  return html`<section class="card hero ended"><p>${t("after.over")}</p>
    ${team?.place ? html`<p class="huge words">${t("after.place", { rank: ordinal(team.place) })}</p>` : nothing}
    ${team ? html`<p><b>${t("points", { n: team.score })}</b> · ${t("progress.solved", { n: solved, total: page.clues_total || solved })}</p>` : nothing}
    <p>${team ? html`<a href="#receipt" id="receipt">${t("after.receipt")}</a> · ` : nothing}<a href="#board">${t("after.board")}</a></p></section>`;
}

/** The last word of the hosts. @param {Page} page */
function latest(page) {
  const last = page.announcements.at(-1);
  if (!last || unread(page)) return nothing;
  return html`<a class="card news" href="#feed">${icon("feed")}<span><span class="about">${t("feed.hosts")} · ${moment(last.at_ms, server_now())}</span><span class="text" dir="auto">${words_of(last.text)}</span></span></a>`;
}

/** The locked clues, each with what opens it. @param {Page} page */
function locked(page) {
  const n = Math.max(0, (page.clues_total || 0) - page.clues.length);
  if (!n || page.phase === "ended" || page.phase === "published") return nothing;
  const open = new Set(page.clues.map(({ number }) => number));
  const told = (page.locks || []).filter(({ number }) => !open.has(number));
  return html`<section class="locked-clues"><h2>${t("locked")}</h2>
    <p class="about">${t("locked.count", { n })}${told.length < n ? html` ${t("locked.why")}` : nothing}</p>
    ${told.length ? html`<ul>${told.map(({ number, needs }) => html`<li data-locked=${number}>${stamp({ mark: "", kind: "locked", turn: 0 })}
      <span class="body"><b>${t("locked.clue", { n: number })}</b> <span class="sr">${t("locked.is")}</span><span class="about">${icon("locked")}${missing(page, needs)}</span></span></li>`)}</ul>` : nothing}</section>`;
}

/** What is missing, as the end of "opens …". @param {Page} page @param {import("./fold.js").Need} needs @returns {unknown} */
function missing(page, needs) {
  const words = left(page, needs, server_now());
  const timed = needs.after_s && page.zero_ms && page.phase === "running" ? page.zero_ms + needs.after_s * 1000 : 0;
  return timed > server_now() ? html`${t("locked.opens", { what: words })} · <time-left .until=${timed} @due=${changed}></time-left>` : t("locked.opens", { what: words });
}

/** When a treasure can be claimed. @param {import("./fold.js").Treasure} treasure */
function window_of({ from_ms = 0, until_ms = 0 }) {
  if (page_now() < from_ms) return html`<span class="about">${t("treasure.from", { time: moment(from_ms, server_now()) })}</span>`;
  return until_ms ? html`<span class="about">${t("treasure.until", { time: moment(until_ms, server_now()) })}</span>` : nothing;
}

/** @param {Page} page */
function treasures(page) {
  if (!page.treasures.length) return nothing;
  return html`<h2>${t("treasures")}</h2><ul class="clues">${repeat(page.treasures, ({ id }) => id, (treasure) => html`<li><div class="card treasure ${treasure.mine ? "done" : ""}" data-treasure=${treasure.id}>
    ${icon("treasure")}<div class="body"><span class="title" dir="auto">${treasure.title}</span>${treasure.text ? prose(treasure.text) : nothing}
      <span class="about">${treasure.mine ? t("treasure.mine") : t("treasure.left", { n: treasure.left })} · ${t("points.short", { n: treasure.points })}${treasure.tier ? html` · <b>${treasure.tier}</b>` : nothing}</span>
      ${treasure.loot?.length ? html`<span class="about" data-loot>${t(treasure.mine ? "treasure.got" : "treasure.in_it", { what: treasure.loot.join(" · ") })}</span>` : nothing}
      ${treasure.mine ? nothing : window_of(treasure)}
      ${treasure.mine || !treasure.left || page.phase !== "running" || page_now() < (treasure.from_ms || 0) || (treasure.until_ms && page_now() >= treasure.until_ms) ? nothing : html`<button class="act" @click=${() => claim(treasure.id)}>${t("treasure.claim")}</button>`}
      ${answer_line(`treasure:${treasure.id}`)}</div></div></li>`)}</ul>`;
}

// ---- one clue

/** @param {Page} page @param {string} id */
export function clue_view(page, id) {
  const clue = page.clues.find((one) => one.id === id);
  const back = html`<a class="plain back" href="#clues">${icon("back")}${t("view.clues")}</a>`;
  if (!clue) return html`${back}<p class="empty">${t("clue.gone")}</p>`;
  return html`<article class="clue-page" data-clue=${clue.id}>
    ${back}
    <header><span class="number">${clue.number}</span><h2 tabindex="-1" id="clue-title" dir="auto">${clue.title}</h2>
      ${clue.solved ? html`<span class="corner">${stamp({ mark: "✓", kind: "solved", turn: turned(clue.number) })}</span>` : nothing}</header>
    <p class="about">${icon(clue.kind)}${t(/** @type {any} */ (`kind.${clue.kind}`))} · ${t("points", { n: worth(clue, page_now()) })}${clue.sinks && !clue.solved ? html` · ${t("clue.sinks", { n: clue.sinks.least, time: moment(clue.sinks.to_ms, server_now()) })}` : nothing}${clue.final ? html` · <b>${t("clue.final")}</b>` : nothing}</p>
    ${feeders(page, clue)}
    ${(clue.errata || []).map(({ at_ms, text }) => html`<div class="notice warn erratum" role="note"><b>${t("clue.erratum")}</b> <span class="about">${moment(at_ms, server_now())}</span>${prose(text)}</div>`)}
    ${clue.text ? html`<div class="card paper">${prose(clue.text)}</div>` : nothing}${"waits" in clue ? html`<p class="card skeleton" role="status" data-coming>${t("clue.coming")}</p>` : nothing}
    ${clue.solved ? html`<div class="card found"><h3>${t("clue.solved")}</h3>${state.answers[`clue:${clue.id}`]?.tone === "right" ? answer_line(`clue:${clue.id}`) : nothing}${clue.solved_text ? prose(clue.solved_text) : html`<p>${t("clue.solved_about")}</p>`}${onward(page, clue)}</div>` : nothing}
    ${solution_of(page, clue.id)}
    ${hints(page, clue)}${asking(page, clue)}
    ${clue.asks?.parts ? html`${clue.solved ? nothing : answer_line(`clue:${clue.id}`)}${parts_view(clue, (part) => (page.phase === "running" ? solve(page, part) : nothing))}` : nothing}
    ${clue.solved || clue.asks?.parts ? nothing : page.phase === "running" ? solve(page, clue) : stopped(page, clue)}
    ${tries(clue)}</article>`;
}

/** From a solved clue to the next that is open. @param {Page} page @param {Clue} clue */
function onward(page, { number }) {
  if (page.phase !== "running") return nothing;
  const open = page.clues.filter(({ solved }) => !solved), next = open.find((one) => one.number > number) || open[0];
  if (next) return html`<a class="act wide" data-next href="#clue/${encodeURIComponent(next.id)}">${t("clue.next", { title: next.title })}</a>`;
  return html`<p data-next><b>${t(page.team?.finished || page.clues.length >= (page.clues_total || 0) ? "clue.all" : "clue.none_open")}</b></p>`;
}

/** @type {typeof import("./desk.js") | undefined} */
let desk;
let desk_tries = 0, desk_comes = false;

/** Send for the part of the page that only some hunts need; a browser remembers an address that did not come. */
function send_for_desk() {
  if (desk_comes) return;
  desk_comes = true;
  const coming = desk_tries++ ? import(`./desk.js?again=${desk_tries}`) : import("./desk.js");
  void coming.then((come) => (desk = come), () => new Promise((resolve) => setTimeout(resolve, 3000))).then(() => ((desk_comes = false), changed()));
}

/** Questions to hosts: a part of the page that comes where a hunt takes them. @param {Page} page @param {Clue} clue */
function asking(page, clue) {
  if (!page.help && !page.questions?.length) return nothing;
  if (!desk) send_for_desk();
  return desk ? desk.asking_view(page, clue) : nothing;
}

/** What stands where a clue is solved while nothing can be: also what became of an answer that came too late. @param {Page} page @param {Clue} clue */
function stopped(page, { id }) {
  return html`${page.phase === "ended" ? nothing : html`<p class="notice">${t(page.phase === "paused" ? "phase.paused_about" : "refused.not_running")}</p>`}${answer_line(`clue:${id}`)}`;
}

/** @param {Page} page @param {Clue} clue */
function solve(page, clue) {
  if (clue.kind === "code") return code_box(clue);
  if (clue.kind === "location") return html`<div class="solve"><button class="act wide here" ?disabled=${state.answers[`clue:${clue.id.split(".")[0]}`]?.tone === "wait"}
    @click=${() => locate((where) => check_in(clue.id, where), (why, tone) => note(`clue:${clue.id.split(".")[0]}`, why, tone))}>${icon("here")}${t("here")}</button>
    ${clue.id.includes(".") ? nothing : answer_line(`clue:${clue.id}`)}${state.position ? html`<p class="help">${t("here.accuracy", { n: Math.round(state.position.accuracy_m) })}${state.position.accuracy_m > 60 ? html` ${t("here.vague")}` : nothing}</p>` : nothing}</div>`;
  if (clue.kind === "photo") {
    if (!desk) send_for_desk();
    return desk ? desk.photo_view(page, clue) : html`<div class="skeleton card"></div>`;
  }
  if (clue.kind === "manual") return html`<p class="notice">${t("clue.manual_about")}</p>`;
  if (clue.kind === "survey") return html`<p class="help">${t("clue.survey_about")}</p>${guess_box(clue)}`;
  return clue.asks?.kind === "choice" ? choices(clue, clue.asks.options || []) : guess_box(clue);
}

/** @param {Clue} clue @param {string[]} options */
function choices(clue, options) {
  const until_ms = clue.wait_until_ms || 0, waits = until_ms > server_now();
  const wrong = new Set((state.tried[clue.id] || []).filter(({ verdict }) => verdict === "incorrect").map(({ text }) => text));
  return html`<div class="solve" role="group" aria-label=${t("guess.label")}>${answer_line(`clue:${clue.id}`)}
    ${options.map((option) => html`<button class="plain wide option" dir="auto" ?disabled=${wrong.has(option)} aria-disabled=${waits ? "true" : "false"}
      @click=${() => waits || guess(clue.id, option)}>${option}</button>`)}
    ${waits ? html`<p class="help">${t("clue.wait")} ${ring(until_ms)}</p>` : nothing}</div>`;
}

/** @param {string} id */
const draft_name = (id) => `draft.${state.hunt}.${state.me?.player}.${id}`;

/** The id of a field: a page shows one clue, or several parts. @param {string} name @param {Clue} clue */
const field = (name, { id }) => (id.includes(".") ? `${name}-${id}` : name);

/** @param {Clue} clue */
function guess_box(clue) {
  const until_ms = clue.wait_until_ms || 0, waits = until_ms > server_now();
  return html`${repeat([clue.id], (id) => id, () => html`<form class="solve" autocomplete="off" @submit=${(/** @type {SubmitEvent} */ event) => send(event, clue)}>
    ${answer_line(`clue:${clue.id}`)}
    <div class="box"><label class="sr" for=${field("guess", clue)}>${t("guess.label")}</label>
      <input id=${field("guess", clue)} name="guess" maxlength="200" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false" enterkeyhint="send" dir="auto"
        placeholder=${t("guess.label")} data-clue=${clue.id} ${initial(kept.get(draft_name(clue.id)) || "")}
        @input=${(/** @type {any} */ event) => kept.put(draft_name(clue.id), event.target.value || null)}>
      <button class="act" aria-disabled=${waits ? "true" : "false"}>${waits ? html`<span class="sr">${t("clue.wait")} </span>${ring(until_ms)}` : t("guess.send")}</button></div>
    <p class="help" ?hidden=${!waits}>${t("guess.waits")}</p></form>`)}`;
}

/** @param {number} until_ms */
function ring(until_ms) {
  return html`<time-left class="ring" .until=${until_ms} @due=${changed}></time-left>`;
}

/** @param {SubmitEvent} event @param {Clue} clue */
function send(event, clue) {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("guess"));
  const text = field.value.trim();
  const [id, part] = clue.id.split("."), of = state.page?.clues.find((one) => one.id === id);
  const now = part ? of?.parts?.find((one) => one.id === part) : of;
  if (!text || (now?.wait_until_ms || 0) > server_now()) return;  // the words stay; the clock in the button says how long
  field.value = "";
  kept.put(draft_name(clue.id), null);
  guess(clue.id, text);
}

/** @param {Clue} clue */
function code_box(clue) {
  const thing = `clue:${clue.id}`;
  const until_ms = state.page?.team?.codes_wait_until_ms || 0, waits = until_ms > server_now();
  return html`<form class="solve" @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("code"));
    if (!field.value.trim() || (state.page?.team?.codes_wait_until_ms || 0) > server_now()) return;  // the code stays
    scan(field.value.trim(), thing);
    field.value = "";
  }}>${answer_line(thing)}
    <button type="button" class="act wide" @click=${() => open_scanner(thing)}>${icon("scan")}${t("scan")}</button>
    <div class="box"><label class="sr" for=${field("code", clue)}>${t("scan.type")}</label><input id=${field("code", clue)} name="code" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" placeholder=${t("scan.type")} maxlength="200">
      <button class="plain" aria-disabled=${waits ? "true" : "false"}>${waits ? html`<span class="sr">${t("clue.wait")} </span>${ring(until_ms)}` : t("scan.enter")}</button></div>
    <p class="help" ?hidden=${!waits}>${t("scan.waits")}</p></form>`;
}

/** What this team tried here, as far as this device has heard. @param {Clue} clue */
function tries(clue) {
  const tried = state.tried[clue.id] || [];
  if (!tried.length || clue.solved) return nothing;
  return html`<section class="tries"><h3>${t("tries")}</h3><ul>${repeat(tried, ({ text }) => text, ({ text, verdict }) =>
    html`<li class=${verdict}><span dir="auto">${text}</span> <span class="about">${t(/** @type {any} */ (`verdict.${verdict}`))}</span></li>`)}</ul></section>`;
}

/** Hints are closed envelopes with their price on it. @param {Page} page @param {Clue} clue */
function hints(page, clue) {
  const all = (clue.hints || []).filter(({ text }) => text !== undefined || !clue.solved);
  if (!all.length) return nothing;
  return html`<section class="hints"><h3>${t("hints")}</h3>${repeat(all, ({ id }) => id, (hint) => {
    const thing = `hint:${clue.id}:${hint.id}`;
    if (hint.text !== undefined) return html`<div class="envelope opened" data-hint=${hint.id}>${icon("open_hint")}${prose(hint.text)}</div>`;
    const early = hint.offered_ms > server_now() && page.phase === "running";
    const asked = state.sheet?.kind === "hint" && state.sheet.thing === thing;
    const first = all.find(({ id, text }) => text === undefined && (hint.needs || []).includes(id));  // to be opened before it
    const dear = hint.price > Math.max(0, page.team?.score || 0);
    return html`<div class="envelope ${first ? "shut" : ""}" data-hint=${hint.id}>${icon("hint")}<span class="body"><b>${hint.price ? t("hint.price", { n: hint.price }) : t("hint.free")}</b>
      ${early ? html`<span class="about">${t("hint.later")} <time-left .until=${hint.offered_ms} @due=${changed}></time-left></span>` : nothing}
      ${first ? html`<span class="about">${t("hint.needs", { n: all.indexOf(first) + 1 })}</span>` : nothing}
      ${dear && !early && !first ? html`<span class="about">${t("hint.dear", { n: Math.max(0, page.team?.score || 0) })}</span>` : nothing}${answer_line(thing)}</span>
      ${early || first || dear || page.phase !== "running" ? nothing : asked
        ? html`<span class="pair"><button class="act" @click=${() => ((state.sheet = null), take_hint(clue.id, hint.id))}>${t("hint.yes")}</button><button class="plain" @click=${() => ((state.sheet = null), changed())}>${t("hint.no")}</button></span>`
        : html`<button class="plain" @click=${() => ((state.sheet = { kind: "hint", thing }), changed())}>${t("hint.open")}</button>`}</div>`;
  })}</section>`;
}

