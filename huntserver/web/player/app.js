// The player's page: puts the store, the session and the views together, and nothing else.

import { html, render } from "../vendor/lit-html/lit-html.js";
import { board_view } from "./board.js";
import { clue_view, clues_view } from "./clues.js";
import { door_view, look } from "./door.js";
import { feed_view } from "./feed.js";
import { frame } from "./frame.js";
import * as kept from "./kept.js";
import { map_view } from "./map.js";
import { enter, look_at_board, scan } from "./play.js";
import { drawn_by, state } from "./store.js";
import { speak } from "./words.js";
import { team_view } from "./team.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const link = new URLSearchParams(location.search);
/** @type {{[view: string]: (page: import("./fold.js").Page) => import("./frame.js").View}} */
const PAGES = { clues: clues_view, map: map_view, team: team_view, board: board_view, feed: feed_view };

/** @type {{[view: string]: number}} */
const scrolled = {};
let drawn_route = "";

function view() {
  const { page, route } = state;
  if (!page) return html`<div class="skeleton card tall"></div><div class="skeleton card"></div><div class="skeleton card"></div><div class="skeleton card"></div>`;
  if (route.view === "clue") return clue_view(page, route.id);
  return (PAGES[route.view] || clues_view)(page);
}

function draw() {
  const inside = Boolean(state.hunt && (state.page || !state.door.busy));
  document.title = state.page ? state.page.title : "huntserver";
  if (drawn_route === "") root.replaceChildren();  // the skeleton of the front page
  render(inside ? frame(view()) : door_view(), root);
  const route = inside ? `${state.route.view}/${state.route.id}` : "door";
  if (route !== drawn_route) arrived(route);
}

/** A view has taken another's place: begin at its top, or where it was left, and let a screen reader know. @param {string} route */
function arrived(route) {
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

/** Follow the address: `#clues`, `#clue/ID`, `#team` and so on. */
function follow() {
  scrolled[drawn_route] = scrollY;
  const [name, id = ""] = location.hash.slice(1).split("/");
  state.route = name === "clue" ? { view: "clue", id: decodeURIComponent(id) } : { view: name in PAGES ? name : "clues", id: "" };
  state.unread = { ...state.unread, [state.route.view]: false };
  state.sheet = null;
  if (state.route.view === "board") look_at_board();
  draw();
}

/** @param {string | null} chosen */
async function speak_as(chosen) {
  if (chosen) kept.put("language", chosen);
  const wish = kept.get("language") || link.get("lang");
  await speak(wish ? [wish] : navigator.languages);
  draw();
}

/** Play on where one was, or begin at the door. */
async function begin() {
  drawn_by(draw);
  addEventListener("hashchange", follow);
  addEventListener("language", (event) => speak_as(/** @type {CustomEvent<string>} */ (event).detail));
  kept.adopt_old();
  state.me = kept.me();
  const wanted = link.get("hunt"), playing = kept.get("hunt"), hunt = wanted || playing;
  const asked = speak_as(null);
  if (state.me && hunt) {
    await asked;
    follow();
    void look();
    await enter(hunt, true);
    const code = link.get("scan");
    if (code) scan(code, "scan");
  } else {
    await Promise.all([asked, look()]);
  }
  if (isSecureContext) navigator.serviceWorker?.register(new URL("sw.js", document.baseURI)).catch(() => {});
}

void begin();
