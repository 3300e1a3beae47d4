// What a host does to a hunt, a team or a clue: each asked for with what it needs and what it brings.

import { html } from "../vendor/lit-html/lit-html.js";
import { moment } from "../player/words.js";
import { ask_for, show } from "./dialogs.js";
import { act, ask, server_now } from "./hunt.js";
import { page_view } from "./preview.js";
import { state } from "./store.js";
import { at_clue } from "./teams.js";
import { h } from "./words.js";

/** @typedef {import("./teams.js").Team} Team */

const head = () => /** @type {import("./teams.js").Head} */ (state.run?.head);
const REASON = () => ({ name: "reason", label: h("reason"), required: false, help: h("reason.help") });
/** @param {{[name: string]: string}} values @param {string[]} names whole numbers among them */
function fields(values, names = []) {
  const kept = Object.entries(values).filter(([, value]) => value !== "");
  return Object.fromEntries(kept.map(([name, value]) => [name, names.includes(name) ? Number(value) : value]));
}

// ---- the hunt

export const start = () => ask_for({
  title: h("start.title"), about: h("start.about", { teams: head().teams, players: head().players }), fields: [], go: h("start"), send: () => act("start", {}),
});

export const publish = () => ask_for({ title: h("publish.title"), about: h("publish.about"), fields: [], go: h("publish"), send: () => act("publish", {}) });
export const pause = () => act("pause", {});
export const unpause = () => act("unpause", {});

export const extend = () => ask_for({
  title: h("extend.title"), about: h("extend.about", { time: moment(head().ends_ms, server_now()) }),
  fields: [{ name: "minutes", label: h("minutes"), kind: "number", value: "10" }, REASON()], go: h("extend"),
  send: ({ minutes, reason }) => act("extend", { by_s: Math.round(Number(minutes) * 60), ...fields({ reason }) }),
});

export function end() {
  const { teams, players } = head();
  const playing = state.run ? state.run.order.filter(({ cells, out }) => !out && /\d/.test(cells)).length : 0;
  ask_for({
    title: h("end.title"), about: html`<p>${h("end.about", { teams, players })}</p><p>${h("end.playing", { n: playing })}</p><p>${h("end.undo")}</p>`,
    fields: [{ name: "places", label: h("end.places"), kind: "select", value: head().frozen_ms ? "held" : "told", options: head().frozen_ms ? [["held", h("end.held")]] : [["told", h("end.told")], ["held", h("end.held")]] }, REASON()],
    go: h("end"), danger: true, send: async ({ places, ...values }) => (places === "told" || head().frozen_ms || (await act("freeze", {}, ""))) && act("end", fields(values)),
  });
}

export const reopen = () => ask_for({
  title: h("reopen.title"), about: h("reopen.about", { players: head().players }),
  fields: [{ name: "minutes", label: h("minutes"), kind: "number", value: "15" }, REASON()], go: h("reopen"),
  send: ({ minutes, reason }) => act("reopen", { for_s: Math.round(Number(minutes) * 60), ...fields({ reason }) }),
});

export const freeze = () => ask_for({ title: h("freeze.title"), about: h("freeze.about"), fields: [], go: h("freeze"), send: () => act("freeze", {}) });
export const unfreeze = () => ask_for({ title: h("unfreeze.title"), about: h("unfreeze.about"), fields: [], go: h("unfreeze"), send: () => act("unfreeze", {}) });
/** Reveal the next place: the first time all but the first ten. */
export const reveal_next = () => act("reveal", { leave: head().hidden ? (head().hidden || 0) - 1 : Math.min(10, head().teams) });
export const reveal_all = () => ask_for({ title: h("reveal.title"), about: h("reveal.about"), fields: [], go: h("reveal_all"), send: () => act("reveal", {}) });

/** @param {Team} [team] to whom */
export function announce(team) {
  const to = team ? [] : [/** @type {import("./dialogs.js").Field} */ ({ name: "bracket", label: h("announce.to"), kind: "select", value: "", options: [["", h("announce.all", { n: head().players })], ...head().brackets.map((one) => [one, one])] })];
  ask_for({
    title: team ? h("announce.team", { name: team.name }) : h("announce.title"), fields: [{ name: "text", label: h("announce.text"), kind: "area" }, ...to], go: h("announce"),
    send: (values) => act("announce", { ...fields(values), ...(team ? { team: team.id } : {}) }, h("announce.done")),
  });
}

// ---- a team

/** @param {Team} team */
export async function view_as(team) {
  const page = await ask("view_as", { team: team.id });
  if (page) show(h("view_as.title", { name: team.name }), () => html`<p class="help">${h("view_as.about")}</p>${page_view(page)}`, true);
}

