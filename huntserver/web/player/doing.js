// What a person does in a hunt, each as the command that says it, with the thing at which its answer is shown.

import { act } from "./play.js";

/** @param {string} at a clue's id, or CLUE.PART @param {string} text */
export function guess(at, text) {
  const [clue, part] = at.split(".");
  act(`clue:${at}`, "guess", part ? { clue, text, part } : { clue, text }, text);
}
/** @param {string} code @param {string} thing where the answer is shown */
export const scan = (code, thing) => act(thing, "scan", { code }, code);
/** Send the code that stands in the link that led here, once: a page that is loaded again sends it no more. */
export function scan_of_link() {
  const link = new URLSearchParams(location.search), code = link.get("scan");
  if (!code) return;
  link.delete("scan");
  history.replaceState(null, "", `?${link}${location.hash}`);
  scan(code, "scan");
}
/** At a clue or CLUE.PART: of a clue's parts the nearest counts. @param {string} at @param {{lat: number, lon: number, accuracy_m: number}} where */
export const check_in = (at, where) => act(`clue:${at.split(".")[0]}`, "checkin", { clue: at.split(".")[0], ...where });
/** @param {string} clue @param {string} hint */
export const take_hint = (clue, hint) => act(`hint:${clue}:${hint}`, "hint", { clue, hint });
/** Begin one's own play, where every team does so for itself. */
export const begin = () => act("begin", "begin", {});
/** Let somebody in who asks for it, or not. @param {string} player @param {boolean} refuse */
export const admit = (player, refuse) => act(`asking:${player}`, "admit", { player, refuse });
/** Let nobody in unasked, or everybody who has the code. @param {boolean} first */
export const ask_first = (first) => act("approval", "approval", { mode: first ? "ask" : "open" });
/** Give the team another name. @param {string} team @param {string} name */
export const rename = (team, name) => act("rename", "rename", { team, name }, name);
/** Let another member lead the team. @param {string} player */
export const make_captain = (player) => act(`member:${player}`, "captain", { player });
/** Give the team another invite code. */
export const new_invite = () => act("invite", "new_invite", {});
/** Take a member out. @param {string} player */
export const kick = (player) => act(`member:${player}`, "kick", { player });
/** Leave the team, for good: only a host or its code brings one back. */
export const leave_team = () => act("team", "leave_team", {});
/** @param {string} treasure */
export const claim = (treasure) => act(`treasure:${treasure}`, "claim", { treasure });
