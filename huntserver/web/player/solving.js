// What solves a clue beside words: a code before the camera, a place under one's feet. And the answer, at the same place.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { icon, server_now } from "./pieces.js";
import { scan } from "./doing.js";
import { note } from "./play.js";
import { changed, state } from "./store.js";
import { close_sheet, sheet_of } from "./sheets.js";
import { clock, ordinal, refusal, t } from "./words.js";

const POSITION = Object.freeze({ enableHighAccuracy: true, timeout: 20_000, maximumAge: 5_000 });

/** The last word on a thing, in a live region that is always there. @param {string} thing */
export function answer_line(thing) {
  const answer = state.answers[thing];
  return html`<p class="answer ${answer ? answer.tone : ""}" role="status" data-answer=${thing}>${answer ? words(answer) : nothing}</p>`;
}

/** @param {import("./store.js").Answer} answer */
function words({ tone, text, op, ok, err }) {
  if (tone === "wait" && err) return refusal(err);
  if (tone === "wait") return t(state.link.state === "online" ? "answer.sending" : "answer.waits", { text: text ? t("quoted", { text }) : (op ? t(/** @type {any} */ (`op.${op}`)) : "") });
  if (tone === "refused") return html`${icon("close")}<span>${quoted(text)}${refusal(err)}</span>`;
  if (tone === "near") return html`${icon("star")}<span>${quoted(text)}${ok.reply || t("verdict.partial")}</span>`;
  if (tone === "wrong") return html`${icon("close")}<span>${quoted(text)}${missed(op, ok)}${ok.wait_ms ? ` · ${t("answer.wait", { time: clock(ok.wait_ms) })}` : nothing}</span>`;
  if (ok.done && ok.done < ok.needed) return html`${icon("star")}<span>${t("answer.right")} ${t("parts.count", { n: ok.done, total: ok.needed })}</span>`;
  const points = ok.points ? t("answer.points", { n: ok.points }) : "";
  return html`${icon("star")}<span>${ok.verdict ? t("answer.right") : t("answer.done")} ${points} ${ok.rank ? t("answer.rank", { rank: ordinal(ok.rank) }) : ""}</span>`;
}

/** What a wrong guess, code or place is told. @param {string | undefined} op @param {any} ok */
function missed(op, ok) {
  if (op === "scan") return t("answer.no_such_code");
  return op === "checkin" ? ok.reply || t("refused.not_there") : t("answer.wrong");
}

/** @param {string | undefined} text */
const quoted = (text) => (text ? html`<q dir="auto">${text}</q> ` : nothing);

const LOCATING_MS = 60_000;  // some browsers wait for ever for a person's leave

/**
 * Find out where this device is.
 * @param {(where: {lat: number, lon: number, accuracy_m: number}) => void} found
 * @param {(code: string, tone?: "wait" | "refused") => void} failed told, with `wait`, too, that it is looked for
 */
export function locate(found, failed) {
  if (!window.isSecureContext) return failed("no_secure_place");
  if (!navigator.geolocation) return failed("no_place");
  failed("locating", "wait");
  let done = false;
  const once = (/** @type {() => void} */ tell) => {
    if (!done) tell();
    done = true;
    clearTimeout(late);
  };
  const late = setTimeout(() => once(() => failed("place_timeout")), LOCATING_MS);
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => once(() => {
      const where = { lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.max(1, coords.accuracy) };
      state.position = { ...where, at_ms: server_now() };
      found(where);
    }),
    ({ code }) => once(() => failed(["place_failed", "place_denied", "place_unknown", "place_timeout"][code] || "place_failed")),
    POSITION,
  );
}

// ---- the camera

/** @type {MediaStream | null} */
let stream = null;

/** Look for a code with the camera; its text goes to the hunt. @param {string} thing where the answer is shown */
export async function open_scanner(thing) {
  if (state.sheet?.kind === "scan") return;
  if (!window.isSecureContext) return explain(thing, "no_secure_camera");
  if (!navigator.mediaDevices?.getUserMedia) return explain(thing, "no_camera");
  state.sheet = { kind: "scan", view: () => scanner(thing) };
  changed();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    const read = await reader();
    const video = /** @type {HTMLVideoElement | null} */ (document.getElementById("camera"));
    if (!video || !state.sheet) return stop_camera();
    video.srcObject = stream;
    await video.play();
    void watch(video, read, thing);
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    explain(thing, name === "NotAllowedError" ? "camera_denied" : name === "NotFoundError" ? "no_camera" : "camera_failed");
  }
}

/** @param {string} thing @param {string} why */
function explain(thing, why) {
  stop_camera();
  state.sheet = null;
  note(thing, why);
}

function stop_camera() {
  for (const track of stream?.getTracks() || []) track.stop();
  stream = null;
}

/** @param {HTMLVideoElement} video @param {(video: HTMLVideoElement) => Promise<string>} read @param {string} thing */
async function watch(video, read, thing) {
  while (video.isConnected && stream) {
    const text = await read(video);
    if (text) {
      stop_camera();
      close_sheet();
      scan(code_in(text), thing);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  stop_camera();
}

/** A code may stand in a link to this page (`?scan=CODE`), so that any camera can read it. @param {string} text */
export function code_in(text) {
  try { return new URL(text).searchParams.get("scan") || text; } catch { return text; }
}

/** The browser's own reader of codes, or one in this page. @returns {Promise<(video: HTMLVideoElement) => Promise<string>>} */
async function reader() {
  const Native = /** @type {any} */ (window).BarcodeDetector;
  const formats = Native ? await Native.getSupportedFormats().catch(() => []) : [];
  if (formats.includes("qr_code")) {
    const detector = new Native({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue || "";
  }
  const { decodeQR } = await import("../vendor/qr/decode.js");
  const canvas = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return "";
    Object.assign(canvas, { width, height });
    pen.drawImage(video, 0, 0);
    try { return decodeQR(pen.getImageData(0, 0, width, height)); } catch { return ""; }
  };
}

/** @param {string} thing */
function scanner(thing) {
  return sheet_of(t("scan"), html`<video id="camera" class="camera" muted playsinline></video><p class="help">${t("scan.about")}</p>
    <form class="box" @submit=${(/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const field = /** @type {HTMLInputElement} */ (/** @type {HTMLFormElement} */ (event.target).elements.namedItem("typed"));
      if (!field.value.trim()) return;
      stop_camera();
      close_sheet();
      scan(field.value.trim(), thing);
    }}><label class="sr" for="typed">${t("scan.type")}</label><input id="typed" name="typed" placeholder=${t("scan.type")} autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="200"><button class="act">${t("scan.enter")}</button></form>`);
}
