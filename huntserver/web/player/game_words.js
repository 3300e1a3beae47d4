// What is said in a hunt, in English: it is here before any of it is drawn. Other languages come by `game_words`.

import en from "../strings/game/en.js";
import { learn } from "./words.js";

learn("en", en);
