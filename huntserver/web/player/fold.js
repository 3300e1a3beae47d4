// What a player may see of a hunt, folded from a snapshot and the pushes after it. Pure.
//
// A page that heard every push is the page that a snapshot would give now; a test compares the two over whole games.
// What a push does not tell (a worth that sinks with others' solves) is asked for anew: `stale`.

/** @typedef {{id: string, price: number, offered_ms: number, text?: string, needs?: string[]}} Hint */
/** @typedef {{id: string, kind: string, title?: string, text?: string, asks?: Asks}} PartShown */
/** @typedef {{id: string, done?: boolean, wrong?: number, wait_until_ms?: number}} PartStands */
/** @typedef {{kind: string, options?: string[], needed?: number, parts?: PartShown[]}} Asks */
/** @typedef {{id: string, number: number, title: string, text: string, kind: string, points: number, solved?: boolean,
 *   solved_text?: string, hints?: Hint[], wrong?: number, wait_until_ms?: number, final?: boolean,
 *   round?: string, fed_by?: number[], sinks?: {from_ms: number, to_ms: number, least: number}, asks?: Asks, parts?: PartStands[], errata?: {at_ms: number, text: string}[]}} Clue */
/** @typedef {{id: string, title: string, text: string, points: number, left: number, mine?: boolean, tier?: string, loot?: string[], from_ms?: number, until_ms?: number}} Treasure */
/** @typedef {{id: string, name: string, score: number, place: number, members: string[], bracket?: string, invite?: string,
 *   finished?: boolean, out?: boolean, unofficial?: boolean, approval?: boolean, codes_wait_until_ms?: number, ids?: string[], asking?: [string, string][]}} Team */
/** @typedef {{hunt: string, channels: {[channel: string]: number}, title: string, intro: string, phase: string, mode: string, opens_ms?: number, starts_ms?: number,
 *   started_ms?: number, ends_ms?: number, paused_ms?: number, own_start?: boolean, began_ms?: number, limit_s?: number, clues_total?: number, frozen_ms?: number, players?: number, brackets?: string[],
 *   team?: Team, rounds?: {id: string, title: string, text?: string}[], clues: Clue[], treasures: Treasure[], announcements: {at_ms: number, text: string}[],
 *   locks?: {number: number, needs: Need}[], zero_ms?: number, help?: {price?: number, after_s?: number, after_wrong?: number, open_max?: number}, questions?: Question[], photos?: Photo[],
 *   ghosts?: {name: string, course: [number, number, number][]}[]}} Page */
/** @typedef {{id: string, clue: string, at_ms: number, name: string, address: string, width: number, height: number, verdict?: string, why?: string, held_until_ms?: number, part?: string}} Photo */
/** @typedef {{id: string, clue: string, thread: {at_ms: number, text: string, name?: string, host?: boolean}[], turn?: string, paid?: number,
 *   closed?: boolean, full?: boolean, held_until_ms?: number}} Question */
/** @typedef {{clues?: number[], least?: number, after_s?: number, points?: number, all?: Need[], any?: Need[], other?: boolean}} Need */
/** @typedef {{[field: string]: any}} Event */
/** @typedef {{ch: string, seq: number, ts: number, events: Event[]}} Push */

/** Return the page of a snapshot's data: what it leaves out has its usual value. @param {any} data @returns {Page} */
export function page_of(data) {
  return { ...data, clues: (data.clues || []).map(with_hints), treasures: data.treasures || [], announcements: data.announcements || [] };
}

/** Tell whether what was kept is a page that can be shown: an older version may have kept another thing. @param {any} kept */
export const is_page = (kept) => Boolean(kept?.channels) && ["clues", "treasures", "announcements"].every((part) => Array.isArray(kept[part]));

/** @param {Clue} clue @returns {Clue} */
const with_hints = (clue) => ({ ...clue, hints: clue.hints || [] });

/**
 * Return the page after a push of events. One that the page holds already (it was asked for meanwhile) changes nothing.
 * @param {Page} page @param {Push} push @returns {Page}
 */
export function fold(page, { ch, seq, ts, events }) {
  if (seq <= (page.channels[ch] || 0)) return page;
  const noted = { ...page, channels: { ...page.channels, [ch]: seq } };
  return events.reduce((/** @type {Page} */ folded, event) => FOLDS[event.type]?.(folded, event, ts, ch) ?? folded, noted);
}

/** Tell whether a page asked for is behind one that heard pushes meanwhile. @param {any} data @param {Page} page */
export function is_behind(data, page) {
  return Object.entries(page.channels).some(([channel, seq]) => seq > (data.channels[channel] || 0));
}

