// The editor: the text on the left with its faults at the line, on the right the page as a team will see it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { guard } from "../vendor/lit-html/directives/guard.js";
import { known_media } from "../player/media.js";
import { initial } from "../player/pieces.js";
import { refusal } from "../player/words.js";
import { ask_for } from "./dialogs.js";
import { publish, save, take_up, together, typed } from "./editing.js";
import { dropped, media_shelf, pasted } from "./media.js";
import { differences } from "./merging.js";
import { rehearsal_view } from "./rehearsing.js";
import { state } from "./store.js";
import { h } from "./words.js";

export function edit_view() {
  const { edit } = state;
  if (!edit || edit.state === "loading") return html`<h1 class="sr">${h("nav.edit")}</h1><div class="skeleton card tall"></div>`;
  if (edit.state === "failed" && !edit.text && edit.err) return html`<p class="notice bad" role="alert">${refusal(edit.err)} <a href="#hunts">${h("back_to_hunts")}</a></p>`;
  const { problems, text, saved, fresh } = edit, phase = phase_of(edit), over = phase === "ended";
  const good = edit.state === "checked" && !problems.length;
  return html`<div class="editor"><header class="edit-top"><h1 dir="auto">${edit.page?.title || edit.hunt || h("edit.new")}</h1>${edit.hunt ? html`<span class="about">${edit.hunt}</span>` : nothing}
      <p class="verdict ${good ? "good" : problems.length ? "bad" : ""}" role="status" data-verdict=${edit.state}>${verdict(edit)}</p>
      <span class="run-acts">${text !== saved ? html`<span class="about">${h("edit.unsaved")}</span>` : nothing}
        <button class=${fresh || phase !== "draft" ? "act" : "plain"} data-act="save" ?disabled=${!good || over || edit.busy || Boolean(edit.theirs) || (text === saved && !fresh)} @click=${save}>${h("save")}</button>
        ${fresh || phase !== "draft" ? nothing : html`<button class="act" data-act="publish" ?disabled=${!good || edit.busy} @click=${confirm_publish}>${h("publish")}</button>`}</span></header>
    ${phase === "draft" || fresh ? nothing : html`<p class="notice" data-phase=${phase}>${h(/** @type {any} */ (`edit.${phase}`))}${over ? html` <a href="#run/${encodeURIComponent(edit.hunt)}">${h("nav.run")}</a>` : nothing}</p>`}
    ${overtaken(edit)}
    <div class="edit-main"><div class="paper-side">${paper(edit)}${faults(problems)}${media_shelf()}</div>
      <section class="preview-side" tabindex="0" aria-label=${h("preview")}><h2>${h(edit.rehearsal?.mode === "simulate" ? "try.simulated" : "preview")}</h2>${guard([edit.page, edit.rehearsal, known_media()], () => rehearsal_view(edit))}</section></div></div>`;
}

/** The phase of now: a hunt that is followed tells it. @param {import("./store.js").Edit} edit */
const phase_of = ({ hunt, phase }) => (state.run?.hunt === hunt && state.run.head?.phase) || phase;

const LINES_SHOWN = 12;

/** What another made of the hunt while this text was written, and the ways on. @param {import("./store.js").Edit} edit */
function overtaken(edit) {
  const { theirs, basis, saved } = edit;
  if (!theirs) return nothing;
  const lines = differences(basis || saved, theirs.text).flatMap(({ gone, come }) => [...gone.map((line) => ["−", line]), ...come.map((line) => ["+", line])]);
  const both = together(edit);
  return html`<section class="notice warn overtaken" role="alert" data-overtaken><p><b>${h("edit.overtaken")}</b> ${h(both === null ? "edit.overtaken_same" : "edit.overtaken_about")}</p>
    <ul class="diff">${lines.slice(0, LINES_SHOWN).map(([sign, line]) => html`<li class=${sign === "+" ? "come" : "gone"}><b>${sign}</b> <code dir="auto">${line}</code></li>`)}${lines.length > LINES_SHOWN ? html`<li>…</li>` : nothing}</ul>
    <span class="pads">${both === null ? nothing : html`<button class="act" data-take="both" @click=${() => take_up(both)}>${h("edit.take_both")}</button>`}
      <button class="plain" data-take="theirs" @click=${() => take_up(theirs.text)}>${h("edit.take_theirs")}</button><button class="plain" data-take="mine" @click=${() => take_up(edit.text)}>${h("edit.take_mine")}</button></span></section>`;
}

function confirm_publish() {
  ask_for({ title: h("publish.title"), about: h("publish.about"), fields: [], go: h("publish"), send: publish });
}

/** @param {import("./store.js").Edit} edit */
function verdict({ state: now, problems, err }) {
  if (now === "failed") return refusal(err || { code: "no_connection" });
  if (problems.length) return h("edit.faults", { n: problems.length });
  return now === "checked" ? h("edit.good") : h("edit.checking");
}

/** The text, which is the host's from the first keystroke on, with its line numbers. @param {import("./store.js").Edit} edit */
function paper(edit) {
  const lines = edit.text.split("\n").length;
  const wrong = new Map(edit.problems.map(({ line, what }) => [line, what]));
  return guard([edit.hunt, edit.style, lines, edit.problems], () => html`<div class="paper">
    <div class="gutter" aria-hidden="true"><div class="gutter-in">${Array.from({ length: lines }, (_, i) => html`<span class=${wrong.has(i + 1) ? "wrong" : ""} title=${wrong.get(i + 1) || nothing}>${i + 1}</span>`)}</div></div>
    <textarea id="source" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" aria-label=${h("edit.text")} aria-describedby="faults" ${initial(edit.text)}
      @input=${(/** @type {any} */ event) => typed(event.target.value)} @scroll=${follow} @select=${placed} @keyup=${placed} @pointerup=${placed} @keydown=${indent} @paste=${pasted} @drop=${dropped}></textarea></div>`);
}

/** From now on the caret is where a person put it. @param {any} event */
function placed({ currentTarget }) {
  currentTarget.dataset.caret = "yes";
}

/** @param {any} event */
function follow({ target }) {
  target.previousElementSibling.scrollTop = target.scrollTop;
}

/** Tab writes spaces; after Escape it goes on to the next thing, as everywhere. @param {KeyboardEvent} event */
function indent(event) {
  const field = /** @type {HTMLTextAreaElement} */ (event.target);
  if (event.key === "Escape") field.dataset.leave = "yes";
  else if (event.key === "Tab" && !event.shiftKey && !field.dataset.leave) {
    event.preventDefault();
    field.setRangeText("  ", field.selectionStart, field.selectionEnd, "end");
    typed(field.value);
  } else if (event.key !== "Shift") delete field.dataset.leave;
}

/** @param {import("./store.js").Problem[]} problems */
function faults(problems) {
  return html`<ul class="faults" id="faults" ?hidden=${!problems.length}>${problems.map(({ path, what, cure, line }) => html`<li><button @click=${() => go_to(line)}>
    <b>${line ? h("edit.line", { n: line }) : path}</b> <code>${path === "$" ? "" : path}</code> ${what}<span class="about"> — ${cure}</span></button></li>`)}</ul>`;
}

/** Put the caret on a line. @param {number} line */
function go_to(line) {
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("source"));
  if (!field || !line) return;
  const lines = field.value.split("\n"), at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  field.focus();
  field.setSelectionRange(at, at + (lines[line - 1] || "").length);
  field.scrollTop = Math.max(0, (line - 6) * (field.scrollHeight / lines.length));
}
