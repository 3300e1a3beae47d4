// The hunts that a client listens to, and its player's own channel: takes pushes in order, and notices gaps. Pure.
//
// Protocol, rules 3 and 4: a push names the seq of its channel's push before it (`prev`); where that is higher than what
// was seen, something was missed, and the client resumes.

/** @typedef {import("./requests.js").Message} Message */
/** @typedef {import("./session.js").Action} Action */
/** @typedef {{[channel: string]: number}} Channels */
/** @typedef {{ch: string, seq: number, prev: number, hunt: string, pos: number, channels: Channels, recovered: boolean | null}} Envelope */

/** One hunt: `channels` is null while a snapshot must come; `known`: one was given; `asked`: a resume is under way;
 * `whole`: no gap was seen since something last came in order behind a resume. */
export class Following {
  constructor() {
    /** A large push that comes in pieces, and what was heard of its hunt meanwhile: it is younger than the push.
     * @type {{of: number, texts: string[], held: {m: Envelope, message: Message | null}[]} | null} */
    this.pieces = null;
    /** @type {Channels | null} */
    this.channels = null;
    this.pos = 0;
    this.known = false;
    this.asked = false;
    this.whole = true;
  }

  /** Place a push; one that is next is noted as seen. @param {string} channel @param {number} seq @param {number} prev
   * @returns {"next" | "old" | "gap" | "early"} */
  take(channel, seq, prev) {
    if (this.channels === null) return "early";
    const seen = this.seen(channel);
    if (seq <= seen) return "old";
    if (prev > seen) return "gap";
    this.channels[channel] = seq;
    if (!this.asked) this.whole = true;
    return "next";
  }

  /** @param {string} channel the last seq seen of it, 0: none */
  seen(channel) { return (this.channels && this.channels[channel]) || 0; }

  /** Begin from a snapshot. What stood above it is not: the server knows another log by now. @param {Channels} channels @param {number} seq */
  snapshot(channels, seq) {
    this.channels = { ...channels };
    this.pos = seq;
    this.known = this.whole = true;
  }

  /** Take the server's word on a resume. @param {boolean} recovered
   * @returns {boolean} whether anything is known that what follows adds to, or makes out of date */
  resumed(recovered) {
    this.asked = false;
    this.pieces = null;
    const known = this.known;
    if (!recovered) this.channels = null;
    else if (this.channels === null) {  // all there is follows, from the first push on; also where a snapshot was lost
      this.channels = {};
      this.known = true;
      return false;
    }
    return known;
  }

  /** Return where the client stands. A channel that is not named stands at `seq`: of one never heard nothing was seen. @param {string} hunt */
  point(hunt) {
    /** @type {Message} */
    const point = { hunt, seq: 0, pos: this.pos };
    if (this.channels && Object.keys(this.channels).length) point.channels = { ...this.channels };
    return point;
  }
}

export class Hunts {
  constructor() {
    /** @type {Map<string, Following>} */
    this._followed = new Map();
    /** @type {Map<string, number>} the player's own channel, as heard on this connection */
    this._own = new Map();
    /** @type {Set<string>} in this connection's hello */
    this._named = new Set();
  }

  /** @param {string} hunt */
  get(hunt) { return this._followed.get(hunt); }

  /** Listen to a hunt from here on. @param {string} hunt @returns {Following} */
  follow(hunt) {
    const following = this._followed.get(hunt) || new Following();
    this._followed.set(hunt, following);
    return following;
  }

  /** Forget a hunt; false: it was not listened to. @param {string} hunt */
  leave(hunt) { return this._followed.delete(hunt); }

  // ---- connections

  /** Return where we stand in each hunt, for hello; the server's word on each is awaited. */
  points() {
    this._own.clear();
    this._named = new Set(this._followed.keys());
    return [...this._followed].map(([hunt, following]) => {
      following.asked = true;
      return following.point(hunt);
    });
  }

  /** Return the hunts that hello did not name although we listen to them by now, and the reverse. */
  since_hello() {
    return [[...this._followed.keys()].filter((hunt) => !this._named.has(hunt)), [...this._named].filter((hunt) => !this._followed.has(hunt)).sort()];
  }

  // ---- pushes