/** Tell whether a push changed what only the server can work out, such as the end of a team that began for itself, or says
 * what this page has no words for. @param {Push} push @param {Page | null} page */
export function stale(push, page = null) {
  if (page?.own_start && push.ch === "hunt" && push.events.some(({ type }) => ["extended", "unpaused", "reopened"].includes(type))) return true;
  return push.events.some(({ type }) => ["first_finder", "unsolved", "removed", "counting_changed", "thawed", "revealed", "left"].includes(type) || !(type in FOLDS));
}

/**
 * Return the page after an answer that is also the push (`ch` and `prev` stand in it): a guess that was wrong or near.
 * @param {Page} page @param {{[field: string]: any}} request @param {any} reply @param {number} now_ms @returns {Page}
 */
export function fold_answer(page, request, { ok, ch, prev, pos }, now_ms) {
  const seen = page.channels[ch] || 0;
  if (!ch || !ok || pos <= seen || prev > seen) return page;
  const noted = { ...page, channels: { ...page.channels, [ch]: pos } };
  return ok.verdict !== "incorrect" ? noted : wrong(noted, request, ok.wait_ms ? now_ms + ok.wait_ms : 0);
}

/** Return the page with the next guess at a clue, or at a part of it, not before a time; of no clue: the next code.
 * @param {Page} page @param {{clue?: string, part?: string}} at @param {number} until_ms */
export function with_wait(page, { clue = "", part = "" }, until_ms) {
  if (!clue) return with_team(page, { codes_wait_until_ms: until_ms });
  if (part) return with_part(page, clue, part, (now) => ({ ...now, wait_until_ms: until_ms }));
  return with_clue(page, clue, (one) => ({ ...one, wait_until_ms: until_ms }));
}

/** Return what a clue is worth at a time, where its points sink with it. @param {Clue} clue @param {number} now_ms */
export function worth({ points, sinks }, now_ms) {
  if (!sinks) return points;
  const { from_ms, to_ms, least } = sinks;
  return points - Math.floor(((points - least) * Math.max(0, Math.min(now_ms, to_ms) - from_ms)) / (to_ms - from_ms));
}

/** Return the page with one's place as the board's rows tell it. @param {Page} page @param {{rows: any[]}} board @returns {Page} */
export function placed(page, board) {
  const { team } = page;
  const row = team && board.rows.find((/** @type {any} */ one) => one.team === team.id);
  return team && row && row.place !== team.place ? { ...page, team: { ...team, place: row.place } } : page;
}

/** @param {Page} page @param {string} id @param {(clue: Clue) => Clue} change @returns {Page} */
function with_clue(page, id, change) {
  return { ...page, clues: page.clues.map((clue) => (clue.id === id ? change(clue) : clue)) };
}

/** @param {Page} page @param {string} id @param {string} part @param {(now: PartStands) => PartStands} change @returns {Page} */
function with_part(page, id, part, change) {
  return with_clue(page, id, (clue) => {
    const stand = new Map((clue.parts || []).map((one) => [one.id, one]));
    stand.set(part, change(stand.get(part) || { id: part }));
    const parts = (clue.asks?.parts || []).flatMap((one) => stand.get(one.id) || []);
    return { ...clue, parts };
  });
}

/** @param {Page} page @param {Event} change @returns {Page} */
function with_team(page, change) {
  return page.team ? { ...page, team: { ...page.team, ...change } } : page;
}

/** Return the page with some of the team's members; `first`: whom the team is led by. @param {Page} page @param {(id: string) => boolean} which @param {string} [first] */
function with_members(page, which, first) {
  const { members = [], ids = [] } = page.team || {};
  if (ids.length !== members.length) return page;  // who plays alone
  const all = ids.flatMap((id, i) => (which(id) ? [{ id, name: members[i] }] : []));
  const order = [...all.filter(({ id }) => id === first), ...all.filter(({ id }) => id !== first)];
  return with_team(page, { ids: order.map(({ id }) => id), members: order.map(({ name }) => name) });
}

/** @template {{wrong?: number, wait_until_ms?: number}} Tried @param {Tried} tried @param {number} until_ms @returns {Tried} */
const tried_again = (tried, until_ms) => ({ ...tried, wrong: (tried.wrong || 0) + 1, wait_until_ms: until_ms || tried.wait_until_ms });

/** @param {Page} page @param {{[field: string]: any}} at @param {number} until_ms @returns {Page} */
function wrong(page, { clue, part }, until_ms) {
  const counted = with_clue(page, clue, (one) => tried_again(one, part ? 0 : until_ms));
  return part ? with_part(counted, clue, part, (now) => tried_again(now, until_ms)) : counted;
}

