// `<team-photo>`: a photo that only a team and its hosts may see. It is asked for with a token and drawn on a canvas, so that
// no address of it is good without one.

const LARGE = "dialog.large";

class TeamPhoto extends HTMLElement {
  constructor() {
    super();
    this._address = "";
    this.token = "";
    this.words = "";
    this.lost = "";
  }

  set address(/** @type {string} */ address) {
    if (address === this._address) return;
    this._address = address;
    if (this.isConnected) void this._load();
  }

  connectedCallback() {
    if (!this.firstChild) void this._load();
  }

  async _load() {
    const address = this._address;
    this.replaceChildren();
    try {
      const answer = await fetch(new URL(address, document.baseURI), { headers: { authorization: `Bearer ${this.token}` } });
      if (!answer.ok) throw new Error(String(answer.status));
      const picture = await createImageBitmap(await answer.blob());
      if (address === this._address) this._draw(picture);
    } catch {
      if (address === this._address) this._again();
    }
  }

  /** @param {ImageBitmap} picture */
  _draw(picture) {
    const canvas = drawn(picture, this.words), button = document.createElement("button");
    button.type = "button";
    button.className = "picture";
    button.setAttribute("aria-label", this.words);
    button.append(canvas);
    button.addEventListener("click", () => enlarge(picture, this.words));
    this.replaceChildren(button);
  }

  _again() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = this.lost;
    button.addEventListener("click", () => this._load());
    this.replaceChildren(button);
  }
}
customElements.define("team-photo", TeamPhoto);

/** @param {ImageBitmap} picture @param {string} words */
function drawn(picture, words) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(picture, 0, 0);
  return canvas;
}

/** @param {ImageBitmap} picture @param {string} words */
function enlarge(picture, words) {
  document.querySelector(LARGE)?.remove();
  const dialog = document.createElement("dialog");
  dialog.className = "large";
  dialog.setAttribute("aria-label", words);
  dialog.append(drawn(picture, words));
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
