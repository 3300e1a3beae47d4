// Standings as files to take away. Pure.

/** @typedef {import("./teams.js").Run} Run */

/** How many clues a team has solved. @param {string} cells */
export const solved = (cells) => cells.split("s").length - 1;

/** With a byte order mark, without which Excel takes UTF-8 for something else. @param {Run} run */
export function csv(run) {
  const heads = (run.head?.clues || []).map(({ id }) => id);
  const lines = [["place", "team", "id", "bracket", "members", "points", "solved", "reached", ...heads], ...run.order.map((team) => [
    team.out ? "out" : team.place, team.name, team.id, team.bracket, team.members, team.score, solved(team.cells), new Date(team.at_ms).toISOString(), ...heads.map((_, i) => team.cells[i] || "-"),
  ])];
  return `\ufeff${lines.map((line) => line.map(quoted).join(",")).join("\r\n")}\r\n`;
}

/** A field of a CSV; what a spreadsheet would take for a formula is a text. @param {string | number} value */
function quoted(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(value) && value !== "-" ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The standings as CTFtime reads them. @param {Run} run */
export function feed(run) {
  const standings = run.order.filter(({ out }) => !out).map(({ place, name, score, at_ms }) => ({ pos: place, team: name, score, lastAccept: Math.floor(at_ms / 1000) }));
  return `${JSON.stringify({ tasks: (run.head?.clues || []).map(({ title }) => title), standings }, null, 1)}\n`;
}
