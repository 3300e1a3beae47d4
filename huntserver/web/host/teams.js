// A hunt as its host sees it, folded from the portions of the big board and the events of the hosts' channel. Pure.

/** @typedef {{id: string, name: string, score: number, at_ms: number, seq: number, members: number, bracket: string, out: boolean,
 *   number: number, extra_ms: number, cells: string, place: number, parts?: {[clue: string]: number}}} Team */
/** @typedef {{id: string, title: string, kind: string, points: number, solves: number, wrong: number, needed?: number}} Clue */
/** @typedef {{phase: string, digest: string, now_ms: number, started_ms: number, ends_ms: number, paused_ms: number, starts_ms: number,
 *   teams: number, players: number, brackets: string[], clues: Clue[], frozen_ms?: number, hidden?: number, unofficial?: string[], spent?: ("code" | "place")[]}} Head */
/** @typedef {{at_ms: number, team: string, name: string, clue: string, part?: string, text: string, verdict: string, times: number, key: string}} Heard */
/** @typedef {{hunt: string, title: string, head: Head | null, teams: Map<string, Team>, order: Team[], since: number, after: number,
 *   known: number, loaded: boolean, heard: Heard[], told: Set<string>, audit: any[], connected?: number}} Run */

const HEARD_MAX = 300;
const NOBODY_NEW = 2 ** 31;

/** @param {string} hunt @returns {Run} */
export function new_run(hunt) {
  return {
    hunt, title: "", head: null, teams: new Map(), order: [], since: -1, after: 0, known: NOBODY_NEW, loaded: false, heard: [],
    told: new Set(), audit: [],
  };
}

/** Return what to ask for next. @param {Run} run */
export const point = ({ since, after, known }) => ({ since, after, known });

/** Return a run after a portion of the big board. @param {Run} run @param {any} board @returns {Run} */
export function fold_board(run, { rows, guesses, more, parts, ...head }) {
  const teams = new Map(run.teams);
  let { since, after } = run;
  let known = run.known === NOBODY_NEW ? head.teams : run.known;
  for (const row of rows) {
    const [id, name, score, at_ms, seq, members, bracket, out, number, extra_ms, cells] = row;
    if (members) teams.set(id, { id, name, score, at_ms, seq, members, bracket, out, number, extra_ms, cells, place: 0, parts: parts?.[id] });
    else teams.delete(id);
    if (number <= run.known && (seq > since || (seq === since && number > after))) [since, after] = [seq, number];
    known = Math.max(known, number);
  }
  const folded = { ...run, head, teams, since, after, known, loaded: run.loaded || !more };
  const uncounted = new Set(head.unofficial || []), counts = uncounted.size === (run.head?.unofficial || []).length;
  return fold_guesses(rows.length || !counts ? { ...folded, order: placed(teams, uncounted) } : folded, guesses);
}

/** Return teams in the order of the standings, each with its place; those that are out or do not count come last.
 * @param {Map<string, Team>} teams @param {Set<string>} uncounted */
function placed(teams, uncounted) {
  const last = (/** @type {Team} */ { id, out }) => Number(out || uncounted.has(id));
  const order = [...teams.values()].sort((a, b) => last(a) - last(b) || b.score - a.score || a.at_ms - b.at_ms || a.number - b.number);
  return order.map((team, i) => ({ ...team, place: last(team) ? 0 : i + 1 }));
}

/** @param {Run} run @param {[number, any][]} guesses @returns {Run} */
function fold_guesses(run, guesses) {
  const fresh = guesses.filter(([at_ms, { team, clue, part = "", personal }]) => !run.told.has(`${at_ms}:${team}:${clue}:${part}:${personal.text}`));
  if (!fresh.length) return run;
  const told = new Set(guesses.map(([at_ms, { team, clue, part = "", personal }]) => `${at_ms}:${team}:${clue}:${part}:${personal.text}`));
  const heard = fresh.map(([at_ms, { team, clue, part = "", verdict, personal }]) => guessed(run, { at_ms, team, clue, part, text: personal.text, verdict }));
  return { ...run, told, heard: merged(youngest_first([...heard.reverse(), ...run.heard])) };
}

