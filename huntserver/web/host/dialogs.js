// What lies above the console until it is dealt with: questions with their consequence in numbers, and small forms.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { icon, initial, modal } from "../player/pieces.js";
import { foresee, foreseen_view } from "./foreseeing.js";
import { changed, state } from "./store.js";
import { h } from "./words.js";

/** @typedef {{name: string, label: string, kind?: "text" | "area" | "number" | "select" | "time", value?: string, options?: [string, string][], max?: number,
 *   required?: boolean, help?: string}} Field */
/** @typedef {{kind: "form", title: string, about?: unknown, fields: Field[], go: string, danger?: boolean, send: (values: {[name: string]: string}) => unknown,
 *   foresees?: (values: {[name: string]: string}) => import("./foreseeing.js").Step, foreseen?: import("./foreseeing.js").Foreseen, busy?: boolean, fault?: string}} Form
 * `send` says false where it was refused: what was typed stays, with what is wrong. `foresees`: what would be done, to be looked at before */

/** Ask for something, or whether to go on. @param {Omit<Form, "kind">} form */
export function ask_for(form) {
  state.dialog = { kind: "form", ...form };
  changed();
}

/** Show something that is only looked at. @param {string} title @param {() => unknown} view @param {boolean} [wide] */
export function show(title, view, wide = false) {
  state.dialog = { kind: "view", title, view, wide };
  changed();
}

export function close_dialog() {
  state.dialog = null;
  changed();
}

export function dialog_view() {
  const { dialog } = state;
  if (!dialog) return nothing;
  // Each has an element of its own: what the last one still says when it closes is not about the next.
  return html`${repeat([dialog], (one) => one, () => html`<dialog class="box-above ${dialog.wide ? "wide-box" : ""}" aria-labelledby="dialog-title" ${modal()} @close=${(/** @type {Event} */ event) => event.target === event.currentTarget && state.dialog === dialog && close_dialog()}>
    <div class="sheet-head"><h2 id="dialog-title">${dialog.title}</h2><button class="round small" aria-label=${h("close")} @click=${close_dialog}>${icon("close")}</button></div>
    ${dialog.kind === "form" ? form_view(dialog) : dialog.view()}</dialog>`)}`;
}

/** @param {Form} form */
function form_view(form) {
  return html`<form class="dialog-form" @submit=${(/** @type {SubmitEvent} */ event) => submit(event, form)} @change=${(/** @type {any} */ event) => form.foreseen && look(event.currentTarget, form)}>
    ${form.about ? html`<div class="consequence">${form.about}</div>` : nothing}
    ${form.fields.map((field, i) => field_view(field, i === 0))}
    ${form.foresees ? html`<div><button type="button" class="plain tiny" data-foresee @click=${(/** @type {any} */ event) => look(event.currentTarget.form, form)}>${h("foresee")}</button></div>${foreseen_view(form.foreseen)}` : nothing}
    ${form.fault ? html`<p class="notice bad" role="alert">${form.fault}</p>` : nothing}
    <div class="dialog-buttons"><button type="button" class="plain" @click=${close_dialog}>${h("cancel")}</button>
      <button class="act ${form.danger ? "danger" : ""}" id="dialog-go" ?disabled=${form.busy}>${form.go}</button></div></form>`;
}

/** @param {Field} field @param {boolean} first what is typed goes there at once */
function field_view({ name, label, kind = "text", value = "", options = [], max = 500, required = true, help }, first) {
  const id = `field-${name}`;
  return html`<div class="field"><label for=${id}>${label}</label>${
    kind === "area" ? html`<textarea id=${id} ?autofocus=${first} name=${name} rows="4" maxlength=${max} ?required=${required} dir="auto" ${initial(value)}></textarea>`
    : kind === "select" ? html`<select id=${id} ?autofocus=${first} name=${name}>${options.map(([key, words]) => html`<option value=${key} ?selected=${key === value}>${words}</option>`)}</select>`
    : kind === "number" ? html`<input id=${id} ?autofocus=${first} name=${name} type="number" step="1" ?required=${required} ${initial(value)}>`
    : html`<input id=${id} ?autofocus=${first} name=${name} maxlength=${max} ?required=${required} autocomplete="off" dir="auto" ${initial(value)}>`}
    ${help ? html`<span class="help">${help}</span>` : nothing}</div>`;
}

/** @param {HTMLFormElement} from */
const values_of = (from) => Object.fromEntries([...new FormData(from)].map(([name, value]) => [name, String(value).trim()]));

/** Look what would come of it, as the form is filled in now. @param {HTMLFormElement} from @param {Form} form */
const look = (from, form) => void (form.foresees && foresee(form, form.foresees(values_of(from))));

/** @param {SubmitEvent} event @param {Form} form */
async function submit(event, form) {
  event.preventDefault();
  const values = values_of(/** @type {HTMLFormElement} */ (event.target));
  Object.assign(form, { busy: true, fault: "" });
  changed();
  const done = await form.send(values);
  form.busy = false;
  if (done === false) {
    form.fault = state.note?.tone === "bad" ? state.note.text : h("refused");
    state.note = null;
    changed();
  } else if (state.dialog === form) close_dialog();
}
