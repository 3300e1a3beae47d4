// What is done to a hunt's text: opened, checked while it is typed, kept, published. The text is the host's: no answer of the
// server ever changes it.

import { refusal } from "../player/words.js";
import * as kept from "../player/kept.js";
import { ask_for } from "./dialogs.js";
import { act, remember, session } from "./hunt.js";
import { check, define, source_of } from "./server.js";
import { changed, note, state } from "./store.js";
import { amendment } from "./editor.js";
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
  return { hunt: "", fresh: true, text: "", saved: "", style: "toml", phase: "draft", problems: [], page: null, state: "typing", err: null, busy: false, ...about };
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
  if (state.edit && state.edit.hunt === hunt) return;
  if (!hunt) return void (state.edit ||= new_edit({}));
  state.edit = new_edit({ hunt, fresh: false, state: "loading" });
  changed();
  const found = await source_of(hunt);
  if (state.edit?.hunt !== hunt) return;
  const none = found.status !== 200;
  const unsaved = kept.get(draft(hunt));
  const made = new_edit({ hunt, fresh: false, text: unsaved?.text ?? (none ? "" : found.text), saved: none ? "" : found.text, style: unsaved?.style || "toml" });
  state.edit = none && found.body?.code !== "no_definition" ? { ...made, err: found.body, state: "failed" } : made;
  changed();
  if (state.edit.state !== "failed") check_now();
}

/** The text has changed under a person's hands. @param {string} text */
export function typed(text) {
  const { edit } = state;
  if (!edit) return;
  state.edit = { ...edit, text, state: "typing" };
  kept.put(draft(edit.hunt), text === edit.saved ? null : { text, style: edit.style });
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
  const seen = await define(edit.hunt, edit.text, /** @type {any} */ (edit.style), { preview: "" });
  if (seen.status !== 200) return refused(seen);
  ask_for({
    title: h("amend.title"), about: amendment(seen.body.changes),
    fields: [
      { name: "existing", label: h("amend.existing"), kind: "select", value: "keep", options: [["keep", h("amend.keep")], ["rejudge", h("amend.rejudge")], ["compensate", h("amend.compensate")]] },
      { name: "reason", label: h("reason"), required: false },
    ],
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
  if (await make(hunt)) await put(hunt, {});
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
  const told = await define(hunt, edit.text, /** @type {any} */ (edit.style), query);
  if (!state.edit) return;
  state.edit = { ...state.edit, busy: false };
  if (told.status !== 200) return refused(told);
  kept.put(draft(edit.hunt), null);
  kept.put(draft(hunt), null);
  state.edit = { ...state.edit, hunt, fresh: false, saved: edit.text };
  remember(hunt);
  settled(hunt);
  note("good", h("save.done"));
}

/** @param {import("./server.js").Told} told */
function refused({ body }) {
  note("bad", (body?.why || [])[0] || body?.msg || refusal(body || { code: "no_connection" }));
}

/** Keep the text and let players in. */
export async function publish() {
  const { edit } = state;
  if (!edit || edit.fresh) return;
  if (edit.text !== edit.saved) await put(edit.hunt, {});
  if (state.edit?.text === state.edit?.saved && (await act("publish", { hunt: edit.hunt }, h("publish.done")))) location.hash = `#run/${encodeURIComponent(edit.hunt)}`;
}