/** @param {Team} team */
export const adjust = (team) => ask_for({
  title: h("adjust.title", { name: team.name }), about: h("adjust.about", { n: team.score }),
  fields: [{ name: "points", label: h("adjust.points"), kind: "number", value: "10" }, { name: "reason", label: h("adjust.reason") }], go: h("adjust"), foresees: (values) => ({ op: "adjust", team: team.id, reason: "?", ...fields(values, ["points"]) }),
  send: (values) => act("adjust", { team: team.id, ...fields(values, ["points"]) }),
});

/** @param {Team} team */
export const rename = (team) => ask_for({
  title: h("rename.title", { name: team.name }), fields: [{ name: "name", label: h("rename.name"), value: team.name, max: 40 }, REASON()], go: h("rename"),
  send: (values) => act("rename", { team: team.id, ...fields(values) }),
});

/** @param {Team} team */
export const disqualify = (team) => ask_for({
  title: h(team.out ? "back.title" : "disqualify.title", { name: team.name }),
  about: team.out ? h("back.about") : h("disqualify.about", { n: team.members, points: team.score, place: team.place }),
  fields: [{ name: "reason", label: h("adjust.reason") }], go: h(team.out ? "back" : "disqualify"), danger: !team.out,
  foresees: (values) => ({ op: "disqualify", team: team.id, reason: "?", ...fields(values), ...(team.out ? { back: true } : {}) }),
  send: (values) => act("disqualify", { team: team.id, ...fields(values), ...(team.out ? { back: true } : {}) }),
});

/** @param {Team} team @param {boolean} back whether it counts again */
export const unofficial = (team, back) => ask_for({
  title: h(back ? "official.title" : "unofficial.title", { name: team.name }), about: h(back ? "official.about" : "unofficial.about"), fields: [REASON()],
  go: h(back ? "official" : "unofficial"), send: (values) => act("unofficial", { team: team.id, ...fields(values), ...(back ? { back: true } : {}) }),
});

/** @param {Team} team */
export function award(team) {
  const open = head().clues.filter((_, i) => /\d/.test(team.cells[i]));
  ask_for({
    title: h("award.title", { name: team.name }), about: open.length ? h("award.about") : h("award.none"),
    fields: open.length ? [{ name: "clue", label: h("clue"), kind: "select", value: open[0].id, options: open.map(({ id, title, points }) => [id, `${title} (${points})`]) }, REASON()] : [],
    go: h(open.length ? "award" : "close"), send: (values) => open.length && act("award", { team: team.id, ...fields(values) }),
  });
}

/** @param {Team} team */
export const extra_time = (team) => ask_for({
  title: h("extra.title", { name: team.name }), about: h("extra.about", { n: Math.round(team.extra_ms / 60_000) }),
  fields: [{ name: "minutes", label: h("minutes"), kind: "number", value: "5" }, REASON()], go: h("extra"),
  send: ({ minutes, reason }) => act("extra_time", { team: team.id, seconds: Math.round(Number(minutes) * 60), ...fields({ reason }) }),
});

/** @param {Team} team */
export const clear_cool_down = (team) => act("clear_cool_down", { team: team.id });

// ---- a clue

/** @param {number} index */
export function erratum(index) {
  const clue = head().clues[index], { open, solved } = at_clue(/** @type {any} */ (state.run), index);
  ask_for({
    title: h("erratum.title", { title: clue.title }), about: h("erratum.about", { n: open + solved }),
    fields: [{ name: "text", label: h("erratum.text"), kind: "area" }, REASON()], go: h("erratum"), send: (values) => act("erratum", { clue: clue.id, ...fields(values) }),
  });
}

/** Accept what a team tried, for everybody. @param {string} clue @param {string} text @param {string} [part] of the clue, where it has some */
export async function accept(clue, text, part) {
  const at = part ? { clue, part, text } : { clue, text };
  const would = await ask("would_accept", at);
  if (!would) return;
  const title = head().clues.find(({ id }) => id === clue)?.title || clue;
  if (would.already) return show(h("accept.title", { text }), () => html`<p>${h("accept.already", { title })}</p>`);
  const names = would.names.slice(0, 6).join(", ");
  ask_for({
    title: h("accept.title", { text }),
    about: html`<p>${h("accept.about", { title })}</p><p class="numbers">${h("accept.teams", { n: would.teams })} · ${h("accept.points", { n: would.points })}</p>
      ${names ? html`<p class="help" dir="auto">${names}${would.teams > 6 ? " …" : ""}</p>` : ""}`,
    fields: [REASON()], go: h("accept"), danger: true, foresees: () => ({ op: "accept", ...at }), send: (values) => act("accept", { ...at, ...fields(values) }),
  });
}
