// What is done to a hunt's text: opened, checked while it is typed, kept, published. What was typed is the host's: no answer of
// the server changes it; what another host made of the hunt meanwhile is shown, and taken up when the host says so.

import { refusal } from "../player/words.js";
import * as kept from "../player/kept.js";
import { amendment } from "./amending.js";
import { ask_for } from "./dialogs.js";
import { act, remember, session } from "./hunt.js";
import { merged } from "./merging.js";
import { check, define, source_of } from "./server.js";
import { changed, note, state } from "./store.js";
import { EMPTY } from "./example.js";
import { look } from "./rehearsing.js";
import { h } from "./words.js";

const TYPED_MS = 500;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let round = 0;

/** @param {string} hunt */
const draft = (hunt) => `host.draft.${hunt || "new"}`;

/** @param {Partial<import("./store.js").Edit>} about @returns {import("./store.js").Edit} */
function new_edit(about) {
  return { hunt: "", fresh: true, text: "", saved: "", style: "toml", phase: "draft", problems: [], page: null, base: "", basis: "", theirs: null, state: "typing", err: null, busy: false, ...about };
}

/** Begin a new hunt with a text, or with that of another. @param {{text?: string, copy?: string, style?: string}} from */
export async function begin_with({ text = "", copy = "", style = "toml" }) {
  if (copy) {
    const found = await source_of(copy);
    if (found.status !== 200) return note("bad", refusal(found.body));
    text = found.text;
  }
  state.edit = new_edit({ text, style });
  location.hash = "#edit/";
  check_now();
}

/** Begin with a file. @param {Event} event */
export async function open_file(event) {
  const field = /** @type {HTMLInputElement} */ (event.target), file = field.files?.[0];
  if (!file) return;
  const ending = file.name.split(".").pop() || "", style = ending === "json" ? "json" : ending.startsWith("y") ? "yaml" : "toml";
  const text = await file.text();
  field.value = "";
  void begin_with({ text, style });
}

/** Open a hunt's text, with what was typed and not kept. @param {string} hunt */
export async function open_text(hunt) {
  if (hunt && state.edit?.hunt === hunt) return look_again();
  if (!hunt && state.edit?.fresh) return;
  if (!hunt) return void (state.edit ||= new_edit({}));
  state.edit = new_edit({ hunt, fresh: false, state: "loading" });
  changed();
  const [found, phase] = await Promise.all([source_of(hunt), phase_of(hunt)]);
  if (state.edit?.hunt !== hunt) return;
  const none = found.status !== 200, now = none ? { text: "", base: "" } : { text: found.text, base: found.digest || "" };
  const unsaved = kept.get(draft(hunt));
  const made = new_edit({ hunt, fresh: false, phase: phase || "draft", text: unsaved?.text ?? (now.text || EMPTY), saved: now.text, base: unsaved?.base || now.base, basis: unsaved?.basis || now.text, style: unsaved?.style || "toml" });
  state.edit = none && found.body?.code !== "no_definition" ? { ...made, err: found.body, state: "failed" } : made;
  if (state.edit.base !== now.base) state.edit = { ...state.edit, theirs: now };
  changed();
  if (state.edit.state !== "failed") check_now();
}

/** Look whether the hunt has another text by now: taken up where nothing was typed, shown where something was. */
export async function look_again() {
  const { edit } = state;
  if (!edit?.hunt || edit.fresh || edit.busy || edit.state === "loading") return;
  const [found, phase] = await Promise.all([source_of(edit.hunt), phase_of(edit.hunt)]);
  if (state.edit?.hunt !== edit.hunt || found.status !== 200 || state.edit.busy) return;
  state.edit = { ...state.edit, phase: phase || state.edit.phase };
  if (found.digest !== state.edit.base) overtaken({ text: found.text, base: found.digest || "" });
  changed();
}

/** Another text has come to the hunt than the one that this was made from. @param {{text: string, base: string}} theirs */
function overtaken(theirs) {
  const { edit } = state;
  if (!edit) return;
  state.edit = { ...edit, theirs };
  if (edit.text !== edit.saved) return;
  const text = together(state.edit) ?? theirs.text;  // with what the server may not keep: comments of YAML, or of a long text
  take_up(text, text);
  note("good", h("edit.reloaded"));
}

/** Go on from the text that the hunt has now: with `text` in the editor. @param {string} text @param {string} [saved] */
export function take_up(text, saved) {
  const { edit } = state;
  if (!edit?.theirs) return;
  const { text: basis, base } = edit.theirs;
  state.edit = { ...edit, saved: saved ?? basis, base, basis, theirs: null };
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("source"));
  if (field) field.value = text;
  typed(text);
}

/** Both texts in one; null where both changed the same lines. @param {import("./store.js").Edit} edit */
export const together = ({ basis, text, theirs }) => (theirs && basis ? merged(basis, text, theirs.text) : null);

/** The text has changed under a person's hands. @param {string} text */
export function typed(text) {
  const { edit } = state;
  if (!edit) return;
  state.edit = { ...edit, text, state: "typing" };
  kept.put(draft(edit.hunt), text === edit.saved ? null : { text, style: edit.style, base: edit.base, basis: edit.basis });
  clearTimeout(timer);
  timer = setTimeout(check_now, TYPED_MS);
  changed();
}

