// Two people change one text: what each did to the lines, and both together where they did not touch the same ones. Pure.

/** @typedef {{at: number, gone: string[], come: string[]}} Hunk `gone` lines from line `at` on (0: the first) gave way to `come` */

const CELLS_MAX = 4_000_000;  // of the table that is filled for what lies between the first and the last change

/** Return what became of a text's lines, from the first on. @param {string} before @param {string} after @returns {Hunk[]} */
export function differences(before, after) {
  const a = before.split("\n"), b = after.split("\n");
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const x = a.slice(head, a.length - tail), y = b.slice(head, b.length - tail);
  if (!x.length && !y.length) return [];
  if ((x.length + 1) * (y.length + 1) > CELLS_MAX) return [{ at: head, gone: x, come: y }];
  return walked(x, y, head);
}

/** The longest common subsequence of two runs of lines, walked. @param {string[]} x @param {string[]} y @param {number} head */
function walked(x, y, head) {
  const wide = y.length + 1, most = new Uint32Array((x.length + 1) * wide);
  for (let i = x.length - 1; i >= 0; i -= 1) {
    for (let j = y.length - 1; j >= 0; j -= 1) most[i * wide + j] = x[i] === y[j] ? most[(i + 1) * wide + j + 1] + 1 : Math.max(most[(i + 1) * wide + j], most[i * wide + j + 1]);
  }
  /** @type {Hunk[]} */
  const hunks = [];
  /** @type {Hunk | null} */
  let open = null;
  for (let i = 0, j = 0; i < x.length || j < y.length;) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      open = null;
      i += 1;
      j += 1;
      continue;
    }
    if (!open) hunks.push((open = { at: head + i, gone: [], come: [] }));
    if (j >= y.length || (i < x.length && most[(i + 1) * wide + j] >= most[i * wide + j + 1])) open.gone.push(x[i++]);
    else open.come.push(y[j++]);
  }
  return hunks;
}

/** Whether both touch the same lines, or put something at the same place. @param {Hunk} a @param {Hunk} b */
const meet = (a, b) => (a.at < b.at + b.gone.length && b.at < a.at + a.gone.length) || (a.at === b.at && (!a.gone.length || !b.gone.length));

/** @param {Hunk} a @param {Hunk} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * Return a text with what two made of it, null where both changed the same lines.
 * @param {string} base @param {string} mine @param {string} theirs @returns {string | null}
 */
export function merged(base, mine, theirs) {
  const ours = differences(base, mine), others = differences(base, theirs).filter((one) => !ours.some((own) => same(own, one)));
  if (others.some((one) => ours.some((own) => meet(own, one)))) return null;
  const lines = base.split("\n");
  const last_first = [...ours, ...others].sort((a, b) => b.at - a.at || b.gone.length - a.gone.length);
  for (const { at, gone, come } of last_first) lines.splice(at, gone.length, ...come);
  return lines.join("\n");
}