/** @param {Page} page @param {Event} event @returns {Page} */
function opened(page, { clues = [], treasures = [], rounds = [] }) {
  const known = new Set(page.clues.map(({ id }) => id));
  const held = new Set(page.treasures.map(({ id }) => id));
  const fresh = clues.map(with_hints).filter((/** @type {Clue} */ clue) => !known.has(clue.id));
  const entered = new Set((page.rounds || []).map(({ id }) => id));
  const begun = rounds.filter((/** @type {{id: string}} */ { id }) => !entered.has(id));
  return {
    ...page,
    ...(begun.length ? { rounds: [...(page.rounds || []), ...begun] } : {}),
    clues: [...page.clues, ...fresh].sort((a, b) => a.number - b.number),
    treasures: [...page.treasures, ...treasures.filter((/** @type {Treasure} */ treasure) => !held.has(treasure.id))],
  };
}

/** Of closed questions a page has the youngest alone. */
const CLOSED_MAX = 5;

/** @param {Page} page @param {Question[]} questions @returns {Page} */
function with_questions(page, questions) {
  const closed = questions.filter((one) => one.closed), old = new Set(closed.slice(0, -CLOSED_MAX));
  return { ...page, questions: questions.filter((one) => !old.has(one)) };
}

/** @param {Page} page @param {(question: Question) => boolean} which @returns {Page} */
function with_closed(page, which) {
  return page.questions?.length ? with_questions(page, page.questions.map((one) => (which(one) ? { ...one, closed: true } : one))) : page;
}

/** A photo as its team sees it now: the youngest of a clue. @param {Page} page @param {Event} event @param {number} at_ms @returns {Page} */
function photographed(page, { type, photo, for_ms = 0 }, at_ms) {
  if (!photo) return page;  // told to hosts
  const others = (page.photos || []).filter(({ clue, part = "" }) => clue !== photo.clue || part !== (photo.part || ""));
  const folded = { ...page, photos: photo.verdict === "taken_back" ? others : [...others, photo] };
  return type === "photo_judged" && photo.verdict === "rejected" ? wrong(folded, photo, for_ms ? at_ms + for_ms : 0) : folded;
}

/** A question as its team sees it now. @param {Page} page @param {Event} event @param {number} at_ms @returns {Page} */
function asked(page, event, at_ms) {
  const { question, score } = event;
  if (event.photo) return photographed(page, event, at_ms);
  if (!question) return page;  // told to hosts
  const before = page.questions || [], is_new = !before.some(({ id }) => id === question.id);
  const questions = is_new ? [...before, question] : before.map((one) => (one.id === question.id ? question : one));
  return with_team(with_questions(page, questions), score === undefined ? {} : { score });
}

/** Whether something counts from second 0 of play. @param {Page} page */
const timed = (page) => Boolean(page.locks?.length || page.ghosts?.length);

