// After the end: what a team solved, when and for how much, and how the rest was meant to be solved.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { icon, server_now } from "./pieces.js";
import { question } from "./play.js";
import { at_site } from "./site.js";
import { changed, state } from "./store.js";
import { prose } from "./texts.js";
import { moment, ordinal, t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./store.js").Solve} Solve */
/** @typedef {import("./store.js").Solution} Solution */

const LOOKS_MAX = 8, LOOK_AGAIN_MS = 2000;

/** What is known of the hunt's end; asked for once. @param {Page} page @returns {NonNullable<import("./store.js").State["receipt"]>} */
function known(page) {
  if (state.receipt?.hunt === page.hunt) return state.receipt;
  const made = (state.receipt = { hunt: page.hunt, solves: {}, solutions: [], looks: 0 });
  void look_back(made);
  return made;
}

/** @param {NonNullable<import("./store.js").State["receipt"]>} made */
async function look_back(made) {
  await Promise.all([solves_of(made), solutions_of(made)]);
  changed();
}

/** The read models follow the hunt: what was solved in the last moment comes later. @param {NonNullable<import("./store.js").State["receipt"]>} made */
function look_once_more(made) {
  const missing = state.page?.clues.some(({ id, solved }) => solved && !made.solves[id]);
  if (!missing || made.looks >= LOOKS_MAX || state.receipt !== made) return;
  made.looks += 1;
  setTimeout(() => solves_of(made).then(changed), LOOK_AGAIN_MS);
}

/** When each clue was solved is in the server's read models, if it has any. @param {NonNullable<import("./store.js").State["receipt"]>} made */
async function solves_of(made) {
  const who = state.me;
  if (!who) return;
  const headers = { authorization: `Bearer ${who.token}` };
  let cursor = "";
  do {
    const query = new URLSearchParams({ hunt: made.hunt, limit: "200", ...(cursor ? { cursor } : {}) });
    const answer = await fetch(at_site(`api/players/${encodeURIComponent(who.player.replace(/^p:/, ""))}/solves?${query}`), { headers, cache: "no-store", signal: AbortSignal.timeout(15_000) }).catch(() => null);
    if (!answer?.ok) return;
    const body = /** @type {{solves: Solve[], next?: string}} */ (await answer.json());
    for (const solve of body.solves) made.solves = { ...made.solves, [solve.clue]: solve };
    cursor = body.next || "";
  } while (cursor);
  look_once_more(made);
}

/** @param {NonNullable<import("./store.js").State["receipt"]>} made */
async function solutions_of(made) {
  let more = true;
  while (more) {
    const { ok } = await question("solutions", made.solutions.length ? { after: made.solutions[made.solutions.length - 1].number } : {});
    if (!ok) return;
    made.solutions = [...made.solutions, ...ok.solutions];
    more = Boolean(ok.more);
  }
}

/** How a clue was meant to be solved, if the hosts wrote it. @param {Page} page @param {string} clue */
export function solution_of(page, clue) {
  if (page.phase !== "ended") return nothing;
  const found = known(page).solutions.find((one) => one.clue === clue);
  return found ? html`<section class="card solution" data-solution=${clue}><h3>${t("solution")}</h3>${prose(found.text)}</section>` : nothing;
}

/** @param {Page} page */
export function receipt_view(page) {
  const { team } = page;
  const back = html`<a class="plain back" href="#clues">${icon("back")}${t("view.clues")}</a>`;
  if (page.phase !== "ended" || !team) return html`${back}<p class="empty">${t("receipt.later")}</p>`;
  const { solves, solutions } = known(page);
  const done = page.clues.filter(({ solved }) => solved).sort((one, other) => (solves[one.id]?.at_ms || 0) - (solves[other.id]?.at_ms || 0) || one.number - other.number);
  const earned = done.reduce((sum, { id }) => sum + (solves[id]?.points || 0), 0);
  const complete = done.every(({ id }) => solves[id]);
  const teams = state.board?.teams;
  return html`${back}
    <section class="card receipt" aria-labelledby="receipt-title"><header><h2 id="receipt-title">${t("receipt")}</h2><p dir="auto">${page.title}</p>
      <p class="who-played"><b dir="auto">${team.name}</b>${team.members.length > 1 ? html`<span class="about" dir="auto">${team.members.join(" · ")}</span>` : nothing}</p></header>
      ${done.length ? html`<ol>${repeat(done, ({ id }) => id, (clue) => line(clue, solves[clue.id]))}</ol>` : html`<p class="about">${t("receipt.nothing")}</p>`}
      <dl>${complete && done.length && team.score !== earned ? html`<div><dt>${t("receipt.rest")}</dt><dd>${team.score > earned ? "+" : "−"}${Math.abs(team.score - earned)}</dd></div>` : nothing}
        <div class="total"><dt>${t("receipt.total")}</dt><dd>${t("points", { n: team.score })}</dd></div>
        ${team.place ? html`<div class="total"><dt>${t("receipt.place")}</dt><dd>${ordinal(team.place)}${teams ? ` ${t("receipt.of", { n: teams })}` : ""}</dd></div>` : nothing}</dl>
    </section>
    ${proof(done.map(({ number, id }) => ({ number, solve: solves[id] })).filter(({ solve }) => solve?.link))}
    <button class="plain wide" id="print" @click=${() => print()}>${t("receipt.print")}</button>
    ${solutions.length ? html`<h2>${t("solutions")}</h2>${repeat(solutions, ({ clue }) => clue, (one) => answer(page, one))}` : nothing}`;
}

/** @param {import("./fold.js").Clue} clue @param {Solve | undefined} solve */
function line({ id, number, title }, solve) {
  return html`<li data-solve=${id}><span class="number">${number}</span><span class="body"><span dir="auto">${title}</span>
    ${solve ? html`<span class="about">${moment(solve.at_ms, server_now())}${solve.rank ? html` · ${t("receipt.rank", { rank: ordinal(solve.rank) })}` : nothing}</span>` : nothing}</span>
    ${solve ? html`<b>+${solve.points}</b>` : nothing}</li>`;
}

/** The receipt of each solve: the record's number and its link in the hunt's chain. @param {{number: number, solve: Solve}[]} links */
function proof(links) {
  if (!links.length) return nothing;
  return html`<details class="card proof"><summary>${t("receipt.proof")}</summary><p class="about">${t("receipt.proof.about")}</p>
    <ol>${links.map(({ number, solve }) => html`<li value=${number}><code>${solve.pos}:${solve.link}</code></li>`)}</ol></details>`;
}

/** @param {Page} page @param {Solution} one */
function answer(page, { clue, number, title, text }) {
  const solved = page.clues.some(({ id, solved: done }) => id === clue && done);
  return html`<details class="card solution" data-solution=${clue} ?open=${!solved}><summary><span class="number">${number}</span> <span dir="auto">${title}</span>
    <span class="about">${t(solved ? "clue.solved" : "receipt.unsolved")}</span></summary>${prose(text)}</details>`;
}