/** What was heard at the same time stays as it is. @param {Heard[]} heard */
const youngest_first = (heard) => [...heard].sort((a, b) => b.at_ms - a.at_ms);

/** @param {Run} run @param {any} guess @returns {Heard} */
function guessed(run, guess) {
  const name = run.teams.get(guess.team)?.name || guess.team;
  return { ...guess, name, times: 1, key: `${guess.clue}:${guess.part}:${guess.verdict}:${guess.text.toLowerCase().trim()}` };
}

/** Return what was heard with the same answer to the same clue in one line, the youngest first. @param {Heard[]} heard */
function merged(heard) {
  /** @type {Map<string, Heard>} */
  const lines = new Map();
  for (const one of heard) {
    const line = lines.get(one.key);
    lines.set(one.key, line ? { ...line, times: line.times + one.times } : one);
  }
  return [...lines.values()].slice(0, HEARD_MAX);
}

/** Return a run after a solve that the hosts' channel told of. @param {Run} run @param {any} event @param {number} at_ms @returns {Run} */
export function fold_solved(run, { team, name, clue, points = 0 }, at_ms) {
  const line = { at_ms, team, name, clue, text: points ? `+${points}` : "", verdict: "correct", times: 1, key: `${at_ms}:${team}:${clue}` };
  return { ...run, heard: youngest_first([line, ...run.heard]).slice(0, HEARD_MAX) };
}

/** How long a team has found nothing although something is open to it; 0 if it is not to be helped. @param {Team} team @param {Head} head @param {number} now_ms */
export function stuck_ms(team, head, now_ms) {
  if (head.phase !== "running" || team.out || !/\d/.test(team.cells)) return 0;
  return Math.max(0, now_ms - Math.max(team.at_ms, head.started_ms));
}

/** How warm being stuck is, 0 to 3. @param {number} ms */
export const warmth = (ms) => (ms >= 1_800_000 ? 3 : ms >= 900_000 ? 2 : ms >= 300_000 ? 1 : 0);

/**
 * Return the rows to show.
 * @param {Run} run @param {string} find @param {"place" | "stuck" | "name"} sort @param {number} now_ms @returns {Team[]}
 */
export function shown(run, find, sort, now_ms) {
  const wanted = find.trim().toLowerCase();
  const rows = wanted ? run.order.filter(({ name, id }) => name.toLowerCase().includes(wanted) || id === wanted) : run.order;
  if (sort === "name") return [...rows].sort((a, b) => a.name.localeCompare(b.name));
  const { head } = run;
  if (sort === "stuck" && head) return [...rows].sort((a, b) => stuck_ms(b, head, now_ms) - stuck_ms(a, head, now_ms));
  return rows;
}

/** Return how teams stand at a clue. @param {Run} run @param {number} index */
export function at_clue(run, index) {
  let open = 0, solved = 0, tried = 0;
  for (const { cells, out } of run.order) {
    const cell = cells[index];
    if (out || cell === "-" || cell === undefined) continue;
    if (cell === "s") solved += 1;
    else { open += 1; if (cell !== "0") tried += 1; }
  }
  return { open, solved, tried };
}

/** A line of the trail: seq, ms, event, who, reason, its fields as JSON, what undoes it.
 * @typedef {[number, number, string, string, string, string, string]} Line */

/** Return the fields of a line of the trail; none of one that was too long to be kept whole. @param {string} detail @returns {any} */
export function fields_of(detail) {
  try { return JSON.parse(detail || "{}"); } catch { return {}; }
}

const said_at = (/** @type {string} */ clue, /** @type {string} */ text) => `${clue}:${text.trim().toLowerCase()}`;

/** Return which of what was guessed is an answer by now, because hosts accepted it. @param {Line[]} audit */
export function accepted_in(audit) {
  const fields = audit.filter(([, , what]) => what === "amended").map(([, , , , , detail]) => fields_of(detail)).filter(({ accepted }) => accepted);
  const texts = new Set(fields.flatMap(({ accepted, changed = {} }) => Object.keys(changed).map((clue) => said_at(clue, accepted))));
  return (/** @type {{clue: string, text: string}} */ { clue, text }) => texts.has(said_at(clue, text));
}

