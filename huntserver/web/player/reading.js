// How hosts' texts are read: CommonMark from a safe subset, as tokens. Pure.
//
// `marked` reads a text, and only where something in it may be more than plain words: it is loaded then, and until it is
// here the text stands as it was written.

/** @typedef {{type: string, raw: string, text?: string, depth?: number, ordered?: boolean, start?: number | string, loose?: boolean,
 *   href?: string, title?: string, lang?: string, tokens?: Token[], items?: Token[]}} Token */

const LIBRARY = "../vendor/marked/lib/marked.esm.js";  // the same from a bundle beside this folder
const MARKED = /[*_`[\]\\#>]|^[ \t]*(?:[-+]|\d{1,9}[.)])[ \t]|^ {0,3}-{3,}[ \t]*$/m;  // what may be more than words
const BLANKS = /^[ \t]*_[_ \t]*$/gm;  // lines to write letters on: no rule across the page
const WIDE = 66;
const DEEP = 20;  // quotes in quotes, lists in lists

/** @type {((text: string) => Token[]) | null} */
let lexer = null;
/** @type {Promise<void> | null} */
let loading = null;

/** Read CommonMark without what a verse or a riddle would be taken for: HTML, code by indenting, underlined headings. */
async function load() {
  const coming = import(LIBRARY);
  const { Marked } = await coming;
  const none = () => undefined;
  const reader = new Marked({ gfm: false, tokenizer: { code: none, lheading: none, html: none, tag: none, def: none, reflink: none } });
  lexer = (text) => reader.lexer(text);
}

/** Tell whether there may be more in a text than words. @param {string} text */
export const is_marked = (text) => MARKED.test(text);
export const can_read = () => lexer !== null;

/** Return a text's tokens, null where it is to be shown as it was written. @param {string} text @returns {Token[] | null} */
export function tokens_of(text) {
  if (!lexer || !MARKED.test(text)) return null;
  try {
    const tokens = lexer(text.replace(BLANKS, (line) => line.replaceAll("_", "\\_")));
    return is_deep(tokens, DEEP) ? null : tokens;
  } catch {
    return null;  // too deep even for the library
  }
}

/** @param {Token[] | undefined} tokens @param {number} left @returns {boolean} */
const is_deep = (tokens = [], left) => left < 0 || tokens.some((token) => (token.tokens || token.items ? is_deep(token.tokens || token.items, left - 1) : false));

/** Load what reads marked text, once; a later call tries again after a failure. @returns {Promise<void>} */
export function reading() {
  loading ||= load().catch(() => void (loading = null));
  return loading;
}

/** Return a text in one piece without its marks, for where no element fits. @param {string} text */
export function words_of(text) {
  return text.replace(/!?\[([^\]\n]*)\]\([^)\s]*\)/g, "$1").replace(/(\*\*|\*|`)(?=\S)([^*`\n]*\S)\1/g, "$2").replace(/^ {0,3}(?:#{1,6} |> ?)/gm, "");
}

/** Tell whether a paragraph flows: its lines were all filled to an editor's margin. Those of verse stay lines. @param {string} paragraph */
export function flows(paragraph) {
  const lines = paragraph.split("\n");
  const margin = Math.max(...lines.map((line) => line.length));
  return lines.length > 1 && margin > WIDE && lines.slice(0, -1).every((line) => line.length > margin * 0.75);
}
