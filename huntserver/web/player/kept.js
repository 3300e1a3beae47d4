// Small things that this browser keeps for a person: who they are, which hunt they play, what they were typing.
//
// In localStorage; in memory where a browser keeps nothing (blocked cookies, a private window of some browsers).

/** @typedef {{player: string, name: string, token: string}} Me */

const PREFIX = "huntserver.";
/** @type {Map<string, string>} */
const memory = new Map();
let lasting = true;

/** Whether what is put here is still there after a reload. */
export const is_lasting = () => lasting;

/** @param {string} name @returns {any} what was put under a name, null if nothing was */
export function get(name) {
  try {
    const text = memory.get(name) ?? localStorage.getItem(PREFIX + name);
    return text === null ? null : JSON.parse(text);
  } catch {
    lasting = lasting && !(memory.has(name) || blocked());
    return null;
  }
}

/** @param {string} name @param {any} value null: forget it */
export function put(name, value) {
  const text = JSON.stringify(value);
  try {
    memory.delete(name);
    if (value === null) localStorage.removeItem(PREFIX + name);
    else write(PREFIX + name, text);
  } catch {
    memory.set(name, text);
    lasting = lasting && name !== "me" && !blocked();  // else this alone is lost: the browser is full
  }
}

/** Write; where there is no room, what the server can tell again goes. @param {string} key @param {string} text */
function write(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    for (const old of Object.keys(localStorage)) if (old === key || old.startsWith(`${PREFIX}page.`)) localStorage.removeItem(old);
    localStorage.setItem(key, text);
  }
}

function blocked() {
  try {
    localStorage.getItem(PREFIX);
    return false;
  } catch {
    return true;
  }
}

/** The person who plays here now. @returns {Me | null} */
export function me() {
  const kept = get("me");
  return kept && kept.token ? kept : null;
}

/** Play as somebody from now on; whoever played before stays known. @param {Me | null} who */
export function become(who) {
  const old = me();
  put("me", who);
  const others = known().filter(({ player }) => player !== who?.player && player !== old?.player);
  put("known", [...(old && old.player !== who?.player ? [old] : []), ...others].slice(0, 8));
}

/** Everybody else who has played on this device, the last one first. @returns {Me[]} */
export function known() {
  return get("known") || [];
}

/** Forget somebody whose token is worth nothing any more. @param {string} player */
export function forget(player) {
  if (me()?.player === player) put("me", null);
  put("known", known().filter((one) => one.player !== player));
}

/** Take over who plays here from the first page, which kept it under plain names. */
export function adopt_old() {
  try {
    const token = JSON.parse(localStorage.getItem("token") || "null");
    if (!token || me()) return;
    const [, claims] = token.split(".");
    const { sub, name } = JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
    become({ player: sub, name: JSON.parse(localStorage.getItem("name") || "null") || name, token });
    put("hunt", JSON.parse(localStorage.getItem("hunt") || "null"));
    localStorage.removeItem("token");
  } catch {
    // nothing was kept, or nothing that can be read
  }
}