/** @type {{[type: string]: (page: Page, event: Event, at_ms: number, channel: string) => Page}} */
const FOLDS = {
  published: (page) => ({ ...page, phase: "published" }),
  started: (page, event, at_ms) =>
    opened({ ...page, phase: "running", started_ms: at_ms, zero_ms: timed(page) && !page.own_start ? at_ms : 0, ends_ms: event.ends_ms || 0 }, event),
  begun: (page, event) => opened({ ...page, began_ms: event.starts_ms || 0, zero_ms: timed(page) ? event.starts_ms || 0 : 0, ends_ms: event.ends_ms || 0 }, event),
  opened: (page, event) => opened(page, event),
  paused: (page, event, at_ms) => ({ ...page, phase: "paused", paused_ms: at_ms, ends_ms: event.ends_ms || 0 }),
  unpaused: (page, event) => {
    const later = (/** @type {number | undefined} */ ms) => (ms ? ms + event.for_ms : ms);
    return {
      ...page,
      phase: "running",
      paused_ms: 0,
      zero_ms: later(page.zero_ms),
      ends_ms: event.ends_ms || 0,
      clues: page.clues.map((clue) => ({
        ...clue,
        wait_until_ms: later(clue.wait_until_ms),
        ...(clue.parts?.length ? { parts: clue.parts.map((part) => ({ ...part, wait_until_ms: later(part.wait_until_ms) })) } : {}),
        ...(clue.sinks ? { sinks: { ...clue.sinks, from_ms: clue.sinks.from_ms + event.for_ms, to_ms: clue.sinks.to_ms + event.for_ms } } : {}),
        hints: (clue.hints || []).map((hint) => ({ ...hint, offered_ms: hint.offered_ms + event.for_ms })),
      })),
      treasures: page.treasures.map((one) => (one.from_ms || one.until_ms ? { ...one, from_ms: later(one.from_ms), until_ms: later(one.until_ms) } : one)),
    };
  },
  extended: (page, event) => ({ ...page, ends_ms: event.ends_ms || 0 }),
  ended: (page, event) => with_closed({ ...page, phase: "ended", ends_ms: event.ends_ms || page.ends_ms }, () => true),
  guessed: (page, event, at_ms) =>
    event.verdict === "incorrect" ? wrong(page, event, event.wait_ms ? at_ms + event.wait_ms : 0) : page,
  solved: (page, event) => {
    const solved = with_clue(page, event.clue, (clue) => ({ ...clue, solved: true, solved_text: event.text || "", wrong: 0, wait_until_ms: 0, sinks: undefined, parts: (clue.parts || []).filter(({ done }) => done) }));
    const finished = event.final ? { finished: true } : {};
    return opened(with_closed(with_team(solved, { score: event.score, ...finished }), ({ clue }) => clue === event.clue), event);
  },
  unsolved: (page, event) => with_team(with_clue(page, event.clue, (clue) => ({ ...clue, solved: false, solved_text: "" })), { score: event.score }),
  part_solved: (page, event) => with_part(page, event.clue, event.part, ({ id }) => ({ id, done: true })),
  hint_taken: (page, event) =>
    with_team(
      with_clue(page, event.clue, (clue) => ({
        ...clue,
        hints: (clue.hints || []).map((hint) => (hint.id === event.hint ? { ...hint, text: event.text || "" } : hint)),
      })),
      { score: event.score },
    ),
  claimed: (page, event, _at_ms, channel) => {
    const own = channel !== "hunt";
    const treasures = page.treasures.map((treasure) =>
      treasure.id !== event.treasure ? treasure
        : { ...treasure, left: Math.min(treasure.left, event.left ?? treasure.left), mine: treasure.mine || own, ...(own && event.loot ? { loot: [event.loot] } : {}) });
    return own ? with_team({ ...page, treasures }, { score: event.score }) : { ...page, treasures };
  },
  joined: (page, event) => {
    const { members = [], ids = [], asking = [] } = page.team || {};
    const team = { members: [...members, event.name], ids: [...ids, event.by], asking: asking.filter(([id]) => id !== event.by) };
    return with_team({ ...page, players: (page.players || 0) + 1 }, team);
  },
  left: (page, event) => with_team(with_members(page, (id) => id !== event.by), event.text ? { invite: event.text } : {}),
  captain_changed: (page, event) => with_members(page, () => true, event.by),
  invite_changed: (page, event) => with_team(page, { invite: event.text }),
  approval_changed: (page, event) => with_team(page, { approval: event.how === "ask" }),
  erratum_given: (page, event, at_ms) => with_clue(page, event.clue, (clue) => ({ ...clue, errata: [...(clue.errata || []), { at_ms, text: event.text }] })),
  cool_down_cleared: (page, event) => page.clues.filter(({ id }) => !event.clue || id === event.clue).reduce((folded, { id }) =>
    with_clue(folded, id, (clue) => ({ ...clue, wait_until_ms: 0, ...(clue.parts ? { parts: clue.parts.map((part) => ({ ...part, wait_until_ms: 0 })) } : {}) })), page),
  first_finder: (page) => page,
  frozen: (page, _event, at_ms) => ({ ...page, frozen_ms: at_ms }),
  thawed: (page) => ({ ...page, frozen_ms: 0 }),
  revealed: (page, event) => (event.left ? page : { ...page, frozen_ms: 0 }),
  counting_changed: (page, event) => with_team(page, { unofficial: !event.back, ...(event.back ? {} : { place: 0 }) }),
  renamed: (page, event) => (page.team?.id === event.team ? with_team(page, { name: event.name }) : page),
  adjusted: (page, event) => with_team(page, { score: event.score }),
  removed: (page, event) => with_closed(with_team(page, { out: !event.back, ...(event.back ? {} : { place: 0 }) }), () => !event.back),
  question_asked: asked, question_added: asked, question_withdrawn: asked, question_answered: asked, question_closed: asked, question_refunded: asked, taken_up: asked,
  photo_handed_in: photographed, photo_taken_back: photographed, photo_judged: photographed,
  announced: (page, event, at_ms) => ({ ...page, announcements: [...page.announcements, { at_ms, text: event.text }] }),
};
