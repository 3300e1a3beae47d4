// All of the page that is needed in a hunt and not before: it comes while a person reads the entrance.

import { html } from "../vendor/lit-html/lit-html.js";
import "./game_words.js";
import { board_view } from "./board.js";
import { clue_view, clues_view } from "./clues.js";
import { feed_view } from "./feed.js";
import { frame } from "./frame.js";
import { map_view } from "./map.js";
import { scan_of_link } from "./doing.js";
import { enter, hand_over, join, look_at_board } from "./play.js";
import { pair } from "./pairing.js";
import { receipt_view } from "./receipt.js";
import { state } from "./store.js";
import { team_view } from "./team.js";

export { enter, hand_over, join, look_at_board, pair, scan_of_link };

/** @type {{[view: string]: (page: import("./fold.js").Page) => import("./frame.js").View}} */
const PAGES = { clues: clues_view, map: map_view, team: team_view, board: board_view, feed: feed_view, receipt: receipt_view };

/** What the address names, in its frame. */
export function inside_view() {
  const { page, route } = state;
  if (!page && state.link.state === "over") return frame(html``);  // nothing will come: the frame says why
  if (!page) return frame(html`<div class="skeleton card tall"></div><div class="skeleton card"></div><div class="skeleton card"></div><div class="skeleton card"></div>`);
  return frame(route.view === "clue" ? clue_view(page, route.id) : (PAGES[route.view] || clues_view)(page));
}
