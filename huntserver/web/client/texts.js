// What a page leaves out because it is the same for all: blocks by digest, fetched once, and how the two are put together.
//
// A page that was asked for with `texts` names the blocks; each is at hunts/ID/texts/DIGEST and never changes, so the
// browser keeps it. A thing whose block is not there yet is shown without its texts, as `waits`.

/** @typedef {import("./requests.js").Message} Message */
/** @typedef {{intro?: string, clues?: Message[], treasures?: Message[]}} Block what a digest stands for */

const TRIES = 4;
const ANSWER_MS = 15_000;  // a network that swallows says nothing
const WAIT_MS = 500;  // before the second try; doubled with each

export class Texts {
  /** @param {string} url the WebSocket's: the texts lie beside it */
  constructor(url) {
    this._base = new URL("./", url.replace(/^ws/, "http")).href;
    /** @type {Map<string, Block>} */
    this._blocks = new Map();
    /** @type {Map<string, Promise<boolean>>} */
    this._asked = new Map();
  }

  /** Return a page as it comes without `texts`, with those texts that are here. @param {Message} page @returns {Message} */
  filled({ own, own_treasures, ...page }) {
    if (!page.texts) return page;
    const clues = (own || []).map((/** @type {Message} */ { opened_ms = 0, taken = {}, ...clue }) => ({ title: "…", text: "", kind: "text", hints: [], ...clue, waits: { opened_ms, taken } }));
    const treasures = (own_treasures || []).map((/** @type {Message} */ one) => ({ title: "…", text: "", points: 0, ...one, waits: {} }));
    return this.mended({ ...page, clues, treasures });
  }

  /** Return the page with what has come since. @param {Message} page @returns {Message} */
  mended(page) {
    const held = (page.texts || []).flatMap((/** @type {string} */ digest) => this._blocks.get(digest) || []);
    /** @param {"clues" | "treasures"} what */
    const put = (what) => {
      const texts = new Map(held.flatMap((/** @type {Block} */ block) => block[what] || []).map((/** @type {Message} */ text) => [text.id, text]));
      return page[what].map((/** @type {Message} */ thing) => (thing.waits && texts.has(thing.id) ? with_text(thing, texts.get(thing.id)) : thing));
    };
    const intro = held.find((/** @type {Block} */ block) => block.intro)?.intro ?? page.intro;
    return { ...page, intro, clues: put("clues"), treasures: put("treasures") };
  }

  /** Fetch what a page needs and is not here, one after the other, so that the first clues come first; `some` is called
   * after each. Returns false where a text is not to be had. @param {string} hunt @param {Message} page @param {() => void} some */
  async fetch(hunt, page, some) {
    for (const digest of page.texts || []) {
      if (this._blocks.has(digest)) continue;
      const asked = this._asked.get(digest) || this._fetch(hunt, digest);
      this._asked.set(digest, asked);
      const is_here = await asked;
      this._asked.delete(digest);
      if (!is_here) return false;
      some();
    }
    return true;
  }

  /** @param {string} hunt @param {string} digest @returns {Promise<boolean>} */
  async _fetch(hunt, digest) {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        const answer = await fetch(`${this._base}hunts/${encodeURIComponent(hunt)}/texts/${digest}`, { signal: AbortSignal.timeout(ANSWER_MS) });
        if (answer.ok) {
          this._blocks.set(digest, await answer.json());
          return true;
        }
        if (answer.status === 404) return false;
      } catch { /* no network now */ }
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS * 2 ** tries));
    }
    return false;
  }
}

/** @param {Message} thing @param {Message} text @returns {Message} */
function with_text({ waits: { opened_ms = 0, taken = {} }, ...thing }, text) {
  const made = { ...thing, ...text };
  if (thing.solved_text) made.solved_text = thing.solved_text;
  if (text.hints) made.hints = text.hints.map((/** @type {Message} */ hint) => with_time(hint, opened_ms, taken[hint.id]));
  return made;
}

/** @param {Message} hint @param {number} opened_ms @param {string | undefined} text @returns {Message} */
function with_time({ after_ms = 0, ...hint }, opened_ms, text) {
  return { ...hint, offered_ms: opened_ms + after_ms, ...(text === undefined ? {} : { text }) };
}
