// What the big screen shows, as a function of what it heard and of what its keys asked for. Pure.

/** @typedef {import("../player/store.js").Row} Row */
/** `live`: as it comes. `frozen`: as it was when the curtain fell. `ceremony`: the last `revealed` places are shown.
 * @typedef {{mode: "live" | "frozen" | "ceremony", rows: Row[], kept: Row[], revealed: number, finds: {team: string, name: string, place: number, n: number}[]}} Stage */

export const LARGE = 10;
const FINDS = 6;

/** @returns {Stage} */
export const new_stage = () => ({ mode: "live", rows: [], kept: [], revealed: 0, finds: [] });

/** Take the standings of now; who has solved more than before has found something. @param {Stage} stage @param {Row[]} rows @returns {Stage} */
export function heard(stage, rows) {
  const before = new Map(stage.rows.map((row) => [row.team, row.solved]));
  const fresh = rows.filter(({ team, solved }) => before.has(team) && solved > (before.get(team) || 0));
  const finds = fresh.map(({ team, name, place, solved }) => ({ team, name, place, n: solved }));
  return { ...stage, rows, finds: [...finds, ...stage.finds].slice(0, FINDS) };
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
export const all = (stage) => ({ ...stage, mode: "live", kept: [], revealed: 0 });

/** Return the rows to show, each with whether it is hidden. @param {Stage} stage @returns {{row: Row, hidden: boolean}[]} */
export function seen({ mode, rows, kept, revealed }) {
  const shown = mode === "live" ? rows : kept;
  return shown.map((row, i) => ({ row, hidden: mode === "ceremony" && i < shown.length - revealed }));
}