  /** @param {Envelope} m @param {Message} message @returns {Action[]} */
  event(m, message) {
    if (!m.hunt) return this._own_event(m, message);
    if (this._hold(m.hunt, m, message)) return [];
    const place = this._followed.get(m.hunt)?.take(m.ch, m.seq, m.prev) ?? "early";
    return place === "next" ? [{ event: message }] : place === "gap" ? [this._gap(m.hunt, m)] : [];
  }

  /** Take what an answer says about its hunt: how far it stands, and the push whose place it takes. @param {string} hunt @param {Envelope} m @returns {{place: string, gaps: Action[]}} */
  told(hunt, m) {
    const following = this._followed.get(hunt);
    if (!following) return { place: "early", gaps: [] };
    following.pos = Math.max(following.pos, m.pos);
    if (m.ch && this._hold(hunt, m, null)) return { place: "early", gaps: [] };
    const place = m.ch ? following.take(m.ch, m.pos, m.prev) : "old";
    return { place, gaps: place === "gap" ? [this._gap(hunt, m)] : [] };
  }

  /** @param {string} hunt @param {Envelope} m @returns {Action} */
  _gap(hunt, { ch: channel, prev }) {
    return { gap: { hunt, channel, seen: /** @type {Following} */ (this._followed.get(hunt)).seen(channel), prev } };
  }

  /** The player's own channel begins anew with each connection, and cannot be resumed. @param {Envelope} m @param {Message} message @returns {Action[]} */
  _own_event(m, message) {
    const seen = this._own.get(m.ch) ?? Math.max(m.prev, 0);
    if (m.seq <= seen) return [];
    this._own.set(m.ch, m.seq);
    /** @type {Action[]} */
    const missed = m.prev > seen ? [{ gap: { hunt: "", channel: m.ch, seen, prev: m.prev } }, { resumed: { hunt: "", recovered: false, known: true } }] : [];
    return [...missed, { event: message }];
  }

  /** @param {Envelope & {seq: number}} m @param {Message} message @returns {Action[]} */
  snapshot(m, message) {
    const following = this._followed.get(m.hunt);
    if (!following) return [];
    following.pieces = null;
    following.snapshot(m.channels, m.seq);
    return [{ snapshot: message }];
  }

  /** @param {Envelope} m @param {Message} message @returns {Action[]} */
  state(m, message) { return this._followed.has(m.hunt) && !this._hold(m.hunt, m, message) ? [{ state: message }] : []; }

  // ---- pieces

  /** Take a piece of a large push; return the push's text once it is whole, null before; undefined: it is not the next.
   * @param {{hunt: string, n: number, of: number}} m @param {any} text @returns {string | null | undefined} */
  piece({ hunt, n, of }, text) {
    const following = this._followed.get(hunt);
    if (typeof text !== "string") return undefined;
    if (!following) return null;
    if (n === 0) following.pieces = { of, texts: [], held: [] };
    const { pieces } = following;
    if (!pieces || n !== pieces.texts.length || of !== pieces.of || n >= of) return undefined;
    pieces.texts.push(text);
    return pieces.texts.length === of ? pieces.texts.join("") : null;
  }

  /** Return what was heard of a hunt while its large push came in pieces; no message: an answer's push. @param {string} hunt */
  held(hunt) {
    const following = this._followed.get(hunt);
    const held = following?.pieces?.held ?? [];
    if (following) following.pieces = null;
    return held;
  }

  /** Take what was held. @param {string} hunt @param {any} m @param {Message | null} message @returns {Action[]} */
  late(hunt, m, message) {
    if (message === null) return this.told(hunt, m).gaps;
    return m.t === "state" ? this.state(m, message) : this.event(m, message);
  }

  /** @param {string} hunt @param {Envelope} m @param {Message | null} message @returns {boolean} */
  _hold(hunt, m, message) {
    const pieces = this._followed.get(hunt)?.pieces;
    pieces?.held.push({ m, message });
    return Boolean(pieces);
  }

  // ---- the server's word

  /** @param {Envelope} m @returns {Action[]} */
  resumed(m) {
    const recovered = m.recovered === true;
    if (!m.hunt) return [{ resumed: { hunt: "", recovered, known: true } }];
    const following = this._followed.get(m.hunt);
    if (!following) return [];
    return [{ resumed: { hunt: m.hunt, recovered, known: following.resumed(recovered) } }];
  }

  /** The server does not let us listen to a hunt. @param {string} hunt @param {any} err @returns {Action[]} */
  refused(hunt, err) { return this.leave(hunt) ? [{ refused: { hunt, err } }] : []; }
}
