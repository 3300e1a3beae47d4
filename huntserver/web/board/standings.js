// What the big screen shows, as a function of what it heard and of what its keys asked for. Pure.

/** @typedef {import("../player/store.js").Row} Row */
/** `live`: as it comes. `frozen`: as it was when the curtain fell. `ceremony`: the last `revealed` places are shown.
 * `server`: the hunt itself is frozen, and `hidden` places from the top are still to come; else only this screen is.
 * @typedef {{mode: "live" | "frozen" | "ceremony", server: boolean, hidden: number, teams: number, rows: Row[], kept: Row[], revealed: number, finds: {team: string, name: string, place: number, n: number}[]}} Stage */

export const LARGE = 10;
const FINDS = 6;

/** @returns {Stage} */
export const new_stage = () => ({ mode: "live", server: false, hidden: 0, teams: 0, rows: [], kept: [], revealed: 0, finds: [] });

/** Take the standings of now; who has solved more than before has found something. Frozen ones are behind a curtain; when it
 * rises after the end at once, the places come one by one here. @param {Stage} stage @param {{rows: Row[], teams: number, frozen_ms?: number, hidden?: number}} board @param {boolean} over @returns {Stage} */
export function heard(stage, { rows, teams, frozen_ms = 0, hidden = 0 }, over) {
  if (frozen_ms) return { ...stage, mode: hidden ? "ceremony" : "frozen", server: true, hidden, teams, rows, kept: rows, revealed: rows.length, finds: [] };
  if (stage.server) {
    const risen = { ...stage, server: false, hidden: 0, teams, rows, finds: [] };
    if (stage.mode === "ceremony") return { ...risen, kept: rows, revealed: rows.length };
    return over ? { ...risen, mode: "ceremony", kept: rows, revealed: Math.max(0, rows.length - LARGE) } : { ...risen, mode: "live", kept: [] };
  }
  const before = new Map(stage.rows.map((row) => [row.team, row.solved]));
  const fresh = rows.filter(({ team, solved }) => before.has(team) && solved > (before.get(team) || 0));
  const finds = fresh.map(({ team, name, place, solved }) => ({ team, name, place, n: solved }));
  return { ...stage, rows, teams, finds: [...finds, ...stage.finds].slice(0, FINDS) };
}

/** Let the curtain fall, or rise. @param {Stage} stage @returns {Stage} */
export function frozen(stage) {
  if (stage.mode === "live") return { ...stage, mode: "frozen", kept: stage.rows };
  return stage.mode === "frozen" ? { ...stage, mode: "live", kept: [] } : stage;
}

/** Go on with the ceremony, or begin it once the hunt is over: places beyond the tenth come at once. @param {Stage} stage @param {boolean} over @returns {Stage} */
export function next(stage, over) {
  if (stage.mode !== "ceremony") return over && stage.rows.length ? { ...stage, mode: "ceremony", kept: stage.rows, revealed: Math.max(0, stage.rows.length - LARGE) } : stage;
  return { ...stage, revealed: Math.min(stage.kept.length, stage.revealed + 1) };
}

/** Take one place back. @param {Stage} stage @returns {Stage} */
export const back = (stage) => (stage.mode === "ceremony" ? { ...stage, revealed: Math.max(Math.max(0, stage.kept.length - LARGE), stage.revealed - 1) } : stage);

/** Show everything. @param {Stage} stage @returns {Stage} */
export const all = (stage) => stage.server ? stage : ({ ...stage, mode: "live", kept: [], revealed: 0 });

/** Return how many places a host's next step leaves hidden in a hunt that is frozen. @param {Stage} stage */
export const leaving = ({ mode, hidden, teams }) => (mode === "ceremony" ? hidden - 1 : Math.min(LARGE, teams));

/** Return the rows to show, each with whether it is hidden. @param {Stage} stage @returns {{row: Row, hidden: boolean}[]} */
export function seen({ mode, server, hidden, rows, kept, revealed }) {
  if (server) {
    const blank = Array.from({ length: hidden }, (_, i) => ({ row: /** @type {Row} */ (/** @type {unknown} */ ({ team: `?${i + 1}` })), hidden: true }));
    return [...blank, ...rows.map((row) => ({ row, hidden: false }))];
  }
  const shown = mode === "live" ? rows : kept;
  return shown.map((row, i) => ({ row, hidden: mode === "ceremony" && i < shown.length - revealed }));
}
