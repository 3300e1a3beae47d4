// What must survive a reload: the device's epoch, which keys were used, and the commands that wait for an answer.
//
// In IndexedDB, whose transactions are one after the other also among tabs; in memory where a browser keeps nothing.
// A run takes a block of keys for itself, so that no N is used twice by whatever crashes or runs beside it.

/** @typedef {import("./requests.js").Message} Message */
/** @typedef {{id: string, owner: string, message: Message}} Entry `id` is `EPOCH:N`, `owner` the player whose command it is */

const BLOCK = 1000;
const OPEN_MS = 3_000;  // some browsers never say that a store cannot be had
const DEVICE = "device", WAITING = "waiting";

/** @returns {string} */
function fresh_epoch() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("huntserver", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(DEVICE, { keyPath: "id" });
      request.result.createObjectStore(WAITING, { keyPath: "id" });
    };
    const late = setTimeout(() => reject(new Error("the store does not open")), OPEN_MS);
    request.onsuccess = () => (clearTimeout(late), resolve(request.result));
    request.onerror = () => (clearTimeout(late), reject(request.error));
    request.onblocked = () => reject(new Error("the store is blocked by another tab"));
  });
}

export class Outbox {
  /** @param {IDBDatabase | null} store */
  constructor(store) {
    this._store = store;
    /** @type {Map<string, Entry>} what waits; the only copy where nothing is stored */
    this._entries = new Map();
    this.epoch = fresh_epoch();
    this.n = 0;              // the last N that this run must not use
    this.n_max = Infinity;   // the last N that it may
    this.lasting = store !== null;
  }

  /** Open the store of this browser, or one in memory. Never rejects. @returns {Promise<Outbox>} */
  static async open() {
    try {
      const outbox = new Outbox(await opened());
      await outbox.reserve();
      return outbox;
    } catch {
      return new Outbox(null);
    }
  }

  /** Make one that ends with the page: for who only looks, in as many windows as they like, each a device of its own. */
  static passing() {
    return new Outbox(null);
  }

  /** Take a block of keys that nobody else will use. */
  async reserve() {
    if (this._store === null) return;
    const store = this._store.transaction(DEVICE, "readwrite").objectStore(DEVICE);
    const kept = (await done(store.get(DEVICE))) || { id: DEVICE, epoch: this.epoch, n: 0 };
    await done(store.put({ ...kept, n: kept.n + BLOCK }));
    this.epoch = kept.epoch;
    this.n = kept.n;
    this.n_max = kept.n + BLOCK;
  }

  /** Return the commands that wait for an answer, in the order of their keys. @param {string} owner @returns {Promise<Message[]>} */
  async waiting(owner) {
    let entries = [...this._entries.values()];
    if (this._store !== null) {
      try { entries = await done(this._store.transaction(WAITING).objectStore(WAITING).getAll()); } catch { this.lasting = false; }
    }
    const ours = entries.filter((entry) => entry.owner === owner && entry.id === this._id(entry.message));
    return ours.map(({ message }) => message).sort((a, b) => a.key - b.key);
  }

  /** Keep a command until it is answered. @param {string} owner @param {Message} message */
  async put(owner, { id: _, ...message }) {
    const entry = { id: this._id(message), owner, message };
    this._entries.set(entry.id, entry);
    await this._write((store) => store.put(entry));
  }

  /** Forget a command: it was answered. @param {Message} message */
  async drop(message) {
    const id = this._id(message);
    this._entries.delete(id);
    await this._write((store) => store.delete(id));
  }

  /** @param {Message} message */
  _id({ key }) { return `${this.epoch}:${key}`; }

  /** @param {(store: IDBObjectStore) => IDBRequest} change */
  async _write(change) {
    if (this._store === null) return;
    try {
      await done(change(this._store.transaction(WAITING, "readwrite").objectStore(WAITING)));
    } catch {
      this.lasting = false;  // full, or taken away: what waits is in memory still
    }
  }
}
