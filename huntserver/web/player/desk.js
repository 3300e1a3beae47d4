// What a team and its hosts tell each other. Served as one response, which comes where a hunt has any of it.

import { asking_view } from "./asking.js";

export { asking_view };
