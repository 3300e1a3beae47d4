// The media of the hunt that is being written: what is there, what is on its way, and how a file becomes a line of its text.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { repeat } from "../vendor/lit-html/directives/repeat.js";
import { medium_at, set_media, size } from "../player/media.js";
import { icon } from "../player/pieces.js";
import { refusal } from "../player/words.js";
import { ask_for } from "./dialogs.js";
import { id_of, make, typed } from "./editing.js";
import { session } from "./hunt.js";
import { placed } from "./placing.js";
import { at_site } from "./server.js";
import { changed, note, state } from "./store.js";
import { h } from "./words.js";

/** @typedef {{name: string, bytes: number, type: string, address: string, used: boolean}} Held */
/** @typedef {{name: string, part: number, err: string}} Sending */

const ACCEPT = ".png,.jpg,.jpeg,.gif,.webp,.avif,.mp3,.ogg,.oga,.opus,.wav,.m4a,.flac,.mp4,.m4v,.webm,.pdf,.zip,.txt,.md,.csv,.gpx";
/** @type {Held[]} */
let held = [];
/** @type {Sending[]} */
let sending = [];
let of = "";  // the hunt that `held` is of

/** Ask which media the hunt has. @param {string} hunt */
export async function load_media(hunt) {
  const { ok } = await (await session()).ask("media", { hunt });
  if (state.edit?.hunt !== hunt) return;
  of = hunt;
  held = ok?.media || [];
  set_media((name) => held.find((one) => one.name === name)?.address);
  changed();
}

/** What was not taken has been read. @param {string} name */
function forget(name) {
  sending = sending.filter((one) => one.name !== name);
  changed();
}

/** A name that addresses may have. @param {string} name */
export function plain_name(name) {
  const plain = name.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return plain.slice(-80).replace(/^[^A-Za-z0-9]+/, "") || "medium";
}

/** Take files that were picked, dropped or pasted. @param {Iterable<File>} files */
export function add_files(files) {
  const { edit } = state, all = [...files];
  if (!edit || !all.length) return;
  if (!edit.fresh) return void send_all(all);
  ask_for({
    title: h("save.new"), about: h("media.first"), fields: [{ name: "hunt", label: h("save.id"), value: id_of(edit.page?.title || ""), max: 64, help: h("save.id_help") }], go: h("media.go"),
    send: async ({ hunt }) => {
      const made = await make(hunt);
      if (made) void send_all(all);
      return made;
    },
  });
}

/** @param {File[]} files */
async function send_all(files) {
  for (const file of files) await send(file);
}

/** Send one file, and put it into the text where the caret is. @param {File} file */
async function send(file) {
  const hunt = state.edit?.hunt || "", name = plain_name(file.name);
  /** @param {Sending[]} more */
  const show = (more) => { sending = [...sending.filter((one) => one.name !== name), ...more]; changed(); };
  show([{ name, part: 0, err: "" }]);
  const { status, body } = await put(`hunts/${encodeURIComponent(hunt)}/media/${encodeURIComponent(name)}`, file, (part) => show([{ name, part, err: "" }]));
  if (status !== 200) return show([{ name, part: 0, err: body?.msg || refusal(body || { code: "no_connection" }) }]);
  show([]);
  await load_media(hunt);
  note("good", h("media.done", { name }));
  insert(name);
}

/** @param {string} path @param {File} file @param {(part: number) => void} progress @returns {Promise<{status: number, body: any}>} */
function put(path, file, progress) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("PUT", at_site(path));
    request.setRequestHeader("authorization", `Bearer ${state.me?.token}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onloadend = () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* a proxy's words */ }
      done({ status: request.status, body });
    };
    request.send(file);
  });
}

/** Write a reference into the text: at the caret where that is in words for players, else where the nearest are. @param {string} name */
export function insert(name) {
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("source"));
  if (!field) return;
  const reference = `![${h("media.words")}](${name})`, caret = field.dataset.caret ? field.selectionStart : field.value.length;
  if (state.edit?.style !== "toml") {
    if (!field.dataset.caret) return note("bad", h("media.where", { reference }));
    field.setRangeText(reference, field.selectionStart, field.selectionEnd, "end");
    return typed(field.value);
  }
  const place = placed(field.value, caret, reference);
  if (!place) return note("bad", h("media.where", { reference }));
  field.setRangeText(place.text, place.at, place.at === caret ? field.selectionEnd : place.at, "end");
  typed(field.value);
}

/** @param {any} event */
export function dropped(event) {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  add_files(event.dataTransfer.files);
}

/** @param {any} event */
export function pasted(event) {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  add_files(event.clipboardData.files);
}

/** What the hunt has, as a shelf below its text. */
export function media_shelf() {
  const { edit } = state;
  if (!edit) return nothing;
  const mine = edit.hunt && edit.hunt === of ? held : [];
  return html`<section class="shelf" aria-label=${h("media")} @dragover=${(/** @type {any} */ event) => event.preventDefault()} @drop=${dropped}>
    <label class="plain tiny pick">${icon("file")}${h("media.add")}<input class="sr" type="file" multiple accept=${ACCEPT} data-media="pick" @change=${picked}></label>
    <span class="about">${mine.length ? nothing : h("media.about")}</span>
    <ul>${repeat(sending, ({ name }) => name, ({ name, part, err }) => html`<li class=${err ? "bad" : ""} data-sending=${name}>${err ? html`<span role="alert">${err} <button class="plain tiny" aria-label=${h("close")} @click=${() => forget(name)}>×</button></span>` : html`<span role="status">${name} <progress max="1" value=${part} aria-label=${name}></progress></span>`}</li>`)}
      ${repeat(mine, ({ name }) => name, one)}</ul></section>`;
}

/** @param {any} event */
function picked({ target }) {
  add_files([...target.files]);
  target.value = "";
}

/** @param {Held} about */
function one({ name, bytes, type, address }) {
  const seen = medium_at(address), used = state.edit?.text.includes(`(${name})`);
  return html`<li data-medium=${name}><button class="plain tiny" title=${h("media.insert")} @click=${() => insert(name)}>
    ${seen && type.startsWith("image/") ? html`<img src=${seen.url} alt="" loading="lazy">` : icon("file")}<span>${name}</span><span class="about">${size(bytes)}${used ? nothing : html` · ${h("media.unused")}`}</span></button></li>`;
}
