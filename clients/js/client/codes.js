// What the codes of the protocol ask of a client. A test compares this with the server's table (huntserver/errors.py).

/**
 * Refusals after which the same command goes again with the same key, and after which wait (ms, before jitter) where the
 * refusal names none. The answer of every other code is final.
 * @type {ReadonlyMap<string, number>}
 */
export const RESEND = new Map(Object.entries({ busy: 200, internal: 1000, rate_limited: 500, unavailable: 500, unknown: 200, window: 50 }));

/**
 * Close codes: 4000-4099 do not come back, 4100-4199 come back after a delay, 4200-4299 at once.
 * @type {{readonly [code: number]: {name: string, text: string}}}
 */
export const CLOSES = Object.freeze({
  4000: { name: "bad_token", text: "the token was refused" },
  4001: { name: "hello_timeout", text: "no hello came within the time allowed" },
  4002: { name: "protocol", text: "too many bad frames" },
  4003: { name: "replaced", text: "the same device connected again" },
  4004: { name: "banned", text: "this player may not connect" },
  4100: { name: "draining", text: "the server restarts; come back after the delay" },
  4101: { name: "too_many_connections", text: "too many connections; come back later" },
  4102: { name: "rate", text: "far too many commands; come back later" },
  4200: { name: "slow_consumer", text: "you read too slowly; come back and resume" },
  4201: { name: "resync", text: "come back and resume" },
});
