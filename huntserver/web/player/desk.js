// What a team and its hosts tell and show each other. Served as one response, which comes where a hunt has any of it.

import { asking_view } from "./asking.js";
import { photo_view } from "./photo.js";

export { asking_view, photo_view };
