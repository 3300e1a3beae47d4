// Before one is in a hunt: which hunts there are, what one is about to join, and how one is called there.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import * as kept from "./kept.js";
import { compass, icon, initial, server_now } from "./pieces.js";
import { inside } from "./coming.js";
import { ask_site, at_site } from "./site.js";
import { changed, state } from "./store.js";
import { prose } from "./texts.js";
import { moment, refusal, t } from "./words.js";

/** What the link that led here names. */
const link = new URLSearchParams(location.search);
const wanted = link.get("hunt") || "";
const code = (link.get("code") || "").toUpperCase();
/** The code of another phone that one plays on already: `#pair/CODE`, which no server sees. */
export const pairing = (/^#pair\/([\w-]{1,40})$/.exec(location.hash)?.[1] || "").toUpperCase();

/** @type {{name?: string, team?: string, invite?: string}} */
const typed = kept.get("typed") || {};  // into the page before this one
if (kept.get("typed")) kept.put("typed", null);

/** Look which hunts there are. */
export async function look() {
  const { door } = state;
  door.loading = true;
  door.failed = false;
  if (code) door.how = "code";
  if (pairing) door.how = "pair";
  changed();
  try {
    /** @type {[{cards: import("./store.js").Card[]}, any]} */
    const [{ cards }, one] = await Promise.all([ask_site("hunts"), wanted ? ask_site(`hunts/${encodeURIComponent(wanted)}`) : null]);
    if (one?.card && !cards.some(({ hunt }) => hunt === wanted)) cards.unshift(one.card);
    else if (one && !one.card && !door.fault) door.fault = { field: "hunt", err: one };
    door.cards = cards;
    if (!door.chosen) door.chosen = cards.some(({ hunt }) => hunt === wanted) ? wanted : cards.length === 1 ? cards[0].hunt : "";
  } catch {
    door.failed = true;
  }
  door.loading = false;
  changed();
}

export function door_view() {
  const { door } = state;
  const card = door.cards.find(({ hunt }) => hunt === door.chosen);
  return html`<main id="main" class="door" tabindex="-1">
    ${card ? entrance(card) : choice()}
    ${state.lasting ? nothing : html`<p class="notice warn">${t("storage.none")}</p>`}
  </main>`;
}

function choice() {
  const { door } = state;
  return html`<header class="masthead">${compass()}<h1>${t("door.title")}</h1>${door.cards.length ? html`<p>${t("door.lead")}</p>` : nothing}</header>
    ${door.fault && door.fault.field === "hunt" ? html`<p class="notice bad" role="alert">${refusal(door.fault.err)}</p>` : nothing}
    ${door.loading && !door.cards.length ? html`<div class="skeleton card tall"></div><div class="skeleton card tall"></div>` : nothing}
    ${door.failed ? html`<div class="notice warn" role="alert"><p>${t("door.unreachable")}</p><button class="plain" @click=${look}>${t("again")}</button></div>` : nothing}
    <ul class="hunts">${repeat(door.cards, ({ hunt }) => hunt, (card) => html`<li>
      <button class="card hunt-card" data-hunt=${card.hunt} @click=${() => choose(card.hunt)}>
        <span class="title" dir="auto">${card.title || card.hunt}</span>
        <span class="about">${phase_words(card)}${card.clues_total ? html` · ${t("clues.count", { n: card.clues_total })}` : nothing}</span>
      </button></li>`)}</ul>
    ${!door.loading && !door.failed && !door.cards.length ? html`<p class="empty">${t("door.none")}</p>` : nothing}`;
}

/** @param {string} hunt */
function choose(hunt) {
  Object.assign(state.door, { chosen: hunt, fault: null });
  changed();
  scrollTo(0, 0);
}

/** What a hunt is doing, in words. @param {import("./store.js").Card} card */
function phase_words(card) {
  const at_ms = card.starts_ms || 0;
  if (card.phase === "published" && at_ms) return t("phase.starts_at", { time: moment(at_ms, server_now()) });
  const known = /** @type {const} */ (["published", "running", "paused", "ended"]).find((phase) => phase === card.phase);
  return known ? t(`phase.${known}`) : t("phase.unknown");
}

/** @param {import("./store.js").Card} card */
function entrance(card) {
  const { door } = state;
  const solo = card.mode === "solo";
  const fault = (/** @type {string} */ field) => (door.fault?.field === field ? door.fault.err : null);
  const pairs = door.how === "pair", by_code = !solo && door.how === "code";
  return html`<header class="masthead small">
      ${door.cards.length > 1 ? html`<button class="plain back" @click=${() => choose("")}>${icon("back")}${t("door.others")}</button>` : nothing}
      <h1 dir="auto">${card.title || card.hunt}</h1><p class="about">${phase_words(card)}</p></header>
    ${card.intro ? html`<section class="card">${prose(card.intro)}</section>` : nothing}
    <form class="card entrance" id="enter" novalidate @submit=${(/** @type {Event} */ event) => submit(event, card)}>
      ${door.waits ? html`<p class="notice" role="status" data-waits>${t("door.waits_for", { team: door.waits })}</p>` : nothing}
      ${fault("hunt") ? html`<p class="notice bad" role="alert" id="fault-hunt">${refusal(fault("hunt"))}${way_out(fault("hunt"))}</p>` : nothing}
      <div ?hidden=${!pairs}>${field({ id: "pair-code", label: t("door.pair_code"), value: pairing, fault: fault("pair"), help: t("door.pair_help"), more: { maxlength: 20, autocomplete: "one-time-code", autocapitalize: "characters" } })}</div>
      <div ?hidden=${pairs}>${field({ id: "name", label: t("door.name"), value: typed.name || state.me?.name || "", fault: fault("name"), more: { autocomplete: "nickname", maxlength: 40 } })}</div>
      ${solo || pairs ? nothing : html`<fieldset class="segments"><legend>${t("door.how")}</legend>
        ${["new", "code"].map((how) => html`<label><input type="radio" name="how" value=${how} .checked=${door.how === how}
          @change=${() => (Object.assign(door, { how, fault: null }), changed())}><span>${t(how === "new" ? "door.new_team" : "door.with_code")}</span></label>`)}
      </fieldset>`}
      <div ?hidden=${solo || by_code || pairs}>${field({ id: "team", label: t("door.team"), value: typed.team || "", fault: fault("team"), help: t("door.team_help"), more: { maxlength: 40, autocomplete: "off" } })}</div>
      <div ?hidden=${!by_code}>${field({ id: "invite", label: t("door.code"), value: typed.invite || code, fault: fault("code"), help: t("door.code_help"), more: { maxlength: 20, autocomplete: "off", autocapitalize: "characters" } })}</div>
      ${card.brackets?.length && !by_code && !pairs ? html`<label class="field">${t("door.bracket")}<select id="bracket">${card.brackets.map((one) => html`<option>${one}</option>`)}</select></label>` : nothing}
      <button class="act wide" ?disabled=${door.busy}>${door.busy ? t(state.link.state === "waiting" ? "door.waits" : "door.joining") : t(pairs ? "door.pair_go" : "door.play")}</button>
      <button type="button" class="link" id="pairs" @click=${() => (Object.assign(door, { how: pairs ? (code ? "code" : "new") : "pair", fault: null }), changed())}>${t(pairs ? "door.pair_not" : "door.pair")}</button>
      ${others()}
    </form>`;
}

/** @param {{id: string, label: string, value: string, fault: any, help?: string, more: {[name: string]: any}}} about */
function field({ id, label, value, fault, help, more }) {
  const told = [help ? `${id}-help` : "", fault ? `${id}-fault` : ""].filter(Boolean).join(" ");
  return html`<div class="field"><label for=${id}>${label}</label>
    <input id=${id} maxlength=${more.maxlength} autocomplete=${more.autocomplete} autocapitalize=${more.autocapitalize || "words"} autocorrect="off" spellcheck="false" dir="auto"
      aria-invalid=${fault ? "true" : "false"} aria-describedby=${told || nothing} ${initial(value)}>
    ${help ? html`<span class="help" id="${id}-help">${help}</span>` : nothing}
    ${fault ? html`<p class="fault" id="${id}-fault" role="alert">${refusal(fault)}${way_out(fault)}</p>` : nothing}</div>`;
}

/** What one can do about a refusal. @param {any} err */
function way_out({ code: why }) {
  const ways = /** @type {{[code: string]: any}} */ ({
    team_name_taken: "door.way.name_taken", no_such_team: "door.way.code", team_full: "door.way.full", disqualified: "door.way.new_team",
    hunt_full: "door.way.hunt_full", no_longer_in: "door.way.full", declined: "door.way.full", in_other_team: "door.way.other_team", no_connection: "door.way.no_connection", no_such_offer: "door.way.offer", bad_token: "door.way.token", token_expired: "door.way.token",
  });
  return ways[why] ? html` <span class="way">${t(ways[why])}</span>` : nothing;
}

/** Those who played here before. */
function others() {
  const known = kept.known();
  if (!known.length) return nothing;
  return html`<div class="known"><span>${t("door.known")}</span>${known.map((who) =>
    html`<button type="button" class="plain" dir="auto" @click=${() => pick(who)}>${who.name}</button>`)}</div>`;
}

/** @param {kept.Me} who */
async function pick(who) {
  const rest = await needed();
  if (!rest) return;
  rest.hand_over(who);
  /** @type {HTMLInputElement} */ (document.getElementById("name")).value = who.name;
}

/** Return the rest of the page; where it cannot be had, say so at the form. */
async function needed() {
  const { door } = state;
  Object.assign(door, { busy: true, fault: null });
  changed();
  try {
    return await inside();
  } catch {
    if (await is_old()) reload();
    else door.fault = { field: "hunt", err: { code: "no_connection" } };
    return null;
  } finally {
    door.busy = false;
    changed();
  }
}

/** Tell whether the server has another version of the page by now, and this one's files no more. */
async function is_old() {
  const front = await fetch(at_site("./"), { cache: "no-store" }).then((answer) => (answer.ok ? answer.text() : ""), () => "");
  const version = /shell\/(\w+)\//.exec(front)?.[1];
  return Boolean(version) && !import.meta.url.includes(`/shell/${version}/`);
}

/** Begin again with the new page, and with what was typed into this one. */
function reload() {
  kept.put("typed", Object.fromEntries(["name", "team", "invite"].map((id) => [id, read(id)])));
  location.reload();
}

/** @param {string} id */
const read = (id) => (/** @type {HTMLInputElement | null} */ (document.getElementById(id))?.value || "").trim();

/** Say what is missing, at its field. @param {"name" | "code" | "pair"} field @param {string} id @param {string} why */
function missing(field, id, why) {
  state.door.fault = { field, err: { code: why } };
  document.getElementById(id)?.focus();
  changed();
}

/** @param {Event} event @param {import("./store.js").Card} card */
async function submit(event, card) {
  event.preventDefault();
  const { door } = state;
  if (door.busy) return;
  if (door.how === "pair") return void pair(card);
  const name = read("name"), team = read("team"), invite = read("invite").toUpperCase(), bracket = read("bracket");
  const by_code = card.mode !== "solo" && door.how === "code";
  if (!name) return missing("name", "name", "no_name");
  if (by_code && !invite) return missing("code", "invite", "no_code");
  const how = by_code ? { invite } : card.mode === "solo" ? {} : { team: team || name };
  const rest = await needed();
  await rest?.join(card.hunt, name, bracket && !by_code ? { ...how, bracket } : how);
  if (state.hunt) rest?.scan_of_link();  // of who came by a code that hangs somewhere
}

/** Play on as who plays on another phone. @param {import("./store.js").Card} card */
async function pair(card) {
  const typed_code = read("pair-code");
  if (!typed_code) return missing("pair", "pair-code", "no_pair_code");
  const rest = await needed();
  if (rest) await rest.pair(card.hunt, typed_code);
}
