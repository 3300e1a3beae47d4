// What still locks a clue, in words: by what the team has solved, its points and the time. Pure.

import { listed, moment, span, t } from "./words.js";

/** @typedef {import("./fold.js").Page} Page */
/** @typedef {import("./fold.js").Need} Need */

const NAMED_MAX = 4;

/** What is missing, as the end of a sentence: after “The gate” and “The pier”. @param {Page} page @param {Need} need @param {number} now_ms @returns {string} */
export function left(page, need, now_ms) {
  if (need.all) return listed(need.all.filter((part) => !met(page, part, now_ms)).map((part) => left(page, part, now_ms)), "conjunction");
  if (need.any) return listed(need.any.map((part) => left(page, part, now_ms)), "disjunction");
  if (need.points) return t("locked.points", { n: need.points - Math.max(0, page.team?.score || 0), total: need.points });
  if (need.after_s) return page.zero_ms && page.phase !== "paused"
    ? t("locked.at", { time: moment(page.zero_ms + need.after_s * 1000, now_ms) }) : t("locked.after", { time: span(need.after_s * 1000) });
  return need.clues ? solves(page, need) : t("locked.other");
}

/** @param {Page} page @param {Need} need */
function solves(page, { clues = [], least = 0 }) {
  const by_number = new Map(page.clues.map((clue) => [clue.number, clue]));
  const open = clues.filter((number) => !by_number.get(number)?.solved);
  const n = (least || clues.length) - (clues.length - open.length);
  const names = open.flatMap((number) => by_number.get(number)?.title || []).map((name) => t("locked.name", { name }));
  const hidden = open.length - names.length;
  if (names.length > NAMED_MAX || (hidden && !names.length)) return t("locked.more", { n });
  const parts = [...names, ...(hidden ? [t("locked.hidden", { n: hidden })] : [])];
  if (n === open.length) return t("locked.solve", { what: listed(parts, "conjunction") });
  return n === 1 ? t("locked.solve", { what: listed(parts, "disjunction") }) : t("locked.of", { n, what: listed(parts, "unit") });
}

/** @param {Page} page @param {Need} need @param {number} now_ms @returns {boolean} */
function met(page, need, now_ms) {
  if (need.all) return need.all.every((part) => met(page, part, now_ms));
  if (need.any) return need.any.some((part) => met(page, part, now_ms));
  if (need.points) return (page.team?.score || 0) >= need.points;
  if (need.after_s) return Boolean(page.zero_ms) && (page.paused_ms || now_ms) >= (page.zero_ms || 0) + need.after_s * 1000;
  if (!need.clues) return !need.other;
  const solved = page.clues.filter(({ number, solved: done }) => done && need.clues?.includes(number)).length;
  return solved >= (need.least || need.clues.length);
}
