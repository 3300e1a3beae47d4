// Questions to the hosts, at the clue that they are about: what one costs, where it stands, what was said. Loaded when a
// hunt takes questions.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import * as kept from "./kept.js";
import { w } from "./later.js";
import { icon, initial, server_now } from "./pieces.js";
import { act } from "./play.js";
import { answer_line } from "./solving.js";
import { changed, state } from "./store.js";
import { listed, moment, span, t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./fold.js").Clue} Clue */
/** @typedef {import("./fold.js").Question} Question */

const TEXT_MAX = 300;

/** What the team asked about a clue, and what it may ask. @param {Page} page @param {Clue} clue */
export function asking_view(page, clue) {
  const all = page.questions || [], own = all.filter((one) => one.clue === clue.id);
  const form = may_ask(page, clue, all);
  if (!own.length && form === nothing) return nothing;
  return html`<section class="asking"><h3>${w("ask")}</h3>${repeat(own, ({ id }) => id, (one) => question_view(page, one))}${form}</section>`;
}

/** @param {Page} page @param {Clue} clue @param {Question[]} all @returns {unknown} the form, why there is none, or nothing */
function may_ask(page, clue, all) {
  const { help, team } = page;
  if (!help || !team || team.out || clue.solved || !["running", "paused"].includes(page.phase)) return nothing;
  const { price = 0, after_s = 0, after_wrong = 0, open_max = 1 } = help;
  const open = all.filter(({ closed }) => !closed), blocking = open.find((one) => one.clue !== clue.id);
  if (open.length >= open_max) {
    const title = blocking && page.clues.find(({ id }) => id === blocking.clue)?.title;
    return title ? html`<p class="help"><a href="#clue/${encodeURIComponent(blocking.clue)}">${w("ask.open", { clue: title })}</a></p>` : nothing;
  }
  if (page.phase === "paused") return html`<p class="help">${w("ask.paused")}</p>`;
  const cost = price ? w("ask.price", { n: price }) : w("ask.free");
  const rules = [...(after_s ? [w("ask.after_s", { time: span(after_s * 1000) })] : []), ...(after_wrong ? [w("ask.after_wrong", { n: after_wrong })] : [])];
  const early = rules.length && !(after_wrong && (clue.wrong || 0) >= after_wrong);
  const when = early ? ` ${w("ask.when", { when: listed(rules, "disjunction") })}` : "";
  if (price > Math.max(0, team.score)) return html`<p class="help">${cost} ${w("ask.has", { n: Math.max(0, team.score) })}</p>`;
  if (early && !after_s) return html`<p class="help">${cost}${when}</p>`;
  return write_box({ thing: `ask:${clue.id}`, label: w("ask.label"), button: w("ask.send"), send: (text) => act(`ask:${clue.id}`, "ask", { clue: clue.id, text }, text), help: cost + when });
}

/** @param {Question} question */
function status(question) {
  const { turn, closed, held_until_ms = 0 } = question;
  if (closed) return w("ask.closed");
  if (!turn) return w("ask.answered");
  if (turn === "team") return w("ask.back");
  if (held_until_ms <= server_now()) return w("ask.waiting");
  return html`${w("ask.held")}<time-left hidden .until=${held_until_ms} @due=${changed}></time-left>`;
}

/** @param {Page} page @param {Question} question */
function question_view(page, question) {
  const { id, thread, paid, closed, full } = question, thing = `question:${id}`;
  const open = !closed && page.phase === "running" && !page.team?.out;
  const withdraw = html`<button type="button" class="plain" data-withdraw @click=${() => act(thing, "withdraw", { question: id })}>${w("ask.withdraw")}</button>`;
  return html`<article class="card question" data-question=${id}><p class="about" role="status">${icon("survey")} <b data-status>${status(question)}</b>${paid ? html` · ${w("ask.paid", { n: paid })}` : nothing}</p>
    <ol class="thread">${thread.map(({ at_ms, text, name = "", host = false }) => html`<li class=${host ? "host" : "own"}><span class="about"><bdi>${host ? w("ask.host") : name}</bdi> · ${moment(at_ms, server_now())}</span><span class="said" dir="auto">${text}</span></li>`)}</ol>
    ${open && !full ? write_box({ thing, label: w("ask.add"), button: w("ask.send_more"), send: (text) => act(thing, "ask_more", { question: id, text }, text), beside: withdraw }) : nothing}
    ${open && full ? html`${said_of(thing)}${withdraw}` : nothing}</article>`;
}

/** What became of the last thing sent; what was taken shows in the thread. @param {string} thing */
function said_of(thing) {
  const { tone = "", err } = state.answers[thing] || {};
  if (err?.code === "hint_locked") return html`<p class="answer refused" role="status" data-answer=${thing}>${w("ask.early")} ${err.after_ms ? t("refused.again_in", { time: span(err.after_ms) }) : nothing}</p>`;
  return tone === "wait" || tone === "refused" ? answer_line(thing) : nothing;
}

/**
 * A box to write in: what is typed there survives every push and a reload.
 * @param {{thing: string, label: string, button: string, send: (text: string) => void, help?: string, beside?: unknown}} about
 */
function write_box({ thing, label, button, send, help, beside }) {
  const draft = `draft.${state.hunt}.${state.me?.player}.${thing}`, id = `write-${thing}`, waits = state.answers[thing]?.tone === "wait";
  return html`<form class="write" @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const field = /** @type {HTMLTextAreaElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("text")), text = field.value.trim();
    if (!text || waits) return;
    field.value = "";
    kept.put(draft, null);
    send(text);
  }}>${said_of(thing)}<label class="sr" for=${id}>${label}</label>
    <textarea id=${id} name="text" rows="2" maxlength=${TEXT_MAX} placeholder=${label} dir="auto" enterkeyhint="send" ${initial(kept.get(draft) || "")}
      @input=${(/** @type {any} */ event) => kept.put(draft, event.target.value || null)}></textarea>
    <div class="pair"><button class="act" aria-disabled=${waits ? "true" : "false"}>${button}</button>${beside || nothing}</div>${help ? html`<p class="help">${help}</p>` : nothing}</form>`;
}
