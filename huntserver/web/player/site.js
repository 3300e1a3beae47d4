// Where things of the site are, wherever the site lies; and whether somebody looks at this page.

/** The address of something at the site. @param {string} path */
export const at_site = (path) => new URL(path, document.baseURI);

const ANSWER_MS = 15_000;
const BUSY_MS = 1000, BUSY_TRIES = 10;

/** Ask the site for JSON. A network that swallows says nothing: what is not answered in time is not to be had.
 * @param {string} path @param {RequestInit} [how] @returns {Promise<any>} */
export async function ask_site(path, how = {}) {
  return (await fetch(at_site(path), { ...how, signal: AbortSignal.timeout(ANSWER_MS) })).json();
}

/** Send it a value. @param {string} path @param {unknown} body @returns {Promise<any>} the answer, or a refusal that says that there is no connection */
export const tell_site = (path, body) => ask_site(path, { method: "POST", body: JSON.stringify(body) }).catch(() => ({ code: "no_connection" }));

/** Ask again while the server is busy, as it is for a moment after its start: it does not know yet what time it is.
 * @template T @param {() => Promise<T>} ask @param {(said: T) => any} err what a refusal says @returns {Promise<T>} */
export async function patiently(ask, err) {
  let said = await ask();
  for (let tries = 1; tries < BUSY_TRIES && err(said)?.code === "busy"; tries += 1) {
    await new Promise((go_on) => { setTimeout(go_on, err(said).after_ms ?? BUSY_MS); });
    said = await ask();
  }
  return said;
}

/** Resolves while somebody looks at the page, or as soon as somebody does. @returns {Promise<void>} */
export const seen = () => new Promise((resolve) => {
  const look = () => {
    if (document.visibilityState === "hidden") return;
    document.removeEventListener("visibilitychange", look);
    resolve();
  };
  document.addEventListener("visibilitychange", look);
  look();
});
