// Put the pages' client beside `package.json`, so that the package stands alone. `npm pack` runs this.

import { cpSync } from "node:fs";

for (const name of ["client.js", "client"]) {
  cpSync(new URL(`../../huntserver/web/${name}`, import.meta.url), new URL(name, import.meta.url), { recursive: true });
}
