// A page as a team sees it, to be looked at and not touched: what an editor writes, what a team has before it.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { icon, stamp, turned } from "../player/pieces.js";
import { prose } from "../player/texts.js";
import { h, named } from "./words.js";

/** @param {any} page @param {(clue: any) => unknown} [foot] what stands below a clue */
export function page_view(page, foot = () => nothing) {
  const clues = page.clues || [], treasures = page.treasures || [];
  return html`<div class="as-team" role="group" aria-label=${h("preview.label")}>
    <h3 class="preview-title" dir="auto">${page.title}</h3>
    ${page.team && page.team.score ? html`<p class="about">${page.team.name} · ${h("points", { n: page.team.score })}</p>` : nothing}
    ${page.intro ? html`<div class="card">${prose(page.intro)}</div>` : nothing}
    ${clues.map((/** @type {any} */ clue) => clue_view(clue, foot))}
    ${treasures.map((/** @type {any} */ one) => html`<div class="card treasure">${icon("treasure")}<div><span class="title" dir="auto">${one.title}</span>${prose(one.text)}<p class="about">${h("preview.left", { n: one.left })}</p></div></div>`)}
    ${clues.length ? nothing : html`<p class="empty">${h("preview.none")}</p>`}</div>`;
}

/** @param {any} clue @param {(clue: any) => unknown} foot */
function clue_view(clue, foot) {
  return html`<article class="card preview-clue" data-clue=${clue.id}>
    <header>${stamp({ mark: String(clue.number), kind: clue.solved ? "solved" : "open", turn: clue.solved ? turned(clue.number) : 0 })}<div><h4 dir="auto">${clue.title}</h4>
      <p class="about">${icon(clue.asks?.kind || clue.kind)}${named("kind", clue.kind)} · ${h("points", { n: clue.points })}${clue.solved ? html` · <b>${h("preview.solved")}</b>` : nothing}${clue.wrong ? html` · ${h("preview.wrong", { n: clue.wrong })}` : nothing}</p></div></header>
    ${prose(clue.text)}
    ${(clue.errata || []).map((/** @type {any} */ { text }) => html`<div class="notice warn">${prose(text)}</div>`)}
    ${clue.asks?.options ? html`<ul class="options">${clue.asks.options.map((/** @type {string} */ option) => html`<li dir="auto">${option}</li>`)}</ul>` : nothing}
    ${clue.asks?.parts ? html`<ol class="options">${clue.asks.parts.map((/** @type {any} */ part) => html`<li dir="auto"><b>${part.title || part.id}</b> <span class="about">${icon(part.kind)}${clue.parts?.some((/** @type {any} */ one) => one.id === part.id && one.done) ? h("preview.solved") : named("kind", part.kind)}</span>${part.text ? prose(part.text) : nothing}${part.asks?.options ? html`<p class="about">${part.asks.options.join(" · ")}</p>` : nothing}</li>`)}</ol>` : nothing}
    ${(clue.hints || []).map((/** @type {any} */ hint) => html`<div class="hint-line">${icon(hint.text ? "open_hint" : "hint")} ${hint.text ? prose(hint.text) : hint.price ? h("preview.hint", { n: hint.price }) : h("preview.free")}</div>`)}
    ${clue.solved_text ? html`<div class="found-text">${prose(clue.solved_text)}</div>` : nothing}${foot(clue)}</article>`;
}
