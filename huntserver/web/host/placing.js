// Where in a hunt's text (TOML) a reference to a medium goes: into words that players read, and nowhere else. Pure.

const WORDS = /^[ \t]*(?:text|intro|solved_text)[ \t]*=[ \t]*("""|\'\'\'|"|\')/gm;
const CLUE = /^[ \t]*\[\[clues\]\].*$/gm;

/** @typedef {{from: number, to: number, quote: string}} Words from behind the opening quotes to the closing ones */

/** Return the texts of a hunt file, in their order. @param {string} source @returns {Words[]} */
export function words_in(source) {
  /** @type {Words[]} */
  const found = [];
  for (const match of source.matchAll(WORDS)) {
    const from = match.index + match[0].length, quote = match[1];
    if (from < (found.at(-1)?.to || 0)) continue;  // reads like one, in the words of another
    const to = end_of(source, from, quote);
    if (to >= 0) found.push({ from, to, quote });
  }
  return found;
}

/** @param {string} source @param {number} from @param {string} quote */
function end_of(source, from, quote) {
  for (let at = source.indexOf(quote, from); at >= 0; at = source.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (source[at - 1 - slashes] === "\\") slashes += 1;
    if (quote[0] === "'" || slashes % 2 === 0) return quote.length > 1 || !source.slice(from, at).includes("\n") ? at : -1;
  }
  return -1;
}

/**
 * Return where a reference is written and with what around it: at the caret if that stands in a text, else at the end of the
 * text of the clue around it, or of the first clue. null: there is no clue.
 * @param {string} source @param {number} caret @param {string} reference @returns {{at: number, text: string} | null}
 */
export function placed(source, caret, reference) {
  const texts = words_in(source), here = texts.find(({ from, to }) => from <= caret && caret <= to);
  if (here) return { at: caret, text: reference };
  const clues = [...source.matchAll(CLUE)].map(({ index, 0: line }) => ({ from: index, body: index + line.length }));
  if (!clues.length) return null;
  const n = Math.max(0, clues.findLastIndex(({ from }) => from <= caret)), clue = caret >= source.length ? clues[0] : clues[n];
  const next = clues.find(({ from }) => from > clue.from)?.from ?? source.length;
  const words = texts.find(({ from, to }) => from > clue.from && to < next);
  if (!words) return { at: clue.body, text: `\ntext = "${reference}"` };
  const gap = words.quote.length > 1 ? "\n\n" : words.quote === '"' ? "\\n\\n" : " ";
  return { at: words.to, text: `${source.slice(words.from, words.to).trim() ? gap : ""}${reference}` };
}
