// What the console asks the server over HTTP. Every answer is a value: a refusal or a lost connection is one too.

import { state } from "./store.js";

/** The address of something at the site, wherever it lies. @param {string} path */
export const at_site = (path) => new URL(path, document.baseURI);

export const TYPES = Object.freeze({ toml: "application/toml", yaml: "application/yaml", json: "application/json" });

/** @typedef {{status: number, body: any, text: string, digest?: string}} Told `digest`: which text it is, as its ETag says */

/** @param {string} method @param {string} path @param {{body?: string, kind?: string, base?: string}} [what] @returns {Promise<Told>} */
async function asked(method, path, { body, kind, base } = {}) {
  /** @type {{[name: string]: string}} */
  const headers = kind ? { "content-type": kind } : {};
  if (base) headers["if-match"] = `"${base}"`;
  if (state.me) headers.authorization = `Bearer ${state.me.token}`;
  try {
    const answer = await fetch(at_site(path), { method, body, headers, cache: "no-store" });
    const text = await answer.text();
    const is_json = (answer.headers.get("content-type") || "").includes("json");
    return { status: answer.status, body: is_json ? JSON.parse(text) : null, text, digest: (answer.headers.get("etag") || "").replace(/^W\/|"/g, "") };
  } catch {
    return { status: 0, body: { code: "no_connection" }, text: "" };
  }
}

/** @param {{[name: string]: string}} query */
const asking = (query) => (Object.keys(query).length ? `?${new URLSearchParams(query)}` : "");

/** Make a link to a hunt's board. @param {string} hunt */
export const watchers = (hunt) => asked("POST", `hunts/${encodeURIComponent(hunt)}/watchers`);
/** Give a link's code for a token. @param {string} code */
export const sign_in = (code) => asked("POST", "signin", { body: JSON.stringify({ code }), kind: "application/json" });
/** Judge a hunt's text, or play it; nothing is kept. @param {string} text @param {keyof typeof TYPES} style @param {{[name: string]: string}} [query] */
export const check = (text, style, query = {}) => asked("POST", `check${asking(query)}`, { body: text, kind: TYPES[style] });
/** @param {string} hunt */
export const source_of = (hunt) => asked("GET", `hunts/${encodeURIComponent(hunt)}/definition`);
/** Give a hunt its text; refused (`conflict`) if the hunt has another by now than that with the digest `base`, "" for any.
 * @param {string} hunt @param {{text: string, style: string, base: string}} written @param {{[name: string]: string}} [query] */
export const define = (hunt, { text, style, base }, query = {}) =>
  asked("PUT", `hunts/${encodeURIComponent(hunt)}/definition${asking(query)}`, { body: text, kind: TYPES[/** @type {keyof typeof TYPES} */ (style)], base });
/** How the teams of a hunt would stand if a host did these things, one after the other. @param {string} hunt @param {{op: string, [field: string]: any}[]} steps */
export const what_if = (hunt, steps) => asked("POST", `hunts/${encodeURIComponent(hunt)}/what-if`, { body: JSON.stringify({ steps }), kind: TYPES.json });
export const hunts = () => asked("GET", "api/hunts?limit=200");
export const listed = () => asked("GET", "hunts");
export const health = () => asked("GET", "readyz");
/** @param {string} hunt */
export const statistics = (hunt) => asked("GET", `api/hunts/${encodeURIComponent(hunt)}/statistics?limit=200`);