/** Whether a hunt takes one more answer. @param {Head | null} head */
export const takes_answers = (head) => ["published", "running", "paused"].includes(head?.phase || "");

/** What has to be so for an operation to undo something. @type {{[op: string]: (head: Head) => boolean}} */
const UNDOES = {
  unpause: ({ phase }) => phase === "paused", pause: ({ phase }) => phase === "running", reopen: ({ phase }) => phase === "ended",
  unstart: ({ phase, clues }) => ["running", "paused"].includes(phase) && clues.every(({ solves }) => !solves), start: ({ phase }) => phase === "published",
  end: ({ phase }) => ["running", "paused"].includes(phase), freeze: ({ phase, frozen_ms }) => ["running", "paused"].includes(phase) && !frozen_ms, unfreeze: ({ frozen_ms }) => Boolean(frozen_ms),
};

/** The event that tells that it was done. @type {{[op: string]: string}} */
const TAKEN_BACK = { unsolve: "unsolved", unerratum: "erratum_withdrawn", unenroll: "unenrolled" };

/** What an operation is about: one takes back only what was done to the same. @param {{fields: any}} of */
const subject_of = ({ fields: { team = "", clue = "", part = "", photo = "" } }) => [team, clue, part, photo].join(":");

/**
 * Tell whether what a line did can be undone as the hunt is now: nothing of the kind came after it.
 * @param {Line} line @param {Line[]} audit the youngest first @param {Head} head
 */
export function can_undo(line, audit, head) {
  const found = undoing(line[6]);
  if (!found) return false;
  const { op } = found, about = subject_of(found);
  if (op === "adjust") return true;
  const opposite = /** @type {{[op: string]: string}} */ ({ pause: "unpause", unpause: "pause", freeze: "unfreeze", unfreeze: "freeze", start: "unstart", unstart: "start", end: "reopen", reopen: "end" })[op] || op;
  const last = audit.find((one) => { const other = undoing(one[6]); return other && [op, opposite].includes(other.op) && subject_of(other) === about; });
  const taken_back = audit.slice(0, audit.indexOf(line)).some((one) => one[2] === TAKEN_BACK[op] && subject_of({ fields: fields_of(one[5]) }) === about);
  return last === line && !taken_back && (UNDOES[op]?.(head) ?? true);
}

/** Return what a trail's words to undo something ask for, null if there is none. @param {string} undo @returns {{op: string, fields: any} | null} */
export function undoing(undo) {
  const [op, ...rest] = undo.split(" ");
  const plain = ["unpause", "pause", "reopen", "unstart", "start", "freeze", "unfreeze"];
  if (plain.includes(op) && !rest.length) return { op, fields: {} };
  if (op === "unsolve") return { op, fields: { team: rest[0], clue: rest[1], ...(rest[2] === "--part" ? { part: rest[3] } : {}) } };
  if (op === "unerratum" && rest.length === 1) return { op, fields: { clue: rest[0] } };
  if (op === "unenroll" && rest.length === 1) return { op, fields: { team: rest[0] } };
  if (op === "accept_photo" && rest.length === 1) return { op, fields: { photo: rest[0] } };
  if (op === "extra_time" && Number.isInteger(Number(rest[1]))) return { op, fields: { team: rest[0], seconds: Number(rest[1]) } };
  if (op === "adjust" && rest.length === 2 && Number.isInteger(Number(rest[1]))) return { op, fields: { team: rest[0], points: Number(rest[1]), reason: "undone" } };
  if (op === "unofficial") return { op, fields: { team: rest[0], back: rest[1] === "--back" } };
  if (op === "disqualify") return { op, fields: { team: rest[0], back: rest[1] === "--back", reason: "undone" } };
  return null;
}

/** Return by how much a line moved the end, 0 where that is not known: pauses move it, too. @param {Line} line @param {Line[]} audit */
export function moved_ms(line, audit) {
  let paused_ms = 0;
  for (const earlier of audit.slice(audit.indexOf(line) + 1)) {
    const fields = fields_of(earlier[5]);
    if (earlier[2] === "unpaused") paused_ms += fields.for_ms || 0;
    else if (fields.ends_ms) return fields_of(line[5]).ends_ms - fields.ends_ms - paused_ms;
  }
  return 0;
}
