// The player's page: puts the store, the session and the views together, and nothing else.

import { render } from "../vendor/lit-html/lit-html.js";
import { arrived, inside } from "./coming.js";
import { door_view, look, pairing } from "./door.js";
import * as kept from "./kept.js";
import { drawn_by, state } from "./store.js";
import { game_words, speak } from "./words.js";

const VIEWS = ["clues", "map", "team", "board", "feed", "receipt"];
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const link = new URLSearchParams(location.search);

/** @type {{[view: string]: number}} */
const scrolled = {};
let drawn_route = "";

function draw() {
  if (drawn_route && document.visibilityState === "hidden") return;  // in a pocket: drawn once when it is looked at
  const rest = arrived();
  const shown = rest && state.hunt && (state.page || !state.door.busy) ? rest.inside_view : null;
  document.title = state.page ? state.page.title : "huntserver";
  if (drawn_route === "") root.replaceChildren();  // the skeleton of the front page
  render(shown ? shown() : door_view(), root);
  const route = shown ? `${state.route.view}/${state.route.id}` : "door";
  if (route !== drawn_route) changed_view(route);
}

/** A view has taken another's place: begin at its top, or where it was left, and let a screen reader know. @param {string} route */
function changed_view(route) {
  const first = drawn_route === "";
  drawn_route = route;
  if (first) return;
  scrollTo(0, scrolled[route] || 0);
  const heading = /** @type {HTMLElement | null} */ (root.querySelector("main h2, main h1") || root.querySelector("main"));
  if (heading && !root.querySelector("dialog[open]")) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

/** Return what a part of an address stands for; itself if that was cut off in the middle. @param {string} part */
function written(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Follow the address: `#clues`, `#clue/ID`, `#team` and so on. */
function follow() {
  scrolled[drawn_route] = scrollY;
  const [name, id = ""] = location.hash.slice(1).split("/");
  state.route = name === "clue" ? { view: "clue", id: written(id) } : { view: VIEWS.includes(name) ? name : "clues", id: "" };
  state.unread = { ...state.unread, [state.route.view]: false };
  state.sheet = null;
  if (["board", "receipt"].includes(state.route.view)) arrived()?.look_at_board();
  draw();
}

/** Speak what was chosen here, what the link says, or what the browser asks for. */
function speak_wished() {
  const wish = kept.get("language") || link.get("lang");
  speak(wish ? [wish] : navigator.languages);
}

/** Play on where one was. @param {import("./coming.js").Inside} rest @param {string} hunt */
async function go_on(rest, hunt) {
  follow();
  void look();
  await rest.enter(hunt, true);
  rest.scan_of_link();
}

/** Play on where one was, or begin at the door. */
async function begin() {
  kept.adopt_old();
  state.me = kept.me();
  speak_wished();
  const hunt = link.get("hunt") || kept.get("hunt");
  const coming = state.me && hunt && !pairing ? inside().catch(() => null) : null;
  const looking = coming ? null : look();
  const rest = await coming;
  drawn_by(draw);  // not before: what is drawn first is what stays
  addEventListener("hashchange", follow);
  document.addEventListener("visibilitychange", draw);
  addEventListener("language", (event) => {
    kept.put("language", /** @type {CustomEvent<string>} */ (event).detail);
    speak_wished();
    void game_words().then(draw);
  });
  if (rest) await go_on(rest, hunt);
  else draw();
  await (coming && !rest ? look() : looking);
  await inside().catch(() => {});  // asked for again when it is needed
  if (isSecureContext) navigator.serviceWorker?.register(new URL("sw.js", document.baseURI)).catch(() => {});
}

void begin();