/** Ask what is wrong with the text; only the answer to the last question counts. */
export async function check_now() {
  const { edit } = state;
  if (!edit) return;
  clearTimeout(timer);
  const mine = ++round;
  state.edit = { ...edit, state: "checking" };
  changed();
  const { status, body } = await check(edit.text, /** @type {any} */ (edit.style));
  if (mine !== round || !state.edit) return;
  if (status !== 200) {
    if (body?.retry) timer = setTimeout(check_now, Math.max(1000, body.after_ms || 0));
    state.edit = { ...state.edit, state: "failed", err: body };
  } else {
    // While there are faults the last good page stays: it is better than none.
    state.edit = { ...state.edit, state: "checked", err: null, problems: body.problems, page: body.page || state.edit.page };
    if (!body.problems.length) void look();
  }
  changed();
}

/** A hunt's id, made of its title. @param {string} title */
export function id_of(title) {
  const plain = title.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return plain.slice(0, 40) || `hunt-${Date.now().toString(36)}`;
}

/** Keep the text on the server: a new hunt is made, a draft replaced, a published one amended after a question. */
export async function save() {
  const { edit } = state;
  if (!edit || edit.busy) return;
  if (edit.fresh) {
    ask_for({
      title: h("save.new"), about: h("save.new_about"), fields: [{ name: "hunt", label: h("save.id"), value: id_of(edit.page?.title || ""), max: 64, help: h("save.id_help") }], go: h("save"),
      send: ({ hunt }) => create(hunt),
    });
    return;
  }
  const phase = await phase_of(edit.hunt);
  if (phase === "draft" || !phase) return put(edit.hunt, {});
  const seen = await define(edit.hunt, edit, { preview: "" });
  if (seen.status !== 200) return refused(seen);
  ask_for({
    title: h("amend.title"), about: amendment(seen.body.changes),
    fields: [
      { name: "existing", label: h("amend.existing"), kind: "select", value: "keep", options: [["keep", h("amend.keep")], ["rejudge", h("amend.rejudge")], ["compensate", h("amend.compensate")]] },
      { name: "reason", label: h("reason"), required: false },
    ],
    foresees: ({ existing }) => ({ op: "define", text: edit.text, style: edit.style, existing }),
    go: h("amend"), danger: true, send: ({ existing, reason }) => put(edit.hunt, { existing, ...(reason ? { reason } : {}) }),
  });
}

/** @param {string} hunt */
async function phase_of(hunt) {
  const { ok } = await (await session()).ask("page", { hunt });
  return ok?.phase || "";
}

/** @param {string} hunt */
async function create(hunt) {
  const made = await make(hunt);
  if (made) await put(hunt, {});
  return made;
}

/** Make the hunt that is written here, without its text. @param {string} hunt @returns {Promise<boolean>} */
export async function make(hunt) {
  const bad = !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(hunt);
  const { err } = bad ? { err: null } : await (await session()).command("create", { hunt });
  if (bad || err) note("bad", bad ? h("save.bad_id") : refusal(err));
  if (bad || err || !state.edit) return false;
  kept.put(draft(""), null);
  state.edit = { ...state.edit, hunt, fresh: false };
  kept.put(draft(hunt), { text: state.edit.text, style: state.edit.style });
  remember(hunt);
  settled(hunt);
  return true;
}

/** The address names the hunt; the text under the caret stays where it is. @param {string} hunt */
function settled(hunt) {
  const address = `#edit/${encodeURIComponent(hunt)}`;
  if (location.hash === address) return;
  history.replaceState(null, "", address);
  state.route = { view: "edit", hunt };
}

/** @param {string} hunt @param {{[name: string]: string}} query */
async function put(hunt, query) {
  const { edit } = state;
  if (!edit) return;
  state.edit = { ...edit, busy: true };
  changed();
  const told = await define(hunt, edit, query);
  if (!state.edit) return;
  state.edit = { ...state.edit, busy: false };
  if (told.status !== 200) return refused(told);
  kept.put(draft(edit.hunt), null);
  kept.put(draft(hunt), null);
  state.edit = { ...state.edit, hunt, fresh: false, saved: edit.text, base: told.body?.digest || "", basis: "", theirs: null };
  remember(hunt);
  settled(hunt);
  const { text, digest, status } = await source_of(hunt);
  note("good", h(status === 200 && has_comments(edit.text) && !has_comments(text) ? "save.done_comments" : "save.done"));
  if (state.edit?.hunt === hunt && digest === state.edit.base) state.edit = { ...state.edit, basis: text };
}

const has_comments = (/** @type {string} */ text) => /^\s*#/m.test(text);

/** @param {import("./server.js").Told} told */
function refused({ body }) {
  if (body?.code === "conflict") return void look_again();
  note("bad", (body?.why || [])[0] || body?.msg || refusal(body || { code: "no_connection" }));
}

/** Keep the text and let players in. */
export async function publish() {
  const { edit } = state;
  if (!edit || edit.fresh) return;
  if (edit.text !== edit.saved) await put(edit.hunt, {});
  if (state.edit?.text === state.edit?.saved && (await act("publish", { hunt: edit.hunt }, h("publish.done")))) location.hash = `#run/${encodeURIComponent(edit.hunt)}`;
}
