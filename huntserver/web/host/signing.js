// Signing in: by a link whose code is in the fragment, or by a token. The code leaves the address before it is used.

import { html, nothing } from "../vendor/lit-html/lit-html.js";
import { compass } from "../player/pieces.js";
import { patiently } from "../player/site.js";
import { refusal } from "../player/words.js";
import { sign_in } from "./server.js";
import { changed, keep_me, state } from "./store.js";
import { h } from "./words.js";

/** Take the code out of the address, so that it is in no history. @returns {string} */
export function code_in_address() {
  const code = location.hash.slice(1);
  if (code.split(".").length !== 3) return "";
  history.replaceState(null, "", location.pathname + location.search);
  return code;
}

/** @param {string} code @returns {Promise<boolean>} */
export async function exchange(code) {
  state.signing = { busy: true, err: null };
  changed();
  const { status, body } = await patiently(() => sign_in(code), (said) => said.body);
  state.signing = { busy: false, err: status === 200 ? null : body };
  if (status === 200) keep_me(body);
  changed();
  return status === 200;
}

/** @param {() => void} go_on */
export function signing_view(go_on) {
  const { busy, err } = state.signing;
  if (busy) return html`<main id="main" class="sign-in" aria-busy="true">${compass()}<h1>${h("sign.title")}</h1><p role="status">${h("sign.busy")}</p></main>`;
  return html`<main id="main" class="sign-in" tabindex="-1">${compass()}<h1>${h("sign.title")}</h1>
    ${err ? html`<p class="notice bad" role="alert">${err.code === "token_expired" || err.code === "bad_token" ? h(err.msg?.includes("used") ? "sign.used" : err.code === "token_expired" ? "sign.old" : "sign.bad") : refusal(err)}</p>` : nothing}
    <div class="card"><p>${h("sign.about")}</p><pre class="command" tabindex="0">huntserver token --link --role host --sub host --name Host</pre><p class="help">${h("sign.link")}</p></div>
    <details class="card"><summary>${h("sign.token")}</summary><form @submit=${(/** @type {SubmitEvent} */ event) => take(event, go_on)}>
      <div class="field"><label for="token">${h("sign.token_label")}</label><input id="token" name="token" autocomplete="off" spellcheck="false" required></div><button class="act">${h("sign.go")}</button></form></details></main>`;
}

/** @param {SubmitEvent} event @param {() => void} go_on */
function take(event, go_on) {
  event.preventDefault();
  const token = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("token") || "").trim();
  try {
    const { sub, role, name = "" } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    if (role !== "host" && role !== "admin") throw new Error("a player's");
    keep_me({ token, player: `h:${sub}`, name, role });
    go_on();
  } catch {
    state.signing = { busy: false, err: { code: "bad_token" } };
  }
  changed();
}
