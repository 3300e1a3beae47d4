// At which thing of the page the answer to a request is shown. Pure.

/** @typedef {{[field: string]: any}} Request */
/** @typedef {{[thing: string]: {tone: string, text?: string} | undefined}} Answers */

/** What a guess is at: a clue, or CLUE.PART. @param {any} of */
export const at_part = ({ clue, part }) => (part ? `${clue}.${part}` : clue);

/** Where each is the only one of its kind. */
const ALONE = Object.freeze({ leave_team: "team", approval: "approval", rename: "rename", new_invite: "invite", begin: "begin", take_back: "photo" });

/** Return the name of a thing, empty where no answer is shown. @param {Request} request @param {Answers} answers what stands at each thing now */
export function thing_of({ op, clue, part, hint, treasure, code, question, player }, answers) {
  if (op in ALONE) return ALONE[/** @type {keyof typeof ALONE} */ (op)];
  if (op === "admit") return `asking:${player}`;
  if (op === "kick" || op === "captain") return `member:${player}`;
  if (op === "guess" || op === "checkin") return `clue:${at_part({ clue, part })}`;
  if (op === "hint") return `hint:${clue}:${hint}`;
  if (op === "ask") return `ask:${clue}`;
  if (question) return `question:${question}`;
  if (op === "claim") return `treasure:${treasure}`;
  if (op !== "scan") return "";
  return Object.keys(answers).find((thing) => answers[thing]?.tone === "wait" && answers[thing].text === code) || "scan";
}
