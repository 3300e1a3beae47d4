// Photos on their way: made smaller here, kept on this device until the server has them, sent again as often as it takes.
// The same bytes are one photo to the server, so nothing is doubled by sending them again.

import { server_now } from "./pieces.js";
import { at_site } from "./site.js";
import { changed, state } from "./store.js";

/** @typedef {{hunt: string, player: string, clue: string, blob: Blob}} Kept */
/** @typedef {{share: number, waits: boolean}} Way how much of a photo has gone; whether it waits for the connection */

const SIDE_MAX = 2048, QUALITY = 0.85, FIRST_MS = 2000, LONGEST_MS = 30_000;
const GONE = ["photo_waiting", "already_solved"];  // it is there already, or needed no more

/** @type {{[clue: string]: Way}} */
export const under_way = {};
/** @type {Map<string, Kept>} */
const memory = new Map();
let looked = "";

/** @returns {Promise<IDBDatabase | null>} null where a browser keeps nothing */
function opened() {
  return new Promise((resolve) => {
    try {
      const asked = indexedDB.open("huntserver-photos", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("out");
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} does @returns {Promise<any>} */
async function in_store(mode, does) {
  const base = await opened();
  if (!base) return undefined;
  return new Promise((resolve) => {
    const asked = does(base.transaction("out", mode).objectStore("out"));
    asked.onsuccess = () => (base.close(), resolve(asked.result));
    asked.onerror = () => (base.close(), resolve(undefined));
  });
}

/** @param {Kept} one */
const name_of = ({ hunt, player, clue }) => `${hunt}/${player}/${clue}`;

/** Send a photo at a clue. @param {string} clue @param {File} file */
export async function send_photo(clue, file) {
  const { hunt, me } = state;
  if (!me || under_way[clue]) return;
  under_way[clue] = { share: 0, waits: false };
  state.answers = { ...state.answers, [`clue:${clue}`]: undefined };
  changed();
  const kept = { hunt, player: me.player, clue, blob: await smaller(file) };
  memory.set(name_of(kept), kept);
  await in_store("readwrite", (store) => store.put(kept, name_of(kept)));
  void go(kept, FIRST_MS);
}

/** Go on with what was on its way when the page was closed. */
export async function go_on() {
  const who = `${state.hunt}/${state.me?.player}`;
  if (looked === who) return;
  looked = who;
  const all = /** @type {Kept[]} */ ((await in_store("readonly", (store) => store.getAll())) || []);
  for (const one of all.filter(({ hunt, player }) => `${hunt}/${player}` === who)) {
    if (under_way[one.clue]) continue;
    under_way[one.clue] = { share: 0, waits: false };
    memory.set(name_of(one), one);
    void go(one, FIRST_MS);
  }
}

/** Send it no more. @param {string} clue */
export function give_up(clue) {
  const one = [...memory.values()].find((kept) => kept.clue === clue && kept.hunt === state.hunt);
  if (one) void forget(one);
}

/** @param {Kept} one */
async function forget(one) {
  memory.delete(name_of(one));
  delete under_way[one.clue];
  changed();
  await in_store("readwrite", (store) => store.delete(name_of(one)));
}

/** A picture of a phone has 5 MB; what a host looks at has a tenth. What this browser cannot read goes as it is. @param {File} file @returns {Promise<Blob>} */
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
    /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return made instanceof Blob && made.size ? made : file;
  } catch {
    return file;
  }
}

/** @param {Kept} one @param {number} again_ms after a failure it is sent again then, or as soon as there is a network */
async function go(one, again_ms) {
  const way = under_way[one.clue];
  if (!way || !memory.has(name_of(one))) return;
  Object.assign(way, { share: 0, waits: false });
  changed();
  const { ok, err } = await put(one, way);
  if (!memory.has(name_of(one))) return;
  const final = ok || (err.code !== "no_connection" && !(err.retry && ["busy", "unavailable", "rate_limited", "unknown", "internal", "no_room"].includes(err.code)));
  if (final) {
    if (err && !GONE.includes(err.code)) state.answers = { ...state.answers, [`clue:${one.clue}`]: { tone: "refused", op: "photo", err, at_ms: server_now() } };
    return void forget(one);
  }
  way.waits = true;
  changed();
  await later(Math.max(again_ms, err.after_ms || 0));
  void go(one, Math.min(LONGEST_MS, again_ms * 2));
}

/** @param {number} ms @returns {Promise<void>} */
function later(ms) {
  return new Promise((resolve) => {
    const now = () => (clearTimeout(timer), removeEventListener("online", now), resolve());
    const timer = setTimeout(now, ms);
    addEventListener("online", now);
  });
}

/** @param {Kept} one @param {Way} way @returns {Promise<{ok?: any, err?: any}>} */
function put({ hunt, clue, blob }, way) {
  return new Promise((resolve) => {
    const sent = new XMLHttpRequest();
    sent.open("PUT", at_site(`hunts/${encodeURIComponent(hunt)}/photos/${encodeURIComponent(clue)}`));
    sent.setRequestHeader("authorization", `Bearer ${state.me?.token}`);
    sent.upload.onprogress = ({ loaded, total }) => {
      way.share = total ? loaded / total : 0;
      changed();
    };
    sent.onload = () => {
      let told = { code: "no_connection" };
      try { told = JSON.parse(sent.responseText); } catch { /* a proxy's page: sent again */ }
      resolve(sent.status === 200 ? { ok: told } : { err: told });
    };
    sent.onerror = sent.ontimeout = sent.onabort = () => resolve({ err: { code: "no_connection" } });
    sent.timeout = 180_000;
    sent.send(blob);
  });
}
